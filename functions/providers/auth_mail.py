"""The auth service's mail to somebody who is invited; its link proves the address."""

from kit import config, errors, http

TAKEN = 422  # who has the address signed up long ago


def invite(email: str, name: str) -> None:
    """Ask for the mail, or for nothing where there is an account.

    Raises AppError mail_not_sent, or mail_too_soon where the service wants a minute's rest.
    """
    settings = config.settings()
    key = settings.secret_key
    if not settings.auth_url or not key:
        raise errors.AppError("no secret key here", code="mail_not_sent", status=502)
    try:
        answer = http.call_json(
            "POST",
            f"{settings.auth_url}/invite",
            {"email": email, "data": {"name": name}},
            # Projects made before 2025 have a key that is itself a token, and is asked for as one.
            {"apikey": key} | ({"Authorization": f"Bearer {key}"} if key.startswith("eyJ") else {}),
        )
    except (http.NothingSent, http.OutcomeUnknown) as lost:
        raise errors.AppError("no answer", code="mail_not_sent", status=502) from lost
    if answer.status == 429:
        raise errors.AppError("wait a minute", code="mail_too_soon", status=429)
    if answer.status >= 300 and not (answer.status == TAKEN and "email_exists" in answer.text):
        raise errors.AppError(f"status {answer.status}", code="mail_not_sent", status=502)
