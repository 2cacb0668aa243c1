-- The clock: once a day (and again whenever it is asked, to the same result) every agreement
-- becomes what it is on that day. One that fails does not stop the others.
create function private.age_agreement(agreement_id uuid, on_date date) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_agreement public.agreements;
    v_policy public.agreement_policies;
    v_aging private.aging;
begin
    select * into v_agreement from public.agreements as agreement
    where agreement.id = age_agreement.agreement_id;
    -- Most stay what they are; nobody should wait for the clock because of those.
    select * into v_policy from public.agreement_policies as policy
    where policy.id = v_agreement.policy_id;
    v_aging := private.aged_status(v_agreement, v_policy, on_date);
    if v_aging.to_status = v_agreement.status and v_aging.waits_for is null then
        return 'unchanged';
    end if;
    -- Whoever works on this client may be about to change the very thing: never waited for, the
    -- clock comes again.
    begin
        perform from public.clients
        where clients.tenant_id = v_agreement.tenant_id and clients.id = v_agreement.client_id
        for no key update nowait;
    exception when lock_not_available then
        return 'busy';
    end;
    select * into v_agreement from public.agreements as agreement
    where agreement.id = age_agreement.agreement_id
    for no key update;
    if not private.is_living(v_agreement.status) and v_agreement.status <> 'pending_approval' then
        return 'closed';
    end if;
    select * into v_policy from public.agreement_policies as policy
    where policy.id = v_agreement.policy_id;
    v_aging := private.aged_status(v_agreement, v_policy, on_date);
    if v_aging.to_status <> v_agreement.status then
        perform private.transition_agreement(
            v_agreement.id, v_aging.to_status, 'clock', on_date
        );
    end if;
    if v_aging.waits_for is null then
        return case when v_aging.to_status = v_agreement.status
            then 'unchanged' else v_aging.to_status::text end;
    end if;
    if not exists (
        select from public.agreement_events as event
        where event.tenant_id = v_agreement.tenant_id and event.agreement_id = v_agreement.id
          and event.kind = 'break_waits' and event.on_date = age_agreement.on_date
          and event.reason = v_aging.waits_for
    ) then
        perform private.tell_agreement(
            v_agreement.id, 'break_waits', on_date, v_aging.waits_for,
            jsonb_build_object('unreconciled', coalesce(to_jsonb(v_aging.unreconciled), '[]'))
        );
    end if;
    return v_aging.waits_for;
end;
$$;

-- What the clock does for one client, in a transaction of its own when it runs by itself
-- (private.run_money_jobs): {counts: {overdue: 1}, failures: []}.
create function private.age_client(
    tenant_id uuid, client_id uuid, on_date date, with_titles boolean
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_id uuid;
    v_outcome text;
    v_outcomes text[] := '{}';
    v_failures jsonb := '[]';
begin
    if with_titles and exists (
        select from private.debts_to_age(
            age_client.tenant_id, age_client.on_date, age_client.client_id
        )
    ) then
        begin
            -- The client before its titles, as everybody.
            perform from public.clients
            where clients.tenant_id = age_client.tenant_id and clients.id = age_client.client_id
            for no key update nowait;
            perform private.age_debts(
                age_client.tenant_id, age_client.on_date, age_client.client_id
            );
        exception
            when lock_not_available then
                v_outcomes := v_outcomes || 'titles_busy'::text;
            when others then
                v_outcomes := v_outcomes || 'failed'::text;
                v_failures := v_failures || jsonb_build_object(
                    'client_id', client_id, 'code', sqlstate, 'error', sqlerrm
                );
        end;
    end if;
    for v_id in
        select agreement.id from public.agreements as agreement
        where agreement.tenant_id = age_client.tenant_id
          and agreement.client_id = age_client.client_id
          and private.is_under_way(agreement.status)
        order by agreement.id
    loop
        begin
            v_outcome := private.age_agreement(v_id, on_date);
        exception when others then
            v_outcome := 'failed';
            v_failures := v_failures || jsonb_build_object(
                'agreement_id', v_id, 'code', sqlstate, 'error', sqlerrm
            );
        end;
        v_outcomes := v_outcomes || v_outcome;
    end loop;
    return jsonb_build_object('counts', (
        select coalesce(jsonb_object_agg(counted.outcome, counted.times), '{}')
        from (
            select outcome, count(*) as times from unnest(v_outcomes) as outcome group by outcome
        ) as counted
    ), 'failures', v_failures);
end;
$$;
