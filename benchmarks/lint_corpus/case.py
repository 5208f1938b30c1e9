"""A change of a database as revisions make it, and the files of these revisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

POSTGRESQL, MARIADB = "postgresql", "mariadb"

BASE = """
op.create_table(
    "users",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("name", sa.String(50), nullable=False),
    sa.Column("email", sa.String(120)),
    sa.Column("age", sa.Integer()),
    sa.Column("score", sa.Numeric(8, 2)),
    sa.Column("note", sa.Text()),
    sa.Column("code", sa.String(20)),
    sa.Column("created", sa.DateTime()),
    sa.Column("seen", sa.DateTime(timezone=True)),
    sa.Column("active", sa.Boolean()),
    sa.Column("team_id", sa.Integer()),
)
op.create_table(
    "orders",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("user_id", sa.Integer()),
    sa.Column("amount", sa.Numeric(10, 2)),
    sa.Column("status", sa.String(20)),
    sa.Column("placed", sa.DateTime()),
    sa.Column("remark", sa.Text()),
)
op.create_table("teams", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.String(50)))
"""
"""What the first revision does, the same for all cases."""

REVISION = '''"""{title}."""

import sqlalchemy as sa
from alembic import op
{head}
revision = "{revision}"
down_revision = {before}
branch_labels = None
depends_on = None


def upgrade() -> None:
{body}


def downgrade() -> None:
    raise NotImplementedError("a case of the corpus is never undone")
'''


@dataclass(frozen=True)
class Case:
    """A revision that changes tables with many rows, which other programs use.

    Args:
        name: The name.
        change: What the revision does.
        head: What is in its file before the function.
        before: What the revision before it does.
        fill: A statement that puts rows into the tables that `before` makes, with `:rows` for their number.
        kind: The kind of database.
    """

    name: str
    change: str
    head: str = ""
    before: str = "pass"
    fill: str = ""
    kind: str = POSTGRESQL

    def write(self, versions: Path) -> Path:
        """Write the three revisions into a folder.

        Args:
            versions: The folder.

        Returns:
            The file of the change.
        """
        versions.mkdir(parents=True, exist_ok=True)
        files = {
            "tables": ("Tables", None, "", BASE),
            "before": ("What was there", "tables", "", self.before),
            "change": (self.name, "before", self.head, self.change),
        }
        for revision, (title, before, head, body) in files.items():
            text = REVISION.format(
                title=title,
                head=f"{dedent(head).strip()}\n" if head else "",
                revision=revision,
                before=f'"{before}"' if before else None,
                body=indent(dedent(body).strip(), "    "),
            )
            (versions / f"{revision}_.py").write_text(text, encoding="utf-8")
        return versions / "change_.py"


def maker(kind: str, cases: list[Case]) -> Callable[..., None]:
    """Return a function that adds a case to a list.

    Args:
        kind: The kind of database.
        cases: The list.
    """

    def case(name: str, change: str, *, head: str = "", before: str = "pass", fill: str = "") -> None:
        cases.append(Case(name, change, head, before, fill, kind))

    return case
