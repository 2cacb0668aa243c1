-- The rows of a page, in the order of their ids, with everything a line of the carteira shows. One
-- statement: sixty function calls would cost more than the page itself, and jsonb twice what json
-- does. The same statement for every filter and order, so that its plan is kept: planning it takes
-- longer than running it.
create function private.client_rows(
    tenant_id uuid, ids uuid[], today date, now_at timestamptz
) returns json
language plpgsql
stable
set search_path = ''
as $$
declare
    v_scope uuid[] := private.creditor_scope();
begin
    return (
        select coalesce(json_agg(json_build_object(
            'id', clients.id, 'document', clients.document, 'name', clients.name,
            'external_id', clients.external_id, 'email', clients.email, 'uf', clients.uf,
            'open_cents', coalesce(own.open_cents, clients.open_cents),
            'open_debts', coalesce(own.open_debts, clients.open_debts),
            'oldest_due_on', case when v_scope is null then clients.oldest_due_on
                else own.oldest_due_on end,
            'days_late', greatest(client_rows.today - case when v_scope is null
                then clients.oldest_due_on else own.oldest_due_on end, 0),
            'status', clients.debt_status, 'has_phone', clients.has_phone,
            'has_whatsapp', clients.has_whatsapp, 'created_at', clients.created_at,
            'creditors', (
                select coalesce(json_agg(
                    creditors.name order by creditors.name_key collate "C"
                ), '[]')
                from public.creditors
                where creditors.tenant_id = client_rows.tenant_id
                  and creditors.id = any(clients.creditor_ids)
                  and (v_scope is null or creditors.id = any(v_scope))
            ),
            'phone', (
                select client_phones.phone
                from public.client_phones
                where client_phones.tenant_id = client_rows.tenant_id
                  and client_phones.client_id = clients.id
                order by client_phones.position, client_phones.id
                limit 1
            ),
            'opted_out', coalesce(greatest(
                contact.call_blocked_until, contact.whatsapp_blocked_until
            ) > client_rows.now_at, false),
            'last_contact_at', contact.last_contact_at,
            'last_disposition', case when types.key is not null then json_build_object(
                'type', types.key, 'label', types.label, 'color', types.color,
                'at', contact.last_contact_at
            ) end,
            'assigned_to', (
                select json_build_object('user_id', given.user_id, 'name', (
                    select memberships.display_name
                    from public.memberships
                    where memberships.user_id = given.user_id
                      and memberships.tenant_id = given.tenant_id
                    order by memberships.created_at desc
                    limit 1
                ))
                from public.client_assignments as given
                where given.tenant_id = client_rows.tenant_id and given.client_id = clients.id
            ),
            'tags', (
                select coalesce(json_agg(json_build_object(
                    'id', tags.id, 'name', tags.name, 'color', tags.color
                ) order by tags.name_key), '[]')
                from public.client_tags as worn
                join public.tags on tags.tenant_id = worn.tenant_id and tags.id = worn.tag_id
                where worn.tenant_id = client_rows.tenant_id and worn.client_id = clients.id
            )
        ) order by page.place), '[]')
        from unnest(client_rows.ids) with ordinality as page (id, place)
        join public.clients on clients.id = page.id
        -- Who is limited to creditors is told what is owed to those; nothing is read for others.
        left join lateral (
            select coalesce(sum(debts.principal_cents - debts.abated_cents), 0) as open_cents,
                count(*) as open_debts, min(debts.due_on) as oldest_due_on
            from public.debts
            where v_scope is not null and debts.tenant_id = client_rows.tenant_id
              and debts.client_id = clients.id and debts.status = 'open'
              and debts.creditor_id = any(v_scope)
            having v_scope is not null
        ) as own on true
        left join private.client_contacts as contact
            on contact.tenant_id = client_rows.tenant_id and contact.client_id = clients.id
        left join public.disposition_types as types
            on types.tenant_id = client_rows.tenant_id and types.key = contact.last_disposition_type
    );
end;
$$;
