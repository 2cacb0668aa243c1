"""Raw cells to staged rows: each accepted, or with the one reason it was not."""

import polars as pl

from portfolio import cells
from portfolio.headers import Layout

REJECTED_VALUE_CHARACTERS = 200  # enough to recognise the cell in the file
# The staged row, in the order of the staging table's columns.
STAGED = (
    "line", "reason", "column_name", "value", "document", "name", "email", "uf", "external_id",
    "creditor", "contract", "installment", "due_on", "principal_cents", "phones", "phones_lost",
    "names_lost", "emails_lost",
)  # fmt: skip
RAW = (
    "document", "name", "email", "uf", "external_id", "creditor", "contract", "installment",
    "due_on", "principal", "overflow",
)  # fmt: skip


def staged(frame: pl.DataFrame, layout: Layout, creditor: str | None) -> pl.DataFrame:
    """Normalise one block of raw cells; the columns are STAGED.

    Only what identifies and values the debt can reject a row. A phone, e-mail or name that is
    no good is left out and counted; whether somebody knows a better name is for SQL to say.
    """
    raw = {field: _raw(frame, layout, field) for field in RAW}
    phones, phones_lost = cells.phones(_phone_cells(frame, layout))
    name, email = cells.name(raw["name"]), cells.email(raw["email"])
    named = cells.creditor(raw["creditor"])
    parsed = {
        "line": frame["line"],
        "document": cells.document(raw["document"]),
        "name": name,
        "email": email,
        "uf": cells.uf(raw["uf"]),
        "external_id": cells.external_id(raw["external_id"]),
        "creditor": named if creditor is None else named.fill_null(creditor),
        "contract": cells.contract(raw["contract"]),
        "installment": cells.installment(raw["installment"]),
        "due_on": cells.date(raw["due_on"]),
        "principal_cents": cells.cents(raw["principal"]),
        "phones": phones,
        "phones_lost": phones_lost,
        "names_lost": _filled(raw["name"], name.is_null()).cast(pl.Int32),
        "emails_lost": _filled(raw["email"], email.is_null()).cast(pl.Int32),
    }
    # For an accepted row: the name cell that was no name, should nobody know a better one.
    value = raw["name"].set(name.is_not_null(), None)
    reason = column_name = _nothing(len(frame))
    for code, field, mask in reversed(_problems(parsed, raw)):
        if mask.any():
            reason = reason.set(mask, code)
            column_name = column_name.set(mask, layout.title(field))
            value = raw[field].zip_with(mask, value)
    value = value.str.strip_chars().str.slice(0, REJECTED_VALUE_CHARACTERS)
    parsed |= {"reason": reason, "column_name": column_name, "value": value.replace("", None)}
    return pl.DataFrame(parsed).select(STAGED)


def _problems(
    parsed: dict[str, pl.Series], raw: dict[str, pl.Series]
) -> list[tuple[str, str, pl.Series]]:
    """Reason, field and rows; the first of a row counts, as a person reads it left to right."""
    overflow = raw["overflow"]
    found = [("columns_misplaced", "overflow", _filled(overflow, overflow.is_not_null()))]
    for field, value, noun in (
        ("document", "document", "document"),
        ("creditor", "creditor", "creditor"),
        ("contract", "contract", "contract"),
        ("installment", "installment", "installment"),
        ("due_on", "due_on", "due_date"),
        ("principal", "principal_cents", "value"),
    ):
        is_null = parsed[value].is_null()
        is_filled = _filled(raw[field], is_null)
        found.append((f"{noun}_missing", field, is_null & ~is_filled))
        found.append((f"{noun}_invalid", field, is_filled))
    is_not_positive = (parsed["principal_cents"] <= 0).fill_null(False)
    return [*found, ("value_not_positive", "principal", is_not_positive)]


def _filled(cell: pl.Series, where: pl.Series) -> pl.Series:
    """Which of these rows say something in the cell."""
    rows = where.arg_true()
    says = cells.text(cell.filter(where)).is_not_null()
    return where.clone().scatter(rows, says)


def _raw(frame: pl.DataFrame, layout: Layout, field: str) -> pl.Series:
    """The field's cells as they stand in the file; null where the file has no such column."""
    if field == "document":
        filled = [frame[f"c{column}"].replace("", None) for column in layout.documents]
        return pl.select(pl.coalesce(filled)).to_series()
    if field == "overflow":
        return frame[f"c{len(layout.header)}"]
    column = layout.fields.get(field)
    if column is None:
        return _nothing(len(frame))
    return frame[f"c{column}"]


def _phone_cells(frame: pl.DataFrame, layout: Layout) -> list[pl.Series]:
    with_area = [
        frame[f"c{number}"]
        if area is None
        else frame[f"c{area}"].fill_null("") + frame[f"c{number}"]
        for area, number in layout.phones
    ]
    return with_area or [_nothing(len(frame))]


def _nothing(height: int) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, height)
