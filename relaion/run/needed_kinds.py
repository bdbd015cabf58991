"""What the lists and sidecars of a run ask for, so that nothing else is computed."""

import pyarrow as pa

from relaion.engine import Engine
from relaion.lists.database import has_hashes
from relaion.roles import HASHED_LINK_KINDS, LINK_KINDS


class NeededKinds:
    """Kinds of keys, spellings and row hashes that could match.

    `forms` are the spellings that all lists of hashed links together allow, None for every
    one; `row_hashes` are int64. Reads the store and the table `sidecar_keys`.
    """

    def __init__(self, engine: Engine) -> None:
        listed = {kind for (kind,) in engine.rows("select distinct kind from store.entries")}
        keys = {kind for (kind,) in engine.rows("select distinct key_kind from sidecar_keys")}
        self.kinds = listed | keys
        self.has_links = bool(self.kinds & set(LINK_KINDS))
        self.has_hashed = bool(self.kinds & set(HASHED_LINK_KINDS))
        self.forms = _forms(engine)
        self.row_hashes = _row_hashes(engine)


def _forms(engine: Engine) -> list[str] | None:
    found = engine.rows(
        "select l.forms from store.lists as l semi join (select list_id from store.entries "
        "where kind in ('url_md5', 'url_sha1', 'url_sha256')) as e on l.list_id = e.list_id"
    )
    if any(forms is None for (forms,) in found):
        return None
    return sorted({form for (forms,) in found for form in forms})


def _row_hashes(engine: Engine) -> pa.Array:
    digests = engine.rows(
        "select digest from store.entries where kind = 'row_hash' "
        "union select digest from sidecar_keys where key_kind = 'row_hash'"
    )
    values = [int.from_bytes(bytes.fromhex(digest), "big", signed=True) for (digest,) in digests]
    return pa.array(values, pa.int64())


def view_hashes(engine: Engine) -> None:
    """View `listed_hashes` of the attached store: 64 bits of each entry, as this DuckDB hashes.

    Those that the store holds, where they are that; else they are made in every search.
    """
    stored = engine.is_last and has_hashes(engine, "store.")
    hashes = "hash" if stored else "hash(digest) as hash"
    listed = f"select kind, {hashes} from store.entries"  # noqa: S608
    engine.execute(f"create or replace temp view listed_hashes as {listed}")
