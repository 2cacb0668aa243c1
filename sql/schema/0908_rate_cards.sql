-- What a message costs is data with dates: Meta changed its prices three times in two years. A
-- tenant writes down its own contract; without one the published prices stand in, marked as such.
create table private.published_rates (
    provider public.provider_name not null,
    category text not null,
    currency text not null,
    -- Millionths of the currency: a message costs less than a cent.
    price_micros bigint not null,
    -- Whether the category is free while the person's 24 hours are open.
    is_free_in_window boolean not null,
    valid_from date not null,
    source text not null,
    constraint published_rates_pkey primary key (provider, category, valid_from)
);
alter table private.published_rates enable row level security;
alter table private.published_rates force row level security;

-- Brazil, second-hand and indicative: Meta's own page could not be read. Since
-- October 2026 utility messages are charged inside the window, too.
insert into private.published_rates (
    provider, category, currency, price_micros, is_free_in_window, valid_from, source
)
select
    company.name::public.provider_name,
    rate.category,
    'USD' as currency,
    rate.price_micros,
    rate.is_free,
    rate.valid_from,
    rate.source
from (values ('gupshup'), ('meta')) as company (name)
cross join (
    values
    ('marketing', 25000, false, date '2025-07-01', 'SleekFlow calculator, 2026-09-20'),
    ('utility', 3400, true, date '2025-07-01', 'SleekFlow calculator, 2026-09-20'),
    ('authentication', 3400, false, date '2025-07-01', 'SleekFlow calculator, 2026-09-20'),
    ('service', 0, true, date '2025-07-01', 'Meta, pricing updates of July 2025'),
    ('utility', 3400, false, date '2026-10-01', 'YCloud, 2026-07-02'),
    ('service', 3400, false, date '2026-10-01', 'YCloud, 2026-07-02')
) as rate (category, price_micros, is_free, valid_from, source);

create table public.rate_cards (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    provider public.provider_name not null,
    category text not null,
    currency text not null default 'BRL',
    price_micros bigint not null,
    is_free_in_window boolean not null default false,
    valid_from date not null,
    created_at timestamptz not null default private.now(),
    constraint rate_cards_pkey primary key (id),
    constraint rate_cards_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint rate_cards_one_a_day unique (tenant_id, provider, category, valid_from),
    constraint rate_cards_category_is_known check (
        category in ('marketing', 'utility', 'authentication', 'service')
    ),
    constraint rate_cards_currency_is_code check (currency ~ '^[A-Z]{3}$'),
    constraint rate_cards_price_is_not_negative check (price_micros >= 0)
);
comment on table public.rate_cards is 'A tenant''s prices per message, each from a day on.';

alter table public.rate_cards enable row level security;
alter table public.rate_cards force row level security;

create policy rate_cards_select_member on public.rate_cards for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy rate_cards_insert_admin on public.rate_cards for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

-- No update, no delete: a price is corrected by the next one, and forecasts can be explained.
grant select on public.rate_cards to authenticated;
grant insert (
    id, tenant_id, provider, category, currency, price_micros, is_free_in_window, valid_from
) on public.rate_cards to authenticated;

create trigger _900_audit_insert after insert on public.rate_cards
referencing new table as new_rows for each statement execute function private.tg_audit();

create trigger _900_audit_update after update on public.rate_cards
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.rate_cards
referencing old table as old_rows for each statement execute function private.tg_audit();
-- The panel's days (0810).
create trigger _700_panel_insert after insert on public.rate_cards
referencing new table as new_rows for each statement
execute function private.tg_rates__panel();

create type private.rate as (
    currency text, price_micros bigint, is_free_in_window boolean, valid_from date, is_own boolean
);

create function private.rate_of(
    tenant_id uuid, provider public.provider_name, category text, on_date date
) returns private.rate
language sql
stable
security definer
set search_path = ''
as $$
    select (
        known.currency, known.price_micros, known.is_free_in_window, known.valid_from, known.is_own
    )::private.rate
    from (
        select rate.currency, rate.price_micros, rate.is_free_in_window, rate.valid_from,
            true as is_own
        from public.rate_cards as rate
        where rate.tenant_id = rate_of.tenant_id and rate.provider = rate_of.provider
          and rate.category = rate_of.category and rate.valid_from <= rate_of.on_date
        union all
        select rate.currency, rate.price_micros, rate.is_free_in_window, rate.valid_from, false
        from private.published_rates as rate
        where rate.provider = rate_of.provider and rate.category = rate_of.category
          and rate.valid_from <= rate_of.on_date
    ) as known
    order by known.is_own desc, known.valid_from desc
    limit 1
$$;
comment on function private.rate_of(uuid, public.provider_name, text, date) is
'The tenant''s own price of that day, else the published one; null: nobody knows.';

-- Of the agency's own day at that instant.
create function private.rate_at(
    tenant_id uuid, provider public.provider_name, category text, at timestamptz
) returns private.rate
language sql
stable
security definer
set search_path = ''
as $$
    select private.rate_of(
        rate_at.tenant_id, rate_at.provider, rate_at.category,
        (rate_at.at at time zone tenants.time_zone)::date
    )
    from public.tenants where tenants.id = rate_at.tenant_id
$$;
