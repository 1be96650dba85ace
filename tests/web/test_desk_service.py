"""The desk over HTTP: who may do what, the status address, sessions and their forms, and what is told to nobody."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from iesi_kg.errors import TooManyHandIns, Unauthorized
from iesi_kg.operations.audit import AuditLog
from iesi_kg.operations.tokens import Grant, Tokens
from iesi_kg.publication.desk_item import Sender
from iesi_kg.records import SourceFile
from iesi_kg.settings import Settings
from iesi_kg.web import session
from iesi_kg.web.access import ANYBODY, Caller, Gate
from iesi_kg.web.reception import Reception, wish_of
from iesi_kg.web.session import Sessions
from running_server import Reply, Server, fill, serving

HEADER = (
    "identifier,name,country,start_year,service_areas,target_groups,description,lead_organisation,"
    "source_url,source_check"
)
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
BOUNDARY = "----b"


def table(name: str, country: str = "ES") -> bytes:
    row = f"{name},{name},{country},2013,social-inclusion,older-people,It helps.,Ajuntament,https://example.org/,not-re-read"
    return f"{HEADER}\n{row}\n".encode()


@pytest.fixture(scope="module")
def open_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    store = tmp_path_factory.mktemp("desk") / "store"
    fill(store, "<http://example.org/s> <http://example.org/p> 1 .")
    with serving(store, query_processes=1) as running:
        yield running


@pytest.fixture(scope="module")
def tokens(open_desk: Server) -> dict[str, str]:
    now = datetime.now(UTC)
    grants = {"anna": {"submit"}, "rita": {"review"}, "both": {"submit", "review"}}
    made = Tokens(open_desk.store)
    return {name: made.create(Grant(name, frozenset(scopes)), now)[1] for name, scopes in grants.items()}


def bearer(token: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", **more}


def upload(fields: Mapping[str, str], *contents: bytes, name: str = "Anna Smith.csv") -> tuple[dict[str, str], bytes]:
    """A multipart form (RFC 7578); further files are called 2-NAME, 3-NAME ..."""
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    body = "".join(parts).encode()
    for number, content in enumerate(contents, start=1):
        own = name if number == 1 else f"{number}-{name}"
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{own}"\r\n\r\n'
        body += head.encode() + content + b"\r\n"
    return {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}, body + f"--{BOUNDARY}--\r\n".encode()


def hand_in(server: Server, token: str, content: bytes, **headers: str) -> Reply:
    kind, body = upload({"name": "Anna Smith", "contact": "anna@example.org"}, content)
    return server.ask("POST", "/api/submissions", {**kind, **bearer(token), **headers}, body)


def decide(server: Server, token: str, item: str, **given: object) -> Reply:
    headers = bearer(token) | {"Content-Type": "application/json"}
    return server.ask("POST", f"/api/submissions/{item}/decisions", headers, json.dumps(given))


def problem(reply: Reply) -> tuple[int, str]:
    return reply.status, json.loads(reply.body)["type"]


def path_of(address: str) -> str:
    return urlsplit(address).path


def test_a_file_goes_from_receipt_to_publication_and_out_again(open_desk: Server, tokens: dict[str, str]) -> None:
    came = hand_in(open_desk, tokens["anna"], table("whole"))
    receipt = json.loads(came.body)
    assert (came.status, receipt["state"], came.headers["Location"]) == (201, "received", receipt["status_address"])
    assert came.headers["Cache-Control"] == "no-store"
    item = receipt["id"]
    asked = f"/api/submissions/{item}/changes?answers=true"
    changes = json.loads(open_desk.ask("GET", asked, bearer(tokens["rita"])).body)
    record = next(record for record in changes["records"] if record["name"] == "whole")
    assert record["new"] is True
    assert ["", "startYear", "2013"] in [
        [part, name.rpartition("#")[2], value] for part, name, value in record["added"]
    ]
    assert changes["removed"] == 0
    assert changes["answers_not_computed"] == []
    done = decide(open_desk, tokens["rita"], item, decision="accepted", reason="complete", revision=1)
    assert (done.status, json.loads(done.body)["state"]) == (200, "accepted")
    assert open_desk.ask("GET", "/id/initiative/whole").status == 200
    followed = open_desk.ask("GET", "/api" + path_of(receipt["status_address"]))
    steps = json.loads(followed.body)["history"]
    assert [(step["state"], step["role"], step["reason_label"]) for step in steps] == [
        ("received", "sender", None),
        ("accepted", "reviewer", "complete and well sourced"),
    ]
    assert "rita" not in followed.text
    told = open_desk.ask("GET", f"/id/decision/{item}-2", {"Accept": "text/turtle"})
    assert (told.status, "decision-reason/complete" in told.text) == (200, True)
    out = decide(open_desk, tokens["rita"], item, decision="withdrawn", reason="wrong")
    assert (out.status, json.loads(out.body)["state"]) == (200, "withdrawn")
    gone = open_desk.ask("GET", "/id/initiative/whole")
    assert (gone.status, "found to be wrong" in gone.text) == (410, True)


@pytest.mark.parametrize(
    ("method", "path", "who", "expected"),
    [
        ("POST", "/api/submissions", None, (401, "/problems/unauthorized")),
        ("POST", "/api/submissions", "rita", (403, "/problems/forbidden")),
        ("GET", "/api/submissions", None, (401, "/problems/unauthorized")),
        ("GET", "/api/submissions", "anna", (403, "/problems/forbidden")),
        ("GET", "/api/submissions/0123456789abcdef", None, (401, "/problems/unauthorized")),
        ("GET", "/api/submissions/0123456789abcdef", "rita", (404, "/problems/not-found")),
        ("GET", "/api/receipts/0123456789abcdef/wrong", None, (404, "/problems/not-found")),
        ("GET", "/submissions/0123456789abcdef/file", None, (401, "/problems/unauthorized")),
        ("POST", "/receipts/0123456789abcdef/wrong/withdraw", None, (404, "/problems/not-found")),
    ],
)
def test_who_may_not(
    open_desk: Server, tokens: dict[str, str], method: str, path: str, who: str | None, expected: tuple[int, str]
) -> None:
    kind, body = upload({}, table("nobody"))
    headers = bearer(tokens[who]) if who else {}
    sent = {**headers, **kind} if method == "POST" else headers
    assert problem(open_desk.ask(method, path, sent, body if method == "POST" else None)) == expected


def test_decisions_that_are_refused(open_desk: Server, tokens: dict[str, str]) -> None:
    broken = json.loads(hand_in(open_desk, tokens["both"], table("refusals", "Spian")).body)["id"]
    rita, both = tokens["rita"], tokens["both"]
    own = decide(open_desk, both, broken, decision="accepted")
    assert problem(own) == (403, "/problems/own-submission")
    assert "another reviewer" in json.loads(own.body)["hint"]
    assert problem(decide(open_desk, rita, broken, decision="refused")) == (400, "/problems/usage-error")
    assert problem(decide(open_desk, rita, broken, decision="refused", reason="x")) == (400, "/problems/usage-error")
    rejected = decide(open_desk, rita, broken, decision="accepted")
    assert problem(rejected) == (422, "/problems/submission-rejected")
    assert json.loads(rejected.body)["report"]["findings"][0]["suggestion"] == "ES (Spain)"
    assert decide(open_desk, rita, broken, decision="in-review", revision=1).status == 200
    late = decide(open_desk, rita, broken, decision="refused", reason="wrong", revision=1)
    assert problem(late) == (409, "/problems/decision-conflict")
    assert (json.loads(late.body)["state"], json.loads(late.body)["revision"]) == ("in-review", 2)
    listed = open_desk.ask("GET", "/api/submissions?state=in-review", bearer(rita))
    assert [case["id"] for case in json.loads(listed.body)["submissions"]] == [broken]


def test_a_key_makes_a_hand_in_one(open_desk: Server, tokens: dict[str, str]) -> None:
    first = hand_in(open_desk, tokens["anna"], table("keyed"), **{"Idempotency-Key": "key-of-mine"})
    again = hand_in(open_desk, tokens["anna"], table("keyed"), **{"Idempotency-Key": "key-of-mine"})
    assert first.body == again.body
    other = hand_in(open_desk, tokens["anna"], table("other"), **{"Idempotency-Key": "key-of-mine"})
    assert problem(other) == (409, "/problems/decision-conflict")
    odd = hand_in(open_desk, tokens["anna"], table("other"), **{"Idempotency-Key": "short"})
    assert problem(odd) == (400, "/problems/usage-error")


def test_what_cannot_be_read_is_not_kept(open_desk: Server, tokens: dict[str, str]) -> None:
    assert problem(hand_in(open_desk, tokens["anna"], b"a,b\n1,2\n")) == (400, "/problems/unreadable-file")


def test_a_request_reaches_the_desk_without_an_account(open_desk: Server, tokens: dict[str, str]) -> None:
    text = "It ended. <script>alert(1)</script>"
    given = {"kind": "correction", "about": "/id/initiative/x", "text": text, "contact": "me@example.org"}
    asked = open_desk.ask("POST", "/report", FORM, urlencode({**given, "key": "a-key-for-it"}))
    assert asked.status == 303
    address = asked.headers["Location"]
    page = open_desk.ask("GET", address, {"Accept": "text/html"})
    assert (page.status, page.headers["X-Robots-Tag"], page.headers["Cache-Control"]) == (200, "noindex", "no-store")
    item = address.split("/")[2]
    shown = open_desk.ask("GET", f"/submissions/{item}", bearer(tokens["rita"], Accept="text/html"))
    assert "&lt;script&gt;alert(1)" in shown.text
    assert "<script>alert" not in shown.text
    answered = decide(open_desk, tokens["rita"], item, decision="accepted", reason="corrected", note="Thank you")
    assert answered.status == 200
    assert "Thank you" in open_desk.ask("GET", address, {"Accept": "text/html"}).text
    everything = open_desk.query("SELECT * { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }").text
    assert "It ended" not in everything
    assert item not in everything


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"website": "spam"}, 400, "must stay empty"),
        ({"about": "https://example.org/x"}, 400, "is no record of this graph"),
        ({"about": "not an iri"}, 400, "a correction or a takedown of one record"),
        ({"kind": "file"}, 400, "a correction or a takedown of one record"),
        ({"text": ""}, 400, "A request says what is wrong"),
    ],
)
def test_requests_that_are_refused(open_desk: Server, change: dict[str, str], status: int, words: str) -> None:
    given = {"kind": "correction", "about": "/id/initiative/x", "text": "wrong", "key": "k" * 9} | change
    reply = open_desk.ask("POST", "/report", FORM, urlencode(given))
    assert (reply.status, words in reply.text) == (status, True)
    assert reply.text.count('name="text"') == 1


def test_a_form_of_another_site_or_too_long_is_refused(open_desk: Server) -> None:
    away = {**FORM, "Sec-Fetch-Site": "cross-site"}
    assert open_desk.ask("POST", "/report", away, "text=x").status == 403
    assert open_desk.ask("POST", "/report", FORM, "text=" + "x" * 200_001).status == 413
    assert open_desk.ask("POST", "/report", FORM, b"text=\xff").status == 400


def signed_in(server: Server, token: str) -> tuple[str, str]:
    """The cookie of a session, and what its forms carry."""
    reply = server.ask("POST", "/submissions/sign-in", FORM, urlencode({"token": token, "to": "/submissions"}))
    assert (reply.status, reply.headers["Location"]) == (303, "/submissions")
    cookie = reply.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert token not in cookie
    name = cookie.partition(";")[0]
    page = server.ask("GET", "/submissions", {"Cookie": name, "Accept": "text/html"})
    found = re.search(r'name="proof" value="([0-9a-f]{64})"', page.text)
    assert found
    return name, found[1]


def test_a_session_opens_what_its_token_opens_and_ends_with_it(open_desk: Server, tokens: dict[str, str]) -> None:
    item = json.loads(hand_in(open_desk, tokens["anna"], table("session")).body)["id"]
    cookie, proof = signed_in(open_desk, tokens["rita"])
    given = {"decision": "refused", "reason": "outside-scope", "revision": "1", "proof": proof}
    path, headers = f"/submissions/{item}", {**FORM, "Cookie": cookie}
    assert open_desk.ask("POST", path, headers, urlencode({**given, "proof": "0" * 64})).status == 403
    assert open_desk.ask("POST", path, headers, urlencode({**given, "decision": "burnt"})).status == 403
    told = open_desk.ask("POST", path, headers, urlencode({**given, "reason": "", "note": "my words"}))
    assert (told.status, "needs a reason" in told.text, "my words" in told.text) == (400, True, True)
    assert open_desk.ask("POST", path, headers, urlencode(given)).status == 303
    assert open_desk.ask("POST", path, headers, urlencode(given)).status == 303
    file = open_desk.ask("GET", f"{path}/file", {"Cookie": cookie})
    assert (file.body, file.headers["Content-Type"]) == (table("session"), "application/octet-stream")
    assert file.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Anna%20Smith.csv"
    assert open_desk.ask("POST", "/submissions/sign-out", headers, urlencode({"proof": "no"})).status == 403
    assert open_desk.ask("POST", "/submissions/sign-out", headers, urlencode({"proof": proof})).status == 303
    assert open_desk.ask("GET", "/submissions", headers).status == 401


def test_a_revoked_token_ends_its_sessions(open_desk: Server) -> None:
    now, made = datetime.now(UTC), Tokens(open_desk.store)
    cookie, _ = signed_in(open_desk, made.create(Grant("brief", frozenset({"review"})), now)[1])
    made.revoke("brief", now)
    assert open_desk.ask("GET", "/submissions", {"Cookie": cookie, "Accept": "text/html"}).status == 401


def test_signing_in_wrongly(open_desk: Server, tokens: dict[str, str]) -> None:
    wrong = open_desk.ask("POST", "/submissions/sign-in", FORM, urlencode({"token": "ikg_nothing"}))
    assert (wrong.status, "Set-Cookie" in wrong.headers) == (401, False)
    away = urlencode({"token": tokens["rita"], "to": "//example.org/"})
    assert open_desk.ask("POST", "/submissions/sign-in", FORM, away).headers["Location"] == "/submissions"
    submit = open_desk.ask("POST", "/submissions/sign-in", FORM, urlencode({"token": tokens["anna"]}))
    cookie = submit.headers["Set-Cookie"].partition(";")[0]
    page = open_desk.ask("GET", "/submissions", {"Cookie": cookie, "Accept": "text/html"})
    assert (page.status, "does not open this page" in page.text) == (403, True)


def test_a_returned_file_is_mended_under_its_status_address(open_desk: Server, tokens: dict[str, str]) -> None:
    receipt = json.loads(hand_in(open_desk, tokens["anna"], table("mend", "Spian")).body)
    address = path_of(receipt["status_address"])
    kind, body = upload({}, table("mend"), name="mended.csv")
    early = open_desk.ask("POST", f"{address}/file", kind, body)
    assert problem(early) == (409, "/problems/decision-conflict")
    decide(open_desk, tokens["rita"], receipt["id"], decision="returned", reason="to-mend", note="the country")
    page = open_desk.ask("GET", address, {"Accept": "text/html", "Accept-Language": "de"})
    assert "etwas ist zu berichtigen" in page.text
    assert "the country" in page.text
    assert open_desk.ask("POST", f"{address}/file", kind, body).headers["Location"] == address
    done = decide(open_desk, tokens["rita"], receipt["id"], decision="accepted")
    assert json.loads(done.body)["state"] == "accepted"
    taken_back = open_desk.ask("POST", f"{address}/withdraw", FORM, "")
    assert (taken_back.status, "taken back by a reviewer" in taken_back.text) == (403, True)


def test_the_receipt_of_several_files_says_what_they_look_like(open_desk: Server, tokens: dict[str, str]) -> None:
    first, second = table("twin-house"), table("other").replace(b"other,other", b"other,Twin House")
    kind, body = upload({}, first, second, name="twins.csv")
    came = open_desk.ask("POST", "/api/submissions", {**kind, **bearer(tokens["anna"])}, body)
    receipt = json.loads(came.body)
    assert (came.status, receipt["title"]) == (201, "2-twins.csv, twins.csv")
    (alike,) = receipt["look_alikes"]
    assert alike == {
        "file": "twins.csv",
        "row": 2,
        "column": "name",
        "value": "twin-house",
        "code": "possible-duplicate",
        "message": "This looks like Twin House in row 2 of 2-twins.csv: the same name, the same country, the same "
        "organisation.",
        "remedy": "if it is the same initiative, keep one of the two rows; if it is another, leave it as it is",
    }
    followed = json.loads(open_desk.ask("GET", "/api" + path_of(receipt["status_address"])).body)
    assert "look_alikes" not in followed


def test_a_sender_takes_back_what_is_not_decided(open_desk: Server, tokens: dict[str, str]) -> None:
    receipt = json.loads(hand_in(open_desk, tokens["anna"], table("back")).body)
    address = path_of(receipt["status_address"])
    assert open_desk.ask("POST", f"{address}/withdraw", FORM, "").status == 303
    assert open_desk.ask("POST", f"{address}/withdraw", FORM, "").status == 303
    assert json.loads(open_desk.ask("GET", f"/api{address}").body)["state"] == "withdrawn"


def test_the_page_of_a_check_hands_in_what_it_carries(open_desk: Server, tokens: dict[str, str]) -> None:
    kind, body = upload({}, table("carried"))
    checked = open_desk.ask("POST", "/check", {**kind, "Accept": "text/html"}, body)
    assert "What would change" in checked.text
    carried = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', checked.text))
    plain = (
        "".join(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
            for k, v in {**carried, "as": "submit"}.items()
        ).encode()
        + f"--{BOUNDARY}--\r\n".encode()
    )
    nobody = open_desk.ask("POST", "/check", {**kind, "Accept": "text/html"}, plain)
    assert (nobody.status, "this needs a token with the scope submit" in nobody.text.lower()) == (401, True)
    taken = open_desk.ask("POST", "/check", {**kind, **bearer(tokens["anna"], Accept="text/html")}, plain)
    again = open_desk.ask("POST", "/check", {**kind, **bearer(tokens["anna"], Accept="text/html")}, plain)
    assert (taken.status, taken.headers["Location"]) == (303, again.headers["Location"])
    spoiled = plain.replace(carried["kept"].encode(), b"%%%")
    refused = open_desk.ask("POST", "/check", {**kind, **bearer(tokens["anna"], Accept="text/html")}, spoiled)
    assert (refused.status, "did not come back whole" in refused.text) == (400, True)


@pytest.mark.parametrize(
    ("wanted", "kind", "name", "begins"),
    [
        ("json", "application/json", "findings.json", b'{"conforms": false'),
        ("csv", "text/csv; charset=utf-8", "findings.csv", b""),
        ("html", "text/html; charset=utf-8", "findings.html", b"<!DOCTYPE html>"),
        ("ttl", "text/turtle; charset=utf-8", "findings.ttl", b""),
        ("annotated", "application/vnd.openxmlformats", "saved-annotated.xlsx", b"PK"),
        ("mended", "application/octet-stream", "saved-mended.csv", b"identifier,name,country"),
    ],
)
def test_the_verdict_is_saved(open_desk: Server, wanted: str, kind: str, name: str, begins: bytes) -> None:
    head, body = upload({"as": wanted}, table("saved", "Spian"), name="saved.csv")
    reply = open_desk.ask("POST", "/check?lang=fr", {**head, "Accept": "text/html"}, body)
    assert (reply.status, reply.headers["Content-Type"][: len(kind)]) == (200, kind)
    assert reply.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{name}"
    assert reply.body.startswith(begins)
    assert b"Spian" in reply.body or wanted in ("annotated", "mended", "ttl")


def test_a_file_of_statements_has_no_cells_to_write_into(open_desk: Server) -> None:
    head, body = upload({"as": "annotated"}, b"<http://example.org/a> <http://example.org/b> 1 .", name="a.ttl")
    reply = open_desk.ask("POST", "/check", {**head, "Accept": "text/html"}, body)
    assert (reply.status, "only a table can be annotated" in reply.text) == (400, True)


def test_every_hand_in_and_decision_is_in_the_log(open_desk: Server) -> None:
    log = AuditLog(open_desk.store)
    log.verify()
    kinds = {entry.act.what for entry in log.entries()}
    assert kinds >= {"hand-in", "hand-in accepted", "hand-in refused", "hand-in in-review", "request"}
    assert "Anna Smith" not in log.path.read_text("utf-8")


def test_an_open_desk_counts_what_comes_from_one_address(tmp_path: Path) -> None:
    closed = Reception(Settings(store=tmp_path), Gate(Settings(store=tmp_path)))
    source = SourceFile("a.csv", b"")
    with pytest.raises(Unauthorized):
        closed.receive(source, ANYBODY, Sender(), "192.0.2.1")
    opened = Reception(Settings(store=tmp_path, hand_in_open=True), Gate(Settings(store=tmp_path)))
    for _ in range(10):
        opened.receive(source, ANYBODY, Sender(), "192.0.2.1")
    with pytest.raises(TooManyHandIns, match="10 came from this address within 10 minutes") as told:
        opened.ask(wish_of("correction", "/id/initiative/x", "wrong"), ANYBODY, Sender(), "192.0.2.1")
    assert 590 < told.value.members["retry_after"] <= 600  # type: ignore[operator]
    assert opened.receive(source, ANYBODY, Sender(), "192.0.2.2").state.value == "received"
    assert opened.receive(source, Caller("anna", frozenset({"submit"}), ()), Sender(), "192.0.2.1").sender.by == "anna"


def test_sessions_are_few_and_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = Tokens(tmp_path).create(Grant("rita", frozenset({"review"})), datetime.now(UTC))[1]
    sessions = Sessions(Gate(Settings(store=tmp_path)))
    cookie = sessions.begin(text, "192.0.2.1")
    assert sessions.caller(cookie).name == "rita"
    assert sessions.caller("made up") is ANYBODY
    later = time.monotonic() + session.SECONDS
    monkeypatch.setattr(session.time, "monotonic", lambda: later)
    assert sessions.caller(cookie) is ANYBODY
