"""Put a built site into the folder that is served, beside those of other versions.

usage: python .ci/publish.py SITE FOLDER VERSION

Each version has a folder of its own, which stays; `latest` has the newest that is no pre-release.
"""

from __future__ import annotations

import json
import shutil
import sys
from html import escape
from pathlib import Path

from packaging.version import InvalidVersion, Version

LATEST = "latest"

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Versions of ellar-db's documentation</title>
<body style="font-family: sans-serif; max-width: 40em; margin: 2em auto; padding: 0 1em">
<h1>Versions of ellar-db's documentation</h1>
<ul>
{lines}
</ul>
"""

REDIRECT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>ellar-db's documentation</title>
<meta http-equiv="refresh" content="0; url={target}/">
<a href="{target}/">ellar-db's documentation</a>
"""


def publish(site: Path, folder: Path, version: str) -> None:
    """Add a version to a folder of them, or replace it.

    Args:
        site: The built site.
        folder: What is served.
        version: The version, as in `1.2.0`.

    Raises:
        InvalidVersion: It is no version.
        ValueError: There is no site, it is in the folder, or the folder is none.
    """
    name = str(Version(version))
    if not (site / "index.html").is_file():
        raise ValueError(f"{site} has no index.html; run make site first")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is no folder; give one for the versions")
    if not folder.parent.is_dir():
        raise ValueError(f"{folder.parent} is no folder; make it first")
    inner, outer = site.resolve(), folder.resolve()
    if inner.is_relative_to(outer) or outer.is_relative_to(inner):
        # what is in the folder is replaced, and a site that has the folder would be copied into itself
        raise ValueError(f"{site} and {folder} are in each other; give a site that is elsewhere")
    folder.mkdir(exist_ok=True)
    _replace(folder / name, site)
    known = sorted((Version(each.name) for each in folder.iterdir() if _is_version(each)), reverse=True)
    newest = next((each for each in known if not each.is_prerelease), known[0])
    _replace(folder / LATEST, folder / str(newest))
    names = [str(each) for each in known]
    lines = "\n".join(f'<li><a href="{escape(each)}/">{escape(each)}</a></li>' for each in names)
    _write(folder / "versions.html", PAGE.format(lines=lines))
    _write(folder / "versions.json", json.dumps({"latest": str(newest), "versions": names}, indent=2) + "\n")
    _write(folder / "index.html", REDIRECT.format(target=LATEST))
    # the server must not leave out folders whose names begin with an underscore
    _write(folder / ".nojekyll", "")


def _is_version(place: Path) -> bool:
    try:
        return place.is_dir() and not place.is_symlink() and str(Version(place.name)) == place.name
    except InvalidVersion:
        return False


def _replace(place: Path, source: Path) -> None:
    if place.is_symlink():
        place.unlink()
    elif place.exists():
        shutil.rmtree(place)
    shutil.copytree(source, place)


def _write(file: Path, text: str) -> None:
    if file.is_symlink():
        file.unlink()
    file.write_text(text, encoding="utf-8", newline="\n")


def main() -> int:
    """Publish, and return the exit code."""
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    site, folder, version = sys.argv[1:]
    try:
        publish(Path(site), Path(folder), version)
    except (ValueError, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    print(f"{Path(folder, LATEST)} has {json.loads(Path(folder, 'versions.json').read_text())['latest']}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
