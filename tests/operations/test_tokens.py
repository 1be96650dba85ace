"""Tokens: what is kept, who is let in, and every way the file can be wrong."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from iesi_kg.errors import NotFound, StoreBusy, TokensUnusable, Unauthorized, UsageError
from iesi_kg.operations.tokens import Grant, Tokens
from iesi_kg.store.durable import locked
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import BASE

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
READ = frozenset({"read-more"})


def test_a_token_opens_what_it_was_made_for(tmp_path: Path) -> None:
    graphs = ("https://example.org/mine",)
    made, text = Tokens(tmp_path).create(Grant("mirror", frozenset({"write"}), graphs), NOW)
    found = Tokens(tmp_path).check(text, NOW)
    assert (found.id, found.name, found.scopes, found.graphs) == (made.id, "mirror", frozenset({"write"}), graphs)


def test_nothing_at_rest_gives_the_token_away(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    _, text = tokens.create(Grant("mirror", READ), NOW)
    secret = text.split("_", 2)[2]
    assert len(secret) == 43  # 256 bits in base64url
    assert secret not in tokens.path.read_text()
    assert secret not in repr(tokens.all())
    assert tokens.path.stat().st_mode & 0o777 == 0o600


def test_the_file_is_closed_to_others_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        tokens = Tokens(tmp_path)
        tokens.create(Grant("mirror", READ), NOW)
    finally:
        os.umask(before)
    assert tokens.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("change", ["last", "id", "short", "long", "empty", "foreign"])
def test_a_token_that_is_not_quite_one_is_unknown(tmp_path: Path, change: str) -> None:
    tokens = Tokens(tmp_path)
    _, text = tokens.create(Grant("mirror", READ), NOW)
    _, other = tokens.create(Grant("other", READ), NOW)
    wrong = {
        "last": text[:-1] + ("A" if text[-1] != "A" else "B"),
        "id": other[:12] + text[12:],
        "short": text[:-1],
        "long": text + "A",
        "empty": "",
        "foreign": "ghp_ünïcode",
    }[change]
    with pytest.raises(Unauthorized, match="not known") as caught:
        tokens.check(wrong, NOW)
    assert caught.value.detail == "this token is not known here"
    assert 'error="invalid_token"' in str(caught.value.members["challenge"])


def test_without_any_token_made_every_token_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(Unauthorized):
        Tokens(tmp_path).check("ikg_00000000_" + "A" * 43, NOW)
    assert list(tmp_path.iterdir()) == []


def test_an_expired_token_ends_at_its_hour(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    _, text = tokens.create(Grant("guest", READ, expires=NOW + timedelta(hours=1)), NOW)
    assert tokens.check(text, NOW + timedelta(minutes=59)).name == "guest"
    with pytest.raises(Unauthorized, match="expired on 2026-11-22T13:00:00Z"):
        tokens.check(text, NOW + timedelta(hours=1))


def test_a_token_revoked_while_in_use_ends_at_once(tmp_path: Path) -> None:
    running, operator = Tokens(tmp_path), Tokens(tmp_path)
    made, text = operator.create(Grant("mirror", READ), NOW)
    assert running.check(text, NOW).name == "mirror"
    operator.revoke("mirror", NOW)
    with pytest.raises(Unauthorized, match="revoked"):
        running.check(text, NOW)
    _, again = operator.create(Grant("mirror", READ), NOW)  # the name is free again
    assert running.check(again, NOW).id != made.id


def test_only_who_holds_the_secret_learns_that_it_was_revoked(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    made, _ = tokens.create(Grant("mirror", READ), NOW)
    tokens.revoke(made.id, NOW)
    with pytest.raises(Unauthorized, match="not known"):
        tokens.check(f"ikg_{made.id}_{'A' * 43}", NOW)


def test_revoking_what_is_not_there_or_ended_says_so(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    made, _ = tokens.create(Grant("mirror", READ), NOW)
    with pytest.raises(NotFound, match="no token 'miror'"):
        tokens.revoke("miror", NOW)
    tokens.revoke(made.id, NOW)
    with pytest.raises(UsageError, match="was revoked on 2026-11-22T12:00:00Z"):
        tokens.revoke(made.id, NOW)


@pytest.mark.parametrize(
    ("grant", "said"),
    [
        (Grant("x", frozenset({"reed-more"})), "unknown scope 'reed-more'"),
        (Grant("x", frozenset()), "needs a scope"),
        (Grant("", READ), "1 to 80 characters"),
        (Grant("two\nlines", READ), "1 to 80 characters"),
        (Grant(" x", READ), "1 to 80 characters"),
        (Grant("x", READ, expires=NOW), "would have expired on 2026-11-22T12:00:00Z"),
        (Grant("x", frozenset({"write"})), "graphs that may be written"),
        (Grant("x", READ, ("https://example.org/g",)), "graphs go with the scope write"),
        (Grant("x", frozenset({"write"}), (iris.graph("provenance").value,)), "holds what is published"),
        (Grant("x", frozenset({"write"}), (f"{BASE}ontology",)), "holds what is published"),
        (Grant("x", frozenset({"write"}), ("my graph",)), "not an absolute IRI"),
    ],
)
def test_a_grant_that_makes_no_sense_is_refused(tmp_path: Path, grant: Grant, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Tokens(tmp_path).create(grant, NOW)
    assert not (tmp_path / "operations" / "tokens.json").exists()


def test_two_valid_tokens_never_share_a_name(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    tokens.create(Grant("mirror", READ, expires=NOW + timedelta(hours=1)), NOW)
    with pytest.raises(UsageError, match="called 'mirror' already"):
        tokens.create(Grant("mirror", READ), NOW)
    later = NOW + timedelta(hours=2)
    tokens.create(Grant("mirror", READ), later)
    with pytest.raises(UsageError, match="several tokens") as caught:
        tokens.revoke("mirror", later)
    assert all(token.id in str(caught.value.hint) for token in tokens.all())


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o602])
def test_a_file_that_others_may_read_or_change_is_not_trusted(tmp_path: Path, mode: int) -> None:
    tokens = Tokens(tmp_path)
    _, text = tokens.create(Grant("mirror", READ), NOW)
    assert tokens.check(text, NOW)
    tokens.path.chmod(mode)
    with pytest.raises(TokensUnusable, match="others than its owner") as caught:
        tokens.check(text, NOW)
    assert caught.value.hint == f"chmod 600 {tokens.path}"
    tokens.path.chmod(0o600)
    assert tokens.check(text, NOW)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"format": 2, "salt": "", "tokens": []}', b"\xff"])
def test_a_damaged_file_opens_nothing_and_is_not_overwritten(tmp_path: Path, content: bytes) -> None:
    tokens = Tokens(tmp_path)
    _, text = tokens.create(Grant("mirror", READ), NOW)
    tokens.path.write_bytes(content)
    for attempt in (lambda: tokens.check(text, NOW), lambda: tokens.create(Grant("new", READ), NOW)):
        with pytest.raises(TokensUnusable, match="damaged"):
            attempt()
    assert tokens.path.read_bytes() == content


@pytest.mark.parametrize(
    ("field", "value"),
    [("scopes", None), ("created", "yesterday"), ("hmac_sha256", "00"), ("expires", 5), ("graphs", None)],
)
def test_a_damaged_entry_opens_nothing(tmp_path: Path, field: str, value: object) -> None:
    tokens = Tokens(tmp_path)
    _, text = tokens.create(Grant("mirror", READ), NOW)
    facts = json.loads(tokens.path.read_text())
    facts["tokens"][0][field] = value
    tokens.path.write_text(json.dumps(facts))
    with pytest.raises(TokensUnusable, match="damaged"):
        tokens.check(text, NOW)


def test_a_scope_that_this_version_does_not_know_opens_nothing(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    _, text = tokens.create(Grant("mirror", READ), NOW)
    facts = json.loads(tokens.path.read_text())
    facts["tokens"][0]["scopes"] = ["everything-tomorrow", "read-more"]
    tokens.path.write_text(json.dumps(facts))
    assert tokens.check(text, NOW).scopes == READ


def test_an_unreadable_file_is_said_with_a_remedy(tmp_path: Path) -> None:
    """Another user than the owner: a child that gives up its rights where this test has all."""
    tokens = Tokens(tmp_path / "store")
    tokens.create(Grant("mirror", READ), NOW)
    tokens.path.chmod(0o000)
    if os.getuid():
        with pytest.raises(TokensUnusable, match="permission denied"):
            tokens.all()
        return
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        folder.chmod(folder.stat().st_mode | 0o055)
    probe = (
        "import os\nfrom pathlib import Path\n"
        "from iesi_kg.errors import TokensUnusable\n"
        "from iesi_kg.operations.tokens import Tokens\n"
        f"os.setuid({pwd.getpwnam('nobody').pw_uid})\n"
        f"try: Tokens(Path({str(tmp_path / 'store')!r})).all()\n"
        "except TokensUnusable as error: print(error.detail, '|', error.hint)\n"
    )
    source = Path(__file__).resolve().parents[2] / "src"
    run = subprocess.run(
        [sys.executable, "-c", probe], env={"PYTHONPATH": str(source)}, capture_output=True, text=True, check=True
    )
    assert "permission denied | run the command as the user that runs the service" in run.stdout


def test_two_operators_at_once_lose_no_token(tmp_path: Path) -> None:
    """Each process makes five tokens; the lock puts them one after another."""
    probe = (
        "import sys\nfrom datetime import UTC, datetime\nfrom pathlib import Path\n"
        "from iesi_kg.operations.tokens import Grant, Tokens\n"
        "for n in range(5): Tokens(Path(sys.argv[1])).create("
        "Grant(f'{sys.argv[2]}-{n}', frozenset({'submit'})), datetime.now(UTC))\n"
    )
    source = Path(__file__).resolve().parents[2] / "src"
    made = [
        subprocess.Popen([sys.executable, "-c", probe, str(tmp_path), name], env={"PYTHONPATH": str(source)})
        for name in ("anna", "berta")
    ]
    assert [process.wait(timeout=30) for process in made] == [0, 0]
    assert {token.name for token in Tokens(tmp_path).all()} == {f"{n}-{i}" for n in ("anna", "berta") for i in range(5)}


def test_a_lock_that_is_held_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iesi_kg.operations.tokens._LOCK_SECONDS", 0.1)
    tokens = Tokens(tmp_path)
    tokens.create(Grant("mirror", READ), NOW)
    with locked(tmp_path / "operations" / "LOCK", 1.0), pytest.raises(StoreBusy):
        tokens.revoke("mirror", NOW)
    assert tokens.revoke("mirror", NOW).name == "mirror"
