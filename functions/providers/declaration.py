"""What a WhatsApp provider says of itself, so that form, page, numbers and webhook follow from it.

`python -m providers.declaration <module>` prints the migration of a new one. The rows live in
private.whatsapp_providers, private.field_words and private.integration_fields.
"""

import importlib
import sys
from typing import NamedTuple


class Field(NamedTuple):
    """One field of the provider's form; `pattern` (Postgres) must match all of a value, and holds
    an address to the provider's hosts. Label, help and placeholder are read by people."""

    name: str
    label: str
    pattern: str
    is_secret: bool = False
    is_required: bool = True
    help: str | None = None
    placeholder: str | None = None


class Declaration(NamedTuple):
    """A provider as the product knows it. Texts are Brazilian Portuguese.

    label          what people call it
    what, guide    what it brings; where at the provider the webhook's address is entered
    account        the field that names a number of ours there, and what people call that
    says_account   whether people know a number by that name
    listed_by      the field whose account lists the templates
    verified_by    secret fields that `is_genuine` of the adapter wants; none: the key is enough
    webhook        the function that hears it
    """

    label: str
    what: str
    guide: str
    account: str
    account_label: str
    listed_by: str
    fields: tuple[Field, ...]
    says_account: bool = True
    verified_by: tuple[str, ...] = ()
    webhook: str = "whatsapp-webhook"


def rows(provider: str, said: Declaration) -> dict[str, list[tuple[object, ...]]]:
    """What the database holds of it, by table, in the order of the columns of `COLUMNS`."""
    about = (
        provider, said.label, said.what, said.guide, said.account, said.account_label,
        said.says_account, said.listed_by, list(said.verified_by), said.webhook,
    )  # fmt: skip
    return {
        "private.whatsapp_providers": [about],
        "private.integration_fields": [
            (provider, each.name, each.is_secret, each.is_required, each.pattern)
            for each in said.fields
        ],
        "private.field_words": [
            (provider, each.name, each.label, each.help, each.placeholder) for each in said.fields
        ],
    }


COLUMNS = {
    "private.whatsapp_providers": "provider, label, what, guide, account_field, account_label,"
    " says_account, listed_by, verified_by, webhook",
    "private.integration_fields": "provider, field, is_secret, is_required, pattern",
    "private.field_words": "provider, field, label, help, placeholder",
}


def migration(provider: str, said: Declaration) -> tuple[str, str]:
    """The word of a new provider, which must be committed first, and its rows."""
    word = f"alter type public.provider_name add value if not exists {_literal(provider)};"
    inserts = [
        f"insert into {table} ({COLUMNS[table]})\nvalues\n"
        + ",\n".join(f"({', '.join(map(_literal, row))})" for row in found)
        + ";"
        for table, found in rows(provider, said).items()
    ]
    return word, "\n".join(inserts)


def _literal(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case list():
            return f"array[{', '.join(map(_literal, value))}]::text[]"
        case _:
            return "'" + str(value).replace("'", "''") + "'"


if __name__ == "__main__":
    declared: Declaration = importlib.import_module(f"providers.{sys.argv[1]}").DECLARES
    sys.stdout.write("\n\n".join(migration(sys.argv[1], declared)) + "\n")
