"""The deployed unit keeps its shape: what is listed, what may know what, and how long a file is."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kit import errors
from local_platform.settings import ROOT

FUNCTIONS = ROOT / "functions"
ENTRIES = sorted(path for path in FUNCTIONS.glob("*.py") if path.name != "main.py")
MODULES = sorted(FUNCTIONS.rglob("*.py"))
KIT = {"__init__", "config", "db", "errors", "http", "log"}
FUNCTION_LINES, ADAPTER_LINES = 65, 410  # the house's soft sizes of 60 and 400, and some mercy


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_every_function_is_in_the_table_of_contents() -> None:
    listed = importlib.import_module("main").__all__
    assert sorted(listed) == [path.stem for path in ENTRIES]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(FUNCTIONS)))
def test_no_deployed_module_knows_the_local_stack(path: Path) -> None:
    assert not imports_of(path) & {"local_platform", "tests"}


@pytest.mark.parametrize("path", ENTRIES, ids=lambda path: path.stem)
def test_functions_do_not_import_functions_and_are_short(path: Path) -> None:
    assert not imports_of(path) & {other.stem for other in ENTRIES}
    assert path.stem not in sys.stdlib_module_names
    assert len(path.read_text().splitlines()) <= FUNCTION_LINES


def test_the_kit_is_a_closed_list_without_a_word_of_the_domain() -> None:
    assert {path.stem for path in (FUNCTIONS / "kit").glob("*.py")} == KIT
    for path in (FUNCTIONS / "kit").glob("*.py"):
        words = path.read_text().lower()
        assert not {word for word in ("gupshup", "debt", "disposition") if word in words}


def test_only_the_configuration_reads_the_environment() -> None:
    readers = [path.stem for path in MODULES if "os.environ" in path.read_text()]
    assert readers == ["config"]


def test_adapters_reach_neither_the_database_nor_a_client_of_their_own() -> None:
    for path in (FUNCTIONS / "providers").glob("*.py"):
        assert not imports_of(path) & {"psycopg", "httpx", "aiohttp", "requests", "urllib"}
        assert "import db" not in path.read_text()
        assert len(path.read_text().splitlines()) <= ADAPTER_LINES


def test_a_cold_start_loads_nothing_that_only_a_request_needs() -> None:
    heavy = ["httpx", "aiohttp", "psycopg", "jwt", "polars", "pydantic", "fastexcel"]
    heavy += ["cryptography", "fpdf", "segno"]
    program = f"import main, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=FUNCTIONS, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_code_of_the_kit_is_in_the_register() -> None:
    register = (ROOT / "docs" / "error_codes.md").read_text()
    section = register.partition("## Answered by functions")[2].partition("\n## ")[0]
    told = set(re.findall(r"^\| `([a-z_]+)` \| (\d{3}) ", section, re.MULTILINE))
    kinds: list[type[errors.AppError]] = [errors.AppError, *errors.AppError.__subclasses__()]
    ours = {
        (kind.code, str(kind.status))
        for kind in kinds
        if kind.__module__ == "kit.errors" and kind is not errors.RefusedByDatabase
    }
    assert told == ours | {("internal", "500")}


def test_the_example_of_the_environment_names_every_setting_of_a_deployment() -> None:
    read = set(re.findall(r'"([A-Z_]{8,})"', (FUNCTIONS / "kit" / "config.py").read_text()))
    example = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"^(?:# )?([A-Z_]+)=", example, re.MULTILINE))
    assert named == read - {"SIMULATORS_URL"}  # only the local stack has simulators
