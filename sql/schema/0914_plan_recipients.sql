-- What to do with each due recipient, asked at the last moment before sending: does anybody forbid
-- it, is something still owed, is there a number, is every variable known, is it too much, is it a
-- lawful hour where the person lives, did we write to the number this very moment.
create type private.recipient_plan as (
    client_id uuid,
    -- send | skip | postpone
    verdict text,
    reason text,
    not_before timestamptz,
    phone text,
    params text [],
    price_micros bigint,
    conversation_id uuid,
    -- When the hours end where the person lives: what was claimed is not begun after it.
    closes_at timestamptz
);

create function private.plan_recipients(batch_id uuid, client_ids uuid[])
returns setof private.recipient_plan
language sql
stable
security definer
set search_path = ''
as $$
    with batch as materialized (
        select known.*, template.variables, private.now() as now_at,
            private.has_cap(known.tenant_id, 'whatsapp') as has_cap,
            private.rate_of(
                known.tenant_id, template.provider, template.category,
                private.today(known.tenant_id)
            ) as rate
        from public.message_batches as known
        join public.message_templates as template on template.id = known.template_id
        where known.id = plan_recipients.batch_id
    ),
    people as materialized (
        select client.id, client.open_debts, batch.tenant_id,
            coalesce(client.uf, private.uf_of(batch.tenant_id, client.id, null)) as uf,
            contact.whatsapp_blocked_until > batch.now_at as may_be_blocked
        from batch
        join public.clients as client
            on client.tenant_id = batch.tenant_id
            and client.id = any(plan_recipients.client_ids)
        left join private.client_contacts as contact
            on contact.tenant_id = client.tenant_id and contact.client_id = client.id
    ),
    -- What the template says to all of them, in one statement.
    said as materialized (
        select known.client_id, known.params
        from batch
        cross join private.values_of_people(
            plan_recipients.client_ids, batch.variables, scope => batch.creditor_scope
        ) as known
    ),
    -- Each state's hours are looked up once.
    states as materialized (
        select place.uf, opening.opens_at, opening.closes_at
        from (select distinct people.uf from people) as place
        cross join batch
        cross join lateral (
            -- Longer than any run of holidays and Sundays; the first to come or to end.
            select min(hours.opens_at) as opens_at, min(hours.closes_at) as closes_at
            from private.contact_hours_in(batch.tenant_id, place.uf, batch.now_at, 15) as hours
            where hours.closes_at > batch.now_at
        ) as opening
    )
    select person.id,
        case
            when verdict.reason is not null then 'skip'
            when states.opens_at > batch.now_at or history.is_just_now
                or row_number() over same_phone > 1
                or history.capped_until is not null then 'postpone'
            else 'send'
        end,
        coalesce(verdict.reason, case when states.opens_at > batch.now_at then 'outside_hours'
            when history.capped_until is not null then 'attempt_cap'
            when history.is_just_now or row_number() over same_phone > 1
                then 'just_written' end),
        -- Meta takes about one message per 6 s to one person.
        greatest(states.opens_at, history.capped_until, batch.now_at + interval '6 seconds'),
        coalesce(form.phone, best.phone), filled.params,
        case when not (batch.rate).is_free_in_window
            or talk.last_inbound_at is null
            or talk.last_inbound_at <= batch.now_at - interval '24 hours'
            then (batch.rate).price_micros else 0 end,
        talk.id, states.closes_at
    from batch
    cross join people as person
    join states on states.uf is not distinct from person.uf
    left join lateral (
        select phones.phone
        from public.client_phones as phones
        where phones.tenant_id = person.tenant_id and phones.client_id = person.id
          and phones.kind = 'mobile' and phones.has_whatsapp is not false
          and (person.may_be_blocked is not true or not private.is_suppressed(
              person.tenant_id, person.id, phones.phone, 'whatsapp', batch.now_at
          ))
        order by phones.position, phones.created_at, phones.id
        limit 1
    ) as known on true
    cross join lateral (
        -- Once, however often they are named below; the same of the next two.
        select known.phone, private.phone_match(known.phone) as phone_key offset 0
    ) as best
    left join private.whatsapp_forms as form
        on form.tenant_id = person.tenant_id and form.phone_key = best.phone_key
    left join public.conversations as talk
        on talk.sender_id = batch.sender_id and talk.phone_key = best.phone_key
    left join said on said.client_id = person.id
    cross join lateral (
        -- A template without variables says the same to everybody.
        select coalesce(said.params, '{}') as params
    ) as filled
    cross join lateral (
        select
            case when batch.has_cap then private.capped_until(
                person.tenant_id, person.id, 'whatsapp', batch.now_at
            ) end as capped_until,
            exists (
                select from public.message_logs as latest
                where latest.tenant_id = person.tenant_id
                  and private.phone_match(latest.phone) = best.phone_key
                  and latest.direction = 'out' and latest.status <> 'failed'
                  and (latest.batch_id is distinct from batch.id
                      or latest.client_id is distinct from person.id)
                  -- What was put back keeps its row, and begins days later.
                  and greatest(latest.created_at, latest.sending_at)
                      > batch.now_at - interval '6 seconds'
            ) as is_just_now
        offset 0
    ) as history
    cross join lateral (
        select coalesce(bool_or(private.is_kept(agreement.status)), false) as is_kept,
            coalesce(bool_or(private.is_living(agreement.status)), false) as is_living
        from public.agreements as agreement
        where agreement.tenant_id = person.tenant_id and agreement.client_id = person.id
    ) as agreed
    cross join lateral (
        select case
            when best.phone is null and person.may_be_blocked then 'opted_out'
            when agreed.is_kept and not batch.includes_agreements then 'agreement_running'
            when case when batch.creditor_scope is null
                then person.open_debts = 0 and not agreed.is_living
                else not (private.owed_in_scope(
                    person.tenant_id, person.id, batch.creditor_scope
                )).is_owing end then 'nothing_owed'
            when best.phone is null then 'no_whatsapp'
            when array_position(filled.params, null) is not null then 'variable_missing'
            when states.opens_at is null then 'outside_hours'
        end as reason
        offset 0
    ) as verdict
    -- Two people with one telephone are not written to in one instant.
    window same_phone as (partition by best.phone_key order by person.id)
$$;
