-- One talk: a page of its messages, and what may be written next.
create function private.conversation_page(conversation_id uuid, before text, page_size int)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 50), 1), c_max_page);
    v_cursor text[] := case when before is not null
        then private.decode_cursor(before, 'timestamptz', 'uuid') end;
    v_talk public.conversations;
    v_items jsonb;
begin
    select * into v_talk from public.conversations as talk
    where talk.tenant_id = v_tenant_id and talk.id = conversation_page.conversation_id;
    if not found then
        raise exception 'conversation_not_found' using errcode = 'PT404',
            detail = 'no such conversation in the tenant';
    end if;
    v_items := (
        select coalesce(jsonb_agg(
            private.conversation_item(page) order by page.created_at desc, page.id desc
        ), '[]')
        from (
            select message.*
            from public.message_logs as message
            where message.tenant_id = v_tenant_id and message.conversation_id = v_talk.id
              and private.is_shown(message, v_talk)
              and (v_cursor is null or (message.created_at, message.id)
                  < (v_cursor[1]::timestamptz, v_cursor[2]::uuid))
            order by message.created_at desc, message.id desc
            limit v_size + 1
        ) as page
    );
    return jsonb_build_object(
        'conversation', private.conversation_row(v_talk),
        'items', v_items - v_size,
        'next', case when jsonb_array_length(v_items) > v_size then private.encode_cursor(
            v_items -> (v_size - 1) ->> 'at', v_items -> (v_size - 1) ->> 'id'
        ) end,
        'draft', (
            select draft.body from public.conversation_drafts as draft
            where draft.conversation_id = v_talk.id and draft.user_id = auth.uid()
        ),
        'events', private.conversation_history(v_talk),
        'people', private.people_of_talk(v_talk),
        'composer', private.chat_obstacles(v_talk),
        'contact', case when v_talk.client_id is not null then (
            select jsonb_build_object(
                'allowed', decided.allowed, 'next_allowed_at', decided.next_allowed_at,
                'reason', decided.reason
            )
            from private.contact_decision(
                v_tenant_id, v_talk.client_id, 'whatsapp', private.now()
            ) as decided
        ) end
    );
end;
$$;

create function private.conversation_item(message public.message_logs) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'id', message.id, 'at', message.created_at, 'direction', message.direction,
        'body', message.body, 'status', message.status,
        'media', message.media || coalesce((
            select jsonb_build_object(
                'status', file.status, 'size_bytes', file.size_bytes, 'reason', file.reason
            )
            from public.message_media as file where file.message_id = message.id
        ), '{}'),
        'template_id', message.template_id,
        'template', (
            select template.name from public.message_templates as template
            where template.id = message.template_id
        ),
        'charge_id', message.charge_id, 'error_code', message.error_code,
        'sent_at', message.sent_at, 'delivered_at', message.delivered_at,
        'read_at', message.read_at, 'next_attempt_at', message.next_attempt_at,
        'is_bulk', num_nonnulls(message.batch_id, message.retried_batch_id) > 0,
        'is_automatic', num_nonnulls(message.automation_run_id, message.retried_run_id) > 0,
        'actor', private.actor_name(message.tenant_id, message.created_by)
    )
$$;

create function private.conversation_history(talk public.conversations) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', event.id, 'kind', event.kind, 'at', event.created_at,
        'actor', private.actor_name(event.tenant_id, event.actor_id),
        'from', private.actor_name(event.tenant_id, event.from_user_id),
        'to', private.actor_name(event.tenant_id, event.to_user_id)
    ) order by event.created_at desc, event.id desc), '[]')
    from (
        select * from public.conversation_events as listed
        where listed.tenant_id = talk.tenant_id and listed.conversation_id = talk.id
        -- Longer than any talk's: who took it, who let it go.
        order by listed.created_at desc, listed.id desc limit 50
    ) as event
$$;

-- Everybody of the carteira who has the number: one is certain, several are a choice.
create function private.people_of_talk(talk public.conversations) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', known.id, 'name', known.name, 'document', known.document
    ) order by known.name, known.id), '[]')
    from (
        select client.id, client.name, client.document
        from public.clients as client
        where client.tenant_id = talk.tenant_id and client.id in (
            select owner.id from private.clients_of_phone(talk.tenant_id, talk.phone) as owner (id)
        )
        -- A call centre's number stands in a thousand records; nobody chooses from a thousand.
        limit 20
    ) as known
$$;

create function public.conversation_page(
    conversation_id uuid, before text default null, page_size int default 50
) returns jsonb
language sql
stable
set search_path = ''
as $$
    select private.conversation_page(
        private.seen('conversations', conversation_id), before, page_size
    )
$$;
comment on function public.conversation_page(uuid, text, int) is
'{conversation, items newest first, next, draft, events, people, composer, contact}.';

grant execute on function
private.conversation_page(uuid, text, int), public.conversation_page(uuid, text, int)
to authenticated;
