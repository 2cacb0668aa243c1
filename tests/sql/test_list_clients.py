"""The carteira finds what a person means, page by page, in one agency only."""

from typing import Any

import psycopg
import pytest

from tests.sql.carteira import listed
from tests.sql.personas import OTHER_TENANT, TENANT, World, acting, refused, scalar

PEOPLE = [
    # name, document, external id, e-mail, phone, contract
    ("José da Silva Sauro", "11122233344", "EX-1", "jose@a.test", "+5571983300538", "AB-100"),
    ("Silva José", "11122233355", "EX-2", "silva@a.test", "+557183300539", "AB-200"),
    ("Maria José Silva", "22233344455", "9001", "maria@a.test", "+5511912345678", "xk77"),
    ("Comércio Ipê Ltda", "12ABC34501DE35", "L-9", "ipe@a.test", "+551133334444", "C2308130"),
]


@pytest.fixture(autouse=True)
def people(db: psycopg.Connection) -> None:
    """Four debtors of the first agency among the demo's, and the first one also at the other."""
    for tenant in (TENANT, OTHER_TENANT):
        for name, document, external_id, email, phone, contract in PEOPLE:
            if tenant == OTHER_TENANT and external_id != "EX-1":
                continue
            db.execute(
                "with client as (insert into public.clients"
                "   (tenant_id, document, name, external_id, email) values (%s, %s, %s, %s, %s)"
                "   returning id),"
                " phone as (insert into public.client_phones (tenant_id, client_id, phone, kind)"
                "   select %s, id, %s, 'mobile' from client)"
                " insert into public.debts (tenant_id, client_id, creditor_id, contract, due_on,"
                "   principal_cents) select %s, client.id, creditors.id, %s, '2026-01-01', 1000"
                " from client, public.creditors where creditors.tenant_id = %s limit 1",
                (
                    tenant,
                    document,
                    name,
                    external_id,
                    email,
                    tenant,
                    phone,
                    tenant,
                    contract,
                    tenant,
                ),
            )


@pytest.mark.parametrize(
    ("typed", "documents"),
    [
        ("11122233344", {"11122233344"}),
        ("111.222.333-44", {"11122233344"}),
        ("111222", {"11122233344", "11122233355"}),
        ("12.ABC.345/01DE-35", {"12ABC34501DE35"}),
        ("12abc345", {"12ABC34501DE35"}),
        ("(71) 98330-0538", {"11122233344"}),
        ("98330-0538", {"11122233344"}),
        ("+55 71 98330 0538", {"11122233344"}),
        ("83300539", {"11122233355"}),
        ("AB-1", {"11122233344"}),
        ("ab-2", {"11122233355"}),
        ("xk77", {"22233344455"}),
        ("c2308130", {"12ABC34501DE35"}),
        ("EX-2", {"11122233355"}),
        ("9001", {"22233344455"}),
        ("maria@a", {"22233344455"}),
        ("JOSE SAURO", {"11122233344"}),
        ("josé  sáuro", {"11122233344"}),
        ("ipe", {"12ABC34501DE35"}),
        ("sauro", {"11122233344"}),
        ("100%", set()),
        ("_____", set()),
        ("\\", set()),
        ("' or true --", set()),
    ],
)
def test_finds_by(db: psycopg.Connection, world: World, typed: str, documents: set[str]) -> None:
    ours = {person[1] for person in PEOPLE}
    found = {row["document"] for row in listed(db, world, q=typed)["rows"]}
    assert found & ours == documents
    if "ABC" not in typed.upper() and not typed.isalnum():
        assert found <= ours


def weighed(db: psycopg.Connection) -> int:
    [(calls,)] = db.execute(
        "select pg_stat_get_xact_function_calls(oid) from pg_proc where proname = 'planned_rows'"
    )
    return calls or 0


@pytest.mark.parametrize(
    ("typed", "asked"), [("111.222.333-44", 0), ("11122233344", 0), ("1112223334", 1)]
)
def test_whose_whole_document_is_typed_is_looked_up_unweighed(
    db: psycopg.Connection, world: World, typed: str, asked: int
) -> None:
    before = weighed(db)
    found = {row["document"] for row in listed(db, world, q=typed)["rows"]}
    assert "11122233344" in found
    assert weighed(db) - before == asked


def test_the_exact_phrase_comes_first(db: psycopg.Connection, world: World) -> None:
    names = [row["name"] for row in listed(db, world, q="jose silva")["rows"]]
    assert names[0] == "Maria José Silva", "the phrase as typed"
    assert set(names[1:]) == {"José da Silva Sauro", "Silva José"}


def test_an_exact_name_comes_before_longer_ones_and_they_before_the_rest(
    db: psycopg.Connection, world: World
) -> None:
    for number, name in enumerate(
        ["Rosa Ipê Prado", "Clara Ipê Rosa", "Ipê Rosa", "Ipê Rosa Prado", "Rosa Maria Ipê"]
    ):
        db.execute(
            "insert into public.clients (tenant_id, document, name) values (%s, %s, %s)",
            (TENANT, f"5550000000{number}", name),
        )
    for sort in ("name", "-open_cents", "last_contact_at"):
        names = [row["name"] for row in listed(db, world, q="ipê rosa", sort=sort)["rows"]]
        assert names[:3] == ["Ipê Rosa", "Ipê Rosa Prado", "Clara Ipê Rosa"]
        assert set(names[3:]) == {"Rosa Ipê Prado", "Rosa Maria Ipê"}
    names = [row["name"] for row in listed(db, world, q="ip")["rows"]]
    assert set(names) == {"Ipê Rosa", "Ipê Rosa Prado"}, "two letters are a beginning"


def test_a_name_with_a_digit_is_found_beside_contracts_that_begin_so(
    db: psycopg.Connection, world: World
) -> None:
    db.execute(
        "insert into public.clients (tenant_id, document, name)"
        " values (%s, '55500000001', 'AB-1 Ltda')",
        (TENANT,),
    )
    rows = listed(db, world, q="ab-1")["rows"]
    assert [row["name"] for row in rows] == ["AB-1 Ltda", "José da Silva Sauro"]
    paged = [listed(db, world, size=1, q="ab-1")]
    paged.append(listed(db, world, paged[0]["next"], 1, q="ab-1"))
    assert [page["rows"][0]["id"] for page in paged] == [row["id"] for row in rows]
    assert paged[1]["next"] is None


def test_a_search_pages_through_its_ranks(db: psycopg.Connection, world: World) -> None:
    whole = [row["id"] for row in listed(db, world, q="jose silva")["rows"]]
    paged, after = [], None
    for _ in whole:
        page = listed(db, world, after, 1, q="jose silva")
        paged += [row["id"] for row in page["rows"]]
        after = page["next"]
    assert (paged, after) == (whole, None)


@pytest.mark.parametrize("filters", [{}, {"status": "open"}, {"q": "exemplo"}])
def test_pages_meet_without_a_gap_or_an_overlap(
    db: psycopg.Connection, world: World, filters: dict[str, str]
) -> None:
    whole = [row["id"] for row in listed(db, world, size=200, **filters)["rows"]]
    paged: list[str] = []
    after = None
    while True:
        page = listed(db, world, after, 7, **filters)
        paged += [row["id"] for row in page["rows"]]
        after = page["next"]
        if after is None:
            break
    assert paged == whole
    assert len(whole) > 7


def test_filters_by_creditor_and_status(db: psycopg.Connection, world: World) -> None:
    creditor = scalar(
        db, "select id from public.creditors where tenant_id = %s and name = 'Lojas Sabiá'", TENANT
    )
    rows = listed(db, world, size=200, creditor_id=str(creditor))["rows"]
    assert rows
    assert all("Lojas Sabiá" in row["creditors"] for row in rows)
    for status in ("open", "settled", "returned"):
        rows = listed(db, world, size=200, status=status)["rows"]
        assert rows
        assert {row["status"] for row in rows} == {status}


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ({"nome": "x"}, "unknown_filter"),
        ({"status": "paid"}, "filter_invalid"),
        ({"creditor_id": "1; drop"}, "filter_invalid"),
        ({"due_on": None}, "filter_invalid"),
        ({"creditor_id": None, "uf": "SP"}, "filter_invalid"),
    ],
)
def test_an_unknown_filter_is_an_error_and_not_the_whole_portfolio(
    db: psycopg.Connection, world: World, filters: dict[str, Any], code: str
) -> None:
    with refused(code):
        listed(db, world, **filters)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "1|2",
        "' or 1=1",
        "||||",
        "open_cents||false|x|1",
        "open_cents||false|{id}|x",
        "open_cents||maybe|{id}|1",
        "open_cents||false|{id}|1|2",
        "open_cents|0|false|{id}|1",
        "-name||false|{id}|ana",
    ],
)
def test_a_cursor_of_somebody_elses_making_is_refused(
    db: psycopg.Connection, world: World, cursor: str
) -> None:
    with refused("invalid_cursor"):
        listed(db, world, cursor.format(id=world.ids["client"]))


@pytest.mark.parametrize("typed", ["11122233344", "sauro", "EX-1", "jose@a", "983300538", "AB-100"])
def test_no_search_crosses_to_another_agency(
    db: psycopg.Connection, world: World, typed: str
) -> None:
    ours = listed(db, world, q=typed)["rows"]
    theirs = listed(db, world, q=typed, persona="other_tenant")["rows"]
    assert len(ours) == len(theirs) == 1
    assert ours[0]["id"] != theirs[0]["id"]


def test_a_foreign_creditor_finds_nobody(db: psycopg.Connection, world: World) -> None:
    foreign = scalar(
        db, "select id from public.creditors where tenant_id = %s limit 1", OTHER_TENANT
    )
    assert listed(db, world, creditor_id=str(foreign))["rows"] == []


def test_a_line_shows_the_last_disposition_and_the_first_phone(
    db: psycopg.Connection, world: World
) -> None:
    with acting(db, world, "operator"):
        db.execute(
            "insert into public.call_dispositions (client_id, disposition_type)"
            " values (%s, 'wrong_contact')",
            (world.ids["client"],),
        )
    [row] = listed(db, world, q="MUNDO-1")["rows"]
    assert row["last_disposition"]["type"] == "wrong_contact"
    assert row["phone"] == "+5511987650001"


def test_the_portfolios_counter_follows_every_change(db: psycopg.Connection) -> None:
    truth = (
        "select tenant_id, count(*), sum(open_debts), sum(open_cents) from public.clients"
        " group by 1 order by 1"
    )
    counter = (
        "select tenant_id, sum(clients), sum(open_debts), sum(open_cents)"
        " from private.portfolio_totals group by 1 order by 1"
    )
    changes = [
        "update public.debts set principal_cents = principal_cents * 2 where installment = 1",
        "update public.debts set status = 'settled' where installment = 2",
        "delete from public.debts where installment = 3",
        "delete from public.clients where id not in (select client_id from public.debts)"
        " and id not in (select client_id from public.call_dispositions)"
        " and id not in (select client_id from public.message_logs where client_id is not null)",
    ]
    for change in changes:
        db.execute(change.encode())
        assert db.execute(truth.encode()).fetchall() == db.execute(counter.encode()).fetchall()
    db.execute("select private.fold_portfolio_totals()")
    assert db.execute(truth.encode()).fetchall() == db.execute(counter.encode()).fetchall()
    rows = "select max(count) from (select count(*) from private.portfolio_totals"
    assert db.execute(f"{rows} group by tenant_id) as folded".encode()).fetchone() == (1,)


def test_derived_totals_equal_the_debts(db: psycopg.Connection, world: World) -> None:
    client = world.ids["client"]
    db.execute(
        "insert into public.debts (tenant_id, client_id, creditor_id, contract, due_on,"
        " principal_cents) select %s, %s, id, 'Z', '2025-12-31', 55 from public.creditors"
        " where tenant_id = %s and name = 'Lojas Sabiá'",
        (TENANT, client, TENANT),
    )
    ask = (
        "select open_cents, open_debts, oldest_due_on::text, cardinality(creditor_ids), debt_status"
        " from public.clients where id = %s"
    )
    assert db.execute(ask, (client,)).fetchone() == (12400, 2, "2025-12-31", 2, "open")
    db.execute("update public.debts set status = 'settled' where client_id = %s", (client,))
    assert db.execute(ask, (client,)).fetchone() == (0, 0, None, 2, "settled")
    db.execute("delete from public.debts where client_id = %s and contract = 'Z'", (client,))
    assert db.execute(ask, (client,)).fetchone() == (0, 0, None, 1, "settled")
