-- The creditors with what is set up for each, for the page that leads to it.
create function private.creditor_overview() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_today date := private.today(v_tenant_id);
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', creditor.id, 'name', creditor.name, 'document', creditor.document,
            'address', creditor.address, 'is_active', creditor.is_active,
            'has_debts', exists (
                select from public.debts
                where debts.tenant_id = creditor.tenant_id and debts.creditor_id = creditor.id
            ),
            -- As a debt of today would be charged; `is_own`: not the agency's rule standing in.
            'charge', (
                select jsonb_build_object(
                    'is_own', rule.creditor_id is not null, 'fine_percent', rule.fine_percent,
                    'interest_percent', rule.interest_percent,
                    'collection_fee_percent', rule.collection_fee_percent
                )
                from private.charge_policy(creditor.tenant_id, creditor.id, v_today) as rule
            ),
            'agreement', (
                select jsonb_build_object(
                    'is_own', rule.creditor_id is not null,
                    'definitive_after_days', rule.definitive_after_days
                )
                from private.agreement_policy(creditor.tenant_id, creditor.id) as rule
            ),
            'own_templates', (
                select count(*) from public.agreement_templates as offer
                where offer.tenant_id = creditor.tenant_id
                  and offer.creditor_id = creditor.id and offer.is_active
            ),
            'own_limits', (
                select count(*) from public.approval_limits as held
                where held.tenant_id = creditor.tenant_id and held.creditor_id = creditor.id
            )
        ) order by creditor.is_active desc, creditor.name), '[]')
        from public.creditors as creditor
        where creditor.tenant_id = v_tenant_id
    );
end;
$$;

create function private.delete_creditor(creditor_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
begin
    delete from public.creditors as creditor
    where creditor.tenant_id = v_tenant_id and creditor.id = delete_creditor.creditor_id;
    if not found then
        raise exception 'creditor_not_found' using errcode = 'PT404',
            detail = 'no creditor with this id in the tenant';
    end if;
exception
    when foreign_key_violation then
        raise exception 'creditor_used' using errcode = 'PT409', detail = sqlerrm;
end;
$$;

create function public.creditor_overview() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.creditor_overview() $$;
comment on function public.creditor_overview() is
'Admin: [{id, name, document, address, is_active, has_debts, charge: {is_own, fine_percent,
interest_percent, collection_fee_percent}, agreement: {is_own, definitive_after_days},
own_templates, own_limits}].';

create function public.delete_creditor(creditor_id uuid) returns void
language sql
set search_path = ''
as $$ select private.delete_creditor(creditor_id) $$;
comment on function public.delete_creditor(uuid) is
'Admin: one that nothing points to. PT404 creditor_not_found; PT409 creditor_used.';

grant execute on function
private.creditor_overview(), public.creditor_overview(),
private.delete_creditor(uuid), public.delete_creditor(uuid)
to authenticated;
