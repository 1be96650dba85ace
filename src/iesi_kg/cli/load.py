"""``iesi-kg load``: large RDF files into a graph of a store, what is loaded, and a loaded graph out again."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iesi_kg import settings as settings_module
from iesi_kg.cli.files import os_user
from iesi_kg.cli.place import PLACE
from iesi_kg.errors import NotFound, StoreError, UsageError
from iesi_kg.settings import Place, Settings

if TYPE_CHECKING:
    from iesi_kg.operations.audit import Act
    from iesi_kg.operations.load import Done, Progress
    from iesi_kg.operations.load_record import Loaded
    from iesi_kg.store.base import VersionedStore
    from iesi_kg.store.bulk import BulkDoor

_TERMINAL_PACE, _LOG_PACE = 0.2, 10.0


@click.command()
@click.argument("files", metavar="FILE|DIR...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--graph", metavar="IRI", help="graph to load into; a scratch store needs none (its default graph)")
@click.option("--replace", "instead", is_flag=True, help="load in place of what the graph holds now")
@click.option("--remove", is_flag=True, help="take the graph out again, whole")
@click.option("--list", "listed", is_flag=True, help="list what is loaded")
@click.option("--take-in", "taking", is_flag=True, help="take in a graph that the server's own loader has filled")
@click.option("--abandon", is_flag=True, help="give up a load that was cut, and the space it takes")
@click.option("--scratch", is_flag=True, help="make a scratch store where there is no store yet")
@click.option("--store", type=PLACE, help="folder or address of the store")
def command(
    files: tuple[Path, ...],
    graph: str | None,
    instead: bool,
    remove: bool,
    listed: bool,
    taking: bool,
    abandon: bool,
    scratch: bool,
    store: Place | None,
) -> None:
    """Load RDF files (N-Triples, N-Quads, Turtle, TriG, RDF/XML, JSON-LD, each also packed by gzip) into a graph.

    Made for millions of statements: bounded memory, readers see all of it or none, and after a crash the same command
    goes on where it was cut. A file that is loaded already is passed over. Blank nodes get an IRI.

    Exit code 0: done; 2: a file cannot be read, nothing was loaded; 3: no such graph or the store cannot be written.
    """
    from iesi_kg.store import doors

    settings = settings_module.load(store=store)
    if sum((bool(files), remove, listed, taking, abandon)) != 1:
        raise UsageError("name files to load, or one of --list, --remove, --take-in and --abandon")
    if scratch and files:
        _make_scratch(settings)
    if listed:
        return _list(settings)
    if taking:
        return _take_in(settings, graph)
    with _opened(settings) as opened, doors.opened(opened, keep=settings.keep_versions) as door:
        if abandon:
            return _abandon(door)
        if remove:
            return _remove(opened, door, settings, graph)
        return _load(opened, door, settings, files, graph, instead)


def _load(
    opened: VersionedStore,
    door: BulkDoor,
    settings: Settings,
    files: tuple[Path, ...],
    graph: str | None,
    instead: bool,
) -> None:
    from iesi_kg.operations.audit import AuditLog
    from iesi_kg.operations.load import Order, Work, graph_of, load

    order = Order(graph_of(graph, scratch=_is_scratch(settings)), files, instead)
    begun, meter = time.monotonic(), Meter()
    try:
        outcome = load(Work(opened, door, AuditLog(settings.state_folder), _act("load")), order, meter.tell)
    except KeyboardInterrupt:
        meter.end()
        click.echo("run the same command again to go on; `iesi-kg load --abandon` gives it up", err=True)
        raise
    finally:
        meter.end()
    _tell(outcome, order.name, time.monotonic() - begun)


def _tell(outcome: Done, graph: str, seconds: float) -> None:
    for each in outcome.known:
        click.echo(f"{each.file}: already loaded into {graph} at {each.at} ({each.statements:,} statements)")
    if not outcome.loaded:
        click.echo("nothing to do")
        return
    for each in outcome.loaded:
        click.echo(f"{each.file}: {each.statements:,} statements, sha256 {each.sha256}")
    for name in outcome.renamed:
        click.echo(f"{name}: blank nodes became IRIs that begin with {_genid(outcome, name)}")
    statements = sum(each.statements for each in outcome.loaded)
    rate = f" ({(statements - outcome.resumed) / max(seconds, 0.001):,.0f} a second)"
    click.echo(f"loaded as version {outcome.version}: {statements:,} statements into {graph}{rate}")
    if graph.startswith("<"):
        click.echo(f"ask for them with GRAPH {graph}; `iesi-kg load --remove --graph {graph[1:-1]}` takes them out")


def _genid(outcome: Done, name: str) -> str:
    from iesi_kg.operations.load_text import genid

    return genid(next(each.sha256 for each in outcome.loaded if each.file == name))


def _remove(opened: VersionedStore, door: BulkDoor, settings: Settings, graph: str | None) -> None:
    from iesi_kg.operations.audit import AuditLog
    from iesi_kg.operations.load import Work, graph_name, graph_of, remove

    target = graph_of(graph, scratch=_is_scratch(settings))
    version, gone = remove(
        Work(opened, door, AuditLog(settings.state_folder), _act("load removed", graph_name(target))), target
    )
    for each in gone:
        click.echo(f"removed: {each.file} ({each.statements:,} statements)")
    click.echo(f"version {version} is without {graph_name(target)}")


def _take_in(settings: Settings, graph: str | None) -> None:
    from pyoxigraph import NamedNode

    from iesi_kg.operations.audit import AuditLog
    from iesi_kg.operations.load import graph_name, graph_of
    from iesi_kg.operations.load_taken_in import taken_in
    from iesi_kg.store.remote.store import RemoteStore

    target = graph_of(graph, scratch=False)
    with _opened(settings) as opened:
        if not isinstance(opened, RemoteStore) or not isinstance(target, NamedNode):
            raise UsageError("a store in a folder has no server that could have loaded it", hint="name files to load")
        act = _act("load", graph_name(target))
        version, loaded = taken_in(opened, AuditLog(settings.state_folder), act, target)
    click.echo(f"taken in as version {version}: {loaded.statements:,} statements in {graph_name(target)}")


def _list(settings: Settings) -> None:
    from iesi_kg.operations.load import graph_name
    from iesi_kg.operations.load_record import told
    from iesi_kg.store import doors

    with _opened(settings) as opened:
        there, pending = told(opened.reader()), doors.pending(opened)
    for graph in dict.fromkeys(each.graph for each in there):
        click.echo(graph_name(graph))
        _show([each for each in there if each.graph == graph])
    if not there:
        click.echo("nothing is loaded")
    if pending is not None:
        click.echo(f"not finished: {graph_name(pending.graph)} (under way, or cut: then run its command again)")


def _show(files: list[Loaded]) -> None:
    for each in files:
        size = f", {each.bytes:,} bytes" if each.sha256 else ""
        click.echo(f"    {each.file}: {each.statements:,} statements{size}, loaded {each.at}")
        if each.sha256:
            click.echo(f"        sha256 {each.sha256}")


def _abandon(door: BulkDoor) -> None:
    if door.pending() is None:
        raise NotFound("no load was cut here", hint="nothing takes space")
    door.abandon()
    click.echo("given up; the store is as it was")


def _make_scratch(settings: Settings) -> None:
    from iesi_kg.operations.load import make_scratch

    make_scratch(settings.folder, settings.lock_seconds)


@contextmanager
def _opened(settings: Settings) -> Iterator[VersionedStore]:
    from iesi_kg.store import opening

    if not settings.remote and not settings.folder.is_dir():
        hint = "`iesi-kg serve` makes one with the published data; --scratch makes an empty one of your own"
        raise StoreError(f"there is no store at {settings.store}", hint=hint)
    opened = opening.open_store(settings)
    try:
        yield opened
    finally:
        opened.close()


def _is_scratch(settings: Settings) -> bool:
    from iesi_kg.store.versions import Layout

    return not settings.remote and Layout(settings.folder).scratch.exists()


def _act(what: str, graph: str = "") -> Act:
    from iesi_kg.operations.audit import Act

    return Act(os_user(), "command", what, datetime.now(UTC), {"graph": graph} if graph else {})


class Meter:
    """Says how far it is on standard error: on a terminal in one line, else in a line now and then."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._said = self._begun = time.monotonic()
        self._first: int | None = None
        self._open = False

    def tell(self, progress: Progress) -> None:
        """Say it, unless that was just done."""
        from iesi_kg.operations.load import RESUMED, SWITCHING

        now = time.monotonic()
        if progress.phase == RESUMED:
            self.end()
            click.echo(f"going on where it was cut: {progress.statements:,} statements are in already", err=True)
        elif progress.phase == SWITCHING:
            self._say("all in; showing it to readers ...")
        elif now - self._said >= (_TERMINAL_PACE if self._terminal else _LOG_PACE):
            self._said = now
            self._say(self._line(progress, now))

    def end(self) -> None:
        """Leave the line."""
        if self._open:
            click.echo("", err=True)
            self._open = False

    def _line(self, progress: Progress, now: float) -> str:
        from iesi_kg.operations.load import READING

        share = progress.done / max(progress.bytes, 1)
        if progress.phase == READING:
            return f"reading {progress.file} for its sha256: {share:.0%}"
        if self._first is None:
            self._begun, self._first, self._share = now, progress.statements, share
        seconds = max(now - self._begun, 0.001)
        rate = (progress.statements - self._first) / seconds
        left = (1 - share) * seconds / (share - self._share) if share > self._share else None
        rest = f", {left:,.0f} s left" if left is not None and seconds > 1 else ""
        return f"{progress.file}: {progress.statements:,} statements, {rate:,.0f} a second, {share:.0%}{rest}"

    def _say(self, text: str) -> None:
        if self._terminal:
            click.echo(f"\r\x1b[K{text}", nl=False, err=True)
            self._open = True
        else:
            click.echo(text, err=True)
