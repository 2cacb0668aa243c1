-- What a rule would do, rehearsed: a disposition's rule with the period's dispositions as if they
-- were made now, a day's rule with who comes to its day within the period.
create function private.dry_run_rule(rule_id uuid, from_date date, to_date date) returns jsonb
language plpgsql
security definer
set search_path = ''
set jit = off
as $$
declare
    -- A month of a large agency's dispositions; each is asked as a message would be, some
    -- milliseconds.
    c_max_targets constant int := 20000;
    c_max_days constant int := 31;
    v_tenant_id uuid := private.require_role('supervisor');
    v_at timestamptz := private.now();
    v_rule public.collection_rules;
    v_run public.rule_dry_runs;
    v_targets private.rule_target[];
begin
    select * into v_rule from public.collection_rules as rule
    where rule.id = dry_run_rule.rule_id and rule.tenant_id = v_tenant_id;
    if not found then
        raise exception 'rule_not_found' using errcode = 'PT404',
            detail = 'no rule with this id in the tenant';
    end if;
    if from_date is null or to_date is null or to_date - from_date not between 0 and c_max_days then
        raise exception 'period_invalid' using errcode = 'PT400',
            detail = format('from a day to the same or a later one, at most %s apart', c_max_days);
    end if;
    v_targets := private.rule_targets(v_rule, from_date, to_date, v_at);
    if cardinality(v_targets) > c_max_targets then
        raise exception 'dry_run_too_large' using errcode = 'PT409',
            detail = format('more than %s; ask for fewer days', c_max_targets);
    end if;

    delete from public.rule_dry_run_lines as line using public.rule_dry_runs as older
    where older.tenant_id = v_tenant_id and older.rule_id = v_rule.id
      and line.dry_run_id = older.id;
    insert into public.rule_dry_runs
        (tenant_id, rule_id, version, wording, frozen_at, from_date, to_date, created_by)
    values (
        v_tenant_id, v_rule.id, v_rule.version,
        private.wording_of(v_rule.id, v_rule.version), v_at, dry_run_rule.from_date,
        dry_run_rule.to_date, auth.uid()
    )
    returning * into v_run;
    v_targets := private.steps_of_targets(v_targets);
    insert into public.rule_dry_run_lines (
        tenant_id, dry_run_id, place, position, action, client_id, verdict, reason, not_before,
        phone, body, price_micros
    )
    select v_tenant_id, v_run.id, plan.place, target.position, plan.action, target.client_id,
        plan.verdict, plan.reason,
        case when plan.verdict = 'postpone' then plan.not_before end,
        case when plan.verdict <> 'skip' then plan.phone end,
        case when plan.verdict <> 'skip' then plan.body end,
        case when plan.verdict <> 'skip' and plan.action = 'send_template' then
            private.message_price(v_tenant_id, target.client_id, plan.template_id, v_at)
        end
    from private.plan_targets(v_targets, v_at) as plan
    join unnest(v_targets) as target on target.place = plan.place;
    -- What a skipped step ends is not told of as if it came.
    delete from public.rule_dry_run_lines as line
    using public.rule_dry_run_lines as earlier
    join public.rule_steps as step
        on step.rule_id = v_rule.id and step.version = v_rule.version
        and step.position = earlier.position
    where line.dry_run_id = v_run.id and earlier.dry_run_id = v_run.id
      and earlier.place between line.place - line.position + 1 and line.place - 1
      and earlier.verdict = 'skip'
      and (not step.goes_on or private.ends_rule(earlier.reason));

    update public.rule_dry_runs as run
    set counts = coalesce(told.counts, '[]'), price_micros = told.price_micros,
        currency = (
            select (private.rate_at(
                v_tenant_id, template.provider, template.category, v_at
            )).currency
            from public.rule_steps as step
            join public.message_templates as template on template.id = step.template_id
            where step.rule_id = v_rule.id and step.version = v_rule.version
              and step.action = 'send_template'
            order by step.position limit 1
        )
    from (
        select jsonb_agg(jsonb_build_object(
                'position', by_reason.position, 'action', by_reason.action,
                'verdict', by_reason.verdict, 'reason', by_reason.reason, 'count', by_reason.count
            ) order by by_reason.position, by_reason.verdict, by_reason.reason) as counts,
            sum(by_reason.price_micros) as price_micros
        from (
            select line.position, line.action, line.verdict, line.reason, count(*),
                sum(line.price_micros) filter (where line.verdict = 'send') as price_micros
            from public.rule_dry_run_lines as line
            where line.dry_run_id = v_run.id
            group by 1, 2, 3, 4
        ) as by_reason
    ) as told
    where run.id = v_run.id
    returning run.* into v_run;
    return to_jsonb(v_run) - '{tenant_id,created_by,wording}'::text[];
end;
$$;

-- Free while the person's 24 hours are open, where the price list says so.
create function private.message_price(
    tenant_id uuid, client_id uuid, template_id uuid, at timestamptz
) returns bigint
language sql
stable
security definer
set search_path = ''
as $$
    select case when rate.is_free_in_window and exists (
        select from public.message_logs as inbound
        where inbound.tenant_id = message_price.tenant_id
          and inbound.client_id = message_price.client_id
          and inbound.direction = 'in' and inbound.channel = 'whatsapp'
          and inbound.created_at > message_price.at - interval '24 hours'
          and inbound.created_at <= message_price.at
    ) then 0 else rate.price_micros end
    from public.message_templates as template
    cross join lateral private.rate_at(
        message_price.tenant_id, template.provider, template.category, message_price.at
    ) as rate
    where template.id = message_price.template_id
$$;

-- What somebody still has to choose before the rule can do anything.
create function private.missing_of(rule public.collection_rules) returns text[]
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(array_agg(distinct 'template_id'::text), '{}')
    from public.rule_steps as step
    where step.rule_id = (rule).id and step.version = (rule).version
      and step.action = 'send_template' and step.template_id is null
$$;

-- Switched on only by somebody who could have seen what the rule does as it stands now, in its
-- present words.
create function private.set_rule_enabled(rule_id uuid, is_enabled boolean) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_rule public.collection_rules;
begin
    select * into v_rule from public.collection_rules as rule
    where rule.id = set_rule_enabled.rule_id and rule.tenant_id = v_tenant_id
    for no key update;
    if not found then
        raise exception 'rule_not_found' using errcode = 'PT404',
            detail = 'no rule with this id in the tenant';
    end if;
    if is_enabled is null then
        raise exception 'rule_invalid' using errcode = 'PT400', detail = 'on or off';
    end if;
    if is_enabled and not v_rule.is_enabled and not private.is_rehearsed(v_rule) then
        raise exception 'dry_run_needed' using errcode = 'PT409',
            detail = 'run it dry as it is now, then switch it on';
    end if;
    if is_enabled and private.missing_of(v_rule) <> '{}' then
        raise exception 'rule_incomplete' using errcode = 'PT409',
            detail = array_to_string(private.missing_of(v_rule), ', ');
    end if;
    -- The days it was off are not caught up with.
    delete from private.rule_sweeps as sweep
    where sweep.rule_id = v_rule.id and not v_rule.is_enabled;
    update public.collection_rules as rule
    set is_enabled = set_rule_enabled.is_enabled,
        enabled_by = case when set_rule_enabled.is_enabled then auth.uid() else rule.enabled_by end
    where rule.id = v_rule.id and rule.is_enabled <> set_rule_enabled.is_enabled;
end;
$$;

-- Asks as a sender would for each of thousands: may take longer than an answer for a screen.
create function public.dry_run_rule(rule_id uuid, from_date date, to_date date) returns jsonb
language sql
set search_path = ''
set statement_timeout = '5min'
as $$ select private.dry_run_rule(rule_id, from_date, to_date) $$;
comment on function public.dry_run_rule(uuid, date, date) is
'Supervisor → {id, rule_id, version, frozen_at, from_date, to_date, counts: [{verdict, reason,
position, action, count}], price_micros, currency}; its lines are rows of rule_dry_run_lines. Errors: rule_not_found,
period_invalid, dry_run_too_large.';

create function public.set_rule_enabled(rule_id uuid, is_enabled boolean) returns void
language sql
set search_path = ''
as $$ select private.set_rule_enabled(rule_id, is_enabled) $$;
comment on function public.set_rule_enabled(uuid, boolean) is
'Admin. Errors: rule_not_found, rule_invalid, dry_run_needed, rule_incomplete.';

grant execute on function
private.dry_run_rule(uuid, date, date), public.dry_run_rule(uuid, date, date),
private.set_rule_enabled(uuid, boolean), public.set_rule_enabled(uuid, boolean)
to authenticated;
