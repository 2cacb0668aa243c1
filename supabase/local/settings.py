"""Where a stack lives, which ports it has, and the secrets it made for itself."""

import json
import os
import secrets
import sysconfig
import tomllib
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import jwt

from local_platform.errors import StackError
from local_platform.ports import LOOPBACK as LOOPBACK
from local_platform.ports import Ports

ROOT = Path(__file__).resolve().parents[2]
# A year: these tokens never leave the gateway, and the stack is restarted more often than that.
API_TOKEN_SECONDS = 365 * 24 * 3600
DATABASE_NAME = "postgres"


def config_toml(root: Path = ROOT) -> dict[str, Any]:
    """The Supabase CLI's own file: ports, exposed schemas, auth rules."""
    with (root / "supabase" / "config.toml").open("rb") as file:
        return tomllib.load(file)


@dataclass(frozen=True)
class Secrets:
    """Made once per data folder, kept in `secrets.json` readable by the owner alone."""

    publishable_key: str
    secret_key: str
    jwt_secret: str
    jobs_key: str
    vault_key: str
    superuser_password: str
    postgres_password: str
    authenticator_password: str
    auth_password: str
    functions_password: str

    @classmethod
    def of(cls, folder: Path) -> Self:
        path = folder / "secrets.json"
        stored = json.loads(path.read_text()) if path.exists() else {}
        prefixes = {"publishable_key": "sb_publishable_", "secret_key": "sb_secret_"}
        made = {
            item.name: stored.get(item.name)
            # 32 bytes: HS256 asks for a key as long as its hash.
            or prefixes.get(item.name, "") + secrets.token_urlsafe(32)
            for item in fields(cls)
        }
        if made != stored:
            draft = path.with_suffix(".new")
            draft.touch(mode=0o600)
            draft.write_text(json.dumps(made, indent=2))
            draft.replace(path)
        return cls(**made)

    def api_token(self, role: str) -> str:
        """The JWT that an API key stands for (`anon` or `service_role`)."""
        import time

        now = int(time.time())
        claims = {"iss": "supabase", "role": role, "iat": now, "exp": now + API_TOKEN_SECONDS}
        return jwt.encode(claims, self.jwt_secret, algorithm="HS256")


@dataclass(frozen=True)
class Platform:
    """One stack. Internal ports are the machine's choice; only `port` is promised to anyone."""

    data: Path
    port: int
    postgres_port: int
    auth_port: int
    rest_port: int
    functions_port: int
    simulators_port: int
    durable: bool = True
    database: str = DATABASE_NAME
    root: Path = ROOT
    # Keeps the numbers above; a child, which gets the numbers alone, has an empty one.
    ports: Ports = field(default_factory=Ports, repr=False, compare=False)

    @classmethod
    def create(cls, data: Path, port: int, *, durable: bool = True) -> Self:
        """`port` 0 takes any free one. `durable=False` trades crash safety for speed, in tests."""
        data.mkdir(parents=True, exist_ok=True)
        ports = Ports()
        return cls(
            data=data.resolve(),
            port=promised_port(ports, port) if port else ports.any(),
            postgres_port=remembered_port(ports, data / "postgres.port"),
            auth_port=ports.any(),
            rest_port=ports.any(),
            functions_port=ports.any(),
            simulators_port=ports.any(),
            durable=durable,
            ports=ports,
        )

    @cached_property
    def secrets(self) -> Secrets:
        return Secrets.of(self.data)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def database_url(self, user: str = "postgres", database: str | None = None) -> str:
        passwords = {
            "postgres": self.secrets.postgres_password,
            "supabase_admin": self.secrets.superuser_password,
            "authenticator": self.secrets.authenticator_password,
            "supabase_auth_admin": self.secrets.auth_password,
            "functions": self.secrets.functions_password,
        }
        where = f"{LOOPBACK}:{self.postgres_port}/{database or self.database}"
        return f"postgresql://{user}:{passwords[user]}@{where}"

    def environment(self) -> dict[str, str]:
        """What `.local/env` holds: all that a program needs to talk to this stack."""
        return {
            "SUPABASE_URL": self.url,
            "SUPABASE_PUBLISHABLE_KEY": self.secrets.publishable_key,
            "SUPABASE_SECRET_KEY": self.secrets.secret_key,
            "SUPABASE_JWT_SECRET": self.secrets.jwt_secret,
            "JOBS_KEY": self.secrets.jobs_key,
            "DATABASE_URL": self.database_url(),
            "FUNCTIONS_DATABASE_URL": self.database_url("functions"),
        }

    def write_environment(self) -> None:
        path = self.data / "env"
        draft = path.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text("".join(f"{k}={v}\n" for k, v in self.environment().items()))
        draft.replace(path)

    def to_json(self) -> str:
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        del values["ports"]
        return json.dumps({k: str(v) if isinstance(v, Path) else v for k, v in values.items()})

    @classmethod
    def from_json(cls, text: str) -> Self:
        values = json.loads(text)
        return cls(**{**values, "data": Path(values["data"]), "root": Path(values["root"])})


def promised_port(ports: Ports, port: int) -> int:
    try:
        return ports.take(port)
    except StackError as error:
        raise in_use(port) from error


def in_use(port: int) -> StackError:
    return StackError(
        f"port {port} is in use: end what listens there, or choose another with `make up PORT=…`"
    )


def remembered_port(ports: Ports, path: Path) -> int:
    """The port of last time if nobody has it, so that a saved DATABASE_URL keeps working."""
    if path.exists():
        try:
            return ports.take(int(path.read_text()))
        except StackError:
            pass
    port = ports.any()
    path.write_text(str(port))
    return port


def node_program() -> str | None:
    """The path of a Node ≥ 20: the system's, else the one in the virtual environment."""
    import shutil
    import subprocess

    scripts = Path(sysconfig.get_path("scripts"))
    for candidate in (shutil.which("node"), str(scripts / "node")):
        if candidate is None or not os.access(candidate, os.X_OK):
            continue
        answer = subprocess.run(
            [candidate, "--version"], capture_output=True, text=True, check=False, timeout=20
        )
        if answer.returncode == 0 and int(answer.stdout.lstrip("v").split(".")[0]) >= 20:
            return candidate
    return None
