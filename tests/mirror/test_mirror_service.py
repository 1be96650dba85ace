"""A primary, a copy that follows it, a service on the copy and Varnish in front: all of them real processes."""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from mirror_records import ALPHA, BETA, publish

from iesi_kg.cli.group import group
from iesi_kg.errors import MirrorError, StartError, UsageError
from iesi_kg.operations.mirror import Mirror, Terms, claimed
from iesi_kg.publication.release_copies import Copies
from iesi_kg.settings import Settings
from iesi_kg.store.copied import Mark
from iesi_kg.store.embedded import EmbeddedStore
from iesi_kg.store.fetching import Source
from iesi_kg.store.versions import Layout
from iesi_kg.web.manifest import checked
from running_server import SOURCE, Reply, Server, serving, start, stop

VARNISH = shutil.which("varnishd") or "/usr/sbin/varnishd"
COMMAND = (sys.executable, "-m", "iesi_kg", "mirror")
PATIENCE = 60.0
PRIMARY = {"workers": 1, "mirrors": "token"}
ALL = "SELECT * { ?s ?p ?o }"
ASKED = {
    "rows": (ALL, "application/sparql-results+json"),
    "csv": (ALL, "text/csv"),
    "groups": ("SELECT ?p (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?p", "application/sparql-results+xml"),
    "graph": ("CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }", "text/turtle"),
}


@dataclass
class Scene:
    """The services and the process that keeps the copy."""

    primary: Server
    copy: Server
    cache: Server
    said: Path
    token: dict[str, str]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], bool]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def scene(made: Path, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    if not Path(VARNISH).exists():
        message = "no Varnish (Debian package varnish)"
        assert not os.environ.get("CI"), message
        pytest.skip(message)
    base = tmp_path_factory.mktemp("scene")
    store = Path(shutil.copytree(made, base / "primary"))
    ran = CliRunner().invoke(group, ["token", "create", "reader", "--scope", "mirror", "--store", str(store)])
    token = {"IESI_KG_MIRROR_TOKEN": ran.stdout.split()[-1]}
    copied, said = base / "copy", base / "said"
    with serving(store, "--port", str(free_port()), **PRIMARY) as primary:
        ran = CliRunner().invoke(group, ["mirror", primary.url, "--store", str(copied)], env=token)
        assert ran.exit_code == 0, ran.exception
        with serving(copied, workers=1) as copy, said.open("w") as output:
            cache = varnish(root, base, copy)
            following = subprocess.Popen(
                [*COMMAND, primary.url, "--store", str(copied), "--follow", "--interval", "0.2", "--purge", cache.url],
                env=os.environ | {"PYTHONPATH": str(SOURCE), "PYTHONUNBUFFERED": "1"} | token,
                stdout=output, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
            try:
                yield Scene(primary, copy, cache, said, {"Authorization": f"Bearer {token['IESI_KG_MIRROR_TOKEN']}"})
            finally:
                for process in (following, cache.process):
                    process.send_signal(signal.SIGINT)
                    process.wait(PATIENCE)


def varnish(root: Path, base: Path, copy: Server) -> Server:
    """Varnish as the example configures it, in front of a service at another port than in the example."""
    example = (root / "deploy" / "varnish" / "iesi-kg.vcl").read_text("utf-8")
    config, port = base / "iesi-kg.vcl", free_port()
    config.write_text(example.replace('.port = "8080"', f'.port = "{copy.address[1]}"'), "utf-8")
    options = [word for each in re.findall(r"-p (\w+=\w+)", example) for word in ("-p", each)]
    options += ["-n", str(base / "varnish"), "-a", f"127.0.0.1:{port}", "-f", str(config), "-s", "malloc,32M"]
    process = subprocess.Popen(
        [VARNISH, "-F", "-j", "none", *options],
        stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    server = Server(f"http://127.0.0.1:{port}", copy.store, process)
    until(lambda: answers(server))
    return server


def answers(server: Server) -> bool:
    try:
        return server.ask("GET", "/health").status == 200
    except OSError:
        return False


def version(reply: Reply) -> int:
    assert reply.status in (200, 304), reply.text
    return int(reply.headers["IESI-KG-Version"])


def go_on(scene: Scene, row: dict[str, str]) -> int:
    """Publish on the primary, and wait until the service on the copy answers under that version."""
    store = EmbeddedStore.open(scene.primary.store)
    number = publish(store, row)
    store.close()
    until(lambda: version(scene.copy.query("ASK {}")) == number)
    return number


@pytest.mark.parametrize("case", ASKED)
def test_the_same_bytes_under_the_same_tag(scene: Scene, case: str) -> None:
    until(lambda: version(scene.copy.query("ASK {}")) == version(scene.primary.query("ASK {}")))
    told = [server.query(*ASKED[case]) for server in (scene.primary, scene.copy, scene.cache)]
    assert len({reply.body for reply in told}) == 1
    assert len({reply.headers["ETag"] for reply in told}) == 1
    assert len({version(reply) for reply in told}) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/id/initiative/alpha-lisboa.ttl",
        "/releases/2026.1/data.nq",
        "/v/2026.1/sparql?query=" + quote(ALL),
        "/.well-known/void",
    ],
)
def test_other_addresses_answer_the_same(scene: Scene, path: str) -> None:
    told = [server.ask("GET", path) for server in (scene.primary, scene.copy)]
    assert [reply.status for reply in told] == [200, 200]
    assert told[0].body.replace(scene.primary.url.encode(), b"") == told[1].body.replace(scene.copy.url.encode(), b"")
    assert told[0].headers["ETag"] == told[1].headers["ETag"]


WRITES = {
    "update": ("POST", "/update", {"Content-Type": "application/sparql-update"}, "INSERT DATA { <a:a> <a:b> <a:c> }"),
    "sparql": ("POST", "/sparql", {"Content-Type": "application/sparql-update"}, "INSERT DATA { <a:a> <a:b> <a:c> }"),
    "graph": ("PUT", "/graph?graph=http://example.org/g", {"Content-Type": "text/turtle"}, "<a:a> <a:b> <a:c> ."),
    "request": (
        "POST", "/api/requests", {"Content-Type": "application/json"},
        '{"kind": "correction", "about": "/id/initiative/alpha-lisboa", "text": "It ended."}',
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRITES)
def test_changes_are_refused_with_the_way_to_the_primary(scene: Scene, case: str) -> None:
    method, path, headers, body = WRITES[case]
    reply = scene.copy.ask(method, path, headers, body)
    problem = json.loads(reply.body)
    assert (reply.status, problem["title"]) == (403, "A copy takes no changes")
    assert problem["primary"] == scene.primary.url


def test_the_cache_keeps_each_form_apart_and_knows_its_tag(scene: Scene) -> None:
    text = "SELECT ?kept { VALUES ?kept { 1 2 3 } }"
    first = scene.cache.query(text, "text/csv")
    assert first.headers["X-Cache"] == "miss"
    assert first.headers["Vary"] == "Accept, Accept-Encoding"
    again = scene.cache.query(text, "text/csv")
    assert (again.headers["X-Cache"], again.body) == ("hit", first.body)
    assert again.headers["Cache-Control"] == "public, no-cache"
    other = scene.cache.query(text, "text/tab-separated-values")
    assert other.headers["Content-Type"].startswith("text/tab-separated-values")
    assert other.headers["ETag"] != first.headers["ETag"]
    unchanged = scene.cache.query(text, "text/csv", If_None_Match=first.headers["ETag"])
    assert (unchanged.status, unchanged.body, unchanged.headers["X-Cache"]) == (304, b"", "hit")


def test_the_cache_keeps_packed_and_plain_answers_apart(scene: Scene) -> None:
    plain, packed = scene.cache.query(ALL), scene.cache.query(ALL, Accept_Encoding="gzip, br")
    assert (plain.headers["Content-Encoding"], packed.headers["Content-Encoding"]) == (None, "gzip")
    assert packed.headers["ETag"] == plain.headers["ETag"][:-1] + '-gzip"'
    assert len(packed.body) < len(plain.body)
    assert scene.cache.query(ALL, Accept_Encoding="gzip").headers["X-Cache"] == "hit"


def test_what_is_of_one_caller_is_not_kept(scene: Scene) -> None:
    for path in ("/health", "/manifest", "/sparql?query=" + quote("SELECT (NOW() AS ?now) {}")):
        assert [scene.cache.ask("GET", path).headers["X-Cache"] for _ in range(2)] == ["miss", "miss"]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    posted = [scene.cache.ask("POST", "/sparql", form, "query=ASK%7B%7D") for _ in range(2)]
    assert [reply.headers["X-Cache"] for reply in posted] == ["miss", "miss"]


def test_nobody_else_purges(scene: Scene) -> None:
    assert scene.cache.ask("PURGE", "/").status == 400
    assert scene.cache.ask("PURGE", "/", {"IESI-KG-Version": "1 || true"}).status == 400


def test_a_new_version_reaches_who_asks_the_cache(scene: Scene) -> None:
    before = scene.cache.query(ALL, "text/csv")
    assert scene.cache.query(ALL, "text/csv").headers["X-Cache"] == "hit"
    number = go_on(scene, BETA)
    until(lambda: version(scene.cache.query(ALL, "text/csv")) == number)
    after = scene.cache.query(ALL, "text/csv")
    assert b"Beta Porto" in after.body
    assert b"Beta Porto" not in before.body
    assert after.headers["ETag"] == scene.primary.query(ALL, "text/csv").headers["ETag"]
    assert after.body == scene.primary.query(ALL, "text/csv").body
    stale = scene.cache.query(ALL, "text/csv", If_None_Match=before.headers["ETag"])
    assert stale.status == 200
    assert f"version {number}: " in scene.said.read_text("utf-8")
    assert "store changed" in scene.said.read_text("utf-8")


def test_a_copy_of_the_copy(scene: Scene, tmp_path: Path) -> None:
    source = Source(scene.copy.url, "test")
    layout = Layout(tmp_path / "third")
    layout.root.mkdir()
    done = Mirror(source, layout, Copies(layout.root), Terms()).round()
    source.close()
    assert done.version == version(scene.copy.query("ASK {}"))
    assert done.releases == ("2026.1",)
    own = json.loads((scene.copy.store / "mirror.json").read_text("utf-8"))["id"]
    assert json.loads(scene.copy.ask("GET", "/manifest").body)["path"] == [own]


def test_who_may_copy(scene: Scene, tmp_path: Path) -> None:
    ask, shown = scene.primary.ask, scene.token
    refused = CliRunner().invoke(group, ["mirror", scene.primary.url, "--store", str(tmp_path / "copy")])
    assert isinstance(refused.exception, MirrorError)
    assert "IESI_KG_MIRROR_TOKEN" in str(refused.exception.hint)
    reply = ask("GET", "/manifest", shown)
    assert reply.headers["Cache-Control"] == "private, no-cache"
    assert ask("GET", "/manifest", shown | {"If-None-Match": reply.headers["ETag"]}).status == 304
    name = json.loads(reply.body)["blocks"][0]["sha256"]
    assert ask("GET", f"/manifest/blocks/{name}").status == 401
    assert ask("GET", f"/manifest/blocks/{name}", shown).headers["Cache-Control"] == "private, max-age=3600, immutable"
    assert ask("GET", f"/manifest/blocks/{'0' * 64}", shown).status == 404


def test_blocks_bear_the_hash_of_their_text(scene: Scene) -> None:
    reply = scene.copy.ask("GET", "/manifest")
    assert reply.headers["Cache-Control"] == "public, no-cache"
    facts = json.loads(reply.body)["blocks"][0]
    block = scene.copy.ask("GET", f"/manifest/blocks/{facts['sha256']}")
    assert (block.status, block.headers["ETag"]) == (200, f'"{facts["sha256"]}"')
    assert block.headers["Content-Type"] == "application/gzip"
    assert block.headers["Cache-Control"] == "public, max-age=3600, immutable"
    text = gzip.decompress(block.body)
    assert (sha256(text).hexdigest(), len(text), text.count(b"\n")) == (*facts.values(),)
    tagged = {"If-None-Match": block.headers["ETag"]}
    assert scene.copy.ask("GET", f"/manifest/blocks/{facts['sha256']}", tagged).status == 304


def test_nobody_may_copy_where_the_operator_says_so() -> None:
    checked(Settings(mirrors="nobody"))
    with pytest.raises(UsageError, match="says nobody who may copy"):
        checked(Settings(mirrors="everybody"))


def test_a_copy_without_anything_is_not_served(tmp_path: Path) -> None:
    with claimed(Layout(tmp_path / "copy")):
        Mark("http://127.0.0.1:1", "id").write(Layout(tmp_path / "copy"))
    for more, said in (([], "a copy of which nothing is there yet"), (["--scratch"], "is a copy of another store")):
        ran = CliRunner().invoke(group, ["serve", "--port", "0", "--store", str(tmp_path / "copy"), *more])
        assert isinstance(ran.exception, StartError)
        assert said in ran.exception.detail


def test_the_guide_is_right(scene: Scene, root: Path, tmp_path: Path) -> None:
    """Each block of commands, with the addresses of this test; what the scene started was started as it says."""
    text = (root / "docs" / "how-to" / "mirror.md").read_text("utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    commands = [shlex.split(block) for block in blocks if block.startswith("iesi-kg mirror")]
    assert [words[words.index("--store") + 2 :] for words in commands] == [
        [],
        ["--follow", "--interval", "30"],
        ["--follow", "--purge", "http://127.0.0.1:80"],
    ]
    (varnished,) = (block for block in blocks if block.startswith("varnishd"))
    example = (root / "deploy" / "varnish" / "iesi-kg.vcl").read_text("utf-8")
    assert re.findall(r"-p (\w+=\w+)", varnished) == re.findall(r"-p (\w+=\w+)", example)
    (health,) = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL))
    told = json.loads(scene.copy.ask("GET", "/health").body)
    assert (list(told), list(told["copy_of"])) == (list(health), list(health["copy_of"]))
    (together,) = (block for block in blocks if "sha256sum" in block)
    script = together.replace("http://127.0.0.1:8080", scene.copy.url)
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split()[0] == json.loads((tmp_path / "manifest.json").read_text("utf-8"))["sha256"]
    (emptied,) = re.findall(r"`varnishadm '(.+)'`", text)
    scene.cache.query(ALL)
    folder = str(scene.copy.store.parent / "varnish")
    subprocess.run(["varnishadm", "-n", folder, emptied], check=True, capture_output=True, timeout=60)
    assert scene.cache.query(ALL).headers["X-Cache"] == "miss"


def test_the_copy_serves_on_while_the_primary_is_down(scene: Scene) -> None:
    number = version(scene.copy.query("ASK {}"))
    told = json.loads(scene.copy.ask("GET", "/health").body)["copy_of"]
    assert (told["primary"], told["version"], told["failing_since"]) == (scene.primary.url, number, "")
    stop(scene.primary.process)
    until(lambda: json.loads(scene.copy.ask("GET", "/health").body)["copy_of"]["failing_since"] != "")
    told = json.loads(scene.copy.ask("GET", "/status.json").body)["copy_of"]
    assert "cannot be reached" in told["problem"]
    assert "It cannot be followed since" in scene.copy.ask("GET", "/status", {"Accept": "text/html"}).text
    assert "iesi_kg_copy_age_seconds" in scene.copy.ask("GET", "/metrics").text
    assert version(scene.copy.query(ALL)) == number
    assert "looking again in" in scene.said.read_text("utf-8")
    again = start(scene.primary.store, "--port", str(scene.primary.address[1]), **PRIMARY)
    try:
        until(lambda: json.loads(scene.copy.ask("GET", "/health").body)["copy_of"]["failing_since"] == "")
        assert go_on(scene, ALPHA | {"name": "Alpha Nova"}) > number
        until(lambda: "the primary is followed again" in scene.said.read_text("utf-8"))
    finally:
        stop(again)
