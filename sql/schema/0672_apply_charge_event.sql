-- A callback came. It proves nothing; the charges it names are looked up.
create function private.apply_charge_event(event_id uuid) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_event private.provider_events;
    v_references text[];
    v_charge_id uuid;
    v_known int;
    v_asked int := 0;
begin
    select * into v_event from private.provider_events as event
    where event.id = apply_charge_event.event_id;
    if jsonb_typeof(v_event.payload #> '{charge,references}') is distinct from 'array' then
        return 'payload_invalid';
    end if;
    v_references := array(
        select distinct jsonb_array_elements_text(v_event.payload #> '{charge,references}')
    );
    v_known := (
        select count(*) from public.charges as charge
        where charge.integration_id = v_event.integration_id
          and charge.reference = any(v_references)
    );
    -- Whoever moves a client's money locks the client and then its charges. A batch of events of
    -- many clients cannot keep that order, so it waits for no charge and comes back instead.
    for v_charge_id in
        select charge.id from public.charges as charge
        where charge.integration_id = v_event.integration_id
          and charge.reference = any(v_references)
        for no key update skip locked
    loop
        v_asked := v_asked + 1;
        update public.charges as charge set needs_lookup = true where charge.id = v_charge_id;
        perform private.poke_charge(v_charge_id);
    end loop;
    return case
        when v_asked < v_known then 'charge_busy'
        when v_known < cardinality(v_references) then 'charge_not_found'
    end;
end;
$$;
