-- What an offer lacks to be allowed: each limit it leaves, with what was asked and what is allowed.
create type private.offer_facts as (
    parts private.priced_part [],
    schedule private.scheduled [],
    base_on date,
    before_cents bigint,
    after_cents bigint,
    -- Agreements of these titles that were renegotiated or broke before.
    generation int,
    broke_before boolean
);

create function private.limit_percent(
    limits public.approval_limits, component public.money_component
) returns numeric
language sql
immutable
set search_path = ''
as $$
    select case component
        when 'principal' then (limits).principal_percent
        when 'correction' then (limits).correction_percent
        when 'fine' then (limits).fine_percent
        when 'interest' then (limits).interest_percent
        else (limits).collection_fee_percent
    end
$$;

-- Rounded half up to hundredths of a per cent, as people read it.
create function private.percent_of(part bigint, whole bigint) returns numeric
language sql
immutable
set search_path = ''
as $$
    select case when whole > 0
        then (private.round_ratio(part * 10000::numeric, whole) / 100.0)::numeric(7, 2)
        else 0 end
$$;

create function private.offer_violations(
    facts private.offer_facts, limits public.approval_limits
) returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_reasons jsonb;
    -- A down payment is paid at the beginning; one later than a first payment may be due is an
    -- installment by another name.
    v_entry_ends date := facts.base_on + coalesce(limits.max_first_due_days, 0);
    v_installments int := (
        select count(*) from unnest(facts.schedule) as planned
        where planned.kind = 'installment' or planned.due_on > v_entry_ends
    );
    v_smallest bigint := (
        select min(planned.amount_cents) from unnest(facts.schedule) as planned
        where planned.kind = 'installment' or planned.due_on > v_entry_ends
    );
    v_down bigint := (
        select coalesce(sum(planned.amount_cents), 0) from unnest(facts.schedule) as planned
        where planned.kind = 'down_payment' and planned.due_on <= v_entry_ends
    );
    v_down_wanted bigint := greatest(
        limits.min_down_payment_cents,
        private.round_ratio(facts.after_cents * limits.min_down_payment_percent, 100)
    );
    v_first int := (select min(planned.due_on) from unnest(facts.schedule) as planned)
        - facts.base_on;
    v_last int := (select max(planned.due_on) from unnest(facts.schedule) as planned)
        - facts.base_on;
begin
    -- A role without a row may grant nothing.
    if limits.role is null then
        return '[{"code": "no_limits"}]';
    end if;
    -- Against what the limit itself would yield, title by title: rounding is nobody's excess.
    select coalesce(jsonb_agg(jsonb_build_object(
        'code', 'discount_above_limit', 'component', over.component,
        'asked', over.asked::text, 'limit', over.allowed::text
    ) order by over.component), '[]') into v_reasons
    from (
        select part.component, private.limit_percent(limits, part.component) as allowed,
            private.percent_of(
                sum(part.discount_cents)::bigint, sum(part.before_cents)::bigint
            ) as asked
        from unnest(facts.parts) as part
        group by part.component
        having sum(part.discount_cents) > sum(private.round_ratio(
            part.before_cents * private.limit_percent(limits, part.component), 100
        ))
    ) as over;

    return v_reasons || coalesce((
        select jsonb_agg(jsonb_build_object(
            'code', rule.code, 'asked', rule.asked::text, 'limit', rule.allowed::text
        ) order by rule.position)
        from (
            values
            (1, 'total_discount_above_limit',
                private.percent_of(facts.before_cents - facts.after_cents, facts.before_cents),
                limits.total_percent,
                facts.before_cents - facts.after_cents > private.round_ratio(
                    facts.before_cents * limits.total_percent, 100)),
            (2, 'installments_above_limit', v_installments, limits.max_installments,
                v_installments > limits.max_installments),
            (3, 'installment_below_minimum', v_smallest, limits.min_installment_cents,
                v_smallest < limits.min_installment_cents
                and cardinality(facts.schedule) > 1),
            (4, 'down_payment_below_minimum', v_down, v_down_wanted,
                v_down < v_down_wanted and cardinality(facts.schedule) > 1),
            (5, 'first_due_too_far', v_first, limits.max_first_due_days,
                v_first > limits.max_first_due_days),
            (6, 'last_due_too_far', v_last, limits.max_last_due_days,
                v_last > limits.max_last_due_days),
            (7, 'renegotiation_above_limit', facts.generation, limits.max_renegotiations,
                facts.generation > limits.max_renegotiations),
            (8, 'client_broke_before', 1, 0, facts.broke_before and not limits.may_follow_break)
        ) as rule (position, code, asked, allowed, is_left)
        where rule.is_left
    ), '[]');
end;
$$;

-- A template widens the limits of the one who offers it, in what a template speaks of.
create function private.template_limits(
    template public.agreement_templates, limits public.approval_limits
) returns public.approval_limits
language plpgsql
immutable
set search_path = ''
as $$
begin
    limits.principal_percent := template.principal_percent;
    limits.correction_percent := template.correction_percent;
    limits.fine_percent := template.fine_percent;
    limits.interest_percent := template.interest_percent;
    limits.collection_fee_percent := template.collection_fee_percent;
    limits.total_percent := 100;
    limits.max_installments := template.max_installments;
    limits.min_installment_cents := template.min_installment_cents;
    limits.min_down_payment_cents := template.min_down_payment_cents;
    limits.min_down_payment_percent := template.min_down_payment_percent;
    return limits;
end;
$$;
