"""Answers the plainest queries at once, in the service's own process, where little work is certain before they run.

Waking a query process costs several times what such a query does. A query that runs here cannot be ended, so it must
not be able to run long: from a few facts about the version (how many objects a subject has at most for each predicate,
which objects have many subjects) the most rows that its patterns can meet are known beforehand.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass
from typing import IO, Final, cast

from pyoxigraph import Literal, NamedNode, QuerySolutions, Store

from iesi_kg.errors import IesiKgError
from iesi_kg.records import Answer
from iesi_kg.store import rows
from iesi_kg.store.dataset import copy_to_memory
from iesi_kg.store.evaluation import Target, evaluate
from iesi_kg.store.frames import Limits
from iesi_kg.store.plain import Plain
from iesi_kg.store.versions import Checkpoint, Layout, Version

MOST_STEPS: Final = 1_000  # triples that one query may meet: about a millisecond
MANY: Final = 250  # subjects of one object
MOST_BYTES: Final = 64_000
CALM_SECONDS: Final = 0.5  # a version that is replaced sooner is not copied
_NICENESS = 10

_OBJECTS_EACH = """SELECT ?p (MAX(?number) AS ?most) {
  SELECT ?p (COUNT(*) AS ?number) { ?s ?p ?o } GROUP BY ?s ?p } GROUP BY ?p"""
_TRIPLES_EACH = "SELECT (MAX(?number) AS ?most) { SELECT (COUNT(*) AS ?number) { ?s ?p ?o } GROUP BY ?s }"
_POPULAR = f"SELECT ?o {{ ?s ?p ?o FILTER(isIRI(?o)) }} GROUP BY ?o HAVING(COUNT(*) > {MANY})"

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
    ``popular`` the IRIs that are the object of more than ``MANY`` triples.
    """

    objects: dict[str, int]
    triples: int
    popular: frozenset[str]

    @classmethod
    def of(cls, store: Store) -> Spread:
        """The spread of a store's default graph."""
        objects = {f"<{_iri(row['p'])}>": _number(row["most"]) for row in _rows(store, _OBJECTS_EACH)}
        triples = max((_number(row["most"]) for row in _rows(store, _TRIPLES_EACH)), default=0)
        return cls(objects, triples, frozenset(f"<{_iri(row['o'])}>" for row in _rows(store, _POPULAR)))

    def steps(self, query: Plain) -> int | None:
        """The most triples a query can meet, None where that is not known.

        The patterns must form trees that grow from subject to object, each from constants: then every order in which
        an engine may join them, constants first, meets no more.
        """
        roots = {query.values[0]} if query.values else set()
        children = [node for _, _, node in query.patterns if node[0] == "?"]
        names = [predicate for _, predicate, _ in query.patterns if predicate[0] == "?"]
        subjects = {subject for subject, _, _ in query.patterns if subject[0] == "?"}
        if len({*children, *names, *roots}) < len(children) + len(names) + len(roots) or subjects & set(names):
            return None
        if not self._grows(query, roots, set(children), subjects):
            return None
        found: int = query.values[1] if query.values else 1
        found *= MANY ** len(subjects - roots - set(children))
        for _, predicate, node in query.patterns:
            if node[0] == "?" or predicate[0] == "?":
                found *= max(1, self.triples if predicate[0] == "?" else self.objects.get(predicate, 0))
        return found * max(1, len(query.patterns))

    def _grows(self, query: Plain, roots: set[str], children: set[str], subjects: set[str]) -> bool:
        """Whether each tree begins with constants: a variable that nothing leads to needs an object that few have.

        In such a tree no other variable has a constant object, with which an engine could begin instead.
        """
        begins = subjects - roots - children
        if not begins:
            return _is_forest(query, roots)
        fixed = {subject: node for subject, _, node in query.patterns if subject[0] == "?" and node[0] != "?"}
        if len(begins) > 1 or set(fixed) != begins or roots:
            return False
        constants = [node for subject, _, node in query.patterns if subject in begins and node[0] != "?"]
        return all(node[0] == "<" and node not in self.popular for node in constants) and _is_forest(query, begins)


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


class Express:
    """Answers from a copy in memory of the version that has been current for a moment.

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
            store = copy_to_memory(source, blank_nodes=self._layout.scratch.exists())
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
        steps = copy.spread.steps(query)
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
    return cast("NamedNode", term).value


def _number(term: object) -> int:
    return int(cast("Literal", term).value) if term is not None else 0
