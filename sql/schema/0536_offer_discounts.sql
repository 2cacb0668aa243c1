-- Discounts of an offer, component by component and title by title. An amount in reais stays that
-- amount and a per cent stays that per cent: turning one into the other and back moves cents.
create type private.priced_part as (
    debt_id uuid,
    position int,
    component public.money_component,
    before_cents bigint,
    discount_cents bigint
);

create function private.priced_parts(owed private.owed_debt[]) returns private.priced_part[]
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.array_agg(
        (
            (title.debt).id, title.position, part.component, part.cents, 0
        )::private.priced_part
        order by title.position, part.component
    )
    from unnest(owed) with ordinality as title (debt, policy, item, accrual, position)
    cross join lateral (
        values
        ('principal'::public.money_component, (title.accrual).principal_cents),
        ('correction', (title.accrual).correction_cents),
        ('fine', (title.accrual).fine_cents),
        ('interest', (title.accrual).interest_cents),
        ('collection_fee', (title.accrual).collection_fee_cents)
    ) as part (component, cents)
$$;

-- {"interest": 40} means per cent; {"interest": {"percent": 40}}, {"principal": {"cents": 9900}}
-- and {"target_total_cents": 90000} say it in full. Refuses everything else.
create function private.normal_discounts(discounts jsonb) returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_given record;
    v_normal jsonb := '{}';
    v_number numeric;
begin
    if discounts is null or jsonb_typeof(discounts) = 'null' then
        return v_normal;
    end if;
    perform private.require_known_keys(discounts, array[
        'principal', 'correction', 'fine', 'interest', 'collection_fee', 'target_total_cents'
    ]);
    for v_given in select entry.key, entry.value from jsonb_each(discounts) as entry loop
        if v_given.key <> 'target_total_cents' and jsonb_typeof(v_given.value) = 'number' then
            v_given.value := jsonb_build_object('percent', v_given.value);
        elsif v_given.key = 'target_total_cents' then
            v_given.value := jsonb_build_object('cents', v_given.value);
        end if;
        v_number := case
            when jsonb_typeof(v_given.value) = 'object'
                and (select count(*) from jsonb_object_keys(v_given.value)) = 1
                and jsonb_typeof(coalesce(v_given.value -> 'percent', v_given.value -> 'cents'))
                    = 'number'
            then coalesce(v_given.value ->> 'percent', v_given.value ->> 'cents')::numeric
        end;
        if v_number is null or v_number < 0
            or v_given.value ? 'percent' and (v_number > 100 or scale(trim_scale(v_number)) > 4)
            or v_given.value ? 'cents' and (v_number <> trunc(v_number) or v_number > 1e15)
            or v_given.key = 'target_total_cents' and discounts - 'target_total_cents' <> '{}'
        then
            raise exception 'discount_invalid' using errcode = 'PT400', detail = v_given.key;
        end if;
        if v_number > 0 or v_given.key = 'target_total_cents' then
            v_normal := v_normal || jsonb_build_object(v_given.key, v_given.value);
        end if;
    end loop;
    return v_normal;
end;
$$;

-- A total somebody wants becomes discounts in reais: charges are exhausted before the principal is
-- touched, and the agency's own fee comes last.
create function private.discounts_for_target(parts private.priced_part[], target_cents bigint)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_left bigint := (select sum(part.before_cents) from unnest(parts) as part) - target_cents;
    v_component public.money_component;
    v_taken bigint;
    v_discounts jsonb := '{}';
begin
    if v_left < 0 then
        raise exception 'discount_invalid' using errcode = 'PT400', detail = 'target_total_cents';
    end if;
    foreach v_component in array
        '{fine,interest,correction,principal,collection_fee}'::public.money_component[]
    loop
        v_taken := least(v_left, (
            select sum(part.before_cents) from unnest(parts) as part
            where part.component = v_component
        ));
        v_left := v_left - v_taken;
        v_discounts := v_discounts
            || jsonb_build_object(v_component, jsonb_build_object('cents', v_taken));
    end loop;
    return v_discounts;
end;
$$;

-- Per cent: rounded once per component and title. Reais: spread by cumulated shares, whole cents,
-- exact in sum and never more than a title's own.
create function private.discount_parts(parts private.priced_part[], discounts jsonb)
returns private.priced_part[]
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_wrong public.money_component;
begin
    if discounts ? 'target_total_cents' then
        discounts := private.discounts_for_target(
            parts, (discounts #>> '{target_total_cents,cents}')::bigint
        );
    end if;
    select part.component into v_wrong
    from unnest(parts) as part
    group by part.component
    having sum(part.before_cents) < max(
        (discounts #>> array[part.component::text, 'cents'])::bigint
    )
    limit 1;
    if found then
        raise exception 'discount_invalid' using errcode = 'PT400',
            detail = v_wrong || ': more than is owed';
    end if;
    return (
        select array_agg(
            (
                cumulated.debt_id, cumulated.position, cumulated.component, cumulated.before_cents,
                case
                    when cumulated.percent is not null
                        then private.round_ratio(cumulated.before_cents * cumulated.percent, 100)
                    when cumulated.total > 0 then
                        div(cumulated.until_here * cumulated.cents, cumulated.total)
                        - div((cumulated.until_here - cumulated.before_cents) * cumulated.cents,
                            cumulated.total)
                    else 0
                end
            )::private.priced_part
            order by cumulated.position, cumulated.component
        )
        from (
            select part.debt_id, part.position, part.component, part.before_cents,
                (discounts #>> array[part.component::text, 'percent'])::numeric as percent,
                coalesce((discounts #>> array[part.component::text, 'cents'])::numeric, 0) as cents,
                sum(part.before_cents) over (
                    partition by part.component order by part.position
                ) as until_here,
                sum(part.before_cents) over (partition by part.component) as total
            from unnest(parts) as part
        ) as cumulated
    );
end;
$$;

-- {principal_cents, …, total_cents} over all titles; `what`: before, discount or after.
create function private.parts_total(parts private.priced_part[], what text) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.jsonb_object_agg(counted.key, counted.cents)
    from (
        select coalesce(part.component::text, 'total') || '_cents' as key,
            sum(case what
                when 'before' then part.before_cents
                when 'discount' then part.discount_cents
                else part.before_cents - part.discount_cents
            end) as cents
        from unnest(parts) as part
        group by rollup (part.component)
    ) as counted
$$;
