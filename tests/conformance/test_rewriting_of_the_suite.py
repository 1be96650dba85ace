"""The query tests of the W3C suite, with all rewritten that may be: the same tests pass as over HTTP."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pyoxigraph import DefaultGraph, NamedNode, RdfFormat, Store
from suite_evaluation import Miss, query_test
from suite_manifests import Test
from suite_runner import EXPECTED_FAILURES, RUN, group

from iesi_kg.errors import IesiKgError
from rewriting_in_hand import rewritten, serialised


@dataclass
class Reply:
    status: int
    body: bytes = b""
    text: str = ""


class Local:
    """A store in this process that answers what the runner of the suite asks of a service."""

    def __init__(self) -> None:
        self._store = Store()
        self.applied: Counter[str] = Counter()

    def update(self, text: str) -> Reply:
        self._store.update(text)
        return Reply(204)

    def put(self, name: str | None, content: bytes) -> Reply:
        graph = DefaultGraph() if name is None else NamedNode(name)
        if name is not None:
            self._store.add_graph(NamedNode(name))
        self._store.load(content, RdfFormat.N_TRIPLES, to_graph=graph)
        return Reply(201)

    def query(self, text: str, accept: str) -> Reply:
        found = rewritten(text)
        self.applied.update(found.rules if found else ())
        try:
            return Reply(200, serialised(self._store, found.text if found else text, accept))
        except IesiKgError as error:
            return Reply(400, text=error.detail)


def passes(test: Test, service: Local) -> bool:
    try:
        query_test(test, service)  # type: ignore[arg-type]  (what it asks of a service is here too)
    except Miss:
        return False
    return True


def test_the_same_tests_pass() -> None:
    service = Local()
    queries = [test for test in RUN if group(test) == "query"]
    failed = {test.iri for test in queries if not passes(test, service)}
    assert failed == {test.iri for test in queries} & set(EXPECTED_FAILURES)
    assert service.applied["not-exists"] >= 2
