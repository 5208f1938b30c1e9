"""Documents that commands print with `--json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

from ellar_db.testing import Project

SCHEMAS = Path(__file__).parents[2] / "docs/reference/schemas"


def document(project: Project, *arguments: str, schema: str = "revisions", exit_code: int = 0) -> dict[str, Any]:
    """Run a command, and return its document, which has the form that its schema says.

    Args:
        project: The project.
        arguments: The command and its options, without `--json`.
        schema: The name of the schema.
        exit_code: The exit code that is expected.
    """
    found = json.loads(project.db(*arguments, "--json", exit_code=exit_code).stdout)
    jsonschema.validate(found, json.loads((SCHEMAS / f"{schema}.json").read_text()))
    return dict(found)
