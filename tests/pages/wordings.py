"""Every text of the pages that wants a translation: what templates call ``t`` with, what page queries tag ``@en``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from jinja2 import nodes

from iesi_kg.analysis.drawings import WORDS
from iesi_kg.analysis.examples import competency, examples
from iesi_kg.endpoint import explanation
from iesi_kg.records import Severity
from iesi_kg.web import problem
from iesi_kg.web.pages.build import commands
from iesi_kg.web.pages.rendering import TEMPLATES, environment

_TAGGED = re.compile(r'"([^"]*)"@en\b')


def of_templates() -> Iterator[tuple[str, str]]:
    """Each text with the name of its template; anything but a literal is an error."""
    for path in sorted(TEMPLATES.glob("*.html")):
        for call in environment().parse(path.read_text("utf-8")).find_all(nodes.Call):
            for argument in _texts(call):
                assert isinstance(argument, nodes.Const), f"{path.name}, line {call.lineno}: not a literal"
                yield path.name, argument.value


def of_data(root: Path) -> Iterator[str]:
    """Texts that templates hand to ``t.known``: titles in page queries, words of drawings, errors, questions."""
    for path in (root / "queries" / "pages").rglob("*.rq"):
        yield from _TAGGED.findall(path.read_text("utf-8"))
    yield from (*WORDS.values(), *explanation.KINDS.values(), *explanation.RULES.values())
    for kind in problem.kinds():
        yield kind.title
    for severity in Severity:
        yield severity.value
    for command in commands():
        yield from (command.group, command.title)
    for query in (*competency(), *examples()):
        yield from filter(None, (query.title, query.question, query.missing))


def _texts(call: nodes.Call) -> list[nodes.Expr]:
    match call.node:
        case nodes.Name(name="t"):
            return call.args[:1]
        case nodes.Getattr(node=nodes.Name(name="t"), attr="count"):
            return call.args[1:3]
        case _:
            return []
