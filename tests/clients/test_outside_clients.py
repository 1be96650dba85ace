"""The clients people use, as they use them: none of them is told anything special about us."""

from __future__ import annotations

import io
import shutil
import subprocess
import warnings
from urllib.parse import quote
from xml.dom.minidom import Document

import pyoxigraph
import pytest

from running_server import Server

PEOPLE = "PREFIX ex: <http://example.org/> SELECT ?town ?people { ?town ex:people ?people } ORDER BY ?people"
GRAPH = "PREFIX ex: <http://example.org/> CONSTRUCT { ?s ex:people ?o } WHERE { ?s ex:people ?o }"


def wrapper(towns: Server, text: str, form: str | None = None) -> object:
    from SPARQLWrapper import SPARQLWrapper

    asking = SPARQLWrapper(towns.endpoint)
    asking.setQuery(text)
    if form:
        asking.setReturnFormat(form)
    return asking.query().convert()


def test_sparqlwrapper_json(towns: Server) -> None:
    result = wrapper(towns, PEOPLE, "json")
    assert isinstance(result, dict)
    assert [row["people"]["value"] for row in result["results"]["bindings"]] == ["214000", "231800", "605802"]


def test_sparqlwrapper_by_default_reads_xml(towns: Server) -> None:
    result = wrapper(towns, PEOPLE)
    assert isinstance(result, Document)
    assert len(result.getElementsByTagName("result")) == 3


@pytest.mark.parametrize(("form", "head"), [("csv", b"town,people\r\n"), ("tsv", b"?town\t?people\n")])
def test_sparqlwrapper_tables(towns: Server, form: str, head: bytes) -> None:
    result = wrapper(towns, PEOPLE, form)
    assert isinstance(result, bytes)
    assert result.startswith(head)
    assert result.count(b"\n") == 4


def test_sparqlwrapper_ask(towns: Server) -> None:
    assert wrapper(towns, "ASK { <http://example.org/riga> ?p ?o }", "json") == {"head": {}, "boolean": True}


@pytest.mark.parametrize("form", ["turtle", "n3", "xml", "rdf+xml", "json-ld"])
def test_sparqlwrapper_graphs(towns: Server, form: str) -> None:
    from rdflib import Graph

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its own: it makes a ConjunctiveGraph
        result = wrapper(towns, GRAPH, form)
    graph = result if isinstance(result, Graph) else Graph().parse(data=result, format="turtle")
    assert len(graph) == 3


def test_sparqlwrapper_posts(towns: Server) -> None:
    from SPARQLWrapper import JSON, POST, POSTDIRECTLY, URLENCODED, SPARQLWrapper

    for method in (URLENCODED, POSTDIRECTLY):
        asking = SPARQLWrapper(towns.endpoint, returnFormat=JSON, defaultGraph="http://example.org/graph/old")
        asking.setMethod(POST)
        asking.setRequestMethod(method)
        asking.setQuery(PEOPLE)
        bindings = asking.queryAndConvert()["results"]["bindings"]
        assert [row["people"]["value"] for row in bindings] == ["1"]


def test_sparqlwrapper_meets_an_error(towns: Server) -> None:
    from SPARQLWrapper.SPARQLExceptions import QueryBadFormed

    with pytest.raises(QueryBadFormed, match="line 1, column 7"):
        wrapper(towns, "ASK { FROM }", "json")


def test_rdflib_sparqlstore(towns: Server) -> None:
    from rdflib import Graph, Literal, URIRef
    from rdflib.plugins.stores.sparqlstore import SPARQLStore

    graph = Graph(SPARQLStore(towns.endpoint))
    riga, people = URIRef("http://example.org/riga"), URIRef("http://example.org/people")
    assert graph.value(riga, people) == Literal(605802)
    assert len(list(graph.triples((None, people, None)))) == 3
    assert [str(row.town) for row in graph.query(PEOPLE)] == [
        f"http://example.org/{name}" for name in ("oulu", "porto", "riga")
    ]
    assert bool(graph.query("ASK { ?s ?p 605802 }"))
    posting = Graph(SPARQLStore(towns.endpoint, method="POST"))
    assert len(list(posting.triples((riga, None, None)))) == 3


def test_rdflib_service_clause(towns: Server) -> None:
    from rdflib import Graph

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        rows = list(Graph().query(f"SELECT ?o {{ SERVICE <{towns.endpoint}> {{ <http://example.org/oulu> ?p ?o }} }}"))
    assert len(rows) == 2


def test_service_from_a_second_engine(towns: Server) -> None:
    here = pyoxigraph.Store()
    here.add(
        pyoxigraph.Quad(
            pyoxigraph.NamedNode("http://example.org/riga"),
            pyoxigraph.NamedNode("http://example.org/visited"),
            pyoxigraph.Literal(2026),
        )
    )
    rows = here.query(
        "PREFIX ex: <http://example.org/> SELECT ?town ?year ?people "
        f"{{ ?town ex:visited ?year SERVICE <{towns.endpoint}> {{ ?town ex:people ?people }} }}"
    )
    assert isinstance(rows, pyoxigraph.QuerySolutions)
    assert [(row["town"].value, row["people"].value) for row in rows] == [("http://example.org/riga", "605802")]


def test_pandas_from_csv(towns: Server) -> None:
    import pandas

    text = "SELECT ?town ?note { ?town <http://www.w3.org/2004/02/skos/core#note> ?note }"
    frame = pandas.read_csv(f"{towns.endpoint}?query={quote(text)}&format=csv")
    assert frame.to_dict("records") == [{"town": "http://example.org/porto", "note": 'a, "quoted"\nnote'}]
    people = pandas.read_csv(
        f"{towns.endpoint}?query={quote(PEOPLE)}", storage_options={"Accept": "text/csv", "Accept-Encoding": "gzip"}
    )
    assert people["people"].sum() == 214_000 + 231_800 + 605_802


def test_rdflib_reads_a_construct_address(towns: Server) -> None:
    from rdflib import Graph

    graph = Graph().parse(f"{towns.endpoint}?query={quote(GRAPH)}")
    assert len(graph) == 3


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
class TestCurl:
    """The lines a README shows."""

    def run(self, *arguments: str) -> str:
        done = subprocess.run(["curl", "--silent", "--show-error", *arguments], capture_output=True, check=True)
        return done.stdout.decode("utf-8")

    def test_form(self, towns: Server) -> None:
        said = self.run(towns.endpoint, "--data-urlencode", f"query={PEOPLE}", "-H", "Accept: text/csv")
        assert said.splitlines()[1] == "http://example.org/oulu,214000"

    def test_get(self, towns: Server) -> None:
        said = self.run("--get", towns.endpoint, "--data-urlencode", f"query={PEOPLE}", "-d", "format=tsv")
        assert said.splitlines()[3] == "<http://example.org/riga>\t605802"

    def test_direct(self, towns: Server) -> None:
        header = "Content-Type: application/sparql-query"
        assert '"boolean":true' in self.run(towns.endpoint, "-H", header, "--data-binary", "ASK {}")

    def test_compressed(self, towns: Server) -> None:
        said = self.run("--compressed", "--get", towns.endpoint, "--data-urlencode", f"query={GRAPH}")
        assert len(list(pyoxigraph.parse(io.BytesIO(said.encode()), pyoxigraph.RdfFormat.TURTLE))) == 3

    def test_fails_when_told_to(self, towns: Server) -> None:
        done = subprocess.run(["curl", "-sf", f"{towns.endpoint}?query=ASK"], capture_output=True, check=False)
        assert done.returncode == 22
