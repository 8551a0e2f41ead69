from __future__ import annotations

from typing import Annotated

from pydantic import Field

from msa_lab.sdk import (
    Cost,
    Fixture,
    Job,
    LogNormal,
    Observable,
    ServiceSpec,
    Uniform,
    Variant,
    ms,
    on,
    seconds,
    serve,
)
from services.inventory import api, handlers
from services.inventory.store import CLAIMS, RECEIPTS, RESERVATIONS, STOCK, Receipt, Reservation, StockItem
from services.order.api import OrderCancelled, OrderConfirmed, OrderReturned
from services.promotion.api import PromotionRedeemed

READ = Cost(cpu=Uniform(ms(0.2), ms(0.4)))
WRITE = Cost(cpu=LogNormal(ms(0.8), 0.3))
HEAR = Cost(cpu=Uniform(ms(0.3), ms(0.7)))


def _order_of(reservation: Reservation) -> str:
    return reservation.order_id


def _sku_of(record: Reservation | Receipt) -> str:
    return record.sku


def _sku(item: StockItem) -> str:
    return item.id


def _held(reservation: Reservation) -> int:
    return reservation.quantity if reservation.state == "HELD" else 0


def _sold(reservation: Reservation) -> int:
    return reservation.quantity if reservation.state == "SOLD" else 0


def _available(item: StockItem) -> int:
    return item.available


def _received(receipt: Receipt) -> int:
    return receipt.quantity


SPEC = ServiceSpec(
    name="inventory",
    purpose="Counts stock and holds it for orders.",
    operations=(
        serve(api.RECEIVE, handlers.receive, WRITE),
        serve(api.AVAILABILITY, handlers.availability, READ),
        serve(api.RESERVE, handlers.reserve, WRITE),
        serve(api.RELEASE, handlers.release, WRITE),
        serve(api.SETTLE, handlers.settle, WRITE),
    ),
    subscriptions=(
        on(OrderConfirmed, handlers.settle_when_confirmed, HEAR),
        on(OrderReturned, handlers.restock_when_returned, HEAR),
    ),
    jobs=(Job("expire", seconds(1), handlers.expire),),
    tables=(STOCK, CLAIMS, RESERVATIONS, RECEIPTS),
    settings=(handlers.HOLD_FOR, handlers.LOW_AT),
    fixtures=(
        Fixture(
            "stock",
            dict[api.Sku, Annotated[int, Field(ge=0, le=handlers.MOST_GIVEN)]],
            handlers.stock_up,
            plenty=handlers.for_everybody,
        ),
    ),
    observables=(
        Observable(
            "inventory.reserved", "order", RESERVATIONS, _order_of, measure=_held,
            purpose="Pieces held for the order.",
        ),
        Observable(
            "inventory.sold", "order", RESERVATIONS, _order_of, measure=_sold,
            purpose="Pieces sold to the order.",
        ),
        Observable(
            "inventory.available", "sku", STOCK, _sku, measure=_available,
            purpose="Pieces that may be sold now.",
        ),
        Observable(
            "inventory.reserved", "sku", RESERVATIONS, _sku_of, measure=_held,
            purpose="Pieces held for orders.",
        ),
        Observable("inventory.sold", "sku", RESERVATIONS, _sku_of, measure=_sold, purpose="Pieces sold."),
        Observable(
            "inventory.received", "sku", RECEIPTS, _sku_of, measure=_received, purpose="Pieces that came in."
        ),
    ),
    publishes=(api.InventoryReserved, api.InventoryRejected, api.InventoryReleased, api.InventoryLow),
    variants=(
        Variant(
            "stock",
            "check-then-act",
            operations=(serve(api.RESERVE, handlers.reserve_unchecked, WRITE),),
        ),
        Variant(
            "checkout",
            "choreographed",
            subscriptions=(
                on(PromotionRedeemed, handlers.reserve_when_redeemed, HEAR),
                on(OrderCancelled, handlers.release_when_cancelled, HEAR),
            ),
        ),
    ),
)  # fmt: skip
