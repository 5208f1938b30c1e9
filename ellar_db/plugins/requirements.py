"""The plugins that a project requires (`required-plugins`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ellar_db.plugins.record import Plugin


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
