"""``iesi-kg token`` as an operator types it."""

from __future__ import annotations

import json
import os
import pwd
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from iesi_kg.operations.audit import AuditLog
from iesi_kg.operations.tokens import Tokens

SOURCE = Path(__file__).resolve().parents[2] / "src"


def token(store: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "iesi_kg", "token", *arguments, "--store", str(store)]
    return subprocess.run(
        command, env={"PYTHONPATH": str(SOURCE), "LANG": "C.UTF-8"}, capture_output=True, text=True, check=False
    )


def test_create_list_revoke(tmp_path: Path) -> None:
    made = token(
        tmp_path, "create", "mirror", "--scope", "write", "--graph", "https://example.org/g", "--expires", "2d"
    )
    assert made.returncode == 0, made.stderr
    assert re.fullmatch(r"ikg_[0-9a-f]{8}_[\w-]{43}\n", made.stdout)
    assert made.stdout.strip() not in made.stderr
    identifier = made.stdout.split("_")[1]
    [row] = json.loads(token(tmp_path, "list", "--format", "json").stdout)
    assert (row["id"], row["name"], row["state"]) == (identifier, "mirror", "valid")
    assert (row["scopes"], row["graphs"]) == (["write"], ["https://example.org/g"])
    expires = datetime.fromisoformat(row["expires"])
    assert abs(expires - datetime.now(UTC) - timedelta(days=2)) < timedelta(minutes=5)
    ended = token(tmp_path, "revoke", "mirror")
    assert (ended.returncode, ended.stdout) == (0, f"revoked {identifier} (mirror)\n")
    listed = token(tmp_path, "list").stdout
    assert listed.startswith(f"{identifier}  revoked  mirror: write on https://example.org/g; until ")
    assert listed.endswith("never used\n")
    assert made.stdout.strip() not in listed


def test_what_is_done_with_tokens_is_in_the_log(tmp_path: Path) -> None:
    made = token(tmp_path, "create", "mirror", "--scope", "submit", "--expires", "never")
    identifier = made.stdout.split("_")[1]
    token(tmp_path, "revoke", identifier)
    first, second = AuditLog(tmp_path).entries()
    user = pwd.getpwuid(os.getuid()).pw_name
    assert [(e.act.who, e.act.how, e.act.what, e.act.detail["token"]) for e in (first, second)] == [
        (user, "command", "token created", identifier),
        (user, "command", "token revoked", identifier),
    ]
    assert first.act.detail["reach"] == "submit"
    assert made.stdout.strip()[13:] not in AuditLog(tmp_path).path.read_text()


def test_no_token_is_made_that_the_log_cannot_tell_of(tmp_path: Path) -> None:
    token(tmp_path, "create", "mirror", "--scope", "submit")
    log = AuditLog(tmp_path).path
    log.write_bytes(log.read_bytes().replace(b"mirror", b"mirrir"))
    run = token(tmp_path, "create", "other", "--scope", "submit")
    assert (run.returncode, run.stdout) == (3, "")
    assert "is damaged: the last entry was changed after it was written" in run.stderr
    assert [row.name for row in Tokens(tmp_path).all()] == ["mirror"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("create", "x", "--scope", "all"),
            "unknown scope 'all'\n         scopes: read-more, submit, rev",
        ),
        (("create", "x"), "a token needs a scope"),
        (("create", "x", "--scope", "admin", "--expires", "soon"), "'soon' is no time to expire\n         90d, 12h,"),
        (("create", "x", "--scope", "admin", "--expires", "2020-01-31"), "would have expired on 2020-01-31"),
        (("revoke", "nobody"), "there is no token 'nobody' to revoke\n         `iesi-kg token list`"),
    ],
)
def test_mistakes_are_one_sentence_with_a_remedy(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    run = token(tmp_path, *arguments)
    assert (run.returncode, run.stdout) == (3, "")
    assert run.stderr.startswith("iesi-kg: ")
    assert said in run.stderr
    assert "Traceback" not in run.stderr
