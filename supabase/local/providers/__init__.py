"""A faithful simulator of each provider, one file each, mounted under /simulators/<provider>/."""

from pathlib import Path
from typing import Protocol


class Platform(Protocol):
    """What a simulator may know of the stack it runs in."""

    @property
    def data(self) -> Path: ...
