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
    'running', 'done', 'failed', 'queued', 'cancelled', 'rolled_back', 'interrupted'
);
create type public.callback_status as enum ('scheduled', 'done', 'cancelled');
create type public.template_status as enum ('approved', 'paused', 'rejected');
create type public.provider_name as enum ('gupshup', 'meta', 'threecplus', 'negociarie');
create type public.channel as enum ('whatsapp', 'call');
create type public.phone_kind as enum ('mobile', 'landline');
