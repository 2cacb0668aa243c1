-- A disposition belongs to the call it ended, and is told to the dialer in the campaign's own
-- words. The row keeps its fixed columns: the call points at it.
create function private.end_calls(dispositions uuid[], called_since timestamptz) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_done record;
    v_call public.calls;
    v_word bigint;
begin
    for v_done in
        select done.*, kind.unworkable
        from public.call_dispositions as done
        join public.disposition_types as kind
            on kind.tenant_id = done.tenant_id and kind.key = done.disposition_type
        where done.id = any(end_calls.dispositions)
    loop
        update public.calls as call set disposition_id = v_done.id
        where call.id = (
            select open_call.id from public.calls as open_call
            where open_call.tenant_id = v_done.tenant_id
              and open_call.client_id = v_done.client_id
              and open_call.operator_id = v_done.operator_id
              and open_call.disposition_id is null and open_call.outcome_type is null
              and open_call.called_at > end_calls.called_since
            order by open_call.called_at desc limit 1
            for update
        )
        returning * into v_call;
        if found then
            v_word := private.qualification_of(
                v_call.tenant_id, v_call.campaign_id, v_done.disposition_type
            );
            perform private.qualify_call(v_call.id, v_word, v_done.notes);
        end if;
        if v_done.unworkable then
            perform private.hold_removal(v_done.id, v_done.tenant_id, v_done.client_id);
        end if;
    end loop;
end;
$$;

create function private.qualify_call(call_id uuid, qualification_id bigint, note text)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_call public.calls;
    v_can_say boolean;
    v_hold interval;
begin
    select * into v_call from public.calls as call where call.id = qualify_call.call_id;
    v_can_say := exists (
        select from vault.secrets
        where secrets.name = format('integration:%s:agent_token', v_call.integration_id)
    );
    update public.calls as call
    set qualify_status = case
            when qualify_call.qualification_id is null then 'no_mapping'
            when v_call.agent_id is null or not v_can_say then 'no_agent_token'
            else 'queued' end
    where call.id = v_call.id
    returning * into v_call;
    if v_call.qualify_status = 'queued' then
        v_hold := case when v_call.disposition_id is null then interval '0'
            else private.undo_window(v_call.tenant_id) end;
        perform private.wish_dialer_task(
            v_call.integration_id, 'qualify',
            -- Of the disposition: one taken back and made anew is told anew.
            'qualify:' || v_call.id || coalesce(':' || v_call.disposition_id, ''), null,
            v_call.id, null,
            jsonb_build_object(
                'qualification_id', qualify_call.qualification_id,
                -- The dialer's note is a line.
                'note', left(qualify_call.note, 200)
            ),
            v_hold
        );
        -- What is held is woken when it is due (0600).
        if v_hold = interval '0' then
            perform private.wake_function('3cplus-export');
        end if;
    end if;
end;
$$;

-- Nobody was found for the number, and the call still came to something: the dialer is told, and no
-- client's history is.
create function private.dispose_call(call_id uuid, disposition_type text) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_call public.calls;
    v_kind public.disposition_types;
begin
    select * into v_kind from public.disposition_types as kind
    where kind.tenant_id = v_tenant_id and kind.key = dispose_call.disposition_type
      and kind.is_active;
    if not found then
        raise exception 'disposition_type_unknown' using errcode = 'PT400',
            detail = dispose_call.disposition_type;
    elsif v_kind.is_callback or v_kind.opens_negotiation then
        raise exception 'disposition_needs_client' using errcode = 'PT409',
            detail = 'a promise and an offer are somebody''s';
    end if;
    select * into v_call from public.calls as call
    where call.tenant_id = v_tenant_id and call.id = dispose_call.call_id
      and (call.operator_id = auth.uid() or private.has_role('supervisor'))
    for update;
    if not found then
        raise exception 'call_not_found' using errcode = 'PT404',
            detail = 'no such call of the caller''s';
    elsif v_call.client_id is not null or v_call.outcome_type is not null then
        raise exception 'call_disposed' using errcode = 'PT409',
            detail = 'the call has an outcome, or a client whose history it belongs to';
    end if;
    update public.calls as call set outcome_type = v_kind.key where call.id = v_call.id;
    perform private.qualify_call(
        v_call.id, private.qualification_of(v_tenant_id, v_call.campaign_id, v_kind.key), null
    );
    select * into v_call from public.calls as call where call.id = v_call.id;
    return private.call_card(v_call);
end;
$$;

create function public.dispose_call(call_id uuid, disposition_type text) returns jsonb
language sql
set search_path = ''
as $$ select private.dispose_call(private.seen('calls', call_id), disposition_type) $$;
comment on function public.dispose_call(uuid, text) is
'A call of an unknown number; answers as my_open_calls. 400 disposition_type_unknown, 404
call_not_found, 409 call_disposed, disposition_needs_client.';

grant execute on function private.dispose_call(uuid, text), public.dispose_call(uuid, text)
to authenticated;
