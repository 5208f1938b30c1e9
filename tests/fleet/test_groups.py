"""Databases of one group: a folder for all of them, and a run on each by itself."""

from __future__ import annotations

import errno
import json
import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click
import jsonschema
import pytest
from alembic import command
from sqlalchemy import Engine, event

from ellar_db import Database, alembic_config
from ellar_db.inspection.trials.migrations import opened
from ellar_db.testing import Project
from ellar_db.util import masking
from tests.support.fleets import extend, files, folder, history, lines, program, provide, visits
from tests.support.processes import Program
from tests.support.revisions import write_revision
from tests.support.terminals import on_terminal, terminal

FAILING = "assert 't2' not in str(op.get_bind().engine.url), 'no room for t2'"


def refuse_t2(project: Project, rev_id: str, parent: str | None, versions: Path | None = None) -> Path:
    where = versions or folder(project)
    write_revision(where, rev_id, parent, FAILING)
    return where / f"{rev_id}_.py"


class TestEach:
    def test_is_migrated_by_itself(self, project: Project) -> None:
        names = files(project, 3)
        history(project, "one", "two")

        said = project.db("upgrade").stderr

        assert [line.partition(", 0")[0] for line in said.splitlines()[:3]] == [
            f"{name}: base -> two (2 revisions" for name in names
        ]
        assert said.splitlines()[3].startswith("3 databases: 3 migrated; ")
        assert [visits(project, name) for name in names] == [["one", "two"]] * 3
        assert "3 databases: 3 already there; " in project.db("upgrade").stderr

    def test_that_comes_later_gets_all_tables(self, project: Project) -> None:
        files(project, 2)
        history(project, "one")
        project.db("upgrade")
        files(project, 3)

        said = project.db("upgrade").stderr

        assert "3 databases: 1 migrated, 2 already there; " in said
        assert visits(project, "t2") == ["one"]

    def test_has_the_only_connection(self, project: Project) -> None:
        files(project, 4)
        history(project, "one")
        opened: list[int] = []
        now = 0

        def connect(*_: object) -> None:
            nonlocal now
            now += 1
            opened.append(now)

        def close(*_: object) -> None:
            nonlocal now
            now -= 1

        from sqlalchemy.pool import Pool

        event.listen(Pool, "connect", connect)
        event.listen(Pool, "close", close)
        try:
            project.db("upgrade")
        finally:
            event.remove(Pool, "connect", connect)
            event.remove(Pool, "close", close)
        # that of the run, and for SQLite none of the lock
        assert max(opened) == 1
        assert len(opened) >= 4

    def test_leaves_no_engine_behind(self, project: Project) -> None:
        files(project, 20)
        history(project, "one")
        extend(
            project,
            """

@hookimpl
def ellar_db_committed(run):
    import gc
    from pathlib import Path
    from sqlalchemy import Engine

    gc.collect()
    there = [each for each in gc.get_objects() if isinstance(each, Engine) and "files/t" in str(each.url)]
    Path("engines.txt").write_text(str(len(there)))
""",
        )

        program(project, "upgrade")

        assert int((project.path / "engines.txt").read_text()) <= 2

    def test_runs_with_bare_alembic_too(self, project: Project) -> None:
        names = files(project, 3)
        history(project, "one")
        refuse_t2(project, "two", "one")

        failed = project.run("alembic", "-c", "migrations/alembic.ini", "upgrade", "head", exit_code=None)

        assert failed.returncode != 0
        assert "no room for t2" in failed.stderr
        assert "Failed on the database 't2'; done before: 2 of 3." in failed.stderr
        assert [visits(project, name) for name in names] == [["one"], ["one"], []]

    def test_runs_in_start_up_code(self, project: Project) -> None:
        names = files(project, 2)
        history(project, "one")

        with alembic_config() as config:
            command.upgrade(config, "head")

        assert [visits(project, name) for name in names] == [["one"]] * 2

    def test_is_shown(self, project: Project) -> None:
        files(project, 2)
        history(project, "one")
        project.db("upgrade", "--database", "t1")

        assert project.db("current").stdout == "t0:\nt1:\none (head)\n"
        assert project.db("show", "current", "--database", "t1").stdout.startswith("Rev: one (head)\n")
        assert "Rev: " not in project.db("show", "current", "--database", "t0", exit_code=None).stdout

    def test_has_an_async_engine(self, project: Project) -> None:
        (project.path / "files").mkdir()
        provide(project, {f"t{n}": (f"sqlite+aiosqlite:///files/t{n}.db", {"group": "tenants"}) for n in range(3)})
        history(project, "one")

        project.db("upgrade")

        assert [visits(project, f"t{n}") for n in range(3)] == [["one"]] * 3


class TestFailure:
    @pytest.fixture
    def failing(self, project: Project) -> Project:
        files(project, 4)
        history(project, "one")
        refuse_t2(project, "two", "one")
        return project

    def test_ends_the_run(self, failing: Project) -> None:
        result = failing.db("upgrade", exit_code=1)

        said = result.stderr.splitlines()
        assert said[2].startswith("t2: failed: upgrade one -> two failed on the database 't2':")
        assert "no room for t2" in said[2]
        assert said[3].startswith("4 databases: 2 migrated, 1 failed, 1 not begun; ")
        assert said[4] == ("Error: 1 of 4 databases failed; `ellar-db upgrade head --resume` goes on with what is left")
        assert [visits(failing, f"t{n}") for n in range(4)] == [["one"], ["one"], [], []]

    @terminal
    def test_for_the_same_reason_is_told_once_on_a_terminal(self, project: Project) -> None:
        files(project, 3)
        project.db("init")
        write_revision(folder(project), "one", None, 'raise RuntimeError("no room, " * 9)')
        with on_terminal(project, "upgrade", "--keep-going") as shown:
            code, _, said = shown.end()

        assert code == 1
        assert said.count("RuntimeError") == 1
        lines = [click.unstyle(line).rpartition("\r")[2].strip() for line in said.splitlines()]
        assert [line for line in lines if line.startswith("t")] == [
            "t0: failed: upgrade -> one failed on the database 't0': RuntimeError: no room,",
            "t1: failed as t0 did",
            "t2: failed as t0 did",
        ]
        # a log has all of it
        assert project.db("upgrade", "--keep-going", exit_code=1).stderr.count("RuntimeError") == 3

    def test_lets_the_others_go_on_if_asked(self, failing: Project) -> None:
        said = failing.db("upgrade", "--keep-going", exit_code=1).stderr

        assert "4 databases: 3 migrated, 1 failed; " in said
        assert visits(failing, "t3") == ["one"]

    def test_is_resumed(self, failing: Project) -> None:
        failing.db("upgrade", "--keep-going", exit_code=1)
        write_revision(folder(failing), "two", "one", "pass")

        said = failing.db("upgrade", "head", "--resume").stderr

        assert said.startswith("t2: base -> two (2 revisions, ")
        assert "1 database: 1 migrated; " in said
        assert failing.db("upgrade", "--resume", exit_code=1).stderr == (
            "Error: there is no run to go on with: the last one left nothing undone; leave out --resume\n"
        )

    @pytest.mark.parametrize("mistyped", ["haed", "thrid", "+9"])
    def test_is_resumed_after_a_target_was_mistyped(self, failing: Project, mistyped: str) -> None:
        failing.db("upgrade", "--keep-going", exit_code=1)

        said = failing.db("upgrade", mistyped, "--keep-going", exit_code=1).stderr

        assert said.endswith("Error: 4 of 4 databases failed\n")
        write_revision(folder(failing), "two", "one", "pass")
        assert "1 database: 1 migrated; " in failing.db("upgrade", "--resume").stderr

    def test_is_none_where_a_stamp_empties_the_version_table(self, project: Project) -> None:
        files(project, 2)
        history(project, "one")
        project.db("upgrade")

        said = project.db("stamp", "--purge", "base").stderr

        assert said.startswith("t0: base (0.")
        assert "2 databases: 2 migrated; " in said

    def test_of_the_canary_keeps_the_others_from_beginning(self, failing: Project) -> None:
        said = failing.db("upgrade", "--canary", "3", "--keep-going", exit_code=1).stderr

        assert "4 databases: 2 migrated, 1 failed, 1 not begun; " in said
        assert visits(failing, "t3") == []

    def test_is_a_line_of_json_whatever_a_password_is(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        files(project, 1)
        history(project, "one")
        monkeypatch.setattr(masking, "_known", {"null", "migrated", "state"})

        [document] = lines(project.db("upgrade", "--json").stdout)

        assert (document["database"], document["state"], document["error"]) == ("t0", "migrated", None)

    def test_is_a_line_of_json(self, failing: Project) -> None:
        documents = lines(failing.db("upgrade", "--json", "--keep-going", exit_code=1).stdout)

        schema = json.loads(Path(__file__).parents[2].joinpath("docs/reference/schemas/run.json").read_text())
        for document in documents:
            jsonschema.validate(document, schema)
        assert [(each["database"], each["state"], each["to"]) for each in documents] == [
            ("t0", "migrated", ["two"]),
            ("t1", "migrated", ["two"]),
            ("t2", "failed", None),
            ("t3", "migrated", ["two"]),
        ]
        assert "no room for t2" in documents[2]["error"]

    def test_is_told_once_with_quiet(self, failing: Project) -> None:
        said = failing.db("-q", "upgrade", exit_code=1).stderr

        assert said.startswith("Error: 1 of 4 databases failed: t2: upgrade one -> two failed")
        assert len(said.splitlines()) == 1

    def test_of_an_engine_leaves_the_others_alone(self, project: Project) -> None:
        files(project, 2)
        history(project, "one")
        extend(
            project,
            """
    from sqlalchemy import create_engine

    yield Database("own", create_engine("sqlite://", creator=lambda: {}["key"]), metadata, group="tenants")
    yield Database("odd", "nosuch://ann@server/shop", metadata, group="tenants")
""",
        )

        said = project.db("upgrade", "--keep-going", exit_code=1).stderr

        assert "own: failed: " in said
        assert "KeyError: 'key'" in said
        assert "odd: failed: SQLAlchemy knows no dialect 'nosuch'" in said
        assert "4 databases: 2 migrated, 2 failed; " in said

    @pytest.mark.parametrize("command", ["downgrade --yes", "upgrade +1", "stamp head", "ensure-version"])
    def test_of_two_names_for_one_comes_before_all_else(self, project: Project, command: str) -> None:
        files(project, 1)
        history(project, "one", "two", "three")
        project.db("upgrade", "two")
        urls = ("sqlite:///files/t0.db", "sqlite:///files/../files/t0.db")
        provide(project, {f"t{n}": (url, {"group": "tenants"}) for n, url in enumerate(urls)})

        said = project.db(*command.split(), exit_code=1).stderr

        assert said.startswith("Error: the databases 't0' and 't1' are one, sqlite:///files/")
        assert visits(project, "t0") == ["one", "two"]

    def test_of_a_lock_names_who_has_it(self, project: Project, held_elsewhere: Callable[[str], Program]) -> None:
        files(project, 3)
        history(project, "one")
        (project.path / "files" / "t1.db").touch()
        held_elsewhere(f"sqlite:///{(project.path / 'files' / 't1.db').as_posix()}")

        said = project.db("upgrade", "--keep-going", "--lock-timeout", "0", exit_code=1).stderr

        assert "t1: failed: the database 't1' is being migrated by process " in said
        assert "3 databases: 2 migrated, 1 failed; " in said

    def test_of_one_that_is_garbage_or_ahead_or_out_of_reach(self, project: Project) -> None:
        databases = {f"t{n}": (f"sqlite:///files/t{n}.db", {"group": "tenants"}) for n in range(3)}
        databases["t3"] = ("sqlite:///nowhere/t3.db", {"group": "tenants"})
        databases["t4"] = ("postgresql+psycopg://nobody@127.0.0.1:9/none", {"group": "tenants"})
        databases["t5"] = ("sqlite:///files", {"group": "tenants"})
        (project.path / "files").mkdir()
        provide(project, databases)
        history(project, "one")
        (project.path / "files" / "t0.db").write_bytes(b"garbage" * 1000)
        with closing(sqlite3.connect(project.path / "files" / "t1.db")) as connection:
            connection.executescript(
                "CREATE TABLE alembic_version (version_num); INSERT INTO alembic_version VALUES ('x')"
            )

        said = project.db("upgrade", "--keep-going", exit_code=1).stderr

        for name, told in {
            "t0": "not a database",
            "t1": "x",
            "t3": "sqlite:///nowhere/t3.db isn't there; `ellar-db create --database t3` makes it",
            "t4": "can't be reached",
            "t5": "files is a folder; correct the URL",
        }.items():
            assert any(line.startswith(f"{name}: failed: ") and told in line for line in said.splitlines()), said
        assert "6 databases: 1 migrated, 5 failed; " in said

    def test_of_one_with_bytes_for_a_revision_leaves_the_others_alone(self, project: Project) -> None:
        files(project, 2)
        history(project, "one")
        with closing(sqlite3.connect(project.path / "files" / "t0.db")) as connection:
            connection.execute("CREATE TABLE alembic_version AS SELECT x'ff' AS version_num")
            connection.commit()

        said = project.db("upgrade", "--keep-going", exit_code=1).stderr

        assert "has b'\\xff', which is no revision" in said
        assert visits(project, "t1") == ["one"]

    def test_is_mended_on_this_database_alone(self, project: Project) -> None:
        files(project, 4)
        history(project, "one")
        for number, statement in enumerate(
            (
                "CREATE TABLE table_one (id int)",
                "CREATE TABLE alembic_version AS SELECT 'gone' AS version_num",
                "CREATE TABLE alembic_version AS SELECT x'ff' AS version_num",
                "CREATE TABLE old_version AS SELECT 'one' AS version_num",
            )
        ):
            with closing(sqlite3.connect(project.path / "files" / f"t{number}.db")) as connection:
                connection.execute(statement)
                connection.commit()

        said = project.db("upgrade", "--keep-going", exit_code=1).stderr

        assert "`ellar-db stamp --database t0 head` records" in said
        assert "`ellar-db check --database t0` lists" in said
        assert "`ellar-db stamp --database t1 --purge REVISION`" in said
        assert "`ellar-db stamp --database t2 --purge REVISION`" in said
        assert "`ellar-db stamp --database t3 one`" in said


class TestResume:
    def test_undoes_nothing_twice(self, project: Project) -> None:
        names = files(project, 4)
        history(project, "one", "two")
        project.db("upgrade")
        down = folder(project) / "two_.py"
        whole = down.read_text()
        down.write_text(whole.replace("def downgrade():\n    ", f"def downgrade():\n    {FAILING}; "))

        project.db("downgrade", "--yes", exit_code=1)
        down.write_text(whole)
        project.db("downgrade", "--yes", "--resume")

        assert [visits(project, name) for name in names] == [["one", "two", "-two"]] * 4

    def test_counts_what_was_done_just_before_a_kill(self, project: Project) -> None:
        files(project, 2)
        history(project, "one", "two")
        project.db("upgrade")
        # killed after the second commit, before it was noted
        record = project.path / "migrations" / "__pycache__" / "ellar-db-run.jsonl"
        record.parent.mkdir(exist_ok=True)
        project.db("downgrade", "--yes")
        head = {
            "format": 1,
            "command": "ellar-db downgrade -1",
            "databases": [["t0", ["two"], ["one"]], ["t1", ["two"], ["one"]]],
        }
        record.write_text(json.dumps(head) + '\n{"done": "t0"}\n{"do')

        said = project.db("downgrade", "--yes", "--resume").stderr

        assert "1 database: 1 already there; " in said
        assert visits(project, "t1") == ["one", "two", "-two"]

    def test_refuses_a_database_that_went_elsewhere(self, project: Project) -> None:
        files(project, 2)
        history(project, "one", "two", "three")
        project.db("upgrade", "two")
        head = {"format": 1, "command": "ellar-db upgrade +1", "databases": [["t0", ["one"], ["three"]]]}
        record = project.path / "migrations" / "__pycache__" / "ellar-db-run.jsonl"
        record.parent.mkdir(exist_ok=True)
        record.write_text(json.dumps(head) + "\n")

        said = project.db("upgrade", "+1", "--resume", exit_code=1).stderr

        assert (
            "t0: failed: it is at two, which is neither where the run began (one) nor where it was to end (three)"
            in said
        )
        assert visits(project, "t0") == ["one", "two"]

    def test_brings_a_database_that_stopped_in_between_there_as_advised(self, project: Project) -> None:
        files(project, 1)
        history(project, "one", "two", "three")
        project.db("upgrade", "two")
        head = {"format": 1, "command": "ellar-db upgrade +2", "databases": [["t0", ["one"], ["three"]]]}
        record = project.path / "migrations" / "__pycache__" / "ellar-db-run.jsonl"
        record.parent.mkdir(exist_ok=True)
        record.write_text(json.dumps(head) + "\n")

        said = project.db("upgrade", "+2", "--resume", exit_code=1).stderr
        advised = re.search(r"`ellar-db (upgrade --database t0 three)` brings it there", said)
        assert advised, said
        project.db(*advised[1].split())

        assert visits(project, "t0") == ["one", "two", "three"]

    def test_takes_a_label_with_a_hyphen_for_what_it_is(self, project: Project) -> None:
        files(project, 2)
        history(project, "one", "two")
        first = folder(project) / "one_.py"
        first.write_text(first.read_text() + "\nbranch_labels = ('all-of-it',)\n")
        record = project.path / "migrations" / "__pycache__" / "ellar-db-run.jsonl"
        record.parent.mkdir(exist_ok=True)
        project.db("upgrade", "one")
        # elsewhere than where the last run began: that doesn't matter to a target which is the same everywhere
        head = {"format": 1, "command": "ellar-db upgrade all-of-it@head", "databases": [["t0", [], ["two"]]]}
        record.write_text(json.dumps(head) + "\n")

        project.db("upgrade", "all-of-it@head", "--resume")

        assert visits(project, "t0") == ["one", "two"]

    def test_is_for_the_same_command(self, project: Project) -> None:
        files(project, 3)
        history(project, "one")
        refuse_t2(project, "two", "one")
        project.db("upgrade", exit_code=1)

        said = project.db("upgrade", "one", "--resume", exit_code=1).stderr

        assert said == (
            "Error: the last run was `ellar-db upgrade head`; go on with it by `ellar-db upgrade head --resume`\n"
        )

    @pytest.mark.parametrize("content", ["", "{}", "[1]", '{"format": 2}', "\0", '{"format": 1, "databases": [[1]]}'])
    def test_refuses_a_damaged_record(self, project: Project, content: str) -> None:
        files(project, 1)
        history(project, "one")
        record = project.path / "migrations" / "__pycache__" / "ellar-db-run.jsonl"
        record.parent.mkdir(exist_ok=True)
        record.write_text(content)

        said = project.db("upgrade", "--resume", exit_code=1).stderr

        assert "is damaged; run the command without --resume" in said
        project.db("upgrade")

    def test_keeps_what_is_left_for_another_time(self, project: Project) -> None:
        files(project, 4)
        history(project, "one")
        write_revision(folder(project), "two", "one", "assert 't0' in str(op.get_bind().engine.url)")
        project.db("upgrade", "--keep-going", exit_code=1)
        write_revision(folder(project), "two", "one", "pass")

        said = project.db("upgrade", "--resume", "--database", "t0", exit_code=1).stderr
        assert said == "Error: the last run left undone t1, t2, t3, and --database t0 chooses none of them\n"
        assert "1 database: 1 migrated; " in project.db("upgrade", "--resume", "--database", "t1").stderr
        assert "2 databases: 2 migrated; " in project.db("upgrade", "--resume").stderr
        project.db("upgrade", "--resume", exit_code=1)

    def test_is_advised_with_what_was_chosen(self, project: Project) -> None:
        provide(project, {f"t{n}": (f"sqlite:///files/t{n}.db", {"group": f"group{n % 2}"}) for n in range(4)})
        (project.path / "files").mkdir()
        history(project, "one")
        refuse_t2(project, "two", "one")

        said = project.db("upgrade", "--group", "group0", "--database", "t[02]", exit_code=1).stderr

        assert "`ellar-db upgrade head --group group0 --database 't[02]' --resume` goes on" in said

    def test_forgets_a_database_that_is_no_more(self, project: Project) -> None:
        files(project, 3)
        history(project, "one")
        refuse_t2(project, "two", "one")
        project.db("upgrade", exit_code=1)
        record = project.path / "migrations" / "__pycache__" / "ellar-db-run.jsonl"
        content = record.read_text()
        files(project, 2)
        record.parent.mkdir(exist_ok=True)
        record.write_text(content)

        project.db("upgrade", "--resume")
        project.db("upgrade", "--resume", exit_code=1)

    @pytest.mark.parametrize("target", ["head", "+1"])
    def test_makes_what_was_not_there(self, project: Project, target: str) -> None:
        files(project, 2)
        history(project, "one")
        (project.path / "files").rmdir()

        said = project.db("upgrade", target, exit_code=1).stderr
        assert f"`ellar-db upgrade {target} --resume` goes on with what is left" in said
        said = project.db("upgrade", target, "--resume", "--provision").stderr

        assert "2 databases: 2 migrated; " in said
        assert visits(project, "t1") == ["one"]

    def test_tells_what_it_cannot_know(self, project: Project) -> None:
        files(project, 2)
        history(project, "one", "two")
        project.db("upgrade", "one")
        file = project.path / "files" / "t0.db"
        whole = file.read_bytes()
        file.write_text("garbage " * 1000)

        project.db("upgrade", "+1", "--keep-going", exit_code=1)
        file.write_bytes(whole)
        said = project.db("upgrade", "+1", "--resume", exit_code=1).stderr

        assert "t0: failed: it couldn't be reached when the last run began" in said
        assert "it is at one: name a revision" in said
        assert visits(project, "t0") == ["one"]
        assert visits(project, "t1") == ["one", "two"]

    @pytest.mark.parametrize("line", [b'{"format"', b'{"done"'])
    def test_does_not_need_a_record(self, project: Project, monkeypatch: pytest.MonkeyPatch, line: bytes) -> None:
        files(project, 4)
        history(project, "one")
        refuse_t2(project, "two", "one")
        really = os.write

        def write(handle: int, text: bytes) -> int:
            if text.startswith(line):
                really(handle, text[:5])
                raise OSError(errno.ENOSPC, "the disk is full")
            return really(handle, text)

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", write)
            said = project.db("upgrade", "--keep-going", exit_code=1).stderr

        assert "4 databases: 3 migrated, 1 failed; " in said
        # what is known of the run is enough to go on with, or there is no record
        assert ("--resume" in said) == (line == b'{"done"')
        write_revision(folder(project), "two", "one", "pass")
        again = project.db("upgrade", "--resume", exit_code=None)
        assert again.exit_code == ("--resume" not in said)
        assert "there is no run to go on with" in again.stderr or "1 migrated" in again.stderr


class TestChoice:
    @pytest.fixture
    def chosen(self, project: Project) -> Project:
        (project.path / "files").mkdir()
        provide(
            project,
            {
                name: (f"sqlite:///files/{name}.db", {"group": group})
                for name, group in {"acme": "shops", "acme2": "shops", "bolt": "shops", "lab": "labs"}.items()
            },
        )
        history(project, "one")
        return project

    @pytest.mark.parametrize(
        ("options", "done"),
        [
            (["--database", "acme"], {"acme"}),
            (["--database", "acme*"], {"acme", "acme2"}),
            (["--database", "bolt", "--database", "acme?"], {"bolt", "acme2"}),
            (["--group", "shops"], {"acme", "acme2", "bolt"}),
            (["--group", "l*"], {"lab"}),
            (["--group", "shops", "--database", "a*"], {"acme", "acme2"}),
        ],
    )
    def test_is_by_name_pattern_and_group(self, chosen: Project, options: list[str], done: set[str]) -> None:
        chosen.db("upgrade", *options)

        assert {file.stem for file in (chosen.path / "files").glob("*.db")} == done
        assert chosen.db("current", *options).stdout.count("one (head)") == len(done)

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            (
                ["--database", "acne"],
                "no database is called acne; there is: acme, acme2, bolt, lab; did you mean acme?",
            ),
            (["--group", "shop"], "no group is called shop; there is: labs, shops; did you mean shops?"),
            (["--database", "x*"], "no database is called x*; there is: acme, acme2, bolt, lab"),
            (
                ["--group", "labs", "--database", "acme"],
                "no database is chosen by --database acme --group labs; there is: acme, acme2, bolt, lab",
            ),
        ],
    )
    @pytest.mark.parametrize("name", ["upgrade", "current", "check"])
    def test_of_nothing_is_refused(self, chosen: Project, name: str, options: list[str], told: str) -> None:
        assert chosen.db(name, *options, exit_code=1).stderr == f"Error: {told}\n"

    def test_is_asked_for_where_there_are_several_groups(self, chosen: Project) -> None:
        assert chosen.db("upgrade", exit_code=1).stderr == (
            "Error: the databases are of the groups labs, shops, and the folder doesn't say which it is for: name one "
            "with --group, or in env.py with run(group=...)\n"
        )

    def test_is_the_folders(self, chosen: Project) -> None:
        env = chosen.path / "migrations" / "env.py"
        env.write_text(env.read_text().replace("run()", 'run(group="labs")'))

        assert "1 database: 1 migrated; " in chosen.db("upgrade").stderr
        assert chosen.db("upgrade", "--database", "acme", exit_code=1).stderr == (
            "Error: the folder is for databases of the group 'labs', and none of acme is in it\n"
        )

    @pytest.mark.parametrize("number", [1, 2, 5])
    def test_of_shards_is_each_database_once(self, project: Project, number: int) -> None:
        files(project, 30)
        history(project, "one")
        done = []
        for each in range(number):
            found = lines(project.db("upgrade", "--json", "--shard", f"{each}/{number}").stdout)
            done += [document["database"] for document in found]

        assert sorted(done) == sorted(f"t{n}" for n in range(30))
        assert "30 already there" in project.db("upgrade").stderr

    @pytest.mark.parametrize("shard", ["4/4", "1", "a/b", "-1/4", "0/0", "1/4/2", "٠/١"])
    def test_of_a_shard_that_is_none_is_refused(self, project: Project, shard: str) -> None:
        files(project, 1)

        assert "isn't I/N, with I from 0 to N-1" in project.db("upgrade", "--shard", shard, exit_code=2).stderr


class TestReference:
    def test_stands_for_all(self, project: Project) -> None:
        files(project, 3)
        project.db("init")

        said = project.db("migrate", "-m", "first").stderr

        assert "Comparing 't0', which stands for the 3 databases of its group" in said
        assert len(project.revisions()) == 1
        assert "def upgrade() -> None:" in project.revisions()[0].read_text()
        project.db("upgrade")
        project.db("check")

    def test_is_named_by_the_settings(self, project: Project) -> None:
        files(project, 3, 'reference = "t1"\n')
        project.db("init")

        assert "Comparing 't1', which" in project.db("migrate", "-m", "first").stderr

    def test_is_the_one_that_is_chosen(self, project: Project) -> None:
        files(project, 3)
        project.db("init")
        project.db("migrate", "-m", "first")
        project.db("upgrade", "--database", "t2")

        assert "Comparing" not in project.db("check", "--database", "t2").stderr
        assert "not up to date" in project.db("check", "--database", "t1", exit_code=1).stderr

    def test_need_not_be_chosen(self, project: Project) -> None:
        files(project, 3, 'reference = "t0"\n')
        project.db("init")
        project.db("migrate", "-m", "first")
        project.db("upgrade")

        assert "Comparing 't1', which" in project.db("check", "--database", "t[12]").stderr

    def test_that_is_unknown_is_refused(self, project: Project) -> None:
        files(project, 2, 'reference = "t9"\n')
        project.db("init")

        assert project.db("check", exit_code=1).stderr == (
            "Error: [tool.ellar-db] reference is 't9', and there is no such database in the group; there is: t0, t1\n"
        )

    def test_alone_is_replayed(self, project: Project) -> None:
        files(project, 3)
        project.db("init")
        project.db("migrate", "--scratch", "-m", "first")

        assert "Replaying the revisions on a scratch database" in project.db("migrate", "--scratch").stderr
        assert not list((project.path / "files").iterdir())

    def test_alone_is_tested(self, project: Project, tmp_path: Path) -> None:
        files(project, 3)
        history(project, "one")

        (tmp_path / "scratch").mkdir()
        with opened(None, {}, tmp_path / "scratch", lambda _: None) as migrations:
            migrations.upgrade()
            assert list(migrations.databases) == ["t0"]
        assert not list((project.path / "files").iterdir())


class TestElsewhere:
    OPTIONS = ("--jobs 2", "--keep-going", "--canary 1", "--shard 0/2", "--resume", "--json")

    @pytest.mark.parametrize("options", OPTIONS)
    def test_the_options_of_a_group_are_refused(self, linear: Project, options: str) -> None:
        said = linear.db("upgrade", *options.split(), exit_code=1).stderr

        assert said == (
            f"Error: {options} is for databases of a group, each of which is migrated by itself, and those of this "
            "folder are migrated together; leave it out, or give databases with the same tables a group\n"
        )
        assert linear.db("current").stdout == ""

    @pytest.mark.parametrize("options", OPTIONS)
    def test_they_are_refused_where_only_sql_is_written(self, project: Project, options: str) -> None:
        files(project, 2)
        history(project, "one")

        result = project.db("upgrade", "--sql", *options.split(), exit_code=1)

        assert result.stderr == (
            f"Error: {options} is for a run, and --sql only writes what it would do; leave it out\n"
        )
        assert result.stdout == ""

    @pytest.mark.parametrize("options", ["--keep-going", "--database default", "--group x"])
    def test_they_are_refused_by_an_env_py_that_chooses_itself(self, linear: Project, options: str) -> None:
        linear.write(
            "migrations/env.py",
            """
            from alembic import context
            from sqlalchemy import create_engine

            with create_engine("sqlite:///app.db").connect() as connection:
                context.configure(connection=connection)
                with context.begin_transaction():
                    context.run_migrations()
            """,
        )
        if "group" in options:
            linear.write("pyproject.toml", "[tool.ellar-db.databases.default]\nurl = 'sqlite:///a.db'\ngroup = 'x'\n")
            linear.forget()

        said = linear.db("upgrade", *options.split(), exit_code=1).stderr

        assert said == (
            f"Error: this env.py chooses its databases itself, and so {options} means nothing to it; leave it out, or "
            "let env.py call ellar_db.env.run()\n"
        )
        assert "first" not in linear.tables()

    def test_one_of_several_databases_is_chosen_for_a_folder_for_one(self, project: Project) -> None:
        project.write(
            "pyproject.toml",
            "[tool.ellar-db.databases]\ndefault = 'sqlite:///app.db'\nother = 'sqlite:///other.db'\n",
        )
        history(project, "one")

        project.db("upgrade", "--database", "other")

        assert "table_one" in project.tables("sqlite:///other.db")
        assert not (project.path / "app.db").exists()

    def test_some_of_several_are_chosen_for_a_folder_for_several(self, project: Project) -> None:
        project.write(
            "pyproject.toml",
            "[tool.ellar-db.databases]\ndefault = 'sqlite:///app.db'\nreports = 'sqlite:///reports.db'\n",
        )
        project.db("init", "--multi")
        project.db("revision", "--rev-id", "both")

        project.db("upgrade", "--database", "reports")

        assert project.db("current").stdout == "default:\nreports:\nboth (head)\n"


class TestBesideOthers:
    """A project with a folder for databases that differ, and another one for a group."""

    @pytest.fixture
    def both(self, project: Project) -> Project:
        provide(
            project,
            {
                "default": ("sqlite:///app.db", {}),
                "reports": ("sqlite:///reports.db", {}),
                "t0": ("sqlite:///t0.db", {"group": "tenants"}),
                "t1": ("sqlite:///t1.db", {"group": "tenants"}),
            },
        )
        project.db("init", "--multi")
        project.db("-d", "tenants_folder", "init", "--group", "tenants")
        return project

    def test_a_folder_for_several_leaves_out_the_group(self, both: Project) -> None:
        both.db("migrate", "--rev-id", "one")

        said = both.db("upgrade").stderr

        [file] = both.revisions()
        assert "def upgrade_reports" in file.read_text()
        assert "def upgrade_t0" not in file.read_text()
        assert "applied to 2 databases" in said
        assert both.db("current").stdout == "default:\none (head)\nreports:\none (head)\n"
        assert not (both.path / "t0.db").exists()

    def test_a_folder_for_several_is_for_groups_that_are_alone(self, project: Project) -> None:
        files(project, 2)
        project.db("init", "--multi")
        project.db("migrate", "--rev-id", "one")

        project.db("upgrade")

        assert project.db("current").stdout == "t0:\none (head)\nt1:\none (head)\n"

    @pytest.mark.parametrize("arguments", [["lint"], ["verify"], ["check", "--drift"], ["check", "--history"]])
    def test_commands_ask_only_the_databases_of_the_folder(self, both: Project, arguments: list[str]) -> None:
        both.db("migrate", "--rev-id", "one")
        both.db("upgrade")
        both.db("-d", "tenants_folder", "migrate", "--rev-id", "other")
        both.db("-d", "tenants_folder", "upgrade")

        of_several = both.db(*arguments).output
        of_group = both.db("-d", "tenants_folder", *arguments).output

        assert "t0" not in of_several
        assert "doesn't have" not in of_several + of_group
        assert of_group.startswith("Comparing 't0', which stands for the 2 databases of its group")
        assert "reports" not in of_group


class TestDatabase:
    def test_is_made_of_a_url_when_it_is_used(self) -> None:
        database = Database("far", "postgresql+nodriver://me:pa55word@far/db", group="tenants")

        assert database.url == "postgresql+nodriver://me:***@far/db"
        assert database.address.host == "far"
        assert "engine" not in vars(database)
        with pytest.raises(Exception, match="SQLAlchemy knows no dialect"):
            _ = database.engine

    def test_shares_the_engine_of_its_url(self, tmp_path: Path) -> None:
        url = f"sqlite:///{tmp_path}/a.db"

        assert Database("a", url).engine is Database("b", url).engine
        assert isinstance(Database("a", url).engine, Engine)

    @pytest.mark.parametrize(
        ("options", "told"), [({"group": "a b"}, "a group can't be named"), ({"schema": "x" * 65}, "schema")]
    )
    def test_refuses_odd_names(self, options: dict[str, str], told: str) -> None:
        with pytest.raises(Exception, match=told):
            Database("a", "sqlite://", **options)

    def test_of_sqlite_has_no_schema(self, project: Project) -> None:
        provide(project, {"t0": ("sqlite:///t0.db", {"schema": "x"})})
        project.db("init")

        assert project.db("current", exit_code=1).stderr == (
            "Error: the database 't0' has the schema 'x', and databases of the kind sqlite have no schemas; leave it "
            "out, or give the database a URL of its own\n"
        )

    def test_comes_from_the_settings_with_its_group(self, project: Project) -> None:
        project.write(
            "pyproject.toml",
            "[tool.ellar-db.databases]\n"
            "a = {url = 'sqlite:///a.db', group = 'g'}\nb = {url = 'sqlite:///b.db', group = 'g'}\n",
        )
        history(project, "one")

        assert "2 databases: 2 migrated; " in project.db("upgrade").stderr

    def test_in_the_settings_has_a_group_that_is_text(self, project: Project) -> None:
        project.write("pyproject.toml", "[tool.ellar-db.databases]\na = {url = 'sqlite:///a.db', group = 3}\n")
        project.db("init")

        assert project.db("current", exit_code=1).stderr == (
            "Error: the group of the database 'a' must be a text, not 3\n"
        )


class TestPackages:
    """Migrations of a package run on databases of a group as the application's do."""

    @pytest.fixture
    def audited(self, project: Project) -> Project:
        files(project, 3)
        history(project, "one")
        versions = project.path / "audit_versions"
        versions.mkdir()
        write_revision(versions, "logged", None, "op.create_table('log', sa.Column('id', sa.Integer))")
        extend(
            project,
            """

from pathlib import Path
from ellar_db import PackageMigrations

@hookimpl
def ellar_db_migrations():
    yield PackageMigrations("audit", Path(__file__).parent / "audit_versions", databases=["t[01]", "t2"])
""",
        )
        return project

    def test_come_first(self, audited: Project) -> None:
        said = audited.db("upgrade").stderr

        assert said.startswith("Package audit")
        assert said.count("3 databases: 3 migrated; ") == 2
        assert audited.tables("sqlite:///files/t1.db") >= {"log", "table_one", "alembic_version_audit"}
        assert "3 already there; " in audited.db("upgrade").stderr

    def test_that_failed_are_resumed_before_the_application(self, audited: Project) -> None:
        versions = audited.path / "audit_versions"
        refuse_t2(audited, "kept", "logged", versions)
        said = audited.db("upgrade", exit_code=1).stderr
        assert "`ellar-db upgrade head --resume` goes on with what is left" in said
        write_revision(versions, "kept", "logged", "pass")

        said = audited.db("upgrade", "head", "--resume").stderr

        assert said.count("migrated; ") == 2
        assert "1 database: 1 migrated; " in said
        assert "3 databases: 3 migrated; " in said
        assert "there is no run to go on with" in audited.db("upgrade", "--resume", exit_code=1).stderr

    def test_that_failed_are_resumed_alone_where_they_were_alone(self, audited: Project) -> None:
        versions = audited.path / "audit_versions"
        refuse_t2(audited, "kept", "logged", versions)
        said = audited.db("upgrade", "--package", "audit", exit_code=1).stderr
        assert "`ellar-db upgrade --package audit head --resume` goes on with what is left" in said
        # packages have one env.py for all projects, each of which has its own runs
        assert (audited.path / "migrations" / "__pycache__" / "ellar-db-run-audit.jsonl").exists()
        write_revision(versions, "kept", "logged", "pass")

        audited.db("upgrade", "--package", "audit", "head", "--resume")

        assert "table_one" not in audited.tables("sqlite:///files/t1.db")
        assert "there is no run to go on with" in (
            audited.db("upgrade", "--package", "audit", "--resume", exit_code=1).stderr
        )

    def test_are_recorded_beside_pyproject_where_the_application_has_no_migrations(self, audited: Project) -> None:
        (audited.path / "migrations" / "env.py").unlink()
        versions = audited.path / "audit_versions"
        refuse_t2(audited, "kept", "logged", versions)

        said = audited.db("upgrade", "--package", "audit", exit_code=1).stderr

        assert "`ellar-db upgrade --package audit head --resume` goes on with what is left" in said
        assert (audited.path / "__pycache__" / "ellar-db-run-audit.jsonl").exists()
        write_revision(versions, "kept", "logged", "pass")
        assert "1 migrated; " in audited.db("upgrade", "--package", "audit", "head", "--resume").stderr

    def test_are_left_out_where_none_of_their_databases_is_chosen(self, audited: Project) -> None:
        audited.write("audit.toml", "")
        file = audited.path / "tenants.py"
        file.write_text(file.read_text().replace('["t[01]", "t2"]', '["t0"]'))
        audited.forget("tenants")

        audited.db("upgrade", "--database", "t1")

        assert "log" not in audited.tables("sqlite:///files/t1.db")
        assert audited.db("upgrade", "--package", "audit", "--database", "t1", exit_code=1).stderr == (
            "Error: the package runs on none of the databases that --database t1 chooses\n"
        )

    def test_name_a_database_that_is_there(self, audited: Project) -> None:
        file = audited.path / "tenants.py"
        file.write_text(file.read_text().replace('["t[01]", "t2"]', '["x*"]'))
        audited.forget("tenants")

        assert "runs on the database 'x*', which isn't configured; there is: t0, t1, t2" in (
            audited.db("upgrade", exit_code=1).stderr
        )

    @pytest.mark.long
    def test_run_in_other_processes(self, audited: Project) -> None:
        program(audited, "upgrade", "-j", "2")

        assert audited.tables("sqlite:///files/t2.db") >= {"log", "table_one"}
