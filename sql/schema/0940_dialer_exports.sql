-- A selection pushed into a campaign of the dialer: planned client by client, loaded list by list,
-- and told person by person, also why somebody was left out.
create table public.dialer_exports (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    integration_id uuid not null,
    campaign_id bigint not null,
    campaign_name text not null default '',
    list_name text not null,
    -- Share of the campaign's calls; the list gets it when all of it is loaded, and 0 until then.
    weight int not null default 1,
    selection jsonb not null,
    -- The same selection for the same campaign on the same day is the same export.
    selection_hash text not null,
    on_date date not null,
    status public.dialer_export_status not null default 'planning',
    -- Clients are planned in the order of their ids; where the last batch ended.
    planned_until uuid,
    -- One list by mailing.json, or one per file beyond what the provider recommends for it.
    is_csv boolean not null default false,
    parts int not null default 0,
    list_ids bigint[] not null default '{}',
    selected int not null default 0,
    -- {reason: clients}
    excluded jsonb not null default '{}',
    -- Phones.
    planned int not null default 0,
    loaded int not null default 0,
    filtered int not null default 0,
    removed int not null default 0,
    -- False where the provider took the contacts without a report of its own.
    is_reported boolean not null default true,
    -- Where its phones' owners lived when it was planned ('': nobody knows; null: not planned).
    ufs text[],
    -- Kept by 0949 and 0951. The states that were closed when the list was last compared with the
    -- hours (null: not yet), and where that stands: open | silent (weight 0) | opening (0, while
    -- people are taken out) | expired (0 for good) | gone (somebody deleted it at the dialer).
    closed_ufs text[],
    hours_state text not null default 'open',
    error_code text,
    error_detail text,
    -- Null, where a rule asks that nobody switched on.
    created_by uuid default auth.uid(),
    -- The rule whose redials it holds.
    rule_id uuid,
    -- The creditors that whoever asked was limited to: the worker, who plans, is limited to none.
    creditor_scope uuid[],
    -- [{outcome, reason, contacts}] when its rows are forgotten (0955); null: they are there.
    results jsonb,
    created_at timestamptz not null default private.now(),
    updated_at timestamptz not null default private.now(),
    finished_at timestamptz,
    constraint dialer_exports_pkey primary key (id),
    constraint dialer_exports_tenant_id_key unique (tenant_id, id),
    constraint dialer_exports_integration_fkey foreign key (tenant_id, integration_id)
    references public.integrations (tenant_id, id),
    constraint dialer_exports_rule_fkey foreign key (tenant_id, rule_id)
    references public.collection_rules (tenant_id, id),
    constraint dialer_exports_created_by_fkey foreign key (created_by) references auth.users (id),
    constraint dialer_exports_campaign_is_positive check (campaign_id > 0),
    -- 0 would load a list that is never dialled.
    constraint dialer_exports_weight_is_positive check (weight between 1 and 100),
    constraint dialer_exports_list_name_is_filled check (btrim(list_name) <> ''),
    constraint dialer_exports_hours_state_is_known check (
        hours_state in ('open', 'silent', 'opening', 'expired', 'gone')
    )
);
comment on table public.dialer_exports is 'Selections pushed to the dialer, and what came of them.';
create unique index dialer_exports_once_a_day
on public.dialer_exports (tenant_id, campaign_id, selection_hash, on_date)
where status not in ('failed', 'cancelled');
create index dialer_exports_newest on public.dialer_exports (tenant_id, created_at desc, id desc);
create index dialer_exports_of_integration on public.dialer_exports (tenant_id, integration_id);
create index dialer_exports_of_author on public.dialer_exports (created_by);
create index dialer_exports_of_rule on public.dialer_exports (tenant_id, rule_id)
where rule_id is not null;
create index dialer_exports_scoped on public.dialer_exports (tenant_id)
where creditor_scope is not null;
create index dialer_exports_to_plan on public.dialer_exports (created_at)
where status = 'planning';
create index dialer_exports_in_the_dialer on public.dialer_exports (tenant_id, created_at)
where status in ('loading', 'done') and hours_state in ('open', 'silent', 'opening');

create table public.dialer_export_rows (
    export_id uuid not null,
    -- The order of loading; a part is a range of it.
    place int not null,
    tenant_id uuid not null,
    client_id uuid not null,
    -- Null: the client was left out as a whole.
    phone text collate "C",
    part int,
    status public.dialer_row_status not null,
    -- Why excluded, filtered or removed.
    reason text,
    -- The removal that is taking it out.
    task_id uuid,
    constraint dialer_export_rows_pkey primary key (export_id, place),
    constraint dialer_export_rows_export_fkey foreign key (tenant_id, export_id)
    references public.dialer_exports (tenant_id, id) on delete cascade,
    constraint dialer_export_rows_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint dialer_export_rows_phone_is_e164 check (phone ~ '^\+[1-9][0-9]{7,14}$'),
    constraint dialer_export_rows_say_why check (
        status not in ('excluded', 'filtered') or reason is not null
    )
);
comment on table public.dialer_export_rows is
'A phone loaded into the dialer, or a client (phone null) or phone left out, with the reason.';
create index dialer_export_rows_of_export on public.dialer_export_rows (tenant_id, export_id);
create index dialer_export_rows_of_client
on public.dialer_export_rows (tenant_id, client_id, export_id);
create index dialer_export_rows_of_part on public.dialer_export_rows (export_id, part)
where part is not null;
-- Serves the removal of whoever pays: few are in the dialer at a time.
create index dialer_export_rows_in_the_dialer on public.dialer_export_rows (tenant_id, client_id)
where status in ('waiting', 'loaded');
create index dialer_export_rows_leaving on public.dialer_export_rows (export_id, task_id)
where status = 'removing';
-- Serves the way back in at opening time.
create index dialer_export_rows_out_of_hours on public.dialer_export_rows (export_id)
where reason = 'outside_hours' and phone is not null;

alter table public.dialer_exports enable row level security;
alter table public.dialer_exports force row level security;
alter table public.dialer_export_rows enable row level security;
alter table public.dialer_export_rows force row level security;

create policy dialer_exports_select_supervisor on public.dialer_exports for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));
create policy dialer_export_rows_select_supervisor on public.dialer_export_rows
for select to authenticated
using (
    tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor'))
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = dialer_export_rows.client_id
    ))
);

-- Written by `request_dialer_export` and the worker alone; the rows are the record.
grant select on public.dialer_exports, public.dialer_export_rows to authenticated;

create trigger _100_touch_updated_at before update on public.dialer_exports
for each row execute function private.tg_touch_updated_at();

create function private.tg_dialer_exports__broadcast() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform realtime.send(
        jsonb_build_object('id', min(new_rows.id::text), 'at', private.now()),
        'dialer_export_changed', 'tenant:' || new_rows.tenant_id, true
    )
    from new_rows group by new_rows.tenant_id;
    return null;
end;
$$;
create trigger _200_broadcast_insert after insert on public.dialer_exports
referencing new table as new_rows for each statement
execute function private.tg_dialer_exports__broadcast();
create trigger _200_broadcast_update after update on public.dialer_exports
referencing new table as new_rows for each statement
execute function private.tg_dialer_exports__broadcast();

-- What is to be done at the dialer, one provider call (or two that belong together) each. Kept in a
-- table with leases and not in a queue: tasks wait for each other, and a dead one is looked at.
create table private.dialer_tasks (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    integration_id uuid not null,
    -- list: create it, weight 0 · part: contacts by mailing.json · file: a list by CSV · weight ·
    -- remove: contacts out of the mailing · qualify: a call
    kind text not null,
    -- The same wish twice is one task.
    task_key text not null,
    export_id uuid,
    call_id uuid,
    part int,
    payload jsonb not null default '{}',
    -- queued | sending | done | failed | cancelled
    status text not null default 'queued',
    attempt int not null default 0,
    failures int not null default 0,
    -- A call left and its answer is not known: undo or look up before doing it again.
    is_doubtful boolean not null default false,
    lease_until timestamptz,
    next_attempt_at timestamptz not null default private.now(),
    error_code text,
    error_detail text,
    created_at timestamptz not null default private.now(),
    done_at timestamptz,
    constraint dialer_tasks_pkey primary key (id),
    constraint dialer_tasks_are_wished_once unique (integration_id, task_key),
    constraint dialer_tasks_integration_fkey foreign key (tenant_id, integration_id)
    references public.integrations (tenant_id, id),
    constraint dialer_tasks_export_fkey foreign key (tenant_id, export_id)
    references public.dialer_exports (tenant_id, id) on delete cascade,
    constraint dialer_tasks_call_fkey foreign key (tenant_id, call_id)
    references public.calls (tenant_id, id) on delete cascade,
    constraint dialer_tasks_kind_is_known check (
        kind in ('list', 'part', 'file', 'weight', 'remove', 'qualify')
    ),
    constraint dialer_tasks_status_is_known check (
        status in ('queued', 'sending', 'done', 'failed', 'cancelled')
    )
);
create index dialer_tasks_due on private.dialer_tasks (next_attempt_at)
where status in ('queued', 'sending');
create index dialer_tasks_of_integration on private.dialer_tasks (tenant_id, integration_id);
create index dialer_tasks_of_export on private.dialer_tasks (tenant_id, export_id);
create index dialer_tasks_of_call on private.dialer_tasks (tenant_id, call_id);

alter table private.dialer_tasks enable row level security;
alter table private.dialer_tasks force row level security;

create function private.wish_dialer_task(
    integration_id uuid, kind text, task_key text, export_id uuid default null,
    call_id uuid default null, part int default null, payload jsonb default '{}',
    hold interval default '0'
) returns void
language sql
security definer
set search_path = ''
as $$
    insert into private.dialer_tasks as task
        (tenant_id, integration_id, kind, task_key, export_id, call_id, part, payload,
         next_attempt_at)
    select integration.tenant_id, integration.id, wish_dialer_task.kind,
        wish_dialer_task.task_key, wish_dialer_task.export_id, wish_dialer_task.call_id,
        wish_dialer_task.part, wish_dialer_task.payload, private.now() + wish_dialer_task.hold
    from public.integrations as integration
    where integration.id = wish_dialer_task.integration_id
    on conflict on constraint dialer_tasks_are_wished_once do nothing
$$;
