-- Who could be next, reason by reason, each as a query in the order in which they are tried. $1
-- tenant, $2 operator, $3 now, $4 today, $5 the client to leave out, $6 null or the one client that
-- is asked about again under its lock. Columns: client_id, at, callback_id.

-- Nobody's else, not just shown, not the one on the screen.
create function private.next_common_sql(client text) returns text
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.replace($sql$
        $client is distinct from $5 and ($6::uuid is null or $client = $6)
        and ((select private.sees_everything()) or private.sees_client($client))
        and not exists (
            select from public.client_services as held
            where held.tenant_id = $1 and held.client_id = $client and held.operator_id <> $2
              and held.seen_at > $3 - private.service_patience()
        )
        and not exists (
            select from private.client_offers as offered
            where offered.tenant_id = $1 and offered.client_id = $client
              and offered.operator_id = $2 and offered.offered_at > $3 - private.offer_rest()
        )
    $sql$, '$client', client)
$$;

-- Given to the operator; or to nobody, and made by them.
create function private.next_mine_sql(client text, author text) returns text
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.replace(pg_catalog.replace($sql$
        coalesce((
            select given.user_id from public.client_assignments as given
            where given.tenant_id = $1 and given.client_id = $client
        ), $author) = $2
    $sql$, '$client', client), '$author', author)
$$;

create function private.next_source(code text) returns text
language sql
immutable
set search_path = ''
as $$
    select case code
        when 'callback_mine' then $sql$
            select promised.client_id, promised.due_at as at, promised.id as callback_id
            from public.callbacks as promised
            where promised.tenant_id = $1 and promised.operator_id = $2
              and promised.status = 'scheduled' and promised.due_at <= $3
              and $sql$ || private.next_common_sql('promised.client_id') || $sql$
            order by promised.due_at, promised.id $sql$
        when 'callback_anyone' then $sql$
            select promised.client_id, promised.due_at as at, promised.id as callback_id
            from public.callbacks as promised
            where promised.tenant_id = $1 and promised.operator_id is null
              and promised.status = 'scheduled' and promised.due_at <= $3
              and $sql$ || private.next_common_sql('promised.client_id') || $sql$
            order by promised.due_at, promised.id $sql$
        when 'reply_waiting' then $sql$
            select talk.client_id, talk.last_inbound_at as at, null::uuid as callback_id
            from public.conversations as talk
            where talk.tenant_id = $1 and talk.unread > 0 and talk.client_id is not null
              and talk.opted_out_at is null
              and coalesce(talk.owner_id, (
                  select given.user_id from public.client_assignments as given
                  where given.tenant_id = $1 and given.client_id = talk.client_id
              ), $2) = $2
              and $sql$ || private.next_common_sql('talk.client_id') || $sql$
            order by talk.last_inbound_at, talk.id $sql$
        -- Not spoken with today yet; the largest first.
        when 'installment_due' then $sql$
            select part.client_id, part.effective_due_on::timestamp at time zone 'UTC' as at,
                null::uuid as callback_id
            from public.installments as part
            join public.agreements as agreement
                on agreement.tenant_id = part.tenant_id and agreement.id = part.agreement_id
                and private.is_living(agreement.status)
            where part.tenant_id = $1 and part.status = 'open' and part.effective_due_on = $4
              and not exists (
                  select from private.client_contacts as known
                  join public.tenants on tenants.id = known.tenant_id
                  where known.tenant_id = $1 and known.client_id = part.client_id
                    and (known.last_contact_at at time zone tenants.time_zone)::date >= $4
              )
              and $sql$ || private.next_mine_sql('part.client_id', 'agreement.created_by')
            || ' and ' || private.next_common_sql('part.client_id') || $sql$
            order by part.amount_cents desc, part.id $sql$
        -- Not spoken with since it broke, and nothing new agreed.
        when 'agreement_broken' then $sql$
            select agreement.client_id, broke.at, null::uuid as callback_id
            from public.agreements as agreement
            cross join lateral (
                select max(event.created_at) as at from public.agreement_events as event
                where event.tenant_id = $1 and event.agreement_id = agreement.id
                  and event.to_status = agreement.status
            ) as broke
            where agreement.tenant_id = $1
              and agreement.status in ('broken', 'broken_provisionally') and broke.at is not null
              and not exists (
                  select from public.agreements as kept
                  where kept.tenant_id = $1 and kept.client_id = agreement.client_id
                    and private.is_kept(kept.status)
              )
              and not exists (
                  select from private.client_contacts as known
                  where known.tenant_id = $1 and known.client_id = agreement.client_id
                    and known.last_contact_at >= broke.at
              )
              and $sql$ || private.next_mine_sql('agreement.client_id', 'agreement.created_by')
            || ' and ' || private.next_common_sql('agreement.client_id') || $sql$
            order by broke.at, agreement.id $sql$
        -- Four hours: as long as an unanswered call waits for the next. Whoever keeps an agreement
        -- is not called about the debt.
        when 'oldest_contact' then $sql$
            select given.client_id, known.last_contact_at as at, null::uuid as callback_id
            from public.client_assignments as given
            left join private.client_contacts as known
                on known.tenant_id = $1 and known.client_id = given.client_id
            where given.tenant_id = $1 and given.user_id = $2
              and (known.last_contact_at is null
                  or known.last_contact_at <= $3 - interval '4 hours')
              and not exists (
                  select from public.agreements as kept
                  where kept.tenant_id = $1 and kept.client_id = given.client_id
                    and private.is_kept(kept.status)
              )
              and $sql$ || private.next_common_sql('given.client_id') || $sql$
            order by known.last_contact_at nulls first, given.client_id $sql$
    end
$$;
comment on function private.next_source(text) is
'Codes in the order of the queue: callback_mine callback_anyone reply_waiting installment_due
agreement_broken oldest_contact.';
