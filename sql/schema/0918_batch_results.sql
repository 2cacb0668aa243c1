-- What became of each recipient: a page of them for the screen, all of them for a file.
--
-- The numbers of a batch as conditions over `recipient` and `message`, so that each number leads to
-- the people it counts. Null: everybody.
create function private.outcome_condition(outcome text, reason text) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_condition text := case coalesce(outcome, 'everybody')
        when 'everybody' then 'true'
        when 'queued' then $sql$recipient.status in ('waiting', 'claimed')$sql$
        when 'sent' then $sql$(message.submitted_at is not null
            or message.status in ('submitted', 'sent', 'delivered', 'read'))$sql$
        when 'delivered' then $sql$message.status in ('delivered', 'read')$sql$
        when 'read' then $sql$message.status = 'read'$sql$
        when 'answered' then 'message.answered_at is not null'
        when 'failed' then $sql$message.status = 'failed'$sql$
        when 'unknown' then $sql$message.status = 'unknown'$sql$
        when 'skipped' then $sql$recipient.status = 'skipped'$sql$
        when 'excluded' then $sql$recipient.status = 'excluded'$sql$
    end;
begin
    if v_condition is null or reason !~ '^[a-z_]+$' then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'outcome, reason';
    end if;
    return v_condition || coalesce(
        ' and coalesce(message.error_code, recipient.reason) = ' || quote_literal(reason), ''
    );
end;
$$;

-- By keyset; `outcome` of a row is the recipient's status until there is a message, then its.
create function private.batch_results(batch_id uuid, filter jsonb, after uuid, page_size int)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    c_max_page constant int := 1000;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 100), 1), c_max_page);
    v_rows jsonb;
begin
    perform private.message_batch(batch_results.batch_id);
    if coalesce(filter, '{}') - '{outcome,reason}'::text[] <> '{}' then
        raise exception 'unknown_filter' using errcode = 'PT400', detail = 'outcome, reason';
    end if;
    execute 'select coalesce(jsonb_agg(to_jsonb(page) order by page.client_id), ''[]'')
        from (
            select recipient.client_id, client.name, client.document, message.phone,
                coalesce(message.status::text, recipient.status::text) as outcome,
                coalesce(message.error_code, recipient.reason) as reason,
                private.failure_class(message.error_code) as failure,
                message.error_detail, recipient.not_before, message.id as message_id,
                message.submitted_at, message.sent_at, message.delivered_at, message.read_at,
                message.answered_at, message.failed_at, message.price_micros
            from public.batch_recipients as recipient
            join public.clients as client
                on client.tenant_id = recipient.tenant_id and client.id = recipient.client_id
            left join public.message_logs as message
                on message.id = recipient.message_id and message.batch_id = recipient.batch_id
                and message.client_id = recipient.client_id
            where recipient.batch_id = $1 and recipient.tenant_id = $2
              and ((select private.sees_everything()) or private.sees_client(recipient.client_id))
              and ($3 is null or recipient.client_id > $3)
              and ' || private.outcome_condition(filter ->> 'outcome', filter ->> 'reason') || '
            order by recipient.client_id
            limit $4
        ) as page'
    into v_rows using batch_results.batch_id, v_tenant_id, batch_results.after, v_size + 1;
    return jsonb_build_object(
        'rows', v_rows - v_size,
        'next', case when jsonb_array_length(v_rows) > v_size
            then v_rows -> (v_size - 1) -> 'client_id' end
    );
end;
$$;

create function public.batch_results(
    batch_id uuid, filter jsonb default '{}', after uuid default null, page_size int default 100
) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.batch_results(batch_id, filter, after, page_size) $$;
comment on function public.batch_results(uuid, jsonb, uuid, int) is
'{rows, next} of recipients; filter: outcome (queued sent delivered read answered failed unknown
skipped excluded), reason; pages of up to 1000.';

grant execute on function
private.batch_results(uuid, jsonb, uuid, int), public.batch_results(uuid, jsonb, uuid, int)
to authenticated;
