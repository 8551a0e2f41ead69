"""Lays a file over the one it extends, and `--set` over both; every value keeps its own place."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from msa_lab.source import Document, Mistakes, Path, Place, did_you_mean, listed, quoted
from msa_lab.source import mistakes as codes
from msa_lab.source.document import Spot
from msa_lab.source.scalars import Trap, plain
from msa_lab.topology.fileform import TopologyForm

SETTINGS = "--set"


def overlay(base: Document, own: Document) -> Document:
    """Give a document with the keys of both; where both have a mapping they are joined, else `own` counts."""
    data = _joined({key: value for key, value in base.data.items() if key not in _HEAD}, own.data)
    return Document(data, own.text, own.file, {**base.spots, **own.spots})


def _joined(base: Any, own: Any) -> Any:  # noqa: ANN401 - any YAML value
    if isinstance(base, dict) and isinstance(own, dict):
        joined = dict(base)
        for key, value in own.items():
            joined[key] = _joined(base[key], value) if key in base else value
        return joined
    return own


def with_values(document: Document, settings: Sequence[str], mistakes: Mistakes) -> Document:
    """Give the document with `path=value` settings applied, in order.

    Mistakes are placed in a text of one setting a line, named `--set`.
    """
    mistakes.know(SETTINGS, "\n".join(settings))
    data = copy.deepcopy(document.data)
    spots = dict(document.spots)
    for line, setting in enumerate(settings, start=1):
        name, equals, text = setting.partition("=")
        name, text = name.strip(), text.strip()
        place = Place(SETTINGS, line, 1, max(1, len(name)))
        parts = _parts(name)
        section = str(parts[0])
        if not equals or len(parts) < _LEAST or "" in parts:
            hint = "write PATH=VALUE, such as services.NAME.replicas=3"
            mistakes.add(codes.SYNTAX, f"{quoted(setting)} sets nothing", place, hint=hint)
        elif section not in _sections():
            near = did_you_mean(section, _sections())
            message = f"{quoted(section)} cannot be set; {listed(_sections())} can"
            mistakes.add(codes.UNKNOWN_KEY, message, replace(place, length=len(section)), near)
        else:
            column = setting.index("=") + 2
            spot = Spot(place, Place(SETTINGS, line, column, max(1, len(text))), 0, 0, scalar=False)
            _put(data, spots, parts, spot, _value(text))
    return Document(data, document.text, document.file, spots)


_HEAD = ("schema", "schema_", "id", "title", "why", "extends")
_LEAST = 2


def _sections() -> tuple[str, ...]:
    """The sections whose values have a name; lists and the file's head have none."""
    return tuple(name for name in TopologyForm.model_fields if name not in (*_HEAD, "links", "modules"))


def _parts(name: str) -> Path:
    """Split at dots, but not within the names of settings (`config.order.x`) and operations."""
    parts = name.split(".")
    if parts[0] == "config":
        return (parts[0], ".".join(parts[1:]))
    if "cost" in parts[2:3] and len(parts) > 5:  # noqa: PLR2004 - services.NAME.cost.SERVICE.VERB.FIELD
        return (*parts[:3], ".".join(parts[3:-1]), parts[-1])
    return tuple(parts)


def _value(text: str) -> object:
    value = plain(text)
    return text if isinstance(value, Trap) else value


def _put(data: dict[str, Any], spots: dict[Path, Spot], parts: Path, spot: Spot, value: object) -> None:
    node = data
    for depth, part in enumerate(parts[:-1], start=1):
        inner = node.get(str(part))
        if not isinstance(inner, dict):
            inner = {}
            node[str(part)] = inner
            spots[parts[:depth]] = spot
        node = inner
    node[str(parts[-1])] = value
    spots[parts] = spot
