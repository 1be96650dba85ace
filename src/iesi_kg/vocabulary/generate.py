"""Ontology and template turned into the files derived from them: JSON-LD context (JSON-LD 1.1 section 3.1), CSV header,
list of published IRIs, reference page and Python terms.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, parse

from iesi_kg import assets
from iesi_kg.vocabulary import derived, findings, parts, published, reference
from iesi_kg.vocabulary.namespaces import DCT, IESI, OWL, PREFIXES, RDF, RDFS, VANN, XSD

CONTEXT = "ontology/generated/context.jsonld"
HEADER = "ontology/generated/template.csv"
FULL_HEADER = "ontology/generated/template-full.csv"
TERMS = "src/iesi_kg/vocabulary/terms.py"

_ONTOLOGY = "ontology/iesi.ttl"
_TEMPLATE = "ontology/template.json"
_KINDS = {f"{OWL}{kind}": kind for kind in ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty")}
_NOT_IN_DATA = (VANN, RDFS)


@dataclass(frozen=True, slots=True)
class Term:
    """A class or property the ontology declares; ``range`` where a literal's datatype is known."""

    iri: str
    kind: str
    label: str
    range: str = ""

    @property
    def prefixed(self) -> str:
        prefix, namespace = next((p, n) for p, n in PREFIXES.items() if self.iri.startswith(n))
        return f"{prefix}:{self.iri.removeprefix(namespace)}"

    @property
    def name(self) -> str:
        return self.prefixed.split(":", 1)[1]

    @property
    def is_ours(self) -> bool:
        return self.iri.startswith(IESI)


def files() -> Mapping[str, str]:
    """Every generated file: its path from the root of the checkout, and what it must hold."""
    terms = sorted(_terms(assets.text(_ONTOLOGY)), key=lambda term: (term.name.casefold(), term.iri))
    columns = json.loads(assets.text(_TEMPLATE))["tableSchema"]["columns"]
    return {
        CONTEXT: _context(terms, columns),
        parts.FILE: parts.written(),
        HEADER: _header([column for column in columns if "iesi:part" not in column]),
        FULL_HEADER: _header(columns),
        published.LIST: published.grown(),
        reference.PAGE: reference.page(),
        findings.PAGE: findings.page(),
        derived.NAMES: derived.names(),
        derived.DISJOINT: derived.disjoint(),
        TERMS: _constants(terms),
    }


def _terms(turtle: str) -> Iterator[Term]:
    facts: dict[str, dict[str, str]] = {}
    for quad in parse(turtle, format=RdfFormat.TURTLE):
        subject, predicate, value = _texts(quad)
        facts.setdefault(subject, {}).setdefault(predicate, value)
    for iri, about in facts.items():
        kind = _KINDS.get(about.get(f"{RDF}type", ""))
        if kind and not iri.startswith(_NOT_IN_DATA):
            yield Term(iri, kind, about.get(f"{RDFS}label", ""), about.get(f"{RDFS}range", ""))


def _texts(quad: Quad) -> tuple[str, str, str]:
    subject, value = quad.subject, quad.object
    assert isinstance(subject, NamedNode), f"{_ONTOLOGY} holds no blank node and no triple term"
    assert isinstance(value, NamedNode | Literal), f"{_ONTOLOGY} holds no blank node and no triple term"
    return subject.value, quad.predicate.value, value.value


def _context(terms: list[Term], columns: list[dict[str, object]]) -> str:
    dates = {str(column.get("propertyUrl")) for column in columns if column["datatype"] == "date"}
    taken = Counter(term.name for term in terms)
    named = [term for term in terms if term.is_ours or taken[term.name] == 1]
    entries = {term.name: _entry(term, is_date=term.iri in dates) for term in named}
    # A name is a prefix or a term, not both: records say "id" and "codes" more often than they abbreviate an IRI.
    prefixes = {prefix: iri for prefix, iri in PREFIXES.items() if prefix not in {"id", "type", *entries}}
    context = {"@version": 1.1, "id": "@id", "type": "@type", **prefixes, **entries}
    return json.dumps({"@context": context}, ensure_ascii=False, indent=2) + "\n"


def _entry(term: Term, *, is_date: bool) -> str | dict[str, str]:
    if term.kind == "ObjectProperty" or term.iri == f"{DCT}source":
        return {"@id": term.prefixed, "@type": "@id"}
    if is_date:
        return {"@id": term.prefixed, "@type": "xsd:date"}
    if term.range.startswith(XSD) and term.range != f"{XSD}string":
        return {"@id": term.prefixed, "@type": f"xsd:{term.range.removeprefix(XSD)}"}
    return term.prefixed


def _header(columns: list[dict[str, object]]) -> str:
    return ",".join(str(column["name"]) for column in columns) + "\r\n"


def _constants(terms: list[Term]) -> str:
    lines = [
        '"""Our classes and properties as constants: made by `iesi-kg build` from ontology/iesi.ttl, not edited."""',
        "",
        "from __future__ import annotations",
        "",
        "from pyoxigraph import NamedNode",
        "",
    ]
    for term in filter(lambda term: term.is_ours, terms):
        constant = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", term.name).upper()
        lines.append(f'{constant} = NamedNode("{term.iri}")  # {term.label}')
    return "\n".join(lines) + "\n"
