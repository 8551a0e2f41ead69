"""What the shop and its switches are, as reference pages in Markdown, read from the specs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from msa_lab.sdk.contract import Operation, Setting, event_type
from msa_lab.sdk.distributions import Constant
from msa_lab.sdk.spec import ServiceSpec, Variant
from msa_lab.sdk.values import Duration
from msa_lab.source import format_duration
from msa_lab.topology.patterns import PATTERNS


def patterns_page() -> str:
    """Give the page of the pattern switches."""
    lines = [_PATTERNS, "| switch | values, the default first | teaches |", "|---|---|---|"]
    for pattern in PATTERNS.values():
        others = [value for value in pattern.values if value != pattern.default]
        values = ", ".join(f"`{value}`" for value in (pattern.default, *others))
        lines.append(f"| `{pattern.name}` | {values} | {pattern.teaches} |")
    return "\n".join([*lines, ""])


def shop_page(specs: Sequence[ServiceSpec]) -> str:
    """Give the page of the services: what each serves, tells, hears, shows and can be set to."""
    ours = [spec for spec in specs if not spec.outside]
    parties = [spec for spec in specs if spec.outside]
    lines = [_SHOP, "| service | does |", "|---|---|"]
    lines += [f"| [{spec.name}](#{spec.name}) | {spec.purpose} |" for spec in (*ours, *parties)]
    for spec in ours:
        lines += ["", f"## {spec.name}", "", *_service(spec, specs)]
    lines += ["", "# Outside parties", "", "They are not part of the shop; faults of `*` never touch them."]
    for spec in parties:
        lines += ["", f"## {spec.name}", "", *_service(spec, specs)]
    return "\n".join([*lines, ""])


def _service(spec: ServiceSpec, specs: Sequence[ServiceSpec]) -> Iterator[str]:
    yield spec.purpose
    if spec.depends_on:
        yield f"Calls {_names(spec.depends_on)}."
    if spec.subscriptions:
        yield f"Hears {_names(part.type.name for part in spec.subscriptions)}."
    if spec.operations:
        yield from ("", "| operation | who | request | refusals |", "|---|---|---|---|")
        yield from (_operation(part.operation) for part in spec.operations)
    if spec.publishes:
        yield from ("", "| event | topic | ordered by | carries | heard by |", "|---|---|---|---|---|")
        yield from (_event(event, specs) for event in spec.publishes)
    if spec.observables:
        yield from ("", "| observable | of each | says |", "|---|---|---|")
        yield from (
            f"| `{known.name}` | {known.entity} | {known.purpose.rstrip('.')} |" for known in spec.observables
        )
    if spec.settings:
        yield from ("", "| setting | default | says |", "|---|---|---|")
        yield from (_setting(setting) for setting in spec.settings)
    if spec.fixtures:
        yield from ("", f"Under `given:` {_names(fixture.name for fixture in spec.fixtures)}.")
    for saga in (*spec.sagas, *spec.followed):
        steps = _names(step.name for step in saga.steps)
        yield from ("", f"Saga `{saga.name}`: {steps}; the pivot is `{saga.pivot}`.")
    for variant in spec.variants:
        says = _differs(spec, variant)
        yield from ("", f"With `{variant.pattern}: {variant.value}` {says}.")


def _differs(spec: ServiceSpec, variant: Variant) -> str:
    """Say what a variant changes."""
    parts = []
    if variant.operations:
        parts.append(f"it serves {_names(part.operation.name for part in variant.operations)} in another way")
    if variant.subscriptions:
        parts.append(f"it also hears {_names(part.type.name for part in variant.subscriptions)}")
    usual = [job.name for job in spec.jobs]
    parts += [
        f"the job `{job.name}` {'works in another way' if job.name in usual else 'runs too'}"
        for job in variant.jobs
    ]
    if variant.sagas is not None:
        parts.append("nobody drives the saga")
    return ", ".join(parts) or "parts of it differ"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _operation(operation: Operation[Any, Any]) -> str:
    fields = ", ".join(
        f"`{known.name}`" + ("" if _required(known) else "?")
        for known in dataclasses.fields(operation.request)
    )
    refusals = ", ".join(f"`{error.code}`" for error in operation.errors)
    keyed = ", keyed" if operation.keyed else ""
    return f"| `{operation.name}` | {operation.access}{keyed} | {fields} | {refusals} |"


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _event(event: type[Any], specs: Sequence[ServiceSpec]) -> str:
    described = event_type(event)
    carries = ", ".join(f"`{field.name}`" for field in dataclasses.fields(event))
    heard = ", ".join(_hearers(described.name, specs))
    return f"| `{described.name}` | {described.topic} | `{described.key}` | {carries} | {heard} |"


def _hearers(event: str, specs: Sequence[ServiceSpec]) -> Iterator[str]:
    """Give who hears an event; in parentheses the switch that it takes."""
    for spec in specs:
        if any(part.type.name == event for part in spec.subscriptions):
            yield spec.name
            continue
        for variant in spec.variants:
            if any(part.type.name == event for part in variant.subscriptions):
                yield f"{spec.name} ({variant.value})"


def _setting(setting: Setting[Any]) -> str:
    value = setting.default
    shown = format_duration(Duration(value)) if setting.unit == "duration" else value
    if isinstance(shown, Constant):
        shown = format_duration(Duration(shown.value))
    secret = setting.name.endswith("_key")
    return f"| `{setting.name}` | {'(a key)' if secret else f'`{shown}`'} | {setting.purpose.rstrip('.')} |"


_PATTERNS: Final = """\
# Pattern switches

Each pattern is a key under `patterns:` in a [topology](topology-file.md), or `--set patterns.NAME=VALUE` on
the command line. Services do not know how a switch stands: the hosts honour it, or another part of the
service's spec takes the place of the usual one. In YAML 1.1 `on` and `off` are truth values: write `"off"` or
`false`.
"""

_SHOP: Final = """\
# The shop

What a scenario may call, count and observe. Who may call: `public` everybody, `user` somebody logged in,
`admin` somebody with that role, `internal` only other services. A `keyed` operation takes an idempotency key:
the same key again gets the same answer and does nothing twice. A `?` marks what may be left out. The gateway
may also refuse with `unauthenticated`, `forbidden`, `not-found` or `too-many-requests`.
"""
