"""A zip archive to the files in it, bounded before anything is unpacked (APPNOTE.TXT of PKWARE, 4.3 and 4.4)."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import PurePosixPath

from iesi_kg.errors import FileTooLarge, UnreadableFile
from iesi_kg.ingest.characters import shown
from iesi_kg.records import SourceFile
from iesi_kg.vocabulary.told import say

MOST_UNPACKED = 100 * 1024 * 1024
MOST_FILES = 1_000
_HIGHEST_RATIO = 100
_SMALL = 1024 * 1024  # below it, a high ratio does no harm
_ENCRYPTED = 0x1
_LINK = 0xA000
# What the zip reader raises on an archive that is damaged, cut short or written by a later standard.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
_NOT_DATA = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
_NAMED = 5
_DAY = (1980, 1, 1, 0, 0, 0)


class Package:
    """An opened archive whose sizes and names were looked at. ``what`` is what messages call it."""

    def __init__(self, source: SourceFile, what: str = "archive") -> None:
        self.source, self._what = source, what
        with self._undamaged():
            self._zip = zipfile.ZipFile(BytesIO(source.content))
            items = self._zip.infolist()
        self._items = {item.filename: item for item in items}
        self._bounded(items)
        self._named(items)

    @property
    def names(self) -> list[str]:
        """The names of what is in it, folders left out."""
        return [name for name, item in self._items.items() if not item.is_dir()]

    def read(self, name: str) -> bytes:
        """The bytes of one entry. Raises UnreadableFile.

        It is read in pieces: read at once, an entry that is longer than it says would be unpacked whole.
        """
        return b"".join(self.pieces(name))

    def pieces(self, name: str, size: int = 1 << 16) -> Iterator[bytes]:
        """The bytes of one entry, piece by piece. Raises UnreadableFile."""
        with self._undamaged():
            stream = self._zip.open(name)
        while True:
            with self._undamaged():
                piece = stream.read(size)
            if not piece:
                return
            yield piece

    @contextmanager
    def _undamaged(self) -> Iterator[None]:
        try:
            yield
        except _DAMAGED:
            raise UnreadableFile(
                f"{self.source.name} is a damaged {self._what}: it was cut short or changed on the way",
                hint=say("unreadable-file.remedy.again"),
            ) from None

    def _bounded(self, items: list[zipfile.ZipInfo]) -> None:
        """Refuse what would unpack to an absurd size; no entry ever unpacks to more than it says here."""
        name = self.source.name
        unpacked = sum(item.file_size for item in items)
        if unpacked > max(MOST_UNPACKED, len(self.source.content)):
            raise FileTooLarge(
                f"{name} unpacks to {unpacked:,} bytes; the limit is {MOST_UNPACKED:,}",
                hint=say("unreadable-file.remedy.trim"),
                limit=MOST_UNPACKED,
            )
        for item in items:
            ratio = item.file_size // max(item.compress_size, 1)
            if item.file_size > _SMALL and ratio > _HIGHEST_RATIO:
                raise FileTooLarge(
                    f"{shown(item.filename)} in {name} unpacks to {ratio:,} times its size; the "
                    f"limit is {_HIGHEST_RATIO} times, since nothing that people write shrinks so far",
                    hint="take out formatted empty rows, or send the table as CSV",
                    limit=_HIGHEST_RATIO,
                )
        if len(items) > MOST_FILES:
            raise FileTooLarge(
                f"{name} holds {len(items):,} files; the limit is {MOST_FILES:,}",
                hint=say("unreadable-file.remedy.split"),
                limit=MOST_FILES,
            )

    def _named(self, items: list[zipfile.ZipInfo]) -> None:
        """Refuse entries that are locked, that stand twice, or whose names lead out of the archive."""
        if len(self._items) < len(items):
            raise self._refused("holds two files of the same name", say("unreadable-file.remedy.names"))
        for item in items:
            if not item.filename:
                raise self._refused("holds a file without a name", "pack it again")
            called = shown(item.filename)
            if item.flag_bits & _ENCRYPTED:
                raise self._refused(f"is locked by a password ({called})", "pack it again without a password")
            if _leads_out(item.filename):
                raise self._refused(
                    f"holds a file whose name leads out of the archive: {called}", "pack it again from one folder"
                )
            if (item.external_attr >> 16) & 0xF000 == _LINK:
                raise self._refused(f"holds a link in place of a file: {called}", "pack the file itself")
            if item.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise self._refused(
                    f"is packed by a method that is not read here ({called})", "pack it as ordinary zip"
                )

    def _refused(self, why: str, remedy: str) -> UnreadableFile:
        return UnreadableFile(f"{self.source.name} {why}", hint=remedy)


def _leads_out(name: str) -> bool:
    """Whether a name is absolute or climbs.

    >>> _leads_out("a/../../b"), _leads_out("C:/b"), _leads_out("a/b.csv")
    (True, True, False)
    """
    path = name.replace("\\", "/")
    return path.startswith("/") or path[1:2] == ":" or ".." in PurePosixPath(path).parts


def unpack(source: SourceFile) -> list[SourceFile]:
    """The files of an archive by name, without what operating systems add. Raises UnreadableFile, FileTooLarge."""
    package = Package(source)
    names = sorted(name for name in package.names if not _is_noise(name))
    if not names:
        raise UnreadableFile(
            f"{source.name} is an archive without a file in it", hint=say("unreadable-file.remedy.empty")
        )
    return [SourceFile(shown(name), package.read(name)) for name in names]


def joined(files: Sequence[SourceFile]) -> SourceFile:
    """One file as it is, several as one archive. Raises UnreadableFile where two have one name."""
    if len(files) == 1:
        return files[0]
    named: dict[str, SourceFile] = {}
    for file in files:
        if named.setdefault(file.name, file) is not file:
            raise UnreadableFile(f"two of the files are called {file.name}", hint=say("unreadable-file.remedy.names"))
    return pack(files)


def pack(files: Iterable[SourceFile]) -> SourceFile:
    """Several files as one archive, the same bytes for the same files in any order."""
    ordered = sorted(files, key=lambda file: file.name)
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for file in ordered:
            name = file.name.encode("utf-8", "replace").decode("utf-8")
            archive.writestr(zipfile.ZipInfo(name, _DAY), file.content)
    told = [file.name for file in ordered[:_NAMED]]
    more = [f"{len(ordered) - _NAMED:,} more"] if len(ordered) > _NAMED else []
    return SourceFile(", ".join(told + more), stream.getvalue())


def _is_noise(name: str) -> bool:
    last = PurePosixPath(name).name
    return name.startswith(_NOT_DATA) or last in _NOT_DATA or last.startswith(("~$", "._"))
