-- The part of pg_net that migrations touch, with its names and defaults. Like the real one it only
-- writes a row: the request leaves after commit, so a rolled back transaction calls nobody.

create table net.http_request_queue (
    id bigint generated always as identity primary key,
    method text not null,
    url text not null,
    headers jsonb not null default '{}',
    body bytea,
    timeout_milliseconds integer not null
);

create table net._http_response (
    id bigint primary key,
    status_code integer,
    content_type text,
    headers jsonb,
    content text,
    timed_out boolean,
    error_msg text,
    created timestamptz not null default now()
);

create index _http_response_created_idx on net._http_response (created);

create function net._urlencode(string text) returns text
language sql immutable strict
set search_path = ''
as $$
    select coalesce(string_agg(
        case
            when ch ~ '[A-Za-z0-9_.~-]' then ch
            else regexp_replace(upper(encode(convert_to(ch, 'UTF8'), 'hex')), '(..)', '%\1', 'g')
        end, '' order by position), '')
    from unnest(string_to_array(string, null)) with ordinality as c(ch, position);
$$;

create function net._urlencode_params(params jsonb) returns text
language sql immutable strict
set search_path = ''
as $$
    select coalesce(string_agg(
        net._urlencode(p.key) || '=' || net._urlencode(p.value), '&' order by p.key), '')
    from jsonb_each_text(params) as p;
$$;

create function net._enqueue(
    method text, url text, headers jsonb, body bytea, params jsonb, timeout_milliseconds integer
) returns bigint
language plpgsql
set search_path = ''
as $$
declare
    v_query text := net._urlencode_params(coalesce(params, '{}'));
    v_id bigint;
begin
    if url !~ '^https?://' then
        raise exception 'url must start with http:// or https://' using errcode = '22023';
    end if;
    insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
    values (
        _enqueue.method,
        case
            when v_query = '' then _enqueue.url
            when position('?' in _enqueue.url) > 0 then _enqueue.url || '&' || v_query
            else _enqueue.url || '?' || v_query
        end,
        coalesce(_enqueue.headers, '{}'), _enqueue.body, _enqueue.timeout_milliseconds
    )
    returning id into v_id;
    perform pg_notify('local_net', '');
    return v_id;
end;
$$;

create function net.http_get(
    url text,
    params jsonb default '{}',
    headers jsonb default '{}',
    timeout_milliseconds integer default 5000
) returns bigint
language sql
security definer
set search_path = ''
as $$
    select net._enqueue('GET', url, headers, null, params, timeout_milliseconds);
$$;

create function net.http_post(
    url text,
    body jsonb default '{}',
    params jsonb default '{}',
    headers jsonb default '{"Content-Type": "application/json"}',
    timeout_milliseconds integer default 5000
) returns bigint
language sql
security definer
set search_path = ''
as $$
    select net._enqueue(
        'POST', url, headers, convert_to(body::text, 'UTF8'), params, timeout_milliseconds);
$$;

create function net.http_delete(
    url text,
    params jsonb default '{}',
    headers jsonb default '{}',
    timeout_milliseconds integer default 5000,
    body jsonb default null
) returns bigint
language sql
security definer
set search_path = ''
as $$
    select net._enqueue(
        'DELETE', url, headers, convert_to(body::text, 'UTF8'), params, timeout_milliseconds);
$$;

revoke all on all functions in schema net from public;
grant usage on schema net to postgres, service_role;
grant execute on all functions in schema net to postgres, service_role;
grant select, insert, update, delete on all tables in schema net to postgres;
