-- A collection agency. The unit of isolation: every other table carries its id, and composite
-- foreign keys (tenant_id, x_id) make a row that points into another tenant impossible.
create table public.tenants (
    id uuid not null default gen_random_uuid(),
    name text not null,
    time_zone text not null default 'America/Sao_Paulo',
    created_at timestamptz not null default private.now(),
    constraint tenants_pkey primary key (id),
    constraint tenants_name_is_filled check (btrim(name) <> ''),
    -- Casting refuses a zone that Postgres does not know.
    constraint tenants_time_zone_is_known check (
        (timestamptz '2000-01-01 00:00+00' at time zone time_zone) is not null
    )
);
comment on table public.tenants is 'Collection agencies, the unit of isolation.';

alter table public.tenants enable row level security;
alter table public.tenants force row level security;

create policy tenants_select_member on public.tenants for select to authenticated
using (id = (select private.tenant_id()));

create policy tenants_update_admin on public.tenants for update to authenticated
using (id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (id = (select private.tenant_id()) and (select private.has_role('admin')));

-- Neither insert nor delete is granted: opening and closing an agency is the operator's of the
-- platform, by hand and with a backup.
grant select on public.tenants to authenticated;
grant update (name, time_zone) on public.tenants to authenticated;

create trigger _900_audit_insert after insert on public.tenants
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.tenants
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.tenants
referencing old table as old_rows for each statement execute function private.tg_audit();

create function private.today(tenant_id uuid) returns date
language sql
stable
security definer
set search_path = ''
as $$
    select (private.now() at time zone tenants.time_zone)::date
    from public.tenants
    where tenants.id = today.tenant_id
$$;
comment on function private.today(uuid) is 'The tenant''s business day, never the day of UTC.';
grant execute on function private.today(uuid) to authenticated, worker;
