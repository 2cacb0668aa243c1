-- What a charge becomes: by the provider's record, by a failure, at its end. Called by the settling
-- of an attempt and by the sweep.
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
        -- Where another one has taken its place, the old one is only told of.
        is_wanted = charge.is_wanted or charge.status = 'cancelling' and not exists (
            select from public.charges as other
            where other.tenant_id = charge.tenant_id
              and other.installment_id = charge.installment_id and other.id <> charge.id
              and other.is_wanted
              and other.status not in ('cancelled', 'failed', 'paid')
        ),
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
