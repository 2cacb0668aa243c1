-- What waits for this person's yes or no, the soonest to expire first, each with its calculation.
create function private.approval_inbox() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- Decided one key at a time; the rest follows.
    c_max_shown constant int := 100;
    v_tenant_id uuid := private.require_role('supervisor');
    v_role public.member_role := private.member_role();
    v_today date := private.today(v_tenant_id);
begin
    return jsonb_build_object(
        'rows', (
            select coalesce(jsonb_agg(
                private.agreement_row(waiting.agreement) || jsonb_build_object(
                    'base_on', (waiting.agreement).base_on,
                    'approval_reasons', (waiting.agreement).approval_reasons,
                    'totals', (waiting.agreement).priced -> 'totals',
                    'debts', (waiting.agreement).priced -> 'debts',
                    'schedule', (waiting.agreement).priced -> 'schedule',
                    'statement', (waiting.agreement).statement,
                    'is_mine', (waiting.agreement).created_by = auth.uid(),
                    'may_approve', (waiting.agreement).created_by is distinct from auth.uid()
                        and (waiting.agreement).approval_role <= v_role,
                    'is_expired', (waiting.agreement).valid_until < v_today
                )
                order by (waiting.agreement).valid_until, (waiting.agreement).created_at
            ), '[]')
            from (
                select agreement
                from public.agreements as agreement
                where agreement.tenant_id = v_tenant_id
                  and agreement.status = 'pending_approval'
                  and (
                      (select private.sees_everything())
                      or private.sees_creditor(agreement.creditor_id)
                  )
                order by agreement.valid_until, agreement.created_at
                limit c_max_shown
            ) as waiting
        ),
        'count', (
            select count(*) from public.agreements as agreement
            where agreement.tenant_id = v_tenant_id and agreement.status = 'pending_approval'
              and (
                  (select private.sees_everything())
                  or private.sees_creditor(agreement.creditor_id)
              )
        )
    );
end;
$$;

create function public.approval_inbox() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.approval_inbox() $$;
comment on function public.approval_inbox() is
'Supervisor. {rows: [agreement row + approval_reasons, totals, debts, schedule, statement, is_mine,
may_approve, is_expired], count}.';

grant execute on function private.approval_inbox(), public.approval_inbox() to authenticated;
