-- The team's transitions. Only admins, only in their own tenant, and no role above the caller's own
-- can be given; a tenant cannot lose its last admin. The tenant's row is locked first, so that two
-- admins who demote each other at the same moment cannot both succeed.
create function private.invite(
    email text, role public.member_role, display_name text, creditor_ids uuid[]
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
    if invite.role = 'admin' and invite.creditor_ids is not null then
        raise exception 'admin_sees_everything' using errcode = 'PT409',
            detail = 'who manages people cannot be limited';
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
    insert into public.invitations (
        tenant_id, email, role, display_name, creditor_ids, invited_by
    )
    values (
        v_tenant_id, v_email, invite.role, invite.display_name,
        private.require_creditors(v_tenant_id, invite.creditor_ids), auth.uid()
    )
    on conflict (email, tenant_id) where accepted_at is null and revoked_at is null
    do update set role = excluded.role, display_name = excluded.display_name,
        creditor_ids = excluded.creditor_ids, invited_by = excluded.invited_by,
        expires_at = excluded.expires_at
    returning id into v_invitation_id;
    -- Whoever has an account is asked in the page; the inviter learns nothing of it.
    if v_user_id is not null then
        perform private.tell_membership(v_tenant_id, v_user_id);
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
    -- Not against the key: whoever writes a row of the agency meanwhile waits for nothing.
    perform from public.tenants where tenants.id = v_tenant_id for no key update;
    -- Asked again under the lock: the caller may just have been demoted.
    perform private.require_role('admin');
    -- Whoever gives them a client at this moment holds the row: they come first, or find nobody.
    select * into v_membership
    from public.memberships
    where memberships.id = membership_for_change.membership_id
      and memberships.tenant_id = v_tenant_id
      and memberships.revoked_at is null
    for no key update;
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

create function private.revoke_membership(membership_id uuid, hand_to uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_membership public.memberships;
begin
    v_membership := private.membership_for_change(membership_id, leaves_admin => true);
    perform private.hand_over(v_membership.tenant_id, v_membership.user_id, hand_to);
    update public.memberships set revoked_at = private.now()
    where memberships.id = v_membership.id;
    perform private.leave_agency(v_membership.tenant_id, v_membership.user_id);
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
    update public.memberships
    set role = set_member_role.role,
        -- An admin sees everything; a limit that slept would come back with the next demotion.
        creditor_ids = case when set_member_role.role <> 'admin' then memberships.creditor_ids end
    where memberships.id = v_membership.id;
    perform private.tell_membership(v_membership.tenant_id, v_membership.user_id);
end;
$$;
