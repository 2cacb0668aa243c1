"""An agency with a month behind it: ten million contacts a year for 300,000 clients.

A statement per table and no triggers. The eleven months before are copies of its kept
sums: what is read of a year is as long as it would be, what is written is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import psycopg

TENANT = UUID("b0000000-0000-4000-8000-0000000000a1")
PEOPLE = [UUID(int=0xB000_0000_0000_4000_8000_0000_0001_0000 + number) for number in range(40)]
DAYS = 31
# Two million contacts a year: minutes on two busy cores. `python -m tests.bench panel=300000` is
# the panel's goal, ten million.
CLIENTS = 60_000


@dataclass(frozen=True)
class Size:
    """How many clients, and what happens to them on a day."""

    clients: int = CLIENTS

    @property
    def calls(self) -> int:
        """As many messages; four in ten are disposed of."""
        return self.clients * 137 // 3_000

    @property
    def disposed(self) -> int:
        return self.calls * 4 // 10

    @property
    def agreements(self) -> int:
        return self.clients // 2_500

    @property
    def contacts(self) -> int:
        return 2 * self.calls


BASE = """
set session_replication_role = replica;
insert into public.tenants (id, name, created_at)
values (%(tenant)s, 'Agência do painel', private.now() - interval '400 days');
insert into public.integrations (id, tenant_id, provider, webhook_key_hash)
values (%(tenant)s, %(tenant)s, 'threecplus', '-');
insert into auth.users (id, email, aud, role)
select person.id, 'painel-' || person.n || '@bench.test', 'authenticated', 'authenticated'
from unnest(%(people)s::uuid[]) with ordinality as person (id, n);
insert into public.memberships (tenant_id, user_id, role, display_name)
select %(tenant)s, person.id, case when person.n = 1 then 'supervisor' else 'operator' end
    ::public.member_role, 'Pessoa ' || person.n
from unnest(%(people)s::uuid[]) with ordinality as person (id, n);
insert into public.creditors (id, tenant_id, name)
select md5('creditor ' || n)::uuid, %(tenant)s, 'Credor ' || n from generate_series(1, 12) as n;
insert into public.disposition_types (
    tenant_id, key, label, human_answered, right_party, unworkable
)
values (%(tenant)s, 'voicemail', 'a', false, false, false),
    (%(tenant)s, 'wrong_contact', 'b', true, false, true),
    (%(tenant)s, 'negotiate', 'c', true, true, false);
insert into public.clients (id, tenant_id, document, name, uf, creditor_ids, debt_status, has_phone)
select md5('client ' || n)::uuid, %(tenant)s, lpad(n::text, 11, '0'), 'Pessoa ' || n,
    (array['SP', 'SP', 'RJ', 'MG', 'BA'])[1 + n %% 5],
    array[md5('creditor ' || 1 + n %% 12)::uuid], 'open', true
from generate_series(1, %(clients)s) as n;
insert into public.debts (
    tenant_id, client_id, creditor_id, contract, due_on, principal_cents, created_at
)
select %(tenant)s, md5('client ' || 1 + n %% %(clients)s)::uuid,
    md5('creditor ' || 1 + n %% 12)::uuid, 'p' || n, current_date - (n %% 900)::int,
    10000 + n %% 90000, private.now() - interval '300 days'
from generate_series(1, %(clients)s * 13 / 10) as n;
insert into public.cost_rates (tenant_id, kind, price_micros, currency, valid_from, created_by)
values (%(tenant)s, 'voice_minute', 150000, 'BRL', '2020-01-01', %(person)s),
    (%(tenant)s, 'exchange', 5400000, 'USD', '2020-01-01', %(person)s),
    (%(tenant)s, 'labour_month', 90000000000, 'BRL', '2020-01-01', %(person)s)
"""
# `ago` days before today, between nine in the morning and seven in the evening of São Paulo.
AT = """(private.today(%(tenant)s) - %(ago)s)::timestamp at time zone 'America/Sao_Paulo'
    + interval '9 hours' + n * interval '10 hours' / %({count})s"""
DAY = f"""
with done as (
    insert into public.call_dispositions (
        id, tenant_id, client_id, operator_id, disposition_type, created_at
    )
    select md5('done ' || %(ago)s || ' ' || n)::uuid, %(tenant)s,
        md5('client ' || 1 + (n * 7919 + %(ago)s * 104729) %% %(clients)s)::uuid,
        (%(people)s::uuid[])[1 + n %% 40],
        (array['voicemail', 'voicemail', 'wrong_contact', 'negotiate'])[1 + n %% 4],
        {AT.format(count="calls")}
    from generate_series(1, %(disposed)s) as n
)
insert into public.calls (
    tenant_id, integration_id, external_id, client_id, phone, agent_id, operator_id, status,
    disposition_id, talk_seconds, called_at
)
select %(tenant)s, %(tenant)s, %(ago)s || ' ' || n,
    md5('client ' || 1 + (n * 7919 + %(ago)s * 104729) %% %(clients)s)::uuid,
    '+5511' || lpad((n %% 99999999)::text, 8, '0'), 1 + n %% 40,
    (%(people)s::uuid[])[1 + n %% 40], 'finished',
    case when n <= %(disposed)s then md5('done ' || %(ago)s || ' ' || n)::uuid end,
    case when n <= %(disposed)s then 60 + n %% 200 end, {AT.format(count="calls")}
from generate_series(1, %(calls)s) as n;
insert into public.message_logs (
    id, tenant_id, client_id, direction, provider, phone, status, submitted_at, delivered_at,
    created_at
)
select md5('message ' || %(ago)s || ' ' || n)::uuid, %(tenant)s,
    md5('client ' || 1 + (n::bigint * 15485863 + %(ago)s * 7919) %% %(clients)s)::uuid,
    'out', 'gupshup',
    '+5511' || lpad((n %% 99999999)::text, 8, '0'),
    (array['delivered', 'read', 'failed'])[1 + n %% 3]::public.message_status,
    {AT.format(count="calls")}, {AT.format(count="calls")}, {AT.format(count="calls")}
from generate_series(1, %(calls)s) as n;
insert into public.agreements (
    id, tenant_id, client_id, creditor_id, status, priced, proposal_hash, statement, base_on,
    valid_until, original_cents, discount_cents, total_cents, discount_percent, installments,
    first_due_on, last_due_on, policy_id, created_by, formalised_at, created_at
)
select md5('deal ' || %(ago)s || ' ' || n)::uuid, %(tenant)s,
    md5('client ' || 1 + (n * 7919 + %(ago)s * 104729) %% %(clients)s)::uuid,
    md5('creditor ' || 1 + n %% 12)::uuid, 'active', '{{}}', 'deal ' || %(ago)s || ' ' || n, '{{}}',
    current_date, current_date, 50000, 5000, 45000, 10, 1, current_date, current_date,
    %(tenant)s, (%(people)s::uuid[])[1 + n %% 40], {AT.format(count="agreements")},
    {AT.format(count="agreements")}
from generate_series(1, %(agreements)s) as n
"""
KEEP_A_DAY = f"""
select private.keep_panel_days('{TENANT}', array[private.today('{TENANT}') - 1])
"""
COPIES = """
insert into private.panel_days (tenant_id, day, reach)
select tenant_id, day - %(days)s * turn, reach
from private.panel_days, generate_series(1, 11) as turn where tenant_id = %(tenant)s;
insert into private.panel_facts
select tenant_id, day - %(days)s * turn, measure, creditor_id, operator_id, events, amount
from private.panel_facts, generate_series(1, 11) as turn where tenant_id = %(tenant)s;
insert into private.panel_sets
select tenant_id, is_month, from_day - %(days)s * turn, measure, creditor_id, is_sum, operator_id,
    members, bits
from private.panel_sets, generate_series(1, 11) as turn
where tenant_id = %(tenant)s and not is_month
"""
KEEP_MONTHS = """
select private.keep_panel_months(%(tenant)s, array(
    select day from private.panel_days where tenant_id = %(tenant)s
));
select private.keep_month_facts(%(tenant)s, array(
    select day from private.panel_days where tenant_id = %(tenant)s
))
"""
# One row, a thousand times; a past day, so that there is something to mark.
WRITES = {
    "call": """insert into public.calls (
            tenant_id, integration_id, external_id, client_id, status, called_at
        )
        select %(tenant)s, %(tenant)s, 'late ' || %(number)s,
            md5('client ' || 1 + %(number)s)::uuid, 'finished',
            private.now() - interval '3 days'""",
    "receipt of a message": """update public.message_logs
        set status = 'read', read_at = private.now()
        where id = md5('message 3 ' || 1 + %(number)s * 3)::uuid""",
    "disposition": """insert into public.call_dispositions (
            tenant_id, client_id, operator_id, disposition_type
        )
        select %(tenant)s, md5('client ' || 1 + %(number)s)::uuid, (
            select memberships.user_id from public.memberships
            where memberships.tenant_id = %(tenant)s limit 1
        ), 'voicemail'""",
}


def build(db: psycopg.Connection, size: Size) -> None:
    """Fill the database as superuser, and keep its days."""
    values = {
        "tenant": TENANT, "people": PEOPLE, "person": PEOPLE[0], "days": DAYS,
        "clients": size.clients, "calls": size.calls, "disposed": size.disposed,
        "agreements": size.agreements,
    }  # fmt: skip
    with psycopg.ClientCursor(db) as cursor:
        cursor.execute(BASE.encode(), values)
        for ago in range(DAYS, -1, -1):
            cursor.execute(DAY.encode(), values | {"ago": ago})
        cursor.execute("analyze")
        # A day at a time, as the job finds them.
        for ago in range(DAYS, 0, -1):
            cursor.execute(
                "select private.keep_panel_days("
                " %(tenant)s, array[private.today(%(tenant)s) - %(ago)s])",
                values | {"ago": ago},
            )
        cursor.execute(COPIES.encode(), values)
        cursor.execute("analyze")
        cursor.execute(KEEP_MONTHS.encode(), values)
        cursor.execute("set session_replication_role = origin; analyze")


def period(db: psycopg.Connection, days: int) -> dict[str, str]:
    """That many days that are over, the newest of them yesterday."""
    [[today]] = db.execute("select private.today(%s)", (TENANT,)).fetchall()
    yesterday = today - timedelta(1)
    return {"from": str(yesterday - timedelta(days - 1)), "to": str(yesterday)}
