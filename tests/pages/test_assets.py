"""The shipped script: what the manifest says is what is there, within the budget of a page."""

from __future__ import annotations

import gzip
import json
import re
from hashlib import sha256
from pathlib import Path

from iesi_kg.web.pages.rendering import TEMPLATES
from iesi_kg.web.pages.static import FOLDER, shipped

VENDOR = FOLDER / "vendor"
BUDGET = 200_000


def test_the_hashes_of_the_manifest_are_those_of_the_files() -> None:
    manifest = json.loads((VENDOR / "manifest.json").read_text("utf-8"))
    listed = {entry["file"]: entry["sha256"] for entry in manifest["files"]}
    scripts = {path.name: sha256(path.read_bytes()).hexdigest() for path in VENDOR.glob("*.js")}
    assert listed == scripts


def test_every_part_has_a_version_a_free_licence_and_its_text() -> None:
    manifest = json.loads((VENDOR / "manifest.json").read_text("utf-8"))
    texts = (VENDOR / "LICENSES.txt").read_text("utf-8")
    for entry in manifest["files"]:
        for part in entry["parts"]:
            assert part["license"] == "MIT"
            assert f"{part['name']} {part['version']}\n" in texts


def test_the_manifest_names_what_the_build_asks_for(root: Path) -> None:
    wanted = json.loads((root / "web-assets" / "package.json").read_text("utf-8"))["dependencies"]
    manifest = json.loads((VENDOR / "manifest.json").read_text("utf-8"))
    shipped_parts = {part["name"]: part["version"] for entry in manifest["files"] for part in entry["parts"]}
    assert {name: shipped_parts[name] for name in wanted} == wanted


def test_the_lock_file_names_no_host(root: Path) -> None:
    assert "resolved" not in (root / "web-assets" / "package-lock.json").read_text("utf-8")


def test_everything_a_page_loads_stays_within_the_budget() -> None:
    loaded = [name for name in shipped() if name.endswith((".css", ".js", ".svg"))]
    assert sum(len(gzip.compress(shipped()[name].content, 9)) for name in loaded) < BUDGET


def test_templates_hold_no_inline_script_style_or_handler() -> None:
    for path in TEMPLATES.glob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", text), path.name


def test_templates_load_nothing_from_elsewhere() -> None:
    for path in TEMPLATES.glob("*.html"):
        for loaded in re.findall(r"<(?:link|script|img)[^>]*>", path.read_text("utf-8")):
            if 'rel="alternate"' not in loaded:
                assert re.search(r'(?:src|href)="\{\{ asset\(', loaded), f"{path.name}: {loaded}"
