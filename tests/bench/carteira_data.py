"""Portfolios at full size for the bench, a statement per table and no triggers.

Everything is made from a row's number, so that two runs hold the same people; ids are random.
"""

from __future__ import annotations

import re
import uuid

import psycopg

MILLION = uuid.UUID("b0000000-0000-4000-8000-000000000001")
# The size for which a rival's times are known: 100,000 people with 300,000 debts.
RIVAL = uuid.UUID("b0000000-0000-4000-8000-000000000002")
SMALL_TENANTS = 49
SMALL_CLIENTS = 2_000  # of each of the others: a small agency's portfolio

FIRST_NAMES = (
    "Maria José Ana João Antônio Francisca Carlos Paulo Adriana Juliana Marcos Márcia Fernanda"
    " Patrícia Aline Sandra Camila Amanda Bruna Jéssica Letícia Júlia Luciana Vanessa Gabriela"
    " Rafael Daniel Marcelo Bruno Eduardo Felipe Rodrigo Manoel Mateus André Fernando Fábio"
    " Leonardo Gustavo Guilherme Leandro Tiago Anderson Ricardo Márcio Jorge Sebastião Alexandre"
    " Roberto Edson Diego Vitor Sérgio Cláudio Matheus Thiago Geraldo Adriano Luís Simone"
)
SURNAMES = (
    "Silva Santos Oliveira Souza Rodrigues Ferreira Alves Pereira Lima Gomes Costa Ribeiro Martins"
    " Carvalho Almeida Lopes Soares Fernandes Vieira Barbosa Rocha Dias Nascimento Andrade Moreira"
    " Nunes Marques Machado Mendes Freitas Cardoso Ramos Gonçalves Santana Teixeira Araújo Moura"
    " Cavalcante Pinto Melo Batista Campos Miranda Xavier Monteiro Borges Duarte Brito Farias"
    " Siqueira Peixoto Queiroz Nogueira Guimarães Coelho Sales Prado Fonseca Esteves Sabino"
)
UFS = (
    "SP SP SP SP SP SP RJ RJ RJ MG MG MG BA BA RS PR PE CE PA SC GO MA PB ES AM RN AL PI MT DF MS"
    " SE RO TO AC AP RR"
)

TENANTS = """
insert into public.tenants (id, name)
select id, 'Agência ' || row_number() over () from unnest(%(tenants)s::uuid[]) as id;
insert into public.creditors (id, tenant_id, name)
select md5(tenant_id || ' creditor ' || n)::uuid, tenant_id, 'Credor ' || n
from unnest(%(tenants)s::uuid[]) as tenant_id, generate_series(1, 12) as n;
insert into public.tags (id, tenant_id, name)
select md5(tenant_id || ' tag ' || n)::uuid, tenant_id, 'Etiqueta ' || n
from unnest(%(tenants)s::uuid[]) as tenant_id, generate_series(1, 5) as n;
insert into public.imports (id, tenant_id, file_name, status)
select md5(tenant_id || ' import ' || n)::uuid, tenant_id, 'carga_' || n || '.csv', 'done'
from unnest(%(tenants)s::uuid[]) as tenant_id, generate_series(1, 10) as n
"""

# `r(n, salt, modulus)` is a fixed hash of the row's number: chance that repeats itself.
PEOPLE = """
create temp table people as
select n, gen_random_uuid() as id from generate_series(1, %(clients)s) as n;
analyze people
"""
DEBTS = """
insert into public.debts (
    tenant_id, client_id, creditor_id, contract, installment, due_on, principal_cents, status,
    import_id
)
select %(tenant)s, people.id,
    md5(%(tenant)s || ' creditor ' || 1 + least(r(n, 10 + k, 12), r(n, 20 + k, 12)))::uuid,
    'C' || n, k, day.today - r(n, 30 + k, 1500) + 20,
    1000 + r(n, 40 + k, 1000) * r(n, 50 + k, 1000),
    (array['open', 'open', 'open', 'open', 'open', 'open', 'open', 'open', 'settled', 'returned'])
        [1 + r(n, 60 + k, 10)]::public.debt_status,
    md5(%(tenant)s || ' import ' || 1 + r(n, 70, 10))::uuid
from people, generate_series(1, %(debts)s) as k,
    (select private.today(%(tenant)s) as today offset 0) as day
order by n, k
"""
CLIENTS = """
insert into public.clients (
    id, tenant_id, document, name, email, external_id, uf, extra, open_cents, open_debts,
    oldest_due_on, creditor_ids, debt_status, has_phone, has_whatsapp, created_at
)
select people.id, %(tenant)s, lpad((n * 79190000003 %% 99999999977)::text, 11, '0'),
    firsts[1 + r(n, 1, 60)] || ' ' || lasts[1 + r(n, 2, 60)] || ' ' || lasts[1 + r(n, 3, 60)],
    case when r(n, 4, 3) = 0 then 'pessoa' || n || '@exemplo.test' end,
    case when r(n, 5, 2) = 0 then 'EXT-' || n end,
    ufs[1 + r(n, 6, 37)], jsonb_build_object('matricula', n),
    totals.open_cents, totals.open_debts, totals.oldest_due_on, totals.creditor_ids, totals.status,
    r(n, 7, 50) > 0,
    case when r(n, 7, 50) = 0 then false when r(n, 8, 10) < 3 then true
        when r(n, 8, 10) = 3 then false end,
    now() - make_interval(mins => %(clients)s - n)
from people
join (
    select debts.client_id,
        coalesce(sum(principal_cents) filter (where status = 'open'), 0) as open_cents,
        count(*) filter (where status = 'open') as open_debts,
        min(due_on) filter (where status = 'open') as oldest_due_on,
        array_agg(distinct creditor_id) as creditor_ids, min(status) as status
    from public.debts where tenant_id = %(tenant)s group by client_id
) as totals on totals.client_id = people.id
cross join (
    select string_to_array(%(firsts)s, ' ') as firsts, string_to_array(%(lasts)s, ' ') as lasts,
        string_to_array(%(ufs)s, ' ') as ufs
) as words
order by n
"""
PHONES = """
insert into public.client_phones (tenant_id, client_id, phone, kind, position, has_whatsapp)
select clients.tenant_id, clients.id,
    '+55' || (11 + r(n, 80, 80)) || case k when 0 then '9' else '' end
    || lpad((10000000 + (n::bigint * 7919 + k * 13) %% 89999999)::text, 8, '0'),
    (case k when 0 then 'mobile' else 'landline' end)::public.phone_kind, k,
    case when k = 0 then clients.has_whatsapp end
from public.clients, lateral (select (clients.extra ->> 'matricula')::int as n) as numbered,
    generate_series(0, case when r(n, 81, 2) = 0 then 1 else 0 end) as k
where clients.tenant_id = %(tenant)s and clients.has_phone
"""
CALLS = """
insert into public.call_dispositions (
    client_id, tenant_id, operator_id, disposition_type, notes, created_at
)
select clients.id, clients.tenant_id,
    (%(operators)s::uuid[])[1 + r(n, 90 + k, cardinality(%(operators)s::uuid[]))],
    (array['voicemail', 'voicemail', 'dropped', 'wrong_contact', 'callback', 'negotiate'])
        [1 + r(n, 91 + k, 6)],
    'anotação da ligação', now() - make_interval(mins => r(n, 92 + k, 100000))
from public.clients, lateral (select (clients.extra ->> 'matricula')::int as n) as numbered,
    generate_series(1, 2) as k
where clients.tenant_id = %(tenant)s and r(n, 93, 3) = 0;
insert into public.suppressions (tenant_id, client_id, reason)
select clients.tenant_id, clients.id, 'pediu'
from public.clients
where clients.tenant_id = %(tenant)s and r((clients.extra ->> 'matricula')::int, 94, 100) = 0;
insert into private.client_contacts
    (tenant_id, client_id, last_contact_at, last_disposition_type, call_blocked_until,
     whatsapp_blocked_until)
select %(tenant)s, coalesce(calls.client_id, blocks.client_id), calls.created_at,
    calls.disposition_type,
    case when blocks.client_id is not null then timestamptz 'infinity' end,
    case when blocks.client_id is not null then timestamptz 'infinity' end
from (
    select distinct on (client_id) * from public.call_dispositions
    where tenant_id = %(tenant)s order by client_id, created_at desc, id desc
) as calls
full join (
    select client_id from public.suppressions where tenant_id = %(tenant)s
) as blocks on blocks.client_id = calls.client_id;
insert into public.client_assignments (tenant_id, client_id, user_id)
select clients.tenant_id, clients.id, (%(operators)s::uuid[])[1 + r(n, 9, 20)]
from public.clients, lateral (select (clients.extra ->> 'matricula')::int as n) as numbered
where clients.tenant_id = %(tenant)s and r(n, 9, 20) < cardinality(%(operators)s::uuid[]);
insert into public.client_tags (tenant_id, client_id, tag_id)
select clients.tenant_id, clients.id, md5(clients.tenant_id || ' tag ' || 1 + r(n, 95, 5))::uuid
from public.clients, lateral (select (clients.extra ->> 'matricula')::int as n) as numbered
where clients.tenant_id = %(tenant)s and r(n, 96, 20) = 0;
insert into public.agreements (
    tenant_id, client_id, creditor_id, status, priced, proposal_hash, statement, base_on,
    valid_until, original_cents, discount_cents, total_cents, discount_percent, installments,
    first_due_on, last_due_on, policy_id
)
select clients.tenant_id, clients.id, clients.creditor_ids[1],
    (array['active', 'overdue', 'broken', 'settled', 'pending_approval'])
        [1 + r(n, 98, 5)]::public.agreement_status,
    '{}', clients.id::text, '{}', day.today, day.today, 1000, 0, 1000, 0, 1, day.today, day.today,
    clients.id
from public.clients, lateral (select (clients.extra ->> 'matricula')::int as n) as numbered,
    (select private.today(%(tenant)s) as today offset 0) as day
where clients.tenant_id = %(tenant)s and r(n, 97, 25) = 0;
insert into private.portfolio_totals
select tenant_id, count(*), sum(open_debts), sum(open_cents) from public.clients
where tenant_id = %(tenant)s group by tenant_id
"""
# A hash of two numbers, in [0, modulus).
CHANCE = """
create or replace function pg_temp.r(n int, salt int, modulus int) returns int
language sql immutable as $$ select (hashint8extended(n, salt) & 2147483647)::int %% modulus $$
"""


def build(connection: psycopg.Connection, million: int = 1_000_000, rival: int = 100_000) -> None:
    """Fill the database as superuser; about two minutes for a million on two cores."""
    others = [uuid.uuid5(MILLION, str(number)) for number in range(SMALL_TENANTS)]
    sizes = {MILLION: (million, 1), RIVAL: (rival, 3)} | {
        tenant: (min(SMALL_CLIENTS, million), 1) for tenant in others
    }
    operators = connection.execute("select array_agg(id order by email) from auth.users").fetchone()
    assert operators is not None
    connection.execute(CHANCE.replace("%%", "%").encode())
    _run(connection, TENANTS, {"tenants": list(sizes)})
    connection.execute("set session_replication_role = replica")
    for tenant, (clients, debts) in sizes.items():
        values = {
            "tenant": tenant, "clients": clients, "debts": debts, "firsts": FIRST_NAMES,
            "lasts": SURNAMES, "ufs": UFS, "operators": operators[0],
        }  # fmt: skip
        for text in (PEOPLE, DEBTS, CLIENTS, PHONES, CALLS, "drop table people"):
            _run(connection, text, values)
    connection.execute("set session_replication_role = origin")


def _run(connection: psycopg.Connection, text: str, values: dict[str, object]) -> None:
    for statement in text.split(";\n"):
        connection.execute(re.sub(r"\br\(", "pg_temp.r(", statement).encode(), values)
