"""nginx and Caddy, run with the files of ``deploy/`` in front of the service: what passes through stays what it is."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from running_server import Reply, Server, fill, serving

NAME = "kg.example.org"
LIMIT = 40
LARGE = "SELECT * { ?a ?b ?c . ?d ?e ?f }"


def free_ports(number: int) -> list[int]:
    """As many ports that nobody has, each another one."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [found.getsockname()[1] for found in sockets]


def needed(program: str) -> str:
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/bin")
    if path is None:
        pytest.skip(f"no {program} (Debian packages nginx-light and caddy)")
    return path


class Cutter:
    """A service that breaks off in the middle of its answers."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                asked = connection.recv(65_536)
                head = b"HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\n"
                if b"/chunked" in asked:
                    connection.sendall(head + b"transfer-encoding: chunked\r\n\r\n6\r\nn\r\n12\n\r\n")
                else:
                    connection.sendall(head + b"content-length: 1000\r\n\r\nn\r\n1\r\n2")


class Proxy:
    """A proxy under TLS at a port of this machine."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._trust = ssl.create_default_context()
        self._trust.check_hostname = False
        self._trust.verify_mode = ssl.CERT_NONE  # who signed is not what is tested

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None, **of: str
    ) -> Reply:
        """One request under the name of the service; ``source`` is the address it comes from."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=30, context=self._trust, source_address=(of.get("source", "127.0.0.1"), 0)
        )
        connection.sock = self._trust.wrap_socket(
            socket.create_connection(("127.0.0.1", self.port), 30, (of.get("source", "127.0.0.1"), 0)),
            server_hostname=NAME,
        )
        try:
            connection.request(method, path, body, {"Host": NAME, **(headers or {})})
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def query(self, text: str, source: str = "127.0.0.1", **headers: str) -> Reply:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("GET", f"/sparql?query={quote(text)}", given, source=source)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    store = tmp_path_factory.mktemp("proxies") / "store"
    fill(store, "".join(f"<http://example.org/{n}> <http://example.org/p> {n} .\n" for n in range(300)))
    settings = {"hosts": NAME, "trusted_proxies": "127.0.0.1", "query_requests": LIMIT, "query_processes": 1}
    with serving(store, **settings) as running:
        yield running


@pytest.fixture(scope="module")
def cutter() -> Iterator[Cutter]:
    made = Cutter()
    yield made
    made.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    asked = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}")
    files = ("-keyout", folder / "key.pem", "-out", folder / "fullchain.pem")
    subprocess.run([*asked, *files], check=True, capture_output=True)
    return folder


@contextmanager
def running(command: list[str], folder: Path, ports: list[int]) -> Iterator[None]:
    """A program that listens at these ports; all it said when it does not."""
    with (folder / "said").open("w+") as said:
        environment = {"PATH": "/usr/sbin:/usr/bin:/bin", "HOME": str(folder)}
        process = subprocess.Popen(command, stdout=said, stderr=said, env=environment)
        try:
            for port in ports:
                _wait_for(port, process, folder / "said")
            yield
        finally:
            process.terminate()
            process.wait(20)


def _wait_for(port: int, process: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
            return
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, said.read_text()
            time.sleep(0.05)


def nginx(root: Path, folder: Path, certificate: Path, ports: dict[int, int], others: list[int]) -> list[str]:
    """The command that runs the file of ``deploy/`` once for each service, given as port in front: port behind."""
    text = (root / "deploy" / "nginx" / "iesi-kg.conf").read_text()
    for (front, behind), plain in zip(ports.items(), others, strict=True):
        made = text.replace("127.0.0.1:8080", f"127.0.0.1:{behind}").replace("iesi_kg", f"behind_{behind}")
        made = made.replace("listen 443", f"listen 127.0.0.1:{front}").replace("listen 80", f"listen 127.0.0.1:{plain}")
        made = "".join(line for line in made.splitlines(True) if "[::]" not in line)
        (folder / f"{behind}.conf").write_text(made.replace(f"/etc/ssl/{NAME}", str(certificate)))
    temporary = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{name}_temp_path {folder}/{name};\n" for name in temporary)
    (folder / "nginx.conf").write_text(
        f"daemon off; user root; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {paths} include {folder}/*[0-9].conf; }}\n"
    )
    command = [needed("nginx"), "-e", "stderr", "-c", f"{folder}/nginx.conf"]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    return command


def caddy(root: Path, folder: Path, ports: dict[int, int]) -> list[str]:
    text = (root / "deploy" / "caddy" / "Caddyfile").read_text()
    options = ("admin off", "local_certs", "skip_install_trust", "auto_https disable_redirects")
    made = "\n\t".join(("{", *options, f"storage file_system {folder}")) + "\n}\n"
    for front, behind in ports.items():
        site = text.replace("{$SERVICE:127.0.0.1:8080}", f"127.0.0.1:{behind}")
        made += site.replace(f"{{$NAME:{NAME}}} {{", f"https://{NAME}:{front} {{\n\tbind 127.0.0.1")
    (folder / "Caddyfile").write_text(made)
    file = ["--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    subprocess.run([needed("caddy"), "validate", *file], check=True, capture_output=True, env={"HOME": str(folder)})
    return [needed("caddy"), "run", *file]


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def fronts(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    root: Path,
    server: Server,
    cutter: Cutter,
    certificate: Path,
) -> Iterator[tuple[Proxy, Proxy]]:
    """A proxy before the service, and one before a service that breaks off."""
    folder = tmp_path_factory.mktemp(request.param)
    folder.chmod(0o755)
    front, broken, *others = free_ports(4)
    ports = {front: server.address[1], broken: cutter.port}
    if request.param == "nginx":
        program = nginx(root, folder, certificate, ports, others)
    else:
        program = caddy(root, folder, ports)
    with running(program, folder, list(ports)):
        yield Proxy(front), Proxy(broken)


@pytest.fixture(scope="module")
def proxy(fronts: tuple[Proxy, Proxy]) -> Proxy:
    return fronts[0]


def test_the_service_knows_its_name_and_its_scheme(proxy: Proxy) -> None:
    described = proxy.ask("GET", "/sparql", {"Accept": "text/turtle"})
    assert described.status == 200
    assert f"<https://{NAME}/sparql>" in described.text
    assert described.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_name_that_is_not_the_services_is_refused(proxy: Proxy) -> None:
    assert (
        proxy.ask("GET", "/sparql?query=ASK%7B%7D", {"Host": "evil.example"}).status != 200
        or not proxy.ask("GET", "/sparql?query=ASK%7B%7D", {"Host": "evil.example"}).body
    )


def test_callers_are_told_apart_whatever_they_say_of_themselves(proxy: Proxy, request: pytest.FixtureRequest) -> None:
    hasty, calm = ("127.0.1.1", "127.0.1.2") if "nginx" in request.node.name else ("127.0.2.1", "127.0.2.2")
    statuses = [
        proxy.query(f"ASK {{}} # {n} {hasty}", source=hasty, X_Forwarded_For=f"192.0.2.{n}").status
        for n in range(LIMIT + 10)
    ]
    assert (statuses[0], statuses[-1]) == (200, 429)
    assert proxy.query("ASK {} # calm", source=calm).status == 200


def test_an_unchanged_answer_is_not_sent_again(proxy: Proxy) -> None:
    first = proxy.query("SELECT * { ?s ?p 7 }", Accept="text/csv")
    assert (first.status, first.headers["ETag"][0], first.headers["Vary"]) == (200, '"', "Accept, Accept-Encoding")
    again = proxy.query("SELECT * { ?s ?p 7 }", Accept="text/csv", If_None_Match=first.headers["ETag"])
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", first.headers["ETag"])


def test_a_large_answer_comes_whole_and_packed_once(proxy: Proxy) -> None:
    plain = proxy.query(LARGE, Accept="text/csv")
    assert (plain.status, plain.body.count(b"\n")) == (200, 300 * 300 + 1)
    assert int(plain.headers["Content-Length"]) == len(plain.body)
    packed = proxy.query(LARGE, Accept="text/csv", Accept_Encoding="gzip")
    assert (packed.headers["Content-Encoding"], gzip.decompress(packed.body)) == ("gzip", plain.body)
    assert packed.headers["ETag"] != plain.headers["ETag"]


def test_a_long_address_and_a_large_file_go_through(proxy: Proxy) -> None:
    assert proxy.query(f"ASK {{}} # {'x' * 30_000}").status == 200
    file = b"# a line of nothing\n" * 150_000
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.ttl"\r\n\r\n' + file + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Accept": "application/json"}
    checked = proxy.ask("POST", "/check", headers, form)
    assert (checked.status, json.loads(checked.body)["type"]) == (400, "/problems/unreadable-file")  # it was read


def test_an_error_is_the_problem_document_of_the_service(proxy: Proxy) -> None:
    reply = proxy.query("ASK {", Accept="application/json")
    assert (reply.status, reply.headers["Content-Type"]) == (400, "application/problem+json")
    assert json.loads(reply.body)["type"] == "/problems/query-syntax-error"


def test_every_answer_says_how_long_it_is(server: Server) -> None:
    """So a cut is seen behind Caddy 2.6 too, which passes a cut answer without a length on as if it were whole."""
    for path in ("/", "/sparql", "/initiatives", "/sparql?query=ASK%7B%7D", "/metrics", "/openapi.json", "/none"):
        for accept in ("text/html", "application/json"):
            reply = server.ask("GET", path, {"Accept": accept})
            assert int(reply.headers["Content-Length"]) == len(reply.body)


def test_a_cut_answer_stays_cut(fronts: tuple[Proxy, Proxy], request: pytest.FixtureRequest) -> None:
    for path in ("/sized", "/chunked") if "nginx" in request.node.name else ("/sized",):
        with pytest.raises(http.client.IncompleteRead):
            fronts[1].ask("GET", path)


def test_the_health_check_of_the_image_says_whether_the_service_serves(root: Path, server: Server) -> None:
    image = (root / "deploy" / "container" / "Containerfile").read_text()
    [check] = re.findall(r"^HEALTHCHECK .*\\\n +CMD (\[.*\])$", image, re.MULTILINE)
    program, flag, code = json.loads(check)
    assert (program, flag) == ("python", "-c")
    for port, expected in ((server.address[1], 0), (1, 1)):
        done = subprocess.run([sys.executable, flag, code.replace("8080", str(port))], capture_output=True, check=False)
        assert done.returncode == expected, done.stderr
