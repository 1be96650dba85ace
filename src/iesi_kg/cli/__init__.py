"""The command line: translates arguments to calls and errors to sentences and exit codes."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point; ``--version`` answers without loading anything else."""
    if sys.argv[1:] == ["--version"]:
        from iesi_kg import __version__

        sys.stdout.write(f"iesi-kg {__version__}\n")
        return
    if sys.argv[1:2] == ["serve"]:
        from iesi_kg.cli import anew

        anew.with_room()
    from iesi_kg.cli.group import run

    run()
