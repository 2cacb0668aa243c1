-- Files of talks, both ways. Providers keep theirs for days behind addresses that live for minutes,
-- so they are fetched at once and kept here: a proof of payment must still open next year. What we
-- send is kept before it leaves.
create table public.message_media (
    message_id uuid not null,
    tenant_id uuid not null,
    status public.media_status not null default 'waiting',
    -- Fence: who settles must name the attempt that claimed.
    attempt int not null default 0,
    failures smallint not null default 0,
    next_attempt_at timestamptz default private.now(),
    lease_until timestamptz,
    -- As the provider said, lower case and without parameters; whoever shows the file decides what
    -- it may be shown as.
    mime_type text,
    size_bytes int,
    -- too_large, gone, configuration, provider_unavailable, unclassified; forgotten: retention
    reason text,
    kept_at timestamptz,
    created_at timestamptz not null default private.now(),
    constraint message_media_pkey primary key (message_id),
    constraint message_media_tenant_id_key unique (tenant_id, message_id),
    constraint message_media_message_fkey foreign key (tenant_id, message_id)
    references public.message_logs (tenant_id, id),
    constraint message_media_kept_is_whole check (
        (status in ('kept', 'forgotten')) = (kept_at is not null and size_bytes is not null)
    ),
    constraint message_media_reason_is_code check (reason ~ '^[a-z_]+$')
);
comment on table public.message_media is 'How far the keeping of each file came.';

-- Serves the claim and the sweep.
create index message_media_due on public.message_media (next_attempt_at)
where status = 'waiting';
-- Serves the retention.
create index message_media_kept on public.message_media (kept_at) where status = 'kept';

alter table public.message_media enable row level security;
alter table public.message_media force row level security;

create policy message_media_select_member on public.message_media for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or exists (
        select from public.message_logs
        where message_logs.id = message_media.message_id
    ))
);

-- Written by jobs only. Not audited: the row carries every step.
grant select on public.message_media to authenticated;

-- The bytes, apart from everything that is listed, and uncompressed: files are compressed already.
create table private.media_files (
    message_id uuid not null,
    tenant_id uuid not null,
    content bytea not null,
    constraint media_files_pkey primary key (message_id),
    constraint media_files_media_fkey foreign key (tenant_id, message_id)
    references public.message_media (tenant_id, message_id),
    -- 16 MB, WhatsApp's own limit of audio and video; only documents may be larger.
    constraint media_files_content_fits check (octet_length(content) <= 16777216)
);
create index media_files_of_media on private.media_files (tenant_id, message_id);
alter table private.media_files alter column content set storage external;
alter table private.media_files enable row level security;
alter table private.media_files force row level security;

-- Where a provider holds a file that is not ours yet: its address may carry a token of the account,
-- so nobody's browser reads it, and it goes as soon as the file is here.
create table private.media_sources (
    message_id uuid not null,
    tenant_id uuid not null,
    source jsonb not null,
    constraint media_sources_pkey primary key (message_id),
    constraint media_sources_media_fkey foreign key (tenant_id, message_id)
    references public.message_media (tenant_id, message_id)
);
create index media_sources_of_media on private.media_sources (tenant_id, message_id);
comment on table private.media_sources is 'The media of an inbound event while it is fetched.';
alter table private.media_sources enable row level security;
alter table private.media_sources force row level security;

-- A file came in: it is fetched by a job, because the webhook must answer at once. `source` is the
-- event's media: {url, provider_media_id, mime_type, …}.
create function private.want_media(message_id uuid, source jsonb) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.message_media (message_id, tenant_id, mime_type)
    select message.id, message.tenant_id,
        nullif(lower(btrim(split_part(want_media.source ->> 'mime_type', ';', 1))), '')
    from public.message_logs as message
    where message.id = want_media.message_id and message.direction = 'in'
      and num_nonnulls(
          want_media.source ->> 'url', want_media.source ->> 'provider_media_id'
      ) > 0
    on conflict on constraint message_media_pkey do nothing;
    if found then
        insert into private.media_sources (message_id, tenant_id, source)
        select media.message_id, media.tenant_id, want_media.source
        from public.message_media as media where media.message_id = want_media.message_id;
        perform private.wake_function('fetch-media');
    end if;
end;
$$;

-- A file for somebody of its agency; nothing for anybody else.
create function private.read_media(message_id uuid)
returns table (mime_type text, name text, content bytea)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
begin
    return query
    select media.mime_type, message.media ->> 'name', file.content
    from public.message_media as media
    join public.message_logs as message
        on message.tenant_id = media.tenant_id and message.id = media.message_id
    join private.media_files as file on file.message_id = media.message_id
    where media.tenant_id = v_tenant_id and media.message_id = read_media.message_id
      and media.status = 'kept'
      and (message.client_id is null or private.sees_client(message.client_id));
end;
$$;
grant execute on function private.read_media(uuid) to authenticated;

-- Five years, after which neither a debt nor a complaint about its collection can be sued for
-- (Civil Code, art. 206 § 5 I; Consumer Code, art. 27): then the LGPD's ground to keep it ends, too
-- (art. 15 and 16). The message stays and says that its file is gone.
create function private.forget_media() returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_kept constant interval := interval '5 years';
    -- A few gigabytes; after a long silence the next nights go on.
    c_most constant int := 10000;
    v_ids uuid[];
begin
    v_ids := array(
        select media.message_id from public.message_media as media
        where media.status = 'kept' and media.kept_at < private.now() - c_kept
        order by media.kept_at limit c_most
        for update skip locked
    );
    delete from private.media_files as file where file.message_id = any(v_ids);
    update public.message_media as media set status = 'forgotten', reason = 'forgotten'
    where media.message_id = any(v_ids);
    return cardinality(v_ids);
end;
$$;
comment on function private.forget_media() is 'Number of files deleted: kept five years ago.';

select cron.schedule('forget-media', '53 4 * * *', 'select private.forget_media()');
