"""Nothing of money is left that was never called: plpgsql finds a wrong column only there.

Runs last in its folder (conftest.py), and only when the whole folder runs.
"""

import re

import psycopg

from tests.money.conftest import SCHEMA, WaitUntil

OURS = [
    path
    for path in sorted(SCHEMA.glob("0*.sql"))
    if ("0495" <= path.name < "0600" and path.name != "0500_realtime.sql")
    or path.name in {"0672_apply_charge_event.sql", "0712_list_agreements.sql"}
    or "0690" <= path.name < "0700"
]
# Ends in a refusal each time, which is not counted as a call.
REFUSING = {"tg_append_only"}
# Asked for who is limited to creditors alone: tests/sql/test_scope.py.
OF_LIMITS = {"sees_payment"}
# A job of people and their data that fails for one of them: tests/sql/test_privacy.py.
OF_JOBS = {"note_job_failure"}
CALLED = "select funcname from pg_stat_user_functions where calls > 0"
# SQL functions that the planner inlines are never counted as called; each is asserted by a test.
INLINED = (
    "select proname from pg_proc join pg_language on pg_language.oid = prolang"
    " where lanname = 'sql' and not prosecdef"
)
OTHER_SESSIONS = (
    "select count(*) from pg_stat_activity where datname = current_database()"
    " and pid <> pg_backend_pid()"
)


def test_every_function_was_called(
    session: psycopg.Connection, schema_url: str, wait_until: WaitUntil
) -> None:
    session.close()
    made = {
        name
        for path in OURS
        for name in re.findall(r"^create function \w+\.(\w+)", path.read_text(), re.MULTILINE)
    }
    with psycopg.connect(schema_url, autocommit=True) as connection:
        # A session tells its counts when it ends.
        wait_until(
            lambda: connection.execute(OTHER_SESSIONS.encode()).fetchone() == (0,), seconds=20
        )
        called = {name for (name,) in connection.execute(CALLED.encode())}
        inlined = {name for (name,) in connection.execute(INLINED.encode())}
    assert made - called - inlined - OF_LIMITS - OF_JOBS == REFUSING
