-- What a person ends: an agreement, or one installment of it. An operator may take back what nobody
-- has paid yet; afterwards it is a supervisor's decision, within their own limits (0589).
create function private.require_reason(reason text, is_wanted boolean default true) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    -- Three sentences; the page says so, and takes no more.
    c_longest constant int := 500;
begin
    if is_wanted and btrim(coalesce(reason, '')) = '' then
        raise exception 'reason_missing' using errcode = 'PT400', detail = 'say why';
    elsif length(btrim(reason)) > c_longest then
        raise exception 'reason_too_long' using errcode = 'PT400',
            detail = format('%s characters of %s', length(btrim(reason)), c_longest);
    end if;
    return nullif(btrim(reason), '');
end;
$$;
comment on function private.require_reason(text, boolean) is
'Without blanks at its ends; null where none is wanted and none was given.';

create function private.cancel_agreement(agreement_id uuid, reason text) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_reason text := private.require_reason(reason);
    v_agreement public.agreements;
begin
    v_agreement := private.agreement_for_change(v_tenant_id, agreement_id);
    if exists (
        select from public.installments as part
        where part.tenant_id = v_tenant_id and part.agreement_id = v_agreement.id
          and part.paid_cents > 0
    ) then
        perform private.require_role('supervisor');
    end if;
    perform private.transition_agreement(
        v_agreement.id, 'cancelled', v_reason, private.today(v_tenant_id)
    );
    return jsonb_build_object('agreement_id', v_agreement.id, 'status', 'cancelled');
end;
$$;

-- Its charge must become unpayable first; until the provider has said so the installment stays
-- open, and if it says no, it stays for good and somebody is told.
create function private.cancel_installment(installment_id uuid, reason text) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_reason text := private.require_reason(reason);
    v_part public.installments;
    v_agreement public.agreements;
begin
    v_part := private.open_installment(v_tenant_id, installment_id);
    if not exists (
        select from public.installments as other
        where other.agreement_id = v_part.agreement_id and other.id <> v_part.id
          and other.status in ('open', 'paid') and other.cancelling_reason is null
    ) then
        raise exception 'last_installment' using errcode = 'PT409',
            detail = 'cancel the agreement instead';
    end if;
    select * into v_agreement from public.agreements as agreement
    where agreement.id = v_part.agreement_id;
    perform private.require_forgivable(v_agreement, v_part.id);
    update public.installments as part set cancelling_reason = v_reason
    where part.id = v_part.id;
    perform private.unwant_charges(charge.id, 'installment_cancelled')
    from public.charges as charge
    where charge.tenant_id = v_tenant_id and charge.installment_id = v_part.id
      and charge.is_wanted and charge.status not in ('paid', 'cancelled');
    if private.is_payable(v_part.id) then
        return jsonb_build_object('installment_id', v_part.id, 'status', 'cancelling');
    end if;
    perform private.finish_cancelling(v_part.id);
    return jsonb_build_object('installment_id', v_part.id, 'status', 'cancelled');
end;
$$;

-- Of a living agreement, open, and locked in the common order; or refused by name.
create function private.open_installment(tenant_id uuid, installment_id uuid)
returns public.installments
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_part public.installments;
    v_agreement public.agreements;
begin
    select * into v_part from public.installments as part
    where part.tenant_id = open_installment.tenant_id
      and part.id = open_installment.installment_id;
    if not found then
        raise exception 'installment_not_found' using errcode = 'PT404',
            detail = 'no installment with this id in the tenant';
    end if;
    v_agreement := private.agreement_for_change(tenant_id, v_part.agreement_id);
    select * into v_part from public.installments as part where part.id = v_part.id;
    if not private.is_living(v_agreement.status) then
        raise exception 'agreement_not_living' using errcode = 'PT409',
            detail = v_agreement.status::text;
    elsif v_part.status <> 'open' then
        raise exception 'installment_not_open' using errcode = 'PT409',
            detail = v_part.status::text;
    end if;
    return v_part;
end;
$$;

create function private.is_payable(installment_id uuid) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.charges as charge
        where charge.installment_id = is_payable.installment_id
          and charge.status in ('sending', 'unknown', 'registering', 'open', 'cancelling')
    )
$$;

create function private.finish_cancelling(installment_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_part public.installments;
begin
    update public.installments as part
    set status = 'cancelled', cancel_reason = part.cancelling_reason, cancelling_reason = null
    where part.id = finish_cancelling.installment_id and part.status = 'open'
      and part.cancelling_reason is not null
    returning * into v_part;
    if not found then
        return;
    end if;
    perform private.tell_agreement(
        v_part.agreement_id, 'installment_cancelled', private.today(v_part.tenant_id),
        v_part.cancel_reason, jsonb_build_object(
            'installment_id', v_part.id, 'amount_cents', v_part.amount_cents
        )
    );
    perform private.rebuild_ledger(
        v_part.tenant_id, v_part.client_id, private.today(v_part.tenant_id)
    );
end;
$$;

-- The provider took the charge back: an installment that waited for this is cancelled now.
create function private.drop_installment(charge public.charges) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if not private.is_payable(charge.installment_id) then
        perform private.finish_cancelling(charge.installment_id);
    end if;
end;
$$;

-- The provider would not: the installment stays, and it says so.
create function private.keep_installment(charge public.charges, error_code text) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.installments as part set cancelling_reason = null
    where part.id = charge.installment_id and part.cancelling_reason is not null;
    if found then
        perform private.tell_agreement(
            charge.agreement_id, 'installment_not_cancelled', private.today(charge.tenant_id),
            error_code, jsonb_build_object(
                'installment_id', charge.installment_id, 'charge_id', charge.id
            )
        );
    end if;
end;
$$;

create function public.cancel_agreement(agreement_id uuid, reason text) returns jsonb
language sql
set search_path = ''
as $$ select private.cancel_agreement(private.seen('agreements', agreement_id), reason) $$;
comment on function public.cancel_agreement(uuid, text) is
'Operator before the first payment, supervisor after it. PT400 reason_missing, PT404
agreement_not_found, PT409 transition_illegal.';

create function public.cancel_installment(installment_id uuid, reason text) returns jsonb
language sql
set search_path = ''
as $$ select private.cancel_installment(private.seen('installments', installment_id), reason) $$;
comment on function public.cancel_installment(uuid, text) is
'Supervisor. status cancelled, or cancelling until the provider has taken its charge back. PT409
installment_not_open, agreement_not_living, last_installment; what stays leaves the limits: PT403
approval_above_role, PT409 above_every_limit.';

grant execute on function
private.cancel_agreement(uuid, text), public.cancel_agreement(uuid, text),
private.cancel_installment(uuid, text), public.cancel_installment(uuid, text)
to authenticated;
