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
