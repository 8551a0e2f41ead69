"""An M/M/1 queue through the engine of the shop against Ciw, the queueing simulator for Python.

Both simulate the same queue for the same number of customers. The engine does more for each: a shopper walks
a flow, sends a request over a network that faults can hurt, is admitted, validated and handled by a
coroutine. Ciw draws, routes, and keeps a record of each customer.
"""

from __future__ import annotations

import random

import ciw
from rounds import ratio, rounds, spread

from msa_lab.bootstrap import simulated_world
from msa_lab.runtime.sim.kernel import Kernel
from msa_lab.runtime.sim.node import Node
from msa_lab.sdk.distributions import Exponential, exponential
from msa_lab.sdk.policy import Cost
from msa_lab.sdk.values import seconds
from msa_lab.usecases.validation.stage import EDGE, UNIT, Setting, server, visits

RHO = 0.8
CUSTOMERS = 20_000
SEED = 1


def through_the_engine() -> float:
    """Play whole requests of shoppers; give the mean time in service times."""
    rate = RHO * 1_000_000 / UNIT
    setting = Setting((server(EDGE, Cost(Exponential(UNIT))),), rate, seconds(CUSTOMERS / rate))
    took = [duration for _, duration, _ in visits(simulated_world(), setting, SEED)]
    return sum(took) / len(took) / UNIT


def through_the_node() -> float:
    """Let jobs queue at a node of the engine, with nothing around it."""
    kernel = Kernel()
    node = Node(kernel, "n", concurrency=1, bound=CUSTOMERS)
    draw = random.Random(SEED)
    total = done = came = 0

    def arrive(_nothing: object) -> None:
        nonlocal came
        came += 1
        node.admit(begin, kernel.now)
        if came < CUSTOMERS:
            kernel.after(int(exponential(draw) * UNIT / RHO), arrive)

    def begin(arrived: int) -> None:
        kernel.after(int(exponential(draw) * UNIT), end, arrived)

    def end(arrived: int) -> None:
        nonlocal total, done
        total += kernel.now - arrived
        done += 1
        node.leave()

    kernel.after(0, arrive)
    kernel.run_to(10**15)
    return total / done / UNIT


def through_ciw() -> float:
    """Simulate the same queue with Ciw; give the mean time."""
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=RHO)],
        service_distributions=[ciw.dists.Exponential(rate=1.0)],
        number_of_servers=[1],
    )
    ciw.seed(SEED)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(CUSTOMERS)
    records = simulation.get_all_records()
    return float(sum(r.exit_date - r.arrival_date for r in records) / len(records))


def main(count: int) -> None:
    pieces = {
        "engine, whole requests": through_the_engine,
        "engine, node alone": through_the_node,
        "Ciw": through_ciw,
    }
    print(f"M/M/1, load {RHO}, {CUSTOMERS} customers; the exact mean time is {1 / (1 - RHO):.1f}")
    for name, work in pieces.items():
        print(f"  {name:24} mean time {work():.2f}")
    taken = rounds(pieces, count)
    for name, values in taken.items():
        print(f"  {name:24} {CUSTOMERS / spread(values).middle:8.0f} customers/s")
    print("  ratio of customers per second to Ciw (aim 1.0)")
    for name in list(pieces)[:2]:
        print(f"    {name:24} {ratio(taken['Ciw'], taken[name])}")


if __name__ == "__main__":
    main(5)
