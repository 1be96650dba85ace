"""A query to whether its answer can be cited: it must be the same whenever it is asked of the same release."""

from __future__ import annotations

from iesi_kg.endpoint import tree
from iesi_kg.endpoint.syntax import Guards, Shape, inspect, position
from iesi_kg.endpoint.tree import Cut
from iesi_kg.errors import QueryRefused

LONGEST = 8_000
_ANY = frozenset({"SAMPLE", "GROUP_CONCAT"})
_AGGREGATES = frozenset({"aggregate"})
_REDUCED = frozenset({"REDUCED"})
_SERVICES = frozenset({"service_graph_pattern"})


def citable(text: str, guards: Guards) -> Shape:
    """The shape of a query whose answer can be cited. Raises QueryRefused with the reason, QuerySyntaxError.

    >>> citable("SELECT ?s { ?s ?p ?o } ORDER BY ?s LIMIT 3", Guards(100, 10, 10)).keyword
    'SELECT'
    """
    if len(text) > LONGEST:
        raise _refused(
            f"the query is {len(text):,} characters long, and a citation carries it in its address",
            f"cite a query of at most {LONGEST:,} characters",
            text,
        )
    shape = inspect(text, guards)
    fault = tree.first_fault(text)
    if fault is not None:
        raise _refused("its text cannot be understood from here on", "mend the query first", text, fault.offset)
    for offset, _ in tree.words_of(text, _SERVICES):
        reason = "it asks another server, whose answer no release keeps"
        raise _refused(reason, "cite a query without SERVICE", text, offset)
    if shape.volatile:
        hint = "leave out NOW, RAND, UUID, STRUUID and BNODE"
        raise _refused("it uses a function that differs each time", hint, text)
    for offset, word in tree.words_of(text, _AGGREGATES):
        if word in _ANY:
            reason = f"SPARQL leaves open what {word} picks or in which order"
            raise _refused(reason, "use MIN or MAX, or list the values as rows", text, offset)
    for offset, _ in tree.words_of(text, _REDUCED):
        reason = "SPARQL leaves open how often REDUCED keeps a row"
        raise _refused(reason, "use DISTINCT, or leave REDUCED out", text, offset)
    for cut in tree.cuts(text):
        if not _is_total(cut):
            hint = "sort by every variable that is handed on (ORDER BY ?a ?b), or leave the LIMIT out"
            reason = "LIMIT or OFFSET without a total order may keep other rows the next time"
            raise _refused(reason, hint, text, cut.offset)
    return shape


def _is_total(cut: Cut) -> bool:
    if cut.handed_on is not None and cut.handed_on <= cut.sorted_by:
        return True
    return cut.grouped is not None and cut.grouped <= cut.sorted_by


def _refused(reason: str, hint: str, text: str, offset: int | None = None) -> QueryRefused:
    place = {} if offset is None else dict(zip(("line", "column"), position(text, offset), strict=True))
    return QueryRefused(f"this answer cannot be cited: {reason}", hint=hint, **place)
