"""The page of `ellar_db.options`: the decorators, and what each adds to a command's help."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import click

from docs.generators.docstrings import as_markdown, cell, first_sentence

RANGE = re.compile(r"\s*\[(?:\d+<=)?x[<>]=\d+\]")
"""What click says of numbers that a metavar names already."""

EXAMPLE = """\
import click

from ellar_db import alembic_config, hookimpl, options


@click.command(short_help="Count the revisions.")
@options.environment
@options.databases
def count(directory, x_arg, chosen):
    with alembic_config(directory, x_arg=x_arg, chosen=chosen) as config:
        click.echo(f"{len(config.attributes['databases'])} database(s)")


@hookimpl
def ellar_db_register_commands():
    yield count"""


def options_page() -> str:
    """Return the page."""
    from ellar_db import options

    known = list(decorators())
    rows = []
    for name, function in known:
        rows += [f"| `@options.{name}` | {cell(flag)} | {cell(text)} |" for flag, text in added(function)]
    types = [options.Revision, options.Named, options.Rename, options.Fill, options.Seconds, options.ShardType]
    kinds = [f"| `{kind.__name__}` | {cell(first_sentence(inspect.getdoc(kind) or ''))} |" for kind in types]
    parts = [
        "# Options for commands of plugins",
        "`ellar_db.options` has the options that the built-in commands share, so that those of a plugin have the same "
        "names and texts. Made from the module by `make docs`. [Write a plugin](../how-to/write-a-plugin.md) has a "
        "command from the beginning.",
        f"```python\n{EXAMPLE}\n```",
        "## Decorators",
        "\n".join(["| decorator | adds | help |", "|---|---|---|", *rows]),
    ]
    said = [
        f"- `{name}`: {text}"
        for name, function in known
        if "`" in (text := first_sentence(inspect.getdoc(function) or "")) and "which" in text
    ]
    parts += ["Some of them do more than to hand on a value:", "\n".join(said)]
    parts += [
        "## Types",
        'For options and arguments of your own, as in `click.option("--since", type=options.Revision())`. Shells '
        "[complete](../how-to/completion.md) what has one of the first two.",
        "\n".join(["| type | value |", "|---|---|", *kinds]),
    ]
    for value in (options.Selection, options.Which, options.Many, options.GroupOptions):
        parts += [f"## {value.__name__}", *as_markdown(inspect.getdoc(value) or "")]
    parts += ["## Functions"]
    for function in (options.group_options, options.as_typed, options.sql_output, options.tracebacks_wanted):
        written = f"{function.__name__}{inspect.signature(function)}".replace("'", "")
        parts += [f"`{written}`", *as_markdown(inspect.getdoc(function) or "")]
    return "\n\n".join(parts) + "\n"


def decorators() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the functions of the module that add options to a function, in its order."""
    from ellar_db import options

    for name, function in vars(options).items():
        if inspect.isfunction(function) and not name.startswith("_") and function.__module__ == options.__name__:
            given = list(inspect.signature(function).parameters.values())
            if len(given) == 1 and given[0].annotation == "F":
                yield name, function


def added(decorator: Callable[..., Any]) -> Iterator[tuple[str, str]]:
    """Yield the options that a decorator adds, each as `--help` writes it, with its text."""

    def command(**_: Any) -> None:
        """Take any option."""

    made = click.command("command")(decorator(command))
    ctx = click.Context(made)
    for parameter in made.params:
        record = parameter.get_help_record(ctx)
        if record is not None:
            yield f"`{record[0]}`", RANGE.sub("", record[1])
