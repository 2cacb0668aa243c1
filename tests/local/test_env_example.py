"""`.env.example` names what the deployed functions read, no more and no less."""

import re

from local_platform.settings import ROOT

# Only ever set by the local stack; a deployed function refuses it unless it is on this machine.
LOCAL_ONLY = {"SIMULATORS_URL"}


def test_it_names_what_the_functions_read() -> None:
    example = (ROOT / ".env.example").read_text()
    config = (ROOT / "functions" / "kit" / "config.py").read_text()
    offered = set(re.findall(r"^(?:# )?([A-Z_]+)=", example, re.MULTILINE))
    read = set(re.findall(r'"([A-Z][A-Z_]+)"', config)) | {"WEB_ORIGIN"}
    assert offered == read - LOCAL_ONLY


def test_it_holds_no_value_that_works_anywhere() -> None:
    for line in (ROOT / ".env.example").read_text().splitlines():
        name, _, value = line.removeprefix("# ").partition("=")
        if re.fullmatch("[A-Z_]+", name):
            assert value == "" or "<" in value or "example.com" in value, line
