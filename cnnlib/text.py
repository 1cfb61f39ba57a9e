"""A registered dataclass and its constructor call as text, each made from the other.

Layers, losses, optimizers, schedules and augmentations are dataclasses of their options. The
text of such an object is its constructor call, ``Conv2d(32, kernel=3)``: what ``repr`` prints,
what a run directory stores and what the architecture editor edits. Reading it back goes through
``ast``: registered names and literals only; nothing is ever evaluated.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import typing
import warnings
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

from cnnlib.errors import SpecificationError
from cnnlib.literals import MAX_NUMBER, WRONG, article, fit, is_too_large, type_name, word

T = TypeVar("T", bound="Described")
MAX_TEXT = 100_000  # characters: far more than a network needs, far less than harms


class Option(NamedTuple):
    """One option of a described class, as an editor shows it."""

    name: str
    type: str
    default: object
    required: bool
    help: str


class Described:
    """Base of the dataclasses that have a text.

    ``class Layer(Described, family="layer")`` opens a family; every dataclass below it is
    registered there under its class name. Classes whose name starts with an underscore are not.
    """

    _family: ClassVar[str] = ""
    _members: ClassVar[dict[str, type[Described]]] = {}
    _known_hints: ClassVar[dict[str, Any]]

    def __init_subclass__(cls, *, family: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if family:
            cls._family = family
            cls._members = {}
        elif not cls.__name__.startswith("_"):
            cls._members[cls.__name__] = cls

    @classmethod
    def options(cls) -> tuple[Option, ...]:
        """The options in the order of the constructor."""
        hints = _hints(cls)
        return tuple(
            Option(
                field.name,
                type_name(hints[field.name]),
                None if _required(field) else _default(field),
                _required(field),
                str(field.metadata.get("help", "")),
            )
            for field in dataclasses.fields(cls)  # type: ignore[arg-type]
        )

    def __repr__(self) -> str:
        words = []
        by_name = False
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if not _required(field):
                by_name = True
                if value == _default(field) and type(value) is type(_default(field)):
                    continue
            words.append(f"{field.name}={word(value)}" if by_name else word(value))
        return f"{type(self).__name__}({', '.join(words)})"


def family(root: type[T]) -> dict[str, type[T]]:
    """The registered classes of a family by name, in the order of their definition."""
    return dict(typing.cast("dict[str, type[T]]", root._members))


def parse(text: str, root: type[T]) -> T:
    """Read one constructor call, such as ``OneCycle(peak=6e-3)``.

    Raises:
        SpecificationError: the text is no such call; it names the line, what was expected and
            what was received.
    """
    found = parse_lines(text, root)
    if len(found) != 1:
        raise SpecificationError(
            f"the {root._family}",
            expected=f"one call, such as {_example(root)}",
            received=f"{len(found)} of them" if found else "nothing",
        )
    return found[0][1]


def parse_lines(text: str, root: type[T]) -> list[tuple[int, T]]:
    """Read constructor calls, one a statement, each with the line on which it begins.

    Blank lines and ``#`` comments are allowed.

    Raises:
        SpecificationError: as ``parse``, for the first call that is wrong.
    """
    return [(node.lineno, build(node, root)) for node in statements(text, root)]


def parse_pipeline(text: str, root: type[T]) -> tuple[T, ...]:
    """Read calls separated by commas, such as ``Shift(2), Noise(0.05)``; nothing gives ()."""
    if not text.strip():
        return ()
    nodes = statements(f"[{text}\n]", root)
    elements = nodes[0].elts if len(nodes) == 1 and isinstance(nodes[0], ast.List) else nodes
    return tuple(build(node, root) for node in elements)


def statements(text: str, root: type[Described]) -> list[ast.expr]:
    """The expressions of a text, one a statement.

    Raises:
        SpecificationError: the text is too long, or is not a sequence of expressions.
    """
    what = f"the {root._family}"
    if len(text) > MAX_TEXT:
        raise SpecificationError(
            what, expected=f"at most {MAX_TEXT:,} characters", received=f"{len(text):,}"
        )
    try:
        with warnings.catch_warnings():  # "1if" and the like are half typed, not worth a warning
            warnings.simplefilter("ignore")
            body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        shown = (getattr(error, "text", None) or "").strip()
        raise SpecificationError(
            f"line {line}" if line else what,
            expected=f"a call such as {_example(root)}",
            received=f"{shown!r}" if shown else str(error),
            line=line,
        ) from None
    for statement in body:
        if not isinstance(statement, ast.Expr):
            raise SpecificationError(
                f"line {statement.lineno}",
                expected=f"a call such as {_example(root)}",
                received=ast.unparse(statement).splitlines()[0][:60],
                line=statement.lineno,
            )
    return [statement.value for statement in body if isinstance(statement, ast.Expr)]


def build(node: ast.expr, root: type[T]) -> T:
    """The object that one parsed call describes.

    Raises:
        SpecificationError: unknown name or option, or a value of the wrong type or out of range.
    """
    line = node.lineno
    if isinstance(node, ast.Name):
        node = ast.Call(node, [], [], lineno=line)  # "ReLU" for "ReLU()"
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        raise SpecificationError(
            f"line {line}",
            expected=f"a call such as {_example(root)}",
            received=ast.unparse(node)[:60],
            line=line,
        )
    name = node.func.id
    members = family(root)
    if name not in members:
        raise SpecificationError(
            f"line {line}",
            expected=f"{article(root._family)} ({', '.join(members)})",
            received=f"{name!r}",
            advice=_did_you_mean(name, members),
            line=line,
        )
    try:
        return members[name](**_arguments(node, members[name], root))
    except SpecificationError as error:
        if error.line is None:
            error.line = line
            if not error.where.startswith("line "):
                error.where = f"line {line}: {error.where}"
        raise


def _arguments(call: ast.Call, cls: type[Described], root: type[Described]) -> dict[str, Any]:
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    hints = _hints(cls)
    where = cls.__name__
    given: dict[str, ast.expr] = {}
    if len(call.args) > len(fields):
        raise SpecificationError(
            where,
            expected=f"at most {len(fields)} values"
            + (f" ({', '.join(fields)})" if fields else ""),
            received=f"{len(call.args)}",
        )
    for field_name, value in zip(fields, call.args, strict=False):
        given[field_name] = value
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg not in fields:
            raise SpecificationError(
                where,
                expected=f"an option among {', '.join(fields)}" if fields else "no option",
                received=f"{keyword.arg or '**'!r}",
                advice=_did_you_mean(keyword.arg or "", fields),
            )
        if keyword.arg in given:
            raise SpecificationError(where, expected=f"{keyword.arg} once", received="it twice")
        given[keyword.arg] = keyword.value
    for field_name, field in fields.items():
        if _required(field) and field_name not in given:
            raise SpecificationError(
                where,
                expected=f"a value for {field_name}",
                received="none",
                advice=f"Write {where}({field_name}=...).",
            )
    return {key: _value(value, hints[key], f"{where}: {key}", root) for key, value in given.items()}


def _value(node: ast.expr, hint: Any, where: str, root: type[Described]) -> Any:
    """The value of one option, checked against the option's type."""
    wanted = _described_in(hint)
    if wanted is not None:
        target = wanted if wanted._members is not root._members else root
        if isinstance(node, ast.List | ast.Tuple):
            return tuple(build(element, target) for element in node.elts)
        if isinstance(node, ast.Call | ast.Name):
            return build(node, target)
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        value = WRONG
    fitted = fit(value, hint)
    if fitted is WRONG:
        raise SpecificationError(
            where,
            expected=type_name(hint),
            received=ast.unparse(node)[:60],
            advice=f"No number may reach {MAX_NUMBER:.1e}." if is_too_large(value) else "",
        )
    return fitted


def _described_in(hint: Any) -> type[Described] | None:
    for choice in (hint, *typing.get_args(hint)):
        if isinstance(choice, type) and issubclass(choice, Described):
            return choice
    return None


def _hints(cls: type[Described]) -> dict[str, Any]:
    if "_known_hints" not in vars(cls):
        cls._known_hints = typing.get_type_hints(cls)
    return cls._known_hints


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _example(root: type[Described]) -> str:
    for cls in family(root).values():
        required = [option.name for option in cls.options() if option.required]
        return f"{cls.__name__}({', '.join(f'{name}=...' for name in required)})"
    return f"{root.__name__}()"


def _did_you_mean(word: str, known: Sequence[str] | dict[str, Any]) -> str:
    folded = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), list(folded), 1, 0.5)
    return f"Did you mean {folded[near[0]]!r}?" if near else ""
