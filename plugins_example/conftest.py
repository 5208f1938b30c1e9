"""Test the example packages without pip: each is found by the metadata of its own pyproject.toml."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ellar_db.testing import Distributions
from tests.conftest import _apart, any_database, new_database, plain, project  # noqa: F401  # fixtures

pytest_plugins = ["ellar_db.testing"]


@pytest.fixture
def use(install_distribution: Distributions) -> Callable[..., None]:
    """Install example packages by their names; they are the only plugins besides the built-ins."""

    def install(*names: str) -> None:
        for name in names:
            install_distribution.from_folder(Path(__file__).parent / name)

    return install
