"""An outcome as the report of the standard in RDF (SHACL section 3.6), as JSON, and as text for a reader."""

from __future__ import annotations

import json as jsonlib
from collections import Counter
from collections.abc import Callable, Iterable

import pyoxigraph
from pyoxigraph import RdfFormat

from iesi_kg.validation.outcome import ShaclReport, ShaclResult
from iesi_kg.vocabulary.namespaces import RDF, SH, XSD

_PREFIXES = {"sh": SH, "xsd": XSD}
_SHOWN = 500


def turtle(outcome: ShaclReport) -> str:
    """The report in Turtle, one result after the other, worst message first as the results stand.

    >>> print(turtle(ShaclReport(True, (), "shifty")))
    @prefix sh: <http://www.w3.org/ns/shacl#> .
    @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
    <BLANKLINE>
    [] a sh:ValidationReport ;
        sh:conforms true .
    <BLANKLINE>
    """
    head = "".join(f"@prefix {name}: <{space}> .\n" for name, space in _PREFIXES.items())
    results = "".join(f" ;\n    sh:result [\n{_facts(result)}    ]" for result in outcome.results)
    return f"{head}\n[] a sh:ValidationReport ;\n    sh:conforms {str(outcome.conforms).lower()}{results} .\n"


def _facts(result: ShaclResult) -> str:
    facts = [
        ("sh:focusNode", result.focus),
        ("sh:resultPath", result.path_turtle),
        ("sh:value", result.value),
        ("sh:resultSeverity", _short(result.severity)),
        ("sh:sourceConstraintComponent", _short(result.component)),
        ("sh:sourceConstraint", result.constraint),
        ("sh:sourceShape", result.shape),
        *(("sh:resultMessage", message) for message in result.messages),
    ]
    lines = "".join(f"        {name} {value} ;\n" for name, value in facts if value is not None)
    return f"        a sh:ValidationResult ;\n{lines}"


def _short(iri: str) -> str:
    local = iri[1:-1].removeprefix(SH)
    return f"sh:{local}" if local.isalpha() and local != iri[1:-1] else iri


def json(outcome: ShaclReport) -> str:
    """The outcome as one JSON object; terms as in N-Triples, severity and component by their short names."""
    results = [
        {
            "focusNode": result.focus,
            "path": result.path,
            "value": result.value,
            "severity": _name(result.severity),
            "component": _name(result.component),
            "sourceShape": result.shape,
            "shape": result.about,
            "message": result.message,
            "messages": list(result.messages),
        }
        for result in outcome.results
    ]
    facts = {"conforms": outcome.conforms, "engine": outcome.engine, "notes": list(outcome.notes), "results": results}
    return jsonlib.dumps(facts, ensure_ascii=False, indent=1) + "\n"


def text(outcome: ShaclReport) -> str:
    """The outcome in lines: the verdict with its numbers, then each result with node, path, message and shape.

    >>> print(text(ShaclReport(True, (), "shifty")), end="")
    Conforms: nothing found.
    """
    counts = Counter(_name(result.severity) for result in outcome.results)
    if outcome.conforms:
        return "Conforms: nothing found.\n"
    told = ", ".join(f"{number:,} of severity {name}" for name, number in sorted(counts.items()))
    lines = [f"Does not conform: {told}.", ""]
    for result in outcome.results[:_SHOWN]:
        lines += _lines(result)
    if len(outcome.results) > _SHOWN:
        lines.append(f"... and {len(outcome.results) - _SHOWN:,} more; --format json or ttl lists them all")
    return "\n".join(lines) + "\n"


def fails(outcome: ShaclReport, severities: Iterable[str]) -> bool:
    """Whether a result has one of the severities, or one that is none of the standard's, which counts as the worst."""
    counted, known = set(severities), {"Info", "Warning", "Violation"}
    return any(name in counted or name not in known for name in (_name(result.severity) for result in outcome.results))


def _lines(result: ShaclResult) -> Iterable[str]:
    path = f" {result.path}" if result.path else ""
    yield f"{_name(result.severity)}  {result.focus}{path}"
    yield f"    {result.message}"
    if result.value is not None and result.value != result.focus and result.value not in result.message:
        yield f"    value: {result.value}"
    yield f"    from {result.about} ({_name(result.component)})"
    yield ""


def _name(iri: str) -> str:
    return iri[1:-1].removeprefix(SH).removesuffix("ConstraintComponent")


def rdf(outcome: ShaclReport, syntax: RdfFormat) -> str:
    """The report in any syntax of RDF."""
    triples = (quad.triple for quad in pyoxigraph.parse(turtle(outcome), RdfFormat.TURTLE))
    return (pyoxigraph.serialize(triples, format=syntax, prefixes={**_PREFIXES, "rdf": RDF}) or b"").decode()


WRITERS: dict[str, Callable[[ShaclReport], str]] = {
    "ttl": turtle,
    "json": json,
    "text": text,
    "nt": lambda outcome: rdf(outcome, RdfFormat.N_TRIPLES),
    "jsonld": lambda outcome: rdf(outcome, RdfFormat.JSON_LD),
    "xml": lambda outcome: rdf(outcome, RdfFormat.RDF_XML),
}
