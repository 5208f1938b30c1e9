"""Test the example packages without pip: each is found by the metadata of its own pyproject.toml."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ellar_db.testing import Distributions

pytest_plugins = ["ellar_db.testing", "tests.support.fixtures"]


@pytest.fixture
def use(install_distribution: Distributions) -> Callable[..., None]:
    """Install example packages by their names; they are the only plugins besides the built-ins."""

    def install(*names: str) -> None:
        for name in names:
            install_distribution.from_folder(Path(__file__).parent / name)

    return install
