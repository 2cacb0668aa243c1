-- The filter as SQL on `clients`: fragments that are chosen, never filled in. All values are
-- fields of parameter $1, which plpgsql hands to the planner as constants: a rare creditor goes
-- through its index, a common one through the list's order. One value is compared by `=`, because
-- an index keeps its order under `=` and loses it under `any`.
create function private.one_or_any(expression text, field text, size int) returns text
language sql
immutable
set search_path = ''
as $$
    select expression || case
        when size = 1 then ' = (($1).' || field || ')[1]'
        else ' = any(($1).' || field || ')'
    end
$$;

-- With the contacts already joined (as `contact`, when they are the list's order) their conditions
-- stand beside the others, so that the walk itself begins and ends with them.
create function private.client_condition(
    filter private.client_filter, is_joined boolean default false
) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_all text[] := array['clients.tenant_id = ($1).tenant_id'];
    v_contact text[] := '{}';
    v_any text[] := '{}';
begin
    if (filter.search).typed is not null then
        v_all := v_all || private.search_condition(filter.search);
    end if;
    if filter.creditor_ids is not null then
        v_all := v_all || 'clients.creditor_ids && ($1).creditor_ids'::text;
    end if;
    if filter.statuses is not null then
        v_all := v_all || private.one_or_any(
            'clients.debt_status', 'statuses', cardinality(filter.statuses)
        );
    end if;
    if filter.aged_from is not null then
        v_all := v_all || (
            select '(' || string_agg(format(
                'clients.oldest_due_on between (($1).aged_from)[%1$s] and (($1).aged_to)[%1$s]',
                place
            ), ' or ') || ')'
            from generate_series(1, cardinality(filter.aged_from)) as place
        );
    end if;
    if filter.min_cents is not null then
        v_all := v_all || 'clients.open_cents >= ($1).min_cents'::text;
    end if;
    if filter.max_cents is not null then
        v_all := v_all || 'clients.open_cents <= ($1).max_cents'::text;
    end if;
    if filter.due_from is not null then
        v_all := v_all || 'clients.oldest_due_on >= ($1).due_from'::text;
    end if;
    if filter.due_to is not null then
        v_all := v_all || 'clients.oldest_due_on <= ($1).due_to'::text;
    end if;
    if filter.ufs is not null then
        v_all := v_all || private.one_or_any('clients.uf', 'ufs', cardinality(filter.ufs));
    end if;

    if filter.contact_from is not null then
        v_contact := v_contact || 'contact.last_contact_at >= ($1).contact_from'::text;
    end if;
    if filter.contact_before is not null then
        v_contact := v_contact || 'contact.last_contact_at < ($1).contact_before'::text;
    end if;
    if filter.disposition_types is not null then
        v_contact := v_contact || private.one_or_any(
            'contact.last_disposition_type', 'disposition_types',
            cardinality(filter.disposition_types)
        );
    end if;
    if v_contact <> '{}' then
        v_all := v_all || private.contact_is(array_to_string(v_contact, ' and '), is_joined);
    end if;
    if filter.is_never_contacted then
        v_all := v_all
            || ('not ' || private.contact_is('contact.last_contact_at is not null', is_joined));
    end if;
    if filter.is_opted_out is not null then
        v_all := v_all || (
            case when filter.is_opted_out then '' else 'not ' end || private.contact_is(
                '(contact.call_blocked_until is not null
                  or contact.whatsapp_blocked_until is not null)
                 and coalesce(greatest(contact.call_blocked_until, contact.whatsapp_blocked_until)
                     > ($1).now_at, false)', is_joined
            )
        );
    end if;

    if filter.has_phone is not null then
        v_all := v_all || case
            when filter.has_phone then 'clients.has_phone' else 'not clients.has_phone' end;
    end if;
    if filter.whatsapp is not null then
        v_all := v_all || (
            select '(' || string_agg(case answer.word
                when 'true' then 'clients.has_whatsapp'
                when 'false' then 'not clients.has_whatsapp'
                else 'clients.has_whatsapp is null'
            end, ' or ') || ')'
            from unnest(filter.whatsapp) as answer (word)
        );
    end if;
    if cardinality(filter.agreement_statuses) > 0 or filter.has_no_agreement then
        v_all := v_all || private.agreement_condition(
            cardinality(filter.agreement_statuses), filter.has_no_agreement
        );
    end if;
    if filter.import_id is not null then
        -- With an offset the planner cannot gather them all first, which is what is not wanted.
        v_all := v_all || case when filter.is_broad_import then '(exists (
            select from public.debts
            where debts.tenant_id = ($1).tenant_id and debts.client_id = clients.id
              and debts.import_id = ($1).import_id offset 0
        ) or exists (
            select from private.import_touches as touched
            where touched.tenant_id = ($1).tenant_id and touched.client_id = clients.id
              and touched.import_id = ($1).import_id offset 0
        ))' else 'clients.id in (
            select debts.client_id from public.debts
            where debts.tenant_id = ($1).tenant_id and debts.import_id = ($1).import_id
            union all
            select touched.client_id from private.import_touches as touched
            where touched.tenant_id = ($1).tenant_id and touched.import_id = ($1).import_id
        )' end;
    end if;
    if filter.tag_ids is not null then
        v_all := v_all || ('clients.id in (
            select worn.client_id from public.client_tags as worn
            where worn.tenant_id = ($1).tenant_id and ' || private.one_or_any(
                'worn.tag_id', 'tag_ids', cardinality(filter.tag_ids)
            ) || ')');
    end if;
    if filter.is_unassigned then
        v_any := v_any || ('not ' || private.is_given('true'));
    end if;
    if cardinality(filter.operator_ids) > 0 then
        v_any := v_any || private.is_given(private.one_or_any(
            'given.user_id', 'operator_ids', cardinality(filter.operator_ids)
        ));
    end if;
    if v_any <> '{}' then
        v_all := v_all || ('(' || array_to_string(v_any, ' or ') || ')');
    end if;
    if filter.ids is not null then
        v_all := v_all || 'clients.id = any(($1).ids)'::text;
    end if;
    if filter.except_ids is not null then
        v_all := v_all || 'clients.id <> all(($1).except_ids)'::text;
    end if;
    return array_to_string(v_all, ' and ');
end;
$$;

create function private.contact_is(condition text, is_joined boolean) returns text
language sql
immutable
set search_path = ''
as $$
    select case when is_joined then '(' || condition || ')' else 'exists (
        select from private.client_contacts as contact
        where contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
          and ' || condition || ')'
    end
$$;

create function private.is_given(condition text) returns text
language sql
immutable
set search_path = ''
as $$
    select 'exists (
        select from public.client_assignments as given
        where given.tenant_id = ($1).tenant_id and given.client_id = clients.id
          and ' || condition || ')'
$$;

-- Asks the planner whether the beginning of a document, phone or contract is everybody's, whether
-- the words of a name are so many people's that no page ranks them all, and how large an import is.
-- (Whatever asks the planner has to be volatile, though it changes nothing.)
create function private.weigh_search(filter private.client_filter) returns private.client_filter
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Looking up and sorting these takes a tenth of a second.
    c_many constant bigint := 20000;
    -- Reading these takes as long as meeting a page of them along the list's order.
    c_common constant bigint := 5000;
    v_search private.client_search := (filter).search;
    v_branches text[] := private.search_branches(v_search, false);
begin
    if exists (
        select from public.clients as known
        where known.tenant_id = (filter).tenant_id and known.document = v_search.document
    ) then
        -- What begins with somebody's whole document is theirs, so it is little; and to ask how much
        -- takes as long as to look it up.
        v_search.is_broad := false;
    elsif v_branches <> '{}' then
        v_search.is_broad :=
            private.planned_rows(array_to_string(v_branches, ' union all '), filter) > c_many;
    end if;
    -- One word alone is a phrase: there is nothing scattered to rank beside it.
    if cardinality(v_search.words) > 1 or v_search.words is not null and v_branches <> '{}' then
        v_search.is_common := private.planned_rows(
            'select from public.clients where clients.tenant_id = ($1).tenant_id and '
            || private.words_condition(v_search), filter
        ) > c_common;
    end if;
    filter.search := v_search;
    if filter.import_id is not null then
        filter.is_broad_import := private.planned_rows(
            'select from public.debts
            where debts.tenant_id = ($1).tenant_id and debts.import_id = ($1).import_id
            union all
            select from private.import_touches as touched
            where touched.tenant_id = ($1).tenant_id and touched.import_id = ($1).import_id', filter
        ) > c_many;
    end if;
    return filter;
end;
$$;

create function private.planned_rows(query text, filter private.client_filter)
returns double precision
language plpgsql
set search_path = ''
as $$
declare
    v_plan json;
begin
    execute 'explain (format json) ' || query into v_plan using filter;
    return v_plan -> 0 -> 'Plan' ->> 'Plan Rows';
end;
$$;
