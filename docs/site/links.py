"""Links of a page, as the site needs them: what isn't in `docs/` is in the repository."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

REPOSITORY = "https://github.com/python-ellar/ellar-db"
CODE_OR_LINK = re.compile(r"^ *```.*?^ *```$|`[^`\n]+`|(?<=\]\()(?P<target>[^)\s]+)(?=\))", re.DOTALL | re.MULTILINE)
"""Code, in which nothing is a link, or the target of a link."""


def moved(text: str, change: Callable[[str], str]) -> str:
    """Return a page with its links changed, those in code left as they are.

    Args:
        text: The page.
        change: Returns the new target of a link.

    Example:
        >>> moved("[`a`](b.md), not `[a](b.md)`", str.upper)
        '[`a`](B.MD), not `[a](b.md)`'
    """
    return CODE_OR_LINK.sub(lambda found: change(found["target"]) if found["target"] else found[0], text)


def outside(page: str, target: str) -> str:
    """Return where a link leads on the site: to GitHub if its target isn't in `docs/`.

    Args:
        page: The page's path below `docs/`.
        target: The target as written.

    Example:
        >>> outside("how-to/doctor.md", "../../action.yml")
        'https://github.com/python-ellar/ellar-db/blob/main/action.yml'
        >>> outside("how-to/doctor.md", "../promises.md#files")
        '../promises.md#files'
    """
    if ":" in target or target.startswith("#"):
        return target
    path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), target))
    return target if path.startswith("docs/") else f"{REPOSITORY}/blob/main/{path}"
