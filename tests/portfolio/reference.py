"""What a patient person does with a portfolio file, row by row, in plain Python.

Written from the rules (the issue's section 3; providers.md 5.1-5.3; the reasons beside each
function), not from the importer: the tests hold the two against each other. Slow on purpose.
"""

import csv
import datetime
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

NOTHING = {
    "", "-", "--", "---", ".", "null", "none", "nan", "n/a", "na", "n/d", "nd", "#n/d", "#n/a",
    "s/n", "sem", "não tem", "nao tem", "não possui", "nao possui", "não informado",
    "nao informado", "não consta", "nao consta", "sem telefone", "sem email", "sem e-mail",
}  # fmt: skip
AREA_CODES = {
    *range(11, 20), 21, 22, 24, 27, 28, *range(31, 36), 37, 38, *range(41, 50), 51, 53, 54, 55,
    *range(61, 70), 71, 73, 74, 75, 77, 79, *range(81, 90), *range(91, 100),
}  # fmt: skip
MONTHS = ["jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez"]


def text(cell: str | None) -> str | None:
    """Without padding; None for what people write when there is nothing."""
    bare = (cell or "").strip()
    if wrapped := re.fullmatch(r'="([^"]*)"', bare):
        bare = wrapped[1].strip()
    # What we write into downloads so that a spreadsheet runs nothing.
    bare = re.sub(r"^'(?=[=+\-@|%])", "", bare)
    return None if bare.lower() in NOTHING else bare


def cpf_digits(nine: str) -> str:
    """The two check digits that belong to the first nine digits of a CPF."""
    for _ in range(2):
        rest = sum(int(d) * w for d, w in zip(reversed(nine), range(2, 12), strict=False)) % 11
        nine += "0" if rest < 2 else str(11 - rest)
    return nine[9:]


def cnpj_digits(twelve: str) -> str:
    """The two check digits of a CNPJ; a letter is worth its ASCII code less 48."""
    for _ in range(2):
        weights = [2 + place % 8 for place in range(len(twelve))]
        worth = [ord(character) - ord("0") for character in reversed(twelve)]
        rest = sum(v * w for v, w in zip(worth, weights, strict=True)) % 11
        twelve += "0" if rest < 2 else str(11 - rest)
    return twelve[12:]


def document(cell: str | None) -> str | None:
    """The document a person recognises, with the zeros a spreadsheet ate; None if it is none.

    Five to eleven digits were a CPF, twelve to fourteen a CNPJ: fewer are somebody's code. Equal
    digits pass the arithmetic and belong to nobody.
    """
    bare = re.sub(r"(?i)^(cpf|cnpj)[:\s]+", "", text(cell) or "")
    if re.fullmatch(r"[0-9]+[.,]0", bare):
        bare = bare[:-2]
    bare = re.sub(r"[.\-–—/'\s]", "", bare).upper()
    if bare.isascii() and bare.isdigit() and 5 <= len(bare) <= 14:
        bare = bare.rjust(11 if len(bare) <= 11 else 14, "0")
    if len(set(bare)) < 2:
        return None
    if re.fullmatch(r"[0-9]{11}", bare):
        return bare if bare[9:] == cpf_digits(bare[:9]) else None
    if re.fullmatch(r"[0-9A-Z]{12}[0-9]{2}", bare):
        return bare if bare[12:] == cnpj_digits(bare[:12]) else None
    return None


def national_phone(digits: str) -> str | None:
    """Area code and subscriber, with the ninth digit where it is missing."""
    if len(digits) not in (10, 11) or int(digits[:2]) not in AREA_CODES:
        return None
    area, subscriber = digits[:2], digits[2:]
    if len(subscriber) == 8 and subscriber[0] in "6789":
        subscriber = "9" + subscriber
    is_mobile = len(subscriber) == 9 and subscriber[0] == "9"
    is_landline = len(subscriber) == 8 and subscriber[0] in "2345"
    if not (is_mobile or is_landline) or len(set(subscriber[-8:])) == 1:
        return None
    return area + subscriber


def phone(piece: str) -> str | None:
    """One number as written, in E.164.

    Tried in this order: as it stands, without the country code 55, and without a trunk zero and
    the carrier's two digits. Leading zeros are padding or the trunk prefix.
    """
    digits = re.sub(r"[^0-9]", "", re.sub(r"\.0\s*$", "", piece))
    bare = digits.lstrip("0")
    readings = [bare]
    if bare.startswith("55"):
        readings.append(bare[2:].lstrip("0"))
    if digits.startswith("0"):
        readings.append(bare[2:])
    if bare.startswith("550"):
        readings.append(bare[2:].lstrip("0")[2:])
    return next((f"+55{found}" for one in readings if (found := national_phone(one))), None)


def phones(cells: Iterable[str | None]) -> list[str]:
    """All usable numbers of a row's phone cells, in their order."""
    pieces = [
        piece for cell in cells for piece in re.split(r"[/;,|\n]| ou | e ", text(cell) or "")[:6]
    ]
    return list(dict.fromkeys(number for piece in pieces if (number := phone(piece))))


def day(cell: str | None) -> datetime.date | None:
    """A date a Brazilian reads: day first, or year first; months by name too; time dropped."""
    written = re.sub(r"[ t][0-9]{1,2}:[0-9]{2}.*$", "", (text(cell) or "").lower())
    apart = r"(?:\W*de |\W)\W*"
    named = re.fullmatch(
        rf"([0-9]{{1,2}}){apart}([^\W0-9_]{{3,}}){apart}([0-9]{{2}}|[0-9]{{4}})", written
    )
    if named:
        if named[2][:3] not in MONTHS:
            return None
        parts = [named[1], str(MONTHS.index(named[2][:3]) + 1), named[3]]
    elif re.fullmatch(r"[0-9]{8}", written):
        year_first = written[:2] in ("19", "20")
        parts = (
            [written[6:], written[4:6], written[:4]]
            if year_first and 1 <= int(written[4:6]) <= 12
            else [written[:2], written[2:4], written[4:]]
        )
        if parts[2][:2] not in ("19", "20"):
            return None
    else:
        parts = re.split(r"[/.\-]", written)
        if len(parts) == 3 and len(parts[0]) == 4:
            parts.reverse()
    if len(parts) != 3 or not all(re.fullmatch(r"[0-9]+", part) for part in parts):
        return None
    if len(parts[0]) > 2 or len(parts[1]) > 2 or len(parts[2]) not in (2, 4):
        return None
    year = int(parts[2])
    if len(parts[2]) == 2:
        year += 2000 if year < 70 else 1900
    try:
        found = datetime.date(year, int(parts[1]), int(parts[0]))
    except ValueError:
        return None
    return found if 1970 <= found.year <= 2099 else None


def is_grouped(groups: list[str]) -> bool:
    """Thousands parted as one writes them: 1 234 567."""
    return 1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])


def cents(cell: str | None) -> int | None:
    """An amount in cents as people here read it; None where they would have to ask.

    The last separator parts the decimals when one or two digits follow it; a dot before exactly
    three digits parts thousands; a comma before exactly three digits is unclear. More decimals
    count when they are padding (zeros) or the noise of a float (eight and more). One sign never
    means both: what parts thousands in a cell does not part its decimals.
    """
    bare = re.sub(r"[\s']", "", text(cell) or "")
    bare = re.sub(r"(?i)^([+\-(]?)(r\$|brl)", r"\1", bare)
    negative = bare.startswith(("-", "(")) or bare.endswith("-")
    for pattern in (r"[+\-](.*)", r"\((.*)\)", r"(.*)-"):
        if found := re.fullmatch(pattern, bare):
            bare = found[1]
            break
    if not re.fullmatch(r"[0-9.,]*[0-9]", bare):
        return None
    separators = re.findall(r"[.,]", bare)
    decimals = len(re.split(r"[.,]", bare)[-1]) if separators else 0
    last = separators[-1] if separators else ""
    others = separators[:-1]
    groups = re.split(r"[.,]", bare)
    if not separators:
        whole, tail = bare, ""
    elif decimals == 3 and len(set(separators)) == 1 and is_grouped(groups) and groups[0][0] != "0":
        if last == "," and len(separators) == 1:
            return None
        whole, tail = "".join(groups), ""
    else:
        if last in others or len(set(others)) > 1:
            return None
        if others and not is_grouped(groups[:-1]):
            return None
        whole, tail = "".join(groups[:-1]), groups[-1]
        if len(tail) > 2:
            if set(tail[2:]) != {"0"} and len(tail) < 8:
                return None
            if last == "." and others:
                return None
            if not whole:
                return None
    if len(whole.lstrip("0")) > 10:
        return None
    amount = int((whole or "0") + tail[:2].ljust(2, "0")) + (len(tail) > 2 and tail[2] >= "5")
    return -amount if negative else amount


def name(cell: str | None) -> str | None:
    """Something one can greet a person by: two letters at least, and no spreadsheet formula."""
    line = re.sub(r"\s+", " ", text(cell) or "")
    if line.startswith("=") or re.match(r"[+\-@].*[(|!]", line):
        return None
    return (
        line if sum(character.isalpha() for character in line) >= 2 and len(line) <= 200 else None
    )


def email(cell: str | None) -> str | None:
    first = re.split(r"[\s;,/|]", (text(cell) or "").lower())[0]
    usable = re.fullmatch(r'[^\s@,;:<>"()]+@[^\s@,;:<>"()]+\.[^\s@,;:<>"().]{2,}', first)
    return first if usable and len(first) <= 254 else None


def contract(cell: str | None) -> str | None:
    """The creditor's key; None for one rounded by a spreadsheet, which stands for many."""
    line = re.sub(r"\s+", " ", text(cell) or "")
    if re.fullmatch(r"[0-9]+\.0", line):
        line = line[:-2]
    if re.fullmatch(r"[0-9]+[.,][0-9]+[eE]\+?[0-9]+", line):
        return None
    return line if 0 < len(line) <= 100 else None


def installment(cell: str | None) -> int | None:
    """Which installment; an empty cell means that there is only one."""
    line = (text(cell) or "1").lower()
    if line in ("única", "unica"):
        return 1
    found = re.fullmatch(r"[^0-9]{0,12}([0-9]{1,4})(\.0)?\s*([ªºa]|(/|de)\s*[0-9]{1,4})?", line)
    return int(found[1]) if found else None


def key(creditor: str) -> str:
    """What makes two spellings one creditor: no accents, one case, single spaces."""
    plain = unicodedata.normalize("NFKD", creditor)
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return " ".join(plain.lower().split())


DebtKey = tuple[str, str, int]


@dataclass
class Portfolio:
    """What an empty tenant holds after a file: reasons by line, debts by natural key, people."""

    rows: int = 0
    refused: dict[int, str] = field(default_factory=dict)
    duplicates: int = 0
    debts: dict[DebtKey, tuple[str, datetime.date, int]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)
    phones: dict[str, set[str]] = field(default_factory=dict)


COLUMNS = {
    "document": "CPF/CNPJ", "name": "Nome do Devedor", "email": "E-mail", "creditor": "Credor",
    "contract": "Contrato", "installment": "Parcela", "due_on": "Vencimento", "value": "Valor",
}  # fmt: skip


def problem(row: Mapping[str, str], creditor: str | None) -> str | None:
    """The first thing in a row, from left to right, that a person could not let pass."""
    cell = {field: row.get(column) for field, column in COLUMNS.items()}
    if not text(cell["document"]):
        return "document_missing"
    if not document(cell["document"]):
        return "document_invalid"
    if not (text(cell["creditor"]) or creditor):
        return "creditor_missing"
    if not text(cell["contract"]):
        return "contract_missing"
    if not contract(cell["contract"]):
        return "contract_invalid"
    if installment(cell["installment"]) is None:
        return "installment_invalid"
    if not text(cell["due_on"]):
        return "due_date_missing"
    if not day(cell["due_on"]):
        return "due_date_invalid"
    if not text(cell["value"]):
        return "value_missing"
    amount = cents(cell["value"])
    if amount is None:
        return "value_invalid"
    return "value_not_positive" if amount <= 0 else None


def read(rows: Iterable[tuple[int, Mapping[str, str]]], creditor: str | None = None) -> Portfolio:
    """The whole file for an empty tenant; `rows` are (line as a spreadsheet counts, cells)."""
    result = Portfolio()
    good: list[tuple[int, Mapping[str, str], DebtKey, tuple[str, datetime.date, int]]] = []
    said: dict[DebtKey, set[tuple[str, datetime.date, int]]] = {}
    for line, row in rows:
        result.rows += 1
        if reason := problem(row, creditor):
            result.refused[line] = reason
            continue
        owner = document(row["CPF/CNPJ"])
        due_on, amount = day(row["Vencimento"]), cents(row["Valor"])
        number = installment(row.get("Parcela"))
        contract_key = contract(row["Contrato"])
        assert owner
        assert due_on
        assert amount
        assert contract_key
        assert number is not None
        who = key(text(row.get("Credor")) or creditor or "")
        debt_key, content = (who, contract_key, number), (owner, due_on, amount)
        good.append((line, row, debt_key, content))
        said.setdefault(debt_key, set()).add(content)

    # Two lines for one debt that disagree: neither can be believed, so both go back.
    for line, _, debt_key, _ in good:
        if len(said[debt_key]) > 1:
            result.refused[line] = "repeated_with_difference"
    agreed = [entry for entry in good if entry[0] not in result.refused]
    for _, row, _, (owner, _, _) in agreed:
        if known := name(row.get("Nome do Devedor")):
            before = result.names.get(owner)
            # Mixed case reads better than capitals; else the later line knows better.
            if before is None or known != known.upper() or before == before.upper():
                result.names[owner] = known
    for line, row, debt_key, content in agreed:
        owner = content[0]
        if owner not in result.names:
            cell = text(row.get("Nome do Devedor"))
            result.refused[line] = "name_invalid" if cell else "name_missing"
            continue
        result.duplicates += debt_key in result.debts
        result.debts[debt_key] = content
        if address := email(row.get("E-mail")):
            result.emails[owner] = address
        numbers = phones([row.get("Celular"), row.get("Telefone Fixo")])
        result.phones.setdefault(owner, set()).update(numbers)
    return result


def rows_of(path: str, encoding: str, delimiter: str) -> list[tuple[int, dict[str, str]]]:
    with open(path, encoding=encoding, newline="") as file:
        return list(enumerate(csv.DictReader(file, delimiter=delimiter), start=2))
