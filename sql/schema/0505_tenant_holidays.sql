-- Days on which nothing is due. National and state holidays are computed (0470), the banks' movable
-- ones here, and a tenant adds its own. The past is closed: a holiday invented afterwards would
-- change what has been charged and paid.
create table public.tenant_holidays (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    day date not null,
    name text not null,
    created_by uuid default auth.uid(),
    created_at timestamptz not null default private.now(),
    revoked_at timestamptz,
    constraint tenant_holidays_pkey primary key (id),
    constraint tenant_holidays_tenant_id_key unique (tenant_id, id),
    constraint tenant_holidays_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint tenant_holidays_created_by_fkey foreign key (created_by) references auth.users (id),
    constraint tenant_holidays_name_is_filled check (btrim(name) <> '')
);
comment on table public.tenant_holidays is 'A tenant''s own days without due dates.';

create unique index tenant_holidays_one_alive_per_day
on public.tenant_holidays (tenant_id, day) where revoked_at is null;
create index tenant_holidays_of_author on public.tenant_holidays (created_by);

alter table public.tenant_holidays enable row level security;
alter table public.tenant_holidays force row level security;

create policy tenant_holidays_select_member on public.tenant_holidays for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy tenant_holidays_insert_admin on public.tenant_holidays for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

create policy tenant_holidays_update_admin on public.tenant_holidays for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

-- No delete: the number of changes is the calendar's version.
grant select on public.tenant_holidays to authenticated;
grant insert (id, tenant_id, day, name) on public.tenant_holidays to authenticated;
grant update (revoked_at) on public.tenant_holidays to authenticated;

create function private.tg_tenant_holidays__refuse_past() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    if exists (
        select from new_rows where new_rows.day < private.today(new_rows.tenant_id)
    ) then
        raise exception 'holiday_in_past' using errcode = 'PT409',
            detail = 'only today and later may become or cease to be a holiday';
    end if;
    return null;
end;
$$;
create trigger _100_refuse_past_insert after insert on public.tenant_holidays
referencing new table as new_rows for each statement
execute function private.tg_tenant_holidays__refuse_past();
create trigger _100_refuse_past_update after update on public.tenant_holidays
referencing new table as new_rows for each statement
execute function private.tg_tenant_holidays__refuse_past();

create trigger _900_audit_insert after insert on public.tenant_holidays
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.tenant_holidays
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.tenant_holidays
referencing old table as old_rows for each statement execute function private.tg_audit();
