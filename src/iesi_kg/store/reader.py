"""Turns one open version into the Reader contract: quads, solutions, triples and serialised answers."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from pyoxigraph import Literal, NamedNode, Quad, QuerySolutions, QueryTriples, Store, Triple, Variable

from iesi_kg.errors import StoreError, UsageError
from iesi_kg.records import Answer
from iesi_kg.store.base import GraphName, Solution, Term
from iesi_kg.store.dataset import Evaluator
from iesi_kg.store.evaluation import Target, evaluation_error, syntax_error
from iesi_kg.store.versions import Checkpoint


class View:
    """An open engine store shared by readers, with the lease that keeps its files."""

    def __init__(self, store: Store, checkpoint: Checkpoint | None = None) -> None:
        self._evaluator: Evaluator | None = Evaluator(store)
        self.checkpoint = checkpoint

    @property
    def evaluator(self) -> Evaluator:
        if self._evaluator is None:
            raise StoreError("the writer that handed out this reader has ended", hint="take a new reader of the store")
        return self._evaluator

    @property
    def store(self) -> Store:
        return self.evaluator.store

    def close(self) -> None:
        """Let go of the engine store, even while readers of this view are still held."""
        self._evaluator = None


class EmbeddedReader:
    """A consistent view of one version (of the live store, when a writer hands it out)."""

    def __init__(self, view: View, version: int) -> None:
        self._view = view
        self._version = version

    @property
    def version(self) -> int:
        return self._version

    def graphs(self) -> list[NamedNode]:
        """The named graphs, in order; empty ones too."""
        with self._translated():
            found = [name for name in self._view.store.named_graphs() if isinstance(name, NamedNode)]
        return sorted(found, key=str)

    def quads(
        self,
        subject: NamedNode | None = None,
        predicate: NamedNode | None = None,
        object: Term | None = None,
        graph: GraphName | None = None,
    ) -> Iterator[Quad]:
        """Quads that match; None matches anything."""
        with self._translated():
            yield from self._view.store.quads_for_pattern(subject, predicate, object, graph)

    def select(self, query: str, bindings: Mapping[str, NamedNode | Literal] | None = None) -> list[Solution]:
        """Solutions of a SELECT query; unbound variables are absent."""
        with self._translated():
            result = self._view.store.query(query, substitutions=_substitutions(bindings))
            if not isinstance(result, QuerySolutions):
                raise UsageError("select() takes a SELECT query")
            names = [variable.value for variable in result.variables]
            return [
                {name: term for name, term in zip(names, solution, strict=True) if term is not None}
                for solution in result
            ]

    def construct(self, query: str, bindings: Mapping[str, NamedNode | Literal] | None = None) -> list[Triple]:
        """Triples of a CONSTRUCT or DESCRIBE query, without duplicates."""
        with self._translated():
            result = self._view.store.query(query, substitutions=_substitutions(bindings))
            if not isinstance(result, QueryTriples):
                raise UsageError("construct() takes a CONSTRUCT or DESCRIBE query")
            return list(dict.fromkeys(result))

    def answer(
        self,
        query: str,
        media_type: str,
        *,
        default_graphs: Iterable[str] = (),
        named_graphs: Iterable[str] = (),
    ) -> Answer:
        """The serialised result of any query."""
        output = io.BytesIO()
        with self._translated():
            form, _ = self._view.evaluator.write(
                query, Target(media_type, output), tuple(default_graphs), tuple(named_graphs)
            )
        return Answer(form, media_type, output.getvalue(), self._version)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except SyntaxError as error:
            raise syntax_error(str(error)) from None
        except (OSError, RuntimeError) as error:
            raise evaluation_error(error) from error


def _substitutions(bindings: Mapping[str, NamedNode | Literal] | None) -> dict[Variable, Term] | None:
    if not bindings:
        return None
    return {Variable(name): term for name, term in bindings.items()}
