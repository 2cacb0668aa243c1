-- Who must not be contacted, where, and until when. A phone or a person; a channel or all of them.
create table public.suppressions (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    phone text collate "C",
    client_id uuid,
    -- Null: every channel.
    channel public.channel,
    reason text not null,
    -- Null: for good.
    expires_at timestamptz,
    created_at timestamptz not null default private.now(),
    constraint suppressions_pkey primary key (id),
    constraint suppressions_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint suppressions_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint suppressions_name_somebody check (phone is not null or client_id is not null),
    constraint suppressions_phone_is_e164 check (phone ~ '^\+[1-9][0-9]{7,14}$'),
    constraint suppressions_reason_is_filled check (btrim(reason) <> '')
);
comment on table public.suppressions is 'Opt-outs and blocks, read at the moment of contact.';

-- By area code and last eight digits: an opt-out holds with and without the ninth digit.
create index suppressions_of_phone
on public.suppressions (tenant_id, private.phone_match(phone)) where phone is not null;
create index suppressions_of_client on public.suppressions (tenant_id, client_id);

alter table public.suppressions enable row level security;
alter table public.suppressions force row level security;

create policy suppressions_select_member on public.suppressions for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or suppressions.client_id is null or exists (
        select from public.clients
        where clients.id = suppressions.client_id
    ))
);

-- Any operator may stop contact, because the debtor asks the operator.
create policy suppressions_insert_member on public.suppressions for insert to authenticated
with check (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or suppressions.client_id is null or exists (
        select from public.clients
        where clients.id = suppressions.client_id
    ))
);

-- Allowing contact again is a decision of an admin. No update: lift and set anew.
create policy suppressions_delete_admin on public.suppressions for delete to authenticated
using (
    tenant_id = (select private.tenant_id()) and (select private.has_role('admin'))
    and ((select private.sees_everything()) or suppressions.client_id is null or exists (
        select from public.clients
        where clients.id = suppressions.client_id
    ))
);

grant select, delete on public.suppressions to authenticated;
grant insert (id, tenant_id, phone, client_id, channel, reason, expires_at)
on public.suppressions to authenticated;

create trigger _900_audit_insert after insert on public.suppressions
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.suppressions
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.suppressions
referencing old table as old_rows for each statement execute function private.tg_audit();
