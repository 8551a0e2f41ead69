"""A program by itself: `python coreprobe.py CORE` tells on its output when that core stood still.

It sleeps until every second millisecond with a priority above all usual work. Who waits for nobody and still
wakes late was not let run: the core was not there. Each such delay is a line of two whole numbers, the
microsecond it was to wake and by how many it was late. It ends with its parent.
"""

import gc
import os
import sys
import time

TICK = 2_000_000
"""Nanoseconds between two looks: often enough for stalls that matter, and 1.5 % of the core."""

LATE = 1_000_000
"""From how many nanoseconds on a delay counts; a kernel is busy with itself for less."""

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
    due = now() + TICK
    while os.getppid() == parent:
        time.sleep(max(0, due - now()) / 1e9)
        woke = now()
        if woke - due > LATE:
            write(f"{due // 1000} {(woke - due) // 1000}\n")
            sys.stdout.flush()
        due = max(due, woke - woke % TICK) + TICK


if __name__ == "__main__":
    try:
        watch(int(sys.argv[1]))
    except PermissionError:
        sys.exit(NO_RIGHT)
