"""What one revision has to do in place of several, and its file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ellar_db.config.invocation import Answers, change_invocation, invocation_of
from ellar_db.config.reports.position import DATABASE_OPTION
from ellar_db.databases.database import Databases
from ellar_db.inspection.squashing.observer import renamed
from ellar_db.inspection.trials.migrations import Migrations
from ellar_db.lint.findings import Findings
from ellar_db.revisions.names import as_docstring, name_revision
from ellar_db.revisions.squashing.statements import EARLY, FUNCTIONS, Objects, Way, way
from ellar_db.util.scripts import own_labels

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import ExecuteSQLOp, MigrateOperation, MigrationScript
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import Connection

    from ellar_db.hooktypes import RevisionRequest
    from ellar_db.inspection.squashing.observer import Statement
    from ellar_db.inspection.squashing.old_chain import Ground, OldChain
    from ellar_db.revisions.squashing.ranges import Range


@dataclass(frozen=True)
class Contents:
    """What a revision has to do on each database besides what a comparison of the tables finds.

    Args:
        up: The statements of the upgrade, by the name of the database.
        down: Those of the downgrade.
        kept: Statements about what nothing compares, which come at the end of the upgrade.
    """

    up: Mapping[str, Way]
    down: Mapping[str, Way]
    kept: Mapping[str, Sequence[str]]


def contents_of(old: OldChain) -> Iterator[Contents]:
    """Yield what the revisions of a range do besides what a comparison of the tables finds.

    Tables may need the functions, or functions the tables: if there are any, either order is yielded.

    Args:
        old: What they did.
    """
    yield _contents_of(old, (*EARLY, *FUNCTIONS))
    if any(kind in FUNCTIONS for each in old.statements.values() for kind in _kinds(each)):
        yield _contents_of(old, EARLY)


def _kinds(statements: Iterable[Statement]) -> Iterator[str]:
    yield from (key[0] for key in Objects(text for each in statements for _, text in each.changes).touched)


def _contents_of(old: OldChain, early: Collection[str]) -> Contents:
    up: dict[str, Way] = {}
    down: dict[str, Way] = {}
    kept: dict[str, list[str]] = {}
    for name, statements in old.statements.items():
        below = [text for each in old.below.get(name, ()) for _, text in each.changes]
        own = [change for each in statements for change in each.changes]
        before, after = Objects(below), Objects(below)
        after.touched.clear()
        after.loose.clear()
        kept[name] = []
        for kind, text in own:
            after.add(text)
            kept[name] += [text] if kind == "kept" else after.loose
            after.loose.clear()
        up[name] = way(before, after, after.touched, early)
        down[name] = way(after, before, after.touched, early)
    return Contents(up, down, kept)


def write_contents(
    ground: Ground, found: Range, old: OldChain, contents: Contents, message: str, folder: Path
) -> tuple[Path, RevisionRequest]:
    """Write the file of one revision in place of several.

    Args:
        ground: Where the databases are compared.
        found: The range.
        old: What its revisions did.
        contents: What they did that no comparison finds.
        message: The revision's message.
        folder: Where the file is written.

    Returns:
        The file, and what plugins were asked for its name.
    """
    with ground.below(found) as migrations:
        _make_early(migrations, contents)
        script = migrations.script
        # of the revisions below, where the range's own ids are free
        named = name_revision(
            invocation_of(ground.config).manager,
            script,
            message.partition("\n")[0],
            heads=_head(found),
            autogenerate=True,
            rev_id=found.end.revision,
        )
        template = script.file_template if named.filename is None else named.filename.replace("%", "%%")
        script.file_template = f"{folder.as_posix().replace('%', '%%')}/{template}"
        script.hooks, script.messaging_opts = [], {"quiet": True}
        models = [replace(each, metadata=old.models[name]) for name, each in migrations.databases.items()]
        own = Migrations(ground.opened, script, Databases(models))
        renames = [each for each in renamed(old.renames) if _is_open(each, old)]
        change_invocation(ground.config, answers=Answers(renames=renames, ask=False, hint=False), findings=Findings())
        try:
            return _generate(own, found, contents, message), named.request
        finally:
            change_invocation(ground.config, answers=None, findings=None)


def _head(found: Range) -> str:
    return found.base.revision if found.base is not None else "base"


def _make_early(migrations: Migrations, contents: Contents) -> None:
    """Make what the tables need, so that a comparison doesn't make it once more with the tables."""
    for name, database in migrations.databases.items():
        statements = contents.up[name].early
        if statements:
            database.transaction(partial(_execute, statements))


def _execute(statements: Sequence[str], connection: Connection) -> None:
    from sqlalchemy import text

    for statement in statements:
        connection.execute(text(statement))


def _is_open(rename: str, old: OldChain) -> bool:
    """Return whether what is renamed is there before the range, and not any more afterwards."""
    before, _, new = rename.partition(":")
    return any(
        any(key.partition(" ")[2] == before for key in old.before[name].schema)
        and not any(key in (f"table {before}", f"column {before}") for key in old.after[name].schema)
        and new
        for name in old.before
    )


def _generate(migrations: Migrations, found: Range, contents: Contents, message: str) -> Path:
    from alembic.autogenerate.api import RevisionContext
    from alembic.runtime.environment import EnvironmentContext

    arguments = {
        "message": as_docstring(message),
        "autogenerate": True,
        "sql": False,
        "head": _head(found),
        "splice": False,
        "branch_label": list(own_labels(found.end)) or None,
        "version_path": None,
        "rev_id": found.end.revision,
        "depends_on": None,
    }

    def complete(context: MigrationContext, _: Any, directives: list[MigrationScript]) -> None:
        name = context.opts[DATABASE_OPTION].name
        for script in directives:
            up, down = script.upgrade_ops_list[-1], script.downgrade_ops_list[-1]
            up.ops[:] = [
                *_operations(contents.up[name].before),
                *up.ops,
                *_operations([*contents.up[name].behind, *contents.kept[name]]),
            ]
            down.ops[:] = [
                *_operations(contents.down[name].before),
                *down.ops,
                *_operations(contents.down[name].behind),
            ]
            made.append(script)

    made: list[MigrationScript] = []
    with migrations.configured() as config:
        context = RevisionContext(config, migrations.script, arguments, process_revision_directives=complete)

        def compare(heads: Any, migration_context: MigrationContext) -> list[Any]:
            context.run_autogenerate(heads, migration_context)
            return []

        with EnvironmentContext(
            config,
            migrations.script,
            fn=compare,
            as_sql=False,
            template_args=context.template_args,
            revision_context=context,
        ):
            migrations.script.run_env()
        # one that does nothing is written too
        context.generated_revisions[:] = made[:1]
        [script] = context.generate_scripts()
    assert script is not None
    return Path(script.path)


def _operations(statements: Sequence[str]) -> list[MigrateOperation]:
    return [_statement()(each) for each in statements]


@cache
def _statement() -> type[ExecuteSQLOp]:
    """Return an operation whose text stays readable in a file."""
    from alembic.autogenerate import renderers
    from alembic.operations import ops

    class Statement(ops.ExecuteSQLOp):
        """A statement as a revision has it."""

    @renderers.dispatch_for(Statement)
    def render(context: AutogenContext, operation: ops.ExecuteSQLOp) -> str:
        text = str(operation.sqltext)
        prefix = context.opts["alembic_module_prefix"] or ""
        if "\n" not in text or '"""' in text or text.endswith('"'):
            return f"{prefix}execute({text!r})"
        return f'{prefix}execute({"r" if chr(92) in text else ""}"""{text}""")'

    return Statement
