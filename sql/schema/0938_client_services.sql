-- Who has a client on the screen right now, and since when: a soft lock, so that two operators do
-- not call the same debtor. It warns and it can be taken over, by a supervisor, with a reason; who
-- left without saying so is forgotten after a while.
create table public.client_services (
    tenant_id uuid not null,
    client_id uuid not null,
    operator_id uuid not null,
    call_id uuid,
    since timestamptz not null default private.now(),
    -- The page says "still here" every minute.
    seen_at timestamptz not null default private.now(),
    taken_from uuid,
    reason text,
    constraint client_services_pkey primary key (tenant_id, client_id),
    constraint client_services_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id) on delete cascade,
    constraint client_services_call_fkey foreign key (tenant_id, call_id)
    references public.calls (tenant_id, id),
    constraint client_services_operator_fkey foreign key (operator_id) references auth.users (id),
    constraint client_services_taken_from_fkey foreign key (taken_from) references auth.users (id)
);
comment on table public.client_services is 'Clients in service, and by whom.';
create index client_services_of_operator on public.client_services (operator_id);
create index client_services_of_call on public.client_services (tenant_id, call_id);
create index client_services_taken on public.client_services (taken_from);

alter table public.client_services enable row level security;
alter table public.client_services force row level security;

create policy client_services_select_member on public.client_services for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = client_services.client_id
    ))
);

-- Written by the functions below. Beginning and ending are no history; a takeover is, and goes to
-- the audit by name.
grant select on public.client_services to authenticated;

-- A supervisor's board follows who begins and who ends, not the signs of life between.
create function private.tg_client_services__panel() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform realtime.send(
        jsonb_build_object('at', private.now()), 'board_changed', 'panel:' || moved.tenant_id, true
    )
    from (select distinct changed_rows.tenant_id from changed_rows) as moved;
    return null;
end;
$$;
create trigger _700_panel_insert after insert on public.client_services
referencing new table as changed_rows for each statement
execute function private.tg_client_services__panel();
create trigger _700_panel_delete after delete on public.client_services
referencing old table as changed_rows for each statement
execute function private.tg_client_services__panel();

-- 3 minutes: three missed signs of life, as many as a laptop's lid or a lost network explains.
create function private.service_patience() returns interval
language sql
immutable
set search_path = ''
as $$ select interval '3 minutes' $$;

create function private.service_state(tenant_id uuid, client_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'client_id', held.client_id, 'operator_id', held.operator_id,
        'operator', private.actor_name(held.tenant_id, held.operator_id),
        'since', held.since, 'call_id', held.call_id,
        'is_mine', held.operator_id = auth.uid()
    )
    from public.client_services as held
    where held.tenant_id = service_state.tenant_id and held.client_id = service_state.client_id
      and held.seen_at > private.now() - private.service_patience()
$$;

-- Of several who share a number, the one its operator has on the screen: a call made by hand names
-- nobody to the dialer.
create function private.client_on_screen(tenant_id uuid, agent_id bigint, phone text)
returns uuid
language sql
stable
security definer
set search_path = ''
as $$
    select held.client_id
    from public.dialer_agents as seat
    join public.client_services as held
        on held.operator_id = seat.user_id and held.tenant_id = seat.tenant_id
    where seat.tenant_id = client_on_screen.tenant_id
      and seat.agent_id = client_on_screen.agent_id
      and held.seen_at > private.now() - private.service_patience()
      and held.client_id in (
          select private.clients_of_phone(client_on_screen.tenant_id, client_on_screen.phone)
      )
    order by held.since desc limit 1
$$;

create function private.begin_service(client_id uuid, call_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_changed int;
begin
    perform private.require_client(v_tenant_id, client_id);
    -- Free, forgotten, or one's own (a sign of life); somebody else's stays theirs.
    insert into public.client_services as held (tenant_id, client_id, operator_id, call_id)
    values (v_tenant_id, begin_service.client_id, auth.uid(), (
        select call.id from public.calls as call
        where call.tenant_id = v_tenant_id and call.id = begin_service.call_id
    ))
    on conflict on constraint client_services_pkey do update
    set operator_id = excluded.operator_id, seen_at = private.now(),
        call_id = coalesce(excluded.call_id, held.call_id),
        since = case when held.operator_id = excluded.operator_id
            then held.since else private.now() end,
        taken_from = case when held.operator_id = excluded.operator_id
            then held.taken_from end,
        reason = case when held.operator_id = excluded.operator_id then held.reason end
    where held.operator_id = excluded.operator_id
       or held.seen_at <= private.now() - private.service_patience();
    get diagnostics v_changed = row_count;
    if v_changed > 0 then
        perform private.tell_service(v_tenant_id, client_id);
        perform private.note_standing(v_tenant_id, auth.uid());
    end if;
    return private.service_state(v_tenant_id, client_id);
end;
$$;

create function private.end_service(client_id uuid) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
begin
    delete from public.client_services as held
    where held.tenant_id = v_tenant_id and held.client_id = end_service.client_id
      and held.operator_id = auth.uid();
    if not found then
        return false;
    end if;
    perform private.tell_service(v_tenant_id, client_id);
    perform private.note_standing(v_tenant_id, auth.uid());
    return true;
end;
$$;

create function private.take_over_service(client_id uuid, reason text) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_was public.client_services;
begin
    perform private.require_client(v_tenant_id, client_id);
    if btrim(coalesce(reason, '')) = '' then
        raise exception 'reason_missing' using errcode = 'PT400',
            detail = 'a takeover says why';
    end if;
    select * into v_was from public.client_services as held
    where held.tenant_id = v_tenant_id and held.client_id = take_over_service.client_id
    for update;
    insert into public.client_services as held
        (tenant_id, client_id, operator_id, call_id, taken_from, reason)
    values (
        v_tenant_id, take_over_service.client_id, auth.uid(), v_was.call_id, v_was.operator_id,
        -- 200 characters: a sentence.
        left(btrim(take_over_service.reason), 200)
    )
    on conflict on constraint client_services_pkey do update
    set operator_id = excluded.operator_id, since = private.now(), seen_at = private.now(),
        taken_from = excluded.taken_from, reason = excluded.reason;
    perform private.note_act(
        v_tenant_id, 'update', 'client_services', client_id::text,
        jsonb_build_object('operator_id', auth.uid(), 'reason', left(btrim(reason), 200)),
        to_jsonb(v_was)
    );
    perform private.tell_service(v_tenant_id, client_id);
    perform private.note_standing(v_tenant_id, auth.uid());
    return private.service_state(v_tenant_id, client_id);
end;
$$;

create function private.tell_service(tenant_id uuid, client_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    select private.send_change(
        'service_changed', 'client_services', tenant_id, client_id::text, array[client_id]
    )
$$;

create function public.begin_service(client_id uuid, call_id uuid default null) returns jsonb
language sql
set search_path = ''
as $$ select private.begin_service(private.seen('clients', client_id), call_id) $$;
comment on function public.begin_service(uuid, uuid) is
'{client_id, operator_id, operator, since, call_id, is_mine}: who has the client now. Also the sign
of life, once a minute. 404 client_not_found.';

create function public.end_service(client_id uuid) returns boolean
language sql
set search_path = ''
as $$ select private.end_service(private.seen('clients', client_id)) $$;

create function public.take_over_service(client_id uuid, reason text) returns jsonb
language sql
set search_path = ''
as $$ select private.take_over_service(private.seen('clients', client_id), reason) $$;
comment on function public.take_over_service(uuid, text) is
'Supervisor; answers as begin_service. 400 reason_missing.';

grant execute on function
private.begin_service(uuid, uuid), public.begin_service(uuid, uuid),
private.end_service(uuid), public.end_service(uuid),
private.take_over_service(uuid, text), public.take_over_service(uuid, text)
to authenticated;
