-- Why a day's rule has nothing to say to a client any more, and why a rule may not send a template.
--
-- A title's ruler and an installment's never speak to the same person: who has an agreement hears
-- of its installments alone.
create function private.has_living_agreement(tenant_id uuid, client_id uuid) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.agreements as agreement
        where agreement.tenant_id = has_living_agreement.tenant_id
          and agreement.client_id = has_living_agreement.client_id
          and private.is_living(agreement.status)
    )
$$;

create function private.day_obstacle(
    rule public.collection_rules, target_id uuid, client public.clients, on_date date,
    -- Of the agency; null in a dry run, whose days may all be past.
    today date
) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(case (rule).trigger
        when 'debt_due' then case
            when (client).open_debts = 0 then 'nothing_owed'
            when private.has_living_agreement((client).tenant_id, (client).id)
                then 'agreement_running'
            when (client).oldest_due_on <> on_date - (rule).day_offset then 'day_passed'
        end
        when 'installment_due' then (
            select case
                when part.status is distinct from 'open' or not private.is_living(agreement.status)
                    then 'installment_ended'
                when part.effective_due_on <> on_date - (rule).day_offset then 'day_passed'
            end
            from (select) as asked
            left join public.installments as part on part.id = day_obstacle.target_id
            left join public.agreements as agreement on agreement.id = part.agreement_id
        )
    end, case
        -- "It falls due tomorrow" is not said of what is late by now.
        when (rule).day_offset < 0 and on_date - (rule).day_offset < today then 'day_passed'
    end)
$$;

-- Null: its words may be sent by a rule.
create function private.template_obstacle_of_rule(template public.message_templates)
returns text
language sql
stable
set search_path = ''
as $$
    select case
        when (template).id is null then 'template_missing'
        when private.template_obstacle(template) in ('not_approved', 'gone')
            then 'template_not_approved'
        when private.template_obstacle(template) = 'unbound' then 'template_unbound'
        when private.template_obstacle(template) is not null then 'template_not_sendable'
        -- It speaks of a charge, and a rule's message brings none: that is create_charge's.
        when exists (
            select from unnest((template).variables) as variable
            where variable like 'charge.%'
        ) then 'template_needs_charge'
    end
$$;
