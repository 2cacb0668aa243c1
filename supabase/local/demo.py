"""The demo: its people sign up by invitation, its providers are connected, its clock is lawful."""

import hashlib
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psycopg

from local_platform import database
from local_platform.errors import StackError
from local_platform.postgres import Postgres
from local_platform.settings import LOOPBACK, Platform

PASSWORD = "demo-demo-123"  # noqa: S105 - public by design, local only
TENANTS = {
    "Demo Cobranças": (
        "admin@demo.test",
        "supervisor@demo.test",
        "operador@demo.test",
        "operador2@demo.test",
    ),
    "Outra Assessoria": ("admin@outra.test",),
}
USERS = tuple(email for emails in TENANTS.values() for email in emails)
# The account of the demo tenant at the simulated Gupshup.
GUPSHUP = {"app_name": "DemoCobrancas", "source": "551140000000"}
GUPSHUP_API_KEY = "simulated-api-key"
# And its number at the simulated Meta, which knows some templates that nobody has taken over yet.
META = {"waba_id": "102290129340398", "phone_number_id": "106540352242922",
        "source": "551130000000"}  # fmt: skip
META_SECRETS = {
    "access_token": "EAAB-simulated-token",
    "app_secret": "simulated-app-secret",
    "verify_token": "simulated-verify-token",
}
META_TEMPLATES = [
    {"id": "900000000000002", "name": "aviso_de_vencimento", "category": "UTILITY",
     "status": "APPROVED", "body": "Olá, {{1}}. Há um valor em aberto com {{2}}: {{3}}."},
    {"id": "900000000000003", "name": "fatura_em_anexo", "category": "UTILITY",
     "status": "APPROVED", "header": "DOCUMENT", "body": "Olá, {{1}}. A fatura segue em anexo."},
    {"id": "900000000000004", "name": "oferta_de_fim_de_ano", "category": "MARKETING",
     "status": "PENDING", "body": "Olá, {{1}}! Temos uma condição especial para você."},
]  # fmt: skip
# Its company at the simulated 3C Plus, and which of its agents our operators are.
DIALER_HOST = "demo.3c.plus"
DIALER_TOKENS = {"api_token": "3cs_simulated-manager", "agent_token": "3cs_simulated-agent"}
DIALER_AGENTS = {"operador@demo.test": (77, "1001"), "operador2@demo.test": (78, "1002")}
# A disposition's word at the simulated dialer.
DIALER_WORDS = {
    "negotiate": (31, "Promessa de pagamento"),
    "callback": (32, "Retornar"),
    "wrong_contact": (33, "Pessoa errada"),
    "voicemail": (34, "Caixa postal"),
    "dropped": (35, "Ligação caiu"),
}
# And at the simulated Negociarie, with every method its contract may have.
NEGOCIARIE = {"client_id": "1001", "methods": "boleto,pix,card"}
NEGOCIARIE_SECRET = "simulated-client-secret"  # noqa: S105 - the simulator's, local only
ACCOUNTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "gupshup": (GUPSHUP, {"api_key": GUPSHUP_API_KEY}),
    "meta": (META, META_SECRETS),
    "threecplus": ({"host": DIALER_HOST}, DIALER_TOKENS),
    "negociarie": (NEGOCIARIE, {"client_secret": NEGOCIARIE_SECRET}),
}
SEED = Path("supabase") / "seed.sql"
ANSWER_SECONDS = 20


def call(
    method: str, url: str, body: object, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """One JSON request to a part of the stack; the status and the decoded answer."""
    request = urllib.request.Request(  # noqa: S310 - our own loopback URL
        url,
        method=method,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"} | (headers or {}),
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - as above
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


def plant(server: Postgres, name: str | None = None) -> bool:
    """Apply the seed once per database; answer whether this was the time."""
    path = server.settings.root / SEED
    if not path.exists():
        return False
    text = path.read_text()
    with server.connect("postgres", name) as connection, connection.transaction():
        # The CLI's own table, so that both know what was planted.
        connection.execute(
            "create table if not exists supabase_migrations.seed_files"
            " (path text primary key, hash text not null)"
        )
        planted = connection.execute(
            "select 1 from supabase_migrations.seed_files where path = %s", (str(SEED),)
        )
        if planted.fetchone():
            return False
        try:
            database.run(connection, text)
        except psycopg.Error as error:
            raise StackError(database.describe(path, text, error)) from error
        connection.execute(
            "insert into supabase_migrations.seed_files (path, hash) values (%s, %s)",
            (str(SEED), hashlib.sha256(text.encode()).hexdigest()),
        )
    return True


def sign_up(settings: Platform) -> None:
    """Everybody signs up as a new user would; their invitations make them members."""
    url = f"http://{LOOPBACK}:{settings.auth_port}/auth/v1/signup"
    for email in USERS:
        status, answer = call("POST", url, {"email": email, "password": PASSWORD})
        if status != 200:
            raise StackError(f"{email} cannot sign up: {answer}")


def token(settings: Platform, email: str) -> str:
    """An access token of a demo user."""
    url = f"http://{LOOPBACK}:{settings.auth_port}/auth/v1/token?grant_type=password"
    status, answer = call("POST", url, {"email": email, "password": PASSWORD})
    if status != 200:
        raise StackError(f"{email} cannot sign in: {answer}")
    return str(answer["access_token"])


def connect_providers(settings: Platform) -> None:
    """Fill the providers' forms as the demo's admin does; keep the callback keys shown once."""
    bearer = {"Authorization": f"Bearer {token(settings, 'admin@demo.test')}"}
    for provider, (public, secret) in ACCOUNTS.items():
        status, answer = call(
            "POST",
            f"http://{LOOPBACK}:{settings.rest_port}/rpc/save_integration",
            {"provider": provider, "settings": public, "secrets": secret},
            bearer,
        )
        if status != 200:
            raise StackError(f"the demo's account at {provider} cannot be connected: {answer}")
        if answer["webhook_key"]:
            path = key_path(settings, provider)
            path.touch(mode=0o600)
            path.write_text(answer["webhook_key"])


def key_path(settings: Platform, provider: str) -> Path:
    return settings.data / f"{provider}.webhook-key"


def register_accounts(server: Postgres) -> None:
    """Tell each simulator its account, and where this stack (whatever its port) takes callbacks."""
    settings = server.settings
    functions = f"{settings.url}/functions/v1"
    if (path := key_path(settings, "gupshup")).exists():
        with server.connect("postgres") as connection:
            templates = connection.execute(
                "select provider_template_id, body from public.message_templates"
                " where provider = 'gupshup'"
            )
            account = {
                "api_key": GUPSHUP_API_KEY,
                "source": GUPSHUP["source"],
                "callback_url": f"{functions}/gupshup-webhook?key={path.read_text()}",
                "templates": dict(templates.fetchall()),
            }
        control(settings, "gupshup", f"apps/{GUPSHUP['app_name']}", account)
    if (path := key_path(settings, "meta")).exists():
        with server.connect("postgres") as connection:
            known = connection.execute(
                "select distinct provider_template_id, name, body"
                " from public.message_templates where provider = 'meta'"
            ).fetchall()
        ids = {template["id"] for template in META_TEMPLATES}
        taken = [
            {"id": key, "name": name, "category": "UTILITY", "status": "APPROVED", "body": body}
            for key, name, body in known
            if key not in ids
        ]
        number = {
            "access_token": META_SECRETS["access_token"],
            "app_secret": META_SECRETS["app_secret"],
            "waba_id": META["waba_id"],
            "display_phone_number": META["source"],
            "callback_url": f"{functions}/meta-webhook?key={path.read_text()}",
            "templates": [{"language": "pt_BR"} | each for each in taken + META_TEMPLATES],
        }
        control(settings, "meta", f"numbers/{META['phone_number_id']}", number)
    if (path := key_path(settings, "threecplus")).exists():
        roles = {DIALER_TOKENS["api_token"]: "manager", DIALER_TOKENS["agent_token"]: "agent"}
        url = f"{functions}/3cplus-webhook?key={path.read_text()}"
        company = {"tokens": roles, "webhook_url": url}
        control(settings, "threecplus", f"companies/{DIALER_HOST}", company)
    if (path := key_path(settings, "negociarie")).exists():
        account = {
            "client_secret": NEGOCIARIE_SECRET,
            "callback_url": f"{functions}/negociarie-callback/{path.read_text()}",
            "page": f"{settings.url}/simulators/negociarie/",
        }
        control(settings, "negociarie", f"accounts/{NEGOCIARIE['client_id']}", account)


def control(settings: Platform, provider: str, path: str, body: object) -> None:
    """Drive a simulator."""
    base = f"http://{LOOPBACK}:{settings.simulators_port}/simulators/{provider}/_control"
    status, answer = call("PUT", f"{base}/{path}", body)
    if status >= 300:
        raise StackError(f"the simulated {provider} refuses {path.partition('/')[0]}: {answer}")


def redate(server: Postgres) -> None:
    """The seed dates from today: where the clock opened on a later day, its debts move along."""
    with server.connect("postgres") as connection:
        connection.execute(
            "update public.debts set due_on = due_on + ahead.days"
            " from (select id, (private.now() at time zone time_zone)::date"
            " - (now() at time zone time_zone)::date as days from public.tenants) as ahead"
            " where ahead.id = debts.tenant_id and ahead.days <> 0"
        )


def seat_operators(server: Postgres) -> None:
    """Which agent of the dialer each operator is, and the dialer's words for our dispositions."""
    name = next(iter(TENANTS))
    with server.connect("postgres") as connection:
        for email, (agent_id, extension) in DIALER_AGENTS.items():
            connection.execute(
                "insert into public.dialer_agents"
                " (tenant_id, agent_id, extension, agent_name, user_id)"
                " select tenants.id, %s, %s, %s, users.id"
                " from public.tenants join auth.users on users.email = %s where tenants.name = %s",
                (agent_id, extension, f"Agente {agent_id}", email, name),
            )
        for kind, word in DIALER_WORDS.items():
            connection.execute(
                "insert into public.dialer_qualifications"
                " (tenant_id, disposition_type, qualification_id, qualification_name)"
                " select tenants.id, %s, %s, %s from public.tenants where tenants.name = %s",
                (kind, *word, name),
            )


def write_secrets(server: Postgres) -> None:
    """The two secrets with which the database wakes the functions."""
    wanted = {
        "functions_url": f"{server.settings.url}/functions/v1",
        "jobs_key": server.settings.secrets.jobs_key,
    }
    with server.connect("postgres") as connection:
        for name, value in wanted.items():
            found = connection.execute("select id from vault.secrets where name = %s", (name,))
            row = found.fetchone()
            if row:
                connection.execute("select vault.update_secret(%s, %s)", (row[0], value))
            else:
                connection.execute("select vault.create_secret(%s, %s)", (value, name))


# Two hours after opening in the demo tenant's own zone it is 8 o'clock in Acre too, the last state
# to open. A shift that already leads into lawful hours stays: the demo's time never runs backwards
# because of a restart.
SHIFT_CLOCK = """
update private.clock
set shift = (
    select case
        when opening.opens_at <= clock_timestamp() then interval '0'
        when exists (
            select from private.contact_hours(tenants.id, null, clock_timestamp() + clock.shift, 1)
                as shifted
            where clock_timestamp() + clock.shift >= shifted.opens_at
                and clock_timestamp() + clock.shift < shifted.closes_at
        ) then clock.shift
        else opening.opens_at + interval '2 hours' - clock_timestamp()
    end
    from public.tenants
    cross join lateral private.contact_hours(tenants.id, null, clock_timestamp(), 15) as opening
    where tenants.name = %s and opening.closes_at > clock_timestamp()
    order by opening.opens_at
    limit 1
)
where exists (select 1 from public.tenants where name = %s)
returning round(extract(epoch from shift))::bigint
"""


def set_clock(server: Postgres) -> int:
    """Outside calling hours move the demo to the next lawful morning; answer the shift (s)."""
    name = next(iter(TENANTS))
    with server.connect("supabase_admin") as connection:
        row = connection.execute(SHIFT_CLOCK, (name, name)).fetchone()
    shifted = int(row[0]) if row else 0
    control(server.settings, "negociarie", "clock", {"shift_seconds": shifted})
    return shifted
