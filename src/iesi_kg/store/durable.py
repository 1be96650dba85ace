"""Turns file operations into ones that survive a power cut: fsync, atomic replacement, a lock that names its holder.

Durability follows fsync(2): a file is safe when it and the directory that names it have been synchronised.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from iesi_kg.errors import StoreBusy, StoreDamaged, StoreError, StoreFailing, StoreFull, StoreReadOnly

LOCK_POLL = 0.02
READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
READ_ONLY_TEXTS = ("Read-only file system", "Permission denied", "Operation not permitted")
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD of fcntl.h, RENAME_EXCHANGE of linux/fs.h
FAILING_TEXT = "Input/output error"
FULL_TEXTS = ("No space left", "Disk quota exceeded", "File too large", "StorageFull")


def sync_directory(path: Path) -> None:
    """Make the names inside a directory durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, each name durable in the one above."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    sync_directory(path.parent)


def sync_file(path: Path) -> None:
    """Make the content of a file durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(path: Path) -> None:
    """Make every file of a flat directory durable, then the directory."""
    for file in path.iterdir():
        sync_file(file)
    sync_directory(path)


def write_atomically(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Replace a file so that a reader, or a crash, sees the old content or the new one, never a part.

    ``mode`` is what the umask leaves of it; 0o600 keeps the file to its owner from its first byte on.
    """
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)  # one that a crash left may be open to others
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(path.parent)


def exchange(one: Path, other: Path) -> None:
    """Let two paths change what they name: in one step by renameat2(2), in three where the system has none."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is not None and not call(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE):
        return
    number = ctypes.get_errno()
    if call is not None and number not in (errno.EINVAL, errno.ENOSYS):
        raise OSError(number, os.strerror(number), str(other))
    between = other.with_name(f".{other.name}.exchanged")
    other.rename(between)
    one.rename(other)
    between.rename(one)


def link_files(source: Path, target: Path) -> None:
    """Make a folder hold what a checkpoint of the engine holds, at next to no cost."""
    for file in source.iterdir():
        if file.suffix == ".sst":  # never changed once written: the engine's own checkpoints share them so
            with suppress(OSError):  # a file system without hard links
                os.link(file, target / file.name)
                continue
        shutil.copy2(file, target / file.name)


@contextmanager
def locked(path: Path, timeout: float) -> Iterator[None]:
    """Hold an exclusive lock on a file; raises StoreBusy with the holder's process id after ``timeout`` seconds."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _acquire(handle, timeout)
        os.ftruncate(handle, 0)
        with suppress(OSError):  # a full disk must not stop the repair that makes room: the name is a courtesy
            os.pwrite(handle, b"%d\n" % os.getpid(), 0)
        yield
    finally:
        os.close(handle)


def is_held(path: Path) -> bool:
    """Whether a process holds the lock on a file; nothing is changed."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _acquire(handle: int, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise _busy(handle, timeout) from None
        time.sleep(LOCK_POLL)


def _busy(handle: int, timeout: float) -> StoreBusy:
    holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
    who = f"process {holder}" if holder.isdigit() else "another process"
    members: dict[str, object] = {"holder": int(holder)} if holder.isdigit() else {}
    return StoreBusy(
        f"{who} is writing to the store; waited {timeout:g} seconds",
        hint="try again when it has finished",
        **members,
    )


def store_error(error: Exception, path: Path) -> StoreError:
    """The error a user understands for a failure of the disk or of the engine at ``path``."""
    number = getattr(error, "errno", None)
    text = str(error)
    if isinstance(error, StoreError):
        return error
    if number in FULL or any(part in text for part in FULL_TEXTS):
        return StoreFull(
            f"no space left on the disk of {path}; nothing was changed", hint="free some space and try again"
        )
    if number in READ_ONLY or any(part in text for part in READ_ONLY_TEXTS):
        return StoreReadOnly(
            f"{path} cannot be written: {_first_line(text)}", hint="give this user write access to the folder"
        )
    if number == errno.EIO or FAILING_TEXT in text:
        return StoreFailing(
            f"the disk of {path} reports an error: {_first_line(text)}",
            hint="nothing was acknowledged; look at the disk and at the system's log before you write again",
        )
    if "lock hold by" in text or "No locks available" in text or "Resource temporarily unavailable" in text:
        return StoreBusy(f"another process has {path} open", hint="end it and try again")
    return StoreDamaged(
        f"the store at {path} cannot be read: {_first_line(text)}",
        hint="restore the folder from a backup, or move it away and load the data again",
    )


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0][:300]
