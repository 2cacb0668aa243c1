-- A promise to call again, made by a disposition whose type is a callback, or by a rule (0989).
-- Kept apart from the disposition because it lives on: it falls due, is done, is cancelled.
create table public.callbacks (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    client_id uuid not null,
    -- One of these two made it.
    disposition_id uuid,
    run_id uuid,
    -- The number to call, where it is not any of theirs.
    phone text collate "C",
    -- Null: anyone may take it.
    operator_id uuid,
    due_at timestamptz not null,
    status public.callback_status not null default 'scheduled',
    note text,
    ended_at timestamptz,
    -- Who made the call or called it off.
    ended_by uuid,
    created_at timestamptz not null default private.now(),
    cancel_reason text,
    -- Whose it was before it became anyone's.
    released_from uuid,
    -- The moment (`due_at`) its person was reminded of: moved to another one, it is told again.
    reminded_for timestamptz,
    -- The disposition that kept it; taken back, it is to be kept again.
    kept_by uuid,
    -- Minutes after its moment at which it becomes anyone's; null: the agency's.
    release_minutes smallint,
    constraint callbacks_pkey primary key (id),
    constraint callbacks_one_per_disposition unique (tenant_id, disposition_id),
    constraint callbacks_one_per_run unique (tenant_id, run_id),
    constraint callbacks_are_made_by_one check (num_nonnulls(disposition_id, run_id) = 1),
    constraint callbacks_phone_is_e164 check (phone ~ '^\+[1-9][0-9]{7,14}$'),
    constraint callbacks_release_within_a_day check (release_minutes between 1 and 1440),
    constraint callbacks_disposition_fkey foreign key (tenant_id, disposition_id)
    references public.call_dispositions (tenant_id, id),
    constraint callbacks_kept_by_fkey foreign key (tenant_id, kept_by)
    references public.call_dispositions (tenant_id, id),
    constraint callbacks_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint callbacks_operator_fkey foreign key (operator_id) references auth.users (id),
    constraint callbacks_ended_by_fkey foreign key (ended_by) references auth.users (id),
    constraint callbacks_end_when_not_scheduled check (
        (status = 'scheduled') = (ended_at is null)
    ),
    constraint callbacks_released_from_fkey foreign key (released_from) references auth.users (id),
    constraint callbacks_cancelled_has_reason check (
        cancel_reason is null or status = 'cancelled' and btrim(cancel_reason) <> ''
    )
);
comment on table public.callbacks is 'Calls promised for a later moment.';

create index callbacks_of_client on public.callbacks (tenant_id, client_id, due_at);
-- Serve the agenda: everybody's, one person's, nobody's.
create index callbacks_due on public.callbacks (tenant_id, due_at, id) where status = 'scheduled';
create index callbacks_of_person on public.callbacks (tenant_id, operator_id, due_at, id)
where status = 'scheduled';
-- That nobody is named says nothing of an order to the planner.
create index callbacks_of_anyone on public.callbacks (tenant_id, due_at, id)
where status = 'scheduled' and operator_id is null;
-- Serve the job: who was not reminded yet, and what waits for a person who does not come.
create index callbacks_to_remind on public.callbacks (due_at)
where status = 'scheduled' and reminded_for is distinct from due_at;
create index callbacks_to_release on public.callbacks (due_at)
where status = 'scheduled' and operator_id is not null;
create index callbacks_released on public.callbacks (released_from)
where released_from is not null;
create index callbacks_kept on public.callbacks (tenant_id, kept_by) where kept_by is not null;
create index callbacks_of_operator on public.callbacks (operator_id, due_at);
-- Whose calls were in time.
create index callbacks_ended_by on public.callbacks (ended_by, ended_at);

alter table public.callbacks enable row level security;
alter table public.callbacks force row level security;

create policy callbacks_select_member on public.callbacks for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = callbacks.client_id
    ))
);

-- Written by the trigger below and by the transitions (0325).
grant select on public.callbacks to authenticated;

-- A call made when a promise falls due keeps it, whatever came of the call.
create function private.keep_callbacks(kept uuid[], dispositions uuid[]) returns void
language sql
security definer
set search_path = ''
as $$
    update public.callbacks as promised
    set status = 'done', ended_at = private.now(), ended_by = auth.uid(), kept_by = (
            select keeping.id from public.call_dispositions as keeping
            where keeping.id = any(keep_callbacks.dispositions)
              and keeping.tenant_id = promised.tenant_id
              and keeping.client_id = promised.client_id
            order by keeping.created_at limit 1
        )
    where promised.id = any(keep_callbacks.kept)
      -- Called off in the same moment, it stays so.
      and promised.status = 'scheduled'
$$;

-- What a call promises is kept here. Exactly the callback types carry a time (0310).
create function private.make_callbacks(dispositions uuid[]) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.callbacks (tenant_id, client_id, disposition_id, operator_id, due_at, note)
    select done.tenant_id, done.client_id, done.id, done.operator_id,
        done.scheduled_callback, done.notes
    from public.call_dispositions as done
    where done.id = any(make_callbacks.dispositions) and done.scheduled_callback is not null
$$;

-- The agenda is everybody's, so its news goes to the tenant's topic; the open screen of a client
-- finds itself among the ids.
create function private.tg_callbacks__broadcast() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- 500 ids keep the payload far below the platform's limit of 256 kB.
    c_ids_in_payload constant int := 500;
begin
    perform realtime.send(
        jsonb_build_object(
            'table', 'callbacks', 'count', changed.count,
            'client_ids', to_jsonb(changed.client_ids[1:c_ids_in_payload]), 'at', private.now()
        ),
        'callback_changed', 'tenant:' || changed.tenant_id, true
    )
    from (
        select new_rows.tenant_id, count(*) as count,
            array_agg(distinct new_rows.client_id) as client_ids
        from new_rows
        group by new_rows.tenant_id
    ) as changed;
    return null;
end;
$$;

create trigger _500_broadcast after update on public.callbacks
referencing new table as new_rows for each statement
execute function private.tg_callbacks__broadcast();
create trigger _500_broadcast_insert after insert on public.callbacks
referencing new table as new_rows for each statement
execute function private.tg_callbacks__broadcast();
create trigger _900_audit_insert after insert on public.callbacks
referencing new table as new_rows for each statement
execute function private.tg_audit('reminded_for');
create trigger _900_audit_update after update on public.callbacks
referencing old table as old_rows new table as new_rows
for each statement
execute function private.tg_audit('reminded_for');
create trigger _900_audit_delete after delete on public.callbacks
referencing old table as old_rows for each statement
execute function private.tg_audit('reminded_for');
