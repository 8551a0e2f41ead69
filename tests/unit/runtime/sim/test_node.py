from __future__ import annotations

from functools import partial

import pytest

from msa_lab.runtime.sim.kernel import Kernel
from msa_lab.runtime.sim.machine import Machine
from msa_lab.runtime.sim.node import Node


def node(concurrency: int = 2, bound: int = 2, *, kernel: Kernel | None = None, lifo: bool = False) -> Node:
    return Node(kernel or Kernel(), "shelf-1", concurrency=concurrency, bound=bound, lifo=lifo)


def admitted(server: Node, *jobs: str) -> tuple[list[str], list[bool]]:
    begun: list[str] = []
    taken = [server.admit(begun.append, job) for job in jobs]
    return begun, taken


def test_it_begins_up_to_its_concurrency_queues_up_to_its_bound_and_refuses_the_rest() -> None:
    server = node()
    begun, taken = admitted(server, "a", "b", "c", "d", "e")

    assert (begun, taken, server.in_progress) == (["a", "b"], [True, True, True, True, False], 2)


@pytest.mark.parametrize(("lifo", "order"), [(False, "abcd"), (True, "abdc")], ids=["fifo", "lifo"])
def test_who_leaves_lets_the_next_one_in(lifo: bool, order: str) -> None:  # noqa: FBT001 - a parameter
    server = node(lifo=lifo)
    begun, _ = admitted(server, "a", "b", "c", "d")
    server.leave()
    server.leave()

    assert ("".join(begun), server.in_progress) == (order, 2)
    server.leave()
    server.leave()
    assert server.in_progress == 0


def test_a_place_in_the_queue_is_free_again_when_its_job_began() -> None:
    server = node(concurrency=1, bound=1)
    _, taken = admitted(server, "a", "b", "c")
    server.leave()
    _, again = admitted(server, "d", "e")

    assert (taken, again) == ([True, True, False], [True, False])


def test_cpu_work_is_done_one_after_the_other() -> None:
    kernel = Kernel()
    server = node(kernel=kernel)

    assert [server.compute(10), server.compute(5), server.compute(0)] == [10, 15, 15]
    kernel.run_to(12)
    assert server.compute(1) == 4
    kernel.run_to(100)
    assert server.compute(1) == 1


def test_nodes_on_one_machine_share_its_cores() -> None:
    kernel, machine = Kernel(), Machine(cores=1)
    one, other = (
        Node(kernel, name, concurrency=9, bound=9, machine=machine) for name in ("shelf-1", "till-1")
    )

    assert [one.compute(10), other.compute(5), one.compute(1)] == [10, 15, 16]


def test_one_node_is_one_event_loop_however_many_cores_there_are() -> None:
    kernel = Kernel()
    server = Node(kernel, "shelf-1", concurrency=9, bound=9, machine=Machine(cores=8))

    assert [server.compute(10), server.compute(10)] == [10, 20]


def test_a_crash_empties_it_and_makes_the_next_incarnation() -> None:
    server = node(concurrency=1)
    begun, _ = admitted(server, "a", "b")
    server.compute(1_000)
    server.pause()
    server.crash()
    assert (server.up, server.paused, server.incarnation, server.in_progress) == (False, False, 2, 0)

    server.start()
    assert server.compute(1) == 1
    again, taken = admitted(server, "c", "d", "e", "f")
    assert (begun, again, taken) == (["a"], ["c"], [True, True, True, False])


def test_time_that_passed_while_it_was_paused_did_no_work() -> None:
    kernel = Kernel()
    server = node(kernel=kernel)
    server.pause()
    kernel.run_to(50)
    server.resume()

    assert server.compute(5) == 5


def test_what_was_held_back_is_done_in_order_when_it_goes_on() -> None:
    server = node()
    story: list[str] = []
    server.pause()
    for name in "abc":
        server.parked.append(partial(story.append, name))
    assert story == []
    server.resume()

    assert "".join(story) == "abc"


def test_a_job_that_nobody_waits_for_takes_no_place() -> None:
    server = node(concurrency=1, bound=9)
    begun: list[str] = []

    def begin(job: str) -> bool:
        begun.append(job)
        return not job.startswith("dead")

    taken = [server.admit(begin, job) for job in ("dead-1", "a", "dead-2", "dead-3", "b", "dead-4")]
    assert (begun, all(taken), server.in_progress) == (["dead-1", "a"], True, 1)

    server.leave()
    assert (begun[2:], server.in_progress) == (["dead-2", "dead-3", "b"], 1)
    server.leave()
    assert (begun[5:], server.in_progress) == (["dead-4"], 0)


def test_thousands_of_dead_jobs_are_passed_over_at_once() -> None:
    server = node(concurrency=1, bound=100_000)
    server.admit(lambda _: True, "a")
    for job in range(50_000):
        server.admit(lambda _: False, job)
    server.leave()

    assert server.in_progress == 0


def test_it_counts_the_work_it_was_given_and_not_the_waiting() -> None:
    host = Machine(1)
    first, second = (Node(Kernel(), name, concurrency=1, bound=1, machine=host) for name in ("a-1", "b-1"))
    first.compute(30)
    first.compute(10)
    second.compute(5)

    assert (first.worked, second.worked) == (40, 5)
