"""The whole schema against its rules, and each rule against a schema that breaks it."""

import psycopg
import pytest

from tests.sql.schema_rules import RULES, Rule

BY_CLAIM = {rule.claim: rule for rule in RULES}


@pytest.mark.parametrize("claim", BY_CLAIM)
def test_rule(db: psycopg.Connection, claim: str) -> None:
    assert offenders(db, BY_CLAIM[claim]) == []


@pytest.mark.parametrize("claim", BY_CLAIM)
def test_a_broken_schema_is_seen(db: psycopg.Connection, claim: str) -> None:
    db.execute("set local role postgres")
    db.execute(BY_CLAIM[claim].breaks.encode())
    assert offenders(db, BY_CLAIM[claim]) != []


def offenders(db: psycopg.Connection, rule: Rule) -> list[tuple[object, ...]]:
    return db.execute(rule.offenders.encode()).fetchall()
