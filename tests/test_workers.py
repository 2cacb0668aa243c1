"""Shared among workers, the suite still runs what belongs together in one place and in order."""

import pytest

from tests.workers import FIRST, group_of


@pytest.mark.parametrize("folder", ["tests/sql", "tests/money"])
def test_a_folder_that_looks_back_on_itself_is_one_group(folder: str) -> None:
    last = f"{folder}/test_every_function.py::test_every_function_was_called"
    assert group_of(last) == group_of(f"{folder}/test_x.py::TestX::test_y[a::b]") == folder


def test_other_files_are_groups_of_their_own() -> None:
    one, other = "tests/functions/test_kit.py::test_x", "tests/functions/test_logs.py::test_x"
    assert group_of(one) != group_of(other)


def test_what_goes_first_exists(pytestconfig: pytest.Config) -> None:
    files = [name.partition("::")[0] for name in FIRST]
    assert [name for name in files if not (pytestconfig.rootpath / name).exists()] == []


def test_the_parts_of_the_browsers_specs_are_groups_of_their_own() -> None:
    parts = [name for name in FIRST if "::" in name]
    assert [group_of(name) for name in parts] == parts
    assert len(parts) == 3  # as many as tests/web/test_browser.py has
