-- What an agency adds to the law: hours and caps of its own. Its hours are intersected with the
-- law's, so nothing written here can widen them.
create table public.tenant_calling_windows (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    -- ISO: 1 Monday … 7 Sunday. With any row, a day without one is closed.
    weekday smallint not null,
    opens time not null,
    closes time not null,
    created_at timestamptz not null default private.now(),
    constraint tenant_calling_windows_pkey primary key (id),
    constraint tenant_calling_windows_tenant_fkey foreign key (tenant_id)
    references public.tenants (id),
    constraint tenant_calling_windows_one_per_day unique (tenant_id, weekday),
    constraint tenant_calling_windows_weekday_is_iso check (weekday between 1 and 7),
    constraint tenant_calling_windows_open_before_close check (opens < closes)
);
comment on table public.tenant_calling_windows is
'An agency''s hours of contact, within the law''s.';

-- How often one client may be attempted. No law names a number, so none ships.
create table public.contact_caps (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    channel public.channel not null,
    -- Of the agency's calendar, today included: 1 is "per day", 7 "per week".
    days smallint not null,
    attempts smallint not null,
    created_at timestamptz not null default private.now(),
    constraint contact_caps_pkey primary key (id),
    constraint contact_caps_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint contact_caps_one_per_span unique (tenant_id, channel, days),
    constraint contact_caps_span_is_a_month_at_most check (days between 1 and 31),
    constraint contact_caps_allow_something check (attempts between 1 and 1000)
);
comment on table public.contact_caps is
'At most `attempts` in `days` days, per client and channel.';

alter table public.tenant_calling_windows enable row level security;
alter table public.tenant_calling_windows force row level security;
alter table public.contact_caps enable row level security;
alter table public.contact_caps force row level security;

create policy tenant_calling_windows_select_member on public.tenant_calling_windows
for select to authenticated
using (tenant_id = (select private.tenant_id()));
create policy tenant_calling_windows_insert_admin on public.tenant_calling_windows
for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));
create policy tenant_calling_windows_update_admin on public.tenant_calling_windows
for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));
create policy tenant_calling_windows_delete_admin on public.tenant_calling_windows
for delete to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

create policy contact_caps_select_member on public.contact_caps for select to authenticated
using (tenant_id = (select private.tenant_id()));
create policy contact_caps_insert_admin on public.contact_caps for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));
create policy contact_caps_update_admin on public.contact_caps for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));
create policy contact_caps_delete_admin on public.contact_caps for delete to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

grant select, delete on public.tenant_calling_windows, public.contact_caps to authenticated;
grant insert (id, tenant_id, weekday, opens, closes) on public.tenant_calling_windows
to authenticated;
grant update (weekday, opens, closes) on public.tenant_calling_windows to authenticated;
grant insert (id, tenant_id, channel, days, attempts) on public.contact_caps to authenticated;
grant update (attempts) on public.contact_caps to authenticated;

create trigger _900_audit_insert after insert on public.tenant_calling_windows
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.tenant_calling_windows
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.tenant_calling_windows
referencing old table as old_rows for each statement execute function private.tg_audit();
create trigger _900_audit_insert after insert on public.contact_caps
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.contact_caps
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.contact_caps
referencing old table as old_rows for each statement execute function private.tg_audit();

create function private.has_cap(tenant_id uuid, channel public.channel) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.contact_caps as cap
        where cap.tenant_id = has_cap.tenant_id and cap.channel = has_cap.channel
    )
$$;

-- Instants at which a client was attempted on a channel, newest first. A call and its disposition
-- are one attempt; a message that failed reached nobody, unless nobody knows what became of it, and
-- an answer in an open conversation is no attempt.
create function private.contact_attempts(
    tenant_id uuid, client_id uuid, channel public.channel, since timestamptz, until timestamptz
) returns table (at timestamptz)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- What waits longer to be sent expires (0692, 0980).
    c_longest_wait constant interval := '7 days';
begin
    if channel = 'whatsapp' then
        return query
        select coalesce(message.sending_at, message.created_at)
        from public.message_logs as message
        where message.tenant_id = contact_attempts.tenant_id
          and message.client_id = contact_attempts.client_id
          and message.direction = 'out' and message.status <> 'queued'
          and (message.status <> 'failed' or message.error_code = 'outcome_unknown')
          and message.template_id is not null
          and message.created_at >= since - c_longest_wait and message.created_at <= until
          and coalesce(message.sending_at, message.created_at) between since and until;
        return;
    end if;
    return query
    select call.called_at from public.calls as call
    where call.tenant_id = contact_attempts.tenant_id
      and call.client_id = contact_attempts.client_id
      and call.called_at >= since and call.called_at <= until
    union all
    select done.created_at from public.call_dispositions as done
    where done.tenant_id = contact_attempts.tenant_id
      and done.client_id = contact_attempts.client_id
      and done.created_at >= since and done.created_at <= until
      and not private.is_undone(done.id)
      and not exists (
          select from public.calls as call
          where call.tenant_id = done.tenant_id and call.disposition_id = done.id
      );
end;
$$;

-- Until when the caps forbid another attempt: the first day on which one of the counted attempts
-- has left the span. Null: not at all.
create function private.capped_until(
    tenant_id uuid, client_id uuid, channel public.channel, at timestamptz
) returns timestamptz
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_zone text := (
        select tenants.time_zone from public.tenants where tenants.id = capped_until.tenant_id
    );
    v_today date := (at at time zone v_zone)::date;
begin
    return (
        select max((((
            select attempted.at from private.contact_attempts(
                cap.tenant_id, capped_until.client_id, cap.channel,
                (v_today - cap.days + 1)::timestamp at time zone v_zone, capped_until.at
            ) as attempted
            order by attempted.at desc offset cap.attempts - 1 limit 1
        ) at time zone v_zone)::date + cap.days)::timestamp at time zone v_zone)
        from public.contact_caps as cap
        where cap.tenant_id = capped_until.tenant_id and cap.channel = capped_until.channel
    );
end;
$$;
comment on function private.capped_until(uuid, uuid, public.channel, timestamptz) is
'The instant at which the agency''s caps allow the next attempt; null: now.';

-- Two that would write to one person at once count one after the other. Held until the commit, in
-- the order of ids, so that nobody waits in a circle.
create function private.lock_people(client_ids uuid[]) returns void
language sql
security definer
set search_path = ''
as $$
    select pg_advisory_xact_lock(hashtextextended('contact:' || person.id, 0))
    from (
        select distinct given.id from unnest(client_ids) as given (id)
        where given.id is not null order by given.id
    ) as person
$$;

create function private.is_over_cap(
    tenant_id uuid, client_id uuid, channel public.channel, at timestamptz
) returns boolean
language sql
stable
security definer
set search_path = ''
as $$ select private.capped_until(tenant_id, client_id, channel, at) is not null $$;
