"""A server that answers wrongly in every known way, each at an address of its own; it counts who came."""

from __future__ import annotations

import gzip
import re
import socket
import threading
import time
from collections import Counter
from types import TracebackType

JSON = "application/sparql-results+json"
GOOD = (
    b'{"head":{"vars":["t","m"]},"results":{"bindings":['
    b'{"t":{"type":"uri","value":"http://example.org/riga"},"m":{"type":"literal","value":"Vilnis"}}]}}'
)
ROW = b'{"t":{"type":"uri","value":"http://example.org/riga"},"m":{"type":"literal","value":"%d"}}'


def reply(body: bytes, kind: str = JSON, status: str = "200 OK", **headers: str) -> bytes:
    fields = {"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def rows(count: int) -> bytes:
    return b'{"head":{"vars":["t","m"]},"results":{"bindings":[' + b",".join(ROW % n for n in range(count)) + b"]}}"


def labelled(request: bytes) -> bytes:
    """A blank node for each town that is asked for, of all four where none is; the labels begin anew each time."""
    towns = re.findall(rb"example.org%2F(oslo|oulu|porto|riga)%3E", request) or [b"oslo", b"oulu", b"porto", b"riga"]
    found = ",".join(
        f'{{"t":{{"type":"uri","value":"http://example.org/{town.decode()}"}},"m":{{"type":"bnode","value":"b{n}"}}}}'
        for n, town in enumerate(towns)
    )
    return reply(f'{{"head":{{"vars":["t","m"]}},"results":{{"bindings":[{found}]}}}}'.encode())


class WrongPeer:
    """Answers by the first step of the path; ``seen`` counts requests by that step."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.seen: Counter[str] = Counter()
        self.requests: dict[str, bytes] = {}
        self.gate = threading.Event()
        self.left: list[bool] = []
        bomb = gzip.compress(b" " * 50_000_000, 9)
        self._answers: dict[str, bytes] = {
            "good": reply(GOOD),
            "doctype": reply(b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "b">]><r/>', "application/rdf+xml"),
            "not-turtle": reply(b"<urn:a> <urn:b> ; ;; .", "text/turtle"),
            "nodes": reply(b"[] <b> [ <c> 'SERVICE } \\u0041' ] .", "text/turtle"),
            "graph": reply(b"<urn:a> <urn:b> <urn:c> .\n", "text/turtle; charset=utf-8"),
            "html": reply(b"<html><body>Please log in</body></html>", "text/html; charset=utf-8"),
            "cut": reply(GOOD)[:-30],
            "cut-json": reply(GOOD[:-30]),
            "cut-chunks": (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/sparql-results+json\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n20\r\n" + GOOD[:32] + b"\r\n"
            ),
            "liar": reply(b'<?xml version="1.0"?><sparql/>'),
            "csv": reply(b"t,m\r\n", "text/csv"),
            "elsewhere": reply(b"", status="302 Found", Location="http://127.0.0.2:1/inner"),
            "metadata": reply(b"", status="307 Temporary Redirect", Location="http://169.254.169.254/latest/meta-data"),
            "circle": reply(b"", status="302 Found", Location="/circle"),
            "moved": reply(b"", status="308 Permanent Redirect", Location="/good"),
            "file": reply(b"", status="302 Found", Location="file:///etc/passwd"),
            "huge": reply(b" " * 300_000 + GOOD),
            "bomb": reply(bomb, Content_Encoding="gzip"),
            "no-gzip": reply(GOOD, Content_Encoding="gzip"),
            "cut-gzip": reply(gzip.compress(GOOD)[:-12], Content_Encoding="gzip"),
            "brotli": reply(GOOD, Content_Encoding="br"),
            "gzip": reply(gzip.compress(GOOD), Content_Encoding="gzip"),
            "error": reply(b"Virtuoso 37000 Error SP030: syntax error\nSPARQL query:\n...", "text/plain", "500 Oh"),
            "busy": reply(b"", status="429 Too Many Requests"),
            "not-json": reply(b'{"head":{"vars":["t"]},"results":{"bindings":[oops]}}'),
            "array": reply(b"[]"),
            "deep": reply(b'{"head":' + b"[" * 100_000),
            "trailer": reply(GOOD + b"\njava.util.concurrent.TimeoutException"),
            "truth": reply(b'{"head":{},"boolean":true}'),
            "stranger": reply(GOOD.replace(b'"vars":["t","m"]', b'"vars":["x"]').replace(b'"t":', b'"y":')),
            "bad-iri": reply(GOOD.replace(b"http://example.org/riga", b"urn:x> } DROP ALL # ")),
            "partial": reply(GOOD, X_SQL_State="S1TAT", X_SQL_Message="RC...: Returning incomplete results"),
            "capped": reply(rows(20), X_SPARQL_MaxRows="20"),
            "many": reply(rows(1_500)),
            "nonsense": b"SSH-2.0-OpenSSH_9.9\r\n",
            "long-header": reply(GOOD, X_Filler="x" * 300_000),
            "gate": reply(GOOD),
            "labels": b"",
            "hang": b"",
            "watch": b"",
            "drip": b"",
        }
        self.ways = sorted(self._answers)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> WrongPeer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                request = self._read(connection)
                way = request.split(b" ", 2)[1].decode().strip("/").partition("?")[0] if b" " in request else ""
                self.seen[way] += 1
                self.requests[way] = request
                if way == "drip":
                    self._drip(connection)
                elif way == "hang":
                    time.sleep(3)
                elif way == "gate":
                    self.gate.wait(timeout=20)
                elif way == "watch":
                    connection.settimeout(20)
                    self.left.append(connection.recv(1) == b"")
                elif way == "labels":
                    connection.sendall(labelled(request))
                connection.sendall(self._answers.get(way, reply(b"", status="404 Not Found")))
            except OSError:
                return

    def _read(self, connection: socket.socket) -> bytes:
        connection.settimeout(5)
        data = b""
        while b"\r\n\r\n" not in data and (part := connection.recv(65_536)):
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-length")), 0
        )
        while len(body) < length and (part := connection.recv(65_536)):
            body += part
        return head + b"\r\n\r\n" + body

    def _drip(self, connection: socket.socket) -> None:
        """A byte now and then: no single wait is long, the whole never ends."""
        for byte in reply(GOOD)[:30]:
            connection.sendall(bytes([byte]))
            time.sleep(0.1)
