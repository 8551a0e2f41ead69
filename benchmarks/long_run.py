"""Plays many checkouts in one run with `--log key` and prints how much memory the process held.

    python benchmarks/long_run.py 1000000

The figure to look at is the last column: resident memory must level off, whatever the number of checkouts.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
import time
from pathlib import Path

from msa_lab.bootstrap import Wishes, Workspace, plan_for, play, scenario_for
from msa_lab.sdk.values import Duration, Instant, seconds

HERE = Path(__file__).parent
EACH = 1_000
"""How many checkouts a shopper of the scenario makes, and how many shoppers come in a second: 10."""
ARRIVALS = 10
LASTS = 8_600
"""About how many seconds the last of them is busy."""


def resident_mib() -> float:
    """Give the resident memory of this process (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main(checkouts: int) -> int:
    workspace = Workspace(HERE.parent)
    specs = workspace.specs()
    scenario = scenario_for(workspace, specs, str(HERE / "long-run.yaml"), {})
    opening = seconds(max(1, checkouts // EACH) / ARRIVALS)
    phase = dataclasses.replace(scenario.load[0], rate=float(ARRIVALS), duration=opening, arrivals="even")
    scenario = dataclasses.replace(scenario, load=(phase,), duration=Duration(opening + seconds(LASTS)))
    plan = plan_for(workspace, specs, scenario, Wishes())
    begun = time.perf_counter()
    peak = 0.0
    told = 0

    def progress(now: Instant, end: Instant) -> None:
        nonlocal peak, told
        share = now * 40 // end
        if share > told:
            told = share
            peak = max(peak, resident_mib())
            took = time.perf_counter() - begun
            held = resident_mib()
            print(f"{now / end:5.0%} {now / 1e6:8.0f} s simulated {took:6.0f} s {held:5.0f} MiB", flush=True)

    with tempfile.TemporaryFile() as log:
        report = play(plan, write=log.write, level="key", progress=progress)
        size = log.tell()
    broken = [finding.id for finding in report.broken]
    print(f"{report.sagas} verdict {report.outcome.value} {broken} hash {report.log_hash[:12]}")
    print(f"peak {peak:.0f} MiB, log {size / 1e6:.0f} MB, {report.events} events")
    return 0 if report.sagas["completed"] and peak < 500 else 1


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
