"""The journal of a run: what is whole in it counts, and nothing else."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from relaion.run.journal import NAME, Journal


def lines(folder: Path) -> list[object]:
    return list(Journal(folder).read(lambda value: value))


def test_lines_come_back_in_order(tmp_path: Path) -> None:
    assert lines(tmp_path) == []
    Journal(tmp_path).add([{"no": 1}, {"no": 2}])
    Journal(tmp_path).add([{"no": 1, "again": "ü\n"}])
    assert lines(tmp_path) == [{"no": 1}, {"no": 2}, {"no": 1, "again": "ü\n"}]
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


def test_what_the_reader_cannot_take_is_passed_over(tmp_path: Path) -> None:
    Journal(tmp_path).add([{"no": 1}, {}, [], {"no": 2}])
    assert list(Journal(tmp_path).read(lambda value: value["no"])) == [1, 2]


@given(at=st.integers(0, 200), by=st.sampled_from(["cut", "zeroed", "changed"]), data=st.data())
def test_a_damaged_line_is_none_and_those_added_later_count(
    at: int, by: str, data: st.DataObject, tmp_path_factory: object
) -> None:
    folder = tmp_path_factory.mktemp("journal")  # type: ignore[attr-defined]
    given_values = [{"no": n, "sha256": "ab" * n} for n in range(6)]
    Journal(folder).add(given_values)
    path = folder / NAME
    raw = bytearray(path.read_bytes())
    at = min(at, len(raw) - 1)
    if by == "cut":
        del raw[at:]
    elif by == "zeroed":
        raw[at : at + 64] = bytes(len(raw[at : at + 64]))
    else:
        raw[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(raw))
    before = lines(folder)
    assert all(value in given_values for value in before)
    Journal(folder).add([{"no": 9}])
    assert lines(folder) == [*before, {"no": 9}]
