"""Folding in SQL against Python's own, for every letter of Unicode; captions of any length."""

import random
import time
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relaion import sqlset
from relaion.engine import Engine, connect
from relaion.links.text import IGNORABLE, WHITE
from relaion.run.settings import read_keywords as read_words
from relaion.verifier.keywords import _unspaced as is_unspaced
from relaion.verifier.keywords import fold as folded_word
from relaion.verifier.keywords import holds_any
from relaion.verifier.keywords import read_keywords as read_to_verify
from tests import oracle
from tests.drawn import quickly


# no surrogates, which no UTF-8 holds; no letters that are newer than this Python
@cache
def letters() -> list[str]:
    found = map(chr, range(1, 0x110000))
    return [c for c in found if unicodedata.category(c) not in ("Cs", "Cn")]


_CHEROKEE = {c: chr(c).lower() for c in (*range(0x13A0, 0x13F6), *range(0xAB70, 0xABC0))}
READ = "select no, unnest(readings(t)) as reading from texts"
HOLDS = "bool_or(regexp_matches(fold_text(reading), $keyword_pattern))"
# all that fold_text lists, and what combines with it
SPECIAL = "µßİŉſͅςϐϑևᲀẚẛẞᾀᾼῌῼﬀﬆﬓﬗΑΣσaAiIıeE\u0301\u0308\u0307\u0323\u0345\u0327 .-가각ᄀ"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with connect(threads=1) as engine:
        engine.run(sqlset.named("text_macros"))
        yield engine


def fold(text: str) -> str:
    """NFC and Python's case folding, Cherokee in small letters as SQL has it."""
    folded = unicodedata.normalize("NFC", text).casefold()
    return unicodedata.normalize("NFC", folded.translate(_CHEROKEE).lower())


def folded(engine: Engine, texts: list[str]) -> list[str]:
    engine.execute("create or replace temp table texts (no bigint, t varchar)")
    engine.insert("texts", pa.table({"no": range(len(texts)), "t": texts}))
    return [found for (found,) in engine.rows("select fold_text(t) from texts order by no")]


@pytest.mark.parametrize("around", quickly(1, ["\u1fbc{}\u00df", "{}", "{}\u0301"]))
def test_every_letter_folds_as_in_python(engine: Engine, around: str) -> None:
    written = [around.format(letter) for letter in letters()]
    # many to a row, since a row costs more than a letter; a full stop meets no mark
    rows = [".".join(written[i : i + 64]) for i in range(0, len(written), 64)]
    for row, found in zip(rows, folded(engine, rows), strict=True):
        if found != fold(row):
            pairs = zip(row.split("."), found.split("."), strict=True)
            wrong = [ascii(letter) for letter, f in pairs if f != fold(letter)]
            pytest.fail(f"folded otherwise: {wrong or 'a full stop'}")


def test_words_of_special_letters_and_marks(engine: Engine) -> None:
    draw = random.Random(5)
    words = ["".join(draw.choices(SPECIAL, k=draw.randrange(1, 12))) for _ in range(5_000)]
    assert folded(engine, words) == [fold(word) for word in words]


def test_null_is_null_and_folding_twice_is_folding_once(engine: Engine) -> None:
    assert engine.rows("select fold_text(null)") == [(None,)]
    once = folded(engine, [SPECIAL])
    assert folded(engine, once) == once


@pytest.mark.parametrize(
    "caption",
    quickly(
        1,
        [
            "lorem ipsum dolor " * 55_000,
            pytest.param("in der ẞtraße " * 71_000, marks=pytest.mark.slow),
            pytest.param("e\u0301" * 500_000, marks=pytest.mark.slow),
            "红色照片" * 250_000,
            "ß" + "\u0301\u0323" * 500_000,
            "tea\u200bpots\u00ad\u00a0\n" * 100_000,
        ],
    ),
    ids=["words", "letters that fold", "accents", "no spaces", "marks out of order", "unseen"],
)
def test_captions_of_a_million_letters(engine: Engine, caption: str) -> None:
    """Marks out of order took hours: a caption could stop a run."""
    engine.execute("create or replace temp table keywords (keyword varchar)")
    engine.insert("keywords", pa.table({"keyword": ["teapot", "Straße", "茶壶"]}))
    engine.run(sqlset.named("keyword_pattern"))
    captions = [f"{caption}teapots", f"{caption} TEAPOT"]
    engine.execute("create or replace temp table texts (no bigint, t varchar)")
    engine.insert("texts", pa.table({"no": range(2), "t": captions}))
    start = time.process_time()
    ((pattern,),) = engine.rows("select pattern from keyword_pattern")
    engine.set_variables(keyword_pattern=pattern)
    found = engine.rows(f"select {HOLDS} from ({READ}) group by no order by no")
    assert [hit for (hit,) in found] == [False, True]
    assert time.process_time() - start < 60


@pytest.mark.parametrize("name", quickly(1, ["laion400m_10000", "laion2B_multi_9461"]))
def test_real_captions_as_plain_python_finds_them(
    engine: Engine, shared_data: Path, name: str
) -> None:
    texts = pq.read_table(shared_data / "real" / f"{name}.parquet", columns=["TEXT"])[0]
    captions = [text or "" for text in texts.to_pylist()]
    draw = random.Random(11)
    tokens = [token for text in draw.sample(captions, 40) for token in text.split()]
    # whole words, their beginnings (words elsewhere, or none), and the same in capitals
    words = [*tokens, *(t[: len(t) // 2] for t in tokens), *(t.upper() for t in tokens[:50])]
    words = [word for word in words if len(word) > 1]
    engine.execute("create or replace temp table keywords (keyword varchar)")
    engine.insert("keywords", pa.table({"keyword": words}))
    engine.run(sqlset.named("keyword_pattern"))
    engine.execute("create or replace temp table texts (no bigint, t varchar)")
    engine.insert("texts", pa.table({"no": range(len(captions)), "t": captions}))
    ((pattern,),) = engine.rows("select pattern from keyword_pattern")
    engine.set_variables(keyword_pattern=pattern)  # a constant is compiled once
    found = engine.rows(f"select {HOLDS} from ({READ}) group by no order by no")
    plain = {folded_word(word) for word in words}
    expected = [holds_any(caption, plain) for caption in captions]
    differ = sum(hit != wanted for (hit,), wanted in zip(found, expected, strict=True))
    assert (differ, 0 < sum(expected) < len(captions)) == (0, True)


@pytest.mark.slow
def test_scripts_without_spaces_are_the_same_to_sql_verify_and_the_oracle(engine: Engine) -> None:
    engine.execute("create or replace temp table keywords as select 'q' as keyword")
    engine.run(sqlset.named("keyword_pattern"))
    ((pattern,),) = engine.rows("from keyword_pattern")
    ours = [c for c in letters() if unicodedata.category(c)[0] in "LMN"]
    engine.execute("create or replace temp table letters (letter varchar)")
    engine.insert("letters", pa.table({"letter": ours}))
    found = engine.rows(
        "select letter from letters where regexp_matches(letter || 'q', $p)", {"p": pattern}
    )
    beside = {letter for (letter,) in found}
    assert len(beside) > 90_000  # Han alone
    assert beside == {c for c in ours if oracle._apart(c, "q")}
    assert beside == {c for c in ours if is_unspaced(c)}


BLANKS = st.lists(st.sampled_from(sorted(WHITE)), min_size=1, max_size=3).map("".join)
HIDDEN = st.text(st.sampled_from(sorted(IGNORABLE)), max_size=2)


def holds(engine: Engine, captions: list[str], keywords: list[str]) -> list[bool]:
    """What clean's SQL says of captions; verify and the oracle must say the same."""
    engine.execute("create or replace temp table keywords (keyword varchar)")
    engine.insert("keywords", pa.table({"keyword": keywords}))
    engine.run(sqlset.named("keyword_pattern"))
    engine.execute("create or replace temp table texts (no bigint, t varchar)")
    engine.insert("texts", pa.table({"no": range(len(captions)), "t": captions}))
    ((pattern,),) = engine.rows("select pattern from keyword_pattern")
    engine.set_variables(keyword_pattern=pattern)  # a constant is compiled once
    found = engine.rows(f"select coalesce({HOLDS}, false) from ({READ}) group by no order by no")
    by_sql = [hit for (hit,) in found]
    words = [word for k in keywords if (word := folded_word(k).strip(" "))]
    assert by_sql == [holds_any(caption, words) for caption in captions]
    assert by_sql == [oracle.has_keyword(caption, keywords) for caption in captions]
    return by_sql


@pytest.mark.slow
@settings(max_examples=15)
@given(BLANKS, BLANKS, HIDDEN, HIDDEN)
def test_white_space_is_one_blank_and_what_is_unseen_hides_nothing(
    engine: Engine, ours: str, theirs: str, a: str, b: str
) -> None:
    captions = [f"a tea{a}{ours}{b}pot!", f"t{a}ea{ours}po{b}t", f"tea{ours}pots", "teapot"]
    keyword = f"{b}{theirs}tea{theirs}{a}pot{theirs}"
    assert holds(engine, captions, [keyword]) == [True, True, False, False]


@pytest.mark.slow
def test_each_blank_and_each_unseen_letter(engine: Engine) -> None:
    assert len(WHITE) == 25
    blanks, hidden = sorted(WHITE), sorted(IGNORABLE)
    assert all(holds(engine, [f"red tea{c}pot" for c in blanks], ["tea pot"]))
    assert all(holds(engine, [f"red tea{c}pot" for c in hidden], ["teapot"]))
    # one that may part words hides none beside it; a soft hyphen and marks are within words
    beside = holds(engine, [f"red{c}teapot" for c in hidden], ["teapot"])
    within = {c for c, hit in zip(hidden, beside, strict=True) if not hit}
    assert within == {c for c in hidden if c == "\xad" or unicodedata.category(c) == "Mn"}


LOOSE = st.text("tea\u200b\u00ad\u0301\u034f\u3164 \n\u00a0茶é\x1f\ufe0f-9", max_size=9)


@pytest.mark.slow
@settings(max_examples=15)
@given(st.lists(LOOSE, min_size=1, max_size=40), st.lists(LOOSE, min_size=1, max_size=3))
def test_sql_verify_and_the_oracle_agree_on_blanks(
    engine: Engine, captions: list[str], keywords: list[str]
) -> None:
    holds(engine, captions, keywords)


@pytest.mark.parametrize("blank", ["\ufeff", "\u00a0", "\u200b", "\u3000", "\u2060\t"])
def test_ends_of_the_lines_of_a_keyword_file_do_not_count(tmp_path: Path, blank: str) -> None:
    path = tmp_path / "words"
    lines = [f"{blank}tea pot{blank}", blank, f"{blank}# a remark", "cup"]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert read_words(path).words == ("tea pot", "cup")
    assert read_to_verify(path).words == ("cup", "tea pot")
    assert read_to_verify(path).sha256 == read_words(path).sha256


@pytest.mark.slow
def test_verify_folds_a_million_marks_in_time(engine: Engine) -> None:
    caption = "a red teapot" + "".join(random.Random(1).choices("\u0301\u0323\u0345", k=1_000_000))
    start = time.process_time()
    assert not holds_any(caption, ["teapot"])  # marks touch it
    assert holds_any(caption, ["red"])
    assert time.process_time() - start < 60
    assert folded(engine, [caption]) == [folded_word(caption)]
