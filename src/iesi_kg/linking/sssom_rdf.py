"""A mapping set to triples and back: the set, an axiom for each mapping under an IRI of its own, and what it states.

https://mapping-commons.github.io/sssom/spec-formats-owl/ . The standard's RDF has blank nodes; we store none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Dictionary

from pyoxigraph import Literal, NamedNode, Triple

from iesi_kg.linking.sssom_model import Mapping, MappingSet
from iesi_kg.vocabulary import iris, sssom
from iesi_kg.vocabulary.namespaces import RDF, SH, XSD
from iesi_kg.vocabulary.sssom import Slot

_TYPE = NamedNode(RDF + "type")
_DATATYPES = {"date": NamedNode(XSD + "date"), "number": NamedNode(XSD + "double"), "uri": NamedNode(XSD + "anyURI")}
_DECLARE, _PREFIX, _NAMESPACE = (NamedNode(SH + name) for name in ("declare", "prefix", "namespace"))
_About = Dictionary[NamedNode, list[NamedNode | Literal]]
_Facts = dict[NamedNode, dict[NamedNode, list[NamedNode | Literal]]]
_AS_NODE = frozenset({"license", "see_also", "mapping_set_source"})


def triples(mappings: MappingSet) -> Iterator[Triple]:
    """The statements of a set. A rejected mapping, and one of classes or properties, is told and not stated."""
    whole = NamedNode(mappings.mapping_set_id)
    yield Triple(whole, _TYPE, sssom.MAPPING_SET)
    told = {**mappings.slots, "license": mappings.license, "sssom_version": sssom.VERSION}
    for name, value in told.items():
        yield from _facts(whole, sssom.OF_SET[name], value, mappings)
    for prefix, space in mappings.curie_map.items():
        declared = iris.fragment(whole, f"prefix-{prefix}")
        yield Triple(whole, _DECLARE, declared)
        yield Triple(declared, _PREFIX, Literal(prefix))
        yield Triple(declared, _NAMESPACE, Literal(space, datatype=_DATATYPES["uri"]))
    for mapping in mappings.mappings:
        node = identity(mapping, mappings)
        yield Triple(whole, sssom.HAS_MAPPING, node)
        yield Triple(node, _TYPE, sssom.MAPPING)
        for name, slot in sssom.OF_MAPPING.items():
            yield from _facts(node, slot, getattr(mapping, name), mappings)
        if not mapping.is_negative and not mapping.is_term:
            yield stated(mapping, mappings)


def of_triples(found: Iterable[Triple]) -> MappingSet:
    """The set that triples tell of: the inverse of ``triples``, the order of the mappings apart."""
    about: _Facts = defaultdict(lambda: defaultdict(list))
    for triple in found:
        if isinstance(triple.subject, NamedNode) and isinstance(triple.object, NamedNode | Literal):
            about[triple.subject][triple.predicate].append(triple.object)
    whole = next(node for node, facts in about.items() if sssom.MAPPING_SET in facts[_TYPE])
    declared = [about[node] for node in about[whole][_DECLARE] if isinstance(node, NamedNode)]
    spaces = {facts[_PREFIX][0].value: facts[_NAMESPACE][0].value for facts in declared if facts[_PREFIX]}
    slots = _slots(about[whole], sssom.OF_SET, spaces)
    nodes = (node for node in about[whole][sssom.HAS_MAPPING] if isinstance(node, NamedNode))
    made = [Mapping(**_slots(about[node], sssom.OF_MAPPING, spaces)) for node in nodes]  # type: ignore[arg-type]
    return MappingSet(
        mappings=tuple(sorted(made, key=lambda item: (item.subject_id, item.object_id, item.predicate_id))),
        mapping_set_id=whole.value,
        license=str(slots.pop("license")),
        curie_map=spaces,
        slots={name: value for name, value in slots.items() if name != "sssom_version"},  # type: ignore[misc]
    )


def _slots(facts: _About, known: Dictionary[str, Slot], spaces: Dictionary[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, slot in known.items():
        told = sorted(_read(term, slot, spaces) for term in facts.get(slot.property, ()))
        if told:
            found[name] = tuple(told) if slot.many else float(told[0]) if slot.kind == "number" else told[0]
    return found


def _read(term: NamedNode | Literal, slot: Slot, spaces: Dictionary[str, str]) -> str:
    """A term as the text of its slot."""
    known = {iri: text for text, iri in sssom.VALUES.get(slot.kind, {}).items() if iri}
    if slot.kind != "entity":
        return known.get(term.value, term.value)
    fits = [(len(space), name) for name, space in {**sssom.BUILT_IN, **spaces}.items() if term.value.startswith(space)]
    length, name = max(fits, default=(0, ""))
    return f"{name}:{term.value[length:]}" if name else term.value


def stated(mapping: Mapping, mappings: MappingSet) -> Triple:
    """What a mapping says of its two."""
    return Triple(*(mappings.expand(name) for name in (mapping.subject_id, mapping.predicate_id, mapping.object_id)))


def identity(mapping: Mapping, mappings: MappingSet) -> NamedNode:
    """The IRI of a mapping: that of its record, else one made of what it says, who said it and when."""
    if mapping.record_id:
        return mappings.expand(mapping.record_id)
    who = mapping.reviewer_id or mapping.reviewer_label or mapping.author_id or mapping.author_label
    when = mapping.review_date or mapping.mapping_date
    sides = (mappings.expand(name).value for name in (mapping.subject_id, mapping.predicate_id, mapping.object_id))
    return iris.mapping(*sides, mapping.predicate_modifier, mapping.mapping_justification, *who, when)


def _facts(node: NamedNode, slot: Slot, value: object, mappings: MappingSet) -> Iterator[Triple]:
    values: Iterable[object] = value if isinstance(value, tuple) else (value,)
    for one in values:
        if one not in ("", None):
            yield Triple(node, slot.property, _term(str(one), slot, mappings))


def _term(text: str, slot: Slot, mappings: MappingSet) -> NamedNode | Literal:
    if slot.kind == "entity":
        return mappings.expand(text)
    if slot.name in _AS_NODE:
        return NamedNode(text)
    if iri := sssom.VALUES.get(slot.kind, {}).get(text):
        return NamedNode(iri)
    return Literal(text, datatype=_DATATYPES.get(slot.kind, NamedNode(XSD + "string")))
