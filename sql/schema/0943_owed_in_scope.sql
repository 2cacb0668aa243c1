-- Called for clients some of whose titles have just closed: who owes nothing more to the creditors
-- an export was limited to leaves that one, and stays in the others. Asked once of a person for the
-- same creditors, however often they were sent, and of no list that is not dialled any more.
create function private.leave_scoped_exports(tenant_id uuid, client_ids uuid[]) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_export record;
begin
    for v_export in
        with held as materialized (
            select distinct export.id, export.creditor_scope, contact.client_id
            from public.dialer_exports as export
            join public.dialer_export_rows as contact
                on contact.tenant_id = export.tenant_id and contact.export_id = export.id
                and contact.client_id = any(leave_scoped_exports.client_ids)
                and contact.status in ('waiting', 'loaded')
            where export.tenant_id = leave_scoped_exports.tenant_id
              and export.creditor_scope is not null and export.status <> 'cancelled'
              and export.hours_state not in ('expired', 'gone')
        ),
        asked as materialized (
            select distinct held.creditor_scope, held.client_id from held
        ),
        gone as materialized (
            select asked.* from asked
            cross join lateral private.owed_in_scope(
                leave_scoped_exports.tenant_id, asked.client_id, asked.creditor_scope
            ) as still
            where not still.is_owing
        )
        select held.id, array_agg(held.client_id) as client_ids
        from held
        join gone on gone.client_id = held.client_id and gone.creditor_scope = held.creditor_scope
        group by held.id order by held.id
    loop
        perform private.leave_dialer(
            leave_scoped_exports.tenant_id, v_export.client_ids, null, 'nothing_owed', v_export.id
        );
    end loop;
end;
$$;
