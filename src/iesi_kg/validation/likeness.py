"""Records and organisations of a file to warnings where one looks like another, in the file or published.

Only names that share a word that few have are compared, so that the work grows with the file and not with its square.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from pyoxigraph import Literal, NamedNode

from iesi_kg.records import CellRef, Finding, Severity, Submission
from iesi_kg.store.base import DEFAULT_GRAPH, Reader
from iesi_kg.vocabulary import terms
from iesi_kg.vocabulary.codelists import normalise
from iesi_kg.vocabulary.namespaces import DCT, FOAF, ORG, RDF, SKOS
from iesi_kg.vocabulary.spelling import is_slip, likeness
from iesi_kg.vocabulary.told import Told, say

RECORD, ORGANISATION = CODES = ("possible-duplicate", "known-organisation")
_ALIKE = 88  # names of one initiative: the same words in another order, a word more, a slip
_SAME_PAGE = 60  # where the website is the same
_SAME_BODY = 90  # names of one organisation without its legal form
_COMMON = 40  # a word that more names have tells nothing
_BEGINNING = 5  # letters by which a name of one word with a slip in it is found
_REMEMBERED = 20_000  # rows of a file that later ones are compared with, so that memory stays bounded
_TYPE = NamedNode(RDF + "type")
_TITLE, _OTHER = NamedNode(DCT + "title"), NamedNode(DCT + "alternative")
_PAGE, _LABEL = NamedNode(FOAF + "homepage"), NamedNode(SKOS + "prefLabel")
_BODY = NamedNode(ORG + "Organization")
# A figure, a letter alone or a Roman numeral: what tells the members of a series apart.
_TELLS = re.compile(r"\w*\d\w*|\w|ii|iii|iv|vi{1,3}|ix|xi{1,3}")
_SMALL = re.compile(r"of|the|and|for|in|on|at|d[aeiu]|del|della|dei|[ey]|il|l[aeos]|les|des|et|pour|el|las|der|die|das")
_SCHEME = re.compile(r"^https?://(?:www\.)?|/+$", re.I)
_FORMS = re.compile(
    r"\b(?:e ?v|g?gmbh|ag|ltd|limited|llc|plc|inc|s ?a|s ?r ?l|s ?p ?a|asbl|vzw|b ?v|n ?v|a ?b|oy|sp z o o|onlus|"
    r"association|asociacion|associazione|verein|fundacion|fondazione|foundation|fondation|stiftung)\b"
)


@dataclass(frozen=True, slots=True)
class Being:
    """What is compared of an initiative or an organisation."""

    iri: str
    names: tuple[str, ...]
    countries: frozenset[str] = frozenset()
    pages: frozenset[str] = frozenset()
    bodies: frozenset[str] = frozenset()
    place: CellRef | None = None

    @property
    def slug(self) -> str:
        return self.iri.rsplit("/", 1)[-1]


@dataclass(slots=True)
class _Index:
    """Beings by the words of their names and by their pages."""

    by_word: dict[str, list[Being]] = field(default_factory=dict)
    by_page: dict[str, list[Being]] = field(default_factory=dict)
    iris: set[str] = field(default_factory=set)

    def add(self, being: Being) -> None:
        self.iris.add(being.iri)
        for word in {word for name in being.names for word in words(name)}:
            _append(self.by_word.setdefault(word, []), being)
        for page in being.pages:
            _append(self.by_page.setdefault(page, []), being)

    def near(self, being: Being) -> Iterator[Being]:
        """The beings that share a telling word or the page, each once."""
        lists = [self.by_word.get(word, []) for name in being.names for word in words(name)]
        lists += [self.by_page.get(page, []) for page in being.pages]
        found = {other.iri: other for known in lists if len(known) <= _COMMON for other in known}
        yield from (other for other in found.values() if other.iri != being.iri)


def _append(known: list[Being], being: Being) -> None:
    if len(known) <= _COMMON:  # one more says that the word is common, and no more are needed
        known.append(being)


class Likeness:
    """Compares the chunks of one file with what is published and with the rows before.

    ``key`` is the name of the column by which a record is told.
    """

    def __init__(self, reader: Reader | None, key: str) -> None:
        self._key = key
        self._published, self._bodies, self._rows = _Index(), _Index(), _Index()
        if reader is not None:
            facts = _facts(reader)
            for being in _beings(facts, terms.INITIATIVE):
                self._published.add(being)
            for being in _beings(facts, _BODY):
                self._bodies.add(being)

    def findings(self, submission: Submission) -> Iterator[Finding]:
        """The warnings on one chunk."""
        facts: dict[NamedNode, dict[NamedNode, list[str]]] = {}
        for triple in submission.triples:
            if isinstance(triple.subject, NamedNode) and isinstance(triple.object, NamedNode | Literal):
                facts.setdefault(triple.subject, {}).setdefault(triple.predicate, []).append(triple.object.value)
        cells = {(t.subject, t.predicate): ref for t, ref in submission.origin.items()}
        places = {subject.value: ref for subject, ref in submission.subjects.items()}
        for being in _beings(facts, terms.INITIATIVE, places):
            ref = cells.get((NamedNode(being.iri), _TITLE)) or being.place or CellRef()
            yield from self._record(being, ref)
            if len(self._rows.iris) < _REMEMBERED:
                self._rows.add(being)
        for being in _beings(facts, _BODY):
            yield from self._organisation(being, cells.get((NamedNode(being.iri), _LABEL), CellRef()))

    def _record(self, being: Being, ref: CellRef) -> Iterator[Finding]:
        if being.iri in self._published.iris:
            return  # a new version of a published record; those were compared when they came
        found = _best(being, self._published) or _best(being, self._rows)
        if found is None:
            return
        other, reasons = found
        if other.place is None or other.place.row is None:
            message = say("possible-duplicate.published", name=other.names[0], other=other.slug, reasons=reasons)
            remedy = say("possible-duplicate.remedy", slug=other.slug, column=self._key)
        else:
            at = {"name": other.names[0], "row": other.place.row, "reasons": reasons}
            elsewhere = being.place is not None and other.place.file != being.place.file
            message = (
                say("possible-duplicate.file", file=other.place.file, **at)
                if elsewhere
                else say("possible-duplicate.row", **at)
            )
            remedy = say("possible-duplicate.remedy.row")
        yield _warning(RECORD, message, being, ref, remedy)

    def _organisation(self, being: Being, ref: CellRef) -> Iterator[Finding]:
        if being.iri in self._bodies.iris:
            return
        own = _bare(being.names[0])
        near = [other for other in self._bodies.near(being) if other.countries & being.countries]
        scored = sorted(((likeness(own, _bare(name)), name, o) for o in near for name in o.names), key=lambda s: -s[0])
        alike = [item for item in scored if item[0] >= _SAME_BODY and not _apart(own, _bare(item[1]))]
        if len({item[2].iri for item in alike}) == 1:
            _, name, other = alike[0]
            message = say("known-organisation", text=being.names[0], known=name, other=other.slug)
            yield _warning(ORGANISATION, message, being, ref, name)


def words(name: str) -> list[str]:
    """The words of a name by which it can be found, and how it begins; figures alone tell nothing.

    >>> words("The Care-Net of Wien")
    ['the', 'care', 'net', 'wien', '^theca']
    """
    found = [word for word in re.split(r"\W+", normalise(name)) if len(word) > 2 and not word.isdecimal()]
    return [*found, f"^{''.join(found)[:_BEGINNING]}"] if found else []


def _warning(code: str, message: str, being: Being, ref: CellRef, remedy: str) -> Finding:
    return Finding(
        Severity.WARNING,
        code,
        message,
        sheet=ref.sheet,
        row=ref.row,
        column=ref.column,
        value=being.names[0],
        suggestion=remedy,
        focus_node=being.iri,
        file=being.place.file if being.place else None,
    )


def _best(being: Being, index: _Index) -> tuple[Being, Told] | None:
    """The one that is most like it, with the reasons; None where nothing is like it."""
    found = [(score, other) for other in index.near(being) if (score := _alike(being, other)) is not None]
    if not found:
        return None
    score, other = max(found, key=lambda item: item[0])
    return other, _reasons(being, other, score)


def _alike(being: Being, other: Being) -> float | None:
    """How like the names are, where that and what else they share make them look like one; else None."""
    page = bool(being.pages & other.pages)
    if not (page or being.countries & other.countries or being.bodies & other.bodies):
        return None
    pairs = ((a, b) for a in map(_key, being.names) for b in map(_key, other.names))
    least = _SAME_PAGE if page else _ALIKE
    scores = ((likeness(a, b), a, b) for a, b in pairs)
    return max(
        (score for score, a, b in scores if score >= least and not _apart(a, b, translated=score < _ALIKE)),
        default=None,
    )


def _reasons(being: Being, other: Being, score: float) -> Told:
    same = [say("word.samename") if score == 100 else say("word.alikename", n=round(score))]
    same += [say("word.samecountry")] if being.countries & other.countries else []
    same += [say("word.samewebsite")] if being.pages & other.pages else []
    same += [say("word.sameorganisation")] if being.bodies & other.bodies else []
    names = {f"r{at}": reason for at, reason in enumerate(same)}
    pattern = ", ".join(f"{{{name}}}" for name in names)
    return Told(dict.fromkeys(same[0].texts, pattern), names)


@lru_cache(maxsize=4_096)
def _key(name: str) -> str:
    return normalise(name)


def _apart(one: str, other: str, *, translated: bool = False) -> bool:
    """Whether names that are alike as texts still name two things: a number or a word is another one, as of a town.

    A word more on one side tells nothing, nor one that may be a slip, or that is written apart. Where one may be the
    ``translated`` name of the other, only what tells the members of a series apart counts.

    >>> _apart("informagiovani crema", "informagiovani cremona"), _apart("house phase ii", "house phase iii")
    (True, True)
    >>> _apart("informagiovani crema", "informa giovani di crema"), _apart("care net wien", "care net wiem")
    (False, False)
    """
    left, right = (
        [word for word in re.split(r"\W+", name) if word and not _SMALL.fullmatch(word)] for name in (one, other)
    )
    if {word for word in left if _TELLS.fullmatch(word)} != {word for word in right if _TELLS.fullmatch(word)}:
        return True
    own, others = ([word for word in a if word not in b] for a, b in ((left, right), (right, left)))
    for word in list(own):
        same = next((other for other in others if is_slip(word, other)), None)
        if same is not None:
            own.remove(word)
            others.remove(same)
    return bool(not translated and own and others and not is_slip("".join(own), "".join(others)))


def _bare(name: str) -> str:
    return " ".join(_FORMS.sub(" ", re.sub(r"[^\w\s]", " ", normalise(name))).split()) or normalise(name)


def _facts(reader: Reader) -> dict[NamedNode, dict[NamedNode, list[str]]]:
    found: dict[NamedNode, dict[NamedNode, list[str]]] = {}
    for predicate in (_TYPE, _TITLE, _OTHER, _PAGE, _LABEL, terms.COUNTRY, terms.INVOLVES):
        for quad in reader.quads(predicate=predicate, graph=DEFAULT_GRAPH):
            if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode | Literal):
                found.setdefault(quad.subject, {}).setdefault(predicate, []).append(quad.object.value)
    return found


def _beings(
    facts: Mapping[NamedNode, Mapping[NamedNode, Iterable[str]]],
    kind: NamedNode,
    places: Mapping[str, CellRef] | None = None,
) -> Iterator[Being]:
    for subject, said in facts.items():
        names = (*said.get(_TITLE, ()), *said.get(_LABEL, ()), *said.get(_OTHER, ()))
        if kind.value in said.get(_TYPE, ()) and names:
            yield Being(
                subject.value,
                names,
                frozenset(said.get(terms.COUNTRY, ())),
                frozenset(_SCHEME.sub("", page).casefold() for page in said.get(_PAGE, ())),
                frozenset(said.get(terms.INVOLVES, ())),
                (places or {}).get(subject.value),
            )
