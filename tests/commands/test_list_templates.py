"""`list-templates`."""

from __future__ import annotations

import pytest

from ellar_db.testing import Project


@pytest.mark.parametrize("name", ["list-templates", "list_templates"])
def test_lists_ours_and_alembics(project: Project, name: str) -> None:
    assert project.db(name).output == (
        "Available templates:\n\n"
        "multi - Several databases: each revision has functions for each of them.\n"
        'single - One database: the models\' metadata, compared with the database named "default".\n'
        "async - Generic single-database configuration with an async dbapi.\n"
        "generic - Generic single-database configuration.\n"
        "multidb - Rudimentary multi-database configuration.\n"
        "pyproject - pyproject configuration, based on the generic configuration.\n"
        "pyproject_async - pyproject configuration, with an async dbapi.\n"
        "\nUse one with `ellar-db init --template NAME`.\n"
    )
