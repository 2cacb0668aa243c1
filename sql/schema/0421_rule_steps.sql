-- What a rule does, in order. Rows of a version never change: a run ends under the words it began
-- with, and a version can be read long after.
create table public.rule_steps (
    tenant_id uuid not null,
    rule_id uuid not null,
    version int not null default 1,
    position smallint not null default 1,
    action public.rule_action not null default 'send_template',
    -- Null: not chosen yet; such a rule is not switched on.
    template_id uuid,
    -- After the trigger, or after the end of the step before.
    wait_minutes int not null default 0,
    -- Skipped or failed, it does not hold up the next.
    goes_on boolean not null default true,
    -- What else the action is told: the keys of private.step_defaults (0978), every one of them.
    settings jsonb not null default '{}',
    constraint rule_steps_pkey primary key (rule_id, version, position),
    constraint rule_steps_rule_fkey foreign key (tenant_id, rule_id)
    references public.collection_rules (tenant_id, id),
    constraint rule_steps_template_fkey foreign key (tenant_id, template_id)
    references public.message_templates (tenant_id, id),
    constraint rule_steps_template_is_of_a_message check (
        action = 'send_template' or template_id is null
    ),
    -- Eight: what follows one event and is still understood by who reads it.
    constraint rule_steps_are_few check (position between 1 and 8),
    -- A month: what came before it is forgotten by then.
    constraint rule_steps_wait_within_a_month check (wait_minutes between 0 and 43200),
    constraint rule_steps_settings_are_an_object check (jsonb_typeof(settings) = 'object')
);
comment on table public.rule_steps is 'Actions of each version of a rule.';

create index rule_steps_of_rule on public.rule_steps (tenant_id, rule_id);
create index rule_steps_of_template on public.rule_steps (tenant_id, template_id);

-- What makes the whole rule void for a target, and not this step alone.
create function private.ends_rule(reason text) returns boolean
language sql
immutable
set search_path = ''
as $$
    select coalesce(reason, '') in (
        'undone', 'rule_disabled', 'automations_stopped', 'filter_left', 'expired', 'event_passed',
        'agreement_running', 'installment_ended', 'nothing_owed', 'day_passed', 'repeated'
    )
$$;

-- Every edit: who, when, and the whole definition, so that any two can be compared and any one be
-- saved again.
create table public.rule_versions (
    tenant_id uuid not null,
    rule_id uuid not null,
    version int not null,
    definition jsonb not null,
    -- Null: it came with the product or an upgrade.
    edited_by uuid,
    edited_at timestamptz not null default private.now(),
    constraint rule_versions_pkey primary key (rule_id, version),
    constraint rule_versions_rule_fkey foreign key (tenant_id, rule_id)
    references public.collection_rules (tenant_id, id),
    constraint rule_versions_edited_by_fkey foreign key (edited_by) references auth.users (id)
);
comment on table public.rule_versions is 'Definitions a rule has had.';
create index rule_versions_of_rule on public.rule_versions (tenant_id, rule_id);
create index rule_versions_of_editor on public.rule_versions (edited_by);

alter table public.rule_steps enable row level security;
alter table public.rule_steps force row level security;
alter table public.rule_versions enable row level security;
alter table public.rule_versions force row level security;

create policy rule_steps_select_member on public.rule_steps for select to authenticated
using (tenant_id = (select private.tenant_id()));
create policy rule_versions_select_member on public.rule_versions for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by save_rule. Not audited: both are append-only.
grant select on public.rule_steps, public.rule_versions to authenticated;
