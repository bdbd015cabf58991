"""What an audit consists of: each table and column that clean makes, with its comment.

Written down apart from the SQL that makes it, so that neither can change alone: a comment, a
default or a further object could say what no audit may say.
"""

from relaion.engine import Engine

# table -> its comment, and its columns in order: name -> type, comment
TABLES: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "run": (
        "What made this audit.",
        {
            "name": ("VARCHAR", "what is stated"),
            "setting": ("VARCHAR", "its value"),
        },
    ),
    "parameters": (
        "The settings that decide which rows stay.",
        {
            "name": ("VARCHAR", "the parameter"),
            "setting": ("VARCHAR", "its value, as JSON"),
        },
    ),
    "scripts": (
        "The SQL that decided, by the digest of its bytes.",
        {
            "name": ("VARCHAR", "file below sql/<version>/"),
            "sha256": ("VARCHAR", "hex digest, as sha256sum prints it"),
        },
    ),
    "lists": (
        "The deliveries that were matched, a line for each kind of entry.",
        {
            "list_id": ("INTEGER", "number of the delivery in the list store"),
            "source": ("VARCHAR", "who sent it"),
            "title": ("VARCHAR", "what it is called"),
            "label": ("VARCHAR", "csam, privacy, opt-out, ...; editions choose by it"),
            "received": ("VARCHAR", "day on which it came"),
            "digest": ("VARCHAR", "HMAC-SHA256 of the delivery under the curator key"),
            "kind": ("VARCHAR", "what its entries are"),
            "entries": ("BIGINT", "how many distinct entries of this kind"),
        },
    ),
    "inputs": (
        "The shards that went in.",
        {
            "subset": ("VARCHAR", "folder of shards that are audited together"),
            "shard": ("VARCHAR", "file name"),
            "rows": ("BIGINT", "rows"),
            "bytes": ("BIGINT", "size"),
            "sha256": ("VARCHAR", "hex digest of the file"),
        },
    ),
    "outputs": (
        "The shards that came out.",
        {
            "edition": ("VARCHAR", "which edition"),
            "subset": ("VARCHAR", "folder of shards that are audited together"),
            "shard": ("VARCHAR", "file name"),
            "rows": ("BIGINT", "rows kept"),
            "bytes": ("BIGINT", "size"),
            "sha256": ("VARCHAR", "hex digest of the file"),
        },
    ),
    "coverage": (
        "How many rows could be matched by what.",
        {
            "subset": ("VARCHAR", "folder of shards that are audited together"),
            "role": ("VARCHAR", "url, text, punsafe, row_hash or an image hash"),
            "via": ("VARCHAR", "column of the shards, sidecar, or computed"),
            "rows": ("BIGINT", "rows of the subset"),
            "covered": ("BIGINT", "rows that have a value; where estimated, about so many"),
            "estimated": ("BOOLEAN", "whether covered was reckoned from a sample"),
            "sampled": ("BIGINT", "rows of that sample"),
        },
    ),
    "not_looked_at": (
        "What no list and no rule was compared with; none: clean alone.",
        {
            "subset": ("VARCHAR", "folder of shards that are audited together"),
            "role": ("VARCHAR", "what the column looks like; or files, keywords, lists"),
            "column_name": ("VARCHAR", "the column; null where there is none"),
            "reason": ("VARCHAR", "why it, or these of its values, were not looked at"),
            "n_values": ("BIGINT", "how many values, rows or files; null if not counted"),
        },
    ),
    "hits": (
        "What the lists found, whatever the editions made of it.",
        {
            "subset": ("VARCHAR", "folder of shards; small: several of few rows together"),
            "list_id": ("INTEGER", "the delivery"),
            "kind": ("VARCHAR", "what was compared; null for a listed link's other rows"),
            "form": ("VARCHAR", "the spelling of the link that was compared"),
            "gross": ("BIGINT", "rows"),
            "exclusive": ("BIGINT", "rows nothing else found; gross - exclusive overlap"),
        },
    ),
    "hit_groups": (
        "Overlaps counted once: rows found, and memberships before that.",
        {
            "subset": ("VARCHAR", "folder of shards; small: several of few rows together"),
            "grouping": ("VARCHAR", "all, source, label, or same_link (beyond the lists)"),
            "name": ("VARCHAR", "the source or label"),
            "memberships": ("BIGINT", "rows counted once for each list that names them"),
            "rows": ("BIGINT", "rows counted once"),
        },
    ),
    "removals": (
        "Why rows left an edition.",
        {
            "edition": ("VARCHAR", "which edition"),
            "subset": ("VARCHAR", "folder of shards; small: several of few rows together"),
            "reason_kind": ("VARCHAR", "list, same_link or rule"),
            "list_id": ("INTEGER", "the delivery; null for a rule"),
            "label": ("VARCHAR", "the delivery's label; null for a rule"),
            "kind": ("VARCHAR", "what was compared; null for a rule and for same_link"),
            "form": ("VARCHAR", "the spelling of the link that was compared"),
            "rule": ("VARCHAR", "the rule; null for a list"),
            "gross": ("BIGINT", "rows that leave for this reason"),
            "exclusive": ("BIGINT", "rows that leave for this reason alone"),
        },
    ),
    "removal_groups": (
        "Why rows left, overlaps within a source or label counted once.",
        {
            "edition": ("VARCHAR", "which edition"),
            "subset": ("VARCHAR", "folder of shards; small: several of few rows together"),
            "grouping": ("VARCHAR", "source or label"),
            "name": ("VARCHAR", "the source or label"),
            "gross": ("BIGINT", "rows that its lists remove"),
            "exclusive": ("BIGINT", "rows that leave for nothing else"),
        },
    ),
    "unions": (
        "Rows in, removed and kept.",
        {
            "edition": ("VARCHAR", "which edition"),
            "subset": ("VARCHAR", "folder of shards that are audited together"),
            "rows_in": ("BIGINT", "rows of the input"),
            "removed": ("BIGINT", "rows that left, counted once"),
            "kept": ("BIGINT", "rows that stayed"),
        },
    ),
}
# kinds of objects of which an audit has none; what DuckDB itself brings along does not count
_NONE = (
    "schemas() where not internal",
    "views() where not internal",
    "functions() where not internal",
    "types() where not internal",
    "sequences() where true",
    "indexes() where true",
    "constraints() where true",
    "triggers() where true",
)


def differences(engine: Engine) -> dict[str, list[str]]:
    """What an open audit has otherwise, in words by promise; never a name that is not its own."""
    found: dict[str, list[str]] = {"4": [], "6": []}
    for kind in _NONE:
        ((n,),) = engine.rows(
            f"select count(*) from duckdb_{kind} and database_name = current_database()"  # noqa: S608 - ours
        )
        if n:
            found["4"].append(f"holds {kind.split('(')[0]} that no audit has")
    tables = _tables(engine)
    if set(tables) - set(TABLES):
        found["4"].append("holds tables that no audit has")
    columns = _columns(engine)
    for table, (comment, expected) in TABLES.items():
        if table not in tables:
            found["6"].append(f"table {table} is missing")
            continue
        if tables[table] != (comment, "{}", False):
            found["4"].append(f"table {table} has another comment, or tags, than an audit has")
        _compare(table, expected, columns[table], found)
    return found


def _compare(
    table: str,
    expected: dict[str, tuple[str, str]],
    found: dict[str, tuple[object, ...]],
    said: dict[str, list[str]],
) -> None:
    if set(found) - set(expected):
        said["4"].append(f"table {table} holds a column that no audit has")
    if set(expected) - set(found):
        said["6"].append(f"table {table} lacks a column")
    elif [name for name in found if name in expected] != list(expected):
        said["6"].append(f"table {table} has its columns in another order")
    for name, (kind, comment) in expected.items():
        if name not in found:
            continue
        if found[name][0] != kind:
            said["6"].append(f"column {table}.{name} has another type than in an audit")
        if found[name][1:] != (comment, "{}", True, None, False):
            what = "has another comment, default or constraint than in an audit"
            said["4"].append(f"column {table}.{name} {what}")


def _tables(engine: Engine) -> dict[str, tuple[object, ...]]:
    rows = engine.rows(
        "select schema_name, table_name, comment, tags::varchar, temporary from duckdb_tables() "
        "where not internal and database_name = current_database()"
    )
    return {name if schema == "main" else f"{schema}.": tuple(x) for schema, name, *x in rows}


def _columns(engine: Engine) -> dict[str, dict[str, tuple[object, ...]]]:
    found: dict[str, dict[str, tuple[object, ...]]] = {}
    rows = engine.rows(
        "select table_name, column_name, data_type, comment, tags::varchar, is_nullable, "
        "column_default, is_generated from duckdb_columns() where not internal "
        "and schema_name = 'main' and database_name = current_database() "
        "order by table_name, column_index"
    )
    for table, column, *x in rows:
        found.setdefault(table, {})[column] = tuple(x)
    return found
