"""A small, total, typed language for expectations and filters. Nothing is ever handed to Python's `eval`."""

from msa_lab.scenario.expressions.check import Compiled, compile_expression, show, show_duration
from msa_lab.scenario.expressions.lexer import InvalidExpression, Problem
from msa_lab.scenario.expressions.scope import Argument, Scope, Symbol, Unresolved
from msa_lab.scenario.expressions.types import (
    AMOUNT,
    ANY,
    BOOL,
    DURATION,
    MONEY,
    NUMBER,
    TEXT,
    Type,
    Value,
    list_of,
)

__all__ = [
    "AMOUNT",
    "ANY",
    "BOOL",
    "DURATION",
    "MONEY",
    "NUMBER",
    "TEXT",
    "Argument",
    "Compiled",
    "InvalidExpression",
    "Problem",
    "Scope",
    "Symbol",
    "Type",
    "Unresolved",
    "Value",
    "compile_expression",
    "list_of",
    "show",
    "show_duration",
]
