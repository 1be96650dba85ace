"""Every module of the benchmarks can be imported: run too seldom, they do not tell what was renamed under them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

import benchmarks

NAMES = sorted(path.stem for path in Path(str(benchmarks.__file__)).parent.glob("*.py") if path.stem[0] != "_")


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_can_be_imported(name: str) -> None:
    assert import_module(f"benchmarks.{name}").__doc__


def test_the_names_are_those_of_modules(root: Path) -> None:
    listed = (root / "benchmarks" / "README.md").read_text(encoding="utf-8").split("results are kept", 1)[0]
    named = {name for name in NAMES if f"`{name}`" in listed}
    assert named == {name for name in NAMES if hasattr(import_module(f"benchmarks.{name}"), "run")}
