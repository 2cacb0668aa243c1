"""One person's data on A4, table by table, in words that the person can read (LGPD, art. 19)."""

import json
from collections.abc import Mapping
from typing import Any

from documents import statement

# The tables that tell something to a person; the others are in the JSON beside.
TITLES = {
    "clients": "Cadastro",
    "client_phones": "Telefones",
    "client_addresses": "Endereços",
    "debts": "Títulos",
    "agreements": "Acordos",
    "installments": "Parcelas",
    "charges": "Cobranças emitidas",
    "payments": "Pagamentos",
    "message_logs": "Mensagens",
    "conversations": "Conversas",
    "calls": "Ligações",
    "call_dispositions": "Tabulações",
    "callbacks": "Retornos marcados",
    "suppressions": "Bloqueios de contato",
}
# In the order of the paper; what is technical stays in the JSON.
FIELDS = {
    "document": "CPF/CNPJ",
    "name": "Nome",
    "email": "E-mail",
    "external_id": "Código externo",
    "uf": "UF",
    "extra": "Dados adicionais",
    "phone": "Telefone",
    "street": "Logradouro",
    "number": "Número",
    "complement": "Complemento",
    "district": "Bairro",
    "city": "Cidade",
    "cep": "CEP",
    "contract": "Contrato",
    "due_on": "Vencimento",
    "principal_cents": "Valor original",
    "total_cents": "Total",
    "amount_cents": "Valor",
    "paid_cents": "Pago",
    "paid_on": "Pago em",
    "status": "Situação",
    "body": "Texto",
    "contact_name": "Nome no WhatsApp",
    "called_at": "Ligação em",
    "notes": "Observação",
    "note": "Observação",
    "due_at": "Marcado para",
    "reason": "Motivo",
    "created_at": "Registrado em",
}


def render(held: Mapping[str, Any]) -> bytes:
    """The PDF of `private.person_export`'s answer."""
    page = statement.Page(f"{held['agency']}. Pedido de {statement.day(held['asked_on'])}.")
    page.set_title("Dados pessoais")
    page.set_lang("pt-BR")
    page.heading("Dados pessoais")
    page.say(f"{held['name']}, {statement.person_document(held['document'])}")
    page.say(f"Reunidos em {statement.day(held['made_at'][:10])} por {held['agency']}.")
    page.say("O arquivo dados.json traz tudo, também o que é só técnico.", statement.GREY)
    for part in held["parts"]:
        if part["table"] in TITLES:
            page.heading(f"{TITLES[part['table']]} ({len(part['rows'])})", 12)
            for row in part["rows"]:
                page.say(line(row), size=9)
    return bytes(page.output())


def line(row: Mapping[str, Any]) -> str:
    """The row's filled fields, in the paper's order."""
    told = [f"{label}: {value(name, row[name])}" for name, label in FIELDS.items() if row.get(name)]
    return "; ".join(told) or "(sem dados)"


def value(field: str, given: object) -> str:
    """Cents as reais, days as days, anything else as it is stored."""
    if field.endswith("_cents") and isinstance(given, int):
        return statement.brl(given)
    if field.endswith("_on"):
        return statement.day(str(given))
    if field.endswith("_at"):
        return statement.day(str(given)[:10])
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
