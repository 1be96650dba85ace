"""Passes on what one serving process asks the others, and keeps the counts of those that have ended."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field

from iesi_kg.web.meter import Meter
from iesi_kg.web.processes.channel import Channel, Message

_FIGURES = "figures"
_LONGEST_WAIT = 30.0


@dataclass(slots=True, eq=False)
class Member:
    """One process at the hub; ``said`` is what it told of itself when it had started."""

    channel: Channel
    said: Message = field(default_factory=dict)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    serving: asyncio.Event = field(default_factory=asyncio.Event)
    figures: Message | None = None
    waiting: dict[int, asyncio.Future[Message]] = field(default_factory=dict)


class Hub:
    """The members of one service; ``lost`` counts those that ended without being told to."""

    def __init__(self, begun: float) -> None:
        self.members: list[Member] = []
        self.lost = 0
        self._gone = Meter(begun=begun)
        self._numbers = itertools.count(1)
        self._floor = 0  # the newest version that was acknowledged to somebody
        self._tasks: set[asyncio.Task[None]] = set()

    def join(self, channel: Channel) -> Member:
        """Take up a process that is starting; it is asked nothing before it says that it has started."""
        return Member(channel)

    def open(self, member: Member) -> None:
        """Have a process that has started serve, once it answers on what others have acknowledged."""
        member.channel.send({"do": "serve", "version": self._floor})

    async def listen(self, member: Member) -> None:
        """Hear a process until it is gone."""
        try:
            while (message := await member.channel.receive()) is not None:
                self._hear(member, message)
        finally:
            self._leave(member)

    def _hear(self, member: Member, message: Message) -> None:
        if "reply" in message:
            future = member.waiting.pop(message["reply"], None)
            if future is not None and not future.done():
                future.set_result(message["found"])
        elif "ask" in message:
            task = asyncio.get_running_loop().create_task(self._pass_on(member, message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif "figures" in message:
            member.figures = message["figures"]
        elif message.get("say") == "started":
            self.members.append(member)
            member.said = message
            member.started.set()
        elif message.get("say") == "serving":
            member.serving.set()

    def _leave(self, member: Member) -> None:
        if member in self.members:
            self.members.remove(member)
        if member.figures is not None:
            self._gone.add({**member.figures, "running": {}})
            member.figures = None
        for future in member.waiting.values():
            future.cancel()
        member.waiting.clear()
        member.channel.close()

    async def _pass_on(self, asker: Member, message: Message) -> None:
        facts = message["facts"]
        self._floor = max(self._floor, int(facts.get("version", 0)))
        others = [member for member in self.members if member is not asker]
        seconds = min(_LONGEST_WAIT, float(message["seconds"]))
        found = await asyncio.gather(*(self._ask(each, message["what"], facts, seconds) for each in others))
        if message["what"] == _FIGURES:
            asker.figures = facts["meter"]
            found = [self._summed(asker, others, found)]
        asker.channel.send({"answer": message["ask"], "found": [each for each in found if each is not None]})

    async def _ask(self, member: Member, what: str, facts: Message, seconds: float) -> Message | None:
        """What one process answers; None when it has gone, or says nothing in time."""
        number = next(self._numbers)
        future = member.waiting[number] = asyncio.get_running_loop().create_future()
        member.channel.send({"ask": number, "what": what, "facts": facts})
        try:
            return await asyncio.wait_for(future, seconds)
        except (TimeoutError, asyncio.CancelledError):
            return None
        finally:
            member.waiting.pop(number, None)

    def _summed(self, asker: Member, others: list[Member], found: list[Message | None]) -> Message:
        """The counts of all processes, those included that have ended; one that is silent counts as it did last."""
        total = Meter(begun=self._gone.begun)
        total.add(self._gone.told())
        versions = []
        for member, told in zip(others, found, strict=True):
            if told is not None:
                member.figures = told["meter"]
                versions.append(told["version"])
        for member in (asker, *others):
            if member.figures is not None:
                total.add(member.figures)
        return {"meter": total.told(), "versions": versions, "processes": len(others) + 1, "lost": self.lost}
