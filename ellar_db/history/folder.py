"""The revisions of a migrations folder, as far as they can be known without running them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from ellar_db.history.cache import Cache, Head, Listed
from ellar_db.history.files import RevisionFile, revision_files
from ellar_db.history.graph import Graph
from ellar_db.history.headers import Header, UnclearError
from ellar_db.history.order import newest_first


class History:
    """The revisions of a folder.

    Args:
        folders: The folders with the files.
        recursive: Look into the folders below them too.
        refused: Called with the path of each file that Python can't compile, and the error; without it, such a file
            is unclear.
        run: Called with the path of each file that is unclear; returns what Alembic takes from it.

    Raises:
        UnclearError: What Alembic would read can't be told.

    Example:
        >>> History([Path("nowhere")]).heads
        []
    """

    def __init__(
        self,
        folders: Sequence[Path],
        *,
        recursive: bool = False,
        refused: Callable[[str, SyntaxError], None] | None = None,
        run: Callable[[str], Header] | None = None,
    ) -> None:
        self.files: list[RevisionFile] = revision_files(folders, recursive=recursive)
        self._cache = Cache(folders[0], self.files)
        self._refused = refused
        self._run = run
        self._unsettled: set[str] = set()

    @cached_property
    def headers(self) -> list[Header]:
        """What each file says."""
        known = self._cache.headers()
        return [header or self._read(file.path) for file, header in zip(self.files, known, strict=True)]

    @property
    def paths(self) -> list[str]:
        """The path of each file."""
        return [file.path for file in self.files]

    @cached_property
    def graph(self) -> Graph:
        """What follows what."""
        if not self._cache.is_current:
            self._cache.save(self.headers, _heads(self._graph), self._unsettled)
        return self._graph

    @cached_property
    def _graph(self) -> Graph:
        return Graph(self.headers)

    @cached_property
    def heads(self) -> list[Head]:
        """What no other revision follows."""
        return self._cache.heads() if self._cache.is_current else _heads(self.graph)

    @cached_property
    def newest_first(self) -> list[int]:
        """All revisions by their place, in Alembic's order."""
        return [each.place for each in self.listing]

    @cached_property
    def listing(self) -> list[Listed]:
        """All revisions in Alembic's order, with what a line about each says of the others."""
        known = self._cache.listing() if self._cache.is_current else []
        if known:
            return known
        graph = self._graph
        listing = [
            graph.listed(place) for place in newest_first(graph.ordered, graph.real_heads, graph.below.__getitem__)
        ]
        self._cache.save(self.headers, _heads(graph), self._unsettled, listing)
        return listing

    def _read(self, path: str) -> Header:
        from ellar_db.history.patterns import read_header

        try:
            # read at once, without a buffer
            with open(path, "rb", buffering=0) as file:
                source = file.read()
        except OSError as error:
            raise UnclearError(str(error)) from error
        header = read_header(source)
        if header is not None:
            return header
        try:
            return self._parse(source, path)
        except UnclearError:
            if self._run is None:
                raise
            self._unsettled.add(path)
            return self._run(path)

    def _parse(self, source: bytes, path: str) -> Header:
        # few files need it
        from ellar_db.history.patterns import read_header
        from ellar_db.history.syntax import parse_header

        try:
            return parse_header(source, path)
        except SyntaxError as error:
            header = read_header(source, broken=True)
            if header is None or self._refused is None:
                raise UnclearError(f"{path} can't be compiled") from error
            self._unsettled.add(path)
            self._refused(path, error)
            return header


def _heads(graph: Graph) -> list[Head]:
    labels = graph.labels
    return [
        Head(graph.headers[place].revision, tuple(sorted(labels[place])), bool(graph.all_next[place]))
        for place in graph.heads
    ]
