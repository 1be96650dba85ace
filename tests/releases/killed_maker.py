"""Makes a release or erases a record, and kills itself like kill -9 right before one of its steps on files.

Arguments: the store, ``release`` or ``erase``, and either a step as it is described below or its number (0: none).
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from pyoxigraph import NamedNode

from iesi_kg.publication import erasure, release
from iesi_kg.publication.release_shelf import Shelf
from iesi_kg.store.embedded import EmbeddedStore

AT = datetime(2026, 11, 25, tzinfo=UTC)
STEPS = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree", "open")
steps = 0


def watch(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: a step is told as its event and the last parts of its paths."""
    global steps
    if event not in STEPS or (event == "open" and not _writes(arguments)):
        return
    steps += 1
    names = [Path(os.fsdecode(each)).name for each in arguments[:2] if isinstance(each, str | bytes | Path)]
    if wanted in (str(steps), " ".join([event, *names])):
        os.kill(os.getpid(), signal.SIGKILL)


def _writes(arguments: tuple[object, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


store, action, wanted = sys.argv[1:]
opened = EmbeddedStore.open(Path(store))
sys.addaudithook(watch)
if action == "release":
    release.make(opened, Shelf(Path(store)), "2026.3", at=AT)
else:
    thing = NamedNode("https://w3id.org/iesi-kg/id/initiative/alpha-lisboa")
    erasure.erase(opened, Shelf(Path(store)), erasure.Order(thing, "a test", AT))
opened.close()
sys.stdout.write(f"{steps}\n")
