"""Every address that a provider posts to has a test that posts anything at all to it."""

import pytest

import main
from local_platform.settings import ROOT

# Where each is fuzzed: whatever the body, never a 5xx, and nothing stored is stuck.
FUZZED = {
    "gupshup_webhook": "functions/test_gupshup_webhook.py::test_no_body_whatever_makes_it_fail",
    "meta_webhook": "messaging/test_meta_webhook.py::test_no_signed_body_whatever_makes_it_fail",
    "negociarie_callback": (
        "functions/test_negociarie_callback.py::test_no_body_whatever_makes_it_fail"
    ),
    "whatsapp_webhook": (
        "messaging/test_third_provider.py::test_no_signed_body_whatever_makes_it_fail"
    ),
    "threecplus_webhook": "dialer/test_webhook.py::test_no_body_whatever_makes_it_fail",
}


def test_every_webhook_is_fuzzed() -> None:
    posted_to = {name for name in main.__all__ if name.endswith(("_webhook", "_callback"))}
    assert posted_to == FUZZED.keys()


@pytest.mark.parametrize("name", sorted(FUZZED))
def test_its_fuzz_exists_and_refuses_a_5xx(name: str) -> None:
    file, _, test = FUZZED[name].partition("::")
    body = (ROOT / "tests" / file).read_text().partition(f"def {test}(")[2].partition("\ndef ")[0]
    assert "@given" in body
    # The answers it accepts are listed, and none of them is the server's fault.
    assert "status_code in (" in body
    assert "50" not in body.partition("status_code in (")[2].partition(")")[0]
