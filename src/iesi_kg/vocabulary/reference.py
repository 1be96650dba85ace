"""Ontology, code lists and their uses turned into the reference page of every term and every list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from iesi_kg import assets
from iesi_kg.vocabulary.namespaces import BASE, DCT, FOAF, IESI, OWL, PREFIXES, RDF, RDFS, SKOS, VANN
from iesi_kg.vocabulary.uses import Uses, uses

PAGE = "docs/reference/ontology.md"

_ONTOLOGY = "ontology/iesi.ttl"
_CODE_LISTS = "ontology/codelists"
_STANDING = f"{IESI}verificationStatus"
_PARTS = {
    "Classes": ("Class",),
    "Properties": ("ObjectProperty", "DatatypeProperty", "AnnotationProperty"),
}
_FACTS = (
    ("Kind of", f"{RDFS}subClassOf"),
    ("Narrower than", f"{RDFS}subPropertyOf"),
    ("From", f"{RDFS}domain"),
    ("To", f"{RDFS}range"),
    ("Codes of", f"{IESI}codeList"),
    ("Source", f"{DCT}source"),
    ("Replaced by", f"{DCT}isReplacedBy"),
)
_HEAD = """# Ontology: every term and every code list

Made by `iesi-kg build` from the ontology, the code lists, the shapes, the template and the example queries; not edited.
How the framework is modelled, and why: [How the IESI framework is modelled](../explanation/iesi-framework.md).
A running service shows each term in five languages with examples from its records: `/ontology`, `/ontology/ictRole`.

Severities of rules: **v** violation, **w** warning, **i** info. Definitions of reused terms stand with their owners.
"""

Facts = Mapping[str, Sequence[NamedNode | Literal]]


def page() -> str:
    """The whole page in Markdown."""
    terms = _facts(assets.text(_ONTOLOGY))
    lines = [_HEAD]
    for title, kinds in _PARTS.items():
        lines += [f"## {title}", "", *_terms(terms, kinds)]
    lines += ["## Code lists", "", *_lists(terms)]
    return "\n".join(lines).rstrip() + "\n"


def _terms(terms: Mapping[str, Facts], kinds: Iterable[str]) -> Iterator[str]:
    types = {f"{OWL}{kind}" for kind in kinds}
    found = [iri for iri, facts in terms.items() if types & set(_values(facts, f"{RDF}type"))]
    named = [iri for iri in found if not iri.startswith((VANN, RDFS))]
    for iri in sorted(named, key=lambda iri: (not iri.startswith(IESI), _short(iri).casefold())):
        yield from _term(iri, terms)


def _term(iri: str, terms: Mapping[str, Facts]) -> Iterator[str]:
    facts = terms[iri]
    yield from (f"### `{_short(iri)}`", "", f"{_sentence(_said(facts, f'{RDFS}label'))}", "")
    if definition := _said(facts, f"{SKOS}definition"):
        yield from (definition, "")
    for title, predicate in _FACTS:
        if values := _values(facts, predicate):
            yield f"* {title}: {', '.join(_named(value, terms) for value in values)}"
    if f"{OWL}deprecated" in facts:
        yield "* Retired: kept for those who use it"
    yield from _used(uses(iri))
    yield ""


def _used(found: Uses) -> Iterator[str]:
    if found.columns:
        yield f"* Template: {', '.join(f'`{column.name}`' for column in found.columns)}"
    if found.rules:
        yield f"* Rules: {', '.join(f'`{rule.code}` ({rule.severity[0]})' for rule in found.rules)}"
    if found.questions:
        links = (f"[{item.title}](../../queries/examples/{item.slug}.rq)" for item in found.questions)
        yield f"* Queries: {', '.join(links)}"
    if found.matches:
        matches = (f"{match.relation.rpartition('#')[2]} <{match.other}>" for match in found.matches)
        yield f"* Alike elsewhere: {', '.join(matches)}"


def _lists(terms: Mapping[str, Facts]) -> Iterator[str]:
    for path in assets.names(_CODE_LISTS, ".ttl"):
        facts = _facts(assets.text(path))
        scheme = next(iri for iri, about in facts.items() if f"{SKOS}ConceptScheme" in _values(about, f"{RDF}type"))
        yield from _list(scheme, facts, terms)


def _list(scheme: str, facts: Mapping[str, Facts], terms: Mapping[str, Facts]) -> Iterator[str]:
    about = facts[scheme]
    taken = [iri for iri, term in terms.items() if scheme in _values(term, f"{IESI}codeList")]
    title, description = _said(about, f"{SKOS}prefLabel"), _said(about, f"{DCT}description")
    yield from (f"### `{_short(scheme)}`", "", f"{title}. {description}", "")
    yield f"* Standing: {_standing(about)}"
    if sources := _values(about, f"{DCT}source"):
        yield f"* Source: {', '.join(_named(source, terms) for source in sources)}"
    if taken:
        yield f"* Taken by: {', '.join(f'`{_short(iri)}`' for iri in taken)}"
    yield from _used(uses(scheme, *taken))
    yield from ("", "| code | label | definition | standing |", "|---|---|---|---|")
    for iri, code in facts.items():
        if iri != scheme:
            cells = (_said(code, f"{SKOS}prefLabel"), _said(code, f"{SKOS}definition"), _standing(code))
            yield f"| `{_said(code, f'{SKOS}notation')}` | {' | '.join(cell.replace('|', '/') for cell in cells)} |"
    yield ""


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _standing(facts: Facts) -> str:
    return ", ".join(value.rpartition("/")[2] for value in _values(facts, _STANDING)) or "not said"


def _named(iri: str, terms: Mapping[str, Facts]) -> str:
    """A document by its title and, where it has one, its address; anything else by its short name."""
    facts = terms.get(iri, {})
    title, pages = _said(facts, f"{DCT}title"), _values(facts, f"{FOAF}page")
    if not title:
        return f"`{_short(iri)}`"
    return f"[{title}]({pages[0]})" if pages else title


def _short(iri: str) -> str:
    fits = [(len(space), prefix, space) for prefix, space in PREFIXES.items() if iri.startswith(space)]
    if not fits:
        return iri.removeprefix(BASE)
    _, prefix, space = max(fits)
    return f"{prefix}:{iri.removeprefix(space)}"


def _said(facts: Facts, predicate: str) -> str:
    """The English text, else the one without language."""
    texts = [value for value in facts.get(predicate, ()) if isinstance(value, Literal)]
    return next((text.value for wanted in ("en", None) for text in texts if text.language == wanted), "")


def _values(facts: Facts, predicate: str) -> list[str]:
    return [value.value for value in facts.get(predicate, ())]


def _facts(turtle: str) -> dict[str, dict[str, list[NamedNode | Literal]]]:
    found: dict[str, dict[str, list[NamedNode | Literal]]] = {}
    for quad in parse(turtle, format=RdfFormat.TURTLE):
        if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode | Literal):
            found.setdefault(quad.subject.value, {}).setdefault(quad.predicate.value, []).append(quad.object)
    return found
