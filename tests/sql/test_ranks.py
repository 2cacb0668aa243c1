"""A name search against a reference that reads every name: same people, same order, any page.

The list looks scattered words up at once where few have them, and walks along its order where many
do; at the size of a test the planner would never choose the second, so both are asked for.
"""

import random

import psycopg
import pytest

from tests.proof import examples
from tests.sql.personas import TENANT

WORDS = ("ana", "maria", "mariana", "rosa", "prado", "jose", "ipe", "sao", "ab-1")
PEOPLE = 200
PAGE_OF = """
create function pg_temp.page_of(typed text, sort text, after text[], size int, is_common boolean)
returns table (id text, rank int, value text) language plpgsql as $$
declare
    v_filter private.client_filter := private.weigh_search(private.read_client_filter(
        %(tenant)s, jsonb_build_object('q', typed, 'uf', 'AC')
    ));
    v_search private.client_search := (v_filter).search;
begin
    v_search.is_common := page_of.is_common;
    v_filter.search := v_search;
    return query execute 'select page.id::text, page.rank, page.value from ('
        || private.client_page_sql(v_filter, private.read_client_sort(sort), after) || ') as page'
        using v_filter, after, size;
end;
$$
"""
Person = tuple[str, str, int]  # id, name, open cents


@pytest.fixture
def people(db: psycopg.Connection) -> list[Person]:
    """Two hundred names of a few words, in a state of their own; many amounts are equal."""
    chance = random.Random(7)  # noqa: S311  a repeatable draw of cases, no secret
    names = [" ".join(chance.choices(WORDS, k=chance.randint(1, 4))) for _ in range(PEOPLE)]
    db.execute(PAGE_OF.replace("%(tenant)s", f"'{TENANT}'").encode())
    return [
        (str(row[0]), row[1], row[2])
        for place, name in enumerate(names)
        for row in db.execute(
            "insert into public.clients (tenant_id, document, name, uf, open_cents)"
            " values (%s, %s, %s, 'AC', %s) returning id, name, open_cents",
            (TENANT, f"666{place:08}", name, chance.randint(0, 9) * 100),
        ).fetchall()
    ]


def rank(name: str, typed: str) -> int | None:
    """0 the very name, 1 begins so, 2 holds the phrase, 3 its words; None: not found."""
    if name == typed:
        return 0
    if name.startswith(typed):
        return 1
    if typed in name:
        return 2
    return 3 if all(word in name for word in typed.split()) else None


def expected(people: list[Person], typed: str, sort: str) -> list[str]:
    found = [(rank(person[1], typed), person) for person in people]
    kept = [(place, person) for place, person in found if place is not None]
    column = 1 if sort.endswith("name") else 2
    kept.sort(key=lambda pair: (pair[1][column], pair[1][0]), reverse=sort.startswith("-"))
    kept.sort(key=lambda pair: pair[0])
    return [person[0] for _, person in kept]


def paged(db: psycopg.Connection, typed: str, sort: str, size: int, is_common: bool) -> list[str]:
    ids: list[str] = []
    after = None
    while len(ids) <= PEOPLE:
        page = db.execute(
            "select id, rank, value from pg_temp.page_of(%s, %s, %s, %s, %s)",
            (typed, sort, after, size, is_common),
        ).fetchall()
        ids += [row[0] for row in page]
        if len(page) < size:
            return ids
        last = page[-1]
        after = [sort, str(last[1]), "false", last[0], last[2]]
    raise AssertionError("the same people come again")


@pytest.mark.proof
@pytest.mark.parametrize("is_common", [True, False])
def test_any_words_find_whom_the_reference_finds_in_its_order(
    db: psycopg.Connection, people: list[Person], is_common: bool
) -> None:
    chance = random.Random(11)  # noqa: S311  a repeatable draw of cases, no secret
    ranks: set[int | None] = set()
    for _ in range(examples(20, 1_000)):
        typed = " ".join(chance.choices(WORDS, k=chance.randint(1, 3)))
        sort = chance.choice(["-open_cents", "open_cents", "name", "-name"])
        found = paged(db, typed, sort, chance.choice([2, 7, 50]), is_common)
        assert found == expected(people, typed, sort), (typed, sort)
        ranks |= {rank(person[1], typed) for person in people}
    assert ranks == {0, 1, 2, 3, None}
