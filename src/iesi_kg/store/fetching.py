"""Turns addresses of the store that a copy is made of into documents and files, under bounds; cut ones go on later.

Redirects are not followed: whoever keeps a copy names the address that answers.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iesi_kg.errors import MirrorError
from iesi_kg.store.addresses import target
from iesi_kg.store.durable import store_error

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS, SILENT_SECONDS = 10.0, 60.0
PARALLEL = 4
_SHOWN = 200
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Document:
    """A small answer, whole; its entity tag and media type as they came."""

    body: bytes
    etag: str
    media_type: str


class Source:
    """A service at an address; ``token`` is shown to it, ``agent`` says who asks. Any thread may use it.

    Of the members of a MirrorError ``passing`` says whether trying again may help, ``pause`` how many seconds the
    service asks to wait, ``gone`` that it has no such thing.
    """

    def __init__(self, address: str, agent: str, token: str = "") -> None:
        self.address = target(address, local=True).url.rstrip("/")
        self._headers = {"User-Agent": agent, "Accept-Encoding": "identity"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._client: httpx.Client | None = None

    def document(self, path: str, most: int, etag: str = "") -> Document | None:
        """What is at a path; None where it is still what has this entity tag. Raises MirrorError."""
        fields = {"Accept": "application/json"} | ({"If-None-Match": etag} if etag else {})
        with self._asked("GET", path, fields) as response:
            if response.status_code == 304:
                return None
            self._expect(response, path, 200)
            body = b"".join(self._parts(response, path, most))
            facts = response.headers
            media_type = str(facts.get("content-type", "")).partition(";")[0].strip().lower()
            return Document(body, str(facts.get("etag", "")), media_type)

    def download(self, path: str, file: Path, size: int) -> None:
        """Have a file hold what is at a path, of at most this size; what it holds already is not fetched again.

        Raises MirrorError where it is cut, with what came kept for the next attempt; StoreError for our own disk.
        """
        held = file.stat().st_size if file.exists() else 0
        if held >= size:
            return
        with self._asked("GET", path, {"Range": f"bytes={held}-"} if held else {}) as response:
            self._expect(response, path, 200, 206)
            going_on = response.status_code == 206
            try:
                with file.open("ab" if going_on else "wb") as target_file:
                    for part in self._parts(response, path, size - (held if going_on else 0)):
                        target_file.write(part)
            except OSError as error:
                raise store_error(error, file) from error

    def tell(self, method: str, path: str, fields: Mapping[str, str]) -> int:
        """Send a request without a body; the status of the answer. Raises MirrorError."""
        with self._asked(method, path, dict(fields)) as response:
            return response.status_code

    def close(self) -> None:
        """Close every connection."""
        if self._client is not None:
            self._client.close()

    @contextmanager
    def _asked(self, method: str, path: str, fields: dict[str, str]) -> Iterator[httpx.Response]:
        import httpx

        client = self._opened(httpx)
        try:
            with client.stream(method, f"{self.address}{path}", headers=self._headers | fields) as response:
                yield response
        except httpx.ConnectError as error:
            raise self._passing(f"{self.address} cannot be reached: {error}") from None
        except httpx.TimeoutException:
            raise self._passing(f"{self.address} said nothing for {SILENT_SECONDS:g} seconds") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._passing(f"{self.address} broke off: {error or type(error).__name__}") from None

    def _opened(self, library: Any) -> httpx.Client:  # noqa: ANN401  (the module)
        if self._client is None:
            self._client = library.Client(
                verify=ssl.create_default_context() if self.address.startswith("https:") else False,
                trust_env=False,
                timeout=library.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS),
                limits=library.Limits(max_connections=PARALLEL, max_keepalive_connections=PARALLEL),
            )
        client: httpx.Client = self._client
        return client

    def _parts(self, response: httpx.Response, path: str, most: int) -> Iterator[bytes]:
        room = most
        for part in response.iter_raw():
            room -= len(part)
            if room < 0:
                raise MirrorError(
                    f"{self.address}{path} is larger than {most:,} bytes", hint="is it the right address?"
                )
            yield part

    def _expect(self, response: httpx.Response, path: str, *statuses: int) -> None:
        status = response.status_code
        if status in statuses:
            return
        place = f"{self.address}{path}"
        if response.is_redirect:
            location = str(response.headers.get("location", ""))[:_SHOWN]
            raise MirrorError(f"{place} redirects to {location}", hint="give the address that answers itself")
        hints = {
            401: "IESI_KG_MIRROR_TOKEN must hold a token with the scope mirror",
            403: "the primary lets nobody copy, or not with this token",
            404: "give the address of the pages of an iesi-kg service, as in http://host:8080",
        }
        wait = str(response.headers.get("retry-after", ""))
        raise MirrorError(
            f"{place} answers with status {status}{_said(response)}",
            hint=hints.get(status),
            passing=status in _PASSING,
            gone=status in (404, 410),
            pause=float(wait) if wait.isdigit() else 0.0,
        )

    def _passing(self, detail: str) -> MirrorError:
        return MirrorError(detail[:500], hint="it may be down; try again later", passing=True)


def _said(response: httpx.Response) -> str:
    """What a failure says of itself, where it says it as a problem document."""
    import json

    if not str(response.headers.get("content-type", "")).startswith("application/problem+json"):
        return ""
    body = b""
    for part in response.iter_raw():
        body += part
        if len(body) > 16_384:
            break
    try:
        detail = str(json.loads(body)["detail"])
    except (ValueError, KeyError, TypeError):
        return ""
    return ": " + "".join(c if c.isprintable() else " " for c in detail)[:_SHOWN]
