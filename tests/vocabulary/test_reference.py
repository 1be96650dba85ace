"""The generated reference page: every term and list once, what stands under one of each by hand."""

from __future__ import annotations

import re
from pathlib import Path

from iesi_kg.vocabulary import reference


def section(page: str, title: str) -> str:
    return page.partition(f"### `{title}`\n")[2].partition("\n##")[0]


def test_every_own_term_and_every_list_has_its_section(root: Path) -> None:
    sections = re.findall(r"^### `([^`]+)`$", reference.page(), re.MULTILINE)
    assert len(sections) == len(set(sections))
    declared = re.findall(r"^(iesi:\w+) a owl:", (root / "ontology/iesi.ttl").read_text("utf-8"), re.MULTILINE)
    lists = [f"codes:{path.stem}" for path in (root / "ontology/codelists").glob("*.ttl")]
    assert set(declared) | set(lists) <= set(sections)


def test_a_property_in_full() -> None:
    assert section(reference.page(), "iesi:ictRole").strip() == (
        "ICT role.\n\n"
        "The part technology plays in the innovation: source of the impulse, means, or background.\n\n"
        "* From: `iesi:Initiative`\n"
        "* To: `skos:Concept`\n"
        "* Codes of: `codes:ict-role`\n"
        "* Source: [Note on the IESI expert workshop of February 2015, TU Dortmund](https://www.sfs.tu-dortmund.de/)\n"
        "* Template: `ict_role`\n"
        "* Rules: `ict-role-code` (v), `ict-role-one` (v)\n"
        "* Queries: [The role of technology](../../queries/examples/005-role-of-ict.rq)"
    )


def test_a_list_says_its_standing_and_that_of_each_code() -> None:
    text = section(reference.page(), "codes:ict-potential")
    assert "* Standing: reconstructed" in text
    assert (
        "| `1` | technical / incremental | The service stays as it is; technology makes steps of it faster or " in text
    )


def test_every_link_of_the_page_leads_to_a_file(root: Path) -> None:
    folder = (root / reference.PAGE).parent
    local = {link for link in re.findall(r"\]\(([^)]+)\)", reference.page()) if not link.startswith("http")}
    assert local
    assert [link for link in local if not (folder / link).is_file()] == []
