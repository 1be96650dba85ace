"""``docs/how-to/add-a-database.md``: its files and commands, followed to the letter, give what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from iesi_kg.cli.group import group
from iesi_kg.linking.adapters_mapping import TABLE_KEYS, THING_KEYS, USE_KEYS
from iesi_kg.linking.entities import of_quads
from iesi_kg.vocabulary import iris


@pytest.fixture(scope="module")
def guide(root: Path) -> str:
    return (root / "docs" / "how-to" / "add-a-database.md").read_text("utf-8")


@pytest.fixture
def folder(guide: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in re.findall(r"\n`([\w./-]+)`:\n\n```\w+\n(.*?)```", guide, re.DOTALL):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_guide_adds_a_database(guide: str, folder: Path) -> None:
    (command,) = re.findall(r"^iesi-kg (adapt \./.*)$", guide, re.MULTILINE)
    (said,) = re.findall(r"```text\n(.*?)```", guide, re.DOTALL)
    done = CliRunner().invoke(group, command.split())
    assert (done.exit_code, sorted(done.output.splitlines())) == (0, sorted(said.splitlines()))
    quads = list(parse((folder / "projects.nq").read_bytes(), RdfFormat.N_QUADS))
    app, bus, reading = of_quads(quads, "my-region")  # who leads them is no record of this database
    assert (app.curie, app.names, app.description) == (
        "my-region:7",
        ("Neighbour app",),
        "People next door offer & find help.",
    )
    assert (app.countries, app.start_year, app.status) == (("AT",), 2016, "running")
    assert (app.pages, app.organisations, app.topics) == (
        ("https://example.org/app",),
        ("Caritas Graz",),
        ("messaging", "mobile-web-apps"),
    )
    assert (bus.countries, bus.start_year, bus.status, bus.pages) == (("GB",), None, "ended", ())
    assert (reading.status, reading.organisations) == ("", ())
    kept = {(quad.subject, quad.predicate): quad.object for quad in quads}
    assert kept[iris.peer_record("my-region", "9"), iris.peer_field("my-region", "state")] == Literal("ruht")
    assert kept[iris.peer_record("my-region", "8"), iris.peer_field("my-region", "land")] == Literal("UK")
    assert NamedNode("http://purl.org/dc/terms/license") in {quad.predicate for quad in quads}


def test_the_guide_explains_every_key(guide: str) -> None:
    tables = {
        title: set(re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in rows.splitlines())))
        for title, rows in re.findall(r"\| key of a (\w+) \| meaning \|\n\|---\|---\|\n((?:\|.*\n)+)", guide)
    }
    columns = set(USE_KEYS) - {"pattern", "iri", "prefix"}  # explained with the kind iri
    assert tables == {"table": set(TABLE_KEYS), "thing": set(THING_KEYS), "column": columns}
