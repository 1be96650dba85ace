"""The process in which an engine runs: a task on standard input to an outcome on standard output, and then the end.

It has no network and a bound of memory, and says in a memory file what it is at, so that whoever ended it can tell.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from itertools import islice

from iesi_kg.errors import IesiKgError, IllFormedShapes, InputError
from iesi_kg.store import confinement, frames
from iesi_kg.validation import engine, features, outcome, packs, task, wellformed
from iesi_kg.validation.features import Name
from iesi_kg.validation.graph import Graph, Node
from iesi_kg.validation.naming import label
from iesi_kg.validation.outcome import ShaclReport
from iesi_kg.validation.task import Task
from iesi_kg.vocabulary.namespaces import OWL
from iesi_kg.vocabulary.spelling import nearest

_SHOWN = 20


class Judge:
    """Judges one task, and says at what it is."""

    def __init__(self, asked: Task, told: int) -> None:
        self._task = asked
        self._told = told

    def report(self) -> ShaclReport:
        """The report on the task. Raises IllFormedShapes, UnreadableFile, UsageError."""
        self._at("reading the shapes")
        shapes = Graph(task.triples(self._task.shapes))
        self._at("looking whether the shapes are well-formed", _named(shapes, features.with_long_lists(shapes)))
        _refuse(list(wellformed.faults(shapes)))
        name = features.choose(shapes, Name(self._task.engine) if self._task.engine else None)
        self._at("reading the data")
        data = task.n_triples(self._task.data)
        known = packs.facts(data, self._task.pack)
        self._at(f"validating with {name.value}", _named(shapes, features.suspects(shapes)))
        name, report = self._judged(shapes, name, data + known.statements)
        found = outcome.results(report, shapes)
        kept = [result for result in found if result.focus not in known.added]
        notes = (*_notes(shapes, self._task), *known.notes())
        return ShaclReport(not kept, tuple(kept), name.value, notes)

    def _judged(self, shapes: Graph, name: Name, data: bytes) -> tuple[Name, str]:
        """The report of an engine; what the fast one refuses is left to the other."""
        try:
            return name, engine.made(shapes, name).report(data)
        except InputError:
            for _ in task.triples(self._task.data):
                pass  # raises with file and line where the data is what was refused
            if name is not Name.SHIFTY or self._task.engine:
                raise
            return Name.PYSHACL, engine.made(shapes, Name.PYSHACL).report(data)

    def _at(self, what: str, suspects: list[str] | None = None) -> None:
        os.ftruncate(self._told, 0)
        os.pwrite(self._told, json.dumps({"at": what, "suspects": suspects or []}).encode(), 0)


def _refuse(faults: list[wellformed.Fault]) -> None:
    if not faults:
        return
    lines = [f"{fault}" for fault in faults[:_SHOWN]]
    more = [f"... and {len(faults) - _SHOWN:,} more"] if len(faults) > _SHOWN else []
    told = [{"shape": fault.shape, "cause": fault.cause, "remedy": fault.remedy} for fault in faults[:_SHOWN]]
    remedies = dict.fromkeys(fault.remedy for fault in faults[:3])
    raise IllFormedShapes("\n".join([*lines, *more]), hint="; ".join(remedies), faults=told)


def _named(shapes: Graph, suspects: Iterable[Node]) -> list[str]:
    """The first of some shapes, in words."""
    return [label(shapes, shape) for shape in islice(dict.fromkeys(suspects), _SHOWN)]


def _notes(shapes: Graph, asked: Task) -> Iterator[str]:
    for name in features.unknown(shapes):
        meant = nearest(name, [term.rpartition("#")[2] for term in features.COMPARED], likeness=75)
        yield f"sh:{name} is no term of SHACL and means nothing{f'; sh:{meant} is one' if meant else ''}"
    if any(wellformed.recursive(shapes)):
        yield "shapes lead back to themselves, which SHACL leaves open: nodes conform unless something shows otherwise"
    for subject in shapes.subjects():
        yield from (f"owl:imports {value} was not fetched" for value in shapes.objects(subject, OWL + "imports"))


def main(arguments: list[str]) -> None:
    """Judge the task on standard input within the bounds given: parent, memory, and where to say what is done."""
    parent, memory, told = (int(argument) for argument in arguments)
    confinement.die_with(parent)
    confinement.limit_memory(memory)
    confinement.deny_network()
    answer = os.dup(1)
    os.dup2(2, 1)  # what a library prints is no part of the answer
    gc.disable()  # nothing here lives longer than the process
    warnings.simplefilter("ignore")
    logging.disable()
    try:
        made: dict[str, object] = outcome.to_rows(Judge(Task.read(sys.stdin.buffer), told).report())
    except IesiKgError as error:
        made = json.loads(frames.encode_error(error, 0)[frames.RESPONSE.size :])
    with os.fdopen(answer, "wb") as out:
        out.write(json.dumps(made, ensure_ascii=False).encode())
    os._exit(0)  # the graphs need not be taken apart
