"""What is still under way, folded from the log: deliveries not applied yet, sagas that have not ended."""

from __future__ import annotations

from collections.abc import Sequence

from msa_lab.sdk.spec import ServiceSpec
from msa_lab.telemetry.events import LogEvent

KINDS = (
    "event.recorded", "event.applied", "event.skipped", "event.dead", "event.lost", "saga.started",
    "saga.completed", "saga.compensated",
)  # fmt: skip


class Rest:
    """Tells whether all work has come to rest."""

    def __init__(self, specs: Sequence[ServiceSpec]) -> None:
        self._groups: dict[str, list[str]] = {}
        for spec in specs:
            for part in spec.subscriptions:
                self._groups.setdefault(part.type.name, []).append(spec.name)
        self._deliveries: dict[tuple[str, str], None] = {}
        self._sagas: dict[str, None] = {}

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way."""
        return not self._deliveries and not self._sagas

    def feed(self, event: LogEvent) -> None:
        """Take in the next event."""
        detail = event.detail
        if event.kind == "saga.started":
            self._sagas[event.saga] = None
        elif event.kind.startswith("saga."):
            self._sagas.pop(event.saga, None)
        elif event.kind == "event.recorded":
            for group in self._groups.get(detail["event"], ()):
                self._deliveries[detail["id"], group] = None
        elif "group" in detail:
            self._deliveries.pop((detail["id"], detail["group"]), None)
        else:
            for group in self._groups.get(detail["event"], ()):
                self._deliveries.pop((detail["id"], group), None)
