"""Money comes out right whatever fails, and wherever: the services of a checkout, wired without any world.

Every call, commit and delivery is a numbered place where one thing may go wrong. The first test breaks each
place in each way once; the second breaks many places at once. Afterwards the shop is left in peace, and:
an order CONFIRMED has exactly its total captured, once; of any other ended order all that was captured is
refunded; nothing is left held, and no saga open.
"""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msa_lab.sdk import (
    SAGAS,
    Caller,
    CallFailure,
    DomainError,
    Duration,
    Money,
    Operation,
    Orchestrator,
    PortFailure,
    Retry,
    ServiceSpec,
    Transaction,
    ms,
)
from msa_lab.sdk.contract import Reply, Request, Table
from msa_lab.sdk.failures import CommitUnknown, ConnectionLost, StoreUnavailable, Timeout
from msa_lab.sdk.spec import Subscription
from msa_lab.sdk.testing import FakeContext, FakeStore, run
from services.carrier.spec import SPEC as CARRIER
from services.cart.domain import Line
from services.cart.spec import SPEC as CART
from services.cart.store import CARTS, Cart
from services.inventory.handlers import stock_up
from services.inventory.spec import SPEC as INVENTORY
from services.order.api import CANCEL, CHECKOUT, RETURN_ORDER, CancelOrder, Checkout, ReturnOrder
from services.order.spec import SPEC as ORDER
from services.order.store import ORDERS
from services.payment.spec import SPEC as PAYMENT
from services.payment.store import PAYMENTS
from services.promotion.handlers import CouponGiven, give_coupons
from services.promotion.spec import SPEC as PROMOTION
from services.psp.spec import SPEC as PSP
from services.shipping.spec import SPEC as SHIPPING

T = TypeVar("T")

SPECS = (CART, PROMOTION, INVENTORY, SHIPPING, CARRIER, ORDER, PAYMENT, PSP)
CALL = ("request lost", "request late", "reply lost", "jobs meanwhile", "cancelled meanwhile", "refused")
COMMIT = ("store down", "commit unknown", "crash before", "crash after")
DELIVERY = ("twice", "late", "dead letter")
WAYS = {"call": CALL, "commit": COMMIT, "delivery": DELIVERY}
MOST_WAYS = 6
ATTEMPTS = 5
REFUSABLE = (
    "psp.create_intent",
    "cart.freeze",
    "promotion.redeem",
    "inventory.reserve",
    "payment.authorize",
    "shipping.book",
    "payment.capture",
)
"""What may be refused out of the blue, also after an earlier try has succeeded and its reply was lost."""
SHOPPER = Caller("gateway", "usr-1")


class Crash(BaseException):
    """The instance is gone; nothing in it can catch that."""


@dataclass(frozen=True)
class Case:
    """One story: how the shop is built, what the shopper does, which places go wrong in which way."""

    checkout: str = "orchestrated"
    patient: bool = True
    card: str = "tok_ok"
    country: str = "DE"
    sends_back: bool = False
    plan: Mapping[int, int] = field(default_factory=dict)


class World:
    def __init__(self, case: Case) -> None:
        self.case = case
        self.places = 0
        self.hit: list[str] = []
        self.peace = False
        self.late: list[Callable[[], Awaitable[object]]] = []
        self.queue: list[tuple[Node, Any, Subscription, int]] = []
        self.dead = 0
        self.busy = False
        self.nodes = {spec.name: Node(self, spec.under({"checkout": case.checkout})) for spec in SPECS}
        for node in self.nodes.values():
            node.clock = self.nodes["order"].clock

    def fate(self, kind: str) -> str:
        """Tell what goes wrong at the next place; '' when nothing does."""
        place, ways = self.places, WAYS[kind]
        self.places += 1
        way = self.case.plan.get(place)
        if way is None or way >= len(ways) or self.peace:
            return ""
        self.hit.append(f"{place}: {ways[way]}")
        return ways[way]

    def collect(self) -> None:
        """Hand what was published to those who hear it."""
        for node in self.nodes.values():
            events, node.published[:] = list(node.published), []
            for event in events:
                for hearer in self.nodes.values():
                    for subscription in hearer.spec.subscriptions:
                        if subscription.event is type(event):
                            self.queue.append((hearer, event, subscription, 1))

    async def deliver(self) -> None:
        self.collect()
        postponed = []
        while self.queue:
            hearer, event, subscription, attempt = self.queue.pop(0)
            fate = self.fate("delivery")
            if fate == "late":
                postponed.append((hearer, event, subscription, attempt))
                continue
            if fate == "dead letter":
                self.dead += 1
                continue
            try:
                await subscription.handler(hearer, event)
                if fate == "twice":  # it crashed before it could say that it had heard
                    await subscription.handler(hearer, event)
            except (PortFailure, Crash):
                if attempt < ATTEMPTS:
                    self.queue.append((hearer, event, subscription, attempt + 1))
                else:
                    self.dead += 1
            self.collect()
        self.queue = postponed

    async def jobs(self) -> None:
        for node in self.nodes.values():
            for job in node.spec.jobs:
                try:
                    await job.run(node)
                except (PortFailure, Crash):
                    continue

    async def sagas(self) -> None:
        node = self.nodes["order"]
        for saga in node.spec.sagas:
            for state in ("RUNNING", "COMPENSATING"):
                for record in await node.store.find(SAGAS, state=state):
                    driver = Orchestrator(saga, pause, retrying=self.case.patient)
                    try:
                        await driver.drive(node, record.id)
                    except (PortFailure, Crash):
                        node.incarnation += 1

    async def rounds(self, count: int) -> None:
        for _ in range(count):
            await self.sagas()
            await self.deliver()
            await self.jobs()
            await self.nodes["order"].clock.sleep(ms(500))

    async def ask(self, operation: Operation[Request, Reply], request: Request) -> None:
        """Let the shopper ask; a refusal or a failure is for the shopper to read."""
        try:
            await self.nodes[operation.service].serve(operation, request, None, SHOPPER)
        except (DomainError, PortFailure):
            return

    async def cancel(self) -> None:
        for order in self.nodes["order"].store.all(ORDERS):
            await self.ask(CANCEL, CancelOrder(order.id))


class Store(FakeStore):
    """Commits that may fail, or not tell that they succeeded. The last one of a request keeps its reply."""

    def __init__(self, world: World, tables: tuple[Table[Any], ...], published: list[Any]) -> None:
        super().__init__(tables, published)
        self._world = world
        self.replies: dict[str, Any] = {}
        self.key = ""

    async def transact(
        self, work: Callable[[Transaction], Awaitable[T]], *, final: bool = True, attempts: int = 8
    ) -> T:
        fate = self._world.fate("commit")
        if fate == "store down":
            raise StoreUnavailable
        if fate == "crash before":
            raise Crash
        result = await super().transact(work, final=final, attempts=attempts)
        if final and self.key:
            self.replies[self.key] = result
        if fate == "commit unknown":
            raise CommitUnknown
        if fate == "crash after":
            raise Crash
        return result


class Node(FakeContext):
    """One service: serves with idempotency keys, calls others over a wire that may fail."""

    store: Store

    def __init__(self, world: World, spec: ServiceSpec) -> None:
        super().__init__(spec)
        self.world = world
        self.spec = spec
        self.store = Store(world, spec.tables, self.published)

    async def serve(
        self, operation: Operation[Any, Reply], request: object, key: str | None, caller: Caller
    ) -> Reply:
        name = f"{operation.name} {key}"
        if key is not None and name in self.store.replies:
            kept: Reply = self.store.replies[name]
            return kept
        part = next(part for part in self.spec.operations if part.operation is operation)
        context = copy.copy(self)
        context.caller = caller
        context.store = copy.copy(self.store)
        context.store.key = name if key is not None else ""
        try:
            reply: Reply = await part.handler(context, request)
        except Crash:
            self.incarnation += 1
            raise ConnectionLost from None
        except DomainError as refusal:
            if type(refusal) not in operation.errors:
                raise TypeError(f"{operation.name} does not declare {type(refusal).__name__}") from refusal
            raise
        return reply

    async def call(
        self,
        operation: Operation[Request, Reply],
        request: Request,
        *,
        key: str | None = None,
        timeout: Duration | None = None,  # noqa: ARG002, ASYNC109 - the port's own word
        caller: Caller | None = None,  # noqa: ARG002 - only the gateway says
    ) -> Reply:
        tries = 2 if self.world.case.patient and (key or operation.safe) else 1
        while True:
            tries -= 1
            try:
                return await self._try(operation, request, key)
            except CallFailure:
                if not tries:
                    raise

    async def _try(self, operation: Operation[Request, Reply], request: Request, key: str | None) -> Reply:
        callee = self.world.nodes[operation.service]
        caller = Caller(self.service, self.caller.subject)
        fate = self.world.fate("call")
        if fate == "request lost":
            raise Timeout
        if fate == "refused" and operation.name in REFUSABLE:
            raise operation.errors[0]
        if fate == "request late":
            self.world.late.append(lambda: callee.serve(operation, request, key, caller))
            raise Timeout
        if fate == "cancelled meanwhile":
            await self.world.cancel()
        if fate == "jobs meanwhile" and not self.world.busy:
            self.world.busy = True
            await self.world.jobs()
            self.world.busy = False
        reply = await callee.serve(operation, request, key, caller)
        if fate == "reply lost":
            raise Timeout
        return reply


def pause(_retry: Retry, attempt: int) -> Duration:
    return ms(100 * min(attempt, 5))


async def play(case: Case) -> World:
    world = World(case)
    order, cart = world.nodes["order"], world.nodes["cart"]
    world.peace = True
    cart.store.put(CARTS, Cart("usr-1", (Line("TEA", "Tea", 2, Money(1_000)),)))
    await stock_up(world.nodes["inventory"], {"TEA": 10})
    await give_coupons(world.nodes["promotion"], [CouponGiven("SPRING", percent=10)])
    world.places, world.peace = 0, False
    await world.ask(CHECKOUT, Checkout(case.card, case.country, "SPRING"))
    await world.rounds(4)
    if case.sends_back:
        for placed in order.store.all(ORDERS):
            await world.ask(RETURN_ORDER, ReturnOrder(placed.id))
    await world.rounds(4)
    world.peace = True
    await world.rounds(30)
    while world.late:
        try:
            await world.late.pop(0)()
        except (DomainError, PortFailure):
            continue
    await world.rounds(30)
    return world


def observed(world: World, service: str, name: str, order_id: str) -> int:
    node = world.nodes[service]
    total = 0
    for observable in node.spec.observables:
        if (observable.name, observable.entity) == (name, "order"):
            assert observable.measure is not None
            rows = [row for row in node.store.all(observable.table) if observable.key(row) == order_id]
            total += sum(observable.measure(row) for row in rows)
    return total


def verify(world: World) -> None:
    """Hold the books against the orders."""
    orders = world.nodes["order"].store.all(ORDERS)
    for order in orders:
        captured, refunded = (
            observed(world, "psp", f"psp.{what}", order.id) for what in ("captured", "refunded")
        )
        book = (order.state, captured, refunded, observed(world, "psp", "psp.captures", order.id))
        if order.state == "CONFIRMED":
            assert book == ("CONFIRMED", 2_290, 0, 1)
        else:
            assert order.state in ("CANCELLED", "RETURNED")
            assert captured == refunded, book
            assert book[3] <= 1
        assert observed(world, "psp", "psp.holding", order.id) == 0
        if not world.dead:
            confirmed = int(order.state == "CONFIRMED")
            sent = int(order.state != "CANCELLED")
            assert observed(world, "inventory", "inventory.reserved", order.id) == 0
            assert observed(world, "inventory", "inventory.sold", order.id) == 2 * confirmed
            assert observed(world, "promotion", "promotion.redeemed", order.id) == confirmed
            assert observed(world, "shipping", "shipping.active", order.id) == sent
            assert observed(world, "carrier", "carrier.labels", order.id) == sent
    assert all(record.ended for record in world.nodes["order"].store.all(SAGAS))
    states = [payment.state for payment in world.nodes["payment"].store.all(PAYMENTS)]
    assert all(state in ("CAPTURED", "VOIDED", "REFUNDED", "CANCELLED") for state in states), states


STORIES = [
    pytest.param(Case(), id="orchestrated"),
    pytest.param(Case(patient=False), id="orchestrated-impatient"),
    pytest.param(Case(checkout="choreographed"), id="choreographed"),
    pytest.param(Case(checkout="choreographed", patient=False), id="choreographed-impatient"),
]
"""Impatient: no call and no step is tried twice, so every failure turns the checkout round."""


@pytest.mark.parametrize("case", STORIES)
def test_a_checkout_in_peace_is_confirmed_and_paid_once(case: Case) -> None:
    world = run(play(case))

    verify(world)
    assert [order.state for order in world.nodes["order"].store.all(ORDERS)] == ["CONFIRMED"]


@pytest.mark.parametrize("checkout", ["orchestrated", "choreographed"])
@pytest.mark.parametrize(
    ("card", "country", "reason"),
    [("tok_declined", "DE", "card-declined"), ("tok_ok", "XX", "country-not-served")],
)
def test_a_refusal_in_the_middle_cancels_and_gives_all_back(
    checkout: str, card: str, country: str, reason: str
) -> None:
    world = run(play(Case(checkout, card=card, country=country)))

    verify(world)
    assert [(order.state, order.reason) for order in world.nodes["order"].store.all(ORDERS)] == [
        ("CANCELLED", reason)
    ]


@pytest.mark.parametrize("checkout", ["orchestrated", "choreographed"])
def test_what_is_sent_back_is_refunded(checkout: str) -> None:
    world = run(play(Case(checkout, sends_back=True)))

    verify(world)
    assert [order.state for order in world.nodes["order"].store.all(ORDERS)] == ["RETURNED"]


@pytest.mark.parametrize("way", range(MOST_WAYS))
@pytest.mark.parametrize("story", STORIES)
def test_money_is_right_wherever_one_thing_goes_wrong(story: Case, way: int) -> None:
    places = run(play(story)).places
    hits = 0
    for place in range(places):
        world = run(play(Case(story.checkout, story.patient, plan={place: way})))
        hits += len(world.hit)
        try:
            verify(world)
        except AssertionError as error:
            raise AssertionError(f"broken by {world.hit}") from error
    assert hits > 0


CASES = st.builds(
    Case,
    checkout=st.sampled_from(["orchestrated", "choreographed"]),
    patient=st.booleans(),
    card=st.sampled_from(["tok_ok", "tok_ok", "tok_ok", "tok_expired"]),
    country=st.sampled_from(["DE", "DE", "DE", "XX"]),
    sends_back=st.booleans(),
    plan=st.dictionaries(st.integers(0, 120), st.integers(0, MOST_WAYS - 1), max_size=25),
)


@settings(max_examples=150, deadline=None)
@given(CASES)
def test_money_is_right_whatever_goes_wrong(case: Case) -> None:
    verify(run(play(case)))
