"""A real Chromium against the real service on the page tests' graph; nothing outside the origin may be asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from iesi_kg.publication import release
from iesi_kg.publication.release_shelf import Shelf
from iesi_kg.store.embedded import EmbeddedStore
from running_server import fill, serving


@pytest.fixture(scope="session")
def address(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the service listens, on a store that holds the test graph."""
    lists = sorted((root / "ontology" / "codelists").glob("*.ttl"))
    files = (root / "tests" / "pages" / "graph.ttl", root / "ontology" / "iesi.ttl", *lists)
    store = tmp_path_factory.mktemp("browser") / "store"
    provenance = (root / "tests" / "pages" / "provenance.ttl").read_text("utf-8")
    turtle = "\n".join(path.read_text("utf-8") for path in files)
    fill(store, turtle, {"https://w3id.org/iesi-kg/graph/provenance": provenance})
    make_release(store, "2026.1")
    fill(
        store, '<https://w3id.org/iesi-kg/id/initiative/cafe-numerique> <http://purl.org/dc/terms/alternative> "Café" .'
    )
    make_release(store, "2026.2")
    with serving(store) as server:
        yield server.url


def make_release(folder: Path, name: str) -> None:
    store = EmbeddedStore.open(folder)
    release.make(store, Shelf(folder), name, at=datetime(2026, 11, 22, tzinfo=UTC))
    store.close()


@dataclass
class Watch:
    """What a page asked of others and complained of; ``errors`` that a test expects are named by their status."""

    origin: str
    expected: set[int] = field(default_factory=set)
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def request(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.foreign.append(request.url)

    def console(self, message: ConsoleMessage) -> None:
        loading = re.match(r"Failed to load resource: .* status of (\d+)", message.text)
        if message.type in ("error", "warning") and not (loading and int(loading[1]) in self.expected):
            self.complaints.append(message.text)


@pytest.fixture
def watch(address: str) -> Iterator[Watch]:
    """Fails the test when a page asked for anything outside the origin or logged an error."""
    watched = Watch(address)
    yield watched
    assert watched.foreign == []
    assert watched.complaints == []


Opener = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, address: str, watch: Watch) -> Iterator[Opener]:
    """Opens a page: ``opened(path, width=360, scripts=False, scheme="dark")``."""
    contexts: list[BrowserContext] = []

    def open_page(path: str, *, width: int = 1200, scripts: bool = True, scheme: str = "light") -> Page:
        context = browser.new_context(
            base_url=address,
            viewport={"width": width, "height": 900},
            java_script_enabled=scripts,
            color_scheme=scheme,
            accept_downloads=True,
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("request", watch.request)
        page.on("console", watch.console)
        page.on("pageerror", lambda error: watch.complaints.append(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
