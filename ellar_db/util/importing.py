"""Objects imported by name: `package.module:attribute`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ellar_db.util.errors import DbError, UnavailableError, cause_of


def imported(name: str, what: str) -> Any:
    """Import an object by name.

    Args:
        name: `module:attribute`; the attribute may have dots.
        what: What the name is for, for messages.

    Raises:
        DbError: The name has another form, or the module has no such attribute.
        UnavailableError: The module can't be imported.

    Example:
        >>> imported("collections:OrderedDict", "a class")
        <class 'collections.OrderedDict'>
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise DbError(f"{what} must be written as 'module:attribute', not {name!r}")
    try:
        found: Any = import_module(module_name)
    except (Exception, SystemExit) as error:  # the user's own module: whatever it raises, it can't be imported
        raise UnavailableError(f"{what} is {name!r}, and {module_name} can't be imported: {cause_of(error)}") from error
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise DbError(f"{what} is {name!r}, and {module_name} has no {attribute!r}") from None
    return found
