-- The bell in one call: how many are unread (as far as a badge can say), and a page of them.
create function private.notification_bell(after text, page_size int) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- A badge that says "99+" need not know how many more.
    c_counted constant int := 100;
    c_max_page constant int := 100;
    v_tenant_id uuid := private.require_role('operator');
    v_size int := least(greatest(coalesce(page_size, 30), 1), c_max_page);
    v_cursor text[] := case when after is not null
        then private.decode_cursor(after, 'timestamptz', 'uuid') end;
begin
    return (
        with page as (
            select told.id, told.kind, told.payload, told.created_at, told.read_at,
                (
                    select clients.name from public.clients
                    where clients.tenant_id = v_tenant_id
                      and clients.id = (told.payload ->> 'client_id')::uuid
                ) as client_name,
                row_number() over (order by told.created_at desc, told.id desc) as place
            from public.notifications as told
            where told.user_id = (select auth.uid()) and told.tenant_id = v_tenant_id
              and (told.payload ->> 'client_id' is null or (select private.sees_everything())
                  or private.sees_client((told.payload ->> 'client_id')::uuid))
              and (v_cursor is null
                  or (told.created_at, told.id) < (v_cursor[1]::timestamptz, v_cursor[2]::uuid))
            order by told.created_at desc, told.id desc
            limit v_size + 1
        )
        select jsonb_build_object(
            'unread', (
                select count(*) from (
                    select from public.notifications as told
                    where told.user_id = (select auth.uid()) and told.tenant_id = v_tenant_id
                      and told.read_at is null
                      and (told.payload ->> 'client_id' is null or (select private.sees_everything())
                          or private.sees_client((told.payload ->> 'client_id')::uuid))
                    limit c_counted
                ) as waiting
            ),
            'rows', coalesce(jsonb_agg(to_jsonb(page) - 'place' order by page.place)
                filter (where page.place <= v_size), '[]'),
            'next', case when count(*) > v_size then (
                select private.encode_cursor(last.created_at::text, last.id::text)
                from page as last where last.place = v_size
            ) end
        )
        from page
    );
end;
$$;

create function public.notification_bell(
    after text default null, page_size int default 30
) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.notification_bell(after, page_size) $$;
comment on function public.notification_bell(text, int) is
'{unread (100 = more than 99), rows: [{id, kind, payload, client_name, created_at,
read_at}], next}';
grant execute on function
private.notification_bell(text, int), public.notification_bell(text, int) to authenticated;
