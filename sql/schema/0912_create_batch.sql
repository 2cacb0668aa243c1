-- Before a bulk send: who would get it, who would not and why, what one would read, what it costs.
-- Then the same question once more, written down as recipients.
-- The first reason that holds, as SQL over `clients` and `contact`; null: eligible. $1 filter, $2
-- includes agreements. What may pass by itself (the hour) is no reason: such people wait.
create function private.batch_exclusion(variables text[]) returns text
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
        when clients.open_debts = 0 and not $sql$
            || private.has_agreement('private.is_living(agreement.status)')
            || $sql$ then 'nothing_owed'
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
    if sender.id is null then
        raise exception 'sender_not_found' using errcode = 'PT404', detail = 'no such sender here';
    elsif template.id is null then
        raise exception 'template_not_found' using errcode = 'PT404',
            detail = 'no such template in the tenant';
    elsif template.provider <> sender.provider then
        raise exception 'template_of_other_provider' using errcode = 'PT409',
            detail = 'the template belongs to ' || template.provider;
    elsif template.status <> 'approved' or template.header_type is not null then
        -- A header wants a file per message, which no field of a client gives.
        raise exception 'template_not_sendable' using errcode = 'PT409',
            detail = coalesce(template.header_type, template.status::text);
    elsif '' = any(template.variables) then
        raise exception 'template_unbound' using errcode = 'PT409',
            detail = 'a variable has no field';
    end if;
end;
$$;

create function private.preview_message_batch(
    selection jsonb, sender_id uuid, template_id uuid, includes_agreements boolean
) returns jsonb
language plpgsql
security definer
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
declare
    c_countable constant bigint := 50000;
    v_tenant_id uuid := private.require_role('supervisor');
    v_filter private.client_filter := private.read_selection(v_tenant_id, selection);
    v_condition text := private.client_condition(v_filter);
    v_scale double precision := private.sample_scale(v_filter, v_condition, c_countable);
    v_means record := private.require_batch_means(v_tenant_id, sender_id, template_id);
    v_template public.message_templates := v_means.template;
    v_closed text[];
    v_opens_at timestamptz;
    v_counts jsonb;
    v_example uuid;
    v_rate private.rate;
    v_eligible bigint;
    v_in_window bigint;
begin
    select array_agg(closed.uf), min(closed.opens_at) into v_closed, v_opens_at
    from private.closed_ufs(v_tenant_id, v_filter.now_at) as closed;
    execute 'select coalesce(jsonb_object_agg(counted.reason, counted.people), ''{}'')
        from (
            select told.reason, round(sum(listed.people) * $3)::bigint as people
            from (
                select excluded.reason, windowed.is_open, coalesce(
                        clients.uf, private.uf_of(($1).tenant_id, clients.id, null), ''''
                    ) = any($4) as waits,
                    count(*) as people
                from ' || private.client_source(v_scale) || '
                left join private.client_contacts as contact
                    on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
                cross join lateral (
                    select ' || private.batch_exclusion(v_template.variables) || ' as reason
                ) as excluded
                cross join lateral (
                    select exists (
                        select from public.conversations as talk
                        where talk.tenant_id = ($1).tenant_id and talk.client_id = clients.id
                          and talk.sender_id = $5
                          and talk.last_inbound_at > ($1).now_at - interval ''24 hours''
                    ) as is_open
                ) as windowed
                where ' || v_condition || '
                group by 1, 2, 3
            ) as listed
            cross join lateral (
                values
                (coalesce(listed.reason, ''eligible'')),
                (case when listed.reason is null and listed.is_open then ''in_window'' end),
                (case when listed.reason is null and listed.waits then ''waits'' end)
            ) as told (reason)
            where told.reason is not null
            group by told.reason
        ) as counted'
    into v_counts
    using v_filter, includes_agreements, coalesce(v_scale, 1), coalesce(v_closed, '{}'), sender_id;
    execute 'select clients.id from public.clients
        left join private.client_contacts as contact
            on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
        where ' || v_condition || ' and ' || private.batch_exclusion(v_template.variables)
        || ' is null limit 1'
    into v_example using v_filter, includes_agreements;
    v_eligible := coalesce((v_counts ->> 'eligible')::bigint, 0);
    v_in_window := coalesce((v_counts ->> 'in_window')::bigint, 0);
    v_rate := private.rate_of(
        v_tenant_id, v_template.provider, v_template.category, private.today(v_tenant_id)
    );
    return jsonb_build_object(
        'selected', (
            select coalesce(sum(entry.value::bigint), 0) from jsonb_each_text(v_counts) as entry
            where entry.key not in ('in_window', 'waits')
        ),
        'eligible', v_eligible,
        'is_estimate', v_scale is not null,
        'excluded', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'reason', entry.key, 'count', entry.value::bigint
            ) order by entry.value::bigint desc, entry.key), '[]')
            from jsonb_each_text(v_counts) as entry
            where entry.key not in ('eligible', 'in_window', 'waits')
        ),
        'waiting_for_hours', coalesce((v_counts ->> 'waits')::bigint, 0),
        'next_allowed_at', case when v_counts ? 'waits' then v_opens_at end,
        'example', case when v_example is not null then jsonb_build_object(
            'client_id', v_example,
            'name', (select client.name from public.clients as client where client.id = v_example)
        ) || private.preview_template(v_template.id, v_example) end,
        'cost', case when v_rate is not null then jsonb_build_object(
            'category', v_template.category, 'currency', v_rate.currency,
            'price_micros', v_rate.price_micros, 'valid_from', v_rate.valid_from,
            'is_own', v_rate.is_own, 'in_window', v_in_window,
            'is_free_in_window', v_rate.is_free_in_window,
            'total_micros', v_rate.price_micros
                * (v_eligible - case when v_rate.is_free_in_window then v_in_window else 0 end)
        ) end,
        'needs_confirmation',
            v_eligible > private.confirmation_limit(v_tenant_id)
    );
end;
$$;

create function private.create_message_batch(
    id uuid, selection jsonb, sender_id uuid, template_id uuid, name text,
    scheduled_at timestamptz, includes_agreements boolean
) returns jsonb
language plpgsql
security definer
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_filter private.client_filter := private.read_selection(v_tenant_id, selection);
    v_means record := private.require_batch_means(v_tenant_id, sender_id, template_id);
    v_template public.message_templates := v_means.template;
    v_batch public.message_batches;
    v_eligible bigint;
    v_rate private.rate;
begin
    if id is null or btrim(coalesce(name, '')) = '' or scheduled_at < private.now() then
        raise exception 'batch_invalid' using errcode = 'PT400',
            detail = 'an id, a name, and no time in the past';
    end if;
    v_rate := private.rate_of(
        v_tenant_id, v_template.provider, v_template.category, private.today(v_tenant_id)
    );
    insert into public.message_batches (
        id, tenant_id, name, sender_id, template_id, selection, includes_agreements, status,
        scheduled_at, created_by
    )
    values (
        create_message_batch.id, v_tenant_id, btrim(create_message_batch.name),
        create_message_batch.sender_id, create_message_batch.template_id,
        create_message_batch.selection, create_message_batch.includes_agreements,
        'awaiting_confirmation', create_message_batch.scheduled_at, auth.uid()
    )
    on conflict do nothing
    returning * into v_batch;
    if not found then
        select * into v_batch from public.message_batches as known
        where known.id = create_message_batch.id and known.tenant_id = v_tenant_id
          and known.created_by = auth.uid()
          and (known.selection, known.sender_id, known.template_id)
              = (create_message_batch.selection, create_message_batch.sender_id,
                 create_message_batch.template_id);
        if not found then
            raise exception 'batch_id_reused' using errcode = 'PT409',
                detail = 'this id belongs to another bulk send';
        end if;
        return jsonb_build_object('id', v_batch.id, 'status', v_batch.status, 'is_repeated', true);
    end if;

    execute 'insert into public.batch_recipients
            (tenant_id, batch_id, client_id, status, reason, not_before)
        select ($1).tenant_id, $3, clients.id,
            (case when told.reason is null then ''waiting'' else ''excluded'' end)
                ::public.recipient_status,
            told.reason, greatest(($1).now_at, coalesce($4, ($1).now_at))
        from public.clients
        left join private.client_contacts as contact
            on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
        cross join lateral (
            select ' || private.batch_exclusion(v_template.variables) || ' as reason
        ) as told
        where ' || private.client_condition(v_filter) || '
        order by clients.id'
    using v_filter, includes_agreements, v_batch.id, scheduled_at;
    v_eligible := coalesce((
        select sum(told.delta) from private.batch_deltas as told
        where told.batch_id = v_batch.id and told.key = 'recipient:waiting'
    ), 0);
    if v_eligible = 0 then
        raise exception 'batch_empty' using errcode = 'PT409',
            detail = 'nobody of the selection may get it';
    end if;
    update public.message_batches as batch
    set forecast = jsonb_build_object(
            'eligible', v_eligible, 'category', v_template.category,
            'currency', v_rate.currency, 'price_micros', v_rate.price_micros,
            'total_micros', v_rate.price_micros * v_eligible, 'valid_from', v_rate.valid_from
        ),
        last_progress_at = private.now()
    where batch.id = v_batch.id;
    if v_eligible <= private.confirmation_limit(v_tenant_id) then
        perform private.release_batch(v_batch.id);
    else
        perform private.tell_supervisors(
            v_tenant_id, 'batch_awaits_confirmation', jsonb_build_object('batch_id', v_batch.id)
        );
    end if;
    perform private.fold_batch_counts();
    select * into v_batch from public.message_batches as known where known.id = v_batch.id;
    return jsonb_build_object('id', v_batch.id, 'status', v_batch.status, 'is_repeated', false);
end;
$$;

create function public.preview_message_batch(
    selection jsonb, sender_id uuid, template_id uuid, includes_agreements boolean default false
) returns jsonb
language sql
set search_path = ''
as $$
    select private.preview_message_batch(selection, sender_id, template_id, includes_agreements)
$$;
comment on function public.preview_message_batch(jsonb, uuid, uuid, boolean) is
'Supervisor: {selected, eligible, is_estimate, excluded, waiting_for_hours, next_allowed_at,
example, cost, needs_confirmation}.';

-- Writes a row per client of the selection: may take longer than an answer for a screen.
create function public.create_message_batch(
    id uuid, selection jsonb, sender_id uuid, template_id uuid, name text,
    scheduled_at timestamptz default null, includes_agreements boolean default false
) returns jsonb
language sql
set search_path = ''
set statement_timeout = '5min'
as $$
    select private.create_message_batch(
        id, selection, sender_id, template_id, name, scheduled_at, includes_agreements
    )
$$;
comment on function public.create_message_batch(
    uuid, jsonb, uuid, uuid, text, timestamptz, boolean
) is 'Supervisor: {id, status, is_repeated}; the same id again is the same batch.';

grant execute on function
private.preview_message_batch(jsonb, uuid, uuid, boolean),
public.preview_message_batch(jsonb, uuid, uuid, boolean),
private.create_message_batch(uuid, jsonb, uuid, uuid, text, timestamptz, boolean),
public.create_message_batch(uuid, jsonb, uuid, uuid, text, timestamptz, boolean)
to authenticated;
