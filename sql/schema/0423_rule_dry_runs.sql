-- What a rule would have done in a period, seen before it is switched on: everybody it would reach,
-- in which words and at what price, and everybody it would not, and why. A dry run writes here and
-- nowhere else.
create table public.rule_dry_runs (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    rule_id uuid not null,
    version int not null,
    -- Of the texts it showed (0983); null: none.
    wording text,
    -- The moment for which everything was asked.
    frozen_at timestamptz not null,
    from_date date not null,
    to_date date not null,
    -- [{position, action, verdict, reason, count}]
    counts jsonb not null default '[]',
    -- Of what would be sent now; null when nobody knows the price.
    price_micros bigint,
    currency text,
    created_by uuid,
    constraint rule_dry_runs_pkey primary key (id),
    constraint rule_dry_runs_tenant_id_key unique (tenant_id, id),
    constraint rule_dry_runs_rule_fkey foreign key (tenant_id, rule_id)
    references public.collection_rules (tenant_id, id),
    constraint rule_dry_runs_created_by_fkey foreign key (created_by) references auth.users (id),
    constraint rule_dry_runs_period_is_whole check (from_date <= to_date)
);
comment on table public.rule_dry_runs is 'Rehearsals of rules; set_rule_enabled asks for one.';
create index rule_dry_runs_of_rule
on public.rule_dry_runs (tenant_id, rule_id, version, frozen_at desc);
create index rule_dry_runs_of_author on public.rule_dry_runs (created_by);

-- Kept for the newest dry run of a rule; of older ones the counts are enough.
create table public.rule_dry_run_lines (
    tenant_id uuid not null,
    dry_run_id uuid not null,
    place int not null,
    position smallint not null default 1,
    action public.rule_action not null default 'send_template',
    client_id uuid not null,
    -- send | act | postpone | skip
    verdict text not null,
    reason text,
    not_before timestamptz,
    phone text,
    body text,
    price_micros bigint,
    constraint rule_dry_run_lines_pkey primary key (dry_run_id, place),
    constraint rule_dry_run_lines_dry_run_fkey foreign key (tenant_id, dry_run_id)
    references public.rule_dry_runs (tenant_id, id) on delete cascade,
    constraint rule_dry_run_lines_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint rule_dry_run_lines_verdict_is_known check (
        verdict in ('send', 'act', 'postpone', 'skip')
    )
);
comment on table public.rule_dry_run_lines is 'Each client of a dry run: what, or why not.';
create index rule_dry_run_lines_of_dry_run
on public.rule_dry_run_lines (tenant_id, dry_run_id, verdict, place);
create index rule_dry_run_lines_of_client on public.rule_dry_run_lines (tenant_id, client_id);

alter table public.rule_dry_runs enable row level security;
alter table public.rule_dry_runs force row level security;
alter table public.rule_dry_run_lines enable row level security;
alter table public.rule_dry_run_lines force row level security;

create policy rule_dry_runs_select_supervisor on public.rule_dry_runs for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));
create policy rule_dry_run_lines_select_supervisor on public.rule_dry_run_lines
for select to authenticated
using (
    tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor'))
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = rule_dry_run_lines.client_id
    ))
);

-- Written by dry_run_rule. Not audited: nothing happened.
grant select on public.rule_dry_runs, public.rule_dry_run_lines to authenticated;
