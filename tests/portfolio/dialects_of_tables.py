"""Tables as people have them, and every way their programs write a CSV of them."""

import csv
import io
from dataclasses import dataclass
from itertools import product
from typing import Literal

from hypothesis import strategies as st

from tests.portfolio import strategies

COLUMNS = ("CPF/CNPJ", "Nome do Devedor", "Celular", "Telefone Fixo", "E-mail", "Credor",
           "Contrato", "Parcela", "Vencimento", "Valor", "UF")  # fmt: skip


@dataclass(frozen=True)
class Dialect:
    encoding: str
    delimiter: str
    line_end: str
    quoting: Literal[0, 1]  # csv.QUOTE_MINIMAL, csv.QUOTE_ALL
    title_rows: int = 0


NARROW = Dialect("utf-8", ";", "\n", csv.QUOTE_MINIMAL)
_QUOTING: tuple[Literal[0, 1], ...] = (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
DIALECTS = [
    Dialect(encoding, delimiter, line_end, quoting, title_rows)
    for encoding, delimiter, line_end, quoting, title_rows in product(
        ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1"),
        (";", ",", "\t", "|"),
        ("\n", "\r\n", "\r"),
        _QUOTING,
        (0, 2),
    )
]

# Every accent is followed by a letter: alone that is enough for Latin-1 not to pass for UTF-8.
_word = st.text("abcdefgh'", min_size=1, max_size=5)
_name = st.lists(
    st.one_of(_word, _word.map("É{}".format), _word.map("ção{}".format)), min_size=1, max_size=3
)
_names = st.one_of(
    _name.map(" ".join),
    _name.map(lambda parts: "  ".join(parts).upper() + "  "),
    _name.map('"; '.join),
    _name.map("\n".join),
    st.sampled_from(['=HYPERLINK("http://x";"clique")', "", "-", "Não informado"]),
)
_people = ("529.982.247-25", "111.444.777-35", "12.ABC.345/01DE-35", "11222333000181")


def _row(draw: st.DrawFn) -> dict[str, str]:
    """Mostly right, so that rows meet each other: few people, contracts and creditors."""

    def mostly(right: st.SearchStrategy[str], dirty: st.SearchStrategy[str]) -> str:
        return draw(dirty if draw(st.integers(0, 7)) == 0 else right)

    return {
        "CPF/CNPJ": mostly(st.sampled_from(_people), strategies.documents),
        "Nome do Devedor": draw(_names),
        "Celular": draw(strategies.phones),
        "Telefone Fixo": draw(strategies.phones),
        "E-mail": draw(st.sampled_from(["", "ana@exemplo.com.br", "não tem", "ana@"])),
        "Credor": draw(st.sampled_from(["", "Banco Aurora", "BANCO AURORA", "Telefônica Ipê"])),
        "Contrato": mostly(st.sampled_from(["A1", "A2", "0003"]), st.sampled_from(["", "1,2E+11"])),
        "Parcela": mostly(st.sampled_from(["1", "", "2/3"]), st.sampled_from(["x", "Única"])),
        "Vencimento": mostly(st.sampled_from(["10/01/2026", "2026-01-10"]), strategies.dates),
        "Valor": mostly(st.sampled_from(["1.234,56", "R$ 1.234,56", "-1"]), strategies.money),
        "UF": draw(st.sampled_from(["SP", "são paulo", "", "XX"])),
    }


tables = st.lists(st.composite(_row)(), min_size=1, max_size=8)


def written(rows: list[dict[str, str]], dialect: Dialect) -> bytes:
    """The table as that program writes it, title rows above the header as a report has them."""
    file = io.StringIO()
    writer = csv.DictWriter(
        file,
        COLUMNS,
        delimiter=dialect.delimiter,
        lineterminator=dialect.line_end,
        quoting=dialect.quoting,
    )
    for number in range(dialect.title_rows):
        writer.writer.writerow([f"Relatório {number}", ""])
    writer.writeheader()
    # A line break inside a cell is the program's own.
    writer.writerows(
        {column: cell.replace("\n", dialect.line_end) for column, cell in row.items()}
        for row in rows
    )
    return file.getvalue().encode(dialect.encoding, "replace")
