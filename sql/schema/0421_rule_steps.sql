-- What a rule does, in order. Rows of a version never change: a run ends under the words it began
-- with, and a version can be read long after.
create table public.rule_steps (
    tenant_id uuid not null,
    rule_id uuid not null,
    version int not null default 1,
    position smallint not null default 1,
    action public.rule_action not null default 'send_template',
    template_id uuid,
    constraint rule_steps_pkey primary key (rule_id, version, position),
    constraint rule_steps_rule_fkey foreign key (tenant_id, rule_id)
    references public.collection_rules (tenant_id, id),
    constraint rule_steps_template_fkey foreign key (tenant_id, template_id)
    references public.message_templates (tenant_id, id),
    constraint rule_steps_template_is_said check (
        (action = 'send_template') = (template_id is not null)
    )
);
comment on table public.rule_steps is 'Actions of each version of a rule.';

create index rule_steps_of_rule on public.rule_steps (tenant_id, rule_id);
create index rule_steps_of_template on public.rule_steps (tenant_id, template_id);

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
