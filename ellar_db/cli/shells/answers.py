"""The names with which a shell completes a word, as far as files and plugins know them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from click.shell_completion import CompletionItem

from ellar_db.history.text import title
from ellar_db.options import DATABASE, GROUP, PACKAGE, REVISION, RULE, TEMPLATE, TROUBLE, group_options
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.project.folder import from_folder, in_project_folder
from ellar_db.util.errors import in_one_line

if TYPE_CHECKING:
    import click

    from ellar_db.history.folder import History
    from ellar_db.plugins.manager import PluginManager

Found = Iterator[tuple[str, str]]
"""Names, each with a line about it, which may be empty."""


class Asked(NamedTuple):
    """What is asked.

    Args:
        manager: The plugins.
        ctx: The context of the command.
        start: The folder in which the shell is; the working directory is the project's.
        incomplete: The beginning of the word.
    """

    manager: PluginManager
    ctx: click.Context
    start: Path
    incomplete: str


def completed(kind: str, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
    """Return what a word of the command line may become.

    Neither the application nor a database is asked. Whatever goes wrong, there is no answer, and nothing is said: the
    command itself says it.

    Args:
        kind: What the word names, one of `KINDS`.
        ctx: The context of the command.
        incomplete: The beginning of the word.
    """
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
        try:
            with ctx.scope(cleanup=False), in_project_folder() as start:
                return list(_items(incomplete, KINDS[kind](Asked(get_plugin_manager(), ctx, start, incomplete))))
        except Exception:  # files and plugins may raise anything
            return []


def _items(incomplete: str, found: Found) -> Iterator[CompletionItem[str]]:
    for name, line in dict(found).items():
        # what isn't printable could do anything to the terminal
        if name.startswith(incomplete) and name.isprintable():
            yield CompletionItem(name, help=in_one_line(line) or None)


def _revisions(asked: Asked) -> Found:
    """Yield revisions; those of a range after its start, and those of a branch after its label."""
    history = _history(asked)
    before, colon, _ = asked.incomplete.rpartition(":")
    label, at, _ = asked.incomplete[len(before) + len(colon) :].rpartition("@")
    names: Iterable[tuple[str, str]]
    if at:
        names = ((symbol, "") for symbol in ("head", "base"))
    else:
        names = () if history is None else _named(history)
    for name, line in names:
        yield f"{before}{colon}{label}{at}{name}", line


def _named(history: History) -> Found:
    heads = [head.revision for head in history.heads]
    titles = {header.revision: title(header.doc) for header in history.headers}
    yield "head" if len(heads) < 2 else "heads", ", ".join(titles[head] or head for head in heads)
    yield "base", "before the first revision"
    labelled = {label: header.revision for header in history.headers for label in header.labels}
    for label, revision in labelled.items():
        yield label, f"label of {revision}"
        yield f"{label}@head", f"the newest revision of {label}"
    for place in history.newest_first:
        revision = history.headers[place].revision
        yield revision, titles[revision]


def _history(asked: Asked) -> History | None:
    from ellar_db.config.history import plain_history
    from ellar_db.history.folder import History

    package = asked.ctx.params.get("package")
    if isinstance(package, str):
        from ellar_db.config.collection import find_package

        return History([find_package(asked.manager, package).versions])
    directory = asked.ctx.params.get("directory") or group_options().directory
    if directory is not None:
        return plain_history(asked.manager, Path(from_folder(asked.start, directory)))
    found = plain_history(asked.manager, None)
    folder = _in_package() if found is None and asked.manager.settings.ellar else None
    return found if folder is None else plain_history(asked.manager, folder)


def _in_package() -> Path | None:
    """Return the folder of migrations in the package of an Ellar application, which alone knows it, if there is one."""
    from ellar_db.config.folder import DIRECTORY

    found = [file.parent for file in Path().glob(f"*/{DIRECTORY}/env.py")]
    return found[0] if len(found) == 1 else None


def _databases(asked: Asked) -> Found:
    settings = asked.manager.settings
    if "database" in settings.table:
        yield "default", ""
    for name, spec in settings.mapping("databases").items():
        group = spec.get("group") if isinstance(spec, dict) else None
        yield name, f"of the group {group}" if group else ""


def _groups(asked: Asked) -> Found:
    for spec in asked.manager.settings.mapping("databases").values():
        if isinstance(spec, dict) and isinstance(spec.get("group"), str):
            yield spec["group"], ""


def _packages(asked: Asked) -> Found:
    from ellar_db.config.collection import collect_packages

    for name, package in collect_packages(asked.manager).items():
        yield name, package.title


def _templates(asked: Asked) -> Found:
    from ellar_db.revisions.scaffold import synopsis, templates

    for name, template in templates(asked.manager).items():
        yield name, synopsis(template)


def _rules(asked: Asked) -> Found:
    from ellar_db.lint.registry import rules_of

    yield "all", "list all rules"
    for rule in rules_of(asked.manager):
        yield rule.code, rule.title


def _troubles(asked: Asked) -> Found:
    from ellar_db.cli.troubles import titles

    yield from titles().items()


KINDS: dict[str, Callable[[Asked], Found]] = {
    DATABASE: _databases,
    GROUP: _groups,
    PACKAGE: _packages,
    REVISION: _revisions,
    RULE: _rules,
    TEMPLATE: _templates,
    TROUBLE: _troubles,
}
"""Who knows the names, by what they name."""
