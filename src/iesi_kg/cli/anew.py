"""Begins a process anew where the C library must be told what it reads at the start of a process only."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from iesi_kg import settings
from iesi_kg.store import allocator


def with_room() -> None:
    """Have this process, and all that it starts, keep freed memory at hand: the engine takes and leaves much of it.

    The process stays the same to whoever started it. What cannot be begun anew goes on as it is.
    """
    variables = allocator.roomy(settings.environment({}))
    if variables is not None and sys.executable:
        with suppress(OSError):
            os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], variables)
