-- Every night the ledger is computed again from the facts and compared with what stands; a
-- difference is reported and never mended silently.
create function private.client_ledger_differences(tenant_id uuid, client_id uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_payments private.effective_payment[] := array(
        select payment from private.effective_payments(tenant_id, client_id) as payment
    );
    v_agreement public.agreements;
    v_book private.installment_book;
    v_rows private.planned_allocation[] := '{}';
    v_differences jsonb := '[]';
begin
    for v_agreement in
        select agreement.* from public.agreements as agreement
        where agreement.tenant_id = client_ledger_differences.tenant_id
          and agreement.client_id = client_ledger_differences.client_id
          and agreement.formalised_at is not null
    loop
        v_book := private.installment_book(v_agreement, v_payments);
        v_rows := v_rows || v_book.rows;
        v_differences := v_differences || coalesce((
            select jsonb_agg(jsonb_build_object(
                'code', 'installment_differs', 'installment_id', booked.installment_id
            ))
            from unnest(v_book.items) as booked
            join public.installments as part on part.id = booked.installment_id
            where part.paid_cents <> booked.amount_cents - (booked.item).principal_cents
               or part.paid_on is distinct from booked.settled_on
               or part.paid_cents + part.late_cents <> (
                   select coalesce(sum(allocation.total_cents), 0)
                   from public.payment_allocations as allocation
                   where allocation.tenant_id = part.tenant_id
                     and allocation.installment_id = part.id
               )
        ), '[]');
    end loop;
    return v_differences || coalesce((
        select jsonb_agg(jsonb_build_object('code', found.code, 'id', found.id))
        from (
            select 'debt_differs' as code, title.id
            from public.debts as title
            where title.tenant_id = client_ledger_differences.tenant_id
              and title.client_id = client_ledger_differences.client_id
              and title.abated_cents <> (
                  select coalesce(sum(allocation.principal_cents), 0)
                  from public.payment_allocations as allocation
                  where allocation.tenant_id = title.tenant_id and allocation.debt_id = title.id
              )
            union all
            select 'payment_overspent', payment.id
            from public.payments as payment
            cross join lateral (
                select
                    sum(standing.total_cents) filter (where standing.debt_id is null) as scheduled,
                    sum(standing.total_cents) filter (where standing.debt_id is not null) as abated
                from private.living_allocations as standing
                where standing.tenant_id = payment.tenant_id
                  and standing.payment_id = payment.id
            ) as spent
            where payment.tenant_id = client_ledger_differences.tenant_id
              and payment.client_id = client_ledger_differences.client_id
              and payment.amount_cents < greatest(spent.scheduled, spent.abated)
            union all
            select 'book_behind', ledger.client_id
            from private.client_ledgers as ledger
            where ledger.client_id = client_ledger_differences.client_id
              and ledger.entries <> array(
                  select entry.entry_key
                  from unnest(private.debt_entries(v_payments, v_rows)) with ordinality as entry (
                      payment_id, paid_on, amount_cents, debt_ids, is_abatement, entry_key, place
                  ) order by entry.place
              )
            union all
            select 'position_broken', null
            from (
                select standing.after_cents, standing.before_cents, standing.total_cents
                from private.living_allocations as standing
                join public.debts as title on title.id = standing.debt_id
                where title.tenant_id = client_ledger_differences.tenant_id
                  and title.client_id = client_ledger_differences.client_id
            ) as chained
            where chained.after_cents <> chained.before_cents - chained.total_cents
        ) as found
    ), '[]');
end;
$$;

create function private.check_ledger(tenant_id uuid, on_date date) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_run_id bigint;
    v_client_id uuid;
    v_clients int := 0;
    v_differences jsonb := '[]';
    v_found jsonb;
begin
    insert into public.job_runs (tenant_id, job, on_date)
    values (check_ledger.tenant_id, 'check_ledger', check_ledger.on_date)
    returning id into v_run_id;
    for v_client_id in
        select distinct payment.client_id from public.payments as payment
        where payment.tenant_id = check_ledger.tenant_id and payment.client_id is not null
    loop
        v_clients := v_clients + 1;
        v_found := private.client_ledger_differences(tenant_id, v_client_id);
        if v_found <> '[]' then
            v_differences := v_differences || jsonb_build_object(
                'client_id', v_client_id, 'differences', v_found
            );
        end if;
    end loop;
    perform private.finish_job(
        v_run_id, jsonb_build_object('clients', v_clients, 'differences', v_differences),
        jsonb_array_length(v_differences)
    );
    return v_differences;
end;
$$;
comment on function private.check_ledger(uuid, date) is
'[{client_id, differences: [{code, …}]}]; empty when every balance is what the facts say.';
