"""Where messages wait while the transport of real processes is held: one gate in each process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from msa_lab.runtime.process.journal import Journal, Story

Tell = Callable[[list[Any]], object]


class Gate:
    """Lets everything through until it is closed; then it keeps what comes until that is let through.

    `tell` hears `["held", number]` and `["passed", number]`. Deadlines run on: who waits too long gives up.
    """

    def __init__(self, journal: Journal) -> None:
        self.closed = ""
        self.tell: Tell = lambda _message: None
        self._journal = journal
        self._number = 0
        self._waiting: dict[int, asyncio.Future[None]] = {}

    def close(self, hold: str) -> None:
        """Keep what comes from now on, for a hold of this name."""
        self.closed = hold

    def open(self) -> None:
        """Let everything through."""
        self.closed = ""
        for number in list(self._waiting):
            self.let(number)

    def let(self, number: int) -> None:
        """Let one message through; nothing if it has gone."""
        waiting = self._waiting.pop(number, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    async def wait(self, story: Story, what: str) -> str:
        """Wait to be let through; give the name of the hold."""
        hold = self.closed
        self._number += 1
        number = self._number
        self._waiting[number] = asyncio.get_running_loop().create_future()
        self._journal.emit(story, "fault.hit", {"fault": hold, "what": f"held: {what}"})
        self.tell(["held", number])
        try:
            await self._waiting[number]
        finally:
            self._waiting.pop(number, None)
            self.tell(["passed", number])
        return hold
