-- Numbers that proved themselves in a turn of the drain (0641), until the turn's end: all together
-- are one statement, and what holds a client's row is held for no event behind it. A journal, so
-- that who is passed over is taken by a later turn; nothing in it says whose number it is.
create table private.proved_numbers (
    id bigint generated always as identity,
    phone_id uuid not null,
    -- The number itself wrote: that is newer than any refusal.
    overrules boolean not null,
    constraint proved_numbers_pkey primary key (id)
);
comment on table private.proved_numbers is 'Phones a message arrived at, not yet noted there.';
alter table private.proved_numbers enable row level security;
alter table private.proved_numbers force row level security;

-- Last of all in a transaction, and without waiting for anybody: an import, or whoever changes a
-- number, may hold these rows and want others that the turn holds.
create function private.take_proofs() returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_notes bigint[];
    v_noted uuid[];
    v_clients uuid[];
    v_phones uuid[];
begin
    select array_agg(noted.id), array_agg(distinct noted.phone_id) into v_notes, v_noted
    from private.proved_numbers as noted;
    if v_notes is null then
        return;
    end if;
    v_clients := array(
        select clients.id from public.clients
        where clients.id in (
            select known.client_id from public.client_phones as known
            where known.id = any(v_noted)
        )
        order by clients.id
        for no key update skip locked
    );
    v_phones := array(
        select known.id from public.client_phones as known
        where known.id = any(v_noted) and known.client_id = any(v_clients)
        order by known.id
        for no key update skip locked
    );
    update public.client_phones as known
    set has_whatsapp = true, whatsapp_retry_at = null
    where known.id = any(v_phones)
      -- Refused since, or no longer theirs (0904): what arrived there before proves nothing.
      and (known.has_whatsapp is null or not known.has_whatsapp and exists (
          select from private.proved_numbers as noted
          where noted.phone_id = known.id and noted.overrules and noted.id = any(v_notes)
      ));
    delete from private.proved_numbers as noted
    where noted.id = any(v_notes) and (
        noted.phone_id = any(v_phones)
        or not exists (select from public.client_phones as known where known.id = noted.phone_id)
    );
end;
$$;

-- What messages of before an upgrade prove, up to whom it was asked; without a row all is asked.
-- The migration that wants it writes the row (the nil id) and does nothing else, because a million
-- numbers in its transaction would stop everybody.
create table private.proof_backlog (
    after_client_id uuid not null,
    constraint proof_backlog_pkey primary key (after_client_id)
);
comment on table private.proof_backlog is 'The client up to whom old messages were asked.';
alter table private.proof_backlog enable row level security;
alter table private.proof_backlog force row level security;

create function private.prove_before() returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- A second or two of work, in a night of five hours more than a million.
    c_people constant int := 5000;
    v_after uuid;
    v_people uuid[];
begin
    -- What a turn left to a later one that has not come.
    perform private.take_proofs();
    select backlog.after_client_id into v_after from private.proof_backlog as backlog
    limit 1 for update skip locked;
    if not found then
        return;
    end if;
    v_people := array(
        select clients.id from public.clients where clients.id > v_after
        order by clients.id limit c_people
    );
    insert into private.proved_numbers (phone_id, overrules)
    select known.id, false
    from public.clients
    join public.client_phones as known
        on known.tenant_id = clients.tenant_id and known.client_id = clients.id
        and known.has_whatsapp is null
    where clients.id = any(v_people) and exists (
        select from public.message_logs as message
        where message.tenant_id = known.tenant_id and message.client_id = known.client_id
          and message.status in ('received', 'delivered', 'read')
          and private.phone_match(message.phone) = private.phone_match(known.phone)
    );
    perform private.take_proofs();
    if cardinality(v_people) < c_people then
        delete from private.proof_backlog;
    else
        update private.proof_backlog set after_client_id = v_people[c_people];
    end if;
end;
$$;
comment on function private.prove_before() is
'One step; every minute of the night until all is asked.';
-- From midnight to five in Brazil.
select cron.schedule('prove-before', '* 3-7 * * *', 'select private.prove_before()');
