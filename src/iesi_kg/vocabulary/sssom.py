"""The names of SSSOM 1.1: its slots with kind and property, its justifications, and the predicates that we publish.

https://mapping-commons.github.io/sssom/spec-model/ and https://w3id.org/semapv/vocab/
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from pyoxigraph import NamedNode

from iesi_kg.vocabulary import terms
from iesi_kg.vocabulary.namespaces import DCT, ORG, OWL, PAV, PROV, RDF, RDFS, SEMAPV, SKOS, SSSOM, XSD

VERSION = "1.1"
NOT = "Not"
NO_TERM = "sssom:NoTermFound"

# The prefixes that a file may use without saying what they stand for.
BUILT_IN = MappingProxyType(
    {
        "dcterms": DCT,
        "linkml": "https://w3id.org/linkml/",
        "oboInOwl": "http://www.geneontology.org/formats/oboInOwl#",
        "owl": OWL,
        "pav": PAV,
        "prov": PROV,
        "rdf": RDF,
        "rdfs": RDFS,
        "semapv": SEMAPV,
        "skos": SKOS,
        "sssom": SSSOM,
        "xsd": XSD,
    }
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot: ``kind`` is entity, uri, text, date, number or the name of a list of values."""

    name: str
    kind: str
    many: bool = False
    handed_down: bool = False

    @property
    def property(self) -> NamedNode:
        return NamedNode(_PROPERTIES.get(self.name, SSSOM + self.name))


_PROPERTIES = {
    "subject_id": OWL + "annotatedSource",
    "predicate_id": OWL + "annotatedProperty",
    "object_id": OWL + "annotatedTarget",
    "author_id": PAV + "authoredBy",
    "creator_id": DCT + "creator",
    "license": DCT + "license",
    "mapping_date": DCT + "created",
    "publication_date": DCT + "issued",
    "see_also": RDFS + "seeAlso",
    "comment": RDFS + "comment",
    "mapping_set_version": OWL + "versionInfo",
    "mapping_set_source": PROV + "wasDerivedFrom",
    "mapping_set_title": DCT + "title",
    "mapping_set_description": DCT + "description",
}
_TYPES = {
    "owl class": OWL + "Class",
    "owl object property": OWL + "ObjectProperty",
    "owl data property": OWL + "DataProperty",
    "owl annotation property": OWL + "AnnotationProperty",
    "owl named individual": OWL + "NamedIndividual",
    "skos concept": SKOS + "Concept",
    "rdfs resource": RDFS + "Resource",
    "rdfs class": RDFS + "Class",
    "rdfs literal": RDFS + "Literal",
    "rdfs datatype": RDFS + "Datatype",
    "rdf property": RDF + "Property",
    "composed entity expression": SSSOM + "ComposedEntityExpression",
}
VALUES: dict[str, dict[str, str]] = {
    "type": _TYPES,
    "modifier": {NOT: SSSOM + "NegatedPredicate"},
    "cardinality": dict.fromkeys(("1:1", "1:n", "n:1", "n:n", "1:0", "0:1", "0:0"), ""),
    "version": {"1.0": SSSOM + "version1.0", VERSION: SSSOM + "version1.1"},
}
# Of these, a mapping property between two things would make concepts or individuals of them.
TERM_TYPES = frozenset(name for name in _TYPES if name.startswith(("owl ", "rdf", "composed"))) - {
    "owl named individual",
    "rdfs resource",
}


def _table(*lines: str) -> dict[str, Slot]:
    """Slots by name, of lines `kind: name name* name^`; * takes many values, ^ is handed down from set to mapping."""
    slots = {}
    for line in lines:
        kind, _, names = line.partition(": ")
        for word in names.split():
            name = word.rstrip("*^")
            slots[name] = Slot(name, kind, "*" in word, "^" in word)
    return slots


_SHARED = (
    "entity: creator_id* subject_source^ object_source^ mapping_tool_id^ curation_rule*^ subject_match_field*^ "
    "object_match_field*^ subject_preprocessing*^ object_preprocessing*^",
    "text: creator_label* subject_source_version^ object_source_version^ cardinality_scope*^ mapping_tool^ "
    "mapping_tool_version^ curation_rule_text*^ similarity_measure^ other comment",
    "uri: license mapping_provider^ see_also*",
    "date: mapping_date^ publication_date",
    "type: subject_type^ object_type^ predicate_type^",
)
OF_MAPPING = MappingProxyType(
    _table(
        "entity: record_id subject_id predicate_id object_id mapping_justification author_id* reviewer_id* "
        "mapping_source issue_tracker_item",
        "text: subject_label subject_category predicate_label object_label object_category author_label* "
        "reviewer_label* match_string*",
        "date: review_date",
        "number: confidence reviewer_agreement similarity_score",
        "modifier: predicate_modifier",
        "cardinality: mapping_cardinality",
        *_SHARED,
    )
)
OF_SET = MappingProxyType(
    _table(
        "text: mapping_set_version mapping_set_title mapping_set_description",
        "uri: mapping_set_id mapping_set_source* issue_tracker",
        "number: mapping_set_confidence",
        "version: sssom_version",
        *_SHARED,
    )
)
NEEDED = ("subject_id", "predicate_id", "object_id", "mapping_justification")

_MATCHING = (
    "BackgroundKnowledgeBasedMatching CompositeMatching InstanceBasedMatching LexicalMatching "
    "LexicalSimilarityThresholdMatching LogicalReasoning ManualMappingCuration MappingChaining MappingInversion "
    "MappingReview SemanticSimilarityThresholdMatching StructuralMatching UnspecifiedMatching"
)
JUSTIFICATIONS = frozenset(SEMAPV + name for name in _MATCHING.split())
MANUAL, REVIEW = "semapv:ManualMappingCuration", "semapv:MappingReview"

SAME_INITIATIVE = terms.SAME_INITIATIVE_AS
SAME_ORGANISATION = terms.SAME_ORGANISATION_AS
SAME_AS = NamedNode(OWL + "sameAs")
PART_OF = NamedNode(ORG + "subOrganizationOf")
IDENTITIES = (SAME_INITIATIVE, SAME_ORGANISATION, SAME_AS)
_SKOS = (f"{SKOS}{name}Match" for name in ("exact", "close", "related", "broad", "narrow"))
_OWL = (f"{OWL}{name}" for name in ("equivalentClass", "equivalentProperty", "differentFrom"))
_RDFS = (f"{RDFS}{name}" for name in ("subClassOf", "subPropertyOf", "seeAlso"))
PREDICATES = frozenset(
    {
        *(node.value for node in (*IDENTITIES, PART_OF)),
        *_SKOS,
        *_OWL,
        *_RDFS,
        f"{BUILT_IN['oboInOwl']}hasDbXref",
    }
)
MAPPING, MAPPING_SET = NamedNode(OWL + "Axiom"), NamedNode(SSSOM + "MappingSet")
HAS_MAPPING = NamedNode(SSSOM + "mappings")
