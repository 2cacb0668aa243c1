-- Wrong numbers that leave the mailing when what said so can no longer be taken back. Until then
-- nothing is marked and the dialer is told nothing.
create table private.held_removals (
    disposition_id uuid not null,
    tenant_id uuid not null,
    client_id uuid not null,
    due_at timestamptz not null,
    constraint held_removals_pkey primary key (disposition_id),
    constraint held_removals_disposition_fkey foreign key (tenant_id, disposition_id)
    references public.call_dispositions (tenant_id, id),
    constraint held_removals_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id) on delete cascade
);
create index held_removals_of_disposition
on private.held_removals (tenant_id, disposition_id);
create index held_removals_of_client on private.held_removals (tenant_id, client_id);
create index held_removals_due on private.held_removals (due_at);
alter table private.held_removals enable row level security;
alter table private.held_removals force row level security;

create function private.hold_removal(disposition_id uuid, tenant_id uuid, client_id uuid)
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if private.undo_window(tenant_id) = interval '0' then
        perform private.leave_wrong_numbers(tenant_id, client_id);
        return;
    end if;
    insert into private.held_removals (disposition_id, tenant_id, client_id, due_at)
    values (
        hold_removal.disposition_id, hold_removal.tenant_id, hold_removal.client_id,
        private.now() + private.undo_window(hold_removal.tenant_id)
    );
end;
$$;

-- Called every two seconds (0600); answers how many left. One that fails stops nobody else's: it is
-- tried again later, and told.
create function private.release_removals() returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Every two seconds would only fill the log; a person mends it within hours.
    c_pause constant interval := interval '15 minutes';
    v_held record;
    v_released int := 0;
begin
    for v_held in
        select held.disposition_id, held.tenant_id, held.client_id
        from private.held_removals as held
        where held.due_at <= private.now()
        order by held.due_at
        for update skip locked
    loop
        begin
            delete from private.held_removals as held
            where held.disposition_id = v_held.disposition_id;
            perform private.leave_wrong_numbers(v_held.tenant_id, v_held.client_id);
            v_released := v_released + 1;
        exception when others then
            update private.held_removals as held set due_at = private.now() + c_pause
            where held.disposition_id = v_held.disposition_id;
            perform private.note_job_failure(
                v_held.tenant_id, 'release_removals', jsonb_build_object('error', sqlstate)
            );
        end;
    end loop;
    return v_released;
end;
$$;
