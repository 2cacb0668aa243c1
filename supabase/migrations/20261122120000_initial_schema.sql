-- The first migration: sql/schema as it stood, entity by entity. From here on, migrations are
-- differences written by `make migration`, read and trimmed by a person.

-- 0000_roles.sql
-- Roles of the functions. A job or a webhook never carries the secret key: it logs in as
-- `functions` (no inherited rights) and puts on exactly one hat per transaction:
-- `authenticated` with a person's claims, `webhook`, or `worker`.
-- Roles belong to the cluster, not to the database, hence "if not exists".
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'functions') then
        -- The password is set outside of migrations: by the local stack, or by the deploy guide.
        create role functions login noinherit;
    end if;
    if not exists (select from pg_catalog.pg_roles where rolname = 'webhook') then
        create role webhook nologin;
    end if;
    if not exists (select from pg_catalog.pg_roles where rolname = 'worker') then
        create role worker nologin;
    end if;
end;
$$;

grant authenticated to functions;
grant webhook to functions;
grant worker to functions;

-- An abandoned transaction keeps dead rows alive in the queues; 60 s is above any honest pause.
alter role functions set idle_in_transaction_session_timeout = '60s';

-- 0010_schemas.sql
-- `public` is what PostgREST exposes. `private` holds policy helpers, definer functions, provider
-- events and the clock: reachable only through what is granted one by one.
create schema if not exists private;
create schema if not exists extensions;

-- USAGE lets policies and thin public functions call the private functions granted to the caller.
grant usage on schema private to authenticated, webhook, worker, service_role;

create extension if not exists pg_trgm with schema extensions;
create extension if not exists unaccent with schema extensions;
create extension if not exists pgcrypto with schema extensions;
-- Lets one GIN index hold the tenant beside the trigrams of a name.
create extension if not exists btree_gin with schema extensions;
create extension if not exists pgmq;
create extension if not exists pg_net;
create extension if not exists pg_cron;
create extension if not exists supabase_vault;

-- The platform grants everything in `public` to its API roles by default. Here every table and
-- function says itself who may do what, so that a forgotten grant closes instead of opens.
alter default privileges in schema public revoke all on tables from anon, authenticated;
alter default privileges in schema public revoke all on sequences from anon, authenticated;
alter default privileges in schema public revoke all on functions from anon, authenticated;
alter default privileges revoke execute on functions from public;

-- 0020_enums.sql
-- Closed vocabularies. The order inside an enum is meaning: roles and message statuses compare.
create type public.member_role as enum ('operator', 'supervisor', 'admin');
-- The least status of a client's titles is the client's: what still asks for work comes first.
create type public.debt_status as enum (
    'open', 'in_agreement', 'on_hold', 'prescribed', 'settled', 'returned'
);
create type public.message_direction as enum ('in', 'out');

-- Up to `read` in the order of a message's life; `private.message_rank` places `failed`.
create type public.message_status as enum (
    'queued', 'sending', 'unknown', 'submitted', 'sent', 'delivered', 'read', 'failed', 'received'
);
create type public.run_status as enum ('queued', 'running', 'done', 'skipped', 'failed');
create type public.import_status as enum (
    'running', 'done', 'failed', 'queued', 'cancelled', 'rolled_back', 'interrupted'
);
create type public.callback_status as enum ('scheduled', 'done', 'cancelled');
create type public.template_status as enum ('approved', 'paused', 'rejected');
create type public.provider_name as enum ('gupshup', 'meta', 'threecplus', 'negociarie');
create type public.channel as enum ('whatsapp', 'call');
create type public.phone_kind as enum ('mobile', 'landline');

-- 0030_clock.sql
-- Time is injected: everything that judges time asks `private.now()`. The shift is zero in
-- production; only the local stack writes it, as owner, to open the demo inside calling hours.
create table private.clock (
    is_only boolean primary key default true,
    shift interval not null default interval '0',
    constraint clock_has_one_row check (is_only)
);
comment on table private.clock is 'One row: how far the demo''s clock is ahead of the real one.';

alter table private.clock enable row level security;
alter table private.clock force row level security;

insert into private.clock default values on conflict do nothing;

create function private.now() returns timestamptz
language sql
stable
security definer
set search_path = ''
as $$
    select pg_catalog.clock_timestamp() + clock.shift from private.clock
$$;
comment on function private.now() is 'The present instant of the product (real time plus shift).';

-- Signed-in people need it for column defaults; a wrong clock gives them nothing.
grant execute on function private.now() to authenticated, worker;

create function private.told_instant(told timestamptz) returns timestamptz
language sql
stable
security definer
set search_path = ''
as $$
    select told_instant.told + clock.shift from private.clock
$$;
comment on function private.told_instant(timestamptz) is
'An instant of somebody else''s clock (a provider''s receipt) in the product''s time.';

-- 0040_access.sql
-- Who is asking: the three helpers every policy is built from. Policies wrap them in `(select …)`
-- so that the planner computes them once per query. They read `memberships` on each request, never
-- the token: a revoked membership is powerless at once.
create function private.tenant_id() returns uuid
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_user uuid := auth.uid();
    v_wanted text := nullif(current_setting('request.headers', true), '')::json ->> 'x-tenant-id';
    v_tenants uuid[];
begin
    if v_user is null then
        return null;
    end if;
    -- Two rows are enough to know that the only membership is not the only one.
    select array_agg(mine.tenant_id) into v_tenants
    from (
        select memberships.tenant_id
        from public.memberships
        where memberships.user_id = v_user
          and memberships.revoked_at is null
          and (v_wanted is null or memberships.tenant_id::text = lower(v_wanted))
        limit 2
    ) as mine;
    return case when array_length(v_tenants, 1) = 1 then v_tenants[1] end;
end;
$$;
comment on function private.tenant_id() is
'Tenant of the request: the one named by header x-tenant-id if the caller is a member of it, else
the caller''s only membership, else null.';
grant execute on function private.tenant_id() to authenticated;

create function private.member_role() returns public.member_role
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return (
        select memberships.role
        from public.memberships
        where memberships.user_id = auth.uid()
          and memberships.tenant_id = private.tenant_id()
          and memberships.revoked_at is null
    );
end;
$$;
grant execute on function private.member_role() to authenticated;

create function private.has_role(minimum public.member_role) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(private.member_role() >= has_role.minimum, false)
$$;
comment on function private.has_role(public.member_role) is 'True for that role or a higher one.';
grant execute on function private.has_role(public.member_role) to authenticated;

-- Refuses by name inside definer functions, where no policy speaks.
create function private.require_role(minimum public.member_role) returns uuid
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.tenant_id();
    -- What `has_role` asks, without looking the tenant up again: each call of the API begins here.
    v_role public.member_role := (
        select memberships.role
        from public.memberships
        where memberships.user_id = auth.uid()
          and memberships.tenant_id = v_tenant_id
          and memberships.revoked_at is null
    );
begin
    if v_role >= minimum then
        return v_tenant_id;
    end if;
    raise exception 'not_allowed' using errcode = 'PT403',
        detail = format('needs the role %s or higher in one tenant', minimum);
end;
$$;
comment on function private.require_role(public.member_role) is
'Tenant id of the caller, or PT403 not_allowed.';
grant execute on function private.require_role(public.member_role) to authenticated;

-- 0050_text_keys.sql
-- One spelling for comparing names: no accents, lower case, single spaces. Immutable so that it can
-- feed stored columns and indexes; the dictionary is named in full, hence no search_path surprise.
create function private.search_key(value text) returns text
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
    select pg_catalog.btrim(pg_catalog.regexp_replace(
        pg_catalog.lower(
            extensions.unaccent('extensions.unaccent'::pg_catalog.regdictionary, value)
        ),
        '\s+', ' ', 'g'
    ))
$$;
grant execute on function private.search_key(text) to authenticated;

-- 0060_audit_log.sql
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

-- 0062_bulk_audit.sql
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
    v_id bigint;
begin
    insert into public.audit_log (tenant_id, actor_id, actor, table_name, row_id, action, after)
    values (
        begin_bulk.tenant_id, auth.uid(),
        coalesce((select users.email from auth.users where users.id = auth.uid()), session_user),
        'clients', what, 'bulk',
        jsonb_build_object('selection', selection, 'state', 'running')
    )
    returning id into v_id;
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

-- 0070_broadcast.sql
-- Realtime carries ids, the screen fetches the row, so RLS decides what is seen. One statement
-- makes at most one message per tenant: one client touched goes to its own topic, several go
-- aggregated to the tenant's topic (a message per row would cost 8 × on a thousand rows).
create function private.send_change(
    event text, table_name text, tenant_id uuid, id text, client_ids uuid[]
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- 500 ids keep the payload far below the platform's limit of 256 kB.
    c_ids_in_payload constant int := 500;
    v_clients int := cardinality(client_ids);
begin
    if v_clients = 1 then
        perform realtime.send(
            jsonb_build_object('id', id, 'client_id', client_ids[1], 'at', private.now()),
            event, 'client:' || client_ids[1], true
        );
    elsif v_clients > 1 then
        perform realtime.send(
            jsonb_build_object(
                'table', table_name, 'count', v_clients,
                'client_ids', to_jsonb(client_ids[1:c_ids_in_payload])
            ),
            event, 'tenant:' || tenant_id, true
        );
    end if;
end;
$$;

-- For tables with columns id, tenant_id and client_id; the trigger's argument is the event.
create function private.tg_broadcast() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.send_change(
        tg_argv[0], tg_table_name, changed.tenant_id, changed.id, changed.client_ids
    )
    from (
        select new_rows.tenant_id, min(new_rows.id::text) as id,
            array_agg(distinct new_rows.client_id) as client_ids
        from new_rows
        where new_rows.client_id is not null
        group by new_rows.tenant_id
    ) as changed;
    return null;
end;
$$;
comment on function private.tg_broadcast() is
'Statement trigger with transition table new_rows; argument: event name.';

-- For tables whose rows live through statuses: bookkeeping (leases, attempts) is no news.
create function private.tg_broadcast_status() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.send_change(
        tg_argv[0], tg_table_name, changed.tenant_id, changed.id, changed.client_ids
    )
    from (
        select new_rows.tenant_id, min(new_rows.id::text) as id,
            array_agg(distinct new_rows.client_id) as client_ids
        from new_rows
        join old_rows on old_rows.id = new_rows.id
        where new_rows.status <> old_rows.status and new_rows.client_id is not null
        group by new_rows.tenant_id
    ) as changed;
    return null;
end;
$$;

create function private.tg_touch_updated_at() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    new.updated_at := private.now();
    return new;
end;
$$;

-- 0100_tenants.sql
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

-- 0110_memberships.sql
-- A person in a tenant, with one role. Revoked memberships stay as history; at most one is alive
-- per person and tenant.
create table public.memberships (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    role public.member_role not null,
    display_name text not null,
    created_at timestamptz not null default private.now(),
    revoked_at timestamptz,
    constraint memberships_pkey primary key (id),
    constraint memberships_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint memberships_user_fkey foreign key (user_id) references auth.users (id)
    on delete cascade
);
comment on table public.memberships is 'Who works in which tenant, and as what.';

-- Serves private.tenant_id() on every request; also the rule "one live membership".
create unique index memberships_one_alive_per_person
on public.memberships (user_id, tenant_id) where revoked_at is null;
create index memberships_of_user on public.memberships (user_id);
create index memberships_of_tenant on public.memberships (tenant_id, role);

alter table public.memberships enable row level security;
alter table public.memberships force row level security;

-- Everybody sees colleagues: the timeline names who did what.
create policy memberships_select_member on public.memberships for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- No insert, update or delete is granted: people join by invitation, and roles change through
-- `set_member_role` and `revoke_membership`, which guard the last admin.
grant select on public.memberships to authenticated;

create trigger _900_audit_insert after insert on public.memberships
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.memberships
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.memberships
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0120_invitations.sql
-- An open door for one e-mail address. The person becomes a member when that address is confirmed
-- at sign-up, or at once if it already was. An unconfirmed address opens nothing: anybody can type
-- anybody's e-mail into a sign-up form.
create table public.invitations (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    email text not null,
    role public.member_role not null,
    display_name text,
    -- Null for the first admin of a tenant, invited by the platform's operator.
    invited_by uuid,
    created_at timestamptz not null default private.now(),
    -- 14 days: long enough for holidays, short enough that a forgotten door closes.
    expires_at timestamptz not null default private.now() + interval '14 days',
    accepted_at timestamptz,
    revoked_at timestamptz,
    constraint invitations_pkey primary key (id),
    constraint invitations_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint invitations_invited_by_fkey foreign key (invited_by) references auth.users (id)
    on delete set null,
    constraint invitations_email_is_lower check (email = lower(email)),
    constraint invitations_email_has_shape check (email ~ '^[^@\s]+@[^@\s]+\.[^@\s]+$')
);
comment on table public.invitations is 'E-mail addresses that may join a tenant.';

create unique index invitations_one_open_per_email
on public.invitations (email, tenant_id) where accepted_at is null and revoked_at is null;
create index invitations_of_tenant on public.invitations (tenant_id, created_at desc);
create index invitations_of_inviter on public.invitations (invited_by);

alter table public.invitations enable row level security;
alter table public.invitations force row level security;

create policy invitations_select_admin on public.invitations for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

-- Written by `invite` and `revoke_invitation` only.
grant select on public.invitations to authenticated;

create function private.accept_invitations(user_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    with accepted as (
        update public.invitations
        set accepted_at = private.now()
        from auth.users
        where users.id = accept_invitations.user_id
          and users.email_confirmed_at is not null
          and invitations.email = lower(users.email)
          and invitations.accepted_at is null
          and invitations.revoked_at is null
          and invitations.expires_at > private.now()
        returning invitations.tenant_id, invitations.role,
            coalesce(
                nullif(btrim(users.raw_user_meta_data ->> 'name'), ''),
                invitations.display_name,
                split_part(users.email, '@', 1)
            ) as display_name
    )
    insert into public.memberships (tenant_id, user_id, role, display_name)
    select accepted.tenant_id, accept_invitations.user_id, accepted.role, accepted.display_name
    from accepted
    on conflict (user_id, tenant_id) where revoked_at is null do nothing
$$;

create function private.tg_users__accept_invitations() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.accept_invitations(new.id);
    return null;
end;
$$;

create trigger cobranca_accept_invitations
after insert or update of email, email_confirmed_at on auth.users
for each row
execute function private.tg_users__accept_invitations();

create trigger _900_audit_insert after insert on public.invitations
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.invitations
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.invitations
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0130_team.sql
-- The team's transitions. Only admins, only in their own tenant, and no role above the caller's own
-- can be given; a tenant cannot lose its last admin. The tenant's row is locked first, so that two
-- admins who demote each other at the same moment cannot both succeed.
create function private.invite(
    email text, role public.member_role, display_name text default null
) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    v_tenant_id uuid := private.require_role('admin');
    v_email text := lower(btrim(invite.email));
    v_user_id uuid;
    v_invitation_id uuid;
begin
    if v_email is null or v_email !~ '^[^@\s]+@[^@\s]+\.[^@\s]+$' then
        raise exception 'email_invalid' using errcode = 'PT400',
            detail = 'an address like name@host.tld is needed';
    end if;
    if invite.role is null or invite.role > private.member_role() then
        raise exception 'not_allowed' using errcode = 'PT403',
            detail = 'nobody grants more than they have';
    end if;
    select users.id into v_user_id
    from auth.users
    where lower(users.email) = v_email and users.email_confirmed_at is not null;
    if exists (
        select from public.memberships
        where memberships.user_id = v_user_id
          and memberships.tenant_id = v_tenant_id
          and memberships.revoked_at is null
    ) then
        raise exception 'already_member' using errcode = 'PT409',
            detail = 'change the role of the membership instead';
    end if;
    insert into public.invitations (tenant_id, email, role, display_name, invited_by)
    values (v_tenant_id, v_email, invite.role, invite.display_name, auth.uid())
    on conflict (email, tenant_id) where accepted_at is null and revoked_at is null
    do update set role = excluded.role, display_name = excluded.display_name,
        invited_by = excluded.invited_by, expires_at = excluded.expires_at
    returning id into v_invitation_id;
    if v_user_id is not null then
        perform private.accept_invitations(v_user_id);
    end if;
    return v_invitation_id;
end;
$$;

create function private.revoke_invitation(invitation_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
begin
    update public.invitations set revoked_at = private.now()
    where invitations.id = revoke_invitation.invitation_id
      and invitations.tenant_id = v_tenant_id
      and invitations.accepted_at is null and invitations.revoked_at is null;
    if not found then
        raise exception 'invitation_not_found' using errcode = 'PT404',
            detail = 'no open invitation with this id in the tenant';
    end if;
end;
$$;

-- Locks the tenant, then answers with the live membership or refuses; `leaves_admin` says that
-- afterwards this person is no admin any more.
create function private.membership_for_change(membership_id uuid, leaves_admin boolean)
returns public.memberships
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_membership public.memberships;
begin
    perform from public.tenants where tenants.id = v_tenant_id for update;
    -- Asked again under the lock: the caller may just have been demoted.
    perform private.require_role('admin');
    select * into v_membership
    from public.memberships
    where memberships.id = membership_for_change.membership_id
      and memberships.tenant_id = v_tenant_id
      and memberships.revoked_at is null;
    if not found then
        raise exception 'membership_not_found' using errcode = 'PT404',
            detail = 'no live membership with this id in the tenant';
    end if;
    if leaves_admin and v_membership.role = 'admin' and not exists (
        select from public.memberships
        where memberships.tenant_id = v_tenant_id and memberships.role = 'admin'
          and memberships.revoked_at is null and memberships.id <> v_membership.id
    ) then
        raise exception 'last_admin' using errcode = 'PT409',
            detail = 'a tenant keeps at least one admin';
    end if;
    return v_membership;
end;
$$;

create function private.revoke_membership(membership_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_membership public.memberships;
begin
    v_membership := private.membership_for_change(membership_id, leaves_admin => true);
    update public.memberships set revoked_at = private.now()
    where memberships.id = v_membership.id;
end;
$$;

create function private.set_member_role(membership_id uuid, role public.member_role) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_membership public.memberships;
begin
    v_membership := private.membership_for_change(membership_id, leaves_admin => role <> 'admin');
    if role is null or role > private.member_role() then
        raise exception 'not_allowed' using errcode = 'PT403',
            detail = 'nobody grants more than they have';
    end if;
    update public.memberships set role = set_member_role.role
    where memberships.id = v_membership.id;
end;
$$;

-- 0135_team_rpcs.sql
-- What the page calls: thin invokers, the rules are one file up.
create function public.invite(
    email text, role public.member_role, display_name text default null
) returns uuid
language sql
set search_path = ''
as $$ select private.invite(email, role, display_name) $$;

create function public.revoke_invitation(invitation_id uuid) returns void
language sql
set search_path = ''
as $$ select private.revoke_invitation(invitation_id) $$;

create function public.revoke_membership(membership_id uuid) returns void
language sql
set search_path = ''
as $$ select private.revoke_membership(membership_id) $$;

create function public.set_member_role(membership_id uuid, role public.member_role) returns void
language sql
set search_path = ''
as $$ select private.set_member_role(membership_id, role) $$;

grant execute on function
private.invite(text, public.member_role, text),
private.revoke_invitation(uuid),
private.revoke_membership(uuid),
private.set_member_role(uuid, public.member_role),
public.invite(text, public.member_role, text),
public.revoke_invitation(uuid),
public.revoke_membership(uuid),
public.set_member_role(uuid, public.member_role)
to authenticated;

-- 0140_session_context.sql
-- The page's first question: who am I, where, and what time is it. One call, also for somebody who
-- belongs nowhere (tenant null, tenants empty: that is an answer, not an error).
create function private.session_context() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_user_id uuid := auth.uid();
    v_tenant_id uuid := private.tenant_id();
begin
    return (
        select jsonb_build_object(
            'user', jsonb_build_object(
                'id', users.id, 'email', users.email,
                'name', coalesce(here.display_name, users.raw_user_meta_data ->> 'name',
                    split_part(users.email, '@', 1))
            ),
            'tenant', case when here.id is not null then jsonb_build_object(
                'id', tenants.id, 'name', tenants.name, 'time_zone', tenants.time_zone,
                'role', here.role
            ) end,
            'tenants', (
                select coalesce(jsonb_agg(
                    jsonb_build_object('id', mine.id, 'name', mine.name, 'role', alive.role)
                    order by mine.name, mine.id
                ), '[]')
                from public.memberships as alive
                join public.tenants as mine on mine.id = alive.tenant_id
                where alive.user_id = v_user_id and alive.revoked_at is null
            ),
            'now', private.now(),
            'today', private.today(v_tenant_id),
            'clock_shifted_seconds',
                (select extract(epoch from clock.shift)::bigint from private.clock)
        )
        from auth.users
        left join public.memberships as here
            on here.user_id = users.id and here.tenant_id = v_tenant_id
            and here.revoked_at is null
        left join public.tenants on tenants.id = here.tenant_id
        where users.id = v_user_id
    );
end;
$$;

create function public.session_context() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.session_context() $$;
comment on function public.session_context() is
'{user:{id,email,name}, tenant:{id,name,time_zone,role}|null, tenants:[{id,name,role}], now, today,
clock_shifted_seconds}';

grant execute on function private.session_context(), public.session_context() to authenticated;

-- 0200_creditors.sql
-- Who is owed. An import by an admin may create one; the normalised name is the identity, so that
-- "Telefônica Ipê" and "TELEFONICA IPE" are one creditor.
create table public.creditors (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    name text not null,
    name_key text not null generated always as (private.search_key(name)) stored,
    document text collate "C",
    -- Consumer law (CDC 42-A) wants name, document and address on what a debtor is shown.
    address text,
    created_at timestamptz not null default private.now(),
    constraint creditors_pkey primary key (id),
    constraint creditors_tenant_id_key unique (tenant_id, id),
    constraint creditors_name_is_unique unique (tenant_id, name_key),
    constraint creditors_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint creditors_name_is_filled check (btrim(name) <> '')
);
comment on table public.creditors is 'Companies whose debts the tenant collects.';

alter table public.creditors enable row level security;
alter table public.creditors force row level security;

create policy creditors_select_member on public.creditors for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy creditors_insert_admin on public.creditors for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

create policy creditors_update_admin on public.creditors for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

-- No delete: debts and history point here.
grant select on public.creditors to authenticated;
grant insert (id, tenant_id, name, document, address) on public.creditors to authenticated;
grant update (name, document, address) on public.creditors to authenticated;

create trigger _900_audit_insert after insert on public.creditors
referencing new table as new_rows for each statement
execute function private.tg_audit('name_key');
create trigger _900_audit_update after update on public.creditors
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit('name_key');
create trigger _900_audit_delete after delete on public.creditors
referencing old table as old_rows for each statement
execute function private.tg_audit('name_key');

-- 0210_imports.sql
-- One portfolio file (or API batch) and what became of it. The counts are what was written, counted
-- after writing; until it is done they are kept beside its plan (0446). A transaction that writes
-- for it names it in the setting `cobranca.import_id`: the row then stands for the audit of
-- everything written.
create table public.imports (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    -- Null when the creditors come from the file's own column.
    creditor_id uuid,
    file_name text,
    file_sha256 text,
    status public.import_status not null default 'running',
    rows int not null default 0,
    accepted int not null default 0,
    rejected int not null default 0,
    duplicates int not null default 0,
    clients_created int not null default 0,
    clients_updated int not null default 0,
    debts_created int not null default 0,
    debts_updated int not null default 0,
    creditors_created int not null default 0,
    reject_reasons jsonb not null default '{}',
    -- Null when a job imported.
    created_by uuid,
    created_at timestamptz not null default private.now(),
    finished_at timestamptz,
    source text not null default 'csv',
    -- The key of the program that sent it; a constraint of api_keys' own file.
    api_key_id uuid,
    -- A program that asks twice with one key gets the first answer; the fingerprint is of body and
    -- options. A failed import gives its key back.
    idempotency_key text,
    request_fingerprint text,
    answer jsonb,
    -- The file's own column names: rejects go back under them.
    header text[] not null default '{}',
    debts_absent int not null default 0,
    debts_returned int not null default 0,
    -- Cells that were left out, by kind.
    warnings jsonb not null default '{}',
    error_code text,
    cancel_requested_at timestamptz,
    -- Rows of a cancelled import that stayed, because somebody acted on them while it ran.
    rows_kept int not null default 0,
    -- When its first rows could be seen; somebody may have acted on them since.
    writing_at timestamptz,
    -- Progress, for people who watch; not audited. Rows; the total is an estimate until all is
    -- read.
    started_at timestamptz,
    phase text,
    rows_read int not null default 0,
    rows_valid int not null default 0,
    rows_written int not null default 0,
    rows_total int,
    rows_per_second int,
    seconds_left int,
    constraint imports_source_is_known check (source in ('csv', 'xlsx', 'api')),
    constraint imports_phase_is_known check (phase in ('reading', 'planning', 'writing')),
    constraint imports_idempotency_key_has_shape check (length(idempotency_key) between 1 and 200),
    constraint imports_pkey primary key (id),
    constraint imports_tenant_id_key unique (tenant_id, id),
    constraint imports_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint imports_creditor_fkey foreign key (tenant_id, creditor_id)
    references public.creditors (tenant_id, id),
    constraint imports_created_by_fkey foreign key (created_by) references auth.users (id)
    on delete set null,
    constraint imports_sha256_has_shape check (file_sha256 ~ '^[0-9a-f]{64}$'),
    constraint imports_reject_reasons_is_object check (jsonb_typeof(reject_reasons) = 'object')
);
comment on table public.imports is 'Portfolio imports and their counts.';

create unique index imports_idempotency on public.imports (tenant_id, idempotency_key)
where idempotency_key is not null;
create index imports_newest on public.imports (tenant_id, created_at desc, id desc);
create index imports_of_creditor on public.imports (tenant_id, creditor_id);
create index imports_of_author on public.imports (created_by);

alter table public.imports enable row level security;
alter table public.imports force row level security;

create policy imports_select_member on public.imports for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by the import function only.
grant select on public.imports to authenticated;

-- The setting alone proves nothing: any session can set it. That this very transaction is named as
-- the writer by the import's plan does: only private.advance_import writes that, and takes it back.
create function private.is_importing() returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_import_id text := nullif(current_setting('cobranca.import_id', true), '');
begin
    return v_import_id is not null and exists (
        select from private.import_plans as plan
        where plan.import_id = v_import_id::uuid
          and plan.writer = pg_current_xact_id_if_assigned()
    );
end;
$$;

create function private.tg_imports__broadcast() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform realtime.send(
        jsonb_build_object('id', new_rows.id, 'at', private.now()),
        'import_changed', 'tenant:' || new_rows.tenant_id, true
    )
    from new_rows;
    return null;
end;
$$;

create trigger _100_broadcast_insert after insert on public.imports
referencing new table as new_rows for each statement
execute function private.tg_imports__broadcast();
create trigger _100_broadcast_update after update on public.imports
referencing new table as new_rows for each statement
execute function private.tg_imports__broadcast();

create trigger _900_audit_insert after insert on public.imports
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.imports
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit(
    'phase', 'rows_read', 'rows_valid', 'rows_written', 'rows_total', 'rows_per_second',
    'seconds_left', 'answer', 'writing_at'
);
create trigger _900_audit_delete after delete on public.imports
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0215_import_rejects.sql
-- A refused line of an import, so that a person can mend the file: line, column, value, reason.
create table public.import_rejects (
    id bigint generated always as identity,
    tenant_id uuid not null,
    import_id uuid not null,
    -- 1 is the header, as a spreadsheet counts.
    line int not null,
    column_name text not null,
    value text,
    reason text not null,
    -- The whole row as it stood in the file, in the order of imports.header.
    cells text[] not null default '{}',
    constraint import_rejects_pkey primary key (id),
    constraint import_rejects_import_fkey foreign key (tenant_id, import_id)
    references public.imports (tenant_id, id) on delete cascade,
    constraint import_rejects_reason_is_code check (reason ~ '^[a-z_]+$')
);
comment on table public.import_rejects is 'Lines an import refused, with the value and the reason.';

create index import_rejects_of_import
on public.import_rejects (tenant_id, import_id, line, id);

alter table public.import_rejects enable row level security;
alter table public.import_rejects force row level security;

-- Operators have no use for raw lines of other people's files.
create policy import_rejects_select_supervisor on public.import_rejects
for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

-- Written by the import function only; not audited, because the rows are the record.
grant select on public.import_rejects to authenticated;

-- 0220_clients.sql
-- A debtor: one row per person or company and tenant, whatever the number of titles. Totals are
-- derived from `debts` by statement triggers and by nothing else, so that lists need no joins.
create table public.clients (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    -- Text: a CNPJ may hold letters since July 2026. Collation "C" makes prefixes index ranges.
    document text collate "C" not null,
    name text not null,
    -- What is searched is stored as it is searched: an expression's index has statistics that the
    -- planner does not find under a collation, and then it walks a million rows.
    name_key text collate "C" not null generated always as (private.search_key(name)) stored,
    email text,
    email_key text collate "C" generated always as (lower(email)) stored,
    external_id text collate "C",
    uf text,
    extra jsonb not null default '{}',
    open_cents bigint not null default 0,
    open_debts int not null default 0,
    oldest_due_on date,
    creditor_ids uuid[] not null default '{}',
    -- Null without debts; open if any title is open, else settled if any is, else returned.
    debt_status public.debt_status,
    -- Derived from the phones. WhatsApp: true if a number was proved to have it, false if every
    -- number was proved not to (or there is none), null while nobody knows.
    has_phone boolean not null default false,
    has_whatsapp boolean default false,
    created_at timestamptz not null default private.now(),
    updated_at timestamptz not null default private.now(),
    constraint clients_pkey primary key (id),
    constraint clients_tenant_id_key unique (tenant_id, id),
    constraint clients_document_is_unique unique (tenant_id, document),
    constraint clients_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    -- Shape only: check digits are judged where a person can mend them, at the import.
    constraint clients_document_has_shape check (document ~ '^([0-9]{11}|[0-9A-Z]{12}[0-9]{2})$'),
    constraint clients_name_is_filled check (btrim(name) <> ''),
    constraint clients_uf_has_shape check (uf ~ '^[A-Z]{2}$'),
    constraint clients_extra_is_object check (jsonb_typeof(extra) = 'object')
);
comment on table public.clients is 'Debtors, one row per document and tenant.';
comment on column public.clients.open_cents is 'Derived: sum of the principal of open debts.';

-- Serves the list in its default order, with and without a status.
create index clients_by_open_value on public.clients (tenant_id, open_cents desc, id desc);
create index clients_by_status
on public.clients (tenant_id, debt_status, open_cents desc, id desc);
-- Serve the other orders of the list, and aging, which is a range of the oldest open title.
create index clients_by_name on public.clients (tenant_id, name_key, id);
create index clients_by_oldest_due on public.clients (tenant_id, oldest_due_on, id);
create index clients_by_age on public.clients (tenant_id, created_at, id);
-- Serve filters that pick few: everybody else is found faster by walking the list's order.
create index clients_by_uf on public.clients (tenant_id, uf);
create index clients_without_phone on public.clients (tenant_id, open_cents desc, id desc)
where not has_phone;
create index clients_with_whatsapp on public.clients (tenant_id, open_cents desc, id desc)
where has_whatsapp;
-- Serves search by name and by creditor; reached from `private.list_clients` only, because the
-- operators are not leakproof and RLS would keep the planner from these indexes.
create index clients_name_trigrams on public.clients
using gin (tenant_id, name_key extensions.gin_trgm_ops);
create index clients_by_creditor on public.clients using gin (tenant_id, creditor_ids);
create index clients_by_external_id on public.clients (tenant_id, external_id)
where external_id is not null;
create index clients_by_email on public.clients (tenant_id, email_key)
where email_key is not null;

alter table public.clients enable row level security;
alter table public.clients force row level security;

create policy clients_select_member on public.clients for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy clients_insert_supervisor on public.clients for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

create policy clients_update_supervisor on public.clients for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

-- No delete: dispositions and messages are history. Derived columns are not granted.
grant select on public.clients to authenticated;
grant insert (id, tenant_id, document, name, email, external_id, uf, extra)
on public.clients to authenticated;
grant update (name, email, external_id, uf, extra) on public.clients to authenticated;

create trigger _100_touch_updated_at before update on public.clients
for each row execute function private.tg_touch_updated_at();

create function private.tg_clients__broadcast() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.send_change(
        'client_changed', 'clients', changed.tenant_id, changed.client_ids[1]::text,
        changed.client_ids
    )
    from (
        select new_rows.tenant_id, array_agg(new_rows.id) as client_ids
        from new_rows
        group by new_rows.tenant_id
    ) as changed;
    return null;
end;
$$;

create trigger _200_broadcast_insert after insert on public.clients
referencing new table as new_rows for each statement
execute function private.tg_clients__broadcast();
create trigger _200_broadcast_update after update on public.clients
referencing new table as new_rows for each statement
execute function private.tg_clients__broadcast();

create trigger _900_audit_insert after insert on public.clients
referencing new table as new_rows for each statement execute function private.tg_audit(
    'open_cents', 'open_debts', 'oldest_due_on', 'creditor_ids', 'debt_status', 'has_phone',
    'has_whatsapp', 'name_key', 'email_key'
);
create trigger _900_audit_update after update on public.clients
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit(
    'open_cents', 'open_debts', 'oldest_due_on', 'creditor_ids', 'debt_status', 'has_phone',
    'has_whatsapp', 'name_key', 'email_key'
);
create trigger _900_audit_delete after delete on public.clients
referencing old table as old_rows for each statement execute function private.tg_audit(
    'open_cents', 'open_debts', 'oldest_due_on', 'creditor_ids', 'debt_status', 'has_phone',
    'has_whatsapp', 'name_key', 'email_key'
);

-- 0230_client_phones.sql
-- Phones of a client, best first. E.164 under a check, so that nobody compares spellings again.
create table public.client_phones (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    client_id uuid not null,
    phone text collate "C" not null,
    -- Backwards, because people say the last digits: a prefix again.
    phone_tail text collate "C" not null generated always as (reverse(phone)) stored,
    kind public.phone_kind not null,
    -- 0 is the first to try.
    position smallint not null default 0,
    -- Null until a provider told us.
    has_whatsapp boolean,
    created_at timestamptz not null default private.now(),
    constraint client_phones_pkey primary key (id),
    constraint client_phones_are_unique unique (tenant_id, client_id, phone),
    constraint client_phones_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id) on delete cascade,
    constraint client_phones_phone_is_e164 check (phone ~ '^\+[1-9][0-9]{7,14}$')
);
comment on table public.client_phones is 'E.164 phones of clients, lowest position first.';

-- Serves search by the first digits, and by the last eight as people say them (no area code).
create index client_phones_by_phone on public.client_phones (tenant_id, phone);
create index client_phones_by_tail on public.client_phones (tenant_id, phone_tail);

alter table public.client_phones enable row level security;
alter table public.client_phones force row level security;

create policy client_phones_select_member on public.client_phones for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy client_phones_insert_supervisor on public.client_phones for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

create policy client_phones_update_supervisor on public.client_phones for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

create policy client_phones_delete_supervisor on public.client_phones for delete to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

grant select, delete on public.client_phones to authenticated;
grant insert (id, tenant_id, client_id, phone, kind, position) on public.client_phones
to authenticated;
grant update (phone, kind, position) on public.client_phones to authenticated;

-- Area code and the last eight digits: the same line with and without the ninth digit.
create function private.phone_match(phone text) returns text
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
    select case
        when pg_catalog.length(digits) > 11 and digits like '55%'
            then pg_catalog.substr(digits, 1, 4) || pg_catalog.right(digits, 8)
        else digits
    end
    from (select pg_catalog.regexp_replace(phone, '[^0-9]', '', 'g') as digits) as plain
$$;
-- Indexes are built on it, and an index is written with the writer's own rights.
grant execute on function private.phone_match(text) to authenticated;

create trigger _200_broadcast_insert after insert on public.client_phones
referencing new table as new_rows for each statement
execute function private.tg_broadcast('client_changed');
create trigger _200_broadcast_update after update on public.client_phones
referencing new table as new_rows for each statement
execute function private.tg_broadcast('client_changed');

create trigger _900_audit_insert after insert on public.client_phones
referencing new table as new_rows for each statement
execute function private.tg_audit('phone_tail');
create trigger _900_audit_update after update on public.client_phones
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit('phone_tail');
create trigger _900_audit_delete after delete on public.client_phones
referencing old table as old_rows for each statement
execute function private.tg_audit('phone_tail');

-- 0240_debts.sql
-- A title. Immutable in meaning: amounts come from imports, and later from one ledger; nobody marks
-- a debt paid through the REST API, hence no insert, update or delete is granted.
create table public.debts (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    client_id uuid not null,
    creditor_id uuid not null,
    contract text collate "C" not null,
    installment int not null default 1,
    due_on date not null,
    principal_cents bigint not null,
    -- Derived: principal that payments have abated (sum of `payment_allocations`). Written by the
    -- ledger alone; what is owed is principal_cents - abated_cents.
    abated_cents bigint not null default 0,
    status public.debt_status not null default 'open',
    -- The import that wrote this row last.
    import_id uuid,
    created_at timestamptz not null default private.now(),
    updated_at timestamptz not null default private.now(),
    constraint debts_pkey primary key (id),
    constraint debts_tenant_id_key unique (tenant_id, id),
    constraint debts_natural_key unique (tenant_id, creditor_id, contract, installment),
    constraint debts_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint debts_creditor_fkey foreign key (tenant_id, creditor_id)
    references public.creditors (tenant_id, id),
    constraint debts_import_fkey foreign key (tenant_id, import_id)
    references public.imports (tenant_id, id),
    constraint debts_contract_is_filled check (btrim(contract) <> ''),
    constraint debts_installment_is_not_negative check (installment >= 0),
    constraint debts_principal_is_positive check (principal_cents > 0),
    constraint debts_abated_is_not_negative check (abated_cents >= 0)
);
comment on table public.debts is 'Titles. Natural key: tenant, creditor, contract, installment.';

create index debts_of_client on public.debts (tenant_id, client_id, due_on, id);
create index debts_by_contract on public.debts (tenant_id, contract);
create index debts_of_import on public.debts (tenant_id, import_id);

alter table public.debts enable row level security;
alter table public.debts force row level security;

create policy debts_select_member on public.debts for select to authenticated
using (tenant_id = (select private.tenant_id()));

grant select on public.debts to authenticated;

create trigger _100_touch_updated_at before update on public.debts
for each row execute function private.tg_touch_updated_at();

create trigger _900_audit_insert after insert on public.debts
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.debts
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.debts
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0250_client_totals.sql
-- Keeps a client's derived totals equal to its debts: recomputed from the truth (never added up by
-- deltas, which drift), once per statement, only for the clients that statement touched.
create function private.refresh_client_totals(tenant_id uuid, client_ids uuid[]) returns void
language sql
security definer
set search_path = ''
as $$
    with totals as (
        select
            touched.client_id,
            coalesce(
                sum(greatest(debts.principal_cents - debts.abated_cents, 0))
                filter (where debts.status = 'open'), 0
            )::bigint as open_cents,
            (count(*) filter (where debts.status = 'open'))::int as open_debts,
            min(debts.due_on) filter (where debts.status = 'open') as oldest_due_on,
            coalesce(
                array_agg(distinct debts.creditor_id) filter (where debts.creditor_id is not null),
                '{}'
            ) as creditor_ids,
            -- The enum is ordered for this: the least is the client's.
            min(debts.status) as debt_status
        from unnest(refresh_client_totals.client_ids) as touched (client_id)
        left join public.debts
            on debts.tenant_id = refresh_client_totals.tenant_id
            and debts.client_id = touched.client_id
        group by touched.client_id
    )
    update public.clients
    set open_cents = totals.open_cents,
        open_debts = totals.open_debts,
        oldest_due_on = totals.oldest_due_on,
        creditor_ids = totals.creditor_ids,
        debt_status = totals.debt_status
    from totals
    where clients.tenant_id = refresh_client_totals.tenant_id
      and clients.id = totals.client_id
      and (clients.open_cents, clients.open_debts, clients.oldest_due_on, clients.creditor_ids,
           clients.debt_status)
          is distinct from (totals.open_cents, totals.open_debts, totals.oldest_due_on,
           totals.creditor_ids, totals.debt_status)
$$;

create function private.tg_debts__client_totals() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    -- A transition table exists only for its own event, hence three spellings of one sentence.
    if tg_op = 'INSERT' then
        perform private.refresh_client_totals(touched.tenant_id, array_agg(touched.client_id))
        from (select distinct new_rows.tenant_id, new_rows.client_id from new_rows) as touched
        group by touched.tenant_id;
    elsif tg_op = 'DELETE' then
        perform private.refresh_client_totals(touched.tenant_id, array_agg(touched.client_id))
        from (select distinct old_rows.tenant_id, old_rows.client_id from old_rows) as touched
        group by touched.tenant_id;
    else
        perform private.refresh_client_totals(touched.tenant_id, array_agg(touched.client_id))
        from (
            select new_rows.tenant_id, new_rows.client_id from new_rows
            union
            select old_rows.tenant_id, old_rows.client_id from old_rows
        ) as touched
        group by touched.tenant_id;
    end if;
    return null;
end;
$$;

create trigger _200_client_totals_insert after insert on public.debts
referencing new table as new_rows for each statement
execute function private.tg_debts__client_totals();
create trigger _200_client_totals_update after update on public.debts
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_debts__client_totals();
create trigger _200_client_totals_delete after delete on public.debts
referencing old table as old_rows for each statement
execute function private.tg_debts__client_totals();

-- 0255_portfolio_totals.sql
-- How many people and how much, per tenant, without counting a million rows: each statement on
-- `clients` adds a row with its difference, whatever its size, and a job folds the rows into one.
-- Added, not updated: one row per tenant would let one open transaction hold up all its people.
create table private.portfolio_totals (
    tenant_id uuid not null,
    clients bigint not null default 0,
    open_debts bigint not null default 0,
    open_cents bigint not null default 0,
    id bigint generated always as identity,
    constraint portfolio_totals_pkey primary key (id),
    constraint portfolio_totals_tenant_fkey foreign key (tenant_id)
    references public.tenants (id)
);
comment on table private.portfolio_totals is
'Derived: sums over clients, for the list''s header. The sum of a tenant''s rows counts.';

create index portfolio_totals_of_tenant on private.portfolio_totals (tenant_id);

alter table private.portfolio_totals enable row level security;
alter table private.portfolio_totals force row level security;

create function private.move_portfolio_totals(
    tenant_id uuid, clients bigint, open_debts bigint, open_cents bigint
) returns void
language sql
security definer
set search_path = ''
as $$
    insert into private.portfolio_totals (tenant_id, clients, open_debts, open_cents)
    select move_portfolio_totals.tenant_id, move_portfolio_totals.clients,
        move_portfolio_totals.open_debts, move_portfolio_totals.open_cents
    where (move_portfolio_totals.clients, move_portfolio_totals.open_debts,
        move_portfolio_totals.open_cents) <> (0, 0, 0)
$$;

create function private.portfolio_of(
    tenant_id uuid, out clients bigint, out open_debts bigint, out open_cents bigint
)
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(sum(totals.clients), 0)::bigint,
        coalesce(sum(totals.open_debts), 0)::bigint, coalesce(sum(totals.open_cents), 0)::bigint
    from private.portfolio_totals as totals
    where totals.tenant_id = portfolio_of.tenant_id
$$;

-- Replaced by their sum in one statement, so that no reader sees a row twice or not at all.
create function private.fold_portfolio_totals() returns void
language sql
security definer
set search_path = ''
as $$
    with folded as (
        delete from private.portfolio_totals as totals
        where totals.id in (
            select known.id from private.portfolio_totals as known
            where known.tenant_id in (
                select several.tenant_id from private.portfolio_totals as several
                group by several.tenant_id
                having count(*) > 1
            )
            for update skip locked
        )
        returning totals.tenant_id, totals.clients, totals.open_debts, totals.open_cents
    )
    insert into private.portfolio_totals (tenant_id, clients, open_debts, open_cents)
    select folded.tenant_id, sum(folded.clients), sum(folded.open_debts), sum(folded.open_cents)
    from folded
    group by folded.tenant_id
$$;

select cron.schedule(
    'fold-portfolio-totals', '* * * * *', 'select private.fold_portfolio_totals()'
);

create function private.tg_clients__portfolio_totals() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    if tg_op = 'INSERT' then
        perform private.move_portfolio_totals(
            new_rows.tenant_id, count(*), sum(new_rows.open_debts), sum(new_rows.open_cents)::bigint
        )
        from new_rows group by new_rows.tenant_id;
    elsif tg_op = 'DELETE' then
        perform private.move_portfolio_totals(
            old_rows.tenant_id, -count(*), -sum(old_rows.open_debts),
            -sum(old_rows.open_cents)::bigint
        )
        from old_rows group by old_rows.tenant_id;
    else
        perform private.move_portfolio_totals(
            moved.tenant_id, 0, sum(moved.open_debts)::bigint, sum(moved.open_cents)::bigint
        )
        from (
            select new_rows.tenant_id, new_rows.open_debts, new_rows.open_cents from new_rows
            union all
            select old_rows.tenant_id, -old_rows.open_debts, -old_rows.open_cents from old_rows
        ) as moved
        group by moved.tenant_id;
    end if;
    return null;
end;
$$;

create trigger _300_portfolio_totals_insert after insert on public.clients
referencing new table as new_rows for each statement
execute function private.tg_clients__portfolio_totals();
create trigger _300_portfolio_totals_update after update on public.clients
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_clients__portfolio_totals();
create trigger _300_portfolio_totals_delete after delete on public.clients
referencing old table as old_rows for each statement
execute function private.tg_clients__portfolio_totals();

-- 0300_disposition_types.sql
-- The outcomes an operator can press. Each carries meaning beside its label; rules and reports read
-- the meaning, so a tenant may rename or add types without breaking either. Five ship with every
-- tenant.
create table public.disposition_types (
    tenant_id uuid not null default private.tenant_id(),
    key text not null,
    label text not null,
    -- The digit that presses it; null = mouse only.
    hotkey smallint,
    position smallint not null default 0,
    -- A colour name of the page's palette.
    color text not null default 'gray',
    human_answered boolean not null default false,
    right_party boolean not null default false,
    is_callback boolean not null default false,
    -- The number is not the client's: try another one.
    unworkable boolean not null default false,
    opens_negotiation boolean not null default false,
    is_active boolean not null default true,
    constraint disposition_types_pkey primary key (tenant_id, key),
    constraint disposition_types_tenant_fkey foreign key (tenant_id)
    references public.tenants (id),
    constraint disposition_types_key_has_shape check (key ~ '^[a-z][a-z0-9_]{0,39}$'),
    constraint disposition_types_label_is_filled check (btrim(label) <> ''),
    constraint disposition_types_hotkey_is_digit check (hotkey between 1 and 9),
    -- Being the right party implies that a person answered.
    constraint disposition_types_right_party_is_human check (human_answered or not right_party)
);
comment on table public.disposition_types is 'Call outcomes of a tenant and what they mean.';

create unique index disposition_types_hotkey_is_free
on public.disposition_types (tenant_id, hotkey) where is_active;

alter table public.disposition_types enable row level security;
alter table public.disposition_types force row level security;

create policy disposition_types_select_member on public.disposition_types
for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy disposition_types_insert_admin on public.disposition_types
for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

create policy disposition_types_update_admin on public.disposition_types
for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

-- No delete: history keeps its words; `is_active` retires a type. The key is not updatable either.
grant select on public.disposition_types to authenticated;
grant insert (
    tenant_id, key, label, hotkey, position, color, human_answered, right_party, is_callback,
    unworkable, opens_negotiation, is_active
) on public.disposition_types to authenticated;
grant update (
    label, hotkey, position, color, human_answered, right_party, is_callback, unworkable,
    opens_negotiation, is_active
) on public.disposition_types to authenticated;

create function private.tg_tenants__disposition_types() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.disposition_types (
        tenant_id, key, label, hotkey, position, color,
        human_answered, right_party, is_callback, unworkable, opens_negotiation
    )
    values
        (new.id, 'voicemail', 'Caixa Postal', 1, 1, 'gray', false, false, false, false, false),
        (new.id, 'dropped', 'Ligação Interrompida', 2, 2, 'yellow', true, false, false, false, false),
        (new.id, 'wrong_contact', 'Contato Incorreto', 3, 3, 'red', true, false, false, true, false),
        (new.id, 'callback', 'Retornar Ligação', 4, 4, 'blue', true, false, true, false, false),
        (new.id, 'negotiate', 'Negociar', 5, 5, 'green', true, true, false, false, true);
    return null;
end;
$$;

create trigger _200_ship_disposition_types after insert on public.tenants
for each row execute function private.tg_tenants__disposition_types();

create trigger _900_audit_insert after insert on public.disposition_types
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.disposition_types
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.disposition_types
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0310_call_dispositions.sql
-- What came of a call (tabulação). Inserted straight through REST with an id made by the client,
-- so that a retry after a lost answer is a no-op; never changed or deleted by anybody. The operator
-- and the tenant default to the caller's, and the policy refuses any other.
create table public.call_dispositions (
    id uuid not null default gen_random_uuid(),
    client_id uuid not null,
    tenant_id uuid not null default private.tenant_id(),
    operator_id uuid not null default auth.uid(),
    disposition_type text not null,
    notes text,
    scheduled_callback timestamptz,
    created_at timestamptz not null default private.now(),
    constraint call_dispositions_pkey primary key (id),
    constraint call_dispositions_tenant_id_key unique (tenant_id, id),
    constraint call_dispositions_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint call_dispositions_operator_fkey foreign key (operator_id)
    references auth.users (id),
    constraint call_dispositions_type_fkey foreign key (tenant_id, disposition_type)
    references public.disposition_types (tenant_id, key),
    -- 4,000 characters: a long call's notes, not a document.
    constraint call_dispositions_notes_are_short check (length(notes) <= 4000)
);
comment on table public.call_dispositions is 'Outcomes of calls; append-only.';

-- Serves the timeline and "last disposition" of a list row.
create index call_dispositions_of_client
on public.call_dispositions (tenant_id, client_id, created_at desc, id desc);
create index call_dispositions_of_operator
on public.call_dispositions (operator_id, created_at desc);
create index call_dispositions_of_type
on public.call_dispositions (tenant_id, disposition_type, created_at desc);

alter table public.call_dispositions enable row level security;
alter table public.call_dispositions force row level security;

create policy call_dispositions_select_member on public.call_dispositions
for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy call_dispositions_insert_self on public.call_dispositions
for insert to authenticated
with check (
    tenant_id = (select private.tenant_id()) and operator_id = (select auth.uid())
);

-- No update, no delete, and `created_at` is not granted: nobody back-dates a call.
-- Not audited: the row is its own immutable record of who, what and when.
grant select on public.call_dispositions to authenticated;
grant insert (
    id, client_id, tenant_id, operator_id, disposition_type, notes, scheduled_callback
) on public.call_dispositions to authenticated;

-- Two copies of one request may arrive at the same moment (a retry that overtakes): the lock on the
-- id makes the second wait for the first, see its row and fall silent instead of failing.
create function private.tg_call_dispositions__accept() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_known record;
begin
    perform pg_advisory_xact_lock(hashtextextended(new.id::text, 0));
    -- One question for both checks: this runs on every press of a key.
    select types.is_callback, earlier.id as earlier_id,
        (earlier.tenant_id, earlier.client_id, earlier.operator_id, earlier.disposition_type,
         earlier.notes, earlier.scheduled_callback)
        is not distinct from
        (new.tenant_id, new.client_id, auth.uid(), new.disposition_type,
         new.notes, new.scheduled_callback) as is_repeat
    into v_known
    from (select new.id) as given (id)
    left join public.call_dispositions as earlier on earlier.id = given.id
    left join public.disposition_types as types
        on types.tenant_id = new.tenant_id and types.key = new.disposition_type
        and types.is_active;
    if v_known.earlier_id is not null then
        if v_known.is_repeat and new.operator_id = auth.uid() then
            return null;
        end if;
        raise exception 'disposition_id_reused' using errcode = 'PT409',
            detail = 'this id already names another disposition';
    end if;
    if v_known.is_callback is null then
        raise exception 'disposition_type_unknown' using errcode = 'PT400',
            detail = 'not an active disposition type of the tenant';
    end if;
    if v_known.is_callback and new.scheduled_callback is null then
        raise exception 'callback_needs_time' using errcode = 'PT400',
            detail = 'scheduled_callback is missing';
    end if;
    if not v_known.is_callback and new.scheduled_callback is not null then
        raise exception 'callback_not_expected' using errcode = 'PT400',
            detail = 'scheduled_callback belongs to callback types only';
    end if;
    if new.scheduled_callback is not null and new.scheduled_callback <= private.now() then
        raise exception 'callback_in_past' using errcode = 'PT400',
            detail = 'scheduled_callback must lie in the future';
    end if;
    return new;
end;
$$;

create trigger _100_accept before insert on public.call_dispositions
for each row execute function private.tg_call_dispositions__accept();

create trigger _500_broadcast after insert on public.call_dispositions
referencing new table as new_rows for each statement
execute function private.tg_broadcast('disposition_changed');

-- 0320_callbacks.sql
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
    ended_at timestamptz,
    -- Who made the call or called it off.
    ended_by uuid,
    created_at timestamptz not null default private.now(),
    constraint callbacks_pkey primary key (id),
    constraint callbacks_one_per_disposition unique (tenant_id, disposition_id),
    constraint callbacks_disposition_fkey foreign key (tenant_id, disposition_id)
    references public.call_dispositions (tenant_id, id),
    constraint callbacks_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint callbacks_operator_fkey foreign key (operator_id) references auth.users (id),
    constraint callbacks_ended_by_fkey foreign key (ended_by) references auth.users (id),
    constraint callbacks_end_when_not_scheduled check (
        (status = 'scheduled') = (ended_at is null)
    )
);
comment on table public.callbacks is 'Calls promised for a later moment.';

create index callbacks_of_client on public.callbacks (tenant_id, client_id, due_at);
create index callbacks_due on public.callbacks (tenant_id, due_at) where status = 'scheduled';
create index callbacks_of_operator on public.callbacks (operator_id, due_at);
-- Whose calls were in time.
create index callbacks_ended_by on public.callbacks (ended_by, ended_at);

alter table public.callbacks enable row level security;
alter table public.callbacks force row level security;

create policy callbacks_select_member on public.callbacks for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by the trigger below and by the transitions (0325).
grant select on public.callbacks to authenticated;

-- A call made when a promise falls due keeps it, whatever came of the call; what a call promises
-- anew is kept here. Asking first spares every other disposition an audit of nothing.
create function private.tg_call_dispositions__callbacks() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- A callback is in time from ten minutes before to ten minutes after its moment.
    c_tolerance constant interval := '10 minutes';
    v_kept uuid[] := (
        select array_agg(promised.id)
        from new_rows
        join public.callbacks as promised
            on promised.tenant_id = new_rows.tenant_id
            and promised.client_id = new_rows.client_id
            and promised.due_at <= new_rows.created_at + c_tolerance
            and promised.status = 'scheduled'
            and coalesce(promised.operator_id, new_rows.operator_id) = new_rows.operator_id
    );
begin
    if v_kept is not null then
        update public.callbacks as promised
        set status = 'done', ended_at = private.now(), ended_by = auth.uid()
        where promised.id = any(v_kept);
    end if;
    if not exists (select from new_rows where new_rows.scheduled_callback is not null) then
        return null;
    end if;
    -- The trigger before made sure that exactly the callback types carry a time.
    insert into public.callbacks (tenant_id, client_id, disposition_id, operator_id, due_at, note)
    select new_rows.tenant_id, new_rows.client_id, new_rows.id, new_rows.operator_id,
        new_rows.scheduled_callback, new_rows.notes
    from new_rows
    where new_rows.scheduled_callback is not null;
    return null;
end;
$$;

create trigger _200_callbacks after insert on public.call_dispositions
referencing new table as new_rows for each statement
execute function private.tg_call_dispositions__callbacks();

create trigger _500_broadcast after update on public.callbacks
referencing new table as new_rows for each statement
execute function private.tg_broadcast('callback_changed');
create trigger _900_audit_insert after insert on public.callbacks
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.callbacks
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.callbacks
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0325_end_callback.sql
-- A promised call ends: done, called off, or moved to another moment. By whom it was promised to,
-- by anybody if nobody is named, and by a supervisor. A second click on the same end is no error.
create function private.lock_callback(callback_id uuid) returns public.callbacks
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_promised public.callbacks;
begin
    select * into v_promised
    from public.callbacks as promised
    where promised.id = lock_callback.callback_id and promised.tenant_id = v_tenant_id
    for update;
    if not found then
        raise exception 'callback_not_found' using errcode = 'PT404',
            detail = 'no callback with this id in the tenant';
    end if;
    if v_promised.operator_id <> auth.uid() and not private.has_role('supervisor') then
        raise exception 'callback_of_another' using errcode = 'PT403',
            detail = 'its operator or a supervisor';
    end if;
    return v_promised;
end;
$$;

create function private.end_callback(callback_id uuid, status public.callback_status) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_promised public.callbacks := private.lock_callback(callback_id);
begin
    if v_promised.status = end_callback.status then
        return;
    end if;
    if v_promised.status <> 'scheduled' then
        raise exception 'callback_ended' using errcode = 'PT409',
            detail = 'this one is ' || v_promised.status;
    end if;
    update public.callbacks
    set status = end_callback.status, ended_at = private.now(), ended_by = auth.uid()
    where callbacks.id = v_promised.id;
end;
$$;

create function private.reschedule_callback(callback_id uuid, due_at timestamptz) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_promised public.callbacks := private.lock_callback(callback_id);
    v_contact record;
begin
    if v_promised.status <> 'scheduled' then
        raise exception 'callback_ended' using errcode = 'PT409',
            detail = 'this one is ' || v_promised.status;
    end if;
    if due_at is null or due_at <= private.now() then
        raise exception 'callback_in_past' using errcode = 'PT400',
            detail = 'due_at must lie in the future';
    end if;
    select * into v_contact
    from private.contact_decision(v_promised.tenant_id, v_promised.client_id, 'call', due_at);
    if v_contact.reason = 'outside_hours' then
        raise exception 'outside_hours' using errcode = 'PT409',
            detail = to_json(v_contact.next_allowed_at) #>> '{}';
    end if;
    update public.callbacks
    set due_at = reschedule_callback.due_at
    where callbacks.id = v_promised.id;
end;
$$;

create function public.complete_callback(callback_id uuid) returns void
language sql
set search_path = ''
as $$ select private.end_callback(callback_id, 'done') $$;
comment on function public.complete_callback(uuid) is
'The promised call was made. Errors: callback_not_found, callback_of_another, callback_ended.';

create function public.cancel_callback(callback_id uuid) returns void
language sql
set search_path = ''
as $$ select private.end_callback(callback_id, 'cancelled') $$;
comment on function public.cancel_callback(uuid) is
'Nobody will call. Errors: callback_not_found, callback_of_another, callback_ended.';

create function public.reschedule_callback(callback_id uuid, due_at timestamptz) returns void
language sql
set search_path = ''
as $$ select private.reschedule_callback(callback_id, due_at) $$;
comment on function public.reschedule_callback(uuid, timestamptz) is
'Errors: callback_not_found, callback_of_another, callback_ended, callback_in_past, outside_hours
(detail: the next lawful instant).';

grant execute on function
private.end_callback(uuid, public.callback_status),
private.reschedule_callback(uuid, timestamptz),
public.complete_callback(uuid), public.cancel_callback(uuid),
public.reschedule_callback(uuid, timestamptz)
to authenticated;

-- 0400_message_templates.sql
-- An approved text of a provider. `body` mirrors what the provider holds, with {{1}}, {{2}}…;
-- `variables` names the field that fills each, from a closed list that SQL knows how to render.
create table public.message_templates (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    name text not null,
    channel public.channel not null default 'whatsapp',
    provider public.provider_name not null default 'gupshup',
    provider_template_id text not null,
    language text not null default 'pt_BR',
    category text not null default 'utility',
    body text not null,
    variables text[] not null default '{}',
    status public.template_status not null default 'approved',
    created_at timestamptz not null default private.now(),
    constraint message_templates_pkey primary key (id),
    constraint message_templates_tenant_id_key unique (tenant_id, id),
    constraint message_templates_name_is_unique unique (tenant_id, name),
    constraint message_templates_tenant_fkey foreign key (tenant_id)
    references public.tenants (id),
    constraint message_templates_name_is_filled check (btrim(name) <> ''),
    constraint message_templates_body_is_filled check (btrim(body) <> ''),
    constraint message_templates_variables_are_known check (
        variables <@ array[
            'client.name', 'client.first_name', 'client.open_total', 'client.open_debts',
            'client.oldest_due_on', 'creditor.name', 'tenant.name',
            -- Of one charge: only a message that brings it can fill these (0693).
            'charge.amount', 'charge.due_on', 'charge.link', 'charge.pix_code',
            'charge.digitable_line'
        ]
    )
);
comment on table public.message_templates is 'Message texts approved by a provider.';

alter table public.message_templates enable row level security;
alter table public.message_templates force row level security;

create policy message_templates_select_member on public.message_templates
for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy message_templates_insert_admin on public.message_templates
for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

create policy message_templates_update_admin on public.message_templates
for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

-- No delete: messages point here; `paused` retires a template.
grant select on public.message_templates to authenticated;
grant insert (
    id, tenant_id, name, channel, provider, provider_template_id, language, category, body,
    variables, status
) on public.message_templates to authenticated;
grant update (name, provider_template_id, language, category, body, variables, status)
on public.message_templates to authenticated;

create trigger _900_audit_insert after insert on public.message_templates
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.message_templates
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.message_templates
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0410_integrations.sql
-- A provider connected by a tenant. Secrets lie in the Vault as `integration:<id>:<field>` and
-- never come out to a browser; the row shows only the last four characters of the key.
create table public.integrations (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    provider public.provider_name not null,
    -- What is not secret: app name, source number.
    settings jsonb not null default '{}',
    secret_hint text,
    -- SHA-256 of the key in our webhook's address: routes a call to its tenant, opens nothing else.
    webhook_key_hash text,
    is_active boolean not null default true,
    last_event_at timestamptz,
    -- Since when, and in the provider's words why, every message fails: key, app, number or wallet.
    failing_since timestamptz,
    failure_detail text,
    -- The provider's rate limit is the account's, so every message of it waits.
    paused_until timestamptz,
    created_at timestamptz not null default private.now(),
    updated_at timestamptz not null default private.now(),
    constraint integrations_pkey primary key (id),
    constraint integrations_tenant_id_key unique (tenant_id, id),
    constraint integrations_one_per_provider unique (tenant_id, provider),
    constraint integrations_webhook_key_is_unique unique (webhook_key_hash),
    constraint integrations_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint integrations_settings_is_object check (jsonb_typeof(settings) = 'object')
);
comment on table public.integrations is 'Connected providers; secrets are in the Vault.';

alter table public.integrations enable row level security;
alter table public.integrations force row level security;

create policy integrations_select_supervisor on public.integrations for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

create policy integrations_update_admin on public.integrations for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

-- `webhook_key_hash` is nobody's to read. Everything but the switch goes through
-- `save_integration`, so that a row and its secrets change together.
grant select (
    id, tenant_id, provider, settings, secret_hint, is_active, last_event_at, failing_since,
    failure_detail, paused_until, created_at, updated_at
) on public.integrations to authenticated;
grant update (is_active) on public.integrations to authenticated;

create trigger _100_touch_updated_at before update on public.integrations
for each row execute function private.tg_touch_updated_at();

create trigger _900_audit_insert after insert on public.integrations
referencing new table as new_rows for each statement
execute function private.tg_audit('last_event_at', 'paused_until');
create trigger _900_audit_update after update on public.integrations
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit('last_event_at', 'paused_until');
create trigger _900_audit_delete after delete on public.integrations
referencing old table as old_rows for each statement
execute function private.tg_audit('last_event_at', 'paused_until');

-- 0415_save_integration.sql
-- Connecting a provider is filling a form: settings in the row, secrets in the Vault. What a
-- provider needs is a table, so that a new provider is rows and not branches.
create table private.integration_fields (
    provider public.provider_name not null,
    field text not null,
    is_secret boolean not null,
    is_required boolean not null default true,
    -- A setting must match all of it; urls a tenant can type are thus held to the provider's hosts.
    pattern text not null,
    constraint integration_fields_pkey primary key (provider, field)
);
comment on table private.integration_fields is 'Which settings and secrets a provider takes.';

alter table private.integration_fields enable row level security;
alter table private.integration_fields force row level security;

insert into private.integration_fields (provider, field, is_secret, is_required, pattern)
values
('gupshup', 'app_name', false, true, '^[A-Za-z0-9 _-]{1,100}$'),
('gupshup', 'source', false, true, '^[0-9]{10,15}$'),
('gupshup', 'api_key', true, true, '^\S{8,200}$');

create function private.put_secret(name text, value text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_id uuid;
begin
    select secrets.id into v_id from vault.secrets where secrets.name = put_secret.name;
    if found then
        perform vault.update_secret(v_id, value);
    else
        perform vault.create_secret(value, name);
    end if;
end;
$$;

create function private.save_integration(
    provider public.provider_name, settings jsonb, secrets jsonb
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_integration_id uuid;
    v_is_new boolean;
    v_webhook_key text;
    v_wrong text;
begin
    settings := coalesce(settings, '{}');
    secrets := coalesce(secrets, '{}');
    select integrations.id into v_integration_id
    from public.integrations
    where integrations.tenant_id = v_tenant_id
      and integrations.provider = save_integration.provider
    for update;
    v_is_new := not found;

    -- Unknown, malformed, or missing; a saved secret may be left out to keep it.
    select given.key into v_wrong
    from (
        select key, value, false as is_secret from jsonb_each(settings)
        union all
        select key, value, true from jsonb_each(secrets)
    ) as given
    left join private.integration_fields as known
        on known.provider = save_integration.provider and known.field = given.key
        and known.is_secret = given.is_secret
    where known.field is null or jsonb_typeof(given.value) <> 'string'
       or given.value #>> '{}' !~ known.pattern
    limit 1;
    if v_wrong is null then
        select known.field into v_wrong
        from private.integration_fields as known
        where known.provider = save_integration.provider and known.is_required
          and not (case when known.is_secret then secrets else settings end) ? known.field
          and (v_is_new or not known.is_secret)
        limit 1;
    end if;
    -- No fields: a provider we have no adapter for, whose messages would stop the worker.
    if not exists (
        select from private.integration_fields as known
        where known.provider = save_integration.provider
    ) then
        v_wrong := 'provider';
    end if;
    if v_wrong is not null then
        raise exception 'integration_field_invalid' using errcode = 'PT400', detail = v_wrong;
    end if;

    if v_is_new then
        v_webhook_key := encode(extensions.gen_random_bytes(24), 'hex');
        insert into public.integrations (tenant_id, provider, settings, webhook_key_hash)
        values (
            v_tenant_id, save_integration.provider, save_integration.settings,
            private.webhook_key_hash(v_webhook_key)
        )
        returning id into v_integration_id;
    else
        -- Whatever was wrong with it may be mended now.
        update public.integrations
        set settings = save_integration.settings, failing_since = null, failure_detail = null,
            paused_until = null
        where integrations.id = v_integration_id;
    end if;

    perform private.put_secret(format('integration:%s:%s', v_integration_id, key), value)
    from jsonb_each_text(secrets);
    -- Four characters tell two keys apart and open nothing.
    update public.integrations
    set secret_hint = right((select min(value) from jsonb_each_text(secrets)), 4)
    where integrations.id = v_integration_id and secrets <> '{}';

    return jsonb_build_object(
        'integration_id', v_integration_id,
        'secret_hint', (
            select integrations.secret_hint from public.integrations
            where integrations.id = v_integration_id
        ),
        'webhook_key', v_webhook_key
    );
end;
$$;

create function private.webhook_key_hash(webhook_key text) returns text
language sql
immutable
strict
set search_path = ''
as $$
    select pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(webhook_key, 'UTF8')), 'hex')
$$;

-- For workers only, one field at a time, at the moment of the call.
create function private.integration_secret(integration_id uuid, field text) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select decrypted_secrets.decrypted_secret
    from vault.decrypted_secrets
    where decrypted_secrets.name = pg_catalog.format('integration:%s:%s', integration_id, field)
$$;
grant execute on function private.integration_secret(uuid, text) to worker;

create function public.save_integration(
    provider public.provider_name, settings jsonb, secrets jsonb default '{}'
) returns jsonb
language sql
set search_path = ''
as $$ select private.save_integration(provider, settings, secrets) $$;
comment on function public.save_integration(public.provider_name, jsonb, jsonb) is
'Admin only. {integration_id, secret_hint, webhook_key}; webhook_key is shown once, null on later
saves. Saved secrets may be left out to keep them.';

grant execute on function
private.save_integration(public.provider_name, jsonb, jsonb),
public.save_integration(public.provider_name, jsonb, jsonb)
to authenticated;

-- 0420_collection_rules.sql
-- If a call ends like this, do that. One row links a disposition type to an action.
create type public.rule_action as enum ('send_template');

create table public.collection_rules (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    name text not null,
    disposition_type text not null,
    action public.rule_action not null default 'send_template',
    template_id uuid not null,
    is_enabled boolean not null default true,
    created_at timestamptz not null default private.now(),
    constraint collection_rules_pkey primary key (id),
    constraint collection_rules_tenant_id_key unique (tenant_id, id),
    constraint collection_rules_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint collection_rules_type_fkey foreign key (tenant_id, disposition_type)
    references public.disposition_types (tenant_id, key),
    constraint collection_rules_template_fkey foreign key (tenant_id, template_id)
    references public.message_templates (tenant_id, id),
    constraint collection_rules_name_is_filled check (btrim(name) <> '')
);
comment on table public.collection_rules is 'What follows a disposition automatically.';

-- Read by the trigger of every disposition.
create index collection_rules_by_type
on public.collection_rules (tenant_id, disposition_type, is_enabled);
create index collection_rules_of_template on public.collection_rules (tenant_id, template_id);

alter table public.collection_rules enable row level security;
alter table public.collection_rules force row level security;

create policy collection_rules_select_member on public.collection_rules
for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy collection_rules_insert_admin on public.collection_rules
for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

create policy collection_rules_update_admin on public.collection_rules
for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

-- No delete: runs point here; `is_enabled` switches a rule off.
grant select on public.collection_rules to authenticated;
grant insert (id, tenant_id, name, disposition_type, action, template_id, is_enabled)
on public.collection_rules to authenticated;
grant update (name, disposition_type, template_id, is_enabled) on public.collection_rules
to authenticated;

create trigger _900_audit_insert after insert on public.collection_rules
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.collection_rules
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.collection_rules
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0430_automation_runs.sql
-- One rule applied to one disposition: queued → running → done | skipped | failed. The queue
-- message commits with the disposition and names the rules that were on; the first reader of the
-- message opens the runs, so that an operator's insert pays for one queue row and no more.
-- `reason` is a code the page translates.
create table public.automation_runs (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    rule_id uuid not null,
    disposition_id uuid not null,
    client_id uuid not null,
    status public.run_status not null default 'queued',
    reason text,
    -- Grows with every try that may send; the fence of `begin_sending` and `settle_message`.
    attempt int not null default 0,
    -- Tries the provider answered with an error of its own; a 429 is not one.
    failures smallint not null default 0,
    next_attempt_at timestamptz,
    lease_until timestamptz,
    -- The one live queue message; any other that names this run is stale.
    queue_msg_id bigint not null,
    -- Which call of `claim_automation_runs` holds the run.
    claim_id uuid,
    created_at timestamptz not null default private.now(),
    -- Set when a person said "again": age counts from then.
    retried_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    constraint automation_runs_pkey primary key (id),
    constraint automation_runs_tenant_id_key unique (tenant_id, id),
    -- A trigger fired twice still makes one run.
    constraint automation_runs_one_per_disposition unique (rule_id, disposition_id),
    constraint automation_runs_rule_fkey foreign key (tenant_id, rule_id)
    references public.collection_rules (tenant_id, id),
    constraint automation_runs_disposition_fkey foreign key (tenant_id, disposition_id)
    references public.call_dispositions (tenant_id, id),
    constraint automation_runs_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint automation_runs_reason_is_code check (reason ~ '^[a-z_]+$'),
    constraint automation_runs_ends_with_time check (
        (finished_at is not null) = (status in ('done', 'skipped', 'failed'))
    )
);
comment on table public.automation_runs is 'Rules at work, and why they did or did not act.';

create index automation_runs_of_client
on public.automation_runs (tenant_id, client_id, created_at desc, id desc);
create index automation_runs_of_rule on public.automation_runs (tenant_id, rule_id);
create index automation_runs_of_disposition
on public.automation_runs (tenant_id, disposition_id);
create unique index automation_runs_by_queue_message on public.automation_runs (queue_msg_id);
create index automation_runs_of_claim on public.automation_runs (claim_id)
where status = 'running';
create index automation_runs_failed on public.automation_runs (tenant_id, finished_at desc)
where status = 'failed';

alter table public.automation_runs enable row level security;
alter table public.automation_runs force row level security;

create policy automation_runs_select_member on public.automation_runs
for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by triggers and jobs; people re-run through `retry_automation_run`. Not audited: the row
-- and its messages are the record.
grant select on public.automation_runs to authenticated;

-- Enqueues in the disposition's own transaction. `pgmq.send` would pay dynamic SQL on each call
-- (1.5 × the insert); the direct insert is held to pgmq's layout by a test.
create function private.tg_call_dispositions__run_rules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into pgmq.q_automations (vt, message)
    select clock_timestamp(), jsonb_build_object(
        'disposition_id', matched.disposition_id, 'rule_ids', matched.rule_ids
    )
    from (
        select new_rows.id as disposition_id, array_agg(collection_rules.id) as rule_ids
        from new_rows
        join public.collection_rules
            on collection_rules.tenant_id = new_rows.tenant_id
            and collection_rules.disposition_type = new_rows.disposition_type
            and collection_rules.is_enabled
        group by new_rows.id
    ) as matched;
    if found then
        perform private.wake_function('run-automations');
    end if;
    return null;
end;
$$;

create trigger _300_run_rules after insert on public.call_dispositions
referencing new table as new_rows for each statement
execute function private.tg_call_dispositions__run_rules();

create trigger _500_broadcast_insert after insert on public.automation_runs
referencing new table as new_rows for each statement
execute function private.tg_broadcast('automation_changed');
create trigger _500_broadcast_update after update on public.automation_runs
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_broadcast_status('automation_changed');

-- 0440_message_logs.sql
-- Every message, in and out, and how far it came. Statuses are moved only by `begin_sending`,
-- `settle_message` and `advance_message`; a late or repeated event never takes one back.
create table public.message_logs (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    -- Null: an inbound message from a number nobody owns.
    client_id uuid,
    direction public.message_direction not null,
    channel public.channel not null default 'whatsapp',
    provider public.provider_name not null,
    integration_id uuid,
    phone text collate "C" not null,
    template_id uuid,
    body text not null default '',
    params text[] not null default '{}',
    status public.message_status not null,
    -- Fence: who settles must name the attempt that began sending.
    attempt int not null default 0,
    provider_message_id text collate "C",
    wamid text collate "C",
    -- One word of the failure vocabulary; `error_detail` is the provider's own sentence.
    error_code text,
    error_detail text,
    automation_run_id uuid,
    -- A person re-ran the automation: this older message keeps its run here, the new one there.
    retried_run_id uuid,
    -- What a person sends is carried by itself (0690) and not by a run: its queue message, lease,
    -- pauses and failures.
    queue_msg_id bigint,
    lease_until timestamptz,
    next_attempt_at timestamptz,
    failures smallint not null default 0,
    -- The boleto, Pix or card link it brings: sent only while that can be paid.
    charge_id uuid,
    created_by uuid,
    created_at timestamptz not null default private.now(),
    sending_at timestamptz,
    submitted_at timestamptz,
    sent_at timestamptz,
    delivered_at timestamptz,
    read_at timestamptz,
    failed_at timestamptz,
    constraint message_logs_pkey primary key (id),
    constraint message_logs_tenant_id_key unique (tenant_id, id),
    -- One effect per run, whatever happens to workers.
    constraint message_logs_one_per_run unique (automation_run_id),
    constraint message_logs_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint message_logs_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint message_logs_integration_fkey foreign key (tenant_id, integration_id)
    references public.integrations (tenant_id, id),
    constraint message_logs_template_fkey foreign key (tenant_id, template_id)
    references public.message_templates (tenant_id, id),
    constraint message_logs_run_fkey foreign key (tenant_id, automation_run_id)
    references public.automation_runs (tenant_id, id),
    constraint message_logs_retried_run_fkey foreign key (tenant_id, retried_run_id)
    references public.automation_runs (tenant_id, id),
    constraint message_logs_created_by_fkey foreign key (created_by) references auth.users (id),
    constraint message_logs_phone_is_e164 check (phone ~ '^\+[1-9][0-9]{7,14}$'),
    constraint message_logs_are_carried_once check (
        queue_msg_id is null or automation_run_id is null
    ),
    constraint message_logs_received_is_inbound check (
        (status = 'received') = (direction = 'in')
    )
);
comment on table public.message_logs is 'Messages in and out, with the provider''s receipts.';

create index message_logs_of_client
on public.message_logs (tenant_id, client_id, created_at desc, id desc);
-- Serve the receipts: by the provider's id, by WhatsApp's, and by number while the id is unknown.
create unique index message_logs_by_provider_id
on public.message_logs (integration_id, provider_message_id)
where provider_message_id is not null;
create unique index message_logs_by_wamid
on public.message_logs (integration_id, wamid) where wamid is not null;
create index message_logs_awaiting_id
on public.message_logs (integration_id, private.phone_match(phone))
where provider_message_id is null and direction = 'out';
create index message_logs_of_integration on public.message_logs (tenant_id, integration_id);
create index message_logs_of_template on public.message_logs (tenant_id, template_id);
create index message_logs_of_run on public.message_logs (tenant_id, automation_run_id);
create index message_logs_of_retried_run on public.message_logs (tenant_id, retried_run_id)
where retried_run_id is not null;
create index message_logs_of_author on public.message_logs (created_by)
where created_by is not null;

alter table public.message_logs enable row level security;
alter table public.message_logs force row level security;

create policy message_logs_select_member on public.message_logs for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by jobs only. Not audited: the row carries the time of every step.
grant select on public.message_logs to authenticated;

create trigger _500_broadcast_insert after insert on public.message_logs
referencing new table as new_rows for each statement
execute function private.tg_broadcast('message_changed');
create trigger _500_broadcast_update after update on public.message_logs
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_broadcast_status('message_changed');

-- 0446_import_chunks.sql
-- What an import will write, decided once and kept until it is written: a crash at any point leaves
-- it to be continued by anybody, without the file. One row per import, and its people in chunks by
-- document, so that nobody is ever half written; a chunk goes in the transaction that writes it.
--
-- Logged, not unlogged: an unlogged table is emptied by a crash of Postgres, and an import that
-- stopped half-way would have to be taken back and sent again. The price could not be measured: of
-- 50,000 rows, reading, planning and keeping took as long either way (docs/performance.md).

-- One person as the file says it; stored fields that the file leaves empty stay.
create type private.planned_client as (
    client_id uuid,
    is_new boolean,
    is_changed boolean,
    document text,
    name text,
    email text,
    uf text,
    external_id text,
    extra jsonb,
    -- Numbers the person does not have yet, in the file's order.
    phones text [],
    -- Of a new person: what the triggers on debts would come to.
    open_cents bigint,
    open_debts int,
    oldest_due_on date,
    creditor_ids uuid []
);
create type private.planned_debt as (
    -- new, changed, or returned (absent from the file).
    action text,
    debt_id uuid,
    client_id uuid,
    creditor_id uuid,
    contract text,
    installment int,
    due_on date,
    principal_cents bigint
);

create table private.import_plans (
    import_id uuid not null,
    tenant_id uuid not null,
    -- The transaction that is writing for it at this moment.
    writer xid8,
    -- A dry run, taken back at its end: people watch nothing of it but its progress.
    is_rehearsal boolean not null,
    -- How often a transaction was begun for the next chunk: one that can never be written would
    -- otherwise be tried for ever. Committed before the try.
    attempts int not null default 0,
    -- New ones, made with the first chunk: [{"id", "name"}].
    creditors jsonb not null,
    -- Whose file it is, if the caller said; to be known at the end also when it is new now.
    creditor text,
    -- What a person said about the columns, saved when all went well.
    mapping jsonb not null,
    header text[] not null,
    header_key text,
    -- What reading it found; lines of the file.
    rows int not null,
    accepted int not null,
    rejected int not null,
    duplicates int not null,
    reject_reasons jsonb not null,
    warnings jsonb not null,
    debts_absent int not null,
    -- What the chunks have written so far. A line that changes nothing is written from the start.
    rows_written int not null,
    creditors_created int not null default 0,
    clients_created int not null default 0,
    clients_updated int not null default 0,
    debts_created int not null default 0,
    debts_updated int not null default 0,
    debts_returned int not null default 0,
    -- For the rate: when the writing began or went on, and what was written by then.
    begun_at timestamptz,
    begun_rows int not null default 0,
    constraint import_plans_pkey primary key (import_id),
    constraint import_plans_tenant_id_key unique (tenant_id, import_id),
    constraint import_plans_import_fkey foreign key (tenant_id, import_id)
    references public.imports (tenant_id, id) on delete cascade
);
comment on table private.import_plans is 'Imports that are not finished, and what they came to.';

alter table private.import_plans enable row level security;
alter table private.import_plans force row level security;

create table private.import_chunks (
    import_id uuid not null,
    tenant_id uuid not null,
    -- The order in which they are written.
    place int not null,
    -- Lines of the file in it.
    rows int not null,
    clients private.planned_client[] not null,
    debts private.planned_debt[] not null,
    constraint import_chunks_pkey primary key (import_id, place),
    constraint import_chunks_plan_fkey foreign key (tenant_id, import_id)
    references private.import_plans (tenant_id, import_id) on delete cascade
);
comment on table private.import_chunks is 'People and debts that wait to be written, by document.';
create index import_chunks_of_tenant on private.import_chunks (tenant_id, import_id);
-- Read once and soon: compressing them costs more than the bytes.
alter table private.import_chunks alter column clients set storage external;
alter table private.import_chunks alter column debts set storage external;

alter table private.import_chunks enable row level security;
alter table private.import_chunks force row level security;

-- 0447_import_staging.sql
-- Where the rows of one file wait to be judged: temporary, made by the owner and not by the caller,
-- so that the definer functions never read a table (or a view) of somebody else's making. The
-- caller may only COPY into it. The import's own row is made here too, unless it was announced
-- beforehand (0886) for people to watch.

-- Two imports of one tenant queue up: each sees what the one before it wrote.
create function private.import_turn(tenant_id uuid) returns bigint
language sql
immutable
set search_path = ''
as $$
    select hashtextextended('import_portfolio:' || tenant_id, 0)
$$;

-- Held until the transaction ends. What an earlier import left unfinished comes first: its id, or
-- null when the turn is the caller's.
create function private.await_import_turn() returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
begin
    perform pg_advisory_xact_lock(private.import_turn(v_tenant));
    return private.unfinished_import(v_tenant);
end;
$$;

create function private.unfinished_import(tenant_id uuid) returns uuid
language sql
stable
security definer
set search_path = ''
as $$
    select plan.import_id
    from private.import_plans as plan
    where plan.tenant_id = unfinished_import.tenant_id
    limit 1
$$;
grant execute on function private.await_import_turn() to authenticated;

create function private.open_import(
    file_name text, file_sha256 text, creditor text, announced uuid default null,
    source text default 'csv'
)
returns table (import_id uuid, creditor_id uuid, creditor_name text)
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_creditor public.creditors;
begin
    if private.unfinished_import(v_tenant) is not null then
        raise exception 'import_unfinished' using errcode = 'PT409',
            detail = 'another import of this tenant is to be continued or cancelled first';
    end if;
    -- The creditor by id or by name; a name may be new, an id must be one of the tenant's.
    select * into v_creditor from public.creditors
    where creditors.tenant_id = v_tenant
      and (creditors.id::text = lower(open_import.creditor)
           or creditors.name_key = private.search_key(open_import.creditor));
    if v_creditor.id is null and (
        open_import.creditor ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        or open_import.creditor is not null and not private.has_role('admin')
    ) then
        raise exception 'creditor_not_found' using errcode = 'PT404',
            detail = 'the creditor is not one of this tenant; an admin''s import creates it by name';
    end if;

    create temp table import_rows (
        line int not null,
        -- Why the row cannot be taken; null for an accepted one.
        reason text,
        column_name text,
        value text,
        document text collate "C",
        name text,
        email text,
        uf text,
        external_id text,
        creditor text,
        contract text collate "C",
        installment int,
        due_on date,
        principal_cents bigint,
        phones text [] not null,
        phones_lost int not null,
        names_lost int not null,
        emails_lost int not null,
        -- Columns that are none of ours, by the file's own names.
        extra jsonb
    ) on commit drop;
    grant insert on pg_temp.import_rows to authenticated;

    if announced is null then
        insert into public.imports
            (tenant_id, creditor_id, file_name, file_sha256, source, created_by)
        values (v_tenant, v_creditor.id, open_import.file_name, open_import.file_sha256,
            open_import.source, auth.uid())
        returning id into import_id;
    else
        select imports.id into import_id from public.imports
        where imports.id = announced and imports.tenant_id = v_tenant
          and imports.created_by = auth.uid() and imports.status in ('queued', 'running');
        if import_id is null then
            raise exception 'import_cancelled' using errcode = 'PT409',
                detail = 'cancelled while it waited for another import';
        end if;
    end if;
    creditor_id := v_creditor.id;
    creditor_name := coalesce(v_creditor.name, open_import.creditor);
    return next;
end;
$$;
comment on function private.open_import(text, text, text, uuid, text) is
'Supervisor or admin, whose turn it is (private.await_import_turn): makes the staging table
pg_temp.import_rows; announced = the committed row of imports, or null to make one here.';
grant execute on function private.open_import(text, text, text, uuid, text) to authenticated;

-- Reading a staging table of the caller's own making would lend the caller our rights: only
-- private.open_import makes one that is the owner's, and it ends with the transaction. Meanwhile a
-- person may have cancelled.
create function private.require_open_import(import_id uuid) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_import public.imports;
begin
    select * into v_import from public.imports
    where imports.id = require_open_import.import_id and imports.tenant_id = v_tenant;
    if v_import.id is null or not exists (
        select from pg_catalog.pg_class
        where pg_class.oid = pg_catalog.to_regclass('pg_temp.import_rows')
          and pg_class.relowner = current_user::regrole
    ) then
        raise exception 'import_not_open' using errcode = 'PT409',
            detail = 'call private.open_import in the same transaction first';
    elsif v_import.cancel_requested_at is not null
        or v_import.status not in ('queued', 'running')
    then
        raise exception 'import_cancelled' using errcode = 'PT409',
            detail = 'nothing of it was written';
    end if;
    return v_tenant;
end;
$$;

-- 0448_import_plan.sql
-- What a file means for what is stored, before anything is written: temporary tables that say for
-- every creditor, debt, client and phone whether it is new or another. What is to be written is
-- then kept in chunks (0449). Rows that only the whole file or the stored portfolio can judge are
-- refused here, as the reader refuses cells.
create function private.plan_import(tenant_id uuid, headers jsonb) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_few_rows constant int := 1000;  -- as many index look-ups cost 10 ms
begin
    -- A join in nested loops is right for a few rows and ruinous for many, and the planner cannot
    -- tell: a tenant that is new has no statistics yet.
    perform set_config(
        'enable_nestloop',
        case when (select count(*) from pg_temp.import_rows) > c_few_rows then 'off' else 'on' end,
        true
    );
    analyze pg_temp.import_rows;

    -- Spellings of one creditor are one creditor ("Telefônica Ipê", "TELEFONICA IPE").
    create temp table import_creditors on commit drop as
    with written as (
        select import_rows.creditor, private.search_key(import_rows.creditor) as name_key
        from pg_temp.import_rows
        where import_rows.reason is null
        group by import_rows.creditor
    ),
    keyed as materialized (  -- one new id a key, however often it is looked at
        select written.name_key, gen_random_uuid() as new_id
        from written
        group by written.name_key
    )
    select written.creditor, coalesce(creditors.id, keyed.new_id) as creditor_id,
        creditors.id is null as is_new
    from written
    join keyed using (name_key)
    left join public.creditors
        on creditors.tenant_id = plan_import.tenant_id and creditors.name_key = written.name_key;

    -- One row per natural key; a repeated line counts in `lines`.
    create temp table import_debts on commit drop as
    with keyed as (
        select import_creditors.creditor_id, import_rows.contract, import_rows.installment,
            count(*)::int as lines,
            min(import_rows.document) as document, max(import_rows.document) as other_document,
            min(import_rows.due_on) as due_on, max(import_rows.due_on) as other_due_on,
            min(import_rows.principal_cents) as principal_cents,
            max(import_rows.principal_cents) as other_cents
        from pg_temp.import_rows
        join pg_temp.import_creditors using (creditor)
        where import_rows.reason is null
        group by import_creditors.creditor_id, import_rows.contract, import_rows.installment
    )
    select keyed.*, debts.id as debt_id,
        debts.status = 'open'
        and (debts.due_on, debts.principal_cents) <> (keyed.due_on, keyed.principal_cents)
        -- Priced into an agreement that has yet to see its first payment.
        and not exists (
            select from public.agreement_debts as held
            where held.tenant_id = debts.tenant_id and held.debt_id = debts.id and held.is_live
        ) as is_changed,
        case
            -- Two lines for one debt that disagree: nobody can tell which of them is owed.
            when keyed.document <> keyed.other_document then 'document'
            when keyed.due_on <> keyed.other_due_on then 'due_on'
            when keyed.principal_cents <> keyed.other_cents then 'principal'
            -- A contract that moves to another person may be a mended mistake or a new one, and
            -- the first person's history hangs on it: a person decides.
            when debts.id is not null and keyed.document <> (
                select clients.document from public.clients where clients.id = debts.client_id
            ) then 'owner'
            -- Has the creditor taken the payment off the value already, or not? Guessed wrong, it
            -- is taken off twice: a person decides.
            when debts.status = 'open' and debts.abated_cents > 0
                and keyed.principal_cents <> debts.principal_cents then 'paid'
        end as differs_in
    from keyed
    left join public.debts
        on debts.tenant_id = plan_import.tenant_id
        and debts.creditor_id = keyed.creditor_id
        and debts.contract = keyed.contract
        and debts.installment = keyed.installment;

    perform private.refuse_import_debts(headers);

    -- One row per person. A line later in the file knows better; a name in mixed case is preferred
    -- to one in capitals. What the file leaves empty stays as stored.
    create temp table import_clients on commit drop as
    with people as (
        select import_rows.document,
            coalesce(
                (array_agg(import_rows.name order by import_rows.line desc)
                 filter (where import_rows.name <> upper(import_rows.name)))[1],
                (array_agg(import_rows.name order by import_rows.line desc)
                 filter (where import_rows.name is not null))[1]
            ) as name,
            (array_agg(import_rows.email order by import_rows.line desc)
             filter (where import_rows.email is not null))[1] as email,
            (array_agg(import_rows.uf order by import_rows.line desc)
             filter (where import_rows.uf is not null))[1] as uf,
            (array_agg(import_rows.external_id order by import_rows.line desc)
             filter (where import_rows.external_id is not null))[1] as external_id,
            bool_or(cardinality(import_rows.phones) > 0) as has_phone,
            count(*)::int as lines
        from pg_temp.import_rows
        where import_rows.reason is null
        group by import_rows.document
    ),
    extras as (
        -- Of a repeated column the later line counts.
        select import_rows.document, jsonb_object_agg(pair.key, pair.value order by import_rows.line)
            as extra
        from pg_temp.import_rows
        cross join jsonb_each(import_rows.extra) as pair (key, value)
        where import_rows.reason is null and import_rows.extra is not null
          and pair.value <> 'null'
        group by import_rows.document
    )
    select people.*, extras.extra, coalesce(clients.id, gen_random_uuid()) as client_id,
        clients.id is null as is_new, coalesce(people.name, clients.name) is null as is_nameless,
        clients.id is not null
        and (merged.name, merged.email, merged.uf, merged.external_id, merged.extra)
            is distinct from (clients.name, clients.email, clients.uf, clients.external_id,
                clients.extra)
            as is_changed
    from people
    left join extras using (document)
    left join public.clients
        on clients.tenant_id = plan_import.tenant_id and clients.document = people.document
    cross join lateral (
        -- As private.write_chunk_people merges them when their turn comes.
        select
            case
                when lower(people.name) = lower(clients.name) then clients.name
                else coalesce(people.name, clients.name)
            end as name,
            coalesce(people.email, clients.email) as email,
            coalesce(people.uf, clients.uf) as uf,
            coalesce(people.external_id, clients.external_id) as external_id,
            coalesce(clients.extra, '{}') || coalesce(extras.extra, '{}') as extra
    ) as merged;

    -- A debt of somebody whose name neither the file nor the portfolio knows.
    if exists (select from pg_temp.import_clients where import_clients.is_nameless) then
        update pg_temp.import_rows as staged
        set reason = case when staged.value is null then 'name_missing' else 'name_invalid' end,
            column_name = headers ->> 'name'
        from pg_temp.import_clients
        where import_clients.is_nameless and staged.document = import_clients.document
          and staged.reason is null;
        delete from pg_temp.import_debts using pg_temp.import_clients
        where import_clients.is_nameless and import_debts.document = import_clients.document;
        delete from pg_temp.import_clients where import_clients.is_nameless;
    end if;
    analyze pg_temp.import_debts;
    analyze pg_temp.import_clients;
end;
$$;

-- 0449_import_steps.sql
-- Steps of the plan (0448), each with a rule of its own, and how it is kept until it is written.

-- Gives every line of a refused debt its reason, the file's own column name and the value.
create function private.refuse_import_debts(headers jsonb) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if not exists (select from pg_temp.import_debts where import_debts.differs_in is not null) then
        return;
    end if;
    update pg_temp.import_rows as staged
    set reason = case refused.differs_in
            when 'owner' then 'debt_of_another_client'
            when 'paid' then 'debt_paid_in_part'
            else 'repeated_with_difference'
        end,
        column_name = headers ->> case refused.differs_in
            when 'owner' then 'document' when 'paid' then 'principal' else refused.differs_in
        end,
        value = case
            when refused.differs_in = 'due_on' then to_char(staged.due_on, 'DD/MM/YYYY')
            when refused.differs_in in ('principal', 'paid')
                then (staged.principal_cents / 100.0)::numeric(20, 2)::text
            else staged.document
        end
    from pg_temp.import_debts as refused
    join pg_temp.import_creditors using (creditor_id)
    where refused.differs_in is not null
      and staged.reason is null
      and staged.creditor = import_creditors.creditor
      and staged.contract = refused.contract
      and staged.installment = refused.installment;
    delete from pg_temp.import_debts where import_debts.differs_in is not null;
end;
$$;

-- Only an admin's import makes creditors, and not many: an agency works for tens of them, so a
-- file with more new ones has another column under that name.
create function private.plan_import_creditors() returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_new_creditors constant int := 100;
    v_new jsonb := (
        select coalesce(jsonb_agg(
            jsonb_build_object('id', new_ones.creditor_id, 'name', new_ones.name)
            order by new_ones.name
        ), '[]')
        from (
            select import_creditors.creditor_id, min(import_creditors.creditor) as name
            from pg_temp.import_creditors
            where import_creditors.is_new
            group by import_creditors.creditor_id
        ) as new_ones
    );
begin
    if v_new <> '[]' and not private.has_role('admin') then
        raise exception 'creditor_not_found' using errcode = 'PT404',
            detail = 'unknown: ' || (
                select string_agg(listed.item ->> 'name', '; ' order by listed.item ->> 'name')
                from jsonb_array_elements(v_new) with ordinality as listed (item, place)
                where listed.place <= 5  -- enough to recognise the column
            ) || ' - an admin''s import creates new creditors';
    elsif jsonb_array_length(v_new) > c_new_creditors then
        raise exception 'too_many_new_creditors' using errcode = 'PT409', detail = format(
            '%s names; is another column taken for the creditor?', jsonb_array_length(v_new)
        );
    end if;
    return v_new;
end;
$$;

-- The numbers that are new to their person, in the file's order. Nothing is ever removed, because
-- an operator may have added one.
create function private.plan_import_phones(tenant_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    create temp table import_phones on commit drop as
    with listed as (
        select import_rows.document, numbers.phone,
            min(import_rows.line * 100::bigint + numbers.place) as place
        from pg_temp.import_rows
        cross join unnest(import_rows.phones) with ordinality as numbers (phone, place)
        where import_rows.reason is null
        group by import_rows.document, numbers.phone
    )
    select listed.document, array_agg(listed.phone order by listed.place) as phones
    from listed
    join pg_temp.import_clients using (document)
    left join public.client_phones as stored
        on stored.tenant_id = plan_import_phones.tenant_id
        and stored.client_id = import_clients.client_id
        and stored.phone = listed.phone
    where stored.id is null
    group by listed.document;
end;
$$;

-- Cuts what is to be written into chunks of about so many rows (people, phones and debts), by
-- document. Who has nothing new is in none. The import's plan must be there already.
create function private.keep_import_chunks(tenant_id uuid, import_id uuid, chunk_rows int)
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    create temp table import_titles on commit drop as
    select import_debts.document, case when import_debts.debt_id is null then 'new' else 'changed' end
        as action, import_debts.debt_id, import_clients.client_id, import_debts.creditor_id,
        import_debts.contract, import_debts.installment, import_debts.due_on,
        import_debts.principal_cents
    from pg_temp.import_debts
    join pg_temp.import_clients using (document)
    where import_debts.debt_id is null or import_debts.is_changed
    union all
    select clients.document, 'returned', debts.id, debts.client_id, debts.creditor_id,
        debts.contract, debts.installment, debts.due_on, debts.principal_cents
    from pg_temp.import_absent
    join public.debts on debts.id = import_absent.debt_id
    join public.clients on clients.id = debts.client_id
    where import_absent.is_returned;

    create temp table import_people on commit drop as
    with titles as (
        select import_titles.document, count(*)::int as titles,
            sum(import_titles.principal_cents)::bigint as open_cents,
            min(import_titles.due_on) as oldest_due_on,
            array_agg(distinct import_titles.creditor_id) as creditor_ids
        from pg_temp.import_titles
        group by import_titles.document
    )
    select document, import_clients.client_id, coalesce(import_clients.is_new, false) as is_new,
        coalesce(import_clients.is_changed, false) as is_changed, import_clients.name,
        import_clients.email, import_clients.uf, import_clients.external_id, import_clients.extra,
        coalesce(import_phones.phones, '{}') as phones, titles.open_cents,
        titles.titles as open_debts, titles.oldest_due_on, titles.creditor_ids,
        coalesce(import_clients.lines, 0) as lines,
        sum(1 + cardinality(coalesce(import_phones.phones, '{}')) + coalesce(titles.titles, 0))
            over (order by document rows unbounded preceding)::int / chunk_rows as place
    from pg_temp.import_clients
    left join pg_temp.import_phones using (document)
    full join titles using (document)
    where import_clients.is_new or import_clients.is_changed
       or import_phones.phones is not null or titles.titles is not null;
    analyze pg_temp.import_people;

    insert into private.import_chunks (import_id, tenant_id, place, rows, clients, debts)
    select keep_import_chunks.import_id, keep_import_chunks.tenant_id, people.place, people.rows,
        coalesce(people.clients, '{}'), coalesce(titles.debts, '{}')
    from (
        select import_people.place, sum(import_people.lines) as rows, array_agg(
            row(
                import_people.client_id, import_people.is_new, import_people.is_changed,
                import_people.document, import_people.name, import_people.email, import_people.uf,
                import_people.external_id, import_people.extra, import_people.phones,
                import_people.open_cents, import_people.open_debts, import_people.oldest_due_on,
                import_people.creditor_ids
            )::private.planned_client
            order by import_people.document
        ) filter (where import_people.client_id is not null) as clients
        from pg_temp.import_people
        group by import_people.place
    ) as people
    left join (
        select import_people.place, array_agg(
            row(
                import_titles.action, import_titles.debt_id, import_titles.client_id,
                import_titles.creditor_id, import_titles.contract, import_titles.installment,
                import_titles.due_on, import_titles.principal_cents
            )::private.planned_debt
            -- By key, so that indexes grow at their end.
            order by import_titles.creditor_id, import_titles.contract, import_titles.installment
        ) as debts
        from pg_temp.import_titles
        join pg_temp.import_people using (document)
        group by import_people.place
    ) as titles using (place);
    drop table pg_temp.import_titles, pg_temp.import_people;
end;
$$;

-- 0450_import_portfolio.sql
-- The file is read: what it means is planned, the rows it lost are put on record, and what is to be
-- written is kept (0446). All of it in the reader's transaction, which writes nothing else; from
-- its commit on, the file is no longer needed.
create function private.plan_portfolio(
    import_id uuid, headers jsonb, absent text, chunk_rows int, said jsonb
) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_open_import(import_id);
    v_creditors jsonb;
    v_rejected int;
begin
    -- A plan that checks foreign keys lives as long as its connection; one made while a table was
    -- nearly empty scans it for every row of a large import.
    discard plans;
    perform private.plan_import(v_tenant, headers);
    v_creditors := private.plan_import_creditors();
    perform private.plan_absent_debts(v_tenant, absent);
    perform private.plan_import_phones(v_tenant);

    insert into public.import_rejects (tenant_id, import_id, line, column_name, value, reason)
    select v_tenant, plan_portfolio.import_id, import_rows.line,
        coalesce(import_rows.column_name, ''), import_rows.value, import_rows.reason
    from pg_temp.import_rows
    where import_rows.reason is not null
    order by import_rows.line;
    get diagnostics v_rejected = row_count;

    insert into private.import_plans (
        import_id, tenant_id, creditors, creditor, mapping, header, header_key, is_rehearsal,
        rows, accepted, rejected, duplicates, reject_reasons, warnings, debts_absent, rows_written
    )
    select plan_portfolio.import_id, v_tenant, v_creditors, said ->> 'creditor',
        said -> 'mapping', array(select jsonb_array_elements_text(said -> 'header')),
        said ->> 'header_key', (said ->> 'is_rehearsal')::boolean,
        counted.accepted + v_rejected, counted.accepted, v_rejected,
        (select coalesce(sum(import_debts.lines - 1), 0) from pg_temp.import_debts),
        (
            select coalesce(jsonb_object_agg(refused.reason, refused.lines), '{}')
            from (
                select import_rows.reason, count(*) as lines
                from pg_temp.import_rows
                where import_rows.reason is not null
                group by import_rows.reason
            ) as refused
        ),
        counted.warnings, (select count(*) from pg_temp.import_absent), 0
    from (
        select count(*)::int as accepted, jsonb_build_object(
            'name_invalid', coalesce(sum(import_rows.names_lost), 0),
            'email_invalid', coalesce(sum(import_rows.emails_lost), 0),
            'phone_invalid', coalesce(sum(import_rows.phones_lost), 0)
        ) as warnings
        from pg_temp.import_rows
        where import_rows.reason is null
    ) as counted;
    perform private.keep_import_chunks(v_tenant, import_id, chunk_rows);
    update private.import_plans as plan
    set rows_written = plan.accepted - (
        select coalesce(sum(chunk.rows), 0) from private.import_chunks as chunk
        where chunk.import_id = plan_portfolio.import_id
    )
    where plan.import_id = plan_portfolio.import_id;
    drop table pg_temp.import_rows, pg_temp.import_debts, pg_temp.import_clients,
        pg_temp.import_creditors, pg_temp.import_absent, pg_temp.import_phones;
    return v_rejected;
end;
$$;
comment on function private.plan_portfolio(uuid, jsonb, text, int, jsonb) is
'How many rows were refused. headers: field → the file''s column name; chunk_rows: rows of people,
phones and debts in a chunk; said: {creditor, mapping, header, header_key, is_rehearsal}.';
grant execute on function private.plan_portfolio(uuid, jsonb, text, int, jsonb) to authenticated;

-- What the caller of an import is told, then or later.
create function private.import_answer(v_import public.imports) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return jsonb_build_object(
        'import_id', v_import.id, 'status', v_import.status, 'rows', v_import.rows,
        'accepted', v_import.accepted, 'rejected', v_import.rejected,
        'clients_created', v_import.clients_created, 'clients_updated', v_import.clients_updated,
        'debts_created', v_import.debts_created, 'debts_updated', v_import.debts_updated,
        'debts_absent', v_import.debts_absent, 'debts_returned', v_import.debts_returned,
        'duplicates', v_import.duplicates, 'creditors_created', v_import.creditors_created,
        'reject_reasons', v_import.reject_reasons, 'warnings', v_import.warnings,
        'differences', private.list_import_differences(v_import.tenant_id, v_import.id)
    );
end;
$$;
comment on function private.import_answer(public.imports) is
'Accepted rows include the repeated ones (duplicates); accepted + rejected = rows.';

-- 0451_write_chunks.sql
-- Writes one chunk as it was planned (0446), and the undo log of it. Rows that were new when
-- planned are plain inserts. What was stored already is merged with what is stored now: between
-- plan and turn lies the time a person needs to correct an e-mail, or a crash.

-- The rows of new people; totals and reach come with them: the triggers on debts and phones
-- recompute both and find nothing to mend, which spares every new person a second write.
create function private.insert_chunk_people(chunk private.import_chunks, created_at timestamptz)
returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_created int;
begin
    insert into public.clients (
        id, tenant_id, document, name, email, uf, external_id, extra, has_phone, has_whatsapp,
        open_cents, open_debts, oldest_due_on, creditor_ids, debt_status, created_at, updated_at
    )
    select planned.client_id, chunk.tenant_id, planned.document, planned.name, planned.email,
        planned.uf, planned.external_id, coalesce(planned.extra, '{}'),
        cardinality(planned.phones) > 0, case when cardinality(planned.phones) = 0 then false end,
        planned.open_cents, planned.open_debts, planned.oldest_due_on, planned.creditor_ids,
        'open', insert_chunk_people.created_at, insert_chunk_people.created_at
    from unnest(chunk.clients) as planned
    where planned.is_new
    order by planned.document;
    get diagnostics v_created = row_count;
    return v_created;
end;
$$;

-- Somebody added one of the new people by hand since the plan: known now, like any other. Their new
-- id goes into the titles too.
create function private.recognise_chunk_people(chunk private.import_chunks)
returns private.import_chunks
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_known jsonb := (
        select coalesce(jsonb_object_agg(planned.client_id, clients.id), '{}')
        from unnest(chunk.clients) as planned
        join public.clients
            on clients.tenant_id = chunk.tenant_id and clients.document = planned.document
        where planned.is_new
    );
begin
    chunk.clients := array(
        select row(
            coalesce((v_known ->> planned.client_id::text)::uuid, planned.client_id),
            planned.is_new and not v_known ? planned.client_id::text,
            planned.is_changed or v_known ? planned.client_id::text,
            planned.document, planned.name, planned.email, planned.uf, planned.external_id,
            planned.extra, planned.phones, planned.open_cents, planned.open_debts,
            planned.oldest_due_on, planned.creditor_ids
        )::private.planned_client
        from unnest(chunk.clients) as planned
        order by planned.document
    );
    chunk.debts := array(
        select row(
            planned.action, planned.debt_id,
            coalesce((v_known ->> planned.client_id::text)::uuid, planned.client_id),
            planned.creditor_id, planned.contract, planned.installment, planned.due_on,
            planned.principal_cents
        )::private.planned_debt
        from unnest(chunk.debts) as planned
        order by planned.creditor_id, planned.contract, planned.installment
    );
    return chunk;
end;
$$;

-- The known people whose rows this chunk will write, themselves or by their titles' totals: before
-- any title, and in one order, as everything that moves their money does.
create function private.lock_chunk_people(chunk private.import_chunks) returns void
language plpgsql
security definer
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
    perform from public.clients
    where clients.id in (
        select planned.client_id from unnest(chunk.clients) as planned where planned.is_changed
        union
        select planned.client_id from unnest(chunk.debts) as planned
        where planned.action = 'new'
        union
        select debts.client_id from unnest(chunk.debts) as planned
        join public.debts on debts.id = planned.debt_id
        where planned.action <> 'new'
    )
    order by clients.id
    for no key update;
end;
$$;

-- Answers the chunk as it was written, for its debts.
create function private.write_chunk_people(
    inout chunk private.import_chunks, out created int, out updated int
)
language plpgsql
security definer
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    -- Once and not by each row's default, which reads the clock's table.
    v_now timestamptz := private.now();
begin
    perform private.lock_chunk_people(chunk);
    begin
        created := private.insert_chunk_people(chunk, v_now);
    exception when unique_violation then
        chunk := private.recognise_chunk_people(chunk);
        created := private.insert_chunk_people(chunk, v_now);
    end;
    insert into public.client_phones (tenant_id, client_id, phone, kind, position, created_at)
    select chunk.tenant_id, planned.client_id, numbers.phone, private.phone_kind_of(numbers.phone),
        numbers.place - 1, v_now
    from unnest(chunk.clients) as planned
    cross join unnest(planned.phones) with ordinality as numbers (phone, place)
    where planned.is_new
    order by planned.document;
    insert into private.import_changes (tenant_id, import_id, table_name, created_ids)
    select chunk.tenant_id, chunk.import_id, 'clients', array_agg(planned.client_id)
    from unnest(chunk.clients) as planned
    where planned.is_new
    having count(*) > 0;
    updated := private.update_chunk_people(chunk, v_now);
end;
$$;

create function private.phone_kind_of(phone text) returns public.phone_kind
language sql
immutable
set search_path = ''
as $$
    -- +55, two digits of area, and nine that begin with 9.
    select case when length(phone) = 14 then 'mobile' else 'landline' end::public.phone_kind
$$;

-- Known people: their changed fields, and their new numbers behind those already there. Answers
-- how many people it touched.
create function private.update_chunk_people(chunk private.import_chunks, at timestamptz)
returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_changed uuid[];
    v_phoned uuid[];
begin
    perform from public.clients
    where clients.id in (
        select planned.client_id from unnest(chunk.clients) as planned where planned.is_changed
    )
    order by clients.id
    for update;
    with merged as (
        select clients.id, private.jsonb_changes(became.item, was.item) as before,
            private.jsonb_changes(was.item, became.item) as after
        from unnest(chunk.clients) as planned
        join public.clients on clients.id = planned.client_id
        cross join lateral (
            select jsonb_build_object(
                'name', clients.name, 'email', clients.email, 'uf', clients.uf,
                'external_id', clients.external_id, 'extra', clients.extra
            ) as item
        ) as was
        cross join lateral (
            select jsonb_build_object(
                -- Capitals or not, the same name is no change.
                'name', case
                    when lower(planned.name) = lower(clients.name) then clients.name
                    else coalesce(planned.name, clients.name)
                end,
                'email', coalesce(planned.email, clients.email),
                'uf', coalesce(planned.uf, clients.uf),
                'external_id', coalesce(planned.external_id, clients.external_id),
                'extra', clients.extra || coalesce(planned.extra, '{}')
            ) as item
        ) as became
        where planned.is_changed
    ),
    noted as (
        insert into private.import_changes
            (tenant_id, import_id, table_name, row_id, before, after)
        select chunk.tenant_id, chunk.import_id, 'clients', merged.id, merged.before, merged.after
        from merged
        where merged.after is not null
    ),
    written as (
        update public.clients
        set name = coalesce(merged.after ->> 'name', clients.name),
            email = coalesce(merged.after ->> 'email', clients.email),
            uf = coalesce(merged.after ->> 'uf', clients.uf),
            external_id = coalesce(merged.after ->> 'external_id', clients.external_id),
            extra = coalesce(merged.after -> 'extra', clients.extra)
        from merged
        where clients.id = merged.id and merged.after is not null
        returning clients.id
    )
    select array_agg(written.id) into v_changed from written;

    with wanted as materialized (
        select planned.client_id, numbers.phone, numbers.place
        from unnest(chunk.clients) as planned
        cross join unnest(planned.phones) with ordinality as numbers (phone, place)
        where not planned.is_new
    ),
    added as (
        insert into public.client_phones (tenant_id, client_id, phone, kind, position, created_at)
        select chunk.tenant_id, wanted.client_id, wanted.phone,
            private.phone_kind_of(wanted.phone),
            row_number() over (partition by wanted.client_id order by wanted.place) + coalesce((
                select max(stored.position) from public.client_phones as stored
                where stored.tenant_id = chunk.tenant_id and stored.client_id = wanted.client_id
            ), -1),
            update_chunk_people.at
        from wanted
        -- Added by hand since the plan.
        on conflict on constraint client_phones_are_unique do nothing
        returning client_phones.client_id, client_phones.id
    ),
    noted as (
        insert into private.import_changes (tenant_id, import_id, table_name, created_ids)
        select chunk.tenant_id, chunk.import_id, 'client_phones', array_agg(added.id)
        from added
        having count(*) > 0
    )
    select array_agg(added.client_id) into v_phoned from added;
    return (
        select count(distinct touched.id)
        from unnest(coalesce(v_changed, '{}') || coalesce(v_phoned, '{}')) as touched (id)
    );
end;
$$;

-- A title that is no longer open is nobody's to change: it was paid or agreed upon since the plan.
create function private.write_chunk_debts(
    chunk private.import_chunks, out created int, out updated int, out returned int
)
language plpgsql
security definer
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_now timestamptz := private.now();
begin
    insert into public.debts (
        tenant_id, client_id, creditor_id, contract, installment, due_on, principal_cents,
        import_id, created_at, updated_at
    )
    select chunk.tenant_id, planned.client_id, planned.creditor_id, planned.contract,
        planned.installment, planned.due_on, planned.principal_cents, chunk.import_id, v_now, v_now
    from unnest(chunk.debts) as planned
    where planned.action = 'new';
    get diagnostics created = row_count;

    perform from public.debts
    where debts.id in (
        select planned.debt_id from unnest(chunk.debts) as planned where planned.action <> 'new'
    )
    order by debts.id
    for update;
    with due as (
        select debts.id, planned.action, private.jsonb_changes(became.item, was.item) as before,
            private.jsonb_changes(was.item, became.item) as after
        from unnest(chunk.debts) as planned
        join public.debts on debts.id = planned.debt_id and debts.status = 'open'
            and planned.action <> 'new' and not exists (
                select from public.agreement_debts as held
                where held.tenant_id = debts.tenant_id and held.debt_id = debts.id
                  and held.is_live
            )
            -- Paid in part since the plan: the value stays what the payment was taken off.
            and (
                planned.action = 'returned' or debts.abated_cents = 0
                or debts.principal_cents = planned.principal_cents
            )
        cross join lateral (
            select jsonb_build_object(
                'due_on', debts.due_on, 'principal_cents', debts.principal_cents,
                'status', debts.status, 'import_id', debts.import_id
            ) as item
        ) as was
        cross join lateral (
            select was.item || jsonb_build_object('import_id', chunk.import_id)
                || case planned.action
                    when 'returned' then jsonb_build_object('status', 'returned')
                    else jsonb_build_object(
                        'due_on', planned.due_on, 'principal_cents', planned.principal_cents
                    )
                end as item
        ) as became
    ),
    noted as (
        insert into private.import_changes
            (tenant_id, import_id, table_name, row_id, before, after)
        select chunk.tenant_id, chunk.import_id, 'debts', due.id, due.before, due.after
        from due
    ),
    written as (
        update public.debts
        set due_on = coalesce((due.after ->> 'due_on')::date, debts.due_on),
            principal_cents = coalesce(
                (due.after ->> 'principal_cents')::bigint, debts.principal_cents
            ),
            status = coalesce((due.after ->> 'status')::public.debt_status, debts.status),
            import_id = chunk.import_id
        from due
        where debts.id = due.id
        returning due.action
    )
    select count(*) filter (where written.action = 'changed'),
        count(*) filter (where written.action = 'returned')
    into updated, returned
    from written;
end;
$$;

-- 0452_advance_import.sql
-- One step of an import that is planned: its next chunk with the counts, the undo log and the
-- progress, or its end. Everything of a step commits together, so that whoever takes the next one,
-- be it the same process, the next import or a sweep after a crash, finds the import exactly where
-- the last commit left it. Two at once wait for each other on the plan's row and take turns.
create function private.advance_import(import_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_plan private.import_plans;
    v_import public.imports;
    v_chunk private.import_chunks;
    v_people record;
    v_clients_created int := 0;
    v_clients_updated int := 0;
    v_debts_created int := 0;
    v_debts_updated int := 0;
    v_debts_returned int := 0;
begin
    select * into v_plan from private.import_plans as plan
    where plan.import_id = advance_import.import_id
    for update;
    select * into v_import from public.imports where imports.id = advance_import.import_id;
    if v_plan.import_id is null then
        return private.import_step(v_import);  -- somebody else took the last step
    elsif v_import.cancel_requested_at is not null then
        return private.take_back_import(v_import, 'cancelled', 'import_cancelled');
    end if;
    select * into v_chunk from private.import_chunks as chunk
    where chunk.import_id = v_plan.import_id
    order by chunk.place
    limit 1;
    if v_chunk.import_id is null and v_plan.creditors = '[]' then
        return private.finish_import(v_plan);
    end if;

    discard plans;  -- as in plan_portfolio
    perform set_config('cobranca.import_id', v_plan.import_id::text, true);
    update private.import_plans as plan set writer = pg_current_xact_id()
    where plan.import_id = v_plan.import_id;
    if v_plan.creditors <> '[]' then
        perform private.write_planned_creditors(v_plan);
    end if;
    if v_chunk.import_id is not null then
        select * into v_people from private.write_chunk_people(v_chunk);
        v_clients_created := v_people.created;
        v_clients_updated := v_people.updated;
        select written.created, written.updated, written.returned
        into v_debts_created, v_debts_updated, v_debts_returned
        from private.write_chunk_debts(v_people.chunk) as written;
        delete from private.import_chunks as chunk
        where chunk.import_id = v_plan.import_id and chunk.place = v_chunk.place;
    end if;
    perform set_config('cobranca.import_id', '', true);
    update private.import_plans as plan
    set writer = null, attempts = 0, creditors = '[]',
        rows_written = plan.rows_written + coalesce(v_chunk.rows, 0),
        creditors_created = plan.creditors_created + jsonb_array_length(v_plan.creditors),
        clients_created = plan.clients_created + v_clients_created,
        clients_updated = plan.clients_updated + v_clients_updated,
        debts_created = plan.debts_created + v_debts_created,
        debts_updated = plan.debts_updated + v_debts_updated,
        debts_returned = plan.debts_returned + v_debts_returned,
        begun_at = coalesce(plan.begun_at, v_import.started_at, private.now())
    where plan.import_id = v_plan.import_id
    returning plan.* into v_plan;
    if not v_plan.is_rehearsal then
        perform private.show_import_progress(v_plan);
    end if;
    return jsonb_build_object('status', 'running', 'rows_written', v_plan.rows_written);
end;
$$;
comment on function private.advance_import(uuid) is
'{status: running, rows_written}: call again; else {status, answer} of the end.';

create function private.import_step(v_import public.imports) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'status', v_import.status, 'error_code', v_import.error_code,
        'answer', case when v_import.status = 'done' then private.import_answer(v_import) end
    )
$$;

-- Whose name came into being since the plan, made by an admin by hand: then nothing is written yet,
-- and the unique key refuses the import.
create function private.write_planned_creditors(v_plan private.import_plans) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.creditors (id, tenant_id, name)
    select planned.id, v_plan.tenant_id, planned.name
    from jsonb_to_recordset(v_plan.creditors) as planned (id uuid, name text);
    insert into private.import_changes (tenant_id, import_id, table_name, created_ids)
    select v_plan.tenant_id, v_plan.import_id, 'creditors', array_agg(planned.id)
    from jsonb_to_recordset(v_plan.creditors) as planned (id uuid);
end;
$$;

create function private.show_import_progress(v_plan private.import_plans) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_seconds float := extract(epoch from private.now() - v_plan.begun_at);
    -- Rows a second since the writing began, or went on.
    v_rate float := (v_plan.rows_written - v_plan.begun_rows) / nullif(v_seconds, 0);
begin
    update public.imports
    set status = 'running', phase = 'writing', rows_read = v_plan.rows,
        rows_total = v_plan.rows, rows_valid = v_plan.accepted,
        rows_written = v_plan.rows_written, rows_per_second = v_rate,
        seconds_left = ceil((v_plan.accepted - v_plan.rows_written) / nullif(v_rate, 0)),
        writing_at = coalesce(imports.writing_at, private.now())
    where imports.id = v_plan.import_id;
end;
$$;

create function private.finish_import(v_plan private.import_plans) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_many_rows constant int := 10000;  -- below, the statistics of before are near enough
    v_import public.imports;
begin
    update public.imports
    set status = 'done', finished_at = private.now(), phase = null, header = v_plan.header,
        creditor_id = (
            select creditors.id from public.creditors
            where creditors.tenant_id = v_plan.tenant_id
              and creditors.name_key = private.search_key(v_plan.creditor)
        ),
        rows = v_plan.rows, accepted = v_plan.accepted, rejected = v_plan.rejected,
        rows_read = v_plan.rows, rows_total = v_plan.rows, rows_valid = v_plan.accepted,
        rows_written = v_plan.accepted, seconds_left = 0, duplicates = v_plan.duplicates,
        creditors_created = v_plan.creditors_created, clients_created = v_plan.clients_created,
        clients_updated = v_plan.clients_updated, debts_created = v_plan.debts_created,
        debts_updated = v_plan.debts_updated, debts_absent = v_plan.debts_absent,
        debts_returned = v_plan.debts_returned, reject_reasons = v_plan.reject_reasons,
        warnings = v_plan.warnings, writing_at = coalesce(imports.writing_at, private.now())
    where imports.id = v_plan.import_id
    returning imports.* into v_import;
    if v_import.idempotency_key is not null then
        -- For whoever sends the same key again.
        update public.imports set answer = private.import_answer(v_import)
        where imports.id = v_import.id;
    end if;
    if v_plan.mapping <> '{}' then
        perform private.save_import_mapping(
            v_import, v_plan.header_key, v_plan.mapping
        );
    end if;
    delete from private.import_plans as plan where plan.import_id = v_plan.import_id;
    -- The next import and every list plan by these; autovacuum may come too late for both. The
    -- lock it takes lasts only until the commit that follows.
    if v_plan.debts_created > c_many_rows and not v_plan.is_rehearsal then
        analyze public.clients;
        analyze public.client_phones;
        analyze public.debts;
    end if;
    return private.import_step(v_import);
end;
$$;

-- A cancelled import leaves nothing, and so does one that cannot be written: the chunks that are in
-- go back at once, but for rows that somebody acted on meanwhile, which are counted.
create function private.take_back_import(
    v_import public.imports, outcome public.import_status, code text
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_kept int := 0;
begin
    if v_import.writing_at is not null then
        v_kept := private.undo_import(v_import) #>> '{kept,count}';
    end if;
    delete from private.import_plans as plan where plan.import_id = v_import.id;
    delete from private.import_changes as noted
    where noted.tenant_id = v_import.tenant_id and noted.import_id = v_import.id;
    delete from public.import_rejects
    where import_rejects.tenant_id = v_import.tenant_id
      and import_rejects.import_id = v_import.id;
    update public.imports
    set status = take_back_import.outcome, finished_at = private.now(), phase = null,
        rows_written = 0, seconds_left = null, rows_kept = v_kept,
        error_code = case when v_kept > 0 and take_back_import.outcome = 'cancelled'
            then 'import_cancelled_in_part' else take_back_import.code end
    where imports.id = v_import.id
    returning imports.* into v_import;
    return private.import_step(v_import);
end;
$$;

-- 0460_suppressions.sql
-- Who must not be contacted, where, and until when. A phone or a person; a channel or all of them.
create table public.suppressions (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    phone text collate "C",
    client_id uuid,
    -- Null: every channel.
    channel public.channel,
    reason text not null,
    -- Null: for good.
    expires_at timestamptz,
    created_at timestamptz not null default private.now(),
    constraint suppressions_pkey primary key (id),
    constraint suppressions_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint suppressions_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint suppressions_name_somebody check (phone is not null or client_id is not null),
    constraint suppressions_phone_is_e164 check (phone ~ '^\+[1-9][0-9]{7,14}$'),
    constraint suppressions_reason_is_filled check (btrim(reason) <> '')
);
comment on table public.suppressions is 'Opt-outs and blocks, read at the moment of contact.';

-- By area code and last eight digits: an opt-out holds with and without the ninth digit.
create index suppressions_of_phone
on public.suppressions (tenant_id, private.phone_match(phone)) where phone is not null;
create index suppressions_of_client on public.suppressions (tenant_id, client_id);

alter table public.suppressions enable row level security;
alter table public.suppressions force row level security;

create policy suppressions_select_member on public.suppressions for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Any operator may stop contact, because the debtor asks the operator.
create policy suppressions_insert_member on public.suppressions for insert to authenticated
with check (tenant_id = (select private.tenant_id()));

-- Allowing contact again is a decision of an admin. No update: lift and set anew.
create policy suppressions_delete_admin on public.suppressions for delete to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

grant select, delete on public.suppressions to authenticated;
grant insert (id, tenant_id, phone, client_id, channel, reason, expires_at)
on public.suppressions to authenticated;

create trigger _900_audit_insert after insert on public.suppressions
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.suppressions
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.suppressions
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0470_contact_hours.sql
-- When a debtor may be contacted: law, so data. Default is the São Paulo rule (Lei 15.426/2014),
-- the strictest written one that also fits states without any: Mon–Fri 8–20, Sat 8–14, never on
-- Sundays or holidays, in the debtor's local time. A row with a `uf` replaces the default there.
create table private.calling_windows (
    uf text,
    -- ISO: 1 Monday … 7 Sunday. A day without a row is closed.
    weekday smallint not null,
    opens time not null,
    closes time not null,
    constraint calling_windows_are_unique unique nulls not distinct (uf, weekday, opens),
    constraint calling_windows_weekday_is_iso check (weekday between 1 and 7),
    constraint calling_windows_open_before_close check (opens < closes)
);
comment on table private.calling_windows is 'Lawful hours of contact by weekday and uf.';

insert into private.calling_windows (uf, weekday, opens, closes)
values
(null, 1, '08:00', '20:00'), (null, 2, '08:00', '20:00'), (null, 3, '08:00', '20:00'),
(null, 4, '08:00', '20:00'), (null, 5, '08:00', '20:00'), (null, 6, '08:00', '14:00');

create table private.holidays (
    name text not null,
    -- Null: the whole country.
    uf text,
    month smallint,
    day smallint,
    -- Movable feasts: days from Easter Sunday.
    easter_offset smallint,
    constraint holidays_are_unique unique nulls not distinct (uf, name),
    constraint holidays_fixed_or_movable check (
        (month is not null and day is not null) = (easter_offset is null)
    )
);
comment on table private.holidays is 'National and state holidays, fixed or counted from Easter.';

insert into private.holidays (name, month, day, easter_offset)
values
('Confraternização Universal', 1, 1, null), ('Paixão de Cristo', null, null, -2),
('Tiradentes', 4, 21, null), ('Dia do Trabalho', 5, 1, null),
('Independência do Brasil', 9, 7, null), ('Nossa Senhora Aparecida', 10, 12, null),
('Finados', 11, 2, null), ('Proclamação da República', 11, 15, null),
('Consciência Negra', 11, 20, null), ('Natal', 12, 25, null);

-- States away from Brasília's hour; all others keep America/Sao_Paulo (no DST since 2019).
create table private.uf_time_zones (
    uf text not null,
    time_zone text not null,
    constraint uf_time_zones_pkey primary key (uf)
);
insert into private.uf_time_zones (uf, time_zone)
values
('AC', 'America/Rio_Branco'), ('AM', 'America/Manaus'), ('MT', 'America/Cuiaba'),
('MS', 'America/Campo_Grande'), ('RO', 'America/Porto_Velho'), ('RR', 'America/Boa_Vista');

alter table private.calling_windows enable row level security;
alter table private.calling_windows force row level security;
alter table private.holidays enable row level security;
alter table private.holidays force row level security;
alter table private.uf_time_zones enable row level security;
alter table private.uf_time_zones force row level security;

-- Easter Sunday of the Gregorian calendar (Meeus, Astronomical Algorithms, ch. 8).
create function private.easter(year int) returns date
language plpgsql
immutable
set search_path = ''
as $$
declare
    a int := year % 19;
    b int := year / 100;
    c int := year % 100;
    h int := (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    l int := (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    m int := (a + 11 * h + 22 * l) / 451;
begin
    return make_date(year, (h + l - 7 * m + 114) / 31, (h + l - 7 * m + 114) % 31 + 1);
end;
$$;

-- 0475_contact_decision.sql
-- Contact is lawful by construction: asked here at the moment of sending, for every channel, and
-- the answer names the next lawful instant. The debtor's own state gives hour and holidays, else
-- the tenant's zone.
create function private.contact_hours_in(
    tenant_id uuid, uf text, since timestamptz, days int
) returns table (day date, opens_at timestamptz, closes_at timestamptz)
language sql
stable
security definer
set search_path = ''
as $$
    select calendar.day, (calendar.day + calling_windows.opens) at time zone place.time_zone,
        (calendar.day + calling_windows.closes) at time zone place.time_zone
    from (
        select case
                when contact_hours_in.uf is null then tenants.time_zone
                else coalesce(uf_time_zones.time_zone, 'America/Sao_Paulo')
            end as time_zone
        from public.tenants
        left join private.uf_time_zones on uf_time_zones.uf = contact_hours_in.uf
        where tenants.id = contact_hours_in.tenant_id
    ) as place
    cross join lateral (
        select dated.day, private.easter(extract(year from dated.day)::int) as easter
        from (
            select (contact_hours_in.since at time zone place.time_zone)::date + ahead as day
            from generate_series(0, contact_hours_in.days - 1) as ahead
        ) as dated
    ) as calendar
    join private.calling_windows
        on calling_windows.weekday = extract(isodow from calendar.day)
        and calling_windows.uf is not distinct from (
            select contact_hours_in.uf where exists (
                select from private.calling_windows as own where own.uf = contact_hours_in.uf
            )
        )
    where not exists (
        select from private.holidays
        where (holidays.uf is null or holidays.uf = contact_hours_in.uf)
          and (
              holidays.easter_offset = calendar.day - calendar.easter
              or (holidays.month = extract(month from calendar.day)
                  and holidays.day = extract(day from calendar.day))
          )
    )
    order by 2
$$;
comment on function private.contact_hours_in(uuid, text, timestamptz, int) is
'Lawful intervals [opens_at, closes_at) in a state (null: not known) from the local day of `since`,
for that many days.';

create function private.contact_hours(
    tenant_id uuid, client_id uuid, since timestamptz, days int
) returns table (day date, opens_at timestamptz, closes_at timestamptz)
language sql
stable
security definer
set search_path = ''
as $$
    select hours.day, hours.opens_at, hours.closes_at
    from private.contact_hours_in(
        contact_hours.tenant_id,
        (
            select clients.uf from public.clients
            where clients.tenant_id = contact_hours.tenant_id
              and clients.id = contact_hours.client_id
        ),
        contact_hours.since, contact_hours.days
    ) as hours
    order by hours.opens_at
$$;
comment on function private.contact_hours(uuid, uuid, timestamptz, int) is
'The same for a client, whose own state gives hour and holidays.';

create function private.is_suppressed(
    tenant_id uuid, client_id uuid, phone text, channel public.channel, at timestamptz
) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.suppressions
        where suppressions.tenant_id = is_suppressed.tenant_id
          and (
              suppressions.client_id = is_suppressed.client_id
              or private.phone_match(suppressions.phone) = private.phone_match(is_suppressed.phone)
          )
          -- A row that names both a person and a phone binds where both fit.
          and (suppressions.client_id is null or suppressions.client_id = is_suppressed.client_id)
          and (suppressions.phone is null or private.phone_match(suppressions.phone)
              = private.phone_match(is_suppressed.phone))
          and (suppressions.channel is null or suppressions.channel = is_suppressed.channel)
          and (suppressions.expires_at is null or suppressions.expires_at > is_suppressed.at)
    )
$$;

create function private.contact_decision(
    tenant_id uuid, client_id uuid, channel public.channel, at timestamptz,
    out allowed boolean, out next_allowed_at timestamptz, out reason text
)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- Longer than any run of holidays and Sundays.
    c_days_ahead constant int := 15;
    v_first record;
begin
    if private.is_suppressed(tenant_id, client_id, null, channel, at) then
        allowed := false;
        reason := 'suppressed';
        return;
    end if;
    select hours.opens_at, hours.closes_at into v_first
    from private.contact_hours(tenant_id, client_id, at, c_days_ahead) as hours
    where hours.closes_at > at
    limit 1;
    allowed := coalesce(v_first.opens_at <= at, false);
    next_allowed_at := greatest(v_first.opens_at, at);
    reason := case when not allowed then 'outside_hours' end;
end;
$$;
comment on function private.contact_decision(uuid, uuid, public.channel, timestamptz) is
'reason: null | outside_hours | suppressed. next_allowed_at is `at` when allowed, null when never.';

-- 0480_notifications.sql
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
'Kinds: automation_failed {run_id, client_id, reason}, import_finished {import_id, status}.';

create index notifications_of_user
on public.notifications (user_id, tenant_id, created_at desc, id desc);
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
    join public.call_dispositions
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
    where became.status <> 'running' and became.created_by is not null;
    return null;
end;
$$;

create trigger _300_notify after update on public.imports
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_imports__notify();

-- 0495_money_enums.sql
-- Closed vocabularies of money. What a debtor owes has five components, in the order in which a
-- discount eats them last to first and in which a statement is read aloud.
create type public.money_component as enum (
    'principal', 'correction', 'fine', 'interest', 'collection_fee'
);
-- Days by thirtieths of a month, by the civil year, or whole months and the days of the next one.
create type public.interest_rule as enum ('daily_30', 'actual_365', 'months_and_days');
create type public.due_rule as enum ('following', 'preceding', 'none');
create type public.price_index as enum ('ipca', 'inpc', 'igpm');
create type public.charge_method as enum ('boleto', 'pix', 'card');
create type public.due_interval as enum ('weekly', 'biweekly', 'monthly');

create type public.agreement_status as enum (
    'draft', 'pending_approval', 'rejected', 'expired',
    -- Formalised: the title is locked, nothing was paid yet.
    'awaiting_first_payment',
    'active', 'overdue', 'broken_provisionally',
    'broken', 'settled', 'cancelled', 'replaced',
    -- The first payment never came: nobody broke a promise they had begun to keep.
    'lapsed'
);
create type public.installment_kind as enum ('down_payment', 'installment');
create type public.installment_status as enum ('open', 'paid', 'cancelled');
-- `registering`: the provider has it, the bank not yet. `unknown`: perhaps it has it; look it up.
create type public.charge_status as enum (
    'queued', 'sending', 'unknown', 'registering', 'open', 'paid', 'cancelling', 'cancelled',
    'failed'
);
-- What becomes of money that came in. `parked` waits for a person.
create type public.payment_course as enum ('apply', 'advance', 'abate', 'return', 'parked');
create type public.payment_case_kind as enum (
    'orphan', 'duplicate', 'overpayment', 'paid_after_break', 'contradiction'
);
create type public.request_status as enum ('pending', 'approved', 'rejected');

-- 0500_charge_policies.sql
-- What lateness costs, per creditor, versioned by date: the version in force on the day of the
-- calculation speaks for the whole debt. Rows are never changed, so a statement of last March can
-- be made again. A row without a creditor is the tenant's default.
create table public.charge_policies (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    creditor_id uuid,
    version int not null,
    valid_from date not null,
    is_consumer boolean not null default true,
    fine_percent numeric(7, 4) not null default 0,
    -- The fine's base: principal, or principal with its correction.
    is_fine_on_corrected boolean not null default false,
    -- Per month, simple.
    interest_percent numeric(7, 4) not null default 0,
    interest_rule public.interest_rule not null default 'daily_30',
    -- Days count from the effective due date; with true from the one printed on the title.
    counts_from_nominal boolean not null default false,
    index_name public.price_index,
    collection_fee_percent numeric(7, 4) not null default 0,
    -- Days after the effective due date within which nothing is charged.
    grace_days int not null default 0,
    due_rule public.due_rule not null default 'following',
    -- Whose state holidays count beside the national and the banks' ones.
    holiday_uf text,
    -- What a payment covers first. Default: charges before principal (Civil Code 354).
    allocation_order public.money_component[] not null
    default '{fine,interest,correction,collection_fee,principal}',
    created_by uuid,
    created_at timestamptz not null default private.now(),
    constraint charge_policies_pkey primary key (id),
    constraint charge_policies_tenant_id_key unique (tenant_id, id),
    constraint charge_policies_version_is_unique
    unique nulls not distinct (tenant_id, creditor_id, version),
    constraint charge_policies_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint charge_policies_creditor_fkey foreign key (tenant_id, creditor_id)
    references public.creditors (tenant_id, id),
    constraint charge_policies_created_by_fkey foreign key (created_by) references auth.users (id),
    -- CDC art. 52 §1: at most 2 % of the overdue installment in a consumer relation.
    constraint charge_policies_consumer_fine_is_capped check (
        not is_consumer or fine_percent <= 2
    ),
    constraint charge_policies_rates_are_percent check (
        fine_percent between 0 and 100 and interest_percent between 0 and 100
        and collection_fee_percent between 0 and 100
    ),
    constraint charge_policies_grace_is_short check (grace_days between 0 and 90),
    constraint charge_policies_uf_has_shape check (holiday_uf ~ '^[A-Z]{2}$'),
    constraint charge_policies_order_names_each_once check (
        allocation_order @> '{principal,correction,fine,interest,collection_fee}'
        and cardinality(allocation_order) = 5
    )
);
comment on table public.charge_policies is 'Fine, interest, index and fee by creditor and date.';

-- Serves the look-up of the version in force.
create index charge_policies_in_force
on public.charge_policies (tenant_id, creditor_id, valid_from desc, version desc);
create index charge_policies_of_author on public.charge_policies (created_by);

alter table public.charge_policies enable row level security;
alter table public.charge_policies force row level security;

create policy charge_policies_select_member on public.charge_policies for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Neither insert, update nor delete: a new version comes through `save_charge_policy`.
grant select on public.charge_policies to authenticated;

-- The creditor's own version in force on that day, else the tenant's, else one that charges
-- nothing: what nobody configured is never charged.
create function private.charge_policy(tenant_id uuid, creditor_id uuid, on_date date)
returns public.charge_policies
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_policy public.charge_policies;
begin
    select * into v_policy
    from public.charge_policies as policy
    where policy.tenant_id = charge_policy.tenant_id
      and (policy.creditor_id = charge_policy.creditor_id or policy.creditor_id is null)
      and policy.valid_from <= on_date
    order by policy.creditor_id nulls last, policy.valid_from desc, policy.version desc
    limit 1;
    if not found then
        v_policy := jsonb_populate_record(null::public.charge_policies, jsonb_build_object(
            'tenant_id', charge_policy.tenant_id, 'fine_percent', 0, 'interest_percent', 0,
            'interest_rule', 'daily_30', 'collection_fee_percent', 0, 'grace_days', 0,
            'due_rule', 'following', 'counts_from_nominal', false,
            'is_fine_on_corrected', false, 'allocation_order',
            array['fine', 'interest', 'correction', 'collection_fee', 'principal']
        ));
    end if;
    return v_policy;
end;
$$;

create trigger _900_audit_insert after insert on public.charge_policies
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.charge_policies
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.charge_policies
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0500_realtime.sql
-- Who may listen. Asked by Realtime when a channel is joined; the answer depends on memberships
-- alone, never on a header, because a browser's socket cannot send one. Nobody may send: only
-- definer code inserts.
create function private.may_join(topic text) returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_scope text := split_part(topic, ':', 1);
    v_id text := split_part(topic, ':', 2);
begin
    if auth.uid() is null or topic <> v_scope || ':' || v_id
        or not pg_input_is_valid(v_id, 'uuid')
    then
        return false;
    end if;
    if v_scope = 'user' then
        return v_id::uuid = auth.uid();
    end if;
    return exists (
        select from public.memberships
        where memberships.user_id = auth.uid()
          and memberships.revoked_at is null
          and memberships.tenant_id = case v_scope
              when 'tenant' then v_id::uuid
              when 'client' then (
                  select clients.tenant_id from public.clients where clients.id = v_id::uuid
              )
          end
    );
end;
$$;
comment on function private.may_join(text) is
'Topics: client:<id> and tenant:<id> for members of the tenant, user:<id> for that person.';
grant execute on function private.may_join(text) to authenticated;

create policy messages_select_member on realtime.messages for select to authenticated
using (extension = 'broadcast' and (select private.may_join(realtime.topic())));

-- 0503_save_charge_policy.sql
-- A new version of a charge policy. It may not reach back: what was said and paid until yesterday
-- was right then. Only the first version of a creditor may begin in the past.

-- Refuses keys a document may not have; a typing error must not become a silent default.
create function private.require_known_keys(document jsonb, known text[]) returns void
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_unknown text;
begin
    if jsonb_typeof(document) is distinct from 'object' then
        raise exception 'object_needed' using errcode = 'PT400', detail = 'an object is needed';
    end if;
    select given.key into v_unknown
    from jsonb_object_keys(document) as given (key)
    where given.key <> all(known)
    limit 1;
    if found then
        raise exception 'field_unknown' using errcode = 'PT400', detail = v_unknown;
    end if;
end;
$$;

create function private.save_charge_policy(policy jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_today date := private.today(v_tenant_id);
    v_last public.charge_policies;
    v_last_version int;
    v_new public.charge_policies;
begin
    perform private.require_known_keys(policy, array[
        'creditor_id', 'valid_from', 'is_consumer', 'fine_percent', 'is_fine_on_corrected',
        'interest_percent', 'interest_rule', 'counts_from_nominal', 'index_name',
        'collection_fee_percent', 'grace_days', 'due_rule', 'holiday_uf', 'allocation_order'
    ]);
    -- One version after the other, however many tabs save.
    perform pg_advisory_xact_lock(hashtextextended('charge_policies:' || v_tenant_id, 0));
    begin
        select * into v_last
        from public.charge_policies as known
        where known.tenant_id = v_tenant_id
          and known.creditor_id is not distinct from (policy ->> 'creditor_id')::uuid
        order by known.version desc
        limit 1;
        v_last_version := coalesce(v_last.version, 0);
        if v_last_version = 0 then
            v_last := private.charge_policy(v_tenant_id, null, null);
        end if;
        -- What is left out stays as it was.
        v_new := jsonb_populate_record(v_last, policy);
    exception when invalid_text_representation or datetime_field_overflow
        or invalid_datetime_format or numeric_value_out_of_range
    then
        raise exception 'policy_invalid' using errcode = 'PT400', detail = sqlerrm;
    end;
    if policy ->> 'valid_from' is null then
        v_new.valid_from := v_today;
    end if;
    if v_new.valid_from < v_today and v_last_version > 0 then
        raise exception 'policy_in_past' using errcode = 'PT409',
            detail = 'a further version begins today or later';
    end if;
    v_new.id := gen_random_uuid();
    v_new.tenant_id := v_tenant_id;
    v_new.version := v_last_version + 1;
    v_new.is_consumer := coalesce(v_new.is_consumer, true);
    v_new.created_by := auth.uid();
    v_new.created_at := private.now();
    begin
        insert into public.charge_policies values (v_new.*);
    exception when integrity_constraint_violation then
        raise exception 'policy_invalid' using errcode = 'PT400', detail = sqlerrm;
    end;
    return jsonb_build_object(
        'policy_id', v_new.id, 'version', v_new.version, 'valid_from', v_new.valid_from
    );
end;
$$;

create function public.save_charge_policy(policy jsonb) returns jsonb
language sql
set search_path = ''
as $$ select private.save_charge_policy(policy) $$;
comment on function public.save_charge_policy(jsonb) is
'Admin. {policy_id, version, valid_from}; fields left out stay as in the version before.
PT400 field_unknown, policy_invalid; PT409 policy_in_past.';

grant execute on function
private.save_charge_policy(jsonb), public.save_charge_policy(jsonb)
to authenticated;

-- 0505_tenant_holidays.sql
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

-- 0507_business_days.sql
-- Business days: when a due date that falls on a Sunday or a holiday really is (Civil Code 132 §1,
-- Lei 7.089/83). Everything takes its day as an argument.

-- The states' own days (one civil holiday each, Lei 9.093/95, where the state has made one).
insert into private.holidays (name, uf, month, day, easter_offset)
values
('Aniversário do Acre', 'AC', 6, 15, null), ('Emancipação de Alagoas', 'AL', 9, 16, null),
('Criação do Território', 'AP', 9, 13, null), ('Província do Amazonas', 'AM', 9, 5, null),
('Independência da Bahia', 'BA', 7, 2, null), ('Data Magna do Ceará', 'CE', 3, 25, null),
('Nossa Senhora da Penha', 'ES', null, null, 8), ('Adesão do Maranhão', 'MA', 7, 28, null),
('Criação do Estado', 'MS', 10, 11, null), ('Adesão do Pará', 'PA', 8, 15, null),
('Fundação do Estado', 'PB', 8, 5, null), ('Revolução Pernambucana', 'PE', 3, 6, null),
('Dia do Piauí', 'PI', 10, 19, null), ('São Jorge', 'RJ', 4, 23, null),
('Mártires de Cunhaú e Uruaçu', 'RN', 10, 3, null), ('Revolução Farroupilha', 'RS', 9, 20, null),
('Criação do Estado', 'RO', 1, 4, null), ('Criação do Estado', 'RR', 10, 5, null),
('Revolução Constitucionalista', 'SP', 7, 9, null), ('Emancipação de Sergipe', 'SE', 7, 8, null),
('Criação do Estado', 'TO', 10, 5, null);

create function private.is_business_day(tenant_id uuid, uf text, day date) returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_month int := extract(month from day);
    v_day int := extract(day from day);
    v_since_easter int := day - private.easter(extract(year from day)::int);
begin
    return extract(isodow from day) < 6
        -- The banks' days: Carnival Monday and Tuesday, Corpus Christi.
        and v_since_easter not in (-48, -47, 60)
        and not exists (
            select from private.holidays
            where (holidays.uf is null or holidays.uf = is_business_day.uf)
              and (holidays.easter_offset = v_since_easter
                  or (holidays.month = v_month and holidays.day = v_day))
              -- Consciência Negra is national since 2024 (Lei 14.759/2023).
              and not (v_month = 11 and v_day = 20 and is_business_day.day < '2024-01-01')
        )
        and not exists (
            select from public.tenant_holidays
            where tenant_holidays.tenant_id = is_business_day.tenant_id
              and tenant_holidays.day = is_business_day.day
              and tenant_holidays.revoked_at is null
        );
end;
$$;

create function private.next_business_day(
    tenant_id uuid, uf text, day date, rule public.due_rule default 'following'
) returns date
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_day date := day;
    v_step int := case rule when 'following' then 1 when 'preceding' then -1 else 0 end;
begin
    while v_step <> 0 and not private.is_business_day(tenant_id, uf, v_day) loop
        v_day := v_day + v_step;
    end loop;
    return v_day;
end;
$$;
comment on function private.next_business_day(uuid, text, date, public.due_rule) is
'The day itself when it is a business day, else the next one in the rule''s direction.';

create function private.add_business_days(tenant_id uuid, uf text, day date, days int)
returns date
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_day date := day;
begin
    for i in 1..days loop
        v_day := private.next_business_day(tenant_id, uf, v_day + 1);
    end loop;
    return v_day;
end;
$$;

-- Grows with every change a tenant makes to its own days; calculations name it.
create function private.calendar_version(tenant_id uuid) returns int
language sql
stable
security definer
set search_path = ''
as $$
    select (count(*) + count(tenant_holidays.revoked_at))::int
    from public.tenant_holidays
    where tenant_holidays.tenant_id = calendar_version.tenant_id
$$;

-- 0509_debt_marks.sql
-- What a person says about a title beside what it costs: it is disputed (on hold: nobody collects
-- until released), or it may be collected although five years have passed. Both want a reason and
-- stay as history.
create type public.debt_mark_kind as enum ('hold', 'prescription_override');

create table public.debt_marks (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    debt_id uuid not null,
    kind public.debt_mark_kind not null,
    reason text not null,
    created_by uuid not null,
    created_at timestamptz not null default private.now(),
    released_by uuid,
    released_at timestamptz,
    release_reason text,
    constraint debt_marks_pkey primary key (id),
    constraint debt_marks_tenant_id_key unique (tenant_id, id),
    constraint debt_marks_debt_fkey foreign key (tenant_id, debt_id)
    references public.debts (tenant_id, id),
    constraint debt_marks_created_by_fkey foreign key (created_by) references auth.users (id),
    constraint debt_marks_released_by_fkey foreign key (released_by) references auth.users (id),
    constraint debt_marks_reason_is_filled check (btrim(reason) <> ''),
    constraint debt_marks_release_has_reason check (
        (released_at is null) = (release_reason is null)
    )
);
comment on table public.debt_marks is 'Disputes and overridden prescriptions, with reasons.';

create unique index debt_marks_one_alive_per_kind
on public.debt_marks (tenant_id, debt_id, kind) where released_at is null;
create index debt_marks_of_debt on public.debt_marks (tenant_id, debt_id);
create index debt_marks_of_author on public.debt_marks (created_by);
create index debt_marks_of_releaser on public.debt_marks (released_by);

alter table public.debt_marks enable row level security;
alter table public.debt_marks force row level security;

create policy debt_marks_select_member on public.debt_marks for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by the functions below only.
grant select on public.debt_marks to authenticated;

-- Civil Code 206 §5 I: five years from the due date for a liquid debt on an instrument.
create function private.prescribes_on(debt public.debts) returns date
language sql
immutable
set search_path = ''
as $$
    select ((debt).due_on + interval '5 years')::date
$$;

create function private.is_prescribed(debt public.debts, on_date date) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select is_prescribed.on_date > private.prescribes_on(debt) and not exists (
        select from public.debt_marks as mark
        where mark.tenant_id = (debt).tenant_id and mark.debt_id = (debt).id
          and mark.kind = 'prescription_override' and mark.released_at is null
    )
$$;

-- The status a title has when no agreement holds it.
create function private.free_status(debt public.debts, on_date date) returns public.debt_status
language sql
stable
security definer
set search_path = ''
as $$
    select case
        when exists (
            select from public.debt_marks as mark
            where mark.tenant_id = (debt).tenant_id and mark.debt_id = (debt).id
              and mark.kind = 'hold' and mark.released_at is null
        ) then 'on_hold'
        when private.is_prescribed(debt, on_date) then 'prescribed'
        else 'open'
    end::public.debt_status
$$;

create trigger _500_broadcast_update after update on public.debts
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_broadcast_status('debt_changed');

create trigger _900_audit_insert after insert on public.debt_marks
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.debt_marks
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.debt_marks
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0510_index_factors.sql
-- Monthly changes of price indexes, loaded by the tenant. A published month is never overwritten:
-- a correction is a new revision, and the last revision speaks.
create table public.index_factors (
    id bigint generated always as identity,
    tenant_id uuid not null,
    index_name public.price_index not null,
    -- First day of the month it tells about.
    month date not null,
    -- Per cent of that month; may be negative.
    percent numeric(12, 6) not null,
    revision int not null,
    created_by uuid,
    created_at timestamptz not null default private.now(),
    constraint index_factors_pkey primary key (id),
    constraint index_factors_are_revised unique (tenant_id, index_name, month, revision),
    constraint index_factors_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint index_factors_created_by_fkey foreign key (created_by) references auth.users (id),
    constraint index_factors_month_is_first check (month = date_trunc('month', month)::date),
    constraint index_factors_percent_is_sane check (percent > -100 and percent < 1000)
);
comment on table public.index_factors is 'Monthly per cent of IPCA, INPC and IGP-M, by revision.';

create index index_factors_of_author on public.index_factors (created_by);

alter table public.index_factors enable row level security;
alter table public.index_factors force row level security;

create policy index_factors_select_member on public.index_factors for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by `load_index_factors` only. Not audited: every revision stays, with its author.
grant select on public.index_factors to authenticated;

-- The index between two days as an exact fraction: for every month touched 1 + i · n / N, with n
-- days of its N after `since` up to and including `until`. A month not yet published takes the
-- last one published before it, and says so. 1 before the first.
create function private.index_ratio(
    tenant_id uuid, index_name public.price_index, since date, until date,
    out numerator numeric, out denominator numeric, out is_provisional boolean
)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_month record;
begin
    numerator := 1;
    denominator := 1;
    is_provisional := false;
    for v_month in
        select touched.days, touched.length, published.percent,
            published.month is distinct from touched.month as is_missing
        from (
            select first.month::date as month,
                (least(until, first.month::date + interval '1 month' - interval '1 day')::date
                    - greatest(since, first.month::date - 1)) as days,
                extract(day from first.month + interval '1 month' - interval '1 day')::int as length
            from generate_series(date_trunc('month', since + 1), until, '1 month') as first (month)
        ) as touched
        left join lateral (
            select factor.month, factor.percent
            from public.index_factors as factor
            where factor.tenant_id = index_ratio.tenant_id
              and factor.index_name = index_ratio.index_name
              and factor.month <= touched.month
            order by factor.month desc, factor.revision desc
            limit 1
        ) as published on true
    loop
        numerator := numerator
            * (100 * v_month.length + coalesce(v_month.percent, 0) * v_month.days);
        denominator := denominator * 100 * v_month.length;
        is_provisional := is_provisional or v_month.is_missing;
    end loop;
end;
$$;

create function private.index_version(tenant_id uuid, index_name public.price_index)
returns bigint
language sql
stable
security definer
set search_path = ''
as $$
    select max(factor.id)
    from public.index_factors as factor
    where factor.tenant_id = index_version.tenant_id
      and factor.index_name = index_version.index_name
$$;

create function private.load_index_factors(index_name public.price_index, factors jsonb)
returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_loaded int;
begin
    perform pg_advisory_xact_lock(hashtextextended('index_factors:' || v_tenant_id, 0));
    begin
        insert into public.index_factors
            (tenant_id, index_name, month, percent, revision, created_by)
        select v_tenant_id, load_index_factors.index_name,
            (given.month || '-01')::date, given.percent::numeric,
            coalesce(known.revision, 0) + 1, auth.uid()
        from jsonb_each_text(factors) as given (month, percent)
        left join lateral (
            select factor.revision, factor.percent
            from public.index_factors as factor
            where factor.tenant_id = v_tenant_id
              and factor.index_name = load_index_factors.index_name
              and factor.month = (given.month || '-01')::date
            order by factor.revision desc
            limit 1
        ) as known on true
        where known.percent is distinct from given.percent::numeric(12, 6)
        order by given.month;
        get diagnostics v_loaded = row_count;
    exception when data_exception or check_violation then
        raise exception 'index_factors_invalid' using errcode = 'PT400', detail = sqlerrm;
    end;
    return v_loaded;
end;
$$;

create function public.load_index_factors(index_name public.price_index, factors jsonb)
returns int
language sql
set search_path = ''
as $$ select private.load_index_factors(index_name, factors) $$;
comment on function public.load_index_factors(public.price_index, jsonb) is
'Admin. factors: {"2026-03": "0.56", …} per cent by month; answers how many were new or changed.
PT400 index_factors_invalid.';

grant execute on function
private.load_index_factors(public.price_index, jsonb),
public.load_index_factors(public.price_index, jsonb)
to authenticated;

-- 0511_mark_debts.sql
-- Hold, release and override: the only ways to mark a title by hand.

-- The clients first, in one order, as everything that moves their money does (0548).
create function private.lock_clients_of(tenant_id uuid, debt_ids uuid[]) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform from public.clients as client
    where client.tenant_id = lock_clients_of.tenant_id and client.id in (
        select debts.client_id from public.debts
        where debts.tenant_id = lock_clients_of.tenant_id
          and debts.id = any(lock_clients_of.debt_ids)
    )
    order by client.id
    for no key update;
end;
$$;

create function private.mark_debts(
    debt_ids uuid[], mark public.debt_mark_kind, reason text, minimum public.member_role
) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role(minimum);
    v_today date := private.today(v_tenant_id);
    v_debt public.debts;
    v_marked int := 0;
begin
    if btrim(coalesce(reason, '')) = '' then
        raise exception 'reason_missing' using errcode = 'PT400',
            detail = 'a mark wants a reason';
    end if;
    perform private.lock_clients_of(v_tenant_id, debt_ids);
    for v_debt in
        select debts.* from public.debts
        where debts.tenant_id = v_tenant_id and debts.id = any(debt_ids)
        order by debts.id
        for update
    loop
        if v_debt.status = 'in_agreement' then
            raise exception 'debt_in_agreement' using errcode = 'PT409', detail = v_debt.id::text;
        elsif v_debt.status in ('settled', 'returned') then
            raise exception 'debt_closed' using errcode = 'PT409', detail = v_debt.id::text;
        end if;
        insert into public.debt_marks (tenant_id, debt_id, kind, reason, created_by)
        values (v_tenant_id, v_debt.id, mark_debts.mark, btrim(mark_debts.reason), auth.uid())
        on conflict (tenant_id, debt_id, kind) where released_at is null do nothing;
        update public.debts set status = private.free_status(v_debt, v_today)
        where debts.id = v_debt.id;
        v_marked := v_marked + 1;
    end loop;
    if v_marked <> cardinality(debt_ids) then
        raise exception 'debt_not_found' using errcode = 'PT404',
            detail = 'not all ids are titles of the tenant';
    end if;
    return v_marked;
end;
$$;

create function private.hold_debts(debt_ids uuid[], reason text) returns int
language sql
security definer
set search_path = ''
as $$ select private.mark_debts(debt_ids, 'hold', reason, 'operator') $$;

create function private.override_prescription(debt_ids uuid[], reason text) returns int
language sql
security definer
set search_path = ''
as $$ select private.mark_debts(debt_ids, 'prescription_override', reason, 'admin') $$;

create function private.release_debts(debt_ids uuid[], reason text) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_today date := private.today(v_tenant_id);
    v_released int;
begin
    if btrim(coalesce(reason, '')) = '' then
        raise exception 'reason_missing' using errcode = 'PT400',
            detail = 'a release wants a reason';
    end if;
    perform private.lock_clients_of(v_tenant_id, debt_ids);
    update public.debt_marks as mark
    set released_at = private.now(), released_by = auth.uid(),
        release_reason = btrim(release_debts.reason)
    where mark.tenant_id = v_tenant_id and mark.debt_id = any(debt_ids)
      and mark.kind = 'hold' and mark.released_at is null;
    get diagnostics v_released = row_count;
    update public.debts set status = private.free_status(debts, v_today)
    where debts.tenant_id = v_tenant_id and debts.id = any(debt_ids)
      and debts.status = 'on_hold';
    return v_released;
end;
$$;

create function public.hold_debts(debt_ids uuid[], reason text) returns int
language sql
set search_path = ''
as $$ select private.hold_debts(debt_ids, reason) $$;
comment on function public.hold_debts(uuid[], text) is
'Any member: a disputed title is not collected until released. PT400 reason_missing, PT404
debt_not_found, PT409 debt_in_agreement, debt_closed.';

create function public.release_debts(debt_ids uuid[], reason text) returns int
language sql
set search_path = ''
as $$ select private.release_debts(debt_ids, reason) $$;
comment on function public.release_debts(uuid[], text) is 'Supervisor: ends holds; how many.';

create function public.override_prescription(debt_ids uuid[], reason text) returns int
language sql
set search_path = ''
as $$ select private.override_prescription(debt_ids, reason) $$;
comment on function public.override_prescription(uuid[], text) is
'Admin: a prescribed title may be negotiated again. Errors as hold_debts.';

grant execute on function
private.hold_debts(uuid[], text), public.hold_debts(uuid[], text),
private.release_debts(uuid[], text), public.release_debts(uuid[], text),
private.override_prescription(uuid[], text), public.override_prescription(uuid[], text)
to authenticated;

-- 0512_accrual.sql
-- The arithmetic of lateness, for titles and for installments alike. Exact: fractions are carried
-- as numerator and denominator, and each component is rounded once, half up, to the cent. No
-- clock in here; the day is an argument.

-- Half up (the third decimal 5 rounds up) of numerator / denominator, both not negative. One
-- integer division: a rounded quotient rounded again could move a cent.
create function private.round_ratio(numerator numeric, denominator numeric) returns bigint
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
    select pg_catalog.div(2 * numerator + denominator, 2 * denominator)::bigint
$$;

-- Whole months and what is left over, in one fraction: a month has 28 to 31 days, and this is their
-- least common multiple, so that every part of a month is a whole number.
create function private.interest_units(
    rule public.interest_rule, since date, until date, out units numeric, out per_month numeric
)
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
    c_parts_of_month constant int := 377580;
    v_months int;
    v_month_begins date;
begin
    if rule = 'daily_30' then
        units := until - since;
        per_month := 30;
    elsif rule = 'actual_365' then
        units := 12 * (until - since);
        per_month := 365;
    else
        -- Always from the first day, so that the 31st does not drift to the 28th.
        v_months := (extract(year from until) - extract(year from since)) * 12
            + extract(month from until) - extract(month from since);
        if (since + make_interval(months => v_months))::date > until then
            v_months := v_months - 1;
        end if;
        v_month_begins := since + make_interval(months => v_months);
        units := v_months::numeric * c_parts_of_month + (until - v_month_begins)
            * (c_parts_of_month
                / ((since + make_interval(months => v_months + 1))::date - v_month_begins));
        per_month := c_parts_of_month;
    end if;
end;
$$;

-- Where a title or an installment stands after its last payment. Charges accrue on the present
-- principal since `base_on` (null: since it was due); a payment that lowers the principal freezes
-- what had accrued and was not paid; what was paid of the running charges is `paid_*`.
create type private.ledger_state as (
    principal_cents bigint,
    base_on date,
    -- The fine and the fee on the principal have been charged, once.
    is_overdue boolean,
    frozen_correction bigint,
    frozen_fine bigint,
    frozen_interest bigint,
    frozen_collection_fee bigint,
    paid_correction bigint,
    paid_fine bigint,
    paid_interest bigint,
    paid_collection_fee bigint
);

create function private.new_position(principal_cents bigint) returns private.ledger_state
language sql
immutable
set search_path = ''
as $$
    select (principal_cents, null, false, 0, 0, 0, 0, 0, 0, 0, 0)::private.ledger_state
$$;

-- What is owed on a day, and everything needed to explain it.
create type private.accrual as (
    due_on date,
    effective_due_on date,
    on_date date,
    days_late int,
    -- First day not counted, and the days counted from it.
    counted_since date,
    units numeric,
    units_per_month numeric,
    index_numerator numeric,
    index_denominator numeric,
    is_provisional boolean,
    -- The grace is over: charges count, from the due date on.
    is_charged boolean,
    -- Accrued on the present principal.
    new_correction bigint,
    new_fine bigint,
    new_interest bigint,
    new_collection_fee bigint,
    -- Owed: frozen + accrued - paid.
    principal_cents bigint,
    correction_cents bigint,
    fine_cents bigint,
    interest_cents bigint,
    collection_fee_cents bigint,
    total_cents bigint
);

-- domain: C = P·(F-1), M = P·fine, J = (P+C)·rate·time, H = (P+C+M+J)·fee; nothing until the
-- effective due date and its grace have passed.
create function private.accrue(
    item private.ledger_state, policy public.charge_policies, due_on date, effective_due_on date,
    on_date date
) returns private.accrual
language plpgsql
stable
set search_path = ''
as $$
declare
    v private.accrual;
    p constant bigint := item.principal_cents;
    v_counted_from date := case
        when policy.counts_from_nominal then due_on else effective_due_on
    end;
    v_from record;
    v_until record;
begin
    v.due_on := due_on;
    v.effective_due_on := effective_due_on;
    v.on_date := on_date;
    v.days_late := greatest(on_date - v_counted_from, 0);
    v.counted_since := greatest(coalesce(item.base_on, v_counted_from), v_counted_from);
    v.units := 0;
    v.units_per_month := 30;
    v.index_numerator := 1;
    v.index_denominator := 1;
    v.is_provisional := false;
    v.is_charged := on_date > effective_due_on + policy.grace_days and on_date >= v.counted_since;
    v.new_correction := 0;
    v.new_fine := 0;
    v.new_interest := 0;
    v.new_collection_fee := 0;

    if on_date <= effective_due_on then
        v.days_late := 0;
    end if;
    if v.is_charged and p > 0 then
        if policy.index_name is not null then
            select ratio.numerator, ratio.denominator, ratio.is_provisional
            into v.index_numerator, v.index_denominator, v.is_provisional
            from private.index_ratio(
                policy.tenant_id, policy.index_name, v.counted_since, on_date
            ) as ratio;
            -- Deflation counts month by month, but never makes a debt smaller than it was (STJ).
            v.new_correction := private.round_ratio(
                p * greatest(v.index_numerator - v.index_denominator, 0), v.index_denominator
            );
        end if;
        -- As a difference of two whole spans, or months would begin anew after each payment.
        v_until := private.interest_units(policy.interest_rule, v_counted_from, on_date);
        v_from := private.interest_units(policy.interest_rule, v_counted_from, v.counted_since);
        v.units := v_until.units - v_from.units;
        v.units_per_month := v_until.per_month;
        v.new_interest := private.round_ratio(
            (p + v.new_correction) * policy.interest_percent * v.units,
            100 * v.units_per_month
        );
        if not item.is_overdue then
            v.new_fine := private.round_ratio(
                (p + case when policy.is_fine_on_corrected then v.new_correction else 0 end)
                * policy.fine_percent, 100
            );
        end if;
        v.new_collection_fee := private.round_ratio(
            (v.new_correction + v.new_fine + v.new_interest
                + case when item.is_overdue then 0 else p end)
            * policy.collection_fee_percent, 100
        );
    end if;

    v.principal_cents := p;
    v.correction_cents :=
        greatest(item.frozen_correction + v.new_correction - item.paid_correction, 0);
    v.fine_cents := greatest(item.frozen_fine + v.new_fine - item.paid_fine, 0);
    v.interest_cents := greatest(item.frozen_interest + v.new_interest - item.paid_interest, 0);
    v.collection_fee_cents := greatest(
        item.frozen_collection_fee + v.new_collection_fee - item.paid_collection_fee, 0
    );
    v.total_cents := v.principal_cents + v.correction_cents + v.fine_cents + v.interest_cents
        + v.collection_fee_cents;
    return v;
end;
$$;

-- 0513_pay_position.sql
-- How one payment covers one title or installment: component after component in the policy's order,
-- and where that leaves it.
create type private.paid_parts as (
    principal_cents bigint,
    correction_cents bigint,
    fine_cents bigint,
    interest_cents bigint,
    collection_fee_cents bigint,
    total_cents bigint
);

create function private.pay_position(
    item private.ledger_state, owed private.accrual, amount_cents bigint,
    allocation_order public.money_component[],
    out parts private.paid_parts, out after private.ledger_state
)
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_left bigint := greatest(amount_cents, 0);
    v_component public.money_component;
    v_part bigint;
begin
    parts := (0, 0, 0, 0, 0, 0);
    foreach v_component in array allocation_order loop
        v_part := least(v_left, case v_component
            when 'principal' then owed.principal_cents
            when 'correction' then owed.correction_cents
            when 'fine' then owed.fine_cents
            when 'interest' then owed.interest_cents
            else owed.collection_fee_cents
        end);
        v_left := v_left - v_part;
        case v_component
            when 'principal' then parts.principal_cents := v_part;
            when 'correction' then parts.correction_cents := v_part;
            when 'fine' then parts.fine_cents := v_part;
            when 'interest' then parts.interest_cents := v_part;
            else parts.collection_fee_cents := v_part;
        end case;
        parts.total_cents := parts.total_cents + v_part;
    end loop;

    after := item;
    if parts.principal_cents = 0 then
        -- The principal runs on unchanged: its charges stay one sum, rounded once.
        after.paid_correction := item.paid_correction + parts.correction_cents;
        after.paid_fine := item.paid_fine + parts.fine_cents;
        after.paid_interest := item.paid_interest + parts.interest_cents;
        after.paid_collection_fee := item.paid_collection_fee + parts.collection_fee_cents;
    else
        after := (
            item.principal_cents - parts.principal_cents,
            -- Paid in time or in grace: the rest still counts from its due date.
            case when owed.is_charged then owed.on_date else item.base_on end,
            item.is_overdue or owed.is_charged,
            owed.correction_cents - parts.correction_cents,
            owed.fine_cents - parts.fine_cents,
            owed.interest_cents - parts.interest_cents,
            owed.collection_fee_cents - parts.collection_fee_cents,
            0, 0, 0, 0
        )::private.ledger_state;
    end if;
end;
$$;

-- 0514_owed.sql
-- What each title of a client costs on a day. The one place that joins a title with its policy, its
-- calendar and its ledger; statement, offer, payment and break all ask here.

-- Where a title stood at the end of a day: its last living allocation until then.
create function private.debt_position(debt public.debts, on_date date)
returns private.ledger_state
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_position private.ledger_state;
    v_abated bigint;
begin
    select coalesce(sum(allocation.principal_cents), 0) into v_abated
    from public.payment_allocations as allocation
    where allocation.tenant_id = debt.tenant_id and allocation.debt_id = debt.id
      and allocation.paid_on <= on_date;
    select (jsonb_populate_record(null::private.ledger_state, allocation.position_after)).*
    into v_position
    from public.payment_allocations as allocation
    where allocation.tenant_id = debt.tenant_id and allocation.debt_id = debt.id
      and allocation.paid_on <= on_date
      and allocation.reverses_id is null
      and not exists (
          select from public.payment_allocations as reversal
          where reversal.tenant_id = allocation.tenant_id
            and reversal.reverses_id = allocation.id
      )
    order by allocation.paid_on desc, allocation.id desc
    limit 1;
    if not found then
        v_position := private.new_position(debt.principal_cents);
    end if;
    v_position.principal_cents := greatest(debt.principal_cents - v_abated, 0);
    return v_position;
end;
$$;

create type private.owed_debt as (
    debt public.debts,
    policy public.charge_policies,
    item private.ledger_state,
    accrual private.accrual
);

-- Without ids: everything of the client that is still owed. A settled title owes nothing, whatever
-- its agreement forgave.
create function private.owed(tenant_id uuid, client_id uuid, on_date date, debt_ids uuid[])
returns setof private.owed_debt
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v private.owed_debt;
    v_debt public.debts;
    v_effective date;
begin
    for v_debt in
        select debts.*
        from public.debts
        where debts.tenant_id = owed.tenant_id and debts.client_id = owed.client_id
          and (owed.debt_ids is null and debts.status not in ('settled', 'returned')
              or debts.id = any(owed.debt_ids))
        order by debts.due_on, debts.contract, debts.installment, debts.id
    loop
        v.debt := v_debt;
        v.policy := private.charge_policy(tenant_id, v_debt.creditor_id, on_date);
        v_effective := private.next_business_day(
            tenant_id, (v.policy).holiday_uf, v_debt.due_on, (v.policy).due_rule
        );
        v.item := private.debt_position(v.debt, on_date);
        if v_debt.status in ('settled', 'returned') then
            v.item := private.new_position(0);
        end if;
        v.accrual := private.accrue(v.item, v.policy, v_debt.due_on, v_effective, on_date);
        return next v;
    end loop;
end;
$$;

-- 0515_debt_statement.sql
-- The debt explained to the cent: every component of every title with its base, rate, days and
-- rounding (memória de cálculo). São Paulo's Lei 14.953/2013 wants original value and each addition
-- named apart, on paper, on screen or by voice: hence `text`, ready to be read aloud.
create function private.percent_text(percent numeric) returns text
language sql
immutable
strict
set search_path = ''
as $$
    select pg_catalog.replace(pg_catalog.trim_scale(percent)::text, '.', ',') || '%'
$$;

create function private.day_text(day date) returns text
language sql
immutable
strict
set search_path = ''
as $$
    select pg_catalog.to_char(day, 'DD/MM/YYYY')
$$;

-- One line of the memória: exact value before rounding with eight decimals of a cent's hundredth.
create function private.statement_line(
    component public.money_component, base_cents numeric, exact numeric, accrued bigint,
    carried bigint, paid bigint, detail jsonb
) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select detail || pg_catalog.jsonb_build_object(
        'component', component, 'base_cents', base_cents,
        'exact_cents', pg_catalog.trim_scale(pg_catalog.round(exact, 8))::text,
        'rounding', 'half_up', 'accrued_cents', accrued,
        -- Left unpaid before the last payment that lowered the principal, and paid since.
        'carried_cents', carried, 'paid_cents', paid,
        'result_cents', greatest(carried + accrued - paid, 0)
    )
$$;

create function private.statement_lines(owed private.owed_debt) returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
declare
    p public.charge_policies := owed.policy;
    i private.ledger_state := owed.item;
    a private.accrual := owed.accrual;
    v_fine_base bigint := a.principal_cents
        + case when p.is_fine_on_corrected then a.new_correction else 0 end;
    v_fee_base bigint := a.new_correction + a.new_fine + a.new_interest
        + case when i.is_overdue then 0 else a.principal_cents end;
    v_lines jsonb := jsonb_build_array(private.statement_line(
        'principal', (owed.debt).principal_cents, a.principal_cents, a.principal_cents, 0, 0,
        jsonb_build_object(
            'abated_cents', (owed.debt).principal_cents - a.principal_cents
        )
    ));
begin
    if p.index_name is not null then
        v_lines := v_lines || private.statement_line(
            'correction', a.principal_cents,
            greatest(a.principal_cents * (a.index_numerator - a.index_denominator), 0)
                / a.index_denominator,
            a.new_correction, i.frozen_correction, i.paid_correction,
            jsonb_build_object(
                'index', p.index_name, 'since', a.counted_since, 'until', a.on_date,
                'factor', round(a.index_numerator / a.index_denominator, 10)::text,
                'is_provisional', a.is_provisional
            )
        );
    end if;
    if p.fine_percent > 0 or i.frozen_fine > 0 then
        v_lines := v_lines || private.statement_line(
            'fine', v_fine_base,
            case when a.new_fine > 0 then v_fine_base * p.fine_percent / 100 else 0 end,
            a.new_fine, i.frozen_fine, i.paid_fine,
            jsonb_build_object('percent', p.fine_percent::text)
        );
    end if;
    if p.interest_percent > 0 or i.frozen_interest > 0 then
        v_lines := v_lines || private.statement_line(
            'interest', a.principal_cents + a.new_correction,
            (a.principal_cents + a.new_correction) * p.interest_percent * a.units
                / (100 * a.units_per_month),
            a.new_interest, i.frozen_interest, i.paid_interest,
            jsonb_build_object(
                'percent_per_month', p.interest_percent::text, 'rule', p.interest_rule,
                'since', a.counted_since, 'until', a.on_date,
                'days', case when a.is_charged then a.on_date - a.counted_since else 0 end
            )
        );
    end if;
    if p.collection_fee_percent > 0 or i.frozen_collection_fee > 0 then
        v_lines := v_lines || private.statement_line(
            'collection_fee', v_fee_base,
            case when a.is_charged then v_fee_base * p.collection_fee_percent / 100 else 0 end,
            a.new_collection_fee, i.frozen_collection_fee, i.paid_collection_fee,
            jsonb_build_object('percent', p.collection_fee_percent::text)
        );
    end if;
    return v_lines;
end;
$$;

-- As an operator reads it to the debtor.
create function private.statement_sentence(owed private.owed_debt) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    a private.accrual := owed.accrual;
    p public.charge_policies := owed.policy;
begin
    return concat_ws(' ',
        format('Contrato %s, parcela %s: valor original de %s, com vencimento em %s',
            (owed.debt).contract, (owed.debt).installment,
            private.brl((owed.debt).principal_cents), private.day_text(a.due_on))
        || case
            when a.days_late = 0 then '.'
            when a.days_late = 1 then ', 1 dia de atraso.'
            else format(', %s dias de atraso.', a.days_late)
        end,
        case when a.principal_cents <> (owed.debt).principal_cents then
            format('Saldo do principal: %s.', private.brl(a.principal_cents)) end,
        case when a.correction_cents > 0 then
            format('Correção monetária pelo %s: %s.',
                case p.index_name when 'ipca' then 'IPCA' when 'inpc' then 'INPC' else 'IGP-M' end,
                private.brl(a.correction_cents)) end,
        case when a.fine_cents > 0 then format('Multa de %s: %s.',
            private.percent_text(p.fine_percent), private.brl(a.fine_cents)) end,
        case when a.interest_cents > 0 then format('Juros de mora de %s ao mês: %s.',
            private.percent_text(p.interest_percent), private.brl(a.interest_cents)) end,
        case when a.collection_fee_cents > 0 then format('Honorários de cobrança de %s: %s.',
            private.percent_text(p.collection_fee_percent),
            private.brl(a.collection_fee_cents)) end,
        format('Total em %s: %s.', private.day_text(a.on_date), private.brl(a.total_cents))
    );
end;
$$;

-- 0516_statement_rpcs.sql
-- What the page asks: the statement of a client on a day, and the totals of the days to come.
create function private.statement_debt(owed private.owed_debt) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'debt_id', (owed.debt).id, 'contract', (owed.debt).contract,
        'installment', (owed.debt).installment, 'status', (owed.debt).status,
        'creditor', jsonb_build_object(
            'id', creditors.id, 'name', creditors.name, 'document', creditors.document,
            'address', creditors.address
        ),
        'due_on', (owed.accrual).due_on,
        'effective_due_date', (owed.accrual).effective_due_on,
        'days_late', (owed.accrual).days_late,
        'original_principal_cents', (owed.debt).principal_cents
    ) || jsonb_build_object(
        'principal_cents', (owed.accrual).principal_cents,
        'correction_cents', (owed.accrual).correction_cents,
        'fine_cents', (owed.accrual).fine_cents,
        'interest_cents', (owed.accrual).interest_cents,
        'collection_fee_cents', (owed.accrual).collection_fee_cents,
        'total_cents', (owed.accrual).total_cents,
        'policy_id', (owed.policy).id, 'policy_version', (owed.policy).version,
        'index_table_version', private.index_version(
            (owed.debt).tenant_id, (owed.policy).index_name
        ),
        'prescribes_on', private.prescribes_on(owed.debt),
        'is_prescribed', private.is_prescribed(owed.debt, (owed.accrual).on_date),
        'lines', private.statement_lines(owed),
        'text', private.statement_sentence(owed)
    )
    from public.creditors
    where creditors.tenant_id = (owed.debt).tenant_id
      and creditors.id = (owed.debt).creditor_id
$$;

create function private.statement(
    tenant_id uuid, client_id uuid, on_date date, debt_ids uuid[]
) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return (
        with owed as materialized (
            select title, row_number() over () as position
            from private.owed(
                statement.tenant_id, statement.client_id, statement.on_date, statement.debt_ids
            ) as title
        )
        select jsonb_build_object(
            'client_id', statement.client_id, 'on_date', statement.on_date,
            -- 1: the formulas of 0512. A change of formula is a new number.
            'engine_version', 1,
            'calendar_version', private.calendar_version(statement.tenant_id),
            'debts', coalesce(
                jsonb_agg(private.statement_debt(owed.title) order by owed.position), '[]'
            ),
            'totals', jsonb_build_object(
                'debts', count(*),
                'principal_cents', coalesce(sum(((owed.title).accrual).principal_cents), 0),
                'correction_cents', coalesce(sum(((owed.title).accrual).correction_cents), 0),
                'fine_cents', coalesce(sum(((owed.title).accrual).fine_cents), 0),
                'interest_cents', coalesce(sum(((owed.title).accrual).interest_cents), 0),
                'collection_fee_cents',
                coalesce(sum(((owed.title).accrual).collection_fee_cents), 0),
                'total_cents', coalesce(sum(((owed.title).accrual).total_cents), 0)
            ),
            'text', coalesce(
                string_agg(private.statement_sentence(owed.title), ' ' order by owed.position), ''
            ) || case when count(*) > 1 then ' Total geral: '
                || private.brl(sum(((owed.title).accrual).total_cents)::bigint) || '.' else '' end
        )
        from owed
    );
end;
$$;

-- Refuses a client of another tenant and titles of another client, by name.
create function private.require_debts(tenant_id uuid, client_id uuid, debt_ids uuid[])
returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_missing uuid;
begin
    if not exists (
        select from public.clients
        where clients.tenant_id = require_debts.tenant_id
          and clients.id = require_debts.client_id
    ) then
        raise exception 'client_not_found' using errcode = 'PT404',
            detail = 'no client with this id in the tenant';
    end if;
    select given.id into v_missing
    from unnest(debt_ids) as given (id)
    where not exists (
        select from public.debts
        where debts.tenant_id = require_debts.tenant_id
          and debts.client_id = require_debts.client_id and debts.id = given.id
    )
    limit 1;
    if found then
        raise exception 'debt_not_found' using errcode = 'PT404', 
            detail = coalesce(v_missing::text, 'none');
    end if;
end;
$$;

create function private.debt_statement(client_id uuid, on_date date, debt_ids uuid[])
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_on_date date := coalesce(on_date, private.today(v_tenant_id));
begin
    -- Ten years either way: every month of an index is a factor of the fraction that is carried.
    if abs(extract(year from v_on_date) - extract(year from private.today(v_tenant_id))) > 10 then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'on_date';
    end if;
    perform private.require_debts(v_tenant_id, client_id, debt_ids);
    return private.statement(v_tenant_id, client_id, v_on_date, debt_ids);
end;
$$;

create function public.debt_statement(
    client_id uuid, on_date date default null, debt_ids uuid[] default null
) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.debt_statement(client_id, on_date, debt_ids) $$;
comment on function public.debt_statement(uuid, date, uuid[]) is
'{client_id, on_date, engine_version, calendar_version, debts: [{…, lines, text}], totals, text}.
Without a date: today. Without ids: everything still owed. PT404 client_not_found, debt_not_found.';

create function private.statement_days(client_id uuid, debt_ids uuid[], days int)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- A slider of two months is more than the page shows.
    c_max_days constant int := 62;
    v_tenant_id uuid := private.require_role('operator');
    v_today date := private.today(v_tenant_id);
begin
    perform private.require_debts(v_tenant_id, client_id, debt_ids);
    return (
        select jsonb_agg(jsonb_build_object(
            'on_date', v_today + ahead,
            'total_cents', (
                select coalesce(sum((title.accrual).total_cents), 0)
                from private.owed(
                    v_tenant_id, statement_days.client_id, v_today + ahead,
                    statement_days.debt_ids
                ) as title
            )
        ) order by ahead)
        from generate_series(0, least(greatest(coalesce(days, 30), 0), c_max_days)) as ahead
    );
end;
$$;

create function public.statement_days(
    client_id uuid, debt_ids uuid[] default null, days int default 30
) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.statement_days(client_id, debt_ids, days) $$;
comment on function public.statement_days(uuid, uuid[], int) is
'[{on_date, total_cents}] from today on.';

grant execute on function
private.debt_statement(uuid, date, uuid[]), public.debt_statement(uuid, date, uuid[]),
private.statement_days(uuid, uuid[], int), public.statement_days(uuid, uuid[], int)
to authenticated;

-- 0520_agreement_templates.sql
-- An offer the agency may always make: "30% à vista", "entrada + 6x". What is inside the template
-- in every respect needs nobody's approval; what leaves it in one respect is judged by the person's
-- own limits alone, so that the discount for cash cannot be had in twelve installments.
create table public.agreement_templates (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    -- Null: for every creditor.
    creditor_id uuid,
    name text not null,
    position smallint not null default 0,
    -- Days late of the oldest title; the band may be open above.
    aging_from_days int not null default 0,
    aging_to_days int,
    principal_percent numeric(7, 4) not null default 0,
    correction_percent numeric(7, 4) not null default 0,
    fine_percent numeric(7, 4) not null default 0,
    interest_percent numeric(7, 4) not null default 0,
    collection_fee_percent numeric(7, 4) not null default 0,
    -- 0: paid by the down payment alone; 1: one payment.
    max_installments smallint not null default 1,
    min_installment_cents bigint not null default 0,
    -- The higher of the two counts.
    min_down_payment_cents bigint not null default 0,
    min_down_payment_percent numeric(7, 4) not null default 0,
    -- Price table, per cent a month; a price for time, never called fine or late interest.
    financing_percent numeric(7, 4) not null default 0,
    due_interval public.due_interval not null default 'monthly',
    validity_days smallint not null default 2,
    is_active boolean not null default true,
    created_at timestamptz not null default private.now(),
    constraint agreement_templates_pkey primary key (id),
    constraint agreement_templates_tenant_id_key unique (tenant_id, id),
    constraint agreement_templates_name_is_unique
    unique nulls not distinct (tenant_id, creditor_id, name),
    constraint agreement_templates_tenant_fkey foreign key (tenant_id)
    references public.tenants (id),
    constraint agreement_templates_creditor_fkey foreign key (tenant_id, creditor_id)
    references public.creditors (tenant_id, id),
    constraint agreement_templates_name_is_filled check (btrim(name) <> ''),
    constraint agreement_templates_band_is_a_span check (aging_to_days >= aging_from_days),
    constraint agreement_templates_percents_are_percent check (
        principal_percent between 0 and 100 and correction_percent between 0 and 100
        and fine_percent between 0 and 100 and interest_percent between 0 and 100
        and collection_fee_percent between 0 and 100
        and min_down_payment_percent between 0 and 100 and financing_percent between 0 and 100
    ),
    -- 120: ten years of months, beyond which a title prescribes twice.
    constraint agreement_templates_installments_are_few check (max_installments between 0 and 120),
    constraint agreement_templates_amounts_are_not_negative check (
        min_installment_cents >= 0 and min_down_payment_cents >= 0
    ),
    constraint agreement_templates_validity_is_short check (validity_days between 0 and 60)
);
comment on table public.agreement_templates is 'Offers that need no approval.';

create index agreement_templates_of_creditor
on public.agreement_templates (tenant_id, creditor_id, position);

alter table public.agreement_templates enable row level security;
alter table public.agreement_templates force row level security;

create policy agreement_templates_select_member on public.agreement_templates
for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy agreement_templates_insert_admin on public.agreement_templates
for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

create policy agreement_templates_update_admin on public.agreement_templates
for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

-- No delete: agreements point here; `is_active` retires an offer.
grant select on public.agreement_templates to authenticated;
grant insert (
    id, tenant_id, creditor_id, name, position, aging_from_days, aging_to_days,
    principal_percent, correction_percent, fine_percent, interest_percent,
    collection_fee_percent, max_installments, min_installment_cents, min_down_payment_cents,
    min_down_payment_percent, financing_percent, due_interval, validity_days, is_active
) on public.agreement_templates to authenticated;
grant update (
    name, position, aging_from_days, aging_to_days, principal_percent, correction_percent,
    fine_percent, interest_percent, collection_fee_percent, max_installments,
    min_installment_cents, min_down_payment_cents, min_down_payment_percent, financing_percent,
    due_interval, validity_days, is_active
) on public.agreement_templates to authenticated;

create trigger _900_audit_insert after insert on public.agreement_templates
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.agreement_templates
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.agreement_templates
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0525_approval_limits.sql
-- What each role may grant alone, per component; a row without a creditor is the tenant's default.
-- An approver is held to the limits of their own role: nobody overrides into "no limits".
create table public.approval_limits (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    creditor_id uuid,
    role public.member_role not null,
    principal_percent numeric(7, 4) not null default 0,
    correction_percent numeric(7, 4) not null default 0,
    fine_percent numeric(7, 4) not null default 0,
    interest_percent numeric(7, 4) not null default 0,
    -- The agency's own money, another authority than the creditor's.
    collection_fee_percent numeric(7, 4) not null default 0,
    -- Of everything together.
    total_percent numeric(7, 4) not null default 100,
    max_installments smallint not null default 1,
    min_installment_cents bigint not null default 0,
    -- The higher of the two; asked for only when there is more than one payment.
    min_down_payment_cents bigint not null default 0,
    min_down_payment_percent numeric(7, 4) not null default 0,
    -- First and last due date, in days after the day of the offer.
    max_first_due_days smallint not null default 30,
    max_last_due_days smallint not null default 1830,
    -- How many agreements may have been renegotiated or broken before this one.
    max_renegotiations smallint not null default 0,
    may_follow_break boolean not null default false,
    updated_at timestamptz not null default private.now(),
    constraint approval_limits_pkey primary key (id),
    constraint approval_limits_tenant_id_key unique (tenant_id, id),
    constraint approval_limits_one_per_role unique nulls not distinct (
        tenant_id, creditor_id, role
    ),
    constraint approval_limits_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint approval_limits_creditor_fkey foreign key (tenant_id, creditor_id)
    references public.creditors (tenant_id, id),
    constraint approval_limits_percents_are_percent check (
        principal_percent between 0 and 100 and correction_percent between 0 and 100
        and fine_percent between 0 and 100 and interest_percent between 0 and 100
        and collection_fee_percent between 0 and 100 and total_percent between 0 and 100
        and min_down_payment_percent between 0 and 100
    ),
    constraint approval_limits_counts_are_sane check (
        max_installments between 0 and 120 and min_installment_cents >= 0
        and min_down_payment_cents >= 0 and max_first_due_days between 0 and 3660
        and max_last_due_days between 0 and 3660 and max_renegotiations >= 0
    )
);
comment on table public.approval_limits is 'What each role may grant without asking.';

create index approval_limits_of_creditor on public.approval_limits (tenant_id, creditor_id);

alter table public.approval_limits enable row level security;
alter table public.approval_limits force row level security;

create policy approval_limits_select_member on public.approval_limits for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy approval_limits_insert_admin on public.approval_limits for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

create policy approval_limits_update_admin on public.approval_limits for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

grant select on public.approval_limits to authenticated;
grant insert (
    id, tenant_id, creditor_id, role, principal_percent, correction_percent, fine_percent,
    interest_percent, collection_fee_percent, total_percent, max_installments,
    min_installment_cents, min_down_payment_cents, min_down_payment_percent,
    max_first_due_days, max_last_due_days, max_renegotiations, may_follow_break
) on public.approval_limits to authenticated;
grant update (
    principal_percent, correction_percent, fine_percent, interest_percent,
    collection_fee_percent, total_percent, max_installments, min_installment_cents,
    min_down_payment_cents, min_down_payment_percent, max_first_due_days, max_last_due_days,
    max_renegotiations, may_follow_break
) on public.approval_limits to authenticated;

create trigger _100_touch_updated_at before update on public.approval_limits
for each row execute function private.tg_touch_updated_at();

-- A tenant begins careful: an operator forgives charges, principal wants somebody above.
create function private.ship_approval_limits(tenant_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.approval_limits (
        tenant_id, role, principal_percent, correction_percent, fine_percent, interest_percent,
        collection_fee_percent, max_installments, min_installment_cents, max_renegotiations,
        may_follow_break
    )
    values
        (ship_approval_limits.tenant_id, 'operator', 0, 0, 100, 50, 0, 12, 2000, 0, false),
        (ship_approval_limits.tenant_id, 'supervisor', 20, 50, 100, 100, 50, 24, 2000, 2, true),
        (ship_approval_limits.tenant_id, 'admin', 60, 100, 100, 100, 100, 60, 0, 10, true)
$$;

-- Tenants that are there already get what a new one gets.
select private.ship_approval_limits(tenants.id) from public.tenants;

create function private.tg_tenants__approval_limits() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.ship_approval_limits(new_rows.id) from new_rows;
    return null;
end;
$$;
create trigger _210_ship_approval_limits after insert on public.tenants
referencing new table as new_rows for each statement
execute function private.tg_tenants__approval_limits();

-- The creditor's row for that role, else the tenant's, else nothing at all.
create function private.limits_of(
    tenant_id uuid, creditor_id uuid, role public.member_role
) returns public.approval_limits
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_limits public.approval_limits;
begin
    select * into v_limits
    from public.approval_limits as known
    where known.tenant_id = limits_of.tenant_id and known.role = limits_of.role
      and (known.creditor_id = limits_of.creditor_id or known.creditor_id is null)
    order by known.creditor_id nulls last
    limit 1;
    return v_limits;
end;
$$;

create trigger _900_audit_insert after insert on public.approval_limits
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.approval_limits
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.approval_limits
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0527_agreement_policies.sql
-- How agreements of a creditor live: when they break, what a late or uneven payment means, how long
-- an offer stands. Versions are never changed; an agreement keeps the version it was made under
-- until somebody says that a newer one counts for it too.
create table public.agreement_policies (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    creditor_id uuid,
    version int not null,
    offer_validity_days smallint not null default 2,
    -- Days after the effective due date: 4 = provisional on D+4, 11 = definitive on D+11.
    provisional_after_days smallint not null default 4,
    definitive_after_days smallint not null default 11,
    -- A first payment that never came lapses on D+4: three days of tolerance.
    lapse_after_days smallint not null default 4,
    -- A boleto paid on the last day arrives one business day later, at times two.
    compensation_days smallint not null default 2,
    -- How many installments must have passed the deadline.
    max_overdue_installments smallint not null default 1,
    -- False: titles stay with dialer and rulers until the first payment.
    is_locking_at_once boolean not null default true,
    -- False: paying the scheduled amount late settles it, the difference stays visible.
    is_late_charged boolean not null default false,
    late_fine_percent numeric(7, 4) not null default 2,
    late_interest_percent numeric(7, 4) not null default 1,
    -- Where more than the installment goes: next, last, spread, credit (refund).
    surplus_mode text not null default 'next',
    -- Missing that little settles; the smaller of the two.
    tolerance_cents bigint not null default 100,
    tolerance_percent numeric(7, 4) not null default 0.5,
    -- More than this left over opens a refund (CDC 42); less is recorded as an adjustment.
    refund_above_cents bigint not null default 100,
    -- A supervisor settles up to here alone; 0 = always a second person.
    manual_limit_cents bigint not null default 0,
    created_by uuid,
    created_at timestamptz not null default private.now(),
    constraint agreement_policies_pkey primary key (id),
    constraint agreement_policies_tenant_id_key unique (tenant_id, id),
    constraint agreement_policies_version_is_unique
    unique nulls not distinct (tenant_id, creditor_id, version),
    constraint agreement_policies_tenant_fkey foreign key (tenant_id)
    references public.tenants (id),
    constraint agreement_policies_creditor_fkey foreign key (tenant_id, creditor_id)
    references public.creditors (tenant_id, id),
    constraint agreement_policies_created_by_fkey foreign key (created_by)
    references auth.users (id),
    constraint agreement_policies_definitive_is_later check (
        provisional_after_days between 1 and 365
        and definitive_after_days between provisional_after_days + 1 and 365
    ),
    constraint agreement_policies_days_are_sane check (
        lapse_after_days between 1 and 365 and compensation_days between 0 and 10
        and max_overdue_installments between 1 and 3 and offer_validity_days between 0 and 60
    ),
    constraint agreement_policies_late_fine_is_capped check (late_fine_percent between 0 and 2),
    constraint agreement_policies_late_interest_is_percent check (
        late_interest_percent between 0 and 100
    ),
    constraint agreement_policies_surplus_is_known check (
        surplus_mode in ('next', 'last', 'spread', 'credit')
    ),
    constraint agreement_policies_amounts_are_sane check (
        tolerance_cents between 0 and 10000 and tolerance_percent between 0 and 5
        and refund_above_cents between 0 and 10000 and manual_limit_cents >= 0
    )
);
comment on table public.agreement_policies is 'Break, lateness, surplus and validity, by version.';

create index agreement_policies_of_author on public.agreement_policies (created_by);

alter table public.agreement_policies enable row level security;
alter table public.agreement_policies force row level security;

create policy agreement_policies_select_member on public.agreement_policies
for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by `save_agreement_policy` only.
grant select on public.agreement_policies to authenticated;

create function private.tg_tenants__agreement_policy() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.agreement_policies (tenant_id, version)
    select new_rows.id, 1 from new_rows;
    return null;
end;
$$;
create trigger _220_ship_agreement_policy after insert on public.tenants
referencing new table as new_rows for each statement
execute function private.tg_tenants__agreement_policy();

-- The newest of the creditor, else of the tenant.
create function private.agreement_policy(tenant_id uuid, creditor_id uuid)
returns public.agreement_policies
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_policy public.agreement_policies;
begin
    select * into v_policy
    from public.agreement_policies as known
    where known.tenant_id = agreement_policy.tenant_id
      and (known.creditor_id = agreement_policy.creditor_id or known.creditor_id is null)
    order by known.creditor_id nulls last, known.version desc
    limit 1;
    return v_policy;
end;
$$;

-- Tenants that are there already get what a new one gets.
insert into public.agreement_policies (tenant_id, version)
select
    tenants.id,
    1 as version
from public.tenants;

create trigger _900_audit_insert after insert on public.agreement_policies
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.agreement_policies
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.agreement_policies
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0530_agreements.sql
-- An agreement (acordo): titles of one client and one creditor, priced on one day, to be paid by a
-- schedule of its own. Titles are never touched or deleted; the agreement is without novation, so a
-- break gives the titles back at their real balance. What was proposed is sealed by a hash.
create table public.agreements (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    client_id uuid not null,
    creditor_id uuid not null,
    status public.agreement_status not null default 'draft',
    -- The offer as simulated: inputs, titles, discounts, schedule (see simulate_agreement).
    priced jsonb not null,
    proposal_hash text not null,
    -- The memória de cálculo of the titles on `base_on`.
    statement jsonb not null,
    base_on date not null,
    valid_until date not null,
    original_cents bigint not null,
    discount_cents bigint not null,
    financing_cents bigint not null default 0,
    total_cents bigint not null,
    discount_percent numeric(5, 2) not null,
    installments smallint not null,
    first_due_on date not null,
    last_due_on date not null,
    template_id uuid,
    policy_id uuid not null,
    -- The agreement this one renegotiates, and how many came before in that line.
    replaces_id uuid,
    generation smallint not null default 0,
    approval_reasons jsonb not null default '[]',
    -- The least role that may approve; null when nobody had to.
    approval_role public.member_role,
    created_by uuid,
    decided_by uuid,
    decided_at timestamptz,
    decision_reason text,
    formalised_at timestamptz,
    closed_at timestamptz,
    created_at timestamptz not null default private.now(),
    updated_at timestamptz not null default private.now(),
    constraint agreements_pkey primary key (id),
    constraint agreements_tenant_id_key unique (tenant_id, id),
    constraint agreements_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint agreements_creditor_fkey foreign key (tenant_id, creditor_id)
    references public.creditors (tenant_id, id),
    constraint agreements_template_fkey foreign key (tenant_id, template_id)
    references public.agreement_templates (tenant_id, id),
    constraint agreements_policy_fkey foreign key (tenant_id, policy_id)
    references public.agreement_policies (tenant_id, id),
    constraint agreements_replaces_fkey foreign key (tenant_id, replaces_id)
    references public.agreements (tenant_id, id),
    constraint agreements_created_by_fkey foreign key (created_by) references auth.users (id),
    constraint agreements_decided_by_fkey foreign key (decided_by) references auth.users (id),
    constraint agreements_total_adds_up check (
        total_cents = original_cents - discount_cents + financing_cents and total_cents > 0
    ),
    constraint agreements_amounts_are_not_negative check (
        discount_cents >= 0 and financing_cents >= 0
    ),
    -- Whoever proposes does not approve.
    constraint agreements_approval_is_by_another check (
        decided_by is distinct from created_by or decided_by is null
    ),
    constraint agreements_rejection_has_reason check (
        status <> 'rejected' or btrim(decision_reason) <> ''
    )
);
comment on table public.agreements is 'Agreements; statuses move by private.transition_agreement.';

-- A double click, two tabs: one sealed proposal is one living agreement.
create unique index agreements_proposal_is_used_once
on public.agreements (tenant_id, proposal_hash)
where status not in (
    'rejected', 'expired', 'broken', 'settled', 'cancelled', 'replaced', 'lapsed'
);
create index agreements_of_client
on public.agreements (tenant_id, client_id, created_at desc, id desc);
-- Serve the list, with and without a status.
create index agreements_newest on public.agreements (tenant_id, created_at desc, id desc);
create index agreements_by_status
on public.agreements (tenant_id, status, created_at desc, id desc);
create index agreements_of_creditor on public.agreements (tenant_id, creditor_id);
create index agreements_of_template on public.agreements (tenant_id, template_id);
create index agreements_of_policy on public.agreements (tenant_id, policy_id);
create index agreements_of_replaced on public.agreements (tenant_id, replaces_id);
create index agreements_of_author on public.agreements (created_by);
create index agreements_of_decider on public.agreements (decided_by);

alter table public.agreements enable row level security;
alter table public.agreements force row level security;

create policy agreements_select_member on public.agreements for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by propose, decide and the transition function only.
grant select on public.agreements to authenticated;

create trigger _100_touch_updated_at before update on public.agreements
for each row execute function private.tg_touch_updated_at();

create trigger _500_broadcast_insert after insert on public.agreements
referencing new table as new_rows for each statement
execute function private.tg_broadcast('agreement_changed');
create trigger _500_broadcast_update after update on public.agreements
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_broadcast_status('agreement_changed');

create trigger _900_audit_insert after insert on public.agreements
referencing new table as new_rows for each statement
execute function private.tg_audit('priced', 'statement');
create trigger _900_audit_update after update on public.agreements
referencing old table as old_rows new table as new_rows
for each statement
execute function private.tg_audit('priced', 'statement');
create trigger _900_audit_delete after delete on public.agreements
referencing old table as old_rows for each statement
execute function private.tg_audit('priced', 'statement');

-- 0531_agreement_debts.sql
-- The titles inside an agreement, with what each cost on the day of the offer and what was waived.
create table public.agreement_debts (
    tenant_id uuid not null,
    agreement_id uuid not null,
    debt_id uuid not null,
    position smallint not null,
    principal_cents bigint not null,
    correction_cents bigint not null,
    fine_cents bigint not null,
    interest_cents bigint not null,
    collection_fee_cents bigint not null,
    discount_principal_cents bigint not null,
    discount_correction_cents bigint not null,
    discount_fine_cents bigint not null,
    discount_interest_cents bigint not null,
    discount_collection_fee_cents bigint not null,
    -- The agreement holds the title: from formalising until it ends.
    is_live boolean not null default false,
    constraint agreement_debts_pkey primary key (agreement_id, debt_id),
    constraint agreement_debts_agreement_fkey foreign key (tenant_id, agreement_id)
    references public.agreements (tenant_id, id),
    constraint agreement_debts_debt_fkey foreign key (tenant_id, debt_id)
    references public.debts (tenant_id, id),
    constraint agreement_debts_no_component_is_negative check (
        discount_principal_cents between 0 and principal_cents
        and discount_correction_cents between 0 and correction_cents
        and discount_fine_cents between 0 and fine_cents
        and discount_interest_cents between 0 and interest_cents
        and discount_collection_fee_cents between 0 and collection_fee_cents
    )
);
comment on table public.agreement_debts is 'Titles of an agreement, priced on its base day.';

-- A title is in one living agreement.
create unique index agreement_debts_one_living_agreement
on public.agreement_debts (tenant_id, debt_id) where is_live;
create index agreement_debts_of_debt on public.agreement_debts (tenant_id, debt_id);
create index agreement_debts_of_agreement on public.agreement_debts (tenant_id, agreement_id);

alter table public.agreement_debts enable row level security;
alter table public.agreement_debts force row level security;

create policy agreement_debts_select_member on public.agreement_debts for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written with the agreement. Not audited: prices never change, `is_live` follows the status.
grant select on public.agreement_debts to authenticated;

-- 0532_agreement_events.sql
-- What happened to an agreement, in order: every transition and every decision. Append-only.
create table public.agreement_events (
    id bigint generated always as identity,
    tenant_id uuid not null,
    agreement_id uuid not null,
    -- transition, or a code such as installment_cancelled, payment_allocated, break_waits.
    kind text not null,
    from_status public.agreement_status,
    to_status public.agreement_status,
    reason text,
    details jsonb not null default '{}',
    -- The tenant's business day it counts for.
    on_date date not null,
    actor_id uuid,
    created_at timestamptz not null default private.now(),
    constraint agreement_events_pkey primary key (id),
    constraint agreement_events_agreement_fkey foreign key (tenant_id, agreement_id)
    references public.agreements (tenant_id, id),
    constraint agreement_events_actor_fkey foreign key (actor_id) references auth.users (id),
    constraint agreement_events_kind_is_code check (kind ~ '^[a-z_]+$')
);
comment on table public.agreement_events is 'History of agreements; append-only.';

create index agreement_events_of_agreement
on public.agreement_events (tenant_id, agreement_id, id);
create index agreement_events_of_actor on public.agreement_events (actor_id);

alter table public.agreement_events enable row level security;
alter table public.agreement_events force row level security;

create policy agreement_events_select_member on public.agreement_events
for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by functions; not audited, because the rows are the record.
grant select on public.agreement_events to authenticated;

-- Ledger and history are written once, also by us: a correction is a new row.
create function private.tg_append_only() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    raise exception 'append_only' using errcode = 'PT409',
        detail = tg_table_name || ' is append-only; write a reversal';
end;
$$;
create trigger _100_append_only before update or delete on public.agreement_events
for each statement execute function private.tg_append_only();

create function private.tell_agreement(
    agreement_id uuid, kind text, on_date date, reason text default null,
    details jsonb default '{}', from_status public.agreement_status default null,
    to_status public.agreement_status default null
) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.agreement_events (
        tenant_id, agreement_id, kind, from_status, to_status, reason, details, on_date, actor_id
    )
    select agreement.tenant_id, agreement.id, tell_agreement.kind, tell_agreement.from_status,
        tell_agreement.to_status, tell_agreement.reason, tell_agreement.details,
        tell_agreement.on_date, auth.uid()
    from public.agreements as agreement
    where agreement.id = tell_agreement.agreement_id
$$;

-- 0535_installments.sql
-- The schedule of an agreement: rows from day one, with ids that go to the provider as ours. Nobody
-- computes a schedule again after it was agreed.
create table public.installments (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    agreement_id uuid not null,
    client_id uuid not null,
    -- 1, 2, 3… over down payments and installments alike; two down payments are two numbers.
    number smallint not null,
    kind public.installment_kind not null,
    -- Printed, and the day that counts: moved to a business day by the creditor's rule.
    due_on date not null,
    effective_due_on date not null,
    amount_cents bigint not null,
    method public.charge_method not null,
    status public.installment_status not null default 'open',
    -- Derived from `payment_allocations` by the ledger alone.
    paid_cents bigint not null default 0,
    late_cents bigint not null default 0,
    -- Forgiven within the tolerance when it was settled; never silent.
    adjustment_cents bigint not null default 0,
    -- The day of the payment that settled it.
    paid_on date,
    -- agreement_<status> when the agreement ended, else a person's words.
    cancel_reason text,
    -- A person wants it cancelled, and its charge must become unpayable first.
    cancelling_reason text,
    created_at timestamptz not null default private.now(),
    updated_at timestamptz not null default private.now(),
    constraint installments_pkey primary key (id),
    constraint installments_tenant_id_key unique (tenant_id, id),
    constraint installments_number_is_unique unique (agreement_id, number),
    constraint installments_agreement_fkey foreign key (tenant_id, agreement_id)
    references public.agreements (tenant_id, id),
    constraint installments_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint installments_amount_is_positive check (amount_cents > 0),
    constraint installments_paid_fits check (
        paid_cents between 0 and amount_cents and late_cents >= 0
        and adjustment_cents between 0 and amount_cents
    ),
    constraint installments_paid_has_day check ((status = 'paid') = (paid_on is not null)),
    constraint installments_cancelled_has_reason check (
        (status = 'cancelled') = (cancel_reason is not null)
    )
);
comment on table public.installments is 'Payments an agreement consists of.';

create index installments_of_agreement on public.installments (tenant_id, agreement_id, number);
create index installments_of_client on public.installments (tenant_id, client_id);
-- Serves the clock: what is open and due.
create index installments_open_by_day on public.installments (tenant_id, effective_due_on)
where status = 'open';

alter table public.installments enable row level security;
alter table public.installments force row level security;

create policy installments_select_member on public.installments for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by functions only.
grant select on public.installments to authenticated;

create trigger _100_touch_updated_at before update on public.installments
for each row execute function private.tg_touch_updated_at();

create trigger _500_broadcast_update after update on public.installments
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_broadcast_status('installment_changed');

create trigger _900_audit_insert after insert on public.installments
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.installments
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.installments
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0536_offer_discounts.sql
-- Discounts of an offer, component by component and title by title. An amount in reais stays that
-- amount and a per cent stays that per cent: turning one into the other and back moves cents.
create type private.priced_part as (
    debt_id uuid,
    position int,
    component public.money_component,
    before_cents bigint,
    discount_cents bigint
);

create function private.priced_parts(owed private.owed_debt[]) returns private.priced_part[]
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.array_agg(
        (
            (title.debt).id, title.position, part.component, part.cents, 0
        )::private.priced_part
        order by title.position, part.component
    )
    from unnest(owed) with ordinality as title (debt, policy, item, accrual, position)
    cross join lateral (
        values
        ('principal'::public.money_component, (title.accrual).principal_cents),
        ('correction', (title.accrual).correction_cents),
        ('fine', (title.accrual).fine_cents),
        ('interest', (title.accrual).interest_cents),
        ('collection_fee', (title.accrual).collection_fee_cents)
    ) as part (component, cents)
$$;

-- {"interest": 40} means per cent; {"interest": {"percent": 40}}, {"principal": {"cents": 9900}}
-- and {"target_total_cents": 90000} say it in full. Refuses everything else.
create function private.normal_discounts(discounts jsonb) returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_given record;
    v_normal jsonb := '{}';
    v_number numeric;
begin
    if discounts is null or jsonb_typeof(discounts) = 'null' then
        return v_normal;
    end if;
    perform private.require_known_keys(discounts, array[
        'principal', 'correction', 'fine', 'interest', 'collection_fee', 'target_total_cents'
    ]);
    for v_given in select entry.key, entry.value from jsonb_each(discounts) as entry loop
        if v_given.key <> 'target_total_cents' and jsonb_typeof(v_given.value) = 'number' then
            v_given.value := jsonb_build_object('percent', v_given.value);
        elsif v_given.key = 'target_total_cents' then
            v_given.value := jsonb_build_object('cents', v_given.value);
        end if;
        v_number := case
            when jsonb_typeof(v_given.value) = 'object'
                and (select count(*) from jsonb_object_keys(v_given.value)) = 1
                and jsonb_typeof(coalesce(v_given.value -> 'percent', v_given.value -> 'cents'))
                    = 'number'
            then coalesce(v_given.value ->> 'percent', v_given.value ->> 'cents')::numeric
        end;
        if v_number is null or v_number < 0
            or v_given.value ? 'percent' and (v_number > 100 or scale(trim_scale(v_number)) > 4)
            or v_given.value ? 'cents' and (v_number <> trunc(v_number) or v_number > 1e15)
            or v_given.key = 'target_total_cents' and discounts - 'target_total_cents' <> '{}'
        then
            raise exception 'discount_invalid' using errcode = 'PT400', detail = v_given.key;
        end if;
        if v_number > 0 or v_given.key = 'target_total_cents' then
            v_normal := v_normal || jsonb_build_object(v_given.key, v_given.value);
        end if;
    end loop;
    return v_normal;
end;
$$;

-- A total somebody wants becomes discounts in reais: charges are exhausted before the principal is
-- touched, and the agency's own fee comes last.
create function private.discounts_for_target(parts private.priced_part[], target_cents bigint)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_left bigint := (select sum(part.before_cents) from unnest(parts) as part) - target_cents;
    v_component public.money_component;
    v_taken bigint;
    v_discounts jsonb := '{}';
begin
    if v_left < 0 then
        raise exception 'discount_invalid' using errcode = 'PT400', detail = 'target_total_cents';
    end if;
    foreach v_component in array
        '{fine,interest,correction,principal,collection_fee}'::public.money_component[]
    loop
        v_taken := least(v_left, (
            select sum(part.before_cents) from unnest(parts) as part
            where part.component = v_component
        ));
        v_left := v_left - v_taken;
        v_discounts := v_discounts
            || jsonb_build_object(v_component, jsonb_build_object('cents', v_taken));
    end loop;
    return v_discounts;
end;
$$;

-- Per cent: rounded once per component and title. Reais: spread by cumulated shares, whole cents,
-- exact in sum and never more than a title's own.
create function private.discount_parts(parts private.priced_part[], discounts jsonb)
returns private.priced_part[]
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_wrong public.money_component;
begin
    if discounts ? 'target_total_cents' then
        discounts := private.discounts_for_target(
            parts, (discounts #>> '{target_total_cents,cents}')::bigint
        );
    end if;
    select part.component into v_wrong
    from unnest(parts) as part
    group by part.component
    having sum(part.before_cents) < max(
        (discounts #>> array[part.component::text, 'cents'])::bigint
    )
    limit 1;
    if found then
        raise exception 'discount_invalid' using errcode = 'PT400',
            detail = v_wrong || ': more than is owed';
    end if;
    return (
        select array_agg(
            (
                cumulated.debt_id, cumulated.position, cumulated.component, cumulated.before_cents,
                case
                    when cumulated.percent is not null
                        then private.round_ratio(cumulated.before_cents * cumulated.percent, 100)
                    when cumulated.total > 0 then
                        div(cumulated.until_here * cumulated.cents, cumulated.total)
                        - div((cumulated.until_here - cumulated.before_cents) * cumulated.cents,
                            cumulated.total)
                    else 0
                end
            )::private.priced_part
            order by cumulated.position, cumulated.component
        )
        from (
            select part.debt_id, part.position, part.component, part.before_cents,
                (discounts #>> array[part.component::text, 'percent'])::numeric as percent,
                coalesce((discounts #>> array[part.component::text, 'cents'])::numeric, 0) as cents,
                sum(part.before_cents) over (
                    partition by part.component order by part.position
                ) as until_here,
                sum(part.before_cents) over (partition by part.component) as total
            from unnest(parts) as part
        ) as cumulated
    );
end;
$$;

-- {principal_cents, …, total_cents} over all titles; `what`: before, discount or after.
create function private.parts_total(parts private.priced_part[], what text) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.jsonb_object_agg(counted.key, counted.cents)
    from (
        select coalesce(part.component::text, 'total') || '_cents' as key,
            sum(case what
                when 'before' then part.before_cents
                when 'discount' then part.discount_cents
                else part.before_cents - part.discount_cents
            end) as cents
        from unnest(parts) as part
        group by rollup (part.component)
    ) as counted
$$;

-- 0537_offer_schedule.sql
-- The schedule of an offer: amounts exact to the cent, dates without drift.
create type private.scheduled as (
    number int,
    kind public.installment_kind,
    due_on date,
    effective_due_on date,
    amount_cents bigint,
    method public.charge_method
);

-- Whole cents, the residual ones on the first installments: 1000/3 = 333.34 + 333.33 + 333.33.
create function private.split_cents(amount_cents bigint, parts int) returns bigint[]
language sql
immutable
strict
set search_path = ''
as $$
    select pg_catalog.array_agg(
        amount_cents / parts + case when n <= amount_cents % parts then 1 else 0 end order by n
    )
    from generate_series(1, parts) as n
$$;

-- Price table from the exact rate, each payment rounded half up: 900.00 at 2 % in 6 = 6 × 160.67.
-- `percent` is a month's; a shorter period takes its days' share of thirty.
create function private.price_payment(
    amount_cents bigint, parts int, percent numeric, period_days int
)
returns bigint
language plpgsql
immutable
strict
set search_path = ''
as $$
declare
    -- (3000 + i)^n and 3000^n: whole powers, so that nothing is rounded on the way.
    v_rate numeric := percent * period_days;
    v_grown numeric := 1;
    v_plain numeric := 1;
begin
    for i in 1..parts loop
        v_grown := v_grown * (3000 + v_rate);
        v_plain := v_plain * 3000;
    end loop;
    return private.round_ratio(amount_cents * v_rate * v_grown, 3000 * (v_grown - v_plain));
end;
$$;

-- That day of the month of `day`, or the month's last when it is shorter.
create function private.clamped_day(day date, due_day int) returns date
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.date_trunc('month', day)::date + least(
        due_day,
        extract(day from date_trunc('month', day) + interval '1 month' - interval '1 day')::int
    ) - 1
$$;

-- The due date number `k` (from 0). Months are always counted from the first one and clamped to the
-- month's end: 31 January, 28 February, 31 March.
create function private.nth_due_date(
    first_due date, due_day int, due_interval public.due_interval, k int
) returns date
language sql
immutable
set search_path = ''
as $$
    select case
        when k = 0 then first_due
        when due_interval = 'weekly' then first_due + 7 * k
        when due_interval = 'biweekly' then first_due + 14 * k
        else private.clamped_day(
            (date_trunc('month', first_due) + make_interval(months => k))::date,
            coalesce(due_day, extract(day from first_due)::int)
        )
    end
$$;

-- `offer`: normalised inputs of simulate_agreement. `total_cents`: after discounts.
create function private.plan_schedule(
    policy public.charge_policies, offer jsonb, total_cents bigint
) returns private.scheduled[]
language plpgsql
stable
set search_path = ''
as $$
declare
    v_base_on date := (offer ->> 'base_on')::date;
    v_count int := (offer ->> 'installments')::int;
    v_percent numeric := (offer ->> 'financing_percent')::numeric;
    v_down bigint := (
        select coalesce(sum((down ->> 'amount_cents')::bigint), 0)
        from jsonb_array_elements(offer -> 'down_payments') as down
    );
    v_rest bigint := total_cents - v_down;
    v_amounts bigint[];
    v_schedule private.scheduled[];
begin
    if v_rest < 0 or v_rest = 0 and v_count > 0 then
        raise exception 'down_payment_exceeds_total' using errcode = 'PT400',
            detail = format('%s of %s cents, %s installments', v_down, total_cents, v_count);
    elsif v_rest > 0 and v_count = 0 then
        raise exception 'down_payment_short' using errcode = 'PT400',
            detail = format('%s cents are missing and there are no installments', v_rest);
    elsif v_rest < v_count then
        raise exception 'installments_invalid' using errcode = 'PT400',
            detail = 'less than a cent each';
    end if;
    v_amounts := case
        when v_percent > 0 and v_count > 0
            then array_fill(private.price_payment(
                v_rest, v_count, v_percent,
                case offer ->> 'interval' when 'weekly' then 7 when 'biweekly' then 14 else 30 end
            ), array[v_count])
        else private.split_cents(v_rest, v_count)
    end;
    v_schedule := array(
        select (
            row_number() over (order by planned.due_on, planned.kind, planned.place),
            planned.kind, planned.due_on,
            private.next_business_day(
                policy.tenant_id, policy.holiday_uf, planned.due_on, policy.due_rule
            ),
            planned.amount_cents, planned.method
        )::private.scheduled
        from (
            select 'down_payment'::public.installment_kind as kind, down.place,
                (down.item ->> 'due_on')::date as due_on,
                (down.item ->> 'amount_cents')::bigint as amount_cents,
                (down.item ->> 'method')::public.charge_method as method
            from jsonb_array_elements(offer -> 'down_payments')
                with ordinality as down (item, place)
            union all
            select 'installment', k,
                private.nth_due_date(
                    (offer ->> 'first_due_date')::date, (offer ->> 'due_day')::int,
                    (offer ->> 'interval')::public.due_interval, k - 1
                ),
                v_amounts[k], (offer ->> 'method')::public.charge_method
            from generate_series(1, v_count) as k
        ) as planned
        order by 1
    );
    if exists (
        select from unnest(v_schedule) as planned
        where planned.due_on < v_base_on or planned.effective_due_on < v_base_on
    ) then
        raise exception 'due_date_in_past' using errcode = 'PT400',
            detail = 'no payment may be due before the day of the offer';
    end if;
    return v_schedule;
end;
$$;

-- 0538_offer_limits.sql
-- What an offer lacks to be allowed: each limit it leaves, with what was asked and what is allowed.
create type private.offer_facts as (
    parts private.priced_part [],
    schedule private.scheduled [],
    base_on date,
    before_cents bigint,
    after_cents bigint,
    -- Agreements of these titles that were renegotiated or broke before.
    generation int,
    broke_before boolean
);

create function private.limit_percent(
    limits public.approval_limits, component public.money_component
) returns numeric
language sql
immutable
set search_path = ''
as $$
    select case component
        when 'principal' then (limits).principal_percent
        when 'correction' then (limits).correction_percent
        when 'fine' then (limits).fine_percent
        when 'interest' then (limits).interest_percent
        else (limits).collection_fee_percent
    end
$$;

-- Rounded half up to hundredths of a per cent, as people read it.
create function private.percent_of(part bigint, whole bigint) returns numeric
language sql
immutable
set search_path = ''
as $$
    select case when whole > 0
        then (private.round_ratio(part * 10000::numeric, whole) / 100.0)::numeric(7, 2)
        else 0 end
$$;

create function private.offer_violations(
    facts private.offer_facts, limits public.approval_limits
) returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_reasons jsonb;
    -- A down payment is paid at the beginning; one later than a first payment may be due is an
    -- installment by another name.
    v_entry_ends date := facts.base_on + coalesce(limits.max_first_due_days, 0);
    v_installments int := (
        select count(*) from unnest(facts.schedule) as planned
        where planned.kind = 'installment' or planned.due_on > v_entry_ends
    );
    v_smallest bigint := (
        select min(planned.amount_cents) from unnest(facts.schedule) as planned
        where planned.kind = 'installment' or planned.due_on > v_entry_ends
    );
    v_down bigint := (
        select coalesce(sum(planned.amount_cents), 0) from unnest(facts.schedule) as planned
        where planned.kind = 'down_payment' and planned.due_on <= v_entry_ends
    );
    v_down_wanted bigint := greatest(
        limits.min_down_payment_cents,
        private.round_ratio(facts.after_cents * limits.min_down_payment_percent, 100)
    );
    v_first int := (select min(planned.due_on) from unnest(facts.schedule) as planned)
        - facts.base_on;
    v_last int := (select max(planned.due_on) from unnest(facts.schedule) as planned)
        - facts.base_on;
    -- And no longer than its installments take, a month each: otherwise a cent paid at once would
    -- buy years for the rest.
    v_last_wanted int := least(
        limits.max_last_due_days, limits.max_first_due_days + 31 * v_installments
    );
begin
    -- A role without a row may grant nothing.
    if limits.role is null then
        return '[{"code": "no_limits"}]';
    end if;
    -- Against what the limit itself would yield, title by title: rounding is nobody's excess.
    select coalesce(jsonb_agg(jsonb_build_object(
        'code', 'discount_above_limit', 'component', over.component,
        'asked', over.asked::text, 'limit', over.allowed::text
    ) order by over.component), '[]') into v_reasons
    from (
        select part.component, private.limit_percent(limits, part.component) as allowed,
            private.percent_of(
                sum(part.discount_cents)::bigint, sum(part.before_cents)::bigint
            ) as asked
        from unnest(facts.parts) as part
        group by part.component
        having sum(part.discount_cents) > sum(private.round_ratio(
            part.before_cents * private.limit_percent(limits, part.component), 100
        ))
    ) as over;

    return v_reasons || coalesce((
        select jsonb_agg(jsonb_build_object(
            'code', rule.code, 'asked', rule.asked::text, 'limit', rule.allowed::text
        ) order by rule.position)
        from (
            values
            (1, 'total_discount_above_limit',
                private.percent_of(facts.before_cents - facts.after_cents, facts.before_cents),
                limits.total_percent,
                facts.before_cents - facts.after_cents > private.round_ratio(
                    facts.before_cents * limits.total_percent, 100)),
            (2, 'installments_above_limit', v_installments, limits.max_installments,
                v_installments > limits.max_installments),
            (3, 'installment_below_minimum', v_smallest, limits.min_installment_cents,
                v_smallest < limits.min_installment_cents
                and cardinality(facts.schedule) > 1),
            (4, 'down_payment_below_minimum', v_down, v_down_wanted,
                v_down < v_down_wanted and cardinality(facts.schedule) > 1),
            (5, 'first_due_too_far', v_first, limits.max_first_due_days,
                v_first > limits.max_first_due_days),
            (6, 'last_due_too_far', v_last, v_last_wanted, v_last > v_last_wanted),
            (7, 'renegotiation_above_limit', facts.generation, limits.max_renegotiations,
                facts.generation > limits.max_renegotiations),
            (8, 'client_broke_before', 1, 0, facts.broke_before and not limits.may_follow_break)
        ) as rule (position, code, asked, allowed, is_left)
        where rule.is_left
    ), '[]');
end;
$$;

-- A template widens the limits of the one who offers it, in what a template speaks of.
create function private.template_limits(
    template public.agreement_templates, limits public.approval_limits
) returns public.approval_limits
language plpgsql
immutable
set search_path = ''
as $$
begin
    limits.principal_percent := template.principal_percent;
    limits.correction_percent := template.correction_percent;
    limits.fine_percent := template.fine_percent;
    limits.interest_percent := template.interest_percent;
    limits.collection_fee_percent := template.collection_fee_percent;
    limits.total_percent := 100;
    limits.max_installments := template.max_installments;
    limits.min_installment_cents := template.min_installment_cents;
    limits.min_down_payment_cents := template.min_down_payment_cents;
    limits.min_down_payment_percent := template.min_down_payment_percent;
    return limits;
end;
$$;

-- 0539_normal_offer.sql
-- The inputs of an offer, checked and made complete: every default is written out, so that what is
-- proposed later is word for word what was simulated.
create function private.normal_down_payments(
    down_payments jsonb, down_payment_cents bigint, method public.charge_method, base_on date
) returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
declare
    -- As many as months in a year: beyond that it is no entry.
    c_max_down_payments constant int := 12;
    v_given jsonb := coalesce(nullif(down_payments, 'null'), '[]');
    v_item jsonb;
    v_normal jsonb := '[]';
begin
    if jsonb_typeof(v_given) <> 'array' then
        raise exception 'down_payment_invalid' using errcode = 'PT400', detail = 'a list is needed';
    elsif jsonb_array_length(v_given) > c_max_down_payments or down_payment_cents < 0 then
        raise exception 'down_payment_invalid' using errcode = 'PT400',
            detail = format('at most %s, and none below zero', c_max_down_payments);
    end if;
    if v_given = '[]' and down_payment_cents > 0 then
        v_given := jsonb_build_array(jsonb_build_object('amount_cents', down_payment_cents));
    end if;
    for v_item in select item from jsonb_array_elements(v_given) as item loop
        perform private.require_known_keys(v_item, array['amount_cents', 'due_on', 'method']);
        if coalesce(v_item ->> 'amount_cents', '') !~ '^[1-9][0-9]{0,14}$'
            -- Written out, so that neither `tomorrow` nor `infinity` is a day.
            or coalesce(v_item ->> 'due_on', base_on::text) !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
            or not pg_input_is_valid(coalesce(v_item ->> 'due_on', base_on::text), 'date')
            or not pg_input_is_valid(
                coalesce(v_item ->> 'method', method::text), 'public.charge_method')
        then
            raise exception 'down_payment_invalid' using errcode = 'PT400', detail = v_item::text;
        end if;
        v_normal := v_normal || jsonb_build_object(
            'amount_cents', (v_item ->> 'amount_cents')::bigint,
            'due_on', coalesce(v_item ->> 'due_on', base_on::text)::date,
            'method', coalesce(v_item ->> 'method', method::text)
        );
    end loop;
    return v_normal;
end;
$$;

create function private.normal_offer(
    tenant_id uuid, client_id uuid, debt_ids uuid[], template_id uuid, discounts jsonb,
    installments int, down_payment_cents bigint, first_due_date date, due_day int,
    due_interval public.due_interval, method public.charge_method, down_payments jsonb,
    replaces_agreement_id uuid, base_on date
) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_template public.agreement_templates;
    v_method public.charge_method := coalesce(method, 'boleto');
    v_interval public.due_interval;
    v_downs jsonb := private.normal_down_payments(
        down_payments, down_payment_cents, v_method, base_on
    );
    v_anchor date := (
        select max((down ->> 'due_on')::date) from jsonb_array_elements(v_downs) as down
    );
    v_first date := first_due_date;
begin
    if coalesce(cardinality(debt_ids), 0) = 0 then
        raise exception 'no_debts' using errcode = 'PT400', detail = 'name at least one title';
    end if;
    perform private.require_debts(tenant_id, client_id, debt_ids);
    if template_id is not null then
        select * into v_template from public.agreement_templates as known
        where known.tenant_id = normal_offer.tenant_id and known.id = normal_offer.template_id;
        if not found then
            raise exception 'template_not_found' using errcode = 'PT404',
                detail = template_id::text;
        end if;
    end if;
    -- 120 as in the templates; a due day is a day of a month.
    if coalesce(installments, 1) not between 0 and 120 or due_day not between 1 and 31
        -- No agreement begins later than ten years from now (the table's own bound of a horizon).
        or first_due_date > base_on + 3660
    then
        raise exception 'installments_invalid' using errcode = 'PT400',
            detail = 'installments 0 to 120, due_day 1 to 31, the first within ten years';
    end if;
    if first_due_date < base_on and coalesce(installments, 1) > 0 then
        raise exception 'due_date_in_past' using errcode = 'PT400',
            detail = 'no payment may be due before the day of the offer';
    end if;
    v_interval := coalesce(due_interval, v_template.due_interval, 'monthly');
    if v_first is null then
        v_first := case
            -- The first such day after today and after the last down payment.
            when due_day is not null and v_interval = 'monthly' then (
                select min(candidate.day)
                from generate_series(0, 1) as ahead
                cross join lateral (
                    select private.clamped_day(
                        (date_trunc('month', coalesce(v_anchor, base_on))
                            + make_interval(months => ahead))::date, due_day
                    ) as day
                ) as candidate
                where candidate.day > coalesce(v_anchor, base_on)
            )
            when v_anchor is null then base_on + 1
            else private.nth_due_date(v_anchor, null, v_interval, 1)
        end;
    end if;
    return jsonb_build_object(
        'client_id', client_id,
        'debt_ids', (select jsonb_agg(distinct id order by id) from unnest(debt_ids) as id),
        'template_id', template_id,
        'discounts', private.normal_discounts(case
            when v_template.id is null or discounts is not null and discounts <> 'null'
                then discounts
            else jsonb_build_object(
                'principal', v_template.principal_percent,
                'correction', v_template.correction_percent,
                'fine', v_template.fine_percent, 'interest', v_template.interest_percent,
                'collection_fee', v_template.collection_fee_percent
            )
        end),
        'installments', coalesce(installments, 1), 'down_payments', v_downs,
        'first_due_date', v_first, 'due_day', due_day, 'interval', v_interval,
        'method', v_method, 'financing_percent', coalesce(v_template.financing_percent, 0),
        'replaces_agreement_id', replaces_agreement_id, 'base_on', base_on
    );
end;
$$;

-- 0540_simulate_agreement.sql
-- One offer, priced: what the panel previews and what a proposal is checked against. Everything is
-- computed from the offer's own words and its base day, so that the same words on the same day give
-- the same cents.

-- Seals are made with a key nobody outside the database has: a browser can neither invent a price
-- of yesterday nor stretch its validity.
create table private.proposal_key (
    is_only boolean primary key default true,
    secret bytea not null default extensions.gen_random_bytes(32),
    constraint proposal_key_has_one_row check (is_only)
);
alter table private.proposal_key enable row level security;
alter table private.proposal_key force row level security;
insert into private.proposal_key default values on conflict do nothing;

-- Over money and dates alone, whoever else edits a note or a method.
create function private.seal_offer(tenant_id uuid, priced jsonb) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select pg_catalog.encode(extensions.hmac(
        pg_catalog.convert_to(pg_catalog.jsonb_build_object(
            'tenant_id', tenant_id, 'client_id', priced #> '{proposal,client_id}',
            'base_on', priced -> 'base_on', 'valid_until', priced -> 'valid_until',
            'total_cents', priced -> 'total_cents', 'original_cents', priced -> 'original_cents',
            'debts', (
                select pg_catalog.jsonb_agg(
                    debt - 'contract' - 'installment' order by debt ->> 'debt_id'
                )
                from pg_catalog.jsonb_array_elements(priced -> 'debts') as debt
            ),
            'schedule', (
                select pg_catalog.jsonb_agg(planned - 'method' order by planned -> 'number')
                from pg_catalog.jsonb_array_elements(priced -> 'schedule') as planned
            )
        )::text, 'UTF8'),
        proposal_key.secret, 'sha256'
    ), 'hex')
    from private.proposal_key
$$;

-- The titles of an offer, or why they cannot be in one.
create function private.offer_debts(tenant_id uuid, offer jsonb) returns private.owed_debt[]
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_owed private.owed_debt[] := array(
        select title
        from private.owed(
            tenant_id, (offer ->> 'client_id')::uuid, (offer ->> 'base_on')::date,
            array(select jsonb_array_elements_text(offer -> 'debt_ids')::uuid)
        ) as title
    );
    v_debt public.debts;
    v_holder uuid;
begin
    if (select count(distinct (title.debt).creditor_id) from unnest(v_owed) as title) > 1 then
        raise exception 'debts_of_several_creditors' using errcode = 'PT409',
            detail = 'an agreement has one creditor; make one for each';
    end if;
    for v_debt in select (title.debt).* from unnest(v_owed) as title loop
        if v_debt.status in ('settled', 'returned') then
            raise exception 'debt_closed' using errcode = 'PT409', detail = v_debt.id::text;
        end if;
        select held.agreement_id into v_holder
        from public.agreement_debts as held
        where held.tenant_id = offer_debts.tenant_id and held.debt_id = v_debt.id and held.is_live;
        if found and v_holder is distinct from (offer ->> 'replaces_agreement_id')::uuid then
            raise exception 'debt_in_agreement' using errcode = 'PT409', detail = v_debt.id::text;
        end if;
    end loop;
    return v_owed;
end;
$$;

-- The agreement an offer follows: the one it replaces, else the last that broke over its titles.
create function private.offer_predecessor(tenant_id uuid, offer jsonb) returns public.agreements
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_agreement public.agreements;
begin
    if offer_predecessor.offer ->> 'replaces_agreement_id' is not null then
        select * into v_agreement from public.agreements as earlier
        where earlier.tenant_id = offer_predecessor.tenant_id
          and earlier.id = (offer_predecessor.offer ->> 'replaces_agreement_id')::uuid
          and earlier.client_id = (offer_predecessor.offer ->> 'client_id')::uuid;
        if not found then
            raise exception 'agreement_not_found' using errcode = 'PT404',
                detail = offer_predecessor.offer ->> 'replaces_agreement_id';
        elsif v_agreement.status not in (
            'awaiting_first_payment', 'active', 'overdue', 'broken_provisionally', 'broken',
            'lapsed'
        ) then
            raise exception 'agreement_not_replaceable' using errcode = 'PT409',
                detail = v_agreement.status::text;
        -- What is paid for the old one later goes to the new one: never to another creditor's.
        elsif exists (
            select from public.debts
            where debts.tenant_id = offer_predecessor.tenant_id
              and offer_predecessor.offer -> 'debt_ids' ? debts.id::text
              and debts.client_id = v_agreement.client_id
              and debts.creditor_id <> v_agreement.creditor_id
        ) then
            raise exception 'agreement_not_replaceable' using errcode = 'PT409',
                detail = 'another creditor';
        end if;
    else
        select earlier.* into v_agreement
        from public.agreements as earlier
        where earlier.tenant_id = offer_predecessor.tenant_id
          and earlier.client_id = (offer_predecessor.offer ->> 'client_id')::uuid
          and earlier.status = 'broken'
          and exists (
              select from public.agreement_debts as held
              where held.agreement_id = earlier.id
                and offer_predecessor.offer -> 'debt_ids' ? held.debt_id::text
          )
        order by earlier.closed_at desc, earlier.id
        limit 1;
    end if;
    return v_agreement;
end;
$$;

create function private.is_template_applicable(
    template public.agreement_templates, owed private.owed_debt[]
) returns boolean
language sql
immutable
set search_path = ''
as $$
    select template.is_active and bool_and(
        template.creditor_id is null or template.creditor_id = (title.debt).creditor_id
    ) and max((title.accrual).days_late) between template.aging_from_days
        and coalesce(template.aging_to_days, 100000)
    from unnest(owed) as title
$$;

-- 0541_price_offer.sql
-- The least role whose own limits hold the offer, from supervisor up; null when there is none.
create function private.approving_role(
    facts private.offer_facts, tenant_id uuid, creditor_id uuid
) returns public.member_role
language sql
stable
security definer
set search_path = ''
as $$
    select min(candidate)
    from unnest(enum_range('supervisor'::public.member_role, null)) as candidate
    where private.offer_violations(
        facts, private.limits_of(tenant_id, creditor_id, candidate)
    ) = '[]'
$$;

-- What no role may approve: the title must be freed first.
create function private.offer_obstacles(owed private.owed_debt[], on_date date) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'code', obstacle.code, 'debt_id', (title.debt).id
    ) order by (title.debt).id), '[]')
    from unnest(owed) as title
    cross join lateral (
        select case
            when (title.debt).status = 'on_hold' then 'debt_on_hold'
            when private.is_prescribed(title.debt, offer_obstacles.on_date) then 'debt_prescribed'
        end as code
    ) as obstacle
    where obstacle.code is not null
$$;

create function private.offer_debt_lines(
    owed private.owed_debt[], parts private.priced_part[]
) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select jsonb_agg(jsonb_build_object(
        'debt_id', (title.debt).id, 'contract', (title.debt).contract,
        'installment', (title.debt).installment,
        'before', private.parts_total(own.parts, 'before'),
        'discount', private.parts_total(own.parts, 'discount'),
        'after', private.parts_total(own.parts, 'after')
    ) order by (title.debt).due_on, (title.debt).id)
    from unnest(owed) as title
    cross join lateral (
        select array_agg(part) as parts from unnest(offer_debt_lines.parts) as part
        where part.debt_id = (title.debt).id
    ) as own
$$;

-- What came before, as far as a limit asks: facts without money or days.
create function private.offer_history(tenant_id uuid, offer jsonb, predecessor public.agreements)
returns private.offer_facts
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_facts private.offer_facts;
begin
    v_facts.schedule := '{}';
    v_facts.parts := '{}';
    v_facts.base_on := (offer ->> 'base_on')::date;
    v_facts.generation := coalesce(predecessor.generation + 1, 0);
    v_facts.broke_before := exists (
        select from public.agreements as earlier
        where earlier.tenant_id = offer_history.tenant_id
          and earlier.client_id = (offer ->> 'client_id')::uuid and earlier.status = 'broken'
    );
    return v_facts;
end;
$$;

create function private.price_offer(tenant_id uuid, role public.member_role, offer jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_base_on date := (offer ->> 'base_on')::date;
    v_owed private.owed_debt[] := private.offer_debts(tenant_id, offer);
    v_creditor_id uuid := (v_owed[1].debt).creditor_id;
    v_predecessor public.agreements := private.offer_predecessor(tenant_id, offer);
    v_template public.agreement_templates;
    v_limits public.approval_limits := private.limits_of(tenant_id, v_creditor_id, role);
    v_policy public.agreement_policies := private.agreement_policy(tenant_id, v_creditor_id);
    v_facts private.offer_facts := private.offer_history(tenant_id, offer, v_predecessor);
    v_reasons jsonb;
    v_obstacles jsonb := private.offer_obstacles(v_owed, v_base_on);
    v_financed bigint;
    v_priced jsonb;
begin
    v_facts.parts := private.discount_parts(
        private.priced_parts(v_owed), offer -> 'discounts'
    );
    select sum(part.before_cents), sum(part.before_cents - part.discount_cents)
    into v_facts.before_cents, v_facts.after_cents
    from unnest(v_facts.parts) as part;
    if v_facts.after_cents = 0 then
        raise exception 'nothing_to_pay' using errcode = 'PT400',
            detail = 'the discounts leave nothing';
    end if;
    v_facts.schedule := private.plan_schedule(v_owed[1].policy, offer, v_facts.after_cents);
    select sum(planned.amount_cents) into v_financed from unnest(v_facts.schedule) as planned;

    v_reasons := private.offer_violations(v_facts, v_limits);
    if offer ->> 'template_id' is not null then
        select * into v_template from public.agreement_templates as known
        where known.tenant_id = price_offer.tenant_id
          and known.id = (offer ->> 'template_id')::uuid;
        if not private.is_template_applicable(v_template, v_owed) then
            v_reasons := v_reasons || case when v_reasons <> '[]'
                then '[{"code": "template_not_applicable"}]' else '[]' end::jsonb;
        elsif v_reasons <> '[]' then
            v_reasons := private.offer_violations(
                v_facts, private.template_limits(v_template, v_limits)
            );
        end if;
    end if;

    v_priced := jsonb_build_object(
        'proposal', offer, 'base_on', v_base_on,
        'valid_until', least(
            v_base_on + coalesce(v_template.validity_days, v_policy.offer_validity_days),
            (select min(planned.effective_due_on) from unnest(v_facts.schedule) as planned)
        ),
        'creditor_id', v_creditor_id, 'policy_id', v_policy.id,
        'replaces_id', v_predecessor.id, 'generation', v_facts.generation,
        'debts', private.offer_debt_lines(v_owed, v_facts.parts),
        'totals', jsonb_build_object(
            'before', private.parts_total(v_facts.parts, 'before'),
            'discount', private.parts_total(v_facts.parts, 'discount'),
            'after', private.parts_total(v_facts.parts, 'after')
        ),
        'original_cents', v_facts.before_cents,
        'discount_cents', v_facts.before_cents - v_facts.after_cents,
        'financing_cents', v_financed - v_facts.after_cents, 'total_cents', v_financed,
        'discount_percent', private.percent_of(
            v_facts.before_cents - v_facts.after_cents, v_facts.before_cents
        )::text
    ) || jsonb_build_object(
        'schedule', to_jsonb(v_facts.schedule),
        'obstacles', v_obstacles, 'approval_reasons', v_reasons,
        'is_allowed', v_reasons = '[]' and v_obstacles = '[]',
        'approval_role', case when v_reasons <> '[]'
            then private.approving_role(v_facts, tenant_id, v_creditor_id) end,
        'warnings', case when (
            select max(planned.due_on) from unnest(v_facts.schedule) as planned
        ) > (
            select min(private.prescribes_on(title.debt)) from unnest(v_owed) as title
        ) then '["last_due_beyond_prescription"]' else '[]' end::jsonb
    );
    return v_priced
        || jsonb_build_object('proposal_hash', private.seal_offer(tenant_id, v_priced));
end;
$$;

-- 0542_best_offer.sql
-- "The best you may give now": the lowest total this person may offer for these titles without
-- asking anybody, by their own limits or by a template, paid at once.
create function private.best_offer(tenant_id uuid, role public.member_role, offer jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_owed private.owed_debt[] := private.offer_debts(tenant_id, offer);
    v_creditor_id uuid := (v_owed[1].debt).creditor_id;
    v_parts private.priced_part[] := private.priced_parts(v_owed);
    v_before bigint := (select sum(part.before_cents) from unnest(v_parts) as part);
begin
    -- After a break, or renegotiated too often: nothing at all without asking, nor by a template.
    if private.offer_violations(
        private.offer_history(tenant_id, offer, private.offer_predecessor(tenant_id, offer)),
        private.limits_of(tenant_id, v_creditor_id, role)
    ) @> any(array[
        '[{"code": "client_broke_before"}]', '[{"code": "renegotiation_above_limit"}]'
    ]::jsonb[]) then
        return null;
    end if;
    return (
        select jsonb_build_object(
            'source', case when candidate.template_id is null then 'limits' else 'template' end,
            'template_id', candidate.template_id, 'name', candidate.name,
            'discounts', candidate.discounts, 'total_cents', priced.after,
            'discount_cents', v_before - priced.after,
            'discount_percent', private.percent_of(v_before - priced.after, v_before)::text
        )
        from (
            select null::uuid as template_id, null::text as name, limits.total_percent,
                jsonb_build_object(
                    'principal', limits.principal_percent,
                    'correction', limits.correction_percent, 'fine', limits.fine_percent,
                    'interest', limits.interest_percent,
                    'collection_fee', limits.collection_fee_percent
                ) as discounts
            from private.limits_of(tenant_id, v_creditor_id, role) as limits
            where limits.role is not null
            union all
            select template.id, template.name, 100, jsonb_build_object(
                'principal', template.principal_percent,
                'correction', template.correction_percent, 'fine', template.fine_percent,
                'interest', template.interest_percent,
                'collection_fee', template.collection_fee_percent
            )
            from public.agreement_templates as template
            where template.tenant_id = best_offer.tenant_id
              and private.is_template_applicable(template, v_owed)
        ) as candidate
        cross join lateral (
            select greatest(
                sum(part.before_cents - part.discount_cents),
                -- A cap on the total binds however the components are cut.
                v_before - private.round_ratio(v_before * candidate.total_percent, 100)
            )::bigint as after
            from unnest(private.discount_parts(
                v_parts, private.normal_discounts(candidate.discounts)
            )) as part
        ) as priced
        order by priced.after, candidate.template_id nulls first
        limit 1
    );
end;
$$;

create function private.simulate_agreement(
    client_id uuid, debt_ids uuid[], template_id uuid, discounts jsonb, installments int,
    down_payment_cents bigint, first_due_date date, due_day int,
    due_interval public.due_interval, method public.charge_method, down_payments jsonb,
    replaces_agreement_id uuid
) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_role public.member_role := private.member_role();
    v_offer jsonb := private.normal_offer(
        v_tenant_id, client_id, debt_ids, template_id, discounts, installments,
        down_payment_cents, first_due_date, due_day, due_interval, method, down_payments,
        replaces_agreement_id, private.today(v_tenant_id)
    );
begin
    return private.price_offer(v_tenant_id, v_role, v_offer)
        || jsonb_build_object('best', private.best_offer(v_tenant_id, v_role, v_offer));
end;
$$;

create function public.simulate_agreement(
    client_id uuid, debt_ids uuid[], template_id uuid default null, discounts jsonb default null,
    installments int default 1, down_payment_cents bigint default 0,
    first_due_date date default null, due_day int default null,
    "interval" public.due_interval default null, method public.charge_method default 'boleto',
    down_payments jsonb default null, replaces_agreement_id uuid default null
) returns jsonb
language sql
stable
set search_path = ''
as $$
    select private.simulate_agreement(
        client_id, debt_ids, template_id, discounts, installments, down_payment_cents,
        first_due_date, due_day, "interval", method, down_payments, replaces_agreement_id
    )
$$;
comment on function public.simulate_agreement(
    uuid, uuid[], uuid, jsonb, int, bigint, date, int, public.due_interval,
    public.charge_method, jsonb, uuid
) is
'{proposal, proposal_hash, base_on, valid_until, debts, totals, original_cents, discount_cents,
financing_cents, total_cents, discount_percent, schedule, approval_reasons, approval_role,
obstacles, is_allowed, warnings, best}. Writes nothing.';

grant execute on function
private.simulate_agreement(
    uuid, uuid[], uuid, jsonb, int, bigint, date, int, public.due_interval,
    public.charge_method, jsonb, uuid
),
public.simulate_agreement(
    uuid, uuid[], uuid, jsonb, int, bigint, date, int, public.due_interval,
    public.charge_method, jsonb, uuid
)
to authenticated;

-- 0544_agreement_transitions.sql
-- The life of an agreement: one table of what may follow what, one function that moves it, with all
-- effects in the same transaction. Whatever is not in the table is refused by name.
create table private.agreement_transitions (
    from_status public.agreement_status not null,
    to_status public.agreement_status not null,
    constraint agreement_transitions_pkey primary key (from_status, to_status)
);
comment on table private.agreement_transitions is 'Legal moves of an agreement.';

alter table private.agreement_transitions enable row level security;
alter table private.agreement_transitions force row level security;

insert into private.agreement_transitions (from_status, to_status)
select
    legal.from_status::public.agreement_status as from_status,
    unnest(legal.to_statuses::public.agreement_status[]) as to_status
from (
    values
    ('draft', '{pending_approval,awaiting_first_payment}'),
    ('pending_approval', '{awaiting_first_payment,rejected,expired,cancelled}'),
    (
        'awaiting_first_payment',
        '{active,overdue,broken_provisionally,settled,lapsed,broken,cancelled,replaced}'
    ),
    (
        'active',
        '{awaiting_first_payment,overdue,broken_provisionally,broken,settled,cancelled,replaced}'
    ),
    (
        'overdue',
        '{awaiting_first_payment,active,broken_provisionally,broken,settled,cancelled,replaced}'
    ),
    (
        'broken_provisionally',
        '{awaiting_first_payment,active,overdue,broken,settled,cancelled,replaced}'
    ),
    ('broken', '{awaiting_first_payment}'),
    ('lapsed', '{awaiting_first_payment}'),
    ('cancelled', '{awaiting_first_payment}'),
    ('settled', '{awaiting_first_payment,active,overdue,broken_provisionally}')
) as legal (from_status, to_statuses);

-- The agreement holds its titles.
create function private.is_living(status public.agreement_status) returns boolean
language sql
immutable
set search_path = ''
as $$
    select status in ('awaiting_first_payment', 'active', 'overdue', 'broken_provisionally')
$$;

create function private.transition_agreement(
    agreement_id uuid, to_status public.agreement_status, reason text, on_date date,
    details jsonb default '{}'
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_was public.agreements;
    v_effects jsonb := '{}';
begin
    select * into v_was from public.agreements as agreement
    where agreement.id = transition_agreement.agreement_id
    for no key update;
    if not exists (
        select from private.agreement_transitions as legal
        where legal.from_status = v_was.status
          and legal.to_status = transition_agreement.to_status
    ) then
        raise exception 'transition_illegal' using errcode = 'PT409',
            detail = format('%s -> %s', v_was.status, to_status);
    end if;

    update public.agreements as agreement
    set status = transition_agreement.to_status,
        formalised_at = case when private.is_living(to_status)
            then coalesce(agreement.formalised_at, private.now()) else agreement.formalised_at end,
        closed_at = case when private.is_living(to_status) or to_status = 'pending_approval'
            then null else private.now() end
    where agreement.id = v_was.id;

    if private.is_living(to_status) then
        perform private.hold_agreement_debts(v_was.id, v_was.status, to_status);
        if not private.is_living(v_was.status) then
            perform private.reopen_installments(v_was.id);
        end if;
    elsif to_status = 'settled' then
        v_effects := private.settle_agreement_debts(v_was.id, on_date);
    elsif to_status <> 'pending_approval' then
        v_effects := private.release_agreement(v_was.id, v_was.status, to_status, on_date);
    end if;

    perform private.tell_agreement(
        v_was.id, 'transition', on_date, reason, details || v_effects, v_was.status, to_status
    );
    perform private.notify_agreement(v_was.id, v_was.status, to_status, reason);
end;
$$;
comment on function private.transition_agreement(
    uuid, public.agreement_status, text, date, jsonb
) is 'The only writer of agreements.status. PT409 transition_illegal, debt_in_agreement.';

-- 0545_reconciliations.sql
-- One sweep over the payments a provider has for one day: what it found and what callbacks had
-- lost. A day counts as reconciled when it was swept after it had ended; breaks wait for that.
create table public.reconciliations (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    integration_id uuid not null,
    -- The provider's payment date that was asked for.
    day date not null,
    started_at timestamptz not null default private.now(),
    finished_at timestamptz,
    -- The tenant's business day on which it ended.
    finished_on date,
    found int,
    -- Payments no callback had told us.
    recovered int,
    quarantined int,
    error text,
    requested_by uuid,
    constraint reconciliations_pkey primary key (id),
    constraint reconciliations_tenant_id_key unique (tenant_id, id),
    constraint reconciliations_integration_fkey foreign key (tenant_id, integration_id)
    references public.integrations (tenant_id, id),
    constraint reconciliations_requested_by_fkey foreign key (requested_by)
    references auth.users (id)
);
comment on table public.reconciliations is 'Sweeps over a provider''s payments, day by day.';

create index reconciliations_of_day
on public.reconciliations (tenant_id, integration_id, day desc, finished_on);
create index reconciliations_of_requester on public.reconciliations (requested_by);

alter table public.reconciliations enable row level security;
alter table public.reconciliations force row level security;

create policy reconciliations_select_member on public.reconciliations for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by the job. Not audited: the rows are the record.
grant select on public.reconciliations to authenticated;

create function private.begin_reconciliation(integration_id uuid, day date) returns uuid
language sql
security definer
set search_path = ''
as $$
    insert into public.reconciliations (tenant_id, integration_id, day)
    select integration.tenant_id, integration.id, begin_reconciliation.day
    from public.integrations as integration
    where integration.id = begin_reconciliation.integration_id
    returning id
$$;

create function private.finish_reconciliation(
    reconciliation_id uuid, found int, recovered int, quarantined int, error text default null
) returns void
language sql
security definer
set search_path = ''
as $$
    update public.reconciliations as sweep
    set finished_at = private.now(), found = finish_reconciliation.found,
        recovered = finish_reconciliation.recovered,
        quarantined = finish_reconciliation.quarantined, error = finish_reconciliation.error,
        -- A failed sweep reconciles nothing.
        finished_on = case when finish_reconciliation.error is null
            then private.today(sweep.tenant_id) end
    where sweep.id = finish_reconciliation.reconciliation_id and sweep.finished_at is null
$$;
comment on function private.finish_reconciliation(uuid, int, int, int, text) is
'With an error the day stays unreconciled; a second finish changes nothing.';

-- Which days each connected account should be swept for: the last `days`, and every older day some
-- agreement waits for; what was swept longest ago first, so that a sweep that runs out of time
-- leaves other days than the one before.
create function private.reconciliation_days(days int)
returns table (tenant_id uuid, integration_id uuid, settings jsonb, day date)
language sql
stable
security definer
set search_path = ''
as $$
    with wanted (tenant_id, integration_id, settings, day) as (
        select integration.tenant_id, integration.id, integration.settings,
            private.today(integration.tenant_id) - ago
        from public.integrations as integration
        cross join generate_series(0, reconciliation_days.days - 1) as ago
        where integration.provider = 'negociarie' and integration.is_active
        union
        select integration.tenant_id, integration.id, integration.settings, waiting.day
        from public.agreement_events as event
        join public.agreements as agreement
            on agreement.id = event.agreement_id and private.is_living(agreement.status)
        join public.integrations as integration
            on integration.tenant_id = event.tenant_id and integration.provider = 'negociarie'
            and integration.is_active
        cross join lateral (
            select jsonb_array_elements_text(event.details -> 'unreconciled')::date as day
        ) as waiting
        where event.kind = 'break_waits'
          and event.on_date >= private.today(event.tenant_id) - 1
    )
    select wanted.*
    from wanted
    order by (
        select max(sweep.started_at) from public.reconciliations as sweep
        where sweep.tenant_id = wanted.tenant_id
          and sweep.integration_id = wanted.integration_id and sweep.day = wanted.day
    ) nulls first, wanted.integration_id, wanted.day
$$;

-- After a sweep began at the full hour: the rest of it, until every day was tried.
create function private.continue_reconciliation() returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- As in functions/reconcile_payments.py.
    c_days constant int := 4;
begin
    if exists (
        select from private.reconciliation_days(c_days) as wanted
        where not exists (
            select from public.reconciliations as sweep
            where sweep.tenant_id = wanted.tenant_id
              and sweep.integration_id = wanted.integration_id and sweep.day = wanted.day
              and sweep.started_at >= date_trunc('hour', private.now())
        )
    ) then
        perform private.wake_function('reconcile-payments');
    end if;
end;
$$;
grant execute on function
private.begin_reconciliation(uuid, date),
private.finish_reconciliation(uuid, int, int, int, text),
private.reconciliation_days(int)
to worker;

-- 0546_agreement_effects.sql
-- What a transition does to titles, installments and charges. Called by transition_agreement only,
-- inside its transaction.
create function private.hold_agreement_debts(
    agreement_id uuid, from_status public.agreement_status, to_status public.agreement_status
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_held public.debts;
    v_locks boolean;
begin
    select policy.is_locking_at_once or to_status <> 'awaiting_first_payment' into v_locks
    from public.agreements as agreement
    join public.agreement_policies as policy on policy.id = agreement.policy_id
    where agreement.id = hold_agreement_debts.agreement_id;
    for v_held in
        select debts.*
        from public.agreement_debts as held
        join public.debts on debts.tenant_id = held.tenant_id and debts.id = held.debt_id
        where held.agreement_id = hold_agreement_debts.agreement_id
        order by debts.id
        for update of debts
    loop
        -- Held already: whatever was said of the title meanwhile, money that came in is booked.
        if private.is_living(from_status) then
            if v_locks and v_held.status in ('open', 'prescribed') then
                update public.debts set status = 'in_agreement' where debts.id = v_held.id;
            end if;
            continue;
        end if;
        if exists (
            select from public.agreement_debts as other
            where other.tenant_id = v_held.tenant_id and other.debt_id = v_held.id
              and other.is_live and other.agreement_id <> hold_agreement_debts.agreement_id
        ) then
            raise exception 'debt_in_agreement' using errcode = 'PT409', detail = v_held.id::text;
        elsif v_held.status in ('on_hold', 'prescribed', 'returned') then
            raise exception 'debt_not_collectable' using errcode = 'PT409',
                detail = format('%s is %s', v_held.id, v_held.status);
        -- Settled by another agreement; this one's own is reopened by a payment taken back.
        elsif v_held.status = 'settled' and from_status <> 'settled' then
            raise exception 'debt_closed' using errcode = 'PT409', detail = v_held.id::text;
        elsif v_locks and v_held.status <> 'in_agreement' then
            update public.debts set status = 'in_agreement' where debts.id = v_held.id;
        end if;
    end loop;
    update public.agreement_debts as held set is_live = true
    where held.agreement_id = hold_agreement_debts.agreement_id and not held.is_live;
end;
$$;

-- What the end of the agreement had cancelled; what a person cancelled stays so.
create function private.reopen_installments(agreement_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    update public.installments as part set status = 'open', cancel_reason = null
    where part.agreement_id = reopen_installments.agreement_id
      and part.status = 'cancelled' and part.cancel_reason like 'agreement\_%'
$$;

-- Everything agreed was paid: what the titles still showed was the discount, and is forgiven.
create function private.settle_agreement_debts(agreement_id uuid, on_date date) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_agreement public.agreements;
    v_owed bigint;
begin
    select * into v_agreement from public.agreements as agreement
    where agreement.id = settle_agreement_debts.agreement_id;
    select coalesce(sum((title.accrual).total_cents), 0) into v_owed
    from private.owed(
        v_agreement.tenant_id, v_agreement.client_id, on_date,
        private.agreement_debt_ids(v_agreement.id)
    ) as title;
    update public.agreement_debts as held set is_live = false
    where held.agreement_id = v_agreement.id and held.is_live;
    update public.debts set status = 'settled'
    where debts.tenant_id = v_agreement.tenant_id
      and debts.id = any(private.agreement_debt_ids(v_agreement.id))
      and debts.status not in ('settled', 'returned');
    perform private.unwant_charges(charge.id, 'agreement_settled')
    from public.charges as charge
    where charge.agreement_id = v_agreement.id and charge.is_wanted
      and charge.status not in ('paid', 'cancelled');
    return jsonb_build_object('forgiven_cents', v_owed);
end;
$$;

create function private.agreement_debt_ids(agreement_id uuid) returns uuid[]
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(array_agg(held.debt_id order by held.position), '{}')
    from public.agreement_debts as held
    where held.agreement_id = agreement_debt_ids.agreement_id
$$;

-- Titles go back at their real balance: the ledger of titles ran on beside the agreement, so there
-- is nothing to compute. The discount is forfeited, open installments and their charges end.
create function private.release_agreement(
    agreement_id uuid, from_status public.agreement_status, to_status public.agreement_status,
    on_date date
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_agreement public.agreements;
    v_restored bigint;
begin
    select * into v_agreement from public.agreements as agreement
    where agreement.id = release_agreement.agreement_id;
    update public.installments as part
    set status = 'cancelled', cancel_reason = 'agreement_' || release_agreement.to_status
    where part.agreement_id = v_agreement.id and part.status = 'open';
    perform private.unwant_charges(charge.id, 'agreement_' || to_status)
    from public.charges as charge
    where charge.agreement_id = v_agreement.id and charge.is_wanted
      and charge.status not in ('paid', 'cancelled');
    if not private.is_living(from_status) then
        return '{}';
    end if;
    update public.agreement_debts as held set is_live = false
    where held.agreement_id = v_agreement.id and held.is_live;
    update public.debts set status = private.free_status(debts, on_date)
    where debts.tenant_id = v_agreement.tenant_id
      and debts.id = any(private.agreement_debt_ids(v_agreement.id))
      and debts.status = 'in_agreement';
    -- One that the payments covered whole is not owed again.
    perform private.sync_debt_statuses(v_agreement.tenant_id, v_agreement.client_id, on_date);
    select coalesce(sum((title.accrual).total_cents), 0) into v_restored
    from private.owed(
        v_agreement.tenant_id, v_agreement.client_id, on_date,
        private.agreement_debt_ids(v_agreement.id)
    ) as title;
    return jsonb_build_object(
        'restored_cents', v_restored, 'forfeited_discount_cents', v_agreement.discount_cents,
        'paid_cents', (
            select coalesce(sum(part.paid_cents + part.late_cents), 0)
            from public.installments as part where part.agreement_id = v_agreement.id
        )
    );
end;
$$;

-- Who should learn of it without looking: its author, and for an end also those who supervise.
create function private.notify_agreement(
    agreement_id uuid, from_status public.agreement_status, to_status public.agreement_status,
    reason text
) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select agreement.tenant_id, member.user_id, 'agreement_' || notify_agreement.to_status,
        jsonb_build_object(
            'agreement_id', agreement.id, 'client_id', agreement.client_id,
            'reason', notify_agreement.reason
        )
    from public.agreements as agreement
    join public.memberships as member
        on member.tenant_id = agreement.tenant_id and member.revoked_at is null
    where agreement.id = notify_agreement.agreement_id
      and member.user_id is distinct from auth.uid()
      and case notify_agreement.to_status
          when 'pending_approval' then member.role >= agreement.approval_role
          when 'broken' then member.role >= 'supervisor' or member.user_id = agreement.created_by
          when 'awaiting_first_payment' then
              notify_agreement.from_status = 'pending_approval'
              and member.user_id = agreement.created_by
          when 'rejected' then member.user_id = agreement.created_by
          when 'expired' then member.user_id = agreement.created_by
          when 'lapsed' then member.user_id = agreement.created_by
          when 'settled' then member.user_id = agreement.created_by
          when 'cancelled' then member.user_id = agreement.created_by
          else false
      end
$$;

-- 0547_propose_agreement.sql
-- From offer to agreement. A proposal is priced again from its own words; only if the seal comes
-- out the same is it written. Expired, tampered with or overtaken by a payment: the new price goes
-- back and nothing is written.

-- The same offer as of today: dates that have passed are chosen anew.
create function private.reprice(tenant_id uuid, role public.member_role, offer jsonb) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_today date := private.today(tenant_id);
    v_first date := (offer ->> 'first_due_date')::date;
    v_downs jsonb := (
        select jsonb_agg(down || jsonb_build_object(
            'due_on', greatest((down ->> 'due_on')::date, v_today)
        ))
        from jsonb_array_elements(offer -> 'down_payments') as down
    );
    v_offer jsonb;
begin
    v_offer := private.normal_offer(
        tenant_id, (offer ->> 'client_id')::uuid,
        array(select jsonb_array_elements_text(offer -> 'debt_ids')::uuid),
        (offer ->> 'template_id')::uuid, private.given_discounts(offer -> 'discounts'),
        (offer ->> 'installments')::int, 0,
        case when v_first >= v_today then v_first end, (offer ->> 'due_day')::int,
        (offer ->> 'interval')::public.due_interval, (offer ->> 'method')::public.charge_method,
        v_downs, (offer ->> 'replaces_agreement_id')::uuid, v_today
    );
    return private.price_offer(tenant_id, role, v_offer)
        || jsonb_build_object('best', private.best_offer(tenant_id, role, v_offer));
end;
$$;

-- A normal form read again: {"cents": 1} of a target is the number itself.
create function private.given_discounts(normal jsonb) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select case when normal ? 'target_total_cents'
        then jsonb_build_object('target_total_cents', normal #> '{target_total_cents,cents}')
        else normal end
$$;

-- The offer priced on its own day by `role`, or null when it cannot be: not sealed like that, no
-- longer valid, or money has come in since.
create function private.unseal(
    tenant_id uuid, role public.member_role, proposal jsonb, proposal_hash text
) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_today date := private.today(tenant_id);
    v_base_on date := (proposal ->> 'base_on')::date;
    v_priced jsonb;
begin
    if v_base_on > v_today then
        return null;
    end if;
    v_priced := private.price_offer(tenant_id, role, private.normal_offer(
        tenant_id, (proposal ->> 'client_id')::uuid,
        array(select jsonb_array_elements_text(proposal -> 'debt_ids')::uuid),
        (proposal ->> 'template_id')::uuid, private.given_discounts(proposal -> 'discounts'),
        (proposal ->> 'installments')::int, 0, (proposal ->> 'first_due_date')::date,
        (proposal ->> 'due_day')::int, (proposal ->> 'interval')::public.due_interval,
        (proposal ->> 'method')::public.charge_method, proposal -> 'down_payments',
        (proposal ->> 'replaces_agreement_id')::uuid, v_base_on
    ));
    if v_priced ->> 'proposal_hash' is distinct from proposal_hash
        or (v_priced ->> 'valid_until')::date < v_today
        or exists (
            select from private.living_allocations as allocation
            where allocation.tenant_id = unseal.tenant_id
              and proposal -> 'debt_ids' ? allocation.debt_id::text
              and allocation.paid_on > v_base_on
        )
    then
        return null;
    end if;
    return v_priced;
end;
$$;

create function private.insert_agreement(tenant_id uuid, priced jsonb) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_id uuid;
begin
    insert into public.agreements (
        tenant_id, client_id, creditor_id, priced, proposal_hash, statement, base_on,
        valid_until, original_cents, discount_cents, financing_cents, total_cents,
        discount_percent, installments, first_due_on, last_due_on, template_id, policy_id,
        replaces_id, generation, approval_reasons, approval_role, created_by
    )
    select insert_agreement.tenant_id, (offer ->> 'client_id')::uuid,
        (priced ->> 'creditor_id')::uuid, priced, priced ->> 'proposal_hash',
        private.statement(
            insert_agreement.tenant_id, (offer ->> 'client_id')::uuid,
            (priced ->> 'base_on')::date,
            array(select jsonb_array_elements_text(offer -> 'debt_ids')::uuid)
        ),
        (priced ->> 'base_on')::date, (priced ->> 'valid_until')::date,
        (priced ->> 'original_cents')::bigint, (priced ->> 'discount_cents')::bigint,
        (priced ->> 'financing_cents')::bigint, (priced ->> 'total_cents')::bigint,
        (priced ->> 'discount_percent')::numeric, jsonb_array_length(priced -> 'schedule'),
        (priced #>> '{schedule,0,due_on}')::date, (priced #>> '{schedule,-1,due_on}')::date,
        (offer ->> 'template_id')::uuid, (priced ->> 'policy_id')::uuid,
        (priced ->> 'replaces_id')::uuid, (priced ->> 'generation')::int,
        priced -> 'approval_reasons', (priced ->> 'approval_role')::public.member_role,
        auth.uid()
    from (select priced -> 'proposal' as offer) as sealed
    returning id into v_id;

    insert into public.agreement_debts (
        tenant_id, agreement_id, debt_id, position, principal_cents, correction_cents, fine_cents,
        interest_cents, collection_fee_cents, discount_principal_cents,
        discount_correction_cents, discount_fine_cents, discount_interest_cents,
        discount_collection_fee_cents
    )
    select insert_agreement.tenant_id, v_id, (debt ->> 'debt_id')::uuid, place,
        (debt #>> '{before,principal_cents}')::bigint,
        (debt #>> '{before,correction_cents}')::bigint, (debt #>> '{before,fine_cents}')::bigint,
        (debt #>> '{before,interest_cents}')::bigint,
        (debt #>> '{before,collection_fee_cents}')::bigint,
        (debt #>> '{discount,principal_cents}')::bigint,
        (debt #>> '{discount,correction_cents}')::bigint,
        (debt #>> '{discount,fine_cents}')::bigint,
        (debt #>> '{discount,interest_cents}')::bigint,
        (debt #>> '{discount,collection_fee_cents}')::bigint
    from jsonb_array_elements(priced -> 'debts') with ordinality as listed (debt, place);

    insert into public.installments (
        tenant_id, agreement_id, client_id, number, kind, due_on, effective_due_on,
        amount_cents, method
    )
    select insert_agreement.tenant_id, v_id, (priced #>> '{proposal,client_id}')::uuid,
        planned.number, planned.kind, planned.due_on, planned.effective_due_on,
        planned.amount_cents, planned.method
    from jsonb_populate_recordset(null::private.scheduled, priced -> 'schedule') as planned;
    return v_id;
end;
$$;

-- 0548_formalise_agreement.sql
-- Proposing and deciding: who may, once, and never on an old price.
create function private.lock_client(tenant_id uuid, client_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    -- Everything that moves a client's money queues here first, in one order: client, agreement,
    -- titles. Two tabs become one after the other.
    perform from public.clients
    where clients.tenant_id = lock_client.tenant_id and clients.id = lock_client.client_id
    for no key update;
    if not found then
        raise exception 'client_not_found' using errcode = 'PT404',
            detail = 'no client with this id in the tenant';
    end if;
end;
$$;

-- The agreement it renegotiates ends in the same transaction, before its titles are held anew.
create function private.formalise_agreement(agreement_id uuid, reason text, on_date date)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_agreement public.agreements;
    v_replaced public.agreements;
begin
    select * into v_agreement from public.agreements as agreement
    where agreement.id = formalise_agreement.agreement_id;
    select * into v_replaced from public.agreements as earlier
    where earlier.id = v_agreement.replaces_id
    for no key update;
    if private.is_living(v_replaced.status) then
        perform private.transition_agreement(
            v_replaced.id, 'replaced', 'renegotiated', on_date,
            jsonb_build_object('successor_id', v_agreement.id)
        );
    elsif v_replaced.id is not null then
        perform private.tell_agreement(
            v_replaced.id, 'renegotiated', on_date, null,
            jsonb_build_object('successor_id', v_agreement.id)
        );
    end if;
    perform private.transition_agreement(
        v_agreement.id, 'awaiting_first_payment', reason, on_date
    );
end;
$$;

create function private.refuse_obstacles(obstacles jsonb) returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
    if obstacles @> '[{"code": "debt_on_hold"}]' then
        raise exception 'debt_on_hold' using errcode = 'PT409', detail = obstacles::text;
    elsif obstacles <> '[]' then
        raise exception 'debt_prescribed' using errcode = 'PT409', detail = obstacles::text;
    end if;
end;
$$;

create function private.propose_agreement(proposal jsonb, proposal_hash text) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_role public.member_role := private.member_role();
    v_today date := private.today(v_tenant_id);
    v_known public.agreements;
    v_priced jsonb;
    v_id uuid;
begin
    perform private.require_known_keys(proposal, array[
        'client_id', 'debt_ids', 'template_id', 'discounts', 'installments', 'down_payments',
        'first_due_date', 'due_day', 'interval', 'method', 'financing_percent',
        'replaces_agreement_id', 'base_on'
    ]);
    begin
        perform private.lock_client(v_tenant_id, (proposal ->> 'client_id')::uuid);
        select * into v_known from public.agreements as agreement
        where agreement.tenant_id = v_tenant_id
          and agreement.proposal_hash = propose_agreement.proposal_hash
          and (private.is_living(agreement.status) or agreement.status = 'pending_approval');
        if found then
            return private.proposal_outcome(v_known.id, true);
        end if;
        v_priced := private.unseal(v_tenant_id, v_role, proposal, proposal_hash);
        if v_priced is null then
            return jsonb_build_object(
                'outcome', 'repriced',
                'simulation', private.reprice(v_tenant_id, v_role, proposal)
            );
        end if;
    exception when data_exception then
        raise exception 'proposal_invalid' using errcode = 'PT400', detail = sqlerrm;
    end;

    perform private.refuse_obstacles(v_priced -> 'obstacles');
    if v_priced -> 'approval_reasons' <> '[]' and v_priced ->> 'approval_role' is null then
        raise exception 'above_every_limit' using errcode = 'PT409',
            detail = (v_priced -> 'approval_reasons')::text;
    end if;
    v_id := private.insert_agreement(v_tenant_id, v_priced);
    if v_priced -> 'approval_reasons' = '[]' then
        perform private.formalise_agreement(v_id, 'within_limits', v_today);
    else
        perform private.transition_agreement(
            v_id, 'pending_approval', 'above_limits', v_today
        );
    end if;
    return private.proposal_outcome(v_id, false);
end;
$$;

create function private.proposal_outcome(agreement_id uuid, is_repeated boolean) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'outcome', case when agreement.status = 'pending_approval'
            then 'pending_approval' else 'active' end,
        'agreement_id', agreement.id, 'status', agreement.status,
        'approval_role', agreement.approval_role, 'is_repeated', is_repeated
    )
    from public.agreements as agreement
    where agreement.id = proposal_outcome.agreement_id
$$;

create function public.propose_agreement(proposal jsonb, proposal_hash text) returns jsonb
language sql
set search_path = ''
as $$ select private.propose_agreement(proposal, proposal_hash) $$;
comment on function public.propose_agreement(jsonb, text) is
'`proposal` and `proposal_hash` as simulate_agreement gave them. {outcome: active |
pending_approval, agreement_id, status, approval_role, is_repeated} or {outcome: repriced,
simulation}. PT409 debt_in_agreement, debt_prescribed, debt_on_hold, above_every_limit.';

-- Locked in the common order, or PT404.
create function private.agreement_for_change(tenant_id uuid, agreement_id uuid)
returns public.agreements
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_agreement public.agreements;
begin
    select * into v_agreement from public.agreements as agreement
    where agreement.tenant_id = agreement_for_change.tenant_id
      and agreement.id = agreement_for_change.agreement_id;
    if not found then
        raise exception 'agreement_not_found' using errcode = 'PT404',
            detail = 'no agreement with this id in the tenant';
    end if;
    perform private.lock_client(tenant_id, v_agreement.client_id);
    select * into v_agreement from public.agreements as agreement
    where agreement.id = v_agreement.id
    for no key update;
    return v_agreement;
end;
$$;

grant execute on function
private.propose_agreement(jsonb, text), public.propose_agreement(jsonb, text)
to authenticated;

-- 0549_decide_agreement.sql
-- Approval and rejection: by another person, on the price that was sealed, within their own limits.
create function private.decide_agreement(agreement_id uuid, decision text, reason text)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_role public.member_role := private.member_role();
    v_today date := private.today(v_tenant_id);
    v_agreement public.agreements;
    v_priced jsonb;
begin
    if decision is null or decision not in ('approve', 'reject') then
        raise exception 'decision_unknown' using errcode = 'PT400',
            detail = coalesce(decision, 'none');
    end if;
    v_agreement := private.agreement_for_change(v_tenant_id, agreement_id);
    if v_agreement.status <> 'pending_approval' then
        raise exception 'agreement_not_pending' using errcode = 'PT409',
            detail = v_agreement.status::text;
    elsif v_agreement.created_by = auth.uid() then
        raise exception 'approval_by_author' using errcode = 'PT403',
            detail = 'another person decides';
    elsif decision = 'reject' and btrim(coalesce(reason, '')) = '' then
        raise exception 'reason_missing' using errcode = 'PT400',
            detail = 'a rejection wants a reason';
    end if;
    if decision = 'approve' then
        v_priced := private.unseal(
            v_tenant_id, v_role, v_agreement.priced -> 'proposal', v_agreement.proposal_hash
        );
        if v_priced is null then
            perform private.transition_agreement(
                v_agreement.id, 'expired', 'price_changed', v_today
            );
            return jsonb_build_object(
                'outcome', 'expired', 'agreement_id', v_agreement.id,
                'simulation', private.reprice(
                    v_tenant_id, v_role, v_agreement.priced -> 'proposal'
                )
            );
        end if;
        perform private.refuse_obstacles(v_priced -> 'obstacles');
        if v_priced -> 'approval_reasons' <> '[]' then
            raise exception 'approval_above_role' using errcode = 'PT403',
                detail = (v_priced -> 'approval_reasons')::text;
        end if;
    end if;
    update public.agreements as agreement
    set decided_by = auth.uid(), decided_at = private.now(),
        decision_reason = nullif(btrim(decide_agreement.reason), '')
    where agreement.id = v_agreement.id;
    if decision = 'approve' then
        perform private.formalise_agreement(v_agreement.id, 'approved', v_today);
    else
        perform private.transition_agreement(v_agreement.id, 'rejected', btrim(reason), v_today);
    end if;
    return jsonb_build_object(
        'outcome', case decision when 'approve' then 'approved' else 'rejected' end,
        'agreement_id', v_agreement.id
    );
end;
$$;

create function public.decide_agreement(
    agreement_id uuid, decision text, reason text default null
) returns jsonb
language sql
set search_path = ''
as $$ select private.decide_agreement(agreement_id, decision, reason) $$;
comment on function public.decide_agreement(uuid, text, text) is
'Supervisor or admin, never the author. decision: approve | reject (reason needed). {outcome:
approved | rejected, agreement_id} or {outcome: expired, agreement_id, simulation}. PT403
approval_by_author, approval_above_role; PT409 agreement_not_pending, debt_in_agreement.';

grant execute on function
private.decide_agreement(uuid, text, text), public.decide_agreement(uuid, text, text)
to authenticated;

-- 0550_aged_status.sql
-- What an agreement is on a given day, from its installments alone. One function, asked by the
-- clock, after every payment, and by the preview of a changed policy, so that none of them can
-- differ from another.
create type private.aging as (
    to_status public.agreement_status,
    -- An end is due but a payment may still be under way: compensating, reconciliation_late.
    waits_for text,
    unreconciled date []
);

-- An end (break or lapse) may be said only when a payment made on the last tolerated day would be
-- known: where money comes through a provider when every day was reconciled, else when the time
-- of compensation has passed.
create function private.awaited_days(
    agreement public.agreements, policy public.agreement_policies, first_day date, last_day date,
    on_date date, out waits_for text, out unreconciled date[]
)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_uf text := (private.charge_policy(
        agreement.tenant_id, agreement.creditor_id, on_date
    )).holiday_uf;
    v_is_compensated boolean := on_date > private.add_business_days(
        agreement.tenant_id, v_uf, last_day, policy.compensation_days
    );
    v_charge record;
begin
    select charge.integration_id, min((charge.created_at at time zone tenants.time_zone)::date)
        as since
    into v_charge
    from public.charges as charge
    join public.tenants on tenants.id = charge.tenant_id
    where charge.tenant_id = agreement.tenant_id and charge.agreement_id = agreement.id
      -- What never reached the provider cannot have been paid there.
      and (charge.status not in ('queued', 'failed') or charge.sent_at is not null)
    group by charge.integration_id;
    if v_charge.since is null or v_charge.since > last_day then
        waits_for := case when not v_is_compensated then 'compensating' end;
        return;
    end if;
    select array_agg(calendar.day::date order by calendar.day) into unreconciled
    from generate_series(greatest(first_day, v_charge.since), last_day, '1 day') as calendar (day)
    where not exists (
        select from public.reconciliations as sweep
        where sweep.tenant_id = agreement.tenant_id
          and sweep.integration_id = v_charge.integration_id
          and sweep.day = calendar.day::date
          and sweep.finished_on > calendar.day::date
    );
    waits_for := case
        when unreconciled is null then null
        when v_is_compensated then 'reconciliation_late'
        else 'compensating'
    end;
end;
$$;

create function private.aged_status(
    agreement public.agreements, policy public.agreement_policies, on_date date
) returns private.aging
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_aging private.aging;
    v_open date[];
    v_paid int;
    v_has_money boolean;
    v_deadline date;
    v_days int;
    v_awaited record;
begin
    if agreement.status = 'pending_approval' then
        v_aging.to_status := case when agreement.valid_until < on_date
            then 'expired' else 'pending_approval' end;
        return v_aging;
    end if;
    select array_agg(part.effective_due_on order by part.effective_due_on)
            filter (where part.status = 'open'),
        count(*) filter (where part.status = 'paid'),
        coalesce(bool_or(part.paid_cents > 0), false)
    into v_open, v_paid, v_has_money
    from public.installments as part
    where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id;

    v_days := on_date - v_open[1];
    v_aging.to_status := case
        when v_open is null and v_paid > 0 then 'settled'
        when v_paid = 0 then 'awaiting_first_payment'
        when v_days >= policy.provisional_after_days then 'broken_provisionally'
        when v_days > 0 then 'overdue'
        else 'active'
    end;
    if v_open is null then
        return v_aging;
    end if;

    -- Nobody breaks what they have not begun to keep.
    v_deadline := case
        when not v_has_money then v_open[1] + policy.lapse_after_days
        else v_open[policy.max_overdue_installments] + policy.definitive_after_days
    end;
    -- Fewer installments than the policy asks for: the last one decides.
    v_deadline := coalesce(
        v_deadline, v_open[cardinality(v_open)] + policy.definitive_after_days
    );
    if on_date >= v_deadline then
        v_awaited := private.awaited_days(
            agreement, policy, v_open[1], v_deadline - 1, on_date
        );
        if v_awaited.waits_for is null then
            v_aging.to_status := case when v_has_money then 'broken' else 'lapsed' end;
        else
            v_aging.waits_for := v_awaited.waits_for;
            v_aging.unreconciled := v_awaited.unreconciled;
        end if;
    end if;
    return v_aging;
end;
$$;

-- After money moved: the status follows the installments. Ends are the clock's alone.
create function private.refresh_agreement(agreement_id uuid, on_date date, reason text)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_agreement public.agreements;
    v_policy public.agreement_policies;
    v_to public.agreement_status;
begin
    select * into v_agreement from public.agreements as agreement
    where agreement.id = refresh_agreement.agreement_id
    for no key update;
    if not private.is_living(v_agreement.status) and v_agreement.status <> 'settled' then
        return;
    end if;
    select * into v_policy from public.agreement_policies as policy
    where policy.id = v_agreement.policy_id;
    v_to := (private.aged_status(v_agreement, v_policy, on_date)).to_status;
    if v_to in ('broken', 'lapsed') then
        if v_agreement.status <> 'settled' then
            return;
        end if;
        -- Reopened by a payment taken back. The clock reads what lives, so it must live first.
        v_to := case v_to when 'broken' then 'broken_provisionally'
            else 'awaiting_first_payment' end;
    end if;
    if v_to <> v_agreement.status then
        perform private.transition_agreement(v_agreement.id, v_to, reason, on_date);
    end if;
end;
$$;

-- 0551_job_runs.sql
-- Jobs leave a row with their result: a job that ran and did nothing and one that never ran are two
-- different alarms.
create table public.job_runs (
    id bigint generated always as identity,
    tenant_id uuid not null,
    job text not null,
    on_date date not null,
    started_at timestamptz not null default private.now(),
    finished_at timestamptz,
    result jsonb,
    -- How many parts failed; each is in `result`.
    failures int not null default 0,
    constraint job_runs_pkey primary key (id),
    constraint job_runs_tenant_fkey foreign key (tenant_id) references public.tenants (id)
);
comment on table public.job_runs is 'Daily jobs of a tenant and what came of them.';

create index job_runs_newest on public.job_runs (tenant_id, job, on_date desc, id desc);

alter table public.job_runs enable row level security;
alter table public.job_runs force row level security;

create policy job_runs_select_supervisor on public.job_runs for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

-- Not audited: the rows are the record.
grant select on public.job_runs to authenticated;

-- A failure is read by somebody.
create function private.finish_job(run_id bigint, result jsonb, failures int) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.job_runs as run
    set finished_at = private.now(), result = finish_job.result, failures = finish_job.failures
    where run.id = finish_job.run_id;
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select run.tenant_id, member.user_id, 'job_failed',
        jsonb_build_object('job', run.job, 'run_id', run.id, 'failures', finish_job.failures)
    from public.job_runs as run
    join public.memberships as member
        on member.tenant_id = run.tenant_id and member.revoked_at is null
        and member.role >= 'supervisor'
    where run.id = finish_job.run_id and finish_job.failures > 0;
end;
$$;

-- 0552_age_agreements.sql
-- The clock: once a day (and again whenever it is asked, to the same result) every agreement
-- becomes what it is on that day. One that fails does not stop the others.
create function private.age_agreement(agreement_id uuid, on_date date) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_agreement public.agreements;
    v_policy public.agreement_policies;
    v_aging private.aging;
begin
    select * into v_agreement from public.agreements as agreement
    where agreement.id = age_agreement.agreement_id;
    -- Most stay what they are; nobody should wait for the clock because of those.
    select * into v_policy from public.agreement_policies as policy
    where policy.id = v_agreement.policy_id;
    v_aging := private.aged_status(v_agreement, v_policy, on_date);
    if v_aging.to_status = v_agreement.status and v_aging.waits_for is null then
        return 'unchanged';
    end if;
    -- Whoever works on this client may be about to change the very thing: never waited for, the
    -- clock comes again.
    begin
        perform from public.clients
        where clients.tenant_id = v_agreement.tenant_id and clients.id = v_agreement.client_id
        for no key update nowait;
    exception when lock_not_available then
        return 'busy';
    end;
    select * into v_agreement from public.agreements as agreement
    where agreement.id = age_agreement.agreement_id
    for no key update;
    if not private.is_living(v_agreement.status) and v_agreement.status <> 'pending_approval' then
        return 'closed';
    end if;
    select * into v_policy from public.agreement_policies as policy
    where policy.id = v_agreement.policy_id;
    v_aging := private.aged_status(v_agreement, v_policy, on_date);
    if v_aging.to_status <> v_agreement.status then
        perform private.transition_agreement(
            v_agreement.id, v_aging.to_status, 'clock', on_date
        );
    end if;
    if v_aging.waits_for is null then
        return case when v_aging.to_status = v_agreement.status
            then 'unchanged' else v_aging.to_status::text end;
    end if;
    if not exists (
        select from public.agreement_events as event
        where event.tenant_id = v_agreement.tenant_id and event.agreement_id = v_agreement.id
          and event.kind = 'break_waits' and event.on_date = age_agreement.on_date
          and event.reason = v_aging.waits_for
    ) then
        perform private.tell_agreement(
            v_agreement.id, 'break_waits', on_date, v_aging.waits_for,
            jsonb_build_object('unreconciled', coalesce(to_jsonb(v_aging.unreconciled), '[]'))
        );
    end if;
    return v_aging.waits_for;
end;
$$;

-- What the clock does for one client, in a transaction of its own when it runs by itself
-- (private.run_money_jobs): {counts: {overdue: 1}, failures: []}.
create function private.age_client(
    tenant_id uuid, client_id uuid, on_date date, with_titles boolean
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_id uuid;
    v_outcome text;
    v_outcomes text[] := '{}';
    v_failures jsonb := '[]';
begin
    if with_titles and exists (
        select from private.debts_to_age(
            age_client.tenant_id, age_client.on_date, age_client.client_id
        )
    ) then
        begin
            -- The client before its titles, as everybody.
            perform from public.clients
            where clients.tenant_id = age_client.tenant_id and clients.id = age_client.client_id
            for no key update nowait;
            perform private.age_debts(
                age_client.tenant_id, age_client.on_date, age_client.client_id
            );
        exception
            when lock_not_available then
                v_outcomes := v_outcomes || 'titles_busy'::text;
            when others then
                v_outcomes := v_outcomes || 'failed'::text;
                v_failures := v_failures || jsonb_build_object(
                    'client_id', client_id, 'code', sqlstate, 'error', sqlerrm
                );
        end;
    end if;
    for v_id in
        select agreement.id from public.agreements as agreement
        where agreement.tenant_id = age_client.tenant_id
          and agreement.client_id = age_client.client_id
          and private.has_clock(agreement.status)
        order by agreement.id
    loop
        begin
            v_outcome := private.age_agreement(v_id, on_date);
        exception when others then
            v_outcome := 'failed';
            v_failures := v_failures || jsonb_build_object(
                'agreement_id', v_id, 'code', sqlstate, 'error', sqlerrm
            );
        end;
        v_outcomes := v_outcomes || v_outcome;
    end loop;
    return jsonb_build_object('counts', (
        select coalesce(jsonb_object_agg(counted.outcome, counted.times), '{}')
        from (
            select outcome, count(*) as times from unnest(v_outcomes) as outcome group by outcome
        ) as counted
    ), 'failures', v_failures);
end;
$$;

create function private.has_clock(status public.agreement_status) returns boolean
language sql
immutable
set search_path = ''
as $$ select status = 'pending_approval' or private.is_living(status) $$;

-- 0553_age_debts.sql
-- Titles grow old without anybody touching them: those whose day of prescription came.
create function private.debts_to_age(tenant_id uuid, on_date date, of_client uuid)
returns table (debt_id uuid, client_id uuid)
language sql
stable
security definer
set search_path = ''
as $$
    select debts.id, debts.client_id
    from public.debts
    where debts.tenant_id = debts_to_age.tenant_id and debts.status = 'open'
      and (debts_to_age.of_client is null or debts.client_id = debts_to_age.of_client)
      -- For the index; on 29 February the day five years before is the 28th, too.
      and debts.due_on <= (debts_to_age.on_date - interval '5 years')::date
      and private.is_prescribed(debts, debts_to_age.on_date)
      -- Acknowledged by an agreement that runs, where the policy leaves it open until paid.
      and not exists (
          select from public.agreement_debts as held
          where held.tenant_id = debts.tenant_id and held.debt_id = debts.id and held.is_live
      )
$$;

-- The daily job's part: one client's titles, or all.
create function private.age_debts(tenant_id uuid, on_date date, client_id uuid default null)
returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_marked int;
begin
    update public.debts set status = 'prescribed'
    where debts.id in (
        select old.debt_id
        from private.debts_to_age(age_debts.tenant_id, on_date, age_debts.client_id) as old
    );
    get diagnostics v_marked = row_count;
    return v_marked;
end;
$$;

-- 0554_clock_runs.sql
-- One run of the clock over a tenant: whom it concerns, what came of each, and its record.
create function private.clients_to_age(tenant_id uuid, on_date date, with_titles boolean)
returns uuid[]
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(array_agg(concerned.client_id order by concerned.client_id), '{}')
    from (
        select agreement.client_id from public.agreements as agreement
        where agreement.tenant_id = clients_to_age.tenant_id
          and agreement.status in (
              'pending_approval', 'awaiting_first_payment', 'active', 'overdue',
              'broken_provisionally'
          )
        union
        select old.client_id
        from private.debts_to_age(clients_to_age.tenant_id, clients_to_age.on_date, null) as old
        where clients_to_age.with_titles
    ) as concerned
$$;

-- A title's birthday comes once a day, and finding it reads the portfolio.
create function private.are_titles_aged(tenant_id uuid, on_date date) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.job_runs as run
        where run.tenant_id = are_titles_aged.tenant_id and run.job = 'age_agreements'
          and run.on_date = are_titles_aged.on_date and run.finished_at is not null
          and not run.result -> 'counts' ?| array['titles_busy', 'failed']
    )
$$;

create function private.begin_aging(
    tenant_id uuid, on_date date, with_titles boolean, out run_id bigint, out clients uuid[]
)
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.job_runs (tenant_id, job, on_date)
    values (begin_aging.tenant_id, 'age_agreements', begin_aging.on_date)
    returning id into run_id;
    clients := private.clients_to_age(tenant_id, on_date, with_titles);
exception when others then
    -- One tenant that fails does not stop the rest, and somebody reads of it.
    insert into public.job_runs (tenant_id, job, on_date)
    values (begin_aging.tenant_id, 'age_agreements', begin_aging.on_date)
    returning id into run_id;
    clients := '{}';
    perform private.finish_job(
        run_id, jsonb_build_object('code', sqlstate, 'error', sqlerrm), 1
    );
end;
$$;

create function private.add_outcomes(sum jsonb, outcomes jsonb) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.jsonb_build_object(
        'counts', (sum -> 'counts') || (
            select coalesce(pg_catalog.jsonb_object_agg(
                counted.key,
                counted.value::int + coalesce((sum #>> array['counts', counted.key])::int, 0)
            ), '{}')
            from pg_catalog.jsonb_each_text(outcomes -> 'counts') as counted
        ),
        'failures', (sum -> 'failures') || (outcomes -> 'failures')
    )
$$;

create function private.end_aging(run_id bigint, outcomes jsonb) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    -- Break and lapse wait for a sweep that should have come: somebody must look.
    if outcomes -> 'counts' ? 'reconciliation_late' then
        insert into public.notifications (tenant_id, user_id, kind, payload)
        select member.tenant_id, member.user_id, 'reconciliation_late',
            jsonb_build_object('agreements', outcomes #> '{counts,reconciliation_late}')
        from public.job_runs as run
        join public.memberships as member
            on member.tenant_id = run.tenant_id and member.revoked_at is null
            and member.role >= 'supervisor'
        where run.id = end_aging.run_id
          and not exists (
              select from public.notifications as told
              where told.tenant_id = member.tenant_id
                and told.user_id = member.user_id and told.kind = 'reconciliation_late'
                and told.created_at > private.now() - interval '20 hours'
          );
    end if;
    perform private.finish_job(run_id, outcomes, jsonb_array_length(outcomes -> 'failures'))
    from public.job_runs as run
    where run.id = end_aging.run_id and run.finished_at is null;
end;
$$;

-- Two clocks at once would only get into each other's way.
create function private.clock_lock(tenant_id uuid) returns bigint
language sql
immutable
set search_path = ''
as $$ select pg_catalog.hashtextextended('age_agreements:' || tenant_id, 0) $$;

-- The whole tenant in one transaction, its titles apart: for a day somebody names.
create function private.age_agreements(tenant_id uuid, on_date date) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_run record;
    v_client_id uuid;
    v_sum jsonb := '{"counts": {}, "failures": []}';
begin
    perform pg_advisory_xact_lock(private.clock_lock(tenant_id));
    v_run := private.begin_aging(tenant_id, on_date, false);
    foreach v_client_id in array v_run.clients loop
        v_sum := private.add_outcomes(
            v_sum, private.age_client(tenant_id, v_client_id, on_date, false)
        );
    end loop;
    perform private.end_aging(v_run.run_id, v_sum);
    return v_sum -> 'counts';
end;
$$;
comment on function private.age_agreements(uuid, date) is
'How many became what: {overdue: 3, broken: 1, compensating: 2, unchanged: 40, …}.';

-- 0556_negotiation_drafts.sql
-- The panel's draft, kept between two visits: one per person and client, saved while typing. It
-- binds nobody and is nobody else's business.
create table public.negotiation_drafts (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    client_id uuid not null,
    user_id uuid not null default auth.uid(),
    -- The inputs of simulate_agreement, for up to three proposals side by side.
    content jsonb not null,
    updated_at timestamptz not null default private.now(),
    constraint negotiation_drafts_pkey primary key (id),
    constraint negotiation_drafts_one_per_person unique (tenant_id, client_id, user_id),
    constraint negotiation_drafts_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint negotiation_drafts_user_fkey foreign key (user_id) references auth.users (id)
    on delete cascade,
    -- 32 kB hold three proposals many times over.
    constraint negotiation_drafts_content_is_small check (
        jsonb_typeof(content) = 'object' and pg_column_size(content) < 32768
    )
);
comment on table public.negotiation_drafts is 'Offers being typed, one per person and client.';

create index negotiation_drafts_of_user on public.negotiation_drafts (user_id);

alter table public.negotiation_drafts enable row level security;
alter table public.negotiation_drafts force row level security;

create policy negotiation_drafts_select_own on public.negotiation_drafts for select to authenticated
using (tenant_id = (select private.tenant_id()) and user_id = (select auth.uid()));

create policy negotiation_drafts_insert_own on public.negotiation_drafts for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and user_id = (select auth.uid()));

create policy negotiation_drafts_update_own on public.negotiation_drafts for update to authenticated
using (tenant_id = (select private.tenant_id()) and user_id = (select auth.uid()))
with check (tenant_id = (select private.tenant_id()) and user_id = (select auth.uid()));

create policy negotiation_drafts_delete_own on public.negotiation_drafts for delete to authenticated
using (tenant_id = (select private.tenant_id()) and user_id = (select auth.uid()));

-- Not audited: what was not proposed is no history.
grant select, delete on public.negotiation_drafts to authenticated;
grant insert (id, tenant_id, client_id, user_id, content) on public.negotiation_drafts
to authenticated;
grant update (content, updated_at) on public.negotiation_drafts to authenticated;

-- 0557_call_budgets.sql
-- 60 calls a minute is the provider's limit per account; counted here, because several workers
-- share it. In any minute, not by the clock's: 60 at its end and 60 at the next one's beginning
-- would be 120 in two seconds.
create table private.call_budgets (
    integration_id uuid not null,
    -- When each call of the last minute was taken.
    taken timestamptz[] not null default '{}',
    constraint call_budgets_pkey primary key (integration_id)
);
comment on table private.call_budgets is 'Calls of the last minute by provider account.';
alter table private.call_budgets enable row level security;
alter table private.call_budgets force row level security;

-- Takes up to `wanted` calls of the minute; answers how many it got.
create function private.take_calls(integration_id uuid, wanted int) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_calls_per_minute constant int := 60;
    v_taken timestamptz[];
    v_got int;
begin
    insert into private.call_budgets (integration_id) values (take_calls.integration_id)
    on conflict on constraint call_budgets_pkey do nothing;
    select budget.taken into v_taken from private.call_budgets as budget
    where budget.integration_id = take_calls.integration_id
    for update;
    v_taken := array(
        select one.at from unnest(v_taken) as one (at)
        where one.at > clock_timestamp() - interval '1 minute'
    );
    v_got := greatest(least(wanted, c_calls_per_minute - cardinality(v_taken)), 0);
    update private.call_budgets as budget
    set taken = v_taken || array_fill(clock_timestamp(), array[v_got])
    where budget.integration_id = take_calls.integration_id;
    return v_got;
end;
$$;
comment on function private.take_calls(uuid, int) is
'Sweeps and tests take theirs here, too: how many calls may be made within this minute.';
grant execute on function private.take_calls(uuid, int) to worker;

-- 0558_leave_collection.sql
-- Whoever owes nothing any more is left in peace at once: what was queued for them is skipped now,
-- not when its turn comes. (A run already being sent is asked again by its own claim.)
create function private.tg_clients__leave_collection() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.finish_run(run.id, 'skipped', 'nothing_owed')
    from new_rows as became
    join old_rows as was on was.id = became.id and was.open_debts > 0
    join public.automation_runs as run
        on run.tenant_id = became.tenant_id and run.client_id = became.id
        and run.status = 'queued'
    where became.open_debts = 0;
    return null;
end;
$$;

create trigger _400_leave_collection after update on public.clients
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_clients__leave_collection();

-- 0559_negociarie_fields.sql
-- What connecting Negociarie takes. What its documents leave open is the tenant's to set, with the
-- documented default where a field is left out.
insert into private.integration_fields (provider, field, is_secret, is_required, pattern)
values
('negociarie', 'client_id', false, true, '^[A-Za-z0-9_-]{1,100}$'),
('negociarie', 'client_secret', true, true, '^\S{8,200}$'),
-- Status codes that mean "paid" where the words are silent; the provider's pages contradict each
-- other (800 and 801), hence none by default.
('negociarie', 'paid_codes', false, false, '^[0-9]{1,4}(,[0-9]{1,4})*$'),
-- valor_multa and valor_mora_dia: in reais (default, nothing else is certain) or per cent.
('negociarie', 'fine_unit', false, false, '^(reais|percent)$'),
('negociarie', 'interest_unit', false, false, '^(reais|percent)$'),
-- Which methods the contract with the provider has; boleto alone when left out.
('negociarie', 'methods', false, false, '^(boleto|pix|card)(,(boleto|pix|card))*$');

-- 0560_charges.sql
-- A boleto, Pix or card link for one installment, and how far it came at the provider. `reference`
-- is ours and deterministic (the installment's id, numbered when issued again), so that a lost
-- answer can be looked up instead of sent twice. `is_wanted` is what we want, `status` what is.
create table public.charges (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    client_id uuid not null,
    agreement_id uuid not null,
    installment_id uuid not null,
    integration_id uuid not null,
    provider public.provider_name not null default 'negociarie',
    method public.charge_method not null,
    sequence smallint not null,
    reference text collate "C" not null,
    amount_cents bigint not null,
    due_on date not null,
    status public.charge_status not null default 'queued',
    is_wanted boolean not null default true,
    -- A callback or a person asked to look at the provider's own record.
    needs_lookup boolean not null default false,
    -- Fence of begin_charge and settle_charge.
    attempt int not null default 0,
    failures smallint not null default 0,
    action text,
    next_attempt_at timestamptz,
    lease_until timestamptz,
    queue_msg_id bigint,
    provider_group text,
    link text,
    digitable_line text,
    pix_code text,
    pdf_url text,
    error_code text,
    error_detail text,
    cancel_reason text,
    created_by uuid,
    created_at timestamptz not null default private.now(),
    updated_at timestamptz not null default private.now(),
    sent_at timestamptz,
    registered_at timestamptz,
    cancelled_at timestamptz,
    constraint charges_pkey primary key (id),
    constraint charges_tenant_id_key unique (tenant_id, id),
    constraint charges_reference_is_unique unique (integration_id, reference),
    constraint charges_agreement_fkey foreign key (tenant_id, agreement_id)
    references public.agreements (tenant_id, id),
    constraint charges_installment_fkey foreign key (tenant_id, installment_id)
    references public.installments (tenant_id, id),
    constraint charges_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint charges_integration_fkey foreign key (tenant_id, integration_id)
    references public.integrations (tenant_id, id),
    constraint charges_created_by_fkey foreign key (created_by) references auth.users (id),
    constraint charges_amount_is_positive check (amount_cents > 0),
    constraint charges_action_is_known check (
        action ~ '^(begun )?(create|lookup|cancel)$'
    )
);
comment on table public.charges is 'Boletos, Pix and card links, moved by guarded functions.';

-- Two clicks, two tabs: one payable charge per installment.
create unique index charges_one_wanted_per_installment
on public.charges (tenant_id, installment_id)
where is_wanted and status not in ('cancelled', 'failed', 'paid');
create index charges_of_installment on public.charges (tenant_id, installment_id, sequence);
create index charges_of_agreement on public.charges (tenant_id, agreement_id);
create index charges_of_client on public.charges (tenant_id, client_id, created_at desc, id desc);
create index charges_of_integration on public.charges (tenant_id, integration_id);
create index charges_of_author on public.charges (created_by);
-- Serves the console of what went wrong.
create index charges_failed on public.charges (tenant_id, updated_at desc)
where status in ('failed', 'unknown');

alter table public.charges enable row level security;
alter table public.charges force row level security;

create policy charges_select_member on public.charges for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by functions only. Not audited: the row carries the time of every step, and
-- `agreement_events` who asked for it.
grant select on public.charges to authenticated;

create trigger _100_touch_updated_at before update on public.charges
for each row execute function private.tg_touch_updated_at();

create trigger _500_broadcast_insert after insert on public.charges
referencing new table as new_rows for each statement
execute function private.tg_broadcast('charge_changed');
create trigger _500_broadcast_update after update on public.charges
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_broadcast_status('charge_changed');

-- 0562_want_charges.sql
-- Asking for a charge and taking the wish back. Both only write the wish and its queue message, in
-- the transaction of whoever decided; a worker does the rest (0566).
select pgmq.create('charges');
alter table pgmq.q_charges set (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0
);

create function private.enqueue_charge(charge_id uuid, at timestamptz) returns bigint
language sql
security definer
set search_path = ''
as $$
    insert into pgmq.q_charges (vt, message)
    values (
        pg_catalog.clock_timestamp() + (enqueue_charge.at - private.now()),
        pg_catalog.jsonb_build_object('charge_id', enqueue_charge.charge_id)
    )
    returning msg_id
$$;

-- Puts the charge into the queue once more, now; an older message of it is stale from here on.
create function private.poke_charge(charge_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.charges as charge
    set queue_msg_id = private.enqueue_charge(charge.id, private.now()), next_attempt_at = null
    where charge.id = poke_charge.charge_id;
    perform private.wake_function('negociarie-charge');
end;
$$;

create function private.unwant_charges(charge_id uuid, reason text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_charge public.charges;
begin
    update public.charges as charge
    set is_wanted = false, cancel_reason = unwant_charges.reason, failures = 0,
        status = case
            -- Nobody has begun to send it: nothing to take back at the provider.
            when charge.status = 'queued' then 'cancelled'
            -- Sent before it failed, it may be there: looked up, and taken back if it is.
            when charge.status = 'failed' and charge.sent_at is not null then 'unknown'
            else charge.status
        end,
        cancelled_at = case when charge.status = 'queued' then private.now() end
    where charge.id = unwant_charges.charge_id and charge.is_wanted
    returning * into v_charge;
    if found and v_charge.status not in ('cancelled', 'failed') then
        perform private.poke_charge(v_charge.id);
    end if;
end;
$$;

-- 0563_save_client_address.sql
-- What a charge needs to know of its payer, asked for before the provider is called and not learnt
-- by its refusal.

-- The operator on the phone writes the address down; the table itself is a supervisor's to edit.
create function private.save_client_address(client_id uuid, address jsonb) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_missing text;
    v_id uuid;
begin
    perform private.require_known_keys(address, array[
        'cep', 'street', 'number', 'complement', 'district', 'city', 'uf'
    ]);
    perform private.require_debts(v_tenant_id, client_id, null);
    select wanted.field into v_missing
    from (
        values
        ('cep', '^[0-9]{5}-?[0-9]{3}$'), ('street', '\S'), ('number', '\S'), ('district', '\S'),
        ('city', '\S'), ('uf', '^[A-Za-z]{2}$')
    ) as wanted (field, pattern)
    where coalesce(address ->> wanted.field, '') !~ wanted.pattern
        or length(address ->> wanted.field) > 200
    limit 1;
    if found then
        raise exception 'address_invalid' using errcode = 'PT400', detail = v_missing;
    end if;
    insert into public.client_addresses (
        tenant_id, client_id, cep, street, number, complement, district, city, uf
    )
    values (
        v_tenant_id, save_client_address.client_id, replace(address ->> 'cep', '-', ''),
        btrim(address ->> 'street'), btrim(address ->> 'number'),
        nullif(btrim(left(address ->> 'complement', 200)), ''), btrim(address ->> 'district'),
        btrim(address ->> 'city'), upper(address ->> 'uf')
    )
    returning id into v_id;
    return v_id;
end;
$$;

create function public.save_client_address(client_id uuid, address jsonb) returns uuid
language sql
set search_path = ''
as $$ select private.save_client_address(client_id, address) $$;
comment on function public.save_client_address(uuid, jsonb) is
'{cep, street, number, complement?, district, city, uf}; the newest address counts. PT400
address_invalid (detail = field).';

grant execute on function
private.save_client_address(uuid, jsonb), public.save_client_address(uuid, jsonb)
to authenticated;

-- {document, name, email, phone, cep, …}: the newest complete address, the first phone.
create function private.payer_of(tenant_id uuid, client_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return (
        select jsonb_build_object(
            'document', client.document, 'name', client.name, 'email', client.email,
            'phone', (
                select known.phone from public.client_phones as known
                where known.tenant_id = client.tenant_id and known.client_id = client.id
                order by known.position, known.created_at, known.id
                limit 1
            )
        ) || coalesce((
            select jsonb_build_object(
                'cep', known.cep, 'street', known.street, 'number', known.number,
                'complement', known.complement, 'district', known.district,
                'city', known.city, 'uf', known.uf
            )
            from public.client_addresses as known
            where known.tenant_id = client.tenant_id and known.client_id = client.id
              and num_nulls(known.cep, known.number, known.district) = 0
            order by known.created_at desc, known.id desc
            limit 1
        ), '{}')
        from public.clients as client
        where client.tenant_id = payer_of.tenant_id and client.id = payer_of.client_id
    );
end;
$$;

create function private.require_payer(tenant_id uuid, client_id uuid) returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_payer jsonb := private.payer_of(tenant_id, client_id);
begin
    if not v_payer ? 'cep' then
        raise exception 'address_missing' using errcode = 'PT409',
            detail = 'cep, street, number, district, city, uf';
    elsif v_payer ->> 'phone' is null then
        raise exception 'phone_missing' using errcode = 'PT409', detail = 'phone';
    end if;
end;
$$;

-- 0564_request_charges.sql
-- A person asks for a boleto, a Pix or a card link. Nothing is payable before the agreement is
-- formalised, and what the provider will need is asked for now.

-- Printed as agreed, and never a day that is over, which no bank takes: then today, or the next
-- business day. The page and every message show the charge's own day.
create function private.charge_due_on(part public.installments) returns date
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_today date := private.today((part).tenant_id);
    -- Where the rule moves it back in time the debtor must see that.
    v_due_on date := least((part).due_on, (part).effective_due_on);
begin
    if v_due_on >= v_today then
        return v_due_on;
    end if;
    return (
        select private.next_business_day((part).tenant_id, (private.charge_policy(
            agreement.tenant_id, agreement.creditor_id, v_today
        )).holiday_uf, v_today)
        from public.agreements as agreement
        where agreement.id = (part).agreement_id
    );
end;
$$;

create function private.issue_charge(
    part public.installments, integration_id uuid, method public.charge_method
) returns uuid
language sql
security definer
set search_path = ''
as $$
    insert into public.charges (
        tenant_id, client_id, agreement_id, installment_id, integration_id, method, sequence,
        reference, amount_cents, due_on, queue_msg_id, created_by, id
    )
    select (part).tenant_id, (part).client_id, (part).agreement_id, (part).id,
        issue_charge.integration_id, issue_charge.method, counted.sequence,
        -- The provider refuses a number twice: the first is the installment's own, a later one says
        -- which it is.
        (part).id || case when counted.sequence > 1 then '-' || counted.sequence else '' end,
        (part).amount_cents - (part).paid_cents,
        private.charge_due_on(part),
        private.enqueue_charge(counted.charge_id, private.now()), auth.uid(), counted.charge_id
    from (
        select coalesce(max(earlier.sequence), 0) + 1 as sequence,
            gen_random_uuid() as charge_id
        from public.charges as earlier
        where earlier.tenant_id = (part).tenant_id and earlier.installment_id = (part).id
    ) as counted
    returning id
$$;

create function private.request_charges(
    installment_ids uuid[], method public.charge_method
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_part public.installments;
    v_agreement public.agreements;
    v_integration public.integrations;
    v_method public.charge_method;
    v_current public.charges;
    v_ids uuid[] := '{}';
begin
    select * into v_integration from public.integrations as integration
    where integration.tenant_id = v_tenant_id and integration.provider = 'negociarie'
      and integration.is_active;
    if not found then
        raise exception 'provider_not_connected' using errcode = 'PT409',
            detail = 'connect Negociarie in the settings';
    end if;
    if coalesce(cardinality(installment_ids), 0) = 0 then
        raise exception 'installment_not_found' using errcode = 'PT404', detail = 'none named';
    end if;
    for v_part in
        select part.* from unnest(installment_ids) with ordinality as wanted (id, place)
        left join public.installments as part
            on part.tenant_id = v_tenant_id and part.id = wanted.id
        order by part.client_id, part.number
    loop
        if v_part.id is null then
            raise exception 'installment_not_found' using errcode = 'PT404',
                detail = 'no installment with this id in the tenant';
        end if;
        v_agreement := private.agreement_for_change(v_tenant_id, v_part.agreement_id);
        select * into v_part from public.installments as part where part.id = v_part.id;
        if v_agreement.formalised_at is null then
            raise exception 'charge_before_approval' using errcode = 'PT409',
                detail = v_agreement.status::text;
        elsif not private.is_living(v_agreement.status) then
            raise exception 'agreement_not_living' using errcode = 'PT409',
                detail = v_agreement.status::text;
        elsif v_part.status <> 'open' or v_part.cancelling_reason is not null then
            raise exception 'installment_not_open' using errcode = 'PT409',
                detail = case when v_part.status = 'open' then 'cancelling'
                    else v_part.status::text end;
        end if;
        v_method := coalesce(request_charges.method, v_part.method);
        if v_method::text <> all(string_to_array(
            coalesce(v_integration.settings ->> 'methods', 'boleto'), ','))
        then
            raise exception 'method_not_offered' using errcode = 'PT409',
                detail = v_method::text;
        end if;
        perform private.require_payer(v_tenant_id, v_part.client_id);
        select * into v_current from public.charges as charge
        where charge.tenant_id = v_tenant_id and charge.installment_id = v_part.id
          and charge.is_wanted and charge.status not in ('cancelled', 'failed', 'paid');
        -- The same thing asked again is the same charge; another method or amount replaces it.
        if v_current.id is not null and v_current.method = v_method
            and v_current.amount_cents = v_part.amount_cents - v_part.paid_cents
            -- One that was due as agreed stays payable with its own fine and interest.
            and (v_current.due_on = least(v_part.due_on, v_part.effective_due_on)
                or v_current.due_on >= private.charge_due_on(v_part))
        then
            v_ids := v_ids || v_current.id;
            continue;
        elsif v_current.id is not null then
            perform private.unwant_charges(v_current.id, 'replaced');
        end if;
        -- One that was sent and failed may exist after all: it is looked up before another is made.
        select * into v_current from public.charges as charge
        where charge.tenant_id = v_tenant_id and charge.installment_id = v_part.id
          and charge.is_wanted and charge.status = 'failed' and charge.sent_at is not null
          and charge.method = v_method
          and charge.amount_cents = v_part.amount_cents - v_part.paid_cents
          and charge.due_on = private.charge_due_on(v_part)
        order by charge.sequence desc
        limit 1;
        if found then
            perform private.retry_charge(v_current.id);
            v_ids := v_ids || v_current.id;
            continue;
        end if;
        perform private.unwant_charges(charge.id, 'replaced')
        from public.charges as charge
        where charge.tenant_id = v_tenant_id and charge.installment_id = v_part.id
          and charge.is_wanted and charge.status = 'failed';
        v_ids := v_ids || private.issue_charge(v_part, v_integration.id, v_method);
        update public.installments as part set method = v_method
        where part.id = v_part.id and part.method <> v_method;
        perform private.tell_agreement(
            v_agreement.id, 'charge_requested', private.today(v_tenant_id), null,
            jsonb_build_object(
                'installment_id', v_part.id, 'method', v_method,
                'due_on', private.charge_due_on(v_part)
            )
        );
    end loop;
    perform private.wake_function('negociarie-charge');
    return (
        select jsonb_agg(jsonb_build_object(
            'charge_id', charge.id, 'installment_id', charge.installment_id,
            'status', charge.status, 'method', charge.method
        ) order by array_position(v_ids, charge.id))
        from public.charges as charge
        where charge.id = any(v_ids)
    );
end;
$$;

create function public.request_charges(
    installment_ids uuid[], method public.charge_method default null
) returns jsonb
language sql
set search_path = ''
as $$ select private.request_charges(installment_ids, method) $$;
comment on function public.request_charges(uuid[], public.charge_method) is
'[{charge_id, installment_id, status, method}]; without a method each installment''s own. PT409
charge_before_approval, agreement_not_living, installment_not_open, address_missing, phone_missing,
method_not_offered, provider_not_connected.';

grant execute on function
private.request_charges(uuid[], public.charge_method),
public.request_charges(uuid[], public.charge_method)
to authenticated;

-- 0565_ask_again.sql
-- Asking the provider again, by hand: what became of a charge, or once more what failed.
-- "The debtor says it is paid."
create function private.refresh_charge(charge_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
begin
    perform private.lock_client(charge.tenant_id, charge.client_id)
    from public.charges as charge
    where charge.tenant_id = v_tenant_id and charge.id = refresh_charge.charge_id;
    update public.charges as charge set needs_lookup = true
    where charge.tenant_id = v_tenant_id and charge.id = refresh_charge.charge_id;
    if not found then
        raise exception 'charge_not_found' using errcode = 'PT404',
            detail = 'no charge with this id in the tenant';
    end if;
    perform private.poke_charge(charge_id);
end;
$$;

create function public.refresh_charge(charge_id uuid) returns void
language sql
set search_path = ''
as $$ select private.refresh_charge(charge_id) $$;

-- A failed one once more, after somebody mended what was wrong.
create function private.retry_charge(charge_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_charge public.charges;
    v_part public.installments;
begin
    select * into v_charge from public.charges as charge
    where charge.tenant_id = v_tenant_id and charge.id = retry_charge.charge_id;
    if not found then
        raise exception 'charge_not_found' using errcode = 'PT404',
            detail = 'no charge with this id in the tenant';
    end if;
    -- Mending must not make payable what nobody owes any more.
    v_part := private.open_installment(v_tenant_id, v_charge.installment_id);
    select * into v_charge from public.charges as charge where charge.id = v_charge.id for update;
    if v_part.cancelling_reason is not null then
        raise exception 'installment_not_open' using errcode = 'PT409', detail = 'cancelling';
    elsif v_charge.status <> 'failed' or not v_charge.is_wanted then
        raise exception 'charge_not_failed' using errcode = 'PT409',
            detail = case when v_charge.is_wanted then v_charge.status::text else 'unwanted' end;
    end if;
    -- It may exist after all: the provider is asked before anything is sent again.
    update public.charges as charge
    set status = 'unknown', failures = 0, error_code = null, error_detail = null
    where charge.id = v_charge.id;
    perform private.poke_charge(v_charge.id);
end;
$$;

create function public.retry_charge(charge_id uuid) returns void
language sql
set search_path = ''
as $$ select private.retry_charge(charge_id) $$;
comment on function public.retry_charge(uuid) is
'Looks the charge up and sends it only if the provider has none. PT404 charge_not_found, PT409
charge_not_failed, installment_not_open, agreement_not_living.';

grant execute on function
private.refresh_charge(uuid), public.refresh_charge(uuid),
private.retry_charge(uuid), public.retry_charge(uuid)
to authenticated;

-- 0566_claim_charges.sql
-- The worker's side of charges: claim, begin, settle. What to do is decided from what is (`status`)
-- and what is wanted, at the moment of claiming: create, look up, cancel, or nothing any more.

create function private.charge_action(charge public.charges) returns text
language sql
immutable
set search_path = ''
as $$
    select case
        when (charge).status = 'queued' and (charge).is_wanted then 'create'
        -- Sent, and nobody knows what became of it; or somebody asked.
        when (charge).status in ('sending', 'unknown') then 'lookup'
        when not (charge).is_wanted and (charge).status in ('registering', 'open', 'cancelling')
            then 'cancel'
        -- A question that was begun and never answered died with its worker: ask again.
        when ((charge).needs_lookup or (charge).action = 'begun lookup')
            and (charge).status <> 'queued' then 'lookup'
        -- The bank registers later, and its line is worth asking for until it is there.
        when (charge).status = 'registering' then 'lookup'
    end
$$;

create function private.claim_charges(max int, lease_seconds int)
returns table (
    charge_id uuid, tenant_id uuid, integration_id uuid, attempt int, action text,
    reference text, provider_group text, method public.charge_method, amount_cents bigint,
    due_on date, payer jsonb, terms jsonb, description text, settings jsonb
)
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Read that often without an answer, a message kills its worker: stop feeding it.
    c_max_reads constant int := 8;
    v_reads pgmq.message_record[];
    v_item record;
    v_charge public.charges;
    v_action text;
begin
    -- Read first, look up in a statement of its own: a joined read would miss what was committed
    -- after it began and drop its message.
    v_reads := array(select item from pgmq.read('charges', lease_seconds, max) as item);
    for v_item in
        select message.msg_id, message.read_ct,
            case when pg_input_is_valid(message.message ->> 'charge_id', 'uuid')
                then (message.message ->> 'charge_id')::uuid end as id
        from unnest(v_reads) as message
        order by message.msg_id
    loop
        select * into v_charge from public.charges as charge
        where charge.id = v_item.id
        for update skip locked;
        if not found then
            -- Locked by somebody who will settle it, or no charge at all.
            if not exists (select from public.charges as charge where charge.id = v_item.id) then
                perform pgmq.archive('charges', v_item.msg_id);
            end if;
            continue;
        end if;
        v_action := private.charge_action(v_charge);
        if v_charge.queue_msg_id is distinct from v_item.msg_id or v_action is null then
            perform pgmq.archive('charges', v_item.msg_id);
            continue;
        elsif v_charge.lease_until > private.now() then
            continue;
        elsif v_item.read_ct > c_max_reads then
            perform pgmq.archive('charges', v_item.msg_id);
            perform private.fail_charge(v_charge.id, 'poisoned', null);
            continue;
        elsif private.take_calls(v_charge.integration_id, 1) = 0 then
            -- The minute is used up: back after it, without counting as a read.
            perform pgmq.delete('charges', v_item.msg_id);
            update public.charges as charge
            set queue_msg_id = private.enqueue_charge(
                    charge.id, private.now() + interval '60 seconds'),
                next_attempt_at = private.now() + interval '60 seconds'
            where charge.id = v_charge.id;
            continue;
        end if;
        update public.charges as charge
        set attempt = charge.attempt + 1, action = v_action, next_attempt_at = null,
            needs_lookup = charge.needs_lookup or v_action = 'lookup',
            lease_until = private.now() + make_interval(secs => lease_seconds)
        where charge.id = v_charge.id
        returning * into v_charge;
        return query select * from private.charge_task(v_charge);
    end loop;
end;
$$;
comment on function private.claim_charges(int, int) is
'Charges to work on, leased for lease_seconds. Commit before calling the provider. action: create |
lookup | cancel. terms: {fine_percent, interest_percent}. payer: {document, name, email, phone, cep,
street, number, complement, district, city, uf}.';

create function private.charge_task(charge public.charges)
returns table (
    charge_id uuid, tenant_id uuid, integration_id uuid, attempt int, action text,
    reference text, provider_group text, method public.charge_method, amount_cents bigint,
    due_on date, payer jsonb, terms jsonb, description text, settings jsonb
)
language sql
stable
security definer
set search_path = ''
as $$
    select (charge).id, (charge).tenant_id, (charge).integration_id, (charge).attempt,
        (charge).action, (charge).reference, (charge).provider_group, (charge).method,
        (charge).amount_cents, (charge).due_on,
        private.payer_of((charge).tenant_id, (charge).client_id),
        jsonb_build_object(
            'fine_percent', policy.late_fine_percent,
            'interest_percent', policy.late_interest_percent
        ),
        format('Acordo com %s, parcela %s de %s', creditor.name, part.number,
            agreement.installments),
        integration.settings
    from public.agreements as agreement
    join public.installments as part on part.id = (charge).installment_id
    join public.creditors as creditor on creditor.id = agreement.creditor_id
    join public.agreement_policies as policy on policy.id = agreement.policy_id
    join public.integrations as integration on integration.id = (charge).integration_id
    where agreement.id = (charge).agreement_id
$$;

grant execute on function private.claim_charges(int, int) to worker;

-- 0567_begin_charge.sql
-- The fence before the provider's call: committed first, and true once.
create function private.begin_charge(charge_id uuid, attempt int) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.charges as charge
    set status = case charge.action
            when 'create' then 'sending'
            when 'cancel' then 'cancelling'
            else charge.status::text
        end::public.charge_status,
        sent_at = case when charge.action = 'create' then private.now() else charge.sent_at end,
        -- Answers that come after this question are newer than what made us ask.
        needs_lookup = false, action = 'begun ' || charge.action
    where charge.id = begin_charge.charge_id and charge.attempt = begin_charge.attempt
      and charge.lease_until > private.now()
      -- Between claim and call somebody may have changed their mind, or the money came.
      and charge.action = private.charge_action(charge);
    return found;
end;
$$;
comment on function private.begin_charge(uuid, int) is
'True exactly once per attempt; commit, then call the provider.';
grant execute on function private.begin_charge(uuid, int) to worker;

-- 0568_settle_charge.sql
-- The provider's answer to one attempt, fenced by its number, with everything that follows.
create function private.settle_charge(
    charge_id uuid, attempt int, outcome text, answer jsonb default '{}',
    error_code text default null, error_detail text default null,
    retry_after_seconds int default null
) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_charge public.charges;
    v_action text;
begin
    if outcome is null
        or outcome not in ('done', 'found', 'not_found', 'retry', 'failed', 'unknown')
    then
        raise exception 'outcome_invalid' using errcode = 'PT400', detail = outcome;
    end if;
    perform private.lock_client(charge.tenant_id, charge.client_id)
    from public.charges as charge where charge.id = settle_charge.charge_id;
    select * into v_charge from public.charges as charge
    where charge.id = settle_charge.charge_id and charge.attempt = settle_charge.attempt
      and charge.action like 'begun %'
    for update;
    if not found then
        return false;
    end if;
    v_action := substr(v_charge.action, 7);
    update public.charges as charge
    set action = null, lease_until = null,
        -- No answer to a question: it stays asked.
        needs_lookup = charge.needs_lookup
            or (v_action = 'lookup' and outcome in ('retry', 'unknown'))
    where charge.id = v_charge.id;
    perform pgmq.archive('charges', v_charge.queue_msg_id);

    if outcome = 'done' and v_action = 'cancel' then
        perform private.follow_charge(v_charge.id, 'cancelled', answer);
    elsif outcome = 'done' then
        perform private.follow_charge(v_charge.id, 'registering', answer);
        perform private.await_registration(v_charge.id, 0);
    elsif outcome = 'found' then
        perform private.record_payment_event(
            v_charge.integration_id, 'lookup',
            answer || jsonb_build_object('reference', v_charge.reference)
        );
        perform private.await_registration(v_charge.id, v_charge.failures);
    elsif outcome = 'not_found' then
        perform private.miss_charge(v_charge);
    elsif outcome = 'unknown' then
        perform private.retry_charge_later(
            v_charge.id, 'outcome_unknown', error_detail, retry_after_seconds
        );
    elsif outcome = 'retry' then
        -- Refused for now, so certainly not taken: a create may be sent again.
        update public.charges as charge set status = 'queued'
        where charge.id = v_charge.id and charge.status = 'sending';
        perform private.retry_charge_later(
            v_charge.id, coalesce(error_code, 'provider_unavailable'), error_detail,
            retry_after_seconds
        );
    else
        perform private.fail_charge(
            v_charge.id, coalesce(error_code, 'unclassified'), error_detail
        );
    end if;
    return true;
end;
$$;
comment on function private.settle_charge(uuid, int, text, jsonb, text, text, int) is
'outcome: done (created, cancelled; 404 on cancel is done), found (lookup; answer as in
record_payment_event), not_found (lookup), retry (certainly not taken), failed, unknown. False: a
newer attempt owns the charge.';
grant execute on function
private.settle_charge(uuid, int, text, jsonb, text, text, int) to worker;

-- 0569_charge_follow_ups.sql
-- What happens to a charge after an answer that ended nothing.

-- Not at the provider: what was never taken may be sent, what was to be cancelled is gone.
create function private.miss_charge(charge public.charges) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if charge.status in ('sending', 'unknown') and charge.is_wanted then
        update public.charges as known set status = 'queued' where known.id = charge.id;
        perform private.poke_charge(charge.id);
    else
        perform private.follow_charge(charge.id, 'cancelled', '{}');
    end if;
end;
$$;

create function private.retry_charge_later(
    charge_id uuid, error_code text, error_detail text, retry_after_seconds int
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- 5, 10, 20 … 320 s: ten minutes in all; then a person looks.
    c_max_failures constant int := 8;
    c_first_pause constant int := 5;
    v_charge public.charges;
    v_pause double precision;
begin
    update public.charges as charge
    set status = case when charge.status = 'sending' then 'unknown' else charge.status::text
        end::public.charge_status,
        failures = charge.failures
            + case when retry_charge_later.error_code = 'rate_limited' then 0 else 1 end,
        error_code = retry_charge_later.error_code,
        error_detail = retry_charge_later.error_detail
    where charge.id = retry_charge_later.charge_id
    returning * into v_charge;
    if v_charge.failures >= c_max_failures then
        perform private.fail_charge(v_charge.id, error_code, error_detail);
        return;
    end if;
    v_pause := coalesce(
        retry_after_seconds, c_first_pause * 2 ^ greatest(v_charge.failures - 1, 0)
    ) * (1 + random() / 4);
    update public.charges as charge
    set next_attempt_at = private.now() + make_interval(secs => v_pause),
        queue_msg_id = private.enqueue_charge(
            charge.id, private.now() + make_interval(secs => v_pause))
    where charge.id = v_charge.id;
end;
$$;

-- Registered later by the bank: asked again with growing pauses, because the callback gets lost.
-- The charge is good meanwhile; the sweep finds its payment in any case.
create function private.await_registration(charge_id uuid, asked int) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- 10 s, 20 s, … 85 min: a working morning in all.
    c_max_questions constant int := 10;
    c_first_pause constant int := 10;
    v_charge public.charges;
    v_at timestamptz;
begin
    select * into v_charge from public.charges as charge
    where charge.id = await_registration.charge_id;
    if private.charge_action(v_charge) is null then
        update public.charges as charge set failures = 0 where charge.id = v_charge.id;
        return;
    elsif v_charge.status <> 'registering' or not v_charge.is_wanted then
        perform private.poke_charge(v_charge.id);
        return;
    elsif asked >= c_max_questions then
        return;
    end if;
    v_at := private.now() + make_interval(secs => c_first_pause * 2 ^ asked);
    update public.charges as charge
    set failures = asked + 1, next_attempt_at = v_at,
        queue_msg_id = private.enqueue_charge(charge.id, v_at)
    where charge.id = v_charge.id;
end;
$$;

-- 0570_payments.sql
-- Money that came in: a fact, written once. Where it goes is told by `payment_courses`, what it
-- covered by `payment_allocations`, and that it was taken back by `payment_reversals`.
create table public.payments (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    -- Null: an orphan, nobody knows yet whose money it is.
    client_id uuid,
    -- Null: settled by hand.
    provider public.provider_name,
    integration_id uuid,
    charge_id uuid,
    -- The provider's own words for what was paid.
    reference text,
    -- What makes it the same payment however often it is told.
    payment_key text collate "C" not null,
    amount_cents bigint not null,
    paid_on date not null,
    method public.charge_method,
    created_by uuid,
    created_at timestamptz not null default private.now(),
    constraint payments_pkey primary key (id),
    constraint payments_tenant_id_key unique (tenant_id, id),
    constraint payments_are_stored_once unique (tenant_id, payment_key),
    constraint payments_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint payments_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint payments_integration_fkey foreign key (tenant_id, integration_id)
    references public.integrations (tenant_id, id),
    constraint payments_charge_fkey foreign key (tenant_id, charge_id)
    references public.charges (tenant_id, id),
    constraint payments_created_by_fkey foreign key (created_by) references auth.users (id),
    constraint payments_amount_is_positive check (amount_cents > 0)
);
comment on table public.payments is 'Money received; append-only.';

create index payments_of_client on public.payments (tenant_id, client_id, paid_on, payment_key);
create index payments_by_day on public.payments (tenant_id, paid_on);
create index payments_of_charge on public.payments (tenant_id, charge_id);
create index payments_of_integration on public.payments (tenant_id, integration_id);
create index payments_of_author on public.payments (created_by);

alter table public.payments enable row level security;
alter table public.payments force row level security;

create policy payments_select_member on public.payments for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by functions only: nobody confirms a payment through the REST API. Not audited: the rows
-- are the record.
grant select on public.payments to authenticated;

create trigger _500_broadcast_insert after insert on public.payments
referencing new table as new_rows for each statement
execute function private.tg_broadcast('payment_changed');

-- An orphan that found its owner is a new course, not a changed payment; the client is filled once.
create function private.tg_payments__append_only() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    if tg_op = 'UPDATE' and not exists (
        select from old_rows as was
        left join new_rows as became on became.id = was.id
        where was.client_id is not null
           or to_jsonb(became) - 'client_id' is distinct from to_jsonb(was) - 'client_id'
    ) then
        return null;
    end if;
    raise exception 'append_only' using errcode = 'PT409',
        detail = 'payments are append-only; write a reversal';
end;
$$;
create trigger _100_append_only_update after update on public.payments
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_payments__append_only();
create trigger _100_append_only_delete after delete on public.payments
referencing old table as old_rows
for each statement execute function private.tg_payments__append_only();

-- 0572_payment_courses.sql
-- Where a payment goes; the last word counts, and every word stays. apply: to the agreement, first
-- to the installment named, then as its policy says. advance: to the agreement's next installments,
-- although its own was paid already. abate: to the titles alone. return: back to the debtor.
-- parked: nowhere until a person decides.
create table public.payment_courses (
    id bigint generated always as identity,
    tenant_id uuid not null,
    payment_id uuid not null,
    course public.payment_course not null,
    agreement_id uuid,
    installment_id uuid,
    debt_ids uuid[],
    reason text,
    actor_id uuid,
    created_at timestamptz not null default private.now(),
    constraint payment_courses_pkey primary key (id),
    constraint payment_courses_payment_fkey foreign key (tenant_id, payment_id)
    references public.payments (tenant_id, id),
    constraint payment_courses_agreement_fkey foreign key (tenant_id, agreement_id)
    references public.agreements (tenant_id, id),
    constraint payment_courses_installment_fkey foreign key (tenant_id, installment_id)
    references public.installments (tenant_id, id),
    constraint payment_courses_actor_fkey foreign key (actor_id) references auth.users (id),
    constraint payment_courses_have_a_target check (
        course in ('return', 'parked')
        or course in ('apply', 'advance') and agreement_id is not null
        or course = 'abate' and (agreement_id is not null or cardinality(debt_ids) > 0)
    )
);
comment on table public.payment_courses is 'Decisions where payments go; append-only.';

create index payment_courses_of_payment on public.payment_courses (tenant_id, payment_id, id desc);
create index payment_courses_of_agreement on public.payment_courses (tenant_id, agreement_id);
create index payment_courses_of_installment on public.payment_courses (tenant_id, installment_id);
create index payment_courses_of_actor on public.payment_courses (actor_id);

alter table public.payment_courses enable row level security;
alter table public.payment_courses force row level security;

create policy payment_courses_select_member on public.payment_courses for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Not audited: the rows are the record.
grant select on public.payment_courses to authenticated;

create trigger _100_append_only before update or delete on public.payment_courses
for each statement execute function private.tg_append_only();

-- A payment taken back: Pix return (MED), chargeback, returned boleto, or a mistake of ours.
create table public.payment_reversals (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    payment_id uuid not null,
    reason text not null,
    reversed_on date not null,
    actor_id uuid,
    created_at timestamptz not null default private.now(),
    constraint payment_reversals_pkey primary key (id),
    constraint payment_reversals_once_per_payment unique (tenant_id, payment_id),
    constraint payment_reversals_payment_fkey foreign key (tenant_id, payment_id)
    references public.payments (tenant_id, id),
    constraint payment_reversals_actor_fkey foreign key (actor_id) references auth.users (id),
    constraint payment_reversals_reason_is_filled check (btrim(reason) <> '')
);
comment on table public.payment_reversals is 'Payments that were taken back; append-only.';

create index payment_reversals_of_actor on public.payment_reversals (actor_id);

alter table public.payment_reversals enable row level security;
alter table public.payment_reversals force row level security;

create policy payment_reversals_select_member on public.payment_reversals
for select to authenticated
using (tenant_id = (select private.tenant_id()));

grant select on public.payment_reversals to authenticated;

create trigger _100_append_only before update or delete on public.payment_reversals
for each statement execute function private.tg_append_only();

-- 0573_follow_charge.sql
-- What a charge becomes: by the provider's record, by a failure, at its end. Called by the settling
-- of an attempt and by the sweep.
create function private.fail_charge(charge_id uuid, error_code text, error_detail text)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_charge public.charges;
begin
    update public.charges as charge
    set status = case
            -- It exists and could not be taken back: it stays payable, and everybody is told so.
            when charge.status = 'cancelling' then 'open'
            when charge.status in ('registering', 'open', 'paid', 'cancelled')
                then charge.status::text
            else 'failed'
        end::public.charge_status,
        -- Where another one has taken its place, the old one is only told of.
        is_wanted = charge.is_wanted or charge.status = 'cancelling' and not exists (
            select from public.charges as other
            where other.tenant_id = charge.tenant_id
              and other.installment_id = charge.installment_id and other.id <> charge.id
              and other.is_wanted
              and other.status not in ('cancelled', 'failed', 'paid')
        ),
        error_code = fail_charge.error_code, error_detail = fail_charge.error_detail,
        lease_until = null, needs_lookup = false
    where charge.id = fail_charge.charge_id
    returning * into v_charge;
    perform private.keep_installment(v_charge, error_code);
    perform private.tell_agreement(
        v_charge.agreement_id, 'charge_failed', private.today(v_charge.tenant_id), error_code,
        jsonb_build_object('charge_id', v_charge.id, 'installment_id', v_charge.installment_id)
    );
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select v_charge.tenant_id, member.user_id, 'charge_failed', jsonb_build_object(
        'charge_id', v_charge.id, 'agreement_id', v_charge.agreement_id,
        'client_id', v_charge.client_id, 'reason', fail_charge.error_code
    )
    from public.memberships as member
    where member.tenant_id = v_charge.tenant_id and member.revoked_at is null
      and (member.role >= 'supervisor' or member.user_id = v_charge.created_by);
end;
$$;

-- What the provider's record says, applied without ever going back: paid stays paid.
create function private.follow_charge(charge_id uuid, class text, item jsonb) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_was public.charges;
    v_now public.charges;
begin
    select * into v_was from public.charges as charge
    where charge.id = follow_charge.charge_id
    for update;
    update public.charges as charge
    set status = case
            when charge.status in ('paid', 'cancelled') then charge.status::text
            when class = 'cancelled' then 'cancelled'
            when charge.status = 'open' and class = 'registering' then 'open'
            -- Being taken back: only "cancelled" ends that.
            when charge.status = 'cancelling' then 'cancelling'
            else class
        end::public.charge_status,
        link = coalesce(item ->> 'link', charge.link),
        digitable_line = coalesce(item ->> 'digitable_line', charge.digitable_line),
        pix_code = coalesce(item ->> 'pix_code', charge.pix_code),
        pdf_url = coalesce(item ->> 'pdf_url', charge.pdf_url),
        provider_group = coalesce(item ->> 'provider_group', charge.provider_group),
        registered_at = case when class = 'open'
            then coalesce(charge.registered_at, private.now()) else charge.registered_at end,
        cancelled_at = case when class = 'cancelled'
            then coalesce(charge.cancelled_at, private.now()) else charge.cancelled_at end,
        error_code = null, error_detail = null
    where charge.id = v_was.id
    returning * into v_now;
    if v_now.status = 'cancelled' and v_was.status <> 'cancelled' then
        perform private.end_charge(v_now);
    end if;
    return class;
end;
$$;

-- A charge is no longer payable: what waited for that goes on, and what did not expect it is told.
create function private.end_charge(charge public.charges) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.drop_installment(charge);
    if charge.is_wanted then
        update public.charges as known set is_wanted = false, cancel_reason = 'provider'
        where known.id = charge.id;
        perform private.tell_agreement(
            charge.agreement_id, 'charge_cancelled_by_provider', private.today(charge.tenant_id),
            null, jsonb_build_object(
                'charge_id', charge.id, 'installment_id', charge.installment_id
            )
        );
    end if;
end;
$$;

-- 0574_payment_allocations.sql
-- The ledger: what each payment covered, in two books that are kept side by side. In the book of
-- installments it pays the agreement's schedule; in the book of titles it abates what was really
-- owed, whatever agreement is running, so that a break, a cancellation or a renegotiation finds the
-- real balance already there. Append-only: a correction is a row that takes another one back.
create table public.payment_allocations (
    id bigint generated always as identity,
    tenant_id uuid not null,
    payment_id uuid not null,
    installment_id uuid,
    debt_id uuid,
    paid_on date not null,
    principal_cents bigint not null default 0,
    correction_cents bigint not null default 0,
    fine_cents bigint not null default 0,
    interest_cents bigint not null default 0,
    collection_fee_cents bigint not null default 0,
    total_cents bigint not null generated always as (
        principal_cents + correction_cents + fine_cents + interest_cents + collection_fee_cents
    ) stored,
    -- Owed before and after, as it was on `paid_on`.
    before_cents bigint not null,
    after_cents bigint not null,
    -- private.ledger_state: from here the next day's charges are counted.
    position_after jsonb not null,
    reverses_id bigint,
    created_at timestamptz not null default private.now(),
    constraint payment_allocations_pkey primary key (id),
    constraint payment_allocations_payment_fkey foreign key (tenant_id, payment_id)
    references public.payments (tenant_id, id),
    constraint payment_allocations_installment_fkey foreign key (tenant_id, installment_id)
    references public.installments (tenant_id, id),
    constraint payment_allocations_debt_fkey foreign key (tenant_id, debt_id)
    references public.debts (tenant_id, id),
    constraint payment_allocations_tenant_id_key unique (tenant_id, id),
    constraint payment_allocations_reverses_fkey foreign key (tenant_id, reverses_id)
    references public.payment_allocations (tenant_id, id),
    -- A row is taken back once.
    constraint payment_allocations_reversed_once unique (tenant_id, reverses_id),
    constraint payment_allocations_have_one_target check (
        (installment_id is null) <> (debt_id is null)
    ),
    constraint payment_allocations_add_up check (
        reverses_id is not null or least(
            principal_cents, correction_cents, fine_cents, interest_cents, collection_fee_cents
        ) >= 0
    ),
    constraint payment_allocations_take_back check (
        reverses_id is null or greatest(
            principal_cents, correction_cents, fine_cents, interest_cents, collection_fee_cents
        ) <= 0
    )
);
comment on table public.payment_allocations is 'What payments covered; append-only.';

create index payment_allocations_of_payment
on public.payment_allocations (tenant_id, payment_id, id);
create index payment_allocations_of_debt
on public.payment_allocations (tenant_id, debt_id, paid_on desc, id desc)
where debt_id is not null;
create index payment_allocations_of_installment
on public.payment_allocations (tenant_id, installment_id, paid_on desc, id desc)
where installment_id is not null;

alter table public.payment_allocations enable row level security;
alter table public.payment_allocations force row level security;

create policy payment_allocations_select_member on public.payment_allocations
for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by the ledger only. Not audited: the rows are the record.
grant select on public.payment_allocations to authenticated;

create trigger _100_append_only before update or delete on public.payment_allocations
for each statement execute function private.tg_append_only();

-- Rows that stand: neither a taking-back nor taken back.
create view private.living_allocations with (security_invoker = true) as
select
    allocation.id,
    allocation.tenant_id,
    allocation.payment_id,
    allocation.installment_id,
    allocation.debt_id,
    allocation.paid_on,
    allocation.principal_cents,
    allocation.correction_cents,
    allocation.fine_cents,
    allocation.interest_cents,
    allocation.collection_fee_cents,
    allocation.total_cents,
    allocation.before_cents,
    allocation.after_cents,
    allocation.position_after
from public.payment_allocations as allocation
where allocation.reverses_id is null and not exists (
    select from public.payment_allocations as reversal
    where reversal.tenant_id = allocation.tenant_id and reversal.reverses_id = allocation.id
);
comment on view private.living_allocations is 'Allocations in force.';

-- 0576_payment_cases.sql
-- Money a person has to look at: nobody's, paid twice, too much, paid after the agreement broke, or
-- told in a way that contradicts itself. Opened and closed by the ledger, decided by people.
create table public.payment_cases (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    client_id uuid,
    agreement_id uuid,
    payment_id uuid,
    charge_id uuid,
    kind public.payment_case_kind not null,
    -- What the case is about: the whole payment or what is left of it.
    amount_cents bigint not null,
    details jsonb not null default '{}',
    -- What makes it the same case however often it is found.
    case_key text collate "C" not null,
    opened_at timestamptz not null default private.now(),
    -- A refund has a clock: money kept without a reason is owed twice (CDC 42).
    due_on date,
    resolved_at timestamptz,
    resolved_by uuid,
    -- reactivate, abate, return, advance, assign, dismiss; vanished: the ledger no longer finds it.
    resolution text,
    resolution_reason text,
    constraint payment_cases_pkey primary key (id),
    constraint payment_cases_tenant_id_key unique (tenant_id, id),
    constraint payment_cases_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint payment_cases_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint payment_cases_agreement_fkey foreign key (tenant_id, agreement_id)
    references public.agreements (tenant_id, id),
    constraint payment_cases_payment_fkey foreign key (tenant_id, payment_id)
    references public.payments (tenant_id, id),
    constraint payment_cases_charge_fkey foreign key (tenant_id, charge_id)
    references public.charges (tenant_id, id),
    constraint payment_cases_resolved_by_fkey foreign key (resolved_by) references auth.users (id),
    constraint payment_cases_resolution_is_known check (
        resolution in (
            'reactivate', 'abate', 'return', 'advance', 'assign', 'dismiss', 'vanished'
        )
        and (resolution is null) = (resolved_at is null)
    )
);
comment on table public.payment_cases is 'Payments that wait for a person''s decision.';

create unique index payment_cases_one_open_per_key
on public.payment_cases (tenant_id, case_key) where resolved_at is null;
create index payment_cases_open on public.payment_cases (tenant_id, opened_at, id)
where resolved_at is null;
create index payment_cases_of_client on public.payment_cases (tenant_id, client_id);
create index payment_cases_of_agreement on public.payment_cases (tenant_id, agreement_id);
create index payment_cases_of_payment on public.payment_cases (tenant_id, payment_id);
create index payment_cases_of_charge on public.payment_cases (tenant_id, charge_id);
create index payment_cases_of_resolver on public.payment_cases (resolved_by);

alter table public.payment_cases enable row level security;
alter table public.payment_cases force row level security;

create policy payment_cases_select_member on public.payment_cases for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Resolved through `resolve_payment_case` only.
grant select on public.payment_cases to authenticated;

-- Money that waits is told to those who may decide, and to the agreement's author: whoever found
-- it, once.
create function private.tg_payment_cases__notify() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select waiting.tenant_id, member.user_id, 'payment_' || waiting.kind,
        jsonb_build_object(
            'payment_id', waiting.payment_id, 'client_id', waiting.client_id,
            'agreement_id', waiting.agreement_id
        )
    from new_rows as waiting
    join public.memberships as member
        on member.tenant_id = waiting.tenant_id and member.revoked_at is null
    where (member.role >= 'supervisor' or member.user_id = (
            select agreement.created_by from public.agreements as agreement
            where agreement.id = waiting.agreement_id
        ))
      -- The same one with another amount, after the books were made again.
      and not exists (
          select from public.payment_cases as earlier
          where earlier.tenant_id = waiting.tenant_id and earlier.case_key = waiting.case_key
            and earlier.id <> waiting.id
      );
    return null;
end;
$$;

create trigger _400_notify after insert on public.payment_cases
referencing new table as new_rows for each statement
execute function private.tg_payment_cases__notify();

create trigger _500_broadcast_insert after insert on public.payment_cases
referencing new table as new_rows for each statement
execute function private.tg_broadcast('payment_case_changed');

create trigger _900_audit_insert after insert on public.payment_cases
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.payment_cases
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.payment_cases
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0577_take_payment.sql
-- Money arrives: stored once, sent on its course, booked. The one entrance for callbacks' re-
-- queries, sweeps and settlements by hand.

-- Where a charge's payment goes by itself: to its agreement while that lives (or is settled: then
-- it is a duplicate, which the ledger finds), to the agreement that renegotiated it, else to a
-- person.
create function private.course_of_charge(
    charge public.charges, out course public.payment_course, out agreement_id uuid,
    out installment_id uuid
)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_agreement public.agreements;
    v_successor uuid;
begin
    select * into v_agreement from public.agreements as agreement
    where agreement.id = charge.agreement_id;
    while not private.is_living(v_agreement.status) and v_agreement.status <> 'settled' loop
        select successor.id into v_successor
        from public.agreements as successor
        where successor.tenant_id = v_agreement.tenant_id
          and successor.replaces_id = v_agreement.id and successor.formalised_at is not null
        order by successor.formalised_at desc
        limit 1;
        if not found then
            course := 'parked';
            agreement_id := charge.agreement_id;
            return;
        end if;
        select * into v_agreement from public.agreements as agreement
        where agreement.id = v_successor;
    end loop;
    course := 'apply';
    agreement_id := v_agreement.id;
    installment_id := case when v_agreement.id = charge.agreement_id
        then charge.installment_id end;
end;
$$;

create function private.set_course(
    payment_id uuid, course public.payment_course, agreement_id uuid, installment_id uuid,
    debt_ids uuid[], reason text
) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.payment_courses (
        tenant_id, payment_id, course, agreement_id, installment_id, debt_ids, reason, actor_id
    )
    select payment.tenant_id, payment.id, set_course.course, set_course.agreement_id,
        set_course.installment_id, set_course.debt_ids, set_course.reason, auth.uid()
    from public.payments as payment
    where payment.id = set_course.payment_id
$$;

create function private.open_case(
    kind public.payment_case_kind, payment public.payments, agreement_id uuid, details jsonb
) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.payment_cases (
        tenant_id, client_id, agreement_id, payment_id, charge_id, kind, amount_cents, details,
        case_key
    )
    values (
        payment.tenant_id, payment.client_id, open_case.agreement_id, payment.id,
        payment.charge_id, open_case.kind, payment.amount_cents, open_case.details,
        open_case.kind || ':' || payment.id
    )
    on conflict (tenant_id, case_key) where resolved_at is null do nothing;
end;
$$;

-- True when it was new. `payment` names everything but its id; the client is locked by the caller.
create function private.take_payment(
    payment public.payments, course public.payment_course, agreement_id uuid,
    installment_id uuid, debt_ids uuid[], reason text
) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_payment public.payments;
    v_today date := private.today(payment.tenant_id);
begin
    insert into public.payments (
        tenant_id, client_id, provider, integration_id, charge_id, reference, payment_key,
        amount_cents, paid_on, method, created_by
    )
    values (
        payment.tenant_id, payment.client_id, payment.provider, payment.integration_id,
        payment.charge_id, payment.reference, payment.payment_key, payment.amount_cents,
        payment.paid_on, payment.method, auth.uid()
    )
    on conflict on constraint payments_are_stored_once do nothing
    returning * into v_payment;
    if v_payment.id is null then
        return false;
    end if;
    perform private.set_course(
        v_payment.id, course, agreement_id, installment_id, debt_ids, reason
    );
    if agreement_id is not null then
        perform private.tell_agreement(
            agreement_id, 'payment_received', v_today, reason, jsonb_build_object(
                'payment_id', v_payment.id, 'amount_cents', v_payment.amount_cents,
                'paid_on', v_payment.paid_on, 'course', course
            )
        );
    end if;
    if course = 'parked' then
        perform private.open_case(
            case when v_payment.client_id is null then 'orphan' else 'paid_after_break'
            end::public.payment_case_kind, v_payment, agreement_id, '{}'
        );
    else
        perform private.rebuild_ledger(v_payment.tenant_id, v_payment.client_id, v_today);
    end if;
    return true;
end;
$$;

-- 0578_record_payment_event.sql
-- What a provider's own record says about a charge, and what follows. Only answers to our questions
-- come here (look-ups and sweeps); a callback merely makes us ask, because anybody who knows its
-- address can send one.

-- paid: day, amount and words agree (providers: codes of this provider contradict each other, so a
-- code alone decides only where the tenant configured it and the words are silent).
create function private.classify_charge(settings jsonb, item jsonb, today date) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_words text := private.search_key(coalesce(item ->> 'status_text', ''));
    v_is_paid boolean := coalesce(
        (item ->> 'paid_on')::date is not null and (item ->> 'paid_cents')::bigint > 0, false
    );
    v_says text := case
        when v_words ~ '^(liquidacao|liquidad[oa]|pag[oa])$' then 'paid'
        when v_words ~ '(baixa|cancel|devolv)' then 'cancelled'
        when v_words ~ 'aguardando registro' then 'registering'
        when v_words ~ '(em ser|em aberto|registrad|confirmad|vencid|inadimpl)' then 'open'
        when item ->> 'status_code' = any(string_to_array(
            coalesce(settings ->> 'paid_codes', ''), ',')) then 'paid'
        else 'unknown'
    end;
begin
    return case
        when v_is_paid and v_says = 'paid' and (item ->> 'paid_on')::date <= today + 1 then 'paid'
        when v_is_paid or v_says = 'paid' then 'contradiction'
        when v_says = 'unknown' then 'open'
        else v_says
    end;
end;
$$;

-- Said clearly and yet hard to believe: an amount of another magnitude (cents for reais settle a
-- whole agreement), or paid before the charge was there.
create function private.is_doubtful(charge public.charges, item jsonb) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select charge.id is not null and (
        (item ->> 'paid_cents')::bigint >= 10 * charge.amount_cents
        -- A day less: the provider's clock is not the tenant's.
        or (item ->> 'paid_on')::date < (
            select (charge.created_at at time zone tenants.time_zone)::date - 1
            from public.tenants where tenants.id = charge.tenant_id
        )
    )
$$;

create function private.note_contradiction(
    integration public.integrations, charge public.charges, item jsonb
) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.payment_cases (
        tenant_id, client_id, agreement_id, charge_id, kind, amount_cents, details, case_key
    )
    select integration.tenant_id, charge.client_id, charge.agreement_id, charge.id,
        'contradiction', coalesce((item ->> 'paid_cents')::bigint, 0), item, told.key
    from (
        select concat_ws(':', 'contradiction', integration.id, item ->> 'reference',
            item ->> 'status_code', item ->> 'status_text', item ->> 'paid_on',
            item ->> 'paid_cents') as key
    ) as told
    -- Told again in the same words, also after somebody looked at it, it is no news.
    where not exists (
        select from public.payment_cases as known
        where known.tenant_id = integration.tenant_id and known.case_key = told.key
    );
end;
$$;

create function private.record_payment_event(integration_id uuid, source text, item jsonb)
returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_integration public.integrations;
    v_charge public.charges;
    v_class text;
    v_payment public.payments;
    v_course record;
    v_is_new boolean;
begin
    select * into v_integration from public.integrations as integration
    where integration.id = record_payment_event.integration_id;
    if not found or item ->> 'reference' is null then
        raise exception 'payment_event_invalid' using errcode = 'PT400',
            detail = 'integration and reference are needed';
    end if;
    select * into v_charge from public.charges as charge
    where charge.integration_id = v_integration.id and charge.reference = item ->> 'reference';
    if found then
        perform private.lock_client(v_charge.tenant_id, v_charge.client_id);
        select * into v_charge from public.charges as charge
        where charge.id = v_charge.id
        for update;
    end if;
    begin
        v_class := private.classify_charge(
            v_integration.settings, item, private.today(v_integration.tenant_id)
        );
    exception when data_exception then
        raise exception 'payment_event_invalid' using errcode = 'PT400', detail = sqlerrm;
    end;
    if v_class = 'paid' and private.is_doubtful(v_charge, item) then
        v_class := 'contradiction';
    end if;
    if v_class = 'contradiction' then
        perform private.note_contradiction(v_integration, v_charge, item);
        -- Whatever else is doubtful, the provider has it.
        update public.charges as charge set status = 'open'
        where charge.id = v_charge.id and charge.status in ('sending', 'unknown');
        return v_class;
    elsif v_class <> 'paid' then
        return case when v_charge.id is null then 'ignored'
            else private.follow_charge(v_charge.id, v_class, item) end;
    end if;

    v_payment.tenant_id := v_integration.tenant_id;
    v_payment.client_id := v_charge.client_id;
    v_payment.provider := v_integration.provider;
    v_payment.integration_id := v_integration.id;
    v_payment.charge_id := v_charge.id;
    v_payment.reference := item ->> 'reference';
    -- This provider names no payment: the same day and cents of one charge are one payment.
    v_payment.payment_key := concat_ws(
        ':', v_integration.id, item ->> 'reference', item ->> 'paid_on', item ->> 'paid_cents'
    );
    v_payment.amount_cents := (item ->> 'paid_cents')::bigint;
    v_payment.paid_on := (item ->> 'paid_on')::date;
    v_payment.method := v_charge.method;
    if v_charge.id is null then
        v_is_new := private.take_payment(v_payment, 'parked', null, null, null, source);
        return case when v_is_new then 'orphan' else 'repeated' end;
    end if;
    update public.charges as charge
    set status = 'paid', needs_lookup = false
    where charge.id = v_charge.id and charge.status <> 'paid';
    v_course := private.course_of_charge(v_charge);
    v_is_new := private.take_payment(
        v_payment, v_course.course, v_course.agreement_id, v_course.installment_id, null, source
    );
    return case when v_is_new then 'recorded' else 'repeated' end;
end;
$$;
comment on function private.record_payment_event(uuid, text, jsonb) is
'source: lookup | sweep. item: {reference, status_code, status_text, paid_on, paid_cents,
amount_cents, link, digitable_line, pix_code, pdf_url}. Answers recorded, repeated, orphan,
contradiction, open, registering, cancelled or ignored.';
grant execute on function private.record_payment_event(uuid, text, jsonb) to worker;

-- 0579_manual_settlements.sql
-- Money settled by hand (cash, a transfer, paid to the creditor): with evidence, and above the
-- policy's limit with a second person. Only the confirmed one becomes a payment.
create table public.manual_settlements (
    -- Made by the page, so that a second click is the same request.
    id uuid not null,
    tenant_id uuid not null,
    client_id uuid not null,
    agreement_id uuid,
    installment_id uuid,
    debt_ids uuid[],
    amount_cents bigint not null,
    paid_on date not null,
    -- Receipt number, who received it, where the copy lies.
    evidence text not null,
    status public.request_status not null default 'pending',
    requested_by uuid not null,
    decided_by uuid,
    decided_at timestamptz,
    decision_reason text,
    payment_id uuid,
    created_at timestamptz not null default private.now(),
    constraint manual_settlements_pkey primary key (id),
    constraint manual_settlements_tenant_id_key unique (tenant_id, id),
    constraint manual_settlements_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint manual_settlements_agreement_fkey foreign key (tenant_id, agreement_id)
    references public.agreements (tenant_id, id),
    constraint manual_settlements_installment_fkey foreign key (tenant_id, installment_id)
    references public.installments (tenant_id, id),
    constraint manual_settlements_payment_fkey foreign key (tenant_id, payment_id)
    references public.payments (tenant_id, id),
    constraint manual_settlements_requested_by_fkey foreign key (requested_by)
    references auth.users (id),
    constraint manual_settlements_decided_by_fkey foreign key (decided_by)
    references auth.users (id),
    constraint manual_settlements_amount_is_positive check (amount_cents > 0),
    constraint manual_settlements_evidence_is_filled check (btrim(evidence) <> ''),
    constraint manual_settlements_approved_is_a_payment check (
        (status = 'approved') = (payment_id is not null)
    )
);
comment on table public.manual_settlements is 'Payments settled by hand, and who confirmed them.';

-- Two people, one installment: the second request waits for the first one's decision.
create unique index manual_settlements_one_pending_per_installment
on public.manual_settlements (tenant_id, installment_id) where status = 'pending';
create index manual_settlements_pending on public.manual_settlements (tenant_id, created_at, id)
where status = 'pending';
create index manual_settlements_of_client on public.manual_settlements (tenant_id, client_id);
create index manual_settlements_of_agreement
on public.manual_settlements (tenant_id, agreement_id);
create index manual_settlements_of_installment
on public.manual_settlements (tenant_id, installment_id);
create index manual_settlements_of_payment on public.manual_settlements (tenant_id, payment_id);
create index manual_settlements_of_requester on public.manual_settlements (requested_by);
create index manual_settlements_of_decider on public.manual_settlements (decided_by);

alter table public.manual_settlements enable row level security;
alter table public.manual_settlements force row level security;

create policy manual_settlements_select_member on public.manual_settlements
for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by `settle_manually` and `decide_settlement` only.
grant select on public.manual_settlements to authenticated;

create trigger _500_broadcast_insert after insert on public.manual_settlements
referencing new table as new_rows for each statement
execute function private.tg_broadcast('settlement_changed');
create trigger _500_broadcast_update after update on public.manual_settlements
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_broadcast_status('settlement_changed');

create trigger _900_audit_insert after insert on public.manual_settlements
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.manual_settlements
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.manual_settlements
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0580_effective_payments.sql
-- The facts the ledger is rebuilt from: a client's payments that were not taken back, each with the
-- last word on where it goes, in an order that does not depend on when we heard of them.
create type private.effective_payment as (
    payment_id uuid,
    payment_key text,
    amount_cents bigint,
    paid_on date,
    course_id bigint,
    course public.payment_course,
    agreement_id uuid,
    installment_id uuid,
    debt_ids uuid []
);

create function private.effective_payments(tenant_id uuid, client_id uuid)
returns setof private.effective_payment
language sql
stable
security definer
set search_path = ''
as $$
    with fact as (
        select payment.id, payment.payment_key, payment.amount_cents, payment.paid_on,
            word.id as course_id, word.course, word.agreement_id, word.installment_id,
            word.debt_ids,
            (
                select coalesce(sum(known.amount_cents), 0)::bigint
                from public.payment_cases as known
                where known.tenant_id = payment.tenant_id and known.payment_id = payment.id
                  and known.kind = 'overpayment' and known.resolution = 'return'
            ) as returned_cents,
            exists (
                select from public.payment_reversals as reversal
                where reversal.tenant_id = payment.tenant_id
                  and reversal.payment_id = payment.id
            ) as is_reversed
        from public.payments as payment
        cross join lateral (
            select course.* from public.payment_courses as course
            where course.tenant_id = payment.tenant_id and course.payment_id = payment.id
            order by course.id desc
            limit 1
        ) as word
        where payment.tenant_id = effective_payments.tenant_id
          and payment.client_id = effective_payments.client_id
    ),
    -- Taken back whole after a part was sent back, a payment leaves less than nothing: that is
    -- missing from the youngest of those that went the same way.
    missing as (
        select fact.agreement_id, sum(fact.returned_cents)::bigint as cents
        from fact
        where fact.is_reversed and fact.course in ('apply', 'advance', 'abate')
        group by fact.agreement_id
    ),
    standing as (
        select fact.*, coalesce(sum(fact.amount_cents - fact.returned_cents)
            filter (where fact.course in ('apply', 'advance', 'abate')) over (
                partition by fact.agreement_id
                order by fact.paid_on desc, fact.payment_key desc
                rows between unbounded preceding and 1 preceding
            ), 0)::bigint as younger_cents
        from fact
        where not fact.is_reversed
    )
    -- What was sent back of it is not there to be used again.
    select standing.id, standing.payment_key,
        standing.amount_cents - standing.returned_cents - case
            when standing.course in ('apply', 'advance', 'abate') then least(
                standing.amount_cents - standing.returned_cents,
                greatest(coalesce(missing.cents, 0) - standing.younger_cents, 0)
            ) else 0 end,
        standing.paid_on, standing.course_id, standing.course, standing.agreement_id,
        standing.installment_id,
        case when standing.agreement_id is not null
            then private.agreement_debt_ids(standing.agreement_id) else standing.debt_ids end
    from standing
    left join missing on missing.agreement_id is not distinct from standing.agreement_id
    -- On one day what names its installment goes first; the rest fills what is left.
    order by standing.paid_on, standing.installment_id is null, standing.payment_key
$$;

-- One wanted row of the ledger, before it is compared with what stands.
create type private.planned_allocation as (
    payment_id uuid,
    installment_id uuid,
    debt_id uuid,
    paid_on date,
    parts private.paid_parts,
    before_cents bigint,
    after_cents bigint,
    position_after private.ledger_state
);

create function private.insert_allocation(tenant_id uuid, planned private.planned_allocation)
returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.payment_allocations (
        tenant_id, payment_id, installment_id, debt_id, paid_on, principal_cents,
        correction_cents, fine_cents, interest_cents, collection_fee_cents, before_cents,
        after_cents, position_after
    )
    values (
        insert_allocation.tenant_id, planned.payment_id, planned.installment_id, planned.debt_id,
        planned.paid_on, (planned.parts).principal_cents, (planned.parts).correction_cents,
        (planned.parts).fine_cents, (planned.parts).interest_cents,
        (planned.parts).collection_fee_cents, planned.before_cents, planned.after_cents,
        to_jsonb(planned.position_after)
    )
$$;

-- A row that takes another one back, on the same business day, so that sums of any past day agree.
create function private.reverse_allocation(allocation_id bigint) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.payment_allocations (
        tenant_id, payment_id, installment_id, debt_id, paid_on, principal_cents,
        correction_cents, fine_cents, interest_cents, collection_fee_cents, before_cents,
        after_cents, position_after, reverses_id
    )
    select standing.tenant_id, standing.payment_id, standing.installment_id, standing.debt_id,
        standing.paid_on, -standing.principal_cents, -standing.correction_cents,
        -standing.fine_cents, -standing.interest_cents, -standing.collection_fee_cents,
        standing.after_cents, standing.before_cents, '{}', standing.id
    from public.payment_allocations as standing
    where standing.id = reverse_allocation.allocation_id
$$;

-- 0581_settle_manually.sql
-- Asking for a settlement by hand, and confirming it: two people, or one with the limit for it.
create function private.confirm_settlement(settlement_id uuid) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_request public.manual_settlements;
    v_payment public.payments;
    v_payment_id uuid;
begin
    select * into v_request from public.manual_settlements as request
    where request.id = confirm_settlement.settlement_id;
    v_payment.tenant_id := v_request.tenant_id;
    v_payment.client_id := v_request.client_id;
    v_payment.payment_key := 'manual:' || v_request.id;
    v_payment.amount_cents := v_request.amount_cents;
    v_payment.paid_on := v_request.paid_on;
    perform private.take_payment(
        v_payment,
        case when v_request.agreement_id is null then 'abate' else 'apply'
        end::public.payment_course,
        v_request.agreement_id, v_request.installment_id, v_request.debt_ids, 'manual'
    );
    select payment.id into v_payment_id from public.payments as payment
    where payment.tenant_id = v_request.tenant_id
      and payment.payment_key = v_payment.payment_key;
    update public.manual_settlements as request
    set status = 'approved', payment_id = v_payment_id
    where request.id = v_request.id;
    return v_payment_id;
end;
$$;

-- Not in the future, and not older than any claim (Civil Code 205: ten years).
create function private.is_payment_day(tenant_id uuid, paid_on date) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select paid_on between (private.today(tenant_id) - interval '10 years')::date
        and private.today(tenant_id)
$$;

-- Asked when it is requested and again when it is confirmed: meanwhile the installment may have
-- been paid, the agreement broken, or the titles agreed upon at a price without this money.
create function private.require_settleable(request public.manual_settlements)
returns public.agreements
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_part public.installments;
    v_agreement public.agreements;
    v_agreement_id uuid := request.agreement_id;
begin
    if request.installment_id is not null then
        select * into v_part from public.installments as part
        where part.tenant_id = request.tenant_id and part.id = request.installment_id
          and part.client_id = request.client_id;
        if not found then
            raise exception 'installment_not_found' using errcode = 'PT404',
                detail = request.installment_id::text;
        elsif v_part.status <> 'open' then
            raise exception 'installment_not_open' using errcode = 'PT409',
                detail = v_part.status::text;
        end if;
        v_agreement_id := v_part.agreement_id;
    end if;
    if v_agreement_id is null then
        perform private.require_debts(request.tenant_id, request.client_id, request.debt_ids);
        if exists (
            select from public.debts
            where debts.id = any(request.debt_ids) and debts.status in ('settled', 'returned')
        ) then
            raise exception 'debt_closed' using errcode = 'PT409',
                detail = 'one of the titles was settled or returned';
        elsif exists (
            select from public.agreement_debts as held
            where held.tenant_id = request.tenant_id and held.is_live
              and held.debt_id = any(request.debt_ids)
        ) then
            raise exception 'debt_in_agreement' using errcode = 'PT409',
                detail = 'settle the installment of its agreement';
        end if;
        return null;
    end if;
    select * into v_agreement from public.agreements as agreement
    where agreement.tenant_id = request.tenant_id and agreement.id = v_agreement_id
      and agreement.client_id = request.client_id;
    if not found then
        raise exception 'agreement_not_found' using errcode = 'PT404',
            detail = v_agreement_id::text;
    elsif not private.is_living(v_agreement.status) then
        raise exception 'agreement_not_living' using errcode = 'PT409',
            detail = v_agreement.status::text;
    end if;
    return v_agreement;
end;
$$;

create function private.settle_manually(settlement jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Above any payment; a larger number is a fault, not money.
    c_largest_cents constant bigint := 10000000000000;
    v_tenant_id uuid := private.require_role('operator');
    v_request public.manual_settlements;
    v_known public.manual_settlements;
    v_agreement public.agreements;
    v_limit bigint;
begin
    perform private.require_known_keys(settlement, array[
        'id', 'client_id', 'agreement_id', 'installment_id', 'debt_ids', 'amount_cents',
        'paid_on', 'evidence'
    ]);
    begin
        v_request := jsonb_populate_record(null::public.manual_settlements, settlement);
    exception when data_exception then
        raise exception 'settlement_invalid' using errcode = 'PT400', detail = sqlerrm;
    end;
    v_request.tenant_id := v_tenant_id;
    if v_request.id is null
        or coalesce(v_request.amount_cents, 0) not between 1 and c_largest_cents
        or not coalesce(private.is_payment_day(v_tenant_id, v_request.paid_on), false)
        or cardinality(v_request.debt_ids) = 0
        or num_nonnulls(v_request.installment_id, v_request.agreement_id, v_request.debt_ids) <> 1
    then
        raise exception 'settlement_invalid' using errcode = 'PT400',
            detail = 'id, amount, a day not in the future and exactly one target are needed';
    elsif btrim(coalesce(v_request.evidence, '')) = '' then
        raise exception 'evidence_missing' using errcode = 'PT400',
            detail = 'say how it is known that this was paid';
    end if;
    perform private.lock_client(v_tenant_id, v_request.client_id);
    select * into v_known from public.manual_settlements as request
    where request.id = v_request.id;
    if found then
        -- The page would show as done what was never asked.
        if v_known.tenant_id <> v_tenant_id or v_known.requested_by <> auth.uid() or (
            v_known.client_id, v_known.installment_id, v_known.debt_ids, v_known.amount_cents,
            v_known.paid_on, v_known.evidence
        ) is distinct from (
            v_request.client_id, v_request.installment_id, v_request.debt_ids,
            v_request.amount_cents, v_request.paid_on, btrim(v_request.evidence)
        ) or v_known.installment_id is null
            and v_known.agreement_id is distinct from v_request.agreement_id
        then
            raise exception 'settlement_id_reused' using errcode = 'PT409',
                detail = 'this id already names another settlement';
        end if;
        return private.settlement_outcome(v_known.id);
    end if;

    v_agreement := private.require_settleable(v_request);
    v_request.agreement_id := v_agreement.id;
    if exists (
        select from public.manual_settlements as request
        where request.tenant_id = v_tenant_id and request.status = 'pending'
          and request.installment_id = v_request.installment_id
    ) then
        raise exception 'settlement_pending' using errcode = 'PT409',
            detail = 'another settlement of this installment waits for its decision';
    end if;
    insert into public.manual_settlements (
        id, tenant_id, client_id, agreement_id, installment_id, debt_ids, amount_cents, paid_on,
        evidence, requested_by
    )
    values (
        v_request.id, v_tenant_id, v_request.client_id, v_request.agreement_id,
        v_request.installment_id, v_request.debt_ids, v_request.amount_cents, v_request.paid_on,
        btrim(v_request.evidence), auth.uid()
    );
    v_limit := coalesce(
        (select policy.manual_limit_cents from public.agreement_policies as policy
            where policy.id = v_agreement.policy_id),
        (private.agreement_policy(v_tenant_id, null)).manual_limit_cents
    );
    if private.has_role('supervisor') and v_request.amount_cents <= v_limit then
        perform private.confirm_settlement(v_request.id);
    else
        insert into public.notifications (tenant_id, user_id, kind, payload)
        select v_tenant_id, member.user_id, 'settlement_pending', jsonb_build_object(
            'settlement_id', v_request.id, 'client_id', v_request.client_id
        )
        from public.memberships as member
        where member.tenant_id = v_tenant_id and member.revoked_at is null
          and member.role >= 'supervisor' and member.user_id <> auth.uid();
    end if;
    return private.settlement_outcome(v_request.id);
end;
$$;

create function private.settlement_outcome(settlement_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'settlement_id', request.id, 'status', request.status, 'payment_id', request.payment_id
    )
    from public.manual_settlements as request
    where request.id = settlement_outcome.settlement_id
$$;

create function private.decide_settlement(settlement_id uuid, decision text, reason text)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_request public.manual_settlements;
begin
    if decision is null or decision not in ('approve', 'reject') then
        raise exception 'decision_unknown' using errcode = 'PT400',
            detail = coalesce(decision, 'none');
    end if;
    select * into v_request from public.manual_settlements as request
    where request.tenant_id = v_tenant_id and request.id = decide_settlement.settlement_id;
    if not found then
        raise exception 'settlement_not_found' using errcode = 'PT404',
            detail = 'no settlement with this id in the tenant';
    end if;
    perform private.lock_client(v_tenant_id, v_request.client_id);
    select * into v_request from public.manual_settlements as request
    where request.id = v_request.id
    for update;
    if v_request.status <> 'pending' then
        raise exception 'settlement_decided' using errcode = 'PT409',
            detail = v_request.status::text;
    elsif v_request.requested_by = auth.uid() then
        raise exception 'approval_by_author' using errcode = 'PT403',
            detail = 'another person decides';
    elsif decision = 'reject' and btrim(coalesce(reason, '')) = '' then
        raise exception 'reason_missing' using errcode = 'PT400',
            detail = 'a rejection wants a reason';
    elsif decision = 'approve' then
        perform private.require_settleable(v_request);
    end if;
    update public.manual_settlements as request
    set decided_by = auth.uid(), decided_at = private.now(),
        decision_reason = nullif(btrim(decide_settlement.reason), ''),
        status = case when decision = 'reject' then 'rejected' else request.status end
    where request.id = v_request.id;
    if decision = 'approve' then
        perform private.confirm_settlement(v_request.id);
    end if;
    return private.settlement_outcome(v_request.id);
end;
$$;

create function public.settle_manually(settlement jsonb) returns jsonb
language sql
set search_path = ''
as $$ select private.settle_manually(settlement) $$;
comment on function public.settle_manually(jsonb) is
'{id, client_id, installment_id | agreement_id | debt_ids, amount_cents, paid_on, evidence} ->
{settlement_id, status: pending | approved, payment_id}. The same id again is the same request.';

create function public.decide_settlement(
    settlement_id uuid, decision text, reason text default null
) returns jsonb
language sql
set search_path = ''
as $$ select private.decide_settlement(settlement_id, decision, reason) $$;
comment on function public.decide_settlement(uuid, text, text) is
'Supervisor or admin, never the requester. decision: approve | reject (reason needed).';

grant execute on function
private.settle_manually(jsonb), public.settle_manually(jsonb),
private.decide_settlement(uuid, text, text), public.decide_settlement(uuid, text, text)
to authenticated;

-- 0582_installment_book.sql
-- The book of installments: which payment pays which installment of one agreement. Computed from
-- the facts alone, in chronological order, so that every order of arrival ends the same.
create type private.book_item as (
    installment_id uuid,
    number int,
    due_on date,
    effective_due_on date,
    amount_cents bigint,
    item private.ledger_state,
    settled_on date,
    adjustment_cents bigint
);

create type private.book_finding as (
    payment_id uuid,
    kind public.payment_case_kind,
    amount_cents bigint
);

create type private.installment_book as (
    items private.book_item [],
    rows private.planned_allocation [],
    findings private.book_finding []
);

-- Lateness inside an agreement follows its own contract, which has neither index nor fee.
create function private.late_terms(policy public.agreement_policies)
returns public.charge_policies
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.jsonb_populate_record(
        null::public.charge_policies, pg_catalog.jsonb_build_object(
            'tenant_id', policy.tenant_id, 'fine_percent', policy.late_fine_percent,
            'interest_percent', policy.late_interest_percent, 'interest_rule', 'daily_30',
            'collection_fee_percent', 0, 'grace_days', 0, 'is_fine_on_corrected', false,
            'counts_from_nominal', false,
            -- Charged: they come first (Civil Code 354). Absorbed: the schedule comes first, and
            -- only what is paid beyond it counts as charges.
            'allocation_order', case when policy.is_late_charged
                then '["fine", "interest", "correction", "collection_fee", "principal"]'
                else '["principal", "fine", "interest", "correction", "collection_fee"]'
            end::jsonb
        )
    )
$$;

-- Pays one item; `most` caps what may go there (null: everything it owes).
create function private.pay_item(
    item private.book_item, policy public.agreement_policies, paid_on date, amount_cents bigint,
    out item_after private.book_item, out planned private.planned_allocation
)
language plpgsql
stable
set search_path = ''
as $$
declare
    v_terms public.charge_policies := private.late_terms(policy);
    v_owed private.accrual := private.accrue(
        item.item, v_terms, item.due_on, item.effective_due_on, paid_on
    );
    v_paid record;
    v_left bigint;
begin
    v_paid := private.pay_position(item.item, v_owed, amount_cents, v_terms.allocation_order);
    item_after := item;
    item_after.item := v_paid.after;
    planned.installment_id := item.installment_id;
    planned.paid_on := paid_on;
    planned.parts := v_paid.parts;
    planned.before_cents := v_owed.total_cents;
    planned.after_cents := v_owed.total_cents - (v_paid.parts).total_cents;
    planned.position_after := v_paid.after;
    -- What settles: the schedule's amount, or also its late charges; a trifle may be missing.
    v_left := case when policy.is_late_charged then planned.after_cents
        else (v_paid.after).principal_cents end;
    if v_left <= least(
        policy.tolerance_cents,
        private.round_ratio(item.amount_cents * policy.tolerance_percent, 100)
    ) then
        item_after.settled_on := paid_on;
        item_after.adjustment_cents := (v_paid.after).principal_cents;
    end if;
end;
$$;

-- In which order, and how much at most, a surplus goes to the open items.
create function private.surplus_shares(
    items private.book_item[], surplus_mode text, amount_cents bigint
) returns table (place int, share_cents bigint)
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_left bigint := amount_cents;
    v_count int;
begin
    if surplus_mode in ('next', 'last') then
        return query
        select listed.position::int, null::bigint
        from unnest(items) with ordinality as listed (
            installment_id, number, due_on, effective_due_on, amount_cents, item, settled_on,
            adjustment_cents, position
        )
        where listed.settled_on is null
        order by listed.number * case surplus_mode when 'last' then -1 else 1 end;
    elsif surplus_mode = 'spread' then
        -- Equal shares; who needs less gives the rest to those after, smallest need first.
        v_count := (select count(*) from unnest(items) as open where open.settled_on is null);
        for place, share_cents in
            select listed.position::int, (listed.item).principal_cents
            from unnest(items) with ordinality as listed (
                installment_id, number, due_on, effective_due_on, amount_cents, item, settled_on,
                adjustment_cents, position
            )
            where listed.settled_on is null
            order by (listed.item).principal_cents, listed.number
        loop
            share_cents := least(share_cents, (v_left + v_count - 1) / v_count);
            v_left := v_left - share_cents;
            v_count := v_count - 1;
            return next;
        end loop;
    end if;
end;
$$;

create function private.installment_book(
    agreement public.agreements, payments private.effective_payment[]
) returns private.installment_book
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_book private.installment_book;
    v_policy public.agreement_policies;
    v_payment private.effective_payment;
    v_target int;
    v_left bigint;
    v_paid record;
    v_share record;
begin
    select * into v_policy from public.agreement_policies as policy
    where policy.id = agreement.policy_id;
    v_book.rows := '{}';
    v_book.findings := '{}';
    -- An installment a person cancelled takes no money; those ended with the agreement keep theirs.
    v_book.items := array(
        select (
            part.id, part.number, part.due_on, part.effective_due_on, part.amount_cents,
            private.new_position(part.amount_cents), null, 0
        )::private.book_item
        from public.installments as part
        where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
          and (part.status <> 'cancelled' or part.cancel_reason like 'agreement\_%')
        order by part.number
    );
    foreach v_payment in array payments loop
        continue when v_payment.agreement_id is distinct from agreement.id
            or v_payment.course not in ('apply', 'advance') or v_payment.amount_cents <= 0;
        v_left := v_payment.amount_cents;
        v_target := (
            select listed.position from unnest(v_book.items) with ordinality as listed (
                installment_id, number, due_on, effective_due_on, amount_cents, item, settled_on,
                adjustment_cents, position
            )
            where listed.installment_id = v_payment.installment_id
        );
        if v_payment.course = 'apply' and v_target is not null then
            -- A second full payment is not guessed about: a person decides.
            if v_book.items[v_target].settled_on is not null then
                v_book.findings := v_book.findings || (
                    v_payment.payment_id, 'duplicate', v_payment.amount_cents
                )::private.book_finding;
                continue;
            end if;
            v_paid := private.pay_item(
                v_book.items[v_target], v_policy, v_payment.paid_on, v_left
            );
            v_paid.planned.payment_id := v_payment.payment_id;
            v_book.items[v_target] := v_paid.item_after;
            v_book.rows := v_book.rows || v_paid.planned;
            v_left := v_left - ((v_paid.planned).parts).total_cents;
        end if;
        for v_share in
            select * from private.surplus_shares(v_book.items, case
                -- Without an installment of its own a payment goes to the oldest.
                when v_target is null or v_payment.course = 'advance' then 'next'
                else v_policy.surplus_mode
            end, v_left)
        loop
            exit when v_left <= 0;
            continue when v_share.place = v_target and v_payment.course = 'apply';
            v_paid := private.pay_item(
                v_book.items[v_share.place], v_policy, v_payment.paid_on,
                least(v_left, coalesce(v_share.share_cents, v_left))
            );
            continue when ((v_paid.planned).parts).total_cents = 0;
            v_paid.planned.payment_id := v_payment.payment_id;
            v_book.items[v_share.place] := v_paid.item_after;
            v_book.rows := v_book.rows || v_paid.planned;
            v_left := v_left - ((v_paid.planned).parts).total_cents;
        end loop;
        if v_left > v_policy.refund_above_cents then
            v_book.findings := v_book.findings || (
                v_payment.payment_id, 'overpayment', v_left
            )::private.book_finding;
        end if;
    end loop;
    return v_book;
end;
$$;

-- 0583_reverse_payment.sql
-- A payment taken back. Everything after it is booked again in order; the agreement may be overdue
-- or unsettled again, and those concerned are told.
create function private.reverse_payment(payment_id uuid, reason text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_payment public.payments;
    v_agreement_id uuid;
begin
    if btrim(coalesce(reason, '')) = '' then
        raise exception 'reason_missing' using errcode = 'PT400',
            detail = 'a reversal wants a reason';
    end if;
    select * into v_payment from public.payments as payment
    where payment.tenant_id = v_tenant_id and payment.id = reverse_payment.payment_id;
    if not found then
        raise exception 'payment_not_found' using errcode = 'PT404',
            detail = 'no payment with this id in the tenant';
    end if;
    if v_payment.client_id is null then
        -- Somebody may be saying at this moment whose it is, and holds the case.
        perform from public.payment_cases as known
        where known.tenant_id = v_tenant_id and known.payment_id = v_payment.id
        order by known.id
        for update;
        select * into v_payment from public.payments as payment where payment.id = v_payment.id;
    end if;
    if v_payment.client_id is not null then
        perform private.lock_client(v_tenant_id, v_payment.client_id);
    end if;
    insert into public.payment_reversals (tenant_id, payment_id, reason, reversed_on, actor_id)
    values (
        v_tenant_id, v_payment.id, btrim(reverse_payment.reason), private.today(v_tenant_id),
        auth.uid()
    )
    on conflict on constraint payment_reversals_once_per_payment do nothing;
    if not found then
        raise exception 'payment_reversed' using errcode = 'PT409',
            detail = 'this payment was taken back already';
    end if;
    update public.payment_cases as known
    set resolved_at = private.now(), resolved_by = auth.uid(), resolution = 'vanished'
    where known.tenant_id = v_tenant_id and known.payment_id = v_payment.id
      and known.resolved_at is null;
    select word.agreement_id into v_agreement_id
    from public.payment_courses as word
    where word.tenant_id = v_tenant_id and word.payment_id = v_payment.id
    order by word.id desc
    limit 1;
    if v_agreement_id is not null then
        perform private.tell_agreement(
            v_agreement_id, 'payment_reversed', private.today(v_tenant_id), btrim(reason),
            jsonb_build_object('payment_id', v_payment.id, 'amount_cents', v_payment.amount_cents)
        );
        insert into public.notifications (tenant_id, user_id, kind, payload)
        select v_tenant_id, agreement.created_by, 'payment_reversed', jsonb_build_object(
            'payment_id', v_payment.id, 'agreement_id', agreement.id,
            'client_id', agreement.client_id
        )
        from public.agreements as agreement
        where agreement.id = v_agreement_id and agreement.created_by is not null;
    end if;
    if v_payment.client_id is not null then
        perform private.rebuild_ledger(
            v_tenant_id, v_payment.client_id, private.today(v_tenant_id)
        );
    end if;
end;
$$;

create function public.reverse_payment(payment_id uuid, reason text) returns void
language sql
set search_path = ''
as $$ select private.reverse_payment(payment_id, reason) $$;
comment on function public.reverse_payment(uuid, text) is
'Supervisor: Pix return, chargeback, returned boleto or a mistake. PT400 reason_missing, PT404
payment_not_found, PT409 payment_reversed.';

grant execute on function
private.reverse_payment(uuid, text), public.reverse_payment(uuid, text)
to authenticated;

-- 0584_debt_book.sql
-- The book of titles: what each payment abated of what was really owed on its day, oldest title
-- first, charges before principal unless the creditor says otherwise. It runs whatever agreement
-- there is, and stops being rewritten where nothing changed: a later policy or a newly published
-- index month never moves an old payment.
create table private.client_ledgers (
    client_id uuid not null,
    tenant_id uuid not null,
    -- The payments already in the book, in order, each with what it brought.
    entries text[] not null default '{}',
    constraint client_ledgers_pkey primary key (client_id),
    constraint client_ledgers_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id)
);
comment on table private.client_ledgers is 'How far the book of titles of each client is written.';
create index client_ledgers_of_tenant on private.client_ledgers (tenant_id, client_id);

alter table private.client_ledgers enable row level security;
alter table private.client_ledgers force row level security;

-- What a payment brings to the titles, and which titles.
create type private.debt_entry as (
    payment_id uuid,
    paid_on date,
    amount_cents bigint,
    debt_ids uuid [],
    is_abatement boolean,
    entry_key text
);

-- Writes one payment into the book; answers what nobody owed any more.
create function private.impute(tenant_id uuid, entry private.debt_entry) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_left bigint := entry.amount_cents;
    v_debt public.debts;
    v_policy public.charge_policies;
    v_item private.ledger_state;
    v_owed private.accrual;
    v_paid record;
begin
    for v_debt in
        select debts.* from public.debts
        where debts.tenant_id = impute.tenant_id and debts.id = any(entry.debt_ids)
        order by debts.due_on, debts.contract, debts.installment, debts.id
    loop
        exit when v_left = 0;
        v_policy := private.charge_policy(tenant_id, v_debt.creditor_id, entry.paid_on);
        v_item := private.debt_position(v_debt, 'infinity');
        v_owed := private.accrue(
            v_item, v_policy, v_debt.due_on,
            private.next_business_day(
                tenant_id, v_policy.holiday_uf, v_debt.due_on, v_policy.due_rule
            ),
            entry.paid_on
        );
        continue when v_owed.total_cents = 0;
        v_paid := private.pay_position(v_item, v_owed, v_left, v_policy.allocation_order);
        perform private.insert_allocation(tenant_id, (
            entry.payment_id, null, v_debt.id, entry.paid_on, v_paid.parts, v_owed.total_cents,
            v_owed.total_cents - (v_paid.parts).total_cents, v_paid.after
        )::private.planned_allocation);
        v_left := v_left - (v_paid.parts).total_cents;
    end loop;
    return v_left;
end;
$$;

-- Brings the book to `entries`: what stands up to the first difference stays, the rest is taken
-- back and written again in order. Answers what abatements had left over.
create function private.write_debt_book(
    tenant_id uuid, client_id uuid, entries private.debt_entry[]
) returns private.book_finding[]
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_known text[];
    v_wanted text[] := array(
        select entry.entry_key from unnest(entries) with ordinality as entry (
            payment_id, paid_on, amount_cents, debt_ids, is_abatement, entry_key, place
        ) order by entry.place
    );
    v_same int := 0;
    v_entry private.debt_entry;
    v_left bigint;
    v_findings private.book_finding[] := '{}';
begin
    insert into private.client_ledgers (tenant_id, client_id)
    values (write_debt_book.tenant_id, write_debt_book.client_id)
    on conflict on constraint client_ledgers_pkey do nothing;
    select ledger.entries into v_known from private.client_ledgers as ledger
    where ledger.client_id = write_debt_book.client_id
    for update;
    while v_same < least(cardinality(v_known), cardinality(v_wanted))
        and v_known[v_same + 1] = v_wanted[v_same + 1]
    loop
        v_same := v_same + 1;
    end loop;

    perform private.reverse_allocation(standing.id)
    from private.living_allocations as standing
    where standing.tenant_id = write_debt_book.tenant_id and standing.debt_id is not null
      and standing.payment_id = any(array(
          select split_part(known.entry_key, '|', 1)::uuid
          from unnest(v_known[v_same + 1:]) as known (entry_key)
      ));
    foreach v_entry in array entries[v_same + 1:] loop
        v_left := private.impute(tenant_id, v_entry);
        if v_entry.is_abatement and v_left > 0 then
            v_findings := v_findings || (
                v_entry.payment_id, 'overpayment', v_left
            )::private.book_finding;
        end if;
    end loop;
    -- What stands already may have left something over, too.
    v_findings := v_findings || array(
        select (entry.payment_id, 'overpayment', entry.amount_cents - covered.cents)
            ::private.book_finding
        from unnest(entries[:v_same]) as entry
        cross join lateral (
            select coalesce(sum(standing.total_cents), 0) as cents
            from private.living_allocations as standing
            where standing.tenant_id = write_debt_book.tenant_id
              and standing.payment_id = entry.payment_id and standing.debt_id is not null
        ) as covered
        where entry.is_abatement and entry.amount_cents > covered.cents
    );

    if v_same < greatest(cardinality(v_known), cardinality(v_wanted)) then
        update private.client_ledgers as ledger set entries = v_wanted
        where ledger.client_id = write_debt_book.client_id;
        update public.debts
        set abated_cents = booked.cents
        from (
            select title.id, coalesce(sum(allocation.principal_cents), 0) as cents
            from public.debts as title
            left join public.payment_allocations as allocation
                on allocation.tenant_id = title.tenant_id and allocation.debt_id = title.id
            where title.tenant_id = write_debt_book.tenant_id
              and title.client_id = write_debt_book.client_id
            group by title.id
        ) as booked
        where debts.id = booked.id and debts.abated_cents <> booked.cents;
    end if;
    return v_findings;
end;
$$;

-- A title that was paid to the last cent outside of any agreement is settled, and one whose payment
-- was taken back is not. Principal alone does not settle: charges left over stay owed.
create function private.sync_debt_statuses(tenant_id uuid, client_id uuid, on_date date)
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.debts
    set status = case when judged.is_paid
        then 'settled' else private.free_status(debts, on_date) end
    from (
        select title.id,
            (place.position).principal_cents = 0
            and (place.position).frozen_correction <= (place.position).paid_correction
            and (place.position).frozen_fine <= (place.position).paid_fine
            and (place.position).frozen_interest <= (place.position).paid_interest
            and (place.position).frozen_collection_fee <= (place.position).paid_collection_fee
                as is_paid
        from public.debts as title
        cross join lateral (
            select private.debt_position(title, 'infinity') as position
        ) as place
        where title.tenant_id = sync_debt_statuses.tenant_id
          and title.client_id = sync_debt_statuses.client_id
          and title.status not in ('in_agreement', 'returned')
          and exists (
              select from public.payment_allocations as allocation
              where allocation.tenant_id = title.tenant_id and allocation.debt_id = title.id
          )
          -- What an agreement settled with a discount is settled.
          and not exists (
              select from public.agreement_debts as held
              join public.agreements as agreement on agreement.id = held.agreement_id
              where held.tenant_id = title.tenant_id and held.debt_id = title.id
                and (agreement.status = 'settled' or held.is_live)
          )
    ) as judged
    where debts.id = judged.id and (debts.status = 'settled') <> judged.is_paid;
end;
$$;

-- 0586_rebuild_ledger.sql
-- The ledger's one writer: both books of a client brought to what the facts say. Called after every
-- payment, decision and reversal; called twice it changes nothing; in whatever order payments were
-- heard of, it ends the same.
create function private.sync_installments(
    agreement public.agreements, book private.installment_book
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_planned private.planned_allocation;
begin
    perform private.reverse_allocation(standing.id)
    from private.living_allocations as standing
    join public.installments as part
        on part.tenant_id = standing.tenant_id and part.id = standing.installment_id
    where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
      and not exists (
          select from unnest(book.rows) as planned
          where private.is_same_allocation(standing.id, planned)
      );
    foreach v_planned in array book.rows loop
        if not exists (
            select from private.living_allocations as standing
            where standing.tenant_id = agreement.tenant_id
              and standing.installment_id = v_planned.installment_id
              and private.is_same_allocation(standing.id, v_planned)
        ) then
            perform private.insert_allocation(agreement.tenant_id, v_planned);
        end if;
    end loop;

    update public.installments as part
    set status = became.status, paid_on = became.settled_on,
        paid_cents = became.paid_cents, late_cents = became.late_cents,
        adjustment_cents = became.adjustment_cents,
        cancel_reason = case when became.status = 'cancelled'
            then coalesce(part.cancel_reason, 'agreement_' || agreement.status) end
    from (
        select booked.installment_id, booked.settled_on, booked.adjustment_cents,
            booked.amount_cents - (booked.item).principal_cents as paid_cents,
            case
                when booked.settled_on is not null then 'paid'
                when known.status = 'cancelled' then 'cancelled'
                -- Its payment was taken back after the agreement had ended.
                when agreement.status in ('broken', 'lapsed', 'cancelled', 'replaced')
                    then 'cancelled'
                else 'open'
            end::public.installment_status as status,
            (
                select coalesce(sum((planned.parts).total_cents
                    - (planned.parts).principal_cents), 0)
                from unnest(book.rows) as planned
                where planned.installment_id = booked.installment_id
            ) as late_cents
        from unnest(book.items) as booked
        join public.installments as known on known.id = booked.installment_id
    ) as became
    where part.id = became.installment_id
      and (part.status, part.paid_on, part.paid_cents, part.late_cents, part.adjustment_cents)
          is distinct from (became.status, became.settled_on, became.paid_cents,
              became.late_cents, became.adjustment_cents);

    -- One that a person cancelled is in no book: what it had been paid went elsewhere.
    update public.installments as part
    set paid_cents = 0, late_cents = 0, adjustment_cents = 0
    where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
      and part.status = 'cancelled' and part.paid_cents + part.late_cents > 0
      and not exists (
          select from unnest(book.items) as booked where booked.installment_id = part.id
      );

    -- Nobody should be able to pay again what is paid.
    perform private.unwant_charges(charge.id, 'installment_paid')
    from public.charges as charge
    join public.installments as part on part.id = charge.installment_id
    where charge.tenant_id = agreement.tenant_id and charge.agreement_id = agreement.id
      and part.status = 'paid' and charge.is_wanted
      and charge.status not in ('paid', 'cancelled');
end;
$$;

create function private.is_same_allocation(
    standing_id bigint, planned private.planned_allocation
) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.payment_allocations as standing
        where standing.id = standing_id
          and standing.payment_id = (planned).payment_id
          and standing.installment_id = (planned).installment_id
          and standing.paid_on = (planned).paid_on
          and standing.principal_cents = ((planned).parts).principal_cents
          and standing.fine_cents = ((planned).parts).fine_cents
          and standing.interest_cents = ((planned).parts).interest_cents
          and standing.before_cents = (planned).before_cents
          and standing.after_cents = (planned).after_cents
          and standing.position_after = to_jsonb((planned).position_after)
    )
$$;

-- Cases the ledger finds and loses by itself; what a person resolved is not asked again.
create function private.sync_cases(
    tenant_id uuid, client_id uuid, findings private.book_finding[], on_date date
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Ten days: a surplus kept longer without a word looks like an undue charge (CDC 42).
    c_refund_days constant int := 10;
begin
    update public.payment_cases as known
    set resolved_at = private.now(), resolution = 'vanished'
    where known.tenant_id = sync_cases.tenant_id and known.client_id = sync_cases.client_id
      and known.kind in ('duplicate', 'overpayment') and known.resolved_at is null
      and not exists (
          select from unnest(findings) as finding
          where finding.payment_id = known.payment_id and finding.kind = known.kind
            and finding.amount_cents = known.amount_cents
      );
    insert into public.payment_cases (
        tenant_id, client_id, agreement_id, payment_id, charge_id, kind, amount_cents, case_key,
        due_on
    )
    select sync_cases.tenant_id, sync_cases.client_id, word.agreement_id, payment.id,
        payment.charge_id, finding.kind, finding.amount_cents,
        finding.kind || ':' || payment.id,
        case when finding.kind = 'overpayment' then on_date + c_refund_days end
    from unnest(findings) as finding
    join public.payments as payment on payment.id = finding.payment_id
    cross join lateral (
        select course.agreement_id from public.payment_courses as course
        where course.tenant_id = payment.tenant_id and course.payment_id = payment.id
        order by course.id desc
        limit 1
    ) as word
    where not exists (
        select from public.payment_cases as known
        where known.tenant_id = sync_cases.tenant_id
          and known.case_key = finding.kind || ':' || payment.id
          and known.amount_cents = finding.amount_cents
          and known.resolution is distinct from 'vanished'
    );
end;
$$;

create function private.rebuild_ledger(tenant_id uuid, client_id uuid, on_date date)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_payments private.effective_payment[];
    v_agreement public.agreements;
    v_book private.installment_book;
    v_rows private.planned_allocation[] := '{}';
    v_findings private.book_finding[] := '{}';
begin
    perform private.lock_client(tenant_id, client_id);
    v_payments := array(
        select payment from private.effective_payments(tenant_id, client_id) as payment
    );
    for v_agreement in
        select agreement.* from public.agreements as agreement
        where agreement.tenant_id = rebuild_ledger.tenant_id
          and agreement.client_id = rebuild_ledger.client_id
          and agreement.formalised_at is not null
        order by agreement.id
    loop
        v_book := private.installment_book(v_agreement, v_payments);
        perform private.sync_installments(v_agreement, v_book);
        v_rows := v_rows || v_book.rows;
        v_findings := v_findings || v_book.findings;
    end loop;
    v_findings := v_findings || private.write_debt_book(
        tenant_id, client_id, private.debt_entries(v_payments, v_rows)
    );
    perform private.sync_cases(tenant_id, client_id, v_findings, on_date);
    for v_agreement in
        select agreement.* from public.agreements as agreement
        where agreement.tenant_id = rebuild_ledger.tenant_id
          and agreement.client_id = rebuild_ledger.client_id
          and agreement.formalised_at is not null
        order by agreement.id
    loop
        perform private.refresh_agreement(v_agreement.id, on_date, 'ledger');
    end loop;
    perform private.sync_debt_statuses(tenant_id, client_id, on_date);
end;
$$;

-- What each payment brings to the titles: as much as its installments took, or all of it.
create function private.debt_entries(
    payments private.effective_payment[], planned private.planned_allocation[]
) returns private.debt_entry[]
language sql
immutable
set search_path = ''
as $$
    select coalesce(array_agg(
        (
            listed.payment_id, listed.paid_on, brought.cents, listed.debt_ids,
            listed.course = 'abate',
            concat_ws('|', listed.payment_id, listed.course_id, brought.cents)
        )::private.debt_entry
        order by listed.paid_on, listed.payment_key
    ), '{}')
    from unnest(payments) as listed
    cross join lateral (
        select case
            when listed.course = 'abate' then listed.amount_cents
            when listed.course in ('apply', 'advance') then (
                select coalesce(sum((taken.parts).total_cents), 0)::bigint
                from unnest(planned) as taken
                where taken.payment_id = listed.payment_id
            )
            else 0
        end as cents
    ) as brought
    where brought.cents > 0
$$;

-- 0588_check_ledger.sql
-- Every night the ledger is computed again from the facts and compared with what stands; a
-- difference is reported and never mended silently.
create function private.client_ledger_differences(tenant_id uuid, client_id uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_payments private.effective_payment[] := array(
        select payment from private.effective_payments(tenant_id, client_id) as payment
    );
    v_agreement public.agreements;
    v_book private.installment_book;
    v_rows private.planned_allocation[] := '{}';
    v_differences jsonb := '[]';
begin
    for v_agreement in
        select agreement.* from public.agreements as agreement
        where agreement.tenant_id = client_ledger_differences.tenant_id
          and agreement.client_id = client_ledger_differences.client_id
          and agreement.formalised_at is not null
    loop
        v_book := private.installment_book(v_agreement, v_payments);
        v_rows := v_rows || v_book.rows;
        v_differences := v_differences || coalesce((
            select jsonb_agg(jsonb_build_object(
                'code', 'installment_differs', 'installment_id', booked.installment_id
            ))
            from unnest(v_book.items) as booked
            join public.installments as part on part.id = booked.installment_id
            where part.paid_cents <> booked.amount_cents - (booked.item).principal_cents
               or part.paid_on is distinct from booked.settled_on
               or part.paid_cents + part.late_cents <> (
                   select coalesce(sum(allocation.total_cents), 0)
                   from public.payment_allocations as allocation
                   where allocation.tenant_id = part.tenant_id
                     and allocation.installment_id = part.id
               )
        ), '[]');
    end loop;
    return v_differences || coalesce((
        select jsonb_agg(jsonb_build_object('code', found.code, 'id', found.id))
        from (
            select 'debt_differs' as code, title.id
            from public.debts as title
            where title.tenant_id = client_ledger_differences.tenant_id
              and title.client_id = client_ledger_differences.client_id
              and title.abated_cents <> (
                  select coalesce(sum(allocation.principal_cents), 0)
                  from public.payment_allocations as allocation
                  where allocation.tenant_id = title.tenant_id and allocation.debt_id = title.id
              )
            union all
            select 'payment_overspent', payment.id
            from public.payments as payment
            cross join lateral (
                select
                    sum(standing.total_cents) filter (where standing.debt_id is null) as scheduled,
                    sum(standing.total_cents) filter (where standing.debt_id is not null) as abated
                from private.living_allocations as standing
                where standing.tenant_id = payment.tenant_id
                  and standing.payment_id = payment.id
            ) as spent
            where payment.tenant_id = client_ledger_differences.tenant_id
              and payment.client_id = client_ledger_differences.client_id
              and payment.amount_cents < greatest(spent.scheduled, spent.abated)
            union all
            select 'book_behind', ledger.client_id
            from private.client_ledgers as ledger
            where ledger.client_id = client_ledger_differences.client_id
              and ledger.entries <> array(
                  select entry.entry_key
                  from unnest(private.debt_entries(v_payments, v_rows)) with ordinality as entry (
                      payment_id, paid_on, amount_cents, debt_ids, is_abatement, entry_key, place
                  ) order by entry.place
              )
            union all
            select 'position_broken', null
            from (
                select standing.after_cents, standing.before_cents, standing.total_cents
                from private.living_allocations as standing
                join public.debts as title on title.id = standing.debt_id
                where title.tenant_id = client_ledger_differences.tenant_id
                  and title.client_id = client_ledger_differences.client_id
            ) as chained
            where chained.after_cents <> chained.before_cents - chained.total_cents
        ) as found
    ), '[]');
end;
$$;

create function private.check_ledger(tenant_id uuid, on_date date) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_run_id bigint;
    v_client_id uuid;
    v_clients int := 0;
    v_differences jsonb := '[]';
    v_found jsonb;
begin
    insert into public.job_runs (tenant_id, job, on_date)
    values (check_ledger.tenant_id, 'check_ledger', check_ledger.on_date)
    returning id into v_run_id;
    for v_client_id in
        select distinct payment.client_id from public.payments as payment
        where payment.tenant_id = check_ledger.tenant_id and payment.client_id is not null
    loop
        v_clients := v_clients + 1;
        v_found := private.client_ledger_differences(tenant_id, v_client_id);
        if v_found <> '[]' then
            v_differences := v_differences || jsonb_build_object(
                'client_id', v_client_id, 'differences', v_found
            );
        end if;
    end loop;
    perform private.finish_job(
        v_run_id, jsonb_build_object('clients', v_clients, 'differences', v_differences),
        jsonb_array_length(v_differences)
    );
    return v_differences;
end;
$$;
comment on function private.check_ledger(uuid, date) is
'[{client_id, differences: [{code, …}]}]; empty when every balance is what the facts say.';

-- 0589_judge_remainder.sql
-- To cancel an installment is to give a discount later: what stays is judged as an offer of that
-- total would be, by today's limits of the one who cancels.
create function private.remainder_facts(agreement public.agreements, installment_id uuid)
returns private.offer_facts
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_facts private.offer_facts;
    v_after bigint := (agreement.priced #>> '{totals,after,total_cents}')::bigint;
    v_kept bigint := (
        select coalesce(sum(part.amount_cents), 0)
        from public.installments as part
        where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
          and part.id <> remainder_facts.installment_id
          and part.status <> 'cancelled' and part.cancelling_reason is null
    );
begin
    v_facts.schedule := '{}';
    v_facts.parts := private.discount_parts(
        array(
            select (
                (debt.item ->> 'debt_id')::uuid, debt.position, component,
                (debt.item #>> array['before', component || '_cents'])::bigint, 0
            )::private.priced_part
            from jsonb_array_elements(agreement.priced -> 'debts')
                with ordinality as debt (item, position)
            cross join unnest(enum_range(null::public.money_component)) as component
            order by debt.position, component
        ),
        -- Of what is financed, the share that pays the debt.
        jsonb_build_object('target_total_cents', jsonb_build_object(
            'cents', private.round_ratio(v_after * v_kept::numeric, agreement.total_cents)
        ))
    );
    select sum(part.before_cents), sum(part.before_cents - part.discount_cents)
    into v_facts.before_cents, v_facts.after_cents
    from unnest(v_facts.parts) as part;
    return v_facts;
end;
$$;

create function private.require_forgivable(agreement public.agreements, installment_id uuid)
returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_facts private.offer_facts := private.remainder_facts(agreement, installment_id);
    v_reasons jsonb := private.offer_violations(v_facts, private.limits_of(
        agreement.tenant_id, agreement.creditor_id, private.member_role()
    ));
begin
    if v_reasons = '[]' then
        return;
    elsif private.approving_role(
        v_facts, agreement.tenant_id, agreement.creditor_id
    ) is null then
        raise exception 'above_every_limit' using errcode = 'PT409', detail = v_reasons::text;
    end if;
    raise exception 'approval_above_role' using errcode = 'PT403', detail = v_reasons::text;
end;
$$;

-- 0590_cancel_agreement.sql
-- What a person ends: an agreement, or one installment of it. An operator may take back what nobody
-- has paid yet; afterwards it is a supervisor's decision, within their own limits (0589).
create function private.require_reason(reason text) returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
    if btrim(coalesce(reason, '')) = '' then
        raise exception 'reason_missing' using errcode = 'PT400', detail = 'say why';
    end if;
    return btrim(reason);
end;
$$;

create function private.cancel_agreement(agreement_id uuid, reason text) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_reason text := private.require_reason(reason);
    v_agreement public.agreements;
begin
    v_agreement := private.agreement_for_change(v_tenant_id, agreement_id);
    if exists (
        select from public.installments as part
        where part.tenant_id = v_tenant_id and part.agreement_id = v_agreement.id
          and part.paid_cents > 0
    ) then
        perform private.require_role('supervisor');
    end if;
    perform private.transition_agreement(
        v_agreement.id, 'cancelled', v_reason, private.today(v_tenant_id)
    );
    return jsonb_build_object('agreement_id', v_agreement.id, 'status', 'cancelled');
end;
$$;

-- Its charge must become unpayable first; until the provider has said so the installment stays
-- open, and if it says no, it stays for good and somebody is told.
create function private.cancel_installment(installment_id uuid, reason text) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_reason text := private.require_reason(reason);
    v_part public.installments;
    v_agreement public.agreements;
begin
    v_part := private.open_installment(v_tenant_id, installment_id);
    if not exists (
        select from public.installments as other
        where other.agreement_id = v_part.agreement_id and other.id <> v_part.id
          and other.status in ('open', 'paid') and other.cancelling_reason is null
    ) then
        raise exception 'last_installment' using errcode = 'PT409',
            detail = 'cancel the agreement instead';
    end if;
    select * into v_agreement from public.agreements as agreement
    where agreement.id = v_part.agreement_id;
    perform private.require_forgivable(v_agreement, v_part.id);
    update public.installments as part set cancelling_reason = v_reason
    where part.id = v_part.id;
    perform private.unwant_charges(charge.id, 'installment_cancelled')
    from public.charges as charge
    where charge.tenant_id = v_tenant_id and charge.installment_id = v_part.id
      and charge.is_wanted and charge.status not in ('paid', 'cancelled');
    if private.is_payable(v_part.id) then
        return jsonb_build_object('installment_id', v_part.id, 'status', 'cancelling');
    end if;
    perform private.finish_cancelling(v_part.id);
    return jsonb_build_object('installment_id', v_part.id, 'status', 'cancelled');
end;
$$;

-- Of a living agreement, open, and locked in the common order; or refused by name.
create function private.open_installment(tenant_id uuid, installment_id uuid)
returns public.installments
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_part public.installments;
    v_agreement public.agreements;
begin
    select * into v_part from public.installments as part
    where part.tenant_id = open_installment.tenant_id
      and part.id = open_installment.installment_id;
    if not found then
        raise exception 'installment_not_found' using errcode = 'PT404',
            detail = 'no installment with this id in the tenant';
    end if;
    v_agreement := private.agreement_for_change(tenant_id, v_part.agreement_id);
    select * into v_part from public.installments as part where part.id = v_part.id;
    if not private.is_living(v_agreement.status) then
        raise exception 'agreement_not_living' using errcode = 'PT409',
            detail = v_agreement.status::text;
    elsif v_part.status <> 'open' then
        raise exception 'installment_not_open' using errcode = 'PT409',
            detail = v_part.status::text;
    end if;
    return v_part;
end;
$$;

create function private.is_payable(installment_id uuid) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.charges as charge
        where charge.installment_id = is_payable.installment_id
          and charge.status in ('sending', 'unknown', 'registering', 'open', 'cancelling')
    )
$$;

create function private.finish_cancelling(installment_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_part public.installments;
begin
    update public.installments as part
    set status = 'cancelled', cancel_reason = part.cancelling_reason, cancelling_reason = null
    where part.id = finish_cancelling.installment_id and part.status = 'open'
      and part.cancelling_reason is not null
    returning * into v_part;
    if not found then
        return;
    end if;
    perform private.tell_agreement(
        v_part.agreement_id, 'installment_cancelled', private.today(v_part.tenant_id),
        v_part.cancel_reason, jsonb_build_object(
            'installment_id', v_part.id, 'amount_cents', v_part.amount_cents
        )
    );
    perform private.rebuild_ledger(
        v_part.tenant_id, v_part.client_id, private.today(v_part.tenant_id)
    );
end;
$$;

-- The provider took the charge back: an installment that waited for this is cancelled now.
create function private.drop_installment(charge public.charges) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if not private.is_payable(charge.installment_id) then
        perform private.finish_cancelling(charge.installment_id);
    end if;
end;
$$;

-- The provider would not: the installment stays, and it says so.
create function private.keep_installment(charge public.charges, error_code text) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.installments as part set cancelling_reason = null
    where part.id = charge.installment_id and part.cancelling_reason is not null;
    if found then
        perform private.tell_agreement(
            charge.agreement_id, 'installment_not_cancelled', private.today(charge.tenant_id),
            error_code, jsonb_build_object(
                'installment_id', charge.installment_id, 'charge_id', charge.id
            )
        );
    end if;
end;
$$;

create function public.cancel_agreement(agreement_id uuid, reason text) returns jsonb
language sql
set search_path = ''
as $$ select private.cancel_agreement(agreement_id, reason) $$;
comment on function public.cancel_agreement(uuid, text) is
'Operator before the first payment, supervisor after it. PT400 reason_missing, PT404
agreement_not_found, PT409 transition_illegal.';

create function public.cancel_installment(installment_id uuid, reason text) returns jsonb
language sql
set search_path = ''
as $$ select private.cancel_installment(installment_id, reason) $$;
comment on function public.cancel_installment(uuid, text) is
'Supervisor. status cancelled, or cancelling until the provider has taken its charge back. PT409
installment_not_open, agreement_not_living, last_installment; what stays leaves the limits: PT403
approval_above_role, PT409 above_every_limit.';

grant execute on function
private.cancel_agreement(uuid, text), public.cancel_agreement(uuid, text),
private.cancel_installment(uuid, text), public.cancel_installment(uuid, text)
to authenticated;

-- 0591_revive_agreement.sql
-- Giving time: another day for one installment, or a new life for an agreement that ended. Amounts
-- stay as they were sealed; every change of a date is told with its reason.
create function private.move_installment(installment_id uuid, due_on date) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_policy public.charge_policies;
begin
    select (private.charge_policy(
        agreement.tenant_id, agreement.creditor_id, private.today(agreement.tenant_id)
    )).* into v_policy
    from public.installments as part
    join public.agreements as agreement on agreement.id = part.agreement_id
    where part.id = move_installment.installment_id;
    update public.installments as part
    set due_on = move_installment.due_on,
        effective_due_on = private.next_business_day(
            part.tenant_id, v_policy.holiday_uf, move_installment.due_on, v_policy.due_rule
        )
    where part.id = move_installment.installment_id;
end;
$$;

create function private.reschedule_installment(installment_id uuid, due_on date, reason text)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_reason text := private.require_reason(reason);
    v_today date := private.today(v_tenant_id);
    v_part public.installments;
    v_charge public.charges;
begin
    if reschedule_installment.due_on is null or reschedule_installment.due_on < v_today then
        raise exception 'due_date_in_past' using errcode = 'PT400',
            detail = 'today or later';
    elsif reschedule_installment.due_on > v_today + 3660 then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'due_on';
    end if;
    v_part := private.open_installment(v_tenant_id, installment_id);
    if v_part.cancelling_reason is not null then
        raise exception 'installment_not_open' using errcode = 'PT409', detail = 'cancelling';
    end if;
    perform private.move_installment(v_part.id, reschedule_installment.due_on);
    perform private.tell_agreement(
        v_part.agreement_id, 'installment_rescheduled', v_today, v_reason,
        jsonb_build_object(
            'installment_id', v_part.id, 'from', v_part.due_on,
            'to', reschedule_installment.due_on
        )
    );
    -- The old link shows the old day: it is taken back and a new one made.
    select * into v_charge from public.charges as charge
    where charge.tenant_id = v_tenant_id and charge.installment_id = v_part.id
      and charge.is_wanted and charge.status not in ('paid', 'cancelled', 'failed');
    if found then
        perform private.unwant_charges(v_charge.id, 'rescheduled');
        select * into v_part from public.installments as part where part.id = v_part.id;
        perform private.issue_charge(v_part, v_charge.integration_id, v_charge.method);
        perform private.wake_function('negociarie-charge');
    end if;
    perform private.rebuild_ledger(v_tenant_id, v_part.client_id, v_today);
    return jsonb_build_object('installment_id', v_part.id, 'due_on', reschedule_installment.due_on);
end;
$$;

-- Broken, lapsed or cancelled after it was formalised: the same schedule goes on. If something
-- would be overdue at once, the first open installment gets `first_due_on` and the others follow.
create function private.revive(
    agreement public.agreements, reason text, first_due_on date, on_date date
) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if agreement.formalised_at is null then
        raise exception 'transition_illegal' using errcode = 'PT409',
            detail = 'it was never formalised';
    elsif first_due_on < on_date then
        raise exception 'due_date_in_past' using errcode = 'PT400', detail = 'today or later';
    -- Beyond the longest horizon of an offer.
    elsif first_due_on > on_date + 3660 then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'first_due_on';
    end if;
    perform private.transition_agreement(
        agreement.id, 'awaiting_first_payment', reason, on_date,
        jsonb_build_object('first_due_on', first_due_on)
    );
    -- Money that came meanwhile pays first; only what is open then needs a new day.
    perform private.rebuild_ledger(agreement.tenant_id, agreement.client_id, on_date);
    if first_due_on is null and exists (
        select from public.installments as part
        where part.agreement_id = revive.agreement.id and part.status = 'open'
          and part.effective_due_on < on_date
    ) then
        raise exception 'first_due_missing' using errcode = 'PT400',
            detail = 'an open installment is overdue; say when it is due now';
    end if;
    if first_due_on is not null then
        perform private.move_installment(
            listed.id, private.nth_due_date(
                revive.first_due_on, null,
                (revive.agreement.priced #>> '{proposal,interval}')::public.due_interval,
                listed.place::int
            )
        )
        from (
            select part.id, row_number() over (order by part.number) - 1 as place
            from public.installments as part
            where part.agreement_id = revive.agreement.id and part.status = 'open'
        ) as listed;
    end if;
    perform private.rebuild_ledger(agreement.tenant_id, agreement.client_id, on_date);
end;
$$;

create function private.reactivate_agreement(agreement_id uuid, reason text, first_due_on date)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_reason text := private.require_reason(reason);
    v_agreement public.agreements;
begin
    v_agreement := private.agreement_for_change(v_tenant_id, agreement_id);
    -- The ledger may reopen what it had settled; a person only what had ended.
    if v_agreement.status not in ('broken', 'lapsed', 'cancelled') then
        raise exception 'transition_illegal' using errcode = 'PT409',
            detail = format('%s -> awaiting_first_payment', v_agreement.status);
    end if;
    perform private.revive(v_agreement, v_reason, first_due_on, private.today(v_tenant_id));
    select * into v_agreement from public.agreements as agreement
    where agreement.id = v_agreement.id;
    return jsonb_build_object('agreement_id', v_agreement.id, 'status', v_agreement.status);
end;
$$;

create function public.reschedule_installment(installment_id uuid, due_on date, reason text)
returns jsonb
language sql
set search_path = ''
as $$ select private.reschedule_installment(installment_id, due_on, reason) $$;
comment on function public.reschedule_installment(uuid, date, text) is
'Supervisor. Another day, the same amount, a new link where there was one.';

create function public.reactivate_agreement(
    agreement_id uuid, reason text, first_due_on date default null
) returns jsonb
language sql
set search_path = ''
as $$ select private.reactivate_agreement(agreement_id, reason, first_due_on) $$;
comment on function public.reactivate_agreement(uuid, text, date) is
'Supervisor. {agreement_id, status}. PT400 first_due_missing, PT409 transition_illegal,
debt_in_agreement, debt_not_collectable.';

grant execute on function
private.reschedule_installment(uuid, date, text), public.reschedule_installment(uuid, date, text),
private.reactivate_agreement(uuid, text, date), public.reactivate_agreement(uuid, text, date)
to authenticated;

-- 0592_save_agreement_policy.sql
-- A new version of how agreements live. Where it changes when they break, somebody must say for
-- whom it counts: only for agreements to come, or also for those that run; and may see before how
-- many would fall at once.
create function private.next_agreement_policy(tenant_id uuid, policy jsonb)
returns public.agreement_policies
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_new public.agreement_policies;
begin
    perform private.require_known_keys(policy, array[
        'creditor_id', 'offer_validity_days', 'provisional_after_days', 'definitive_after_days',
        'lapse_after_days', 'compensation_days', 'max_overdue_installments',
        'is_locking_at_once', 'is_late_charged', 'late_fine_percent', 'late_interest_percent',
        'surplus_mode', 'tolerance_cents', 'tolerance_percent', 'refund_above_cents',
        'manual_limit_cents'
    ]);
    v_new := jsonb_populate_record(
        private.agreement_policy(tenant_id, (policy ->> 'creditor_id')::uuid), policy
    );
    v_new.creditor_id := (policy ->> 'creditor_id')::uuid;
    v_new.version := coalesce((
        select max(known.version) from public.agreement_policies as known
        where known.tenant_id = next_agreement_policy.tenant_id
          and known.creditor_id is not distinct from v_new.creditor_id
    ), 0) + 1;
    v_new.id := gen_random_uuid();
    v_new.tenant_id := tenant_id;
    v_new.created_by := auth.uid();
    v_new.created_at := private.now();
    return v_new;
exception when data_exception then
    raise exception 'policy_invalid' using errcode = 'PT400', detail = sqlerrm;
end;
$$;

-- Living agreements a policy of this scope speaks of.
create function private.agreements_under(tenant_id uuid, creditor_id uuid)
returns setof public.agreements
language sql
stable
security definer
set search_path = ''
as $$
    select agreement.*
    from public.agreements as agreement
    where agreement.tenant_id = agreements_under.tenant_id
      and private.is_living(agreement.status)
      and case when agreements_under.creditor_id is null
          -- The tenant's default does not speak of creditors with a policy of their own.
          then not exists (
              select from public.agreement_policies as own
              where own.tenant_id = agreement.tenant_id
                and own.creditor_id = agreement.creditor_id
          )
          else agreement.creditor_id = agreements_under.creditor_id
      end
$$;

create function private.preview_agreement_policy(policy jsonb) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_new public.agreement_policies := private.next_agreement_policy(v_tenant_id, policy);
    v_today date := private.today(v_tenant_id);
begin
    return (
        select jsonb_build_object(
            'living', count(*),
            'would_break', count(*) filter (where (aged.status).to_status = 'broken'),
            'would_lapse', count(*) filter (where (aged.status).to_status = 'lapsed'),
            'would_wait', count(*) filter (where (aged.status).waits_for is not null),
            'would_change', count(*) filter (
                where (aged.status).to_status <> agreement.status
            )
        )
        from private.agreements_under(v_tenant_id, v_new.creditor_id) as agreement
        cross join lateral (
            select private.aged_status(agreement, v_new, v_today) as status
        ) as aged
    );
end;
$$;

create function private.save_agreement_policy(policy jsonb, applies_to text) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_old public.agreement_policies;
    v_new public.agreement_policies;
    v_affected uuid[];
begin
    perform pg_advisory_xact_lock(hashtextextended('agreement_policies:' || v_tenant_id, 0));
    v_new := private.next_agreement_policy(v_tenant_id, policy);
    v_old := private.agreement_policy(v_tenant_id, v_new.creditor_id);
    v_affected := array(
        select agreement.id from private.agreements_under(v_tenant_id, v_new.creditor_id)
            as agreement
    );
    if coalesce(applies_to, '') not in ('new', 'existing') and (
        applies_to is not null or cardinality(v_affected) > 0 and (
            v_new.provisional_after_days, v_new.definitive_after_days, v_new.lapse_after_days,
            v_new.compensation_days, v_new.max_overdue_installments
        ) <> (
            v_old.provisional_after_days, v_old.definitive_after_days, v_old.lapse_after_days,
            v_old.compensation_days, v_old.max_overdue_installments
        )
    ) then
        raise exception 'policy_scope_missing' using errcode = 'PT409',
            detail = format('say new or existing: %s agreements run', cardinality(v_affected));
    end if;
    begin
        insert into public.agreement_policies values (v_new.*);
    exception when integrity_constraint_violation then
        raise exception 'policy_invalid' using errcode = 'PT400', detail = sqlerrm;
    end;
    if applies_to = 'existing' then
        update public.agreements as agreement set policy_id = v_new.id
        where agreement.id = any(v_affected);
        perform private.tell_agreement(
            id, 'policy_applied', private.today(v_tenant_id), null,
            jsonb_build_object('policy_id', v_new.id, 'version', v_new.version)
        )
        from unnest(v_affected) as id;
    end if;
    return jsonb_build_object(
        'policy_id', v_new.id, 'version', v_new.version,
        'applied_to', case when applies_to = 'existing' then cardinality(v_affected) else 0 end
    );
end;
$$;

create function public.preview_agreement_policy(policy jsonb) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.preview_agreement_policy(policy) $$;
comment on function public.preview_agreement_policy(jsonb) is
'Admin. What today''s clock would do under it: {living, would_break, would_lapse, would_wait,
would_change}.';

create function public.save_agreement_policy(policy jsonb, applies_to text default null)
returns jsonb
language sql
set search_path = ''
as $$ select private.save_agreement_policy(policy, applies_to) $$;
comment on function public.save_agreement_policy(jsonb, text) is
'Admin. {policy_id, version, applied_to}; fields left out stay. applies_to: new | existing. PT409
policy_scope_missing when a deadline changes under running agreements and nobody said for whom.';

grant execute on function
private.preview_agreement_policy(jsonb), public.preview_agreement_policy(jsonb),
private.save_agreement_policy(jsonb, text), public.save_agreement_policy(jsonb, text)
to authenticated;

-- 0593_payment_queue.sql
-- What waits for a person's decision about money: payments in question, and settlements by hand.

-- Whose money may it be: open installments of that amount, the nearest day first.
create function private.orphan_suggestions(tenant_id uuid, payment public.payments) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'installment_id', found.id, 'agreement_id', found.agreement_id,
        'client', jsonb_build_object(
            'id', client.id, 'name', client.name, 'document', client.document
        ),
        'number', found.number, 'due_on', found.due_on, 'amount_cents', found.amount_cents
    ) order by abs(found.due_on - (payment).paid_on), found.id), '[]')
    from (
        select part.*
        from public.installments as part
        join public.agreements as agreement on agreement.id = part.agreement_id
        where part.tenant_id = orphan_suggestions.tenant_id and part.status = 'open'
          and private.is_living(agreement.status)
          and part.amount_cents - part.paid_cents = (payment).amount_cents
        order by abs(part.due_on - (payment).paid_on), part.id
        -- More than five are no suggestion.
        limit 5
    ) as found
    join public.clients as client on client.id = found.client_id
$$;

create function private.payment_case_card(payment_case public.payment_cases) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'id', payment_case.id, 'kind', payment_case.kind,
        'amount_cents', payment_case.amount_cents, 'opened_at', payment_case.opened_at,
        'due_on', payment_case.due_on, 'details', payment_case.details,
        'agreement_id', payment_case.agreement_id, 'charge_id', payment_case.charge_id,
        'client', (
            select jsonb_build_object(
                'id', client.id, 'name', client.name, 'document', client.document
            )
            from public.clients as client
            where client.tenant_id = payment_case.tenant_id
              and client.id = payment_case.client_id
        ),
        'payment', (
            select jsonb_build_object(
                'id', payment.id, 'amount_cents', payment.amount_cents,
                'paid_on', payment.paid_on, 'reference', payment.reference,
                'method', payment.method
            )
            from public.payments as payment
            where payment.tenant_id = payment_case.tenant_id
              and payment.id = payment_case.payment_id
        ),
        'resolutions', case payment_case.kind
            when 'paid_after_break' then '["reactivate", "abate", "return"]'
            when 'duplicate' then '["advance", "abate", "return"]'
            when 'overpayment' then '["return"]'
            when 'orphan' then '["assign", "return"]'
            else '["assign", "dismiss"]'
        end::jsonb,
        'suggestions', case when payment_case.kind = 'orphan' then (
            select private.orphan_suggestions(payment_case.tenant_id, payment)
            from public.payments as payment
            where payment.tenant_id = payment_case.tenant_id
              and payment.id = payment_case.payment_id
        ) else '[]' end
    )
$$;

create function private.settlement_card(request public.manual_settlements) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'id', request.id, 'status', request.status, 'amount_cents', request.amount_cents,
        'paid_on', request.paid_on, 'evidence', request.evidence,
        'agreement_id', request.agreement_id, 'installment_id', request.installment_id,
        'debt_ids', request.debt_ids, 'created_at', request.created_at,
        'decision_reason', request.decision_reason, 'decided_at', request.decided_at,
        'is_mine', request.requested_by = auth.uid(),
        'requested_by', (
            select member.display_name from public.memberships as member
            where member.tenant_id = request.tenant_id
              and member.user_id = request.requested_by
            order by member.revoked_at nulls first
            limit 1
        ),
        'client', (
            select jsonb_build_object(
                'id', client.id, 'name', client.name, 'document', client.document
            )
            from public.clients as client
            where client.tenant_id = request.tenant_id and client.id = request.client_id
        )
    )
$$;

create function private.payment_queue() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- A queue longer than this is worked from its oldest end.
    c_max_shown constant int := 200;
    v_tenant_id uuid := private.require_role('operator');
begin
    return jsonb_build_object(
        'cases', (
            select coalesce(jsonb_agg(private.payment_case_card(known)
                order by known.due_on nulls last, known.opened_at, known.id), '[]')
            from (
                select * from public.payment_cases as waiting
                where waiting.tenant_id = v_tenant_id and waiting.resolved_at is null
                order by waiting.due_on nulls last, waiting.opened_at, waiting.id
                limit c_max_shown
            ) as known
        ),
        'settlements', (
            select coalesce(jsonb_agg(private.settlement_card(request)
                order by request.created_at, request.id), '[]')
            from (
                select * from public.manual_settlements as waiting
                where waiting.tenant_id = v_tenant_id and waiting.status = 'pending'
                order by waiting.created_at, waiting.id
                limit c_max_shown
            ) as request
        ),
        'count', (
            select count(*) from public.payment_cases as known
            where known.tenant_id = v_tenant_id and known.resolved_at is null
        ) + (
            select count(*) from public.manual_settlements as request
            where request.tenant_id = v_tenant_id and request.status = 'pending'
        )
    );
end;
$$;

create function public.payment_queue() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.payment_queue() $$;
comment on function public.payment_queue() is
'{cases: [{id, kind, amount_cents, client, payment, details, resolutions, suggestions, due_on}],
settlements: [{id, amount_cents, paid_on, evidence, requested_by, client, is_mine}], count}.';

grant execute on function private.payment_queue(), public.payment_queue() to authenticated;

-- 0594_resolve_payment_case.sql
-- What a person does with money that waits: put an agreement back to life and pay it, abate the
-- titles, send it back, let it pay ahead, say whose it is, or say that it is nothing.
create function private.require_resolution(payment_case public.payment_cases, resolution text)
returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
    if coalesce(resolution, '') <> all(case payment_case.kind
        when 'paid_after_break' then array['reactivate', 'abate', 'return']
        when 'duplicate' then array['advance', 'abate', 'return']
        when 'overpayment' then array['return']
        when 'orphan' then array['assign', 'return']
        else array['assign', 'dismiss']
    end) then
        raise exception 'resolution_unknown' using errcode = 'PT400',
            detail = format('%s for %s', resolution, payment_case.kind);
    end if;
end;
$$;

-- An orphan finds its owner: an installment, an agreement, or titles of one client.
create function private.assign_payment(
    tenant_id uuid, payment_id uuid, target jsonb, reason text
) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_part public.installments;
    v_wanted public.manual_settlements;
    v_client_id uuid := (target ->> 'client_id')::uuid;
    v_debts uuid[] := array(select jsonb_array_elements_text(target -> 'debt_ids')::uuid);
begin
    if target ->> 'installment_id' is not null then
        v_part := private.open_installment(tenant_id, (target ->> 'installment_id')::uuid);
        v_client_id := v_part.client_id;
    elsif v_client_id is null or cardinality(v_debts) = 0 then
        raise exception 'target_missing' using errcode = 'PT400',
            detail = 'an installment, or a client with titles';
    else
        perform private.lock_client(tenant_id, v_client_id);
        -- As by hand: titles an agreement holds are paid through its installments.
        v_wanted.tenant_id := tenant_id;
        v_wanted.client_id := v_client_id;
        v_wanted.debt_ids := v_debts;
        perform private.require_settleable(v_wanted);
    end if;
    update public.payments as payment set client_id = v_client_id
    where payment.id = assign_payment.payment_id and payment.client_id is null;
    perform private.set_course(
        payment_id,
        case when v_part.id is null then 'abate' else 'apply' end::public.payment_course,
        v_part.agreement_id, v_part.id, nullif(v_debts, '{}'), reason
    );
    return v_client_id;
end;
$$;

-- Titles that meanwhile were agreed anew are paid through that schedule, as after a renegotiation.
create function private.abate_payment(
    tenant_id uuid, payment_id uuid, agreement_id uuid, reason text
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_holders uuid[] := array(
        select distinct held.agreement_id from public.agreement_debts as held
        where held.tenant_id = abate_payment.tenant_id and held.is_live
          and held.agreement_id <> abate_payment.agreement_id
          and held.debt_id = any(private.agreement_debt_ids(abate_payment.agreement_id))
    );
begin
    if cardinality(v_holders) > 1 then
        raise exception 'debt_in_agreement' using errcode = 'PT409',
            detail = 'the titles are in several agreements';
    end if;
    perform private.set_course(
        payment_id, case when v_holders = '{}' then 'abate' else 'apply' end::public.payment_course,
        coalesce(v_holders[1], agreement_id), null, null, reason
    );
end;
$$;

-- The contradiction was a payment after all: it is taken with what the provider told, and with the
-- day and amount the person read off the bank's statement where that said something else.
create function private.confirm_contradiction(
    payment_case public.payment_cases, target jsonb, reason text
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_charge public.charges;
    v_payment public.payments;
    v_course record;
begin
    select * into v_charge from public.charges as charge
    where charge.id = payment_case.charge_id;
    v_payment.tenant_id := payment_case.tenant_id;
    v_payment.client_id := v_charge.client_id;
    v_payment.provider := 'negociarie';
    v_payment.integration_id := v_charge.integration_id;
    v_payment.charge_id := v_charge.id;
    v_payment.reference := v_charge.reference;
    v_payment.method := v_charge.method;
    v_payment.paid_on := coalesce(target ->> 'paid_on', payment_case.details ->> 'paid_on')::date;
    v_payment.amount_cents := coalesce(
        target ->> 'amount_cents', payment_case.details ->> 'paid_cents'
    )::bigint;
    if v_charge.id is null or v_payment.paid_on is null
        or coalesce(v_payment.amount_cents, 0) <= 0
        or not private.is_payment_day(payment_case.tenant_id, v_payment.paid_on)
    then
        raise exception 'target_missing' using errcode = 'PT400',
            detail = 'a known charge, paid_on (not in the future) and amount_cents';
    end if;
    -- As the provider would tell it, so that a later clear word is the same payment.
    v_payment.payment_key := concat_ws(
        ':', v_charge.integration_id, v_charge.reference, v_payment.paid_on,
        v_payment.amount_cents
    );
    update public.charges as charge set status = 'paid' where charge.id = v_charge.id;
    v_course := private.course_of_charge(v_charge);
    perform private.take_payment(
        v_payment, v_course.course, v_course.agreement_id, v_course.installment_id, null, reason
    );
end;
$$;

create function private.resolve_payment_case(
    case_id uuid, resolution text, reason text, target jsonb
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_reason text := private.require_reason(reason);
    v_today date := private.today(v_tenant_id);
    v_target jsonb := coalesce(target, '{}');
    v_case public.payment_cases;
    v_payment public.payments;
    v_client_id uuid;
begin
    perform private.require_known_keys(v_target, array[
        'installment_id', 'client_id', 'debt_ids', 'first_due_on', 'paid_on', 'amount_cents'
    ]);
    select * into v_case from public.payment_cases as known
    where known.tenant_id = v_tenant_id and known.id = resolve_payment_case.case_id;
    if not found then
        raise exception 'case_not_found' using errcode = 'PT404',
            detail = 'no payment case with this id in the tenant';
    end if;
    v_client_id := v_case.client_id;
    if v_client_id is not null then
        perform private.lock_client(v_tenant_id, v_client_id);
    end if;
    select * into v_case from public.payment_cases as known where known.id = v_case.id for update;
    if v_case.resolved_at is not null then
        raise exception 'case_resolved' using errcode = 'PT409', detail = v_case.resolution;
    end if;
    perform private.require_resolution(v_case, resolution);
    select * into v_payment from public.payments as payment
    where payment.id = v_case.payment_id;

    update public.payment_cases as known
    set resolved_at = private.now(), resolved_by = auth.uid(),
        resolution = resolve_payment_case.resolution, resolution_reason = v_reason
    where known.id = v_case.id;

    begin
        if resolution = 'reactivate' then
            perform private.set_course(
                v_payment.id, 'apply', v_case.agreement_id, charge.installment_id, null, v_reason
            )
            from (select) as nothing
            left join public.charges as charge on charge.id = v_payment.charge_id;
            perform private.revive(
                agreement, v_reason, (v_target ->> 'first_due_on')::date, v_today
            )
            from public.agreements as agreement where agreement.id = v_case.agreement_id;
        elsif resolution = 'abate' then
            perform private.abate_payment(v_tenant_id, v_payment.id, v_case.agreement_id, v_reason);
        elsif resolution = 'advance' then
            perform private.set_course(
                v_payment.id, 'advance', v_case.agreement_id, null, null, v_reason
            );
        elsif resolution = 'return' and v_case.kind <> 'overpayment' then
            perform private.set_course(v_payment.id, 'return', null, null, null, v_reason);
        elsif resolution = 'assign' and v_case.kind = 'orphan' then
            v_client_id := private.assign_payment(
                v_tenant_id, v_payment.id, v_target, v_reason
            );
        elsif resolution = 'assign' then
            perform private.confirm_contradiction(v_case, v_target, v_reason);
        end if;
    exception when data_exception then
        raise exception 'target_missing' using errcode = 'PT400', detail = sqlerrm;
    end;
    if v_client_id is not null then
        perform private.rebuild_ledger(v_tenant_id, v_client_id, v_today);
    end if;
    if v_case.agreement_id is not null then
        perform private.tell_agreement(
            v_case.agreement_id, 'payment_case_resolved', v_today, v_reason,
            jsonb_build_object(
                'payment_id', v_case.payment_id, 'kind', v_case.kind,
                'resolution', resolve_payment_case.resolution
            )
        );
    end if;
    return jsonb_build_object('case_id', v_case.id, 'resolution', resolution);
end;
$$;

create function public.resolve_payment_case(
    case_id uuid, resolution text, reason text, target jsonb default null
) returns jsonb
language sql
set search_path = ''
as $$ select private.resolve_payment_case(case_id, resolution, reason, target) $$;
comment on function public.resolve_payment_case(uuid, text, text, jsonb) is
'Supervisor. paid_after_break: reactivate {first_due_on} | abate | return; duplicate: advance |
abate | return; overpayment: return; orphan: assign {installment_id} or {client_id, debt_ids} |
return; contradiction: assign {paid_on, amount_cents} | dismiss.';

grant execute on function
private.resolve_payment_case(uuid, text, text, jsonb),
public.resolve_payment_case(uuid, text, text, jsonb)
to authenticated;

-- 0595_agreement_row.sql
-- One line of /acordos (0712), of the approval inbox and of a client's own list.
create function private.agreement_row(agreement public.agreements) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'id', agreement.id, 'status', agreement.status, 'created_at', agreement.created_at,
        'client', jsonb_build_object(
            'id', client.id, 'name', client.name, 'document', client.document
        ),
        'creditor', jsonb_build_object('id', creditor.id, 'name', creditor.name),
        'original_cents', agreement.original_cents, 'total_cents', agreement.total_cents,
        'discount_cents', agreement.discount_cents,
        'discount_percent', agreement.discount_percent::text,
        'installments', agreement.installments,
        'paid_cents', counted.paid_cents, 'open_cents', counted.open_cents,
        'paid_installments', counted.paid, 'overdue_installments', counted.overdue,
        'next_due_on', counted.next_due_on, 'valid_until', agreement.valid_until,
        'generation', agreement.generation, 'approval_role', agreement.approval_role,
        'created_by', (
            select jsonb_build_object('id', member.user_id, 'name', member.display_name)
            from public.memberships as member
            where member.tenant_id = agreement.tenant_id
              and member.user_id = agreement.created_by
            order by member.revoked_at nulls first
            limit 1
        )
    )
    from public.clients as client
    cross join public.creditors as creditor
    cross join lateral (
        select coalesce(sum(part.paid_cents), 0) as paid_cents,
            coalesce(sum(part.amount_cents - part.paid_cents)
                filter (where part.status = 'open'), 0) as open_cents,
            count(*) filter (where part.status = 'paid') as paid,
            count(*) filter (where part.status = 'open'
                and part.effective_due_on < private.today(agreement.tenant_id)) as overdue,
            min(part.due_on) filter (where part.status = 'open') as next_due_on
        from public.installments as part
        where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
    ) as counted
    where client.tenant_id = agreement.tenant_id and client.id = agreement.client_id
      and creditor.tenant_id = agreement.tenant_id and creditor.id = agreement.creditor_id
$$;

-- 0596_agreement_page.sql
-- One agreement whole: what was agreed and why it costs that, its schedule with charges, its money
-- with what each payment covered, its history.
create function private.agreement_payments(agreement public.agreements) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', payment.id, 'amount_cents', payment.amount_cents, 'paid_on', payment.paid_on,
        'created_at', payment.created_at, 'provider', payment.provider,
        'method', payment.method, 'charge_id', payment.charge_id,
        'course', word.course, 'reason', word.reason,
        'reversed', (
            select jsonb_build_object('on', reversal.reversed_on, 'reason', reversal.reason)
            from public.payment_reversals as reversal
            where reversal.tenant_id = payment.tenant_id and reversal.payment_id = payment.id
        ),
        -- Balance before and after, installment by installment and title by title.
        'allocations', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'installment_id', standing.installment_id, 'debt_id', standing.debt_id,
                'principal_cents', standing.principal_cents,
                'correction_cents', standing.correction_cents,
                'fine_cents', standing.fine_cents, 'interest_cents', standing.interest_cents,
                'collection_fee_cents', standing.collection_fee_cents,
                'total_cents', standing.total_cents, 'before_cents', standing.before_cents,
                'after_cents', standing.after_cents
            ) order by standing.debt_id nulls first, standing.id), '[]')
            from private.living_allocations as standing
            where standing.tenant_id = payment.tenant_id and standing.payment_id = payment.id
        )
    ) order by payment.paid_on, payment.payment_key), '[]')
    from public.payments as payment
    cross join lateral (
        select course.* from public.payment_courses as course
        where course.tenant_id = payment.tenant_id and course.payment_id = payment.id
        order by course.id desc
        limit 1
    ) as word
    where payment.tenant_id = agreement.tenant_id and payment.client_id = agreement.client_id
      and word.agreement_id = agreement.id
$$;

create function private.charge_card(charge public.charges) returns jsonb
language sql
stable
set search_path = ''
as $$
    select jsonb_build_object(
        'id', charge.id, 'status', charge.status, 'is_wanted', charge.is_wanted,
        'method', charge.method, 'amount_cents', charge.amount_cents, 'due_on', charge.due_on,
        'link', charge.link, 'digitable_line', charge.digitable_line,
        'pix_code', charge.pix_code, 'pdf_url', charge.pdf_url,
        'error_code', charge.error_code, 'error_detail', charge.error_detail,
        'next_attempt_at', charge.next_attempt_at, 'created_at', charge.created_at,
        'cancel_reason', charge.cancel_reason
    )
$$;

create function private.agreement_page(agreement_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_agreement public.agreements;
begin
    select * into v_agreement from public.agreements as agreement
    where agreement.tenant_id = v_tenant_id and agreement.id = agreement_page.agreement_id;
    if not found then
        raise exception 'agreement_not_found' using errcode = 'PT404',
            detail = 'no agreement with this id in the tenant';
    end if;
    return jsonb_build_object(
        'agreement', private.agreement_row(v_agreement) || jsonb_build_object(
            'base_on', v_agreement.base_on, 'financing_cents', v_agreement.financing_cents,
            'first_due_on', v_agreement.first_due_on, 'last_due_on', v_agreement.last_due_on,
            'template_id', v_agreement.template_id, 'replaces_id', v_agreement.replaces_id,
            'approval_reasons', v_agreement.approval_reasons,
            'decided_by', v_agreement.decided_by, 'decided_at', v_agreement.decided_at,
            'decision_reason', v_agreement.decision_reason,
            'formalised_at', v_agreement.formalised_at, 'closed_at', v_agreement.closed_at,
            'successor_id', (
                select later.id from public.agreements as later
                where later.tenant_id = v_tenant_id and later.replaces_id = v_agreement.id
                  and later.formalised_at is not null
                order by later.created_at desc
                limit 1
            )
        ),
        'totals', v_agreement.priced -> 'totals', 'debts', v_agreement.priced -> 'debts',
        'proposal', v_agreement.priced -> 'proposal', 'statement', v_agreement.statement,
        'schedule', (
            select jsonb_agg(jsonb_build_object(
                'id', part.id, 'number', part.number, 'kind', part.kind, 'due_on', part.due_on,
                'effective_due_on', part.effective_due_on, 'amount_cents', part.amount_cents,
                'method', part.method, 'status', part.status, 'paid_cents', part.paid_cents,
                'late_cents', part.late_cents, 'adjustment_cents', part.adjustment_cents,
                'paid_on', part.paid_on, 'cancel_reason', part.cancel_reason,
                'cancelling_reason', part.cancelling_reason,
                'charges', (
                    select coalesce(jsonb_agg(
                        private.charge_card(charge) order by charge.sequence desc
                    ), '[]')
                    from public.charges as charge
                    where charge.tenant_id = v_tenant_id and charge.installment_id = part.id
                )
            ) order by part.number)
            from public.installments as part
            where part.tenant_id = v_tenant_id and part.agreement_id = v_agreement.id
        ),
        'payments', private.agreement_payments(v_agreement),
        'cases', (
            select coalesce(jsonb_agg(private.payment_case_card(known)
                order by known.opened_at), '[]')
            from public.payment_cases as known
            where known.tenant_id = v_tenant_id and known.agreement_id = v_agreement.id
              and known.resolved_at is null
        ),
        'settlements', (
            select coalesce(jsonb_agg(private.settlement_card(request)
                order by request.created_at), '[]')
            from public.manual_settlements as request
            where request.tenant_id = v_tenant_id and request.agreement_id = v_agreement.id
        ),
        'history', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', event.id, 'kind', event.kind, 'from_status', event.from_status,
                'to_status', event.to_status, 'reason', event.reason,
                'details', event.details, 'on_date', event.on_date, 'at', event.created_at,
                'actor', (
                    select member.display_name from public.memberships as member
                    where member.tenant_id = v_tenant_id and member.user_id = event.actor_id
                    order by member.revoked_at nulls first
                    limit 1
                )
            ) order by event.id desc), '[]')
            from (
                select * from public.agreement_events as told
                where told.tenant_id = v_tenant_id and told.agreement_id = v_agreement.id
                -- Ten years of monthly payments with their charges.
                order by told.id desc
                limit 500
            ) as event
        )
    );
end;
$$;

create function public.agreement_page(agreement_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.agreement_page(agreement_id) $$;
comment on function public.agreement_page(uuid) is
'{agreement, totals, debts, proposal, statement, schedule: [{…, charges}], payments: [{…,
allocations}], cases, settlements, history}. PT404 agreement_not_found.';

grant execute on function
private.agreement_page(uuid), public.agreement_page(uuid)
to authenticated;

-- 0597_approval_inbox.sql
-- What waits for this person's yes or no, the soonest to expire first, each with its calculation.
create function private.approval_inbox() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- Decided one key at a time; the rest follows.
    c_max_shown constant int := 100;
    v_tenant_id uuid := private.require_role('supervisor');
    v_role public.member_role := private.member_role();
    v_today date := private.today(v_tenant_id);
begin
    return jsonb_build_object(
        'rows', (
            select coalesce(jsonb_agg(
                private.agreement_row(waiting.agreement) || jsonb_build_object(
                    'base_on', (waiting.agreement).base_on,
                    'approval_reasons', (waiting.agreement).approval_reasons,
                    'totals', (waiting.agreement).priced -> 'totals',
                    'debts', (waiting.agreement).priced -> 'debts',
                    'schedule', (waiting.agreement).priced -> 'schedule',
                    'statement', (waiting.agreement).statement,
                    'is_mine', (waiting.agreement).created_by = auth.uid(),
                    'may_approve', (waiting.agreement).created_by is distinct from auth.uid()
                        and (waiting.agreement).approval_role <= v_role,
                    'is_expired', (waiting.agreement).valid_until < v_today
                )
                order by (waiting.agreement).valid_until, (waiting.agreement).created_at
            ), '[]')
            from (
                select agreement
                from public.agreements as agreement
                where agreement.tenant_id = v_tenant_id
                  and agreement.status = 'pending_approval'
                order by agreement.valid_until, agreement.created_at
                limit c_max_shown
            ) as waiting
        ),
        'count', (
            select count(*) from public.agreements as agreement
            where agreement.tenant_id = v_tenant_id and agreement.status = 'pending_approval'
        )
    );
end;
$$;

create function public.approval_inbox() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.approval_inbox() $$;
comment on function public.approval_inbox() is
'Supervisor. {rows: [agreement row + approval_reasons, totals, debts, schedule, statement, is_mine,
may_approve, is_expired], count}.';

grant execute on function private.approval_inbox(), public.approval_inbox() to authenticated;

-- 0598_negotiation_context.sql
-- Everything the negotiation panel needs when it opens, in one call: what is owed and why, what may
-- be offered by whom, what is agreed already, and what was being typed last time.
create function private.negotiation_offers(
    tenant_id uuid, role public.member_role, client_id uuid, on_date date
) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_creditor record;
    v_offers jsonb := '[]';
    v_owed private.owed_debt[];
begin
    -- One agreement has one creditor, so each has its own limits, templates and best offer.
    for v_creditor in
        select debts.creditor_id, creditors.name, array_agg(debts.id) as debt_ids
        from public.debts
        join public.creditors
            on creditors.tenant_id = debts.tenant_id and creditors.id = debts.creditor_id
        where debts.tenant_id = negotiation_offers.tenant_id
          and debts.client_id = negotiation_offers.client_id and debts.status = 'open'
        group by debts.creditor_id, creditors.name
        order by creditors.name
    loop
        v_owed := array(
            select title
            from private.owed(tenant_id, client_id, on_date, v_creditor.debt_ids) as title
        );
        v_offers := v_offers || jsonb_build_object(
            'creditor', jsonb_build_object('id', v_creditor.creditor_id, 'name', v_creditor.name),
            'debt_ids', to_jsonb(v_creditor.debt_ids),
            'limits', to_jsonb(private.limits_of(tenant_id, v_creditor.creditor_id, role))
                - 'tenant_id' - 'id' - 'updated_at' - 'creditor_id',
            'validity_days', (private.agreement_policy(
                tenant_id, v_creditor.creditor_id)).offer_validity_days,
            'templates', (
                select coalesce(jsonb_agg(to_jsonb(template) - 'tenant_id' - 'created_at'
                    || jsonb_build_object('is_applicable',
                        private.is_template_applicable(template, v_owed))
                    order by template.position, template.name), '[]')
                from public.agreement_templates as template
                where template.tenant_id = negotiation_offers.tenant_id and template.is_active
                  and (template.creditor_id is null
                      or template.creditor_id = v_creditor.creditor_id)
            ),
            'best', private.best_offer(tenant_id, role, jsonb_build_object(
                'client_id', client_id, 'debt_ids', to_jsonb(v_creditor.debt_ids),
                'base_on', on_date
            ))
        );
    end loop;
    return v_offers;
end;
$$;

-- {agreements, payments} of a client, for whatever screen shows the person.
create function private.client_money(tenant_id uuid, client_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'agreements', (
            select coalesce(jsonb_agg(private.agreement_row(agreement)
                order by agreement.created_at desc), '[]')
            from (
                select * from public.agreements as known
                where known.tenant_id = client_money.tenant_id
                  and known.client_id = client_money.client_id
                order by known.created_at desc
                -- The living one and what came before it; the rest is in /acordos.
                limit 20
            ) as agreement
        ),
        'payments', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', received.id, 'amount_cents', received.amount_cents,
                'paid_on', received.paid_on, 'provider', received.provider,
                'method', received.method, 'is_reversed', exists (
                    select from public.payment_reversals as reversal
                    where reversal.tenant_id = received.tenant_id
                      and reversal.payment_id = received.id
                )
            ) order by received.paid_on desc, received.id), '[]')
            from (
                select * from public.payments as known
                where known.tenant_id = client_money.tenant_id
                  and known.client_id = client_money.client_id
                order by known.paid_on desc, known.id
                limit 100
            ) as received
        )
    )
$$;

create function private.negotiation_context(client_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_role public.member_role := private.member_role();
    v_today date := private.today(v_tenant_id);
begin
    perform private.require_debts(v_tenant_id, client_id, null);
    return jsonb_build_object(
        'on_date', v_today, 'role', v_role,
        'statement', private.statement(v_tenant_id, client_id, v_today, null),
        'offers', private.negotiation_offers(v_tenant_id, v_role, client_id, v_today),
        'payer', private.payer_of(v_tenant_id, client_id) - 'document' - 'name',
        'methods', (
            select to_jsonb(string_to_array(
                coalesce(integration.settings ->> 'methods', 'boleto'), ','))
            from public.integrations as integration
            where integration.tenant_id = v_tenant_id and integration.provider = 'negociarie'
              and integration.is_active
        ),
        'draft', (
            select draft.content from public.negotiation_drafts as draft
            where draft.tenant_id = v_tenant_id
              and draft.client_id = negotiation_context.client_id
              and draft.user_id = auth.uid()
        )
    ) || private.client_money(v_tenant_id, client_id);
end;
$$;

create function public.negotiation_context(client_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.negotiation_context(client_id) $$;
comment on function public.negotiation_context(uuid) is
'{on_date, role, statement, offers: [{creditor, debt_ids, limits, validity_days, templates, best}],
agreements, payments, payer, methods | null, draft | null}. PT404 client_not_found.';

grant execute on function
private.negotiation_context(uuid), public.negotiation_context(uuid)
to authenticated;

-- 0599_money_jobs.sql
-- The daily work of money, for every tenant on its own day: titles and agreements age, and the
-- ledger is checked. Hourly, because the tenants' midnights differ and because a break may wait for
-- a sweep of the afternoon; doing it again changes nothing.
-- Client by client, each in its own transaction: whoever works on one waits for that one alone. A
-- procedure because only those may commit, and without a search path of its own because only
-- then; it names every schema, and nobody but its owner may call it.
create procedure private.run_money_jobs(is_committing boolean default true)
language plpgsql
as $$
declare
    v_tenant record;
    v_run record;
    v_client_id uuid;
    v_with_titles boolean;
    v_sum jsonb;
begin
    for v_tenant in
        select tenants.id, private.today(tenants.id) as today from public.tenants
        order by tenants.id
    loop
        continue when not pg_catalog.pg_try_advisory_lock(private.clock_lock(v_tenant.id));
        v_with_titles := not private.are_titles_aged(v_tenant.id, v_tenant.today);
        v_run := private.begin_aging(v_tenant.id, v_tenant.today, v_with_titles);
        v_sum := '{"counts": {}, "failures": []}';
        foreach v_client_id in array v_run.clients loop
            if is_committing then
                commit;
            end if;
            v_sum := private.add_outcomes(v_sum, private.age_client(
                v_tenant.id, v_client_id, v_tenant.today, v_with_titles
            ));
        end loop;
        perform private.end_aging(v_run.run_id, v_sum);
        if is_committing then
            commit;
        end if;
        perform pg_catalog.pg_advisory_unlock(private.clock_lock(v_tenant.id));
    end loop;
end;
$$;
comment on procedure private.run_money_jobs (boolean) is
'is_committing: false leaves everything to the caller''s transaction. A tenant whose clock runs
elsewhere is left to that.';

-- At night, once: apart from the clock, because it reads every ledger and must hold up nobody.
create function private.run_ledger_checks() returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant record;
    v_found int := 0;
begin
    for v_tenant in
        select tenants.id, private.today(tenants.id) as today from public.tenants
        where not exists (
            select from public.job_runs as run
            where run.tenant_id = tenants.id and run.job = 'check_ledger'
              and run.on_date = private.today(tenants.id)
        )
        order by tenants.id
    loop
        v_found := v_found
            + jsonb_array_length(private.check_ledger(v_tenant.id, v_tenant.today));
    end loop;
    return v_found;
end;
$$;
comment on function private.run_ledger_checks() is 'How many clients'' ledgers differ; 0 is well.';

-- What a lost wake-up left in the queue, and the sweep of payments twice a day (06:10 and 14:10
-- UTC: after the banks' night run and in the early afternoon of Brazil).
create function private.sweep_charges() returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if exists (select from pgmq.q_charges where vt <= clock_timestamp()) then
        perform private.wake_function('negociarie-charge');
    end if;
end;
$$;

select cron.schedule('sweep-charges', '* * * * *', 'select private.sweep_charges()');
select cron.schedule('money-jobs', '5 * * * *', 'call private.run_money_jobs()');
-- Hourly from 05:35 to 09:35 UTC, night in every zone of Brazil; the first run of a day does it.
select cron.schedule('check-ledgers', '35 5-9 * * *', 'select private.run_ledger_checks()');
select cron.schedule(
    'reconcile-payments', '10 6,14 * * *', $$select private.wake_function('reconcile-payments')$$
);
-- And what a sweep had no time for.
select cron.schedule(
    'continue-reconciliation', '20,30,40,50 6,14 * * *', 'select private.continue_reconciliation()'
);

-- On demand: a supervisor asks for a sweep now.
create function private.request_reconciliation() returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
begin
    if not exists (
        select from public.integrations as integration
        where integration.tenant_id = v_tenant_id and integration.provider = 'negociarie'
          and integration.is_active
    ) then
        raise exception 'provider_not_connected' using errcode = 'PT409',
            detail = 'connect Negociarie in the settings';
    end if;
    perform private.wake_function('reconcile-payments');
end;
$$;

create function public.request_reconciliation() returns void
language sql
set search_path = ''
as $$ select private.request_reconciliation() $$;
comment on function public.request_reconciliation() is
'Supervisor: sweeps the provider''s payments now. PT409 provider_not_connected.';

grant execute on function
private.request_reconciliation(), public.request_reconciliation()
to authenticated;

-- 0600_queues.sql
-- The outbox's queues, and how a function is woken: pg_net right after the commit, pg_cron for what
-- a lost wake-up left behind. Messages hold ids only.
select pgmq.create('automations');
select pgmq.create('messages');
select pgmq.create('provider_events');

-- Queue rows are rewritten at every read: leave room in the page, vacuum early and at full speed.
alter table pgmq.q_automations set (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0
);
alter table pgmq.q_messages set (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0
);
alter table pgmq.q_provider_events set (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0
);

-- Both secrets are written by the local stack, or by the deploy guide. Without them nothing is
-- called: the work stays queued, visible and safe.
create function private.wake_function(name text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_url text;
    v_key text;
begin
    select
        max(known.decrypted_secret) filter (where known.name = 'functions_url'),
        max(known.decrypted_secret) filter (where known.name = 'jobs_key')
    into v_url, v_key
    from vault.decrypted_secrets as known
    where known.name in ('functions_url', 'jobs_key');
    if v_url is null or v_key is null then
        return;
    end if;
    perform net.http_post(
        url => v_url || '/' || wake_function.name,
        body => '{}'::jsonb,
        headers => jsonb_build_object(
            'Content-Type', 'application/json', 'Authorization', 'Bearer ' || v_key
        )
    );
end;
$$;

create function private.sweep_queues() returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    -- A message nobody read for half a minute: show its runs as queued while the function is down.
    perform private.open_runs(array(
        select unread.msg_id
        from pgmq.q_automations as unread
        where unread.read_ct = 0 and unread.enqueued_at < now() - interval '30 seconds'
          and unread.message ? 'disposition_id'
        limit 500
    ));
    if exists (select from pgmq.q_automations where vt <= clock_timestamp())
        or exists (select from pgmq.q_provider_events where vt <= clock_timestamp())
    then
        perform private.wake_function('run-automations');
    end if;
    if exists (select from pgmq.q_messages where vt <= clock_timestamp()) then
        perform private.wake_function('send-message');
    end if;
end;
$$;

select cron.schedule('sweep-queues', '* * * * *', 'select private.sweep_queues()');

-- `at` is the product's time; the queue lives in real time.
create function private.enqueue_run(run_id uuid, at timestamptz) returns bigint
language sql
security definer
set search_path = ''
as $$
    insert into pgmq.q_automations (vt, message)
    values (
        pg_catalog.clock_timestamp() + (enqueue_run.at - private.now()),
        pg_catalog.jsonb_build_object('run_id', enqueue_run.run_id)
    )
    returning msg_id
$$;

-- 0610_render_template.sql
-- Fills a template for one client: the closed list of variables, as a debtor reads them (R$ with
-- comma, day/month/year). What is not known reads as a dash, because a provider refuses blanks.
create function private.brl(cents bigint) returns text
language sql
immutable
strict
set search_path = ''
as $$
    select 'R$ ' || pg_catalog.translate(
        pg_catalog.to_char(cents / 100.0, 'FM999,999,999,990.00'), ',.', '.,'
    )
$$;

-- `charge_id` is of the message that brings a charge; without one its variables read as a dash.
create function private.template_params(
    client_id uuid, variables text[], charge_id uuid default null
) returns text[]
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(array_agg(coalesce(nullif(case named.variable
        when 'client.name' then initcap(clients.name)
        when 'client.first_name' then initcap(split_part(btrim(clients.name), ' ', 1))
        when 'client.open_total' then private.brl(clients.open_cents)
        when 'client.open_debts' then clients.open_debts::text
        when 'client.oldest_due_on' then to_char(clients.oldest_due_on, 'DD/MM/YYYY')
        when 'creditor.name' then (
            -- The creditor of the oldest open title speaks for the message.
            select creditors.name
            from public.debts
            join public.creditors
                on creditors.tenant_id = debts.tenant_id and creditors.id = debts.creditor_id
            where debts.tenant_id = clients.tenant_id and debts.client_id = clients.id
              and debts.status = 'open'
            order by debts.due_on, debts.id
            limit 1
        )
        when 'tenant.name' then tenants.name
        when 'charge.amount' then private.brl(charge.amount_cents)
        when 'charge.due_on' then to_char(charge.due_on, 'DD/MM/YYYY')
        when 'charge.link' then charge.link
        when 'charge.pix_code' then charge.pix_code
        when 'charge.digitable_line' then charge.digitable_line
    end, ''), '-') order by named.position), '{}')
    from public.clients
    join public.tenants on tenants.id = clients.tenant_id
    left join public.charges as charge
        on charge.tenant_id = clients.tenant_id and charge.client_id = clients.id
        and charge.id = template_params.charge_id
    cross join unnest(template_params.variables) with ordinality as named (variable, position)
    where clients.id = template_params.client_id
$$;

-- "Banco Aurora S.A." at the end of a sentence would read "S.A..": where the text of the provider
-- goes on with a dot, the value gives up its own.
create function private.without_double_dots(body text, params text[]) returns text[]
language sql
immutable
set search_path = ''
as $$
    select coalesce(array_agg(case
        when value.text like '%.' and position('{{' || value.number || '}}.' in body) > 0
            then left(value.text, -1)
        else value.text
    end order by value.number), '{}')
    from unnest(params) with ordinality as value (text, number)
$$;

create function private.render_body(body text, params text[]) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_rendered text := body;
begin
    for i in 1 .. coalesce(array_length(params, 1), 0) loop
        v_rendered := replace(v_rendered, '{{' || i || '}}', params[i]);
    end loop;
    return v_rendered;
end;
$$;

-- 0620_plan_runs.sql
-- What to do with each claimed run, asked at the last moment before sending: is the rule still on,
-- is the template approved, is there a number, does anybody forbid it, is it a lawful hour.
create type private.run_plan as (
    run_id uuid,
    tenant_id uuid,
    client_id uuid,
    queue_msg_id bigint,
    -- send | skip | postpone
    verdict text,
    reason text,
    not_before timestamptz,
    attempt int,
    provider public.provider_name,
    integration_id uuid,
    settings jsonb,
    phone text,
    template_id uuid,
    provider_template_id text,
    language text,
    body text,
    params text []
);

create function private.plan_runs(claim_id uuid) returns setof private.run_plan
language sql
stable
security definer
set search_path = ''
as $$
    select run.id, run.tenant_id, run.client_id, run.queue_msg_id,
        case
            when verdict.reason is not null then 'skip'
            when hours.next_allowed_at is null then 'skip'
            when not hours.allowed or integration.paused_until > private.now() then 'postpone'
            else 'send'
        end,
        coalesce(verdict.reason, hours.reason, 'rate_limited'),
        greatest(hours.next_allowed_at, integration.paused_until),
        run.attempt + 1,
        template.provider, integration.id, integration.settings, best.phone, template.id,
        template.provider_template_id, template.language,
        private.render_body(template.body, filled.params), filled.params
    from public.automation_runs as run
    join public.collection_rules as rule on rule.id = run.rule_id
    join public.message_templates as template on template.id = rule.template_id
    join public.clients as client on client.id = run.client_id
    join public.call_dispositions as call on call.id = run.disposition_id
    left join public.integrations as integration
        on integration.tenant_id = run.tenant_id and integration.provider = template.provider
        and integration.is_active
    left join lateral (
        select client_phones.phone
        from public.client_phones
        where client_phones.tenant_id = run.tenant_id and client_phones.client_id = run.client_id
          and client_phones.kind = 'mobile'
          and client_phones.has_whatsapp is not false
          and not private.is_suppressed(
              run.tenant_id, run.client_id, client_phones.phone, template.channel, private.now()
          )
        order by client_phones.position, client_phones.created_at, client_phones.id
        limit 1
    ) as best on true
    cross join lateral private.contact_decision(
        run.tenant_id, run.client_id, template.channel, private.now()
    ) as hours
    cross join lateral (
        select private.without_double_dots(
            template.body, private.template_params(run.client_id, template.variables)
        ) as params
    ) as filled
    cross join lateral (
        select case
            -- A week later the call it followed is forgotten: silence is better.
            when coalesce(run.retried_at, call.created_at) < private.now() - interval '7 days'
                then 'expired'
            when not rule.is_enabled then 'rule_disabled'
            when template.status <> 'approved' then 'template_not_approved'
            -- It speaks of a charge, and a rule brings none.
            when exists (
                select from unnest(template.variables) as variable where variable like 'charge.%'
            ) then 'template_needs_charge'
            when integration.id is null then 'integration_inactive'
            when client.open_debts = 0 then 'nothing_owed'
            when hours.reason = 'suppressed' then 'suppressed'
            when best.phone is null then 'no_reachable_phone'
        end as reason
    ) as verdict
    where run.claim_id = plan_runs.claim_id and run.status = 'running'
$$;

-- 0625_run_transitions.sql
-- The only places where a run changes state. Each writes the run and its queue message together.
-- Opens the runs that disposition messages ask for. The first rule's run lives under the message
-- itself, any further one under a message of its own. Asked again, it finds them and does nothing.
create function private.open_runs(msg_ids bigint[]) returns void
language sql
security definer
set search_path = ''
as $$
    with wanted as materialized (
        select gen_random_uuid() as id, disposition.tenant_id, asked.rule_id::uuid as rule_id,
            disposition.id as disposition_id, disposition.client_id, item.msg_id,
            asked.position = 1 as is_first
        from pgmq.q_automations as item
        join public.call_dispositions as disposition
            on disposition.id::text = item.message ->> 'disposition_id'
        cross join lateral jsonb_array_elements_text(item.message -> 'rule_ids')
            with ordinality as asked (rule_id, position)
        join public.collection_rules as rule
            on rule.id::text = asked.rule_id and rule.tenant_id = disposition.tenant_id
        where item.msg_id = any(open_runs.msg_ids)
          and not exists (
              select from public.automation_runs as run
              where run.rule_id = rule.id and run.disposition_id = disposition.id
          )
    )
    insert into public.automation_runs
        (id, tenant_id, rule_id, disposition_id, client_id, queue_msg_id)
    select wanted.id, wanted.tenant_id, wanted.rule_id, wanted.disposition_id, wanted.client_id,
        case when wanted.is_first then wanted.msg_id
            else private.enqueue_run(wanted.id, private.now()) end
    from wanted
    on conflict on constraint automation_runs_one_per_disposition do nothing
$$;

-- An ended run keeps its reason; its queue message is archived, so that a dead letter can be read.
create function private.finish_run(run_id uuid, status public.run_status, reason text)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_msg_id bigint;
begin
    update public.automation_runs as run
    set status = finish_run.status, reason = finish_run.reason, finished_at = private.now(),
        lease_until = null, next_attempt_at = null, claim_id = null
    where run.id = finish_run.run_id
    returning run.queue_msg_id into v_msg_id;
    if finish_run.status <> 'done' then
        -- A message that was never begun must not look as if it were still to come.
        update public.message_logs
        set status = 'failed', failed_at = private.now(), error_code = finish_run.reason
        where message_logs.automation_run_id = finish_run.run_id
          and message_logs.status = 'queued';
        perform pgmq.archive('automations', v_msg_id);
    else
        perform pgmq.delete('automations', v_msg_id);
    end if;
end;
$$;

-- Back to the queue under a new message, whose read count begins at zero: only reads that were
-- never answered count as poison.
create function private.postpone_run(run_id uuid, until timestamptz, reason text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_msg_id bigint;
begin
    select run.queue_msg_id into v_msg_id
    from public.automation_runs as run where run.id = postpone_run.run_id;
    perform pgmq.delete('automations', v_msg_id);
    update public.automation_runs as run
    set status = 'queued', reason = postpone_run.reason, next_attempt_at = postpone_run.until,
        lease_until = null, claim_id = null, finished_at = null,
        queue_msg_id = private.enqueue_run(run.id, postpone_run.until)
    where run.id = postpone_run.run_id;
end;
$$;

-- Outcome unknown: the run stays running until a receipt tells, at most this long.
create function private.await_receipt(run_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Receipts arrive within seconds; the slowest seen by providers is minutes.
    c_wait constant interval := interval '15 minutes';
    v_msg_id bigint;
begin
    update public.automation_runs as run
    set reason = 'outcome_unknown', lease_until = private.now() + c_wait, claim_id = null
    where run.id = await_receipt.run_id
    returning run.queue_msg_id into v_msg_id;
    perform pgmq.set_vt('automations', v_msg_id, extract(epoch from c_wait)::int);
end;
$$;

-- 0630_claim_automation_runs.sql
-- Takes a batch of runs to send. Everything is decided and written here and committed by the caller
-- before anything is sent, so that a worker may die at any point and the next claim knows where.
create function private.claim_automation_runs(max int, lease_seconds int)
returns table (
    run_id uuid, tenant_id uuid, attempt int, message_id uuid, provider public.provider_name,
    destination text, template_provider_id text, language text, params text[], settings jsonb,
    integration_id uuid, queue_msg_id bigint
)
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- A batch in which nothing may be sent is no reason to stop: the next may hold something. Bounded,
    -- so that the leases of what is found last are still whole.
    c_rounds constant int := 20;
    v_claim_id uuid := gen_random_uuid();
    v_plans private.run_plan[];
begin
    for v_round in 1 .. c_rounds loop
        exit when not private.take_runs(v_claim_id, max, lease_seconds);
        perform private.resolve_interrupted_runs(v_claim_id);
        v_plans := array(select plan from private.plan_runs(v_claim_id) as plan);
        perform private.finish_run(plan.run_id, 'skipped', plan.reason)
        from unnest(v_plans) as plan where plan.verdict = 'skip';
        perform private.postpone_run(plan.run_id, plan.not_before, plan.reason)
        from unnest(v_plans) as plan where plan.verdict = 'postpone';
        exit when exists (select from unnest(v_plans) as plan where plan.verdict = 'send');
    end loop;

    update public.automation_runs as run set attempt = plan.attempt, reason = null
    from unnest(v_plans) as plan where plan.verdict = 'send' and run.id = plan.run_id;

    return query
    with outgoing as (
        insert into public.message_logs as message (
            tenant_id, client_id, direction, provider, integration_id, phone, template_id, body,
            params, status, attempt, automation_run_id
        )
        select plan.tenant_id, plan.client_id, 'out', plan.provider, plan.integration_id,
            plan.phone, plan.template_id, plan.body, plan.params, 'queued', plan.attempt,
            plan.run_id
        from unnest(v_plans) as plan where plan.verdict = 'send'
        on conflict on constraint message_logs_one_per_run do update
        set attempt = excluded.attempt, phone = excluded.phone, body = excluded.body,
            params = excluded.params, integration_id = excluded.integration_id,
            template_id = excluded.template_id, error_code = null, error_detail = null
        -- Only what nobody has begun to send.
        where message.status = 'queued'
        returning message.id, message.automation_run_id
    )
    select plan.run_id, plan.tenant_id, plan.attempt, outgoing.id, plan.provider, plan.phone,
        plan.provider_template_id, plan.language, plan.params, plan.settings,
        plan.integration_id, plan.queue_msg_id
    from outgoing
    join unnest(v_plans) as plan on plan.run_id = outgoing.automation_run_id;
end;
$$;
comment on function private.claim_automation_runs(int, int) is
'Runs to send now, leased for lease_seconds (real time). Commit before sending.';
grant execute on function private.claim_automation_runs(int, int) to worker;

-- False when the queue gave nothing.
create function private.take_runs(claim_id uuid, max int, lease_seconds int) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- A message read this often without an answer kills its worker: stop feeding it.
    c_max_reads constant int := 5;
    v_msg_ids bigint[];
begin
    v_msg_ids := array(
        select message.msg_id from pgmq.read('automations', lease_seconds, max) as message
    );
    perform private.open_runs(v_msg_ids);

    update public.automation_runs as run
    set claim_id = take_runs.claim_id, status = 'running', next_attempt_at = null,
        started_at = coalesce(run.started_at, private.now()),
        lease_until = private.now() + make_interval(secs => lease_seconds)
    from (
        select candidate.id
        from public.automation_runs as candidate
        where candidate.queue_msg_id = any(v_msg_ids)
          and (candidate.status = 'queued'
              or (candidate.status = 'running' and candidate.lease_until <= private.now()))
        order by candidate.id
        for update of candidate skip locked
    ) as due
    where run.id = due.id;

    perform private.finish_run(run.id, 'failed', 'poisoned')
    from public.automation_runs as run
    join pgmq.q_automations as item on item.msg_id = run.queue_msg_id
    left join public.message_logs as message on message.automation_run_id = run.id
    where run.claim_id = take_runs.claim_id and item.read_ct > c_max_reads
      and coalesce(message.status, 'queued') = 'queued';

    -- Dead letters: no run lives under this message, or the one that did has ended.
    perform pgmq.archive('automations', array(
        select item.msg_id
        from unnest(v_msg_ids) as item (msg_id)
        left join public.automation_runs as run on run.queue_msg_id = item.msg_id
        where run.id is null or run.status not in ('queued', 'running')
    ));
    return cardinality(v_msg_ids) > 0;
end;
$$;

-- A claimed run whose message is past `queued` belonged to a worker that never settled.
create function private.resolve_interrupted_runs(claim_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_run record;
begin
    for v_run in
        select run.id, message.id as message_id, message.status, message.error_code
        from public.automation_runs as run
        join public.message_logs as message on message.automation_run_id = run.id
        where run.claim_id = resolve_interrupted_runs.claim_id and run.status = 'running'
          and message.status <> 'queued'
    loop
        case v_run.status
            when 'sending' then
                -- The provider may have it. Never resend blindly: wait for a receipt.
                update public.message_logs set status = 'unknown'
                where message_logs.id = v_run.message_id;
                perform private.await_receipt(v_run.id);
            when 'unknown' then
                update public.message_logs
                set status = 'failed', failed_at = private.now(), error_code = 'outcome_unknown'
                where message_logs.id = v_run.message_id;
                perform private.finish_run(v_run.id, 'failed', 'outcome_unknown');
            when 'failed' then
                perform private.finish_run(
                    v_run.id, 'failed', coalesce(v_run.error_code, 'unclassified')
                );
            else
                perform private.finish_run(v_run.id, 'done', null);
        end case;
    end loop;
end;
$$;

-- 0640_message_status.sql
-- The one guarded transition of a message's status. Receipts come late, twice and in any order; the
-- end state depends on which came, never on the order: the status is the highest by this rank, and
-- each timestamp is the earliest told. `failed` ranks above `sent` and below `delivered`: it counts
-- only while nobody saw the message arrive.
create function private.message_rank(status public.message_status) returns int
language sql
immutable
strict
set search_path = ''
as $$
    select pg_catalog.array_position(
        array[
            'queued', 'sending', 'unknown', 'submitted', 'sent', 'failed', 'delivered', 'read'
        ]::public.message_status[], status
    )
$$;

create function private.advance_message(
    message_id uuid, status public.message_status, at timestamptz,
    provider_message_id text default null, wamid text default null,
    error_code text default null, error_detail text default null
) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_was public.message_logs;
    v_is_guess boolean;
    v_moves boolean;
    v_fails_first boolean;
begin
    -- Run before message, the order in which every job locks them.
    perform from public.automation_runs as run
    where run.id = (
        select message.automation_run_id from public.message_logs as message
        where message.id = advance_message.message_id
    )
    for update;
    select * into v_was from public.message_logs as message
    where message.id = advance_message.message_id and message.direction = 'out'
    for update;
    if not found then
        return false;
    end if;

    -- "No receipt came" was our guess; any receipt knows better.
    v_is_guess := v_was.status = 'failed' and v_was.error_code = 'outcome_unknown';
    v_moves := v_is_guess
        or private.message_rank(advance_message.status) > private.message_rank(v_was.status);
    -- Of several failures the earliest is told; the word decides between two of one instant.
    v_fails_first := advance_message.status = 'failed' and (
        v_is_guess or v_was.failed_at is null
        or (advance_message.at, coalesce(advance_message.error_code, ''))
            < (v_was.failed_at, coalesce(v_was.error_code, ''))
    );

    update public.message_logs as message
    set status = case when v_moves then advance_message.status else message.status end,
        provider_message_id =
            coalesce(message.provider_message_id, advance_message.provider_message_id),
        wamid = coalesce(message.wamid, advance_message.wamid),
        submitted_at = case when advance_message.status = 'submitted'
            then least(message.submitted_at, at) else message.submitted_at end,
        sent_at = case when advance_message.status = 'sent'
            then least(message.sent_at, at) else message.sent_at end,
        delivered_at = case when advance_message.status = 'delivered'
            then least(message.delivered_at, at) else message.delivered_at end,
        read_at = case when advance_message.status = 'read'
            then least(message.read_at, at) else message.read_at end,
        failed_at = case when v_fails_first then at
            when not v_is_guess then message.failed_at end,
        error_code = case when v_fails_first then advance_message.error_code
            when not v_is_guess then message.error_code end,
        error_detail = case when v_fails_first then advance_message.error_detail
            when not v_is_guess then message.error_detail end
    where message.id = v_was.id;

    perform private.follow_message(v_was.id);
    if advance_message.status = 'failed' then
        perform private.learn_from_failure(v_was.id, advance_message.error_code);
    elsif advance_message.status = 'submitted' then
        perform private.mark_integration(v_was.integration_id, null);
    end if;
    return v_moves;
end;
$$;
comment on function private.advance_message(
    uuid, public.message_status, timestamptz, text, text, text, text
) is 'True when the status moved. Callers pass receipts; only ever forward.';

-- A run that sent follows its message, and a message of a person leaves its queue: what the
-- provider accepted is done, what failed is failed.
create function private.follow_message(message_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_message public.message_logs;
    v_run public.automation_runs;
begin
    select * into v_message from public.message_logs as message
    where message.id = follow_message.message_id;
    select * into v_run from public.automation_runs as run
    where run.id = v_message.automation_run_id;
    if not found then
        if v_message.status = 'failed'
            or private.message_rank(v_message.status) >= private.message_rank('submitted')
        then
            perform private.leave_message_queue(v_message.id);
        end if;
        return;
    end if;
    if v_message.status = 'failed' then
        if (v_run.status, v_run.reason) is distinct from
            ('failed'::public.run_status, coalesce(v_message.error_code, 'unclassified'))
        then
            perform private.finish_run(
                v_run.id, 'failed', coalesce(v_message.error_code, 'unclassified')
            );
        end if;
    elsif private.message_rank(v_message.status) >= private.message_rank('submitted')
        and v_run.status <> 'done'
    then
        perform private.finish_run(v_run.id, 'done', null);
    end if;
end;
$$;

-- What a refusal teaches about the number, so that the next run does not ask again.
create function private.learn_from_failure(message_id uuid, error_code text) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if error_code = 'number_invalid' then
        update public.client_phones as known set has_whatsapp = false
        from public.message_logs as message
        where message.id = learn_from_failure.message_id
          and known.tenant_id = message.tenant_id
          and known.client_id = message.client_id
          and known.phone = message.phone;
    elsif error_code = 'opted_out' then
        perform private.suppress_phone(
            message.tenant_id, message.phone, message.channel, 'opted_out'
        )
        from public.message_logs as message
        where message.id = learn_from_failure.message_id;
    elsif error_code = 'configuration' then
        perform private.mark_integration(message.integration_id, message.error_detail)
        from public.message_logs as message
        where message.id = learn_from_failure.message_id;
    end if;
end;
$$;

-- With a detail: it fails, as the settings page must say. With null: a message went out, it works.
create function private.mark_integration(integration_id uuid, failure_detail text) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform from public.integrations as integration
    where integration.id = mark_integration.integration_id
      and (integration.failing_since is null) = (mark_integration.failure_detail is not null)
    -- Who holds it is being told the same; to wait while holding messages could deadlock.
    for no key update skip locked;
    if found then
        update public.integrations as integration
        set failure_detail = mark_integration.failure_detail,
            failing_since = case when mark_integration.failure_detail is not null
                then private.now() end
        where integration.id = mark_integration.integration_id;
    end if;
end;
$$;

create function private.suppress_phone(
    tenant_id uuid, phone text, channel public.channel, reason text
) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.suppressions (tenant_id, phone, channel, reason)
    select suppress_phone.tenant_id, suppress_phone.phone, suppress_phone.channel,
        suppress_phone.reason
    where not private.is_suppressed(
        suppress_phone.tenant_id, null, suppress_phone.phone, suppress_phone.channel, private.now()
    )
$$;

-- 0650_send_fences.sql
-- Before and after the provider's call, for what rules send and for what people send. `attempt` is
-- the fence: a worker whose lease ran out and whose run or message was claimed anew holds an older
-- number and can neither begin nor settle.
create function private.begin_sending(message_id uuid, attempt int) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.message_logs as message
    set status = 'sending', sending_at = private.now()
    where message.id = begin_sending.message_id
      and message.attempt = begin_sending.attempt
      and message.status = 'queued'
      and case
          when message.automation_run_id is null then message.lease_until > private.now()
          else exists (
              select from public.automation_runs as run
              where run.id = message.automation_run_id and run.status = 'running'
          )
      end;
    return found;
end;
$$;
comment on function private.begin_sending(uuid, int) is
'True exactly once per attempt; commit, then call the provider.';

-- The provider's answer: submitted | retry | failed | unknown. False: the fence refused, because
-- somebody else owns the message by now.
create function private.settle_message(
    message_id uuid, attempt int, outcome text, provider_message_id text default null,
    error_code text default null, error_detail text default null,
    retry_after_seconds int default null
) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_run_id uuid;
    v_message public.message_logs;
begin
    if outcome is null or outcome not in ('submitted', 'retry', 'failed', 'unknown') then
        raise exception 'outcome_invalid' using errcode = 'PT400', detail = outcome;
    end if;
    select message.automation_run_id into v_run_id
    from public.message_logs as message where message.id = settle_message.message_id;
    perform from public.automation_runs as run where run.id = v_run_id for update;
    select * into v_message
    from public.message_logs as message
    where message.id = settle_message.message_id
      and message.attempt = settle_message.attempt
      and message.status <> 'queued'
      and message.sending_at is not null
    for update;
    if not found then
        return false;
    end if;

    -- An acceptance is the truth however late it comes, also after a receipt or our own guess.
    if outcome = 'submitted' then
        perform private.advance_message(
            v_message.id, 'submitted', private.now(), settle_message.provider_message_id
        );
        return true;
    end if;
    -- Any other answer is void once a receipt or the deadline has spoken.
    if v_message.status not in ('sending', 'unknown') then
        return false;
    end if;
    if outcome = 'failed' then
        perform private.advance_message(
            v_message.id, 'failed', private.now(), settle_message.provider_message_id,
            error_code => coalesce(settle_message.error_code, 'unclassified'),
            error_detail => settle_message.error_detail
        );
    elsif outcome = 'retry' then
        perform private.retry_message(
            v_message.id, coalesce(settle_message.error_code, 'provider_unavailable'),
            settle_message.error_detail, settle_message.retry_after_seconds
        );
    else
        update public.message_logs as message
        set status = 'unknown', error_detail = settle_message.error_detail
        where message.id = v_message.id and message.status = 'sending';
        if v_run_id is null then
            perform private.await_message_receipt(v_message.id);
        else
            perform private.await_receipt(v_run_id);
        end if;
    end if;
    return true;
end;
$$;
comment on function private.settle_message(uuid, int, text, text, text, text, int) is
'Result, run and queue in one transaction. False: a newer attempt owns the message.';

-- The provider refused for now and therefore has nothing: the same row will be sent again. A 429
-- waits as told and costs no attempt; its own errors cost one of five, with doubling pauses.
create function private.retry_message(
    message_id uuid, error_code text, error_detail text, retry_after_seconds int
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_max_failures constant int := 5;
    -- 5, 10, 20, 40 s and up to a quarter more, so that a crowd does not come back at once.
    c_first_pause constant int := 5;
    v_is_free boolean := error_code = 'rate_limited';
    v_run_id uuid;
    v_failures int;
    v_pause double precision;
    v_until timestamptz;
begin
    update public.automation_runs as run
    set failures = run.failures + case when v_is_free then 0 else 1 end
    from public.message_logs as message
    where message.id = retry_message.message_id and run.id = message.automation_run_id
    returning run.id, run.failures into v_run_id, v_failures;
    if v_run_id is null then
        update public.message_logs as message
        set failures = message.failures + case when v_is_free then 0 else 1 end
        where message.id = retry_message.message_id
        returning message.failures into v_failures;
    end if;
    if v_failures >= c_max_failures then
        perform private.advance_message(
            message_id, 'failed', private.now(),
            error_code => retry_message.error_code, error_detail => retry_message.error_detail
        );
        return;
    end if;
    v_pause := coalesce(retry_after_seconds, c_first_pause * 2 ^ greatest(v_failures - 1, 0))
        * (1 + random() / 4);
    v_until := private.now() + make_interval(secs => v_pause);
    update public.message_logs as message
    set status = 'queued', sending_at = null, error_code = retry_message.error_code,
        error_detail = retry_message.error_detail
    where message.id = retry_message.message_id;
    if v_run_id is null then
        perform private.postpone_message(message_id, v_until);
    else
        perform private.postpone_run(v_run_id, v_until, error_code);
    end if;
    if v_is_free then
        perform private.pause_integration(message_id, make_interval(secs => v_pause));
    end if;
end;
$$;

create function private.pause_integration(message_id uuid, pause interval) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_id uuid;
begin
    select integration.id into v_id
    from public.message_logs as message
    join public.integrations as integration on integration.id = message.integration_id
    where message.id = pause_integration.message_id
    -- A batch-mate that met the same limit is writing the same.
    for no key update of integration skip locked;
    if found then
        update public.integrations as integration
        set paused_until = greatest(integration.paused_until, private.now() + pause)
        where integration.id = v_id;
    end if;
end;
$$;

grant execute on function
private.begin_sending(uuid, int),
private.settle_message(uuid, int, text, text, text, text, int)
to worker;

-- 0660_provider_events.sql
-- What providers tell us, stored once and worked on later. The raw event stays, also when nobody
-- understands it. `external_id` is the provider's, and unique only within one integration: else one
-- tenant could hide another's receipt.
create table private.provider_events (
    id uuid not null default gen_random_uuid(),
    provider public.provider_name not null,
    external_id text collate "C" not null,
    tenant_id uuid not null,
    integration_id uuid not null,
    kind text not null,
    payload jsonb not null,
    received_at timestamptz not null default private.now(),
    handled_at timestamptz,
    -- Why it changed nothing: message_not_found, payload_invalid.
    error text,
    constraint provider_events_pkey primary key (id),
    constraint provider_events_are_stored_once unique (integration_id, external_id),
    constraint provider_events_integration_fkey foreign key (tenant_id, integration_id)
    references public.integrations (tenant_id, id)
);
comment on table private.provider_events is 'Inbox of webhooks; payloads are free of secrets.';

create index provider_events_of_integration
on private.provider_events (tenant_id, integration_id, received_at desc);

alter table private.provider_events enable row level security;
alter table private.provider_events force row level security;

create function private.receive_provider_event(
    provider public.provider_name, webhook_key text, external_id text, kind text, payload jsonb
) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- The settings page shows "last event" to the minute; each time would make one hot row.
    c_freshness constant interval := interval '30 seconds';
    v_integration public.integrations;
    v_event_id uuid;
begin
    -- Looking up the hash takes the same time whatever part of the key is right.
    select * into v_integration
    from public.integrations
    where integrations.webhook_key_hash
        = private.webhook_key_hash(receive_provider_event.webhook_key)
      and integrations.provider = receive_provider_event.provider;
    if not found then
        raise exception 'webhook_key_unknown' using errcode = 'PT401',
            detail = 'no integration has this key';
    end if;
    insert into private.provider_events
        (provider, external_id, tenant_id, integration_id, kind, payload)
    values (
        v_integration.provider, receive_provider_event.external_id, v_integration.tenant_id,
        v_integration.id, receive_provider_event.kind, receive_provider_event.payload
    )
    on conflict on constraint provider_events_are_stored_once do nothing
    returning id into v_event_id;
    if v_event_id is null then
        return false;
    end if;
    insert into pgmq.q_provider_events (vt, message)
    values (clock_timestamp(), jsonb_build_object('event_id', v_event_id));
    update public.integrations set last_event_at = private.now()
    where integrations.id = v_integration.id
      and (integrations.last_event_at is null
          or integrations.last_event_at < private.now() - c_freshness);
    perform private.wake_function('run-automations');
    return true;
end;
$$;
comment on function private.receive_provider_event(
    public.provider_name, text, text, text, jsonb
) is 'True when new; PT401 webhook_key_unknown.';
grant execute on function private.receive_provider_event(
    public.provider_name, text, text, text, jsonb
) to webhook;

-- 0661_callback_token.sql
-- Negociarie sends the same word with every callback: sha1(client_id || client_secret). It signs no
-- body, so it only comes on top of the key in the URL; the secret does not leave the database.
create function private.is_callback_token(webhook_key text, token text) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    -- Hashes are compared, so that the time taken says nothing about how much of it was right.
    select coalesce(bool_or(
        pg_catalog.sha256(pg_catalog.convert_to(is_callback_token.token, 'UTF8'))
        = pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.encode(extensions.digest(
            (integration.settings ->> 'client_id')
            || private.integration_secret(integration.id, 'client_secret'), 'sha1'
        ), 'hex'), 'UTF8'))
    ), false)
    from public.integrations as integration
    where integration.webhook_key_hash = private.webhook_key_hash(is_callback_token.webhook_key)
      and integration.provider = 'negociarie'
$$;
comment on function private.is_callback_token(text, text) is
'False for an unknown key as well.';
grant execute on function private.is_callback_token(text, text) to webhook;

-- 0670_apply_provider_events.sql
-- Drains the inbox. Each event is judged by itself: a malformed one is kept with its reason and
-- does not hold back the batch; one whose message is not known yet (a receipt overtook our own note
-- of the id) comes back a little later.
create function private.apply_provider_events(max int) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- 2 s, 4 s, … 512 s: a quarter of an hour in all, as long as an unknown outcome waits.
    c_max_reads constant int := 9;
    v_reads pgmq.message_record [];
    v_item record;
    v_error text;
    v_handled int := 0;
begin
    -- One drain at a time, so that two never lock the same messages in opposite order.
    perform pg_advisory_xact_lock(hashtextextended('apply_provider_events', 0));
    -- Read first, look up in a statement of its own: one that did both would not see an event
    -- committed after it began, whose queue message `read` already returns, and drop it.
    -- 60 s: far above what a batch takes; a dead drain gives its events back after it.
    v_reads := array(select item from pgmq.read('provider_events', 60, max) as item);
    for v_item in
        select message.msg_id, message.read_ct, event.*
        from unnest(v_reads) as message
        left join private.provider_events as event
            on event.id = case when pg_input_is_valid(message.message ->> 'event_id', 'uuid')
                then (message.message ->> 'event_id')::uuid end
        order by message.msg_id
    loop
        begin
            v_error := case v_item.kind
                when 'message_status' then private.apply_receipt(v_item.id)
                when 'message_received' then private.apply_inbound(v_item.id)
                when 'consent_changed' then private.apply_consent(v_item.id)
                when 'charge_changed' then private.apply_charge_event(v_item.id)
            end;
        exception
            -- It contradicts what is stored, as one WhatsApp id for two messages does. Raised on, it
            -- would come back for ever and stop every agency's messages.
            when integrity_constraint_violation or data_exception then
                v_error := 'payload_invalid';
        end;
        if v_error in ('message_not_found', 'charge_busy') and v_item.read_ct < c_max_reads then
            perform pgmq.set_vt('provider_events', v_item.msg_id, (2 ^ v_item.read_ct)::int);
            continue;
        end if;
        update private.provider_events as event
        set handled_at = private.now(), error = v_error
        where event.id = v_item.id;
        perform pgmq.delete('provider_events', v_item.msg_id);
        v_handled := v_handled + 1;
    end loop;
    return v_handled;
end;
$$;
comment on function private.apply_provider_events(int) is
'Number of events handled; 0 = nothing visible. Call again while it is not 0.';
grant execute on function private.apply_provider_events(int) to worker;

-- Answers null or the reason why nothing changed.
create function private.apply_receipt(event_id uuid) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_event private.provider_events;
    v_receipt jsonb;
    v_at timestamptz;
    v_message_id uuid;
begin
    select * into v_event from private.provider_events as event
    where event.id = apply_receipt.event_id;
    v_receipt := v_event.payload -> 'message';
    if coalesce(v_receipt ->> 'status', '') not in
        ('submitted', 'sent', 'delivered', 'read', 'failed')
    then
        return 'payload_invalid';
    end if;
    -- A receipt without a readable time happened when it arrived, and none happens in the future.
    v_at := case when pg_input_is_valid(v_receipt ->> 'at', 'timestamptz')
        then private.told_instant((v_receipt ->> 'at')::timestamptz) end;
    v_at := least(coalesce(v_at, v_event.received_at), v_event.received_at);

    v_message_id := private.message_of_receipt(v_event.integration_id, v_receipt);
    if v_message_id is null then
        return 'message_not_found';
    end if;
    perform private.advance_message(
        v_message_id, (v_receipt ->> 'status')::public.message_status, v_at,
        v_receipt ->> 'provider_message_id', v_receipt ->> 'wamid',
        v_receipt ->> 'error_code', v_receipt ->> 'error_detail'
    );
    return null;
end;
$$;

-- By the provider's id, else by WhatsApp's, else by number: a message whose outcome is unknown is
-- adopted when it is the only one of that number still without an id.
create function private.message_of_receipt(integration_id uuid, receipt jsonb) returns uuid
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_found uuid[];
begin
    select array[message.id] into v_found
    from public.message_logs as message
    where message.integration_id = message_of_receipt.integration_id
      and message.direction = 'out'
      and message.provider_message_id = receipt ->> 'provider_message_id';
    if not found then
        select array[message.id] into v_found
        from public.message_logs as message
        where message.integration_id = message_of_receipt.integration_id
          and message.direction = 'out'
          and message.wamid = receipt ->> 'wamid';
    end if;
    if v_found is null then
        select array_agg(message.id) into v_found
        from public.message_logs as message
        where message.integration_id = message_of_receipt.integration_id
          and message.direction = 'out'
          and message.provider_message_id is null
          and private.phone_match(message.phone) = private.phone_match(receipt ->> 'destination')
          and (message.status in ('sending', 'unknown')
              or (message.status = 'failed' and message.error_code = 'outcome_unknown'));
    end if;
    return case when cardinality(v_found) = 1 then v_found[1] end;
end;
$$;

create function private.apply_inbound(event_id uuid) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_event private.provider_events;
    v_inbound jsonb;
    v_phone text;
begin
    select * into v_event from private.provider_events as event
    where event.id = apply_inbound.event_id;
    v_inbound := v_event.payload -> 'inbound';
    v_phone := '+' || ltrim(v_inbound ->> 'phone', '+');
    if v_phone is null or v_phone !~ '^\+[1-9][0-9]{7,14}$' then
        return 'payload_invalid';
    end if;
    insert into public.message_logs (
        tenant_id, client_id, direction, provider, integration_id, phone, body, status, wamid
    )
    values (
        v_event.tenant_id, private.client_of_phone(v_event.tenant_id, v_phone), 'in',
        v_event.provider, v_event.integration_id, v_phone,
        coalesce(v_inbound ->> 'text', '[' || coalesce(v_inbound ->> 'type', '?') || ']'),
        'received', v_inbound ->> 'wamid'
    )
    on conflict (integration_id, wamid) where wamid is not null do nothing;
    return null;
end;
$$;

-- The client who owns a number, with or without the ninth digit; nobody when two people share it,
-- because a message must never appear at the wrong debtor.
create function private.client_of_phone(tenant_id uuid, phone text) returns uuid
language sql
stable
security definer
set search_path = ''
as $$
    select case when count(distinct known.client_id) = 1 then min(known.client_id::text)::uuid end
    from public.client_phones as known
    where known.tenant_id = client_of_phone.tenant_id
      and known.phone_tail >= reverse(right(client_of_phone.phone, 8))
      and known.phone_tail < reverse(right(client_of_phone.phone, 8)) || '~'
      and private.phone_match(known.phone) = private.phone_match(client_of_phone.phone)
$$;

create function private.apply_consent(event_id uuid) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_event private.provider_events;
    v_phone text;
begin
    select * into v_event from private.provider_events as event
    where event.id = apply_consent.event_id;
    v_phone := '+' || ltrim(v_event.payload #>> '{consent,phone}', '+');
    if v_phone is null or v_phone !~ '^\+[1-9][0-9]{7,14}$' then
        return 'payload_invalid';
    end if;
    -- An opt-in does not lift a suppression: that is a person's decision.
    if v_event.payload #>> '{consent,state}' = 'opted_out' then
        perform private.suppress_phone(v_event.tenant_id, v_phone, 'whatsapp', 'opted_out');
    end if;
    return null;
end;
$$;

-- 0672_apply_charge_event.sql
-- A callback came. It proves nothing; the charges it names are looked up.
create function private.apply_charge_event(event_id uuid) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_event private.provider_events;
    v_references text[];
    v_charge_id uuid;
    v_known int;
    v_asked int := 0;
begin
    select * into v_event from private.provider_events as event
    where event.id = apply_charge_event.event_id;
    if jsonb_typeof(v_event.payload #> '{charge,references}') is distinct from 'array' then
        return 'payload_invalid';
    end if;
    v_references := array(
        select distinct jsonb_array_elements_text(v_event.payload #> '{charge,references}')
    );
    v_known := (
        select count(*) from public.charges as charge
        where charge.integration_id = v_event.integration_id
          and charge.reference = any(v_references)
    );
    -- Whoever moves a client's money locks the client and then its charges. A batch of events of
    -- many clients cannot keep that order, so it waits for no charge and comes back instead.
    for v_charge_id in
        select charge.id from public.charges as charge
        where charge.integration_id = v_event.integration_id
          and charge.reference = any(v_references)
        for no key update skip locked
    loop
        v_asked := v_asked + 1;
        update public.charges as charge set needs_lookup = true where charge.id = v_charge_id;
        perform private.poke_charge(v_charge_id);
    end loop;
    return case
        when v_asked < v_known then 'charge_busy'
        when v_known < cardinality(v_references) then 'charge_not_found'
    end;
end;
$$;

-- 0680_retry_automation_run.sql
-- A person looks at a failed or skipped run and says "again". The old message stays in the history
-- with its own provider id, so that its late receipts still find it; the new try is a new message.
create function private.retry_automation_run(run_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_run public.automation_runs;
begin
    select * into v_run
    from public.automation_runs as run
    where run.id = retry_automation_run.run_id and run.tenant_id = v_tenant_id
    for update;
    if not found then
        raise exception 'run_not_found' using errcode = 'PT404',
            detail = 'no automation run with this id in the tenant';
    end if;
    if v_run.status not in ('failed', 'skipped') then
        raise exception 'run_not_retryable' using errcode = 'PT409',
            detail = 'only failed and skipped runs; this one is ' || v_run.status;
    end if;
    update public.message_logs as message
    set retried_run_id = message.automation_run_id, automation_run_id = null
    where message.automation_run_id = v_run.id;
    update public.automation_runs as run
    set status = 'queued', reason = null, failures = 0, retried_at = private.now(),
        finished_at = null, next_attempt_at = null, lease_until = null, claim_id = null,
        queue_msg_id = private.enqueue_run(run.id, private.now())
    where run.id = v_run.id;
    perform private.wake_function('run-automations');
end;
$$;

create function public.retry_automation_run(run_id uuid) returns void
language sql
set search_path = ''
as $$ select private.retry_automation_run(run_id) $$;

grant execute on function
private.retry_automation_run(uuid), public.retry_automation_run(uuid)
to authenticated;

-- 0690_outgoing_messages.sql
-- Messages that a person sends to one client now: the row of `message_logs` is the outbox, its
-- queue message commits with it, and whoever drains the queue asks again whether it is lawful.
-- Begun, settled and told by receipts as every message (0640, 0650); only who carries it differs.
alter table public.message_logs add constraint message_logs_charge_fkey
foreign key (tenant_id, charge_id) references public.charges (tenant_id, id);
-- Two clicks, two tabs: one message on its way for a charge.
create unique index message_logs_one_underway_per_charge
on public.message_logs (tenant_id, charge_id)
where charge_id is not null and status in ('queued', 'sending', 'unknown');
create index message_logs_of_charge on public.message_logs (tenant_id, charge_id)
where charge_id is not null;

-- `at` is the product's time; the queue lives in real time.
create function private.enqueue_message(message_id uuid, at timestamptz) returns bigint
language sql
security definer
set search_path = ''
as $$
    insert into pgmq.q_messages (vt, message)
    values (
        pg_catalog.clock_timestamp() + (enqueue_message.at - private.now()),
        pg_catalog.jsonb_build_object('message_id', enqueue_message.message_id)
    )
    returning msg_id
$$;

create function private.leave_message_queue(message_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_msg_id bigint;
begin
    update public.message_logs as message
    set queue_msg_id = null, lease_until = null, next_attempt_at = null
    from (
        select known.id, known.queue_msg_id from public.message_logs as known
        where known.id = leave_message_queue.message_id and known.queue_msg_id is not null
        for update
    ) as was
    where message.id = was.id
    returning was.queue_msg_id into v_msg_id;
    -- Kept, so that a dead letter can be read.
    perform pgmq.archive('messages', v_msg_id) where v_msg_id is not null;
end;
$$;

-- Under a new queue message, whose read count begins at zero: only reads that were never answered
-- count as poison.
create function private.postpone_message(message_id uuid, until timestamptz) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform pgmq.delete('messages', message.queue_msg_id)
    from public.message_logs as message
    where message.id = postpone_message.message_id and message.queue_msg_id is not null;
    update public.message_logs as message
    set next_attempt_at = until, lease_until = null,
        queue_msg_id = private.enqueue_message(message.id, until)
    where message.id = postpone_message.message_id;
end;
$$;

-- Only what nobody has begun to send can be called back.
create function private.drop_message(message_id uuid, reason text) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.message_logs as message
    set status = 'failed', failed_at = private.now(), error_code = drop_message.reason
    where message.id = drop_message.message_id and message.status = 'queued';
    if found then
        perform private.leave_message_queue(drop_message.message_id);
    end if;
end;
$$;

-- Outcome unknown: it waits for a receipt, at most this long, and is never sent again blindly.
create function private.await_message_receipt(message_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- As for runs: receipts arrive within seconds; the slowest seen by providers is minutes.
    c_wait constant interval := interval '15 minutes';
begin
    perform private.postpone_message(message_id, private.now() + c_wait);
    update public.message_logs as message set lease_until = private.now() + c_wait
    where message.id = await_message_receipt.message_id;
end;
$$;

-- Paid, taken back or failed: what would have brought it leaves the queue at once.
create function private.tg_charges__leave_messages() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.drop_message(message.id, 'charge_not_payable')
    from new_rows as became
    join public.message_logs as message
        on message.tenant_id = became.tenant_id and message.charge_id = became.id
        and message.status = 'queued'
    where not private.is_payable(became);
    return null;
end;
$$;

create function private.is_payable(charge public.charges) returns boolean
language sql
immutable
set search_path = ''
as $$ select (charge).is_wanted and (charge).status in ('registering', 'open') $$;
-- Asked by charge-document as the caller, of a row they may read.
grant execute on function private.is_payable(public.charges) to authenticated;

create trigger _400_leave_messages after update on public.charges
referencing new table as new_rows for each statement
execute function private.tg_charges__leave_messages();

-- 0691_plan_charge_message.sql
-- May this charge be sent to its debtor now, where to and in which words: asked at the click and
-- again at the moment of sending.
create type private.message_plan as (
    -- send | postpone | refuse
    verdict text,
    reason text,
    not_before timestamptz,
    provider public.provider_name,
    integration_id uuid,
    settings jsonb,
    phone text,
    template_id uuid,
    provider_template_id text,
    language text,
    body text,
    params text []
);

-- The best number: one that wrote within the last 24 hours, when WhatsApp takes free text, else the
-- first mobile; never one that opted out.
create function private.whatsapp_contact(
    tenant_id uuid, client_id uuid, out phone text, out is_window_open boolean
)
language sql
stable
security definer
set search_path = ''
as $$
    select known.phone, coalesce(heard.is_recent, false)
    from public.client_phones as known
    left join lateral (
        select true as is_recent
        from public.message_logs as inbound
        where inbound.tenant_id = known.tenant_id and inbound.client_id = known.client_id
          and inbound.direction = 'in' and inbound.channel = 'whatsapp'
          and inbound.created_at > private.now() - interval '24 hours'
          and private.phone_match(inbound.phone) = private.phone_match(known.phone)
        limit 1
    ) as heard on true
    where known.tenant_id = whatsapp_contact.tenant_id
      and known.client_id = whatsapp_contact.client_id
      and known.kind = 'mobile' and known.has_whatsapp is not false
      and not private.is_suppressed(
          known.tenant_id, known.client_id, known.phone, 'whatsapp', private.now()
      )
    order by coalesce(heard.is_recent, false) desc, known.position, known.created_at, known.id
    limit 1
$$;

-- What people read inside the 24 hours. Codes stand alone in their line, to be copied.
create function private.charge_text(charge public.charges) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select concat_ws(
        e'\n\n',
        format(
            'Olá, %s! Aqui é da %s. Segue o pagamento da parcela %s do seu acordo com %s: %s, '
            || 'com vencimento em %s.',
            filled.params[1], rtrim(filled.params[2], '.'), part.number || ' de ' || agreement.installments,
            creditor.name, filled.params[3], filled.params[4]
        ),
        e'Pix copia e cola:\n' || (charge).pix_code,
        e'Linha digitável:\n' || (charge).digitable_line,
        e'Pague também por aqui:\n' || (charge).link
    )
    from public.installments as part
    join public.agreements as agreement on agreement.id = part.agreement_id
    join public.creditors as creditor on creditor.id = agreement.creditor_id
    cross join lateral (
        select private.template_params(
            (charge).client_id,
            array['client.first_name', 'tenant.name', 'charge.amount', 'charge.due_on'],
            (charge).id
        ) as params
    ) as filled
    where part.id = (charge).installment_id
$$;

-- The tenant's words for outside the 24 hours: an approved template that brings the charge, and
-- says nothing of it that is not known (a Pix has no digitable line).
create function private.charge_template(charge public.charges) returns public.message_templates
language sql
stable
security definer
set search_path = ''
as $$
    select template.*
    from public.message_templates as template
    where template.tenant_id = (charge).tenant_id and template.channel = 'whatsapp'
      and template.status = 'approved'
      and template.variables && array['charge.link', 'charge.pix_code', 'charge.digitable_line']
      and ((charge).link is not null or 'charge.link' <> all(template.variables))
      and ((charge).pix_code is not null or 'charge.pix_code' <> all(template.variables))
      and ((charge).digitable_line is not null
          or 'charge.digitable_line' <> all(template.variables))
    -- One that holds the code to pay with, before one that only links to it.
    order by template.variables && array['charge.pix_code', 'charge.digitable_line'] desc,
        template.created_at, template.name
    limit 1
$$;

create function private.plan_charge_message(charge public.charges) returns private.message_plan
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_plan private.message_plan;
    v_hours record;
    v_phone text;
    v_is_window_open boolean;
    v_integration public.integrations;
    v_template public.message_templates;
begin
    v_hours := private.contact_decision(
        charge.tenant_id, charge.client_id, 'whatsapp', private.now()
    );
    select contact.phone, contact.is_window_open into v_phone, v_is_window_open
    from private.whatsapp_contact(charge.tenant_id, charge.client_id) as contact;
    v_template := private.charge_template(charge);
    select integration.* into v_integration
    from public.integrations as integration
    where integration.tenant_id = charge.tenant_id and integration.is_active
      and integration.provider = coalesce(v_template.provider, 'gupshup');
    v_plan.reason := case
        when not private.is_payable(charge) then 'charge_not_payable'
        when num_nonnulls(charge.link, charge.pix_code, charge.digitable_line) = 0
            then 'charge_not_ready'
        when v_integration.id is null then 'integration_inactive'
        when v_hours.reason = 'suppressed' then 'suppressed'
        when v_phone is null then 'no_reachable_phone'
        when v_template.id is null and not v_is_window_open then 'template_missing'
        -- outside_hours, or as often as is decent.
        when not v_hours.allowed then v_hours.reason
        when v_integration.paused_until > private.now() then 'rate_limited'
    end;
    v_plan.verdict := case
        when v_plan.reason is null then 'send'
        when v_plan.reason = 'rate_limited' or v_plan.reason = v_hours.reason
            and v_hours.next_allowed_at is not null then 'postpone'
        else 'refuse'
    end;
    v_plan.not_before := greatest(v_hours.next_allowed_at, v_integration.paused_until);
    v_plan.provider := v_integration.provider;
    v_plan.integration_id := v_integration.id;
    v_plan.settings := v_integration.settings;
    v_plan.phone := v_phone;
    if v_is_window_open then
        v_plan.body := private.charge_text(charge);
        v_plan.params := '{}';
    else
        v_plan.template_id := v_template.id;
        v_plan.provider_template_id := v_template.provider_template_id;
        v_plan.language := v_template.language;
        v_plan.params := private.without_double_dots(
            v_template.body,
            private.template_params(charge.client_id, v_template.variables, charge.id)
        );
        v_plan.body := private.render_body(v_template.body, v_plan.params);
    end if;
    return v_plan;
end;
$$;

-- 0692_claim_messages.sql
-- Takes what people want sent. As with runs everything is decided and written here and committed
-- before anything is sent; a worker may die at any point and the next claim knows where.
create function private.claim_messages(max int, lease_seconds int)
returns table (
    message_id uuid, tenant_id uuid, attempt int, provider public.provider_name,
    destination text, template_provider_id text, language text, params text[], body text,
    settings jsonb, integration_id uuid
)
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- A batch in which nothing may be sent is no reason to stop; bounded, as in 0630.
    c_rounds constant int := 20;
    v_reads pgmq.message_record[];
    v_item record;
    v_found int := 0;
begin
    for v_round in 1 .. c_rounds loop
        -- Read first, look up in a statement of its own: a joined read would miss what was committed
        -- after it began and drop its message.
        v_reads := array(select item from pgmq.read('messages', lease_seconds, max) as item);
        exit when cardinality(v_reads) = 0;
        for v_item in
            select item.msg_id, item.read_ct,
                case when pg_input_is_valid(item.message ->> 'message_id', 'uuid')
                    then (item.message ->> 'message_id')::uuid end as id
            from unnest(v_reads) as item
            order by item.msg_id
        loop
            return query select * from private.claim_message(
                v_item.id, v_item.msg_id, v_item.read_ct, lease_seconds
            );
            if found then
                v_found := v_found + 1;
            end if;
        end loop;
        exit when v_found > 0;
    end loop;
end;
$$;
comment on function private.claim_messages(int, int) is
'Messages to send now, leased for lease_seconds; without template_provider_id the body is free text.
Commit before sending.';
grant execute on function private.claim_messages(int, int) to worker;

create function private.claim_message(
    id uuid, queue_msg_id bigint, reads int, lease_seconds int
) returns table (
    message_id uuid, tenant_id uuid, attempt int, provider public.provider_name,
    destination text, template_provider_id text, language text, params text[], body text,
    settings jsonb, integration_id uuid
)
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Read this often without an answer, a message kills its worker: stop feeding it.
    c_max_reads constant int := 5;
    v_message public.message_logs;
    v_charge public.charges;
    v_plan private.message_plan;
begin
    select * into v_message from public.message_logs as message
    where message.id = claim_message.id
    for update skip locked;
    if v_message.id is null and exists (
        select from public.message_logs as message where message.id = claim_message.id
    ) then
        -- Locked by somebody who will settle it.
        return;
    elsif v_message.queue_msg_id is distinct from claim_message.queue_msg_id then
        perform pgmq.archive('messages', claim_message.queue_msg_id);
        return;
    elsif v_message.lease_until > private.now() then
        return;
    elsif v_message.status = 'sending' then
        -- Its worker never settled; the provider may have it.
        update public.message_logs as message set status = 'unknown'
        where message.id = v_message.id;
        perform private.await_message_receipt(v_message.id);
        return;
    elsif v_message.status = 'unknown' then
        perform private.advance_message(
            v_message.id, 'failed', private.now(), error_code => 'outcome_unknown'
        );
        return;
    elsif v_message.status <> 'queued' then
        perform private.leave_message_queue(v_message.id);
        return;
    elsif claim_message.reads > c_max_reads then
        perform private.drop_message(v_message.id, 'poisoned');
        return;
    end if;
    select * into v_charge from public.charges as charge where charge.id = v_message.charge_id;
    v_plan := private.plan_charge_message(v_charge);
    if v_message.created_at < private.now() - interval '7 days' then
        -- As a run: a week later silence is better.
        perform private.drop_message(v_message.id, 'expired');
        return;
    elsif v_plan.verdict = 'refuse' then
        perform private.drop_message(v_message.id, v_plan.reason);
        return;
    elsif v_plan.verdict = 'postpone' then
        perform private.postpone_message(v_message.id, v_plan.not_before);
        return;
    end if;
    return query
    update public.message_logs as message
    set attempt = message.attempt + 1, next_attempt_at = null,
        lease_until = private.now() + make_interval(secs => claim_message.lease_seconds),
        provider = v_plan.provider, integration_id = v_plan.integration_id, phone = v_plan.phone,
        template_id = v_plan.template_id, body = v_plan.body, params = v_plan.params,
        error_code = null, error_detail = null
    where message.id = v_message.id
    returning message.id, message.tenant_id, message.attempt, message.provider, message.phone,
        v_plan.provider_template_id, v_plan.language, message.params, message.body,
        v_plan.settings, message.integration_id;
end;
$$;

-- 0693_send_charge.sql
-- One click sends a payment link, its Pix code or digitable line to the debtor.
create function private.send_charge(charge_id uuid, message_id uuid, channel public.channel)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_id uuid := coalesce(message_id, gen_random_uuid());
    v_charge public.charges;
    v_message public.message_logs;
    v_plan private.message_plan;
begin
    -- The same click again, before the charge is looked at: it may have been paid since.
    select * into v_message from public.message_logs as message
    where message.id = v_id;
    if found and (v_message.tenant_id, v_message.charge_id)
        is distinct from (v_tenant_id, send_charge.charge_id)
    then
        raise exception 'message_id_reused' using errcode = 'PT409',
            detail = 'this id belongs to another message';
    end if;
    -- Locked: two clicks at once are one message.
    select * into v_charge from public.charges as charge
    where charge.tenant_id = v_tenant_id and charge.id = send_charge.charge_id
    for update;
    if not found then
        raise exception 'charge_not_found' using errcode = 'PT404',
            detail = 'no charge with this id in the tenant';
    end if;
    if channel is distinct from 'whatsapp' then
        raise exception 'channel_not_offered' using errcode = 'PT409', detail = channel::text;
    end if;
    select * into v_message from public.message_logs as message
    where message.tenant_id = v_tenant_id and message.charge_id = v_charge.id
      and (message.id = v_id or message.status in ('queued', 'sending', 'unknown'))
    order by message.id = v_id desc
    limit 1;
    if not found then
        v_plan := private.plan_charge_message(v_charge);
        perform private.refuse_message(v_plan, v_charge.status::text);
        insert into public.message_logs (
            id, tenant_id, client_id, direction, provider, integration_id, phone, template_id,
            body, params, status, charge_id, created_by, queue_msg_id
        )
        values (
            v_id, v_tenant_id, v_charge.client_id, 'out', v_plan.provider,
            v_plan.integration_id, v_plan.phone, v_plan.template_id, v_plan.body, v_plan.params,
            'queued', v_charge.id, auth.uid(), private.enqueue_message(v_id, private.now())
        )
        returning * into v_message;
        perform private.wake_function('send-message');
    end if;
    return jsonb_build_object('message_id', v_message.id, 'status', v_message.status);
end;
$$;

-- The plan's reason as a refusal. A paused account is none: it is the provider's matter of minutes,
-- and waits in the queue.
create function private.refuse_message(plan private.message_plan, detail text) returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
    case (plan).reason
        when 'charge_not_payable' then
            raise exception 'charge_not_payable' using errcode = 'PT409', detail = detail;
        when 'charge_not_ready' then
            raise exception 'charge_not_ready' using errcode = 'PT409', detail = detail;
        when 'integration_inactive' then
            raise exception 'integration_inactive' using errcode = 'PT409', detail = 'whatsapp';
        when 'suppressed' then
            raise exception 'suppressed' using errcode = 'PT409', detail = 'whatsapp';
        when 'no_reachable_phone' then
            raise exception 'no_reachable_phone' using errcode = 'PT409', detail = 'whatsapp';
        when 'template_missing' then
            raise exception 'template_missing' using errcode = 'PT409',
                detail = 'charge.link, charge.pix_code or charge.digitable_line';
        when 'outside_hours' then
            raise exception 'outside_hours' using errcode = 'PT409',
                detail = to_jsonb((plan).not_before) #>> '{}';
        when 'attempt_cap' then
            raise exception 'attempt_cap' using errcode = 'PT409',
                detail = to_jsonb((plan).not_before) #>> '{}';
        else
            return;
    end case;
end;
$$;

create function public.send_charge(
    charge_id uuid, message_id uuid default null, channel public.channel default 'whatsapp'
) returns jsonb
language sql
set search_path = ''
as $$ select private.send_charge(charge_id, message_id, channel) $$;
comment on function public.send_charge(uuid, uuid, public.channel) is
'{message_id, status}. message_id is the click''s own: repeated, it answers the same message. PT409
charge_not_ready, charge_not_payable, no_reachable_phone, suppressed, template_missing,
integration_inactive, outside_hours (detail: the next lawful instant), channel_not_offered.';

grant execute on function
private.send_charge(uuid, uuid, public.channel), public.send_charge(uuid, uuid, public.channel)
to authenticated;

-- 0700_search_clients.sql
-- What a person typed, taken apart into what it may be: a name, a document, a phone, a contract, an
-- e-mail, an external id. Only values come out; the SQL that compares them is written below, once,
-- and gets them as parameters.
create type private.client_search as (
    typed text,
    -- Trigrams need three letters: a longer name is matched word by word anywhere …
    words text [],
    -- … a shorter one is the beginning of a name.
    name_prefix text,
    -- The whole of it, for ranking; null when it holds no letter. As a pattern, from three on.
    name_key text,
    phrase text,
    email text,
    -- Contract or external id: as typed; contracts also in capitals.
    code text,
    document text,
    -- Phones by their first digits, with and without the country; by their last ones, reversed.
    phone text,
    foreign_phone text,
    phone_tail text,
    -- So many begin with it that they are met sooner along the list's order than looked up.
    is_broad boolean
);

create function private.read_search(typed text) returns private.client_search
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_typed text := btrim(typed);
    v_key text := private.search_key(typed);
    v_digits text := regexp_replace(typed, '\D', '', 'g');
    v_document text := regexp_replace(upper(typed), '[^0-9A-Z]', '', 'g');
    -- Only digits and what people put between them: perhaps a phone.
    v_is_number boolean := v_typed ~ '^[0-9.\-/() +]+$' and length(v_digits) >= 3;
    v_search private.client_search;
begin
    v_search.typed := v_typed;
    if v_typed like '%@%' then
        v_search.email := lower(v_typed);
        return v_search;
    end if;
    if v_typed ~ '[0-9]' then
        v_search.code := v_typed;
    end if;
    -- A CNPJ may hold letters, so whatever has a digit may be the beginning of a document.
    if v_typed ~ '[0-9]' and length(v_document) >= 3 then
        v_search.document := v_document;
    end if;
    -- Fewer digits begin half the phones of a town.
    if v_is_number and length(v_digits) >= 5 then
        v_search.phone := '+55' || v_digits;
        v_search.foreign_phone := '+' || v_digits;
        -- From eight digits on, people say a number without its area code.
        if length(v_digits) >= 8 then
            v_search.phone_tail := reverse(v_digits);
        end if;
    end if;
    if v_key ~ '[a-z]' then
        v_search.name_key := v_key;
        if length(v_key) < 3 then
            v_search.name_prefix := v_key;
        else
            v_search.words := array(
                select '%' || regexp_replace(word, '([\\%_])', '\\\1', 'g') || '%'
                from unnest(string_to_array(v_key, ' ')) as word
            );
            v_search.phrase := '%' || regexp_replace(v_key, '([\\%_])', '\\\1', 'g') || '%';
        end if;
    end if;
    return v_search;
end;
$$;

-- Where an id may be found: SELECTs of client ids for a search in ($1).search, or, `by_client`, of
-- anything for one row of `clients`. Prefixes are ranges that an index can serve: '~' sorts after
-- every letter and digit under collate "C".
create function private.search_branches(search private.client_search, by_client boolean)
returns text[]
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_branches text[] := '{}';
    v_debts text := case when by_client then ' and debts.client_id = clients.id' else '' end;
    v_phones text := case when by_client then ' and phones.client_id = clients.id' else '' end;
    v_known text := case when by_client then ' and known.id = clients.id' else '' end;
begin
    if search.code is not null then
        v_branches := v_branches || ('
            select debts.client_id from public.debts
            where debts.tenant_id = ($1).tenant_id' || v_debts || ' and (
                debts.contract >= (($1).search).code
                and debts.contract < (($1).search).code || ''~''
                or debts.contract >= upper((($1).search).code)
                and debts.contract < upper((($1).search).code) || ''~''
            )') || ('
            select known.id from public.clients as known
            where known.tenant_id = ($1).tenant_id' || v_known || '
              and known.external_id >= (($1).search).code
              and known.external_id < (($1).search).code || ''~''');
    end if;
    if search.document is not null then
        v_branches := v_branches || ('
            select known.id from public.clients as known
            where known.tenant_id = ($1).tenant_id' || v_known || '
              and known.document >= (($1).search).document
              and known.document < (($1).search).document || ''~''');
    end if;
    if search.phone is not null then
        v_branches := v_branches || ('
            select phones.client_id from public.client_phones as phones
            where phones.tenant_id = ($1).tenant_id' || v_phones || ' and (
                phones.phone >= (($1).search).phone
                and phones.phone < (($1).search).phone || ''~''
                or phones.phone >= (($1).search).foreign_phone
                and phones.phone < (($1).search).foreign_phone || ''~''
            )');
    end if;
    if search.phone_tail is not null then
        v_branches := v_branches || ('
            select phones.client_id from public.client_phones as phones
            where phones.tenant_id = ($1).tenant_id' || v_phones || '
              and phones.phone_tail >= (($1).search).phone_tail
              and phones.phone_tail < (($1).search).phone_tail || ''~''');
    end if;
    return v_branches;
end;
$$;

-- The condition on `clients`: holds no value of the search, which is parameter ($1).search.
create function private.search_condition(search private.client_search) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_branches text[] := private.search_branches(search, coalesce(search.is_broad, false));
    v_name text := 'false';
begin
    if search.email is not null then
        -- Found first and ordered after: addresses of one portfolio resemble each other so much that
        -- the planner takes few for many, and would look for them along the list's order. The index
        -- holds filled addresses only, which it does not see through `collate`.
        return 'clients.id = any(array(
            select known.id from public.clients as known
            where known.tenant_id = ($1).tenant_id and known.email_key is not null
              and known.email_key >= (($1).search).email
              and known.email_key < (($1).search).email || ''~''
        ))';
    end if;
    if search.name_prefix is not null then
        v_name := 'clients.name_key collate "C" >= (($1).search).name_prefix
            and clients.name_key collate "C" < (($1).search).name_prefix || ''~''';
    elsif search.words is not null then
        v_name := (
            select string_agg(format('clients.name_key like ((($1).search).words)[%s]', place), ' and ')
            from generate_series(1, cardinality(search.words)) as place
        );
    end if;
    if v_branches = '{}' then
        return v_name;
    end if;
    if search.is_broad then
        return '(' || v_name || (
            select string_agg(' or exists (' || branch || ')', '') from unnest(v_branches) as branch
        ) || ')';
    end if;
    if v_name <> 'false' then
        v_branches := v_branches || (
            'select clients.id from public.clients
            where clients.tenant_id = ($1).tenant_id and ' || v_name
        );
    end if;
    return 'clients.id in (' || array_to_string(v_branches, ' union all ') || ')';
end;
$$;

-- 0704_client_sort.sql
-- The orders of the carteira: one for each column that the page shows.
create type private.client_sort as (
    name text,
    -- What is compared, and its type.
    expression text,
    type_name text,
    is_descending boolean,
    -- Whose rows are walked in that order: `clients`, or a table that has the value in an index.
    source text,
    client_id text,
    -- Who has no value and comes last in both directions; null when everybody has one.
    is_empty text,
    -- The same value asked of one client, for the sort of a name search, which takes few.
    of_client text
);

create function private.read_client_sort(sort text) returns private.client_sort
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_sort private.client_sort;
begin
    select sort, known.expression, known.type_name, sort like '-%',
        coalesce(known.source, 'public.clients'), coalesce(known.client_id, 'clients.id'),
        known.is_empty, coalesce(known.of_client, known.expression)
    into v_sort
    from (
        values
        ('name', 'clients.name_key collate "C"', 'text', null, null, null, null),
        ('document', 'clients.document', 'text', null, null, null, null),
        ('open_cents', 'clients.open_cents', 'bigint', null, null, null, null),
        ('open_debts', 'clients.open_debts', 'int', null, null, null, null),
        ('created_at', 'clients.created_at', 'timestamptz', null, null, null, null),
        ('oldest_due_on', 'clients.oldest_due_on', 'date', null, null,
            'clients.oldest_due_on is null', null),
        ('last_contact_at', 'contact.last_contact_at', 'timestamptz',
            'private.client_contacts as contact join public.clients
                on clients.tenant_id = contact.tenant_id and clients.id = contact.client_id
                and contact.tenant_id = ($1).tenant_id', 'contact.client_id',
            'not ' || private.contact_is('contact.last_contact_at is not null', false),
            '(select contact.last_contact_at from private.client_contacts as contact
              where contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id)'),
        -- The phone that the row shows: the first to try.
        ('phone', 'reach.phone', 'text',
            'public.client_phones as reach join public.clients
                on clients.tenant_id = reach.tenant_id and clients.id = reach.client_id
                and reach.tenant_id = ($1).tenant_id and not exists (
                    select from public.client_phones as earlier
                    where earlier.tenant_id = reach.tenant_id
                      and earlier.client_id = reach.client_id
                      and (earlier.position, earlier.id) < (reach.position, reach.id)
                )', 'reach.client_id', 'not clients.has_phone',
            '(select reach.phone from public.client_phones as reach
              where reach.tenant_id = ($1).tenant_id and reach.client_id = clients.id
              order by reach.position, reach.id limit 1)'),
        -- Walked creditor by creditor; a client of several stands with the first by name.
        ('creditor', null, 'text', null, null, 'clients.creditor_ids = ''{}''',
            '(select owed.name_key collate "C" from public.creditors as owed
              where owed.tenant_id = ($1).tenant_id and owed.id = any(clients.creditor_ids)
              order by owed.name_key collate "C", owed.id limit 1)')
    ) as known (name, expression, type_name, source, client_id, is_empty, of_client)
    where known.name = ltrim(sort, '-') and sort !~ '^--';
    if not found then
        raise exception 'sort_invalid' using errcode = 'PT400', detail = sort;
    end if;
    return v_sort;
end;
$$;

-- Serves the order by number of titles; the others' indexes stand beside their tables.
create index clients_by_open_debts on public.clients (tenant_id, open_debts, id);

-- 0705_cursors_and_rows.sql
-- A keyset cursor is the last row's sort values, opaque to the page. What comes back is checked
-- value by value, because anybody can write one.
create function private.encode_cursor(variadic sort_values text[]) returns text
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.array_to_string(sort_values, '|')
$$;

create function private.decode_cursor(cursor_text text, variadic types text[]) returns text[]
language plpgsql
stable
set search_path = ''
as $$
declare
    v_values text[] := string_to_array(cursor_text, '|');
begin
    if cardinality(v_values) <> cardinality(types) or exists (
        select from unnest(v_values, types) as given (value, type)
        where not pg_input_is_valid(given.value, given.type)
    ) then
        raise exception 'invalid_cursor' using errcode = 'PT400',
            detail = 'not a cursor this list gave out';
    end if;
    return v_values;
end;
$$;

-- 0706_client_filter.sql
-- What a list, a selection or a segment asks for: a closed list of keys, each read into a typed
-- field. An unknown key or a bad value is refused by name, never ignored: a filter that does not
-- reach the query would select the whole portfolio.
create type private.client_filter as (
    tenant_id uuid,
    is_all boolean,
    search private.client_search,
    creditor_ids uuid [],
    statuses public.debt_status [],
    -- Ranges of the oldest open title's due date; adjacent bands are one range.
    aged_from date [],
    aged_to date [],
    min_cents bigint,
    max_cents bigint,
    due_from date,
    due_to date,
    ufs text [],
    contact_from timestamptz,
    contact_before timestamptz,
    is_never_contacted boolean,
    disposition_types text [],
    has_phone boolean,
    -- true | false | unknown
    whatsapp text [],
    is_opted_out boolean,
    now_at timestamptz,
    -- Of any agreement of the client; besides, or instead: none under way.
    agreement_statuses public.agreement_status [],
    has_no_agreement boolean,
    import_id uuid,
    tag_ids uuid [],
    operator_ids uuid [],
    is_unassigned boolean,
    -- A selection's own: only these, or all but these.
    ids uuid [],
    except_ids uuid [],
    -- The list's own, when it is sorted by creditor: all of the tenant's, by name.
    creditor_order uuid []
);

-- Days late, both ends included; an open end is infinite.
create function private.aging_bands() returns table (band text, days_from int, days_to int)
language sql
immutable
set search_path = ''
as $$
    values ('0', null, 0), ('1-30', 1, 30), ('31-60', 31, 60), ('61-90', 61, 90),
        ('91-120', 91, 120), ('121-180', 121, 180), ('181-360', 181, 360), ('361-720', 361, 720),
        ('721-1800', 721, 1800), ('1800+', 1801, null)
$$;

-- The values of a key as texts, each valid as that type: 'a' or ['a', 'b'].
create function private.filter_values(key text, value jsonb, type_name text) returns text[]
language plpgsql
immutable
set search_path = ''
as $$
declare
    -- More than a person picks from any list of the page.
    c_max_values constant int := 200;
    v_values text[];
begin
    if jsonb_typeof(value) in ('string', 'boolean') then
        v_values := array[value #>> '{}'];
    elsif jsonb_typeof(value) = 'array' then
        v_values := array(select jsonb_array_elements_text(value));
    end if;
    if v_values is null or cardinality(v_values) > c_max_values or exists (
        select from unnest(v_values) as given (text)
        where given.text is null or not pg_input_is_valid(given.text, type_name)
    ) then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = key;
    end if;
    return v_values;
end;
$$;

-- One bound of {"min": …} or {"from": …}: null when absent, refused when malformed.
create function private.filter_bound(key text, value jsonb, bound text, type_name text) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_text text := value ->> bound;
begin
    if v_text is not null and not (
        case type_name
            -- Spelled out: within a transaction Postgres remembers the type that a parameter named
            -- first, and would judge a date as a number.
            when 'bigint' then
                jsonb_typeof(value -> bound) = 'number' and pg_input_is_valid(v_text, 'bigint')
            -- Postgres also reads 'today' and 'infinity'; a stored segment must not.
            when 'date' then jsonb_typeof(value -> bound) = 'string'
                and v_text ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' and pg_input_is_valid(v_text, 'date')
            when 'timestamptz' then jsonb_typeof(value -> bound) = 'string'
                and v_text ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}'
                and pg_input_is_valid(v_text, 'timestamptz')
        end
    ) then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = key;
    end if;
    return v_text;
end;
$$;

create function private.filter_range(key text, value jsonb, allowed text[]) returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
    if jsonb_typeof(value) <> 'object' or value - allowed <> '{}' then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = key;
    end if;
end;
$$;

-- 0707_read_client_filter.sql
-- jsonb of a caller → typed filter. Whoever stores a filter (segments) reads it through here too.
create function private.read_client_filter(tenant_id uuid, filter jsonb)
returns private.client_filter
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_filter private.client_filter;
    v_key text;
    v_value jsonb;
    v_values text[];
    v_zone text;
begin
    v_filter.tenant_id := tenant_id;
    v_filter.now_at := private.now();
    v_filter.is_all := true;
    if jsonb_typeof(filter) is distinct from 'object' then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'filter';
    end if;
    for v_key, v_value in select entry.key, entry.value from jsonb_each(filter) as entry loop
        if v_key not in (
            'q', 'creditor_id', 'status', 'aging', 'open_cents', 'due_on', 'uf', 'last_contact',
            'last_disposition', 'has_whatsapp', 'has_phone', 'opted_out', 'agreement', 'import_id',
            'tag_id', 'assigned_to'
        ) then
            raise exception 'unknown_filter' using errcode = 'PT400', detail = v_key;
        end if;
        -- A chip with nothing in it is no filter.
        continue when v_value in ('null', '""', '[]', '{}');
        v_filter.is_all := false;
        case v_key
            when 'q' then
                -- 200 characters: the longest name anybody types.
                if jsonb_typeof(v_value) <> 'string' or length(v_value #>> '{}') > 200 then
                    raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
                end if;
                if btrim(v_value #>> '{}') <> '' then
                    v_filter.search := private.read_search(v_value #>> '{}');
                end if;
            when 'creditor_id' then
                v_filter.creditor_ids := private.filter_values(v_key, v_value, 'uuid');
            when 'status' then
                v_filter.statuses :=
                    private.filter_values(v_key, v_value, 'public.debt_status');
            when 'aging' then
                v_values := private.filter_values(v_key, v_value, 'text');
                if not v_values <@ array(select bands.band from private.aging_bands() as bands) then
                    raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
                end if;
                select array_agg(lower(span)), array_agg(upper(span) - 1)
                into v_filter.aged_from, v_filter.aged_to
                from (
                    select unnest(range_agg(daterange(
                        coalesce(today - bands.days_to, '-infinity'),
                        coalesce(today - bands.days_from, 'infinity'), '[]'
                    ))) as span
                    from private.aging_bands() as bands
                    cross join private.today(tenant_id) as today
                    where bands.band = any(v_values)
                ) as merged;
            when 'open_cents' then
                perform private.filter_range(v_key, v_value, '{min,max}');
                v_filter.min_cents := private.filter_bound(v_key, v_value, 'min', 'bigint');
                v_filter.max_cents := private.filter_bound(v_key, v_value, 'max', 'bigint');
            when 'due_on' then
                perform private.filter_range(v_key, v_value, '{from,to}');
                v_filter.due_from := private.filter_bound(v_key, v_value, 'from', 'date');
                v_filter.due_to := private.filter_bound(v_key, v_value, 'to', 'date');
            when 'uf' then
                v_filter.ufs := private.filter_values(v_key, v_value, 'text');
            when 'last_contact' then
                perform private.filter_range(v_key, v_value, '{before,after,never}');
                if v_value ? 'never' and v_value -> 'never' <> 'true' then
                    raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
                end if;
                v_filter.is_never_contacted := v_value ? 'never';
                v_zone := (
                    select tenants.time_zone from public.tenants
                    where tenants.id = read_client_filter.tenant_id
                );
                v_filter.contact_from := private.filter_instant(
                    private.filter_bound(v_key, v_value, 'after', 'timestamptz'), v_zone
                );
                v_filter.contact_before := private.filter_instant(
                    private.filter_bound(v_key, v_value, 'before', 'timestamptz'), v_zone
                );
            when 'last_disposition' then
                v_filter.disposition_types := private.filter_values(v_key, v_value, 'text');
            when 'has_whatsapp' then
                v_values := private.filter_values(v_key, v_value, 'text');
                if not v_values <@ '{true,false,unknown}' then
                    raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
                end if;
                v_filter.whatsapp := v_values;
            when 'has_phone' then
                v_filter.has_phone := private.filter_flag(v_key, v_value);
            when 'opted_out' then
                v_filter.is_opted_out := private.filter_flag(v_key, v_value);
            when 'agreement' then
                v_values := private.filter_values(v_key, v_value, 'text');
                if not v_values <@ private.agreement_words() then
                    raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
                end if;
                v_filter.has_no_agreement := 'none' = any(v_values);
                v_filter.agreement_statuses := array(
                    select known.status
                    from unnest(enum_range(null::public.agreement_status)) as known (status)
                    where known.status::text = any(v_values)
                       or 'living' = any(v_values) and private.is_living(known.status)
                );
            when 'import_id' then
                v_values := private.filter_values(v_key, v_value, 'uuid');
                if cardinality(v_values) <> 1 then
                    raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
                end if;
                v_filter.import_id := v_values[1];
            when 'tag_id' then
                v_filter.tag_ids := private.filter_values(v_key, v_value, 'uuid');
            when 'assigned_to' then
                v_values := private.filter_values(v_key, v_value, 'text');
                v_filter.is_unassigned := 'none' = any(v_values);
                v_values := array_replace(
                    array_remove(v_values, 'none'), 'me', auth.uid()::text
                );
                v_filter.operator_ids :=
                    private.filter_values(v_key, to_jsonb(v_values), 'uuid');
        end case;
    end loop;
    return v_filter;
end;
$$;

create function private.filter_flag(key text, value jsonb) returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
    if jsonb_typeof(value) <> 'boolean' then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = key;
    end if;
    return value::boolean;
end;
$$;

-- A bare date is the tenant's day, from its first instant.
create function private.filter_instant(bound text, zone text) returns timestamptz
language sql
stable
set search_path = ''
as $$
    select case
        when length(bound) = 10 then bound::date::timestamp at time zone zone
        else bound::timestamptz
    end
$$;

-- 0708_client_condition.sql
-- The filter as SQL on `clients`: fragments that are chosen, never filled in. All values are
-- fields of parameter $1, which plpgsql hands to the planner as constants: a rare creditor goes
-- through its index, a common one through the list's order. One value is compared by `=`, because
-- an index keeps its order under `=` and loses it under `any`.
create function private.one_or_any(expression text, field text, size int) returns text
language sql
immutable
set search_path = ''
as $$
    select expression || case
        when size = 1 then ' = (($1).' || field || ')[1]'
        else ' = any(($1).' || field || ')'
    end
$$;

-- With the contacts already joined (as `contact`, when they are the list's order) their conditions
-- stand beside the others, so that the walk itself begins and ends with them.
create function private.client_condition(
    filter private.client_filter, is_joined boolean default false
) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_all text[] := array['clients.tenant_id = ($1).tenant_id'];
    v_contact text[] := '{}';
    v_any text[] := '{}';
begin
    if (filter.search).typed is not null then
        v_all := v_all || private.search_condition(filter.search);
    end if;
    if filter.creditor_ids is not null then
        v_all := v_all || 'clients.creditor_ids && ($1).creditor_ids'::text;
    end if;
    if filter.statuses is not null then
        v_all := v_all || private.one_or_any(
            'clients.debt_status', 'statuses', cardinality(filter.statuses)
        );
    end if;
    if filter.aged_from is not null then
        v_all := v_all || (
            select '(' || string_agg(format(
                'clients.oldest_due_on between (($1).aged_from)[%1$s] and (($1).aged_to)[%1$s]',
                place
            ), ' or ') || ')'
            from generate_series(1, cardinality(filter.aged_from)) as place
        );
    end if;
    if filter.min_cents is not null then
        v_all := v_all || 'clients.open_cents >= ($1).min_cents'::text;
    end if;
    if filter.max_cents is not null then
        v_all := v_all || 'clients.open_cents <= ($1).max_cents'::text;
    end if;
    if filter.due_from is not null then
        v_all := v_all || 'clients.oldest_due_on >= ($1).due_from'::text;
    end if;
    if filter.due_to is not null then
        v_all := v_all || 'clients.oldest_due_on <= ($1).due_to'::text;
    end if;
    if filter.ufs is not null then
        v_all := v_all || private.one_or_any('clients.uf', 'ufs', cardinality(filter.ufs));
    end if;

    if filter.contact_from is not null then
        v_contact := v_contact || 'contact.last_contact_at >= ($1).contact_from'::text;
    end if;
    if filter.contact_before is not null then
        v_contact := v_contact || 'contact.last_contact_at < ($1).contact_before'::text;
    end if;
    if filter.disposition_types is not null then
        v_contact := v_contact || private.one_or_any(
            'contact.last_disposition_type', 'disposition_types',
            cardinality(filter.disposition_types)
        );
    end if;
    if v_contact <> '{}' then
        v_all := v_all || private.contact_is(array_to_string(v_contact, ' and '), is_joined);
    end if;
    if filter.is_never_contacted then
        v_all := v_all
            || ('not ' || private.contact_is('contact.last_contact_at is not null', is_joined));
    end if;
    if filter.is_opted_out is not null then
        v_all := v_all || (
            case when filter.is_opted_out then '' else 'not ' end || private.contact_is(
                '(contact.call_blocked_until is not null
                  or contact.whatsapp_blocked_until is not null)
                 and coalesce(greatest(contact.call_blocked_until, contact.whatsapp_blocked_until)
                     > ($1).now_at, false)', is_joined
            )
        );
    end if;

    if filter.has_phone is not null then
        v_all := v_all || case
            when filter.has_phone then 'clients.has_phone' else 'not clients.has_phone' end;
    end if;
    if filter.whatsapp is not null then
        v_all := v_all || (
            select '(' || string_agg(case answer.word
                when 'true' then 'clients.has_whatsapp'
                when 'false' then 'not clients.has_whatsapp'
                else 'clients.has_whatsapp is null'
            end, ' or ') || ')'
            from unnest(filter.whatsapp) as answer (word)
        );
    end if;
    if cardinality(filter.agreement_statuses) > 0 or filter.has_no_agreement then
        v_all := v_all || private.agreement_condition(
            cardinality(filter.agreement_statuses), filter.has_no_agreement
        );
    end if;
    if filter.import_id is not null then
        v_all := v_all || 'clients.id in (
            select debts.client_id from public.debts
            where debts.tenant_id = ($1).tenant_id and debts.import_id = ($1).import_id
        )'::text;
    end if;
    if filter.tag_ids is not null then
        v_all := v_all || ('clients.id in (
            select worn.client_id from public.client_tags as worn
            where worn.tenant_id = ($1).tenant_id and ' || private.one_or_any(
                'worn.tag_id', 'tag_ids', cardinality(filter.tag_ids)
            ) || ')');
    end if;
    if filter.is_unassigned then
        v_any := v_any || ('not ' || private.is_given('true'));
    end if;
    if cardinality(filter.operator_ids) > 0 then
        v_any := v_any || private.is_given(private.one_or_any(
            'given.user_id', 'operator_ids', cardinality(filter.operator_ids)
        ));
    end if;
    if v_any <> '{}' then
        v_all := v_all || ('(' || array_to_string(v_any, ' or ') || ')');
    end if;
    if filter.ids is not null then
        v_all := v_all || 'clients.id = any(($1).ids)'::text;
    end if;
    if filter.except_ids is not null then
        v_all := v_all || 'clients.id <> all(($1).except_ids)'::text;
    end if;
    return array_to_string(v_all, ' and ');
end;
$$;

create function private.contact_is(condition text, is_joined boolean) returns text
language sql
immutable
set search_path = ''
as $$
    select case when is_joined then '(' || condition || ')' else 'exists (
        select from private.client_contacts as contact
        where contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
          and ' || condition || ')'
    end
$$;

create function private.is_given(condition text) returns text
language sql
immutable
set search_path = ''
as $$
    select 'exists (
        select from public.client_assignments as given
        where given.tenant_id = ($1).tenant_id and given.client_id = clients.id
          and ' || condition || ')'
$$;

-- Asks the planner whether the beginning of a document, phone or contract is everybody's.
-- (Whatever asks the planner has to be volatile, though it changes nothing.)
create function private.weigh_search(filter private.client_filter) returns private.client_filter
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Looking up and sorting these takes a tenth of a second.
    c_many constant bigint := 20000;
    v_search private.client_search := (filter).search;
    v_branches text[] := private.search_branches(v_search, false);
    v_plan json;
begin
    if v_branches <> '{}' then
        execute 'explain (format json) ' || array_to_string(v_branches, ' union all ')
        into v_plan using filter;
        v_search.is_broad := (v_plan -> 0 -> 'Plan' ->> 'Plan Rows')::double precision > c_many;
        filter.search := v_search;
    end if;
    return filter;
end;
$$;

-- 0709_agreement_filter.sql
-- The state of a client's agreements as the carteira's filter knows it: `none` (nothing under way),
-- `living` (formalised and not ended), or any status, each of any agreement of the client.
create function private.agreement_words() returns text[]
language sql
immutable
set search_path = ''
as $$ select '{none,living}' || enum_range(null::public.agreement_status)::text[] $$;

-- Waiting for approval is under way too: who has proposed once is not free to be proposed to.
create function private.is_under_way(status public.agreement_status) returns boolean
language sql
immutable
set search_path = ''
as $$ select private.is_living(status) or status = 'pending_approval' $$;

-- The other party has nothing to be reminded of: an overdue agreement is no reason to keep silent.
create function private.is_kept(status public.agreement_status) returns boolean
language sql
immutable
set search_path = ''
as $$ select status in ('pending_approval', 'awaiting_first_payment', 'active') $$;

-- Serves the filter: whose agreements are in a state; asked of one client, its own index answers.
create index agreements_by_state_of_client
on public.agreements (tenant_id, status, client_id);

create function private.has_agreement(condition text) returns text
language sql
immutable
set search_path = ''
as $$
    select 'exists (
        select from public.agreements as agreement
        where agreement.tenant_id = ($1).tenant_id and agreement.client_id = clients.id
          and ' || condition || ')'
$$;

create function private.agreement_condition(statuses int, has_none boolean) returns text
language sql
immutable
set search_path = ''
as $$
    select '(' || concat_ws(' or ',
        case when has_none then 'not ' || private.has_agreement(
            'private.is_under_way(agreement.status)') end,
        case when statuses > 0 then private.has_agreement(
            private.one_or_any('agreement.status', 'agreement_statuses', statuses)) end
    ) || ')'
$$;

-- 0709_client_rows.sql
-- The rows of a page with everything a line of the carteira shows, in one statement: sixty
-- function calls would cost more than the page itself, and jsonb twice what json does. Parameters
-- besides the page's own: $4 today, $5 name of the order. One row more than asked was read: it
-- says that there is a next page.
create function private.client_rows_sql(page text) returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
    return $sql$
        with page as materialized (
            select found.*, row_number() over () as place from ($sql$ || page || $sql$) as found
        )
        select json_build_object(
            'rows', coalesce(
                json_agg(line.item order by line.place) filter (where line.place < $3), '[]'
            ),
            'next', case when count(*) = $3 then
                max(line.keyset) filter (where line.place = $3 - 1) end
        )
        from (
            select page.place,
                -- A name may hold the sign that parts a cursor's values.
                case when page.place = $3 - 1 then private.encode_cursor(
                    $5, coalesce(page.rank::text, ''), page.is_empty::text, page.id::text,
                    replace(replace(page.value, '%', '%25'), '|', '%7C')
                ) end as keyset,
                json_build_object(
                    'id', clients.id, 'document', clients.document, 'name', clients.name,
                    'external_id', clients.external_id, 'email', clients.email, 'uf', clients.uf,
                    'open_cents', clients.open_cents, 'open_debts', clients.open_debts,
                    'oldest_due_on', clients.oldest_due_on,
                    'days_late', greatest($4::date - clients.oldest_due_on, 0),
                    'status', clients.debt_status, 'has_phone', clients.has_phone,
                    'has_whatsapp', clients.has_whatsapp, 'created_at', clients.created_at,
                    'creditors', (
                        select coalesce(json_agg(
                            creditors.name order by creditors.name_key collate "C"
                        ), '[]')
                        from public.creditors
                        where creditors.tenant_id = ($1).tenant_id
                          and creditors.id = any(clients.creditor_ids)
                    ),
                    'phone', (
                        select client_phones.phone
                        from public.client_phones
                        where client_phones.tenant_id = ($1).tenant_id
                          and client_phones.client_id = clients.id
                        order by client_phones.position, client_phones.id
                        limit 1
                    ),
                    'opted_out', coalesce(greatest(
                        contact.call_blocked_until, contact.whatsapp_blocked_until
                    ) > ($1).now_at, false),
                    'last_contact_at', contact.last_contact_at,
                    'last_disposition', case when types.key is not null then json_build_object(
                        'type', types.key, 'label', types.label, 'color', types.color,
                        'at', contact.last_contact_at
                    ) end,
                    'assigned_to', (
                        select json_build_object('user_id', given.user_id, 'name', (
                            select memberships.display_name
                            from public.memberships
                            where memberships.user_id = given.user_id
                              and memberships.tenant_id = given.tenant_id
                            order by memberships.created_at desc
                            limit 1
                        ))
                        from public.client_assignments as given
                        where given.tenant_id = ($1).tenant_id and given.client_id = clients.id
                    ),
                    'tags', (
                        select coalesce(json_agg(json_build_object(
                            'id', tags.id, 'name', tags.name, 'color', tags.color
                        ) order by tags.name_key), '[]')
                        from public.client_tags as worn
                        join public.tags on tags.tenant_id = worn.tenant_id and tags.id = worn.tag_id
                        where worn.tenant_id = ($1).tenant_id and worn.client_id = clients.id
                    )
                ) as item
            from page
            join public.clients on clients.id = page.id
            left join private.client_contacts as contact
                on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
            left join public.disposition_types as types
                on types.tenant_id = ($1).tenant_id and types.key = contact.last_disposition_type
        ) as line
    $sql$;
end;
$$;

-- 0710_list_clients.sql
-- The carteira. Definer with the tenant inside, because the search operators are not leakproof and
-- under RLS would scan a million rows. The statement is put together from fixed fragments, one set
-- per need; what the caller typed travels as parameters.
-- A name is ranked by how well it fits; what merely begins like everybody's contract is not.
create function private.is_ranked(search private.client_search) returns boolean
language sql
immutable
set search_path = ''
as $$ select search.name_key is not null and search.is_broad is not true $$;

create function private.empty_page_sql() returns text
language sql
immutable
set search_path = ''
as $$
    select 'select clients.id, null::int as rank, null as value, true as is_empty
        from public.clients where false'
$$;

-- Ids of one page in their order. Parameters: $1 filter, $2 cursor, $3 how many.
create function private.client_page_sql(
    filter private.client_filter, sort private.client_sort, after text[]
) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_walks text[] := '{}';
begin
    if private.is_ranked((filter).search) then
        return private.ranked_page_sql(filter, sort, after);
    end if;
    -- Rows without the sort's value are a last walk that begins where the others end, so that all
    -- follow an index. A walk that can find nobody is not begun: it would look at everybody.
    if after is null or not after[3]::boolean then
        v_walks := case
            when sort.name like '%creditor' then private.creditor_walks(filter, sort, after)
            when private.is_walkable(filter, sort, false)
                then array[private.client_walk(filter, sort, after)]
            else v_walks end;
    end if;
    if sort.is_empty is not null and private.is_walkable(filter, sort, true) then
        v_walks := v_walks || format(
            '(select clients.id, null::int as rank, ''infinity'' as value, true as is_empty
            from public.clients where %s and %s%s order by clients.id limit $3)',
            private.client_condition(filter), sort.is_empty,
            case when after[3]::boolean then ' and clients.id > ($2)[4]::uuid' else '' end
        );
    end if;
    -- Without an order of its own the second walk is not begun before the first has ended.
    return case cardinality(v_walks)
        when 0 then private.empty_page_sql()
        when 1 then v_walks[1]
        else array_to_string(v_walks, ' union all ') || ' limit $3'
    end;
end;
$$;

-- Whether anybody with (without) the sort's value can match.
create function private.is_walkable(
    filter private.client_filter, sort private.client_sort, is_empty boolean
) returns boolean
language sql
immutable
set search_path = ''
as $$
    select case ltrim(sort.name, '-')
        when 'last_contact_at' then case when is_empty
            then num_nonnulls(
                filter.contact_from, filter.contact_before, filter.disposition_types) = 0
            else not coalesce(filter.is_never_contacted, false) end
        when 'oldest_due_on' then case when is_empty
            then not coalesce('open' = all(filter.statuses), false)
            else not coalesce('open' <> all(filter.statuses), false) end
        when 'phone' then coalesce(filter.has_phone <> is_empty, true)
        else true
    end
$$;

-- One walk along the sort's index.
create function private.client_walk(
    filter private.client_filter, sort private.client_sort, after text[]
) returns text
language sql
immutable
set search_path = ''
as $$
    select format(
        '(select clients.id, null::int as rank, (%1$s)::text as value, false as is_empty
        from %2$s where %3$s%4$s%5$s order by %1$s %6$s, %7$s %6$s limit $3)',
        sort.expression, sort.source,
        private.client_condition(filter, sort.name like '%last_contact_at'),
        case when sort.is_empty is not null then format(' and %s is not null', sort.expression)
            else '' end,
        case when after is null then '' else format(
            ' and (%s, %s) %s (($2)[5]::%s, ($2)[4]::uuid)', sort.expression, sort.client_id,
            case when sort.is_descending then '<' else '>' end, sort.type_name
        ) end,
        case when sort.is_descending then 'desc' else 'asc' end, sort.client_id
    )
$$;

-- Creditor by creditor, in the order of ($1).creditor_order; a tenant works for tens of them. Who
-- has several stands with the first by name, in both directions.
create function private.creditor_walks(
    filter private.client_filter, sort private.client_sort, after text[]
) returns text[]
language sql
immutable
set search_path = ''
as $$
    select coalesce(array_agg(format(
        '(select clients.id, null::int as rank, (($1).creditor_order)[%1$s]::text as value,
            false as is_empty
        from public.clients
        where %2$s and clients.creditor_ids @> (($1).creditor_order)[%1$s:%1$s]%3$s%4$s
        order by clients.id %5$s limit $3)',
        place, private.client_condition(filter),
        case when place > 1 then format(
            ' and not clients.creditor_ids && (($1).creditor_order)[1:%s]', place - 1
        ) else '' end,
        case when place = from_place then format(
            ' and clients.id %s ($2)[4]::uuid', case when sort.is_descending then '<' else '>' end
        ) else '' end,
        case when sort.is_descending then 'desc' else 'asc' end
    ) order by case when sort.is_descending then -place else place end), '{}')
    from array_position(filter.creditor_order, after[5]::uuid) as from_place
    cross join generate_series(1, cardinality(filter.creditor_order)) as place
    where from_place is null
       or case when sort.is_descending then place <= from_place else place >= from_place end
$$;

-- An exact name before all, then what begins so, what holds the phrase, and its scattered words:
-- one walk each, the next begun only when the page is not full. A common name thus fills its page
-- from the list's order; ranking all of its bearers would take them all.
create function private.ranked_page_sql(
    filter private.client_filter, sort private.client_sort, after text[]
) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_key constant text := '(($1).search).name_key';
    v_begins constant text := '(clients.name_key collate "C" >= ' || v_key
        || ' and clients.name_key collate "C" < ' || v_key || ' || ''~'')';
    v_holds constant text := 'clients.name_key like (($1).search).phrase';
    v_way text := case when sort.is_descending then 'desc' else 'asc' end;
    -- Last in both directions; '~' sorts after every letter and digit, a space before.
    v_value text := case when sort.is_empty is null then sort.expression else format(
        'coalesce(%s, %L)', sort.of_client, case
            when sort.type_name = 'text' then case when sort.is_descending then ' ' else '~' end
            when sort.is_descending then '-infinity' else 'infinity' end
    ) end;
    v_ranks text[];
    v_walks text[] := '{}';
begin
    v_ranks := array[
        'clients.name_key collate "C" = ' || v_key,
        v_begins || ' and clients.name_key <> ' || v_key,
        -- Two letters have no phrase …
        case when ((filter).search).phrase is not null then v_holds || ' and not ' || v_begins end,
        -- … and one word without any digit has nothing else to be found by.
        case when cardinality(((filter).search).words) > 1
            or cardinality(private.search_branches((filter).search, false)) > 0
            then private.search_condition((filter).search) || ' and not ' || case
                when ((filter).search).phrase is not null then v_holds else v_begins end
        end
    ];
    filter.search := null;
    for rank in coalesce(after[2]::int, 0)..3 loop
        continue when v_ranks[rank + 1] is null;
        v_walks := v_walks || format(
            '(select clients.id, %1$s as rank, (%2$s)::text as value, false as is_empty
            from public.clients where %3$s and (%4$s)%5$s
            order by %2$s %6$s, clients.id %6$s limit $3)',
            rank, v_value, private.client_condition(filter), v_ranks[rank + 1],
            case when rank = after[2]::int then format(
                ' and (%s, clients.id) %s (($2)[5]::%s, ($2)[4]::uuid)',
                v_value, case when sort.is_descending then '<' else '>' end, sort.type_name
            ) else '' end,
            v_way
        );
    end loop;
    return case when v_walks = '{}' then private.empty_page_sql()
        when cardinality(v_walks) = 1 then v_walks[1]
        else array_to_string(v_walks, ' union all ') || ' limit $3' end;
end;
$$;

create function private.list_clients(filter jsonb, after text, page_size int, sort text)
returns json
language plpgsql
security definer
set search_path = ''
-- Compiling a plan costs more than any page takes; and no plan may read the others' portfolios.
set jit = off
set enable_seqscan = off
as $$
declare
    -- 200 rows is more than a screen shows and still a small answer.
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 60), 1), c_max_page);
    v_sort private.client_sort := private.read_client_sort(coalesce(sort, '-open_cents'));
    v_filter private.client_filter :=
        private.weigh_search(private.read_client_filter(v_tenant_id, coalesce(filter, '{}')));
    v_is_ranked boolean := private.is_ranked((v_filter).search);
    v_cursor text[];
    v_answer json;
begin
    if after is not null then
        v_cursor := private.decode_cursor(
            after, 'text', case when v_is_ranked then 'int' else 'text' end, 'boolean', 'uuid',
            v_sort.type_name
        );
        if v_cursor[1] <> v_sort.name or (v_cursor[2] = '') = v_is_ranked
            or v_is_ranked and v_cursor[2]::int not between 0 and 3
        then
            raise exception 'invalid_cursor' using errcode = 'PT400',
                detail = 'the cursor belongs to another order or search';
        end if;
        v_cursor[5] := replace(replace(v_cursor[5], '%7C', '|'), '%25', '%');
    end if;
    if v_sort.name like '%creditor' and not v_is_ranked then
        v_filter.creditor_order := array(
            select owed.id from public.creditors as owed where owed.tenant_id = v_tenant_id
            order by owed.name_key collate "C", owed.id
        );
        if v_cursor is not null and not v_cursor[3]::boolean
            and v_cursor[5] <> all(v_filter.creditor_order::text[])
        then
            raise exception 'invalid_cursor' using errcode = 'PT400',
                detail = 'no such creditor in the tenant';
        end if;
    end if;
    execute private.client_rows_sql(private.client_page_sql(
        v_filter, v_sort, v_cursor
    ))
    into v_answer
    using v_filter, v_cursor, v_size + 1, private.today(v_tenant_id), v_sort.name;
    return v_answer;
end;
$$;

create function public.list_clients(
    filter jsonb default '{}', after text default null, page_size int default 60,
    sort text default '-open_cents'
) returns json
language sql
set search_path = ''
as $$ select private.list_clients(filter, after, page_size, sort) $$;
comment on function public.list_clients(jsonb, text, int, text) is
'{rows, next}. filter: see private.read_client_filter; sort: name document open_cents open_debts
oldest_due_on last_contact_at phone creditor created_at, each with or without a leading minus.';

grant execute on function
private.list_clients(jsonb, text, int, text), public.list_clients(jsonb, text, int, text)
to authenticated;

-- 0712_list_agreements.sql
-- /acordos: agreements by filter, newest first, with the totals of everything that matches. What a
-- person typed is looked for as the carteira does (0700), as parameter ($1).search.
create function private.agreement_filter(tenant_id uuid, filter jsonb) returns text
language plpgsql
stable
set search_path = ''
as $$
declare
    v_key text;
    v_value jsonb;
    v_types jsonb := '{"creditor_id": "uuid", "client_id": "uuid", "template_id": "uuid",
        "created_by": "uuid", "created_from": "date", "created_to": "date",
        "due_from": "date", "due_to": "date"}';
    v_sql text := format('agreement.tenant_id = %L', tenant_id);
    v_time_zone text := (
        select tenants.time_zone from public.tenants
        where tenants.id = agreement_filter.tenant_id
    );
begin
    if jsonb_typeof(filter) <> 'object' then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'an object is needed';
    end if;
    for v_key, v_value in select entry.key, entry.value from jsonb_each(filter) as entry loop
        continue when v_value in ('null', '""', '[]');
        if v_key = 'created_by' and v_value = '"me"' then
            v_value := to_jsonb(auth.uid());
        end if;
        -- As long as what the carteira searches for.
        if v_key = 'q' and (jsonb_typeof(v_value) <> 'string' or length(v_value #>> '{}') > 200)
            or v_types ? v_key and not pg_input_is_valid(v_value #>> '{}', v_types ->> v_key)
            or v_key = 'status' and exists (
                select from jsonb_array_elements_text(case jsonb_typeof(v_value)
                    when 'array' then v_value else jsonb_build_array(v_value) end) as word
                where not pg_input_is_valid(word, 'public.agreement_status')
            )
        then
            raise exception 'filter_invalid' using errcode = 'PT400', detail = v_key;
        end if;
        v_sql := v_sql || ' and ' || case v_key
            when 'q' then format(
                'agreement.client_id in (select clients.id from public.clients where '
                || 'clients.tenant_id = ($1).tenant_id and %s)',
                private.search_condition(private.read_search(v_value #>> '{}'))
            )
            when 'status' then format(
                'agreement.status = any(%L::public.agreement_status [])',
                array(select jsonb_array_elements_text(case jsonb_typeof(v_value)
                    when 'array' then v_value else jsonb_build_array(v_value) end))
            )
            -- Days are the tenant's, also after 21 h.
            when 'created_from' then format(
                'agreement.created_at >= %L::date::timestamp at time zone %L', v_value #>> '{}',
                v_time_zone
            )
            when 'created_to' then format(
                'agreement.created_at < (%L::date + 1)::timestamp at time zone %L',
                v_value #>> '{}', v_time_zone
            )
            -- By the day of the next open installment.
            when 'due_from' then format('next_part.due_on >= %L', v_value #>> '{}')
            when 'due_to' then format('next_part.due_on <= %L', v_value #>> '{}')
            else case when v_types ? v_key
                then format('agreement.%I = %L', v_key, v_value #>> '{}') end
        end;
        if v_sql is null then
            raise exception 'unknown_filter' using errcode = 'PT400', detail = v_key;
        end if;
    end loop;
    return v_sql;
end;
$$;

create function private.list_agreements(filter jsonb, after text, page_size int) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- As in the carteira: more than a screen shows.
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 60), 1), c_max_page);
    v_condition text := private.agreement_filter(v_tenant_id, coalesce(filter, '{}'));
    v_cursor text[] := case when after is not null
        then private.decode_cursor(after, 'timestamptz', 'uuid') end;
    v_from text := ' from public.agreements as agreement left join lateral ('
        || ' select min(part.due_on) as due_on from public.installments as part'
        || ' where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id'
        || ' and part.status = ''open'') as next_part on true where ' || v_condition;
    v_asked private.client_filter;
    v_page public.agreements[];
    v_total jsonb;
begin
    v_asked.tenant_id := v_tenant_id;
    v_asked.search := private.read_search(filter ->> 'q');
    execute 'select array_agg(listed.agreement) from (select agreement' || v_from || case
            when v_cursor is null then '' else format(
                ' and (agreement.created_at, agreement.id) < (%L::timestamptz, %L::uuid)',
                v_cursor[1], v_cursor[2]
            ) end
        || ' order by agreement.created_at desc, agreement.id desc limit ' || v_size + 1
        || ') as listed'
    into v_page using v_asked;
    if after is null then
        execute 'select jsonb_build_object(''agreements'', count(*),'
            || ' ''total_cents'', coalesce(sum(agreement.total_cents), 0),'
            || ' ''paid_cents'', coalesce(sum(counted.paid_cents), 0),'
            || ' ''open_cents'', coalesce(sum(counted.open_cents), 0),'
            || ' ''overdue_cents'', coalesce(sum(counted.overdue_cents), 0))'
            || replace(v_from, ' where ' || v_condition, format(
                ' cross join lateral (select sum(part.paid_cents) as paid_cents,'
                || ' sum(part.amount_cents - part.paid_cents)'
                || ' filter (where part.status = ''open'') as open_cents,'
                || ' sum(part.amount_cents - part.paid_cents)'
                || ' filter (where part.status = ''open'' and part.effective_due_on < %L)'
                || ' as overdue_cents from public.installments as part'
                || ' where part.tenant_id = agreement.tenant_id'
                || ' and part.agreement_id = agreement.id) as counted where %s',
                private.today(v_tenant_id), v_condition
            ))
        into v_total using v_asked;
    end if;
    return jsonb_build_object(
        'rows', (
            select coalesce(jsonb_agg(private.agreement_row(item) order by position), '[]')
            from unnest(v_page) with ordinality as listed
            cross join lateral (select v_page[listed.ordinality] as item,
                listed.ordinality as position) as placed
            where placed.position <= v_size
        ),
        'next', case when cardinality(v_page) > v_size then private.encode_cursor(
            v_page[v_size].created_at::text, v_page[v_size].id::text
        ) end,
        'total', v_total
    );
end;
$$;

create function public.list_agreements(
    filter jsonb default '{}', after text default null, page_size int default 60
) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.list_agreements(filter, after, page_size) $$;
comment on function public.list_agreements(jsonb, text, int) is
'{rows, next, total: {agreements, total_cents, paid_cents, open_cents, overdue_cents} | null after
the first page}. filter: q, status, creditor_id, client_id, template_id, created_by (uuid or "me"),
created_from, created_to, due_from, due_to. PT400 unknown_filter, filter_invalid.';

grant execute on function
private.list_agreements(jsonb, text, int), public.list_agreements(jsonb, text, int)
to authenticated;

-- 0720_client_timeline.sql
-- Everything that happened with a client, one ordered stream, newest first, by keyset. Each branch
-- reads at most one page of its own index.
create function private.actor_name(tenant_id uuid, user_id uuid) returns text
language sql
stable
security definer
set search_path = ''
as $$
    -- A revoked colleague keeps the name on what was done.
    select memberships.display_name
    from public.memberships
    where memberships.tenant_id = actor_name.tenant_id
      and memberships.user_id = actor_name.user_id
    order by memberships.created_at desc
    limit 1
$$;

create function private.timeline_items(
    tenant_id uuid, client_id uuid, before_at timestamptz, before_id uuid, page_size int
) returns table (at timestamptz, id uuid, item jsonb)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return query
    (
        select call.created_at, call.id, jsonb_build_object(
            'kind', 'disposition', 'type', call.disposition_type, 'label', kind.label,
            'color', kind.color,
            'notes', call.notes, 'scheduled_callback', call.scheduled_callback,
            'actor', private.actor_name(call.tenant_id, call.operator_id)
        )
        from public.call_dispositions as call
        join public.disposition_types as kind
            on kind.tenant_id = call.tenant_id and kind.key = call.disposition_type
        where call.tenant_id = $1 and call.client_id = $2
          and (call.created_at, call.id) < ($3, $4)
        order by call.created_at desc, call.id desc
        limit $5
    )
    union all
    (
        select message.created_at, message.id, jsonb_build_object(
            'kind', 'message', 'direction', message.direction, 'channel', message.channel,
            'body', message.body, 'phone', message.phone, 'status', message.status,
            'template', template.name, 'error_code', message.error_code,
            'error_detail', message.error_detail, 'submitted_at', message.submitted_at,
            'sent_at', message.sent_at, 'delivered_at', message.delivered_at,
            'read_at', message.read_at, 'failed_at', message.failed_at,
            'run_id', coalesce(message.automation_run_id, message.retried_run_id),
            'actor', private.actor_name(message.tenant_id, message.created_by)
        )
        from public.message_logs as message
        left join public.message_templates as template on template.id = message.template_id
        where message.tenant_id = $1 and message.client_id = $2
          and (message.created_at, message.id) < ($3, $4)
        order by message.created_at desc, message.id desc
        limit $5
    )
    union all
    (
        select run.created_at, run.id, jsonb_build_object(
            'kind', 'automation', 'run_id', run.id, 'rule', rule.name, 'status', run.status,
            'reason', run.reason, 'next_attempt_at', run.next_attempt_at,
            'disposition_id', run.disposition_id, 'actor', null
        )
        from public.automation_runs as run
        join public.collection_rules as rule on rule.id = run.rule_id
        where run.tenant_id = $1 and run.client_id = $2
          and (run.created_at, run.id) < ($3, $4)
        order by run.created_at desc, run.id desc
        limit $5
    )
    union all
    (
        select callback.created_at, callback.id, jsonb_build_object(
            'kind', 'callback', 'due_at', callback.due_at, 'status', callback.status,
            'note', callback.note, 'disposition_id', callback.disposition_id,
            'actor', private.actor_name(callback.tenant_id, callback.operator_id)
        )
        from public.callbacks as callback
        where callback.tenant_id = $1 and callback.client_id = $2
          and (callback.created_at, callback.id) < ($3, $4)
        order by callback.created_at desc, callback.id desc
        limit $5
    )
    union all
    (
        select import.created_at, import.id, jsonb_build_object(
            'kind', 'import', 'file_name', import.file_name, 'status', import.status,
            'actor', private.actor_name(import.tenant_id, import.created_by)
        )
        from public.imports as import
        where import.tenant_id = $1
          and import.id in (
              select debts.import_id from public.debts
              where debts.tenant_id = $1 and debts.client_id = $2
          )
          and (import.created_at, import.id) < ($3, $4)
        order by import.created_at desc, import.id desc
        limit $5
    )
    union all
    select money.at, money.id, money.item
    from private.money_timeline($1, $2, $3, $4, $5) as money;
end;
$$;

create function private.client_timeline(client_id uuid, before text, page_size int)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    c_max_page constant int := 200;
    c_last_uuid constant uuid := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 50), 1), c_max_page);
    v_cursor text[] := case when before is not null
        then private.decode_cursor(before, 'timestamptz', 'uuid') end;
    v_items jsonb;
begin
    perform private.require_client(v_tenant_id, client_id);
    v_items := (
        select coalesce(jsonb_agg(
            page.item || jsonb_build_object('id', page.id, 'at', page.at)
            order by page.at desc, page.id desc
        ), '[]')
        from (
            select merged.*
            from private.timeline_items(
                v_tenant_id, client_timeline.client_id,
                coalesce(v_cursor[1]::timestamptz, 'infinity'),
                coalesce(v_cursor[2]::uuid, c_last_uuid), v_size + 1
            ) as merged
            order by merged.at desc, merged.id desc
            limit v_size + 1
        ) as page
    );
    return jsonb_build_object(
        -- Taking the element after the last, which exists only when there is more.
        'items', v_items - v_size,
        'next', case when jsonb_array_length(v_items) > v_size then private.encode_cursor(
            v_items -> (v_size - 1) ->> 'at', v_items -> (v_size - 1) ->> 'id'
        ) end
    );
end;
$$;

create function private.require_client(tenant_id uuid, client_id uuid) returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    if not exists (
        select from public.clients
        where clients.tenant_id = require_client.tenant_id
          and clients.id = require_client.client_id
    ) then
        raise exception 'client_not_found' using errcode = 'PT404',
            detail = 'no such client in the tenant';
    end if;
end;
$$;

create function public.client_timeline(
    client_id uuid, before text default null, page_size int default 50
) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.client_timeline(client_id, before, page_size) $$;
comment on function public.client_timeline(uuid, text, int) is
'{items: [{kind, id, at, actor, …}], next}; kinds: disposition message automation callback import
agreement payment reversal.';

grant execute on function
private.client_timeline(uuid, text, int), public.client_timeline(uuid, text, int)
to authenticated;

-- 0722_money_timeline.sql
-- What money leaves on a client's timeline: agreements' events, payments, payments taken back. A
-- client has few of each; all are read along the client's own agreements and payments.

-- Events are numbered; the stream's cursor holds a uuid. The number's order is kept.
create function private.numbered_uuid(number bigint) returns uuid
language sql
immutable
set search_path = ''
as $$
    select ('00000000-0000-4000-8000-' || lpad(to_hex(number), 12, '0'))::uuid
$$;

create function private.money_timeline(
    tenant_id uuid, client_id uuid, before_at timestamptz, before_id uuid, page_size int
) returns table (at timestamptz, id uuid, item jsonb)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return query
    (
        select event.created_at, private.numbered_uuid(event.id), jsonb_build_object(
            'kind', 'agreement', 'agreement_id', agreement.id, 'creditor', creditor.name,
            'total_cents', agreement.total_cents, 'event', event.kind,
            'from_status', event.from_status, 'to_status', event.to_status,
            'reason', event.reason,
            'actor', private.actor_name(event.tenant_id, event.actor_id)
        )
        from public.agreements as agreement
        join public.creditors as creditor
            on creditor.tenant_id = agreement.tenant_id and creditor.id = agreement.creditor_id
        join public.agreement_events as event
            on event.tenant_id = agreement.tenant_id and event.agreement_id = agreement.id
        where agreement.tenant_id = $1 and agreement.client_id = $2
          -- Told by the payment itself, below.
          and event.kind not in ('payment_received', 'payment_reversed')
          and (event.created_at, private.numbered_uuid(event.id)) < ($3, $4)
        order by event.created_at desc, event.id desc
        limit $5
    )
    union all
    (
        select payment.created_at, payment.id, jsonb_build_object(
            'kind', 'payment', 'amount_cents', payment.amount_cents, 'paid_on', payment.paid_on,
            'method', payment.method, 'agreement_id', charge.agreement_id,
            'is_manual', payment.provider is null,
            'actor', private.actor_name(payment.tenant_id, payment.created_by)
        )
        from public.payments as payment
        left join public.charges as charge
            on charge.tenant_id = payment.tenant_id and charge.id = payment.charge_id
        where payment.tenant_id = $1 and payment.client_id = $2
          and (payment.created_at, payment.id) < ($3, $4)
        order by payment.created_at desc, payment.id desc
        limit $5
    )
    union all
    (
        select reversal.created_at, reversal.id, jsonb_build_object(
            'kind', 'reversal', 'amount_cents', payment.amount_cents, 'paid_on', payment.paid_on,
            'reason', reversal.reason,
            'actor', private.actor_name(reversal.tenant_id, reversal.actor_id)
        )
        from public.payments as payment
        join public.payment_reversals as reversal
            on reversal.tenant_id = payment.tenant_id and reversal.payment_id = payment.id
        where payment.tenant_id = $1 and payment.client_id = $2
          and (reversal.created_at, reversal.id) < ($3, $4)
        order by reversal.created_at desc, reversal.id desc
        limit $5
    );
end;
$$;

-- 0730_client_screens.sql
-- One call per screen: the file of a client and the operator's screen
-- (/atendimento/:id). Both are bounded: 500 titles are more than a person reads, and the totals
-- come from the client's own row.
create function private.client_card(tenant_id uuid, client_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'client', jsonb_build_object(
            'id', clients.id, 'document', clients.document, 'name', clients.name,
            'email', clients.email, 'external_id', clients.external_id, 'uf', clients.uf,
            'extra', clients.extra, 'open_cents', clients.open_cents,
            'open_debts', clients.open_debts, 'oldest_due_on', clients.oldest_due_on,
            'status', clients.debt_status, 'created_at', clients.created_at
        ),
        'phones', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', known.id, 'phone', known.phone, 'kind', known.kind,
                'has_whatsapp', known.has_whatsapp
            ) order by known.position, known.id), '[]')
            from public.client_phones as known
            where known.tenant_id = clients.tenant_id and known.client_id = clients.id
        ),
        'debts', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', title.id, 'creditor', title.creditor, 'contract', title.contract,
                'installment', title.installment, 'due_on', title.due_on,
                'principal_cents', title.principal_cents, 'status', title.status
            ) order by title.status, title.due_on, title.id), '[]')
            from (
                select debts.*, creditors.name as creditor
                from public.debts
                join public.creditors
                    on creditors.tenant_id = debts.tenant_id and creditors.id = debts.creditor_id
                where debts.tenant_id = clients.tenant_id and debts.client_id = clients.id
                order by debts.status, debts.due_on, debts.id
                limit 500
            ) as title
        ),
        'creditors', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', creditors.id, 'name', creditors.name, 'document', creditors.document,
                'address', creditors.address
            ) order by creditors.name), '[]')
            from public.creditors
            where creditors.tenant_id = clients.tenant_id
              and creditors.id = any(clients.creditor_ids)
        ),
        'open_cents', clients.open_cents
    )
    from public.clients
    where clients.tenant_id = client_card.tenant_id and clients.id = client_card.client_id
$$;

-- What was promised and is still to be done.
create function private.client_callbacks(tenant_id uuid, client_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', callback.id, 'due_at', callback.due_at, 'note', callback.note,
        'status', callback.status, 'operator_id', callback.operator_id,
        'operator', private.actor_name(callback.tenant_id, callback.operator_id)
    ) order by callback.due_at), '[]')
    from public.callbacks as callback
    where callback.tenant_id = client_callbacks.tenant_id
      and callback.client_id = client_callbacks.client_id
      and callback.status = 'scheduled'
$$;

create function private.service_screen(client_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- The callback picker offers a week and the day it is opened on.
    c_days_offered constant int := 8;
    v_tenant_id uuid := private.require_role('operator');
    v_now timestamptz := private.now();
begin
    perform private.require_client(v_tenant_id, client_id);
    return private.client_card(v_tenant_id, client_id) || jsonb_build_object(
        'disposition_types', (
            select coalesce(jsonb_agg(to_jsonb(types) - 'tenant_id'
                order by types.position, types.key), '[]')
            from public.disposition_types as types
            where types.tenant_id = v_tenant_id and types.is_active
        ),
        'timeline', private.client_timeline(client_id, null, 50),
        'contact', (
            select jsonb_build_object(
                'allowed', decision.allowed, 'next_allowed_at', decision.next_allowed_at,
                'reason', decision.reason
            )
            from private.contact_decision(
                v_tenant_id, service_screen.client_id, 'call', v_now
            ) as decision
        ) || jsonb_build_object('hours', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'date', hours.day, 'from', hours.opens_at, 'to', hours.closes_at
            ) order by hours.opens_at), '[]')
            from private.contact_hours(
                v_tenant_id, service_screen.client_id, v_now, c_days_offered
            ) as hours
        )),
        'callbacks', private.client_callbacks(v_tenant_id, client_id)
    );
end;
$$;

create function public.service_screen(client_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.service_screen(client_id) $$;

grant execute on function
private.service_screen(uuid), public.service_screen(uuid)
to authenticated;

-- 0850_client_contacts.sql
-- What work leaves on a client: the last contact and who must not be called or written to. Kept
-- beside `clients` and not in it, because an import holds the locks of a million client rows for as
-- long as it writes, and an operator's disposition must never wait for that. Derived, by triggers
-- alone; a client nobody has touched has no row.
create table private.client_contacts (
    tenant_id uuid not null,
    client_id uuid not null,
    last_contact_at timestamptz,
    last_disposition_type text,
    -- Until when each channel is closed; 'infinity' = for good, null or past = open.
    call_blocked_until timestamptz,
    whatsapp_blocked_until timestamptz,
    constraint client_contacts_pkey primary key (tenant_id, client_id),
    constraint client_contacts_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id) on delete cascade
)
-- Room on each page, so that most updates of the same day stay on it.
with (fillfactor = 80);
comment on table private.client_contacts is 'Derived: last contact and opt-outs, per client.';

-- Serve the list by last contact, and the filters that pick few.
create index client_contacts_newest
on private.client_contacts (tenant_id, last_contact_at, client_id)
where last_contact_at is not null;
create index client_contacts_by_type
on private.client_contacts (tenant_id, last_disposition_type, client_id);
create index client_contacts_blocked on private.client_contacts (tenant_id, client_id)
where call_blocked_until is not null or whatsapp_blocked_until is not null;

alter table private.client_contacts enable row level security;
alter table private.client_contacts force row level security;

create function private.tg_call_dispositions__last_contact() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into private.client_contacts as known (
        tenant_id, client_id, last_contact_at, last_disposition_type
    )
    select distinct on (new_rows.client_id) new_rows.tenant_id, new_rows.client_id,
        new_rows.created_at, new_rows.disposition_type
    from new_rows
    -- The same order for everybody who writes several, so that nobody waits in a circle.
    order by new_rows.client_id, new_rows.created_at desc, new_rows.id desc
    on conflict (tenant_id, client_id) do update
    set last_contact_at = excluded.last_contact_at,
        last_disposition_type = excluded.last_disposition_type
    where known.last_contact_at is null or known.last_contact_at <= excluded.last_contact_at;
    return null;
end;
$$;

create trigger _400_last_contact after insert on public.call_dispositions
referencing new table as new_rows for each statement
execute function private.tg_call_dispositions__last_contact();

-- Recomputed from `suppressions`, never added up. A suppression that names a person binds all of
-- that person's numbers; one that names a number binds whoever has it.
create function private.refresh_contact_blocks(tenant_id uuid, client_ids uuid[]) returns void
language sql
security definer
set search_path = ''
as $$
    with blocks as (
        select touched.client_id,
            max(found.until_at) filter (where found.channel is distinct from 'whatsapp')
                as call_blocked_until,
            max(found.until_at) filter (where found.channel is distinct from 'call')
                as whatsapp_blocked_until
        from unnest(refresh_contact_blocks.client_ids) as touched (client_id)
        left join lateral (
            select coalesce(named.expires_at, 'infinity') as until_at, named.channel
            from public.suppressions as named
            where named.tenant_id = refresh_contact_blocks.tenant_id
              and named.client_id = touched.client_id
              and (named.phone is null or exists (
                  select from public.client_phones
                  where client_phones.tenant_id = named.tenant_id
                    and client_phones.client_id = touched.client_id
                    and private.phone_match(client_phones.phone)
                        = private.phone_match(named.phone)
              ))
            union all
            select coalesce(numbered.expires_at, 'infinity'), numbered.channel
            from public.client_phones
            join public.suppressions as numbered
                on numbered.tenant_id = client_phones.tenant_id
                and private.phone_match(numbered.phone) = private.phone_match(client_phones.phone)
                and numbered.client_id is null
            where client_phones.tenant_id = refresh_contact_blocks.tenant_id
              and client_phones.client_id = touched.client_id
        ) as found on true
        where touched.client_id is not null
        group by touched.client_id
    )
    insert into private.client_contacts as known (
        tenant_id, client_id, call_blocked_until, whatsapp_blocked_until
    )
    select refresh_contact_blocks.tenant_id, blocks.client_id, blocks.call_blocked_until,
        blocks.whatsapp_blocked_until
    from blocks
    left join private.client_contacts as was
        on was.tenant_id = refresh_contact_blocks.tenant_id and was.client_id = blocks.client_id
    where (was.call_blocked_until, was.whatsapp_blocked_until)
          is distinct from (blocks.call_blocked_until, blocks.whatsapp_blocked_until)
    order by blocks.client_id
    on conflict (tenant_id, client_id) do update
    set call_blocked_until = excluded.call_blocked_until,
        whatsapp_blocked_until = excluded.whatsapp_blocked_until
$$;

create function private.clients_of_phone(tenant_id uuid, phone text) returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
    -- The last eight digits are what an index holds; the area code is compared after.
    select client_phones.client_id
    from public.client_phones
    where client_phones.tenant_id = clients_of_phone.tenant_id
      and client_phones.phone_tail >= reverse(right(clients_of_phone.phone, 8))
      and client_phones.phone_tail
          < reverse(right(clients_of_phone.phone, 8)) || '~'
      and private.phone_match(client_phones.phone) = private.phone_match(clients_of_phone.phone)
$$;

create function private.tg_suppressions__contact_blocks() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.refresh_contact_blocks(touched.tenant_id, array_agg(touched.client_id))
    from (
        select changed_rows.tenant_id, changed_rows.client_id from changed_rows
        union
        select changed_rows.tenant_id, owner.client_id
        from changed_rows
        cross join private.clients_of_phone(changed_rows.tenant_id, changed_rows.phone)
            as owner (client_id)
        where changed_rows.client_id is null
    ) as touched
    group by touched.tenant_id;
    return null;
end;
$$;

create trigger _200_contact_blocks_insert after insert on public.suppressions
referencing new table as changed_rows for each statement
execute function private.tg_suppressions__contact_blocks();
create trigger _200_contact_blocks_update after update on public.suppressions
referencing new table as changed_rows for each statement
execute function private.tg_suppressions__contact_blocks();
create trigger _200_contact_blocks_delete after delete on public.suppressions
referencing old table as changed_rows for each statement
execute function private.tg_suppressions__contact_blocks();

-- 0851_client_assignments.sql
-- Whose client this is: the single record of it, nobody's without one. Kept beside `clients`
-- because a supervisor gives away a hundred thousand at once, and each would rewrite a client's
-- every index.
create table public.client_assignments (
    tenant_id uuid not null,
    client_id uuid not null,
    -- Not of `memberships`: a colleague who left keeps the clients until they are given to another.
    -- Whoever assigns checks that the person works here.
    user_id uuid not null,
    -- Null when a job did it, or when who did it is gone.
    assigned_by uuid,
    assigned_at timestamptz not null default private.now(),
    constraint client_assignments_pkey primary key (tenant_id, client_id),
    constraint client_assignments_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id) on delete cascade,
    constraint client_assignments_user_fkey foreign key (user_id) references auth.users (id)
    on delete cascade,
    constraint client_assignments_author_fkey foreign key (assigned_by) references auth.users (id)
    on delete set null
);
comment on table public.client_assignments is
'Which member a client is given to, by whom and when.';

-- Serves "mine" and a supervisor's view of one operator; the second and third, people who leave.
create index client_assignments_of_user
on public.client_assignments (tenant_id, user_id, client_id);
create index client_assignments_by_user on public.client_assignments (user_id);
create index client_assignments_by_author on public.client_assignments (assigned_by)
where assigned_by is not null;

alter table public.client_assignments enable row level security;
alter table public.client_assignments force row level security;

create policy client_assignments_select_member on public.client_assignments
for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by `bulk_assign` only.
grant select on public.client_assignments to authenticated;

create trigger _900_audit_insert after insert on public.client_assignments
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.client_assignments
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.client_assignments
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0852_client_reach.sql
-- Keeps on `clients` what the phones say: is there one, has one WhatsApp. Once per statement, only
-- for clients whose answer changes; an import that gives new clients their answer with the row
-- finds nothing to mend here.
create function private.refresh_client_reach(tenant_id uuid, client_ids uuid[]) returns void
language sql
security definer
set search_path = ''
as $$
    with reach as (
        select touched.client_id, count(phones.id) > 0 as has_phone,
            case
                when bool_or(phones.has_whatsapp) then true
                -- A number nobody tried leaves the question open.
                when count(phones.id) filter (where phones.has_whatsapp is null) = 0 then false
            end as has_whatsapp
        from unnest(refresh_client_reach.client_ids) as touched (client_id)
        left join public.client_phones as phones
            on phones.tenant_id = refresh_client_reach.tenant_id
            and phones.client_id = touched.client_id
        group by touched.client_id
    )
    update public.clients
    set has_phone = reach.has_phone, has_whatsapp = reach.has_whatsapp
    from reach
    where clients.tenant_id = refresh_client_reach.tenant_id
      and clients.id = reach.client_id
      and (clients.has_phone, clients.has_whatsapp)
          is distinct from (reach.has_phone, reach.has_whatsapp)
$$;

create function private.tg_client_phones__reach() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    if tg_op = 'INSERT' then
        -- A number more can only open what was closed: most new numbers change nothing, and a
        -- million of them are compared in one join.
        perform private.refresh_client_reach(touched.tenant_id, array_agg(touched.client_id))
        from (
            select added.tenant_id, added.client_id
            from (
                select new_rows.tenant_id, new_rows.client_id,
                    bool_or(new_rows.has_whatsapp) as is_proved,
                    bool_or(new_rows.has_whatsapp is null) as is_open
                from new_rows
                group by new_rows.tenant_id, new_rows.client_id
            ) as added
            join public.clients
                on clients.tenant_id = added.tenant_id and clients.id = added.client_id
            where not clients.has_phone
               or added.is_proved and clients.has_whatsapp is not true
               or added.is_open and clients.has_whatsapp is false
        ) as touched
        group by touched.tenant_id;
        perform private.refresh_contact_blocks(touched.tenant_id, array_agg(touched.client_id))
        from (
            select distinct new_rows.tenant_id, new_rows.client_id
            from new_rows
            join public.suppressions
                on suppressions.tenant_id = new_rows.tenant_id
                and right(suppressions.phone, 8) = right(new_rows.phone, 8)
        ) as touched
        group by touched.tenant_id;
        return null;
    end if;
    -- Changed and removed numbers are few: a person or a provider's answer.
    perform private.refresh_client_reach(touched.tenant_id, array_agg(touched.client_id)),
        private.refresh_contact_blocks(touched.tenant_id, array_agg(touched.client_id))
    from (
        select distinct old_rows.tenant_id, old_rows.client_id
        from old_rows
        join public.clients
            on clients.tenant_id = old_rows.tenant_id and clients.id = old_rows.client_id
    ) as touched
    group by touched.tenant_id;
    return null;
end;
$$;

create trigger _300_reach_insert after insert on public.client_phones
referencing new table as new_rows for each statement
execute function private.tg_client_phones__reach();
-- No grant lets a number change its client, so the old rows name everybody who is touched.
create trigger _300_reach_update after update on public.client_phones
referencing old table as old_rows for each statement
execute function private.tg_client_phones__reach();
create trigger _300_reach_delete after delete on public.client_phones
referencing old table as old_rows for each statement
execute function private.tg_client_phones__reach();

-- 0854_tags.sql
-- Words a team sticks on clients, and which client wears which. A tag says nothing to the rules; it
-- is there to be filtered by.
create table public.tags (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    name text not null,
    name_key text not null generated always as (private.search_key(name)) stored,
    -- A colour name of the page's palette.
    color text not null default 'gray',
    created_at timestamptz not null default private.now(),
    constraint tags_pkey primary key (id),
    constraint tags_tenant_id_key unique (tenant_id, id),
    constraint tags_name_is_unique unique (tenant_id, name_key),
    constraint tags_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint tags_name_is_filled check (btrim(name) <> ''),
    -- A word on a chip, not a sentence.
    constraint tags_name_is_short check (length(name) <= 40),
    constraint tags_color_has_shape check (color ~ '^[a-z]{3,20}$')
);
comment on table public.tags is 'Labels of a tenant, put on clients by people.';

alter table public.tags enable row level security;
alter table public.tags force row level security;

create policy tags_select_member on public.tags for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy tags_insert_supervisor on public.tags for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

create policy tags_update_supervisor on public.tags for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

create policy tags_delete_supervisor on public.tags for delete to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

grant select, delete on public.tags to authenticated;
grant insert (id, tenant_id, name, color) on public.tags to authenticated;
grant update (name, color) on public.tags to authenticated;

create trigger _900_audit_insert after insert on public.tags
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.tags
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.tags
referencing old table as old_rows for each statement execute function private.tg_audit();

create table public.client_tags (
    tenant_id uuid not null default private.tenant_id(),
    client_id uuid not null,
    tag_id uuid not null,
    created_by uuid default auth.uid(),
    created_at timestamptz not null default private.now(),
    constraint client_tags_pkey primary key (tenant_id, tag_id, client_id),
    constraint client_tags_tag_fkey foreign key (tenant_id, tag_id)
    references public.tags (tenant_id, id) on delete cascade,
    constraint client_tags_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id) on delete cascade,
    constraint client_tags_author_fkey foreign key (created_by) references auth.users (id)
    on delete set null
);
comment on table public.client_tags is 'Which client wears which tag, since when and by whom.';

create index client_tags_of_client on public.client_tags (tenant_id, client_id);
create index client_tags_of_author on public.client_tags (created_by);

alter table public.client_tags enable row level security;
alter table public.client_tags force row level security;

create policy client_tags_select_member on public.client_tags for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- One client at a time any operator may tag; a whole selection is `bulk_tag`, for supervisors.
create policy client_tags_insert_member on public.client_tags for insert to authenticated
with check (
    tenant_id = (select private.tenant_id()) and created_by = (select auth.uid())
);

create policy client_tags_delete_member on public.client_tags for delete to authenticated
using (tenant_id = (select private.tenant_id()));

-- Not audited: the row says who and when, a bulk action leaves its own line in the audit.
grant select, delete on public.client_tags to authenticated;
grant insert (tenant_id, client_id, tag_id) on public.client_tags to authenticated;

-- 0856_client_addresses.sql
-- Addresses of a client, of the person and not of the title: a boleto asks for one.
create table public.client_addresses (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    client_id uuid not null,
    street text not null,
    number text,
    complement text,
    district text,
    city text not null,
    uf text not null,
    cep text collate "C",
    -- Who told us.
    source text not null default 'person',
    created_at timestamptz not null default private.now(),
    constraint client_addresses_pkey primary key (id),
    constraint client_addresses_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id) on delete cascade,
    constraint client_addresses_street_is_filled check (btrim(street) <> ''),
    constraint client_addresses_city_is_filled check (btrim(city) <> ''),
    constraint client_addresses_uf_has_shape check (uf ~ '^[A-Z]{2}$'),
    constraint client_addresses_cep_has_shape check (cep ~ '^[0-9]{8}$'),
    constraint client_addresses_source_is_known check (source in ('person', 'import')),
    -- 200 characters hold any line of an envelope.
    constraint client_addresses_lines_are_short check (
        greatest(
            length(street), length(number), length(complement), length(district), length(city)
        ) <= 200
    )
);
comment on table public.client_addresses is 'Postal addresses of clients.';

create index client_addresses_of_client
on public.client_addresses (tenant_id, client_id, created_at desc);

alter table public.client_addresses enable row level security;
alter table public.client_addresses force row level security;

create policy client_addresses_select_member on public.client_addresses for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy client_addresses_insert_supervisor on public.client_addresses
for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

create policy client_addresses_update_supervisor on public.client_addresses
for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

create policy client_addresses_delete_supervisor on public.client_addresses
for delete to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

grant select, delete on public.client_addresses to authenticated;
grant insert (
    id, tenant_id, client_id, street, number, complement, district, city, uf, cep
) on public.client_addresses to authenticated;
grant update (street, number, complement, district, city, uf, cep) on public.client_addresses
to authenticated;

create trigger _200_broadcast_insert after insert on public.client_addresses
referencing new table as new_rows for each statement
execute function private.tg_broadcast('client_changed');
create trigger _200_broadcast_update after update on public.client_addresses
referencing new table as new_rows for each statement
execute function private.tg_broadcast('client_changed');

create trigger _900_audit_insert after insert on public.client_addresses
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.client_addresses
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.client_addresses
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0860_client_selection.sql
-- A selection is a query, not a list of ids: a filter with some rows taken out, or some rows picked
-- by hand. Whatever is done to a selection is done to what this reads.
create function private.read_selection(tenant_id uuid, selection jsonb)
returns private.client_filter
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- More than anybody ticks; more than these is a filter.
    c_max_ids constant int := 10000;
    v_filter private.client_filter;
    v_ids jsonb := coalesce(selection -> 'ids', selection -> 'except', '[]');
begin
    if jsonb_typeof(selection) is distinct from 'object'
        or (selection ? 'filter') = (selection ? 'ids')
        or selection ? 'ids' and selection ? 'except'
        or selection - '{filter,except,ids}'::text[] <> '{}'
        or jsonb_typeof(v_ids) <> 'array'
        or jsonb_array_length(v_ids) > c_max_ids
        or exists (
            select from jsonb_array_elements_text(v_ids) as given (id)
            where given.id is null or not pg_input_is_valid(given.id, 'uuid')
        )
    then
        raise exception 'selection_invalid' using errcode = 'PT400',
            detail = '{"filter": {…}, "except": [ids]} or {"ids": [ids]}, 10000 ids at most';
    end if;
    v_filter := private.read_client_filter(tenant_id, coalesce(selection -> 'filter', '{}'));
    if selection ? 'ids' then
        v_filter.is_all := false;
        v_filter.ids := array(select jsonb_array_elements_text(v_ids))::uuid[];
    elsif v_ids <> '[]' then
        v_filter.except_ids := array(select jsonb_array_elements_text(v_ids))::uuid[];
    end if;
    return private.weigh_search(v_filter);
end;
$$;

-- How to count what a condition selects: all of it while that takes some milliseconds, else a
-- sample. Ids are random, so the first ones in their order are a fair sample of a tenant: of every
-- mix of filters, which the planner's statistics of single columns are not. (Whatever asks the
-- planner has to be volatile, though it changes nothing.)
create function private.sample_scale(filter private.client_filter, condition text, countable bigint)
returns double precision
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_clients bigint := (private.portfolio_of((filter).tenant_id)).clients;
    v_plan json;
begin
    if v_clients <= private.sample_size() or (filter).ids is not null then
        return null;
    end if;
    execute 'explain (format json) select from public.clients where ' || condition
    into v_plan using filter;
    return case when (v_plan -> 0 -> 'Plan' ->> 'Plan Rows')::double precision > countable
        then v_clients::double precision / private.sample_size() end;
end;
$$;
comment on function private.sample_scale(private.client_filter, text, bigint) is
'Null: count every row. Else count in the sample and multiply by this.';

create function private.sample_size() returns int
language sql
immutable
set search_path = ''
-- A share of one in ten is then known to two in a hundred of itself, nineteen times of twenty to
-- four; reading them takes some ten milliseconds.
as $$ select 20000 $$;

create function private.client_source(scale double precision) returns text
language sql
immutable
set search_path = ''
as $$
    select case when scale is null then 'public.clients' else
        '(select sampled.* from public.clients as sampled
          where sampled.tenant_id = ($1).tenant_id
          order by sampled.id limit ' || private.sample_size() || ') as clients'
    end
$$;

create function private.selection_totals(selection jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
declare
    -- Summing them reads as many rows: below a tenth of a second.
    c_countable constant bigint := 50000;
    v_filter private.client_filter :=
        private.read_selection(private.require_role('operator'), selection);
    v_condition text;
    v_scale double precision;
    v_sum record;
    v_whole record;
begin
    if v_filter.is_all then
        -- The whole portfolio has a counter; what is taken out of it is a list.
        v_whole := private.portfolio_of(v_filter.tenant_id);
        v_filter.ids := coalesce(v_filter.except_ids, '{}');
        v_filter.except_ids := null;
    end if;
    v_condition := private.client_condition(v_filter);
    v_scale := private.sample_scale(v_filter, v_condition, c_countable);
    execute 'select count(*) as clients, coalesce(sum(clients.open_debts), 0) as debts,
            coalesce(sum(clients.open_cents), 0) as open_cents
        from ' || private.client_source(v_scale) || ' where ' || v_condition
    into v_sum using v_filter;
    if v_filter.is_all then
        return jsonb_build_object(
            'clients', v_whole.clients - v_sum.clients,
            'debts', v_whole.open_debts - v_sum.debts,
            'open_cents', v_whole.open_cents - v_sum.open_cents, 'is_estimate', false
        );
    end if;
    return jsonb_build_object(
        'clients', round(v_sum.clients * coalesce(v_scale, 1)),
        'debts', round(v_sum.debts * coalesce(v_scale, 1)),
        'open_cents', round(v_sum.open_cents * coalesce(v_scale, 1)),
        'is_estimate', v_scale is not null
    );
end;
$$;

create function public.selection_totals(selection jsonb) returns jsonb
language sql
set search_path = ''
as $$ select private.selection_totals(selection) $$;
comment on function public.selection_totals(jsonb) is
'{clients, debts, open_cents, is_estimate} of a selection.';

grant execute on function
private.selection_totals(jsonb), public.selection_totals(jsonb) to authenticated;

-- 0862_filter_counts.sql
-- How many clients each value of a filter would leave: a facet counts what matches all the *other*
-- keys, so that the value chosen now can be exchanged for its neighbour. Small sets are counted,
-- large ones sampled; the answer says which.
create function private.facet_value(facet text) returns text
language sql
immutable
set search_path = ''
as $$
    select case facet
        when 'status' then 'clients.debt_status::text'
        when 'uf' then 'coalesce(clients.uf, '''')'
        when 'aging' then '(
            select bands.band from private.aging_bands() as bands
            where $2::date - clients.oldest_due_on
                between coalesce(bands.days_from, -1000000) and coalesce(bands.days_to, 1000000)
        )'
        when 'creditor_id' then 'unnest(clients.creditor_ids)::text'
        when 'has_phone' then 'clients.has_phone::text'
        when 'has_whatsapp' then 'coalesce(clients.has_whatsapp::text, ''unknown'')'
        when 'assigned_to' then 'coalesce(given.user_id::text, ''none'')'
        when 'last_disposition' then 'contact.last_disposition_type'
        when 'last_contact' then
            'case when contact.last_contact_at is null then ''never'' else ''ever'' end'
        when 'opted_out' then
            'coalesce(greatest(contact.call_blocked_until, contact.whatsapp_blocked_until)
                > ($1).now_at, false)::text'
        when 'tag_id' then 'worn.tag_id::text'
        when 'agreement' then 'unnest(held.words)'
    end
$$;

create function private.filter_counts(filter jsonb, facets text[]) returns jsonb
language plpgsql
security definer
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
declare
    c_all constant text[] := '{status,uf,aging,creditor_id,last_disposition,last_contact,
        has_whatsapp,has_phone,opted_out,agreement,tag_id,assigned_to}';
    -- Grouping costs more than summing.
    c_countable constant bigint := 20000;
    v_tenant_id uuid := private.require_role('operator');
    v_given jsonb := coalesce(filter, '{}');
    v_facet text;
    v_filter private.client_filter;
    v_condition text;
    v_scale double precision;
    v_is_estimate boolean := false;
    v_counts jsonb;
    v_answer jsonb := '{}';
begin
    foreach v_facet in array coalesce(facets, c_all) loop
        if v_facet is null or v_facet <> all(c_all) then
            raise exception 'unknown_facet' using errcode = 'PT400',
                detail = coalesce(v_facet, '');
        end if;
        v_filter := private.weigh_search(
            private.read_client_filter(v_tenant_id, v_given - v_facet)
        );
        v_condition := private.client_condition(v_filter);
        v_scale := private.sample_scale(v_filter, v_condition, c_countable);
        execute 'select coalesce(jsonb_object_agg(counted.value, counted.clients), ''{}'')
            from (
                select listed.value, round(count(*) * $3) as clients
                from (
                    select ' || private.facet_value(v_facet) || ' as value
                    from ' || private.client_source(v_scale) || case
                        when v_facet in ('last_disposition', 'last_contact', 'opted_out') then '
                            left join private.client_contacts as contact
                                on contact.tenant_id = ($1).tenant_id
                                and contact.client_id = clients.id'
                        when v_facet = 'assigned_to' then '
                            left join public.client_assignments as given
                                on given.tenant_id = ($1).tenant_id
                                and given.client_id = clients.id'
                        when v_facet = 'tag_id' then '
                            join public.client_tags as worn
                                on worn.tenant_id = ($1).tenant_id and worn.client_id = clients.id'
                        when v_facet = 'agreement' then '
                            cross join lateral (
                                select array_agg(distinct agreement.status::text) || case
                                    when bool_or(private.is_living(agreement.status))
                                    then ''{living}''::text[] else ''{}'' end || case
                                    when bool_or(private.is_under_way(agreement.status)) is not true
                                    then ''{none}''::text[] else ''{}'' end as words
                                from public.agreements as agreement
                                where agreement.tenant_id = ($1).tenant_id
                                  and agreement.client_id = clients.id
                            ) as held'
                        else '' end || '
                    where ' || v_condition || '
                ) as listed
                where listed.value is not null
                group by listed.value
            ) as counted'
        into v_counts
        using v_filter, private.today(v_tenant_id), coalesce(v_scale, 1);
        v_is_estimate := v_is_estimate or v_scale is not null;
        v_answer := v_answer || jsonb_build_object(v_facet, v_counts);
    end loop;
    return jsonb_build_object('is_estimate', v_is_estimate, 'facets', v_answer);
end;
$$;

-- What the filter panel offers, in one call.
create function private.filter_options() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- An import further back is found by its page, not by a menu.
    c_imports constant int := 50;
    v_tenant_id uuid := private.require_role('operator');
begin
    return jsonb_build_object(
        'creditors', (
            select coalesce(jsonb_agg(jsonb_build_object('id', creditors.id, 'name', creditors.name)
                order by creditors.name_key), '[]')
            from public.creditors where creditors.tenant_id = v_tenant_id
        ),
        'tags', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', tags.id, 'name', tags.name, 'color', tags.color
            ) order by tags.name_key), '[]')
            from public.tags where tags.tenant_id = v_tenant_id
        ),
        'members', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'user_id', people.user_id, 'name', people.display_name, 'role', people.role
            ) order by people.display_name), '[]')
            from public.memberships as people
            where people.tenant_id = v_tenant_id and people.revoked_at is null
        ),
        'dispositions', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'key', types.key, 'label', types.label, 'color', types.color
            ) order by types.position, types.key), '[]')
            from public.disposition_types as types where types.tenant_id = v_tenant_id
        ),
        'imports', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', newest.id, 'file_name', newest.file_name, 'created_at', newest.created_at
            ) order by newest.created_at desc), '[]')
            from (
                select imports.* from public.imports
                where imports.tenant_id = v_tenant_id and imports.status = 'done'
                order by imports.created_at desc, imports.id desc
                limit c_imports
            ) as newest
        ),
        'ufs', to_jsonb(private.ufs()),
        'agings', (select jsonb_agg(bands.band) from private.aging_bands() as bands),
        'agreements', to_jsonb(private.agreement_words())
    );
end;
$$;

create function private.ufs() returns text[]
language sql
immutable
set search_path = ''
as $$
    select '{AC,AL,AM,AP,BA,CE,DF,ES,GO,MA,MG,MS,MT,PA,PB,PE,PI,PR,RJ,RN,RO,RR,RS,SC,SE,SP,TO}'
        ::text[]
$$;

create function public.filter_counts(filter jsonb default '{}', facets text[] default null)
returns jsonb
language sql
set search_path = ''
as $$ select private.filter_counts(filter, facets) $$;
comment on function public.filter_counts(jsonb, text[]) is
'{is_estimate, facets: {<facet>: {<value>: clients}}}; null = all facets.';

create function public.filter_options() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.filter_options() $$;

grant execute on function
private.filter_counts(jsonb, text[]), public.filter_counts(jsonb, text[]),
private.filter_options(), public.filter_options()
to authenticated;

-- 0864_segments.sql
-- A filter somebody named, to come back to it. Private unless shared; sharing puts words before the
-- whole team and is a supervisor's. What is stored is checked as a list would check it: a segment
-- can never hold a filter that is not understood.
create function private.is_client_list(tenant_id uuid, filter jsonb, sort text) returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    perform private.read_client_filter(tenant_id, filter), private.read_client_sort(sort);
    return true;
end;
$$;
comment on function private.is_client_list(uuid, jsonb, text) is
'True, or the list''s own refusal: unknown_filter, filter_invalid, sort_invalid.';
-- Asked by the table's constraint in the name of whoever writes.
grant execute on function private.is_client_list(uuid, jsonb, text) to authenticated;

create table public.segments (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    owner_id uuid not null default auth.uid(),
    name text not null,
    filter jsonb not null,
    sort text not null default '-open_cents',
    is_shared boolean not null default false,
    created_at timestamptz not null default private.now(),
    updated_at timestamptz not null default private.now(),
    constraint segments_pkey primary key (id),
    constraint segments_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint segments_owner_fkey foreign key (owner_id) references auth.users (id)
    on delete cascade,
    constraint segments_name_is_unique unique (tenant_id, owner_id, name),
    constraint segments_name_is_filled check (btrim(name) <> ''),
    -- One line of a menu.
    constraint segments_name_is_short check (length(name) <= 80),
    constraint segments_filter_is_known check (private.is_client_list(tenant_id, filter, sort))
);
comment on table public.segments is 'Saved filters of the carteira, private or shared.';

create index segments_of_owner on public.segments (owner_id);

alter table public.segments enable row level security;
alter table public.segments force row level security;

create policy segments_select_own_or_shared on public.segments for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and (is_shared or owner_id = (select auth.uid()))
);

create policy segments_insert_own on public.segments for insert to authenticated
with check (
    tenant_id = (select private.tenant_id()) and owner_id = (select auth.uid())
    and (not is_shared or (select private.has_role('supervisor')))
);

create policy segments_update_own on public.segments for update to authenticated
using (tenant_id = (select private.tenant_id()) and owner_id = (select auth.uid()))
with check (
    tenant_id = (select private.tenant_id()) and owner_id = (select auth.uid())
    and (not is_shared or (select private.has_role('supervisor')))
);

-- What everybody sees, an admin can clear away.
create policy segments_delete_own_or_shared on public.segments for delete to authenticated
using (
    tenant_id = (select private.tenant_id())
    and (owner_id = (select auth.uid()) or (is_shared and (select private.has_role('admin'))))
);

grant select, delete on public.segments to authenticated;
grant insert (id, tenant_id, name, filter, sort, is_shared) on public.segments to authenticated;
grant update (name, filter, sort, is_shared) on public.segments to authenticated;

create trigger _100_touch_updated_at before update on public.segments
for each row execute function private.tg_touch_updated_at();

create trigger _900_audit_insert after insert on public.segments
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.segments
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.segments
referencing old table as old_rows for each statement execute function private.tg_audit();

-- 0866_bulk_eligibility.sql
-- Before anything is done to a selection: how many can it be done to, and why not to the others.
-- A preview: whoever sends asks again for each message, at the moment of sending.
create function private.closed_ufs(tenant_id uuid, at timestamptz)
returns table (uf text, opens_at timestamptz)
language sql
stable
security definer
set search_path = ''
as $$
    -- '' stands for clients whose state nobody knows.
    select states.uf, opening.opens_at
    from unnest(private.ufs() || ''::text) as states (uf)
    cross join lateral (
        select min(hours.opens_at) filter (where hours.closes_at > at) as opens_at
        from private.contact_hours_in(closed_ufs.tenant_id, nullif(states.uf, ''), at, 15) as hours
    ) as opening
    where opening.opens_at > at or opening.opens_at is null
$$;

-- The first reason that holds, as SQL; 'eligible' when none does. $2: closed states.
create function private.exclusion_reason(action text) returns text
language sql
immutable
set search_path = ''
as $$
    select case when action in ('assign', 'tag', 'export') then '''eligible''' else
        replace(replace(replace(replace($sql$case
            -- Few are marked; only they are asked number by number.
            when contact.$blocked > ($1).now_at and not exists (
                select from public.client_phones as phones
                where phones.tenant_id = ($1).tenant_id and phones.client_id = clients.id
                  and not private.is_suppressed(
                      ($1).tenant_id, clients.id, phones.phone, '$channel', ($1).now_at
                  )
            ) then 'opted_out'
            when $kept then 'agreement_running'
            -- Titles of a broken promise are still locked in it, and owed.
            when clients.open_debts = 0 and not $living then 'nothing_owed'
            when not clients.has_phone then 'no_phone'
            $reachable
            when coalesce(clients.uf, '') = any($2) then 'outside_hours'
            else 'eligible'
        end$sql$, '$blocked', case action
            when 'dialer' then 'call_blocked_until' else 'whatsapp_blocked_until' end
        ), '$channel', case action when 'dialer' then 'call' else 'whatsapp' end
        ), '$kept', private.has_agreement('private.is_kept(agreement.status)')
        ), '$living', private.has_agreement('private.is_living(agreement.status)'))
    end
$$;

create function private.bulk_eligibility(selection jsonb, action text) returns jsonb
language plpgsql
security definer
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
declare
    -- Each row asks for its mobiles and its agreements: dearer than summing.
    c_countable constant bigint := 20000;
    c_mobile constant text := $sql$
        when clients.has_whatsapp is false or not exists (
            select from public.client_phones as mobiles
            where mobiles.tenant_id = ($1).tenant_id and mobiles.client_id = clients.id
              and mobiles.kind = 'mobile' and mobiles.has_whatsapp is not false
        ) then 'no_whatsapp'$sql$;
    v_filter private.client_filter :=
        private.read_selection(private.require_role('operator'), selection);
    v_condition text := private.client_condition(v_filter);
    v_scale double precision := private.sample_scale(v_filter, v_condition, c_countable);
    v_closed text[];
    v_opens_at timestamptz;
    v_counts jsonb;
begin
    if action is null or action not in ('dialer', 'whatsapp', 'assign', 'tag', 'export') then
        raise exception 'action_unknown' using errcode = 'PT400', detail = coalesce(action, '');
    end if;
    if action in ('dialer', 'whatsapp') then
        select array_agg(closed.uf), min(closed.opens_at) into v_closed, v_opens_at
        from private.closed_ufs(v_filter.tenant_id, v_filter.now_at) as closed;
    end if;
    execute 'select coalesce(jsonb_object_agg(counted.reason, counted.clients), ''{}'')
        from (
            select listed.reason, round(count(*) * $3)::bigint as clients
            from (
                select ' || replace(
                    private.exclusion_reason(action), '$reachable',
                    case action when 'whatsapp' then c_mobile else '' end
                ) || ' as reason
                from ' || private.client_source(v_scale) || '
                left join private.client_contacts as contact
                    on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
                where ' || v_condition || '
            ) as listed
            group by listed.reason
        ) as counted'
    into v_counts
    using v_filter, coalesce(v_closed, '{}'), coalesce(v_scale, 1);
    return jsonb_build_object(
        'action', action,
        'selected', (
            select coalesce(sum(entry.value::bigint), 0) from jsonb_each_text(v_counts) as entry
        ),
        'eligible', coalesce((v_counts ->> 'eligible')::bigint, 0),
        'is_estimate', v_scale is not null,
        'excluded', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'reason', entry.key, 'count', entry.value::bigint
            ) order by entry.value::bigint desc, entry.key), '[]')
            from jsonb_each_text(v_counts) as entry
            where entry.key <> 'eligible'
        ),
        'next_allowed_at', case when v_counts ? 'outside_hours' then v_opens_at end
    );
end;
$$;

create function public.bulk_eligibility(selection jsonb, action text) returns jsonb
language sql
set search_path = ''
as $$ select private.bulk_eligibility(selection, action) $$;
comment on function public.bulk_eligibility(jsonb, text) is
'{action, selected, eligible, is_estimate, excluded: [{reason, count}], next_allowed_at}; actions:
dialer whatsapp assign tag export.';

grant execute on function
private.bulk_eligibility(jsonb, text), public.bulk_eligibility(jsonb, text) to authenticated;

-- 0867_bulk_actions.sql
-- What is done to a whole selection in one statement, and told by one line of the audit.
create function private.bulk_assign(selection jsonb, user_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_filter private.client_filter := private.read_selection(v_tenant_id, selection);
    v_audit_id bigint;
    v_outcome jsonb;
begin
    if user_id is not null and not exists (
        select from public.memberships
        where memberships.tenant_id = v_tenant_id
          and memberships.user_id = bulk_assign.user_id
          and memberships.revoked_at is null
    ) then
        raise exception 'member_not_found' using errcode = 'PT404',
            detail = 'nobody of this tenant has that id';
    end if;
    v_audit_id := private.begin_bulk(v_tenant_id, 'assign', selection);
    execute 'with selected as materialized (
            select clients.id from public.clients where '
            || private.client_condition(v_filter) || '
        ),
        changed as ('
            || case when user_id is null then '
            delete from public.client_assignments as given using selected
            where given.tenant_id = ($1).tenant_id and given.client_id = selected.id
            returning 1'
            else '
            insert into public.client_assignments as given
                (tenant_id, client_id, user_id, assigned_by, assigned_at)
            select ($1).tenant_id, selected.id, $2, $3, ($1).now_at from selected
            order by selected.id
            on conflict (tenant_id, client_id) do update
            set user_id = excluded.user_id, assigned_by = excluded.assigned_by,
                assigned_at = excluded.assigned_at
            where given.user_id <> excluded.user_id
            returning 1' end || '
        )
        select jsonb_build_object(
            ''selected'', (select count(*) from selected), ''changed'', (select count(*) from changed)
        )'
    into v_outcome using v_filter, user_id, auth.uid();
    perform private.end_bulk(v_audit_id, v_outcome || jsonb_build_object('assigned_to', user_id));
    return v_outcome;
end;
$$;

create function private.bulk_tag(selection jsonb, tag_id uuid, is_removal boolean) returns jsonb
language plpgsql
security definer
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_filter private.client_filter := private.read_selection(v_tenant_id, selection);
    v_audit_id bigint;
    v_outcome jsonb;
begin
    if not exists (
        select from public.tags
        where tags.tenant_id = v_tenant_id and tags.id = bulk_tag.tag_id
    ) then
        raise exception 'tag_not_found' using errcode = 'PT404', detail = 'no such tag here';
    end if;
    v_audit_id := private.begin_bulk(
        v_tenant_id, case when is_removal then 'untag' else 'tag' end, selection
    );
    execute 'with selected as materialized (
            select clients.id from public.clients where '
            || private.client_condition(v_filter) || '
        ),
        changed as ('
            || case when is_removal then '
            delete from public.client_tags as worn using selected
            where worn.tenant_id = ($1).tenant_id and worn.tag_id = $2
              and worn.client_id = selected.id
            returning 1'
            else '
            insert into public.client_tags (tenant_id, tag_id, client_id, created_by, created_at)
            select ($1).tenant_id, $2, selected.id, $3, ($1).now_at from selected
            order by selected.id
            on conflict do nothing
            returning 1' end || '
        )
        select jsonb_build_object(
            ''selected'', (select count(*) from selected), ''changed'', (select count(*) from changed)
        )'
    into v_outcome using v_filter, tag_id, auth.uid();
    perform private.end_bulk(v_audit_id, v_outcome || jsonb_build_object('tag_id', tag_id));
    return v_outcome;
end;
$$;

-- A selection may be the whole portfolio: these two may take longer than an answer for a screen.
create function public.bulk_assign(selection jsonb, user_id uuid) returns jsonb
language sql
set search_path = ''
set statement_timeout = '5min'
as $$ select private.bulk_assign(selection, user_id) $$;
comment on function public.bulk_assign(jsonb, uuid) is
'Supervisor: gives the selected clients to a member (null: to nobody) → {selected, changed}.';

create function public.bulk_tag(selection jsonb, tag_id uuid, remove boolean default false)
returns jsonb
language sql
set search_path = ''
set statement_timeout = '5min'
as $$ select private.bulk_tag(selection, tag_id, remove) $$;
comment on function public.bulk_tag(jsonb, uuid, boolean) is
'Supervisor: puts a tag on the selected clients or takes it off → {selected, changed}.';

grant execute on function
private.bulk_assign(jsonb, uuid), public.bulk_assign(jsonb, uuid),
private.bulk_tag(jsonb, uuid, boolean), public.bulk_tag(jsonb, uuid, boolean)
to authenticated;

-- 0868_open_export.sql
-- A spreadsheet of a selection, for people. The definer part only finds the ids (search operators
-- are not leakproof) and writes the audit; the rows are read by the caller, under RLS, with the
-- statement answered here: `copy (<statement>) to stdout` streams it, whatever its size.
create function private.open_export(selection jsonb) returns text
language plpgsql
security definer
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_filter private.client_filter := private.read_selection(v_tenant_id, selection);
    v_clients bigint;
begin
    drop table if exists pg_temp.export_clients;
    create temp table export_clients (
        place int, tenant_id uuid, client_id uuid
    ) on commit drop;
    grant select on pg_temp.export_clients to authenticated;
    execute 'insert into pg_temp.export_clients
        select row_number() over (order by clients.open_cents desc, clients.id desc),
            clients.tenant_id, clients.id
        from public.clients where ' || private.client_condition(v_filter)
    using v_filter;
    get diagnostics v_clients = row_count;
    analyze pg_temp.export_clients;
    -- For the statement that follows in this transaction: it sorts what may be the whole portfolio.
    perform set_config('jit', 'off', true), set_config('work_mem', '64MB', true);
    insert into public.audit_log
        (tenant_id, actor_id, actor, table_name, row_id, action, after)
    values (
        v_tenant_id, auth.uid(),
        coalesce((select users.email from auth.users where users.id = auth.uid()), session_user),
        'clients', 'export', 'export',
        jsonb_build_object('selection', selection, 'selected', v_clients)
    );
    return private.export_sql();
end;
$$;
comment on function private.open_export(jsonb) is
'Supervisor: the SELECT to COPY in this same transaction; the audit is written.';
grant execute on function private.open_export(jsonb) to authenticated;

-- A cell that a spreadsheet would run is made text by an apostrophe: after spaces, any of
-- = + - @ | % tab, carriage return and line feed. Documents and phones hold none of them (a phone's
-- plus is left out).
create function private.plain_cell(expression text) returns text
language sql
immutable
set search_path = ''
as $$
    select replace(
        'case when ascii(ltrim($cell)) = any (''{61,43,45,64,124,37,9,13,10}''::int[])
            then '''''''' || $cell else $cell end', '$cell', expression
    )
$$;

create function private.export_sql() returns text
language sql
immutable
set search_path = ''
as $$
    select $sql$
        select clients.document as "Documento",
            $sql$ || private.plain_cell('clients.name') || $sql$ as "Nome",
            $sql$ || private.plain_cell('clients.external_id') || $sql$ as "Código externo",
            $sql$ || private.plain_cell('clients.email') || $sql$ as "E-mail",
            phones.listed as "Telefones",
            clients.uf as "UF",
            $sql$ || private.plain_cell('owed.creditors') || $sql$ as "Credores",
            clients.open_debts as "Títulos em aberto",
            replace((clients.open_cents / 100.0)::numeric(20, 2)::text, '.', ',')
                as "Valor em aberto",
            to_char(clients.oldest_due_on, 'DD/MM/YYYY') as "Vencimento mais antigo",
            case clients.debt_status when 'open' then 'Em aberto'
                when 'in_agreement' then 'Em acordo' when 'on_hold' then 'Suspenso'
                when 'prescribed' then 'Prescrito' when 'settled' then 'Quitado'
                when 'returned' then 'Devolvido' end as "Situação",
            case when clients.has_whatsapp then 'Sim' when not clients.has_whatsapp then 'Não'
                else 'Não se sabe' end as "WhatsApp",
            $sql$ || private.plain_cell('worn.tags') || $sql$ as "Etiquetas",
            $sql$ || private.plain_cell('people.display_name') || $sql$ as "Responsável"
        from pg_temp.export_clients as listed
        -- One by one along the key: the planner cannot know whose tenant the policy means, and would
        -- read all of it.
        cross join lateral (
            select found.* from public.clients as found where found.id = listed.client_id offset 0
        ) as clients
        left join (
            select known.client_id,
                string_agg(ltrim(known.phone, '+'), ' / ' order by known.position, known.id) as listed
            from pg_temp.export_clients as asked
            cross join lateral (
                select numbers.* from public.client_phones as numbers
                where numbers.tenant_id = asked.tenant_id and numbers.client_id = asked.client_id
                offset 0
            ) as known
            group by known.client_id
        ) as phones on phones.client_id = listed.client_id
        left join lateral (
            select string_agg(creditors.name, ' / ' order by creditors.name) as creditors
            from public.creditors where creditors.id = any(clients.creditor_ids)
        ) as owed on true
        left join (
            select client_tags.client_id, string_agg(tags.name, ' / ' order by tags.name) as tags
            from pg_temp.export_clients as asked
            join public.client_tags
                on client_tags.tenant_id = asked.tenant_id
                and client_tags.client_id = asked.client_id
            join public.tags on tags.id = client_tags.tag_id
            group by client_tags.client_id
        ) as worn on worn.client_id = listed.client_id
        left join public.client_assignments as given
            on given.tenant_id = listed.tenant_id and given.client_id = listed.client_id
        left join lateral (
            select memberships.display_name from public.memberships
            where memberships.user_id = given.user_id
              and memberships.tenant_id = given.tenant_id
            order by memberships.created_at desc limit 1
        ) as people on true
        order by listed.place
    $sql$
$$;

-- 0870_client_profile.sql
-- The client's own page, /carteira/:cpf: everything of one document, across creditors, in one call.
create function private.client_facts(tenant_id uuid, client_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'has_phone', clients.has_phone, 'has_whatsapp', clients.has_whatsapp,
        'days_late', greatest(private.today(clients.tenant_id) - clients.oldest_due_on, 0),
        'last_contact_at', contact.last_contact_at,
        'opted_out', coalesce(
            greatest(contact.call_blocked_until, contact.whatsapp_blocked_until) > private.now(),
            false
        ),
        'assigned_to', (
            select jsonb_build_object(
                'user_id', given.user_id, 'name', private.actor_name(given.tenant_id, given.user_id),
                'since', given.assigned_at
            )
            from public.client_assignments as given
            where given.tenant_id = clients.tenant_id and given.client_id = clients.id
        ),
        'tags', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', tags.id, 'name', tags.name, 'color', tags.color
            ) order by tags.name_key), '[]')
            from public.client_tags as worn
            join public.tags on tags.tenant_id = worn.tenant_id and tags.id = worn.tag_id
            where worn.tenant_id = clients.tenant_id and worn.client_id = clients.id
        )
    )
    from public.clients
    left join private.client_contacts as contact
        on contact.tenant_id = clients.tenant_id and contact.client_id = clients.id
    where clients.tenant_id = client_facts.tenant_id and clients.id = client_facts.client_id
$$;

-- What messages taught about each number. Calls name the client, not the number, so that a report
-- of a wrong contact is told of the client (below).
create function private.phone_health(tenant_id uuid, client_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', known.id, 'phone', known.phone, 'kind', known.kind,
        'has_whatsapp', known.has_whatsapp,
        'opted_out', private.is_suppressed(
            known.tenant_id, known.client_id, known.phone, 'call', private.now()
        ) or private.is_suppressed(
            known.tenant_id, known.client_id, known.phone, 'whatsapp', private.now()
        ),
        'last_reply_at', told.last_reply_at, 'last_read_at', told.last_read_at,
        'last_delivered_at', told.last_delivered_at,
        'last_failure', case when told.failed_at is not null then
            jsonb_build_object('code', told.error_code, 'at', told.failed_at) end
    ) order by known.position, known.id), '[]')
    from public.client_phones as known
    left join lateral (
        select max(message.created_at) filter (where message.direction = 'in') as last_reply_at,
            max(message.read_at) as last_read_at, max(message.delivered_at) as last_delivered_at,
            max(message.failed_at) as failed_at,
            (array_agg(message.error_code order by message.failed_at desc)
             filter (where message.failed_at is not null))[1] as error_code
        from (
            -- What a number said two hundred messages ago says nothing of it today.
            select recent.* from public.message_logs as recent
            where recent.tenant_id = known.tenant_id and recent.client_id = known.client_id
            order by recent.created_at desc, recent.id desc
            limit 200
        ) as message
        where private.phone_match(message.phone) = private.phone_match(known.phone)
    ) as told on true
    where known.tenant_id = phone_health.tenant_id and known.client_id = phone_health.client_id
$$;

create function private.client_profile(document text) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_client_id uuid;
    v_card jsonb;
begin
    select clients.id into v_client_id
    from public.clients
    where clients.tenant_id = v_tenant_id
      and clients.document = regexp_replace(upper(client_profile.document), '[^0-9A-Z]', '', 'g');
    if not found then
        raise exception 'client_not_found' using errcode = 'PT404',
            detail = 'no such client in the tenant';
    end if;
    v_card := private.client_card(v_tenant_id, v_client_id);
    return v_card || jsonb_build_object(
        'client', v_card -> 'client' || private.client_facts(v_tenant_id, v_client_id),
        'totals', jsonb_build_object(
            'open_cents', v_card -> 'client' -> 'open_cents',
            'open_debts', v_card -> 'client' -> 'open_debts',
            'oldest_due_on', v_card -> 'client' -> 'oldest_due_on'
        ),
        'phones', private.phone_health(v_tenant_id, v_client_id),
        'wrong_contact', (
            select jsonb_build_object('reports', count(*), 'last_at', max(call.created_at))
            from public.call_dispositions as call
            join public.disposition_types as types
                on types.tenant_id = call.tenant_id and types.key = call.disposition_type
                and types.unworkable
            where call.tenant_id = v_tenant_id and call.client_id = v_client_id
        ),
        'addresses', (
            select coalesce(jsonb_agg(
                to_jsonb(known) - 'tenant_id' - 'client_id' order by known.created_at desc, known.id
            ), '[]')
            from public.client_addresses as known
            where known.tenant_id = v_tenant_id and known.client_id = v_client_id
        ),
        'callbacks', private.client_callbacks(v_tenant_id, v_client_id),
        'contact', (
            select jsonb_build_object(
                'allowed', decision.allowed, 'next_allowed_at', decision.next_allowed_at,
                'reason', decision.reason
            )
            from private.contact_decision(
                v_tenant_id, v_client_id, 'call', private.now()
            ) as decision
        ),
        'timeline', private.client_timeline(v_client_id, null, 50)
    ) || private.client_money(v_tenant_id, v_client_id);
end;
$$;

create function public.client_profile(document text) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.client_profile(document) $$;
comment on function public.client_profile(text) is
'{client, phones, debts, creditors, open_cents, totals, wrong_contact, addresses, agreements,
payments, callbacks, contact, timeline} of a document, punctuation allowed.';

grant execute on function private.client_profile(text), public.client_profile(text)
to authenticated;

-- 0872_update_client.sql
-- A person mends what the file had wrong. The caller's own rights and policies decide (supervisor);
-- the audit's trigger writes what was and what became.
create function public.update_client(id uuid, patch jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_key text;
    v_value jsonb;
    v_client public.clients;
begin
    if jsonb_typeof(patch) is distinct from 'object' then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'patch';
    end if;
    select clients.* into v_client from public.clients
    where clients.tenant_id = v_tenant_id and clients.id = update_client.id
    for update;
    if not found then
        raise exception 'client_not_found' using errcode = 'PT404',
            detail = 'no such client in the tenant';
    end if;
    for v_key, v_value in
        select entry.key, case when entry.value = '""' then 'null' else entry.value end
        from jsonb_each(patch) as entry
    loop
        if v_key not in ('name', 'email', 'external_id', 'uf', 'extra') then
            raise exception 'field_unknown' using errcode = 'PT400', detail = v_key;
        end if;
        if jsonb_typeof(v_value) not in (
                case when v_key = 'extra' then 'object' else 'string' end,
                case when v_key in ('name', 'extra') then 'object' else 'null' end
            )
            or length(v_value #>> '{}') > (case when v_key = 'extra' then 10000 else 200 end)
            or v_key = 'name' and coalesce(btrim(v_value #>> '{}'), '') = ''
            or v_key = 'uf' and v_value #>> '{}' <> all(private.ufs())
            -- One @ with something around it; only a message that arrives proves an address.
            or v_key = 'email' and v_value #>> '{}' !~ '^[^@\s]+@[^@\s]+\.[^@\s]+$'
        then
            raise exception 'field_invalid' using errcode = 'PT400', detail = v_key;
        end if;
        case v_key
            when 'name' then v_client.name := btrim(v_value #>> '{}');
            when 'email' then v_client.email := lower(v_value #>> '{}');
            when 'external_id' then v_client.external_id := btrim(v_value #>> '{}');
            when 'uf' then v_client.uf := v_value #>> '{}';
            -- Key by key: two people who mend different fields do not undo each other.
            when 'extra' then v_client.extra := jsonb_strip_nulls(v_client.extra || v_value);
        end case;
    end loop;
    update public.clients
    set name = v_client.name, email = v_client.email, external_id = v_client.external_id,
        uf = v_client.uf, extra = v_client.extra
    where clients.tenant_id = v_tenant_id and clients.id = v_client.id;
    return private.client_profile(v_client.document) -> 'client';
end;
$$;
comment on function public.update_client(uuid, jsonb) is
'Supervisor: patch of name, email, external_id, uf, extra → the client as client_profile tells it.';
grant execute on function public.update_client(uuid, jsonb), private.ufs() to authenticated;

-- 0874_client_history.sql
-- Who changed a client, its phones, addresses and responsible: the audit log read for one client.
-- What files brought is not in it (0060); the timeline tells of those.

-- Serves the rows that a client had and has no more.
create index audit_log_of_clients_rows
on public.audit_log (tenant_id, (coalesce(after, before) ->> 'client_id'))
where table_name in ('client_addresses', 'client_phones') and action in ('insert', 'delete');

-- [{field, from, to}]: extra data key by key, or two people's columns would be one long line.
create function private.field_changes(before jsonb, after jsonb) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'field', part.prefix || key.name, 'from', part.was -> key.name,
        'to', part.became -> key.name
    ) order by part.prefix, key.name), '[]')
    from (
        values (coalesce(before, '{}') - 'extra', coalesce(after, '{}') - 'extra', ''),
        (
            case when jsonb_typeof(before -> 'extra') = 'object' then before -> 'extra'
                else '{}' end,
            case when jsonb_typeof(after -> 'extra') = 'object' then after -> 'extra'
                else '{}' end,
            'extra.'
        )
    ) as part (was, became, prefix)
    cross join lateral jsonb_object_keys(part.was || part.became) as key (name)
    where coalesce(part.was -> key.name, 'null') <> coalesce(part.became -> key.name, 'null')
$$;

create function private.client_history(client_id uuid, before_id bigint, page_size int)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('admin');
    v_size int := least(greatest(coalesce(page_size, 30), 1), c_max_page);
    v_items jsonb;
begin
    perform private.require_client(v_tenant_id, client_id);
    with rows as (
        select 'clients' as table_name, client_history.client_id::text as row_id
        union
        select 'client_assignments', client_history.client_id::text
        union
        select touched.table_name, touched.row_id
        from public.audit_log as touched
        where touched.tenant_id = v_tenant_id
          and touched.table_name in ('client_addresses', 'client_phones')
          and touched.action in ('insert', 'delete')
          and coalesce(touched.after, touched.before) ->> 'client_id'
              = client_history.client_id::text
        union
        select 'client_phones', known.id::text from public.client_phones as known
        where known.tenant_id = v_tenant_id and known.client_id = client_history.client_id
        union
        select 'client_addresses', known.id::text from public.client_addresses as known
        where known.tenant_id = v_tenant_id and known.client_id = client_history.client_id
    )
    select coalesce(jsonb_agg(found.item order by found.id desc), '[]') into v_items
    from (
        select told.id, jsonb_build_object(
            'id', told.id, 'at', told.created_at, 'table', told.table_name, 'action', told.action,
            'actor', coalesce(
                private.actor_name(told.tenant_id, told.actor_id),
                case when told.actor_id is not null then told.actor end
            ),
            'changes', private.field_changes(told.before, told.after)
        ) as item
        from rows
        join public.audit_log as told
            on told.tenant_id = v_tenant_id and told.table_name = rows.table_name
            and told.row_id = rows.row_id
        where told.id < coalesce(client_history.before_id, 9223372036854775807)
        order by told.id desc
        limit v_size + 1
    ) as found;
    return jsonb_build_object(
        'items', v_items - v_size,
        'next', case when jsonb_array_length(v_items) > v_size
            then v_items -> (v_size - 1) -> 'id' end
    );
end;
$$;

create function public.client_history(
    client_id uuid, before_id bigint default null, page_size int default 30
) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.client_history(client_id, before_id, page_size) $$;
comment on function public.client_history(uuid, bigint, int) is
'Admin: {items: [{id, at, actor | null, table, action, changes: [{field, from, to}]}], next};
extra data as extra.<key>; newest first. PT404 client_not_found.';

grant execute on function
private.client_history(uuid, bigint, int), public.client_history(uuid, bigint, int)
to authenticated;

-- 0876_download_tickets.sql
-- A large file goes to disk only by a plain link, and a link cannot say who asks: a session's token
-- must not stand in an address, where logs and histories keep it. The page therefore asks for a
-- ticket: one download of one thing, in the name of one person of one tenant, within a minute.
create table private.download_tickets (
    -- SHA-256 of 256 random bits: no slow hash is needed, and the table opens nothing.
    secret_hash text not null,
    tenant_id uuid not null,
    user_id uuid not null,
    purpose text not null,
    arguments jsonb not null,
    expires_at timestamptz not null,
    constraint download_tickets_pkey primary key (secret_hash),
    constraint download_tickets_purpose_is_known check (
        purpose in ('portfolio-export', 'portfolio-rejects')
    )
);
comment on table private.download_tickets is 'One-time links to downloads; only hashes are kept.';

create index download_tickets_by_end on private.download_tickets (expires_at);

alter table private.download_tickets enable row level security;
alter table private.download_tickets force row level security;

create function private.open_download(purpose text, arguments jsonb) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- The page follows the link at once.
    c_lifetime constant interval := '1 minute';
    v_tenant_id uuid := private.require_role('supervisor');
    v_secret text := encode(extensions.gen_random_bytes(32), 'hex');
begin
    -- What would be refused is refused here, where the page can say why.
    case purpose
        when 'portfolio-export' then
            perform private.read_selection(v_tenant_id, arguments -> 'selection');
        when 'portfolio-rejects' then
            perform from public.imports
            where imports.tenant_id = v_tenant_id and imports.id::text = arguments ->> 'import_id';
            if not found then
                raise exception 'import_not_found' using errcode = 'PT404',
                    detail = 'no such import in the tenant';
            end if;
        else
            raise exception 'download_unknown' using errcode = 'PT400',
                detail = coalesce(purpose, '');
    end case;
    delete from private.download_tickets as old where old.expires_at < private.now();
    insert into private.download_tickets (
        secret_hash, tenant_id, user_id, purpose, arguments, expires_at
    )
    values (
        private.hash_api_key(v_secret), v_tenant_id, auth.uid(), purpose, arguments,
        private.now() + c_lifetime
    );
    return v_secret;
end;
$$;

create function public.open_download(purpose text, arguments jsonb) returns text
language sql
set search_path = ''
as $$ select private.open_download(purpose, arguments) $$;
comment on function public.open_download(text, jsonb) is
'Supervisor: a ticket for one GET /functions/v1/<purpose>?ticket=… within a minute. portfolio-export
{selection}, portfolio-rejects {import_id, format?}. PT400 download_unknown, PT404 import_not_found.';

-- Once: two who come with the same ticket wait for each other, and the second finds none. For the
-- functions' login only; the download itself runs as the person, whose rights may have ended since.
create function private.use_download(ticket text, purpose text)
returns table (tenant_id uuid, user_id uuid, email text, arguments jsonb)
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    with used as (
        delete from private.download_tickets as given
        where given.secret_hash = private.hash_api_key(use_download.ticket)
          and given.purpose = use_download.purpose
          and given.expires_at > private.now()
        returning given.*
    )
    select used.tenant_id, used.user_id, users.email::text, used.arguments
    from used join auth.users on users.id = used.user_id;
    if not found then
        raise exception 'ticket_used' using errcode = 'PT410',
            detail = 'unknown, used or older than a minute';
    end if;
end;
$$;
grant execute on function private.use_download(text, text) to webhook;
grant execute on function
private.open_download(text, jsonb), public.open_download(text, jsonb)
to authenticated;

-- 0880_api_keys.sql
-- A key with which a tenant's own program sends portfolios. Shown once, stored as its SHA-256 (the
-- key is 256 random bits, so no slow hash is needed). It acts with the rights of the person who
-- made it and dies with their membership.
create table public.api_keys (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    name text not null,
    -- Enough to tell keys apart in a list, too little to guess one.
    prefix text not null,
    key_hash text not null,
    created_by uuid not null,
    created_at timestamptz not null default private.now(),
    last_used_at timestamptz,
    revoked_at timestamptz,
    constraint api_keys_pkey primary key (id),
    constraint api_keys_tenant_id_key unique (tenant_id, id),
    constraint api_keys_key_hash_is_unique unique (key_hash),
    constraint api_keys_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint api_keys_created_by_fkey foreign key (created_by) references auth.users (id)
    on delete cascade,
    constraint api_keys_name_has_length check (length(btrim(name)) between 1 and 80)
);
comment on table public.api_keys is 'Keys of programs; only the hash is kept.';

create index api_keys_of_tenant on public.api_keys (tenant_id, created_at desc, id desc);
create index api_keys_of_author on public.api_keys (created_by);

alter table public.imports add constraint imports_api_key_fkey
foreign key (tenant_id, api_key_id) references public.api_keys (tenant_id, id);
create index imports_of_api_key on public.imports (tenant_id, api_key_id)
where api_key_id is not null;

alter table public.api_keys enable row level security;
alter table public.api_keys force row level security;

create policy api_keys_select_admin on public.api_keys for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

-- Not the hash: nobody needs it, and who has none can try no keys against it.
grant select (id, tenant_id, name, prefix, created_by, created_at, last_used_at, revoked_at)
on public.api_keys to authenticated;

create trigger _900_audit_insert after insert on public.api_keys
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.api_keys
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit('last_used_at');
create trigger _900_audit_delete after delete on public.api_keys
referencing old table as old_rows for each statement execute function private.tg_audit();

create function private.hash_api_key(key text) returns text
language sql
immutable
set search_path = ''
as $$
    select encode(sha256(convert_to(key, 'UTF8')), 'hex')
$$;

create function private.create_api_key(name text) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('admin');
    v_key text := 'cbk_' || encode(extensions.gen_random_bytes(32), 'hex');
    v_row public.api_keys;
begin
    if coalesce(length(btrim(name)), 0) not between 1 and 80 then
        raise exception 'api_key_name_invalid' using errcode = 'PT400',
            detail = '1 to 80 characters that say which program uses the key';
    end if;
    insert into public.api_keys (tenant_id, name, prefix, key_hash, created_by)
    values (
        v_tenant, btrim(create_api_key.name), left(v_key, 10), private.hash_api_key(v_key),
        auth.uid()
    )
    returning * into v_row;
    return jsonb_build_object(
        'id', v_row.id, 'name', v_row.name, 'key', v_key, 'prefix', v_row.prefix
    );
end;
$$;

create function public.create_api_key(name text) returns jsonb
language sql
set search_path = ''
as $$ select private.create_api_key(name) $$;
comment on function public.create_api_key(text) is
'Admin: {id, name, key, prefix}; the key can never be read again.';

create function private.revoke_api_key(id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('admin');
begin
    update public.api_keys set revoked_at = coalesce(api_keys.revoked_at, private.now())
    where api_keys.id = revoke_api_key.id and api_keys.tenant_id = v_tenant;
    if not found then
        raise exception 'api_key_not_found' using errcode = 'PT404',
            detail = 'no such key in this tenant';
    end if;
end;
$$;

create function public.revoke_api_key(id uuid) returns void
language sql
set search_path = ''
as $$ select private.revoke_api_key(id) $$;
comment on function public.revoke_api_key(uuid) is 'Admin: the key opens nothing from now on.';

-- Who a key stands for. For the functions' login only, before any tenant is known.
create function private.use_api_key(key text)
returns table (api_key_id uuid, tenant_id uuid, user_id uuid, email text)
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    update public.api_keys set last_used_at = private.now()
    from public.memberships, auth.users
    where api_keys.key_hash = private.hash_api_key(use_api_key.key)
      and api_keys.revoked_at is null
      and memberships.tenant_id = api_keys.tenant_id
      and memberships.user_id = api_keys.created_by
      and memberships.revoked_at is null
      and users.id = api_keys.created_by
    returning api_keys.id, api_keys.tenant_id, api_keys.created_by, users.email::text;
    if not found then
        raise exception 'api_key_unknown' using errcode = 'PT401',
            detail = 'unknown or revoked, or its author has left the tenant';
    end if;
end;
$$;
grant execute on function private.use_api_key(text) to webhook;
grant execute on function
private.create_api_key(text), public.create_api_key(text),
private.revoke_api_key(uuid), public.revoke_api_key(uuid)
to authenticated;

-- 0882_import_mappings.sql
-- Which column of a creditor's file is which, once a person has said so.
create table public.import_mappings (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    -- Null for files that name the creditor in a column of their own: the headers then tell.
    creditor_id uuid,
    -- The file's column names, folded and joined: files with the same ones are the same report.
    header_key text not null,
    mapping jsonb not null,
    updated_by uuid,
    updated_at timestamptz not null default private.now(),
    constraint import_mappings_pkey primary key (id),
    constraint import_mappings_is_unique unique nulls not distinct
    (tenant_id, creditor_id, header_key),
    constraint import_mappings_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint import_mappings_creditor_fkey foreign key (tenant_id, creditor_id)
    references public.creditors (tenant_id, id) on delete cascade,
    constraint import_mappings_updated_by_fkey foreign key (updated_by)
    references auth.users (id) on delete set null,
    constraint import_mappings_mapping_is_object check (jsonb_typeof(mapping) = 'object'),
    -- 300 columns of 100 characters; a longer one is no header.
    constraint import_mappings_has_size check (
        length(header_key) <= 30000 and length(mapping::text) <= 60000
    )
);
comment on table public.import_mappings is 'Saved answers of the import wizard.';

create index import_mappings_of_creditor on public.import_mappings (tenant_id, creditor_id);
create index import_mappings_of_author on public.import_mappings (updated_by);

alter table public.import_mappings enable row level security;
alter table public.import_mappings force row level security;

create policy import_mappings_select_supervisor on public.import_mappings
for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

create policy import_mappings_delete_supervisor on public.import_mappings
for delete to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

-- Written by the import alone.
grant select, delete on public.import_mappings to authenticated;

create trigger _900_audit_insert after insert on public.import_mappings
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.import_mappings
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.import_mappings
referencing old table as old_rows for each statement execute function private.tg_audit();

-- By the import that succeeded with it, for its creditor if it was for one.
create function private.save_import_mapping(
    v_import public.imports, header_key text, mapping jsonb
) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.import_mappings as saved
        (tenant_id, creditor_id, header_key, mapping, updated_by)
    values (
        v_import.tenant_id, v_import.creditor_id, save_import_mapping.header_key,
        save_import_mapping.mapping, v_import.created_by
    )
    on conflict on constraint import_mappings_is_unique do update
    set mapping = excluded.mapping, updated_by = excluded.updated_by, updated_at = private.now()
    where saved.mapping <> excluded.mapping;
end;
$$;

-- The same creditor's own before anybody's with these headers.
create function private.saved_import_mapping(creditor_id uuid, header_key text) returns jsonb
language sql
stable
set search_path = ''
as $$
    select import_mappings.mapping
    from public.import_mappings
    where import_mappings.tenant_id = (select private.tenant_id())
      and (import_mappings.creditor_id = saved_import_mapping.creditor_id
           or import_mappings.header_key = saved_import_mapping.header_key
           and import_mappings.creditor_id is null)
    order by import_mappings.header_key = saved_import_mapping.header_key desc,
        import_mappings.creditor_id is null, import_mappings.updated_at desc
    limit 1
$$;
grant execute on function private.saved_import_mapping(uuid, text) to authenticated;

-- 0884_import_changes.sql
-- What an import did, so that it can be shown field by field and taken back: the ids it created
-- (many to a row; a million rows of them would cost as much as the import), and one row for each
-- row it changed, with the fields before and after. Created debts name their import themselves.
create table private.import_changes (
    id bigint generated always as identity,
    tenant_id uuid not null,
    import_id uuid not null,
    table_name text not null,
    created_ids uuid[],
    row_id uuid,
    before jsonb,
    after jsonb,
    constraint import_changes_pkey primary key (id),
    constraint import_changes_import_fkey foreign key (tenant_id, import_id)
    references public.imports (tenant_id, id) on delete cascade,
    constraint import_changes_is_one_kind check (
        (created_ids is null) = (row_id is not null)
        and (row_id is null) = (before is null) and (row_id is null) = (after is null)
    )
);
comment on table private.import_changes is 'Before- and after-images of one import.';
create index import_changes_of_import
on private.import_changes (tenant_id, import_id, table_name, row_id);

alter table private.import_changes enable row level security;
alter table private.import_changes force row level security;

-- Open debts of the file's creditors that no line names. A refused line names its debt as well; one
-- whose key cannot be read speaks for all debts of its person.
create function private.plan_absent_debts(tenant_id uuid, absent text) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    create temp table import_absent on commit drop as
    select debts.id as debt_id, plan_absent_debts.absent = 'return' as is_returned
    from public.debts
    where debts.tenant_id = plan_absent_debts.tenant_id
      and debts.status = 'open'
      and debts.creditor_id in (select import_creditors.creditor_id from pg_temp.import_creditors)
      and not exists (
          select from pg_temp.import_debts where import_debts.debt_id = debts.id
      )
      -- In an agreement that has yet to see its first payment.
      and not exists (
          select from public.agreement_debts as held
          where held.tenant_id = debts.tenant_id and held.debt_id = debts.id and held.is_live
      );
    if exists (select from pg_temp.import_absent) then
        delete from pg_temp.import_absent
        using public.debts
        where debts.id = import_absent.debt_id and debts.contract in (
            select refused.contract from pg_temp.import_rows as refused
            where refused.reason is not null
        );
        delete from pg_temp.import_absent
        using public.debts
        join public.clients on clients.id = debts.client_id
        where debts.id = import_absent.debt_id and clients.document in (
            select refused.document from pg_temp.import_rows as refused
            where refused.reason is not null and refused.contract is null
        );
    end if;
end;
$$;

-- {fields, rows}: how many values of each field changed, and the first changed rows.
create function private.list_import_differences(tenant_id uuid, import_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    with changed as (
        select changes.table_name, changes.row_id, changes.before - 'import_id' as before,
            changes.after - 'import_id' as after
        from private.import_changes as changes
        where changes.tenant_id = list_import_differences.tenant_id
          and changes.import_id = list_import_differences.import_id
          and changes.row_id is not null
    ),
    counted as (
        select changed.table_name || '.' || field.name as name, count(*) as changes
        from changed
        cross join jsonb_object_keys(changed.after) as field (name)
        group by 1
    ),
    listed as (
        select changed.table_name, clients.document, clients.name, debts.contract,
            debts.installment, changed.before, changed.after
        from changed
        left join public.debts on changed.table_name = 'debts' and debts.id = changed.row_id
        join public.clients on clients.id = coalesce(debts.client_id, changed.row_id)
        order by clients.document, changed.table_name, debts.contract, debts.installment
        limit 200  -- as many as a person looks through
    )
    select jsonb_build_object(
        'fields', (select coalesce(jsonb_object_agg(counted.name, counted.changes), '{}') from counted),
        'rows', coalesce(jsonb_agg(
            jsonb_build_object(
                'table', listed.table_name, 'document', listed.document, 'name', listed.name,
                'contract', listed.contract, 'installment', listed.installment,
                'changes', (
                    select jsonb_object_agg(
                        field.name,
                        jsonb_build_array(listed.before -> field.name, listed.after -> field.name)
                    )
                    from jsonb_object_keys(listed.after) as field (name)
                )
            )
            order by listed.document, listed.table_name, listed.contract, listed.installment
        ), '[]')
    )
    from listed
$$;

create function private.import_differences(import_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
begin
    return private.list_import_differences(v_tenant, import_id);
end;
$$;

create function public.import_differences(import_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.import_differences(import_id) $$;
comment on function public.import_differences(uuid) is
'Supervisor or admin: {fields: {"table.field": count}, rows: first 200 with before and after}.';
grant execute on function private.import_differences(uuid), public.import_differences(uuid)
to authenticated;

-- 0886_import_progress.sql
-- An import's row is committed before anything else, so that people can watch, wait for and cancel
-- it. Whether the process behind it still lives is told by a lock that dies with it: hold_import
-- takes it in a transaction that stays open beside the writing ones.
create function private.import_lock(import_id uuid) returns bigint
language sql
immutable
set search_path = ''
as $$
    select hashtextextended('import:' || import_id, 0)
$$;

-- A transaction that only holds locks beside the writing ones is idle for as long as they take.
create function private.stay_open() returns void
language sql
set search_path = ''
as $$
    select set_config('idle_in_transaction_session_timeout', '0', true)
$$;

create function private.hold_import(import_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.require_role('supervisor');
    perform private.stay_open();
    if not pg_try_advisory_xact_lock(private.import_lock(import_id)) then
        raise exception 'import_id_taken' using errcode = 'PT409',
            detail = 'an import with this id is running';
    end if;
end;
$$;

-- Null = go on; else {answer} of the import that had the same idempotency key, or {resume: its id}
-- when it was interrupted: whoever asks again continues it.
create function private.announce_import(
    import_id uuid, file_name text, file_sha256 text, source text,
    idempotency_key text, request_fingerprint text, api_key_id uuid
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_known public.imports;
begin
    perform private.mark_dead_imports(v_tenant);
    -- A key is given back by what failed, and by what was taken back: sending again means it.
    update public.imports set idempotency_key = null
    where imports.tenant_id = v_tenant
      and imports.idempotency_key = announce_import.idempotency_key
      and imports.status in ('failed', 'cancelled', 'rolled_back');
    insert into public.imports (
        id, tenant_id, file_name, file_sha256, source, idempotency_key, request_fingerprint,
        api_key_id, created_by, status
    )
    values (
        announce_import.import_id, v_tenant, announce_import.file_name,
        announce_import.file_sha256, announce_import.source, announce_import.idempotency_key,
        announce_import.request_fingerprint, announce_import.api_key_id, auth.uid(), 'queued'
    )
    on conflict do nothing;
    if found then
        return null;
    end if;
    select * into v_known from public.imports
    where imports.tenant_id = v_tenant
      and imports.idempotency_key = announce_import.idempotency_key;
    if v_known.id is null then
        raise exception 'import_id_taken' using errcode = 'PT409',
            detail = 'another import has this id';
    elsif v_known.request_fingerprint <> announce_import.request_fingerprint then
        raise exception 'idempotency_key_reused' using errcode = 'PT409',
            detail = 'the key was used for another body or other options';
    elsif v_known.status = 'interrupted' then
        return jsonb_build_object('resume', v_known.id);
    elsif v_known.answer is null then
        raise exception 'import_in_progress' using errcode = 'PT409',
            detail = v_known.id::text;
    end if;
    return jsonb_build_object('answer', v_known.answer);
end;
$$;

-- Answers whether somebody wants it to stop. While it writes, its chunks report (0452); a dry run,
-- whose chunks nobody else sees, reports here.
create function private.report_import(
    import_id uuid, phase text, rows_read int, rows_valid int, rows_written int, rows_total int
) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    -- Measured: to read and check a row costs a twentieth of planning and writing it.
    c_write_units constant int := 20;
    v_import public.imports;
    v_seconds float;
    v_done float;
    v_all float;
begin
    select * into v_import from public.imports
    where imports.id = report_import.import_id and imports.tenant_id = v_tenant
      and imports.created_by = auth.uid();
    if v_import.id is null or v_import.status not in ('queued', 'running')
        or v_import.cancel_requested_at is not null
    then
        return true;
    end if;
    v_seconds := extract(epoch from private.now() - v_import.started_at);
    v_done := report_import.rows_read + c_write_units * report_import.rows_written;
    v_all := report_import.rows_total * (1 + c_write_units);
    update public.imports
    set status = 'running', started_at = coalesce(imports.started_at, private.now()),
        phase = report_import.phase, rows_read = report_import.rows_read,
        rows_valid = report_import.rows_valid, rows_written = report_import.rows_written,
        rows_total = report_import.rows_total,
        rows_per_second = case when v_seconds > 0 then report_import.rows_read / v_seconds end,
        seconds_left = case when v_done > 0 then
            ceil(v_seconds * greatest(v_all - v_done, 0) / v_done) end
    where imports.id = v_import.id and imports.status in ('queued', 'running');
    return false;
end;
$$;

-- How it ended when it did not end well; a dry run leaves nothing behind.
create function private.end_import(import_id uuid, outcome text, error_code text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
begin
    if end_import.outcome = 'discarded' then
        delete from public.imports
        where imports.id = end_import.import_id and imports.tenant_id = v_tenant
          and imports.created_by = auth.uid() and imports.status in ('queued', 'running');
        return;
    end if;
    update public.imports
    set status = case when end_import.outcome = 'cancelled' then 'cancelled' else 'failed' end
            ::public.import_status,
        error_code = end_import.error_code, finished_at = private.now(), phase = null,
        seconds_left = null
    where imports.id = end_import.import_id and imports.tenant_id = v_tenant
      and imports.created_by = auth.uid() and imports.status in ('queued', 'running');
end;
$$;

-- The file's own cells of the refused lines, which only its reader knows.
create function private.open_reject_cells() returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    create temp table import_cells (line int not null, cells text [] not null) on commit drop;
    grant insert on pg_temp.import_cells to authenticated;
end;
$$;

create function private.keep_reject_cells(import_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if not exists (
        select from pg_catalog.pg_class
        where pg_class.oid = to_regclass('pg_temp.import_cells')
          and pg_class.relowner = current_user::regrole
    ) then
        raise exception 'import_not_open' using errcode = 'PT409',
            detail = 'call private.open_reject_cells in the same transaction first';
    end if;
    analyze pg_temp.import_cells;
    update public.import_rejects set cells = import_cells.cells
    from pg_temp.import_cells
    where import_rejects.tenant_id = private.require_role('supervisor')
      and import_rejects.import_id = keep_reject_cells.import_id
      and import_rejects.line = import_cells.line;
    drop table pg_temp.import_cells;
end;
$$;

-- Who died says nothing more: its lock is free. What was planned is interrupted and will be
-- continued; what was still being read wrote nothing and failed. Of one tenant, or of all (null).
create function private.mark_dead_imports(tenant_id uuid) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_dead int;
begin
    -- Materialized: the lock is tried for unfinished imports alone.
    with unfinished as materialized (
        select imports.id, plan.import_id is not null as is_planned
        from public.imports
        left join private.import_plans as plan on plan.import_id = imports.id
        where imports.status in ('queued', 'running')
          and (mark_dead_imports.tenant_id is null
               or imports.tenant_id = mark_dead_imports.tenant_id)
    )
    update public.imports
    set status = case when unfinished.is_planned then 'interrupted' else 'failed' end
            ::public.import_status,
        error_code = case when not unfinished.is_planned then 'process_died' end,
        finished_at = case when not unfinished.is_planned then private.now() end,
        phase = case when unfinished.is_planned then imports.phase end, seconds_left = null
    from unfinished
    where imports.id = unfinished.id
      and pg_try_advisory_xact_lock(private.import_lock(unfinished.id));
    get diagnostics v_dead = row_count;
    return v_dead;
end;
$$;

create function private.imports_alive() returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('operator');
    v_dead int := private.mark_dead_imports(v_tenant);
begin
    if v_dead > 0 and private.unfinished_import(v_tenant) is not null then
        perform private.wake_function('portfolio-resume');
    end if;
    return v_dead;
end;
$$;

create function public.imports_alive() returns int
language sql
set search_path = ''
as $$ select private.imports_alive() $$;
comment on function public.imports_alive() is
'Marks the tenant''s imports whose process died as interrupted, and has them continued, or as failed
(process_died) when they were still being read; answers how many.';

create function private.cancel_import(import_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_import public.imports;
begin
    select * into v_import from public.imports
    where imports.id = cancel_import.import_id and imports.tenant_id = v_tenant;
    if v_import.id is null then
        raise exception 'import_not_found' using errcode = 'PT404',
            detail = 'no such import in this tenant';
    elsif v_import.status not in ('queued', 'running', 'interrupted') then
        raise exception 'import_not_running' using errcode = 'PT409',
            detail = v_import.status::text;
    end if;
    -- Whoever imports ends it at its next step, and takes back what is in; what only waits ends
    -- here. Nobody is at an interrupted one: the job is woken to take it back.
    update public.imports
    set cancel_requested_at = coalesce(imports.cancel_requested_at, private.now()),
        status = case when imports.status = 'queued' then 'cancelled'
            else imports.status end::public.import_status,
        finished_at = case when imports.status = 'queued' then private.now() end
    where imports.id = v_import.id and imports.status in ('queued', 'running', 'interrupted')
    returning * into v_import;
    if v_import.status = 'interrupted' then
        perform private.wake_function('portfolio-resume');
    end if;
    return jsonb_build_object('status', v_import.status);
end;
$$;

create function public.cancel_import(import_id uuid) returns jsonb
language sql
set search_path = ''
as $$ select private.cancel_import(import_id) $$;
comment on function public.cancel_import(uuid) is
'Supervisor or admin: {status}; what a cancelled import has written goes back.';

grant execute on function
private.hold_import(uuid),
private.announce_import(uuid, text, text, text, text, text, uuid),
private.report_import(uuid, text, int, int, int, int),
private.end_import(uuid, text, text),
private.open_reject_cells(), private.keep_reject_cells(uuid),
private.imports_alive(), public.imports_alive(),
private.cancel_import(uuid), public.cancel_import(uuid)
to authenticated;

-- 0888_rollback_import.sql
-- Takes one import back: what it created goes, what it changed returns to what it was. What anybody
-- did something with since stays as it is, and is listed with the reason.

-- Does any row of any table point at this one? Asked of the catalog, so that rooms added later
-- count by themselves.
create function private.references_sql(target regclass, row_alias text, ignored regclass[])
returns text
language sql
stable
set search_path = ''
as $$
    select coalesce(string_agg(
        format(
            'exists (select from %s as other where %s)',
            fk.conrelid::regclass, (
                select string_agg(
                    format('other.%I = %s.%I', own.attname, row_alias, theirs.attname), ' and '
                )
                from unnest(fk.conkey, fk.confkey) as pair (own, theirs)
                join pg_catalog.pg_attribute as own
                    on own.attrelid = fk.conrelid and own.attnum = pair.own
                join pg_catalog.pg_attribute as theirs
                    on theirs.attrelid = fk.confrelid and theirs.attnum = pair.theirs
            )
        ), ' or '
    ), 'false')
    from pg_catalog.pg_constraint as fk
    where fk.contype = 'f' and fk.confrelid = target and fk.conrelid <> all(ignored)
$$;

create function private.rollback_import(import_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_import public.imports;
    v_answer jsonb;
begin
    -- Not beside another import: each sees what the one before it wrote, and one that is planned
    -- counts on the rows it saw.
    perform pg_advisory_xact_lock(private.import_turn(v_tenant));
    if private.unfinished_import(v_tenant) is not null then
        raise exception 'import_unfinished' using errcode = 'PT409',
            detail = 'another import of this tenant is to be continued or cancelled first';
    end if;
    select * into v_import from public.imports
    where imports.id = rollback_import.import_id and imports.tenant_id = v_tenant
    for update;
    if v_import.id is null then
        raise exception 'import_not_found' using errcode = 'PT404',
            detail = 'no such import in this tenant';
    elsif v_import.status <> 'done' then
        raise exception 'import_not_done' using errcode = 'PT409',
            detail = v_import.status::text;
    end if;
    v_answer := jsonb_build_object('import_id', v_import.id, 'status', 'rolled_back')
        || private.undo_import(v_import);
    update public.imports set status = 'rolled_back' where imports.id = v_import.id;
    return v_answer;
end;
$$;

-- {deleted, restored, kept}: what became of an import's rows; one line of audit for all of them.
create function private.undo_import(v_import public.imports) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_audit bigint := private.begin_bulk(
        v_import.tenant_id, 'import_rollback', jsonb_build_object('import_id', v_import.id)
    );
    v_done jsonb;
begin
    discard plans;  -- as in plan_portfolio: every row that goes is looked for in other tables
    perform private.plan_rollback(v_import.tenant_id, v_import);
    v_done := private.write_rollback(v_import.tenant_id, v_import);
    perform private.end_bulk(v_audit, v_done #- '{kept,rows}');
    drop table pg_temp.rollback;
    return v_done;
end;
$$;

create function public.rollback_import(import_id uuid) returns jsonb
language sql
set search_path = ''
-- Taking back lasts as long as importing; the API ends what people ask after eight seconds, unless
-- the function says otherwise.
set statement_timeout = '15min'
as $$ select private.rollback_import(import_id) $$;
comment on function public.rollback_import(uuid) is
'Supervisor or admin: {import_id, status, deleted, restored, kept: {count, rows: first 200}}.';
grant execute on function private.rollback_import(uuid), public.rollback_import(uuid)
to authenticated;

-- pg_temp.rollback: one row per row of the import; reason null = goes back. All is judged before
-- anything is touched, because taking a debt back touches its client.
create function private.plan_rollback(tenant_id uuid, v_import public.imports) returns void
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    v_tenant uuid := tenant_id;
    v_since timestamptz := coalesce(v_import.writing_at, v_import.finished_at);
begin
    create temp table rollback (
        table_name text not null, id uuid not null, client_id uuid, is_created boolean not null,
        before jsonb, reason text
    ) on commit drop;

    insert into pg_temp.rollback (table_name, id, is_created)
    select changes.table_name, unnest(changes.created_ids), true
    from private.import_changes as changes
    where changes.tenant_id = v_tenant and changes.import_id = v_import.id
      and changes.created_ids is not null;
    insert into pg_temp.rollback (table_name, id, is_created, before, reason)
    select changes.table_name, changes.row_id, false, changes.before,
        case when changes.after is distinct from (
            select jsonb_object_agg(field.name, became.item -> field.name)
            from jsonb_object_keys(changes.after) as field (name)
        )
        -- It leaves a title open or returned: another status is somebody's word since.
        or debts.status <> coalesce((changes.after ->> 'status')::public.debt_status, 'open')
            then 'changed_since' end
    from private.import_changes as changes
    left join public.clients on changes.table_name = 'clients' and clients.id = changes.row_id
    left join public.debts on changes.table_name = 'debts' and debts.id = changes.row_id
    cross join lateral (
        select case changes.table_name when 'clients' then to_jsonb(clients)
            else to_jsonb(debts) end as item
    ) as became
    where changes.tenant_id = v_tenant and changes.import_id = v_import.id
      and changes.row_id is not null;
    -- Debts it created: those that still name it, and those a later import changed.
    insert into pg_temp.rollback (table_name, id, client_id, is_created, reason)
    select 'debts', debts.id, debts.client_id, true,
        case when debts.updated_at <> debts.created_at or debts.status <> 'open'
            then 'changed_since' end
    from public.debts
    where debts.tenant_id = v_tenant and debts.import_id = v_import.id
      and not exists (
          select from private.import_changes as changes
          where changes.tenant_id = v_tenant and changes.import_id = v_import.id
            and changes.table_name = 'debts' and changes.row_id = debts.id
      )
    union
    select 'debts', debts.id, debts.client_id, true, 'changed_since'
    from private.import_changes as later
    join public.debts on debts.id = later.row_id and debts.import_id <> v_import.id
    where later.tenant_id = v_tenant and later.table_name = 'debts'
      and later.before ->> 'import_id' = v_import.id::text
      and not exists (
          select from pg_temp.rollback as known
          where known.table_name = 'debts' and known.id = later.row_id
      );
    update pg_temp.rollback as item set client_id = debts.client_id
    from public.debts
    where item.table_name = 'debts' and item.client_id is null and debts.id = item.id;
    update pg_temp.rollback as item set client_id = client_phones.client_id,
        reason = case
            when client_phones.has_whatsapp is not null then 'changed_since'
            when exists (
                select from public.message_logs as written
                where written.tenant_id = v_tenant and written.client_id = client_phones.client_id
                  and written.phone = client_phones.phone and written.created_at >= v_since
            ) then 'contacted_since'
        end
    from public.client_phones
    where item.table_name = 'client_phones' and client_phones.id = item.id;
    update pg_temp.rollback as item set client_id = item.id where item.table_name = 'clients';
    -- Gone since, by another hand: nothing is left to take back.
    delete from pg_temp.rollback as item
    where item.table_name in ('debts', 'client_phones') and item.client_id is null
       or item.table_name = 'clients'
       and not exists (select from public.clients where clients.id = item.id);
    -- Half of what follows asks of one row at a time whether it goes back.
    create index rollback_by_id on pg_temp.rollback (id);
    analyze pg_temp.rollback;

    execute 'update pg_temp.rollback as item set reason = ''in_use''
        from public.debts as held
        where item.table_name = ''debts'' and item.is_created and item.reason is null
          and held.id = item.id and (' || private.references_sql('public.debts', 'held', '{}') || ')';
    -- What it changed was agreed upon, or paid in part, as the import left it.
    update pg_temp.rollback as item set reason = 'in_use'
    where item.table_name = 'debts' and not item.is_created and item.reason is null and (
        exists (
            select from public.agreement_debts as held
            join public.agreements as agreement on agreement.id = held.agreement_id
            where held.tenant_id = v_tenant and held.debt_id = item.id
              and (held.is_live or agreement.created_at >= v_since)
        ) or exists (
            select from public.payment_allocations as paid
            where paid.tenant_id = v_tenant and paid.debt_id = item.id
              and paid.created_at >= v_since
        )
    );
    -- Somebody spoke or wrote to the person since: the debt was talked about.
    update pg_temp.rollback as item set reason = 'contacted_since'
    where item.table_name = 'debts' and item.reason is null and (
        exists (
            select from public.call_dispositions as spoken
            where spoken.tenant_id = v_tenant and spoken.client_id = item.client_id
              and spoken.created_at >= v_since
        ) or exists (
            select from public.message_logs as written
            where written.tenant_id = v_tenant and written.client_id = item.client_id
              and written.created_at >= v_since
        )
    );
    perform private.plan_client_rollback(v_tenant, v_import);
end;
$$;

create function private.plan_client_rollback(tenant_id uuid, v_import public.imports) returns void
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
    -- A client with a debt, a number or anything else that stays, stays.
    execute 'update pg_temp.rollback as item set reason = ''in_use''
        from public.clients as held
        where item.table_name = ''clients'' and item.is_created and held.id = item.id and ('
        || private.references_sql(
            'public.clients', 'held', array['public.debts', 'public.client_phones']::regclass[]
        ) || '
            or exists (select from public.debts where debts.tenant_id = held.tenant_id
                and debts.client_id = held.id and not exists (
                    select from pg_temp.rollback as going where going.table_name = ''debts''
                    and going.id = debts.id and going.is_created and going.reason is null))
            or exists (select from public.client_phones as phones
                where phones.tenant_id = held.tenant_id and phones.client_id = held.id
                and phones.created_at <> held.created_at))';
    update pg_temp.rollback as item set reason = 'changed_since'
    from public.clients
    where item.table_name = 'clients' and item.is_created and item.reason is null
      and clients.id = item.id and clients.updated_at <> clients.created_at;
    -- The debts of a client who stays because of an edit stay too: they are why the client is here.
    update pg_temp.rollback as item set reason = 'changed_since'
    from pg_temp.rollback as kept
    where item.table_name = 'debts' and item.is_created and item.reason is null
      and kept.table_name = 'clients' and kept.is_created and kept.reason = 'changed_since'
      and kept.id = item.client_id;
    execute 'update pg_temp.rollback as item set reason = ''in_use''
        from public.creditors as held
        where item.table_name = ''creditors'' and held.id = item.id and ('
        || private.references_sql(
            'public.creditors', 'held',
            array['public.debts', 'public.import_mappings', 'public.imports']::regclass[]
        ) || '
            or exists (select from public.imports as other where other.tenant_id = held.tenant_id
                and other.creditor_id = held.id and other.id <> $1)
            or exists (select from public.debts where debts.tenant_id = held.tenant_id
                and debts.creditor_id = held.id and not exists (
                    select from pg_temp.rollback as going where going.table_name = ''debts''
                    and going.id = debts.id and going.is_created and going.reason is null)))'
    using v_import.id;
end;
$$;

create function private.write_rollback(tenant_id uuid, v_import public.imports) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_deleted jsonb := '{}';
    v_restored jsonb := '{}';
    v_rows bigint;
begin
    update public.debts
    set due_on = coalesce((item.before ->> 'due_on')::date, debts.due_on),
        principal_cents = coalesce(
            (item.before ->> 'principal_cents')::bigint, debts.principal_cents
        ),
        status = coalesce((item.before ->> 'status')::public.debt_status, debts.status),
        import_id = (item.before ->> 'import_id')::uuid
    from pg_temp.rollback as item
    where item.table_name = 'debts' and not item.is_created and item.reason is null
      and debts.id = item.id;
    get diagnostics v_rows = row_count;
    v_restored := v_restored || jsonb_build_object('debts', v_rows);
    update public.clients
    set name = case when item.before ? 'name' then item.before ->> 'name' else clients.name end,
        email = case when item.before ? 'email' then item.before ->> 'email' else clients.email end,
        uf = case when item.before ? 'uf' then item.before ->> 'uf' else clients.uf end,
        external_id = case when item.before ? 'external_id' then item.before ->> 'external_id'
            else clients.external_id end,
        extra = case when item.before ? 'extra' then item.before -> 'extra' else clients.extra end
    from pg_temp.rollback as item
    where item.table_name = 'clients' and not item.is_created and item.reason is null
      and clients.id = item.id;
    get diagnostics v_rows = row_count;
    v_restored := v_restored || jsonb_build_object('clients', v_rows);

    delete from public.debts using pg_temp.rollback as item
    where item.table_name = 'debts' and item.is_created and item.reason is null
      and debts.id = item.id;
    get diagnostics v_rows = row_count;
    v_deleted := v_deleted || jsonb_build_object('debts', v_rows);
    delete from public.client_phones using pg_temp.rollback as item
    where item.table_name = 'client_phones' and item.reason is null
      and client_phones.id = item.id;
    get diagnostics v_rows = row_count;
    v_deleted := v_deleted || jsonb_build_object('phones', v_rows);
    delete from public.client_phones using pg_temp.rollback as item
    where item.table_name = 'clients' and item.is_created and item.reason is null
      and client_phones.tenant_id = write_rollback.tenant_id
      and client_phones.client_id = item.id;
    get diagnostics v_rows = row_count;
    v_deleted := jsonb_set(
        v_deleted, '{phones}', to_jsonb((v_deleted ->> 'phones')::bigint + v_rows)
    );
    delete from public.clients using pg_temp.rollback as item
    where item.table_name = 'clients' and item.is_created and item.reason is null
      and clients.id = item.id;
    get diagnostics v_rows = row_count;
    v_deleted := v_deleted || jsonb_build_object('clients', v_rows);
    update public.imports set creditor_id = null
    where imports.id = v_import.id and imports.creditor_id in (
        select item.id from pg_temp.rollback as item
        where item.table_name = 'creditors' and item.reason is null
    );
    delete from public.creditors using pg_temp.rollback as item
    where item.table_name = 'creditors' and item.reason is null and creditors.id = item.id;
    get diagnostics v_rows = row_count;
    v_deleted := v_deleted || jsonb_build_object('creditors', v_rows);

    return jsonb_build_object('deleted', v_deleted, 'restored', v_restored, 'kept', (
        select jsonb_build_object(
            'count', (
                select count(*) from pg_temp.rollback as item
                where item.reason is not null and item.table_name <> 'creditors'
            ),
            'rows', coalesce(jsonb_agg(to_jsonb(listed)), '[]')
        )
        from (
            select item.table_name as table, item.id, clients.document, clients.name,
                debts.contract, debts.installment, item.reason
            from pg_temp.rollback as item
            join public.clients on clients.id = item.client_id
            left join public.debts on item.table_name = 'debts' and debts.id = item.id
            where item.reason is not null and item.table_name <> 'creditors'
            order by clients.document, item.table_name, debts.contract, debts.installment
            limit 200  -- as many as a person looks through
        ) as listed
    ));
end;
$$;

-- 0889_resume_import.sql
-- Who takes the steps of an import (0452): the process that read the file, else the tenant's next
-- import, else a sweep that wakes the function `portfolio-resume`. Whether somebody is at it is
-- told by the import's lock (0886), which dies with its holder.

create function private.write_import_chunk(import_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
begin
    if not exists (
        select from public.imports
        where imports.id = write_import_chunk.import_id and imports.tenant_id = v_tenant
    ) then
        raise exception 'import_not_found' using errcode = 'PT404',
            detail = 'no such import in this tenant';
    end if;
    return private.advance_import(import_id);
end;
$$;
comment on function private.write_import_chunk(uuid) is
'Supervisor or admin: the next step of an import, as private.advance_import.';

-- A chunk that the database refuses for good: nothing of the import stays.
create function private.abandon_import(import_id uuid, code text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_import public.imports;
begin
    perform from private.import_plans as plan
    where plan.import_id = abandon_import.import_id and plan.tenant_id = v_tenant
    for update;
    if found then
        select * into v_import from public.imports where imports.id = abandon_import.import_id;
        perform private.take_back_import(v_import, 'failed', code);
    end if;
end;
$$;

-- For the job: an import nobody is at, and its tenant's turn, both held until the transaction ends.
-- Never waits: who holds either is importing.
create function private.claim_import() returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_plan private.import_plans;
begin
    for v_plan in
        select plan.* from private.import_plans as plan
        order by plan.attempts, plan.import_id
    loop
        if pg_try_advisory_xact_lock(private.import_lock(v_plan.import_id))
            and pg_try_advisory_xact_lock(private.import_turn(v_plan.tenant_id))
        then
            perform private.stay_open();
            return v_plan.import_id;
        end if;
    end loop;
    return null;
end;
$$;

-- Committed before the first step, so that a chunk that kills whoever writes it is counted. Null:
-- tried too often, and taken back instead.
create function private.begin_resumption(import_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_attempts constant int := 5;  -- a sweep a minute: five minutes of a database in trouble
    v_import public.imports;
    v_attempts int;
begin
    select * into v_import from public.imports
    where imports.id = begin_resumption.import_id
    for update;
    update private.import_plans as plan
    set attempts = plan.attempts + 1, begun_at = private.now(), begun_rows = plan.rows_written
    where plan.import_id = v_import.id
    returning plan.attempts into v_attempts;
    if v_attempts > c_attempts then
        return private.take_back_import(v_import, 'failed', 'internal');
    elsif v_attempts is not null then
        update public.imports set status = 'running', phase = 'writing', seconds_left = null
        where imports.id = v_import.id and imports.status in ('running', 'interrupted');
    end if;
    return private.import_step(v_import) || jsonb_build_object('status', 'running');
end;
$$;
grant execute on function
private.claim_import(), private.begin_resumption(uuid), private.advance_import(uuid)
to worker;

create function private.sweep_imports() returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.mark_dead_imports(null);
    if exists (select from public.imports where imports.status = 'interrupted') then
        perform private.wake_function('portfolio-resume');
    end if;
end;
$$;
select cron.schedule('sweep-imports', '* * * * *', 'select private.sweep_imports()');

-- The page's button: now, and not within a minute.
create function private.resume_import(import_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_import public.imports;
begin
    perform private.mark_dead_imports(v_tenant);
    select * into v_import from public.imports
    where imports.id = resume_import.import_id and imports.tenant_id = v_tenant;
    if v_import.id is null then
        raise exception 'import_not_found' using errcode = 'PT404',
            detail = 'no such import in this tenant';
    elsif v_import.status <> 'interrupted' then
        raise exception 'import_not_interrupted' using errcode = 'PT409',
            detail = v_import.status::text;
    end if;
    perform private.wake_function('portfolio-resume');
    return jsonb_build_object('status', v_import.status);
end;
$$;

create function public.resume_import(import_id uuid) returns jsonb
language sql
set search_path = ''
as $$ select private.resume_import(import_id) $$;
comment on function public.resume_import(uuid) is
'Supervisor or admin: {status}; continues an interrupted import where it stopped.
PT404 import_not_found, PT409 import_not_interrupted.';

grant execute on function
private.write_import_chunk(uuid), private.abandon_import(uuid, text),
private.resume_import(uuid), public.resume_import(uuid)
to authenticated;
