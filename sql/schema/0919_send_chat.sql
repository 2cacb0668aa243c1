-- What a person writes in a talk. It leaves through the outbox of 0690; whether it may is asked at
-- the click and again at the moment of sending: free text within 24 hours of the person's last
-- message, afterwards an approved template, at a lawful hour.
create function private.plan_chat_message(message public.message_logs) returns private.message_plan
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_plan private.message_plan;
    v_talk public.conversations;
    v_sender public.senders;
    v_integration public.integrations;
    v_template public.message_templates;
    v_hours record;
begin
    select * into v_talk from public.conversations as talk where talk.id = message.conversation_id;
    select * into v_sender from public.senders as sender where sender.id = v_talk.sender_id;
    select * into v_integration from public.integrations as integration
    where integration.id = v_sender.integration_id;
    select * into v_template from public.message_templates as template
    where template.id = message.template_id;
    -- Of a stranger no state is known: all null.
    select decided.* into v_hours
    from (select v_talk.client_id as id) as person
    left join lateral private.contact_decision(
        v_talk.tenant_id, person.id, 'whatsapp', private.now()
    ) as decided on person.id is not null;
    v_plan.params := message.params;
    v_plan.body := message.body;
    if v_template.id is not null then
        v_plan.params := private.template_values(
            v_talk.client_id, v_template.variables,
            -- Of whoever writes, also when the worker asks again.
            scope => private.creditor_scope_of(v_talk.tenant_id, message.created_by)
        );
        v_plan.body := private.render_body(v_template.body, v_plan.params);
    end if;
    v_plan.reason := case
        when not v_integration.is_active or v_sender.state <> 'active'
            then 'integration_inactive'
        when v_talk.phone is null then 'no_reachable_phone'
        when private.is_suppressed(
            v_talk.tenant_id, v_talk.client_id, v_talk.phone, 'whatsapp', private.now()
        ) then 'suppressed'
        when v_template.id is null
            and coalesce(private.window_until(v_talk) <= private.now(), true)
            then 'window_closed'
        when v_template.id is not null and (
            -- Nobody can say which hours are lawful for a stranger.
            v_talk.client_id is null
            or not private.fits_sender(v_template, v_sender)
            -- A variable without a field is a value that is missing.
            or coalesce(private.template_obstacle(v_template), 'unbound') <> 'unbound'
        ) then 'template_not_sendable'
        when v_template.id is not null and (
            array_position(v_plan.params, null) is not null
            or cardinality(v_plan.params) is distinct from cardinality(v_template.variables)
        ) then 'variable_missing'
        -- An answer to somebody who wrote just now is no contact out of the blue.
        when v_template.id is not null and not v_hours.allowed then v_hours.reason
        when v_integration.paused_until > private.now() or v_sender.paused_until > private.now()
            then 'rate_limited'
    end;
    v_plan.verdict := case
        when v_plan.reason is null then 'send'
        when v_plan.reason = 'rate_limited' then 'postpone'
        else 'refuse'
    end;
    v_plan.not_before := case when v_plan.reason = 'rate_limited'
        then greatest(v_integration.paused_until, v_sender.paused_until)
        when v_template.id is not null and v_talk.client_id is not null
        then v_hours.next_allowed_at end;
    v_plan.provider := v_sender.provider;
    v_plan.integration_id := v_sender.integration_id;
    v_plan.sender_id := v_sender.id;
    v_plan.conversation_id := v_talk.id;
    v_plan.settings := private.sender_settings(v_sender.id);
    v_plan.phone := private.whatsapp_form(v_talk.tenant_id, v_talk.phone);
    v_plan.template_id := v_template.id;
    v_plan.provider_template_id := v_template.provider_template_id;
    v_plan.language := v_template.language;
    return v_plan;
end;
$$;

-- What would be refused now, for the composer to say before anybody has typed: {text, template},
-- each null or the reason, and next_allowed_at of a template.
create function private.chat_obstacles(talk public.conversations) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_text public.message_logs;
    v_reason text;
    v_hours record;
begin
    v_text.conversation_id := talk.id;
    v_text.body := '';
    v_reason := (private.plan_chat_message(v_text)).reason;
    select decided.* into v_hours
    from (select talk.client_id as id) as person
    left join lateral private.contact_decision(
        talk.tenant_id, person.id, 'whatsapp', private.now()
    ) as decided on person.id is not null;
    return jsonb_build_object(
        -- A pause of the number only delays.
        'text', nullif(v_reason, 'rate_limited'),
        'template', case
            when v_reason in ('integration_inactive', 'no_reachable_phone', 'suppressed')
                then v_reason
            when talk.client_id is null then 'client_unknown'
            when not v_hours.allowed then v_hours.reason
        end,
        'next_allowed_at', case when talk.client_id is not null and not v_hours.allowed
            then v_hours.next_allowed_at end
    );
end;
$$;

create function private.send_chat_message(
    conversation_id uuid, message_id uuid, body text, template_id uuid
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    -- Locked: two clicks at once are one message.
    v_talk public.conversations :=
        private.require_conversation(v_tenant_id, send_chat_message.conversation_id);
    v_message public.message_logs;
    v_plan private.message_plan;
    v_known jsonb;
begin
    if message_id is null or num_nonnulls(nullif(btrim(body), ''), template_id) <> 1
        -- WhatsApp's own limit of a text message.
        or length(body) > 4096
    then
        raise exception 'message_invalid' using errcode = 'PT400',
            detail = 'an id, and either a text of 4096 characters at most or a template';
    end if;
    v_known := private.clicked_before(v_talk, message_id);
    if v_known is not null then
        return v_known;
    end if;
    v_message.tenant_id := v_tenant_id;
    v_message.conversation_id := v_talk.id;
    v_message.created_by := auth.uid();
    v_message.template_id := (
        select template.id from public.message_templates as template
        where template.tenant_id = v_tenant_id and template.id = send_chat_message.template_id
    );
    if template_id is not null and v_message.template_id is null then
        raise exception 'template_not_found' using errcode = 'PT404',
            detail = 'no such template in the tenant';
    end if;
    v_message.body := coalesce(btrim(body), '');
    v_message.params := '{}';
    v_plan := private.plan_chat_message(v_message);
    perform private.refuse_chat(v_plan, v_talk);
    perform private.queue_chat(v_talk, message_id, v_plan, null);
    delete from public.conversation_drafts as draft
    where draft.conversation_id = v_talk.id and draft.user_id = auth.uid();
    return jsonb_build_object('message_id', message_id, 'status', 'queued');
end;
$$;

-- Written down and on its way, in one transaction.
create function private.queue_chat(
    talk public.conversations, message_id uuid, plan private.message_plan, media jsonb
) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.message_logs (
        id, tenant_id, client_id, direction, provider, integration_id, sender_id, conversation_id,
        phone, template_id, body, params, media, status, created_by, queue_msg_id
    )
    values (
        queue_chat.message_id, (talk).tenant_id, (talk).client_id, 'out', (plan).provider,
        (plan).integration_id, (talk).sender_id, (talk).id, (plan).phone, (plan).template_id,
        (plan).body, (plan).params, queue_chat.media, 'queued', auth.uid(),
        private.enqueue_message(queue_chat.message_id, private.now())
    );
    perform private.wake_function('send-message');
end;
$$;

-- The same click again: its message, or a refusal when the id is another's. Null: a new one.
create function private.clicked_before(talk public.conversations, message_id uuid)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_message public.message_logs;
begin
    select * into v_message from public.message_logs as message
    where message.id = clicked_before.message_id;
    if not found then
        return null;
    elsif (v_message.tenant_id, v_message.conversation_id)
        is distinct from ((talk).tenant_id, (talk).id)
    then
        raise exception 'message_id_reused' using errcode = 'PT409',
            detail = 'this id belongs to another message';
    end if;
    return jsonb_build_object('message_id', v_message.id, 'status', v_message.status);
end;
$$;

create function private.refuse_chat(plan private.message_plan, talk public.conversations)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
    perform private.refuse_message(plan, '');
    if (plan).reason = 'window_closed' then
        raise exception 'window_closed' using errcode = 'PT409',
            detail = coalesce(to_jsonb(private.window_until(talk)) #>> '{}', 'nobody wrote');
    end if;
end;
$$;

-- Meta names a template by its name; asked beside begin_sending.
create function private.template_name(message_id uuid) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select template.name
    from public.message_logs as message
    join public.message_templates as template on template.id = message.template_id
    where message.id = template_name.message_id
$$;
grant execute on function private.template_name(uuid) to worker;

create function public.send_chat_message(
    conversation_id uuid, message_id uuid, body text default null, template_id uuid default null
) returns jsonb
language sql
set search_path = ''
as $$
    select private.send_chat_message(
        private.seen('conversations', conversation_id), message_id, body, template_id
    )
$$;
comment on function public.send_chat_message(uuid, uuid, text, uuid) is
'{message_id, status}; message_id is the click''s own. PT409 window_closed, suppressed,
no_reachable_phone, integration_inactive, template_not_sendable, variable_missing, outside_hours,
attempt_cap.';
grant execute on function
private.send_chat_message(uuid, uuid, text, uuid), public.send_chat_message(uuid, uuid, text, uuid)
to authenticated;
