-- Between the claim of a message and its call lie seconds in which somebody may have said stop, an
-- hour may have ended, or another worker may have written to the same person. So what the plan
-- asked is asked once more at the very door, of one message.
create function private.last_word_on(message public.message_logs) returns private.last_word
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_word private.last_word;
    v_hours record;
begin
    v_word := private.word_of_rule(message);
    if v_word.verdict is not null or message.client_id is null
        -- An answer in an open talk is no contact out of the blue.
        or num_nonnulls(message.automation_run_id, message.charge_id, message.template_id) = 0
    then
        return v_word;
    end if;
    if private.has_cap(message.tenant_id, message.channel) then
        perform private.lock_people(array[message.client_id]);
    end if;
    select * into v_hours from private.contact_decision(
        message.tenant_id, message.client_id, message.channel, private.now()
    );
    v_word.reason := case when private.is_suppressed(
            message.tenant_id, message.client_id, message.phone, message.channel, private.now()
        ) then 'suppressed' else v_hours.reason end;
    v_word.not_before := v_hours.next_allowed_at;
    v_word.verdict := case
        when v_word.reason is null then null
        when v_word.reason = 'suppressed' or v_word.not_before is null then 'skip'
        -- What a person sends now is not for tomorrow, unless it brings a charge (0919).
        when num_nonnulls(message.automation_run_id, message.charge_id) = 0 then 'skip'
        else 'postpone'
    end;
    return v_word;
end;
$$;

-- What a rule asked for, itself or by way of a charge whose link waits, obeys its switches and its
-- hours to the end.
create function private.word_of_rule(message public.message_logs) returns private.last_word
language sql
stable
security definer
set search_path = ''
as $$
    select (
        case when asked.reason <> 'outside_window' then 'skip'
            when asked.reason is not null then 'postpone' end,
        asked.reason, asked.opens_again_at
    )::private.last_word
    from (
        select run.rule_id from public.automation_runs as run
        where run.id = (message).automation_run_id
        union all
        (
            select run.rule_id from public.automation_runs as run
            where (message).created_by is null and run.tenant_id = (message).tenant_id
              and run.charge_id = (message).charge_id and run.created_at <= (message).created_at
            order by run.created_at desc limit 1
        )
        limit 1
    ) as found
    cross join lateral (
        select known.opens_again_at, case
            when not rule.is_enabled then 'rule_disabled'
            when policy.is_stopped then 'automations_stopped'
            when (message).channel = any(policy.stopped_channels) then 'channel_stopped'
            when known.opens_again_at is not null then 'outside_window'
        end as reason
        from public.collection_rules as rule
        join public.tenants as tenant on tenant.id = rule.tenant_id
        left join public.automation_policies as policy on policy.tenant_id = rule.tenant_id
        cross join lateral private.opens_again_at(rule, tenant.time_zone, private.now())
            as known (opens_again_at)
        where rule.id = found.rule_id
    ) as asked
$$;

create function private.obey(message public.message_logs, word private.last_word) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if message.automation_run_id is null then
        if word.verdict = 'skip' then
            perform private.drop_message(message.id, word.reason);
        else
            perform private.postpone_message(message.id, word.not_before);
        end if;
    elsif word.verdict = 'skip' then
        perform private.finish_run(message.automation_run_id, 'skipped', word.reason);
    else
        perform private.postpone_run(
            message.automation_run_id, word.not_before, word.reason
        );
    end if;
end;
$$;
