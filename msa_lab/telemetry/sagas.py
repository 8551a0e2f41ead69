"""What became of each saga: its state and its steps with their times, as a fold over the event log."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from msa_lab.telemetry.events import LogEvent

StepState = Literal["running", "done", "undone"]
KINDS: Final = (
    "saga.started",
    "saga.step",
    "saga.retried",
    "saga.turned",
    "saga.undone",
    "saga.completed",
    "saga.compensated",
)
STATES: Final = ("RUNNING", "COMPENSATING", "COMPLETED", "COMPENSATED")
_STATE_AFTER: Final = {
    "saga.turned": "COMPENSATING",
    "saga.completed": "COMPLETED",
    "saga.compensated": "COMPENSATED",
}


@dataclass(frozen=True, slots=True)
class StepView:
    """One step: when it succeeded, when it was undone (None: not) and how often it was tried again."""

    name: str
    done_at: int | None = None
    undone_at: int | None = None
    retries: int = 0

    @property
    def state(self) -> StepState:
        """Where the step stands."""
        if self.undone_at is not None:
            return "undone"
        return "running" if self.done_at is None else "done"


@dataclass(frozen=True, slots=True)
class SagaView:
    """One saga. `events` are the sequence numbers of its saga events, in order."""

    id: str
    name: str
    started_at: int
    state: str = "RUNNING"
    steps: tuple[StepView, ...] = ()
    failure: str = ""
    turned_at: int | None = None
    ended_at: int | None = None
    events: tuple[int, ...] = ()

    @property
    def took(self) -> int | None:
        """Microseconds from begin to end, None while it is open."""
        return None if self.ended_at is None else self.ended_at - self.started_at

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.ended_at is not None

    @property
    def retries(self) -> int:
        """How often steps were tried again."""
        return sum(step.retries for step in self.steps)


@dataclass(slots=True)
class Sagas:
    """All sagas of a run by id, in the order in which they began."""

    views: MutableMapping[str, SagaView] = field(default_factory=dict)

    def feed(self, event: LogEvent) -> None:
        """Take in the next event of the log."""
        if not event.kind.startswith("saga."):
            return
        known = self.views.get(event.saga)
        if known is None:
            known = SagaView(event.saga, event.detail["name"], event.t)
        self.views[event.saga] = _after(known, event)

    def of(self, name: str) -> tuple[SagaView, ...]:
        """Give the sagas of one definition, in the order in which they began."""
        return tuple(view for view in self.views.values() if view.name == name)

    def tally(self) -> dict[str, int]:
        """Count the sagas started, completed, compensated and open."""
        states = [view.state for view in self.views.values()]
        completed, compensated = states.count("COMPLETED"), states.count("COMPENSATED")
        return {
            "started": len(states),
            "completed": completed,
            "compensated": compensated,
            "open": len(states) - completed - compensated,
        }


def _after(view: SagaView, event: LogEvent) -> SagaView:
    state = _STATE_AFTER.get(event.kind, view.state)
    ended = event.t if event.kind in ("saga.completed", "saga.compensated") else view.ended_at
    turned = event.kind == "saga.turned"
    view = replace(
        view,
        state=state,
        ended_at=ended,
        turned_at=event.t if turned else view.turned_at,
        failure=event.detail.get("failure") or view.failure,
        events=(*view.events, event.seq),
    )
    step = str(event.detail.get("step") or "")
    if not step:
        return view
    return replace(view, steps=_steps(view.steps, step, event))


def _steps(steps: tuple[StepView, ...], name: str, event: LogEvent) -> tuple[StepView, ...]:
    known = next((step for step in steps if step.name == name), None)
    changed = known or StepView(name)
    if event.kind == "saga.step":
        changed = replace(changed, done_at=event.t)
    elif event.kind == "saga.undone":
        changed = replace(changed, undone_at=event.t)
    elif event.kind == "saga.retried":
        changed = replace(changed, retries=changed.retries + 1)
    if known is None:
        return (*steps, changed)
    return tuple(changed if step.name == name else step for step in steps)
