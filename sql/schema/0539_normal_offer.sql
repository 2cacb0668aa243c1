-- The inputs of an offer, checked and made complete: every default is written out, so that what is
-- proposed later is word for word what was simulated.
create function private.normal_down_payments(
    down_payments jsonb, down_payment_cents bigint, method public.charge_method, base_on date
) returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
declare
    -- As many as months in a year: beyond that it is no entry.
    c_max_down_payments constant int := 12;
    v_given jsonb := coalesce(nullif(down_payments, 'null'), '[]');
    v_item jsonb;
    v_normal jsonb := '[]';
begin
    if jsonb_typeof(v_given) <> 'array' then
        raise exception 'down_payment_invalid' using errcode = 'PT400', detail = 'a list is needed';
    elsif jsonb_array_length(v_given) > c_max_down_payments or down_payment_cents < 0 then
        raise exception 'down_payment_invalid' using errcode = 'PT400',
            detail = format('at most %s, and none below zero', c_max_down_payments);
    end if;
    if v_given = '[]' and down_payment_cents > 0 then
        v_given := jsonb_build_array(jsonb_build_object('amount_cents', down_payment_cents));
    end if;
    for v_item in select item from jsonb_array_elements(v_given) as item loop
        perform private.require_known_keys(v_item, array['amount_cents', 'due_on', 'method']);
        if coalesce(v_item ->> 'amount_cents', '') !~ '^[1-9][0-9]{0,14}$'
            -- Written out, so that neither `tomorrow` nor `infinity` is a day.
            or coalesce(v_item ->> 'due_on', base_on::text) !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
            or not pg_input_is_valid(coalesce(v_item ->> 'due_on', base_on::text), 'date')
            or not pg_input_is_valid(
                coalesce(v_item ->> 'method', method::text), 'public.charge_method')
        then
            raise exception 'down_payment_invalid' using errcode = 'PT400', detail = v_item::text;
        end if;
        v_normal := v_normal || jsonb_build_object(
            'amount_cents', (v_item ->> 'amount_cents')::bigint,
            'due_on', coalesce(v_item ->> 'due_on', base_on::text)::date,
            'method', coalesce(v_item ->> 'method', method::text)
        );
    end loop;
    return v_normal;
end;
$$;

create function private.normal_offer(
    tenant_id uuid, client_id uuid, debt_ids uuid[], template_id uuid, discounts jsonb,
    installments int, down_payment_cents bigint, first_due_date date, due_day int,
    due_interval public.due_interval, method public.charge_method, down_payments jsonb,
    replaces_agreement_id uuid, base_on date
) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_template public.agreement_templates;
    v_method public.charge_method := coalesce(method, 'boleto');
    v_interval public.due_interval;
    v_downs jsonb := private.normal_down_payments(
        down_payments, down_payment_cents, v_method, base_on
    );
    v_anchor date := (
        select max((down ->> 'due_on')::date) from jsonb_array_elements(v_downs) as down
    );
    v_first date := first_due_date;
begin
    if coalesce(cardinality(debt_ids), 0) = 0 then
        raise exception 'no_debts' using errcode = 'PT400', detail = 'name at least one title';
    end if;
    perform private.require_debts(tenant_id, client_id, debt_ids);
    if template_id is not null then
        select * into v_template from public.agreement_templates as known
        where known.tenant_id = normal_offer.tenant_id and known.id = normal_offer.template_id;
        if not found then
            raise exception 'template_not_found' using errcode = 'PT404',
                detail = template_id::text;
        end if;
    end if;
    -- 120 as in the templates; a due day is a day of a month.
    if coalesce(installments, 1) not between 0 and 120 or due_day not between 1 and 31
        -- No agreement begins later than ten years from now (the table's own bound of a horizon).
        or first_due_date > base_on + 3660
    then
        raise exception 'installments_invalid' using errcode = 'PT400',
            detail = 'installments 0 to 120, due_day 1 to 31, the first within ten years';
    end if;
    if first_due_date < base_on and coalesce(installments, 1) > 0 then
        raise exception 'due_date_in_past' using errcode = 'PT400',
            detail = 'no payment may be due before the day of the offer';
    end if;
    v_interval := coalesce(due_interval, v_template.due_interval, 'monthly');
    if v_first is null then
        v_first := case
            -- The first such day after today and after the last down payment.
            when due_day is not null and v_interval = 'monthly' then (
                select min(candidate.day)
                from generate_series(0, 1) as ahead
                cross join lateral (
                    select private.clamped_day(
                        (date_trunc('month', coalesce(v_anchor, base_on))
                            + make_interval(months => ahead))::date, due_day
                    ) as day
                ) as candidate
                where candidate.day > coalesce(v_anchor, base_on)
            )
            when v_anchor is null then base_on + 1
            else private.nth_due_date(v_anchor, null, v_interval, 1)
        end;
    end if;
    return jsonb_build_object(
        'client_id', client_id,
        'debt_ids', (select jsonb_agg(distinct id order by id) from unnest(debt_ids) as id),
        'template_id', template_id,
        'discounts', private.normal_discounts(case
            when v_template.id is null or discounts is not null and discounts <> 'null'
                then discounts
            else jsonb_build_object(
                'principal', v_template.principal_percent,
                'correction', v_template.correction_percent,
                'fine', v_template.fine_percent, 'interest', v_template.interest_percent,
                'collection_fee', v_template.collection_fee_percent
            )
        end),
        'installments', coalesce(installments, 1), 'down_payments', v_downs,
        'first_due_date', v_first, 'due_day', due_day, 'interval', v_interval,
        'method', v_method, 'financing_percent', coalesce(v_template.financing_percent, 0),
        'replaces_agreement_id', replaces_agreement_id, 'base_on', base_on
    );
end;
$$;
