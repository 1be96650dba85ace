"""Fixture policy: real parts only. Stores are real Oxigraph directories under ``tmp_path``, servers are real
processes on free loopback ports, browsers are real Chromium. Records handed over by the researchers are read in
place through ``shared``, never copied. Nothing here needs the internet.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

os.environ["LC_ALL"] = "C.UTF-8"  # what the commands say must not depend on who runs the tests
ROOT = Path(__file__).resolve().parent.parent
BUNDLED_AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The researchers' folder beside the checkout; tests that read it skip where it is not, never in CI."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        message = "the researchers' folder ../shared is not beside this checkout"
        assert not os.environ.get("CI"), message
        pytest.skip(message)
    return folder


@pytest.fixture(scope="session")
def bundled_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds the bundle as a first start publishes it, made once for all workers; copy it to change it."""
    from iesi_kg.publication.bundled import load_bundled
    from iesi_kg.store.durable import locked
    from iesi_kg.store.embedded import EmbeddedStore

    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "bundle"
    folder.mkdir(exist_ok=True)
    with locked(folder / "LOCK", 600.0):
        if not (folder / "store").is_dir():
            store = EmbeddedStore.open(folder / "draft", create=True)
            load_bundled(store, at=BUNDLED_AT)
            store.close()
            (folder / "draft").rename(folder / "store")
    return folder / "store"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium for one module: Playwright's event loop must not outlive it, other tests run loops of their own."""
    from playwright.sync_api import sync_playwright

    if not CHROMIUM.exists():
        message = "no Chromium at /usr/bin/chromium (Debian package chromium)"
        assert not os.environ.get("CI"), message
        pytest.skip(message)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI nothing may be missing: a test that would skip fails and says what it missed."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report
