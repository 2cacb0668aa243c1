-- What each title of a client costs on a day. The one place that joins a title with its policy, its
-- calendar and its ledger; statement, offer, payment and break all ask here.

-- Where a title stood at the end of a day: its last living allocation until then.
create function private.debt_position(debt public.debts, on_date date)
returns private.ledger_state
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_position private.ledger_state;
    v_abated bigint;
begin
    select coalesce(sum(allocation.principal_cents), 0) into v_abated
    from public.payment_allocations as allocation
    where allocation.tenant_id = debt.tenant_id and allocation.debt_id = debt.id
      and allocation.paid_on <= on_date;
    select (jsonb_populate_record(null::private.ledger_state, allocation.position_after)).*
    into v_position
    from public.payment_allocations as allocation
    where allocation.tenant_id = debt.tenant_id and allocation.debt_id = debt.id
      and allocation.paid_on <= on_date
      and allocation.reverses_id is null
      and not exists (
          select from public.payment_allocations as reversal
          where reversal.tenant_id = allocation.tenant_id
            and reversal.reverses_id = allocation.id
      )
    order by allocation.paid_on desc, allocation.id desc
    limit 1;
    if not found then
        v_position := private.new_position(debt.principal_cents);
    end if;
    v_position.principal_cents := greatest(debt.principal_cents - v_abated, 0);
    return v_position;
end;
$$;

create type private.owed_debt as (
    debt public.debts,
    policy public.charge_policies,
    item private.ledger_state,
    accrual private.accrual
);

-- Without ids: everything of the client that is still owed. A settled title owes nothing, whatever
-- its agreement forgave.
create function private.owed(tenant_id uuid, client_id uuid, on_date date, debt_ids uuid[])
returns setof private.owed_debt
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v private.owed_debt;
    v_debt public.debts;
    v_effective date;
begin
    for v_debt in
        select debts.*
        from public.debts
        where debts.tenant_id = owed.tenant_id and debts.client_id = owed.client_id
          and (owed.debt_ids is null and debts.status not in ('settled', 'returned')
              or debts.id = any(owed.debt_ids))
        order by debts.due_on, debts.contract, debts.installment, debts.id
    loop
        v.debt := v_debt;
        v.policy := private.charge_policy(tenant_id, v_debt.creditor_id, on_date);
        v_effective := private.next_business_day(
            tenant_id, (v.policy).holiday_uf, v_debt.due_on, (v.policy).due_rule
        );
        v.item := private.debt_position(v.debt, on_date);
        if v_debt.status in ('settled', 'returned') then
            v.item := private.new_position(0);
        end if;
        v.accrual := private.accrue(v.item, v.policy, v_debt.due_on, v_effective, on_date);
        return next v;
    end loop;
end;
$$;
