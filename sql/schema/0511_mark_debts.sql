-- Hold, release and override: the only ways to mark a title by hand.

-- The clients first, in one order, as everything that moves their money does (0548).
create function private.lock_clients_of(tenant_id uuid, debt_ids uuid[]) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform from public.clients as client
    where client.tenant_id = lock_clients_of.tenant_id and client.id in (
        select debts.client_id from public.debts
        where debts.tenant_id = lock_clients_of.tenant_id
          and debts.id = any(lock_clients_of.debt_ids)
    )
    order by client.id
    for no key update;
end;
$$;

create function private.mark_debts(
    debt_ids uuid[], mark public.debt_mark_kind, reason text, minimum public.member_role
) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role(minimum);
    v_today date := private.today(v_tenant_id);
    v_debt public.debts;
    v_marked int := 0;
begin
    perform private.require_reason(reason);
    perform private.lock_clients_of(v_tenant_id, debt_ids);
    for v_debt in
        select debts.* from public.debts
        where debts.tenant_id = v_tenant_id and debts.id = any(debt_ids)
        order by debts.id
        for update
    loop
        if v_debt.status = 'in_agreement' then
            raise exception 'debt_in_agreement' using errcode = 'PT409', detail = v_debt.id::text;
        elsif v_debt.status in ('settled', 'returned') then
            raise exception 'debt_closed' using errcode = 'PT409', detail = v_debt.id::text;
        end if;
        insert into public.debt_marks (tenant_id, debt_id, kind, reason, created_by)
        values (v_tenant_id, v_debt.id, mark_debts.mark, btrim(mark_debts.reason), auth.uid())
        on conflict (tenant_id, debt_id, kind) where released_at is null do nothing;
        update public.debts set status = private.free_status(v_debt, v_today)
        where debts.id = v_debt.id;
        v_marked := v_marked + 1;
    end loop;
    if v_marked <> cardinality(debt_ids) then
        raise exception 'debt_not_found' using errcode = 'PT404',
            detail = 'not all ids are titles of the tenant';
    end if;
    return v_marked;
end;
$$;

create function private.hold_debts(debt_ids uuid[], reason text) returns int
language sql
security definer
set search_path = ''
as $$ select private.mark_debts(debt_ids, 'hold', reason, 'operator') $$;

create function private.override_prescription(debt_ids uuid[], reason text) returns int
language sql
security definer
set search_path = ''
as $$ select private.mark_debts(debt_ids, 'prescription_override', reason, 'admin') $$;

create function private.release_debts(debt_ids uuid[], reason text) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_today date := private.today(v_tenant_id);
    v_released int;
begin
    perform private.require_reason(reason);
    perform private.lock_clients_of(v_tenant_id, debt_ids);
    update public.debt_marks as mark
    set released_at = private.now(), released_by = auth.uid(),
        release_reason = btrim(release_debts.reason)
    where mark.tenant_id = v_tenant_id and mark.debt_id = any(debt_ids)
      and mark.kind = 'hold' and mark.released_at is null;
    get diagnostics v_released = row_count;
    update public.debts set status = private.free_status(debts, v_today)
    where debts.tenant_id = v_tenant_id and debts.id = any(debt_ids)
      and debts.status = 'on_hold';
    return v_released;
end;
$$;

create function public.hold_debts(debt_ids uuid[], reason text) returns int
language sql
set search_path = ''
as $$ select private.hold_debts(private.seen_all('debts', debt_ids), reason) $$;
comment on function public.hold_debts(uuid[], text) is
'Any member: a disputed title is not collected until released. PT400 reason_missing, PT404
debt_not_found, PT409 debt_in_agreement, debt_closed.';

create function public.release_debts(debt_ids uuid[], reason text) returns int
language sql
set search_path = ''
as $$ select private.release_debts(private.seen_all('debts', debt_ids), reason) $$;
comment on function public.release_debts(uuid[], text) is 'Supervisor: ends holds; how many.';

create function public.override_prescription(debt_ids uuid[], reason text) returns int
language sql
set search_path = ''
as $$ select private.override_prescription(debt_ids, reason) $$;
comment on function public.override_prescription(uuid[], text) is
'Admin: a prescribed title may be negotiated again. Errors as hold_debts.';

grant execute on function
private.hold_debts(uuid[], text), public.hold_debts(uuid[], text),
private.release_debts(uuid[], text), public.release_debts(uuid[], text),
private.override_prescription(uuid[], text), public.override_prescription(uuid[], text)
to authenticated;
