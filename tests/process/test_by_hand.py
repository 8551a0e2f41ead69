"""Hands laid on real processes while they play: faults that come and go, messages held at the transport."""

from __future__ import annotations

import dataclasses
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from msa_lab.bootstrap import WallClock
from msa_lab.chaos import write_fault
from msa_lab.cli.changing import as_played
from msa_lab.cli.wanted import Wanted
from msa_lab.errors import MsaLabError, UserMistake
from msa_lab.runtime.process.admin import Door
from msa_lab.runtime.process.asking import ask
from msa_lab.runtime.process.world import ProcessWorld
from msa_lab.telemetry.events import LogEvent
from msa_lab.usecases.report import RunReport
from msa_lab.usecases.run_scenario import run_scenario
from tests.process.terminal import until
from tests.process.test_world import short

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="plays real processes")
PLAN = short("net.delay order -> payment latency=1ms id=planned at 1s for 60s", topology="monolith", lasts=9)


class Running:
    """A run of real processes in a thread, and what its control plane answers."""

    def __init__(self, folder: Path) -> None:
        self._door = Door(folder / "admin", "secret")
        self.events: list[LogEvent] = []
        self.report: RunReport
        self._thread = threading.Thread(target=self._play)
        self._thread.start()

    def _play(self) -> None:
        self.report = run_scenario(
            PLAN, world=ProcessWorld(self._door), run="test", tool="test", stopwatch=WallClock(),
            listeners={self.events.append: ("fault.started", "fault.hit", "fault.healed", "call.failed")},
        )  # fmt: skip

    def __call__(self, verb: str, **words: Any) -> Any:  # noqa: ANN401 - as the verb has it
        return ask(self._door.place, self._door.token, verb, **words)

    def there(self) -> bool:
        try:
            self("active")
        except MsaLabError:
            return False
        return True

    def end(self) -> RunReport:
        self._thread.join(60)
        return self.report

    def kinds(self, fault: str) -> list[str]:
        return [event.kind for event in self.events if event.detail.get("fault") == fault]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("r"))
    try:
        until("it plays", running.there)
        yield running
    finally:
        running.end()


def test_hands_on_a_run_that_is_played_are_in_its_log_and_in_the_line_that_repeats_it(run: Running) -> None:
    told = run("inject", fault="net.delay gateway -> cart latency=20ms for 1s")
    assert told["fault"] == "net.delay"
    until("the planned one acts", lambda: "fault.started" in run.kinds("planned"))

    held = run("hold")
    assert held["on"]
    waiting = until("messages wait", lambda: (now := run("keep"))["held"] > 2 and now)
    assert waiting["left"] > 200
    hits = [event for event in run.events if event.detail.get("fault") == "hold"]
    assert (hits[0].kind, hits[0].detail["kind"]) == ("fault.started", "net.hold")
    assert all(event.detail["what"].startswith("held: ") for event in hits[1:] if event.kind == "fault.hit")
    assert isinstance(run("pass")["held"], int)
    assert run("release") == {"on": False, "held": 0, "left": 0.0}
    assert not run("keep")["on"]

    assert run("hold")["on"]
    until("nobody kept it: it ends by itself", lambda: "fault.healed" in run.kinds("hold-2"))

    assert "planned" in run("heal")
    with pytest.raises(UserMistake, match="did you mean"):
        run("inject", fault="net.los order -> payment for 1s")

    report = run.end()
    assert report.played.settled
    records = {fault.id: fault for fault in report.played.faults}
    assert set(records) == {"planned", "net.delay", "hold", "hold-2"}
    assert records["hold"].touched > 2
    by_hand = report.played.by_hand
    assert by_hand.dropped == ("planned",)
    assert {fault.id for fault in by_hand.added} == {"planned", "net.delay"}
    lasted = next(fault.duration for fault in by_hand.added if fault.id == "planned")
    assert lasted is not None
    assert 0 < lasted < 9_000_000
    wanted = as_played(Wanted("checkout", faults=tuple(map(write_fault, PLAN.faults))), PLAN, by_hand)
    assert len(wanted.faults) == 2
    assert all(" at " in line and " for " in line for line in wanted.faults)
    assert dataclasses.replace(wanted, faults=()) == Wanted("checkout")
