"""Malformed files made from good ones: what the grammar of each syntax of RDF forbids, and bytes changed by a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

from raw_workbooks import HEADER, RECORD, packed, row, workbook

from iesi_kg.ingest.kinds import Kind

S, P, Q = "<http://e.org/s>", "<http://e.org/p>", "<http://e.org/o>"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

# Neither N-Triples nor Turtle has these.
_ALL_LINES = (
    f"{S} {P} .",
    f"{S} .",
    f"{P} {Q} {S} {S} {S} .",
    f"{S} {P} {Q} ,, {Q} .",
    f'"literal" {P} {Q} .',
    f'{S} "literal" {Q} .',
    f"{S} _:blank {Q} .",
    f"{S} {P} <http://e.org/a b> .",
    f"{S} {P} <http://e.org/a<b> .",
    f"{S} {P} <http://e.org/a{{b}}> .",
    f"{S} {P} <http://e.org/\\u00ZZ> .",
    f"{S} {P} <http://e.org/\\u0020> .",
    f"{S} {P} <no-scheme> .",
    f'{S} {P} "open .',
    f'{S} {P} "bad \\q escape" .',
    f'{S} {P} "bad \\u12 escape" .',
    f'{S} {P} "half a pair \\uD83D" .',
    f'{S} {P} "beyond \\U00110000" .',
    f'{S} {P} "x"@ .',
    f'{S} {P} "x"@1a .',
    f'{S} {P} "x"^^ .',
    f'{S} {P} "x"^^"y" .',
    f"{S} {P} {Q} ..",
    f"{S} {P} {Q} ! .",
    f"{S} {P} @ .",
)
_ONLY_NTRIPLES = (
    f"{S} {P} {Q}",
    f"{S} a {Q} .",
    f"{S} {P} 12 .",
    f"{S} {P} true .",
    f"{S} {P} {Q} ; {P} {Q} .",
    f"{S} {P} {Q} , {Q} .",
    f"{S} {P} 'x' .",
    f'{S} {P} """x""" .',
    f"{S} {P} ( {Q} ) .",
    f"{S} {P} [] .",
    f"@prefix e: <http://e.org/> . {S} {P} {Q} .",
)
_ONLY_TURTLE = (
    f"{S} {P} unknown:name .",
    f"{S} {P} ( {Q} .",
    f"{S} {P} [ {P} {Q} .",
    f"{S} {P} {Q} ) .",
    f"{S} {P} {Q} ] .",
    f"{S} {P} 12e .",
    f"{S} {P} +- 1 .",
    f"{S} {P} tru .",
    f"{S} a .",
    f"a {P} {Q} .",
    f"12 {P} {Q} .",
    f"{S} is {P} of {Q} .",
    f"{S} {P} => {Q} .",
    "@prefix e <http://e.org/> .",
    "@prefix e: http://e.org/ .",
    "@base .",
    f"@keywords a . {S} {P} {Q} .",
)
_ONLY_TRIG = (
    f"{S} {{ {S} {P} {Q} .",
    f"{S} {{ {S} {P} {Q} }} }}",
    f"{S} {{ {S} {{ {S} {P} {Q} }} }}",
    f'"literal" {{ {S} {P} {Q} }}',
    f"GRAPH {{ {S} {P} {Q} }}",
    f"GRAPH {S} {S} {P} {Q} .",
)
_XML = (
    "<rdf:Description",
    "<rdf:Description rdf:about='http://e.org/s'>",
    "</rdf:Description>",
    "<rdf:Description><e:p></rdf:Description></e:p>",
    "<rdf:Description rdf:about='http://e.org/s' rdf:about='http://e.org/t'/>",
    "<rdf:Description rdf:about=http://e.org/s/>",
    "<rdf:Description rdf:about='http://e.org/s' rdf:nodeID='a'/>",
    "<rdf:Description rdf:about='http://e.org/s' rdf:ID='a'/>",
    "<rdf:Description rdf:nodeID='1a'/>",
    "<rdf:Description rdf:ID='1a'/>",
    "<rdf:li/>",
    "<rdf:RDF/>",
    "<rdf:Description><rdf:Description><e:p/></rdf:Description></rdf:Description>",
    "<rdf:Description><e:p rdf:resource='http://e.org/a' rdf:nodeID='b'/></rdf:Description>",
    "<rdf:Description><e:p rdf:parseType='Literal' rdf:resource='http://e.org/a'/></rdf:Description>",
    "<rdf:Description rdf:aboutEach='http://e.org/s'/>",
    "<rdf:Description>&unknown;</rdf:Description>",
    "<rdf:Description>&#0;</rdf:Description>",
    "<u:Thing/>",
    "<!-- -- -->",
    "<![CDATA[",
    "text outside",
)
_JSON = (
    '{"@id": "http://e.org/s" "http://e.org/p": 1}',
    '{"@id": "http://e.org/s",}',
    '{"@id": "http://e.org/s"',
    "{'@id': 'http://e.org/s'}",
    '{"@id": http://e.org/s}',
    '{"@id": "open}',
    '{"@id": "\\q"}',
    '{"http://e.org/p": 01}',
    '{"http://e.org/p": NaN}',
    '{"http://e.org/p": undefined}',
    '{"@id": "http://e.org/s"}}',
    '[{"@id": "http://e.org/s"}',
    '{"@id" "http://e.org/s"}',
    '{"@id": "http://e.org/s"} {}',
    '{"http://e.org/p": +1}',
    '{"http://e.org/p": .5}',
    '{"@id": 12}',
    '{"http://e.org/p": {"@value": []}}',
    '{"http://e.org/p": {"@value": "x", "@type": "http://e.org/t", "@language": "en"}}',
    '{"@type": 12}',
)
_LINES = {
    Kind.NTRIPLES: (*_ALL_LINES, *_ONLY_NTRIPLES),
    Kind.NQUADS: (*_ALL_LINES, *_ONLY_NTRIPLES),
    Kind.TURTLE: (*_ALL_LINES, *_ONLY_TURTLE),
    Kind.TRIG: (*_ALL_LINES, *_ONLY_TURTLE, *_ONLY_TRIG),
    Kind.RDFXML: _XML,
    Kind.JSONLD: _JSON,
}
_AT = (3, 8, 41)


def malformed() -> Iterator[tuple[Kind, int, str, bytes]]:
    """Each forbidden statement at three places: the syntax, the line, the statement and the file."""
    for kind, statements in _LINES.items():
        for statement in statements:
            for line in _AT:
                yield kind, line, statement, _around(kind, line, statement).encode()


def _around(kind: Kind, line: int, statement: str) -> str:
    good = f"{S} {P} {Q} .\n"
    if kind is Kind.RDFXML:
        start = f'<rdf:RDF xmlns:rdf="{RDF}" xmlns:e="http://e.org/">\n'
        fill = '<rdf:Description rdf:about="http://e.org/s"/>\n'
        return f"{start}{fill * (line - 2)}{statement}\n{fill * 3}</rdf:RDF>\n"
    if kind is Kind.JSONLD:
        fill = '{"@id": "http://e.org/s"},\n'
        return f"[\n{fill * (line - 2)}{statement},\n{fill * 2}{{}}]\n"
    if kind is Kind.NQUADS:
        good = f"{S} {P} {Q} <http://e.org/g> .\n"
    first = {Kind.TURTLE: "@prefix e: <http://e.org/> .\n", Kind.TRIG: f"{S} {{ {S} {P} {Q} }}\n"}.get(kind, good)
    return f"{first}{good * (line - 2)}{statement}\n{good * 2}"


@cache
def good_files() -> dict[str, bytes]:
    """A good file of each kind that can be read."""
    line = f"{S} {P} {Q} .\n"
    table = "".join(
        ",".join(cells) + "\n" for cells in (HEADER, RECORD, ("b", "Café, à côté", "FR", "2016", "childcare"))
    )
    return {
        "csv": table.replace("Café, à côté", '"Café, à côté"').encode(),
        "utf-16": table.replace(",", "\t").encode("utf-16"),
        "xlsx": workbook(row(1, *HEADER), row(2, *RECORD), after='<mergeCells><mergeCell ref="C2:C3"/></mergeCells>'),
        "zip": packed({"a.csv": table.encode(), "b.nt": line.encode()}),
        "turtle": b'@prefix e: <http://e.org/> .\ne:s e:p e:o , "x"@en , 12 ; e:q [ e:p ( 1 2 ) ] .\n',
        "trig": f"{S} {{ {line} }}\n".encode(),
        "n-triples": (line * 3).encode(),
        "n-quads": f'{S} {P} "é\\u00e9"^^<http://e.org/t> <http://e.org/g> .\n'.encode(),
        "rdf-xml": f'<rdf:RDF xmlns:rdf="{RDF}" xmlns:e="http://e.org/"><rdf:Description rdf:about="http://e.org/s">'
        "<e:p>x</e:p></rdf:Description></rdf:RDF>".encode(),
        "json-ld": b'{"@context": {"p": "http://e.org/p"}, "@id": "http://e.org/s", "p": [1, {"@value": "x"}]}',
    }


def mutated(content: bytes, seed: int) -> bytes:
    """A file of which a few bytes were changed, taken away, doubled or put elsewhere."""
    chosen = random.Random(seed)
    changed = bytearray(content)
    for _ in range(chosen.randint(1, 6)):
        place = chosen.randrange(len(changed)) if changed else 0
        length = chosen.choice((1, 1, 1, 2, 8, 40))
        piece = changed[place : place + length]
        match chosen.randrange(5):
            case 0:
                changed[place : place + 1] = bytes([chosen.randrange(256)])
            case 1:
                del changed[place : place + length]
            case 2:
                changed[place:place] = piece * chosen.choice((1, 2, 50))
            case 3:
                changed[place:place] = chosen.choice((b'"', b"<", b">", b"\\", b"{", b"(", b"\x00", b"\n", b"\xff\xfe"))
            case _:
                del changed[place:]
    return bytes(changed)
