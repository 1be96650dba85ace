"""A task to its outcome, by a process of its own that may be ended: no input makes it last, grow or reach out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from iesi_kg.errors import InputError, ValidationStopped
from iesi_kg.store import frames
from iesi_kg.validation import outcome
from iesi_kg.validation.outcome import ShaclReport
from iesi_kg.validation.task import Task

_BOOT = "import sys; sys.path.append(sys.argv.pop(1)); from iesi_kg.validation.judge import main; main(sys.argv[1:])"
_PACKAGES = str(Path(__file__).resolve().parents[2])
_LAST_WORDS = 8_000
_NAMED = 3


def judge(task: Task, *, seconds: float, memory: int) -> ShaclReport:
    """The outcome of a task. Raises IllFormedShapes, UnreadableFile, ValidationStopped, UsageError."""
    told, words = os.memfd_create("iesi-kg progress"), os.memfd_create("iesi-kg last words")
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOT, _PACKAGES, str(os.getpid()), str(memory), str(told)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=words,
            pass_fds=(told,),
            process_group=0,
        )
        answer = _answer(process, task, seconds, told)
        return _read(answer, process.returncode, told, words)
    finally:
        os.close(told)
        os.close(words)


def _answer(process: subprocess.Popen[bytes], task: Task, seconds: float, told: int) -> bytes:
    try:
        content = b"".join((task.header(), *(part.content for part in task.parts())))
        with suppress(BrokenPipeError):
            return process.communicate(content, timeout=seconds)[0]
        return b""
    except subprocess.TimeoutExpired:
        at, suspects = _progress(told)
        raise ValidationStopped(
            f"the validation was stopped at its limit of {seconds:g} seconds while {at}{suspects}",
            hint="simplify what takes so long, or allow more with IESI_KG_VALIDATE_SECONDS",
        ) from None
    finally:
        process.kill()
        process.communicate()


def _read(answer: bytes, status: int, told: int, words: int) -> ShaclReport:
    try:
        made: dict[str, Any] = json.loads(answer)
    except ValueError:
        raise _death(status, os.pread(words, _LAST_WORDS, 0).decode("utf-8", "replace"), told) from None
    if "error" in made:
        raise frames.decode_error(answer)
    return outcome.from_rows(made)


def _death(status: int, words: str, told: int) -> InputError:
    at, suspects = _progress(told)
    if any(sign in words for sign in ("memory allocation", "MemoryError", "cannot allocate", "bad_alloc")):
        hint = "validate fewer data at once, or allow more with IESI_KG_VALIDATE_MEMORY"
        return ValidationStopped(f"the validation needed more memory than it may use while {at}{suspects}", hint=hint)
    if "overflowed its stack" in words or "RecursionError" in words or status == -signal.SIGSEGV:
        hint = "write data and shapes with fewer levels"
        return ValidationStopped(
            f"something is nested too deeply; the validation ended while {at}{suspects}", hint=hint
        )
    last = words.strip().rsplit("\n", 1)[-1][:300]
    return ValidationStopped(f"the validation ended while {at}{suspects}: {last or f'signal {-status}'}")


def _progress(told: int) -> tuple[str, str]:
    """What the process was at, and the shapes that may be why."""
    try:
        facts = json.loads(os.pread(told, 1_000_000, 0))
    except ValueError:
        return "starting", ""
    suspects = facts["suspects"]
    more = f" and {len(suspects) - _NAMED} more" if len(suspects) > _NAMED else ""
    return facts["at"], f"; it may be due to {', '.join(suspects[:_NAMED])}{more}" if suspects else ""
