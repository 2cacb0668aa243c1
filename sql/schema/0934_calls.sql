-- Every call the dialer told us of, by webhook or by reconciliation: one row per call, whichever
-- came first. Statuses only go forward.
create table public.calls (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    integration_id uuid not null,
    -- The provider's id of the record (`_id`), told when the call is over.
    external_id text collate "C",
    -- The provider's id of the connection, told from its first second.
    telephony_id text collate "C",
    -- Null until somebody is found or made for the number.
    client_id uuid,
    phone text collate "C",
    -- What the dialer was given for this contact; ours is a client's id.
    identifier text,
    campaign_id bigint,
    campaign_name text,
    list_id bigint,
    agent_id bigint,
    operator_id uuid,
    status public.call_status not null,
    mode text,
    disposition_id uuid,
    -- What came of a call whose person nobody found: a disposition's key, told to the dialer alone.
    outcome_type text,
    qualification_id bigint,
    qualification_name text,
    qualification_source public.qualification_source,
    qualification_note text,
    -- Null: nothing to tell the dialer. queued | done | failed | no_mapping | no_agent_token.
    qualify_status text,
    hangup_cause int,
    talk_seconds int,
    billed_seconds int,
    -- What the agent took for it after the talk.
    wrap_seconds int,
    is_recorded boolean not null default false,
    called_at timestamptz not null,
    connected_at timestamptz,
    ended_at timestamptz,
    created_at timestamptz not null default private.now(),
    constraint calls_pkey primary key (id),
    constraint calls_tenant_id_key unique (tenant_id, id),
    constraint calls_integration_fkey foreign key (tenant_id, integration_id)
    references public.integrations (tenant_id, id),
    constraint calls_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint calls_disposition_fkey foreign key (tenant_id, disposition_id)
    references public.call_dispositions (tenant_id, id),
    constraint calls_outcome_type_fkey foreign key (tenant_id, outcome_type)
    references public.disposition_types (tenant_id, key),
    constraint calls_have_one_outcome check (disposition_id is null or outcome_type is null),
    constraint calls_operator_fkey foreign key (operator_id) references auth.users (id),
    constraint calls_are_named check (external_id is not null or telephony_id is not null),
    constraint calls_phone_is_e164 check (phone ~ '^\+[1-9][0-9]{7,14}$'),
    constraint calls_qualify_status_is_known check (
        qualify_status in ('queued', 'done', 'failed', 'no_mapping', 'no_agent_token')
    )
);
comment on table public.calls is 'Calls of the dialer, one row each.';

create unique index calls_by_external_id on public.calls (integration_id, external_id)
where external_id is not null;
create unique index calls_by_telephony_id on public.calls (integration_id, telephony_id)
where telephony_id is not null;
create index calls_of_integration on public.calls (tenant_id, integration_id, called_at desc);
create index calls_of_client on public.calls (tenant_id, client_id, called_at desc);
create index calls_of_operator on public.calls (operator_id, called_at desc);
create index calls_of_outcome on public.calls (tenant_id, outcome_type)
where outcome_type is not null;
create unique index calls_one_per_disposition on public.calls (tenant_id, disposition_id);

alter table public.calls enable row level security;
alter table public.calls force row level security;

create policy calls_select_member on public.calls for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and ((select private.sees_everything()) or calls.client_id is null or exists (
        select from public.clients
        where clients.id = calls.client_id
    ))
);

-- Written by the dialer's events alone; a person links one to a client by `link_call`.
grant select on public.calls to authenticated;

create trigger _200_broadcast_insert after insert on public.calls
referencing new table as new_rows for each statement
execute function private.tg_broadcast('call_changed');
-- A status, whose it is, and what the dialer calls it are news; times and ids are not.
create function private.tg_calls__broadcast() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.send_change(
        'call_changed', tg_table_name, changed.tenant_id, changed.id, changed.client_ids
    )
    from (
        select new_rows.tenant_id, min(new_rows.id::text) as id,
            array_agg(distinct new_rows.client_id) as client_ids
        from new_rows
        join old_rows on old_rows.id = new_rows.id
        where new_rows.client_id is not null and (
            new_rows.status, new_rows.client_id, new_rows.qualification_id,
            new_rows.qualify_status
        ) is distinct from (
            old_rows.status, old_rows.client_id, old_rows.qualification_id,
            old_rows.qualify_status
        )
        group by new_rows.tenant_id
    ) as changed;
    return null;
end;
$$;
create trigger _200_broadcast_update after update on public.calls
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_calls__broadcast();

create function private.call_rank(status public.call_status) returns int
language sql
immutable
set search_path = ''
as $$
    select case call_rank.status
        when 'dialing' then 1 when 'answered' then 2 when 'connected' then 3
        when 'transferred' then 4
        -- Over, with nothing more known; the ways it can be over are all equal.
        when 'ended' then 5
        else 6
    end
$$;

-- The client who owns a number, with or without the ninth digit; nobody when two people share it,
-- because a message must never appear at the wrong debtor.
create function private.client_of_phone(tenant_id uuid, phone text) returns uuid
language sql
stable
security definer
set search_path = ''
as $$
    select case when count(distinct known.client_id) = 1 then min(known.client_id::text)::uuid end
    from public.client_phones as known
    where known.tenant_id = client_of_phone.tenant_id
      and known.phone_tail >= reverse(right(client_of_phone.phone, 8))
      and known.phone_tail < reverse(right(client_of_phone.phone, 8)) || '~'
      and private.phone_match(known.phone) = private.phone_match(client_of_phone.phone)
$$;

-- Whose call it is: our own identifier, else a contract or code of exactly one client, else the
-- number's only owner. Nobody rather than somebody else.
create function private.client_of_call(tenant_id uuid, identifier text, phone text) returns uuid
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_found uuid[];
begin
    if pg_input_is_valid(identifier, 'uuid') then
        v_found := array(
            select client.id from public.clients as client
            where client.tenant_id = client_of_call.tenant_id and client.id = identifier::uuid
        );
    elsif identifier <> '' then
        v_found := array(
            select client.id from public.clients as client
            where client.tenant_id = client_of_call.tenant_id
              and client.external_id = client_of_call.identifier
            union
            select client.id from public.clients as client
            where client.tenant_id = client_of_call.tenant_id
              and client.document = client_of_call.identifier
            union
            select debt.client_id from public.debts as debt
            where debt.tenant_id = client_of_call.tenant_id
              and debt.contract = client_of_call.identifier
            limit 2
        );
    end if;
    if cardinality(v_found) = 1 then
        return v_found[1];
    end if;
    return case when phone is not null then private.client_of_phone(tenant_id, phone) end;
end;
$$;

-- A number that somebody else answered: the disposition of its call said so, or whoever made it
-- named the number (0937); else the client's last disposition did and nobody knows of which, so all
-- that were known then are meant.
create function private.is_wrong_number(tenant_id uuid, client_id uuid, phone text)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return exists (
        select from public.call_dispositions as done
        join public.disposition_types as kind
            on kind.tenant_id = done.tenant_id and kind.key = done.disposition_type
            and kind.unworkable
        left join public.calls as call
            on call.tenant_id = done.tenant_id and call.disposition_id = done.id
        left join private.wrong_numbers as named
            on named.tenant_id = done.tenant_id and named.disposition_id = done.id
        where done.tenant_id = is_wrong_number.tenant_id
          and done.client_id = is_wrong_number.client_id
          and not private.is_undone(done.id)
          and case
              when coalesce(call.phone, named.phone) is not null then
                  private.phone_match(coalesce(call.phone, named.phone))
                  = private.phone_match(is_wrong_number.phone)
              else not exists (
                  select from public.call_dispositions as later
                  where later.tenant_id = done.tenant_id and later.client_id = done.client_id
                    and (later.created_at, later.id) > (done.created_at, done.id)
                    and not private.is_undone(later.id)
              ) and exists (
                  select from public.client_phones as known
                  where known.tenant_id = done.tenant_id and known.client_id = done.client_id
                    and known.phone = is_wrong_number.phone
                    and known.created_at <= done.created_at
              )
          end
    );
end;
$$;

-- The panel's days (0810).
create trigger _700_panel_insert after insert on public.calls
referencing new table as new_rows for each statement
execute function private.tg_calls__panel();
create trigger _700_panel_update after update on public.calls
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_calls__panel();
-- A day of all agencies is a few blocks one after the other; a tree more would cost every call.
create index calls_by_day on public.calls using brin (called_at) with (autosummarize = true);
