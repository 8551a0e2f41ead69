import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notification.domain import (
    CHANNELS,
    DEFAULT_CHOICES,
    TEMPLATES,
    TOPICS,
    Template,
    address_for,
    channels_for,
    chosen,
    reason_in_words,
    render,
)

VALUES = {
    "name": "Alice", "email": "alice@example.org", "order_id": "ord-1", "lines": "1 x Kettle: 24.90 EUR",
    "total": "29.85 EUR", "reason": "it is sold out",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(TEMPLATES))
@pytest.mark.parametrize("channel", CHANNELS)
def test_every_template_fills_on_every_channel(name: str, channel: str) -> None:
    text = render(TEMPLATES[name], channel, VALUES)
    assert text.body
    assert "{" not in text.subject + text.body
    assert TEMPLATES[name].topic in TOPICS


def test_an_email_says_it_in_full_and_an_sms_in_one_line() -> None:
    template = TEMPLATES["order-confirmed"]
    email = render(template, "email", VALUES)
    assert email.subject == "Your order ord-1 is confirmed"
    assert "1 x Kettle: 24.90 EUR" in email.body
    sms = render(template, "sms", VALUES)
    assert (sms.subject, sms.body) == ("", "Order ord-1 is confirmed: 29.85 EUR.")


def test_an_sms_is_cut_to_one_message() -> None:
    body = render(Template("orders", "", "", "{name}"), "sms", {"name": "x" * 500}).body
    assert (len(body), body[-1]) == (160, "…")


@given(st.text(alphabet=string.printable, max_size=40))
def test_what_a_customer_wrote_is_never_read_as_a_template(name: str) -> None:
    template = Template("account", "", "Hello {name} of {email}", "")
    assert render(template, "email", VALUES | {"name": name}).body == f"Hello {name} of alice@example.org"


def test_a_missing_value_is_an_error_not_a_gap() -> None:
    with pytest.raises(KeyError, match="order_id"):
        render(TEMPLATES["order-confirmed"], "sms", {"total": "1.00 EUR"})


def test_new_choices_replace_only_their_topic_and_keep_the_order_of_channels() -> None:
    choices = chosen(DEFAULT_CHOICES, [("orders", ("push", "sms", "push"))])
    assert choices == (("account", ("email",)), ("orders", ("sms", "push")), ("shipping", ("email",)))


def test_no_channel_switches_a_topic_off() -> None:
    assert channels_for("orders", chosen(DEFAULT_CHOICES, [("orders", ())])) == ()


def test_each_channel_has_its_own_address() -> None:
    reached = [address_for(channel, user_id="u", email="e", phone="p") for channel in CHANNELS]
    assert reached == ["e", "p", "u", "u"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("card-declined", "the bank declined the card"),
        ("some-new-code", "some new code"),
        ("", "it could not be completed"),
    ],
)
def test_a_reason_is_said_in_words(code: str, words: str) -> None:
    assert reason_in_words(code) == words
