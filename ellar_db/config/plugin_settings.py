"""The settings of one plugin: a dataclass, filled from pyproject.toml and from the application's config."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ellar_db.plugins.manager import active_manager
from ellar_db.project.application import open_injector, service
from ellar_db.project.settings import Settings, expanded, read_tool
from ellar_db.util.errors import DbError, meant

T = TypeVar("T")

NAMES: Mapping[Any, tuple[str, str]] = {
    str: ("a text", "texts"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    bool: ("true or false", "true or false"),
    Path: ("a path", "paths"),
}
"""How messages name a type: one value, and several."""


UNIONS, SEQUENCES, MAPPINGS = (Union, UnionType), (list, tuple, Sequence), (dict, Mapping)


@dataclass(frozen=True)
class Setting:
    """More about one setting of a plugin than its type, as an annotation: `Annotated[int, Setting(...)]`.

    Args:
        wanted: What the value must be, for messages. By default the type's name.
        check: Returns whether a value of the right type can be used.
        expand: Replace `${VARIABLES}` in a text of pyproject.toml. False if the plugin does that itself, by `expanded`.

    Example:
        >>> Setting("a number from 1 to 11", lambda value: 1 <= value <= 11).wanted
        'a number from 1 to 11'
    """

    wanted: str = ""
    check: Callable[[Any], bool] | None = None
    expand: bool = True


def plugin_settings(name: str, kind: type[T]) -> T:
    """Return a plugin's settings: those of `[tool.<name>]`, overridden by those of the application's config.

    The table is that of the project's pyproject.toml, wherever the working directory is by now. The config is that of
    the open Ellar application, if there is one; its key is the name in capitals, `ELLAR_DB_PROTECT` for
    ellar-db-protect, and its value a dict. In both, a key is a field's name; in pyproject.toml `_` may be `-`.

    Args:
        name: The table's name: that of the plugin's distribution.
        kind: A dataclass. Its fields may be str, int, float, bool, Path, lists, tuples and dicts of these, Literal,
            and unions; `Annotated` with a `Setting` says more.

    Raises:
        DbError: The table has an unknown key or a value of the wrong type, a setting is missing, or the dataclass
            raises ValueError.

    Example:
        >>> @dataclass(frozen=True)
        ... class AuditSettings:
        ...     table: str = "audit_log"
        >>> plugin_settings("a-plugin-without-settings", AuditSettings)
        AuditSettings(table='audit_log')
    """
    # the module's names for both, so that a check written in an annotation sees them when it is called, too
    names = getattr(sys.modules.get(kind.__module__), "__dict__", None)
    hints = get_type_hints(kind, names, names, include_extras=True)
    known = {each.name: each for each in fields(kind) if each.init}  # type: ignore[arg-type]  # only dataclasses have fields
    values: dict[str, Any] = {}
    for where, table, written in _tables(name, active_manager().settings):
        for key, value in table.items():
            field_name = key.replace("-", "_")
            if field_name not in known:
                taken = [each.replace("_", "-") if "-" in key else each for each in known]
                raise DbError(f"{where} has no {key}; it takes {', '.join(taken)}{meant(key, taken)}")
            values[field_name] = _fitted(value, hints[field_name], f"{where} {key}", written=written)
    missing = [key for key, each in known.items() if key not in values and not _has_default(each)]
    if missing:
        raise DbError(f"[tool.{name}] needs {', '.join(missing)}")
    try:
        return kind(**values)
    except ValueError as error:
        raise DbError(f"[tool.{name}] can't be used: {error}") from error


def _tables(name: str, settings: Settings) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Yield the tables with a plugin's settings, each with its name and whether it was written in pyproject.toml."""
    if settings.pyproject is not None:
        yield f"[tool.{name}]", read_tool(name, settings.pyproject), True
    if open_injector() is None:
        return
    from ellar.core import Config

    key = name.upper().replace("-", "_").replace(".", "_")
    config = service(Config)
    given = {} if config is None else config.get(key) or {}
    if not isinstance(given, Mapping):
        raise DbError(f"{key} of the application's config must be a dict, not {given!r}")
    yield f"{key} of the application's config", given, False


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _fitted(value: Any, hint: Any, where: str, *, written: bool) -> Any:
    """Return a value as the field's type has it.

    Args:
        value: The value.
        hint: The type.
        where: The setting, for messages.
        written: Whether it was written in pyproject.toml.

    Raises:
        DbError: It has another type, the field's check refuses it, or a variable isn't set.
    """
    more = Setting()
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        more = next((extra for extra in extras if isinstance(extra, Setting)), more)
    try:
        fitted = _converted(_expanded(value, where) if written and more.expand else value, hint)
        if more.check is None or more.check(fitted):
            return fitted
    except ValueError:
        pass
    raise DbError(f"{where} must be {more.wanted or _described(hint)}, not {value!r}")


def _converted(value: Any, hint: Any) -> Any:
    """Return a value as a type has it.

    Raises:
        ValueError: It has another type.
    """
    origin, inner = get_origin(hint), get_args(hint)
    if origin in UNIONS:
        return _first_fitting(value, inner)
    if origin in SEQUENCES and isinstance(value, (list, tuple)):
        return (tuple if origin is tuple else list)(_converted(each, inner[0]) for each in value)
    if origin in MAPPINGS and isinstance(value, Mapping):
        return {_converted(key, inner[0]): _converted(each, inner[1]) for key, each in value.items()}
    if hint is Path and isinstance(value, str) and value:
        return Path(value)
    if hint is float and type(value) is int:
        return float(value)
    if not _is(value, hint, origin, inner):
        raise ValueError(value)
    return value


def _is(value: Any, hint: Any, origin: Any, inner: Sequence[Any]) -> bool:
    if origin is Literal:
        # True is 1
        return any(value == each and type(value) is type(each) for each in inner)
    if hint is int:
        return type(value) is int
    return hint is Any or (origin is None and isinstance(value, hint))


def _first_fitting(value: Any, hints: Sequence[Any]) -> Any:
    for hint in hints:
        try:
            return _converted(value, hint)
        except ValueError:
            continue
    raise ValueError(value)


def _described(hint: Any) -> str:
    """Return what a value of a type is, in words."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in UNIONS:
        return " or ".join(_described(each) for each in inner if each is not NoneType)
    if origin is Literal:
        return " or ".join(f'"{each}"' if isinstance(each, str) else repr(each) for each in inner)
    if origin in SEQUENCES:
        return f"a list of {NAMES.get(inner[0], ('', 'values'))[1]}"
    if origin in MAPPINGS:
        return f"a table of {NAMES.get(inner[1], ('', 'values'))[1]}"
    return NAMES[hint][0] if hint in NAMES else f"a value of the type {getattr(hint, '__name__', hint)}"


def _expanded(value: Any, where: str) -> Any:
    """Replace `${VARIABLES}` in all texts of a value."""
    if isinstance(value, str):
        return expanded(value, where)
    if isinstance(value, list):
        return [_expanded(each, where) for each in value]
    if isinstance(value, dict):
        return {key: _expanded(each, where) for key, each in value.items()}
    return value
