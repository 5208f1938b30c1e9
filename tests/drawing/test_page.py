"""The page for a browser: what it contains, and that nothing in it does harm."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ellar_db.drawing.operations import operations
from ellar_db.drawing.page import ASSETS, page
from ellar_db.drawing.picture import Node, Picture
from ellar_db.util.masking import remember_text
from tests.support.pictures import Page

EVIL = "</script><script>alert(1)</script><!--<script>@page.js@ \u2028 \ud800"


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    """A history with all that a page can show."""
    file = tmp_path / "c.py"
    file.write_text("def upgrade():\n    op.drop_table('users')\n")
    nodes = [
        Node("c", ("a", "b"), ("z",), doc=f"{EVIL}\n\nmore", path=str(file)),
        Node("b", ("a",), ("old",), ("shop",), "B", str(tmp_path / "gone.py"), 1),
        Node("a", (), (), (), "A", "", 2),
        Node("z", effective=True),
    ]
    return Picture(nodes, EVIL, {"b": ["default", "reports"], "z": ["default"], "": ["fresh"], "newer": ["ahead"]})


def test_all_that_is_known_is_in_the_page(picture: Picture) -> None:
    (history,) = Page(page([picture])).histories

    assert history["title"] == EVIL
    assert [each["id"] for each in history["revisions"]] == ["c", "b", "a", "z"]
    assert history["revisions"][0] == {
        "id": "c",
        "title": " ".join(EVIL.split()),
        "notes": ["head", "mergepoint"],
        "doc": f"{EVIL}\n\nmore",
        "file": "c.py",
        "down": [2, 1],
        "needs": [3],
        "more": [],
        "operations": ["drop table users"],
        "source": "def upgrade():\n    op.drop_table('users')\n",
    }
    # in a range, and with a file that is gone
    assert (history["revisions"][1]["more"], history["revisions"][1]["source"]) == (["old"], "")
    assert history["databases"] == [
        {"name": "default", "at": [1, 3], "elsewhere": []},
        {"name": "reports", "at": [1], "elsewhere": []},
        {"name": "fresh", "at": [], "elsewhere": []},
        {"name": "ahead", "at": [], "elsewhere": ["newer"]},
    ]
    assert history["rows"] == [[0, 0, [[0, 1, 0]]], [1, 0, [[1, 0, 1]]], [0, 1, []], [0, 1, []]]


def test_no_text_becomes_a_part_of_the_page(picture: Picture) -> None:
    harmless = Picture([Node("c", doc="no harm")])

    found, expected = Page(page([picture, picture])), Page(page([harmless]))

    assert found.tags == expected.tags
    assert {name: text for name, text in found.texts.items() if name != "script data"} == {
        name: text for name, text in expected.texts.items() if name != "script data"
    }
    assert "alert(1)" not in found.texts["script"]


def test_the_page_needs_no_network(picture: Picture) -> None:
    text = page([picture])
    found = Page(text)

    policy = next(attributes for tag, attributes in found.tags if attributes.get("http-equiv"))
    assert str(policy["content"]).startswith(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    )
    assert [tag for tag, attributes in found.tags if {"src", "href", "srcset"} & attributes.keys()] == []
    assert re.findall(r"(?:https?:)?//[\w.]+/", text.replace("http://www.w3.org/2000/svg", "")) == []
    assert not re.search(r"url\(|@import|innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b", text)


def test_each_element_that_the_script_looks_for_is_there() -> None:
    script, text = (ASSETS / "page.js").read_text(encoding="utf-8"), (ASSETS / "page.html").read_text(encoding="utf-8")
    made = set(re.findall(r'\bid: "([\w-]+)"', script))

    wanted = set(re.findall(r'\$\("([\w-]+)"\)', script))

    assert len(wanted) > 10
    assert wanted - made <= set(re.findall(r' id="([\w-]+)"', text))


def test_the_list_can_be_read_aloud_and_used_without_a_mouse() -> None:
    tags = Page(page([Picture([Node("a")])])).tags
    by_id = {attributes["id"]: attributes for _, attributes in tags if "id" in attributes}

    assert ("html", {"lang": "en"}) in tags
    assert by_id["list"] == {
        "id": "list", "role": "listbox", "tabindex": "0", "aria-labelledby": "heading", "aria-describedby": "keys"
    }  # fmt: skip
    assert by_id["found"]["role"] == "status"
    assert by_id["lines"]["aria-hidden"] == "true"
    for tag, attributes in tags:
        if tag == "button":
            assert attributes["aria-label"]


def test_both_schemes_name_the_same_colours() -> None:
    style = (ASSETS / "page.css").read_text(encoding="utf-8")
    light, dark = [set(re.findall(r"(--\w+): #", part)) for part in re.findall(r":root \{(.*?)\}", style, re.DOTALL)]

    assert light == dark
    assert set(re.findall(r"var\((--\w+)\)", style)) <= light


def test_no_password_is_in_the_page(tmp_path: Path) -> None:
    remember_text("postgresql://ann:hunter2token@db/shop")
    file = tmp_path / "a.py"
    file.write_text("def upgrade():\n    op.execute(\"ALTER ROLE ann PASSWORD 'hunter2token'\")\n")

    text = page([Picture([Node("a", doc="Uses hunter2token and postgresql://bo:other2token@db/x", path=str(file))])])

    assert "hunter2token" not in text
    assert "other2token" not in text


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('op.create_table("users", sa.Column("id", sa.Integer), schema="shop")', "create table shop.users"),
        ('op.add_column("users", sa.Column("name", sa.String(20)))', "add column users.name"),
        ('op.alter_column("users", "name", nullable=False)', "change column users.name"),
        ('op.alter_column(table_name="users", column_name="name")', "change column users.name"),
        ('op.create_index(op.f("ix_users"), "users", ["name"])', "create index ix_users on users"),
        ('op.drop_index("ix_users", table_name="users")', "drop index ix_users of users"),
        ('op.create_foreign_key(None, "users", "shops", ["a"], ["b"])', "create foreign key without a name on users"),
        ('op.drop_constraint("fk", "users", type_="foreignkey")', "drop constraint fk of users"),
        ('op.rename_table("users", "people")', "rename table users to people"),
        ('op.execute(sa.text("UPDATE users\\n  SET a = 1"))', "execute UPDATE users SET a = 1"),
        ('op.execute("UPDATE users SET a = 1")', "execute UPDATE users SET a = 1"),
        ("op.execute(STATEMENT)", "execute STATEMENT"),
        ('op.bulk_insert(table, [{"a": 1}])', "insert rows into table"),
        ('op.create_view("people", sql)', "create_view people, sql"),
        (f'op.execute("{"x" * 200}")', f"execute {'x' * 77}..."),
        ("op.create_table()", "create table "),
    ],
)
def test_operations_in_words(line: str, words: str) -> None:
    found = operations(
        f"from alembic import op\n\n\ndef upgrade():\n    {line}\n\n\ndef downgrade():\n    op.nothing()\n"
    )

    assert found == [words]


def test_operations_of_a_batch_a_loop_and_several_databases() -> None:
    source = """
def upgrade_default():
    with op.batch_alter_table("users", schema="shop") as batch_op:
        batch_op.add_column(sa.Column("name", sa.String(20)))
        batch_op.create_index("ix", ["name"])
    for table in ("a", "b"):
        if table:
            op.drop_table(table)

def upgrade_reports(): op.get_bind()
def helper(): op.drop_table("other")
"""
    assert operations(source) == [
        "default: add column shop.users.name",
        "default: create index ix on shop.users",
        "default: drop table table",
        "reports: get_bind",
    ]


@pytest.mark.parametrize("source", ["def upgrade(:\n", "\0", "(" * 5000, ""])
def test_what_cannot_be_read_has_no_operations(source: str) -> None:
    assert operations(source) == []
