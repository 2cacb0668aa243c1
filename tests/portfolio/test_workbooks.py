"""Workbooks: what people keep in them is read, what would hurt is refused before it opens."""

import datetime
import io
import resource
import tracemalloc
import zipfile

import pytest

from portfolio import workbooks
from portfolio.uploads import FileRefused
from tests.portfolio import reference, workbook_writer
from tests.portfolio.conftest import COLUMNS, DATA, ROW, Agency
from tests.portfolio.workbook_writer import Cell, parts, sheet_xml, workbook, zipped

HEADER = list(COLUMNS)
RIGHT: list[Cell] = list(ROW.values())


def refused(data: bytes, code: str = "workbook_refused") -> None:
    with pytest.raises(FileRefused) as refusal, workbooks.as_csv(io.BytesIO(data), None):
        pass
    assert (refusal.value.code, refusal.value.status // 100) == (code, 4)


def test_carteira_500_becomes_what_the_patient_reader_sees(agency: Agency) -> None:
    """The reader of the tests has its own way to the cells and its own rules."""
    path = DATA / "carteira_500.xlsx"
    lines = workbook_writer.read(str(path))
    place = lines.index(HEADER)
    rows = []
    for number, cells in enumerate(lines[place + 1 :], start=place + 2):
        row = dict(zip(HEADER, cells + [""] * len(HEADER), strict=False))
        if row["CPF/CNPJ"] == "TOTAL":
            continue
        if row["Vencimento"].isdigit():  # the day as the workbook counts it
            day = datetime.date(1899, 12, 30) + datetime.timedelta(int(row["Vencimento"]))
            row["Vencimento"] = day.isoformat()
        rows.append((number, row))
    expected = reference.read(rows)
    answer = agency(path.read_bytes(), name=path.name)
    assert (answer["rows"], answer["rejected"], answer["duplicates"]) == (
        expected.rows, len(expected.refused), expected.duplicates,
    )  # fmt: skip
    assert (answer["debts_created"], answer["clients_created"]) == (
        len(expected.debts), len(expected.names),
    )  # fmt: skip
    assert {client[0]: client[1] for client in agency.state()["clients"]} == expected.names
    assert dict(
        agency.rows("select line, reason from public.import_rejects where tenant_id = %(tenant)s")
    ) == expected.refused  # fmt: skip


def test_numbers_dates_and_titles_above_are_read_as_people_mean_them(agency: Agency) -> None:
    row: list[Cell] = [
        52998224725,
        "Ana",
        11987654321,
        None,
        None,
        "Aurora",
        123,
        1,
        "10/01/2026",
        1234.5,
        "SP",
    ]
    total: list[Cell] = ["TOTAL", *[None] * 8, 9.9]
    answer = agency(workbook(Planilha=[["Relatório"], [], HEADER, row, total]))
    assert (answer["rows"], answer["rejected"]) == (1, 0)
    [debt] = agency.state()["debts"]
    assert debt[1:6] == ("123", 1, "52998224725", datetime.date(2026, 1, 10), 123450)
    assert agency.state()["phones"] == [("52998224725", "+5511987654321", "mobile", 0)]


def test_three_decimals_of_a_number_are_not_thousands(agency: Agency) -> None:
    rows: list[list[Cell]] = [
        [*RIGHT[:6], f"A{n}", *RIGHT[7:9], value, "SP"] for n, value in enumerate((1.5, 1234.567))
    ]
    agency(workbook(Planilha=[HEADER, *rows]))
    assert [debt[5] for debt in agency.state()["debts"]] == [150, 123457]


def test_the_sheet_with_the_portfolio_is_found(agency: Agency) -> None:
    data = workbook(Capa=[["Assessoria"]], Dados=[HEADER, RIGHT], Resumo=[["Total", 1]])
    assert agency(data)["debts_created"] == 1


def test_two_portfolios_in_one_workbook_are_not_guessed_at(agency: Agency) -> None:
    data = workbook(Um=[HEADER, RIGHT], Dois=[HEADER, RIGHT])
    with pytest.raises(FileRefused) as refusal:
        agency(data)
    assert refusal.value.code == "sheet_ambiguous"
    assert agency(data, sheet="Dois")["debts_created"] == 1
    with pytest.raises(FileRefused) as refusal:
        agency(data, sheet="Três")
    assert refusal.value.code == "sheet_unknown"


SHEET = "xl/worksheets/sheet1.xml"


def with_sheet(xml: str | bytes) -> bytes:
    return zipped({**parts({"A": ""}), SHEET: xml})


@pytest.mark.parametrize(
    "cell", ["XFD1", "A9999999", "Z999999", "IV900000"], ids=lambda cell: str(cell)
)
def test_a_cell_far_away_does_not_make_a_rectangle_of_memory(cell: str) -> None:
    far = f'<row r="2"><c r="{cell}"><v>1</v></c></row></sheetData>'
    refused_or_small = sheet_xml([HEADER] * 400).replace("</sheetData>", far)
    refused(with_sheet(refused_or_small))


def test_what_inflates_without_end_is_refused_and_memory_stays_flat() -> None:
    bomb = with_sheet(b"<worksheet>" + b" " * (600 * 1024 * 1024))
    assert len(bomb) < 1024 * 1024
    tracemalloc.start()
    refused(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32 * 1024 * 1024


def test_a_part_that_lies_about_its_size_is_refused() -> None:
    data = with_sheet(b"<worksheet>" + b" " * (40 * 1024 * 1024))
    true_size = (40 * 1024 * 1024 + 11).to_bytes(4, "little")
    assert data.count(true_size) == 2
    refused(data.replace(true_size, (1000).to_bytes(4, "little")))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (with_sheet('<!DOCTYPE x [<!ENTITY a "aaaa">]>' + sheet_xml([HEADER])), "workbook_refused"),
        (with_sheet(sheet_xml([HEADER]).encode("utf-16")), "workbook_refused"),
        (zipped({"carteira.xlsx": workbook(A=[HEADER])}), "workbook_refused"),
        (
            zipped({f"xl/{n}": "" for n in range(2000)} | {"xl/workbook.xml": ""}),
            "workbook_refused",
        ),
        (workbook(A=[HEADER, RIGHT])[:-40], "workbook_refused"),
        (workbook(A=[HEADER, RIGHT])[:700], "workbook_refused"),
        (with_sheet("<worksheet><sheetData><row"), "workbook_refused"),
        (workbook(A=[]), "file_empty"),
    ],
    ids=["entities", "utf-16", "nested", "many parts", "cut", "cut early", "broken xml", "empty"],
)
def test_what_is_no_workbook_is_refused(agency: Agency, data: bytes, code: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        agency(data, name="carteira.xlsx")
    assert refusal.value.code == code
    assert set(agency.counts().values()) == {0}


def test_a_workbook_with_a_password_is_refused() -> None:
    data = bytearray(workbook(A=[HEADER]))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        assert not archive.infolist()[0].flag_bits & 1
    for magic in (b"PK\x01\x02",):
        start = data.index(magic)
        data[start + 8] |= 1
    refused(bytes(data))


def test_a_hundred_thousand_rows_fit(agency: Agency) -> None:
    """Reading alone: the import of as many is measured by the bench."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    xml = sheet_xml([HEADER]).replace(
        "</sheetData>",
        "".join(
            f'<row r="{n}"><c r="A{n}"><v>{52998224725 + n}</v></c><c r="G{n}"><v>{n}</v></c></row>'
            for n in range(2, 100_002)
        )
        + "</sheetData>",
    )
    with workbooks.as_csv(io.BytesIO(with_sheet(xml)), None) as (file, name):
        assert (name, sum(1 for _ in file)) == ("A", 100_001)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400 * 1024  # kB
