"""What is said to whom on which channel: topics, preferences and templates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

TOPICS = ("account", "orders", "shipping")
CHANNELS = ("email", "sms", "push", "websocket")

Choices = tuple[tuple[str, tuple[str, ...]], ...]
"""The channels of each topic, topics in the order of `TOPICS`."""

DEFAULT_CHOICES: Choices = (("account", ("email",)), ("orders", ("email",)), ("shipping", ("email",)))

_SMS_LENGTH = 160
_PUSH_LENGTH = 120
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A message in its two lengths; `{word}` is replaced by the value of that name."""

    topic: str
    subject: str
    body: str
    short: str


TEMPLATES: Mapping[str, Template] = {
    "welcome": Template(
        "account",
        "Welcome to the shop",
        "Hello {name},\n\nyour account {email} is ready.",
        "Welcome, {name}!",
    ),
    "order-confirmed": Template(
        "orders",
        "Your order {order_id} is confirmed",
        "Hello {name},\n\nthank you for your order {order_id}:\n\n{lines}\n\nTotal: {total}",
        "Order {order_id} is confirmed: {total}.",
    ),
    "order-cancelled": Template(
        "orders",
        "Your order {order_id} was cancelled",
        "Hello {name},\n\nyour order {order_id} was cancelled: {reason}.\n\n"
        "Anything reserved or charged for it is given back.",
        "Order {order_id} was cancelled: {reason}.",
    ),
    "shipment-dispatched": Template(
        "shipping",
        "Your order {order_id} is on its way",
        "Hello {name},\n\nthe parcel with your order {order_id} has left us.",
        "Order {order_id} is on its way.",
    ),
    "shipment-delivered": Template(
        "shipping",
        "Your order {order_id} was delivered",
        "Hello {name},\n\nyour order {order_id} was delivered. How do you like it? Tell others in a review.",
        "Order {order_id} was delivered.",
    ),
}

_REASONS: Mapping[str, str] = {
    "card-declined": "the bank declined the card",
    "cancelled-by-customer": "as you wished",
    "country-not-served": "we cannot deliver to that country",
    "coupon-used-up": "the coupon has been used up",
    "coupon-already-used": "you have used the coupon before",
    "coupon-expired": "the coupon is no longer valid",
    "out-of-stock": "it is sold out",
}


@dataclass(frozen=True, slots=True)
class Text:
    """A rendered message; `subject` is '' where the channel has none."""

    subject: str
    body: str


def render(template: Template, channel: str, values: Mapping[str, str]) -> Text:
    """Fill in a template for a channel: e-mail in full, push and websocket titled, SMS cut to 160 characters.

    Raises:
        KeyError: when a placeholder has no value.
    """
    if channel == "email":
        return Text(_filled(template.subject, values), _filled(template.body, values))
    short = _filled(template.short, values)
    if channel == "sms":
        return Text("", _cut(short, _SMS_LENGTH))
    return Text(_filled(template.subject, values), _cut(short, _PUSH_LENGTH))


def channels_for(topic: str, choices: Choices) -> tuple[str, ...]:
    """Give the channels chosen for a topic."""
    return dict(choices).get(topic, ())


def chosen(before: Choices, changes: Iterable[tuple[str, tuple[str, ...]]]) -> Choices:
    """Give the choices after some topics were given other channels, each once and in fixed order."""
    merged = dict(before) | dict(changes)
    return tuple(
        (topic, tuple(channel for channel in CHANNELS if channel in merged[topic]))
        for topic in TOPICS
        if topic in merged
    )


def address_for(channel: str, *, user_id: str, email: str, phone: str) -> str:
    """Give where a channel reaches somebody; '' when it cannot."""
    if channel == "email":
        return email
    return phone if channel == "sms" else user_id


def reason_in_words(code: str) -> str:
    """Give a customer's words for the code of a refusal."""
    return _REASONS.get(code) or code.replace("-", " ") or "it could not be completed"


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Replace placeholders; what a value holds is never read as a placeholder."""
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
