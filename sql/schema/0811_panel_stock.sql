-- What the portfolio is, as a record: what was owed and by whom is not kept for days that are past,
-- so it is written down once a day, when the agency's day begins. Nothing is told of days before
-- the first of these.
create table private.panel_stock_days (
    tenant_id uuid not null,
    day date not null,
    taken_at timestamptz not null default private.now(),
    -- Whether the titles and people of its sums are known (0811_panel_titles): for a year.
    has_rows boolean not null default false,
    constraint panel_stock_days_pkey primary key (tenant_id, day),
    constraint panel_stock_days_tenant_fkey foreign key (tenant_id) references public.tenants (id)
);
comment on table private.panel_stock_days is 'Days whose opening stock was written down, and when.';

create table private.panel_stock (
    tenant_id uuid not null,
    day date not null,
    creditor_id uuid not null,
    -- Days past due: a place in private.aging_bands(), from 1.
    band smallint not null,
    titles bigint not null,
    -- Principal that is still owed; what it has grown to is computed per title and offer.
    cents bigint not null,
    constraint panel_stock_pkey primary key (tenant_id, day, creditor_id, band),
    constraint panel_stock_day_fkey foreign key (tenant_id, day)
    references private.panel_stock_days (tenant_id, day)
);
comment on table private.panel_stock is 'Titles owed at the opening of a day, by days past due.';

-- Null creditor: of all; who owes two is one.
create table private.panel_eligible (
    tenant_id uuid not null,
    day date not null,
    creditor_id uuid,
    clients bigint not null,
    -- Open titles of those clients; and everybody who has a title on the books. Null: a record of
    -- before they were counted.
    titles bigint,
    debtors bigint,
    constraint panel_eligible_is_said_once unique nulls not distinct (tenant_id, day, creditor_id),
    constraint panel_eligible_day_fkey foreign key (tenant_id, day)
    references private.panel_stock_days (tenant_id, day)
);
comment on table private.panel_eligible is 'Clients who may and can be contacted, per day.';

-- What had become of a month's opening titles when the next month began; the parts of a band add up
-- to it.
create table private.panel_rolls (
    tenant_id uuid not null,
    from_day date not null,
    to_day date not null,
    creditor_id uuid not null,
    band smallint not null,
    -- forward | same | back | cured (into an agreement) | paid | left (returned, prescribed, gone)
    outcome text not null,
    titles bigint not null,
    cents bigint not null,
    constraint panel_rolls_pkey primary key (tenant_id, to_day, creditor_id, band, outcome),
    constraint panel_rolls_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint panel_rolls_outcome_is_known check (
        outcome in ('forward', 'same', 'back', 'cured', 'paid', 'left')
    )
);
comment on table private.panel_rolls is 'Where a month''s opening balance went, by band.';

alter table private.panel_stock_days enable row level security;
alter table private.panel_stock_days force row level security;
alter table private.panel_stock enable row level security;
alter table private.panel_stock force row level security;
alter table private.panel_eligible enable row level security;
alter table private.panel_eligible force row level security;
alter table private.panel_rolls enable row level security;
alter table private.panel_rolls force row level security;

-- The first day of each of private.aging_bands() but the first. Without arguments, so that it is
-- asked once: a function that is called for each of a million titles takes seconds.
create function private.band_edges() returns int[]
language sql
immutable
set search_path = ''
as $$ select '{1,31,61,91,121,181,361,721,1801}'::int[] $$;

create function private.aging_band(days int) returns smallint
language sql
immutable
set search_path = ''
as $$ select (1 + width_bucket(aging_band.days, private.band_edges()))::smallint $$;
comment on function private.aging_band(int) is 'The place of these days in private.aging_bands().';
