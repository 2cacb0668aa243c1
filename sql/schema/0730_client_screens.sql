-- One call per screen: the file of a client and the operator's screen
-- (/atendimento/:id). Both are bounded: 500 titles are more than a person reads, and the totals
-- come from the client's own row.
-- What the client owes to the creditors that the caller works for; everything is the row's own.
create function private.open_in_scope(
    client public.clients, out open_cents bigint, out open_debts int, out oldest_due_on date
)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_scope uuid[] := private.creditor_scope();
begin
    if v_scope is null then
        open_cents := client.open_cents;
        open_debts := client.open_debts;
        oldest_due_on := client.oldest_due_on;
        return;
    end if;
    select coalesce(sum(debts.principal_cents - debts.abated_cents), 0), count(*),
        min(debts.due_on)
    into open_cents, open_debts, oldest_due_on
    from public.debts
    where debts.tenant_id = client.tenant_id and debts.client_id = client.id
      and debts.status = 'open' and debts.creditor_id = any(v_scope);
end;
$$;

create function private.client_card(tenant_id uuid, client_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'client', jsonb_build_object(
            'id', clients.id, 'document', clients.document, 'name', clients.name,
            'email', clients.email, 'external_id', clients.external_id, 'uf', clients.uf,
            'extra', clients.extra, 'open_cents', seen.open_cents,
            'open_debts', seen.open_debts, 'oldest_due_on', seen.oldest_due_on,
            'status', clients.debt_status, 'created_at', clients.created_at
        ),
        'phones', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', known.id, 'phone', known.phone, 'kind', known.kind,
                'has_whatsapp', known.has_whatsapp
            ) order by known.position, known.id), '[]')
            from public.client_phones as known
            where known.tenant_id = clients.tenant_id and known.client_id = clients.id
        ),
        'debts', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', title.id, 'creditor', title.creditor, 'contract', title.contract,
                'installment', title.installment, 'due_on', title.due_on,
                'principal_cents', title.principal_cents, 'status', title.status
            ) order by title.status, title.due_on, title.id), '[]')
            from (
                select debts.*, creditors.name as creditor
                from public.debts
                join public.creditors
                    on creditors.tenant_id = debts.tenant_id and creditors.id = debts.creditor_id
                where debts.tenant_id = clients.tenant_id and debts.client_id = clients.id
                  and (
                      (select private.sees_everything())
                      or private.sees_creditor(debts.creditor_id)
                  )
                order by debts.status, debts.due_on, debts.id
                limit 500
            ) as title
        ),
        'creditors', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', creditors.id, 'name', creditors.name, 'document', creditors.document,
                'address', creditors.address
            ) order by creditors.name), '[]')
            from public.creditors
            where creditors.tenant_id = clients.tenant_id
              and creditors.id = any(clients.creditor_ids)
              and ((select private.sees_everything()) or private.sees_creditor(creditors.id))
        ),
        'open_cents', seen.open_cents
    )
    from public.clients
    cross join lateral private.open_in_scope(clients) as seen
    where clients.tenant_id = client_card.tenant_id and clients.id = client_card.client_id
$$;

-- What was promised and is still to be done.
create function private.client_callbacks(tenant_id uuid, client_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', callback.id, 'due_at', callback.due_at, 'note', callback.note,
        'status', callback.status, 'operator_id', callback.operator_id,
        'operator', private.actor_name(callback.tenant_id, callback.operator_id)
    ) order by callback.due_at), '[]')
    from public.callbacks as callback
    where callback.tenant_id = client_callbacks.tenant_id
      and callback.client_id = client_callbacks.client_id
      and callback.status = 'scheduled'
$$;

create function private.service_screen(client_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- The callback picker offers a week and the day it is opened on.
    c_days_offered constant int := 8;
    v_tenant_id uuid := private.require_role('operator');
    v_now timestamptz := private.now();
begin
    perform private.require_client(v_tenant_id, client_id);
    return private.client_card(v_tenant_id, client_id) || jsonb_build_object(
        'disposition_types', (
            select coalesce(jsonb_agg(to_jsonb(types) - 'tenant_id'
                order by types.position, types.key), '[]')
            from public.disposition_types as types
            where types.tenant_id = v_tenant_id and types.is_active
        ),
        'timeline', private.client_timeline(client_id, null, 50),
        'contact', (
            select jsonb_build_object(
                'allowed', decision.allowed, 'next_allowed_at', decision.next_allowed_at,
                'reason', decision.reason
            )
            from private.contact_decision(
                v_tenant_id, service_screen.client_id, 'call', v_now
            ) as decision
        ) || jsonb_build_object('hours', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'date', hours.day, 'from', hours.opens_at, 'to', hours.closes_at
            ) order by hours.opens_at), '[]')
            from private.contact_hours(
                v_tenant_id, service_screen.client_id, v_now, c_days_offered
            ) as hours
        )),
        'callbacks', private.client_callbacks(v_tenant_id, client_id)
    );
end;
$$;

create function public.service_screen(client_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.service_screen(private.seen('clients', client_id)) $$;

grant execute on function
private.service_screen(uuid), public.service_screen(uuid)
to authenticated;
