import pytest

from msa_lab.sdk import Instant, Money, minutes, seconds
from msa_lab.sdk.failures import StoreUnavailable
from msa_lab.sdk.testing import FakeContext, run
from services.notification import handlers
from services.notification.api import (
    Inbox,
    Preference,
    SetPreferences,
    ShowInbox,
    ShowPreferences,
    UnknownAddress,
)
from services.notification.spec import SPEC
from services.notification.store import SENT
from services.order.api import OrderCancelled, OrderConfirmed, OrderLine, OrderSnapshot
from services.shipping.api import ShippingDelivered, ShippingDispatched
from services.user.api import UserProfileUpdated, UserRegistered

ORDER = OrderSnapshot(
    "ord-1", "alice", (OrderLine("KETTLE", "Steel kettle", 2, Money(1000)),), None, "tok_ok", "BE",
    subtotal=Money(2000), discount=Money(500), shipping_fee=Money(495),
)  # fmt: skip


def shop() -> FakeContext:
    ctx = FakeContext(SPEC, subject="alice")
    run(handlers.know_user(ctx, UserRegistered("alice", "alice@example.org", "Alice")))
    run(handlers.send_queued(ctx))
    return ctx


def inbox(ctx: FakeContext) -> Inbox:
    return run(handlers.inbox(ctx, ShowInbox()))


def prefer(ctx: FakeContext, *preferences: Preference) -> None:
    run(handlers.set_preferences(ctx, SetPreferences(preferences)))


def states(ctx: FakeContext) -> dict[str, str]:
    return {message.id: message.state for message in ctx.store.all(SENT)}


def test_a_new_user_is_welcomed() -> None:
    (message,) = inbox(shop()).items
    assert (message.subject, message.channel) == ("Welcome to the shop", "email")
    assert message.body == "Hello Alice,\n\nyour account alice@example.org is ready."


def test_the_story_of_an_order_is_told_newest_first() -> None:
    ctx = shop()
    run(handlers.tell_confirmed(ctx, OrderConfirmed(ORDER)))
    run(handlers.send_queued(ctx))
    run(handlers.tell_dispatched(ctx, ShippingDispatched("ord-1", "alice", "TRACK-1")))
    run(handlers.send_queued(ctx))
    run(handlers.tell_delivered(ctx, ShippingDelivered("ord-1", "alice")))
    run(handlers.send_queued(ctx))
    assert [message.template for message in inbox(ctx).items] == [
        "shipment-delivered", "shipment-dispatched", "order-confirmed", "welcome",
    ]  # fmt: skip
    confirmed = inbox(ctx).items[2].body
    assert "2 x Steel kettle: 20.00 EUR" in confirmed
    assert confirmed.endswith("Total: 19.95 EUR")


def test_a_cancellation_gives_its_reason_in_words() -> None:
    ctx = shop()
    run(handlers.tell_cancelled(ctx, OrderCancelled("ord-1", "alice", "card-declined")))
    run(handlers.send_queued(ctx))
    assert "was cancelled: the bank declined the card." in inbox(ctx).items[0].body


def test_a_fact_that_is_heard_twice_is_told_once() -> None:
    ctx = shop()
    for _ in range(2):
        run(handlers.tell_confirmed(ctx, OrderConfirmed(ORDER)))
        run(handlers.send_queued(ctx))
    run(handlers.know_user(ctx, UserRegistered("alice", "alice@example.org", "Alice")))
    run(handlers.send_queued(ctx))
    assert states(ctx) == {"order-confirmed:ord-1:email": "SENT", "welcome:alice:email": "SENT"}
    assert len(inbox(ctx).items) == 2


def test_every_channel_chosen_carries_the_message_and_no_other() -> None:
    ctx = shop()
    run(handlers.update_user(ctx, UserProfileUpdated("alice", "alice@example.org", "Alice", "+32 2 555")))
    prefer(ctx, Preference("orders", ("sms", "websocket")))
    run(handlers.tell_confirmed(ctx, OrderConfirmed(ORDER)))
    run(handlers.send_queued(ctx))
    sent = {message["channel"]: message["address"] for message in ctx.documents.collections["messages"][1:]}
    assert sent == {"sms": "+32 2 555", "websocket": "alice"}


def test_who_wants_to_hear_nothing_hears_nothing() -> None:
    ctx = shop()
    prefer(ctx, Preference("orders", ()))
    run(handlers.tell_confirmed(ctx, OrderConfirmed(ORDER)))
    assert list(states(ctx)) == ["welcome:alice:email"]


def test_preferences_are_kept_per_topic() -> None:
    ctx = shop()
    prefer(ctx, Preference("shipping", ("push",)))
    shown = run(handlers.preferences(ctx, ShowPreferences()))
    assert shown.preferences == (
        Preference("account", ("email",)),
        Preference("orders", ("email",)),
        Preference("shipping", ("push",)),
    )


def test_an_sms_needs_a_phone_number_first() -> None:
    ctx = shop()
    with pytest.raises(UnknownAddress) as refusal:
        prefer(ctx, Preference("orders", ("sms",)))
    assert refusal.value.data == {"channel": "sms"}


def test_a_message_waits_for_an_address_and_is_given_up_after_a_while() -> None:
    ctx = FakeContext(SPEC)
    run(handlers.tell_confirmed(ctx, OrderConfirmed(ORDER)))
    run(handlers.send_queued(ctx))
    assert states(ctx) == {"order-confirmed:ord-1:email": "QUEUED"}
    ctx.clock.instant = Instant(seconds(30) + 1)
    run(handlers.send_queued(ctx))
    assert states(ctx) == {"order-confirmed:ord-1:email": "UNDELIVERABLE"}
    assert ctx.documents.collections == {}


def test_an_address_heard_of_late_still_gets_its_message() -> None:
    ctx = FakeContext(SPEC, subject="alice")
    run(handlers.tell_confirmed(ctx, OrderConfirmed(ORDER)))
    run(handlers.send_queued(ctx))
    run(handlers.know_user(ctx, UserRegistered("alice", "alice@example.org", "Alice")))
    run(handlers.send_queued(ctx))
    assert [message.template for message in inbox(ctx).items] == ["welcome", "order-confirmed"]


def test_a_registration_that_arrives_after_a_profile_change_does_not_undo_it() -> None:
    ctx = FakeContext(SPEC, subject="alice")
    run(handlers.update_user(ctx, UserProfileUpdated("alice", "alice@example.org", "Alice B.", "+32 2 555")))
    run(handlers.know_user(ctx, UserRegistered("alice", "alice@example.org", "Alice")))
    run(handlers.send_queued(ctx))
    assert inbox(ctx).items[0].body.startswith("Hello Alice B.,")


def test_a_crash_between_sending_and_noting_it_shows_the_message_once() -> None:
    ctx = shop()
    run(handlers.tell_confirmed(ctx, OrderConfirmed(ORDER)))
    ctx.store.failures.append(StoreUnavailable())
    with pytest.raises(StoreUnavailable):
        run(handlers.send_queued(ctx))
    ctx.lock.held.clear()  # the lease has ended by itself
    run(handlers.send_queued(ctx))
    assert len(ctx.documents.collections["messages"]) == 3
    assert [message.template for message in inbox(ctx).items] == ["order-confirmed", "welcome"]


def test_only_one_instance_sends_at_a_time() -> None:
    ctx = shop()
    run(handlers.tell_confirmed(ctx, OrderConfirmed(ORDER)))
    ctx.lock.held["notification.send"] = "another instance"
    run(handlers.send_queued(ctx))
    assert states(ctx)["order-confirmed:ord-1:email"] == "QUEUED"
    assert ctx.lock.held == {"notification.send": "another instance"}


def test_a_rush_of_messages_is_sent_to_the_last() -> None:
    ctx = shop()
    for number in range(250):
        run(handlers.tell_delivered(ctx, ShippingDelivered(f"ord-{number}", "alice")))
    run(handlers.send_queued(ctx))
    assert list(states(ctx).values()) == ["SENT"] * 251


def test_what_was_sent_long_ago_is_forgotten_and_what_waits_is_not() -> None:
    ctx = shop()
    run(handlers.tell_confirmed(ctx, OrderConfirmed(ORDER)))
    ctx.clock.instant = Instant(minutes(2))
    run(handlers.forget(ctx))
    assert len(states(ctx)) == 2
    ctx.clock.instant = Instant(minutes(3))
    run(handlers.forget(ctx))
    assert states(ctx) == {"order-confirmed:ord-1:email": "QUEUED"}


def test_an_inbox_holds_only_what_is_mine() -> None:
    ctx = shop()
    run(handlers.know_user(ctx, UserRegistered("bob", "bob@example.org", "")))
    run(handlers.send_queued(ctx))
    assert [message.message_id for message in inbox(ctx).items] == ["welcome:alice:email"]
    assert ctx.documents.collections["messages"][1]["body"].startswith("Hello customer,")
