"""Reads the audit log and the tokens of a store folder, or a backup, and says what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from iesi_kg.errors import StoreError
from iesi_kg.operations import backup, backup_files
from iesi_kg.operations.audit import AuditLog, carried_out
from iesi_kg.operations.tokens import FOLDER, Tokens
from iesi_kg.store.soundness import RESTORE, Fault
from iesi_kg.store.versions import Layout, read_current

_BEHIND = 1  # an entry is written before the change that it tells of


@dataclass(frozen=True, slots=True)
class Verified:
    """What was read, and what is wrong with it."""

    place: str
    faults: tuple[Fault, ...]

    @property
    def is_damaged(self) -> bool:
        """Whether anything is wrong that matters."""
        return any(not fault.slight for fault in self.faults)

    @property
    def exit_code(self) -> int:
        return int(self.is_damaged)

    def document(self) -> dict[str, object]:
        """The same for programs."""
        return {"place": self.place, "sound": not self.is_damaged, "faults": [asdict(fault) for fault in self.faults]}


def verified_backup(place: Path) -> Verified:
    """Read a backup whole. Raises BackupUnusable where it has no manifest that can be read."""
    source = backup.found(place)
    content = backup_files.read(source)
    wrong = backup_files.check(source, content)
    remedy = "use another backup; `iesi-kg backup` makes a new one, which takes nothing over from this file"
    return Verified(str(source), tuple(Fault(path, "is missing or not what was written", remedy) for path in wrong))


def faults(root: Path) -> Iterator[Fault]:
    """What is wrong with who may do what, and what was done."""
    try:
        Tokens(root).all()
    except StoreError as error:
        yield Fault(f"{FOLDER}/tokens.json", error.detail, error.hint or RESTORE)
    log = AuditLog(root)
    try:
        log.verify()
        entries = list(log.entries())
    except StoreError as error:
        yield Fault(f"{FOLDER}/audit.log", error.detail, error.hint or RESTORE)
        return
    told = [entry.version for entry, done in zip(entries, carried_out(entries), strict=True) if done and entry.version]
    try:
        number = read_current(Layout(root)).number
    except StoreError:
        return
    if told and max(told) > number + _BEHIND and all(entry.act.what != "restore" for entry in entries):
        yield Fault(
            f"{FOLDER}/audit.log",
            f"it tells of version {max(told)}, the store stands at {number}: an older state was put in its place",
            "find out who did it; `iesi-kg restore` with the newest backup, or go on from here",
        )
