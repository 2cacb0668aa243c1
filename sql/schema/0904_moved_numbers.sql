-- WhatsApp says that somebody changed their number. Whoever surely had the old one has the new one,
-- unless it is in somebody else's record already; the old one may be a stranger's next month, so it
-- rests as after "number invalid", and whoever asked for silence is silent under the new one, too.
-- Where it is not sure who that is, the talk says so and nobody's numbers change.
create function private.follow_number(tenant_id uuid, sender_id uuid, phone text, moved_to text)
returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- As after "number invalid" (0640).
    c_rest constant interval := '90 days';
    v_talk public.conversations;
    v_owners uuid[] := array(
        select distinct owner.id
        from private.clients_of_phone(follow_number.tenant_id, follow_number.phone) as owner (id)
    );
    v_client_id uuid;
begin
    if phone is null or moved_to !~ '^\+[1-9][0-9]{7,14}$' then
        return 'payload_invalid';
    end if;
    select * into v_talk from public.conversations as talk
    where talk.sender_id = follow_number.sender_id
      and talk.phone_key = private.phone_match(follow_number.phone);
    -- As of a message (0904): whose the talk was until now proves nothing.
    v_client_id := case when v_talk.is_linked_by_person then v_talk.client_id
        when cardinality(v_owners) = 1 then v_owners[1] end;
    if v_client_id is null then
        insert into public.conversation_events (tenant_id, conversation_id, kind)
        select follow_number.tenant_id, v_talk.id, 'number_changed' where v_talk.id is not null;
        return 'client_unknown';
    end if;
    if v_talk.id is null then
        v_talk := private.find_conversation(
            follow_number.tenant_id, follow_number.sender_id, follow_number.phone, '{}'
        );
        update public.conversations as talk set client_id = v_client_id where talk.id = v_talk.id;
    end if;
    if private.is_suppressed(
        follow_number.tenant_id, v_client_id, follow_number.phone, 'whatsapp', private.now()
    ) then
        perform private.opt_out_phone(follow_number.tenant_id, follow_number.moved_to);
    end if;
    insert into public.client_phones (tenant_id, client_id, phone, kind, position)
    select follow_number.tenant_id, v_client_id, follow_number.moved_to, 'mobile', coalesce((
        select max(known.position) + 1 from public.client_phones as known
        where known.tenant_id = follow_number.tenant_id and known.client_id = v_client_id
    ), 0)
    where not exists (
        select from private.clients_of_phone(
            follow_number.tenant_id, follow_number.moved_to
        ) as owner (id)
    )
    on conflict do nothing;
    update public.client_phones as known
    set has_whatsapp = false, whatsapp_retry_at = private.now() + c_rest
    where known.tenant_id = follow_number.tenant_id and known.client_id = v_client_id
      and private.phone_match(known.phone) = private.phone_match(follow_number.phone)
      and private.phone_match(known.phone) <> private.phone_match(follow_number.moved_to);
    insert into public.conversation_events (tenant_id, conversation_id, client_id, kind)
    values (follow_number.tenant_id, v_talk.id, v_client_id, 'number_changed');
    return null;
end;
$$;
