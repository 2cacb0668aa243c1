"""Table of contents: every function that is deployed, by its import."""

from gupshup_webhook import gupshup_webhook
from run_automations import run_automations

__all__ = ["gupshup_webhook", "run_automations"]
