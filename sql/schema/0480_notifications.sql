-- What one person should learn without looking for it (the bell). Payloads hold ids and codes, the
-- page writes the sentence.
create table public.notifications (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    kind text not null,
    payload jsonb not null default '{}',
    created_at timestamptz not null default private.now(),
    read_at timestamptz,
    constraint notifications_pkey primary key (id),
    constraint notifications_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint notifications_user_fkey foreign key (user_id) references auth.users (id)
    on delete cascade,
    constraint notifications_kind_is_code check (kind ~ '^[a-z_]+$')
);
comment on table public.notifications is
'Kinds and their topics: private.notification_topic; sentences: web/src/features/notifications.';

create index notifications_of_user
on public.notifications (user_id, tenant_id, created_at desc, id desc);
-- Serve the count of the badge, and reminders that are none any more.
create index notifications_unread on public.notifications (user_id, tenant_id)
where read_at is null;
create index notifications_of_callback on public.notifications ((payload ->> 'callback_id'))
where kind = 'callback_due' and read_at is null;
create index notifications_of_tenant on public.notifications (tenant_id);

alter table public.notifications enable row level security;
alter table public.notifications force row level security;

create policy notifications_select_own on public.notifications for select to authenticated
using (tenant_id = (select private.tenant_id()) and user_id = (select auth.uid()));

create policy notifications_update_own on public.notifications for update to authenticated
using (tenant_id = (select private.tenant_id()) and user_id = (select auth.uid()))
with check (tenant_id = (select private.tenant_id()) and user_id = (select auth.uid()));

-- Made by triggers; a person may only say "read". Not audited: reading is nobody's business.
grant select on public.notifications to authenticated;
grant update (read_at) on public.notifications to authenticated;

create function private.tg_notifications__broadcast() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform realtime.send(
        jsonb_build_object('count', told.count, 'at', private.now()),
        'notification_changed', 'user:' || told.user_id, true
    )
    from (
        select new_rows.user_id, count(*) as count from new_rows group by new_rows.user_id
    ) as told;
    return null;
end;
$$;

create trigger _100_broadcast_insert after insert on public.notifications
referencing new table as new_rows for each statement
execute function private.tg_notifications__broadcast();
create trigger _100_broadcast_update after update on public.notifications
referencing new table as new_rows for each statement
execute function private.tg_notifications__broadcast();

create function public.mark_notifications_read(ids uuid[] default null) returns int
language sql
set search_path = ''
as $$
    with marked as (
        update public.notifications set read_at = private.now()
        where notifications.user_id = auth.uid()
          and notifications.read_at is null
          and (mark_notifications_read.ids is null
              or notifications.id = any(mark_notifications_read.ids))
        returning 1
    )
    select count(*)::int from marked
$$;
comment on function public.mark_notifications_read(uuid[]) is 'All unread ones without ids.';
grant execute on function public.mark_notifications_read(uuid[]) to authenticated;

-- A failed run is read by somebody: the operator whose call it was, and those who can re-run it.
create function private.tg_automation_runs__notify() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select became.tenant_id, memberships.user_id, 'automation_failed', jsonb_build_object(
        'run_id', became.id, 'client_id', became.client_id, 'reason', became.reason
    )
    from new_rows as became
    join old_rows as was on was.id = became.id and was.status <> 'failed'
    left join public.call_dispositions
        on call_dispositions.tenant_id = became.tenant_id
        and call_dispositions.id = became.disposition_id
    join public.memberships
        on memberships.tenant_id = became.tenant_id
        and memberships.revoked_at is null
        and (memberships.role >= 'supervisor'
            or memberships.user_id = call_dispositions.operator_id)
    where became.status = 'failed';
    return null;
end;
$$;

create trigger _300_notify after update on public.automation_runs
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_automation_runs__notify();

create function private.tg_imports__notify() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select became.tenant_id, became.created_by, 'import_finished', jsonb_build_object(
        'import_id', became.id, 'status', became.status
    )
    from new_rows as became
    join old_rows as was on was.id = became.id and was.status = 'running'
    where became.status <> 'running' and became.created_by is not null
      and not became.is_rehearsal;
    return null;
end;
$$;

create trigger _300_notify after update on public.imports
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_imports__notify();
