"""What an env.py does beyond what templates of migrations folders do, read from its source without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ellar_db.util.errors import DbError, summary

PLACES = {
    "include_object": "the hook ellar_db_include_object of a plugin of the project",
    "include_name": "the hook ellar_db_include_name of a plugin of the project",
    "process_revision_directives": "the hook ellar_db_process_revision_directives of a plugin of the project",
    "get_x_argument": "the hook ellar_db_context_options, with `from alembic import context` in it",
    "sys.path": "prepend_sys_path in alembic.ini",
    "$": "a URL in [tool.ellar-db], as ${NAME}",
}
"""Where code of an env.py goes, by a name in it."""

ELSEWHERE = "[tool.ellar-db.context-configure], or the hook ellar_db_context_options of a plugin of the project"

CALLBACKS = ("include_object", "include_name", "process_revision_directives", "render_item", "on_version_apply")
"""Options of `context.configure` that are functions."""

KNOWN_NAMES = frozenset(
    """USE_TWOPHASE __all__ bind_names config connectable db_names do_run_migrations get_bind_names get_engine
    get_engine_url get_metadata logger main run_async_migrations run_migrations_offline run_migrations_online target_db
    target_metadata writer""".split()
)
"""Names that templates define."""

KNOWN_CALLS = frozenset(
    """AsyncEngine EllarSQLService MetaData MultipleDatabaseAlembicEnvMigration Rewriter RuntimeError
    SingleDatabaseAlembicEnvMigration _sync_connection append async_engine_from_config begin begin_transaction
    begin_twophase bind_names call cast close commit configure connect dict dispose do_run_migrations engine_from_config
    fileConfig get getLogger get_bind_names get_engine get_engine_url get_event_loop get_main_option get_metadata
    get_section get_section_option getattr hasattr info is_empty is_offline_mode isinstance items keys len list main
    open prepare render_as_string replace rollback run run_async_migrations run_migrations run_migrations_offline
    run_migrations_online run_sync run_until_complete set_main_option set_section_option split start str to_metadata
    tometadata values""".split()
)
"""Last parts of the names of functions that templates call."""

KNOWN_OPTIONS = frozenset(
    """connection dialect_opts downgrade_token literal_binds output_buffer target_metadata upgrade_token url""".split()
)
"""Options of `context.configure` that ellar_db sets by itself."""


@dataclass(frozen=True)
class OwnCode:
    """A part of an env.py that no template has.

    Args:
        line: Its line.
        name: The name that was found.
        place: Where such code goes.
    """

    line: int
    name: str
    place: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.name} -> {self.place}"


def own_code(env_py: Path) -> list[OwnCode]:
    """Return what an env.py has of its own, in the order of its lines.

    Args:
        env_py: The file. It isn't run.

    Raises:
        DbError: It can't be read, or isn't Python.
    """
    try:
        tree = ast.parse(env_py.read_bytes())
    except (OSError, SyntaxError, ValueError) as error:
        raise DbError(f"{env_py} can't be read: {summary(error)}") from error
    found: dict[tuple[int, str], OwnCode] = {}
    for line, name in _own_names(tree):
        found.setdefault((line, name), OwnCode(line, name, _place(name)))
    return [found[key] for key in sorted(found)]


def variables(env_py: Path) -> list[str]:
    """Return the environment variables that an env.py reads by their names.

    Args:
        env_py: The file, which must be Python.
    """
    return [name for node in ast.walk(ast.parse(env_py.read_bytes())) if (name := _variable(node))]


def imported_modules(env_py: Path) -> list[str]:
    """Return the modules that an env.py imports, as it names them.

    Args:
        env_py: The file, which must be Python.
    """
    names: list[str] = []
    for node in ast.walk(ast.parse(env_py.read_bytes())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return list(dict.fromkeys(names))


def _place(name: str) -> str:
    return next((place for part, place in PLACES.items() if part in name), ELSEWHERE)


def _own_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            # Flask-Migrate's templates define this one inside of a function
            if node.name not in KNOWN_NAMES and not (node.name in CALLBACKS and node not in tree.body):
                # what is in it goes with it
                yield node.lineno, node.name
                continue
        elif isinstance(node, ast.Call) and _variable(node) is None:
            yield from _of_call(node)
        variable = _variable(node)
        if variable is not None:
            yield node.lineno, f"${variable}"  # type: ignore[attr-defined]  # an expression has a line
        waiting += ast.iter_child_nodes(node)
    for node in tree.body:
        for name in _assigned(node):
            if name not in KNOWN_NAMES:
                yield node.lineno, name


def _variable(node: ast.AST) -> str | None:
    """Return the environment variable that an expression reads, or None."""
    if isinstance(node, ast.Subscript):
        source, key = _dotted(node.value), node.slice
    elif isinstance(node, ast.Call) and node.args:
        source, key = _dotted(node.func), node.args[0]
    else:
        return None
    reads = source in ("environ", "os.environ", "environ.get", "os.environ.get", "getenv", "os.getenv")
    return key.value if reads and isinstance(key, ast.Constant) and isinstance(key.value, str) else None


def _of_call(call: ast.Call) -> Iterator[tuple[int, str]]:
    called = _dotted(call.func)
    if called.rpartition(".")[2] not in KNOWN_CALLS or called.startswith(("sys.", "os.")):
        yield call.lineno, called
    if called.endswith("context.configure"):
        for option in call.keywords:
            if option.arg and option.arg not in KNOWN_OPTIONS and not _is_plain(option.value):
                yield call.lineno, option.arg


def _is_plain(value: ast.expr) -> bool:
    """Return whether an option's value is a constant, or what templates have there."""
    while isinstance(value, ast.Attribute):
        value = value.value
    return isinstance(value, ast.Constant) or (isinstance(value, ast.Name) and value.id in KNOWN_NAMES)


def _assigned(node: ast.stmt) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    for target in targets:
        if isinstance(target, (ast.Name, ast.Attribute)):
            yield _dotted(target)


def _dotted(node: ast.expr) -> str:
    """Return the name of what is called, without what comes before a call or an item."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else node.attr
    return ""
