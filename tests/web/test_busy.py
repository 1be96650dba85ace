"""More queries than may wait: those beyond the bound are told at once to come back."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from running_server import Reply, fill, serving

RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n1 ?o }"


def test_a_full_queue_says_so(tmp_path: Path) -> None:
    fill(tmp_path / "store", "".join(f"<http://example.org/{n}> <http://example.org/p> {n} .\n" for n in range(500)))
    replies: list[Reply] = []
    with serving(tmp_path / "store", query_processes=1, query_queue=2, query_seconds=2) as server:

        def run(number: int) -> None:
            replies.append(server.query(f"{RUNAWAY} # {number}"))

        threads = [threading.Thread(target=run, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.query("ASK {}").status == 200
    refused = [reply for reply in replies if json.loads(reply.body)["type"] == "/problems/service-busy"]
    assert refused
    assert {reply.status for reply in refused} == {503}
    assert {reply.headers["Retry-After"] for reply in refused} == {"2"}
    assert {reply.status for reply in replies} <= {503, 504}
