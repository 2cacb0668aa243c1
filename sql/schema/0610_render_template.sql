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

-- The value of each variable, null where there is none. `charge_id` is of the message that brings a
-- charge.
create function private.template_values(
    client_id uuid, variables text[], charge_id uuid default null
) returns text[]
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(array_agg(nullif(btrim(case
        when named.variable like 'client.extra.%'
            then clients.extra ->> substr(named.variable, length('client.extra.') + 1)
        else case named.variable
        when 'client.name' then initcap(clients.name)
        when 'client.first_name' then initcap(split_part(btrim(clients.name), ' ', 1))
        when 'client.open_total' then private.brl(clients.open_cents)
        when 'client.open_debts' then clients.open_debts::text
        when 'client.oldest_due_on' then to_char(clients.oldest_due_on, 'DD/MM/YYYY')
        when 'creditor.name' then (
            -- The creditor of the oldest open title speaks for the message.
            select creditors.name
            from public.debts
            join public.creditors
                on creditors.tenant_id = debts.tenant_id and creditors.id = debts.creditor_id
            where debts.tenant_id = clients.tenant_id and debts.client_id = clients.id
              and debts.status = 'open'
            order by debts.due_on, debts.id
            limit 1
        )
        when 'tenant.name' then tenants.name
        when 'charge.amount' then private.brl(charge.amount_cents)
        when 'charge.due_on' then to_char(charge.due_on, 'DD/MM/YYYY')
        when 'charge.link' then charge.link
        when 'charge.pix_code' then charge.pix_code
        when 'charge.digitable_line' then charge.digitable_line
        end
    end), '') order by named.position), '{}')
    from public.clients
    join public.tenants on tenants.id = clients.tenant_id
    left join public.charges as charge
        on charge.tenant_id = clients.tenant_id and charge.client_id = clients.id
        and charge.id = template_values.charge_id
    cross join unnest(template_values.variables) with ordinality as named (variable, position)
    where clients.id = template_values.client_id
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
