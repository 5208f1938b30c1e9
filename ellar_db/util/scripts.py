"""Alembic's private names that let it know and order many revisions in less time: one function for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType
    from typing import Protocol

    from alembic.script import Script, ScriptDirectory
    from alembic.script.revision import Revision, RevisionMap

    Order = Callable[[Iterable[str], Sequence[str], Callable[[str], Sequence[str]]], list[str]]

    class Header(Protocol):
        """What a revision file says."""

        @property
        def revision(self) -> str:
            """Its id."""

        @property
        def down(self) -> tuple[str, ...]:
            """The ids that it follows."""

        @property
        def labels(self) -> tuple[str, ...]:
            """Its branch labels."""

        @property
        def depends(self) -> tuple[str, ...]:
            """What it depends on, as written."""

        @property
        def doc(self) -> str:
            """Its docstring."""

    class Known(Protocol):
        """What is known of the revisions of a folder; they are named by their place among the files."""

        @property
        def headers(self) -> Sequence[Header]:
            """What the files say."""

        @property
        def next(self) -> Sequence[Sequence[int]]:
            """What follows each."""

        @property
        def all_next(self) -> Sequence[Sequence[int]]:
            """What follows each or depends on it."""

        @property
        def depends(self) -> Sequence[Sequence[int]]:
            """What each depends on."""

        @property
        def needs(self) -> Sequence[Sequence[int]]:
            """What each depends on, unless that is implied."""

        @property
        def labels(self) -> Sequence[set[str]]:
            """The labels of each, those that it inherits too."""

    Values = tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...], str]
    """The values of a header."""


WRITTEN = ("revision", "down_revision", "dependencies")
"""What a script takes from its file."""


@contextmanager
def revisions_from_headers(
    read: Callable[[Sequence[Path], bool, Callable[[str], Values]], tuple[Sequence[str], Known] | None],
) -> Iterator[None]:
    """Let Alembic take what it knows of revisions from their files' headers, and run only the files that it needs.

    `RevisionMap._revision_map` and `_generator`, the attributes that it fills, and `ScriptDirectory._version_locations`
    are needed, since Alembic's commands make objects of just these classes, and import all files. The property is
    replaced on the class while the context lasts. The fallback is Alembic's own.

    Args:
        read: Called with the folders, whether those below are read too, and a function that runs a file as Alembic
            does, for what only that tells. Returns the path of each file, and what is known of them; None if Alembic
            has to run all of them.
    """
    from alembic.script import ScriptDirectory
    from alembic.script.revision import RevisionMap
    from alembic.util import memoized_property

    original = vars(RevisionMap).get("_revision_map")
    if original is None:
        yield
        return

    def filled(revisions: RevisionMap) -> Any:
        directory = getattr(getattr(revisions, "_generator", None), "__self__", None)
        if not isinstance(directory, ScriptDirectory) or directory.sourceless:
            return original.fget(revisions)
        folders = [Path(location) for location in directory._version_locations]
        ran: dict[str, Script] = {}
        found = read(folders, directory.recursive_version_locations, partial(_run, directory, ran))
        return original.fget(revisions) if found is None else _fill(revisions, directory, *found, ran)

    filled.__name__ = "_revision_map"
    setattr(RevisionMap, "_revision_map", memoized_property(filled))  # noqa: B010  # mypy takes it for a method
    try:
        yield
    finally:
        setattr(RevisionMap, "_revision_map", original)  # noqa: B010


def _run(directory: ScriptDirectory, ran: dict[str, Script], path: str) -> Values:
    from alembic.script import Script
    from alembic.util import to_tuple

    script = Script._from_path(directory, Path(path))
    assert script is not None, "Alembic takes each .py file for a revision"
    ran[path] = script
    depends = to_tuple(script.dependencies, default=())
    labels = to_tuple(script._orig_branch_labels, default=())
    return script.revision, script._versioned_down_revisions, labels, depends, script.longdoc


def _fill(
    revisions: RevisionMap, directory: ScriptDirectory, paths: Sequence[str], found: Known, ran: Mapping[str, Script]
) -> dict[Any, Any]:
    """Give a map what Alembic would find out by itself."""
    unread = _unread_class()
    scripts = [
        ran.get(path) or unread(directory, path, header) for path, header in zip(paths, found.headers, strict=True)
    ]
    ids = [header.revision for header in found.headers]
    for place, script in enumerate(scripts):
        attributes = vars(script)
        attributes["nextrev"] = frozenset([ids[each] for each in found.next[place]])
        attributes["_all_nextrev"] = frozenset([ids[each] for each in found.all_next[place]])
        attributes["_resolved_dependencies"] = tuple([ids[each] for each in found.depends[place]])
        attributes["_normalized_resolved_dependencies"] = tuple([ids[each] for each in found.needs[place]])
        attributes["branch_labels"] = set(found.labels[place])
    known: dict[Any, Any] = dict(zip(ids, scripts, strict=True))
    for header, script in zip(found.headers, scripts, strict=True):
        known.update(dict.fromkeys(header.labels, script))
    known[None] = known[()] = None
    vars(revisions).update(
        heads=tuple([own for own, following in zip(ids, found.next, strict=True) if not following]),
        _real_heads=tuple([own for own, following in zip(ids, found.all_next, strict=True) if not following]),
        bases=tuple([header.revision for header in found.headers if not header.down]),
        _real_bases=tuple([header.revision for header in found.headers if not header.down and not header.depends]),
    )
    return known


def _unread_class() -> Callable[[Any, str, Header], Script]:
    """Return the class of scripts whose file is run when its functions are needed.

    `Script._from_path` is needed to run it as Alembic does. There is no public fallback.
    """
    from alembic.script import Script
    from alembic.script.revision import Revision
    from alembic.util import CommandError

    class Unread(Script):
        def __init__(self, directory: ScriptDirectory, path: str, header: Header) -> None:
            self._directory = directory
            self._header = header
            self.path = path
            Revision.__init__(self, header.revision, header.down, header.depends, header.labels)

        @cached_property
        def module(self) -> ModuleType:  # type: ignore[override]  # an attribute of Alembic's
            """The module, imported now."""
            script = Script._from_path(self._directory, self.path)
            if script is None or any(getattr(script, name) != getattr(self, name) for name in WRITTEN):
                raise CommandError(f"{self.path} was changed after the command had begun; run it again")
            return script.module

        @property
        def longdoc(self) -> str:
            """The docstring."""
            return self._header.doc.strip()

    return Unread


def scripts_of(script: ScriptDirectory, files: Iterable[Path]) -> list[Script]:
    """Return what is in files of revisions, each by itself: what they follow need not be there.

    `Script._from_path` is needed to run a file as Alembic does. There is no public fallback.

    Args:
        script: The folder to which they belong.
        files: The files, wherever they are.
    """
    from alembic.script import Script

    return [found for file in files if (found := Script._from_path(script, file)) is not None]


def with_files(script: ScriptDirectory, files: Iterable[Path]) -> ScriptDirectory:
    """Return a folder that has other files of revisions, and everything else of the given one.

    Args:
        script: The folder.
        files: The files, wherever they are.
    """
    from alembic.script.revision import RevisionMap

    made = copy(script)
    made.revision_map = RevisionMap(lambda: scripts_of(made, files))
    return made


@contextmanager
def planning_with(choose: Callable[[ScriptDirectory, str, tuple[str, ...]], ScriptDirectory]) -> Iterator[None]:
    """Let Alembic plan upgrades, downgrades and stamps with another folder than the command's.

    `ScriptDirectory._upgrade_revs`, `_downgrade_revs` and `_stamp_revs` are needed: nothing else is called once a
    database's revisions are known, and before its steps are. They are replaced on the class while the context lasts.
    There is no public fallback; without them, each database has the command's folder.

    Args:
        choose: Called with the folder, the target, and the revisions in the version table; returns the folder that
            counts.
    """
    from alembic.script import ScriptDirectory

    names = ("_upgrade_revs", "_downgrade_revs", "_stamp_revs")
    originals = {name: vars(ScriptDirectory)[name] for name in names if name in vars(ScriptDirectory)}
    for name, original in originals.items():
        setattr(ScriptDirectory, name, _planned(original, choose))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(ScriptDirectory, name, original)


def _planned(original: Callable[..., Any], choose: Callable[..., ScriptDirectory]) -> Callable[..., Any]:
    def plan(script: ScriptDirectory, target: Any, heads: Any) -> Any:
        from alembic.util import to_tuple

        named = " ".join(to_tuple(target, default=()))
        return original(choose(script, named, to_tuple(heads, default=())), target, heads)

    return plan


def own_labels(script: Script) -> tuple[str, ...]:
    """Return the branch labels in a revision's file.

    `Revision._orig_branch_labels` is needed since Alembic adds to `branch_labels` those of the whole line. The fallback
    is `branch_labels` of the script's module, which has to be run for it.

    Args:
        script: The revision.
    """
    return tuple(sorted(script._orig_branch_labels))


@contextmanager
def revisions_in_one_pass(order: Order) -> Iterator[None]:
    """Let Alembic order revisions, and find the newest of many, in one pass over the history.

    `RevisionMap._topological_sort` asks for the ancestors of each line at each branch, and
    `_filter_into_branch_heads` for the descendants of each revision: 10,000 revisions with branches take 30 seconds.
    They are replaced on the class while the context lasts. The fallback is Alembic's own.

    Args:
        order: Called with the ids to order, the ids where lines begin, and a function that returns what must be
            applied before an id.
    """
    from alembic.script.revision import RevisionMap

    replaced = {"_topological_sort": _sorted(order), "_filter_into_branch_heads": _newest}
    originals = {name: getattr(RevisionMap, name) for name in replaced if hasattr(RevisionMap, name)}
    if len(originals) < len(replaced) or not hasattr(RevisionMap, "_revision_map"):
        yield
        return
    for name, function in replaced.items():
        setattr(RevisionMap, name, function)
    try:
        yield
    finally:
        for name, function in originals.items():
            setattr(RevisionMap, name, function)


def _sorted(order: Order) -> Callable[..., list[str]]:
    def sort(revisions: RevisionMap, wanted: Iterable[Revision], heads: Iterable[Revision]) -> list[str]:
        known: Any = revisions._revision_map
        todo = {each.revision for each in wanted}
        starts = list({each.revision for each in heads if each.revision in todo})
        if len(starts) > 1:
            places = {name: place for place, name in enumerate(known)}
            starts.sort(key=places.__getitem__)
        return order(todo, starts, cache(lambda name: known[name]._normalized_down_revisions))

    return sort


def _newest(revisions: RevisionMap, targets: Iterable[Any]) -> set[Any]:
    known: Any = revisions._revision_map
    found, older = set(targets), set()
    waiting = list(found)
    while waiting:
        for name in waiting.pop()._versioned_down_revisions:
            if name not in older:
                older.add(name)
                waiting.append(known[name])
    return {each for each in found if each.revision not in older}


@contextmanager
def heads_in_one_pass() -> Iterator[None]:
    """Let Alembic find out what a step leaves in the version table by what is applied around it.

    `RevisionStep._unmerge_to_revisions` collects all that is below the other heads at each step of a downgrade, and
    `merge_branch_idents` at each merge: to undo 5,000 revisions takes 25 million steps. `HeadMaintainer.update_to_step`
    is replaced too, to know what is applied, and `_update_version`, whose statement SQLAlchemy compiles anew for each
    revision, since the ids are literals in it. All are replaced on their classes while the context lasts. The fallback
    is Alembic's own.
    """
    from alembic.runtime.migration import HeadMaintainer, RevisionStep

    replaced = [
        (RevisionStep, "_unmerge_to_revisions", _unmerged),
        (RevisionStep, "merge_branch_idents", _merged),
        (HeadMaintainer, "update_to_step", _updated),
        (HeadMaintainer, "_update_version", _version_updated),
    ]
    if any(name not in vars(owner) for owner, name, _ in replaced):
        yield
        return
    originals = [(owner, name, vars(owner)[name]) for owner, name, _ in replaced]
    for (owner, name, make), (_, _, original) in zip(replaced, originals, strict=True):
        setattr(owner, name, make(original))
    try:
        yield
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


APPLIED = "_ellar_db_applied"
"""Attribute of a revision map: what is applied where it runs."""


class _Applied:
    """What is applied on a database while revisions run.

    Args:
        heads: The set of heads, which Alembic changes in place.
        known: The revisions by their ids.
    """

    def __init__(self, heads: set[str], known: Any) -> None:
        self.heads = heads
        self._known = known
        self._applied: set[str] | None = None

    def moved(self, revision: str, *, added: bool) -> None:
        """Note that a revision was applied or undone."""
        if self._applied is not None:
            (self._applied.add if added else self._applied.discard)(revision)

    def is_below(self, revision: str, others: set[str]) -> bool:
        """Return whether an applied revision is one of some heads, or below one."""
        if self._applied is None:
            self._applied = self._below(self.heads)
        waiting, seen = [revision], {revision}
        while waiting:
            each = waiting.pop()
            if each in others:
                return True
            for above in self._known[each]._all_nextrev:
                if above in seen or above not in self._applied:
                    continue
                # a dependency that is implied is no way
                if each in self._known[above]._normalized_down_revisions:
                    seen.add(above)
                    waiting.append(above)
        return False

    def _below(self, heads: Iterable[str]) -> set[str]:
        found = set(heads)
        waiting = list(found)
        while waiting:
            for each in self._known[waiting.pop()]._normalized_down_revisions:
                if each not in found:
                    found.add(each)
                    waiting.append(each)
        return found


def _applied(step: Any, heads: set[str]) -> _Applied | None:
    found: _Applied | None = vars(step.revision_map).get(APPLIED)
    return found if found is not None and found.heads is heads else None


def _updated(original: Callable[..., None]) -> Callable[..., None]:
    def update_to_step(maintainer: Any, step: Any) -> None:
        revisions = getattr(step, "revision_map", None)
        if not hasattr(step, "revision") or not hasattr(revisions, "_revision_map"):
            # a stamp may leave anything out
            vars(revisions).pop(APPLIED, None)
            original(maintainer, step)
            return
        if _applied(step, maintainer.heads) is None:
            vars(revisions)[APPLIED] = _Applied(maintainer.heads, revisions._revision_map)  # type: ignore[union-attr]
        original(maintainer, step)
        known = _applied(step, maintainer.heads)
        if known is not None:
            known.moved(step.revision.revision, added=step.is_upgrade)

    return update_to_step


UPDATE = "_ellar_db_update"
"""Attribute of a migration context: the statement that changes a row of its version table."""


def _version_updated(original: Callable[..., None]) -> Callable[..., None]:
    def update_version(maintainer: Any, from_: str, to_: str) -> None:
        context, heads = maintainer.context, maintainer.heads
        if context.as_sql or from_ not in heads or to_ in heads:
            original(maintainer, from_, to_)
            return
        statement = vars(context).get(UPDATE)
        if statement is None:
            statement = vars(context)[UPDATE] = _update_of(context._version)
        done = context.impl._exec(statement, params={"before": from_, "after": to_})
        if context.dialect.supports_sane_rowcount and done is not None and done.rowcount != 1:
            from alembic.util import CommandError

            table = context.version_table
            raise CommandError(f"{done.rowcount} rows of {table} have {from_}, where one was to become {to_}")
        heads.remove(from_)
        heads.add(to_)

    return update_version


def _update_of(table: Any) -> Any:
    from sqlalchemy import bindparam

    return table.update().values(version_num=bindparam("after")).where(table.c.version_num == bindparam("before"))


def _unmerged(original: Callable[..., tuple[str, ...]]) -> Callable[..., tuple[str, ...]]:
    def unmerge_to_revisions(step: Any, heads: set[str]) -> tuple[str, ...]:
        known = _applied(step, heads)
        others = heads - {step.revision.revision}
        if not others and len(step.to_revisions) == 1:
            return tuple(step.to_revisions)
        if not others or known is None:
            return original(step, heads)
        # in the order of Alembic's own set, which is made in the same way
        return tuple({each for each in set(step.to_revisions) if not known.is_below(each, others)})

    return unmerge_to_revisions


def _merged(original: Callable[..., Any]) -> Callable[..., Any]:
    def merge_branch_idents(step: Any, heads: set[str]) -> tuple[list[str], str, str]:
        known = _applied(step, heads)
        others = heads.difference(step.from_revisions)
        if not others or known is None:
            found: tuple[list[str], str, str] = original(step, heads)
            return found
        left = list({each for each in set(step.from_revisions) if not known.is_below(each, others)})
        return left[:-1], left[-1], step.to_revisions[0]

    return merge_branch_idents
