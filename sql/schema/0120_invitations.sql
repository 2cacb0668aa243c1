-- An open door for one e-mail address. The mail's link names its invitation, and whoever follows it
-- joins that agency alone: the page answers for them (0136). Who signs up by themselves joins, once
-- the address is confirmed, where one agency alone asks; of several they are asked, as is who has
-- an account already. An unconfirmed address opens nothing: anybody can type anybody's e-mail into
-- a sign-up form.
create table public.invitations (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    email text not null,
    role public.member_role not null,
    display_name text,
    -- As of the membership that it becomes: null is by team, else every creditor.
    creditor_ids uuid[],
    -- Null for the first admin of a tenant, invited by the platform's operator.
    invited_by uuid,
    created_at timestamptz not null default private.now(),
    -- 14 days: long enough for holidays, short enough that a forgotten door closes.
    expires_at timestamptz not null default private.now() + interval '14 days',
    -- When the auth service took the mail with the link; null where none went out yet.
    mailed_at timestamptz,
    accepted_at timestamptz,
    revoked_at timestamptz,
    -- The person said no; revoked with it.
    declined_at timestamptz,
    constraint invitations_pkey primary key (id),
    constraint invitations_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint invitations_invited_by_fkey foreign key (invited_by) references auth.users (id)
    on delete set null,
    constraint invitations_limit_is_no_admins check (
        creditor_ids is null or role <> 'admin' and cardinality(creditor_ids) > 0
    ),
    constraint invitations_declined_is_over check (declined_at is null or revoked_at is not null),
    constraint invitations_email_is_lower check (email = lower(email)),
    constraint invitations_email_has_shape check (email ~ '^[^@\s]+@[^@\s]+\.[^@\s]+$')
);
comment on table public.invitations is 'E-mail addresses that may join a tenant.';

create unique index invitations_one_open_per_email
on public.invitations (email, tenant_id) where accepted_at is null and revoked_at is null;
create index invitations_of_tenant on public.invitations (tenant_id, created_at desc);
create index invitations_of_inviter on public.invitations (invited_by);

alter table public.invitations enable row level security;
alter table public.invitations force row level security;

create policy invitations_select_admin on public.invitations for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

-- Written by `invite` and `revoke_invitation` only.
grant select on public.invitations to authenticated;

-- The agency joined; null: no open one of theirs has this id.
create function private.accept_invitation(user_id uuid, invitation_id uuid) returns uuid
language sql
security definer
set search_path = ''
as $$
    with accepted as (
        update public.invitations
        set accepted_at = private.now()
        from auth.users
        where users.id = accept_invitation.user_id
          and invitations.id = accept_invitation.invitation_id
          and users.email_confirmed_at is not null
          and invitations.email = lower(users.email)
          and invitations.accepted_at is null
          and invitations.revoked_at is null
          and invitations.expires_at > private.now()
        returning invitations.tenant_id, invitations.role, invitations.creditor_ids,
            coalesce(
                nullif(btrim(users.raw_user_meta_data ->> 'name'), ''),
                invitations.display_name,
                split_part(users.email, '@', 1)
            ) as display_name
    )
    insert into public.memberships (tenant_id, user_id, role, display_name, creditor_ids)
    select accepted.tenant_id, accept_invitation.user_id, accepted.role, accepted.display_name,
        accepted.creditor_ids
    from accepted
    on conflict (user_id, tenant_id) where revoked_at is null do nothing
    returning memberships.tenant_id
$$;

create function private.tg_users__accept_invitations() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_open uuid[];
begin
    -- An address is confirmed for the first time once; who has another one now is asked.
    if new.email_confirmed_at is null or new.invited_at is not null
        or tg_op = 'UPDATE' and old.email_confirmed_at is not null then
        return null;
    end if;
    v_open := array(
        select sent.id from public.invitations as sent
        where sent.email = lower(new.email) and sent.accepted_at is null
          and sent.revoked_at is null and sent.expires_at > private.now()
    );
    if cardinality(v_open) = 1 then
        perform private.accept_invitation(new.id, v_open[1]);
    end if;
    return null;
end;
$$;

create trigger cobranca_accept_invitations
after insert or update of email, email_confirmed_at on auth.users
for each row
execute function private.tg_users__accept_invitations();

create trigger _900_audit_insert after insert on public.invitations
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.invitations
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.invitations
referencing old table as old_rows for each statement execute function private.tg_audit();
