"""One company at 3C Plus: its host, its tokens, its answers and its pages."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from kit import config, http
from providers import threecplus_wire as wire
from providers.events import DialerOutcome, DialerResult, FailureClass, Probe, Verdict

# The database checked it when the form was saved; a token must still never leave for another host.
HOST = re.compile(r"[a-z0-9-]+\.3c\.(plus|fluxoti\.com)")
DEFAULT_WAIT_SECONDS = 30  # no rate limit is published; half a minute does not hold a list up
LONGEST_WAIT_SECONDS = 3600  # a larger Retry-After is a fault of theirs; ask again in an hour
FILE_SECONDS = 60.0  # a file of 50 000 contacts is read before it is answered
LIST_BYTES = 8_000_000  # a page of 100 calls of 4 kB, or of campaigns; twenty times what was seen
MOST_PAGES = 500  # 50 000 calls in two hours is more than any agency makes


class Listed(NamedTuple):
    """Everything of a paginated list, or why it could not be read to its end."""

    items: list[dict[str, Any]]
    failure: FailureClass | None = None
    detail: str | None = None


class Account(NamedTuple):
    """One company at 3C Plus: {"host", …} and its service tokens by role."""

    settings: Mapping[str, str]
    api_token: str | None
    agent_token: str | None = None

    def ask(
        self, method: str, path: str, body: object, agent_id: int | None = None
    ) -> tuple[DialerResult, dict[str, Any]]:
        """One call: what came of it, and the JSON it answered."""
        headers = self._headers(agent_id)
        if headers is None:
            return _misconfigured(), {}
        try:
            answer = http.call_json(method, self._base() + path, body, headers, LIST_BYTES)
        except (http.NothingSent, http.OutcomeUnknown) as error:
            return _lost(error), {}
        return read_answer(answer)

    def upload(
        self, path: str, form: Mapping[str, str], name: str, content: bytes
    ) -> tuple[DialerResult, dict[str, Any]]:
        headers = self._headers(None)
        if headers is None:
            return _misconfigured(), {}
        files = {"mailing": (name, content, "text/csv")}
        try:
            answer = http.post_files(self._base() + path, form, files, headers, FILE_SECONDS)
        except (http.NothingSent, http.OutcomeUnknown) as error:
            return _lost(error), {}
        return read_answer(answer)

    def _headers(self, agent_id: int | None) -> dict[str, str] | None:
        """A manager's token with X-Agent-Id, and an agent's without, are refused (400)."""
        token = self.api_token if agent_id is None else self.agent_token
        host = self.settings.get("host", "")
        if not (token and token.isascii() and token.isprintable() and HOST.fullmatch(host)):
            return None
        agent = {} if agent_id is None else {"X-Agent-Id": str(agent_id)}
        return {"Authorization": f"Bearer {token}", "Accept": "application/json"} | agent

    def _base(self) -> str:
        host, simulators = self.settings["host"], config.settings().simulators_url
        return f"{simulators}/threecplus/{host}/api/v1" if simulators else f"https://{host}/api/v1"


def probe(account: Account) -> Probe:
    """One page of campaigns: it needs the host and a manager's token, and moves nothing."""
    headers = account._headers(None)
    if headers is None:
        is_host = HOST.fullmatch(account.settings.get("host", ""))
        return Probe(Verdict.INCOMPLETE if is_host else Verdict.HOST_WRONG)
    try:
        url = f"{account._base()}/campaigns?{http.query(page='1', per_page='1')}"
        answer = http.call_json("GET", url, None, headers, LIST_BYTES)
    except http.HostUnknown as error:
        return Probe(Verdict.HOST_WRONG, str(error))
    except (http.NothingSent, http.OutcomeUnknown) as error:
        return Probe(Verdict.NO_ANSWER, str(error))
    said = wire.json_answer(answer.text)
    if answer.status < 300 and isinstance(said.get("data"), list):
        return Probe(Verdict.WORKS)
    detail = _detail(answer, said)
    if answer.status in (401, 403):
        return Probe(Verdict.KEY_REFUSED, detail)
    if answer.status == 429:
        return Probe(Verdict.BUSY, detail)
    if answer.status >= 500 or answer.status == 408:
        return Probe(Verdict.NO_ANSWER, detail)
    # Somebody answers there, and not in the dialer's words.
    is_stranger = answer.status == 404 or not said
    return Probe(Verdict.HOST_WRONG if is_stranger else Verdict.UNCLEAR, detail)


def read_answer(answer: http.Answer) -> tuple[DialerResult, dict[str, Any]]:
    said = wire.json_answer(answer.text)
    if answer.status < 300:
        return DialerResult(DialerOutcome.DONE), said  # commands answer 204, without a body
    detail = _detail(answer, said)
    if answer.status == 429:
        asked = answer.headers.get("Retry-After", "").strip()
        wait = int(asked) if asked.isascii() and asked.isdigit() else DEFAULT_WAIT_SECONDS
        return DialerResult(
            DialerOutcome.RETRY,
            failure=FailureClass.RATE_LIMITED,
            detail=detail,
            retry_after_seconds=min(max(wait, 1), LONGEST_WAIT_SECONDS),
        ), said
    if answer.status in (401, 403):
        failure = FailureClass.CONFIGURATION
        return DialerResult(DialerOutcome.FAILED, failure=failure, detail=detail), said
    if answer.status >= 500 or answer.status == 408:
        failure = FailureClass.OUTCOME_UNKNOWN
        return DialerResult(DialerOutcome.UNKNOWN, failure=failure, detail=detail), said
    failure = FailureClass.UNCLASSIFIED
    return DialerResult(DialerOutcome.FAILED, failure=failure, detail=detail), said


def _detail(answer: http.Answer, said: Mapping[str, Any]) -> str:
    errors = wire.fields(said.get("errors"))
    words = [wire.text(said.get("detail")) or wire.text(said.get("title"))]
    words += [f"{key}: {value}" for key, value in list(errors.items())[:5]]
    told = "; ".join(word for word in words if word) or answer.text[:200]
    return f"{answer.status} {told}".replace("\0", "")[:500]


def _lost(error: Exception) -> DialerResult:
    if isinstance(error, http.NothingSent):
        failure = FailureClass.PROVIDER_UNAVAILABLE
        return DialerResult(DialerOutcome.RETRY, failure=failure, detail=str(error))
    failure = FailureClass.OUTCOME_UNKNOWN
    return DialerResult(DialerOutcome.UNKNOWN, failure=failure, detail=str(error))


def _misconfigured() -> DialerResult:
    failure = FailureClass.CONFIGURATION
    detail = "the integration lacks a usable host or token"
    return DialerResult(DialerOutcome.FAILED, failure=failure, detail=detail)


class Page(NamedTuple):
    """One page of a list, or why it could not be read."""

    items: list[dict[str, Any]]
    is_last: bool
    failure: FailureClass | None = None
    detail: str | None = None


def each_page(account: Account, path: str, query: Mapping[str, str]) -> Iterator[Page]:
    for page in range(1, MOST_PAGES + 1):
        told = http.query(**(dict(query) | {"page": str(page)}))
        result, said = account.ask("GET", f"{path}?{told}", None)
        # 422: a campaign without any list yet.
        if (result.detail or "").startswith("422"):
            yield Page([], is_last=True)
            return
        if result.outcome is not DialerOutcome.DONE:
            yield Page([], True, result.failure, result.detail)
            return
        paging = wire.fields(wire.fields(said.get("meta")).get("pagination"))
        is_last = page >= (wire.whole(paging.get("total_pages")) or 1)
        yield Page(items_of(said), is_last)
        if is_last:
            return
    yield Page([], True, FailureClass.UNCLASSIFIED, "more pages than anybody has")


def list_pages(account: Account, path: str, query: Mapping[str, str] | None = None) -> Listed:
    items: list[dict[str, Any]] = []
    for page in each_page(account, path, query or {}):
        items += page.items
        if page.failure:
            return Listed(items, page.failure, page.detail)
    return Listed(items)


def items_of(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    data = said.get("data")
    return [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []
