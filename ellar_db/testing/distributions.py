"""Packages that are installed for one test, without pip."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest


class Distributions:
    """Installs packages, so that `importlib.metadata` finds them and their entry points until the test ends.

    Those in the groups `ellar_db` and `ellar_db.optional` take part as plugins, in addition to the built-ins and
    `ellar_db_plugins`.

    Args:
        site: The folder that serves as site-packages.
        plugins: The distributions that already take part.
        monkeypatch: pytest's fixture.
    """

    def __init__(self, site: Path, plugins: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.site = site
        self._plugins = list(plugins)
        self._monkeypatch = monkeypatch
        site.mkdir()
        monkeypatch.syspath_prepend(str(site))

    def __call__(
        self,
        distribution: str,
        source: str,
        *,
        version: str = "1.0",
        entry_points: Mapping[str, str] | None = None,
        group: str = "ellar_db",
        module: str | None = None,
    ) -> Path:
        """Install a package with one module.

        Args:
            distribution: The distribution's name.
            source: The module's source, dedented.
            version: The distribution's version.
            entry_points: `{"name": "module"}`; by default one, which names the module.
            group: The entry points' group.
            module: The module's name, by default the distribution's with underscores.

        Returns:
            The module's file.

        Example:
            install_distribution("ellar-db-broken", "raise SystemExit(3)")
        """
        module = module or distribution.replace("-", "_")
        self._describe(distribution, version, {group: dict(entry_points or {module: module})})
        file = self.site / f"{module}.py"
        file.write_text(textwrap.dedent(source), encoding="utf-8")
        return file

    def from_folder(self, folder: Path) -> None:
        """Install the package in a folder as its pyproject.toml describes it, as `pip install --editable` would.

        Args:
            folder: The folder; its modules are in it, or in `src`.

        Raises:
            DbError: Its pyproject.toml is missing or can't be read.

        Example:
            install_distribution.from_folder(Path(__file__).parent.parent)
        """
        from ellar_db.project.toml import read_toml

        described = read_toml(folder / "pyproject.toml")["project"]
        self._monkeypatch.syspath_prepend(str(folder / "src" if (folder / "src").is_dir() else folder))
        # found before one that pip may have installed
        self._monkeypatch.syspath_prepend(str(self.site))
        self._describe(described["name"], described.get("version", "0.0"), described.get("entry-points", {}))

    def _describe(self, distribution: str, version: str, entry_points: Mapping[str, Mapping[str, str]]) -> None:
        from importlib import invalidate_caches

        from ellar_db.hookspecs import PROJECT
        from ellar_db.plugins.discovery import OPTIONAL_GROUP
        from ellar_db.plugins.manager import get_plugin_manager

        info = self.site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        groups = [
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in named.items())
            for group, named in entry_points.items()
        ]
        (info / "entry_points.txt").write_text("\n".join(groups))
        if {PROJECT, OPTIONAL_GROUP} & entry_points.keys():
            self._plugins.append(distribution)
        self._monkeypatch.setenv("ELLAR_DB_LOAD_PLUGINS", ",".join(self._plugins))
        invalidate_caches()
        get_plugin_manager.cache_clear()
