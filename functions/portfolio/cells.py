"""One function per kind of cell: a column of raw text in, the stored form or null out.

Digits are [0-9] in every pattern: \\d also means the digits of other scripts, which do not parse.
Vectorised: a Python loop over a million rows costs many times as much (`make bench`). Series step
by step and not one expression: polars copies an expression into every place that uses it.
Sources: providers.md 5.1 (CPF), 5.2 (alphanumeric CNPJ), 5.3 (phones).
"""

from collections.abc import Callable

import polars as pl

# What people type into a cell to say that there is nothing.
NOTHING = (
    "", "-", "--", "---", ".", "null", "none", "nan", "n/a", "na", "n/d", "nd", "#n/d", "#n/a",
    "s/n", "sem", "não tem", "nao tem", "não possui", "nao possui", "não informado",
    "nao informado", "não consta", "nao consta", "sem telefone", "sem email", "sem e-mail",
)  # fmt: skip
NAME_CHARACTERS = 200  # longer than any name on a Brazilian document
CONTRACT_CHARACTERS = 100  # twice the longest key in use, the 44 of an electronic invoice
EMAIL_CHARACTERS = 254  # RFC 5321's longest address
EXTERNAL_ID_CHARACTERS = 100  # as contracts
# A spreadsheet eats the left zeros of a number. One CPF in a million begins with six of them;
# fewer than five digits left is somebody's code, not a document.
DOCUMENT_DIGITS = 5
# R$ 9.999.999.999,99. Eleven digits before the decimals are a document in the wrong column.
MONEY_DIGITS = 10
# A cell with more numbers than this is a note, not a phone.
PHONES_IN_A_CELL = 6

_MONTHS = ("jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez")
DDD = (
    *range(11, 20), 21, 22, 24, 27, 28, *range(31, 36), 37, 38, *range(41, 50), 51, 53, 54, 55,
    *range(61, 70), 71, 73, 74, 75, 77, 79, *range(81, 90), *range(91, 100),
)  # fmt: skip
# Either 9 digits beginning with 9, or 8 digits: landlines 2-5, mobiles from before the ninth digit
# 6-9. The country code counts only when the rest is still a whole number: 55 is also a DDD (RS).
# A trunk zero may bring a carrier's two digits: 0 15 11 3333-4444.
_DDD = "|".join(map(str, DDD))
_PHONE = rf"^(?:0*|0*550*|(?:0*55)?0+[1-9][0-9])((?:{_DDD})(?:9[0-9]{{8}}|[2-9][0-9]{{7}}))$"
_EMAIL = r"^[^\s@,;:<>\"()]+@[^\s@,;:<>\"()]+\.[^\s@,;:<>\"().]{2,}$"
_STATES = {
    "acre": "AC", "alagoas": "AL", "amapa": "AP", "amazonas": "AM", "bahia": "BA", "ceara": "CE",
    "distrito federal": "DF", "espirito santo": "ES", "goias": "GO", "maranhao": "MA",
    "mato grosso": "MT", "mato grosso do sul": "MS", "minas gerais": "MG", "para": "PA",
    "paraiba": "PB", "parana": "PR", "pernambuco": "PE", "piaui": "PI", "rio de janeiro": "RJ",
    "rio grande do norte": "RN", "rio grande do sul": "RS", "rondonia": "RO", "roraima": "RR",
    "santa catarina": "SC", "sao paulo": "SP", "sergipe": "SE", "tocantins": "TO",
}  # fmt: skip
# In bytes; longer text need not be looked up.
_LONGEST_NOTHING = max(len(word.encode()) for word in NOTHING)
_BRAZILIAN, _AMERICAN = (
    r"(?:[0-9]*|[0-9]{1,3}(?:\.[0-9]{3})+)",
    r"(?:[0-9]*|[0-9]{1,3}(?:,[0-9]{3})+)",
)
# The shapes most cells have; what they match needs no more looking at.
_USUAL_NAME = r"^[A-Za-zÀ-ÖØ-öø-ÿ'.]{2,}(?: [A-Za-zÀ-ÖØ-öø-ÿ'.]+)+$"
_USUAL_KEY = r"^[A-Za-z]{0,10}[0-9][0-9A-Za-z\-/]{0,60}$"
_USUAL_PHONE = r"^(?:\([1-9][0-9]\) 9?[0-9]{4}-[0-9]{4}|0?[1-9][0-9]{9,10})$"
_WHOLE_MONEY = r"^[0-9]+$|^[1-9][0-9]{0,2}(?:\.[0-9]{3})+$|^[1-9][0-9]{0,2}(?:,[0-9]{3}){2,}$"


def _money(decimals: int) -> str:
    """The shape of an amount with so many decimals."""
    tail = rf"[0-9]{{{decimals}}}$"
    return rf"^{_BRAZILIAN},{tail}|^{_AMERICAN}\.{tail}"


def text(cell: pl.Series) -> pl.Series:
    """The cell without padding; null when it says that there is nothing.

    ="00123" is how exports keep a spreadsheet from eating zeros; a person there sees 00123.
    """
    bare = cell.str.strip_chars()
    if bare.str.starts_with('="').any():
        bare = bare.str.replace(r'^="([^"]*)"$', "$1").str.strip_chars()
    # So is an apostrophe before a sign that a spreadsheet would run: what we download has them.
    if bare.str.starts_with("'").any():
        bare = bare.str.replace(r"^'([=+\-@|%])", "$1")
    says_nothing = bare.str.len_bytes() <= _LONGEST_NOTHING
    says_nothing &= bare.str.to_lowercase().is_in(NOTHING)
    return bare.set(says_nothing, None)


def one_line(cell: pl.Series) -> pl.Series:
    """Text with every run of white space as one space."""
    return text(cell).str.replace_all(r"\s+", " ")


def document(cell: pl.Series) -> pl.Series:
    """A valid CPF (11 digits) or CNPJ (14 characters), lost zeros restored; else null."""
    usual = cell.str.contains(r"^(?:[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}|[0-9]{11})$")
    cpf = _keep(cell, usual).str.replace_all(r"[.\-]", "")
    return _usually(_keep(cpf, _is_valid_cpf(cpf)), usual, _any_document, cell)


def _any_document(cell: pl.Series) -> pl.Series:
    bare = text(cell).str.replace(r"^(?:(?i:cpf|cnpj)[:\s]+)?([0-9]+)[.,]0$", "$1")
    bare = bare.str.replace_all(r"^(?i:cpf|cnpj)[:\s]+|[.\-–—/\s']", "")
    is_numeric = bare.str.contains(rf"^[0-9]{{{DOCUMENT_DIGITS},14}}$")
    is_short = bare.str.len_bytes() <= 11
    cpf = _keep(bare, is_numeric & is_short).str.zfill(11)
    cnpj = _keep(bare, is_numeric & ~is_short).str.zfill(14)
    lettered = _keep(bare.str.to_uppercase(), ~is_numeric)
    lettered = _keep(lettered, lettered.str.contains(r"^[0-9A-Z]{12}[0-9]{2}$"))
    cnpj = cnpj.zip_with(cnpj.is_not_null(), lettered)
    valid_cpf = _keep(cpf, _is_valid_cpf(cpf))
    return valid_cpf.zip_with(valid_cpf.is_not_null(), _sparsely(_valid_cnpj, cnpj))


def _keep(values: pl.Series, condition: pl.Series) -> pl.Series:
    """The values where the condition holds; null elsewhere."""
    return values.set(~condition.fill_null(False), None)


def _usually(
    found: pl.Series, usual: pl.Series, careful: Callable[[pl.Series], pl.Series], cell: pl.Series
) -> pl.Series:
    """What was found where the cell has the usual shape; elsewhere what the careful way finds.

    Nearly all cells of a real file have it, and the careful way costs five times as much.
    """
    rest = cell.is_not_null() & ~usual
    if not rest.any():
        return found
    return found.clone().scatter(rest.arg_true(), careful(cell.filter(rest)))


def _sparsely(parse: Callable[[pl.Series], pl.Series], cell: pl.Series) -> pl.Series:
    """Parse only the cells that are filled: for costly rules that few rows need."""
    filled = cell.is_not_null()
    if not filled.any():
        return cell
    return cell.clone().scatter(filled.arg_true(), parse(cell.filter(filled)))


def _distinctly(parse: Callable[[pl.Series], pl.Series], cell: pl.Series) -> pl.Series:
    """Parse each different cell once: a million rows share a few thousand due dates."""
    distinct = cell.unique()
    return cell.replace_strict(distinct, parse(distinct))


def _is_valid_cpf(cpf: pl.Series) -> pl.Series:
    number = cpf.cast(pl.Int64)
    digit = [number // 10 ** (10 - place) % 10 for place in range(11)]
    weigh = [(10, 9, 8, 7, 6, 5, 4, 3, 2), (11, 10, 9, 8, 7, 6, 5, 4, 3, 2)]
    first, second = (
        sum((d * w for d, w in zip(digit, weights, strict=False)), start=number * 0) * 10 % 11 % 10
        for weights in weigh
    )
    is_repeated = number % 11_111_111_111 == 0
    is_valid: pl.Series = (first == digit[9]) & (second == digit[10])
    return is_valid & ~is_repeated


def _valid_cnpj(cnpj: pl.Series) -> pl.Series:
    """Digits are worth themselves and letters their ASCII code less 48 (A = 17, …, Z = 42)."""
    worth = {chr(code): code - 48 for code in (*range(48, 58), *range(65, 91))}
    digit = [
        cnpj.str.slice(place, 1).replace_strict(worth, return_dtype=pl.Int64) for place in range(14)
    ]
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)

    def check_digit(length: int) -> pl.Series:
        used = zip(digit, weights[-length:], strict=False)
        rest = sum((d * w for d, w in used), start=digit[0] * 0) % 11
        return (11 - rest).set(rest < 2, 0)

    is_valid = (check_digit(12) == digit[12]) & (check_digit(13) == digit[13])
    is_repeated = cnpj.str.slice(1) == cnpj.str.slice(0, 13)
    return _keep(cnpj, is_valid & ~is_repeated)


def name(cell: pl.Series) -> pl.Series:
    """A person's name; null for a cell without two letters, or with a spreadsheet formula."""
    length = cell.str.len_bytes()
    usual = cell.str.contains(_USUAL_NAME) & length.is_between(
        _LONGEST_NOTHING + 1, NAME_CHARACTERS
    )
    return _usually(_keep(cell, usual), usual, _any_name, cell)


def _any_name(cell: pl.Series) -> pl.Series:
    line = one_line(cell)
    is_name = line.str.contains(r"\p{L}.*\p{L}") & ~is_formula(line)
    return _keep(line, is_name & (line.str.len_chars() <= NAME_CHARACTERS))


def is_formula(line: pl.Series) -> pl.Series:
    """Text that a spreadsheet would run instead of showing."""
    return line.str.contains(r"^(?:=|[+\-@].*[(|!])")


def email(cell: pl.Series) -> pl.Series:
    """The first address of the cell, in lower case; null when it is none."""
    usual = cell.str.contains(r"^[a-z0-9._+\-]+@[a-z0-9\-]+(?:\.[a-z0-9\-]+)*\.[a-z]{2,}$")
    usual &= cell.str.len_bytes() <= EMAIL_CHARACTERS
    return _usually(_keep(cell, usual), usual, _any_email, cell)


def _any_email(cell: pl.Series) -> pl.Series:
    first = text(cell).str.to_lowercase().str.extract(r"^([^\s;,/|]+)")
    return _keep(first, first.str.contains(_EMAIL) & (first.str.len_chars() <= EMAIL_CHARACTERS))


def uf(cell: pl.Series) -> pl.Series:
    """A state's two letters, from them or from its name; null for anything else."""
    names = _STATES | {code.lower(): code for code in _STATES.values()}

    def parse(distinct: pl.Series) -> pl.Series:
        plain = one_line(distinct).str.normalize("NFKD").str.replace_all(r"\p{M}", "")
        return plain.str.to_lowercase().replace_strict(names, default=None, return_dtype=pl.String)

    return _distinctly(parse, cell)


def creditor(cell: pl.Series) -> pl.Series:
    """A creditor's name as written; SQL knows which spellings are one creditor."""
    return _distinctly(one_line, cell)


def contract(cell: pl.Series) -> pl.Series:
    """The creditor's key of a debt; null for one that a spreadsheet has rounded (1,2E+11)."""
    usual = cell.str.contains(_USUAL_KEY)
    return _usually(_keep(cell, usual), usual, _any_contract, cell)


def _any_contract(cell: pl.Series) -> pl.Series:
    line = one_line(cell).str.replace(r"^([0-9]+)\.0$", "$1")
    is_whole = ~line.str.contains(r"^[0-9]+[.,][0-9]+[eE]\+?[0-9]+$")
    return _keep(line, is_whole & (line.str.len_chars() <= CONTRACT_CHARACTERS))


def external_id(cell: pl.Series) -> pl.Series:
    """The creditor's own id of a person."""
    usual = cell.str.contains(_USUAL_KEY)
    return _usually(_keep(cell, usual), usual, _any_external_id, cell)


def _any_external_id(cell: pl.Series) -> pl.Series:
    line = one_line(cell).str.replace(r"^([0-9]+)\.0$", "$1")
    return _keep(line, line.str.len_chars() <= EXTERNAL_ID_CHARACTERS)


def installment(cell: pl.Series) -> pl.Series:
    """The installment's number: "3", "03/12", "Parcela 3 de 12", "única"; empty is the only one."""

    def parse(distinct: pl.Series) -> pl.Series:
        line = text(distinct).fill_null("1").str.to_lowercase()
        number = line.str.extract(
            r"^[^0-9]{0,12}?([0-9]{1,4})(?:\.0)?\s*(?:[ªºa]|(?:/|de)\s*[0-9]{1,4})?$"
        )
        return number.set(line.str.contains(r"^[uú]nica$"), "1").cast(pl.Int32)

    return _distinctly(parse, cell)


def date(cell: pl.Series) -> pl.Series:
    """A day between 1970 and 2099, written day first or year first; a time of day is dropped."""
    return _distinctly(_date, cell)


def _date(cell: pl.Series) -> pl.Series:
    day = text(cell).str.to_lowercase().str.replace(r"[ t][0-9]{1,2}:[0-9]{2}.*$", "")
    for number, month in enumerate(_MONTHS, start=1):
        day = day.str.replace(
            rf"^([0-9]{{1,2}})(?:\W|\W*de )\W*{month}\p{{L}}*(?:\W|\W*de )\W*([0-9]{{2,4}})$",
            f"$1/{number}/$2",
        )
    written = [
        r"^(?<day>[0-9]{1,2})[/.\-](?<month>[0-9]{1,2})[/.\-](?<year>[0-9]{4}|[0-9]{2})$",
        r"^(?<year>[0-9]{4})[/.\-](?<month>[0-9]{1,2})[/.\-](?<day>[0-9]{1,2})$",
        # Eight digits cannot be both: 19 or 20 is a century in front and no month in the middle.
        r"^(?<year>(?:19|20)[0-9][0-9])(?<month>[0-9][0-9])(?<day>[0-9][0-9])$",
        r"^(?<day>[0-9][0-9])(?<month>[0-9][0-9])(?<year>(?:19|20)[0-9][0-9])$",
    ]
    found = pl.Series("day", [None] * len(day), dtype=pl.Date)
    for pattern in written:
        parts = day.str.extract_groups(pattern).struct.unnest()
        # Two digits of a year: no debt in a portfolio falls due before 1970.
        short = parts["year"].str.len_bytes() == 2
        century = pl.Series(["20"]).new_from_index(0, len(day)).set(parts["year"] >= "70", "19")
        year = parts["year"].zip_with(~short.fill_null(False), century + parts["year"])
        iso = year + "-" + parts["month"].str.zfill(2) + "-" + parts["day"].str.zfill(2)
        found = found.zip_with(found.is_not_null(), iso.str.to_date("%Y-%m-%d", strict=False))
    return _keep(found, found.dt.year().is_between(1970, 2099))


def cents(cell: pl.Series) -> pl.Series:
    """Money in cents, signed. Brazilian (1.234,56), plain (1234.56) or US (1,234.56) notation.

    One dot before exactly three digits parts thousands, as people here read it; one comma before
    exactly three digits is nobody's notation and is refused.
    """
    usual = cell.str.contains(r"^(?:R\$ ?)?[0-9]{1,3}(?:\.[0-9]{3}){0,2},[0-9]{2}$")
    found = _keep(cell, usual).str.replace_all(r"[R$ .,]", "").cast(pl.Int64)
    return _usually(found, usual, _any_cents, cell)


def _any_cents(cell: pl.Series) -> pl.Series:
    amount = text(cell).str.replace_all(r"[\s']", "")
    amount = amount.str.replace(r"(?i)^([+\-(]?)(?:r\$|brl)", "$1")
    is_negative = amount.str.contains(r"^[-(]|-$")
    body = amount.str.replace(r"^(?:[+\-]|\((.*)\)$|(.*)-$)", "$1$2")
    # Zeros in front are the padding of a fixed width, and no digits of the amount.
    number = body.str.replace_all(r"[.,]", "").str.replace(r"^0+([0-9])", "$1")
    number = _keep(number, number.str.contains(rf"^[0-9]{{1,{MONEY_DIGITS + 2}}}$")).cast(pl.Int64)
    found = _keep(number, body.str.contains(_money(2)))
    for pattern, scale in ((_WHOLE_MONEY, 100), (_money(1), 10)):
        rest = found.is_null()
        if rest.any():
            found = found.zip_with(~rest, _keep(number * scale, body.str.contains(pattern)))
    found = found.zip_with(found.is_not_null(), _sparsely_rounded(_keep(body, found.is_null())))
    found = _keep(found, found < 10 ** (MONEY_DIGITS + 2))
    return found.zip_with(~is_negative.fill_null(False), -found)


def _sparsely_rounded(body: pl.Series) -> pl.Series:
    """Cents of amounts with more than two decimals: a database's numeric(…, 4) pads with zeros, and
    a float written out in full has noise at its end."""
    if not body.is_not_null().any():
        return pl.Series([None], dtype=pl.Int64).new_from_index(0, len(body))
    body = _keep(body, ~body.str.contains(r"^[1-9][0-9]{0,2},[0-9]{3}$"))
    # The dot that parts thousands cannot part the decimals as well: 100.000.00000 is nobody's.
    parts = body.str.extract_groups(
        r"^(?:(?<plain>[0-9]+)[.,]|(?<grouped>[0-9]{1,3}(?:\.[0-9]{3})+),)"
        r"(?<cents>[0-9][0-9])(?<tail>0+|[0-9]{6,})$"
    ).struct.unnest()
    whole = parts["plain"].zip_with(
        parts["plain"].is_not_null(), parts["grouped"].str.replace_all(".", "", literal=True)
    )
    whole = _keep(whole, whole.str.strip_chars_start("0").str.len_bytes() <= MONEY_DIGITS)
    return (whole + parts["cents"]).cast(pl.Int64) + (parts["tail"] >= "5").cast(pl.Int64)


def phones(columns: list[pl.Series]) -> tuple[pl.Series, pl.Series]:
    """The usable numbers of each row in E.164, as a Postgres array; and how many were unusable."""
    numbers, lost = zip(*map(_phones_of, columns), strict=True)
    listed = pl.select(pl.concat_str(numbers, separator=",", ignore_nulls=True)).to_series()
    return "{" + listed + "}", pl.select(pl.sum_horizontal(lost)).to_series()


def _phones_of(cell: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Of one column: the numbers parted by commas or null, and how many were unusable."""
    usual = cell.str.contains(_USUAL_PHONE)
    number = _keep(cell, usual).str.replace_all(r"[() \-]", "").cast(pl.Int64)
    found = _national(number)
    lost = (usual & found.is_null()).fill_null(False).cast(pl.Int32)
    rest = cell.is_not_null() & ~usual
    if rest.any():
        others, others_lost = _any_phones(cell.filter(rest))
        found = found.scatter(rest.arg_true(), others)
        lost = lost.scatter(rest.arg_true(), others_lost)
    return found, lost


def _any_phones(cell: pl.Series) -> tuple[pl.Series, pl.Series]:
    numbers, lost = [], []
    for piece in _pieces(text(cell)):
        digits = piece.str.replace(r"\.0\s*$", "").str.replace_all(r"[^0-9]", "")
        number = _national(digits.str.extract(_PHONE).cast(pl.Int64))
        numbers.append(number)
        # Four digits and more were meant as a number; "não tem" and an extension were not.
        is_lost = number.is_null() & (digits.str.len_bytes() >= 4)
        lost.append(is_lost.fill_null(False).cast(pl.Int32))
    listed = pl.select(pl.concat_str(numbers, separator=",", ignore_nulls=True)).to_series()
    return listed.replace("", None), pl.select(pl.sum_horizontal(lost)).to_series()


def _pieces(cell: pl.Series) -> list[pl.Series]:
    """The numbers of a cell: "98 97428-9999 / 98 2212-0043" holds two."""
    separator = r"[/;,|\n]| ou | e "
    if not cell.str.contains(separator).any():
        return [cell]
    parts = cell.str.replace_all(separator, "/").str.split_exact("/", PHONES_IN_A_CELL - 1)
    return parts.struct.unnest().get_columns()


def _national(number: pl.Series) -> pl.Series:
    """E.164 of area code and subscriber given as a number of ten or eleven digits; else null."""
    is_long = number >= 10**10
    area = (number // 10**9).zip_with(is_long, number // 10**8)
    subscriber = (number % 10**9).zip_with(is_long, number % 10**8)
    # Eight digits beginning with 6 to 9 are a mobile from before the ninth digit.
    is_old_mobile = ~is_long & (subscriber >= 60_000_000)
    subscriber = (subscriber + 900_000_000).zip_with(is_old_mobile, subscriber)
    is_mobile = subscriber >= 900_000_000
    is_landline = ~is_long & subscriber.is_between(20_000_000, 59_999_999)
    # Eight equal digits fill a required field; they reach nobody.
    is_filler = subscriber % 100_000_000 % 11_111_111 == 0
    is_usable = area.is_in(DDD) & (is_mobile | is_landline) & ~is_filler
    whole = area * (area * 0 + 10**8).zip_with(~is_mobile, area * 0 + 10**9) + subscriber
    return "+55" + _keep(whole, is_usable).cast(pl.String)
