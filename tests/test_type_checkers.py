"""What type checkers find in users' programs: nothing in right ones, each mistake in wrong ones."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

FOLDER = Path(__file__).with_name("typed")

MISTAKE = re.compile(r"  # ([a-z, -]+)$")


def mistakes() -> dict[int, str]:
    """Return mypy's code of each mistake of the wrong programs, by line."""
    lines = (FOLDER / "wrong.py").read_text(encoding="utf-8").splitlines()
    return {number: found[1] for number, line in enumerate(lines, 1) if (found := MISTAKE.search(line))}


def checked(arguments: list[str], folder: Path) -> str:
    """Run a type checker in a project of its own, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments, str(FOLDER / "right.py"), str(FOLDER / "wrong.py")],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(find_spec("mypy") is None or find_spec("ellar") is None, reason="mypy or Ellar isn't installed")
def test_mypy(tmp_path: Path) -> None:
    options = ["mypy", "--strict", "--config-file=", "--python-version=3.11", f"--cache-dir={tmp_path}"]
    printed = checked(options, tmp_path)

    found = re.findall(r"(\w+)\.py:(\d+): error: .*\[([a-z-]+)\]$", printed, re.MULTILINE)
    assert [each for each in found if each[0] != "wrong"] == [], printed
    codes: dict[int, list[str]] = {}
    for _, line, code in found:
        codes.setdefault(int(line), []).append(code)
    assert {line: ", ".join(sorted(each)) for line, each in codes.items()} == mistakes(), printed


@pytest.mark.long
@pytest.mark.skipif(
    find_spec("basedpyright") is None or find_spec("ellar") is None, reason="basedpyright or Ellar isn't installed"
)
def test_pyright(tmp_path: Path) -> None:
    # as pyright is by default, whose rules basedpyright takes with this
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}', encoding="utf-8")
    printed = checked(["basedpyright", "--outputjson", "--pythonpath", sys.executable], tmp_path)

    found = [
        (Path(each["file"]).stem, each["range"]["start"]["line"] + 1)
        for each in json.loads(printed)["generalDiagnostics"]
        if each["severity"] == "error"
    ]
    assert [each for each in found if each[0] != "wrong"] == [], printed
    # that a comparison is always false, pyright doesn't tell by default
    known = {line for line, code in mistakes().items() if code != "comparison-overlap"}
    assert {line for _, line in found} == known, printed
