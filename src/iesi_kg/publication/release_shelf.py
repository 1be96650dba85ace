"""The releases of a store as they stand on disk: their order, their manifests, whether files are what was released."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from iesi_kg.errors import NotFound, StoreDamaged, StoreError, UsageError
from iesi_kg.store.durable import locked, store_error, sync_directory
from iesi_kg.store.frozen import freeze

MANIFEST = "manifest.json"
QUADS = "data.nq"
ANSWERS = "answers.json"
CHANGES = "changes.json"
FOLDER = "releases"
_NAME = re.compile(r"[0-9]{4}(?:\.(?:0|[1-9][0-9]{0,5})){1,2}")
_CHUNK = 1 << 20
_FACTS = {"name", "media_type", "sha256"}
_KEYS: dict[str, type] = {
    **dict.fromkeys(("issued", "title"), str),
    **dict.fromkeys(("store_version", "quads", "triples"), int),
    **dict.fromkeys(("files", "redactions", "licences"), list),
    **dict.fromkeys(("examples", "counts", "changes"), dict),
}


@dataclass(frozen=True, slots=True)
class Release:
    """One release: its name, its folder, and what its manifest says."""

    name: str
    folder: Path
    manifest: Mapping[str, Any]

    @property
    def issued(self) -> str:
        return str(self.manifest["issued"])

    @property
    def files(self) -> Mapping[str, Mapping[str, Any]]:
        """What the manifest says of each file, by its name."""
        return {item["name"]: item for item in self.manifest["files"]}

    @property
    def redactions(self) -> list[Mapping[str, Any]]:
        """What was taken out after the release was made."""
        return list(self.manifest["redactions"])

    @property
    def quads(self) -> Path:
        return self.folder / QUADS

    def document(self, name: str) -> Any:  # noqa: ANN401  (JSON)
        """One of the JSON files of the release. Raises StoreDamaged."""
        return _json(self.folder / name)

    def check(self, names: tuple[str, ...] | None = None) -> None:
        """Compare files with the hashes of the manifest. Raises StoreDamaged, which names the first that differs."""
        for name in names or tuple(self.files):
            path = self.folder / name
            found = digest(path) if path.is_file() else None
            if found != self.files[name]["sha256"]:
                what = "is missing" if found is None else "is not the file that was released: its SHA-256 differs"
                raise StoreDamaged(
                    f"{name} of release {self.name} {what}",
                    hint="restore the folder of the release from a copy; the hashes are in its manifest.json",
                    release=self.name,
                    file=name,
                    expected=self.files[name]["sha256"],
                    found=found,
                )


class Shelf:
    """The folder of releases beside the versions of a store."""

    def __init__(self, store: Path) -> None:
        self.folder = Path(store) / FOLDER

    def names(self) -> list[str]:
        """Names of the releases, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted((path.name for path in self.folder.iterdir() if _NAME.fullmatch(path.name)), key=order)

    def all(self) -> list[Release]:
        """Every release, oldest first. Raises StoreDamaged."""
        return [self.get(name) for name in self.names()]

    def looked_through(self) -> tuple[list[Release], list[StoreDamaged]]:
        """Every release that can be read, oldest first, and what is wrong with each of the others."""
        sound: list[Release] = []
        damaged: list[StoreDamaged] = []
        for name in self.names():
            try:
                sound.append(self.get(name))
            except StoreDamaged as damage:
                damaged.append(damage)
        return sound, damaged

    def latest(self) -> Release | None:
        """The newest release."""
        names = self.names()
        return self.get(names[-1]) if names else None

    def get(self, name: str) -> Release:
        """A release by its name. Raises NotFound, StoreDamaged."""
        path = self.folder / name / MANIFEST
        if not _NAME.fullmatch(name) or not path.parent.is_dir():
            names = self.names()
            known = f"releases: {', '.join(names)}" if names else "there is no release yet; `iesi-kg release` makes one"
            raise NotFound(f"there is no release {name[:40]!r}", hint=known, releases=names)
        try:
            stamp = path.stat()
        except OSError:
            raise _damaged(path, "is missing") from None
        return _read(path, stamp.st_ino, stamp.st_mtime_ns)

    def neighbours(self, name: str) -> tuple[str | None, str | None]:
        """The release before and the one after."""
        names = self.names()
        at = names.index(name)
        return (names[at - 1] if at else None), (names[at + 1] if at + 1 < len(names) else None)

    def opened(self, release: Release) -> Path:
        """The store folder of a release, made from its N-Quads where it is not there yet. Raises StoreDamaged."""
        key = release.files[QUADS]["sha256"][:12]
        folder = self.folder / ".open" / f"{release.name}-{key}"
        if not folder.is_dir():
            release.check((QUADS,))
            with self.locked():
                freeze(release.quads, folder, int(release.manifest["store_version"]))
        return folder

    @contextmanager
    def locked(self, timeout: float = 60.0) -> Iterator[None]:
        """Be the only one who changes the folder; what a crash left is settled first."""
        try:
            (self.folder / ".open").mkdir(parents=True, exist_ok=True)
            with locked(self.folder / ".LOCK", timeout):
                self._settle()
                yield
        except OSError as error:
            raise store_error(error, self.folder) from error

    def mend(self) -> None:
        """Settle what a crash left, where there is something and nobody is at work; a copy that is not ours stays."""
        if any(self.folder.glob(".*.old")) or any(self.folder.glob(".*.new")):
            with suppress(StoreError), self.locked(0.0):
                pass  # it is settled on the way in

    def draft(self, name: str) -> Path:
        """An empty folder in which a release is made, under the lock."""
        folder = self.folder / f".{name}.new"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def place(self, name: str) -> None:
        """Put a finished draft where releases stand; an older state of the same release leaves for good."""
        target, old = self.folder / name, self.folder / f".{name}.old"
        if target.exists():
            target.rename(old)
        (self.folder / f".{name}.new").rename(target)
        sync_directory(self.folder)
        shutil.rmtree(old, ignore_errors=True)
        self._forget(name)

    def _settle(self) -> None:
        """Finish a replacement that was cut between its two renames, forget drafts that were never finished."""
        for old in self.folder.glob(".*.old"):
            name = old.name[1:].removesuffix(".old")
            draft = self.folder / f".{name}.new"
            if not (self.folder / name).exists() and draft.is_dir():
                draft.rename(self.folder / name)
                sync_directory(self.folder)
            shutil.rmtree(old, ignore_errors=True)
        for draft in self.folder.glob(".*.new"):
            shutil.rmtree(draft, ignore_errors=True)

    def _forget(self, name: str) -> None:
        for copy in (self.folder / ".open").glob(f"{name}-*"):
            shutil.rmtree(copy, ignore_errors=True)


def order(name: str) -> tuple[int, ...]:
    """What sorts names of releases.

    >>> sorted(["2026.10", "2026.2"], key=order)
    ['2026.2', '2026.10']
    """
    return tuple(int(part) for part in name.split("."))


def checked_name(name: str) -> str:
    """A name that may be given to a release. Raises UsageError."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name[:40]!r} is no name of a release",
            hint="a year and a number, as in 2026.1 (or 2026.1.1 for a correction)",
        )
    return name


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    found = sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


@lru_cache(maxsize=64)
def _read(path: Path, inode: int, changed: int) -> Release:
    manifest = _json(path)
    name = path.parent.name
    if not _is_manifest(manifest, name):
        raise _damaged(path, "is no manifest of it")
    return Release(name, path.parent, manifest)


def _is_manifest(found: Any, name: str) -> bool:  # noqa: ANN401  (JSON)
    """Whether everything is there that those rely on who read a manifest."""
    if not isinstance(found, dict) or found.get("release") != name or "predecessor" not in found:
        return False
    if not all(isinstance(found.get(key), kind) for key, kind in _KEYS.items()):
        return False
    files = {str(item["name"]) for item in found["files"] if isinstance(item, dict) and item.keys() >= _FACTS}
    return QUADS in files and len(files) == len(found["files"])


def _json(path: Path) -> Any:  # noqa: ANN401
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise _damaged(path, f"cannot be read: {error}") from None


def _damaged(path: Path, what: str) -> StoreDamaged:
    name = path.parent.name
    hint = "restore it from a copy"
    return StoreDamaged(f"{path.name} of release {name} {what}", hint=hint, release=name, file=path.name)
