-- The rows of a page with everything a line of the carteira shows, in one statement: sixty
-- function calls would cost more than the page itself, and jsonb twice what json does. Parameters
-- besides the page's own: $4 today, $5 name of the order. One row more than asked was read: it
-- says that there is a next page.
create function private.client_rows_sql(page text) returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
    return $sql$
        with page as materialized (
            select found.*, row_number() over () as place from ($sql$ || page || $sql$) as found
        )
        select json_build_object(
            'rows', coalesce(
                json_agg(line.item order by line.place) filter (where line.place < $3), '[]'
            ),
            'next', case when count(*) = $3 then
                max(line.keyset) filter (where line.place = $3 - 1) end
        )
        from (
            select page.place,
                -- A name may hold the sign that parts a cursor's values.
                case when page.place = $3 - 1 then private.encode_cursor(
                    $5, coalesce(page.rank::text, ''), page.is_empty::text, page.id::text,
                    replace(replace(page.value, '%', '%25'), '|', '%7C')
                ) end as keyset,
                json_build_object(
                    'id', clients.id, 'document', clients.document, 'name', clients.name,
                    'external_id', clients.external_id, 'email', clients.email, 'uf', clients.uf,
                    'open_cents', clients.open_cents, 'open_debts', clients.open_debts,
                    'oldest_due_on', clients.oldest_due_on,
                    'days_late', greatest($4::date - clients.oldest_due_on, 0),
                    'status', clients.debt_status, 'has_phone', clients.has_phone,
                    'has_whatsapp', clients.has_whatsapp, 'created_at', clients.created_at,
                    'creditors', (
                        select coalesce(json_agg(
                            creditors.name order by creditors.name_key collate "C"
                        ), '[]')
                        from public.creditors
                        where creditors.tenant_id = ($1).tenant_id
                          and creditors.id = any(clients.creditor_ids)
                    ),
                    'phone', (
                        select client_phones.phone
                        from public.client_phones
                        where client_phones.tenant_id = ($1).tenant_id
                          and client_phones.client_id = clients.id
                        order by client_phones.position, client_phones.id
                        limit 1
                    ),
                    'opted_out', coalesce(greatest(
                        contact.call_blocked_until, contact.whatsapp_blocked_until
                    ) > ($1).now_at, false),
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
                        where given.tenant_id = ($1).tenant_id and given.client_id = clients.id
                    ),
                    'tags', (
                        select coalesce(json_agg(json_build_object(
                            'id', tags.id, 'name', tags.name, 'color', tags.color
                        ) order by tags.name_key), '[]')
                        from public.client_tags as worn
                        join public.tags on tags.tenant_id = worn.tenant_id and tags.id = worn.tag_id
                        where worn.tenant_id = ($1).tenant_id and worn.client_id = clients.id
                    )
                ) as item
            from page
            join public.clients on clients.id = page.id
            left join private.client_contacts as contact
                on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
            left join public.disposition_types as types
                on types.tenant_id = ($1).tenant_id and types.key = contact.last_disposition_type
        ) as line
    $sql$;
end;
$$;
