-- A bulk send: one template through one number of ours to a selection of the carteira, taken down
-- when it was created. Its recipients are rows of their own; its numbers are kept, never counted.
create table public.message_batches (
    -- Made by the page, so that a repeated request is the same batch.
    id uuid not null,
    tenant_id uuid not null,
    name text not null,
    sender_id uuid not null,
    template_id uuid not null,
    selection jsonb not null,
    -- Also people who keep an agreement: a reminder of an instalment, not of a debt.
    includes_agreements boolean not null default false,
    status public.batch_status not null,
    scheduled_at timestamptz,
    -- The creditors that its author was limited to; the worker is limited to none.
    creditor_scope uuid[],
    -- The forecast as it was shown: {currency, price_micros, total_micros, category, …}.
    forecast jsonb not null default '{}',
    created_by uuid not null,
    confirmed_by uuid,
    -- Who ended it before its end; a second person who refuses says why.
    cancelled_by uuid,
    refusal_reason text,
    created_at timestamptz not null default private.now(),
    confirmed_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    last_progress_at timestamptz,
    -- When somebody was told that nothing moves.
    alerted_at timestamptz,
    -- Accepted messages per second, smoothed over the last minute or so.
    rate_per_second real not null default 0,
    constraint message_batches_pkey primary key (id),
    constraint message_batches_tenant_id_key unique (tenant_id, id),
    constraint message_batches_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint message_batches_sender_fkey foreign key (tenant_id, sender_id)
    references public.senders (tenant_id, id),
    constraint message_batches_template_fkey foreign key (tenant_id, template_id)
    references public.message_templates (tenant_id, id),
    constraint message_batches_created_by_fkey foreign key (created_by) references auth.users (id),
    constraint message_batches_confirmed_by_fkey foreign key (confirmed_by)
    references auth.users (id),
    constraint message_batches_cancelled_by_fkey foreign key (cancelled_by)
    references auth.users (id),
    constraint message_batches_name_is_filled check (btrim(name) <> ''),
    constraint message_batches_two_people check (confirmed_by <> created_by),
    constraint message_batches_ends_with_time check (
        (finished_at is not null) = (status in ('done', 'cancelled'))
    )
);
comment on table public.message_batches is 'Bulk sends and where they stand.';

create index message_batches_newest
on public.message_batches (tenant_id, created_at desc, id desc);
create index message_batches_of_sender
on public.message_batches (tenant_id, sender_id, created_at) where status = 'sending';
create index message_batches_by_sender on public.message_batches (tenant_id, sender_id);
create index message_batches_of_template on public.message_batches (tenant_id, template_id);
create index message_batches_of_author on public.message_batches (created_by);
create index message_batches_of_confirmer on public.message_batches (confirmed_by);
create index message_batches_of_canceller on public.message_batches (cancelled_by);
create index message_batches_moving on public.message_batches (status)
where status in ('scheduled', 'sending');

alter table public.message_batches enable row level security;
alter table public.message_batches force row level security;

create policy message_batches_select_member on public.message_batches for select to authenticated
using (tenant_id = (select private.tenant_id()));

grant select on public.message_batches to authenticated;

create trigger _900_audit_insert after insert on public.message_batches
referencing new table as new_rows for each statement
execute function private.tg_audit('last_progress_at', 'rate_per_second', 'alerted_at');
create trigger _900_audit_update after update on public.message_batches
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_audit('last_progress_at', 'rate_per_second', 'alerted_at');

create trigger _900_audit_delete after delete on public.message_batches
referencing old table as old_rows for each statement
execute function private.tg_audit('last_progress_at', 'rate_per_second', 'alerted_at');

alter table public.message_logs
add constraint message_logs_batch_fkey foreign key (tenant_id, batch_id)
references public.message_batches (tenant_id, id),
add constraint message_logs_retried_batch_fkey foreign key (tenant_id, retried_batch_id)
references public.message_batches (tenant_id, id);
-- Serves the list of who did not get it; few of a batch are in it.
create index message_logs_failed_of_batch on public.message_logs (batch_id, client_id)
where status in ('failed', 'unknown') and batch_id is not null;

-- One row per selected client; the queue that send-notifications drains. `not_before` is when it
-- may be tried; the partition key of a later day is batch_id, which leads every index.
create table public.batch_recipients (
    tenant_id uuid not null,
    batch_id uuid not null,
    client_id uuid not null,
    status public.recipient_status not null,
    -- Why it waits, was skipped or excluded: a code the page translates.
    reason text,
    not_before timestamptz not null default private.now(),
    message_id uuid,
    -- Tries the provider answered with an error of its own; a 429 is not one.
    failures smallint not null default 0,
    lease_until timestamptz,
    constraint batch_recipients_pkey primary key (batch_id, client_id),
    constraint batch_recipients_batch_fkey foreign key (tenant_id, batch_id)
    references public.message_batches (tenant_id, id),
    constraint batch_recipients_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint batch_recipients_message_fkey foreign key (tenant_id, message_id)
    references public.message_logs (tenant_id, id),
    constraint batch_recipients_reason_is_code check (reason ~ '^[a-z_]+$')
)
-- Each row is updated three times within minutes: room on the page, and early cleaning.
with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
comment on table public.batch_recipients is 'Who gets a bulk send, and why somebody does not.';

-- Serve the claim, the leases that ran out, and the client's own rows.
create index batch_recipients_due on public.batch_recipients (batch_id, not_before, client_id)
where status = 'waiting';
create index batch_recipients_leased on public.batch_recipients (batch_id, lease_until)
where status = 'claimed';
create index batch_recipients_left_out on public.batch_recipients (batch_id, client_id)
where status in ('skipped', 'excluded');
create index batch_recipients_of_batch on public.batch_recipients (tenant_id, batch_id);
create index batch_recipients_of_client on public.batch_recipients (tenant_id, client_id);
create index batch_recipients_of_message on public.batch_recipients (tenant_id, message_id);

alter table public.batch_recipients enable row level security;
alter table public.batch_recipients force row level security;

create policy batch_recipients_select_member on public.batch_recipients for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.clients
        where clients.id = batch_recipients.client_id
    ))
);

-- Not audited: the row and its message are the record.
grant select on public.batch_recipients to authenticated;
