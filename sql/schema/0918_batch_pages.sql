-- What `/disparos` shows.
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
            then round(batch.rate_per_second::numeric, 1) else 0 end,
        'seconds_left', case when batch.status = 'sending' and batch.rate_per_second > 0.05
            then ceil(named.queued / batch.rate_per_second)::bigint end,
        'reasons', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'kind', split_part(known.key, ':', 1), 'reason', split_part(known.key, ':', 2),
                'class', case when known.key like 'failed:%'
                    then private.failure_class(split_part(known.key, ':', 2)) end,
                'count', known.amount
            ) order by known.amount desc, known.key), '[]')
            from known
            where known.key like 'failed:%' or known.key like 'skipped:%'
               or known.key like 'excluded:%'
        ),
        'retryable', (
            select coalesce(sum(known.amount), 0) from known
            where known.key in ('failed:rate_limited', 'failed:provider_unavailable')
        )
    )
    from named
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
        'may_confirm', batch.status = 'awaiting_confirmation' and batch.created_by <> auth.uid(),
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

create function private.list_message_batches(after text, page_size int) returns jsonb
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
    v_rows jsonb;
begin
    v_rows := (
        select coalesce(jsonb_agg(
            private.batch_row(page) order by page.created_at desc, page.id desc
        ), '[]')
        from (
            select batch.*
            from public.message_batches as batch
            where batch.tenant_id = v_tenant_id
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

-- Recipients with what became of them, by keyset; `outcome` is the recipient's status until there
-- is a message, then the message's.
create function private.batch_results(batch_id uuid, filter jsonb, after uuid, page_size int)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- An export asks for pages of this size.
    c_max_page constant int := 1000;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 100), 1), c_max_page);
    v_rows jsonb;
begin
    perform private.message_batch(batch_results.batch_id);
    if coalesce(filter, '{}') - '{outcome,reason}'::text[] <> '{}' then
        raise exception 'unknown_filter' using errcode = 'PT400', detail = 'outcome, reason';
    end if;
    v_rows := (
        select coalesce(jsonb_agg(to_jsonb(page) order by page.client_id), '[]')
        from (
            select recipient.client_id, client.name, client.document, message.phone,
                coalesce(message.status::text, recipient.status::text) as outcome,
                coalesce(message.error_code, recipient.reason) as reason,
                message.error_detail, recipient.not_before, message.id as message_id,
                message.submitted_at, message.sent_at, message.delivered_at, message.read_at,
                message.answered_at, message.failed_at, message.price_micros
            from public.batch_recipients as recipient
            join public.clients as client
                on client.tenant_id = recipient.tenant_id and client.id = recipient.client_id
            left join public.message_logs as message
                on message.id = recipient.message_id and message.batch_id = recipient.batch_id
            where recipient.batch_id = batch_results.batch_id
              and recipient.tenant_id = v_tenant_id
              and (batch_results.after is null or recipient.client_id > batch_results.after)
              and (filter ->> 'outcome' is null
                  or coalesce(message.status::text, recipient.status::text)
                      = filter ->> 'outcome')
              and (filter ->> 'reason' is null
                  or coalesce(message.error_code, recipient.reason) = filter ->> 'reason')
            order by recipient.client_id
            limit v_size + 1
        ) as page
    );
    return jsonb_build_object(
        'rows', v_rows - v_size,
        'next', case when jsonb_array_length(v_rows) > v_size
            then v_rows -> (v_size - 1) -> 'client_id' end
    );
end;
$$;

create function public.list_message_batches(after text default null, page_size int default 30)
returns jsonb
language sql
stable
set search_path = ''
as $$ select private.list_message_batches(after, page_size) $$;
comment on function public.list_message_batches(text, int) is '{rows, next}, newest first.';
create function public.message_batch(batch_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.message_batch(batch_id) $$;
comment on function public.message_batch(uuid) is
'One bulk send with its numbers: queued sent delivered read answered failed unknown skipped
excluded, rate, seconds left, spent, reasons, retryable.';
create function public.batch_results(
    batch_id uuid, filter jsonb default '{}', after uuid default null, page_size int default 100
) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.batch_results(batch_id, filter, after, page_size) $$;
comment on function public.batch_results(uuid, jsonb, uuid, int) is
'{rows, next} of recipients; filter: outcome, reason; pages of up to 1000, also for the export.';

grant execute on function
private.list_message_batches(text, int), public.list_message_batches(text, int),
private.message_batch(uuid), public.message_batch(uuid),
private.batch_results(uuid, jsonb, uuid, int), public.batch_results(uuid, jsonb, uuid, int)
to authenticated;
