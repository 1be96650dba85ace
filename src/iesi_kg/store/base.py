"""The contract every backend keeps: a Store hands out Readers to all and one Writer at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Triple

from iesi_kg.records import Answer

Term: TypeAlias = NamedNode | BlankNode | Literal | Triple
GraphName: TypeAlias = NamedNode | DefaultGraph
Solution: TypeAlias = Mapping[str, Term]

DEFAULT_GRAPH = DefaultGraph()


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What one commit does: quads that leave, then quads that enter; ``label`` names it in the journal.

    ``drop`` and ``create`` are named graphs that end and begin to exist, with or without quads. ``forget`` has what
    leaves leave the files too, not only every answer.
    """

    label: str
    add: Sequence[Quad] = field(default=())
    remove: Sequence[Quad] = field(default=())
    drop: Sequence[NamedNode] = field(default=())
    create: Sequence[NamedNode] = field(default=())
    forget: bool = False

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return bool(self.add or self.remove or self.drop or self.create)

    def inverse(self) -> ChangeSet:
        """What takes this change back."""
        return ChangeSet(self.label, add=self.remove, remove=self.add, drop=self.create, create=self.drop)


class Reader(Protocol):
    """A consistent view of one version; trusted queries only (untrusted ones go to the worker pool)."""

    @property
    def version(self) -> int:
        """The number of the version this reader sees; it never changes during the reader's life."""
        ...

    def graphs(self) -> Sequence[NamedNode]:
        """The named graphs of the version."""
        ...

    def quads(
        self,
        subject: NamedNode | None = None,
        predicate: NamedNode | None = None,
        object: Term | None = None,
        graph: GraphName | None = None,
    ) -> Iterator[Quad]:
        """Quads that match; None matches anything (``graph=None`` spans the default and all named graphs)."""
        ...

    def select(self, query: str, bindings: Mapping[str, NamedNode | Literal] | None = None) -> list[Solution]:
        """Solutions of a SELECT query; ``bindings`` substitute variables safely. Unbound variables are absent."""
        ...

    def construct(self, query: str, bindings: Mapping[str, NamedNode | Literal] | None = None) -> list[Triple]:
        """Triples of a CONSTRUCT or DESCRIBE query, without duplicates."""
        ...

    def answer(
        self,
        query: str,
        media_type: str,
        *,
        default_graphs: Iterable[str] = (),
        named_graphs: Iterable[str] = (),
    ) -> Answer:
        """The serialised result of any query; the graphs are the protocol's dataset (SPARQL 1.1 Protocol 2.1.4)."""
        ...


class Writer(Protocol):
    """The one writer; ``reader`` shows what stands now, uncheckpointed commits included."""

    @property
    def reader(self) -> Reader: ...

    def commit(self, change: ChangeSet) -> int:
        """Apply all of the change or none, journal it durably, and return the new version number.

        Raises StoreFull or StoreReadOnly with the store as it was before.
        """
        ...


class Store(Protocol):
    """Where quads live."""

    def reader(self) -> Reader:
        """A view of the current version."""
        ...

    def writer(self) -> AbstractContextManager[Writer]:
        """Become the one writer; raises StoreBusy when another holds the lock for too long."""
        ...

    def close(self) -> None: ...


class Facts(Protocol):
    """What is known of a version: its number is the count of commits since the store was made."""

    @property
    def number(self) -> int: ...

    @property
    def created(self) -> datetime: ...

    @property
    def triples(self) -> int: ...


class VersionedStore(Store, Protocol):
    """A Store that was opened: what operators ask of it beside reading and writing."""

    def current(self) -> Facts:
        """The version that a reader opened now would see."""
        ...

    def verify(self) -> None:
        """Read what is there, mending what can be mended. Raises StoreDamaged."""
        ...

    def let_go(self) -> None:
        """Let go of what is open of a version that has passed, without waiting."""
        ...

    def forget_older(self) -> list[int]:
        """Forget every version but the current one; says which remain because somebody reads them."""
        ...
