"""Parses an expression by precedence climbing (Pratt, 1973) into a small tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from msa_lab.scenario.expressions.lexer import InvalidExpression, Problem, Token, tokens
from msa_lab.scenario.expressions.types import BOOL, DURATION, MONEY, NUMBER, TEXT, Type, Value

MAX_DEPTH: Final = 32
MAX_OPERATORS: Final = 100
_COMPARISONS: Final = ("==", "!=", "<", "<=", ">", ">=", "in", "not in")
_BINDS: Final = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(_COMPARISONS, 4),
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
}
_NOT, _NEGATE = 3, 7
_LITERALS: Final[dict[str, Type]] = {"number": NUMBER, "duration": DURATION, "money": MONEY, "text": TEXT}
_KEYWORDS: Final = ("and", "or", "not", "in")


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression and where it stands in the text."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """A value written out."""

    value: Value
    type: Type


@dataclass(frozen=True, slots=True)
class Items(Node):
    """A list written out."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Group(Node):
    """What stands in parentheses."""

    inner: Node


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A dotted name."""

    path: str


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A dotted name with arguments; `attribute` follows a closing parenthesis: `each(fault).touched`."""

    path: str
    arguments: tuple[Node, ...]
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`not x` or `-x`."""

    sign: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Two operands and what joins them."""

    sign: str
    left: Node
    right: Node


def parse(text: str) -> Node:
    """Parse an expression whole.

    Raises:
        InvalidExpression: at the first place that does not fit the grammar.
    """
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._position = 0
        self._depth = 0
        self._operators = 0

    def whole(self) -> Node:
        node = self._expression(0)
        if self._next.kind != "end":
            raise self._wrong(f"'{self._next.text}' was not expected here")
        return node

    @property
    def _next(self) -> Token:
        return self._tokens[self._position]

    def _at(self, sign: str) -> bool:
        return self._next.kind == "sign" and self._next.text == sign

    def _take(self) -> Token:
        token = self._next
        self._position += 1
        return token

    def _expression(self, binding: int) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._wrong("this is nested too deep")
        left = self._operand()
        while True:
            sign = self._operator()
            if _BINDS.get(sign, 0) <= binding:
                break
            if sign in _COMPARISONS and isinstance(left, Binary) and left.sign in _COMPARISONS:
                raise self._wrong("compare two at a time", hint="write: a < b and b < c")
            self._operators += 1
            if self._operators > MAX_OPERATORS:
                raise self._wrong(f"an expression has at most {MAX_OPERATORS} operators")
            self._position += 2 if sign == "not in" else 1
            right = self._expression(_BINDS[sign])
            left = Binary(left.offset, right.offset + right.length - left.offset, sign, left, right)
        self._depth -= 1
        return left

    def _operator(self) -> str:
        token = self._next
        if token.kind == "name" and token.text == "not":
            follower = self._tokens[self._position + 1]
            return "not in" if follower.text == "in" and follower.kind == "name" else ""
        return token.text if token.kind in ("sign", "name") else ""

    def _operand(self) -> Node:
        token = self._take()
        if token.kind in _LITERALS:
            return Constant(token.offset, token.length, token.value, _LITERALS[token.kind])
        if token.kind == "name":
            return self._word(token)
        if token.text == "-":
            operand = self._expression(_NEGATE)
            return Unary(token.offset, operand.offset + operand.length - token.offset, "-", operand)
        if token.text == "(" and token.kind == "sign":
            inner = self._expression(0)
            self._expect(")", token)
            return Group(token.offset, self._end - token.offset, inner)
        if token.text == "[" and token.kind == "sign":
            items = self._until("]", token)
            return Items(token.offset, self._end - token.offset, items)
        self._position -= 1
        raise self._wrong(
            "something is missing at the end" if token.kind == "end" else f"'{token.text}' cannot stand here"
        )

    def _word(self, token: Token) -> Node:
        if token.text in ("true", "false"):
            return Constant(token.offset, token.length, token.text == "true", BOOL)
        if token.text == "not":
            operand = self._expression(_NOT)
            return Unary(token.offset, operand.offset + operand.length - token.offset, "not", operand)
        if token.text in _KEYWORDS:
            self._position -= 1
            raise self._wrong(f"'{token.text}' cannot stand here")
        if not self._at("("):
            return Name(token.offset, token.length, token.text)
        arguments = self._until(")", self._take())
        attribute = ""
        if self._at("."):
            self._take()
            if self._next.kind != "name":
                raise self._wrong("a name must follow the dot")
            attribute = self._take().text
        return Call(token.offset, self._end - token.offset, token.text, arguments, attribute)

    def _until(self, closing: str, opening: Token) -> tuple[Node, ...]:
        found: list[Node] = []
        while not self._at(closing):
            if found:
                self._expect(",", opening)
            found.append(self._expression(0))
        self._take()
        return tuple(found)

    def _expect(self, sign: str, opening: Token) -> None:
        if not self._at(sign):
            raise self._wrong(f"'{sign}' is missing after the '{opening.text}'")
        self._take()

    @property
    def _end(self) -> int:
        last = self._tokens[self._position - 1]
        return last.offset + last.length

    def _wrong(self, message: str, hint: str | None = None) -> InvalidExpression:
        token = self._next
        return InvalidExpression(
            self._text, (Problem(message, token.offset, max(1, token.length), hint=hint),)
        )
