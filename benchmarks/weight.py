"""What an installation brings: packages and megabytes of ellar-db, bare and with extras, beside Alembic's.

usage: python benchmarks/weight.py [REQUIREMENT ...]; without, Alembic and this working copy with its extras
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ["alembic", ROOT.as_uri(), *(f"ellar-db[{extra}] @ {ROOT.as_uri()}" for extra in ("ellar", "ellar-sql"))]
TOOLS = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence.pth", "__pycache__")
"""What a new environment has before anything is installed."""

PACKAGES = """
import json, sysconfig
from importlib.metadata import distributions
names = {found.metadata["Name"].lower() for found in distributions()} - {"pip", "setuptools"}
print(json.dumps([sorted(names), sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})]))
"""


def files(folder: Path) -> Iterator[Path]:
    """Give the files of a site-packages folder that the tools didn't bring."""
    for entry in folder.iterdir():
        if entry.name not in TOOLS and not entry.name.startswith(("pip-", "setuptools-")):
            yield from (file for file in (entry, *entry.rglob("*")) if file.is_file())


def weigh(requirement: str) -> tuple[list[str], float]:
    """Install into a new environment.

    Args:
        requirement: What pip is asked for.

    Returns:
        The packages, and the megabytes of their files, compiled modules included.
    """
    with tempfile.TemporaryDirectory(prefix="ellar-db-weight-") as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / ("Scripts" if os.name == "nt" else "bin") / "python"
        # without compiled modules, which this variable leaves out, it would weigh less than it does in use
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        command = [str(python), "-m", "pip", "install", "--quiet", requirement]
        subprocess.run(command, check=True, env=environment, stderr=subprocess.DEVNULL)
        done = subprocess.run([str(python), "-c", PACKAGES], check=True, capture_output=True, text=True)
        names, folders = json.loads(done.stdout)
        size = sum(file.stat().st_size for place in folders for file in files(Path(place)))
    return names, size / 1_000_000


def main() -> None:
    """Print a line for each requirement."""
    print("| installed | packages | MB | which |\n|---|---|---|---|")
    for requirement in sys.argv[1:] or REQUIREMENTS:
        names, size = weigh(requirement)
        title = requirement.partition(" @ ")[0].replace(ROOT.as_uri(), "ellar-db")
        print(f"| `{title}` | {len(names)} | {size:.0f} | {', '.join(names)} |", flush=True)


if __name__ == "__main__":
    main()
