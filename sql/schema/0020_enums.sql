-- Closed vocabularies. The order inside an enum is meaning: roles and message statuses compare.
create type public.member_role as enum ('operator', 'supervisor', 'admin');
-- The least status of a client's titles is the client's: what still asks for work comes first.
create type public.debt_status as enum (
    'open', 'in_agreement', 'on_hold', 'prescribed', 'settled', 'returned'
);
create type public.message_direction as enum ('in', 'out');

-- Up to `read` in the order of a message's life; `private.message_rank` places `failed`.
create type public.message_status as enum (
    'queued', 'sending', 'unknown', 'submitted', 'sent', 'delivered', 'read', 'failed', 'received'
);
create type public.run_status as enum ('queued', 'running', 'done', 'skipped', 'failed');
create type public.import_status as enum (
    'running', 'done', 'failed', 'queued', 'cancelled', 'rolled_back', 'interrupted',
    'rolling_back',
    -- A dry run that has its answer.
    'rehearsed'
);
create type public.callback_status as enum ('scheduled', 'done', 'cancelled');
create type public.template_status as enum ('approved', 'paused', 'rejected');
create type public.provider_name as enum ('gupshup', 'meta', 'threecplus', 'negociarie');
create type public.channel as enum ('whatsapp', 'call');
create type public.phone_kind as enum ('mobile', 'landline');

create type public.sender_state as enum ('active', 'paused', 'disabled');
create type public.sender_quality as enum ('unknown', 'green', 'yellow', 'red');
-- Of a file that somebody sent: `refused` never will be kept, `failed` could not be had in time.
create type public.media_status as enum ('waiting', 'kept', 'refused', 'failed', 'forgotten');
create type public.conversation_event_kind as enum (
    'assigned', 'taken_over', 'released', 'opted_out', 'linked', 'ignored', 'restored',
    'number_changed'
);
-- `awaiting_confirmation` waits for a second person; the last two are ends.
create type public.batch_status as enum (
    'awaiting_confirmation', 'scheduled', 'sending', 'paused', 'done', 'cancelled'
);
-- A recipient's way to its one message: `done` has it, `skipped` and `excluded` never will.
create type public.recipient_status as enum (
    'waiting', 'claimed', 'done', 'skipped', 'excluded'
);
