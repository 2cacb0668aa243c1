-- Leaving takes effect at once: row-level security denies the next statement (0040), and here, in
-- the same transaction, what the person held goes to a colleague or back to nobody, their sessions
-- end if this was their only agency, and every page of theirs that is open is told.

-- The person's own channel, which outlives the membership: their page asks again who they are.
create function private.tell_membership(tenant_id uuid, user_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    select realtime.send(
        jsonb_build_object('id', tell_membership.tenant_id, 'at', private.now()),
        'membership_changed', 'user:' || tell_membership.user_id, true
    )
$$;

create function private.leave_agency(tenant_id uuid, user_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
    delete from public.team_members as seat
    where seat.tenant_id = leave_agency.tenant_id and seat.user_id = leave_agency.user_id;
    delete from public.dialer_agents as seat
    where seat.tenant_id = leave_agency.tenant_id and seat.user_id = leave_agency.user_id;
    -- A key speaks as who made it.
    update public.api_keys as held set revoked_at = private.now()
    where held.tenant_id = leave_agency.tenant_id and held.created_by = leave_agency.user_id
      and held.revoked_at is null;
    -- Who works elsewhere too keeps the sign-in; here it opens nothing any more.
    if not exists (
        select from public.memberships as other
        where other.user_id = leave_agency.user_id and other.revoked_at is null
    ) then
        delete from auth.sessions where sessions.user_id = leave_agency.user_id;
        delete from auth.refresh_tokens
        where refresh_tokens.user_id::text = leave_agency.user_id::text;
    end if;
    perform private.tell_membership(leave_agency.tenant_id, leave_agency.user_id);
    -- Whoever listens to the agency is asked again whether they may: this channel closes now.
    perform realtime.send(
        jsonb_build_object('at', private.now()), 'people_changed',
        'tenant:' || leave_agency.tenant_id, true
    );
end;
$$;

-- Of each client that somebody holds something of, who gets it: the colleague who was named, where
-- they see the client at all, else nobody.
create function private.heirs(tenant_id uuid, user_id uuid, hand_to uuid)
returns table (client_id uuid, id uuid)
language plpgsql
stable
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    v_scope uuid[] := private.creditor_scope_of(tenant_id, hand_to);
begin
    return query
    select client.id, case
        when v_scope is null or client.creditor_ids && v_scope then heirs.hand_to
    end
    from (
        select given.client_id from public.client_assignments as given
        where given.tenant_id = heirs.tenant_id and given.user_id = heirs.user_id
        union
        select promised.client_id from public.callbacks as promised
        where promised.tenant_id = heirs.tenant_id and promised.operator_id = heirs.user_id
          and promised.status = 'scheduled'
        union
        select talk.client_id from public.conversations as talk
        where talk.tenant_id = heirs.tenant_id and talk.owner_id = heirs.user_id
    ) as held
    join public.clients as client on client.id = held.client_id;
end;
$$;

-- Clients on the screen, promised calls, talks and given clients. Before the membership ends: what
-- is still the person's then goes back to everybody (0962).
create function private.hand_over(tenant_id uuid, user_id uuid, hand_to uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    v_freed uuid[];
begin
    if hand_over.hand_to is not null and (hand_over.hand_to = hand_over.user_id or not exists (
        select from public.memberships as colleague
        where colleague.tenant_id = hand_over.tenant_id
          and colleague.user_id = hand_over.hand_to and colleague.revoked_at is null
    )) then
        raise exception 'member_not_found' using errcode = 'PT404',
            detail = 'hand_to: another live member of the tenant, or null for nobody';
    end if;
    with freed as (
        delete from public.client_services as held
        where held.tenant_id = hand_over.tenant_id and held.operator_id = hand_over.user_id
        returning held.client_id
    )
    select array_agg(freed.client_id) into v_freed from freed;
    perform private.tell_service(hand_over.tenant_id, left_client.id)
    from unnest(v_freed) as left_client (id);
    update public.callbacks as promised
    -- Who gets one that is due hears of it.
    set operator_id = heir.id, reminded_for = null,
        released_from = case when heir.id is null then promised.operator_id end
    from private.heirs(hand_over.tenant_id, hand_over.user_id, hand_over.hand_to) as heir
    where promised.tenant_id = hand_over.tenant_id and promised.operator_id = hand_over.user_id
      and promised.status = 'scheduled' and promised.client_id = heir.client_id;
    with given as (
        update public.conversations as talk
        -- A stranger's talk is in everybody's sight.
        set owner_id = case when talk.client_id is null then hand_over.hand_to else heir.id end
        from public.conversations as held
        left join private.heirs(
            hand_over.tenant_id, hand_over.user_id, hand_over.hand_to
        ) as heir on heir.client_id = held.client_id
        where held.tenant_id = hand_over.tenant_id and held.owner_id = hand_over.user_id
          and talk.id = held.id
        returning talk.id, talk.client_id, talk.owner_id
    )
    insert into public.conversation_events
        (tenant_id, conversation_id, client_id, kind, actor_id, from_user_id, to_user_id)
    select hand_over.tenant_id, given.id, given.client_id, 'assigned', auth.uid(),
        hand_over.user_id, given.owner_id
    from given;
    update public.client_assignments as given
    set user_id = heir.id, assigned_by = auth.uid(), assigned_at = private.now()
    from private.heirs(hand_over.tenant_id, hand_over.user_id, hand_over.hand_to) as heir
    where given.tenant_id = hand_over.tenant_id and given.user_id = hand_over.user_id
      and given.client_id = heir.client_id and heir.id is not null;
    delete from public.client_assignments as given
    where given.tenant_id = hand_over.tenant_id and given.user_id = hand_over.user_id;
end;
$$;
