-- Monthly changes of price indexes, loaded by the tenant. A published month is never overwritten:
-- a correction is a new revision, and the last revision speaks.
create table public.index_factors (
    id bigint generated always as identity,
    tenant_id uuid not null,
    index_name public.price_index not null,
    -- First day of the month it tells about.
    month date not null,
    -- Per cent of that month; may be negative.
    percent numeric(12, 6) not null,
    revision int not null,
    created_by uuid,
    created_at timestamptz not null default private.now(),
    constraint index_factors_pkey primary key (id),
    constraint index_factors_are_revised unique (tenant_id, index_name, month, revision),
    constraint index_factors_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint index_factors_created_by_fkey foreign key (created_by) references auth.users (id),
    constraint index_factors_month_is_first check (month = date_trunc('month', month)::date),
    constraint index_factors_percent_is_sane check (percent > -100 and percent < 1000)
);
comment on table public.index_factors is 'Monthly per cent of IPCA, INPC and IGP-M, by revision.';

create index index_factors_of_author on public.index_factors (created_by);

alter table public.index_factors enable row level security;
alter table public.index_factors force row level security;

create policy index_factors_select_member on public.index_factors for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by `load_index_factors` only. Not audited: every revision stays, with its author.
grant select on public.index_factors to authenticated;

-- The index between two days as an exact fraction: for every month touched 1 + i · n / N, with n
-- days of its N after `since` up to and including `until`. A month not yet published takes the
-- last one published before it, and says so. 1 before the first.
create function private.index_ratio(
    tenant_id uuid, index_name public.price_index, since date, until date,
    out numerator numeric, out denominator numeric, out is_provisional boolean
)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_month record;
begin
    numerator := 1;
    denominator := 1;
    is_provisional := false;
    for v_month in
        select touched.days, touched.length, published.percent,
            published.month is distinct from touched.month as is_missing
        from (
            select first.month::date as month,
                (least(until, first.month::date + interval '1 month' - interval '1 day')::date
                    - greatest(since, first.month::date - 1)) as days,
                extract(day from first.month + interval '1 month' - interval '1 day')::int as length
            from generate_series(date_trunc('month', since + 1), until, '1 month') as first (month)
        ) as touched
        left join lateral (
            select factor.month, factor.percent
            from public.index_factors as factor
            where factor.tenant_id = index_ratio.tenant_id
              and factor.index_name = index_ratio.index_name
              and factor.month <= touched.month
            order by factor.month desc, factor.revision desc
            limit 1
        ) as published on true
    loop
        numerator := numerator
            * (100 * v_month.length + coalesce(v_month.percent, 0) * v_month.days);
        denominator := denominator * 100 * v_month.length;
        is_provisional := is_provisional or v_month.is_missing;
    end loop;
end;
$$;

create function private.index_version(tenant_id uuid, index_name public.price_index)
returns bigint
language sql
stable
security definer
set search_path = ''
as $$
    select max(factor.id)
    from public.index_factors as factor
    where factor.tenant_id = index_version.tenant_id
      and factor.index_name = index_version.index_name
$$;

create function private.load_index_factors(index_name public.price_index, factors jsonb)
returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_loaded int;
begin
    perform pg_advisory_xact_lock(hashtextextended('index_factors:' || v_tenant_id, 0));
    begin
        insert into public.index_factors
            (tenant_id, index_name, month, percent, revision, created_by)
        select v_tenant_id, load_index_factors.index_name,
            (given.month || '-01')::date, given.percent::numeric,
            coalesce(known.revision, 0) + 1, auth.uid()
        from jsonb_each_text(factors) as given (month, percent)
        left join lateral (
            select factor.revision, factor.percent
            from public.index_factors as factor
            where factor.tenant_id = v_tenant_id
              and factor.index_name = load_index_factors.index_name
              and factor.month = (given.month || '-01')::date
            order by factor.revision desc
            limit 1
        ) as known on true
        where known.percent is distinct from given.percent::numeric(12, 6)
        order by given.month;
        get diagnostics v_loaded = row_count;
    exception when data_exception or check_violation then
        raise exception 'index_factors_invalid' using errcode = 'PT400', detail = sqlerrm;
    end;
    return v_loaded;
end;
$$;

create function public.load_index_factors(index_name public.price_index, factors jsonb)
returns int
language sql
set search_path = ''
as $$ select private.load_index_factors(index_name, factors) $$;
comment on function public.load_index_factors(public.price_index, jsonb) is
'Admin. factors: {"2026-03": "0.56", …} per cent by month; answers how many were new or changed.
PT400 index_factors_invalid.';

grant execute on function
private.load_index_factors(public.price_index, jsonb),
public.load_index_factors(public.price_index, jsonb)
to authenticated;
