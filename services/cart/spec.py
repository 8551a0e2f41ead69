from __future__ import annotations

from msa_lab.sdk import (
    CallPolicy,
    Cost,
    LogNormal,
    Observable,
    Retry,
    ServiceSpec,
    Uniform,
    Variant,
    ms,
    on,
    serve,
)
from services.cart import api, handlers
from services.cart.store import CARTS, FREEZES, Cart, Freeze
from services.order.api import OrderCancelled, OrderConfirmed, OrderPlaced

READ = Cost(cpu=Uniform(ms(0.2), ms(0.5)))
WRITE = Cost(cpu=LogNormal(ms(0.6), 0.3))
HEAR = Cost(cpu=Uniform(ms(0.2), ms(0.6)))


def _user_of(cart: Cart) -> str | None:
    return None if cart.id.startswith("anon-") else cart.id


def _pieces(cart: Cart) -> int:
    return sum(line.quantity for line in cart.lines)


def _order_of(freeze: Freeze) -> str:
    return freeze.id


def _frozen(freeze: Freeze) -> int:
    return int(freeze.state == "FROZEN")


SPEC = ServiceSpec(
    name="cart",
    purpose="Keeps what shoppers mean to buy, and hands it to an order.",
    operations=(
        serve(api.ADD_ITEM, handlers.add_item, WRITE),
        serve(api.REMOVE_ITEM, handlers.remove_item, WRITE),
        serve(api.VIEW, handlers.view, READ),
        serve(api.ADD_ANONYMOUSLY, handlers.add_anonymously, WRITE),
        serve(api.VIEW_ANONYMOUS, handlers.view_anonymous, READ),
        serve(api.MERGE, handlers.merge, WRITE),
        serve(api.FREEZE, handlers.freeze, WRITE),
        serve(api.THAW, handlers.thaw, WRITE),
    ),
    subscriptions=(on(OrderConfirmed, handlers.empty_when_confirmed, HEAR),),
    tables=(CARTS, FREEZES),
    observables=(
        Observable(
            "cart.frozen", "order", FREEZES, _order_of, measure=_frozen,
            purpose="1 while the order holds a cart that is neither bought nor given back.",
        ),
        Observable("cart.pieces", "user", CARTS, _user_of, measure=_pieces, purpose="Pieces in the cart."),
    ),
    publishes=(api.CartFrozen, api.CartRejected, api.CartThawed),
    depends_on={"product": CallPolicy(timeout=ms(500), retry=Retry(attempts=3, base=ms(50), jitter="full"))},
    variants=(
        Variant(
            "checkout",
            "choreographed",
            subscriptions=(
                on(OrderPlaced, handlers.freeze_when_placed, HEAR),
                on(OrderCancelled, handlers.thaw_when_cancelled, HEAR),
            ),
        ),
    ),
)  # fmt: skip
