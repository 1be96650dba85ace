"""A commit under a running service: the next answers are of the new version, with a new tag."""

from __future__ import annotations

import json
import time
from pathlib import Path

from running_server import fill, serving


def test_a_commit_is_seen(tmp_path: Path) -> None:
    store = tmp_path / "store"
    fill(store, "<http://example.org/1> <http://example.org/value> 1 .")
    count = "SELECT (COUNT(*) AS ?n) { ?s <http://example.org/value> ?o }"
    with serving(store, query_processes=1) as server:
        before = server.query(count)
        fill(store, "<http://example.org/2> <http://example.org/value> 2 .")
        until = time.monotonic() + 10
        while (after := server.query(count)).headers["IESI-KG-Version"] == before.headers["IESI-KG-Version"]:
            assert time.monotonic() < until, "the new version was not taken up"
            assert after.body == before.body
            time.sleep(0.05)
        assert [json.loads(r.body)["results"]["bindings"][0]["n"]["value"] for r in (before, after)] == ["1", "2"]
        assert before.headers["ETag"] != after.headers["ETag"]
        assert server.query(count, If_None_Match=before.headers["ETag"]).status == 200
        assert json.loads(server.ask("GET", "/health").body)["version"] == int(after.headers["IESI-KG-Version"])
