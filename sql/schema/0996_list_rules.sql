-- The rules as the page shows them: the definition as save_rule takes it, what is missing before it
-- may be on, the last rehearsal, and what it did today.
create function private.speaks_or_spends(action public.rule_action) returns boolean
language sql
immutable
set search_path = ''
as $$ select action in ('send_template', 'create_charge', 'send_to_dialer') $$;

create function private.runs_today(tenant_id uuid, rule_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'queued', count(*) filter (where begun.status in ('queued', 'running')),
        'done', count(*) filter (where begun.status = 'done'),
        'skipped', count(*) filter (where begun.status = 'skipped'),
        'failed', count(*) filter (where begun.status = 'failed')
    )
    from (
        select run.status from public.automation_runs as run
        where run.tenant_id = runs_today.tenant_id and run.rule_id = runs_today.rule_id
          and run.created_at >= private.today(run.tenant_id)::timestamp
              at time zone (
                  select tenant.time_zone from public.tenants as tenant
                  where tenant.id = runs_today.tenant_id
              )
        order by run.created_at desc
        -- "10.000+": a list of rules is not where more are counted.
        limit 10000
    ) as begun
$$;

create function private.list_rules() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_may_see_runs boolean := private.has_role('supervisor');
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', rule.id, 'version', rule.version, 'is_enabled', rule.is_enabled,
            'kit', rule.kit,
            'definition', private.definition_of(
                rule, private.steps_of(rule.id, rule.version)
            ),
            'speaks', exists (
                select from public.rule_steps as step
                where step.rule_id = rule.id and step.version = rule.version
                  and private.speaks_or_spends(step.action)
            ),
            'missing', to_jsonb(private.missing_of(rule)),
            'last_dry_run', case when v_may_see_runs and seen.id is not null
                then to_jsonb(seen) - '{tenant_id,rule_id,created_by,wording}'::text[]
                    || jsonb_build_object('author', private.actor_name(
                        rule.tenant_id, seen.created_by
                    )) end,
            'may_enable', private.is_rehearsed(rule) and private.missing_of(rule) = '{}',
            'today', private.runs_today(rule.tenant_id, rule.id),
            'last_run_at', (
                select max(run.created_at) from public.automation_runs as run
                where run.tenant_id = rule.tenant_id and run.rule_id = rule.id
            )
        ) order by rule.priority, rule.name, rule.id), '[]')
        from public.collection_rules as rule
        left join lateral (
            select dry.* from public.rule_dry_runs as dry
            where dry.tenant_id = rule.tenant_id and dry.rule_id = rule.id
            order by dry.version desc, dry.frozen_at desc limit 1
        ) as seen on true
        where rule.tenant_id = v_tenant_id
    );
end;
$$;

create function public.list_rules() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.list_rules() $$;
comment on function public.list_rules() is
'[{id, version, is_enabled, kit, definition (as save_rule takes it), speaks, missing, last_dry_run,
may_enable, today: {queued, done, skipped, failed}, last_run_at}], by priority; 10,000 runs a rule at most are
counted.';

grant execute on function private.list_rules(), public.list_rules() to authenticated;
