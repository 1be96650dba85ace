"""A document in the part of CommonMark that our own documents use (https://spec.commonmark.org/) to HTML.

Headings, paragraphs, lists of one level, tables, and in a line: code, strong text and links. Everything is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from itertools import count, groupby

from markupsafe import Markup

_INLINE = re.compile(r"`([^`]+)`|\*\*(.+?)\*\*|\[([^\]]+)\]\((https?://[^\s)]+)\)")
_BULLET, _NUMBER, _HEADING = re.compile(r"\* +"), re.compile(r"\d+\. +"), re.compile(r"(#{1,4}) +(.*)")
_RULE = re.compile(r"\|[\s|:-]+\|")
_TABLE = '<div class="scroll" tabindex="0" role="region" aria-label="{}, \0"><table class="small">'
_NUMBERED = "\0"


def html(text: str, addresses: Mapping[str, str] | None = None) -> tuple[str, Markup]:
    """The title of a document and the HTML of the rest; a path in it for which there is an address is linked.

    >>> html("# A\\n\\nOne `x<y` **two**.\\n\\n* a\\n* b\\n")[1]
    Markup('<p>One <code>x&lt;y</code> <strong>two</strong>.</p>\\n<ul><li>a</li><li>b</li></ul>')
    """
    title, parts, near = "", list[str](), ""
    for block in re.split(r"\n\s*\n", text.strip()):
        heading = _HEADING.fullmatch(block.partition("\n")[0])
        if heading and len(heading[1]) == 1:
            title = heading[2]
        elif heading:
            near = heading[2]
            parts.append(f"<h{len(heading[1])}>{_line(near, addresses or {})}</h{len(heading[1])}>")
        rest = block.partition("\n")[2] if heading else block
        if rest:
            parts += _block(rest, near or title, addresses or {})
    return title, Markup("\n".join(_told_apart(parts)))


def _told_apart(parts: list[str]) -> Iterator[str]:
    """The parts with a number at the name of each table, so that no two have the same."""
    tables = count(1)
    for part in parts:
        yield part.replace(_NUMBERED, str(next(tables)), 1) if _NUMBERED in part else part


def _block(text: str, near: str, addresses: Mapping[str, str]) -> Iterator[str]:
    """One block without an empty line in it; a list may follow a sentence at once."""
    lines = text.split("\n")
    kinds: list[tuple[str, str]] = []
    for line in lines:
        kind = _kind(line)
        if kind == "p" and kinds and kinds[-1][0] in ("ul", "ol") and line.startswith(" "):
            kind = kinds[-1][0]
        kinds.append((kind, line))
    for kind, group in groupby(kinds, key=lambda pair: pair[0]):
        found = [line for _, line in group]
        if kind == "table":
            yield _table(found, near, addresses)
        elif kind == "p":
            yield f"<p>{_line(' '.join(found), addresses)}</p>"
        else:
            items = "".join(f"<li>{_line(item, addresses)}</li>" for item in _items(found))
            yield f"<{kind}>{items}</{kind}>"


def _kind(line: str) -> str:
    if line.startswith("|"):
        return "table"
    return "ul" if _BULLET.match(line) else "ol" if _NUMBER.match(line) else "p"


def _items(lines: list[str]) -> Iterator[str]:
    item = ""
    for line in lines:
        begun = _BULLET.match(line) or _NUMBER.match(line)
        if begun and item:
            yield item
        item = line[begun.end() :] if begun else f"{item} {line.strip()}"
    yield item


def _table(lines: list[str], near: str, addresses: Mapping[str, str]) -> str:
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines if not _RULE.fullmatch(line)
    ]
    head = "".join(f'<th scope="col">{_line(cell, addresses)}</th>' if cell else "<td></td>" for cell in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{_line(cell, addresses)}</td>" for cell in row) + "</tr>" for row in rows[1:])
    begin = _TABLE.format(escape(re.sub(r"[`*]", "", near)))
    return f"{begin}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _line(text: str, addresses: Mapping[str, str]) -> str:
    made, end = "", 0
    for found in _INLINE.finditer(text):
        made += escape(text[end : found.start()]) + _marked(found, addresses)
        end = found.end()
    return made + escape(text[end:])


def _marked(found: re.Match[str], addresses: Mapping[str, str]) -> str:
    code, strong, label, target = found.groups()
    if code is not None:
        said = f"<code>{escape(code)}</code>"
        return f'<a href="{addresses[code]}">{said}</a>' if code in addresses else said
    if strong is not None:
        return f"<strong>{_line(strong, addresses)}</strong>"
    return f'<a href="{escape(target)}" rel="noopener nofollow">{escape(label)}</a>'
