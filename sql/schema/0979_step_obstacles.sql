-- Why a step cannot be done for this target whatever the hour: what set it off is no longer so, or
-- what it needs is not there. Null: nothing stands in the way. Asked by plan_targets (0980).

-- The person a rule means by "the operator": who disposed, whose callback it is, who made the
-- agreement, else whose client it is; of those, the first who still works here.
create function private.person_of_target(
    rule public.collection_rules, client_id uuid, disposition_id uuid, target_id uuid
) returns uuid
language sql
stable
security definer
set search_path = ''
as $$
    select member.user_id
    from (
        -- Before the key is pressed, whoever looks what it would do.
        select 1 as place, auth.uid() as user_id
        where (rule).trigger = 'disposition' and person_of_target.disposition_id is null
        union all
        select 1, done.operator_id
        from public.call_dispositions as done
        where done.id = person_of_target.disposition_id
        union all
        select 2, promised.operator_id from public.callbacks as promised
        where (rule).trigger = 'callback_due' and promised.id = person_of_target.target_id
        union all
        select 2, agreement.created_by from public.agreements as agreement
        where (rule).trigger = 'agreement_event' and agreement.id = person_of_target.target_id
        union all
        select 3, given.user_id from public.client_assignments as given
        where given.tenant_id = (rule).tenant_id and given.client_id = person_of_target.client_id
    ) as meant
    join public.memberships as member
        on member.tenant_id = (rule).tenant_id and member.user_id = meant.user_id
        and member.revoked_at is null
    order by meant.place
    limit 1
$$;

-- The number that was spoken to: that of the call, which may still wait for its outcome, else the
-- one that was named as wrong, else the only one there is.
create function private.phone_of_target(tenant_id uuid, client_id uuid, disposition_id uuid)
returns text
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(
        (
            select call.phone from public.calls as call
            where call.tenant_id = phone_of_target.tenant_id
              and call.client_id = phone_of_target.client_id
              and call.disposition_id is not distinct from phone_of_target.disposition_id
              and call.phone is not null
            order by call.called_at desc limit 1
        ),
        (
            select named.phone from private.wrong_numbers as named
            where named.tenant_id = phone_of_target.tenant_id
              and named.disposition_id = phone_of_target.disposition_id
        ),
        (
            select min(known.phone) from public.client_phones as known
            where known.tenant_id = phone_of_target.tenant_id
              and known.client_id = phone_of_target.client_id
            having count(*) = 1
        )
    )
$$;

-- The campaign the step names, else the one that called the client last.
create function private.campaign_of_step(settings jsonb, tenant_id uuid, client_id uuid)
returns bigint
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce((settings ->> 'campaign_id')::bigint, (
        select call.campaign_id from public.calls as call
        where call.tenant_id = campaign_of_step.tenant_id
          and call.client_id = campaign_of_step.client_id and call.campaign_id is not null
        order by call.called_at desc limit 1
    ))
$$;

create function private.redials_of(rule_id uuid, client_id uuid, since timestamptz)
returns bigint
language sql
stable
security definer
set search_path = ''
as $$
    select count(*) from public.automation_runs as run
    join public.rule_steps as step
        on step.rule_id = run.rule_id and step.version = run.version
        and step.position = run.position and step.action = 'send_to_dialer'
    where run.rule_id = redials_of.rule_id and run.client_id = redials_of.client_id
      and run.status = 'done' and run.finished_at > since
$$;

-- What set the rule off must still be so.
create function private.event_obstacle(
    rule public.collection_rules, target_id uuid, at timestamptz
) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select case when not case (rule).trigger
        when 'agreement_event' then exists (
            select from public.agreements as agreement
            where agreement.tenant_id = (rule).tenant_id
              and agreement.id = event_obstacle.target_id
              and case (rule).event
                  when 'approved' then private.is_living(agreement.status)
                  when 'broken' then agreement.status in ('broken', 'lapsed')
                  else agreement.status::text = (rule).event
              end
        )
        when 'payment_event' then (rule).event = 'reversed' or not exists (
            select from public.payment_reversals as taken_back
            where taken_back.tenant_id = (rule).tenant_id
              and taken_back.payment_id = event_obstacle.target_id
        )
        when 'callback_due' then exists (
            select from public.callbacks as promised
            where promised.tenant_id = (rule).tenant_id
              and promised.id = event_obstacle.target_id
              and promised.status = 'scheduled' and promised.due_at <= event_obstacle.at
        )
        else true
    end then 'event_passed' end
$$;

create function private.step_obstacle(
    step public.rule_steps, rule public.collection_rules, client_id uuid, disposition_id uuid,
    target_id uuid, at timestamptz
) returns text
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- A redial within a week is the same attempt to reach; later it is a new one.
    c_redials_within constant interval := '7 days';
    v_settings jsonb := (step).settings;
    v_person uuid;
begin
    case (step).action
        when 'tag' then
            return case when not exists (
                select from public.tags
                where tags.tenant_id = (step).tenant_id
                  and tags.id = (v_settings ->> 'tag_id')::uuid
            ) then 'tag_missing' end;
        when 'assign' then
            v_person := coalesce((v_settings ->> 'user_id')::uuid, private.person_of_target(
                rule, client_id, disposition_id, target_id
            ));
            return case
                when v_person is null then 'nobody_to_assign'
                when not exists (
                    select from public.memberships as member
                    where member.tenant_id = (step).tenant_id and member.revoked_at is null
                      and member.user_id = v_person
                ) then 'member_left'
                when not private.person_sees_client((step).tenant_id, v_person, client_id)
                    then 'assignee_limited'
            end;
        when 'remind_operator' then
            return case when private.person_of_target(
                rule, client_id, disposition_id, target_id
            ) is null then 'nobody_to_remind' end;
        when 'quarantine_phone' then
            return case when private.phone_of_target(
                (step).tenant_id, client_id, disposition_id
            ) is null then 'phone_unknown' end;
        when 'schedule_callback' then
            -- Before the key is pressed nothing is promised yet.
            return case when v_settings ->> 'minutes' is null and disposition_id is not null
                and not exists (
                    select from public.callbacks as promised
                    where promised.tenant_id = (step).tenant_id
                      and promised.disposition_id = step_obstacle.disposition_id
                      and promised.status = 'scheduled'
                ) then 'callback_missing' end;
        when 'send_to_dialer' then
            return case
                when not exists (
                    select from public.integrations as integration
                    where integration.tenant_id = (step).tenant_id
                      and integration.provider = 'threecplus' and integration.is_active
                ) then 'dialer_not_connected'
                when private.campaign_of_step(v_settings, (step).tenant_id, client_id) is null
                    then 'campaign_missing'
                when private.redials_of((rule).id, client_id, at - c_redials_within)
                    >= (v_settings ->> 'max_attempts')::int then 'attempts_exhausted'
            end;
        when 'create_charge' then
            return private.charge_obstacle(step, rule, client_id, target_id);
        else
            return null;
    end case;
end;
$$;
