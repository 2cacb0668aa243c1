-- A rule is written whole: what the editor shows is what is saved, as one more version. Saved again
-- without a change it stays the version it was.

-- The definition as it is compared, kept and shown; the switch is no part of it.
create function private.definition_of(rule public.collection_rules, steps jsonb) returns jsonb
language sql
stable
set search_path = ''
as $$
    select jsonb_build_object(
        'name', (rule).name, 'trigger', (rule).trigger,
        'disposition_type', (rule).disposition_type,
        'disposition_meaning', (rule).disposition_meaning, 'day_offset', (rule).day_offset,
        'event', (rule).event, 'filter', (rule).filter, 'opens', (rule).opens, 'closes', (rule).closes,
        'daily_cap', (rule).daily_cap, 'repeat_days', (rule).repeat_days,
        'priority', (rule).priority, 'steps', steps
    )
$$;

create function private.steps_of(rule_id uuid, version int) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(jsonb_agg(
        private.step_defaults(step.action) || step.settings || jsonb_build_object(
            'action', step.action, 'wait_minutes', step.wait_minutes, 'goes_on', step.goes_on
        ) || case step.action
            when 'send_template' then jsonb_build_object('template_id', step.template_id)
            else '{}' end
        order by step.position
    ), '[]')
    from public.rule_steps as step
    where step.rule_id = steps_of.rule_id and step.version = steps_of.version
$$;

-- The caller's words as a row. Ids, switch and version are never the caller's to say.
create function private.read_rule(tenant_id uuid, definition jsonb) returns public.collection_rules
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    c_keys constant text[] := array[
        'name', 'trigger', 'disposition_type', 'disposition_meaning', 'day_offset', 'event',
        'filter', 'opens', 'closes', 'daily_cap', 'repeat_days', 'priority', 'steps'
    ];
    v_rule public.collection_rules;
begin
    if jsonb_typeof(definition) is distinct from 'object' or definition - c_keys <> '{}' then
        raise exception 'rule_invalid' using errcode = 'PT400',
            detail = 'an object of ' || array_to_string(c_keys, ', ');
    end if;
    begin
        v_rule := jsonb_populate_record(
            null::public.collection_rules,
            '{"trigger": "disposition", "filter": {}, "priority": 100}'::jsonb
                || jsonb_strip_nulls(definition - 'steps')
        );
    exception
        when invalid_text_representation or invalid_datetime_format or datetime_field_overflow
            or numeric_value_out_of_range then
        raise exception 'rule_invalid' using errcode = 'PT400', detail = sqlerrm;
    end;
    v_rule.name := btrim(v_rule.name);
    -- Two machines that answer each other would never end.
    if v_rule.trigger = 'message_received' then
        v_rule.repeat_days := coalesce(v_rule.repeat_days, 1);
    end if;
    -- Refused by the carteira's own words; and a rule is nobody, who has no "mine".
    perform private.read_client_filter(tenant_id, v_rule.filter);
    if v_rule.filter #>> '{assigned_to}' = 'me' or v_rule.filter -> 'assigned_to' ? 'me' then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'assigned_to';
    end if;
    return v_rule;
end;
$$;

create function private.save_rule(rule_id uuid, definition jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_new public.collection_rules := private.read_rule(v_tenant_id, definition);
    v_steps jsonb := private.read_steps(v_tenant_id, v_new.trigger, definition -> 'steps');
    v_was public.collection_rules;
    v_before jsonb;
    v_after jsonb := private.definition_of(v_new, v_steps);
    v_version int;
begin
    if rule_id is null then
        raise exception 'rule_invalid' using errcode = 'PT400', detail = 'an id';
    end if;
    -- Two clicks on "save" of a new rule are one rule.
    perform pg_advisory_xact_lock(hashtextextended('save_rule:' || rule_id, 0));
    select * into v_was from public.collection_rules as rule
    where rule.id = save_rule.rule_id for no key update;
    if v_was.tenant_id <> v_tenant_id then
        raise exception 'rule_not_found' using errcode = 'PT404',
            detail = 'no rule with this id in the tenant';
    end if;
    if v_was.id is not null then
        v_before := private.definition_of(v_was, private.steps_of(v_was.id, v_was.version));
        if v_before = v_after then
            return jsonb_build_object(
                'id', v_was.id, 'version', v_was.version, 'is_enabled', v_was.is_enabled
            );
        end if;
        -- What came with the product has no first page of its history yet.
        insert into public.rule_versions (tenant_id, rule_id, version, definition, edited_at)
        values (v_tenant_id, v_was.id, v_was.version, v_before, v_was.created_at)
        on conflict do nothing;
    end if;

    v_version := coalesce(v_was.version, 0) + 1;
    -- It speaks to people: changed, it is off until somebody has seen what it does now.
    insert into public.collection_rules as rule (
        id, tenant_id, name, trigger, disposition_type, disposition_meaning, day_offset, event,
        filter, opens, closes, daily_cap, repeat_days, priority, version
    )
    values (
        save_rule.rule_id, v_tenant_id, v_new.name, v_new.trigger, v_new.disposition_type,
        v_new.disposition_meaning, v_new.day_offset, v_new.event, v_new.filter, v_new.opens,
        v_new.closes, v_new.daily_cap, v_new.repeat_days, v_new.priority, v_version
    )
    on conflict (id) do update
    set name = excluded.name, trigger = excluded.trigger,
        disposition_type = excluded.disposition_type,
        disposition_meaning = excluded.disposition_meaning, day_offset = excluded.day_offset,
        event = excluded.event, filter = excluded.filter, opens = excluded.opens, closes = excluded.closes,
        daily_cap = excluded.daily_cap, repeat_days = excluded.repeat_days,
        priority = excluded.priority, version = excluded.version, is_enabled = false;
    insert into public.rule_steps (
        tenant_id, rule_id, version, position, action, template_id, wait_minutes, goes_on, settings
    )
    select v_tenant_id, save_rule.rule_id, v_version, step.place,
        (step.value ->> 'action')::public.rule_action, (step.value ->> 'template_id')::uuid,
        (step.value ->> 'wait_minutes')::int, (step.value ->> 'goes_on')::boolean,
        step.value - '{action,template_id,wait_minutes,goes_on}'::text[]
    from jsonb_array_elements(v_steps) with ordinality as step (value, place);
    insert into public.rule_versions (tenant_id, rule_id, version, definition, edited_by)
    values (v_tenant_id, save_rule.rule_id, v_version, v_after, auth.uid());
    return jsonb_build_object('id', rule_id, 'version', v_version, 'is_enabled', false);
exception
    when check_violation or not_null_violation or foreign_key_violation then
        raise exception 'rule_invalid' using errcode = 'PT400', detail = sqlerrm;
end;
$$;

create function public.save_rule(rule_id uuid, definition jsonb) returns jsonb
language sql
set search_path = ''
as $$ select private.save_rule(rule_id, definition) $$;
comment on function public.save_rule(uuid, jsonb) is
'Admin; an id of the caller''s for a new rule → {id, version, is_enabled}. definition: {name,
trigger, disposition_type | disposition_meaning | day_offset | event, filter, opens, closes,
daily_cap, repeat_days, priority, steps: [{action, wait_minutes, goes_on, keys of step_defaults}]}.
Errors: rule_invalid, rule_not_found, template_not_found, tag_not_found, member_not_found,
unknown_filter, filter_invalid.';

grant execute on function private.save_rule(uuid, jsonb), public.save_rule(uuid, jsonb)
to authenticated;
