"""Where `g` goes: an instant, an event, a saga, or the next event that an expression fits."""

from __future__ import annotations

import re

from msa_lab.tui.feed.feed import Feed

_INSTANT = re.compile(r"(?:T\+)?(\d+(?:\.\d+)?)(ms|s|m)?")
_UNITS = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, None: 1_000_000}


class NowhereError(ValueError):
    """There is no such place in the log."""


def instant_of(text: str) -> int | None:
    """Read an instant in microseconds: 7.012, T+7.012, 250ms, 2m; None when it is none."""
    found = _INSTANT.fullmatch(text.strip())
    return None if found is None else round(float(found[1]) * _UNITS[found[2]])


def place_of(text: str, feed: Feed, at: int) -> int:
    """Give how many events are to be seen.

    Raises:
        NowhereError: when there is no such place; the message says what was understood.
    """
    text = text.strip()
    instant = instant_of(text)
    if instant is not None:
        return feed.log.until(instant)
    if text.startswith("#") and text[1:].isdigit():
        place = feed.log.place(int(text[1:]))
        if place is None:
            raise NowhereError(f"there is no event {text[1:]}")
        return place + 1
    saga = feed.saga_events(text, len(feed.log))
    if saga:
        return (feed.log.place(saga[0].seq) or 0) + 1
    from msa_lab.scenario.expressions import InvalidExpression  # noqa: PLC0415 - heavy, and only when it is asked for
    from msa_lab.scenario.scopes import event_filter  # noqa: PLC0415 - as above

    try:
        chosen = event_filter(text)
    except InvalidExpression as invalid:
        raise NowhereError(
            f"neither a time, #event, saga nor expression: {invalid.problems[0].message}"
        ) from None
    for place in range(at, len(feed.log)):
        if chosen(feed.log.event(place)):
            return place + 1
    raise NowhereError("no event after this one fits")
