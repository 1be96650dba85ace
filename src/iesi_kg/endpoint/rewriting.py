"""Turns a query into one that this engine answers faster and the same: five rules on its tree, each in its own module.

Which rules there are, when they apply and why they are sound: docs/reference/rewriting.md and the modules. A rule that
may cost more than it gains bets on numbers of solutions, which are counted first. Whatever goes wrong here, the query
runs as it was written.
"""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from iesi_kg.endpoint import rewriting_constants, rewriting_exists, rewriting_paths, rewriting_top
from iesi_kg.endpoint.rewriting_changes import Bet, Change, applied, spelt_out
from iesi_kg.endpoint.rewriting_counts import Counts
from iesi_kg.endpoint.rewriting_scope import Source, read
from iesi_kg.endpoint.syntax import wavers
from iesi_kg.errors import IesiKgError

Rule = Callable[[Source], Iterator[Change]]
Weigh = Callable[[Bet], Awaitable[bool | None]]  # None: it could not be found out now

RULES: tuple[Rule, ...] = (
    rewriting_constants.changes,
    rewriting_paths.changes,
    rewriting_top.changes,
    rewriting_exists.changes,
)
_MOST_CHANGES = 8
_REMEMBERED = 512
_LONGEST = 3_000  # a longer one may take more time than it gains
_NUMBERED = re.compile(r"\b(?:limit|offset)\b", re.IGNORECASE)
_ASIDE = re.compile(r"""\"(?:[^"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'|(?<!\S)\#[^\n]*+""")
_SIGN = re.compile(r"[*+]|\?(?!\w)")
_BEFORE_SIGN = re.compile(r"[\w>)\-]\Z|[>)]\s+\Z")
_EQUALS = re.compile(r"=\s*+(?:<|[\w.\-]*+:|[?$])")
_OPERAND = re.compile(r"[\w>\-]\s*+\Z")
_ONE_OF = re.compile(r"in\s*+\(\s*+(?:<|[\w.\-]*+:)")
_VARIABLE = re.compile(r"[?$]\w+\s+\Z")
_NEAR = 60  # characters before a sign that are looked at

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """One application of a rule and the part it was about; one that was not ``taken`` would have cost more."""

    rule: str
    about: str
    taken: bool = True


@dataclass(frozen=True, slots=True)
class Rewriting:
    """The text to evaluate in place of the query, and the steps that led there."""

    text: str
    steps: tuple[Step, ...]

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that were applied, each once."""
        return tuple(dict.fromkeys(step.rule for step in self.steps if step.taken))


class Holds(IntEnum):
    """How long a finding about a query is true."""

    ALWAYS = 0
    FOR_THE_DATA = 1
    NOW = 2


class Rewriter:
    """Rewrites queries; what comes of a text is remembered, where it depends on the data for as long as they stay."""

    def __init__(self, rules: Sequence[Rule] = RULES) -> None:
        self.counts = Counts()
        self._rules = tuple(rules)
        self._known: OrderedDict[tuple[str, Hashable], Rewriting | None] = OrderedDict()

    async def rewritten(self, text: str, weigh: Weigh, data: Hashable = None) -> Rewriting | None:
        """What to evaluate in place of a query, and what was weighed; None where no rule has anything to say.

        ``data`` stands for the data that are weighed; without it nothing is remembered that depends on them.
        """
        for key in ((text, None), (text, data)):
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        if not may_gain(text):
            return None
        try:
            found, holds = await self._rewritten(text, weigh)
        except IesiKgError:
            return None  # whatever is wrong is said when the query runs
        except Exception:  # the edge: a fault of a rule must not cost its asker the answer
            log.exception("a query could not be rewritten and runs as it is written")
            found, holds = None, Holds.ALWAYS
        if holds is Holds.ALWAYS or (holds is Holds.FOR_THE_DATA and data is not None):
            self._known[text, None if holds is Holds.ALWAYS else data] = found
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    async def _rewritten(self, text: str, weigh: Weigh) -> tuple[Rewriting | None, Holds]:
        source = None if wavers(_NUMBERED.sub("", text)) else read(text)
        if source is None:
            return None, Holds.ALWAYS
        steps: list[Step] = []
        holds = Holds.ALWAYS
        for rule in self._rules:
            changes, declined = rule(source), set[str]()
            while len(steps) < _MOST_CHANGES and (change := next(changes, None)) is not None:
                if change.about in declined:
                    continue
                held = True if change.bet is None else await weigh(change.bet)
                holds = max(holds, _holds(change, held))
                steps.append(Step(change.rule, change.about, bool(held)))
                if not held:
                    declined.add(change.about)
                    continue
                after = _after(source, change)
                if after is None:
                    return None, holds
                source, changes = after, rule(after)
        return (Rewriting(str(source.text), tuple(steps)) if steps else None), holds


def _holds(change: Change, held: bool | None) -> Holds:
    if change.bet is None:
        return Holds.ALWAYS
    return Holds.NOW if held is None else Holds.FOR_THE_DATA


def _after(source: Source, change: Change) -> Source | None:
    """The query with a change; None where it cannot be read any more."""
    edits = [change]
    if source.star is not None:
        star = spelt_out(source)
        if star is None or not star[2]:
            return None
        edits.append(Change(change.rule, "", (star,)))
    return read(applied(source.text, edits))


def may_gain(text: str) -> bool:
    """Whether a query holds what some rule begins with: a glance at its text, before anything is parsed.

    >>> may_gain("# who exists?\\nSELECT ?o { <urn:a> <urn:p> ?o } LIMIT 3"), may_gain("ASK { ?s <urn:p>* <urn:o> }")
    (False, True)
    """
    if len(text) > _LONGEST:
        return False
    if '"' in text or "'" in text or "#" in text:
        text = _ASIDE.sub("", text)
    low = text.lower()
    if "exists" in low or _stands_behind(text, _SIGN, _BEFORE_SIGN):
        return True
    if "filter" in low and (
        "sameterm" in low or _stands_behind(low, _ONE_OF, _VARIABLE) or _stands_behind(text, _EQUALS, _OPERAND)
    ):
        return True
    return "optional" in low and "limit" in low and "order" in low


def _stands_behind(text: str, sign: re.Pattern[str], before: re.Pattern[str]) -> bool:
    """Whether a sign stands somewhere right behind something: what is rarer is sought first."""
    places = (found.start() for found in sign.finditer(text))
    return any(before.search(text, max(0, place - _NEAR), place) for place in places)
