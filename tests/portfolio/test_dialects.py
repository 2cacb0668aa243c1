"""One table, written by any usual program, is read as one and the same."""

import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portfolio import checking, dialects, headers, reading, uploads
from portfolio.uploads import FileRefused
from tests.portfolio import reference
from tests.portfolio.conftest import table
from tests.portfolio.dialects_of_tables import DIALECTS, NARROW, Dialect, tables, written
from tests.proof import examples


def staged(data: bytes, creditor: str | None = None) -> pl.DataFrame:
    with dialects.as_utf8(io.BytesIO(data)) as file:
        dialect, header = dialects.detect(file)
        layout = headers.layout(header)
        dialects.require(layout, {})
        blocks = reading.blocks(file, dialect, len(layout.header))
        return pl.concat([checking.staged(block, layout, creditor) for block in blocks])


@pytest.mark.proof
@given(tables, st.sampled_from(DIALECTS))
@settings(max_examples=examples(10, 600), deadline=None)
def test_every_dialect_of_a_table_is_read_alike(
    rows: list[dict[str, str]], dialect: Dialect
) -> None:
    found, plain = staged(written(rows, dialect)), staged(written(rows, NARROW))
    # Lines are the spreadsheet's: title rows above move them all by as many.
    moved = found.with_columns(line=found["line"] - dialect.title_rows)
    encodable = all(
        cell.encode(dialect.encoding, "replace").decode(dialect.encoding) == cell
        for row in rows
        for cell in row.values()
    )
    assert moved.equals(plain) or not encodable


@pytest.mark.proof
@given(tables, st.sampled_from(DIALECTS))
@settings(max_examples=examples(12, 600), deadline=None)
def test_rows_are_refused_as_by_the_patient_reader(
    rows: list[dict[str, str]], dialect: Dialect
) -> None:
    found = staged(written(rows, dialect), "Credor")
    expected = [reference.problem(row, "Credor") for row in rows]
    assert dict(zip(found["line"] - dialect.title_rows, found["reason"], strict=True)) == dict(
        enumerate(expected, start=2)
    )


@pytest.mark.proof
@given(st.lists(st.text('ab";, ', max_size=6), min_size=2, max_size=6), st.sampled_from(";,\t|"))
@settings(max_examples=examples(10, 600), deadline=None)
def test_stray_quotes_swallow_no_row(names: list[str], delimiter: str) -> None:
    """A naive program writes names as they are, with quotes but without quoting."""
    clean = [name.replace(delimiter, "").replace('"', "'", name.count('"') % 2) for name in names]
    lines = [f"{number}{delimiter}x{name}" for number, name in enumerate(clean)]
    header = delimiter.join(("CPF", "Nome", "Contrato", "Vencimento", "Valor"))
    found = staged("\n".join((header, *lines)).encode(), "Credor")
    assert found["line"].to_list() == list(range(2, len(lines) + 2))


def test_line_numbers_are_the_spreadsheets_also_after_blank_lines() -> None:
    header, row = table([{}]).split(b"\r\n")[:2]
    found = staged(
        b"\r\n".join((b"Relat\xf3rio;;", b"", header, row, b"", b";;;;;;;;;;", row, b""))
    )
    assert found["line"].to_list() == [4, 7]


def test_blocks_cut_between_records_only(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"Nome do Devedor": f"Ana\nSouza {number}", "Contrato": f"A{number}"}
        for number in range(300)
    ]
    whole = staged(table(rows))
    monkeypatch.setattr(reading, "BLOCK_BYTES", 1000)
    assert staged(table(rows)).equals(whole)
    assert whole["reason"].null_count() == 300


def test_an_accent_in_the_last_line_decides_the_encoding() -> None:
    rows = [{"Contrato": f"A{number}"} for number in range(40_000)] + [{"Nome do Devedor": "José"}]
    data = table(rows)
    assert len(data) > 2 * uploads.CHUNK_BYTES
    for encoding in ("cp1252", "utf-8"):
        found = staged(data.decode("cp1252").encode(encoding))
        assert found["name"].to_list()[-1] == "José"


def test_invisible_characters_of_a_paste_are_not_seen() -> None:
    found = staged(table([{}]).replace(b"529.982", "\u202a529\u200b.982".encode()))
    assert found["document"].to_list() == ["52998224725"]


def test_a_comma_too_many_is_refused_even_with_an_empty_last_cell() -> None:
    head = "CPF,Nome,Contrato,Vencimento,Valor,UF,Obs"
    rows = [
        "529.982.247-25,Ana Souza,A1,10/01/2026,1.234,56,SP,",
        '529.982.247-25,Ana,A2,10/01/2026,"1.234,56",SP,',
    ]
    found = staged("\n".join((head, *rows)).encode(), "Credor")
    assert found["reason"].to_list() == ["columns_misplaced", None]


def test_columns_are_known_by_the_names_agencies_give_them() -> None:
    found = headers.layout(
        ["CPF", "CNPJ", " RAZÃO  SOCIAL ", "DDD", "Telefone 1", "Fone Comercial", "WhatsApp",
         "Nº do Contrato", "Dt. Vencto", "Valor (R$)", "Observações"]
    )  # fmt: skip
    assert found.documents == (0, 1)
    assert found.phones == ((3, 4), (None, 5), (None, 6))
    assert found.fields == {"name": 2, "contract": 7, "due_on": 8, "principal": 9}


def test_area_code_and_number_may_stand_in_two_columns() -> None:
    head = "CPF;Nome;DDD;Telefone;Contrato;Vencimento;Valor"
    data = f"{head}\n529.982.247-25;Ana;11;98765-4321;A1;10/01/2026;1\n"
    assert staged(data.encode(), "Credor")["phones"].to_list() == ["{+5511987654321}"]


HEADER = b"CPF/CNPJ;Nome;Credor;Contrato;Vencimento;Valor\n"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        (b" \r\n \r\n", "file_empty"),
        (b"<html><body>Erro 500</body></html>", "file_not_csv"),
        (b'{"clientes": []}', "file_not_csv"),
        (b"529.982.247-25;Ana;A1\n", "file_not_csv"),  # no row with column names
        (b"Nome;Contrato;Vencimento;Valor\nAna;A1;10/01/2026;1\n", "document_column_missing"),
        (b"CPF;Nome;Vencimento\n529.982.247-25;Ana;10/01/2026\n", "columns_missing"),
        (HEADER + b"529\x00;Ana\n", "file_not_csv"),
        ("CPF;Nome\n".encode("utf-16"), "columns_missing"),
        (b"\xff\xfeC\x00P\x00F", "file_not_csv"),  # UTF-16 that breaks off
        (b";".join([b"CPF"] + [b"x"] * 400) + b"\n", "file_not_csv"),
    ],
)  # fmt: skip
def test_refuses_what_is_no_portfolio_by_name(data: bytes, code: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        staged(data)
    assert refusal.value.code == code
    assert 400 <= refusal.value.status < 500


def test_a_cell_of_ten_megabytes_is_refused() -> None:
    with pytest.raises(FileRefused) as refusal:
        staged(HEADER + b'"' + b"x" * 20_000_000 + b'";\n')
    assert refusal.value.code == "row_too_long"


def test_an_unclosed_quote_does_not_swallow_the_rest() -> None:
    row = table([{}]).split(b"\r\n")[1]
    data = table([]) + row.replace(b"Ana Souza", b'"Ana Souza') + b"\r\n" + row + b"\r\n"
    assert staged(data)["document"].to_list() == ["52998224725"] * 2


@pytest.mark.parametrize("magic", uploads.FOREIGN)
def test_other_files_are_refused_by_their_first_bytes(magic: bytes) -> None:
    with pytest.raises(FileRefused) as refusal:
        uploads.fingerprinted(io.BytesIO(magic + b"rest"), "carteira.xlsx")
    assert (refusal.value.code, refusal.value.status) == ("file_type_unsupported", 415)
