"""The register of error codes is what the database raises, and the page has words for it."""

import re

import psycopg

from local_platform.settings import ROOT

REGISTER = (ROOT / "docs" / "error_codes.md").read_text()
SECTION = REGISTER.partition("## Raised by the database")[2].partition("\n## ")[0]
ROW = re.compile(r"^\| `([a-z_]+)` \| (\d{3}) \| .+ \| (page|never shown: .+) \|$", re.MULTILINE)
RAISE = re.compile(r"raise exception '([a-z_]+)' using errcode = 'PT(\d{3})'")


def raised(db: psycopg.Connection) -> set[tuple[str, str]]:
    sources = db.execute(
        "select prosrc from pg_proc"
        " where pronamespace in ('public'::regnamespace, 'private'::regnamespace)"
    ).fetchall()
    return {pair for (source,) in sources for pair in RAISE.findall(source)}


def test_the_register_holds_every_code_with_its_status_and_no_other(
    db: psycopg.Connection,
) -> None:
    assert raised(db) == {(code, status) for code, status, _ in ROW.findall(SECTION)}


def test_a_new_code_is_missed(db: psycopg.Connection) -> None:
    db.execute(
        "create function private.broken() returns void language plpgsql as $$ begin"
        " raise exception 'brand_new' using errcode = 'PT409'; end $$"
    )
    assert ("brand_new", "409") in raised(db) - {(c, s) for c, s, _ in ROW.findall(SECTION)}


def test_the_register_is_sorted() -> None:
    codes = [code for code, _, _ in ROW.findall(SECTION)]
    assert codes == sorted(codes)


def test_the_page_has_a_sentence_for_each_code_it_may_meet() -> None:
    files = (ROOT / "web/src/lib/sentences").glob("*.ts")
    texts = "\n".join(file.read_text() for file in files)
    sentences = set(re.findall(r"^  ([a-z_]+):", texts, re.MULTILINE))
    assert {code for code, _, reader in ROW.findall(SECTION) if reader == "page"} <= sentences
