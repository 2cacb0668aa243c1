-- Who the person is whose data is asked about, and which talks, messages and calls are theirs: also
-- those that nobody ever linked to them, but that came from or went to a number of theirs alone.
create function private.talks_of(person private.person) returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
    select talk.id from public.conversations as talk
    where talk.tenant_id = (person).tenant_id and talk.client_id = (person).client_id
    union all
    select talk.id from public.conversations as talk
    where talk.tenant_id = (person).tenant_id and talk.client_id is null
      and talk.phone_key = any((person).phone_keys)
$$;

create function private.messages_of(person private.person) returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
    select message.id from public.message_logs as message
    where message.tenant_id = (person).tenant_id and message.client_id = (person).client_id
    union all
    select message.id from public.message_logs as message
    where message.tenant_id = (person).tenant_id and message.client_id is null
      and private.phone_match(message.phone) = any((person).phone_keys)
$$;

create function private.calls_of(person private.person) returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
    select call.id from public.calls as call
    where call.tenant_id = (person).tenant_id and call.client_id = (person).client_id
    union all
    select call.id from public.calls as call
    where call.tenant_id = (person).tenant_id and call.client_id is null
      and private.phone_match(call.phone) = any((person).phone_keys)
$$;

-- Lines of the audit: of the person, of their numbers, addresses and callbacks, also those that are
-- gone, and of every row that names the client or, of blocked numbers, a telephone of theirs. A
-- changed row is told by what changed, so that only its first line names whose it was. Each part by
-- an index: an agency's audit is long, and whoever is kept is gone over every night.
create function private.audit_of(person private.person) returns setof bigint
language sql
stable
security definer
set search_path = ''
rows 20
as $$
    with naming as materialized (
        select line.id, line.table_name, line.row_id
        from public.audit_log as line
        where line.tenant_id = (person).tenant_id
          and coalesce(line.after, line.before) ? 'client_id'
          and coalesce(line.after, line.before) ->> 'client_id' = (person).client_id::text
          and line.action in ('insert', 'update', 'delete')
    ),
    own as (
        select 'clients' as table_name, (person).client_id::text as row_id
        union
        select 'client_phones', phone.id::text from public.client_phones as phone
        where phone.tenant_id = (person).tenant_id and phone.client_id = (person).client_id
        union
        select 'client_addresses', home.id::text from public.client_addresses as home
        where home.tenant_id = (person).tenant_id and home.client_id = (person).client_id
        union
        select 'callbacks', promise.id::text from public.callbacks as promise
        where promise.tenant_id = (person).tenant_id and promise.client_id = (person).client_id
        union
        select naming.table_name, naming.row_id from naming
        where naming.table_name in ('client_phones', 'client_addresses', 'callbacks')
    )
    select naming.id from naming
    union
    select line.id
    from own
    join public.audit_log as line
        on line.tenant_id = (person).tenant_id and line.table_name = own.table_name
        and line.row_id = own.row_id
    where line.action in ('insert', 'update', 'delete')
    union
    select line.id from public.audit_log as line
    where line.tenant_id = (person).tenant_id and line.table_name = 'suppressions'
      and coalesce(line.after, line.before) ->> 'phone' = any((person).phones)
      and line.action in ('insert', 'update', 'delete')
$$;
-- Serve the above.
create index audit_log_naming_clients
on public.audit_log (tenant_id, (coalesce(after, before) ->> 'client_id'))
where action in ('insert', 'update', 'delete') and coalesce(after, before) ? 'client_id';
create index audit_log_of_blocked_numbers
on public.audit_log (tenant_id, (coalesce(after, before) ->> 'phone'))
where table_name = 'suppressions' and action in ('insert', 'update', 'delete');

create function private.person_of(tenant_id uuid, client_id uuid) returns private.person
language sql
volatile
security definer
set search_path = ''
as $$
    with numbers as (
        select known.phone from public.client_phones as known
        where known.tenant_id = person_of.tenant_id and known.client_id = person_of.client_id
        union
        select talk.phone from public.conversations as talk
        where talk.tenant_id = person_of.tenant_id and talk.client_id = person_of.client_id
        union
        select call.phone from public.calls as call
        where call.tenant_id = person_of.tenant_id and call.client_id = person_of.client_id
    ),
    own as (
        select numbers.phone, private.phone_match(numbers.phone) as phone_key from numbers
        where numbers.phone not like '+1000%' and not exists (
            select from public.client_phones as shared
            where shared.tenant_id = person_of.tenant_id
              and shared.client_id <> person_of.client_id
              and private.phone_match(shared.phone) = private.phone_match(numbers.phone)
        )
    )
    select (
        client.tenant_id, client.id, client.document, client.name,
        coalesce((select array_agg(own.phone) from own), '{}'),
        coalesce((select array_agg(distinct own.phone_key) from own), '{}'),
        array(
            select needle from (
                select client.document as needle
                union select ltrim(own.phone, '+') from own
                union select regexp_replace(own.phone, '^\+55', '') from own
                union select own.phone_key from own
                union select message.wamid from public.message_logs as message
                where message.tenant_id = client.tenant_id and message.client_id = client.id
                union select message.provider_message_id from public.message_logs as message
                where message.tenant_id = client.tenant_id and message.client_id = client.id
                union select charge.reference from public.charges as charge
                where charge.tenant_id = client.tenant_id and charge.client_id = client.id
            ) as names
            -- Shorter ones would be found in anybody's text.
            where length(needle) >= 8
        ),
        private.privacy_key(client.tenant_id)
    )::private.person
    from public.clients as client
    where client.tenant_id = person_of.tenant_id and client.id = person_of.client_id
$$;
