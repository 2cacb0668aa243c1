-- Every change of a setting is a version: who, when, what became of what. The audit log has it all
-- (0060), so nothing is written twice; here is which tables are settings, in whose room they are
-- told, and how an earlier state is saved again. tests/sql/test_settings_versions.py compares the
-- list with the catalog: an audited table is here, or has a reason there.
create table private.settings_tables (
    table_name text not null,
    -- Of /configuracoes, whose page shows it.
    room text not null,
    -- What people know a row by; null: the agency has one row.
    title text,
    -- Where every change is a row of its own: by these the one before it is found.
    series text[],
    -- row: written as the caller, under the table's own policies, grants and checks. call: through
    -- the function that saves it. never: told only, for the reason in `note`.
    restore text not null,
    -- Of `row`: only these, where the rest is not ours to say; null: whatever people may write.
    only_columns text[],
    note text,
    constraint settings_tables_pkey primary key (table_name),
    constraint settings_tables_restore_is_known check (restore in ('row', 'call', 'never')),
    constraint settings_tables_never_has_a_reason check (
        (restore = 'never') = (note is not null)
    )
);
comment on table private.settings_tables is 'Tables whose audit is told as versions of settings.';
alter table private.settings_tables enable row level security;
alter table private.settings_tables force row level security;

insert into private.settings_tables (table_name, room, title, series, restore, only_columns, note)
values
('tenants', 'general', null, null, 'row', null, null),
('api_keys', 'general', 'name', null, 'never', null, 'a revoked key never opens anything again'),
('cost_rates', 'general', 'kind', '{kind,currency}', 'call', null, null),
('agenda_policies', 'general', null, null, 'row', null, null),
('disposition_types', 'dispositions', 'label', null, 'row', null, null),
('creditors', 'creditors', 'name', null, 'row', null, null),
('charge_policies', 'charging', 'creditor_id', '{creditor_id}', 'call', null, null),
('agreement_policies', 'charging', 'creditor_id', '{creditor_id}', 'call', null, null),
('agreement_templates', 'charging', 'name', null, 'row', null, null),
('approval_limits', 'charging', 'role', null, 'row', null, null),
('tenant_holidays', 'charging', 'name', null, 'row', null, null),
('tenant_calling_windows', 'contact', 'weekday', null, 'row', null, null),
('contact_caps', 'contact', 'channel', null, 'row', null, null),
('senders', 'whatsapp', 'name', null, 'call', null, null),
-- The text and its state are the provider's.
(
    'message_templates', 'whatsapp', 'name', null, 'row',
    '{variables,header_link,header_name}', null
),
('rate_cards', 'whatsapp', 'category', '{provider,category}', 'call', null, null),
('message_policies', 'whatsapp', null, null, 'row', null, null),
('canned_replies', 'whatsapp', 'shortcut', null, 'row', null, null),
('integrations', 'integrations', 'provider', null, 'call', null, null),
('dialer_agents', 'integrations', 'agent_name', null, 'row', null, null),
('dialer_qualifications', 'integrations', 'qualification_name', null, 'row', null, null),
-- Stopping and starting is done, not restored: a version of the undo window switches nothing on.
('automation_policies', 'automation', null, null, 'row', '{undo_seconds}', null),
(
    'collection_rules', 'automation', 'name', null, 'never', null,
    'rule_versions has whole definitions, and switching one on asks for a dry run'
),
(
    'memberships', 'people', 'display_name', null, 'never', null,
    'rights are given anew, never brought back'
),
('invitations', 'people', 'email', null, 'never', null, 'same as memberships'),
('teams', 'people', 'name', null, 'never', null, 'same as memberships'),
('team_members', 'people', null, null, 'never', null, 'same as memberships');

-- What no person reads as a change.
create function private.told_part(document jsonb) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select coalesce(private.without_secrets(document), '{}') - array[
        'id', 'tenant_id', 'created_at', 'updated_at', 'created_by', 'version', 'name_key',
        'webhook_key_hash', 'integration_id', 'synced_at', 'invited_by', 'user_id'
    ]
$$;

-- A creditor by the name that people know; one that is gone keeps its number.
create function private.with_creditor_names(document jsonb, tenant_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$
    select document
        || coalesce((
            select jsonb_build_object('creditor_id', known.name) from public.creditors as known
            where known.tenant_id = with_creditor_names.tenant_id
              and known.id::text = with_creditor_names.document ->> 'creditor_id'
        ), '{}')
        || case when jsonb_typeof(document -> 'creditor_ids') = 'array' then (
            select jsonb_build_object('creditor_ids', coalesce(
                jsonb_agg(coalesce(known.name, listed.id) order by known.name, listed.id), '[]'
            ))
            from jsonb_array_elements_text(document -> 'creditor_ids') as listed (id)
            left join public.creditors as known
                on known.tenant_id = with_creditor_names.tenant_id and known.id::text = listed.id
        ) else '{}' end
$$;

create function private.setting_row(tenant_id uuid, table_name text, row_id text) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_row jsonb;
begin
    -- Settings are tens of rows; a search through them needs no index of its own.
    execute format(
        'select to_jsonb(found) from public.%I as found
        where found.%I = $1 and private.audit_row_id(to_jsonb(found)) = $2',
        table_name, case table_name when 'tenants' then 'id' else 'tenant_id' end
    )
    into v_row using tenant_id, row_id;
    return private.without_secrets(v_row);
end;
$$;

-- The row as this entry left it: today's, with every later entry taken back. What a delete tells is
-- the whole row as it was, so that one that is gone is found again; a deletion itself left nothing,
-- and is read as what it took.
create function private.setting_state(entry public.audit_log) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_state jsonb := case when (entry).action = 'delete' then (entry).before else coalesce(
        private.setting_row((entry).tenant_id, (entry).table_name, (entry).row_id), '{}'
    ) end;
    v_before jsonb;
begin
    if (entry).action = 'delete' then
        return v_state;
    end if;
    for v_before in
        select later.before from public.audit_log as later
        where later.tenant_id = (entry).tenant_id and later.table_name = (entry).table_name
          and later.row_id = (entry).row_id and later.id > (entry).id
          and later.action in ('update', 'delete')
        order by later.id desc
    loop
        v_state := v_state || v_before;
    end loop;
    return v_state;
end;
$$;

-- Of a series, the state of the row before; of a row of its own, what the log says.
create function private.setting_before(entry public.audit_log, series text[]) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select case when series is null or (entry).action <> 'insert' then (entry).before else (
        select earlier.after from public.audit_log as earlier
        where earlier.tenant_id = (entry).tenant_id and earlier.table_name = (entry).table_name
          and earlier.action = 'insert' and earlier.id < (entry).id
          and not exists (
              select from unnest(series) as part
              where earlier.after ->> part is distinct from (entry).after ->> part
          )
        order by earlier.id desc
        limit 1
    ) end
$$;

-- Whether the setting is still as this entry left it.
create function private.is_current(entry public.audit_log, series text[]) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select (entry).action <> 'delete' and not exists (
        select from public.audit_log as later
        where later.tenant_id = (entry).tenant_id and later.table_name = (entry).table_name
          and later.id > (entry).id
          and case when series is null or (entry).action <> 'insert'
              then later.row_id = (entry).row_id
              else not exists (
                  select from unnest(series) as part
                  where later.after ->> part is distinct from (entry).after ->> part
              )
          end
    )
$$;

create function private.setting_title(tenant_id uuid, state jsonb, title text) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select case when title = 'creditor_id' then (
        select creditors.name from public.creditors
        where creditors.tenant_id = setting_title.tenant_id
          and creditors.id::text = state ->> 'creditor_id'
    ) else state ->> title end
$$;
