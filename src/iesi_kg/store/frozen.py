"""Turns quads into files that hold just them: an N-Quads file into a store folder, a live store into a fresh one."""

from __future__ import annotations

import shutil
from pathlib import Path

from pyoxigraph import RdfFormat, Store

from iesi_kg.errors import StoreDamaged
from iesi_kg.store.durable import store_error, sync_tree
from iesi_kg.store.versions import Layout, publish


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
