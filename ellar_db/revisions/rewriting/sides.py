"""Which revisions are one's own, and which came from others, as far as Git tells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ellar_db.history.git import asked
from ellar_db.util.errors import UnavailableError

BRANCHES = ("@{upstream}", "origin/HEAD", "origin/main", "origin/master", "main", "master")
"""What others have, where no merge and no rebase is under way: the first of these that is another commit than HEAD."""

COMMIT = re.compile("[0-9a-f]{7,64}")


class Sides(NamedTuple):
    """One's own head, and that of others.

    Args:
        own: The revision.
        other: The revision.
        source: What has the other one, in words.
    """

    own: str
    other: str
    source: str


def sides(heads: Mapping[str, Path]) -> Sides | None:
    """Return which of two heads is one's own: the file of the other is in what is being merged, or rebased onto.

    Args:
        heads: The files of the heads, by revision.
    """
    if len(heads) != 2:
        return None
    folder = next(iter(heads.values())).parent
    for commit, source in _others(folder):
        there = [revision for revision, file in heads.items() if _has(folder, commit, file)]
        if len(there) == 1:
            [own] = [revision for revision in heads if revision not in there]
            return Sides(own, there[0], source)
    return None


def _others(folder: Path) -> Sequence[tuple[str, str]]:
    """Return the commits in which others' files may be, each with what it is."""
    merged = _git(folder, "rev-parse", "--verify", "--quiet", "MERGE_HEAD")
    if merged:
        return [(merged, "the branch that is being merged")]
    for name in ("rebase-merge/onto", "rebase-apply/onto"):
        path = _git(folder, "rev-parse", "--git-path", name)
        file = folder / path if path else None
        if file is not None and file.is_file():
            commit = file.read_text(encoding="ascii", errors="replace").strip()
            return [(commit, "the branch that is rebased onto")] if COMMIT.fullmatch(commit) else []
    own = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    found = [(_git(folder, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"), name) for name in BRANCHES]
    return [(commit, name) for commit, name in found if commit and commit != own]


def _has(folder: Path, commit: str, file: Path) -> bool:
    """Return whether a commit has a file."""
    return _git(folder, "cat-file", "-t", f"{commit}:./{file.name}") == "blob" if file.parent == folder else False


def _git(folder: Path, *arguments: str) -> str:
    """Return what Git prints; an empty string if it fails, or isn't there."""
    try:
        return asked(folder, arguments, "").decode("utf-8", "replace").strip()
    except UnavailableError:
        return ""
