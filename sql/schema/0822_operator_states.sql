-- How each operator stood, one interval after the other: nobody else stores it, and productive
-- hours, occupancy and "for how long" are made of it. Said by the page that is open (a sign of life
-- a minute), by the client on its screen, by the pause button, and by the dialer's own pause. An
-- interval without a sign of life ended at the last one: a closed laptop works no overtime.
create table public.operator_states (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    -- available | serving (a client is on the screen) | paused. Without an interval: offline.
    state text not null,
    -- Of a pause: one of the page's codes, or what the dialer calls it.
    reason text,
    -- The pause is the dialer's, and ends when the dialer says so.
    is_at_dialer boolean not null default false,
    since timestamptz not null default private.now(),
    seen_at timestamptz not null default private.now(),
    until_at timestamptz,
    constraint operator_states_pkey primary key (id),
    constraint operator_states_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint operator_states_user_fkey foreign key (user_id) references auth.users (id),
    constraint operator_states_state_is_known check (state in ('available', 'serving', 'paused')),
    constraint operator_states_pause_has_a_reason check ((state = 'paused') = (reason is not null)),
    constraint operator_states_reason_is_short check (length(reason) <= 60),
    constraint operator_states_end_after_they_begin check (until_at >= since)
);
comment on table public.operator_states is
'Intervals of a person''s work; the open one reaches to its last sign of life.';
create unique index operator_states_one_open on public.operator_states (tenant_id, user_id)
where until_at is null;
-- Serve a day of them, and the newest of a person.
create index operator_states_by_day on public.operator_states (tenant_id, since);
create index operator_states_of_person on public.operator_states (user_id, tenant_id, since desc);

alter table public.operator_states enable row level security;
alter table public.operator_states force row level security;

-- One's own hours, and those of whom one leads.
create policy operator_states_select_own on public.operator_states for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and (user_id = (select auth.uid()) or (select private.has_role('supervisor')))
);

-- Written by the functions below. Not audited: the rows are the record.
grant select on public.operator_states to authenticated;

-- Ends what is over and begins what is new; null: gone. Whether anything is new. An interval never
-- spans two mornings, so that a day's are found by their beginning.
create function private.note_state(
    tenant_id uuid, user_id uuid, state text, reason text default null,
    is_at_dialer boolean default false
) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_open public.operator_states;
    v_is_same boolean;
begin
    select * into v_open from public.operator_states as known
    where known.tenant_id = note_state.tenant_id and known.user_id = note_state.user_id
      and known.until_at is null
    for update;
    if v_open.seen_at <= private.now() - private.service_patience() then
        update public.operator_states as known set until_at = known.seen_at
        where known.id = v_open.id;
        v_open := null;
    end if;
    v_is_same := (v_open.state, v_open.reason) is not distinct from
        (note_state.state, note_state.reason);
    if v_is_same and (v_open.id is null
        or private.local_day(tenant_id, v_open.since) = private.today(tenant_id))
    then
        update public.operator_states as known
        set seen_at = private.now(), is_at_dialer = note_state.is_at_dialer
        where known.id = v_open.id;
        return false;
    end if;
    update public.operator_states as known set seen_at = private.now(), until_at = private.now()
    where known.id = v_open.id;
    if note_state.state is not null then
        insert into public.operator_states (tenant_id, user_id, state, reason, is_at_dialer)
        values (
            note_state.tenant_id, note_state.user_id, note_state.state, note_state.reason,
            note_state.is_at_dialer
        )
        -- Two windows at once say the same.
        on conflict do nothing;
    end if;
    return not v_is_same;
end;
$$;

create function private.local_day(tenant_id uuid, at timestamptz) returns date
language sql
stable
security definer
set search_path = ''
as $$
    select (local_day.at at time zone tenants.time_zone)::date
    from public.tenants where tenants.id = local_day.tenant_id
$$;

-- How somebody stands by what is known: a pause lasts until its end is said; else a client on the
-- screen; else an operator waits for one. Who leads is at work here while serving.
create function private.note_standing(
    tenant_id uuid, user_id uuid, at_dialer text default null, is_back boolean default false
) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_pause public.operator_states;
begin
    if not is_back then
        select * into v_pause from public.operator_states as known
        where known.tenant_id = note_standing.tenant_id and known.user_id = note_standing.user_id
          and known.until_at is null and known.state = 'paused'
          and known.seen_at > private.now() - private.service_patience()
          -- What the dialer began it ends.
          and not (known.is_at_dialer
              and coalesce(at_dialer, '') in ('idle', 'on_call', 'wrap_up', 'manual'));
        if v_pause.id is null and at_dialer = 'paused' then
            return private.note_state(tenant_id, user_id, 'paused', 'dialer', true);
        elsif v_pause.id is not null then
            return private.note_state(
                tenant_id, user_id, 'paused', v_pause.reason, v_pause.is_at_dialer
            );
        end if;
    end if;
    return private.note_state(tenant_id, user_id, case
        when exists (
            select from public.client_services as held
            where held.operator_id = note_standing.user_id
              and held.tenant_id = note_standing.tenant_id
              and held.seen_at > private.now() - private.service_patience()
        ) then 'serving'
        when exists (
            select from public.memberships as member
            where member.user_id = note_standing.user_id
              and member.tenant_id = note_standing.tenant_id
              and member.revoked_at is null and member.role = 'operator'
        ) then 'available'
    end);
end;
$$;

-- Whoever looks at the board hears of it; {state, reason, since}, null for who is not at work.
create function private.tell_state(tenant_id uuid, is_news boolean) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
begin
    if is_news then
        perform realtime.send(
            jsonb_build_object('at', private.now()), 'board_changed', 'panel:' || tenant_id, true
        );
    end if;
    return (
        select jsonb_build_object(
            'state', mine.state, 'reason', mine.reason, 'since', mine.since
        )
        from public.operator_states as mine
        where mine.tenant_id = tell_state.tenant_id and mine.user_id = auth.uid()
          and mine.until_at is null
    );
end;
$$;

create function private.sign_of_life(at_dialer text) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
begin
    return private.tell_state(
        v_tenant_id, private.note_standing(v_tenant_id, auth.uid(), at_dialer)
    );
end;
$$;

create function private.take_break(reason text, is_at_dialer boolean) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_reason text := btrim(coalesce(reason, ''));
begin
    if length(v_reason) not between 1 and 60 then
        raise exception 'reason_missing' using errcode = 'PT400',
            detail = 'reason: 1 to 60 characters';
    end if;
    return private.tell_state(v_tenant_id, private.note_state(
        v_tenant_id, auth.uid(), 'paused', v_reason, coalesce(is_at_dialer, false)
    ));
end;
$$;

create function private.end_break() returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
begin
    return private.tell_state(
        v_tenant_id, private.note_standing(v_tenant_id, auth.uid(), null, true)
    );
end;
$$;

create function public.sign_of_life(at_dialer text default null) returns jsonb
language sql
set search_path = ''
as $$ select private.sign_of_life(at_dialer) $$;
comment on function public.sign_of_life(text) is
'Once a minute by an open page: {state: available | serving | paused, reason, since}, null for who
is not at work. at_dialer: what 3cplus-agent said just now, if it did.';

create function public.take_break(reason text, is_at_dialer boolean default false) returns jsonb
language sql
set search_path = ''
as $$ select private.take_break(reason, is_at_dialer) $$;
comment on function public.take_break(text, boolean) is
'A pause from now on; answers as sign_of_life. PT400 reason_missing.';

create function public.end_break() returns jsonb
language sql
set search_path = ''
as $$ select private.end_break() $$;
comment on function public.end_break() is 'Back from a pause; answers as sign_of_life.';

grant execute on function
private.sign_of_life(text), public.sign_of_life(text),
private.take_break(text, boolean), public.take_break(text, boolean),
private.end_break(), public.end_break()
to authenticated;

-- The panel's year and the one it is compared with; of what was kept before, the sums stay. The
-- oldest of an agency stays: since then hours are known.
create function private.forget_operator_states() returns int
language sql
security definer
set search_path = ''
as $$
    with forgotten as (
        delete from public.operator_states as known
        using public.tenants
        cross join lateral (
            select oldest.id from public.operator_states as oldest
            where oldest.tenant_id = tenants.id
            order by oldest.since
            limit 1
        ) as first
        where known.tenant_id = tenants.id and known.id <> first.id
          and known.since < private.now() - interval '732 days'
        returning known.id
    )
    select count(*)::int from forgotten
$$;

select cron.schedule(
    'forget-operator-states', '41 4 * * *', 'select private.forget_operator_states()'
);
