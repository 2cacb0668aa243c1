"""Which column is which, by the names Brazilian agencies give them."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# Folded names (see `fold`), the surest first: where a file has several, the first listed wins.
# "documento" alone may be the person's or the title's; agencies mostly mean the person's.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "document": (
        "cpf cnpj", "cnpj cpf", "cpf ou cnpj", "cpfcnpj", "cpf", "cnpj", "cpf devedor",
        "cpf cliente", "cpf sacado", "cpf cnpj devedor", "cpf cnpj cliente", "cpf cnpj sacado",
        "cpf titular", "cpf cgc", "cgc cpf", "documento devedor", "documento cliente", "documento",
        "document",
    ),
    "name": (
        "nome devedor", "nome cliente", "nome completo", "nome sacado", "nome titular", "nome",
        "nome razao social", "razao social nome", "devedor", "sacado", "razao social", "titular",
        "consumidor", "aluno", "responsavel financeiro", "cliente", "name",
    ),
    "email": (
        "e mail", "email", "e mail devedor", "email devedor", "e mail cliente", "email cliente",
        "e mail 1", "email 1", "email1", "correio eletronico", "endereco e mail", "endereco email",
    ),
    "creditor": (
        "credor", "nome credor", "cedente", "beneficiario", "contratante", "empresa", "carteira",
        "creditor",
    ),
    "contract": (
        "contrato", "codigo contrato", "cod contrato", "id contrato", "contrato numero", "titulo",
        "duplicata", "fatura", "nota fiscal", "nosso numero", "matricula", "pedido",
        "numero documento", "contract",
    ),
    "installment": ("parcela", "parc", "prestacao", "installment"),
    "due_on": (
        "vencimento", "data vencimento", "dt vencimento", "dt vencto", "dt venc", "dt vcto",
        "data vencto", "data venc", "data vcto", "vencto", "vcto", "venc", "due date", "due on",
    ),
    "principal": (
        "valor", "valor original", "valor principal", "valor parcela", "valor titulo",
        "valor nominal", "valor divida", "valor debito", "valor em aberto", "valor devido",
        "principal", "saldo devedor", "saldo", "vlr", "vl", "vlr original", "vl original",
        "vlr parcela", "vl parcela", "vlr titulo", "vl titulo", "vlr principal", "valor r",
        "valor atualizado", "amount",
    ),
    "uf": ("uf", "estado", "uf devedor", "uf cliente", "sigla uf"),
    "external_id": (
        "id externo", "external id", "codigo cliente", "cod cliente", "id cliente",
        "codigo devedor", "cod devedor",
    ),
}  # fmt: skip
# Files have as many phone columns as they like: "Celular", "Telefone 2", "Fone Residencial", …
PHONE = re.compile(
    r"(?:tel|telefones?|telef|fones?|celular(?:es)?|cel|whatsapp|whats|zap|phone|mobile)"
    r"(?:\d+| .*)?"
)
AREA_CODE = re.compile(r"ddds?(?: ?\d+| .*)?")
LINKING_WORDS = frozenset({"do", "da", "de", "dos", "das"})
NUMBER_WORDS = frozenset({"n", "no", "nr", "num", "numero"})  # "Nº" folds to "no"


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
    """A header without accents, case, punctuation and filling: "Nº do Contrato" → "contrato".

    "Número do documento" stays: that is the title's number, not the person's document.
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = [word for word in re.findall(r"[a-z0-9]+", plain) if word not in LINKING_WORDS]
    if words and words[0] in NUMBER_WORDS:
        words[0] = "numero"
        if words[1:] != ["documento"]:
            words = words[1:]
    return " ".join(words)


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
