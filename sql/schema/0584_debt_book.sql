-- The book of titles: what each payment abated of what was really owed on its day, oldest title
-- first, charges before principal unless the creditor says otherwise. It runs whatever agreement
-- there is, and stops being rewritten where nothing changed: a later policy or a newly published
-- index month never moves an old payment.
create table private.client_ledgers (
    client_id uuid not null,
    tenant_id uuid not null,
    -- The payments already in the book, in order, each with what it brought.
    entries text[] not null default '{}',
    constraint client_ledgers_pkey primary key (client_id),
    constraint client_ledgers_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id)
);
comment on table private.client_ledgers is 'How far the book of titles of each client is written.';
create index client_ledgers_of_tenant on private.client_ledgers (tenant_id, client_id);

alter table private.client_ledgers enable row level security;
alter table private.client_ledgers force row level security;

-- What a payment brings to the titles, and which titles.
create type private.debt_entry as (
    payment_id uuid,
    paid_on date,
    amount_cents bigint,
    debt_ids uuid [],
    is_abatement boolean,
    entry_key text
);

-- Writes one payment into the book; answers what nobody owed any more.
create function private.impute(tenant_id uuid, entry private.debt_entry) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_left bigint := entry.amount_cents;
    v_debt public.debts;
    v_policy public.charge_policies;
    v_item private.ledger_state;
    v_owed private.accrual;
    v_paid record;
begin
    for v_debt in
        select debts.* from public.debts
        where debts.tenant_id = impute.tenant_id and debts.id = any(entry.debt_ids)
        order by debts.due_on, debts.contract, debts.installment, debts.id
    loop
        exit when v_left = 0;
        v_policy := private.charge_policy(tenant_id, v_debt.creditor_id, entry.paid_on);
        v_item := private.debt_position(v_debt, 'infinity');
        v_owed := private.accrue(
            v_item, v_policy, v_debt.due_on,
            private.next_business_day(
                tenant_id, v_policy.holiday_uf, v_debt.due_on, v_policy.due_rule
            ),
            entry.paid_on
        );
        continue when v_owed.total_cents = 0;
        v_paid := private.pay_position(v_item, v_owed, v_left, v_policy.allocation_order);
        perform private.insert_allocation(tenant_id, (
            entry.payment_id, null, v_debt.id, entry.paid_on, v_paid.parts, v_owed.total_cents,
            v_owed.total_cents - (v_paid.parts).total_cents, v_paid.after
        )::private.planned_allocation);
        v_left := v_left - (v_paid.parts).total_cents;
    end loop;
    return v_left;
end;
$$;

-- Brings the book to `entries`: what stands up to the first difference stays, the rest is taken
-- back and written again in order. Answers what abatements had left over.
create function private.write_debt_book(
    tenant_id uuid, client_id uuid, entries private.debt_entry[]
) returns private.book_finding[]
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_known text[];
    v_wanted text[] := array(
        select entry.entry_key from unnest(entries) with ordinality as entry (
            payment_id, paid_on, amount_cents, debt_ids, is_abatement, entry_key, place
        ) order by entry.place
    );
    v_same int := 0;
    v_entry private.debt_entry;
    v_left bigint;
    v_findings private.book_finding[] := '{}';
begin
    insert into private.client_ledgers (tenant_id, client_id)
    values (write_debt_book.tenant_id, write_debt_book.client_id)
    on conflict on constraint client_ledgers_pkey do nothing;
    select ledger.entries into v_known from private.client_ledgers as ledger
    where ledger.client_id = write_debt_book.client_id
    for update;
    while v_same < least(cardinality(v_known), cardinality(v_wanted))
        and v_known[v_same + 1] = v_wanted[v_same + 1]
    loop
        v_same := v_same + 1;
    end loop;

    perform private.reverse_allocation(standing.id)
    from private.living_allocations as standing
    where standing.tenant_id = write_debt_book.tenant_id and standing.debt_id is not null
      and standing.payment_id = any(array(
          select split_part(known.entry_key, '|', 1)::uuid
          from unnest(v_known[v_same + 1:]) as known (entry_key)
      ));
    foreach v_entry in array entries[v_same + 1:] loop
        v_left := private.impute(tenant_id, v_entry);
        if v_entry.is_abatement and v_left > 0 then
            v_findings := v_findings || (
                v_entry.payment_id, 'overpayment', v_left
            )::private.book_finding;
        end if;
    end loop;
    -- What stands already may have left something over, too.
    v_findings := v_findings || array(
        select (entry.payment_id, 'overpayment', entry.amount_cents - covered.cents)
            ::private.book_finding
        from unnest(entries[:v_same]) as entry
        cross join lateral (
            select coalesce(sum(standing.total_cents), 0) as cents
            from private.living_allocations as standing
            where standing.tenant_id = write_debt_book.tenant_id
              and standing.payment_id = entry.payment_id and standing.debt_id is not null
        ) as covered
        where entry.is_abatement and entry.amount_cents > covered.cents
    );

    if v_same < greatest(cardinality(v_known), cardinality(v_wanted)) then
        update private.client_ledgers as ledger set entries = v_wanted
        where ledger.client_id = write_debt_book.client_id;
        update public.debts
        set abated_cents = booked.cents
        from (
            select title.id, coalesce(sum(allocation.principal_cents), 0) as cents
            from public.debts as title
            left join public.payment_allocations as allocation
                on allocation.tenant_id = title.tenant_id and allocation.debt_id = title.id
            where title.tenant_id = write_debt_book.tenant_id
              and title.client_id = write_debt_book.client_id
            group by title.id
        ) as booked
        where debts.id = booked.id and debts.abated_cents <> booked.cents;
    end if;
    return v_findings;
end;
$$;

-- A title that was paid to the last cent outside of any agreement is settled, and one whose payment
-- was taken back is not. Principal alone does not settle: charges left over stay owed.
create function private.sync_debt_statuses(tenant_id uuid, client_id uuid, on_date date)
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.debts
    set status = case when judged.is_paid
        then 'settled' else private.free_status(debts, on_date) end
    from (
        select title.id,
            (place.position).principal_cents = 0
            and (place.position).frozen_correction <= (place.position).paid_correction
            and (place.position).frozen_fine <= (place.position).paid_fine
            and (place.position).frozen_interest <= (place.position).paid_interest
            and (place.position).frozen_collection_fee <= (place.position).paid_collection_fee
                as is_paid
        from public.debts as title
        cross join lateral (
            select private.debt_position(title, 'infinity') as position
        ) as place
        where title.tenant_id = sync_debt_statuses.tenant_id
          and title.client_id = sync_debt_statuses.client_id
          and title.status not in ('in_agreement', 'returned')
          and exists (
              select from public.payment_allocations as allocation
              where allocation.tenant_id = title.tenant_id and allocation.debt_id = title.id
          )
          -- What an agreement settled with a discount is settled.
          and not exists (
              select from public.agreement_debts as held
              join public.agreements as agreement on agreement.id = held.agreement_id
              where held.tenant_id = title.tenant_id and held.debt_id = title.id
                and (agreement.status = 'settled' or held.is_live)
          )
    ) as judged
    where debts.id = judged.id and (debts.status = 'settled') <> judged.is_paid;
end;
$$;
