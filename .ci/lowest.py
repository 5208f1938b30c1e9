"""Print pip constraints that pin each direct dependency in pyproject.toml to the lowest version it allows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def lowest(document: dict[str, Any]) -> list[str]:
    """Return a constraint for each requirement with a lower bound.

    Args:
        document: The parsed pyproject.toml.

    Example:
        >>> lowest({"project": {"dependencies": ["click>=8.1"], "optional-dependencies": {}},
        ...         "dependency-groups": {"test": ["pytest>=8.3"]}})
        ['click==8.1', 'pytest==8.3']
    """
    project = document["project"]
    texts = [*project["dependencies"], *document["dependency-groups"]["test"]]
    for extra in project["optional-dependencies"].values():
        texts += extra
    constraints = {}
    for requirement in map(Requirement, texts):
        bound = next((part.version for part in requirement.specifier if part.operator == ">="), None)
        if bound is not None:
            marker = f"; {requirement.marker}" if requirement.marker else ""
            constraints[f"{requirement.name}=={bound}{marker}"] = None
    return list(constraints)


if __name__ == "__main__":
    print("\n".join(lowest(tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8")))))
