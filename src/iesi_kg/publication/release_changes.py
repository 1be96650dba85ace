"""Two releases to what changed: records added, changed and removed, in words, and example answers that moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pyoxigraph import DefaultGraph, Literal, NamedNode, RdfFormat, Triple, parse

from iesi_kg.store.base import DEFAULT_GRAPH, Reader, Term
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import DCT, FOAF, RDF, RDFS, SKOS

_TYPE = NamedNode(RDF + "type")
_NAMES = tuple(NamedNode(name) for name in (DCT + "title", SKOS + "prefLabel", RDFS + "label", FOAF + "name"))
_LANGUAGES = ("en", "")
_SHOWN = 160


def changes(before: Path, after: Path, old: Reader, new: Reader, leave_out: Iterable[str] = ()) -> list[dict[str, Any]]:
    """What became of each thing, by its IRI; ``leave_out`` are things that describe the release itself."""
    lost, gained = _grouped(before, after)
    skipped = set(leave_out)
    found = []
    for thing in sorted((lost.keys() | gained.keys()) - skipped):
        was, is_ = _stands(old, thing), _stands(new, thing)
        reader = new if is_ else old
        entry = {"thing": thing, "name": _name(reader, NamedNode(thing)), "kind": _kind(reader, NamedNode(thing))}
        if was and is_:
            said = list(_sentences(lost.get(thing, ()), gained.get(thing, ()), old, new))
            found.append({"change": "changed", **entry, "what": said})
        else:
            found.append({"change": "added" if is_ else "removed", **entry})
    return found


def moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The examples whose answer is another one now, with the rows that came and went."""
    found = []
    for slug in sorted(before.keys() | after.keys()):
        old, new = before.get(slug), after.get(slug)
        if old and new and old["sha256"] == new["sha256"]:
            continue
        was, is_ = list(old["rows"]) if old else [], list(new["rows"]) if new else []
        found.append(
            {
                "example": slug,
                "title": (new or old or {}).get("title", slug),
                "head": (new or old or {}).get("head", ""),
                "rows_before": len(was) if old else None,
                "rows_after": len(is_) if new else None,
                "added": _beyond(is_, was),
                "removed": _beyond(was, is_),
            }
        )
    return found


def _beyond(rows: list[str], others: list[str]) -> list[str]:
    """Rows that the others do not have, or not as often."""
    left: dict[str, int] = {}
    for row in others:
        left[row] = left.get(row, 0) + 1
    found = []
    for row in rows:
        if left.get(row, 0):
            left[row] -= 1
        else:
            found.append(row)
    return found


def _grouped(before: Path, after: Path) -> tuple[dict[str, list[Triple]], dict[str, list[Triple]]]:
    """Statements of the published merge that only one of two releases has, by the thing that they are about."""
    lost: dict[str, list[Triple]] = {}
    gained: dict[str, list[Triple]] = {}
    for line, is_new in _differing(before, after):
        quad = next(iter(parse(line, RdfFormat.N_QUADS)))
        thing = str(getattr(quad.subject, "value", "")).partition("#")[0]
        if isinstance(quad.graph_name, DefaultGraph) and iris.local_path(thing):
            (gained if is_new else lost).setdefault(thing, []).append(quad.triple)
    return lost, gained


def _differing(before: Path, after: Path) -> Iterator[tuple[bytes, bool]]:
    """Lines of only one of two sorted files, in one pass; True for those of the second."""
    with before.open("rb") as first, after.open("rb") as second:
        old, new = next(first, None), next(second, None)
        while old is not None or new is not None:
            if old == new:
                old, new = next(first, None), next(second, None)
            elif new is None or (old is not None and old < new):
                assert old is not None
                yield old, False
                old = next(first, None)
            else:
                yield new, True
                new = next(second, None)


def _stands(reader: Reader, thing: str) -> bool:
    return next(iter(reader.quads(NamedNode(thing), graph=DEFAULT_GRAPH)), None) is not None


def _sentences(lost: Iterable[Triple], gained: Iterable[Triple], old: Reader, new: Reader) -> Iterator[str]:
    said: dict[tuple[str, NamedNode], tuple[list[str], list[str]]] = {}
    for which, triples, reader in ((0, lost, old), (1, gained, new)):
        for triple in triples:
            part = str(getattr(triple.subject, "value", "")).partition("#")[2]
            said.setdefault((part, triple.predicate), ([], []))[which].append(_shown(reader, triple.object))
    for (part, predicate), (gone, come) in sorted(said.items(), key=str):
        what = _name(new, predicate) + (f" ({part})" if part else "")
        if gone and come:
            yield f"{what}: {', '.join(sorted(gone))} became {', '.join(sorted(come))}"
        elif come:
            yield f"{what}: {', '.join(sorted(come))} added"
        else:
            yield f"{what}: {', '.join(sorted(gone))} removed"


def _shown(reader: Reader, term: Term) -> str:
    if isinstance(term, NamedNode):
        return _name(reader, term)
    text = term.value if isinstance(term, Literal) else str(term)
    short = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return f"“{short}”" + (f" ({term.language})" if isinstance(term, Literal) and term.language else "")


def _name(reader: Reader, thing: NamedNode) -> str:
    """The name of a thing, in English where there is one; its IRI where there is none."""
    for naming in _NAMES:
        names = [quad.object for quad in reader.quads(thing, naming, graph=DEFAULT_GRAPH)]
        texts = {name.language or "": name.value for name in names if isinstance(name, Literal)}
        for language in (*_LANGUAGES, *sorted(texts)):
            if language in texts:
                return str(texts[language])
    return thing.value


def _kind(reader: Reader, thing: NamedNode) -> str:
    kinds = [quad.object for quad in reader.quads(thing, _TYPE, graph=DEFAULT_GRAPH)]
    names = [_name(reader, kind) for kind in kinds if isinstance(kind, NamedNode)]
    return next((name for name in sorted(names) if not name.startswith("http")), "thing")
