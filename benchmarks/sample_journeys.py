"""Samples where CPU time goes while journeys are played; unlike a tracing profiler it slows nothing down.

python benchmarks/sample_journeys.py ["engine alone"|"log key"|"log all"]
"""

from __future__ import annotations

import signal
import sys
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType

from journeys import busy_plan, engine_alone, ways

EVERY = 0.001
ROOT = Path(__file__).parent.parent


class Sampler:
    """Keeps, at each tick of the process's CPU clock, the function at work and those that led to it."""

    def __init__(self) -> None:
        self.stacks: list[list[CodeType]] = []

    def tick(self, _number: int, frame: FrameType | None) -> None:
        stack = []
        while frame is not None:
            stack.append(frame.f_code)
            frame = frame.f_back
        self.stacks.append(stack)

    def show(self, counted: Counter[CodeType], count: int) -> None:
        for code, number in counted.most_common(count):
            print(f"  {number / len(self.stacks):6.1%}  {name(code)}")


def name(code: CodeType) -> str:
    """Name a function by file and name."""
    file = Path(code.co_filename)
    place = file.relative_to(ROOT) if file.is_relative_to(ROOT) else Path(*file.parts[-2:])
    return f"{place}:{code.co_qualname}"


def main(way: str) -> None:
    plan = busy_plan(20, 60)
    engine_alone(busy_plan(20, 2))  # caches filled
    sampler = Sampler()
    signal.signal(signal.SIGPROF, sampler.tick)
    signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
    ways(plan)[way]()
    signal.setitimer(signal.ITIMER_PROF, 0)
    print(f"{way}: {len(sampler.stacks)} samples; by the function itself")
    sampler.show(Counter(stack[0] for stack in sampler.stacks), 30)
    print("with all it called")
    sampler.show(Counter(code for stack in sampler.stacks for code in dict.fromkeys(stack)), 60)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "engine alone")
