"""A folder of ours for one database, or for several, made one for the databases of a group."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.project.origins import OURS, origin_of
from ellar_db.revisions.files import one_writer
from ellar_db.revisions.rewriting.changes import Change, made, text_of
from ellar_db.revisions.scaffold import for_group
from ellar_db.util.errors import DbError
from ellar_db.util.files import shown

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

TEMPLATES = Path(__file__).parents[2] / "templates"

DIRECTIONS = ("upgrade", "downgrade")


@dataclass(frozen=True)
class Grouping:
    """What making a folder one for a group would change.

    Args:
        directory: The folder.
        changes: The changes of files; that of env.py comes last.
    """

    directory: Path
    changes: Sequence[Change]

    def carry_out(self) -> list[Path]:
        """Make the changes, all or none.

        Returns:
            The copies of what was there.

        Raises:
            DbError: A file has changed meanwhile, or can't be written.
        """
        with one_writer(self.directory), made(self.changes) as copies:
            return copies


def grouping(script: ScriptDirectory, group: str) -> Grouping:
    """Return what would make a folder one for a group.

    Args:
        script: The folder.
        group: The group's name.

    Raises:
        DbError: It isn't ellar_db's, its files aren't as `init` and `migrate` write them, or the databases of a folder
            for several differ in what a revision does.
    """
    env_py = Path(script.env_py_location)
    if origin_of(env_py) is not OURS:
        raise DbError("the folder isn't ellar_db's yet; adopt it first, without --group")
    before = text_of(env_py)
    after = for_group(before, group)
    if after is None:
        raise DbError(f"{shown(env_py)} doesn't call run() in a line of its own; write run(group={group!r}) there")
    changes: list[Change] = []
    if "multiple=True" in before:
        changes += _of_revisions(script)
        changes += _of_template(Path(script.dir) / "script.py.mako")
    changes.append(Change(env_py, before, after, f"is for the group {group}"))
    return Grouping(Path(script.dir).absolute(), changes)


def _of_template(mako: Path) -> Iterator[Change]:
    theirs, ours = (TEMPLATES / name / "script.py.mako" for name in ("multi", "single"))
    text = text_of(mako)
    if text.split() != text_of(theirs).split():
        raise DbError(
            f"{shown(mako)} isn't as init --multi writes it; give it upgrade() and downgrade() without a database's "
            f"name, as in {ours}, and let env.py call run(group=...)"
        )
    yield Change(mako, text, text_of(ours), "has one body")


def _of_revisions(script: ScriptDirectory) -> Iterator[Change]:
    texts = {Path(each.path): text_of(Path(each.path)) for each in script.walk_revisions()}
    functions = {path: _functions(path, text) for path, text in texts.items()}
    names = sorted({name for found in functions.values() for _, name in found if name})
    for path, text in texts.items():
        yield Change(path, text, _merged(path, text, functions[path], names), "has one body")


def _functions(path: Path, text: str) -> dict[tuple[str, str], ast.FunctionDef]:
    """Return the functions of a revision by direction and database; the database is empty for what chooses one."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise DbError(f"{shown(path)} can't be compiled: {error.msg} (line {error.lineno})") from error
    found = {}
    for each in tree.body:
        if not isinstance(each, ast.FunctionDef):
            continue
        direction, _, name = each.name.partition("_")
        if direction in DIRECTIONS:
            found[direction, name] = each
    return found


def _merged(path: Path, text: str, functions: Mapping[tuple[str, str], ast.FunctionDef], names: Sequence[str]) -> str:
    """Return the text of a revision with one function for each direction."""
    lines = text.splitlines(keepends=True)
    replaced: dict[int, tuple[int, list[str]]] = {}
    for direction in DIRECTIONS:
        own = {name: functions[direction, name] for name in names if (direction, name) in functions}
        if not own and (direction, "") in functions and not functions[direction, ""].args.args:
            continue
        bodies = {name: _body(function) for name, function in own.items()}
        for name in names:
            # a database without a function was left alone
            bodies.setdefault(name, "Pass()")
        first = names[0] if names else ""
        other = next((name for name in names if bodies[name] != bodies[first]), None)
        if other is not None:
            raise DbError(
                f"{shown(path)} does something else in {direction}_{other}() than in {direction}_{first}(): databases "
                "of a group have the same tables; make their functions equal, if what they did was"
            )
        chooser = functions.get((direction, ""))
        if chooser is None:
            raise DbError(f"{shown(path)} has no {direction}()")
        taken = own.get(first)
        body = lines[taken.body[0].lineno - 1 : taken.end_lineno] if taken is not None else ["    pass\n"]
        if taken is not None and taken.body[0].lineno == taken.lineno:
            raise DbError(f"{shown(path)} has {taken.name}() in one line; give its body lines of its own")
        replaced[chooser.lineno] = chooser.end_lineno or chooser.lineno, [f"def {direction}() -> None:\n", *body]
        replaced.update({each.lineno: (each.end_lineno or each.lineno, []) for each in own.values()})
    return _spaced(lines, replaced)


def _spaced(lines: Sequence[str], replaced: Mapping[int, tuple[int, list[str]]]) -> str:
    """Return lines with some replaced, by their number; what is taken out takes the empty lines before it along."""
    made_: list[str] = []
    number = 1
    while number <= len(lines):
        if number not in replaced:
            made_.append(lines[number - 1])
            number += 1
            continue
        end, instead = replaced[number]
        if not instead:
            while made_ and not made_[-1].strip():
                made_.pop()
        made_ += instead
        number = end + 1
    text = "".join(made_)
    return text if text.endswith("\n") else f"{text}\n"


def _body(function: ast.FunctionDef) -> str:
    """Return what a function does, apart from comments and its docstring."""
    statements = function.body
    if isinstance(statements[0], ast.Expr) and isinstance(getattr(statements[0].value, "value", None), str):
        statements = statements[1:] or [ast.Pass()]
    return "\n".join(ast.dump(each) for each in statements)
