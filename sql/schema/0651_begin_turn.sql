-- What rules and people send takes its token of the number's one bucket (0900) right before it is
-- begun, so that nothing waits between the intent and the call.

-- What is found at the door (0981).
create type private.last_word as (
    -- Null: it may go. Else skip | postpone, and why.
    verdict text,
    reason text,
    not_before timestamptz
);

-- Seconds to wait before asking again with has_turn; 0: begun, call the provider after the commit;
-- null: not to be sent now, or by somebody else.
create function private.begin_turn(message_id uuid, attempt int, has_turn boolean)
returns double precision
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- A bulk send borrows 1.5 s ahead. Rules come right behind that, and people behind both.
    c_patience_of_people constant double precision := 5;
    c_patience_of_rules constant double precision := 2;
    -- Shorter than the way to the provider.
    c_soon constant double precision := 0.01;
    v_message public.message_logs;
    v_patience double precision;
    v_wait double precision := 0;
    v_until timestamptz;
    v_word private.last_word;
begin
    -- Run before message, as everywhere.
    perform from public.automation_runs as run
    where run.id = (
        select message.automation_run_id from public.message_logs as message
        where message.id = begin_turn.message_id
    )
    for update;
    select * into v_message from public.message_logs as message
    where message.id = begin_turn.message_id and message.attempt = begin_turn.attempt
      and message.status = 'queued'
    for update;
    if not found then
        return null;
    end if;
    v_word := private.last_word_on(v_message);
    if v_word.verdict is not null then
        perform private.obey(v_message, v_word);
        return null;
    end if;
    if not has_turn and v_message.sender_id is not null then
        v_patience := case when v_message.automation_run_id is null then c_patience_of_people
            else c_patience_of_rules end;
        v_wait := private.take_turn(
            v_message.sender_id, v_patience, v_message.automation_run_id is not null
        );
        if v_wait > v_patience then
            v_until := private.now() + make_interval(secs => v_wait);
            if v_message.automation_run_id is null then
                perform private.postpone_message(v_message.id, v_until);
            else
                perform private.postpone_run(
                    v_message.automation_run_id, v_until, 'rate_limited'
                );
            end if;
            return null;
        elsif v_wait > c_soon then
            return v_wait;
        end if;
    end if;
    return case when private.begin_sending(v_message.id, begin_turn.attempt) then 0 end;
end;
$$;
comment on function private.begin_turn(uuid, int, boolean) is
'Null: do nothing; 0: begun, call the provider; else wait so many seconds and ask with has_turn.';
grant execute on function private.begin_turn(uuid, int, boolean) to worker;
