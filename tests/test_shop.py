"""The example application in examples/shop: its migrations, its tests, its pages, and what its files say."""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from sqlalchemy import make_url

from ellar_db import Databases
from ellar_db.testing import Project
from tests.support.applications import Shop, answer, new_shop
from tests.support.pages import ROOT
from tests.support.processes import run
from tests.support.servers import asynchronous
from tests.support.suites import run_pytest

SHOP = ROOT / "examples" / "shop"
TENANTS = ("-d", "tenant_migrations")
NO_CHANGES = "No new upgrade operations detected.\n"


class Example(Shop):
    """A copy of the example, on databases of one's own."""

    def db(self, *arguments: str, exit_code: int | None = 0) -> str:
        """Run `ellar db` in a process of its own, and return all that it says."""
        done = run(self, "ellar", "db", *arguments, exit_code=exit_code)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def upgrade(self) -> None:
        """Make all databases, as the README says."""
        self.db("create")
        self.db("upgrade")
        self.db(*TENANTS, "upgrade")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Example]:
    with new_shop(tmp_path) as made:
        shutil.copytree(SHOP, made.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.db"))
        yield Example(made.path)


@pytest.fixture
def use(
    shop: Example, new_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], None]]:
    """Return a function that lets the example use a kind of database, by the variables of its .env.example."""
    used = []

    def choose(kind: str) -> None:
        url = new_database(kind)
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("REPORTS_URL", asynchronous(new_database(kind)))
        # a schema of MariaDB is a database of the server, where other tests have theirs
        unique = str(make_url(url).database).rpartition("_")[2]
        names = [f"acme_{unique}", f"bolt_{unique}"] if kind == "mariadb" else ["acme", "bolt"]
        settings = shop.path / "pyproject.toml"
        text = re.sub("tenants = .*", f"tenants = {names!r}", settings.read_text())
        settings.write_text(text.replace('reference = "acme"', f'reference = "{names[0]}"'))
        used.append(kind)

    yield choose
    if used == ["mariadb"]:
        shop.db(*TENANTS, "drop", "--group", "tenants", "--yes")


class TestMigrations:
    @pytest.mark.sampled
    @pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
    def test_bring_an_empty_database_to_the_models(self, shop: Example, use: Callable[[str], None], kind: str) -> None:
        use(kind)

        for _ in range(2):
            shop.upgrade()
            assert shop.db("check").startswith(NO_CHANGES)
            assert NO_CHANGES in shop.db(*TENANTS, "check")
            shop.db("downgrade", "base", "--yes")
            shop.db(*TENANTS, "downgrade", "base", "--yes")

    def test_have_no_findings_but_copies_of_tables(self, shop: Example) -> None:
        shop.db("create")

        for folder, revisions in (("migrations", 6), ("tenant_migrations", 2)):
            said = shop.db("-d", folder, "lint", "--all").splitlines()
            assert len(list((shop.path / folder / "versions").glob("*.py"))) == revisions
            assert {line.split(" ")[1] for line in said if ".py:" in line} == {"note:"}
            assert {line.split(" ")[2] for line in said if ".py:" in line} == {"DB313"}

    @pytest.mark.long
    def test_can_be_verified_with_rows(self, shop: Example) -> None:
        shop.db("create")

        for folder in ("migrations", "tenant_migrations"):
            assert "fail" not in shop.db("-d", folder, "verify", "--all")


class TestApplication:
    def test_takes_orders_and_reports_them(self, shop: Example) -> None:
        shop.upgrade()
        assert shop.db("seed") == "5 products added, sold by 4 tenants.\n"
        assert shop.db("seed") == "0 products added, sold by 4 tenants.\n"
        app = shop.application()
        order = {"email": "ada@example.com", "full_name": "Ada", "sku": "TEA-01", "quantity": 15}

        assert {product["tenant"] for product in answer(app, "/products/")} == {"acme", "bolt", "crane", "delta"}
        assert answer(app, "/orders/", order) == {"id": 1}
        assert answer(app, "/orders/", order) == {"detail": "5 of TEA-01 are in stock", "status_code": 409}
        assert [(each["total"], each["items"]) for each in answer(app, "/orders/")] == [("73.50", {"TEA-01": 15})]
        assert [sold["amount"] for sold in answer(app, "/reports/refresh", {})] == ["73.50"]
        assert [sold["quantity"] for sold in answer(app, "/reports/")] == [15]
        asyncio.run(app.injector.get(Databases)["reports"].engine.dispose())

    def test_undoes_nothing_in_production(self, shop: Example, monkeypatch: pytest.MonkeyPatch) -> None:
        shop.upgrade()
        monkeypatch.setenv("SHOP_ENVIRONMENT", "production")

        for command in ("downgrade", "drop"):
            assert f"{command} is refused in production" in shop.db(command, "--yes", exit_code=1)

        assert "shop_12 (head)" in shop.db("current")

    @pytest.mark.long
    @pytest.mark.parametrize("arguments", [[], ["tests/conftest.py", "--ellar-db-directory", "tenant_migrations"]])
    def test_passes_its_own_tests(self, shop: Example, arguments: list[str]) -> None:
        done = run_pytest(shop.path, *arguments)

        assert done.ret == 0, done.outlines
        assert done.parseoutcomes() == {"passed": 5 if arguments else 19}

    @pytest.mark.long
    def test_is_typed(self, shop: Example) -> None:
        pytest.importorskip("mypy")

        Project.run(shop, "python", "-m", "mypy")


class TestContainers:
    def test_run_commands_that_work(
        self, shop: Example, use: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use("postgresql")
        services = yaml.safe_load((shop.path / "compose.yaml").read_text())["services"]
        assert set(services) == {"db", "migrate", "web"}
        for name in ("migrate", "web"):
            assert set(services[name]["environment"]) == {"DATABASE_URL", "REPORTS_URL", "SHOP_ENVIRONMENT"}
            assert make_url(services[name]["environment"]["DATABASE_URL"]).host in services
            assert set(services[name]["depends_on"]) <= set(services)

        for name in ("migrate", "web"):
            program, option, script = shlex.split(services[name]["command"])
            assert (program, option) == ("sh", "-c")
            for command in script.split(" && "):
                words = shlex.split(command)
                # the last one ends only with the container
                if words[0] != "exec":
                    run(shop, *words)

        assert shop.db("current").count("(head)") == 2

    def test_are_made_of_files_that_are_there(self) -> None:
        lines = (SHOP / "Dockerfile").read_text().splitlines()

        copied = [line.split()[1] for line in lines if line.startswith("COPY")]
        assert [name for name in copied if not (SHOP / name).exists()] == []
        [packages] = [line for line in (SHOP / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
        extras = set(re.findall(r"[\w-]+", packages.partition("[")[2]))
        known = (ROOT / "pyproject.toml").read_text().partition("[project.optional-dependencies]")[2]
        assert extras <= set(re.findall(r"^([\w-]+) = \[", known, re.MULTILINE))


@pytest.mark.long
@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no sh")
def test_the_demo_is_short_and_ends_at_the_head(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")

    said = Project.run(project, "sh", str(ROOT / "examples" / "demo"), "made").stdout

    assert len(said.splitlines()) < 150
    assert not {"Traceback", "Warning"} & set(re.findall(r"\w+", said))
    assert [line.split()[1:3] for line in said.splitlines() if re.match("(acme|bolt|crane|delta) .*at head", line)] == [
        ["shop_21", "at"]
    ] * 4
    assert "* shop_12 (head), Sum up totals <- default, reports\n" in said
