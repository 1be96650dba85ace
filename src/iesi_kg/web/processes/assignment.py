"""What a process of the service is started with, as it stands on its command line."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass

from iesi_kg.errors import StartError
from iesi_kg.web.processes.channel import Message

PREPARE, SERVE = "prepare", "serve"


@dataclass(frozen=True, slots=True)
class Assignment:
    """The task of a process, the files that are open for it, its seat, and how many serve with it."""

    task: str
    channel: int
    listener: int
    commons: int
    seat: int = 0
    processes: int = 1
    again: bool = False  # others serve already

    @property
    def files(self) -> tuple[int, int, int]:
        """The open files."""
        return self.channel, self.listener, self.commons

    def text(self) -> str:
        """For the command line."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> Assignment:
        """The assignment on a command line. Raises StartError."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            raise StartError("--post is given by the service to processes of its own", hint="leave it out") from None


def tell(assignment: Assignment, facts: Message) -> None:
    """What a process that only prepares has to say."""
    with socket.socket(fileno=assignment.channel) as end:
        end.sendall(json.dumps(facts).encode() + b"\n")
