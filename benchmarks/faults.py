"""What remains when upgrades collide, fail, are killed, or alter a table to which others refer: ellar_db and its peers.

Each program runs the same revisions as real processes, on databases that are created and dropped here. Peers that
aren't installed, and servers that don't respond, are skipped with a line. It fails if ellar_db loses anything.

usage: python benchmarks/faults.py [--rounds 5] [--kills 20] [--only sqlite,mariadb] [--peers Alembic,ellar_db]
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from databases import KINDS, Scratch, scratch_databases
from peers import PEERS, Peer

PROCESSES = 8
REVISIONS = 10
ROWS = 100
SEED = 20261123

NOT_OURS = {"alembic_version", "ellar_db_journal"}

FOREIGN_KEYS = """
from sqlalchemy import Engine, event


@event.listens_for(Engine, "connect")
def enforce_foreign_keys(connection, record):
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


"""
PARENT_AND_CHILDREN = [
    'op.create_table("parents", sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.String(10)))',
    'parent = sa.Column("parent_id", sa.Integer, sa.ForeignKey("parents.id", ondelete="CASCADE"), nullable=False)',
    'op.create_table("children", sa.Column("id", sa.Integer, primary_key=True), parent)',
    f"for number in range({ROWS}):",
    '    op.execute(f"INSERT INTO parents (id) VALUES ({number})")',
    '    op.execute(f"INSERT INTO children (id, parent_id) VALUES ({number}, {number})")',
]
ALTERATION = ['with op.batch_alter_table("parents") as batch:', '    batch.alter_column("note", type_=sa.String(20))']


def create(table: str) -> str:
    """Return the line of a revision that creates a table."""
    return f'op.create_table("{table}", sa.Column("id", sa.Integer, primary_key=True))'


@dataclass
class History:
    """A project of a peer, with revisions that create two tables each, on a database.

    Args:
        peer: The program.
        database: The database.
        folder: The project's folder.
    """

    peer: Peer
    database: Scratch
    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.peer.make(self.folder, self.database.url)
        self.migrations = next(self.folder.rglob("env.py")).parent
        # written by the first revision, so that the program is killed only after it has begun
        self.begun = self.folder / "begun"

    def write(self, bodies: Sequence[Sequence[str]]) -> None:
        """Replace the revisions, and empty the database."""
        for old in (self.migrations / "versions").glob("0*.py"):
            old.unlink()
        for number, body in enumerate(bodies):
            lines = "\n    ".join(body)
            (self.migrations / "versions" / f"{number:04}.py").write_text(
                "from pathlib import Path\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n"
                f'revision = "{number:04}"\ndown_revision = {f"{number - 1:04}" if number else None!r}\n\n\n'
                f"def upgrade():\n    {lines}\n\n\ndef downgrade():\n    pass\n",
                encoding="utf-8",
            )
        self.database.empty()

    def write_tables(self) -> None:
        """Write the usual revisions: two tables each."""
        bodies = [[create(f"first_{number}"), create(f"second_{number}")] for number in range(REVISIONS)]
        self.write([[f"Path({str(self.begun)!r}).touch()", *bodies[0]], *bodies[1:]])

    def start(self, revision: str = "head") -> subprocess.Popen[str]:
        """Start an upgrade."""
        return subprocess.Popen(
            self.peer.command(revision),
            cwd=self.folder,
            env={**os.environ, "ELLAR_DB_LOAD_PLUGINS": ""},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def upgrade(self, revision: str = "head") -> tuple[bool, str]:
        """Run an upgrade; return whether it succeeded, and its output."""
        process = self.start(revision)
        said, _ = process.communicate()
        return process.returncode == 0, said

    def must_upgrade(self, revision: str = "head") -> None:
        """Run an upgrade.

        Raises:
            RuntimeError: It failed.
        """
        succeeded, said = self.upgrade(revision)
        if not succeeded:
            raise RuntimeError(f"{self.peer.name} on {self.database.kind}:\n{said}")

    def apart(self) -> set[str]:
        """Return the tables that exist but shouldn't at the database's revision, or the other way round."""
        self.database.settle()
        tables = self.database.tables()
        version = self.database.ask("SELECT version_num FROM alembic_version") if "alembic_version" in tables else None
        done = 0 if version is None else int(str(version)) + 1
        expected = {f"{name}_{number}" for number in range(done) for name in ("first", "second")}
        return expected ^ (tables - NOT_OURS)

    def begin(self) -> subprocess.Popen[str]:
        """Start an upgrade, and wait until its first revision runs."""
        self.begun.unlink(missing_ok=True)
        process = self.start()
        while not self.begun.exists() and process.poll() is None:
            time.sleep(0.001)
        return process


@dataclass(frozen=True)
class Cell:
    """A result.

    Args:
        text: The text in the table.
        lost: Whether something was lost silently.
    """

    text: str
    lost: bool


def at_once(history: History, rounds: int) -> Cell:
    """Start several upgrades of an empty database at once, and count those that fail."""
    failed = 0
    for _ in range(rounds):
        history.write_tables()
        processes = [history.start() for _ in range(PROCESSES)]
        for process in processes:
            process.communicate()
        failed += sum(process.returncode != 0 for process in processes)
    return Cell(f"{failed} of {rounds * PROCESSES}", failed > 0)


def half_way(history: History) -> Cell:
    """Let a revision fail after its second table; count the tables left behind, and check whether they are reported."""
    broken = [create("first_1"), create("second_1"), 'op.execute("INSERT INTO nowhere VALUES (1)")']
    history.write([[create("first_0"), create("second_0")], broken])
    history.must_upgrade("0000")
    succeeded, said = history.upgrade()
    if succeeded:
        raise RuntimeError(f"{history.peer.name}: a revision that must fail didn't")
    left = history.apart()
    told = all(f"CREATE TABLE {table}" in said for table in left)
    return Cell(f"{len(left)}{', listed' if left and told else ''}", bool(left) and not told)


def killed(history: History, kills: int) -> Cell:
    """Kill upgrades at random moments, and count how often schema and version disagree afterwards.

    The moments are between the start of the first revision and the program's end.
    """
    chance = random.Random(SEED)
    times = []
    for _ in range(3):
        history.write_tables()
        process = history.begin()
        started = time.perf_counter()
        process.communicate()
        times.append(time.perf_counter() - started)
    apart = silent = refused = done = 0
    while done < kills:
        history.write_tables()
        process = history.begin()
        try:
            process.wait(timeout=chance.uniform(0, statistics.median(times)))
        except subprocess.TimeoutExpired:
            process.kill()
            done += 1
        finally:
            process.communicate()
        left = history.apart()
        succeeded, said = history.upgrade()
        apart += bool(left)
        silent += any(not _told(table, said) for table in left)
        refused += not succeeded
    noted = ", each noted" if apart and not silent else ""
    later = f"; {refused} {'stuck' if silent else 'wait for `repair`'}" if refused else ""
    return Cell(f"{apart} of {kills}{noted}{later}", silent > 0)


def _told(table: str, said: str) -> bool:
    """Return whether a refusal names a table, or the revision whose first statement creates it."""
    name, number = table.split("_")
    begun = name == "first" and f" of {int(number):04} (" in said and "the revision's first statement" in said
    return "was cut short" in said and (table in said or begun)


def batch(history: History) -> Cell:
    """Alter a parent table in batch mode with foreign keys enforced, and count the child rows that are kept."""
    environment = history.migrations / "env.py"
    plain = environment.read_text(encoding="utf-8")
    environment.write_text(FOREIGN_KEYS + plain, encoding="utf-8")
    try:
        history.write([PARENT_AND_CHILDREN, ALTERATION])
        history.must_upgrade("0000")
        history.must_upgrade()
        kept = history.database.ask("SELECT count(*) FROM children")
    finally:
        environment.write_text(plain, encoding="utf-8")
    return Cell(f"{kept} of {ROWS}", kept != ROWS)


def main() -> int:
    """Print the table.

    Returns:
        1 if ellar_db lost something, else 0.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help=f"how many times {PROCESSES} upgrades start at once")
    parser.add_argument("--kills", type=int, default=20, help="how many upgrades are killed")
    parser.add_argument("--only", default=",".join(KINDS), help="the databases")
    parser.add_argument("--peers", default=",".join(peer.name for peer in PEERS), help="the programs")
    given = parser.parse_args()
    peers = []
    for peer in PEERS:
        if peer.name in given.peers.split(","):
            if peer.title is None:
                print(f"left out: {peer.name}, not installed", file=sys.stderr)
            else:
                peers.append(peer)
    faults: list[tuple[str, Callable[[History], Cell], Sequence[str]]] = [
        (f"{PROCESSES} upgrades at once: fail", lambda history: at_once(history, given.rounds), KINDS),
        ("a revision that fails half-way: tables left", half_way, KINDS),
        ("killed: schema and version apart", lambda history: killed(history, given.kills), KINDS),
        ("batch alteration of a parent: child rows kept", batch, ("sqlite",)),
    ]
    lost = False
    print("| | |", " | ".join(str(peer.title) for peer in peers), "|")
    print("|---|---|" + "---|" * len(peers))
    with tempfile.TemporaryDirectory(prefix="ellar-db-faults-") as name:
        work = Path(name)
        with scratch_databases(work, given.only.split(",")) as databases:
            histories = {
                (database.kind, peer.name): History(peer, database, work / f"{database.kind}-{peer.name}")
                for database in databases
                for peer in peers
            }
            for title, fault, kinds in faults:
                for database in databases:
                    if database.kind not in kinds:
                        continue
                    cells = []
                    for peer in peers:
                        print(f"... {title}, {database.kind}, {peer.name}", file=sys.stderr)
                        cell = fault(histories[database.kind, peer.name])
                        lost |= cell.lost and peer.name == "ellar_db"
                        cells.append(cell.text)
                    print(f"| {title} | {database.kind} |", " | ".join(cells), "|", flush=True)
    return int(lost)


if __name__ == "__main__":
    sys.exit(main())
