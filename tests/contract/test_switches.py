"""Every value of every pattern switch makes a difference that can be observed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from msa_lab.sdk import Context, Transaction, ms, seconds
from msa_lab.sdk.discovery import discover
from msa_lab.topology.patterns import PATTERNS, defaults
from tests.builders import (
    COUNTERS,
    DEEDS,
    LOOK,
    SELL,
    SHAKE,
    TAKE,
    Ask,
    Counter,
    Deed,
    Got,
    Sale,
    Sold,
    Stage,
    announcing,
    asking,
)

# Each probe builds the shop with a switch turned to a value and gives what can be seen of it.


def checkout(setting: str) -> object:
    """Who moves a sale: the host's orchestrator, or the events."""
    stage = Stage((setting,))

    async def buy(ctx: Context) -> Got:
        return await ctx.call(SELL, Sale("s"))

    stage.run("bank-1", buy)
    stage.play(seconds(1))
    return stage.count("saga.step"), stage.lines()


def outbox(setting: str) -> object:
    """What becomes of an event whose instance crashes right after the commit."""
    stage = Stage((setting,))
    stage.run("till-1", announcing(Sold("a")))
    stage.kill("till-1")
    stage.play(seconds(1))
    stage.restart("till-1")
    stage.play(seconds(1))
    return stage.lines(), stage.count("event.lost")


def inbox(setting: str) -> object:
    """How often an event is applied that is delivered twice."""
    stage = Stage((setting,), faults=["msg.duplicate till.sold at 0s for 1s"])
    stage.play(ms(1))
    stage.run("till-1", announcing(Sold("a")))
    stage.play(seconds(1))
    return stage.lines()


def idempotency(setting: str) -> object:
    """How often a request is done whose first reply was lost."""
    stage = Stage((setting,), faults=["net.loss till -> shelf direction=reply count=1 at 0s"])
    stage.play(ms(1))
    result = stage.try_("till-1", asking(TAKE, Ask("cup"), key="k"))
    return result, len(stage.deeds("shelf"))


def retry(setting: str) -> object:
    """What becomes of a call whose first request was lost."""
    stage = Stage((setting,), faults=["net.loss till -> shelf direction=request count=1 at 0s"])
    stage.play(ms(1))
    return stage.try_("till-1", asking(LOOK, Ask("cup")))


def breaker(setting: str) -> object:
    """Whether the sixth call to a failing service is still sent."""
    stage = Stage((setting, "patterns.retry=off"))
    for _ in range(5):
        stage.try_("till-1", asking(LOOK, Ask("cup", answer="fail")))
    return stage.try_("till-1", asking(LOOK, Ask("cup"))), stage.count("call.sent")


def bulkhead(setting: str) -> object:
    """How many of three calls at once are sent where two are allowed."""
    stage = Stage((setting, "patterns.retry=off", "resilience.till -> shelf.bulkhead.limit=2"))
    for _ in range(3):
        stage.start("till-1", asking(LOOK, Ask("cup", pause=ms(9))))
    stage.play(seconds(1))
    return stage.count("call.sent"), stage.count("call.failed", reason="BulkheadFull")


def timeout_budget(setting: str) -> object:
    """Whether work is still done for a caller that has given up."""
    stage = Stage((setting, "patterns.retry=off", "services.shelf.concurrency=1"))
    stage.start("till-1", asking(SHAKE, Ask("long", pause=ms(200)), timeout=seconds(1)))
    stage.start("till-1", asking(SHAKE, Ask("short"), timeout=ms(50)))
    stage.play(seconds(1))
    return [deed.piece for deed in stage.deeds("shelf")]


def cache(setting: str) -> object:
    """Whether what was kept is there, and whether counters still count."""
    stage = Stage((setting,))

    async def work(ctx: Context) -> object:
        await ctx.cache.set("a", "1", seconds(9))
        await ctx.cache.increment("n", seconds(9))
        return await ctx.cache.get("a"), await ctx.cache.increment("n", seconds(9))

    return stage.run("shelf-1", work)


def stock(setting: str) -> object:
    """Which of the service's own ways to take a piece is used."""
    stage = Stage((setting,))
    stage.run("till-1", asking(TAKE, Ask("cup"), key="k"))
    return [deed.what for deed in stage.deeds("shelf")]


def isolation(setting: str) -> object:
    """What two writers who read the same number before either wrote make of it."""
    stage = Stage((setting,))

    async def add(ctx: Context) -> None:
        async def work(tx: Transaction) -> None:
            counter = await tx.get(COUNTERS, "a") or Counter("a")
            tx.put(COUNTERS, Counter("a", counter.value + 1))

        await ctx.store.transact(work)

    for _ in range(2):
        stage.start("shelf-1", add)
    stage.play(seconds(1))
    row = stage.shop.deployed["shelf"].database.table(COUNTERS).rows["a"]
    return row.record.value, stage.count("commit.failed", reason="conflict")


def database(setting: str) -> object:
    """When two services' commits of one instant are done, and whom the trouble of one's database hits."""
    stage = Stage((setting,), faults=["db.down shelf at 1s for 1s"])

    async def write(ctx: Context) -> None:
        async def work(tx: Transaction) -> None:
            tx.put(DEEDS, Deed("d", "cup", by=ctx.instance))

        await ctx.store.transact(work)

    commits = [stage.start(name, write) for name in ("till-1", "diary-1", "bank-1")]
    stage.play(seconds(1.1))
    return [commit.at for commit in commits], [
        stage.try_(name, write) for name in ("shelf-1", "till-1", "diary-1", "bank-1")
    ]


def balancing(setting: str) -> object:
    """Which of three replicas answer twelve calls, while the first is busy with a slow one."""
    stage = Stage((setting, "services.shelf.replicas=3"))
    stage.start("till-1", asking(LOOK, Ask("slow", pause=ms(90))))
    answers = [stage.run("till-1", asking(LOOK, Ask("cup"))).by for _ in range(12)]
    return "".join(answer[-1] for answer in answers)


def placement(setting: str) -> object:
    """Who dies with the shelf."""
    modules = "patterns: {placement: modular}\nmodules: {goods: [shelf, diary]}\n"
    stage = Stage(text=modules) if "modular" in setting else Stage((setting,))
    stage.kill("shelf-1")
    return [event.instance for event in stage.events("instance.crashed")]


PROBES: Mapping[str, Callable[[str], object]] = {
    probe.__name__: probe
    for probe in (
        checkout, outbox, inbox, idempotency, retry, breaker, bulkhead, timeout_budget, cache, stock,
        isolation, database, balancing, placement,
    )
}  # fmt: skip

SEEN: Mapping[tuple[str, str], object] = {
    ("checkout", "orchestrated"): (3, []),
    ("checkout", "choreographed"): (0, ["s"]),
    ("outbox", "on"): (["a"], 0),
    ("outbox", "off"): ([], 1),
    ("inbox", "on"): ["a"],
    ("inbox", "off"): ["a", "a"],
    ("idempotency", "on"): ("ok", 1),
    ("idempotency", "off"): ("ok", 2),
    ("retry", "on"): "ok",
    ("retry", "off"): "Timeout",
    ("breaker", "on"): ("BreakerOpen", 4),
    ("breaker", "off"): ("ok", 6),
    ("bulkhead", "on"): (2, 1),
    ("bulkhead", "off"): (3, 0),
    ("timeout_budget", "on"): ["long"],
    ("timeout_budget", "off"): ["long", "short"],
    ("cache", "aside"): ("1", 2),
    ("cache", "none"): (None, 2),
    ("stock", "reserve"): ["take"],
    ("stock", "check-then-act"): ["check, then take"],
    ("isolation", "versioned"): (2, 1),
    ("isolation", "none"): (1, 0),
    ("database", "per-service"): ([1_000, 1_000, 1_000], ["StoreUnavailable", "ok", "ok", "ok"]),
    ("database", "shared"): ([1_000, 2_000, 1_000], [*["StoreUnavailable"] * 3, "ok"]),
    ("balancing", "round-robin"): "231231231231",
    ("balancing", "random"): "323333112313",
    ("balancing", "least-loaded"): "232323232323",
    ("balancing", "two-choices"): "221112121221",
    ("placement", "twelve"): ["shelf-1"],
    ("placement", "modular"): ["diary-1", "shelf-1"],
    ("placement", "monolith"): ["diary-1", "shelf-1", "till-1"],
}
"""What each value makes of its probe; a value without an entry fails the suite."""

VALUES = [(name, value) for name, pattern in PATTERNS.items() for value in pattern.values]


@pytest.mark.parametrize(("name", "value"), VALUES)
def test_each_value_is_honoured(name: str, value: str) -> None:
    assert PROBES[name](f"patterns.{name}={value}") == SEEN[name, value]


@pytest.mark.parametrize("name", PATTERNS)
def test_no_two_values_of_a_switch_look_the_same(name: str) -> None:
    seen = [SEEN[name, value] for value in PATTERNS[name].values]

    assert all(one not in seen[:index] for index, one in enumerate(seen))


@pytest.mark.parametrize("name", PATTERNS)
def test_a_switch_that_is_not_set_has_its_default(name: str) -> None:
    assert PROBES[name]("patterns.checkout=orchestrated") == SEEN[name, defaults()[name]]


@pytest.mark.parametrize("name", ["checkout", "stock"])
def test_the_services_offer_what_their_switches_promise(name: str) -> None:
    """These switches choose among strategies of the services; the host alone cannot honour them."""
    offered = {variant.value for spec in discover() for variant in spec.variants if variant.pattern == name}

    assert offered == set(PATTERNS[name].values) - {defaults()[name]}
