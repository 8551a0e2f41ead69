"""What a command line asks of a run, and the line that asks for the same again."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from msa_lab.usecases.ports import Plan


_SEEDS = 2**31
_DIGITS = 19
_LEAST: Final = 3
_READ: Final = (
    "--chaos", "--chaos-profile", "--fault", "--without", "--topology", "--seed", "--set", "--var", "--log",
    "--mode",
)  # fmt: skip
MOST_SEEDS = 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of `msalab scenario run` that decide what is played."""

    name: str
    chaos: bool | None = None
    profile: str | None = None
    faults: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    topology: str | None = None
    seed: int | None = None
    settings: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    log: str = "all"
    mode: str = "sim"

    def again(self, plan: Plan) -> str:
        """Give the command line that plays the plan again, whatever the shell makes of its words."""
        default = plan.profile == plan.scenario.chaos_default
        return self.written(plan.profile, default=default, seed=plan.seed)

    def written(self, profile: str, *, default: bool, seed: int) -> str:
        """Give the command line for a profile (`default`: the scenario's own) and a seed."""
        from msa_lab.scenario.model import NO_CHAOS  # noqa: PLC0415 - heavy, and only when it is asked for

        words = ["msalab", "scenario", *(["--"] if self.name.startswith("-") else []), self.name]
        if profile != NO_CHAOS:
            words += ["--chaos"] if default else ["--chaos-profile", profile]
        words += [word for name in self.without for word in ("--without", name)]
        words += [word for fault in self.faults for word in ("--fault", fault)]
        if self.topology is not None:
            words += ["--topology", self.topology]
        words += [word for setting in self.settings for word in ("--set", setting)]
        words += [word for variable in self.variables for word in ("--var", variable)]
        if self.log != "all":
            words += ["--log", self.log]
        if self.mode != "sim":
            words += ["--mode", self.mode]
        return shlex.join([*words, "--seed", str(seed)])


def wanted_of(again: str) -> Wanted:
    """Read the options back from the line that `Wanted.again` gave.

    Raises:
        ValueError: when it is another line.
    """
    words = shlex.split(again)
    if words[:2] != ["msalab", "scenario"] or len(words) < _LEAST:
        raise ValueError(f"{again!r} plays no scenario")
    rest = iter(words[3:] if words[2] == "--" else words[2:])
    name = next(rest)
    found: dict[str, list[str]] = {}
    for word in rest:
        if word not in _READ:
            raise ValueError(f"{again!r} has an unknown option {word}")
        found.setdefault(word, []).append("" if word == "--chaos" else next(rest, ""))

    def last(option: str) -> str | None:
        return found[option][-1] if option in found else None

    return Wanted(
        name=name,
        chaos=True if "--chaos" in found else None,
        profile=last("--chaos-profile"),
        faults=tuple(found.get("--fault", ())),
        without=tuple(found.get("--without", ())),
        topology=last("--topology"),
        seed=seed_of(last("--seed")),
        settings=tuple(found.get("--set", ())),
        variables=tuple(found.get("--var", ())),
        log=last("--log") or "all",
        mode=last("--mode") or "sim",
    )


def seed_of(text: str | None) -> int | None:
    """Read `--seed`.

    Raises:
        ValueError: when it is neither a whole number nor `random`.
    """
    if text is None:
        return None
    if text == "random":
        return secrets.randbelow(_SEEDS)
    if not (text.isascii() and text.isdigit() and len(text) < _DIGITS):
        raise ValueError(f"--seed {text!r}: a whole number of at most 18 digits, or random")
    return int(text)


def seeds_of(text: str) -> tuple[int, ...]:
    """Read `--seeds`: numbers and ranges such as `1..3`, between commas.

    Raises:
        ValueError: when it is something else, or more than `MOST_SEEDS`.
    """
    seeds: dict[int, None] = {}
    for part in text.split(","):
        found = _range(part)
        if found is None:
            raise ValueError(f"--seeds {text!r}: numbers and ranges, such as 1..3 or 1,4,9")
        if len(found) + len(seeds) > MOST_SEEDS:
            raise ValueError(f"--seeds {text!r}: at most {MOST_SEEDS} seeds")
        seeds |= dict.fromkeys(found)
    return tuple(seeds)


def _range(text: str) -> range | None:
    first, dots, last = (part.strip() for part in text.partition(".."))
    ends = (first, last if dots else first)
    if not all(end.isascii() and end.isdigit() and len(end) < _DIGITS for end in ends):
        return None
    return range(int(ends[0]), int(ends[1]) + 1) or None


def pairs_of(texts: Sequence[str], option: str) -> dict[str, str]:
    """Split `name=value` texts.

    Raises:
        ValueError: when one has no name or no `=`.
    """
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise ValueError(f"{option} {text!r}: write NAME=VALUE")
        pairs[name.strip()] = value
    return pairs
