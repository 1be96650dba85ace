"""The list of initiatives: one index for a version, filtered and counted in memory, and the same choice as SPARQL."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from iesi_kg.analysis.browse import ENGLISH, PageRow, query, rows
from iesi_kg.analysis.tallies import Tallies, bits_where, places
from iesi_kg.errors import UsageError
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary.codelists import CodeLists

_MARKER = "# {filters}"
_LATIN = range(0xC0, 0x250)
NONE = "none"
SEARCHES_KEPT = 64
_UNCODED = frozenset({NONE})
_SUFFIX = {"value": "", "home": "_home", "assignment": "_assignment"}


@dataclass(frozen=True, slots=True)
class Facet:
    """A way to narrow the list: the pattern that binds ``?value`` to its codes, and the chart that draws it."""

    key: str
    title: str
    pattern: str
    chart: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a facet."""

    iri: str
    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list: what it shows, its folded text, and its codes by facet."""

    iri: str
    row: PageRow
    text: str
    codes: Mapping[str, frozenset[str]]
    direct: Mapping[str, Sequence[str]]

    def coded(self, facet: str) -> frozenset[str]:
        """Its codes in a facet; ``NONE`` alone where it has none."""
        return self.codes.get(facet) or _UNCODED


@dataclass(frozen=True, slots=True)
class Choice:
    """What a reader asked the list for: words and, by facet, codes (any of them, ``NONE`` where there is none)."""

    words: tuple[str, ...] = ()
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def keeps(self, entry: Entry, *, but: str | None = None) -> bool:
        """Whether an entry meets every condition, that of one facet left out."""
        return all(word in entry.text for word in self.words) and all(
            facet == but or not entry.coded(facet).isdisjoint(wanted) for facet, wanted in self.codes.items()
        )

    def narrowed(self, **codes: str) -> Choice:
        """The same choice with one code for each of these facets, whatever stood there."""
        return Choice(self.words, {**self.codes, **{facet: (code,) for facet, code in codes.items()}})

    def without(self, *facets: str) -> Choice:
        """The same choice with nothing chosen in these facets."""
        return Choice(self.words, {facet: codes for facet, codes in self.codes.items() if facet not in facets})


@dataclass(frozen=True, slots=True)
class Searches:
    """The entries that have all of some words, as bits: a page asks for the same ones with every filter it counts."""

    kept: dict[tuple[str, ...], int] = field(default_factory=dict)

    def bits(self, words: tuple[str, ...], entries: Iterable[Entry]) -> int:
        """Looked for once in the texts of the entries; the last few searches are kept."""
        found = self.kept.get(words)
        if found is None:
            found = bits_where(all(word in entry.text for word in words) for entry in entries)
            if len(self.kept) >= SEARCHES_KEPT:
                self.kept.clear()
            self.kept[words] = found
        return found


@dataclass(frozen=True, slots=True)
class Index:
    """Every initiative of one version, ordered by name."""

    version: int
    entries: tuple[Entry, ...]
    facets: tuple[Facet, ...]
    values: Mapping[str, Mapping[str, Value]]
    text_path: str
    tallies: Tallies
    searches: Searches = field(default_factory=Searches, compare=False)

    def select(self, choice: Choice) -> list[Entry]:
        """The entries that meet the choice, in the order of the index."""
        met = self.met(choice)
        return [*self.entries] if met == self.tallies.everything else [self.entries[place] for place in places(met)]

    def met(self, choice: Choice, *, but: str | None = None) -> int:
        """The same as bits of a number, that of the first entry lowest; one facet of the choice may be left out."""
        found = self.tallies.everything
        for facet, wanted in choice.codes.items():
            if facet != but:
                found &= self.tallies.with_any(facet, wanted, NONE)
        if choice.words:
            found &= self.searches.bits(choice.words, self.entries)
        return found

    def charted(self, chart: str) -> str:
        """The key of the facet that is drawn this way."""
        return next(facet.key for facet in self.facets if facet.chart == chart)

    def counts(self, facet: str, choice: Choice | None = None) -> list[tuple[Value, int]]:
        """How many entries each value of a facet would give, its own filter left out; most first."""
        choice = choice or Choice()
        met, known = self.met(choice, but=facet), self.values.get(facet, {})
        tally = {code: (met & bits).bit_count() for code, bits in self.tallies.holders.get(facet, {}).items()}
        asked = choice.codes.get(facet, ())
        wanted = {code: tally.get(code, 0) for code in {*tally, *asked} if code in known}
        wanted = {code: number for code, number in wanted.items() if number or code in asked}
        return sorted(((known[code], n) for code, n in wanted.items()), key=lambda pair: (-pair[1], pair[0].label))

    def uncoded(self, facet: str, choice: Choice) -> int:
        """How many entries that meet the choice, its filter of this facet left out, have no code in it."""
        return (self.met(choice, but=facet) & self.tallies.with_code(facet, NONE, NONE)).bit_count()

    def leaves(self, facet: str) -> list[tuple[Value, int]]:
        """How many entries were coded with each value itself (not with a narrower one); most first."""
        known = self.values.get(facet, {})
        tally: Mapping[str, int] = self.tallies.own.get(facet, {})
        return sorted(((known[code], n) for code, n in tally.items()), key=lambda pair: (-pair[1], pair[0].label))


def build(reader: Reader, lang: str = ENGLISH) -> Index:
    """Read the whole list of one version, its codes labelled in a language."""
    texts: dict[str, list[str]] = defaultdict(list)
    for row in rows(reader, "list-texts"):
        texts[row["initiative"]].append(row["text"])
    codes: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    direct: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    above = _above(reader, lang)
    values: dict[str, dict[str, Value]] = defaultdict(dict)
    shown = rows(reader, "list-entries")
    known = {row["initiative"] for row in shown}
    for row in rows(reader, "list-values"):
        facet, stated = row["facet"], row["stated"]
        for value in above.get(stated, ()) if row["initiative"] in known else ():
            values[facet][value.code] = value
            codes[row["initiative"]][facet].add(value.code)
            if value.iri == stated:
                direct[row["initiative"]][facet].append(value.code)
    described = rows(reader, "list-facets")
    listed = [_entry(row, texts[row["initiative"]], codes, direct) for row in shown]
    entries = tuple(sorted(listed, key=lambda entry: (fold(entry.row["name"]), entry.iri)))
    return Index(
        version=reader.version,
        entries=entries,
        facets=tuple(
            Facet(row["facet"], row["title"], row["pattern"], row["chart"])
            for row in described
            if row["facet"] != "text"
        ),
        values=values,
        text_path=next(row["pattern"] for row in described if row["facet"] == "text"),
        tallies=Tallies.of(
            [entry.codes for entry in entries],
            [entry.direct for entry in entries],
            [entry.row.get("start") for entry in entries],
        ),
    )


def spoken(index: Index, reader: Reader, lang: str) -> Index:
    """The same list, its codes labelled in another language."""
    called = {value.iri: value for above in _above(reader, lang).values() for value in above}
    values = {
        facet: {code: called.get(value.iri, value) for code, value in known.items()}
        for facet, known in index.values.items()
    }
    return replace(index, values=values)


def _above(reader: Reader, lang: str) -> Mapping[str, Sequence[Value]]:
    """Each concept with itself and all above it."""
    found: dict[str, dict[str, Value]] = defaultdict(dict)
    for row in rows(reader, "list-codes", lang=lang):
        found[row["stated"]][row["value"]] = Value(row["value"], row["code"], row.get("label", row["code"]))
    return {stated: (*values.values(),) for stated, values in found.items()}


def is_code(index: Index, facet: str, code: str) -> bool:
    """Whether a filter has such a value: a code of its list, one that is in use, or that of no code."""
    scheme = CodeLists.load().schemes.get(facet)
    listed = scheme is not None and any(code == concept.notation for concept in scheme.concepts)
    return listed or code == NONE or code in index.values.get(facet, {})


def chosen(index: Index, pairs: Iterable[tuple[str, str]]) -> Choice:
    """The choice of some filters and codes. Raises UsageError for a filter or a code that there is not."""
    known = [facet.key for facet in index.facets]
    codes: dict[str, list[str]] = defaultdict(list)
    for name, code in pairs:
        if name not in known:
            raise UsageError(f"there is no filter {name!r}", hint="one of " + ", ".join(known))
        if not is_code(index, name, code):
            there = ", ".join(sorted(index.values.get(name, {}))[:40]) or "no code"
            near = CodeLists.load().nearest(name, code) if name in CodeLists.load().schemes else None
            meant = f"did you mean {near.notation}? " if near else ""
            raise UsageError(
                f"there is no {name} {code!r}", hint=f"{meant}in use: {there}; {NONE} for what is not coded"
            )
        codes[name].append(code)
    return Choice(codes={name: tuple(wanted) for name, wanted in codes.items()})


def _entry(
    row: PageRow,
    texts: Iterable[str],
    codes: Mapping[str, Mapping[str, set[str]]],
    direct: Mapping[str, Mapping[str, list[str]]],
) -> Entry:
    iri = row["initiative"]
    mine = {facet: frozenset(found) for facet, found in codes.get(iri, {}).items()}
    own = {facet: tuple(sorted(set(found))) for facet, found in direct.get(iri, {}).items()}
    return Entry(iri, row, "\n".join(fold(text) for text in texts), mine, own)


def fold(text: str) -> str:
    """Text without case and accents.

    >>> fold("Café Á")
    'cafe a'
    """
    if text.isascii():
        return text.casefold()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def words(text: str) -> tuple[str, ...]:
    """The folded words of a search, at most eight."""
    return tuple(fold(text).split()[:8])


def as_query(index: Index, choice: Choice) -> str:
    """The list as a SPARQL query that returns the same initiatives."""
    return query("list").replace(_MARKER, "\n  ".join(_conditions(index, choice)) or "# every initiative")


def _conditions(index: Index, choice: Choice) -> Iterator[str]:
    for facet in index.facets:
        if wanted := choice.codes.get(facet.key, ()):
            yield _condition(facet, wanted, index.values.get(facet.key, {}))
    for number, word in enumerate(choice.words, start=1):
        yield (
            f"FILTER EXISTS {{ ?initiative {index.text_path} ?text{number} ."
            f' FILTER REGEX(STR(?text{number}), "{_escaped(_pattern(word))}", "i") }}'
        )


def _condition(facet: Facet, wanted: Sequence[str], known: Mapping[str, Value]) -> str:
    name = facet.key.replace("-", "_")
    pattern = re.sub(r"\?(value|home|assignment)\b", lambda found: f"?{name}{_SUFFIX[found[1]]}", facet.pattern)
    iris = [f"<{known[code].iri}>" for code in wanted if code in known]
    if NONE not in wanted:
        return f"VALUES ?{name} {{ {' '.join(iris)} }}\n  {pattern}"
    coded = f" || ?{name} IN ({', '.join(iris)})" if iris else ""
    return f"OPTIONAL {{ {pattern} }}\n  FILTER(!BOUND(?{name}){coded})"


def _pattern(word: str) -> str:
    variants = _variants()
    return "".join(f"[{c}{variants[c]}]" if c in variants else re.escape(c) for c in word)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


@cache
def _variants() -> Mapping[str, str]:
    """For each plain letter, the accented Latin letters that fold to it."""
    found: dict[str, str] = defaultdict(str)
    for letter in map(chr, _LATIN):
        plain = fold(letter)
        if len(plain) == 1 and plain.isascii() and plain.isalpha() and letter.islower():
            found[plain] += letter
    return found
