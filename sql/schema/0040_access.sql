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
