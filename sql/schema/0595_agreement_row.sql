-- One line of /acordos (0712), of the approval inbox and of a client's own list.
create function private.agreement_row(agreement public.agreements) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'id', agreement.id, 'status', agreement.status, 'created_at', agreement.created_at,
        'client', jsonb_build_object(
            'id', client.id, 'name', client.name, 'document', client.document
        ),
        'creditor', jsonb_build_object('id', creditor.id, 'name', creditor.name),
        'original_cents', agreement.original_cents, 'total_cents', agreement.total_cents,
        'discount_cents', agreement.discount_cents,
        'discount_percent', agreement.discount_percent::text,
        'installments', agreement.installments,
        'paid_cents', counted.paid_cents, 'open_cents', counted.open_cents,
        'paid_installments', counted.paid, 'overdue_installments', counted.overdue,
        'next_due_on', counted.next_due_on, 'valid_until', agreement.valid_until,
        'generation', agreement.generation, 'approval_role', agreement.approval_role,
        'created_by', (
            select jsonb_build_object('id', member.user_id, 'name', member.display_name)
            from public.memberships as member
            where member.tenant_id = agreement.tenant_id
              and member.user_id = agreement.created_by
            order by member.revoked_at nulls first
            limit 1
        )
    )
    from public.clients as client
    cross join public.creditors as creditor
    cross join lateral (
        select coalesce(sum(part.paid_cents), 0) as paid_cents,
            coalesce(sum(part.amount_cents - part.paid_cents)
                filter (where part.status = 'open'), 0) as open_cents,
            count(*) filter (where part.status = 'paid') as paid,
            count(*) filter (where part.status = 'open'
                and part.effective_due_on < private.today(agreement.tenant_id)) as overdue,
            min(part.due_on) filter (where part.status = 'open') as next_due_on
        from public.installments as part
        where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
    ) as counted
    where client.tenant_id = agreement.tenant_id and client.id = agreement.client_id
      and creditor.tenant_id = agreement.tenant_id and creditor.id = agreement.creditor_id
$$;
