"""Large RDF files into one graph of a store, and that graph out again: bounded memory, resumable, seen all at once.

The way of a load: each file is read once for its SHA-256; what the store's record says is there already is left out;
the rest goes unit by unit through the backend's bulk door; one commit shows it together with the record of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC
from hashlib import sha256
from pathlib import Path

from pyoxigraph import DefaultGraph, NamedNode

from iesi_kg.errors import InputError, NotFound, StoreFull, UsageError
from iesi_kg.operations import load_record
from iesi_kg.operations.audit import Act, AuditLog
from iesi_kg.operations.audited import AuditedWriter
from iesi_kg.operations.load_record import Loaded
from iesi_kg.operations.load_sources import Source, found, look_at
from iesi_kg.operations.load_text import Text
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, GraphName, Store
from iesi_kg.store.bulk import REMOVAL, BulkDoor, Intent, Mark
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.versions import Layout
from iesi_kg.vocabulary import iris

READING, RESUMED, LOADING, SWITCHING = "reading", "resumed", "loading", "switching"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: bytes of all files, statements of those that are loaded."""

    phase: str
    file: str = ""
    done: int = 0
    bytes: int = 0
    statements: int = 0


Tell = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Work:
    """A store, its bulk door, and in whose name the log says that it was changed."""

    store: Store
    door: BulkDoor
    log: AuditLog
    act: Act


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be loaded where: ``instead`` of what the graph holds, ``unit`` statements at a time (0: as suits)."""

    graph: GraphName
    files: tuple[Path, ...]
    instead: bool = False
    unit: int = 0

    @property
    def name(self) -> str:
        """The graph in words."""
        return graph_name(self.graph)


@dataclass(frozen=True, slots=True)
class Done:
    """What was loaded as which version, what was there already, what an earlier run had taken in, how much is new."""

    version: int
    loaded: tuple[Loaded, ...]
    known: tuple[Loaded, ...]
    resumed: int
    renamed: tuple[str, ...]


def graph_of(text: str | None, *, scratch: bool) -> GraphName:
    """The graph that may be loaded into. Raises UsageError for published data and for what is no IRI.

    A scratch store is its users': any graph of it, and with no name its default graph.
    """
    if text is None:
        if scratch:
            return DEFAULT_GRAPH
        raise UsageError("name the graph to load into: --graph IRI", hint="what is published is never loaded into")
    try:
        graph = NamedNode(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no IRI of a graph: {error}") from None
    if graph == iris.loads() or not (scratch or iris.is_workspace(text)):
        raise UsageError(
            f"<{text}> is a graph of what is published, which is changed by submissions only",
            hint=f"name a graph of your own, such as <{iris.graph('workspace', 'mine').value}> or any IRI elsewhere",
        )
    return graph


def make_scratch(folder: Path, patience: float) -> None:
    """Make an empty scratch store, unless one is there. Raises UsageError where a published one is."""
    layout = Layout(folder)
    if layout.scratch.exists():
        return
    if layout.exists():
        raise UsageError(
            f"{folder} holds a published graph, no scratch store", hint="name another folder, or no --scratch"
        )
    EmbeddedStore.open(folder, create=True, lock_timeout=patience).close()
    layout.scratch.touch()


def graph_name(graph: GraphName) -> str:
    """A graph in words."""
    return "the default graph" if isinstance(graph, DefaultGraph) else f"<{graph.value}>"


def load(work: Work, order: Order, tell: Tell) -> Done:
    """Load the files; readers see all of them or none. Raises InputError, UsageError and StoreError.

    A file that cannot be read takes everything back; after a crash the same order goes on where it was cut.
    """
    sources = _looked_at(found(order.files), tell)
    there = {each.sha256: each for each in load_record.told(work.store.reader(), order.graph)}
    fresh = sources if order.instead else [source for source in sources if source.sha256 not in there]
    known = tuple(there[source.sha256] for source in sources if source not in fresh)
    if not fresh or (order.instead and there.keys() == {source.sha256 for source in fresh}):
        _tidy_up(work.door, order, [source for source in sources if _is_last(there, source)])
        return Done(work.store.reader().version, (), tuple(there[source.sha256] for source in sources), 0, ())
    intent = Intent(_key(order, fresh), order.graph, order.instead)
    _refuse_another(work.door, intent, order)
    try:
        if work.door.pending() and not (work.door.whole_units or all(source.by_lines for source in fresh)):
            work.door.abandon()  # nodes without a label would have other names in what is there of a file
        marks = work.door.begin(intent)
        before = sum(mark["statements"] for mark in {mark["file"]: mark for mark in marks}.values())
        if marks:
            tell(Progress(RESUMED, statements=before))
        ends = _taken(work.door, fresh, marks, order.unit or work.door.unit, tell)
        tell(Progress(SWITCHING))
        version, loaded = _shown(work, order, [*zip(fresh, ends, strict=True)])
        renamed = tuple(source.name for source, end in zip(fresh, ends, strict=True) if end["renamed"])
        return Done(version, loaded, known, before, renamed)
    except (InputError, StoreFull):
        work.door.abandon()
        raise


def remove(work: Work, graph: GraphName) -> tuple[int, tuple[Loaded, ...]]:
    """Take a loaded graph out, and the record of it; returns the version and what it held. Raises NotFound."""
    gone = tuple(load_record.told(work.store.reader(), graph))
    pending = work.door.pending()
    if not gone and pending is not None and pending.removes and pending.graph == graph:
        work.door.abandon()  # it was killed after its end
        return work.store.reader().version, ()
    if not gone:
        raise NotFound(
            f"nothing was loaded into {graph_name(graph)}", hint="`iesi-kg load --list` names what was loaded"
        )
    _refuse_another(work.door, intent := Intent(REMOVAL, graph, True), None)
    work.door.begin(intent)
    with work.door.writer() as writer:
        left = load_record.of_graph(writer.reader, graph)
        change = ChangeSet(f"without {graph_name(graph)}", remove=load_record.earlier(writer.reader, left))
        return AuditedWriter(writer, work.log, work.act).commit(change), gone


def _looked_at(files: Sequence[tuple[Path, str]], tell: Tell) -> list[Source]:
    """Each file once, however often it is named."""
    sources: dict[str, Source] = {}
    sizes = {path: path.stat().st_size if path.is_file() else 0 for path, _ in files}
    before, every = 0, sum(sizes.values())
    for path, name in files:
        source = look_at(path, name, lambda done, n=name, b=before: tell(Progress(READING, n, b + done, every)))  # type: ignore[misc]
        sources.setdefault(source.sha256, source)
        before += source.bytes
    return list(sources.values())


def _key(order: Order, sources: Sequence[Source]) -> str:
    """What the same load has in common with one that was cut."""
    return sha256("\n".join([order.name, str(order.instead), *(s.sha256 for s in sources)]).encode()).hexdigest()


def _is_last(there: Mapping[str, Loaded], source: Source) -> bool:
    """Whether a file came with the last load into its graph."""
    return there[source.sha256].at == max(each.at for each in there.values())


def _tidy_up(door: BulkDoor, order: Order, sources: Sequence[Source]) -> None:
    """Forget a load that readers see whole, but that was killed before it could forget itself."""
    if door.pending() == Intent(_key(order, sources), order.graph, order.instead):
        door.abandon()


def _refuse_another(door: BulkDoor, intent: Intent, order: Order | None) -> None:
    pending = door.pending()
    if pending is None or pending == intent:
        return
    what = "a removal of" if pending.removes else "a load into"
    same = order is not None and pending.graph == order.graph
    raise UsageError(
        f"{what} {graph_name(pending.graph)} was cut and is not finished"
        + (", and it was of other files or options" if same else ""),
        hint="run that command again to go on where it was cut, or give it up: iesi-kg load --abandon",
    )


def _taken(door: BulkDoor, sources: Sequence[Source], marks: Sequence[Mark], unit: int, tell: Tell) -> list[Mark]:
    """Take every file in, going on after the last mark; returns the last mark of each file."""
    last = {mark["file"]: mark for mark in marks}
    number, every = len(marks), sum(source.bytes for source in sources)
    before = statements = 0
    for place, source in enumerate(sources):
        if not last.get(place, {"ended": 0})["ended"]:

            def told(count: int, done: int, name: str = source.name, b: int = before, s: int = statements) -> None:
                tell(Progress(LOADING, name, b + done, every, s + count))

            with closing(Text(source, place, last.get(place), told)) as text:
                number = _take(door, text, number, unit)
                if not text.statements:
                    raise text.broken(None, "it holds no statement")
                last[place] = text.mark(number)
        before += source.bytes
        statements += last[place]["statements"]
    return [last[place] for place in range(len(sources))]


def _take(door: BulkDoor, text: Text, number: int, most: int) -> int:
    while not text.ended:
        unit = text.unit(number, most)
        try:
            door.take(unit)
        except SyntaxError as error:
            raise unit.error(error) from None
        number += 1
    return number


def _shown(work: Work, order: Order, taken: Sequence[tuple[Source, Mark]]) -> tuple[int, tuple[Loaded, ...]]:
    """Show readers what was taken in, with the record of it, as one version."""
    at = work.act.at.astimezone(UTC).isoformat(timespec="seconds")
    loaded = tuple(
        Loaded(order.graph, source.name, source.sha256, end["statements"], source.bytes, at) for source, end in taken
    )
    detail: dict[str, str | int] = {
        "graph": order.name,
        "files": len(loaded),
        "statements": sum(each.statements for each in loaded),
    }
    with work.door.writer() as writer:
        left = load_record.of_graph(writer.reader, order.graph) if order.instead else loaded
        add = [quad for each in loaded for quad in load_record.quads(each)]
        remove = set(load_record.earlier(writer.reader, left)) - set(add)
        change = ChangeSet(f"load into {order.name}", add, [*remove])
        return AuditedWriter(writer, work.log, replace(work.act, detail=detail)).commit(change), loaded
