-- Calls on a client's timeline: how long, in whose hands, what the dialer calls them, and who said
-- so.
create function private.call_timeline(
    tenant_id uuid, client_id uuid, before_at timestamptz, before_id uuid, page_size int
) returns table (at timestamptz, id uuid, item jsonb)
language sql
stable
security definer
set search_path = ''
as $$
    select call.called_at, call.id, jsonb_build_object(
        'kind', 'call', 'phone', call.phone, 'status', call.status, 'mode', call.mode,
        'campaign', call.campaign_name, 'talk_seconds', call.talk_seconds,
        'ended_at', call.ended_at, 'is_recorded', call.is_recorded,
        'qualification', call.qualification_name,
        'qualification_source', call.qualification_source,
        'qualify_status', call.qualify_status, 'disposition_id', call.disposition_id,
        'actor', private.actor_name(call.tenant_id, call.operator_id)
    )
    from public.calls as call
    where call.tenant_id = $1 and call.client_id = $2
      and (call.called_at, call.id) < ($3, $4)
    order by call.called_at desc, call.id desc
    limit $5
$$;
