"""Turns the files of a checkpoint into digests beside them, and later says which of them are no longer what they were.

The engine has checksums of its own, but a query that meets a block which fails its checksum may never end (measured on
pyoxigraph 0.5.13), and a block that nobody reads is not looked at. Tables are shared by hard links and never change
once written, so each is read once in its life to be sealed, and the seal goes along with it from version to version.
"""

from __future__ import annotations

import json
from hashlib import file_digest
from pathlib import Path

from iesi_kg.store.durable import write_atomically

NAME = "SEAL"
_SEALED = ("*.sst", "MANIFEST-*", "CURRENT")


def seal(folder: Path, before: Path) -> None:
    """Write the digests of a new checkpoint; those of tables it shares with the checkpoint ``before`` are taken over.

    Taken over and not made anew: else damage that came in between would be sealed as if it were right.
    """
    known = sealed(before)
    digests = {}
    for file in _files(folder):
        twin = before / file.name
        same = file.name in known and twin.exists() and twin.samefile(file)
        digests[file.name] = known[file.name] if same else _digest(file)
    write_atomically(folder / NAME, json.dumps(digests, indent=1).encode() + b"\n")


def broken(folder: Path) -> list[str]:
    """The files of a checkpoint that are missing or not what was sealed; none where nothing was sealed."""
    known = sealed(folder)
    return sorted(name for name, digest in known.items() if _digest_or_none(folder / name) != digest)


def _files(folder: Path) -> list[Path]:
    return [file for pattern in _SEALED for file in sorted(folder.glob(pattern))]


def sealed(folder: Path) -> dict[str, str]:
    """The digest of each file of a checkpoint as it was written; none where nothing was sealed."""
    try:
        digests = json.loads((folder / NAME).read_bytes())
        return {str(name): str(digest) for name, digest in digests.items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, AttributeError):
        return {NAME: "damaged"}  # no file has this digest: the seal itself is what is broken


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _digest_or_none(file: Path) -> str | None:
    try:
        return _digest(file)
    except FileNotFoundError:
        return None
