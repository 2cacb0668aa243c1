"""Where a stack that may forget keeps its data: in memory, where the machine has the room.

A copy of the seeded database is eleven hundred files. On a disk that cost 0.5 s of the processor,
in memory 0.05 s (measured side by side), and hundreds of tests ask for one.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there is ours alone, mode 0700
MEMINFO = Path("/proc/meminfo")
PREFIX = "cobranca-test"
# A stack grows to a few hundred MB; three workers have one each, some tests another.
ROOM_BYTES = 4 * 2**30


def free_bytes() -> int:
    """What memory has left, and the folder with it; 0 where there is no such folder."""
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return 0
    kilobytes = {
        name: int(rest.split()[0])
        for name, _, rest in (line.partition(":") for line in MEMINFO.read_text().splitlines())
    }
    return min(shutil.disk_usage(MEMORY).free, kilobytes["MemAvailable"] * 1024)


def sweep() -> None:
    """Remove what runs that were killed have left."""
    for folder in MEMORY.glob(f"{PREFIX}-*"):
        pid = folder.name.split("-")[2]
        if not Path("/proc", pid).exists():
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def quick_folder(elsewhere: Path) -> Iterator[Path]:
    """A folder in memory that ends with the block, or `elsewhere` where memory is scarce."""
    if free_bytes() < ROOM_BYTES:
        yield elsewhere
        return
    sweep()
    prefix = f"{PREFIX}-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=MEMORY) as folder:
        yield Path(folder)
