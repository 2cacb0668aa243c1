-- A disposition taken back while nothing of it has left. The disposition itself stays as it was
-- made; whoever reads dispositions as outcomes asks here.
create table public.disposition_undos (
    disposition_id uuid not null,
    tenant_id uuid not null,
    client_id uuid not null,
    undone_by uuid not null,
    undone_at timestamptz not null default private.now(),
    constraint disposition_undos_pkey primary key (disposition_id),
    constraint disposition_undos_disposition_fkey foreign key (tenant_id, disposition_id)
    references public.call_dispositions (tenant_id, id),
    constraint disposition_undos_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint disposition_undos_undone_by_fkey foreign key (undone_by) references auth.users (id)
);
comment on table public.disposition_undos is 'Dispositions that were taken back in time.';
create index disposition_undos_of_disposition
on public.disposition_undos (tenant_id, disposition_id);
create index disposition_undos_of_client on public.disposition_undos (tenant_id, client_id);
create index disposition_undos_of_person on public.disposition_undos (undone_by);

alter table public.disposition_undos enable row level security;
alter table public.disposition_undos force row level security;

create policy disposition_undos_select_member on public.disposition_undos
for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = disposition_undos.client_id
    ))
);

-- Written by undo_disposition. Not audited: the row says who and when.
grant select on public.disposition_undos to authenticated;

create function private.is_undone(disposition_id uuid) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.disposition_undos as undone
        where undone.disposition_id = is_undone.disposition_id
    )
$$;
