-- Which titles and which people a day's stock was made of. A line says how a title stood from one
-- record to another: what did not change since yesterday costs nothing, and every day of the last
-- year can be read row by row.
create table private.panel_titles (
    tenant_id uuid not null,
    debt_id uuid not null,
    -- The first record that found it so, and the last.
    from_day date not null,
    until_day date not null default 'infinity',
    client_id uuid not null,
    creditor_id uuid not null,
    due_on date not null,
    -- open | agreed | held: on the books. paid | left (returned, prescribed, gone): not any more.
    state text not null,
    -- Principal that is still owed.
    cents bigint not null,
    -- It came onto the books that day.
    is_entry boolean not null,
    constraint panel_titles_pkey primary key (tenant_id, debt_id, from_day),
    constraint panel_titles_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint panel_titles_state_is_known check (
        state in ('open', 'agreed', 'held', 'paid', 'left')
    ),
    constraint panel_titles_end_after_they_begin check (until_day >= from_day)
);
comment on table private.panel_titles is 'How each title stood, from record to record.';

-- Serve a page of a day's titles, the oldest first and a band as a range; and what came new.
create index panel_titles_by_age on private.panel_titles (tenant_id, due_on, debt_id);
create index panel_titles_new on private.panel_titles (tenant_id, from_day) where is_entry;

create table private.panel_reachable (
    tenant_id uuid not null,
    client_id uuid not null,
    from_day date not null,
    until_day date not null default 'infinity',
    -- Of their open titles.
    creditor_ids uuid[] not null,
    constraint panel_reachable_pkey primary key (tenant_id, client_id, from_day),
    constraint panel_reachable_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint panel_reachable_end_after_they_begin check (until_day >= from_day)
);
comment on table private.panel_reachable is 'Who could and might be contacted, record to record.';

-- Installments of living agreements that are late and not yet broken, as the creditor's policy has
-- it (D+4 to D+10 where nobody said otherwise). Few: a week's.
create table private.panel_provisional (
    tenant_id uuid not null,
    day date not null,
    installment_id uuid not null,
    client_id uuid not null,
    creditor_id uuid not null,
    -- The agreement's author.
    operator_id uuid,
    due_on date not null,
    cents bigint not null,
    constraint panel_provisional_pkey primary key (tenant_id, day, installment_id),
    constraint panel_provisional_day_fkey foreign key (tenant_id, day)
    references private.panel_stock_days (tenant_id, day)
);
comment on table private.panel_provisional is 'Late installments at the opening of a day.';

alter table private.panel_titles enable row level security;
alter table private.panel_titles force row level security;
alter table private.panel_reachable enable row level security;
alter table private.panel_reachable force row level security;
alter table private.panel_provisional enable row level security;
alter table private.panel_provisional force row level security;

-- A record that is taken again on its day replaces what it said itself.
create function private.note_titles(tenant_id uuid, on_day date) returns void
language sql
security definer
set search_path = ''
as $$
    with differing as materialized (
        select coalesce(was.debt_id, became.id) as debt_id,
            coalesce(became.client_id, was.client_id) as client_id,
            coalesce(became.creditor_id, was.creditor_id) as creditor_id,
            coalesce(became.due_on, was.due_on) as due_on, told.state, told.cents,
            coalesce(not was.state in ('open', 'agreed', 'held'), true)
            and told.state in ('open', 'agreed', 'held') as is_entry
        from (
            select known.* from private.panel_titles as known
            where known.tenant_id = note_titles.tenant_id and known.until_day = 'infinity'
        ) as was
        full join (
            select debts.* from public.debts where debts.tenant_id = note_titles.tenant_id
        ) as became on became.id = was.debt_id
        cross join lateral (
            select case became.status
                when 'open' then 'open' when 'in_agreement' then 'agreed'
                when 'on_hold' then 'held' when 'settled' then 'paid' else 'left' end as state,
                case when became.status in ('open', 'in_agreement', 'on_hold')
                    then greatest(became.principal_cents - became.abated_cents, 0)
                    else 0 end as cents
        ) as told
        where (was.debt_id is not null or told.state in ('open', 'agreed', 'held')) and (
            was.client_id, was.creditor_id, was.due_on, was.state, was.cents
        ) is distinct from (
            coalesce(became.client_id, was.client_id),
            coalesce(became.creditor_id, was.creditor_id), coalesce(became.due_on, was.due_on),
            told.state, told.cents
        )
    ),
    ended as (
        update private.panel_titles as known set until_day = note_titles.on_day - 1
        from differing
        where known.tenant_id = note_titles.tenant_id and known.debt_id = differing.debt_id
          and known.until_day = 'infinity' and known.from_day < note_titles.on_day
    )
    insert into private.panel_titles (
        tenant_id, debt_id, from_day, client_id, creditor_id, due_on, state, cents, is_entry
    )
    select note_titles.tenant_id, differing.debt_id, note_titles.on_day, differing.client_id,
        differing.creditor_id, differing.due_on, differing.state, differing.cents,
        differing.is_entry
    from differing
    on conflict on constraint panel_titles_pkey do update
    set client_id = excluded.client_id, creditor_id = excluded.creditor_id,
        due_on = excluded.due_on, state = excluded.state, cents = excluded.cents,
        is_entry = panel_titles.is_entry or excluded.is_entry
$$;

-- Who has a title that may be asked for, a telephone, and no word against every channel.
-- In plpgsql because what was said is kept later (0850).
create function private.note_reachable(tenant_id uuid, on_day date) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    with differing as materialized (
        select coalesce(was.client_id, became.client_id) as client_id, became.creditor_ids
        from (
            select known.* from private.panel_reachable as known
            where known.tenant_id = note_reachable.tenant_id and known.until_day = 'infinity'
        ) as was
        full join (
            select title.client_id,
                array_agg(distinct title.creditor_id order by title.creditor_id) as creditor_ids
            from private.panel_titles as title
            join public.clients
                on clients.tenant_id = title.tenant_id and clients.id = title.client_id
                and clients.has_phone
            left join private.client_contacts as contact
                on contact.tenant_id = title.tenant_id and contact.client_id = title.client_id
            where title.tenant_id = note_reachable.tenant_id and title.until_day = 'infinity'
              and title.state = 'open'
              and (
                  least(contact.call_blocked_until, contact.whatsapp_blocked_until)
                      > private.now()
                  and num_nonnulls(contact.call_blocked_until, contact.whatsapp_blocked_until) = 2
              ) is not true
            group by title.client_id
        ) as became on became.client_id = was.client_id
        where was.creditor_ids is distinct from became.creditor_ids
    ),
    ended as (
        update private.panel_reachable as known set until_day = note_reachable.on_day - 1
        from differing
        where known.tenant_id = note_reachable.tenant_id
          and known.client_id = differing.client_id
          and known.until_day = 'infinity' and known.from_day < note_reachable.on_day
    ),
    replaced as (
        delete from private.panel_reachable as known using differing
        where known.tenant_id = note_reachable.tenant_id
          and known.client_id = differing.client_id and known.from_day = note_reachable.on_day
          and differing.creditor_ids is null
    )
    insert into private.panel_reachable (tenant_id, client_id, from_day, creditor_ids)
    select note_reachable.tenant_id, differing.client_id, note_reachable.on_day,
        differing.creditor_ids
    from differing where differing.creditor_ids is not null
    on conflict on constraint panel_reachable_pkey do update
    set creditor_ids = excluded.creditor_ids;
end;
$$;

create function private.note_provisional(tenant_id uuid, on_day date) returns void
language sql
security definer
set search_path = ''
as $$
    insert into private.panel_provisional (
        tenant_id, day, installment_id, client_id, creditor_id, operator_id, due_on, cents
    )
    select part.tenant_id, note_provisional.on_day, part.id, part.client_id,
        agreement.creditor_id, agreement.created_by, part.effective_due_on,
        part.amount_cents - part.paid_cents
    from public.installments as part
    join public.agreements as agreement
        on agreement.tenant_id = part.tenant_id and agreement.id = part.agreement_id
        and agreement.formalised_at is not null and private.is_living(agreement.status)
    join public.agreement_policies as policy
        on policy.tenant_id = agreement.tenant_id and policy.id = agreement.policy_id
    where part.tenant_id = note_provisional.tenant_id and part.status = 'open'
      and part.amount_cents > part.paid_cents
      and part.effective_due_on < note_provisional.on_day
      and note_provisional.on_day - part.effective_due_on
          between policy.provisional_after_days and policy.definitive_after_days - 1
$$;
