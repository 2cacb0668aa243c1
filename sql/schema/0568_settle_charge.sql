-- The provider's answer to one attempt, fenced by its number, with everything that follows.
create function private.fail_charge(charge_id uuid, error_code text, error_detail text)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_charge public.charges;
begin
    update public.charges as charge
    set status = case
            -- It exists and could not be taken back: it stays payable, and everybody is told so.
            when charge.status = 'cancelling' then 'open'
            when charge.status in ('registering', 'open', 'paid', 'cancelled')
                then charge.status::text
            else 'failed'
        end::public.charge_status,
        is_wanted = charge.is_wanted or charge.status = 'cancelling',
        error_code = fail_charge.error_code, error_detail = fail_charge.error_detail,
        lease_until = null, needs_lookup = false
    where charge.id = fail_charge.charge_id
    returning * into v_charge;
    perform private.keep_installment(v_charge, error_code);
    perform private.tell_agreement(
        v_charge.agreement_id, 'charge_failed', private.today(v_charge.tenant_id), error_code,
        jsonb_build_object('charge_id', v_charge.id, 'installment_id', v_charge.installment_id)
    );
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select v_charge.tenant_id, member.user_id, 'charge_failed', jsonb_build_object(
        'charge_id', v_charge.id, 'agreement_id', v_charge.agreement_id,
        'client_id', v_charge.client_id, 'reason', fail_charge.error_code
    )
    from public.memberships as member
    where member.tenant_id = v_charge.tenant_id and member.revoked_at is null
      and (member.role >= 'supervisor' or member.user_id = v_charge.created_by);
end;
$$;

-- What the provider's record says, applied without ever going back: paid stays paid.
create function private.follow_charge(charge_id uuid, class text, item jsonb) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_was public.charges;
    v_now public.charges;
begin
    select * into v_was from public.charges as charge
    where charge.id = follow_charge.charge_id
    for update;
    update public.charges as charge
    set status = case
            when charge.status in ('paid', 'cancelled') then charge.status::text
            when class = 'cancelled' then 'cancelled'
            when charge.status = 'open' and class = 'registering' then 'open'
            -- Being taken back: only "cancelled" ends that.
            when charge.status = 'cancelling' then 'cancelling'
            else class
        end::public.charge_status,
        link = coalesce(item ->> 'link', charge.link),
        digitable_line = coalesce(item ->> 'digitable_line', charge.digitable_line),
        pix_code = coalesce(item ->> 'pix_code', charge.pix_code),
        pdf_url = coalesce(item ->> 'pdf_url', charge.pdf_url),
        provider_group = coalesce(item ->> 'provider_group', charge.provider_group),
        registered_at = case when class = 'open'
            then coalesce(charge.registered_at, private.now()) else charge.registered_at end,
        cancelled_at = case when class = 'cancelled'
            then coalesce(charge.cancelled_at, private.now()) else charge.cancelled_at end,
        error_code = null, error_detail = null
    where charge.id = v_was.id
    returning * into v_now;
    if v_now.status = 'cancelled' and v_was.status <> 'cancelled' then
        perform private.end_charge(v_now);
    end if;
    return class;
end;
$$;

-- A charge is no longer payable: what waited for that goes on, and what did not expect it is told.
create function private.end_charge(charge public.charges) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.drop_installment(charge);
    if charge.is_wanted then
        update public.charges as known set is_wanted = false, cancel_reason = 'provider'
        where known.id = charge.id;
        perform private.tell_agreement(
            charge.agreement_id, 'charge_cancelled_by_provider', private.today(charge.tenant_id),
            null, jsonb_build_object(
                'charge_id', charge.id, 'installment_id', charge.installment_id
            )
        );
    end if;
end;
$$;

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
    update public.charges as charge set action = null, lease_until = null
    where charge.id = v_charge.id;
    perform pgmq.archive('charges', v_charge.queue_msg_id);

    if outcome = 'done' and v_action = 'cancel' then
        perform private.follow_charge(v_charge.id, 'cancelled', answer);
    elsif outcome = 'done' then
        perform private.follow_charge(v_charge.id, 'registering', answer);
        perform private.await_registration(v_charge.id, 0);
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
