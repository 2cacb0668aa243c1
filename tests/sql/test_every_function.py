"""Nothing is left that was never called: plpgsql finds a wrong column only when it gets there."""

import re
from collections.abc import Callable
from typing import Any

import psycopg

from local_platform.settings import ROOT
from tests.sql.personas import World, scalar

WaitUntil = Callable[..., Any]

# The files of import and export: tests/portfolio calls their functions, by what goes up and down.
IMPORT_FILES = {"0445", "0446", "0447", "0448", "0449", "0450", "0451", "0452",
                "0869", "0880", "0882", "0884", "0885", "0886", "0887", "0888", "0889"}  # fmt: skip
MADE = r"^create (?:function|procedure) \w+\.(\w+)"
# Money and its messages have tests of their own, and a look back of their own
# (tests/money/test_every_function.py).
MONEY = {
    name
    for path in (ROOT / "sql" / "schema").glob("0*.sql")
    if ("0495" <= path.name < "0600" and path.name != "0500_realtime.sql")
    or path.name[:4] in {"0661", "0672", "0690", "0691", "0692", "0693", "0722"}
    or path.name in {"0709_agreement_filter.sql", "0712_list_agreements.sql"}
    for name in re.findall(MADE, path.read_text(), re.MULTILINE)
}
# Messages and the dialer run where their providers are simulated: tests/messaging, tests/dialer.
CHANNELS = {
    name
    for path in (ROOT / "sql" / "schema").glob("0*.sql")
    if "0900" <= path.name < "0960" or path.name[:4] in {"0400", "0416", "0462", "0476", "0970"}
    for name in re.findall(MADE, path.read_text(), re.MULTILINE)
}
# What a drain asks between two looks, and the titles a negotiation starts from: same folders.
CHANNELS.add("events_pause")
MONEY.add("debts_in_scope")
NEVER_CALLED = (
    "select proname from pg_proc where pronamespace in"
    " ('public'::regnamespace, 'private'::regnamespace) and oid not in"
    " (select funcid from pg_stat_user_functions where calls > 0)"
)
OTHER_SESSIONS = (
    "select count(*) from pg_stat_activity where datname = current_database()"
    " and pid <> pg_backend_pid()"
)


def called_by_the_imports_tests() -> set[str]:
    files = (ROOT / "sql" / "schema").glob("*.sql")
    texts = (file.read_text() for file in files if file.name[:4] in IMPORT_FILES)
    return set(re.findall(r"create function (?:public|private)\.(\w+)", "\n".join(texts)))


def test_every_function_was_called(
    session: psycopg.Connection, world: World, wait_until: WaitUntil
) -> None:
    session.close()
    with psycopg.connect(world.url, autocommit=True) as connection:
        # A session tells its counts when it ends.
        wait_until(lambda: scalar(connection, OTHER_SESSIONS) == 0)
        uncalled = {name for (name,) in connection.execute(NEVER_CALLED.encode())}
    assert uncalled - MONEY - CHANNELS <= called_by_the_imports_tests()
