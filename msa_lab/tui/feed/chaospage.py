"""What the chaos palette offers, what a fault would touch, and what it takes to heal all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from msa_lab.telemetry.series import service_of
from msa_lab.tui.feed.lines import Line, clipped, line
from msa_lab.tui.feed.links import links
from msa_lab.tui.feed.sight import Sight, hits, sides

if TYPE_CHECKING:
    from msa_lab.chaos import FaultKind, FaultSpec, Names

_LEAST: Final = 1_000
_RECENT: Final = 2_000_000
_PARAMETER: Final = re.compile(r"(?:[^\s()=]+=(?:[^\s()]|\([^()]*\))+)")
_LASTS: Final = re.compile(r" for (\S+)")
_STEP: Final = 1_000
_STATES: Final = ("up", "paused", "down")
_LATELY: Final = 4_000
"""Among how many events a call that is under way is looked for."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A fault that could be put in: its kind, at what, and the line that says so."""

    kind: FaultKind
    target: str
    text: str

    @property
    def name(self) -> str:
        """The kind's name."""
        return self.kind.name

    @property
    def title(self) -> str:
        """What the kind does."""
        return self.kind.title


def offers(sight: Sight, names: Names, wanted: str, at: int | None) -> list[Offer]:
    """Offer what fits all the words wanted, in its name, title or target; without any, each kind once.

    `at` is the instant from which they are to act, None: at once.
    """
    from msa_lab.chaos import CATALOGUE  # noqa: PLC0415 - heavy, and only when it is asked for

    words = wanted.lower().split()
    made: list[Offer] = []
    for kind in CATALOGUE.values():
        found = (_offer(kind, target, names, at) for target in targets(kind, sight, names))
        fitting = [it for it in found if it is not None and all(word in _haystack(it) for word in words)]
        made += fitting if words else fitting[:1]
    return made


def _haystack(offer: Offer) -> str:
    return f"{offer.kind.name} {offer.kind.title} {offer.target}".lower()


def targets(kind: FaultKind, sight: Sight, names: Names) -> Iterator[str]:
    """Give the targets that make sense for a kind in this run: of what the run has used, the widest first."""
    if kind.outside:
        yield from names.outside
    elif "link" in kind.forms:
        yield from (f"{source} -> {target}" for source, target in _busy_links(sight))
    elif "instance" in kind.forms:
        yield from (f"{name}-1" for name in _busy(sight, names))
    elif "service" in kind.forms:
        yield from _busy(sight, names)
    elif "topic" in kind.forms:
        yield from names.topics
    elif "event" in kind.forms:
        yield from names.events
    elif "broker" in kind.forms:
        yield "broker"
    else:
        yield "*"


def _busy_links(sight: Sight) -> list[tuple[str, str]]:
    """Give the links that calls went over, those between services first and the busiest of them first."""
    series, end = sight.feed.series, sight.end
    used = [(link.source, link.target) for link in links(sight) if link.how == "call"]
    return sorted(used, key=lambda it: (it[0] == "gateway", -series.within(f"calls.{it[0]}>{it[1]}", 0, end)))


def _busy(sight: Sight, names: Names) -> list[str]:
    """Give the shop's services, the busiest first, the gateway last."""
    series, end = sight.feed.series, sight.end
    return sorted(
        names.services, key=lambda name: (name == "gateway", -series.within(f"requests.{name}", 0, end))
    )


def _offer(kind: FaultKind, target: str, names: Names, at: int | None) -> Offer | None:
    refusals = names.refusals.get(target, ())
    example = kind.example.replace("{refusal}", refusals[0] if refusals else "")
    parts = _PARAMETER.findall(example)
    lasts = _LASTS.search(example)
    text = " ".join([
        kind.name, target, *parts, *([] if at is None else [f"at {when(at)}"]),
        *([f"for {lasts[1]}"] if lasts else []),
    ])  # fmt: skip
    return Offer(kind, target, text) if fault_of(text, names) is not None else None


def when(at: int) -> str:
    """Write an instant for a fault's `at`, to the millisecond and never before it."""
    from msa_lab.sdk.values import Duration  # noqa: PLC0415 - heavy, and only when it is asked for
    from msa_lab.source import format_duration  # noqa: PLC0415 - as above

    return format_duration(Duration(-(-at // _STEP) * _STEP))


def fault_of(text: str, names: Names) -> FaultSpec | None:
    """Read a fault's line; None when it is wrong."""
    from msa_lab.chaos import parse_fault_text  # noqa: PLC0415 - heavy, and only when it is asked for
    from msa_lab.source import InvalidFile  # noqa: PLC0415 - as above

    try:
        return parse_fault_text(text, names)
    except InvalidFile:
        return None


def title_of(fault: FaultSpec) -> str:
    """Say what a fault's kind does."""
    from msa_lab.chaos import CATALOGUE  # noqa: PLC0415 - heavy, and only when it is asked for

    return CATALOGUE[fault.kind].title


def mistake_of(text: str, names: Names) -> str:
    """Say what is wrong with a fault's line; '' when nothing is."""
    from msa_lab.chaos import parse_fault_text  # noqa: PLC0415 - heavy, and only when it is asked for
    from msa_lab.source import InvalidFile  # noqa: PLC0415 - as above

    try:
        parse_fault_text(text, names)
    except InvalidFile as invalid:
        first = invalid.mistakes[0]
        hint = f"; did you mean {first.suggestion}?" if first.suggestion else ""
        return f"{first.message}{hint}"
    return ""


def radius(sight: Sight, names: Names, fault: FaultSpec, width: int, *, at_once: bool = False) -> list[Line]:
    """Tell what a fault would touch: services, links with their traffic, operations, sagas in progress.

    What acts `at_once` finds instances as they are now, and calls under way.
    """
    target = str(fault.target)
    everything = target == "*"
    hurt = [name for name in (*names.services, *names.outside) if hits(target, name)]
    if everything:
        hurt = list(names.services)
    start, end = sight.window(_RECENT)
    series = sight.feed.series
    near = [link for link in links(sight) if _meets(link.source, link.target, target, everything=everything)]
    traffic = sum(
        series.rate(f"{'calls' if it.how == 'call' else 'heard'}.{it.source}>{it.target}", start, end)
        for it in near
    )
    from msa_lab.source import format_duration  # noqa: PLC0415 - heavy, and only when it is asked for

    lasting = "" if fault.duration is None else f" for {format_duration(fault.duration)}"
    operations = [name for name, owner in names.operations.items() if owner in hurt]
    open_sagas = [view.id for view in sight.moment.sagas.views.values() if not view.ended]
    served = _some(hurt) if hurt else f"who uses {target}"
    flying = ""
    if at_once:
        states = [sight.moment.health(name) for name in hurt]
        counts = [sum(state[place] for state in states) for place in range(3)]
        told = [f", {count} {word}" for count, word in zip(counts, _STATES, strict=True) if count]
        served += "".join(told)
        ways = {(it.source, it.target) for it in near}
        flying = f", {sum(1 for way in under_way(sight) if way in ways)} calls under way"
    chance = "" if fault.probability >= 1 else f", {fault.probability:.0%} of them"
    rows = (
        ("services", served),
        ("links", f"{len(near)} in use, {traffic:.1f} messages/s{chance}{flying}"),
        ("operations", f"{len(operations)}: {_some(operations)}" if operations else "none of its own"),
        ("sagas", f"{len(open_sagas)} in progress now: {_some(open_sagas)}" if open_sagas else "none now"),
        ("lasts", (lasting.strip() or "until its strikes are used up") + ", then heals by itself"),
    )
    return [clipped(line((f"{word:<11}", "dim"), told), width, sight.signs["dots"]) for word, told in rows]


def under_way(sight: Sight) -> list[tuple[str, str]]:
    """Give the links of the calls that have been sent lately and have not come to an end."""
    log, found = sight.feed.log, dict[object, tuple[str, str]]()
    codes = {log.code(kind) for kind in ("call.sent", "call.returned", "call.failed")}
    for event in log.events(max(0, sight.at - _LATELY), sight.at, codes):
        if event.kind == "call.sent":
            found[event.detail["call"]] = event.service, service_of(str(event.detail["callee"]))
        else:
            found.pop(event.detail.get("call"), None)
    return [*found.values()]


def _some(names: Sequence[str], most: int = 6) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _meets(source: str, target: str, struck: str, *, everything: bool) -> bool:
    if everything:
        return True
    parts = sides(struck)
    ends = (source, target)
    if len(parts) > 1:
        return all(part in ends or part == "*" for part in parts)
    return parts[0] in ends


@dataclass(frozen=True, slots=True)
class Change:
    """Faults to add, as lines, and ids of planned ones to leave out."""

    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


def healing(
    sight: Sight, faults: Mapping[str, str], names: Names, only: Iterable[str] | None = None
) -> Change:
    """Give what it takes that no fault acts after now: those that act end here, the others never begin.

    With `only` just these end, and nothing that is planned is left out.
    """
    from msa_lab.chaos import parse_fault_text, write_fault  # noqa: PLC0415 - heavy, and only when it is asked for
    from msa_lab.sdk.values import Duration  # noqa: PLC0415 - as above

    acting = sight.moment.faults
    meant = None if only is None else frozenset(only)
    add: list[str] = []
    drop: list[str] = []
    for name, text in faults.items():
        if name in acting and (meant is None or name in meant):
            drop.append(name)
            spec = parse_fault_text(text, names)
            left = max(_LEAST, -(-(sight.t - acting[name].since) // _STEP) * _STEP)
            add.append(write_fault(replace(spec, duration=Duration(left))))
        elif meant is None and name not in acting and name not in sight.moment.healed:
            drop.append(name)
    return Change(tuple(add), tuple(drop))
