-- The client's own page, /carteira/:cpf: everything of one document, across creditors, in one call.
create function private.client_facts(tenant_id uuid, client_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'has_phone', clients.has_phone, 'has_whatsapp', clients.has_whatsapp,
        'days_late', greatest(private.today(clients.tenant_id) - clients.oldest_due_on, 0),
        'last_contact_at', contact.last_contact_at,
        'opted_out', coalesce(
            greatest(contact.call_blocked_until, contact.whatsapp_blocked_until) > private.now(),
            false
        ),
        'assigned_to', (
            select jsonb_build_object(
                'user_id', given.user_id, 'name', private.actor_name(given.tenant_id, given.user_id),
                'since', given.assigned_at
            )
            from public.client_assignments as given
            where given.tenant_id = clients.tenant_id and given.client_id = clients.id
        ),
        'tags', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', tags.id, 'name', tags.name, 'color', tags.color
            ) order by tags.name_key), '[]')
            from public.client_tags as worn
            join public.tags on tags.tenant_id = worn.tenant_id and tags.id = worn.tag_id
            where worn.tenant_id = clients.tenant_id and worn.client_id = clients.id
        )
    )
    from public.clients
    left join private.client_contacts as contact
        on contact.tenant_id = clients.tenant_id and contact.client_id = clients.id
    where clients.tenant_id = client_facts.tenant_id and clients.id = client_facts.client_id
$$;

-- What calls and messages taught about each number. How often anybody reported a wrong contact is
-- told of the client (below): a report may name no number.
create function private.phone_health(tenant_id uuid, client_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', known.id, 'phone', known.phone, 'kind', known.kind,
            'has_whatsapp', known.has_whatsapp,
            'is_wrong', private.is_wrong_number(known.tenant_id, known.client_id, known.phone),
            'opted_out', private.is_suppressed(
                known.tenant_id, known.client_id, known.phone, 'call', private.now()
            ) or private.is_suppressed(
                known.tenant_id, known.client_id, known.phone, 'whatsapp', private.now()
            ),
            'last_reply_at', told.last_reply_at, 'last_read_at', told.last_read_at,
            'last_delivered_at', told.last_delivered_at,
            'last_failure', case when told.failed_at is not null then
                jsonb_build_object('code', told.error_code, 'at', told.failed_at) end
        ) order by known.position, known.id), '[]')
        from public.client_phones as known
        left join lateral (
            select max(message.created_at) filter (where message.direction = 'in') as last_reply_at,
                max(message.read_at) as last_read_at, max(message.delivered_at) as last_delivered_at,
                max(message.failed_at) as failed_at,
                (array_agg(message.error_code order by message.failed_at desc)
                 filter (where message.failed_at is not null))[1] as error_code
            from (
                -- What a number said two hundred messages ago says nothing of it today.
                select recent.* from public.message_logs as recent
                where recent.tenant_id = known.tenant_id and recent.client_id = known.client_id
                order by recent.created_at desc, recent.id desc
                limit 200
            ) as message
            where private.phone_match(message.phone) = private.phone_match(known.phone)
        ) as told on true
        where known.tenant_id = phone_health.tenant_id and known.client_id = phone_health.client_id
    );
end;
$$;

create function private.client_profile(document text) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_client_id uuid;
    v_card jsonb;
begin
    select clients.id into v_client_id
    from public.clients
    where clients.tenant_id = v_tenant_id
      and clients.document = regexp_replace(upper(client_profile.document), '[^0-9A-Z]', '', 'g')
      and ((select private.sees_everything()) or private.sees_client(clients.id));
    if not found then
        raise exception 'client_not_found' using errcode = 'PT404',
            detail = 'no such client in the tenant';
    end if;
    v_card := private.client_card(v_tenant_id, v_client_id);
    return v_card || jsonb_build_object(
        'client', v_card -> 'client' || private.client_facts(v_tenant_id, v_client_id),
        'totals', jsonb_build_object(
            'open_cents', v_card -> 'client' -> 'open_cents',
            'open_debts', v_card -> 'client' -> 'open_debts',
            'oldest_due_on', v_card -> 'client' -> 'oldest_due_on'
        ),
        'phones', private.phone_health(v_tenant_id, v_client_id),
        'wrong_contact', (
            select jsonb_build_object('reports', count(*), 'last_at', max(call.created_at))
            from public.call_dispositions as call
            join public.disposition_types as types
                on types.tenant_id = call.tenant_id and types.key = call.disposition_type
                and types.unworkable
            where call.tenant_id = v_tenant_id and call.client_id = v_client_id
              and not private.is_undone(call.id)
        ),
        'addresses', (
            select coalesce(jsonb_agg(
                to_jsonb(known) - 'tenant_id' - 'client_id' order by known.created_at desc, known.id
            ), '[]')
            from public.client_addresses as known
            where known.tenant_id = v_tenant_id and known.client_id = v_client_id
        ),
        'callbacks', private.client_callbacks(v_tenant_id, v_client_id),
        'contact', (
            select jsonb_build_object(
                'allowed', decision.allowed, 'next_allowed_at', decision.next_allowed_at,
                'reason', decision.reason
            )
            from private.contact_decision(
                v_tenant_id, v_client_id, 'call', private.now()
            ) as decision
        ),
        'timeline', private.client_timeline(v_client_id, null, 50)
    ) || private.client_money(v_tenant_id, v_client_id);
end;
$$;

create function public.client_profile(document text) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.client_profile(document) $$;
comment on function public.client_profile(text) is
'{client, phones, debts, creditors, open_cents, totals, wrong_contact, addresses, agreements,
payments, callbacks, contact, timeline} of a document, punctuation allowed.';

grant execute on function private.client_profile(text), public.client_profile(text)
to authenticated;
