-- The provider's answer to one attempt, fenced by its number, with everything that follows.
create function private.settle_charge(
    charge_id uuid, attempt int, outcome text, answer jsonb default '{}',
    error_code text default null, error_detail text default null,
    retry_after_seconds int default null
) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_charge public.charges;
    v_action text;
begin
    if outcome is null
        or outcome not in ('done', 'found', 'not_found', 'retry', 'failed', 'unknown')
    then
        raise exception 'outcome_invalid' using errcode = 'PT400', detail = outcome;
    end if;
    perform private.lock_client(charge.tenant_id, charge.client_id)
    from public.charges as charge where charge.id = settle_charge.charge_id;
    select * into v_charge from public.charges as charge
    where charge.id = settle_charge.charge_id and charge.attempt = settle_charge.attempt
      and charge.action like 'begun %'
    for update;
    if not found then
        return false;
    end if;
    v_action := substr(v_charge.action, 7);
    update public.charges as charge
    set action = null, lease_until = null,
        -- No answer to a question: it stays asked.
        needs_lookup = charge.needs_lookup
            or (v_action = 'lookup' and outcome in ('retry', 'unknown'))
    where charge.id = v_charge.id;
    perform pgmq.archive('charges', v_charge.queue_msg_id);

    if outcome = 'done' and v_action = 'cancel' then
        perform private.follow_charge(v_charge.id, 'cancelled', answer);
    elsif outcome = 'done' then
        perform private.follow_charge(v_charge.id, 'registering', answer);
        perform private.await_registration(v_charge.id, 0);
        perform private.await_word(array[v_charge.integration_id]);
    elsif outcome = 'found' then
        perform private.record_payment_event(
            v_charge.integration_id, 'lookup',
            answer || jsonb_build_object('reference', v_charge.reference)
        );
        perform private.await_registration(v_charge.id, v_charge.failures);
    elsif outcome = 'not_found' then
        perform private.miss_charge(v_charge);
    elsif outcome = 'unknown' then
        perform private.retry_charge_later(
            v_charge.id, 'outcome_unknown', error_detail, retry_after_seconds
        );
    elsif outcome = 'retry' then
        -- Refused for now, so certainly not taken: a create may be sent again.
        update public.charges as charge set status = 'queued'
        where charge.id = v_charge.id and charge.status = 'sending';
        perform private.retry_charge_later(
            v_charge.id, coalesce(error_code, 'provider_unavailable'), error_detail,
            retry_after_seconds
        );
    else
        perform private.fail_charge(
            v_charge.id, coalesce(error_code, 'unclassified'), error_detail
        );
    end if;
    return true;
end;
$$;
comment on function private.settle_charge(uuid, int, text, jsonb, text, text, int) is
'outcome: done (created, cancelled; 404 on cancel is done), found (lookup; answer as in
record_payment_event), not_found (lookup), retry (certainly not taken), failed, unknown. False: a
newer attempt owns the charge.';
grant execute on function
private.settle_charge(uuid, int, text, jsonb, text, text, int) to worker;
