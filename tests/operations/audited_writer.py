"""A writer to be killed: commits for ever through the audit log and says each version once it is acknowledged."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad

from iesi_kg.operations.audit import Act, AuditLog
from iesi_kg.operations.audited import AuditedStore
from iesi_kg.store.base import ChangeSet
from iesi_kg.store.embedded import EmbeddedStore


def main(path: Path) -> None:
    act = Act("Anna", "command", "submission", datetime.now(UTC))
    store = AuditedStore(EmbeddedStore.open(path, create=True), AuditLog(path), act)
    while True:
        with store.writer() as writer:
            number = writer.reader.version + 1
            item = Quad(NamedNode("http://example.org/s"), NamedNode("http://example.org/p"), Literal(str(number)))
            sys.stdout.write(f"{writer.commit(ChangeSet('one more', [item]))}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
