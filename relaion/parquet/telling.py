"""What some values tell of themselves, whatever their column is called: links, digests, neither.

Asked of columns that play no role. Wrong in one direction costs a line that says too much, in the
other a verdict that claims too much: so one link among thousands of values is enough.
"""

import re
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from relaion.parquet.digests import form_of
from relaion.parquet.sights import DIGESTS_IN_TEXT, IN_TEXT, LINKS
from relaion.roles import WIDTHS

# what may stand before a link, its scheme as it is or escaped, and what ends a host
_AHEAD = r"""^[\s\x00\xef\xbb\xbf"'`<(]*"""
_SCHEMED = r"(?:https?(?::|%3a|&#0*58;|&#x0*3a;|&colon;)(?:[/\\]|%2f|%5c|&)|//[^\s/?#]+\.)"
_ONE = rf"{_SCHEMED}\S+"
_LINK = rf"(?i){_AHEAD}(?:{_ONE}(?:[\s,;|]+{_ONE})*\s*$|{_ONE}[\s,;|].*[\s,;|]{_ONE})"
_BEGUN = rf"(?i){_AHEAD}{_SCHEMED}"
# folders and files are written with dots and strokes, too
_FILES = (
    "tar|tgz|gz|zip|rar|7z|bz2|xz|zst|parquet|arrow|lance|jsonl?|csv|tsv|txt|md|npz|npy|h5|lmdb|wds|"
    "jpe?g|png|gif|webp|pdf|html?|js|py"
)
_BARE = (
    rf"(?i){_AHEAD}(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]+(?::[0-9]+)?/[^\s/]\S*\s*$",
    rf"(?i){_AHEAD}(?:[a-z0-9_-]+\.)+(?:{_FILES})/",
)
# text that has members or tags, one of which is a link with more than a host; or fields, or a name
_PATHED = r"""(?:https?:)?(?:\\?/){2}[^\s"'<>/\\]+(?:\\?/[^\s"'<>\\]|\?)"""
_HELD = (
    rf"""(?is)^[\s\x00\xef\xbb\xbf]*(?:!?[\[{{<(].*["'>(]\s*{_PATHED}|[\[{{(]+\s*{_PATHED}|"""
    rf"""(?:[a-z][a-z0-9_-]*[=:]|.*[|\t;])\s*["']?https?:{_PATHED.removeprefix("(?:https?:)?")})"""
)
# bytes of other forms (BSON, MessagePack, pickles) hold texts as they are; so do images
_PACKED = r"(?is)https?://[a-z0-9.-]+(?::[0-9]+)?/[^\s\x00-\x1f]"
_IMAGE = r"(?s)^(?:\xff\xd8|\x89PNG|GIF8|RIFF|BM|II\*|MM\x00|\x00\x00\x00.ftyp)"
_PACKED_MOST = 4096  # bytes
_HELD_DIGEST = (
    r"""(?is)^[\s\x00\xef\xbb\xbf]*[\[{(].*["'][a-z0-9_ -]*"""
    r"""(?:md-?5|sha-?1|sha-?256|hash|checksum|digest)[a-z_ -]*["']\s*:\s*["']"""
    r"""(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})["']"""
)
_WORDS = (b"md5", b"md-5", b"sha", b"hash", b"digest", b"checksum")  # of names of digests
_BOUND = re.compile(_BEGUN.encode())
_HEX = r"(?i)^\s*(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})\s*$"
# what could be a digest in any writing, before each is read as one
_MAYBE = (
    r"(?i)^\W*(?:[a-z0-9-]{2,8}[:=/-]\W*)?"
    r"(?:(?:0x|\\x)?(?:[0-9a-f]{2}[-: ]?){16,32}|[0-9a-z+/_-]{22,64}=*)\W*$"
)
_IN_PATH = r"(?i)^(?:\S*[/\\])?[0-9a-f]{32,64}(?:\.[0-9a-z]{2,5}){0,2}\s*$"
# a UUID names its version and its variant, which seven of eight digests of that length do not
_UUID = re.compile(
    rb"(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[1-8][0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}"
)
_READ = 64  # of what could be digests, so many are read as such
_RARE = 20  # one in so many is enough where it is none by chance
_LONGEST = 128  # bytes of a digest, with all that is put around it
_SHORTEST = 22  # characters


def told_by(values: pa.Array, *, is_text: bool) -> frozenset[str]:
    """What some values tell, in the words of `sights`: of most columns nothing.

    `values` are `binary` or `large_binary`, without NULL. `is_text` off says that they are bytes,
    which may be digests as they are.
    """
    sizes = pc.binary_length(values)
    least, most = pc.min_max(sizes).as_py().values()
    # a pattern costs more than a look for the few signs without which it cannot fit
    signs = _TellingSigns(_data(values))
    if not most or not (signs.link or most >= (_SHORTEST if is_text else min(WIDTHS.values()))):
        return frozenset()
    if not least:
        values = values.filter(pc.greater(sizes, 0))
    found: set[str] = set()
    if signs.link and _are_links(values, signs):
        found.add(LINKS)
    elif signs.scheme and (_any(values, _HELD) or (not is_text and _are_packed(values))):
        found.add(IN_TEXT)
    if signs.digest and _any(values, _HELD_DIGEST):
        found.add(DIGESTS_IN_TEXT)
    role = _digests(values) if most >= _SHORTEST else None
    if role := role or (None if is_text else _raw_digests(values)):
        found.add(role)
    return frozenset(found)


def _data(values: pa.Array) -> bytes:
    """The bytes of all values, and maybe of some beside them."""
    buffer = values.buffers()[2]
    return b"" if buffer is None else buffer.to_pybytes()


class _TellingSigns:
    """What stands anywhere in some values: nothing is there without it."""

    def __init__(self, data: bytes) -> None:
        self.scheme = any(sign in data for sign in (b"//", b":/", b"\\", b"%", b"&"))
        self.link = self.scheme or b"/" in data
        lower = data.lower() if b"{" in data or b"(" in data else b""
        self.digest = any(word in lower for word in _WORDS)


def _are_links(values: pa.Array, signs: _TellingSigns) -> bool:
    n = len(values)
    if signs.scheme and (_any(values, _LINK) or 2 * _many(values, _BEGUN) > n):
        return True
    return _bare(values) * _RARE > n


def told_by_bounds(bounds: Sequence[bytes]) -> frozenset[str]:
    """What the least and the greatest value tell, as a footer has them, maybe cut short."""
    return frozenset({LINKS} if any(map(_BOUND.match, bounds)) else ())


def told_by_widths(widths: Sequence[int]) -> frozenset[str]:
    """What the lengths of lists of small whole numbers tell: bytes, one by one."""
    lengths = set(widths)
    return frozenset(role for role, width in WIDTHS.items() if lengths == {width})


def told_by_numbers(numbers: Sequence[int]) -> frozenset[str]:
    """What whole numbers of more digits than any count has tell."""
    large = sum(abs(n) >> 112 > 0 for n in numbers)
    return frozenset({"image_md5"} if large * 2 > len(numbers) else ())


def _any(values: pa.Array, pattern: str) -> bool:
    return len(values) > 0 and bool(pc.any(pc.match_substring_regex(values, pattern)).as_py())


def _many(values: pa.Array, pattern: str) -> int:
    return int(pc.sum(pc.match_substring_regex(values, pattern)).as_py())


def _are_packed(values: pa.Array) -> bool:
    """Whether bytes that are no image hold links among others."""
    small = values.filter(pc.less_equal(pc.binary_length(values), _PACKED_MOST))
    return _any(small.filter(pc.invert(pc.match_substring_regex(small, _IMAGE))), _PACKED)


def _bare(values: pa.Array) -> int:
    """How many are links without a scheme."""
    links, files = _BARE
    is_link = pc.match_substring_regex(values, links)
    if not pc.any(is_link).as_py():
        return 0
    likely = values.filter(is_link)
    return len(likely) - _many(likely, files)


def _digests(values: pa.Array) -> str | None:
    """The role of digests that are written among some values."""
    short = values.filter(pc.less_equal(pc.binary_length(values), _LONGEST))
    bare = short.filter(pc.match_substring_regex(short, _HEX))
    if len(bare):
        # no word is one by chance, so one is enough
        sizes = Counter(len(value.strip()) for value in _some(bare))
        role = next(r for r, width in WIDTHS.items() if 2 * width == sizes.most_common(1)[0][0])
        return None if role == "image_md5" and _are_uuids(_some(bare)) else role
    maybe = short.filter(
        pc.or_(pc.match_substring_regex(short, _MAYBE), pc.match_substring_regex(short, _IN_PATH))
    )
    read = _some(maybe)
    forms: Counter[tuple[str, str]] = Counter()
    texts: dict[tuple[str, str], list[bytes]] = {}
    for value in read:
        for role, width in WIDTHS.items():
            # as text: bytes of that width would be a digest as they are
            if form := form_of(value.decode("utf-8", "surrogateescape"), width):
                forms[role, form] += 1
                texts.setdefault((role, form), []).append(value)
    for (role, form), count in forms.most_common():
        share = count / len(read) * len(maybe)
        uuids = role == "image_md5" and form == "hex" and _are_uuids(texts[role, form])
        if form == "hex" and share * _RARE > len(values) and not uuids:
            return role
        if form != "hex" and share * 2 > len(values) and _are_mixed(texts[role, form], form):
            return role
    return None


def _some(values: pa.Array) -> list[bytes]:
    """A few of some values, spread over all."""
    step = max(1, len(values) // _READ)
    places = pa.array(range(0, len(values), step)[:_READ], pa.int64())
    found: list[bytes] = values.take(places).to_pylist()
    return found


def _are_uuids(values: Sequence[bytes]) -> bool:
    """Whether all are UUIDs: with dashes, or so many of them that it is none by chance."""
    is_sure = len(values) >= _READ // 4 or all(value.count(b"-") == 4 for value in values)
    return is_sure and all(_UUID.search(value) for value in values)


def _are_mixed(values: Sequence[bytes], form: str) -> bool:
    """Whether most have letters and digits as chance puts them, which words and names do not."""
    needed = (rb"[0-9]",) if form == "base32" else (rb"[0-9+/_-]", rb"[A-Z]", rb"[a-z]")
    mixed = sum(all(re.search(sign, value) for sign in needed) for value in values)
    return mixed * 4 > len(values) * 3


def _raw_digests(values: pa.Array) -> str | None:
    sizes = pc.binary_length(values)
    for role, width in WIDTHS.items():
        fitting = values.filter(pc.equal(sizes, width))
        if len(fitting) * 2 <= len(values):
            continue
        raw = fitting[:_READ].to_pylist()
        printed = sum(all(0x20 <= sign < 0x7F for sign in value) for value in raw)
        if printed * 2 > len(raw):
            return None
        uuids = width == 16 and len(raw) >= _READ // 4 and all(map(_is_raw_uuid, raw))
        return None if uuids else role
    return None


def _is_raw_uuid(value: bytes) -> bool:
    return 1 <= value[6] >> 4 <= 8 and value[8] >> 6 == 2
