"""What strace saw: each finished call with its name, its arguments and what it returned, in the order of their ends."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"
_CALL = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*?)(?: = (-?\d+.*)| <unfinished \.\.\.>)$")


@dataclass(frozen=True)
class Call:
    name: str
    arguments: str
    result: str


def strace(folder: Path, options: list[str], *command: str) -> tuple[str, list[Call]]:
    """Run a script beside this file under strace: what it said, and its calls."""
    trace = folder / "trace"
    full = [
        "strace",
        "-f",
        "--seccomp-bpf",
        "-y",
        "-qq",
        "-s",
        "64",
        "-o",
        str(trace),
        *options,
        sys.executable,
        *command,
    ]
    try:
        run = subprocess.run(
            full, env={"PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"}, cwd=HERE, timeout=60,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("strace is not installed (Debian package strace)")
    if "PTRACE" in run.stderr or "Operation not permitted" in run.stderr:
        pytest.skip("tracing processes is not allowed here")
    return run.stdout + run.stderr, parse(trace)


@contextmanager
def attached(process: int, trace: Path, calls: str) -> Iterator[None]:
    """Watch a process that runs already, all its threads included, into the file ``trace``."""
    command = ["strace", "-f", "-y", "-s", "64", "-o", str(trace), "-e", f"trace={calls}", "-p", str(process)]
    try:
        watching = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    except FileNotFoundError:
        pytest.skip("strace is not installed (Debian package strace)")
    assert watching.stderr
    said = watching.stderr.readline()
    if "attached" not in said:
        watching.wait()
        pytest.skip(f"tracing processes is not allowed here: {said}")
    try:
        yield
    finally:
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=20)


def parse(trace: Path) -> list[Call]:
    """The calls that strace wrote into a file."""
    return list(_parse(trace.read_text("utf-8", "replace").splitlines()))


def _parse(lines: list[str]) -> list[Call]:
    """Calls; one that another thread interrupted stands in two pieces."""
    calls: list[Call] = []
    begun: dict[str, str] = {}
    for line in lines:
        if (found := _CALL.match(line)) is None:
            continue
        process, resumed, name, text, result = found.groups()
        if result is None:
            begun[process] = text
        elif resumed:
            calls.append(Call(resumed, begun.pop(process, "") + text, result))
        else:
            calls.append(Call(name, text, result))
    return calls
