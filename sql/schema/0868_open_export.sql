-- A spreadsheet of a selection, for people. The definer part only finds the ids (search operators
-- are not leakproof) and writes the audit; the rows are read by the caller, under RLS, with the
-- statement answered here: `copy (<statement>) to stdout` streams it, whatever its size.
create function private.open_export(selection jsonb) returns text
language plpgsql
security definer
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_filter private.client_filter := private.read_selection(v_tenant_id, selection);
    v_clients bigint;
begin
    drop table if exists pg_temp.export_clients;
    create temp table export_clients (place int, client_id uuid) on commit drop;
    grant select on pg_temp.export_clients to authenticated;
    execute 'insert into pg_temp.export_clients
        select row_number() over (order by clients.open_cents desc, clients.id desc), clients.id
        from public.clients where ' || private.client_condition(v_filter)
    using v_filter;
    get diagnostics v_clients = row_count;
    analyze pg_temp.export_clients;
    insert into public.audit_log
        (tenant_id, actor_id, actor, table_name, row_id, action, after)
    values (
        v_tenant_id, auth.uid(),
        coalesce((select users.email from auth.users where users.id = auth.uid()), session_user),
        'clients', 'export', 'export',
        jsonb_build_object('selection', selection, 'selected', v_clients)
    );
    return private.export_sql();
end;
$$;
comment on function private.open_export(jsonb) is
'Supervisor: the SELECT to COPY in this same transaction; the audit is written.';
grant execute on function private.open_export(jsonb) to authenticated;

-- A cell that a spreadsheet would run is made text by an apostrophe. Digits in front of a document
-- are kept the same way nobody may guess a number of: documents and phones hold no formula sign
-- except the plus of a phone, which is written without.
create function private.plain_cell(expression text) returns text
language sql
immutable
set search_path = ''
as $$
    select replace(
        'case when left(ltrim($cell), 1) in (''='', ''+'', ''-'', ''@'', e''\t'', e''\r'', ''|'', ''%'')
            then '''''''' || $cell else $cell end', '$cell', expression
    )
$$;

create function private.export_sql() returns text
language sql
immutable
set search_path = ''
as $$
    select $sql$
        select clients.document as "Documento",
            $sql$ || private.plain_cell('clients.name') || $sql$ as "Nome",
            $sql$ || private.plain_cell('clients.external_id') || $sql$ as "Código externo",
            $sql$ || private.plain_cell('clients.email') || $sql$ as "E-mail",
            phones.listed as "Telefones",
            clients.uf as "UF",
            $sql$ || private.plain_cell('owed.creditors') || $sql$ as "Credores",
            clients.open_debts as "Títulos em aberto",
            replace((clients.open_cents / 100.0)::numeric(20, 2)::text, '.', ',')
                as "Valor em aberto",
            to_char(clients.oldest_due_on, 'DD/MM/YYYY') as "Vencimento mais antigo",
            case clients.debt_status when 'open' then 'Em aberto' when 'settled' then 'Quitado'
                when 'returned' then 'Devolvido' end as "Situação",
            case when clients.has_whatsapp then 'Sim' when not clients.has_whatsapp then 'Não'
                else 'Não se sabe' end as "WhatsApp",
            $sql$ || private.plain_cell('worn.tags') || $sql$ as "Etiquetas",
            $sql$ || private.plain_cell('people.display_name') || $sql$ as "Responsável"
        from pg_temp.export_clients as listed
        join public.clients on clients.id = listed.client_id
        left join lateral (
            select string_agg(ltrim(known.phone, '+'), ' / ' order by known.position, known.id)
                as listed
            from public.client_phones as known
            where known.tenant_id = clients.tenant_id and known.client_id = clients.id
        ) as phones on true
        left join lateral (
            select string_agg(creditors.name, ' / ' order by creditors.name) as creditors
            from public.creditors where creditors.id = any(clients.creditor_ids)
        ) as owed on true
        left join lateral (
            select string_agg(tags.name, ' / ' order by tags.name) as tags
            from public.client_tags
            join public.tags on tags.id = client_tags.tag_id
            where client_tags.tenant_id = clients.tenant_id and client_tags.client_id = clients.id
        ) as worn on true
        left join public.client_assignments as given
            on given.tenant_id = clients.tenant_id and given.client_id = clients.id
        left join lateral (
            select memberships.display_name from public.memberships
            where memberships.user_id = given.user_id
              and memberships.tenant_id = given.tenant_id
            order by memberships.created_at desc limit 1
        ) as people on true
        order by listed.place
    $sql$
$$;
