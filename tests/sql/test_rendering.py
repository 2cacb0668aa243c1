"""A template as a debtor reads it."""

import psycopg
import pytest

from tests.sql.personas import scalar


@pytest.mark.parametrize(
    ("body", "value", "read"),
    [
        ("Aqui é da {{1}}. Responda.", "Aurora S.A.", "Aqui é da Aurora S.A. Responda."),
        ("Aqui é da {{1}}. Responda.", "Aurora", "Aqui é da Aurora. Responda."),
        ("Aqui é da {{1}}, bom dia.", "Aurora S.A.", "Aqui é da Aurora S.A., bom dia."),
        ("{{1}}", "Aurora S.A.", "Aurora S.A."),
        ("Espere {{1}}...", "um pouco", "Espere um pouco..."),
        ("Aqui é da {{1}}.", "-", "Aqui é da -."),
    ],
)
def test_a_value_that_ends_with_a_dot_makes_no_double_dot(
    db: psycopg.Connection, body: str, value: str, read: str
) -> None:
    rendered = scalar(
        db,
        "select private.render_body(%s, private.without_double_dots(%s, array[%s]))",
        body,
        body,
        value,
    )
    assert rendered == read


def test_each_value_is_looked_at_by_itself(db: psycopg.Connection) -> None:
    fitted = scalar(
        db,
        "select private.without_double_dots('{{1}}. {{2}} {{3}}. {{11}}.',"
        " array['a.', 'b.', 'c.', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k.'])",
    )
    assert fitted == ["a", "b.", "c", "d", "e", "f", "g", "h", "i", "j", "k"]
    assert scalar(db, "select private.without_double_dots('oi', '{}')") == []
