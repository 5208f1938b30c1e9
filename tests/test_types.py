"""Packages with column types, or comparisons, of their own: autogenerate is right where they are installed."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from collections.abc import Callable

import pytest
from sqlalchemy import text

from ellar_db.testing import Project
from tests.support.processes import run
from tests.support.servers import sync_engine

MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

{imports}


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
{columns}
"""

SHOP_TYPES = """
import sqlalchemy as sa


class Money(sa.types.TypeDecorator):
    impl = sa.Numeric(10, 2)
    cache_ok = True


class Code(sa.types.UserDefinedType):
    cache_ok = True

    def __init__(self, length=8):
        self.length = length

    def get_col_spec(self, **kw):
        return f"VARCHAR({self.length})"


class Choice(sa.types.TypeDecorator):
    impl = sa.String
    cache_ok = True

    def __init__(self, choices, length=20):
        super().__init__(length)
        self.choices = choices


class Flag(sa.types.TypeDecorator):
    impl = sa.String
    cache_ok = True

    def __init__(self):
        super().__init__(length=3)


class Name(sa.types.TypeDecorator):
    impl = sa.String
    cache_ok = True

    def __init__(self, size=10):
        super().__init__(length=size)


def made():
    class Hidden(sa.types.TypeDecorator):
        impl = sa.Integer
        cache_ok = True

    return Hidden


class Outer:
    class Inner(sa.types.TypeDecorator):
        impl = sa.Text
        cache_ok = True
"""

NOTHING = "No new upgrade operations detected.\n"


def need(*packages: str) -> None:
    """Skip where a package isn't installed: a failure where ELLAR_DB_TEST_REQUIRE has "types"."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing and "types" in os.environ.get("ELLAR_DB_TEST_REQUIRE", "").replace(",", " ").split():
        pytest.fail(f"{missing[0]} isn't installed")
    if missing:
        pytest.skip(f"{missing[0]} isn't installed; the dependency group `test` brings it")


def models(project: Project, columns: list[str], *, imports: str = "", url: str = "sqlite:///app.db") -> None:
    """Give the project a table of these columns, and a folder."""
    lines = "\n".join(f"    {column}" for column in columns)
    project.configure(url=url, models=MODELS.format(imports=imports, columns=lines))
    if not (project.path / "migrations").exists():
        project.db("init")


def db(project: Project, *arguments: str, exit_code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run `ellar-db` as a process: what these packages change in Alembic would stay for the other tests."""
    return run(project, "ellar-db", *arguments, exit_code=exit_code)


def source(project: Project, rev_id: str = "r1") -> str:
    return (project.path / "migrations" / "versions" / f"{rev_id}_.py").read_text()


def imports(text: str) -> list[str]:
    """Give the imports that the template doesn't have."""
    usual = ("from alembic import op", "import sqlalchemy as sa")
    return [line for line in re.findall(r"^(?:import|from) .+$", text, re.MULTILINE) if line not in usual]


def columns(text: str) -> dict[str, str]:
    """Give what the type of each column is written as."""
    return dict(re.findall(r"^ *sa\.Column\('(\w+)', (.+), nullable=\w+\),?$", text, re.MULTILINE))


class TestOwnTypes:
    """Types of the application, and of any package."""

    def test_a_type_brings_its_import(self, plain: Project, any_database: str) -> None:
        plain.write("shop_types.py", SHOP_TYPES)
        given = ["price = mapped_column(Money())", "code = mapped_column(Code(5))"]
        models(plain, given, imports="from shop_types import Code, Money", url=any_database)

        plain.db("migrate", "--rev-id", "r1")

        assert imports(source(plain)) == ["import shop_types"]
        assert columns(source(plain)) == {
            "id": "sa.Integer()",
            "price": "shop_types.Money(precision=10, scale=2)",
            "code": "shop_types.Code(length=5)",
        }
        plain.db("upgrade")
        plain.db("downgrade")

    def test_what_a_decorator_decorates_where_it_can_not_be_made_again(self, plain: Project, any_database: str) -> None:
        plain.write("shop_types.py", SHOP_TYPES)
        given = {
            "state": "Choice(['a', 'b'])",
            "flag": "Flag()",
            "name": "Name(5)",
            "hidden": "made()()",
            "inner": "Outer.Inner()",
        }
        models(
            plain,
            [f"{name} = mapped_column({type_})" for name, type_ in given.items()],
            imports="from shop_types import Choice, Flag, Name, Outer, made",
            url=any_database,
        )

        plain.db("migrate", "--rev-id", "r1")

        assert columns(source(plain)) == {
            "id": "sa.Integer()",
            "state": "sa.String(length=20)",
            "flag": "shop_types.Flag()",
            "name": "sa.String(length=5)",
            "hidden": "sa.Integer()",
            "inner": "shop_types.Outer.Inner()",
        }
        assert imports(source(plain)) == ["import shop_types"]
        plain.db("upgrade")
        assert plain.db("check").stdout == NOTHING

    def test_variants_and_the_items_of_arrays(self, plain: Project, new_database: Callable[[str], str]) -> None:
        plain.write("shop_types.py", SHOP_TYPES)
        given = [
            "prices = mapped_column(sa.ARRAY(Flag()))",
            "price = mapped_column(sa.String().with_variant(Flag(), 'sqlite'))",
            "other = mapped_column(Outer.Inner().with_variant(sa.String(5), 'mysql'))",
        ]
        url = new_database("postgresql")
        models(plain, given, imports="from shop_types import Flag, Outer", url=url)

        plain.db("migrate", "--rev-id", "r1")

        written = columns(source(plain))
        assert written["prices"] == "sa.ARRAY(shop_types.Flag())"
        assert written["price"] == "sa.String().with_variant(shop_types.Flag(), 'sqlite')"
        assert imports(source(plain)) == ["import shop_types"]

    @pytest.mark.parametrize(
        ("option", "written", "brought"),
        [
            ("'render_item': models.render_item", "t.Money()", ["import shop_types as t"]),
            ("'user_module_prefix': 'types.'", "types.Money(precision=10, scale=2)", []),
        ],
    )
    def test_what_the_application_says_of_its_types_comes_first(
        self, plain: Project, option: str, written: str, brought: list[str]
    ) -> None:
        plain.write("shop_types.py", SHOP_TYPES)
        plain.write(
            "shop_plugin.py",
            "from ellar_db import hookimpl\n\n\n@hookimpl\ndef ellar_db_context_options():\n"
            f"    import models\n\n    return {{{option}}}\n",
        )
        models(plain, ["price = mapped_column(Money())"], imports="from shop_types import Money")
        plain.change_models(
            """

            def render_item(kind, item, context):
                if isinstance(item, Money):
                    context.imports.add("import shop_types as t")
                    return "t.Money()"
                return False
            """
        )
        settings = plain.path / "pyproject.toml"
        settings.write_text(settings.read_text() + "plugins = ['shop_plugin']\n")
        plain.forget()

        plain.db("migrate", "--rev-id", "r1")

        assert columns(source(plain))["price"] == written
        assert imports(source(plain)) == brought

    def test_types_of_sqlalchemy_alone_bring_nothing(self, plain: Project) -> None:
        models(plain, ["name = mapped_column(sa.String(5))"])

        plain.db("migrate", "--rev-id", "r1")

        assert imports(source(plain)) == []


class TestSqlite:
    """SQLite keeps types as they were written, known to SQLAlchemy or not."""

    def test_types_that_sqlalchemy_does_not_know_there(self, plain: Project) -> None:
        plain.write("shop_types.py", SHOP_TYPES.replace('f"VARCHAR({self.length})"', 'f"CODE({self.length})"'))
        given = ["key = mapped_column(sa.BINARY(16))", "code = mapped_column('the code', Code(5))"]
        models(plain, given, imports="from shop_types import Code")
        plain.db("migrate")
        plain.db("upgrade")

        assert plain.db("check").stdout == NOTHING

    @pytest.mark.parametrize("other", ["sa.BINARY(20)", "sa.Integer()"])
    def test_a_type_that_changed(self, plain: Project, other: str) -> None:
        models(plain, ["key = mapped_column(sa.BINARY(16))"])
        plain.db("migrate")
        plain.db("upgrade")

        models(plain, [f"key = mapped_column({other})"])

        assert "change type of orders.key" in plain.db("check", exit_code=1).stdout

    def test_types_are_not_compared_where_that_is_off(self, plain: Project) -> None:
        models(plain, ["key = mapped_column(sa.BINARY(16))"])
        plain.db("migrate")
        plain.db("upgrade")

        models(plain, ["key = mapped_column(sa.Integer())"])
        settings = plain.path / "pyproject.toml"
        settings.write_text(settings.read_text() + "[tool.ellar-db.context-configure]\ncompare_type = false\n")
        plain.forget()

        assert plain.db("check").stdout == NOTHING


@pytest.mark.sampled
def test_sqlalchemy_utils(plain: Project, any_database: str) -> None:
    need("sqlalchemy_utils")
    given = {
        "email": "su.EmailType",
        "key": "su.UUIDType",
        "text_key": "su.UUIDType(binary=False)",
        "state": "su.ChoiceType([('a', 'A')])",
        "number": "su.ChoiceType([(1, 'A')], impl=sa.Integer())",
        "data": "su.JSONType",
        "names": "su.ScalarListType()",
        "url": "su.URLType",
        "zone": "su.TimezoneType(backend='zoneinfo')",
        "address": "su.IPAddressType",
    }
    listed = [f"{name} = mapped_column({type_})" for name, type_ in given.items()]
    models(plain, listed, imports="import sqlalchemy_utils as su", url=any_database)

    db(plain, "migrate", "--rev-id", "r1")

    module = "sqlalchemy_utils.types"
    assert columns(source(plain)) == {
        "id": "sa.Integer()",
        "email": f"{module}.email.EmailType(length=255)",
        "key": f"{module}.uuid.UUIDType()",
        "text_key": f"{module}.uuid.UUIDType(binary=False)",
        "state": "sa.Unicode(length=255)",
        "number": "sa.Integer()",
        "data": f"{module}.json.JSONType()",
        "names": f"{module}.scalar_list.ScalarListType()",
        "url": f"{module}.url.URLType()",
        "zone": "sa.Unicode(length=50)",
        "address": f"{module}.ip_address.IPAddressType(length=50)",
    }
    assert imports(source(plain)) == [
        f"import {module}.{name}" for name in ("email", "ip_address", "json", "scalar_list", "url", "uuid")
    ]
    db(plain, "upgrade")
    assert db(plain, "check").stdout == NOTHING
    db(plain, "downgrade")


def test_pgvector(plain: Project, new_database: Callable[[str], str]) -> None:
    need("pgvector")
    given = {"v": "VECTOR(3)", "h": "HALFVEC(3)", "s": "SPARSEVEC(3)", "b": "BIT(3)", "vs": "sa.ARRAY(VECTOR(3))"}
    listed = [f"{name} = mapped_column({type_})" for name, type_ in given.items()]
    models(
        plain,
        listed,
        imports="from pgvector.sqlalchemy import BIT, HALFVEC, SPARSEVEC, VECTOR",
        url=new_database("postgresql"),
    )

    db(plain, "migrate", "--rev-id", "r1")

    # the server need not have the extension for this: the SQL is what the file, imported and run, gives
    sql = db(plain, "upgrade", "--sql").stdout
    assert re.findall(r"^    (\w+) ([A-Z]+\(3\).*), $", sql, re.MULTILINE) == [
        ("v", "VECTOR(3)"),
        ("h", "HALFVEC(3)"),
        ("s", "SPARSEVEC(3)"),
        ("b", "BIT(3)"),
        ("vs", "VECTOR(3)[]"),
    ]
    names = ("bit", "halfvec", "sparsevec", "vector")
    assert imports(source(plain)) == [f"import pgvector.sqlalchemy.{name}" for name in names]


class TestGeoalchemy2:
    """Spatial columns, with the helpers of geoalchemy2 for Alembic."""

    def test_spatial_tables(self, plain: Project, new_database: Callable[[str], str]) -> None:
        need("geoalchemy2")
        given = [
            "shape = mapped_column(Geometry('POLYGON', srid=4326))",
            "area = mapped_column(Geography(spatial_index=False))",
        ]
        models(plain, given, imports="from geoalchemy2 import Geography, Geometry", url=new_database("postgresql"))

        db(plain, "migrate", "--rev-id", "r1")

        assert imports(source(plain)) == [
            "import geoalchemy2.alembic_helpers  # noqa: F401",
            "from geoalchemy2 import Geography, Geometry",
        ]
        assert re.findall(r"op\.(\w*(?:table|index))\(", source(plain)) == [
            "create_geospatial_table",
            "batch_alter_table",
            "create_geospatial_index",
            "batch_alter_table",
            "drop_geospatial_index",
            "drop_geospatial_table",
        ]
        # one index, which the type and the operation would both make without the helpers; bare alembic reads it too
        plain.write("models.py", "import sqlalchemy as sa\n\n\nclass Base:\n    metadata = sa.MetaData()\n")
        sql = run(plain, "alembic", "-c", "migrations/alembic.ini", "upgrade", "head", "--sql").stdout
        assert "shape geometry(POLYGON,4326)" in sql
        assert re.findall("CREATE INDEX.+", sql) == ["CREATE INDEX idx_orders_shape ON orders USING gist (shape);"]

    def test_names_of_the_applications_own_stay(self, plain: Project) -> None:
        need("geoalchemy2")
        models(plain, [], imports="import geoalchemy2")
        plain.change_models(
            """

            class Index(Base):
                __tablename__ = "idx_of_ours"

                id: Mapped[int] = mapped_column(primary_key=True)
            """
        )
        db(plain, "migrate", "--rev-id", "r1")
        assert "op.create_table('idx_of_ours'" in source(plain)
        db(plain, "upgrade")
        with sync_engine("sqlite:///app.db").begin() as connection:
            connection.execute(text("CREATE TABLE spatialite_history (id INTEGER)"))

        assert db(plain, "check").stdout == NOTHING


class TestExtensions:
    """Tables of the server's extensions are nobody's to drop."""

    def test_tables_that_an_extension_made(self, plain: Project, new_database: Callable[[str], str]) -> None:
        url = new_database("postgresql")
        plain.configure(url=url, extra="[tool.ellar-db.context-configure]\ninclude_schemas = true\n")
        plain.db("init")
        plain.db("migrate")
        plain.db("upgrade")
        with sync_engine(url).begin() as connection:
            # PostGIS, which the server need not have, makes its tables so
            connection.execute(text("CREATE SCHEMA tiger"))
            connection.execute(text("CREATE SCHEMA tiger_data"))
            for table in ("layers", "tiger.state", "tiger_data.tx_state", "nobodys"):
                connection.execute(text(f"CREATE TABLE {table} (id INTEGER)"))
            for table in ("layers", "tiger.state"):
                connection.execute(text(f"ALTER EXTENSION plpgsql ADD TABLE {table}"))

        said = plain.db("check", exit_code=1).stdout
        assert re.findall(r"drop table (\S+)", said) == ["nobodys"]

    def test_the_table_of_reference_systems(self, plain: Project, any_database: str) -> None:
        plain.configure(url=any_database)
        plain.db("init")
        plain.db("migrate")
        plain.db("upgrade")
        with sync_engine(any_database).begin() as connection:
            connection.execute(text("CREATE TABLE spatial_ref_sys (srid INTEGER)"))

        assert plain.db("check").stdout == NOTHING


ENUM = """
import enum


class State(enum.Enum):
    NEW = "NEW"
    OLD = "OLD"
"""
ENUM_COLUMN = "state = mapped_column(sa.Enum(State, name='order_state'))"


class TestEnums:
    """alembic-postgresql-enum takes part where it is installed, on PostgreSQL."""

    def test_a_value_more(self, plain: Project, new_database: Callable[[str], str]) -> None:
        need("alembic_postgresql_enum")
        url = new_database("postgresql")
        models(plain, [ENUM_COLUMN], imports=ENUM, url=url)
        db(plain, "migrate", "--rev-id", "r1")
        db(plain, "upgrade")
        assert "sa.Enum('NEW', 'OLD', name='order_state').create(op.get_bind())" in source(plain)
        assert db(plain, "check").stdout == NOTHING

        models(plain, [ENUM_COLUMN], imports=f"{ENUM}    DONE = 'DONE'\n", url=url)
        db(plain, "check", exit_code=1)
        db(plain, "migrate", "--rev-id", "r2")

        # it needs no package any more, once it is written
        assert """op.execute("ALTER TYPE order_state ADD VALUE 'DONE' AFTER 'OLD'")""" in source(plain, "r2")
        db(plain, "upgrade")
        assert db(plain, "check").stdout == NOTHING
        db(plain, "downgrade", "base")
        with sync_engine(url).connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM pg_type WHERE typname = 'order_state'")).scalar() == 0

    def test_other_databases_of_the_run_hear_nothing_of_it(
        self, plain: Project, new_database: Callable[[str], str]
    ) -> None:
        need("alembic_postgresql_enum")
        models(plain, [ENUM_COLUMN], imports=ENUM)
        plain.write(
            "pyproject.toml",
            "[tool.ellar-db]\nmetadata = 'models:Base'\n[tool.ellar-db.databases]\n"
            f"default = '{new_database('postgresql')}'\nsecond = 'sqlite:///app.db'\n",
        )
        plain.run("rm", "-r", "migrations")
        db(plain, "init", "--multi")

        said = db(plain, "migrate", "--rev-id", "r1").stderr

        assert "only supports postgresql" not in said
        up = source(plain).partition("def upgrade_second")
        assert ".create(op.get_bind())" in up[0]
        assert ".create(op.get_bind())" not in up[2]
        db(plain, "upgrade")
        assert db(plain, "check").stdout == NOTHING

    def test_the_types_of_packages_are_theirs(
        self, plain: Project, install: Callable[..., object], new_database: Callable[[str], str]
    ) -> None:
        need("alembic_postgresql_enum")
        revision = """
            import sqlalchemy as sa
            from alembic import op

            revision = "audit1"
            down_revision = None


            def upgrade():
                op.create_table("audit", sa.Column("action", sa.Enum("in", "out", name="audit_action")))


            def downgrade():
                op.drop_table("audit")
            """
        plain.write("brought/audit1.py", revision)
        install(
            "ellar-db-audit",
            f"""
            from pathlib import Path
            import sqlalchemy as sa
            from ellar_db import PackageMigrations, hookimpl

            metadata = sa.MetaData()
            sa.Table("audit", metadata, sa.Column("action", sa.Enum("in", "out", name="audit_action")))


            @hookimpl
            def ellar_db_migrations():
                yield PackageMigrations("audit", Path({str(plain.path / "brought")!r}), metadata=metadata)
            """,
        )
        models(plain, [ENUM_COLUMN], imports=ENUM, url=new_database("postgresql"))

        def run(*arguments: str) -> str:
            done = plain.run("ellar-db", *arguments, env={"PYTHONPATH": str(plain.path / "site")})
            return done.stdout

        run("migrate", "--rev-id", "r1")
        run("upgrade")

        assert run("check").count(NOTHING) == 2


FUNCTION = """
from alembic_utils.pg_function import PGFunction
from alembic_utils.pg_view import PGView
from alembic_utils.replaceable_entity import register_entities

twice = PGFunction("public", "twice(n integer)", "RETURNS integer LANGUAGE sql AS $$ SELECT {factor} * n $$")
ids = PGView("public", "order_ids", "SELECT id FROM orders")
register_entities([{entities}])
"""


class TestEntities:
    """alembic-utils: functions and views that the module of the models registers."""

    @pytest.mark.long
    def test_functions_and_views(self, plain: Project, new_database: Callable[[str], str]) -> None:
        need("alembic_utils")
        url = new_database("postgresql")
        models(plain, [], imports=FUNCTION.format(factor=2, entities="twice"), url=url)
        db(plain, "migrate", "--rev-id", "r1")
        db(plain, "upgrade")
        assert "from alembic_utils.pg_function import PGFunction" in imports(source(plain))
        assert db(plain, "check").stdout == NOTHING

        models(plain, [], imports=FUNCTION.format(factor=3, entities="twice, ids"), url=url)
        assert db(plain, "check", exit_code=1).stdout == (
            "replace function public.twice(n integer)\nadd view public.order_ids\n"
        )
        db(plain, "migrate", "--rev-id", "r2")

        assert "from alembic_utils.pg_view import PGView" in imports(source(plain, "r2"))
        db(plain, "upgrade")
        assert db(plain, "check").stdout == NOTHING
        with sync_engine(url).connect() as connection:
            assert connection.execute(text("SELECT twice(2)")).scalar() == 6
        db(plain, "downgrade", "base")

    @pytest.mark.parametrize("kind", ["sqlite", "mariadb"])
    def test_other_databases_know_no_functions(
        self, plain: Project, new_database: Callable[[str], str], kind: str
    ) -> None:
        need("alembic_utils")
        models(plain, [], imports=FUNCTION.format(factor=2, entities="twice"), url=new_database(kind))

        db(plain, "migrate", "--rev-id", "r1")
        db(plain, "upgrade")

        assert "twice" not in source(plain)
        assert db(plain, "check").stdout == NOTHING

    def test_it_is_not_imported_where_the_models_do_not(
        self, plain: Project, new_database: Callable[[str], str]
    ) -> None:
        need("alembic_utils")
        url = new_database("postgresql")
        with sync_engine(url).begin() as connection:
            connection.execute(text("CREATE FUNCTION theirs() RETURNS integer LANGUAGE sql AS 'SELECT 1'"))
        models(plain, [], url=url)

        db(plain, "migrate", "--rev-id", "r1")

        assert "theirs" not in source(plain)
