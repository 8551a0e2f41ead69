"""Checks an expression's types and compiles it to closures that always end and never raise."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from msa_lab.scenario.expressions.arithmetic import (
    absolute,
    add,
    all_compare,
    among,
    compares,
    divide,
    largest,
    listed,
    multiply,
    smallest,
    subtract,
    total,
)
from msa_lab.scenario.expressions.lexer import InvalidExpression, Problem
from msa_lab.scenario.expressions.scope import Argument, Scope, Symbol, Unresolved
from msa_lab.scenario.expressions.syntax import Binary, Call, Constant, Group, Items, Name, Node, Unary, parse
from msa_lab.scenario.expressions.types import (
    AMOUNT,
    ANY,
    BOOL,
    DURATION,
    MONEY,
    NUMBER,
    QUANTITIES,
    TEXT,
    Type,
    Value,
    common,
    list_of,
)
from msa_lab.source import did_you_mean

Read = Callable[[Any], Value]
_ORDERINGS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ENOUGH: Final = 10
_FUNCTIONS: Final = ("abs", "len", "max", "min", "sum")
_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    **_ORDERINGS,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression ready to be evaluated on frames; `names` are the symbols it reads, as written."""

    text: str
    type: Type
    evaluate: Read
    names: tuple[tuple[str, Symbol], ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of log events that may change the result."""
        return tuple(sorted({kind for _, symbol in self.names for kind in symbol.kinds}))

    def observed(self, frame: object) -> str:
        """Say what the names stand for now: `psp.captured = 2, state = COMPLETED`."""
        return ", ".join(f"{label} = {show(symbol.read(frame), symbol.type)}" for label, symbol in self.names)


def compile_expression(text: str, scope: Scope, wanted: Type = BOOL) -> Compiled:
    """Parse, check and compile.

    Raises:
        InvalidExpression: with all the problems found.
    """
    node = parse(text)
    checker = _Checker(text, scope)
    kind, read = checker.check(node)
    if not checker.problems and common(kind, wanted) is None:
        checker.problem(node, f"a {wanted} is wanted here, this is a {kind}")
    if checker.problems:
        raise InvalidExpression(text, tuple(checker.problems))
    return Compiled(text, kind, read, tuple(checker.names.items()))


def show(value: Value, kind: Type) -> str:
    """Write a value as the language would."""
    if isinstance(value, tuple):
        shown = [show(item, kind.item or ANY) for item in value[:8]]
        return f"[{', '.join(shown)}{', ...' if len(value) > len(shown) else ''}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value or '""'
    if kind == DURATION:
        return show_duration(value)
    if kind == MONEY:
        return f"{value / 100:.2f} EUR"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def show_duration(value: float) -> str:
    """Write microseconds in the unit that suits them."""
    for unit, size in (("s", 1_000_000), ("ms", 1_000)):
        if abs(value) >= size:
            return f"{value / size:.3f}".rstrip("0").rstrip(".") + unit
    return f"{value:.0f}us"


class _Checker:
    def __init__(self, text: str, scope: Scope) -> None:
        self._text = text
        self._scope = scope
        self.problems: list[Problem] = []
        self.names: dict[str, Symbol] = {}

    def problem(
        self, node: Node, message: str, suggestion: str | None = None, hint: str | None = None
    ) -> tuple[Type, Read]:
        self.problems.append(Problem(message, node.offset, max(1, node.length), suggestion, hint))
        return ANY, _nothing

    def check(self, node: Node) -> tuple[Type, Read]:  # noqa: PLR0911 - one per kind of node
        match node:
            case Constant(value=value, type=kind):
                return kind, lambda _: value
            case Group(inner=inner):
                return self.check(inner)
            case Items():
                return self._items(node)
            case Name(path=path):
                return self._symbol(node, lambda: self._scope.name(path))
            case Call():
                return self._call(node)
            case Unary():
                return self._unary(node)
            case Binary(sign="and" | "or"):
                return self._logic(node)
            case Binary(sign="+" | "-" | "*" | "/"):
                return self._arithmetic(node)
            case Binary():
                return self._comparison(node)
        raise AssertionError(node)

    def _symbol(self, node: Node, find: Callable[[], Symbol]) -> tuple[Type, Read]:
        if len(self.problems) >= _ENOUGH:
            return ANY, _nothing
        try:
            symbol = find()
        except Unresolved as unknown:
            return self.problem(_part(node, unknown.part), unknown.message, unknown.suggestion, unknown.hint)
        self.names[self._text[node.offset : node.offset + node.length]] = symbol
        return symbol.type, symbol.read

    def _items(self, node: Items) -> tuple[Type, Read]:
        item, reads = ANY, []
        for part in node.items:
            kind, read = self.check(part)
            joined = common(item, kind)
            if joined is None or kind.item is not None:
                return self.problem(part, f"a {kind} does not fit into a list of {item}")
            item = joined
            reads.append(read)
        return list_of(item), lambda frame: tuple([read(frame) for read in reads])

    def _call(self, node: Call) -> tuple[Type, Read]:
        if node.path in _FUNCTIONS and not node.attribute:
            return self._function(node)
        arguments = [_argument(part) for part in node.arguments]
        known = tuple(argument for argument in arguments if argument is not None)
        if len(known) < len(arguments):
            return self.problem(node, f"{node.path}() takes names and constants only")
        if node.path == "each":
            if len(known) != 1 or not known[0].is_name or not node.attribute:
                return self.problem(node, "each is written so: each(fault).touched")
            entity = str(known[0].value)
            return self._symbol(node, lambda: self._scope.each(entity, node.attribute))
        if node.attribute:
            return self.problem(node, f"{node.path}(...) has no attributes")
        return self._symbol(node, lambda: self._scope.call(node.path, known))

    def _function(self, node: Call) -> tuple[Type, Read]:
        checked = [self.check(part) for part in node.arguments]
        if self.problems:
            return ANY, _nothing
        if len(checked) == 1 and checked[0][0].item is not None and node.path != "abs":
            kind, read = checked[0]
            item = kind.item or ANY
        elif checked and (node.path in ("max", "min") or (node.path == "abs" and len(checked) == 1)):
            reads = [read for _, read in checked]
            item, read = checked[0][0], lambda frame: tuple([read(frame) for read in reads])
            for kind, _ in checked[1:]:
                joined = common(item, kind)
                if joined is None:
                    return self.problem(node, f"{node.path}() cannot mix {item} and {kind}")
                item = joined
        else:
            takes = {"abs": "one number", "len": "a list", "sum": "a list"}.get(
                node.path, "numbers or a list"
            )
            return self.problem(node, f"{node.path}() takes {takes}")
        if node.path == "len":
            return NUMBER, lambda frame: len(listed(read(frame)))
        if item not in QUANTITIES:
            return self.problem(node, f"{node.path}() takes numbers, not {item}")
        fold = {"abs": absolute, "max": largest, "min": smallest, "sum": total}[node.path]
        return item, lambda frame: fold(listed(read(frame)))

    def _unary(self, node: Unary) -> tuple[Type, Read]:
        kind, read = self.check(node.operand)
        if node.sign == "not":
            if common(kind, BOOL) is None:
                return self.problem(node.operand, f"'not' takes a {BOOL}, not a {kind}")
            return BOOL, lambda frame: not read(frame)
        if kind not in QUANTITIES:
            return self.problem(node.operand, f"'-' takes a number, not a {kind}")
        return kind, lambda frame: subtract(0, read(frame))

    def _logic(self, node: Binary) -> tuple[Type, Read]:
        sides = []
        for part in (node.left, node.right):
            kind, read = self.check(part)
            if common(kind, BOOL) is None:
                self.problem(part, f"'{node.sign}' takes a {BOOL}, not a {kind}")
            sides.append(read)
        left, right = sides
        if node.sign == "and":
            return BOOL, lambda frame: bool(left(frame)) and bool(right(frame))
        return BOOL, lambda frame: bool(left(frame)) or bool(right(frame))

    def _arithmetic(self, node: Binary) -> tuple[Type, Read]:
        left, read_left = self.check(node.left)
        right, read_right = self.check(node.right)
        for kind, part in ((left, node.left), (right, node.right)):
            if kind not in QUANTITIES:
                return self.problem(part, f"'{node.sign}' takes numbers, not {kind}")
        result = _result(node.sign, left, right)
        if result is None:
            return self.problem(node, f"{left} {node.sign} {right} makes no sense")
        act = {"+": add, "-": subtract, "*": multiply, "/": divide}[node.sign]
        return result, lambda frame: act(read_left(frame), read_right(frame))

    def _comparison(self, node: Binary) -> tuple[Type, Read]:
        left, read_left = self.check(node.left)
        right, read_right = self.check(node.right)
        self._choices(node.left, node.right)
        self._choices(node.right, node.left)
        if node.sign in ("in", "not in"):
            return self._membership(node, (left, read_left), (right, read_right))
        every = left.item is not None and right.item is None
        inner = (left.item or ANY) if every else left
        kind = common(inner, right)
        if kind is None or (node.sign in _ORDERINGS and kind not in QUANTITIES):
            return self._incomparable(node, inner, right)
        test = _COMPARISONS[node.sign]
        if every:
            return BOOL, lambda frame: all_compare(test, listed(read_left(frame)), read_right(frame))
        if ANY in (inner, right):
            return BOOL, lambda frame: compares(test, read_left(frame), read_right(frame))
        if isinstance(node.right, Constant):  # the usual case, in the innermost loop of judging
            constant = node.right.value
            return BOOL, lambda frame: test(read_left(frame), constant)
        return BOOL, lambda frame: test(read_left(frame), read_right(frame))

    def _membership(self, node: Binary, one: tuple[Type, Read], many: tuple[Type, Read]) -> tuple[Type, Read]:
        (left, read_left), (right, read_right) = one, many
        if right.item is None and right != ANY:
            return self.problem(node.right, f"'in' takes a list, not a {right}")
        if common(left, right.item or ANY) is None:
            return self.problem(node, f"a {left} is never in a {right}")
        wanted = node.sign == "in"
        return BOOL, lambda frame: among(read_left(frame), read_right(frame)) is wanted

    def _incomparable(self, node: Binary, left: Type, right: Type) -> tuple[Type, Read]:
        for one, other, part in ((left, right, node.right), (right, left, node.left)):
            if one == DURATION and other == NUMBER and isinstance(part, Constant):
                number = self._text[part.offset : part.offset + part.length]
                return self.problem(part, f"{number} has no unit; write {number}ms or {number}s")
        return self.problem(node, f"{left} {node.sign} {right} cannot be compared")

    def _choices(self, name: Node, constant: Node) -> None:
        symbol = self.names.get(self._text[name.offset : name.offset + name.length])
        if symbol is None or not symbol.choices:
            return
        for item in constant.items if isinstance(constant, Items) else (constant,):
            if isinstance(item, Constant) and item.type == TEXT and item.value not in symbol.choices:
                word = str(item.value)
                self.problem(
                    item,
                    f"it is never '{word}'",
                    did_you_mean(word, symbol.choices),
                    f"one of {', '.join(symbol.choices)}",
                )


def _part(node: Node, part: str) -> Node:
    if isinstance(node, Call) and part == "argument" and node.arguments:
        return node.arguments[0]
    if isinstance(node, Call) and part == "attribute":
        length = len(node.attribute)
        return Node(node.offset + node.length - length, length)
    if isinstance(node, Call):
        return Node(node.offset, len(node.path))
    return node


def _argument(node: Node) -> Argument | None:
    match node:
        case Name(path=path):
            return Argument(path, is_name=True)
        case Constant(value=value):
            return Argument(value, is_name=False)
    return None


def _result(sign: str, left: Type, right: Type) -> Type | None:
    if sign in ("+", "-"):
        return common(left, right)
    plain = (NUMBER, AMOUNT, ANY)
    if sign == "*":
        if left in plain:
            return right if left == NUMBER or right not in plain else left
        return left if right in plain else None
    if common(left, right) is not None and left not in (AMOUNT, ANY):
        return NUMBER
    return left if right in plain else None


def _nothing(_: object) -> Value:
    return 0
