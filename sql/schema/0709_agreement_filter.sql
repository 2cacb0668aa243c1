-- The state of a client's agreements as the carteira's filter knows it: `none` (nothing under way),
-- `living` (formalised and not ended), or any status, each of any agreement of the client.
create function private.agreement_words() returns text[]
language sql
immutable
set search_path = ''
as $$ select '{none,living}' || enum_range(null::public.agreement_status)::text[] $$;

-- Waiting for approval is under way too: who has proposed once is not free to be proposed to.
create function private.is_under_way(status public.agreement_status) returns boolean
language sql
immutable
set search_path = ''
as $$ select private.is_living(status) or status = 'pending_approval' $$;

-- The other party has nothing to be reminded of: an overdue agreement is no reason to keep silent.
create function private.is_kept(status public.agreement_status) returns boolean
language sql
immutable
set search_path = ''
as $$ select status in ('pending_approval', 'awaiting_first_payment', 'active') $$;

-- Serves the filter: whose agreements are in a state; asked of one client, its own index answers.
create index agreements_by_state_of_client
on public.agreements (tenant_id, status, client_id);

create function private.has_agreement(condition text) returns text
language sql
immutable
set search_path = ''
as $$
    select 'exists (
        select from public.agreements as agreement
        where agreement.tenant_id = ($1).tenant_id and agreement.client_id = clients.id
          and ' || condition || ')'
$$;

create function private.agreement_condition(statuses int, has_none boolean) returns text
language sql
immutable
set search_path = ''
as $$
    select '(' || concat_ws(' or ',
        case when has_none then 'not ' || private.has_agreement(
            'private.is_under_way(agreement.status)') end,
        case when statuses > 0 then private.has_agreement(
            private.one_or_any('agreement.status', 'agreement_statuses', statuses)) end
    ) || ')'
$$;
