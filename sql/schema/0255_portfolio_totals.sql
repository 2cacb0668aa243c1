-- How many people and how much, per tenant, without counting a million rows: one row moved by the
-- difference each statement on `clients` makes. A statement moves it once, whatever its size.
create table private.portfolio_totals (
    tenant_id uuid not null,
    clients bigint not null default 0,
    open_debts bigint not null default 0,
    open_cents bigint not null default 0,
    constraint portfolio_totals_pkey primary key (tenant_id),
    constraint portfolio_totals_tenant_fkey foreign key (tenant_id)
    references public.tenants (id)
);
comment on table private.portfolio_totals is 'Derived: sums over clients, for the list''s header.';

alter table private.portfolio_totals enable row level security;
alter table private.portfolio_totals force row level security;

create function private.move_portfolio_totals(
    tenant_id uuid, clients bigint, open_debts bigint, open_cents bigint
) returns void
language sql
security definer
set search_path = ''
as $$
    insert into private.portfolio_totals as totals (tenant_id, clients, open_debts, open_cents)
    select move_portfolio_totals.tenant_id, move_portfolio_totals.clients,
        move_portfolio_totals.open_debts, move_portfolio_totals.open_cents
    -- An update that moves nothing must not queue behind other people's row lock.
    where (move_portfolio_totals.clients, move_portfolio_totals.open_debts,
        move_portfolio_totals.open_cents) <> (0, 0, 0)
    on conflict (tenant_id) do update
    set clients = totals.clients + excluded.clients,
        open_debts = totals.open_debts + excluded.open_debts,
        open_cents = totals.open_cents + excluded.open_cents
$$;

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
