-- What a file means for what is stored, before anything is written: temporary tables that say for
-- every creditor, debt, client and phone whether it is new or another. What is to be written is
-- then kept in chunks (0449). Rows that only the whole file or the stored portfolio can judge are
-- refused here, as the reader refuses cells.
create function private.plan_import(tenant_id uuid, headers jsonb) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_few_rows constant int := 1000;  -- as many index look-ups cost 10 ms
begin
    -- A join in nested loops is right for a few rows and ruinous for many, and the planner cannot
    -- tell: a tenant that is new has no statistics yet.
    perform set_config(
        'enable_nestloop',
        case when (select count(*) from pg_temp.import_rows) > c_few_rows then 'off' else 'on' end,
        true
    );
    -- A sample of 3,000 rows of each temporary table tells as much about its shape as one of 30,000.
    perform set_config('default_statistics_target', '10', true);
    analyze pg_temp.import_rows;

    -- Spellings of one creditor are one creditor ("Telefônica Ipê", "TELEFONICA IPE").
    create temp table import_creditors on commit drop as
    with written as (
        select import_rows.creditor, private.search_key(import_rows.creditor) as name_key
        from pg_temp.import_rows
        where import_rows.reason is null
        group by import_rows.creditor
    ),
    keyed as materialized (  -- one new id a key, however often it is looked at
        select written.name_key, gen_random_uuid() as new_id
        from written
        group by written.name_key
    )
    select written.creditor, coalesce(creditors.id, keyed.new_id) as creditor_id,
        creditors.id is null as is_new
    from written
    join keyed using (name_key)
    left join public.creditors
        on creditors.tenant_id = plan_import.tenant_id and creditors.name_key = written.name_key;

    -- One row per natural key; a repeated line counts in `lines`.
    create temp table import_debts on commit drop as
    with keyed as (
        select import_creditors.creditor_id, import_rows.contract, import_rows.installment,
            count(*)::int as lines,
            min(import_rows.document) as document, max(import_rows.document) as other_document,
            min(import_rows.due_on) as due_on, max(import_rows.due_on) as other_due_on,
            min(import_rows.principal_cents) as principal_cents,
            max(import_rows.principal_cents) as other_cents
        from pg_temp.import_rows
        join pg_temp.import_creditors using (creditor)
        where import_rows.reason is null
        group by import_creditors.creditor_id, import_rows.contract, import_rows.installment
    )
    select keyed.*, debts.id as debt_id,
        debts.status = 'open'
        and (debts.due_on, debts.principal_cents) <> (keyed.due_on, keyed.principal_cents)
            as is_changed,
        debts.status,
        -- Why it stays as it is, whatever the file says. What only its absence from an earlier file
        -- returned opens again.
        -- Of a new title nothing stored is asked: a null does not end an `and`, and the look-ups of
        -- is_returned_by_file were a quarter of an import of new rows.
        case
            when debts.id is null then null
            when debts.status <> 'open' and not private.is_returned_by_file(debts)
                then debts.status::text
        end as kept,
        case
            -- Two lines for one debt that disagree: nobody can tell which of them is owed.
            when keyed.document <> keyed.other_document then 'document'
            when keyed.due_on <> keyed.other_due_on then 'due_on'
            when keyed.principal_cents <> keyed.other_cents then 'principal'
            when debts.id is null then null
            -- A contract that moves to another person may be a mended mistake or a new one, and
            -- the first person's history hangs on it: a person decides.
            when keyed.document <> (
                select clients.document from public.clients where clients.id = debts.client_id
            ) then 'owner'
            -- Has the creditor taken the payment off the value already, or not? Guessed wrong, it
            -- is taken off twice: a person decides.
            when debts.abated_cents > 0 and keyed.principal_cents <> debts.principal_cents
                and (debts.status = 'open' or private.is_returned_by_file(debts)) then 'paid'
        end as differs_in
    from keyed
    left join public.debts
        on debts.tenant_id = plan_import.tenant_id
        and debts.creditor_id = keyed.creditor_id
        and debts.contract = keyed.contract
        and debts.installment = keyed.installment;

    perform private.refuse_import_debts(headers);
    -- Priced into an agreement that has yet to see its first payment.
    update pg_temp.import_debts as named set kept = 'in_agreement', is_changed = false
    from public.agreement_debts as held
    where named.status = 'open' and held.tenant_id = plan_import.tenant_id
      and held.debt_id = named.debt_id and held.is_live;

    -- One row per person. A line later in the file knows better; a name in mixed case is preferred
    -- to one in capitals. What the file leaves empty stays as stored.
    create temp table import_clients on commit drop as
    with people as (
        select import_rows.document,
            coalesce(
                (array_agg(import_rows.name order by import_rows.line desc)
                 filter (where import_rows.name <> upper(import_rows.name)))[1],
                (array_agg(import_rows.name order by import_rows.line desc)
                 filter (where import_rows.name is not null))[1]
            ) as name,
            (array_agg(import_rows.email order by import_rows.line desc)
             filter (where import_rows.email is not null))[1] as email,
            (array_agg(import_rows.uf order by import_rows.line desc)
             filter (where import_rows.uf is not null))[1] as uf,
            (array_agg(import_rows.external_id order by import_rows.line desc)
             filter (where import_rows.external_id is not null))[1] as external_id,
            bool_or(cardinality(import_rows.phones) > 0) as has_phone,
            count(*)::int as lines
        from pg_temp.import_rows
        where import_rows.reason is null
        group by import_rows.document
    ),
    extras as (
        -- Of a repeated column the later line counts.
        select import_rows.document, jsonb_object_agg(pair.key, pair.value order by import_rows.line)
            as extra
        from pg_temp.import_rows
        cross join jsonb_each(import_rows.extra) as pair (key, value)
        where import_rows.reason is null and import_rows.extra is not null
          and pair.value <> 'null'
        group by import_rows.document
    )
    select people.*, extras.extra, coalesce(clients.id, gen_random_uuid()) as client_id,
        clients.id is null as is_new, coalesce(people.name, clients.name) is null as is_nameless,
        clients.id is not null
        and (merged.name, merged.email, merged.uf, merged.external_id, merged.extra)
            is distinct from (clients.name, clients.email, clients.uf, clients.external_id,
                clients.extra)
            as is_changed
    from people
    left join extras using (document)
    left join public.clients
        on clients.tenant_id = plan_import.tenant_id and clients.document = people.document
    cross join lateral (
        -- As private.write_chunk_people merges them when their turn comes.
        select
            case
                when lower(people.name) = lower(clients.name) then clients.name
                else coalesce(people.name, clients.name)
            end as name,
            coalesce(people.email, clients.email) as email,
            coalesce(people.uf, clients.uf) as uf,
            coalesce(people.external_id, clients.external_id) as external_id,
            coalesce(clients.extra, '{}') || coalesce(extras.extra, '{}') as extra
    ) as merged;

    -- A debt of somebody whose name neither the file nor the portfolio knows.
    if exists (select from pg_temp.import_clients where import_clients.is_nameless) then
        update pg_temp.import_rows as staged
        set reason = case when staged.value is null then 'name_missing' else 'name_invalid' end,
            column_name = headers ->> 'name'
        from pg_temp.import_clients
        where import_clients.is_nameless and staged.document = import_clients.document
          and staged.reason is null;
        delete from pg_temp.import_debts using pg_temp.import_clients
        where import_clients.is_nameless and import_debts.document = import_clients.document;
        delete from pg_temp.import_clients where import_clients.is_nameless;
    end if;
    analyze pg_temp.import_debts;
    analyze pg_temp.import_clients;
end;
$$;
