"""How a digest is written, told from values and never from names."""

import base64
import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relaion.parquet.digests import NONE, Value, form_of, judge, read_digest
from relaion.roles import WIDTHS


def as_hex(value: Value | None, width: int) -> str | None:
    """A value as lower-case hex; None for one that is no digest of `width` bytes."""
    found = None if value is None else read_digest(value, width)
    return found[1] if found else None


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
            assert as_hex(value, width) == raw.hex()


DRESSES = [
    " {}", "{} ", "\t{}\n", "\u00a0{}\u200b", "'{}'", '"{}"', "`{}`", "<{}>", "{{{}}}", "({}),",
    "md5:{}", "MD5: {}", "sha1={}", "SHA-256:{}", "urn:sha1:{}", "{{SHA}}{}", "md5sum {}", "{};",
]  # fmt: skip


# dresses of hexadecimal and base64
WRAPS = [
    "sha256-{}", "md5-{}", "md5_{}", "SHA1 - {}", "image_md5: {}", "hash: sha1={}", "b'{}'",
    'b"{}"', 'md5: b"{}"', "B'{}'", "x'{}'", "X'{}'", "u'{}'", "urn:md5_'{}',",
]  # fmt: skip


@example("image_md5", b"\xfb" * 32, "image_md5: {}")  # base64 of links begins with a dash
@example("image_md5", b"\xff" * 32, "image_md5: {}")  # and here with a stroke
@given(
    st.sampled_from(sorted(WIDTHS)),
    st.binary(min_size=32, max_size=32),
    st.sampled_from(DRESSES + WRAPS),
)
def test_what_stands_around_a_digest_does_not_hide_it(role: str, some: bytes, dress: str) -> None:
    width = WIDTHS[role]
    raw = some[:width]
    for form, written in ways(raw).items():
        for text in written:
            is_taken = form != "base32" or dress in DRESSES
            if isinstance(text, str) and is_taken:
                assert as_hex(dress.format(text), width) == raw.hex(), (dress, form)


OF_HEX = [
    "{}.jpg", "{}.PNG", "{}.tar.gz", "ab/cd/{}.webp", "/images/{}.jpg", "C:\\a\\{}.jpg", "./{}",
    "\\x{}", "\\\\x{}", "E'\\\\x{}'", "- {}", "images/sha1_x/{}.jpg",
]  # fmt: skip
NO_DRESSES = [
    "https://host.example/{}.jpg", "{}-12", "{}_2.jpg", "a{}.jpg", "{}.jpg?x=1", "{} {}",
    "{}/{}.jpg", "{}.image1", "g{}", "{}00",
]  # fmt: skip


@given(st.sampled_from(sorted(WIDTHS)), st.binary(min_size=32, max_size=32))
def test_hexadecimal_has_dresses_of_its_own(role: str, some: bytes) -> None:
    width = WIDTHS[role]
    raw = some[:width]
    for written in (raw.hex(), raw.hex().upper()):
        for dress in OF_HEX:
            assert as_hex(dress.format(written), width) == raw.hex(), dress
        for dress in NO_DRESSES:
            assert as_hex(dress.format(written, written), width) is None, dress


@given(
    st.sampled_from(sorted(WIDTHS)),
    st.binary(min_size=32, max_size=32),
    st.sampled_from([2, 4, 8]),
    st.sampled_from([" ", "  ", "\n", "\r\n  ", "\t", "\u00a0", "-", ": ", "\u200b"]),
)
def test_hexadecimal_may_stand_in_groups(role: str, some: bytes, size: int, gap: str) -> None:
    raw = some[: WIDTHS[role]]
    digits = raw.hex()
    groups = [digits[i : i + size] for i in range(0, len(digits), size)]
    assert as_hex(gap.join(groups), len(raw)) == digits
    assert as_hex("md5: " + gap.join(groups), len(raw)) == digits


@given(st.sampled_from(sorted(WIDTHS)), st.binary(min_size=32, max_size=32), st.integers(1, 20))
def test_bytes_may_be_shown_one_by_one_and_base64_over_lines(
    role: str, some: bytes, at: int
) -> None:
    raw = some[: WIDTHS[role]]
    for text in (
        "{" + ", ".join(f"0x{b:02x}" for b in raw) + "}",
        "".join(f"\\x{b:02X}" for b in raw),
        "[" + ",".join(f"{b:02x}" for b in raw) + "]",
        "b'" + "".join(f"\\x{b:02x}" for b in raw) + "'",
    ):
        assert as_hex(text, len(raw)) == raw.hex(), text
    if "\\x" in repr(raw):
        assert as_hex(repr(raw), len(raw)) == raw.hex()
    based = base64.b64encode(raw).decode()
    assert as_hex(based[:at] + "\r\n " + based[at:], len(raw)) == raw.hex()


@given(st.sampled_from(sorted(WIDTHS)), st.binary(min_size=32, max_size=32))
def test_hexadecimal_may_be_parted_and_marked(role: str, some: bytes) -> None:
    raw = some[: WIDTHS[role]]
    pairs = [f"{byte:02x}" for byte in raw]
    for text in ("0x" + raw.hex(), "\\x" + raw.hex(), "-".join(pairs), ":".join(pairs)):
        assert as_hex(text, WIDTHS[role]) == raw.hex()
    uuid = raw.hex()
    if len(raw) == 16:
        parts = (uuid[:8], uuid[8:12], uuid[12:16], uuid[16:20], uuid[20:])
        assert as_hex("{" + "-".join(parts) + "}", 16) == uuid


@given(st.text(max_size=80) | st.binary(max_size=80), st.sampled_from(sorted(WIDTHS.values())))
def test_anything_at_all_is_a_digest_or_none(value: str | bytes, width: int) -> None:
    form = form_of(value, width)
    if form is None:
        assert as_hex(value, width) is None
    else:
        told = as_hex(value, width)
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
        "-" * 32,
        "0" * 16 + "-" + "0" * 15,
        "b'" + "0" * 16 + "'",  # sixteen digits are half a digest, not its bytes
        "here is nothing\nto read, at all",
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
    assert as_hex(None, 16) is None


def digests(kind: str, count: int) -> list[str | bytes]:
    return [hashlib.new(kind, str(n).encode()).hexdigest() for n in range(count)]


@pytest.mark.parametrize("role", sorted(WIDTHS))
def test_a_column_is_described_by_its_values_and_never_barred(role: str) -> None:
    good = digests(KINDS[role], 10)
    verdict = judge(good, role)
    assert (verdict.encoding, "10 of 10" in verdict.why) == ("hex", True)
    assert "others" not in verdict.why
    few = judge(good + ["words"] * 200, role)
    assert few.encoding == "hex"
    assert "10 of 210" in few.why
    assert "the others match nothing" in few.why
    assert judge(["words"] * 11, role).encoding == NONE


def test_empty_values_count_as_missing() -> None:
    assert judge(["", "", *digests("md5", 1)], "image_md5").why.startswith("1 of 1 ")
    assert judge(["", b""], "image_md5").encoding == "hex"
    assert "no value" in judge([], "image_md5").why


def test_several_ways_at_once_are_told() -> None:
    raws = [hashlib.md5(str(n).encode()).digest() for n in range(30)]
    mixed: list[str | bytes] = [r.hex() for r in raws[:12]]
    mixed += [base64.b64encode(r).decode() for r in raws[12:22]]
    mixed += [base64.b32encode(r).decode() for r in raws[22:]]
    verdict = judge(mixed, "image_md5")
    assert verdict.encoding == "hex"
    assert "30 of 30 sampled are MD5 in hexadecimal or base64 or base32" in verdict.why


def test_a_refusal_names_the_digest_that_it_looks_like() -> None:
    assert "as long as a SHA-256" in judge(digests("sha256", 3), "image_md5").why
    assert "--column image_sha256=NAME" in judge(digests("sha256", 3), "image_sha1").why
    assert "as long as" not in judge(digests("sha512", 3), "image_md5").why
