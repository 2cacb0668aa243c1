-- The people's page in one call: who works here and since when unseen, whom we wait for, teams.
create function private.list_people() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- An agency has tens of people; what is older than a year of comings and goings is the audit's.
    c_past constant int := 100;
    v_tenant_id uuid := private.require_role('admin');
begin
    return jsonb_build_object(
        'people', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'membership_id', member.id, 'user_id', member.user_id, 'name', member.display_name,
                'email', users.email, 'role', member.role, 'since', member.created_at,
                'is_me', member.user_id = auth.uid(), 'last_seen_at', private.last_seen(member.user_id),
                'creditor_ids', member.creditor_ids,
                'scope', private.creditor_scope_of(member.tenant_id, member.user_id),
                'is_last_admin', member.role = 'admin' and not exists (
                    select from public.memberships as other
                    where other.tenant_id = v_tenant_id and other.role = 'admin'
                      and other.revoked_at is null and other.id <> member.id
                ),
                'work', private.held_work(member.tenant_id, member.user_id)
            ) order by lower(member.display_name), member.id), '[]')
            from public.memberships as member
            join auth.users on users.id = member.user_id
            where member.tenant_id = v_tenant_id and member.revoked_at is null
        ),
        'invitations', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', sent.id, 'email', sent.email, 'role', sent.role, 'name', sent.display_name,
                'state', private.invitation_state(sent), 'created_at', sent.created_at,
                'expires_at', sent.expires_at, 'mailed_at', sent.mailed_at,
                'creditor_ids', sent.creditor_ids,
                'invited_by', private.actor_name(sent.tenant_id, sent.invited_by)
            ) order by sent.created_at desc, sent.id), '[]')
            from (
                select * from public.invitations
                where invitations.tenant_id = v_tenant_id and invitations.accepted_at is null
                order by invitations.created_at desc limit c_past
            ) as sent
        ),
        'past', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'membership_id', gone.id, 'name', gone.display_name, 'email', users.email,
                'role', gone.role, 'ended_at', gone.revoked_at
            ) order by gone.revoked_at desc, gone.id), '[]')
            from (
                select * from public.memberships
                where memberships.tenant_id = v_tenant_id and memberships.revoked_at is not null
                order by memberships.revoked_at desc limit c_past
            ) as gone
            join auth.users on users.id = gone.user_id
        ),
        'teams', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', teams.id, 'name', teams.name, 'creditor_ids', teams.creditor_ids,
                'user_ids', array(
                    select seat.user_id from public.team_members as seat
                    where seat.tenant_id = v_tenant_id and seat.team_id = teams.id
                )
            ) order by lower(teams.name)), '[]')
            from public.teams where teams.tenant_id = v_tenant_id and teams.archived_at is null
        ),
        'creditors', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', creditors.id, 'name', creditors.name, 'is_active', creditors.is_active
            ) order by creditors.name_key, creditors.id), '[]')
            from public.creditors where creditors.tenant_id = v_tenant_id
        )
    );
end;
$$;

-- The last sign of the sign-in itself: a token is renewed every hour while a page is open. Null for
-- who works for another agency, too: which of the two it was for is nobody's to know.
create function private.last_seen(user_id uuid) returns timestamptz
language sql
stable
security definer
set search_path = ''
as $$
    select private.told_instant(greatest(users.last_sign_in_at, (
        select max(greatest(sessions.created_at, sessions.refreshed_at at time zone 'UTC'))
        from auth.sessions where sessions.user_id = users.id
    )))
    from auth.users
    where users.id = last_seen.user_id and 1 = (
        select count(*) from public.memberships as alive
        where alive.user_id = last_seen.user_id and alive.revoked_at is null
    )
$$;

-- What would have to be given to somebody else.
create function private.held_work(tenant_id uuid, user_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'clients', (
            select count(*) from public.client_assignments as given
            where given.tenant_id = held_work.tenant_id and given.user_id = held_work.user_id
        ),
        'callbacks', (
            select count(*) from public.callbacks as promised
            where promised.tenant_id = held_work.tenant_id
              and promised.operator_id = held_work.user_id and promised.status = 'scheduled'
        ),
        'talks', (
            select count(*) from public.conversations as talk
            where talk.tenant_id = held_work.tenant_id and talk.owner_id = held_work.user_id
        )
    )
$$;

create function private.invitation_state(sent public.invitations) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select case
        when sent.accepted_at is not null then 'accepted'
        when sent.declined_at is not null then 'declined'
        when sent.revoked_at is not null then 'revoked'
        when sent.expires_at <= private.now() then 'expired'
        else 'open'
    end
$$;
