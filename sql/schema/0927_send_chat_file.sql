-- A picture or a document that a person sends in a talk, within the 24 hours: kept here first, then
-- sent as an address that the provider fetches it from. Which kinds and sizes a provider takes is
-- its adapter's knowledge (providers/whatsapp.py); this asks whether the talk may be written to.
create table private.media_links (
    secret_hash bytea not null,
    tenant_id uuid not null,
    message_id uuid not null,
    expires_at timestamptz not null,
    constraint media_links_pkey primary key (secret_hash),
    constraint media_links_media_fkey foreign key (tenant_id, message_id)
    references public.message_media (tenant_id, message_id)
);
comment on table private.media_links is 'Addresses given to providers; only hashes are kept.';
create index media_links_of_media on private.media_links (tenant_id, message_id);
create index media_links_by_end on private.media_links (expires_at);
alter table private.media_links enable row level security;
alter table private.media_links force row level security;

create function private.send_chat_file(
    conversation_id uuid, message_id uuid, kind text, mime_type text, name text, caption text,
    content bytea
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    -- Locked: two clicks at once are one message.
    v_talk public.conversations :=
        private.require_conversation(v_tenant_id, send_chat_file.conversation_id);
    v_known jsonb := private.clicked_before(v_talk, send_chat_file.message_id);
    v_caption text := nullif(btrim(caption), '');
    v_message public.message_logs;
    v_plan private.message_plan;
begin
    if v_known is not null then
        return v_known;
    elsif message_id is null or kind not in ('image', 'document')
        or length(v_caption) > 1024 -- WhatsApp's own limit of a caption
        or length(btrim(name)) not between 1 and 240 -- as WhatsApp cuts a file's name
        or octet_length(content) not between 1 and 16777216
    then
        raise exception 'message_invalid' using errcode = 'PT400',
            detail = 'an id, a file of 16 MB at most with a name, and a caption of 1024 characters';
    end if;
    v_message.conversation_id := v_talk.id;
    v_message.body := coalesce(v_caption, '[' || kind || ']');
    v_message.params := '{}';
    v_plan := private.plan_chat_message(v_message);
    perform private.refuse_chat(v_plan, v_talk);
    perform private.queue_chat(v_talk, message_id, v_plan, jsonb_build_object(
        'type', kind, 'mime_type', mime_type, 'name', btrim(name), 'caption', v_caption
    ));
    insert into public.message_media (
        message_id, tenant_id, status, next_attempt_at, mime_type, size_bytes, kept_at
    )
    values (
        send_chat_file.message_id, v_tenant_id, 'kept', null, send_chat_file.mime_type,
        octet_length(content), private.now()
    );
    insert into private.media_files (message_id, tenant_id, content)
    values (send_chat_file.message_id, v_tenant_id, send_chat_file.content);
    return jsonb_build_object('message_id', message_id, 'status', 'queued');
end;
$$;
comment on function private.send_chat_file(uuid, uuid, text, text, text, text, bytea) is
'{message_id, status}; message_id is the click''s own. PT409 as send_chat_message.';
grant execute on function
private.send_chat_file(uuid, uuid, text, text, text, text, bytea) to authenticated;

-- What the adapter needs of it (providers/whatsapp.py Media), with an address for this attempt. A
-- provider fetches within seconds, and again when its own attempt failed.
create function private.link_media(message public.message_logs) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_life constant interval := interval '1 hour';
    v_secret text := encode(extensions.gen_random_bytes(32), 'hex');
begin
    delete from private.media_links as old where old.expires_at < private.now();
    insert into private.media_links (secret_hash, tenant_id, message_id, expires_at)
    values (
        extensions.digest(v_secret, 'sha256'), (message).tenant_id, (message).id,
        private.now() + c_life
    );
    return jsonb_build_object(
        'kind', (message).media ->> 'type', 'name', (message).media ->> 'name',
        'caption', (message).media ->> 'caption',
        'url', (
            select known.decrypted_secret from vault.decrypted_secrets as known
            where known.name = 'functions_url'
        ) || '/sent-media?key=' || v_secret
    );
end;
$$;

-- For whoever holds the address; nothing once its hour is over.
create function private.read_sent_media(secret text)
returns table (mime_type text, content bytea)
language sql
stable
security definer
set search_path = ''
as $$
    select media.mime_type, file.content
    from private.media_links as link
    join public.message_media as media on media.message_id = link.message_id
    join private.media_files as file on file.message_id = link.message_id
    where link.secret_hash = extensions.digest(read_sent_media.secret, 'sha256')
      and link.expires_at > private.now() and media.status = 'kept'
$$;
grant execute on function private.read_sent_media(text) to webhook;
