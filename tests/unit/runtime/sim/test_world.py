"""The simulated world: what a run leaves behind when it ends in the middle of things."""

import dataclasses
import gc
import inspect
from pathlib import Path

import pytest

from msa_lab.bootstrap import Wishes, Workspace, plan_for, scenario_for
from msa_lab.runtime.sim.world import SimWorld
from msa_lab.sdk import Duration, Instant, seconds
from msa_lab.telemetry.events import KINDS, LogEvent
from msa_lab.telemetry.log import EventLog
from msa_lab.usecases.calibration.regulars import regulars
from msa_lab.usecases.ports import Plan

END = Instant(seconds(3))


@pytest.fixture
def cut_short() -> Plan:
    """Eight customers who make one request after the other, and no time for anything to settle."""
    workspace = Workspace(Path(__file__).parents[4])
    specs = workspace.specs()
    scenario = scenario_for(workspace, specs, "checkout", {})
    plan = regulars(plan_for(workspace, specs, scenario, Wishes(seed=1)), 8, Duration(END))
    return dataclasses.replace(plan, scenario=dataclasses.replace(plan.scenario, settle=Duration(0)))


def suspended() -> list[str]:
    """Name the coroutines that wait for something."""
    objects = (one for one in gc.get_objects() if inspect.iscoroutine(one))
    return [one.__qualname__ for one in objects if inspect.getcoroutinestate(one) == inspect.CORO_SUSPENDED]


def test_what_the_end_cut_off_is_neither_logged_nor_left_to_the_garbage_collector(cut_short: Plan) -> None:
    log, heard = EventLog(), list[LogEvent]()
    log.listen(tuple(KINDS), heard.append)
    gc.collect()
    gc.disable()
    try:
        played = SimWorld().play(
            cut_short, log, steady=lambda: None, stop=lambda: False, progress=lambda _now, _end: None
        )
        at_the_end = len(heard)
        left = suspended()
        del log  # it knows the shop's parts that listen
        gc.collect()
    finally:
        gc.enable()

    assert (played.end, played.settled) == (END, False)
    assert heard[-1].kind == "run.ended"
    assert len(heard) == at_the_end
    assert left == []
    begun = [event for event in heard if event.kind == "shopper.started"]
    assert len(begun) > sum(event.kind == "shopper.ended" for event in heard)
