-- The arithmetic of lateness, for titles and for installments alike. Exact: fractions are carried
-- as numerator and denominator, and each component is rounded once, half up, to the cent. No
-- clock in here; the day is an argument.

-- Half up (the third decimal 5 rounds up) of numerator / denominator, both not negative. One
-- integer division: a rounded quotient rounded again could move a cent.
create function private.round_ratio(numerator numeric, denominator numeric) returns bigint
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
    select pg_catalog.div(2 * numerator + denominator, 2 * denominator)::bigint
$$;

-- Whole months and what is left over, in one fraction: a month has 28 to 31 days, and this is their
-- least common multiple, so that every part of a month is a whole number.
create function private.interest_units(
    rule public.interest_rule, since date, until date, out units numeric, out per_month numeric
)
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
    c_parts_of_month constant int := 377580;
    v_months int;
    v_month_begins date;
begin
    if rule = 'daily_30' then
        units := until - since;
        per_month := 30;
    elsif rule = 'actual_365' then
        units := 12 * (until - since);
        per_month := 365;
    else
        -- Always from the first day, so that the 31st does not drift to the 28th.
        v_months := (extract(year from until) - extract(year from since)) * 12
            + extract(month from until) - extract(month from since);
        if (since + make_interval(months => v_months))::date > until then
            v_months := v_months - 1;
        end if;
        v_month_begins := since + make_interval(months => v_months);
        units := v_months::numeric * c_parts_of_month + (until - v_month_begins)
            * (c_parts_of_month
                / ((since + make_interval(months => v_months + 1))::date - v_month_begins));
        per_month := c_parts_of_month;
    end if;
end;
$$;

-- Where a title or an installment stands after its last payment. Charges accrue on the present
-- principal since `base_on` (null: since it was due); a payment that lowers the principal freezes
-- what had accrued and was not paid; what was paid of the running charges is `paid_*`.
create type private.ledger_state as (
    principal_cents bigint,
    base_on date,
    -- The fine and the fee on the principal have been charged, once.
    is_overdue boolean,
    frozen_correction bigint,
    frozen_fine bigint,
    frozen_interest bigint,
    frozen_collection_fee bigint,
    paid_correction bigint,
    paid_fine bigint,
    paid_interest bigint,
    paid_collection_fee bigint
);

create function private.new_position(principal_cents bigint) returns private.ledger_state
language sql
immutable
set search_path = ''
as $$
    select (principal_cents, null, false, 0, 0, 0, 0, 0, 0, 0, 0)::private.ledger_state
$$;

-- What is owed on a day, and everything needed to explain it.
create type private.accrual as (
    due_on date,
    effective_due_on date,
    on_date date,
    days_late int,
    -- First day not counted, and the days counted from it.
    counted_since date,
    units numeric,
    units_per_month numeric,
    index_numerator numeric,
    index_denominator numeric,
    is_provisional boolean,
    -- The grace is over: charges count, from the due date on.
    is_charged boolean,
    -- Accrued on the present principal.
    new_correction bigint,
    new_fine bigint,
    new_interest bigint,
    new_collection_fee bigint,
    -- Owed: frozen + accrued - paid.
    principal_cents bigint,
    correction_cents bigint,
    fine_cents bigint,
    interest_cents bigint,
    collection_fee_cents bigint,
    total_cents bigint
);

-- domain: C = P·(F-1), M = P·fine, J = (P+C)·rate·time, H = (P+C+M+J)·fee; nothing until the
-- effective due date and its grace have passed.
create function private.accrue(
    item private.ledger_state, policy public.charge_policies, due_on date, effective_due_on date,
    on_date date
) returns private.accrual
language plpgsql
stable
set search_path = ''
as $$
declare
    v private.accrual;
    p constant bigint := item.principal_cents;
    v_counted_from date := case
        when policy.counts_from_nominal then due_on else effective_due_on
    end;
    v_from record;
    v_until record;
begin
    v.due_on := due_on;
    v.effective_due_on := effective_due_on;
    v.on_date := on_date;
    v.days_late := greatest(on_date - v_counted_from, 0);
    v.counted_since := greatest(coalesce(item.base_on, v_counted_from), v_counted_from);
    v.units := 0;
    v.units_per_month := 30;
    v.index_numerator := 1;
    v.index_denominator := 1;
    v.is_provisional := false;
    v.is_charged := on_date > effective_due_on + policy.grace_days and on_date >= v.counted_since;
    v.new_correction := 0;
    v.new_fine := 0;
    v.new_interest := 0;
    v.new_collection_fee := 0;

    if on_date <= effective_due_on then
        v.days_late := 0;
    end if;
    if v.is_charged and p > 0 then
        if policy.index_name is not null then
            select ratio.numerator, ratio.denominator, ratio.is_provisional
            into v.index_numerator, v.index_denominator, v.is_provisional
            from private.index_ratio(
                policy.tenant_id, policy.index_name, v.counted_since, on_date
            ) as ratio;
            -- Deflation counts month by month, but never makes a debt smaller than it was (STJ).
            v.new_correction := private.round_ratio(
                p * greatest(v.index_numerator - v.index_denominator, 0), v.index_denominator
            );
        end if;
        -- As a difference of two whole spans, or months would begin anew after each payment.
        v_until := private.interest_units(policy.interest_rule, v_counted_from, on_date);
        v_from := private.interest_units(policy.interest_rule, v_counted_from, v.counted_since);
        v.units := v_until.units - v_from.units;
        v.units_per_month := v_until.per_month;
        v.new_interest := private.round_ratio(
            (p + v.new_correction) * policy.interest_percent * v.units,
            100 * v.units_per_month
        );
        if not item.is_overdue then
            v.new_fine := private.round_ratio(
                (p + case when policy.is_fine_on_corrected then v.new_correction else 0 end)
                * policy.fine_percent, 100
            );
        end if;
        v.new_collection_fee := private.round_ratio(
            (v.new_correction + v.new_fine + v.new_interest
                + case when item.is_overdue then 0 else p end)
            * policy.collection_fee_percent, 100
        );
    end if;

    v.principal_cents := p;
    v.correction_cents :=
        greatest(item.frozen_correction + v.new_correction - item.paid_correction, 0);
    v.fine_cents := greatest(item.frozen_fine + v.new_fine - item.paid_fine, 0);
    v.interest_cents := greatest(item.frozen_interest + v.new_interest - item.paid_interest, 0);
    v.collection_fee_cents := greatest(
        item.frozen_collection_fee + v.new_collection_fee - item.paid_collection_fee, 0
    );
    v.total_cents := v.principal_cents + v.correction_cents + v.fine_cents + v.interest_cents
        + v.collection_fee_cents;
    return v;
end;
$$;
