"""A program by itself: `python coreprobe.py CORE` tells on its output when that core stood still or was slow.

It sleeps until every second millisecond with a priority above all usual work. Who waits for nobody and still
wakes late was not let run: the core was not there. Then it does a small piece of work, always the same, at
which nobody disturbs it: where that takes far longer than usual the core is slow. Each such look is a line of
three whole numbers: the microsecond it was to wake, by how many it was late, and how long the work took, in
thousandths of the usual time. It ends with its parent.
"""

import gc
import os
import sys
import time
from collections.abc import Callable

TICK = 2_000_000
"""Nanoseconds between two looks: often enough for stalls that matter, and 1.5 % of the core."""

LATE = 1_000_000
"""From how many nanoseconds on a delay counts; a kernel is busy with itself for less."""

SLOW = 2.0
"""From how many usual times on the work has met a slow core; cold caches and clock rates stay below."""

WORK = 800
"""Rounds of a loop: some 20 microseconds, 1 % of the core."""

STEP = 1.003
"""How fast what is usual follows the median of what is seen: within a second or two."""

PRIORITY = 50
NO_RIGHT = 3
"""The exit code when this user may not have such a priority."""


def watch(core: int) -> None:
    """Watch until the parent is gone."""
    os.sched_setaffinity(0, {core})
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    gc.disable()
    now, parent = time.monotonic_ns, os.getppid()
    write = sys.stdout.write
    write("watching\n")
    sys.stdout.flush()
    usual = float(min(_work(now) for _ in range(50)))
    due = now() + TICK
    while os.getppid() == parent:
        time.sleep(max(0, due - now()) / 1e9)
        woke = now()
        took = _work(now)
        usual *= STEP if took > usual else 1 / STEP
        if woke - due > LATE or took > SLOW * usual:
            write(f"{due // 1000} {(woke - due) // 1000} {1000 * took / usual:.0f}\n")
            sys.stdout.flush()
        due = max(due, woke - woke % TICK) + TICK


def _work(now: Callable[[], int]) -> int:
    """Do the piece of work and give how many nanoseconds it took."""
    began = now()
    for _ in range(WORK):
        pass
    return now() - began


if __name__ == "__main__":
    try:
        watch(int(sys.argv[1]))
    except PermissionError:
        sys.exit(NO_RIGHT)
