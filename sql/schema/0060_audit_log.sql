-- Who changed what, before and after. Append-only: rows come from triggers alone, nobody (not even
-- an admin) is granted insert, update or delete.
create table public.audit_log (
    id bigint generated always as identity,
    -- No foreign key: history outlives what it describes.
    tenant_id uuid not null,
    -- Null when a job or a migration did it; `actor` then names the database role.
    actor_id uuid,
    actor text not null,
    table_name text not null,
    row_id text not null,
    action text not null,
    before jsonb,
    after jsonb,
    created_at timestamptz not null default private.now(),
    constraint audit_log_pkey primary key (id),
    -- `bulk` and `export` tell of a selection: `after` holds it and what came of it.
    constraint audit_log_action_is_known check (
        action in ('insert', 'update', 'delete', 'bulk', 'export')
    )
);
comment on table public.audit_log is
'Append-only; updates hold only the columns that changed. Secrets are stripped before storing.';
-- Serves: newest first, and the history of one row.
create index audit_log_newest on public.audit_log (tenant_id, id desc);
create index audit_log_of_row on public.audit_log (tenant_id, table_name, row_id, id desc);

alter table public.audit_log enable row level security;
alter table public.audit_log force row level security;

create policy audit_log_select_admin on public.audit_log for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

grant select on public.audit_log to authenticated;

-- `secret_hint` stays: it is what the settings page shows, and shows that a key was changed.
create function private.without_secrets(document jsonb) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.jsonb_object_agg(
        entry.key,
        case
            when pg_catalog.jsonb_typeof(entry.value) = 'object'
                then private.without_secrets(entry.value)
            else entry.value
        end
    )
    from pg_catalog.jsonb_each(document) as entry
    where entry.key !~* '(hash|token|password|senha|secret|api_?key|access_?key|authorization)$'
$$;

-- The trigger's arguments are columns that are derived and therefore no news.
create function private.tg_audit() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_actor_id uuid := auth.uid();
    v_actor text := coalesce(
        (select users.email from auth.users where users.id = v_actor_id), session_user
    );
    v_ignored text[] := tg_argv[0:] || array['updated_at'];
begin
    -- A bulk import is told by its `imports` row, which is audited; per row it would drown the log.
    if tg_table_name <> 'imports' and private.is_importing() or private.is_bulk() then
        return null;
    end if;
    if tg_op = 'INSERT' then
        insert into public.audit_log
            (tenant_id, actor_id, actor, table_name, row_id, action, after)
        select private.audit_tenant(tg_table_name, item), v_actor_id, v_actor, tg_table_name,
            private.audit_row_id(item), 'insert', private.without_secrets(item)
        from (select to_jsonb(new_rows) as item from new_rows) as added;
    elsif tg_op = 'DELETE' then
        insert into public.audit_log
            (tenant_id, actor_id, actor, table_name, row_id, action, before)
        select private.audit_tenant(tg_table_name, item), v_actor_id, v_actor, tg_table_name,
            private.audit_row_id(item), 'delete', private.without_secrets(item)
        from (select to_jsonb(old_rows) as item from old_rows) as removed;
    else
        insert into public.audit_log
            (tenant_id, actor_id, actor, table_name, row_id, action, before, after)
        select private.audit_tenant(tg_table_name, was.item), v_actor_id, v_actor, tg_table_name,
            private.audit_row_id(was.item), 'update',
            coalesce(private.without_secrets(private.jsonb_changes(became.item, was.item)), '{}'),
            coalesce(private.without_secrets(private.jsonb_changes(was.item, became.item)), '{}')
        from (select to_jsonb(old_rows) - v_ignored as item from old_rows) as was
        join (select to_jsonb(new_rows) - v_ignored as item from new_rows) as became
            on private.audit_row_id(became.item) = private.audit_row_id(was.item)
            and private.audit_tenant(tg_table_name, became.item)
                = private.audit_tenant(tg_table_name, was.item)
        where was.item <> became.item;
    end if;
    return null;
end;
$$;

create function private.audit_row_id(item jsonb) returns text
language sql
immutable
set search_path = ''
as $$
    select coalesce(item ->> 'id', item ->> 'key', item ->> 'client_id')
$$;

create function private.audit_tenant(table_name text, item jsonb) returns uuid
language sql
immutable
set search_path = ''
as $$
    select (item ->> case when table_name = 'tenants' then 'id' else 'tenant_id' end)::uuid
$$;

-- Keys of `became` whose value differs from `was`.
create function private.jsonb_changes(was jsonb, became jsonb) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.jsonb_object_agg(entry.key, entry.value)
    from pg_catalog.jsonb_each(became) as entry
    where entry.value is distinct from was -> entry.key
$$;
