-- What the list of talks shows.
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

-- A number may be two people's: what was said to the other one stays with the other one. What was
-- sent again to the other form of a number is shown once.
create function private.is_shown(message public.message_logs, talk public.conversations)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select (message.client_id is null or talk.client_id is null
            or message.client_id = talk.client_id)
        and not (message.status = 'failed' and message.error_code = 'number_invalid'
            and exists (
                select from public.message_logs as again
                where again.tenant_id = message.tenant_id and again.other_form_of = message.id
            ))
$$;

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
        'ignored_at', talk.ignored_at,
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
            'user_id', talk.owner_id, 'name', private.actor_name(talk.tenant_id, talk.owner_id),
            'is_here', private.works_here(talk.tenant_id, talk.owner_id)
        ) end,
        'last_message', (
            select jsonb_build_object(
                'direction', message.direction, 'body', left(message.body, 160),
                'status', message.status, 'media', message.media ->> 'type'
            )
            from public.message_logs as message
            where message.tenant_id = talk.tenant_id and message.conversation_id = talk.id
              and private.is_shown(message, talk)
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
            when 'ignored' then given.value in ('true', 'false')
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
              and (talk.client_id is null or (select private.sees_everything())
                  or private.sees_client(talk.client_id))
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
              and (filter ->> 'client_id' is not null or (talk.ignored_at is not null)
                  = coalesce((filter ->> 'ignored')::boolean, false))
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

-- Unread talks as the inbox shows them: one's own, nobody's, and strangers'. Counted up to 100: the
-- page says "99+".
create function private.conversation_counts() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    c_counted constant int := 100;
    v_tenant_id uuid := private.require_role('operator');
begin
    return jsonb_build_object(
        'mine', (
            select count(*) from (
                select from public.conversations as talk
                where talk.tenant_id = v_tenant_id and talk.unread > 0
                  and talk.ignored_at is null and talk.owner_id = auth.uid()
                limit c_counted
            ) as counted
        ),
        'nobody', (
            select count(*) from (
                select from public.conversations as talk
                where talk.tenant_id = v_tenant_id and talk.unread > 0
                  and talk.ignored_at is null and talk.owner_id is null
                  and talk.client_id is not null
                  and ((select private.sees_everything()) or private.sees_client(talk.client_id))
                limit c_counted
            ) as counted
        ),
        'unknown', (
            select count(*) from (
                select from public.conversations as talk
                where talk.tenant_id = v_tenant_id and talk.unread > 0
                  and talk.ignored_at is null and talk.client_id is null
                limit c_counted
            ) as counted
        )
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
'{rows, next}; filter: owner (me|none|uuid), client_id, unread, known, ignored (left out: false).';
create function public.conversation_counts() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.conversation_counts() $$;
comment on function public.conversation_counts() is
'Unread talks: {mine, nobody, unknown}, each 100 at most.';

grant execute on function
private.list_conversations(jsonb, text, int), public.list_conversations(jsonb, text, int),
private.conversation_counts(), public.conversation_counts()
to authenticated;
