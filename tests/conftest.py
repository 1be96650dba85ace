"""Fixture policy: real parts only. Stores are real Oxigraph directories under ``tmp_path``, servers are real
processes on free loopback ports, browsers are real Chromium. Records handed over by the researchers are read in
place through ``shared``, never copied. Nothing here needs the internet.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from made_once import made_once
from temporary_folder import roomy_memory

if TYPE_CHECKING:
    from playwright.sync_api import Browser

os.environ["LC_ALL"] = "C.UTF-8"  # what the commands say must not depend on who runs the tests
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # tests start a thousand processes: none should compile all it reads
sys.dont_write_bytecode = False
if memory := roomy_memory():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", memory)
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
    from iesi_kg.store.embedded import EmbeddedStore

    def make(folder: Path) -> None:
        store = EmbeddedStore.open(folder, create=True)
        load_bundled(store, at=BUNDLED_AT)
        store.close()

    return made_once(tmp_path_factory, "bundle", make)


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


def pytest_collection_finish() -> None:
    """What collecting has made stays: no collection of garbage need walk through it again."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:  # noqa: ANN401  (xdist's Producer)
    """Files by folder, so that what a folder's tests share is started by one worker only."""
    from scheduling import FolderScheduling

    return FolderScheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI nothing may be missing: a test that would skip fails and says what it missed."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report
