"""Who takes part in which initiative to the network of organisations: degrees, and the part that hangs together.

Two organisations are tied where they take part in the same initiative; one that takes part in several joins these.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from iesi_kg.analysis.browse import PageRow, rows
from iesi_kg.analysis.knowledge_map import written
from iesi_kg.store.base import Reader

MOST_DRAWN = 60  # organisations in the picture
MOST_JOINED = 250  # initiatives in it
_HEAD = ("organisation", "name", "initiatives", "other_organisations")


@dataclass(frozen=True, slots=True)
class Member:
    """An organisation: the initiatives that it takes part in, and how many others take part in one of them."""

    iri: str
    name: str
    initiatives: tuple[str, ...]
    others: int


@dataclass(frozen=True, slots=True)
class Network:
    """Every organisation, the best connected first; the names of initiatives, and who takes part in each."""

    members: tuple[Member, ...]
    titles: Mapping[str, str]
    partners: Mapping[str, tuple[str, ...]]

    @property
    def tied(self) -> int:
        """How many organisations take part in an initiative together with another one."""
        return sum(member.others > 0 for member in self.members)

    @property
    def joining(self) -> tuple[Member, ...]:
        """The organisations that take part in more than one initiative."""
        return tuple(member for member in self.members if len(member.initiatives) > 1)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A part that hangs together: organisations that join initiatives, these initiatives, and the ties between."""

    members: tuple[Member, ...]
    initiatives: tuple[str, ...]

    @property
    def ties(self) -> list[tuple[str, str]]:
        """Organisation and initiative of each participation."""
        return [(member.iri, initiative) for member in self.members for initiative in member.initiatives]


def read(reader: Reader) -> list[PageRow]:
    """Every participation, once for an organisation and an initiative."""
    return rows(reader, "network")


def network(found: Iterable[PageRow], kept: Collection[str]) -> Network:
    """The network of the initiatives that are kept."""
    names: dict[str, str] = {}
    titles: dict[str, str] = {}
    partners: dict[str, set[str]] = defaultdict(set)
    takes: dict[str, set[str]] = defaultdict(set)
    for row in found:
        initiative, organisation = row["initiative"], row["organisation"]
        if initiative in kept:
            names[organisation], titles[initiative] = row["name"], row["title"]
            partners[initiative].add(organisation)
            takes[organisation].add(initiative)
    members = [
        Member(iri, names[iri], tuple(sorted(joined)), len(set().union(*(partners[one] for one in joined))) - 1)
        for iri, joined in takes.items()
    ]
    members.sort(key=lambda each: (-each.others, -len(each.initiatives), each.name.casefold(), each.iri))
    return Network(tuple(members), titles, {one: tuple(sorted(those)) for one, those in sorted(partners.items())})


def clusters(whole: Network, most: int = MOST_DRAWN) -> list[Cluster]:
    """The parts that hang together by organisations in more than one initiative, the largest first.

    Of more such organisations than ``most`` the best connected.
    """
    members = _drawn(whole, most)
    by_initiative: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        for initiative in member.initiatives:
            by_initiative[initiative].append(member)
    left = {member.iri: member for member in members}
    found = []
    while left:
        found.append(_cluster(next(iter(left.values())), by_initiative, left))
    return sorted(found, key=lambda one: (-len(one.initiatives), -len(one.members), one.initiatives))


def _drawn(whole: Network, most: int) -> list[Member]:
    """The organisations that the picture has room for, the best connected first."""
    members, joined = list[Member](), set[str]()
    for member in whole.joining:
        if len(members) == most:
            break
        if len(more := joined.union(member.initiatives)) <= MOST_JOINED:
            members, joined = [*members, member], more
    return members


def _cluster(start: Member, by_initiative: Mapping[str, Sequence[Member]], left: dict[str, Member]) -> Cluster:
    """What hangs together with a member, which is taken out of those that are left."""
    waiting, members, initiatives = [left.pop(start.iri)], list[Member](), set[str]()
    while waiting:
        member = waiting.pop()
        members.append(member)
        for initiative in set(member.initiatives) - initiatives:
            initiatives.add(initiative)
            waiting += [left.pop(other.iri) for other in by_initiative[initiative] if other.iri in left]
    return Cluster(tuple(sorted(members, key=lambda each: each.iri)), tuple(sorted(initiatives)))


def as_csv(whole: Network) -> str:
    """One line for each organisation."""
    return written(_HEAD, ((each.iri, each.name, len(each.initiatives), each.others) for each in whole.members))
