"""What commands cost on histories of 20 to 10,000 revisions, beside Alembic on a folder created by `alembic init`.

usage: python benchmarks/histories.py [--pairs 5] [--only WORD] [--json FILE] [--growth] [--most 10000]
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from databases import Scratch, scratch_databases
from pairs import ALEMBIC, OURS, Row, Side, cost_of, measure_all, options

REVISION = '''"""Change number {number} of the schema

Revision ID: {own}
Revises: {named}
Create Date: 2026-01-01 10:00:00.000000

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = {own!r}
down_revision: Union[str, Sequence[str], None] = {down}
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table("table_{number}", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("note", sa.String(20)))


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_table("table_{number}")
'''


def write_history(versions: Path, number: int, *, branches: bool = False) -> None:
    """Write revisions with random ids, as Alembic names them.

    Args:
        versions: The folder.
        number: How many.
        branches: After each four, two lines begin, and join three later.
    """
    chosen = random.Random(number)
    ids = [f"{chosen.getrandbits(48):012x}" for _ in range(number)]
    for place, own in enumerate(ids):
        down: tuple[str, ...] = (ids[place - 1],) if place else ()
        if branches and place % 10 == 4:
            down = (ids[place - 2],)
        elif branches and place % 10 == 7:
            down = (ids[place - 1], ids[place - 4])
        text = REVISION.format(
            number=place,
            own=own,
            named=", ".join(down),
            down="None" if not down else repr(down[0]) if len(down) == 1 else repr(down),
        )
        (versions / f"{own}_change_number_{place}.py").write_text(text, encoding="utf-8")


def our_folder(folder: Path, url: str, number: int, *, branches: bool = False) -> Path:
    """Create a project of ellar_db, without settings for a formatter, which `init` writes where ruff is installed."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text(f"[tool.ellar-db]\ndatabase = '{url}'\n", encoding="utf-8")
    cost_of((*OURS, "init"), folder)
    write_history(folder / "migrations" / "versions", number, branches=branches)
    return folder


def their_folder(folder: Path, url: str, number: int, *, branches: bool = False) -> Path:
    """Create a folder with `alembic init`."""
    folder.mkdir()
    cost_of((*ALEMBIC, "init", "migrations"), folder)
    ini = folder / "alembic.ini"
    text = ini.read_text(encoding="utf-8").replace("driver://user:pass@localhost/dbname", url.replace("%", "%%"))
    ini.write_text(text, encoding="utf-8")
    write_history(folder / "migrations" / "versions", number, branches=branches)
    return folder


class Folders:
    """Pairs of folders, each made once.

    Args:
        work: Where they are made.
    """

    def __init__(self, work: Path) -> None:
        self._work = work
        self._made: dict[tuple[int, bool, str], tuple[Path, Path]] = {}

    def pair(self, number: int, *, branches: bool = False, url: str = "") -> tuple[Path, Path]:
        """Return our folder and Alembic's.

        Args:
            number: How many revisions.
            branches: The history has branches and merges.
            url: The database, by default one of SQLite for each folder.
        """
        key = number, branches, url
        if key not in self._made:
            name = f"{number}{'b' if branches else ''}{'s' if url else ''}"
            sides = []
            for kind, make in (("ours", our_folder), ("theirs", their_folder)):
                file = self._work / f"{kind}-{name}.db"
                sides.append(
                    make(
                        self._work / f"{kind}-{name}", url or f"sqlite:///{file.as_posix()}", number, branches=branches
                    )
                )
            self._made[key] = sides[0], sides[1]
        return self._made[key]


def without_caches(folder: Path) -> None:
    """Delete what earlier runs kept of the revisions, except their bytecode, so that Alembic doesn't compile them."""
    for file in (folder / "migrations" / "versions" / "__pycache__").glob("ellar-db-*"):
        file.unlink()


def without_database(folder: Path) -> None:
    """Delete the SQLite database of a folder."""
    folder.with_suffix(".db").unlink(missing_ok=True)


def at_head(ours: Path, theirs: Path) -> None:
    """Make the databases of two folders say that all revisions are applied."""
    for folder in (ours, theirs):
        without_database(folder)
    cost_of((*OURS, "stamp", "heads"), ours)
    cost_of((*ALEMBIC, "stamp", "heads"), theirs)


def rows(folders: Folders, servers: list[Scratch]) -> Iterator[Row]:
    """Yield the rows of the table."""

    def pair(arguments: str, number: int, *, branches: bool = False) -> tuple[Side, Side]:
        ours, theirs = folders.pair(number, branches=branches)
        return Side((*OURS, *arguments.split()), ours), Side((*ALEMBIC, *arguments.split()), theirs)

    yield Row("--help", "alembic", *pair("--help", 20), goal=0.17)
    yield Row("heads, 20 revisions", "alembic", *pair("heads", 20), goal=0.18)
    ours, theirs = pair("heads", 20)
    alone = Side((*ours.command[:1], "-c", "import click, pluggy"), ours.folder)
    yield Row("heads, 20 revisions: the imports of click and pluggy alone", "alembic", alone, theirs)
    ours, theirs = pair("heads", 10_000)
    yield Row("heads, 10,000, cached", "alembic", ours, theirs, goal=0.05)
    first = Side(ours.command, ours.folder, before=partial(without_caches, ours.folder))
    yield Row("heads, 10,000, first", "alembic", first, theirs, goal=0.15)
    ours, theirs = pair("history", 10_000, branches=True)
    yield Row("history with branches, 10,000, cached", "alembic", ours, theirs, goal=0.01)
    first = Side(ours.command, ours.folder, before=partial(without_caches, ours.folder))
    yield Row("history with branches, 10,000, first", "alembic", first, theirs, goal=0.035)
    at_head(*folders.pair(5_000))
    yield Row("current at head, 5,000", "alembic", *pair("current", 5_000), goal=0.15)
    ours, theirs = folders.pair(5_000)
    upgrade = Side((*OURS, "upgrade"), ours), Side((*ALEMBIC, "upgrade", "head"), theirs)
    yield Row("upgrade with nothing to do, 5,000", "alembic", *upgrade, goal=0.35)
    ours, theirs = folders.pair(1_000)
    yield Row(
        "upgrade of 1,000, SQLite",
        "alembic",
        Side((*OURS, "upgrade"), ours, before=partial(without_database, ours)),
        Side((*ALEMBIC, "upgrade", "head"), theirs, before=partial(without_database, theirs)),
        goal=0.60,
    )
    for server in servers:
        ours, theirs = folders.pair(1_000, url=server.url)
        yield Row(
            f"upgrade of 1,000, {server.kind}",
            "alembic",
            Side((*OURS, "upgrade"), ours, before=server.empty),
            Side((*ALEMBIC, "upgrade", "head"), theirs, before=server.empty),
            goal=0.85,
        )
    yield downgrade(folders, 5_000, goal=0.30)


def downgrade(folders: Folders, number: int, goal: float | None = None) -> Row:
    """Return the row of a downgrade of everything, on SQLite."""
    sides = []
    for folder, program in zip(folders.pair(number), (OURS, ALEMBIC), strict=True):
        kept = folder.with_suffix(".full")
        if not kept.exists():
            without_database(folder)
            cost_of((*program, "upgrade", "head"), folder)
            shutil.copy(folder.with_suffix(".db"), kept)
        answer = ("--yes",) if program is OURS else ()
        before = partial(shutil.copy, kept, folder.with_suffix(".db"))
        sides.append(Side((*program, "downgrade", "base", *answer), folder, before=before))
    return Row(f"downgrade base, {number:,}", "alembic", *sides, goal=goal, size=number)


def growth(folders: Folders, most: int) -> Iterator[Row]:
    """Yield rows of growing histories, whose costs are drawn."""
    for number in (each for each in (100, 300, 1_000, 3_000, 10_000) if each <= most):
        ours, theirs = folders.pair(number, branches=True)
        for name in ("heads", "history"):
            yield Row(
                f"{name} with branches, {number:,}",
                "alembic",
                Side((*OURS, name), ours),
                Side((*ALEMBIC, name), theirs),
                size=number,
            )
        at_head(ours, theirs)
        yield Row(
            f"upgrade with nothing to do and branches, {number:,}",
            "alembic",
            Side((*OURS, "upgrade"), ours),
            Side((*ALEMBIC, "upgrade", "head"), theirs),
            size=number,
        )
    for number in (each for each in (100, 300, 1_000) if each <= most):
        yield downgrade(folders, number)


def main() -> int:
    """Print a line for each row.

    Returns:
        1 if a goal was missed, else 0.
    """
    parser = options(__doc__)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--most", type=int, default=10_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, scratch_databases(Path(name), ["postgresql"]) as servers:
        folders = Folders(Path(name))
        return measure_all(growth(folders, given.most) if given.growth else rows(folders, servers), given)


if __name__ == "__main__":
    sys.exit(main())
