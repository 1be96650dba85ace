"""Which test file a worker gets next: one of the folder it is in, whose servers and stores it has already started."""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

LONGEST_FIRST = ("releases", "operations", "shapes", "validation", "web", "publication", "linking", "browser", "store")


class FolderScheduling(LoadFileScheduling):
    """Whole files as before, and as long as there are folders nobody has begun, no two workers in one folder."""

    def schedule(self) -> None:
        """Hand out the first files; see the base class."""
        self._place: dict[WorkerController, str] = {}
        super().schedule()

    def _assign_work_unit(self, node: WorkerController) -> None:
        scope = min(self.workqueue, key=lambda name: self._rank(name, node))
        self.workqueue.move_to_end(scope, last=False)
        self._place[node] = _folder(scope)
        super()._assign_work_unit(node)

    def _rank(self, scope: str, node: WorkerController) -> tuple[bool, bool, int]:
        folder = _folder(scope)
        others = {place for each, place in self._place.items() if each is not node}
        late = LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)
        return folder in others, folder != self._place.get(node), late


def _folder(scope: str) -> str:
    return PurePosixPath(scope).parent.name
