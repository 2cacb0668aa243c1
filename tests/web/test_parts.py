"""The page's parts alone: what `web/src` says of itself in Vitest."""

from tests.web.test_browser import run


def test_the_parts_of_the_page_hold() -> None:
    run("vitest/vitest.mjs", "run")
