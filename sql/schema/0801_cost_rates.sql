-- What the agency pays besides messages (those are in the rate card, 0908): a minute of voice, its
-- licences and its people each month, and what a foreign currency costs. Each from a day on.
create table public.cost_rates (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    -- voice_minute | licence_month | labour_month | exchange (one unit of the currency in reais)
    kind text not null,
    currency text not null default 'BRL',
    -- Millionths of a real.
    price_micros bigint not null,
    valid_from date not null,
    created_by uuid not null default auth.uid(),
    created_at timestamptz not null default private.now(),
    constraint cost_rates_pkey primary key (id),
    constraint cost_rates_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint cost_rates_created_by_fkey foreign key (created_by) references auth.users (id),
    constraint cost_rates_kind_is_known check (
        kind in ('voice_minute', 'licence_month', 'labour_month', 'exchange')
    ),
    constraint cost_rates_currency_is_code check (currency ~ '^[A-Z]{3}$'),
    constraint cost_rates_are_in_reais check ((kind = 'exchange') = (currency <> 'BRL')),
    constraint cost_rates_price_is_not_negative check (price_micros >= 0)
);
comment on table public.cost_rates is
'Costs typed in by an admin, each from a day on; of one day the newest holds.';

create index cost_rates_in_force
on public.cost_rates (tenant_id, kind, currency, valid_from desc, created_at desc);
create index cost_rates_of_author on public.cost_rates (created_by);

alter table public.cost_rates enable row level security;
alter table public.cost_rates force row level security;

-- What people earn is not for everybody.
create policy cost_rates_select_supervisor on public.cost_rates for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

create policy cost_rates_insert_admin on public.cost_rates for insert to authenticated
with check (
    tenant_id = (select private.tenant_id()) and (select private.has_role('admin'))
    and created_by = (select auth.uid())
);

-- No update, no delete: a price is corrected by the next one, and a number can be explained.
grant select on public.cost_rates to authenticated;
grant insert (id, tenant_id, kind, currency, price_micros, valid_from) on public.cost_rates
to authenticated;

create trigger _900_audit_insert after insert on public.cost_rates
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.cost_rates
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.cost_rates
referencing old table as old_rows for each statement execute function private.tg_audit();

-- The price of each day that has one.
create function private.cost_days(
    tenant_id uuid, kind text, currency text, from_day date, until_day date
) returns table (day date, price_micros bigint, rate_id uuid, created_at timestamptz)
language sql
stable
security definer
set search_path = ''
as $$
    select days.day, in_force.price_micros, in_force.id, in_force.created_at
    from (
        select cost_days.from_day + step as day
        from generate_series(0, cost_days.until_day - cost_days.from_day) as step
    ) as days
    cross join lateral (
        select rate.price_micros, rate.id, rate.created_at
        from public.cost_rates as rate
        where rate.tenant_id = cost_days.tenant_id and rate.kind = cost_days.kind
          and rate.currency = cost_days.currency and rate.valid_from <= days.day
        order by rate.valid_from desc, rate.created_at desc
        limit 1
    ) as in_force
$$;
