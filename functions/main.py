"""Table of contents: every function that is deployed, by its import."""

from gupshup_webhook import gupshup_webhook
from portfolio_import import portfolio_import
from run_automations import run_automations

__all__ = ["gupshup_webhook", "portfolio_import", "run_automations"]
