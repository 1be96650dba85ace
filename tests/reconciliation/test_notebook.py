"""The client of a notebook: the same from a service and a folder, with either library, and the guide as it is shown."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pandas
import polars
import pytest
from reconciliation_suite import Client as Service

from iesi_kg import Client, open_client
from iesi_kg.client import frames
from iesi_kg.errors import NotFound, PeerError, UsageError

MINE = {"title": ["Vincles", "Xylophone qqq", None], "land": ["Spain", None, "Spain"]}


@pytest.fixture(scope="module")
def remote(client: Service) -> Client:
    return open_client(client.server.url)


@pytest.fixture(scope="module")
def local(bundled_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return open_client(shutil.copytree(bundled_store, tmp_path_factory.mktemp("notebook") / "store"), frames="polars")


def test_rows_of_a_table_are_found_with_reasons_wherever_the_data_are(remote: Client, local: Client) -> None:
    far = remote.link(pandas.DataFrame(MINE), name="title", properties={"country": "land"})
    near = local.link(polars.DataFrame(MINE), name="title", properties={"country": "land"})
    assert isinstance(far, pandas.DataFrame) and isinstance(near, polars.DataFrame)
    assert list(far.columns) == near.columns == ["query", "id", "name", "score", "match", "reason"]
    assert far["id"][0] == near["id"].to_list()[0] == "initiative:vincles-bcn"
    assert near["match"].to_list() == [True, None, None]
    assert "same country (ES)" in far["reason"][0] == near["reason"][0]
    assert far["score"][0] == near["score"][0]


def test_queries_are_tables_with_numbers(remote: Client, local: Client) -> None:
    text = (
        "PREFIX iesi: <https://w3id.org/iesi-kg/ontology#> SELECT ?i ?y ?e { VALUES ?i { <%s> } ?i iesi:startYear ?y }"
    )
    text %= "https://w3id.org/iesi-kg/id/initiative/vincles-bcn"
    assert remote.query(text).to_dict("records")[0]["y"] == 2017
    assert local.query(text).rows() == [("https://w3id.org/iesi-kg/id/initiative/vincles-bcn", 2017, None)]
    with pytest.raises(UsageError, match="only the results of a SELECT"):
        remote.query("ASK {}")


def test_one_initiative_is_told_by_property(remote: Client, local: Client) -> None:
    told = remote.initiative("vincles-bcn")
    assert told == local.initiative("initiative:vincles-bcn")
    assert (told["country"], told["start_year"], told["lead_organisation"]) == (
        ["Spain"],
        [2017],
        ["Barcelona City Council"],
    )
    with pytest.raises(NotFound, match="no initiative is called 'nobody'"):
        local.initiative("nobody")


def test_what_cannot_be_is_said(remote: Client, local: Client) -> None:
    with pytest.raises(UsageError, match="no column 'name'"):
        remote.link(pandas.DataFrame(MINE))
    with pytest.raises(UsageError, match="there is no type 'initiatve'; did you mean 'initiative'"):
        local.link(polars.DataFrame(MINE), name="title", kind="initiatve")
    with pytest.raises(UsageError, match="a list is no data frame"):
        local.link([1])
    with pytest.raises(UsageError, match="'excel' is no library"):
        frames.frame({}, "excel")
    with pytest.raises(PeerError, match="no answer from"):
        open_client("http://127.0.0.1:9").initiative("x")


def test_a_library_that_is_missing_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    with pytest.raises(UsageError, match="polars is not installed") as refused:
        frames.frame({"a": [1]}, "polars")
    assert refused.value.hint == "pip install 'iesi-kg[polars]'"


def test_the_guide_runs_as_it_is_shown(
    client: Service,
    root: Path,
    shared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    guide = (root / "docs" / "how-to" / "notebook.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", guide, re.M | re.S)
    (source,) = (shared / "data" / "jrc_pstw_blockchain").glob("bc4sdgs*.csv")
    shutil.copy(source, tmp_path / "pstw.csv")
    monkeypatch.chdir(tmp_path)
    said, space = [], dict[str, object]()
    for block in blocks:
        exec(compile(block.replace("http://127.0.0.1:8080", client.server.url), "notebook.md", "exec"), space)  # noqa: S102
        said.append(capsys.readouterr().out)
    assert len(blocks) == 3
    assert "initiative:vincles-bcn" in said[0] and "initiative:la-bonne-boite" in said[0]
    assert "Care about Care" in said[1] and "running" in said[1]
    assert "BLINC" in said[2] and "improved_public_service" in said[2]
