-- A new version of how agreements live. Where it changes when they break, somebody must say for
-- whom it counts: only for agreements to come, or also for those that run; and may see before how
-- many would fall at once.
create function private.next_agreement_policy(tenant_id uuid, policy jsonb)
returns public.agreement_policies
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_new public.agreement_policies;
begin
    perform private.require_known_keys(policy, array[
        'creditor_id', 'offer_validity_days', 'provisional_after_days', 'definitive_after_days',
        'lapse_after_days', 'compensation_days', 'max_overdue_installments',
        'is_locking_at_once', 'is_late_charged', 'late_fine_percent', 'late_interest_percent',
        'surplus_mode', 'tolerance_cents', 'tolerance_percent', 'refund_above_cents',
        'manual_limit_cents'
    ]);
    v_new := jsonb_populate_record(
        private.agreement_policy(tenant_id, (policy ->> 'creditor_id')::uuid), policy
    );
    v_new.creditor_id := (policy ->> 'creditor_id')::uuid;
    v_new.version := coalesce((
        select max(known.version) from public.agreement_policies as known
        where known.tenant_id = next_agreement_policy.tenant_id
          and known.creditor_id is not distinct from v_new.creditor_id
    ), 0) + 1;
    v_new.id := gen_random_uuid();
    v_new.tenant_id := tenant_id;
    v_new.created_by := auth.uid();
    v_new.created_at := private.now();
    return v_new;
exception when data_exception then
    raise exception 'policy_invalid' using errcode = 'PT400', detail = sqlerrm;
end;
$$;

-- Living agreements a policy of this scope speaks of.
create function private.agreements_under(tenant_id uuid, creditor_id uuid)
returns setof public.agreements
language sql
stable
security definer
set search_path = ''
as $$
    select agreement.*
    from public.agreements as agreement
    where agreement.tenant_id = agreements_under.tenant_id
      and private.is_living(agreement.status)
      and case when agreements_under.creditor_id is null
          -- The tenant's default does not speak of creditors with a policy of their own.
          then not exists (
              select from public.agreement_policies as own
              where own.tenant_id = agreement.tenant_id
                and own.creditor_id = agreement.creditor_id
          )
          else agreement.creditor_id = agreements_under.creditor_id
      end
$$;

create function private.preview_agreement_policy(policy jsonb) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_new public.agreement_policies := private.next_agreement_policy(v_tenant_id, policy);
    v_today date := private.today(v_tenant_id);
begin
    return (
        select jsonb_build_object(
            'living', count(*),
            'would_break', count(*) filter (where (aged.status).to_status = 'broken'),
            'would_lapse', count(*) filter (where (aged.status).to_status = 'lapsed'),
            'would_wait', count(*) filter (where (aged.status).waits_for is not null),
            'would_change', count(*) filter (
                where (aged.status).to_status <> agreement.status
            )
        )
        from private.agreements_under(v_tenant_id, v_new.creditor_id) as agreement
        cross join lateral (
            select private.aged_status(agreement, v_new, v_today) as status
        ) as aged
    );
end;
$$;

create function private.save_agreement_policy(policy jsonb, applies_to text) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_old public.agreement_policies;
    v_new public.agreement_policies;
    v_affected uuid[];
begin
    perform pg_advisory_xact_lock(hashtextextended('agreement_policies:' || v_tenant_id, 0));
    v_new := private.next_agreement_policy(v_tenant_id, policy);
    v_old := private.agreement_policy(v_tenant_id, v_new.creditor_id);
    v_affected := array(
        select agreement.id from private.agreements_under(v_tenant_id, v_new.creditor_id)
            as agreement
    );
    if coalesce(applies_to, '') not in ('new', 'existing') and (
        applies_to is not null or cardinality(v_affected) > 0 and (
            v_new.provisional_after_days, v_new.definitive_after_days, v_new.lapse_after_days,
            v_new.compensation_days, v_new.max_overdue_installments
        ) <> (
            v_old.provisional_after_days, v_old.definitive_after_days, v_old.lapse_after_days,
            v_old.compensation_days, v_old.max_overdue_installments
        )
    ) then
        raise exception 'policy_scope_missing' using errcode = 'PT409',
            detail = format('say new or existing: %s agreements run', cardinality(v_affected));
    end if;
    begin
        insert into public.agreement_policies values (v_new.*);
    exception when integrity_constraint_violation then
        raise exception 'policy_invalid' using errcode = 'PT400', detail = sqlerrm;
    end;
    if applies_to = 'existing' then
        update public.agreements as agreement set policy_id = v_new.id
        where agreement.id = any(v_affected);
        perform private.tell_agreement(
            id, 'policy_applied', private.today(v_tenant_id), null,
            jsonb_build_object('policy_id', v_new.id, 'version', v_new.version)
        )
        from unnest(v_affected) as id;
    end if;
    return jsonb_build_object(
        'policy_id', v_new.id, 'version', v_new.version,
        'applied_to', case when applies_to = 'existing' then cardinality(v_affected) else 0 end
    );
end;
$$;

create function public.preview_agreement_policy(policy jsonb) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.preview_agreement_policy(policy) $$;
comment on function public.preview_agreement_policy(jsonb) is
'Admin. What today''s clock would do under it: {living, would_break, would_lapse, would_wait,
would_change}.';

create function public.save_agreement_policy(policy jsonb, applies_to text default null)
returns jsonb
language sql
set search_path = ''
as $$ select private.save_agreement_policy(policy, applies_to) $$;
comment on function public.save_agreement_policy(jsonb, text) is
'Admin. {policy_id, version, applied_to}; fields left out stay. applies_to: new | existing. PT409
policy_scope_missing when a deadline changes under running agreements and nobody said for whom.';

grant execute on function
private.preview_agreement_policy(jsonb), public.preview_agreement_policy(jsonb),
private.save_agreement_policy(jsonb, text), public.save_agreement_policy(jsonb, text)
to authenticated;
