"""Bare calls between two services: deadline, admission, cost, reply; no store, no saga, no log.

The measure is the simplest queue on the same kernel: jobs of one callback at a node.
"""

from __future__ import annotations

from queueing import CUSTOMERS, through_the_node
from rounds import ratio, rounds, spread

from msa_lab.bootstrap import simulated_world
from msa_lab.sdk.policy import CallPolicy
from msa_lab.sdk.ports import Context
from msa_lab.sdk.values import seconds
from msa_lab.usecases.validation.stage import EDGE, Done, Setting, Work, asking, server, visits

EACH = 500
CALLS = 20_000
LEAF = asking("leaf")


async def many(ctx: Context, request: Work) -> Done:
    """Call the leaf many times, one after the other."""
    for _ in range(EACH):
        await ctx.call(LEAF, request)
    return Done()


def calls(policy: CallPolicy) -> int:
    """Make so many calls; give how many."""
    services = (server(EDGE, handler=many, calls={"leaf": policy}), server("leaf"))
    patterns = dict.fromkeys(("breaker", "bulkhead", "retry", "timeout_budget"), "on")
    setting = Setting(services, 10, seconds(CALLS / EACH / 10), {"patterns": patterns}, arrivals="even")
    return EACH * len(visits(simulated_world(), setting, 1))


def main(count: int) -> None:
    made = calls(CallPolicy())
    pieces = {
        "calls, full policy": lambda: calls(CallPolicy()),
        "calls, timeout only": lambda: calls(CallPolicy(breaker=None, bulkhead=None)),
        "jobs at a node": through_the_node,
    }
    taken = rounds(pieces, count)
    print(f"{made} calls between two services, one after the other")
    for name in list(pieces)[:2]:
        print(f"  {name:24} {made / spread(taken[name]).middle:8.0f} calls/s")
    print(f"  {'jobs at a node':24} {CUSTOMERS / spread(taken['jobs at a node']).middle:8.0f} jobs/s")
    print("  ratio of calls to jobs per second (a sketch reached 0.17)")
    for name in list(pieces)[:2]:
        share = made / CUSTOMERS
        print(f"    {name:22} {ratio([share * job for job in taken['jobs at a node']], taken[name])}")


if __name__ == "__main__":
    main(5)
