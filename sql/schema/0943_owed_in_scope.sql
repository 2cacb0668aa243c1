-- Called for clients some of whose titles have just closed: who owes nothing more to the creditors
-- an export was limited to leaves that one, and stays in the others.
create function private.leave_scoped_exports(tenant_id uuid, client_ids uuid[]) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_export record;
begin
    for v_export in
        select export.id, array_agg(contact.client_id) as client_ids
        from public.dialer_exports as export
        join public.dialer_export_rows as contact
            on contact.tenant_id = export.tenant_id and contact.export_id = export.id
            and contact.client_id = any(leave_scoped_exports.client_ids)
            and contact.status in ('waiting', 'loaded')
        cross join lateral private.owed_in_scope(
            contact.tenant_id, contact.client_id, export.creditor_scope
        ) as still
        where export.tenant_id = leave_scoped_exports.tenant_id
          and export.creditor_scope is not null and not still.is_owing
        group by export.id
    loop
        perform private.leave_dialer(
            leave_scoped_exports.tenant_id, v_export.client_ids, null, 'nothing_owed', v_export.id
        );
    end loop;
end;
$$;
