-- The agenda as a calendar: how many calls each day holds and the first of them; and the lawful
-- hours a promised call may be moved into.
create function private.callback_days(filter jsonb) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- A fortnight is more than a screen shows; a day's column shows eight calls and says how many
    -- more there are.
    c_max_days constant int := 14;
    c_shown constant int := 8;
    v_tenant_id uuid := private.require_role('operator');
    v_asked record := private.read_callback_filter(v_tenant_id, coalesce(filter, '{}'));
    v_first date := (filter ->> 'from')::date;
    v_days int := (filter ->> 'to')::date - (filter ->> 'from')::date + 1;
    v_day record;
    v_found jsonb := '[]';
    v_counted record;
    v_ids uuid[];
    v_last timestamptz;
begin
    if v_days is null or v_days not between 1 and c_max_days then
        raise exception 'filter_invalid' using errcode = 'PT400', detail = 'from, to';
    end if;
    for v_day in
        select ahead.day, hours.from_at, hours.until_at
        from (
            select v_first + step as day from generate_series(0, v_days - 1) as step
        ) as ahead
        cross join lateral private.read_callback_filter(
            v_tenant_id, jsonb_build_object('from', ahead.day, 'to', ahead.day)
        ) as hours
        order by ahead.day
    loop
        execute 'select count(*) as calls, count(*) filter (where promised.due_at < $4) as overdue
            from public.callbacks as promised
            where promised.tenant_id = $1 and promised.status = ''scheduled''
              and promised.due_at >= $2 and promised.due_at < $3' || v_asked.owner_sql
        into v_counted
        using v_tenant_id, v_day.from_at, v_day.until_at, private.now();
        execute private.callback_page_sql(v_asked.owner_sql, false)
        into v_ids, v_last
        using v_tenant_id, v_day.from_at, v_day.until_at, c_shown;
        v_found := v_found || jsonb_build_object(
            'day', v_day.day, 'count', v_counted.calls, 'overdue', v_counted.overdue,
            'rows', private.callback_rows(v_tenant_id, v_ids[1:c_shown])
        );
    end loop;
    return v_found;
end;
$$;

create function public.callback_days(filter jsonb) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.callback_days(filter) $$;
comment on function public.callback_days(jsonb) is
'filter as list_callbacks, with from and to (14 days at most) → [{day, count, overdue, rows}]';

create function private.callback_hours(callback_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- As the picker of the service screen: a week and the day it is opened on.
    c_days_offered constant int := 8;
    v_tenant_id uuid := private.require_role('operator');
    v_client_id uuid := (
        select promised.client_id from public.callbacks as promised
        where promised.tenant_id = v_tenant_id and promised.id = callback_hours.callback_id
    );
begin
    if v_client_id is null then
        raise exception 'callback_not_found' using errcode = 'PT404',
            detail = 'no callback with this id in the tenant';
    end if;
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'date', hours.day, 'from', hours.opens_at, 'to', hours.closes_at
        ) order by hours.opens_at), '[]')
        from private.contact_hours(
            v_tenant_id, v_client_id, private.now(), c_days_offered
        ) as hours
    );
end;
$$;

create function public.callback_hours(callback_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.callback_hours(private.seen('callbacks', callback_id)) $$;
comment on function public.callback_hours(uuid) is
'[{date, from, to}]: when its client may be called in the coming days. 404 callback_not_found.';

grant execute on function
private.callback_days(jsonb), public.callback_days(jsonb),
private.callback_hours(uuid), public.callback_hours(uuid)
to authenticated;
