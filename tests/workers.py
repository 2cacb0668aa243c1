"""How `make test` shares the suite among workers, each of which has a stack of its own.

Two cores are kept busy by three workers, because tests also wait: for a lease, a receipt, a page.
What belongs together stays together and in order on one worker; what lasts longest begins first.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Folders whose last test looks back on all the others (tests/*/test_every_function.py).
WHOLE_FOLDERS = ("tests/sql", "tests/money")
# These share a prepared data folder, which takes a whole start of the stack to make.
TOGETHER = {"tests/local/test_ports.py": "tests/local/test_lifecycle.py"}
BROWSER = "tests/web/test_browser.py"
# By what they last on a quiet machine. Each part of the browser's tests leaves its worker room for
# a second group in advance, which must not wait behind it for long: short ones stand behind them.
FIRST = (
    f"{BROWSER}::test_people_work_in_a_browser[1/3]",  # minutes
    f"{BROWSER}::test_people_work_in_a_browser[2/3]",
    f"{BROWSER}::test_people_work_in_a_browser[3/3]",
    "tests/sql",
    "tests/portfolio/test_cells.py",  # seconds, and no stack
    "tests/providers/test_negociarie_answers.py",
    "tests/money",
    "tests/functions/test_run_automations.py",
    "tests/local/test_lifecycle.py",
    "tests/portfolio/test_dialects.py",
    "tests/flow/test_chaos.py",
)


def group_of(nodeid: str) -> str:
    """`tests/sql` for all of that folder, else the file's path; of the browser's, the test."""
    path = nodeid.partition("::")[0]
    if path == BROWSER:
        return nodeid
    for folder in WHOLE_FOLDERS:
        if path.startswith(f"{folder}/"):
            return folder
    return TOGETHER.get(path, path)


class ByGroup(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Whole groups, in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByGroup:
    config.option.loadscopereorder = False
    return ByGroup(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> object:
    """Long groups first; a run without workers keeps the order of the files."""
    answer = yield
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: rank(group_of(item.nodeid)))
    return answer


def rank(group: str) -> int:
    return FIRST.index(group) if group in FIRST else len(FIRST)
