"""No value of a list stands in what is said of it, wherever in the file it stood."""

import base64
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relaion.lists.delivery import read_columns, read_where
from relaion.lists.readers.format import Options
from relaion.lists.readers.vocabulary.spelling import words_in
from tests.list_samples import Outcome, read_list

DIGEST = "9b74c9897bac770ffc029102a200c5de"
LONG = DIGEST + "ffeeddcc" + DIGEST[:24]
PLANTED = (
    DIGEST, DIGEST.upper(), DIGEST[:31], LONG, LONG[:40], f"md5:{DIGEST}", f"0x{DIGEST}",
    f'="{DIGEST}', f"{DIGEST[:8]}-{DIGEST[8:16]}-{DIGEST[16:24]}-{DIGEST[24:]}",
    " ".join(re.findall("..", DIGEST)), ":".join(re.findall("..", DIGEST)),
    base64.b64encode(bytes.fromhex(DIGEST)).decode(),
    base64.b64encode(bytes.fromhex(DIGEST)).decode().rstrip("="),
    base64.b32encode(bytes.fromhex(LONG[:40])).decode().lower(),
    "https://zqwfpb.example/secret-zqwfpb.jpg", "hxxps://zqwfpb[.]example/secret.jpg",
    "zqwfpb.example/secret.jpg", "www.zqwfpb.example", "//zqwfpb.example/a", "zqwfpb.example",
    "-8123456789012345678", "8123456789012345678", "someone@zqwfpb.example",
    "see https://zqwfpb.example/secret.jpg there", f"found {DIGEST} again",
)  # fmt: skip
"""Values, and what holds one."""
PARTS = ("9b74c989", "9B74C989", "9b 74", "9b:74", "zqwfpb", "8123456", "m3TJiXus", "tn2mtcl3vr")
WORDS = words_in("md5 url status active removed type pdq 7 note hash A - report_url md4 deleted")
CELLS = (*PLANTED, *sorted(WORDS))
PLACES = (
    "{v}\n",
    "{v}\n{v}\n{v}\n",
    "{v}\n{v}\n{v}\n{v}\n{v}\n",
    "# {v}\n{d}\n",
    "{v},md5\nx,{d}\n",
    "md5,{v}\n{d},x\n",
    "md5,status\n{d},{v}\n",
    "md5,status\n{d},active\n{d},{v}\n",
    "md5,category\n{d},{v}\n",
    "md5,deleted\n{d},{v}\n",
    "md5,type\n{d},{v}\n",
    "value,type\n{d},{v}\n",
    "type,value\n{v},{d}\n",
    "md5,media type\n{d},{v}\n",
    "md5,algorithm\n{d},{v}\n",
    "md5,note\n{d},{v}\n",
    "md5,status {v}\n{d},maybe\n",
    "status,{v}\nmaybe,{d}\n",
    "pdq {v},nr\n{l},1\n",
    "{v} md5,nr\n{d},1\n",
    "md5,first_seen\n{d},{v}\n",
    "{v}\t{v}\t{d}\n",
    "{d};{v};removed\n",
    "{v} = {d}\n",
    "MD5 ({v}) = {d}\n",
    "{d}  {v}\n",
    "{d} *{v}.mp4\n",
    "0.0.0.0 {v}\n",
    "||{v}^\n",
    "+{v}\n-{d}\n",
    "[{v}]\n",
    "<{v}>\n",
    "{v}|{d}\n",
    "%%%% HASHDEEP-1.0\n%%%% size,{v},filename\n1,{d},a.jpg\n",
    "md5,reason\n{d},{v}\n",
    "%%%% HASHDEEP-1.0\n{v}\n",
    " CDX N {v} a\n{d}\n",
    "Algorithm : {v}\nHash : {d}\nPath : {v}\n",
    '{{"{v}": "{d}"}}\n',
    "<a>{v}</a>\n",
    "url,page_url\n{v},{v}\n",
    "{v},{v}\n{d},{d}\n",
    "{l},{v}\n{l},{v}\n",
    "md5,{v}\n{d},{l}\n{d},{l}\n",
    "SHA9 ({v}) = {d}\n",
    "{v}:17\n{v}:2\n",
)


def _told(outcome: Outcome) -> str:
    found = outcome.found
    decided = found.decided if found else {}
    skipped = found.tally.skipped | found.tally.unusable if found else {}
    return repr((outcome.refused, outcome.notices, decided, dict(skipped), found and found.form))


def _tells(outcome: Outcome) -> list[str]:
    said = _told(outcome)
    return [part for part in PARTS if part in said]


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("place", PLACES)
def test_no_value_is_told(place: str, every: bool) -> None:
    """Of each value at each place; or of every sixth, another at each place."""
    for value in PLANTED if every else PLANTED[PLACES.index(place) % 6 :: 6]:
        text = place.format(v=value, d=DIGEST, l=LONG).encode()
        for name in ("list.txt", "list.csv"):
            outcome = read_list(text, name)
            assert _tells(outcome) == [], f"{value} {outcome}"


@settings(max_examples=150)
@given(
    st.lists(st.lists(st.sampled_from(CELLS), min_size=1, max_size=5), max_size=6),
    st.sampled_from(",;\t| "), st.sampled_from(("list.txt", "list.csv")),
    st.sampled_from((None, "image_md5", "url", "host", "row_hash", "url_sha1")),
)  # fmt: skip
def test_no_value_is_told_of_any_table(
    rows: list[list[str]], delimiter: str, name: str, kind: str | None
) -> None:
    text = "".join(delimiter.join(row) + "\n" for row in rows).encode()
    scope = "host" if kind == "host" else None
    outcome = read_list(text, name, Options(kind=kind, scope=scope))
    assert _tells(outcome) == [], outcome


@pytest.mark.parametrize("value", PLANTED)
def test_no_value_is_told_where_columns_are_chosen(value: str) -> None:
    text = f"md5,{value},status\n{DIGEST},{value},{value}\n".encode()
    for options in (
        Options(where=read_where(["none=a"])),
        Options(columns=read_columns(["sha1=2"])),
        Options(where=read_where(["status=active"])),
        Options(columns=read_columns(["md5=9"])),
        Options(ignore=frozenset(("status",))),
    ):
        outcome = read_list(text, "list.csv", options)
        assert _tells(outcome) == [], outcome
