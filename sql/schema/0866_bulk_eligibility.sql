-- Before anything is done to a selection: how many can it be done to, and why not to the others.
-- A preview: whoever sends asks again for each message, at the moment of sending.
create function private.closed_ufs(tenant_id uuid, at timestamptz)
returns table (uf text, opens_at timestamptz)
language sql
stable
security definer
set search_path = ''
as $$
    -- '' stands for clients whose state nobody knows.
    select states.uf, opening.opens_at
    from unnest(private.ufs() || ''::text) as states (uf)
    cross join lateral (
        select min(hours.opens_at) filter (where hours.closes_at > at) as opens_at
        from private.contact_hours_in(closed_ufs.tenant_id, nullif(states.uf, ''), at, 15) as hours
    ) as opening
    where opening.opens_at > at or opening.opens_at is null
$$;

-- The first reason that holds, as SQL; 'eligible' when none does. $2: closed states, $4: has the
-- agency a cap for this channel. The same words decide what is loaded into the dialer.
create function private.exclusion_reason(action text) returns text
language sql
immutable
set search_path = ''
as $$
    select case when action in ('assign', 'tag', 'export') then '''eligible''' else
        replace(replace(replace(replace($sql$case
            -- Few are marked; only they are asked number by number.
            when contact.$blocked > ($1).now_at and not exists (
                select from public.client_phones as phones
                where phones.tenant_id = ($1).tenant_id and phones.client_id = clients.id
                  and not private.is_suppressed(
                      ($1).tenant_id, clients.id, phones.phone, '$channel', ($1).now_at
                  )
            ) then 'opted_out'
            when $kept then 'agreement_running'
            -- Titles of a broken promise are still locked in it, and owed.
            when clients.open_debts = 0 and not $living then case clients.debt_status
                when 'on_hold' then 'on_hold'
                when 'prescribed' then 'prescribed'
                else 'nothing_owed'
            end
            when not clients.has_phone then 'no_phone'
            $reachable
            when $4 and private.is_over_cap(
                ($1).tenant_id, clients.id, '$channel', ($1).now_at
            ) then 'attempt_cap'
            -- Nobody is looked up while every state is open.
            when cardinality($2) > 0 and coalesce(
                clients.uf, private.uf_of(($1).tenant_id, clients.id, null), ''
            ) = any($2) then 'outside_hours'
            else 'eligible'
        end$sql$, '$blocked', case action
            when 'dialer' then 'call_blocked_until' else 'whatsapp_blocked_until' end
        ), '$channel', case action when 'dialer' then 'call' else 'whatsapp' end
        ), '$kept', private.has_agreement('private.is_kept(agreement.status)')
        ), '$living', private.has_agreement('private.is_living(agreement.status)'))
    end
$$;

-- Every number of theirs was answered by somebody else: a disposition that says so quarantines the
-- number that was called.
create function private.wrong_contact_reason() returns text
language sql
immutable
set search_path = ''
as $$
    select $sql$
        when contact.last_disposition_type is not null and not exists (
            select from public.client_phones as phones
            where phones.tenant_id = ($1).tenant_id and phones.client_id = clients.id
              and not private.is_wrong_number(($1).tenant_id, clients.id, phones.phone)
        ) then 'wrong_contact'$sql$
$$;

-- `assignee`: who would take them over, once that is known.
create function private.bulk_eligibility(
    selection jsonb, action text, assignee uuid default null
) returns jsonb
language plpgsql
security definer
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
declare
    -- Each row asks for its mobiles and its agreements: dearer than summing.
    c_countable constant bigint := 20000;
    c_mobile constant text := $sql$
        when clients.has_whatsapp is false or not exists (
            select from public.client_phones as mobiles
            where mobiles.tenant_id = ($1).tenant_id and mobiles.client_id = clients.id
              and mobiles.kind = 'mobile' and mobiles.has_whatsapp is not false
        ) then 'no_whatsapp'$sql$;
    -- Who is limited to creditors speaks to people of what is owed to those.
    c_owing constant text := $sql$
        when not (private.owed_in_scope(($1).tenant_id, clients.id, $5)).is_owing
            then 'nothing_owed'$sql$;
    v_filter private.client_filter :=
        private.read_selection(private.require_role('operator'), selection);
    v_condition text := private.client_condition(v_filter);
    v_scope uuid[] := private.creditor_scope();
    v_theirs uuid[] := private.creditor_scope_of(v_filter.tenant_id, assignee);
    v_reason text := replace(
        private.exclusion_reason(action), '$reachable',
        case action when 'whatsapp' then c_mobile when 'dialer' then private.wrong_contact_reason()
            else '' end || case when v_scope is null then '' else c_owing end
    );
    v_scale double precision := private.sample_scale(v_filter, v_condition, c_countable);
    v_closed text[];
    v_opens_at timestamptz;
    v_counts jsonb;
begin
    if action is null or action not in ('dialer', 'whatsapp', 'assign', 'tag', 'export') then
        raise exception 'action_unknown' using errcode = 'PT400', detail = coalesce(action, '');
    end if;
    if action in ('dialer', 'whatsapp') then
        select array_agg(closed.uf), min(closed.opens_at) into v_closed, v_opens_at
        from private.closed_ufs(v_filter.tenant_id, v_filter.now_at) as closed;
    end if;
    if action = 'assign' and v_theirs is not null then
        v_reason := 'case when clients.creditor_ids && $6 then ''eligible''
            else ''assignee_limited'' end';
    end if;
    execute 'select coalesce(jsonb_object_agg(counted.reason, counted.clients), ''{}'')
        from (
            select listed.reason, round(count(*) * $3)::bigint as clients
            from (
                select ' || v_reason || ' as reason
                from ' || private.client_source(v_scale) || '
                left join private.client_contacts as contact
                    on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
                where ' || v_condition || '
            ) as listed
            group by listed.reason
        ) as counted'
    into v_counts
    using v_filter, coalesce(v_closed, '{}'), coalesce(v_scale, 1), case action
        when 'dialer' then private.has_cap(v_filter.tenant_id, 'call')
        when 'whatsapp' then private.has_cap(v_filter.tenant_id, 'whatsapp')
        else false
    end, v_scope, v_theirs;
    return jsonb_build_object(
        'action', action,
        'selected', (
            select coalesce(sum(entry.value::bigint), 0) from jsonb_each_text(v_counts) as entry
        ),
        'eligible', coalesce((v_counts ->> 'eligible')::bigint, 0),
        'is_estimate', v_scale is not null,
        'excluded', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'reason', entry.key, 'count', entry.value::bigint
            ) order by entry.value::bigint desc, entry.key), '[]')
            from jsonb_each_text(v_counts) as entry
            where entry.key <> 'eligible'
        ),
        'next_allowed_at', case when v_counts ? 'outside_hours' then v_opens_at end
    );
end;
$$;

create function public.bulk_eligibility(
    selection jsonb, action text, assignee uuid default null
) returns jsonb
language sql
set search_path = ''
as $$ select private.bulk_eligibility(selection, action, assignee) $$;
comment on function public.bulk_eligibility(jsonb, text, uuid) is
'{action, selected, eligible, is_estimate, excluded: [{reason, count}], next_allowed_at}; actions:
dialer whatsapp assign tag export; assignee: who would take them, if that is known.';

grant execute on function
private.bulk_eligibility(jsonb, text, uuid), public.bulk_eligibility(jsonb, text, uuid)
to authenticated;
