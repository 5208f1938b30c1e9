"""What is read of one revision file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ellar_db.history.headers import Header, UnclearError
from ellar_db.history.patterns import read_header
from ellar_db.history.syntax import parse_header

ROOT = Path(__file__).parents[2]

PLAIN = b"'''Add users.'''\n\nrevision = 'a1'\ndown_revision = ('b2', 'c3')\n"

EXPECTED = Header("a1", ("b2", "c3"), (), (), "Add users.")


@pytest.mark.parametrize(
    "source",
    [
        PLAIN,
        PLAIN.replace(b"\n", b"\r\n"),
        b"# -*- coding: UTF-8 -*-\n" + PLAIN,
        PLAIN.replace(b"revision = 'a1'", b'revision: str = "a1"  # the id'),
        PLAIN + b"\n\ndef upgrade() -> None:\n    op.execute('SELECT 1')\n",
        b"#!/usr/bin/python\n# and more\n"
        + PLAIN.replace(b"\n\n", b"\nimport os, sys as system\nfrom a import (\n b\n)\n"),
    ],
)
def test_what_the_text_says(source: bytes) -> None:
    assert read_header(source) == EXPECTED
    assert parse_header(source, "a1.py") == EXPECTED


@pytest.mark.parametrize(
    "source",
    [
        PLAIN + b"\n\ndef upgrade() -> None:\n    '''Run this revision.'''\n    revision = 3\n",
        PLAIN.replace(b"revision = 'a1'", b"x = 1\nrevision = 'a1'"),
        PLAIN.replace(b"'''Add users.'''", b"'Add users.'"),
        PLAIN.replace(b"'''Add users.'''", b"r'''Add users.'''"),
        PLAIN + b"\nrows = ['revision']\n",
        PLAIN.replace(b"('b2', 'c3')", b"(\n    'b2',\n    'c3',\n)"),
        PLAIN.replace(b"'''Add users.'''", "# coding: latin-1\n'''Add users.'''\n# ö".encode("latin-1")),
        PLAIN + b"\nclass Row:\n    from os.path import join as revision\n",
        PLAIN + b"\ndef upgrade(name):\n    globals()['upgrade_%s' % name]()\n",
        PLAIN + b"\ndef upgrade(name):\n    for each in ('a', name):\n        globals()[f'upgrade_{each}']()\n",
        PLAIN + b"\ndef upgrade(name):\n    found = globals().get(f'upgrade_{name}')\n    found and found()\n",
    ],
)
def test_what_only_the_syntax_tells(source: bytes) -> None:
    assert read_header(source) is None
    assert parse_header(source, "a1.py") == EXPECTED


@pytest.mark.parametrize(
    "more",
    [
        "revision = 'b' + '3'",
        "revision = 'again'",
        "revision += 'more'",
        "del revision",
        "for revision in 'ab': pass",
        "with open('x') as revision: pass",
        "import os as revision",
        "from os.path import *",
        "def revision(): pass",
        "class depends_on: pass",
        "def __getattr__(name): pass",
        "globals()['branch_labels'] = 'x'",
        "def f(x):\n    globals()[x] = 'x'",
        "def f(x):\n    globals()[x] += 'x'",
        "def f(x):\n    del globals()[x]",
        "def f(x):\n    globals().update(x)",
        "def f(x):\n    globals().get",
        "def f(x):\n    return x.get(globals(), 'x')",
        "def f(x):\n    x[globals()]",
        "def f(x):\n    globals().get(x, globals())",
        "def f(x, y=globals()['x']): pass",
        "def f(x):\n    globals()['__builtins__']",
        "def f(x):\n    g = globals\n    return g()['x']",
        "globals().get('x')",
        "globals()['x']()",
        "exec('x')",
        "def f():\n    global revision",
        "import sys\nsys.modules[__name__].revision = 'x'",
        "f.__dict__['revision'] = 1",
        "(revision, other) = 'ab'",
        "if (revision := 'x'): pass",
        "try: pass\nexcept ValueError as revision: pass",
        "__doc__ = 'other'",
        "branch_labels = {'a'}",
        "depends_on = ['a-b']",
        "depends_on = [1]",
        "branch_labels = other",
        "x = [depends_on := 'y' for _ in 'ab']",
    ],
)
def test_what_only_running_it_tells(more: str) -> None:
    source = PLAIN + f"{more}\n".encode()

    assert read_header(source) is None
    with pytest.raises(UnclearError):
        parse_header(source, "a1.py")


@pytest.mark.parametrize("template", sorted((ROOT / "ellar_db" / "templates").glob("multi/script.py.mako")), ids=str)
def test_a_revision_for_several_databases(template: Path) -> None:
    body = template.read_text().partition("depends_on: ")[2].partition("\n% for")[0].partition("\n")[2]
    source = PLAIN + f"{body}\n\n\ndef upgrade_default() -> None:\n    pass\n".encode()
    assert "globals" in body

    assert read_header(source) == EXPECTED
    assert parse_header(source, "a1.py") == EXPECTED


@pytest.mark.parametrize("file", sorted((ROOT / "examples").rglob("versions/*.py")), ids=lambda file: file.name)
def test_the_revisions_of_the_examples(file: Path) -> None:
    assert parse_header(file.read_bytes(), file.name).revision


@pytest.mark.parametrize(
    "source", [b"", b"revision = 'a1'\n", b"down_revision = None\n", b"revision = ('a1',)\ndown_revision = None"]
)
def test_a_file_that_says_too_little(source: bytes) -> None:
    assert read_header(source) is None
    with pytest.raises(UnclearError):
        parse_header(source, "a1.py")


@pytest.mark.parametrize("more", [b"def broken(:\n", b"<<<<<<< HEAD\n", b"return 1\n", b"x = '\n"])
def test_a_file_that_cannot_be_compiled(more: bytes) -> None:
    with pytest.raises(SyntaxError):
        parse_header(PLAIN + more, "a1.py")
    assert read_header(PLAIN + more, broken=True) == EXPECTED
