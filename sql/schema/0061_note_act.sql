-- What somebody did to many rows, or without changing one (an export, a takeover): no trigger sees
-- it, so whoever does it says so, in the same transaction.
create function private.note_act(
    tenant_id uuid, action text, table_name text, row_id text, after jsonb,
    before jsonb default null
) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_id bigint;
begin
    insert into public.audit_log
        (tenant_id, actor_id, actor, table_name, row_id, action, before, after)
    values (
        note_act.tenant_id, auth.uid(),
        coalesce((select users.email from auth.users where users.id = auth.uid()), session_user),
        note_act.table_name, note_act.row_id, note_act.action, note_act.before, note_act.after
    )
    returning id into v_id;
    return v_id;
end;
$$;
comment on function private.note_act(uuid, text, text, text, jsonb, jsonb) is
'The id of the line in the audit.';
