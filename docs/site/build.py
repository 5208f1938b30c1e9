"""Build the documentation site.

usage: python -m docs.site.build FOLDER [PAGES]   (FOLDER is replaced if it has a site; PAGES is this folder, docs/)

The pages are laid out in a folder of their own, where each has the table of contents that Sphinx needs and that GitHub
would show as code, and Sphinx makes HTML from them. A broken link, a missing page or anchor, and a page that no
other lists make it fail. The site also has each page as Markdown, beside its HTML, and `llms.txt`.
"""

from __future__ import annotations

import posixpath
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from docs.site.links import moved, outside
from docs.site.navigation import DOCS, INDEX, Section, below, plain, sections, summary, title

OURS = "llms.txt"
"""A file by which a folder is known to have a site."""

BLANK = "\n\n"

LEFT_OUT = (".py", ".pyc", ".css", ".js")
"""Files of docs/ that make pages, rather than belong to them."""


class Page:
    """A page of `docs/`.

    Args:
        docs: That folder.
        path: Its path below it.
    """

    def __init__(self, docs: Path, path: str) -> None:
        self.path = path
        self.text = (docs / path).read_text(encoding="utf-8")

    @property
    def name(self) -> str:
        """Its path on the site: an index is what a server shows of a folder."""
        return named(self.path)

    def markdown(self) -> str:
        """Return the page with links that work on the site."""
        return moved(self.text, lambda target: renamed(outside(self.path, target)))

    def source(self, contents: list[Section]) -> str:
        """Return the page as Sphinx gets it.

        Args:
            contents: What is below it.
        """
        # the only language here that Sphinx doesn't colour
        text = moved(self.markdown(), beside).replace("```mermaid", "```text")
        return text + "".join(map(self._toctree, contents))

    def _toctree(self, section: Section) -> str:
        caption = f":caption: {section.title}\n" if section.title else ""
        start = posixpath.dirname(self.path) or "."
        entries = [posixpath.relpath(named(page), start).removesuffix(".md") for page, _ in section.entries]
        return "\n```{toctree}\n:hidden:\n" + caption + "\n" + "\n".join(entries) + "\n```\n"


def named(path: str) -> str:
    """Return the path of a page on the site.

    Example:
        >>> named("reference/rules/README.md")
        'reference/rules/index.md'
    """
    folder, name = posixpath.split(path)
    return posixpath.join(folder, "index.md") if name == INDEX else path


def renamed(target: str) -> str:
    """Return the target of a link on the site."""
    path, mark, anchor = target.partition("#")
    return target if ":" in path or not path else f"{named(path)}{mark}{anchor}"


def beside(target: str) -> str:
    """Return the target of a link as Sphinx gets it: files that aren't pages or pictures stay where they are."""
    return f"beside:{target}" if ":" not in target and target.endswith(".json") else target


def pages_of(docs: Path) -> list[Page]:
    """Return all pages."""
    return [Page(docs, file.relative_to(docs).as_posix()) for file in sorted(docs.rglob("*.md"))]


def lay_out(docs: Path, pages: list[Page], folder: Path) -> None:
    """Write what Sphinx reads.

    Args:
        docs: The folder of the pages.
        pages: The pages.
        folder: An empty folder.
    """
    for page in pages:
        if page.path == INDEX:
            contents = sections(page.text)
        else:
            found = below(page.path, page.text)
            contents = [Section("", found)] if found else []
        write(folder / page.name, page.source(contents))
    copy_files(docs, folder)


def copy_files(docs: Path, folder: Path) -> None:
    """Copy pictures and other files that belong to pages."""
    for file in sorted(docs.rglob("*")):
        if file.is_file() and file.suffix not in (".md", *LEFT_OUT):
            target = folder / file.relative_to(docs)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


def index_for_programs(pages: list[Page]) -> str:
    """Return `llms.txt`: what the pages are about, for programs that read them as Markdown."""
    by_path = {page.path: page for page in pages}
    start = by_path[INDEX]
    inner = [entry for page in by_path.values() for entry in below(page.path, page.text)]
    lines = [f"# {title(start.text)}", "", f"> {plain(start.text.split(BLANK)[1])}", ""]
    lines.append("Each page is Markdown. The same address with .html in place of .md is for people.")
    for section in (*sections(start.text), *([Section("Optional", inner)] if inner else [])):
        lines += listed(section, by_path)
    return "\n".join([*lines, ""])


def listed(section: Section, by_path: dict[str, Page]) -> Iterator[str]:
    """Yield the lines of a section of `llms.txt`."""
    yield from ("", f"## {section.title}", "")
    for path, written in section.entries:
        page = by_path[path]
        said = written or summary(page.text)
        yield f"- [{title(page.text)}]({page.name})" + (f": {said}" if said else "")


def write(file: Path, text: str) -> None:
    """Write a file, in a folder that is made if needed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="\n")


def build(folder: Path, docs: Path = DOCS) -> int:
    """Build the site.

    Args:
        folder: Where; a site that is there is replaced.
        docs: The folder of the pages.

    Returns:
        0, or another number if something is wrong with the pages, which is printed.
    """
    from sphinx.cmd.build import build_main

    if folder.exists() and any(folder.iterdir()) and not (folder / OURS).is_file():
        print(f"{folder} has files, and no site; name another folder", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="ellar_db_site_") as scratch:
        source, made, pages = Path(scratch, "source"), Path(scratch, "site"), pages_of(docs)
        lay_out(docs, pages, source)
        options = ["-q", "-W", "--keep-going", "-n", "-j", "auto", "-b", "html", "-c", str(Path(__file__).parent)]
        failed = build_main([*options, "-d", str(Path(scratch, "doctrees")), str(source), str(made)])
        if failed:
            return failed
        for page in pages:
            write(made / page.name, page.markdown())
        copy_files(docs, made)
        write(made / OURS, index_for_programs(pages))
        if folder.exists():
            shutil.rmtree(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(made, folder)
    return 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith("-"):
        sys.exit(__doc__.split(BLANK)[1])
    sys.exit(build(*map(Path, sys.argv[1:])))
