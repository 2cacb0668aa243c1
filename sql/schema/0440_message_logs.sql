-- Every message, in and out, and how far it came. Statuses are moved only by `begin_sending`,
-- `settle_message` and `advance_message`; a late or repeated event never takes one back.
create table public.message_logs (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    -- Null: an inbound message from a number nobody owns.
    client_id uuid,
    direction public.message_direction not null,
    channel public.channel not null default 'whatsapp',
    provider public.provider_name not null,
    integration_id uuid,
    -- The number of ours that it went through, and the talk it belongs to.
    sender_id uuid,
    conversation_id uuid,
    -- Null: a person who writes under a user name alone.
    phone text collate "C",
    business_user_id text collate "C",
    template_id uuid,
    body text not null default '',
    params text[] not null default '{}',
    -- {type, caption, name, mime_type} of a file (its bytes: 0922), or a place, or a contact.
    media jsonb,
    status public.message_status not null,
    -- Fence: who settles must name the attempt that began sending.
    attempt int not null default 0,
    provider_message_id text collate "C",
    wamid text collate "C",
    -- One word of the failure vocabulary; `error_detail` is the provider's own sentence.
    error_code text,
    error_detail text,
    automation_run_id uuid,
    -- A person re-ran the automation: this older message keeps its run here, the new one there.
    retried_run_id uuid,
    -- The bulk send it belongs to; one that a person had sent again belongs to it in the past.
    batch_id uuid,
    retried_batch_id uuid,
    -- What the rate card says that it costs (millionths of its currency), when it was claimed.
    price_micros bigint,
    -- When the person first wrote back after this message of a bulk send.
    answered_at timestamptz,
    -- What a person sends is carried by itself (0690) and not by a run: its queue message, lease,
    -- pauses and failures.
    queue_msg_id bigint,
    lease_until timestamptz,
    next_attempt_at timestamptz,
    failures smallint not null default 0,
    -- The boleto, Pix or card link it brings: sent only while that can be paid.
    charge_id uuid,
    -- WhatsApp refused the number of that older message; this is the same text to its other form,
    -- with or without the ninth digit.
    other_form_of uuid,
    created_by uuid,
    created_at timestamptz not null default private.now(),
    sending_at timestamptz,
    submitted_at timestamptz,
    sent_at timestamptz,
    delivered_at timestamptz,
    read_at timestamptz,
    failed_at timestamptz,
    constraint message_logs_pkey primary key (id),
    constraint message_logs_tenant_id_key unique (tenant_id, id),
    -- One effect per run, whatever happens to workers.
    constraint message_logs_one_per_run unique (automation_run_id),
    constraint message_logs_one_per_recipient unique (batch_id, client_id),
    constraint message_logs_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint message_logs_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint message_logs_integration_fkey foreign key (tenant_id, integration_id)
    references public.integrations (tenant_id, id),
    constraint message_logs_template_fkey foreign key (tenant_id, template_id)
    references public.message_templates (tenant_id, id),
    constraint message_logs_run_fkey foreign key (tenant_id, automation_run_id)
    references public.automation_runs (tenant_id, id),
    constraint message_logs_retried_run_fkey foreign key (tenant_id, retried_run_id)
    references public.automation_runs (tenant_id, id),
    constraint message_logs_other_form_fkey foreign key (tenant_id, other_form_of)
    references public.message_logs (tenant_id, id),
    constraint message_logs_other_form_once unique (tenant_id, other_form_of),
    constraint message_logs_created_by_fkey foreign key (created_by) references auth.users (id),
    constraint message_logs_phone_is_e164 check (phone ~ '^\+[1-9][0-9]{7,14}$'),
    constraint message_logs_out_has_a_number check (direction = 'in' or phone is not null),
    constraint message_logs_media_is_object check (jsonb_typeof(media) = 'object'),
    constraint message_logs_are_carried_once check (
        queue_msg_id is null or automation_run_id is null
    ),
    constraint message_logs_received_is_inbound check (
        (status = 'received') = (direction = 'in')
    )
);
comment on table public.message_logs is 'Messages in and out, with the provider''s receipts.';

create index message_logs_of_client
on public.message_logs (tenant_id, client_id, created_at desc, id desc);
-- Serve the receipts: by the provider's id, by WhatsApp's, and by number while the id is unknown.
create unique index message_logs_by_provider_id
on public.message_logs (integration_id, provider_message_id)
where provider_message_id is not null;
create unique index message_logs_by_wamid
on public.message_logs (integration_id, wamid) where wamid is not null;
create index message_logs_awaiting_id
on public.message_logs (integration_id, private.phone_match(phone))
where provider_message_id is null and direction = 'out';
-- Serve a number's history, whoever has it by now, and the pause between two messages to it.
create index message_logs_of_phone
on public.message_logs (tenant_id, private.phone_match(phone), created_at desc);
create index message_logs_of_conversation
on public.message_logs (tenant_id, conversation_id, created_at desc, id desc)
where conversation_id is not null;
create index message_logs_of_sender on public.message_logs (tenant_id, sender_id);
create index message_logs_of_retried_batch on public.message_logs (tenant_id, retried_batch_id)
where retried_batch_id is not null;
create index message_logs_of_batch on public.message_logs (tenant_id, batch_id, id)
where batch_id is not null;
-- Serves the watch over bulk messages of which nobody knows whether they went out.
create index message_logs_unknown on public.message_logs (sending_at)
where status in ('sending', 'unknown') and batch_id is not null;
create index message_logs_of_integration on public.message_logs (tenant_id, integration_id);
create index message_logs_of_template on public.message_logs (tenant_id, template_id);
create index message_logs_of_run on public.message_logs (tenant_id, automation_run_id)
where automation_run_id is not null;
create index message_logs_of_retried_run on public.message_logs (tenant_id, retried_run_id)
where retried_run_id is not null;
create index message_logs_of_author on public.message_logs (created_by)
where created_by is not null;
-- Serves a day of the panel: blocks instead of rows, so that a receipt rewrites no tree more.
create index message_logs_by_day
on public.message_logs using brin (submitted_at) with (autosummarize = true);

alter table public.message_logs enable row level security;
alter table public.message_logs force row level security;

create policy message_logs_select_member on public.message_logs for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or message_logs.client_id is null or exists (
        select from public.clients
        where clients.id = message_logs.client_id
    ))
);

-- Written by jobs only. Not audited: the row carries the time of every step.
grant select on public.message_logs to authenticated;

create trigger _500_broadcast_insert after insert on public.message_logs
referencing new table as new_rows for each statement
execute function private.tg_broadcast('message_changed');
create trigger _500_broadcast_update after update on public.message_logs
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_broadcast_status('message_changed');
