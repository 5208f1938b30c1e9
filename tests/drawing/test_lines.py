"""The lines of each picture, beside what Alembic says of the folder."""

from __future__ import annotations

import random
import warnings
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ellar_db.drawing import dot, mermaid, terminal
from ellar_db.drawing.columns import rows
from ellar_db.drawing.picture import Node, Picture, pictured
from ellar_db.history.folder import History
from ellar_db.history.headers import UnclearError
from tests.support.pictures import Drawn, in_dot, in_mermaid, in_terminal, known_to_alembic
from tests.support.random_folders import folders, fuzzed, made

pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

KINDS = {
    "terminal": lambda picture: in_terminal(terminal.lines(picture)),
    "mermaid": lambda picture: in_mermaid(mermaid.lines([picture])),
    "dot": lambda picture: in_dot(dot.lines([picture])),
}


def by_alembic(folder: Path) -> Drawn | None:
    """Return what Alembic says of a folder; None if it refuses or warns."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return known_to_alembic(ScriptDirectory.from_config(config))
        except Exception:
            return None


@fuzzed
@given(folders(hostile=False))
def test_each_picture_has_the_lines_that_alembic_knows(files: dict[str, bytes]) -> None:
    with made(files) as folder:
        expected = by_alembic(folder)
        try:
            picture = Picture(pictured(History([folder / "versions"])))
        except UnclearError:
            assume(False)
    assert expected is not None

    assert {kind: read(picture) for kind, read in KINDS.items()} == dict.fromkeys(KINDS, expected)


@st.composite
def tangles(draw: st.DrawFn) -> Picture:
    """Make a history that parts and joins anywhere, also three ways and more."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    number, ways = draw(st.integers(1, 60)), draw(st.integers(1, 5))
    # a base now and then, and parents that are mostly near
    near = draw(st.integers(1, 60))
    nodes = []
    for place in range(number):
        later = range(place + 1, min(number, place + 1 + near))
        down = chance.sample(later, min(len(later), chance.choice([0, 1, 1, 1, 1, ways])))
        nodes.append(Node(f"r{place}", tuple(f"r{each}" for each in down)))
    return Picture(nodes)


@settings(fuzzed, max_examples=fuzzed.max_examples * 10)
@given(tangles())
def test_each_picture_of_a_tangle_has_its_lines(picture: Picture) -> None:
    lines = {(node.revision, each) for node in picture.nodes for each in node.down}
    expected = Drawn({node.revision for node in picture.nodes}, lines, set())

    assert {kind: read(picture) for kind, read in KINDS.items()} == dict.fromkeys(KINDS, expected)


@settings(fuzzed, max_examples=fuzzed.max_examples * 4)
@given(tangles())
def test_no_more_columns_than_lines_at_any_moment(picture: Picture) -> None:
    open_lines: set[int] = set()
    most = 0
    for place, below in enumerate(picture.parents):
        most = max(most, len(open_lines | {place}))
        open_lines = (open_lines - {place}) | set(below)
        most = max(most, len(open_lines))

    used = [max([row.column, *(link.end for link in row.links)]) + 1 for row in rows(picture.parents)]

    assert max(used) <= most
