-- Asking the provider again, by hand: what became of a charge, or once more what failed.
-- "The debtor says it is paid."
create function private.refresh_charge(charge_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
begin
    perform private.lock_client(charge.tenant_id, charge.client_id)
    from public.charges as charge
    where charge.tenant_id = v_tenant_id and charge.id = refresh_charge.charge_id;
    update public.charges as charge set needs_lookup = true
    where charge.tenant_id = v_tenant_id and charge.id = refresh_charge.charge_id;
    if not found then
        raise exception 'charge_not_found' using errcode = 'PT404',
            detail = 'no charge with this id in the tenant';
    end if;
    perform private.poke_charge(charge_id);
end;
$$;

create function public.refresh_charge(charge_id uuid) returns void
language sql
set search_path = ''
as $$ select private.refresh_charge(private.seen('charges', charge_id)) $$;

-- A failed one once more, after somebody mended what was wrong.
create function private.retry_charge(charge_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_charge public.charges;
    v_part public.installments;
begin
    select * into v_charge from public.charges as charge
    where charge.tenant_id = v_tenant_id and charge.id = retry_charge.charge_id;
    if not found then
        raise exception 'charge_not_found' using errcode = 'PT404',
            detail = 'no charge with this id in the tenant';
    end if;
    -- Mending must not make payable what nobody owes any more.
    v_part := private.open_installment(v_tenant_id, v_charge.installment_id);
    select * into v_charge from public.charges as charge where charge.id = v_charge.id for update;
    if v_part.cancelling_reason is not null then
        raise exception 'installment_not_open' using errcode = 'PT409', detail = 'cancelling';
    elsif v_charge.status <> 'failed' or not v_charge.is_wanted then
        raise exception 'charge_not_failed' using errcode = 'PT409',
            detail = case when v_charge.is_wanted then v_charge.status::text else 'unwanted' end;
    end if;
    -- It may exist after all: the provider is asked before anything is sent again.
    update public.charges as charge
    set status = 'unknown', failures = 0, error_code = null, error_detail = null
    where charge.id = v_charge.id;
    perform private.poke_charge(v_charge.id);
end;
$$;

create function public.retry_charge(charge_id uuid) returns void
language sql
set search_path = ''
as $$ select private.retry_charge(private.seen('charges', charge_id)) $$;
comment on function public.retry_charge(uuid) is
'Looks the charge up and sends it only if the provider has none. PT404 charge_not_found, PT409
charge_not_failed, installment_not_open, agreement_not_living.';

grant execute on function
private.refresh_charge(uuid), public.refresh_charge(uuid),
private.retry_charge(uuid), public.retry_charge(uuid)
to authenticated;
