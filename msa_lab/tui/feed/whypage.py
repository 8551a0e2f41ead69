"""Why a saga came so: first what it broke, then how it came to be, then where to read on."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from msa_lab.telemetry.causes import Chain, describe, explain
from msa_lab.telemetry.tales import tell
from msa_lab.tui.feed.lines import Line, Style, clipped, line
from msa_lab.tui.feed.livepage import when
from msa_lab.tui.feed.sight import Sight


@dataclass(frozen=True, slots=True)
class Broken:
    """An expectation that a saga broke: its name, what was observed, and at which event."""

    name: str
    observed: str
    seq: int


def why(sight: Sight, saga: str, seq: int | None, width: int) -> list[Line]:
    """Tell why: of one event along its causes, or without one the saga's story."""
    broken = [it for it in broken_by(sight, saga) if seq in (None, it.seq)]
    chain = explain(seq, sight.feed.find, sight.feed.faults) if seq is not None else None
    if seq is None:
        asked, nothing = f"{saga}?", "nothing happened to it yet"
    else:
        event = sight.feed.find(seq)
        asked = f"event {seq}?{'' if broken or event is None else f'  {describe(event)}'}"
        nothing = "nothing led to it"
    if chain is None or (broken and not chain.fault):  # what is judged at the end came of all that followed
        chain = tell(sight.feed.saga_events(saga, sight.at), sight.feed.faults)
    lines = [clipped(line((f"why {asked}", "strong")), width, sight.signs["dots"])]
    for it in broken:
        lines += _verdict(it, sight, width)
    lines += story(chain, sight, width) if chain.links else [line((nothing, "dim"))]
    for it in broken:
        lines += _further(it, sight, width)
    if seq is None and not (broken or chain.fault):
        lines.append(line(("no fault touched it, it broke nothing", "good")))
    return lines


def broken_by(sight: Sight, saga: str) -> list[Broken]:
    """Give what a saga broke so far, and after the run's end what was judged only then."""
    found = [
        Broken(str(event.detail["expectation"]), str(event.detail["observed"]), event.seq)
        for event in sight.feed.saga_events(saga, sight.at)
        if event.kind == "expectation.violated"
    ]
    for finding, violation in sight.settled(saga):
        since = f"at the end; not held {when(finding, violation['t'])}"
        observed = f"{violation.get('observed', '')} {since}"
        found.append(Broken(str(finding["id"]), observed, int(violation.get("event") or 0)))
    return found


def _verdict(broken: Broken, sight: Sight, width: int) -> list[Line]:
    """Tell what was broken, and the scenario's sentence why it breaks."""
    lines = _wrapped(f"{sight.signs['bad']} {broken.name}: {broken.observed}", "bad", width)
    reason = (sight.finding(broken.name) or {}).get("reason")
    return [*lines, *_wrapped(f"  why: {reason}", "", width)] if reason else lines


def _further(broken: Broken, sight: Sight, width: int) -> list[Line]:
    """Tell what was wanted, where that is written and where to read more."""
    finding = sight.finding(broken.name)
    if finding is None:
        return []
    lines = _wrapped(f"{broken.name}: wanted {finding['limit']}", "", width)
    places = (finding.get("doc"), f"{finding['file']}:{finding['line']}")
    return lines + [row for place in places if place for row in _wrapped(f"  {place}", "dim", width)]


def _wrapped(text: str, style: Style, width: int) -> list[Line]:
    parts = textwrap.wrap(text, max(20, width), subsequent_indent="    ")
    return [((part, style),) for part in parts]


def story(chain: Chain, sight: Sight, width: int) -> list[Line]:
    """Tell a chain of causes, a little further in with each link."""
    lines: list[Line] = []
    for depth, link in enumerate(chain.links):
        event = link.event
        hurt = event.kind.startswith("fault.") or bool(event.detail.get("fault"))
        style: Style = "bad" if event.kind == "expectation.violated" else "fault" if hurt else ""
        arrow = f"{' ' * min(depth, 6)}{sight.signs['under']} " if depth else ""
        begin = f"{event.t / 1e6:>7.3f} {arrow}"
        wrapped = textwrap.wrap(
            link.text, max(24, width), initial_indent=begin, subsequent_indent=" " * len(begin),
            break_on_hyphens=False,
        )  # fmt: skip
        lines += [((part, style),) for part in wrapped]
    return lines
