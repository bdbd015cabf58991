"""Every published layout, and every rule about roles, as a file that people can read."""

from pathlib import Path

import pytest

from relaion.errors import InputError
from relaion.parquet.glossary import UNKNOWN
from relaion.parquet.layout import LayoutGroup
from relaion.parquet.read_shard import group_shards, read_shard
from relaion.paths import ShardPath
from relaion.roles import ROLES
from tests.layout_cases import Case, all_cases, table, write

CASES = all_cases()
PUBLISHED = [case for case in CASES if case.name < "40"]


def group(case: Case, folder: Path) -> LayoutGroup:
    shard = write(folder / f"{case.name}.parquet", table(case.lines))
    needs_link = bool(case.error) or any(line.role == "url" for line in case.lines)
    read = read_shard(ShardPath(shard, "s"), case.said, needs_link=needs_link)
    (only,) = group_shards([read])
    return only


@pytest.mark.parametrize("case", [c for c in CASES if not c.error], ids=lambda c: c.name)
def test_roles_are_as_the_case_says(case: Case, tmp_path: Path) -> None:
    layout = group(case, tmp_path).layout
    assert [c.name for c in layout.columns] == [line.name for line in case.lines]
    for column, line in zip(layout.columns, case.lines, strict=True):
        role, _, encoding = line.role.partition(" ")
        assert column.type == line.type
        if role in ROLES:
            assert (column.role, column.encoding or "") == (role, encoding), line
            assert column.why
        else:
            assert column.role is None, (line, column.why)
            assert bool(column.why) is (role == "refused"), (line, column.why)
            assert role in ("-", "refused"), line
        assert line.why in column.why
        assert "\n" not in column.why


@pytest.mark.parametrize("case", [c for c in CASES if c.error], ids=lambda c: c.name)
def test_refusals_are_as_the_case_says(case: Case, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        group(case, tmp_path)
    text = str(caught.value)
    assert case.error in text
    assert text.startswith(str(tmp_path / f"{case.name}.parquet: "))
    assert "\n" not in text


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_no_value_is_told(case: Case, tmp_path: Path) -> None:
    written = {
        str(value)
        for column in table(case.lines).to_pydict().values()
        for value in column
        if isinstance(value, str | bytes)
    } - {"some"}
    try:
        told = " ".join(column.why for column in group(case, tmp_path).layout.columns)
    except InputError as e:
        told = str(e)
    assert not [value for value in written if value in told]


@pytest.mark.parametrize("case", PUBLISHED, ids=lambda c: c.name)
def test_every_published_column_is_explained(case: Case, tmp_path: Path) -> None:
    columns = group(case, tmp_path).layout.columns
    assert not [c.name for c in columns if c.meaning == UNKNOWN]


def test_the_published_layouts_are_all_here() -> None:
    assert len(PUBLISHED) >= 25
    assert len({case.name for case in CASES}) == len(CASES)
