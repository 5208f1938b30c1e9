"""What is read of random folders, half of them hostile, beside what Alembic says of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from hypothesis import given

from ellar_db.history.folder import History
from ellar_db.history.headers import UnclearError
from ellar_db.history.text import Text, head_line
from tests.support.random_folders import Stream, folders, fuzzed, in_order, made

pytestmark = [
    pytest.mark.usefixtures("in_the_order_of_the_files"),
    # of hypothesis 6.100, about its own
    pytest.mark.filterwarnings("ignore:It looks like `register_random`"),
]


def by_alembic(folder: Path, run: Callable[[Config], None]) -> list[str] | None:
    """Return the lines that Alembic prints, sets in them sorted; None if it refuses or warns."""
    config = Config(stdout=(stream := Stream()))
    config.set_main_option("script_location", str(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            run(config)
        except BaseException:
            return None
    return in_order(stream.getvalue())


def by_us(folder: Path, lines: Callable[[History, Text], list[str]], refused: list[str]) -> list[str] | None:
    """Return the lines that ellar_db prints; None if Alembic has to be asked."""
    try:
        history = History([folder / "versions"], refused=lambda path, error: refused.append(path))
        return in_order("".join(f"{line}\n" for line in lines(history, Text(history))))
    except UnclearError:
        return None


COMMANDS: dict[str, tuple[Callable[[Config], None], Callable[[History, Text], list[str]]]] = {
    "heads": (command.heads, lambda history, text: [head_line(*head) for head in history.heads]),
    "heads -v": (
        lambda config: command.heads(config, verbose=True),
        lambda history, text: [text.entry(place) for place in history.graph.heads],
    ),
    "heads --resolve-dependencies": (
        lambda config: command.heads(config, resolve_dependencies=True),
        lambda history, text: [text.line(place, points=False) for place in history.graph.real_heads],
    ),
    "history": (
        command.history,
        lambda history, text: [text.line(place, parents=True, doc=True) for place in history.newest_first],
    ),
    "history -v": (
        lambda config: command.history(config, verbose=True),
        lambda history, text: [text.entry(place) for place in history.newest_first],
    ),
    "branches": (
        command.branches,
        lambda history, text: [
            text.branches(place, verbose=False) for place in history.newest_first if len(history.graph.next[place]) > 1
        ],
    ),
    **{
        f"show {symbol}": (
            lambda config, symbol=symbol: command.show(config, symbol),
            lambda history, text, symbol=symbol: [text.entry(place) for place in history.graph.named(symbol)],
        )
        for symbol in ("head", "heads", "base", "a1b2", "d4e5", "d", "shop", "bl", "no", "-1", "shop@head")
    },
    "branches -v": (
        lambda config: command.branches(config, verbose=True),
        lambda history, text: [
            text.branches(place, verbose=True) for place in history.newest_first if len(history.graph.next[place]) > 1
        ],
    ),
}


def compare(files: dict[str, bytes]) -> int:
    """Compare all commands; return how many ellar_db answered."""
    answered = 0
    with made(files) as folder:
        for name, (theirs, ours) in COMMANDS.items():
            refused: list[str] = []
            found = by_us(folder, ours, refused)
            if found is None:
                continue
            answered += 1
            expected = by_alembic(folder, theirs)
            if expected is None:
                # what is wrong shows only when the files are run, or was said
                assert refused or fails_when_run(folder), (name, found)
            elif name.startswith("branches"):
                # those that follow come in any order, and may have several lines
                assert sorted(found) == sorted(expected), name
            else:
                assert found == expected, name
    return answered


def fails_when_run(folder: Path) -> bool:
    """Return whether a file raises an error by itself when it is imported."""
    for path in (folder / "versions").glob("*.py"):
        if b"raise ValueError" in path.read_bytes():
            return True
    return False


@fuzzed
@given(folders(hostile=False))
def test_a_folder_in_order_is_read_as_by_alembic(files: dict[str, bytes]) -> None:
    always = [name for name in COMMANDS if not name.startswith("show ") or name in ("show heads", "show base")]

    assert compare(files) >= len(always)


@fuzzed
@given(folders(hostile=True))
def test_what_is_read_of_a_hostile_folder_is_what_alembic_says(files: dict[str, bytes]) -> None:
    compare(files)


def test_alembic_finds_the_folders(tmp_path: Path) -> None:
    with made({"1.py": b"revision = 'a1'\ndown_revision = None\n"}) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        assert ScriptDirectory.from_config(config).get_heads() == ["a1"]
        assert by_alembic(folder, command.heads) == ["a1 (head)"]
