"""``iesi-kg serve``: taken ports, broken stores, Ctrl-C; one sentence each and nothing left running."""

from __future__ import annotations

import ctypes
import os
import pwd
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from iesi_kg import assets
from iesi_kg.publication.bundled import is_outdated, load_bundled
from iesi_kg.store.embedded import EmbeddedStore
from running_server import SOURCE, fill, serving, start, stop


def test_a_taken_port_is_said_before_anything_is_loaded(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start(tmp_path / "store", "--port", str(port))
        said, _ = process.communicate(timeout=20)
    assert process.returncode == 3
    assert f"port {port} on 127.0.0.1" in said
    assert "PORT=" in said
    assert "Traceback" not in said
    assert not (tmp_path / "store").exists()


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="another C library")
def test_the_process_begins_once_more_to_keep_freed_memory_at_hand(tmp_path: Path) -> None:
    """``serve`` is begun anew once with the same arguments; what else the environment says of memory stays."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\nopen(os.environ['BEGUN'], 'a').write(os.environ.get('GLIBC_TUNABLES', '') + '\\n')\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}
    environment |= {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(SOURCE)]), "BEGUN": str(tmp_path / "begun")}
    command = [sys.executable, "-m", "iesi_kg", "serve", "--port", "a lot"]
    for given in ("", "glibc.malloc.trim_threshold=1000000"):
        (tmp_path / "begun").write_text("")
        ran = subprocess.run(
            command,
            env=environment | {"GLIBC_TUNABLES": given},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert ran.returncode == 3
        assert "'a lot' is not a port" in ran.stderr
        ours = f"{given}:glibc.malloc.tcache_count=500".removeprefix(":")
        assert (tmp_path / "begun").read_text().splitlines() == [given, ours]


def test_an_unknown_host(tmp_path: Path) -> None:
    process = start(tmp_path / "store", "--host", "no.such.host.invalid")
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "no.such.host.invalid" in said
    assert "Traceback" not in said


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that other users may enter: pytest closes its own whenever another run of it begins."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_user_who_cannot_write_the_store_is_told_what_will_fail(public: Path) -> None:
    """A child that gives its rights up: told nothing before, one line after; reading works."""
    store = public / "store"
    fill(store, "<http://example.org/s> <http://example.org/p> 1 .")
    for path in (store, *store.rglob("*")):
        path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
    probe = (
        "import os, sys\nfrom pathlib import Path\n"
        "from iesi_kg.cli.serve import _prepare\nfrom iesi_kg.settings import Settings\n"
        "settings = Settings(store=Path(sys.argv[1]))\n"
        "_prepare(settings, False)\nprint('---', file=sys.stderr)\n"
        f"if os.getuid() == 0: os.setuid({pwd.getpwnam('nobody').pw_uid})\n"
        "else: settings.folder.chmod(0o555)\n"
        "_prepare(settings, False)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", probe, str(store)],
        env={"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    store.chmod(0o755)
    owner, _, other = run.stderr.partition("---\n")
    assert (run.returncode, "warning" in owner) == (0, False), run
    (line,) = (line for line in other.splitlines() if line.startswith("warning: "))
    user = pwd.getpwuid(os.getuid() or pwd.getpwnam("nobody").pw_uid).pw_name
    assert f"{store} cannot be written by this user ({user}): reading works; submissions" in line
    assert line.endswith(f"chown -R {user} {store}")


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    fill(tmp_path / "store", "<http://example.org/s> <http://example.org/p> 1 .")
    with serving(tmp_path / "store") as server:
        children = psutil.Process(server.process.pid).children(recursive=True)
        assert children
        assert server.query("ASK {}").status == 200
        said = stop(server.process)
    assert server.process.returncode in (0, 130)
    assert "Traceback" not in said
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []


def test_ctrl_c_while_loading_leaves_nothing_half_written(tmp_path: Path) -> None:
    process = start(tmp_path / "store")
    assert process.stdout
    assert process.stdout.readline().startswith("loading")
    said = stop(process)
    # Where it hits the making of a dataclass, Python 3.11 ends itself by the signal: a shell says 130 to either.
    assert process.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in said
    store = EmbeddedStore.open(tmp_path / "store", create=True)
    assert (store.current().number, store.current().triples) == (0, 0)
    store.close()
    fill(tmp_path / "store", "<http://example.org/s> <http://example.org/p> 1 .")


def test_ctrl_c_under_a_running_query(tmp_path: Path) -> None:
    fill(tmp_path / "store", "".join(f"<http://example.org/{n}> <http://example.org/p> {n} .\n" for n in range(300)))
    with serving(tmp_path / "store") as server:
        children = psutil.Process(server.process.pid).children(recursive=True)
        with socket.create_connection(server.address, timeout=5) as connection:
            query = "SELECT%20(COUNT(*)AS%20?n){?a%20?b%20?c.?d%20?e%20?f.?g%20?h%20?i.?j%20?k%20?l.?m%20?n%20?o}"
            connection.sendall(f"GET /sparql?query={query} HTTP/1.1\r\nHost: e\r\n\r\n".encode())
            time.sleep(0.5)
            begun = time.monotonic()
            said = stop(server.process)
        assert time.monotonic() - begun < 10
        assert server.process.returncode in (0, 130)
        assert "Traceback" not in said
        _, alive = psutil.wait_procs(children, timeout=5)
        assert alive == []


def test_sigterm_leaves_nothing(tmp_path: Path) -> None:
    fill(tmp_path / "store", "<http://example.org/s> <http://example.org/p> 1 .")
    with serving(tmp_path / "store") as server:
        children = psutil.Process(server.process.pid).children(recursive=True)
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(timeout=10)
        _, alive = psutil.wait_procs(children, timeout=5)
        assert alive == []


def test_a_killed_server_takes_its_processes_along(tmp_path: Path) -> None:
    fill(tmp_path / "store", "<http://example.org/s> <http://example.org/p> 1 .")
    with serving(tmp_path / "store") as server:
        children = psutil.Process(server.process.pid).children(recursive=True)
        server.process.kill()
        server.process.wait(timeout=10)
        _, alive = psutil.wait_procs(children, timeout=5)
        assert alive == []


def test_the_bundled_data_are_loaded_once(tmp_path: Path, root: Path) -> None:
    if not (root / "data" / "iesi").is_dir():
        pytest.skip("the curated data data/iesi are not in this checkout")
    with serving(tmp_path / "store", workers=1) as server:
        reply = server.query("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", "text/csv")
        assert int(reply.text.split()[1]) > 500
        assert reply.headers["IESI-KG-Version"] == "1"
        page = server.ask("GET", "/sparql", {"Accept": "text/html"})
        assert page.status == 200
        assert "<textarea" in page.text
        ran = server.query("ASK {}", "text/html")
        assert ran.headers["Content-Type"].startswith("text/html")
    assert not is_outdated(EmbeddedStore(tmp_path / "store").reader())  # or the next start would load them again


def test_a_store_of_an_earlier_bundle_is_brought_up_to_date(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store is filled from a bundle without data, as an earlier version might have been, then served."""
    bundle = tmp_path / "bundle"
    (bundle / "data" / "iesi").mkdir(parents=True)
    for name in ("ontology", "shapes", "queries"):
        (bundle / name).symlink_to(root / name)
    store = EmbeddedStore.open(tmp_path / "store", create=True)
    with monkeypatch.context() as earlier:
        earlier.setattr(assets, "root", lambda: bundle)
        load_bundled(store, at=datetime(2026, 1, 1, tzinfo=UTC))
    store.close()
    count = "SELECT (COUNT(*) AS ?n) { ?i a <https://w3id.org/iesi-kg/ontology#Initiative> }"
    for _ in range(2):  # the second start finds nothing to do
        with serving(tmp_path / "store", workers=1) as server:
            reply = server.query(count, "text/csv")
            assert int(reply.text.split()[1]) >= 100
            assert reply.headers["IESI-KG-Version"] == "2"


def test_the_greeting_names_both_addresses(tmp_path: Path) -> None:
    fill(tmp_path / "store", "<http://example.org/s> <http://example.org/p> 1 .")
    with serving(tmp_path / "store") as server:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", server.url)


def test_a_wrong_setting(tmp_path: Path) -> None:
    process = start(tmp_path / "store", workers="two")
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 3
    assert "IESI_KG_WORKERS" in said


def test_a_damaged_store(tmp_path: Path) -> None:
    store = tmp_path / "store"
    fill(store, "<http://example.org/s> <http://example.org/p> 1 .")
    for file in store.rglob("*"):
        if file.is_file():
            file.write_bytes(b"not a store")
    process = start(store)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "iesi-kg: " in said
    assert "Traceback" not in said


def test_a_file_in_place_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("hello")
    process = start(tmp_path / "store")
    said, _ = process.communicate(timeout=20)
    assert process.returncode != 0
    assert "Traceback" not in said


def test_a_port_that_is_no_number_is_named_in_plain_words(tmp_path: Path) -> None:
    process = start(tmp_path / "store", "--port", "abc")
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 3
    assert "'abc' is not a port: give a whole number from 0 (any free one) to 65535" in " ".join(said.split())
