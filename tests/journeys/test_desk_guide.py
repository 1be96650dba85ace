"""The commands and the query of the guide to the desk do what it says."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner

from iesi_kg.cli.group import group
from iesi_kg.publication.desk import Desk
from iesi_kg.publication.desk_item import NEXT, Item, Sender, State
from iesi_kg.records import SourceFile
from iesi_kg.store.embedded import EmbeddedStore
from running_server import fill

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HEADER = "identifier,name,country,service_areas,source_url,source_check"


def commands(text: str) -> list[list[str]]:
    return [shlex.split(line)[1:] for line in re.findall(r"^iesi-kg .+$", text, re.MULTILINE)]


def hand_in(desk: Desk, name: str) -> Item:
    row = f"{name},{name},ES,social-inclusion,https://example.org/{name},not-re-read"
    return desk.receive(SourceFile(f"{name}.csv", f"{HEADER}\n{row}\n".encode()), Sender(), AT)


def test_every_command_of_the_guide_runs(root: Path, tmp_path: Path) -> None:
    text = (root / "docs" / "how-to" / "steward-desk.md").read_text("utf-8")
    store = tmp_path / "store"
    fill(store, "<http://example.org/s> <http://example.org/p> 1 .")
    desk, accepted = Desk(store), ""
    said = {}
    for number, words in enumerate(commands(text)):
        item = accepted if "withdraw" in words else hand_in(desk, f"one-{number}").id if "ID" in words else ""
        arguments = [item if word == "ID" else word for word in words]
        done = CliRunner().invoke(group, [*arguments, "--store", str(store)])
        assert done.exit_code == 0, (words, done.exception)
        accepted = item if "accept" in words else accepted
        said[words[1]] = done.stdout
    assert list(said) == ["create", "list", "show", "return", "accept", "refuse", "withdraw"]
    (query,) = re.findall(r"```sparql\n(.*?)```", text, re.DOTALL)
    opened = EmbeddedStore.open(store)
    rows = opened.reader().select(query)
    opened.close()
    codes = [str(getattr(row["state"], "value", "")).rpartition("/")[2] for row in rows]
    assert sorted(codes) == ["accepted", "refused", "returned", "withdrawn"]


def test_the_table_of_steps_is_that_of_the_desk(root: Path) -> None:
    text = (root / "docs" / "how-to" / "steward-desk.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| (received|in review|returned|accepted) \| (.+) \|$", text, re.MULTILINE))
    told = {
        start.replace(" ", "-"): [re.sub(r" \(.*\)", "", end).replace(" ", "-") for end in ends.split(", ")]
        for start, ends in rows.items()
    }
    assert told == {state.value: [end.value for end in ends] for state, ends in NEXT.items()}
    assert set(State) - set(told) == {State.REFUSED, State.WITHDRAWN}
