"""The live view on a long log, and on one that grows fast.

How long it takes to open, to go to any moment, and how much memory it needs: the log of one run is repeated
with its time and names moved on; the first argument is how many events. Then how long a key takes while 5,000
events a second are written.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from multiprocessing import Process
from pathlib import Path

from keys import measure
from logs import write_log

from msa_lab.tui.feed.feed import Feed

EVENTS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
MOMENTS = 50


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        writer = Process(target=write_log, args=(path, EVENTS))  # its memory is not the view's
        writer.start()
        writer.join()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun = time.perf_counter()
        feed = Feed(path)
        feed.advance(0.2)
        first = time.perf_counter() - begun
        while not feed.ready:
            feed.advance(0.05)
        opened = time.perf_counter() - begun
        feed.advance(3600)
        counted = time.perf_counter() - begun
        dice = random.Random(7)
        took = []
        for _ in range(MOMENTS):
            at = dice.randrange(EVENTS)
            begun = time.perf_counter()
            feed.moment(at)
            took.append(time.perf_counter() - begun)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(f"events {EVENTS:,}  log {path.stat().st_size / 1e6:.0f} MB")
        print(
            f"first picture after {first:.2f} s, any moment after {opened:.2f} s, rates after {counted:.2f} s"
        )
        print(
            f"to a moment: median {sorted(took)[MOMENTS // 2] * 1e3:.0f} ms, worst {max(took) * 1e3:.0f} ms"
        )
        print(f"memory: {grown / 1024:.0f} MB more than before at the most")
        feed.log.close()
        measure(path, Path(folder) / "growing.jsonl")


if __name__ == "__main__":
    main()
