"""A shop of real processes: how long from the command until all are ready, and how much memory they take.

    python benchmarks/startup_process.py [--rounds 3] [--topology textbook]

Each round types `msalab up` in a directory of its own, then adds up the proportional set sizes (PSS) of the
supervisor and all that comes from it, as Linux tells them: a page shared by ten processes counts a tenth
for each. The last round's processes are listed. A round that does not count goes before: it compiles the
modules, as installing them does.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
KIB = 1024


def msalab(place: Path, compiled: Path, *arguments: str) -> str:
    """Type a command; its output goes into a file, because what it leaves running would hold a pipe open."""
    env = {
        **os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(place), "TMPDIR": str(place),
        "PYTHONPYCACHEPREFIX": str(compiled), "PYTHONDONTWRITEBYTECODE": "",
    }  # fmt: skip
    out = place / "out"
    with out.open("wb") as told:
        subprocess.run(  # noqa: S603 - this Python
            [sys.executable, "-m", "msa_lab", *arguments], cwd=place, env=env, stdout=told, check=True
        )
    return out.read_text(encoding="utf-8")


def family(pid: int) -> list[int]:
    """Give a process and all that come from it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *(one for child in children for one in family(int(child)))]


def memory(pid: int) -> dict[str, int]:
    """Give the process's sizes in KiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    return {line.split(":")[0]: int(line.split()[1]) for line in lines}


def name(pid: int, known: dict[int, str]) -> str:
    """Give what a process is called here, or its program."""
    return (
        known.get(pid)
        or Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode().rpartition("/")[2]
    )


def one_round(topology: str, compiled: Path) -> tuple[float, float, list[tuple[str, dict[str, int]]]]:
    """Start a shop and end it; give seconds, MiB, and each process's sizes."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        since = time.perf_counter()
        msalab(place, compiled, "up", "--topology", topology)
        took = time.perf_counter() - since
        try:
            status: dict[str, Any] = json.loads(msalab(place, compiled, "status", "--json"))
            known = {one["pid"]: one["process"] for one in status["instances"]}
            first = next(iter(known))
            nursery = int(
                Path(f"/proc/{first}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1]
            )
            supervisor = int(
                Path(f"/proc/{nursery}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1]
            )
            known |= {nursery: "fork server", supervisor: "supervisor"}
            sizes = [(name(pid, known), memory(pid)) for pid in family(supervisor)]
        finally:
            msalab(place, compiled, "down", "--all")
    return took, sum(size["Pss"] for _, size in sizes) / KIB, sizes


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--topology", default="textbook")
    wishes = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compiled = Path(folder)
        one_round(wishes.topology, compiled)
        rounds = [one_round(wishes.topology, compiled) for _ in range(wishes.rounds)]
    for who, size in rounds[-1][2]:
        print(f"{who:16} {size['Pss'] / KIB:6.1f} MiB, its own {size['Private_Dirty'] / KIB:6.1f} MiB")
    print(
        f"{len(rounds[-1][2])} processes on {os.cpu_count()} cores, {wishes.rounds} rounds, median (worst):"
    )
    for what, unit, place in (("ready after", "s", 0), ("memory (PSS)", "MiB", 1)):
        values = [float(one[place]) for one in rounds]  # type: ignore[arg-type]
        print(f"  {what:13} {statistics.median(values):7.2f} {unit} ({max(values):.2f})")


if __name__ == "__main__":
    main()
