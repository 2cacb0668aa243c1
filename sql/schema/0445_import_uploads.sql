-- A file on its way in, kept between the look at its columns, the dry run and the import, so that
-- it goes up once. Whoever sent it, in that tenant, is the only one to read it; it goes with the
-- import, and an hour after it was last asked for. In Postgres, as received media are: functions
-- share no disk. Compressed by the function, in parts, so that nobody ever holds all of it.
create table private.import_uploads (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    created_by uuid not null,
    file_name text,
    file_sha256 text not null,
    -- csv | xlsx | json
    kind text not null,
    parts int not null default 0,
    used_at timestamptz not null default private.now(),
    constraint import_uploads_pkey primary key (id),
    constraint import_uploads_tenant_id_key unique (tenant_id, id),
    constraint import_uploads_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint import_uploads_author_fkey foreign key (created_by) references auth.users (id)
    on delete cascade,
    constraint import_uploads_sha256_has_shape check (file_sha256 ~ '^[0-9a-f]{64}$')
);
comment on table private.import_uploads is 'Files looked at and not yet imported.';
create index import_uploads_of_author
on private.import_uploads (created_by, tenant_id, used_at desc);
create index import_uploads_by_age on private.import_uploads (used_at);
alter table private.import_uploads enable row level security;
alter table private.import_uploads force row level security;

create table private.import_upload_parts (
    upload_id uuid not null,
    tenant_id uuid not null,
    place int not null,
    body bytea not null,
    constraint import_upload_parts_pkey primary key (upload_id, place),
    constraint import_upload_parts_upload_fkey foreign key (tenant_id, upload_id)
    references private.import_uploads (tenant_id, id) on delete cascade,
    -- As many as the largest file has at 4 MB each (functions/portfolio/kept.py), and one that is
    -- no smaller for being compressed.
    constraint import_upload_parts_are_few check (place between 0 and 99),
    constraint import_upload_parts_are_small check (length(body) <= 4300000)
);
comment on table private.import_upload_parts is 'Files looked at and not yet imported, in pieces.';
create index import_upload_parts_of_upload
on private.import_upload_parts (tenant_id, upload_id);
alter table private.import_upload_parts alter column body set storage external;
alter table private.import_upload_parts enable row level security;
alter table private.import_upload_parts force row level security;

create function private.keep_upload(file_name text, file_sha256 text, kind text) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Whoever looks at files in three windows; more only fills the disk.
    c_kept constant int := 3;
    v_tenant uuid := private.require_role('supervisor');
    v_id uuid;
begin
    if not private.sees_everything() then
        raise exception 'not_allowed' using errcode = 'PT403',
            detail = 'who is limited to creditors does not import';
    end if;
    insert into private.import_uploads (tenant_id, created_by, file_name, file_sha256, kind)
    values (v_tenant, auth.uid(), keep_upload.file_name, keep_upload.file_sha256, keep_upload.kind)
    returning id into v_id;
    delete from private.import_uploads as old
    where old.created_by = auth.uid() and old.tenant_id = v_tenant and old.id not in (
        select newest.id from private.import_uploads as newest
        where newest.created_by = auth.uid() and newest.tenant_id = v_tenant
        order by newest.id = v_id desc, newest.used_at desc
        limit c_kept
    );
    return v_id;
end;
$$;

-- The caller's own, and still there.
create function private.own_upload(upload_id uuid) returns private.import_uploads
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant uuid := private.require_role('supervisor');
    v_upload private.import_uploads;
begin
    select * into v_upload from private.import_uploads as upload
    where upload.id = own_upload.upload_id and upload.tenant_id = v_tenant
      and upload.created_by = auth.uid();
    if not found then
        raise exception 'upload_expired' using errcode = 'PT410',
            detail = 'send the file itself';
    end if;
    return v_upload;
end;
$$;

-- In bytes, of one agency: three of the largest files, some forty of a million rows.
create function private.kept_bytes() returns bigint
language sql
immutable
set search_path = ''
as $$ select 1073741824 $$;

create function private.add_upload_part(upload_id uuid, place int, body bytea) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_upload private.import_uploads := private.own_upload(upload_id);
begin
    -- Told by the rows' headers: no body is read. Files that come at the same moment do not see
    -- each other, and go over by that much.
    if octet_length(body) + (
        select coalesce(sum(octet_length(part.body)), 0) from private.import_upload_parts as part
        where part.tenant_id = v_upload.tenant_id
    ) > private.kept_bytes() then
        raise exception 'uploads_full' using errcode = 'PT409',
            detail = 'no room to keep it: send the file itself each time';
    end if;
    insert into private.import_upload_parts (upload_id, tenant_id, place, body)
    values (v_upload.id, v_upload.tenant_id, add_upload_part.place, add_upload_part.body);
    update private.import_uploads as upload set parts = upload.parts + 1
    where upload.id = v_upload.id;
end;
$$;

-- Asked for again: another hour.
create function private.open_upload(upload_id uuid)
returns table (file_name text, file_sha256 text, kind text, parts int)
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_upload private.import_uploads := private.own_upload(upload_id);
begin
    update private.import_uploads as upload set used_at = private.now()
    where upload.id = v_upload.id;
    return query select v_upload.file_name, v_upload.file_sha256, v_upload.kind, v_upload.parts;
end;
$$;

create function private.upload_part(upload_id uuid, place int) returns bytea
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_upload private.import_uploads := private.own_upload(upload_id);
begin
    return (
        select part.body from private.import_upload_parts as part
        where part.upload_id = v_upload.id and part.place = upload_part.place
    );
end;
$$;

create function private.drop_upload(upload_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    delete from private.import_uploads as upload
    where upload.id = drop_upload.upload_id and upload.created_by = auth.uid();
end;
$$;
grant execute on function
private.keep_upload(text, text, text), private.add_upload_part(uuid, int, bytea),
private.open_upload(uuid), private.upload_part(uuid, int), private.drop_upload(uuid)
to authenticated;

create function private.forget_uploads() returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_kept constant interval := '1 hour';  -- columns are looked at in minutes
begin
    delete from private.import_uploads as upload
    where upload.used_at < private.now() - c_kept;
end;
$$;
select cron.schedule('forget-uploads', '* * * * *', 'select private.forget_uploads()');
