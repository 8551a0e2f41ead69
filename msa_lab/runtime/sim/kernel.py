"""Virtual time: SimPy's queue in whole microseconds, coroutines that run on it, and lazy deadlines.

A handler's coroutine is stepped directly by the event it waits for: no SimPy process, start event or end
event is made for it (decision 0002). The queue's key is SimPy's own (time, priority, sequence number).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine, Generator
from heapq import heappop, heappush
from typing import Any, Generic, Protocol, TypeVar

import simpy

T = TypeVar("T")
_NORMAL = simpy.events.NORMAL
_LAST_WORDS = 100
"""How often a killed coroutine may await something before it is left to the garbage collector."""


class Crashed(BaseException):
    """Raised by the ports of an incarnation that is no more; `except Exception` does not catch it."""


class Timer:
    """An entry of SimPy's queue that calls one function with one value: lighter than an event."""

    __slots__ = ("callback", "value")

    def __init__(self, callback: Callable[[Any], object], value: object) -> None:
        self.callback = callback
        self.value = value


class Expiring(Protocol):
    """Something with a deadline."""

    settled: bool

    def expired(self) -> None:
        """Time is up."""
        ...


class Kernel(simpy.Environment):
    """A SimPy environment whose clock counts whole microseconds from 0."""

    now: int = 0  # a plain field is read faster than SimPy's property

    def __init__(self) -> None:
        super().__init__(initial_time=0)
        # SimPy's own queue; beside its events it takes our lighter timers, and its times are whole here.
        self._entries: list[tuple[int, int, int, Any]] = self._queue  # type: ignore[assignment]
        self.steps = 0
        self.standing_still = False
        self.playing = False
        self._deadlines: list[tuple[int, int, Expiring]] = []
        self._deadline_armed: int | None = None
        self._deadline_seq = 0

    def after(self, delay: int, callback: Callable[[Any], object], value: object = None) -> None:
        """Call `callback(value)` in `delay` microseconds, behind what is already due then.

        While time stands still (the scenario's `given` is being put in place) everything is due at once.
        """
        if self.standing_still:
            delay = 0
        heappush(self._entries, (self.now + delay, _NORMAL, next(self._eid), Timer(callback, value)))

    def run_to(self, end: int) -> None:
        """Play everything due up to and including `end`, then stand at `end`."""
        queue = self._entries
        steps = 0
        self.playing = True
        while queue and queue[0][0] <= end:
            when, _, _, event = heappop(queue)
            self._now = self.now = when
            steps += 1
            if type(event) is Timer:
                event.callback(event.value)
            else:
                self._play(event)
        self.steps += steps
        self._now = self.now = end
        self.playing = False

    def _play(self, event: simpy.Event) -> None:
        callbacks: Any = event.callbacks
        event.callbacks = None  # type: ignore[assignment] # as SimPy's own step
        for callback in callbacks:
            callback(event)
        if not event._ok and not hasattr(event, "_defused"):  # noqa: SLF001 - as SimPy's own step
            raise event._value  # noqa: SLF001 - as SimPy's own step

    def expire(self, at: int, wait: Expiring) -> None:
        """Tell `wait` at the instant `at` that it expired unless it was settled before.

        Deadlines that are met never become kernel events: one event at a time stands for the earliest.
        """
        if self.standing_still:
            return
        self._deadline_seq += 1
        heappush(self._deadlines, (at, self._deadline_seq, wait))
        armed = self._deadline_armed
        if armed is None or at < armed:
            self._deadline_armed = at
            self.after(max(0, at - self.now), self._sweep, at)

    def _sweep(self, armed_for: int) -> None:
        if self._deadline_armed != armed_for:
            return
        deadlines, now = self._deadlines, self.now
        while deadlines:
            at, _, wait = deadlines[0]
            if wait.settled:
                heappop(deadlines)
            elif at <= now:
                heappop(deadlines)
                wait.expired()
            else:
                break
        self._deadline_armed = None
        if deadlines:
            self._deadline_armed = deadlines[0][0]
            self.after(deadlines[0][0] - now, self._sweep, deadlines[0][0])


class Wait(Generic[T]):
    """What a coroutine awaits: settled once with a value or an error, by whoever holds it."""

    __slots__ = ("error", "late", "settled", "task", "value")

    def __init__(self, late: Callable[[], BaseException] | None = None) -> None:
        self.task: Task | None = None
        self.value: Any = None
        self.error: BaseException | None = None
        self.settled = False
        self.late = late

    def __await__(self) -> Generator[Wait[T], None, T]:
        if not self.settled:
            yield self
        if self.error is not None:
            raise self.error
        result: T = self.value
        return result

    def settle(self, value: object = None) -> None:
        """Give the value; only the first settling counts."""
        if not self.settled:
            self.settled = True
            self.value = value
            if self.task is not None:
                self.task.step()

    def fail(self, error: BaseException) -> None:
        """Raise in the coroutine; only the first settling counts."""
        if not self.settled:
            self.settled = True
            self.error = error
            if self.task is not None:
                self.task.step()

    def expired(self) -> None:
        """Fail with the error prepared for lateness."""
        if not self.settled and self.late is not None:
            self.fail(self.late())


class Owner:
    """Whom tasks belong to: they die with it, and stand still while it is paused."""

    def __init__(self) -> None:
        self.paused = False
        self.tasks: dict[Task, None] = {}
        self.parked: list[Callable[[], object]] = []

    def kill_tasks(self) -> None:
        """Close every coroutine where it stands."""
        tasks = list(self.tasks)
        self.tasks.clear()
        self.parked.clear()
        for task in tasks:
            task.kill()

    def unpark(self) -> None:
        """Do what was held back while paused, in order."""
        parked, self.parked = self.parked, []
        for act in parked:
            act()


class Task:
    """A coroutine on the kernel. `ended(result, error)` is called once, unless the task is killed."""

    __slots__ = ("_coroutine", "_ended", "_owner", "_send", "dead")

    def __init__(
        self,
        owner: Owner,
        coroutine: Coroutine[Any, Any, Any],
        ended: Callable[[Any, BaseException | None], object] | None = None,
    ) -> None:
        self._owner = owner
        self._send = coroutine.send
        self._coroutine = coroutine
        self._ended = ended
        self.dead = False
        owner.tasks[self] = None

    def step(self) -> None:
        """Run to the next await that must wait."""
        if self.dead:
            return
        if self._owner.paused:
            self._owner.parked.append(self.step)
            return
        try:
            self._send(None).task = self
        except StopIteration as stop:
            self._end(stop.value, None)
        except Crashed:
            self.kill()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            if self._ended is None:
                raise
            self._end(None, self._strayed() if _awaits_no_port(error) else error)

    def _strayed(self) -> BaseException:
        """Let a coroutine that awaits what no port gave fail there, and give how it did."""
        try:
            self._coroutine.throw(RuntimeError("a handler awaits only its ports"))
        except BaseException as error:  # noqa: BLE001 - whatever it makes of it
            return error
        return RuntimeError("a handler awaits only its ports")

    def _end(self, result: object, error: BaseException | None) -> None:
        if self.dead:
            return  # it was killed while it ran: what it still came to is nobody's
        self.dead = True
        self._owner.tasks.pop(self, None)
        if self._ended is not None:
            self._ended(result, error)

    def kill(self) -> None:
        """Stop for good where it stands.

        Its `finally` blocks run, but nothing that they await is waited for, and what they raise is nobody's:
        a process that is killed runs none. If it is this very task that runs now, it ends at its next port.
        """
        if self.dead:
            return
        self.dead = True
        self._owner.tasks.pop(self, None)
        with contextlib.suppress(Crashed, Exception):
            for _ in range(_LAST_WORDS):
                self._coroutine.throw(Crashed())


def _awaits_no_port(error: BaseException) -> bool:
    """Tell whether a step failed because what the coroutine yielded is no `Wait` of ours."""
    trace = error.__traceback__
    return isinstance(error, AttributeError) and trace is not None and trace.tb_next is None
