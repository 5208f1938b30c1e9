"""Names that plugin authors may have imported from where they were before still work, with a warning."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

import ellar_db
from ellar_db.util.moved import FORMER

ROOT = Path(ellar_db.__file__).parent


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("errors", "DbError"),
        ("databases", "Database"),
        ("databases", "make_databases"),
        ("plugins", "get_plugin_manager"),
        ("limits", "Limits"),
        ("locking", "Lock"),
        ("locking", "locked"),
        ("locks", "FileLock"),
        ("locks", "sqlite_file"),
        ("settings", "expanded"),
        ("secrets", "masked"),
        ("naming", "RevisionRequest"),
        ("packages", "PackageMigrations"),
        ("config", "alembic_config"),
        ("config", "program"),
        ("revisions", "write_revision"),
        ("cli", "DbGroup"),
        ("records", "Plugin"),
        ("testing.schema", "read_schema"),
        ("util.importing", "imported"),
    ],
)
def test_a_name_is_found_in_its_former_module_with_a_warning(module: str, name: str) -> None:
    with pytest.warns(DeprecationWarning, match=rf"^ellar_db\.{module}\.{name} is now ellar_db\."):
        found = getattr(import_module(f"ellar_db.{module}"), name)

    assert found is not None


def test_each_former_module_leads_to_modules_that_are_there() -> None:
    for homes in FORMER.values():
        for home in homes:
            import_module(f"ellar_db.{home}")


def test_a_module_that_never_was_is_not_found() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'ellar_db\.nonsense'"):
        import_module("ellar_db.nonsense")
    with pytest.raises(ImportError, match=r"cannot import name .nonsense. from .ellar_db\.plugins."):
        exec("from ellar_db.plugins import nonsense")


def test_the_public_names_are_typed_as_they_are_found() -> None:
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    typed = {
        alias.name: str(node.module).removeprefix("ellar_db.")
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert typed == ellar_db.HOMES
    assert sorted(ellar_db.__all__) == sorted([*typed, "__version__", "hookimpl"])
    for name in ellar_db.__all__:
        assert getattr(ellar_db, name) is not None
