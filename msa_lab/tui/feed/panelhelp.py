"""What each panel shows, in a few sentences: for `F1`."""

from __future__ import annotations

import textwrap
from typing import Final

from msa_lab.tui.feed.lines import Line, Signs, line

HELP: Final[dict[str, tuple[str, str]]] = {
    "services": ("Services", """
        A row is a service: a sign for how it stands ({up} up, {warn} degraded, {paused} paused,
        {down} down), requests a second, half of them (p50) and 95 of 100 (p95) were answered
        within, the share that got no answer, and what is wrong: instances down, faults that act on
        it, breakers it opened. (psp) in brackets is outside the shop: whom it deals with.

        The figures are those of the last second; after the run's end those of the whole run.
    """),
    "sagas-now": ("Sagas", """
        The sagas that matter now: those under way, then those that are over, the newest first; of
        both those that broke an expectation (!) before the others.

        A row: id, state, the expectations it broke, the step it is at or why it turned back, how
        often a step was tried again (x2), its age.

        Enter opens one; n goes to the next in trouble.
    """),
    "expectations": ("Expectations", """
        {bad} is broken: how often so far, and the first saga and time; since: what is judged at the
        end has not held from then on. {dots} is not broken yet.
        After the end of the run the verdict on each stands here, as on the screen Verdict.
    """),
    "faults": ("Faults", """
        {fault} acts now: since when, until when, what it does and to what. {good} is healed; how
        much it touched tells whether it was real.
    """),
    "events-now": ("Key events", """
        What matters, the newest first: faults that begin and end, ! an expectation that broke, sagas
        that were undone, crashes, breakers. Messages lost, calls failed and tried again, sagas that
        turned back between two of these are counted in one row (*). What went well is counted above
        the sagas. Enter shows an event in the whole log.
    """),
    "picture": ("Map", """
        A box is a service, with the calls and events that it takes a second and p95; lines go from
        who calls to who is called, dotted ones are events by the broker. Those of the selected
        service are bold; where a fault acts they are double and have the fault's number. (psp) in
        brackets is outside the shop. A large window shows how many instances are up, too.

        The arrows select, Enter lists the links of the selected one.
    """),
    "links": ("Links", """
        The links of the selected service: who calls whom, or (dotted) who hears whom, how many a
        second, what is lost and the faults on it.

        Enter shows the messages of a link as events.
    """),
    "told": ("Selected", """
        The service or link that is selected: rates, times, losses, faults that act on it, and sagas
        that are there now.
    """),
    "saga-list": ("Sagas", """
        All sagas begun so far: those under way, then those that are over, the newest first; of both
        those that broke an expectation (!) before the others. / filters them, o keeps those in
        trouble, n goes to the next match of the filter, or without one to the next in trouble.
        Enter opens one.
    """),
    "sequence": ("Messages of a saga", """
        Each column is a service, each row a message: from whom to whom, what it asks and which try
        it is. {bad} at its start: it was lost, or got no answer. {own} happened in the service
        itself. A row in warning colour is the saga turning back or what it broke; broken from here:
        what is judged at the end has not held since.

        w asks why of the message under the cursor, Enter shows it as an event, a adds who heard the
        saga's events.
    """),
    "other-way": ("A saga in time, or by states", """
        In time: each call is a bar from asking to answer, with what came of it; {fault} is when a
        fault acted.

        By states: a box is a step ({good} done, {left} undone again, {play} under way), in order,
        with when it was done.
    """),
    "why": ("Why", """
        First what the saga broke and why that breaks, then the chain of causes, the first cause
        first: each line led to the next. Last what was wanted, and where to read more. w asks of the
        message under the cursor, again of the whole saga.
    """),
    "event-list": ("Events", """
        The log up to this moment: time, sign, service, kind, saga and what happened. ! an
        expectation broke, x a fault acted, * something failed, was tried again or turned back,
        {mark} is your mark. / filters, n goes to the next match, without a filter to the next
        trouble.
    """),
    "event": ("Selected event", """
        The event under the cursor in full: in words, its number, instance, saga and trace, the
        events that led to it, its details as JSON.
    """),
    "charts": ("Metrics", """
        Curves over the run up to this moment; the figure at the top of the axis is the highest
        value, now is that of the last second (of a long run, of the time in the title). Below each
        curve {fault} is when a fault acted.

        + and - draw half or twice as much of the time, about this moment. b compares with another run
        at the same times, or with a moment of this one: {line} in the curves, vs beside the value.
    """),
    "findings": ("Verdict", """
        Every expectation of the run: HELD, BROKEN, or UNPROVEN where the run gave no evidence.
        Enter opens one, then Enter on what broke it leads to its saga: at that moment, or at the end
        for what is judged there. n goes to the next that did not hold. Below: the faults with what
        they touched, and how to play the run again.
    """),
}  # fmt: skip
_USED: Final = (
    "up",
    "warn",
    "paused",
    "down",
    "bad",
    "good",
    "dots",
    "fault",
    "own",
    "left",
    "play",
    "mark",
    "line",
)


def told(panel: str, signs: Signs, width: int) -> tuple[str, list[Line]]:
    """Give a panel's name and what it shows, broken between words."""
    name, text = HELP.get(panel, ("no panel", "Tab goes to a panel."))
    known = text.format_map({sign: signs[sign] for sign in _USED})
    parts = (" ".join(part.split()) for part in known.split("\n\n"))
    return name, [line(row) for part in parts for row in textwrap.wrap(part, width, break_on_hyphens=False)]
