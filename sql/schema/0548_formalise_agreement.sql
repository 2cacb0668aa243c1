-- Proposing and deciding: who may, once, and never on an old price.
create function private.lock_client(tenant_id uuid, client_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    -- Everything that moves a client's money queues here first, in one order: client, agreement,
    -- titles. Two tabs become one after the other.
    perform from public.clients
    where clients.tenant_id = lock_client.tenant_id and clients.id = lock_client.client_id
    for no key update;
    if not found then
        raise exception 'client_not_found' using errcode = 'PT404',
            detail = 'no client with this id in the tenant';
    end if;
end;
$$;

-- The agreement it renegotiates ends in the same transaction, before its titles are held anew.
create function private.formalise_agreement(agreement_id uuid, reason text, on_date date)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_agreement public.agreements;
    v_replaced public.agreements;
begin
    select * into v_agreement from public.agreements as agreement
    where agreement.id = formalise_agreement.agreement_id;
    select * into v_replaced from public.agreements as earlier
    where earlier.id = v_agreement.replaces_id
    for no key update;
    if private.is_living(v_replaced.status) then
        perform private.transition_agreement(
            v_replaced.id, 'replaced', 'renegotiated', on_date,
            jsonb_build_object('successor_id', v_agreement.id)
        );
    elsif v_replaced.id is not null then
        perform private.tell_agreement(
            v_replaced.id, 'renegotiated', on_date, null,
            jsonb_build_object('successor_id', v_agreement.id)
        );
    end if;
    perform private.transition_agreement(
        v_agreement.id, 'awaiting_first_payment', reason, on_date
    );
end;
$$;

create function private.refuse_obstacles(obstacles jsonb) returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
    if obstacles @> '[{"code": "debt_on_hold"}]' then
        raise exception 'debt_on_hold' using errcode = 'PT409', detail = obstacles::text;
    elsif obstacles <> '[]' then
        raise exception 'debt_prescribed' using errcode = 'PT409', detail = obstacles::text;
    end if;
end;
$$;

create function private.propose_agreement(proposal jsonb, proposal_hash text) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_role public.member_role := private.member_role();
    v_today date := private.today(v_tenant_id);
    v_known public.agreements;
    v_priced jsonb;
    v_id uuid;
begin
    perform private.require_known_keys(proposal, array[
        'client_id', 'debt_ids', 'template_id', 'discounts', 'installments', 'down_payments',
        'first_due_date', 'due_day', 'interval', 'method', 'financing_percent',
        'replaces_agreement_id', 'base_on'
    ]);
    begin
        perform private.lock_client(v_tenant_id, (proposal ->> 'client_id')::uuid);
        select * into v_known from public.agreements as agreement
        where agreement.tenant_id = v_tenant_id
          and agreement.proposal_hash = propose_agreement.proposal_hash
          and (private.is_living(agreement.status) or agreement.status = 'pending_approval');
        if found then
            return private.proposal_outcome(v_known.id, true);
        end if;
        v_priced := private.unseal(v_tenant_id, v_role, proposal, proposal_hash);
        if v_priced is null then
            return jsonb_build_object(
                'outcome', 'repriced',
                'simulation', private.reprice(v_tenant_id, v_role, proposal)
            );
        end if;
    exception when data_exception then
        raise exception 'proposal_invalid' using errcode = 'PT400', detail = sqlerrm;
    end;

    perform private.refuse_obstacles(v_priced -> 'obstacles');
    if v_priced -> 'approval_reasons' <> '[]' and v_priced ->> 'approval_role' is null then
        raise exception 'above_every_limit' using errcode = 'PT409',
            detail = (v_priced -> 'approval_reasons')::text;
    end if;
    v_id := private.insert_agreement(v_tenant_id, v_priced);
    if v_priced -> 'approval_reasons' = '[]' then
        perform private.formalise_agreement(v_id, 'within_limits', v_today);
    else
        perform private.transition_agreement(
            v_id, 'pending_approval', 'above_limits', v_today
        );
    end if;
    return private.proposal_outcome(v_id, false);
end;
$$;

create function private.proposal_outcome(agreement_id uuid, is_repeated boolean) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'outcome', case when agreement.status = 'pending_approval'
            then 'pending_approval' else 'active' end,
        'agreement_id', agreement.id, 'status', agreement.status,
        'approval_role', agreement.approval_role, 'is_repeated', is_repeated
    )
    from public.agreements as agreement
    where agreement.id = proposal_outcome.agreement_id
$$;

create function public.propose_agreement(proposal jsonb, proposal_hash text) returns jsonb
language sql
set search_path = ''
as $$ select private.propose_agreement(proposal, proposal_hash) $$;
comment on function public.propose_agreement(jsonb, text) is
'`proposal` and `proposal_hash` as simulate_agreement gave them. {outcome: active |
pending_approval, agreement_id, status, approval_role, is_repeated} or {outcome: repriced,
simulation}. PT409 debt_in_agreement, debt_prescribed, debt_on_hold, above_every_limit.';

-- Locked in the common order, or PT404.
create function private.agreement_for_change(tenant_id uuid, agreement_id uuid)
returns public.agreements
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_agreement public.agreements;
begin
    select * into v_agreement from public.agreements as agreement
    where agreement.tenant_id = agreement_for_change.tenant_id
      and agreement.id = agreement_for_change.agreement_id;
    if not found then
        raise exception 'agreement_not_found' using errcode = 'PT404',
            detail = 'no agreement with this id in the tenant';
    end if;
    perform private.lock_client(tenant_id, v_agreement.client_id);
    select * into v_agreement from public.agreements as agreement
    where agreement.id = v_agreement.id
    for no key update;
    return v_agreement;
end;
$$;

grant execute on function
private.propose_agreement(jsonb, text), public.propose_agreement(jsonb, text)
to authenticated;
