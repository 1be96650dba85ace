"""The house rules that no linter knows: sizes, vocabulary kept out of Python, one reader of the environment."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from iesi_kg import assets

SOURCE = Path(__file__).resolve().parents[2] / "src" / "iesi_kg"
GENERATED = {SOURCE / "vocabulary" / "terms.py"}
MODULES = sorted(path for path in SOURCE.rglob("*.py") if path not in GENERATED and "_bundle" not in path.parts)
OUTSIDE_VOCABULARY = [path for path in MODULES if "vocabulary" not in path.parts]


def relative(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def own_class_names() -> set[str]:
    """Local names of the classes our ontology declares."""
    text = assets.text("ontology/iesi.ttl")
    return set(re.findall(r"^iesi:([A-Z]\w+)\b[^.]*?\ba\s+owl:Class", text, re.MULTILINE | re.DOTALL))


def strings_and_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Identifiers and string constants with their lines; docstrings may speak of the domain and are left out."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value
        elif isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ClassDef):
            yield node.lineno, node.name


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_module_has_at_most_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_function_has_at_most_60_lines(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = [
        f"{f.name}: {f.end_lineno - f.lineno + 1}" for f in functions if f.end_lineno and f.end_lineno - f.lineno >= 60
    ]
    assert long == []


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_module_says_what_it_does(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring, "a module opens with one sentence on what it turns into what"


@pytest.mark.parametrize("path", OUTSIDE_VOCABULARY, ids=relative)
def test_the_domain_stays_in_data(path: Path) -> None:
    """Rule 1 of the design: Python outside ``vocabulary`` holds no IRI of ours and no local name of our classes."""
    classes = own_class_names()
    assert "Initiative" in classes
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [
        f"line {line}: {text!r}"
        for line, text in strings_and_names(tree)
        if "w3id.org/iesi-kg" in text or text in classes or any(f"iesi:{name}" in text for name in classes)
    ]
    assert found == []


@pytest.mark.parametrize("path", [p for p in MODULES if relative(p) != "settings.py"], ids=relative)
def test_only_settings_reads_the_environment(path: Path) -> None:
    names = [text for _, text in strings_and_names(ast.parse(path.read_text(encoding="utf-8")))]
    assert "environ" not in names
    assert "getenv" not in names


def test_no_room_is_named_after_nothing() -> None:
    vague = {"utils", "util", "helpers", "common", "services", "core", "manager", "misc"}
    assert [relative(p) for p in MODULES if p.stem in vague or p.parent.name in vague] == []


def test_public_names_are_exported_in_one_sorted_list() -> None:
    import iesi_kg

    assert list(iesi_kg.__all__) == sorted(iesi_kg.__all__)
    for name in iesi_kg.__all__:
        assert getattr(iesi_kg, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = iesi_kg.nothing
