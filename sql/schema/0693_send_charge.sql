-- One click sends a payment link, its Pix code or digitable line to the debtor.
create function private.send_charge(charge_id uuid, message_id uuid, channel public.channel)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_id uuid := coalesce(message_id, gen_random_uuid());
    v_charge public.charges;
    v_message public.message_logs;
    v_plan private.message_plan;
begin
    -- The same click again, before the charge is looked at: it may have been paid since.
    select * into v_message from public.message_logs as message
    where message.id = v_id;
    if found and (v_message.tenant_id, v_message.charge_id)
        is distinct from (v_tenant_id, send_charge.charge_id)
    then
        raise exception 'message_id_reused' using errcode = 'PT409',
            detail = 'this id belongs to another message';
    end if;
    -- Locked: two clicks at once are one message.
    select * into v_charge from public.charges as charge
    where charge.tenant_id = v_tenant_id and charge.id = send_charge.charge_id
    for update;
    if not found then
        raise exception 'charge_not_found' using errcode = 'PT404',
            detail = 'no charge with this id in the tenant';
    end if;
    if channel is distinct from 'whatsapp' then
        raise exception 'channel_not_offered' using errcode = 'PT409', detail = channel::text;
    end if;
    select * into v_message from public.message_logs as message
    where message.tenant_id = v_tenant_id and message.charge_id = v_charge.id
      and (message.id = v_id or message.status in ('queued', 'sending', 'unknown'))
    order by message.id = v_id desc
    limit 1;
    if not found then
        v_plan := private.plan_charge_message(v_charge);
        perform private.refuse_message(v_plan, v_charge.status::text);
        insert into public.message_logs (
            id, tenant_id, client_id, direction, provider, integration_id, sender_id,
            conversation_id, phone, template_id, body, params, status, charge_id, created_by,
            queue_msg_id
        )
        values (
            v_id, v_tenant_id, v_charge.client_id, 'out', v_plan.provider,
            v_plan.integration_id, v_plan.sender_id, v_plan.conversation_id, v_plan.phone,
            v_plan.template_id, v_plan.body, v_plan.params, 'queued', v_charge.id, auth.uid(),
            private.enqueue_message(v_id, private.now())
        )
        returning * into v_message;
        perform private.wake_function('send-message');
    end if;
    return jsonb_build_object('message_id', v_message.id, 'status', v_message.status);
end;
$$;

-- The plan's reason as a refusal. A paused account is none: it is the provider's matter of minutes,
-- and waits in the queue.
create function private.refuse_message(plan private.message_plan, detail text) returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
    case (plan).reason
        when 'charge_not_payable' then
            raise exception 'charge_not_payable' using errcode = 'PT409', detail = detail;
        when 'charge_not_ready' then
            raise exception 'charge_not_ready' using errcode = 'PT409', detail = detail;
        when 'integration_inactive' then
            raise exception 'integration_inactive' using errcode = 'PT409', detail = 'whatsapp';
        when 'suppressed' then
            raise exception 'suppressed' using errcode = 'PT409', detail = 'whatsapp';
        when 'no_reachable_phone' then
            raise exception 'no_reachable_phone' using errcode = 'PT409', detail = 'whatsapp';
        when 'template_missing' then
            raise exception 'template_missing' using errcode = 'PT409',
                detail = 'charge.link, charge.pix_code or charge.digitable_line';
        when 'template_unbound' then
            raise exception 'template_unbound' using errcode = 'PT409',
                detail = 'a variable of the template has no field yet';
        when 'template_not_sendable' then
            raise exception 'template_not_sendable' using errcode = 'PT409',
                detail = 'not approved, of another provider, or with a file';
        when 'variable_missing' then
            raise exception 'variable_missing' using errcode = 'PT409',
                detail = 'a variable has no value for this client';
        when 'outside_hours' then
            raise exception 'outside_hours' using errcode = 'PT409',
                detail = to_jsonb((plan).not_before) #>> '{}';
        when 'attempt_cap' then
            raise exception 'attempt_cap' using errcode = 'PT409',
                detail = to_jsonb((plan).not_before) #>> '{}';
        else
            return;
    end case;
end;
$$;

create function public.send_charge(
    charge_id uuid, message_id uuid default null, channel public.channel default 'whatsapp'
) returns jsonb
language sql
set search_path = ''
as $$ select private.send_charge(private.seen('charges', charge_id), message_id, channel) $$;
comment on function public.send_charge(uuid, uuid, public.channel) is
'{message_id, status}. message_id is the click''s own: repeated, it answers the same message. PT409
charge_not_ready, charge_not_payable, no_reachable_phone, suppressed, template_missing,
template_unbound, template_not_sendable, variable_missing,
integration_inactive, outside_hours (detail: the next lawful instant), channel_not_offered.';

grant execute on function
private.send_charge(uuid, uuid, public.channel), public.send_charge(uuid, uuid, public.channel)
to authenticated;
