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
create type public.debt_status as enum ('open', 'settled', 'returned');
create type public.message_direction as enum ('in', 'out');

-- Up to `read` in the order of a message's life; `private.message_rank` places `failed`.
create type public.message_status as enum (
    'queued', 'sending', 'unknown', 'submitted', 'sent', 'delivered', 'read', 'failed', 'received'
);
create type public.run_status as enum ('queued', 'running', 'done', 'skipped', 'failed');
create type public.import_status as enum ('running', 'done', 'failed');
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
begin
    if not private.has_role(minimum) then
        raise exception 'not_allowed' using errcode = 'PT403',
            detail = format('needs the role %s or higher in one tenant', minimum);
    end if;
    return private.tenant_id();
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
    constraint audit_log_action_is_known check (action in ('insert', 'update', 'delete'))
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
    if tg_table_name <> 'imports' and private.is_importing() then
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
    select coalesce(item ->> 'id', item ->> 'key')
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
-- after writing. While a row is `running`, its own transaction may name it in the setting
-- `cobranca.import_id`: the row then stands for the audit of everything it writes.
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

create index imports_newest on public.imports (tenant_id, created_at desc, id desc);
create index imports_of_creditor on public.imports (tenant_id, creditor_id);
create index imports_of_author on public.imports (created_by);

alter table public.imports enable row level security;
alter table public.imports force row level security;

create policy imports_select_member on public.imports for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by the import function only.
grant select on public.imports to authenticated;

-- The setting alone proves nothing (a session can set it), the running row does.
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
        select from public.imports
        where imports.id = v_import_id::uuid and imports.status = 'running'
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
for each statement execute function private.tg_audit();
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
-- Serves search by name and by creditor; reached from `private.list_clients` only, because the
-- operators are not leakproof and RLS would keep the planner from these indexes.
create index clients_name_trigrams on public.clients
using gin (tenant_id, name_key extensions.gin_trgm_ops);
-- Serves the exact name, and beginnings too short for trigrams.
create index clients_by_name on public.clients (tenant_id, name_key);
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
    'open_cents', 'open_debts', 'oldest_due_on', 'creditor_ids', 'debt_status',
    'name_key', 'email_key'
);
create trigger _900_audit_update after update on public.clients
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit(
    'open_cents', 'open_debts', 'oldest_due_on', 'creditor_ids', 'debt_status',
    'name_key', 'email_key'
);
create trigger _900_audit_delete after delete on public.clients
referencing old table as old_rows for each statement execute function private.tg_audit(
    'open_cents', 'open_debts', 'oldest_due_on', 'creditor_ids', 'debt_status',
    'name_key', 'email_key'
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
    constraint debts_principal_is_positive check (principal_cents > 0)
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
            coalesce(sum(debts.principal_cents) filter (where debts.status = 'open'), 0)::bigint
                as open_cents,
            (count(*) filter (where debts.status = 'open'))::int as open_debts,
            min(debts.due_on) filter (where debts.status = 'open') as oldest_due_on,
            coalesce(
                array_agg(distinct debts.creditor_id) filter (where debts.creditor_id is not null),
                '{}'
            ) as creditor_ids,
            -- The enum's order is open, settled, returned: the least is the client's.
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
-- How many people and how much, per tenant, without counting a million rows: one row moved by the
-- difference each statement on `clients` makes. A statement moves it once, whatever its size.
create table private.portfolio_totals (
    tenant_id uuid not null,
    clients bigint not null default 0,
    open_debts bigint not null default 0,
    open_cents bigint not null default 0,
    constraint portfolio_totals_pkey primary key (tenant_id),
    constraint portfolio_totals_tenant_fkey foreign key (tenant_id)
    references public.tenants (id)
);
comment on table private.portfolio_totals is 'Derived: sums over clients, for the list''s header.';

alter table private.portfolio_totals enable row level security;
alter table private.portfolio_totals force row level security;

create function private.move_portfolio_totals(
    tenant_id uuid, clients bigint, open_debts bigint, open_cents bigint
) returns void
language sql
security definer
set search_path = ''
as $$
    insert into private.portfolio_totals as totals (tenant_id, clients, open_debts, open_cents)
    select move_portfolio_totals.tenant_id, move_portfolio_totals.clients,
        move_portfolio_totals.open_debts, move_portfolio_totals.open_cents
    -- An update that moves nothing must not queue behind other people's row lock.
    where (move_portfolio_totals.clients, move_portfolio_totals.open_debts,
        move_portfolio_totals.open_cents) <> (0, 0, 0)
    on conflict (tenant_id) do update
    set clients = totals.clients + excluded.clients,
        open_debts = totals.open_debts + excluded.open_debts,
        open_cents = totals.open_cents + excluded.open_cents
$$;

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
            'client.oldest_due_on', 'creditor.name', 'tenant.name'
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

-- 0447_import_staging.sql
-- Where the rows of one file wait for the merge: temporary, made by the owner and not by the
-- caller, so that the definer functions never read a table (or a view) of somebody else's making.
-- The caller may only COPY into it.
create function private.open_import(file_name text, file_sha256 text, creditor text)
returns table (import_id uuid, creditor_name text)
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_creditor public.creditors;
begin
    -- Two imports of one tenant queue up: each sees what the one before it wrote.
    perform pg_advisory_xact_lock(hashtextextended('import_portfolio:' || v_tenant, 0));

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
        emails_lost int not null
    ) on commit drop;
    grant insert on pg_temp.import_rows to authenticated;

    insert into public.imports (tenant_id, creditor_id, file_name, file_sha256, created_by)
    values (v_tenant, v_creditor.id, open_import.file_name, open_import.file_sha256, auth.uid())
    returning id into import_id;
    perform set_config('cobranca.import_id', import_id::text, true);
    creditor_name := coalesce(v_creditor.name, open_import.creditor);
    return next;
end;
$$;
comment on function private.open_import(text, text, text) is
'Supervisor or admin: waits for the tenant''s other import, makes the staging table
pg_temp.import_rows and the running row of imports. Ends with the transaction.';
grant execute on function private.open_import(text, text, text) to authenticated;

-- 0448_import_plan.sql
-- What a file means for what is stored, before anything is written: three temporary tables that
-- say for every creditor, debt and client whether it is new, and what is to be stored. The writing
-- (0450) follows them blindly; a dry run is the same transaction rolled back. Rows that only the
-- whole file or the stored portfolio can judge are refused here, as the reader refuses cells.
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
            as is_changed,
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
             filter (where import_rows.external_id is not null))[1] as external_id
        from pg_temp.import_rows
        where import_rows.reason is null
        group by import_rows.document
    )
    select people.document, coalesce(clients.id, gen_random_uuid()) as client_id,
        clients.id is null as is_new, merged.*,
        clients.id is not null
        and (merged.name, merged.email, merged.uf, merged.external_id)
            is distinct from (clients.name, clients.email, clients.uf, clients.external_id)
            as is_changed
    from people
    left join public.clients
        on clients.tenant_id = plan_import.tenant_id and clients.document = people.document
    cross join lateral (
        select
            -- Capitals or not, the same name is no change.
            case
                when lower(people.name) = lower(clients.name) then clients.name
                else coalesce(people.name, clients.name)
            end as name,
            coalesce(people.email, clients.email) as email,
            coalesce(people.uf, clients.uf) as uf,
            coalesce(people.external_id, clients.external_id) as external_id
    ) as merged;

    -- A debt of somebody whose name neither the file nor the portfolio knows.
    if exists (select from pg_temp.import_clients where import_clients.name is null) then
        update pg_temp.import_rows as staged
        set reason = case when staged.value is null then 'name_missing' else 'name_invalid' end,
            column_name = headers ->> 'name'
        from pg_temp.import_clients
        where import_clients.name is null and staged.document = import_clients.document
          and staged.reason is null;
        delete from pg_temp.import_debts using pg_temp.import_clients
        where import_clients.name is null and import_debts.document = import_clients.document;
        delete from pg_temp.import_clients where import_clients.name is null;
    end if;
    analyze pg_temp.import_debts;
    analyze pg_temp.import_clients;
end;
$$;

-- 0449_import_steps.sql
-- Steps of the plan (0448) and of the writing (0450), each with a rule of its own.

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
            when 'owner' then 'debt_of_another_client' else 'repeated_with_difference'
        end,
        column_name = headers ->> replace(refused.differs_in, 'owner', 'document'),
        value = case refused.differs_in
            when 'due_on' then to_char(staged.due_on, 'DD/MM/YYYY')
            when 'principal' then (staged.principal_cents / 100.0)::numeric(20, 2)::text
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
create function private.create_import_creditors(tenant_id uuid) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_new_creditors constant int := 100;
    v_new text[] := array(
        select min(import_creditors.creditor) from pg_temp.import_creditors
        where import_creditors.is_new
        group by import_creditors.creditor_id
        order by 1
    );
begin
    if cardinality(v_new) > 0 and not private.has_role('admin') then
        raise exception 'creditor_not_found' using errcode = 'PT404',
            detail = 'unknown: ' || array_to_string(v_new[1:5], '; ')
                || ' - an admin''s import creates new creditors';
    elsif cardinality(v_new) > c_new_creditors then
        raise exception 'too_many_new_creditors' using errcode = 'PT409',
            detail = format('%s names; is another column taken for the creditor?', cardinality(v_new));
    end if;
    insert into public.creditors (id, tenant_id, name)
    select import_creditors.creditor_id, create_import_creditors.tenant_id,
        min(import_creditors.creditor)
    from pg_temp.import_creditors
    where import_creditors.is_new
    group by import_creditors.creditor_id;
    return cardinality(v_new);
end;
$$;

-- Adds the numbers that are new to their client, behind those already there; nothing is removed,
-- because an operator may have added one. Answers the clients that were known before and got one.
create function private.add_import_phones(tenant_id uuid, added_at timestamptz) returns setof uuid
language plpgsql
security definer
set search_path = ''
as $$
begin
    return query
    with listed as (
        select import_rows.document, numbers.phone,
            min(import_rows.line * 100::bigint + numbers.place) as place
        from pg_temp.import_rows
        cross join unnest(import_rows.phones) with ordinality as numbers (phone, place)
        where import_rows.reason is null
        group by import_rows.document, numbers.phone
    ),
    stored as (
        select client_phones.client_id, max(client_phones.position) + 1 as next_position
        from public.client_phones
        join pg_temp.import_clients using (client_id)
        where client_phones.tenant_id = add_import_phones.tenant_id and not import_clients.is_new
        group by client_phones.client_id
    ),
    added as (
        insert into public.client_phones
            (tenant_id, client_id, phone, kind, position, created_at)
        select add_import_phones.tenant_id, import_clients.client_id, listed.phone,
            -- +55, two digits of area, and nine that begin with 9.
            case when length(listed.phone) = 14 then 'mobile' else 'landline' end
                ::public.phone_kind,
            coalesce(stored.next_position, 0) - 1
                + row_number() over (partition by listed.document order by listed.place),
            add_import_phones.added_at
        from listed
        join pg_temp.import_clients using (document)
        left join stored using (client_id)
        where import_clients.is_new or not exists (
            select from public.client_phones
            where client_phones.tenant_id = add_import_phones.tenant_id
              and client_phones.client_id = import_clients.client_id
              and client_phones.phone = listed.phone
        )
        order by import_clients.document
        returning client_phones.client_id
    )
    select distinct added.client_id
    from added
    join pg_temp.import_clients using (client_id)
    where not import_clients.is_new;
end;
$$;

-- 0450_import_portfolio.sql
-- Writes what the plan (0448) says, sorted by key so that indexes grow at their end, and counts
-- what was written, after writing it. New rows are known beforehand: plain inserts and updates.
create function private.import_portfolio(import_id uuid, headers jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_import public.imports;
    v_changed_clients uuid[];
    v_warnings jsonb;
    -- Once and not by each row's default, which reads the clock's table.
    v_now timestamptz := private.now();
    c_many_rows constant int := 10000;  -- below, the statistics of before are near enough
begin
    select * into v_import from public.imports
    where imports.id = import_portfolio.import_id
      and imports.tenant_id = v_tenant and imports.status = 'running';
    -- Reading a staging table of the caller's own making would lend the caller our rights.
    if v_import.id is null or not exists (
        select from pg_catalog.pg_class
        where pg_class.oid = to_regclass('pg_temp.import_rows')
          and pg_class.relowner = current_user::regrole
    ) then
        raise exception 'import_not_open' using errcode = 'PT409',
            detail = 'call private.open_import in the same transaction first';
    end if;

    -- A plan that checks foreign keys lives as long as its connection; one made while a table was
    -- nearly empty scans it for every row of a large import.
    discard plans;
    perform private.plan_import(v_tenant, headers);
    v_import.creditors_created := private.create_import_creditors(v_tenant);

    -- Totals come with the row; the trigger on debts recomputes them and finds nothing to mend,
    -- which spares every new client a second write.
    insert into public.clients (
        id, tenant_id, document, name, email, uf, external_id,
        open_cents, open_debts, oldest_due_on, creditor_ids, debt_status, created_at, updated_at
    )
    select import_clients.client_id, v_tenant, import_clients.document, import_clients.name,
        import_clients.email, import_clients.uf, import_clients.external_id,
        totals.open_cents, totals.open_debts, totals.oldest_due_on, totals.creditor_ids, 'open',
        v_now, v_now
    from pg_temp.import_clients
    join (
        select import_debts.document, sum(import_debts.principal_cents)::bigint as open_cents,
            count(*)::int as open_debts, min(import_debts.due_on) as oldest_due_on,
            array_agg(distinct import_debts.creditor_id) as creditor_ids
        from pg_temp.import_debts
        group by import_debts.document
    ) as totals using (document)
    where import_clients.is_new
    order by import_clients.document;
    get diagnostics v_import.clients_created = row_count;

    with changed as (
        update public.clients
        set name = import_clients.name, email = import_clients.email,
            uf = import_clients.uf, external_id = import_clients.external_id
        from pg_temp.import_clients
        where import_clients.is_changed and clients.id = import_clients.client_id
        returning clients.id
    )
    select array_agg(changed.id) into v_changed_clients from changed;
    v_changed_clients := array(
        select unnest(v_changed_clients) union select private.add_import_phones(v_tenant, v_now)
    );
    v_import.clients_updated := cardinality(v_changed_clients);

    insert into public.debts (
        tenant_id, client_id, creditor_id, contract, installment, due_on, principal_cents,
        import_id, created_at, updated_at
    )
    select v_tenant, import_clients.client_id, import_debts.creditor_id, import_debts.contract,
        import_debts.installment, import_debts.due_on, import_debts.principal_cents, v_import.id,
        v_now, v_now
    from pg_temp.import_debts
    join pg_temp.import_clients using (document)
    where import_debts.debt_id is null
    order by import_debts.creditor_id, import_debts.contract, import_debts.installment;
    get diagnostics v_import.debts_created = row_count;

    update public.debts
    set due_on = import_debts.due_on, principal_cents = import_debts.principal_cents,
        import_id = v_import.id
    from pg_temp.import_debts
    where import_debts.is_changed and debts.id = import_debts.debt_id;
    get diagnostics v_import.debts_updated = row_count;

    insert into public.import_rejects (tenant_id, import_id, line, column_name, value, reason)
    select v_tenant, v_import.id, import_rows.line, coalesce(import_rows.column_name, ''),
        import_rows.value, import_rows.reason
    from pg_temp.import_rows
    where import_rows.reason is not null
    order by import_rows.line;
    get diagnostics v_import.rejected = row_count;

    select count(*), jsonb_build_object(
        'name_invalid', coalesce(sum(import_rows.names_lost), 0),
        'email_invalid', coalesce(sum(import_rows.emails_lost), 0),
        'phone_invalid', coalesce(sum(import_rows.phones_lost), 0)
    ) into v_import.accepted, v_warnings
    from pg_temp.import_rows
    where import_rows.reason is null;

    update public.imports
    set status = 'done', finished_at = v_now,
        rows = v_import.accepted + v_import.rejected,
        accepted = v_import.accepted, rejected = v_import.rejected,
        duplicates = (select coalesce(sum(import_debts.lines - 1), 0) from pg_temp.import_debts),
        clients_created = v_import.clients_created, clients_updated = v_import.clients_updated,
        debts_created = v_import.debts_created, debts_updated = v_import.debts_updated,
        creditors_created = v_import.creditors_created,
        reject_reasons = (
            select coalesce(jsonb_object_agg(counted.reason, counted.lines), '{}')
            from (
                select import_rows.reason, count(*) as lines
                from pg_temp.import_rows
                where import_rows.reason is not null
                group by import_rows.reason
            ) as counted
        )
    where imports.id = v_import.id
    returning * into v_import;
    -- The next import and every list plan by these; autovacuum may come too late for both. The
    -- lock it takes lasts only until the commit that follows.
    if v_import.debts_created > c_many_rows then
        analyze public.clients;
        analyze public.client_phones;
        analyze public.debts;
    end if;
    drop table pg_temp.import_rows, pg_temp.import_debts, pg_temp.import_clients,
        pg_temp.import_creditors;

    return jsonb_build_object(
        'import_id', v_import.id, 'status', v_import.status, 'rows', v_import.rows,
        'accepted', v_import.accepted, 'rejected', v_import.rejected,
        'clients_created', v_import.clients_created, 'clients_updated', v_import.clients_updated,
        'debts_created', v_import.debts_created, 'debts_updated', v_import.debts_updated,
        'duplicates', v_import.duplicates, 'creditors_created', v_import.creditors_created,
        'reject_reasons', v_import.reject_reasons, 'warnings', v_warnings
    );
end;
$$;
comment on function private.import_portfolio(uuid, jsonb) is
'Supervisor or admin: merges pg_temp.import_rows; headers = field → the file''s column name.
Accepted rows include the repeated ones (duplicates); accepted + rejected = rows.';
grant execute on function private.import_portfolio(uuid, jsonb) to authenticated;

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
create function private.contact_hours(
    tenant_id uuid, client_id uuid, since timestamptz, days int
) returns table (day date, opens_at timestamptz, closes_at timestamptz)
language sql
stable
security definer
set search_path = ''
as $$
    select calendar.day, (calendar.day + calling_windows.opens) at time zone place.time_zone,
        (calendar.day + calling_windows.closes) at time zone place.time_zone
    from (
        select clients.uf,
            case
                when clients.uf is null then tenants.time_zone
                else coalesce(uf_time_zones.time_zone, 'America/Sao_Paulo')
            end as time_zone
        from public.tenants
        left join public.clients
            on clients.tenant_id = tenants.id and clients.id = contact_hours.client_id
        left join private.uf_time_zones on uf_time_zones.uf = clients.uf
        where tenants.id = contact_hours.tenant_id
    ) as place
    cross join lateral (
        select dated.day, private.easter(extract(year from dated.day)::int) as easter
        from (
            select (contact_hours.since at time zone place.time_zone)::date + ahead as day
            from generate_series(0, contact_hours.days - 1) as ahead
        ) as dated
    ) as calendar
    join private.calling_windows
        on calling_windows.weekday = extract(isodow from calendar.day)
        and calling_windows.uf is not distinct from (
            select place.uf where exists (
                select from private.calling_windows as own where own.uf = place.uf
            )
        )
    where not exists (
        select from private.holidays
        where (holidays.uf is null or holidays.uf = place.uf)
          and (
              holidays.easter_offset = calendar.day - calendar.easter
              or (holidays.month = extract(month from calendar.day)
                  and holidays.day = extract(day from calendar.day))
          )
    )
    order by 2
$$;
comment on function private.contact_hours(uuid, uuid, timestamptz, int) is
'Lawful intervals [opens_at, closes_at) from the local day of `since`, for that many days.';

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

-- 0600_queues.sql
-- The outbox's queues, and how a function is woken: pg_net right after the commit, pg_cron for what
-- a lost wake-up left behind. Messages hold ids only.
select pgmq.create('automations');
select pgmq.create('provider_events');

-- Queue rows are rewritten at every read: leave room in the page, vacuum early and at full speed.
alter table pgmq.q_automations set (
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

create function private.template_params(client_id uuid, variables text[]) returns text[]
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
    end, ''), '-') order by named.position), '{}')
    from public.clients
    join public.tenants on tenants.id = clients.tenant_id
    cross join unnest(template_params.variables) with ordinality as named (variable, position)
    where clients.id = template_params.client_id
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
        select private.template_params(run.client_id, template.variables) as params
    ) as filled
    cross join lateral (
        select case
            -- A week later the call it followed is forgotten: silence is better.
            when coalesce(run.retried_at, call.created_at) < private.now() - interval '7 days'
                then 'expired'
            when not rule.is_enabled then 'rule_disabled'
            when template.status <> 'approved' then 'template_not_approved'
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

-- A run that sent follows its message: what the provider accepted is done, what failed is failed.
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
-- Before and after the provider's call. `attempt` is the fence: a worker whose lease ran out and
-- whose run was claimed anew holds an older number and can neither begin nor settle.
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
      and exists (
          select from public.automation_runs as run
          where run.id = message.automation_run_id and run.status = 'running'
      );
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
        perform private.await_receipt(v_run_id);
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
    v_run public.automation_runs;
    v_pause double precision;
begin
    update public.automation_runs as run
    set failures = run.failures + case when v_is_free then 0 else 1 end
    from public.message_logs as message
    where message.id = retry_message.message_id and run.id = message.automation_run_id
    returning run.* into v_run;
    if v_run.failures >= c_max_failures then
        perform private.advance_message(
            message_id, 'failed', private.now(),
            error_code => retry_message.error_code, error_detail => retry_message.error_detail
        );
        return;
    end if;
    v_pause := coalesce(retry_after_seconds, c_first_pause * 2 ^ greatest(v_run.failures - 1, 0))
        * (1 + random() / 4);
    update public.message_logs as message
    set status = 'queued', sending_at = null, error_code = retry_message.error_code,
        error_detail = retry_message.error_detail
    where message.id = retry_message.message_id;
    perform private.postpone_run(
        v_run.id, private.now() + make_interval(secs => v_pause), error_code
    );
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
            end;
        exception
            -- It contradicts what is stored, as one WhatsApp id for two messages does. Raised on, it
            -- would come back for ever and stop every agency's messages.
            when integrity_constraint_violation or data_exception then
                v_error := 'payload_invalid';
        end;
        if v_error = 'message_not_found' and v_item.read_ct < c_max_reads then
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

-- 0700_search_clients.sql
-- Turns what a person typed into one condition on `clients`. Every value is quoted by format(%L);
-- every branch carries the tenant, because it runs as definer.
create function private.prefix_range(expression text, prefix text) returns text
language sql
immutable
set search_path = ''
as $$
    -- '~' sorts after every letter and digit under collate "C": a range an index can serve.
    select pg_catalog.format('(%1$s >= %2$L and %1$s < %3$L)', expression, prefix, prefix || '~')
$$;

create function private.like_word(word text) returns text
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.format(
        'clients.name_key like %L',
        '%' || pg_catalog.regexp_replace(word, '([\\%_])', '\\\1', 'g') || '%'
    )
$$;

create function private.search_condition(tenant_id uuid, typed text) returns text
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
    v_ids text[] := '{}';
    v_name text;
begin
    if v_typed like '%@%' then
        v_ids := v_ids || format(
            'select known.id from public.clients as known where known.tenant_id = %L and %s',
            tenant_id, private.prefix_range('known.email_key', lower(v_typed))
        );
        return format('clients.id in (%s)', v_ids[1]);
    end if;
    if v_typed ~ '[0-9]' then
        v_ids := v_ids || format(
            'select debts.client_id from public.debts where debts.tenant_id = %L and (%s or %s)',
            tenant_id, private.prefix_range('debts.contract', v_typed),
            private.prefix_range('debts.contract', upper(v_typed))
        ) || format(
            'select known.id from public.clients as known where known.tenant_id = %L and %s',
            tenant_id, private.prefix_range('known.external_id', v_typed)
        );
    end if;
    -- A CNPJ may hold letters, so whatever has a digit may be the beginning of a document.
    if v_typed ~ '[0-9]' and length(v_document) >= 3 then
        v_ids := v_ids || format(
            'select known.id from public.clients as known where known.tenant_id = %L and %s',
            tenant_id, private.prefix_range('known.document', v_document)
        );
    end if;
    if v_is_number then
        v_ids := v_ids || format(
            'select phones.client_id from public.client_phones as phones
             where phones.tenant_id = %L and (%s or %s)',
            tenant_id, private.prefix_range('phones.phone', '+55' || v_digits),
            private.prefix_range('phones.phone', '+' || v_digits)
        );
        -- From eight digits on, people say a number without its area code.
        if length(v_digits) >= 8 then
            v_ids := v_ids || format(
                'select phones.client_id from public.client_phones as phones
                 where phones.tenant_id = %L and %s',
                tenant_id,
                private.prefix_range('phones.phone_tail', reverse(v_digits))
            );
        end if;
    end if;
    if v_key ~ '[a-z]' then
        -- Trigrams need three letters; less is the beginning of a name.
        v_name := case when length(v_key) < 3
            then private.prefix_range('clients.name_key', v_key)
            else (
                select string_agg(private.like_word(word), ' and ')
                from unnest(string_to_array(v_key, ' ')) as word
            )
        end;
        if v_ids = '{}' then
            return v_name;
        end if;
        v_ids := v_ids || format(
            'select clients.id from public.clients where clients.tenant_id = %L and %s',
            tenant_id, v_name
        );
    end if;
    if v_ids = '{}' then
        return 'false';
    end if;
    return format('clients.id in (%s)', array_to_string(v_ids, ' union all '));
end;
$$;
comment on function private.search_condition(uuid, text) is
'SQL condition on clients for a typed name, document, phone, contract, external id or e-mail.';

-- A name search answers in tiers: the exact name, then the phrase, then its scattered words. Each
-- tier is a query of its own in the list's order, so that a common word walks that order and stops,
-- instead of ranking a hundred thousand people to show sixty.
create function private.search_tiers(typed text) returns text[]
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_key text := private.search_key(typed);
    v_phrase text := private.like_word(v_key);
begin
    -- With a digit or an @ it is no name alone, and below three letters there are no trigrams.
    if v_key is null or v_key !~ '[a-z]' or v_key ~ '[0-9@]' or length(v_key) < 3 then
        return array['true'];
    end if;
    return array[
        format('clients.name_key = %L', v_key),
        format('%s and clients.name_key <> %L', v_phrase, v_key)
    ] || case when v_key like '% %' then array['not ' || v_phrase] else '{}' end;
end;
$$;

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

-- One line of the carteira.
create function private.client_row(client public.clients) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'id', client.id, 'document', client.document, 'name', client.name,
        'external_id', client.external_id, 'email', client.email, 'uf', client.uf,
        'open_cents', client.open_cents, 'open_debts', client.open_debts,
        'oldest_due_on', client.oldest_due_on, 'status', client.debt_status,
        'creditors', (
            select coalesce(jsonb_agg(creditors.name order by creditors.name), '[]')
            from public.creditors
            where creditors.tenant_id = client.tenant_id
              and creditors.id = any(client.creditor_ids)
        ),
        'phone', (
            select client_phones.phone
            from public.client_phones
            where client_phones.tenant_id = client.tenant_id
              and client_phones.client_id = client.id
            order by client_phones.position, client_phones.id
            limit 1
        ),
        'last_disposition', (
            select jsonb_build_object(
                'type', types.key, 'label', types.label, 'at', call_dispositions.created_at
            )
            from public.call_dispositions
            join public.disposition_types as types
                on types.tenant_id = call_dispositions.tenant_id
                and types.key = call_dispositions.disposition_type
            where call_dispositions.tenant_id = client.tenant_id
              and call_dispositions.client_id = client.id
            order by call_dispositions.created_at desc, call_dispositions.id desc
            limit 1
        )
    )
$$;

-- 0710_list_clients.sql
-- The carteira. Definer with the tenant inside, because the search operators are not leakproof and
-- under RLS would scan a million rows. The statement is built per request, so that the planner sees
-- the values: a rare creditor goes through its index, a common one through the order.
create function private.client_filter(tenant_id uuid, filter jsonb) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_unknown text;
    v_sql text := format('clients.tenant_id = %L', tenant_id);
begin
    select given.key into v_unknown
    from jsonb_object_keys(filter) as given (key)
    where given.key not in ('q', 'creditor_id', 'status');
    if found then
        raise exception 'unknown_filter' using errcode = 'PT400', detail = v_unknown;
    end if;
    if btrim(filter ->> 'q') <> '' then
        v_sql := v_sql || ' and ' || private.search_condition(tenant_id, filter ->> 'q');
    end if;
    if filter ->> 'creditor_id' is not null then
        if not pg_input_is_valid(filter ->> 'creditor_id', 'uuid') then
            raise exception 'filter_invalid' using errcode = 'PT400', detail = 'creditor_id';
        end if;
        v_sql := v_sql
            || format(' and clients.creditor_ids @> array[%L]::uuid[]', filter ->> 'creditor_id');
    end if;
    if filter ->> 'status' is not null then
        if not pg_input_is_valid(filter ->> 'status', 'public.debt_status') then
            raise exception 'filter_invalid' using errcode = 'PT400', detail = 'status';
        end if;
        v_sql := v_sql || format(' and clients.debt_status = %L', filter ->> 'status');
    end if;
    return v_sql;
end;
$$;

-- Exact up to a size that costs some milliseconds; the whole portfolio from its counter; above,
-- what the planner thinks, and it says so.
create function private.client_totals(tenant_id uuid, condition text, is_whole boolean)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_countable constant bigint := 10000;
    v_plan json;
    v_estimate bigint;
    v_totals jsonb;
begin
    if is_whole then
        return (
            select jsonb_build_object(
                'clients', coalesce(max(totals.clients), 0),
                'debts', coalesce(max(totals.open_debts), 0),
                'open_cents', coalesce(max(totals.open_cents), 0), 'is_estimate', false
            )
            from private.portfolio_totals as totals
            where totals.tenant_id = client_totals.tenant_id
        );
    end if;
    execute 'explain (format json) select 1 from public.clients where ' || condition into v_plan;
    v_estimate := (v_plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint;
    if v_estimate > c_countable then
        return jsonb_build_object(
            'clients', v_estimate, 'debts', null, 'open_cents', null, 'is_estimate', true
        );
    end if;
    execute 'select jsonb_build_object(
            ''clients'', count(*), ''debts'', coalesce(sum(open_debts), 0),
            ''open_cents'', coalesce(sum(open_cents), 0), ''is_estimate'', false
        ) from public.clients where ' || condition into v_totals;
    return v_totals;
end;
$$;

-- One tier of one page, as a JSON array; `after` holds the sort values of the row before.
create function private.client_rows(condition text, after text[], size int) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_rows jsonb;
begin
    execute format(
        $sql$
            select coalesce(jsonb_agg(
                private.client_row(page.client)
                order by (page.client).open_cents desc, (page.client).id desc
            ), '[]')
            from (
                select clients as client
                from public.clients
                where %s and %s
                order by clients.open_cents desc, clients.id desc
                limit %s
            ) as page
        $sql$,
        condition,
        case when after is null then 'true' else format(
            '(clients.open_cents, clients.id) < (%L::bigint, %L::uuid)', after[2], after[3]
        ) end,
        size
    ) into v_rows;
    return v_rows;
end;
$$;

create function private.list_clients(filter jsonb, after text, page_size int) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- 200 rows is more than a screen shows and still a small answer.
    c_max_page constant int := 200;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 60), 1), c_max_page);
    v_filter jsonb := coalesce(filter, '{}');
    v_condition text := private.client_filter(v_tenant_id, v_filter);
    v_tiers text[] := private.search_tiers(v_filter ->> 'q');
    -- Tier, and the last row's open value and id.
    v_cursor text[] := case when after is not null
        then private.decode_cursor(after, 'int', 'bigint', 'uuid') end;
    v_first_tier int := coalesce(v_cursor[1]::int, 1);
    v_found jsonb;
    v_rows jsonb := '[]';
    v_last jsonb;
    v_next text;
begin
    if v_first_tier not between 1 and cardinality(v_tiers) then
        raise exception 'invalid_cursor' using errcode = 'PT400',
            detail = 'not a cursor this list gave out';
    end if;
    for v_tier in v_first_tier .. cardinality(v_tiers) loop
        v_found := private.client_rows(
            v_condition || ' and ' || v_tiers[v_tier],
            case when v_tier = v_first_tier then v_cursor end,
            -- One more than fits tells that there is a next page.
            v_size + 1 - jsonb_array_length(v_rows)
        );
        if jsonb_array_length(v_rows) < v_size then
            -- The page's last row, if this tier holds it.
            v_last := v_found -> (v_size - 1 - jsonb_array_length(v_rows));
            v_next := private.encode_cursor(
                v_tier::text, v_last ->> 'open_cents', v_last ->> 'id'
            );
        end if;
        v_rows := v_rows || v_found;
        exit when jsonb_array_length(v_rows) > v_size;
    end loop;
    return jsonb_build_object(
        -- Taking the element after the last, which exists only when there is more.
        'rows', v_rows - v_size,
        'next', case when jsonb_array_length(v_rows) > v_size then v_next end,
        -- Counted once, with the first page.
        'total', case when after is null then private.client_totals(
            v_tenant_id, v_condition, v_condition = private.client_filter(v_tenant_id, '{}')
        ) end
    );
end;
$$;

create function public.list_clients(
    filter jsonb default '{}', after text default null, page_size int default 60
) returns jsonb
language sql
set search_path = ''
as $$ select private.list_clients(filter, after, page_size) $$;
comment on function public.list_clients(jsonb, text, int) is
'{rows, next, total}; filter keys: q, creditor_id, status. total is null after the first page.';

grant execute on function
private.list_clients(jsonb, text, int), public.list_clients(jsonb, text, int) to authenticated;

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
    );
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
'{items: [{kind, id, at, actor, …}], next}; kinds: disposition message automation callback import.';

grant execute on function
private.client_timeline(uuid, text, int), public.client_timeline(uuid, text, int)
to authenticated;

-- 0730_client_screens.sql
-- One call per screen: the client's file (/carteira/:cpf) and the operator's screen
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

create function private.client_by_document(document text) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_card jsonb;
begin
    select private.client_card(v_tenant_id, clients.id) into v_card
    from public.clients
    where clients.tenant_id = v_tenant_id
      and clients.document
          = regexp_replace(upper(client_by_document.document), '[^0-9A-Z]', '', 'g');
    if not found then
        raise exception 'client_not_found' using errcode = 'PT404',
            detail = 'no such client in the tenant';
    end if;
    return v_card || jsonb_build_object('totals', jsonb_build_object(
        'open_cents', v_card -> 'client' -> 'open_cents',
        'open_debts', v_card -> 'client' -> 'open_debts',
        'oldest_due_on', v_card -> 'client' -> 'oldest_due_on'
    ));
end;
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
        'callbacks', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', callback.id, 'due_at', callback.due_at, 'note', callback.note,
                'status', callback.status, 'operator_id', callback.operator_id,
                'operator', private.actor_name(v_tenant_id, callback.operator_id)
            ) order by callback.due_at), '[]')
            from public.callbacks as callback
            where callback.tenant_id = v_tenant_id
              and callback.client_id = service_screen.client_id
              and callback.status = 'scheduled'
        )
    );
end;
$$;

create function public.client_by_document(document text) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.client_by_document(document) $$;

create function public.service_screen(client_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.service_screen(client_id) $$;

grant execute on function
private.client_by_document(text), public.client_by_document(text),
private.service_screen(uuid), public.service_screen(uuid)
to authenticated;
