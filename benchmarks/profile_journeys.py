"""Says where the time of a journey goes: `python benchmarks/profile_journeys.py [log]`."""

from __future__ import annotations

import cProfile
import pstats
import sys

from journeys import busy_plan, engine_alone, ways


def main(way: str) -> None:
    plan = busy_plan(20, 30)
    engine_alone(plan)  # caches filled
    profile = cProfile.Profile()
    profile.runcall(ways(plan)[way])
    stats = pstats.Stats(profile).strip_dirs()
    stats.sort_stats("tottime").print_stats(35)
    stats.sort_stats("cumulative").print_stats(45)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "engine alone")
