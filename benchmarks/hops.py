"""How many kernel events a call and a journey take, and of which kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from journeys import Kernels, busy_plan, engine_alone

import msa_lab.runtime.sim.shop as shops
from msa_lab.bootstrap import simulated_world
from msa_lab.runtime.sim.kernel import Kernel
from msa_lab.sdk.policy import CallPolicy
from msa_lab.sdk.values import seconds
from msa_lab.usecases.validation.stage import EDGE, Setting, relay, server, visits

VISITS = 1_000


def steps_of(depth: int) -> float:
    """Give the kernel events of a visit that goes through so many services one behind the other."""
    kernels = Kernels()
    names = [EDGE, *(f"s{number}" for number in range(1, depth))]
    policy = CallPolicy(breaker=None)
    services = tuple(
        server(
            name,
            handler=relay(*names[place + 1 : place + 2]),
            calls=dict.fromkeys(names[place + 1 :], policy),
        )
        for place, name in enumerate(names)
    )
    seen = visits(simulated_world(), Setting(services, 100, seconds(VISITS / 100)), 1)
    return kernels.steps / len(seen)


def kinds() -> Counter[str]:
    """Count the kernel events of a busy shop by what they call."""
    counted: Counter[str] = Counter()

    class Counting(Kernel):
        def after(self, delay: int, callback: Callable[[Any], object], value: object = None) -> None:
            inner = getattr(callback, "func", callback)
            counted[getattr(inner, "__qualname__", str(inner))] += 1
            super().after(delay, callback, value)

    plain = vars(shops)["Kernel"]
    vars(shops)["Kernel"] = Counting
    try:
        engine_alone(busy_plan())
    finally:
        vars(shops)["Kernel"] = plain
    return counted


def main() -> None:
    depths = {depth: steps_of(depth) for depth in (1, 2, 3)}
    print("kernel events")
    for depth, steps in depths.items():
        print(f"  a visit through {depth} service(s) {steps:10.2f}")
    print(f"  a call between services   {depths[3] - depths[2]:10.2f}   (a sketch needed 7.3)")
    kernels = Kernels()
    plan = busy_plan()
    engine_alone(plan)
    journeys = round(plan.scenario.load[0].rate * plan.scenario.load[0].duration / 1_000_000)
    print(f"  a shopping journey        {kernels.steps / journeys:10.1f}")
    for name, count in kinds().most_common(12):
        print(f"    {count / journeys:8.2f}  {name}")


if __name__ == "__main__":
    main()
