-- A promise to call again, made by a disposition whose type is a callback. Kept apart from the
-- disposition because it lives on: it falls due, is done, is cancelled.
create table public.callbacks (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    client_id uuid not null,
    disposition_id uuid not null,
    -- Null: anyone may take it.
    operator_id uuid,
    due_at timestamptz not null,
    status public.callback_status not null default 'scheduled',
    note text,
    created_at timestamptz not null default private.now(),
    constraint callbacks_pkey primary key (id),
    constraint callbacks_one_per_disposition unique (tenant_id, disposition_id),
    constraint callbacks_disposition_fkey foreign key (tenant_id, disposition_id)
    references public.call_dispositions (tenant_id, id),
    constraint callbacks_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint callbacks_operator_fkey foreign key (operator_id) references auth.users (id)
);
comment on table public.callbacks is 'Calls promised for a later moment.';

create index callbacks_of_client on public.callbacks (tenant_id, client_id, due_at);
create index callbacks_due on public.callbacks (tenant_id, due_at) where status = 'scheduled';
create index callbacks_of_operator on public.callbacks (operator_id, due_at);

alter table public.callbacks enable row level security;
alter table public.callbacks force row level security;

create policy callbacks_select_member on public.callbacks for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by the trigger below; transitions (done, cancelled) will be functions.
grant select on public.callbacks to authenticated;

create function private.tg_call_dispositions__schedule_callback() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    -- The trigger before made sure that exactly the callback types carry a time. Asking first spares
    -- every other disposition the audit of an insert of nothing.
    if not exists (select from new_rows where new_rows.scheduled_callback is not null) then
        return null;
    end if;
    insert into public.callbacks (tenant_id, client_id, disposition_id, operator_id, due_at, note)
    select new_rows.tenant_id, new_rows.client_id, new_rows.id, new_rows.operator_id,
        new_rows.scheduled_callback, new_rows.notes
    from new_rows
    where new_rows.scheduled_callback is not null;
    return null;
end;
$$;

create trigger _200_schedule_callback after insert on public.call_dispositions
referencing new table as new_rows for each statement
execute function private.tg_call_dispositions__schedule_callback();

create trigger _900_audit_insert after insert on public.callbacks
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.callbacks
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.callbacks
referencing old table as old_rows for each statement execute function private.tg_audit();
