from dataclasses import dataclass

import pytest

from msa_lab.scenario.pages import events_page, metrics_page
from msa_lab.scenario.vocabulary import Vocabulary, vocabulary
from msa_lab.sdk import Context, Operation, ServiceSpec, event, on, serve
from msa_lab.telemetry.events import KINDS


@dataclass(frozen=True, slots=True)
class Ring:
    house: str


@event("bell.rung", key="house")
@dataclass(frozen=True, slots=True)
class BellRung:
    house: str


async def ring(ctx: Context, request: Ring) -> Ring:
    ctx.log("ring")
    return request


async def wake(ctx: Context, rung: BellRung) -> None:
    ctx.log(rung.house)


@pytest.fixture
def words() -> Vocabulary:
    rings = Operation("bell.ring", "POST", "/rings", Ring, Ring, access="public")
    return vocabulary(
        (
            ServiceSpec("bell", "Rings.", operations=(serve(rings, ring),), publishes=(BellRung,)),
            ServiceSpec("sleeper", "Sleeps.", subscriptions=(on(BellRung, wake),)),
        )
    )


def test_a_metric_kept_for_every_operation_is_told_once(words: Vocabulary) -> None:
    page = metrics_page(words).splitlines()

    assert "| `request.OPERATION.duration` | trend of durations | requests for OPERATION of shoppers, until the answer |" in page  # fmt: skip # noqa: E501
    assert (
        "| `event.SERVICE.lag` | trend of durations | from fact to effect, for what SERVICE hears |" in page
    )
    assert not [line for line in page if "bell.ring" in line]


def test_every_metric_is_on_the_page(words: Vocabulary) -> None:
    page = metrics_page(words)
    told = [
        name.replace("bell.ring", "OPERATION").replace("event.sleeper.lag", "event.SERVICE.lag")
        for name in words.metrics
    ]

    assert [name for name in told if f"| `{name}` |" not in page] == []


def test_the_events_have_their_importance_and_the_words_of_their_detail() -> None:
    page = events_page()

    assert "| `fault.hit` | normal | a fault touched something | `fault`, `what` |" in page
    assert [kind for kind in KINDS if f"| `{kind}` |" not in page] == []
