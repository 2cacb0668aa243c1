-- Before the key is pressed: what each disposition would set off for this client now, in the words
-- of the planner that will decide it.
create function private.disposition_effects(client_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_at timestamptz := private.now() + private.undo_window(v_tenant_id);
    v_targets private.rule_target[];
begin
    if not exists (
        select from public.clients
        where clients.tenant_id = v_tenant_id and clients.id = disposition_effects.client_id
    ) then
        raise exception 'client_not_found' using errcode = 'PT404',
            detail = 'no client with this id in the tenant';
    end if;
    -- One target per rule: the same rule would say the same after any of its dispositions.
    v_targets := array(
        select (
            row_number() over (order by rule.priority, rule.id)::int, null, v_tenant_id, rule.id,
            rule.version, 1::smallint, disposition_effects.client_id, null, null, null, v_at
        )::private.rule_target
        from public.collection_rules as rule
        where rule.tenant_id = v_tenant_id and rule.trigger = 'disposition' and rule.is_enabled
    );
    v_targets := private.steps_of_targets(v_targets);
    return jsonb_build_object(
        'undo_seconds', extract(epoch from private.undo_window(v_tenant_id))::int,
        'effects', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'disposition_type', kind.key, 'rule', rule.name, 'position', target.position,
                'action', plan.action, 'wait_minutes', step.wait_minutes,
                'template', template.name, 'verdict', plan.verdict,
                'reason', plan.reason,
                'not_before', case when plan.verdict = 'postpone' then plan.not_before end
            ) order by kind.position, plan.place), '[]')
            from private.plan_targets(v_targets, v_at) as plan
            join unnest(v_targets) as target on target.place = plan.place
            join public.collection_rules as rule on rule.id = target.rule_id
            join public.rule_steps as step
                on step.rule_id = target.rule_id and step.version = target.version
                and step.position = target.position
            left join public.message_templates as template on template.id = plan.template_id
            join public.disposition_types as kind
                on kind.tenant_id = v_tenant_id and kind.is_active
                and private.is_of_rule(rule, kind)
        )
    );
end;
$$;

create function public.disposition_effects(client_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.disposition_effects(private.seen('clients', client_id)) $$;
comment on function public.disposition_effects(uuid) is
'{undo_seconds, effects: [{disposition_type, rule, position, action, wait_minutes, template,
verdict, reason, not_before}]} of the rules that are on. Errors: client_not_found.';

grant execute on function
private.disposition_effects(uuid), public.disposition_effects(uuid)
to authenticated;
