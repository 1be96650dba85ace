"""Comunica, the query engine of JavaScript, joins us with another server as it would from a web page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from loopback_peers import Running

from running_server import Server

PROGRAM = Path(sys.prefix) / "node" / "node_modules" / ".bin" / "comunica-sparql"
QUERY = "PREFIX ex: <http://example.org/> SELECT ?t ?n ?m { ?t ex:people ?n ; ex:country ?c . ?t ex:mayor ?m }"


@pytest.mark.skipif(not PROGRAM.exists(), reason="Comunica is not installed (tools/test-needs.sh)")
def test_two_sources(service: Server, oxigraph: Running) -> None:
    sources = [f"sparql@{service.endpoint}", f"sparql@{oxigraph.endpoint}"]
    done = subprocess.run(
        [str(PROGRAM), *sources, QUERY, "-t", "application/sparql-results+json"],
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, "NODE_OPTIONS": "--max-old-space-size=400"},
    )
    assert done.returncode == 0, done.stderr
    bindings = json.loads(done.stdout)["results"]["bindings"]
    assert sorted((row["n"]["value"], row["m"]["value"]) for row in bindings) == [
        ("214000", "Päivi"),
        ("605802", "Vilnis"),
        ("709000", "A."),
        ("709000", "Anne"),
    ]
