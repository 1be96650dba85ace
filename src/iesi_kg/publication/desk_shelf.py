"""Items of the desk on disk: a folder each, with the bytes that came, unchanged, and a record written atomically.

The secret of a status address is not kept: it is made again from the id with the key of the desk (RFC 2104), so that
whoever reads a record of the desk cannot follow the address of its sender, and a repeated hand-in gets the same one.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from iesi_kg.errors import NotFound, StoreDamaged
from iesi_kg.publication.desk_item import Item, decode, encode
from iesi_kg.records import SourceFile
from iesi_kg.store.durable import locked, make_folder, store_error, write_atomically

FOLDER = "desk"
_ID = re.compile(r"[0-9a-f]{16}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_KEY_BYTES = 32
_ITEM = "item.json"


class DeskShelf:
    """The folder of the desk inside the folder of a store; its files are their owner's alone."""

    def __init__(self, store: Path, lock_timeout: float) -> None:
        self.folder = store / FOLDER
        self._timeout = lock_timeout
        self._known_key = b""
        self._key_file = self.folder / "KEY"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one who changes anything. Raises StoreBusy, StoreError."""
        try:
            make_folder(self.folder)
            self.folder.chmod(0o700)
            with locked(self.folder / "LOCK", self._timeout):
                yield
        except OSError as error:
            raise store_error(error, self.folder) from error

    def id_of(self, key: str) -> str:
        """The id that a key of the sender's own choosing leads to: the same key, the same item."""
        return hmac.digest(self._key(), b"id " + key.encode("utf-8", "replace"), "sha256").hex()[:16]

    def secret(self, item_id: str) -> str:
        """What the status address of an item ends with."""
        digest = hmac.digest(self._key(), b"status " + item_id.encode(), "sha256")
        return urlsafe_b64encode(digest).decode().rstrip("=")

    def knows(self, item_id: str, secret: str) -> bool:
        """Whether a status address is right; takes as long for a wrong one."""
        if not self._key_file.exists():  # nothing was ever handed in
            return False
        return hmac.compare_digest(self.secret(item_id).encode(), secret.encode("utf-8", "replace"))

    def has(self, item_id: str) -> bool:
        """Whether there is such an item."""
        return _ID.fullmatch(item_id) is not None and (self.folder / item_id / _ITEM).is_file()

    def read(self, item_id: str) -> Item:
        """One item. Raises NotFound, StoreDamaged."""
        if not self.has(item_id):
            raise NotFound(f"nothing on the desk is called {item_id[:40]!r}", hint="`iesi-kg submissions list`")
        path = self.folder / item_id / _ITEM
        try:
            return decode(json.loads(path.read_bytes()))
        except OSError as error:
            raise store_error(error, path) from error
        except (ValueError, KeyError, TypeError):
            raise StoreDamaged(f"{path} is damaged", hint="restore the folder of the desk from a backup") from None

    def all(self) -> list[Item]:
        """Every item, the newest first."""
        names = [path.name for path in self.folder.iterdir()] if self.folder.is_dir() else []
        items = [self.read(name) for name in names if self.has(name)]
        return sorted(items, key=lambda item: (item.received, item.id), reverse=True)

    def write(self, item: Item, source: SourceFile | None = None) -> None:
        """Keep an item, and first the bytes that came with it."""
        folder = self.folder / item.id
        make_folder(folder)
        if source is not None:
            write_atomically(folder / source.sha256, source.content, mode=0o600)
        record = json.dumps(encode(item), ensure_ascii=False, indent=1).encode() + b"\n"
        write_atomically(folder / _ITEM, record, mode=0o600)

    def source(self, item: Item) -> SourceFile:
        """The file of an item as it came. Raises StoreDamaged when it is not what came."""
        came = item.latest_file
        path = self.folder / item.id / came.sha256
        if not _DIGEST.fullmatch(came.sha256) or not path.is_file():
            raise StoreDamaged(f"the file of {item.id} is missing", hint="restore the folder of the desk from a backup")
        source = SourceFile(came.file, path.read_bytes())
        if source.sha256 != came.sha256:
            raise StoreDamaged(f"{path} is not what came in", hint="restore it from a backup; nothing was published")
        return source

    def _key(self) -> bytes:
        if not self._known_key:
            path = self._key_file
            if not path.exists():
                make_folder(self.folder)
                with locked(self.folder / "KEY.LOCK", self._timeout):
                    if not path.exists():
                        write_atomically(path, secrets.token_bytes(_KEY_BYTES), mode=0o600)
            key = path.read_bytes()
            if len(key) != _KEY_BYTES or path.stat().st_mode & 0o077:
                raise StoreDamaged(f"{path} cannot be trusted", hint=f"restore it from a backup, then chmod 600 {path}")
            self._known_key = key
        return self._known_key
