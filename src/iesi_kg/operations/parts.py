"""Says of each file of a store folder which part of the store it is, and whether that part tells of persons.

The meaning of personal data is that of the GDPR, Article 4 (https://eur-lex.europa.eu/eli/reg/2016/679/art_4/oj).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a store: the names that it has in the folder, what it is, and what it says of persons."""

    name: str
    files: tuple[str, ...]
    what: str
    personal: str


QUADS = Part(
    "quads",
    ("versions", "journal", "current", "FORMAT", "scratch", "quads.nq"),
    "all statements, published or not, with their version",
    "names that records and their provenance state",
)
PARTS = (
    QUADS,
    Part(
        "operations",
        ("operations",),
        "the audit log, tokens (of each a keyed hash, never the token), when each was used",
        "who did what and when; names of tokens",
    ),
    Part(
        "desk",
        ("desk",),
        "files as they were handed in, drafts that wait, decisions, and the key of the status addresses",
        "names and addresses of senders and reviewers, whatever their files say",
    ),
    Part("releases", ("releases",), "every release with its manifest", "names that the released records state"),
)
OTHER = Part("other", (), "further state of the folder", "")


def part_of(path: str) -> Part:
    """The part that a file belongs to, by its path in the folder.

    >>> part_of("operations/audit.log").name, part_of("current").name, part_of("notes.txt").name
    ('operations', 'quads', 'other')
    """
    top = path.partition("/")[0]
    return next((part for part in PARTS if top in part.files), OTHER)
