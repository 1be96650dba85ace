"""Databases to the links between their records: compared in blocks, scored, put in bands, clustered.

Duplicates inside one database are found too; a steward's decisions are kept and never computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from iesi_kg.linking import blocking, features, organisations, scoring
from iesi_kg.linking.clusters import Clusters, Conflict, Pair, cluster, conflicts
from iesi_kg.linking.entities import Entity
from iesi_kg.linking.profiles import Corpus, Profile
from iesi_kg.linking.scoring import Band
from iesi_kg.linking.wording import sentence

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Link:
    """Two records and how sure it is that they are of the same thing; or, of organisations, that left is part of right.

    One that a steward decided is ``decided``; one that only follows from others, through a third record, ``follows``.
    """

    left: Entity
    right: Entity
    confidence: float
    band: Band
    features: Mapping[str, float]
    sentence: str
    decided: bool = False
    follows: bool = False
    part: bool = False


@dataclass(frozen=True, slots=True)
class Decisions:
    """What stewards decided: pairs of names of records (CURIEs) that are the same, and that are not."""

    same: frozenset[frozenset[str]] = frozenset()
    other: frozenset[frozenset[str]] = frozenset()


NONE = Decisions()


@dataclass(frozen=True, slots=True)
class Linked:
    """The links that were accepted or are to be reviewed, surest first; the clusters; what disagrees inside them."""

    links: tuple[Link, ...]
    clusters: tuple[tuple[Entity, ...], ...]
    conflicts: tuple[Conflict, ...]

    def accepted(self) -> tuple[Link, ...]:
        """The links that are taken as true."""
        return tuple(link for link in self.links if link.band is Band.ACCEPT)

    def to_review(self) -> tuple[Link, ...]:
        """The links that a person should look at."""
        return tuple(link for link in self.links if link.band is Band.REVIEW)


def link(
    databases: Sequence[Sequence[Entity]],
    *,
    decisions: Decisions = NONE,
    within: bool = True,
    progress: Progress | None = None,
) -> Linked:
    """The links between the records of databases, and unless told otherwise inside each of them."""
    run = _Run(databases, decisions, within)
    run.compare(progress)
    return run.linked()


@dataclass(slots=True)
class _Run:
    """One comparison of everything with everything, as far as it is worth it."""

    databases: Sequence[Sequence[Entity]]
    decisions: Decisions
    within: bool
    entities: list[Entity] = field(init=False)
    corpus: Corpus = field(init=False)
    profiles: list[Profile] = field(init=False)
    likely: dict[Pair, float] = field(init=False, default_factory=dict)
    parts: dict[Pair, float] = field(init=False, default_factory=dict)
    same: frozenset[Pair] = field(init=False)
    apart: frozenset[Pair] = field(init=False)

    def __post_init__(self) -> None:
        by_name = {entity.curie: entity for database in self.databases for entity in database if entity.names}
        self.entities = list(by_name.values())
        self.corpus = Corpus.of([self.entities])
        self.profiles = [self.corpus.profile(entity) for entity in self.entities]
        places = {curie: place for place, curie in enumerate(by_name)}
        self.same = frozenset(_pairs(self.decisions.same, places))
        self.apart = frozenset(_pairs(self.decisions.other, places))

    def compare(self, progress: Progress | None) -> None:
        """Score the pairs of all blocks; those that are not the same are forgotten at once."""
        decided, at = self.same | self.apart, -1
        for left, right in blocking.pairs(self.profiles, self.corpus, within=self.within):
            if progress and left != at:
                at = left
                progress(left, len(self.profiles))
            if (left, right) in decided or not features.near(self.profiles[left], self.profiles[right]):
                continue
            scored = scoring.score(self.profiles[left], self.profiles[right], self.corpus)
            if scored.confidence >= scoring.REVIEW:
                self.likely[left, right] = scored.confidence
            elif (sure := organisations.part(scored.features)) >= scoring.ACCEPT:
                self.parts[left, right] = sure
        if progress:
            progress(len(self.profiles), len(self.profiles))

    def confidence(self, left: int, right: int) -> float:
        pair = (min(left, right), max(left, right))
        if pair in self.same:
            return 1.0
        if pair in self.likely:
            return self.likely[pair]
        return scoring.score(self.profiles[left], self.profiles[right], self.corpus).confidence

    def linked(self) -> Linked:
        """Everything that was found, put together."""
        sure = [(value, *pair) for pair, value in self.likely.items() if value >= scoring.ACCEPT]
        found = cluster([*sure, *((1.0, *pair) for pair in self.same)], self.apart, self.confidence)
        inside = {pair for pair in found.joined if self.within or self._crosses(pair)}
        links = [self._link(pair, found) for pair in {*self.likely, *inside, *self.same} - self.apart]
        links += [self._part(pair) for pair in self.parts]
        links.sort(key=lambda link: (-link.confidence, link.left.curie, link.right.curie))
        clusters = tuple(tuple(self.entities[place] for place in members) for members in found.members)
        disagree = [conflict for members in clusters for conflict in conflicts(members)]
        disagree += [self._contradicted(pair) for pair in sorted(found.held.keys() & self.same)]
        return Linked(tuple(links), clusters, tuple(disagree))

    def _contradicted(self, pair: Pair) -> Conflict:
        """A decision that two are the same, against others by which they are not."""
        left, right = sorted(self.entities[place].curie for place in pair)
        return Conflict("decision", {"same, but other decisions keep them apart": (left, right)})

    def _crosses(self, pair: Pair) -> bool:
        return self.entities[pair[0]].database != self.entities[pair[1]].database

    def _link(self, pair: Pair, found: Clusters) -> Link:
        left, right = self.profiles[pair[0]], self.profiles[pair[1]]
        if pair in self.same:
            return Link(left.entity, right.entity, 1.0, Band.ACCEPT, {}, "decided by a steward", decided=True)
        scored = scoring.score(left, right, self.corpus)
        said = sentence(left, right, scored)
        confidence, band, follows = scored.confidence, Band.REVIEW, False
        if pair in found.joined:
            band, follows = Band.ACCEPT, confidence < scoring.ACCEPT
            if follows:
                confidence = found.joined[pair]
                said += "; both are the same as a third record"
        elif pair in found.held:
            said += f"; held back: {found.held[pair]}"
        return Link(left.entity, right.entity, confidence, band, scored.features, said, follows=follows)

    def _part(self, pair: Pair) -> Link:
        """A link from a part of an organisation to the whole, which is always for a person to look at."""
        left, right = self.profiles[pair[0]], self.profiles[pair[1]]
        scored = scoring.score(left, right, self.corpus)
        if scored.names.right:  # the longer name is the part's
            left, right = right, left
        said = sentence(left, right, scored)
        return Link(left.entity, right.entity, self.parts[pair], Band.REVIEW, scored.features, said, part=True)


def _pairs(decided: Iterable[frozenset[str]], places: Mapping[str, int]) -> Iterator[Pair]:
    """The decided pairs of which both records are here."""
    for pair in decided:
        known = sorted(places[curie] for curie in pair if curie in places)
        if len(known) == 2:
            yield known[0], known[1]
