-- What `/disparos` shows.
-- How many the caller may have tried again: whoever is limited to creditors, whom they see.
create function private.retryable_of(
    batch public.message_batches, codes text[], counts jsonb
) returns bigint
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_counted bigint := (
        select coalesce(sum((counts ->> ('failed:' || code))::bigint), 0)
        from unnest(codes) as code
    );
begin
    if v_counted = 0 or private.sees_everything() then
        return v_counted;
    end if;
    return (
        select count(*)
        from public.message_logs as message
        where message.batch_id = (batch).id and message.status = 'failed'
          and message.error_code = any(codes) and private.sees_client(message.client_id)
    );
end;
$$;

create function private.batch_numbers(batch public.message_batches) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    with known as materialized (
        select counts.key, counts.amount from private.batch_counts as counts
        where counts.batch_id = batch.id and counts.amount <> 0
    ),
    one as materialized (
        select jsonb_object_agg(known.key, known.amount) as at from known
    ),
    named as (
        select
            coalesce((one.at ->> 'recipient:waiting')::bigint, 0)
                + coalesce((one.at ->> 'recipient:claimed')::bigint, 0) as queued,
            coalesce((one.at ->> 'waiting:outside_hours')::bigint, 0)
                + coalesce((one.at ->> 'waiting:attempt_cap')::bigint, 0) as held,
            coalesce((one.at ->> 'accepted')::bigint, 0) as sent,
            coalesce((one.at ->> 'message:delivered')::bigint, 0)
                + coalesce((one.at ->> 'message:read')::bigint, 0) as delivered,
            coalesce((one.at ->> 'message:read')::bigint, 0) as read,
            coalesce((one.at ->> 'answered')::bigint, 0) as answered,
            coalesce((one.at ->> 'message:failed')::bigint, 0) as failed,
            coalesce((one.at ->> 'message:unknown')::bigint, 0) as unknown,
            coalesce((one.at ->> 'recipient:skipped')::bigint, 0) as skipped,
            coalesce((one.at ->> 'recipient:excluded')::bigint, 0) as excluded,
            coalesce((one.at ->> 'recipient:done')::bigint, 0) as done,
            coalesce((one.at ->> 'spent_micros')::bigint, 0) as spent_micros
        from one
    )
    select to_jsonb(named) || jsonb_build_object(
        'selected', named.queued + named.done + named.skipped + named.excluded,
        'rate_per_second', case when batch.status = 'sending'
            then round(pace.per_second::numeric, 1) else 0 end,
        -- Of those who need not wait for the hour or a cap.
        'seconds_left', case when batch.status = 'sending' and pace.per_second > 0.05
            then ceil((named.queued - named.held) / pace.per_second)::bigint end,
        'next_due_at', (
            select recipient.not_before
            from public.batch_recipients as recipient
            where recipient.batch_id = batch.id and recipient.status = 'waiting'
            order by recipient.not_before limit 1
        ),
        'reasons', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'kind', split_part(known.key, ':', 1), 'reason', split_part(known.key, ':', 2),
                'class', case when known.key like 'failed:%'
                    then private.failure_class(split_part(known.key, ':', 2)) end,
                'count', known.amount
            ) order by known.amount desc, known.key), '[]')
            from known
            where known.key ~ '^(failed|skipped|excluded|waiting):'
        ),
        'retryable', private.retryable_of(
            batch, array['rate_limited', 'provider_unavailable'], (select one.at from one)
        ),
        'doubtful', private.retryable_of(batch, array['outcome_unknown'], (select one.at from one))
    )
    from named
    cross join (
        -- What note_progress would make of it, were nothing accepted since.
        select batch.rate_per_second * exp(-least(greatest(extract(
            epoch from private.now() - coalesce(batch.last_progress_at, batch.created_at)
        )::double precision, 0), 3600) / 43) as per_second
    ) as pace
$$;

create function private.batch_row(batch public.message_batches) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'id', batch.id, 'name', batch.name, 'status', batch.status,
        'scheduled_at', batch.scheduled_at, 'created_at', batch.created_at,
        'started_at', batch.started_at, 'finished_at', batch.finished_at,
        'includes_agreements', batch.includes_agreements, 'forecast', batch.forecast,
        'last_progress_at', batch.last_progress_at, 'is_stalled', batch.alerted_at is not null,
        'created_by', jsonb_build_object(
            'user_id', batch.created_by,
            'name', private.actor_name(batch.tenant_id, batch.created_by)
        ),
        'confirmed_by', case when batch.confirmed_by is not null then jsonb_build_object(
            'user_id', batch.confirmed_by,
            'name', private.actor_name(batch.tenant_id, batch.confirmed_by)
        ) end,
        'cancelled_by', case when batch.cancelled_by is not null then jsonb_build_object(
            'user_id', batch.cancelled_by,
            'name', private.actor_name(batch.tenant_id, batch.cancelled_by)
        ) end,
        'refusal_reason', batch.refusal_reason,
        'confirmation', case when batch.status = 'awaiting_confirmation'
            then private.confirmation_of(
                batch.tenant_id, (batch.forecast ->> 'eligible')::bigint,
                private.already_sent_by(
                    batch.tenant_id, batch.created_by,
                    greatest(batch.scheduled_at, batch.created_at)
                )
            ) end,
        'may_confirm', batch.status = 'awaiting_confirmation' and batch.created_by <> auth.uid()
            and private.has_role('supervisor'),
        'sender', (
            select jsonb_build_object(
                'id', sender.id, 'name', sender.name, 'phone', sender.phone,
                'state', sender.state, 'paused_reason', sender.paused_reason,
                'paused_detail', sender.paused_detail, 'paused_until', sender.paused_until
            )
            from public.senders as sender where sender.id = batch.sender_id
        ),
        'template', (
            select jsonb_build_object(
                'id', template.id, 'name', template.name, 'category', template.category
            )
            from public.message_templates as template where template.id = batch.template_id
        ),
        'numbers', private.batch_numbers(batch)
    )
$$;

create function private.list_message_batches(filter jsonb, after text, page_size int)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    c_max_page constant int := 100;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 30), 1), c_max_page);
    v_cursor text[] := case when after is not null
        then private.decode_cursor(after, 'timestamptz', 'uuid') end;
    -- Known values first: what is no status is nobody's.
    v_status text := filter ->> 'status';
    v_name text := '%' || replace(replace(replace(
        lower(btrim(filter ->> 'q')), '\', '\\'
    ), '%', '\%'), '_', '\_') || '%';
    v_rows jsonb;
begin
    if coalesce(filter, '{}') - '{status,q,mine}'::text[] <> '{}' then
        raise exception 'unknown_filter' using errcode = 'PT400', detail = 'status, q, mine';
    elsif not pg_input_is_valid(v_status, 'public.batch_status') then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'status';
    end if;
    v_rows := (
        select coalesce(jsonb_agg(
            private.batch_row(page) order by page.created_at desc, page.id desc
        ), '[]')
        from (
            select batch.*
            from public.message_batches as batch
            where batch.tenant_id = v_tenant_id
              and (v_status is null or batch.status = v_status::public.batch_status)
              and (v_name is null or lower(batch.name) like v_name)
              and (filter -> 'mine' is distinct from 'true' or batch.created_by = auth.uid())
              and (v_cursor is null or (batch.created_at, batch.id)
                  < (v_cursor[1]::timestamptz, v_cursor[2]::uuid))
            order by batch.created_at desc, batch.id desc
            limit v_size + 1
        ) as page
    );
    return jsonb_build_object(
        'rows', v_rows - v_size,
        'next', case when jsonb_array_length(v_rows) > v_size then private.encode_cursor(
            v_rows -> (v_size - 1) ->> 'created_at', v_rows -> (v_size - 1) ->> 'id'
        ) end
    );
end;
$$;

create function private.message_batch(batch_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_batch public.message_batches;
begin
    select * into v_batch from public.message_batches as batch
    where batch.tenant_id = v_tenant_id and batch.id = message_batch.batch_id;
    if not found then
        raise exception 'batch_not_found' using errcode = 'PT404',
            detail = 'no such bulk send here';
    end if;
    return private.batch_row(v_batch);
end;
$$;

create function public.list_message_batches(
    filter jsonb default '{}', after text default null, page_size int default 30
) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.list_message_batches(filter, after, page_size) $$;
comment on function public.list_message_batches(jsonb, text, int) is
'{rows, next}, newest first; filter: status, q (of the name), mine.';
create function public.message_batch(batch_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.message_batch(batch_id) $$;
comment on function public.message_batch(uuid) is
'One bulk send with its numbers: queued held sent delivered read answered failed unknown skipped
excluded, rate, seconds left, spent, reasons, retryable.';

grant execute on function
private.list_message_batches(jsonb, text, int), public.list_message_batches(jsonb, text, int),
private.message_batch(uuid), public.message_batch(uuid)
to authenticated;
