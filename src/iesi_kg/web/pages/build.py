"""The page for those who build on the data: commands to copy, each of which the tests run as it is shown."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from iesi_kg.vocabulary.namespaces import BASE
from iesi_kg.web.pages.rendering import reader, render

router = APIRouter()
_FILE = Path(__file__).resolve().parent / "commands.json"
_HOST = re.compile(r"https?://[\w.:\[\]-]+(?:/[\w./-]*)?")
_ELSEWHERE = "http://localhost:8080"


@dataclass(frozen=True, slots=True)
class Command:
    """Lines that do one thing, and what their output matches when it worked."""

    group: str
    title: str
    language: str
    text: str
    expect: str


@cache
def commands() -> tuple[Command, ...]:
    """Every command in the order of the page."""
    return tuple(Command(**given) for given in json.loads(_FILE.read_text("utf-8")))


@router.api_route("/build", methods=["GET", "HEAD"])
def build(request: Request) -> Response:
    """The page; its commands name the address under which it was asked for."""
    asked = str(request.base_url).rstrip("/")
    host = asked if _HOST.fullmatch(asked) else _ELSEWHERE  # what is copied into a shell must be an address
    filled = [(one, one.text.replace("{host}", host).replace("{base}", BASE)) for one in commands()]
    return render(request, "build.html", {"commands": filled, "host": host, "version": reader(request).version})
