"""The page's parts alone: what `web/src` says of itself in Vitest."""

from tests.web.test_browser import run


def test_the_parts_of_the_page_hold() -> None:
    ran = run("vitest/vitest.mjs", "run")
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr[-5_000:]
