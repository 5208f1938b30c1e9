"""What a revision file says by patterns in its text; imported where a file has to be read."""

from __future__ import annotations

import re

from ellar_db.history.headers import NAMES, Header

ID = re.compile(r"\w[\w.]*")
"""An id or a label in which no character means anything to Alembic or Python."""

TEXT = rf"(?:'{ID.pattern}'|\"{ID.pattern}\")"

BEGIN = re.compile(
    r'(?:#[^\n]*\n|\n)*(?:(?:"""([^"\\\t]*(?:"{1,2}(?!")[^"\\\t]*)*)"""|'
    r"'{3}([^'\\\t]*(?:'{1,2}(?!')[^'\\\t]*)*)'{3})[ ]*(?:#[^\n]*)?(?:\n|\Z))?"
)
"""Comments, and a docstring in which Python reads each character as it is written."""

TEXTS = rf"(?:[ ]*{TEXT}[ ]*,)*(?:[ ]*{TEXT}[ ]*)?"

END = r"[ ]*(?:#[^\n]*)?(?:\n|\Z)"

LINE = re.compile(
    r"(?:\n|#[^\n]*(?:\n|\Z))*"
    rf"(?:({'|'.join(NAMES)})[ ]*(?::[^=\n#'\"\\]*)?=[ ]*(None|{TEXT}|\({TEXTS}\)|\[{TEXTS}\]){END}"
    rf"|((?:import[ ]+|from[ ]+[\w.]+[ ]+import[ ]+)(?:[\w. ,]+|\([\w\s,]*\))){END})"
)
"""A variable of Alembic's, or an import, each complete; with the blank lines and comments before it."""

DOUBTS = (
    *("revision", "branch_labels", "depends_on"),
    *("globals", "locals", "vars(", "exec(", "eval(", "setattr", "f_globals", "import *", "import*"),
    *("__doc__", "__dict__", "__getattr__", "__class__", "__builtins__"),
    *("\n<<<<<<<", "\n=======", "\n>>>>>>>", "\r", "\f", "\0"),
)
"""What may give a variable another value elsewhere in the file, or keep Python from compiling it."""

LOOK_UP = re.compile(
    r"(?:^    # a database that was added after this revision has no function here, and nothing to do\n)?"
    r'^    globals\(\)\.get\(f"(?:up|down)grade_\{engine_name\}", lambda: None\)\(\)$',
    re.MULTILINE,
)
"""How a revision for several databases, as `init --multi` has it written, calls the function of one."""

CODING = re.compile(rb"(?:[^\n]*\n)?[ ]*#[^\n]*?coding[:=][ ]*(?![ ]|utf-?8(?![\w-]))", re.IGNORECASE)
"""An encoding other than UTF-8, in one of the first two lines."""


def read_header(source: bytes, *, broken: bool = False) -> Header | None:
    """Return what a revision file says, if its text leaves no doubt about it; None if it does.

    Args:
        source: The contents of the file.
        broken: Python can't compile the file, so that only its head counts.

    Example:
        >>> read_header(b"revision = 'a1'\\ndown_revision = None\\n")
        Header(revision='a1', down=(), labels=(), depends=(), doc='')
    """
    try:
        text = source.decode().replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None
    begin = BEGIN.match(text)
    assert begin is not None
    doc = begin[1] or begin[2] or ""
    if "\n " in doc or CODING.match(source):
        # Python takes a margin that all lines have away, from 3.13 on
        return None
    position, found = begin.end(), dict[str, str]()
    while (line := LINE.match(text, position)) is not None:
        position = line.end()
        name, value, imports = line.group(1, 2, 3)
        if imports is not None:
            if "revision" in imports or "branch_labels" in imports or "depends_on" in imports:
                return None
        elif name in found:
            return None
        else:
            found[name] = value
    own = found.get("revision", "")
    if own[:1] not in ("'", '"') or "down_revision" not in found:
        return None
    rest = text[position - 1 :]
    if "globals" in rest:
        rest = LOOK_UP.sub("", rest)
    for each in DOUBTS:
        if each in rest and not broken:
            return None
    down, labels, depends = [_texts(found.get(name, "None")) for name in NAMES[1:]]
    return Header(own[1:-1], down, labels, depends, doc)


def _texts(value: str) -> tuple[str, ...]:
    return () if value == "None" else tuple(ID.findall(value))
