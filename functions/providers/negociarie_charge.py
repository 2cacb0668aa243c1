"""What Negociarie is asked to create: the body of a boleto, a Pix or a card link."""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Protocol

from providers import negociarie_wire as wire

MESSAGE_LINES, MESSAGE_CHARACTERS = 4, 100  # `mensagem`; the provider ignores the excess


class Task(Protocol):
    """One row of private.claim_charges."""

    @property
    def action(self) -> str: ...  # create | lookup | cancel
    @property
    def reference(self) -> str: ...  # our id_parcela
    @property
    def provider_group(self) -> str | None: ...  # id_geral, when the provider gave another one
    @property
    def method(self) -> str: ...  # boleto | pix | card
    @property
    def amount_cents(self) -> int: ...
    @property
    def due_on(self) -> date: ...
    @property
    def payer(self) -> Mapping[str, Any]: ...
    @property
    def terms(self) -> Mapping[str, Any]: ...  # {fine_percent, interest_percent (a month)}
    @property
    def description(self) -> str: ...
    @property
    def settings(self) -> Mapping[str, str]: ...  # {client_id, fine_unit?, interest_unit?}


def new_charge(task: Task) -> dict[str, Any]:
    """The body of a creation; `id_geral` is ours too, so that it can be looked up by it."""
    payer, message = task.payer, task.description
    document, name = str(payer.get("document") or ""), str(payer.get("name") or "")
    phone = str(payer.get("phone") or "").removeprefix("+55")
    cep = str(payer.get("cep") or "")
    person = {
        "documento": document,
        "razao_social": name if len(document) == 14 or task.method != "boleto" else "",
        "cep": f"{cep[:5]}-{cep[5:]}",
        "endereco": payer.get("street") or "",
        "bairro": payer.get("district") or "",
        "cidade": payer.get("city") or "",
        "uf": payer.get("uf") or "",
        "email": payer.get("email") or "",
        "celular": f"({phone[:2]}){phone[2:-4]}-{phone[-4:]}",
    }
    part: dict[str, Any] = {
        "id_parcela": task.reference,
        "data_vencimento": task.due_on.isoformat(),
        "valor": wire.reais(task.amount_cents),
    }
    if task.method != "boleto":
        # Not published: the body that production code sends, plus our number of the parcel.
        return {
            "id_geral": task.reference,
            "devedor": person,
            "parcelas": [part | {"descricao": message[:MESSAGE_CHARACTERS]}],
            "sandbox": False,
        }
    client = person | {
        "nome": name,
        "numero": payer.get("number") or "",
        "complemento": payer.get("complement") or "",
        "telefones": [phone],
    }
    lines = [line[:MESSAGE_CHARACTERS] for line in message.splitlines()[:MESSAGE_LINES]]
    part |= {"mensagem": "\n".join(lines)} | late_terms(task)
    return {"cliente": client, "id_geral": task.reference, "parcelas": [part]}


def late_terms(task: Task) -> dict[str, float]:
    """`valor_multa`, once, and `valor_mora_dia`, a day, in the unit the tenant was told.

    Nobody publishes the unit; reais is the default, because then the boleto never charges more
    than was agreed, whatever its value.
    """
    amount, found = Decimal(task.amount_cents), {}
    fine = Decimal(str(task.terms.get("fine_percent") or 0))
    daily = Decimal(str(task.terms.get("interest_percent") or 0)) / 30
    if task.settings.get("fine_unit") == "percent":
        found["valor_multa"] = float(fine)
    else:
        found["valor_multa"] = wire.reais(_half_up(amount * fine / 100))
    if task.settings.get("interest_unit") == "percent":
        found["valor_mora_dia"] = float(daily.quantize(Decimal("0.0001"), ROUND_HALF_UP))
    else:
        found["valor_mora_dia"] = wire.reais(_half_up(amount * daily / 100))
    return {field: value for field, value in found.items() if value}


def _half_up(cents: Decimal) -> int:
    return int(cents.quantize(Decimal(1), ROUND_HALF_UP))
