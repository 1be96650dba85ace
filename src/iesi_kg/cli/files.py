"""What commands share: reading a file, showing progress on a terminal, and who runs them."""

from __future__ import annotations

import os
import pwd
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

import click

from iesi_kg.errors import FileTooLarge, UnreadableFile
from iesi_kg.records import SourceFile

LONGEST = 2_000_000_000
_LONG_FILE = 500_000
_MOST_FILES = 1_000


def read_source(name: str) -> SourceFile:
    """The bytes of a file, or of standard input for ``-``. Raises UnreadableFile, FileTooLarge."""
    if name == "-":
        return SourceFile("standard input", sys.stdin.buffer.read())
    path = Path(name)
    try:
        if path.stat().st_size > LONGEST:
            raise FileTooLarge(f"{name} is larger than {LONGEST:,} bytes", hint="split it into several files")
        return SourceFile(path.name, path.read_bytes())
    except FileNotFoundError:
        raise UnreadableFile(f"there is no file {name}", hint="check the name and the folder") from None
    except IsADirectoryError:
        raise UnreadableFile(f"{name} is a folder, not a file", hint="name one file in it") from None
    except OSError as error:
        raise UnreadableFile(f"{name} cannot be opened: {error.strerror}") from None


def read_sources(names: Sequence[str]) -> SourceFile:
    """The bytes of what is named: of one file as they are, of several or of a folder as one archive.

    Raises UnreadableFile, FileTooLarge.
    """
    from iesi_kg.ingest import archive

    paths = [Path(name) for name in names]
    if len(names) == 1 and not paths[0].is_dir():
        return read_source(names[0])
    files = [file for name, path in zip(names, paths, strict=True) for file in _read(name, path)]
    if sum(len(file.content) for file in files) > LONGEST:
        raise FileTooLarge(f"together the files are larger than {LONGEST:,} bytes", hint="send them one by one")
    return archive.joined(files)


def read_folder(folder: Path) -> list[SourceFile]:
    """The files of a folder by their names in it. Raises UnreadableFile, FileTooLarge."""
    if not folder.is_dir():
        raise UnreadableFile(f"{folder} is no folder", hint="name the folder that holds the saved texts")
    return _read(str(folder), folder)


def _read(name: str, path: Path) -> list[SourceFile]:
    """One file, or the files of a folder by their names in it; what is hidden in a folder is left out."""
    if not path.is_dir():
        return [read_source(name)]
    found = (item.relative_to(path) for item in path.rglob("*") if item.is_file())
    shown = (part for part in found if not any(step.startswith(".") for step in part.parts))
    inside = sorted(islice(shown, _MOST_FILES + 1))
    if not inside:
        raise UnreadableFile(f"{name} is a folder without a file in it", hint="name the folder of the tables")
    if len(inside) > _MOST_FILES or sum((path / part).stat().st_size for part in inside) > LONGEST:
        raise FileTooLarge(
            f"the folder {name} holds more than {_MOST_FILES:,} files or {LONGEST:,} bytes",
            hint="name the folder that holds the tables and nothing else",
        )
    return [replace(read_source(str(path / part)), name=part.as_posix()) for part in inside]


@contextmanager
def progress(source: SourceFile, *, quiet: bool) -> Iterator[Callable[[int], None] | None]:
    """A function that is told how many records are done: a bar on a terminal, for long files only."""
    if quiet or not sys.stderr.isatty() or len(source.content) < _LONG_FILE:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    lines = max(source.content.count(b"\n"), 1)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("records", total=lines)

        def tell(done: int) -> None:
            bar.update(task, completed=min(done, lines))

        yield tell


def os_user() -> str:
    """The user of the operating system that runs the command; the number where it has no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def terminal_width() -> int:
    """Columns of the terminal; 120 where the output goes to a file or a pipe."""
    return shutil.get_terminal_size((120, 25)).columns if sys.stdout.isatty() else 120


def say(text: str) -> None:
    """Write a text to standard output; what its encoding cannot write becomes a question mark, never an error."""
    click.echo(text.encode(sys.stdout.encoding or "utf-8", "replace"), nl=False)
