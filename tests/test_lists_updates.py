"""Deliveries that bring a list up to date: what was added, what was taken back, what stays."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from relaion.engine import connect
from relaion.errors import InputError, ListError
from relaion.lists import store
from relaion.lists.results import Added, ListChanges
from tests.drawn import quickly

DIGESTS = [f"{i:032x}" for i in range(1, 40)]
A, B, C, D, E = (pair * 16 for pair in ("ab", "bc", "cd", "de", "ef"))


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    return tmp_path / "lists.duckdb"


def deliver(lists: Path, *rows: str, name: str = "list.csv", **options: Any) -> Added:
    path = lists.with_name(name)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    options.setdefault("source", None if "update" in options else "A partner")
    return store.add(lists, [path], **options)


def held(lists: Path) -> set[tuple[int, str]]:
    with connect(lists, read_only=True) as engine:
        return set(engine.rows("select list_id, digest from entries"))


def test_a_delta_adds_and_takes_back(lists: Path) -> None:
    deliver(lists, "md5", A, B, C)
    added = deliver(lists, "action,md5", f"ADD,{D}", f"REMOVE,{B}", f"ADD,{A}", update=1)
    assert added.changes == ListChanges(added=1, retracted=1, unchanged=1)
    assert (added.list_id, added.replaces, added.retracted) == (2, 1, 1)
    assert held(lists) == {(1, A), (1, C), (2, D)}
    assert added.read == added.new + added.known + added.duplicate + added.retracted
    after = deliver(lists, "action,md5", f"REMOVE,{D}", f"REMOVE,{A}", update=1)
    assert after.changes == ListChanges(added=0, retracted=2, unchanged=0)
    assert held(lists) == {(1, C)}


def test_a_whole_list_stores_only_what_is_new(lists: Path) -> None:
    deliver(lists, "md5", *DIGESTS[:20])
    added = deliver(lists, "md5", *DIGESTS[2:25], update=1, full=True)
    assert added.changes == ListChanges(added=5, retracted=2, unchanged=18)
    assert held(lists) == {(1, d) for d in DIGESTS[2:20]} | {(2, d) for d in DIGESTS[20:25]}
    again = deliver(lists, "md5", *DIGESTS[2:24], update=2, full=True)
    assert again.changes == ListChanges(added=0, retracted=1, unchanged=22)
    assert held(lists) == {(1, d) for d in DIGESTS[2:20]} | {(2, d) for d in DIGESTS[20:24]}


def test_what_was_taken_back_and_another_list_holds_is_told(lists: Path) -> None:
    deliver(lists, "md5", A, B, C)
    deliver(lists, "md5", B, C, source="Another")
    added = deliver(lists, "action,md5", f"REMOVE,{A}", f"REMOVE,{B}", update=1)
    assert added.changes == ListChanges(added=0, retracted=2, unchanged=0)
    assert held(lists) == {(1, C), (2, B), (2, C)}
    assert any("other lists of the store hold: 1; they stay listed" in x for x in added.notices)


def test_a_delivery_of_another_givers_format_is_told(lists: Path) -> None:
    indicator = {"type": "indicator", "modified": "2024-01-01T00:00:00Z", "pattern_type": "stix"}

    def bundle(n: int, digest: str) -> str:
        pattern = f"[file:hashes.MD5 = '{digest}']"
        objects = [indicator | {"id": f"indicator--{n}", "pattern": pattern}]
        return json.dumps({"type": "bundle", "objects": objects})

    deliver(lists, bundle(1, A))
    same = deliver(lists, bundle(2, B), update=1)
    assert not any("right list" in x for x in same.notices)
    other = deliver(lists, "md5", C, update=1)
    assert any("as stix so far, and this delivery as csv: check" in x for x in other.notices)


def test_an_update_touches_no_other_list(lists: Path) -> None:
    deliver(lists, "md5", A, B)
    deliver(lists, "md5", A, C, source="Another")
    deliver(lists, "md5", B, update=1, full=True)
    assert held(lists) == {(1, B), (2, A), (2, C)}


def test_ids_tell_which_record_is_taken_back(lists: Path) -> None:
    deliver(lists, "id,md5,status", f"7,{A},active", f"8,{A},active", f"9,{B},active")
    deliver(lists, "id,md5,status", f"7,{A},removed", f"9,{B},removed", update=1)
    assert held(lists) == {(1, A)}, "another record of the giver still lists it"
    deliver(lists, "id,md5,status", f"8,{A},removed", update=1)
    assert held(lists) == set()
    first = lists.with_name("other.duckdb")
    one = deliver(first, "id,md5,status", f"7,{A},active", f"8,{A},removed")
    assert one.entries == {"image_md5": 1}
    with pytest.raises(ListError, match="nothing in it can be an entry"):
        deliver(first, "id,md5,status", f"7,{A},active", f"7,{A},removed", source="B")


@pytest.mark.parametrize("column", quickly(2, ["status", "note", "entfernt"]))
def test_an_id_alone_takes_its_record_back(lists: Path, column: str) -> None:
    word = "ja" if column == "entfernt" else "removed"
    deliver(lists, "id,md5,seen", f"1,{A},x", f"2,{B},x", f"3,{A},x", keep_ids=True)
    added = deliver(lists, f"id,md5,{column}", f"1,,{word}", f"2,,{word}", f"4,{C},", update=1)
    assert held(lists) == {(1, A), (2, C)}, "record 3 still lists what record 1 did"
    assert added.changes == ListChanges(added=1, retracted=1, unchanged=0)
    assert (added.records, added.used, added.lost) == (3, 1, {"marked as taken back": 2})
    assert not any("took nothing back" in notice for notice in added.notices)
    if column != "note":
        assert added.decided[column][word] == 2
    added = deliver(lists, f"id,md5,{column}", f"3,,{word}", f"9,,{word}", "5,,", update=2)
    assert held(lists) == {(2, C)}
    assert any("1 of them took nothing back" in notice for notice in added.notices)
    assert added.lost == {"marked as taken back": 2, "no link or hash": 1}


def test_within_a_delivery_the_later_record_holds(lists: Path) -> None:
    added = deliver(lists, "action,md5", f"ADD,{A}", f"REMOVE,{A}", f"REMOVE,{B}", f"ADD,{B}")
    assert held(lists) == {(1, B)}
    assert (added.read, added.new, added.retracted) == (4, 1, 3)


def test_the_next_delivery_needs_no_flags(lists: Path) -> None:
    rows = ["nr;stand;wert", f"1;1;{A}", f"2;2;{B}", f"3;8;{C}"]
    deliver(lists, *rows, label="privacy", columns=["md5=wert"], where=["stand=1,2"])
    assert held(lists) == {(1, A), (1, B)}
    added = deliver(lists, *rows, f"4;1;{D}", f"5;8;{E}", update=1, full=True)
    assert (added.source, added.label, added.changes) == (
        "A partner",
        "privacy",
        ListChanges(1, 0, 2),
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"update": 5}, "--update: .* has no list 5; its lists: 1"),
        ({"full": True}, "--full: is for --update"),
        ({"update": 1, "role": "good"}, "--role good: list 1 is bad; withdraw it"),
        ({"source": None}, "--source: say who sent the list"),
    ],
)
def test_what_makes_no_sense_is_said(lists: Path, options: dict[str, Any], said: str) -> None:
    deliver(lists, "md5", A)
    before = lists.read_bytes()
    with pytest.raises(InputError, match=said):
        deliver(lists, "md5", B, **options)
    assert lists.read_bytes() == before


def test_a_dry_run_counts_and_stores_nothing(lists: Path) -> None:
    added = deliver(lists, "md5", A, B, dry_run=True)
    assert (added.added, added.dry_run, added.entries) == (False, True, {"image_md5": 2})
    assert {p.name for p in lists.parent.iterdir()} == {"list.csv"}
    deliver(lists, "md5", A)
    before = lists.read_bytes()
    tried = deliver(lists, "md5", A, B, dry_run=True, update=1, full=True)
    assert tried.changes == ListChanges(1, 0, 1)
    assert lists.read_bytes() == before


def test_a_withdrawn_list_leaves_its_trace(lists: Path) -> None:
    deliver(lists, "md5", A, B, title="June")
    store.withdraw(lists, 1)
    assert store.show(lists) == ()
    (trace,) = store.show(lists, history=True)
    assert (trace.title, trace.entries, trace.read) == ("June", {"image_md5": 2}, 2)
    assert trace.withdrawn is not None
    assert deliver(lists, "md5", A, B, title="June").list_id == 2, "it may come again"


def test_traits_are_kept_once(lists: Path) -> None:
    rows = [f"{d},A1,{2000 + i % 2}" for i, d in enumerate(DIGESTS)]
    deliver(lists, "md5,severity,first seen", *rows)
    with connect(lists, read_only=True) as engine:
        assert engine.rows("select severity, first_seen from traits order by all") == [
            ("A1", "2000"), ("A1", "2001"),
        ]  # fmt: skip
        n = "select count(*) from entries natural join traits where first_seen = '2001'"
        assert engine.rows(n) == [(19,)]


def test_ids_are_kept_as_digests_unless_asked_for(lists: Path) -> None:
    deliver(lists, "media id,md5", f"case-17,{A}")
    assert b"case-17" not in lists.read_bytes()
    deliver(lists, "media id,md5", f"case-18,{B}", keep_ids=True)
    with connect(lists, read_only=True) as engine:
        assert engine.rows("select giver_id from records order by list_id") == [
            (None,),
            ("case-18",),
        ]


def test_unusable_digests_are_counted(lists: Path) -> None:
    pdq = "f0" * 32
    added = deliver(lists, "md5,pdq", f"{A},{pdq}", f"{B},{pdq}")
    assert added.unusable == {"pdq": 2}
    assert store.open_store(lists).lists[0].unusable == {"pdq": 2}


def test_of_a_chain_the_newest_is_withdrawn_first(lists: Path) -> None:
    deliver(lists, "md5", A, B)
    deliver(lists, "md5", A, C, update=1, full=True)
    with pytest.raises(InputError, match="list 2 brought it up to date"):
        store.withdraw(lists, 1)
    assert store.withdraw(lists, 2).notices
    assert held(lists) == {(1, A)}
    store.withdraw(lists, 1)
    assert held(lists) == set()


@pytest.mark.slow
def test_a_whole_list_again_takes_no_more_room(lists: Path) -> None:
    many = [f"{i * 7919:032x}" for i in range(1, 300_000)]
    deliver(lists, "md5", *many)
    before = lists.stat().st_size
    changed = [*many[10:], *DIGESTS[:10]]
    assert deliver(lists, "md5", *changed, update=1, full=True).changes is not None
    assert lists.stat().st_size < 1.2 * before
    assert len(held(lists)) == len(changed)


def test_a_trait_is_words_a_day_or_a_number_and_never_what_may_be_an_entry(lists: Path) -> None:
    link = "https://listed.example/a.jpg"
    rows = [f"{A},{link},2024-05-06T07:08:09Z,0.95", f"{B},IWF,2024-05-06T10:11:12Z,0.95"]
    deliver(lists, "md5,reporter,first seen,confidence", *rows)
    assert b"listed.example" not in lists.read_bytes()
    with connect(lists, read_only=True) as engine:
        told = engine.rows("select first_seen, confidence, given_by from traits order by all")
    assert told == [("2024-05-06", "0.95", "IWF"), ("2024-05-06", "0.95", None)]


def test_traits_go_with_their_list_and_give_no_number_twice(lists: Path) -> None:
    deliver(lists, "md5,severity", f"{A},grave", f"{B},grim")
    deliver(lists, "md5,severity", f"{C},grim", source="B")
    store.withdraw(lists, 1)
    assert b"grave" not in lists.read_bytes()
    deliver(lists, "md5,severity", f"{D},grave", f"{E},new", source="C")
    with connect(lists, read_only=True) as engine:
        told = engine.rows("select digest, severity from entries natural join traits order by all")
    assert told == [(C, "grim"), (D, "grave"), (E, "new")]


@pytest.mark.slow
def test_many_traits_are_stored_together(lists: Path) -> None:
    many = [f"{i * 7919:032x},{i + 100_000}" for i in range(1, 20_001)]
    deliver(lists, "md5,confidence", *many)
    with connect(lists, read_only=True) as engine:
        assert engine.rows("select count(*) from traits") == [(20_000,)]


def test_a_score_that_a_later_one_makes_low_is_not_passed_over(lists: Path) -> None:
    """Also where it stands behind as many figures as are kept."""
    scores = [*(50 + i / 1000 for i in range(5000)), 35, 36, 35, 95]
    rows = [f"{i * 7919 + 2**100:032x},{score}" for i, score in enumerate(scores)]
    with pytest.raises(ListError, match=r"column 2 \(score\) .* is low in 2 or more rows"):
        deliver(lists, "md5,score", *rows)


def test_what_stands_below_a_title_that_takes_back_leaves_the_list(lists: Path) -> None:
    deliver(lists, A, B, C, name="list.txt")
    added = deliver(lists, "# added", D, "# removed", B, name="delta.txt", update=1)
    assert added.changes == ListChanges(added=1, retracted=1, unchanged=0)
    assert held(lists) == {(1, A), (1, C), (2, D)}
    deliver(lists, "# withdrawn", A, name="delta.txt", update=2)
    deliver(lists, D, name="removals-2024-05.txt", update=3)
    assert held(lists) == {(1, C)}


def test_a_note_that_takes_back_leaves_the_list(lists: Path) -> None:
    link = "https://pictures.example/one.jpg"
    deliver(lists, A, B, D, link, name="list.txt")
    back = [f"{B} # removed", f"{link} # removed", f"{D} (widerrufen)"]
    deliver(lists, C, E, *back, name="delta.txt", update=1)
    assert held(lists) == {(1, A), (2, C), (2, E)}


def test_a_digest_is_taken_back_whatever_it_is_of(lists: Path) -> None:
    deliver(lists, "url_md5", A, B, name="list.csv")
    deliver(lists, "# removed", B, name="delta.txt", update=1)
    assert held(lists) == {(1, A)}


@pytest.mark.parametrize(
    "value",
    quickly(5, [
        "https://a.example/a,b.jpg", "https://a.example/a(1).jpg", "https://a.example/my pic.jpg",
        "a.example/x.jpg", "https://a.example/b.jpg seen in May", f"0x{A}", f"md5:{A}", A.upper(),
        f"{A}  my pic.jpg", f"MD5 (x.jpg) = {A}", f"{A},a note", f"* {A}",
    ]),
)  # fmt: skip
def test_what_stands_below_a_title_is_read_as_what_is_listed(lists: Path, value: str) -> None:
    first = value if "example" in value else A
    deliver(lists, first, B, name="list.txt")
    added = deliver(lists, "# REMOVED 01.05.2024", value, name="list.txt", update=1)
    assert (held(lists), added.retracted) == ({(1, B)}, 1)
    assert added.records == added.used + sum(added.lost.values()) == 1


@pytest.mark.parametrize(
    ("scope", "value", "other"),
    [("host", "a.example", "b.example"), ("prefix", "a.example/x/", "b.example/y/")],
)
def test_hosts_and_prefixes_below_a_title_leave_the_list(
    lists: Path, scope: str, value: str, other: str
) -> None:
    deliver(lists, value, other, scope=scope)
    added = deliver(lists, "# removed", value, name="list.txt", update=1, scope=scope)
    assert (len(held(lists)), added.retracted) == (1, 1)


def test_the_names_of_columns_hold_below_a_title(lists: Path) -> None:
    deliver(lists, "id,md5", f"1,{A}", f"2,{A}", f"3,{B}")
    deliver(lists, "id,md5", f"4,{C}", "Removed:", f"1,{A}", f"3,{B}", update=1)
    assert held(lists) == {(1, A), (2, C)}, "record 2 still lists what record 1 did"


def test_the_name_of_one_delivery_is_ignored_in_that_alone(lists: Path) -> None:
    deliver(lists, A, B, name="removed.txt", ignore=["file-name"])
    deliver(lists, B, name="removed.txt", update=1)
    assert held(lists) == {(1, A)}


def test_a_whole_list_that_has_nothing_in_common_is_another_list(lists: Path) -> None:
    deliver(lists, "md5", A, B)
    before = lists.read_bytes()
    with pytest.raises(ListError, match=r"nothing in common with list 1, .* all 2 entries"):
        deliver(lists, "md5", C, D, update=1, full=True)
    assert lists.read_bytes() == before
    assert deliver(lists, "md5", C, A, update=1, full=True).changes == ListChanges(1, 1, 1)


@pytest.mark.parametrize("where", quickly(1, [["status=active"], []]))
def test_a_word_of_what_is_listed_no_longer_leaves_the_list(
    lists: Path, where: Sequence[str]
) -> None:
    words = ["removed", "false positive", "disputed", "rejected", "pending", "widerrufen"]
    gone = DIGESTS[: len(words)]
    deliver(lists, "md5,status", *(f"{d},active" for d in (*gone, B)), where=where)
    for i, word in enumerate(words):
        rows = f"{DIGESTS[-1 - i]},active", f"{gone[i]},{word}"
        added = deliver(lists, "md5,status", *rows, update=1)
        assert added.changes == ListChanges(added=1, retracted=1, unchanged=0)
        assert {d for n, d in held(lists) if n == 1} == {*gone[i + 1 :], B}


def test_a_word_that_nobody_chose_leaves_the_list_and_is_told(lists: Path) -> None:
    deliver(lists, "md5,status", f"{A},active", f"{B},active", where=["status=active"])
    added = deliver(lists, "md5,status", f"{C},active", f"{A},zarquon", update=1)
    assert added.skipped == {"not chosen by --where": 1}
    assert held(lists) == {(1, B), (2, C)}
    assert "left the list: 1" in added.notices[-1]


@pytest.mark.parametrize("name", ["status", "note"])
def test_what_an_ignored_column_takes_back_is_told(lists: Path, name: str) -> None:
    deliver(lists, f"md5,{name}", f"{A},active", f"{B},active", ignore=[name])
    added = deliver(lists, f"md5,{name}", f"{C},active", f"{A},removed", update=1)
    assert added.notices == (
        f"column 2 ({name}) is ignored, and says of rows that they are not listed: removed: 1",
    )
    assert held(lists) == {(1, A), (1, B), (2, C)}


def test_a_note_that_may_take_back_changes_nothing(lists: Path) -> None:
    deliver(lists, A, B, name="list.txt")
    before = lists.read_bytes()
    with pytest.raises(ListError, match="say --ignore remark"):
        deliver(lists, C, f"{A} # content removed by host", name="delta.txt", update=1)
    assert lists.read_bytes() == before


@pytest.mark.parametrize("keep_ids", quickly(1, [False, True]))
@pytest.mark.parametrize(
    ("first", "whole", "delta"),
    [
        ([f"7,{A},", f"8,{B},"], [f"17,{A},", f"8,{B},"], f"17,{A},removed"),
        ([f"7,{A},", f"8,{B},"], [f"17,{A},", f"8,{B},"], "17,,removed"),
        ([f"7,{A},", f"9,{A},", f"8,{B},"], [f"9,{A},", f"8,{B},"], f"9,{A},removed"),
        ([f"7,{A},", f"8,{B},"], [f"8,{A},", f"7,{B},"], "8,,removed"),
    ],
)
def test_a_whole_list_says_anew_which_ids_its_entries_have(
    lists: Path, *, keep_ids: bool, first: list[str], whole: list[str], delta: str
) -> None:
    deliver(lists, "id,md5,status", *first, keep_ids=keep_ids)
    deliver(lists, "id,md5,status", *whole, update=1, full=True)
    added = deliver(lists, "id,md5,status", f"20,{C},", delta, update=1)
    assert added.changes == ListChanges(added=1, retracted=1, unchanged=0)
    assert {digest for _, digest in held(lists)} == {B, C}


def test_a_whole_list_keeps_what_another_id_still_lists(lists: Path) -> None:
    deliver(lists, "id,md5,status", f"7,{A},", f"9,{A},", f"8,{B},")
    deliver(lists, "id,md5,status", f"7,{A},", f"9,{A},", update=1, full=True)
    deliver(lists, "id,md5,status", f"20,{C},", f"9,{A},removed", update=1)
    assert {digest for _, digest in held(lists)} == {A, C}


def test_what_where_chooses_no_more_leaves_the_list(lists: Path) -> None:
    deliver(lists, "md5,category", f"{A},1", f"{B},1", f"{C},1", where=["category=1"])
    added = deliver(lists, "md5,category", f"{A},8", f"{B},5", f"{B},1", f"{D},1", update=1)
    assert added.changes == ListChanges(added=1, retracted=1, unchanged=1)
    assert held(lists) == {(1, B), (1, C), (2, D)}, "another record of B is chosen"
    assert any(
        "--where does not choose in this delivery, left the list: 1" in n for n in added.notices
    )
    last = deliver(lists, "md5,category", f"{C},8", update=1)
    assert last.changes == ListChanges(added=0, retracted=1, unchanged=0)
    with pytest.raises(ListError, match="check the words of --where"):
        deliver(lists, "md5,category", f"{E},8", update=1)


def test_a_regraded_record_is_known_by_its_id(lists: Path) -> None:
    deliver(lists, "id,md5,category", f"7,{A},1", f"8,{A},1", where=["category=1"])
    deliver(lists, "id,md5,category", f"7,{A},8", f"9,{B},1", update=1)
    assert held(lists) == {(1, A), (2, B)}, "another record of the giver still lists it"
    deliver(lists, "id,md5,category", f"8,{A},8", f"9,{B},1", update=1)
    assert held(lists) == {(2, B)}


@pytest.mark.parametrize(
    "rows", [[f"- {A}"], [f"-{A}", B], [f"* - {A}"], ["- https://ex.example/a"]]
)
def test_dashes_alone_are_asked_for_in_an_update(lists: Path, rows: list[str]) -> None:
    deliver(lists, A, B, C, name="list.txt")
    with pytest.raises(ListError, match="say --format changes if they take back"):
        deliver(lists, *rows, name="update.txt", update=1)


def test_dashes_that_take_back_by_choice(lists: Path) -> None:
    deliver(lists, A, B, C, name="list.txt")
    deliver(lists, f"- {A}", f"-{B}", name="update.txt", update=1, file_format="changes")
    assert held(lists) == {(1, C)}


def test_files_that_came_without_update_before_are_no_silent_update(lists: Path) -> None:
    deliver(lists, "md5", A, B, C)
    later = deliver(lists, "md5", A, D)
    with pytest.raises(InputError, match=f"as list {later.list_id}, which brings no list 1 up to"):
        deliver(lists, "md5", A, D, update=1, full=True)
    assert held(lists) == {(1, A), (1, B), (1, C), (2, A), (2, D)}
    store.withdraw(lists, later.list_id)
    deliver(lists, "md5", A, D, update=1, full=True)
    assert held(lists) == {(1, A), (3, D)}
    assert not deliver(lists, "md5", A, D, update=1, full=True).added  # said once more


def test_a_whole_list_that_came_before_is_the_list_again(lists: Path) -> None:
    deliver(lists, "md5", A, B, C)
    deliver(lists, "md5", E, update=1)
    assert not any("stays out" in notice for notice in deliver(lists, "md5", A, B, C).notices)
    deliver(lists, "md5", A, D, update=1, full=True)
    stale = deliver(lists, "md5", A, B, C)
    assert not stale.added
    assert "what list 3 took back of it stays out" in stale.notices[0]
    again = deliver(lists, "md5", A, B, C, update=1, full=True)
    assert again.changes == ListChanges(added=2, retracted=1, unchanged=1)
    assert {digest for _, digest in held(lists)} == {A, B, C}
    assert not deliver(lists, "md5", A, B, C, update=1, full=True).added  # said once more


def test_what_came_as_a_part_is_read_anew_as_the_whole_list(lists: Path) -> None:
    deliver(lists, "md5", A, B)
    deliver(lists, "md5", C, D, update=1)
    assert not deliver(lists, "md5", C, D, update=1).added
    deliver(lists, "action,md5", f"REMOVE,{C}", update=1)
    deliver(lists, "md5", C, D, update=1)
    assert {digest for _, digest in held(lists)} == {A, B, C, D}, "it was taken back in between"
    deliver(lists, "md5", D, C, update=1)
    with pytest.raises(ListError, match="another"):
        deliver(lists, "md5", E, update=1, full=True)
    deliver(lists, "md5", D, C, update=1, full=True)
    assert {digest for _, digest in held(lists)} == {C, D}


@pytest.mark.parametrize("is_first", [True, False])
def test_a_line_that_strikes_out_holds_wherever_it_stands(
    is_first: bool, lists: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However far from the line that lists the value, which lies in another block."""
    monkeypatch.setattr("relaion.lists.readers.containers.text.BLOCK", 1 << 16)
    others = [f"{i:032x}" for i in range(1, 20_000)]  # ten blocks
    ends = (f"{A} # removed", A) if is_first else (A, f"{A} # removed")
    added = deliver(lists, ends[0], *others, ends[1])
    assert added.entries == {"image_md5": len(others)}
    assert any("other lines strike out: 1" in notice for notice in added.notices)


def test_what_else_takes_back_is_not_said_to_be_struck_out(tmp_path: Path, lists: Path) -> None:
    struck, changes = tmp_path / "struck.txt", tmp_path / "changes.csv"
    struck.write_text(f"{A}\n~~{B}~~\n")
    changes.write_text(f"md5,deleted\n{C},no\n{D},no\n{C},yes\n")
    added = store.add(lists, [struck, changes], source="A partner")
    assert added.entries == {"image_md5": 2}
    assert not any("strike out" in notice for notice in added.notices)


def test_a_delivery_that_came_before_another_is_told_of(lists: Path) -> None:
    deliver(lists, "md5,status", f"{A},active", f"{B},active", received="2024-01-01")
    deliver(lists, "md5,status", f"{A},removed", update=1, received="2024-03-01")
    added = deliver(lists, "md5", A, B, C, update=1, received="2024-02-01")
    assert any("received before list 2, " in notice for notice in added.notices)
    added = deliver(lists, "md5", D, update=1, received="2024-03-01")
    assert not any("received before" in notice for notice in added.notices)
