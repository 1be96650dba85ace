"""A release to what repositories and harvesters read: DCAT-AP 3, RO-Crate 1.1, DataCite 4.5, and its changes in words.

https://semiceu.github.io/DCAT-AP/releases/3.0.0/ , https://www.researchobject.org/ro-crate/1.1/ ,
https://schema.datacite.org/meta/kernel-4.5/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, serialize

from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import BASE, DCAT, DCT, FOAF, PREFIXES, RDF, RDFS, SKOS, SPDX, XSD

_EU = "http://publications.europa.eu/resource/authority/"
_IANA = "https://www.iana.org/assignments/media-types/"
_FILE_TYPES = {
    "application/n-quads": "RDF_N_QUADS",
    "text/turtle": "RDF_TURTLE",
    "text/csv": "CSV",
    "application/json": "JSON",
    "text/markdown": "MARKDOWN",
}
_TITLE = "Knowledge graph of ICT-enabled social innovation"
_KEYWORDS = ("social innovation", "ICT", "social services", "knowledge graph", "linked data")


def title(manifest: Mapping[str, Any]) -> str:
    """The title of a release."""
    return f"{_TITLE}, release {manifest['release']}"


def dcat(manifest: Mapping[str, Any]) -> bytes:
    """The release as a DCAT-AP data set, each file a distribution with its checksum, in Turtle."""
    prefixes = dict(sorted(PREFIXES.items()))
    return serialize(dict.fromkeys(_dcat(manifest)), format=RdfFormat.TURTLE, prefixes=prefixes) or b""


def _dcat(manifest: Mapping[str, Any]) -> Iterator[Triple]:
    name = manifest["release"]
    release, dataset = iris.release(name), iris.dataset()
    type_ = NamedNode(RDF + "type")
    yield Triple(release, type_, NamedNode(DCAT + "Dataset"))
    yield Triple(release, NamedNode(DCT + "title"), Literal(title(manifest), language="en"))
    yield Triple(release, NamedNode(DCT + "description"), Literal(_described(manifest), language="en"))
    yield Triple(release, NamedNode(DCT + "identifier"), Literal(release.value))
    yield Triple(release, NamedNode(DCT + "issued"), Literal(manifest["issued"], datatype=NamedNode(XSD + "dateTime")))
    yield Triple(release, NamedNode(DCAT + "version"), Literal(name))
    yield Triple(release, NamedNode(DCAT + "isVersionOf"), dataset)
    yield Triple(dataset, NamedNode(DCAT + "hasVersion"), release)
    yield Triple(NamedNode(SPDX + "checksumAlgorithm_sha256"), type_, NamedNode(SPDX + "ChecksumAlgorithm"))
    for address in manifest["licences"]:
        yield Triple(NamedNode(address), type_, NamedNode(DCT + "LicenseDocument"))
    for person in manifest["publishers"]:
        yield Triple(release, NamedNode(DCT + "publisher"), iris.agent(person))
        yield Triple(iris.agent(person), type_, NamedNode(FOAF + "Agent"))
        yield Triple(iris.agent(person), NamedNode(FOAF + "name"), Literal(person))
    if manifest["predecessor"]:
        yield Triple(release, NamedNode(DCAT + "previousVersion"), iris.release(manifest["predecessor"]))
    rights, theme = NamedNode(f"{_EU}access-right/PUBLIC"), NamedNode(f"{_EU}data-theme/SOCI")
    yield Triple(release, NamedNode(DCT + "accessRights"), rights)
    yield Triple(rights, type_, NamedNode(DCT + "RightsStatement"))
    yield Triple(release, NamedNode(DCAT + "theme"), theme)
    yield Triple(theme, type_, NamedNode(SKOS + "Concept"))
    yield Triple(theme, NamedNode(SKOS + "prefLabel"), Literal("Population and society", language="en"))
    for word in _KEYWORDS:
        yield Triple(release, NamedNode(DCAT + "keyword"), Literal(word, language="en"))
    for item in manifest["files"]:
        yield from _distribution(release, item, manifest)


def _distribution(release: NamedNode, item: Mapping[str, Any], manifest: Mapping[str, Any]) -> Iterator[Triple]:
    node, checksum = iris.fragment(release, item["name"]), iris.fragment(release, f"{item['name']}-sha256")
    address = NamedNode(address_of(manifest["release"], item["name"]))
    media, type_ = NamedNode(_IANA + item["media_type"]), NamedNode(RDF + "type")
    yield Triple(release, NamedNode(DCAT + "distribution"), node)
    yield Triple(node, type_, NamedNode(DCAT + "Distribution"))
    yield Triple(node, NamedNode(DCT + "title"), Literal(item["title"], language="en"))
    yield Triple(node, NamedNode(DCAT + "accessURL"), address)
    yield Triple(node, NamedNode(DCAT + "downloadURL"), address)
    yield Triple(address, type_, NamedNode(RDFS + "Resource"))
    yield Triple(node, NamedNode(DCAT + "mediaType"), media)
    yield Triple(media, type_, NamedNode(DCT + "MediaType"))
    if item["media_type"] in _FILE_TYPES:
        kind = NamedNode(f"{_EU}file-type/{_FILE_TYPES[item['media_type']]}")
        yield Triple(node, NamedNode(DCT + "format"), kind)
        yield Triple(kind, type_, NamedNode(DCT + "MediaTypeOrExtent"))
    size = Literal(str(item["bytes"]), datatype=NamedNode(XSD + "nonNegativeInteger"))
    yield Triple(node, NamedNode(DCAT + "byteSize"), size)
    yield Triple(node, NamedNode(SPDX + "checksum"), checksum)
    yield Triple(checksum, type_, NamedNode(SPDX + "Checksum"))
    yield Triple(checksum, NamedNode(SPDX + "algorithm"), NamedNode(SPDX + "checksumAlgorithm_sha256"))
    value = Literal(item["sha256"], datatype=NamedNode(XSD + "hexBinary"))
    yield Triple(checksum, NamedNode(SPDX + "checksumValue"), value)
    if len(manifest["licences"]) == 1:
        yield Triple(node, NamedNode(DCT + "license"), NamedNode(manifest["licences"][0]))


def ro_crate(manifest: Mapping[str, Any]) -> bytes:
    """The RO-Crate metadata document: the folder as it stands can be deposited."""
    root: dict[str, Any] = {
        "@id": "./",
        "@type": "Dataset",
        "name": title(manifest),
        "description": _described(manifest),
        "datePublished": manifest["issued"],
        "version": manifest["release"],
        "license": [{"@id": licence} for licence in manifest["licences"]],
        "publisher": [{"@id": iris.agent(name).value} for name in manifest["publishers"]],
        "author": [{"@id": iris.agent(name).value} for name in manifest["publishers"]],
        "keywords": ", ".join(_KEYWORDS),
        "identifier": iris.release(manifest["release"]).value,
        "hasPart": [{"@id": item["name"]} for item in manifest["files"]],
    }
    about = {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    }
    files = [
        {
            "@id": item["name"],
            "@type": "File",
            "name": item["title"],
            "encodingFormat": item["media_type"],
            "contentSize": str(item["bytes"]),
            "sha256": item["sha256"],
        }
        for item in manifest["files"]
    ]
    people = [{"@id": iris.agent(name).value, "@type": "Organization", "name": name} for name in manifest["publishers"]]
    licences = [{"@id": licence, "@type": "CreativeWork", "name": licence} for licence in manifest["licences"]]
    graph = [about, root, *files, *people, *licences]
    return _json({"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph})


def datacite(manifest: Mapping[str, Any]) -> bytes:
    """What a DOI is registered with; the prefix of the DOI and its state are the registrant's."""
    related = [
        {"relatedIdentifier": source, "relatedIdentifierType": "URL", "relationType": "IsDerivedFrom"}
        for source in manifest["derived_from"]
    ]
    if manifest["predecessor"]:
        before = iris.release(manifest["predecessor"]).value
        related.append({"relatedIdentifier": before, "relatedIdentifierType": "URL", "relationType": "IsNewVersionOf"})
    return _json(
        {
            "schemaVersion": "http://datacite.org/schema/kernel-4",
            "url": iris.release(manifest["release"]).value,
            "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Knowledge graph"},
            "titles": [{"title": title(manifest), "lang": "en"}],
            "creators": [{"name": name, "nameType": "Organizational"} for name in manifest["publishers"]],
            "publisher": {"name": next(iter(manifest["publishers"]), "iesi-kg")},
            "publicationYear": int(manifest["issued"][:4]),
            "dates": [{"date": manifest["issued"], "dateType": "Issued"}],
            "version": manifest["release"],
            "language": "en",
            "subjects": [{"subject": word} for word in _KEYWORDS],
            "formats": sorted({item["media_type"] for item in manifest["files"]}),
            "sizes": [f"{manifest['quads']} quads"],
            "rightsList": [{"rightsUri": licence} for licence in manifest["licences"]],
            "descriptions": [{"description": _described(manifest), "descriptionType": "Abstract", "lang": "en"}],
            "relatedIdentifiers": related,
        }
    )


def in_words(manifest: Mapping[str, Any], changes: Mapping[str, Any]) -> bytes:
    """The list of changes as a page of Markdown."""
    before = changes["since"]
    lines = [f"# Release {manifest['release']}", ""]
    if before is None:
        lines += ["The first release: everything is new.", ""]
    else:
        lines += [f"Changes since release {before}.", ""]
    for kind in ("added", "changed", "removed"):
        entries = [entry for entry in changes["things"] if entry["change"] == kind]
        if entries:
            lines += [f"## {kind.capitalize()} ({len(entries)})", ""]
            for entry in entries:
                lines.append(f"- {entry['name']} ({entry['kind']}), <{entry['thing']}>")
                lines += [f"  - {sentence}" for sentence in entry.get("what", ())]
            lines.append("")
    if before is not None:
        lines += [f"## Answers of example queries that moved ({len(changes['examples'])})", ""]
        for entry in changes["examples"]:
            added, removed = len(entry["added"]), len(entry["removed"])
            lines.append(f"- {entry['title']} ({entry['example']}): {added} rows added, {removed} removed")
        lines.append("")
    return "\n".join(lines).encode("utf-8")


def address_of(release: str, file: str = "") -> str:
    """The public address of a release, or of one of its files."""
    return f"{BASE}releases/{release}" + (f"/{file}" if file else "")


def _described(manifest: Mapping[str, Any]) -> str:
    counted = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in manifest["counts"].items())
    graphs = len(manifest["graphs"])
    return (
        f"Everything published, as it stood when release {manifest['release']} was made: {counted}; "
        f"{manifest['triples']:,} statements in the published merge, {manifest['quads']:,} with its {graphs} graphs."
    )


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8") + b"\n"
