"""Databases made from the settings of an application or a pyproject.toml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import isroutine
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from ellar_db.databases.database import DEFAULT, Database, Databases
from ellar_db.databases.engines import make_engine
from ellar_db.databases.options import MigrationOptions
from ellar_db.project.importing import CallError, called, imported
from ellar_db.util.errors import DbError, UnavailableError, meant

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine, MetaData
    from sqlalchemy.ext.asyncio import AsyncEngine


class HasMetadata(Protocol):
    """What has the models' metadata: the base class of the models."""

    @property
    def metadata(self) -> MetaData:
        """The metadata."""


EngineLike: TypeAlias = "str | URL | Engine | AsyncEngine | Mapping[str, object]"
"""What an engine is made of: a URL, options with `url`, or the engine itself."""

DatabasesLike: TypeAlias = "EngineLike | Mapping[str, EngineLike]"
"""What databases are made of: an engine of the only one, or engines by name."""

MetadataLike: TypeAlias = "MetaData | HasMetadata | str | Sequence[MetaData | HasMetadata | str]"
"""What models are found by: their metadata, the class that has it, `"module:attribute"`, or a list of these."""

ModelsLike: TypeAlias = "MetadataLike | Mapping[str, MetadataLike | None]"
"""What the models of databases are found by: the same for all, or by name."""

PLACE = {"group", "schema"}
"""What engine options may have beside SQLAlchemy's: arguments of `Database`."""


def make_databases(
    databases: Any, metadata: Any = None, options: MigrationOptions | None = None, *, pooled: bool = True
) -> Databases:
    """Make databases from the settings of an application or a pyproject.toml.

    Args:
        databases: A URL, a dict of engine options with `url`, an engine, or a dict of these by name. The engine options
            may include `schema` and `group`, as of `Database`; beside these there may be `engine` instead of `url`.
        metadata: MetaData, a class that has it, `"module:attribute"` (or of a function that returns it), a list of
            these, or a dict of these by name.
        options: Alembic's options, the same for every database.
        pooled: Whether engines made here pool their connections, as an application's do.

    Raises:
        DbError: A setting is invalid, or a driver isn't installed.

    Example:
        >>> make_databases("sqlite:///app.db")["default"].url
        'sqlite:///app.db'
    """
    options = options or MigrationOptions()
    named = databases if _is_by_name(databases) else {DEFAULT: databases}
    by_name = metadata if isinstance(metadata, Mapping) else dict.fromkeys(named, metadata)
    unknown = sorted(set(by_name) - set(named))
    if unknown:
        near = meant(unknown[0], named)
        raise DbError(f"metadata is given for {', '.join(unknown)}, which isn't among the databases{near}")
    found = {}
    for name, spec in named.items():
        engine, place = _placed(name, spec, pooled)
        found[name] = Database(
            name,
            engine,
            _metadata(by_name.get(name), name),
            options.context_configure,
            options.use_two_phase,
            options.limits,
            **place,
        )
    return Databases(list(found.values()))


def _placed(name: str, spec: Any, pooled: bool) -> tuple[Any, dict[str, str]]:
    """Return the engine of a database, or the URL from which it is made later; and its schema and group."""
    if not isinstance(spec, Mapping) or not PLACE & set(spec):
        return make_engine(name, spec, pooled=pooled), {}
    place = {key: spec[key] for key in sorted(PLACE) if key in spec}
    wrong = next((key for key, value in place.items() if not isinstance(value, str)), None)
    if wrong is not None:
        raise DbError(f"the {wrong} of the database {name!r} must be a text, not {place[wrong]!r}")
    rest = {key: value for key, value in spec.items() if key not in PLACE}
    if set(rest) == {"engine"}:
        return rest["engine"], place
    # thousands may be configured, of which a command uses one
    return rest["url"] if set(rest) == {"url"} and not pooled else make_engine(name, rest, pooled=pooled), place


def _is_by_name(databases: Any) -> bool:
    return isinstance(databases, Mapping) and "url" not in databases


def _metadata(spec: Any, name: str) -> MetaData | Sequence[MetaData] | None:
    from sqlalchemy import MetaData

    if spec is None:
        return None
    if isinstance(spec, (list, tuple)):
        items = [item for part in spec for item in _listed(_metadata(part, name))]
        # several modules may be named for the models that they define on one metadata
        return list({id(item): item for item in items}.values())
    if isinstance(spec, str):
        spec = _imported_metadata(spec, f"the metadata of the database {name!r}")
    found = getattr(spec, "metadata", spec)
    if isinstance(found, (list, tuple)):
        return _metadata(found, name)
    if not isinstance(found, MetaData):
        raise DbError(f"the metadata of the database {name!r} must be a MetaData or 'module:attribute', not {found!r}")
    return found


def _imported_metadata(path: str, what: str) -> Any:
    found = imported(path, what)
    if not isroutine(found):
        return found
    try:
        return called(found)
    except CallError as error:
        raise UnavailableError(f"{what} is {path!r}, which failed: {error}") from error


def _listed(metadata: MetaData | Sequence[MetaData] | None) -> Sequence[MetaData]:
    if metadata is None:
        return []
    return metadata if isinstance(metadata, Sequence) else [metadata]
