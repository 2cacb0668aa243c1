-- What an operator's page asks: their open calls, and a client for an unknown number.
create function private.call_card(call public.calls) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'id', (call).id, 'client_id', (call).client_id, 'phone', (call).phone,
        'client', (
            select client.name from public.clients as client
            where client.tenant_id = (call).tenant_id and client.id = (call).client_id
        ),
        'campaign', (call).campaign_name, 'status', (call).status, 'mode', (call).mode,
        'called_at', (call).called_at, 'connected_at', (call).connected_at,
        'ended_at', (call).ended_at, 'disposition_id', (call).disposition_id,
        'outcome_type', (call).outcome_type,
        'qualification', (call).qualification_name,
        'qualification_source', (call).qualification_source,
        'qualify_status', (call).qualify_status
    )
$$;

create function private.my_open_calls() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
begin
    -- Newest first; today's, still without an outcome, and really connected.
    return (
        select coalesce(jsonb_agg(private.call_card(call) order by call.called_at desc), '[]')
        from (
            select mine.* from public.calls as mine
            where mine.operator_id = auth.uid() and mine.tenant_id = v_tenant_id
              and mine.disposition_id is null and mine.outcome_type is null
              and mine.connected_at is not null
              and mine.called_at > private.now() - interval '12 hours'
            order by mine.called_at desc limit 5
        ) as call
    );
end;
$$;

-- The stable address the dialer may open: /atendimento?identifier=…&phone=…
create function private.find_client_for_call(identifier text, phone text) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_digits text := regexp_replace(coalesce(phone, ''), '[^0-9]', '', 'g');
    v_phone text;
    v_candidates uuid[];
    v_client_id uuid;
begin
    -- 12 or 13 digits hold the country; 10 or 11 that begin with 55 are Rio Grande do Sul's.
    v_phone := case
        when v_digits ~ '^55[0-9]{10,11}$' then '+' || v_digits
        when v_digits ~ '^[1-9][0-9]{9,10}$' then '+55' || v_digits
    end;
    v_candidates := case when v_phone is not null
        then array(select distinct private.clients_of_phone(v_tenant_id, v_phone) limit 20) end;
    v_client_id := private.client_of_call(
        v_tenant_id, left(coalesce(identifier, ''), 200), v_phone
    );
    return jsonb_build_object(
        'client_id', case when private.sees_client(v_client_id) then v_client_id end,
        'phone', v_phone,
        'candidates', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', client.id, 'name', client.name, 'document', client.document
            ) order by client.name), '[]')
            from public.clients as client
            where client.tenant_id = v_tenant_id and client.id = any(v_candidates)
              and ((select private.sees_everything()) or private.sees_client(client.id))
        )
    );
end;
$$;

-- An unknown number becomes somebody's. The number joins their phones; a call that is theirs
-- already may be moved only while nothing was said about it.
create function private.link_call(call_id uuid, client_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_call public.calls;
begin
    perform private.require_client(v_tenant_id, client_id);
    select * into v_call from public.calls as call
    where call.tenant_id = v_tenant_id and call.id = link_call.call_id
      and (call.operator_id = auth.uid() or private.has_role('supervisor'))
    for update;
    if not found then
        raise exception 'call_not_found' using errcode = 'PT404',
            detail = 'no such call of the caller''s';
    end if;
    if v_call.outcome_type is not null
        or v_call.disposition_id is not null and v_call.client_id <> link_call.client_id
    then
        raise exception 'call_disposed' using errcode = 'PT409',
            detail = 'the call already has an outcome';
    end if;
    update public.calls as call set client_id = link_call.client_id
    where call.id = v_call.id
    returning * into v_call;
    perform private.add_called_phone(v_tenant_id, link_call.client_id, v_call.phone);
    return private.call_card(v_call);
end;
$$;

create function private.add_called_phone(tenant_id uuid, client_id uuid, phone text)
returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.client_phones (tenant_id, client_id, phone, kind, position)
    select add_called_phone.tenant_id, add_called_phone.client_id, add_called_phone.phone,
        case when pg_catalog.substr(add_called_phone.phone, 6, 1) in ('2', '3', '4', '5')
            then 'landline' else 'mobile' end::public.phone_kind,
        -- After the ones that came with the portfolio.
        9
    where add_called_phone.phone is not null
    on conflict on constraint client_phones_are_unique do nothing
$$;

create function private.create_client_for_call(
    call_id uuid, document text, name text, phone text
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_document text := upper(regexp_replace(coalesce(document, ''), '[.\-/\s]', '', 'g'));
    v_client_id uuid;
begin
    if v_document !~ '^([0-9]{11}|[0-9A-Z]{12}[0-9]{2})$' then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'document';
    elsif btrim(coalesce(name, '')) = '' then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'name';
    elsif phone !~ '^\+[1-9][0-9]{7,14}$' then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'phone';
    end if;
    insert into public.clients (tenant_id, document, name)
    values (v_tenant_id, v_document, left(btrim(create_client_for_call.name), 200))
    on conflict on constraint clients_document_is_unique do nothing
    returning id into v_client_id;
    -- Known already: the call is theirs, their name stays what it is.
    v_client_id := coalesce(v_client_id, (
        select client.id from public.clients as client
        where client.tenant_id = v_tenant_id and client.document = v_document
    ));
    if call_id is not null then
        return private.link_call(call_id, v_client_id);
    end if;
    -- The dialer's link came before its call, or without one.
    perform private.add_called_phone(v_tenant_id, v_client_id, create_client_for_call.phone);
    return jsonb_build_object('id', null, 'client_id', v_client_id);
end;
$$;

create function public.my_open_calls() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.my_open_calls() $$;
comment on function public.my_open_calls() is
'[{id, client_id, client, phone, campaign, status, called_at, ended_at, …}] of the caller, newest
first: connected and without an outcome.';

create function public.find_client_for_call(identifier text default '', phone text default '')
returns jsonb
language sql
stable
set search_path = ''
as $$ select private.find_client_for_call(identifier, phone) $$;
comment on function public.find_client_for_call(text, text) is
'{client_id, phone, candidates: [{id, name, document}]}; client_id null when nobody or several.';

create function public.link_call(call_id uuid, client_id uuid) returns jsonb
language sql
set search_path = ''
as $$
    select private.link_call(
        private.seen('calls', call_id), private.seen('clients', client_id)
    )
$$;
comment on function public.link_call(uuid, uuid) is
'Answers as my_open_calls. 404 call_not_found, client_not_found, 409 call_disposed.';

create function public.create_client_for_call(
    call_id uuid, document text, name text, phone text default null
) returns jsonb
language sql
set search_path = ''
as $$ select private.create_client_for_call(call_id, document, name, phone) $$;
comment on function public.create_client_for_call(uuid, text, text, text) is
'Answers as my_open_calls; without a call {id: null, client_id}. 400 field_invalid.';

grant execute on function
private.my_open_calls(), public.my_open_calls(),
private.find_client_for_call(text, text), public.find_client_for_call(text, text),
private.link_call(uuid, uuid), public.link_call(uuid, uuid),
private.create_client_for_call(uuid, text, text, text),
public.create_client_for_call(uuid, text, text, text)
to authenticated;
