-- The outcomes an operator can press. Each carries meaning beside its label; rules and reports read
-- the meaning, so a tenant may rename or add types without breaking either. Five ship with every
-- tenant.
create table public.disposition_types (
    tenant_id uuid not null default private.tenant_id(),
    key text not null,
    label text not null,
    -- The digit that presses it; null = mouse only.
    hotkey smallint,
    position smallint not null default 0,
    -- A name of the page's palette, whose inks are readable on its surfaces, light and dark.
    color text not null default 'gray',
    human_answered boolean not null default false,
    right_party boolean not null default false,
    is_callback boolean not null default false,
    -- The number is not the client's: try another one.
    unworkable boolean not null default false,
    opens_negotiation boolean not null default false,
    is_active boolean not null default true,
    constraint disposition_types_pkey primary key (tenant_id, key),
    constraint disposition_types_tenant_fkey foreign key (tenant_id)
    references public.tenants (id),
    constraint disposition_types_key_has_shape check (key ~ '^[a-z][a-z0-9_]{0,39}$'),
    constraint disposition_types_label_is_filled check (btrim(label) <> ''),
    constraint disposition_types_label_is_short check (length(label) <= 40),
    constraint disposition_types_hotkey_is_digit check (hotkey between 1 and 9),
    constraint disposition_types_color_is_of_palette check (
        color in ('gray', 'orange', 'red', 'blue', 'green', 'teal', 'violet', 'yellow')
    ),
    -- Being the right party implies that a person answered.
    constraint disposition_types_right_party_is_human check (human_answered or not right_party)
);
comment on table public.disposition_types is 'Call outcomes of a tenant and what they mean.';

create unique index disposition_types_hotkey_is_free
on public.disposition_types (tenant_id, hotkey) where is_active;

alter table public.disposition_types enable row level security;
alter table public.disposition_types force row level security;

create policy disposition_types_select_member on public.disposition_types
for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy disposition_types_insert_admin on public.disposition_types
for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

create policy disposition_types_update_admin on public.disposition_types
for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

-- No delete: history keeps its words; `is_active` retires a type, delete_disposition_type takes one
-- away that nothing points to. The key is not updatable either: rules, history, panel and dialer
-- hold it, so that renaming breaks none of them.
grant select on public.disposition_types to authenticated;
grant insert (
    tenant_id, key, label, hotkey, position, color, human_answered, right_party, is_callback,
    unworkable, opens_negotiation, is_active
) on public.disposition_types to authenticated;
grant update (
    label, hotkey, position, color, human_answered, right_party, is_callback, unworkable,
    opens_negotiation, is_active
) on public.disposition_types to authenticated;

create function private.tg_tenants__disposition_types() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.disposition_types (
        tenant_id, key, label, hotkey, position, color,
        human_answered, right_party, is_callback, unworkable, opens_negotiation
    )
    values
        (new.id, 'voicemail', 'Caixa Postal', 1, 1, 'gray', false, false, false, false, false),
        (new.id, 'dropped', 'Ligação Interrompida', 2, 2, 'yellow', true, false, false, false, false),
        (new.id, 'wrong_contact', 'Contato Incorreto', 3, 3, 'red', true, false, false, true, false),
        (new.id, 'callback', 'Retornar Ligação', 4, 4, 'blue', true, false, true, false, false),
        (new.id, 'negotiate', 'Negociar', 5, 5, 'green', true, true, false, false, true);
    return null;
end;
$$;

create trigger _200_ship_disposition_types after insert on public.tenants
for each row execute function private.tg_tenants__disposition_types();

create trigger _900_audit_insert after insert on public.disposition_types
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.disposition_types
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.disposition_types
referencing old table as old_rows for each statement execute function private.tg_audit();
