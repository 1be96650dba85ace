"""A mapping set to triples: the set, an axiom for each mapping under an IRI of its own, and what it states of the two.

https://mapping-commons.github.io/sssom/spec-formats-owl/ . The standard's RDF has blank nodes; we store none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyoxigraph import Literal, NamedNode, Triple

from iesi_kg.linking.sssom_model import Mapping, MappingSet
from iesi_kg.vocabulary import iris, sssom
from iesi_kg.vocabulary.namespaces import RDF, XSD
from iesi_kg.vocabulary.sssom import Slot

_TYPE = NamedNode(RDF + "type")
_DATATYPES = {"date": NamedNode(XSD + "date"), "number": NamedNode(XSD + "double"), "uri": NamedNode(XSD + "anyURI")}
_AS_NODE = frozenset({"license", "see_also", "mapping_set_source"})


def triples(mappings: MappingSet) -> Iterator[Triple]:
    """The statements of a set. A rejected mapping, and one of classes or properties, is told and not stated."""
    whole = NamedNode(mappings.mapping_set_id)
    yield Triple(whole, _TYPE, sssom.MAPPING_SET)
    told = {**mappings.slots, "license": mappings.license, "sssom_version": sssom.VERSION}
    for name, value in told.items():
        yield from _facts(whole, sssom.OF_SET[name], value, mappings)
    for mapping in mappings.mappings:
        node = identity(mapping, mappings)
        yield Triple(whole, sssom.HAS_MAPPING, node)
        yield Triple(node, _TYPE, sssom.MAPPING)
        for name, slot in sssom.OF_MAPPING.items():
            yield from _facts(node, slot, getattr(mapping, name), mappings)
        if not mapping.is_negative and not mapping.is_term:
            yield stated(mapping, mappings)


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
