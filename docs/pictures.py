"""Make the pictures of the how-to pages from the real program.

usage: python docs/pictures.py

Terminals are SVG, made by Rich; the page of `graph` is PNG, made by Chromium, and left as it is where there is none.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
WIDTH = 100

PYPROJECT = """
[tool.ellar-db.databases]
default = "sqlite:///shop.db"
reports = "sqlite:///reports.db"
"""

REVISION = '''"""{title}

{more}
"""
import sqlalchemy as sa
from alembic import op

revision = {own!r}
down_revision = {down!r}
branch_labels = {label!r}
depends_on = None


def upgrade(engine_name):
    {up}


def downgrade(engine_name):
    {back}
'''

NAME = 'sa.Column("name", sa.String(50))'
ID = 'sa.Column("id", sa.Integer, primary_key=True)'

HISTORY = (
    ("19f0", None, None, "First tables", f'op.create_table("shops", {ID}, {NAME})', 'op.drop_table("shops")'),
    ("2a7d", "19f0", None, "Add users", f'op.create_table("users", {ID}, {NAME})', 'op.drop_table("users")'),
    ("3b8e", "2a7d", "crm", "Add customers", f'op.create_table("customers", {ID})', 'op.drop_table("customers")'),
    ("4c9f", "2a7d", None, "Add orders", f'op.create_table("orders", {ID}, {NAME})', 'op.drop_table("orders")'),
    (
        "5d1a",
        "4c9f",
        None,
        "Index orders",
        'op.create_index("ix_orders_name", "orders", ["name"])',
        'op.drop_index("ix_orders_name", "orders")',
    ),
    ("6e2b", ("5d1a", "3b8e"), None, "Merge customers and orders", "pass", "pass"),
    (
        "71c0",
        "6e2b",
        None,
        "Add e-mail addresses",
        'op.add_column("users", sa.Column("email", sa.String(80), nullable=False))',
        "pass",
    ),
)

SHOWN = {
    "graph": ("graph",),
    "status": ("status",),
    "plan": ("plan", "--database", "default"),
    "lint": ("lint", "--all"),
    "verify": ("verify", "--all", "--database", "default"),
}


def run(folder: Path, *arguments: str) -> str:
    """Run a command, and return what a terminal would show."""
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "ELLAR_DB_LOAD_PLUGINS": ""}
    done = subprocess.run(
        [sys.executable, "-m", "ellar_db", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def project(folder: Path) -> None:
    """Make a project with a history and two databases, each somewhere in it."""
    (folder / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    run(folder, "init", "--multi")
    for own, down, label, title, up, back in HISTORY:
        text = REVISION.format(
            own=own,
            down=down,
            label=label,
            title=title,
            up=up,
            back=back,
            more="Made for the shop in the quick example.",
        )
        file = folder / "migrations" / "versions" / f"{own}_{title.lower().replace(' ', '_')}.py"
        file.write_text(text, encoding="utf-8")
    run(folder, "upgrade", "5d1a", "--database", "default")
    run(folder, "upgrade", "6e2b", "--database", "reports")


def terminal(name: str, arguments: tuple[str, ...], folder: Path) -> None:
    """Write a picture of a terminal in which a command has run."""
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
    console.print(Text(f"$ ellar db {' '.join(arguments)}", style="bold"))
    console.print(Text.from_ansi(run(folder, *arguments).rstrip()))
    # the font would be fetched from another server
    form = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    picture = console.export_svg(title=f"ellar db {arguments[0]}", code_format=form, unique_id=f"ellar-db-{name}")
    (PICTURES / f"{name}.svg").write_text(picture, encoding="utf-8")


def page(folder: Path) -> None:
    """Write pictures of the page of `graph`, in light and dark colours."""
    sys.path.insert(0, str(ROOT))
    from tests.support.browser import Browser, chromium

    file = folder / "history.html"
    run(folder, "graph", "--html", file.name)
    with Browser(chromium()) as browser:
        for scheme in ("light", "dark"):
            tab = browser.tab(file, dark=scheme == "dark", width=960, height=480)
            tab.value(
                "(function () { this.value = '0'; this.dispatchEvent(new Event('change')); })"
                ".call(document.getElementById('database'))"
            )
            tab.click("#r0 .id")
            (PICTURES / f"graph-page-{scheme}.png").write_bytes(tab.picture())
            tab.close()


def main() -> None:
    """Write all pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project(folder)
        for picture, arguments in SHOWN.items():
            terminal(picture, arguments, folder)
        page(folder)
    print(f"wrote {PICTURES}")


if __name__ == "__main__":
    main()
