-- The page's first question: who am I, where, and what time is it. One call, also for somebody who
-- belongs nowhere (tenant null, tenants empty: that is an answer, not an error). The seat at the
-- dialer is told with it, so that the desk's place is kept before anything is painted.
-- Why somebody with an account has no agency (any more): the newest first.
create function private.ended_access(user_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(jsonb_agg(
        jsonb_build_object('tenant', tenants.name, 'why', known.why, 'at', known.at)
        order by known.at desc
    ), '[]')
    from (
        select gone.tenant_id, 'removed' as why, gone.revoked_at as at
        from public.memberships as gone
        where gone.user_id = ended_access.user_id and gone.revoked_at is not null
        union all
        select sent.tenant_id,
            case when sent.revoked_at is not null then 'invitation_revoked'
                else 'invitation_expired' end,
            coalesce(sent.revoked_at, sent.expires_at)
        from public.invitations as sent
        join auth.users on sent.email = lower(users.email)
        where users.id = ended_access.user_id and users.email_confirmed_at is not null
          and sent.accepted_at is null and sent.declined_at is null
          and (sent.revoked_at is not null or sent.expires_at <= private.now())
        order by at desc
        -- More than these say nothing new.
        limit 3
    ) as known
    join public.tenants on tenants.id = known.tenant_id
    where not exists (
        select from public.memberships as alive
        where alive.user_id = ended_access.user_id and alive.tenant_id = known.tenant_id
          and alive.revoked_at is null
    )
$$;

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
            'ended', private.ended_access(v_user_id),
            'seat', (
                select jsonb_build_object(
                    'agent_id', seat.agent_id, 'can_call', seat.extension is not null
                )
                from public.dialer_agents as seat
                where seat.tenant_id = v_tenant_id and seat.user_id = v_user_id
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
ended:[{tenant, why: removed | invitation_revoked | invitation_expired, at}],
seat:{agent_id,can_call}|null, clock_shifted_seconds}';

grant execute on function private.session_context(), public.session_context() to authenticated;
