"""Fills a pydantic model, or any type pydantic knows, from a document; every mistake gets its place."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic_core import ErrorDetails

from msa_lab.source import mistakes as codes
from msa_lab.source.document import Document
from msa_lab.source.invalid import Mistakes
from msa_lab.source.places import Path
from msa_lab.source.quantities import MissingUnit
from msa_lab.source.reader import MAX_DEPTH
from msa_lab.source.suggesting import did_you_mean, listed, quoted

M = TypeVar("M")


class Strict(BaseModel):
    """Base of the models of files: no unknown keys, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def fill(document: Document, model: type[M], mistakes: Mistakes) -> M | None:
    """Check the whole document against a model and give it filled; None when there were mistakes.

    Nothing is converted: text is no number, `true` is no 1. Lists may fill tuples.
    """
    filled: M | None = fill_at(document, (), model, mistakes)
    return filled


def fill_at(document: Document, path: Path, schema: Any, mistakes: Mistakes) -> Any:  # noqa: ANN401 - any type form
    """Check the part of a document at a path against any type; give the value, or None after mistakes."""
    mistakes.know(document.file, document.text)
    # The list around it lets the settings reach plain dataclasses too; JSON is pydantic's mode in which
    # "strict" still takes a list for a tuple.
    adapter: TypeAdapter[Any] = TypeAdapter(tuple[schema], config=ConfigDict(extra="forbid"))
    try:
        return adapter.validate_json(json.dumps([document.at(path)]), strict=True)[0]
    except ValidationError as invalid:
        _explain(document, path, adapter, invalid, mistakes)
        return None


def salvage(document: Document, model: type[M], head: Mapping[str, Any]) -> M:
    """Fill a model from what is right in a document, so that the rest can be checked for other mistakes too.

    What is wrong is left out; `head` fills required keys, and must be a whole document by itself.
    """
    data = {**head, **document.data} if isinstance(document.data, dict) else dict(head)
    data = copy.deepcopy(data)
    adapter = TypeAdapter(model)
    for _ in range(MAX_DEPTH):
        try:
            return adapter.validate_json(json.dumps(data), strict=True)
        except ValidationError as invalid:
            tried = Document(data, "", document.file)
            for path in {_resolve(tried, (), error["loc"])[0]: None for error in invalid.errors()}:
                _leave_out(data, path, head)
    return adapter.validate_json(json.dumps(head), strict=True)


def _leave_out(data: dict[str, Any], path: Path, head: Mapping[str, Any]) -> None:
    while path and isinstance(path[-1], int):
        path = path[:-1]  # without one item the places of the others would shift
    node: Any = data
    try:
        for part in path[:-1]:
            node = node[part]
        node.pop(path[-1])
    except LookupError:
        pass  # left out already with something around it, or the root itself
    data.update({key: value for key, value in head.items() if key not in data})


def _explain(
    document: Document, base: Path, adapter: TypeAdapter[Any], invalid: ValidationError, mistakes: Mistakes
) -> None:
    grouped: dict[tuple[Path, bool, str], list[ErrorDetails]] = {}
    for error in invalid.errors(include_url=False):
        path, key = _resolve(document, base, error["loc"][1:])
        kind = error["type"] if error["type"] in _UNKNOWN else ""
        if error["type"] == "missing":
            kind = str(error["loc"][-1])
        grouped.setdefault((path, key, kind), []).append(error)
    explainer = _Explainer(document, _json_schema(adapter), len(base), mistakes)
    for (path, key, _), errors in grouped.items():
        explainer.explain(path, errors, key=key)


def _resolve(document: Document, base: Path, loc: Sequence[str | int]) -> tuple[Path, bool]:
    """Turn pydantic's location into a path, without the names of union branches; whether it means the key."""
    path, node = base, document.at(base)
    for part in loc:
        if part == "[key]":
            return path, True
        inside = part in node if isinstance(node, dict) else isinstance(node, list) and isinstance(part, int)
        if inside:
            path, node = (*path, part), node[part]
    return path, False


@dataclass(frozen=True, slots=True)
class _Explainer:
    """Puts pydantic's errors into the words of the file's author."""

    document: Document
    schema: dict[str, Any]
    depth: int
    mistakes: Mistakes

    def explain(self, path: Path, errors: Sequence[ErrorDetails], *, key: bool) -> None:
        """Note one mistake for all errors that union branches raised at one place."""
        error = next((error for error in errors if not _expected(error)), errors[0])
        name = next((str(part) for part in reversed(path) if isinstance(part, str)), "the file")
        place = self.document.place(path, key=key)
        add = self.mistakes.add
        match error["type"]:
            case unknown if unknown in _UNKNOWN:
                self.unknown_key(path)
            case "missing":
                parent = f" in {quoted(name)}" if path else ""
                message = f"missing key {quoted(error['loc'][-1])}{parent}"
                add(codes.MISSING_KEY, message, self.document.place(path, key=True))
            case "literal_error" | "enum":
                expected = error["ctx"]["expected"].replace(" or ", ", ")
                wanted = [word.strip("'") for word in expected.split(", ")]
                near = did_you_mean(str(path[-1] if key else self.document.at(path)), wanted)
                add(codes.BAD_VALUE, f"{quoted(name)} must be {listed(wanted)}", place, near)
            case "value_error":
                cause = error["ctx"]["error"]
                code = codes.MISSING_UNIT if isinstance(cause, MissingUnit) else codes.BAD_VALUE
                add(code, str(cause), place)
            case _ if _expected(error):
                self.wrong_type(path, errors)
            case kind:
                code = codes.WRONG_TYPE if kind == "wrong_type" else codes.BAD_VALUE
                text = error["msg"].replace("Input should", "must").replace("String should", "must")
                add(code, f"{quoted(name)} {text}", place)

    def wrong_type(self, path: Path, errors: Sequence[ErrorDetails]) -> None:
        name = next((quoted(part) for part in reversed(path) if isinstance(part, str)), "the file")
        value = self.document.at(path)
        wanted = list(dict.fromkeys(_expected(error) for error in errors))
        hint = "put it in quotes" if "text" in wanted and isinstance(value, int | float) else None
        message = f"{name} must be {listed(wanted)}, not {_noun(value)}"
        self.mistakes.add(codes.WRONG_TYPE, message, self.document.place(path), hint=hint)

    def unknown_key(self, path: Path) -> None:
        key = str(path[-1])
        parent = next((str(part) for part in reversed(path[:-1]) if isinstance(part, str)), "")
        where = f" in {quoted(parent)}" if parent else ""
        known = tuple(dict.fromkeys(_properties(self.schema, path[self.depth : -1])))
        taken = self.document.at(path[:-1])
        near = did_you_mean(key, [name for name in known if name not in taken])
        hint = f"known keys: {', '.join(known)}" if known else None
        place = self.document.place(path, key=True)
        self.mistakes.add(codes.UNKNOWN_KEY, f"unknown key {quoted(key)}{where}", place, near, hint)


_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dataclass_type": "a mapping",
    "none_required": "nothing",
}


def _expected(error: ErrorDetails) -> str:
    return _TYPES.get(error["type"], "")


def _noun(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    written = str(value).lower() if isinstance(value, bool) else str(value)
    return f"the text {quoted(value)}" if isinstance(value, str) else written


def _json_schema(adapter: TypeAdapter[Any]) -> dict[str, Any]:
    try:
        return adapter.json_schema()
    except PydanticInvalidForJsonSchema:
        return {}  # a type without a JSON Schema: no keys can be suggested


def _properties(schema: dict[str, Any], path: Path) -> Iterator[str]:
    """Give the keys known at a path below the list that `fill_at` puts around the value."""
    level = [schema]
    for part in (0, *path):
        level = [inner for node in level for inner in _inside(node, part, schema)]
    for node in level:
        for choice in _choices(node, schema):
            yield from choice.get("properties", {})


def _inside(node: dict[str, Any], part: str | int, root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for choice in _choices(node, root):
        if isinstance(part, int):
            items = choice.get("prefixItems", ())
            inner = items[part] if part < len(items) else choice.get("items")
        else:
            patterns = choice.get("patternProperties", {}).items()
            named = (then for pattern, then in patterns if re.search(pattern, part))
            inner = choice.get("properties", {}).get(part) or next(named, choice.get("additionalProperties"))
        if isinstance(inner, dict):
            yield inner


def _choices(node: dict[str, Any], root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the schemas that a node may mean: itself, or the branches of a union, references followed."""
    if "$ref" in node:
        yield from _choices(root["$defs"][node["$ref"].rpartition("/")[2]], root)
        return
    branches = [*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())]
    if not branches:
        yield node
    for branch in branches:
        yield from _choices(branch, root)
