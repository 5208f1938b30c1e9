"""Random folders of revisions, in order or hostile."""

from __future__ import annotations

import io
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("ELLAR_DB_FUZZ", "15")) * 4 // 3
"""How many folders of each kind there are; `make fuzz` has more than the suite."""

fuzzed = settings(
    max_examples=EXAMPLES,
    # the same examples each time, so that a failure is one of the change at hand; only a long search looks for new ones
    derandomize=EXAMPLES <= 80,
    database=None,
    deadline=None,
    # to look for a smaller folder takes minutes
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

IDS = ["a1b2", "c3", "d4e5f6", "e5", "f6", "0a", "1b", "2c", "3d", "4e", "5f", "6a"]

LABELS = ["shop", "blog", "a.b", "größe"]

DOCS = [
    '"""Add users."""',
    "'''Add\n\nmore of it\n'''",
    '"""  Two lines\nof a title\n\n  indented\n    more\n"""',
    '"single"',
    'r"""raw \\d"""',
    '"""A \\t tab and a \\\\ backslash"""',
    '"""He said "no" and ""left""."""',
    "",
    "# a comment\n",
    "# -*- coding: utf-8 -*-\n'''With a coding.'''",
    "'''Größe, größer\n\n\ttab\n'''",
    '"""Ends with spaces   \n   """  # comment',
]

HEADS = [
    "from alembic import op\nimport sqlalchemy as sa\n\n\n# revision identifiers, used by Alembic.\n",
    "from typing import (\n    Sequence,\n    Union,\n)\nimport os, sys as system\n",
    "import json\n",
    "try:\n    import json\nexcept ImportError:\n    json = None\n",
    "x = 1\nif x:\n    y = 2\n",
]

BODIES = [
    "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n",
    'def upgrade() -> None:\n    """Upgrade this revision."""\n    revision = 3\n',
    "def upgrade():\n    text = '''\nrevision = 'zz'\n'''\n",
    "class Row:\n    revision = 'inner'\n\n\ndef upgrade():\n    pass\n",
    'def upgrade(engine_name):\n    globals().get(f"upgrade_{engine_name}", lambda: None)()\n',
    "def upgrade(engine_name):\n    globals()['upgrade_%s' % engine_name]()\n",
]

ODD = [
    "revision = 'x' + '9'\n",
    "down_revision = None if True else 'c3'\n",
    "globals()['branch_labels'] = ('odd',)\n",
    "exec(\"depends_on = 'c3'\")\n",
    "def give(**more):\n    globals().update(more)\n\n\ngive(revision='given')\n",
    "from os.path import *\n",
    "def __getattr__(name):\n    raise AttributeError(name)\n",
    "branch_labels = {'set', 'of'}\n",
    "revision = 'again'\n",
    "for revision in ('loop',):\n    pass\n",
    "__doc__ = 'another'\n",
    "def broken(:\n",
    "<<<<<<< HEAD\n",
    "return 1\n",
    "import sys\nsys.modules[__name__].down_revision = ('c3',)\n",
    "x = 'no end\n",
    "(down_revision, more) = ('c3', 1)\n",
    "def f():\n    global revision\n    revision = 'inside'\n\n\nf()\n",
    "if True:\n    revision = 'nested'\n",
    "\0",
    "raise ValueError('when it runs')\n",
]


ODD_IDS = ["('a1b2',)", "'a-b'", "'a1b2'", "''", "'a b'", "12", "'a' 'b'"]


def spelt(draw: Any, names: tuple[str, ...]) -> str:
    """Return ids as somebody may write them."""
    if not names:
        return draw(st.sampled_from(["None", "None", "()", "[]"]))
    quoted = [draw(st.sampled_from(["'%s'", '"%s"'])) % name for name in names]
    if len(names) == 1 and draw(st.booleans()):
        return quoted[0]
    return draw(st.sampled_from(["(%s,)", "[%s]", "( %s, )"])) % ", ".join(quoted)


@st.composite
def folders(draw: Any, hostile: bool) -> dict[str, bytes]:
    """Make the files of a folder, by their names."""
    ids = draw(st.permutations(IDS))[: draw(st.integers(1, len(IDS)))]
    labels = iter(draw(st.permutations(LABELS)))
    files: dict[str, bytes] = {}
    given: list[str] = []
    for place, own in enumerate(ids):
        former = [*ids[:place], *(draw(st.sampled_from([[], [], [], ids, ["missing"]])) if hostile else [])]
        down = tuple(draw(st.lists(st.sampled_from(former[-3:]), max_size=2, unique=True))) if former else ()
        depends: tuple[str, ...] = ()
        if former and place % 3 == 2:
            depends = tuple(draw(st.lists(st.sampled_from([*former, *given]), max_size=2)))
        named = (label,) if draw(st.integers(0, 4)) == 0 and (label := next(labels, "")) else ()
        given += named
        written = {"revision": f"'{own}'", "down_revision": spelt(draw, down)}
        written["branch_labels"], written["depends_on"] = spelt(draw, named), spelt(draw, depends)
        if draw(st.booleans()):
            written = {name: value for name, value in written.items() if name != "depends_on" or depends}
        if hostile and draw(st.integers(0, 9)) == 0:
            written["revision"] = draw(st.sampled_from(ODD_IDS))
        annotation = draw(st.sampled_from(["", ": str", ": Union[str, Sequence[str], None]"]))
        lines = "".join(f"{name}{annotation} = {value}\n" for name, value in written.items())
        head = "from typing import Sequence, Union\n" + draw(st.sampled_from(HEADS))
        text = f"{draw(st.sampled_from(DOCS))}\n{head}{lines}\n\n{draw(st.sampled_from(BODIES))}"
        if hostile and draw(st.integers(0, 7)) == 0:
            text += draw(st.sampled_from(ODD))
        if draw(st.integers(0, 9)) == 0:
            text = text.replace("\n", "\r\n")
        encodings = ["utf-8"] * 9 + (["latin-1", "utf-8-sig"] if hostile else [])
        names = [f"{own}_title.py", f"{place:02}.py", *(["__init__.py", ".#lock.py", "x.pyc"] if hostile else [])]
        encoding, name = draw(st.sampled_from(encodings)), draw(st.sampled_from(names))
        files[name] = text.encode(encoding, "replace")
    return files


@contextmanager
def made(files: dict[str, bytes]) -> Iterator[Path]:
    """Write a migrations folder."""
    folder = Path(tempfile.mkdtemp())
    try:
        (folder / "versions").mkdir()
        (folder / "env.py").write_text("")
        for name, source in files.items():
            (folder / "versions" / name).write_bytes(source)
        yield folder
    finally:
        shutil.rmtree(folder)


class Stream(io.StringIO):
    """A stream that takes any character."""

    encoding = "utf-8"


def in_order(text: str) -> list[str]:
    """Return lines in which Alembic's sets are sorted."""

    def sort(match: re.Match[str]) -> str:
        return match[1] + ", ".join(sorted(match[2].split(", "))) + match[3]

    text = re.sub(r"(Branches into: |Branch names: )(.*)()", sort, text)
    text = re.sub(rf"(\()((?:{'|'.join(map(re.escape, LABELS))})(?:, [^()]*)?)(\))", sort, text)
    return text.splitlines()
