"""Plain forms of records, requests, replies and events, and the way back to the declared types."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, get_type_hints

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from msa_lab.runtime.hosting import Edge
from msa_lab.sdk.contract import Operation, Table
from msa_lab.sdk.memory import Change
from msa_lab.sdk.saga import SAGAS, Saga
from msa_lab.sdk.spec import ServiceSpec

_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}


def adapter(declared: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - any annotation
    """Give the validator of a type, made once a process."""
    made = _ADAPTERS.get(declared)
    if made is None:
        made = _ADAPTERS[declared] = TypeAdapter(declared)
    return made


_EDGES: dict[Any, Edge] = {}


def edge(operation: Operation[Any, Any]) -> Edge:
    """Give what checks an operation's requests, made once a process."""
    made = _EDGES.get(operation)
    if made is None:
        made = _EDGES[operation] = Edge(operation.request)
    return made


def warm(specs: Sequence[ServiceSpec]) -> None:
    """Make all validators now, so that processes forked later inherit them."""
    for spec in specs:
        for part in spec.operations:
            edge(part.operation)
            adapter(part.operation.reply)
        for heard in spec.subscriptions:
            adapter(heard.event)
        for table in spec.tables:
            adapter(table.record)


def plain(value: object) -> Any:  # noqa: ANN401 - JSON
    """Turn a value into what JSON can hold."""
    return to_jsonable_python(value)


def shown(value: object) -> dict[str, Any]:
    """Give the fields of a record as values of JSON."""
    fields: dict[str, Any] = to_jsonable_python(value)
    return fields


class Records:
    """Reads and writes the records of one service's tables.

    A saga's `data` is of the type that the saga's steps take, a kept reply of the operation's reply type.
    """

    def __init__(self, spec: ServiceSpec, own: Sequence[Table[Any]]) -> None:
        self.tables: dict[str, Table[Any]] = {table.name: table for table in (*spec.tables, *own)}
        self._sagas = {saga.name: _data_of(saga) for saga in (*spec.sagas, *spec.followed)}
        self._replies: dict[str, Any] = {
            part.operation.name: part.operation.reply for part in spec.operations if part.operation.keyed
        }

    def read(self, table: str, fields: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a record
        """Make the record of its plain fields."""
        declared = self.tables[table]
        if declared is SAGAS:
            data = adapter(self._sagas[fields["saga"]]).validate_python(fields["data"])
            return dataclasses.replace(adapter(declared.record).validate_python(fields), data=data)
        return adapter(declared.record).validate_python(fields)

    def reply(self, kept: str, body: Any) -> Any:  # noqa: ANN401 - a reply
        """Make the reply that was kept under `operation/key`."""
        return adapter(self._replies[kept.partition("/")[0]]).validate_python(body)

    def change(self, told: Mapping[str, Any]) -> Change:
        """Make a change of a record again from how `told` wrote it down."""
        name = told["table"]
        before, after = told["before"], told["after"]
        return Change(
            self.tables[name],
            told["key"],
            None if before is None else self.read(name, before),
            None if after is None else self.read(name, after),
        )


def told(change: Change) -> dict[str, Any]:
    """Write a change of a record down."""
    return {
        "table": change.table.name,
        "key": change.key,
        "before": None if change.before is None else shown(change.before),
        "after": None if change.after is None else shown(change.after),
    }


def _data_of(saga: Saga[Any]) -> Any:  # noqa: ANN401 - an annotation
    """Find the type of a saga's data: that of the second parameter of its first action."""
    action = saga.steps[0].action
    hints = get_type_hints(action)
    names = [name for name in hints if name != "return"]
    return hints[names[1]] if len(names) > 1 else Any


def operations_of(specs: Sequence[ServiceSpec]) -> dict[str, Operation[Any, Any]]:
    """Give all operations by name."""
    return {part.operation.name: part.operation for spec in specs for part in spec.operations}
