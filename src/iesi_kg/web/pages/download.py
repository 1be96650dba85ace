"""The rows of a query as an Excel workbook; every other form of an answer is at /sparql itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from iesi_kg.endpoint.negotiation import JSON
from iesi_kg.endpoint.syntax import inspect
from iesi_kg.errors import UsageError
from iesi_kg.records import Answer, Form
from iesi_kg.validation.workbook import MEDIA_TYPE, Sheet, Value, workbook
from iesi_kg.vocabulary.namespaces import XSD
from iesi_kg.web.pages.sparql import answer_to

router = APIRouter()
PATH = "/result.xlsx"
_EXACT = 15  # digits that a number of Excel keeps


@router.api_route(PATH, methods=["GET", "HEAD"])
async def as_workbook(request: Request, query: str = "") -> Response:
    """The whole result, or the error that says why it does not fit."""
    if not query.strip():
        raise UsageError("the `query` parameter is missing", hint=f"{PATH}?query=SELECT...")
    if inspect(query, request.app.state.site.guards).form is Form.GRAPH:
        raise UsageError("a graph has no rows for a workbook", hint="take Turtle, or ask for rows with SELECT")
    answer = await answer_to(request, query, JSON)
    content = await run_in_threadpool(_workbook, answer)
    headers = {
        "Content-Disposition": 'attachment; filename="result.xlsx"',
        "IESI-KG-Version": str(answer.version),
        "Cache-Control": "no-cache",
    }
    return Response(content, media_type=MEDIA_TYPE, headers=headers)


def _workbook(answer: Answer) -> bytes:
    document = json.loads(answer.body)
    if answer.form is Form.BOOLEAN:
        return workbook(Sheet("Result", ["answer"], [[document["boolean"]]]))
    names = document["head"]["vars"]
    return workbook(Sheet("Result", names, _rows(names, document["results"]["bindings"])))


def _rows(names: Sequence[str], found: Sequence[Mapping[str, Mapping[str, str]]]) -> Iterator[list[Value]]:
    for row in found:
        yield [_value(row[name]) if name in row else None for name in names]


def _value(term: Mapping[str, str]) -> Value:
    """Numbers that keep every digit as numbers, everything else as its text."""
    text, kind = term["value"], term.get("datatype", "").removeprefix(XSD)
    if not isinstance(text, str):
        return json.dumps(text)
    try:
        if kind == "integer" and len(text.lstrip("+-0")) <= _EXACT:
            return int(text)
        if kind in ("decimal", "double", "float") and len(text) <= _EXACT:
            number = float(text)
            return number if number - number == 0 else text
    except ValueError:
        return text
    return text
