from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import simpy

from msa_lab.runtime.sim.kernel import Crashed, Kernel, Owner, Task, Wait
from msa_lab.sdk.failures import Timeout


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


@pytest.fixture
def story() -> list[tuple[int, object]]:
    return []


def noting(kernel: Kernel, story: list[tuple[int, object]]) -> Callable[[object], None]:
    return lambda what: story.append((kernel.now, what))


def test_what_is_due_comes_by_time_and_at_one_instant_in_the_order_of_asking(
    kernel: Kernel, story: list[tuple[int, object]]
) -> None:
    note = noting(kernel, story)
    for delay, name in ((5, "e1"), (3, "c"), (5, "e2"), (0, "a"), (5, "e3")):
        kernel.after(delay, note, name)
    kernel.run_to(10)

    assert story == [(0, "a"), (3, "c"), (5, "e1"), (5, "e2"), (5, "e3")]


def test_what_is_asked_for_while_playing_an_instant_comes_behind_what_was_due(
    kernel: Kernel, story: list[tuple[int, object]]
) -> None:
    note = noting(kernel, story)
    kernel.after(5, lambda _: kernel.after(0, note, "later"))
    kernel.after(5, note, "first")
    kernel.run_to(5)

    assert story == [(5, "first"), (5, "later")]


def test_it_plays_up_to_and_including_the_end_and_stands_there(
    kernel: Kernel, story: list[tuple[int, object]]
) -> None:
    note = noting(kernel, story)
    kernel.after(10, note, "at")
    kernel.after(11, note, "after")
    kernel.run_to(10)

    assert (kernel.now, story) == (10, [(10, "at")])
    kernel.run_to(11)
    assert story[1:] == [(11, "after")]


def test_its_steps_are_counted(kernel: Kernel) -> None:
    for delay in range(4):
        kernel.after(delay, lambda _: None)
    kernel.run_to(2)

    assert kernel.steps == 3


def test_simpys_own_events_and_processes_run_beside_the_timers(
    kernel: Kernel, story: list[tuple[int, object]]
) -> None:
    note = noting(kernel, story)

    def process() -> Any:  # noqa: ANN401 - a SimPy process
        yield kernel.timeout(4)
        note("process")

    kernel.process(process())
    kernel.after(4, note, "timer")
    kernel.run_to(9)

    assert story == [(4, "timer"), (4, "process")]


def test_a_failed_event_of_simpy_that_nobody_awaits_surfaces(kernel: Kernel) -> None:
    simpy.Event(kernel).fail(LookupError("nobody cares"))

    with pytest.raises(LookupError, match="nobody cares"):
        kernel.run_to(1)


def test_while_time_stands_still_everything_is_due_at_once_and_nothing_expires(kernel: Kernel) -> None:
    kernel.standing_still = True
    wait: Wait[None] = Wait(Timeout)
    kernel.expire(5, wait)
    kernel.after(1_000, wait.settle)
    kernel.run_to(0)

    assert wait.settled
    assert wait.error is None


# -- deadlines --------------------------------------------------------------------------------------


def waits(kernel: Kernel, *deadlines: int) -> list[Wait[Any]]:
    made: list[Wait[Any]] = []
    for at in deadlines:
        made.append(Wait(Timeout))
        kernel.expire(at, made[-1])
    return made


@pytest.mark.parametrize("deadlines", [(10, 20, 30), (30, 20, 10), (20, 30, 10), (20, 10, 30)])
def test_deadlines_expire_in_their_order_however_they_were_set(
    kernel: Kernel, deadlines: tuple[int, ...]
) -> None:
    made = waits(kernel, *deadlines)
    for now in (9, 10, 19, 20, 29, 30):
        kernel.run_to(now)
        assert [wait.settled for wait in made] == [at <= now for at in deadlines]
    assert all(isinstance(wait.error, Timeout) for wait in made)


def test_a_wait_that_was_settled_does_not_expire(kernel: Kernel) -> None:
    (wait,) = waits(kernel, 10)
    kernel.after(4, wait.settle, "in time")
    kernel.run_to(20)

    assert (wait.value, wait.error) == ("in time", None)


def test_settled_deadlines_cost_no_steps_of_their_own(kernel: Kernel) -> None:
    made = waits(kernel, *range(100, 200))
    for wait in made:
        wait.settle()
    kernel.run_to(1_000)

    assert kernel.steps == 1


def test_a_deadline_set_while_others_expire_holds(kernel: Kernel) -> None:
    late: Wait[Any] = Wait(Timeout)

    class Chain:
        settled = False

        def expired(self) -> None:
            self.settled = True
            kernel.expire(kernel.now + 5, late)

    chain = Chain()
    kernel.expire(10, chain)
    kernel.run_to(14)
    assert (chain.settled, late.settled) == (True, False)
    kernel.run_to(15)
    assert late.settled


def test_a_deadline_that_has_passed_expires_at_once_and_time_does_not_turn_back(kernel: Kernel) -> None:
    kernel.run_to(50)
    (wait,) = waits(kernel, 20)
    kernel.run_to(50)

    assert (wait.settled, kernel.now) == (True, 50)


# -- tasks ------------------------------------------------------------------------------------------


class Ending:
    def __init__(self) -> None:
        self.calls: list[tuple[object, BaseException | None]] = []

    def __call__(self, result: object, error: BaseException | None) -> None:
        self.calls.append((result, error))


async def awaiting(wait: Wait[Any]) -> object:
    return await wait


def test_a_task_goes_on_when_its_wait_is_settled_and_tells_its_result_once(kernel: Kernel) -> None:
    owner, wait, ended = Owner(), Wait[str](), Ending()
    Task(owner, awaiting(wait), ended).step()
    assert (ended.calls, len(owner.tasks)) == ([], 1)

    wait.settle("first")
    wait.settle("second")
    wait.fail(LookupError())
    assert (ended.calls, len(owner.tasks)) == ([("first", None)], 0)
    assert kernel.now == 0


def test_a_failed_wait_is_raised_inside_the_coroutine() -> None:
    owner, wait, ended = Owner(), Wait[str](), Ending()
    Task(owner, awaiting(wait), ended).step()
    error = LookupError("no")
    wait.fail(error)

    assert ended.calls == [(None, error)]


def test_a_bug_in_a_task_that_nobody_listens_to_surfaces() -> None:
    async def buggy() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Task(Owner(), buggy()).step()


def test_a_killed_task_is_closed_where_it_stands_and_tells_nothing() -> None:
    story: list[str] = []

    async def work(wait: Wait[Any]) -> None:
        try:
            await wait
            story.append("went on")
        finally:
            story.append("closed")

    owner, wait, ended = Owner(), Wait[str](), Ending()
    Task(owner, work(wait), ended).step()
    owner.kill_tasks()
    wait.settle("too late")

    assert (story, ended.calls, len(owner.tasks)) == (["closed"], [], 0)


def test_a_task_killed_by_what_it_does_itself_tells_nothing() -> None:
    owner, ended = Owner(), Ending()

    async def suicide() -> str:
        owner.kill_tasks()
        return "still here"

    Task(owner, suicide(), ended).step()

    assert ended.calls == []


def test_a_dead_port_ends_a_task_silently() -> None:
    async def work() -> None:
        raise Crashed

    owner, ended = Owner(), Ending()
    Task(owner, work(), ended).step()

    assert (ended.calls, len(owner.tasks)) == ([], 0)


def test_no_service_can_catch_a_crash_as_an_exception() -> None:
    assert not issubclass(Crashed, Exception)


def test_a_paused_owners_tasks_stand_still_and_go_on_in_order() -> None:
    owner, ended = Owner(), Ending()
    waits_ = [Wait[str](), Wait[str]()]
    for wait in waits_:
        Task(owner, awaiting(wait), ended).step()
    owner.paused = True
    waits_[1].settle("second")
    waits_[0].settle("first")
    assert ended.calls == []

    owner.paused = False
    owner.unpark()
    assert ended.calls == [("second", None), ("first", None)]


class LastWords:
    """A coroutine that does something when it is killed, and counts what it came to."""

    def __init__(self, kernel: Kernel, how: str) -> None:
        self._kernel = kernel
        self._how = how
        self.began = self.over = False

    async def run(self) -> None:
        """Wait for ever, then end as told."""
        try:
            await Wait[None]()
        finally:
            self.began = True
            if self._how == "raises":
                raise KeyError("the last word")
            if self._how == "awaits":
                wait: Wait[None] = Wait()
                self._kernel.after(1, wait.settle)
                await wait
            self.over = True


@pytest.mark.parametrize(("how", "over"), [("ends", True), ("awaits", False), ("raises", False)])
def test_whatever_a_killed_task_does_at_its_end_is_nobodys(kernel: Kernel, how: str, over: bool) -> None:  # noqa: FBT001 - a parameter of the test
    owner, ending = Owner(), LastWords(kernel, how)
    after = LastWords(kernel, "ends")
    for one in (ending, after):
        Task(owner, one.run()).step()

    owner.kill_tasks()
    kernel.run_to(10)

    assert (ending.began, ending.over) == (True, over)
    assert after.over
