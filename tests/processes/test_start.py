"""What cannot be served by several processes is refused before anything is loaded, in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from iesi_kg.cli.group import group
from iesi_kg.errors import IesiKgError

_NEAR = "IESI_KG_PORT? `iesi-kg settings` lists every setting"
_LINES = "IESI_KG_NAME=value, one on each line"


@pytest.mark.parametrize(
    ("arguments", "said", "remedy"),
    [
        (["--workers", "0"], "0 serving processes cannot be", "1 to 16: one for each processor that is to serve"),
        (["--workers", "17"], "17 serving processes cannot be", "1 to 16: one for each processor that is to serve"),
        (
            ["--workers", "2", "--scratch"],
            "a scratch store is written by the one process that serves it, not by 2",
            "leave --workers and IESI_KG_WORKERS out",
        ),
        (["--settings", "none.env"], "the settings in none.env cannot be read: No such file", "check --settings"),
        (["--settings", "latin.env"], "the settings in latin.env cannot be read: it is not UTF-8", "check --settings"),
        (["--settings", "wrong.env"], "wrong.env: line 1 is no setting: 'port: 80'", _LINES),
        (["--settings", "other.env"], "unknown setting IESI_KG_PROT", _NEAR),
        (["--post", "{}"], "--post is given by the service to processes of its own", "leave it out"),
    ],
    ids=["none", "many", "scratch", "no file", "no UTF-8", "no setting", "unknown", "post"],
)
def test_refused(arguments: list[str], said: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("latin.env").write_bytes(b"IESI_KG_HOSTS=\xe9")
    Path("wrong.env").write_text("port: 80\n")
    Path("other.env").write_text("IESI_KG_PROT=80\n")
    done = CliRunner().invoke(group, ["serve", "--store", "store", "--port", "0", *arguments])
    assert isinstance(done.exception, IesiKgError)
    assert (said in done.exception.detail, done.exception.hint) == (True, remedy)
    assert not Path("store").exists()
