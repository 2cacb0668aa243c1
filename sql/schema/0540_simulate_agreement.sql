-- One offer, priced: what the panel previews and what a proposal is checked against. Everything is
-- computed from the offer's own words and its base day, so that the same words on the same day give
-- the same cents.

-- Seals are made with a key nobody outside the database has: a browser can neither invent a price
-- of yesterday nor stretch its validity.
create table private.proposal_key (
    is_only boolean primary key default true,
    secret bytea not null default extensions.gen_random_bytes(32),
    constraint proposal_key_has_one_row check (is_only)
);
alter table private.proposal_key enable row level security;
alter table private.proposal_key force row level security;
insert into private.proposal_key default values on conflict do nothing;

-- Over money and dates alone, whoever else edits a note or a method.
create function private.seal_offer(tenant_id uuid, priced jsonb) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select pg_catalog.encode(extensions.hmac(
        pg_catalog.convert_to(pg_catalog.jsonb_build_object(
            'tenant_id', tenant_id, 'client_id', priced #> '{proposal,client_id}',
            'base_on', priced -> 'base_on', 'valid_until', priced -> 'valid_until',
            'total_cents', priced -> 'total_cents', 'original_cents', priced -> 'original_cents',
            'debts', (
                select pg_catalog.jsonb_agg(
                    debt - 'contract' - 'installment' order by debt ->> 'debt_id'
                )
                from pg_catalog.jsonb_array_elements(priced -> 'debts') as debt
            ),
            'schedule', (
                select pg_catalog.jsonb_agg(planned - 'method' order by planned -> 'number')
                from pg_catalog.jsonb_array_elements(priced -> 'schedule') as planned
            )
        )::text, 'UTF8'),
        proposal_key.secret, 'sha256'
    ), 'hex')
    from private.proposal_key
$$;

-- The titles of an offer, or why they cannot be in one.
create function private.offer_debts(tenant_id uuid, offer jsonb) returns private.owed_debt[]
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_owed private.owed_debt[] := array(
        select title
        from private.owed(
            tenant_id, (offer ->> 'client_id')::uuid, (offer ->> 'base_on')::date,
            array(select jsonb_array_elements_text(offer -> 'debt_ids')::uuid)
        ) as title
    );
    v_debt public.debts;
    v_holder uuid;
begin
    if (select count(distinct (title.debt).creditor_id) from unnest(v_owed) as title) > 1 then
        raise exception 'debts_of_several_creditors' using errcode = 'PT409',
            detail = 'an agreement has one creditor; make one for each';
    end if;
    for v_debt in select (title.debt).* from unnest(v_owed) as title loop
        if v_debt.status in ('settled', 'returned') then
            raise exception 'debt_closed' using errcode = 'PT409', detail = v_debt.id::text;
        end if;
        select held.agreement_id into v_holder
        from public.agreement_debts as held
        where held.tenant_id = offer_debts.tenant_id and held.debt_id = v_debt.id and held.is_live;
        if found and v_holder is distinct from (offer ->> 'replaces_agreement_id')::uuid then
            raise exception 'debt_in_agreement' using errcode = 'PT409', detail = v_debt.id::text;
        end if;
    end loop;
    return v_owed;
end;
$$;

-- The agreement an offer follows: the one it replaces, else the last that broke over its titles.
create function private.offer_predecessor(tenant_id uuid, offer jsonb) returns public.agreements
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_agreement public.agreements;
begin
    if offer_predecessor.offer ->> 'replaces_agreement_id' is not null then
        select * into v_agreement from public.agreements as earlier
        where earlier.tenant_id = offer_predecessor.tenant_id
          and earlier.id = (offer_predecessor.offer ->> 'replaces_agreement_id')::uuid
          and earlier.client_id = (offer_predecessor.offer ->> 'client_id')::uuid;
        if not found then
            raise exception 'agreement_not_found' using errcode = 'PT404',
                detail = offer_predecessor.offer ->> 'replaces_agreement_id';
        elsif v_agreement.status not in (
            'awaiting_first_payment', 'active', 'overdue', 'broken_provisionally', 'broken',
            'lapsed'
        ) then
            raise exception 'agreement_not_replaceable' using errcode = 'PT409',
                detail = v_agreement.status::text;
        -- What is paid for the old one later goes to the new one: never to another creditor's.
        elsif exists (
            select from public.debts
            where debts.tenant_id = offer_predecessor.tenant_id
              and offer_predecessor.offer -> 'debt_ids' ? debts.id::text
              and debts.client_id = v_agreement.client_id
              and debts.creditor_id <> v_agreement.creditor_id
        ) then
            raise exception 'agreement_not_replaceable' using errcode = 'PT409',
                detail = 'another creditor';
        end if;
    else
        select earlier.* into v_agreement
        from public.agreements as earlier
        where earlier.tenant_id = offer_predecessor.tenant_id
          and earlier.client_id = (offer_predecessor.offer ->> 'client_id')::uuid
          and earlier.status = 'broken'
          and exists (
              select from public.agreement_debts as held
              where held.agreement_id = earlier.id
                and offer_predecessor.offer -> 'debt_ids' ? held.debt_id::text
          )
        order by earlier.closed_at desc, earlier.id
        limit 1;
    end if;
    return v_agreement;
end;
$$;

create function private.is_template_applicable(
    template public.agreement_templates, owed private.owed_debt[]
) returns boolean
language sql
immutable
set search_path = ''
as $$
    select template.is_active and bool_and(
        template.creditor_id is null or template.creditor_id = (title.debt).creditor_id
    ) and max((title.accrual).days_late) between template.aging_from_days
        and coalesce(template.aging_to_days, 100000)
    from unnest(owed) as title
$$;
