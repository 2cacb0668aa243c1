"""Bulk sends and talks on a real database of the test's own, both providers simulated."""

from tests.messaging.rig import rig
from tests.simulators import whatsapp_phones

__all__ = ["rig", "whatsapp_phones"]
