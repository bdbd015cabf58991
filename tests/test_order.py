"""The order of the scripts in `sql/README.md` is the order in which a run runs them."""

import hashlib
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from relaion.engine import Engine
from relaion.sqlset import Script, load
from tests.docs import SCRIPTS
from tests.drawn import quickly
from tests.faults.world import LISTED, MD5, rows_of_shard, run
from tests.pipeline import Sent, add_lists, write_shard


def stated(*, cover: bool) -> list[list[str]]:
    """The scripts of each line of the table, in order, by number or (editions) by that word."""
    names = (name.split("/")[-1][:2] for name in load() if not name.startswith("apply/"))
    known = sorted(n for n in names if n.isdigit())
    lines = []
    for line in SCRIPTS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 5 and ("`relaion/run/" in cells[3]):
            if "cover_task" in cells[3] and not cover:
                continue
            found: list[str] = []
            for word in re.findall(r"\d\d to \d\d|\d\d|editions", cells[2]):
                first, _, last = word.partition(" to ")
                found += [n for n in known if first <= n <= last] if last else [word]
            lines.append(found)
    return lines


@pytest.mark.parametrize("cover", quickly(1, [0, 1]))
def test_the_table_is_the_order_of_a_run(
    cover: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    kept = Engine.run

    def record(self: Engine, script: Script, **values: object) -> None:
        is_edition = script.path.parent.name == "editions"
        if script.path.parent.name != "lists":  # which makes the ledger, not a decision
            ran.append("editions" if is_edition else script.path.name[:2])
        kept(self, script, **values)

    for no in range(2):
        write_shard(tmp_path / f"data/en/part-{no}.parquet", rows_of_shard(no, 40))
    hashed = hashlib.md5(b"http://q.example/1").hexdigest()
    entries = (("image_md5", MD5), ("url", LISTED), ("url_md5", hashed))
    add_lists(tmp_path / "lists.duckdb", [Sent(entries)])
    (tmp_path / "words.txt").write_text("picture\n")
    (tmp_path / "beside").mkdir()
    sidecar = pa.table({"url": ["https://x.example/1"], "md5": [MD5]})
    pq.write_table(sidecar, tmp_path / "beside/s.parquet")
    monkeypatch.setattr(Engine, "run", record)
    run(tmp_path, keywords=tmp_path / "words.txt", sidecars=[tmp_path / "beside"], cover=cover)

    search, *steps = stated(cover=bool(cover))
    assert sorted(search) == sorted(ran[: len(search)])  # macros, in any order
    then = ran[len(search) :]
    then.remove("editions")  # there are two
    then = [n for n, before in zip(then, ["", *then], strict=False) if (n, before) != ("48", "48")]
    assert then == [name for line in steps for name in line]
