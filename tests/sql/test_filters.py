"""Every filter, alone and combined, in every order, against a reference that reads row by row."""

import random
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.sql.carteira import (
    BANDS,
    Filter,
    agreement_words,
    ask,
    days_late,
    in_order,
    listed,
    many,
    matches,
    truth,
    whatsapp,
    whole_list,
)
from tests.sql.personas import OTHER_TENANT, TENANT, World, refused, scalar, set_clock

SORTS = [
    "name",
    "document",
    "open_cents",
    "open_debts",
    "oldest_due_on",
    "last_contact_at",
    "phone",
]
SORTS += ["creditor", "created_at"]
SORTS += [f"-{sort}" for sort in SORTS]


@pytest.fixture
def db(people_with_a_past: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A savepoint behind the facts; nothing of a test stays."""
    with people_with_a_past.transaction(force_rollback=True):
        yield people_with_a_past


def choices(db: psycopg.Connection, world: World) -> dict[str, list[Any]]:
    """Values of every filter key."""
    creditors = [
        str(creditor)
        for (creditor,) in db.execute(
            "select id from public.creditors where tenant_id = %s order by name", (TENANT,)
        )
    ]
    operator, supervisor = str(world.users["operator"]), str(world.users["supervisor"])
    tag, new_tag = str(world.ids["tag"]), str(world.ids["new_tag"])
    return {
        "creditor_id": [creditors[0], creditors[:2], [creditors[2]]],
        "status": ["open", "settled", ["settled", "returned"], ["open"]],
        "aging": [["0"], ["1-30", "31-60"], ["1-30", "181-360", "1800+"], "61-90", list(BANDS)],
        "open_cents": [{"min": 50000}, {"max": 60000}, {"min": 30000, "max": 120000}],
        "due_on": [{"from": "2025-06-01"}, {"to": "2025-12-31"},
                   {"from": "2024-01-01", "to": "2026-01-31"}],
        "uf": ["SP", ["SP", "RJ"], ["MG"]],
        "last_contact": [{"never": True}, {"before": "2026-07-05"}, {"after": "2026-07-05"},
                         {"after": "2026-07-03", "before": "2026-07-08"}],
        "last_disposition": ["dropped", ["voicemail", "negotiate"]],
        "has_whatsapp": [True, False, "unknown", [True, "unknown"]],
        "has_phone": [True, False],
        "opted_out": [True, False],
        "agreement": ["none", "living", ["broken", "settled"], "overdue", ["none", "rejected"]],
        "import_id": [str(world.ids["import"])],
        "tag_id": [tag, [tag, new_tag]],
        "assigned_to": ["none", operator, [supervisor, "none"]],
        "q": ["exemplo", "ficticia"],
    }  # fmt: skip


def test_each_value_of_each_filter_picks_whom_the_reference_picks(
    db: psycopg.Connection, world: World
) -> None:
    rows = truth(db)
    for key, values in choices(db, world).items():
        picked = []
        for value in values:
            wanted = {row["id"] for row in rows if matches(row, {key: value})}
            found = {row["id"] for row in listed(db, world, size=200, **{key: value})["rows"]}
            assert found == wanted, {key: value}
            picked.append(len(wanted))
        assert any(0 < n < len(rows) for n in picked), f"{key} proves nothing"


@pytest.mark.parametrize("seed", range(12))
def test_any_mix_of_filters_in_any_order_pages_through_exactly_its_rows(
    db: psycopg.Connection, world: World, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  a repeatable draw of cases, no secret
    rows = truth(db)
    known = choices(db, world)
    del known["q"]  # a search has an order of its own
    for sort in SORTS:
        keys = chance.sample(sorted(known), chance.randint(0, 3))
        filters: Filter = {key: chance.choice(known[key]) for key in keys}
        kept = [row for row in rows if matches(row, filters)]
        found = whole_list(db, world, sort, filters, chance.choice([3, 7, 50]))
        assert found == in_order(kept, sort), (filters, sort)
        assert ask(db, world, "operator", "selection_totals(%s)", {"filter": filters}) == {
            "clients": len(kept),
            "debts": sum(row["open_debts"] for row in kept),
            "open_cents": sum(row["open_cents"] for row in kept),
            "is_estimate": False,
        }


@pytest.mark.parametrize("sort", SORTS)
def test_a_name_search_keeps_its_ranks_in_every_order(
    db: psycopg.Connection, world: World, sort: str
) -> None:
    rows = [row for row in truth(db) if matches(row, {"q": "exemplo"})]
    found = whole_list(db, world, sort, {"q": "exemplo"}, 4)
    # All hold the one word in the middle: of one rank, so the order is the sort's.
    assert sorted(found) == sorted(row["id"] for row in rows)
    if sort.lstrip("-") not in ("oldest_due_on", "last_contact_at"):
        assert found == in_order(rows, sort)


def test_mine_are_the_callers(db: psycopg.Connection, world: World) -> None:
    for persona in ("operator", "supervisor"):
        mine = listed(db, world, size=200, persona=persona, assigned_to="me")["rows"]
        by_name = listed(
            db, world, size=200, persona=persona, assigned_to=str(world.users[persona])
        )["rows"]
        assert mine == by_name
        assert {row["assigned_to"]["user_id"] for row in mine} == {str(world.users[persona])}


def test_facets_count_what_each_value_would_leave(db: psycopg.Connection, world: World) -> None:
    rows = truth(db)
    filters: Filter = {"uf": ["SP", "RJ"], "status": "open", "has_phone": True}
    answer = ask(db, world, "operator", "filter_counts(%s)", filters)
    assert answer["is_estimate"] is False

    def counted(facet: str, values: Any) -> dict[str, int]:
        others = {key: value for key, value in filters.items() if key != facet}
        counts: dict[str, int] = {}
        for row in rows:
            for value in many(values(row)) if matches(row, others) else ():
                if value is not None:
                    counts[value] = counts.get(value, 0) + 1
        return counts

    reference: dict[str, Any] = {
        "status": lambda row: row["status"],
        "uf": lambda row: row["uf"] or "",
        "aging": lambda row: [
            band for band in BANDS
            if (late := days_late(row)) is not None and BANDS[band][0] <= late <= BANDS[band][1]
        ],
        "creditor_id": lambda row: row["creditors"],
        "last_disposition": lambda row: row["last_disposition"],
        "last_contact": lambda row: "never" if row["last_contact_at"] is None else "ever",
        "has_whatsapp": whatsapp,
        "has_phone": lambda row: str(bool(row["whatsapps"])).lower(),
        "opted_out": lambda row: str(row["opted_out"]).lower(),
        "agreement": lambda row: sorted(agreement_words(row)),
        "tag_id": lambda row: row["tags"],
        "assigned_to": lambda row: row["assigned_to"] or "none",
    }  # fmt: skip
    assert answer["facets"] == {facet: counted(facet, of) for facet, of in reference.items()}
    two = ask(db, world, "operator", "filter_counts(%s, %s)", filters, ["uf", "aging"])
    assert set(two["facets"]) == {"uf", "aging"}


def test_what_a_sample_does_not_meet_is_counted_and_not_said_to_be_nobodys(
    db: psycopg.Connection, world: World
) -> None:
    """In a sample of one, nearly everything is rare."""
    for filters in ({}, {"status": "open", "has_phone": True}):
        whole = ask(db, world, "operator", "filter_counts(%s)", filters)["facets"]
        with db.transaction(force_rollback=True):
            for name, kind, number in (
                ("sample_size", "int", 1),
                ("countable_values", "bigint", 0),
            ):
                db.execute(
                    f"create or replace function private.{name}() returns {kind} language sql"
                    f" immutable set search_path = '' as 'select {number}::{kind}'".encode()
                )
            answer = ask(db, world, "operator", "filter_counts(%s)", filters)
        assert answer["is_estimate"] is True
        for facet, counts in answer["facets"].items():
            found = {value: clients for value, clients in counts.items() if clients and value}
            known = {value: clients for value, clients in whole[facet].items() if value}
            assert found == known, (filters, facet)
        assert 0 in answer["facets"]["uf"].values()  # looked up, and nobody there


def test_an_unknown_facet_is_refused(db: psycopg.Connection, world: World) -> None:
    with refused("unknown_facet"):
        ask(db, world, "operator", "filter_counts(%s, %s)", {}, ["cor"])


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ({"cor": "azul"}, "unknown_filter"),
        ({"Status": "open"}, "unknown_filter"),
        ({"status": ["open", "paid"]}, "filter_invalid"),
        ({"status": {"is": "open"}}, "filter_invalid"),
        ({"aging": ["2-3"]}, "filter_invalid"),
        ({"creditor_id": ["x"]}, "filter_invalid"),
        ({"creditor_id": [None]}, "filter_invalid"),
        ({"creditor_id": ["d0000000-0000-4000-8000-000000000001"] * 201}, "filter_invalid"),
        ({"open_cents": 5}, "filter_invalid"),
        ({"open_cents": {"min": "5"}}, "filter_invalid"),
        ({"open_cents": {"min": 1.5}}, "filter_invalid"),
        ({"open_cents": {"least": 5}}, "filter_invalid"),
        ({"open_cents": {"min": 10**30}}, "filter_invalid"),
        ({"open_cents": {"min": None}}, "filter_invalid"),
        ({"open_cents": {"min": 1, "max": None}}, "filter_invalid"),
        ({"due_on": {"from": None}}, "filter_invalid"),
        ({"due_on": {"from": "2026-01-01", "to": None}}, "filter_invalid"),
        ({"due_on": {"until": "2026-01-01"}}, "filter_invalid"),
        ({"last_contact": {"before": None}}, "filter_invalid"),
        ({"last_contact": {"after": None, "never": True}}, "filter_invalid"),
        ({"last_contact": {"never": None}}, "filter_invalid"),
        ({"due_on": {"from": "2026-02-30"}}, "filter_invalid"),
        ({"due_on": {"from": "today"}}, "filter_invalid"),
        ({"due_on": {"from": 20260101}}, "filter_invalid"),
        ({"last_contact": {"before": "infinity"}}, "filter_invalid"),
        ({"last_contact": {"never": False}}, "filter_invalid"),
        ({"last_contact": "never"}, "filter_invalid"),
        ({"has_phone": "yes"}, "filter_invalid"),
        ({"has_phone": "true"}, "filter_invalid"),
        ({"has_whatsapp": "maybe"}, "filter_invalid"),
        ({"opted_out": [True]}, "filter_invalid"),
        ({"agreement": "ended"}, "filter_invalid"),
        ({"agreement": ["none", "quebrado"]}, "filter_invalid"),
        ({"import_id": "x"}, "filter_invalid"),
        ({"tag_id": 5}, "filter_invalid"),
        ({"assigned_to": "eu"}, "filter_invalid"),
        ({"q": ["a"]}, "filter_invalid"),
        ({"q": "a" * 201}, "filter_invalid"),
    ],
    ids=str,
)
def test_a_filter_that_is_not_understood_is_refused_by_name(
    db: psycopg.Connection, world: World, filters: Filter, code: str
) -> None:
    calls: list[tuple[str, Filter]] = [
        ("list_clients(%s)", filters),
        ("selection_totals(%s)", {"filter": filters}),
        ("filter_counts(%s)", filters),
        ("bulk_eligibility(%s, 'tag')", {"filter": filters}),
    ]
    for call, parameter in calls:
        with pytest.raises(psycopg.Error) as refusal:
            ask(db, world, "supervisor", call, parameter)
        assert refusal.value.diag.message_primary == code
        assert refusal.value.diag.message_detail == next(iter(filters))


def test_values_of_two_kinds_in_one_filter_are_each_judged_by_their_own(
    db: psycopg.Connection, world: World
) -> None:
    filters: Filter = {"open_cents": {"min": 1}, "due_on": {"from": "2020-01-01"}}
    for _ in range(2):
        assert listed(db, world, **filters)["rows"]


@pytest.mark.parametrize("empty", ["", [], {}])
def test_an_empty_filter_is_no_filter(db: psycopg.Connection, world: World, empty: object) -> None:
    filters: Filter = dict.fromkeys(choices(db, world), empty)
    assert listed(db, world, **filters) == listed(db, world)


@pytest.mark.parametrize("sort", ["", "-", "--name", "nome", "open_cents desc", "name; drop"])
def test_an_unknown_order_is_refused(db: psycopg.Connection, world: World, sort: str) -> None:
    with refused("sort_invalid"):
        listed(db, world, sort=sort)


def test_a_cursor_of_one_order_is_refused_by_another(db: psycopg.Connection, world: World) -> None:
    after = listed(db, world, size=3, sort="name")["next"]
    others: list[tuple[str, Filter]]
    others = [("-name", {}), ("document", {}), ("name", {"q": "exemplo"})]
    for sort, filters in others:
        with refused("invalid_cursor"):
            listed(db, world, after, sort=sort, **filters)


def test_aging_turns_with_the_tenants_day(db: psycopg.Connection, world: World) -> None:
    client = str(world.ids["client"])
    db.execute("update public.debts set due_on = '2026-07-15' where client_id = %s", (client,))

    def bands() -> set[str]:
        return {
            band for band in BANDS
            if client in {row["id"] for row in listed(db, world, size=200, aging=band)["rows"]}
        }  # fmt: skip

    set_clock(db, "2026-07-15 23:59-03:00")  # the day after, in UTC
    assert bands() == {"0"}
    set_clock(db, "2026-07-16 00:01-03:00")
    assert bands() == {"1-30"}
    set_clock(db, "2026-08-15 12:00-03:00")
    assert bands() == {"31-60"}


def test_another_agencys_ids_pick_nobody(db: psycopg.Connection, world: World) -> None:
    foreign = scalar(
        db, "select id from public.creditors where tenant_id = %s limit 1", OTHER_TENANT
    )
    theirs: Filter = {
        "creditor_id": str(foreign),
        "tag_id": str(world.ids["other_tag"]),
        "import_id": str(world.ids["other_import"]),
        "assigned_to": str(world.users["other_tenant"]),
    }
    for name, value in theirs.items():
        filters: Filter = {name: value}
        assert listed(db, world, **filters)["rows"] == []
