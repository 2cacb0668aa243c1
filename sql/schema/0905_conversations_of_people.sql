-- What people do with a talk: begin it, say whose it is, put it aside, read it.
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
-- A number that two people share is nobody's until a person says whose (link_conversation): the
-- detail of both refusals is the talk to choose about.
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
    v_is_shared boolean;
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
    v_is_shared := (
        select count(distinct owner.id) > 1
        from private.clients_of_phone(v_tenant_id, v_phone) as owner (id)
    );
    if v_talk.client_id <> open_conversation.client_id then
        raise exception 'number_of_another' using errcode = 'PT409', detail = v_talk.id::text;
    elsif v_is_shared and v_talk.last_inbound_at is not null then
        raise exception 'number_shared' using errcode = 'PT409', detail = v_talk.id::text;
    end if;
    update public.conversations as talk set client_id = open_conversation.client_id
    where talk.id = v_talk.id and talk.client_id is null;
    update public.message_logs as message set client_id = open_conversation.client_id
    where message.tenant_id = v_tenant_id and message.conversation_id = v_talk.id
      and message.client_id is null;
    return v_talk.id;
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
    set client_id = link_conversation.client_id, is_linked_by_person = true, ignored_at = null
    where talk.id = v_talk.id;
    -- What nobody's was becomes theirs; what was another's stays in that history.
    update public.message_logs as message set client_id = link_conversation.client_id
    where message.tenant_id = v_tenant_id and message.conversation_id = v_talk.id
      and message.client_id is null;
    insert into public.conversation_events (tenant_id, conversation_id, client_id, kind, actor_id)
    values (v_tenant_id, v_talk.id, link_conversation.client_id, 'linked', auth.uid());
end;
$$;

-- A stranger who is nobody of ours, and back.
create function private.ignore_conversation(conversation_id uuid, is_ignored boolean) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_talk public.conversations :=
        private.require_conversation(v_tenant_id, ignore_conversation.conversation_id);
begin
    if v_talk.client_id is not null then
        raise exception 'conversation_known' using errcode = 'PT409',
            detail = 'it belongs to a client';
    elsif (v_talk.ignored_at is not null) = is_ignored then
        return;
    end if;
    update public.conversations as talk
    set ignored_at = case when is_ignored then private.now() end
    where talk.id = v_talk.id;
    insert into public.conversation_events (tenant_id, conversation_id, kind, actor_id)
    values (
        v_tenant_id, v_talk.id,
        (case when is_ignored then 'ignored' else 'restored' end)::public.conversation_event_kind,
        auth.uid()
    );
end;
$$;

-- Up to the message that was on the screen: what came since stays unread. Somebody else's talk
-- stays unread, too: a supervisor who looks takes nobody's bell away.
create function private.read_conversation(conversation_id uuid, message_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_talk public.conversations :=
        private.require_conversation(v_tenant_id, read_conversation.conversation_id);
    v_left int;
begin
    if v_talk.owner_id <> auth.uid() and private.works_here(v_tenant_id, v_talk.owner_id) then
        return;
    end if;
    v_left := (
        select count(*)
        from public.message_logs as message
        where message.tenant_id = v_tenant_id and message.conversation_id = v_talk.id
          and message.direction = 'in'
          and (message.created_at, message.id) > (
              select seen.created_at, seen.id from public.message_logs as seen
              where seen.tenant_id = v_tenant_id and seen.conversation_id = v_talk.id
                and seen.id = read_conversation.message_id
          )
    );
    update public.conversations as talk set unread = v_left
    where talk.id = v_talk.id and talk.unread > v_left;
    update public.notifications as bell set read_at = private.now()
    where v_left = 0 and bell.user_id = auth.uid() and bell.read_at is null
      and bell.kind = 'message_received'
      and bell.payload ->> 'conversation_id' = v_talk.id::text;
end;
$$;

create function public.open_conversation(client_id uuid, sender_id uuid default null) returns uuid
language sql
set search_path = ''
as $$ select private.open_conversation(private.seen('clients', client_id), sender_id) $$;
create function public.link_conversation(conversation_id uuid, client_id uuid) returns void
language sql
set search_path = ''
as $$
    select private.link_conversation(
        private.seen('conversations', conversation_id), private.seen('clients', client_id)
    )
$$;
create function public.ignore_conversation(conversation_id uuid, is_ignored boolean default true)
returns void
language sql
set search_path = ''
as $$
    select private.ignore_conversation(
        private.seen('conversations', conversation_id), is_ignored
    )
$$;
comment on function public.ignore_conversation(uuid, boolean) is
'Puts a stranger aside, or takes them back; PT409 conversation_known.';
create function public.read_conversation(conversation_id uuid, message_id uuid default null)
returns void
language sql
set search_path = ''
as $$
    select private.read_conversation(
        private.seen('conversations', conversation_id), message_id
    )
$$;
comment on function public.read_conversation(uuid, uuid) is
'Read up to that message (null: all of it), by its owner or while it is nobody''s.';
comment on function public.open_conversation(uuid, uuid) is
'Its id. PT409 no_reachable_phone; number_of_another, number_shared (detail: the talk to link).';

grant execute on function
private.open_conversation(uuid, uuid), public.open_conversation(uuid, uuid),
private.link_conversation(uuid, uuid), public.link_conversation(uuid, uuid),
private.ignore_conversation(uuid, boolean), public.ignore_conversation(uuid, boolean),
private.read_conversation(uuid, uuid), public.read_conversation(uuid, uuid)
to authenticated;
