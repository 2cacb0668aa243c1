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
    -- The clock has changed other clients in this transaction, and with them the tenant's totals,
    -- for which whoever works on this client may be waiting: it never waits, it comes again.
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

create function private.age_agreements(tenant_id uuid, on_date date) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_run_id bigint;
    v_id uuid;
    v_outcome text;
    v_counts jsonb := '{}';
    v_failures jsonb := '[]';
begin
    -- Two clocks at once would only wait for each other.
    perform pg_advisory_xact_lock(hashtextextended('age_agreements:' || tenant_id, 0));
    insert into public.job_runs (tenant_id, job, on_date)
    values (age_agreements.tenant_id, 'age_agreements', age_agreements.on_date)
    returning id into v_run_id;

    for v_id in
        select agreement.id from public.agreements as agreement
        where agreement.tenant_id = age_agreements.tenant_id
          and agreement.status in (
              'pending_approval', 'awaiting_first_payment', 'active', 'overdue',
              'broken_provisionally'
          )
        order by agreement.client_id, agreement.id
    loop
        begin
            v_outcome := private.age_agreement(v_id, on_date);
        exception when others then
            v_outcome := 'failed';
            v_failures := v_failures || jsonb_build_object(
                'agreement_id', v_id, 'code', sqlstate, 'error', sqlerrm
            );
        end;
        v_counts := v_counts || jsonb_build_object(
            v_outcome, coalesce((v_counts ->> v_outcome)::int, 0) + 1
        );
    end loop;

    -- Break and lapse wait for a sweep that should have come: somebody must look.
    if v_counts ? 'reconciliation_late' then
        insert into public.notifications (tenant_id, user_id, kind, payload)
        select age_agreements.tenant_id, member.user_id, 'reconciliation_late',
            jsonb_build_object('agreements', v_counts -> 'reconciliation_late')
        from public.memberships as member
        where member.tenant_id = age_agreements.tenant_id and member.revoked_at is null
          and member.role >= 'supervisor'
          and not exists (
              select from public.notifications as told
              where told.tenant_id = age_agreements.tenant_id
                and told.user_id = member.user_id and told.kind = 'reconciliation_late'
                and told.created_at > private.now() - interval '20 hours'
          );
    end if;
    perform private.finish_job(
        v_run_id, jsonb_build_object('counts', v_counts, 'failures', v_failures),
        jsonb_array_length(v_failures)
    );
    return v_counts;
end;
$$;
comment on function private.age_agreements(uuid, date) is
'How many became what: {overdue: 3, broken: 1, compensating: 2, unchanged: 40, …}.';
