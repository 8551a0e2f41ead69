"""The Map screen: services as boxes, the links between them as lines, faults on the lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from msa_lab.telemetry.moment import ActiveFault
from msa_lab.tui.feed.lines import Line, Span, Style, clipped, columns, duration, text_of
from msa_lab.tui.feed.links import Link, faults_on, links
from msa_lab.tui.feed.livepage import health, names_of_services
from msa_lab.tui.feed.maplayout import Box, Plan, columns_of, plan
from msa_lab.tui.feed.routes import Routes
from msa_lab.tui.feed.sight import Sight, hits
from msa_lab.tui.feed.wires import Point, Stroke, Wires

_FLAT, _LOW, _HIGH = 1, 3, 5
_LABELLED = 10
_ROOMY = 60
_RATED = 70
SPAN = 2_000_000
"""Figures on the map are those of so many microseconds before the moment."""
_CALM = ("up", "not yet up")


@dataclass(frozen=True, slots=True)
class Picture:
    """What is looked at: a service, perhaps one of its links; `everything` draws the others' links, too."""

    selected: str
    link: Link | None = None
    everything: bool = False


def layout(sight: Sight, width: int, height: int) -> Plan:
    """Place the boxes in a room of cells."""
    return _placed(tuple(names_of_services(sight)), tuple(links(sight)), width, height)


@lru_cache(maxsize=8)
def _placed(names: tuple[str, ...], found: tuple[Link, ...], width: int, height: int) -> Plan:
    return plan(columns_of(names, found), width, height)


def picture(sight: Sight, width: int, height: int, shown: Picture) -> list[Line]:
    """Draw the map: the selected service's links bold, struck ones double, others thin or not at all."""
    placed = layout(sight, width, height)
    wires = Wires(width, placed.height, unicode=sight.signs.unicode)
    routes = Routes(placed)
    numbers = {fault.id: number for number, fault in enumerate(sight.moment.faults.values(), start=1)}
    bundles: dict[tuple[str, str], str] = {}
    for link in _in_order(sight, shown):
        drawn = _Drawn(sight, link, shown, numbers)
        answers = (link.target, link.source)  # there and back is one way
        bundle = bundles[link.source, link.target] = bundles.get(answers, drawn.bundle)
        _draw(wires, placed, drawn, routes.way(link, bundle))
    for box in placed.boxes.values():
        _box(wires, sight, box, shown, numbers)
    return wires.lines()


def _in_order(sight: Sight, shown: Picture) -> list[Link]:
    """Give the links to draw; the struck and the selected ones first, for they get the straightest ways."""
    found = [
        link
        for link in links(sight)
        if shown.everything or shown.selected in (link.source, link.target) or faults_on(sight, link)
    ]
    return sorted(
        found, key=lambda it: (not faults_on(sight, it), shown.selected not in (it.source, it.target))
    )


class _Drawn:
    """How one link is drawn."""

    def __init__(self, sight: Sight, link: Link, shown: Picture, numbers: Mapping[str, int]) -> None:
        self.sight, self.link = sight, link
        self.faults: Sequence[ActiveFault] = faults_on(sight, link)
        self.near = shown.selected in (link.source, link.target)
        self.chosen = link == shown.link
        self.names = [fault.id for fault in self.faults]
        self.numbers = "".join(str(numbers[name]) for name in self.names)
        out = link.source == shown.selected
        self.bundle = f"{link.how} {('out' if out else 'in') if self.near else f'of {link.source}'}"
        if self.faults:
            self.bundle = f"fault {link.source}"

    @property
    def stroke(self) -> Stroke:
        """The kind of line."""
        if self.faults:
            return "double"
        heard = self.link.how == "event"
        if self.near:
            return "bold-dots" if heard else "bold"
        return "dots" if heard else "thin"

    @property
    def style(self) -> Style:
        """Its colour."""
        if self.faults:
            return "fault"
        return "strong" if self.chosen else "accent" if self.near else "dim"

    @property
    def rank(self) -> int:
        """What it lies over."""
        return 4 * self.chosen + 2 * self.near + bool(self.faults)


def _draw(wires: Wires, placed: Plan, drawn: _Drawn, way: Sequence[Point]) -> None:
    if not way:
        return
    wires.draw(way, drawn.stroke, drawn.style, drawn.rank)
    (before, _), (x, y) = way[-2], way[-1]
    onward = before <= x
    if drawn.rank or drawn.link.how == "call":
        wires.write(x, y, drawn.sight.signs["right" if onward else "left"], drawn.style)
    label = _label(drawn, abs(x - before) - 2, wide=placed.gutter >= _LABELLED)
    if label:
        wires.write(x - len(label) - 1 if onward else x + 2, y, label, drawn.style)


def _label(drawn: _Drawn, room: int, *, wide: bool) -> str:
    """Say on the line which faults act there, by name or number; else how much goes over it."""
    names = " ".join(drawn.names)
    if drawn.faults:
        told = f" {names} "
        return told if len(told) <= room else drawn.numbers[: max(1, room)]
    if not (wide and drawn.near):
        return ""
    start, end = drawn.sight.window(SPAN)
    told = f" {drawn.sight.feed.series.rate(drawn.link.counted, start, end):.1f}/s "
    return told if len(told) <= room else ""


def _box(wires: Wires, sight: Sight, box: Box, shown: Picture, numbers: Mapping[str, int]) -> None:
    """Draw a service: its name, sign and rate, the word for its state where that is not just up."""
    sign, state, word = health(sight, box.name)
    struck = [fault for fault in sight.moment.faults.values() if hits(fault, box.name)]
    here = box.name == shown.selected
    calm = word in _CALM
    edge: Style = "fault" if struck else "accent" if here else "dim" if calm else state
    name: Style = "strong" if here else "fault" if struck else "" if calm else state
    called = f"({box.name})" if box.name in sight.outside else box.name
    if box.height == _FLAT:
        text = _cut(called, box.width - 1, sight)
        wires.write(box.x, box.y, " " * box.width)
        wires.write(box.x, box.y, sight.signs["right"] if here else sign, "accent" if here else state)
        wires.write(box.x + 1, box.y, text, name)
        return
    wires.frame(
        (box.x, box.y), (box.width, box.height), "bold" if here else "double" if struck else "thin", edge
    )
    room = box.width - 2
    pointed = ">" if here and not sight.signs.unicode else " "
    wires.write(box.x + 1, box.middle, f"{pointed}{called}"[:room], name)
    rate = f" {_received(sight, box.name):.1f}/s "
    wires.write(box.x + 2, box.y, rate[: room - 4], "dim")
    wires.write(box.right - 4, box.y, f" {sign} ", state)
    on = ",".join(str(numbers[fault.id]) for fault in struck)
    if box.height > _LOW:
        took = "request.took" if box.name == "gateway" else f"took.{box.name}"
        p95 = sight.feed.series.quantile(took, *sight.window(SPAN), 0.95)
        wires.write(box.x + 1, box.middle + 1, f" p95 {duration(p95)}" if p95 is not None else "", "dim")
    if box.height > _HIGH:
        up, paused, down = sight.moment.health(box.name)
        wires.write(box.x + 1, box.middle + 2, f" {up} of {up + paused + down} up"[:room], "dim")
        failed = _failed(sight, box.name)
        wires.write(box.x + 1, box.middle + 3, f" {failed:.1f}/s failed"[:room] if failed else "", "bad")
    told = " ".join([*([f"{sight.signs['fault']}{on}"] if on else []), *([] if calm else [word])])
    if told:
        cut = _cut(told, room - 2, sight)
        wires.write(box.x + 1, box.y + box.height - 1, f" {cut} ", "fault" if struck else state)


def _failed(sight: Sight, name: str) -> float:
    """Give how many calls to a service bring no answer in a second."""
    return sight.feed.series.rate(f"failed.{name}", *sight.window(SPAN))


def _cut(text: str, room: int, sight: Sight) -> str:
    return text if len(text) <= room else text[: max(0, room - 1)] + sight.signs["dots"]


def _received(sight: Sight, name: str) -> float:
    """Give how many calls and events a service takes in a second."""
    series, (start, end) = sight.feed.series, sight.window(SPAN)
    heard = sum(series.rate(link.counted, start, end) for link in links(sight) if link.target == name
                and link.how == "event")  # fmt: skip
    return heard + series.rate(f"requests.{name}", start, end)


def link_row(sight: Sight, link: Link, width: int) -> Line:
    """Draw a link as a row: who, how much, how long, what is lost, which faults are on it."""
    series = sight.feed.series
    start, end = sight.window(SPAN)
    key = f"{link.source}>{link.target}"
    lost = series.within(f"lost.{key}", start, end)
    took = series.quantile(f"took.{key}", start, end, 0.95) if link.how == "call" else None
    on = [fault.id for fault in faults_on(sight, link)]
    stroke = sight.signs["fault" if on else "line" if link.how == "call" else "event"] * 2
    who: Span = (f"{link.source} {stroke}{sight.signs['right']} {link.target}", "fault" if on else "")
    rate = series.rate(link.counted, start, end)
    much: Span = (f"{rate:.1f}/s", "" if rate else "dim")
    if width < _ROOMY:
        hurt: Span = (f"{sight.signs['bad']}{lost}" if lost else "", "bad")
        return columns([[who, much, hurt]], [max(8, width - 12), 6, 4], right=(1,))[0]
    rest: list[Span] = [
        much, (duration(took), "dim"), (f"{lost} lost" if lost else "", "bad"), (" ".join(on), "fault"),
    ]  # fmt: skip
    return columns([[who, *rest]], [28, 7, 6, 8, max(4, width - 53)], right=(1, 2))[0]


def troubled(sight: Sight, place: Link | str) -> bool:
    """Tell whether a fault acts on a link or a service, a link lost messages, a service is not well."""
    if faults_on(sight, place):
        return True
    if isinstance(place, Link):
        return bool(sight.feed.series.within(f"lost.{place.source}>{place.target}", *sight.window(SPAN)))
    return health(sight, place)[1] in ("bad", "warn")


def neighbour(sight: Sight, name: str, width: int, height: int, step: tuple[int, int]) -> str:
    """Give the service left, right, above or below of another one on the map; itself where there is none."""
    placed = layout(sight, width, height)
    boxes = placed.boxes
    if name not in boxes:
        return next(iter(boxes), name)
    here = boxes[name]
    across, down = step
    if down:
        found = [box for box in boxes.values() if box.column == here.column and (box.y - here.y) * down > 0]
        return min(found, key=lambda box: abs(box.y - here.y)).name if found else name
    found = [box for box in boxes.values() if (box.column - here.column) * across > 0]
    return min(
        found, key=lambda box: (abs(box.column - here.column), abs(box.middle - here.middle)), default=here
    ).name


def at_point(sight: Sight, width: int, height: int, point: Point) -> str:
    """Give the service whose box covers a cell; '' when none does."""
    x, y = point
    for box in layout(sight, width, height).boxes.values():
        if box.x <= x < box.right and box.y <= y < box.y + box.height:
            return box.name
    return ""


def legend(sight: Sight, width: int) -> Line:
    """Explain the lines, and where they are written the rates; name the faults by their numbers."""
    rated = width >= _RATED
    shown = Wires(4, 1, unicode=sight.signs.unicode)
    strokes: tuple[tuple[Stroke, str, Style], ...] = (
        ("bold", "calls + " if rated else "calls  ", "accent"), ("bold-dots", "events  ", "accent"),
        ("double", "fault  ", "fault"),
    )  # fmt: skip
    spans: list[Span] = [(" rates: " if rated else " ", "dim")]
    for row, (stroke, word, style) in enumerate(strokes):
        shown.draw([(0, 0), (3, 0)], stroke, style, row + 1)
        drawn = text_of(shown.lines()[0])[1:3]
        spans += [(drawn, style), (f" {word}", "dim")]
    faults = sight.moment.faults.values()
    if faults:
        told = "  ".join(
            f"{number} {fault.id}: {fault.kind} on {fault.target}"
            for number, fault in enumerate(faults, start=1)
        )
        spans = [*spans[:-1], (" ", ""), (told, "fault")]
    else:
        for name, word in (("up", "up"), ("warn", "degraded"), ("down", "down")):
            spans += [(sight.signs[name], "dim"), (f" {word}  ", "dim")]
    return clipped(tuple(spans), width, sight.signs["dots"])


def as_mermaid(sight: Sight) -> str:
    """Give the map as a Mermaid flowchart: calls drawn through, events dotted, with the messages so far."""
    lines = ["flowchart LR"]
    lines += [f"  {name}" for name in names_of_services(sight)]
    for link in links(sight):
        count = sight.feed.series.within(link.counted, 0, sight.t + 1)
        on = " ".join(fault.id for fault in faults_on(sight, link))
        arrow = "-->" if link.how == "call" else "-.->"
        lines.append(f'  {link.source} {arrow}|"{count}{f" {on}" if on else ""}"| {link.target}')
    return "\n".join([*lines, ""])
