"""`[tool.ellar-db]` of pyproject.toml."""

from __future__ import annotations

from tests.conftest import Project


def test_keys_that_nothing_reads_are_warned_of(project: Project) -> None:
    project.write("pyproject.toml", "[tool.ellar-db]\nrequire-plugins = ['guard']\nfoo = 1\ndirectory = 'here'\n")
    project.forget()

    result = project.db("init")

    assert result.stdout.startswith("Made here.")
    assert result.stderr == (
        "Warning: [tool.ellar-db] has 'foo', 'require-plugins' (did you mean 'required-plugins'?), "
        "which nothing reads.\n"
    )


def test_keys_that_are_read_are_not_warned_of(project: Project) -> None:
    project.configure(extra="lock-timeout = 3\nconfirm = 'always'\n[tool.ellar-db.commands]\n")

    assert project.db("init").stderr == ""


def test_what_is_documented_is_what_is_read() -> None:
    import re
    from pathlib import Path

    from ellar_db.project.settings import KEYS

    page = Path(__file__).parent.parent / "docs" / "reference" / "settings.md"
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", page.read_text(encoding="utf-8"), re.MULTILINE))

    assert documented >= KEYS
