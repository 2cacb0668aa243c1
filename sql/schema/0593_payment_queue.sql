-- What waits for a person's decision about money: payments in question, and settlements by hand.

-- Whose money may it be: open installments of that amount, the nearest day first.
create function private.orphan_suggestions(tenant_id uuid, payment public.payments) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'installment_id', found.id, 'agreement_id', found.agreement_id,
        'client', jsonb_build_object(
            'id', client.id, 'name', client.name, 'document', client.document
        ),
        'number', found.number, 'due_on', found.due_on, 'amount_cents', found.amount_cents
    ) order by abs(found.due_on - (payment).paid_on), found.id), '[]')
    from (
        select part.*
        from public.installments as part
        join public.agreements as agreement on agreement.id = part.agreement_id
        where part.tenant_id = orphan_suggestions.tenant_id and part.status = 'open'
          and ((select private.sees_everything()) or private.sees_creditor(agreement.creditor_id))
          and private.is_living(agreement.status)
          and part.amount_cents - part.paid_cents = (payment).amount_cents
        order by abs(part.due_on - (payment).paid_on), part.id
        -- More than five are no suggestion.
        limit 5
    ) as found
    join public.clients as client on client.id = found.client_id
$$;

create function private.payment_case_card(payment_case public.payment_cases) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'id', payment_case.id, 'kind', payment_case.kind,
        'amount_cents', payment_case.amount_cents, 'opened_at', payment_case.opened_at,
        'due_on', payment_case.due_on, 'details', payment_case.details,
        'agreement_id', payment_case.agreement_id, 'charge_id', payment_case.charge_id,
        'client', (
            select jsonb_build_object(
                'id', client.id, 'name', client.name, 'document', client.document
            )
            from public.clients as client
            where client.tenant_id = payment_case.tenant_id
              and client.id = payment_case.client_id
        ),
        'payment', (
            select jsonb_build_object(
                'id', payment.id, 'amount_cents', payment.amount_cents,
                'paid_on', payment.paid_on, 'reference', payment.reference,
                'method', payment.method
            )
            from public.payments as payment
            where payment.tenant_id = payment_case.tenant_id
              and payment.id = payment_case.payment_id
        ),
        'resolutions', case payment_case.kind
            when 'paid_after_break' then '["reactivate", "abate", "return"]'
            when 'duplicate' then '["advance", "abate", "return"]'
            when 'overpayment' then '["return"]'
            when 'orphan' then '["assign", "return"]'
            else '["assign", "dismiss"]'
        end::jsonb,
        'suggestions', case when payment_case.kind = 'orphan' then (
            select private.orphan_suggestions(payment_case.tenant_id, payment)
            from public.payments as payment
            where payment.tenant_id = payment_case.tenant_id
              and payment.id = payment_case.payment_id
        ) else '[]' end
    )
$$;

create function private.settlement_card(request public.manual_settlements) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'id', request.id, 'status', request.status, 'amount_cents', request.amount_cents,
        'paid_on', request.paid_on, 'evidence', request.evidence,
        'agreement_id', request.agreement_id, 'installment_id', request.installment_id,
        'debt_ids', request.debt_ids, 'created_at', request.created_at,
        'decision_reason', request.decision_reason, 'decided_at', request.decided_at,
        'is_mine', request.requested_by = auth.uid(),
        'requested_by', (
            select member.display_name from public.memberships as member
            where member.tenant_id = request.tenant_id
              and member.user_id = request.requested_by
            order by member.revoked_at nulls first
            limit 1
        ),
        'client', (
            select jsonb_build_object(
                'id', client.id, 'name', client.name, 'document', client.document
            )
            from public.clients as client
            where client.tenant_id = request.tenant_id and client.id = request.client_id
        )
    )
$$;

create function private.payment_queue() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- A queue longer than this is worked from its oldest end.
    c_max_shown constant int := 200;
    v_tenant_id uuid := private.require_role('operator');
begin
    return jsonb_build_object(
        'cases', (
            select coalesce(jsonb_agg(private.payment_case_card(known)
                order by known.due_on nulls last, known.opened_at, known.id), '[]')
            from (
                select * from public.payment_cases as waiting
                where waiting.tenant_id = v_tenant_id and waiting.resolved_at is null
                  and ((select private.sees_everything()) or private.sees_client(waiting.client_id))
                order by waiting.due_on nulls last, waiting.opened_at, waiting.id
                limit c_max_shown
            ) as known
        ),
        'settlements', (
            select coalesce(jsonb_agg(private.settlement_card(request)
                order by request.created_at, request.id), '[]')
            from (
                select * from public.manual_settlements as waiting
                where waiting.tenant_id = v_tenant_id and waiting.status = 'pending'
                  and ((select private.sees_everything()) or private.sees_client(waiting.client_id))
                order by waiting.created_at, waiting.id
                limit c_max_shown
            ) as request
        ),
        'count', (
            select count(*) from public.payment_cases as known
            where known.tenant_id = v_tenant_id and known.resolved_at is null
              and ((select private.sees_everything()) or private.sees_client(known.client_id))
        ) + (
            select count(*) from public.manual_settlements as request
            where request.tenant_id = v_tenant_id and request.status = 'pending'
              and ((select private.sees_everything()) or private.sees_client(request.client_id))
        )
    );
end;
$$;

create function public.payment_queue() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.payment_queue() $$;
comment on function public.payment_queue() is
'{cases: [{id, kind, amount_cents, client, payment, details, resolutions, suggestions, due_on}],
settlements: [{id, amount_cents, paid_on, evidence, requested_by, client, is_mine}], count}.';

grant execute on function private.payment_queue(), public.payment_queue() to authenticated;
