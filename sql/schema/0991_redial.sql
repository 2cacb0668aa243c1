-- "Back to the dialer": into a list of the campaign that is still being put together for the same
-- rule, else into a new one. So a thousand voicemails of one hour are a handful of lists, and each
-- is planned, judged and loaded as any export.
create function private.redial(
    run public.automation_runs, rule public.collection_rules, step public.rule_steps
) returns private.act_outcome
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- One request of the dialer (0944) and a list a person can still read.
    c_most constant int := 500;
    v_campaign_id bigint := private.campaign_of_step(
        (step).settings, (run).tenant_id, (run).client_id
    );
    v_today date := private.today((run).tenant_id);
    v_export public.dialer_exports;
    v_selection jsonb;
begin
    if v_campaign_id is null then
        return ('skip', 'campaign_missing', null)::private.act_outcome;
    end if;
    select * into v_export from public.dialer_exports as open_list
    where open_list.tenant_id = (run).tenant_id and open_list.status = 'planning'
      and open_list.planned_until is null and open_list.rule_id = (rule).id
      and open_list.campaign_id = v_campaign_id
      and jsonb_array_length(open_list.selection -> 'ids') < c_most
    order by open_list.created_at desc limit 1
    for update skip locked;
    if found then
        v_selection := jsonb_build_object('ids', case
            when v_export.selection -> 'ids' ? (run).client_id::text
                then v_export.selection -> 'ids'
            else v_export.selection -> 'ids' || to_jsonb((run).client_id) end);
        update public.dialer_exports as open_list
        set selection = v_selection, selection_hash = md5(v_selection::text || v_export.id)
        where open_list.id = v_export.id;
        return ('done', null, null)::private.act_outcome;
    end if;
    v_selection := jsonb_build_object('ids', jsonb_build_array((run).client_id));
    insert into public.dialer_exports (
        tenant_id, integration_id, campaign_id, list_name, selection, selection_hash, on_date,
        rule_id, created_by
    )
    select integration.tenant_id, integration.id, v_campaign_id, left((rule).name, 150),
        v_selection, md5(v_selection::text || (run).id), v_today, (rule).id, (rule).enabled_by
    from public.integrations as integration
    where integration.tenant_id = (run).tenant_id and integration.provider = 'threecplus'
      and integration.is_active;
    if not found then
        return ('skip', 'dialer_not_connected', null)::private.act_outcome;
    end if;
    perform private.wake_function('3cplus-export');
    return ('done', null, null)::private.act_outcome;
end;
$$;
