"""The reference page of the functions in `ellar_db.library`, made of their signatures and docstrings."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from types import FunctionType

from docs.generators.docstrings import as_markdown
from ellar_db import library

COMMANDS = {"drift": "check --drift"}
"""The commands of functions with another name."""


def library_page() -> str:
    """Return the page."""
    values = {name: getattr(library, name) for name in library.__all__}
    functions = {name: value for name, value in values.items() if isinstance(value, FunctionType)}
    arguments = {name: values[name] for name in ("Where", "Limiting")}
    results = {name: value for name, value in values.items() if dataclasses.is_dataclass(value)}
    first, _, rest = inspect.cleandoc(library.__doc__ or "").partition("\n\n")
    rows = [
        f"| [`{name}`](#{name}) | `{COMMANDS.get(name, name)}` | {_returns(function)} | {_summary(function)} |"
        for name, function in functions.items()
    ]
    parts = [
        "# Library",
        "Made from `ellar_db/library/` by `make docs`. [Use it as a library](../how-to/use-it-as-a-library.md) has "
        "whole examples.",
        *as_markdown(first),
        *as_markdown(rest),
        "\n".join(["| function | command | returns | in short |", "|---|---|---|---|", *rows]),
    ]
    for name, function in functions.items():
        parts += [f"## {name}", _signature(function), *as_markdown(inspect.getdoc(function) or "")]
    for name, value in {**arguments, **results}.items():
        parts += [f"## {name} (value)", *as_markdown(inspect.getdoc(value) or ""), *_properties(value)]
    return "\n\n".join(parts) + "\n"


def _signature(function: FunctionType) -> str:
    lines = inspect.getsource(function).partition('    """')[0].rstrip()
    return f"```python\n{lines} ...\n```"


def _summary(function: FunctionType) -> str:
    return (inspect.getdoc(function) or "").partition("\n")[0]


def _returns(function: FunctionType) -> str:
    returns = function.__annotations__["return"]
    named = next((name for name in library.__all__ if name in returns.replace("[", " ").replace("]", " ").split()), "")
    # a tuple of any length has a comma after its type
    named = named or next((name for name in library.__all__ if f"[{name}," in returns), "")
    return f"[`{returns}`](#{named.lower()}-value)" if named else f"`{returns}`"


def _properties(kind: type) -> Iterator[str]:
    """Yield what a value has besides its fields."""
    found = {
        name: inspect.cleandoc(value.__doc__ or "").partition("\n")[0]
        for name, value in vars(kind).items()
        if isinstance(value, property) and not name.startswith("_")
    }
    if found:
        yield "Properties:\n\n" + "\n".join(f"- `{name}`: {text}" for name, text in found.items())
