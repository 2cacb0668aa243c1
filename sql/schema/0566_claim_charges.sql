-- The worker's side of charges: claim, begin, settle. What to do is decided from what is (`status`)
-- and what is wanted, at the moment of claiming: create, look up, cancel, or nothing any more.

create function private.charge_action(charge public.charges) returns text
language sql
immutable
set search_path = ''
as $$
    select case
        when (charge).status = 'queued' and (charge).is_wanted then 'create'
        -- Sent, and nobody knows what became of it; or somebody asked.
        when (charge).status in ('sending', 'unknown') then 'lookup'
        when not (charge).is_wanted and (charge).status in ('registering', 'open', 'cancelling')
            then 'cancel'
        -- A question that was begun and never answered died with its worker: ask again.
        when ((charge).needs_lookup or (charge).action = 'begun lookup')
            and (charge).status <> 'queued' then 'lookup'
        -- The bank registers later, and its line is worth asking for until it is there.
        when (charge).status = 'registering' then 'lookup'
    end
$$;

create function private.claim_charges(max int, lease_seconds int)
returns table (
    charge_id uuid, tenant_id uuid, integration_id uuid, attempt int, action text,
    reference text, provider_group text, method public.charge_method, amount_cents bigint,
    due_on date, payer jsonb, terms jsonb, description text, settings jsonb
)
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Read that often without an answer, a message kills its worker: stop feeding it.
    c_max_reads constant int := 8;
    v_reads pgmq.message_record[];
    v_item record;
    v_charge public.charges;
    v_action text;
begin
    -- Read first, look up in a statement of its own: a joined read would miss what was committed
    -- after it began and drop its message.
    v_reads := array(select item from pgmq.read('charges', lease_seconds, max) as item);
    for v_item in
        select message.msg_id, message.read_ct,
            case when pg_input_is_valid(message.message ->> 'charge_id', 'uuid')
                then (message.message ->> 'charge_id')::uuid end as id
        from unnest(v_reads) as message
        order by message.msg_id
    loop
        select * into v_charge from public.charges as charge
        where charge.id = v_item.id
        for update skip locked;
        if not found then
            -- Locked by somebody who will settle it, or no charge at all.
            if not exists (select from public.charges as charge where charge.id = v_item.id) then
                perform pgmq.archive('charges', v_item.msg_id);
            end if;
            continue;
        end if;
        v_action := private.charge_action(v_charge);
        if v_charge.queue_msg_id is distinct from v_item.msg_id or v_action is null then
            perform pgmq.archive('charges', v_item.msg_id);
            continue;
        elsif v_charge.lease_until > private.now() then
            continue;
        elsif v_item.read_ct > c_max_reads then
            perform pgmq.archive('charges', v_item.msg_id);
            perform private.fail_charge(v_charge.id, 'poisoned', null);
            continue;
        elsif private.take_calls(v_charge.integration_id, 1) = 0 then
            -- The minute is used up: back after it, without counting as a read.
            perform pgmq.delete('charges', v_item.msg_id);
            update public.charges as charge
            set queue_msg_id = private.enqueue_charge(
                    charge.id, private.now() + interval '60 seconds'),
                next_attempt_at = private.now() + interval '60 seconds'
            where charge.id = v_charge.id;
            continue;
        end if;
        update public.charges as charge
        set attempt = charge.attempt + 1, action = v_action, next_attempt_at = null,
            needs_lookup = charge.needs_lookup or v_action = 'lookup',
            lease_until = private.now() + make_interval(secs => lease_seconds)
        where charge.id = v_charge.id
        returning * into v_charge;
        return query select * from private.charge_task(v_charge);
    end loop;
end;
$$;
comment on function private.claim_charges(int, int) is
'Charges to work on, leased for lease_seconds. Commit before calling the provider. action: create |
lookup | cancel. terms: {fine_percent, interest_percent}. payer: {document, name, email, phone, cep,
street, number, complement, district, city, uf}.';

create function private.charge_task(charge public.charges)
returns table (
    charge_id uuid, tenant_id uuid, integration_id uuid, attempt int, action text,
    reference text, provider_group text, method public.charge_method, amount_cents bigint,
    due_on date, payer jsonb, terms jsonb, description text, settings jsonb
)
language sql
stable
security definer
set search_path = ''
as $$
    select (charge).id, (charge).tenant_id, (charge).integration_id, (charge).attempt,
        (charge).action, (charge).reference, (charge).provider_group, (charge).method,
        (charge).amount_cents, (charge).due_on,
        private.payer_of((charge).tenant_id, (charge).client_id),
        jsonb_build_object(
            'fine_percent', policy.late_fine_percent,
            'interest_percent', policy.late_interest_percent
        ),
        format('Acordo com %s, parcela %s de %s', creditor.name, part.number,
            agreement.installments),
        integration.settings
    from public.agreements as agreement
    join public.installments as part on part.id = (charge).installment_id
    join public.creditors as creditor on creditor.id = agreement.creditor_id
    join public.agreement_policies as policy on policy.id = agreement.policy_id
    join public.integrations as integration on integration.id = (charge).integration_id
    where agreement.id = (charge).agreement_id
$$;

grant execute on function private.claim_charges(int, int) to worker;
