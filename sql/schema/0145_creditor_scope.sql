-- Which creditors somebody works for, within the agency: what every policy and every function that
-- reads portfolios asks beside the tenant. Read on each request, as roles are: narrowing somebody
-- works at once. A person's own limit comes first; without one, that of the teams; an admin has
-- none.
create function private.creditor_scope_of(tenant_id uuid, user_id uuid) returns uuid[]
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_member public.memberships;
begin
    select * into v_member
    from public.memberships
    where memberships.user_id = creditor_scope_of.user_id
      and memberships.tenant_id = creditor_scope_of.tenant_id
      and memberships.revoked_at is null;
    -- A stranger has no tenant, and so no row, whatever is answered here.
    if not found or v_member.role = 'admin' then
        return null;
    end if;
    if v_member.creditor_ids is not null then
        return v_member.creditor_ids;
    end if;
    return (
        -- One team without a limit is enough for everything.
        select case when bool_and(teams.creditor_ids is not null)
            then array_agg(distinct creditor.id) end
        from public.team_members as mine
        join public.teams
            on teams.tenant_id = mine.tenant_id and teams.id = mine.team_id
            and teams.archived_at is null
        left join lateral unnest(teams.creditor_ids) as creditor (id) on true
        where mine.user_id = v_member.user_id and mine.tenant_id = v_member.tenant_id
    );
end;
$$;

create function private.creditor_scope() returns uuid[]
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return private.creditor_scope_of(private.tenant_id(), auth.uid());
end;
$$;
comment on function private.creditor_scope() is
'Creditors the caller is limited to; null for everybody who is not.';

create function private.sees_everything() returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return private.creditor_scope() is null;
end;
$$;
comment on function private.sees_everything() is
'True unless the caller is limited to some creditors. Policies ask it first: the rest of their
condition is then never computed.';

grant execute on function private.creditor_scope(), private.sees_everything() to authenticated;

-- For a thin function of `public` on its way to a definer: the id itself where row-level security
-- shows the caller its row, else null. What is out of sight does not exist: the definer answers as
-- it answers to any id that is nobody's.
create function private.seen(table_name text, id uuid) returns uuid
language plpgsql
stable
set search_path = ''
as $$
declare
    v_seen uuid;
begin
    if (select private.sees_everything()) then
        return id;
    end if;
    execute format('select row.id from public.%I as row where row.id = $1', table_name)
    into v_seen using id;
    return v_seen;
end;
$$;

create function private.seen_all(table_name text, ids uuid[]) returns uuid[]
language plpgsql
stable
set search_path = ''
as $$
begin
    if (select private.sees_everything()) then
        return ids;
    end if;
    return array(
        select private.seen(seen_all.table_name, given.id)
        from unnest(seen_all.ids) with ordinality as given (id, place) order by given.place
    );
end;
$$;

-- The titles of a client that are asked for, or all; only those in sight either way.
create function private.seen_debts(client_id uuid, debt_ids uuid[]) returns uuid[]
language plpgsql
stable
set search_path = ''
as $$
begin
    if debt_ids is not null or (select private.sees_everything()) then
        return private.seen_all('debts', debt_ids);
    end if;
    return array(
        select debts.id from public.debts where debts.client_id = seen_debts.client_id
    );
end;
$$;

grant execute on function
private.seen(text, uuid), private.seen_all(text, uuid[]), private.seen_debts(uuid, uuid[])
to authenticated;

-- For definer functions, where no policy speaks.
create function private.sees_client(client_id uuid) returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_scope uuid[] := private.creditor_scope();
begin
    return v_scope is null or exists (
        select from public.clients
        where clients.id = sees_client.client_id and clients.creditor_ids && v_scope
    );
end;
$$;

-- The same of somebody else.
create function private.person_sees_client(tenant_id uuid, user_id uuid, client_id uuid)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_scope uuid[] := private.creditor_scope_of(tenant_id, user_id);
begin
    return v_scope is null or exists (
        select from public.clients
        where clients.id = person_sees_client.client_id and clients.creditor_ids && v_scope
    );
end;
$$;

-- Null for who is not limited: all of them.
create function private.debts_in_scope(client_id uuid) returns uuid[]
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_scope uuid[] := private.creditor_scope();
begin
    return case when v_scope is not null then array(
        select debts.id from public.debts
        where debts.client_id = debts_in_scope.client_id and debts.creditor_id = any(v_scope)
    ) end;
end;
$$;

create function private.sees_creditor(creditor_id uuid) returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_scope uuid[] := private.creditor_scope();
begin
    return v_scope is null or creditor_id = any(v_scope);
end;
$$;
