-- Taking a day's record: rows first (0811_panel_titles), then their sums.

-- The titles of one record and what the other says of them, in parts that add up to what was owed,
-- the oldest title first; null: of all bands, outcomes, creditors, and all of them. In plpgsql so
-- that a page is planned as a page.
create function private.panel_rolled(
    tenant_id uuid, from_day date, to_day date, in_band smallint default null,
    outcome_is text default null, creditor_ids uuid[] default null,
    after_day date default '-infinity',
    after_id uuid default '00000000-0000-0000-0000-000000000000',
    row_limit int default null
) returns table (
    debt_id uuid, client_id uuid, creditor_id uuid, due_on date, band smallint, outcome text,
    cents bigint
)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return query
    select was.debt_id, was.client_id, was.creditor_id, was.due_on, was_in.band, part.outcome,
        part.cents
    from private.panel_titles as was
    cross join lateral (
        select (1 + width_bucket(
            panel_rolled.from_day - was.due_on, private.band_edges()
        ))::smallint as band
    ) as was_in
    join private.panel_titles as became
        on became.tenant_id = was.tenant_id and became.debt_id = was.debt_id
        and panel_rolled.to_day between became.from_day and became.until_day
    cross join lateral (
        -- What the title has grown by is no part of what was owed.
        select least(was.cents, became.cents) as kept,
            (1 + width_bucket(
                panel_rolled.to_day - became.due_on, private.band_edges()
            ))::smallint as band
    ) as now_is
    cross join lateral (
        values
        (case
            when became.state = 'agreed' and was.state <> 'agreed' then 'cured'
            when now_is.band > was_in.band then 'forward'
            when now_is.band < was_in.band then 'back'
            else 'same'
        end, now_is.kept),
        (case when became.state = 'left' then 'left' else 'paid' end, was.cents - now_is.kept)
    ) as part (outcome, cents)
    where was.tenant_id = panel_rolled.tenant_id
      and panel_rolled.from_day between was.from_day and was.until_day
      and was.state in ('open', 'agreed', 'held') and part.cents > 0
      and (was.due_on, was.debt_id) > (panel_rolled.after_day, panel_rolled.after_id)
      and (panel_rolled.in_band is null or was_in.band = panel_rolled.in_band)
      and (panel_rolled.outcome_is is null or part.outcome = panel_rolled.outcome_is)
      and (
          panel_rolled.creditor_ids is null or was.creditor_id = any(panel_rolled.creditor_ids)
      )
    order by was.due_on, was.debt_id
    limit panel_rolled.row_limit;
end;
$$;

-- Where the titles of the month's first record went, once the next month's is taken.
create function private.write_panel_rolls(tenant_id uuid, on_day date) returns void
language sql
security definer
set search_path = ''
as $$
    insert into private.panel_rolls (
        tenant_id, from_day, to_day, creditor_id, band, outcome, titles, cents
    )
    select write_panel_rolls.tenant_id, opening.day, write_panel_rolls.on_day, part.creditor_id,
        part.band, part.outcome, count(*), sum(part.cents)
    from (
        -- A month that was missed is no month's roll.
        select min(known.day) as day from private.panel_stock_days as known
        where known.tenant_id = write_panel_rolls.tenant_id
          and date_trunc('month', known.day)
              = date_trunc('month', write_panel_rolls.on_day) - interval '1 month'
    ) as opening
    cross join lateral private.panel_rolled(
        write_panel_rolls.tenant_id, opening.day, write_panel_rolls.on_day
    ) as part
    where not exists (
        select from private.panel_stock_days as known
        where known.tenant_id = write_panel_rolls.tenant_id and known.day < write_panel_rolls.on_day
          and known.day >= date_trunc('month', write_panel_rolls.on_day)
    )
    group by opening.day, part.creditor_id, part.band, part.outcome
    on conflict do nothing
$$;

-- An agency's portfolio arrives in the course of a day: until a second day has one, the first
-- day's record is taken again after whatever came since. Later ones are the opening of their day.
create function private.is_stock_early(tenant_id uuid) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select not exists (
        select from private.panel_stock as known
        where known.tenant_id = is_stock_early.tenant_id and known.day < taken.day
    ) and (
        exists (
            select from public.debts
            where debts.tenant_id = is_stock_early.tenant_id and debts.created_at > taken.taken_at
        )
        or exists (
            select from public.imports
            where imports.tenant_id = is_stock_early.tenant_id
              and imports.finished_at > taken.taken_at and not imports.is_rehearsal
        )
    )
    from private.panel_stock_days as taken
    where taken.tenant_id = is_stock_early.tenant_id
      and taken.day = private.today(is_stock_early.tenant_id)
$$;

-- False: the day has its own already.
create function private.take_panel_stock(tenant_id uuid) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- The panel's year: what a supervisor may ask for.
    c_kept_days constant int := 366;
    v_today date := private.today(tenant_id);
begin
    insert into private.panel_stock_days (tenant_id, day, has_rows)
    values (tenant_id, v_today, true)
    on conflict on constraint panel_stock_days_pkey do nothing;
    if not found then
        if not private.is_stock_early(tenant_id) then
            return false;
        end if;
        update private.panel_stock_days as known set taken_at = private.now(), has_rows = true
        where known.tenant_id = take_panel_stock.tenant_id and known.day = v_today;
        delete from private.panel_stock as known
        where known.tenant_id = take_panel_stock.tenant_id and known.day = v_today;
        delete from private.panel_eligible as known
        where known.tenant_id = take_panel_stock.tenant_id and known.day = v_today;
        delete from private.panel_provisional as known
        where known.tenant_id = take_panel_stock.tenant_id and known.day = v_today;
    end if;
    perform private.note_titles(tenant_id, v_today);
    perform private.note_reachable(tenant_id, v_today);
    perform private.note_provisional(tenant_id, v_today);
    insert into private.panel_stock (tenant_id, day, creditor_id, band, titles, cents)
    select title.tenant_id, v_today, title.creditor_id,
        1 + width_bucket(v_today - title.due_on, private.band_edges()) as band, count(*),
        sum(title.cents)
    from private.panel_titles as title
    where title.tenant_id = take_panel_stock.tenant_id and title.until_day = 'infinity'
      and title.state in ('open', 'agreed', 'held')
    group by title.tenant_id, title.creditor_id, band;
    insert into private.panel_eligible (tenant_id, day, creditor_id, clients, titles, debtors)
    select take_panel_stock.tenant_id, v_today, title.creditor_id,
        count(distinct person.client_id), count(person.client_id),
        count(distinct title.client_id)
    from private.panel_titles as title
    left join private.panel_reachable as person
        on person.tenant_id = title.tenant_id and person.client_id = title.client_id
        and person.until_day = 'infinity' and title.state = 'open'
    where title.tenant_id = take_panel_stock.tenant_id and title.until_day = 'infinity'
      and title.state in ('open', 'agreed', 'held')
    group by grouping sets ((), (title.creditor_id));
    perform private.write_panel_rolls(tenant_id, v_today);
    delete from private.panel_titles as known
    where known.tenant_id = take_panel_stock.tenant_id and known.until_day < v_today - c_kept_days;
    delete from private.panel_reachable as known
    where known.tenant_id = take_panel_stock.tenant_id and known.until_day < v_today - c_kept_days;
    update private.panel_stock_days as known set has_rows = false
    where known.tenant_id = take_panel_stock.tenant_id and known.day < v_today - c_kept_days
      and known.has_rows;
    return true;
end;
$$;

-- The first portfolio is on the panel when its import ends. A longer one is left to the job (five
-- minutes): whoever imports does not wait for it.
create function private.tg_imports__stock() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Half a second's work (5.3 s of processor for 100,000 titles).
    c_short constant int := 10000;
begin
    perform private.take_panel_stock(ended.tenant_id)
    from (
        select distinct became.tenant_id
        from new_rows as became
        join old_rows as was on was.id = became.id
        where was.finished_at is null and became.finished_at is not null
          and not became.is_rehearsal
    ) as ended
    where private.is_stock_early(ended.tenant_id) and (
        -- The record is of all that the agency has, not of what one file brought.
        select count(*) from (
            select from public.debts where debts.tenant_id = ended.tenant_id limit c_short + 1
        ) as titles
    ) <= c_short;
    return null;
end;
$$;

create trigger _700_panel_update after update on public.imports
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_imports__stock();
