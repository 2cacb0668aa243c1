-- To cancel an installment is to give a discount later: what stays is judged as an offer of that
-- total would be, by today's limits of the one who cancels.
create function private.remainder_facts(agreement public.agreements, installment_id uuid)
returns private.offer_facts
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_facts private.offer_facts;
    v_after bigint := (agreement.priced #>> '{totals,after,total_cents}')::bigint;
    v_kept bigint := (
        select coalesce(sum(part.amount_cents), 0)
        from public.installments as part
        where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
          and part.id <> remainder_facts.installment_id
          and part.status <> 'cancelled' and part.cancelling_reason is null
    );
begin
    v_facts.schedule := '{}';
    v_facts.parts := private.discount_parts(
        array(
            select (
                (debt.item ->> 'debt_id')::uuid, debt.position, component,
                (debt.item #>> array['before', component || '_cents'])::bigint, 0
            )::private.priced_part
            from jsonb_array_elements(agreement.priced -> 'debts')
                with ordinality as debt (item, position)
            cross join unnest(enum_range(null::public.money_component)) as component
            order by debt.position, component
        ),
        -- Of what is financed, the share that pays the debt.
        jsonb_build_object('target_total_cents', jsonb_build_object(
            'cents', private.round_ratio(v_after * v_kept::numeric, agreement.total_cents)
        ))
    );
    select sum(part.before_cents), sum(part.before_cents - part.discount_cents)
    into v_facts.before_cents, v_facts.after_cents
    from unnest(v_facts.parts) as part;
    return v_facts;
end;
$$;

-- To give an agreement another life is to offer what is left of it once more, today: less than its
-- titles owe by now is a discount, its installments have the days they are given, and it ended
-- before. `owed` and `paid_cents` are of the moment before, when the titles were owed again.
create function private.revival_facts(
    agreement public.agreements, owed private.owed_debt[], paid_cents bigint, on_date date
) returns private.offer_facts
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_facts private.offer_facts := private.offer_history(
        agreement.tenant_id,
        jsonb_build_object('client_id', agreement.client_id, 'base_on', on_date), null
    );
    v_paid bigint;
    v_asked bigint;
begin
    v_facts.generation := agreement.generation + (agreement.status = 'broken')::int;
    v_facts.broke_before := v_facts.broke_before or agreement.status = 'broken';
    select coalesce(sum(part.amount_cents), 0) - revival_facts.paid_cents,
        sum(part.paid_cents - part.late_cents)
    into v_asked, v_paid
    from public.installments as part
    where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
      and part.status <> 'cancelled' and part.cancelling_reason is null;
    -- Of what is financed, the share that pays the debt.
    v_asked := private.round_ratio(
        (agreement.priced #>> '{totals,after,total_cents}')::bigint * v_asked::numeric,
        agreement.total_cents
    );
    v_facts.parts := private.priced_parts(owed);
    v_facts.before_cents := (select sum(part.before_cents) from unnest(v_facts.parts) as part);
    v_facts.parts := private.discount_parts(v_facts.parts, jsonb_build_object(
        'target_total_cents', jsonb_build_object(
            'cents', least(v_facts.before_cents, greatest(v_asked, 0))
        )
    ));
    v_facts.after_cents := (
        select sum(part.before_cents - part.discount_cents) from unnest(v_facts.parts) as part
    );
    v_facts.schedule := array(
        select (
            part.number, part.kind, part.due_on, part.effective_due_on, part.amount_cents,
            part.method
        )::private.scheduled
        from public.installments as part
        where part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
          and part.status = 'open'
        order by part.number
    );
    -- What was paid is its down payment.
    if v_paid > 0 and v_facts.schedule <> '{}' then
        v_facts.schedule := v_facts.schedule || (
            0, 'down_payment', v_facts.schedule[1].due_on, v_facts.schedule[1].due_on, v_paid, null
        )::private.scheduled;
    end if;
    return v_facts;
end;
$$;

create function private.require_allowed(
    facts private.offer_facts, tenant_id uuid, creditor_id uuid
) returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_reasons jsonb := private.offer_violations(
        facts, private.limits_of(tenant_id, creditor_id, private.member_role())
    );
begin
    if v_reasons = '[]' then
        return;
    elsif private.approving_role(facts, tenant_id, creditor_id) is null then
        raise exception 'above_every_limit' using errcode = 'PT409', detail = v_reasons::text;
    end if;
    raise exception 'approval_above_role' using errcode = 'PT403', detail = v_reasons::text;
end;
$$;

create function private.require_forgivable(agreement public.agreements, installment_id uuid)
returns void
language sql
stable
security definer
set search_path = ''
as $$
    select private.require_allowed(
        private.remainder_facts(agreement, installment_id), (agreement).tenant_id,
        (agreement).creditor_id
    )
$$;
