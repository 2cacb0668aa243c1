-- Where a debtor's data lies, table by table: how one person's rows are found, and what is left of
-- them when the person is erased (LGPD, Lei 13.709/2018, art. 16 and 18). Export and erasure read
-- the same list, so nothing is shown that is not erased or named, and nothing erased unseen.
-- tests/sql/test_privacy.py compares it with the catalog.
create type private.person as (
    tenant_id uuid, client_id uuid, document text, name text,
    -- E.164, and by area code and last eight digits; without those that another client has, too.
    phones text [], phone_keys text [],
    -- What a provider's or a file's raw text names the person by.
    needles text [],
    -- The agency's key, by which numbers become nobody's.
    secret text
);

create table private.personal_tables (
    table_name text not null,
    -- Order of erasure: what is found by the person's numbers goes before the numbers.
    place smallint not null,
    -- raw: copies for which no basis is left once they were read. person: who it is and what was
    -- said, kept while something may be collected. ledger: kept by law, without the person's name.
    area text not null,
    -- Condition on `kept`; $1 is the private.person.
    finds text not null,
    -- `delete`, or what is set; null: nothing in it names anybody once the rest is erased.
    erases text,
    constraint personal_tables_pkey primary key (table_name),
    constraint personal_tables_area_is_known check (area in ('raw', 'person', 'ledger'))
);
comment on table private.personal_tables is 'Where personal data lies, and what erasure leaves.';
alter table private.personal_tables enable row level security;
alter table private.personal_tables force row level security;

-- Of hashes: made when it is first asked for, and kept in the Vault.
create function private.privacy_key(tenant_id uuid) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_name text := format('privacy:%s', tenant_id);
    v_key text := (
        select kept.decrypted_secret from vault.decrypted_secrets as kept where kept.name = v_name
    );
begin
    if v_key is null then
        v_key := encode(extensions.gen_random_bytes(32), 'hex');
        perform private.put_secret(v_name, v_key);
    end if;
    return v_key;
end;
$$;

-- Area code 000 of country code 1, which no number has: a row that wants a number keeps its shape,
-- and what was of one number stays of one (an opt-out, and what was sent before and after). Keyed:
-- ten digits could be tried one by one.
create function private.nobodys_phone(phone text, secret text) returns text
language sql
immutable
set search_path = ''
as $$
    select case when phone like '+1000%' then phone else '+1000' || lpad((
        ('x' || substr(encode(extensions.hmac(
            private.phone_match(phone), secret, 'sha256'
        ), 'hex'), 1, 10))::bit(40)::bigint % 10000000000
    )::text, 10, '0') end
    where phone is not null
$$;

-- In a CNPJ's shape, with letters that no registry has given yet, one for each client.
create function private.nobodys_document(id uuid) returns text
language sql
immutable
set search_path = ''
as $$ select 'ZZ' || upper(substr(md5(id::text), 1, 10)) || '00' $$;

insert into private.personal_tables (place, table_name, area, finds, erases)
select
    listed.place,
    listed.table_name,
    listed.area,
    coalesce(listed.finds, 'kept.tenant_id = ($1).tenant_id and kept.client_id = ($1).client_id')
        as finds,
    listed.erases
from (
    values
    -- Raw copies. An event that is not applied yet is not blanked: it may be a payment.
    (
        1, 'private.provider_events', 'raw',
        'kept.tenant_id = ($1).tenant_id and kept.handled_at is not null and exists (
            select from unnest(($1).needles) as needle
            where strpos(kept.payload::text, needle) > 0)',
        'payload = ''{}'''
    ),
    (
        2, 'public.import_rejects', 'raw',
        'kept.tenant_id = ($1).tenant_id and exists (
            select from unnest(kept.cells || kept.value) as cell (said)
            cross join unnest(($1).needles) as needle
            where strpos(regexp_replace(upper(cell.said), ''[^0-9A-Z]'', '''', ''g''), needle) > 0)',
        'cells = ''{}'', value = null'
    ),
    (
        3, 'private.import_changes', 'raw',
        'kept.tenant_id = ($1).tenant_id and kept.row_id in (
            select ($1).client_id union all
            select phone.id from public.client_phones as phone
            where phone.tenant_id = ($1).tenant_id and phone.client_id = ($1).client_id)
        and (kept.before <> ''{}'' or kept.after <> ''{}'')',
        'before = ''{}'', after = ''{}'', is_live = false'
    ),
    (4, 'public.negotiation_drafts', 'raw', null, 'delete'),
    (
        5, 'public.conversation_drafts', 'raw',
        'kept.tenant_id = ($1).tenant_id
        and kept.conversation_id in (select private.talks_of($1))',
        'delete'
    ),
    (
        6, 'public.rule_dry_run_lines', 'raw',
        'kept.tenant_id = ($1).tenant_id and kept.client_id = ($1).client_id
        and (kept.phone is not null or kept.body is not null)',
        'phone = null, body = null'
    ),
    (
        7, 'public.audit_log', 'raw',
        'kept.tenant_id = ($1).tenant_id and kept.action in (''insert'', ''update'', ''delete'')
        and not coalesce(kept.after, kept.before, ''{}'') ? ''erased''
        and (kept.row_id = ($1).client_id::text
            or coalesce(kept.after, kept.before) ->> ''client_id'' = ($1).client_id::text
            or kept.row_id in (
                select phone.id::text from public.client_phones as phone
                where phone.tenant_id = ($1).tenant_id and phone.client_id = ($1).client_id
                union all
                select home.id::text from public.client_addresses as home
                where home.tenant_id = ($1).tenant_id and home.client_id = ($1).client_id
                union all
                select promise.id::text from public.callbacks as promise
                where promise.tenant_id = ($1).tenant_id and promise.client_id = ($1).client_id)
            or kept.table_name = ''suppressions''
            and coalesce(kept.after, kept.before) ->> ''phone'' = any(($1).phones))',
        'before = private.erased_image(before), after = private.erased_image(after)'
    ),
    -- Who it is, how to reach them, what was said. A file on its way is not fetched any more, and
    -- who is fetching it settles nothing.
    (
        18, 'private.media_sources', 'person',
        'kept.tenant_id = ($1).tenant_id and kept.message_id in (select private.messages_of($1))',
        'delete'
    ),
    (
        19, 'public.message_media', 'person',
        'kept.tenant_id = ($1).tenant_id and kept.status = ''waiting''
        and kept.message_id in (select private.messages_of($1))',
        'status = ''failed'', reason = ''gone'', next_attempt_at = null, lease_until = null'
    ),
    (
        20, 'private.media_files', 'person',
        'kept.tenant_id = ($1).tenant_id and kept.message_id in (select private.messages_of($1))',
        'content = '''''
    ),
    -- The dialer is still told what the call came to, without a word.
    (
        21, 'private.dialer_tasks', 'person',
        'kept.tenant_id = ($1).tenant_id and kept.kind = ''qualify''
        and kept.call_id in (select private.calls_of($1))',
        'payload = payload - ''note'', error_detail = null'
    ),
    (
        21, 'public.message_logs', 'person', 'kept.id in (select private.messages_of($1))',
        'body = '''', params = ''{}'', media = null,
        phone = private.nobodys_phone(phone, ($1).secret),
        business_user_id = null, provider_message_id = null, wamid = null, error_detail = null'
    ),
    (
        22, 'public.conversations', 'person', 'kept.id in (select private.talks_of($1))',
        'phone = private.nobodys_phone(phone, ($1).secret), wa_id = null, business_user_id = null,
        contact_name = null'
    ),
    (
        23, 'public.calls', 'person', 'kept.id in (select private.calls_of($1))',
        'phone = private.nobodys_phone(phone, ($1).secret), identifier = null,
        qualification_note = null'
    ),
    (24, 'public.call_dispositions', 'person', null, 'notes = null'),
    (
        25, 'public.callbacks', 'person', null,
        'phone = private.nobodys_phone(phone, ($1).secret), note = null,
        cancel_reason = case when cancel_reason is not null then ''apagado'' end'
    ),
    (26, 'public.dialer_export_rows', 'person', null, 'phone = null'),
    (26, 'private.wrong_numbers', 'person', null, 'delete'),
    (
        27, 'private.whatsapp_forms', 'person',
        'kept.tenant_id = ($1).tenant_id and kept.phone_key = any(($1).phone_keys)', 'delete'
    ),
    -- A number alone was blocked by whoever answers there: it stays blocked for who has it next.
    (
        28, 'public.suppressions', 'person',
        'kept.tenant_id = ($1).tenant_id and (kept.client_id = ($1).client_id
            or kept.client_id is null
            and private.phone_match(kept.phone) = any(($1).phone_keys))',
        'phone = case when client_id is null then phone
            else private.nobodys_phone(phone, ($1).secret) end,
        reason = case reason when ''Pedido da pessoa (LGPD)'' then reason else ''apagado'' end,
        lift_reason = case when lift_reason is not null then ''apagado'' end'
    ),
    (29, 'public.client_addresses', 'person', null, 'delete'),
    (30, 'public.client_services', 'person', null, 'delete'),
    (31, 'public.client_assignments', 'person', null, 'delete'),
    (32, 'public.client_tags', 'person', null, 'delete'),
    (33, 'private.client_offers', 'person', null, 'delete'),
    (34, 'public.client_phones', 'person', null, 'delete'),
    (
        35, 'public.clients', 'person',
        'kept.tenant_id = ($1).tenant_id and kept.id = ($1).client_id',
        'document = private.nobodys_document(id), name = ''Pessoa apagada'', email = null,
        external_id = null, uf = null, extra = ''{}'''
    ),
    -- What the law keeps: amounts, days and who decided, of a client without a name.
    (50, 'public.debts', 'ledger', null, null),
    (
        51, 'public.debt_marks', 'ledger',
        'kept.tenant_id = ($1).tenant_id and kept.debt_id in (
            select debt.id from public.debts as debt
            where debt.tenant_id = ($1).tenant_id and debt.client_id = ($1).client_id)',
        null
    ),
    (52, 'public.agreements', 'ledger', null, null),
    (53, 'public.installments', 'ledger', null, null),
    (
        54, 'public.charges', 'ledger', null,
        'link = null, digitable_line = null, pix_code = null, pdf_url = null, error_detail = null'
    ),
    (55, 'public.payments', 'ledger', null, null),
    (56, 'public.payment_cases', 'ledger', null, null),
    (57, 'public.manual_settlements', 'ledger', null, null),
    (58, 'public.automation_runs', 'ledger', null, null),
    (59, 'public.batch_recipients', 'ledger', null, null),
    (60, 'public.conversation_events', 'ledger', null, null),
    (61, 'private.client_contacts', 'ledger', null, null),
    (62, 'private.client_ledgers', 'ledger', null, null),
    (63, 'private.import_touches', 'ledger', null, null),
    (64, 'private.panel_ordinals', 'ledger', null, null),
    (65, 'public.disposition_undos', 'ledger', null, null),
    (66, 'private.held_removals', 'ledger', null, null)
) as listed (place, table_name, area, finds, erases);

-- Came later: what the panel's records keep of a client is that there was one.
insert into private.personal_tables (place, table_name, area, finds, erases)
select
    listed.place,
    listed.table_name,
    'ledger' as area,
    'kept.tenant_id = ($1).tenant_id and kept.client_id = ($1).client_id' as finds,
    null as erases
from (
    values
    (67, 'private.panel_titles'),
    (68, 'private.panel_reachable'),
    (69, 'private.panel_provisional')
) as listed (place, table_name);
-- A code is not a word of theirs, and is counted.
update private.personal_tables
set
    erases = replace(
        erases, 'case reason when ''Pedido da pessoa (LGPD)'' then',
        'case when reason in (''Pedido da pessoa (LGPD)'', ''opted_out'') then'
    )
where table_name = 'public.suppressions';

-- The audit is long: its lines are found by index, one person's at a time.
update private.personal_tables
set
    finds = 'kept.tenant_id = ($1).tenant_id
        and not coalesce(kept.after, kept.before, ''{}'') ? ''erased''
        and kept.id = any(array(select private.audit_of($1)))'
where table_name = 'public.audit_log';

-- Of an audited row: that there was one, and whose; nothing of what it said.
create function private.erased_image(document jsonb) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
        'client_id', document -> 'client_id', 'erased', true
    ))
    where document is not null
$$;
