"""How a digest is written, told from values and never from names."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaion.shards.digests import WIDTHS, as_hex, form_of, judge

KINDS = {"image_md5": "md5", "image_sha1": "sha1", "image_sha256": "sha256"}


def ways(raw: bytes) -> dict[str, list[str | bytes]]:
    """Every way to write a digest that is taken."""
    b64, url64 = base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()
    b32 = base64.b32encode(raw).decode()
    texts = {
        "hex": [raw.hex(), raw.hex().upper()],
        "base64": [b64, b64.rstrip("="), url64, url64.rstrip("=")],
        "base32": [b32, b32.lower(), b32.rstrip("="), b32.rstrip("=").lower()],
    }
    both: dict[str, list[str | bytes]] = {
        form: [*written, *(text.encode() for text in written)] for form, written in texts.items()
    }
    return both | {"binary": [raw]}


@given(st.sampled_from(sorted(WIDTHS)), st.binary(min_size=32, max_size=32))
def test_every_way_is_told_and_comes_back(role: str, some: bytes) -> None:
    width = WIDTHS[role]
    raw = some[:width]
    for form, written in ways(raw).items():
        for value in written:
            assert form_of(value, width) == form
            assert as_hex(value, width, form) == raw.hex()
            for other in {"hex", "base64", "base32", "binary"} - {form}:
                assert as_hex(value, width, other) is None


@given(st.text(max_size=80) | st.binary(max_size=80), st.sampled_from(sorted(WIDTHS.values())))
def test_anything_at_all_is_a_digest_or_none(value: str | bytes, width: int) -> None:
    form = form_of(value, width)
    if form is None:
        assert as_hex(value, width, "hex") is None
    else:
        told = as_hex(value, width, form)
        assert told is not None
        assert len(bytes.fromhex(told)) == width


@pytest.mark.parametrize(
    "value",
    [
        "",
        "=" * 32,
        "0" * 31,
        "0" * 33,
        "0" * 31 + "g",
        " " + "0" * 31,
        "0" * 31 + "=",
        "٠" * 32,  # Arabic digits: digits to Python, not to a digest
        "A" * 22 + "=",  # half of its padding
        "A" * 26 + "==",
    ],
)
def test_what_only_looks_like_an_md5(value: str) -> None:
    assert form_of(value, 16) is None
    assert form_of(value.encode(), 16) is None or len(value) == 16


def test_null_is_none() -> None:
    assert as_hex(None, 16, "hex") is None


def digests(kind: str, count: int) -> list[str | bytes]:
    return [hashlib.new(kind, str(n).encode()).hexdigest() for n in range(count)]


@pytest.mark.parametrize("role", sorted(WIDTHS))
def test_half_of_the_values_decide(role: str) -> None:
    good = digests(KINDS[role], 10)
    verdict = judge(good, role)
    assert (verdict.encoding, "10 of 10" in verdict.why) == ("hex", True)
    assert "others" not in verdict.why
    half = judge(good + ["words"] * 10, role)
    assert half.encoding == "hex"
    assert "10 of 20" in half.why
    assert "the others match nothing" in half.why
    assert judge(good + ["words"] * 11, role).encoding is None


def test_empty_values_count_as_missing() -> None:
    assert judge(["", "", *digests("md5", 1)], "image_md5").why.startswith("1 of 1 ")
    assert judge(["", b""], "image_md5").encoding == "hex"
    assert "no value" in judge([], "image_md5").why


def test_several_ways_at_once_are_refused_unless_one_is_the_rule() -> None:
    raws = [hashlib.md5(str(n).encode()).digest() for n in range(30)]
    mixed: list[str | bytes] = [r.hex() for r in raws[:10]]
    mixed += [base64.b64encode(r).decode() for r in raws[10:20]]
    mixed += [base64.b32encode(r).decode() for r in raws[20:]]
    assert judge(mixed, "image_md5").encoding is None
    assert "several ways" in judge(mixed, "image_md5").why
    mostly = judge(mixed[:12], "image_md5")
    assert mostly.encoding == "hex"
    assert "10 of 12" in mostly.why


def test_a_refusal_names_the_digest_that_it_looks_like() -> None:
    assert "as long as a SHA-256" in judge(digests("sha256", 3), "image_md5").why
    assert "--column image_sha256=NAME" in judge(digests("sha256", 3), "image_sha1").why
    assert "as long as" not in judge(digests("sha512", 3), "image_md5").why
