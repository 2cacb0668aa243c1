-- The schedule of an offer: amounts exact to the cent, dates without drift.
create type private.scheduled as (
    number int,
    kind public.installment_kind,
    due_on date,
    effective_due_on date,
    amount_cents bigint,
    method public.charge_method
);

-- Whole cents, the residual ones on the first installments: 1000/3 = 333.34 + 333.33 + 333.33.
create function private.split_cents(amount_cents bigint, parts int) returns bigint[]
language sql
immutable
strict
set search_path = ''
as $$
    select pg_catalog.array_agg(
        amount_cents / parts + case when n <= amount_cents % parts then 1 else 0 end order by n
    )
    from generate_series(1, parts) as n
$$;

-- Price table from the exact rate, each payment rounded half up: 900.00 at 2 % in 6 = 6 × 160.67.
-- `percent` is a month's; a shorter period takes its days' share of thirty.
create function private.price_payment(
    amount_cents bigint, parts int, percent numeric, period_days int
)
returns bigint
language plpgsql
immutable
strict
set search_path = ''
as $$
declare
    -- (3000 + i)^n and 3000^n: whole powers, so that nothing is rounded on the way.
    v_rate numeric := percent * period_days;
    v_grown numeric := 1;
    v_plain numeric := 1;
begin
    for i in 1..parts loop
        v_grown := v_grown * (3000 + v_rate);
        v_plain := v_plain * 3000;
    end loop;
    return private.round_ratio(amount_cents * v_rate * v_grown, 3000 * (v_grown - v_plain));
end;
$$;

-- That day of the month of `day`, or the month's last when it is shorter.
create function private.clamped_day(day date, due_day int) returns date
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.date_trunc('month', day)::date + least(
        due_day,
        extract(day from date_trunc('month', day) + interval '1 month' - interval '1 day')::int
    ) - 1
$$;

-- The due date number `k` (from 0). Months are always counted from the first one and clamped to the
-- month's end: 31 January, 28 February, 31 March.
create function private.nth_due_date(
    first_due date, due_day int, due_interval public.due_interval, k int
) returns date
language sql
immutable
set search_path = ''
as $$
    select case
        when k = 0 then first_due
        when due_interval = 'weekly' then first_due + 7 * k
        when due_interval = 'biweekly' then first_due + 14 * k
        else private.clamped_day(
            (date_trunc('month', first_due) + make_interval(months => k))::date,
            coalesce(due_day, extract(day from first_due)::int)
        )
    end
$$;

-- `offer`: normalised inputs of simulate_agreement. `total_cents`: after discounts.
create function private.plan_schedule(
    policy public.charge_policies, offer jsonb, total_cents bigint
) returns private.scheduled[]
language plpgsql
stable
set search_path = ''
as $$
declare
    v_base_on date := (offer ->> 'base_on')::date;
    v_count int := (offer ->> 'installments')::int;
    v_percent numeric := (offer ->> 'financing_percent')::numeric;
    v_down bigint := (
        select coalesce(sum((down ->> 'amount_cents')::bigint), 0)
        from jsonb_array_elements(offer -> 'down_payments') as down
    );
    v_rest bigint := total_cents - v_down;
    v_amounts bigint[];
    v_schedule private.scheduled[];
begin
    if v_rest < 0 or v_rest = 0 and v_count > 0 then
        raise exception 'down_payment_exceeds_total' using errcode = 'PT400',
            detail = format('%s of %s cents, %s installments', v_down, total_cents, v_count);
    elsif v_rest > 0 and v_count = 0 then
        raise exception 'down_payment_short' using errcode = 'PT400',
            detail = format('%s cents are missing and there are no installments', v_rest);
    elsif v_rest < v_count then
        raise exception 'installments_invalid' using errcode = 'PT400',
            detail = 'less than a cent each';
    end if;
    v_amounts := case
        when v_percent > 0 and v_count > 0
            then array_fill(private.price_payment(
                v_rest, v_count, v_percent,
                case offer ->> 'interval' when 'weekly' then 7 when 'biweekly' then 14 else 30 end
            ), array[v_count])
        else private.split_cents(v_rest, v_count)
    end;
    v_schedule := array(
        select (
            row_number() over (order by planned.due_on, planned.kind, planned.place),
            planned.kind, planned.due_on,
            private.next_business_day(
                policy.tenant_id, policy.holiday_uf, planned.due_on, policy.due_rule
            ),
            planned.amount_cents, planned.method
        )::private.scheduled
        from (
            select 'down_payment'::public.installment_kind as kind, down.place,
                (down.item ->> 'due_on')::date as due_on,
                (down.item ->> 'amount_cents')::bigint as amount_cents,
                (down.item ->> 'method')::public.charge_method as method
            from jsonb_array_elements(offer -> 'down_payments')
                with ordinality as down (item, place)
            union all
            select 'installment', k,
                private.nth_due_date(
                    (offer ->> 'first_due_date')::date, (offer ->> 'due_day')::int,
                    (offer ->> 'interval')::public.due_interval, k - 1
                ),
                v_amounts[k], (offer ->> 'method')::public.charge_method
            from generate_series(1, v_count) as k
        ) as planned
        order by 1
    );
    if exists (
        select from unnest(v_schedule) as planned
        where planned.due_on < v_base_on or planned.effective_due_on < v_base_on
    ) then
        raise exception 'due_date_in_past' using errcode = 'PT400',
            detail = 'no payment may be due before the day of the offer';
    end if;
    return v_schedule;
end;
$$;
