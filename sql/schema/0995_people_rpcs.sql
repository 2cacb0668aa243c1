-- What the page and the invitation's function call; the rules are in the files before.
-- An open or expired invitation is good for another while; answers what its mail needs.
create function private.renew_invitation(invitation_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_sent public.invitations;
begin
    update public.invitations set expires_at = private.now() + interval '14 days'
    where invitations.id = renew_invitation.invitation_id
      and invitations.tenant_id = v_tenant_id
      and invitations.accepted_at is null and invitations.revoked_at is null
    returning * into v_sent;
    if not found then
        raise exception 'invitation_not_found' using errcode = 'PT404',
            detail = 'no open invitation with this id in the tenant';
    end if;
    return jsonb_build_object('id', v_sent.id, 'email', v_sent.email, 'name', v_sent.display_name);
end;
$$;

-- The auth service renders a mail from what it knows of the account, so the agency that invites and
-- the invitation that the link answers are written there, together, before it is asked. An account
-- of somebody's own gets one mail a minute from it: said of everybody, or whoever invites would
-- learn who has an account.
create function private.address_invitation(
    invitation_id uuid, out email text, out name text, out agency text
)
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_mailed_at timestamptz;
begin
    select sent.email, coalesce(sent.display_name, ''), tenants.name, sent.mailed_at
    into address_invitation.email, address_invitation.name, address_invitation.agency, v_mailed_at
    from public.invitations as sent
    join public.tenants on tenants.id = sent.tenant_id
    where sent.id = address_invitation.invitation_id and sent.tenant_id = v_tenant_id
      and sent.accepted_at is null and sent.revoked_at is null;
    if not found then
        raise exception 'invitation_not_found' using errcode = 'PT404',
            detail = 'no open invitation with this id in the tenant';
    elsif v_mailed_at > private.now() - interval '1 minute' then
        raise exception 'mail_too_soon' using errcode = 'PT429',
            detail = 'the address got a mail within this minute';
    end if;
    update auth.users set raw_user_meta_data = case jsonb_typeof(users.raw_user_meta_data)
        when 'object' then users.raw_user_meta_data else '{}' end
        || jsonb_build_object('agency', agency, 'invitation_id', invitation_id)
    where lower(users.email) = address_invitation.email;
end;
$$;

create function private.note_invitation_mail(invitation_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
begin
    update public.invitations set mailed_at = private.now()
    where invitations.id = note_invitation_mail.invitation_id
      and invitations.tenant_id = v_tenant_id;
end;
$$;

-- How colleagues read the caller's name, in this agency.
create function private.rename_me(name text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_name text := btrim(coalesce(rename_me.name, ''));
begin
    if v_name = '' or length(v_name) > 80 then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'name: 1 to 80 characters';
    end if;
    update public.memberships set display_name = v_name
    where memberships.tenant_id = v_tenant_id and memberships.user_id = auth.uid()
      and memberships.revoked_at is null;
end;
$$;

create function public.list_people() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.list_people() $$;
comment on function public.list_people() is
'Admin: {people:[{membership_id,user_id,name,email,role,since,last_seen_at,is_me,is_last_admin,
creditor_ids,scope,work:{clients,callbacks,talks}}], invitations:[{id,email,role,name,state: open |
expired | revoked | declined,created_at,expires_at,mailed_at,creditor_ids,invited_by}], past:[…],
teams:[{id,name,creditor_ids,user_ids}], creditors:[{id,name,is_active}]}; creditor_ids null is every creditor.';

create function public.renew_invitation(invitation_id uuid) returns jsonb
language sql
set search_path = ''
as $$ select private.renew_invitation(invitation_id) $$;

create function public.rename_me(name text) returns void
language sql
set search_path = ''
as $$ select private.rename_me(name) $$;

create function public.set_member_scope(
    membership_id uuid, creditor_ids uuid[] default null
) returns void
language sql
set search_path = ''
as $$ select private.set_member_scope(membership_id, creditor_ids) $$;
comment on function public.set_member_scope(uuid, uuid[]) is
'Admin; null: by team, else every creditor. Errors: membership_not_found, creditor_not_found,
admin_sees_everything.';

create function public.save_team(team jsonb) returns uuid
language sql
set search_path = ''
as $$ select private.save_team(team) $$;
comment on function public.save_team(jsonb) is
'Admin; {id?, name, creditor_ids: [] | null, user_ids: [], limits?: {user_id: [creditor_id] | null:
everything}}. Errors: team_name_invalid, team_name_taken, team_not_found, member_not_found,
creditor_not_found, field_invalid; PT409 team_limits_people (detail: the ids of whoever would see
everything and is not named in limits).';

create function public.archive_team(team_id uuid, limits jsonb default null) returns void
language sql
set search_path = ''
as $$ select private.archive_team(team_id, limits) $$;
comment on function public.archive_team(uuid, jsonb) is
'Admin; limits as save_team has them. Errors: team_not_found, team_limits_people,
creditor_not_found.';

grant execute on function
private.list_people(), public.list_people(),
private.renew_invitation(uuid), public.renew_invitation(uuid),
private.address_invitation(uuid), private.note_invitation_mail(uuid),
private.rename_me(text), public.rename_me(text),
private.set_member_scope(uuid, uuid[]), public.set_member_scope(uuid, uuid[]),
private.save_team(jsonb), public.save_team(jsonb),
private.archive_team(uuid, jsonb), public.archive_team(uuid, jsonb)
to authenticated;
