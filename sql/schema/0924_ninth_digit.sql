-- The second try, to a number's other form (0602).
-- True: the same will go to the other form, and the number is not given up. Once for a message, a
-- run and a recipient; the refused message stays in the history under its own provider id, so that
-- its late receipts still find it.
create function private.try_other_form(message_id uuid) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_message public.message_logs;
    v_other text;
    v_known text;
begin
    select * into v_message from public.message_logs as message
    where message.id = try_other_form.message_id;
    v_other := private.other_form(v_message.phone);
    if v_other is null or v_message.channel <> 'whatsapp' or v_message.other_form_of is not null
        or exists (
            select from public.message_logs as refused
            where refused.tenant_id = v_message.tenant_id and refused.error_code = 'number_invalid'
              and (refused.retried_run_id = v_message.automation_run_id
                  or refused.retried_batch_id = v_message.batch_id
                  and refused.client_id = v_message.client_id)
              and refused.phone = v_other
        )
    then
        delete from private.whatsapp_forms as form
        where form.tenant_id = v_message.tenant_id and form.phone = v_message.phone;
        return false;
    end if;
    insert into private.whatsapp_forms as form (tenant_id, phone_key, phone)
    values (v_message.tenant_id, private.phone_match(v_message.phone), v_other)
    on conflict on constraint whatsapp_forms_pkey do update
    set phone = excluded.phone, learnt_at = excluded.learnt_at
    where form.phone = v_message.phone;
    if v_message.automation_run_id is not null then
        update public.message_logs as message
        set retried_run_id = message.automation_run_id, automation_run_id = null
        where message.id = v_message.id;
        perform private.postpone_run(v_message.automation_run_id, private.now(), 'number_invalid');
        perform private.wake_function('run-automations');
    elsif v_message.batch_id is not null then
        return private.requeue_recipient(v_message);
    else
        insert into public.message_logs (
            tenant_id, client_id, direction, channel, provider, integration_id, sender_id,
            conversation_id, phone, template_id, body, params, status, charge_id, other_form_of,
            created_by, queue_msg_id, id
        )
        select v_message.tenant_id, v_message.client_id, 'out', v_message.channel,
            v_message.provider, v_message.integration_id, v_message.sender_id,
            v_message.conversation_id, v_other, v_message.template_id, v_message.body,
            v_message.params, 'queued', v_message.charge_id, v_message.id, v_message.created_by,
            private.enqueue_message(again.id, private.now()), again.id
        from (select gen_random_uuid() as id) as again;
        perform private.leave_message_queue(v_message.id);
        perform private.wake_function('send-message');
    end if;
    return true;
end;
$$;

create function private.requeue_recipient(message public.message_logs) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_status public.batch_status := (
        -- Held: somebody may be cancelling it.
        select batch.status from public.message_batches as batch
        where batch.id = message.batch_id
        for update
    );
begin
    if v_status not in ('sending', 'paused', 'done') then
        return false;
    end if;
    update public.message_logs as refused
    set retried_batch_id = refused.batch_id, batch_id = null
    where refused.id = message.id;
    update public.batch_recipients as recipient
    set status = 'waiting', reason = null, message_id = null, lease_until = null,
        not_before = private.now()
    where recipient.batch_id = message.batch_id and recipient.client_id = message.client_id;
    if v_status = 'done' then
        perform private.move_batch(message.batch_id, 'sending');
    else
        perform private.wake_function('send-notifications');
    end if;
    return true;
end;
$$;
