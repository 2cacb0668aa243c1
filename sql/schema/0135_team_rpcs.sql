-- What the page calls: thin invokers, the rules are one file up.
create function public.invite(
    email text, role public.member_role, display_name text default null,
    creditor_ids uuid[] default null
) returns uuid
language sql
set search_path = ''
as $$ select private.invite(email, role, display_name, creditor_ids) $$;
comment on function public.invite(text, public.member_role, text, uuid[]) is
'Admin: the invitation''s id; creditor_ids null is by team, else every creditor. Errors:
email_invalid, already_member, not_allowed, creditor_not_found, admin_sees_everything.';

create function public.revoke_invitation(invitation_id uuid) returns void
language sql
set search_path = ''
as $$ select private.revoke_invitation(invitation_id) $$;

create function public.revoke_membership(membership_id uuid, hand_to uuid default null)
returns void
language sql
set search_path = ''
as $$ select private.revoke_membership(membership_id, hand_to) $$;
comment on function public.revoke_membership(uuid, uuid) is
'Ends it at once, everywhere; hand_to: who gets the person''s clients, talks and callbacks, null for
nobody. Errors: membership_not_found, last_admin, member_not_found.';

create function public.set_member_role(membership_id uuid, role public.member_role) returns void
language sql
set search_path = ''
as $$ select private.set_member_role(membership_id, role) $$;

grant execute on function
private.invite(text, public.member_role, text, uuid[]),
private.revoke_invitation(uuid),
private.revoke_membership(uuid, uuid),
private.set_member_role(uuid, public.member_role),
public.invite(text, public.member_role, text, uuid[]),
public.revoke_invitation(uuid),
public.revoke_membership(uuid, uuid),
public.set_member_role(uuid, public.member_role)
to authenticated;
