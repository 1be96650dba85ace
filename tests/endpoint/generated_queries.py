"""Small random graphs, and random queries with the shapes that are rewritten, among all that may stand beside them."""

from __future__ import annotations

from random import Random

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

NODES = [f"urn:n{number}" for number in range(4)]
PREDICATES = [f"urn:p{number}" for number in range(3)]
GRAPH = "urn:g"
NAMES = "abcde"
_INTEGER = NamedNode("http://www.w3.org/2001/XMLSchema#integer")


def graph(random: Random) -> list[Quad]:
    """Up to 80 quads in the default graph and one named one."""
    found = []
    for _ in range(random.choice((5, 40, 60, 80))):
        target = NamedNode(random.choice(NODES))
        if random.random() < 0.25:
            value = str(random.randrange(4))
            target = random.choice((Literal(f"text {value}"), Literal(value, datatype=_INTEGER)))
        name = NamedNode(GRAPH) if random.random() < 0.25 else DefaultGraph()
        found.append(Quad(NamedNode(random.choice(NODES)), NamedNode(random.choice(PREDICATES)), target, name))
    return found


class Query:
    """One random query, in parts: ``head`` and ``where`` make the whole answer, ``order`` and ``cut`` a part of it."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._made = 0
        body = self._group(random.randint(1, 2))
        names = sorted(set(random.choices(NAMES, k=3)))
        distinct = "DISTINCT " if random.random() < 0.2 else ""
        self.star = random.random() < 0.3
        self.head = f"PREFIX : <urn:> SELECT {distinct}{'*' if self.star else ' '.join('?' + name for name in names)}"
        self.where = f"WHERE {body}"
        self.sorted_by = random.sample(names, random.randint(1, len(names)))
        self.limit, self.offset = random.randint(1, 6), random.choice((0, 0, 2))

    @property
    def whole(self) -> str:
        return f"{self.head} {self.where}"

    @property
    def ordered(self) -> str:
        return f"{self.whole} ORDER BY {' '.join(f'STR(?{name})' for name in self.sorted_by)}"

    @property
    def cut(self) -> str:
        return f"{self.ordered} LIMIT {self.limit} OFFSET {self.offset}"

    def _pick(self, *choices: str) -> str:
        return self._random.choice(choices)

    def _name(self) -> str:
        return "?" + self._pick(*NAMES)

    def _node(self) -> str:
        return f"<{self._pick(*NODES)}>" if self._random.random() < 0.5 else ":" + self._pick(*NODES)[4:]

    def _end(self) -> str:
        return self._name() if self._random.random() < 0.85 else self._node()

    def _predicate(self) -> str:
        return "<" + self._pick(*PREDICATES) + ">"

    def _path(self) -> str:
        one, two = self._predicate(), self._pick("", "^") + self._predicate()
        mark = self._pick("*", "+", "?")
        return self._pick(f"{one}/{two}{mark}", f"{two}{mark}", f"^{one}/({two}){mark}", f"({one}/{two}){mark}", one)

    def _triples(self, *, paths: bool = True) -> str:
        parts = []
        for _ in range(self._random.randint(1, 2)):
            verb = self._path() if paths and self._random.random() < 0.3 else self._predicate()
            parts.append(f"{verb} {self._end()}" + (f", {self._end()}" if self._random.random() < 0.1 else ""))
        subject = self._end() if self._random.random() < 0.95 else "[]"
        return f"{subject} {' ; '.join(parts)} . "

    def _constant(self) -> str:
        name, several = self._name(), ", ".join(self._node() for _ in range(self._random.randint(1, 3)))
        test = self._pick(
            f"{name} = {self._node()}", f"{self._node()} = {name}", f"sameTerm({name}, {self._node()})",
            f"{name} IN ({several})", f"({name} = {self._node()})",
        )  # fmt: skip
        other = self._pick(f"{self._name()} != {self._node()}", f"BOUND({self._name()})", f"{self._name()} > 1")
        return f"FILTER({self._pick(test, test, f'{test} && {other}', f'{other} && {test}', f'{test} || {other}')}) "

    def _exists(self) -> str:
        inner = "".join(self._triples(paths=self._random.random() < 0.1) for _ in range(self._random.randint(1, 2)))
        if self._random.random() < 0.25:
            inner += f"FILTER({self._name()} != {self._name()}) "
        test = f"{self._pick('', 'NOT ')}EXISTS {{ {inner}}}"
        return f"FILTER {self._pick(test, f'({test})')} "

    def _bind(self) -> str:
        self._made += 1
        return f"BIND(STR({self._name()}) AS ?made{self._made}) "

    def _values(self) -> str:
        if self._random.random() < 0.5:
            return f"VALUES {self._name()} {{ {self._node()} {self._node()} }} "
        one, two = (f"?{name}" for name in self._random.sample(NAMES, 2))
        return f"VALUES ({one} {two}) {{ ({self._node()} UNDEF) ({self._node()} {self._node()}) }} "

    def _sub_select(self, depth: int) -> str:
        name = self._name()
        if self._random.random() < 0.3:
            self._made += 1
            return f"{{ SELECT {name} (COUNT(*) AS ?made{self._made}) {self._group(depth - 1)} GROUP BY {name} }} "
        names = " ".join(f"?{one}" for one in sorted(set(self._random.choices(NAMES, k=2))))
        return f"{{ SELECT {self._pick('', 'DISTINCT ')}{self._pick(names, '*')} {self._group(depth - 1)} }} "

    def _element(self, depth: int) -> str:
        if not depth:
            return self._pick(self._triples(), self._constant(), self._exists())
        kind = self._random.random()
        if kind < 0.3:
            return self._triples()
        if kind < 0.42:
            return self._constant()
        if kind < 0.56:
            return self._exists()
        if kind < 0.72:
            return f"OPTIONAL {self._group(depth - 1)} "
        if kind < 0.77:
            return f"{self._group(depth - 1)} UNION {self._group(depth - 1)} "
        if kind < 0.82:
            return f"MINUS {self._group(depth - 1)} "
        if kind < 0.87:
            return self._bind()
        if kind < 0.91:
            return self._values()
        if kind < 0.96:
            return self._sub_select(depth)
        return f"GRAPH {self._pick(f'<{GRAPH}>', self._name())} {self._group(depth - 1)} "

    def _group(self, depth: int) -> str:
        count = self._random.randint(1, 2)
        parts = [self._triples(), *(self._element(depth) for _ in range(count))]
        if self._random.random() < 0.3:
            self._random.shuffle(parts)
        return "{ " + "".join(parts) + "}"
