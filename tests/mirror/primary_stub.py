"""A small HTTP server that offers a store to copies as a service does, and misbehaves where a test says so."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from iesi_kg.operations import snapshot
from iesi_kg.operations.manifest import Edition, File
from iesi_kg.publication.release_copies import offered
from iesi_kg.publication.release_shelf import Shelf
from iesi_kg.store.versions import Layout

Answer = tuple[int, dict[str, str], bytes]
JSON = {"Content-Type": "application/json"}


@dataclass
class Primary:
    """What it offers: ``document`` is the manifest as a dictionary; ``wrong`` answers a path otherwise."""

    folder: Path
    document: dict[str, Any] = field(init=False)
    wrong: dict[str, Callable[[], Answer | None]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    def __post_init__(self) -> None:
        self.make()

    def make(self) -> None:
        """Offer the version of now."""
        manifest = snapshot.make(Layout(self.folder))
        editions = [Edition(name, tuple(File(*each) for each in files)) for name, files in offered(Shelf(self.folder))]
        self.document = json.loads(manifest.offered(editions).written())

    def block(self, number: int) -> str:
        """The path of a block."""
        return f"/manifest/blocks/{self.document['blocks'][number]['sha256']}"

    def answer(self, path: str, span: str) -> Answer:
        """What a path is answered with; ``span`` is the header Range."""
        self.asked.append((path, span))
        given = self.wrong[path]() if path in self.wrong else None
        if given is not None:
            return given
        if path == "/manifest":
            return 200, JSON, json.dumps(self.document).encode()
        name = path.rpartition("/")[2]
        blocks = snapshot.blocks_of(Layout(self.folder))
        file = blocks.path(name) if path.startswith("/manifest/blocks/") else self.folder / path.lstrip("/")
        if not file.is_file():
            return 404, {"Content-Type": "application/problem+json"}, b'{"detail": "there is nothing there"}'
        start = re.fullmatch(r"bytes=(\d+)-", span)
        if start is not None:
            return 206, {}, file.read_bytes()[int(start[1]) :]
        return 200, {}, file.read_bytes()


@contextmanager
def standing(folder: Path) -> Iterator[Primary]:
    """The server on a free port, for as long as the block."""
    primary = Primary(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, fields, body = primary.answer(self.path, self.headers.get("Range", ""))
            length = int(fields.get("Content-Length", len(body)))
            self.send_response(status)
            for name, value in {**fields, "Content-Length": str(length)}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = length != len(body)

        do_PURGE = do_GET

        def log_message(self, *said: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    primary.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield primary
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
