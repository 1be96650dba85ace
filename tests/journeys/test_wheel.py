"""Without a checkout: the built wheel in a clean environment serves the bundled data from an empty folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen
from zipfile import ZipFile

import pytest


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(root)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def clean(root: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment that holds the wheel and what its metadata asks for; returns its ``bin``."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, capture_output=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder), "install", "--quiet", "--no-compile"]
    subprocess.run([*pip, "-c", str(root / "constraints.txt"), str(wheel)], check=True, capture_output=True, text=True)
    return folder / "bin"


def test_the_wheel_carries_meaning_and_data_and_no_tests(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    for needed in ("ontology/iesi.ttl", "shapes/profiles/submission.ttl", "docs/reference/data-sheet.md"):
        assert f"iesi_kg/_bundle/{needed}" in names
    assert any(name.startswith("iesi_kg/_bundle/data/iesi/") and name.endswith(".csv") for name in names)
    assert not [name for name in names if "/tests/" in name or "node_modules" in name]


def test_serve_works_in_an_empty_folder(clean: Path, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("IESI_KG_", "PYTHON"))}
    command = [str(clean / "iesi-kg"), "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            health = _wait(f"http://127.0.0.1:{port}/health", server)
            assert health["version"] >= 1
            query = "ASK%7B%3Fi%20a%20%3Chttps%3A%2F%2Fw3id.org%2Fiesi-kg%2Fontology%23Initiative%3E%7D"
            with urlopen(f"http://127.0.0.1:{port}/sparql?query={query}", timeout=20) as reply:
                assert json.load(reply)["boolean"] is True
        finally:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=20)
    assert server.returncode in {0, 130}
    assert (tmp_path / "iesi-kg-store").is_dir()
    shutil.rmtree(tmp_path / "iesi-kg-store")


def _wait(address: str, server: subprocess.Popen[str]) -> dict[str, int]:
    deadline = time.monotonic() + 180
    while True:
        assert server.poll() is None, "the server stopped by itself"
        try:
            with urlopen(address, timeout=5) as reply:
                found: dict[str, int] = json.load(reply)
                return found
        except OSError:
            assert time.monotonic() < deadline, "the server did not come up"
            time.sleep(0.2)
