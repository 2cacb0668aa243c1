"""The one vocabulary that every provider is translated into. SQL knows these words, no others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple


class MessageStatus(StrEnum):
    """How far an outgoing message is known to have come."""

    SUBMITTED = "submitted"  # the provider took it; WhatsApp may still refuse
    SENT = "sent"  # WhatsApp took it
    DELIVERED = "delivered"  # it reached the device
    READ = "read"  # it was opened
    FAILED = "failed"  # it will not arrive; the failure's class says why


class EventKind(StrEnum):
    """What a webhook told us."""

    MESSAGE_STATUS = "message_status"  # a receipt for a message of ours
    MESSAGE_RECEIVED = "message_received"  # somebody wrote to us
    CONSENT_CHANGED = "consent_changed"  # somebody opted in or out at the provider
    TEMPLATE_CHANGED = "template_changed"  # a template was approved, refused, paused
    CHARGE_CHANGED = "charge_changed"  # something happened to a charge: look it up
    CALL_CONNECTED = "call_connected"  # the dialer gave a call to an operator
    CALL_FINISHED = "call_finished"  # a call is over, and this is its record
    OTHER = "other"  # kept as it came; nothing of ours depends on it


class Outcome(StrEnum):
    """What is known after asking a provider to send."""

    SUBMITTED = "submitted"  # taken: never send again
    RETRY = "retry"  # certainly not taken, and worth asking again
    FAILED = "failed"  # certainly not taken, and asking again would not help
    UNKNOWN = "unknown"  # perhaps taken: only a receipt or a person may decide


class ChargeOutcome(StrEnum):
    """What is known after asking a provider about a charge."""

    DONE = "done"  # taken (create), gone (cancel)
    FOUND = "found"  # looked up, and there
    NOT_FOUND = "not_found"  # looked up, and certainly not there
    RETRY = "retry"  # certainly not taken, and worth asking again
    FAILED = "failed"  # certainly not taken, and asking again would not help
    UNKNOWN = "unknown"  # perhaps taken: look it up before anything else


class DialerOutcome(StrEnum):
    """What is known after asking the dialer to do something."""

    DONE = "done"  # done, or it was so already
    RETRY = "retry"  # certainly not done, and worth asking again
    FAILED = "failed"  # certainly not done, and asking again would not help
    UNKNOWN = "unknown"  # perhaps done: undo it or look it up before asking again


class CallStatus(StrEnum):
    """How far a call is known to have come."""

    DIALING = "dialing"
    ANSWERED = "answered"  # somebody or something picked up
    CONNECTED = "connected"  # an operator is on the line
    TRANSFERRED = "transferred"  # a consultation or a transfer is going on
    ENDED = "ended"  # over; whether an operator took part is not told
    NOT_ANSWERED = "not_answered"
    ABANDONED = "abandoned"  # the debtor hung up before an operator was free
    FINISHED = "finished"  # over, with an operator
    FAILED = "failed"  # it could not be placed
    VOICEMAIL = "voicemail"
    OUTSIDE_HOURS = "outside_hours"  # the dialer's own guard held it back


class FailureClass(StrEnum):
    """Why a message was not taken or did not arrive, in words a rule can act on."""

    RATE_LIMITED = "rate_limited"  # too fast: wait as told, costs no attempt
    PROVIDER_UNAVAILABLE = "provider_unavailable"  # their fault, passing: costs an attempt
    NUMBER_INVALID = "number_invalid"  # no WhatsApp at this number: another channel
    OPTED_OUT = "opted_out"  # the person said no: suppress
    POLICY = "policy"  # WhatsApp withheld it: not again soon
    TEMPLATE_REJECTED = "template_rejected"  # text, parameters or approval are wrong: mend it
    CONFIGURATION = "configuration"  # key, app, number or wallet: every message would fail
    OUTCOME_UNKNOWN = "outcome_unknown"  # no complete answer came back
    PAYER_INVALID = "payer_invalid"  # name, document or address: a person mends it
    UNCLASSIFIED = "unclassified"  # a code nobody has described; its text is kept


class Verdict(StrEnum):
    """What a test of a connection found."""

    WORKS = "works"
    KEY_REFUSED = "key_refused"  # somebody is there, and does not know this key
    ACCOUNT_UNKNOWN = "account_unknown"  # the key is right; app, number or account is not its own
    HOST_WRONG = "host_wrong"  # nobody has that name, or somebody else answers under it
    NO_ANSWER = "no_answer"  # down, or out of reach: says nothing about the key
    BUSY = "busy"  # too many calls just now: the key was not looked at
    INCOMPLETE = "incomplete"  # a field is missing, so nothing was asked
    UNCLEAR = "unclear"  # an answer nobody has described; its words are kept


class Probe(NamedTuple):
    """The answer to one harmless question.

    detail   what the provider said, or calls us
    quality  of the number asked for: green, yellow or red, where the provider tells it
    """

    verdict: Verdict
    detail: str | None = None
    quality: str | None = None


class SendResult(NamedTuple):
    """The answer to one attempt to send, in the order in which SQL's settle_message takes it.

    provider_message_id  set when submitted, if the provider named the message
    failure, detail      set otherwise; detail is "<provider code> <provider text>", never logged
    retry_after_seconds  set when the provider said how long to wait
    """

    outcome: Outcome
    provider_message_id: str | None = None
    failure: FailureClass | None = None
    detail: str | None = None
    retry_after_seconds: int | None = None


class ChargeResult(NamedTuple):
    """The answer to one question about a charge, in the order of SQL's settle_charge.

    answer   done, found: {link, digitable_line, pix_code, pdf_url, provider_group}; found adds
             {reference, status_code, status_text, paid_on, paid_cents, amount_cents, due_on,
             fine_cents, interest_cents}
    failure, detail, retry_after_seconds  as in SendResult
    """

    outcome: ChargeOutcome
    answer: Mapping[str, Any] = MappingProxyType({})
    failure: FailureClass | None = None
    detail: str | None = None
    retry_after_seconds: int | None = None


class DialerResult(NamedTuple):
    """The answer to one task at the dialer, in the order of SQL's settle_dialer_task.

    answer   {list_id} of a list; {imported, filtered: [{phone, identifier, reason}]} of contacts,
             without `imported` where the dialer took them silently
    failure, detail, retry_after_seconds  as in SendResult
    """

    outcome: DialerOutcome
    answer: Mapping[str, Any] = MappingProxyType({})
    failure: FailureClass | None = None
    detail: str | None = None
    retry_after_seconds: int | None = None


@dataclass(frozen=True)
class ProviderEvent:
    """One thing a webhook told us.

    external_id  the same for every delivery of the same event, unique within one integration
    payload      {"message" | "inbound" | "consent": normalised, "raw": as received, no secrets}
    """

    external_id: str
    kind: EventKind
    payload: dict[str, Any] = field(default_factory=dict)
