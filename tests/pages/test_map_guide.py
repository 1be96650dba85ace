"""The commands and the notebook of the guide to the map do what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from iesi_kg.cli.group import group


def test_every_command_and_the_notebook_of_the_guide_run(
    root: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (root / "docs" / "how-to" / "draw-the-map.md").read_text("utf-8")
    (tmp_path / "store").symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    for line in re.findall(r"^iesi-kg .+$", text, re.MULTILINE):
        done = CliRunner().invoke(group, shlex.split(line)[1:])
        assert done.exit_code == 0, (line, done.exception)
        assert done.output or "--out" in line
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    *lines, last = code.strip().splitlines()
    names: dict[str, object] = {}
    exec("\n".join(lines), names)  # noqa: S102
    assert eval(f"{last}._repr_svg_()", names).startswith("<svg")  # noqa: S307
    assert len(names["table"]) == 5 * 6  # type: ignore[arg-type]
    made = {path.name for path in tmp_path.iterdir()} - {"store"}
    assert made == {"map.svg", "coverage.png", "network.csv", "ageing.svg", "ageing.png"}
    assert all((tmp_path / name).stat().st_size > 100 for name in made)
