"""A machine: cores that several nodes share, and that may stand still now and then."""

from __future__ import annotations

from msa_lab.runtime.sim.streams import Streams
from msa_lab.sdk.distributions import Stream
from msa_lab.topology.model import MachineSettings, Stalls


class Machine:
    """Where nodes stand; they share its cores, first come first served (Kiefer and Wolfowitz, 1955)."""

    def __init__(self, cores: int, standstills: tuple[Standstills, ...] = ()) -> None:
        """Make a machine; `standstills` are those of each core, or none at all."""
        self._free_at = [0] * cores
        self._standstills = standstills

    def occupy(self, start: int, demand: int) -> int:
        """Put a job that may begin at `start` on the core that is free first; give when it ends."""
        free = self._free_at
        core = min(range(len(free)), key=free.__getitem__)
        begin = max(start, free[core])
        end = self._standstills[core].end(begin, demand) if self._standstills else begin + demand
        free[core] = end
        return end


class Standstills:
    """When one core does nothing, whoever wants it: it runs and stands still in turn, from instant 0 on.

    Work that is under way stands still with it and goes on afterwards. That a core stands still has nothing
    to do with whether anybody uses it, as with a host that gives it to other guests.
    """

    __slots__ = ("_begin", "_end", "_stalls", "_stream")

    def __init__(self, stalls: Stalls, stream: Stream) -> None:
        self._stalls = stalls
        self._stream = stream
        self._begin = self._end = 0
        self._next()

    def _next(self) -> None:
        # At least a microsecond of work between two stalls: otherwise none would ever be done.
        self._begin = self._end + max(1, self._stalls.apart.sample(self._stream))
        self._end = self._begin + self._stalls.length.sample(self._stream)

    def end(self, begin: int, demand: int) -> int:
        """Give when `demand` microseconds of work are done that begin at `begin`.

        Asked with instants that never go back.
        """
        while self._end <= begin:
            self._next()
        at = begin
        while at + demand > self._begin:
            demand -= max(0, self._begin - at)
            at = self._end
            self._next()
        return at + demand


def machine(name: str, settings: MachineSettings, streams: Streams) -> Machine:
    """Build a machine of a topology; each of its cores stands still by a stream of its own."""
    stalls = settings.stalls
    if stalls is None:
        return Machine(settings.cores)
    cores = range(1, settings.cores + 1)
    return Machine(
        settings.cores,
        tuple(Standstills(stalls, streams.named(f"stalls:{name}:{core}")) for core in cores),
    )
