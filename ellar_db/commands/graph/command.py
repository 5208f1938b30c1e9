"""Draw the history of revisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Selection

if TYPE_CHECKING:
    from ellar_db.drawing.picture import Picture
    from ellar_db.history.folder import History


@click.command(short_help="Draw the history of revisions.")
@options.environment
@options.databases
@click.option("-r", "--rev-range", help="A revision range; format is [start]:[end].")
@click.option("--offline", is_flag=True, help="Ask no database where it stands.")
@click.option("--mermaid", is_flag=True, help="Write a flowchart of Mermaid.")
@click.option("--dot", is_flag=True, help="Write a graph of Graphviz.")
@options.package
def graph(
    directory: Path | None,
    x_arg: tuple[str, ...],
    rev_range: str | None,
    offline: bool,
    mermaid: bool,
    dot: bool,
    package: str | None,
    chosen: Selection,
) -> None:
    """Draw the history of revisions, the newest first, and where each database stands.

    With a range, only the application's revisions are drawn, or those
    of --package. A database that can't be reached is left out.
    """
    from ellar_db.config.history import answer, print_texts

    if rev_range is not None and rev_range.count(":") != 1:
        raise click.BadParameter("a range is [start]:[end], [start]: or :[end]", param_hint="'-r' / '--rev-range'")

    if dot and mermaid:
        raise click.UsageError("--dot and --mermaid are two kinds of pictures; choose one")
    draw = _dot if dot else _mermaid if mermaid else _terminal

    def lines(revisions: History) -> Iterable[str]:
        from ellar_db.drawing.picture import Picture, pictured

        return draw([Picture(pictured(revisions))])

    def ask() -> None:
        from ellar_db.commands.graph.pictures import pictures_of
        from ellar_db.config.seam import alembic_config

        with alembic_config(directory, x_arg=x_arg, databases=not offline, package=package, chosen=chosen) as config:
            texts = draw(pictures_of(config, rev_range))
        print_texts(texts, flat=True)

    if offline and rev_range is None:
        answer(directory, lines, ask, package=package, flat=True)
    else:
        ask()


def _terminal(pictures: Sequence[Picture]) -> list[str]:
    """Return the lines of pictures in a terminal."""
    from ellar_db.drawing import terminal

    width = _width()
    texts: list[str] = []
    for picture in pictures:
        texts += [f"{picture.title}:"] if picture.title else []
        texts += terminal.lines(picture, width)
    return texts


def _dot(pictures: Sequence[Picture]) -> list[str]:
    """Return the lines of a graph of Graphviz."""
    from ellar_db.drawing import dot

    return list(dot.lines(pictures))


def _mermaid(pictures: Sequence[Picture]) -> list[str]:
    """Return the lines of a flowchart of Mermaid."""
    from ellar_db.drawing import mermaid
    from ellar_db.util.masking import say

    size = mermaid.size(pictures)
    if size > mermaid.MOST:
        say(
            f"Warning: {size} lines are more than the {mermaid.MOST} that most programs draw of Mermaid; choose a "
            "range with -r, or write --dot",
            err=True,
        )
    return list(mermaid.lines(pictures))


def _width() -> int | None:
    """Return the width of the terminal, None if the output goes elsewhere."""
    import shutil
    import sys

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield graph
