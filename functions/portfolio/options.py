"""What a caller may say about an import, read and checked once."""

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from kit import errors
from portfolio import headers
from portfolio.uploads import FileRefused

MAPPING_CHARACTERS = 60_000  # 300 columns with names of 200 characters
CREDITOR_CHARACTERS = 200  # as a person's name
KEY_CHARACTERS = 200  # of an Idempotency-Key; a UUID has 36


SWITCH = {"true": True, "1": True, "false": False, "0": False, "": False}
# `apikey` is the platform's own; the gateway reads it here or in the header.
NAMES = frozenset(
    {
        "dry_run", "creditor", "apikey", "step", "absent", "mapping", "sheet", "import_id", "keep",
        "upload",
    }
)  # fmt: skip
WORDS = {"step": ("import", "preview"), "absent": ("leave", "return")}


@dataclass(frozen=True)
class Options:
    """How one file is to be imported.

    creditor         name or id for rows whose file names none
    dry_run          say what it would do, and write nothing
    absent           leave or return: what becomes of open debts the file does not name
    mapping          header → field, as a person said; empty = saved or guessed
    sheet            of a workbook, or None for the one that holds a portfolio
    import_id        the id to give the import, chosen by the caller or here
    idempotency_key  the same key and the same request are one import
    api_key_id       the program's key that sent it
    """

    creditor: str | None = None
    dry_run: bool = False
    absent: str = "leave"
    mapping: Mapping[str, str] = field(default_factory=dict)
    sheet: str | None = None
    import_id: str = ""
    idempotency_key: str | None = None
    api_key_id: str | None = None

    def fingerprint(self, sha256: str) -> str:
        """One word for the body and everything said about it."""
        said = [sha256, self.creditor, self.absent, sorted(self.mapping.items()), self.sheet]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def check(query: Mapping[str, str]) -> None:
    """Refuse what is misspelt: a ?dryrun=true must not import in earnest."""
    if unknown := set(query) - NAMES:
        raise errors.MalformedPayload(f"unknown option: {', '.join(sorted(unknown))}")
    for name in ("dry_run", "keep"):
        if query.get(name, "").lower() not in SWITCH:
            raise errors.MalformedPayload(f"{name} is true or false")
    for name, words in WORDS.items():
        if query.get(name, words[0]) not in words:
            raise errors.MalformedPayload(f"{name} is one of: {', '.join(words)}")
    if SWITCH[query.get("keep", "").lower()] and query.get("step") != "preview":
        raise errors.MalformedPayload("keep goes with step=preview")


def read(
    query: Mapping[str, str], form_mapping: str | None, key: str | None, api_key_id: str | None
) -> Options:
    """The options of a request: its query, the form's mapping, its Idempotency-Key."""
    creditor = " ".join(query.get("creditor", "").split())
    if "\0" in creditor or len(creditor) > CREDITOR_CHARACTERS:
        raise errors.MalformedPayload(
            f"creditor is an id, or a name of at most {CREDITOR_CHARACTERS} characters without NUL"
        )
    return Options(
        creditor=creditor or None,
        dry_run=SWITCH[query.get("dry_run", "").lower()],
        absent=query.get("absent", "leave"),
        mapping=mapping(form_mapping or query.get("mapping")),
        sheet=query.get("sheet") or None,
        import_id=import_id(query.get("import_id")),
        idempotency_key=idempotency_key(key, is_required=api_key_id is not None),
        api_key_id=api_key_id,
    )


def mapping(text: str | None) -> dict[str, str]:
    """The mapping as sent; 400 mapping_invalid names what is wrong with it."""
    if not text:
        return {}
    try:
        said = json.loads(text) if len(text) <= MAPPING_CHARACTERS else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise FileRefused('a JSON object {"<header>": "<field>"}', code="mapping_invalid")
    for title, meaning in said.items():
        # JSON can spell what no file and no database holds.
        if "\0" in title or title != title.encode(errors="replace").decode():
            raise FileRefused("headers without NUL or half a character", code="mapping_invalid")
        if not isinstance(meaning, str) or meaning not in headers.MEANINGS:
            known = ", ".join(sorted(headers.MEANINGS))
            raise FileRefused(f"{title!r} is to be one of: {known}", code="mapping_invalid")
    single = [meaning for meaning in said.values() if meaning in headers.FIELDS]
    if len(single) > len(set(single)):
        raise FileRefused("two columns for one field", code="mapping_invalid")
    return {str(title): str(meaning) for title, meaning in said.items()}


def import_id(text: str | None) -> str:
    """The id the caller chose, or a new one."""
    return known_id("import_id", text) or str(uuid.uuid4())


def known_id(name: str, text: str | None) -> str | None:
    """An id of the query, if it is there."""
    try:
        return str(uuid.UUID(text)) if text else None
    except ValueError as error:
        raise errors.MalformedPayload(f"{name} is a UUID") from error


def idempotency_key(text: str | None, *, is_required: bool) -> str | None:
    """The header Idempotency-Key; programs must send one, because networks make them repeat."""
    key = (text or "").strip()
    if not key and is_required:
        raise FileRefused(
            "send the header Idempotency-Key: the same for a repeated request, new for a new one",
            code="idempotency_key_missing",
        )
    if len(key) > KEY_CHARACTERS:
        raise errors.MalformedPayload(f"Idempotency-Key has at most {KEY_CHARACTERS} characters")
    return key or None
