"""A limit to creditors holds where another acts for the person: sums, sheets, workers, files."""

import csv
import io
import json
from typing import Any

import psycopg
import pytest

from tests.sql.personas import TENANT, World, acting, scalar, working
from tests.sql.scoped import draw_limit, owe

SELECTION: dict[str, dict[str, str]] = {"filter": {}}


@pytest.fixture
def limited(db: psycopg.Connection, world: World) -> psycopg.Connection:
    draw_limit(db, world)
    return db


def test_money_of_others_is_in_no_sum_and_no_spreadsheet(
    limited: psycopg.Connection, world: World
) -> None:
    owe(limited, world.ids["client"], "DELES/2", 4200)
    owe(limited, world.ids["client"], "DELES/3", 100)
    limited.execute("update public.debts set status = 'settled' where contract = 'DELES/1'")
    with acting(limited, world, "supervisor", undo=True):
        bar = scalar(limited, "select public.selection_totals(%s)", json.dumps(SELECTION))
        rows: Any = scalar(limited, "select public.list_clients()")
        statement = scalar(limited, "select private.open_export(%s)", json.dumps(SELECTION))
        with limited.cursor().copy(
            f"copy ({statement}) to stdout (format csv, header)".encode()
        ) as c:
            sheet = list(csv.DictReader(io.StringIO(b"".join(c).decode())))
    assert bar == {"clients": 2, "debts": 2, "open_cents": 4300, "is_estimate": False}
    assert sorted((row["open_cents"], row["open_debts"]) for row in rows["rows"]) == [
        (0, 0), (4300, 2),
    ]  # fmt: skip
    told = [
        (line["Valor em aberto"], line["Títulos em aberto"], line["Vencimento mais antigo"])
        for line in sheet
    ]
    assert sorted(told) == [("0,00", "0", ""), ("43,00", "2", "31/01/2026")]


@pytest.mark.parametrize("action", ["dialer", "whatsapp"])
def test_a_preview_asks_what_is_owed_to_creditors_in_sight(
    limited: psycopg.Connection, world: World, action: str
) -> None:
    """Who owes only to others is left out, as by the send itself."""
    client = world.ids["client"]
    picked = json.dumps({"ids": [str(client)]})
    owe(limited, client, "DELES/2", 4200)
    limited.execute("delete from public.suppressions")
    limited.execute(
        "update public.agreements set status = 'settled' where client_id = %s", (client,)
    )

    def reasons(persona: str) -> set[str]:
        with acting(limited, world, persona, undo=True):
            answer: Any = scalar(limited, "select public.bulk_eligibility(%s, %s)", picked, action)
        return {left["reason"] for left in answer["excluded"]}

    assert "nothing_owed" not in reasons("supervisor")
    limited.execute(
        "update public.debts set status = 'settled'"
        " where creditor_id = 'c0000000-0000-4000-8000-0000000000aa'"
    )
    assert reasons("supervisor") == {"nothing_owed"}
    assert "nothing_owed" not in reasons("admin")


def test_who_owes_to_others_too_is_counted_for_the_creditors_in_sight_alone(
    limited: psycopg.Connection, world: World
) -> None:
    owe(limited, world.ids["client"], "DELES/2", 4200)
    with acting(limited, world, "operator", undo=True):
        counts: Any = scalar(limited, "select public.filter_counts('{}', '{creditor_id}')")
    assert counts["facets"] == {"creditor_id": {"c0000000-0000-4000-8000-0000000000aa": 2}}


@pytest.mark.parametrize("chosen", ["all", "by hand", "another creditor"])
def test_the_worker_loads_nobody_into_the_dialer_whom_the_asker_does_not_see(
    limited: psycopg.Connection, world: World, chosen: str
) -> None:
    mine, other = "c1000000-0000-4000-8000-0000000000aa", str(world.ids["client"])
    theirs = scalar(
        limited, "select creditor_id from public.debts where client_id = %s limit 1", other
    )
    selection = json.dumps({
        "all": SELECTION, "by hand": {"ids": [mine, other]},
        "another creditor": {"filter": {"creditor_id": [str(theirs)]}},
    }[chosen])  # fmt: skip
    limited.execute(
        "insert into public.integrations (tenant_id, provider, webhook_key_hash)"
        " values (%s, 'threecplus', repeat('0', 64))",
        (TENANT,),
    )
    loaded = {}
    for persona in ("supervisor", "admin"):
        with acting(limited, world, persona):
            asked: Any = scalar(limited, "select public.request_dialer_export(%s, 9)", selection)
        with working(limited, "worker"):
            limited.execute("select private.plan_dialer_export(5000)")
        assert asked["is_new"], "with another limit it is another export"
        loaded[persona] = {
            str(client)
            for (client,) in limited.execute(
                "select client_id from public.dialer_export_rows where export_id = %s",
                (asked["id"],),
            )
        }
    assert loaded["supervisor"] == (set() if chosen == "another creditor" else {mine})
    assert other in loaded["admin"]


def test_a_file_of_somebody_out_of_sight_is_not_read(
    limited: psycopg.Connection, world: World
) -> None:
    message = limited.execute(
        "update public.message_media set status = 'kept', size_bytes = 1, kept_at = now()"
        " from public.message_logs as message where message.id = message_id"
        " and message.client_id = %s returning message_id",
        (world.ids["client"],),
    ).fetchone()
    assert message
    limited.execute("insert into private.media_files values (%s, %s, 'x')", (message[0], TENANT))
    read = {}
    for persona in ("operator", "supervisor", "admin"):
        with acting(limited, world, persona, undo=True):
            read[persona] = scalar(
                limited, "select count(*) from private.read_media(%s)", message[0]
            )
    assert read == {"operator": 0, "supervisor": 0, "admin": 1}
