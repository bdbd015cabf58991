"""`inspect`: sizes, layouts, what can be matched and for how many rows; never a value."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion.errors import InputError
from relaion.parquet import counted
from relaion.parquet.looked_at import Match
from relaion.run.survey import read_inputs
from relaion.stages.inspect import Inspection, inspect
from tests.layout_cases import all_cases, digest, table, write
from tests.pipeline import here

CASES = {case.name: case for case in all_cases()}
JOINED, RELAION, SPOILT = "04_laion_5b_joined", "08_relaion_research", "40_row_hash_spoilt"
BY_LINK = "computed from link alone, for lists of row hashes"
COMPUTED = "computed from link and caption, for lists of row hashes"


def put(path: Path, case: str) -> Path:
    return write(path, table(CASES[case].lines))


def matches(found: Inspection, subset: str | None = None) -> dict[str, Match]:
    (seen,) = [s for s in found.subsets if subset in (None, s.name)]
    return {match.role: match for match in seen.matches}


def scores(*values: float | None) -> dict[str, Any]:
    links = [f"https://{n}.example/" for n in range(len(values))]
    return {"url": links, "punsafe": pa.array(values, pa.float32())}


def test_sizes_are_those_of_the_files(tmp_path: Path) -> None:
    one = put(tmp_path / "en" / "a.parquet", JOINED)
    two = write(
        tmp_path / "de" / "b.parquet", table(CASES[RELAION].lines, rows=10), row_group_size=4
    )
    found = inspect([tmp_path])
    assert [(s.name, s.shards, s.rows, s.row_groups, s.bytes) for s in found.subsets] == [
        ("de", 1, 10, 3, two.stat().st_size),
        ("en", 1, 4, 1, one.stat().st_size),
    ]
    assert (found.shards, found.rows, found.row_groups) == (2, 14, 4)
    assert found.bytes == one.stat().st_size + two.stat().st_size
    assert len(found.notices) == 1  # no image hashes


def test_one_layout_in_several_subsets_is_told_once(tmp_path: Path) -> None:
    for subset in ("en", "multi", "nolang"):
        put(tmp_path / subset / "p.parquet", RELAION)
    # fewer values to look at: another reason for a role, the same layout
    write(tmp_path / "multi" / "p.parquet", table(CASES[RELAION].lines, rows=1))
    put(tmp_path / "nolang" / "q.parquet", SPOILT)
    found = inspect([tmp_path])
    assert [(x.number, x.subsets, x.shards, x.rows) for x in found.layouts] == [
        (1, ("en", "multi", "nolang"), 3, 9),
        (2, ("nolang",), 1, 4),
    ]
    assert [s.layouts for s in found.subsets] == [(1,), (1,), (1, 2)]
    (notice,) = found.notices
    assert "subset nolang: 1 of 2 shards has another layout (without " in notice


def test_a_lab_sees_what_can_be_matched(tmp_path: Path) -> None:
    put(tmp_path / "en" / "a.parquet", JOINED)
    put(tmp_path / "en" / "b.parquet", RELAION)
    seen = matches(inspect([tmp_path]))
    told = {role: (m.possible, m.present, m.rows, m.detail) for role, m in seen.items()}
    assert told == {
        "url": (True, 4, 8, "column URL or url"),
        "image_md5": (True, 2, 8, "column md5 in hexadecimal"),
        "image_sha1": (False, 0, 8, "no column"),
        "image_sha256": (False, 0, 8, "no column"),
        "row_hash": (True, 4, 8, "column hash"),
        "punsafe": (True, 4, 8, "column punsafe"),
        "text": (True, 4, 8, "column TEXT or caption"),
    }
    assert [m.what for m in seen.values()] == [
        "link",
        "image MD5",
        "image SHA-1",
        "image SHA-256",
        "row hash",
        "rule on score",
        "rule on keywords",
    ]
    assert {m.counted for m in seen.values()} == {"footers", "reading", ""}


def test_a_refused_column_is_named_as_the_reason(tmp_path: Path) -> None:
    put(tmp_path / "p.parquet", SPOILT)
    told = matches(inspect([tmp_path]))
    assert "; not by column hash: double: a row hash lost" in told["row_hash"].detail
    assert told["image_md5"].detail == "no column"  # a number never was an image hash
    put(tmp_path / "p.parquet", "42_hash_of_other_length")
    told = matches(inspect([tmp_path]))
    assert "as long as a SHA-256" in told["image_md5"].detail
    assert told["row_hash"].detail == BY_LINK


def test_row_hashes_are_computed_where_a_link_or_a_caption_is_there(tmp_path: Path) -> None:
    hashes = pa.array([1, None, None], pa.int64())
    links = {"url": ["a", "b", None]}
    write(tmp_path / "none" / "p.parquet", pa.table({**links, "TEXT": ["x"] * 3}))
    write(tmp_path / "some" / "p.parquet", pa.table({**links, "TEXT": ["x"] * 3, "hash": hashes}))
    write(tmp_path / "bare" / "p.parquet", pa.table({**links, "hash": hashes}))
    put(tmp_path / "spoilt" / "p.parquet", SPOILT)
    spoilt = pa.table({**links, "text": ["x"] * 3, "hash": [0.5] * 3})
    write(tmp_path / "spoilt and text" / "p.parquet", spoilt)
    for folder in ("some", "bare"):
        write(tmp_path / "mixed" / f"{folder}.parquet", pq.read_table(tmp_path / folder))
    write(tmp_path / "texts" / "p.parquet", pa.table({"TEXT": ["x", None, None]}))
    nulls = pa.table({"url": pa.nulls(3, pa.string()), "TEXT": pa.nulls(3, pa.string())})
    write(tmp_path / "neither" / "p.parquet", nulls)
    found = inspect([tmp_path])
    told = {s.name: matches(found, s.name)["row_hash"] for s in found.subsets}
    why = "not by column hash: double: a row hash lost its last digits, it is spoilt"
    assert {name: (m.possible, m.present, m.rows, m.detail) for name, m in told.items()} == {
        "none": (True, 3, 3, COMPUTED),
        "some": (True, 3, 3, f"column hash; where it is missing {COMPUTED}"),
        "bare": (True, 2, 3, f"column hash; where it is missing {BY_LINK}"),
        "mixed": (
            True,
            5,
            6,
            "column hash; where it is missing computed from link and caption or link alone, "
            "for lists of row hashes",
        ),
        "spoilt": (True, 2, 4, f"{BY_LINK}; {why}"),
        "texts": (True, 1, 3, "computed from caption alone, for lists of row hashes"),
        "neither": (False, 0, 3, "no column"),
        "spoilt and text": (True, 3, 3, f"{COMPUTED}; {why}"),
    }


def test_a_lab_without_image_hashes_is_told_what_helps(tmp_path: Path) -> None:
    for name in ("en", "multi", "nolang", "other"):
        put(tmp_path / name / "p.parquet", JOINED)
    (notice,) = inspect([tmp_path / "en"]).notices
    assert notice.startswith("subset en has no image hashes, so lists of image hashes find nothing")
    assert notice.endswith("give them as --sidecar")
    (notice,) = inspect([tmp_path]).notices
    assert notice.startswith("subsets en, multi, nolang and 1 more have no image hashes")
    put(tmp_path / "hashed" / "p.parquet", RELAION)
    assert inspect([tmp_path / "hashed"]).notices == ()


def test_a_table_of_hashes_is_known_as_a_sidecar(tmp_path: Path) -> None:
    md5s = [str(digest("md5", "hex", n)) for n in range(2)]
    write(tmp_path / "md5" / "p.parquet", pa.table({"hash": [1, 2], "md5": md5s}))
    (notice,) = inspect([tmp_path]).notices
    assert notice.endswith("it can be a --sidecar of shards that have them (joined by row hash)")


KNOWN = {
    "01_laion_400m": "LAION-400M, or LAION-5B as first published",
    "02_laion_5b_original": "LAION-400M, or LAION-5B as first published",
    "03_laion_5b_original_multi": "LAION-5B multi as first published",
    "04_laion_5b_joined": "LAION-5B with scores (joined)",
    "06_laion_safety_table": "a LAION table of safety scores",
    "08_relaion_research": "Re-LAION-5B",
    "10_improved_aesthetics": "LAION-Aesthetics",
    "11_laion_coco": "laion-coco",
    "12_laion_translated": "LAION-5B translated to English",
    "13_laion_pop": "LAION-POP",
    "14_laion_face": "LAION-400M, or LAION-5B as first published",
    "16_datacomp": "DataComp",
    "17_coyo": "COYO-700M",
    "18_pd12m": "PD12M",
    "20_img2dataset_md5": "a download by img2dataset",
    "24_sample_image": "",
    "50_text_and_caption": "",
}


@pytest.mark.parametrize("case", KNOWN)
def test_published_layouts_are_called_by_their_names(case: str, tmp_path: Path) -> None:
    put(tmp_path / "p.parquet", case)
    (layout,) = inspect([tmp_path]).layouts
    assert layout.known_as == KNOWN[case]


def test_the_keyword_rule_needs_a_score_too(tmp_path: Path) -> None:
    put(tmp_path / "p.parquet", "01_laion_400m")
    told = matches(inspect([tmp_path]))["text"]
    assert not told.possible
    assert told.detail == "no safety score, which the rule needs too"
    assert told.present == 2


def test_several_ways_of_writing_are_all_named(tmp_path: Path) -> None:
    for name, how in (("a", "hex"), ("b", "base64")):
        md5 = [digest("md5", how, n) for n in range(3)]
        write(tmp_path / f"{name}.parquet", pa.table({"url": ["x"] * 3, "md5": md5}))
    told = matches(inspect([tmp_path]))["image_md5"]
    assert told.detail == "column md5 in hexadecimal"  # told of one shard, read value by value
    assert (told.present, told.rows) == (6, 6)


def test_nan_is_no_score_and_is_counted_apart(tmp_path: Path) -> None:
    nan = float("nan")
    write(tmp_path / "p.parquet", pa.table(scores(0.1, None, nan, nan, 0.9)))
    told = matches(inspect([tmp_path]))["punsafe"]
    assert (told.present, told.nans, told.rows, told.counted) == (2, 2, 5, "reading")
    assert told.detail == "column punsafe; NaN, which is no score: 2"


@pytest.mark.parametrize("limit", ["NAN_ROWS", "NAN_ROW_GROUPS"])
def test_nan_is_not_looked_for_among_very_many_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(counted, limit, 4)
    data = pa.table(scores(0.1, None, float("nan"), 0.9, 0.9))
    write(tmp_path / "p.parquet", data, row_group_size=1)
    told = matches(inspect([tmp_path]))["punsafe"]
    assert (told.present, told.nans, told.counted) == (4, None, "footers")
    assert told.detail == "column punsafe; NaN, which is no score, was not looked for"


def test_without_statistics_rows_are_counted_by_reading(tmp_path: Path) -> None:
    data = table(CASES[RELAION].lines)
    write(tmp_path / "a" / "p.parquet", data, write_statistics=False)
    write(tmp_path / "b" / "p.parquet", data)
    found = inspect([tmp_path])
    without, with_ = matches(found, "a"), matches(found, "b")
    assert {m.counted for m in without.values() if m.possible} == {"reading"}
    assert [m.present for m in without.values()] == [m.present for m in with_.values()]
    assert matches(inspect([tmp_path / "a", tmp_path / "b" / "p.parquet"]), "b")["url"].counted


def test_a_column_without_any_value_is_noticed(tmp_path: Path) -> None:
    schema = pa.schema([("url", pa.string()), ("md5", pa.string()), ("punsafe", pa.float64())])
    data = pa.table([["x"], [None], [float("nan")]], schema=schema)
    write(tmp_path / "en" / "p.parquet", data)
    found = inspect([tmp_path / "en"])
    assert found.notices == (
        "subset en: column md5, without a value in any row (image MD5)",
        "subset en: column punsafe, without a value in any row; NaN, which is no score: 1 "
        "(rule on score)",
    )
    write(tmp_path / "no" / "p.parquet", schema.empty_table())
    assert inspect([tmp_path / "no"]).notices == ()


def test_no_link_is_told_and_not_refused(tmp_path: Path) -> None:
    put(tmp_path / "en" / "p.parquet", "06_laion_safety_table")
    found = inspect([tmp_path / "en"])
    assert not matches(found)["url"].possible
    assert "subset en has no links, so it cannot be cleaned by itself" in found.notices[0]
    assert matches(found)["row_hash"].possible


def test_columns_said_by_the_user(tmp_path: Path) -> None:
    write(tmp_path / "p.parquet", pa.table({"page": ["x"], "score": [0.5], "n": [1]}))
    found = inspect([tmp_path], columns={"url": "page", "punsafe": "score"})
    assert matches(found)["url"].detail == "column page"
    assert matches(found)["punsafe"].possible
    with pytest.raises(InputError, match=r"p\.parquet: --column url=pag: no such column"):
        inspect([tmp_path], columns={"url": "pag"})


def test_what_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "p.parquet").write_text("url,caption\n")
    with pytest.raises(InputError, match=r"p\.parquet: is not a parquet file"):
        inspect([tmp_path])


def test_what_is_passed_over_is_noticed(tmp_path: Path) -> None:
    put(tmp_path / "p.parquet", JOINED)
    (tmp_path / "_SUCCESS").touch()
    assert inspect([tmp_path]).notices[0].startswith("1 path (_SUCCESS): not read")


def test_it_holds_plain_values_and_none_of_a_row(tmp_path: Path) -> None:
    for name, case in CASES.items():
        if not case.error and not case.said:
            put(tmp_path / name / "p.parquet", name)
    found = inspect([tmp_path])
    text = json.dumps(asdict(found))
    for case in CASES.values():
        for column in table(case.lines).to_pydict().values():
            for value in column:
                if isinstance(value, str) and len(value) > 4:
                    assert value not in text


def test_inputs_are_not_touched(tmp_path: Path) -> None:
    path = put(tmp_path / "p.parquet", RELAION)
    before = (path.read_bytes(), path.stat().st_mtime_ns, sorted(tmp_path.iterdir()))
    inspect([tmp_path])
    assert (path.read_bytes(), path.stat().st_mtime_ns, sorted(tmp_path.iterdir())) == before


VALUES = st.one_of(st.none(), st.just(float("nan")), st.floats(0, 1, width=32))


@given(st.lists(st.lists(VALUES, max_size=6), min_size=1, max_size=3), st.booleans())
def test_counts_are_those_of_the_values(
    tmp_path_factory: pytest.TempPathFactory,
    shards: Sequence[Sequence[float | None]],
    statistics: bool,
) -> None:
    folder = tmp_path_factory.mktemp("counted")
    for number, values in enumerate(shards):
        pq.write_table(
            pa.table(scores(*values)),
            folder / f"{number}.parquet",
            row_group_size=2,
            write_statistics=statistics,
        )
    told = matches(inspect([folder]))
    flat = [v for values in shards for v in values]
    real = [v for v in flat if v is not None and v == v]
    assert told["punsafe"].present == len(real)
    assert told["punsafe"].nans == sum(v is not None and v != v for v in flat)
    assert told["url"].present == told["url"].rows == len(flat)


def test_real_files(shared_data: Path) -> None:
    found = inspect(sorted((shared_data / "real").glob("*.parquet")))
    assert (found.shards, found.rows) == (4, 19_464)
    seen = matches(found)
    assert (seen["url"].present, seen["image_sha256"].present) == (19_464, 2)
    assert not seen["image_md5"].possible
    assert len(found.layouts) == 4


def test_all_files_that_cannot_be_read_are_told_at_once(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        put(tmp_path / f"{name}.parquet", JOINED)
    (tmp_path / "a.parquet").write_bytes(b"")
    (tmp_path / "c.parquet").write_bytes((tmp_path / "b.parquet").read_bytes()[:-40])
    done = here("inspect", str(tmp_path), cwd=tmp_path)
    lines = done.stderr.splitlines()
    assert done.returncode == 2
    assert lines[0].startswith(f"{tmp_path}/c.parquet: ")
    assert lines[1].startswith(f"relaion: {tmp_path}/a.parquet: ")
    assert lines[1].endswith("(and 1 more)")


def test_without_a_link_column_a_file_may_be_taken_away(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", pa.table({"n": [1], "caption": ["x"]}))
    with pytest.raises(InputError, match="--column url=NAME, or take the file away"):
        read_inputs([path], {})
