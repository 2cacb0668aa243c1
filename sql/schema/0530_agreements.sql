-- An agreement (acordo): titles of one client and one creditor, priced on one day, to be paid by a
-- schedule of its own. Titles are never touched or deleted; the agreement is without novation, so a
-- break gives the titles back at their real balance. What was proposed is sealed by a hash.
create table public.agreements (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    client_id uuid not null,
    creditor_id uuid not null,
    status public.agreement_status not null default 'draft',
    -- The offer as simulated: inputs, titles, discounts, schedule (see simulate_agreement).
    priced jsonb not null,
    proposal_hash text not null,
    -- The memória de cálculo of the titles on `base_on`.
    statement jsonb not null,
    base_on date not null,
    valid_until date not null,
    original_cents bigint not null,
    discount_cents bigint not null,
    financing_cents bigint not null default 0,
    total_cents bigint not null,
    discount_percent numeric(5, 2) not null,
    installments smallint not null,
    first_due_on date not null,
    last_due_on date not null,
    template_id uuid,
    policy_id uuid not null,
    -- The agreement this one renegotiates, and how many came before in that line.
    replaces_id uuid,
    generation smallint not null default 0,
    approval_reasons jsonb not null default '[]',
    -- The least role that may approve; null when nobody had to.
    approval_role public.member_role,
    created_by uuid,
    decided_by uuid,
    decided_at timestamptz,
    decision_reason text,
    formalised_at timestamptz,
    closed_at timestamptz,
    created_at timestamptz not null default private.now(),
    updated_at timestamptz not null default private.now(),
    constraint agreements_pkey primary key (id),
    constraint agreements_tenant_id_key unique (tenant_id, id),
    constraint agreements_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint agreements_creditor_fkey foreign key (tenant_id, creditor_id)
    references public.creditors (tenant_id, id),
    constraint agreements_template_fkey foreign key (tenant_id, template_id)
    references public.agreement_templates (tenant_id, id),
    constraint agreements_policy_fkey foreign key (tenant_id, policy_id)
    references public.agreement_policies (tenant_id, id),
    constraint agreements_replaces_fkey foreign key (tenant_id, replaces_id)
    references public.agreements (tenant_id, id),
    constraint agreements_created_by_fkey foreign key (created_by) references auth.users (id),
    constraint agreements_decided_by_fkey foreign key (decided_by) references auth.users (id),
    constraint agreements_total_adds_up check (
        total_cents = original_cents - discount_cents + financing_cents and total_cents > 0
    ),
    constraint agreements_amounts_are_not_negative check (
        discount_cents >= 0 and financing_cents >= 0
    ),
    -- Whoever proposes does not approve.
    constraint agreements_approval_is_by_another check (
        decided_by is distinct from created_by or decided_by is null
    ),
    constraint agreements_rejection_has_reason check (
        status <> 'rejected' or btrim(decision_reason) <> ''
    )
);
comment on table public.agreements is 'Agreements; statuses move by private.transition_agreement.';

-- A double click, two tabs: one sealed proposal is one living agreement.
create unique index agreements_proposal_is_used_once
on public.agreements (tenant_id, proposal_hash)
where status not in (
    'rejected', 'expired', 'broken', 'settled', 'cancelled', 'replaced', 'lapsed'
);
create index agreements_of_client
on public.agreements (tenant_id, client_id, created_at desc, id desc);
-- Serve the list, with and without a status.
create index agreements_newest on public.agreements (tenant_id, created_at desc, id desc);
create index agreements_by_status
on public.agreements (tenant_id, status, created_at desc, id desc);
create index agreements_of_creditor on public.agreements (tenant_id, creditor_id);
create index agreements_of_template on public.agreements (tenant_id, template_id);
create index agreements_of_policy on public.agreements (tenant_id, policy_id);
create index agreements_of_replaced on public.agreements (tenant_id, replaces_id);
create index agreements_of_author on public.agreements (created_by);
create index agreements_of_decider on public.agreements (decided_by);

alter table public.agreements enable row level security;
alter table public.agreements force row level security;

create policy agreements_select_member on public.agreements for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and (
        (select private.sees_everything())
        or creditor_id = any((select private.creditor_scope())::uuid[])
    )
);

-- Written by propose, decide and the transition function only.
grant select on public.agreements to authenticated;

create trigger _100_touch_updated_at before update on public.agreements
for each row execute function private.tg_touch_updated_at();

create trigger _500_broadcast_insert after insert on public.agreements
referencing new table as new_rows for each statement
execute function private.tg_broadcast('agreement_changed');
create trigger _500_broadcast_update after update on public.agreements
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_broadcast_status('agreement_changed');

create trigger _900_audit_insert after insert on public.agreements
referencing new table as new_rows for each statement
execute function private.tg_audit('priced', 'statement');
create trigger _900_audit_update after update on public.agreements
referencing old table as old_rows new table as new_rows
for each statement
execute function private.tg_audit('priced', 'statement');
create trigger _900_audit_delete after delete on public.agreements
referencing old table as old_rows for each statement
execute function private.tg_audit('priced', 'statement');
