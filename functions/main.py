"""Table of contents: every function that is deployed, by its import."""

from charge_document import charge_document
from gupshup_webhook import gupshup_webhook
from negociarie_callback import negociarie_callback
from negociarie_charge import negociarie_charge
from portfolio_export import portfolio_export
from portfolio_import import portfolio_import
from portfolio_rejects import portfolio_rejects
from portfolio_resume import portfolio_resume
from reconcile_payments import reconcile_payments
from run_automations import run_automations
from send_message import send_message
from statement_document import statement_document

__all__ = [
    "charge_document",
    "gupshup_webhook",
    "negociarie_callback",
    "negociarie_charge",
    "portfolio_export",
    "portfolio_import",
    "portfolio_rejects",
    "portfolio_resume",
    "reconcile_payments",
    "run_automations",
    "send_message",
    "statement_document",
]
