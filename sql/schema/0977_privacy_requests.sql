-- The register of what people asked about their data (LGPD, art. 18): asked on, answered on, by
-- whom, and what was kept with which basis and until when. What was erased is not in it.
create table public.privacy_requests (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    client_id uuid not null,
    -- export: everything held about the person; erase: what no law lets us keep goes.
    kind text not null,
    asked_on date not null,
    -- Null: nothing was done yet; of an export, nobody downloaded it.
    answered_at timestamptz,
    -- [{area, decision: erased | kept | anonymised, basis | null, until | null}]
    outcome jsonb not null default '[]',
    created_by uuid not null,
    created_at timestamptz not null default private.now(),
    constraint privacy_requests_pkey primary key (id),
    constraint privacy_requests_tenant_id_key unique (tenant_id, id),
    constraint privacy_requests_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id),
    constraint privacy_requests_created_by_fkey foreign key (created_by) references auth.users (id),
    constraint privacy_requests_kind_is_known check (kind in ('export', 'erase'))
);
comment on table public.privacy_requests is 'What debtors asked about their data, and the answer.';
create index privacy_requests_newest on public.privacy_requests (tenant_id, created_at desc);
create index privacy_requests_of_client on public.privacy_requests (tenant_id, client_id);
create index privacy_requests_of_author on public.privacy_requests (created_by);

alter table public.privacy_requests enable row level security;
alter table public.privacy_requests force row level security;

create policy privacy_requests_select_admin on public.privacy_requests for select to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('admin')));

-- Written by request_person_export and erase_person. Not audited: it is the record itself.
grant select on public.privacy_requests to authenticated;

-- Who was erased, so that they are not contacted when a file brings them again. Only a keyed hash:
-- eleven digits can be tried one by one, and the key lies in the Vault.
create table private.erased_people (
    tenant_id uuid not null,
    person_hash text not null,
    -- The client that was erased, and those that files brought later.
    client_id uuid not null,
    erased_at timestamptz not null,
    constraint erased_people_pkey primary key (tenant_id, person_hash, client_id),
    constraint erased_people_client_fkey foreign key (tenant_id, client_id)
    references public.clients (tenant_id, id) on delete cascade
);
create index erased_people_of_client on private.erased_people (tenant_id, client_id);
comment on table private.erased_people is 'Keyed hashes of documents that must not be contacted.';
alter table private.erased_people enable row level security;
alter table private.erased_people force row level security;

create function private.person_hash(document text, privacy_key text) returns text
language sql
immutable
set search_path = ''
as $$
    select pg_catalog.encode(extensions.hmac(document, privacy_key, 'sha256'), 'hex')
$$;

-- What would stay, and why: the first thing a person is told, and what the register keeps.
create function private.privacy_verdict(tenant_id uuid, client_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- Código Civil, art. 206 §5 I: what is owed by a written instrument prescribes in five years;
    -- CTN, art. 173 and 195: so long are books and receipts kept.
    c_kept constant interval := interval '5 years';
    v_open_until date := (
        select (max(debt.due_on) + c_kept)::date from public.debts as debt
        where debt.tenant_id = privacy_verdict.tenant_id
          and debt.client_id = privacy_verdict.client_id
          and debt.status in ('open', 'in_agreement', 'on_hold')
    );
    v_deal boolean := exists (
        select from public.agreements as deal
        where deal.tenant_id = privacy_verdict.tenant_id
          and deal.client_id = privacy_verdict.client_id
          and private.is_under_way(deal.status)
    ) or exists (
        select from public.payment_cases as doubt
        where doubt.tenant_id = privacy_verdict.tenant_id
          and doubt.client_id = privacy_verdict.client_id and doubt.resolved_at is null
    );
    v_books_until date := (
        select (max(moved.on_day) + c_kept)::date
        from (
            select payment.paid_on as on_day from public.payments as payment
            where payment.tenant_id = privacy_verdict.tenant_id
              and payment.client_id = privacy_verdict.client_id
            union all
            select deal.base_on from public.agreements as deal
            where deal.tenant_id = privacy_verdict.tenant_id
              and deal.client_id = privacy_verdict.client_id
        ) as moved
    );
begin
    if v_deal or v_open_until >= private.today(tenant_id) then
        return jsonb_build_array(
            jsonb_build_object('area', 'raw', 'decision', 'erased', 'basis', null, 'until', null),
            jsonb_build_object(
                'area', 'person', 'decision', 'kept', 'basis', 'credit_protection',
                'until', v_open_until
            ),
            jsonb_build_object(
                'area', 'ledger', 'decision', 'kept', 'basis', 'credit_protection',
                'until', greatest(v_open_until, v_books_until)
            )
        );
    end if;
    return jsonb_build_array(
        jsonb_build_object('area', 'raw', 'decision', 'erased', 'basis', null, 'until', null),
        jsonb_build_object('area', 'person', 'decision', 'erased', 'basis', null, 'until', null),
        jsonb_build_object(
            'area', 'ledger', 'decision', 'anonymised',
            'basis', case when v_books_until is not null then 'legal_duty' end,
            'until', v_books_until
        ),
        jsonb_build_object(
            'area', 'suppression', 'decision', 'kept', 'basis', 'right_to_object', 'until', null
        )
    );
end;
$$;
comment on function private.privacy_verdict(uuid, uuid) is
'[{area, decision, basis, until}]. Bases: credit_protection (LGPD art. 7 X), legal_duty (art. 16 I),
right_to_object (art. 18 § 2).';
