"""The desk for programs: hand in a file, follow it, list and decide, ask for a correction; all in JSON.

The same walk as the pages and the command line; errors are problem documents (RFC 9457).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Header, Request, Response, UploadFile
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from iesi_kg.errors import FileTooLarge, InputError, UsageError
from iesi_kg.ingest import archive
from iesi_kg.publication import outlook, workflow
from iesi_kg.publication.desk import LONGEST_LINE, LONGEST_TEXT, Verdict
from iesi_kg.publication.desk_item import REASONS, Event, Item, Kind, Sender, State, moment
from iesi_kg.records import SourceFile
from iesi_kg.validation.likeness import CODES as ALIKE
from iesi_kg.vocabulary.codelists import CodeLists
from iesi_kg.web.reception import address_of, reception, shown, wish_of
from iesi_kg.web.session import asking, require_proof
from iesi_kg.web.site import Site

router = APIRouter(prefix="/api")
_FRESH = {"Cache-Control": "no-store"}
_Line = Annotated[str, Field(max_length=LONGEST_LINE)]
_Key = Annotated[str, Header(description="made up by the client: the same key is the same hand-in", max_length=200)]


class Step(BaseModel):
    """One step of a submission or request."""

    state: State
    at: str
    role: str
    reason: str | None
    reason_label: str | None
    note: str | None


class Receipt(BaseModel):
    """What its sender may know of a submission or request."""

    id: str
    kind: Kind
    title: str
    state: State
    revision: int
    status_address: str
    graph: str | None
    history: list[Step]


class LookAlike(BaseModel):
    """A record or organisation of the file that looks like one of another row, or a published one."""

    file: str | None
    row: int | None
    column: str | None
    value: str | None
    code: str
    message: str
    remedy: str | None


class Taken(Receipt):
    """The receipt of a file: also what it looks like, so that a sender can say whether it is the same thing."""

    look_alikes: list[LookAlike]


class Case(Receipt):
    """What a reviewer sees."""

    sender: dict[str, str]
    about: str | None
    text: str | None
    next_states: list[State]


class Cases(BaseModel):
    """The desk as a list, the newest first."""

    submissions: list[Case]


class Decision(BaseModel):
    """A decision on what was handed in; ``revision`` is the one that was looked at."""

    decision: State
    reason: Annotated[str, Field(max_length=80)] = ""
    note: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    revision: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class Asked(BaseModel):
    """Something is wrong with a record."""

    kind: Kind
    about: Annotated[str, Field(max_length=2_000, description="the IRI of the record, or its path")]
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
    name: _Line = ""
    contact: _Line = ""


@router.post("/submissions", status_code=201, response_model=Taken, summary="Hand in a file (scope submit)")
async def hand_in(
    request: Request,
    file: Annotated[list[UploadFile], File(description="one file, or several that are one submission")],
    name: Annotated[str, Form(max_length=LONGEST_LINE)] = "",
    contact: Annotated[str, Form(max_length=LONGEST_LINE)] = "",
    idempotency_key: _Key = "",
) -> Response:
    """Kept as it is, with or without violations; a file that cannot be read is a 400."""
    require_proof(request, "")
    source = await read_upload(request, file)
    caller = asking(request)
    if not reception(request).may_hand_in(caller):
        caller.require("submit")
    alike = await run_in_threadpool(look_alikes, _site(request), source)
    take = partial(reception(request).receive, source, caller, Sender(name=name, contact=contact), address_of(request))
    item = await run_in_threadpool(take, idempotency_key)
    return _created(request, item, look_alikes=alike)


@router.get("/submissions", response_model=Cases, summary="What lies on the desk (scope review)")
def listed(request: Request, state: State | None = None) -> Response:
    """All of it, or what stands at one state."""
    asking(request).require("review")
    items = reception(request).desk.all(_site(request).store.reader())
    found = [_case(request, item) for item in items if state in (None, item.state)]
    return JSONResponse({"submissions": found}, headers=_FRESH)


@router.get("/submissions/{item_id}", response_model=Case, summary="One submission or request (scope review)")
def case(request: Request, item_id: str) -> Response:
    """With its whole history."""
    asking(request).require("review")
    return JSONResponse(_case(request, _found(request, item_id)), headers=_FRESH)


@router.get("/submissions/{item_id}/changes", summary="What accepting a file would change (scope review)")
def changes(request: Request, item_id: str, answers: bool = False) -> Response:
    """Statements in words by record; with ``answers`` the examples whose answers move."""
    asking(request).require("review")
    item = _found(request, item_id)
    if item.kind is not Kind.FILE:
        raise UsageError(f"{item.id} is a request, and holds no file")
    now, reader = datetime.now(UTC), _site(request).store.reader()
    receipt = workflow.against(reader, workflow.receive(reception(request).desk.source(item), today=now.date()))
    workflow.decide(receipt)
    bounds = reception(request).bounds if answers else None
    return JSONResponse(outlook.as_json(outlook.outlook(reader, receipt, now, "en", bounds)), headers=_FRESH)


@router.post("/submissions/{item_id}/decisions", response_model=Case, summary="Decide (scope review)")
async def decide(request: Request, item_id: str, decision: Decision) -> Response:
    """409 where somebody decided meanwhile; the same decision sent twice is one."""
    require_proof(request, "")
    caller = asking(request)
    caller.require("review")
    now, given = datetime.now(UTC), decision
    verdict = Verdict(given.decision, caller.name or "", now, given.reason, given.note, given.revision)
    done = await run_in_threadpool(reception(request).decide, _site(request), item_id, verdict)
    await shown(_site(request))
    return JSONResponse(_case(request, done), headers=_FRESH)


@router.get("/receipts/{item_id}/{secret}", response_model=Receipt, summary="Where a hand-in stands, for its sender")
def receipt(request: Request, item_id: str, secret: str) -> Response:
    """Whoever knows the address may see it; nobody else is told that it exists."""
    item = reception(request).desk.of_sender(item_id, secret, _site(request).store.reader())
    return JSONResponse(_receipt(request, item), headers=_FRESH)


@router.post("/requests", status_code=201, response_model=Receipt, summary="Something is wrong with a record")
def ask(request: Request, asked: Asked, idempotency_key: _Key = "") -> Response:
    """From anybody, a few from one address; never published."""
    require_proof(request, "")
    wish = wish_of(asked.kind, asked.about, asked.text)
    sender = Sender(name=asked.name.strip(), contact=asked.contact.strip())
    item = reception(request).ask(wish, asking(request), sender, address_of(request), idempotency_key)
    return _created(request, item)


async def read_upload(request: Request, uploads: Sequence[UploadFile]) -> SourceFile:
    """The bytes of an upload, several files as one archive. Raises InputError, FileTooLarge, UnreadableFile."""
    most = _site(request).settings.upload_bytes
    files: list[SourceFile] = []
    left = most
    for upload in uploads:
        content = await upload.read(left + 1)
        if len(content) > left:
            what, hint = (
                ("the files are", "send them one by one") if files else ("the file is", "split it into several")
            )
            raise FileTooLarge(f"{what} larger than {most:,} bytes", hint=hint, limit=most)
        left -= len(content)
        files += [SourceFile(upload.filename, content)] if upload.filename else []
    if not files:
        raise InputError("no file was chosen", hint="choose a file; a program sends it as the form field `file`")
    return archive.joined(files)


def reason_label(code: str, language: str = "en") -> str:
    """A coded reason in words."""
    found = CodeLists.load().resolve(REASONS, code) if code else None
    return found.labels.get(language, found.label) if found else code


def look_alikes(site: Site, source: SourceFile) -> list[dict[str, Any]]:
    """What in a file looks like something else. Raises InputError for what no reviewer could read either."""
    report = workflow.check(source, today=datetime.now(UTC).date(), reader=site.store.reader())
    found = (finding for finding in report.findings if finding.code in ALIKE)
    return [
        {
            **{key: getattr(finding, key) for key in ("file", "row", "column", "value", "code", "message")},
            "remedy": finding.suggestion,
        }
        for finding in found
    ]


def refuse_unreadable(source: SourceFile) -> None:
    """Raises InputError for what no reviewer could read either; a file with violations may be handed in."""
    workflow.check(source, today=datetime.now(UTC).date())


def _found(request: Request, item_id: str) -> Item:
    return reception(request).desk.find(item_id, _site(request).store.reader())


def _created(request: Request, item: Item, **more: object) -> Response:
    facts = {**_receipt(request, item), **more}
    return JSONResponse(facts, 201, headers={**_FRESH, "Location": facts["status_address"]})


def _receipt(request: Request, item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "kind": item.kind.value,
        "title": item.title,
        "state": item.state.value,
        "revision": item.revision,
        "status_address": str(request.base_url).rstrip("/") + reception(request).desk.address(item),
        "graph": item.graph or None,
        "history": [_step(event) for event in item.history],
    }


def _case(request: Request, item: Item) -> dict[str, Any]:
    return {
        **_receipt(request, item),
        "sender": {"token": item.sender.by, "name": item.sender.name, "contact": item.sender.contact},
        "about": item.about or None,
        "text": item.text or None,
        "next_states": [state.value for state in item.next_states],
    }


def _step(event: Event) -> dict[str, Any]:
    return {
        "state": event.state.value,
        "at": moment(event.at),
        "role": event.role.value,
        "reason": event.reason or None,
        "reason_label": reason_label(event.reason) or None,
        "note": event.note or None,
    }


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site
