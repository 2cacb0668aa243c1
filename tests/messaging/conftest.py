"""Bulk sends and talks on a real database of the test's own, both providers simulated."""

from tests.messaging.office import office
from tests.messaging.rig import rig
from tests.simulators import whatsapp_phones

__all__ = ["office", "rig", "whatsapp_phones"]
