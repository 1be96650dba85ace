"""An answer to a citation (release, query, hash of the rows) in the forms that reference managers read, and back.

BibTeX; CSL-JSON, https://citeproc-js.readthedocs.io/en/latest/csl-json/markup.html ; CFF 1.2.0,
https://github.com/citation-file-format/citation-file-format . Each carries one address, which holds all that is needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from iesi_kg.endpoint.fingerprint import Fingerprint
from iesi_kg.errors import UnreadableFile
from iesi_kg.publication.release_shelf import QUADS

PATH = "/cite"
# Our addresses percent-encode what may follow one in prose, and never end in a full stop.
_ADDRESS = re.compile(r"https?://[^\s\"'<>{}\\|^`]+/cite\?[^\s\"'<>{}\\|^`(),;!\[\]]*[^\s\"'<>{}\\|^`(),;!\[\].]")
_HASH = re.compile(r"[0-9a-f]{64}")
_DATA_DIGITS = 16
_DATA = re.compile(rf"[0-9a-f]{{{_DATA_DIGITS}}}")


class Verdict(StrEnum):
    """What running a cited query again shows; REDACTED says that an erasure may be why the answer is another one."""

    SAME = "same"
    DIFFERS = "differs"
    REDACTED = "redacted"


@dataclass(frozen=True, slots=True)
class Citation:
    """What was asked of which release of which service, and the SHA-256 of what it answered.

    ``data`` is the beginning of the SHA-256 of the release's N-Quads then; citations of the first days have none.
    """

    service: str
    release: str
    query: str
    sha256: str
    data: str = ""

    @property
    def address(self) -> str:
        """The address that holds all of it."""
        query = re.sub(r"\.\Z", "%2E", quote(self.query, safe=""))
        data = f"&data={self.data}" if self.data else ""
        return f"{self.service}{PATH}?release={self.release}{data}&sha256={self.sha256}&query={query}"

    @property
    def key(self) -> str:
        """A short name for reference lists."""
        return f"iesi-kg-{self.release}-{self.sha256[:8]}"


def read(text: str) -> Citation:
    """The citation in an address, or in any text that holds its address. Raises UnreadableFile.

    What closes a sentence or a bracket after it is not part of it.

    >>> read("see https://example.org/cite?release=2026.1&sha256=" + "0" * 64 + "&query=ASK%7B%7D").query
    'ASK{}'
    """
    found = _ADDRESS.search(text.replace("\\_", "_").replace("\\%", "%").replace("\\&", "&"))
    if found is None:
        raise UnreadableFile(
            "there is no address of a cited answer in it",
            hint="give the address (https://.../cite?release=...), or a file in BibTeX, CSL-JSON or CFF that holds it",
        )
    parts = urlsplit(found[0])
    given = parse_qs(parts.query, keep_blank_values=True)
    values = {name: given.get(name, [""])[0] for name in ("release", "query", "sha256")}
    missing = [name for name, value in values.items() if not value]
    if missing:
        raise UnreadableFile(f"the address of the citation has no {' and no '.join(missing)}", hint="copy it whole")
    if not _HASH.fullmatch(values["sha256"]):
        raise UnreadableFile("the hash in the citation is not a SHA-256 of 64 hexadecimal digits", hint="copy it whole")
    data = given.get("data", [""])[0]
    if data and not _DATA.fullmatch(data):
        raise UnreadableFile(
            f"the hash of the data in the citation is not {_DATA_DIGITS} hexadecimal digits", hint="copy it whole"
        )
    service = f"{parts.scheme}://{parts.netloc}{parts.path.removesuffix(PATH)}"
    return Citation(service, **values, data=data)


def data_of(manifest: Mapping[str, Any]) -> str:
    """What a citation carries of the data of a release as they are now."""
    return next((str(item["sha256"])[:_DATA_DIGITS] for item in manifest["files"] if item["name"] == QUADS), "")


def verdict(citation: Citation, found: Fingerprint, manifest: Mapping[str, Any]) -> Verdict:
    """What the answer of today says about a citation; the manifest keeps the hashes from before each erasure."""
    if found.sha256 == citation.sha256:
        return Verdict.SAME
    earlier = [str(item.get("before", {}).get(QUADS, "")) for item in manifest["redactions"]]
    if citation.data:
        erased = citation.data != data_of(manifest) and any(one.startswith(citation.data) for one in earlier)
        return Verdict.REDACTED if erased else Verdict.DIFFERS
    return Verdict.REDACTED if earlier else Verdict.DIFFERS


def bibtex(citation: Citation, manifest: Mapping[str, Any], lines: int) -> str:
    """The citation for BibTeX and BibLaTeX."""
    fields = {
        "author": " and ".join(f"{{{_tex(name)}}}" for name in _authors(manifest)),
        "title": f"{{{_tex(_title(manifest))}}}",
        "year": manifest["issued"][:4],
        "version": citation.release,
        "publisher": _tex(_authors(manifest)[0]),
        "url": citation.address,
        "note": _tex(_note(citation, lines)),
    }
    body = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@misc{{{citation.key},\n{body}}}\n"


def csl(citation: Citation, manifest: Mapping[str, Any], lines: int) -> str:
    """The citation as CSL-JSON."""
    day = [int(part) for part in manifest["issued"][:10].split("-")]
    item = {
        "id": citation.key,
        "type": "dataset",
        "title": _title(manifest),
        "author": [{"literal": name} for name in _authors(manifest)],
        "issued": {"date-parts": [day]},
        "version": citation.release,
        "publisher": _authors(manifest)[0],
        "URL": citation.address,
        "note": _note(citation, lines),
    }
    return json.dumps([item], ensure_ascii=False, indent=1) + "\n"


def cff(citation: Citation, manifest: Mapping[str, Any], lines: int) -> str:
    """The citation as a Citation File Format document; JSON strings are YAML strings."""
    text = [
        "cff-version: 1.2.0",
        f"message: {_quoted('If you use this answer, please cite it as below.')}",
        "type: dataset",
        f"title: {_quoted(_title(manifest))}",
        f"version: {_quoted(citation.release)}",
        f"date-released: {_quoted(manifest['issued'][:10])}",
        f"url: {_quoted(citation.address)}",
        f"abstract: {_quoted(_note(citation, lines))}",
        "authors:",
        *(f"  - name: {_quoted(name)}" for name in _authors(manifest)),
        "identifiers:",
        "  - type: other",
        f"    value: {_quoted('sha256:' + citation.sha256)}",
        '    description: "SHA-256 of the canonical answer"',
    ]
    return "\n".join(text) + "\n"


FORMS = {
    "bibtex": ("application/x-bibtex", "bib", bibtex),
    "csl": ("application/vnd.citationstyles.csl+json", "json", csl),
    "cff": ("text/yaml", "cff", cff),
}


def _authors(manifest: Mapping[str, Any]) -> list[str]:
    return list(manifest["publishers"]) or ["iesi-kg"]


def _title(manifest: Mapping[str, Any]) -> str:
    return f"{manifest['title']}: answer to a SPARQL query"


def _note(citation: Citation, lines: int) -> str:
    return f"{lines} {'row' if lines == 1 else 'rows'}, SHA-256 of the canonical rows {citation.sha256}"


def _tex(text: str) -> str:
    return re.sub(r"([&%$#_{}])", r"\\\1", text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
