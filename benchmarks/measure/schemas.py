"""What a server says of a database's schema, as lines that can be compared.

Nothing goes through SQLAlchemy's reflection: SQLite gives the text of its statements (sqlite_master), PostgreSQL what
its catalogs and `pg_get_*def` functions print, MariaDB its SHOW CREATE statements. These are the only differences that
aren't seen:

- the order of columns, and of the lines of a table;
- the version table and the journal;
- SQLite: white space, quotes around a name, the order of a column's clauses, parentheses around a whole default (PRAGMA
  table_info doesn't have them either), and whether a constraint of a single column is written in the column or in the
  table (SQLite makes no difference);
- MariaDB: the next value of AUTO_INCREMENT, and a definer; `USING BTREE`, which is what an index without it is too; and
  PAGE_CHECKSUM of a table whose engine isn't Aria, which alone knows it;
- a name that the models don't give: where what is expected has none, any name will do. On SQLite such a constraint has
  none, and gets one by a convention when a batch operation adds it, since a downgrade couldn't drop it otherwise. On
  MariaDB the server makes up `things_ibfk_1` and `CONSTRAINT_1`, numbered in the order of the statements, and the name
  of an index that it makes for a foreign key: that of the key, or of its first column. A name that the models give
  counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection

LEFT_OUT = ("alembic_version", "ellar_db_journal")

Lines = Sequence[str]


def read(connection: Connection, schemas: Sequence[str] = ()) -> Lines:
    """Return the lines of a database.

    Args:
        connection: The database.
        schemas: On MariaDB, other databases that belong to it.
    """
    return sorted(READERS[connection.dialect.name](connection, schemas))


def apart(expected: Iterable[str], found: Iterable[str]) -> str:
    """Return the differences of two schemas, the first ones only; an empty string if there is none.

    Example:
        >>> apart(["table a"], ["table b"])
        'missing: table a; unexpected: table b'
        >>> apart(["table a: CHECK(x)"], ["table a: CONSTRAINT ck CHECK(x)"])
        ''
        >>> apart(["table a: CONSTRAINT ck CHECK(x)"], ["table a: CHECK(x)"])
        'missing: table a: CONSTRAINT ck CHECK(x); unexpected: table a: CHECK(x)'
    """
    wanted, there = Counter(expected), Counter(found)
    more = sorted((there - wanted).elements())
    missing = []
    nameless = without_names(wanted)
    for line in sorted((wanted - there).elements()):
        same = [other for other in more if line in nameless and named(other)[1] == nameless[line]]
        if same:
            more.remove(same[0])
        else:
            missing.append(line)
    said = [f"missing: {line}" for line in missing[:3]] + [f"unexpected: {line}" for line in more[:3]]
    left = len(missing[3:]) + len(more[3:])
    return "; ".join(said) + (f"; and {left} more" if left else "")


# Names that the models don't give

NAMED = (
    re.compile(
        r"(?P<table>table .+?: )CONSTRAINT (?P<name>.+?) (?P<rest>(?:PRIMARY KEY|FOREIGN KEY|UNIQUE|CHECK) ?\(.*)"
    ),
    re.compile(r"(?P<table>table .+?: )KEY `(?P<name>.+?)` (?P<rest>\(.*)"),
)
"""Constraints of SQLite and MariaDB, and indexes of MariaDB, with their names."""

MADE_UP = re.compile(r"`.+_ibfk_\d+`|`CONSTRAINT_\d+`")
"""Names that MariaDB gives to constraints."""


def named(line: str) -> tuple[str, str]:
    """Return the name of a constraint or an index, and its line without it; no name if there is none.

    Example:
        >>> named("table a: CONSTRAINT ck CHECK(x)")
        ('ck', 'table a: CHECK(x)')
    """
    for pattern in NAMED:
        match = pattern.fullmatch(line)
        if match:
            return match["name"], f"{match['table']}{match['rest']}"
    return "", line


def without_names(lines: Iterable[str]) -> dict[str, str]:
    """Return the lines of constraints and indexes that have no name, or one that the server made up, without it.

    Example:
        >>> key = "table a: CONSTRAINT `a_ibfk_1` FOREIGN KEY (`x`) REFERENCES `b` (`id`)"
        >>> index = "table a: KEY `x` (`x`)"
        >>> sorted(without_names([key, index, "table a: KEY `y` (`y`)"]).values())
        ['table a: (`x`)', 'table a: FOREIGN KEY (`x`) REFERENCES `b` (`id`)']
    """
    split = {line: named(line) for line in lines}
    found = {}
    # what the server calls the index that it makes for a key
    own = set()
    for line, (name, rest) in split.items():
        if not name or MADE_UP.fullmatch(name):
            found[line] = rest
        table, key, columns = rest.partition("FOREIGN KEY ")
        if key and "`" in rest:
            columns = columns.partition(" REFERENCES")[0].replace(", ", ",")
            first = columns.split("`")[1]
            own.add((first if MADE_UP.fullmatch(name) else name.strip("`"), f"{table}{columns}"))
    return found | {line: rest for line, (name, rest) in split.items() if (name, rest) in own}


# SQLite

TOKEN = re.compile(
    r"""\s+|--[^\n]*|/\*.*?\*/|(?P<text>'(?:[^']|'')*')|(?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])"""
    r"|(?P<word>[^\W\d][\w$]*)|(?P<number>\d[\w.]*)|(?P<sign>\|\||<>|[<>!=]=|->>?|.)",
    re.DOTALL,
)
TABLE_ITEMS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN")
CLAUSES = (
    "CONSTRAINT",
    "PRIMARY",
    "UNIQUE",
    "CHECK",
    "REFERENCES",
    "NOT",
    "NULL",
    "DEFAULT",
    "COLLATE",
    "GENERATED",
    "AS",
)


def sqlite(connection: Connection, _: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a SQLite database."""
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
    for kind, name, table, sql in connection.exec_driver_sql(query).all():
        if table in LEFT_OUT:
            continue
        if kind == "table" and "VIRTUAL" not in sql.upper().split("(")[0]:
            yield from sqlite_table(name, sql)
        else:
            yield f"{kind} {' '.join(tokens(sql))}"


def tokens(sql: str) -> list[str]:
    """Return the tokens of a statement, names without their quotes.

    Example:
        >>> tokens('CREATE TABLE "t" (x)')
        ['CREATE', 'TABLE', 't', '(', 'x', ')']
    """
    found = []
    for match in TOKEN.finditer(sql):
        if match["name"]:
            quote = match["name"][-1]
            found.append(match["name"][1:-1].replace(quote * 2, quote))
        elif match.lastgroup:
            found.append(match[0])
    return found


def sqlite_table(name: str, sql: str) -> Iterator[str]:
    """Yield the lines of one table."""
    parts = tokens(sql)
    start = parts.index("(")
    items, rest = split_items(parts[start + 1 :])
    yield f"table {name} {' '.join(rest)}".rstrip()
    for item in items:
        if item[0].upper() in TABLE_ITEMS and len(item) > 1 and item[1] != ",":
            yield f"table {name}: {spaced(item)}"
        else:
            yield from sqlite_column(name, item)


def split_items(parts: Sequence[str]) -> tuple[list[list[str]], list[str]]:
    """Split what follows the opening parenthesis of a table at its commas; return the rest apart."""
    items: list[list[str]] = [[]]
    depth = 0
    for number, part in enumerate(parts):
        if part == ")" and depth == 0:
            return items, list(parts[number + 1 :])
        depth += (part == "(") - (part == ")")
        if part == "," and depth == 0:
            items.append([])
        else:
            items[-1].append(part)
    return items, []


def sqlite_column(table: str, item: Sequence[str]) -> Iterator[str]:
    """Yield the lines of one column: itself, and its constraints as if the table had them."""
    name, rest = item[0], item[1:]
    clauses: list[list[str]] = [[]]
    depth = 0
    inner = False
    for number, part in enumerate(rest):
        word = part.upper()
        starts = depth == 0 and word in CLAUSES and not inner
        # NOT NULL is one clause; SET NULL and NOT DEFERRABLE are parts of a reference
        previous = rest[number - 1].upper() if number else ""
        if starts and not (word == "NULL" and previous in ("NOT", "SET", "DEFAULT")):
            following = rest[number + 1].upper() if number + 1 < len(rest) else ""
            if not (word == "NOT" and following == "DEFERRABLE") and not (word == "DEFAULT" and previous == "SET"):
                if not (word == "AS" and previous == "ALWAYS"):
                    clauses.append([])
        depth += (part == "(") - (part == ")")
        # the name after CONSTRAINT is no clause, and what follows it belongs to it
        inner = depth == 0 and (word == "CONSTRAINT" or previous == "CONSTRAINT")
        clauses[-1].append(part)
    own = []
    for clause in clauses[1:]:
        named = clause[:2] if clause[0].upper() == "CONSTRAINT" else []
        body = clause[len(named) :]
        word = body[0].upper() if body else ""
        if word == "REFERENCES":
            yield f"table {table}: {spaced([*named, 'FOREIGN', 'KEY', '(', name, ')', *body])}"
        elif word == "UNIQUE":
            yield f"table {table}: {spaced([*named, 'UNIQUE', '(', name, ')', *body[1:]])}"
        elif word == "CHECK":
            yield f"table {table}: {spaced(clause)}"
        elif word == "PRIMARY" and "AUTOINCREMENT" not in [part.upper() for part in body]:
            yield f"table {table}: {spaced([*named, 'PRIMARY', 'KEY', '(', name, ')', *body[2:]])}"
        elif word == "DEFAULT":
            own.append(spaced([*named, "DEFAULT", *bare(body[1:])]))
        else:
            own.append(spaced(clause))
    yield f"table {table}: column {' '.join([name, spaced(clauses[0]), *sorted(own)])}".rstrip()


def bare(parts: Sequence[str]) -> Sequence[str]:
    """Return an expression without the parentheses around it.

    Example:
        >>> bare(["(", "1", ")"])
        ['1']
    """
    return parts[1:-1] if len(parts) > 2 and split_items(parts[1:])[1] == [] and parts[0] == "(" else parts


def spaced(parts: Sequence[str]) -> str:
    """Join tokens as SQL is usually written."""
    return re.sub(r" ?([(,)]) ?", lambda match: ", " if match[1] == "," else match[1], " ".join(parts)).strip()


# PostgreSQL

SYSTEM = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
NOT_OF_EXTENSION = "NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = {oid} AND e.deptype = 'e')"
NAME = "quote_ident(n.nspname) || '.' || quote_ident({name})"
POSTGRESQL = (
    f"SELECT 'schema ' || n.nspname || coalesce(' comment ' || obj_description(n.oid, 'pg_namespace'), '')"
    f" FROM pg_namespace n WHERE {SYSTEM}",
    "SELECT 'extension ' || extname FROM pg_extension WHERE extname <> 'plpgsql'",
    # relations
    f"SELECT c.relname, CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'"
    f" WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' END || ' ' || {NAME.format(name='c.relname')}"
    " || CASE c.relpersistence WHEN 'u' THEN ' unlogged' ELSE '' END"
    " || coalesce(' options ' || array_to_string(c.reloptions, ','), '')"
    " || coalesce(' partition by ' || pg_get_partkeydef(c.oid), '')"
    " || coalesce(' of ' || pg_get_expr(c.relpartbound, c.oid), '')"
    " || coalesce(' inherits ' || (SELECT string_agg(inhparent::regclass::text, ',') FROM pg_inherits"
    " WHERE inhrelid = c.oid), '')"
    " || CASE WHEN c.relkind IN ('v', 'm') THEN ' as ' || pg_get_viewdef(c.oid) ELSE '' END"
    " || coalesce(' comment ' || obj_description(c.oid, 'pg_class'), '')"
    " || CASE WHEN c.relrowsecurity THEN ' row security' ELSE '' END"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    f" WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {SYSTEM} AND {NOT_OF_EXTENSION.format(oid='c.oid')}",
    # columns
    f"SELECT c.relname, 'table ' || {NAME.format(name='c.relname')} || ': column ' || a.attname || ' '"
    " || format_type(a.atttypid, a.atttypmod)"
    " || CASE WHEN a.attcollation <> t.typcollation THEN ' collate ' || (SELECT quote_ident(collname)"
    " FROM pg_collation o WHERE o.oid = a.attcollation) ELSE '' END"
    " || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END"
    " || CASE a.attidentity WHEN 'a' THEN ' identity always' WHEN 'd' THEN ' identity by default' ELSE '' END"
    " || CASE a.attgenerated WHEN 's' THEN ' generated ' ELSE '' END"
    " || CASE WHEN a.attgenerated = '' AND d.adbin IS NOT NULL THEN ' default ' ELSE '' END"
    " || coalesce(pg_get_expr(d.adbin, d.adrelid), '')"
    " || CASE WHEN a.attstorage <> t.typstorage THEN ' storage ' || a.attstorage::text ELSE '' END"
    " || CASE WHEN a.attcompression::text <> '' THEN ' compression ' || a.attcompression::text ELSE '' END"
    " || coalesce(' comment ' || col_description(c.oid, a.attnum), '')"
    " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
    " WHERE c.relkind IN ('r', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped"
    f" AND {SYSTEM} AND {NOT_OF_EXTENSION.format(oid='c.oid')}",
    # constraints, and indexes of which none is a constraint's
    f"SELECT c.relname, 'table ' || {NAME.format(name='c.relname')} || ': constraint ' || quote_ident(o.conname) || ' '"
    " || pg_get_constraintdef(o.oid) || coalesce(' comment ' || obj_description(o.oid, 'pg_constraint'), '')"
    " FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    f" WHERE {SYSTEM}",
    f"SELECT c.relname, 'table ' || {NAME.format(name='c.relname')} || ': ' || pg_get_indexdef(i.indexrelid)"
    " || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END"
    " || coalesce(' comment ' || obj_description(i.indexrelid, 'pg_class'), '')"
    " FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    f" WHERE {SYSTEM} AND c.relkind IN ('r', 'p', 'm')"
    " AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conindid = i.indexrelid AND o.contype IN ('p', 'u', 'x'))",
    # sequences, those of identity columns too
    f"SELECT 'sequence ' || {NAME.format(name='c.relname')} || ' ' || format_type(s.seqtypid, NULL)"
    " || ' start ' || s.seqstart || ' increment ' || s.seqincrement || ' from ' || s.seqmin || ' to ' || s.seqmax"
    " || ' cache ' || s.seqcache || CASE WHEN s.seqcycle THEN ' cycle' ELSE '' END"
    " || coalesce((SELECT ' owned by ' || d.refobjid::regclass || '.' || a.attname FROM pg_depend d"
    " JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
    " WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')), '')"
    " FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    f" WHERE {SYSTEM}",
    # types
    f"SELECT 'enum ' || {NAME.format(name='t.typname')} || ' (' || (SELECT string_agg(quote_literal(enumlabel), ', '"
    " ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid) || ')'"
    " || coalesce(' comment ' || obj_description(t.oid, 'pg_type'), '')"
    f" FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'e' AND {SYSTEM}",
    f"SELECT 'domain ' || {NAME.format(name='t.typname')} || ' ' || format_type(t.typbasetype, t.typtypmod)"
    " || CASE WHEN t.typnotnull THEN ' not null' ELSE '' END || coalesce(' default ' || t.typdefault, '')"
    " || coalesce((SELECT string_agg(' constraint ' || conname || ' ' || pg_get_constraintdef(oid), '')"
    " FROM pg_constraint WHERE contypid = t.oid), '')"
    f" FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'd' AND {SYSTEM}"
    f" AND {NOT_OF_EXTENSION.format(oid='t.oid')}",
    # functions and triggers
    f"SELECT pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
    f" WHERE {SYSTEM} AND p.prokind IN ('f', 'p') AND {NOT_OF_EXTENSION.format(oid='p.oid')}",
    "SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
    f" JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND {SYSTEM}",
)


def postgresql(connection: Connection, _: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a PostgreSQL database."""
    for query in POSTGRESQL:
        for *table, line in connection.exec_driver_sql(query.replace("%", "%%")).all():
            if line and not any(name in LEFT_OUT for name in table):
                yield " ".join(line.split()).replace("public.", "")


# MariaDB

KINDS = {"BASE TABLE": "TABLE", "SYSTEM VERSIONED": "TABLE", "VIEW": "VIEW", "SEQUENCE": "SEQUENCE"}


def mysql(connection: Connection, schemas: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a MariaDB database, and of others that belong to it."""
    own = connection.engine.url.database
    query = "SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE table_schema = %s"
    for schema in (own, *schemas):
        if schema != own:
            there = connection.exec_driver_sql(
                "SELECT count(*) FROM information_schema.schemata WHERE schema_name = %s", (schema,)
            ).scalar()
            if not there:
                continue
            yield f"schema {schema}"
        prefix = "" if schema == own else f"{schema}."
        for _, name, kind in connection.exec_driver_sql(query, (schema,)).all():
            if name in LEFT_OUT:
                continue
            quoted = f"`{str(schema).replace('`', '``')}`.`{name.replace('`', '``')}`".replace("%", "%%")
            what = KINDS[kind]
            text = connection.exec_driver_sql(f"SHOW CREATE {what} {quoted}").one()[1].replace(f"`{own}`.", "")
            yield from mysql_object(f"{prefix}{name}", what.lower(), text)
        for row in connection.exec_driver_sql(
            "SELECT trigger_name, action_timing, event_manipulation, event_object_table, action_statement"
            " FROM information_schema.triggers WHERE trigger_schema = %s",
            (schema,),
        ).all():
            yield f"trigger {prefix}{' '.join(map(str, row))}"


def mysql_object(name: str, kind: str, text: str) -> Iterator[str]:
    """Yield the lines of one table, view or sequence."""
    text = re.sub(r" DEFINER=\S+", "", text)
    if kind != "table":
        yield f"{kind} {name}: {text}"
        return
    _first, *inner, last = text.split("\n") if text.count("\n") > 1 else [text, ""]
    # what follows the last parenthesis may have several lines: those of partitions
    while inner and not last.startswith(")"):
        last = f"{inner.pop()} {last}"
    last = re.sub(r" AUTO_INCREMENT=[0-9]+", "", last[1:])
    yield f"table {name}{last if 'ENGINE=Aria' in last else re.sub(r' PAGE_CHECKSUM=[01]', '', last)}"
    for line in inner:
        yield f"table {name}: {line.strip().removesuffix(',').removesuffix(' USING BTREE')}"


READERS = {"sqlite": sqlite, "postgresql": postgresql, "mysql": mysql, "mariadb": mysql}
