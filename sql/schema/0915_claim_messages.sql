-- Takes recipients to send to now. All is decided and written here and committed by the caller
-- before anything leaves, so that a worker may die at any point and the next claim knows where.
-- Senders take turns, the one served longest ago first, so that a million messages of one tenant do
-- not make another wait.
create function private.claim_batch_messages(
    max int, lease_seconds int, worker uuid default null
)
returns table (
    message_id uuid, attempt int, tenant_id uuid, integration_id uuid,
    provider public.provider_name, settings jsonb, destination text, template_provider_id text,
    template_name text, language text, params text[], sender_id uuid,
    starts_in double precision, gap double precision
)
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_senders constant int := 50;
    v_sender record;
    v_left int := max;
    v_share int;
    v_lent record;
    v_got uuid[];
    v_ids uuid[] := '{}';
    v_starts double precision[] := '{}';
    v_gaps double precision[] := '{}';
    v_senders uuid[] := '{}';
    v_settings jsonb[] := '{}';
begin
    perform private.recover_leases();
    for v_sender in
        select sender.id, count(*) over () as waiting
        from public.senders as sender
        join public.integrations as integration
            on integration.id = sender.integration_id and integration.is_active
        left join private.sender_buckets as bucket on bucket.sender_id = sender.id
        where sender.state = 'active'
          and (sender.paused_until is null or sender.paused_until <= private.now())
          and exists (
              select from public.message_batches as batch
              join public.batch_recipients as recipient on recipient.batch_id = batch.id
              where batch.tenant_id = sender.tenant_id and batch.sender_id = sender.id
                and batch.status = 'sending'
                and recipient.status = 'waiting' and recipient.not_before <= private.now()
          )
        order by bucket.last_claimed_at nulls first, sender.id
        limit c_senders
    loop
        exit when v_left <= 0;
        -- Another instance is at this sender: its bucket will not hold more for us.
        continue when not pg_try_advisory_xact_lock(hashtextextended(v_sender.id::text, 1));
        v_share := greatest(max / v_sender.waiting::int, 1);
        v_lent := private.take_tokens(v_sender.id, least(v_share, v_left), worker);
        continue when v_lent.taken = 0;
        v_got := private.claim_of_sender(v_sender.id, v_lent.taken, lease_seconds);
        if cardinality(v_got) < v_lent.taken then
            perform private.give_back_tokens(
                v_sender.id, v_lent.taken - cardinality(v_got), v_lent.gap
            );
        end if;
        continue when cardinality(v_got) = 0;
        v_senders := v_senders || v_sender.id;
        v_settings := v_settings || private.sender_settings(v_sender.id);
        v_ids := v_ids || v_got;
        v_starts := v_starts || array(
            select v_lent.starts_in + nth * v_lent.gap
            from generate_series(0, cardinality(v_got) - 1) as nth
        );
        v_gaps := v_gaps || array_fill(v_lent.gap, array[cardinality(v_got)]);
        v_left := v_left - cardinality(v_got);
    end loop;
    return query
    select message.id, message.attempt, message.tenant_id, message.integration_id,
        message.provider, settings.said, message.phone, template.provider_template_id,
        template.name, template.language, message.params, message.sender_id, claimed.starts_in,
        claimed.gap
    from unnest(v_ids, v_starts, v_gaps) as claimed (id, starts_in, gap)
    join public.message_logs as message on message.id = claimed.id
    join public.message_templates as template on template.id = message.template_id
    join unnest(v_senders, v_settings) as settings (id, said) on settings.id = message.sender_id
    order by claimed.starts_in, message.id;
end;
$$;
comment on function private.claim_batch_messages(int, int, uuid) is
'Messages to send, leased for lease_seconds (product time). Commit, begin, and send each no earlier
than starts_in seconds after the claim and gap seconds after the last of its sender. Empty: nothing
is due, or no sender may send this moment (ask batch_pause).';

create function private.claim_of_sender(sender_id uuid, tokens int, lease_seconds int)
returns uuid[]
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Recipients that are skipped or wait cost no token: look further, but not for ever.
    c_rounds constant int := 20;
    v_batch_id uuid;
    v_candidates uuid[];
    v_plans private.recipient_plan[];
    v_written uuid[];
    v_claimed uuid[] := '{}';
begin
    for v_round in 1 .. c_rounds loop
        exit when cardinality(v_claimed) >= tokens;
        select batch.id into v_batch_id
        from public.message_batches as batch
        where batch.sender_id = claim_of_sender.sender_id and batch.status = 'sending'
          and exists (
              select from public.batch_recipients as recipient
              where recipient.batch_id = batch.id and recipient.status = 'waiting'
                and recipient.not_before <= private.now()
          )
        order by batch.created_at limit 1;
        exit when not found;
        if (
            select private.template_obstacle(template) is not null
            from public.message_batches as batch
            join public.message_templates as template on template.id = batch.template_id
            where batch.id = v_batch_id
        ) then
            perform private.halt_batch(v_batch_id);
            continue;
        end if;
        v_candidates := array(
            select recipient.client_id from public.batch_recipients as recipient
            where recipient.batch_id = v_batch_id and recipient.status = 'waiting'
              and recipient.not_before <= private.now()
            order by recipient.not_before, recipient.client_id
            limit tokens - cardinality(v_claimed)
            for update skip locked
        );
        exit when cardinality(v_candidates) = 0;
        -- Given back in the very moment in which its message was begun: held for one more lease, so
        -- that it is in doubt after it when nobody settles; else the message tells the rest.
        with healed as (
            update public.batch_recipients as recipient
            set status = (case when message.status = 'sending' then 'claimed' else 'done' end)
                    ::public.recipient_status,
                lease_until = case when message.status = 'sending' then private.now()
                    + make_interval(secs => claim_of_sender.lease_seconds) end,
                reason = null
            from public.message_logs as message
            where recipient.batch_id = v_batch_id and recipient.client_id = any(v_candidates)
              and message.id = recipient.message_id and message.status <> 'queued'
            returning recipient.client_id
        )
        select array(
            select candidate.id from unnest(v_candidates) as candidate (id)
            where candidate.id not in (select healed.client_id from healed)
        ) into v_candidates;
        v_plans := array(
            select plan from private.plan_recipients(v_batch_id, v_candidates) as plan
        );
        update public.batch_recipients as recipient
        set status = case when plan.verdict = 'skip' then 'skipped'::public.recipient_status
                else recipient.status end,
            reason = plan.reason,
            not_before = case when plan.verdict = 'postpone' then plan.not_before
                else recipient.not_before end,
            message_id = case when plan.verdict <> 'skip' then recipient.message_id end
        from unnest(v_plans) as plan
        where recipient.batch_id = v_batch_id and recipient.client_id = plan.client_id
          and plan.verdict <> 'send';
        if exists (select from unnest(v_plans) as plan where plan.verdict = 'skip') then
            -- Claimed before and given back: a message that never began is no message.
            delete from public.message_logs as message using unnest(v_plans) as plan
            where plan.verdict = 'skip' and message.batch_id = v_batch_id
              and message.client_id = plan.client_id and message.status = 'queued';
        end if;
        v_written := private.write_claims(v_batch_id, v_plans, claim_of_sender.lease_seconds);
        v_claimed := v_claimed || v_written;
    end loop;
    return v_claimed;
end;
$$;

create function private.write_claims(
    batch_id uuid, plans private.recipient_plan[], lease_seconds int
) returns uuid[]
language sql
security definer
set search_path = ''
as $$
    with outgoing as (
        insert into public.message_logs as message (
            tenant_id, client_id, direction, provider, integration_id, sender_id,
            conversation_id, phone, template_id, body, params, status, attempt, batch_id,
            price_micros, created_by
        )
        select batch.tenant_id, plan.client_id, 'out', sender.provider, sender.integration_id,
            sender.id, plan.conversation_id, plan.phone, template.id,
            private.render_body(template.body, plan.params), plan.params, 'queued', 1, batch.id,
            plan.price_micros, batch.created_by
        from unnest(write_claims.plans) as plan
        cross join public.message_batches as batch
        join public.senders as sender on sender.id = batch.sender_id
        join public.message_templates as template on template.id = batch.template_id
        where plan.verdict = 'send' and batch.id = write_claims.batch_id
        order by plan.client_id
        on conflict on constraint message_logs_one_per_recipient do update
        set attempt = message.attempt + 1, phone = excluded.phone, body = excluded.body,
            params = excluded.params, price_micros = excluded.price_micros, sending_at = null,
            error_code = null, error_detail = null,
            -- What a stopped number held for days counts as an attempt of now (0472).
            created_at = case when message.created_at < private.now() - interval '6 days'
                then private.now() else message.created_at end
        -- Only what nobody has begun to send.
        where message.status = 'queued'
        returning message.id, message.client_id
    ),
    leased as (
        update public.batch_recipients as recipient
        set status = 'claimed', reason = null, message_id = outgoing.id,
            -- Begun in time or not at all.
            lease_until = least(
                private.now() + make_interval(secs => write_claims.lease_seconds), plan.closes_at
            )
        from outgoing
        join unnest(write_claims.plans) as plan on plan.client_id = outgoing.client_id
        where recipient.batch_id = write_claims.batch_id
          and recipient.client_id = outgoing.client_id
        returning recipient.message_id
    )
    select coalesce(array_agg(leased.message_id), '{}') from leased
$$;

-- Who was claimed by a worker that never settled: not begun, then it waits again; begun, then
-- nobody knows, and only a receipt may tell.
create function private.recover_leases() returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    with late as materialized (
        select recipient.batch_id, recipient.client_id, recipient.message_id
        from public.batch_recipients as recipient
        where recipient.status = 'claimed' and recipient.lease_until <= private.now()
        order by recipient.batch_id, recipient.client_id
        limit 1000
        for update skip locked
    ),
    parked as (
        update public.message_logs as message set status = 'unknown'
        where message.status = 'sending'
          and message.id in (select late.message_id from late)
        returning message.id
    )
    update public.batch_recipients as recipient
    set status = (case when message.status = 'queued' then 'waiting' else 'done' end)
            ::public.recipient_status,
        lease_until = null
    from late
    join public.message_logs as message on message.id = late.message_id
    where recipient.batch_id = late.batch_id and recipient.client_id = late.client_id;
end;
$$;

-- When to come back: the seconds until a token or a due recipient, null when nothing is under way.
create function private.batch_pause() returns double precision
language sql
stable
security definer
set search_path = ''
as $$
    select case
        when due.at is null then null
        else greatest(extract(epoch from due.at - private.now()), 0.1)::double precision
    end
    from (
        select min(greatest(next.not_before, sender.paused_until)) as at
        from public.message_batches as batch
        join public.senders as sender on sender.id = batch.sender_id and sender.state = 'active'
        join public.integrations as integration
            on integration.id = sender.integration_id and integration.is_active
        cross join lateral (
            select recipient.not_before
            from public.batch_recipients as recipient
            where recipient.batch_id = batch.id and recipient.status = 'waiting'
            order by recipient.not_before limit 1
        ) as next
        where batch.status = 'sending'
    ) as due
$$;

grant execute on function
private.claim_batch_messages(int, int, uuid), private.batch_pause() to worker;
