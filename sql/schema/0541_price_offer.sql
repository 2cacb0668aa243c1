-- The least role whose own limits hold the offer, from supervisor up; null when there is none.
create function private.approving_role(
    facts private.offer_facts, tenant_id uuid, creditor_id uuid
) returns public.member_role
language sql
stable
security definer
set search_path = ''
as $$
    select min(candidate)
    from unnest(enum_range('supervisor'::public.member_role, null)) as candidate
    where private.offer_violations(
        facts, private.limits_of(tenant_id, creditor_id, candidate)
    ) = '[]'
$$;

-- What no role may approve: the title must be freed first.
create function private.offer_obstacles(owed private.owed_debt[], on_date date) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'code', obstacle.code, 'debt_id', (title.debt).id
    ) order by (title.debt).id), '[]')
    from unnest(owed) as title
    cross join lateral (
        select case
            when (title.debt).status = 'on_hold' then 'debt_on_hold'
            when private.is_prescribed(title.debt, offer_obstacles.on_date) then 'debt_prescribed'
        end as code
    ) as obstacle
    where obstacle.code is not null
$$;

create function private.offer_debt_lines(
    owed private.owed_debt[], parts private.priced_part[]
) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select jsonb_agg(jsonb_build_object(
        'debt_id', (title.debt).id, 'contract', (title.debt).contract,
        'installment', (title.debt).installment,
        'before', private.parts_total(own.parts, 'before'),
        'discount', private.parts_total(own.parts, 'discount'),
        'after', private.parts_total(own.parts, 'after')
    ) order by (title.debt).due_on, (title.debt).id)
    from unnest(owed) as title
    cross join lateral (
        select array_agg(part) as parts from unnest(offer_debt_lines.parts) as part
        where part.debt_id = (title.debt).id
    ) as own
$$;

-- What came before, as far as a limit asks: facts without money or days.
create function private.offer_history(tenant_id uuid, offer jsonb, predecessor public.agreements)
returns private.offer_facts
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_facts private.offer_facts;
begin
    v_facts.schedule := '{}';
    v_facts.parts := '{}';
    v_facts.base_on := (offer ->> 'base_on')::date;
    v_facts.generation := coalesce(predecessor.generation + 1, 0);
    v_facts.broke_before := exists (
        select from public.agreements as earlier
        where earlier.tenant_id = offer_history.tenant_id
          and earlier.client_id = (offer ->> 'client_id')::uuid and earlier.status = 'broken'
    );
    return v_facts;
end;
$$;

create function private.price_offer(tenant_id uuid, role public.member_role, offer jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_base_on date := (offer ->> 'base_on')::date;
    v_owed private.owed_debt[] := private.offer_debts(tenant_id, offer);
    v_creditor_id uuid := (v_owed[1].debt).creditor_id;
    v_predecessor public.agreements := private.offer_predecessor(tenant_id, offer);
    v_template public.agreement_templates;
    v_limits public.approval_limits := private.limits_of(tenant_id, v_creditor_id, role);
    v_policy public.agreement_policies := private.agreement_policy(tenant_id, v_creditor_id);
    v_facts private.offer_facts := private.offer_history(tenant_id, offer, v_predecessor);
    v_reasons jsonb;
    v_obstacles jsonb := private.offer_obstacles(v_owed, v_base_on);
    v_financed bigint;
    v_priced jsonb;
begin
    v_facts.parts := private.discount_parts(
        private.priced_parts(v_owed), offer -> 'discounts'
    );
    select sum(part.before_cents), sum(part.before_cents - part.discount_cents)
    into v_facts.before_cents, v_facts.after_cents
    from unnest(v_facts.parts) as part;
    if v_facts.after_cents = 0 then
        raise exception 'nothing_to_pay' using errcode = 'PT400',
            detail = 'the discounts leave nothing';
    end if;
    v_facts.schedule := private.plan_schedule(v_owed[1].policy, offer, v_facts.after_cents);
    select sum(planned.amount_cents) into v_financed from unnest(v_facts.schedule) as planned;

    v_reasons := private.offer_violations(v_facts, v_limits);
    if offer ->> 'template_id' is not null then
        select * into v_template from public.agreement_templates as known
        where known.tenant_id = price_offer.tenant_id
          and known.id = (offer ->> 'template_id')::uuid;
        if not private.is_template_applicable(v_template, v_owed) then
            v_reasons := v_reasons || case when v_reasons <> '[]'
                then '[{"code": "template_not_applicable"}]' else '[]' end::jsonb;
        elsif v_reasons <> '[]' then
            v_reasons := private.offer_violations(
                v_facts, private.template_limits(v_template, v_limits)
            );
        end if;
    end if;

    v_priced := jsonb_build_object(
        'proposal', offer, 'base_on', v_base_on,
        'valid_until', least(
            v_base_on + coalesce(v_template.validity_days, v_policy.offer_validity_days),
            (select min(planned.effective_due_on) from unnest(v_facts.schedule) as planned)
        ),
        'creditor_id', v_creditor_id, 'policy_id', v_policy.id,
        'replaces_id', v_predecessor.id, 'generation', v_facts.generation,
        'debts', private.offer_debt_lines(v_owed, v_facts.parts),
        'totals', jsonb_build_object(
            'before', private.parts_total(v_facts.parts, 'before'),
            'discount', private.parts_total(v_facts.parts, 'discount'),
            'after', private.parts_total(v_facts.parts, 'after')
        ),
        'original_cents', v_facts.before_cents,
        'discount_cents', v_facts.before_cents - v_facts.after_cents,
        'financing_cents', v_financed - v_facts.after_cents, 'total_cents', v_financed,
        'discount_percent', private.percent_of(
            v_facts.before_cents - v_facts.after_cents, v_facts.before_cents
        )::text
    ) || jsonb_build_object(
        'schedule', to_jsonb(v_facts.schedule),
        'obstacles', v_obstacles, 'approval_reasons', v_reasons,
        'is_allowed', v_reasons = '[]' and v_obstacles = '[]',
        'approval_role', case when v_reasons <> '[]'
            then private.approving_role(v_facts, tenant_id, v_creditor_id) end,
        'warnings', case when (
            select max(planned.due_on) from unnest(v_facts.schedule) as planned
        ) > (
            select min(private.prescribes_on(title.debt)) from unnest(v_owed) as title
        ) then '["last_due_beyond_prescription"]' else '[]' end::jsonb
    );
    return v_priced
        || jsonb_build_object('proposal_hash', private.seal_offer(tenant_id, v_priced));
end;
$$;
