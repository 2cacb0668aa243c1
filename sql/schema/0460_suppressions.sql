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
    -- Null: the debtor by message, or a provider.
    created_by uuid default auth.uid(),
    -- Lifted, a row ends (expires_at) and stays: who allowed contact again, and why.
    lifted_at timestamptz,
    lifted_by uuid,
    lift_reason text,
    constraint suppressions_pkey primary key (id),
    constraint suppressions_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint suppressions_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint suppressions_name_somebody check (phone is not null or client_id is not null),
    constraint suppressions_phone_is_e164 check (phone ~ '^\+[1-9][0-9]{7,14}$'),
    constraint suppressions_created_by_fkey foreign key (created_by) references auth.users (id),
    constraint suppressions_lifted_by_fkey foreign key (lifted_by) references auth.users (id),
    constraint suppressions_reason_is_filled check (btrim(reason) <> ''),
    constraint suppressions_lifted_have_ended check (
        lifted_at is null
        or (lift_reason is not null and expires_at is not null and expires_at <= lifted_at)
    )
);
comment on table public.suppressions is 'Opt-outs and blocks, read at the moment of contact.';

-- By area code and last eight digits: an opt-out holds with and without the ninth digit.
create index suppressions_of_phone
on public.suppressions (tenant_id, private.phone_match(phone)) where phone is not null;
create index suppressions_of_client on public.suppressions (tenant_id, client_id);
create index suppressions_of_author on public.suppressions (created_by)
where created_by is not null;
create index suppressions_of_lifter on public.suppressions (lifted_by)
where lifted_by is not null;

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

-- No update, no delete: an admin lifts one by `lift_suppression`, and it stays on the record.
grant select on public.suppressions to authenticated;
grant insert (id, tenant_id, phone, client_id, channel, reason, expires_at)
on public.suppressions to authenticated;

create trigger _900_audit_insert after insert on public.suppressions
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.suppressions
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.suppressions
referencing old table as old_rows for each statement execute function private.tg_audit();
