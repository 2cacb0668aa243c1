-- What the screens of talks show: a list, and one talk with its messages.
-- Free text may go out until then: 24 h after the person's last message to this number of ours.
create function private.window_until(talk public.conversations) returns timestamptz
language sql
immutable
set search_path = ''
as $$ select talk.last_inbound_at + interval '24 hours' $$;

create function private.service_window(tenant_id uuid, sender_id uuid, phone text)
returns timestamptz
language sql
stable
security definer
set search_path = ''
as $$
    select max(private.window_until(talk))
    from public.conversations as talk
    where talk.tenant_id = service_window.tenant_id
      and talk.sender_id = service_window.sender_id
      and talk.phone_key = private.phone_match(service_window.phone)
$$;
comment on function private.service_window(uuid, uuid, text) is
'Until when free text may go to that number through that sender; null: nobody wrote.';

create function private.conversation_row(talk public.conversations) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'id', talk.id, 'phone', talk.phone, 'business_user_id', talk.business_user_id,
        'contact_name', talk.contact_name, 'unread', talk.unread,
        'last_message_at', talk.last_message_at, 'last_inbound_at', talk.last_inbound_at,
        'window_until', private.window_until(talk), 'opted_out_at', talk.opted_out_at,
        'client', (
            select jsonb_build_object(
                'id', client.id, 'name', client.name, 'document', client.document
            )
            from public.clients as client
            where client.tenant_id = talk.tenant_id and client.id = talk.client_id
        ),
        'sender', (
            select jsonb_build_object(
                'id', sender.id, 'name', sender.name, 'phone', sender.phone,
                'provider', sender.provider, 'state', sender.state
            )
            from public.senders as sender where sender.id = talk.sender_id
        ),
        'owner', case when talk.owner_id is not null then jsonb_build_object(
            'user_id', talk.owner_id, 'name', private.actor_name(talk.tenant_id, talk.owner_id)
        ) end,
        'last_message', (
            select jsonb_build_object(
                'direction', message.direction, 'body', left(message.body, 160),
                'status', message.status
            )
            from public.message_logs as message
            where message.tenant_id = talk.tenant_id and message.conversation_id = talk.id
            order by message.created_at desc, message.id desc limit 1
        )
    )
$$;

create function private.list_conversations(filter jsonb, after text, page_size int)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    c_max_page constant int := 100;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 40), 1), c_max_page);
    v_cursor text[] := case when after is not null
        then private.decode_cursor(after, 'timestamptz', 'uuid') end;
    v_owner text := filter ->> 'owner';
    v_wrong text;
    v_rows jsonb;
begin
    v_wrong := (
        select given.key from jsonb_each_text(coalesce(filter, '{}')) as given
        where not case given.key
            when 'owner' then given.value in ('me', 'none')
                or pg_input_is_valid(given.value, 'uuid')
            when 'client_id' then pg_input_is_valid(given.value, 'uuid')
            when 'unread' then given.value in ('true', 'false')
            when 'known' then given.value in ('true', 'false')
            else false
        end
        limit 1
    );
    if v_wrong is not null then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = v_wrong;
    end if;
    v_rows := (
        select coalesce(jsonb_agg(
            private.conversation_row(page) order by page.last_message_at desc, page.id desc
        ), '[]')
        from (
            select talk.*
            from public.conversations as talk
            where talk.tenant_id = v_tenant_id
              and (v_owner is null
                  or v_owner = 'none' and talk.owner_id is null
                  or talk.owner_id::text = case when v_owner = 'me' then auth.uid()::text
                      else v_owner end)
              and (filter ->> 'client_id' is null
                  or talk.client_id = (filter ->> 'client_id')::uuid)
              and (filter ->> 'unread' is null
                  or (talk.unread > 0) = (filter ->> 'unread')::boolean)
              and (filter ->> 'known' is null
                  or (talk.client_id is not null) = (filter ->> 'known')::boolean)
              and (v_cursor is null or (talk.last_message_at, talk.id)
                  < (v_cursor[1]::timestamptz, v_cursor[2]::uuid))
            order by talk.last_message_at desc, talk.id desc
            limit v_size + 1
        ) as page
    );
    return jsonb_build_object(
        'rows', v_rows - v_size,
        'next', case when jsonb_array_length(v_rows) > v_size then private.encode_cursor(
            v_rows -> (v_size - 1) ->> 'last_message_at', v_rows -> (v_size - 1) ->> 'id'
        ) end
    );
end;
$$;

create function private.conversation_page(conversation_id uuid, before text, page_size int)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 50), 1), c_max_page);
    v_cursor text[] := case when before is not null
        then private.decode_cursor(before, 'timestamptz', 'uuid') end;
    v_talk public.conversations :=
        private.require_conversation(v_tenant_id, conversation_page.conversation_id);
    v_items jsonb;
begin
    v_items := (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', page.id, 'at', page.created_at, 'direction', page.direction,
            'body', page.body, 'media', page.media, 'status', page.status,
            'template_id', page.template_id, 'error_code', page.error_code,
            'sent_at', page.sent_at, 'delivered_at', page.delivered_at, 'read_at', page.read_at,
            'is_bulk', page.batch_id is not null,
            'actor', private.actor_name(page.tenant_id, page.created_by)
        ) order by page.created_at desc, page.id desc), '[]')
        from (
            select message.*
            from public.message_logs as message
            where message.tenant_id = v_tenant_id and message.conversation_id = v_talk.id
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
        'events', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'kind', event.kind, 'at', event.created_at,
                'actor', private.actor_name(v_tenant_id, event.actor_id),
                'to', private.actor_name(v_tenant_id, event.to_user_id)
            ) order by event.created_at desc), '[]')
            from (
                select * from public.conversation_events as listed
                where listed.tenant_id = v_tenant_id and listed.conversation_id = v_talk.id
                order by listed.created_at desc limit 50
            ) as event
        ),
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

create function public.list_conversations(
    filter jsonb default '{}', after text default null, page_size int default 40
) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.list_conversations(filter, after, page_size) $$;
comment on function public.list_conversations(jsonb, text, int) is
'{rows, next}; filter: owner (me|none|uuid), client_id, unread, known.';
create function public.conversation_page(
    conversation_id uuid, before text default null, page_size int default 50
) returns jsonb
language sql
set search_path = ''
as $$ select private.conversation_page(conversation_id, before, page_size) $$;
comment on function public.conversation_page(uuid, text, int) is
'{conversation, items newest first, next, draft, events, contact}.';

grant execute on function
private.list_conversations(jsonb, text, int), public.list_conversations(jsonb, text, int),
private.conversation_page(uuid, text, int), public.conversation_page(uuid, text, int)
to authenticated;
