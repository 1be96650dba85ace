"""Alignments of the ontology and keys in the curated tables to the mapping files that are published of them.

The alignments and the tables are the truth; `iesi-kg build` makes the files, so that nothing is told in two places.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from functools import cache

from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, parse

from iesi_kg import assets
from iesi_kg.linking.sssom_model import Mapping, MappingSet
from iesi_kg.linking.sssom_writing import write
from iesi_kg.vocabulary import iris, recorded, sssom
from iesi_kg.vocabulary.namespaces import BASE, DCT, IESI, OWL, PREFIXES, RDF, RDFS, SKOS, SSSOM

FOLDER = "data/mappings"
SUFFIX = ".sssom.tsv"
_LICENCE = "https://creativecommons.org/licenses/by/4.0/"
_ALIGNMENTS = "ontology/alignments"
_COUNTRIES = "ontology/codelists/country.ttl"
_MATCHES = tuple(f"{SKOS}{name}Match" for name in ("exact", "close", "related", "broad", "narrow"))
_LINKED = ("jrc-ips", "jrc-ips-catalogue", "jrc-ai-watch", "pstw")
_SPACES = {
    "cids": "https://ontology.commonapproach.org/cids#",
    "cofog": "https://w3id.org/ipsoeu/ramon-ld/cofog/1999/",
    "dsi": "http://data.digitalsocial.eu/def/ontology/",
    "eurio": "http://data.europa.eu/s66#",
    "eu-country": "http://publications.europa.eu/resource/authority/country/",
    "ips": "https://w3id.org/ipsoeu/taxonomy/",
    "mapping": f"{BASE}id/mapping/",
    "sdg": "http://metadata.un.org/sdg/",
    **{name: PREFIXES[name] for name in ("codes", "iesi", "m8g", "schema", "skos")},
}
_Facts = dict[str, dict[str, list[NamedNode | Literal]]]


def files() -> dict[str, str]:
    """Every mapping file that is made: its path from the root of the checkout, and what it must hold."""
    made = {f"iesi-{name}": _aligned(name) for name in _alignments()}
    made["iesi-eu-country"] = _countries()
    made |= {f"iesi-{database}": _linked(database) for database in _LINKED}
    return {f"{FOLDER}/{name}{SUFFIX}": write(found) for name, found in made.items()}


def _alignments() -> list[str]:
    return [path.rpartition("/")[2].removesuffix(".ttl") for path in assets.names(_ALIGNMENTS, ".ttl")]


def _aligned(name: str) -> MappingSet:
    """The mappings of one alignment: those told by nodes of their own, and those of codes by a plain statement."""
    facts = _facts(assets.text(f"{_ALIGNMENTS}/{name}.ttl"))
    labels = _labels()
    whole = next(about for about in facts.values() if about[f"{RDF}type"][0].value == f"{SSSOM}MappingSet")
    told = [_told(iri, about, labels) for iri, about in facts.items() if f"{OWL}annotatedSource" in about]
    plain = [item for iri, about in facts.items() for item in _plain(iri, about, labels)]
    return _set(
        f"iesi-{name}",
        [*told, *plain],
        _Told(whole[f"{DCT}title"][0].value, whole[f"{DCT}description"][0].value, whole[f"{DCT}created"][0].value),
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """What is said of a set: with what it maps, how that was read, and when."""

    title: str
    description: str
    date: str


def _told(iri: str, about: Dictionary[str, list[NamedNode | Literal]], labels: Dictionary[str, str]) -> Mapping:
    subject, predicate, target = (about[f"{OWL}annotated{name}"][0].value for name in ("Source", "Property", "Target"))
    return Mapping(
        record_id=_short(iri),
        subject_id=_short(subject),
        subject_label=labels.get(subject, ""),
        predicate_id=_short(predicate),
        object_id=_short(target),
        mapping_justification=_justified(about[f"{SSSOM}mapping_justification"][0].value),
        confidence=float(about[f"{SSSOM}confidence"][0].value),
        subject_type="owl class",
        object_type="owl class",
    )


def _justified(iri: str) -> str:
    return f"semapv:{iri.removeprefix(sssom.BUILT_IN['semapv'])}"


def _plain(
    iri: str, about: Dictionary[str, list[NamedNode | Literal]], labels: Dictionary[str, str]
) -> Iterator[Mapping]:
    for predicate in _MATCHES:
        for target in about.get(predicate, ()):
            if not target.value.startswith(BASE):
                yield Mapping(
                    subject_id=_short(iri),
                    subject_label=labels.get(iri, ""),
                    predicate_id=_short(predicate),
                    object_id=_short(target.value),
                    mapping_justification=sssom.MANUAL,
                    subject_type="skos concept",
                    object_type="skos concept",
                )


def _countries() -> MappingSet:
    facts, labels = _facts(assets.text(_COUNTRIES)), _labels()
    found = [item for iri, about in facts.items() for item in _plain(iri, about, labels)]
    text = (
        "Our list of countries, by ISO 3166-1 alpha-2, with the list of the Publications Office of the EU, by alpha-3."
    )
    return _set("iesi-eu-country", found, _Told("Countries: the EU's authority table", text, "2026-11-22"))


def _linked(database: str) -> MappingSet:
    """The records of ours that were read as being the same as records of another database, and those that are not."""
    relation = "iesi:" + sssom.SAME_INITIATIVE.value.removeprefix(IESI)
    found = [
        Mapping(
            subject_id=f"initiative:{item.identifier}",
            subject_label=item.name,
            predicate_id=relation,
            object_id=f"{item.database}:{item.key}",
            mapping_justification=sssom.MANUAL,
            author_label=(item.by,),
            mapping_date=item.date,
        )
        for item in recorded.keyed()
        if item.database == database
    ]
    found += [
        Mapping(
            subject_id=f"initiative:{item.identifier}",
            subject_label=item.name,
            predicate_id=relation,
            predicate_modifier=sssom.NOT,
            object_id=f"{item.database}:{item.key}",
            mapping_justification=sssom.MANUAL,
            author_label=(item.by,),
            mapping_date=item.date,
            comment=item.comment,
        )
        for item in recorded.rejected()
        if item.database == database
    ]
    text = (
        "Initiatives of ours that are the same as a record of this database, and pairs that only look so (Not). "
        "Each was found by reading both texts, machine-assisted; a steward's review is told apart."
    )
    made = _set(f"iesi-{database}", found, _Told(f"Initiatives of {database} among ours", text, ""))
    sources = {"subject_source": "peer:iesi", "object_source": f"peer:{database}"}
    spaces = {
        "initiative": iris.initiative("x").value[:-1],
        database: iris.peer_record(database, "").value,
        "peer": f"{BASE}id/peer/",
        "iesi": IESI,
    }
    return MappingSet(
        mappings=made.mappings,
        mapping_set_id=made.mapping_set_id,
        license=made.license,
        curie_map=spaces,
        slots={**made.slots, **sources},
    )


def _set(name: str, found: Iterable[Mapping], told: _Told) -> MappingSet:
    rows = tuple(sorted(found, key=lambda item: (item.subject_id, item.object_id)))
    used = {item.partition(":")[0] for row in rows for item in (row.subject_id, row.object_id, row.record_id)}
    slots: dict[str, str | tuple[str, ...]] = {
        "mapping_set_title": told.title,
        "mapping_set_description": told.description,
        "creator_label": ("iesi-kg project",),
        **({"mapping_date": told.date} if told.date else {}),
    }
    return MappingSet(
        mappings=rows,
        mapping_set_id=iris.mapping_set(name).value,
        license=_LICENCE,
        curie_map={prefix: space for prefix, space in _SPACES.items() if prefix in used},
        slots=slots,
    )


def _short(iri: str) -> str:
    """The CURIE of an IRI by the prefixes of these files."""
    known = {**_SPACES, **{"skos": SKOS, "owl": OWL, "rdfs": RDFS}}
    fits = [(len(space), prefix) for prefix, space in known.items() if iri.startswith(space)]
    length, prefix = max(fits)
    return f"{prefix}:{iri[length:]}"


@cache
def _labels() -> dict[str, str]:
    """The English labels of our terms and codes."""
    paths = ["ontology/iesi.ttl", *assets.names("ontology/codelists", ".ttl")]
    return {
        _iri(quad): quad.object.value
        for path in paths
        for quad in parse(assets.text(path), format=RdfFormat.TURTLE)
        if quad.predicate.value in (f"{RDFS}label", f"{SKOS}prefLabel")
        and isinstance(quad.object, Literal)
        and quad.object.language == "en"
    }


def _facts(turtle: str) -> _Facts:
    found: _Facts = defaultdict(lambda: defaultdict(list))
    for quad in parse(turtle, format=RdfFormat.TURTLE):
        assert isinstance(quad.object, NamedNode | Literal), "there is no blank node here"
        found[_iri(quad)][quad.predicate.value].append(quad.object)
    return found


def _iri(quad: Quad) -> str:
    assert isinstance(quad.subject, NamedNode), "there is no blank node here"
    return quad.subject.value
