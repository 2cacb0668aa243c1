-- Not every failure can be done again: a number without WhatsApp stays without it. Somebody has
-- looked and lets it be: it leaves the list of what waits for a person (0990), until it fails anew.
create table private.failures_set_aside (
    tenant_id uuid not null,
    kind text not null,
    failed_id text not null,
    set_aside_by uuid,
    set_aside_at timestamptz not null default private.now(),
    constraint failures_set_aside_pkey primary key (tenant_id, kind, failed_id),
    constraint failures_set_aside_tenant_fkey foreign key (tenant_id)
    references public.tenants (id),
    constraint failures_set_aside_by_fkey foreign key (set_aside_by) references auth.users (id)
);
comment on table private.failures_set_aside is 'Failures somebody has seen and lets be: who, when.';
create index failures_set_aside_by_whom on private.failures_set_aside (set_aside_by);

alter table private.failures_set_aside enable row level security;
alter table private.failures_set_aside force row level security;

create function private.is_set_aside(
    tenant_id uuid, kind text, failed_id text, failed_at timestamptz
) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from private.failures_set_aside as aside
        where aside.tenant_id = is_set_aside.tenant_id and aside.kind = is_set_aside.kind
          and aside.failed_id = is_set_aside.failed_id
          and aside.set_aside_at >= is_set_aside.failed_at
    )
$$;
