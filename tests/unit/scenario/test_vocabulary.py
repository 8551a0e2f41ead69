from __future__ import annotations

from msa_lab.scenario import Vocabulary, vocabulary
from msa_lab.sdk import ServiceSpec


def test_a_saga_is_about_what_its_service_is_named_for(words: Vocabulary) -> None:
    assert words.sagas["checkout"].entity == "order"
    assert words.sagas["checkout"].steps == ("reserve", "pay")
    assert words.subject("saga.checkout") == "order"
    assert words.subject("sku") == "sku"


def test_all_that_each_may_range_over(words: Vocabulary) -> None:
    assert words.entities == ("delivery", "fault", "order", "phase", "sku", "saga.checkout")


def test_events_know_who_hears_them(words: Vocabulary) -> None:
    assert words.subscribers == {"order.placed": ("payment",)}
    assert list(words.events) == ["order.placed", "payment.captured", "shop.opened"]


def test_metrics_are_named_after_the_shop(specs: tuple[ServiceSpec, ...]) -> None:
    names = vocabulary(specs).metrics

    assert {"saga.checkout.duration", "request.order.buy.failed_rate", "event.payment.lag"} <= names.keys()
