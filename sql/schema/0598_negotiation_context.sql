-- Everything the negotiation panel needs when it opens, in one call: what is owed and why, what may
-- be offered by whom, what is agreed already, and what was being typed last time.
create function private.negotiation_offers(
    tenant_id uuid, role public.member_role, client_id uuid, on_date date
) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_creditor record;
    v_offers jsonb := '[]';
    v_owed private.owed_debt[];
begin
    -- One agreement has one creditor, so each has its own limits, templates and best offer.
    for v_creditor in
        select debts.creditor_id, creditors.name, array_agg(debts.id) as debt_ids
        from public.debts
        join public.creditors
            on creditors.tenant_id = debts.tenant_id and creditors.id = debts.creditor_id
        where debts.tenant_id = negotiation_offers.tenant_id
          and debts.client_id = negotiation_offers.client_id and debts.status = 'open'
          and ((select private.sees_everything()) or private.sees_creditor(debts.creditor_id))
        group by debts.creditor_id, creditors.name
        order by creditors.name
    loop
        v_owed := array(
            select title
            from private.owed(tenant_id, client_id, on_date, v_creditor.debt_ids) as title
        );
        v_offers := v_offers || jsonb_build_object(
            'creditor', jsonb_build_object('id', v_creditor.creditor_id, 'name', v_creditor.name),
            'debt_ids', to_jsonb(v_creditor.debt_ids),
            'limits', to_jsonb(private.limits_of(tenant_id, v_creditor.creditor_id, role))
                - 'tenant_id' - 'id' - 'updated_at' - 'creditor_id',
            'validity_days', (private.agreement_policy(
                tenant_id, v_creditor.creditor_id)).offer_validity_days,
            'templates', (
                select coalesce(jsonb_agg(to_jsonb(template) - 'tenant_id' - 'created_at'
                    || jsonb_build_object('is_applicable',
                        private.is_template_applicable(template, v_owed))
                    order by template.position, template.name), '[]')
                from public.agreement_templates as template
                where template.tenant_id = negotiation_offers.tenant_id and template.is_active
                  and (template.creditor_id is null
                      or template.creditor_id = v_creditor.creditor_id)
            ),
            'best', private.best_offer(tenant_id, role, jsonb_build_object(
                'client_id', client_id, 'debt_ids', to_jsonb(v_creditor.debt_ids),
                'base_on', on_date
            ))
        );
    end loop;
    return v_offers;
end;
$$;

-- {agreements, payments} of a client, for whatever screen shows the person.
create function private.client_money(tenant_id uuid, client_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'agreements', (
            select coalesce(jsonb_agg(private.agreement_row(agreement)
                order by agreement.created_at desc), '[]')
            from (
                select * from public.agreements as known
                where known.tenant_id = client_money.tenant_id
                  and known.client_id = client_money.client_id
                  and (
                      (select private.sees_everything())
                      or private.sees_creditor(known.creditor_id)
                  )
                order by known.created_at desc
                -- The living one and what came before it; the rest is in /acordos.
                limit 20
            ) as agreement
        ),
        'payments', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', received.id, 'amount_cents', received.amount_cents,
                'paid_on', received.paid_on, 'provider', received.provider,
                'method', received.method, 'is_reversed', exists (
                    select from public.payment_reversals as reversal
                    where reversal.tenant_id = received.tenant_id
                      and reversal.payment_id = received.id
                )
            ) order by received.paid_on desc, received.id), '[]')
            from (
                select * from public.payments as known
                where known.tenant_id = client_money.tenant_id
                  and known.client_id = client_money.client_id
                  and ((select private.sees_everything()) or private.sees_payment(known))
                order by known.paid_on desc, known.id
                limit 100
            ) as received
        )
    )
$$;

create function private.negotiation_context(client_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_role public.member_role := private.member_role();
    v_today date := private.today(v_tenant_id);
begin
    perform private.require_debts(v_tenant_id, client_id, null);
    return jsonb_build_object(
        'on_date', v_today, 'role', v_role,
        'statement', private.statement(
            v_tenant_id, client_id, v_today, private.debts_in_scope(client_id)
        ),
        'offers', private.negotiation_offers(v_tenant_id, v_role, client_id, v_today),
        'payer', private.payer_of(v_tenant_id, client_id) - 'document' - 'name',
        'methods', (
            select to_jsonb(string_to_array(
                coalesce(integration.settings ->> 'methods', 'boleto'), ','))
            from public.integrations as integration
            where integration.tenant_id = v_tenant_id and integration.provider = 'negociarie'
              and integration.is_active
        ),
        'draft', (
            select draft.content from public.negotiation_drafts as draft
            where draft.tenant_id = v_tenant_id
              and draft.client_id = negotiation_context.client_id
              and draft.user_id = auth.uid()
        )
    ) || private.client_money(v_tenant_id, client_id);
end;
$$;

create function public.negotiation_context(client_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.negotiation_context(private.seen('clients', client_id)) $$;
comment on function public.negotiation_context(uuid) is
'{on_date, role, statement, offers: [{creditor, debt_ids, limits, validity_days, templates, best}],
agreements, payments, payer, methods | null, draft | null}. PT404 client_not_found.';

grant execute on function
private.negotiation_context(uuid), public.negotiation_context(uuid)
to authenticated;
