"""What the cores of this machine did so far: worked, or wanted to and were kept back by a host."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_FIELDS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_WORK = ("user", "nice", "system", "irq", "softirq")
STAT = Path("/proc/stat")


@dataclass(frozen=True, slots=True)
class CoreTimes:
    """Sums over all cores since the machine started, in ticks; `stolen` went to the host's other guests."""

    worked: int = 0
    stolen: int = 0

    def share_since(self, before: CoreTimes) -> float:
        """Give which share of the time that cores were wanted they were kept back; 0 if never wanted."""
        worked, stolen = self.worked - before.worked, self.stolen - before.stolen
        return stolen / (worked + stolen) if worked + stolen > 0 else 0.0


def read_core_times(stat: Path = STAT) -> CoreTimes:
    """Read the first line of Linux's `/proc/stat`; zeros where the system keeps no such file."""
    try:
        first = stat.read_text(encoding="ascii").split("\n", 1)[0]
    except FileNotFoundError:
        return CoreTimes()
    times = dict(zip(_FIELDS, map(int, first.split()[1:]), strict=False))
    return CoreTimes(sum(times.get(name, 0) for name in _WORK), times.get("steal", 0))
