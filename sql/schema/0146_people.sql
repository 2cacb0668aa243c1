-- What an admin decides about people beside their role: which creditors they work for, and teams.
create function private.require_creditors(tenant_id uuid, creditor_ids uuid[]) returns uuid[]
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_asked uuid[] := array(select distinct asked.id from unnest(creditor_ids) as asked (id));
begin
    if creditor_ids is null then
        return null;
    end if;
    if v_asked = '{}' or cardinality(v_asked) <> (
        select count(*) from public.creditors
        where creditors.tenant_id = require_creditors.tenant_id and creditors.id = any(v_asked)
    ) then
        raise exception 'creditor_not_found' using errcode = 'PT404',
            detail = 'creditor_ids: at least one, all of the tenant; null for every creditor';
    end if;
    return v_asked;
end;
$$;

create function private.set_member_scope(membership_id uuid, creditor_ids uuid[]) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_member public.memberships := private.membership_for_change(membership_id, false);
begin
    if v_member.role = 'admin' and creditor_ids is not null then
        raise exception 'admin_sees_everything' using errcode = 'PT409',
            detail = 'change the role first: who manages people cannot be limited';
    end if;
    update public.memberships
    set creditor_ids = private.require_creditors(v_member.tenant_id, set_member_scope.creditor_ids)
    where memberships.id = v_member.id;
    perform private.tell_membership(v_member.tenant_id, v_member.user_id);
end;
$$;

-- {id?, name, creditor_ids | null, user_ids, limits?}: the whole team as it shall be; limits as
-- keep_limits has them.
create function private.save_team(team jsonb) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_id uuid;
    v_name text := btrim(coalesce(team ->> 'name', ''));
    v_creditors uuid[];
    v_people uuid[];
    v_limited uuid[];
begin
    -- Two admins who save the same team follow one another.
    perform from public.tenants where tenants.id = v_tenant_id for no key update;
    v_limited := private.limited_by_teams(v_tenant_id);
    if v_name = '' or length(v_name) > 60 then
        raise exception 'team_name_invalid' using errcode = 'PT400',
            detail = 'name: 1 to 60 characters';
    end if;
    if jsonb_typeof(team -> 'creditor_ids') = 'array' then
        v_creditors := private.require_creditors(v_tenant_id, private.ids_in(team, 'creditor_ids'));
    end if;
    v_people := private.ids_in(team, 'user_ids');
    if exists (
        select from unnest(v_people) as asked (id)
        where not exists (
            select from public.memberships
            where memberships.tenant_id = v_tenant_id and memberships.user_id = asked.id
              and memberships.revoked_at is null
        )
    ) then
        raise exception 'member_not_found' using errcode = 'PT404',
            detail = 'user_ids: live members of the tenant';
    end if;
    if exists (
        select from public.teams
        where teams.tenant_id = v_tenant_id and lower(teams.name) = lower(v_name)
          and teams.archived_at is null and teams.id is distinct from (team ->> 'id')::uuid
    ) then
        raise exception 'team_name_taken' using errcode = 'PT409', detail = 'another team has it';
    end if;
    if team ->> 'id' is null then
        insert into public.teams (tenant_id, name, creditor_ids)
        values (v_tenant_id, v_name, v_creditors)
        returning id into v_id;
    else
        update public.teams set name = v_name, creditor_ids = v_creditors
        where teams.tenant_id = v_tenant_id and teams.id = (team ->> 'id')::uuid
          and teams.archived_at is null
        returning teams.id into v_id;
        if v_id is null then
            raise exception 'team_not_found' using errcode = 'PT404', detail = 'no living team';
        end if;
    end if;
    perform private.seat_team(v_tenant_id, v_id, v_people);
    perform private.keep_limits(v_tenant_id, v_limited, team -> 'limits');
    return v_id;
end;
$$;

create function private.ids_in(document jsonb, key text) returns uuid[]
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_texts text[];
begin
    if jsonb_typeof(document -> key) = 'array' then
        v_texts := array(select jsonb_array_elements_text(document -> key));
    end if;
    if v_texts is null or exists (
        select from unnest(v_texts) as given (text)
        where given.text is null or not pg_input_is_valid(given.text, 'uuid')
    ) then
        raise exception 'field_invalid' using errcode = 'PT400', detail = key || ': ids';
    end if;
    return v_texts::uuid[];
end;
$$;

-- Exactly these; whoever comes, goes, or stays in a team whose creditors changed is told.
create function private.seat_team(tenant_id uuid, team_id uuid, user_ids uuid[]) returns void
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    v_before uuid[] := array(
        select seat.user_id from public.team_members as seat
        where seat.tenant_id = seat_team.tenant_id and seat.team_id = seat_team.team_id
    );
begin
    delete from public.team_members as seat
    where seat.tenant_id = seat_team.tenant_id and seat.team_id = seat_team.team_id
      and seat.user_id <> all(seat_team.user_ids);
    insert into public.team_members (tenant_id, team_id, user_id)
    select seat_team.tenant_id, seat_team.team_id, asked.id
    from unnest(seat_team.user_ids) as asked (id)
    on conflict on constraint team_members_pkey do nothing;
    perform private.tell_membership(seat_team.tenant_id, told.id)
    from (select unnest(v_before || seat_team.user_ids) as id group by 1) as told;
end;
$$;

create function private.archive_team(team_id uuid, limits jsonb) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_limited uuid[];
begin
    perform from public.tenants where tenants.id = v_tenant_id for no key update;
    v_limited := private.limited_by_teams(v_tenant_id);
    update public.teams set archived_at = private.now()
    where teams.tenant_id = v_tenant_id and teams.id = archive_team.team_id
      and teams.archived_at is null;
    if not found then
        raise exception 'team_not_found' using errcode = 'PT404', detail = 'no living team';
    end if;
    perform private.seat_team(v_tenant_id, archive_team.team_id, '{}');
    perform private.keep_limits(v_tenant_id, v_limited, limits);
end;
$$;
