-- Fills a template for one client: the closed list of variables, as a debtor reads them (R$ with
-- comma, day/month/year). A provider refuses blanks.
create function private.brl(cents bigint) returns text
language sql
immutable
strict
set search_path = ''
as $$
    select 'R$ ' || pg_catalog.translate(
        pg_catalog.to_char(cents / 100.0, 'FM999,999,999,990.00'), ',.', '.,'
    )
$$;

-- The client's own columns, of these creditors alone.
create function private.open_in_scope(
    tenant_id uuid, client_id uuid, scope uuid[],
    out cents bigint, out debts int, out oldest_due_on date
)
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(sum(greatest(debts.principal_cents - debts.abated_cents, 0)), 0)::bigint,
        count(*)::int, min(debts.due_on)
    from public.debts
    where debts.tenant_id = open_in_scope.tenant_id and debts.client_id = open_in_scope.client_id
      and debts.status = 'open' and debts.creditor_id = any(open_in_scope.scope)
$$;

-- The value of each variable, null where there is none. `charge_id` is of the message that brings a
-- charge; with a `scope` of creditors only what is owed to those is spoken of.
create function private.values_of_people(
    client_ids uuid[], variables text[], charge_id uuid default null, scope uuid[] default null
) returns table (client_id uuid, params text[])
language sql
stable
security definer
set search_path = ''
as $$
    select clients.id, array_agg(nullif(btrim(case
        when named.variable like 'client.extra.%'
            then clients.extra ->> substr(named.variable, length('client.extra.') + 1)
        else case named.variable
        when 'client.name' then initcap(clients.name)
        when 'client.first_name' then initcap(split_part(btrim(clients.name), ' ', 1))
        when 'client.open_total' then private.brl(owed.cents)
        when 'client.open_debts' then owed.debts::text
        when 'client.oldest_due_on' then to_char(owed.oldest_due_on, 'DD/MM/YYYY')
        when 'creditor.name' then coalesce((
            -- A charge is of one creditor; else that of the oldest open title speaks.
            select creditors.name
            from public.agreements as agreement
            join public.creditors
                on creditors.tenant_id = agreement.tenant_id
                and creditors.id = agreement.creditor_id
            where agreement.tenant_id = charge.tenant_id and agreement.id = charge.agreement_id
        ), (
            select creditors.name
            from public.debts
            join public.creditors
                on creditors.tenant_id = debts.tenant_id and creditors.id = debts.creditor_id
            where debts.tenant_id = clients.tenant_id and debts.client_id = clients.id
              and debts.status = 'open'
              and (values_of_people.scope is null or debts.creditor_id = any(values_of_people.scope))
            order by debts.due_on, debts.id
            limit 1
        ))
        when 'tenant.name' then tenants.name
        when 'charge.amount' then private.brl(charge.amount_cents)
        when 'charge.due_on' then to_char(charge.due_on, 'DD/MM/YYYY')
        when 'charge.link' then charge.link
        when 'charge.pix_code' then charge.pix_code
        when 'charge.digitable_line' then charge.digitable_line
        end
    end), '') order by named.position)
    from public.clients
    join public.tenants on tenants.id = clients.tenant_id
    left join public.charges as charge
        on charge.tenant_id = clients.tenant_id and charge.client_id = clients.id
        and charge.id = values_of_people.charge_id
    cross join lateral (
        select clients.open_cents as cents, clients.open_debts as debts, clients.oldest_due_on
        where values_of_people.scope is null
        union all
        select of_theirs.cents, of_theirs.debts, of_theirs.oldest_due_on
        from private.open_in_scope(clients.tenant_id, clients.id, values_of_people.scope)
            as of_theirs
        where values_of_people.scope is not null
    ) as owed
    cross join unnest(values_of_people.variables) with ordinality as named (variable, position)
    where clients.id = any(values_of_people.client_ids)
    group by clients.id
$$;

create function private.template_values(
    client_id uuid, variables text[], charge_id uuid default null, scope uuid[] default null
) returns text[]
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce((
        select said.params from private.values_of_people(
            array[template_values.client_id], template_values.variables, template_values.charge_id,
            template_values.scope
        ) as said
    ), '{}')
$$;

-- "Banco Aurora S.A." at the end of a sentence would read "S.A..": where the text of the provider
-- goes on with a dot, the value gives up its own.
create function private.without_double_dots(body text, params text[]) returns text[]
language sql
immutable
set search_path = ''
as $$
    select coalesce(array_agg(case
        when value.text like '%.' and position('{{' || value.number || '}}.' in body) > 0
            then left(value.text, -1)
        else value.text
    end order by value.number), '{}')
    from unnest(params) with ordinality as value (text, number)
$$;

create function private.render_body(body text, params text[]) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_rendered text := body;
begin
    for i in 1 .. coalesce(array_length(params, 1), 0) loop
        v_rendered := replace(v_rendered, '{{' || i || '}}', params[i]);
    end loop;
    return v_rendered;
end;
$$;
