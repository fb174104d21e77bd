"""Makes the tree of a claim: Python's parser reads the text, and only whitelisted nodes are converted."""

from __future__ import annotations

import ast
import math
import re
import warnings
from functools import lru_cache

from grok_tui.catalog.base import nearest
from grok_tui.claims.condition import Condition
from grok_tui.claims.functions import ELEMENTWISE, FUNCTIONS, SUMMARIES
from grok_tui.claims.tree import (
    At,
    ClaimError,
    Compare,
    Elementwise,
    Event,
    EventNumber,
    Gain,
    Interval,
    Literal,
    Logic,
    Measure,
    Not,
    Occurrence,
    OverReplicas,
    Quantity,
    Reference,
    Summary,
    Throughout,
    Truth,
)

MAX_LENGTH = 2000
MAX_DEPTH = 50

_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_ORDER = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.In: "in",
}
_DECIMAL = re.compile(r"(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_FOREIGN = re.compile(r"[^\w .,()\[\]<>=!+\-*/]")


@lru_cache(
    maxsize=2**15
)  # more claims than a preset has room for, each asked for its condition again and again
def parse(text: str) -> Condition:
    """Parse a claim's condition and check its kinds; whitespace, line breaks included, counts as one space.

    Raises:
        ClaimError: the text is too long or too deeply nested, is not in the language, names an unknown
            function, or has a number where a curve is needed and the like. Columns count in the tidied text.
    """
    source = " ".join(text.split())
    tree = _python_tree(source)
    parser = _Parser(source)
    root = parser.truth(tree)
    if root.varies:
        raise ClaimError(
            f"'{_short(root.text)}' is true or false at each step, a claim once: use end(...), always(...) or"
            " never(...)"
        )
    pooled = bool(parser.pooled) and len(parser.pooled) == len(parser.references)
    return Condition(source, root, tuple(parser.references), pooled)


def _python_tree(source: str) -> ast.expr:
    if not source:
        raise ClaimError("the condition is empty")
    if len(source) > MAX_LENGTH:
        raise ClaimError(f"the condition has {len(source)} characters; at most {MAX_LENGTH} are allowed")
    if foreign := _FOREIGN.search(source):
        character = foreign.group()
        shown = repr(character) if character.isprintable() else f"U+{ord(character):04X}"
        raise ClaimError(f"{shown} at column {foreign.start() + 1} is not part of the claim language")
    _check_brackets(source)
    try:
        # Warnings of the tokenizer, as for "1in", become syntax errors instead of lines on the terminal.
        with warnings.catch_warnings(action="error"):
            tree = ast.parse(source, mode="eval").body
    except SyntaxError as error:
        column = error.offset or len(source) + 1  # Python gives 0 where the text ends too early
        raise ClaimError(f"syntax error at column {column}: {error.msg}") from None
    except (RecursionError, MemoryError):  # how deep it can go depends on the caller's stack
        raise _too_deep() from None
    _check_depth(tree)
    return tree


def _too_deep() -> ClaimError:
    return ClaimError(f"the condition is nested too deeply; at most {MAX_DEPTH} levels are allowed")


def _check_brackets(source: str) -> None:
    """Refuse deep brackets before Python's parser sees them: it may take exponential time over them."""
    depth = 0
    for character in source:
        depth += (character in "([") - (character in ")]")
        if depth > MAX_DEPTH:
            raise _too_deep()


def _check_depth(tree: ast.expr) -> None:
    level: list[ast.AST] = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if level:
        raise _too_deep()


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


class _Parser:
    """Converts Python's nodes to ours, noting the measures and events in source order."""

    def __init__(self, source: str) -> None:
        self.references: list[Reference] = []
        self.pooled: set[Reference] = set()  # of those, what stands in a function over all replicas
        self._bytes = source.encode()  # the offsets of Python's nodes count bytes

    def text(self, node: ast.expr) -> str:
        return self._bytes[node.col_offset : node.end_col_offset].decode()

    def error(self, node: ast.expr, problem: str) -> ClaimError:
        return ClaimError(f"'{_short(self.text(node))}' {problem}")

    def truth(self, node: ast.expr) -> Truth:
        match node:
            case ast.BoolOp(op, values):
                operator = "and" if isinstance(op, ast.And) else "or"
                return Logic(operator, tuple(self.truth(value) for value in values), self.text(node))
            case ast.UnaryOp(ast.Not(), operand):
                return Not(self.truth(operand), self.text(node))
            case ast.Compare():
                return self.comparison(node)
            case ast.Call(ast.Name("never" | "always" as quantifier)):
                (argument,) = self.arguments(node, quantifier)
                return Throughout(quantifier, self.happening(argument, quantifier), self.text(node))
            case _:
                kind = "curve" if self.quantity(node).varies else "number"
                raise self.error(
                    node, f"is a {kind} where a comparison is needed, such as x < 1 or x in [0, 1]"
                )

    def comparison(self, node: ast.Compare) -> Truth:
        left = self.quantity(node.left)
        parts: list[Truth] = []
        for index, (operation, right_node) in enumerate(zip(node.ops, node.comparators, strict=True)):
            operator = _ORDER.get(type(operation))
            if operator is None:
                known = ", ".join(_ORDER.values())
                raise self.error(
                    node, f"uses an operator that is not part of the claim language; valid: {known}"
                )
            if operator != "in":
                right = self.quantity(right_node)
                parts.append(Compare(left, operator, right))
                left = right
                continue
            parts.append(Compare(left, operator, self.interval(right_node)))
            if index + 1 < len(node.ops):
                raise self.error(
                    node, "compares an interval; nothing may follow 'in [low, high]' but and, or"
                )
        return parts[0] if len(parts) == 1 else Logic("and", tuple(parts), self.text(node))

    def interval(self, node: ast.expr) -> Interval:
        if not isinstance(node, ast.List) or len(node.elts) != 2:
            raise self.error(node, "is not an interval; write 'in [low, high]'")
        low, high = (self.quantity(element) for element in node.elts)
        if isinstance(low, Literal) and isinstance(high, Literal) and low.value > high.value:
            raise self.error(node, "is an empty interval: its low end is above its high end")
        return Interval(low, high, self.text(node))

    def quantity(self, node: ast.expr) -> Quantity:
        match node:
            case ast.Constant():
                return self.literal(node, 1)
            case ast.UnaryOp(ast.USub(), ast.Constant() as constant):
                return self.literal(constant, -1, self.text(node))
            case ast.UnaryOp(ast.USub(), operand):
                return Elementwise("negative", (self.quantity(operand),), self.text(node))
            case ast.BinOp(left, operation, right) if type(operation) in _ARITHMETIC:
                operands = (self.quantity(left), self.quantity(right))
                return Elementwise(_ARITHMETIC[type(operation)], operands, self.text(node))
            case ast.Attribute(ast.Name(arm), name):
                measure = Measure(arm, name, self.text(node))
                self.references.append(measure)
                return measure
            case ast.Attribute(ast.Attribute(ast.Name(arm), name), number):
                event_number = EventNumber(arm, name, number, self.text(node))
                self.references.append(event_number)
                return event_number
            case ast.Call(ast.Name(function)) if function not in ("never", "always"):
                return self.call(node, function)
            case ast.Name(name) if name in FUNCTIONS:
                raise self.error(node, f"is a function; write {FUNCTIONS[name].usage}")
            case ast.Attribute():
                raise self.error(node, "is not of the form arm.measure or arm.event.number")
            case ast.Name():
                raise self.error(node, "stands alone; write arm.measure")
            case ast.List():
                raise self.error(node, "is out of place; an interval belongs after 'in'")
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(ast.Not()) | ast.Call(ast.Name()):
                raise self.error(node, "is true or false where a number or a curve is needed")
            case _:
                raise self.error(node, "is not part of the claim language")

    def literal(self, node: ast.Constant, sign: int, text: str = "") -> Literal:
        if type(node.value) not in (int, float):
            raise self.error(node, "is not a number")
        if not _DECIMAL.fullmatch(self.text(node)):
            raise self.error(node, "is no decimal number, such as 31 or 1e-3")
        try:
            value = sign * float(node.value)  # type: ignore[arg-type]  # typeshed's union; checked above
        except OverflowError:
            value = math.inf
        if math.isinf(value):
            raise self.error(node, "is too large a number")
        return Literal(value, text or self.text(node))

    def call(self, node: ast.Call, function: str) -> Quantity:
        arguments = self.arguments(node, function)
        text = self.text(node)
        if function in ELEMENTWISE:
            return Elementwise(function, tuple(self.quantity(argument) for argument in arguments), text)
        if function in SUMMARIES:
            curve = self.curve(arguments[0], function)
            window = tuple(self.number(argument, function) for argument in arguments[1:])
            return Summary(function, curve, window, text)
        if function == "median_over_replicas":
            before = len(self.references)
            number = self.number(arguments[0], function)
            self.pooled.update(self.references[before:])
            return OverReplicas(number, text)
        if function == "at":
            step = self.number(arguments[0], function)
            return At(step, self.curve(arguments[1], function), text)
        if function == "gain":
            curve, event = self.curve(arguments[0], function), self.event(arguments[1], function)
            return Gain(curve, event, self.number(arguments[2], function), text)
        of = self.happening(arguments[0], function)
        since = self.number(arguments[1], function) if len(arguments) > 1 else None
        return Occurrence(function, of, text, since)

    def arguments(self, node: ast.Call, function: str) -> list[ast.expr]:
        if function not in FUNCTIONS:
            raise ClaimError(f"unknown function '{function}'{nearest(function, list(FUNCTIONS))}")
        known = FUNCTIONS[function]
        starred = any(isinstance(argument, ast.Starred) for argument in node.args)
        if node.keywords or starred or not known.least <= len(node.args) <= known.most:
            raise self.error(node, f"does not fit {known.usage}")
        return node.args

    def number(self, node: ast.expr, function: str) -> Quantity:
        quantity = self.quantity(node)
        if quantity.varies:
            raise self.error(
                node, f"is a curve where {FUNCTIONS[function].usage} needs a number, such as end(...)"
            )
        return quantity

    def curve(self, node: ast.expr, function: str) -> Quantity:
        quantity = self.quantity(node)
        if not quantity.varies:
            raise self.error(
                node, f"is a number where {FUNCTIONS[function].usage} needs a curve, such as arm.measure"
            )
        return quantity

    def happening(self, node: ast.expr, function: str) -> Truth | Event:
        """Convert what may happen at some step: a bare `arm.name` is an event here, all else a condition."""
        bare = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if function == "count" or (bare and function not in ("always", "share")):
            return self.event(node, function)
        condition = self.truth(node)
        if not condition.varies:
            usage = FUNCTIONS[function].usage
            raise self.error(node, f"does not change from step to step; write {usage}")
        return condition

    def event(self, node: ast.expr, function: str) -> Event:
        match node:
            case ast.Attribute(ast.Name(arm), name):
                event = Event(arm, name, self.text(node))
                self.references.append(event)
                return event
        raise self.error(node, f"is not an event; write {FUNCTIONS[function].usage}")
