"""Nodes queue as the recursions of queueing theory say, whatever arrives and however long it takes."""

from collections import deque
from heapq import heapreplace

from hypothesis import given
from hypothesis import strategies as st

from msa_lab.runtime.sim.kernel import Kernel
from msa_lab.runtime.sim.node import Node

Job = tuple[int, int]
"""The gap since the arrival before, and the service time; microseconds."""

jobs = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 80)), min_size=1, max_size=60)


def arrivals(load: list[Job]) -> list[int]:
    times, now = [], 0
    for gap, _ in load:
        now += gap
        times.append(now)
    return times


class Counter:
    """A node whose requests hold a worker for their service time; notes when each began or was refused."""

    def __init__(self, load: list[Job], *, workers: int, bound: int, lifo: bool = False) -> None:
        self.kernel = Kernel()
        self.node = Node(self.kernel, "n", concurrency=workers, bound=bound, lifo=lifo)
        self.load = load
        self.began: dict[int, int] = {}
        self.refused: list[int] = []
        for number, at in enumerate(arrivals(load)):
            self.kernel.after(at, self.arrive, number)
        self.kernel.run_to(10**9)

    def arrive(self, number: int) -> None:
        if not self.node.admit(self.begin, number):
            self.refused.append(number)

    def begin(self, number: int) -> None:
        self.began[number] = self.kernel.now
        self.kernel.after(self.load[number][1], self.end)

    def end(self, _nothing: object) -> None:
        self.node.leave()


@given(jobs)
def test_one_cpu_is_lindleys_recursion(load: list[Job]) -> None:
    """W(n+1) = max(0, W(n) + S(n) - A(n+1)) (Lindley, 1952)."""
    kernel = Kernel()
    node = Node(kernel, "n", concurrency=1, bound=0)
    took: list[int] = []
    for at, (_, demand) in zip(arrivals(load), load, strict=True):
        kernel.run_to(at)
        took.append(node.compute(demand))

    expected, wait, before = [], 0, 0
    for gap, demand in load:
        wait = max(0, wait + before - gap)
        expected.append(wait + demand)
        before = demand
    assert took == expected


@given(jobs, st.integers(1, 5))
def test_several_workers_are_kiefer_and_wolfowitzs_recursion(load: list[Job], workers: int) -> None:
    """Each job begins at the worker that is free first (Kiefer and Wolfowitz, 1955)."""
    counter = Counter(load, workers=workers, bound=1000)

    free, expected = [0] * workers, {}
    for number, (at, (_, demand)) in enumerate(zip(arrivals(load), load, strict=True)):
        start = max(at, free[0])
        expected[number] = start
        heapreplace(free, start + demand)
    assert counter.began == expected
    assert counter.refused == []


@given(jobs, st.integers(1, 3), st.integers(0, 4))
def test_a_bounded_queue_refuses_exactly_when_it_is_full(load: list[Job], workers: int, bound: int) -> None:
    counter = Counter(load, workers=workers, bound=bound)

    # Arrivals come before endings of the same instant when they were planned first: so a worker is free
    # strictly after its end only for those arrivals that were not.
    ends: list[int] = []
    waiting: deque[int] = deque()
    began: dict[int, int] = {}
    refused = []

    def play(until: int) -> None:
        while ends and min(ends) < until:
            now = min(ends)
            ends.remove(now)
            if waiting:
                number = waiting.popleft()
                began[number] = now
                ends.append(now + load[number][1])

    for number, at in enumerate(arrivals(load)):
        play(at)
        if len(ends) < workers:
            began[number] = at
            ends.append(at + load[number][1])
        elif len(waiting) < bound:
            waiting.append(number)
        else:
            refused.append(number)
    play(10**9)
    assert (counter.began, counter.refused) == (began, refused)


@given(jobs, st.integers(1, 3))
def test_the_order_of_service_moves_no_work(load: list[Job], workers: int) -> None:
    """One server is busy for the same time in either order; with any, each taken job begins once."""
    first_in, last_in = (Counter(load, workers=workers, bound=1000, lifo=lifo) for lifo in (False, True))

    assert sorted(first_in.began) == sorted(last_in.began) == list(range(len(load)))
    if workers == 1:
        over = [max(c.began[n] + load[n][1] for n in c.began) for c in (first_in, last_in)]
        assert over[0] == over[1]


@given(jobs)
def test_last_in_first_out_never_takes_an_older_request_while_a_younger_waits(load: list[Job]) -> None:
    counter = Counter(load, workers=1, bound=1000, lifo=True)
    at = arrivals(load)

    for number, began in counter.began.items():
        younger = [n for n in counter.began if n > number and at[n] < began < counter.began[n]]
        assert at[number] == began or younger == []


@given(jobs, st.integers(1, 4))
def test_littles_law_holds_exactly_over_any_run(load: list[Job], workers: int) -> None:
    """The integral of the number inside is the sum of the times spent (Little, 1961)."""
    counter = Counter(load, workers=workers, bound=1000)
    at = arrivals(load)
    ends = {number: began + load[number][1] for number, began in counter.began.items()}

    changes = sorted([(t, 1) for t in at] + [(t, -1) for t in ends.values()])
    area = inside = before = 0
    for now, change in changes:
        area += inside * (now - before)
        inside += change
        before = now
    assert area == sum(ends[number] - at[number] for number in ends)
