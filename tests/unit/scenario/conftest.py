"""A tiny shop of two services, and a log that is written by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from msa_lab.scenario.model import Expectation, ExpectationKind
from msa_lab.scenario.vocabulary import Vocabulary, vocabulary
from msa_lab.sdk import (
    Context,
    DomainError,
    Fixture,
    Observable,
    Operation,
    Saga,
    ServiceSpec,
    Setting,
    Step,
    Table,
    event,
    on,
    seconds,
    serve,
)
from msa_lab.sdk.memory import Change
from msa_lab.source import Place
from msa_lab.telemetry.events import LogEvent


class NoStock(DomainError):
    """There is nothing left."""


@dataclass(frozen=True, slots=True)
class Order:
    id: str
    state: str
    due: int = 0


@dataclass(frozen=True, slots=True)
class Payment:
    id: str
    order_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class Stock:
    id: str
    available: int
    received: int


@event("order.placed", key="order_id")
@dataclass(frozen=True, slots=True)
class OrderPlaced:
    order_id: str


@event("payment.captured", key="order_id")
@dataclass(frozen=True, slots=True)
class PaymentCaptured:
    order_id: str


@event("shop.opened", key="shop_id")
@dataclass(frozen=True, slots=True)
class ShopOpened:
    shop_id: str


@dataclass(frozen=True, slots=True)
class Login:
    email: str


@dataclass(frozen=True, slots=True)
class LoggedIn:
    token: str


@dataclass(frozen=True, slots=True)
class Buy:
    sku: str
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Bought:
    order_id: str


ORDERS: Table[Order] = Table("orders", Order)
PAYMENTS: Table[Payment] = Table("payments", Payment)
STOCK: Table[Stock] = Table("stock", Stock)


async def _login(ctx: Context, request: Login) -> LoggedIn:  # noqa: ARG001 - never called
    return LoggedIn(request.email)


async def _buy(ctx: Context, request: Buy) -> Bought:  # noqa: ARG001 - never called
    return Bought(request.sku)


async def _hear(ctx: Context, fact: OrderPlaced) -> None:
    """Do nothing."""


async def _give(ctx: Context, value: dict[str, int]) -> None:
    """Do nothing."""


async def _pass(ctx: Context, data: int) -> int:  # noqa: ARG001 - never called
    return data


def _shop() -> tuple[ServiceSpec, ...]:
    checkout = Saga("checkout", (Step("reserve", _pass), Step("pay", _pass)), pivot="pay")
    order = ServiceSpec(
        "order",
        "orders",
        operations=(
            serve(Operation("order.login", "POST", "/login", Login, LoggedIn, access="public"), _login),
            serve(
                Operation("order.buy", "POST", "/buy", Buy, Bought, errors=(NoStock,), access="user"), _buy
            ),
            serve(Operation("order.settle", "POST", "/settle", Buy, Bought), _buy),
        ),
        tables=(ORDERS, STOCK),
        settings=(Setting("order.patience", seconds(2), "how long to wait", unit="duration"),),
        fixtures=(Fixture("stock", dict[str, int], _give),),
        observables=(
            Observable(
                "order.state", "order", ORDERS, lambda order: order.id, attribute=lambda order: order.state
            ),
            Observable("order.due", "order", ORDERS, lambda order: order.id, measure=lambda order: order.due),
            Observable(
                "stock.available", "sku", STOCK, lambda item: item.id, measure=lambda item: item.available
            ),
            Observable(
                "stock.received", "sku", STOCK, lambda item: item.id, measure=lambda item: item.received
            ),
        ),
        sagas=(checkout,),
        publishes=(OrderPlaced, ShopOpened),
    )
    payment = ServiceSpec(
        "payment",
        "money",
        subscriptions=(on(OrderPlaced, _hear),),
        tables=(PAYMENTS,),
        observables=(
            Observable(
                "payment.captured",
                "order",
                PAYMENTS,
                lambda payment: payment.order_id,
                measure=lambda payment: payment.amount,
            ),
            Observable(
                "payment.state", "order", PAYMENTS, lambda payment: payment.order_id, attribute=lambda _: "OK"
            ),
        ),
        publishes=(PaymentCaptured,),
    )
    return (order, payment)


@pytest.fixture
def specs() -> tuple[ServiceSpec, ...]:
    return _shop()


@pytest.fixture
def words(specs: tuple[ServiceSpec, ...]) -> Vocabulary:
    return vocabulary(specs, {})


@dataclass
class Log:
    """Writes log events; each method gives the next one."""

    seq: int = 0
    orders: dict[str, Order] = field(default_factory=dict)
    items: dict[str, Stock] = field(default_factory=dict)

    def event(self, kind: str, t: int = 0, *, service: str = "", saga: str = "", **detail: Any) -> LogEvent:  # noqa: ANN401 - any detail
        self.seq += 1
        return LogEvent(seq=self.seq, t=t, kind=kind, service=service, saga=saga, detail=detail)

    def order(self, key: str, state: str, due: int = 0, t: int = 0) -> LogEvent:
        before, after = self.orders.get(key), Order(key, state, due)
        self.orders[key] = after
        return self.event("commit", t, service="order", changes=[Change(ORDERS, key, before, after)])

    def stock(self, key: str, available: int, received: int, t: int = 0) -> LogEvent:
        before, after = self.items.get(key), Stock(key, available, received)
        self.items[key] = after
        return self.event("commit", t, service="order", changes=[Change(STOCK, key, before, after)])

    def paid(self, order: str, amount: int, t: int = 0) -> LogEvent:
        payment = Payment(f"pay-{self.seq}", order, amount)
        change = Change(PAYMENTS, payment.id, None, payment)
        return self.event("commit", t, service="payment", changes=[change])

    def captured(self, order: str, t: int = 0) -> LogEvent:
        return self.event(
            "event.recorded", t, saga=order, event="payment.captured", id=f"c-{self.seq}", key=order,
            data=PaymentCaptured(order),
        )  # fmt: skip

    def placed(self, order: str, t: int = 0) -> LogEvent:
        return self.event(
            "event.recorded",
            t,
            saga=order,
            event="order.placed",
            id=f"p-{order}",
            key=order,
            data=OrderPlaced(order),
        )

    def saga(self, what: str, key: str, t: int = 0, **detail: str) -> LogEvent:
        return self.event(f"saga.{what}", t, saga=key, name="checkout", **detail)

    def applied(self, order: str, t: int = 0) -> LogEvent:
        return self.event("event.applied", t, event="order.placed", id=f"p-{order}", group="payment")


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def expect() -> Callable[..., Expectation]:
    """Make an expectation: `expect("always", "1 == 1", each="order")`."""

    def make(kind: ExpectationKind, text: str, **rest: Any) -> Expectation:  # noqa: ANN401 - any field
        return Expectation(rest.pop("id", "it"), kind, text, Place("file.yaml", 7, 3), **rest)

    return make
