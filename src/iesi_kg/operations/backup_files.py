"""The files of a backup, written to a folder or to a tar archive and read from either, each held against its digest.

A folder shares what did not change with the backup before it by hard links. Archives: POSIX pax, as ``tarfile`` writes
it (https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html), compressed when the name ends in ``gz``.
"""

from __future__ import annotations

import io
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import BadGzipFile
from hashlib import sha256
from pathlib import Path
from typing import IO

from iesi_kg.errors import BackupUnusable
from iesi_kg.operations import backup_manifest as manifests
from iesi_kg.operations.backup_manifest import Item, Manifest
from iesi_kg.store.durable import store_error, sync_directory

ARCHIVES = (".tar", ".tar.gz", ".tgz")
_CHUNK = 1 << 20
_LONGEST_MANIFEST = 200_000_000
_CUT = (tarfile.TarError, EOFError, zlib.error, BadGzipFile)


def is_archive(path: Path) -> bool:
    """Whether a backup of this name is one file.

    >>> is_archive(Path("a.tar.gz")), is_archive(Path("backups"))
    (True, False)
    """
    return path.name.endswith(ARCHIVES)


def listed(folder: Path) -> tuple[Item, ...]:
    """Every file below a folder with its digest, in the order of their paths."""
    return tuple(_item(folder, path) for path in sorted(folder.rglob("*")) if path.is_file())


def write_folder(source: Path, manifest: Manifest, target: Path, before: Path | None) -> int:
    """Copy the files into a new folder, those that the backup ``before`` has too by link; says how many were linked.

    What is linked was read: a file that has changed in that backup is copied anew.
    """
    target.mkdir(mode=0o700)
    known = {} if before is None else {item.sha256: before / item.path for item in read(before).items}
    folders, linked = {target}, 0
    for item in manifest.items:
        path = target / item.path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folders.update(parent for parent in path.parents if target in parent.parents)
        if item.sha256 in known and _linked(known[item.sha256], path, item):
            linked += 1
        else:
            with (source / item.path).open("rb") as stream:
                written(stream, path, 0o600)
    written(io.BytesIO(manifest.encode()), target / manifests.NAME, 0o600)
    for folder in folders:
        sync_directory(folder)
    return linked


def write_archive(source: Path, manifest: Manifest, target: Path) -> None:
    """Write the files into one new file that its owner alone can read."""
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        way = "w:gz" if target.name.removesuffix(".new").endswith("gz") else "w:"
        with tarfile.open(fileobj=file, mode=way, format=tarfile.PAX_FORMAT) as archive:  # type: ignore[call-overload]
            _add(archive, manifests.NAME, io.BytesIO(manifest.encode()), len(manifest.encode()))
            for item in manifest.items:
                with (source / item.path).open("rb") as stream:
                    _add(archive, item.path, stream, item.bytes)
        file.flush()
        os.fsync(file.fileno())


def read(backup: Path) -> Manifest:
    """The manifest of a backup. Raises BackupUnusable, StoreError."""
    try:
        if backup.is_dir():
            return manifests.decode((backup / manifests.NAME).read_bytes(), str(backup))
        with _archive(backup) as archive:
            first = archive.next()
            if first is None or first.name != manifests.NAME or first.size > _LONGEST_MANIFEST:
                raise manifests.damaged(str(backup), f"it does not begin with {manifests.NAME}")
            return manifests.decode(_bytes(archive, first), str(backup))
    except FileNotFoundError:
        why = "it has no manifest: it was never finished, or is no backup" if backup.exists() else "it is not there"
        raise BackupUnusable(
            f"{backup} cannot be used: {why}", hint="name a folder or file of `iesi-kg backup`"
        ) from None
    except OSError as error:
        raise store_error(error, backup) from error


def check(backup: Path, manifest: Manifest) -> list[str]:
    """Read every file of a backup; the paths of those that are missing, or not what was written."""
    wrong = {item.path for item in manifest.items}
    try:
        for item, stream in streams(backup, manifest):
            if _digest(stream) == item.sha256:
                wrong.discard(item.path)
    except (*_CUT, OSError, BackupUnusable):  # cut: what comes after is missing
        return sorted(wrong)
    return sorted(wrong)


def streams(backup: Path, manifest: Manifest) -> Iterator[tuple[Item, IO[bytes]]]:
    """Each file that is there, open; of an archive in the order in which they stand."""
    if backup.is_dir():
        for item in manifest.items:
            path = backup / item.path
            if path.is_file() and os.access(path, os.R_OK):
                with path.open("rb") as stream:
                    yield item, stream
        return
    known = {item.path: item for item in manifest.items}
    with _archive(backup) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() and member.name in known else None
            if content is not None:
                yield known[member.name], content


def written(stream: IO[bytes], path: Path, mode: int) -> str:
    """Write a new file and make it durable; its digest. Raises BackupUnusable where an archive ends before it."""
    digest = sha256()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "wb") as file:
        while chunk := _read(stream, path):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # what is checked later comes from the disk
    return digest.hexdigest()


def _read(stream: IO[bytes], path: Path) -> bytes:
    try:
        return stream.read(_CHUNK)
    except _CUT:
        raise manifests.damaged(path.name, "the archive is cut, or a part of it changed") from None


def _linked(known: Path, path: Path, item: Item) -> bool:
    try:
        with known.open("rb") as stream:
            if _digest(stream) != item.sha256:
                return False
        os.link(known, path)
    except OSError:
        return False
    return True


def _item(folder: Path, path: Path) -> Item:
    facts = path.stat()
    with path.open("rb") as stream:
        return Item(path.relative_to(folder).as_posix(), facts.st_size, _digest(stream), facts.st_mode & 0o777)


def _digest(stream: IO[bytes]) -> str:
    found = sha256()
    while chunk := stream.read(_CHUNK):
        found.update(chunk)
    return found.hexdigest()


def _add(archive: tarfile.TarFile, name: str, stream: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    archive.addfile(member, stream)


@contextmanager
def _archive(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:*") as archive:
            yield archive
    except _CUT as error:
        why = str(error).partition(":")[0]  # the first line: each way to unpack it is named in the others
        raise manifests.damaged(str(path), f"the archive cannot be read, if it is one: {why}") from None


def _bytes(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    return b"" if stream is None else stream.read()
