"""Work in the background of the supervisor: nothing fails unseen, and whoever waits for a change is woken."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Tasks:
    """The supervisor's background work. `trouble` is the first failure in it; it ends the run."""

    def __init__(self) -> None:
        self.trouble: BaseException | None = None
        self._running: set[asyncio.Task[Any]] = set()
        self._changed = asyncio.Event()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something in the background."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(error)

    def fail(self, trouble: BaseException) -> None:
        """Take note of a failure; the first one stays."""
        self.trouble = self.trouble or trouble
        self._changed.set()

    def raise_trouble(self) -> None:
        """Raise the first failure, if there was one."""
        if self.trouble is not None:
            raise self.trouble

    def changed(self) -> None:
        """Wake whoever waits for a change."""
        self._changed.set()

    async def change(self) -> None:
        """Wait for the next change."""
        await self._changed.wait()
        self._changed.clear()

    async def close(self) -> None:
        """Cancel everything and wait for its end."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
