"""The callbacks of autogenerate: filters, changes to the directives, names, and no file if nothing changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ellar_db.config.invocation import invocation_of
from ellar_db.plugins.dialects import dialect_of
from ellar_db.revisions.column_types import renderer
from ellar_db.revisions.comparators import PACKAGE_OPTION
from ellar_db.revisions.names import check_id, name_revision
from ellar_db.revisions.ownership import no_version_table, own_in_other_schemas, schemas_of
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.autogenerate import RevisionContext
    from alembic.config import Config
    from alembic.operations.ops import MigrationScript
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    from ellar_db.databases.database import Database
    from ellar_db.dialects.base import Dialect
    from ellar_db.lint.findings import Findings
    from ellar_db.lint.review import Review
    from ellar_db.plugins.manager import PluginManager


log = logging.getLogger("ellar_db")


class Comparison:
    """The options of `context.configure` that shape a comparison.

    Args:
        config: Alembic's configuration.
        manager: The plugins.
        bare: Whether bare Alembic runs, so that the revision has no name yet.
        compares: Whether the command compares at all; if not, nothing is imported for it.
        purpose: What the comparison is for: "check" only looks, "write" writes a revision.
    """

    def __init__(
        self, config: Config, manager: PluginManager, *, bare: bool, compares: bool, purpose: Literal["check", "write"]
    ) -> None:
        self.config = config
        self.manager = manager
        self.bare = bare
        self.compares = compares
        self.purpose = purpose
        # for each hook of a filter, what calls the built-ins if nobody else takes part
        self._built_in: dict[str, list[Callable[[dict[str, Any]], Any]] | None] = {}

    @cached_property
    def findings(self) -> Findings:
        """What the rules of `lint/` find."""
        from ellar_db.lint.findings import Findings

        collected: Findings | None = invocation_of(self.config).findings
        return Findings() if collected is None else collected

    @cached_property
    def review(self) -> Review:
        """The rules, applied to each database's operations.

        Raises:
            DbError: The settings name a rule that isn't there.
        """
        from ellar_db.lint.review import Review

        return Review(self.manager, self.findings, duplicates=invocation_of(self.config).duplicates)

    def add_to(self, options: dict[str, Any], composed: dict[str, list[Any]], database: Database) -> None:
        """Add the filters and the callback for directives.

        Args:
            options: Keyword arguments of `context.configure`, changed in place.
            composed: The callbacks that the application and plugins gave as options.
            database: The database compared.
        """
        objects, names = [no_version_table, *composed["include_object"]], [*composed["include_name"]]
        schemas = schemas_of(options.get("target_metadata"))
        if self.compares and schemas and options.get("include_schemas") is None:
            # Alembic would read none of them, or all
            options["include_schemas"] = True
            names.append(lambda name, type_, _: type_ != "schema" or name is None or name in schemas)
            objects.append(own_in_other_schemas(self._revisions))

        def include_object(object_: Any, name: str | None, type_: Any, reflected: bool, compare_to: Any) -> bool:
            for function in objects:
                if not function(object_, name, type_, reflected, compare_to):
                    return False
            return self._all(
                "ellar_db_include_object",
                database=database,
                object=object_,
                name=name,
                type_=type_,
                reflected=reflected,
                compare_to=compare_to,
            )

        def include_name(name: str | None, type_: Any, parent_names: Any) -> bool:
            for function in names:
                if not function(name, type_, parent_names):
                    return False
            return self._all(
                "ellar_db_include_name", database=database, name=name, type_=type_, parent_names=parent_names
            )

        def process(context: MigrationContext, revision: Any, directives: list[MigrationScript]) -> None:
            for script in directives:
                # Alembic shares one set among all scripts of a process, so the imports of one would leak into others
                script.imports = set(script.imports)
            for function in composed["process_revision_directives"]:
                function(context, revision, directives)
            self.manager.tell(
                "ellar_db_process_revision_directives",
                context=context,
                revision=revision,
                directives=directives,
                database=database,
                purpose=self.purpose,
            )
            self._refuse_nonsense(context, directives)
            if self.purpose == "write" or invocation_of(self.config).shows:
                _refuse_unwritable(context, directives)
                self.review.read(context, directives, database)
            _remember(context, directives, database, dialect_of(self.manager, database))

        options["include_object"] = include_object
        # without a filter Alembic needn't call it for each name
        if names or self.manager.hook.ellar_db_include_name.get_hookimpls():
            options["include_name"] = include_name
        options["process_revision_directives"] = process
        # merged with the highest precedence last
        options["render_item"] = renderer(composed["render_item"][::-1])
        options[PACKAGE_OPTION] = database.package
        if self.compares:
            self._add_comparators(options, dialect_of(self.manager, database))

    def _revisions(self) -> list[Path]:
        """Return the folder's revision files."""
        from alembic.script import ScriptDirectory

        return [Path(each.path) for each in ScriptDirectory.from_config(self.config).walk_revisions()]

    def _add_comparators(self, options: dict[str, Any], dialect: Dialect) -> None:
        """Let the comparisons of `autogenerate/` take part."""
        from ellar_db.autogenerate.comparators.changed_types import type_changed
        from ellar_db.autogenerate.pipeline import enable
        from ellar_db.autogenerate.unwritable import naming_columns

        if options.get("compare_type") is True:
            compare = type_changed if dialect.compare_type is True else dialect.compare_type
            options["compare_type"] = naming_columns(compare) if callable(compare) else compare
        enable()

    def check(self, context: MigrationContext, database: Database) -> None:
        """Refuse to compare a database that has no metadata.

        Raises:
            DbError: It has no metadata.
        """
        revision_context = context.opts.get("revision_context")
        if revision_context is None or not revision_context.command_args["autogenerate"]:
            return
        metadata = context.opts["target_metadata"]
        if metadata is None:
            raise DbError(
                f"the database {database.name!r} has no metadata, and so there is nothing to compare it with; give "
                "metadata=... to EllarDBModule.setup, or metadata in [tool.ellar-db]"
            )
        listed = metadata if isinstance(metadata, Sequence) else [metadata]
        if not any(one.tables for one in listed):
            log.warning("the metadata of the database %r has no tables; are the models imported?", database.name)

    def _refuse_nonsense(self, context: MigrationContext, directives: list[MigrationScript]) -> None:
        """Refuse directives of plugins or the application that can't be written to a file.

        Raises:
            DbError: An item isn't a `MigrationScript`, or its revision id is invalid.
        """
        from alembic.operations.ops import MigrationScript

        for script in directives:
            if not isinstance(script, MigrationScript) or not isinstance(script.imports, set):
                raise DbError(
                    f"process_revision_directives, or the hook of that name, left {script!r} where Alembic's "
                    "MigrationScript belongs, with a set of imports; `ellar-db plugins --hooks` shows who answers it"
                )
            if script.rev_id is not None and context.script is not None:
                check_id(script.rev_id, "process_revision_directives", context.script)

    def _all(self, hook_name: str, **arguments: Any) -> bool:
        """Return whether no plugin's filter returned False; any value but True, False and None is an error."""
        if hook_name not in self._built_in:
            self._built_in[hook_name] = self.manager.built_in_only(hook_name)
        built_in = self._built_in[hook_name]
        if built_in is not None:
            for ask in built_in:
                if ask(arguments) is False:
                    return False
            return True
        for plugin, answer in self.manager.answers(hook_name, **arguments):
            if not isinstance(answer, bool):
                raise plugin.failure(hook_name, TypeError(f"it gave {answer!r}; give True, False or None"))
            if not answer:
                return False
        return True

    def finish(self, revision: RevisionContext, script: ScriptDirectory) -> None:
        """Write no file if nothing changed on any database, tell the findings, and name the files of bare Alembic.

        Args:
            revision: What Alembic is about to write, after all databases were compared.
            script: The folder.

        Raises:
            DbError: An answer was given beforehand to a question that no database raises.
        """
        answers = invocation_of(self.config).answers
        if answers is not None:
            answers.refuse_unused()
        directives = revision.generated_revisions
        found = invocation_of(self.config).found
        if found is not None:
            found([operations for script in directives for operations in script.upgrade_ops_list])
        autogenerate = bool(getattr(self.config.cmd_opts, "autogenerate", False))
        if autogenerate and all(ops.is_empty() for script in directives for ops in script.upgrade_ops_list):
            if directives:
                log.info("No changes in schema detected.")
            directives.clear()
        # a command that collects them tells them itself, once the file is written
        if invocation_of(self.config).findings is None:
            self.findings.tell()
        if not self.bare:
            return
        for directive in directives:
            named = name_revision(
                self.manager,
                script,
                directive.message,
                heads=directive.head or "head",
                autogenerate=autogenerate,
                rev_id=revision.command_args["rev_id"],
                version_path=Path(directive.version_path) if directive.version_path else None,
            )
            directive.rev_id = named.rev_id or directive.rev_id
            if named.filename is not None:
                script.file_template = named.filename.replace("%", "%%")


def _refuse_unwritable(context: MigrationContext, directives: list[MigrationScript]) -> None:
    """Refuse what can't be written of one database.

    Raises:
        DbError: A type can't be written.
    """
    from ellar_db.autogenerate.unwritable import refuse_unwritable
    from ellar_db.autogenerate.words import DATABASE

    if not context.as_sql:
        listed = [operations for script in directives for operations in script.upgrade_ops_list]
        refuse_unwritable(context, [operations for operations in listed if DATABASE not in operations.info])


def _remember(
    context: MigrationContext, directives: list[MigrationScript], database: Database, dialect: Dialect
) -> None:
    """Keep with the operations which database they are for, and what describing them needs."""
    from ellar_db.autogenerate.uncompared import UNCOMPARED, uncompared
    from ellar_db.autogenerate.words import DATABASE, DIALECT

    known = {DATABASE: database.name, DIALECT: context.dialect, UNCOMPARED: uncompared(dialect, context.opts)}
    for script in directives:
        for operations in script.upgrade_ops_list:
            # those of other databases were compared before
            if DATABASE not in operations.info:
                operations.info.update(known)
