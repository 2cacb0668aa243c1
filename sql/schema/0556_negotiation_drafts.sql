-- The panel's draft, kept between two visits: one per person and client, saved while typing. It
-- binds nobody and is nobody else's business.
create table public.negotiation_drafts (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    client_id uuid not null,
    user_id uuid not null default auth.uid(),
    -- The inputs of simulate_agreement, for up to three proposals side by side.
    content jsonb not null,
    updated_at timestamptz not null default private.now(),
    constraint negotiation_drafts_pkey primary key (id),
    constraint negotiation_drafts_one_per_person unique (tenant_id, client_id, user_id),
    constraint negotiation_drafts_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint negotiation_drafts_user_fkey foreign key (user_id) references auth.users (id)
    on delete cascade,
    -- 32 kB hold three proposals many times over.
    constraint negotiation_drafts_content_is_small check (
        jsonb_typeof(content) = 'object' and pg_column_size(content) < 32768
    )
);
comment on table public.negotiation_drafts is 'Offers being typed, one per person and client.';

create index negotiation_drafts_of_user on public.negotiation_drafts (user_id);

alter table public.negotiation_drafts enable row level security;
alter table public.negotiation_drafts force row level security;

create policy negotiation_drafts_select_own on public.negotiation_drafts for select to authenticated
using (
    tenant_id = (select private.tenant_id()) and user_id = (select auth.uid())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = negotiation_drafts.client_id
    ))
);

create policy negotiation_drafts_insert_own on public.negotiation_drafts for insert to authenticated
with check (
    tenant_id = (select private.tenant_id()) and user_id = (select auth.uid())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = negotiation_drafts.client_id
    ))
);

create policy negotiation_drafts_update_own on public.negotiation_drafts for update to authenticated
using (
    tenant_id = (select private.tenant_id()) and user_id = (select auth.uid())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = negotiation_drafts.client_id
    ))
)
with check (
    tenant_id = (select private.tenant_id()) and user_id = (select auth.uid())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = negotiation_drafts.client_id
    ))
);

create policy negotiation_drafts_delete_own on public.negotiation_drafts for delete to authenticated
using (
    tenant_id = (select private.tenant_id()) and user_id = (select auth.uid())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = negotiation_drafts.client_id
    ))
);

-- Not audited: what was not proposed is no history.
grant select, delete on public.negotiation_drafts to authenticated;
grant insert (id, tenant_id, client_id, user_id, content) on public.negotiation_drafts
to authenticated;
grant update (content, updated_at) on public.negotiation_drafts to authenticated;
