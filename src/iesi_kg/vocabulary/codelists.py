"""Code lists in SKOS turned into look-ups by notation or by label in any language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse

from iesi_kg import assets
from iesi_kg.vocabulary import spelling
from iesi_kg.vocabulary.namespaces import DCT, IESI, RDF, SKOS
from iesi_kg.vocabulary.told import Told

FOLDER = "ontology/codelists"
_CODE = 65.0  # alike by two characters of three: SI4 still finds its neighbours
_WORD = 71.0  # a slip or two in a word
_PART_OF = 80.0  # one text holds the other's words
_SAME = str.maketrans(dict.fromkeys("-_/‐‑–—", " ") | dict.fromkeys("’ʼ´`", "'"))
_WITH_LABEL = re.compile(r"(\S+)\s*\((.+)\)", re.S)
_TELLING = 4  # a shorter text is part of too many labels to mean one


@dataclass(frozen=True, slots=True)
class Concept:
    """One code: its IRI, notation, preferred label by language, other labels and place in its scheme."""

    iri: NamedNode
    scheme: str
    notation: str
    labels: Mapping[str, str]
    alternatives: tuple[str, ...] = ()
    definition: str = ""
    broader: NamedNode | None = None
    rank: int | None = None

    @property
    def label(self) -> str:
        """The English label, else the notation."""
        return self.labels.get("en", self.notation)

    @property
    def names(self) -> tuple[str, ...]:
        """Everything a cell may say to mean this code."""
        return (self.notation, *self.labels.values(), *self.alternatives)


@dataclass(frozen=True, slots=True)
class CodeList:
    """One scheme: its IRI, its label, its codes in the order of the file, and its label in any language."""

    iri: NamedNode
    name: str
    label: str
    description: str
    concepts: tuple[Concept, ...]
    index: Mapping[str, Concept] = field(repr=False)
    title: str = ""


class CodeLists:
    """All schemes, by name.

    >>> lists = CodeLists.load()
    >>> lists.resolve("country", " el ").notation, lists.resolve("country", "Grèce").notation
    ('GR', 'GR')
    >>> lists.nearest("policy-area", "socail inclusion").notation
    'social-inclusion'
    """

    def __init__(self, schemes: Mapping[str, CodeList]) -> None:
        self.schemes = schemes

    @staticmethod
    @cache
    def load() -> CodeLists:
        """The code lists of the bundle, read once."""
        read = (_read(assets.text(name)) for name in assets.names(FOLDER, ".ttl"))
        return CodeLists({scheme.name: scheme for scheme in read})

    def __iter__(self) -> Iterator[CodeList]:
        return iter(self.schemes.values())

    def __getitem__(self, scheme: str) -> CodeList:
        return self.schemes[scheme]

    def concepts(self, scheme: str) -> tuple[Concept, ...]:
        """The codes of a scheme, in the order of its file."""
        return self.schemes[scheme].concepts

    def resolve(self, scheme: str, text: str) -> Concept | None:
        """The code that a text means: its notation or any label; case, accents and spaces do not matter.

        A code with its own label in brackets is read too, since that is how a suggestion names it.
        """
        index = self.schemes[scheme].index
        whole = index.get(normalise(text))
        both = None if whole else _WITH_LABEL.fullmatch(text.strip())
        if both is None:
            return whole
        code, label = index.get(normalise(both[1])), index.get(normalise(both[2]))
        return code if code is label else None

    def only(self, scheme: str, text: str) -> Concept | None:
        """The code that a text a slip or two away can only mean; None where two codes could be meant."""
        index = self.schemes[scheme].index
        notation = spelling.only(normalise(text), {name: concept.notation for name, concept in index.items()})
        return index[normalise(notation)] if notation else None

    def nearest(self, scheme: str, text: str) -> Concept | None:
        """The code whose notation or label is most like a text that means none; None when nothing is near."""
        index, wanted = self.schemes[scheme].index, normalise(text)
        if len(wanted) < _TELLING:
            best = spelling.nearest(wanted, index, likeness=_CODE)
        else:
            best = spelling.nearest(wanted, index, likeness=_WORD, part=_PART_OF)
        return index[best] if best else None


def normalise(text: str) -> str:
    """A text without case, accents and differences of space, hyphen, slash or apostrophe.

    >>> normalise("  Éducation  et-formation ")
    'education et formation'
    """
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(bare.translate(_SAME).split())


def _read(turtle: str) -> CodeList:
    facts: dict[NamedNode, list[Triple]] = {}
    for quad in parse(turtle, format=RdfFormat.TURTLE):
        if isinstance(quad.subject, NamedNode):
            facts.setdefault(quad.subject, []).append(quad.triple)
    by_type = {_first(triples, f"{RDF}type"): subject for subject, triples in facts.items()}
    scheme = by_type[f"{SKOS}ConceptScheme"]
    name = scheme.value.rsplit("/", 1)[1]
    concepts = tuple(_concept(s, name, triples) for s, triples in facts.items() if s != scheme)
    index: dict[str, Concept] = {}
    for concept in concepts:
        for text in concept.names:
            index.setdefault(normalise(text), concept)
    return CodeList(
        scheme,
        name,
        _first(facts[scheme], f"{SKOS}prefLabel"),
        _first(facts[scheme], f"{DCT}description"),
        concepts,
        index,
        Told({"en": name, **_by_language(facts[scheme])}),
    )


def _concept(iri: NamedNode, scheme: str, triples: list[Triple]) -> Concept:
    broader, rank = _first(triples, f"{SKOS}broader"), _first(triples, f"{IESI}rank")
    return Concept(
        iri=iri,
        scheme=scheme,
        notation=_first(triples, f"{SKOS}notation"),
        labels=_by_language(triples),
        alternatives=tuple(_values(triples, f"{SKOS}altLabel")),
        definition=_first(triples, f"{SKOS}definition"),
        broader=NamedNode(broader) if broader else None,
        rank=int(rank) if rank else None,
    )


def _by_language(triples: list[Triple]) -> dict[str, str]:
    labels = (t.object for t in triples if t.predicate.value == f"{SKOS}prefLabel")
    return {label.language or "": label.value for label in labels if isinstance(label, Literal)}


def _values(triples: list[Triple], predicate: str) -> Iterator[str]:
    for triple in triples:
        if triple.predicate.value == predicate and isinstance(triple.object, NamedNode | Literal):
            yield triple.object.value


def _first(triples: list[Triple], predicate: str) -> str:
    return next(_values(triples, predicate), "")
