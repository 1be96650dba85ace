"""``iesi-kg reason``: what follows from the published statements by which rule, and why one of them does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from iesi_kg import settings
from iesi_kg.cli.place import PLACE
from iesi_kg.settings import Place

if TYPE_CHECKING:
    from pyoxigraph import Triple

    from iesi_kg.inference.derivation import Derived
    from iesi_kg.store.base import Reader


@click.command()
@click.option("--store", type=PLACE, help="folder or address of the store")
@click.option(
    "--explain",
    "wanted",
    nargs=3,
    metavar="S P O",
    help="say why a statement holds; CURIEs, IRIs, literals as in Turtle",
)
@click.option("--all", "every", is_flag=True, help="list the rules that gave nothing as well")
def command(store: Place | None, wanted: tuple[str, str, str] | None, every: bool) -> None:
    """Say how many statements each rule gives, or why one statement holds (exit code 1 when it does not follow)."""
    from iesi_kg.publication import entailment
    from iesi_kg.store import opening

    triple = _triple(wanted) if wanted else None
    opened = opening.existing(settings.load(store=store))
    reader = opened.reader()
    derived = entailment.derived(reader)
    if triple is None:
        _count(reader, derived, every)
    elif not _explain(reader, derived, triple):
        sys.exit(1)
    opened.close()


def _triple(wanted: tuple[str, str, str]) -> Triple:
    from pyoxigraph import Triple

    from iesi_kg.vocabulary.curies import expand, term

    return Triple(expand(wanted[0]), expand(wanted[1]), term(wanted[2]))


def _explain(reader: Reader, derived: Derived, triple: Triple) -> bool:
    from pyoxigraph import NamedNode

    from iesi_kg.inference import rules, wording
    from iesi_kg.inference.explanation import Explainer, Proof
    from iesi_kg.publication.entailment import GRAPH
    from iesi_kg.store.base import DEFAULT_GRAPH

    assert isinstance(triple.subject, NamedNode)
    proof = Explainer(rules.bundled(), derived).explain(triple)
    stated = {quad.graph_name for quad in reader.quads(triple.subject, triple.predicate, triple.object)} - {GRAPH}
    if proof is None and stated:
        proof = Proof(triple)
    if proof is not None:
        for line in wording.lines(proof, reader):
            click.echo(line)
        return True
    click.echo(f"{wording.statement(triple)}\n  is not stated and does not follow")
    if not any(reader.quads(triple.subject, graph=DEFAULT_GRAPH)):
        click.echo(f"  nothing is published about {triple.subject.value}")
    return False


def _count(reader: Reader, derived: Derived, every: bool) -> None:
    from iesi_kg.inference import wording
    from iesi_kg.publication.entailment import GRAPH

    for rule, number in derived.counts:
        if number or every:
            click.echo(f"{number:>9,}  {wording.rule(rule)}")
    idle = sum(not number for _, number in derived.counts)
    click.echo(f"{len(derived.triples):>9,}  in all, by {len(derived.counts) - idle} of {len(derived.counts)} rules")
    held = {quad.triple for quad in reader.quads(graph=GRAPH)}
    if held == derived.triples:
        click.echo(f"the graph {GRAPH.value} holds just these (version {reader.version})")
    else:
        lacks, more = len(derived.triples - held), len(held - derived.triples)
        click.echo(
            f"the graph {GRAPH.value} lacks {lacks:,} of these and holds {more:,} others: it was made by other rules; "
            "the next publication, or the next start of the service, renews it"
        )
