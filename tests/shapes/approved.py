"""The approved reports of tests/shapes/reports: one block of lines for each mistake, written by hand from the rule.

A block names the rule, the one change to the valid record (valid.ttl and framework.ttl) that breaks it, and every
line of the report: severity, constraint component, focus node, path, and the rule where it is another one. The changes
are ``without S P..``, ``instead S P O``, ``also S P O`` and ``update`` with SPARQL; names without prefix are codes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPORTS = Path(__file__).parent / "reports"
CODES = "https://w3id.org/iesi-kg/codes/"
PREFIXES = {
    "i": "https://w3id.org/iesi-kg/id/initiative/",
    "x": "https://w3id.org/iesi-kg/id/initiative/example#",
    "o": "https://w3id.org/iesi-kg/id/organisation/",
    "d": "https://w3id.org/iesi-kg/id/document/",
    "j": "https://w3id.org/iesi-kg/id/judgement/",
    "s": "https://w3id.org/iesi-kg/id/statement/",
    "agent": "https://w3id.org/iesi-kg/id/agent/",
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "iesi": "https://w3id.org/iesi-kg/ontology#",
    "m8g": "http://data.europa.eu/m8g/",
    "org": "http://www.w3.org/ns/org#",
    "prov": "http://www.w3.org/ns/prov#",
    "qb": "http://purl.org/linked-data/cube#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

Line = tuple[str, str, str, str, str]
"""Rule, severity, component, focus node and path of one result; the path is ``-`` where it is not one property."""


@dataclass(frozen=True, slots=True)
class Case:
    """One mistake: the file of shapes it belongs to, the rule it breaks, the change, and the lines of the report."""

    file: str
    code: str
    update: str
    lines: frozenset[Line]

    def __str__(self) -> str:
        return f"{self.code}-{sorted(self.lines)[0][2]}"


def cases() -> list[Case]:
    """Every approved report, file by file."""
    return [case for path in sorted(REPORTS.glob("*.txt")) for case in _read(path)]


def _read(path: Path) -> Iterator[Case]:
    for block in path.read_text().strip().split("\n\n"):
        code, change, *lines = block.splitlines()
        yield Case(path.stem, code, _update(change.strip()), frozenset(_line(line, code) for line in lines))


def _line(text: str, code: str) -> Line:
    severity, component, focus, path, *other = text.split()
    return (other[0] if other else code, severity, component, _iri(focus), _iri(path))


def _iri(name: str) -> str:
    if name.startswith("<"):
        return name[1:-1] if ":" in name else CODES + name[1:-1]
    prefix, _, local = name.partition(":")
    return PREFIXES[prefix] + local if local else name


def _update(change: str) -> str:
    word, _, rest = change.partition(" ")
    head = f"BASE <{CODES}>\n" + "".join(f"PREFIX {prefix}: <{space}>\n" for prefix, space in PREFIXES.items())
    if word == "update":
        return head + rest
    subject, predicate, *more = rest.split(" ", 2)
    gone = [predicate, *(more[0].split() if word == "without" and more else [])]
    removed = "".join(f"DELETE WHERE {{ {subject} {name} ?o }} ;\n" for name in gone) if word != "also" else ""
    added = f"INSERT DATA {{ {subject} {predicate} {more[0]} }}" if word != "without" else "INSERT DATA {}"
    return head + removed + added
