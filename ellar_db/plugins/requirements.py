"""What a project's settings say about plugins: which are required, and whose answer counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ellar_db.hookspecs import PROJECT as GROUP
from ellar_db.plugins.discovery import normal_name
from ellar_db.plugins.record import Plugin, leaving_out
from ellar_db.util.errors import DbError, meant

CHOICES = ("context_options", "directory", "lock", "revision_filename", "revision_id")
"""The hooks of which one answer counts, or one for each key; as `[tool.ellar-db.hooks]` names them."""


def unmet(texts: Sequence[str], records: Sequence[Plugin]) -> Iterator[tuple[str, str]]:
    """Yield each requirement that isn't met, with the reason.

    Args:
        texts: The requirements, as in "ellar-db-naming>=1.2".
        records: The plugins.

    Example:
        >>> list(unmet(["ellar-db-naming"], []))
        [('ellar-db-naming', "it isn't installed; install it with pip install 'ellar-db-naming'")]
    """
    if not texts:
        return
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    for text in texts:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            yield text, "that isn't a requirement; write it as 'name>=1.2'"
            continue
        if requirement.marker and not requirement.marker.evaluate():
            continue
        name = canonicalize_name(requirement.name)
        found = [record for record in records if canonicalize_name(record.distribution) == name]
        if not found:
            yield text, f"it isn't installed; install it with pip install '{text}'"
        for record in found:
            if record.state != "active":
                yield text, f"it is {record.state}" + (f": {record.error}" if record.error else "")
            elif record.version and not requirement.specifier.contains(record.version, prereleases=True):
                yield text, f"{record.version} is installed; install it with pip install '{text}'"


def chosen_plugin(
    hook_name: str, choices: Mapping[str, Any], asked: Sequence[Plugin], records: Sequence[Plugin]
) -> str | None:
    """Return the distribution whose plugin a project chooses to answer a hook, normalized; None if it chooses none.

    Args:
        hook_name: The hook.
        choices: The table `[tool.ellar-db.hooks]`.
        asked: The plugins that implement the hook.
        records: All plugins.

    Raises:
        DbError: The table has an unknown hook, or the chosen plugin doesn't implement this one.
    """
    for key in choices:
        if key not in CHOICES:
            raise DbError(f"[tool.ellar-db.hooks] has {key}, and takes {', '.join(CHOICES)}{meant(key, CHOICES)}")
    name = hook_name.removeprefix(f"{GROUP}_")
    if name not in choices:
        return None
    choice = choices[name]
    if not isinstance(choice, str):
        raise DbError(f"[tool.ellar-db.hooks] {name} must be the name of a distribution, not {choice!r}")
    chosen = normal_name(choice)
    found = next((record for record in records if normal_name(record.distribution) == chosen), None)
    # without one that is left out deliberately the commands go on
    left_out = found is not None and found.state == "disabled"
    if not left_out and chosen not in {normal_name(plugin.distribution) for plugin in asked}:
        there = sorted({plugin.distribution for plugin in asked})
        why = f"only {', '.join(there)} {'has' if len(there) == 1 else 'have'} it" if there else "no plugin has it"
        if found is not None and found.error:
            why = f"it is {found.state}: {found.error}"
        raise DbError(f"[tool.ellar-db.hooks] gives {name} to {choice!r}, and {why}")
    return chosen


def rivalry(hook_name: str, one: Plugin, other: Plugin, what: str = "") -> str:
    """Return the error for two plugins that answered a hook of which one answer counts, and what to do.

    Args:
        hook_name: The hook.
        one: The plugin called first.
        other: The other plugin.
        what: What both gave, if it isn't the whole answer.
    """
    name = hook_name.removeprefix(f"{GROUP}_")
    answered = f"{what} is given" if what else f"{hook_name} is answered"
    return (
        f"{answered} by {one.title} and by {other.title}, and one counts; "
        f"leave one out ({leaving_out(other.distribution)}), or choose in pyproject.toml: "
        f'[tool.ellar-db.hooks] {name} = "{one.distribution}"'
    )
