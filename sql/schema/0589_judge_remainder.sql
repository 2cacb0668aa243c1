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

create function private.require_forgivable(agreement public.agreements, installment_id uuid)
returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_facts private.offer_facts := private.remainder_facts(agreement, installment_id);
    v_reasons jsonb := private.offer_violations(v_facts, private.limits_of(
        agreement.tenant_id, agreement.creditor_id, private.member_role()
    ));
begin
    if v_reasons = '[]' then
        return;
    elsif private.approving_role(
        v_facts, agreement.tenant_id, agreement.creditor_id
    ) is null then
        raise exception 'above_every_limit' using errcode = 'PT409', detail = v_reasons::text;
    end if;
    raise exception 'approval_above_role' using errcode = 'PT403', detail = v_reasons::text;
end;
$$;
