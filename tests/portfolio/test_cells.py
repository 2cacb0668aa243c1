"""Every kind of cell, thousands of each, against the patient row-by-row reader."""

import datetime
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portfolio import cells
from tests.portfolio import reference, strategies
from tests.proof import examples

pytestmark = pytest.mark.proof
# Each example is a column: 40 examples of up to 150 cells are thousands of cells in seconds.
columns = settings(max_examples=examples(15, 1_000), deadline=None)


def column(values: list[str | None]) -> pl.Series:
    return pl.Series("cell", values, dtype=pl.String)


def many(cell: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(cell, min_size=30, max_size=150)


def agree(
    parse: Callable[[pl.Series], pl.Series], judge: Callable[[str | None], Any], values: list[str]
) -> None:
    found = dict(zip(values, parse(column(list(values))).to_list(), strict=True))
    assert found == {value: judge(value) for value in values}


@given(many(strategies.documents))
@columns
def test_a_document_is_what_the_patient_reader_sees(values: list[str]) -> None:
    agree(cells.document, reference.document, values)


@given(many(strategies.dates))
@columns
def test_a_date_is_what_the_patient_reader_sees(values: list[str]) -> None:
    agree(cells.date, reference.day, values)


# The second dot of the first would part thousands and decimals both; the rest say which is which.
@example(["100.000.00000", "1.234.56789012", "1.234.56", "100,000.00000"])
@example(["0000000123456,78", "000000000012345,6", "00000000001234.50000", "01.000.000.000,00"])
@example(["R$ 100.000,00", "100.000,00", "100.000,00000", "100.000", "100.000.000", "1.00000000"])
@given(many(strategies.money))
@columns
def test_an_amount_is_what_the_patient_reader_sees(values: list[str]) -> None:
    agree(cells.cents, reference.cents, values)


@given(many(strategies.phones), many(strategies.phones))
@columns
def test_phones_are_what_the_patient_reader_sees(first: list[str], second: list[str]) -> None:
    height = min(len(first), len(second))
    array, _ = cells.phones([column(list(first[:height])), column(list(second[:height]))])
    for cell, other, found in zip(first, second, array, strict=False):
        numbers = [number for number in found.strip("{}").split(",") if number]
        assert list(dict.fromkeys(numbers)) == reference.phones([cell, other]), (cell, other)


words = st.text("aeÉçZ '=+-@(|!1", max_size=12)


@given(many(st.one_of(words, strategies.nothing)))
@columns
def test_a_name_is_what_the_patient_reader_sees(values: list[str]) -> None:
    agree(cells.name, reference.name, values)


@given(many(st.one_of(st.text('ab.@;, é<"', max_size=12), st.emails())))
@columns
def test_an_address_is_what_the_patient_reader_sees(values: list[str]) -> None:
    agree(cells.email, reference.email, values)


@given(many(st.one_of(st.text("AB01.,E+ -", max_size=8), strategies.nothing)))
@columns
def test_a_contract_is_what_the_patient_reader_sees(values: list[str]) -> None:
    agree(cells.contract, reference.contract, values)


@given(many(st.one_of(st.text("0123/ dePªº.", max_size=8), st.sampled_from(["Única", "3 de 12"]))))
@columns
def test_an_installment_is_what_the_patient_reader_sees(values: list[str]) -> None:
    agree(cells.installment, reference.installment, values)


@given(many(st.text(max_size=20)))
@settings(max_examples=examples(12, 500), deadline=None)
def test_no_text_of_any_script_breaks_a_parser(values: list[str]) -> None:
    parsers = (
        cells.document, cells.date, cells.cents, cells.name, cells.email, cells.contract,
        cells.installment, cells.uf, cells.creditor, cells.external_id,
    )  # fmt: skip
    for parse in parsers:
        assert len(parse(column(list(values)))) == len(values)
    assert len(cells.phones([column(list(values))])[0]) == len(values)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("529.982.247-25", "52998224725"),
        ("529.982.247-26", None),  # one check digit off: a typing mistake, somebody else's CPF
        ("111.111.111-11", None),  # passes the arithmetic and belongs to nobody
        ("191", None),  # fewer than five digits are somebody's code
        ("2782724606", "02782724606"),  # a spreadsheet ate the zero
        ("12.ABC.345/01DE-35", "12ABC34501DE35"),
        ("12.abc.345/01de-35", "12ABC34501DE35"),
        ("12.ABC.345/01DE-36", None),
        ("11.222.333/0001-81", "11222333000181"),
        ("11.222.333/0001-36", None),
        ("191000000000191", None),  # fifteen digits
        ("00.000.000/0001-91", "00000000000191"),
        ("1,23457E+10", None),  # the spreadsheet rounded it: nobody knows the rest
        ("٥٢٩٩٨٢٢٤٧٢٥", None),  # digits of another script
    ],
)
def test_documents_by_the_published_vectors(cell: str, expected: str | None) -> None:
    assert cells.document(column([cell])).to_list() == [expected]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("(75) 98330-0538", "+5575983300538"),
        ("024985252051", "+5524985252051"),  # trunk zero
        ("5591993890046", "+5591993890046"),  # country code
        ("55987654321", "+5555987654321"),  # 55 is a DDD of Rio Grande do Sul
        ("21 72079952", "+5521972079952"),  # a mobile from before the ninth digit
        ("0 15 11 3333-4444", "+551133334444"),  # a carrier's code
        ("+55 (98) 974289999 / 9822120043", "+5598974289999,+559822120043"),
        ("não tem", ""),
        ("97428-9999", ""),  # without a DDD it may ring anywhere
        ("(20) 97428-9999", ""),  # there is no DDD 20
        ("(11) 99999-9999", ""),  # fills a required field
        ("0800 123 4567", ""),  # a service's own number, not a debtor's
    ],
)
def test_phones_by_the_published_rules(cell: str, expected: str) -> None:
    array, _ = cells.phones([column([cell])])
    assert array.to_list() == ["{" + expected + "}"]


def test_a_phone_that_was_meant_and_is_none_is_counted_but_an_apology_is_not() -> None:
    _, lost = cells.phones([column(["97428-9999", "não tem", "(11) 98888-7777", "12"])])
    assert lost.to_list() == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("R$ 1.234,56", 123456),
        ("1234.56", 123456),
        ("1.234", 123400),  # a dot before three digits parts thousands here
        ("1,234", None),  # unclear: ask
        ("0.500", 50),
        ("-50,00", -5000),
        ("(50,00)", -5000),
        ("434.02999999999997", 43403),  # a float written out
        ("1.23,45", None),
        ("52998224725", None),  # a CPF in the wrong column
        ("US$ 50,00", None),
    ],
)
def test_amounts_as_people_here_read_them(cell: str, expected: int | None) -> None:
    assert cells.cents(column([cell])).to_list() == [expected]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("24/06/2026", datetime.date(2026, 6, 24)),
        ("2026-06-24", datetime.date(2026, 6, 24)),
        ("30/12/24", datetime.date(2024, 12, 30)),
        ("24 de junho de 2026", datetime.date(2026, 6, 24)),
        ("31/02/2026", None),
        ("06/24/2026", None),  # nobody here writes the month first
        ("24/06/2206", None),
        ("46197", None),  # a spreadsheet's serial number
    ],
)
def test_dates_as_people_here_read_them(cell: str, expected: datetime.date | None) -> None:
    assert cells.date(column([cell])).to_list() == [expected]


def test_states_are_kept_by_letters_or_name_and_nothing_else() -> None:
    found = cells.uf(column(["SP", "sp ", "São Paulo", "XX", None, "Rio  Grande do Sul"]))
    assert found.to_list() == ["SP", "SP", "SP", None, None, "RS"]


def test_an_absent_installment_column_means_the_only_one() -> None:
    assert cells.installment(column([None, None])).to_list() == [1, 1]
