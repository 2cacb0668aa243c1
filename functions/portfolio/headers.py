"""Which column is which, by the names Brazilian agencies give them."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# Folded names (see `fold`), the surest first: where a file has several, the first listed wins.
# "documento" alone may be the person's or the title's; agencies mostly mean the person's.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "document": (
        "cpf cnpj", "cnpj cpf", "cpf ou cnpj", "cpf", "cnpj", "cpf do devedor", "cpf do cliente",
        "cpf cnpj do devedor", "cpf cnpj do cliente", "cpf cnpj devedor", "cpf cnpj cliente",
        "cpf cnpj do sacado", "cpf cnpj sacado", "nr cpf cnpj", "num cpf cnpj", "n cpf cnpj",
        "numero cpf cnpj", "cpfcnpj", "cpf devedor", "cpf cliente", "cgc cpf", "cpf cgc",
        "documento do devedor", "documento do cliente", "documento", "document",
    ),
    "name": (
        "nome do devedor", "nome devedor", "nome do cliente", "nome cliente", "nome completo",
        "nome do sacado", "nome sacado", "nome", "nome razao social", "razao social nome",
        "devedor", "sacado", "razao social", "titular", "nome do titular", "consumidor", "aluno",
        "responsavel financeiro", "cliente", "name",
    ),
    "email": (
        "e mail", "email", "e mail do devedor", "email do devedor", "e mail do cliente",
        "email do cliente", "email cliente", "e mail 1", "email 1", "email1",
        "correio eletronico", "endereco de e mail", "endereco de email",
    ),
    "creditor": (
        "credor", "nome do credor", "nome credor", "cedente", "beneficiario", "contratante",
        "empresa", "carteira", "creditor",
    ),
    "contract": (
        "contrato", "numero do contrato", "numero contrato", "n contrato", "no contrato",
        "n do contrato", "nr contrato", "num contrato", "contrato numero", "cod contrato",
        "codigo do contrato", "id contrato", "titulo", "numero do titulo", "numero titulo",
        "n titulo", "n do titulo", "nr titulo", "num titulo", "duplicata", "fatura",
        "numero da fatura", "nota fiscal", "nosso numero", "matricula", "pedido", "contract",
    ),
    "installment": (
        "parcela", "numero da parcela", "numero parcela", "n parcela", "no parcela",
        "n da parcela", "nr parcela", "num parcela", "parc", "prestacao", "installment",
    ),
    "due_on": (
        "vencimento", "data de vencimento", "data do vencimento", "data vencimento",
        "dt vencimento", "dt vencto", "dt venc", "dt vcto", "data vencto", "data venc",
        "data vcto", "vencto", "vcto", "venc", "due date", "due on",
    ),
    "principal": (
        "valor", "valor original", "valor principal", "valor da parcela", "valor parcela",
        "valor do titulo", "valor titulo", "valor nominal", "valor da divida", "valor divida",
        "valor do debito", "valor em aberto", "valor devido", "principal", "saldo devedor",
        "saldo", "vlr", "vl", "vlr original", "vl original", "vlr parcela", "vl parcela",
        "vlr titulo", "vl titulo", "vlr principal", "valor r", "valor atualizado", "amount",
    ),
    "uf": ("uf", "estado", "uf do devedor", "uf do cliente", "sigla uf", "uf cliente"),
    "external_id": (
        "id externo", "external id", "codigo do cliente", "codigo cliente", "cod cliente",
        "cod do cliente", "id cliente", "id do cliente", "codigo do devedor", "cod devedor",
    ),
}  # fmt: skip
# Files have as many phone columns as they like: "Celular", "Telefone 2", "Fone Residencial", …
PHONE = re.compile(
    r"(?:n |no |nr |num |numero )?(?:do |de )?"
    r"(?:tel|telefones?|telef|fones?|celular(?:es)?|cel|whatsapp|whats|zap|phone|mobile)"
    r"(?:\d+| .*)?"
)
AREA_CODE = re.compile(r"ddds?(?: ?\d+| .*)?")


@dataclass(frozen=True)
class Layout:
    """Where each field stands, as column indexes.

    header     the file's own column names, as they will be quoted back in rejects
    fields     field name → column
    documents  columns that may hold the document; the first filled one counts ("CPF" and "CNPJ")
    phones     (column of the area code or None, column of the number)
    """

    header: tuple[str, ...]
    fields: dict[str, int]
    documents: tuple[int, ...]
    phones: tuple[tuple[int | None, int], ...]

    def title(self, field: str) -> str:
        """The file's own name for a field; for a field it lacks, the field's name."""
        column = self.documents[0] if field == "document" else self.fields.get(field)
        return field if column is None else self.header[column]


def fold(title: str) -> str:
    """A header without accents, case or punctuation: "Nº do Contrato" → "no do contrato"."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return " ".join(re.findall(r"[a-z0-9]+", plain))


def layout(header: Sequence[str]) -> Layout:
    """Recognise the columns of a header; what is not recognised stays unused."""
    folded = [fold(title) for title in header]
    places = {title: column for column, title in reversed(list(enumerate(folded)))}
    fields = {
        field: places[next(name for name in names if name in places)]
        for field, names in SYNONYMS.items()
        if any(name in places for name in names)
    }
    documents = [column for column in (places.get("cpf"), places.get("cnpj")) if column is not None]
    if "document" in fields and fields["document"] not in documents:
        documents = [fields["document"]]
    phones: list[tuple[int | None, int]] = []
    for column, title in enumerate(folded):
        if PHONE.fullmatch(title):
            has_area_code = column > 0 and AREA_CODE.fullmatch(folded[column - 1]) is not None
            phones.append((column - 1 if has_area_code else None, column))
    return Layout(
        header=tuple(title.strip() for title in header),
        fields={field: column for field, column in fields.items() if field != "document"},
        documents=tuple(documents),
        phones=tuple(phones),
    )


def recognised(header: Sequence[str]) -> int:
    """How many of our fields a header names: what tells a header row from a title row."""
    found = layout(header)
    return len(found.fields) + bool(found.documents) + bool(found.phones)
