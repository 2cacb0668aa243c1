-- What the portfolio is, as a record: what was owed and by whom is not kept for days that are past,
-- so it is written down once a day, when the agency's day begins. Nothing is told of days before
-- the first of these.
create table private.panel_stock_days (
    tenant_id uuid not null,
    day date not null,
    taken_at timestamptz not null default private.now(),
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
    constraint panel_eligible_is_said_once unique nulls not distinct (tenant_id, day, creditor_id),
    constraint panel_eligible_day_fkey foreign key (tenant_id, day)
    references private.panel_stock_days (tenant_id, day)
);
comment on table private.panel_eligible is 'Clients who may and can be contacted, per day.';

-- The titles of the month's first stock, until the next month's.
create table private.panel_roll_titles (
    tenant_id uuid not null,
    debt_id uuid not null,
    month date not null,
    day date not null,
    creditor_id uuid not null,
    band smallint not null,
    was_agreed boolean not null,
    cents bigint not null,
    constraint panel_roll_titles_pkey primary key (tenant_id, debt_id),
    constraint panel_roll_titles_tenant_fkey foreign key (tenant_id) references public.tenants (id)
);
comment on table private.panel_roll_titles is 'Titles as the month began, to see where they went.';

-- What had become of them when the next month began; the parts of a band add up to it.
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
alter table private.panel_roll_titles enable row level security;
alter table private.panel_roll_titles force row level security;
alter table private.panel_rolls enable row level security;
alter table private.panel_rolls force row level security;

create function private.aging_band(days int) returns smallint
language sql
immutable
set search_path = ''
as $$
    select (1 + num_nonnulls(
        nullif(days > 0, false), nullif(days > 30, false), nullif(days > 60, false),
        nullif(days > 90, false), nullif(days > 120, false), nullif(days > 180, false),
        nullif(days > 360, false), nullif(days > 720, false), nullif(days > 1800, false)
    ))::smallint
$$;
comment on function private.aging_band(int) is 'The place of these days in private.aging_bands().';

-- What is on the books: in agreement and on hold, too; not what is settled, returned or prescribed.
create function private.is_in_stock(status public.debt_status) returns boolean
language sql
immutable
set search_path = ''
as $$ select status in ('open', 'in_agreement', 'on_hold') $$;

create function private.write_panel_rolls(tenant_id uuid, on_day date) returns void
language sql
security definer
set search_path = ''
as $$
    insert into private.panel_rolls (
        tenant_id, from_day, to_day, creditor_id, band, outcome, titles, cents
    )
    select was.tenant_id, was.day, write_panel_rolls.on_day, was.creditor_id, was.band,
        part.outcome, count(*), sum(part.cents)
    from private.panel_roll_titles as was
    left join public.debts on debts.tenant_id = was.tenant_id and debts.id = was.debt_id
    cross join lateral (
        select case when private.is_in_stock(debts.status) then
            least(was.cents, greatest(debts.principal_cents - debts.abated_cents, 0))
            else 0 end as kept,
            private.aging_band(write_panel_rolls.on_day - debts.due_on) as band
    ) as now_is
    cross join lateral (
        values
        (case
            when debts.status = 'in_agreement' and not was.was_agreed then 'cured'
            when now_is.band > was.band then 'forward'
            when now_is.band < was.band then 'back'
            else 'same'
        end, now_is.kept),
        (case
            when debts.status = 'settled' or private.is_in_stock(debts.status) then 'paid'
            else 'left'
        end, was.cents - now_is.kept)
    ) as part (outcome, cents)
    where was.tenant_id = write_panel_rolls.tenant_id and part.cents > 0
      -- A month that was missed is no month's roll.
      and was.month = date_trunc('month', write_panel_rolls.on_day) - interval '1 month'
    group by was.tenant_id, was.day, was.creditor_id, was.band, part.outcome
    on conflict do nothing
$$;

-- False: the day has its own already.
create function private.take_panel_stock(tenant_id uuid) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_today date := private.today(tenant_id);
    v_month date := date_trunc('month', v_today);
begin
    insert into private.panel_stock_days (tenant_id, day) values (tenant_id, v_today)
    on conflict on constraint panel_stock_days_pkey do nothing;
    if not found then
        return false;
    end if;
    insert into private.panel_stock (tenant_id, day, creditor_id, band, titles, cents)
    select debts.tenant_id, v_today, debts.creditor_id,
        private.aging_band(v_today - debts.due_on) as band, count(*),
        sum(greatest(debts.principal_cents - debts.abated_cents, 0))
    from public.debts
    where debts.tenant_id = take_panel_stock.tenant_id and private.is_in_stock(debts.status)
    group by debts.tenant_id, debts.creditor_id, band;
    insert into private.panel_eligible (tenant_id, day, creditor_id, clients)
    select take_panel_stock.tenant_id, v_today, owed.creditor_id, count(distinct owed.client_id)
    from (
        select debts.client_id, debts.creditor_id
        from public.debts
        join public.clients
            on clients.tenant_id = debts.tenant_id and clients.id = debts.client_id
        left join private.client_contacts as contact
            on contact.tenant_id = debts.tenant_id and contact.client_id = debts.client_id
        where debts.tenant_id = take_panel_stock.tenant_id and debts.status = 'open'
          and clients.has_phone
          and (least(contact.call_blocked_until, contact.whatsapp_blocked_until) > private.now()
              and num_nonnulls(contact.call_blocked_until, contact.whatsapp_blocked_until) = 2
          ) is not true
    ) as owed
    group by grouping sets ((), (owed.creditor_id));
    if not exists (
        select from private.panel_roll_titles as known
        where known.tenant_id = take_panel_stock.tenant_id and known.month >= v_month
    ) then
        perform private.write_panel_rolls(tenant_id, v_today);
        delete from private.panel_roll_titles as known
        where known.tenant_id = take_panel_stock.tenant_id;
        insert into private.panel_roll_titles (
            tenant_id, debt_id, month, day, creditor_id, band, was_agreed, cents
        )
        select debts.tenant_id, debts.id, v_month, v_today, debts.creditor_id,
            private.aging_band(v_today - debts.due_on), debts.status = 'in_agreement',
            debts.principal_cents - debts.abated_cents
        from public.debts
        where debts.tenant_id = take_panel_stock.tenant_id and private.is_in_stock(debts.status)
          and debts.principal_cents > debts.abated_cents;
    end if;
    return true;
end;
$$;
