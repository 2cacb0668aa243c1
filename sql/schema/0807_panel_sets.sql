-- Different clients do not add up over days: who they were is kept, as sets, for what some KPI
-- counts in clients (three measures: keep_panel_days writes them, panel_sums reads them). A client
-- is a number here, and a set either a list of numbers or, where that is longer, a bit for each:
-- a year of an agency's clients is then an OR of twelve strings.
create table private.panel_ordinals (
    tenant_id uuid not null,
    client_id uuid not null,
    -- From 0, in the order in which clients are first counted; never given twice.
    ordinal int not null,
    constraint panel_ordinals_pkey primary key (tenant_id, client_id),
    constraint panel_ordinals_are_given_once unique (tenant_id, ordinal),
    constraint panel_ordinals_tenant_fkey foreign key (tenant_id) references public.tenants (id)
);
comment on table private.panel_ordinals is 'The number by which a client stands in panel_sets.';

create table private.panel_sets (
    tenant_id uuid not null,
    -- A day, or the first of a month whose days are all kept: then the union of theirs.
    is_month boolean not null,
    from_day date not null,
    measure text not null,
    -- Null: of all creditors, as in panel_facts.
    creditor_id uuid,
    -- Of everybody together, and of nobody's events too; then without an operator.
    is_sum boolean not null,
    operator_id uuid,
    members int[],
    -- Bit 0 is the leftmost; as long as its last member needs.
    bits bit varying,
    constraint panel_sets_are_said_once unique nulls not distinct (
        tenant_id, is_month, from_day, is_sum, creditor_id, measure, operator_id
    ),
    constraint panel_sets_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint panel_sets_are_lists_or_bits check (num_nonnulls(members, bits) = 1),
    constraint panel_sets_sum_is_of_everybody check (not is_sum or operator_id is null)
);
comment on table private.panel_sets is 'Derived: clients of a day''s or a month''s events.';

-- A month whose days are all kept, summed once more: a year is then read as twelve.
create table private.panel_months (
    tenant_id uuid not null,
    month date not null,
    constraint panel_months_pkey primary key (tenant_id, month),
    constraint panel_months_tenant_fkey foreign key (tenant_id) references public.tenants (id)
);
comment on table private.panel_months is 'Months whose facts and sets are kept as one.';

create table private.panel_month_facts (
    tenant_id uuid not null,
    month date not null,
    measure text not null,
    creditor_id uuid,
    operator_id uuid,
    events bigint not null,
    amount bigint not null,
    constraint panel_month_facts_are_said_once
    unique nulls not distinct (tenant_id, creditor_id, month, measure, operator_id),
    constraint panel_month_facts_month_fkey foreign key (tenant_id, month)
    references private.panel_months (tenant_id, month) on delete cascade
);
comment on table private.panel_month_facts is 'Derived: panel_facts by the month.';
create index panel_month_facts_of_month on private.panel_month_facts (tenant_id, month);

alter table private.panel_months enable row level security;
alter table private.panel_months force row level security;
alter table private.panel_month_facts enable row level security;
alter table private.panel_month_facts force row level security;
alter table private.panel_ordinals enable row level security;
alter table private.panel_ordinals force row level security;
alter table private.panel_sets enable row level security;
alter table private.panel_sets force row level security;

-- How many numbers are given.
create function private.panel_size(tenant_id uuid) returns int
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(max(known.ordinal), -1) + 1
    from private.panel_ordinals as known where known.tenant_id = panel_size.tenant_id
$$;

create function private.panel_bits(members int[]) returns bit varying
language sql
immutable
set search_path = ''
as $$
    -- Word by word of 32; a bit at a time would copy the whole string for each.
    select ('x' || string_agg(encode(int4send(coalesce(word.mask, 0)), 'hex'), '' order by place))
        ::bit varying
    from generate_series(
        0, (select max(each) from unnest(panel_bits.members) as each) / 32
    ) as place
    left join (
        select each / 32 as at, bit_or(1 << (31 - each % 32)) as mask
        from unnest(panel_bits.members) as each
        group by 1
    ) as word on word.at = place
$$;

-- What a day's sets say, whatever order they lie in.
create function private.panel_reach_of(tenant_id uuid, day date) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select md5(coalesce(string_agg(md5(concat_ws(
        ' ', kept.measure, kept.creditor_id, kept.is_sum, kept.operator_id, kept.members, kept.bits
    )), '' order by kept.measure, kept.creditor_id, kept.is_sum, kept.operator_id), ''))
    from private.panel_sets as kept
    where kept.tenant_id = panel_reach_of.tenant_id and not kept.is_month
      and kept.from_day = panel_reach_of.day
$$;

-- The months of some days, once all of their days are kept; else they have none.
create function private.keep_panel_months(tenant_id uuid, days date[]) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_month date;
    v_end date;
begin
    for v_month in select distinct date_trunc('month', asked)::date from unnest(days) as asked loop
        v_end := v_month + interval '1 month - 1 day';
        delete from private.panel_sets as known
        where known.tenant_id = keep_panel_months.tenant_id and known.is_month
          and known.from_day = v_month;
        continue when v_end - v_month + 1 <> (
            select count(*) from private.panel_days as known
            where known.tenant_id = keep_panel_months.tenant_id
              and known.day between v_month and v_end
        );
        execute replace($sql$
            insert into private.panel_sets (
                tenant_id, is_month, from_day, measure, creditor_id, is_sum, operator_id, members,
                bits
            )
            with part as materialized (
                select * from private.panel_sets as kept
                where kept.tenant_id = $1 and not kept.is_month
                  and kept.from_day between $2 and $3
            ),
            packed as (
                select part.measure, part.creditor_id, part.is_sum, part.operator_id,
                    array_agg(distinct member) as members, null::bit($size) as bits
                from part cross join unnest(part.members) as member
                group by part.measure, part.creditor_id, part.is_sum, part.operator_id
                union all
                select part.measure, part.creditor_id, part.is_sum, part.operator_id,
                    null, bit_or(part.bits::bit($size))
                from part where part.bits is not null
                group by part.measure, part.creditor_id, part.is_sum, part.operator_id
            ),
            whole as (
                select packed.measure, packed.creditor_id, packed.is_sum, packed.operator_id,
                    max(packed.members) as members, bit_or(packed.bits) as bits
                from packed
                group by packed.measure, packed.creditor_id, packed.is_sum, packed.operator_id
            ),
            judged as (
                -- Bits may be eight times as long as the list: they are what is read by the year.
                select whole.*, whole.bits is null
                    and cardinality(whole.members) * 256 <= $size as is_list
                from whole
            )
            select $1, true, $2, judged.measure, judged.creditor_id, judged.is_sum,
                judged.operator_id, case when judged.is_list then judged.members end,
                case when judged.is_list then null
                    when judged.members is null then judged.bits
                    when judged.bits is null then private.panel_bits(judged.members)
                    else judged.bits | private.panel_bits(judged.members)::bit($size) end
            from judged
        $sql$, '$size', greatest(private.panel_size(tenant_id), 1)::text)
        using tenant_id, v_month, v_end;
    end loop;
end;
$$;

-- The same of their sums.
create function private.keep_month_facts(tenant_id uuid, days date[]) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    delete from private.panel_months as known
    where known.tenant_id = keep_month_facts.tenant_id and known.month in (
        select date_trunc('month', asked)::date from unnest(days) as asked
    );
    insert into private.panel_months (tenant_id, month)
    select keep_month_facts.tenant_id, asked.month
    from (
        select distinct date_trunc('month', each)::date as month from unnest(days) as each
    ) as asked
    where asked.month + interval '1 month' - asked.month::timestamp = make_interval(days => (
        select count(*)::int from private.panel_days as known
        where known.tenant_id = keep_month_facts.tenant_id and known.day >= asked.month
          and known.day < asked.month + interval '1 month'
    ));
    insert into private.panel_month_facts (
        tenant_id, month, measure, creditor_id, operator_id, events, amount
    )
    select fact.tenant_id, kept.month, fact.measure, fact.creditor_id, fact.operator_id,
        sum(fact.events), sum(fact.amount)
    from private.panel_months as kept
    join private.panel_facts as fact
        on fact.tenant_id = kept.tenant_id
        and fact.day >= kept.month and fact.day < kept.month + interval '1 month'
    where kept.tenant_id = keep_month_facts.tenant_id and kept.month in (
        select date_trunc('month', asked)::date from unnest(days) as asked
    )
    group by fact.tenant_id, kept.month, fact.measure, fact.creditor_id, fact.operator_id;
end;
$$;

-- The months of a period that can be read whole: all of their days can be trusted. Of teams only
-- those in which nobody changed theirs.
create function private.panel_kept_months(
    tenant_id uuid, kept date[], is_by_team boolean
) returns date[]
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(array_agg(whole.month), '{}')
    from (
        select date_trunc('month', listed)::date as month,
            (date_trunc('month', listed) + interval '1 month - 1 day')::date as last_day,
            count(*) as days
        from unnest(panel_kept_months.kept) as listed
        group by 1, 2
    ) as whole
    where whole.days = whole.last_day - whole.month + 1
      and exists (
          select from private.panel_months as known
          where known.tenant_id = panel_kept_months.tenant_id and known.month = whole.month
      )
      and not (panel_kept_months.is_by_team and exists (
          select from private.team_seats as seat
          where seat.tenant_id = panel_kept_months.tenant_id
            and (seat.from_on > whole.month and seat.from_on <= whole.last_day
                or seat.until_on >= whole.month and seat.until_on < whole.last_day)
      ))
$$;
