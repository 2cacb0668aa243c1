-- A boleto, Pix or card link for one installment, and how far it came at the provider. `reference`
-- is ours and deterministic (the installment's id, numbered when issued again), so that a lost
-- answer can be looked up instead of sent twice. `is_wanted` is what we want, `status` what is.
create table public.charges (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    client_id uuid not null,
    agreement_id uuid not null,
    installment_id uuid not null,
    integration_id uuid not null,
    provider public.provider_name not null default 'negociarie',
    method public.charge_method not null,
    sequence smallint not null,
    reference text collate "C" not null,
    amount_cents bigint not null,
    due_on date not null,
    status public.charge_status not null default 'queued',
    is_wanted boolean not null default true,
    -- A callback or a person asked to look at the provider's own record.
    needs_lookup boolean not null default false,
    -- Fence of begin_charge and settle_charge.
    attempt int not null default 0,
    failures smallint not null default 0,
    action text,
    next_attempt_at timestamptz,
    lease_until timestamptz,
    queue_msg_id bigint,
    provider_group text,
    link text,
    digitable_line text,
    pix_code text,
    pdf_url text,
    error_code text,
    error_detail text,
    cancel_reason text,
    created_by uuid,
    created_at timestamptz not null default private.now(),
    updated_at timestamptz not null default private.now(),
    sent_at timestamptz,
    registered_at timestamptz,
    cancelled_at timestamptz,
    constraint charges_pkey primary key (id),
    constraint charges_tenant_id_key unique (tenant_id, id),
    constraint charges_reference_is_unique unique (integration_id, reference),
    constraint charges_agreement_fkey foreign key (tenant_id, agreement_id)
    references public.agreements (tenant_id, id),
    constraint charges_installment_fkey foreign key (tenant_id, installment_id)
    references public.installments (tenant_id, id),
    constraint charges_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint charges_integration_fkey foreign key (tenant_id, integration_id)
    references public.integrations (tenant_id, id),
    constraint charges_created_by_fkey foreign key (created_by) references auth.users (id),
    constraint charges_amount_is_positive check (amount_cents > 0),
    constraint charges_action_is_known check (
        action ~ '^(begun )?(create|lookup|cancel)$'
    )
);
comment on table public.charges is 'Boletos, Pix and card links, moved by guarded functions.';

-- Two clicks, two tabs: one payable charge per installment.
create unique index charges_one_wanted_per_installment
on public.charges (tenant_id, installment_id)
where is_wanted and status not in ('cancelled', 'failed', 'paid');
create index charges_of_installment on public.charges (tenant_id, installment_id, sequence);
create index charges_of_agreement on public.charges (tenant_id, agreement_id);
create index charges_of_client on public.charges (tenant_id, client_id, created_at desc, id desc);
create index charges_of_integration on public.charges (tenant_id, integration_id);
create index charges_of_author on public.charges (created_by);
-- Serves the console of what went wrong.
create index charges_failed on public.charges (tenant_id, updated_at desc)
where status in ('failed', 'unknown');

alter table public.charges enable row level security;
alter table public.charges force row level security;

create policy charges_select_member on public.charges for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.agreements
        where agreements.id = charges.agreement_id
    ))
);

-- Written by functions only. Not audited: the row carries the time of every step, and
-- `agreement_events` who asked for it.
grant select on public.charges to authenticated;

create trigger _100_touch_updated_at before update on public.charges
for each row execute function private.tg_touch_updated_at();

create trigger _500_broadcast_insert after insert on public.charges
referencing new table as new_rows for each statement
execute function private.tg_broadcast('charge_changed');
create trigger _500_broadcast_update after update on public.charges
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_broadcast_status('charge_changed');
