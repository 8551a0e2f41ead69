"""The page of `msalab calibrate`, and the file it writes."""

from __future__ import annotations

import datetime as dt
import platform
import sys
from pathlib import Path
from typing import Final

from msa_lab import bootstrap
from msa_lab.cli.interrupted import Interrupted
from msa_lab.cli.jsontext import json_text
from msa_lab.cli.options import Talk
from msa_lab.cli.places import here
from msa_lab.cli.playing import planned
from msa_lab.cli.runline import RunLine
from msa_lab.cli.stopping import stopping
from msa_lab.cli.terminal import Terminal, emit, printable, table, terminal_of
from msa_lab.cli.wanted import Wanted
from msa_lab.errors import EnvironmentTrouble
from msa_lab.sdk.values import seconds
from msa_lab.usecases.calibration.calibrate import AIM, Calibrated, calibrate
from msa_lab.usecases.calibration.speed import Compared
from msa_lab.usecases.calibration.topologyfile import MACHINE
from msa_lab.usecases.ports import Plan, Progress

ENOUGH: Final = 0.8
"""A shop that uses less of the cores than this at its capacity was not alone."""

NOTICED: Final = 0.02
"""From which share on it is told that a host kept back time of the cores."""


def print_calibration(wanted: Wanted, out: str | None, length: float, talk: Talk) -> int:
    """Measure, write the file, print the table; give the exit code.

    Raises:
        UserMistake: when scenario or topology are wrong.
        EnvironmentTrouble: when this machine has no real processes or the file cannot be written.
    """
    plan = planned(wanted)
    name = f"{plan.topology.id}-here"
    path = Path(out) if out is not None else here() / "topologies" / f"{name}.yaml"
    name = path.stem if out is not None else name
    bootstrap.process_world()  # a clear word before anything is played
    _make_room(path)
    teller = Teller(terminal_of(sys.stderr, colour=talk.colour), quiet=talk.quiet)
    cores = bootstrap.cores()
    note = (
        f"Measured by msalab calibrate on {dt.date.today().isoformat()} "  # noqa: DTZ011, TID251 - the user's day, for people
        f"on {cores} cores of {platform.machine()}, Python {platform.python_version()}."
    )
    with stopping() as signals:

        def stop() -> bool:
            if signals:
                raise Interrupted(signals[0])
            return False

        stage = bootstrap.MeasuringStage(teller.begin, stop)
        with bootstrap.watched_cores() as watch:
            done = calibrate(
                plan, stage, name=name, cores=cores, note=note, length=seconds(length), watched=watch.seen
            )
            stolen = watch.stolen()
        teller.end()
    _write(path, done.topology.document.text)
    if talk.json:
        told = {**done.summary(), "stolen": stolen, "file": str(path)}
        emit(json_text(told))
    else:
        emit(page(done, path, terminal_of(sys.stdout, colour=talk.colour), stolen=stolen))
    return 0


def _make_room(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentTrouble(f"{path.parent} cannot be made: {error.strerror or error}") from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EnvironmentTrouble(f"{path} cannot be written: {error.strerror or error}") from error


class Teller:
    """Tells on stderr what is being measured."""

    def __init__(self, terminal: Terminal, *, quiet: bool) -> None:
        self._line = RunLine(terminal, quiet=quiet)

    def begin(self, world: str, what: str, plan: Plan) -> Progress:
        """Take note of a run; give who watches it."""
        self._line.end()
        # Nothing comes after the load.
        return self._line.begin(f"{world:<7}  {what}", lambda _: f"{plan.scenario.duration / 1e6:.0f} s")

    def end(self) -> None:
        """Tell that the last run is over."""
        self._line.end()


def _crowded(done: Calibrated, terminal: Terminal) -> list[str]:
    """Say so when the shop could not have the whole machine."""
    if done.used >= ENOUGH:
        return []
    text = (
        f"at its capacity the shop used only {100 * done.used:.0f} % of the cores: others use this machine,"
        " or something else than CPU holds the shop up; the simulated one has the cores to itself"
    )
    return terminal.wrap(text, f"  {terminal.glyph('warn')} ", "    ")


def _unsteady(done: Calibrated, stolen: float, terminal: Terminal) -> list[str]:
    """Say so when the real shop does not even agree with itself, or the machine is not ours alone."""
    texts = []
    if done.failed:
        texts.append(
            f"{done.failed} requests and sagas of the real shop came to nothing: refusing is fast, so times"
            " are not those of a shop that serves"
        )
    if done.apart > AIM:
        texts.append(
            f"plays of the real shop at one load were up to {100 * done.apart:.0f} % apart themselves:"
            " gaps of that size say nothing of the simulated one"
        )
    if stolen >= NOTICED:
        texts.append(
            f"the host of this virtual machine kept back {100 * stolen:.0f} % of the cores' time while they"
            f" were wanted; the simulated ones {_as_unsteady(done)}"
        )
    elif done.topology.machines[MACHINE].slowdowns is not None:
        texts.append(
            f"this machine's cores were slow now and then; the simulated ones {_as_unsteady(done)}, too"
        )
    mark = f"  {terminal.glyph('warn')} "
    return [line for text in texts for line in terminal.wrap(text, mark, "    ")]


def _as_unsteady(done: Calibrated) -> str:
    machine = done.topology.machines[MACHINE]
    parts = []
    if machine.stalls is not None:
        parts.append(f"stand still for {100 * machine.stalls.share:.0f} % of all time")
    if (slow := machine.slowdowns) is not None:
        parts.append(
            f"work at {100 * slow.pace:.0f} % of their pace for {100 * slow.share:.0f} % of all time"
        )
    if parts:
        return " and ".join(parts)
    return "are always there" if done.watched.time else "are always there, for want of a right to watch them"


def _row(row: Compared) -> list[str]:
    return [
        row.what,
        f"p{100 * row.share:g}",
        f"{row.real / 1000:.1f} ms",
        f"{row.simulated / 1000:.1f} ms",
        f"{100 * row.gap:+.0f} %",
        f"{100 * row.apart:.0f} %" if len(row.plays) > 1 else "",
        f"{row.samples[0]}, {row.samples[1]}",
    ]


def page(done: Calibrated, path: Path, terminal: Terminal, *, stolen: float = 0.0) -> str:
    """Give the table of both worlds and where the file is.

    `stolen` is the share of the cores' time that a host kept back.
    """
    lines = [
        *table(
            [
                ["", "process", "sim"],
                ["capacity, visits/s", f"{done.capacity:.2f}", f"{done.simulated_capacity:.2f}"],
            ],
            right=(1, 2),
        ),
        "",
    ]
    rows = [["load", "what", "", "process", "sim", "gap", "own", "samples"]]
    rows += [[f"{done.met[share]:.0%}", *_row(row)] for share, found in done.levels.items() for row in found]
    lines += [*table(rows, right=(3, 4, 5, 6)), ""]
    sign = "good" if done.within_aim else "warn"
    word = "all sagas are" if done.within_aim else "not all sagas are"
    lines.append(
        terminal.paint(f"{terminal.glyph(sign)} {word} within {100 * AIM:.0f} % of the real ones", sign)
    )
    seen, quiet, same = (1000 * own for own in (done.cpu.whole, done.quiet, done.found.demand))
    lines += [
        f"  a visit took {seen:.0f} ms of CPU, {quiet:.0f} in a quiet shop; a simulated one takes {same:.0f}",
        *_crowded(done, terminal),
        *_unsteady(done, stolen, terminal),
        f"  written  {printable(str(path))}",
        f"  play it  msalab scenario checkout --topology {printable(str(path))}",
    ]
    return "\n".join([*lines, ""])
