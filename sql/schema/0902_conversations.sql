-- A talk with one person through one number of ours. Phone, WhatsApp id (outside some states
-- without the ninth digit) and business-scoped user id are three things, each may be missing.
-- `client_id` is null while nobody knows whose number it is.
create table public.conversations (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    sender_id uuid not null,
    client_id uuid,
    phone text collate "C",
    -- Area code and last eight digits: one line, with and without the ninth digit.
    phone_key text generated always as (private.phone_match(phone)) stored,
    wa_id text collate "C",
    business_user_id text collate "C",
    contact_name text,
    -- Who answers it: who negotiates owns it.
    owner_id uuid,
    -- A person said whose it is; then no number decides any more.
    is_linked_by_person boolean not null default false,
    last_inbound_at timestamptz,
    last_outbound_at timestamptz,
    last_message_at timestamptz not null default private.now(),
    unread int not null default 0,
    opted_out_at timestamptz,
    -- A person said that this stranger is nobody's: it stays out of the lists and rings no bell.
    ignored_at timestamptz,
    created_at timestamptz not null default private.now(),
    constraint conversations_pkey primary key (id),
    constraint conversations_tenant_id_key unique (tenant_id, id),
    constraint conversations_sender_fkey foreign key (tenant_id, sender_id)
    references public.senders (tenant_id, id),
    constraint conversations_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint conversations_owner_fkey foreign key (owner_id) references auth.users (id)
    on delete set null,
    constraint conversations_name_somebody check (
        phone is not null or business_user_id is not null
    ),
    constraint conversations_phone_is_e164 check (phone ~ '^\+[1-9][0-9]{7,14}$'),
    constraint conversations_wa_id_is_digits check (wa_id ~ '^[0-9]{8,15}$')
);
comment on table public.conversations is 'Talks on WhatsApp, one per person and number of ours.';

create unique index conversations_one_per_number
on public.conversations (sender_id, phone_key) where phone is not null;
create unique index conversations_one_per_user
on public.conversations (sender_id, business_user_id) where business_user_id is not null;
-- Serve the list, somebody's own, a client's, and the open window of a number.
create index conversations_newest
on public.conversations (tenant_id, last_message_at desc, id desc);
create index conversations_of_owner on public.conversations (owner_id, tenant_id);
create index conversations_unread on public.conversations (tenant_id, owner_id)
where unread > 0 and ignored_at is null;
create index conversations_of_client on public.conversations (tenant_id, client_id);
create index conversations_of_sender on public.conversations (tenant_id, sender_id);

alter table public.conversations enable row level security;
alter table public.conversations force row level security;

create policy conversations_select_member on public.conversations for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or conversations.client_id is null or exists (
        select from public.clients
        where clients.id = conversations.client_id
    ))
);

-- Written by inbound messages and by the functions below. Not audited: conversation_events is.
grant select on public.conversations to authenticated;

alter table public.message_logs
add constraint message_logs_conversation_fkey foreign key (tenant_id, conversation_id)
references public.conversations (tenant_id, id);

-- What was done about a conversation, for its history and the client's.
create table public.conversation_events (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    conversation_id uuid not null,
    client_id uuid,
    kind public.conversation_event_kind not null,
    -- Null: nobody of ours, the person's own words did it.
    actor_id uuid,
    from_user_id uuid,
    to_user_id uuid,
    created_at timestamptz not null default private.now(),
    constraint conversation_events_pkey primary key (id),
    constraint conversation_events_conversation_fkey foreign key (tenant_id, conversation_id)
    references public.conversations (tenant_id, id),
    constraint conversation_events_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id)
);
comment on table public.conversation_events is
'Assignments, takeovers, links and opt-outs of conversations.';

create index conversation_events_of_conversation
on public.conversation_events (tenant_id, conversation_id, created_at desc);
create index conversation_events_of_client
on public.conversation_events (tenant_id, client_id, created_at desc, id desc);

alter table public.conversation_events enable row level security;
alter table public.conversation_events force row level security;

create policy conversation_events_select_member on public.conversation_events
for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or conversation_events.client_id is null or exists (
        select from public.clients
        where clients.id = conversation_events.client_id
    ))
);

-- Append-only; is the record itself.
grant select on public.conversation_events to authenticated;

create function private.tg_conversations__broadcast() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- 500 ids keep the payload far below the platform's limit of 256 kB.
    c_ids_in_payload constant int := 500;
begin
    perform realtime.send(
        jsonb_build_object('conversation_ids', to_jsonb(changed.ids[1:c_ids_in_payload]),
            'count', cardinality(changed.ids), 'at', private.now()),
        'conversation_changed', 'tenant:' || changed.tenant_id, true
    )
    from (
        select new_rows.tenant_id, array_agg(new_rows.id) as ids
        from new_rows group by new_rows.tenant_id
    ) as changed;
    return null;
end;
$$;

create trigger _500_broadcast_insert after insert on public.conversations
referencing new table as new_rows for each statement
execute function private.tg_conversations__broadcast();
create trigger _500_broadcast_update after update on public.conversations
referencing new table as new_rows for each statement
execute function private.tg_conversations__broadcast();
