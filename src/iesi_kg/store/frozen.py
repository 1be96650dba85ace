"""Turns quads into files that hold just them: an N-Quads file into a store folder, a live store into a fresh one."""

from __future__ import annotations

import shutil
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from pyoxigraph import NamedNode, RdfFormat, Store

from iesi_kg.errors import StoreDamaged, StoreError
from iesi_kg.store.durable import store_error, sync_tree
from iesi_kg.store.versions import Layout, Version, publish


def freeze(quads: Path, folder: Path, number: int) -> None:
    """Make the store folder, unless it is there; it appears whole or not at all. Raises StoreError."""
    if folder.is_dir():
        return
    draft = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    layout = Layout(draft)
    try:
        layout.versions.mkdir(parents=True)
        live = Store(str(layout.live))
        live.bulk_load(path=str(quads), format=RdfFormat.N_QUADS)
        live.optimize()
        publish(layout, live, number, len(live))
        del live
        shutil.rmtree(layout.live)
        draft.rename(folder)
    except SyntaxError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise StoreDamaged(f"{quads} is no N-Quads: {error}", hint="restore the file from a copy") from None
    except (OSError, RuntimeError) as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise store_error(error, folder.parent) from error


def built(source: IO[bytes], graphs: Iterable[str], folder: Path, number: int) -> Version:
    """A version in a folder of its own, of N-Quads and the names of graphs that may have none. Raises StoreError."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        return _laid_down(source, graphs, Layout(folder), number)
    except (SyntaxError, OSError, RuntimeError, StoreError) as error:
        traceback.clear_frames(error.__traceback__)  # they hold the engine instance, which must close now
        if isinstance(error, SyntaxError):
            raise StoreDamaged(f"the statements for {folder.parent} are no N-Quads: {error}") from None
        raise store_error(error, folder.parent) from error


def _laid_down(source: IO[bytes], graphs: Iterable[str], layout: Layout, number: int) -> Version:
    layout.versions.mkdir(parents=True)
    live = Store(str(layout.live))
    live.bulk_load(source, RdfFormat.N_QUADS, lenient=True)  # checked when it was published
    for graph in graphs:
        live.add_graph(NamedNode(graph))
    live.optimize()
    version = publish(layout, live, number, len(live))
    del live
    shutil.rmtree(layout.live)
    return version


def renewed(live: Store, layout: Layout) -> Path:
    """A folder beside the live one with a store of the same quads and graphs, and of no other text."""
    draft = layout.root / ".live.new"
    shutil.rmtree(draft, ignore_errors=True)
    fresh = Store(str(draft))
    fresh.bulk_extend(live)
    for graph in live.named_graphs():
        fresh.add_graph(graph)
    fresh.optimize()
    fresh.flush()
    del fresh
    sync_tree(draft)
    return draft
