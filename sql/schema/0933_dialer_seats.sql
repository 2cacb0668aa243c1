-- What the seats and words of 0932 are for: who may act at the dialer, on which number, and the
-- panel that assigns them.

-- The caller's own seat, for click-to-call and pauses.
create function private.dialer_seat()
returns table (integration_id uuid, settings jsonb, agent_id bigint, extension text)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
begin
    return query
    select integration.id, integration.settings, seat.agent_id, seat.extension
    from public.integrations as integration
    join public.dialer_agents as seat
        on seat.tenant_id = integration.tenant_id and seat.user_id = auth.uid()
    where integration.tenant_id = v_tenant_id and integration.provider = 'threecplus'
      and integration.is_active;
    if not found then
        raise exception 'dialer_seat_missing' using errcode = 'PT409',
            detail = 'no agent of a connected dialer is mapped to the caller';
    end if;
end;
$$;
comment on function private.dialer_seat() is 'PT409 dialer_seat_missing.';
grant execute on function private.dialer_seat() to authenticated;

-- A number is dialled by hand under the same law as by the machine. The client is whom the operator
-- has on the screen; of a number alone, everybody who has it is asked.
create function private.require_callable(phone text, client_id text default null) returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_client_id uuid;
    v_asked uuid;
    v_decision record;
begin
    if phone is null or phone !~ '^\+[1-9][0-9]{7,14}$' then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'phone';
    end if;
    if client_id is not null then
        -- What is no id is nobody's. Not one CASE: planning it would already read the text.
        if pg_input_is_valid(client_id, 'uuid') then
            v_client_id := client_id::uuid;
        end if;
        perform private.require_client(v_tenant_id, v_client_id);
    end if;
    foreach v_asked in array case
        when client_id is not null then array[v_client_id]
        else array(select distinct private.clients_of_phone(v_tenant_id, phone)) || null::uuid
    end loop
        if private.is_suppressed(v_tenant_id, v_asked, phone, 'call', private.now()) then
            raise exception 'client_suppressed' using errcode = 'PT409',
                detail = 'this number must not be called';
        end if;
        if v_asked is not null then
            select * into v_decision from private.contact_decision(
                v_tenant_id, v_asked, 'call', private.now()
            ) as decision;
            if not v_decision.allowed then
                raise exception 'contact_not_allowed' using errcode = 'PT409',
                    detail = v_decision.reason;
            end if;
        elsif not private.is_open_for_number(v_tenant_id, phone) then
            raise exception 'contact_not_allowed' using errcode = 'PT409',
                detail = 'outside_hours';
        end if;
    end loop;
end;
$$;
comment on function private.require_callable(text, text) is
'PT409 client_suppressed, contact_not_allowed (detail: the reason), PT404 client_not_found.';
grant execute on function private.require_callable(text, text) to authenticated;

-- Of a number, the state of its area code; what nobody knows has the default hours.
create function private.is_open_for_number(tenant_id uuid, phone text) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from private.contact_hours_in(
            is_open_for_number.tenant_id,
            (
                select plan.uf from private.area_codes as plan
                where is_open_for_number.phone like '+55%'
                  and plan.area_code = pg_catalog.substr(is_open_for_number.phone, 4, 2)
            ),
            private.now(), 1
        ) as hours
        where hours.opens_at <= private.now() and hours.closes_at > private.now()
    )
$$;

-- The panel's two saves, whole or not at all. Invokers: the policies above decide.
create function public.save_dialer_agent(
    agent_id bigint, user_id uuid, agent_name text default null, extension text default null
) returns void
language plpgsql
set search_path = ''
as $$
begin
    perform private.require_role('admin');
    delete from public.dialer_agents as seat
    where seat.tenant_id = private.tenant_id()
      and (seat.agent_id = save_dialer_agent.agent_id or seat.user_id = save_dialer_agent.user_id);
    if save_dialer_agent.user_id is not null then
        insert into public.dialer_agents (agent_id, user_id, agent_name, extension)
        values (
            save_dialer_agent.agent_id, save_dialer_agent.user_id,
            left(save_dialer_agent.agent_name, 200), nullif(save_dialer_agent.extension, '')
        );
    end if;
end;
$$;
comment on function public.save_dialer_agent(bigint, uuid, text, text) is
'Admin. Seats an operator at an agent, and leaves no other seat to either; user_id null: nobody.';

create function public.save_dialer_qualification(
    campaign_id bigint, disposition_type text, qualification_id bigint,
    qualification_name text default ''
) returns void
language plpgsql
set search_path = ''
as $$
begin
    perform private.require_role('admin');
    delete from public.dialer_qualifications as word
    where word.tenant_id = private.tenant_id()
      and word.campaign_id = save_dialer_qualification.campaign_id
      and word.disposition_type = save_dialer_qualification.disposition_type;
    if save_dialer_qualification.qualification_id is not null then
        insert into public.dialer_qualifications
            (campaign_id, disposition_type, qualification_id, qualification_name)
        values (
            save_dialer_qualification.campaign_id, save_dialer_qualification.disposition_type,
            save_dialer_qualification.qualification_id,
            left(save_dialer_qualification.qualification_name, 200)
        );
    end if;
end;
$$;
comment on function public.save_dialer_qualification(bigint, text, bigint, text) is
'Admin. What a disposition is called in a campaign (0: in every one without its own); null: it is
not told.';

grant execute on function
public.save_dialer_agent(bigint, uuid, text, text),
public.save_dialer_qualification(bigint, text, bigint, text)
to authenticated;
