"""What a page looks at: a feed, a position in it, and the run's result."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final

from msa_lab.telemetry.moment import ActiveFault, Moment
from msa_lab.telemetry.series import service_of
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.feed.lines import Signs

_OUTSIDE: Final = ("carrier", "psp")


@dataclass(frozen=True, slots=True)
class Sight:
    """A position of the feed: `at` events seen, `t` microseconds since the start.

    `summary` is the run's run.json.
    """

    feed: Feed
    at: int
    t: int
    signs: Signs = field(default_factory=Signs)
    summary: Mapping[str, Any] = field(default_factory=dict)
    _found: dict[str, dict[str, None]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def moment(self) -> Moment:
        """The shop at this position."""
        return self.feed.moment(self.at)

    @property
    def start(self) -> int:
        """When what can be seen begins: 0, but in the log of a shop that has long been running."""
        return self.feed.start

    @property
    def end(self) -> int:
        """When the run ends in microseconds, as far as is known; at least 1 after its start."""
        planned = round(float(self.summary.get("duration_sim") or 0) * 1_000_000)
        seen = self.feed.log.time(len(self.feed.log) - 1) if len(self.feed.log) else 0
        return max(self.start + 1, planned, seen)

    @property
    def outside(self) -> AbstractSet[str]:
        """The parties outside the shop; of a run that does not name them, those of the lab's own shop."""
        return frozenset(self.summary.get("outside", _OUTSIDE))

    @property
    def whole(self) -> bool:
        """Whether the run is over and figures speak of all of it."""
        return self.at >= len(self.feed.log) and self.feed.latest.ended

    @property
    def broken(self) -> int:
        """Count the expectations that are broken: so far, or at the end by the run's verdict."""
        findings = self.summary.get("expectations") or []
        judged = sum(1 for it in findings if it["verdict"] == "BROKEN" and it.get("severity") != "warn")
        return max(len(self.moment.violated), judged) if self.whole else len(self.moment.violated)

    @property
    def _judged(self) -> Mapping[str, dict[str, None]]:
        """Name by saga what it broke by the run's verdict, which is known after the end; looked up once."""
        if not self._found and self.whole:
            for finding in self.summary.get("expectations") or []:
                for violation in finding.get("violations") or ():
                    self._found.setdefault(str(violation.get("saga", "")), {})[str(finding["id"])] = None
        return self._found

    @property
    def culprits(self) -> AbstractSet[str]:
        """The sagas that broke something: so far, and after the run's end by the verdict, too."""
        return (self.moment.broken.keys() | self._judged.keys()) - {""}

    @property
    def all_named(self) -> bool:
        """Whether no expectation was broken by more sagas than the log and the verdict name."""
        named = ((it, it.get("violations") or ()) for it in self.summary.get("expectations") or [])
        return not any(
            int(finding.get("broken") or 0) > len(violations) and any(it.get("saga") for it in violations)
            for finding, violations in named
        )

    def broke(self, saga: str) -> tuple[str, ...]:
        """Name the expectations that a saga broke: so far, and after the run's end those judged only then."""
        return tuple(dict.fromkeys(self.moment.broken.get(saga, ())) | self._judged.get(saga, {}))

    def finding(self, name: str) -> Mapping[str, Any] | None:
        """Give what the run says of an expectation."""
        return next((it for it in self.summary.get("expectations") or [] if it["id"] == name), None)

    def settled(self, saga: str) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Give what a saga broke by the verdict alone: findings with its violation; none before the end."""
        names = [name for name in self._judged.get(saga, ()) if name not in self.moment.broken.get(saga, ())]
        found = [finding for name in names if (finding := self.finding(name)) is not None]
        return [
            (finding, violation)
            for finding in found
            for violation in finding["violations"]
            if violation.get("saga") == saga
        ]

    def window(self, span: int = 1_000_000) -> tuple[int, int]:
        """Give the last whole slices before now, their start and end; after the run's end all of them."""
        if self.whole:
            return self.start, self.end + self.feed.series.width
        width = self.feed.series.width
        end = self.t - (self.t - self.start) % width
        return max(self.start, end - max(span, width)), end


def hits(fault: ActiveFault | str, service: str) -> bool:
    """Tell whether a fault's target speaks of a service: itself, an instance, an operation or a link."""
    target = fault if isinstance(fault, str) else fault.target
    return target == "*" or service in sides(target)


def sides(target: str) -> tuple[str, ...]:
    """Name the services of a fault's target; a link has two sides."""
    return tuple(service_of(part.partition(".")[0]) for part in re.split(r"\s*->\s*", target))
