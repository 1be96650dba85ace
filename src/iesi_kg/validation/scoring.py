"""Statements to scores: how complete and how well founded each record and the file are, and what would raise that most.

What counts, and how much, is data: ``ontology/scoring.json`` and the rules of the shapes (docs/reference/findings.md).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pyoxigraph import NamedNode

from iesi_kg.records import CellRef, Submission
from iesi_kg.vocabulary.namespaces import RDF
from iesi_kg.vocabulary.parts import Part, parts
from iesi_kg.vocabulary.told import Told, in_language, say

DIMENSIONS = ("completeness", "evidence")
_TYPE = RDF + "type"
_RAISES = 3

Facts = Mapping[str, Mapping[str, set[str]]]


@dataclass(frozen=True, slots=True)
class Score:
    """One record: points of 100 by dimension, and the parts it lacks with the points each would bring."""

    subject: str
    ref: CellRef
    points: tuple[int, ...]
    missing: tuple[tuple[Part, float], ...]


@dataclass(slots=True)
class Standing:
    """The scores of a file; ``add`` takes its chunks one after the other."""

    scores: list[Score] = field(default_factory=list)

    def add(self, submission: Submission) -> None:
        """Score the records of a chunk."""
        facts = _facts(submission)
        for subject, ref in submission.subjects.items():
            self.scores.append(_score(subject.value, ref, facts))

    @property
    def points(self) -> tuple[int, ...]:
        """Points of the file by dimension: the mean of its records."""
        count = len(self.scores) or 1
        return tuple(round(sum(score.points[at] for score in self.scores) / count) for at in range(len(DIMENSIONS)))

    def raising(self) -> list[tuple[Part, int, int]]:
        """What would raise the file most: the part, the records that lack it, and the points the file would gain."""
        gain: defaultdict[tuple[str, str], float] = defaultdict(float)
        lacking: Counter[tuple[str, str]] = Counter()
        for score in self.scores:
            for part, points in score.missing:
                gain[part.kind, part.path] += points
                lacking[part.kind, part.path] += 1
        by_key = {(part.kind, part.path): part for part in parts()}
        most = sorted(gain.items(), key=lambda item: -item[1])[:_RAISES]
        return [(by_key[key], lacking[key], round(points / len(self.scores))) for key, points in most]

    def lines(self, language: str) -> Iterator[str]:
        """The score of the file and what would raise it, in words."""
        if not self.scores:
            return
        n, m = self.points
        yield in_language(say("word.score", n=n, m=m), language)
        raising = self.raising()
        if raising:
            text = "; ".join(in_language(_raise(*found, len(self.scores)), language) for found in raising)
            yield in_language(say("word.raise", text=text), language)

    def members(self, language: str) -> dict[str, object]:
        """The same as members of a JSON object, with each record."""
        return {
            **dict(zip(DIMENSIONS, self.points, strict=True)),
            "raise": [
                {"column": part.column, "label": label(part, language), "records": count, "points": points}
                for part, count, points in self.raising()
            ],
            "records": [
                {
                    "focus_node": score.subject,
                    "sheet": score.ref.sheet,
                    "row": score.ref.row,
                    **dict(zip(DIMENSIONS, score.points, strict=True)),
                    "missing": [part.column for part, _ in score.missing],
                }
                for score in self.scores
            ],
        }


def label(part: Part, language: str) -> str:
    """The title of a part's column."""
    return part.labels.get(language) or part.labels["en"]


def _raise(part: Part, count: int, points: int, records: int) -> str:
    return say("word.raiseone", text=Told(part.labels), n=count, m=records, points=points)


def _facts(submission: Submission) -> Facts:
    """Each subject with its properties, and the addresses that each of them has."""
    found: dict[str, dict[str, set[str]]] = {}
    for triple in submission.triples:
        if isinstance(triple.subject, NamedNode):
            values = found.setdefault(triple.subject.value, {}).setdefault(triple.predicate.value, set())
            if isinstance(triple.object, NamedNode):
                values.add(triple.object.value)
    return found


def _score(subject: str, ref: CellRef, facts: Facts) -> Score:
    nodes = {subject, *(value for values in facts.get(subject, {}).values() for value in values if value in facts)}
    own = [facts[node] for node in nodes if node.partition("#")[0] == subject]
    points, missing = [], list[tuple[Part, float]]()
    for dimension in DIMENSIONS:
        shares = list(_shares(dimension, own))
        total = sum(part.weight for part, _ in shares) or 1
        points.append(round(100 * sum(part.weight * share for part, share in shares) / total))
        missing += [(part, 100 * part.weight * (1 - share) / total) for part, share in shares if share < 1]
    return Score(subject, ref, tuple(points), tuple(sorted(missing, key=lambda item: -item[1])))


def _shares(dimension: str, nodes: Iterable[Mapping[str, set[str]]]) -> Iterator[tuple[Part, float]]:
    """How far each part of a dimension is there; a part of a class that the record has no node of does not count."""
    for part in parts():
        having = [part.path in node for node in nodes if part.kind in node.get(_TYPE, ())]
        if part.dimension == dimension and having:
            yield part, sum(having) / len(having)
