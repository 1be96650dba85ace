"""``iesi-kg build``: the files that are made from ontology and template."""

from __future__ import annotations

from pathlib import Path

import click

from iesi_kg import assets
from iesi_kg.errors import UsageError


@click.command()
@click.option(
    "--check", is_flag=True, help="Write nothing; exit 1 naming each file and each term that is not as it should be."
)
def command(check: bool) -> None:
    """Make JSON-LD context, template header, lists and reference of terms from ontology, shapes and template.

    Mapping files are made of the alignments of the ontology and of the keys in the curated tables.
    """
    from iesi_kg.linking import made_mappings
    from iesi_kg.vocabulary import generate, published, soundness

    root = assets.root()
    if not (root / generate.TERMS).parent.is_dir():
        raise UsageError("`iesi-kg build` works in a checkout only", hint="clone the repository and run it there")
    _named(soundness.unreadable())
    if gone := published.vanished():
        raise UsageError(
            f"published and gone: {', '.join(gone)}",
            hint="keep it, mark it owl:deprecated and name what replaces it with dct:isReplacedBy",
        )
    if check:
        _named(soundness.findings())
    files = {**generate.files(), **made_mappings.files()}
    stale = [path for path, text in files.items() if _read(root / path) != text.encode("utf-8")]
    if check:
        for path in stale:
            click.echo(f"{path} is out of date: run `iesi-kg build`", err=True)
        raise SystemExit(1 if stale else 0)
    for path in stale:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(files[path].encode("utf-8"))
        click.echo(f"made {path}")
    if not stale:
        click.echo("everything is up to date")


def _named(wrong: list[str]) -> None:
    """Say what is wrong, a line each, and end with exit code 1; nothing where nothing is."""
    for line in wrong:
        click.echo(line, err=True)
    if wrong:
        raise SystemExit(1)


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
