"""Logs to measure the live view on: one run repeated, whole or written on by another process."""

from __future__ import annotations

import json
import time
from multiprocessing.synchronize import Event as EventType
from pathlib import Path
from typing import ClassVar

from msa_lab.bootstrap import Wishes, Workspace, plan_for, play, scenario_for
from msa_lab.chaos import Names

A_SECOND = 5_000
_BURSTS = 20


def write_log(path: Path, events: int) -> None:
    """Play the checkout once and repeat its log, with time and names moved on."""
    workspace = Workspace(Path.cwd())
    specs = workspace.specs()
    lines: list[bytes] = []
    plan = plan_for(workspace, specs, scenario_for(workspace, specs, "checkout", {}), Wishes(chaos=True))
    play(plan, write=lambda part: lines.extend(part.splitlines()))
    run = [json.loads(line) for line in lines]
    last = run[-1]["t"] + 1
    with path.open("w") as file:
        for seq in range(events):
            turn, place = divmod(seq, len(run))
            event = dict(run[place], seq=seq + 1, t=run[place]["t"] + turn * last)
            if event["saga"]:
                event["saga"] = f"{event['saga']}-{turn}"
            file.write(json.dumps(event, separators=(",", ":")) + "\n")


def write_on(lines: list[bytes], path: Path, stop: EventType) -> None:
    """Write so many lines a second as a busy run does, in twenty bursts; stop when told or at the end."""
    with path.open("ab", buffering=0) as file:
        begun = time.perf_counter()
        for burst, start in enumerate(range(0, len(lines), A_SECOND // _BURSTS), start=1):
            file.write(b"".join(lines[start : start + A_SECOND // _BURSTS]))
            time.sleep(max(0.0, begun + burst / _BURSTS - time.perf_counter()))
            if stop.is_set():
                return


class Growing:
    """Stands for a run that is under way."""

    live = True
    hands = None
    stays = False
    told = why_not = ""
    names = Names()
    faults: ClassVar[dict[str, str]] = {}
    patterns: ClassVar[dict[str, str]] = {}

    def __init__(self, log: Path) -> None:
        self.log = log
        self.summary = {"mode": "sim", "duration_sim": 60.0}

    def poll(self) -> str:
        return ""

    def stop(self) -> None: ...

    def line(self, add: object, drop: object) -> str:
        return f"{add} {drop}"

    def branch(self, add: object, drop: object) -> None: ...

    def other_line(self, options: str) -> str:
        return options

    def again(self, options: str) -> None: ...

    def save(self) -> str:
        return ""
