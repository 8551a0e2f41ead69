"""Reads a fault from a mapping: the envelope that all kinds share, and the parameters of the kind."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, Protocol, cast

from msa_lab.chaos.catalogue import CATALOGUE
from msa_lab.chaos.kinds import FaultKind
from msa_lab.chaos.model import After, At, Direction, FaultSpec, Target
from msa_lab.chaos.naming import Names
from msa_lab.chaos.parameters import Parameter, parameters, read_integer, read_number, read_value
from msa_lab.chaos.params import Params
from msa_lab.chaos.targets import SAID, Complaint, parse_target
from msa_lab.sdk.values import Duration, Instant
from msa_lab.source import (
    MissingUnit,
    Mistakes,
    Path,
    Place,
    did_you_mean,
    format_duration,
    listed,
    parse_duration,
    quoted,
)
from msa_lab.source.mistakes import (
    BAD_VALUE,
    CONTRADICTION,
    MISSING_KEY,
    MISSING_UNIT,
    UNKNOWN_KEY,
    UNKNOWN_NAME,
    WRONG_TYPE,
)

KEYS: Final = (
    "id", "kind", "target", "with", "at", "after", "for", "probability", "count", "direction",
)  # fmt: skip
DIRECTIONS: Final = ("both", "request", "reply")
_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,59}")
_LIST: Final = "list them:  msalab chaos list"


class Placed(Protocol):
    """Knows where things stand: a `Document`, or the text of a command line."""

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Give the place of the value at a path, or of its key."""
        ...

    def place_in(self, path: Path, offset: int, length: int) -> Place:
        """Give the place of some characters of the text at a path."""
        ...


def parse_faults(
    data: object, source: Placed, path: Path, names: Names, mistakes: Mistakes
) -> tuple[FaultSpec, ...]:
    """Read a list of faults at a path of a file; those with mistakes are left out, the mistakes noted."""
    if not isinstance(data, list):
        mistakes.add(WRONG_TYPE, "must be a list of faults", source.place(path))
        return ()
    found: dict[str, FaultSpec] = {}
    for index, entry in enumerate(data):
        spec = parse_fault(entry, source, (*path, index), names, mistakes)
        if spec is None:
            continue
        if spec.id in found:
            where = (*path, index, "id" if "id" in entry else "kind")
            mistakes.add(
                CONTRADICTION,
                f"two faults are called {quoted(spec.id)}; give each its own id",
                source.place(where),
            )
        found[spec.id] = spec
    return tuple(found.values())


def parse_fault(
    data: object, source: Placed, path: Path, names: Names, mistakes: Mistakes
) -> FaultSpec | None:
    """Read one fault from the mapping at a path; None when there were mistakes, which are noted."""
    return _Reading(data, source, path, names, mistakes).spec()


class _Reading:
    def __init__(self, data: object, source: Placed, path: Path, names: Names, mistakes: Mistakes) -> None:
        self.data: Mapping[str, Any] = data if isinstance(data, dict) else {}
        self.mapping = isinstance(data, dict)
        self.source = source
        self.path = path
        self.names = names
        self.mistakes = mistakes
        self.clean = True

    def spec(self) -> FaultSpec | None:
        if not self.mapping:
            self.wrong(WRONG_TYPE, "a fault must be a mapping with kind, target and for", ())
            return None
        for key in self.data:
            if key not in KEYS:
                self.unknown(key)
        kind = self.kind()
        self.name()
        start = self.start()
        span = self.duration("for", least=1) if "for" in self.data else None
        probability = self.probability()
        count = self.count()
        direction = self.direction()
        if kind is None:
            return None
        self.fits(kind)
        target = self.target(kind)
        params = self.params(kind)
        span = self.lease(kind, span, params, count)
        if not self.clean or target is None or params is None:
            return None
        if kind.lease:
            params = kind.params(**{kind.lease: span})
        name = self.data.get("id", kind.name)
        return FaultSpec(name, kind.name, target, params, start, span, probability, count, direction)

    def wrong(
        self,
        code: str,
        message: str,
        where: Path,
        suggestion: str | None = None,
        hint: str | None = None,
        *,
        key: bool = False,
    ) -> None:
        self.clean = False
        place = self.source.place((*self.path, *where), key=key)
        self.mistakes.add(code, message, place, suggestion, hint)

    def unknown(self, key: str) -> None:
        kind = CATALOGUE.get(str(self.data.get("kind")))
        own = [parameter.name for parameter in parameters(kind.params)] if kind else []
        if key in own:
            self.wrong(
                UNKNOWN_KEY,
                f"{quoted(key)} is a parameter; put it under with: {{{key}: ...}}",
                (key,),
                key=True,
            )
        else:
            near = did_you_mean(key, (*KEYS, *own))
            self.wrong(UNKNOWN_KEY, f"unknown key {quoted(key)} of a fault", (key,), near, key=True)

    def kind(self) -> FaultKind | None:
        written = self.data.get("kind")
        if written is None:
            self.wrong(MISSING_KEY, "a fault needs a kind, such as net.loss", (), hint=_LIST)
            return None
        kind = CATALOGUE.get(written) if isinstance(written, str) else None
        if kind is None:
            near = did_you_mean(str(written), CATALOGUE)
            self.wrong(UNKNOWN_NAME, f"unknown fault {quoted(written)}", ("kind",), near, _LIST)
        return kind

    def name(self) -> None:
        written = self.data.get("id", "fault")
        if not isinstance(written, str) or not _ID.fullmatch(written):
            said = f"id {quoted(written)} must be a word of letters, digits, '.', '_' and '-'"
            self.wrong(BAD_VALUE, said, ("id",))

    def target(self, kind: FaultKind) -> Target | None:
        written = self.data.get("target")
        if written is None:
            written = self.default_target(kind)
        if written is None:
            message = f"{kind.name} needs a target: {listed(SAID[form] for form in kind.forms)}"
            if kind.outside:
                message = f"{kind.name} needs a target: {listed(self.names.outside) or 'an outside party'}"
            self.wrong(MISSING_KEY, message, ("kind",))
            return None
        if not isinstance(written, str):
            self.wrong(WRONG_TYPE, "target must be text", ("target",))
            return None
        try:
            return parse_target(written, kind, self.names)
        except Complaint as complaint:
            self.clean = False
            where = (*self.path, "target")
            place = (
                self.source.place_in(where, complaint.offset, complaint.length)
                if complaint.length
                else self.source.place(where)
            )
            self.mistakes.add(complaint.code, complaint.message, place, complaint.suggestion)
            return None

    def default_target(self, kind: FaultKind) -> str | None:
        if kind.outside and len(self.names.outside) == 1:
            return self.names.outside[0]
        return kind.default or None

    def start(self) -> At | After:
        after = self.data.get("after")
        if after is None:
            at = self.duration("at", least=0) if "at" in self.data else Duration(0)
            return At(Instant(at or 0))
        if "at" in self.data:
            self.wrong(CONTRADICTION, "say at or after, not both", ("at",), key=True)
        if isinstance(after, str):
            after = {"event": after}
        if not isinstance(after, dict):
            self.wrong(WRONG_TYPE, "after must be {event: NAME, nth: NUMBER}", ("after",))
            return At(Instant(0))
        return self.after(after)

    def after(self, after: Mapping[str, Any]) -> After:
        for key in after:
            if key not in ("event", "nth"):
                near = did_you_mean(key, ("event", "nth"))
                self.wrong(UNKNOWN_KEY, f"unknown key {quoted(key)} of after", ("after", key), near, key=True)
        event = after.get("event")
        if event is None:
            self.wrong(MISSING_KEY, "after needs an event", ("after",))
        elif event not in self.names.events:
            near = did_you_mean(str(event), self.names.events)
            self.wrong(UNKNOWN_NAME, f"unknown event {quoted(event)}", ("after", "event"), near)
        return After(str(event), self.positive(after.get("nth", 1), ("after", "nth")))

    def duration(self, key: str, *, least: int) -> Duration | None:
        written = self.data[key]
        if isinstance(written, bool) or not isinstance(written, str | int | float):
            self.wrong(WRONG_TYPE, f"{key} must be a duration such as 500ms, 8s or 2m", (key,))
            return None
        try:
            span = parse_duration(str(written))
        except MissingUnit as error:
            self.wrong(MISSING_UNIT, str(error), (key,))
            return None
        except ValueError as error:
            self.wrong(BAD_VALUE, str(error), (key,))
            return None
        if span < least:
            self.wrong(BAD_VALUE, f"{key} must be longer than 0s", (key,))
            return None
        return span

    def probability(self) -> float:
        written = self.data.get("probability", 1.0)
        try:
            chance = read_number(written)
        except ValueError as error:
            hint = "0.5 is every second one" if str(written).endswith("%") else None
            self.wrong(BAD_VALUE, f"probability: {error}", ("probability",), hint=hint)
            return 1.0
        if not 0 <= chance <= 1:
            self.wrong(BAD_VALUE, f"probability {chance:g} must lie between 0 and 1", ("probability",))
            return 1.0
        return chance

    def count(self) -> int | None:
        return self.positive(self.data["count"], ("count",)) if "count" in self.data else None

    def positive(self, written: object, where: Path) -> int:
        try:
            number = read_integer(written)
        except ValueError as error:
            self.wrong(WRONG_TYPE, f"{where[-1]}: {error}", where)
            return 1
        if number < 1:
            self.wrong(BAD_VALUE, f"{where[-1]} must be at least 1", where)
            return 1
        return number

    def direction(self) -> Direction:
        written = self.data.get("direction", "both")
        if written not in DIRECTIONS:
            near = did_you_mean(str(written), DIRECTIONS)
            self.wrong(
                BAD_VALUE, f"direction {quoted(written)} is not {listed(DIRECTIONS)}", ("direction",), near
            )
            return "both"
        return cast("Direction", written)

    def fits(self, kind: FaultKind) -> None:
        """Refuse keys of the envelope that have no meaning for the kind."""
        if "direction" in self.data and not kind.directed:
            self.wrong(CONTRADICTION, f"{kind.name} has no direction", ("direction",), key=True)
        for key in ("probability", "count"):
            if key in self.data and not kind.counted:
                self.wrong(
                    CONTRADICTION,
                    f"{kind.name} is a state, not single hits; it has no {key}",
                    (key,),
                    key=True,
                )
        if kind.needs == "nothing" and "for" in self.data:
            self.wrong(CONTRADICTION, f"{kind.name} is over at once; leave out for", ("for",), key=True)

    def params(self, kind: FaultKind) -> Params | None:
        written = self.data.get("with")
        if written is None:
            written = {}
        if not isinstance(written, dict):
            self.wrong(WRONG_TYPE, "with must be a mapping of parameters", ("with",))
            return None
        known = {parameter.name: parameter for parameter in parameters(kind.params)}
        for key in written:
            if key not in known:
                self.misplaced(kind, key, known)
        values: dict[str, object] = {}
        for name, parameter in known.items():
            if name in written:
                self.value(parameter, written[name], values)
            elif parameter.required:
                message = f"{kind.name} needs {quoted(name)}: {parameter.param.purpose}"
                where: Path = ("with",) if "with" in self.data else ("kind",)
                self.wrong(MISSING_KEY, message, where, hint=f"write {name}={parameter.example}")
        if len(values) < sum(parameter.required or name in written for name, parameter in known.items()):
            return None
        self.refusal(kind, values)
        return kind.params(**values)

    def misplaced(self, kind: FaultKind, key: str, known: Collection[str]) -> None:
        if key in KEYS:
            message = f"{quoted(key)} is no parameter; write it beside kind, not under with"
            self.wrong(UNKNOWN_KEY, message, ("with", key), key=True)
            return
        what = f"it takes {listed(known)}" if known else "it takes none"
        near = did_you_mean(key, known)
        message = f"unknown parameter {quoted(key)} of {kind.name}; {what}"
        self.wrong(
            UNKNOWN_KEY, message, ("with", key), near, f"see:  msalab chaos show {kind.name}", key=True
        )

    def value(self, parameter: Parameter, written: object, values: dict[str, object]) -> None:
        try:
            values[parameter.name] = read_value(parameter, written)
        except MissingUnit as error:
            self.wrong(MISSING_UNIT, f"{parameter.name}: {error}", ("with", parameter.name))
        except ValueError as error:
            self.wrong(BAD_VALUE, f"{parameter.name}: {error}", ("with", parameter.name))

    def refusal(self, kind: FaultKind, values: Mapping[str, object]) -> None:
        """Check that the party can refuse with the code at all."""
        if kind.name != "pay.decline":
            return
        target = str(self.data.get("target") or self.default_target(kind))
        codes = self.names.refusals.get(self.names.operations.get(target, target))
        if codes is not None and values["code"] not in codes:
            near = did_you_mean(str(values["code"]), codes)
            there = f"it has {listed(codes)}" if codes else "it has none"
            message = f"{quoted(target)} declares no refusal {quoted(values['code'])}; {there}"
            self.wrong(UNKNOWN_NAME, message, ("with", "code"), near)

    def lease(
        self, kind: FaultKind, span: Duration | None, params: Params | None, count: int | None
    ) -> Duration | None:
        """Say how long the fault lasts; every fault ends by itself."""
        if kind.needs == "nothing":
            return Duration(0)
        written = self.data.get("with")
        named = kind.lease and isinstance(written, dict) and kind.lease in written
        if kind.lease and params is not None:
            if "for" in self.data and named:
                self.wrong(
                    CONTRADICTION, f"for and {kind.lease} say the same; leave one out", ("for",), key=True
                )
            if "for" in self.data:
                return span
            own: Duration = getattr(params, kind.lease)
            if own < 1:
                self.wrong(BAD_VALUE, f"{kind.lease} must be longer than 0s", ("with", kind.lease))
            return own
        if "for" in self.data or kind.lease or (count is not None and kind.needs == "for-or-count"):
            return span
        what = "for or count" if kind.needs == "for-or-count" else "for"
        example = format_duration(Duration(8_000_000))
        message = f"every fault ends by itself: give {what}"
        self.wrong(MISSING_KEY, message, ("kind",), hint=f"for example, for: {example}")
        return None
