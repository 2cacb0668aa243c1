"""Table of contents: every function that is deployed, by its import."""

from gupshup_webhook import gupshup_webhook
from portfolio_export import portfolio_export
from portfolio_import import portfolio_import
from portfolio_rejects import portfolio_rejects
from run_automations import run_automations

__all__ = [
    "gupshup_webhook",
    "portfolio_export",
    "portfolio_import",
    "portfolio_rejects",
    "run_automations",
]
