"""Backs up, restores or compacts a store and kills itself like kill -9 before one of its steps on files.

Arguments: the store, what to do, the backup, and the step: a number, or a word that stands in its description.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from iesi_kg.operations import backup, compaction, restore
from iesi_kg.operations.audit import Act
from iesi_kg.store.embedded import EmbeddedStore

AT = datetime(2026, 11, 25, tzinfo=UTC)
STEPS = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.link", "shutil.rmtree", "open")
LAST = {"last file": "open manifest.json", "exchange": "ctypes.dlsym renameat2"}
steps = 0


def watch(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: a step is told as its event and the last parts of its paths."""
    global steps
    if event not in (*STEPS, "ctypes.dlsym") or (event == "open" and not _writes(arguments)):
        return
    steps += event in STEPS
    names = [Path(os.fsdecode(each)).name for each in arguments if isinstance(each, str | bytes | Path)]
    if wanted == str(steps) or LAST.get(wanted, wanted) in " ".join([event, *names]):
        os.kill(os.getpid(), signal.SIGKILL)


def _writes(arguments: tuple[object, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


store, action, place, wanted = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4]
if action == "backup" and place.suffix == ".tar":
    LAST["last file"] = "os.rename .one.tar.new"
sys.addaudithook(watch)
if action == "backup":
    backup.make(store, backup.Wish(place, AT))
elif action == "restore":
    restore.restore(place, restore.Wish(store, "anna", AT, replace=True))
else:
    opened = EmbeddedStore.open(store)
    compaction.compact(opened, None, Act("anna", "command", "compaction", AT), 0.0)
    opened.close()
sys.stdout.write(f"{steps}\n")
