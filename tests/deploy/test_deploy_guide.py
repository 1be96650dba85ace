"""``docs/how-to/deploy.md`` names files, commands, settings and figures that there are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from iesi_kg import settings
from iesi_kg.cli.group import group


@pytest.fixture(scope="module")
def guide(root: Path) -> str:
    return (root / "docs" / "how-to" / "deploy.md").read_text("utf-8")


def test_every_file_is_there_and_is_told_of(guide: str, root: Path) -> None:
    named = set(re.findall(r"deploy/[a-z]+/[\w.-]+\w", guide))
    assert [name for name in named if not (root / name).is_file()] == []
    files = {path.name for path in (root / "deploy").rglob("*") if path.is_file()}
    assert [name for name in files if name not in guide] == []


def test_every_command_of_ours_is_one(guide: str) -> None:
    lines = re.findall(r"(?:^|`|/bin/)iesi-kg ((?:serve|token) [^`\n]*)", guide, re.MULTILINE)
    assert len(lines) >= 2
    for line in lines:
        name, *arguments = shlex.split(line)
        command = group.get_command(click.Context(group), name)
        while isinstance(command, click.Group):
            command = command.get_command(click.Context(command), arguments.pop(0))
        assert command is not None
        command.make_context(name, arguments)  # parsed, not run


def test_every_setting_and_limit_is_as_it_says(guide: str, root: Path) -> None:
    known = {row.variable: row.default for row in settings.table()}
    apart = "compose.virtuoso.yaml"  # what it sets is of a store elsewhere
    paths = [path for path in (root / "deploy").rglob("*") if path.is_file() and path.name != apart]
    files = [path.read_text() for path in paths]
    assert {name for text in (guide, *files) for name in re.findall(r"IESI_KG_[A-Z_]+", text)} <= set(known)
    assert "wait longer than `IESI_KG_TOKEN_SECONDS`" in guide
    for proxy in ("nginx/iesi-kg.conf", "caddy/Caddyfile"):
        text = (root / "deploy" / proxy).read_text()
        [waits] = re.findall(r"(?:proxy_read_timeout|response_header_timeout) (\d+)s", text)
        [bodies] = re.findall(r"(?:client_max_body_size|max_size) (\d+)(?:m|MB)", text)
        [rests] = re.findall(r"(?:keepalive_timeout|keepalive) (\d+)s", text)
        assert int(waits) > known["IESI_KG_TOKEN_SECONDS"]
        assert int(bodies) * 1_000_000 > known["IESI_KG_UPLOAD_BYTES"]
        assert int(rests) < 5
