-- What happens to a charge after an answer that ended nothing.

-- Not at the provider: what was never taken may be sent, what was to be cancelled is gone.
create function private.miss_charge(charge public.charges) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if charge.status in ('sending', 'unknown') and charge.is_wanted then
        update public.charges as known set status = 'queued' where known.id = charge.id;
        perform private.poke_charge(charge.id);
    else
        perform private.follow_charge(charge.id, 'cancelled', '{}');
    end if;
end;
$$;

create function private.retry_charge_later(
    charge_id uuid, error_code text, error_detail text, retry_after_seconds int
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- 5, 10, 20 … 320 s: ten minutes in all; then a person looks.
    c_most_failures constant int := 8;
    v_charge public.charges;
    v_pause double precision;
begin
    update public.charges as charge
    set status = case when charge.status = 'sending' then 'unknown' else charge.status::text
        end::public.charge_status,
        failures = charge.failures
            + case when retry_charge_later.error_code = 'rate_limited' then 0 else 1 end,
        error_code = retry_charge_later.error_code,
        error_detail = retry_charge_later.error_detail
    where charge.id = retry_charge_later.charge_id
    returning * into v_charge;
    v_pause := private.retry_pause(v_charge.failures, retry_after_seconds, c_most_failures);
    if v_pause is null then
        perform private.fail_charge(v_charge.id, error_code, error_detail);
        return;
    end if;
    update public.charges as charge
    set next_attempt_at = private.now() + make_interval(secs => v_pause),
        queue_msg_id = private.enqueue_charge(
            charge.id, private.now() + make_interval(secs => v_pause))
    where charge.id = v_charge.id;
end;
$$;

-- Registered later by the bank: asked again with growing pauses, because the callback gets lost.
-- The charge is good meanwhile; the sweep finds its payment in any case.
create function private.await_registration(charge_id uuid, asked int) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- 10 s, 20 s, … 85 min: a working morning in all.
    c_max_questions constant int := 10;
    c_first_pause constant int := 10;
    v_charge public.charges;
    v_at timestamptz;
begin
    select * into v_charge from public.charges as charge
    where charge.id = await_registration.charge_id;
    if private.charge_action(v_charge) is null then
        update public.charges as charge set failures = 0 where charge.id = v_charge.id;
        return;
    elsif v_charge.status <> 'registering' or not v_charge.is_wanted then
        perform private.poke_charge(v_charge.id);
        return;
    elsif asked >= c_max_questions then
        return;
    end if;
    v_at := private.now() + make_interval(secs => c_first_pause * 2 ^ asked);
    update public.charges as charge
    set failures = asked + 1, next_attempt_at = v_at,
        queue_msg_id = private.enqueue_charge(charge.id, v_at)
    where charge.id = v_charge.id;
end;
$$;
