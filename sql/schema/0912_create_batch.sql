-- A bulk send is made: the question of the preview once more, written down as recipients.
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
    v_scope uuid[] := private.creditor_scope();
    v_filter private.client_filter := private.read_selection(v_tenant_id, selection);
    v_means record := private.require_batch_means(v_tenant_id, sender_id, template_id);
    v_template public.message_templates := v_means.template;
    v_batch public.message_batches;
    v_eligible bigint;
    v_in_window bigint;
    v_rate private.rate;
    -- Where it is night when it begins, and until when: nobody there is claimed before.
    v_opens jsonb := (
        select coalesce(jsonb_object_agg(closed.uf, closed.opens_at), '{}')
        from private.closed_ufs(v_tenant_id, greatest(scheduled_at, private.now())) as closed
    );
begin
    if id is null or btrim(coalesce(name, '')) = '' or scheduled_at < private.now() then
        raise exception 'batch_invalid' using errcode = 'PT400',
            detail = 'an id, a name, and no time in the past';
    end if;
    v_rate := private.rate_at(
        v_tenant_id, v_template.provider, v_template.category,
        greatest(scheduled_at, private.now())
    );
    insert into public.message_batches (
        id, tenant_id, name, sender_id, template_id, selection, includes_agreements, status,
        scheduled_at, created_by, creditor_scope
    )
    values (
        create_message_batch.id, v_tenant_id, btrim(create_message_batch.name),
        create_message_batch.sender_id, create_message_batch.template_id,
        create_message_batch.selection, create_message_batch.includes_agreements,
        'awaiting_confirmation', create_message_batch.scheduled_at, auth.uid(), v_scope
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
            coalesce(told.reason, case when rests.until is not null then ''outside_hours'' end),
            greatest(($1).now_at, $4, rests.until)
        from public.clients
        left join private.client_contacts as contact
            on contact.tenant_id = ($1).tenant_id and contact.client_id = clients.id
        cross join lateral (
            select ' || private.batch_exclusion(v_template.variables, v_scope) || ' as reason offset 0
        ) as told
        cross join lateral (
            select case when told.reason is null and $5 <> ''{}'' then ($5 ->> coalesce(
                clients.uf, private.uf_of(($1).tenant_id, clients.id, null), ''''
            ))::timestamptz end as until offset 0
        ) as rests
        where ' || private.client_condition(v_filter) || '
        order by clients.id'
    using v_filter, includes_agreements, v_batch.id, scheduled_at, v_opens;
    v_eligible := coalesce((
        select sum(told.delta) from private.batch_deltas as told
        where told.batch_id = v_batch.id and told.key = 'recipient:waiting'
    ), 0);
    if v_eligible = 0 then
        raise exception 'batch_empty' using errcode = 'PT409',
            detail = 'nobody of the selection may get it';
    end if;
    v_in_window := case when v_rate.is_free_in_window then (
        select count(distinct talk.client_id)
        from public.conversations as talk
        join public.batch_recipients as recipient
            on recipient.batch_id = v_batch.id and recipient.client_id = talk.client_id
            and recipient.status = 'waiting'
        where talk.tenant_id = v_tenant_id and talk.sender_id = v_batch.sender_id
          and talk.last_inbound_at
              > greatest(v_batch.scheduled_at, private.now()) - interval '24 hours'
    ) else 0 end;
    update public.message_batches as batch
    set forecast = jsonb_build_object('eligible', v_eligible) || coalesce(
            private.batch_cost(v_template.category, v_rate, v_eligible, v_in_window), '{}'
        ),
        last_progress_at = private.now()
    where batch.id = v_batch.id;
    -- Two that one person makes at once are counted one after the other.
    perform pg_advisory_xact_lock(hashtextextended('batches of ' || auth.uid(), 0));
    if v_eligible + private.already_sent_by(
        v_tenant_id, auth.uid(), greatest(v_batch.scheduled_at, private.now())
    ) <= private.confirmation_limit(v_tenant_id) then
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
private.create_message_batch(uuid, jsonb, uuid, uuid, text, timestamptz, boolean),
public.create_message_batch(uuid, jsonb, uuid, uuid, text, timestamptz, boolean)
to authenticated;
