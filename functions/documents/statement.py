"""The debt's statement on A4: creditor, every addition apart, and how each was calculated.

São Paulo's Lei 14.953/2013 wants the original value and each addition named apart; CDC art. 42-A
the creditor's name, address and document.
"""

import json
import unicodedata
from collections.abc import Mapping
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.fonts import FontFace, TTFFont

Json = Mapping[str, Any]

MARGIN_MM, LINE_MM = 16, 5.2
# Every reader of PDF has the first, for the letters of Western Europe; the other is carried along.
OWN, EXTENDED = "Helvetica", "DejaVu"
EXTENDED_FILES = Path(__file__).parent / "dejavu"
INK, GREY, TINT = (22, 33, 29), (93, 107, 102), (238, 241, 239)
# The printed components of a title, in the order in which they are calculated.
PARTS = {
    "principal": "Principal",
    "correction": "Correção monetária",
    "fine": "Multa",
    "interest": "Juros de mora",
    "collection_fee": "Honorários",
}
INDEXES = {"ipca": "IPCA", "inpc": "INPC", "igpm": "IGP-M"}
RULES = {
    "daily_30": "por dia, mês de 30 dias",
    "actual_365": "por dia, ano de 365 dias",
    "months_and_days": "por meses inteiros e dias",
}


def render(statement: Json, client: Json, agency: str) -> bytes:
    """The PDF of `debt_statement`'s answer.

    client  {"name", "document"}; agency: who collects, named in the footer
    """
    until = day(statement["on_date"])
    said = json.dumps([statement, client, agency], ensure_ascii=False)
    page = Page(f"{agency}. Valores válidos até {until}; depois, peça um novo demonstrativo.", said)
    page.set_title("Demonstrativo de débito")
    page.set_lang("pt-BR")
    page.heading("Demonstrativo de débito")
    page.say(f"{client['name']}, {person_document(client['document'])}")
    page.say(f"Calculado em {until}. Válido até {until}.", GREY)

    def creditor(debt: Json) -> Json:
        return debt["creditor"]  # type: ignore[no-any-return]  # JSON

    debts = sorted(statement["debts"], key=lambda debt: str(creditor(debt)["id"]))
    for _, owed in groupby(debts, key=lambda debt: str(creditor(debt)["id"])):
        titles = list(owed)
        page.creditor(creditor(titles[0]))
        for title in titles:
            page.title_box(title)
    page.totals(statement["totals"])
    return bytes(page.output())


class Page(FPDF):
    """A4 with our type, our colours and a footer on every page.

    said  all that will stand in it; the larger font is read only where a letter of it needs that
    """

    def __init__(self, foot: str, said: str = "") -> None:
        super().__init__(format="A4")
        self.foot, self.face = foot, OWN
        self.letters: frozenset[str] | None = None
        if any(not is_western(letter) for letter in said):
            self.face = EXTENDED
            self.add_font(EXTENDED, fname=EXTENDED_FILES / "condensed.ttf")
            self.add_font(EXTENDED, "B", EXTENDED_FILES / "condensed-bold.ttf")
            carried = self.fonts[EXTENDED.lower()]
            if isinstance(carried, TTFFont):
                self.letters = frozenset(map(chr, carried.cmap))
        self.set_margin(MARGIN_MM)
        self.set_auto_page_break(True, margin=MARGIN_MM + 4)
        self.alias_nb_pages()
        self.add_page()

    def footer(self) -> None:
        self.set_y(-MARGIN_MM)
        self.set_font(self.face, size=8)
        self.set_text_color(*GREY)
        self.cell(0, LINE_MM, self.printable(self.foot))
        self.cell(0, LINE_MM, f"{self.page_no()} de {{nb}}", align="R")

    def printable(self, text: str) -> str:
        """What no font here can print loses its accent, or is a question mark."""
        return "".join(
            letter if self.prints(letter) else
            "".join(filter(self.prints, unicodedata.normalize("NFKD", letter))) or "?"
            for letter in unicodedata.normalize("NFC", text)
        )  # fmt: skip

    def prints(self, letter: str) -> bool:
        return letter in self.letters if self.letters else is_western(letter)

    def heading(self, text: str, size: int = 18) -> None:
        self.set_font(self.face, "B", size)
        self.set_text_color(*INK)
        self.multi_cell(0, size / 2, self.printable(text), new_x="LMARGIN", new_y="NEXT")

    def say(self, text: str, colour: tuple[int, int, int] = INK, size: float = 10) -> None:
        self.set_font(self.face, size=size)
        self.set_text_color(*colour)
        self.multi_cell(0, LINE_MM, self.printable(text), new_x="LMARGIN", new_y="NEXT")

    def creditor(self, creditor: Json) -> None:
        self.ln(4)
        self.heading(f"Credor: {creditor['name']}", 12)
        known = [person_document(creditor.get("document")), creditor.get("address")]
        self.say(", ".join(str(part) for part in known if part), GREY)

    def title_box(self, title: Json) -> None:
        self.ln(3)
        late = title["days_late"]
        self.heading(f"Contrato {title['contract']}, parcela {title['installment']}", 10)
        words = (
            "em dia" if not late else "1 dia de atraso" if late == 1 else f"{late} dias de atraso"
        )
        due = f"Vencimento em {day(title['due_on'])}"
        if title["effective_due_date"] != title["due_on"]:
            due += f" (dia útil: {day(title['effective_due_date'])})"
        self.say(f"{due}, {words}. Valor original: {brl(title['original_principal_cents'])}.")
        self.ln(1)
        rows = [(PARTS[part["component"]], memory(part), brl(part["result_cents"]))
                for part in title["lines"]]  # fmt: skip
        self.grid(rows, brl(title["total_cents"]))

    def grid(self, rows: list[tuple[str, str, str]], total: str) -> None:
        self.set_font(self.face, size=9)
        self.set_text_color(*INK)
        self.set_draw_color(*TINT)
        head = FontFace(emphasis="BOLD", fill_color=TINT)
        with self.table(
            col_widths=(42, 100, 36), text_align=("LEFT", "LEFT", "RIGHT"),
            line_height=LINE_MM, headings_style=head, borders_layout="HORIZONTAL_LINES",
        ) as table:  # fmt: skip
            for row in [("Componente", "Memória de cálculo", "Valor"), *rows]:
                table.row([self.printable(cell) for cell in row])
            table.row(["Total", "", total], style=FontFace(emphasis="BOLD"))

    def totals(self, totals: Json) -> None:
        self.ln(4)
        self.heading("Total", 12)
        rows = [(name, "", brl(totals[f"{part}_cents"])) for part, name in PARTS.items()
                if part == "principal" or totals[f"{part}_cents"]]  # fmt: skip
        self.grid(rows, brl(totals["total_cents"]))


def memory(part: Json) -> str:
    """How one component came about, in words: base, rate, time, the exact value and its cents."""
    exact, base = exact_brl(part["exact_cents"]), brl(part["base_cents"])
    match part["component"]:
        case "principal":
            said = "valor original"
            if part["abated_cents"]:
                said += f" de {base}, menos {brl(part['abated_cents'])} já pagos"
            return said
        case "correction":
            said = (
                f"{INDEXES[part['index']]} de {day(part['since'])} a {day(part['until'])}, fator "
                f"{decimal(part['factor'])} sobre {base} = {exact}"
            )
            if part["is_provisional"]:
                said += " (provisório: último índice publicado)"
        case "interest":
            days = part["days"]
            said = (
                f"{decimal(part['percent_per_month'])}% ao mês, {RULES[part['rule']]}: {days} "
                f"{'dia' if days == 1 else 'dias'} sobre {base} = {exact}"
            )
        case _:
            said = f"{decimal(part['percent'])}% sobre {base} = {exact}"
    if part["carried_cents"]:
        said += f", mais {brl(part['carried_cents'])} de antes do último pagamento"
    if part["paid_cents"]:
        said += f", menos {brl(part['paid_cents'])} já pagos"
    return said


def brl(cents: int) -> str:
    whole, rest = divmod(abs(int(cents)), 100)
    # The space does not break: an amount stands in one line.
    return f"{'-' if int(cents) < 0 else ''}R$\xa0{whole:,}".replace(",", ".") + f",{rest:02}"


def exact_brl(cents: str) -> str:
    """What was rounded, to be seen: reais with four decimals, and dots where there are more."""
    whole, _, rest = str(cents).partition(".")
    padded, more = whole.zfill(3), rest.rstrip("0")
    decimals = padded[-2:] + more[:2]
    shown = f"R$\xa0{int(padded[:-2]):,}".replace(",", ".") + f",{decimals}"
    return shown + ("..." if len(more) > 2 else "")


def decimal(text: Any) -> str:
    """A rate or a factor as people write it, without trailing zeros."""
    said = str(text)
    return (said.rstrip("0").rstrip(".") if "." in said else said).replace(".", ",")


def day(iso: Any) -> str:
    return date.fromisoformat(str(iso)).strftime("%d/%m/%Y")


def person_document(document: Any) -> str:
    """CPF or CNPJ with its points; anything else as it is."""
    text = str(document or "")
    if len(text) == 11:
        return f"CPF {text[:3]}.{text[3:6]}.{text[6:9]}-{text[9:]}"
    if len(text) == 14:
        return f"CNPJ {text[:2]}.{text[2:5]}.{text[5:8]}/{text[8:12]}-{text[12:]}"
    return text


def is_western(letter: str) -> bool:
    """Whether the PDF's own fonts can print it."""
    return bool(letter.encode("latin-1", "ignore"))
