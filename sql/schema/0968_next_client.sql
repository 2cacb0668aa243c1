-- The next client for an operator, and why: one call, one client in service, never one for two.

-- Whether nothing forbids it: something is owed, a number is theirs, and they may be contacted now.
-- Who wrote is answered whatever they owe. The agency's caps bind what the agency begins: a
-- promised call and an answer were asked for by the debtor.
create function private.may_be_next(
    tenant_id uuid, client_id uuid, code text, closed_ufs text[]
) returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_channel public.channel := case when code = 'reply_waiting' then 'whatsapp' else 'call' end;
    v_is_asked boolean := code in ('callback_mine', 'callback_anyone', 'reply_waiting');
    v_now timestamptz := private.now();
    v_client public.clients;
begin
    select * into v_client from public.clients
    where clients.tenant_id = may_be_next.tenant_id and clients.id = may_be_next.client_id;
    -- The cheap question first: after eight at night it answers for everybody.
    if coalesce(private.uf_of(tenant_id, client_id, v_client.uf), '') = any(closed_ufs)
        or private.is_suppressed(tenant_id, client_id, null, v_channel, v_now)
    then
        return false;
    end if;
    if code <> 'reply_waiting' and (
        coalesce(v_client.debt_status not in ('open', 'in_agreement'), true)
        or not exists (
            select from public.client_phones as known
            where known.tenant_id = may_be_next.tenant_id
              and known.client_id = may_be_next.client_id
              and not private.is_wrong_number(
                  may_be_next.tenant_id, may_be_next.client_id, known.phone
              )
        )
    ) then
        return false;
    end if;
    return v_is_asked
        or (private.contact_decision(tenant_id, client_id, v_channel, v_now)).allowed;
end;
$$;

-- Takes the client into service, unless somebody else is a moment faster.
create function private.take_next(
    tenant_id uuid, client_id uuid, code text, at timestamptz, callback_id uuid, source text,
    leaving uuid
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_is_still boolean;
begin
    if not pg_try_advisory_xact_lock(
        hashtextextended('next_client:' || tenant_id || client_id, 0)
    ) then
        return null;
    end if;
    execute 'select exists (select from (' || source || ') as again)' into v_is_still
    using tenant_id, auth.uid(), private.now(), private.today(tenant_id), leaving, client_id;
    if not v_is_still
        or not (private.begin_service(client_id, null) -> 'is_mine')::boolean
    then
        return null;
    end if;
    perform private.note_offer(tenant_id, client_id);
    return jsonb_build_object(
        'client_id', client_id, 'code', code, 'at', at, 'callback_id', callback_id
    );
end;
$$;

create function private.next_client(leaving uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_now timestamptz := private.now();
    v_closed text[] := array(
        select closed.uf from private.closed_ufs(v_tenant_id, v_now) as closed
    );
    v_code text;
    v_source text;
    v_found record;
    v_taken jsonb;
begin
    foreach v_code in array array[
        'callback_mine', 'callback_anyone', 'reply_waiting', 'installment_due',
        'agreement_broken', 'oldest_contact'
    ] loop
        -- Nobody may be contacted anywhere: nobody is looked at.
        exit when cardinality(v_closed) > cardinality(private.ufs());
        v_source := private.next_source(v_code);
        for v_found in execute v_source
            using v_tenant_id, auth.uid(), v_now, private.today(v_tenant_id), leaving, null::uuid
        loop
            continue when not private.may_be_next(
                v_tenant_id, v_found.client_id, v_code, v_closed
            );
            v_taken := private.take_next(
                v_tenant_id, v_found.client_id, v_code, v_found.at, v_found.callback_id,
                v_source, leaving
            );
            if v_taken is not null then
                return v_taken;
            end if;
        end loop;
    end loop;
    return jsonb_build_object(
        'client_id', null,
        'next_callback_at', (
            select min(promised.due_at) from public.callbacks as promised
            where promised.tenant_id = v_tenant_id and promised.operator_id = auth.uid()
              and promised.status = 'scheduled' and promised.due_at > v_now
        ),
        'opens_at', (
            select min(closed.opens_at) from private.closed_ufs(v_tenant_id, v_now) as closed
            where cardinality(v_closed) > cardinality(private.ufs())
        )
    );
end;
$$;

create function public.next_client(leaving uuid default null) returns jsonb
language sql
set search_path = ''
as $$ select private.next_client(leaving) $$;
comment on function public.next_client(uuid) is
'Holds the client as begin_service does. {client_id, code: callback_mine | callback_anyone |
reply_waiting | installment_due | agreement_broken | oldest_contact, at, callback_id}; `at`: due,
written, broken or last spoken with (null: never). Nobody: {client_id: null, next_callback_at,
opens_at (while nobody may be contacted)}.';

grant execute on function private.next_client(uuid), public.next_client(uuid) to authenticated;
