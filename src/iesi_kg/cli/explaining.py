"""Prints the explanation of a query: its parts with what each matches alone, its faster form and why, both times."""

from __future__ import annotations

import click

from iesi_kg.endpoint.explanation import KINDS, RULES, Explanation, Line, Timing


def show(told: Explanation) -> None:
    """The whole explanation, on the screen."""
    _heading("Parts, as the query names them; the engine may take them in another order")
    for line in told.lines:
        click.echo(f"  {'  ' * line.depth}{_part(line)}")
    if not told.lines:
        click.echo("  the parts of this query cannot be told apart")
    if told.written is None:
        click.echo("\nA query with SERVICE is not run to be explained: each run would ask the other servers again.")
        return
    _heading("Faster form")
    for step in told.steps:
        done = RULES[step.rule] if step.taken else "Not done here: there are too few matches for it to pay."
        click.echo(f"  {step.rule}: {done}\n    {' '.join(step.about.split())}")
    if told.text is None:
        click.echo("  It runs as it is written.")
    else:
        click.echo("\n" + "\n".join(f"    {line}" for line in told.text.splitlines()))
    _heading("Time")
    click.echo(f"  as written:  {_time(told.written)}")
    if told.rewritten is not None:
        gain = f" ({told.gain:.1f} times as fast)" if told.gain else ""
        click.echo(f"  faster form: {_time(told.rewritten)}{gain}")


def _heading(text: str) -> None:
    click.echo(f"\n{text}:")


def _part(line: Line) -> str:
    text = f"{KINDS[line.kind]} {line.text}".rstrip()
    if line.matches is None:
        return text
    matches = f"{'more than ' if line.more else ''}{line.matches:,} match{'' if line.matches == 1 else 'es'} alone"
    return f"{text}   ({matches})"


def _time(timing: Timing) -> str:
    if timing.error:
        return f"{timing.error.title} after {timing.seconds:.1f} s: {timing.error.detail}"
    rows = "" if timing.rows is None else f", {timing.rows:,} row{'' if timing.rows == 1 else 's'}"
    return f"{1000 * timing.seconds:.2f} ms{rows}"
