-- Everything held about one person, table by table, for the person (LGPD, art. 18 II and V).
create function private.request_person_export(client_id uuid, asked_on date) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_id uuid;
begin
    perform private.require_client(v_tenant_id, client_id);
    if asked_on > private.today(v_tenant_id) then
        raise exception 'asked_in_future' using errcode = 'PT400', detail = asked_on::text;
    end if;
    insert into public.privacy_requests (tenant_id, client_id, kind, asked_on, created_by)
    values (
        v_tenant_id, client_id, 'export', coalesce(asked_on, private.today(v_tenant_id)),
        auth.uid()
    )
    returning id into v_id;
    return v_id;
end;
$$;

-- Answered with the reading: who downloads it has it.
create function private.person_export(request_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_request public.privacy_requests;
    v_person private.person;
    v_kept private.personal_tables;
    v_rows jsonb;
    v_parts jsonb := '[]';
begin
    update public.privacy_requests as asked
    set answered_at = coalesce(asked.answered_at, private.now())
    where asked.tenant_id = v_tenant_id and asked.id = request_id and asked.kind = 'export'
    returning * into v_request;
    if v_request.id is null then
        raise exception 'privacy_request_not_found' using errcode = 'PT404',
            detail = 'no export request with this id in the tenant';
    end if;
    v_person := private.person_of(v_tenant_id, v_request.client_id);
    -- One event may tell of several people; what it said of this one was copied to the tables below.
    -- The address of a file that is still at the provider may carry a token of the account. Files
    -- themselves are handed over one by one.
    for v_kept in
        select * from private.personal_tables as kept
        where kept.table_name not in (
            'private.provider_events', 'private.media_sources', 'private.media_files'
        )
        order by kept.place
    loop
        execute format(
            'select coalesce(jsonb_agg(private.without_secrets(to_jsonb(kept)) - ''tenant_id''), ''[]'')
            from %s as kept where %s', v_kept.table_name, v_kept.finds
        )
        into v_rows using v_person;
        if v_rows <> '[]' then
            v_parts := v_parts || jsonb_build_object(
                'table', split_part(v_kept.table_name, '.', 2), 'area', v_kept.area,
                'rows', v_rows
            );
        end if;
    end loop;
    perform private.note_act(
        v_tenant_id, 'export', 'clients', v_request.client_id::text,
        jsonb_build_object('privacy_request', v_request.id)
    );
    return jsonb_build_object(
        'request_id', v_request.id, 'asked_on', v_request.asked_on,
        'made_at', private.now(), 'document', (v_person).document, 'name', (v_person).name,
        'agency', (select tenants.name from public.tenants where tenants.id = v_tenant_id),
        'files', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'message_id', file.message_id, 'mime_type', media.mime_type,
                'size_bytes', octet_length(file.content)
            ) order by media.created_at, file.message_id), '[]')
            from private.media_files as file
            join public.message_media as media on media.message_id = file.message_id
            where file.message_id in (select private.messages_of(v_person))
              and octet_length(file.content) > 0
        ),
        'parts', v_parts
    );
end;
$$;
comment on function private.person_export(uuid) is
'Admin: {request_id, asked_on, made_at, document, name, agency, files: [{message_id, mime_type,
size_bytes}], parts: [{table, area, rows}]}; the audit is written, and the request is answered. PT404
privacy_request_not_found.';

-- `length` bytes from byte `start` (0 is the first) of one of those files; none where it is none of
-- them. They lie uncompressed, so that a part is read as a part.
create function private.person_file(request_id uuid, message_id uuid, start int, length int)
returns bytea
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
begin
    return coalesce((
        select substring(file.content from person_file.start + 1 for person_file.length)
        from public.privacy_requests as asked
        join private.media_files as file
            on file.tenant_id = asked.tenant_id and file.message_id = person_file.message_id
        where asked.tenant_id = v_tenant_id and asked.id = person_file.request_id
          and asked.kind = 'export' and file.message_id in (
              select private.messages_of(private.person_of(asked.tenant_id, asked.client_id))
          )
    ), '');
end;
$$;

create function public.request_person_export(client_id uuid, asked_on date default null)
returns uuid
language sql
set search_path = ''
as $$ select private.request_person_export(client_id, asked_on) $$;
comment on function public.request_person_export(uuid, date) is
'Admin: a request for the register; its id opens the download privacy-export (open_download).';

grant execute on function
private.request_person_export(uuid, date), public.request_person_export(uuid, date),
private.person_export(uuid), private.person_file(uuid, uuid, int, int)
to authenticated;
