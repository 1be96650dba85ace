"""What a notebook holds: one object that asks, finds which records of a table are ours, and reads one of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlencode

from iesi_kg.client import frames
from iesi_kg.client.service import ask, document, post
from iesi_kg.errors import NotFound, UsageError

RESULTS = "application/sparql-results+json"
_XSD = "http://www.w3.org/2001/XMLSchema#"
_NUMBERS: Mapping[str, type] = {
    **dict.fromkeys((f"{_XSD}integer", f"{_XSD}int", f"{_XSD}long"), int),
    **dict.fromkeys((f"{_XSD}decimal", f"{_XSD}double", f"{_XSD}float"), float),
}
_FOUND = ("id", "name", "score", "match", "reason")


class Source(Protocol):
    """Where answers come from: SPARQL results in JSON, and the documents of the Reconciliation API."""

    def select(self, query: str) -> bytes: ...

    def reconcile(self, queries: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]: ...

    def extend(self, ids: Sequence[str], properties: Sequence[str]) -> Mapping[str, Any]: ...

    def properties(self, type_: str) -> Sequence[str]: ...

    @property
    def batch(self) -> int: ...


class Remote:
    """A service somewhere on the web."""

    def __init__(self, url: str, *, seconds: float = 60.0) -> None:
        self._url = url.rstrip("/").removesuffix("/sparql").removesuffix("/reconcile")
        self._seconds = seconds
        self._batch = 0

    def select(self, query: str) -> bytes:
        """The results of a query."""
        return ask(f"{self._url}/sparql", query, RESULTS, seconds=self._seconds).body

    def reconcile(self, queries: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
        """The results of a batch."""
        return self._sent(queries=queries)

    def extend(self, ids: Sequence[str], properties: Sequence[str]) -> Mapping[str, Any]:
        """The values of properties."""
        return self._sent(extend={"ids": list(ids), "properties": [{"id": name} for name in properties]})

    def properties(self, type_: str) -> Sequence[str]:
        """The ids of the properties of a type."""
        found = document(f"{self._url}/reconcile/properties?{urlencode({'type': type_})}", seconds=self._seconds)
        return [one["id"] for one in found["properties"]]

    @property
    def batch(self) -> int:
        """How many queries may be asked at once."""
        if not self._batch:
            self._batch = int(document(f"{self._url}/reconcile", seconds=self._seconds).get("batchSize", 10))
        return self._batch

    def _sent(self, **given: object) -> Mapping[str, Any]:
        form = {name: json.dumps(value) for name, value in given.items()}
        found: Mapping[str, Any] = post(f"{self._url}/reconcile", form, seconds=self._seconds)
        return found


class Client:
    """Questions to one source of answers; ``frames`` says of which library the tables are that it makes."""

    def __init__(self, source: Source, *, frames: str = "pandas") -> None:
        self._source = source
        self._frames = frames

    def query(self, text: str) -> Any:  # noqa: ANN401  (a data frame)
        """The results of a SELECT query as a data frame; numbers are numbers, all else is text.

        Raises UsageError for another kind of query, PeerError or QueryError for one that fails.
        """
        found = json.loads(self._source.select(text))
        if "results" not in found:
            raise UsageError("only the results of a SELECT query make a table", hint="write SELECT ... WHERE { ... }")
        names, rows = found["head"]["vars"], found["results"]["bindings"]
        return frames.frame({name: [_plain(row.get(name)) for row in rows] for name in names}, self._frames)

    def link(
        self,
        table: Any,  # noqa: ANN401  (a data frame)
        name: str = "name",
        *,
        kind: str = "initiative",
        properties: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401
        """For each row of a table the record of ours that it most likely means: id, name, score, match and reason.

        ``properties`` says which columns hold further facts: ``{"country": "land"}``. Rows keep their order; where
        nothing is like a name, the cells are empty.
        """
        library = frames.library_of(table)
        texts = [str(text) if text is not None else "" for text in frames.column(table, name)]
        facts = {pid: frames.column(table, column) for pid, column in (properties or {}).items()}
        queries = [
            _query(text, kind, {pid: values[row] for pid, values in facts.items()}) for row, text in enumerate(texts)
        ]
        best = list(self._best(queries))
        columns = {key: [found.get(key) for found in best] for key in _FOUND}
        return frames.frame({"query": texts, **columns}, library)

    def initiative(self, id_: str) -> Mapping[str, list[Any]]:
        """What one initiative says, by property; ``id_`` is its key, its id or its address. Raises NotFound."""
        asked = id_ if ":" in id_ else f"initiative:{id_}"
        properties = self._source.properties("initiative")
        row = self._source.extend([asked], properties)["rows"][asked]
        found = {name: [_value(value) for value in values] for name, values in row.items() if values}
        if not found:
            raise NotFound(f"no initiative is called {id_!r}", hint="link() finds one by its name")
        return found

    def _best(self, queries: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """The first candidate of each query; rows without a name ask nothing."""
        size = self._source.batch
        for start in range(0, len(queries), size):
            batch = {f"q{n}": query for n, query in enumerate(queries[start : start + size])}
            asked = {id_: query for id_, query in batch.items() if query["query"]}
            found = self._source.reconcile(asked) if asked else {}
            for id_ in batch:
                result = found.get(id_, {})
                if "error" in result:
                    raise UsageError(result["error"])
                yield next(iter(result.get("result", ())), {})


def connect(url: str, *, frames: str = "pandas", seconds: float = 60.0) -> Client:
    """A client of a service at an address."""
    return Client(Remote(url, seconds=seconds), frames=frames)


def _query(text: str, kind: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    given = [{"pid": pid, "v": value} for pid, value in facts.items() if value is not None]
    return {"query": text, "type": kind, "limit": 2, **({"properties": given} if given else {})}


def _plain(term: Mapping[str, str] | None) -> object:
    if term is None:
        return None
    kind = _NUMBERS.get(term.get("datatype", ""))
    return kind(term["value"]) if kind else term["value"]


def _value(told: Mapping[str, Any]) -> object:
    """A thing by its name, any other value as it is."""
    return told["name"] if "name" in told else next(iter(told.values()), None)
