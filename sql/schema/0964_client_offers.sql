-- Whom the queue showed to whom, lately: whoever looks at a client and goes on to the next is not
-- shown the same one again at once.
create table private.client_offers (
    tenant_id uuid not null,
    client_id uuid not null,
    operator_id uuid not null,
    offered_at timestamptz not null default private.now(),
    constraint client_offers_pkey primary key (tenant_id, client_id, operator_id),
    constraint client_offers_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id) on delete cascade,
    constraint client_offers_operator_fkey foreign key (operator_id) references auth.users (id)
    on delete cascade
);
comment on table private.client_offers is 'Clients the queue has opened, for a day.';
create index client_offers_of_operator on private.client_offers (operator_id);
create index client_offers_old on private.client_offers (offered_at);

alter table private.client_offers enable row level security;
alter table private.client_offers force row level security;

-- 15 minutes: a client somebody passed over is asked for again when a few others were called.
create function private.offer_rest() returns interval
language sql
immutable
set search_path = ''
as $$ select interval '15 minutes' $$;

create function private.note_offer(tenant_id uuid, client_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    insert into private.client_offers as known (tenant_id, client_id, operator_id)
    values (note_offer.tenant_id, note_offer.client_id, auth.uid())
    on conflict on constraint client_offers_pkey do update set offered_at = private.now()
$$;
