-- A number of ours that messages leave from. A tenant may have several, with one provider or with
-- two; each has a pace of its own, and stops by itself when the provider says that it must.
create table public.senders (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    integration_id uuid not null,
    provider public.provider_name not null,
    name text not null,
    phone text collate "C" not null,
    -- What the provider calls it: Meta's phone number id, Gupshup's app name.
    account text collate "C" not null,
    -- Meta's default is 80; 1,000 is granted to numbers of good quality, 20 to Business-app ones.
    throughput_per_second int not null default 80,
    state public.sender_state not null default 'active',
    quality public.sender_quality not null default 'unknown',
    is_default boolean not null default false,
    -- Why it does not send: a word of the failure vocabulary, or `person`; the provider's sentence.
    paused_reason text,
    paused_detail text,
    -- The provider asked for patience; nothing is wrong.
    paused_until timestamptz,
    created_at timestamptz not null default private.now(),
    constraint senders_pkey primary key (id),
    constraint senders_tenant_id_key unique (tenant_id, id),
    constraint senders_are_unique unique (integration_id, account),
    constraint senders_integration_fkey foreign key (tenant_id, integration_id)
    references public.integrations (tenant_id, id),
    constraint senders_name_is_filled check (btrim(name) <> ''),
    constraint senders_account_has_shape check (account ~ '^[A-Za-z0-9 _-]{1,100}$'),
    constraint senders_phone_is_e164 check (phone ~ '^\+[1-9][0-9]{7,14}$'),
    constraint senders_throughput_is_granted check (throughput_per_second between 1 and 1000),
    constraint senders_pause_has_a_reason check ((state = 'paused') = (paused_reason is not null))
);
comment on table public.senders is 'Numbers of ours, their pace and their state.';

create unique index senders_one_default on public.senders (tenant_id) where is_default;
create index senders_of_integration on public.senders (tenant_id, integration_id);

alter table public.senders enable row level security;
alter table public.senders force row level security;

create policy senders_select_member on public.senders for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- Written by `save_sender`, `set_sender_state` and by what providers answer.
grant select on public.senders to authenticated;

create trigger _900_audit_insert after insert on public.senders
referencing new table as new_rows for each statement
execute function private.tg_audit('paused_until');
create trigger _900_audit_update after update on public.senders
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_audit('paused_until');
create trigger _900_audit_delete after delete on public.senders
referencing old table as old_rows for each statement
execute function private.tg_audit('paused_until');

alter table public.message_logs
add constraint message_logs_sender_fkey foreign key (tenant_id, sender_id)
references public.senders (tenant_id, id);

-- Tokens of the sender's pace, refilled as real time passes; the one place that any number of
-- function instances share. Beside `senders`, because it changes with every claim.
create table private.sender_buckets (
    tenant_id uuid not null,
    sender_id uuid not null,
    tokens double precision not null,
    refilled_at timestamptz not null,
    last_claimed_at timestamptz,
    -- The bulk worker that tokens were lent to, and until when the last of them comes.
    holder uuid,
    lent_until timestamptz,
    -- What rules may still take while a bulk send wants the number, too: half of what comes.
    rules_tokens double precision not null default 0,
    constraint sender_buckets_pkey primary key (sender_id),
    constraint sender_buckets_sender_fkey foreign key (tenant_id, sender_id)
    references public.senders (tenant_id, id) on delete cascade
);
create index sender_buckets_of_sender on private.sender_buckets (tenant_id, sender_id);
comment on table private.sender_buckets is
'How many messages each sender may send now; below zero, how many were lent ahead.';
alter table private.sender_buckets enable row level security;
alter table private.sender_buckets force row level security;

-- The bucket as it is this moment, locked. A tenth of a second's worth may lie ready and nine
-- tenths come in a second, so that no second holds more than was granted, whoever takes them.
create function private.open_bucket(
    sender_id uuid, out tokens double precision, out rate double precision, out at timestamptz,
    out holder uuid, out lent_until timestamptz, out rules_tokens double precision,
    out is_wanted_by_bulk boolean
)
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- A drain at work claims four times a second; one that waits looks again within these.
    c_contest constant interval := interval '2 seconds';
    v_room double precision;
    v_bucket private.sender_buckets;
begin
    select 0.9 * sender.throughput_per_second into rate
    from public.senders as sender where sender.id = open_bucket.sender_id;
    v_room := greatest(rate / 9, 1);
    insert into private.sender_buckets (tenant_id, sender_id, tokens, refilled_at)
    select sender.tenant_id, sender.id, v_room, clock_timestamp() from public.senders as sender
    where sender.id = open_bucket.sender_id
    on conflict on constraint sender_buckets_pkey do nothing;
    select * into v_bucket from private.sender_buckets as bucket
    where bucket.sender_id = open_bucket.sender_id for update;
    at := greatest(clock_timestamp(), v_bucket.refilled_at);
    tokens := least(v_room, v_bucket.tokens + rate * extract(epoch from at - v_bucket.refilled_at));
    holder := v_bucket.holder;
    lent_until := v_bucket.lent_until;
    -- A second of their half may lie ready: they come in handfuls.
    rules_tokens := least(
        greatest(rate / 2, 1),
        v_bucket.rules_tokens + rate / 2 * extract(epoch from at - v_bucket.refilled_at)
    );
    is_wanted_by_bulk := coalesce(v_bucket.last_claimed_at > at - c_contest, false);
end;
$$;

-- Takes up to `wanted` tokens for a bulk send. More than lie ready are lent ahead, because a claim
-- takes its time: the first message may leave after `starts_in` seconds (negative: tokens lay
-- ready), and each next one `gap` later. Only who borrowed last borrows more before the tokens have
-- come, since two who are late would meet in one second.
create function private.take_tokens(
    sender_id uuid, wanted int, worker uuid,
    out taken int, out starts_in double precision, out gap double precision
)
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Longer than a claim takes on a busy machine.
    c_ahead_seconds constant double precision := 1.5;
    v_bucket record;
begin
    select * into v_bucket from private.open_bucket(take_tokens.sender_id);
    taken := case
        when v_bucket.lent_until > v_bucket.at and v_bucket.holder is distinct from worker then 0
        else least(
            greatest(floor(v_bucket.tokens + v_bucket.rate * c_ahead_seconds)::int, 0), wanted
        )
    end;
    starts_in := (1 - v_bucket.tokens) / v_bucket.rate;
    gap := 1 / v_bucket.rate;
    update private.sender_buckets as bucket
    set tokens = v_bucket.tokens - taken, refilled_at = v_bucket.at, last_claimed_at = v_bucket.at,
        rules_tokens = v_bucket.rules_tokens,
        holder = case when taken > 0 then worker else bucket.holder end,
        lent_until = case
            when taken > 0 then v_bucket.at + make_interval(secs => starts_in + (taken - 1) * gap)
            else bucket.lent_until
        end
    where bucket.sender_id = take_tokens.sender_id;
end;
$$;

-- Tokens that were taken and are not needed: the number is free for another worker that much
-- sooner.
create function private.give_back_tokens(sender_id uuid, unused int, gap double precision)
returns void
language sql
security definer
set search_path = ''
as $$
    update private.sender_buckets as bucket
    set tokens = bucket.tokens + give_back_tokens.unused,
        lent_until = bucket.lent_until
            - make_interval(secs => give_back_tokens.unused * give_back_tokens.gap)
    where bucket.sender_id = give_back_tokens.sender_id
$$;

-- One token for one message, behind what is lent already and before all that a bulk send still
-- holds: it answers after how many seconds the message may leave. Beyond `patience_seconds` nothing
-- is taken. People take theirs first; rules take half while a bulk send wants the number, too, so
-- that neither a thousand rules nor a million recipients make the others wait for ever.
create function private.take_turn(
    sender_id uuid, patience_seconds double precision, is_rule boolean default false
)
returns double precision
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_bucket record;
    v_wait double precision;
begin
    select * into v_bucket from private.open_bucket(take_turn.sender_id);
    v_wait := greatest((1 - v_bucket.tokens) / v_bucket.rate, 0);
    if is_rule and v_bucket.is_wanted_by_bulk and v_bucket.rules_tokens < 1 then
        -- Not a later moment of the same token: two classes that are late would bunch up.
        v_wait := patience_seconds + 2 * (1 - v_bucket.rules_tokens) / v_bucket.rate;
    elsif v_wait <= patience_seconds then
        update private.sender_buckets as bucket
        set tokens = v_bucket.tokens - 1, refilled_at = v_bucket.at,
            -- Charged in the contest alone: what rules sent before it is nobody's loss.
            rules_tokens = v_bucket.rules_tokens
                - case when is_rule and v_bucket.is_wanted_by_bulk then 1 else 0 end
        where bucket.sender_id = take_turn.sender_id;
    end if;
    return v_wait;
end;
$$;

-- A sender stops, and somebody hears of it: once, however many messages meet the same refusal.
create function private.pause_sender(sender_id uuid, reason text, detail text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_sender public.senders;
begin
    update public.senders as sender
    set state = 'paused', paused_reason = pause_sender.reason, paused_detail = pause_sender.detail
    where sender.id = pause_sender.sender_id and sender.state = 'active'
    returning * into v_sender;
    if found then
        perform private.tell_supervisors(
            v_sender.tenant_id, 'sender_paused',
            jsonb_build_object('sender_id', v_sender.id, 'reason', pause_sender.reason)
        );
    end if;
end;
$$;

create function private.tell_supervisors(tenant_id uuid, kind text, payload jsonb) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select member.tenant_id, member.user_id, tell_supervisors.kind, tell_supervisors.payload
    from public.memberships as member
    where member.tenant_id = tell_supervisors.tenant_id and member.revoked_at is null
      and member.role >= 'supervisor'
$$;
