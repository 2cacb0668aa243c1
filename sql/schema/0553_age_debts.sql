-- Titles grow old without anybody touching them: those whose day of prescription came.
create function private.debts_to_age(tenant_id uuid, on_date date, of_client uuid)
returns table (debt_id uuid, client_id uuid)
language sql
stable
security definer
set search_path = ''
as $$
    select debts.id, debts.client_id
    from public.debts
    where debts.tenant_id = debts_to_age.tenant_id and debts.status = 'open'
      and (debts_to_age.of_client is null or debts.client_id = debts_to_age.of_client)
      and debts.due_on < (debts_to_age.on_date - interval '5 years')::date
      and private.is_prescribed(debts, debts_to_age.on_date)
      -- Acknowledged by an agreement that runs, where the policy leaves it open until paid.
      and not exists (
          select from public.agreement_debts as held
          where held.tenant_id = debts.tenant_id and held.debt_id = debts.id and held.is_live
      )
$$;

-- The daily job's part: one client's titles, or all.
create function private.age_debts(tenant_id uuid, on_date date, client_id uuid default null)
returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_marked int;
begin
    update public.debts set status = 'prescribed'
    where debts.id in (
        select old.debt_id
        from private.debts_to_age(age_debts.tenant_id, on_date, age_debts.client_id) as old
    );
    get diagnostics v_marked = row_count;
    return v_marked;
end;
$$;
