"""The Map screen: services in layers, and the links between them with their rates and faults."""

from __future__ import annotations

from dataclasses import dataclass

from msa_lab.tui.feed.lines import Line, Span, Style, clipped, columns, duration, line
from msa_lab.tui.feed.livepage import health, names_of_services
from msa_lab.tui.feed.sight import Sight, sides

_BOX = 15
_TALL = 3


@dataclass(frozen=True, slots=True)
class Link:
    """Who speaks to whom: by a call, or by an event that is heard."""

    source: str
    target: str
    how: str


def links(sight: Sight) -> list[Link]:
    """Give the links that the run used, calls first; a service does not call itself here."""
    series = sight.feed.series
    found = [Link(source, target, "call") for source, target in series.links("calls")]
    found += [Link(source, target, "event") for source, target in series.links("heard")]
    return [link for link in found if link.source != link.target]


def layers(sight: Sight) -> list[list[str]]:
    """Put the services in rows: each one below the first that calls it; who is never called comes last."""
    called: dict[str, list[str]] = {}
    for link in links(sight):
        if link.how == "call":
            called.setdefault(link.source, []).append(link.target)
    rows: list[list[str]] = [["gateway"]]
    placed = {"gateway"}
    while rows[-1]:
        below = [target for name in rows[-1] for target in called.get(name, ()) if target not in placed]
        rows.append(list(dict.fromkeys(below)))
        placed.update(below)
    rows.pop()
    rest = [name for name in names_of_services(sight) if name not in placed]
    return [*rows, rest] if rest else rows


def picture(sight: Sight, width: int, height: int, selected: str) -> list[Line]:
    """Draw the layers as boxes, flat ones where the height is small.

    Those that the selected service speaks with are marked, as are those that a fault strikes.
    """
    near = {link.target: link.how for link in links(sight) if link.source == selected}
    for link in links(sight):
        if link.target == selected:
            near.setdefault(link.source, "from")
    each = max(1, width // (_BOX + 4))
    drawn = [layer[start : start + each] for layer in layers(sight) for start in range(0, len(layer), each)]
    flat = height < _TALL * len(drawn)
    lines: list[Line] = []
    for names in drawn:
        rows = _boxes(sight, names, selected, near, width)
        lines += [rows[1], ()] if flat else rows
    return lines


def _boxes(sight: Sight, names: list[str], selected: str, near: dict[str, str], width: int) -> list[Line]:
    signs = sight.signs
    bend = "┌─┐│└┘" if signs.unicode else "+-+|++"
    top: list[Span] = []
    middle: list[Span] = []
    bottom: list[Span] = []
    struck = {side for fault in sight.moment.faults.values() for side in sides(fault.target)}
    for name in names:
        sign, style, _ = health(sight, name)
        hurt = name in struck
        edge: Style = "fault" if hurt else "accent" if name == selected else "good" if name in near else "dim"
        speaks = {"call": signs["right"], "event": signs["event"], "from": signs["left"]}
        stroke, side = (signs["fault"],) * 2 if hurt else (bend[1], bend[3])
        top.append((f" {bend[0]}{stroke * _BOX}{bend[2]} ", edge))
        label = name[: _BOX - 2]
        shown = f"[{label}]" if name == selected else f" {label} "
        middle += [
            (speaks.get(near.get(name, ""), " "), "good"),
            (side, edge),
            (f"{shown:<{_BOX - 1}}", "strong" if name == selected else "fault" if hurt else ""),
            (sign, style),
            (f"{side} ", edge),
        ]
        bottom.append((f" {bend[4]}{stroke * _BOX}{bend[5]} ", edge))
    blank = max(0, (width - len(names) * (_BOX + 4)) // 2)
    return [((" " * blank, ""), *row) for row in (top, middle, bottom)]


def link_rows(sight: Sight, chosen: list[Link], width: int) -> list[Line]:
    """Draw links as rows: who, rate, duration, failures, faults on it."""
    series = sight.feed.series
    start, end = sight.window(2_000_000)
    rows: list[list[Span]] = []
    for link in chosen:
        key = f"{link.source}>{link.target}"
        count = series.rate(f"{'calls' if link.how == 'call' else 'heard'}.{key}", start, end)
        lost = series.within(f"lost.{key}", start, end)
        took = series.quantile(f"took.{key}", start, end, 0.95) if link.how == "call" else None
        on = [fault.id for fault in sight.moment.faults.values() if _strikes(fault.target, link)]
        stroke = (
            sight.signs["fault"]
            if on
            else sight.signs["line"]
            if link.how == "call"
            else sight.signs["event"]
        )
        rows.append([
            (f"{link.source} {stroke}{stroke}{sight.signs['right']} {link.target}", "fault" if on else ""),
            (f"{count:.1f}/s", "" if count else "dim"),
            (duration(took), "dim"),
            (f"{lost} lost" if lost else "", "bad"),
            (" ".join(on), "fault"),
        ])  # fmt: skip
    return columns(rows, [28, 7, 6, 8, max(4, width - 53)], right=(1, 2))


def _strikes(target: str, link: Link) -> bool:
    struck = sides(target)
    if len(struck) > 1:
        ends = {link.source, link.target}
        return all(side in ends or side == "*" for side in struck)
    return target == "*" or struck[0] == link.target


def legend(sight: Sight, width: int) -> Line:
    """Explain the signs."""
    signs = sight.signs
    return clipped(
        line(
            (f" {signs['right']} called by it  {signs['event']} hears it  {signs['left']} calls it  ", "dim"),
            (f"{signs['fault']} fault", "fault"),
        ),
        width,
    )
