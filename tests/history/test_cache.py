"""The cache of what revision files say: never wrong, whatever happens to the files and to it."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ellar_db.history import cache as cache_module
from ellar_db.history import folder as folder_module
from ellar_db.history.cache import NAME, WORTH, Cache
from ellar_db.history.files import RevisionFile
from ellar_db.history.folder import History
from ellar_db.history.graph import Graph
from ellar_db.history.headers import Header
from ellar_db.history.order import newest_first
from ellar_db.history.text import line

NUMBER = WORTH + 5

OLD = 1_000_000_000
"""A time long ago, in seconds."""


def source(place: int, title: str = "a title") -> str:
    """Return a revision file of a line."""
    down = f"'r{place - 1}'" if place else "None"
    return f'"""{title}"""\nrevision = "r{place}"\ndown_revision = {down}\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a long line of revisions, all written long ago, with a cache."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    made = tmp_path / "versions"
    made.mkdir()
    for place in range(NUMBER):
        (made / f"r{place}.py").write_text(source(place))
    settle(monkeypatch)
    assert heads(made) == [f"r{NUMBER - 1}"]
    assert (made / "__pycache__" / NAME).is_file()
    return made


def settle(monkeypatch: pytest.MonkeyPatch, ahead: int = 10) -> None:
    """Let some seconds pass, after which files that were just written count as settled."""
    now = time.time_ns()
    monkeypatch.setattr(cache_module.time, "time_ns", lambda: now + ahead * 1_000_000_000)


def heads(folder: Path) -> list[str]:
    """Return the heads, and have the cache written."""
    history = History([folder])
    assert history.graph
    return [head.revision for head in history.heads]


def titles(folder: Path) -> set[str]:
    """Return all titles."""
    return {header.doc for header in History([folder]).headers}


def read(folder: Path) -> int:
    """Return how many files are read, the others being known."""
    return Cache(folder, History([folder]).files).headers().count(None)


def test_nothing_is_read_that_has_not_changed(folder: Path) -> None:
    assert read(folder) == 0
    assert Cache(folder, History([folder]).files).is_current


def edited(file: Path) -> None:
    file.write_text(source(3, "edited"))


def of_the_same_size(file: Path) -> None:
    file.write_text(source(3, "a tutle"))


def with_the_former_times(file: Path) -> None:
    state = file.stat()
    file.write_text(source(3, "a tutle"))
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))


def replaced(file: Path) -> None:
    state = file.stat()
    other = file.with_name("other.txt")
    other.write_text(source(3, "a tutle"))
    os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
    other.replace(file)


def restored_from_long_ago(file: Path) -> None:
    file.write_text(source(3, "a tutle"))
    os.utime(file, (OLD, OLD))


def from_the_future(file: Path) -> None:
    file.write_text(source(3, "a tutle"))
    os.utime(file, (time.time() + 10**6,) * 2)


@pytest.mark.parametrize(
    "change",
    [edited, of_the_same_size, with_the_former_times, replaced, restored_from_long_ago, from_the_future],
    ids=lambda change: change.__name__,
)
def test_a_change_is_seen(folder: Path, change: Callable[[Path], None]) -> None:
    change(folder / "r3.py")

    assert titles(folder) - {"a title"}


def test_two_changes_at_once_are_both_seen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "r3.py"
    settle(monkeypatch, ahead=0)
    file.write_text(source(3, "first one"))
    assert heads(folder)
    state = file.stat()

    # as on a file system whose times are in seconds, and by a program that writes into the file
    with file.open("r+") as opened:
        opened.write(source(3, "other one"))
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))

    assert read(folder) == 1
    assert titles(folder) == {"a title", "other one"}


def test_a_clock_that_is_set_back_keeps_nothing_that_seems_to_be_new(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(folder / "__pycache__")
    settle(monkeypatch, ahead=-(10**6))

    assert heads(folder) == [f"r{NUMBER - 1}"]

    assert read(folder) == NUMBER


def test_revisions_come_and_go(folder: Path) -> None:
    (folder / f"r{NUMBER}.py").write_text(source(NUMBER))
    assert heads(folder) == [f"r{NUMBER}"]

    for place in (NUMBER, NUMBER - 1):
        (folder / f"r{place}.py").unlink()
    assert heads(folder) == [f"r{NUMBER - 2}"]

    (folder / f"r{NUMBER - 2}.py").rename(folder / "aa.py")
    assert heads(folder) == [f"r{NUMBER - 2}"]
    assert History([folder]).headers[0].revision == f"r{NUMBER - 2}"


def lines(folder: Path) -> list[str]:
    """Return the lines of `history`."""
    history = History([folder])
    headers = history.headers
    return [line(headers[each.place], each, parents=True, doc=True) for each in history.listing]


def by_the_graph(folder: Path) -> list[str]:
    """Return the same without the cache."""
    graph = Graph(History([folder]).headers)
    order = newest_first(graph.ordered, graph.real_heads, graph.below.__getitem__)
    return [line(graph.headers[place], graph.listed(place), parents=True, doc=True) for place in order]


@pytest.fixture
def branched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with branches, a merge, labels and a dependency, as `history` leaves it."""
    for name, more in {
        "b1": "down_revision = 'r7'\nbranch_labels = 'shop'\n",
        "b2": "down_revision = 'b1'\n",
        "b3": "down_revision = ('b2', 'r50')\n",
        "c1": "down_revision = 'r9'\ndepends_on = 'b2'\n",
        "d1": "down_revision = 'r9'\n",
        "e1": "down_revision = 'c1'\ndepends_on = 'd1'\n",
    }.items():
        (folder / f"{name}.py").write_text(f'"""{name}"""\nrevision = "{name}"\n{more}')
    settle(monkeypatch)
    assert lines(folder) == by_the_graph(folder)
    return folder


def test_the_order_is_kept_with_all_that_its_lines_say(branched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = by_the_graph(branched)
    for word in ("(shop)", "(head)", "(effective head)", "(branchpoint)", "(mergepoint)", "(b2)"):
        assert any(word in each for each in expected)
    monkeypatch.setattr(folder_module, "Graph", None)

    assert lines(branched) == expected


def test_the_order_is_found_anew_if_a_file_has_changed(branched: Path) -> None:
    before = lines(branched)
    (branched / "e1.py").write_text('"""e1"""\nrevision = "e1"\ndown_revision = "b2"\n')

    assert lines(branched) == by_the_graph(branched) != before
    (branched / "e1.py").unlink()
    assert lines(branched) == by_the_graph(branched)
    assert len(lines(branched)) == len(before) - 1


def test_an_order_that_nobody_has_asked_for_is_added(folder: Path) -> None:
    files = History([folder]).files
    assert Cache(folder, files).is_current
    assert Cache(folder, files).listing() == []

    expected = lines(folder)

    assert len(Cache(folder, files).listing()) == NUMBER
    assert lines(folder) == expected == by_the_graph(folder)


def damages() -> list[Callable[[bytes], bytes]]:
    """Return what may happen to the cache."""
    return [
        lambda text: b"",
        lambda text: text[: len(text) // 2],
        lambda text: text + b"\n",
        lambda text: text.replace(b"r3", b"q3"),
        lambda text: b"\xff" + text,
        lambda text: text.replace(b"ellar-db 2", b"ellar-db 1", 1),
        lambda text: b"[]\n" * 4,
        lambda text: text.split(b"\n", 1)[0] + b"\n[]\n\0\n[[1]]\n[]",
        lambda text: text.rsplit(b"\n", 1)[0],
    ]


@pytest.mark.parametrize("damage", damages())
def test_a_damaged_cache_is_written_anew(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    cache = folder / "__pycache__" / NAME
    cache.write_bytes(damage(cache.read_bytes()))

    assert heads(folder) == [f"r{NUMBER - 1}"]
    assert titles(folder) == {"a title"}
    assert read(folder) == 0


def test_a_cache_with_any_bit_wrong_is_not_used(folder: Path) -> None:
    cache = folder / "__pycache__" / NAME
    text = cache.read_bytes()
    files = History([folder]).files
    chosen = random.Random(3)
    for _ in range(200):
        place = chosen.randrange(len(text))
        cache.write_bytes(text[:place] + bytes([text[place] ^ (1 << chosen.randrange(8))]) + text[place + 1 :])
        found = Cache(folder, files)
        assert not found.is_current
        assert found.headers() == [None] * NUMBER


def test_a_cache_of_another_version_of_python_is_not_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "FORMAT", "ellar-db 2 3.99")

    assert read(folder) == NUMBER


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere, and Windows knows no such folders"
)
def test_a_folder_that_is_read_only_has_no_cache(folder: Path) -> None:
    shutil.rmtree(folder / "__pycache__")
    folder.chmod(0o500)
    try:
        assert heads(folder) == [f"r{NUMBER - 1}"]
    finally:
        folder.chmod(0o700)
    assert not (folder / "__pycache__").exists()


def test_a_cache_that_cannot_be_written_is_done_without(folder: Path) -> None:
    shutil.rmtree(folder / "__pycache__")
    (folder / "__pycache__").write_text("a file")

    assert heads(folder) == [f"r{NUMBER - 1}"]


def test_no_link_is_followed_to_write(folder: Path, tmp_path: Path) -> None:
    shutil.rmtree(folder / "__pycache__")
    (tmp_path / "elsewhere").mkdir()
    (folder / "__pycache__").symlink_to(tmp_path / "elsewhere", target_is_directory=True)

    assert heads(folder) == [f"r{NUMBER - 1}"]
    assert list((tmp_path / "elsewhere").iterdir()) == []

    (folder / "__pycache__").unlink()
    (folder / "__pycache__").mkdir()
    (tmp_path / "target").write_text("kept")
    (folder / "__pycache__" / NAME).symlink_to(tmp_path / "target")
    assert heads(folder) == [f"r{NUMBER - 1}"]
    assert (tmp_path / "target").read_text() == "kept"


@pytest.mark.parametrize("setting", ["dont_write_bytecode", "pycache_prefix"])
def test_where_python_writes_no_cache_there_is_none(
    folder: Path, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(folder / "__pycache__")
    monkeypatch.setattr(sys, setting, "elsewhere")

    assert heads(folder) == [f"r{NUMBER - 1}"]
    assert not (folder / "__pycache__").exists()


def test_a_few_revisions_are_not_worth_a_cache(tmp_path: Path) -> None:
    for place in range(WORTH - 1):
        (tmp_path / f"r{place}.py").write_text(source(place))

    assert heads(tmp_path) == [f"r{WORTH - 2}"]
    assert not (tmp_path / "__pycache__").exists()


PROGRAM = """
import sys
from pathlib import Path
from ellar_db.history import cache
from ellar_db.history.folder import History
cache.SETTLED = 0
for turn in range(40):
    history = History([Path(sys.argv[1])])
    assert len(history.graph.headers) == int(sys.argv[2]), len(history.headers)
    Path(sys.argv[1], "r3.py").touch()
"""


def test_processes_that_write_it_at_once(folder: Path) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, str(folder), str(NUMBER)], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for each in running:
        assert each.communicate()[1] == ""
        assert each.returncode == 0
    assert heads(folder) == [f"r{NUMBER - 1}"]
    assert sorted(path.name for path in (folder / "__pycache__").iterdir()) == [NAME]


def test_a_file_that_cannot_be_compiled_is_named_each_time(folder: Path) -> None:
    file = folder / "r3.py"
    file.write_text(source(3) + "def upgrade(:\n    '''__doc__'''\n")
    for _ in range(2):
        refused: list[str] = []
        history = History([folder], refused=lambda path, error, refused=refused: refused.append(path))  # type: ignore[misc]
        assert history.graph
        assert refused == [str(file)]


def test_names_that_are_not_text(tmp_path: Path) -> None:
    files = [RevisionFile(f"/v/r{place}\udcff.py", "1 1 1 1", 1) for place in range(WORTH)]
    cache = Cache(tmp_path, files)

    cache.save([Header("a", (), (), (), "")] * WORTH, [], set())

    assert Cache(tmp_path, files).headers() == [None] * WORTH


def test_the_cache_is_text_that_anyone_can_read(folder: Path) -> None:
    sections = (folder / "__pycache__" / NAME).read_text().split("\n")

    assert json.loads(sections[1]) == [[f"r{NUMBER - 1}", [], False]]
