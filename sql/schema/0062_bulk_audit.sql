-- A change of a whole selection is one line of the audit: what was selected, what was done, how
-- many it changed. While that line is `running`, its own transaction may name it in the setting
-- `cobranca.bulk_audit_id`, and the line stands for the audit of every row written. No committed
-- line is ever `running`, so the setting alone proves nothing.
create function private.is_bulk() returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_id text := nullif(current_setting('cobranca.bulk_audit_id', true), '');
begin
    return v_id is not null and exists (
        select from public.audit_log
        where audit_log.id = v_id::bigint and audit_log.action = 'bulk'
          and audit_log.after ->> 'state' = 'running'
    );
end;
$$;

create function private.begin_bulk(tenant_id uuid, what text, selection jsonb) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_id bigint := private.note_act(
        tenant_id, 'bulk', 'clients', what,
        jsonb_build_object('selection', selection, 'state', 'running')
    );
begin
    perform set_config('cobranca.bulk_audit_id', v_id::text, true);
    return v_id;
end;
$$;

create function private.end_bulk(audit_id bigint, outcome jsonb) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform set_config('cobranca.bulk_audit_id', '', true);
    update public.audit_log set after = audit_log.after - 'state' || outcome
    where audit_log.id = end_bulk.audit_id;
end;
$$;
