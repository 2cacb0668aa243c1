-- A large file goes to disk only by a plain link, and a link cannot say who asks: a session's token
-- must not stand in an address, where logs and histories keep it. The page therefore asks for a
-- ticket: one download of one thing, in the name of one person of one tenant, within a minute.
create table private.download_tickets (
    -- SHA-256 of 256 random bits: no slow hash is needed, and the table opens nothing.
    secret_hash text not null,
    tenant_id uuid not null,
    user_id uuid not null,
    purpose text not null,
    arguments jsonb not null,
    expires_at timestamptz not null,
    constraint download_tickets_pkey primary key (secret_hash),
    constraint download_tickets_purpose_is_known check (
        purpose in (
            'portfolio-export', 'portfolio-rejects', 'batch-results', 'privacy-export'
        )
    )
);
comment on table private.download_tickets is 'One-time links to downloads; only hashes are kept.';

create index download_tickets_by_end on private.download_tickets (expires_at);

alter table private.download_tickets enable row level security;
alter table private.download_tickets force row level security;

create function private.open_download(purpose text, arguments jsonb) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- The page follows the link at once.
    c_lifetime constant interval := '1 minute';
    v_tenant_id uuid := private.require_role('supervisor');
    v_secret text := encode(extensions.gen_random_bytes(32), 'hex');
begin
    -- What would be refused is refused here, where the page can say why.
    case purpose
        when 'portfolio-export' then
            perform private.read_selection(v_tenant_id, arguments -> 'selection');
        when 'portfolio-rejects' then
            perform from public.imports
            where imports.tenant_id = v_tenant_id and imports.id::text = arguments ->> 'import_id';
            if not found then
                raise exception 'import_not_found' using errcode = 'PT404',
                    detail = 'no such import in the tenant';
            end if;
        when 'batch-results' then
            perform private.message_batch(case
                when pg_input_is_valid(arguments ->> 'batch_id', 'uuid')
                    then (arguments ->> 'batch_id')::uuid
            end);
            perform private.outcome_condition(arguments ->> 'outcome', arguments ->> 'reason');
        when 'privacy-export' then
            perform private.require_role('admin');
            perform from public.privacy_requests as asked
            where asked.tenant_id = v_tenant_id and asked.kind = 'export'
              and asked.id::text = arguments ->> 'request_id';
            if not found then
                raise exception 'privacy_request_not_found' using errcode = 'PT404',
                    detail = 'no export request with this id in the tenant';
            end if;
        else
            raise exception 'download_unknown' using errcode = 'PT400',
                detail = coalesce(purpose, '');
    end case;
    delete from private.download_tickets as old where old.expires_at < private.now();
    insert into private.download_tickets (
        secret_hash, tenant_id, user_id, purpose, arguments, expires_at
    )
    values (
        private.hash_api_key(v_secret), v_tenant_id, auth.uid(), purpose, arguments,
        private.now() + c_lifetime
    );
    return v_secret;
end;
$$;

create function public.open_download(purpose text, arguments jsonb) returns text
language sql
set search_path = ''
as $$ select private.open_download(purpose, arguments) $$;
comment on function public.open_download(text, jsonb) is
'Supervisor: a ticket for one GET /functions/v1/<purpose>?ticket=… within a minute. portfolio-export
{selection}, portfolio-rejects {import_id, format?}, batch-results
{batch_id, outcome?, reason?, format?}, privacy-export {request_id} (admin). PT400 download_unknown,
PT404 import_not_found, privacy_request_not_found.';

-- Once: two who come with the same ticket wait for each other, and the second finds none. For the
-- functions' login only; the download itself runs as the person, whose rights may have ended since.
create function private.use_download(ticket text, purpose text)
returns table (tenant_id uuid, user_id uuid, email text, arguments jsonb)
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    with used as (
        delete from private.download_tickets as given
        where given.secret_hash = private.hash_api_key(use_download.ticket)
          and given.purpose = use_download.purpose
          and given.expires_at > private.now()
        returning given.*
    )
    select used.tenant_id, used.user_id, users.email::text, used.arguments
    from used join auth.users on users.id = used.user_id;
    if not found then
        raise exception 'ticket_used' using errcode = 'PT410',
            detail = 'unknown, used or older than a minute';
    end if;
end;
$$;
grant execute on function private.use_download(text, text) to webhook;
grant execute on function
private.open_download(text, jsonb), public.open_download(text, jsonb)
to authenticated;
