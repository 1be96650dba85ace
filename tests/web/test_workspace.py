"""Writing beside a published graph: tokens reach the workspaces they name, and nothing that was published."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from running_server import SOURCE, Reply, Server, fill, serving

MINE, THEIRS = "http://example.org/mine", "http://example.org/theirs"
PUBLISHED = "https://w3id.org/iesi-kg/graph/codes"
OURS = "https://w3id.org/iesi-kg/graph/workspace/one"
UPDATE = {"Content-Type": "application/sparql-update"}


def command(*arguments: str, store: Path) -> str:
    environment = {"PYTHONPATH": str(SOURCE), "PATH": "/usr/bin:/bin"}
    line = [sys.executable, "-m", "iesi_kg", *arguments, "--store", str(store)]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    store = tmp_path_factory.mktemp("workspace") / "store"
    fill(store, "<urn:a> <urn:p> 1 .", {PUBLISHED: "<urn:b> <urn:p> 2 .", THEIRS: "<urn:c> <urn:p> 3 ."})
    with serving(store) as running:
        yield running


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    """A token that names a published graph too, which ``token create`` refuses: its file was edited by hand."""
    graphs = [part for graph in (MINE, OURS) for part in ("--graph", graph)]
    made = command("token", "create", "worker", "--scope", "write", *graphs, store=server.store).strip()
    file = server.store / "operations" / "tokens.json"
    file.write_text(file.read_text().replace(f'"{OURS}"', f'"{OURS}", "{PUBLISHED}"'))
    return made


@pytest.fixture(scope="module")
def reader_token(server: Server) -> str:
    return command("token", "create", "guest", "--scope", "read-more", store=server.store).strip()


def update(server: Server, text: str, token: str = "") -> Reply:
    return server.ask("POST", "/update", UPDATE | ({"Authorization": f"Bearer {token}"} if token else {}), text)


def put(server: Server, graph: str, token: str, turtle: str = "<urn:x> <urn:p> 1 .") -> Reply:
    headers = {"Content-Type": "text/turtle", "Authorization": f"Bearer {token}"}
    return server.ask("PUT", f"/graph?graph={quote(graph, safe='')}", headers, turtle)


def objects(server: Server, graph: str) -> list[str]:
    reply = server.query(f"SELECT ?o {{ GRAPH <{graph}> {{ ?s ?p ?o }} }} ORDER BY ?o", "application/json")
    return [row["o"]["value"] for row in json.loads(reply.text)["results"]["bindings"]]


def test_a_token_writes_to_its_workspace_and_everybody_sees_it(server: Server, token: str) -> None:
    reply = update(server, f"INSERT DATA {{ GRAPH <{MINE}> {{ <urn:x> <urn:p> 1 }} }}", token)
    assert reply.status == 204
    assert objects(server, MINE) == ["1"]
    assert put(server, OURS, token).status == 201
    assert objects(server, OURS) == ["1"]
    dereferenced = server.ask("GET", "/graph/workspace/one", {"Accept": "application/n-triples"})
    assert "<urn:x> <urn:p>" in dereferenced.text
    version = int(dereferenced.headers["IESI-KG-Version"])
    again = update(server, f"CLEAR GRAPH <{MINE}>", token)
    assert int(again.headers["IESI-KG-Version"]) == version + 1
    assert objects(server, MINE) == []


@pytest.mark.parametrize(
    "text",
    [
        "INSERT DATA { <urn:x> <urn:p> 1 }",
        f"INSERT DATA {{ GRAPH <{THEIRS}> {{ <urn:x> <urn:p> 1 }} }}",
        f"INSERT DATA {{ GRAPH <{PUBLISHED}> {{ <urn:x> <urn:p> 1 }} }}",
        f"DROP GRAPH <{PUBLISHED}>",
        "CLEAR DEFAULT",
        f"ADD DEFAULT TO <{MINE}> ; CLEAR ALL",
        "CREATE GRAPH <http://example.org/new>",
        f"INSERT {{ GRAPH ?g {{ <urn:x> <urn:p> 1 }} }} WHERE {{ VALUES ?g {{ <{MINE}> <{THEIRS}> }} }}",
    ],
)
def test_nothing_else_can_be_written(server: Server, token: str, text: str) -> None:
    before = server.ask("GET", f"/graph?graph={quote(PUBLISHED)}").body
    reply = update(server, text, token)
    assert reply.status == 403
    assert json.loads(reply.text)["writable"] == [MINE, OURS]
    assert server.ask("GET", f"/graph?graph={quote(PUBLISHED)}").body == before
    assert objects(server, MINE) == []
    assert objects(server, THEIRS) == ["3"]


def test_graphs_are_not_written_either(server: Server, token: str) -> None:
    headers = {"Content-Type": "text/turtle", "Authorization": f"Bearer {token}"}
    assert put(server, PUBLISHED, token).status == 403
    assert put(server, THEIRS, token).status == 403
    assert server.ask("PUT", "/graph/codes", headers, "").status == 403
    assert server.ask("DELETE", "/graph?default", headers).status == 403
    assert server.ask("POST", "/graph", headers, "<urn:x> <urn:p> 1 .").status == 403


def test_without_the_scope_nothing_is_written(server: Server, reader_token: str) -> None:
    text = f"INSERT DATA {{ GRAPH <{MINE}> {{ <urn:x> <urn:p> 1 }} }}"
    refused = update(server, text)
    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Bearer realm="iesi-kg"')
    assert update(server, text, reader_token).status == 403
    assert put(server, MINE, reader_token).status == 403
    assert update(server, text, "ikg_00000000_" + "A" * 43).status == 401


def test_a_published_store_takes_no_blank_node(server: Server, token: str) -> None:
    reply = put(server, MINE, token, "<urn:x> <urn:p> [ <urn:q> 1 ] .")
    assert reply.status == 400
    assert "blank node" in reply.text
    assert objects(server, MINE) == []


def test_everybody_reads_every_graph(server: Server) -> None:
    codes = server.ask("GET", "/graph/codes", {"Accept": "application/n-triples"})
    assert codes.status == 200
    assert re.fullmatch(r'<urn:b> <urn:p> "2"\S+ \.\n', codes.text)
    assert server.ask("HEAD", "/graph?default").status == 200
    assert server.ask("GET", "/graph/nothing").status == 404
    assert server.ask("GET", "/graph/a%20b%3Cc").status == 404


def test_others_write_to_the_store_in_between(server: Server, token: str) -> None:
    """The lock is let go after each change: a submission by another process finds it free, and is seen."""
    fill(server.store, "<urn:later> <urn:p> 4 .")
    assert put(server, MINE, token, "<urn:x> <urn:p> 5 .").status in (201, 204)
    reply = server.query("ASK { <urn:later> <urn:p> 4 }", "application/json")
    assert json.loads(reply.text)["boolean"] is True
    assert objects(server, MINE) == ["5"]


def test_every_change_is_in_the_audit_log(server: Server, token: str) -> None:
    assert update(server, f"INSERT DATA {{ GRAPH <{MINE}> {{ <urn:x> <urn:p> 6 }} }}", token).status == 204
    last = json.loads(command("log", "--format", "json", store=server.store).splitlines()[-1])
    facts = (last["who"], last["how"], last["what"], last["carried_out"])
    assert facts == ("worker", "http", "update", True)
