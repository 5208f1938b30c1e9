"""Generate the reference pages in this folder from the code.

usage: python -m docs.generate [--check]   (--check writes nothing and fails if a page is stale)
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click

from docs.generators.docstrings import as_markdown, flowed
from docs.generators.documents import documents_page
from docs.generators.exit_codes import exit_codes_page
from docs.generators.floors import floors_picture
from docs.generators.library import library_page
from docs.generators.options import options_page
from docs.generators.values import values_page

FOLDER = Path(__file__).parent
WIDTH = 80


def commands_page() -> str:
    """Return the page of all commands: what `--help` prints, 80 columns wide."""
    # installed plugins aren't part of the reference; the group reads this when it first needs its commands
    os.environ["ELLAR_DB_LOAD_PLUGINS"] = ""
    from ellar_db.cli import db

    # `ellar` itself: child contexts inherit the width of the outermost one
    ellar = click.Context(click.Group("ellar"), info_name="ellar", terminal_width=WIDTH, max_content_width=WIDTH)
    group = click.Context(db, info_name="db", parent=ellar, **db.context_settings)
    parts = [
        "# Commands",
        "Made from the program's own `--help` by `make docs`. Without an application, write `ellar-db` instead of "
        "`ellar db`. Options of the group stand before the command's name; `-d` and `-x` may stand in both places. "
        "[Exit codes](exit-codes.md) has what they mean.",
        help_text("ellar db", db, group),
    ]
    parts += subcommands(db, group)
    return "\n\n".join(parts) + "\n"


def subcommands(group: click.Group, ctx: click.Context, typed: str = "") -> Iterator[str]:
    """Yield the sections of a group's commands, each followed by those of its subcommands."""
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=ctx)
        path = f"{typed} {name}".strip()
        yield f"## {path}"
        yield help_text(f"ellar db {path}", command, inner)
        if isinstance(command, click.Group):
            yield from subcommands(command, inner, path)


def help_text(typed: str, command: click.Command, ctx: click.Context) -> str:
    """Return a command's help as a code block."""
    return f"```console\n$ {typed} --help\n{command.get_help(ctx)}\n```"


def hooks_page() -> str:
    """Return the page of all hooks, their signatures and docstrings."""
    from ellar_db import hookspecs

    source = inspect.getsource(hookspecs)
    functions = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith(f"{hookspecs.PROJECT}_")
    ]
    rows = [f"| [`{node.name}`](#{node.name}) | {answers(node)} | {summary(node)} |" for node in functions]
    introduction = inspect.cleandoc(hookspecs.__doc__ or "").partition("\n\n")[2]
    parts = [
        "# Hooks",
        "Made from `ellar_db/hookspecs.py` by `make docs`. [Write a plugin](../how-to/write-a-plugin.md) starts from "
        "nothing. [Hook values](values.md) describes what hooks get and return.",
        flowed(introduction),
        "\n".join(["| hook | of several answers | in short |", "|---|---|---|", *rows]),
    ]
    for node in functions:
        parts += [f"## {node.name}", *described(node, source)]
    return "\n\n".join(parts) + "\n"


def answers(node: ast.FunctionDef) -> str:
    """Return how the answers of several plugins to a hook are combined."""
    if "wrapper" in summary(node):
        return "each wraps the next"
    marks = {keyword.arg for mark in node.decorator_list if isinstance(mark, ast.Call) for keyword in mark.keywords}
    if "firstresult" in marks:
        return "the first counts"
    returns = ast.unparse(node.returns) if node.returns else "None"
    if returns == "None":
        return "none is wanted"
    return "one False decides" if returns == "bool | None" else "all count"


def summary(node: ast.FunctionDef) -> str:
    """Return the first line of a hook's docstring."""
    return (ast.get_docstring(node) or "").partition("\n")[0].replace("|", "\\|")


def described(node: ast.FunctionDef, source: str) -> Iterator[str]:
    """Yield a hook's signature as in the source, and its docstring as Markdown."""
    lines = source.splitlines()[node.lineno - 1 : node.body[0].lineno - 1]
    yield "```python\n" + "\n".join(lines) + " ...\n```"
    yield from as_markdown(ast.get_docstring(node) or "")


def rules_page() -> str:
    """Return the page that lists the rules."""
    rows = [f"| [{rule.code}]({rule.code}.md) | {rule.title} | {databases_of(rule)} |" for rule in all_rules()]
    parts = [
        "# Rules",
        "Made from `ellar_db/lint/rules/` by `make docs`. `lint` applies all of them. `migrate` and `revision "
        "--autogenerate` apply those about operations and statements to each revision that they write, `plan` to those "
        "that it would run. [Review a revision](../../how-to/review-a-revision.md) says how to use them.",
        "The second part of a code is its subject: 1 what is lost, 2 what fails, 3 who waits, 4 types, 5 the release "
        "that runs meanwhile, 6 the revision itself.",
        "\n".join(["| code | what it finds | databases |", "|---|---|---|", *rows]),
    ]
    return "\n\n".join(parts) + "\n"


def rule_page(rule: Any) -> str:
    """Return the page of a rule."""
    parts = [
        f"# {rule.code} {rule.title}",
        rule.why,
        f"What to do: {rule.fix[0].lower()}{rule.fix[1:]}",
        *(
            f"{title}\n\n```python\n{code}\n```"
            for title, code in (("Found in:", rule.bad), ("Instead:", rule.good))
            if code
        ),
        f"Databases: {databases_of(rule)}.",
        f"Where it is no problem, a comment at the line or above it says why: `# ellar-db: {rule.code} the reason`. "
        "[Review a revision](../../how-to/review-a-revision.md) has other ways. [All rules](README.md).",
    ]
    return "\n\n".join(parts) + "\n"


def all_rules() -> Any:
    """Return the rules that are built in."""
    from ellar_db.lint.registry import RULES

    return RULES


def databases_of(rule: Any) -> str:
    """Return the kinds of databases to which a rule applies."""
    from ellar_db.dialects.mysql import MySQL
    from ellar_db.dialects.postgresql import PostgreSQL
    from ellar_db.dialects.sqlite import SQLite

    kinds = {"PostgreSQL": PostgreSQL(), "SQLite": SQLite(), "MySQL and MariaDB": MySQL()}
    return ", ".join(name for name, dialect in kinds.items() if rule.applies(dialect))


def migrate_page() -> str:
    """Return the page of what `migrate` sees: the corpus of features, with the results that are stored beside it."""
    sys.path.insert(0, str(FOLDER.parent))
    from benchmarks.measure.report import page

    results = FOLDER.parent / "benchmarks" / "results" / "fidelity.json"
    return page(json.loads(results.read_text(encoding="utf-8")))


def lint_page() -> str:
    """Return the page of what `lint` sees: the corpus of revisions, with the results that are stored beside it."""
    sys.path.insert(0, str(FOLDER.parent))
    from benchmarks.lint_corpus.report import page

    results = FOLDER.parent / "benchmarks" / "results" / "lint.json"
    return page(json.loads(results.read_text(encoding="utf-8")))


def settings_schema() -> str:
    """Return the JSON schema of the settings, for editors."""
    from ellar_db.project.keys import schema

    return json.dumps(schema(), indent=2) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "pictures/floors.svg": floors_picture,
    "reference/commands.md": commands_page,
    "reference/exit-codes.md": exit_codes_page,
    "reference/hooks.md": hooks_page,
    "reference/library.md": library_page,
    "reference/json.md": documents_page,
    "reference/options.md": options_page,
    "reference/rules/README.md": rules_page,
    **{f"reference/rules/{rule.code}.md": partial(rule_page, rule) for rule in all_rules()},
    "reference/schemas/settings.json": settings_schema,
    "reference/values.md": values_page,
    "reference/what-lint-sees.md": lint_page,
    "reference/what-migrate-sees.md": migrate_page,
}


def main() -> int:
    """Write the pages, or with `--check` compare them.

    Returns:
        1 if a page is stale, else 0.
    """
    stale = []
    for name, make in PAGES.items():
        page = FOLDER / name
        text = make()
        if page.is_file() and page.read_text(encoding="utf-8") == text:
            continue
        if "--check" in sys.argv[1:]:
            stale.append(name)
        else:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote {page}")
    for name in stale:
        print(f"docs/{name} is stale; `make docs` writes it anew", file=sys.stderr)
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
