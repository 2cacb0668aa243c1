"""Negociarie, which issues boletos, Pix and card links and collects their money.

Wire contract: vitornovo/negociarie-api-docs (2023, POST /cobranca/nova, consulta, parcelas-pagas,
callback) and, where it is silent, what production code reads and sends; the difference is listed in
docs/adding_a_provider.md. Three things shape this module: creating is asynchronous and has no
idempotency key, so every doubt about it is UNKNOWN and looked up by our own number; its status
codes contradict each other, so nothing is decided from them here; and money is exact.
"""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from kit import config, http
from providers import callbacks
from providers import negociarie_wire as wire
from providers.events import ChargeOutcome, ChargeResult, EventKind, FailureClass, ProviderEvent
from providers.negociarie_charge import Task, new_charge

API = "https://sistema.negociarie.com.br"
CREATE_PATH = {
    "boleto": "/api/v2/cobranca/nova",
    "pix": "/api/v2/cobranca/nova-pix",
    "card": "/api/v2/cobranca/nova-cartao",
}
LOOKUP_PATH = "/api/v2/cobranca/consulta"
PAID_PATH = "/api/v2/cobranca/parcelas-pagas"
CANCEL_PATH = "/api/v2/cobranca"

TOKEN_SECONDS = 50 * 60  # its lifetime is not documented; production code keeps it this long
DEFAULT_WAIT_SECONDS = 60  # 60 calls a minute: the next minute is a new one
LONGEST_WAIT_SECONDS = 3600  # a larger Retry-After is a fault of theirs; ask again in an hour
LIST_BYTES = 8_000_000  # a day's payments: 20 000 lines of 400 bytes

# A refusal in these words means that an earlier call of ours arrived after all.
_ALREADY_THERE = ("já existe", "ja existe", "já cadastrad", "ja cadastrad", "duplicad")


class PaidDay(NamedTuple):
    """What the provider lists as paid on one day; with a failure, nothing is known of that day.

    items       as the answer of a found charge, each with a reference, and `copy`: 2 on the second
                line of the day that says the very same of the same charge
    unreadable  lines without a usable reference
    """

    items: list[dict[str, Any]]
    unreadable: int = 0
    failure: FailureClass | None = None
    detail: str | None = None


class Callback(NamedTuple):
    """One callback: its static token (empty if it has none) and the event to store."""

    token: str
    event: ProviderEvent


# --- asking ---------------------------------------------------------------------------------


def perform(task: Task, client_secret: str | None) -> ChargeResult:
    """Do what `task.action` says, once; never raises for what Negociarie does."""
    match task.action:
        case "create":
            path, body = CREATE_PATH[task.method], new_charge(task)
            answer = _call(task.settings, client_secret, "POST", path, body)
            read = read_created
        case "lookup":
            # Published as identificador_geral, used in production as id_geral.
            group = http.query(
                identificador_geral=task.provider_group or task.reference,
                id_geral=task.provider_group or task.reference,
            )
            answer = _call(task.settings, client_secret, "GET", f"{LOOKUP_PATH}?{group}")
            read = read_found
        case _:
            path = f"{CANCEL_PATH}/{http.path_part(task.reference)}"
            answer = _call(task.settings, client_secret, "DELETE", path)
            read = read_cancelled
    if not isinstance(answer, ChargeResult):
        return read(answer, task.reference)
    if answer.outcome is ChargeOutcome.UNKNOWN and task.action == "lookup":
        return answer._replace(outcome=ChargeOutcome.RETRY)  # a question changes nothing there
    return answer


def list_paid(settings: Mapping[str, str], client_secret: str | None, day: date) -> PaidDay:
    """Everything the provider says was paid on `day`; never raises for what Negociarie does."""
    path = f"{PAID_PATH}?{http.query(data=day.isoformat())}"
    answer = _call(settings, client_secret, "GET", path, limit=LIST_BYTES)
    if isinstance(answer, ChargeResult):
        return PaidDay([], failure=answer.failure, detail=answer.detail)
    said = wire.json_object(answer.text)
    lines = said.get("parcelas_pagas")
    count = said.get("qtd_parcelas_pagas")
    if answer.status >= 300 or not isinstance(lines, list):
        # Never "nobody paid": an error page would make every payment of the day disappear.
        result = _refusal(answer, said)
        return PaidDay([], failure=result.failure, detail=result.detail)
    if isinstance(count, int) and count != len(lines):
        detail = f"{len(lines)} of {count} lines"
        return PaidDay([], failure=FailureClass.PROVIDER_UNAVAILABLE, detail=detail)
    items = [item for line in lines if (item := wire.read_line(line)) is not None]
    return PaidDay(list(_counted(items)), unreadable=len(lines) - len(items))


def _counted(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """No payment has a number of its own there: in one whole list, two lines are two payments."""
    told: Counter[tuple[str, ...]] = Counter()
    for item in items:
        same = tuple(str(item[key]) for key in ("reference", "paid_on", "paid_cents"))
        told[same] += 1
        yield item | {"copy": told[same]}


def _call(
    settings: Mapping[str, str],
    client_secret: str | None,
    method: str,
    path: str,
    body: object = None,
    limit: int = http.ANSWER_BYTES,
) -> http.Answer | ChargeResult:
    """One authenticated call; a result instead of an answer where there was none."""
    client_id = settings.get("client_id")
    if not (client_id and client_secret):
        return _configuration("the integration lacks its client id or secret")
    for is_last in (False, True):
        token = _token(client_id, client_secret)
        if isinstance(token, ChargeResult):
            return token
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        try:
            answer = http.call_json(method, _base() + path, body, headers, limit)
        except http.NothingSent as error:
            return _unavailable(str(error))
        except http.OutcomeUnknown as error:
            return _unknown(str(error))
        if answer.status != 401:
            return answer
        # The token ended before its time, and a call refused for it did nothing: once more.
        _forget(client_id, client_secret, token)
        if is_last:
            break
    return _configuration("401 the token just given is refused")


_tokens: dict[bytes, tuple[str, float]] = {}
_asking = threading.Lock()  # five senders that begin together ask for one token


def _token(client_id: str, client_secret: str) -> str | ChargeResult:
    with _asking:
        key = _account(client_id, client_secret)
        token, until = _tokens.get(key, ("", 0.0))
        if time.monotonic() < until:
            return token
        credentials = {"client_id": client_id, "client_secret": client_secret}
        headers = {"Accept": "application/json"}
        try:
            answer = http.call_json("POST", f"{_base()}/api/login", credentials, headers)
        except (http.NothingSent, http.OutcomeUnknown) as error:
            return _unavailable(str(error))  # a login moves nothing: it is certainly safe to repeat
        said = wire.json_object(answer.text)
        found = said.get("token") or said.get("access_token")
        if (
            answer.status < 300
            and isinstance(found, str)
            and found.isascii()
            and found.isprintable()
        ):
            _tokens[key] = (found, time.monotonic() + TOKEN_SECONDS)
            return found
        if answer.status in (400, 401, 403, 422):
            return _configuration(_detail(answer, said))
        return _refusal(answer, said)._replace(outcome=ChargeOutcome.RETRY)


def _forget(client_id: str, client_secret: str, token: str) -> None:
    with _asking:
        key = _account(client_id, client_secret)
        if _tokens.get(key, ("", 0.0))[0] == token:  # else somebody has a newer one already
            del _tokens[key]


def forget(client_id: str, client_secret: str) -> None:
    """The next call asks for a token: a test of the secret must not live on an old one."""
    with _asking:
        _tokens.pop(_account(client_id, client_secret), None)


def _account(client_id: str, client_secret: str) -> bytes:
    return hashlib.sha256(f"{_base()}\0{client_id}\0{client_secret}".encode()).digest()


def _base() -> str:
    simulators = config.settings().simulators_url
    return f"{simulators}/negociarie" if simulators else API


# --- reading --------------------------------------------------------------------------------


def read_created(answer: http.Answer, reference: str) -> ChargeResult:
    """Taken only when the answer names our parcel (or hands out its Pix or card link)."""
    said = wire.json_object(answer.text)
    if answer.status < 300 and said.get("sucesso") != 0 and not said.get("erro"):
        line = wire.line_of(said, reference) or {}
        fields = wire.links(said | line) | {"provider_group": wire.text(said.get("id_geral"))}
        if line or fields["link"] or fields["pix_code"]:
            return ChargeResult(ChargeOutcome.DONE, fields)
    if answer.status < 300 and said.get("sucesso") != 0:
        # A page, or words we do not know: perhaps it was taken.
        return _unknown(_detail(answer, said))
    return _refusal(answer, said)


def read_found(answer: http.Answer, reference: str) -> ChargeResult:
    """Not there only when the provider says so; an answer about other charges says nothing."""
    said = wire.json_object(answer.text)
    if line := wire.line_of(said, reference):
        group = {"provider_group": wire.text(said.get("id_geral"))}
        return ChargeResult(ChargeOutcome.FOUND, (wire.read_line(line) or {}) | group)
    is_missing = "não encontrada" in (wire.text(said.get("mensagem")) or "").lower()
    if (answer.status < 300 or answer.status == 404) and (
        is_missing or (said.get("parcelas") == [] and answer.status < 300)
    ):
        return ChargeResult(ChargeOutcome.NOT_FOUND)
    result = _refusal(answer, said)
    is_ours_to_mend = result.failure is FailureClass.CONFIGURATION
    return result if is_ours_to_mend else result._replace(outcome=ChargeOutcome.RETRY)


def read_cancelled(answer: http.Answer, reference: str) -> ChargeResult:
    """Gone now or gone before (404) is the same to us; the answer need not repeat the number."""
    said = wire.json_object(answer.text)
    if answer.status == 404 or (answer.status < 300 and said and said.get("sucesso") != 0):
        return ChargeResult(ChargeOutcome.DONE)
    if answer.status == 204:
        return ChargeResult(ChargeOutcome.DONE)
    return _unknown(_detail(answer, said)) if answer.status < 300 else _refusal(answer, said)


def parse_callback(raw: bytes) -> Callback:
    """A callback's token, and which charges it is about; what it claims of them is only kept.

    Raises MalformedPayload only for a body that is not a JSON object.
    """
    body = callbacks.json_object(raw)
    lines = body.get("parcelas")
    references = [
        item["reference"]
        for line in (lines if isinstance(lines, list) else [])
        if (item := wire.read_line(line)) is not None
    ]
    token = body.get("token")
    kept = callbacks.without_secrets(body)
    kind = EventKind.CHARGE_CHANGED if references else EventKind.OTHER
    payload = {"charge": {"references": references}, "raw": kept}
    event = ProviderEvent(callbacks.fingerprint(kept), kind, payload)
    return Callback(token if isinstance(token, str) else "", event)


def _refusal(answer: http.Answer, said: dict[str, Any]) -> ChargeResult:
    """What an answer that is no success means."""
    detail = _detail(answer, said)
    if answer.status == 429:
        wait = _wait_seconds(answer.headers)
        return ChargeResult(
            ChargeOutcome.RETRY,
            failure=FailureClass.RATE_LIMITED,
            detail=detail,
            retry_after_seconds=wait,
        )
    if answer.status in (401, 403):
        return _configuration(detail)
    is_theirs = bool(said) and 400 <= answer.status < 500 and answer.status != 408
    if any(word in detail.lower() for word in _ALREADY_THERE) or not (
        is_theirs or (answer.status < 300 and said.get("sucesso") == 0)
    ):
        # Down, gone mid-way, or a page instead of an answer: perhaps taken.
        return _unknown(detail)
    invalid = answer.status == 422 or "inválid" in detail.lower()
    failure = FailureClass.PAYER_INVALID if invalid else FailureClass.UNCLASSIFIED
    return ChargeResult(ChargeOutcome.FAILED, failure=failure, detail=detail)


def _configuration(detail: str) -> ChargeResult:
    return ChargeResult(ChargeOutcome.FAILED, failure=FailureClass.CONFIGURATION, detail=detail)


def _unavailable(detail: str) -> ChargeResult:
    failure = FailureClass.PROVIDER_UNAVAILABLE
    return ChargeResult(ChargeOutcome.RETRY, failure=failure, detail=detail)


def _unknown(detail: str) -> ChargeResult:
    failure = FailureClass.OUTCOME_UNKNOWN
    return ChargeResult(ChargeOutcome.UNKNOWN, failure=failure, detail=detail)


def _detail(answer: http.Answer, said: dict[str, Any]) -> str:
    words = [wire.text(said.get(name)) for name in ("mensagem", "erro")]
    problems = said.get("erros")
    words += [wire.text(item) for item in problems] if isinstance(problems, list) else []
    told = "; ".join(word for word in words if word) or answer.text[:200]
    return f"{answer.status} {told}".replace("\0", "")[:500]


def _wait_seconds(headers: Mapping[str, str]) -> int:
    asked = headers.get("Retry-After", "").strip()
    seconds = int(asked) if asked.isascii() and asked.isdigit() else DEFAULT_WAIT_SECONDS
    return min(max(seconds, 1), LONGEST_WAIT_SECONDS)
