"""The list of peers: what comes with the software, what an operator adds, and every fault of a file named at once."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from loopback_peers import Running, write_list
from wrong_peer import WrongPeer

from iesi_kg.endpoint.federation import of_settings
from iesi_kg.errors import PeerError, QueryRefused, UsageError
from iesi_kg.settings import Settings
from iesi_kg.store import federation, peers
from iesi_kg.store.addresses import target
from running_server import SOURCE

OWN = {"name": "own", "title": "Own", "address": "https://sparql.example.org/query"}


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IESI_KG_")}
    environment |= {"PYTHONPATH": str(SOURCE), "PYTHONWARNINGS": "error"} | settings
    command = [sys.executable, "-m", "iesi_kg", *arguments]
    return subprocess.run(command, capture_output=True, env=environment, text=True, check=False, timeout=60)


def test_an_answer_of_too_many_rows_is_dropped_where_it_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's results end in the thread in which they began, whoever holds the error."""
    row, dropped = b'{"s":{"type":"uri","value":"urn:a"}}', list[object]()
    body = b'{"head":{"vars":["s"]},"results":{"bindings":[' + b",".join([row] * 20) + b"]}}"
    monkeypatch.setattr(sys, "unraisablehook", dropped.append)

    async def story() -> None:
        for _ in range(5):  # which thread lets go of an error last is open
            with suppress(PeerError):
                await asyncio.to_thread(federation._table, peers.Peer(**OWN), body, 10, "run")

    asyncio.run(story())
    gc.collect()
    assert not dropped


def test_the_bundled_list() -> None:
    """Well-known servers of the web, over https, none of them local, each with the page its facts were read at."""
    found = list(peers.bundled())
    assert {"wikidata", "eu-publications", "eu-data", "dbpedia"} <= {peer.name for peer in found}
    for peer in found:
        assert target(peer.address).scheme == "https"
        assert not peer.local
        assert peer.about.startswith("https://")
        assert peers.bundled().at(peer.address) == peer


def test_an_own_file_adds_and_wins(tmp_path: Path) -> None:
    file = write_list(
        tmp_path / "own.json", [OWN, OWN | {"name": "wikidata", "address": "https://mirror.example.org/"}]
    )
    both = peers.load(file)
    assert both.at(OWN["address"])
    assert both.at("https://mirror.example.org/")
    assert both.at("https://query.wikidata.org/sparql") is None
    assert both.at("https://dbpedia.org/sparql")
    near = both.nearest("https://sparql.example.org/queries")
    assert near and near.name == "own"
    assert both.nearest("urn:x") is None


DATA = "https://example.org/data"


@pytest.mark.parametrize(
    ("loads", "address", "offered"),
    [
        (DATA, DATA, True),
        (DATA, f"{DATA}/a/b.ttl", True),
        (DATA, f"{DATA}?graph=https://example.net/../x", True),
        (DATA, "https://Example.org:443/data/x", True),
        (DATA, f"{DATA}base", False),
        (DATA, "http://example.org/data", False),
        (DATA, "https://example.org:8443/data", False),
        (DATA, "https://example.org/DATA/x", False),
        (DATA, "https://example.org/data%2Fx", False),
        (f"{DATA}/", f"{DATA}/x", True),
        (f"{DATA}/", DATA, False),
        (f"{DATA}?graph=a", f"{DATA}?graph=a", True),
        (f"{DATA}?graph=a", f"{DATA}?graph=ab", False),
        ("https://example.org", "https://example.org/x", True),
        ("https://example.org", "https://example.org.evil.net/x", False),
        ("https://example.org", "https://example.org@evil.net/x", False),
        ("http://127.0.0.1:78", "http://127.0.0.1:78/x", True),
        ("http://127.0.0.1:78", "http://127.0.0.1:7878/x", False),
        *(
            (DATA, f"{DATA}/{steps}x", False)
            for steps in (
                "../",
                "a/../../secret/",
                "./",
                "%2e%2E/",
                ".%2e/",
                "%252e%252e/",
                "..%2f",
                "..%5c",
                "..;a=b/",
            )
        ),
        (DATA, f"{DATA}/..", False),
        (DATA, f"{DATA}/..x/x..y/...", True),
    ],
)
def test_what_load_may_fetch(loads: str, address: str, offered: bool) -> None:
    """The same scheme, host and port, and the path itself or one below it, whatever else the spelling suggests."""
    own = peers.Peer(name="own", title="Own", address="https://sparql.example.org/", loads=(loads,), local=True)
    assert (peers.Peers([own]).for_graph(address) is own) is offered


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("nonsense", "is not JSON"),
        ('{"peers": 3}', 'has no list "peers"'),
        ("[" * 100_000, "is not JSON"),
        ('{"peers": ["x"]}', "entry 1: it is not an object"),
        ({"address": None}, "entry own: address must be a text"),
        ({"adress": "https://x.example/"}, "entry own: unknown key 'adress'"),
        ({"name": "Not a Name"}, "its name must be lower-case letters, digits and hyphens"),
        ({"method": "put"}, "method must be one of form, get, direct"),
        ({"seconds": 0}, "seconds must be above 0"),
        ({"seconds": True}, "seconds must be a number"),
        ({"block": 1.5}, "block must be a number"),
        ({"local": "yes"}, "local must be true or false"),
        ({"also": "https://x.example/"}, "also must be a list of texts"),
        ({"address": "https://x.example/sparql?a=b"}, "its address holds a question mark"),
        ({"address": "http://127.1/sparql"}, "its host is not spelt as a host name"),
        ({"address": "http://intranet/sparql"}, "its host has no dot"),
        ({"loads": ["file:///etc/"]}, "only http:// and https:// are spoken"),
    ],
)
def test_faults_of_a_file(tmp_path: Path, content: str | dict[str, object], fault: str) -> None:
    file = tmp_path / "own.json"
    file.write_text(content if isinstance(content, str) else json.dumps({"peers": [OWN | content]}), "utf-8")
    with pytest.raises(UsageError) as caught:
        peers.load(file)
    assert fault in caught.value.detail
    assert str(file) in caught.value.detail


def test_all_faults_at_once_and_a_missing_file(tmp_path: Path) -> None:
    file = write_list(tmp_path / "own.json", [{"name": "a"}, OWN, OWN | {"x": 1}, OWN])
    with pytest.raises(UsageError) as caught:
        peers.load(file)
    assert caught.value.members["faults"] == [
        "entry a: title is missing",
        "entry a: address is missing",
        "entry own: unknown key 'x'",
        "the name own is given 2 times",
    ]
    with pytest.raises(UsageError, match="cannot be read"):
        peers.load(tmp_path / "nothing.json")


def test_a_faulty_list_keeps_the_service_from_starting(tmp_path: Path) -> None:
    file = write_list(tmp_path / "own.json", [OWN | {"method": "put"}])
    started = run("serve", "--store", str(tmp_path / "store"), "--port", "0", IESI_KG_PEERS=str(file))
    assert started.returncode == 3
    assert "method must be one of" in started.stderr
    assert "Traceback" not in started.stderr
    assert not (tmp_path / "store").exists()


def test_list_command(tmp_path: Path) -> None:
    file = write_list(tmp_path / "own.json", [OWN])
    said = run("peers", "list", IESI_KG_PEERS=str(file))
    assert said.returncode == 0
    assert "own  <https://sparql.example.org/query>  Own" in said.stdout.splitlines()
    assert "wikidata  <https://query.wikidata.org/sparql>  Wikidata Query Service" in said.stdout.splitlines()


def test_check_command(tmp_path: Path) -> None:
    """Only the names are resolved: a numeric address and the name of this machine are known without the internet."""
    file = write_list(
        tmp_path / "own.json",
        [
            OWN | {"name": "here", "address": "http://127.0.0.1:3030/ds"},
            OWN | {"name": "here-local", "address": "http://localhost:3030/ds", "local": True},
        ],
    )
    checked = run("peers", "check", str(file))
    lines = checked.stdout.splitlines()
    assert checked.returncode == 3
    assert "here: forbidden: the host 127.0.0.1 is 127.0.0.1, a loopback address: no connection is made" in lines
    assert any(line.startswith("here-local: allowed (") and line.endswith(", local)") for line in lines)
    assert "1 of 6 peers may not be asked" in checked.stderr
    assert '"local": true' in checked.stderr
    assert run("peers", "check", str(tmp_path / "none.json")).returncode == 3


def test_probe_command(tmp_path: Path, oxigraph: Running, wrong: WrongPeer) -> None:
    local = {"title": "x", "local": True, "seconds": 3}
    listed: list[dict[str, object]] = [{"name": "towns", "address": oxigraph.endpoint, **local}]
    listed += [{"name": way, "address": f"{wrong.url}/{way}", **local} for way in ("html", "truth")]
    file = str(write_list(tmp_path / "own.json", listed))
    probed = run("peers", "probe", "towns", IESI_KG_PEERS=file)
    assert probed.returncode == 0, probed.stderr
    assert "ASK {} is true" in probed.stdout
    assert "bindings can be sent along" in probed.stdout
    odd = run("peers", "probe", "truth", "html", IESI_KG_PEERS=file)
    assert odd.returncode == 1
    assert "bindings cannot be sent along" in odd.stdout
    assert "no answer: the answer of html cannot be read" in odd.stdout
    nobody = run("peers", "probe", "nobody", IESI_KG_PEERS=file)
    assert (nobody.returncode, "no peer is called 'nobody'" in nobody.stderr) == (3, True)


class TestLoad:
    """What LOAD may fetch: addresses that a peer's entry names, as RDF, under the same bounds."""

    def fetch(self, tmp_path: Path, wrong: WrongPeer, way: str) -> tuple[bytes, str]:
        entry = OWN | {"address": f"{wrong.url}/sparql", "local": True, "loads": [f"{wrong.url}/"], "seconds": 3}
        file = write_list(tmp_path / "own.json", [entry])
        federation = of_settings(Settings(peers=str(file), service_bytes=1_000))
        assert federation is not None
        return asyncio.run(federation.load(way if ":" in way else f"{wrong.url}/{way}", seconds=3))

    def test_a_graph(self, tmp_path: Path, wrong: WrongPeer) -> None:
        content, kind = self.fetch(tmp_path, wrong, "graph")
        assert (content, kind) == (b"<urn:a> <urn:b> <urn:c> .\n", "text/turtle")
        assert b"accept: text/turtle, application/n-triples" in wrong.requests["graph"].lower()

    @pytest.mark.parametrize("iri", ["http://127.0.0.1:1/x", "file:///etc/passwd", "https://www.example.org/data.ttl"])
    def test_from_nowhere_else(self, tmp_path: Path, wrong: WrongPeer, iri: str) -> None:
        with pytest.raises(QueryRefused, match="no peer offers this address"):
            self.fetch(tmp_path, wrong, iri)

    @pytest.mark.parametrize(
        ("way", "words"),
        [("html", "came as text/html"), ("huge", "larger than 1,000 bytes"), ("elsewhere", "redirected")],
    )
    def test_what_is_no_graph(self, tmp_path: Path, wrong: WrongPeer, way: str, words: str) -> None:
        with pytest.raises(PeerError, match=words):
            self.fetch(tmp_path, wrong, way)
