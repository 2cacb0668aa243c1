-- The provider's answer to one attempt: done | retry (certainly not done) | failed | unknown.
-- False: a newer attempt owns the task.
create function private.settle_dialer_task(
    task_id uuid, attempt int, outcome text, answer jsonb default '{}',
    error_code text default null, error_detail text default null,
    retry_after_seconds int default null
) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_task private.dialer_tasks;
begin
    if outcome is null or outcome not in ('done', 'retry', 'failed', 'unknown') then
        raise exception 'outcome_invalid' using errcode = 'PT400', detail = outcome;
    end if;
    -- The export before its tasks, for everybody who locks both.
    perform from public.dialer_exports as export
    where export.id = (
        select task.export_id from private.dialer_tasks as task
        where task.id = settle_dialer_task.task_id
    )
    -- Not against the key: whoever takes a person out meanwhile points a task at it.
    for no key update;
    select * into v_task from private.dialer_tasks as task
    where task.id = settle_dialer_task.task_id
      and task.attempt = settle_dialer_task.attempt and task.status = 'sending'
    for update;
    if not found then
        return false;
    end if;
    if outcome = 'done' then
        update private.dialer_tasks as task
        set status = 'done', is_doubtful = false, lease_until = null, done_at = private.now(),
            error_code = null, error_detail = null
        where task.id = v_task.id;
        perform private.follow_dialer_task(v_task, coalesce(answer, '{}'));
    elsif outcome = 'failed' then
        perform private.fail_dialer_task(v_task, error_code, error_detail);
    else
        -- Also a call that was certainly refused leaves the task doubtful: an earlier one may not
        -- have been, and undoing what is not there costs one call.
        perform private.repeat_dialer_task(
            v_task, error_code, error_detail, retry_after_seconds
        );
    end if;
    return true;
end;
$$;
comment on function private.settle_dialer_task(uuid, int, text, jsonb, text, text, int) is
'answer: list, file {list_id, …}; part, file {imported, filtered: [{phone, identifier, reason}]}.';
grant execute on function
private.settle_dialer_task(uuid, int, text, jsonb, text, text, int) to worker;

create function private.repeat_dialer_task(
    task private.dialer_tasks, error_code text, error_detail text, retry_after_seconds int
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- 5 s, 10 s, … about ten minutes in all; waiting as told costs nothing.
    c_most_failures constant int := 8;
    v_is_free boolean := coalesce(error_code = 'rate_limited', false);
    v_failures int := (task).failures + case when v_is_free then 0 else 1 end;
    v_pause interval := make_interval(
        secs => private.retry_pause(v_failures, retry_after_seconds, c_most_failures)
    );
begin
    if v_pause is null then
        perform private.fail_dialer_task(task, coalesce(error_code, 'outcome_unknown'), error_detail);
        return;
    end if;
    update private.dialer_tasks as repeated
    set status = 'queued', failures = v_failures, lease_until = null, error_code = repeat_dialer_task.error_code,
        error_detail = left(repeat_dialer_task.error_detail, 500),
        next_attempt_at = private.now() + v_pause
    where repeated.id = (task).id;
    if v_is_free then
        update public.integrations as integration
        set paused_until = greatest(integration.paused_until, private.now() + v_pause)
        where integration.id = (task).integration_id;
    end if;
end;
$$;

create function private.fail_dialer_task(
    task private.dialer_tasks, error_code text, error_detail text
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_code text := coalesce(error_code, 'unclassified');
    v_failed uuid;
    v_back int;
begin
    update private.dialer_tasks as failed
    set status = 'failed', lease_until = null, done_at = private.now(), error_code = v_code,
        error_detail = left(fail_dialer_task.error_detail, 500)
    where failed.id = (task).id;
    if v_code = 'configuration' then
        update public.integrations as integration
        set failing_since = coalesce(integration.failing_since, private.now()),
            failure_detail = left(fail_dialer_task.error_detail, 500)
        where integration.id = (task).integration_id;
    end if;
    if (task).kind = 'qualify' then
        update public.calls as call set qualify_status = 'failed' where call.id = (task).call_id;
    elsif (task).kind = 'remove' then
        perform private.free_dialer_removal(task, v_code);
    elsif (task).payload ? 'weight' then
        perform private.tell_loud_list(task, v_code);
    else
        update public.dialer_exports as export
        set status = 'failed', error_code = v_code, finished_at = private.now(),
            error_detail = left(fail_dialer_task.error_detail, 500)
        where export.id = (task).export_id and export.status = 'loading'
        returning export.id into v_failed;
        -- Its other parts wait for a person, too.
        update private.dialer_tasks as other set status = 'failed', error_code = v_code
        where other.export_id = v_failed and other.status = 'queued' and other.kind <> 'remove';
        perform private.tell_dialer_export(v_failed);
        if v_failed is null and (task).kind = 'part' then
            -- People who were on their way back in (0951): maybe in, so taken out, then tried again.
            update public.dialer_export_rows as contact
            set status = 'removing', reason = 'outside_hours', task_id = null
            where contact.export_id = (task).export_id and contact.part = (task).part
              and contact.status = 'waiting' and exists (
                  select from public.dialer_exports as export
                  where export.id = (task).export_id and export.status = 'done'
              );
            get diagnostics v_back = row_count;
            -- Their removal is counted again.
            update public.dialer_exports as export set loaded = export.loaded + v_back
            where export.id = (task).export_id and v_back > 0;
        end if;
    end if;
end;
$$;

-- A list that should be silent and is not: people are called who must not be. The sweep (0954)
-- tries on.
create function private.tell_loud_list(task private.dialer_tasks, error_code text) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if ((task).payload ->> 'weight')::int = 0 and not exists (
        select from public.notifications as told
        where told.tenant_id = (task).tenant_id and told.kind = 'dialer_silence_failed'
          and told.payload ->> 'export_id' = (task).export_id::text
          and told.created_at > private.now() - interval '1 day'
    ) then
        perform private.tell_supervisors(
            (task).tenant_id, 'dialer_silence_failed', jsonb_build_object(
                'export_id', (task).export_id, 'reason', tell_loud_list.error_code
            )
        );
    end if;
end;
$$;

-- It answers again. The agent's token may be refused while the manager's works: each heals its own.
create function private.mend_dialer(integration_id uuid, is_agents boolean) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if exists (
        select from public.integrations as integration
        where integration.id = mend_dialer.integration_id and integration.failing_since is not null
    ) and mend_dialer.is_agents is not distinct from coalesce((
        select failed.kind = 'qualify' from private.dialer_tasks as failed
        where failed.integration_id = mend_dialer.integration_id
          and failed.status = 'failed' and failed.error_code = 'configuration'
        order by failed.done_at desc nulls last limit 1
    ), mend_dialer.is_agents) then
        perform private.mark_integration(mend_dialer.integration_id, null);
    end if;
end;
$$;

-- What a done task makes possible.
create function private.follow_dialer_task(task private.dialer_tasks, answer jsonb) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_export public.dialer_exports;
begin
    perform private.mend_dialer((task).integration_id, (task).kind = 'qualify');
    if (task).kind = 'qualify' then
        -- It is what the call is called there now, whatever the timer had said before.
        update public.calls as call
        set qualify_status = 'done', qualification_source = 'ours',
            qualification_id = ((task).payload ->> 'qualification_id')::bigint,
            qualification_name = coalesce((
                select word.qualification_name from public.dialer_qualifications as word
                where word.tenant_id = call.tenant_id and word.qualification_name <> ''
                  and word.qualification_id = ((task).payload ->> 'qualification_id')::bigint
                order by word.campaign_id = call.campaign_id desc limit 1
            ), (
                -- A word saved without its name: ours for the same.
                select kind.label from public.disposition_types as kind
                left join public.call_dispositions as done
                    on done.tenant_id = kind.tenant_id and done.id = call.disposition_id
                where kind.tenant_id = call.tenant_id
                  and kind.key = coalesce(done.disposition_type, call.outcome_type)
            ))
        where call.id = (task).call_id;
        return;
    elsif (task).kind = 'remove' then
        perform private.finish_dialer_removal(task);
        return;
    end if;
    if (task).kind in ('part', 'file') then
        perform private.note_sent_rows(task, answer, null);
        perform private.count_sent_rows(task);
    end if;
    update public.dialer_exports as export
    set list_ids = case when answer ? 'list_id'
            then array_append(export.list_ids, (answer ->> 'list_id')::bigint)
            else export.list_ids end,
        is_reported = export.is_reported
            and ((task).kind not in ('part', 'file') or answer ? 'imported')
    where export.id = (task).export_id
    returning * into v_export;
    if answer ? 'is_gone' then
        perform private.note_gone_list(task, v_export);
        return;
    elsif v_export.status <> 'loading' then
        if v_export.status = 'cancelled' and answer ? 'list_id' then
            -- Made while somebody cancelled: silent as the others.
            perform private.wish_dialer_task(
                v_export.integration_id, 'weight', 'silence:' || (task).id, v_export.id, null,
                null, '{"weight": 0}'
            );
        end if;
        return;
    end if;
    if (task).kind = 'list' then
        perform private.wish_dialer_task(
            v_export.integration_id, 'part', 'part:' || v_export.id || ':' || part, v_export.id,
            null, part
        )
        from generate_series(0, v_export.parts - 1) as part;
    elsif (task).kind = 'weight' then
        update public.dialer_exports as export
        set status = 'done', finished_at = private.now()
        where export.id = v_export.id;
        -- Its state closed while this was being said: what was said may be too loud.
        if v_export.hours_state <> 'open' then
            perform private.weigh_for_hours(v_export, 0);
        end if;
        perform private.tell_dialer_export(v_export.id);
    elsif not exists (
        select from private.dialer_tasks as other
        where other.export_id = v_export.id and other.kind in ('part', 'file')
          and other.status <> 'done'
    ) then
        -- Ready just after closing it stays silent, until it has been compared (0951).
        if private.is_closing(
            v_export.ufs, null, private.dialer_closed_ufs(v_export.tenant_id)
        ) then
            perform private.silence_list(v_export.id, 'silent');
        end if;
        perform private.wish_dialer_task(
            v_export.integration_id, 'weight', 'weight:' || v_export.id, v_export.id
        );
    end if;
end;
$$;

-- Somebody deleted the list or its campaign at the dialer, which has said so twice: it is as silent
-- as a list can be, and nothing more is asked of it. One that was to be dialled now has failed.
create function private.note_gone_list(task private.dialer_tasks, export public.dialer_exports)
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if (export).status = 'loading' then
        perform private.fail_dialer_task(task, 'unclassified', 'the list was deleted meanwhile');
        return;
    end if;
    update public.dialer_exports as gone set hours_state = 'gone' where gone.id = (export).id;
    update private.dialer_tasks as other set status = 'cancelled', done_at = private.now()
    where other.export_id = (export).id and other.kind = 'weight'
      and other.status in ('queued', 'failed');
end;
$$;

-- Per phone what became of it; a reason the provider does not explain is kept as it is.
create function private.note_sent_rows(task private.dialer_tasks, answer jsonb, max int)
returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_noted int;
begin
    with refused as materialized (
        select private.phone_match('+55' || (item ->> 'phone')) as number,
            item ->> 'identifier' as identifier,
            coalesce(nullif(item ->> 'reason', ''), 'refused') as reason
        from jsonb_array_elements(coalesce(answer -> 'filtered', '[]')) as item
    ),
    sent as materialized (
        select contact.* from private.dialer_rows_of(task) as contact
        where contact.status = 'waiting'
        order by contact.place limit max
    ),
    judged as (
        select sent.place, min(refused.reason) as reason
        from sent
        left join refused on refused.number = private.phone_match(sent.phone)
            and coalesce(refused.identifier, sent.client_id::text) = sent.client_id::text
            -- Of a number given twice one is in: who had it first.
            and (refused.reason <> 'duplicate' or refused.identifier is not null or exists (
                select from private.clients_of_phone(sent.tenant_id, sent.phone) as owner (id)
                join public.dialer_export_rows as twin
                    on twin.tenant_id = sent.tenant_id and twin.client_id = owner.id
                    and twin.export_id = sent.export_id and twin.place < sent.place
                    and private.phone_match(twin.phone) = refused.number
            ))
        group by sent.place
    )
    update public.dialer_export_rows as contact
    set status = case when judged.reason is null then 'loaded' else 'filtered'
            end::public.dialer_row_status,
        reason = left(judged.reason, 100)
    from judged
    where contact.export_id = (task).export_id and contact.place = judged.place;
    get diagnostics v_noted = row_count;
    return v_noted;
end;
$$;

-- A file's 50,000 are written down a few thousand at a time, before the settling that counts them:
-- nobody who pays meanwhile waits for one long transaction. Sent again after a crash, they are
-- wanted as before (dialer_task_rows).
create function private.note_dialer_rows(task_id uuid, attempt int, answer jsonb, max int)
returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_task private.dialer_tasks;
begin
    select * into v_task from private.dialer_tasks as task
    where task.id = note_dialer_rows.task_id and task.attempt = note_dialer_rows.attempt
      and task.status = 'sending' and task.kind in ('part', 'file')
    for share;
    return case when found then private.note_sent_rows(v_task, answer, max) else 0 end;
end;
$$;
comment on function private.note_dialer_rows(uuid, int, jsonb, int) is
'Rows written down, at most max; fewer: all are. Commit, and settle after the last.';
grant execute on function private.note_dialer_rows(uuid, int, jsonb, int) to worker;

create function private.count_sent_rows(task private.dialer_tasks) returns void
language sql
security definer
set search_path = ''
as $$
    update public.dialer_exports as export
    set loaded = export.loaded + counted.loaded, filtered = export.filtered + counted.filtered
    from (
        select count(*) filter (where sent.status = 'loaded') as loaded,
            count(*) filter (where sent.status = 'filtered') as filtered
        from private.dialer_rows_of(task) as sent
    ) as counted
    where export.id = (task).export_id
$$;

create function private.finish_dialer_removal(task private.dialer_tasks) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_removed int;
begin
    update public.dialer_export_rows as contact set status = 'removed'
    where contact.export_id = (task).export_id and contact.status = 'removing'
      and contact.task_id = (task).id;
    get diagnostics v_removed = row_count;
    update public.dialer_exports as export set removed = export.removed + v_removed
    where export.id = (task).export_id;
    -- What another removal still holds, or a refusal gave back, is not this one's to ask for again.
    if v_removed > 0 then
        perform private.wish_dialer_removals(array[(task).export_id]);
    end if;
end;
$$;

-- Refused for good, and these people are called on: somebody must know, and the rows wait for the
-- sweep (0954) or for whoever leaves next.
create function private.free_dialer_removal(task private.dialer_tasks, error_code text) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.dialer_export_rows as contact set task_id = null
    where contact.export_id = (task).export_id and contact.status = 'removing'
      and contact.task_id = (task).id;
    -- It is tried every ten minutes; once a day is an alarm.
    if found and not exists (
        select from public.notifications as told
        where told.tenant_id = (task).tenant_id and told.kind = 'dialer_removal_failed'
          and told.created_at > private.now() - interval '1 day'
    ) then
        perform private.tell_supervisors(
            (task).tenant_id, 'dialer_removal_failed', jsonb_build_object(
                'export_id', (task).export_id, 'reason', free_dialer_removal.error_code
            )
        );
    end if;
end;
$$;
