"""The audit of what is installed, from local metadata alone: pinned versions, free licences, nothing by chance."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

FREE = re.compile(r"MIT|BSD|Apache|PSF|Python Software Foundation|W3C|ISC|Unlicense|OSI Approved", re.IGNORECASE)
NOT_FREE_ENOUGH = re.compile(r"GPL|GNU|Proprietary|Commercial|SSPL|BUSL|Elastic", re.IGNORECASE)


def canonical(name: str) -> str:
    """A name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(root: Path) -> dict[str, str]:
    lines = (root / "constraints.txt").read_text("utf-8").splitlines()
    entries = [line.split("==") for line in lines if "==" in line and not line.startswith("#")]
    return {canonical(name): version.split(";")[0].strip() for name, version in entries}


def closure(root: Path) -> dict[str, metadata.Distribution]:
    """What ``pip install iesi-kg`` brings along on this machine, by name."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    found: dict[str, metadata.Distribution] = {}
    asked: set[tuple[str, frozenset[str]]] = set()

    def walk(requirements: list[str] | None, extras: set[str]) -> None:
        for requirement in needed(requirements, extras):
            name = canonical(requirement.name)
            key = (name, frozenset(requirement.extras))
            if key not in asked:
                asked.add(key)
                found[name] = metadata.distribution(requirement.name)
                walk(found[name].requires, requirement.extras)

    walk(project["dependencies"], set())
    return found


def needed(requirements: list[str] | None, extras: set[str]) -> Iterator[Requirement]:
    for text in requirements or ():
        requirement = Requirement(text)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": e}) for e in extras | {""}):
            yield requirement


def licence(distribution: metadata.Distribution) -> str:
    """What a distribution says of its licence: expression, field and classifiers, whichever it has."""
    about = distribution.metadata
    said = [about.get("License-Expression"), *(about.get("License") or "").splitlines()[:1]]
    classifiers = [text for text in about.get_all("Classifier") or () if text.startswith("License")]
    return " ".join(str(part) for part in (*said, *classifiers)) if any((*said, *classifiers)) else own(distribution)


def own(distribution: metadata.Distribution) -> str:
    """The licence by its text, of a distribution that only brings the text."""
    files = [file for file in distribution.files or () if file.name.upper().startswith("LICENSE")]
    return "MIT" if any("Permission is hereby granted, free of charge" in file.read_text() for file in files) else ""


@pytest.fixture(scope="module")
def installed(root: Path) -> dict[str, metadata.Distribution]:
    return closure(root)


def test_the_walk_finds_direct_and_indirect_dependencies(installed: dict[str, metadata.Distribution]) -> None:
    assert {"pyoxigraph", "starlette", "h11", "markupsafe", "pydantic-core"} <= set(installed)
    assert len(installed) < 60, "every dependency is code that we answer for: justify it, then raise this number"


def test_every_installed_version_is_the_pinned_one(root: Path, installed: dict[str, metadata.Distribution]) -> None:
    pinned = pins(root)
    wrong = {name: (d.version, pinned.get(name)) for name, d in installed.items() if d.version != pinned.get(name)}
    assert wrong == {}


def test_every_licence_is_free_and_asks_nothing_of_those_who_use_us(
    installed: dict[str, metadata.Distribution],
) -> None:
    said = {name: licence(distribution) for name, distribution in installed.items()}
    assert {name: text for name, text in said.items() if not FREE.search(text)} == {}
    assert {name: text for name, text in said.items() if NOT_FREE_ENOUGH.search(text)} == {}


def test_no_pin_is_a_range_or_an_address(root: Path) -> None:
    lines = [line.split("#")[0].strip() for line in (root / "constraints.txt").read_text("utf-8").splitlines()]
    assert [line for line in lines if line and not re.fullmatch(r"[A-Za-z0-9._-]+==[\w.+!]+( *;.*)?", line)] == []
