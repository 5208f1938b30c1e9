"""The documentation says what is so: generated pages are fresh, links resolve, examples run, nothing is left out."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import click
import pytest
import yaml

from ellar_db import hookspecs
from ellar_db.cli import db
from ellar_db.plugins.faults import API_ATTRIBUTE
from ellar_db.project.toml import read_toml
from ellar_db.testing import Project
from ellar_db.testing.project import MODELS
from tests.support.pages import ROOT, blocks
from tests.support.servers import sync_engine

FOLDERS = ("docs", "examples", "benchmarks", "plugins_example")
PAGES = [*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in sorted((ROOT / folder).rglob("*.md")))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
REPOSITORY = "https://github.com/python-ellar/ellar-db/blob/main/"
README = (ROOT / "README.md").read_text(encoding="utf-8")
SOURCE = "\n".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "ellar_db").rglob("*.py")))


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name",
    [
        "pictures/floors.svg",
        "reference/commands.md",
        "reference/exit-codes.md",
        "reference/hooks.md",
        "reference/library.md",
        "reference/json.md",
        "reference/options.md",
        "reference/values.md",
        "reference/rules/README.md",
        "reference/what-lint-sees.md",
        "reference/what-migrate-sees.md",
    ],
)
def test_a_generated_page_is_fresh(name: str) -> None:
    made, page = generator().PAGES[name](), (ROOT / "docs" / name).read_text(encoding="utf-8")

    # before 8.5 click shows a group's command as needed where it isn't
    assert made.replace(" COMMAND [ARGS]", " [COMMAND] [ARGS]") == page.replace(
        " COMMAND [ARGS]", " [COMMAND] [ARGS]"
    ), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_within_the_project_resolve(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        within = target.removeprefix(REPOSITORY)
        if within.startswith("https://"):
            continue
        path, _, anchor = within.partition("#")
        file = page if not path else (page.parent if within == target else ROOT) / path
        assert file.exists(), f"{page.name} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, f"{page.name} links to {target}"


def test_the_readmes_links_work_on_the_package_index_too() -> None:
    assert [target for target in re.findall(r"\]\(([^)\s]+)\)", README) if not target.startswith("https://")] == []


def test_the_projects_urls_name_pages_that_exist() -> None:
    urls = read_toml(ROOT / "pyproject.toml")["project"]["urls"].values()

    pages = [url.removeprefix(REPOSITORY) for url in urls if url.startswith(REPOSITORY)]
    assert {"CHANGELOG.md", "docs/README.md"} <= {*pages}
    assert [page for page in pages if not (ROOT / page).is_file()] == []
    assert {url for url in urls if not url.startswith(REPOSITORY.removesuffix("/blob/main/"))} == set()


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_python_in_a_page_is_python(page: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8"), "python"):
        ast.parse(block)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_yaml_in_a_page_is_yaml(page: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8"), "yaml"):
        assert all(isinstance(part, dict) for part in yaml.safe_load_all(block))


OPERATED = {
    "containers.md": (3, 3),
    "ci.md": (0, 11),
    "wait-for-a-database.md": (0, 2),
}
"""Pages with files of other programs, and how many commands these list, and have as lines of a shell."""


@pytest.mark.parametrize("page", OPERATED)
def test_commands_in_files_of_other_programs_can_be_typed(page: str) -> None:
    text = (ROOT / "docs/how-to" / page).read_text(encoding="utf-8")
    files = [block for language in ("yaml", "ini") for block in blocks(text, language)]
    manifests = [yaml.safe_load(block) for block in files if block.startswith("apiVersion:")]
    listed = [
        container["command"]
        for manifest in manifests
        for kind in ("initContainers", "containers")
        for container in manifest["spec"]["template"]["spec"][kind]
        if container["command"][0] == "ellar-db"
    ]
    typed = [
        shlex.split(words.strip())
        for block in files
        if not block.startswith("apiVersion:")
        for words in re.findall(r"[/ \"](ellar-db [^&\n\"]*)", re.sub(r"[$][{]{2}.*?[}]{2}", "main", block))
    ]
    actions = [
        ["ellar-db", *shlex.split(step["with"]["command"])]
        for block in files
        for step in (yaml.safe_load(block) if block.startswith("steps:") else {}).get("steps", ())
    ]
    ctx = click.Context(db, info_name="ellar-db")

    assert (len(listed), len(typed + actions)) == OPERATED[page]
    for program, *words in listed + typed + actions:
        # options of the group may stand before the command
        at, command = next((at, found) for at, word in enumerate(words) if (found := db.get_command(ctx, word)))
        assert program == "ellar-db"
        db.make_context(program, [*words], parent=ctx)
        command.make_context(words[at], words[at + 1 :], parent=ctx)


def test_every_page_is_in_the_table_of_contents() -> None:
    def listed(page: str) -> bool:
        folder = Path(page).parent
        # a folder may have a table of its own, which is in that of all
        folders = folder.parents if Path(page).name == "README.md" else (folder, *folder.parents)
        home = next(each for each in folders if (ROOT / each / "README.md").is_file())
        return str(Path(page).relative_to(home)) in (ROOT / home / "README.md").read_text(encoding="utf-8")

    assert [name for name in NAMES if name.startswith("docs/") and name != "docs/README.md" and not listed(name)] == []


def test_every_command_is_in_the_readme_and_in_the_reference() -> None:
    reference = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
    names = db.list_commands(click.Context(db))
    assert len(names) >= 17
    for name in names:
        assert f"| `{name}` |" in README
        assert f"$ ellar db {name} --help\n" in reference


def test_every_hook_is_described_with_its_signature() -> None:
    reference = (ROOT / "docs/reference/hooks.md").read_text(encoding="utf-8")
    names = [name for name in vars(hookspecs) if name.startswith("ellar_db_")]
    assert len(names) >= 15
    for name in names:
        assert f"\n## {name}\n\n```python\ndef {name}(" in reference


def test_every_environment_variable_is_described() -> None:
    settings = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    names = set(re.findall(r"\"((?:ELLAR_DB|ELLAR_CONFIG|ALEMBIC)_[A-Z_]*[A-Z])\"", SOURCE)) - {API_ATTRIBUTE}
    assert "ELLAR_DB_DISABLE_PLUGINS" in names
    assert sorted(name for name in names if f"`{name}`" not in settings) == []


def test_every_key_of_the_settings_is_described() -> None:
    settings = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    keys = set(re.findall(r"settings\.(?:\w+|table\.get)\(\"([\w-]+)\"", SOURCE))
    assert {"database", "metadata", "plugins"} <= keys
    assert sorted(key for key in keys if f"| `{key}` |" not in settings) == []


def test_every_module_has_its_place_in_the_architecture() -> None:
    architecture = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    modules = {file.name for file in (ROOT / "ellar_db").glob("*.py")} - {"__main__.py", "version.py"}
    assert sorted(name for name in modules if f"`{name}`" not in architecture) == []


def the_plugin() -> str:
    """The README's plugin in ten lines."""
    found = [block for block in blocks(README, "python") if block.startswith("# shop/db_plugin.py\n")]
    assert len(found) == 1
    return found[0]


def test_the_readmes_plugin_works_in_a_project(project: Project) -> None:
    named = next(block for block in blocks(README, "toml") if "plugins =" in block)
    project.configure(extra=named.replace("[tool.ellar-db]\n", ""))
    project.write("shop/__init__.py", "")
    project.write("shop/db_plugin.py", the_plugin())
    project.db("init")

    assert project.db("databases").stdout == "default: sqlite:///app.db\n"


def test_the_readmes_plugin_works_in_a_package(plain: Project, install: Callable[..., Path]) -> None:
    assert 'databases = "shop.db_plugin"' in next(block for block in blocks(README, "toml") if "entry-points" in block)
    install("ellar-db-databases", the_plugin(), entry_points={"databases": "ellar_db_databases"})
    plain.db("init")

    assert plain.db("databases").stdout == "default: sqlite:///app.db\n"


def how_to(name: str) -> list[str]:
    return blocks((ROOT / "docs/how-to" / name).read_text(encoding="utf-8"), "python")


def test_the_command_of_the_how_to_works(plain: Project, install: Callable[..., Path]) -> None:
    install("ellar-db-count", how_to("write-a-plugin.md")[0])
    plain.db("init")
    plain.db("revision", "-m", "one")

    assert plain.db("count").stdout == "1\n"


def test_the_hooks_of_the_how_to_work(plain: Project, install: Callable[..., Path]) -> None:
    plain.change_models(
        "class Job(Base):\n    __tablename__ = 'celery_jobs'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"
    )
    install("ellar-db-dated", how_to("write-a-plugin.md")[1])
    plain.db("init")
    plain.db("migrate", "-m", "one")

    (revision,) = plain.revisions()

    assert re.fullmatch(r"\d{14}_one\.py", revision.name)
    assert "users" in revision.read_text()
    assert "celery" not in revision.read_text()


def test_the_timing_of_the_how_to_works(plain: Project, install: Callable[..., Path]) -> None:
    install("ellar-db-timing", how_to("write-a-plugin.md")[2])
    plain.db("init")
    plain.db("migrate", "--rev-id", "one")

    assert re.fullmatch(r"default: 1 revision\(s\) in \d+\.\d s", plain.db("upgrade").stderr.splitlines()[-1])


def test_the_how_to_names_the_hook_for_each_wish() -> None:
    rows = re.findall(
        r"^\| .* \| `(ellar_db_\w+)`", (ROOT / "docs/how-to/write-a-plugin.md").read_text("utf-8"), re.MULTILINE
    )

    assert {"ellar_db_run", "ellar_db_step", "ellar_db_before_run", "ellar_db_committed", "ellar_db_failed"} <= set(
        rows
    )
    assert set(rows) <= set(vars(hookspecs))


def test_the_overriding_command_of_the_how_to_works(plain: Project, install: Callable[..., Path]) -> None:
    install("ellar-db-ask", how_to("override-a-command.md")[0])
    plain.db("init")
    plain.db("revision", "--rev-id", "one")

    refused = plain.db("stamp", "one", input="n\n", exit_code=1)
    assert refused.stderr.endswith("Error: nothing was noted\n")
    assert plain.db("current").stdout == ""

    plain.db("stamp", "--sure", "one")
    assert plain.db("current").stdout == "one (head)\n"


def test_the_wrapper_of_the_how_to_works(plain: Project, install: Callable[..., Path]) -> None:
    install("ellar-db-timed", how_to("override-a-command.md")[1])
    plain.db("init")

    assert re.fullmatch(r"heads: \d+\.\d s\n", plain.db("heads").stderr)


def test_the_rows_of_the_how_to_are_changed(plain: Project, any_database: str) -> None:
    at_once, in_parts = how_to("data-migrations.md")
    in_parts = in_parts.replace("10_000", "2").replace("9_999", "1")
    email = "    email: Mapped[str | None] = mapped_column(String(128))\n"
    plain.configure(url=any_database, models=MODELS + email)
    plain.db("init")
    plain.db("migrate", "--rev-id", "one")
    plain.db("upgrade")
    for name, source in (("two", at_once), ("three", at_once.split("def upgrade")[0] + in_parts)):
        with sync_engine(any_database).begin() as connection:
            connection.exec_driver_sql("DELETE FROM users")
            connection.exec_driver_sql("INSERT INTO users (id, name) VALUES (1, 'Ann'), (2, 'Bo'), (4, 'Cy')")
        plain.db("revision", "--rev-id", name)
        file = next(file for file in plain.revisions() if file.name.startswith(name))
        file.write_text(file.read_text().split("def upgrade")[0] + source)
        plain.db("upgrade")

        with sync_engine(any_database).connect() as connection:
            found = connection.exec_driver_sql("SELECT email FROM users ORDER BY id").scalars().all()
        assert [address.removesuffix("@example.com") for address in found] == ["ann", "bo", "cy"]
    assert plain.db("upgrade", "--sql", "two:three").stdout.count("UPDATE users") == 1
