"""Time on demand: the demo's clock goes ahead, and its jobs do what the days between would have.

The simulated bank follows, so that a payment happens on the demo's day. A break waits until the
days of grace are reconciled, hence the sweep between two runs of the daily work.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from local_platform import demo
from local_platform.errors import StackError


def move(data: Path, days: int) -> datetime:
    """Move the stack that runs on `data`; answer the demo's new time in São Paulo."""
    if days < 1:
        raise StackError("the demo's time goes ahead: a day at least")
    path = data / "env"
    if not path.exists():
        raise StackError(f"nothing was ever started on {data}: `make up` first")
    known = dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
    try:
        connection = psycopg.connect(known["DATABASE_URL"], autocommit=True)
    except psycopg.OperationalError as error:
        raise StackError(f"nothing runs on {data}: `make up` first") from error
    with connection:
        [seconds] = connection.execute(
            "update private.clock set shift = shift + make_interval(days => %s)"
            " returning extract(epoch from shift)::double precision",
            (days,),
        ).fetchone() or [0.0]
        url = known["SUPABASE_URL"]
        bank = f"{url}/simulators/negociarie/_control/clock"
        expect("the simulated bank's clock", "PUT", bank, {"shift_seconds": seconds}, {})
        connection.execute("call private.run_money_jobs()")
        bearer = {"Authorization": f"Bearer {known['JOBS_KEY']}"}
        sweep = f"{url}/functions/v1/reconcile-payments"
        expect("the sweep of payments", "POST", sweep, {}, bearer)
        connection.execute("call private.run_money_jobs()")
    return datetime.now(UTC).astimezone(ZoneInfo("America/Sao_Paulo")) + timedelta(seconds=seconds)


def expect(what: str, method: str, url: str, body: object, headers: dict[str, str]) -> None:
    status, answer = demo.call(method, url, body, headers)
    if status >= 300:
        raise StackError(f"{what} answers {status}: {answer}")
