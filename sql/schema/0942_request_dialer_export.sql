-- A supervisor asks; the worker does it. Answers at once, whatever the size.
create function private.request_dialer_export(
    selection jsonb, campaign_id bigint, campaign_name text, list_name text, weight int
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_account record;
    v_export public.dialer_exports;
    v_asked jsonb := selection;
    -- In order, for the hash.
    v_scope uuid[] := case when not private.sees_everything() then array(
        select mine.id from unnest(private.creditor_scope()) as mine (id) order by mine.id
    ) end;
    v_hash text;
    v_is_new boolean := true;
begin
    select * into v_account from private.dialer_account() as account;
    -- Refused here and not by the worker, with nobody left to read it.
    perform private.read_selection(v_tenant_id, selection);
    if campaign_id is null or campaign_id <= 0 then
        raise exception 'campaign_invalid' using errcode = 'PT400',
            detail = 'the id of a campaign of the dialer';
    end if;
    if weight is null or weight not between 1 and 100 then
        raise exception 'weight_invalid' using errcode = 'PT400',
            detail = '1 to 100; a list of weight 0 is not dialled';
    end if;
    -- The worker is nobody: "mine" is written out while it still means somebody.
    if jsonb_typeof(v_asked #> '{filter,assigned_to}') = 'array' then
        v_asked := jsonb_set(v_asked, '{filter,assigned_to}', (
            select jsonb_agg(case when entry = '"me"' then to_jsonb(auth.uid()) else entry end)
            from jsonb_array_elements(v_asked #> '{filter,assigned_to}') as entry
        ));
    elsif v_asked #>> '{filter,assigned_to}' = 'me' then
        v_asked := jsonb_set(v_asked, '{filter,assigned_to}', to_jsonb(auth.uid()));
    end if;

    -- Whoever is limited otherwise asks for other people by the same words.
    v_hash := md5(v_asked::text || coalesce(v_scope::text, ''));
    insert into public.dialer_exports (
        tenant_id, integration_id, campaign_id, campaign_name, list_name, weight, selection,
        selection_hash, on_date, creditor_scope
    )
    values (
        v_tenant_id, v_account.integration_id, request_dialer_export.campaign_id,
        left(coalesce(request_dialer_export.campaign_name, ''), 200),
        -- 150 characters: the mark that makes the name unique follows.
        left(coalesce(nullif(btrim(request_dialer_export.list_name), ''),
            'Carteira ' || to_char(private.today(v_tenant_id), 'YYYY-MM-DD')), 150),
        request_dialer_export.weight, v_asked, v_hash, private.today(v_tenant_id), v_scope
    )
    -- dialer_exports_once_a_day; no other index can be met.
    on conflict do nothing
    returning * into v_export;
    if not found then
        v_is_new := false;
        select * into v_export from public.dialer_exports as export
        where export.tenant_id = v_tenant_id
          and export.campaign_id = request_dialer_export.campaign_id
          and export.selection_hash = v_hash
          and export.on_date = private.today(v_tenant_id)
          and export.status not in ('failed', 'cancelled');
    else
        perform private.note_act(
            v_tenant_id, 'export', 'dialer_exports', v_export.id::text,
            jsonb_build_object('selection', v_asked, 'campaign_id', campaign_id)
        );
        perform private.wake_function('3cplus-export');
    end if;
    return jsonb_build_object(
        'id', v_export.id, 'status', v_export.status, 'is_new', v_is_new
    );
end;
$$;

create function private.cancel_dialer_export(export_id uuid) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_export public.dialer_exports;
begin
    select * into v_export from public.dialer_exports as export
    where export.tenant_id = v_tenant_id and export.id = cancel_dialer_export.export_id
    for update;
    if not found then
        raise exception 'dialer_export_not_found' using errcode = 'PT404',
            detail = 'no such export in the tenant';
    end if;
    if v_export.status = 'cancelled' then
        return 'cancelled';
    end if;
    update private.dialer_tasks as task set status = 'cancelled', done_at = private.now()
    -- Whoever must not be called leaves, whatever becomes of the others.
    where task.export_id = v_export.id and task.status = 'queued' and task.kind <> 'remove';
    update public.dialer_exports as export
    set status = 'cancelled', finished_at = private.now()
    where export.id = v_export.id;
    -- What is loaded stays, and is not dialled any more.
    perform private.wish_dialer_task(
        v_export.integration_id, 'weight', 'silence:' || v_export.id, v_export.id, null, null,
        '{"weight": 0}'
    );
    perform private.wake_function('3cplus-export');
    return 'cancelled';
end;
$$;

-- After whatever stopped it was mended: everything undone is tried again, nothing done is repeated.
create function private.resume_dialer_export(export_id uuid) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_status public.dialer_export_status;
begin
    select export.status into v_status from public.dialer_exports as export
    where export.tenant_id = v_tenant_id and export.id = resume_dialer_export.export_id
    for update;
    if not found then
        raise exception 'dialer_export_not_found' using errcode = 'PT404',
            detail = 'no such export in the tenant';
    end if;
    if v_status <> 'failed' then
        raise exception 'dialer_export_not_failed' using errcode = 'PT409',
            detail = 'only what failed can be resumed';
    end if;
    begin
        update public.dialer_exports as export
        -- One that failed while it was planned is planned on.
        set status = case when export.parts = 0 then 'planning' else 'loading'
                end::public.dialer_export_status,
            error_code = null, error_detail = null, finished_at = null
        where export.id = resume_dialer_export.export_id
        returning export.status into v_status;
    exception when unique_violation then
        raise exception 'dialer_export_replaced' using errcode = 'PT409',
            detail = 'the same selection was exported again meanwhile';
    end;
    update private.dialer_tasks as task
    set status = 'queued', failures = 0, next_attempt_at = private.now(), error_code = null
    -- A failed removal has given its people back.
    where task.export_id = resume_dialer_export.export_id and task.status = 'failed'
      and task.kind <> 'remove';
    perform private.wake_function('3cplus-export');
    return v_status;
end;
$$;

create function public.request_dialer_export(
    selection jsonb, campaign_id bigint, campaign_name text default '', list_name text default '',
    weight int default 1
) returns jsonb
language sql
set search_path = ''
as $$
    select private.request_dialer_export(
        selection, campaign_id, campaign_name, list_name, weight
    )
$$;
comment on function public.request_dialer_export(jsonb, bigint, text, text, int) is
'Supervisor → {id, status, is_new}; the same selection and campaign on one day is one export.
409 dialer_not_connected, 400 campaign_invalid, weight_invalid, selection_invalid.';

create function public.cancel_dialer_export(export_id uuid) returns text
language sql
set search_path = ''
as $$ select private.cancel_dialer_export(export_id) $$;

create function public.resume_dialer_export(export_id uuid) returns text
language sql
set search_path = ''
as $$ select private.resume_dialer_export(export_id) $$;
comment on function public.resume_dialer_export(uuid) is
'Supervisor; 404 dialer_export_not_found, 409 dialer_export_not_failed, dialer_export_replaced.';

grant execute on function
private.request_dialer_export(jsonb, bigint, text, text, int),
public.request_dialer_export(jsonb, bigint, text, text, int),
private.cancel_dialer_export(uuid), public.cancel_dialer_export(uuid),
private.resume_dialer_export(uuid), public.resume_dialer_export(uuid)
to authenticated;
