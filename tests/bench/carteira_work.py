"""What people do with a portfolio once they see it: open, count, give away, export."""

from __future__ import annotations

import json
import random
import time
import uuid

import psycopg

from tests.bench.carteira_arms import ROUNDS, Bench, against_owner, only, some_filters
from tests.bench.carteira_data import RIVAL
from tests.bench.table import BenchRow, interleaved, percentile

SCREENS = 300  # clients opened for a p95


def screens(bench: Bench) -> list[BenchRow]:
    """The p95 of opening clients at random, each for the first time in this run."""
    people = bench.owner.execute(
        "select id::text, document from public.clients where tenant_id = %s"
        " and id >= %s order by id limit %s",
        (bench.tenant, uuid.UUID(int=random.Random(1).getrandbits(128)), SCREENS * 2),  # noqa: S311
    ).fetchall()
    found = []
    for name, calls in (
        ("service_screen", [("service_screen(%s)", row[0]) for row in people[::2]]),
        ("client_profile", [("client_profile(%s)", row[1]) for row in people[1::2]]),
    ):
        spent = []
        for call, parameter in calls:
            started = time.perf_counter()
            bench.ask(call, parameter)
            spent.append((time.perf_counter() - started) * 1000)
        found.append(
            BenchRow(
                f"{name}, {len(spent)} clients of 1,000,000",
                "—",
                f"p50 {percentile(spent, 0.5):.1f} ms, p95 {percentile(spent, 0.95):.1f} ms",
                "—",
                "p95 ≤ 15 ms",
            )
        )
    return found


def selections(bench: Bench) -> list[BenchRow]:
    """The bar under the list, the filter panel, a preview, and giving away what was selected."""
    everybody = json.dumps({"filter": {}})
    common = json.dumps({"filter": {"uf": "SP"}})
    rare = json.dumps({"filter": some_filters(bench)["six at once"]})
    found = []
    for subject, call, parameters in (
        ("totals of everybody", "selection_totals(%s)", (everybody,)),
        ("totals of one in six (estimate)", "selection_totals(%s)", (common,)),
        ("totals of six filters at once", "selection_totals(%s)", (rare,)),
        ("counts of one facet", "filter_counts(%s, '{uf}')", (json.dumps({"status": "open"}),)),
        ("preview of a send to one in six", "bulk_eligibility(%s, 'whatsapp')", (common,)),
    ):

        def ask(call: str = call, parameters: tuple[str, ...] = parameters) -> object:
            return bench.ask(call, *parameters)

        found.append(_alone(subject, interleaved({"ours": ask}, ROUNDS)["ours"]))
    with bench.caller.transaction(force_rollback=True):
        started = time.perf_counter()
        given = bench.ask("bulk_assign(%s, %s)", common, bench.user)["changed"]
        found.append(_alone(f"assign {given:,} clients", time.perf_counter() - started))
    return found


def _alone(subject: str, seconds: float) -> BenchRow:
    return BenchRow(subject, "—", f"{seconds * 1000:.0f} ms", "—", "—")


def export(bench: Bench) -> list[BenchRow]:
    """The export as the caller against the same columns and joins as owner, cells as they are."""
    selection = json.dumps({"filter": {"uf": ["SP", "RS"]}})
    rates: dict[str, list[float]] = {"owner": [], "ours": []}
    for turn in range(4):  # the first pays for the cache
        with bench.caller.transaction(force_rollback=True):
            text = only(bench.caller, "select private.open_export(%s)", selection)
            people = only(bench.caller, "select count(*) from pg_temp.export_clients")
            seconds = {"ours": _copy(bench.caller, text)}
            bench.caller.execute("reset role")
            bench.caller.execute("set local role postgres")
            seconds["owner"] = _copy(bench.caller, _bare(bench.owner, text))
        if turn > 0:
            for arm, spent in seconds.items():
                rates[arm].append(people / spent)
    ours, owner = (percentile(rates[arm], 0.5) for arm in ("ours", "owner"))
    return [
        BenchRow(
            f"export of {people:,} clients",
            f"{owner / 1000:.0f}k rows/s COPY as owner, unescaped",
            f"{ours / 1000:.0f}k rows/s",
            f"{ours / owner:.2f} ×",
            "≥ 0.8 ×",
        )
    ]


def _bare(owner: psycopg.Connection, text: str) -> str:
    """The export's statement with each escaped cell as it is."""
    for cell in ("clients.name", "clients.external_id", "clients.email", "owed.creditors",
                 "worn.tags", "people.display_name"):  # fmt: skip
        text = text.replace(only(owner, "select private.plain_cell(%s)", cell), cell)
    return text


def _copy(connection: psycopg.Connection, text: str) -> float:
    started = time.perf_counter()
    with connection.cursor().copy(f"copy ({text}) to stdout (format csv, header)".encode()) as copy:
        while copy.read():
            pass
    return time.perf_counter() - started


def rival(bench: Bench) -> list[BenchRow]:
    """The size of lessons.md's last paragraph; its times were measured there, on two cores."""
    document = only(
        bench.owner, "select document from public.clients where tenant_id = %s limit 1", RIVAL
    )
    found = []
    for subject, known, filters in (
        ("list of a creditor", "2.3-2.7 s", some_filters(bench)["creditor"]),
        ("search by document", "1.1-1.2 s", {"q": document}),
        ("search by name", "0.7-0.9 s", {"q": "maria silva"}),
        ("list without a filter", "14-15 s", {}),
    ):
        seconds = interleaved(bench.arms(filters), ROUNDS)
        found.append(_against_rival(subject, known, seconds["ours"]))
        found.append(against_owner(f"the same beside the owner's SQL: {subject}", seconds))
    totals = json.dumps({"filter": some_filters(bench)["creditor"]})
    seconds = interleaved({"ours": lambda: bench.ask("selection_totals(%s)", totals)}, ROUNDS)
    found.append(_against_rival("count of a selection", "6.5-7.3 s", seconds["ours"]))
    with bench.caller.transaction(force_rollback=True):
        started = time.perf_counter()
        bench.ask("bulk_assign(%s, %s)", json.dumps({"filter": {}}), bench.user)
        found.append(
            _against_rival(
                "select all 100,000 and assign", "22 min to select", time.perf_counter() - started
            )
        )
    return found


def _against_rival(subject: str, known: str, seconds: float) -> BenchRow:
    return BenchRow(
        f"100,000 people, 300,000 debts: {subject}",
        f"{known} the rival",
        f"{seconds * 1000:.0f} ms",
        "—",
        "—",
    )
