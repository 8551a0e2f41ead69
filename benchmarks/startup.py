"""How long until `msalab --help` has answered, against a Python that does nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from rounds import spread

COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "msalab --help": ("-m", "msa_lab", "--help"),
    "msalab scenario --help": ("-m", "msa_lab", "scenario", "--help"),
}


def wall(arguments: tuple[str, ...]) -> float:
    """Give the seconds on the wall clock of one start."""
    begun = time.perf_counter()
    subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, cwd=Path(__file__).parent.parent
    )
    return time.perf_counter() - begun


def main(count: int) -> None:
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for arguments in COMMANDS.values():
        wall(arguments)  # bytecode and files are cached
    for _ in range(count):
        for name, arguments in COMMANDS.items():
            taken[name].append(wall(arguments) * 1000)
    print("start, milliseconds on the wall clock (aim: msalab --help under 100)")
    for name, values in taken.items():
        print(f"  {name:24} {spread(values)}")
    ratios = [one / other for one, other in zip(taken["msalab --help"], taken["python -c pass"], strict=True)]
    print(f"  ratio help / pass        {spread(ratios)}")


if __name__ == "__main__":
    main(20)
