"""Kills its own process like kill -9 right before a step on files, told by its number or by what it does to which."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

STEPS = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree", "open")


class Watch:
    """Counts the steps; a step is told as its event and the last parts of its paths, such as ``os.rename a b``."""

    def __init__(self, wanted: str) -> None:
        self.steps = 0
        self._wanted = wanted
        sys.addaudithook(self._see)

    def _see(self, event: str, arguments: tuple[object, ...]) -> None:
        if event not in STEPS or (event == "open" and not _writes(arguments)):
            return
        self.steps += 1
        names = [Path(os.fsdecode(each)).name for each in arguments[:2] if isinstance(each, str | bytes | Path)]
        if self._wanted in (str(self.steps), " ".join([event, *names])):
            os.kill(os.getpid(), signal.SIGKILL)


def _writes(arguments: tuple[object, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
