-- How many people and how much, per tenant, without counting a million rows: each statement on
-- `clients` adds a row with its difference, whatever its size, and a job folds the rows into one.
-- Added, not updated: one row per tenant would let one open transaction hold up all its people.
create table private.portfolio_totals (
    tenant_id uuid not null,
    clients bigint not null default 0,
    open_debts bigint not null default 0,
    open_cents bigint not null default 0,
    id bigint generated always as identity,
    constraint portfolio_totals_pkey primary key (id),
    constraint portfolio_totals_tenant_fkey foreign key (tenant_id)
    references public.tenants (id)
);
comment on table private.portfolio_totals is
'Derived: sums over clients, for the list''s header. The sum of a tenant''s rows counts.';

create index portfolio_totals_of_tenant on private.portfolio_totals (tenant_id);

alter table private.portfolio_totals enable row level security;
alter table private.portfolio_totals force row level security;

create function private.move_portfolio_totals(
    tenant_id uuid, clients bigint, open_debts bigint, open_cents bigint
) returns void
language sql
security definer
set search_path = ''
as $$
    insert into private.portfolio_totals (tenant_id, clients, open_debts, open_cents)
    select move_portfolio_totals.tenant_id, move_portfolio_totals.clients,
        move_portfolio_totals.open_debts, move_portfolio_totals.open_cents
    where (move_portfolio_totals.clients, move_portfolio_totals.open_debts,
        move_portfolio_totals.open_cents) <> (0, 0, 0)
$$;

create function private.portfolio_of(
    tenant_id uuid, out clients bigint, out open_debts bigint, out open_cents bigint
)
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(sum(totals.clients), 0)::bigint,
        coalesce(sum(totals.open_debts), 0)::bigint, coalesce(sum(totals.open_cents), 0)::bigint
    from private.portfolio_totals as totals
    where totals.tenant_id = portfolio_of.tenant_id
$$;

-- Replaced by their sum in one statement, so that no reader sees a row twice or not at all.
create function private.fold_portfolio_totals() returns void
language sql
security definer
set search_path = ''
as $$
    with folded as (
        delete from private.portfolio_totals as totals
        where totals.id in (
            select known.id from private.portfolio_totals as known
            where known.tenant_id in (
                select several.tenant_id from private.portfolio_totals as several
                group by several.tenant_id
                having count(*) > 1
            )
            for update skip locked
        )
        returning totals.tenant_id, totals.clients, totals.open_debts, totals.open_cents
    )
    insert into private.portfolio_totals (tenant_id, clients, open_debts, open_cents)
    select folded.tenant_id, sum(folded.clients), sum(folded.open_debts), sum(folded.open_cents)
    from folded
    group by folded.tenant_id
$$;

select cron.schedule(
    'fold-portfolio-totals', '* * * * *', 'select private.fold_portfolio_totals()'
);

create function private.tg_clients__portfolio_totals() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    if tg_op = 'INSERT' then
        perform private.move_portfolio_totals(
            new_rows.tenant_id, count(*), sum(new_rows.open_debts), sum(new_rows.open_cents)::bigint
        )
        from new_rows group by new_rows.tenant_id;
    elsif tg_op = 'DELETE' then
        perform private.move_portfolio_totals(
            old_rows.tenant_id, -count(*), -sum(old_rows.open_debts),
            -sum(old_rows.open_cents)::bigint
        )
        from old_rows group by old_rows.tenant_id;
    else
        perform private.move_portfolio_totals(
            moved.tenant_id, 0, sum(moved.open_debts)::bigint, sum(moved.open_cents)::bigint
        )
        from (
            select new_rows.tenant_id, new_rows.open_debts, new_rows.open_cents from new_rows
            union all
            select old_rows.tenant_id, -old_rows.open_debts, -old_rows.open_cents from old_rows
        ) as moved
        group by moved.tenant_id;
    end if;
    return null;
end;
$$;

create trigger _300_portfolio_totals_insert after insert on public.clients
referencing new table as new_rows for each statement
execute function private.tg_clients__portfolio_totals();
create trigger _300_portfolio_totals_update after update on public.clients
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_clients__portfolio_totals();
create trigger _300_portfolio_totals_delete after delete on public.clients
referencing old table as old_rows for each statement
execute function private.tg_clients__portfolio_totals();
