"""What the service says of a text and what the engine does with it, on texts made to set the two at odds."""

from __future__ import annotations

from itertools import pairwise

import pyoxigraph
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad, Store

from iesi_kg.endpoint.protocol import Update
from iesi_kg.endpoint.syntax import Guards, inspect
from iesi_kg.endpoint.update import plan
from iesi_kg.errors import QueryError, QueryRefused, QuerySyntaxError
from iesi_kg.store import lexis
from iesi_kg.store.amending import Amendment, amend
from iesi_kg.store.dataset import from_clauses
from iesi_kg.store.frames import REQUEST, Job, Limits, decode_request, encode_request
from iesi_kg.store.settling import Settled, as_sent, at_hand, settled

GUARDS = Guards(length=1_000_000, nesting=100, patterns=1_000)
WORKSPACE = "INSERT { GRAPH <urn:ws> { <urn:a> <urn:b> 1 } } WHERE"
FORGED = 'INSERT { <urn:z> <urn:z> "forged" } WHERE {}'
BRACES = "BIND(1 AS ?a) FILTER(0<?a#> {{{\n)"


def held() -> Store:
    store = Store()
    store.add(Quad(NamedNode("urn:s"), NamedNode("urn:p"), Literal("public")))
    store.add(Quad(NamedNode("urn:s"), NamedNode("urn:p"), Literal("code"), NamedNode("urn:codes")))
    return store


@pytest.mark.parametrize(
    "text",
    [
        'INSERT { GRAPH <urn:ws> { <urn:a> <urn:b> <urn:\\u0041#> } <urn:z> <urn:z> "forged" . '
        "GRAPH <urn:ws> { <urn:a> <urn:b> 1\n} } WHERE {}",
        f"{WORKSPACE} {{ {BRACES} }} ; {FORGED}",
        f"{WORKSPACE} {{ {BRACES} }} ; DELETE WHERE {{ ?s ?p ?o }}",
        f"{WORKSPACE} {{ BIND(1 AS ?a) FILTER(0<?a='> {{{{{{ '||1=1) }} ; {FORGED}",
        f'{WORKSPACE} {{ VALUES ?x {{ """abc" # \\q """ \n }} }} ; {FORGED}',
        f"PREFIX : <urn:> INSERT {{ GRAPH:ws {{ <urn:a> <urn:b> 1 }} <urn:z> <urn:z> 2 }} WHERE {{ }} ; {FORGED}",
        f"INSERTDATA {{ <urn:z> <urn:z> 2 }} ; {FORGED}",
        "PREFIX : <urn:> COPY<urn:ws>TO:codes",
        "PREFIX : <urn:> COPYDEFAULTTO:codes",
    ],
)
def test_an_update_leaves_the_store_as_it_was_and_tells_every_graph_it_changes(text: str) -> None:
    store = held()
    before = set(store)
    try:
        operations = plan(Update(text), GUARDS).operations
        change = amend(store, Amendment("update", base="http://localhost/update", operations=operations)).change
    except QueryError:
        assert set(store) == before
        return
    assert set(store) == before
    named = {graph for each in operations for graph in each.graphs or ()}
    changed = {getattr(quad.graph_name, "value", "") for quad in (*change.add, *change.remove)}
    assert changed
    assert changed <= {"" if name.startswith("DEFAULT") else name for name in named}


@pytest.mark.parametrize(
    "text",
    [
        "ASK { ?s <urn:\\u0041#> ?o . SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } \n}",
        'ASK { BIND(1 AS ?a) FILTER(0<?a#>"""\n) BIND("""""" AS ?e) SERVICE <urn:x> { ?s ?p ?o } # """\n}',
        "PREFIX : <urn:> ASK { SERVICE:x { ?s ?p ?o } }",
        "ASK { SERVICESILENT<urn:x> { ?s ?p ?o } }",
        "PREFIX : <urn:> ASK { ?s ?p true.SERVICE:x { ?s ?p ?o } }",
        "PREFIX : <urn:> ASK { ?s ?p trueSERVICE:x { ?s ?p ?o } }",
        f"ASK {{ ?s <urn:\\u0041#> ?o . {'{' * 20_000}{'}' * 20_000} \n}}",
        f"ASK {{ FILTER(0<?a#>\n+{'(' * 20_000}1{')' * 20_000}) }}",
        f"ASK {{ BIND(1 AS ?a) FILTER(0<{'(' * 20_000}1{')' * 20_000}&&1>0) }}",
    ],
)
def test_nothing_is_smuggled_into_a_query(text: str) -> None:
    with pytest.raises((QueryRefused, QuerySyntaxError)):
        inspect(text, GUARDS)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT (1 AS ?z) ?n { ?s <urn:\\u0041#> ?o . BIND(NOW() AS ?n) \n}",
        "SELECT ?n { BIND(1 AS ?a) FILTER(0<?a#>\n) BIND(NOW() AS ?n) }",
        "SELECT * { ?s ?p ?o FILTER(?s<RAND()&&?o>1) }",
    ],
)
def test_a_changing_answer_is_known(text: str) -> None:
    assert inspect(text, GUARDS).volatile


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { ?s <http://www.w3.org/2000/01/rdf-schema#label> ?o }",
        "SELECT * { ?s <urn:a#b> ?o FILTER(?s=<urn:x#y>&&?o<1) }",
        "BASE <http://example.org/> SELECT * { ?s <#p> <?q=1#x> }",
        "SELECT * { ?s <urn:\\u0061(b)'c> ?o } # a comment",
        "SELECT * { << ?s ?p <urn:o#1> >> ?q ?r }",
        "SELECT * { ?s ?p ?o FILTER(?s<?o&&?o>?s) }",
        "PREFIX as: <urn:> PREFIX a: <urn:> PREFIX opengraph: <urn:> SELECT * { ?s as:x a:graph, opengraph:now }",
    ],
)
def test_sound_queries_stay_what_they_are(text: str) -> None:
    store = Store()
    subject, other = NamedNode("urn:s"), NamedNode("http://example.org/?q=1#x")
    store.add(Quad(subject, NamedNode("http://www.w3.org/2000/01/rdf-schema#label"), Literal("x")))
    store.add(Quad(subject, NamedNode("http://example.org/#p"), other))
    store.add(Quad(subject, NamedNode("urn:a(b)'c"), other))
    inspect(text, GUARDS)
    answers = [store.query(each) for each in (text, settled(text))]
    first, second = [sorted(map(str, answer)) for answer in answers if isinstance(answer, pyoxigraph.QuerySolutions)]
    assert first == second
    assert settled(settled(text)) == settled(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("ASK { ?s ?p 'a\\q' }", (1, 13)),
        ("ASK {\n ?s ?p \\u0041 }", (2, 8)),
        ('ASK { ?s ?p "\\uD800" }', (1, 14)),
        ("ASK { GRAPH:x { } }", (1, 7)),
    ],
)
def test_what_can_be_read_twice_is_refused_with_its_place(text: str, place: tuple[int, int]) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        settled(text)
    assert (caught.value.members["line"], caught.value.members["column"]) == place


def test_an_error_is_told_where_it_stands_in_the_text_as_sent() -> None:
    text = "ASK { # <urn:c#d>\n ?s <urn:a#b> <urn:c(d)> ; ; }"
    column = settled(text).splitlines()[1].index("; ;") + 1
    told = as_sent(text, QuerySyntaxError(f"line 2, column {column}: no", line=2, column=column))
    assert (told.members["column"], told.detail) == (26, "line 2, column 26: no")


def test_a_with_that_names_nothing_is_an_error_of_syntax() -> None:
    operations = plan(Update("WITH ; CLEAR DEFAULT"), GUARDS).operations
    with pytest.raises(QuerySyntaxError):
        amend(held(), Amendment("update", operations=operations))


def test_graphs_keep_their_names() -> None:
    prologue, text = "PREFIX w: <urn:ws#>", "INSERT DATA { GRAPH <urn:ws;1> { <urn:a> <urn:b> 1 } GRAPH w:x { } }"
    (operation,) = plan(Update(f"{prologue} {text}"), GUARDS).operations
    assert operation.graphs == ("urn:ws;1", "urn:ws#x")
    dataset = from_clauses(settled("ASK FROM <urn:a#b> FROM <urn:\\u0061#c> { ?s ?p ?o }"))
    assert dataset is not None
    assert dataset.default == ("urn:a#b", "urn:a#c")


PIECES = r"""
< > ?a #  ' " ''' \u0041 <urn:\u0041#> <urn:a> <?a ?a> #> <<?a {{{ { } ( ) 0 1 a . ; && + - = <http://a#b> e:x : ex e:
FILTER( BIND(1AS?a) SERVICE<urn:x>{} SERVICE:x{} NOW() BIND(NOW()AS?n) GRAPH:g{} true. @en ^^ e:\# e:\' _:b ?s|e:x|?o.
""".split()  # noqa: SIM905
PIECES += [" ", "\n", '"""', "#\n", "'> ", "FILTER(0<?a#> {{{\n)", "FILTER(0<?a='> '='')", '""" # \\q """\n']


@st.composite
def queries(draw: st.DrawFn) -> str:
    body = draw(st.lists(st.sampled_from([*PIECES, "?s ?p ?o.", "BIND(1 AS ?a)", "FILTER(0<?a"]), max_size=9))
    glue = draw(st.sampled_from(["", " "]))
    return f"PREFIX e:<urn:> PREFIX :<urn:> ASK{{{glue.join(body)}}}"


def accepted(text: str) -> bool:
    try:
        Store().query(text)
    except SyntaxError:
        return False
    except (OSError, RuntimeError, ValueError):
        pass
    return True


@settings(max_examples=1_500, deadline=None, derandomize=True)
@given(queries())
def test_the_engine_sees_the_tokens_that_we_see(text: str) -> None:
    """Whatever lies between the tokens can be blank, and whatever two tokens there are can stand apart."""
    try:
        text = settled(text)
    except QuerySyntaxError:
        return
    if not accepted(text):
        return
    found = list(lexis.tokens(text))
    gaps = [text[one.end : two.start] for one, two in pairwise(found)]
    assert not "".join(gaps).strip(" \n"), text
    depth = 0
    for token in found:
        depth += (token.sign in {"{", "("}) - (token.sign in {"}", ")"})
        assert depth >= 0, text
    assert depth == 0, text
    words = {token.word for token in found}
    probe = "".join(f"{' ' * len(gap)}{token.text}" for gap, token in zip(["", *gaps], found, strict=True))
    assert accepted(probe), text
    # Had the engine read a SERVICE here, a store without any would say so.
    if "SERVICE" not in words:
        assert Store().query(text) is not None, text


def test_text_that_was_settled_is_known_as_such_and_its_parts_are_not() -> None:
    done = settled("ASK { ?s <urn:a#b> 1 } # all")
    assert isinstance(done, Settled)
    assert settled(done) is done
    assert not isinstance(done[:5], Settled)
    assert not isinstance(f"{done}", Settled)
    assert not isinstance(done + "# more", Settled)
    long = f"ASK {{ ?s ?p '{'x' * 3_000}' }} # all"
    assert isinstance(at_hand("ASK { ?s ?p 1 } # all"), Settled)
    assert at_hand(long) is long  # the query process settles it
    for text in (done, long):
        frame = encode_request(Job(text, "text/csv"), Limits())
        job, _ = decode_request(REQUEST.unpack(frame[: REQUEST.size]), frame[REQUEST.size :])
        assert (job.text, type(job.text)) == (text, type(text))


def test_what_was_harmless_before_is_judged_anew_where_it_is_something_else() -> None:
    for _ in range(2):
        assert settled("ASK { ?s a 'data#now' ; a:service 1 }") == "ASK { ?s a 'data#now' ; a:service 1 }"
        with pytest.raises(QuerySyntaxError, match="no word of SPARQL"):
            settled("ASK { serviceall 1 }")
        with pytest.raises(QuerySyntaxError, match="can be a keyword before a name"):
            settled("ASK { service:x 1 }")
        assert settled("ASK {}#now") == "ASK {}    "
        assert settled("ASK { 'a' }#'a'") == "ASK { 'a' }    "
