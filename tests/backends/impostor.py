"""A server that answers as a test tells it, by bytes: the real part that stands for a backend that misbehaves."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

JSON = "application/sparql-results+json"
ROWS = (
    b'{"head":{"vars":["t","m"]},"results":{"bindings":['
    b'{"t":{"type":"uri","value":"http://example.org/riga"},"m":{"type":"literal","value":"Vilnis"}},'
    b'{"t":{"type":"uri","value":"http://example.org/oslo"},"m":{"type":"literal","value":"Anne"}}]}}'
)
TRUE = b'{"head":{},"boolean":true}'

Behaviour = bytes | Callable[[socket.socket], None]


def reply(body: bytes = b"", kind: str = JSON, status: str = "200 OK", **fields: str) -> bytes:
    """An answer in bytes, after which the connection is closed."""
    named = {"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close"}
    named |= {name.replace("_", "-"): value for name, value in fields.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


class Impostor:
    """Answers the first request as ``behaves`` says first, and so on; the last for all that follow.

    ``requests`` are all that came; ``left`` is set when a client goes away while ``hang`` lets it wait.
    """

    def __init__(self, certificate: Path | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.behaves: list[Behaviour] = []
        self.requests: list[bytes] = []
        self.left = threading.Event()
        self.arrived = threading.Event()
        self.gate = threading.Event()
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)

    def address(self, profile: str = "virtuoso", path: str = "/sparql") -> str:
        scheme = "http" if self._tls is None else "https"
        return f"sparql+{scheme}://127.0.0.1:{self.port}{path}?profile={profile}"

    def hang(self, connection: socket.socket) -> None:
        """Say nothing until the client has gone."""
        connection.settimeout(20)
        if connection.recv(1) == b"":
            self.left.set()

    def wait(self, connection: socket.socket) -> None:
        """Say nothing before the test opens the gate."""
        self.gate.wait(20)
        connection.sendall(reply(ROWS))

    def __enter__(self) -> Impostor:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gate.set()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, plain: socket.socket) -> None:
        try:
            with self._tls.wrap_socket(plain, server_side=True) if self._tls else plain as connection:
                self.requests.append(_read(connection))
                self.arrived.set()
                behaviour = self.behaves.pop(0) if len(self.behaves) > 1 else self.behaves[0]
                if isinstance(behaviour, bytes):
                    connection.sendall(behaviour)
                else:
                    behaviour(connection)
        except OSError:  # the client went away, or liked the certificate as little as it should
            plain.close()


def _read(connection: socket.socket) -> bytes:
    connection.settimeout(10)
    data = b""
    while b"\r\n\r\n" not in data and (part := connection.recv(65_536)):
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    while lengths and len(body) < int(lengths[0]) and (part := connection.recv(65_536)):
        body += part
    return head + b"\r\n\r\n" + body


_AUTHORITY = """
[ca]
default_ca = own
[own]
new_certs_dir = .
database = index
serial = serial
certificate = authority.pem
private_key = authority.key
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""


def certificate(folder: Path, *, expired: bool) -> tuple[Path, Path]:
    """An authority, and a certificate of 127.0.0.1 with its key that it signed."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    (folder / "authority.conf").write_text(_AUTHORITY, "utf-8")
    (folder / "index").touch()
    (folder / "serial").write_text("01", "utf-8")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "authority.key", "-out", "authority.pem", "-days", "9", "-subj", "/CN=ca")
    name = ("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1")
    openssl("req", "-new", *key, "-keyout", "server.key", "-out", "server.csr", *name)
    until = "20200201000000Z" if expired else "20990101000000Z"
    term = ("-startdate", "20200101000000Z", "-enddate", until)
    openssl("ca", "-batch", "-config", "authority.conf", *term, "-in", "server.csr", "-out", "server.crt", "-notext")
    both = folder / "server.pem"
    both.write_bytes((folder / "server.crt").read_bytes() + (folder / "server.key").read_bytes())
    return folder / "authority.pem", both
