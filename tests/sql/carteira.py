"""The carteira asked as a person would, and a patient reference of what it should answer."""

import datetime
import json
from collections.abc import Callable
from typing import Any

import psycopg

from tests.sql.personas import TENANT, World, acting, scalar

Row = dict[str, Any]
Filter = dict[str, Any]

NOON = "2026-07-15 12:00-03:00"  # a Wednesday
TODAY = datetime.date(2026, 7, 15)
BANDS = {
    "0": (-100_000, 0),
    "1-30": (1, 30),
    "31-60": (31, 60),
    "61-90": (61, 90),
    "91-120": (91, 120),
    "121-180": (121, 180),
    "181-360": (181, 360),
    "361-720": (361, 720),
    "721-1800": (721, 1800),
    "1800+": (1801, 100_000),
}

# Facts of the demo's clients, by the place of each in the order of documents: every filter then
# picks some and leaves some.
FACTS = """
create temp table places on commit drop as
select id, row_number() over (order by document) as n from public.clients where tenant_id = %(t)s;
update public.client_phones set has_whatsapp = (places.n %% 4 = 1)
from places where places.id = client_id and places.n %% 4 in (1, 2);
delete from public.client_phones using places where places.id = client_id and places.n %% 9 = 0;
insert into public.call_dispositions
    (tenant_id, client_id, operator_id, disposition_type, created_at)
select %(t)s, id, %(operator)s, (array['voicemail', 'dropped', 'negotiate']) [1 + n %% 3],
    timestamptz '2026-07-01 09:00-03' + make_interval(days => (n %% 10)::int, mins => n::int)
from places where n %% 5 < 3;
insert into public.suppressions (tenant_id, client_id, channel, reason, expires_at)
select %(t)s, id, case n %% 2 when 0 then 'call'::public.channel end, 'pediu',
    case n when 7 then timestamptz '2026-07-01' when 14 then timestamptz '2026-08-01' end
from places where n %% 7 = 0;
insert into public.suppressions (tenant_id, phone, channel, reason)
select %(t)s, min(phone), 'whatsapp', 'pediu'
from public.client_phones join places on places.id = client_id
where n = 10;
insert into public.client_tags (tenant_id, client_id, tag_id, created_by)
select %(t)s, id, case n %% 2 when 0 then %(tag)s::uuid else %(new_tag)s::uuid end, %(operator)s
from places where n %% 6 = 0;
insert into public.client_assignments (tenant_id, client_id, user_id, assigned_by)
select %(t)s, id, case n %% 8 when 0 then %(operator)s::uuid else %(supervisor)s::uuid end,
    %(supervisor)s
from places where n %% 4 = 0
on conflict (tenant_id, client_id) do update set user_id = excluded.user_id;
update public.debts set due_on = date '2026-07-15' - (places.n * places.n)::int %% 2300 + 5
from places where places.id = client_id;
update public.debts set import_id = %(import)s from places
where places.id = client_id and n %% 8 = 0;
insert into public.agreements (tenant_id, client_id, creditor_id, status, priced, proposal_hash,
    statement, base_on, valid_until, original_cents, discount_cents, total_cents, discount_percent,
    installments, first_due_on, last_due_on, policy_id, decision_reason)
select %(t)s, places.id, (select min(id::text)::uuid from public.creditors
        where tenant_id = %(t)s), words.status::public.agreement_status, '{}',
    'carteira' || n || words.status, '{}', '2026-07-01', '2026-07-05', 1000, 0, 1000, 0, 1,
    '2026-07-05', '2026-07-05', policies.id, 'porque sim'
from places
join (values ('active', 5), ('overdue', 6), ('broken', 5), ('pending_approval', 11),
    ('rejected', 13), ('settled', 4)) as words (status, step) on n %% words.step = 0
cross join (select id from public.agreement_policies where tenant_id = %(t)s limit 1) as policies
"""

# The truth, row by row, from the tables themselves and from no derived column.
TRUTH = """
select clients.id::text, clients.document, clients.name, clients.email, clients.uf,
    clients.created_at, private.search_key(clients.name) as name_key,
    array(select distinct creditor_id::text from public.debts where client_id = clients.id)
        as creditors,
    array(select distinct import_id::text from public.debts
        where client_id = clients.id and import_id is not null) as imports,
    (select coalesce(sum(principal_cents), 0)::bigint from public.debts
        where client_id = clients.id and status = 'open') as open_cents,
    (select count(*) from public.debts where client_id = clients.id and status = 'open')
        as open_debts,
    (select min(due_on) from public.debts where client_id = clients.id and status = 'open')
        as oldest_due_on,
    (select min(status)::text from public.debts where client_id = clients.id) as status,
    call.created_at as last_contact_at, call.disposition_type as last_disposition,
    array(select has_whatsapp from public.client_phones where client_id = clients.id) as whatsapps,
    exists (select from public.suppressions
        where tenant_id = clients.tenant_id and (expires_at is null or expires_at > private.now())
        and (client_id = clients.id or client_id is null and private.phone_match(phone) in (
            select private.phone_match(phones.phone) from public.client_phones as phones
            where phones.client_id = clients.id))) as opted_out,
    array(select tag_id::text from public.client_tags where client_id = clients.id) as tags,
    (select user_id::text from public.client_assignments where client_id = clients.id)
        as assigned_to,
    array(select status::text from public.agreements where client_id = clients.id) as agreements,
    (select min(creditors.name_key collate "C") from public.debts
        join public.creditors on creditors.id = debts.creditor_id
        where debts.client_id = clients.id) as creditor,
    (select phone from public.client_phones where client_id = clients.id
        order by position, id limit 1) as phone
from public.clients
left join lateral (
    select * from public.call_dispositions where client_id = clients.id
    order by created_at desc, id desc limit 1
) as call on true
where clients.tenant_id = %s
"""


def listed(
    db: psycopg.Connection,
    world: World,
    after: str | None = None,
    size: int = 60,
    persona: str = "operator",
    sort: str = "-open_cents",
    **filters: Any,
) -> dict[str, Any]:
    """One page of list_clients."""
    answer = ask(db, world, persona, "list_clients(%s, %s, %s, %s)", filters, after, size, sort)
    assert isinstance(answer, dict)
    return answer


def ask(db: psycopg.Connection, world: World, persona: str, call: str, *parameters: object) -> Any:
    """The answer of an RPC; dicts are sent as JSON."""
    sent = [json.dumps(p) if isinstance(p, dict) else p for p in parameters]
    with acting(db, world, persona):
        return scalar(db, f"select public.{call}", *sent)


def whole_list(
    db: psycopg.Connection, world: World, sort: str, filters: Filter, size: int
) -> list[str]:
    """Ids of every page, in the order they came."""
    ids: list[str] = []
    after = None
    while True:
        page = listed(db, world, after, size, sort=sort, **filters)
        ids += [row["id"] for row in page["rows"]]
        after = page["next"]
        if after is None:
            return ids


def truth(db: psycopg.Connection) -> list[Row]:
    cursor = db.execute(TRUTH.encode(), (TENANT,))
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def days_late(row: Row) -> int | None:
    return None if row["oldest_due_on"] is None else (TODAY - row["oldest_due_on"]).days


def whatsapp(row: Row) -> str:
    if True in row["whatsapps"]:
        return "true"
    return "unknown" if None in row["whatsapps"] else "false"


LIVING = {"awaiting_first_payment", "active", "overdue", "broken_provisionally"}


def agreement_words(row: Row) -> set[str]:
    """Every word of the filter that is true of the client."""
    words = set(row["agreements"])
    if words & LIVING:
        words.add("living")
    elif "pending_approval" not in words:
        words.add("none")
    return words


def many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def instant(day: str) -> datetime.datetime:
    zone = datetime.timezone(datetime.timedelta(hours=-3))
    return datetime.datetime.fromisoformat(day).replace(tzinfo=zone)


def _aging(row: Row, value: Any) -> bool:
    late = days_late(row)
    return late is not None and any(BANDS[b][0] <= late <= BANDS[b][1] for b in many(value))


def _contact(row: Row, value: Any) -> bool:
    at = row["last_contact_at"]
    if value.get("never"):
        return at is None
    return at is not None and all(
        (at < instant(day)) if bound == "before" else (at >= instant(day))
        for bound, day in value.items()
    )


def _due(row: Row, value: Any) -> bool:
    due = row["oldest_due_on"]
    return due is not None and (
        value.get("from", "0000") <= due.isoformat() <= value.get("to", "9999")
    )


MATCHES: dict[str, Callable[[Row, Any], bool]] = {
    "creditor_id": lambda row, value: bool(set(row["creditors"]) & set(many(value))),
    "status": lambda row, value: row["status"] in many(value),
    "aging": _aging,
    "open_cents": lambda row, value: (
        value.get("min", 0) <= row["open_cents"] <= value.get("max", 10**15)
    ),
    "due_on": _due,
    "uf": lambda row, value: row["uf"] in many(value),
    "last_contact": _contact,
    "last_disposition": lambda row, value: row["last_disposition"] in many(value),
    "has_whatsapp": lambda row, value: whatsapp(row) in [str(v).lower() for v in many(value)],
    "has_phone": lambda row, value: bool(row["whatsapps"]) == value,
    "opted_out": lambda row, value: row["opted_out"] == value,
    "agreement": lambda row, value: bool(agreement_words(row) & set(many(value))),
    "import_id": lambda row, value: value in row["imports"],
    "tag_id": lambda row, value: bool(set(row["tags"]) & set(many(value))),
    "assigned_to": lambda row, value: (row["assigned_to"] or "none") in many(value),
    "q": lambda row, value: value in row["name_key"],
}


def matches(row: Row, filters: Filter) -> bool:
    return all(MATCHES[key](row, value) for key, value in filters.items())


def in_order(rows: list[Row], sort: str) -> list[str]:
    """Ids by the sort, ties by id in the same direction, rows without a value last."""
    column = {"name": "name_key"}.get(sort.lstrip("-"), sort.lstrip("-"))
    filled = [row for row in rows if row[column] is not None]
    filled.sort(key=lambda row: (row[column], row["id"]), reverse=sort.startswith("-"))
    empty = sorted(row["id"] for row in rows if row[column] is None)
    return [row["id"] for row in filled] + empty


def last_audit(db: psycopg.Connection) -> dict[str, Any]:
    row = db.execute(
        "select row_id, action, after, actor from public.audit_log order by id desc limit 1"
    ).fetchone()
    assert row is not None
    return {"row_id": row[0], "action": row[1], "after": row[2], "actor": row[3]}
