"""Table of contents: every function that is deployed, by its import."""

from gupshup_webhook import gupshup_webhook
from meta_webhook import meta_webhook
from negociarie_callback import negociarie_callback
from negociarie_charge import negociarie_charge
from portfolio_export import portfolio_export
from portfolio_import import portfolio_import
from portfolio_rejects import portfolio_rejects
from reconcile_payments import reconcile_payments
from run_automations import run_automations

__all__ = [
    "gupshup_webhook",
    "meta_webhook",
    "negociarie_callback",
    "negociarie_charge",
    "portfolio_export",
    "portfolio_import",
    "portfolio_rejects",
    "reconcile_payments",
    "run_automations",
]
