"""What git knows of files, asked with the program `git`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ellar_db.util.errors import UnavailableError


def changed_files(folder: Path, ref: str) -> set[Path]:
    """Return the files in a folder that were added or changed since a commit, those that git doesn't know yet included.

    Args:
        folder: The folder, in a git repository.
        ref: The commit: a branch, a tag, or anything else that names one.

    Raises:
        UnavailableError: There is no git, the folder isn't in a repository, or the commit isn't known.
    """
    if not ref.strip() or ref.startswith("-"):
        raise UnavailableError(f"{ref!a} is no name of a commit")
    asked(folder, ["rev-parse", "--show-toplevel"], f"{folder} isn't in a git repository that can be used")
    commit = asked(
        folder, ["rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"], f"git knows no commit {ref!a}"
    ).decode("ascii", "replace")
    unknown = f"git can't compare {folder} with {ref!a}"
    changed = asked(
        folder, ["diff", "--name-only", "--diff-filter=d", "--relative", "-z", commit.strip(), "--", "."], unknown
    )
    others = asked(folder, ["ls-files", "--others", "--exclude-standard", "-z", "--", "."], unknown)
    return {folder / os.fsdecode(name) for name in (changed + others).split(b"\0") if name}


def naming_file(folder: Path, ref: str, name: str, without: Sequence[Path]) -> str:
    """Return a file of a commit in which a word is; an empty text if there is none.

    Args:
        folder: A folder of the repository.
        ref: The commit: a branch, a tag, or anything else that names one.
        name: The word.
        without: Folders whose files don't count.

    Raises:
        UnavailableError: There is no git, the folder isn't in a repository, or the commit isn't known.
    """
    top = Path(
        os.fsdecode(asked(folder, ["rev-parse", "--show-toplevel"], f"{folder} isn't in a git repository")).strip()
    )
    found = asked(top, ["rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"], f"git knows no commit {ref!a}")
    commit = found.decode("ascii", "replace").strip()
    excluded = [
        f":(exclude,literal,top){each.resolve().relative_to(top.resolve()).as_posix()}"
        for each in without
        if each.resolve().is_relative_to(top.resolve())
    ]
    options = ["--word-regexp", "--fixed-strings", "--name-only", "-I", "-z", "-e", name]
    # 1 is its code for no match
    files = asked(top, ["grep", *options, commit, "--", ":/", *excluded], f"git can't search {ref!a}", codes=(0, 1))
    return os.fsdecode(files.split(b"\0")[0]).partition(":")[2]


def asked(folder: Path, arguments: Sequence[str], problem: str, codes: Sequence[int] = (0,)) -> bytes:
    """Return what git prints.

    Args:
        folder: The folder in which it runs.
        arguments: The command with its options; names that others gave must not begin with a hyphen.
        problem: What an error means.
        codes: The exit codes that are no errors.

    Raises:
        UnavailableError: git isn't installed, or fails.
    """
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, "LC_ALL": "C"},
            check=False,
        )
    except OSError as error:
        raise UnavailableError(f"the program git can't be run: {error.strerror}; install it") from error
    if done.returncode not in codes:
        said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise UnavailableError(f"{problem}{f': {said}' if said else ''}")
    return done.stdout
