-- "The best you may give now": the lowest total this person may offer for these titles without
-- asking anybody, by their own limits or by a template, paid at once.
create function private.best_offer(tenant_id uuid, role public.member_role, offer jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_owed private.owed_debt[] := private.offer_debts(tenant_id, offer);
    v_creditor_id uuid := (v_owed[1].debt).creditor_id;
    v_parts private.priced_part[] := private.priced_parts(v_owed);
    v_before bigint := (select sum(part.before_cents) from unnest(v_parts) as part);
begin
    -- After a break, or renegotiated too often: nothing at all without asking, nor by a template.
    if private.offer_violations(
        private.offer_history(tenant_id, offer, private.offer_predecessor(tenant_id, offer)),
        private.limits_of(tenant_id, v_creditor_id, role)
    ) @> any(array[
        '[{"code": "client_broke_before"}]', '[{"code": "renegotiation_above_limit"}]'
    ]::jsonb[]) then
        return null;
    end if;
    return (
        select jsonb_build_object(
            'source', case when candidate.template_id is null then 'limits' else 'template' end,
            'template_id', candidate.template_id, 'name', candidate.name,
            'discounts', candidate.discounts, 'total_cents', priced.after,
            'discount_cents', v_before - priced.after,
            'discount_percent', private.percent_of(v_before - priced.after, v_before)::text
        )
        from (
            select null::uuid as template_id, null::text as name, limits.total_percent,
                jsonb_build_object(
                    'principal', limits.principal_percent,
                    'correction', limits.correction_percent, 'fine', limits.fine_percent,
                    'interest', limits.interest_percent,
                    'collection_fee', limits.collection_fee_percent
                ) as discounts
            from private.limits_of(tenant_id, v_creditor_id, role) as limits
            where limits.role is not null
            union all
            select template.id, template.name, 100, jsonb_build_object(
                'principal', template.principal_percent,
                'correction', template.correction_percent, 'fine', template.fine_percent,
                'interest', template.interest_percent,
                'collection_fee', template.collection_fee_percent
            )
            from public.agreement_templates as template
            where template.tenant_id = best_offer.tenant_id
              and private.is_template_applicable(template, v_owed)
        ) as candidate
        cross join lateral (
            select greatest(
                sum(part.before_cents - part.discount_cents),
                -- A cap on the total binds however the components are cut.
                v_before - private.round_ratio(v_before * candidate.total_percent, 100)
            )::bigint as after
            from unnest(private.discount_parts(
                v_parts, private.normal_discounts(candidate.discounts)
            )) as part
        ) as priced
        order by priced.after, candidate.template_id nulls first
        limit 1
    );
end;
$$;

create function private.simulate_agreement(
    client_id uuid, debt_ids uuid[], template_id uuid, discounts jsonb, installments int,
    down_payment_cents bigint, first_due_date date, due_day int,
    due_interval public.due_interval, method public.charge_method, down_payments jsonb,
    replaces_agreement_id uuid
) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_role public.member_role := private.member_role();
    v_offer jsonb := private.normal_offer(
        v_tenant_id, client_id, debt_ids, template_id, discounts, installments,
        down_payment_cents, first_due_date, due_day, due_interval, method, down_payments,
        replaces_agreement_id, private.today(v_tenant_id)
    );
begin
    return private.price_offer(v_tenant_id, v_role, v_offer)
        || jsonb_build_object('best', private.best_offer(v_tenant_id, v_role, v_offer));
end;
$$;

create function public.simulate_agreement(
    client_id uuid, debt_ids uuid[], template_id uuid default null, discounts jsonb default null,
    installments int default 1, down_payment_cents bigint default 0,
    first_due_date date default null, due_day int default null,
    "interval" public.due_interval default null, method public.charge_method default 'boleto',
    down_payments jsonb default null, replaces_agreement_id uuid default null
) returns jsonb
language sql
stable
set search_path = ''
as $$
    select private.simulate_agreement(
        private.seen('clients', client_id), private.seen_all('debts', debt_ids), template_id,
        discounts, installments, down_payment_cents,
        first_due_date, due_day, "interval", method, down_payments, replaces_agreement_id
    )
$$;
comment on function public.simulate_agreement(
    uuid, uuid[], uuid, jsonb, int, bigint, date, int, public.due_interval,
    public.charge_method, jsonb, uuid
) is
'{proposal, proposal_hash, base_on, valid_until, debts, totals, original_cents, discount_cents,
financing_cents, total_cents, discount_percent, schedule, approval_reasons, approval_role,
obstacles, is_allowed, warnings, best}. Writes nothing.';

grant execute on function
private.simulate_agreement(
    uuid, uuid[], uuid, jsonb, int, bigint, date, int, public.due_interval,
    public.charge_method, jsonb, uuid
),
public.simulate_agreement(
    uuid, uuid[], uuid, jsonb, int, bigint, date, int, public.due_interval,
    public.charge_method, jsonb, uuid
)
to authenticated;
