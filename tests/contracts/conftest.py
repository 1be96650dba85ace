"""Four places for one store: a folder, `oxigraph serve`, Virtuoso 7, a scratch store of our own; each server once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from contract_ground import MOST_ROWS, NAMES, Ground, emptied

from backend_servers import Backend, oxigraph_server, virtuoso_server
from iesi_kg.settings import Settings
from running_server import serving


@pytest.fixture(scope="session")
def oxigraph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with oxigraph_server(tmp_path_factory.mktemp("oxigraph")) as running:
        yield running


@pytest.fixture(scope="session")
def virtuoso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with virtuoso_server(tmp_path_factory.mktemp("virtuoso"), rows=MOST_ROWS) as running:
        yield running


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("scratch") / "store", "--scratch", query_seconds=600) as running:
        yield f"sparql+{running.url}?profile=iesi-kg"


@pytest.fixture
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Ground:
    """The place of the test's parameter."""
    name, state = str(request.param), tmp_path / "state"
    if name == "folder":
        return Ground(name, Settings(store=tmp_path / "store"))
    if name == "iesi-kg":
        settings = Settings(store=request.getfixturevalue("scratch"), state=state, lock_seconds=0.5)
    else:
        backend: Backend = request.getfixturevalue(name)
        settings = Settings(
            store=backend.address,
            state=state,
            store_user=backend.user,
            store_password=backend.password,
            lock_seconds=0.5,
        )
    emptied(settings)
    return Ground(name, settings)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "ground" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("on")
        metafunc.parametrize("ground", marker.args if marker else NAMES, indirect=True)
