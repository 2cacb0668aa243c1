-- The steps that the database does by itself, in the claim's own transaction: the run that is done
-- and what it did are committed together, so that neither is there without the other, nor twice.
-- What the plan has just allowed (0980) is done; where the world moved meanwhile, the act says so.
alter table public.callbacks add constraint callbacks_run_fkey
foreign key (tenant_id, run_id) references public.automation_runs (tenant_id, id);

create type private.act_outcome as (
    -- done | skip | postpone | fail
    verdict text,
    reason text,
    not_before timestamptz
);

create function private.act_on_run(run_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Somebody else holds what it needs: by then they are through.
    c_busy_pause constant interval := '5 seconds';
    v_run public.automation_runs;
    v_rule public.collection_rules;
    v_step public.rule_steps;
    v_outcome private.act_outcome;
    v_detail text;
begin
    select * into v_run from public.automation_runs as run where run.id = act_on_run.run_id;
    select * into v_rule from public.collection_rules as rule where rule.id = v_run.rule_id;
    select * into v_step from public.rule_steps as step
    where step.rule_id = v_run.rule_id and step.version = v_run.version
      and step.position = v_run.position;
    begin
        v_outcome := private.act(v_run, v_rule, v_step);
    exception
        when deadlock_detected or serialization_failure or lock_not_available then
            v_outcome := (
                'postpone', null, private.now() + c_busy_pause
            )::private.act_outcome;
        when others then
            -- A refusal by its name; anything else is a bug that must not hold up the others.
            get stacked diagnostics v_detail = message_text;
            v_outcome := (
                case when sqlstate like 'PT4%' then 'skip' else 'fail' end,
                case when sqlstate like 'PT4%' then v_detail else 'action_failed' end, null
            )::private.act_outcome;
            raise log 'automation run %: %', v_run.id, sqlstate;
    end;
    case (v_outcome).verdict
        when 'done' then perform private.finish_run(v_run.id, 'done', null);
        when 'postpone' then perform private.postpone_run(
            v_run.id, (v_outcome).not_before, (v_outcome).reason
        );
        when 'skip' then perform private.finish_run(v_run.id, 'skipped', (v_outcome).reason);
        else perform private.finish_run(v_run.id, 'failed', (v_outcome).reason);
    end case;
end;
$$;

create function private.act(
    run public.automation_runs, rule public.collection_rules, step public.rule_steps
) returns private.act_outcome
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_settings jsonb := (step).settings;
    v_person uuid := private.person_of_target(
        rule, (run).client_id, (run).disposition_id, (run).target_id
    );
begin
    case (step).action
        when 'tag' then
            insert into public.client_tags (tenant_id, client_id, tag_id, created_by)
            values ((run).tenant_id, (run).client_id, (v_settings ->> 'tag_id')::uuid, null)
            on conflict do nothing;
        when 'assign' then
            -- Held: whoever removes them waits, and then finds what was given here.
            perform from public.memberships as member
            where member.tenant_id = (run).tenant_id and member.revoked_at is null
              and member.user_id = coalesce((v_settings ->> 'user_id')::uuid, v_person)
            for share;
            if not found then
                return ('skip', 'member_left', null)::private.act_outcome;
            end if;
            insert into public.client_assignments as given
                (tenant_id, client_id, user_id, assigned_at)
            values (
                (run).tenant_id, (run).client_id,
                coalesce((v_settings ->> 'user_id')::uuid, v_person), private.now()
            )
            on conflict (tenant_id, client_id) do update
            set user_id = excluded.user_id, assigned_by = null,
                assigned_at = excluded.assigned_at
            where given.user_id <> excluded.user_id;
        when 'leave_dialer' then
            perform private.leave_dialer(
                (run).tenant_id, array[(run).client_id], null, 'rule'
            );
        when 'quarantine_phone' then
            perform private.quarantine(run, rule, (v_settings ->> 'days')::int);
        when 'schedule_callback' then
            return private.promise_callback(run, rule, v_settings, v_person);
        when 'remind_operator' then
            insert into public.notifications (tenant_id, user_id, kind, payload)
            values ((run).tenant_id, v_person, 'rule_reminder', jsonb_build_object(
                'run_id', (run).id, 'rule_id', (rule).id, 'rule', (rule).name,
                'client_id', (run).client_id, 'note', v_settings ->> 'note'
            ));
        when 'notify_supervisor' then
            perform private.tell_of_rule(run, rule, v_settings ->> 'note');
        when 'send_to_dialer' then
            return private.redial(run, rule, step);
        when 'create_charge' then
            return private.charge_and_send(run, rule, step);
        else
            return ('fail', 'action_failed', null)::private.act_outcome;
    end case;
    return ('done', null, null)::private.act_outcome;
end;
$$;

-- That number of that person, on every channel; their other numbers are called as ever.
create function private.quarantine(
    run public.automation_runs, rule public.collection_rules, days int
) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.suppressions (tenant_id, client_id, phone, reason, expires_at, created_by)
    select (run).tenant_id, (run).client_id, wrong.phone, 'Quarentena: ' || (rule).name,
        private.now() + make_interval(days => quarantine.days), null
    from private.phone_of_target((run).tenant_id, (run).client_id, (run).disposition_id)
        as wrong (phone)
    where wrong.phone is not null and not exists (
        select from public.suppressions as known
        where known.tenant_id = (run).tenant_id and known.client_id = (run).client_id
          and private.phone_match(known.phone) = private.phone_match(wrong.phone)
          and known.channel is null and (
              known.expires_at is null
              or known.expires_at >= private.now() + make_interval(days => quarantine.days)
          )
    )
$$;

-- At the moment the operator promised, or so many minutes from now; never at an hour that is not
-- lawful.
create function private.promise_callback(
    run public.automation_runs, rule public.collection_rules, settings jsonb, person uuid
) returns private.act_outcome
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_due_at timestamptz := private.now()
        + make_interval(mins => (settings ->> 'minutes')::int);
    v_hours record;
begin
    if v_due_at is null then
        update public.callbacks as promised
        set release_minutes = (settings ->> 'release_minutes')::smallint,
            operator_id = case when settings ->> 'who' = 'anyone' then null
                else promised.operator_id end
        where promised.tenant_id = (run).tenant_id
          and promised.disposition_id = (run).disposition_id and promised.status = 'scheduled';
        return (case when found then 'done' else 'skip' end,
            case when not found then 'callback_missing' end, null)::private.act_outcome;
    end if;
    select * into v_hours from private.contact_decision(
        (run).tenant_id, (run).client_id, 'call', v_due_at
    ) as decision;
    if v_hours.reason = 'suppressed' or v_hours.next_allowed_at is null then
        return ('skip', coalesce(v_hours.reason, 'outside_hours'), null)::private.act_outcome;
    end if;
    insert into public.callbacks (
        tenant_id, client_id, run_id, operator_id, due_at, note, phone, release_minutes
    )
    values (
        (run).tenant_id, (run).client_id, (run).id,
        case when settings ->> 'who' = 'personal' then person end,
        greatest(v_due_at, v_hours.next_allowed_at), (rule).name,
        private.phone_of_target((run).tenant_id, (run).client_id, (run).disposition_id),
        (settings ->> 'release_minutes')::smallint
    );
    return ('done', null, null)::private.act_outcome;
end;
$$;

-- One bell per rule, person and day, which counts while nobody has looked: ten thousand clients
-- that come to their day are one piece of news.
create function private.tell_of_rule(
    run public.automation_runs, rule public.collection_rules, note text
) returns void
language sql
security definer
set search_path = ''
as $$
    with counted as (
        update public.notifications as told
        set payload = told.payload || jsonb_build_object(
            'count', (told.payload ->> 'count')::int + 1, 'client_id', null
        )
        where told.id in (
            select distinct on (unread.user_id) unread.id
            from public.notifications as unread
            where unread.tenant_id = (run).tenant_id and unread.kind = 'rule_notice'
              and unread.read_at is null
              and unread.payload ->> 'rule_id' = (rule).id::text
              -- That its words changed is another piece of news (0983).
              and not unread.payload ? 'template'
              -- Who is not to hear of this client is not told that there is one more.
              and private.may_hear(
                  unread.tenant_id, unread.user_id,
                  jsonb_build_object('client_id', (run).client_id)
              )
              and unread.created_at > private.now() - interval '1 day'
            order by unread.user_id, unread.created_at desc
        )
        returning told.user_id
    )
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select (run).tenant_id, member.user_id, 'rule_notice', jsonb_build_object(
        'rule_id', (rule).id, 'rule', (rule).name, 'note', note, 'count', 1,
        'client_id', (run).client_id
    )
    from public.memberships as member
    where member.tenant_id = (run).tenant_id and member.revoked_at is null
      and member.role >= 'supervisor'
      and member.user_id not in (select counted.user_id from counted)
$$;
