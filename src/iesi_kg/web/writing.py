"""Decides who may change which graphs over HTTP: any in a scratch store, else the workspaces that a token names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyoxigraph import DefaultGraph, NamedNode

from iesi_kg.errors import Forbidden
from iesi_kg.store.amending import Amended
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.copied import refuse_on_copy
from iesi_kg.store.versions import Layout
from iesi_kg.vocabulary.iris import is_workspace
from iesi_kg.web import access, headers
from iesi_kg.web.site import Site

_OWN = ("same-origin", "none")


@dataclass(frozen=True, slots=True)
class Permit:
    """Who writes, and the graphs that may be written; None where all may."""

    name: str
    graphs: tuple[str, ...] | None

    def allow(self, graph: str) -> None:
        """Raise Forbidden for a graph that is not this writer's to change."""
        if self.graphs is None or (graph in self.graphs and is_workspace(graph)):
            return
        shown = f"the graph <{graph}>" if graph else "the default graph"
        raise Forbidden(
            f"{shown} is not one that the token {self.name!r} may change",
            hint="published data change by submissions; the scope write reaches the workspace graphs named with it",
            graph=graph,
            writable=[name for name in self.graphs if is_workspace(name)],
        )

    def check(self, outcome: Amended, change: ChangeSet) -> None:
        """Raise Forbidden when a change reaches any other graph."""
        if self.graphs is None:
            return
        names = {quad.graph_name for quads in (change.add, change.remove) for quad in quads}
        for name in sorted({*map(_text, names), *(graph.value for graph in (*change.drop, *change.create))}):
            self.allow(name)


def permit(site: Site, scope: Any) -> Permit:  # noqa: ANN401  (ASGI)
    """What the sender of a request may write. Raises Unauthorized, TooManyAttempts, Forbidden and OnlyACopy."""
    refuse_on_copy(Layout(site.settings.state_folder))
    if not site.scratch:
        caller = access.caller(scope)
        caller.require("write")
        return Permit(caller.name or "", caller.graphs)
    if site.settings.token:
        gate: access.Gate = scope["app"].state.gate
        shown = headers.find(scope["headers"], b"authorization") or ""
        gate.require_only(site.settings.token, shown, str((scope.get("client") or ("",))[0]))
    else:
        _refuse_other_sites(scope["headers"])
    return Permit("scratch", None)


def _refuse_other_sites(fields: list[tuple[bytes, bytes]]) -> None:
    """A page of another site, open in a browser on this machine, must not write to an open store."""
    origin, host = headers.find(fields, b"origin"), headers.find(fields, b"host")
    site = headers.find(fields, b"sec-fetch-site")
    if (origin is not None and origin.partition("://")[2] != host) or (site is not None and site not in _OWN):
        raise Forbidden(
            "a page of another site may not write to this store",
            hint="set IESI_KG_TOKEN and send it, or write from a program",
        )


def _text(name: object) -> str:
    assert isinstance(name, NamedNode | DefaultGraph)
    return "" if isinstance(name, DefaultGraph) else name.value
