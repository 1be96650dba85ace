"""What a mapping file says: one set, and its mappings with the slots of SSSOM under the names of the standard.

https://mapping-commons.github.io/sssom/spec-model/
"""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field

from pyoxigraph import NamedNode

from iesi_kg.vocabulary import sssom

Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """One mapping, accepted or (``predicate_modifier`` Not) rejected; an empty text is an empty slot."""

    subject_id: str
    predicate_id: str
    object_id: str
    mapping_justification: str
    predicate_modifier: str = ""
    record_id: str = ""
    subject_label: str = ""
    subject_category: str = ""
    predicate_label: str = ""
    object_label: str = ""
    object_category: str = ""
    author_id: Texts = ()
    author_label: Texts = ()
    reviewer_id: Texts = ()
    reviewer_label: Texts = ()
    creator_id: Texts = ()
    creator_label: Texts = ()
    license: str = ""
    subject_type: str = ""
    subject_source: str = ""
    subject_source_version: str = ""
    object_type: str = ""
    object_source: str = ""
    object_source_version: str = ""
    predicate_type: str = ""
    mapping_provider: str = ""
    mapping_source: str = ""
    mapping_cardinality: str = ""
    cardinality_scope: Texts = ()
    mapping_tool: str = ""
    mapping_tool_id: str = ""
    mapping_tool_version: str = ""
    mapping_date: str = ""
    publication_date: str = ""
    review_date: str = ""
    confidence: float | None = None
    reviewer_agreement: float | None = None
    curation_rule: Texts = ()
    curation_rule_text: Texts = ()
    subject_match_field: Texts = ()
    object_match_field: Texts = ()
    match_string: Texts = ()
    subject_preprocessing: Texts = ()
    object_preprocessing: Texts = ()
    similarity_score: float | None = None
    similarity_measure: str = ""
    see_also: Texts = ()
    issue_tracker_item: str = ""
    other: str = ""
    comment: str = ""

    @property
    def is_negative(self) -> bool:
        """Whether it says that the two are not so related."""
        return self.predicate_modifier == sssom.NOT

    @property
    def is_term(self) -> bool:
        """Whether a class or property is mapped, not a record or a code."""
        return bool(sssom.TERM_TYPES & {self.subject_type, self.object_type})


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingSet:
    """The mappings of one file; ``slots`` are those of the header but for id, licence and the map of prefixes."""

    mappings: tuple[Mapping, ...]
    mapping_set_id: str
    license: str
    curie_map: Dictionary[str, str] = field(default_factory=dict)
    slots: Dictionary[str, str | Texts] = field(default_factory=dict)

    def expand(self, name: str) -> NamedNode:
        """The IRI of a CURIE of the file.

        >>> from iesi_kg.linking.sssom import MappingSet
        >>> MappingSet(mappings=(), mapping_set_id="", license="").expand("skos:exactMatch").value[-10:]
        'exactMatch'
        """
        iri = expanded(name, self.curie_map)
        assert iri is not None, f"{name} was checked when it was read"
        return NamedNode(iri)


def expanded(name: str, prefixes: Dictionary[str, str]) -> str | None:
    """The IRI of a CURIE by the prefixes of a file and those of the standard; an IRI is left as it is."""
    prefix, colon, local = name.partition(":")
    if colon and not local.startswith("//") and (space := prefixes.get(prefix) or sssom.BUILT_IN.get(prefix)):
        return space + local
    return name if name.startswith(("http://", "https://", "urn:")) else None
