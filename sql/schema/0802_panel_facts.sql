-- Daily facts: what the events of a day add up to, kept for days that are over. Derived, all of it:
-- deleting every row changes no number, only how long it takes. A day that is not kept, or that
-- somebody touched since, is summed from its events when it is asked for.
create type private.panel_event as (
    measure text,
    -- The tenant's own day.
    day date,
    at timestamptz,
    client_id uuid,
    -- Null: nobody's, a rule's or a bulk send's.
    operator_id uuid,
    -- For whom it counts. Contact has no creditor of its own: those of the client's titles.
    creditor_ids uuid [],
    source text,
    source_id text,
    -- Cents or seconds, as the measure says.
    amount bigint
);

create table private.panel_facts (
    tenant_id uuid not null,
    day date not null,
    measure text not null,
    -- Null: of all creditors. An event of a client with two creditors counts once here and once
    -- for each of them.
    creditor_id uuid,
    operator_id uuid,
    events bigint not null,
    amount bigint not null,
    constraint panel_facts_are_said_once
    unique nulls not distinct (tenant_id, creditor_id, day, measure, operator_id),
    constraint panel_facts_tenant_fkey foreign key (tenant_id) references public.tenants (id)
);
comment on table private.panel_facts is 'Derived: sums of a day''s events.';

-- What several creditors share of the above, by who they are: for somebody who works for some of
-- them, their sums would count it more than once.
create table private.panel_overlaps (
    tenant_id uuid not null,
    day date not null,
    measure text not null,
    creditor_ids uuid[] not null,
    operator_id uuid,
    events bigint not null,
    amount bigint not null,
    constraint panel_overlaps_are_said_once
    unique nulls not distinct (tenant_id, day, measure, creditor_ids, operator_id),
    constraint panel_overlaps_tenant_fkey foreign key (tenant_id) references public.tenants (id)
);
comment on table private.panel_overlaps is 'Derived: sums of a day''s events of many creditors.';

create table private.panel_days (
    tenant_id uuid not null,
    day date not null,
    kept_at timestamptz not null default private.now(),
    -- Of the day's sets of clients (0807): a day that is read anew and reached the same people
    -- leaves its month alone.
    reach text,
    constraint panel_days_pkey primary key (tenant_id, day),
    constraint panel_days_tenant_fkey foreign key (tenant_id) references public.tenants (id)
);
comment on table private.panel_days is 'Days whose facts are kept.';

-- Added to by whoever changes something of a past day, in the same transaction; a job empties it.
-- Nobody waits for anybody.
create table private.panel_dirty (
    id bigint generated always as identity,
    tenant_id uuid not null,
    day date not null,
    constraint panel_dirty_pkey primary key (id),
    constraint panel_dirty_tenant_fkey foreign key (tenant_id) references public.tenants (id)
);
comment on table private.panel_dirty is 'Days whose kept facts are not true any more.';
create index panel_dirty_of_tenant on private.panel_dirty (tenant_id, day);

alter table private.panel_facts enable row level security;
alter table private.panel_facts force row level security;
alter table private.panel_overlaps enable row level security;
alter table private.panel_overlaps force row level security;
alter table private.panel_days enable row level security;
alter table private.panel_days force row level security;
alter table private.panel_dirty enable row level security;
alter table private.panel_dirty force row level security;

-- The first day that is still open: today, and yesterday until two in the morning, because a
-- transaction that began before midnight may end after it. None lasts two hours.
create function private.panel_open_from(tenant_id uuid) returns date
language sql
stable
security definer
set search_path = ''
as $$
    select ((private.now() - interval '2 hours') at time zone tenants.time_zone)::date
    from public.tenants where tenants.id = panel_open_from.tenant_id
$$;

-- The first day of which anything can be told: nothing happens before an agency's first client.
create function private.panel_since(tenant_id uuid) returns date
language sql
stable
security definer
set search_path = ''
as $$
    select (tenants.created_at at time zone tenants.time_zone)::date
    from public.tenants where tenants.id = panel_since.tenant_id
$$;

-- The first day of which somebody's hours are known. Once there is one it stays. In plpgsql because
-- hours are made later (0822).
create function private.panel_hours_since(tenant_id uuid) returns date
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return (
        select (first.since at time zone tenants.time_zone)::date
        from public.tenants
        cross join lateral (
            select known.since from public.operator_states as known
            where known.tenant_id = tenants.id
            order by known.since
            limit 1
        ) as first
        where tenants.id = panel_hours_since.tenant_id
    );
end;
$$;

-- Days that are open are not kept, so there is nothing to mark.
create function private.mark_panel_days(tenant_id uuid, days date[]) returns void
language sql
security definer
set search_path = ''
as $$
    insert into private.panel_dirty (tenant_id, day)
    select distinct mark_panel_days.tenant_id, touched.day
    from unnest(mark_panel_days.days) as touched (day)
    where touched.day < private.panel_open_from(mark_panel_days.tenant_id)
$$;
