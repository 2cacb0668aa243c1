-- The steps of a rule as people write them, and as they are stored: every key of the action, with
-- what holds where nothing was said.

-- Three redials within a week is what a debtor still takes for an attempt to reach them.
create function private.step_defaults(action public.rule_action) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select case action
        when 'send_template' then '{"template_id": null}'
        when 'create_charge' then '{"method": null}'
        when 'send_to_dialer' then '{"campaign_id": null, "max_attempts": 3}'
        when 'schedule_callback'
            then '{"minutes": null, "who": "personal", "release_minutes": null}'
        when 'remind_operator' then '{"note": null}'
        when 'notify_supervisor' then '{"note": null}'
        when 'quarantine_phone' then '{"days": null}'
        when 'tag' then '{"tag_id": null}'
        when 'assign' then '{"user_id": null}'
        else '{}'
    end::jsonb
$$;

create function private.is_whole_between(value jsonb, low bigint, high bigint) returns boolean
language sql
immutable
set search_path = ''
as $$
    select case when jsonb_typeof(value) = 'number' and value::text ~ '^-?[0-9]{1,15}$'
        then value::text::bigint between low and high else false end
$$;

create function private.is_uuid_text(value jsonb) returns boolean
language sql
stable
set search_path = ''
as $$ select jsonb_typeof(value) = 'string' and pg_input_is_valid(value #>> '{}', 'uuid') $$;

-- What is wrong with the settings of a step; null: nothing. Limits: a month of minutes, five years
-- of days (a title prescribes), a sentence of note.
create function private.settings_fault(action public.rule_action, settings jsonb) returns text
language sql
stable
set search_path = ''
as $$
    select min(entry.key) filter (where not coalesce(case entry.key
        when 'tag_id' then private.is_uuid_text(entry.value)
        when 'max_attempts' then private.is_whole_between(entry.value, 1, 20)
        when 'who' then entry.value in ('"personal"', '"anyone"')
        else entry.value = 'null' or case entry.key
            when 'template_id' then private.is_uuid_text(entry.value)
            when 'user_id' then private.is_uuid_text(entry.value)
            when 'method' then entry.value in ('"boleto"', '"pix"', '"card"')
            when 'campaign_id' then private.is_whole_between(entry.value, 1, 999999999999999)
            when 'minutes' then private.is_whole_between(entry.value, 1, 43200)
            when 'release_minutes' then private.is_whole_between(entry.value, 1, 1440)
            when 'days' then private.is_whole_between(entry.value, 1, 1825)
            when 'note' then jsonb_typeof(entry.value) = 'string'
                and length(btrim(entry.value #>> '{}')) between 1 and 200
            else false
        end
    end, false))
    from jsonb_each(settings) as entry
$$;

-- What a step names must be of this agency.
create function private.require_named(tenant_id uuid, settings jsonb) returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    if settings ->> 'template_id' is not null and not exists (
        select from public.message_templates as template
        where template.tenant_id = require_named.tenant_id
          and template.id = (settings ->> 'template_id')::uuid
    ) then
        raise exception 'template_not_found' using errcode = 'PT404',
            detail = 'no message template with this id in the tenant';
    end if;
    if settings ->> 'tag_id' is not null and not exists (
        select from public.tags
        where tags.tenant_id = require_named.tenant_id
          and tags.id = (settings ->> 'tag_id')::uuid
    ) then
        raise exception 'tag_not_found' using errcode = 'PT404', detail = 'no such tag here';
    end if;
    if settings ->> 'user_id' is not null and not exists (
        select from public.memberships as member
        where member.tenant_id = require_named.tenant_id and member.revoked_at is null
          and member.user_id = (settings ->> 'user_id')::uuid
    ) then
        raise exception 'member_not_found' using errcode = 'PT404',
            detail = 'nobody of this tenant has that id';
    end if;
end;
$$;

create function private.read_step(tenant_id uuid, trigger public.rule_trigger, step jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    c_common constant jsonb := '{"wait_minutes": 0, "goes_on": true}';
    v_action public.rule_action;
    v_all jsonb;
    v_settings jsonb;
begin
    if jsonb_typeof(step) is distinct from 'object'
        or not coalesce(pg_input_is_valid(step ->> 'action', 'public.rule_action'), false)
    then
        raise exception 'rule_invalid' using errcode = 'PT400', detail = 'steps: {action, …}';
    end if;
    v_action := step ->> 'action';
    v_all := c_common || private.step_defaults(v_action) || (step - 'action');
    v_settings := v_all - '{wait_minutes,goes_on}'::text[];
    if v_settings - array(
        select jsonb_object_keys(private.step_defaults(v_action))
    ) <> '{}' then
        raise exception 'rule_invalid' using errcode = 'PT400',
            detail = format('steps: a key that %s has not', v_action);
    elsif not private.is_whole_between(v_all -> 'wait_minutes', 0, 43200)
        or jsonb_typeof(v_all -> 'goes_on') <> 'boolean'
    then
        raise exception 'rule_invalid' using errcode = 'PT400',
            detail = 'steps: wait_minutes 0 to 43200, goes_on true or false';
    elsif private.settings_fault(v_action, v_settings) is not null then
        raise exception 'rule_invalid' using errcode = 'PT400',
            detail = 'steps: ' || private.settings_fault(v_action, v_settings);
    elsif trigger <> 'disposition' and (
        v_action = 'quarantine_phone'
        or v_action = 'schedule_callback' and v_settings ->> 'minutes' is null
    ) then
        raise exception 'rule_invalid' using errcode = 'PT400',
            detail = format('steps: %s so follows a disposition alone', v_action);
    end if;
    perform private.require_named(tenant_id, v_settings);
    return v_all || jsonb_build_object('action', v_action);
end;
$$;

-- All of them, as steps_of answers them, or the refusal.
create function private.read_steps(tenant_id uuid, trigger public.rule_trigger, steps jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    if jsonb_typeof(steps) is distinct from 'array' or jsonb_array_length(steps) not between 1 and 8
    then
        raise exception 'rule_invalid' using errcode = 'PT400', detail = 'steps: one to eight';
    end if;
    return (
        select jsonb_agg(
            private.read_step(read_steps.tenant_id, read_steps.trigger, given.step)
            order by given.place
        )
        from jsonb_array_elements(steps) with ordinality as given (step, place)
    );
end;
$$;
