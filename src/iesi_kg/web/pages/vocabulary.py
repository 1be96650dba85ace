"""The terms and codes that the query editor completes, as one JSON document per version of the graph."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from iesi_kg.analysis import browse
from iesi_kg.store.base import Reader
from iesi_kg.vocabulary.namespaces import PREFIXES
from iesi_kg.web.pages.rendering import reader, short
from iesi_kg.web.pages.shelf import shelf

router = APIRouter()


@router.api_route("/completions.json", methods=["GET", "HEAD"])
def completions(request: Request) -> Response:
    """Prefixes, terms and codes."""
    content = shelf(request).get("completions", reader(request), _content)
    return JSONResponse(content, headers={"Cache-Control": "public, max-age=300"})


def _content(source: Reader) -> dict[str, object]:
    terms: dict[str, dict[str, str]] = {}
    for row in browse.rows(source, "vocabulary-terms"):
        name = short(row["term"])
        if ":" in name and name != row["term"]:
            terms.setdefault(name, {"name": name, "kind": row["kind"]}).update(
                label=row.get("label", ""), note=row.get("note", "")
            )
    codes = [
        {"iri": row["code"], "label": row["label"], "scheme": row["scheme"]}
        for row in browse.rows(source, "vocabulary-codes")
    ]
    return {"prefixes": PREFIXES, "terms": list(terms.values()), "codes": codes}
