"""What every WhatsApp provider must be able to do, and the two ways in which it is asked.

An adapter is a module that satisfies `Adapter`: it writes requests and reads answers, and does
neither input nor output, so that one caller may block and another may have two hundred in flight.
"""

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, cast

from kit import http
from providers.declaration import Declaration
from providers.events import FailureClass, Outcome, Probe, ProviderEvent, SendResult, Verdict

MOST_PAGES = 50  # of a hundred; Meta allows 6,000 templates at most, and more is a fault of theirs
FILE_BYTES = 16 * 1024**2  # WhatsApp's own limit of audio and video; the database keeps no more


class FileRule(NamedTuple):
    """What a file of one kind may be: how the provider calls it, how large, and how it begins."""

    kind: str
    most_bytes: int
    magic: bytes


# WhatsApp's own, for every provider; a document may have 100 MB there, and we keep no more than 16.
IMAGE_BYTES = 5 * 1024**2
COMMON_FILES = {
    "image/jpeg": FileRule("image", IMAGE_BYTES, b"\xff\xd8\xff"),
    "image/png": FileRule("image", IMAGE_BYTES, b"\x89PNG\r\n\x1a\n"),
    "application/pdf": FileRule("document", FILE_BYTES, b"%PDF-"),
}


class Account(NamedTuple):
    """Who sends: the integration's settings with the sender's own on top, and the key it uses."""

    settings: Mapping[str, str]
    key: str


class Media(NamedTuple):
    """A file by its public address. kind: image, document, audio or video."""

    kind: str
    url: str
    caption: str | None = None
    name: str | None = None


class Template(NamedTuple):
    """An approved template with its values, in the order of its numbered variables."""

    id: str
    name: str
    language: str
    params: Sequence[str]
    header: Media | None = None


class KnownTemplate(NamedTuple):
    """A template as the provider lists it, in words that SQL's take_templates knows.

    status      approved, paused or rejected; what waits for approval is `paused`
    category    marketing, utility or authentication
    body        with {{1}}, {{2}} …; variables counts them
    """

    provider_template_id: str
    name: str
    language: str
    category: str
    status: str
    provider_status: str
    body: str
    variables: int
    header_type: str | None


class TemplatePage(NamedTuple):
    """One page of the list; `next` is what `templates_call` takes for the one after, or None.
    `failure` is set when the provider refused to list."""

    templates: Sequence[KnownTemplate]
    next: str | None = None
    failure: FailureClass | None = None
    detail: str | None = None


class Incomplete(Exception):
    """The account lacks something without which no request can be written."""


class Adapter(Protocol):
    """One provider. `to` is E.164; `reference` is ours and comes back with receipts where the
    provider can carry it. Every *_call raises Incomplete for an account that cannot send."""

    DECLARES: Declaration  # its form, its words and where it is heard
    KEY_FIELD: str  # the secret field of the integration that its requests carry
    FILES: Mapping[str, FileRule]  # what media_call may carry, by media type

    def template_call(
        self, account: Account, to: str, template: Template, reference: str | None
    ) -> http.Call: ...

    def text_call(
        self, account: Account, to: str, text: str, reference: str | None
    ) -> http.Call: ...

    def media_call(
        self, account: Account, to: str, media: Media, reference: str | None
    ) -> http.Call: ...

    def locate_call(self, account: Account, file: Mapping[str, str]) -> http.Call | None:
        """Asks where an inbound file lies, if the provider wants to be asked; `file` is the
        `media` of the event."""

    def file_call(
        self, account: Account, file: Mapping[str, str], located: http.Answer | None
    ) -> http.Call:
        """Gets the file; Incomplete when no address of the provider's own is known."""

    def read_answer(self, answer: http.Answer) -> SendResult: ...

    def templates_call(self, account: Account, page: str | None) -> http.Call: ...

    def read_templates(self, answer: http.Answer) -> TemplatePage: ...

    def probe_call(self, account: Account) -> http.Call: ...

    def read_probe(self, answer: http.Answer) -> Probe: ...

    def parse_events(self, raw: bytes) -> list[ProviderEvent]: ...


class Signing(Adapter, Protocol):
    """A provider that proves its callbacks, and is heard by whatsapp-webhook."""

    def is_genuine(
        self, raw: bytes, headers: Mapping[str, str], secrets: Mapping[str, str | None]
    ) -> bool:
        """Compared in constant time; `secrets` by the fields of `DECLARES.verified_by`."""


def adapter(provider: str) -> Adapter:
    """The adapter of that name; LookupError when no module of it declares itself one."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", provider):  # it may stand in a callback's address
        raise LookupError(provider)
    try:
        found = importlib.import_module(f"providers.{provider}")
    except ModuleNotFoundError as error:
        if error.name != f"providers.{provider}":
            raise  # it is there, and lacks something of its own
        raise LookupError(provider) from error
    if getattr(found, "DECLARES", None) is None:
        raise LookupError(provider)
    return cast(Adapter, found)


def list_templates(
    adapter: Adapter, account: Account
) -> tuple[list[KnownTemplate], FailureClass | None]:
    """All that the account has; with a failure the list is not whole and must not be taken."""
    page, found = None, list[KnownTemplate]()
    try:
        for _ in range(MOST_PAGES):
            listed = adapter.read_templates(http.perform(adapter.templates_call(account, page)))
            found += listed.templates
            page = listed.next
            if listed.failure or not page:
                return found, listed.failure
    except (Incomplete, http.NothingSent, http.OutcomeUnknown):
        return found, FailureClass.PROVIDER_UNAVAILABLE
    return found, None


def list_accounts(
    adapter: Adapter, accounts: Mapping[str, Account]
) -> tuple[list[dict[str, object]], dict[str, FailureClass]]:
    """The templates of several accounts by their names, each with its `account` and told once (two
    numbers may be of one account after all), and why some are silent: of half a list, none."""
    found, silent = dict[str, dict[str, object]](), dict[str, FailureClass]()
    for name, account in accounts.items():
        listed, failure = list_templates(adapter, account)
        if failure:
            silent[name] = failure
            continue
        for each in listed:
            found.setdefault(each.provider_template_id, {**each._asdict(), "account": name})
    return list(found.values()), silent


def ask(write: Callable[[], http.Call], read: Callable[[http.Answer], SendResult]) -> SendResult:
    """Ask once and wait; never raises for what the provider does."""
    try:
        return read(http.perform(write()))
    except (Incomplete, http.NothingSent, http.OutcomeUnknown) as failure:
        return _without_answer(failure)


async def ask_among_others(
    session: "http.Session",
    write: Callable[[], http.Call],
    read: Callable[[http.Answer], SendResult],
) -> SendResult:
    """The same without holding a thread, on a session of `http.session`."""
    try:
        return read(await http.perform_on(session, write()))
    except (Incomplete, http.NothingSent, http.OutcomeUnknown) as failure:
        return _without_answer(failure)


def _without_answer(failure: Exception) -> SendResult:
    match failure:
        case Incomplete():
            outcome, word = Outcome.FAILED, FailureClass.CONFIGURATION
        case http.NothingSent():
            outcome, word = Outcome.RETRY, FailureClass.PROVIDER_UNAVAILABLE
        case _:
            outcome, word = Outcome.UNKNOWN, FailureClass.OUTCOME_UNKNOWN
    return SendResult(outcome, failure=word, detail=str(failure))


def verdict_of(status: int, failure: FailureClass | None) -> Verdict:
    """What an HTTP status and our word for the refusal say about the connection."""
    if failure is None:
        return Verdict.WORKS
    if failure is FailureClass.RATE_LIMITED:
        return Verdict.BUSY
    if status in (401, 403):
        return Verdict.KEY_REFUSED
    if status >= 500 or status == 408:
        return Verdict.NO_ANSWER
    is_ours = failure is FailureClass.CONFIGURATION or status == 404
    return Verdict.ACCOUNT_UNKNOWN if is_ours else Verdict.UNCLEAR


def rule_of(adapter: Adapter, content: bytes) -> tuple[str, FileRule] | None:
    """The media type of these bytes and what the provider says of it; None for what it does not
    take. A file is what it begins with, not what its name says."""
    for mime_type, rule in adapter.FILES.items():
        if content.startswith(rule.magic):
            return mime_type, rule
    return None


def own_address(url: str | None, hosts: str) -> str:
    """The path and query of an https address on one of the provider's hosts (a pattern). Raises
    Incomplete for any other: a callback may name whatever it likes, and a key would go there."""
    found = re.fullmatch(rf"https://(?:{hosts})(?::443)?(/[!-~]*)", url or "")
    if not found:
        raise Incomplete("the file lies at no address of the provider")
    return found[1]


def is_key(value: str | None) -> bool:
    """Whether it can stand in a header."""
    return bool(value) and str(value).isascii() and str(value).isprintable()
