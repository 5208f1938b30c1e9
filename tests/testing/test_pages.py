"""What the pages on testing say is so."""

from __future__ import annotations

import re

import pytest

from ellar_db.inspection.trials.migrations import Migrations
from ellar_db.testing import Application, Project
from tests.support.pages import ROOT, blocks
from tests.support.suites import Suite, run_pytest

PLUGIN = (ROOT / "docs/how-to/test-a-plugin.md").read_text(encoding="utf-8")
MIGRATIONS = (ROOT / "docs/how-to/test-migrations.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs/reference/testing.md").read_text(encoding="utf-8")


def files(page: str) -> dict[str, list[str]]:
    """Give the files that a page shows, by their names, each as often as it is there."""
    found: dict[str, list[str]] = {}
    for block in blocks(page, "python"):
        match = re.match(r"# (\S+\.py)\n", block)
        assert match, block
        found.setdefault(match[1], []).append(block)
    return found


@pytest.mark.long
def test_the_tests_of_a_plugin_run(pytester: pytest.Pytester) -> None:
    shown = files(PLUGIN)
    count = blocks((ROOT / "docs/how-to/write-a-plugin.md").read_text(encoding="utf-8"), "python")[0]
    (pytester.path / "ellar_db_count.py").write_text(count)
    (pytester.path / "pyproject.toml").write_text(
        '[project]\nname = "ellar-db-count"\nversion = "1.0"\nentry-points.ellar_db.count = "ellar_db_count"\n'
    )
    for name in sorted(shown):
        (pytester.path / name).write_text(shown[name][0])
    assert {name for name in shown if name.startswith("test_")} == {
        "test_count.py",
        "test_dated.py",
        "test_others.py",
        "test_projects.py",
    }

    result = run_pytest(pytester.path)

    result.assert_outcomes(passed=6)


def test_named_plugins_take_part(pytester: pytest.Pytester) -> None:
    (pytester.path / "conftest.py").write_text(files(PLUGIN)["conftest.py"][1])
    pytester.makepyfile("def test_it(db):\n    assert 'names ellar-db-seed' in db('plugins').stderr\n")

    run_pytest(pytester.path).assert_outcomes(passed=1)


def test_the_conftests_for_migrations_work(suite: Suite) -> None:
    shown = files(MIGRATIONS)["tests/conftest.py"]
    assert len(shown) == 3
    for number, conftest in enumerate(shown):
        (suite.path / "tests/conftest.py").write_text(conftest)
        # the last one's table isn't among the models
        arguments = ("-k", "not models") if number == 2 else ()
        suite.test(*arguments).assert_outcomes(passed=5 if number == 2 else 6, deselected=1 if number == 2 else 0)


def test_the_own_test_works(suite: Suite) -> None:
    (suite.path / "tests/test_other.py").write_text(files(MIGRATIONS)["tests/test_migrations.py"][0])

    suite.test("tests/test_other.py").assert_outcomes(passed=1)


def test_the_irreversible_revision_passes(suite: Suite) -> None:
    for file in suite.revisions():
        file.unlink()
    (shown,) = [blocks_[0] for name, blocks_ in files(MIGRATIONS).items() if name.startswith("migrations/")]
    suite.write("migrations/versions/1f0c_hash_the_passwords.py", shown.replace("    pass", "    print()", 1))

    suite.test("-k", "not models").assert_outcomes(passed=5, deselected=1)


def test_what_pytest_prints_is_shown(suite: Suite) -> None:
    shown = blocks(MIGRATIONS, "console")[0].splitlines()

    printed = {re.sub(r" +\[ *\d+%\]", "", line) for line in suite.test("-v").outlines}

    assert shown[0] == "$ pytest -v"
    assert [line for line in shown[1:] if line not in printed] == []


@pytest.mark.parametrize("name", ["__init__.py", "migrations.py"])
def test_every_fixture_is_described(name: str) -> None:
    source = (ROOT / "ellar_db/testing" / name).read_text(encoding="utf-8")
    names = re.findall(r"^@pytest\.fixture.*\ndef (\w+)\(", source, re.MULTILINE)
    assert len(names) >= 4
    assert [name for name in names if f"| `{name}` |" not in REFERENCE] == []


def test_every_option_and_setting_is_described(pytester: pytest.Pytester) -> None:
    printed = pytester.runpytest_inprocess("-p", "ellar_db.pytest_options", "--help").stdout.str()
    options = set(re.findall(r"--ellar-db-[\w-]+", printed))
    assert len(options) == 4
    for option in options:
        assert f"| `{option}=" in REFERENCE
        assert f"`{option.removeprefix('--').replace('-', '_')}`" in REFERENCE


@pytest.mark.parametrize("kind", [Project, Application, Migrations])
def test_every_method_is_described(kind: type) -> None:
    names = [name for name in vars(kind) if not name.startswith("_")]
    assert len(names) >= 8
    assert {name for name in names if not re.search(rf"`{name}[`(]", REFERENCE)} <= {"ask", "upgrade_packages"}
