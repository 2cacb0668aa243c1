"""One harmless question to each provider, for the button "test the connection"."""

from collections.abc import Mapping
from datetime import date

from kit import http
from providers import negociarie, threecplus_account, whatsapp
from providers.events import FailureClass, Probe, Verdict

# The secrets that the question of the others than WhatsApp's carries.
_SECRETS = {"threecplus": ("api_token",), "negociarie": ("client_secret",)}
# Before anybody's first charge: a short answer, whatever the account.
A_QUIET_DAY = date(2020, 1, 1)
_NEGOCIARIE = {
    None: Verdict.WORKS,
    FailureClass.CONFIGURATION: Verdict.KEY_REFUSED,
    FailureClass.RATE_LIMITED: Verdict.BUSY,
    FailureClass.PROVIDER_UNAVAILABLE: Verdict.NO_ANSWER,
    FailureClass.OUTCOME_UNKNOWN: Verdict.NO_ANSWER,
}


def secrets_of(provider: str) -> tuple[str, ...]:
    """The secret fields that the provider's question carries; LookupError for nobody's name."""
    return _SECRETS.get(provider) or (whatsapp.adapter(provider).KEY_FIELD,)


def probe(provider: str, settings: Mapping[str, str], secrets: Mapping[str, str | None]) -> Probe:
    """Ask once; never raises for what the provider does, and never tells a secret.

    secrets  by the fields of `secrets_of`
    """
    match provider:
        case "threecplus":
            account = threecplus_account.Account(settings, secrets["api_token"])
            found = threecplus_account.probe(account)
        case "negociarie":
            found = _negociarie(settings, secrets["client_secret"])
        case _:
            found = _whatsapp(provider, settings, secrets)
    told = found.detail or ""
    for secret in secrets.values():
        # A provider may quote what it was given.
        told = told.replace(secret, "[…]") if secret else told
    return found._replace(detail=told.replace("\0", "")[:300] or None)


def _whatsapp(
    provider: str, settings: Mapping[str, str], secrets: Mapping[str, str | None]
) -> Probe:
    adapter = whatsapp.adapter(provider)
    account = whatsapp.Account(settings, secrets[adapter.KEY_FIELD] or "")
    try:
        return adapter.read_probe(http.perform(adapter.probe_call(account)))
    except whatsapp.Incomplete as lack:
        return Probe(Verdict.INCOMPLETE, str(lack))
    except (http.NothingSent, http.OutcomeUnknown) as silence:
        return Probe(Verdict.NO_ANSWER, str(silence))


def _negociarie(settings: Mapping[str, str], secret: str | None) -> Probe:
    if not (secret and settings.get("client_id")):
        return Probe(Verdict.INCOMPLETE)
    # A token from before says nothing about the secret of now.
    negociarie.forget(settings["client_id"], secret)
    paid = negociarie.list_paid(settings, secret, A_QUIET_DAY)
    return Probe(_NEGOCIARIE.get(paid.failure, Verdict.UNCLEAR), paid.detail)
