-- A payment taken back. Everything after it is booked again in order; the agreement may be overdue
-- or unsettled again, and those concerned are told.
create function private.reverse_payment(payment_id uuid, reason text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_payment public.payments;
    v_agreement_id uuid;
begin
    perform private.require_reason(reason);
    select * into v_payment from public.payments as payment
    where payment.tenant_id = v_tenant_id and payment.id = reverse_payment.payment_id;
    if not found then
        raise exception 'payment_not_found' using errcode = 'PT404',
            detail = 'no payment with this id in the tenant';
    end if;
    if v_payment.client_id is null then
        -- Somebody may be saying at this moment whose it is, and holds the case.
        perform from public.payment_cases as known
        where known.tenant_id = v_tenant_id and known.payment_id = v_payment.id
        order by known.id
        for update;
        select * into v_payment from public.payments as payment where payment.id = v_payment.id;
    end if;
    if v_payment.client_id is not null then
        perform private.lock_client(v_tenant_id, v_payment.client_id);
    end if;
    insert into public.payment_reversals (tenant_id, payment_id, reason, reversed_on, actor_id)
    values (
        v_tenant_id, v_payment.id, btrim(reverse_payment.reason), private.today(v_tenant_id),
        auth.uid()
    )
    on conflict on constraint payment_reversals_once_per_payment do nothing;
    if not found then
        raise exception 'payment_reversed' using errcode = 'PT409',
            detail = 'this payment was taken back already';
    end if;
    update public.payment_cases as known
    set resolved_at = private.now(), resolved_by = auth.uid(), resolution = 'vanished'
    where known.tenant_id = v_tenant_id and known.payment_id = v_payment.id
      and known.resolved_at is null;
    select word.agreement_id into v_agreement_id
    from public.payment_courses as word
    where word.tenant_id = v_tenant_id and word.payment_id = v_payment.id
    order by word.id desc
    limit 1;
    if v_agreement_id is not null then
        perform private.tell_agreement(
            v_agreement_id, 'payment_reversed', private.today(v_tenant_id), btrim(reason),
            jsonb_build_object('payment_id', v_payment.id, 'amount_cents', v_payment.amount_cents)
        );
        insert into public.notifications (tenant_id, user_id, kind, payload)
        select v_tenant_id, agreement.created_by, 'payment_reversed', jsonb_build_object(
            'payment_id', v_payment.id, 'agreement_id', agreement.id,
            'client_id', agreement.client_id
        )
        from public.agreements as agreement
        where agreement.id = v_agreement_id and agreement.created_by is not null;
    end if;
    if v_payment.client_id is not null then
        perform private.rebuild_ledger(
            v_tenant_id, v_payment.client_id, private.today(v_tenant_id)
        );
    end if;
end;
$$;

create function public.reverse_payment(payment_id uuid, reason text) returns void
language sql
set search_path = ''
as $$ select private.reverse_payment(private.seen('payments', payment_id), reason) $$;
comment on function public.reverse_payment(uuid, text) is
'Supervisor: Pix return, chargeback, returned boleto or a mistake. PT400 reason_missing, PT404
payment_not_found, PT409 payment_reversed.';

grant execute on function
private.reverse_payment(uuid, text), public.reverse_payment(uuid, text)
to authenticated;
