"""Whole runs on real processes: the verdict of the simulation, and nothing left behind."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from msa_lab.bootstrap import WallClock, Wishes, Workspace, plan_for, scenario_for, simulated_world
from msa_lab.runtime.process.world import ProcessWorld
from msa_lab.scenario.findings import Verdict
from msa_lab.sdk import Instant, seconds
from msa_lab.telemetry.log import EventLog
from msa_lab.usecases.ports import Plan, World
from msa_lab.usecases.report import RunReport
from msa_lab.usecases.run_scenario import run_scenario
from tests.process.conftest import Watched, descendants, name_of

ROOT = Path(__file__).parents[2]
INVARIANTS = (
    "money", "captured-once", "no-money-held", "stock-conserved", "no-orphans", "sagas-end", "nothing-lost",
    "nothing-twice", "compensated-is-clean",
)  # fmt: skip

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")


def short(*faults: str, topology: str = "textbook", lasts: float = 4) -> Plan:
    """Give the checkout scenario, a few seconds long."""
    workspace = Workspace(ROOT)
    specs = workspace.specs()
    scenario = scenario_for(workspace, specs, "checkout", {})
    plan = plan_for(workspace, specs, scenario, Wishes(faults=faults, topology=topology))
    phase = dataclasses.replace(scenario.load[0], rate=4.0, duration=seconds(lasts))
    return dataclasses.replace(
        plan, scenario=dataclasses.replace(scenario, load=(phase,), duration=seconds(lasts))
    )


def played(plan: Plan, world: World, watched: Watched | None = None) -> RunReport:
    def progress(now: Instant, end: Instant) -> None:
        if watched is not None and seconds(1) < now < end:
            watched.add(descendants(os.getpid()))

    return run_scenario(plan, world=world, run="test", tool="test", stopwatch=WallClock(), progress=progress)


def verdicts(report: RunReport) -> dict[str, Verdict]:
    return {finding.id: finding.verdict for finding in report.findings if finding.id in INVARIANTS}


@linux
def test_faults_on_real_processes_end_in_the_verdict_of_the_simulation() -> None:
    plan = short(
        "process.kill order-1 restart_after=500ms at 2s",
        "pay.timeout_charged psp probability=0.3 at 1s for 2s",
        "net.loss order -> inventory count=2 at 1s",
    )
    watched = Watched(descendants(os.getpid()))

    real = played(plan, ProcessWorld(), watched)
    simulated = played(plan, simulated_world())

    assert verdicts(real) == verdicts(simulated) == dict.fromkeys(INVARIANTS, Verdict.HELD)
    assert real.played.settled
    assert real.played.unhealed == ()
    assert {fault.id: fault.healed for fault in real.played.faults} == {
        fault.id: True for fault in simulated.played.faults
    }
    assert {fault.kind: fault.touched for fault in real.played.faults}["process.kill"] == 1
    assert {fault.kind: fault.touched for fault in real.played.faults}["net.loss"] <= 2
    assert real.sagas["open"] == 0
    assert real.sagas["started"] >= 5
    assert len(watched) >= 17  # sixteen instances of the shop and the two outside, broker, cache, fork server
    assert watched.alive_after(5) == []


@linux
def test_who_interrupts_a_run_leaves_nothing_behind() -> None:
    watched = Watched(descendants(os.getpid()))
    looks: list[int] = []

    def stop() -> bool:
        looks.append(1)
        watched.add(descendants(os.getpid()))
        return len(looks) > 3

    report = run_scenario(
        short("process.pause payment-1 at 100ms for 3s"), world=ProcessWorld(), run="test", tool="test",
        stopwatch=WallClock(), stop=stop,
    )  # fmt: skip

    assert (report.played.ended, report.played.settled, report.exit_code) == ("interrupted", False, 130)
    assert [(fault.touched, fault.healed) for fault in report.played.faults] == [(1, True)]
    assert len(watched) >= 17
    assert watched.alive_after(5) == []


HURTS = (
    "net.delay order -> cart latency=20ms at 500ms for 3s",
    "net.loss order -> inventory count=1 direction=reply at 500ms",
    "net.partition shipping -> carrier at 1s for 2s",
    "http.abort cart.freeze status=503 count=1 at 500ms",
    "pay.slow psp latency=30ms at 500ms for 3s",
    "pay.5xx psp status=502 count=1 at 500ms",
    "pay.timeout_charged psp count=1 at 500ms",
    "pay.timeout_no_charge psp count=1 at 1s",
    "pay.webhook_duplicate psp at 500ms for 4s",
    "db.slow cart latency=5ms at 500ms for 3s",
    "db.down shipping at 2500ms for 1s",
    "db.commit_unknown order probability=0.1 at 500ms for 3s",
    "cache.flush gateway at 2s",
    "clock.skew promotion-1 offset=5s at 500ms for 3s",
    "msg.duplicate order.confirmed at 500ms for 7s",
    "msg.delay order.confirmed latency=50ms at 500ms for 7s",
    "msg.reorder user.events window=100ms at 500ms for 3s",
    "broker.ack_lost order.events probability=0.5 at 500ms for 3s",
    "consumer.crash_before_ack user.registered restart_after=200ms count=1 at 500ms",
    "process.pause inventory-1 at 1500ms for 500ms",
    "load.spike * factor=2 at 1s for 2s",
)


@linux
def test_each_kind_of_fault_bites_and_ends_and_breaks_nothing() -> None:
    report = played(short(*HURTS, lasts=8), ProcessWorld())

    records = {fault.kind: fault for fault in report.played.faults}
    assert len(records) == len(HURTS)
    untouched = [kind for kind, fault in records.items() if not (fault.touched and fault.healed)]
    assert untouched == []
    assert verdicts(report) == dict.fromkeys(INVARIANTS, Verdict.HELD)
    assert report.played.settled


@linux
def test_a_lost_broker_delays_events_and_loses_none() -> None:
    report = played(short("broker.loss broker at 1s for 1500ms"), ProcessWorld())

    assert verdicts(report) == dict.fromkeys(INVARIANTS, Verdict.HELD)
    assert report.played.settled


@linux
def test_one_process_holds_the_monolith() -> None:
    watched = Watched(descendants(os.getpid()))

    report = played(short(topology="monolith"), ProcessWorld(), watched)

    assert verdicts(report) == dict.fromkeys(INVARIANTS, Verdict.HELD)
    assert len(watched) == 6  # fork server, monolith, psp, carrier, broker, cache
    assert watched.alive_after(5) == []


ENDLESS = """
import dataclasses, sys
from pathlib import Path
from msa_lab.bootstrap import *
from msa_lab.runtime.process.world import ProcessWorld
from msa_lab.usecases.run_scenario import run_scenario
workspace = Workspace(Path(sys.argv[1]))
specs = workspace.specs()
scenario = scenario_for(workspace, specs, "checkout", {})
plan = plan_for(workspace, specs, scenario, Wishes())
def progress(now, end):
    print("plays", flush=True)
run_scenario(plan, world=ProcessWorld(), run="r", tool="t", stopwatch=WallClock(), progress=progress)
"""


@linux
def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    supervisor = subprocess.Popen(  # noqa: S603 - this Python
        [sys.executable, "-c", ENDLESS, str(ROOT)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    try:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "plays\n"
        watched = Watched()
        watched.add(descendants(supervisor.pid))
        (folder,) = tmp_path.glob("msalab-*")
        count = len(watched)
        supervisor.send_signal(signal.SIGKILL)
        supervisor.wait(10)
    finally:
        supervisor.kill()
        supervisor.wait()
        if supervisor.stdout is not None:
            supervisor.stdout.close()

    assert count >= 17
    assert watched.alive_after(10) == []
    assert not folder.exists()


@linux
@pytest.mark.parametrize("server", ["broker", "cache"])
def test_a_server_that_somebody_kills_comes_back(server: str) -> None:
    killed: list[int] = []

    def progress(now: Instant, end: Instant) -> None:
        if not killed and seconds(1) < now < end:
            killed.extend(pid for pid in descendants(os.getpid()) if name_of(pid) == server)
            os.kill(killed[0], signal.SIGKILL)

    report = run_scenario(
        short(), world=ProcessWorld(), run="test", tool="test", stopwatch=WallClock(), progress=progress
    )

    assert len(killed) == 1
    assert verdicts(report) == dict.fromkeys(INVARIANTS, Verdict.HELD)
    assert report.played.settled


def test_a_run_ends_also_when_nobody_listens_for_its_end() -> None:
    plan = short()
    brief = dataclasses.replace(plan.scenario, duration=seconds(1), settle=seconds(0), steady=None)

    played = ProcessWorld().play(
        dataclasses.replace(plan, scenario=brief), EventLog(), steady=lambda: None, stop=lambda: False,
        progress=lambda _now, _end: None,
    )  # fmt: skip

    assert played.ended == "done"
