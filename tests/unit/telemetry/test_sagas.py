from __future__ import annotations

from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.sagas import Sagas, StepView


def test_a_saga_is_followed_from_begin_to_end() -> None:
    written: list[tuple[str, int, dict[str, object]]] = [
        ("started", 0, {"step": "reserve"}),
        ("step", 10, {"step": "reserve"}),
        ("retried", 20, {"step": "pay", "attempt": 1}),
        ("turned", 30, {"step": "pay", "failure": "card-declined"}),
        ("undone", 40, {"step": "pay"}),
        ("undone", 50, {"step": "reserve"}),
        ("compensated", 50, {"took": 50, "failure": "card-declined"}),
    ]
    sagas = Sagas()

    for seq, (kind, t, detail) in enumerate(written, 1):
        sagas.feed(
            LogEvent(seq=seq, t=t, kind=f"saga.{kind}", saga="s-1", detail={"name": "checkout", **detail})
        )

    (view,) = sagas.of("checkout")
    assert (view.state, view.failure, view.took, view.turned_at) == ("COMPENSATED", "card-declined", 50, 30)
    assert view.steps == (
        StepView("reserve", done_at=10, undone_at=50),
        StepView("pay", undone_at=40, retries=1),
    )
    assert [step.state for step in view.steps] == ["undone", "undone"]
    assert view.events == (1, 2, 3, 4, 5, 6, 7)
    assert sagas.tally() == {"started": 1, "completed": 0, "compensated": 1, "open": 0}


def test_an_open_saga_has_taken_no_time_yet() -> None:
    sagas = Sagas()

    sagas.feed(
        LogEvent(seq=1, t=5, kind="saga.started", saga="s-1", detail={"name": "checkout", "step": "pay"})
    )
    sagas.feed(LogEvent(seq=2, t=6, kind="commit", saga="s-1"))

    (view,) = sagas.of("checkout")
    assert (view.ended, view.took, view.state, view.steps[0].state) == (False, None, "RUNNING", "running")
