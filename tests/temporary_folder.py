"""Where tests keep their files: in memory where there is room, so that no test waits for a disk to be sure."""

from __future__ import annotations

import os
from pathlib import Path

NEEDED = 6 << 30  # three times what a whole run was seen to hold at once
FOLDER = Path("/dev/shm")


def roomy_memory() -> str | None:
    """The folder of the system that lives in memory, unless it is small, absent or forbids to run programs.

    A killed process loses nothing there that it would keep on a disk: that needs the kernel alive, not the disk.
    """
    try:
        found = os.statvfs(FOLDER)
        free = Path("/proc/meminfo").read_text(encoding="ascii").split("MemAvailable:")[1].split()[0]
    except (OSError, IndexError):
        return None
    roomy = min(found.f_bavail * found.f_frsize, int(free) * 1024) >= NEEDED
    return str(FOLDER) if roomy and not found.f_flag & os.ST_NOEXEC and os.access(FOLDER, os.W_OK) else None
