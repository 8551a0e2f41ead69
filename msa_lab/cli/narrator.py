"""Tells on stderr how a run goes: a line for each thing that matters, and a moving bar on a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from msa_lab.cli.messages import put
from msa_lab.cli.terminal import Terminal, clip, printable
from msa_lab.sdk.values import Instant
from msa_lab.telemetry.events import LogEvent
from msa_lab.usecases.ports import Plan
from msa_lab.usecases.report import RunReport

_EACH = 3
"""So many violations of one expectation are told as they happen."""
_FRAME = 0.05


class Narrator:
    """Takes in events and time; writes to stderr, for people only."""

    def __init__(self, plan: Plan, terminal: Terminal, *, quiet: bool, mode: str = "sim") -> None:
        self._mode = mode
        self._plan = plan
        self._terminal = terminal
        self._quiet = quiet
        self._told: dict[str, int] = {}
        self._steady: Instant | None = None
        if plan.scenario.steady is not None:
            self._steady = Instant(plan.scenario.steady.over)
        self._ends = {fault.id: fault.duration for fault in plan.faults if fault.duration is not None}
        self._drawn = 0.0
        self._bar = ""

    @property
    def listeners(self) -> Mapping[Callable[[LogEvent], object], tuple[str, ...]]:
        """The listeners for the log and the kinds they want; none when quiet."""
        if self._quiet:
            return {}
        return {
            self._phase: ("phase.started",),
            self._fault: ("fault.started", "fault.healed"),
            self._violated: ("expectation.violated",),
            self._unsteady: ("steady.failed",),
        }

    def begin(self) -> None:
        """Say what is being played."""
        if self._quiet:
            return
        plan = self._plan
        chaos = f"chaos {plan.profile}" if plan.faults else "no chaos"
        head = f"{plan.scenario.id}  {self._mode}  topology {plan.topology.id}  seed {plan.seed}  {chaos}"
        self._write(self._terminal.paint("MSA Lab", "strong") + f"  {printable(head)}")
        given = ", ".join(f"{name} {_size(value)}" for name, value in plan.scenario.given.items())
        self._line(0, "given", "", given or "an empty shop")

    def end(self, report: RunReport) -> None:
        """Say how many sagas there were."""
        if self._quiet:
            return
        sagas = report.sagas
        counts = (
            f"{sagas['started']} sagas: {sagas['completed']} completed, "
            f"{sagas['compensated']} compensated, {sagas['open']} open"
        )
        word = "done" if report.played.ended == "done" else report.played.ended
        rest = "; not all work came to rest" if word == "done" and not report.played.settled else ""
        self._line(report.played.end, word, "", counts + rest)
        self._write("")

    def progress(self, now: Instant, end: Instant) -> None:
        """Draw the bar, if there is one."""
        if self._quiet:
            return
        steady = self._plan.scenario.steady
        if self._steady is not None and steady is not None and now > self._steady:
            self._steady = None
            self._line(steady.over, "steady", "", ", ".join(check.text for check in steady.checks))
        if not self._terminal.live:
            return
        moment = time.perf_counter()
        if moment - self._drawn >= _FRAME:
            self._drawn = moment
            self._draw(now, end)

    def _draw(self, now: int, end: int) -> None:
        terminal = self._terminal
        label = f"T+{now / 1e6:04.1f} of {end / 1e6:.0f} s "
        room = max(10, min(40, terminal.width - len(label) - 8))
        full = room * now // end if end else 0
        bar = terminal.glyph("full") * full + terminal.glyph("empty") * (room - full)
        self._bar = label + bar
        put(f"\r{label}{terminal.paint(bar, 'dim')}\x1b[K")

    def _phase(self, event: LogEvent) -> None:
        detail = event.detail
        phase = next((it for it in self._plan.scenario.load if it.name == detail["phase"]), None)
        rate = f", {phase.rate:g} shoppers/s for {phase.duration / 1e6:g} s" if phase is not None else ""
        self._line(event.t, "load", "", f"{detail['phase']}: {detail['flow']}{rate}")

    def _fault(self, event: LogEvent) -> None:
        detail = event.detail
        if event.kind == "fault.healed":
            self._line(event.t, "heal", "", f"{detail['fault']}  touched {detail['touched']}")
            return
        lasts = self._ends.get(detail["fault"])
        until = f"  until T+{(event.t + lasts) / 1e6:04.1f}" if lasts else ""
        text = f"{detail['fault']}  {detail['kind']} on {detail['target']}{until}"
        self._line(event.t, "fault", "bad", text, "fault")

    def _violated(self, event: LogEvent) -> None:
        detail = event.detail
        name = detail["expectation"]
        count = self._told[name] = self._told.get(name, 0) + 1
        if count > _EACH:
            return
        severe = next((it.severity for it in self._plan.scenario.expect if it.id == name), "error")
        where = f"  {detail['entity']}" if detail["entity"] else ""
        more = "  (and more)" if count == _EACH else ""
        word, style = ("FAIL", "bad") if severe == "error" else ("warn", "warn")
        self._line(event.t, word, style, f"{name}{where}  {detail['observed']}{more}", style)

    def _unsteady(self, event: LogEvent) -> None:
        self._steady = None
        self._line(event.t, "steady", "bad", f"does not hold: {event.detail['check']}", "bad")

    def _line(self, t: int, word: str, sign: str, text: str, style: str = "") -> None:
        terminal = self._terminal
        mark = terminal.glyph(sign) if sign else " "
        head = f"T+{t / 1e6:04.1f}  {word:<7}"
        room = terminal.width - len(head) - 3
        body = clip(printable(text), room) if terminal.live else printable(text)
        self._write(terminal.paint(f"{head}{mark}", style) + f" {body}")

    def _write(self, line: str) -> None:
        if self._bar:
            put("\r\x1b[K")
            self._bar = ""
        put(line + "\n")


def _size(value: Any) -> str:  # noqa: ANN401 - any fixture
    if isinstance(value, list | tuple | dict):
        return str(len(value))
    return str(value)
