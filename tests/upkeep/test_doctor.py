"""`iesi-kg doctor`: each thing that it looks at, wrong in turn; what it says, and its exit code."""

from __future__ import annotations

import http.server
import json
import re
import resource
import shutil
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyoxigraph import NamedNode
from upkeep_quads import LATER

from iesi_kg import __version__
from iesi_kg.errors import UsageError
from iesi_kg.operations import backup, doctor, doctor_machine, doctor_settings
from iesi_kg.operations.diagnosis import Finding, Weight
from iesi_kg.settings import Settings
from iesi_kg.store.aside import Aside
from iesi_kg.store.bulk import Intent, plan_of
from iesi_kg.store.embedded import EmbeddedStore

Run = Callable[..., tuple[int, str]]
OK, NOTE, WARNING, FAILURE = Weight.OK, Weight.NOTE, Weight.WARNING, Weight.FAILURE


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@pytest.fixture
def settings(store: Path) -> Settings:
    """Those of a store that was backed up just now."""
    (store / backup.RECORD).write_text(json.dumps({"made": datetime.now(UTC).isoformat(), "version": 3}))
    (store / backup.RECORD).chmod(0o600)
    return Settings(store=store, port=free_port())


@pytest.fixture
def lasting(prepared: tuple[Path, str]) -> Settings:
    """Those of the store that all tests share, for looking only."""
    return Settings(store=prepared[0], port=free_port())


def look(settings: Settings, at: datetime | None = None) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in doctor.diagnose(settings, at or datetime.now(UTC), backup_days=7).findings:
        found.setdefault(finding.check, []).append(finding)
    return found


def weights(findings: list[Finding]) -> list[Weight]:
    return [finding.weight for finding in findings]


def test_a_sound_installation(run: Run, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    found = look(settings)
    checks = [
        "python",
        "packages",
        "confinement",
        "memory",
        "descriptors",
        "port",
        "settings",
        "store",
        "disk",
        "clock",
    ]
    assert list(found) == [*checks, "backup"]
    for check in ("python", "port", "settings", "store", "clock", "backup"):
        assert weights(found[check]) == [OK], check
    assert found["store"][0].what.startswith("version 3, ")
    monkeypatch.setenv("IESI_KG_PORT", str(settings.port))
    code, said = run("doctor", "--store", settings.store, "--thorough")
    assert f"ok        port          port {settings.port} on 127.0.0.1 is free: no service runs there\n" in said
    told = json.loads(run("doctor", "--store", settings.store, "--format", "json")[1])
    assert (told["software"], told["exit_code"]) == (__version__, code)
    assert {tuple(finding) for finding in told["findings"]} == {("check", "weight", "what", "remedy")}


@pytest.mark.parametrize(
    ("requirement", "weight", "what"),
    [
        ("click>=8.1,<99", None, ""),
        ("click[x]<1,>=0.5; python_version>'3'", WARNING, "click is of version "),
        ("no-such-package-here>=1", FAILURE, "no-such-package-here is missing"),
        ("pandas>=999; extra == 'pandas'", None, ""),
    ],
)
def test_packages(requirement: str, weight: Weight | None, what: str) -> None:
    found = list(doctor_machine.packages([requirement]))
    assert weights(found) == ([] if weight is None else [weight])
    assert all(finding.what.startswith(what) and "pip install" in finding.remedy for finding in found)


def test_the_interpreter_and_the_confinement(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor_machine.python().weight is OK
    monkeypatch.setattr(doctor_machine, "PYTHON", (99, 0))
    assert doctor_machine.python().remedy == "install Python 99.0 or newer"
    assert doctor_machine.confinement().weight is (OK if sys.platform == "linux" else WARNING)


def test_memory_and_descriptors(lasting: Settings) -> None:
    assert doctor_machine.memory(lasting, 1_000).weight is OK
    short = doctor_machine.memory(lasting, 10**12)
    assert (short.weight, "about 820,000,500,000,000 needed" in short.what) == (WARNING, True)
    assert doctor_machine.available_memory() > 1_000_000
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = doctor_machine.descriptors(replace(lasting, connections=soft), 10)
    assert (many.weight, f"ulimit -n {soft + 210}" in many.remedy) == (WARNING, True)
    assert doctor_machine.descriptors(replace(lasting, connections=10), 10).weight is OK


class Other(http.server.BaseHTTPRequestHandler):
    body = b""
    status = 200

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(self.status)
        self.send_header("Content-Type", "application/sparql-results+json")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def answering(body: bytes, status: int = 200) -> Iterator[int]:
    kind = type("Answering", (Other,), {"body": body, "status": status})
    server = http.server.HTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("health", "weight", "what"),
    [
        ({"status": "ok", "version": 3, "software": __version__}, OK, "answers there with version 3 of the store"),
        (
            {"status": "ok", "version": 2, "software": __version__},
            WARNING,
            "with version 2 of the store; the store is at 3",
        ),
        ({"status": "ok", "version": 3, "software": "0.0.1"}, WARNING, f"installed is {__version__}"),
        ({"hello": "world"}, FAILURE, "is taken by another program"),
        (None, FAILURE, "is taken by another program"),
    ],
    ids=["this service", "it lags", "another version", "another program", "no JSON"],
)
def test_the_port_is_taken(lasting: Settings, health: object, weight: Weight, what: str) -> None:
    with answering(b"<html>" if health is None else json.dumps(health).encode()) as port:
        found = doctor_machine.port(replace(lasting, port=port), 3)
    assert (found.weight, what in found.what) == (weight, True), found.what


def test_an_address_that_this_machine_has_not(lasting: Settings) -> None:
    found = doctor_machine.port(replace(lasting, host="203.0.113.7"), 3)
    assert (found.weight, "cannot be used" in found.what) == (FAILURE, True)


@pytest.mark.parametrize(
    ("wrong", "weight", "what"),
    [
        ({"query_processes": 0}, FAILURE, "IESI_KG_QUERY_PROCESSES is below 1"),
        ({"token_rows": 10}, WARNING, "a token with read-more gets less than anybody: IESI_KG_TOKEN_ROWS is 10"),
        ({"query_requests": 0}, WARNING, "less than anybody: IESI_KG_TOKEN_REQUESTS"),
        ({"service_seconds": 60.0}, WARNING, "IESI_KG_SERVICE_SECONDS is longer than a query may take"),
        ({"query_processes": 5_000}, WARNING, "5000 query processes on"),
        ({"query_log_as": "all"}, FAILURE, "IESI_KG_QUERY_LOG_AS='all' is not known"),
        ({"token": "x"}, WARNING, "only a scratch store reads it"),
        ({"host": "0.0.0.0"}, WARNING, "IESI_KG_HOSTS names none"),
        ({"hosts": "kg.example.org"}, WARNING, "no proxy is trusted"),
        ({"peers": "/no/such/file"}, FAILURE, "/no/such/file cannot be read"),
        ({"query_log": "/no/such/folder/log"}, FAILURE, "/no/such/folder/log cannot be written"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_settings_that_contradict(lasting: Settings, wrong: dict[str, object], weight: Weight, what: str) -> None:
    found = list(doctor_settings.contradictions(replace(lasting, **wrong)))  # type: ignore[arg-type]
    assert weights(found) == [weight]
    assert what in found[0].what
    assert found[0].remedy


def test_a_scratch_store_for_everybody_and_a_log_in_the_store(settings: Settings) -> None:
    (settings.store / "scratch").touch()
    public = replace(settings, host="0.0.0.0", hosts="kg.example.org", query_log=str(settings.store / "q.log"))
    found = list(doctor_settings.contradictions(public))
    assert weights(found) == [FAILURE, WARNING]
    assert "without IESI_KG_TOKEN" in found[0].what
    assert "goes into every backup" in found[1].what


def test_the_store(run: Run, settings: Settings) -> None:
    (settings.store / "operations/tokens.json").chmod(0o644)
    found = look(settings)
    assert weights(found["store"]) == [FAILURE]
    assert found["store"][0].remedy == f"chmod 600 {settings.store / 'operations/tokens.json'}"
    (settings.store / "operations/tokens.json").chmod(0o600)
    (settings.store / "current").write_text("{")
    assert [finding.what for finding in look(settings)["store"]] == [f"{settings.store / 'current'} is damaged"]
    assert run("doctor", "--store", settings.store)[0] == 2
    shutil.rmtree(settings.store)
    assert [finding.weight for finding in look(settings)["store"]] == [WARNING]


def test_an_older_format_and_what_was_left_over(settings: Settings) -> None:
    (settings.store / "FORMAT").unlink()
    assert [(each.weight, "format 0" in each.what) for each in look(settings)["store"]] == [(NOTE, True), (OK, False)]
    (settings.store / "kept/format-0").mkdir(parents=True)
    settings.store.with_name("store.before-2026").mkdir()
    left = look(settings)["leftovers"]
    assert weights(left) == [NOTE, NOTE]
    assert "before an upgrade" in left[0].what
    assert "put aside by a restore" in left[1].what


def test_a_load_that_is_not_finished(settings: Settings, tmp_path: Path) -> None:
    graph = NamedNode("https://example.org/mine")
    store = EmbeddedStore.open(settings.folder)
    with Aside.opened(store) as door:
        door.begin(Intent("some files", graph))
        (under_way,) = look(settings)["load"]
    store.close()
    assert under_way.weight is NOTE
    assert under_way.what.startswith("a load into <https://example.org/mine> is under way; it takes ")
    (cut,) = look(settings)["load"]
    assert cut.weight is WARNING
    assert "was cut and is not finished" in cut.what and str(settings.folder / "aside") in cut.what
    assert "--abandon" in cut.remedy
    (settings.folder / "aside/plan.json").unlink()
    (begun,) = look(settings)["load"]
    assert (begun.weight, "died as it began" in begun.what) == (WARNING, True)
    shutil.rmtree(settings.folder / "aside")
    assert "load" not in look(settings)
    plan = tmp_path / "state/server/load.json"
    plan.parent.mkdir(parents=True)
    plan.write_text(json.dumps(plan_of(Intent("remove", graph, instead=True))))
    (there,) = look(replace(settings, store="sparql+http://127.0.0.1:1", state=tmp_path / "state"))["load"]
    assert there.what == "a removal of <https://example.org/mine> was cut and is not finished"


def test_the_clock_and_the_backup(run: Run, settings: Settings) -> None:
    past = look(settings, LATER - timedelta(days=3_000))["clock"]
    assert (weights(past), "timedatectl" in past[0].remedy) == ([FAILURE], True)
    future = look(settings, datetime.now(UTC) + timedelta(days=8))["backup"]
    assert (weights(future), "8.0 days ago" in future[0].what) == ([WARNING], True)
    (settings.store / backup.RECORD).unlink()
    assert look(settings)["backup"][0].what == "the store was never backed up"
    assert run("doctor", "--store", settings.store)[0] in (1, 2)


@pytest.mark.parametrize(("bound", "weight"), [("_LEAST_FREE", FAILURE), ("_LITTLE_FREE", WARNING), ("", OK)])
def test_the_disk(lasting: Settings, monkeypatch: pytest.MonkeyPatch, bound: str, weight: Weight) -> None:
    for name in ("_LEAST_FREE", "_LITTLE_FREE"):
        monkeypatch.setattr(doctor, name, 10**18 if name == bound else 1)
    (found, *_) = look(lasting)["disk"]
    assert re.search(r"the statements of the store take [1-9]", found.what)
    assert (found.weight, bool(found.remedy)) == (weight, weight is not OK)


def record(**facts: str) -> bytes:
    """What a server answers that is asked for the record of the version that stands there."""
    rows = [
        {"key": {"type": "uri", "value": f"urn:x-iesi-kg:{key}"}, "value": {"type": "literal", "value": value}}
        for key, value in facts.items()
    ]
    return json.dumps({"head": {"vars": ["key", "value"]}, "results": {"bindings": rows}}).encode()


STANDING = record(version="4", created="2026-11-01T12:00:00+00:00", quads="12345", change="c", store="s")


@pytest.mark.parametrize(
    ("body", "status", "weight", "what", "remedy"),
    [
        (STANDING, 200, OK, "Oxigraph server answers: version 4, 12,345 statements; `iesi-kg peers probe`", ""),
        (record(), 200, WARNING, "Oxigraph server answers, and no store was begun there", "`iesi-kg serve` begins one"),
        (b"", 401, FAILURE, "401", "IESI_KG_STORE_USER"),
        (record(version="four"), 200, FAILURE, "", "backup"),
        (b"<html>hello", 200, FAILURE, "Oxigraph", ""),
    ],
    ids=["a store", "none", "it refuses", "a damaged record", "it is no SPARQL service"],
)
def test_a_server_is_asked_for_its_store(
    tmp_path: Path, body: bytes, status: int, weight: Weight, what: str, remedy: str
) -> None:
    with answering(body, status) as port:
        address = f"sparql+http://127.0.0.1:{port}?profile=oxigraph"
        (found,) = look(Settings(store=address, state=tmp_path, port=free_port()))["store"]
    assert (found.weight, what in found.what, remedy in found.remedy) == (weight, True, True), found


def test_a_server_that_is_down_is_a_failure(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IESI_KG_STATE", str(tmp_path))
    code, told = run("doctor", "--store", "sparql+http://127.0.0.1:1?profile=oxigraph")
    (line,) = re.findall(r"^failure +store +(.*)\n +(.*)", told, re.M)
    assert line[0].startswith("Oxigraph server cannot be reached: ")
    assert line[1].startswith("see whether it runs")
    assert code == 2


def test_an_address_of_a_server_is_no_name_of_a_folder(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    address = "sparql+http://127.0.0.1:9?profile=oxigraph"
    unnamed = look(Settings(store="sparql+http://127.0.0.1:9", state=tmp_path))["store"][0]
    assert "does not say of which product the server is" in unnamed.what
    assert "cannot be reached" in run("doctor", "--thorough", "--store", address)[1]
    for command in (["compact"], ["mirror", "http://127.0.0.1:9"]):
        with pytest.raises(UsageError, match="works on a store in a folder only"):
            run(*command, "--store", address)
    assert not list(tmp_path.glob("sparql*"))
