-- Whoever has an account is never made a member without a word of their own: they read who invites
-- them, and say yes or no.
create function private.my_invitations() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', sent.id, 'agency', tenants.name, 'role', sent.role,
            'invited_by', private.actor_name(sent.tenant_id, sent.invited_by),
            'expires_at', sent.expires_at
        ) order by sent.created_at desc, sent.id), '[]')
        from auth.users
        join public.invitations as sent on sent.email = lower(users.email)
        join public.tenants on tenants.id = sent.tenant_id
        where users.id = auth.uid() and users.email_confirmed_at is not null
          and sent.accepted_at is null and sent.revoked_at is null
          and sent.expires_at > private.now()
    );
end;
$$;

create function private.answer_invitation(invitation_id uuid, accepts boolean) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid;
begin
    if accepts then
        v_tenant_id := private.accept_invitation(auth.uid(), invitation_id);
    else
        update public.invitations as sent
        set revoked_at = private.now(), declined_at = private.now()
        from auth.users
        where users.id = auth.uid() and users.email_confirmed_at is not null
          and sent.id = invitation_id and sent.email = lower(users.email)
          and sent.accepted_at is null and sent.revoked_at is null
        returning sent.tenant_id into v_tenant_id;
    end if;
    if v_tenant_id is null then
        raise exception 'invitation_not_found' using errcode = 'PT404',
            detail = 'no open invitation with this id for the caller''s address';
    end if;
    perform private.tell_membership(v_tenant_id, auth.uid());
    return v_tenant_id;
end;
$$;

create function public.my_invitations() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.my_invitations() $$;
comment on function public.my_invitations() is
'Of the caller''s own address, the newest first: [{id, agency, role, invited_by | null,
expires_at}].';

create function public.answer_invitation(invitation_id uuid, accepts boolean) returns uuid
language sql
set search_path = ''
as $$ select private.answer_invitation(invitation_id, accepts) $$;
comment on function public.answer_invitation(uuid, boolean) is
'The agency''s id: joined, or declined. PT404 invitation_not_found.';

grant execute on function
private.my_invitations(), public.my_invitations(),
private.answer_invitation(uuid, boolean), public.answer_invitation(uuid, boolean)
to authenticated;
