"""Table of contents: every function that is deployed, by its import.

A deployed name has `-` for `_`, and `3cplus` for `threecplus`: no identifier begins with a digit.
"""

from batch_results import batch_results
from charge_document import charge_document
from fetch_media import fetch_media
from gupshup_webhook import gupshup_webhook
from invite_person import invite_person
from message_media import message_media
from meta_webhook import meta_webhook
from negociarie_callback import negociarie_callback
from negociarie_charge import negociarie_charge
from portfolio_export import portfolio_export
from portfolio_import import portfolio_import
from portfolio_rejects import portfolio_rejects
from portfolio_resume import portfolio_resume
from privacy_export import privacy_export
from reconcile_payments import reconcile_payments
from run_automations import run_automations
from send_file import send_file
from send_message import send_message
from send_notifications import send_notifications
from sent_media import sent_media
from statement_document import statement_document
from sync_templates import sync_templates
from test_integration import test_integration
from threecplus_agent import threecplus_agent
from threecplus_campaigns import threecplus_campaigns
from threecplus_export import threecplus_export
from threecplus_reconcile import threecplus_reconcile
from threecplus_webhook import threecplus_webhook
from whatsapp_webhook import whatsapp_webhook

__all__ = [
    "batch_results",
    "charge_document",
    "fetch_media",
    "gupshup_webhook",
    "invite_person",
    "message_media",
    "meta_webhook",
    "negociarie_callback",
    "negociarie_charge",
    "portfolio_export",
    "portfolio_import",
    "portfolio_rejects",
    "portfolio_resume",
    "privacy_export",
    "reconcile_payments",
    "run_automations",
    "send_file",
    "send_message",
    "send_notifications",
    "sent_media",
    "statement_document",
    "sync_templates",
    "test_integration",
    "threecplus_agent",
    "threecplus_campaigns",
    "threecplus_export",
    "threecplus_reconcile",
    "threecplus_webhook",
    "whatsapp_webhook",
]
