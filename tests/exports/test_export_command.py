"""``iesi-kg export`` as a user runs it: forms, files, and every wrong use in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyoxigraph
import pytest
from pyoxigraph import RdfFormat

from running_server import SOURCE


def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-m", "iesi_kg", "export", *arguments]
    return subprocess.run(command, capture_output=True, check=False, env=environment)


@pytest.mark.parametrize(
    ("short", "syntax"),
    [("ttl", RdfFormat.TURTLE), ("nt", RdfFormat.N_TRIPLES), ("rdf", RdfFormat.RDF_XML), ("jsonld", RdfFormat.JSON_LD)],
)
def test_every_format_says_the_same(folder: Path, short: str, syntax: RdfFormat) -> None:
    plain, other = (run("--profile", "cpov", "--store", str(folder), "--format", form) for form in ("nt", short))
    assert (plain.returncode, other.returncode) == (0, 0), other.stderr
    expected = {quad.triple for quad in pyoxigraph.parse(plain.stdout, RdfFormat.N_TRIPLES)}
    assert {quad.triple for quad in pyoxigraph.parse(other.stdout, syntax)} == expected


def test_to_a_file_with_the_address_of_the_service(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "catalogue.ttl"
    done = run(
        "--profile", "dcat-ap", "--store", str(folder), "--out", str(out), "--endpoint", "https://example.org/sparql"
    )
    assert (done.returncode, done.stdout) == (0, b"")
    triples = sum(1 for _ in pyoxigraph.parse(out.read_bytes(), RdfFormat.TURTLE))
    assert f"catalogue.ttl: {triples} triples for DCAT-AP".encode() in done.stderr
    assert b"<https://example.org/sparql?query=CONSTRUCT" in out.read_bytes()


def test_without_a_profile_they_are_listed() -> None:
    listed = run()
    assert listed.returncode == 0
    assert [line.split()[0] for line in listed.stdout.decode().splitlines()] == ["cpsv-ap", "cpov", "dcat-ap"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--profile", "cpsv"], "there is no profile 'cpsv'\n         one of cpsv-ap, cpov, dcat-ap"),
        (["--profile", "cpov", "--store", "/no/such/store"], "there is no store at /no/such/store"),
        (["--profile", "cpov", "--endpoint", "ftp://example.org/"], "--endpoint takes an http address"),
        (["--profile", "cpov", "--endpoint", "http://a b"], "--endpoint takes an http address"),
        (["--profile", "cpov", "--format", "csv"], "'csv' is not one of 'ttl', 'nt', 'rdf', 'jsonld'"),
    ],
)
def test_wrong_use(arguments: list[str], said: str) -> None:
    wrong = run(*arguments)
    assert (wrong.returncode, wrong.stdout) == (3, b"")
    assert said in wrong.stderr.decode()


def test_a_file_that_cannot_be_written(folder: Path, tmp_path: Path) -> None:
    wrong = run("--profile", "cpov", "--store", str(folder), "--out", str(tmp_path / "no" / "file.ttl"))
    assert wrong.returncode == 3
    assert "cannot be written: No such file or directory" in wrong.stderr.decode()
