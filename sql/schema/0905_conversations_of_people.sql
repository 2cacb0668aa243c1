-- Ownership of talks, and what a message that leaves means for them.
-- Every outgoing message says through which number it left and which talk it joins. Bulk messages
-- say it themselves, two hundred in one statement.
create function private.tg_message_logs__conversation() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    new.sender_id := coalesce(new.sender_id, (
        select sender.id from public.senders as sender
        where sender.integration_id = new.integration_id
        order by sender.is_default desc, sender.created_at
        limit 1
    ));
    new.conversation_id := coalesce(new.conversation_id, (
        select talk.id from public.conversations as talk
        where talk.sender_id = new.sender_id
          and talk.phone_key = private.phone_match(new.phone)
    ));
    return new;
end;
$$;

create trigger _100_conversation before insert on public.message_logs
for each row when (new.direction = 'out' and new.batch_id is null)
execute function private.tg_message_logs__conversation();

-- A person who writes first to somebody opens the talk, and owns it; who answers an unowned one,
-- too.
create function private.tg_message_logs__own() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.conversations as talk
    set last_outbound_at = private.now(), last_message_at = private.now(),
        owner_id = coalesce(talk.owner_id, spoken.author_id)
    from (
        select new_rows.conversation_id,
            (array_agg(new_rows.created_by) filter (where new_rows.created_by is not null))[1]
                as author_id
        from new_rows
        where new_rows.direction = 'out' and new_rows.conversation_id is not null
        group by new_rows.conversation_id
    ) as spoken
    where talk.id = spoken.conversation_id;
    return null;
end;
$$;

create trigger _400_own after insert on public.message_logs
referencing new table as new_rows for each statement
execute function private.tg_message_logs__own();

create function private.require_conversation(tenant_id uuid, conversation_id uuid)
returns public.conversations
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_talk public.conversations;
begin
    select * into v_talk from public.conversations as talk
    where talk.tenant_id = require_conversation.tenant_id
      and talk.id = require_conversation.conversation_id
    for no key update;
    if not found then
        raise exception 'conversation_not_found' using errcode = 'PT404',
            detail = 'no such conversation in the tenant';
    end if;
    return v_talk;
end;
$$;

-- The talk with a client, begun when there is none: through the number named or the tenant's first.
create function private.open_conversation(client_id uuid, sender_id uuid) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_sender_id uuid;
    v_phone text;
    v_talk public.conversations;
begin
    perform private.require_client(v_tenant_id, client_id);
    select talk.id into v_talk.id from public.conversations as talk
    where talk.tenant_id = v_tenant_id and talk.client_id = open_conversation.client_id
      and (open_conversation.sender_id is null or talk.sender_id = open_conversation.sender_id)
    order by talk.last_message_at desc limit 1;
    if found then
        return v_talk.id;
    end if;
    select sender.id into v_sender_id from public.senders as sender
    where sender.tenant_id = v_tenant_id and sender.state <> 'disabled'
      and (open_conversation.sender_id is null or sender.id = open_conversation.sender_id)
    order by sender.is_default desc, sender.created_at limit 1;
    select phones.phone into v_phone
    from public.client_phones as phones
    where phones.tenant_id = v_tenant_id and phones.client_id = open_conversation.client_id
      and phones.kind = 'mobile' and phones.has_whatsapp is not false
    order by phones.position, phones.created_at, phones.id limit 1;
    if v_sender_id is null then
        raise exception 'sender_not_found' using errcode = 'PT404', detail = 'no number to send by';
    elsif v_phone is null then
        raise exception 'no_reachable_phone' using errcode = 'PT409',
            detail = 'the client has no mobile number that may have WhatsApp';
    end if;
    v_talk := private.find_conversation(v_tenant_id, v_sender_id, v_phone, '{}');
    -- Two people may share a number; the talk stays with whom it was.
    update public.conversations as talk set client_id = open_conversation.client_id
    where talk.id = v_talk.id and talk.client_id is null;
    return v_talk.id;
end;
$$;

create function private.take_conversation(conversation_id uuid, user_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_talk public.conversations :=
        private.require_conversation(v_tenant_id, take_conversation.conversation_id);
begin
    -- Anybody may take one for themselves; giving it to another is a supervisor's.
    if user_id is distinct from auth.uid() then
        perform private.require_role('supervisor');
    end if;
    if user_id is not null and not exists (
        select from public.memberships as member
        where member.tenant_id = v_tenant_id and member.user_id = take_conversation.user_id
          and member.revoked_at is null
    ) then
        raise exception 'member_not_found' using errcode = 'PT404',
            detail = 'nobody of this tenant has that id';
    end if;
    if v_talk.owner_id is not distinct from user_id then
        return;
    end if;
    update public.conversations as talk set owner_id = take_conversation.user_id
    where talk.id = v_talk.id;
    insert into public.conversation_events (
        tenant_id, conversation_id, client_id, kind, actor_id, from_user_id, to_user_id
    )
    values (
        v_tenant_id, v_talk.id, v_talk.client_id,
        (case when user_id is null then 'released' when v_talk.owner_id is null then 'assigned'
            else 'taken_over' end)::public.conversation_event_kind,
        auth.uid(), v_talk.owner_id, take_conversation.user_id
    );
end;
$$;

create function private.link_conversation(conversation_id uuid, client_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_talk public.conversations :=
        private.require_conversation(v_tenant_id, link_conversation.conversation_id);
begin
    perform private.require_client(v_tenant_id, link_conversation.client_id);
    update public.conversations as talk
    set client_id = link_conversation.client_id, is_linked_by_person = true
    where talk.id = v_talk.id;
    -- What nobody's was becomes theirs; what was another's stays in that history.
    update public.message_logs as message set client_id = link_conversation.client_id
    where message.tenant_id = v_tenant_id and message.conversation_id = v_talk.id
      and message.client_id is null;
    insert into public.conversation_events (tenant_id, conversation_id, client_id, kind, actor_id)
    values (v_tenant_id, v_talk.id, link_conversation.client_id, 'linked', auth.uid());
end;
$$;

create function private.read_conversation(conversation_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
begin
    perform private.require_conversation(v_tenant_id, read_conversation.conversation_id);
    update public.conversations as talk set unread = 0
    where talk.id = read_conversation.conversation_id and talk.unread > 0;
    update public.notifications as bell set read_at = private.now()
    where bell.user_id = auth.uid() and bell.read_at is null and bell.kind = 'message_received'
      and bell.payload ->> 'conversation_id' = read_conversation.conversation_id::text;
end;
$$;

create function public.open_conversation(client_id uuid, sender_id uuid default null) returns uuid
language sql
set search_path = ''
as $$ select private.open_conversation(client_id, sender_id) $$;
create function public.take_conversation(conversation_id uuid, user_id uuid default auth.uid())
returns void
language sql
set search_path = ''
as $$ select private.take_conversation(conversation_id, user_id) $$;
comment on function public.take_conversation(uuid, uuid) is
'Becomes (or, supervisor, makes somebody; null: nobody) the owner; logged.';
create function public.link_conversation(conversation_id uuid, client_id uuid) returns void
language sql
set search_path = ''
as $$ select private.link_conversation(conversation_id, client_id) $$;
create function public.read_conversation(conversation_id uuid) returns void
language sql
set search_path = ''
as $$ select private.read_conversation(conversation_id) $$;

grant execute on function
private.open_conversation(uuid, uuid), public.open_conversation(uuid, uuid),
private.take_conversation(uuid, uuid), public.take_conversation(uuid, uuid),
private.link_conversation(uuid, uuid), public.link_conversation(uuid, uuid),
private.read_conversation(uuid), public.read_conversation(uuid)
to authenticated;
