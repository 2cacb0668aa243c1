-- What lateness costs, per creditor, versioned by date: the version in force on the day of the
-- calculation speaks for the whole debt. Rows are never changed, so a statement of last March can
-- be made again. A row without a creditor is the tenant's default.
create table public.charge_policies (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    creditor_id uuid,
    version int not null,
    valid_from date not null,
    is_consumer boolean not null default true,
    fine_percent numeric(7, 4) not null default 0,
    -- The fine's base: principal, or principal with its correction.
    is_fine_on_corrected boolean not null default false,
    -- Per month, simple.
    interest_percent numeric(7, 4) not null default 0,
    interest_rule public.interest_rule not null default 'daily_30',
    -- Days count from the effective due date; with true from the one printed on the title.
    counts_from_nominal boolean not null default false,
    index_name public.price_index,
    collection_fee_percent numeric(7, 4) not null default 0,
    -- Days after the effective due date within which nothing is charged.
    grace_days int not null default 0,
    due_rule public.due_rule not null default 'following',
    -- Whose state holidays count beside the national and the banks' ones.
    holiday_uf text,
    -- What a payment covers first. Default: charges before principal (Civil Code 354).
    allocation_order public.money_component[] not null
    default '{fine,interest,correction,collection_fee,principal}',
    created_by uuid,
    created_at timestamptz not null default private.now(),
    constraint charge_policies_pkey primary key (id),
    constraint charge_policies_tenant_id_key unique (tenant_id, id),
    constraint charge_policies_version_is_unique
    unique nulls not distinct (tenant_id, creditor_id, version),
    constraint charge_policies_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint charge_policies_creditor_fkey foreign key (tenant_id, creditor_id)
    references public.creditors (tenant_id, id),
    constraint charge_policies_created_by_fkey foreign key (created_by) references auth.users (id),
    -- CDC art. 52 §1: at most 2 % of the overdue installment in a consumer relation.
    constraint charge_policies_consumer_fine_is_capped check (
        not is_consumer or fine_percent <= 2
    ),
    constraint charge_policies_rates_are_percent check (
        fine_percent between 0 and 100 and interest_percent between 0 and 100
        and collection_fee_percent between 0 and 100
    ),
    constraint charge_policies_grace_is_short check (grace_days between 0 and 90),
    constraint charge_policies_uf_has_shape check (holiday_uf ~ '^[A-Z]{2}$'),
    constraint charge_policies_order_names_each_once check (
        allocation_order @> '{principal,correction,fine,interest,collection_fee}'
        and cardinality(allocation_order) = 5
    )
);
comment on table public.charge_policies is 'Fine, interest, index and fee by creditor and date.';

-- Serves the look-up of the version in force.
create index charge_policies_in_force
on public.charge_policies (tenant_id, creditor_id, valid_from desc, version desc);
create index charge_policies_of_author on public.charge_policies (created_by);

alter table public.charge_policies enable row level security;
alter table public.charge_policies force row level security;

create policy charge_policies_select_member on public.charge_policies for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Neither insert, update nor delete: a new version comes through `save_charge_policy`.
grant select on public.charge_policies to authenticated;

-- The creditor's own version in force on that day, else the tenant's, else one that charges
-- nothing: what nobody configured is never charged.
create function private.charge_policy(tenant_id uuid, creditor_id uuid, on_date date)
returns public.charge_policies
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_policy public.charge_policies;
begin
    select * into v_policy
    from public.charge_policies as policy
    where policy.tenant_id = charge_policy.tenant_id
      and (policy.creditor_id = charge_policy.creditor_id or policy.creditor_id is null)
      and policy.valid_from <= on_date
    order by policy.creditor_id nulls last, policy.valid_from desc, policy.version desc
    limit 1;
    if not found then
        v_policy := jsonb_populate_record(null::public.charge_policies, jsonb_build_object(
            'tenant_id', charge_policy.tenant_id, 'fine_percent', 0, 'interest_percent', 0,
            'interest_rule', 'daily_30', 'collection_fee_percent', 0, 'grace_days', 0,
            'due_rule', 'following', 'counts_from_nominal', false,
            'is_fine_on_corrected', false, 'allocation_order',
            array['fine', 'interest', 'correction', 'collection_fee', 'principal']
        ));
    end if;
    return v_policy;
end;
$$;

create trigger _900_audit_insert after insert on public.charge_policies
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.charge_policies
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.charge_policies
referencing old table as old_rows for each statement execute function private.tg_audit();
