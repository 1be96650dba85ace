"""What the shapes take from ontology and template, so that nothing is said twice: names in every language (SHACL 2.3.2)
and which classes exclude each other (OWL 2 section 9.1.3).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from pyoxigraph import Literal, NamedNode, RdfFormat, Store

from iesi_kg import assets
from iesi_kg.vocabulary import terms
from iesi_kg.vocabulary.namespaces import OWL, PREFIXES, RDFS, SH

NAMES = "shapes/generated/names.ttl"
DISJOINT = "shapes/generated/disjoint.ttl"

_ONTOLOGY = "ontology/iesi.ttl"
_TEMPLATE = "ontology/template.json"
_SPOKEN = "shapes/consistency.ttl"
_SHAPE = "https://w3id.org/iesi-kg/shapes#"
_SPACES = {**PREFIXES, "shape": _SHAPE}
_LANGUAGES = ("en", "fr", "de", "es", "it")
_LABEL = NamedNode(RDFS + "label")
_NAME = NamedNode(SH + "name")
_MESSAGE = NamedNode(SH + "message")
_SAID = NamedNode(_SHAPE + "disjoint")


def names() -> str:
    """A name in every language for each rule without one: the title of its column, else the label of its property."""
    ontology, shapes, titles = _loaded(_ONTOLOGY), _loaded(*assets.names("shapes", ".ttl")), _titles()
    lines = []
    for quad in shapes.quads_for_pattern(None, terms.CODE, None):
        shape = quad.subject
        if isinstance(shape, NamedNode) and not _texts(shapes, shape, _NAME):
            lines.append(f"{_short(shape)} sh:name {_named(shape, shapes, ontology, titles)} .\n")
    return _file(f"{_ONTOLOGY} and {_TEMPLATE} for every shape without a name", "\n".join(sorted(lines)))


def _named(shape: NamedNode, shapes: Store, ontology: Store, titles: Mapping[str, Mapping[str, str]]) -> str:
    column = next((quad.object for quad in shapes.quads_for_pattern(shape, terms.COLUMN, None)), None)
    path = next((quad.object for quad in shapes.quads_for_pattern(shape, NamedNode(SH + "path"), None)), None)
    if isinstance(column, Literal):
        texts = titles[column.value]
    else:
        texts = _texts(ontology, path, _LABEL) if isinstance(path, NamedNode) else {}
    return _in_all_languages(texts)


def _titles() -> dict[str, dict[str, str]]:
    """The titles of each column as they stand within a sentence: only German nouns and acronyms keep their capital."""
    columns = json.loads(assets.text(_TEMPLATE))["tableSchema"]["columns"]
    return {
        column["name"]: {key: text if key == "de" else _uncapped(text) for key, text in column["titles"].items()}
        for column in columns
    }


def _uncapped(text: str) -> str:
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def disjoint() -> str:
    """For each class that the ontology keeps apart: nothing that is of it, by type or by a property, is of another."""
    ontology = _loaded(_ONTOLOGY)
    spoken = _loaded(_SPOKEN)
    name, message = (_in_all_languages(_texts(spoken, _SAID, predicate)) for predicate in (_NAME, _MESSAGE))
    said = f"    sh:name {name} ;\n    sh:severity sh:Violation ;\n    sh:message {message} ;\n"
    pairs = enumerate(sorted(_pairs(ontology).items()), start=1)
    shapes = (_kept_apart(ontology, kind, others, f"    sh:order {place} ;\n{said}") for place, (kind, others) in pairs)
    return _file(f"{_ONTOLOGY} and {_SPOKEN}", "\n".join(shapes))


def _kept_apart(ontology: Store, kind: str, others: set[str], said: str) -> str:
    name = kind.rpartition("#")[2]
    family = _family(ontology, kind)
    targets = [("sh:targetClass", family)]
    for word, predicate in (("sh:targetSubjectsOf", "domain"), ("sh:targetObjectsOf", "range")):
        found = {s for one in family for s in _subjects(ontology, RDFS + predicate, one)}
        targets += [(word, found)] if found else []
    told = "".join(f"    {word} {', '.join(map(_short, sorted(found)))} ;\n" for word, found in targets)
    outside = sorted({member for other in others for member in _family(ontology, other)})
    classes = " ".join(map(_short, outside))
    return (
        f"shape:disjoint-{name} a sh:NodeShape ;\n{told}"
        f"    sh:node [ sh:property [ sh:path rdf:type ; sh:not [ sh:in ( {classes} ) ] ] ] ;\n"
        f'{said}    {_short(terms.CODE)} "disjoint" .\n'
    )


def _pairs(ontology: Store) -> Mapping[str, set[str]]:
    """Each class with those it excludes, both ways."""
    found: dict[str, set[str]] = {}
    for quad in ontology.quads_for_pattern(None, NamedNode(OWL + "disjointWith"), None):
        one, other = quad.subject, quad.object
        if isinstance(one, NamedNode) and isinstance(other, NamedNode):
            found.setdefault(one.value, set()).add(other.value)
            found.setdefault(other.value, set()).add(one.value)
    return found


def _family(ontology: Store, kind: str) -> set[str]:
    """A class with its subclasses, near and far."""
    found, waiting = {kind}, [kind]
    while waiting:
        for child in _subjects(ontology, RDFS + "subClassOf", waiting.pop()) - found:
            found.add(child)
            waiting.append(child)
    return found


def _subjects(store: Store, predicate: str, value: str) -> set[str]:
    found = store.quads_for_pattern(None, NamedNode(predicate), NamedNode(value))
    return {quad.subject.value for quad in found if isinstance(quad.subject, NamedNode)}


def _loaded(*paths: str) -> Store:
    store = Store()
    for path in paths:
        store.load(assets.content(path), RdfFormat.TURTLE)
    return store


def _texts(store: Store, subject: NamedNode, predicate: NamedNode) -> dict[str, str]:
    found = (quad.object for quad in store.quads_for_pattern(subject, predicate, None))
    return {text.language or "": text.value for text in found if isinstance(text, Literal)}


def _in_all_languages(texts: Mapping[str, str]) -> str:
    return ", ".join(str(Literal(texts[key], language=key)) for key in _LANGUAGES if key in texts)


def _file(source: str, body: str) -> str:
    """A Turtle file with the prefixes that its body uses."""
    used = {prefix: space for prefix, space in _SPACES.items() if f"{prefix}:" in body}
    head = "".join(f"@prefix {prefix}: <{space}> .\n" for prefix, space in sorted(used.items()))
    return f"{head}\n# Made by `iesi-kg build` from {source}; not edited.\n\n{body}"


def _short(iri: str | NamedNode) -> str:
    value = iri if isinstance(iri, str) else iri.value
    fits = [(len(space), prefix) for prefix, space in _SPACES.items() if value.startswith(space)]
    return f"{max(fits)[1]}:{value[max(fits)[0] :]}" if fits else f"<{value}>"
