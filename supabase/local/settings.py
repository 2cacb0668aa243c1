"""Where a stack lives, which ports it has, and the secrets it made for itself."""

import json
import os
import secrets
import socket
import sysconfig
import tomllib
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import jwt

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
# A year: these tokens never leave the gateway, and the stack is restarted more often than that.
API_TOKEN_SECONDS = 365 * 24 * 3600
DATABASE_NAME = "postgres"


def free_port() -> int:
    """A port nobody listens on at this moment, on loopback."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


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

    @classmethod
    def create(cls, data: Path, port: int, *, durable: bool = True) -> Self:
        """`port` 0 takes any free one. `durable=False` trades crash safety for speed, in tests."""
        data.mkdir(parents=True, exist_ok=True)
        return cls(
            data=data.resolve(),
            port=port or free_port(),
            postgres_port=remembered_port(data / "postgres.port"),
            auth_port=free_port(),
            rest_port=free_port(),
            functions_port=free_port(),
            simulators_port=free_port(),
            durable=durable,
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
        plain = {k: str(v) if isinstance(v, Path) else v for k, v in asdict(self).items()}
        return json.dumps(plain)

    @classmethod
    def from_json(cls, text: str) -> Self:
        values = json.loads(text)
        return cls(**{**values, "data": Path(values["data"]), "root": Path(values["root"])})


def remembered_port(path: Path) -> int:
    """The port of last time if it is still free, so that a saved DATABASE_URL keeps working."""
    if path.exists() and is_free(int(path.read_text())):
        return int(path.read_text())
    port = free_port()
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
