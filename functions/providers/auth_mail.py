"""The auth service's mails to somebody who is invited; a new account's link proves the address."""

from kit import config, errors, http

TAKEN = 422  # who has the address signed up long ago


def invite(email: str, said: dict[str, str]) -> None:
    """Ask for the mail to a new account, or for the one to somebody who has an account.

    said  what the templates name: name, agency, invitation_id; of an account that is there, the
          service reads them from the account itself
    Raises AppError mail_not_sent, or mail_too_soon where the service sends no more mails for now.
    """
    answer = _ask("invite", {"email": email, "data": said})
    if answer.status == TAKEN and "email_exists" in answer.text:
        # The template of the magic link is our notice, and has no link that signs in.
        answer = _ask("otp", {"email": email, "create_user": False})
        # The service mails an account once a minute, whoever asks; of a new one it never says so.
        # It has its notice, and whoever invites again must not learn from a refusal that it exists.
        if answer.status == 429:
            return
    if answer.status == 429:
        raise errors.AppError("wait a minute", code="mail_too_soon", status=429)
    if answer.status >= 300:
        raise errors.AppError(f"status {answer.status}", code="mail_not_sent", status=502)


def _ask(path: str, said: dict[str, object]) -> http.Answer:
    settings = config.settings()
    key = settings.secret_key
    if not settings.auth_url or not key:
        raise errors.AppError("no secret key here", code="mail_not_sent", status=502)
    # Projects made before 2025 have a key that is itself a token, and is asked for as one.
    token = {"Authorization": f"Bearer {key}"} if key.startswith("eyJ") else {}
    try:
        return http.call_json("POST", f"{settings.auth_url}/{path}", said, {"apikey": key} | token)
    except (http.NothingSent, http.OutcomeUnknown) as lost:
        raise errors.AppError("no answer", code="mail_not_sent", status=502) from lost
