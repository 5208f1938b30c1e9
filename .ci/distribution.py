"""Check a wheel and an sdist: what they contain, what they say of themselves, and that the wheel works once installed.

usage: python .ci/distribution.py FOLDER
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterable
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).parent.parent
OWN = {"ellar_db", "docs", "tests", "plugins_example", "examples", "benchmarks", ".ci", ".github"}
"""The folders of the repository that an sdist has, whole."""
NEVER = (".venv", "__pycache__", ".pyc", ".db", "node_modules")


def kept(*folders: str) -> set[str]:
    """Return the files below folders of the repository that git has, as paths with slashes."""
    listed = subprocess.run(["git", "ls-files", "-z", *folders], cwd=ROOT, capture_output=True, check=True, text=True)
    return set(filter(None, listed.stdout.split("\0")))


def problems_of_wheel(file: Path) -> Iterable[str]:
    """Yield what is wrong with a wheel."""
    with zipfile.ZipFile(file) as wheel:
        names = set(wheel.namelist())
        [metadata] = [name for name in names if name.endswith(".dist-info/METADATA")]
        about = Parser().parsestr(wheel.read(metadata).decode("utf-8"))
        points = wheel.read(metadata.replace("METADATA", "entry_points.txt")).decode("utf-8")
    info = metadata.rpartition("/")[0]
    wanted = {
        *kept("ellar_db"),
        *(name.replace("docs/explain/", "ellar_db/explain/") for name in kept("docs/explain")),
    }
    yield from (f"the wheel lacks {name}" for name in sorted(wanted - names))
    more = sorted(name for name in names - wanted if not name.startswith(f"{info}/"))
    yield from (f"the wheel has {name}" for name in more)
    yield from () if "ellar-db = ellar_db.cli:main" in points else ["the wheel has no program ellar-db"]
    yield from () if about["License-Expression"] == "MIT" else [f"the license is {about['License-Expression']}"]
    said = about.get_payload()
    yield from () if isinstance(said, str) and "## Quick example" in said else ["the README isn't the description"]


def problems_of_sdist(file: Path) -> Iterable[str]:
    """Yield what is wrong with an sdist."""
    with tarfile.open(file) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    files = {*kept(*OWN), "pyproject.toml", "README.md", "LICENSE", "Makefile", "action.yml", ".pre-commit-hooks.yaml"}
    yield from (f"the sdist lacks {name}" for name in sorted(files - names))
    yield from (f"the sdist has {name}" for name in sorted(names) if any(part in name for part in NEVER))


def problems_of_installed(wheel: Path) -> Iterable[str]:
    """Yield what goes wrong when the wheel alone is installed in an environment of its own, and used."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "environment")
        venv.create(place, with_pip=True)
        programs = place / ("Scripts" if os.name == "nt" else "bin")
        project = Path(folder, "project")
        project.mkdir()
        (project / "pyproject.toml").write_text('[tool.ellar-db]\ndatabase = "sqlite:///app.db"\n', encoding="utf-8")
        python = str(programs / "python")
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)]
        commands = (["--version"], ["init"], ["revision", "-m", "first"], ["upgrade"], ["status"], ["explain", "E01"])
        for command in (install, *([str(programs / "ellar-db"), *words] for words in commands)):
            done = subprocess.run(command, cwd=project, capture_output=True, text=True)
            if done.returncode != 0:
                yield f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
                return


def main() -> int:
    """Print what is wrong, and return the exit code."""
    folder = Path(sys.argv[1]).resolve()
    [wheel], [sdist] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    found = [*problems_of_wheel(wheel), *problems_of_sdist(sdist), *problems_of_installed(wheel)]
    print("\n".join(found) or f"{wheel.name} and {sdist.name} are complete, and the wheel works.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
