"""docs/how-to/federate.md, run as it is written, with servers on loopback in the place of the public ones."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback_peers import Running, write_list

from running_server import SOURCE, Server, serving

WRITTEN = "http://127.0.0.1:8080"
PUBLIC = "https://publications.europa.eu/webapi/rdf/sparql"


@pytest.fixture(scope="module")
def guide(
    bundled_store: Path, tmp_path_factory: pytest.TempPathFactory, oxigraph: Running
) -> Iterator[tuple[Server, Path, Path]]:
    """The bundled data, and a list in which the server on loopback stands for the Publications Office."""
    folder = tmp_path_factory.mktemp("guide")
    stand_in = {"name": "eu-publications", "title": "x", "address": oxigraph.endpoint, "also": [PUBLIC], "local": True}
    peers = write_list(folder / "peers.json", [stand_in])
    shutil.copytree(bundled_store, folder / "store")
    with serving(folder / "store", peers=peers, query_processes=1) as running:
        yield running, folder, peers


def blocks(root: Path, language: str, word: str) -> str:
    text = (root / "docs" / "how-to" / "federate.md").read_text(encoding="utf-8")
    return next(found for found in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL) if word in found)


def run(block: str, guide: tuple[Server, Path, Path], *command: str) -> str:
    server, folder, peers = guide
    program = f"{sys.executable} -m iesi_kg"
    text = block.replace(WRITTEN, server.url).replace("iesi-kg ", f"{program} ")
    environment = os.environ | {
        "PYTHONPATH": str(SOURCE),
        "IESI_KG_STORE": str(server.store),
        "IESI_KG_PEERS": str(peers),
    }
    done = subprocess.run(
        [*command, text], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def counted(root: Path, country: str) -> str:
    """How often a country stands in the submitted tables."""
    texts = [file.read_text(encoding="utf-8") for file in (root / "data" / "iesi").glob("*.csv")]
    rows = [row for text in texts for row in csv.DictReader(io.StringIO(text))]
    return str(sum(country in row["country"].split("|") for row in rows))


def test_ask_another_server(guide: tuple[Server, Path, Path], root: Path) -> None:
    said = run(blocks(root, "sh", "countries.rq <<"), guide, "bash", "-euo", "pipefail", "-c")
    expected = [f"Eesti,{counted(root, 'EE')}", f"Soome,{counted(root, 'FI')}"]
    lines = said.replace("\r", "").splitlines()
    assert lines[:3] == ["name,initiatives", *expected]
    assert re.fullmatch(
        rf'iesi-kg-services: "{PUBLIC}";peer="eu-publications";answered=\?1;requests=\d;rows=2;milliseconds=\d+',
        lines[3],
    )
    folder = run(blocks(root, "sh", "iesi-kg query"), guide, "bash", "-euo", "pipefail", "-c")
    assert f"SERVICE <{PUBLIC}>: 2 rows in " in folder
    assert re.search(r"Eesti +14\b", folder)


def test_who_may_be_asked(guide: tuple[Server, Path, Path], root: Path) -> None:
    assert "wikidata  <https://query.wikidata.org/sparql>" in run(blocks(root, "sh", "peers list"), guide, "sh", "-c")
    said = run(blocks(root, "sh", "my-peers.json"), guide, "bash", "-euo", "pipefail", "-c")
    assert "intranet: allowed (127.0.0.1, local)" in said
    assert re.search(r"^archive: (not known here|allowed)", said, re.MULTILINE)


def test_ask_us(guide: tuple[Server, Path, Path], root: Path) -> None:
    assert int(run(blocks(root, "python", "SPARQLWrapper"), guide, sys.executable, "-c").split()[1]) > 50
    assert run(blocks(root, "sh", "query=ASK {}"), guide, "sh", "-c").strip() == "true"
