-- Somebody wrote to us. The message joins the right talk of the right tenant: the tenant is the
-- key's, the number of ours is the callback's, and the person is whoever surely owns the number.
create function private.apply_inbound(event_id uuid) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_event private.provider_events;
    v_inbound jsonb;
    v_phone text;
    v_at timestamptz;
    v_sender_id uuid;
    v_conversation public.conversations;
    v_client_id uuid;
    v_message_id uuid;
begin
    select * into v_event from private.provider_events as event
    where event.id = apply_inbound.event_id;
    v_inbound := v_event.payload -> 'inbound';
    v_phone := '+' || ltrim(v_inbound ->> 'phone', '+');
    if v_phone !~ '^\+[1-9][0-9]{7,14}$' then
        v_phone := null;
    end if;
    if v_phone is null and coalesce(v_inbound ->> 'user_id', '') = '' then
        return 'payload_invalid';
    end if;
    v_sender_id := private.sender_of_event(v_event.integration_id, v_inbound ->> 'account');
    if v_sender_id is null then
        return 'sender_unknown';
    end if;
    if v_inbound ? 'moved_to' then
        return private.follow_number(
            v_event.tenant_id, v_sender_id, v_phone, '+' || (v_inbound ->> 'moved_to')
        );
    end if;
    v_at := case when pg_input_is_valid(v_inbound ->> 'at', 'timestamptz')
        then private.told_instant((v_inbound ->> 'at')::timestamptz) end;
    v_at := least(coalesce(v_at, v_event.received_at), v_event.received_at);

    v_conversation := private.find_conversation(
        v_event.tenant_id, v_sender_id, v_phone, v_inbound
    );
    v_client_id := private.client_of_inbound(v_event, v_conversation, v_phone);
    insert into public.message_logs (
        tenant_id, client_id, direction, provider, integration_id, sender_id, conversation_id,
        phone, business_user_id, body, media, status, wamid
    )
    values (
        v_event.tenant_id, v_client_id, 'in', v_event.provider, v_event.integration_id,
        v_sender_id, v_conversation.id, v_phone, v_inbound ->> 'user_id',
        coalesce(v_inbound ->> 'text', '[' || coalesce(v_inbound ->> 'type', '?') || ']'),
        -- The provider's own address of it goes no further than private.media_sources.
        case when jsonb_typeof(v_inbound -> 'media') = 'object'
            then (v_inbound -> 'media') - 'url' - 'provider_media_id' end,
        'received', v_inbound ->> 'wamid'
    )
    on conflict (integration_id, wamid) where wamid is not null do nothing
    returning id into v_message_id;
    if v_message_id is null then
        return null;
    end if;

    perform private.want_media(v_message_id, v_inbound -> 'media'),
        private.prove_whatsapp(v_event.tenant_id, v_client_id, v_phone, true);
    update public.conversations as talk
    set client_id = v_client_id,
        owner_id = case when private.works_here(talk.tenant_id, talk.owner_id) then talk.owner_id
            else private.negotiator_of(talk.tenant_id, v_client_id) end,
        last_inbound_at = greatest(talk.last_inbound_at, v_at),
        last_message_at = private.now(), unread = talk.unread + 1,
        contact_name = coalesce(v_inbound ->> 'name', talk.contact_name),
        wa_id = coalesce(private.wa_id_of(v_inbound), talk.wa_id)
    where talk.id = v_conversation.id
    returning * into v_conversation;
    if private.is_opt_out(v_inbound ->> 'text') then
        perform private.opt_out(v_conversation);
    end if;
    perform private.mark_answered(v_conversation, v_at);
    perform private.tell_of_inbound(v_conversation, v_message_id);
    return null;
end;
$$;

create function private.wa_id_of(inbound jsonb) returns text
language sql
immutable
set search_path = ''
as $$
    select wa_id_of.inbound ->> 'wa_id' where wa_id_of.inbound ->> 'wa_id' ~ '^[0-9]{8,15}$'
$$;

-- The talk with this person through this number of ours, made when it is the first word.
create function private.find_conversation(
    tenant_id uuid, sender_id uuid, phone text, person jsonb
) returns public.conversations
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_user_id text := nullif(person ->> 'user_id', '');
    v_found public.conversations;
begin
    -- Twice: between looking and writing somebody else may have opened it.
    for v_try in 1 .. 2 loop
        select * into v_found from public.conversations as talk
        where talk.sender_id = find_conversation.sender_id
          and (talk.phone_key = private.phone_match(find_conversation.phone)
              or talk.business_user_id = v_user_id)
        -- A number is what we may answer, so the talk that has it is the one.
        order by talk.phone_key = private.phone_match(find_conversation.phone) desc nulls last
        limit 1;
        if found then
            -- What was learnt about who this is, unless another talk holds it already.
            update public.conversations as talk
            set phone = coalesce(talk.phone, find_conversation.phone),
                business_user_id = coalesce(talk.business_user_id, v_user_id)
            where talk.id = v_found.id
              and (talk.phone is null and find_conversation.phone is not null
                  or talk.business_user_id is null and v_user_id is not null)
              and not exists (
                  select from public.conversations as other
                  where other.sender_id = talk.sender_id and other.id <> talk.id
                    and (other.business_user_id = v_user_id
                        or other.phone_key = private.phone_match(find_conversation.phone))
              );
            select * into v_found from public.conversations as talk where talk.id = v_found.id;
            return v_found;
        end if;
        insert into public.conversations (
            tenant_id, sender_id, phone, business_user_id, contact_name, wa_id
        )
        values (
            find_conversation.tenant_id, find_conversation.sender_id, find_conversation.phone,
            v_user_id, person ->> 'name', private.wa_id_of(person)
        )
        on conflict do nothing
        returning * into v_found;
        if found then
            perform private.adopt_history(v_found);
            return v_found;
        end if;
    end loop;
    return v_found;
end;
$$;

-- What we wrote to the number before belongs to the talk: the reply to a bulk message shows it.
create function private.adopt_history(talk public.conversations) returns void
language sql
security definer
set search_path = ''
as $$
    update public.message_logs as message
    set conversation_id = talk.id
    where message.tenant_id = talk.tenant_id
      and private.phone_match(message.phone) = talk.phone_key
      and message.conversation_id is null
      and message.sender_id = talk.sender_id
$$;

-- Whose message it is; null rather than a guess. A person's own decision stands; a reply belongs to
-- whom it replies to, if that person still has the number; else the only owner of the number.
create function private.client_of_inbound(
    event private.provider_events, talk public.conversations, phone text
) returns uuid
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_owners uuid[];
    v_replied uuid;
begin
    if talk.is_linked_by_person then
        return talk.client_id;
    end if;
    v_owners := array(
        select distinct owner.id
        -- Who has hidden the number behind a user name since is still the person we know.
        from private.clients_of_phone(
            event.tenant_id, coalesce(client_of_inbound.phone, talk.phone)
        ) as owner (id)
    );
    if cardinality(v_owners) = 1 then
        return v_owners[1];
    end if;
    select message.client_id into v_replied
    from public.message_logs as message
    where message.integration_id = event.integration_id and message.direction = 'out'
      and event.payload #>> '{inbound,replies_to}' in (message.provider_message_id, message.wamid)
      and private.phone_match(message.phone)
          = coalesce(private.phone_match(client_of_inbound.phone), talk.phone_key)
    limit 1;
    -- Two people share the number: who it was until now proves nothing.
    return case when v_replied = any(v_owners) then v_replied end;
end;
$$;

-- The owner hears of it; without one, whoever the client is given to. One bell per unread talk, and
-- none for a stranger whom somebody put aside.
create function private.tell_of_inbound(talk public.conversations, message_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select talk.tenant_id, person.user_id, 'message_received', jsonb_build_object(
        'conversation_id', talk.id, 'client_id', talk.client_id,
        'message_id', tell_of_inbound.message_id
    )
    from (
        select coalesce(talk.owner_id, (
            select given.user_id from public.client_assignments as given
            where given.tenant_id = talk.tenant_id and given.client_id = talk.client_id
        )) as user_id
    ) as person
    where talk.unread = 1 and talk.ignored_at is null
      and private.works_here(talk.tenant_id, person.user_id)
$$;

-- The newest bulk message to this person is the one they answered.
create function private.mark_answered(talk public.conversations, at timestamptz) returns void
language sql
security definer
set search_path = ''
as $$
    update public.message_logs as message
    set answered_at = mark_answered.at
    where message.id = (
        select asked.id
        from public.message_logs as asked
        where asked.tenant_id = talk.tenant_id
          and private.phone_match(asked.phone) = talk.phone_key
          and asked.sender_id = talk.sender_id
          and asked.batch_id is not null
          and asked.created_at > private.now() - interval '7 days'
        order by asked.created_at desc
        limit 1
    )
    and message.answered_at is null
$$;
