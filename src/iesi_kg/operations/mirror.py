"""Turns the manifest of a primary into a copy of its store: what is lacking is fetched and checked, then it switches.

Readers of the folder see the version before or the version after. What was fetched stays when an attempt fails, and the
next one goes on from there.
"""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from iesi_kg.errors import IesiKgError, MirrorError, StoreBusy, StoreDamaged, StoreError, UsageError
from iesi_kg.operations import snapshot
from iesi_kg.operations.manifest import LARGEST_MANIFEST, Manifest, read
from iesi_kg.operations.mirror_fetch import Fetcher, Gone, Progress, Releases
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.blocks import Block
from iesi_kg.store.copied import Mark, mark_of
from iesi_kg.store.durable import locked, make_folder, store_error
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.fetching import Source
from iesi_kg.store.frozen import built
from iesi_kg.store.journal import from_nquads
from iesi_kg.store.versions import Layout

PATH = "/manifest"
LOCK = ".mirror.LOCK"
_NOTHING = (LOCK, "lost+found")
LONGEST_PAUSE = 600.0
MOST_AS_CHANGE = 300_000  # lines in blocks that came or went; beyond, the store is built anew
_TAKES = 4
_PURGE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Round:
    """What one look at the primary came to: versions before and after, what was fetched, the releases that came."""

    before: int
    version: int
    software: str
    blocks: int = 0
    rebuilt: bool = False
    releases: tuple[str, ...] = ()
    held: tuple[int, ...] = ()  # versions that somebody reads and that hold what the primary has forgotten


@dataclass(frozen=True, slots=True)
class Terms:
    """How many versions a copy keeps, how long it waits for a writer, whether it takes over whatever there is now."""

    keep: int = 3
    lock_seconds: float = 10.0
    anew: bool = False


class Mirror:
    """A copy in a folder; whoever makes it holds ``claimed``. ``tell`` hears of the progress."""

    def __init__(
        self, source: Source, layout: Layout, releases: Releases, terms: Terms, tell: Progress = lambda *said: None
    ) -> None:
        self._source, self._layout, self._releases = source, layout, releases
        self._fetcher = Fetcher(source, layout, tell)
        self._store = EmbeddedStore(layout.root, lock_timeout=terms.lock_seconds, keep=terms.keep)
        self._anew = terms.anew
        self._etag = ""
        self._tell = tell
        self._verified = False
        self.mark = _marked(layout, source.address)

    def round(self) -> Round:
        """Bring the copy up to date. Raises MirrorError and StoreError with the copy as it was."""
        manifest, fetched = self._fetched()
        if manifest is None:
            return self._settle(self.mark, Round(self.mark.version, self.mark.version, self.mark.software))
        before = self.mark.version
        try:
            rebuilt = self._switch(manifest)
        except StoreDamaged:  # blocks that our disk has changed are away now
            fetched += self._fetcher.blocks(manifest)
            rebuilt = self._switch(manifest)
        self._anew = False
        clearing = self.mark.clearing or 0 < before < manifest.forgotten
        mark = replace(
            self.mark, primary=self._source.address, store=manifest.store, version=manifest.version,
            sha256=manifest.sha256, software=manifest.software, clearing=clearing,
        )  # fmt: skip
        done = self._settle(mark, Round(before, manifest.version, manifest.software, fetched, rebuilt))
        return replace(done, releases=self._fetcher.releases(manifest, self._releases))

    def failed(self, error: IesiKgError) -> None:
        """Write down that the primary could not be followed, since when and why; where the disk lets us."""
        self._etag = ""
        self.mark = replace(self.mark, failing_since=self.mark.failing_since or _now(), problem=error.detail)
        with suppress(OSError):
            self.mark.write(self._layout)

    def _fetched(self) -> tuple[Manifest | None, int]:
        """The manifest with every block of it here, and how many came; None where nothing has changed."""
        fetched = 0
        for _ in range(_TAKES):
            manifest = self._take()
            if manifest is None:
                return None, fetched
            try:
                return manifest, fetched + self._fetcher.blocks(manifest)
            except Gone:  # the primary went on to a later version meanwhile
                self._etag = ""
        raise MirrorError("the primary changes faster than it can be copied", passing=True)

    def _take(self) -> Manifest | None:
        """The manifest; None where nothing has changed since the last round."""
        whole = self._anew or not self._verified
        found = self._source.document(PATH, LARGEST_MANIFEST, "" if whole else self._etag)
        if found is None:
            return None
        if found.media_type != "application/json":
            raise MirrorError(
                f"{self._source.address}{PATH} answers with {found.media_type or 'no media type'}, not with a manifest",
                hint="give the address of the pages of an iesi-kg service, as in http://host:8080",
            )
        manifest = read(found.body, self._source.address)
        if not self._anew:
            _refuse(self.mark, manifest, self._source.address)
        self._etag = found.etag
        return manifest

    def _switch(self, manifest: Manifest) -> bool:
        """Have the store be what the manifest says; says whether it was built anew."""
        base = None if self._anew else self._base(manifest)
        path = (*manifest.path, self.mark.id)
        snapshot.keep(self._layout, manifest.offered((), path), snapshot.KEPT_SECONDS)
        if base is not None and (base.version, base.sha256) == (manifest.version, manifest.sha256):
            return False
        change = self._change(base, manifest) if base is not None else None
        if base is None or change is None:
            self._rebuild(manifest)
            return True
        with self._store.copying() as writer:
            stands = writer.reader.version
            if stands == base.version:
                writer.commit_as(manifest.version, change)
        return stands != base.version and self._switch(manifest)  # the writer found what a crash had left, and made it

    def _base(self, manifest: Manifest) -> Manifest | None:
        """What stands here, where a change leads from it to the manifest: sound, and nothing was to be forgotten."""
        try:
            if not self._verified:
                self._store.verify()
                self._verified = True
            current = self._store.current()
        except StoreBusy:
            raise
        except StoreError:
            return None
        base = snapshot.at(self._layout, current.number)
        if base is None or base.quads != current.triples or not current.path.is_dir():
            return None
        if base.version == self.mark.version and base.sha256 != self.mark.sha256:
            return None
        return base if manifest.forgotten <= base.version <= manifest.version else None

    def _change(self, base: Manifest, manifest: Manifest) -> ChangeSet | None:
        """What leads from one version to the next; None where building anew costs less."""
        old, new = set(base.blocks), set(manifest.blocks)
        gone, came = old - new, new - old
        lines = sum(block.quads for block in (*gone, *came))
        if base.graphs != manifest.graphs or lines > MOST_AS_CHANGE:
            return None
        try:
            leaving, entering = self._lines(gone), self._lines(came)
            add, remove = (from_nquads(b"".join(sorted(part))) for part in (entering - leaving, leaving - entering))
        except (StoreDamaged, SyntaxError):  # building anew says what is wrong, if it is still wrong then
            return None
        return ChangeSet("copied", add=add, remove=remove)

    def _lines(self, blocks: Iterable[Block]) -> set[bytes]:
        return {line for block in blocks for line in self._fetcher.store.text(block).splitlines(keepends=True)}

    def _rebuild(self, manifest: Manifest) -> None:
        folder = self._layout.root / ".incoming"
        whole = sha256()
        try:
            with self._fetcher.store.stream(_told(manifest, self._tell), whole.update) as lines:
                version = built(lines, manifest.graphs, folder, manifest.version)
            if version.triples != manifest.quads or whole.hexdigest() != manifest.sha256:
                raise MirrorError(
                    f"the blocks of {self._source.address} hold {version.triples:,} statements, its manifest says "
                    f"{manifest.quads:,}",
                    hint="tell those who run the primary",
                )
            self._store.replace(version)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _settle(self, mark: Mark, done: Round) -> Round:
        held = tuple(self._store.forget_older()) if mark.clearing else ()
        self.mark = replace(mark, seen=_now(), failing_since="", problem="", clearing=bool(held))
        try:
            self.mark.write(self._layout)
        except OSError as error:
            raise store_error(error, self._layout.root) from error
        return replace(done, held=held)


@contextmanager
def claimed(layout: Layout) -> Iterator[None]:
    """Be the only one who keeps this copy. Raises UsageError for a folder that is no copy and not empty, StoreBusy."""
    _refuse_strange(layout)
    try:
        make_folder(layout.root)
        with locked(layout.root / LOCK, 0.0):
            yield
    except OSError as error:
        raise store_error(error, layout.root) from error


def follow(
    mirror: Mirror, interval: float, told: Callable[[Round | IesiKgError, float], None], wait: Callable[[float], object]
) -> None:
    """Look again and again; after a failure with pauses that grow. It ends when ``wait`` raises."""
    failures = 0
    while True:
        try:
            found: Round | IesiKgError = mirror.round()
            failures = 0
        except IesiKgError as error:
            mirror.failed(error)
            found, failures = error, failures + 1
        pause = interval if not failures else max(interval, min(interval * 2.0 ** min(failures, 20), LONGEST_PAUSE))
        told(found, pause)
        wait(pause)


def purge(cache: Source, version: int, seconds: float = _PURGE_SECONDS) -> None:
    """Have a cache forget other versions, once the service behind it answers under this one. Raises MirrorError."""
    deadline = time.monotonic() + seconds
    while (serving := _version_behind(cache)) != version:
        if time.monotonic() >= deadline:
            raise MirrorError(f"the service behind {cache.address} is at version {serving}, not yet at {version}")
        time.sleep(0.1)
    status = cache.tell("PURGE", "/", {"IESI-KG-Version": str(version)})
    if status != 200:
        raise MirrorError(
            f"{cache.address} answers PURGE with status {status}",
            hint="deploy/varnish/iesi-kg.vcl shows how it is let in",
        )


def _version_behind(cache: Source) -> int:
    found = cache.document("/health", 10_000)
    facts = found.body if found is not None else b""
    try:
        return int(json.loads(facts)["version"])
    except (ValueError, KeyError, TypeError):
        raise MirrorError(f"{cache.address}/health is not that of an iesi-kg service") from None


def _marked(layout: Layout, address: str) -> Mark:
    """The mark of the folder, made when a copy begins."""
    mark = mark_of(layout)
    if mark is None:
        mark = Mark(address, str(uuid.uuid4()))
        mark.write(layout)
    return mark


def _refuse_strange(layout: Layout) -> None:
    if layout.copied.exists() or not layout.root.exists():
        return
    if not layout.root.is_dir():
        raise UsageError(f"{layout.root} is a file, not a folder", hint="name a folder: --store DIR")
    if any(path.name not in _NOTHING for path in layout.root.iterdir()):
        what = (
            "a scratch store" if layout.scratch.exists() else "a store of its own" if layout.exists() else "other files"
        )
        raise UsageError(
            f"{layout.root} holds {what}, which a copy would overwrite",
            hint="name an empty folder, or one that does not exist yet: --store DIR",
        )


def _refuse(mark: Mark, manifest: Manifest, address: str) -> None:
    anew = "`--anew` takes over what is there now, in place of this copy"
    if mark.id in manifest.path:
        raise MirrorError(
            f"{address} is itself a copy of this copy",
            hint="name the primary, or a copy of it that is not one of this",
        )
    if mark.store and manifest.store != mark.store:
        raise MirrorError(
            f"another store answers at {address}: {manifest.store}, not {mark.store}, which was copied",
            hint=f"look at the address; {anew}",
        )
    if manifest.version < mark.version:
        raise MirrorError(
            f"{address} offers version {manifest.version}, and version {mark.version} was copied already",
            hint=f"a copy that lags will catch up; if the primary was restored from a backup, {anew}",
        )
    if manifest.version == mark.version and manifest.sha256 != mark.sha256:
        raise MirrorError(
            f"version {mark.version} at {address} is not the version {mark.version} that was copied",
            hint=f"if the primary was restored from a backup, {anew}",
        )


def _told(manifest: Manifest, tell: Progress) -> Iterator[Block]:
    done = 0
    for block in manifest.blocks:
        yield block
        done += block.quads
        tell("statements loaded", done, manifest.quads)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
