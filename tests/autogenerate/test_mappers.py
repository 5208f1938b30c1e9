"""Tables that are made when mappers are configured."""

from __future__ import annotations

import pytest

from ellar_db.testing import Project

LATE = """
from sqlalchemy import Column, Integer, Table, event
from sqlalchemy.orm import DeclarativeBase, Mapper


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)


@event.listens_for(Mapper, "after_configured")
def add_history():
    Table("users_history", Base.metadata, Column("id", Integer, primary_key=True), extend_existing=True)
"""

CONTINUUM = """
from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import declarative_base
from sqlalchemy_continuum import make_versioned

make_versioned(user_cls=None)
Base = declarative_base()


class Article(Base):
    __tablename__ = "article"
    __versioned__ = {}
    id = Column(Integer, primary_key=True)
    name = Column(String(20))
"""

BROKEN = """
from sqlalchemy import Column, Integer
from sqlalchemy.orm import DeclarativeBase, relationship


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    teams = relationship("Nobody")
"""


def test_late_tables_are_written_and_not_dropped(plain: Project, any_database: str) -> None:
    plain.configure(url=any_database, models=LATE)
    plain.db("init")

    assert "  add table users_history\n" in plain.db("migrate").stderr
    plain.db("upgrade")
    plain.forget("models")

    assert plain.db("check").stdout == "No new upgrade operations detected.\n"


@pytest.mark.filterwarnings("ignore")
def test_sqlalchemy_continuum(plain: Project) -> None:
    pytest.importorskip("sqlalchemy_continuum")
    plain.configure(models=CONTINUUM)
    plain.db("init")

    try:
        plain.db("migrate")
        plain.db("upgrade")

        assert plain.tables() == {"alembic_version", "article", "article_version", "transaction"}
        assert plain.db("check").stdout == "No new upgrade operations detected.\n"
    finally:
        from sqlalchemy_continuum import remove_versioning

        remove_versioning()


def test_models_that_cannot_be_configured_are_refused(plain: Project) -> None:
    plain.configure(models=BROKEN)
    plain.db("init")
    try:
        error = plain.db("migrate", exit_code=1).stderr
    finally:
        from sqlalchemy.orm import clear_mappers

        clear_mappers()

    assert error.startswith("Error: the models can't be compared, since their mappers can't be configured: ")
    assert "'Nobody'" in error
    assert error.endswith("; mend the models\n")
    assert plain.revisions() == []
