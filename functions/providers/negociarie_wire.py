"""Negociarie's numbers, days, links and parcels, read without believing more than they say.

Money is exact: decimals from their JSON, cents to us, and the shortest decimal back.
"""

import json
from datetime import date
from decimal import Decimal
from typing import Any

from kit import config

LONGEST_REFERENCE = 200
LARGEST_CENTS = 10**13  # above any payment; a larger number is a fault, not money


def reais(cents: int) -> float:
    """Cents as the JSON number with two places that says exactly them.

    Python writes the shortest decimal that reads as the same double; below 2**53 that is ours.
    """
    return float(Decimal(cents) / 100)


def read_line(line: Any) -> dict[str, Any] | None:
    """One parcel of consulta, parcelas-pagas: its facts in our words, nothing concluded.

    What cannot be read is None; SQL takes no payment without its day, amount and words.
    """
    said = fields(line)
    reference = text(said.get("id_parcela"))
    if not reference or len(reference) > LONGEST_REFERENCE:
        return None
    return {
        "reference": reference,
        "status_code": text(said.get("id_status")),
        "status_text": text(said.get("status")),
        "due_on": _day(said.get("data_vencimento")),
        "paid_on": _day(said.get("data_pagamento")),
        "amount_cents": cents(said.get("valor")),
        "paid_cents": cents(said.get("valor_pago")),
        "interest_cents": cents(said.get("valor_mora")),
        "fine_cents": cents(said.get("valor_multa")),
    } | links(said)


def line_of(said: dict[str, Any], reference: str) -> dict[str, Any] | None:
    """The parcel of an answer that bears our number."""
    lines = said.get("parcelas")
    for line in lines if isinstance(lines, list) else []:
        if text(fields(line).get("id_parcela")) == reference:
            return fields(line)
    return None


def links(said: dict[str, Any]) -> dict[str, str | None]:
    """The fields vary with the version of the answer; an address that is no web page is dropped."""
    return {
        "link": _address(said, "link", "link_boleto", "url_boleto", "link_cartao"),
        "pdf_url": _address(said, "boletos_pdf", "carne_pdf"),
        "digitable_line": text(said.get("linha_digitavel")),
        "pix_code": text(said.get("pix_copia_cola")),
    }


def _address(said: dict[str, Any], *names: str) -> str | None:
    # The simulator is the only one without a certificate.
    allowed = ("https://", "http://127.0.0.1", "http://localhost")
    kept = allowed if config.settings().simulators_url else allowed[:1]
    for name in names:
        found = text(said.get(name)) or ""
        if found.startswith(kept) and len(found) <= 2_000 and found.isprintable():
            return found
    return None


def cents(value: Any) -> int | None:
    """Exact cents of a JSON number or its text ("100.90", "1.234,56"); None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    told = str(value).strip()
    if "," in told:
        told = told.replace(".", "").replace(",", ".")
    try:
        found = Decimal(told) * 100
        # A part of a cent is no amount somebody paid; guessing would hide a fault.
        is_money = found.is_finite() and 0 <= found <= LARGEST_CENTS and found == int(found)
    except (ArithmeticError, ValueError):
        return None
    return int(found) if is_money else None


def _day(value: Any) -> str | None:
    told = (text(value) or "")[:10]
    try:
        return date.fromisoformat(told).isoformat() if len(told) == 10 else None
    except ValueError:
        return None  # 0000-00-00 and other ways to say "none"


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """One published line says `status` twice, as code and as words; neither may hide the other."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key == "status" and str(value).isdigit():
            found.setdefault("id_status", value)
        elif key == "status" and found.get("status") not in (None, value):
            found["status"] = f"{found['status']} / {value}"
        else:
            found[key] = value
    return found


def json_object(answer: str) -> dict[str, Any]:
    """The JSON object of an answer, numbers exact; {} for a page or anything else."""
    try:
        return fields(json.loads(answer, parse_float=Decimal, object_pairs_hook=_pairs))
    except (ValueError, RecursionError):
        return {}


def text(value: Any) -> str | None:
    """A text or whole number as storable text; None for anything else and for nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).replace("\0", "").encode("utf-8", "replace").decode().strip() or None


def fields(value: Any) -> dict[str, Any]:
    """The value if it is an object; {} for anything else."""
    return value if isinstance(value, dict) else {}
