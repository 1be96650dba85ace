"""Documents that must agree with the code, and files that must stay clean."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import iesi_kg
from iesi_kg import errors, settings
from iesi_kg.vocabulary import iris
from iesi_kg.vocabulary.namespaces import BASE


def test_the_error_tree_is_drawn_as_it_is() -> None:
    """The drawing at the top of errors.py: every class at its depth with its status and exit code."""
    drawn = re.findall(r"^([│ ├└─]*)(\w+) +(\d{3})  (\d)", errors.__doc__ or "", re.MULTILINE)
    tree = [(len(prefix) // 4, name, int(status), int(code)) for prefix, name, status, code in drawn]

    def walk(cls: type[errors.IesiKgError], depth: int) -> list[tuple[int, str, int, int]]:
        rows = [(depth, cls.__name__, cls.status, cls.exit_code)]
        for child in cls.__subclasses__():
            rows += walk(child, depth + 1)
        return rows

    assert sorted(tree) == sorted(walk(errors.IesiKgError, 0))


def test_every_setting_is_documented(root: Path) -> None:
    page = (root / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `(IESI_KG_\w+)` \| `([^`]*)` \| (.+) \|$", page, re.MULTILINE)
    assert documented == [(row.variable, str(row.default), row.help) for row in settings.table()]


def test_changelog_and_citation_know_the_version(root: Path) -> None:
    version = iesi_kg.__version__
    assert f"version: {version}" in (root / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## [{version}]" in (root / "CHANGELOG.md").read_text(encoding="utf-8")


def test_version_flag_loads_nothing_else() -> None:
    probe = (
        "import sys; sys.argv = ['iesi-kg', '--version']; from iesi_kg.cli import main; main(); "
        "heavy = {'click', 'pyoxigraph', 'rdflib', 'fastapi'} & set(sys.modules); assert not heavy, heavy"
    )
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, f"iesi-kg {iesi_kg.__version__}\n"), run.stderr


def test_no_mark_of_unfinished_work(root: Path) -> None:
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    files = [p for folder in ("src", "tests", "ontology", "shapes", "queries") for p in (root / folder).rglob("*")]
    text_files = [
        p for p in files if p.suffix in {".py", ".ttl", ".rq", ".md", ".html", ".css"} and "vendor" not in p.parts
    ]
    found = [str(p) for p in text_files if marks.search(p.read_text(encoding="utf-8"))]
    assert found == []


def test_the_redirects_cover_every_kind_of_address(root: Path) -> None:
    rules = (root / "w3id" / ".htaccess").read_text("utf-8")
    (pattern,) = re.findall(r"^RewriteRule (\S+) https://[^/]+/\$1 ", rules, re.M)
    iri = [
        iris.initiative("x"),
        iris.scheme("country"),
        iris.concept("country", "ES"),
        iris.graph("provenance"),
        f"{BASE}ontology",
        f"{BASE}shapes",
        f"{BASE}service",
        iris.release("2026.1"),
    ]
    for address in iri:
        path = str(getattr(address, "value", address)).removeprefix(BASE).lstrip("/")
        assert re.fullmatch(pattern.removeprefix("^").removesuffix("$"), path), path
    assert not re.match(pattern, "elsewhere")
