-- The debt explained to the cent: every component of every title with its base, rate, days and
-- rounding (memória de cálculo). São Paulo's Lei 14.953/2013 wants original value and each addition
-- named apart, on paper, on screen or by voice: hence `text`, ready to be read aloud.
create function private.percent_text(percent numeric) returns text
language sql
immutable
strict
set search_path = ''
as $$
    select pg_catalog.replace(pg_catalog.trim_scale(percent)::text, '.', ',') || '%'
$$;

create function private.day_text(day date) returns text
language sql
immutable
strict
set search_path = ''
as $$
    select pg_catalog.to_char(day, 'DD/MM/YYYY')
$$;

-- One line of the memória: exact value before rounding with eight decimals of a cent's hundredth.
create function private.statement_line(
    component public.money_component, base_cents numeric, exact numeric, accrued bigint,
    carried bigint, paid bigint, detail jsonb
) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select detail || pg_catalog.jsonb_build_object(
        'component', component, 'base_cents', base_cents,
        'exact_cents', pg_catalog.trim_scale(pg_catalog.round(exact, 8))::text,
        'rounding', 'half_up', 'accrued_cents', accrued,
        -- Left unpaid before the last payment that lowered the principal, and paid since.
        'carried_cents', carried, 'paid_cents', paid,
        'result_cents', greatest(carried + accrued - paid, 0)
    )
$$;

create function private.statement_lines(owed private.owed_debt) returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
declare
    p public.charge_policies := owed.policy;
    i private.ledger_state := owed.item;
    a private.accrual := owed.accrual;
    v_fine_base bigint := a.principal_cents
        + case when p.is_fine_on_corrected then a.new_correction else 0 end;
    v_fee_base bigint := a.new_correction + a.new_fine + a.new_interest
        + case when i.is_overdue then 0 else a.principal_cents end;
    v_lines jsonb := jsonb_build_array(private.statement_line(
        'principal', (owed.debt).principal_cents, a.principal_cents, a.principal_cents, 0, 0,
        jsonb_build_object(
            'abated_cents', (owed.debt).principal_cents - a.principal_cents
        )
    ));
begin
    if p.index_name is not null then
        v_lines := v_lines || private.statement_line(
            'correction', a.principal_cents,
            greatest(a.principal_cents * (a.index_numerator - a.index_denominator), 0)
                / a.index_denominator,
            a.new_correction, i.frozen_correction, i.paid_correction,
            jsonb_build_object(
                'index', p.index_name, 'since', a.counted_since, 'until', a.on_date,
                'factor', round(a.index_numerator / a.index_denominator, 10)::text,
                'is_provisional', a.is_provisional
            )
        );
    end if;
    if p.fine_percent > 0 or i.frozen_fine > 0 then
        v_lines := v_lines || private.statement_line(
            'fine', v_fine_base,
            case when a.new_fine > 0 then v_fine_base * p.fine_percent / 100 else 0 end,
            a.new_fine, i.frozen_fine, i.paid_fine,
            jsonb_build_object('percent', p.fine_percent::text)
        );
    end if;
    if p.interest_percent > 0 or i.frozen_interest > 0 then
        v_lines := v_lines || private.statement_line(
            'interest', a.principal_cents + a.new_correction,
            (a.principal_cents + a.new_correction) * p.interest_percent * a.units
                / (100 * a.units_per_month),
            a.new_interest, i.frozen_interest, i.paid_interest,
            jsonb_build_object(
                'percent_per_month', p.interest_percent::text, 'rule', p.interest_rule,
                'since', a.counted_since, 'until', a.on_date,
                'days', case when a.is_charged then a.on_date - a.counted_since else 0 end
            )
        );
    end if;
    if p.collection_fee_percent > 0 or i.frozen_collection_fee > 0 then
        v_lines := v_lines || private.statement_line(
            'collection_fee', v_fee_base,
            case when a.is_charged then v_fee_base * p.collection_fee_percent / 100 else 0 end,
            a.new_collection_fee, i.frozen_collection_fee, i.paid_collection_fee,
            jsonb_build_object('percent', p.collection_fee_percent::text)
        );
    end if;
    return v_lines;
end;
$$;

-- As an operator reads it to the debtor.
create function private.statement_sentence(owed private.owed_debt) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
    a private.accrual := owed.accrual;
    p public.charge_policies := owed.policy;
begin
    return concat_ws(' ',
        format('Contrato %s, parcela %s: valor original de %s, com vencimento em %s',
            (owed.debt).contract, (owed.debt).installment,
            private.brl((owed.debt).principal_cents), private.day_text(a.due_on))
        || case
            when a.days_late = 0 then '.'
            when a.days_late = 1 then ', 1 dia de atraso.'
            else format(', %s dias de atraso.', a.days_late)
        end,
        case when a.principal_cents <> (owed.debt).principal_cents then
            format('Saldo do principal: %s.', private.brl(a.principal_cents)) end,
        case when a.correction_cents > 0 then
            format('Correção monetária pelo %s: %s.',
                case p.index_name when 'ipca' then 'IPCA' when 'inpc' then 'INPC' else 'IGP-M' end,
                private.brl(a.correction_cents)) end,
        case when a.fine_cents > 0 then format('Multa de %s: %s.',
            private.percent_text(p.fine_percent), private.brl(a.fine_cents)) end,
        case when a.interest_cents > 0 then format('Juros de mora de %s ao mês: %s.',
            private.percent_text(p.interest_percent), private.brl(a.interest_cents)) end,
        case when a.collection_fee_cents > 0 then format('Honorários de cobrança de %s: %s.',
            private.percent_text(p.collection_fee_percent),
            private.brl(a.collection_fee_cents)) end,
        format('Total em %s: %s.', private.day_text(a.on_date), private.brl(a.total_cents))
    );
end;
$$;
