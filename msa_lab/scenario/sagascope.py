"""What names mean in filters of sagas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from msa_lab.scenario.expressions import (
    DURATION,
    NUMBER,
    TEXT,
    Argument,
    Symbol,
    Type,
    Unresolved,
    compile_expression,
)
from msa_lab.scenario.scopes import in_quotes
from msa_lab.source import did_you_mean, quoted
from msa_lab.telemetry.sagas import STATES, SagaView


def saga_filter(text: str) -> Callable[[SagaView], bool]:
    """Compile a filter of sagas, such as `state == "COMPENSATED" and retries > 2`."""
    compiled = compile_expression(text, _SagaScope())
    return lambda view: bool(compiled.evaluate(view))


@dataclass(frozen=True, slots=True)
class _SagaScope:
    def name(self, path: str) -> Symbol:
        found = _FIELDS.get(path)
        if found is None:
            near = did_you_mean(path, _FIELDS)
            hint = in_quotes(path) if path in STATES else f"it has {', '.join(_FIELDS)}"
            raise Unresolved(f"a saga has no {quoted(path)}", near, None if near else hint)
        kind, choices = found
        return Symbol(kind, lambda view: _known(getattr(view, path)), choices)

    def call(self, path: str, arguments: tuple[Argument, ...]) -> Symbol:  # noqa: ARG002 - part of the protocol
        raise Unresolved(f"{quoted(path)} cannot be called here")

    def each(self, entity: str, attribute: str) -> Symbol:
        raise Unresolved(f"each({entity}).{attribute} cannot stand here")


def _known(value: int | str | None) -> int | str:
    return 0 if value is None else value  # an open saga took no time yet


_FIELDS: dict[str, tuple[Type, tuple[str, ...]]] = {
    "id": (TEXT, ()),
    "name": (TEXT, ()),
    "state": (TEXT, STATES),
    "failure": (TEXT, ()),
    "took": (DURATION, ()),
    "started_at": (DURATION, ()),
    "retries": (NUMBER, ()),
}
