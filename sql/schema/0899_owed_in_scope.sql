-- Whoever is limited to creditors speaks to people of what is owed to those, and not to who owes
-- only others: the client's own columns speak of everybody.
create function private.owed_in_scope(
    tenant_id uuid, client_id uuid, scope uuid[], out cents bigint, out is_owing boolean
)
language sql
stable
security definer
set search_path = ''
as $$
    select owed.cents, owed.debts > 0 or exists (
            -- Titles of a broken promise are still locked in it, and owed.
            select from public.agreements as agreement
            where agreement.tenant_id = owed_in_scope.tenant_id
              and agreement.client_id = owed_in_scope.client_id
              and agreement.creditor_id = any(scope) and private.is_living(agreement.status)
        )
    from private.open_in_scope(
        owed_in_scope.tenant_id, owed_in_scope.client_id, owed_in_scope.scope
    ) as owed
$$;
comment on function private.owed_in_scope(uuid, uuid, uuid[]) is
'Of open titles; is_owing also of a living agreement.';
