"""How the pages about tasks are followed."""

from __future__ import annotations

from ellar_db.testing.application import PLAIN_MODELS
from ellar_db.testing.project import MODELS
from tests.support.pages.reader import Page
from tests.support.pages.scenes import (
    AGE,
    AGED,
    ANN,
    AUDIT_TABLES,
    BOTH,
    BROKEN,
    CHECKED,
    CODE,
    DRIFTED,
    EMAIL,
    ENUM,
    FOLDER,
    JOINED,
    MIGRATED,
    NAMED,
    NO_USERS,
    NOT_NULL,
    NOTED,
    ORDERS,
    SEVERAL,
    USERS,
    aging,
    beside_tenants,
    branch,
    broken,
    first_is_gone,
    foreign,
    guarded,
    history_of_two_databases,
    line_of,
    mended,
    of_both,
    on_mariadb,
    scratch_on_servers,
    session,
    tenants,
    titles_lost,
    two_on_a_server,
    undone,
    without_rights,
)
from tests.support.pages.starts import (
    added,
    all_of,
    anew,
    application,
    first,
    installed,
    nothing,
    on_server,
    replaced,
    revision,
    run,
    standalone,
    statements,
    written,
)

HOW_TO: dict[str, Page | str] = {
    "docs/how-to/async.md": "they are arguments of a module",
    "docs/how-to/bring-migrations-along.md": Page(
        all_of(
            standalone(),
            run("ellar-db", "init"),
            written("ellar_db_audit/tables.py", AUDIT_TABLES),
            written("ellar_db_audit/versions/.keep", ""),
            written("pyproject.toml", '[project]\nname = "ellar-db-audit"\nversion = "1.0"\n'),
        ),
        [
            (
                "ellar-db migrate",
                all_of(
                    added("pyproject.toml", '[tool.ellar-db]\ndatabase = "sqlite:///app.db"\nmetadata = "models:Base"'),
                    lambda reader: reader.install.from_folder(reader.folder),
                ),
            )
        ],
        files={"[project.entry-points": "pyproject.toml"},
    ),
    "docs/how-to/check-databases.md": Page(
        all_of(FOLDER, revision("one", None, DRIFTED), run("ellar-db", "upgrade")),
        [
            (
                "ellar db check --drift",
                statements(
                    "ALTER TABLE orders ADD note TEXT",
                    "DROP INDEX ix_orders_day",
                    "DROP TABLE users",
                    "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(64))",
                ),
            )
        ],
    ),
    "docs/how-to/completion.md": Page(nothing),
    "docs/how-to/data-migrations.md": Page(FOLDER),
    "docs/how-to/doctor.md": Page(without_rights),
    "docs/how-to/draw-the-history.md": Page(
        all_of(
            SEVERAL,
            history_of_two_databases,
            run("ellar-db", "stamp", "5d1a", "--database", "default"),
            run("ellar-db", "stamp", "6e2b", "--database", "reports"),
        ),
        [
            ("ellar db graph --package", installed("ellar-db-audit")),
        ],
        left={"ellar db graph --dot | dot": "Graphviz isn't installed everywhere; tests of `graph` read what it gets"},
    ),
    "docs/how-to/enums.md": Page(
        all_of(
            application("postgresql", ENUM),
            MIGRATED,
            replaced("shop/models.py", '"new", ', '"new", "packed", '),
        ),
        [
            (
                'ellar db migrate -m "Packed orders"\nWrote migrations/versions/1',
                anew(
                    all_of(
                        application("sqlite:///shop.db", CHECKED),
                        MIGRATED,
                        replaced("shop/models.py", '"new", ', '"new", "packed", '),
                    ),
                    "checked",
                ),
            ),
            (
                'ellar db migrate -m "No new orders"',
                anew(
                    all_of(
                        application("postgresql", ENUM.replace('"new", ', '"new", "packed", ')),
                        MIGRATED,
                        on_server("INSERT INTO orders (id, state) VALUES (1, 'new')"),
                        replaced("shop/models.py", '"new", ', ""),
                    ),
                    "removed",
                ),
            ),
        ],
        long=True,
        made={'def upgrade() -> None:\n    op.execute("ALTER TYPE state ADD': "migrations/versions/*_packed_orders.py"},
    ),
    "docs/how-to/kinds-of-databases.md": "they are a plugin for another kind of database than there are here",
    "docs/how-to/many-machines.md": Page(
        nothing, left={"ellar db upgrade --jobs 16": "it needs a cluster; the plugin's own tests have one"}
    ),
    "docs/how-to/offline-sql.md": Page(
        all_of(FOLDER, first(USERS, NO_USERS)),
        [("ellar db upgrade --sql -o sql/", anew(all_of(SEVERAL, run("ellar-db", "migrate")), "several"))],
    ),
    "docs/how-to/override-a-command.md": "they are plugins, which tests/test_docs.py installs and runs",
    "docs/how-to/several-databases.md": Page(
        BOTH,
        [
            (
                "ellar db current",
                all_of(run("ellar-db", "migrate", "--rev-id", "4f46dc2c65c3"), run("ellar-db", "upgrade")),
            ),
            (
                "ellar db upgrade",
                anew(all_of(BOTH, run("ellar-db", "init"), first(title="Initial migration.")), "single"),
            ),
        ],
    ),
    "docs/how-to/create-and-drop-databases.md": Page(
        all_of(two_on_a_server, run("ellar-db", "init", "--multi"), run("ellar-db", "revision"), first_is_gone),
        [("ellar db drop --yes", all_of(run("ellar-db", "create"), session))],
        long=True,
    ),
    "docs/how-to/many-databases.md": Page(
        tenants,
        [
            ("ellar db init", added("shop/tenants.py", "\n\ndef tenants(wanted):\n    return ['acme', 'bolt']\n")),
            ("ellar db init --multi", anew(beside_tenants, "both")),
        ],
        files={"[tool.ellar-db]": "pyproject.toml"},
    ),
    "docs/how-to/not-null-columns.md": Page(
        all_of(application(), MIGRATED, statements(ANN), added("shop/models.py", AGE)),
        [
            (
                "ellar db migrate --fill",
                anew(all_of(application(), MIGRATED, statements(ANN), added("shop/models.py", AGE + JOINED)), "filled"),
            )
        ],
        made={"def upgrade": "migrations/versions/*_ages.py"},
    ),
    "docs/how-to/output.md": Page(
        all_of(
            SEVERAL,
            of_both("4f46dc2c65c3", None, "Initial migration."),
            of_both("7d1e0a9f2c5b", "4f46dc2c65c3", "Add notes"),
        ),
        [
            (
                "ellar db upgrade\nDatabase default:\n  ok  7d1e",
                anew(
                    all_of(
                        SEVERAL,
                        of_both("4f46dc2c65c3", None, "Initial migration."),
                        run("ellar-db", "upgrade"),
                        of_both("7d1e0a9f2c5b", "4f46dc2c65c3", "Add notes", reports="op.execute('oops')"),
                    ),
                    "failing",
                ),
            ),
            ("ellar db -v", anew(all_of(FOLDER, first(title="Initial migration.")), "single")),
            ("ellar db --log-format", run("ellar-db", "downgrade", "base")),
        ],
        left={"ellar db upgrade\nWaiting": "another session has to hold the table while it runs, as in test_output.py"},
        long=True,
    ),
    "docs/how-to/plan.md": Page(
        all_of(
            FOLDER,
            revision("4f46dc2c65c3", None, AGED),
            run("ellar-db", "upgrade"),
            statements(*("INSERT INTO users (name, age) VALUES ('Ann', 1)",) * 1204),
            revision("7d1e0a9f2c5b", "4f46dc2c65c3", NOTED, "op.drop_column('users', 'note')", "add notes"),
            revision("9f2c5b7d1e0a", "7d1e0a9f2c5b", "op.drop_column('users', 'age')", title="drop age"),
        ),
        [("ellar db upgrade --dry-run", run("rm", "migrations/versions/9f2c5b7d1e0a_drop_age.py"))],
    ),
    "docs/how-to/rename-tables-and-columns.md": Page(
        all_of(application(models=NAMED), MIGRATED, replaced("shop/models.py", " name:", " full_name:")),
        [
            (
                "ellar db migrate --rename users.name",
                anew(
                    all_of(application(models=NAMED), MIGRATED, replaced("shop/models.py", " name:", " full_name:")),
                    "scripted",
                ),
            ),
            (
                "ellar db migrate --rename users:people",
                anew(
                    all_of(
                        application(models=NAMED),
                        MIGRATED,
                        replaced("shop/models.py", " name:", " full_name:"),
                        replaced("shop/models.py", '"users"', '"people"'),
                    ),
                    "people",
                ),
            ),
        ],
        long=True,
        made={"def upgrade": "migrations/versions/*_full_names.py"},
    ),
    "docs/how-to/repair.md": Page(
        all_of(on_mariadb, run("ellar-db", "init"), revision("0001", None, BROKEN, title="Add orders.")),
        [
            ("ellar db repair 0001 --reverted", all_of(undone, mended)),
            (
                "ellar db repair 0001 --applied",
                all_of(run("ellar-db", "downgrade", "base"), undone, broken, run("ellar-db", "upgrade", exit_code=1)),
            ),
        ],
        left={
            "ellar db upgrade\nError: an earlier run": "the program has to be killed before, as tests/faults does it"
        },
        long=True,
    ),
    "docs/how-to/review-a-revision.md": Page(
        all_of(
            application("postgresql", NAMED.replace("40", "50")),
            MIGRATED,
            on_server(ANN),
            replaced("shop/models.py", "50", "20"),
            added("shop/models.py", AGE),
        ),
        [
            ("ellar db lint --since-ref", anew(branch(NOT_NULL), "linted")),
            (
                "ellar db lint --measure",
                anew(
                    branch(NOT_NULL, "op.execute('UPDATE users SET age = age + 1')"),
                    "measured",
                ),
            ),
        ],
        long=True,
    ),
    "docs/how-to/safe-runs.md": Page(
        all_of(FOLDER, first()),
        [("ellar db upgrade\nWarning", guarded)],
        codes={"ellar db repair": 1},
    ),
    "docs/how-to/squash-revisions.md": Page(
        all_of(FOLDER, line_of("1f0c", *(f"r{number}" for number in range(38)), "9f2c")),
        [
            ("ellar db squash 1f0c:9f2c", anew(all_of(FOLDER, titles_lost), "lost")),
            ("ellar db squash base:9f2c\nRunning the 4", anew(all_of(FOLDER, aging), "rows")),
            (
                "ellar db status",
                all_of(
                    run("ellar-db", "upgrade", "52ab"),
                    run("ellar-db", "squash", "base:9f2c", "--drop-data-steps", "--yes", "-m", "Users"),
                    revision("a3b4", "9f2c", ORDERS, "op.drop_table('orders')", "Add orders"),
                ),
            ),
            ("ellar db downgrade", run("ellar-db", "upgrade", "9f2c")),
        ],
        long=True,
    ),
    "docs/how-to/start-up-and-tests.md": CODE,
    "docs/how-to/status.md": Page(
        all_of(
            SEVERAL,
            of_both("4f46dc2c65c3", None, "Initial migration."),
            run("ellar-db", "upgrade", "--database", "default"),
        ),
        [("ellar db status --json", run("ellar-db", "downgrade", "--database", "reports", "base"))],
    ),
    "docs/how-to/test-migrations.md": Page(
        all_of(application(), MIGRATED),
        left={
            "# tests/conftest.py\nimport pytest\nfrom sqlalchemy": "it makes a table that the models here don't have",
            "pytest -v": "tests/testing/test_pages.py compares its lines, between those of pytest's own",
            "pytest --ellar-db-url": "it names a server of the reader's",
            "# migrations/versions": "its history is another one",
            "# tests/test_migrations.py": "its history is another one",
        },
        long=True,
    ),
    "docs/how-to/verify-revisions.md": Page(
        all_of(
            FOLDER,
            revision("1f0c", None, f"{USERS}; {ORDERS}", f"{NO_USERS}; op.drop_table('orders')", "add users"),
            revision("52ab", "1f0c", title="hash the passwords"),
            added("migrations/versions/52ab_hash_the_passwords.py", 'irreversible = "the passwords are gone"\n'),
            revision(
                "9f2c", "52ab", "op.create_index('ix_x', 'orders', ['day'])", "op.execute('SELECT 1')", "add orders"
            ),
            statements("VACUUM"),
        ),
    ),
    "docs/how-to/wait-for-a-database.md": Page(
        FOLDER,
        left={
            "ellar db wait\n": "a server has to begin to answer meanwhile, as in tests/commands/test_wait.py",
            "ellar db wait --for head": "it takes two minutes; tests/commands/test_wait.py waits less",
        },
    ),
    "docs/how-to/test-a-plugin.md": "they are tests, which tests/testing/test_pages.py runs",
    "docs/how-to/two-phase.md": "they are arguments of a module",
    "docs/how-to/types-of-packages.md": "they are a part of a revision",
    "docs/how-to/without-ellar.md": Page(
        written("shop/models.py", MODELS),
        [("ellar-db -c alembic.ini", anew(foreign("generic"), "alembic"))],
        files={"[tool.ellar-db]\ndirectory": "pyproject.toml"},
    ),
    "docs/how-to/write-a-plugin.md": Page(all_of(FOLDER, first())),
    "docs/how-to/write-a-revision-without-a-database.md": Page(
        all_of(application(models=PLAIN_MODELS), MIGRATED, added("shop/models.py", EMAIL)),
        [
            ("ellar db migrate --scratch-url postgresql", anew(scratch_on_servers, "servers")),
            (
                "ellar db migrate --scratch --dry-run",
                anew(all_of(application(models=PLAIN_MODELS), MIGRATED, added("shop/models.py", EMAIL)), "again"),
            ),
        ],
        long=True,
    ),
}
