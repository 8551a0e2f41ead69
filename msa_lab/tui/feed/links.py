"""Who speaks to whom in a run, and which faults act on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from msa_lab.telemetry.moment import ActiveFault
from msa_lab.tui.feed.sight import Sight, hits, sides


@dataclass(frozen=True, slots=True)
class Link:
    """Who speaks to whom: by a call, or by an event that is heard."""

    source: str
    target: str
    how: str

    @property
    def counted(self) -> str:
        """The name under which its messages are counted."""
        return f"{'calls' if self.how == 'call' else 'heard'}.{self.source}>{self.target}"

    @property
    def place(self) -> str:
        """How a fault names it."""
        return f"{self.source} -> {self.target}"


def links(sight: Sight) -> list[Link]:
    """Give the links that the run used, calls first; a service does not call itself here.

    Of a shop that was started again: those between services that are there already.
    """
    series = sight.feed.series
    there = frozenset(sight.feed.latest.services.values())
    return [*_made(series.links("calls"), series.links("heard"), there)]


@lru_cache(maxsize=8)
def _made(
    calls: tuple[tuple[str, str], ...], heard: tuple[tuple[str, str], ...], there: frozenset[str]
) -> tuple[Link, ...]:
    found = [*(Link(*ends, "call") for ends in calls), *(Link(*ends, "event") for ends in heard)]
    return tuple(link for link in found if link.source != link.target and {link.source, link.target} <= there)


def strikes(target: str, link: Link) -> bool:
    """Tell whether a fault at a target acts on a link: it names both its sides, or who is called."""
    struck = sides(target)
    if len(struck) > 1:
        ends = {link.source, link.target}
        return all(side in ends or side == "*" for side in struck)
    return target == "*" or struck[0] == link.target


def faults_on(sight: Sight, place: Link | str) -> list[ActiveFault]:
    """Give the faults that act on a link, or on a service and its links."""
    acting = sight.moment.faults.values()
    if isinstance(place, Link):
        return [fault for fault in acting if strikes(fault.target, place)]
    return [fault for fault in acting if hits(fault, place)]
