"""Work in the background: nothing fails unseen."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Callable, Coroutine
from typing import Any


def shown(error: BaseException) -> None:
    """Print a failure with its trace: a process's bugs are shown, not hidden."""
    traceback.print_exception(error, file=sys.stderr)


class Background:
    """Work that goes on by itself; `failed` is told of each failure in it."""

    def __init__(self, failed: Callable[[BaseException], object] = shown) -> None:
        self._failed = failed
        self._running: set[asyncio.Task[Any]] = set()

    @property
    def idle(self) -> bool:
        """Whether all of it has ended."""
        return not self._running

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something in the background."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(error)

    def cancel(self) -> None:
        """Cancel everything."""
        for task in list(self._running):
            task.cancel()

    async def close(self) -> None:
        """Cancel everything and wait for its end."""
        running = list(self._running)
        self.cancel()
        await asyncio.gather(*running, return_exceptions=True)


class Tasks(Background):
    """The supervisor's work. `trouble` is the first failure in it; whoever waits for a change is woken."""

    def __init__(self) -> None:
        super().__init__(self.fail)
        self.trouble: BaseException | None = None
        self._changed = asyncio.Event()

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
