"""Names and values that would be code somewhere else: SQL, shells, globs, terminals."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relaion.lists import store
from relaion.run.settings import read_keywords
from tests.faults.world import MD5, run
from tests.pipeline import Sent, add_lists, write_shard

ODD = (
    "a'b\"c; drop view shard; --", "$labels ${HOME} `id` $(id)", "[ab]*?{a,b}%", "k=v", "a\nb\tc",
    "a\\b", "'); select error('x'); --", "*.parquet", "a\x1b[31mb\u202e", "--help", "shard", "$$",
)  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_names_of_columns_files_and_subsets(tmp_path: Path, name: str) -> None:
    """One odd name in every place that takes one; a twin without it must not be touched."""
    columns = {"url": ["https://h.example/1", "https://h.example/2"], name: [MD5, "01" * 16]}
    for folder, file in ((name, f"{name}.parquet"), ("plain", "b.parquet")):
        (tmp_path / "data" / folder).mkdir(parents=True)
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table(columns), sink)
        (tmp_path / "data" / folder / file).write_bytes(sink.getvalue())
    add_lists(tmp_path / "lists.duckdb", [Sent((("image_md5", MD5),))])
    run(tmp_path, editions=["research"], columns={"image_md5": name})
    for folder, file in ((name, f"{name}.parquet"), ("plain", "b.parquet")):
        kept = pq.ParquetFile(
            pa.BufferReader((tmp_path / "out/research" / folder / file).read_bytes())
        )
        assert kept.schema_arrow.names == ["url", name]
        assert kept.read().column(0).to_pylist() == ["https://h.example/2"]


text = st.text(
    alphabet=st.one_of(st.sampled_from("'\";$%*?[]{}\\|&<>`~\n\t\r \x00()"), st.characters()),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(text, min_size=1, max_size=4))
def test_keywords_are_never_code(
    tmp_path_factory: pytest.TempPathFactory, words: list[str]
) -> None:
    """A caption that holds a keyword leaves, one that holds none stays, whatever the keyword."""
    folder = tmp_path_factory.mktemp("k")
    (folder / "words.txt").write_text("\n".join(words), encoding="utf-8", errors="surrogatepass")
    try:
        read = read_keywords(folder / "words.txt").words
    except Exception as e:
        assert type(e).__module__ == "relaion.errors"
        return
    rows: list[dict[str, Any]] = [
        {"url": f"https://h.example/{i}", "text": f"x {word} x", "punsafe": 0.99}
        for i, word in enumerate(read)
    ]
    rows.append({"url": "https://h.example/none", "text": "qqqq", "punsafe": 0.99})
    write_shard(folder / "data/en/a.parquet", rows)
    add_lists(folder / "lists.duckdb", [Sent((("image_md5", MD5),))])
    run(folder, editions=["research"], keywords=folder / "words.txt")
    kept = pq.read_table(folder / "out/research/en/a.parquet").column("URL").to_pylist()
    told = [u for u in kept if u != "https://h.example/none"]
    assert "https://h.example/none" in kept or any("q" in w.lower() for w in read)
    # a keyword without a letter or digit has no border to stand between
    assert all(not any(c.isalnum() for c in read[int(u.rsplit("/", 1)[1])]) for u in told)


@pytest.mark.parametrize("value", ODD)
def test_values_of_lists_are_never_code(tmp_path: Path, value: str) -> None:
    """A link with an odd path is listed; its row leaves, and none but it."""
    path = value
    for sign in "\n\t\x1b":  # a raw one would end a link, or be taken for a colour of the list
        path = path.replace(sign, f"%{ord(sign):02X}")
    link = f"https://h.example/{path}/x.jpg"
    write_shard(
        tmp_path / "data/en/a.parquet",
        [{"url": link}, {"url": "https://h.example/other"}, {"url": value}],
    )
    (tmp_path / "list.txt").write_text(link + "\n", encoding="utf-8")
    store.add(tmp_path / "lists.duckdb", [tmp_path / "list.txt"], source="A", file_format="txt")
    run(tmp_path, editions=["research"])
    kept = pq.read_table(tmp_path / "out/research/en/a.parquet").column("URL").to_pylist()
    assert kept == ["https://h.example/other", value]
