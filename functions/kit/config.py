"""The settings of the deployed unit, read once. No other module looks at the environment."""

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class IncompleteConfiguration(RuntimeError):
    """Names every setting that is missing or unusable, so that one deploy mends them all.

    Not an AppError: a caller cannot mend it, and it must not be mistaken for their fault.
    """


@dataclass(frozen=True)
class Settings:
    """What the environment says, typed.

    database_url   connection string of the login `functions` (never the owner's)
    jobs_key       bearer key that only the database's own wake-ups know
    jwt_secret     HS256 secret of the auth service, or None where it signs asymmetrically
    jwks_url       public keys of the auth service, used when there is no secret
    simulators_url base of the local provider simulators, or None for the real providers
    auth_url       base of the auth service, or None where nobody is invited
    secret_key     the project's secret key, given only to the function that invites people
    web_origin     origin of the page when it is not served beside the functions, or None
    """

    database_url: str
    jobs_key: str
    jwt_secret: str | None
    jwks_url: str | None
    simulators_url: str | None
    auth_url: str | None
    secret_key: str | None
    web_origin: str | None


def read(environ: Mapping[str, str]) -> Settings:
    """The settings found in `environ`; raises IncompleteConfiguration listing all that is wrong."""
    values = {name: value.strip() for name, value in environ.items() if value.strip()}
    wrong = [name for name in ("FUNCTIONS_DATABASE_URL", "JOBS_KEY") if name not in values]
    if "SUPABASE_JWT_SECRET" not in values and "SUPABASE_URL" not in values:
        wrong.append("SUPABASE_JWT_SECRET or SUPABASE_URL")
    simulators_url = values.get("SIMULATORS_URL")
    # A deployed function must never send a tenant's API key to a simulator somewhere else.
    if simulators_url and urlsplit(simulators_url).hostname not in LOOPBACK_HOSTS:
        wrong.append("SIMULATORS_URL (only on this machine)")
    if wrong:
        raise IncompleteConfiguration("missing or unusable: " + ", ".join(wrong))
    return Settings(
        database_url=values["FUNCTIONS_DATABASE_URL"],
        jobs_key=values["JOBS_KEY"],
        jwt_secret=values.get("SUPABASE_JWT_SECRET"),
        jwks_url=f"{values.get('SUPABASE_URL', '').rstrip('/')}/auth/v1/.well-known/jwks.json",
        simulators_url=simulators_url.rstrip("/") if simulators_url else None,
        auth_url=f"{values['SUPABASE_URL'].rstrip('/')}/auth/v1"
        if "SUPABASE_URL" in values
        else None,
        secret_key=values.get("SUPABASE_SECRET_KEY"),
        web_origin=values.get("WEB_ORIGIN"),
    )


@functools.cache
def settings() -> Settings:
    """The settings of this process; read on first use, so that importing a function needs none."""
    return read(os.environ)
