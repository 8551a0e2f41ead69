"""The live view on a long log, and on one that grows fast.

How long it takes to open, to go to any moment, and how much memory it needs: the log of one run is repeated
with its time and names moved on; the first argument is how many events. Then how long a key takes while 5,000
events a second are written.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
import tempfile
import time
from multiprocessing import Event, Process
from multiprocessing.synchronize import Event as EventType
from pathlib import Path
from typing import ClassVar

from msa_lab.bootstrap import Wishes, Workspace, plan_for, play, scenario_for
from msa_lab.chaos import Names
from msa_lab.tui.app import LabApp
from msa_lab.tui.feed.feed import Feed

EVENTS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
MOMENTS = 50
A_SECOND = 5_000


def write_log(path: Path) -> None:
    """Play the checkout once and repeat its log."""
    workspace = Workspace(Path.cwd())
    specs = workspace.specs()
    lines: list[bytes] = []
    plan = plan_for(workspace, specs, scenario_for(workspace, specs, "checkout", {}), Wishes(chaos=True))
    play(plan, write=lambda part: lines.extend(part.splitlines()))
    run = [json.loads(line) for line in lines]
    last = run[-1]["t"] + 1
    with path.open("w") as file:
        for seq in range(EVENTS):
            turn, place = divmod(seq, len(run))
            event = dict(run[place], seq=seq + 1, t=run[place]["t"] + turn * last)
            if event["saga"]:
                event["saga"] = f"{event['saga']}-{turn}"
            file.write(json.dumps(event, separators=(",", ":")) + "\n")


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        writer = Process(target=write_log, args=(path,))  # its memory is not the view's
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
        keys(path, Path(folder) / "growing.jsonl")


def write_on(lines: list[bytes], path: Path, stop: EventType) -> None:
    """Write so many lines a second as a busy run does, in twenty bursts."""
    with path.open("ab", buffering=0) as file:
        begun = time.perf_counter()
        for burst, start in enumerate(range(0, len(lines), A_SECOND // 20), start=1):
            file.write(b"".join(lines[start : start + A_SECOND // 20]))
            time.sleep(max(0.0, begun + burst / 20 - time.perf_counter()))
            if stop.is_set():
                return


def keys(long: Path, path: Path) -> None:
    """Press keys while the log grows; print how long they take until all they caused is drawn."""
    with long.open("rb") as file:
        lines = [next(file) for _ in range(min(EVENTS, A_SECOND * 60))]
    path.write_bytes(b"")
    stop = Event()
    writer = Process(target=write_on, args=(lines, path, stop))
    writer.start()
    took = asyncio.run(_pressed(path))
    stop.set()
    writer.join()
    print(
        f"a key while {A_SECOND:,} events/s come: median {sorted(took)[len(took) // 2] * 1e3:.0f} ms, "
        f"worst of {len(took)} {max(took) * 1e3:.0f} ms"
    )


class Growing:
    """Stands for a run that is under way."""

    live = True
    told = why_not = ""
    names = Names()
    faults: ClassVar[dict[str, str]] = {}

    def __init__(self, log: Path) -> None:
        self.log = log
        self.summary = {"mode": "sim", "duration_sim": 60.0}

    def poll(self) -> str:
        return ""

    def stop(self) -> None: ...

    def line(self, add: object, drop: object) -> str:
        return f"{add} {drop}"

    def branch(self, add: object, drop: object) -> None: ...

    def save(self) -> str:
        return ""


async def _pressed(path: Path) -> list[float]:
    session = Growing(path)
    app = LabApp(Feed(path), session.summary, session=session)
    took = []
    async with app.run_test(size=(120, 40)) as pilot:
        for key in ("1", "tab", "down", "3", "down", "4", "up", "2", "right", "5", "7", "1") * 5:
            await asyncio.sleep(0.1)
            begun = time.perf_counter()
            await pilot.press(key)
            took.append(time.perf_counter() - begun)
    app.feed.log.close()
    return took


if __name__ == "__main__":
    main()
