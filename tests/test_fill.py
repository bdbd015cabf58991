"""What Python answers for SQL: the same in one process and in several."""

from typing import Any

import pytest

from relaion.engine import connect
from relaion.links import inner_links, link_key
from relaion.links.spellings import spellings
from relaion.run import python_answers
from tests.drawn import quickly

URLS = [f"http://Host{i}.example/%7Ea/{i}?u=http://in.example/{i}.jpg" for i in range(50)]


@pytest.mark.parametrize("workers", quickly(1, [1, 2]))
def test_every_link_is_answered_in_order_of_asking(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python_answers, "AT_ONCE", 7)
    monkeypatch.setattr(python_answers, "MANY", 10)
    with connect(threads=1) as engine:
        python_answers.make_tables(engine)
        for table in ("odd_links", "holding_links", "odd_spellings"):
            engine.execute(f"create temp table {table} (url varchar)")
            for url in URLS:
                engine.execute(f"insert into {table} values (?)", [url])
        python_answers.fill_keys(engine, workers)
        python_answers.fill_inner(engine, workers)
        python_answers.fill_spelled(engine, workers)
        assert engine.rows("select url, url_key from odd_keys") == [(u, link_key(u)) for u in URLS]
        assert engine.rows("from inner_links") == [(u, x) for u in URLS for x in inner_links(u)]
        assert engine.rows("from spelled") == [(u, *x) for u in URLS for x in spellings(u)]


def test_a_link_of_bytes_is_answered_for_its_bytes() -> None:
    raw = b"http://a.example/caf\xe9.jpg"
    asked = "\U0010ffff" + raw.decode("latin-1")
    with connect(threads=1) as engine:
        python_answers.make_tables(engine)
        engine.execute("create temp table odd_spellings as select ?::varchar as url", [asked])
        python_answers.fill_spelled(engine)
        found: list[tuple[Any, ...]] = engine.rows("select url, text from spelled limit 1")
    assert found == [(asked, raw)]
