-- One person's data goes in one transaction: a crash leaves all of it as it was, a second time
-- changes nothing more. Amounts, days and counts stay: the client's row stands, without a name.
-- Answers how many rows it wrote.
create function private.erase_rows(
    person private.person, areas text[]
) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_kept private.personal_tables;
    v_rows bigint;
    v_sum bigint := 0;
begin
    for v_kept in
        select * from private.personal_tables as kept
        where kept.area = any(areas) and kept.erases is not null
        order by kept.place
    loop
        execute case when v_kept.erases = 'delete'
            then format('delete from %s as kept where %s', v_kept.table_name, v_kept.finds)
            else format(
                'update %s as kept set %s where %s',
                v_kept.table_name, v_kept.erases, v_kept.finds
            )
        end
        using person;
        get diagnostics v_rows = row_count;
        v_sum := v_sum + v_rows;
    end loop;
    return v_sum;
end;
$$;

-- No channel, for good. A block that is there already is enough.
create function private.suppress_erased(tenant_id uuid, client_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.suppressions (tenant_id, client_id, reason)
    select suppress_erased.tenant_id, suppress_erased.client_id, 'Pedido da pessoa (LGPD)'
    where not exists (
        select from public.suppressions as known
        where known.tenant_id = suppress_erased.tenant_id
          and known.client_id = suppress_erased.client_id
          and known.channel is null and known.expires_at is null
    )
$$;

-- The verdict is asked again under the lock: whoever makes an agreement now waits, or came first.
-- A repetition that found nothing leaves no line in the audit: of who is kept that is every night.
create function private.erase_client(
    tenant_id uuid, client_id uuid, is_repetition boolean
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_person private.person;
    v_verdict jsonb;
    v_areas text[] := array['raw'];
    v_bulk bigint;
    v_rows bigint;
    v_extra bigint := 0;
begin
    perform from public.clients as client
    where client.tenant_id = erase_client.tenant_id and client.id = erase_client.client_id
    for update;
    v_person := private.person_of(tenant_id, client_id);
    v_verdict := private.privacy_verdict(tenant_id, client_id);
    if v_verdict -> 1 ->> 'decision' = 'erased' then
        v_areas := array['raw', 'person', 'ledger'];
        if (v_person).document not like 'ZZ%' then
            insert into private.erased_people (tenant_id, person_hash, client_id, erased_at)
            values (
                tenant_id,
                private.person_hash((v_person).document, private.privacy_key(tenant_id)),
                client_id, private.now()
            )
            on conflict do nothing;
        end if;
    end if;
    -- One line of the audit for all of it: line by line it would tell again what is being erased.
    v_bulk := private.begin_bulk(
        tenant_id, 'erase', jsonb_build_object('ids', jsonb_build_array(client_id))
    );
    v_rows := private.erase_rows(v_person, v_areas) + private.erase_from_imports(v_person)
        + private.erase_from_filters(v_person);
    if v_areas = array['raw'] then
        update public.clients as client set extra = '{}'
        where client.id = erase_client.client_id and client.extra <> '{}';
        get diagnostics v_extra = row_count;
    else
        perform private.suppress_erased(tenant_id, client_id);
    end if;
    perform private.end_bulk(v_bulk, jsonb_build_object('changed', 1, 'areas', v_areas));
    if is_repetition and v_rows + v_extra = 0 then
        delete from public.audit_log as line where line.id = v_bulk;
    end if;
    return v_verdict;
end;
$$;

create function private.erase_person(
    client_id uuid, typed_name text, asked_on date
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_name text;
    v_outcome jsonb;
    v_id uuid;
begin
    perform private.require_client(v_tenant_id, client_id);
    select client.name into v_name from public.clients as client
    where client.tenant_id = v_tenant_id and client.id = erase_person.client_id;
    if private.search_key(v_name) is distinct from private.search_key(btrim(typed_name)) then
        raise exception 'name_differs' using errcode = 'PT409',
            detail = 'the name typed to confirm is not the client''s';
    elsif asked_on > private.today(v_tenant_id) then
        raise exception 'asked_in_future' using errcode = 'PT400', detail = asked_on::text;
    end if;
    v_outcome := private.erase_client(v_tenant_id, client_id, false);
    insert into public.privacy_requests (
        tenant_id, client_id, kind, asked_on, answered_at, outcome, created_by
    )
    values (
        v_tenant_id, client_id, 'erase', coalesce(asked_on, private.today(v_tenant_id)),
        private.now(), v_outcome, auth.uid()
    )
    returning id into v_id;
    return jsonb_build_object('request_id', v_id, 'outcome', v_outcome);
end;
$$;

create function private.privacy_preview(client_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
begin
    perform private.require_client(v_tenant_id, client_id);
    return private.privacy_verdict(v_tenant_id, client_id);
end;
$$;

-- A file brings somebody again who asked to be erased: not contacted, from the first moment on. An
-- agency of which nobody ever asked pays one look.
create function private.tg_clients__erased() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_again record;
begin
    if not exists (
        select from private.erased_people as gone
        where gone.tenant_id in (select distinct new_rows.tenant_id from new_rows)
    ) then
        return null;
    end if;
    for v_again in
        insert into private.erased_people (tenant_id, person_hash, client_id, erased_at)
        select distinct again.tenant_id, again.person_hash, again.id, private.now()
        from (
            select new_rows.id, new_rows.tenant_id,
                private.person_hash(new_rows.document, secret.key) as person_hash
            from new_rows
            join (
                select agency.tenant_id, private.privacy_key(agency.tenant_id) as key
                from (select distinct new_rows.tenant_id from new_rows) as agency
            ) as secret on secret.tenant_id = new_rows.tenant_id
        ) as again
        join private.erased_people as gone
            on gone.tenant_id = again.tenant_id and gone.person_hash = again.person_hash
        on conflict do nothing
        returning erased_people.tenant_id, erased_people.client_id
    loop
        perform private.suppress_erased(v_again.tenant_id, v_again.client_id);
    end loop;
    return null;
end;
$$;
create trigger _450_erased after insert on public.clients
referencing new table as new_rows for each statement execute function private.tg_clients__erased();

create function public.erase_person(
    client_id uuid, typed_name text, asked_on date default null
) returns jsonb
language sql
set search_path = ''
as $$ select private.erase_person(client_id, typed_name, asked_on) $$;
comment on function public.erase_person(uuid, text, date) is
'Admin: {request_id, outcome: [{area, decision, basis, until}]}. PT404 client_not_found; PT409
name_differs; PT400 asked_in_future.';

create function public.privacy_preview(client_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.privacy_preview(client_id) $$;
comment on function public.privacy_preview(uuid) is
'Admin: what an erasure today would do: [{area, decision, basis, until}].';

grant execute on function
private.erase_person(uuid, text, date), public.erase_person(uuid, text, date),
private.privacy_preview(uuid), public.privacy_preview(uuid)
to authenticated;
