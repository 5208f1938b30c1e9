"""The page of the values that hooks get and return, made from their classes."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import sys
import textwrap
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from docs.generators.docstrings import argument_texts, cell, first_sentence, section_as_markdown, sections


def values() -> list[type]:
    """Return the classes, in the order of the page."""
    from ellar_db import Database, Databases, DbError, Dialect, MigrationOptions, Setting
    from ellar_db.databases.limits import Limits
    from ellar_db.hooktypes import (
        Canceller,
        Lock,
        MissingRight,
        PackageMigrations,
        Problem,
        RevisionRequest,
        Rule,
        Run,
    )
    from ellar_db.lint.statements import Statement

    return [
        *(Run, RevisionRequest, Database, Databases, MigrationOptions, Limits, PackageMigrations),
        *(Rule, Problem, Statement, MissingRight, Lock, Canceller, Setting, DbError, Dialect),
    ]


def values_page() -> str:
    """Return the page."""
    described = values()
    rows = [
        f"| [`{value.__name__}`](#{value.__name__.lower()}) | {home(value)} | "
        f"{cell(first_sentence(inspect.getdoc(value) or ''))} |"
        for value in described
    ]
    parts = [
        "# Hook values",
        "What [hooks](hooks.md) get and return. Made from the classes by `make docs`. Whatever `ellar_db` itself has "
        "is imported from there; other modules may move between releases.",
        "\n".join(["| value | from | |", "|---|---|---|", *rows]),
    ]
    for value in described:
        parts += [f"## {value.__name__}", *section(value)]
    return "\n\n".join(parts) + "\n"


def home(value: type) -> str:
    """Return the module from which a value is imported."""
    import ellar_db

    return "`ellar_db`" if getattr(ellar_db, value.__name__, None) is value else f"`{value.__module__}`"


def section(value: type) -> Iterator[str]:
    """Yield the paragraphs about a class: what it is, its fields, what else it has, and an example."""
    docstring = inspect.getdoc(value) or ""
    fields = {each.name: each for each in dataclasses.fields(value)} if dataclasses.is_dataclass(value) else {}
    texts = argument_texts(docstring)
    for title, text in sections(docstring):
        if title == "Args" and fields:
            rows = [row(value, each, texts.get(each.name, "")) for each in fields.values() if each.init]
            yield "\n".join(["| field | type | default | |", "|---|---|---|---|", *rows])
        else:
            yield section_as_markdown(title, text)
    more = list(members(value, fields))
    if more:
        yield "It also has:"
        yield "\n".join(more)


def row(value: type, each: dataclasses.Field[Any], text: str) -> str:
    """Return a field as a row of a table.

    Args:
        value: The class.
        each: The field.
        text: What it is.
    """
    if each.default is not dataclasses.MISSING:
        default = f"`{shown(each.default)}`"
    elif each.default_factory is not dataclasses.MISSING:
        default = f"`{each.default_factory()!r}`"
    else:
        default = "needed"
    named = vars(sys.modules[value.__module__]).get(str(each.type))
    kind = f"Literal{list(get_args(named))!r}" if get_origin(named) is Literal else str(each.type)
    return f"| `{each.name}` | {cell(f'`{kind}`')} | {cell(default)} | {cell(text)} |"


def shown(default: object) -> str:
    """Return a default as in the source."""
    return getattr(default, "__name__", None) or repr(default)


def members(value: type, fields: dict[str, Any]) -> Iterator[str]:
    """Yield the public attributes, properties and methods of a class that aren't fields, in the order of the source."""
    for body in reversed([one for one in value.__mro__ if one.__module__.startswith("ellar_db.")]):
        nodes = ast.parse(textwrap.dedent(inspect.getsource(body))).body[0]
        assert isinstance(nodes, ast.ClassDef)
        for node, following in zip(nodes.body, [*nodes.body[1:], None], strict=True):
            if isinstance(node, ast.FunctionDef):
                name, text = node.name, ast.get_docstring(node) or ""
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                name, text = node.target.id, constant(following)
            else:
                continue
            if name not in fields and text and (not name.startswith("_") or name == "__call__"):
                yield f"- `{signature(node)}`: {first_sentence(text)}"


def constant(node: ast.stmt | None) -> str:
    """Return the text below an attribute, or ""."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return inspect.cleandoc(node.value.value)
    return ""


def signature(node: ast.FunctionDef | ast.AnnAssign) -> str:
    """Return how a property, an attribute or a method is written."""
    if isinstance(node, ast.AnnAssign):
        kind = ast.unparse(node.annotation).removeprefix("ClassVar[").removesuffix("]")
        return f"{ast.unparse(node.target)}: {kind}"
    returns = ast.unparse(node.returns) if node.returns else "None"
    marks = {ast.unparse(mark) for mark in node.decorator_list}
    if marks & {"property", "cached_property"}:
        return f"{node.name}: {returns}"
    if "contextmanager" in marks:
        returns = returns.replace("Iterator", "AbstractContextManager", 1)
    given = ast.unparse(node.args).removeprefix("self").removeprefix("cls").removeprefix(", ")
    return f"{node.name.replace('__call__', '')}({given}) -> {returns}"
