-- How one payment covers one title or installment: component after component in the policy's order,
-- and where that leaves it.
create type private.paid_parts as (
    principal_cents bigint,
    correction_cents bigint,
    fine_cents bigint,
    interest_cents bigint,
    collection_fee_cents bigint,
    total_cents bigint
);

create function private.pay_position(
    item private.ledger_state, owed private.accrual, amount_cents bigint,
    allocation_order public.money_component[],
    out parts private.paid_parts, out after private.ledger_state
)
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_left bigint := greatest(amount_cents, 0);
    v_component public.money_component;
    v_part bigint;
begin
    parts := (0, 0, 0, 0, 0, 0);
    foreach v_component in array allocation_order loop
        v_part := least(v_left, case v_component
            when 'principal' then owed.principal_cents
            when 'correction' then owed.correction_cents
            when 'fine' then owed.fine_cents
            when 'interest' then owed.interest_cents
            else owed.collection_fee_cents
        end);
        v_left := v_left - v_part;
        case v_component
            when 'principal' then parts.principal_cents := v_part;
            when 'correction' then parts.correction_cents := v_part;
            when 'fine' then parts.fine_cents := v_part;
            when 'interest' then parts.interest_cents := v_part;
            else parts.collection_fee_cents := v_part;
        end case;
        parts.total_cents := parts.total_cents + v_part;
    end loop;

    after := item;
    if parts.principal_cents = 0 then
        -- The principal runs on unchanged: its charges stay one sum, rounded once.
        after.paid_correction := item.paid_correction + parts.correction_cents;
        after.paid_fine := item.paid_fine + parts.fine_cents;
        after.paid_interest := item.paid_interest + parts.interest_cents;
        after.paid_collection_fee := item.paid_collection_fee + parts.collection_fee_cents;
    else
        after := (
            item.principal_cents - parts.principal_cents,
            -- Paid in time or in grace: the rest still counts from its due date.
            case when owed.is_charged then owed.on_date else item.base_on end,
            item.is_overdue or owed.is_charged,
            owed.correction_cents - parts.correction_cents,
            owed.fine_cents - parts.fine_cents,
            owed.interest_cents - parts.interest_cents,
            owed.collection_fee_cents - parts.collection_fee_cents,
            0, 0, 0, 0
        )::private.ledger_state;
    end if;
end;
$$;
