"""What holds for all rows of a statement is asked once, not by each of them."""

import psycopg
import pytest

from tests.sql.personas import TENANT, World

# Of people whose own row it leaves as it is.
REACHED = "where tenant_id = %s and has_phone and has_whatsapp is not false"


def asked(db: psycopg.Connection) -> int:
    [(calls,)] = db.execute(
        "select pg_stat_get_xact_function_calls('private.has_dialer_lists(uuid)'::regprocedure)"
    )
    return calls or 0


@pytest.mark.parametrize(
    "statement",
    [
        "update public.clients set name = name || ' Neto' where tenant_id = %s",
        "update public.clients set uf = 'AC' where tenant_id = %s",
        "insert into public.client_phones (tenant_id, client_id, phone, kind)"
        " select tenant_id, id, '+55119' || (10000000 + row_number() over ()), 'mobile'"
        f" from public.clients {REACHED}",
        "update public.client_phones set position = position + 1 where tenant_id = %s",
        "insert into public.client_addresses"
        " (tenant_id, client_id, street, number, district, city, uf, cep)"
        " select tenant_id, id, 'Rua Um', '1', 'Centro', 'Rio', 'RJ', '20000000'"
        " from public.clients where tenant_id = %s",
    ],
    ids=["names", "states", "new numbers", "numbers", "addresses"],
)
@pytest.mark.parametrize("is_dialing", [False, True])
def test_whether_an_agency_dials_is_asked_once(
    db: psycopg.Connection, world: World, statement: str, is_dialing: bool
) -> None:
    db.execute("delete from public.client_addresses")
    db.execute(
        "update public.dialer_exports set status = %s",
        ("done" if is_dialing else "failed",),
    )
    before = asked(db)
    changed = db.execute(statement.encode(), (TENANT,)).rowcount
    assert changed > 10  # enough to tell once from each
    assert asked(db) - before == 1
