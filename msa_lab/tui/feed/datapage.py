"""What the services have written down of a saga at a moment: folded from the commits in the log."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from msa_lab.telemetry.events import LogEvent
from msa_lab.tui.feed.lines import Line, clipped, line, stamp
from msa_lab.tui.feed.sight import Sight

_AFTERWARDS: Final = 20_000
_BEFORE: Final = 400
_HIDDEN: Final = ("id",)
_INSTANT: Final = re.compile(r"(?:.*_)?(?:at|until)")
"""Fields with such names are instants, by the habit of all services; 0 is none."""


@dataclass(slots=True)
class Record:
    """A row of a table as it was last written; `row` is None when it was deleted."""

    row: Mapping[str, Any] | None
    t: int


@dataclass(slots=True)
class Records:
    """The rows that belong to a saga: their key is its id or begins with it, or a field is its id.

    Commits are looked for from shortly before the saga's first event to some while after its last one; what
    was looked through once is not looked through again while time goes on.
    """

    saga: str
    begun: bool = False
    rows: dict[tuple[str, str, str], Record] = field(default_factory=dict)
    _seen: int = 0
    _commits: int = 0

    def until(self, sight: Sight) -> None:
        """Take in the commits before the moment at hand."""
        own = sight.feed.saga_events(self.saga, sight.at)
        if not own:
            return
        log = sight.feed.log
        first, last = log.place(own[0].seq) or 0, log.place(own[-1].seq) or 0
        begin = max(0, first - _BEFORE)
        end = min(sight.at, last + _AFTERWARDS)
        if not self.begun or end < self._seen:
            self.rows.clear()
            self.begun, self._seen = True, begin
        for event in log.events(self._seen, end, {log.code("commit")}):
            self._take(event)
        self._seen = max(self._seen, end)

    def _take(self, event: LogEvent) -> None:
        for change in event.detail.get("changes") or ():
            key, after = str(change["key"]), change.get("after")
            name = (event.service, str(change["table"]), key)
            if name in self.rows or self._owns(key, after):
                self.rows[name] = Record(after, event.t)

    def _owns(self, key: str, row: Mapping[str, Any] | None) -> bool:
        if key == self.saga or key.startswith(f"{self.saga}/"):
            return True
        return row is not None and any(value == self.saga for value in row.values())


def data(sight: Sight, records: Records, width: int) -> list[Line]:
    """Show the rows, service by service, the saga's own record first."""
    records.until(sight)
    if not records.rows:
        return [
            line(("nothing is written down of it here", "dim")),
            line(("(a run kept with --log key has no commits in its log)", "dim")),
        ]
    lines: list[Line] = []
    order = sorted(records.rows.items(), key=lambda it: (it[0][1] != "sagas", *it[0]))
    for (service, table, key), record in order:
        row = record.row
        state = "deleted" if row is None else str(row.get("state") or row.get("status") or "")
        head = line(
            (f"{service} ", "strong"), f"{table} {key}", (f"  {state}", "warn" if row is None else "accent"),
            (f"  T+{record.t / 1e6:.3f}", "dim"),
        )  # fmt: skip
        lines.append(clipped(head, width, sight.signs["dots"]))
        left = {name: it for name, it in (row or {}).items() if name not in (*_HIDDEN, "state", "status")}
        short = sorted(left.items(), key=lambda it: isinstance(it[1], Mapping))  # what is long comes last
        told = "  ".join(f"{name}={_brief(value, name)}" for name, value in short if value != key)
        lines += [
            line((part, "")) for part in textwrap.wrap(
                told, max(24, width), initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False,
            )
        ]  # fmt: skip
    return lines


def _brief(value: Any, name: str = "") -> str:  # noqa: ANN401 - any plain value
    """Write a value in short: money as money, an instant as the time it is, a text as it is, else JSON."""
    if type(value) is int and value > 0 and _INSTANT.fullmatch(name):
        return f"T+{stamp(value)}"
    if isinstance(value, Mapping) and set(value) == {"minor", "currency"}:
        return f"{value['minor'] / 100:.2f} {value['currency']}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_brief(it, key)}" for key, it in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_brief(it) for it in value) + "]"
    return value if isinstance(value, str) and value else msgspec.json.encode(value).decode()
