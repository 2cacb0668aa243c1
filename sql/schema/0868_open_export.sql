-- A spreadsheet of a selection, for people. The definer part only finds the ids (search operators
-- are not leakproof) and writes the audit; the rows are read by the caller, under RLS, with the
-- statement answered here: `copy (<statement>) to stdout` streams it, whatever its size.
create function private.open_export(selection jsonb, run_id uuid default null) returns text
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
    if run_id is not null then
        -- First of all: finding a whole portfolio may take longer than a run waits for its lock.
        perform pg_advisory_xact_lock(private.export_lock(run_id));
    end if;
    drop table if exists pg_temp.export_clients;
    create temp table export_clients (
        place int, tenant_id uuid, client_id uuid
    ) on commit drop;
    grant select on pg_temp.export_clients to authenticated;
    execute 'insert into pg_temp.export_clients
        select row_number() over (order by clients.open_cents desc, clients.id desc),
            clients.tenant_id, clients.id
        from public.clients where ' || private.client_condition(v_filter)
    using v_filter;
    get diagnostics v_clients = row_count;
    analyze pg_temp.export_clients;
    -- For the statement that follows in this transaction: it sorts what may be the whole portfolio.
    perform set_config('jit', 'off', true), set_config('work_mem', '64MB', true);
    if run_id is null then
        perform private.note_act(v_tenant_id, 'export', 'clients', 'export', jsonb_build_object(
            'selection', selection, 'selected', v_clients
        ));
    else
        perform private.count_export(run_id, v_clients);
    end if;
    return private.export_sql(not private.sees_everything());
end;
$$;
comment on function private.open_export(jsonb, uuid) is
'Supervisor: the SELECT to COPY in this same transaction; the audit is written, or was by
private.begin_export.';
grant execute on function private.open_export(jsonb, uuid) to authenticated;

-- A cell that a spreadsheet would run is made text by an apostrophe: after spaces, any of
-- = + - @ | % tab, carriage return and line feed. Documents and phones hold none of them (a phone's
-- plus is left out).
create function private.plain_cell(expression text) returns text
language sql
immutable
set search_path = ''
as $$
    select replace(
        'case when ascii(ltrim($cell)) = any (''{61,43,45,64,124,37,9,13,10}''::int[])
            then '''''''' || $cell else $cell end', '$cell', expression
    )
$$;

-- What is owed is the client's own row; who is limited to creditors sums the titles in their sight.
create function private.export_sql(is_limited boolean) returns text
language sql
immutable
set search_path = ''
as $$
    select replace(replace($sql$
        select clients.document as "Documento",
            $sql$ || private.plain_cell('clients.name') || $sql$ as "Nome",
            $sql$ || private.plain_cell('clients.external_id') || $sql$ as "Código externo",
            $sql$ || private.plain_cell('clients.email') || $sql$ as "E-mail",
            phones.listed as "Telefones",
            clients.uf as "UF",
            $sql$ || private.plain_cell('owed.creditors') || $sql$ as "Credores",
            $owed.open_debts as "Títulos em aberto",
            replace(($owed.open_cents / 100.0)::numeric(20, 2)::text, '.', ',')
                as "Valor em aberto",
            to_char($owed.oldest_due_on, 'DD/MM/YYYY') as "Vencimento mais antigo",
            case clients.debt_status when 'open' then 'Em aberto'
                when 'in_agreement' then 'Em acordo' when 'on_hold' then 'Suspenso'
                when 'prescribed' then 'Prescrito' when 'settled' then 'Quitado'
                when 'returned' then 'Devolvido' end as "Situação",
            case when clients.has_whatsapp then 'Sim' when not clients.has_whatsapp then 'Não'
                else 'Não se sabe' end as "WhatsApp",
            $sql$ || private.plain_cell('worn.tags') || $sql$ as "Etiquetas",
            $sql$ || private.plain_cell('people.display_name') || $sql$ as "Responsável"
        from pg_temp.export_clients as listed
        -- One by one along the key: the planner cannot know whose tenant the policy means, and would
        -- read all of it.
        cross join lateral (
            select found.* from public.clients as found where found.id = listed.client_id offset 0
        ) as clients
        $own left join (
            select known.client_id,
                string_agg(ltrim(known.phone, '+'), ' / ' order by known.position, known.id) as listed
            from pg_temp.export_clients as asked
            cross join lateral (
                select numbers.* from public.client_phones as numbers
                where numbers.tenant_id = asked.tenant_id and numbers.client_id = asked.client_id
                offset 0
            ) as known
            group by known.client_id
        ) as phones on phones.client_id = listed.client_id
        left join lateral (
            select string_agg(creditors.name, ' / ' order by creditors.name) as creditors
            from public.creditors where creditors.id = any(clients.creditor_ids)
        ) as owed on true
        left join (
            select client_tags.client_id, string_agg(tags.name, ' / ' order by tags.name) as tags
            from pg_temp.export_clients as asked
            join public.client_tags
                on client_tags.tenant_id = asked.tenant_id
                and client_tags.client_id = asked.client_id
            join public.tags on tags.id = client_tags.tag_id
            group by client_tags.client_id
        ) as worn on worn.client_id = listed.client_id
        left join public.client_assignments as given
            on given.tenant_id = listed.tenant_id and given.client_id = listed.client_id
        left join lateral (
            select memberships.display_name from public.memberships
            where memberships.user_id = given.user_id
              and memberships.tenant_id = given.tenant_id
            order by memberships.created_at desc limit 1
        ) as people on true
        order by listed.place
    $sql$, '$owed', case when is_limited then 'own' else 'clients' end),
    '$own', case when is_limited then 'cross join lateral (
            select count(*) as open_debts, min(debts.due_on) as oldest_due_on,
                coalesce(sum(debts.principal_cents - debts.abated_cents), 0) as open_cents
            from public.debts
            where debts.tenant_id = listed.tenant_id and debts.client_id = listed.client_id
              and debts.status = ''open''
        ) as own' else '' end)
$$;
