"""`${name}` in texts: filled from a scenario's variables at loading, from a shopper's while it plays."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from msa_lab.source import Document, Mistakes, Path, did_you_mean, quoted
from msa_lab.source.mistakes import BAD_VALUE, UNKNOWN_NAME

TEMPLATE: Final = re.compile(r"\$\{([^${}]*)\}")
NAME: Final = re.compile(r"[a-z_][a-z0-9_]*")
SHOPPER: Final = "shopper"


def names_in(value: object) -> Iterator[str]:
    """Give the names of all templates in a value, in order."""
    if isinstance(value, str):
        yield from (match[1] for match in TEMPLATE.finditer(value))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from names_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from names_in(inner)


def filled(value: Any, variables: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any YAML value
    """Fill the templates of a value; names that are not among the variables are left as they are.

    A text that is one template and nothing else becomes the variable's value with its type.
    """
    if isinstance(value, str):
        whole = TEMPLATE.fullmatch(value)
        if whole is not None and whole[1] in variables:
            return variables[whole[1]]
        return TEMPLATE.sub(lambda match: str(variables.get(match[1], match[0])), value)
    if isinstance(value, dict):
        return {key: filled(inner, variables) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [filled(inner, variables) for inner in value]
    return value


def complain(
    document: Document, path: Path, value: object, known: Collection[str], mistakes: Mistakes
) -> None:
    """Note every template below `path` whose name is not known, and every one that stands in a key."""
    if isinstance(value, str):
        for match in TEMPLATE.finditer(value):
            if match[1] not in known and not mistakes.full:
                place = document.place_in(path, match.start(), len(match[0]))
                hint = f"known here: {', '.join(sorted(known))}" if known else "declare it under vars:"
                near = did_you_mean(match[1], known)
                mistakes.add(UNKNOWN_NAME, f"nothing gives {quoted(match[0])} a value", place, near, hint)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if TEMPLATE.search(key):
                place = document.place((*path, key), key=True)
                mistakes.add(BAD_VALUE, f"a key cannot hold {quoted(key)}", place)
            complain(document, (*path, key), inner, known, mistakes)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            complain(document, (*path, index), inner, known, mistakes)
