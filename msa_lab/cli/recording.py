"""A kept run as a scenario file that plays it again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from msa_lab.chaos import FaultSpec
from msa_lab.chaos.commandline import fault_data
from msa_lab.cli.places import here
from msa_lab.cli.playing import planned
from msa_lab.cli.wanted import Wanted, wanted_of
from msa_lab.errors import EnvironmentTrouble, UserMistake
from msa_lab.persistence import StoredRun
from msa_lab.scenario.model import NO_CHAOS
from msa_lab.source import format_duration
from msa_lab.usecases.ports import Plan

BY_HAND: Final = "by-hand"
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.()-]*|\d+(?:us|ms|s|m|h)")
_TRIES: Final = 1000


def record(run: StoredRun, path: Path | None = None) -> tuple[Path, str]:
    """Write a run as a scenario, by default into ./scenarios; give the file and the line that plays it.

    Raises:
        UserMistake: when the run's scenario has changed since.
        EnvironmentTrouble: when the file cannot be written.
    """
    try:
        wanted = wanted_of(str(next(iter(run.summary.get("repeat") or []), "")))
    except ValueError as error:
        raise UserMistake(f"run {run.id}: {error}") from error
    plan = planned(wanted)
    if plan.scenario.sha256 != run.summary["scenario"].get("sha256"):
        raise UserMistake(
            f"{plan.scenario.file} is not what run {run.id} played\n"
            f"  its text then: {run.path / 'scenario.lock.yaml'}"
        )
    return kept_as(plan, wanted, path)


def kept_as(plan: Plan, wanted: Wanted, path: Path | None) -> tuple[Path, str]:
    """Write a plan as a scenario, by default into ./scenarios; give the file and the line that plays it.

    Raises:
        EnvironmentTrouble: when the file cannot be written.
    """
    text = recorded(plan, Path(plan.scenario.file).read_text(encoding="utf-8"))
    target = path or _free(here() / "scenarios", plan.scenario.id)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EnvironmentTrouble(f"{target}: {error.strerror or error}") from error
    shown = target.relative_to(here()) if target.is_relative_to(here()) else target
    return shown, _line(str(shown), wanted, plan)


def _line(file: str, wanted: Wanted, plan: Plan) -> str:
    """Give the line that plays the file: what a scenario cannot say stays an option."""
    bare = Wanted(
        file, settings=wanted.settings, variables=wanted.variables, log=wanted.log, mode=wanted.mode
    )
    line = bare.written(_profile(plan) if plan.faults else NO_CHAOS, default=True, seed=plan.seed)
    return line.removesuffix(f" --seed {plan.seed}")


def _profile(plan: Plan) -> str:
    return BY_HAND if plan.profile == NO_CHAOS else plan.profile


def _free(folder: Path, name: str) -> Path:
    for number in range(1, _TRIES):
        path = folder / f"{name}-{BY_HAND}{'' if number == 1 else f'-{number}'}.yaml"
        if not path.exists():
            return path
    raise EnvironmentTrouble(f"{folder} has no free name left for {name}")


def recorded(plan: Plan, text: str) -> str:
    """Give the scenario's text with the plan's seed, topology and faults in place of its own."""
    profiles: dict[str, tuple[FaultSpec, ...]] = dict(plan.scenario.profiles)
    if plan.faults or plan.profile != NO_CHAOS:
        profiles[_profile(plan)] = plan.faults
    chaos = ["chaos:"]
    if plan.faults:
        chaos.append(f"  default: {_profile(plan)}")
    elif plan.scenario.chaos_default:
        chaos.append(f"  default: {plan.scenario.chaos_default}")
    chaos.append("  profiles:")
    for name, faults in profiles.items():
        chaos.append(f"    {name}:" if faults else f"    {name}: []")
        chaos += [f"      - {_flow(fault_data(fault))}" for fault in faults]
    text = _put(text, "seed", [f"seed: {plan.seed}"])
    lasts = f"duration: {format_duration(plan.scenario.duration)}"
    if not any(row.startswith(lasts) for row in text.splitlines()):
        text = _put(text, "duration", [lasts])
    text = _put(text, "topology", [f"topology: {_value(plan.topology.id)}"])
    return _put(text, "chaos", chaos) if profiles else text


def _put(text: str, key: str, lines: list[str]) -> str:
    """Put lines in the place of a key of the outermost mapping, with what stands under it."""
    old = text.splitlines()
    start = next((place for place, row in enumerate(old) if re.match(rf"{key}\s*:", row)), None)
    if start is None:
        anchor = next((place for place, row in enumerate(old) if row.startswith("id:")), 0)
        return "\n".join([*old[: anchor + 1], *lines, *old[anchor + 1 :], ""])
    end = start + 1
    while end < len(old) and (not old[end].strip() or old[end][0] in " #-"):
        end += 1
    while end > start + 1 and not old[end - 1].strip():
        end -= 1
    return "\n".join([*old[:start], *lines, *old[end:], ""])


def _flow(data: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{key}: {_value(value)}" for key, value in data.items()) + "}"


def _value(value: Any) -> str:  # noqa: ANN401 - any plain value
    if isinstance(value, Mapping):
        return _flow(value)
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return str(value) if _PLAIN.fullmatch(str(value)) else json.dumps(str(value), ensure_ascii=False)
