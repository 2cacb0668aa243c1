-- Keeps a client's derived totals equal to its debts: recomputed from the truth (never added up by
-- deltas, which drift), once per statement, only for the clients that statement touched.
create function private.refresh_client_totals(tenant_id uuid, client_ids uuid[]) returns void
language sql
security definer
set search_path = ''
as $$
    with totals as (
        select
            touched.client_id,
            coalesce(
                sum(greatest(debts.principal_cents - debts.abated_cents, 0))
                filter (where debts.status = 'open'), 0
            )::bigint as open_cents,
            (count(*) filter (where debts.status = 'open'))::int as open_debts,
            min(debts.due_on) filter (where debts.status = 'open') as oldest_due_on,
            coalesce(
                array_agg(distinct debts.creditor_id) filter (where debts.creditor_id is not null),
                '{}'
            ) as creditor_ids,
            -- The enum is ordered for this: the least is the client's.
            min(debts.status) as debt_status
        from unnest(refresh_client_totals.client_ids) as touched (client_id)
        left join public.debts
            on debts.tenant_id = refresh_client_totals.tenant_id
            and debts.client_id = touched.client_id
        group by touched.client_id
    )
    update public.clients
    set open_cents = totals.open_cents,
        open_debts = totals.open_debts,
        oldest_due_on = totals.oldest_due_on,
        creditor_ids = totals.creditor_ids,
        debt_status = totals.debt_status
    from totals
    where clients.tenant_id = refresh_client_totals.tenant_id
      and clients.id = totals.client_id
      and (clients.open_cents, clients.open_debts, clients.oldest_due_on, clients.creditor_ids,
           clients.debt_status)
          is distinct from (totals.open_cents, totals.open_debts, totals.oldest_due_on,
           totals.creditor_ids, totals.debt_status)
$$;

create function private.tg_debts__client_totals() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    -- A transition table exists only for its own event, hence three spellings of one sentence.
    if tg_op = 'INSERT' then
        if private.is_derived_already() then
            return null;
        end if;
        perform private.refresh_client_totals(touched.tenant_id, array_agg(touched.client_id))
        from (select distinct new_rows.tenant_id, new_rows.client_id from new_rows) as touched
        group by touched.tenant_id;
    elsif tg_op = 'DELETE' then
        perform private.refresh_client_totals(touched.tenant_id, array_agg(touched.client_id))
        from (select distinct old_rows.tenant_id, old_rows.client_id from old_rows) as touched
        group by touched.tenant_id;
    else
        perform private.refresh_client_totals(touched.tenant_id, array_agg(touched.client_id))
        from (
            select new_rows.tenant_id, new_rows.client_id from new_rows
            union
            select old_rows.tenant_id, old_rows.client_id from old_rows
        ) as touched
        group by touched.tenant_id;
    end if;
    return null;
end;
$$;

create trigger _200_client_totals_insert after insert on public.debts
referencing new table as new_rows for each statement
execute function private.tg_debts__client_totals();
create trigger _200_client_totals_update after update on public.debts
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_debts__client_totals();
create trigger _200_client_totals_delete after delete on public.debts
referencing old table as old_rows for each statement
execute function private.tg_debts__client_totals();
