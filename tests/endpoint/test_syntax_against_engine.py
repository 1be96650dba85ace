"""The lexer against the engine: on what the engine accepts nothing hides from the lexer, and nothing is made up."""

from __future__ import annotations

import random

import pyoxigraph
import pytest

from iesi_kg.endpoint.syntax import Guards, inspect
from iesi_kg.errors import QueryRefused

GUARDS = Guards(length=100_000, nesting=100, patterns=1_000)
PIECES = r"""
?s ?p 1.
?s ?p -1 .
?s ?p .5 .
?s ?p 1.0e-5.
?s ?p true.
?s a ?o.
?s ?p 'a\'b'.
?s ?p "x"@en-gb.
?s ?p "a"b".
?s ?p "<".
?s ?p "\u0027".
?s ?p "a"^^e:d.
?s e:a.b ?o.
?s e:a\.b ?o.
?s e:it\'s ?o.
?s e: ?o.
?s :x ?o.
?s e:a%41 ?o.
_:b.c ?p ?o.
[] ?p ().
?s <u:a#b> ?o.
?s <u:\u0041> ?o.
FILTER(?s<?o)
FILTER(?s<1&&?o>2)
FILTER(1<2)FILTER(3>2)
FILTER(?s<-1)
FILTER(?s IN(1,2))
FILTER regex(?s,"<")
BIND("#" AS ?y)
{}UNION{}
OPTIONAL{?s ?p ?o}
?s ^e:a/(e:b|!e:c)+ ?o.
?s e:a? ?o.
VALUES ?v{1 "a" <u:b> UNDEF}
GRAPH ?g{?s ?p ?o}
FILTER EXISTS{?s ?p ?o}
""".strip().splitlines()
PIECES += ["#c\n", '# "\n', "#'\n", '?s ?p """a"b""".', "?s ?p '''a''\nb'''."]
SERVICES = ["SERVICE<u:x>{}", "SERVICE <u:x> {?s ?p ?o}", "SERVICE SILENT ?z{}", "SeRvIcE<u:x>{}", "SERVICE e:x{}"]
VOLATILE = ["BIND(NOW() AS ?n)", "FILTER(?s<RAND()&&?o>1)", "FILTER(1-RAND()>0)", "BIND(?s/uuid () AS ?q)"]


def accepted(text: str) -> bool:
    """Whether the engine parses it; an error of evaluation comes after parsing."""
    try:
        pyoxigraph.Store().query(text)
    except SyntaxError:
        return False
    except (OSError, RuntimeError, ValueError):
        return True
    return True


@pytest.mark.parametrize("seed", range(4))
def test_agreement(seed: int) -> None:
    chance, seen = random.Random(seed), 0
    for _ in range(500):
        body = [chance.choice(PIECES) for _ in range(chance.randint(0, 5))]
        service, volatile = chance.random() < 0.5, chance.random() < 0.5
        for wanted, choices in ((service, SERVICES), (volatile, VOLATILE)):
            if wanted:
                body.insert(chance.randint(0, len(body)), chance.choice(choices))
        text = f"PREFIX e: <u:> PREFIX : <u:> ASK{{{chance.choice(['', ' ']).join(body)}}}"
        if not accepted(text):
            continue
        seen += 1
        if service:
            with pytest.raises(QueryRefused):
                inspect(text, GUARDS)
        else:
            assert inspect(text, GUARDS).volatile == volatile, text
    assert seen > 300
