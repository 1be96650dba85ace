"""Answers the plainest queries at once, in the service's own process, where little work is certain before they run.

Waking a query process costs several times what such a query does. A query that runs here cannot be ended, so it must
not be able to run long: from a few facts about the version (how many objects a subject has at most for each predicate,
how many subjects an object has) the most rows that its patterns can meet are known beforehand.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import IO, Final, cast

from pyoxigraph import Literal, NamedNode, QuerySolutions, Store

from iesi_kg.errors import IesiKgError
from iesi_kg.records import Answer
from iesi_kg.store import rows
from iesi_kg.store.dataset import copy_to_memory
from iesi_kg.store.evaluation import Target, evaluate
from iesi_kg.store.frames import Limits
from iesi_kg.store.plain import Pattern, Plain
from iesi_kg.store.versions import Checkpoint, Layout, Version

MOST_STEPS: Final = 1_000  # triples that one query may meet: about a millisecond
MANY: Final = 1_000  # triples of one object: the engine finds those of a predicate among them
FEW: Final = 25  # subjects of one object that are not counted one by one
MOST_BYTES: Final = 64_000
CALM_SECONDS: Final = 0.5  # a version that is replaced sooner is not copied
_NICENESS = 10

_OBJECTS_EACH = """SELECT ?p (MAX(?number) AS ?most) {
  SELECT ?p (COUNT(*) AS ?number) { ?s ?p ?o } GROUP BY ?s ?p } GROUP BY ?p"""
_TRIPLES_EACH = "SELECT (MAX(?number) AS ?most) { SELECT (COUNT(*) AS ?number) { ?s ?p ?o } GROUP BY ?s }"
_SUBJECTS = f"""SELECT ?p ?o (COUNT(*) AS ?number) {{ ?s ?p ?o FILTER(isIRI(?o)) }}
GROUP BY ?p ?o HAVING(COUNT(*) > {FEW})"""
_OF_ANY = f"""SELECT ?o (COUNT(*) AS ?number) {{ ?s ?p ?o FILTER(isIRI(?o)) }} GROUP BY ?o HAVING(COUNT(*) > {FEW})"""
_KNOWN = 2_048

log = logging.getLogger(__name__)


class _TooLarge(Exception):
    """More bytes than are written here."""


class _Sheet:
    """A binary file that holds a small result."""

    def __init__(self, most: int) -> None:
        self._left = most
        self.parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Take a part."""
        self._left -= len(data)
        if self._left < 0:
            raise _TooLarge
        self.parts.append(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How far patterns can fan out in the default graph of one version.

    ``objects`` holds for each predicate the most objects of one subject, ``triples`` the most triples of one subject,
    ``subjects`` for a predicate and an IRI how many subjects have it as their object, where these are more than
    ``FEW``; ``linking`` the same for an IRI with any predicate.
    """

    objects: dict[str, int]
    triples: int
    subjects: dict[tuple[str, str], int]
    linking: dict[str, int]

    @classmethod
    def of(cls, store: Store) -> Spread:
        """The spread of a store's default graph."""
        objects = {_iri(row["p"]): _number(row["most"]) for row in _rows(store, _OBJECTS_EACH)}
        triples = max((_number(row["most"]) for row in _rows(store, _TRIPLES_EACH)), default=0)
        subjects = {(_iri(row["p"]), _iri(row["o"])): _number(row["number"]) for row in _rows(store, _SUBJECTS)}
        linking = {_iri(row["o"]): _number(row["number"]) for row in _rows(store, _OF_ANY)}
        return cls(objects, triples, subjects, linking)

    def steps(self, query: Plain) -> int | None:
        """The most triples a query can meet, None where that is not known.

        The patterns must form trees that grow from subject to object, each from constants: then every order in which
        an engine may join them, constants first, meets no more.
        """
        patterns = (*query.patterns, *query.optional)
        roots = {query.values[0]} if query.values else set()
        children = [node for _, _, node in patterns if node[0] == "?"]
        names = [predicate for _, predicate, _ in patterns if predicate[0] == "?"]
        subjects = {subject for subject, _, _ in query.patterns if subject[0] == "?"}
        if len({*children, *names, *roots}) < len(children) + len(names) + len(roots) or subjects & set(names):
            return None
        begins = subjects - roots - {node for _, _, node in query.patterns}
        if not (_grows(query, roots, begins) and _adds(query, subjects | roots)):
            return None
        first = [each for each in query.patterns if each[0] in begins and each[2][0] != "?"]
        if any(self.linking.get(node, 0) > MANY for _, _, node in first):
            return None
        found: int = query.values[1] if query.values else 1
        found *= max([self._sharing(each) for each in first], default=1)
        for each in patterns:
            if (each[2][0] == "?" or each[1][0] == "?") and first != [each]:
                found *= max(1, self.triples if each[1][0] == "?" else self.objects.get(each[1], 0))
        return found * max(1, len(patterns))

    def _sharing(self, pattern: Pattern) -> int:
        """How many subjects have this object at most."""
        _, predicate, node = pattern
        return self.linking.get(node, FEW) if predicate[0] == "?" else self.subjects.get((predicate, node), FEW)


def _grows(query: Plain, roots: set[str], begins: set[str]) -> bool:
    """Whether each tree begins with constants: a variable that nothing leads to needs an IRI as its object.

    In such a tree no other variable has a constant object, with which an engine could begin instead.
    """
    if not begins:
        return _is_forest(query, roots)
    fixed = {subject: node for subject, _, node in query.patterns if subject[0] == "?" and node[0] != "?"}
    if len(begins) > 1 or set(fixed) != begins or roots:
        return False
    constants = [node for subject, _, node in query.patterns if subject in begins and node[0] != "?"]
    return all(node[0] == "<" for node in constants) and _is_forest(query, begins)


def _adds(query: Plain, subjects: set[str]) -> bool:
    """Whether each OPTIONAL looks up what is new of a subject that is bound by then.

    Only so does the engine go from solution to solution: of what another OPTIONAL may have left unbound it would read
    every triple, and two patterns in one it might join before anything else.
    """
    bound = subjects | {node for _, _, node in query.patterns if node[0] == "?"}
    return all(
        (subject[0] == "<" or subject in bound) and node[0] == "?" and not {node, predicate} & bound
        for subject, predicate, node in query.optional
    )


def _is_forest(query: Plain, roots: set[str]) -> bool:
    """Whether every subject is reached from a constant or a root, so that no pattern hangs in a circle."""
    reached = set(roots)
    left = list(query.patterns)
    while left:
        ready = [each for each in left if each[0][0] == "<" or each[0] in reached]
        if not ready:
            return False
        reached |= {node for _, _, node in ready if node[0] == "?"}
        left = [each for each in left if each not in ready]
    return True


@dataclass(frozen=True, slots=True)
class _Copy:
    number: int
    store: Store
    spread: Spread
    known: dict[Hashable, int | None] = field(default_factory=dict)

    def steps(self, query: Plain) -> int | None:
        """The most triples a query can meet; which constant a subject is makes no difference to it."""
        every = (*query.patterns, *query.optional)
        key = (query.values, len(query.optional), *[(s if s[0] == "?" else "", p, o) for s, p, o in every])
        if key not in self.known:
            if len(self.known) >= _KNOWN:
                self.known.clear()
            self.known[key] = self.spread.steps(query)
        return self.known[key]


class Express:
    """Answers from a copy in memory of the default graph of the version that has been current for a moment.

    A version of more than ``most`` triples is not copied.
    """

    def __init__(self, layout: Layout, most: int) -> None:
        self._layout = layout
        self._most = most
        self._copy: _Copy | None = None
        self._wanted = (0, 0.0)  # a version, and since when
        self._loading: threading.Thread | None = None

    def prepare(self, version: Version, *, seconds: float = CALM_SECONDS) -> None:
        """Have a version copied beside all else, once it has been current for some seconds."""
        now = time.monotonic()
        if self._wanted[0] != version.number:
            self._wanted = (version.number, now)
            self._copy = None
        if version.triples > self._most or self._loading is not None or now - self._wanted[1] < seconds:
            return
        self._loading = threading.Thread(target=self._load, args=(version,), name="express", daemon=True)
        self._loading.start()

    def _load(self, version: Version) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        path = self._layout.version(version.number)
        try:
            source = Checkpoint(Version(version.number, path, version.created, version.triples)).store
            store = copy_to_memory(source, blank_nodes=self._layout.scratch.exists(), whole=False)
            self._copy = _Copy(version.number, store, Spread.of(store))
        except (OSError, RuntimeError, ValueError, MemoryError) as error:  # the query processes go on as ever
            log.info("version %s is not copied for small queries yet: %s", version.number, error)
            self._wanted = (version.number, time.monotonic())
        finally:
            self._loading = None

    def answer(self, version: Version, query: Plain, media_type: str, limits: Limits) -> Answer | None:
        """The answer to a query of little work, None where a query process is to find it, or its error."""
        copy = self._copy
        if copy is None or copy.number != version.number:
            self.prepare(version)
            return None
        steps = copy.steps(query)
        if steps is None or steps > MOST_STEPS:
            return None
        return _answered(copy, query, media_type, limits)


def _answered(copy: _Copy, query: Plain, media_type: str, limits: Limits) -> Answer | None:
    begun = time.perf_counter()
    sheet = _Sheet(min(limits.bytes, MOST_BYTES))
    try:
        form, number = evaluate(copy.store, query.text, Target(media_type, cast("IO[bytes]", sheet), limits.rows))
    except (IesiKgError, _TooLarge, OSError, RuntimeError, ValueError):
        return None
    body = b"".join(sheet.parts)
    if number is None:
        number = rows.count(media_type, body)
    if number is None or number > limits.rows:
        return None
    return Answer(form, media_type, body, copy.number, number, time.perf_counter() - begun)


def _rows(store: Store, text: str) -> QuerySolutions:
    return cast("QuerySolutions", store.query(text))


def _iri(term: object) -> str:
    return f"<{cast('NamedNode', term).value}>"


def _number(term: object) -> int:
    return int(cast("Literal", term).value) if term is not None else 0
