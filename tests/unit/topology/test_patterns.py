from __future__ import annotations

from msa_lab.topology.patterns import LATER, PATTERNS, defaults


def test_the_textbook_values_are_the_defaults() -> None:
    assert defaults() == {
        "checkout": "orchestrated",
        "outbox": "on",
        "inbox": "on",
        "idempotency": "on",
        "retry": "on",
        "breaker": "on",
        "bulkhead": "on",
        "timeout_budget": "on",
        "cache": "aside",
        "stock": "reserve",
        "isolation": "versioned",
        "database": "per-service",
        "balancing": "round-robin",
        "placement": "twelve",
    }


def test_every_default_is_one_of_the_values_and_teaches_something() -> None:
    for name, pattern in PATTERNS.items():
        assert name == pattern.name
        assert pattern.default in pattern.values
        assert pattern.teaches


def test_what_comes_later_is_not_here_yet() -> None:
    for name, values in LATER.items():
        assert not values if name not in PATTERNS else not set(values) & set(PATTERNS[name].values)
