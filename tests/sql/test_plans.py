"""At the size of a large agency every question finds its index; nothing scans the portfolio."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.sql.personas import TENANT, World, acting, scalar, swollen

IMPORTS = (
    "dddddddd-0000-4000-8000-000000000001",
    "dddddddd-0000-4000-8000-000000000002",
    # Overwritten since, for many and for few: found by what was noted of them alone.
    "dddddddd-0000-4000-8000-000000000003",
    "dddddddd-0000-4000-8000-000000000004",
)
TAG = "eeeeeeee-0000-4000-8000-000000000001"
PEOPLE = 60_000  # enough that a scan costs the planner more than any index

# Without triggers and foreign keys: only the shape matters, and the clock of whoever waits.
LARGE = f"""
set session_replication_role = replica;
insert into public.clients (tenant_id, document, name, email, external_id, uf, open_cents,
    open_debts, debt_status, oldest_due_on, creditor_ids, has_phone, has_whatsapp)
select '{TENANT}', lpad((n * 7919)::text, 11, '0'),
    (array['Ana','Bruno','Carla','Diego','Edna','Fabio','Gilda','Hugo']) [1 + n % 8] || ' '
    || substr(md5(n::text), 1, 6) || ' '
    || (array['Souza','Lima','Costa','Alves','Rocha']) [1 + n % 5],
    'p' || n || '@grande.test', 'G' || n, (array['SP','SP','SP','RJ','AC']) [1 + n % 5],
    n % 100000, 1, (array['open','open','open','settled'])[1 + n % 4]::public.debt_status,
    case when n % 4 < 3 then current_date - n % 1500 end,
    array[case when n % 500 = 0 then 'cccccccc-0000-4000-8000-000000000001'
        else 'cccccccc-0000-4000-8000-000000000002' end::uuid],
    n % 50 > 0, case n % 10 when 0 then true when 1 then false end
from generate_series(1, {PEOPLE}) as n;
insert into public.client_phones (tenant_id, client_id, phone, kind)
select tenant_id, id, '+5511' || (900000000 + row_number() over ())::text, 'mobile'
from public.clients where external_id like 'G%';
insert into public.debts
    (tenant_id, client_id, creditor_id, contract, due_on, principal_cents, import_id)
select tenant_id, id, creditor_ids[1], 'K' || external_id, '2026-01-01', 1000,
    case when document like '%9' then '{IMPORTS[0]}' else '{IMPORTS[1]}' end::uuid
from public.clients where external_id like 'G%';
insert into private.import_touches (tenant_id, import_id, client_id)
select tenant_id,
    case when document like '%77' then '{IMPORTS[3]}' else '{IMPORTS[2]}' end::uuid, id
from public.clients where external_id like 'G%';
insert into public.call_dispositions (tenant_id, client_id, operator_id, disposition_type)
select tenant_id, id, id, 'dropped' from public.clients where external_id like 'G%';
insert into private.client_contacts (tenant_id, client_id, last_contact_at, last_disposition_type)
select tenant_id, id, now() - make_interval(mins => document::bigint::int),
    (array['dropped','voicemail','negotiate']) [1 + open_cents % 3]
from public.clients where external_id like 'G%' and open_cents % 2 = 0;
update private.client_contacts set whatsapp_blocked_until = 'infinity'
where last_contact_at > now() - interval '1000 min';
insert into public.client_assignments (tenant_id, client_id, user_id)
select tenant_id, id, '{TENANT}' from public.clients where document like '%7';
insert into public.client_tags (tenant_id, tag_id, client_id)
select tenant_id, '{TAG}', id from public.clients where external_id like 'G%00';
insert into public.agreements (tenant_id, client_id, creditor_id, status, priced, proposal_hash,
    statement, base_on, valid_until, original_cents, discount_cents, total_cents, discount_percent,
    installments, first_due_on, last_due_on, policy_id)
select tenant_id, id, creditor_ids[1],
    (array['active','active','broken','settled','overdue'])[1 + open_cents % 5]
        ::public.agreement_status,
    '{{}}', document, '{{}}', '2026-01-01', '2026-01-05', 1000, 0, 1000, 0, 1, '2026-01-05',
    '2026-01-05', id
from public.clients where document like '%3';
insert into private.import_touches (tenant_id, import_id, client_id)
select tenant_id, '{IMPORTS[1]}', id from public.clients where external_id = 'G59991';
insert into private.portfolio_totals (tenant_id, clients)
select tenant_id, count(*) from public.clients where external_id like 'G%' group by tenant_id;
set session_replication_role = origin;
analyze public.clients, public.client_phones, public.debts, public.call_dispositions,
    public.client_tags, public.client_assignments, private.client_contacts, public.agreements,
    private.import_touches;
create function pg_temp.plan_of_page(tenant_id uuid, filter jsonb, sort text, after text)
returns json language plpgsql as $$
declare
    v_filter private.client_filter :=
        private.weigh_search(private.read_client_filter(tenant_id, filter));
    v_sort private.client_sort := private.read_client_sort(sort);
    v_plan json;
begin
    v_filter.creditor_order := array(
        select creditors.id from public.creditors
        where creditors.tenant_id = plan_of_page.tenant_id order by creditors.name_key
    );
    execute 'explain (format json) ' || private.page_and_next_sql(private.client_page_sql(
        v_filter, v_sort, string_to_array(after, '|')
    ))
    into v_plan
    using v_filter, string_to_array(after, '|'), 61, v_sort.name;
    return v_plan;
end;
$$;
do $$
begin
    -- What the list says of itself is part of its plan.
    execute (
        select 'alter function pg_temp.plan_of_page ' || string_agg(
            format('set %I = %L', split_part(setting, '=', 1),
                trim('"' from split_part(setting, '=', 2))), ' '
        )
        from pg_proc, unnest(proconfig) as setting
        where oid = 'private.list_clients(jsonb, text, int, text)'::regprocedure
    );
end;
$$;
"""
BIG = {
    "agreements",
    "clients",
    "client_phones",
    "client_contacts",
    "client_tags",
    "client_assignments",
    "debts",
    "call_dispositions",
    "import_touches",
}


@pytest.fixture(scope="module")
def large(world: World) -> Iterator[psycopg.Connection]:
    """The world with one large agency, for this module only."""
    with swollen(world, LARGE) as connection:
        yield connection


def scans(plan: dict[str, Any]) -> set[str]:
    """Big tables that a plan reads from end to end."""
    found = {plan["Relation Name"]} & BIG if plan["Node Type"] == "Seq Scan" else set()
    return found.union(*(scans(child) for child in plan.get("Plans", ())))


def plan_of(db: psycopg.Connection, query: str) -> dict[str, Any]:
    answer = scalar(db, f"explain (format json) {query}")
    assert isinstance(answer, list)
    return dict(answer[0]["Plan"])


RARE = "cccccccc-0000-4000-8000-000000000001"
COMMON = "cccccccc-0000-4000-8000-000000000002"
FILTERS: list[dict[str, Any]] = [
    {},
    {"status": "open"},
    {"status": "settled"},
    {"creditor_id": RARE},
    {"creditor_id": COMMON},
    {"creditor_id": [RARE, COMMON]},
    {"q": "00000791900"},
    {"q": "000007"},
    {"q": "11 90000-1234"},
    {"q": "90001234"},
    {"q": "KG123"},
    {"q": "G4321"},
    {"q": "p77@grande"},
    {"q": "bruno souza"},
    {"q": "br"},
    {"q": "c4ca42"},
    {"q": "c4ca42", "status": "open"},
    {"aging": ["61-90"]},
    {"aging": ["1-30", "181-360", "1800+"]},
    {"open_cents": {"min": 50000, "max": 50010}},
    {"due_on": {"from": "2026-01-01", "to": "2026-01-31"}},
    {"uf": "SP"},
    {"uf": ["AC", "RJ"]},
    {"last_contact": {"never": True}},
    {"last_contact": {"before": "2026-01-01"}},
    {"last_contact": {"after": "2020-01-01"}},
    {"last_disposition": "negotiate"},
    {"has_phone": False},
    {"has_phone": True},
    {"has_whatsapp": True},
    {"has_whatsapp": [True, "unknown"]},
    {"opted_out": True},
    {"opted_out": False},
    {"agreement": "none"},
    {"agreement": "living"},
    {"agreement": "broken"},
    {"agreement": ["none", "broken"]},
    {"agreement": ["overdue", "broken"]},
    {"import_id": IMPORTS[0]},
    {"import_id": IMPORTS[1]},
    {"import_id": IMPORTS[2]},
    {"import_id": IMPORTS[3]},
    {"tag_id": TAG},
    {"assigned_to": str(TENANT)},
    {"assigned_to": "none"},
    {
        "creditor_id": COMMON,
        "aging": "61-90",
        "open_cents": {"min": 500},
        "uf": "SP",
        "has_whatsapp": True,
        "last_disposition": ["negotiate", "dropped"],
        "tag_id": TAG,
    },
]
SORTS: tuple[str, ...] = (
    "-open_cents",
    "oldest_due_on",
    "name",
    "-last_contact_at",
    "created_at",
    "document",
)
SORTS += ("-open_debts", "phone", "creditor")


@pytest.mark.parametrize("filters", FILTERS, ids=json.dumps)
def test_a_page_of_the_list_reads_an_index(
    large: psycopg.Connection, filters: dict[str, Any]
) -> None:
    scanned = {sort: scans(page_plan(large, filters, sort)) for sort in SORTS}
    assert scanned == {sort: set() for sort in SORTS}


def page_plan(
    db: psycopg.Connection, filters: dict[str, Any], sort: str, after: str | None = None
) -> dict[str, Any]:
    """The plan of the very statement that the list runs, values and all."""
    answer = scalar(
        db,
        "select pg_temp.plan_of_page(%s, %s, %s, %s)",
        TENANT,
        json.dumps(filters),
        sort,
        after,
    )
    assert isinstance(answer, list)
    return dict(answer[0]["Plan"])


def test_a_scan_would_be_seen(large: psycopg.Connection) -> None:
    """The same search under row security, where its operator is not leakproof."""
    assert scans(plan_of(large, "select * from public.clients where name ilike '%c4ca42%'")) == {
        "clients"
    }


@pytest.mark.parametrize(
    ("sort", "index", "value"),
    [
        ("-open_cents", "clients_by_open_value", "500"),
        ("name", "clients_by_name", "gilda"),
        ("document", "clients_document_is_unique", "00050"),
        ("oldest_due_on", "clients_by_oldest_due", "2026-01-01"),
        ("created_at", "clients_by_age", "2020-01-01"),
        ("-last_contact_at", "client_contacts_newest", "2026-01-01"),
        ("-open_debts", "clients_by_open_debts", "777"),
        ("phone", "client_phones_by_phone", "+55119000005"),
    ],
)
def test_a_late_page_costs_what_the_first_does(
    large: psycopg.Connection, sort: str, index: str, value: str
) -> None:
    late = f"{sort}||false|ffffffff-ffff-ffff-ffff-ffffffffffff|{value}"
    for after in (None, late):
        plan = page_plan(large, {}, sort, after)
        assert index in json.dumps(plan)
        assert "Bitmap" not in json.dumps(plan), "in order, no more rows than the page"
        conditions = json.dumps(list(nodes(plan, index)))
        assert (value in conditions) == (after is not None), "the cursor is where the walk begins"


def nodes(plan: dict[str, Any], index: str) -> Iterator[str]:
    """Index conditions of the walks along one index."""
    if plan.get("Index Name") == index:
        yield str(plan.get("Index Cond"))
    for child in plan.get("Plans", ()):
        yield from nodes(child, index)


@pytest.mark.parametrize(
    "table", ["clients", "client_phones", "debts", "call_dispositions", "message_logs"]
)
def test_row_security_is_computed_once_and_keeps_the_index(
    large: psycopg.Connection, world: World, table: str
) -> None:
    column = "id" if table == "clients" else "client_id"
    query = f"select * from public.{table} where {column} = '{world.ids['client']}'"
    with acting(large, world, "operator"):
        plan = plan_of(large, query)
    assert scans(plan) == set()
    assert "private.tenant_id()" not in json.dumps([plan.get("Filter"), plan.get("Index Cond")])


@pytest.mark.parametrize(
    "call",
    [
        "service_screen('{client}')",
        "client_timeline('{client}')",
        "client_profile('88888888801')",
        "list_clients('{{}}')",
        """list_clients('{{"uf": "AC", "aging": "61-90"}}')""",
        """selection_totals('{{"filter": {{"uf": "AC", "aging": "61-90"}}}}')""",
        """selection_totals('{{"filter": {{"uf": "SP", "status": "open"}}}}')""",
        """filter_counts('{{"uf": "AC"}}')""",
        """bulk_eligibility('{{"filter": {{"uf": "SP"}}}}', 'whatsapp')""",
        """list_clients('{{"q": "c4ca42"}}')""",
    ],
)
def test_a_screen_touches_few_rows_of_a_large_agency(
    large: psycopg.Connection, world: World, call: str
) -> None:
    """Counted by the database itself: tuples fetched by scans from end to end."""
    read = (
        "select coalesce(sum(seq_tup_read), 0) from pg_stat_xact_user_tables"
        " where schemaname = 'public' and relname = any(%s)"
    )
    with acting(large, world, "operator"):
        large.execute(f"select public.{call.format(**world.ids)}".encode())  # warm the plans
    before = scalar(large, read, list(BIG))
    with acting(large, world, "operator"):
        large.execute(f"select public.{call.format(**world.ids)}".encode())
    assert scalar(large, read, list(BIG)) == before


def test_a_large_import_is_met_along_the_list_whatever_it_wrote(
    large: psycopg.Connection, world: World
) -> None:
    with acting(large, world, "operator"):
        page = scalar(
            large, "select public.list_clients(%s)", json.dumps({"import_id": IMPORTS[1]})
        )
    assert isinstance(page, dict)
    # G59991 owes nothing to this import; only its person was written by it.
    wanted = [n for n in range(PEOPLE, 0, -1) if n % 10 != 1 or n == 59_991][:60]
    assert [row["external_id"] for row in page["rows"]] == [f"G{n}" for n in wanted]
    plan = json.dumps(page_plan(large, {"import_id": IMPORTS[1]}, "-open_cents"))
    assert "clients_by_open_value" in plan
    assert "debts_of_import" not in plan, "all of the import's titles would be read first"


def test_a_large_filtered_total_is_an_estimate_and_says_so(
    large: psycopg.Connection, world: World
) -> None:
    def total(filters: dict[str, Any]) -> dict[str, Any]:
        with acting(large, world, "operator"):
            answer = scalar(
                large, "select public.selection_totals(%s)", json.dumps({"filter": filters})
            )
        assert isinstance(answer, dict)
        return dict(answer)

    common = total({"creditor_id": COMMON})
    assert common["is_estimate"] is True
    assert abs(common["clients"] - PEOPLE) < PEOPLE / 20
    # Amounts grow evenly from 1 to PEOPLE cents.
    assert abs(common["open_cents"] - PEOPLE * PEOPLE / 2) < PEOPLE * PEOPLE / 2 / 20
    rare = total({"creditor_id": RARE})
    assert (rare["clients"], rare["is_estimate"]) == (PEOPLE // 500, False)


def test_few_that_the_planner_takes_for_many_are_counted_and_not_estimated_as_none(
    large: psycopg.Connection, world: World
) -> None:
    """Statistics are a while behind: a creditor's portfolio was moved, all but a few."""
    with large.transaction(force_rollback=True):
        large.execute("set local session_replication_role = replica")
        moved = "update public.clients set creditor_ids = %s where external_id like 'G%%'"
        few = f"{moved} and document not like '%%00777'"
        changed = large.execute(few.encode(), ([RARE],)).rowcount
        with acting(large, world, "operator"):
            answer = scalar(
                large,
                "select public.selection_totals(%s)",
                json.dumps({"filter": {"creditor_id": COMMON}}),
            )
    assert 0 < PEOPLE - changed < 5
    assert isinstance(answer, dict)
    assert (answer["clients"], answer["is_estimate"]) == (PEOPLE - changed, False)
