-- Before a bulk send: who would get it, who would not and why, who has to wait for the hour, what
-- some of them would read, what it costs and who must confirm.
--
-- The first reason that holds, as SQL over `clients` and `contact`; null: eligible. $1 filter, $2
-- includes agreements. What may pass by itself (the hour) is no reason: such people wait. Who is
-- limited to creditors (`scope`) asks what is owed to those.
create function private.batch_exclusion(variables text[], scope uuid[]) returns text
language sql
immutable
set search_path = ''
as $$
    select $sql$case
        when contact.whatsapp_blocked_until > ($1).now_at and not exists (
            select from public.client_phones as phones
            where phones.tenant_id = ($1).tenant_id and phones.client_id = clients.id
              and not private.is_suppressed(
                  ($1).tenant_id, clients.id, phones.phone, 'whatsapp', ($1).now_at
              )
        ) then 'opted_out'
        when not $2 and $sql$ || private.has_agreement('private.is_kept(agreement.status)')
            || $sql$ then 'agreement_running'
        when $sql$ || case when batch_exclusion.scope is null
            then 'clients.open_debts = 0 and not '
                || private.has_agreement('private.is_living(agreement.status)')
            else format(
                'not (private.owed_in_scope(($1).tenant_id, clients.id, %L::uuid[])).is_owing',
                batch_exclusion.scope
            ) end || $sql$ then 'nothing_owed'
        when not clients.has_phone then 'no_phone'
        when clients.has_whatsapp is false or not exists (
            select from public.client_phones as mobiles
            where mobiles.tenant_id = ($1).tenant_id and mobiles.client_id = clients.id
              and mobiles.kind = 'mobile' and mobiles.has_whatsapp is not false
        ) then 'no_whatsapp'
        when $sql$ || coalesce((
            select string_agg(case
                when named.variable = '' then 'true'
                when named.variable like 'client.extra.%' then format(
                    'coalesce(btrim(clients.extra ->> %L), '''') = ''''',
                    substr(named.variable, length('client.extra.') + 1)
                )
                when named.variable in ('client.name', 'client.first_name')
                    then 'btrim(clients.name) = '''''
                when named.variable in ('client.oldest_due_on', 'creditor.name')
                    and batch_exclusion.scope is not null then format(
                        '(private.open_in_scope(($1).tenant_id, clients.id, %L::uuid[])).debts = 0',
                        batch_exclusion.scope
                    )
                when named.variable = 'client.oldest_due_on' then 'clients.oldest_due_on is null'
                when named.variable = 'creditor.name' then 'clients.open_debts = 0'
                else 'false'
            end, ' or ')
            from unnest(batch_exclusion.variables) as named (variable)
        ), 'false') || $sql$ then 'variable_missing'
    end$sql$
$$;

-- Sender and template that fit each other, or the word for why not.
create function private.require_batch_means(
    tenant_id uuid, sender_id uuid, template_id uuid,
    out sender public.senders, out template public.message_templates
)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    select * into sender from public.senders as known
    where known.tenant_id = require_batch_means.tenant_id
      and known.id = require_batch_means.sender_id;
    select * into template from public.message_templates as known
    where known.tenant_id = require_batch_means.tenant_id
      and known.id = require_batch_means.template_id;
    if sender.id is null or sender.state = 'disabled' then
        raise exception 'sender_not_found' using errcode = 'PT404', detail = 'no such sender here';
    elsif template.id is null then
        raise exception 'template_not_found' using errcode = 'PT404',
            detail = 'no such template in the tenant';
    elsif template.provider <> sender.provider then
        raise exception 'template_of_other_provider' using errcode = 'PT409',
            detail = 'the template belongs to ' || template.provider;
    elsif not private.fits_sender(template, sender) then
        raise exception 'template_of_other_account' using errcode = 'PT409',
            detail = 'the template belongs to ' || template.account;
    elsif private.template_obstacle(template) = 'unbound' then
        raise exception 'template_unbound' using errcode = 'PT409',
            detail = 'a variable has no field';
    elsif private.template_obstacle(template) is not null then
        raise exception 'template_not_sendable' using errcode = 'PT409',
            detail = private.template_obstacle(template);
    elsif array_to_string(template.variables, ' ') like '%charge.%' then
        raise exception 'template_not_sendable' using errcode = 'PT409',
            detail = 'it speaks of a charge, and a bulk send brings none';
    end if;
end;
$$;

create function private.preview_message_batch(
    selection jsonb, sender_id uuid, template_id uuid, includes_agreements boolean,
    scheduled_at timestamptz
) returns jsonb
language plpgsql
security definer
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
declare
    -- Each row asks for its phones, its agreements and perhaps its attempts.
    c_countable constant bigint := 20000;
    c_examples constant int := 5;
    v_tenant_id uuid := private.require_role('supervisor');
    v_scope uuid[] := private.creditor_scope();
    v_filter private.client_filter := private.read_selection(v_tenant_id, selection);
    v_condition text := private.client_condition(v_filter);
    v_scale double precision := private.sample_scale(v_filter, v_condition, c_countable);
    v_means record := private.require_batch_means(v_tenant_id, sender_id, template_id);
    v_template public.message_templates := v_means.template;
    -- When the first message would leave: its hours and its day's price count.
    v_at timestamptz := greatest(scheduled_at, private.now());
    v_opens jsonb;
    v_groups jsonb;
    v_examples uuid[];
    v_rate private.rate;
    v_eligible bigint;
    v_in_window bigint;
begin
    select coalesce(jsonb_object_agg(closed.uf, closed.opens_at), '{}') into v_opens
    from private.closed_ufs(v_tenant_id, v_at) as closed;
    execute 'select coalesce(jsonb_agg(to_jsonb(counted)), ''[]'')
        from (
            select told.reason, told.is_open, waits.reason as wait,
                case when waits.reason = ''outside_hours'' then lives.uf end as uf,
                round(count(*) * $3)::bigint as people
            from ' || private.client_source(v_scale) || '
            left join private.client_contacts as contact
                on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
            cross join lateral (
                select excluded.reason, excluded.reason is null and exists (
                    select from public.conversations as talk
                    where talk.tenant_id = ($1).tenant_id and talk.client_id = clients.id
                      and talk.sender_id = $5
                      and talk.last_inbound_at > $7 - interval ''24 hours''
                ) as is_open
                from (
                    select ' || private.batch_exclusion(v_template.variables, v_scope) || ' as reason
                ) as excluded
            ) as told
            cross join lateral (
                select case when told.reason is null and $4 <> ''{}'' then coalesce(
                    clients.uf, private.uf_of(($1).tenant_id, clients.id, null), ''''
                ) end as uf
            ) as lives
            cross join lateral (
                select case
                    when told.reason is not null then null
                    when $6 and private.is_over_cap(
                        ($1).tenant_id, clients.id, ''whatsapp'', $7
                    ) then ''attempt_cap''
                    when $4 ? lives.uf then ''outside_hours''
                end as reason
            ) as waits
            where ' || v_condition || '
            group by 1, 2, 3, 4
        ) as counted'
    into v_groups
    using v_filter, includes_agreements, coalesce(v_scale, 1), v_opens, sender_id,
        private.has_cap(v_tenant_id, 'whatsapp'), v_at;
    execute 'select array(
            select clients.id from public.clients
            left join private.client_contacts as contact
                on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
            where ' || v_condition || ' and ' || private.batch_exclusion(v_template.variables, v_scope)
        || ' is null limit $3)'
    into v_examples using v_filter, includes_agreements, c_examples;
    select coalesce(sum(counted.people) filter (where counted.reason is null), 0),
        coalesce(sum(counted.people) filter (where counted.is_open), 0)
    into v_eligible, v_in_window
    from jsonb_to_recordset(v_groups) as counted (reason text, is_open boolean, people bigint);
    v_rate := private.rate_at(v_tenant_id, v_template.provider, v_template.category, v_at);
    return jsonb_build_object(
        'selected', (
            select coalesce(sum(counted.people), 0)
            from jsonb_to_recordset(v_groups) as counted (people bigint)
        ),
        'eligible', v_eligible,
        'is_estimate', v_scale is not null,
        'excluded', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'reason', listed.reason, 'count', listed.people
            ) order by listed.people desc, listed.reason), '[]')
            from (
                select counted.reason, sum(counted.people) as people
                from jsonb_to_recordset(v_groups) as counted (reason text, people bigint)
                where counted.reason is not null group by counted.reason
            ) as listed
        ),
        -- Eligible all the same: they get it later.
        'waits', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'reason', listed.wait, 'uf', nullif(listed.uf, ''),
                'opens_at', v_opens -> listed.uf, 'count', listed.people
            ) order by listed.people desc, listed.uf), '[]')
            from (
                select counted.wait, counted.uf, sum(counted.people) as people
                from jsonb_to_recordset(v_groups) as counted (wait text, uf text, people bigint)
                where counted.wait is not null group by counted.wait, counted.uf
            ) as listed
        ),
        'seconds', ceil(v_eligible / (0.9 * (v_means.sender).throughput_per_second)),
        'examples', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'client_id', client.id, 'name', client.name
            ) || private.preview_template(v_template.id, client.id) order by client.id), '[]')
            from public.clients as client where client.id = any(v_examples)
        ),
        'cost', private.batch_cost(v_template.category, v_rate, v_eligible, v_in_window),
        'confirmation', private.confirmation_of(
            v_tenant_id, v_eligible, private.already_sent_by(v_tenant_id, auth.uid(), v_at)
        )
    );
end;
$$;

create function private.batch_cost(
    category text, rate private.rate, eligible bigint, in_window bigint
) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select case when rate.price_micros is not null then jsonb_build_object(
        'category', batch_cost.category, 'currency', rate.currency,
        'price_micros', rate.price_micros, 'valid_from', rate.valid_from,
        'is_own', rate.is_own, 'in_window', batch_cost.in_window,
        'is_free_in_window', rate.is_free_in_window,
        'total_micros', rate.price_micros * (
            batch_cost.eligible - case when rate.is_free_in_window then batch_cost.in_window else 0 end
        )
    ) end
$$;

-- Whom this person writes to on that instant's day by bulk sends that nobody else confirmed: a
-- large send cut into small ones is still one.
create function private.already_sent_by(tenant_id uuid, author uuid, at timestamptz)
returns bigint
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(sum((batch.forecast ->> 'eligible')::bigint), 0)::bigint
    from public.message_batches as batch
    join public.tenants as tenant on tenant.id = batch.tenant_id
    where batch.tenant_id = already_sent_by.tenant_id and batch.created_by = author
      and batch.confirmed_by is null and batch.status <> 'awaiting_confirmation'
      and (batch.status <> 'cancelled' or batch.started_at is not null)
      and (greatest(batch.scheduled_at, batch.created_at) at time zone tenant.time_zone)::date
          = (already_sent_by.at at time zone tenant.time_zone)::date
$$;

-- Whether a second person is needed, and who there is.
create function private.confirmation_of(tenant_id uuid, eligible bigint, already bigint)
returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'above', policy.above, 'already', confirmation_of.already,
        'is_needed', confirmation_of.eligible + confirmation_of.already > policy.above,
        'people', (
            select coalesce(jsonb_agg(member.display_name order by member.display_name), '[]')
            from public.memberships as member
            where member.tenant_id = confirmation_of.tenant_id and member.revoked_at is null
              and member.role >= 'supervisor' and member.user_id <> (select auth.uid())
        )
    )
    from (select private.confirmation_limit(confirmation_of.tenant_id) as above) as policy
$$;

create function public.preview_message_batch(
    selection jsonb, sender_id uuid, template_id uuid, includes_agreements boolean default false,
    scheduled_at timestamptz default null
) returns jsonb
language sql
set search_path = ''
as $$
    select private.preview_message_batch(
        selection, sender_id, template_id, includes_agreements, scheduled_at
    )
$$;
comment on function public.preview_message_batch(jsonb, uuid, uuid, boolean, timestamptz) is
'Supervisor: {selected, eligible, is_estimate, excluded: [{reason, count}], waits: [{reason, uf,
opens_at, count}], seconds, examples: [{client_id, name, body, params, missing}], cost: {category,
currency, price_micros, valid_from, is_own, in_window, is_free_in_window, total_micros} | null,
confirmation: {above, already, is_needed, people}}; already: of the author''s day.';

grant execute on function
private.preview_message_batch(jsonb, uuid, uuid, boolean, timestamptz),
public.preview_message_batch(jsonb, uuid, uuid, boolean, timestamptz)
to authenticated;
