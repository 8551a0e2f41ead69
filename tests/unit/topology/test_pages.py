from dataclasses import dataclass

from msa_lab.sdk import (
    Context,
    DomainError,
    Operation,
    ServiceSpec,
    Setting,
    Variant,
    event,
    on,
    seconds,
    serve,
)
from msa_lab.topology.pages import patterns_page, shop_page


class Asleep(DomainError):
    """Nobody hears it."""


@dataclass(frozen=True, slots=True)
class Ring:
    house: str
    times: int = 1


@event("bell.rung", key="house")
@dataclass(frozen=True, slots=True)
class BellRung:
    house: str


async def ring(ctx: Context, request: Ring) -> Ring:
    ctx.log("ring")
    return request


async def wake(ctx: Context, rung: BellRung) -> None:
    ctx.log(rung.house)


RING = Operation("bell.ring", "POST", "/rings", Ring, Ring, errors=(Asleep,), access="user", keyed=True)
BELL = ServiceSpec(
    "bell",
    "Rings.",
    operations=(serve(RING, ring),),
    publishes=(BellRung,),
    settings=(Setting("bell.pause", seconds(2), "Between two rings.", "duration"),),
)
SLEEPER = ServiceSpec(
    "sleeper",
    "Sleeps.",
    variants=(Variant("checkout", "choreographed", subscriptions=(on(BellRung, wake),)),),
)


def test_the_shop_page_says_what_a_service_serves_tells_and_can_be_set_to() -> None:
    page = shop_page((BELL, SLEEPER)).splitlines()

    assert "| `bell.ring` | user, keyed | `house`, `times`? | `asleep` |" in page
    assert "| `bell.rung` | bell.events | `house` | `house` | sleeper (choreographed) |" in page
    assert "| `bell.pause` | `2s` | Between two rings |" in page
    assert "With `checkout: choreographed` it also hears `bell.rung`." in page


def test_outside_parties_come_last_under_a_heading_of_their_own() -> None:
    page = shop_page((ServiceSpec("bank", "Lends.", outside=True), SLEEPER))

    assert page.index("## sleeper") < page.index("# Outside parties") < page.index("## bank")


def test_a_switch_is_shown_with_its_default_first() -> None:
    assert "| `balancing` | `round-robin`, `random`, `least-loaded`, `two-choices` |" in patterns_page()
