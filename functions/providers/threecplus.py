"""3C Plus, the dialer: lists, contacts, campaigns, calls, qualifications, agents, webhooks.

Wire contract: app.3c.plus/api/v1/swagger.json and help.3cplus.com.br (articles 8575879, 5509385);
mailing_sync.json is not in the swagger and widely used. Nothing has an idempotency key: a doubtful
list is looked up by its name, doubtful contacts are taken out before they are put in again, all
else may be repeated. A webhook's event is the root key of its body; nothing signs it, so a callback
is known by the key in its URL.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from kit import http
from providers import callbacks
from providers import threecplus_wire as wire
from providers.events import DialerOutcome, DialerResult, EventKind, FailureClass, ProviderEvent
from providers.threecplus_account import Account, Listed, each_page, items_of, list_pages

PAGE_SIZE = 100  # calls of a page
SPAN = timedelta(minutes=45)  # more than sweeps overlap: each goes further than the last
SECOND = timedelta(seconds=1)

_EVENTS = {
    "call-was-connected": EventKind.CALL_CONNECTED,
    "call-history-was-created": EventKind.CALL_FINISHED,
}


class Task(Protocol):
    """One row of private.claim_dialer_tasks."""

    @property
    def kind(self) -> str: ...  # list | part | file | weight | remove | qualify
    @property
    def is_doubtful(self) -> bool: ...
    @property
    def settings(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> Mapping[str, Any]: ...


# --- tasks: what the database wants done ----------------------------------------------------


def perform(task: Task, tokens: Sequence[str | None], rows: Sequence[wire.Contact]) -> DialerResult:
    """Do one task; never raises for what 3C Plus does.

    tokens  the manager's and the agent's, of the tenant's integration
    rows    contacts of a part, a file or a removal
    """
    account = Account(task.settings, *tokens)
    campaign = f"/campaigns/{task.body.get('campaign_id')}"
    match task.kind:
        case "list":
            return _make_list(account, campaign, str(task.body["name"]), task.is_doubtful)
        case "part":
            return _load_part(
                account, f"{campaign}/lists/{task.body['list_id']}", campaign, task, rows
            )
        case "file":
            return _load_file(account, campaign, str(task.body["name"]), task.is_doubtful, rows)
        case "weight":
            return _set_weights(account, campaign, task.body["list_ids"], task.body["weight"])
        case "remove":
            return _remove(account, campaign, rows)
        case _:
            return _qualify(account, task.body)


def _make_list(account: Account, campaign: str, name: str, is_doubtful: bool) -> DialerResult:
    if is_doubtful:
        found = list_pages(account, f"{campaign}/lists")
        if found.failure:
            return _try_later(found)
        for item in found.items:
            if wire.name_of(item) == name:
                return _silence(account, campaign, wire.number_of(item))
    result, said = account.ask("POST", f"{campaign}/lists", {"name": name})
    if result.outcome is not DialerOutcome.DONE:
        return result
    return _silence(account, campaign, wire.number_of(wire.fields(said.get("data")) or said))


def _silence(account: Account, campaign: str, list_id: int | None) -> DialerResult:
    """A list being filled is not dialled: half of it would be called before the rest is known."""
    if list_id is None:
        return DialerResult(
            DialerOutcome.UNKNOWN, failure=FailureClass.OUTCOME_UNKNOWN, detail="no list id told"
        )
    result = _set_weights(account, campaign, [list_id], 0)
    if result.outcome is not DialerOutcome.DONE:
        return result  # asked again, the list is found by its name
    return DialerResult(DialerOutcome.DONE, {"list_id": list_id})


def _load_part(
    account: Account, path: str, campaign: str, task: Task, rows: Sequence[wire.Contact]
) -> DialerResult:
    if task.is_doubtful and rows:
        cleared = _remove(account, campaign, rows)
        if cleared.outcome is not DialerOutcome.DONE:
            return cleared
    body = wire.mailing(row for row in rows if row.is_wanted)
    if not body:
        return DialerResult(DialerOutcome.DONE, {"imported": 0, "filtered": []})
    if task.settings.get("load_report", "sync") == "sync":
        result, said = account.ask("POST", f"{path}/mailing_sync.json", body)
        if result.outcome is DialerOutcome.DONE:
            return _reported(said)
        # It is not in the swagger, and may be gone one day; then the documented one is there.
        if not (result.detail or "").startswith(("404", "405")):
            return result
    result, _ = account.ask("POST", f"{path}/mailing.json", body)
    return result


def _load_file(
    account: Account, campaign: str, name: str, is_doubtful: bool, rows: Sequence[wire.Contact]
) -> DialerResult:
    if is_doubtful:
        found = list_pages(account, f"{campaign}/lists")
        if found.failure:
            return _try_later(found)
        for item in found.items:
            if wire.name_of(item) == name:
                gone, _ = account.ask("DELETE", f"{campaign}/lists/{wire.number_of(item)}", None)
                if gone.outcome is not DialerOutcome.DONE and not _is_missing(gone):
                    return gone
    wanted = [row for row in rows if row.is_wanted]
    if not wanted:
        return DialerResult(DialerOutcome.DONE, {"imported": 0, "filtered": []})
    result, said = account.upload(
        f"{campaign}/lists/csv", wire.csv_form(name), f"{name}.csv", wire.csv_file(wanted)
    )
    if result.outcome is not DialerOutcome.DONE:
        return result
    list_id = wire.number_of(wire.fields(said.get("data")) or said)
    silenced = _silence(account, campaign, list_id)
    if silenced.outcome is not DialerOutcome.DONE:
        return silenced._replace(outcome=DialerOutcome.UNKNOWN)
    return DialerResult(DialerOutcome.DONE, {**silenced.answer, **_reported(said).answer})


def _set_weights(
    account: Account, campaign: str, list_ids: Sequence[int], weight: int
) -> DialerResult:
    """A list that is not there any more is as silent as a weight can make it: {is_gone: True} when
    that is all of them."""
    gone = 0
    for list_id in list_ids:
        path = f"{campaign}/lists/{list_id}/updateWeight"
        result, _ = account.ask("PUT", path, {"weight": weight})
        if _is_missing(result) and _is_deleted(account, campaign, list_id):
            gone += 1
        elif result.outcome is not DialerOutcome.DONE:
            return result
    return DialerResult(DialerOutcome.DONE, {"is_gone": True} if 0 < gone == len(list_ids) else {})


def _is_deleted(account: Account, campaign: str, list_id: int) -> bool:
    """A wrong host answers 404 to everything: the dialer must have shown what it does have."""
    found = list_pages(account, f"{campaign}/lists")
    if found.failure is None:
        return list_id not in map(wire.number_of, found.items)
    if not (found.detail or "").startswith("404"):
        return False
    campaigns = list_pages(account, "/campaigns")
    known = [f"/campaigns/{wire.number_of(item)}" for item in campaigns.items]
    return campaigns.failure is None and bool(known) and campaign not in known


def _remove(account: Account, campaign: str, rows: Sequence[wire.Contact]) -> DialerResult:
    if not rows:
        return DialerResult(DialerOutcome.DONE)
    body = wire.removal(rows)
    result, _ = account.ask("DELETE", f"{campaign}/mailing/delete", body)
    # Not in the mailing is what was wanted.
    return DialerResult(DialerOutcome.DONE) if _is_missing(result) else result


def _qualify(account: Account, body: Mapping[str, Any]) -> DialerResult:
    manual = str(body.get("mode") or "").startswith("manual")
    call = http.path_part(str(body.get("call_id")))
    path = f"/agent/manual_call/{call}/qualify" if manual else f"/agent/call/{call}/qualify"
    said = {"qualification_id": body["qualification_id"]}
    if body.get("note"):
        said["qualification_note"] = body["note"]
    result, _ = account.ask("POST", path, said, agent_id=body.get("agent_id"))
    return result


def _reported(said: Mapping[str, Any]) -> DialerResult:
    report = wire.read_report(said)
    told = {} if report.imported is None else {"imported": report.imported}
    return DialerResult(DialerOutcome.DONE, told | {"filtered": report.filtered})


def _is_missing(result: DialerResult) -> bool:
    return (result.detail or "").startswith("404")


def _try_later(listed: Listed) -> DialerResult:
    """The looking up failed; nothing was done in this attempt."""
    is_theirs = listed.failure is not FailureClass.CONFIGURATION
    outcome = DialerOutcome.RETRY if is_theirs else DialerOutcome.FAILED
    return DialerResult(outcome, failure=listed.failure, detail=listed.detail)


# --- live reading, and what an operator asks for --------------------------------------------


def campaigns(account: Account) -> Listed:
    """[{id, name, paused, start_time, end_time, …}] as 3C Plus tells them."""
    return list_pages(account, "/campaigns")


def lists(account: Account, campaign_id: int) -> Listed:
    """[{id, name, weight, dialed, completed, total, answered, abandoned, …}]."""
    return list_pages(account, f"/campaigns/{campaign_id}/lists")


def agents(account: Account) -> Listed:
    return list_pages(account, "/agents")


def agent_states(account: Account) -> Listed:
    """[{id, name, status, …}] of the agents at work."""
    return list_pages(account, "/agents/status")


def all_qualifications(account: Account, campaigns: Iterable[Mapping[str, Any]]) -> Listed:
    """Those of every list that a campaign uses, each once."""
    found: dict[int | None, dict[str, Any]] = {}
    asked: set[int | None] = set()
    for campaign in campaigns:
        if (list_id := _qualification_list(campaign)) not in asked:
            asked.add(list_id)
            listed = qualifications(account, campaign)
            if listed.failure:
                return listed
            found |= {wire.number_of(item): item for item in listed.items}
    return Listed(list(found.values()))


def _qualification_list(campaign: Mapping[str, Any]) -> int | None:
    found = campaign.get("qualification_list") or campaign.get("qualification_list_id")
    return wire.number_of(found)


def qualifications(account: Account, campaign: Mapping[str, Any]) -> Listed:
    """Those of a campaign's own list."""
    list_id = _qualification_list(campaign)
    if list_id is None:
        return Listed([])
    return list_pages(account, f"/qualification_lists/{list_id}/qualifications")


class CallPage(NamedTuple):
    """Calls in the words of private.record_call, and up to when everything has been read now."""

    calls: list[dict[str, Any]]
    read_until: datetime | None = None
    failure: FailureClass | None = None


def call_pages(account: Account, since: datetime, until: datetime) -> Iterator[CallPage]:
    """Calls between two instants, span by span: no order of the list is documented, so only a span
    read to its end has been read."""
    time_zone = account.settings.get("time_zone", "America/Sao_Paulo")
    while since < until:
        end = min(since + SPAN, until)
        query = {
            "per_page": str(PAGE_SIZE),
            "start_date": wire.local(since, time_zone),
            # Both ends are of the span, in whole seconds; nothing is read in two of them.
            "end_date": wire.local(end if end == until else end - SECOND, time_zone),
            "with_mailing": "true",
        }
        for page in each_page(account, "/calls", query):
            told = [wire.call_of_history(item, time_zone) for item in page.items]
            is_read = page.is_last and page.failure is None
            yield CallPage(told, end if is_read else None, page.failure)
            if page.failure:
                return
        since = end


def click_to_call(account: Account, extension: str, phone: str) -> DialerResult:
    """Ring the agent, then the debtor; phone in E.164. Not idle is a refusal of theirs (422)."""
    national = wire.national(phone) or ""
    prefix = "55" if account.settings.get("click2call_prefix") == "55" else ""
    body = {"extension": int(extension), "phone": f"{prefix}{national}"}
    return account.ask("POST", "/click2call", body)[0]


def pause(account: Account, agent_id: int, interval_id: int | None) -> DialerResult:
    """Begin a break of the agent (None: end it)."""
    path = (
        "/agent/work_break/exit"
        if interval_id is None
        else (f"/agent/work_break/{interval_id}/enter")
    )
    return account.ask("POST", path, None, agent_id=agent_id)[0]


def breaks(account: Account, agent_id: int) -> Listed:
    """The kinds of break an agent may take: [{id, name, …}]."""
    result, said = account.ask("GET", "/agent/work_break_intervals", None, agent_id=agent_id)
    if result.outcome is not DialerOutcome.DONE:
        return Listed([], result.failure, result.detail)
    return Listed(items_of(said))


# --- webhooks -------------------------------------------------------------------------------


def parse_events(raw: bytes, time_zone: str = "America/Sao_Paulo") -> list[ProviderEvent]:
    """The events of one callback body; an unknown kind comes out as OTHER.

    Raises MalformedPayload only for a body that is not a JSON object.
    """
    body = callbacks.json_object(raw)
    return list(_read_events(body, time_zone)) or [_kept(body)]


def _read_events(body: dict[str, Any], time_zone: str) -> Iterator[ProviderEvent]:
    for name, said in body.items():
        kind = _EVENTS.get(name)
        if kind is None or not isinstance(said, dict):
            continue
        if kind is EventKind.CALL_CONNECTED:
            call = wire.call_of_connection(said)
            key = call.get("telephony_id")
        else:
            # 2025 nests it, 2024 (URA) does not.
            call = wire.call_of_history(wire.fields(said.get("callHistory")) or said, time_zone)
            key = call.get("external_id") or call.get("telephony_id")
        kept = callbacks.without_secrets({name: said})
        if key is None:
            yield _kept({name: said})
        else:
            yield ProviderEvent(f"{name}:{key}", kind, {"call": call, "raw": kept})


def _kept(body: dict[str, Any]) -> ProviderEvent:
    kept = callbacks.without_secrets(body)
    return ProviderEvent(callbacks.fingerprint(kept), EventKind.OTHER, {"raw": kept})
