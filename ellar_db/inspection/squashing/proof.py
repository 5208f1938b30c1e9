"""The proof that one revision does what several did: both are run, and the databases compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.inspection.squashing.old_chain import plant
from ellar_db.inspection.trials.migrations import Migrations, State
from ellar_db.inspection.trials.rows import Tables, changed, gone
from ellar_db.inspection.trials.traces import first_trace
from ellar_db.util.errors import DbError, UnavailableError

if TYPE_CHECKING:
    from ellar_db.inspection.squashing.old_chain import Ground, OldChain
    from ellar_db.revisions.squashing.ranges import Range


CONSTANT = re.compile(
    r" default \(*(?:'(?:[^']|'')*'|[-+]?[\d.]+|true|false|null)\)*(?:::[\w .\[\]\"]+)?\)*(?: |$)", re.IGNORECASE
)
"""A default that is the same in each run."""


def prove(ground: Ground, found: Range, old: OldChain, file: Path, uncompared: Collection[str] | None) -> int:
    """Run one revision up, down and up, and compare the databases with those of the revisions that it replaces.

    Args:
        ground: Where.
        found: The range.
        old: What its revisions did.
        file: The revision in their place.
        uncompared: The tables that stay empty, so that their rows aren't compared; None for all.

    Returns:
        Of how many tables the rows were compared.

    Raises:
        DbError: There is a difference, which is the message, or it can't be run.
    """
    compared = 0
    with ground.below(found) as migrations:
        _compare("what comes before the range isn't the same twice:", old.before, migrations.look())
        if old.rows is not None and uncompared is not None:
            plant(ground, migrations, uncompared)
        script = found.history(file)
        own = Migrations(ground.opened, script, migrations.databases)
        revision = script.get_revision(found.end.revision)
        _run(lambda: own.apply(revision), "its upgrade fails")
        _compare("after its upgrade", old.after, own.look())
        if old.rows is not None and uncompared is not None:
            for name in old.rows:
                problem, count = ground.rows(own, name, partial(_rows_differ, name, old, uncompared))
                if problem:
                    raise DbError(f"{_label(name, old.rows)}after its upgrade {problem}")
                compared += count
        _run(lambda: own.revert(revision), "its downgrade fails")
        _compare("after its downgrade", old.before, own.look())
        _run(lambda: own.apply(revision), "it can't be applied again after its downgrade")
        _compare("after its second upgrade", old.after, own.look())
    return compared


def _run(work: Callable[[], None], problem: str) -> None:
    try:
        work()
    except UnavailableError:
        raise
    except DbError as error:
        raise DbError(f"{problem}: {error.message}") from error


def _compare(when: str, expected: Mapping[str, State], actual: Mapping[str, State]) -> None:
    for name, state in actual.items():
        trace = first_trace(expected[name].schema, state.schema)
        if trace:
            raise DbError(f"{_label(name, actual)}{when} {trace}")
        if expected[name].heads != state.heads:
            raise DbError(f"{_label(name, actual)}{when} the database is at {', '.join(state.heads) or 'base'}")


def _rows_differ(name: str, old: OldChain, uncompared: Collection[str], tables: Tables) -> tuple[str, int]:
    """Return the first difference of the rows, in words, empty if there is none; and how many tables were compared."""
    assert old.rows is not None
    excused = tables.referring(uncompared)

    def is_excused(key: str) -> bool:
        return key.rpartition(".")[2].lower() in excused

    def is_made(key: str, column: str) -> bool:
        # a default such as the time differs from run to run
        definition = old.after[name].schema.get(f"column {key}.{column}", "")
        return is_excused(key) or (" default " in definition and not CONSTANT.search(definition))

    problem = gone(old.rows[name], tables, is_excused) or changed(old.rows[name], tables, is_made)
    compared = sum(rows.count > 0 and not is_excused(key) for key, rows in old.rows[name].items())
    return problem.replace("than before", "than after the old revisions"), compared


def _label(name: str, databases: Collection[str]) -> str:
    return f"{name}: " if len(databases) > 1 else ""
