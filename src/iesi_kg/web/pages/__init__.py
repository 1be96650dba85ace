"""The pages for people: server-rendered HTML that works without scripts and loads nothing from elsewhere."""

from __future__ import annotations

from fastapi import APIRouter

from iesi_kg.web.pages import (
    build,
    check,
    codes,
    coverage,
    desk,
    documents,
    download,
    drawings,
    form,
    initiatives,
    knowledge_map,
    landing,
    network,
    questions,
    receipt,
    report,
    review,
    static,
    vocabulary,
)
from iesi_kg.web.pages.entity import entity_html
from iesi_kg.web.pages.problem import problem_html
from iesi_kg.web.pages.shelf import Beforehand
from iesi_kg.web.pages.sparql import sparql_html
from iesi_kg.web.pages.status import status_html

__all__ = ["Beforehand", "desk_router", "entity_html", "problem_html", "router", "sparql_html", "status_html"]

router = APIRouter(include_in_schema=False)
for _room in (
    landing,
    initiatives,
    knowledge_map,
    coverage,
    network,
    drawings,
    documents,
    questions,
    codes,
    vocabulary,
    download,
    build,
    static,
):
    router.include_router(_room.router)

desk_router = APIRouter(include_in_schema=False)
for _room in (check, desk, form, receipt, report, review):
    desk_router.include_router(_room.router)
