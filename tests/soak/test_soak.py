"""SIGKILL after SIGKILL while shoppers buy: nothing is lost, doubled, stuck or left behind.

`SOAK_KILLS` says how many services, brokers and caches are killed in all, `SOAK_SEED` where to begin.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped] # has no types of its own
import pytest
import uvloop

from msa_lab.bootstrap import WallClock, Wishes, Workspace, plan_for, process_world, scenario_for
from msa_lab.scenario.findings import Verdict
from msa_lab.sdk import Instant, seconds
from msa_lab.telemetry.events import LogEvent
from msa_lab.usecases.ports import Plan
from msa_lab.usecases.report import RunReport
from msa_lab.usecases.run_scenario import run_scenario
from tests.soak.household import Holding, Household, holding

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc"),
]

ROOT = Path(__file__).parents[2]
A_ROUND = 50
"""How many kills one run bears: about two a second."""

ROUNDS = max(1, int(os.environ.get("SOAK_KILLS", "500")) // A_ROUND)
FIRST = int(os.environ.get("SOAK_SEED", "1"))
PLAYED = 28
"""How many seconds a round has shoppers."""

POOLS = 4 + 4 + (os.cpu_count() or 1)
"""The threads that come when first needed and stay: uvloop's resolver, asyncio's executor."""

LOCKS = 1
"""The lock of the outbox's relay: a file that is opened when first needed and stays open."""

SPARED = ("psp", "carrier")


def plan(seed: int) -> Plan:
    """Give the checkout scenario with a steady stream of shoppers, judged by the invariants alone."""
    workspace = Workspace(ROOT)
    specs = workspace.specs()
    scenario = scenario_for(workspace, specs, "checkout", {})
    phase = dataclasses.replace(scenario.load[0], rate=3.0, duration=seconds(PLAYED))
    mine = tuple(e for e in scenario.expect if e.kind not in ("metric", "evidence"))
    made = plan_for(workspace, specs, scenario, Wishes(profile="none", seed=seed))
    short = dataclasses.replace(scenario, load=(phase,), duration=seconds(PLAYED), expect=mine)
    return dataclasses.replace(made, scenario=short)


class Killer:
    """Delivers SIGKILLs from outside at drawn instants to drawn victims."""

    def __init__(self, seed: int, kills: int, household: Household) -> None:
        self._dice = random.Random(f"soak {seed}")
        self._due = sorted(self._dice.randint(1_000_000, PLAYED * 1_000_000) for _ in range(kills))
        self._household = household
        self.delivered: Counter[str] = Counter()

    def look(self, now: Instant, end: Instant) -> None:  # noqa: ARG002 - as progress is told
        """Deliver what is due."""
        while self._due and self._due[0] <= now:
            members = self._household.members()
            name = self._dice.choice(sorted(name for name in members if name not in SPARED))
            try:
                members[name].kill()
            except psutil.NoSuchProcess:
                return  # it ended in this instant: the next look kills another
            self.delivered[name] += 1
            self._due.pop(0)


@dataclasses.dataclass
class Holdings:
    """What all processes of a run hold at its begin and at its end."""

    household: Household
    before: dict[str, Holding] = dataclasses.field(default_factory=dict)
    after: dict[str, Holding] = dataclasses.field(default_factory=dict)

    def look(self, event: LogEvent) -> None:
        """Count."""
        found = self.before if event.kind == "phase.started" else self.after
        found["fork server"] = holding(self.household.fork_server())
        found.update({name: holding(process) for name, process in self.household.members().items()})


def soaked(plan: Plan, kills: int, log: Path) -> tuple[RunReport, Killer, Holdings]:
    household = Household(os.getpid())
    killer, holdings = Killer(plan.seed, kills, household), Holdings(household)
    with log.open("wb") as file:
        report = run_scenario(
            plan, world=process_world(), run="soak", tool="soak", stopwatch=WallClock(), write=file.write,
            progress=killer.look, listeners={holdings.look: ("phase.started", "run.ended")},
        )  # fmt: skip
    return report, killer, holdings


@pytest.mark.parametrize("seed", range(FIRST, FIRST + ROUNDS))
def test_no_promise_breaks_and_nothing_is_left(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    log = tmp_path / "events.jsonl"
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.get_loop()  # libuv opens a pipe with the first loop and keeps it as long as the process lives
    files, threads = len(os.listdir("/proc/self/fd")), threading.active_count()  # noqa: PTH208 - names

    report, killer, holdings = soaked(plan(seed), A_ROUND, log)

    told = f"seed {seed}: {killer.delivered.total()} kills {dict(killer.delivered)}, sagas {report.sagas}"
    print(told)  # noqa: T201 - for who watches
    broken = {f.id: f.observed for f in report.findings if f.verdict is not Verdict.HELD}
    assert broken == {}, f"seed {seed}; the log is kept in {log}"
    assert report.sagas["open"] == 0
    assert report.played.settled
    assert killer.delivered.total() == A_ROUND
    assert holdings.household.alive_after(10) == []
    assert [path.name for path in tmp_path.iterdir()] == ["events.jsonl"]
    assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == (files, threads)  # noqa: PTH208
    assert grown(holdings) == {}
    log.unlink()


def grown(holdings: Holdings) -> dict[str, tuple[Holding, Holding]]:
    """Give who holds more at the end than at the begin, was it killed or not."""
    return {
        name: (before, after)
        for name, before in holdings.before.items()
        if (after := holdings.after[name]).files > before.files + LOCKS
        or after.threads > before.threads + POOLS
        or after.listening != before.listening
        or after.abandoned
    }


END: dict[str, Callable[[Household, psutil.Process], None]] = {
    "supervisor": lambda _household, supervisor: supervisor.kill(),
    "fork server": lambda household, _supervisor: household.fork_server().kill(),
}


@pytest.mark.parametrize("seed", range(FIRST, FIRST + ROUNDS))
@pytest.mark.parametrize("victim", list(END))
def test_who_kills_the_supervisor_or_the_fork_server_leaves_nothing(
    victim: str, seed: int, tmp_path: Path
) -> None:
    dice = random.Random(f"soak {victim} {seed}")
    runs = tmp_path.parent / f"runs-of-{tmp_path.name}"
    run = subprocess.Popen(  # noqa: S603 - this Python
        [sys.executable, "-m", "msa_lab", "scenario", "checkout", "--mode", "process", "--out", str(runs)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT, text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    household = Household(run.pid)
    try:
        _wait_for_members(household, 20)
        run_for = dice.uniform(0, 3)
        with pytest.raises(subprocess.TimeoutExpired):
            run.wait(run_for)
        END[victim](household, psutil.Process(run.pid))
        said, _ = run.communicate(timeout=20)
    finally:
        run.kill()
        run.wait()
        if run.stdout is not None:  # open still when it was not heard to its end
            run.stdout.close()

    assert household.alive_after(10) == []
    assert list(tmp_path.iterdir()) == []
    if victim == "fork server":
        assert (run.returncode, "fork server" in said) == (4, True), said


def _wait_for_members(household: Household, count: int) -> None:
    """Wait until so many of the run's processes have come up."""
    for _ in range(3000):
        if household.has_fork_server and len(household.members()) >= count:
            return
        time.sleep(0.02)
    pytest.fail("the run did not come up")
