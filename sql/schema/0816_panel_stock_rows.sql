-- The titles and people behind a number of the stock, as its record found them: the oldest first.

-- A page of them; `at` is the day a title was due, a payment was made, or the record was taken.
-- band and outcome: of private.panel_rolled and of the tables of 0817; null: all.
create function private.panel_stock_found(
    scope private.panel_scope, measure text, on_day date, band smallint, outcome text,
    after_day date, after_id uuid, row_limit int
) returns setof private.panel_event
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_zone text := (
        select tenants.time_zone from public.tenants where tenants.id = scope.tenant_id
    );
    v_last date := private.panel_stock_day(scope);
    v_bounds record;
    v_due_from date := '-infinity';
    v_due_to date := 'infinity';
begin
    select bands.days_from, bands.days_to into v_bounds
    from private.aging_bands() with ordinality as bands (band, days_from, days_to, place)
    where bands.place = panel_stock_found.band;
    v_due_from := coalesce(on_day - v_bounds.days_to, v_due_from);
    v_due_to := coalesce(on_day - v_bounds.days_from, v_due_to);
    if measure = 'stock_eligible' then
        return query
        select measure, on_day, on_day::timestamp at time zone v_zone, person.client_id,
            null::uuid, person.creditor_ids, 'clients', person.client_id::text, 0::bigint
        from private.panel_reachable as person
        where person.tenant_id = scope.tenant_id and person.client_id > after_id
          and on_day between person.from_day and person.until_day
          and (scope.creditor_ids is null or person.creditor_ids && scope.creditor_ids)
        order by person.client_id
        limit row_limit;
    elsif measure in ('stock', 'stock_opening', 'stock_eligible_title') then
        return query
        select measure, on_day, title.due_on::timestamp at time zone v_zone, title.client_id,
            null::uuid, array[title.creditor_id], 'debts', title.debt_id::text, title.cents
        from private.panel_titles as title
        where title.tenant_id = scope.tenant_id
          and title.due_on between v_due_from and v_due_to
          and (title.due_on, title.debt_id) > (after_day, after_id)
          and on_day between title.from_day and title.until_day
          and title.state in ('open', 'agreed', 'held')
          and (scope.creditor_ids is null or title.creditor_id = any(scope.creditor_ids))
          and (measure <> 'stock_eligible_title' or title.state = 'open' and exists (
              select from private.panel_reachable as person
              where person.tenant_id = title.tenant_id and person.client_id = title.client_id
                and on_day between person.from_day and person.until_day
          ))
        order by title.due_on, title.debt_id
        limit row_limit;
    elsif measure = 'rolled' then
        return query
        select measure, on_day, gone.due_on::timestamp at time zone v_zone, gone.client_id,
            null::uuid, array[gone.creditor_id], 'debts', gone.debt_id::text, gone.cents
        from private.panel_rolled(
            scope.tenant_id, scope.from_day, on_day, panel_stock_found.band,
            panel_stock_found.outcome, scope.creditor_ids, after_day, after_id, row_limit
        ) as gone;
    else
        -- What was owed as the period began, what came new, and what of it was still there.
        return query
        select measure, v_last, max(part.due_on)::timestamp at time zone v_zone,
            max(part.client_id::text)::uuid, null::uuid, array[max(part.creditor_id::text)::uuid],
            'debts', part.debt_id::text, sum(part.cents)::bigint
        from (
            select title.debt_id, title.due_on, title.client_id, title.creditor_id,
                case when told.is_left then -title.cents else title.cents end as cents
            from private.panel_titles as title
            cross join lateral (
                values
                (false, measure <> 'stock_entered'
                    and scope.from_day between title.from_day and title.until_day),
                (false, title.is_entry and title.from_day > scope.from_day
                    and title.from_day <= v_last),
                (true, measure <> 'stock_entered'
                    and v_last between title.from_day and title.until_day
                    and (measure = 'stock_collected'
                        or title.due_on >= v_last))
            ) as told (is_left, holds)
            where title.tenant_id = scope.tenant_id and told.holds
              and title.state in ('open', 'agreed', 'held') and title.debt_id > after_id
              and (scope.creditor_ids is null or title.creditor_id = any(scope.creditor_ids))
        ) as part
        group by part.debt_id
        having sum(part.cents) <> 0 or measure = 'stock_entered'
        order by part.debt_id
        limit row_limit;
    end if;
end;
$$;

-- What of the money of a period was paid by titles of an age, or by those that came later.
create function private.panel_recovered_found(
    scope private.panel_scope, band smallint, after_day date, after_id bigint, row_limit int
) returns setof private.panel_event
language sql
stable
security definer
set search_path = ''
as $$
    select 'recovered', payment.paid_on,
        payment.paid_on::timestamp at time zone agency.time_zone, payment.client_id, null::uuid,
        array[debt.creditor_id], 'payment_allocations', booking.id::text, booking.total_cents
    from public.tenants as agency
    join public.payments as payment on payment.tenant_id = agency.id
    join public.payment_allocations as booking
        on booking.tenant_id = payment.tenant_id and booking.payment_id = payment.id
    join public.debts as debt
        on debt.tenant_id = booking.tenant_id and debt.id = booking.debt_id
    where agency.id = (scope).tenant_id
      and payment.paid_on between (scope).from_day and (scope).until_day
      and ((scope).creditor_ids is null or debt.creditor_id = any((scope).creditor_ids))
      and case
          when (debt.created_at at time zone agency.time_zone)::date < (scope).from_day
              then private.aging_band((scope).from_day - debt.due_on) = panel_recovered_found.band
          else panel_recovered_found.band is null
      end
      and (payment.paid_on, booking.id)
          > (panel_recovered_found.after_day, panel_recovered_found.after_id)
    order by payment.paid_on, booking.id
    limit panel_recovered_found.row_limit
$$;

-- Installments of a record that are late and not yet broken.
create function private.panel_provisional_found(
    scope private.panel_scope, on_day date, after_day date, after_id uuid, row_limit int
) returns setof private.panel_event
language sql
stable
security definer
set search_path = ''
as $$
    select 'stock_provisional', late.day, late.due_on::timestamp at time zone agency.time_zone,
        late.client_id, late.operator_id, array[late.creditor_id], 'installments',
        late.installment_id::text, late.cents
    from private.panel_provisional as late
    join public.tenants as agency on agency.id = late.tenant_id
    where late.tenant_id = (scope).tenant_id and late.day = panel_provisional_found.on_day
      and ((scope).creditor_ids is null or late.creditor_id = any((scope).creditor_ids))
      and ((scope).operator_ids is null or late.operator_id = any((scope).operator_ids))
      and private.panel_is_seated(scope, late.operator_id, late.day)
      and (late.due_on, late.installment_id)
          > (panel_provisional_found.after_day, panel_provisional_found.after_id)
    order by late.due_on, late.installment_id
    limit panel_provisional_found.row_limit
$$;

-- The record whose rows are asked for, or the nearest that still has its own.
create function private.panel_day_with_rows(tenant_id uuid, asked date) returns date
language sql
stable
security definer
set search_path = ''
as $$
    select known.day from private.panel_stock_days as known
    where known.tenant_id = panel_day_with_rows.tenant_id and known.has_rows
      and exists (
          select from private.panel_stock_days as said
          where said.tenant_id = known.tenant_id and said.day = panel_day_with_rows.asked
      )
    order by abs(known.day - panel_day_with_rows.asked), known.day
    limit 1
$$;

-- The month that was under way when rows began to be kept has its opening (its titles came onto the
-- books with it), though that day's other rows are not known.
create function private.knows_titles_since(tenant_id uuid, day date) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select private.has_panel_rows(knows_titles_since.tenant_id, knows_titles_since.day)
        or knows_titles_since.day >= private.today(knows_titles_since.tenant_id) - 366
        and exists (
            select from private.panel_stock_days as known
            where known.tenant_id = knows_titles_since.tenant_id
              and known.day = knows_titles_since.day
        )
        and exists (
            select from private.panel_titles as title
            where title.tenant_id = knows_titles_since.tenant_id and title.is_entry
              and title.from_day <= knows_titles_since.day
        )
$$;

-- A page of what was found, one row more than it shows.
create function private.panel_page(
    tenant_id uuid, found private.panel_event[], size int, zone text
) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'rows', (
            select coalesce(jsonb_agg(
                private.panel_row(panel_page.tenant_id, panel_page.found[listed.place])
                order by listed.place
            ), '[]')
            from generate_series(1, least(cardinality(panel_page.found), panel_page.size))
                as listed (place)
        ),
        'next', case when cardinality(panel_page.found) > panel_page.size
            then private.encode_cursor(
                ((panel_page.found[panel_page.size].at at time zone panel_page.zone)::date)::text,
                panel_page.found[panel_page.size].source_id
            ) end
    )
$$;

-- {rows, next, day, asked_day}: `day` is the record that the rows are of.
create function private.panel_stock_page(
    scope private.panel_scope, measure text, band smallint, outcome text, after text, size int
) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    c_least constant uuid := '00000000-0000-0000-0000-000000000000';
    v_cursor text [] := case when after is not null
        then private.decode_cursor(
            after, 'date', case measure when 'recovered' then 'bigint' else 'uuid' end
        ) end;
    v_after_day date := coalesce(v_cursor[1], '-infinity');
    v_zone text := (
        select tenants.time_zone from public.tenants where tenants.id = scope.tenant_id
    );
    v_asked date := private.panel_stock_day(scope);
    v_day date;
    v_found private.panel_event [] := '{}';
begin
    if measure = 'stock_opening' then
        v_asked := scope.from_day;
    elsif measure = 'rolled' then
        select max(roll.to_day) into v_asked from private.panel_rolls as roll
        where roll.tenant_id = scope.tenant_id and roll.to_day <= scope.until_day;
        select min(roll.from_day) into scope.from_day from private.panel_rolls as roll
        where roll.tenant_id = scope.tenant_id and roll.to_day = v_asked;
    end if;
    if measure = 'rolled' and outcome is null then
        measure := 'stock';
        v_asked := scope.from_day;
    end if;
    v_day := case
        when measure in ('stock', 'stock_opening', 'stock_eligible', 'stock_eligible_title')
            then private.panel_day_with_rows(scope.tenant_id, v_asked)
        -- Nothing, rather than the part that is still known.
        when measure = 'rolled' and not private.knows_titles_since(scope.tenant_id, scope.from_day)
            or measure in ('stock_entered', 'stock_collectable', 'stock_collected')
            and not private.has_panel_rows(scope.tenant_id, scope.from_day) then null
        else v_asked end;
    if measure = 'recovered' then
        v_found := array(
            select event::private.panel_event from private.panel_recovered_found(
                scope, band, v_after_day, coalesce(v_cursor[2]::bigint, 0), size + 1
            ) as event
        );
    elsif measure = 'stock_provisional' then
        v_found := array(
            select event::private.panel_event from private.panel_provisional_found(
                scope, v_day, v_after_day, coalesce(v_cursor[2]::uuid, c_least), size + 1
            ) as event
        );
    -- A person's work has no stock, and of some records only the sums are left.
    elsif scope.operator_ids is null and v_day is not null then
        v_found := array(
            select event::private.panel_event from private.panel_stock_found(
                scope, measure, v_day, band, outcome, v_after_day,
                coalesce(v_cursor[2]::uuid, c_least), size + 1
            ) as event
        );
    end if;
    return jsonb_build_object('day', v_day, 'asked_day', v_asked)
        || private.panel_page(scope.tenant_id, v_found, size, v_zone);
end;
$$;
