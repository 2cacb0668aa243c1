-- What money leaves on a client's timeline: agreements' events, payments, payments taken back. A
-- client has few of each; all are read along the client's own agreements and payments.

-- Events are numbered; the stream's cursor holds a uuid. The number's order is kept.
create function private.numbered_uuid(number bigint) returns uuid
language sql
immutable
set search_path = ''
as $$
    select ('00000000-0000-4000-8000-' || lpad(to_hex(number), 12, '0'))::uuid
$$;

create function private.money_timeline(
    tenant_id uuid, client_id uuid, before_at timestamptz, before_id uuid, page_size int
) returns table (at timestamptz, id uuid, item jsonb)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return query
    (
        select event.created_at, private.numbered_uuid(event.id), jsonb_build_object(
            'kind', 'agreement', 'agreement_id', agreement.id, 'creditor', creditor.name,
            'total_cents', agreement.total_cents, 'event', event.kind,
            'from_status', event.from_status, 'to_status', event.to_status,
            'reason', event.reason,
            'actor', private.actor_name(event.tenant_id, event.actor_id)
        )
        from public.agreements as agreement
        join public.creditors as creditor
            on creditor.tenant_id = agreement.tenant_id and creditor.id = agreement.creditor_id
        join public.agreement_events as event
            on event.tenant_id = agreement.tenant_id and event.agreement_id = agreement.id
        where agreement.tenant_id = $1 and agreement.client_id = $2
          and ((select private.sees_everything()) or private.sees_creditor(agreement.creditor_id))
          -- Told by the payment itself, below.
          and event.kind not in ('payment_received', 'payment_reversed')
          and (event.created_at, private.numbered_uuid(event.id)) < ($3, $4)
        order by event.created_at desc, event.id desc
        limit $5
    )
    union all
    (
        select payment.created_at, payment.id, jsonb_build_object(
            'kind', 'payment', 'amount_cents', payment.amount_cents, 'paid_on', payment.paid_on,
            'method', payment.method, 'agreement_id', charge.agreement_id,
            'is_manual', payment.provider is null,
            'actor', private.actor_name(payment.tenant_id, payment.created_by)
        )
        from public.payments as payment
        left join public.charges as charge
            on charge.tenant_id = payment.tenant_id and charge.id = payment.charge_id
        where payment.tenant_id = $1 and payment.client_id = $2
          and ((select private.sees_everything()) or private.sees_payment(payment))
          and (payment.created_at, payment.id) < ($3, $4)
        order by payment.created_at desc, payment.id desc
        limit $5
    )
    union all
    (
        select reversal.created_at, reversal.id, jsonb_build_object(
            'kind', 'reversal', 'amount_cents', payment.amount_cents, 'paid_on', payment.paid_on,
            'reason', reversal.reason,
            'actor', private.actor_name(reversal.tenant_id, reversal.actor_id)
        )
        from public.payments as payment
        join public.payment_reversals as reversal
            on reversal.tenant_id = payment.tenant_id and reversal.payment_id = payment.id
        where payment.tenant_id = $1 and payment.client_id = $2
          and ((select private.sees_everything()) or private.sees_payment(payment))
          and (reversal.created_at, reversal.id) < ($3, $4)
        order by reversal.created_at desc, reversal.id desc
        limit $5
    );
end;
$$;
