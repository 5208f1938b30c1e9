"""Alembic's private names and undocumented behaviour that ellar_db relies on: one function for each."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime
    from importlib.metadata import EntryPoint

    from alembic.autogenerate.api import AutogenContext
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationContext, RevisionStep
    from alembic.script import ScriptDirectory
    from sqlalchemy import Column, Transaction
    from sqlalchemy.types import TypeEngine

ENSURE_VERSION = "ensure-version"

MAKO, HIGHLIGHTING = "mako.exceptions", "mako.ext.pygmentplugin"
"""Mako's module of errors, and the one that it imports for colours."""

COLOURS = {"syntax_highlight", "pygments_html_formatter"}
"""The names that `mako.exceptions` takes from there."""

OF_SEQUENCE = re.compile(r"nextval\('(.+?)'::regclass\)")
"""The default of a column that a sequence numbers, as PostgreSQL writes it."""

REPLACED = "_ellar_db_replaced"
"""Attribute of a function that replaces one of Alembic's: what it is for, and what it replaces."""


def ancestors(script: ScriptDirectory, revisions: str | Iterable[str]) -> set[str]:
    """Return the ids of revisions and of all their ancestors, dependencies included.

    No private name is needed for this: Alembic iterates from one revision to the base. It doesn't do so from several
    at once if one is an ancestor of another, so each is iterated from separately.

    Raises:
        CommandError: A revision isn't in the folder.
    """
    found: set[str] = set()
    for start in script.get_revisions(revisions if isinstance(revisions, str) else tuple(revisions)):
        found.update(each.revision for each in script.iterate_revisions((start.revision,), "base"))
    return found


def create_date(script: ScriptDirectory) -> datetime.datetime:
    """Return the current time as Alembic writes it into a revision, in the time zone of the setting `timezone`.

    `ScriptDirectory._generate_create_date` is needed since Alembic creates the date only while it writes the file, and
    plugins name the file earlier. The fallback is `datetime.now` with `zoneinfo.ZoneInfo(script.timezone)`.
    """
    return script._generate_create_date()


def version_folders(script: ScriptDirectory) -> list[Path]:
    """Return the absolute paths of the folders that contain the revisions.

    `ScriptDirectory._version_locations` is needed since the public `versions` raises an error if there are several
    folders, and `version_locations` has them as written, as in `package:folder`. The fallback is to resolve the latter
    with `alembic.util.coerce_resource_to_filename`, or to use `versions` below `dir` if it is empty.
    """
    return [Path(location) for location in script._version_locations]


def downgrade_steps(script: ScriptDirectory, target: str, heads: tuple[str, ...]) -> list[RevisionStep]:
    """Return the steps that `alembic downgrade` would run.

    `ScriptDirectory._downgrade_revs` is needed for its errors, which are those of the command itself. The fallback is
    `iterate_revisions(heads, target, select_for_downgrade=True)`, whose error messages differ.

    Raises:
        CommandError: The target isn't below the heads.
    """
    return list(script._downgrade_revs(target, heads))  # type: ignore[arg-type]  # as Alembic's own command calls it


def upgrade_steps(script: ScriptDirectory, target: str, heads: tuple[str, ...]) -> list[RevisionStep]:
    """Return the steps that `alembic upgrade` would run.

    `ScriptDirectory._upgrade_revs` is needed for the reason given in `downgrade_steps`. The fallback is
    `iterate_revisions(target, heads, implicit_base=True)` in reverse.

    Raises:
        CommandError: The target isn't above the heads.
    """
    return list(script._upgrade_revs(target, heads))  # type: ignore[arg-type]  # as Alembic's own command calls it


@contextmanager
def recording(around: Callable[[Any], AbstractContextManager[None]]) -> Iterator[None]:
    """Surround each operation that revisions of the block invoke, those of batches included.

    `AbstractOperations.invoke` is public, but replaced on the class, since Alembic makes an object of it for each run
    and for each batch. There is no public fallback.

    Args:
        around: Returns what surrounds an operation; it isn't called with operations that another one invokes.
    """
    from alembic.operations.base import AbstractOperations

    invoke: Any = AbstractOperations.invoke
    depth = 0

    def invoked(operations: Any, operation: Any) -> Any:
        nonlocal depth
        depth += 1
        try:
            with around(operation) if depth == 1 else nullcontext():
                return invoke(operations, operation)
        finally:
            depth -= 1

    with _replaced(AbstractOperations, "invoke", invoked):
        yield


@contextmanager
def without_a_database(
    bind: Any, inspector: Callable[[Any], Any], copied: Callable[[str | None, str], object]
) -> Iterator[None]:
    """Let revisions of the block go on offline where they ask for a connection, or copy a table of SQLite.

    `AbstractOperations.get_bind` and `BatchOperationsImpl.flush` are replaced on their classes, for the reason given in
    `recording`. `sqlalchemy.inspection._inspects` makes `sqlalchemy.inspect` take what isn't SQLAlchemy's own. Without
    them, such a revision ends with an error there.

    Args:
        bind: What revisions get instead of a connection.
        inspector: Returns what `sqlalchemy.inspect` gives of it.
        copied: Called with the schema and the name of each table that would be read and copied.
    """
    from alembic.operations.base import AbstractOperations
    from alembic.operations.batch import BatchOperationsImpl
    from alembic.util import CommandError
    from sqlalchemy import inspection

    flush: Any = BatchOperationsImpl.flush
    with suppress(AttributeError, AssertionError):
        # it refuses a class that is registered already
        inspection._inspects(type(bind))(inspector)

    def flushed(batch: Any) -> None:
        try:
            flush(batch)
        except CommandError:
            if batch.copy_from is not None or not batch.operations.migration_context.as_sql:
                raise
            copied(batch.schema, batch.table_name)

    with (
        _replaced(AbstractOperations, "get_bind", lambda _: bind),
        _replaced(BatchOperationsImpl, "flush", flushed),
    ):
        yield


@contextmanager
def _replaced(owner: Any, name: str, function: Callable[..., Any]) -> Iterator[None]:
    """Replace a method of a class for the block."""
    original = getattr(owner, name)
    setattr(owner, name, function)
    try:
        yield
    finally:
        setattr(owner, name, original)


def run_post_write_hooks(file: Path, hooks: Any) -> None:
    """Run the post-write hooks on a revision file.

    `alembic.script.write_hooks._run_hooks` is needed since Alembic runs them only on the file that it writes, which
    here isn't at its final path yet. There is no public fallback; the hooks could only run before the file is moved.

    Args:
        file: The file.
        hooks: What `Config.get_hooks_list` returned.
    """
    from alembic.script import write_hooks

    write_hooks._run_hooks(str(file), hooks)


def without_output_and_hooks(config: Config) -> None:
    """Make a configuration write revisions silently and without post-write hooks.

    `Config.messaging_opts` and `Config.get_hooks_list` are public, but meant only to be read. They are replaced on
    this one object since the settings behind them must not change for env.py. The fallback is a subclass of `Config`,
    instantiated by the code that makes the configuration.
    """
    replaced: Any = {"messaging_opts": {"quiet": True}, "get_hooks_list": list}
    vars(config).update(replaced)


def keep_comparators(context: AutogenContext, wanted: Callable[[Callable[..., Any]], bool]) -> None:
    """Remove comparison functions from one comparison.

    `PriorityDispatcher._registry` is needed since a dispatcher has no public way to remove functions. The option
    `autogenerate_plugins` of `context.configure` is the public fallback; it names plugins, which must be known before
    the comparison begins.

    Args:
        context: The comparison, which has its own copy of the dispatcher.
        wanted: Returns whether a function is kept.
    """
    for functions in context.comparators._registry.values():
        functions[:] = [one for one in functions if wanted(one[0])]


def know_owned_sequences(context: AutogenContext, read: Callable[[], Mapping[str, str]]) -> None:
    """Let Alembic tell SERIAL columns from others by what is read at once, instead of by a query for each.

    `PostgresqlImpl.autogen_column_reflect` is public, but undocumented, and replaced on one object. The fallback is
    Alembic's own, which is also asked about sequences that weren't read.

    Args:
        context: The comparison.
        read: Returns the column that owns each sequence, by the sequence as the server writes it into a default.
    """
    from sqlalchemy import BIGINT, INTEGER

    impl: Any = context.migration_context.impl
    original = impl.autogen_column_reflect
    known: dict[str, Mapping[str, str]] = {}

    def reflected(inspector: Any, table: Any, column: dict[str, Any]) -> None:
        found = OF_SEQUENCE.match(column.get("default") or "")
        if found is None or not isinstance(column["type"], (INTEGER, BIGINT)):
            return
        if not known:
            known["owners"] = read()
        owner = known["owners"].get(found[1])
        if owner is None:
            original(inspector, table, column)
        elif owner == column["name"]:
            del column["default"]

    vars(impl)["autogen_column_reflect"] = reflected


def read_every_schema_at_once() -> None:
    """Let Alembic read the tables of every schema by a few queries, not only those of the first one.

    `_InspectorConv._pre_cache` stops where something is known already, and so asks for each table of the other schemas:
    2,500 queries for 5 schemas of 60 tables. It is replaced on the class, for good: it changes no answer. The
    fallback is Alembic's own.
    """
    try:
        # the package has another module under this name
        util: Any = import_module("alembic.autogenerate.compare.util")
        # before 1.20 there is another one for SQLAlchemy 1.4
        owner = getattr(util, "_SQLA2InspectorConv", None) or util._InspectorConv
        original = owner._pre_cache
    except (AttributeError, ImportError):
        return

    def pre_cache(self: Any, schema: str | None, names: list[str], there: Any, key: str, method: Any) -> None:
        cache = self.inspector.info_cache
        before = cache.get(key)
        if isinstance(before, dict) and any(place[0] == schema for place in before):
            return
        cache.pop(key, None)
        original(self, schema, names, there, key, method)
        if isinstance(before, dict) and isinstance(cache.get(key), dict):
            cache[key] = {**before, **cache[key]}

    owner._pre_cache = pre_cache


def read_already(inspector: Any, part: str, table: str, schema: str | None) -> list[dict[str, Any]] | None:
    """Return what a comparison has read already of a table's constraints, as the inspector's `get_...` gives it.

    That Alembic keeps it in the inspector's `info_cache`, as `alembic_foreign_keys` for example, is needed since
    SQLAlchemy would ask the database once more. The names, of which Alembic has made `conv`, are texts again. The
    fallback is the inspector.

    Args:
        inspector: The inspector of the comparison.
        part: "foreign_keys" or "unique_constraints".
        table: The table.
        schema: Its schema; None is the default one.

    Returns:
        None if it hasn't been read.
    """
    known = getattr(inspector, "info_cache", {}).get(f"alembic_{part}")
    found = known.get((schema, table)) if isinstance(known, dict) else None
    if found is None:
        return None
    return [{**each, "name": None if each["name"] is None else str(each["name"])} for each in found]


def import_colours_later() -> None:
    """Let Mako, which Alembic needs, import Pygments when something shows an error as a page of HTML.

    Mako imports it for the colours of such pages, as soon as it is imported itself: a twentieth of the time of `ellar
    db`. `_install_highlighting` of `mako.exceptions`, and the names that it sets, are needed to do so later. Nothing
    changes for who uses these names. The fallback is Mako's own way, if it has been imported, or has other names.
    """
    if MAKO not in sys.modules and not any(isinstance(each, _Colours) for each in sys.meta_path):
        sys.meta_path.insert(0, _Colours())


class _Colours:
    """Finds `mako.exceptions`, once, as others do, and runs it without the module that imports Pygments."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of that module, whose loader is changed."""
        if name != MAKO:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None and HIGHLIGHTING not in sys.modules:
            vars(spec.loader)["exec_module"] = partial(_without_colours, spec.loader.exec_module)
        return spec


def _without_colours(run: Callable[[ModuleType], None], module: ModuleType) -> None:
    """Run `mako.exceptions`, and let it set the names for colours when they are first asked for."""
    sys.modules[HIGHLIGHTING] = None  # type: ignore[assignment]  # as Python itself notes that it isn't there
    try:
        run(module)
    finally:
        del sys.modules[HIGHLIGHTING]
    values = vars(module)
    install = values.get("_install_highlighting")
    if install is None or not COLOURS <= values.keys() or "__getattr__" in values:
        run(module)
        return
    for name in COLOURS:
        del values[name]

    def wanted(name: str) -> Any:
        if name not in COLOURS:
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        install()
        return values[name]

    values["__getattr__"] = wanted


def rendered_type(type_: TypeEngine[Any], context: AutogenContext) -> str:
    """Return a type as autogenerate writes it, and add its import to the revision.

    `alembic.autogenerate.render._repr_type` is needed since Alembic calls it itself only for the type of a column, not
    for a replacement. There is no public fallback.
    """
    from alembic.autogenerate.render import _repr_type

    return _repr_type(type_, context)


def rendered_column(column: Column[Any], context: AutogenContext) -> str:
    """Return a column as autogenerate writes it; `render_item` is asked about it as always.

    `alembic.autogenerate.render._render_column` is needed since Alembic leaves the constraints of a column out, and
    `render_item` replaces the whole. There is no public fallback.
    """
    from alembic.autogenerate.render import _render_column

    return _render_column(column, context)


def open_environment() -> EnvironmentContext:
    """Return the environment in which an env.py runs.

    `alembic.context._proxy` is needed since the functions of `alembic.context` expose what Alembic's command passed to
    the environment (`EnvironmentContext.context_opts`) only after it is configured. There is no public fallback.
    """
    from alembic import context

    environment: EnvironmentContext = context._proxy  # type: ignore[attr-defined]
    return environment


def running_environment() -> object:
    """Return the environment in which an env.py runs in this process, in any thread, or None if none does.

    `alembic.context._proxy` is needed since Alembic has one environment for the whole process, and another one that is
    entered meanwhile takes its names away. The fallback is to call `alembic.context.is_offline_mode()`, which raises
    `NameError` if there is none.
    """
    # importing it would slow down who only reads files
    context = sys.modules.get("alembic.context")
    return getattr(context, "_proxy", None)


def command_of(plan: Callable[..., Any]) -> str:
    """Return the name of the command that passed a plan to the environment, such as "upgrade" or "ensure-version".

    That a plan is a function inside of that of `alembic.command` is needed since nothing else in the environment tells
    `ensure_version` from commands that only read, nor `check` from `revision`. There is no public fallback.

    Args:
        plan: The option `fn` of the environment. For one of a program's own, the name of its function is returned.
    """
    outer = str(getattr(plan, "__qualname__", "")).partition(".<locals>")[0]
    # what `history` and `edit` call on their behalf
    return outer.removeprefix("_display_").partition("_w_")[0].replace("_", "-")


def intercept_environments(
    purpose: str,
    around: Callable[[EnvironmentContext], AbstractContextManager[object] | None],
    configure: Callable[[EnvironmentContext, Callable[..., None], dict[str, Any]], None],
) -> None:
    """Call functions around each env.py that Alembic runs from now on, and in place of its `context.configure`.

    `ScriptDirectory.run_env` and `EnvironmentContext.configure` are public, but replaced on their classes, since
    Alembic makes objects of just these classes, whatever the configuration. The fallback is an env.py that calls
    ellar_db.

    Args:
        purpose: What for. Functions for the same purpose are replaced: a package that is imported anew has them anew.
        around: Returns a context in which env.py runs, or None for a command that isn't ours.
        configure: Called with the environment, Alembic's own `configure` and the arguments by their names.
    """
    from functools import wraps
    from inspect import signature

    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    run_env = _without(ScriptDirectory.run_env, purpose)
    original = _without(EnvironmentContext.configure, purpose)
    known = signature(original)

    @wraps(run_env)
    def run(script: ScriptDirectory) -> None:
        with around(open_environment()) or nullcontext():
            run_env(script)

    @wraps(original)
    def configured(environment: EnvironmentContext, *arguments: Any, **options: Any) -> None:
        given = dict(known.bind(environment, *arguments, **options).arguments)
        given.update(given.pop("kw", {}))
        del given["self"]
        configure(environment, partial(original, environment), given)

    vars(run)[REPLACED], vars(configured)[REPLACED] = (purpose, run_env), (purpose, original)
    classes: Any = (ScriptDirectory, EnvironmentContext)
    classes[0].run_env, classes[1].configure = run, configured


def _without(function: Any, purpose: str) -> Any:
    """Return what a function of `intercept_environments` for the purpose replaces, or the function itself if not one.

    A function that somebody else has put around ours with `functools.wraps` has ours' attributes, but wraps ours.
    """
    found, replaced = vars(function).get(REPLACED, (None, None))
    return replaced if found == purpose and function.__wrapped__ is replaced else function


def around_migrations(context: MigrationContext, work: Callable[[Callable[[], None]], None]) -> None:
    """Call a function in place of `MigrationContext.run_migrations`.

    The method is public, but replaced on one object, since env.py calls it through `alembic.context`. There is no
    public fallback.

    Args:
        context: The context that env.py has just configured.
        work: Called with a function that runs the migrations.
    """
    original = context.run_migrations

    def run_migrations(**arguments: Any) -> None:
        work(partial(original, **arguments))

    vars(context)["run_migrations"] = run_migrations


def is_in_external_transaction(context: MigrationContext) -> bool:
    """Return whether the connection was in a transaction when it was passed to Alembic, which then doesn't commit.

    `MigrationContext._in_external_transaction` is needed since it is set when the context is made, and the
    connection's own `in_transaction()` changes later. The fallback is to check the connection before
    `context.configure`.
    """
    return bool(context._in_external_transaction)


def transaction(context: MigrationContext) -> Transaction | None:
    """Return the transaction that Alembic will commit, or None.

    `MigrationContext._transaction` is needed since a revision may end it and begin another one on the same
    connection. There is no public fallback.
    """
    return context._transaction


def replace_transaction(context: MigrationContext, transaction: Transaction) -> None:
    """Make Alembic commit a different transaction from the one that it began.

    `MigrationContext._transaction` is needed for the reason given in `transaction`. There is no public fallback.
    """
    context._transaction = transaction


def batch_copy(table: str) -> str:
    """Return the name of the table to which a batch operation copies a table.

    `ApplyBatchImpl._calc_temp_name` is needed since Alembic documents the name's prefix (`_alembic_tmp_`), but not
    that the name is truncated. The fallback is the documented prefix.
    """
    from alembic.operations.batch import ApplyBatchImpl

    return ApplyBatchImpl._calc_temp_name(table)


def unreadable_revision(frame: FrameType) -> Path | None:
    """Return the file that Alembic was reading as a revision in a frame of a traceback, or None in any other frame.

    The name of `Script._from_path` and its variables `dir_` and `filename` are needed since errors raised while a file
    is imported don't say which file it is. There is no public fallback.
    """
    local = frame.f_locals
    if _place(frame) != ("alembic.script.base", "_from_path") or not {"dir_", "filename"}.issubset(local):
        return None
    return Path(local["dir_"], local["filename"])


def missing_parent(frame: FrameType, error: BaseException) -> Any:
    """Return the id of a parent revision that has no file, or None for any other error.

    The name of `RevisionMap._revision_map` is needed since Alembic raises a bare KeyError that has only the id. There
    is no public fallback.

    Args:
        frame: A frame of the error's traceback.
        error: The error.
    """
    if _place(frame) == ("alembic.script.revision", "_revision_map") and isinstance(error, KeyError):
        return error.args[0]
    return None


def duplicate_revision(frame: FrameType) -> tuple[str, Path, Path] | None:
    """Return the id that two files have, and the files, in the frame in which Alembic warns of them; else None.

    The name of `RevisionMap._revision_map` and its variables `revision` and `map_` are needed since Alembic's warning
    has only the id, and its map keeps only the second file. The fallback is to search the files for the id.

    Args:
        frame: A frame of the warning's stack.
    """
    local = frame.f_locals
    if _place(frame) != ("alembic.script.revision", "_revision_map") or not {"revision", "map_"}.issubset(local):
        return None
    revision = local["revision"]
    other = local["map_"].get(getattr(revision, "revision", None))
    if other is None or other is revision:
        return None
    return revision.revision, Path(other.path), Path(revision.path)


def planning(frame: FrameType) -> tuple[str, MigrationContext, tuple[str, ...]] | None:
    """Return the command that Alembic plans in a frame of a traceback, its context and the database's revisions.

    The variables `rev` and `context` of the functions inside of those in `alembic.command` are needed since Alembic's
    errors about revisions don't say where the database is. There is no public fallback; without them an error has
    only Alembic's own words.

    Args:
        frame: A frame of the error's traceback.
    """
    from alembic.runtime.migration import MigrationContext
    from alembic.util import to_tuple

    local = frame.f_locals
    if frame.f_globals.get("__name__") != "alembic.command" or "rev" not in local:
        return None
    context = local.get("context")
    if not isinstance(context, MigrationContext):
        return None
    return frame.f_code.co_name, context, to_tuple(local["rev"], default=())


def incomplete_revision(frame: FrameType, error: BaseException) -> Path | None:
    """Return the file of a revision that lacks `upgrade()` or `downgrade()`, or None for any other error.

    The variable `revision` of `RevisionStep.__init__` is needed since Alembic raises a bare AttributeError, which names
    the module and not the file. The fallback is to check each module for the functions beforehand.

    Args:
        frame: A frame of the error's traceback.
        error: The error.
    """
    revision = frame.f_locals.get("revision")
    if _place(frame) != ("alembic.runtime.migration", "__init__") or not isinstance(error, AttributeError):
        return None
    return None if revision is None else Path(revision.path)


def running_step(frame: FrameType, error: BaseException) -> Path | None:
    """Return the file of a revision whose function couldn't be called, or None for any other error.

    The variable `step` of `MigrationContext.run_migrations` is needed since the error of a call with wrong arguments
    is raised in Alembic's code. There is no public fallback.

    Args:
        frame: A frame of the error's traceback.
        error: The error.
    """
    step = frame.f_locals.get("step")
    if _place(frame) != ("alembic.runtime.migration", "run_migrations") or not isinstance(error, TypeError):
        return None
    revision = getattr(step, "revision", None)
    return None if revision is None else Path(revision.path)


@contextmanager
def before_script(check: Callable[[ModuleType, Path], None]) -> Iterator[None]:
    """Call a function for each revision file that Alembic has imported, while the context lasts.

    `Script.__init__` is replaced, since Alembic makes its objects of modules itself and then takes each value as it is.
    The fallback is to load the folder once more beforehand.

    Args:
        check: Called with the module and the file's path; it may raise an error.
    """
    from alembic.script import Script

    init = Script.__init__

    def checked(script: Script, module: ModuleType, rev_id: str, path: Any) -> None:
        check(module, Path(path))
        init(script, module, rev_id, path)

    setattr(Script, "__init__", checked)  # noqa: B010  # mypy refuses to assign to a method
    try:
        yield
    finally:
        setattr(Script, "__init__", init)  # noqa: B010


def loads_plugins(frame: FrameType) -> bool:
    """Return whether Alembic loads its own plugins in a frame of a traceback.

    The name of the module `alembic.runtime.plugins` is needed since it loads them at import without catching errors,
    so that `import alembic` raises any error of a plugin. There is no public fallback.
    """
    return frame.f_globals.get("__name__") == "alembic.runtime.plugins"


def plugin_being_loaded(frame: FrameType) -> EntryPoint | None:
    """Return the entry point that Alembic loads or sets up in a frame of a traceback, or None.

    A variable of `alembic.runtime.plugins._setup` is needed since the error doesn't say which plugin raised it. The
    fallback is to load each entry point of the group `alembic.plugins` once more.
    """
    from importlib.metadata import EntryPoint

    if not loads_plugins(frame):
        return None
    return next((value for value in frame.f_locals.values() if isinstance(value, EntryPoint)), None)


def _place(frame: FrameType) -> tuple[str, str]:
    """Return the names of the module and of the function to which a frame belongs."""
    return str(frame.f_globals.get("__name__")), frame.f_code.co_name
