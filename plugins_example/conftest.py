"""The example packages in tests without pip: each is found by the metadata that its own pyproject.toml has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ellar_db.plugins import get_plugin_manager
from ellar_db.settings import read_toml
from tests.conftest import _apart, any_database, new_database, plain, project  # noqa: F401  # fixtures


@pytest.fixture
def use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Install example packages by their names; they are the only plugins besides the built-ins."""
    site = tmp_path / "site"
    site.mkdir()

    def install(*names: str) -> None:
        for name in names:
            folder = Path(__file__).parent / name
            described = read_toml(folder / "pyproject.toml")["project"]
            info = site / f"{name.replace('-', '_')}-{described['version']}.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(
                f"Metadata-Version: 2.4\nName: {described['name']}\nVersion: {described['version']}\n"
            )
            lines = [f"{key} = {value}" for key, value in described["entry-points"]["ellar_db"].items()]
            (info / "entry_points.txt").write_text("\n".join(["[ellar_db]", *lines, ""]))
            monkeypatch.syspath_prepend(str(folder))
        monkeypatch.syspath_prepend(str(site))
        monkeypatch.setenv("ELLAR_DB_LOAD_PLUGINS", ",".join(names))
        get_plugin_manager.cache_clear()

    return install
