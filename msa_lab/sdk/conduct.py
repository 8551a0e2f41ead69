"""What a service must keep to when it is loaded: it serves what it offers, once; it waits by its ports."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from msa_lab.errors import UserMistake
from msa_lab.sdk.contract import Operation
from msa_lab.sdk.spec import Serve, ServiceSpec, Variant

_WAITING = {"asyncio", "threading", "multiprocessing", "subprocess"}
"""Modules by which code waits for what no port gives."""


def refuse_what_does_not_fit(spec: ServiceSpec, module: ModuleType, api: ModuleType | None) -> None:
    """See to it that a service serves each operation of its `api` once.

    Raises:
        UserMistake: when it does not.
    """
    name, file = spec.name, module.__file__
    wholes: Sequence[ServiceSpec | Variant] = (spec, *spec.variants)
    for variant in wholes:
        seen: dict[str, Serve] = {}
        for part in variant.operations:
            operation = part.operation
            first = seen.setdefault(operation.name, part)
            if first is not part:
                twice = f"{_place(first)} and {_place(part)}"
                raise UserMistake(f"service {name}: {file}: serves {operation.name} twice, by {twice}")
    served = {part.operation.name for one in wholes for part in one.operations}
    offered = [one for one in vars(api).values() if isinstance(one, Operation)] if api is not None else []
    missing = [one.name for one in offered if one.service == name and one.name not in served]
    if missing:
        raise UserMistake(
            f"service {name}: {file}: does not serve {', '.join(missing)}, which others may call"
        )


def _place(part: Serve) -> str:
    code = getattr(part.handler, "__code__", None)
    named = getattr(part.handler, "__name__", "a handler")
    return named if code is None else f"{named} ({Path(code.co_filename).name}:{code.co_firstlineno})"


def refuse_other_waiting(name: str, folder: Path) -> None:
    """See to it that the code in a service's folder neither sleeps nor waits past its ports.

    A simulated shop would stand still in it, and a real process with all who call it.

    Raises:
        UserMistake: when it does, with the place.
    """
    for file in sorted(folder.rglob("*.py")):
        try:
            tree = ast.parse(file.read_bytes(), str(file))
        except (SyntaxError, ValueError):
            continue  # told when it is imported, unless nobody does
        for line, column, what in _waiting_in(ast.walk(tree)):
            raise UserMistake(
                f"service {name}: {file}:{line}:{column}: {what}: a handler waits by its ports alone\n"
                "  to sleep: await ctx.clock.sleep(seconds(1)); side by side: await ctx.gather(...)"
            )


def _waiting_in(nodes: Iterator[ast.AST]) -> Sequence[tuple[int, int, str]]:
    """Give line, column (both from 1) and name of what waits past the ports, in the order of lines."""
    found: list[tuple[int, int, str]] = []
    for node in nodes:
        match node:
            case ast.Import(names=names):
                words = [one.name for one in names if one.name.partition(".")[0] in _WAITING]
            case ast.ImportFrom(module=str(module), names=names, level=0):
                sleeps = module == "time" and any(one.name == "sleep" for one in names)
                words = [module] if module.partition(".")[0] in _WAITING else ["time.sleep"] if sleeps else []
            case ast.Attribute(value=ast.Name(id="time"), attr="sleep"):
                words = ["time.sleep"]
            case _:
                continue
        found += [(node.lineno, node.col_offset + 1, word) for word in words]
    return sorted(found)
