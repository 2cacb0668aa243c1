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
