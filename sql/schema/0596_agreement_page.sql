-- One agreement whole: what was agreed and why it costs that, its schedule with charges, its money
-- with what each payment covered, its history.
create function private.agreement_payments(agreement public.agreements) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', payment.id, 'amount_cents', payment.amount_cents, 'paid_on', payment.paid_on,
        'created_at', payment.created_at, 'provider', payment.provider,
        'method', payment.method, 'charge_id', payment.charge_id,
        'course', word.course, 'reason', word.reason,
        'reversed', (
            select jsonb_build_object('on', reversal.reversed_on, 'reason', reversal.reason)
            from public.payment_reversals as reversal
            where reversal.tenant_id = payment.tenant_id and reversal.payment_id = payment.id
        ),
        -- Balance before and after, installment by installment and title by title.
        'allocations', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'installment_id', standing.installment_id, 'debt_id', standing.debt_id,
                'principal_cents', standing.principal_cents,
                'correction_cents', standing.correction_cents,
                'fine_cents', standing.fine_cents, 'interest_cents', standing.interest_cents,
                'collection_fee_cents', standing.collection_fee_cents,
                'total_cents', standing.total_cents, 'before_cents', standing.before_cents,
                'after_cents', standing.after_cents
            ) order by standing.debt_id nulls first, standing.id), '[]')
            from private.living_allocations as standing
            where standing.tenant_id = payment.tenant_id and standing.payment_id = payment.id
        )
    ) order by payment.paid_on, payment.payment_key), '[]')
    from public.payments as payment
    cross join lateral (
        select course.* from public.payment_courses as course
        where course.tenant_id = payment.tenant_id and course.payment_id = payment.id
        order by course.id desc
        limit 1
    ) as word
    where payment.tenant_id = agreement.tenant_id and payment.client_id = agreement.client_id
      and word.agreement_id = agreement.id
$$;

create function private.charge_card(charge public.charges) returns jsonb
language sql
stable
set search_path = ''
as $$
    select jsonb_build_object(
        'id', charge.id, 'status', charge.status, 'is_wanted', charge.is_wanted,
        'method', charge.method, 'amount_cents', charge.amount_cents, 'due_on', charge.due_on,
        'link', charge.link, 'digitable_line', charge.digitable_line,
        'pix_code', charge.pix_code, 'pdf_url', charge.pdf_url,
        'error_code', charge.error_code, 'error_detail', charge.error_detail,
        'next_attempt_at', charge.next_attempt_at, 'created_at', charge.created_at,
        'cancel_reason', charge.cancel_reason
    )
$$;

create function private.agreement_page(agreement_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_agreement public.agreements;
begin
    select * into v_agreement from public.agreements as agreement
    where agreement.tenant_id = v_tenant_id and agreement.id = agreement_page.agreement_id;
    if not found then
        raise exception 'agreement_not_found' using errcode = 'PT404',
            detail = 'no agreement with this id in the tenant';
    end if;
    return jsonb_build_object(
        'agreement', private.agreement_row(v_agreement) || jsonb_build_object(
            'base_on', v_agreement.base_on, 'financing_cents', v_agreement.financing_cents,
            'first_due_on', v_agreement.first_due_on, 'last_due_on', v_agreement.last_due_on,
            'template_id', v_agreement.template_id, 'replaces_id', v_agreement.replaces_id,
            'approval_reasons', v_agreement.approval_reasons,
            'decided_by', v_agreement.decided_by, 'decided_at', v_agreement.decided_at,
            'decision_reason', v_agreement.decision_reason,
            'formalised_at', v_agreement.formalised_at, 'closed_at', v_agreement.closed_at,
            'successor_id', (
                select later.id from public.agreements as later
                where later.tenant_id = v_tenant_id and later.replaces_id = v_agreement.id
                  and later.formalised_at is not null
                order by later.created_at desc
                limit 1
            )
        ),
        'totals', v_agreement.priced -> 'totals', 'debts', v_agreement.priced -> 'debts',
        'proposal', v_agreement.priced -> 'proposal', 'statement', v_agreement.statement,
        'schedule', (
            select jsonb_agg(jsonb_build_object(
                'id', part.id, 'number', part.number, 'kind', part.kind, 'due_on', part.due_on,
                'effective_due_on', part.effective_due_on, 'amount_cents', part.amount_cents,
                'method', part.method, 'status', part.status, 'paid_cents', part.paid_cents,
                'late_cents', part.late_cents, 'adjustment_cents', part.adjustment_cents,
                'paid_on', part.paid_on, 'cancel_reason', part.cancel_reason,
                'cancelling_reason', part.cancelling_reason,
                'charges', (
                    select coalesce(jsonb_agg(
                        private.charge_card(charge) order by charge.sequence desc
                    ), '[]')
                    from public.charges as charge
                    where charge.tenant_id = v_tenant_id and charge.installment_id = part.id
                )
            ) order by part.number)
            from public.installments as part
            where part.tenant_id = v_tenant_id and part.agreement_id = v_agreement.id
        ),
        'payments', private.agreement_payments(v_agreement),
        'cases', (
            select coalesce(jsonb_agg(private.payment_case_card(known)
                order by known.opened_at), '[]')
            from public.payment_cases as known
            where known.tenant_id = v_tenant_id and known.agreement_id = v_agreement.id
              and known.resolved_at is null
        ),
        'settlements', (
            select coalesce(jsonb_agg(private.settlement_card(request)
                order by request.created_at), '[]')
            from public.manual_settlements as request
            where request.tenant_id = v_tenant_id and request.agreement_id = v_agreement.id
        ),
        'history', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', event.id, 'kind', event.kind, 'from_status', event.from_status,
                'to_status', event.to_status, 'reason', event.reason,
                'details', event.details, 'on_date', event.on_date, 'at', event.created_at,
                'actor', (
                    select member.display_name from public.memberships as member
                    where member.tenant_id = v_tenant_id and member.user_id = event.actor_id
                    order by member.revoked_at nulls first
                    limit 1
                )
            ) order by event.id desc), '[]')
            from (
                select * from public.agreement_events as told
                where told.tenant_id = v_tenant_id and told.agreement_id = v_agreement.id
                -- Ten years of monthly payments with their charges.
                order by told.id desc
                limit 500
            ) as event
        )
    );
end;
$$;

create function public.agreement_page(agreement_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.agreement_page(private.seen('agreements', agreement_id)) $$;
comment on function public.agreement_page(uuid) is
'{agreement, totals, debts, proposal, statement, schedule: [{…, charges}], payments: [{…,
allocations}], cases, settlements, history}. PT404 agreement_not_found.';

grant execute on function
private.agreement_page(uuid), public.agreement_page(uuid)
to authenticated;
