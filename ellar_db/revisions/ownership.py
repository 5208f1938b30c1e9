"""Ownership of tables: autogenerate ignores tables that belong to others."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ellar_db.config.collection import collect_packages
from ellar_db.databases.database import Database
from ellar_db.hooktypes import PREFIX, PackageMigrations
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from ellar_db.plugins.manager import PluginManager


TableName: TypeAlias = tuple[str | None, str]
"""A table's schema, None for the default one, and its name."""

VERSION_TABLE = re.compile(r"alembic_versions?(?:_.*)?", re.DOTALL)
"""Usual names of version tables."""

NAMES = {"create_table": 0, "rename_table": 1}
"""Operations that name a table, and the position of that argument."""


def own_tables_only(manager: PluginManager, database: Database) -> Callable[..., bool]:
    """Return the `include_object` for comparing the application without the packages, or one package.

    Args:
        manager: The plugins.
        database: The database; `Database.package` says whose comparison it is.

    Raises:
        DbError: A package supplies the application's metadata as its own.
    """
    packages = collect_packages(manager)
    if database.package:
        own = set(tables_of(packages[database.package]))
        return lambda object_, name, type_, *_: type_ != "table" or (object_.schema, name) in own
    there = [package for package in packages.values() if database.name in package.databases]
    version_tables = {package.version_table for package in there}
    others: set[TableName] = set()
    for package in there:
        _refuse_shared(package, database)
        others.update(tables_of(package))

    def include(object_: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
        if type_ != "table":
            return True
        # the version table of an uninstalled package is kept too: it shows what is left of the package
        versions = str(name).startswith(PREFIX) or name in version_tables
        return not (versions and reflected and compare_to is None) and (object_.schema, name) not in others

    return include


def no_version_table(object_: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
    """Return False for a version table of anybody's that the models don't have; an `include_object`.

    Other programs migrate in the same database, with version tables of other names or in other schemas.
    """
    if type_ != "table" or not reflected or compare_to is not None:
        return True
    return not (VERSION_TABLE.fullmatch(str(name)) or [column.name for column in object_.columns] == ["version_num"])


def schemas_of(metadata: Any) -> frozenset[str]:
    """Return the schemas that models name.

    Args:
        metadata: A MetaData, a list of these, or None.
    """
    listed = metadata if isinstance(metadata, Sequence) else [metadata]
    tables = (table for one in listed for table in getattr(one, "tables", {}).values())
    return frozenset(str(table.schema) for table in tables if table.schema)


def own_in_other_schemas(revisions: Callable[[], Iterable[Path]]) -> Callable[..., bool]:
    """Return the `include_object` for comparing schemas that the application may share with others.

    A table there that isn't in the models was the application's if one of its revisions has made it.

    Args:
        revisions: Returns the folder's revision files; only called if there is such a table.
    """

    @cache
    def made() -> frozenset[TableName]:
        return frozenset(name for file in revisions() for name in _made(file))

    def include(object_: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
        if type_ != "table" or not reflected or compare_to is not None or object_.schema is None:
            return True
        return (object_.schema, name) in made()

    return include


def tables_of(package: PackageMigrations) -> Iterator[TableName]:
    """Yield the tables of a package: those in its metadata, and those that its revisions create."""
    for metadata in package.metadatas:
        yield from ((table.schema, table.name) for table in metadata.tables.values())
    for file in sorted(package.versions.glob("*.py")):
        yield from _made(file)


def _made(file: Path) -> Iterator[TableName]:
    """Yield the table names in a revision file; computed names can't be read."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        position = NAMES.get(node.func.attr, len(node.args))
        name = _text(node.args[position]) if position < len(node.args) else None
        if name is not None:
            schemas = [_text(keyword.value) for keyword in node.keywords if keyword.arg == "schema"]
            yield next(iter(schemas), None), name


def _text(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _refuse_shared(package: PackageMigrations, database: Database) -> None:
    metadata = database.metadata
    own = metadata if isinstance(metadata, Sequence) else [metadata]
    if own and all(any(one is other for other in package.metadatas) for one in own):
        raise DbError(
            f"the package {package.title} gives as its own the metadata of the database {database.name!r}, which has "
            "the application's tables too; it must give a MetaData with its tables alone (Table.to_metadata copies one)"
        )
