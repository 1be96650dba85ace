"""SIGHUP exchanges the serving processes under load without a failed request; SIGTERM lets what is under way end."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from running_server import Server
from serving_processes import family, lines, store_of, until, workers

ACTIVATE = shutil.which("systemd-socket-activate") or ""
pytestmark = pytest.mark.skipif(not ACTIVATE, reason="no systemd-socket-activate (Debian package systemd)")
LARGE = "SELECT * { ?a ?b ?c . ?d ?e ?f }"
LONG = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h 7 FILTER(?c + ?f > 1) }"  # all but 0+0, 0+1 and 1+0
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """The software in a place of its own, where another version of it can be put."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(root / "src", folder / "src")
    for path in root.iterdir():
        if path.name not in ("src", ".git", ".venv") and path.is_dir():
            (folder / path.name).symlink_to(path)
    return folder / "src"


class Manager:
    """A service manager that listens how the service stands."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(60)
        self.said: list[str] = []

    def hears(self, word: str) -> None:
        """Wait for a message that says this."""
        while True:
            message = self.socket.recv(4_096).decode()
            self.said.append(message)
            if word in message.splitlines():
                return


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manager]:
    made = Manager(tmp_path_factory.mktemp("manager") / "notify")
    yield made
    made.socket.close()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("settings") / "settings.env"
    file.write_text("# how many serve\nIESI_KG_WORKERS=2\nIESI_KG_QUERY_SECONDS='60'\n\nIESI_KG_STOP_SECONDS=60\n")
    return file


@pytest.fixture(scope="module")
def server(  # by a real manager's way of handing over a socket that listens already
    tmp_path_factory: pytest.TempPathFactory, checkout: Path, manager: Manager, settings: Path
) -> Iterator[Server]:
    store = store_of(tmp_path_factory.mktemp("reload") / "store", 600)
    command = [sys.executable, "-m", "iesi_kg", "serve", "--store", str(store), "--settings", str(settings)]
    variables = {
        "NOTIFY_SOCKET": manager.socket.getsockname(),
        "PYTHONPATH": str(checkout),
        "PYTHONUNBUFFERED": "1",
        "IESI_KG_HOSTS": "e",
        "IESI_KG_QUERY_REQUESTS": "0",
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [ACTIVATE, f"--listen=127.0.0.1:{port}", "env", *(f"{n}={v}" for n, v in variables.items()), *command],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    made = Server(f"http://127.0.0.1:{port}", store, process)
    until(lambda: _is_open(made), "the manager does not listen")  # the first connection has it start the service
    yield made
    if process.poll() is None:
        process.kill()
    process.communicate()


class Load:
    """Clients that ask without a pause; ``failures`` is what went wrong."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.failures: list[str] = []
        self.answers = 0
        self._over = threading.Event()
        kinds = (self.on_one_connection, self.on_new_connections)
        self._threads = [threading.Thread(target=self._loop, args=(kind, n)) for n in range(2) for kind in kinds]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)

    def _loop(self, kind: Callable[[str], Iterator[int]], number: int) -> None:
        try:
            for status in kind(f"{kind.__name__} {number}"):
                self.answers += 1
                if status != 200:
                    self.failures.append(str(status))
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(f"{kind.__name__}: {error!r}")

    def on_one_connection(self, name: str) -> Iterator[int]:
        """Keep-alive: the connection is made anew only where the service said that it ends."""
        connection = http.client.HTTPConnection(*self.server.address, timeout=30)
        connection.connect()
        connection.auto_open = 0
        for number in self._numbers():
            connection.request("GET", f"/sparql?query={quote(f'ASK {{}} # {name} {number % 50}')}")
            response = connection.getresponse()
            response.read()
            yield response.status
            if response.will_close:
                connection.connect()
        connection.close()

    def on_new_connections(self, name: str) -> Iterator[int]:
        for number in self._numbers():
            yield self.server.query(f"SELECT * {{ ?s ?p {number % 900} }} # {name}").status

    def _numbers(self) -> Iterator[int]:
        number = 0
        while not self._over.wait(0.02):
            number += 1
            yield number


class SlowReader:
    """A client that takes a long answer a little at a time, until it is told to hurry."""

    def __init__(self, server: Server, text: str) -> None:
        self.got = self.lines = 0
        self._connection = http.client.HTTPConnection(*server.address, timeout=60)
        self._connection.request("GET", f"/sparql?format=csv&query={quote(text)}")
        self._answer = self._connection.getresponse()
        self.length = int(self._answer.headers["Content-Length"])
        self._hurried = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> SlowReader:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.hurry()
        self._connection.close()

    def hurry(self) -> None:
        """Take the rest."""
        self._hurried.set()
        self._thread.join(60)

    def _read(self) -> None:
        while part := self._answer.read(20_000):
            self.got += len(part)
            self.lines += part.count(b"\n")
            self._hurried.wait(0.05)


def begun(server: Server, text: str) -> socket.socket:
    """A connection on which a query was sent, and nothing is read yet."""
    connection = socket.create_connection(server.address, timeout=60)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    connection.sendall(f"GET /sparql?query={quote(text)}&format=csv HTTP/1.1\r\nHost: e\r\n\r\n".encode())
    return connection


def rest(connection: socket.socket) -> http.client.HTTPResponse:
    """The answer on a connection."""
    response = http.client.HTTPResponse(connection, method="GET")
    response.begin()
    return response


def test_new_software_and_settings_under_load(server: Server, manager: Manager, checkout: Path, settings: Path) -> None:
    manager.hears("READY=1")
    before = workers(server)
    assert len(before) == 2
    with SlowReader(server, LARGE) as slow, Load(server) as load:
        until(lambda: slow.got > 0 and load.answers > 50, "nothing is answered")
        software = checkout / "iesi_kg" / "__init__.py"
        text = software.read_text().replace('__version__ = "', '__version__ = "9.')
        software.write_text(text)
        settings.write_text(settings.read_text().replace("'60'", "57"))
        server.process.send_signal(signal.SIGHUP)
        manager.hears("RELOADING=1")
        manager.hears("READY=1")
        answered = load.answers
        until(lambda: load.answers > answered + 50, "nothing is answered after")
        # One of those before stays, as its answer is not taken yet; the other has ended.
        until(lambda: len(set(before) & set(workers(server))) == 1, "both stay, or both are gone")
        assert slow.got < slow.length
        slow.hurry()
        assert slow.lines == 600 * 600 + 1  # to the last row
        assert load.failures == []
    until(lambda: not set(before) & set(workers(server)), "the processes before do not end")
    assert len(workers(server)) == 2
    with lines(server) as both:
        for line in both:
            found = line.ask("GET", "/health/ready")
            assert (found.status, json.loads(found.body)["software"][:2]) == (200, "9.")
            assert "seconds=57," in line.ask("GET", "/sparql?query=ASK%7B%7D").headers["IESI-KG-Limits"]


def test_settings_that_cannot_be_change_nothing(server: Server, manager: Manager, settings: Path) -> None:
    before, right = set(workers(server)), settings.read_text()
    for wrong in (f"{right}\nexport X\n", f"{right}\nIESI_KG_QUERY_SECONDS=soon\n"):
        settings.write_text(wrong)
        server.process.send_signal(signal.SIGHUP)
        manager.hears("RELOADING=1")
        manager.hears("READY=1")
        assert set(workers(server)) == before
    settings.unlink()
    server.process.send_signal(signal.SIGHUP)
    manager.hears("READY=1")
    assert set(workers(server)) == before
    assert server.query("ASK {} # still here").status == 200


def test_a_stop_lets_what_is_under_way_end_and_a_second_signal_does_not(server: Server, manager: Manager) -> None:
    everybody = family(server)
    with begun(server, LONG) as ending, begun(server, ENDLESS) as endless, begun(server, "ASK {}") as idle:
        assert rest(idle).status == 200
        until(lambda: json.loads(server.ask("GET", "/status.json").body)["requests_running"] > 2, "they do not run")
        server.process.send_signal(signal.SIGTERM)
        manager.hears("STOPPING=1")
        until(lambda: not _is_open(server), "connections are still taken")
        answer = rest(ending)
        assert (answer.status, answer.read().split()) == (200, [b"n", b"359997"])
        assert idle.recv(1) == b""
        server.process.send_signal(signal.SIGINT)
        assert rest(endless).status == 503
    said, _ = server.process.communicate(timeout=30)
    assert server.process.returncode == 0
    assert "is no setting: 'export X'" in said
    assert "IESI_KG_QUERY_SECONDS='soon' is not a number" in said
    assert "cannot be read: No such file or directory" in said
    assert "Traceback" not in said
    assert psutil.wait_procs(everybody, timeout=10)[1] == []


def _is_open(server: Server) -> bool:
    try:
        socket.create_connection(server.address, timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True
