"""The live view on a long log: how long it takes to open, to go to any moment, and how much memory it needs.

The log of one run is repeated with its time and names moved on; the first argument is how many events.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
import time
from multiprocessing import Process
from pathlib import Path

from msa_lab.bootstrap import Wishes, Workspace, plan_for, play, scenario_for
from msa_lab.tui.feed.feed import Feed

EVENTS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
MOMENTS = 50


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
        feed.advance(3600)
        opened = time.perf_counter() - begun
        dice = random.Random(7)
        took = []
        for _ in range(MOMENTS):
            at = dice.randrange(EVENTS)
            begun = time.perf_counter()
            feed.moment(at)
            took.append(time.perf_counter() - begun)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(f"events {EVENTS:,}  log {path.stat().st_size / 1e6:.0f} MB")
        print(f"first picture after {first:.2f} s, all read after {opened:.2f} s")
        print(
            f"to a moment: median {sorted(took)[MOMENTS // 2] * 1e3:.0f} ms, worst {max(took) * 1e3:.0f} ms"
        )
        print(f"memory: {grown / 1024:.0f} MB more than before at the most")
        feed.log.close()


if __name__ == "__main__":
    main()
