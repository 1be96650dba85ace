"""Computes, in a query process, what an update or a request on a graph would change, and takes it back at once.

The process that may die of an untrusted text finds out what it does; the one writer makes the change when it may be
made. SPARQL 1.1 Update: https://www.w3.org/TR/sparql11-update/ ; Graph Store HTTP Protocol:
https://www.w3.org/TR/sparql11-http-rdf-update/
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from typing import IO, TypeVar

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store, parse

from iesi_kg.errors import NotFound, QueryError, QuerySyntaxError, UnreadableFile, UpdateFailed
from iesi_kg.store.base import DEFAULT_GRAPH, ChangeSet, GraphName
from iesi_kg.store.changes import apply
from iesi_kg.store.evaluation import UNKNOWN_FUNCTION, evaluation_error, syntax_error
from iesi_kg.store.frames import Job
from iesi_kg.store.journal import decode, encode
from iesi_kg.store.settling import settled

T = TypeVar("T")

AMENDMENT = "application/x-iesi-kg-amendment"
CHANGE = "application/x-iesi-kg-change"
INSERT, DELETE = "INSERT", "DELETE"
DEEPEST = 100  # brackets of JSON-LD
_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"|(?P<opening>[{\[])|(?P<closing>[}\]])', re.DOTALL)
TRIED = "urn:x-iesi-kg:tried"
# Before an operation this makes the engine read it and stop before it does anything.
TRIAL = f"CREATE GRAPH <{TRIED}> ; "


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of an update request, as a text that stands for itself.

    ``graphs`` are those it may change: the empty name is the default graph, None stands for any. One with ``data``
    (INSERT or DELETE, which then stands ``at`` this place) names its quads; a ``tried`` one is read and not done.
    """

    text: str
    graphs: tuple[str, ...] | None = None
    data: str = ""
    at: int = 0
    tried: bool = False


@dataclass(frozen=True, slots=True)
class Amendment:
    """A request to change the graphs (``update``, ``put``, ``post``, ``delete``) or to read one (``get``).

    ``graph`` is empty for the default graph; ``parts`` are media types and documents.
    """

    verb: str
    base: str = ""
    graph: str = ""
    parts: tuple[tuple[str, bytes], ...] = ()
    operations: tuple[Operation, ...] = ()

    def job(self, *, lasting: bool = False) -> Job:
        """This request as a job of a query process.

        What a template or a pattern did is taken back by what is known of it; so that nothing rests on that knowledge,
        the process that tried it does no other job, unless the service writes for one ``lasting`` owner of all graphs.
        """
        patterned = any(not (operation.data or operation.tried) for operation in self.operations)
        facts = {
            "verb": self.verb,
            "base": self.base,
            "graph": self.graph,
            "parts": [(media_type, len(content)) for media_type, content in self.parts],
            "operations": [asdict(operation) for operation in self.operations],
        }
        content = b"".join(content for _, content in self.parts)
        return Job(content.decode("latin-1"), AMENDMENT, (json.dumps(facts),), spends=patterned and not lasting)

    @classmethod
    def of(cls, text: str, facts: str) -> Amendment:
        """The request in such a job."""
        given = json.loads(facts)
        content, start, parts = text.encode("latin-1"), 0, []
        for media_type, length in given["parts"]:
            parts.append((str(media_type), content[start : start + length]))
            start += length
        operations = tuple(
            Operation(**{**each, "graphs": None if each["graphs"] is None else tuple(each["graphs"])})
            for each in given["operations"]
        )
        return cls(given["verb"], given["base"], given["graph"], tuple(parts), operations)


@dataclass(frozen=True, slots=True)
class Amended:
    """What an amendment would do, or what it read.

    ``digest`` names the triples that the graph held before, whatever their order; ``existed`` is whether it was there.
    """

    existed: bool
    digest: str
    payload: bytes

    @property
    def change(self) -> ChangeSet:
        """The change, where one was asked for."""
        return decode(self.payload)

    def write(self, output: IO[bytes]) -> None:
        """Send it on."""
        output.write(f"{int(self.existed)} {self.digest}\n".encode())
        output.write(self.payload)

    @classmethod
    def of(cls, body: bytes) -> Amended:
        """What ``write`` wrote."""
        head, _, payload = body.partition(b"\n")
        existed, _, digest = head.decode().partition(" ")
        return cls(existed == "1", digest, payload)


def change_job(payload: bytes) -> Job:
    """The order to a query process to go on to the next version by a change."""
    return Job(payload.decode("latin-1"), CHANGE)


def follow(store: Store, text: str, published: Store | None = None) -> None:
    """Obey such an order, and as far as the default graph is concerned in a store of that too."""
    change = decode(text.encode("latin-1"))
    apply(store, change)
    if published is not None:
        apply(published, ChangeSet(change.label, _of_default(change.add), _of_default(change.remove)))


def _of_default(quads: Iterable[Quad]) -> tuple[Quad, ...]:
    return tuple(quad for quad in quads if isinstance(quad.graph_name, DefaultGraph))


def amend(store: Store, wanted: Amendment) -> Amended:
    """The outcome of an amendment; afterwards the store is as it was. Raises QueryError, UnreadableFile, NotFound."""
    if wanted.verb == "update":
        change = _update(store, wanted)
        return Amended(True, "", encode(change))
    name: GraphName = NamedNode(wanted.graph) if wanted.graph else DEFAULT_GRAPH
    existed = isinstance(name, DefaultGraph) or store.contains_named_graph(name)
    if not existed and wanted.verb in ("get", "delete"):
        raise NotFound(f"there is no graph <{wanted.graph}>", hint="PUT or POST to the same address makes it")
    digest = _digest(store, name) if existed else ""
    if wanted.verb == "get":
        content = store.dump(None, _syntax(wanted.parts[0][0]), from_graph=name) or b""
        return Amended(True, digest, content)
    return Amended(existed, digest, encode(_graph_change(store, wanted, name, existed)))


def _graph_change(store: Store, wanted: Amendment, name: GraphName, existed: bool) -> ChangeSet:
    label = f"{wanted.verb.upper()} <{wanted.graph}>"
    named = () if isinstance(name, DefaultGraph) else (name,)
    if wanted.verb == "delete":
        return ChangeSet(label, remove=tuple(_quads(store, (name,))), drop=named)
    given = _read(wanted, name)
    create = () if existed else named
    if wanted.verb == "post":
        return ChangeSet(label, add=tuple(quad for quad in given if quad not in store), create=create)
    before = _quads(store, (name,))
    return ChangeSet(label, add=tuple(given - before), remove=tuple(before - given), create=create)


def _read(wanted: Amendment, name: GraphName) -> set[Quad]:
    """The triples of all parts as quads of one graph, in the form in which the engine keeps them."""
    kept = Store()
    for number, (media_type, content) in enumerate(wanted.parts, 1):
        where = f"part {number} of the body" if len(wanted.parts) > 1 else "the body"
        syntax = _syntax(media_type)
        if syntax == RdfFormat.JSON_LD:
            _refuse_depth(content, where)
        try:
            quads = list(
                parse(content, syntax, base_iri=wanted.base or None, rename_blank_nodes=True)
            )  # read in full before anything is kept
        except (SyntaxError, ValueError) as error:
            raise UnreadableFile(f"{where} cannot be read as {media_type}: {error}") from None
        if any(not isinstance(quad.graph_name, DefaultGraph) for quad in quads):
            raise UnreadableFile(f"{where} holds named graphs; one graph is expected")
        kept.extend(Quad(quad.subject, quad.predicate, quad.object, name) for quad in quads)
    return set(kept)


def _refuse_depth(content: bytes, where: str) -> None:
    """Raise UnreadableFile for JSON that would exhaust the stack of whoever reads it."""
    if content.count(b"{") + content.count(b"[") <= DEEPEST:
        return
    depth = 0
    for token in _BRACKET.finditer(content):
        depth += (token["opening"] is not None) - (token["closing"] is not None)
        if depth > DEEPEST:
            line = content.count(b"\n", 0, token.start()) + 1
            raise UnreadableFile(
                f"{where}, line {line}: brackets are nested more than {DEEPEST} deep",
                hint="JSON-LD can name each node with @id and list them side by side in @graph",
                limit="nesting",
                maximum=DEEPEST,
            )


def _syntax(media_type: str) -> RdfFormat:
    syntax = RdfFormat.from_media_type(media_type)
    if syntax is None:
        raise UnreadableFile(f"{media_type} is no syntax of RDF")
    return syntax


def _digest(store: Store, name: GraphName) -> str:
    return digest(store.dump(None, RdfFormat.N_TRIPLES, from_graph=name) or b"")


def digest(lines: bytes) -> str:
    """What names a graph by its N-Triples, whatever their order."""
    return blake2b(b"\n".join(sorted(lines.splitlines())), digest_size=16).hexdigest()


def _update(store: Store, wanted: Amendment) -> ChangeSet:
    """Do the operations one after the other, each on what the ones before left, and take all back."""
    done = ChangeSet("update")
    try:
        for number, operation in enumerate(wanted.operations):
            try:
                done = _then(done, _do(store, operation, wanted.base))
            except QuerySyntaxError as error:
                error.members = {**error.members, "operation": number}
                raise
    finally:
        apply(store, done.inverse())
    return done


def _do(store: Store, operation: Operation, base: str) -> ChangeSet:
    operation = replace(operation, text=settled(operation.text, relative=True))
    try:
        if operation.tried:
            return _try(operation, base)
        if operation.data:
            return _do_data(store, operation, base)
        return _do_any(store, operation, base)
    except SyntaxError as error:
        raise syntax_error(str(error)) from None
    except RuntimeError as error:
        if UNKNOWN_FUNCTION in str(error):
            raise evaluation_error(error) from None
        raise UpdateFailed(f"nothing was changed: {str(error)[:500]}") from None


def _try(operation: Operation, base: str) -> ChangeSet:
    room = Store()
    room.add_graph(NamedNode(TRIED))
    try:
        room.update(operation.text, base_iri=base or None)
    except RuntimeError:  # the graph of TRIAL exists already: what follows was read and is well-formed
        return ChangeSet("")
    raise QueryError("the update cannot be tried")


def _do_data(store: Store, operation: Operation, base: str) -> ChangeSet:
    """INSERT DATA and DELETE DATA cost what they name, however much the store holds."""
    named = Store()
    named.update(operation.text, base_iri=base or None)
    if operation.data == INSERT:
        change = ChangeSet("", add=tuple(quad for quad in named if quad not in store), create=_new(store, named))
    else:  # read as what it is first, since INSERT DATA takes blank nodes and DELETE DATA does not
        text = operation.text[: operation.at] + INSERT + operation.text[operation.at + len(DELETE) :]
        named.update(text, base_iri=base or None)
        change = ChangeSet("", remove=tuple(quad for quad in named if quad in store))
    apply(store, change)
    return change


def _new(store: Store, named: Store) -> tuple[NamedNode, ...]:
    graphs = (graph for graph in named.named_graphs() if isinstance(graph, NamedNode))
    return tuple(graph for graph in graphs if not store.contains_named_graph(graph))


def _do_any(store: Store, operation: Operation, base: str) -> ChangeSet:
    scope = None if operation.graphs is None else [NamedNode(n) if n else DEFAULT_GRAPH for n in operation.graphs]
    graphs, before = set(store.named_graphs()), _quads(store, scope)
    store.update(operation.text, base_iri=base or None)
    graphs_now, now = set(store.named_graphs()), _quads(store, scope)
    return ChangeSet(
        "",
        add=tuple(now - before),
        remove=tuple(before - now),
        drop=_names(graphs - graphs_now),
        create=_names(graphs_now - graphs),
    )


def _quads(store: Store, graphs: Collection[GraphName] | None) -> set[Quad]:
    if graphs is None:
        return set(store)
    return {quad for graph in graphs for quad in store.quads_for_pattern(None, None, None, graph)}


def _names(graphs: Iterable[object]) -> tuple[NamedNode, ...]:
    return tuple(graph for graph in graphs if isinstance(graph, NamedNode))


def _then(first: ChangeSet, second: ChangeSet) -> ChangeSet:
    """One change that does what two do."""
    removed, added = _both(first.remove, first.add, second.remove, second.add)
    dropped, created = _both(first.drop, first.create, second.drop, second.create)
    return ChangeSet(first.label, tuple(added), tuple(removed), tuple(dropped), tuple(created))


def _both(out: Iterable[T], into: Iterable[T], then_out: Iterable[T], then_into: Iterable[T]) -> tuple[set[T], set[T]]:
    gone, come = set(out), set(into)
    for item in then_out:
        if item in come:
            come.discard(item)
        else:
            gone.add(item)
    for item in then_into:
        if item in gone:
            gone.discard(item)
        else:
            come.add(item)
    return gone, come
