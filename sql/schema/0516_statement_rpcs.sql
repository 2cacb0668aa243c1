-- What the page asks: the statement of a client on a day, and the totals of the days to come.
create function private.statement_debt(owed private.owed_debt) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'debt_id', (owed.debt).id, 'contract', (owed.debt).contract,
        'installment', (owed.debt).installment, 'status', (owed.debt).status,
        'creditor', jsonb_build_object(
            'id', creditors.id, 'name', creditors.name, 'document', creditors.document,
            'address', creditors.address
        ),
        'due_on', (owed.accrual).due_on,
        'effective_due_date', (owed.accrual).effective_due_on,
        'days_late', (owed.accrual).days_late,
        'original_principal_cents', (owed.debt).principal_cents
    ) || jsonb_build_object(
        'principal_cents', (owed.accrual).principal_cents,
        'correction_cents', (owed.accrual).correction_cents,
        'fine_cents', (owed.accrual).fine_cents,
        'interest_cents', (owed.accrual).interest_cents,
        'collection_fee_cents', (owed.accrual).collection_fee_cents,
        'total_cents', (owed.accrual).total_cents,
        'policy_id', (owed.policy).id, 'policy_version', (owed.policy).version,
        'index_table_version', private.index_version(
            (owed.debt).tenant_id, (owed.policy).index_name
        ),
        'prescribes_on', private.prescribes_on(owed.debt),
        'is_prescribed', private.is_prescribed(owed.debt, (owed.accrual).on_date),
        'lines', private.statement_lines(owed),
        'text', private.statement_sentence(owed)
    )
    from public.creditors
    where creditors.tenant_id = (owed.debt).tenant_id
      and creditors.id = (owed.debt).creditor_id
$$;

create function private.statement(
    tenant_id uuid, client_id uuid, on_date date, debt_ids uuid[]
) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return (
        with owed as materialized (
            select title, row_number() over () as position
            from private.owed(
                statement.tenant_id, statement.client_id, statement.on_date, statement.debt_ids
            ) as title
        )
        select jsonb_build_object(
            'client_id', statement.client_id, 'on_date', statement.on_date,
            -- 1: the formulas of 0512. A change of formula is a new number.
            'engine_version', 1,
            'calendar_version', private.calendar_version(statement.tenant_id),
            'debts', coalesce(
                jsonb_agg(private.statement_debt(owed.title) order by owed.position), '[]'
            ),
            'totals', jsonb_build_object(
                'debts', count(*),
                'principal_cents', coalesce(sum(((owed.title).accrual).principal_cents), 0),
                'correction_cents', coalesce(sum(((owed.title).accrual).correction_cents), 0),
                'fine_cents', coalesce(sum(((owed.title).accrual).fine_cents), 0),
                'interest_cents', coalesce(sum(((owed.title).accrual).interest_cents), 0),
                'collection_fee_cents',
                coalesce(sum(((owed.title).accrual).collection_fee_cents), 0),
                'total_cents', coalesce(sum(((owed.title).accrual).total_cents), 0)
            ),
            'text', coalesce(
                string_agg(private.statement_sentence(owed.title), ' ' order by owed.position), ''
            ) || case when count(*) > 1 then ' Total geral: '
                || private.brl(sum(((owed.title).accrual).total_cents)::bigint) || '.' else '' end
        )
        from owed
    );
end;
$$;

-- Refuses a client of another tenant and titles of another client, by name.
create function private.require_debts(tenant_id uuid, client_id uuid, debt_ids uuid[])
returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_missing uuid;
begin
    if not exists (
        select from public.clients
        where clients.tenant_id = require_debts.tenant_id
          and clients.id = require_debts.client_id
          and ((select private.sees_everything()) or private.sees_client(clients.id))
    ) then
        raise exception 'client_not_found' using errcode = 'PT404',
            detail = 'no client with this id in the tenant';
    end if;
    select given.id into v_missing
    from unnest(debt_ids) as given (id)
    where not exists (
        select from public.debts
        where debts.tenant_id = require_debts.tenant_id
          and debts.client_id = require_debts.client_id and debts.id = given.id
          and ((select private.sees_everything()) or private.sees_creditor(debts.creditor_id))
    )
    limit 1;
    if found then
        raise exception 'debt_not_found' using errcode = 'PT404', 
            detail = coalesce(v_missing::text, 'none');
    end if;
end;
$$;

create function private.debt_statement(client_id uuid, on_date date, debt_ids uuid[])
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_on_date date := coalesce(on_date, private.today(v_tenant_id));
begin
    -- Ten years either way: every month of an index is a factor of the fraction that is carried.
    if abs(extract(year from v_on_date) - extract(year from private.today(v_tenant_id))) > 10 then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'on_date';
    end if;
    perform private.require_debts(v_tenant_id, client_id, debt_ids);
    return private.statement(v_tenant_id, client_id, v_on_date, debt_ids);
end;
$$;

create function public.debt_statement(
    client_id uuid, on_date date default null, debt_ids uuid[] default null
) returns jsonb
language sql
stable
set search_path = ''
as $$
    select private.debt_statement(
        private.seen('clients', client_id), on_date, private.seen_debts(client_id, debt_ids)
    )
$$;
comment on function public.debt_statement(uuid, date, uuid[]) is
'{client_id, on_date, engine_version, calendar_version, debts: [{…, lines, text}], totals, text}.
Without a date: today. Without ids: everything still owed. PT404 client_not_found, debt_not_found.';

create function private.statement_days(client_id uuid, debt_ids uuid[], days int)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- A slider of two months is more than the page shows.
    c_max_days constant int := 62;
    v_tenant_id uuid := private.require_role('operator');
    v_today date := private.today(v_tenant_id);
begin
    perform private.require_debts(v_tenant_id, client_id, debt_ids);
    return (
        select jsonb_agg(jsonb_build_object(
            'on_date', v_today + ahead,
            'total_cents', (
                select coalesce(sum((title.accrual).total_cents), 0)
                from private.owed(
                    v_tenant_id, statement_days.client_id, v_today + ahead,
                    statement_days.debt_ids
                ) as title
            )
        ) order by ahead)
        from generate_series(0, least(greatest(coalesce(days, 30), 0), c_max_days)) as ahead
    );
end;
$$;

create function public.statement_days(
    client_id uuid, debt_ids uuid[] default null, days int default 30
) returns jsonb
language sql
stable
set search_path = ''
as $$
    select private.statement_days(
        private.seen('clients', client_id), private.seen_debts(client_id, debt_ids), days
    )
$$;
comment on function public.statement_days(uuid, uuid[], int) is
'[{on_date, total_cents}] from today on.';

grant execute on function
private.debt_statement(uuid, date, uuid[]), public.debt_statement(uuid, date, uuid[]),
private.statement_days(uuid, uuid[], int), public.statement_days(uuid, uuid[], int)
to authenticated;
