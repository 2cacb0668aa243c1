-- What would become of these targets at this moment, asked of one function by the real run (0981)
-- and by the dry run (0984): is the rule on, is the client still one of those it is for, is the
-- template approved, is there a number, does anybody forbid it, is it a lawful hour.
create type private.rule_target as (
    place int,
    -- Null in a dry run: nothing has begun, and whether the rule is on is not the question.
    run_id uuid,
    tenant_id uuid,
    rule_id uuid,
    version int,
    -- Which step of it.
    position smallint,
    client_id uuid,
    disposition_id uuid,
    -- Of any other trigger: what it is about, and its day.
    target_id uuid,
    on_date date,
    asked_at timestamptz
);

create type private.target_plan as (
    place int,
    -- send: a message · act: what the database does by itself (0991) · skip · postpone
    verdict text,
    reason text,
    not_before timestamptz,
    action public.rule_action,
    provider public.provider_name,
    integration_id uuid,
    settings jsonb,
    phone text,
    template_id uuid,
    provider_template_id text,
    language text,
    body text,
    params text [],
    sender_id uuid
);

-- Places of the targets whose client is one of those the rule is for: one query per rule, never one
-- per client.
create function private.places_in_filter(targets private.rule_target[], at timestamptz)
returns setof int
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_rule record;
    v_filter private.client_filter;
begin
    for v_rule in
        select rule.id, rule.tenant_id, rule.filter, array_agg(target.client_id) as client_ids,
            array_agg(target.place) as places
        from unnest(targets) as target
        join public.collection_rules as rule on rule.id = target.rule_id
        group by rule.id
    loop
        if v_rule.filter = '{}' then
            return query select unnest(v_rule.places);
            continue;
        end if;
        v_filter := private.read_client_filter(v_rule.tenant_id, v_rule.filter);
        v_filter.now_at := at;
        v_filter.is_all := false;
        v_filter.ids := v_rule.client_ids;
        return query execute 'select asked.place
            from unnest($2, $3) as asked (client_id, place)
            join public.clients on clients.id = asked.client_id
            where ' || private.client_condition(v_filter)
        using v_filter, v_rule.client_ids, v_rule.places;
    end loop;
end;
$$;
