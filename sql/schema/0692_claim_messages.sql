-- Takes what people want sent. As with runs everything is decided and written here and committed
-- before anything is sent; a worker may die at any point and the next claim knows where.
create function private.claim_messages(max int, lease_seconds int)
returns table (
    message_id uuid, tenant_id uuid, attempt int, provider public.provider_name,
    destination text, template_provider_id text, language text, params text[], body text,
    settings jsonb, integration_id uuid, media jsonb
)
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- A batch in which nothing may be sent is no reason to stop; bounded, as in 0630.
    c_rounds constant int := 20;
    v_reads pgmq.message_record[];
    v_item record;
    v_found int := 0;
begin
    for v_round in 1 .. c_rounds loop
        -- Read first, look up in a statement of its own: a joined read would miss what was committed
        -- after it began and drop its message.
        v_reads := array(select item from pgmq.read('messages', lease_seconds, max) as item);
        exit when cardinality(v_reads) = 0;
        for v_item in
            select item.msg_id, item.read_ct,
                case when pg_input_is_valid(item.message ->> 'message_id', 'uuid')
                    then (item.message ->> 'message_id')::uuid end as id
            from unnest(v_reads) as item
            order by item.msg_id
        loop
            return query select * from private.claim_message(
                v_item.id, v_item.msg_id, v_item.read_ct, lease_seconds
            );
            if found then
                v_found := v_found + 1;
            end if;
        end loop;
        exit when v_found > 0;
    end loop;
end;
$$;
comment on function private.claim_messages(int, int) is
'Messages to send now, leased for lease_seconds; without template_provider_id the body is free text,
or the file that media tells of: {kind, url, caption, name}.
Commit before sending.';
grant execute on function private.claim_messages(int, int) to worker;

create function private.claim_message(
    id uuid, queue_msg_id bigint, reads int, lease_seconds int
) returns table (
    message_id uuid, tenant_id uuid, attempt int, provider public.provider_name,
    destination text, template_provider_id text, language text, params text[], body text,
    settings jsonb, integration_id uuid, media jsonb
)
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Read this often without an answer, a message kills its worker: stop feeding it.
    c_max_reads constant int := 5;
    v_message public.message_logs;
    v_charge public.charges;
    v_plan private.message_plan;
    v_media jsonb;
begin
    select * into v_message from public.message_logs as message
    where message.id = claim_message.id
    for update skip locked;
    if v_message.id is null and exists (
        select from public.message_logs as message where message.id = claim_message.id
    ) then
        -- Locked by somebody who will settle it.
        return;
    elsif v_message.queue_msg_id is distinct from claim_message.queue_msg_id then
        perform pgmq.archive('messages', claim_message.queue_msg_id);
        return;
    elsif v_message.lease_until > private.now() then
        return;
    elsif v_message.status = 'sending' then
        -- Its worker never settled; the provider may have it.
        update public.message_logs as message set status = 'unknown'
        where message.id = v_message.id;
        perform private.await_message_receipt(v_message.id);
        return;
    elsif v_message.status = 'unknown' then
        perform private.advance_message(
            v_message.id, 'failed', private.now(), error_code => 'outcome_unknown'
        );
        return;
    elsif v_message.status <> 'queued' then
        perform private.leave_message_queue(v_message.id);
        return;
    elsif claim_message.reads > c_max_reads then
        perform private.drop_message(v_message.id, 'poisoned');
        return;
    end if;
    select * into v_charge from public.charges as charge where charge.id = v_message.charge_id;
    v_plan := case when v_message.charge_id is null then private.plan_chat_message(v_message)
        else private.plan_charge_message(v_charge) end;
    if v_message.created_at < private.now() - interval '7 days' then
        -- As a run: a week later silence is better.
        perform private.drop_message(v_message.id, 'expired');
        return;
    elsif v_plan.verdict = 'refuse' then
        perform private.drop_message(v_message.id, v_plan.reason);
        return;
    elsif v_plan.verdict = 'postpone' then
        perform private.postpone_message(v_message.id, v_plan.not_before);
        return;
    elsif v_message.media is not null then
        v_media := private.link_media(v_message);
        if v_media ->> 'url' is null then
            -- Nobody has said where our functions are: no provider could fetch it.
            perform private.drop_message(v_message.id, 'configuration');
            return;
        end if;
    end if;
    return query
    update public.message_logs as message
    set attempt = message.attempt + 1, next_attempt_at = null,
        lease_until = private.now() + make_interval(secs => claim_message.lease_seconds),
        provider = v_plan.provider, integration_id = v_plan.integration_id,
        sender_id = v_plan.sender_id, conversation_id = v_plan.conversation_id,
        phone = v_plan.phone,
        template_id = v_plan.template_id, body = v_plan.body, params = v_plan.params,
        error_code = null, error_detail = null
    where message.id = v_message.id
    returning message.id, message.tenant_id, message.attempt, message.provider, message.phone,
        v_plan.provider_template_id, v_plan.language, message.params, message.body,
        v_plan.settings, message.integration_id, v_media;
end;
$$;
