-- Everything that happened with a client, one ordered stream, newest first, by keyset. Each branch
-- reads at most one page of its own index.
create function private.actor_name(tenant_id uuid, user_id uuid) returns text
language sql
stable
security definer
set search_path = ''
as $$
    -- A revoked colleague keeps the name on what was done.
    select memberships.display_name
    from public.memberships
    where memberships.tenant_id = actor_name.tenant_id
      and memberships.user_id = actor_name.user_id
    order by memberships.created_at desc
    limit 1
$$;

create function private.timeline_items(
    tenant_id uuid, client_id uuid, before_at timestamptz, before_id uuid, page_size int
) returns table (at timestamptz, id uuid, item jsonb)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return query
    (
        select call.created_at, call.id, jsonb_build_object(
            'kind', 'disposition', 'type', call.disposition_type, 'label', kind.label,
            'color', kind.color,
            'notes', call.notes, 'scheduled_callback', call.scheduled_callback,
            'actor', private.actor_name(call.tenant_id, call.operator_id),
            'undone_at', (
                select undone.undone_at from public.disposition_undos as undone
                where undone.disposition_id = call.id
            ),
            'is_mine', call.operator_id = auth.uid(),
            -- A minute is the longest window: nobody asks about older ones.
            'undo_until', case
                when call.created_at > private.now() - interval '1 minute'
                    and not private.is_undone(call.id) and not exists (
                        select from public.automation_runs as run
                        where run.tenant_id = call.tenant_id and run.disposition_id = call.id
                    )
                then call.created_at + private.undo_window(call.tenant_id)
            end
        )
        from public.call_dispositions as call
        join public.disposition_types as kind
            on kind.tenant_id = call.tenant_id and kind.key = call.disposition_type
        where call.tenant_id = $1 and call.client_id = $2
          and (call.created_at, call.id) < ($3, $4)
        order by call.created_at desc, call.id desc
        limit $5
    )
    union all
    (
        select message.created_at, message.id, jsonb_build_object(
            'kind', 'message', 'direction', message.direction, 'channel', message.channel,
            'body', message.body, 'media', message.media, 'batch_id', message.batch_id,
            'conversation_id', message.conversation_id, 'phone', message.phone, 'status', message.status,
            'template', template.name, 'error_code', message.error_code,
            'error_detail', message.error_detail, 'submitted_at', message.submitted_at,
            'sent_at', message.sent_at, 'delivered_at', message.delivered_at,
            'read_at', message.read_at, 'failed_at', message.failed_at,
            'run_id', coalesce(message.automation_run_id, message.retried_run_id),
            'actor', private.actor_name(message.tenant_id, message.created_by)
        )
        from public.message_logs as message
        left join public.message_templates as template on template.id = message.template_id
        where message.tenant_id = $1 and message.client_id = $2
          and (message.created_at, message.id) < ($3, $4)
        order by message.created_at desc, message.id desc
        limit $5
    )
    union all
    (
        select run.created_at, run.id, jsonb_build_object(
            'kind', 'automation', 'run_id', run.id, 'rule', rule.name, 'status', run.status,
            'reason', run.reason, 'next_attempt_at', run.next_attempt_at,
            'disposition_id', run.disposition_id, 'actor', null
        )
        from public.automation_runs as run
        join public.collection_rules as rule on rule.id = run.rule_id
        where run.tenant_id = $1 and run.client_id = $2
          and (run.created_at, run.id) < ($3, $4)
        order by run.created_at desc, run.id desc
        limit $5
    )
    union all
    (
        select callback.created_at, callback.id, jsonb_build_object(
            'kind', 'callback', 'due_at', callback.due_at, 'status', callback.status,
            'note', callback.note, 'disposition_id', callback.disposition_id,
            'actor', private.actor_name(callback.tenant_id, callback.operator_id)
        )
        from public.callbacks as callback
        where callback.tenant_id = $1 and callback.client_id = $2
          and (callback.created_at, callback.id) < ($3, $4)
        order by callback.created_at desc, callback.id desc
        limit $5
    )
    union all
    (
        select event.created_at, event.id, jsonb_build_object(
            'kind', 'conversation', 'event', event.kind,
            'conversation_id', event.conversation_id,
            'to', private.actor_name(event.tenant_id, event.to_user_id),
            'actor', private.actor_name(event.tenant_id, event.actor_id)
        )
        from public.conversation_events as event
        where event.tenant_id = $1 and event.client_id = $2
          and (event.created_at, event.id) < ($3, $4)
        order by event.created_at desc, event.id desc
        limit $5
    )
    union all
    (
        select import.created_at, import.id, jsonb_build_object(
            'kind', 'import', 'file_name', import.file_name, 'status', import.status,
            'actor', private.actor_name(import.tenant_id, import.created_by)
        )
        from public.imports as import
        where import.tenant_id = $1
          and import.id in (
              select debts.import_id from public.debts
              where debts.tenant_id = $1 and debts.client_id = $2
              union all
              select touched.import_id from private.import_touches as touched
              where touched.tenant_id = $1 and touched.client_id = $2
          )
          and (import.created_at, import.id) < ($3, $4)
        order by import.created_at desc, import.id desc
        limit $5
    )
    union all
    select money.at, money.id, money.item
    from private.money_timeline($1, $2, $3, $4, $5) as money
    union all
    select call.at, call.id, call.item
    from private.call_timeline($1, $2, $3, $4, $5) as call
    union all
    select held.at, held.id, held.item
    from private.suppression_timeline($1, $2, $3, $4, $5) as held;
end;
$$;

create function private.client_timeline(client_id uuid, before text, page_size int)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    c_max_page constant int := 200;
    c_last_uuid constant uuid := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 50), 1), c_max_page);
    v_cursor text[] := case when before is not null
        then private.decode_cursor(before, 'timestamptz', 'uuid') end;
    v_items jsonb;
begin
    perform private.require_client(v_tenant_id, client_id);
    v_items := (
        select coalesce(jsonb_agg(
            page.item || jsonb_build_object('id', page.id, 'at', page.at)
            order by page.at desc, page.id desc
        ), '[]')
        from (
            select merged.*
            from private.timeline_items(
                v_tenant_id, client_timeline.client_id,
                coalesce(v_cursor[1]::timestamptz, 'infinity'),
                coalesce(v_cursor[2]::uuid, c_last_uuid), v_size + 1
            ) as merged
            order by merged.at desc, merged.id desc
            limit v_size + 1
        ) as page
    );
    return jsonb_build_object(
        -- Taking the element after the last, which exists only when there is more.
        'items', v_items - v_size,
        'next', case when jsonb_array_length(v_items) > v_size then private.encode_cursor(
            v_items -> (v_size - 1) ->> 'at', v_items -> (v_size - 1) ->> 'id'
        ) end
    );
end;
$$;

create function private.require_client(tenant_id uuid, client_id uuid) returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    if not exists (
        select from public.clients
        where clients.tenant_id = require_client.tenant_id
          and clients.id = require_client.client_id
          and ((select private.sees_everything()) or private.sees_client(clients.id))
    ) then
        raise exception 'client_not_found' using errcode = 'PT404',
            detail = 'no such client in the tenant';
    end if;
end;
$$;

create function public.client_timeline(
    client_id uuid, before text default null, page_size int default 50
) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.client_timeline(private.seen('clients', client_id), before, page_size) $$;
comment on function public.client_timeline(uuid, text, int) is
'{items: [{kind, id, at, actor, …}], next}; kinds: disposition message automation callback
call conversation import agreement payment reversal.';

grant execute on function
private.client_timeline(uuid, text, int), public.client_timeline(uuid, text, int)
to authenticated;
