"""A machine: cores that several nodes share, and that may stand still or be slow now and then."""

from __future__ import annotations

import math
import sys

from msa_lab.runtime.sim.streams import Streams
from msa_lab.sdk.distributions import Distribution, Stream
from msa_lab.topology.model import MachineSettings

_NEVER = sys.maxsize


class Machine:
    """Where nodes stand; they share its cores, first come first served (Kiefer and Wolfowitz, 1955)."""

    def __init__(self, cores: int, paces: tuple[Pace, ...] = ()) -> None:
        """Make a machine; `paces` are those of each core, none at all means always as fast."""
        self._free_at = [0] * cores
        self._paces = paces

    def occupy(self, start: int, demand: int) -> int:
        """Put a job that may begin at `start` on the core that is free first; give when it ends."""
        free = self._free_at
        core = min(range(len(free)), key=free.__getitem__)
        begin = max(start, free[core])
        end = self._paces[core].end(begin, demand) if self._paces else begin + demand
        free[core] = end
        return end


class Phases:
    """What comes now and then: it is absent `apart` and present for `length` in turn, from instant 0 on."""

    __slots__ = ("_apart", "_length", "_stream", "begin", "end")

    def __init__(self, apart: Distribution, length: Distribution, stream: Stream) -> None:
        self._apart, self._length, self._stream = apart, length, stream
        self.begin = self.end = 0

    def reach(self, instant: int) -> None:
        """Go on to the phase that is present at an instant or the next one after; never back."""
        while self.end <= instant:
            # At least a microsecond of work between two stalls: otherwise none would ever be done.
            self.begin = self.end + max(1, self._apart.sample(self._stream))
            self.end = self.begin + self._length.sample(self._stream)


class Pace:
    """How fast one core works, whoever wants it: not at all in a stall, less in a slowdown.

    Work that is under way stands still with its core, or is slow with it, and goes on afterwards. Neither has
    to do with whether anybody uses the core, as with a host that works for other guests.
    """

    __slots__ = ("_slow", "_slow_pace", "_stalls")

    def __init__(self, stalls: Phases | None, slow: Phases | None = None, slow_pace: float = 1.0) -> None:
        """Make a pace; `slow_pace` is which share of the usual work is done in a slowdown."""
        self._stalls, self._slow, self._slow_pace = stalls, slow, slow_pace

    def end(self, begin: int, demand: int) -> int:
        """Give when `demand` microseconds of work at the usual pace are done that begin at `begin`.

        Asked with instants that never go back.
        """
        at, left = begin, float(demand)
        while True:
            pace, until = self._at(at)
            if pace:
                done = at + math.ceil(left / pace)
                if done <= until:
                    return done
                left -= (until - at) * pace
            at = until

    def _at(self, instant: int) -> tuple[float, int]:
        """Give the pace at an instant, and until when it stays so."""
        pace, until = 1.0, _NEVER
        stalls, slow = self._stalls, self._slow
        if stalls is not None:
            stalls.reach(instant)
            if stalls.begin <= instant:
                return 0.0, stalls.end
            until = stalls.begin
        if slow is not None:
            slow.reach(instant)
            if slow.begin <= instant:
                pace = self._slow_pace
            until = min(until, slow.end if slow.begin <= instant else slow.begin)
        return pace, until


def machine(name: str, settings: MachineSettings, streams: Streams) -> Machine:
    """Build a machine of a topology.

    Each of its cores stands still by a stream of its own; slow they are all at once.
    """
    stalls, slow = settings.stalls, settings.slowdowns
    if stalls is None and slow is None:
        return Machine(settings.cores)
    paces = []
    for core in range(1, settings.cores + 1):
        # Each core goes through the phases at its own time, but through the same ones: a stream made anew.
        together = None if slow is None else Phases(slow.apart, slow.length, streams.fresh(f"slow:{name}"))
        own = None
        if stalls is not None:
            own = Phases(stalls.apart, stalls.length, streams.named(f"stalls:{name}:{core}"))
        paces.append(Pace(own, together, 1.0 if slow is None else slow.pace))
    return Machine(settings.cores, tuple(paces))
