"""The operator's pages: each command runs as it is shown, and alarms, figures and checks are those of the program."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from upkeep_quads import LATER, quads_of

from iesi_kg.operations import backup
from iesi_kg.operations.gauges import gauges_of
from iesi_kg.web.session import COOKIE

SOURCE = Path(__file__).resolve().parents[2] / "src" / "iesi_kg"
OF_HISTOGRAMS = re.compile(r"_(bucket|sum|count)$")
OTHER_SIGNALS = {"NotReady", "DoctorWarns"}  # of /health/ready and of the doctor, which Prometheus does not see


def commands(page: Path) -> Iterator[list[str]]:
    for block in re.findall(r"^```sh\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["iesi-kg"] and words[1] != "serve":
                yield words[1:]


def test_every_command_of_the_guides_runs_as_it_is_shown(
    run: Callable[..., tuple[int, str]], root: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = quads_of(store)
    ran = []
    for page in ("operate.md", "upgrade.md"):
        for words in commands(root / "docs" / "how-to" / page):
            code, said = run(*words)
            assert code == 0 or (words[0] == "doctor" and code in (1, 2)), (words, said)
            ran.append(words[0])
    assert sorted(set(ran)) == ["backup", "compact", "doctor", "log", "restore", "verify"]
    assert quads_of(store) == quads_of(tmp_path / "trial") == before
    assert (tmp_path / "store.tar.gz").is_file()
    assert len(list(tmp_path.glob("store.before-*"))) == 2


def constants() -> Iterator[tuple[ast.AST, str]]:
    """Texts in the code of the rooms that tell how the service is, each with the call whose first argument it is."""
    for path in [*(SOURCE / "web").rglob("*.py"), *(SOURCE / "operations").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node, node.value
            elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                yield node, str(node.args[0].value)


def test_every_figure_is_on_the_page_and_no_other(root: Path) -> None:
    page = (root / "docs/reference/alarms.md").read_text("utf-8")
    told = re.findall(r"^\| `(iesi_kg_[a-z_]+)` \| (?:counter|gauge|histogram) \| \S", page, re.MULTILINE)
    there = {text for _, text in constants() if re.fullmatch(r"iesi_kg_[a-z_]+", text)} - {COOKIE}
    assert len(there) > 7
    assert set(told) == there
    assert len(told) == len(there)


def test_every_rule_names_known_figures_and_has_its_remedy(root: Path) -> None:
    page = (root / "docs/reference/alarms.md").read_text("utf-8")
    figures = set(re.findall(r"^\| `(iesi_kg_[a-z_]+)`", page, re.MULTILINE))
    (block,) = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    rules = yaml.safe_load(block)["groups"][0]["rules"]
    used = {OF_HISTOGRAMS.sub("", name) for rule in rules for name in re.findall(r"iesi_kg_[a-z_]+", rule["expr"])}
    assert used == figures
    remedies = re.findall(r"^### (\w+)\n\S", page, re.MULTILINE)
    assert set(remedies) - {rule["alert"] for rule in rules} == OTHER_SIGNALS
    assert len(remedies) == len(rules) + len(OTHER_SIGNALS)


def test_every_check_of_the_doctor_is_named(root: Path) -> None:
    page = (root / "docs/reference/alarms.md").read_text("utf-8")
    listed = set(re.findall(r"`(\w+)`", page[page.index("What it looks at") :]))
    checks = {
        text for node, text in constants() if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding"
    }
    assert listed == checks


def test_the_gauges_of_a_store(store: Path, tmp_path: Path) -> None:
    before = {name: value for name, _, value in gauges_of(store)}
    assert (before["iesi_kg_store_version"], before["iesi_kg_last_backup_timestamp_seconds"]) == (3, 0)
    assert before["iesi_kg_disk_free_bytes"] > 0
    made = backup.make(store, backup.Wish(tmp_path / "one.tar", LATER))
    after = {name: value for name, _, value in gauges_of(store)}
    assert after["iesi_kg_last_backup_timestamp_seconds"] == made.manifest.origin.made.timestamp()
    assert list(gauges_of(tmp_path / "nothing")) == [
        ("iesi_kg_last_backup_timestamp_seconds", "When the store was backed up last; 0: never", 0.0)
    ]
