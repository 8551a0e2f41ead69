"""The live view on a long log, and on one that grows fast.

How long it takes to open, to go to any moment, and how much memory it needs: the log of one run is repeated
with its time and names moved on; the first argument is how many events. First `msalab tui` is started in a
terminal of its own until the Live screen tells its figures, without and with the index that a run leaves
beside a long log; then come the parts by themselves, and how long a key takes while 5,000 events a second
are written.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import random
import re
import resource
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from multiprocessing import Process
from pathlib import Path

from keys import measure
from logs import write_log

from msa_lab.persistence import INDEX, RESULT
from msa_lab.tui.feed import index
from msa_lab.tui.feed.feed import Feed

EVENTS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
MOMENTS = 50
STARTS = 3
PATIENCE = 20
FIGURES = re.compile(rb"(whole run|last second)")
"""The head of the services once all is counted; before, it says how far that is."""
SUMMARY = {
    "run": "bench", "scenario": {"id": "checkout"}, "topology": "textbook", "seed": 1, "chaos": "flaky",
    "started": "", "verdict": "PASSED", "exit": 0, "expectations": [],
}  # fmt: skip


def started(runs: Path) -> tuple[float, float, int]:
    """Start the view in a terminal of 120 by 40; give seconds (clock, CPU) until all is counted, and MB."""
    begun = time.perf_counter()
    child, terminal = pty.fork()
    if not child:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.execv(sys.executable, [sys.executable, "-m", "msa_lab", "tui", "bench", "--out", str(runs)])  # noqa: S606 - ours
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    seen = b""
    try:
        while FIGURES.search(seen) is None:
            if not select.select([terminal], [], [], PATIENCE)[0]:
                raise TimeoutError(seen[-2000:])
            seen += os.read(terminal, 1 << 16)
        took = time.perf_counter() - begun
        used = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        cpu = (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")
        peak = next(
            line for line in Path(f"/proc/{child}/status").read_text().splitlines() if "VmHWM" in line
        )
    finally:
        os.kill(child, signal.SIGKILL)  # nothing of this look is to be kept
        os.waitpid(child, 0)
        os.close(terminal)
    return took, cpu, int(peak.split()[1]) // 1024


def starts(path: Path) -> None:
    """Print how long a start takes without and with the index."""
    (path.parent / RESULT).write_text(json.dumps(SUMMARY))
    for told in ("without the index", "with the index"):
        rounds = [started(path.parent.parent) for _ in range(STARTS)]
        times = ", ".join(f"{took:.2f} (CPU {cpu:.2f})" for took, cpu, _ in rounds)
        most = max(mb for _, _, mb in rounds)
        print(f"program start to all figures, {told}: {times} s, {most} MB at the most")
        if not path.with_name(INDEX).exists():
            begun = time.perf_counter()
            index.keep_of(path)
            took = time.perf_counter() - begun
            size = path.with_name(INDEX).stat().st_size / 1e6
            print(f"making the index: {took:.1f} s, {size:.0f} MB")


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench" / "events.jsonl"
        path.parent.mkdir()
        writer = Process(target=write_log, args=(path, EVENTS))  # its memory is not the view's
        writer.start()
        writer.join()
        maker = Process(target=starts, args=(path,))  # nor is this
        maker.start()
        maker.join()
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
