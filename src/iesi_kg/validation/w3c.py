"""A report to a validation report in RDF (SHACL section 3.6), findings of the reader among its results.

What the shapes found names its shape, path and component. What was found while reading has no node yet: its focus node
is the row, and its component is named by the code of the finding. Messages stand in every language they are known in.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple

from iesi_kg.records import Finding, Report
from iesi_kg.validation.listing import place
from iesi_kg.vocabulary.annotations import CODE, COLUMN
from iesi_kg.vocabulary.namespaces import BASE, DCT, PREFIXES, RDF, RDFS, SH, XSD
from iesi_kg.vocabulary.told import LANGUAGES, in_language, spoken

_TYPE = NamedNode(RDF + "type")
_COMPONENT = "ConstraintComponent"
_ROW = NamedNode("http://www.w3.org/ns/csvw#rownum")
_CODED = f"{BASE}shapes#"


def turtle(report: Report) -> bytes:
    """The report as Turtle."""
    prefixes = {name: PREFIXES[name] for name in ("sh", "rdfs", "dct", "xsd", "iesi")}
    statements = list(_report(report))
    return pyoxigraph.serialize(statements, format=RdfFormat.TURTLE, prefixes=prefixes) or b""


def _sh(name: str) -> NamedNode:
    return NamedNode(SH + name)


def _report(report: Report) -> Iterator[Triple]:
    node = BlankNode("report")
    yield Triple(node, _TYPE, _sh("ValidationReport"))
    conforms = not report.findings  # SHACL section 3.6.1.1: false with any result, of whatever severity
    yield Triple(node, _sh("conforms"), Literal(conforms))
    results = [BlankNode(f"r{number}") for number in range(len(report.findings))]
    yield from (Triple(node, _sh("result"), result) for result in results)
    places = [(BlankNode(f"f{number}"), finding) for number, finding in enumerate(report.findings)]
    for result, (place_node, finding) in zip(results, places, strict=True):
        yield from _result(result, finding, place_node)
    for place_node, finding in places:
        if not finding.focus_node:
            yield from _place(place_node, finding)


def _result(result: BlankNode, finding: Finding, place_node: BlankNode) -> Iterator[Triple]:
    yield Triple(result, _TYPE, _sh("ValidationResult"))
    yield Triple(result, _sh("resultSeverity"), _sh(finding.severity.value.capitalize()))
    component = SH + finding.component + _COMPONENT if finding.component else _CODED + finding.code
    yield Triple(result, _sh("sourceConstraintComponent"), NamedNode(component))
    yield Triple(result, CODE, Literal(finding.code))
    focus = _node(finding.focus_node) if finding.focus_node else place_node
    yield Triple(result, _sh("focusNode"), focus)
    if finding.path:
        yield Triple(result, _sh("resultPath"), NamedNode(finding.path))
    if finding.shape:
        yield Triple(result, _sh("sourceShape"), _node(finding.shape))
    if finding.value is not None:
        yield Triple(result, _sh("value"), Literal(finding.value))
    if finding.column:
        yield Triple(result, COLUMN, Literal(finding.column))
    if finding.row or finding.line:
        yield Triple(result, NamedNode(DCT + "description"), Literal(place(finding), language="en"))
    for language in LANGUAGES:
        if spoken(finding.message, language) == language:
            yield Triple(
                result, _sh("resultMessage"), Literal(in_language(finding.message, language), language=language)
            )


def _place(node: BlankNode, finding: Finding) -> Iterator[Triple]:
    yield Triple(node, NamedNode(RDFS + "label"), Literal(place(finding), language="en"))
    if finding.row:
        yield Triple(node, _ROW, Literal(str(finding.row), datatype=NamedNode(XSD + "integer")))


def _node(text: str) -> NamedNode | BlankNode:
    """The node that a result names by its text: an address, else a blank node of that label."""
    try:
        return NamedNode(text)
    except ValueError:
        return BlankNode(text)
