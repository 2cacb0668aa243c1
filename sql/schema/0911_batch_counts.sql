-- The numbers of a batch, kept as it moves. Every change leaves a small line (nobody waits for
-- anybody), and a fold adds them up: a million recipients are never counted.
create table private.batch_counts (
    batch_id uuid not null,
    -- recipient:<status>, waiting:<reason>, skipped:<reason>, excluded:<reason>, message:<status>,
    -- failed:<code>, accepted, answered, spent_micros.
    key text not null,
    amount bigint not null,
    constraint batch_counts_pkey primary key (batch_id, key)
);
comment on table private.batch_counts is 'Folded numbers of bulk sends.';
create table private.batch_deltas (
    id bigint generated always as identity,
    batch_id uuid not null,
    key text not null,
    delta bigint not null,
    constraint batch_deltas_pkey primary key (id)
);
comment on table private.batch_deltas is 'Changes of those numbers that nobody has folded yet.';

alter table private.batch_counts enable row level security;
alter table private.batch_counts force row level security;
alter table private.batch_deltas enable row level security;
alter table private.batch_deltas force row level security;

create function private.tg_batch_recipients__count() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    if tg_op = 'INSERT' then
        insert into private.batch_deltas (batch_id, key, delta)
        select told.batch_id, told.key, count(*)
        from (
            select new_rows.batch_id, 'recipient:' || new_rows.status as key from new_rows
            union all
            select new_rows.batch_id, new_rows.status || ':' || new_rows.reason from new_rows
            where new_rows.status in ('waiting', 'skipped', 'excluded')
              and new_rows.reason is not null
        ) as told
        group by told.batch_id, told.key;
    else
        -- What did not change cancels out: to join a thousand rows with a thousand costs more.
        insert into private.batch_deltas (batch_id, key, delta)
        select told.batch_id, told.key, sum(told.delta)
        from (
            select version.batch_id, told.key, version.delta
            from (
                select old_rows.batch_id, old_rows.status, old_rows.reason, -1 as delta
                from old_rows
                union all
                select new_rows.batch_id, new_rows.status, new_rows.reason, 1
                from new_rows
            ) as version
            cross join lateral (
                values
                ('recipient:' || version.status),
                (case when version.status in ('waiting', 'skipped', 'excluded')
                    then version.status || ':' || version.reason end)
            ) as told (key)
        ) as told
        where told.key is not null
        group by told.batch_id, told.key
        having sum(told.delta) <> 0;
    end if;
    return null;
end;
$$;

create trigger _300_count_insert after insert on public.batch_recipients
referencing new table as new_rows for each statement
execute function private.tg_batch_recipients__count();
create trigger _300_count_update after update on public.batch_recipients
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_batch_recipients__count();

-- What each version of a message counts for, the old one against the new. Written out, because a
-- function of one row would be called twice for each message at each of its steps.
create function private.tg_message_logs__count() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    if tg_op = 'INSERT' then
        insert into private.batch_deltas (batch_id, key, delta)
        select message.batch_id, told.key, sum(told.amount)
        from new_rows as message
        cross join lateral (
            values
            ('message:' || message.status, 1::bigint),
            (case when message.status = 'failed'
                then 'failed:' || coalesce(message.error_code, 'unclassified') end, 1),
            (case when message.submitted_at is not null or message.status
                in ('submitted', 'sent', 'delivered', 'read') then 'accepted' end, 1),
            (case when message.answered_at is not null then 'answered' end, 1),
            -- Charged when delivered.
            (case when message.status in ('delivered', 'read') then 'spent_micros' end,
                coalesce(message.price_micros, 0))
        ) as told (key, amount)
        where message.batch_id is not null and told.key is not null
        group by message.batch_id, told.key;
    else
        insert into private.batch_deltas (batch_id, key, delta)
        select message.batch_id, told.key, sum(message.sign * told.amount)
        from (
            select old_rows.batch_id, old_rows.status, old_rows.error_code,
                old_rows.submitted_at, old_rows.answered_at, old_rows.price_micros, -1 as sign
            from old_rows
            union all
            select new_rows.batch_id, new_rows.status, new_rows.error_code,
                new_rows.submitted_at, new_rows.answered_at, new_rows.price_micros, 1
            from new_rows
        ) as message
        cross join lateral (
            values
            ('message:' || message.status, 1::bigint),
            (case when message.status = 'failed'
                then 'failed:' || coalesce(message.error_code, 'unclassified') end, 1),
            (case when message.submitted_at is not null or message.status
                in ('submitted', 'sent', 'delivered', 'read') then 'accepted' end, 1),
            (case when message.answered_at is not null then 'answered' end, 1),
            -- Charged when delivered.
            (case when message.status in ('delivered', 'read') then 'spent_micros' end,
                coalesce(message.price_micros, 0))
        ) as told (key, amount)
        where message.batch_id is not null and told.key is not null
        group by message.batch_id, told.key
        having sum(message.sign * told.amount) <> 0;
    end if;
    return null;
end;
$$;

create trigger _300_count_insert after insert on public.message_logs
referencing new table as new_rows for each statement
execute function private.tg_message_logs__count();
create trigger _300_count_update after update on public.message_logs
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_message_logs__count();

-- Adds the changes up, says which batches moved, and closes those that have nobody left.
create function private.fold_batch_counts() returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_moved record;
begin
    -- Who does not get it leaves its lines to whoever has it, or to the next.
    if not pg_try_advisory_xact_lock(hashtextextended('fold_batch_counts', 0)) then
        return;
    end if;
    for v_moved in
        with taken as (
            delete from private.batch_deltas returning batch_id, key, delta
        ),
        summed as (
            select taken.batch_id, taken.key, sum(taken.delta) as delta
            from taken group by taken.batch_id, taken.key
        ),
        folded as (
            insert into private.batch_counts as known (batch_id, key, amount)
            select summed.batch_id, summed.key, summed.delta from summed
            order by summed.batch_id, summed.key
            on conflict on constraint batch_counts_pkey do update
            set amount = known.amount + excluded.amount
            returning known.batch_id
        )
        select moved.batch_id,
            coalesce((
                select summed.delta from summed
                where summed.batch_id = moved.batch_id and summed.key = 'accepted'
            ), 0) as accepted,
            -- Whoever is put back to wait once more has not got any further.
            exists (
                select from summed
                where summed.batch_id = moved.batch_id and summed.delta <> 0
                  and summed.key in ('accepted', 'recipient:done', 'recipient:skipped')
            ) as is_progress
        from (select distinct folded.batch_id from folded) as moved
        order by moved.batch_id
    loop
        if v_moved.is_progress then
            perform private.note_progress(v_moved.batch_id, v_moved.accepted::double precision);
        end if;
        perform private.end_batch(v_moved.batch_id);
    end loop;
end;
$$;

create function private.note_progress(batch_id uuid, accepted double precision) returns void
language sql
security definer
set search_path = ''
as $$
    update public.message_batches as batch
    set last_progress_at = private.now(),
        -- Half of what is shown is of the last half minute.
        rate_per_second = batch.rate_per_second + (1 - exp(-since.seconds / 43))
            * (note_progress.accepted / since.seconds - batch.rate_per_second)
    from (
        select greatest(extract(
            epoch from private.now() - coalesce(known.last_progress_at, known.created_at)
        ), 0.05) as seconds
        from public.message_batches as known where known.id = note_progress.batch_id
    ) as since
    where batch.id = note_progress.batch_id
$$;

-- A batch that has nobody left is done; whoever watches hears that it changed.
create function private.end_batch(batch_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_batch public.message_batches;
begin
    select * into v_batch from public.message_batches as batch
    where batch.id = end_batch.batch_id;
    if v_batch.status = 'sending' and not exists (
        select from public.batch_recipients as recipient
        where recipient.batch_id = v_batch.id and recipient.status = 'waiting'
    ) and not exists (
        select from public.batch_recipients as recipient
        where recipient.batch_id = v_batch.id and recipient.status = 'claimed'
    ) then
        update public.message_batches as batch
        set status = 'done', finished_at = private.now()
        where batch.id = v_batch.id and batch.status = 'sending';
        insert into public.notifications (tenant_id, user_id, kind, payload)
        values (
            v_batch.tenant_id, v_batch.created_by, 'batch_finished',
            jsonb_build_object('batch_id', v_batch.id)
        );
    end if;
    perform realtime.send(
        jsonb_build_object('id', v_batch.id, 'at', private.now()),
        'batch_changed', 'tenant:' || v_batch.tenant_id, true
    );
end;
$$;
