"""What is told of the service or the link that is looked at on the map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msa_lab.telemetry.sagas import SagaView
from msa_lab.tui.feed.lines import Line, Span, Style, clipped, columns, duration, line
from msa_lab.tui.feed.links import Link, faults_on, links
from msa_lab.tui.feed.livepage import health
from msa_lab.tui.feed.mappage import SPAN
from msa_lab.tui.feed.sight import Sight

_LATEST = 40
_TOLD = 6
_WORD = 10


def of_link(sight: Sight, link: Link, width: int) -> list[Line]:
    """Tell of a link: how much goes over it, how long it takes, what is lost, faults and sagas on it."""
    start, end = sight.window(SPAN)
    series = sight.feed.series
    key = f"{link.source}>{link.target}"
    call = link.how == "call"
    told: list[tuple[str, str, Style]] = [
        ("kind", "calls, answered" if call else "events, by the broker", ""),
        ("rate", f"{series.rate(link.counted, start, end):.1f}/s", ""),
    ]
    if call:
        p50, p95 = (series.quantile(f"took.{key}", start, end, share) for share in (0.5, 0.95))
        lost, again = series.within(f"lost.{key}", start, end), series.within(f"retries.{key}", start, end)
        told += [
            ("p50 / p95", f"{duration(p50)} / {duration(p95)}", ""),
            ("unanswered", str(lost), "bad" if lost else "dim"),
            ("retries", str(again), "warn" if again else "dim"),
        ]
    lines = _table(told, width, sight)
    lines += _faults(sight, link, width)
    return lines + _sagas(sight, _on_link(sight, link), width)


def of_service(sight: Sight, name: str, width: int) -> list[Line]:
    """Tell of a service: how it stands, how much it is asked, open breakers, faults and sagas at it."""
    start, end = sight.window(SPAN)
    series, moment = sight.feed.series, sight.moment
    sign, style, word = health(sight, name)
    up, paused, down = moment.health(name)
    asked, failed = (series.rate(f"{what}.{name}", start, end) for what in ("requests", "failed"))
    took = "request.took" if name == "gateway" else f"took.{name}"
    p50, p95 = (series.quantile(took, start, end, share) for share in (0.5, 0.95))
    told: list[tuple[str, str, Style]] = [
        ("state", f"{sign} {word}{', outside the shop' if name in sight.outside else ''}", style),
        ("instances", f"{up} of {up + paused + down} up", "" if up and not down else "warn"),
        ("asked", f"{asked:.1f}/s", ""),
        ("p50 / p95", f"{duration(p50)} / {duration(p95)}", ""),
        ("no answer", f"{failed:.1f}/s", "bad" if failed else "dim"),
    ]
    told += [("breaker", f"open to {callee}", "warn") for callee in moment.opened(name)]
    lines = _table(told, width, sight)
    lines += _faults(sight, name, width)
    return lines + _sagas(sight, _at(sight, name), width)


def brief(sight: Sight, place: Link | str, width: int) -> list[Line]:
    """Tell the same in two lines."""
    start, end = sight.window(SPAN)
    series = sight.feed.series
    if isinstance(place, Link):
        key = f"{place.source}>{place.target}"
        lost, again = series.within(f"lost.{key}", start, end), series.within(f"retries.{key}", start, end)
        first = line(
            (f" {place.source} {sight.signs['to']} {place.target}", "strong"),
            f"  {series.rate(place.counted, start, end):.1f}/s",
            f"  p95 {duration(series.quantile(f'took.{key}', start, end, 0.95))}",
            (f"  {lost} unanswered", "bad" if lost else "dim"),
            (f"  {again} retries", "warn" if again else "dim"),
        )  # fmt: skip
    else:
        sign, style, word = health(sight, place)
        took = "request.took" if place == "gateway" else f"took.{place}"
        calls = [link for link in links(sight) if place in (link.source, link.target)]
        first = line(
            (f" {place}", "strong"), (f"  {sign} {word}", style),
            f"  p95 {duration(series.quantile(took, start, end, 0.95))}",
            (f"  links: {sum(1 for it in calls if it.target == place)} in,", "dim"),
            (f" {sum(1 for it in calls if it.source == place)} out", "dim"),
        )  # fmt: skip
    on = "  ".join(_told(sight, fault.id, fault.since) for fault in faults_on(sight, place))
    second = line(
        (f" {sight.signs['fault']} {on}" if on else " no fault acts here", "fault" if on else "dim")
    )
    return [clipped(row, width, sight.signs["dots"]) for row in (first, second)]


def _told(sight: Sight, name: str, since: int) -> str:
    started = sight.feed.faults.get(name)
    kind = f": {started.detail['kind']}" if started is not None else ""
    return f"{name}{kind} since T+{since / 1e6:.1f}"


def _table(rows: Iterable[tuple[str, str, Style]], width: int, sight: Sight) -> list[Line]:
    return [
        clipped(line((f"{word:<{_WORD}} ", "dim"), (told, style)), width, sight.signs["dots"])
        for word, told, style in rows
    ]


def _faults(sight: Sight, place: Link | str, width: int) -> list[Line]:
    acting = faults_on(sight, place)
    lines: list[Line] = [(), line(("faults here", "strong"))]
    for fault in acting:
        lines += [
            line((f"{sight.signs['fault']} {fault.id}", "fault")),
            line((f"  {fault.kind} on {fault.target}", "")),
            line((f"  since T+{fault.since / 1e6:.1f}", "dim")),
        ]
    if not acting:
        lines.append(line(("none", "dim")))
    return [clipped(row, width, sight.signs["dots"]) for row in lines]


def _sagas(sight: Sight, found: Sequence[tuple[SagaView, str]], width: int) -> list[Line]:
    lines: list[Line] = [(), line(("sagas here", "strong"))]
    rows: list[list[Span]] = [
        [(view.id, "bad" if sight.broke(view.id) else ""), (told, "dim")] for view, told in found[:_TOLD]
    ]
    lines += columns(rows, [10, max(4, width - 11)])
    if len(found) > _TOLD:
        lines.append(line((f"and {len(found) - _TOLD} more", "dim")))
    if not found:
        views = sight.moment.sagas.views.values()
        ended = sum(1 for view in views if view.ended)
        told = f"all {ended} have ended" if ended and ended == len(views) else "none at this moment"
        lines.append(line((told if views else "none has begun", "dim")))
    return lines


def _under_way(sight: Sight) -> list[SagaView]:
    views = [view for view in sight.moment.sagas.views.values() if not view.ended]
    return views[-_LATEST:]


def _on_link(sight: Sight, link: Link) -> list[tuple[SagaView, str]]:
    """Find the sagas under way whose latest try of a call went over the link."""
    found = []
    for view in _under_way(sight):
        sent = [it for it in sight.feed.saga_events(view.id, sight.at) if it.kind == "call.sent"]
        if sent and sent[-1].service == link.source:
            operation = str(sent[-1].detail["operation"])
            if operation.partition(".")[0] == link.target:
                tries = int(sent[-1].detail["attempt"])
                found.append((view, f"try {tries}" if tries > 1 else "first try"))
    return found


def _at(sight: Sight, name: str) -> list[tuple[SagaView, str]]:
    """Find the sagas under way of which the service did or heard the latest."""
    found = []
    for view in _under_way(sight):
        events = sight.feed.saga_events(view.id, sight.at)
        if events and name in {event.service for event in events[-3:]}:
            found.append((view, view.state.lower()))
    return found
