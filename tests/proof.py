"""How hard a proof tries: short in `make test`, long in `make prove`, decided in this one place.

A proof is a test whose strength is a count: generated examples, rounds of kills, races.

    @pytest.mark.proof
    @settings(max_examples=examples(60, 2_000), deadline=None)
    def test_...

`make prove` sets PROVE and runs what carries the mark, and nothing else.
"""

import os

PROVING = os.environ.get("PROVE", "") not in ("", "0")


def examples(default: int, prove: int) -> int:
    """How many examples (or rounds) to try: `default` in seconds, `prove` in minutes."""
    return prove if PROVING else default
