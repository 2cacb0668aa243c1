-- An approved text of a provider. `body` mirrors what the provider holds, with {{1}}, {{2}}…;
-- `variables` names the field that fills each, from a closed list that SQL knows how to render.
-- The closed list, plus any field that a tenant's own portfolio brings (`client.extra.<name>`). An
-- empty name is a variable nobody has bound yet: such a template can be kept, not sent.
create function private.are_template_variables(variables text[]) returns boolean
language sql
immutable
set search_path = ''
as $$
    select coalesce(bool_and(
        named.variable = any(array[
            '', 'client.name', 'client.first_name', 'client.open_total', 'client.open_debts',
            'client.oldest_due_on', 'creditor.name', 'tenant.name',
            -- Of one charge: only a message that brings it can fill these (0693).
            'charge.amount', 'charge.due_on', 'charge.link', 'charge.pix_code',
            'charge.digitable_line'
        ])
        or named.variable ~ '^client\.extra\.[^.]{1,60}$'
    ), true)
    from unnest(are_template_variables.variables) as named (variable)
$$;
-- A check runs with the rights of whoever writes the row.
grant execute on function private.are_template_variables(text[]) to authenticated;

create table public.message_templates (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    name text not null,
    channel public.channel not null default 'whatsapp',
    provider public.provider_name not null default 'gupshup',
    -- Whose list it is in: Meta's business account, Gupshup's app. Only numbers of that account may
    -- send it. Null: nobody has listed it yet, and the provider decides.
    account text collate "C",
    provider_template_id text not null,
    language text not null default 'pt_BR',
    category text not null default 'utility',
    body text not null,
    variables text[] not null default '{}',
    status public.template_status not null default 'approved',
    -- The provider's own word for the status, and when it was last asked.
    provider_status text,
    synced_at timestamptz,
    -- image, document or video: the template wants a file with each message. Null: text alone.
    header_type text,
    -- That file: a public address which the provider fetches, and the name a document is shown by.
    header_link text,
    header_name text,
    created_at timestamptz not null default private.now(),
    constraint message_templates_pkey primary key (id),
    constraint message_templates_tenant_id_key unique (tenant_id, id),
    -- Two accounts may have one of the same name.
    constraint message_templates_name_is_unique unique nulls not distinct (
        tenant_id, provider, account, name, language
    ),
    constraint message_templates_are_unique unique (tenant_id, provider, provider_template_id),
    constraint message_templates_tenant_fkey foreign key (tenant_id)
    references public.tenants (id),
    constraint message_templates_name_is_filled check (btrim(name) <> ''),
    constraint message_templates_body_is_filled check (btrim(body) <> ''),
    constraint message_templates_variables_are_known check (
        private.are_template_variables(variables)
    ),
    constraint message_templates_header_link_is_public check (
        header_link ~ '^https://[^[:space:]]+$' and length(header_link) between 12 and 2000
    ),
    constraint message_templates_header_name_is_short check (
        length(btrim(header_name)) between 1 and 100
    )
);
comment on table public.message_templates is 'Message texts approved by a provider.';

alter table public.message_templates enable row level security;
alter table public.message_templates force row level security;

create policy message_templates_select_member on public.message_templates
for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy message_templates_insert_admin on public.message_templates
for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

create policy message_templates_update_admin on public.message_templates
for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

-- No delete: messages point here; `paused` retires a template.
grant select on public.message_templates to authenticated;
grant insert (
    id, tenant_id, name, channel, provider, provider_template_id, language, category, body,
    variables, status
) on public.message_templates to authenticated;
grant update (
    name, provider_template_id, language, category, body, variables, status, header_link,
    header_name
) on public.message_templates to authenticated;

create trigger _900_audit_insert after insert on public.message_templates
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.message_templates
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.message_templates
referencing old table as old_rows for each statement execute function private.tg_audit();

-- What keeps a template from being sent, by its own nature; null: nothing does. One answer for the
-- settings page, bulk sends and conversations.
create function private.template_obstacle(template public.message_templates) returns text
language sql
immutable
set search_path = ''
as $$
    select case
        when (template).provider_status = 'GONE' then 'gone'
        when (template).status <> 'approved' then 'not_approved'
        -- A place, or a variable in the header or a button: nothing of ours fills those.
        when (template).header_type not in ('image', 'document', 'video') then 'header_unknown'
        when (template).header_type is not null and (template).header_link is null
            then 'header_missing'
        when '' = any((template).variables) then 'unbound'
    end
$$;
comment on function private.template_obstacle(public.message_templates) is
'gone, not_approved, header_unknown, header_missing, unbound; null: it may be sent.';
