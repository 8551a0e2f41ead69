"""The Live screen: is the shop alive, what is breaking."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from msa_lab.telemetry.causes import describe
from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.sagas import SagaView
from msa_lab.telemetry.series import service_of
from msa_lab.tui.feed.lines import Line, Span, Style, clipped, columns, duration, line, spark, width_of
from msa_lab.tui.feed.sight import Sight, hits

_WIDE = 62
_TROUBLED = 0.05
_STEP_FITS = 50
_NAME_FITS = 8
_WHO_FITS = 50
KIND_FITS = 70
_ROOMY = 100
SAGA_STYLES: dict[str, Style] = {
    "COMPLETED": "good", "COMPENSATED": "warn", "COMPENSATING": "warn", "RUNNING": "accent",
}  # fmt: skip


def names_of_services(sight: Sight) -> list[str]:
    """Name the services: where shoppers come in first, then those that are called, then outside parties.

    Those that only hear events come last: in a low window they are the first to be out of sight.
    """
    series = sight.feed.series
    called = {target for _, target in series.links("calls")}
    known = dict.fromkeys(sight.feed.latest.services.values())
    outside = sight.outside

    def rank(name: str) -> int:
        return 0 if name == "gateway" else 2 if name in outside else 1 if name in called else 3

    return sorted(known, key=lambda name: (rank(name), name))


def services(sight: Sight, width: int) -> list[Line]:
    """Draw the table of services: state, requests and failures a second, durations, faults."""
    wide = width >= _WIDE
    head = ("service", "", "req/s", "p50", "p95", "err", "trouble")
    shown = [column for column in range(len(head)) if wide or column != 3]  # noqa: PLR2004 - p50
    first = 13 if wide else 12
    widths = [first, 1, 6 if wide else 5, 6, 6, 4, max(4, width - first - (29 if wide else 22))]
    rows: list[list[Span]] = [[(word, "dim") for word in head]]
    rows += [_service(sight, name) for name in names_of_services(sight)]
    return columns(
        [[row[column] for column in shown] for row in rows],
        [widths[column] for column in shown],
        right=[place for place, column in enumerate(shown) if column in (2, 3, 4, 5)],
    )


def _service(sight: Sight, name: str) -> list[Span]:
    moment, series = sight.moment, sight.feed.series
    start, end = sight.window()
    asked = series.within(f"requests.{name}", start, end)
    failed = series.within(f"failed.{name}", start, end)
    share = _failing(sight, name)
    took = "request.took" if name == "gateway" else f"took.{name}"
    faults = [fault.id for fault in moment.faults.values() if hits(fault, name)]
    sign, style, word = health(sight, name)
    opened = moment.opened(name)
    told = [word] if word not in ("up", "degraded") else []
    told += faults
    told += [f"breaker {callee}" for callee in opened]
    if word == "degraded" and not told:
        told = ["failing"]  # how many of its calls stands beside it
    outside = name in sight.outside
    told += ["outside"] if outside and not told else []
    return [
        (f"({name})" if outside else name, "strong" if style == "bad" else "dim" if outside else ""),
        (sign, style),
        (f"{asked * 1e6 / (end - start):.1f}" if end > start else "-", ""),
        (duration(series.quantile(took, start, end, 0.5)), "dim"),
        (duration(series.quantile(took, start, end, 0.95)), ""),
        (f"{share:.0%}" if asked + failed else "-", "bad" if share > _TROUBLED else "dim"),
        (" ".join(told), "fault" if faults else "dim" if told == ["outside"] else style),
    ]


def counted(sight: Sight) -> str:
    """Count the services, and beside them the parties outside the shop."""
    known = set(sight.moment.services.values())
    outside = len(known & sight.outside)
    return f"{len(known) - outside}{f' ({outside} outside)' if outside else ''}"


def _failing(sight: Sight, name: str) -> float:
    """Give the share of calls to a service that brought no answer."""
    series, (start, end) = sight.feed.series, sight.window()
    failed = series.within(f"failed.{name}", start, end)
    return failed / (failed + series.within(f"requests.{name}", start, end)) if failed else 0.0


def health(sight: Sight, name: str) -> tuple[str, Style, str]:
    """Give a service's sign, style and word."""
    moment = sight.moment
    up, paused, down = moment.health(name)
    if up + paused + down == 0:
        return sight.signs["down"], "dim", "not yet up"
    if not up:
        return (sight.signs["paused"], "warn", "paused") if paused else (sight.signs["down"], "bad", "DOWN")
    if paused or down:
        return sight.signs["warn"], "warn", f"{up} of {up + paused + down} up"
    if moment.opened(name) or _failing(sight, name) > _TROUBLED:
        return sight.signs["warn"], "warn", "degraded"
    return sight.signs["up"], "good", "up"


def tally(sight: Sight, width: int) -> list[Line]:
    """Count the sagas by state, with the rate of those that end."""
    counted = sight.moment.sagas.tally()
    broke = len(sight.culprits)
    more = "" if not sight.whole or sight.all_named else "+"
    undone = counted["compensated"]
    wide = width >= _WIDE
    first = line(
        (f"{counted['started']} {'started  ' if wide else 'sagas '}", "strong"),
        (f"{broke}{more} BROKE  " if wide else f"{broke}{more} BROKE ", _some(broke, "bad")),
        (f"{counted['open']} open{'  ' if wide else ' '}" if wide or counted["open"] else "", "accent"),
        (f"{counted['completed']} {'completed  ' if wide else 'done '}", "good"),
        (f"{undone} {'compensated' if wide else 'undone'}" if wide or undone else "", _some(undone, "warn")),
    )
    if width_of(first) > width:
        first = line(
            (f"{broke}{more}", _some(broke, "bad")),
            (f"/{counted['started']}", "strong"),
            (" BROKE ", _some(broke, "bad")),
            (f"{counted['open']} open " if counted["open"] else "", "accent"),
            (f"{counted['completed']} done ", "good"),
            (f"{undone} undone" if undone else "", "warn"),
        )
    room = max(8, min(60, width - 12))
    curve = sight.feed.series.curve("saga.completed", max(1, sight.t), room)
    return [first, line(("ended/s ", "dim"), (spark(curve, sight.signs), "good"))]


def _some(count: int, style: Style) -> Style:
    return style if count else "dim"


def recent_sagas(sight: Sight) -> list[SagaView]:
    """Give the sagas that matter now: those under way, then those that are over, the newest first.

    Of both those that broke something stand before the others; those that did by the verdict alone between.
    """
    culprits, seen = sight.culprits, sight.moment.broken
    found: tuple[list[SagaView], ...] = ([], [], [], [], [], [])
    for view in reversed([*sight.moment.sagas.views.values()]):
        found[3 * view.ended + (view.id not in culprits) + (view.id not in seen)].append(view)
    return [view for views in found for view in views]


def saga_row(sight: Sight, view: SagaView, width: int) -> Line:
    """Draw a saga in one line: id, state, what it broke and its step, retries, age."""
    found = sight.broke(view.id)
    broke = bool(found)
    step = view.failure if view.ended else _under_way(view)
    took = view.took if view.took is not None else max(0, sight.t - view.started_at)
    names = ", ".join(found)
    word = "BROKE " if broke and len(names.partition(",")[0]) <= width - 43 else ""
    told = "  ".join(filter(None, (word + names, step))) or ("ok" if view.state == "COMPLETED" else "")
    row: list[Span] = [
        ("!" if broke else " ", "bad"),
        (view.id, "strong" if broke else ""),
        (view.state, SAGA_STYLES.get(view.state, "")),
        (told, "bad" if broke else "dim"),
        (f"x{view.retries + 1}" if view.retries else "", "warn"),
        (duration(took), "dim"),
    ]
    if width < _STEP_FITS:
        more = max(0, min(2, len(view.id) - 8))  # real processes give longer ids
        last = [3, 6] if view.retries else [6]
        room = width - 24 - sum(last) - len(last)
        if broke and room >= _NAME_FITS:
            cells = [*row[:3], (names, row[3][1]), *row[-len(last) :]]
            return columns([cells], [1, 8 + more, 12 - more, room, *last], right=(4, 5))[0]
        return columns([[*row[:3], *row[4:]]], [1, 8 + more, 12 - more, 3, max(5, width - 28)], right=(3, 4))[
            0
        ]
    return columns([row], [1, 10, 12, max(4, width - 37), 3, 6], right=(4, 5))[0]


def _under_way(view: SagaView) -> str:
    """Tell which step is tried again, or after which step the saga is."""
    again = next((step.name for step in view.steps if step.state == "running"), "")
    done = [step.name for step in view.steps if step.state == "done"]
    return again or (f"after {done[-1]}" if done else "")


def expectations(sight: Sight, width: int) -> list[Line]:
    """Tell what broke so far, then what the whole run's verdict says of the others."""
    moment = sight.moment
    signs = sight.signs
    lines: list[Line] = []
    findings = {str(finding["id"]): finding for finding in sight.summary.get("expectations") or []}
    over = moment.ended and bool(sight.summary.get("verdict"))
    for name, seen in moment.violated.items():
        count = max(seen, int(findings.get(name, {}).get("broken") or 0) if over else 0)
        event = sight.feed.find(moment.first[name])
        where = f"{event.saga} {when(findings.get(name, {}), event.t / 1e6)}" if event is not None else ""
        lines.append(line((f"{signs['bad']} {name}", "bad"), (f"  {count}x  first {where}", "")))
    for name, finding in findings.items():
        if name in moment.violated:
            continue
        verdict = finding["verdict"] if over else ""
        style: Style = {"HELD": "good", "BROKEN": "bad", "UNPROVEN": "unsure"}.get(verdict, "dim")  # type: ignore[assignment]
        if style == "bad" and finding.get("severity") == "warn":
            style = "warn"
        sign = signs["dots"] if not over else signs[style]
        counted = _counted(finding) if style in ("bad", "warn") else ""
        told = finding["observed"] if over else "no violation yet"
        lines.append(line((f"{sign} {name}", style), (f"  {counted or told}", "" if counted else "dim")))
    order: dict[Style, int] = {"bad": 0, "warn": 1, "unsure": 2}
    if not lines and sight.summary.get("shop"):
        lines.append(line(("a shop is not judged; msalab scenario judges a run", "dim")))
    lines.sort(key=lambda row: order.get(row[0][1], 3))
    return [clipped(row, width, signs["dots"]) for row in lines]


def _counted(finding: Mapping[str, Any]) -> str:
    """Tell how often an expectation broke by the verdict, and where first; '' when it names nobody."""
    first: Mapping[str, Any] = next(iter(finding.get("violations") or ()), {})
    who = first.get("saga") or first.get("entity")
    told = f"{finding.get('broken')}x  first {who} {when(finding, first['t'])}" if who else ""
    return told if finding.get("broken") else ""


def when(finding: Mapping[str, Any], t: float) -> str:
    """Say at which second it broke; or, of what is judged at the end, since when it has not held."""
    return f"since T+{t:.3f}" if finding.get("kind") == "finally" else f"T+{t:.3f}"


def faults(sight: Sight, width: int) -> list[Line]:
    """List the faults that act, and those that are over with what they touched."""
    moment = sight.moment
    lines = [
        line(
            (f"{sight.signs['fault']} {fault.id}", "fault"),
            (f"  T+{fault.since / 1e6:.1f}{_until(sight, fault.id, fault.since)}", "dim"),
            f"  {fault.kind} on {fault.target}",
        )
        for fault in moment.faults.values()
    ]
    lines += [
        line((f"{sight.signs['good']} {name}", "dim"), (f"  healed, touched {touched}", "dim"))
        for name, touched in moment.healed.items()
        if name not in moment.faults
    ]
    if not lines:
        lines = [line(("no fault acts", "dim"))]
    return [clipped(row, width, sight.signs["dots"]) for row in lines]


def _until(sight: Sight, fault: str, since: int) -> str:
    span = next((it for it in sight.feed.spans if it.fault == fault and it.start == since), None)
    return f" to {span.end / 1e6:.1f}" if span is not None and span.end is not None else ""


def event_style(event: LogEvent) -> Style:
    """Give the style of an event's row."""
    if event.kind == "expectation.violated":
        return "bad"
    if event.kind.startswith("fault.") or event.detail.get("fault"):
        return "fault"
    if event.kind in HARD:
        return "warn"
    return "dim" if event.importance == "plumbing" else ""


def is_trouble(event: LogEvent) -> bool:
    """Tell whether something broke, was hit by a fault, failed or was tried again."""
    return event_style(event) in _SIGN


HARD = frozenset({
    "call.failed", "call.refused", "commit.failed", "event.lost", "event.dead", "event.retried",
    "saga.turned", "instance.crashed", "instance.paused", "breaker.opened", "steady.failed",
})  # fmt: skip
_SIGN: dict[Style, str] = {"bad": "!", "fault": "x", "warn": "*"}


def signed(event: LogEvent) -> tuple[Style, str]:
    """Give an event's style and the sign for it."""
    style = event_style(event)
    return style, _SIGN.get(style, " ")


def event_row(sight: Sight, event: LogEvent, width: int) -> Line:
    """Draw an event in one line: time, service, kind, saga, words."""
    cells, widths = _event_cells(sight, event, width)
    return columns([cells], widths, right=(0,))[0]


def event_lines(sight: Sight, event: LogEvent, width: int) -> list[Line]:
    """Draw an event in as many lines as its words need."""
    cells, widths = _event_cells(sight, event, width)
    words, style = cells[-1]
    first, *rest = textwrap.wrap(words, widths[-1], break_on_hyphens=False) or [""]
    indent = " " * (sum(widths[:-1]) + len(widths) - 1)
    head = columns([[*cells[:-1], (first, style)]], widths, right=(0,))
    return [*head, *(((indent, ""), (part, style)) for part in rest)]


def _event_cells(sight: Sight, event: LogEvent, width: int) -> tuple[list[Span], list[int]]:
    """Give what an event's row is made of, its words last, and how wide each part is."""
    style, sign = signed(event)
    who = event.service or service_of(event.instance) or sight.signs["sep"]
    words = describe(event).removeprefix(f"{event.kind} ")
    if event.saga and width >= _WHO_FITS:
        words = f"{event.saga}  {words}"
    row: list[Span] = [
        (f"{event.t / 1e6:.3f}", "dim"),
        (sign, style),
        (who, ""),
        (event.kind, style),
        (event.saga, ""),
        (words, style),
    ]
    if width < _WHO_FITS:
        return [*row[:2], *row[4:]], [7, 1, 8, max(4, width - 19)]
    if width < KIND_FITS:
        return [*row[:3], row[5]], [7, 1, 9, max(4, width - 20)]
    wide = width >= _ROOMY
    service, kind = (12, 20) if wide else (9, 17)
    return [*row[:4], row[5]], [8, 1, service, kind, max(4, width - service - kind - 13)]
