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
    from alembic.config import Config

    from ellar_db.drawing.picture import Picture
    from ellar_db.history.folder import History


@click.command(short_help="Draw the history of revisions.")
@options.environment
@options.databases
@click.option("-r", "--rev-range", help="A revision range; format is [start]:[end].")
@click.option("--offline", is_flag=True, help="Ask no database where it stands.")
@click.option("--mermaid", is_flag=True, help="Write a flowchart of Mermaid.")
@click.option("--dot", is_flag=True, help="Write a graph of Graphviz.")
@click.option(
    "--html", type=click.Path(), metavar="FILE", help="Write a page for a browser to this file; it needs no network."
)
@options.package
def graph(
    directory: Path | None,
    x_arg: tuple[str, ...],
    rev_range: str | None,
    offline: bool,
    mermaid: bool,
    dot: bool,
    html: str | None,
    package: str | None,
    chosen: Selection,
) -> None:
    """Draw the history of revisions, the newest first, and where each database stands.

    With a range, only the application's revisions are drawn, or those of --package. A database that can't be reached is
    left out.
    """
    from ellar_db.config.history import answer, print_texts

    _check(rev_range, html, dot=dot, mermaid=mermaid)
    draw = _dot if dot else _mermaid if mermaid else _terminal

    def lines(revisions: History) -> Iterable[str]:
        from ellar_db.drawing.picture import Picture, pictured

        return draw([Picture(pictured(revisions))])

    def ask() -> None:
        from ellar_db.commands.graph.pictures import pictures_of
        from ellar_db.config.seam import alembic_config

        with alembic_config(directory, x_arg=x_arg, databases=not offline, package=package, chosen=chosen) as config:
            pictures = pictures_of(config, rev_range, offline=offline)
            if html is not None:
                _write_page(config, Path(html), pictures)
                return
        print_texts(draw(pictures), flat=True)

    if offline and rev_range is None and html is None:
        answer(directory, lines, ask, package=package, flat=True)
    else:
        ask()


def _check(rev_range: str | None, html: str | None, **flags: bool) -> None:
    """Refuse what is no range, no file, or several kinds of pictures at once."""
    if rev_range is not None and rev_range.count(":") != 1:
        raise click.BadParameter("a range is [start]:[end], [start]: or :[end]", param_hint="'-r' / '--rev-range'")
    if html == "":
        raise click.BadParameter("a file can't have an empty name", param_hint="'--html'")
    forms = [f"--{name}" for name, given in sorted({**flags, "html": html is not None}.items()) if given]
    if len(forms) > 1:
        raise click.UsageError(f"{' and '.join(forms)} are different kinds of pictures; choose one")


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


def _write_page(config: Config, path: Path, pictures: Sequence[Picture]) -> None:
    """Write a page for a browser."""
    from ellar_db.config.invocation import DATABASES, invocation_of
    from ellar_db.drawing.page import page
    from ellar_db.runtime.offline import write_output

    databases = config.attributes.get(DATABASES, {}).values()
    write_output(path, page(pictures), databases, invocation_of(config).manager, what="the page", option="--html")


def _width() -> int | None:
    """Return the width of the terminal, None if the output goes elsewhere."""
    import shutil
    import sys

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield graph
