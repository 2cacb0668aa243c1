-- What a provider's own record says about a charge, and what follows. Only answers to our questions
-- come here (look-ups and sweeps); a callback merely makes us ask, because anybody who knows its
-- address can send one.

-- paid: day, amount and words agree (providers: codes of this provider contradict each other, so a
-- code alone decides only where the tenant configured it and the words are silent).
create function private.classify_charge(settings jsonb, item jsonb, today date) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_words text := private.search_key(coalesce(item ->> 'status_text', ''));
    v_is_paid boolean := coalesce(
        (item ->> 'paid_on')::date is not null and (item ->> 'paid_cents')::bigint > 0, false
    );
    v_says text := case
        when v_words ~ '^(liquidacao|liquidad[oa]|pag[oa])$' then 'paid'
        when v_words ~ '(baixa|cancel|devolv)' then 'cancelled'
        when v_words ~ 'aguardando registro' then 'registering'
        when v_words ~ '(em ser|em aberto|registrad|confirmad|vencid|inadimpl)' then 'open'
        when item ->> 'status_code' = any(string_to_array(
            coalesce(settings ->> 'paid_codes', ''), ',')) then 'paid'
        else 'unknown'
    end;
begin
    return case
        when v_is_paid and v_says = 'paid' and (item ->> 'paid_on')::date <= today + 1 then 'paid'
        when v_is_paid or v_says = 'paid' then 'contradiction'
        when v_says = 'unknown' then 'open'
        else v_says
    end;
end;
$$;

-- Said clearly and yet hard to believe: an amount of another magnitude (cents for reais settle a
-- whole agreement), or paid before the charge was there.
create function private.is_doubtful(charge public.charges, item jsonb) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select charge.id is not null and (
        (item ->> 'paid_cents')::bigint >= 10 * charge.amount_cents
        -- A day less: the provider's clock is not the tenant's.
        or (item ->> 'paid_on')::date < (
            select (charge.created_at at time zone tenants.time_zone)::date - 1
            from public.tenants where tenants.id = charge.tenant_id
        )
    )
$$;

-- This provider names no payment. The same day and cents of one charge are one payment, however
-- often and by whom it is told; but a day's list is read whole, so what stands in it twice was paid
-- twice: `copy` is the line's place among those that say the same.
create function private.told_again(item jsonb) returns text
language sql
immutable
set search_path = ''
as $$ select nullif(item ->> 'copy', '1') $$;

create function private.told_payment_key(
    integration_id uuid, item jsonb, paid_on text, paid_cents text
) returns text
language sql
stable
set search_path = ''
as $$
    select concat_ws(
        ':', integration_id, item ->> 'reference', paid_on, paid_cents, private.told_again(item)
    )
$$;

create function private.note_contradiction(
    integration public.integrations, charge public.charges, item jsonb
) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.payment_cases (
        tenant_id, client_id, agreement_id, charge_id, kind, amount_cents, details, case_key
    )
    select integration.tenant_id, charge.client_id, charge.agreement_id, charge.id,
        'contradiction', coalesce((item ->> 'paid_cents')::bigint, 0), item, told.key
    from (
        select concat_ws(':', 'contradiction', integration.id, item ->> 'reference',
            item ->> 'status_code', item ->> 'status_text', item ->> 'paid_on',
            item ->> 'paid_cents', private.told_again(item)) as key
    ) as told
    -- Told again in the same words, also after somebody looked at it, it is no news.
    where not exists (
        select from public.payment_cases as known
        where known.tenant_id = integration.tenant_id and known.case_key = told.key
    );
end;
$$;

create function private.record_payment_event(integration_id uuid, source text, item jsonb)
returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_integration public.integrations;
    v_charge public.charges;
    v_class text;
    v_payment public.payments;
    v_course record;
    v_is_new boolean;
begin
    select * into v_integration from public.integrations as integration
    where integration.id = record_payment_event.integration_id;
    if not found or item ->> 'reference' is null then
        raise exception 'payment_event_invalid' using errcode = 'PT400',
            detail = 'integration and reference are needed';
    end if;
    select * into v_charge from public.charges as charge
    where charge.integration_id = v_integration.id and charge.reference = item ->> 'reference';
    if found then
        perform private.lock_client(v_charge.tenant_id, v_charge.client_id);
        select * into v_charge from public.charges as charge
        where charge.id = v_charge.id
        for update;
    end if;
    begin
        v_class := private.classify_charge(
            v_integration.settings, item, private.today(v_integration.tenant_id)
        );
    exception when data_exception then
        raise exception 'payment_event_invalid' using errcode = 'PT400', detail = sqlerrm;
    end;
    if v_class = 'paid' and private.is_doubtful(v_charge, item) then
        v_class := 'contradiction';
    end if;
    if v_class = 'contradiction' then
        perform private.note_contradiction(v_integration, v_charge, item);
        -- Whatever else is doubtful, the provider has it.
        update public.charges as charge set status = 'open'
        where charge.id = v_charge.id and charge.status in ('sending', 'unknown');
        return v_class;
    elsif v_class <> 'paid' then
        return case when v_charge.id is null then 'ignored'
            else private.follow_charge(v_charge.id, v_class, item) end;
    end if;

    v_payment.tenant_id := v_integration.tenant_id;
    v_payment.client_id := v_charge.client_id;
    v_payment.provider := v_integration.provider;
    v_payment.integration_id := v_integration.id;
    v_payment.charge_id := v_charge.id;
    v_payment.reference := item ->> 'reference';
    v_payment.payment_key := private.told_payment_key(
        v_integration.id, item, item ->> 'paid_on', item ->> 'paid_cents'
    );
    v_payment.amount_cents := (item ->> 'paid_cents')::bigint;
    v_payment.paid_on := (item ->> 'paid_on')::date;
    v_payment.method := v_charge.method;
    if v_charge.id is null then
        v_is_new := private.take_payment(v_payment, 'parked', null, null, null, source);
        return case when v_is_new then 'orphan' else 'repeated' end;
    end if;
    update public.charges as charge
    set status = 'paid', needs_lookup = false
    where charge.id = v_charge.id and charge.status <> 'paid';
    v_course := private.course_of_charge(v_charge);
    v_is_new := private.take_payment(
        v_payment, v_course.course, v_course.agreement_id, v_course.installment_id, null, source
    );
    return case when v_is_new then 'recorded' else 'repeated' end;
end;
$$;
comment on function private.record_payment_event(uuid, text, jsonb) is
'source: lookup | sweep. item: {reference, status_code, status_text, paid_on, paid_cents,
amount_cents, link, digitable_line, pix_code, pdf_url, copy (of a sweep)}. Answers recorded, repeated, orphan,
contradiction, open, registering, cancelled or ignored.';
grant execute on function private.record_payment_event(uuid, text, jsonb) to worker;
