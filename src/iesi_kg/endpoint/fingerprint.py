"""A complete answer to rows in one canonical order and their SHA-256: equal answers have equal hashes on every engine.

Solutions are written as a header of variables and one line of N-Triples terms each, sorted; a graph by RDF Dataset
Canonicalization (RDFC-1.0, https://www.w3.org/TR/rdf-canon/).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from pyoxigraph import (
    BlankNode,
    CanonicalizationAlgorithm,
    Dataset,
    Quad,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Triple,
    parse,
    parse_query_results,
)

from iesi_kg.endpoint.negotiation import JSON, N_TRIPLES, MediaType
from iesi_kg.errors import QueryRefused
from iesi_kg.records import Answer, Form

# The algorithm tries the orders of blank nodes that look alike, and their number grows as a factorial.
MOST_ALIKE = 7


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The lines of an answer in canonical order; ``head`` names the variables, where there are any."""

    head: str
    lines: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Hex digest of head and lines."""
        lines = (self.head, *self.lines) if self.head else self.lines
        return sha256("".join(f"{line}\n" for line in lines).encode("utf-8")).hexdigest()


def media(form: Form) -> MediaType:
    """The media type in which an answer must be asked for, to be read here."""
    return N_TRIPLES if form is Form.GRAPH else JSON


def fingerprint(answer: Answer) -> Fingerprint:
    """The fingerprint of an answer. Raises QueryRefused where blank nodes leave no canonical form."""
    if answer.form is Form.GRAPH:
        return Fingerprint("", tuple(_graph(answer.body)))
    results = parse_query_results(answer.body, QueryResultsFormat.JSON)
    if isinstance(results, QueryBoolean):
        return Fingerprint("", ("true" if results else "false",))
    assert isinstance(results, QuerySolutions)
    names = [variable.value for variable in results.variables]
    rows = []
    for solution in results:
        terms = [solution[name] for name in names]
        if any(isinstance(term, BlankNode) for term in terms):
            raise _ambiguous("a row of the answer holds a blank node")
        rows.append("\t".join("" if term is None else str(term) for term in terms))
    return Fingerprint("\t".join(f"?{name}" for name in names) or "()", tuple(sorted(rows)))


def _graph(body: bytes) -> Iterable[str]:
    triples = {quad.triple for quad in parse(body, RdfFormat.N_TRIPLES)}
    if not any(isinstance(term, BlankNode) for triple in triples for term in (triple.subject, triple.object)):
        return sorted(f"{triple} ." for triple in triples)
    if _alike(triples) > MOST_ALIKE:
        raise _ambiguous("the graph holds many blank nodes that nothing tells apart")
    dataset = Dataset(Quad(triple.subject, triple.predicate, triple.object) for triple in triples)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return sorted(f"{quad.triple} ." for quad in dataset)


def _alike(triples: set[Triple]) -> int:
    """How many blank nodes are not told apart by the statements they stand in (RDFC-1.0 section 4.6)."""
    around: dict[BlankNode, list[str]] = {}
    for triple in triples:
        for node in {term for term in (triple.subject, triple.object) if isinstance(term, BlankNode)}:
            parts = (triple.subject, triple.predicate, triple.object)
            shown = ("_:a" if term == node else "_:z" if isinstance(term, BlankNode) else str(term) for term in parts)
            around.setdefault(node, []).append(" ".join(shown))
    looks = Counter("\n".join(sorted(lines)) for lines in around.values())
    return sum(count for count in looks.values() if count > 1)


def _ambiguous(reason: str) -> QueryRefused:
    return QueryRefused(f"the answer cannot be cited: {reason}", hint="ask for IRIs and values instead")
