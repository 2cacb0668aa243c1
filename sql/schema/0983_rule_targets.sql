-- Whom a rule is for in a period: asked by the sweep that opens a day's runs and by the dry run.
create function private.rule_candidates(
    rule public.collection_rules, from_date date, to_date date
) returns table (client_id uuid, disposition_id uuid, target_id uuid, on_date date)
language sql
stable
security definer
set search_path = ''
as $$
    select done.client_id, done.id, null::uuid, (done.created_at at time zone tenant.time_zone)::date
    from public.tenants as tenant
    join public.call_dispositions as done
        on done.tenant_id = tenant.id
        and done.created_at >= from_date::timestamp at time zone tenant.time_zone
        and done.created_at < (to_date + 1)::timestamp at time zone tenant.time_zone
    join public.disposition_types as kind
        on kind.tenant_id = done.tenant_id and kind.key = done.disposition_type
    where tenant.id = (rule).tenant_id and (rule).trigger = 'disposition'
      and private.is_of_rule(rule, kind) and not private.is_undone(done.id)
    union all
    -- A client is as late as the oldest open title, as everywhere; one day is one message.
    select client.id, null, client.id, client.oldest_due_on + (rule).day_offset
    from public.clients as client
    where client.tenant_id = (rule).tenant_id and (rule).trigger = 'debt_due'
      and client.open_debts > 0
      and client.oldest_due_on between from_date - (rule).day_offset and to_date - (rule).day_offset
      and not private.has_living_agreement(client.tenant_id, client.id)
    union all
    select part.client_id, null, part.id, part.effective_due_on + (rule).day_offset
    from public.installments as part
    join public.agreements as agreement on agreement.id = part.agreement_id
    where part.tenant_id = (rule).tenant_id and (rule).trigger = 'installment_due'
      and part.status = 'open' and private.is_living(agreement.status)
      and part.effective_due_on
          between from_date - (rule).day_offset and to_date - (rule).day_offset
$$;

-- As the planner takes them. A disposition that does not fit the rule's conditions is told as a
-- skip; of a day's rule, who does not fit was never meant.
create function private.rule_targets(
    rule public.collection_rules, from_date date, to_date date, at timestamptz
) returns private.rule_target[]
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_targets private.rule_target[] := array(
        select (
            row_number() over (
                order by found.on_date, found.client_id, found.disposition_id, found.target_id
            )::int,
            null, rule.tenant_id, rule.id, rule.version, found.client_id, found.disposition_id,
            found.target_id, found.on_date, at
        )::private.rule_target
        from private.rule_candidates(rule, from_date, to_date) as found
    );
begin
    if rule.trigger = 'disposition' or rule.filter = '{}' then
        return v_targets;
    end if;
    return array(
        select target
        from unnest(v_targets) as target
        where target.place in (
            select fitting.place from private.places_in_filter(v_targets, at) as fitting (place)
        )
        order by target.place
    );
end;
$$;
