"""All benchmarks in one run: `python benchmarks/run.py [rounds]`. Compare the ratios, not the figures."""

from __future__ import annotations

import platform
import sys

import calls
import hops
import journeys
import queueing
import startup


def main(count: int) -> None:
    print(f"Python {platform.python_version()}, {count} rounds in turn; middle [least .. most]\n")
    journeys.main(count)
    print()
    queueing.main(count)
    print()
    calls.main(count)
    print()
    hops.main()
    print()
    startup.main(4 * count)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
