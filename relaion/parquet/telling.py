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
from relaion.parquet.glossary import may_be_of_image
from relaion.parquet.sights import DIGESTS_IN_TEXT, IN_TEXT, LINKS
from relaion.roles import WIDTHS

# what may stand before a link: blanks and signs, those of UTF-8 too; its scheme as it is or
# escaped; what ends a host
_SIGN = r"\xc2[\x80-\xbf]|\xe2\x80[\x80-\xbf]|\xe3\x80[\x80-\x91]|\xef\xbb\xbf"
_AHEAD = rf"""^(?:[^0-9A-Za-z/\\%&\x80-\xff]|{_SIGN})*"""
_SCHEMED = r"(?:(?:https?|ftp)(?::|%3a|&#0*58;|&#x0*3a;|&colon;)(?:[/\\]|%2f|%5c|&)|//[^\s/?#]+\.)"
_ONE = rf"{_SCHEMED}\S+"
_LINK = rf"(?i){_AHEAD}(?:{_ONE}(?:[\s,;|]+{_ONE})*\s*$|{_ONE}[\s,;|].*[\s,;|]{_ONE})"
_BEGUN = rf"(?i){_AHEAD}{_SCHEMED}"
# these say what may be done with an image, in columns that every copy of LAION's sets has; or are
# names of vocabularies, in what cameras, drawings and pages say of themselves
TERMS = (
    r"(?i)(?:https?:)?(?://)?\b(?:www\.)?"
    r"(?:creativecommons\.org/(?:licenses|publicdomain)|rightsstatements\.org/(?:vocab|page))/"
    r"[^\s\"'<>\\,;)\]}\x00-\x1f]*"
    r"|https?://(?:www\.w3\.org/(?:1999|200[0-9]|TR)/|iptc\.org/std/|"
    r"ns\.(?:acdsee|adobe|apple|attribution|camerabits|google|microsoft|useplus)\.(?:com|org)/|"
    r"cipa\.jp/exif/|purl\.org/dc/|schema\.org/)[^\s\"'<>\\,;)\]}\x00-\x1f]*"
    r"|xmlns(?::[a-z0-9_-]+)?=\\?(?:\"[^\"]*\"|'[^']*')"
)
TERM_SIGNS = (
    b"creativecommons", b"rightsstatements", b"w3.org", b"//ns.", b"xmlns", b"iptc.org", b"cipa.jp",
    b"purl.org", b"schema.org",
)  # fmt: skip
# folders and files are written with dots and strokes, too; some of their endings are countries
_FILES = (
    "tar|tgz|gz|rar|7z|bz2|xz|zst|parquet|arrow|lance|jsonl?|csv|tsv|txt|npz|npy|h5|lmdb|wds|"
    "jpe?g|png|gif|webp|pdf|html?|js"
)
_BARE_AHEAD = rf"""^(?:[\s\x00"'`<(]|{_SIGN})*"""
_LABEL = r"(?:[a-z0-9_\x80-\xff-]+\.)"
_HOST = (
    rf"(?:{_LABEL}+(?:[a-z\x80-\xff]{{2,}}|xn--[a-z0-9-]+)\.?|[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}}|"
    r"\[[0-9a-f]*:[0-9a-f:.]+\])"
)
_BARE = (
    rf"(?i){_BARE_AHEAD}(?:[^\s/@]+@)?{_HOST}(?::[0-9]+)?(?:/[^\s/]|/?\?[^\s=]+=)\S*\s*$",
    rf"(?i){_BARE_AHEAD}(?:{_LABEL}+(?:{_FILES})|{_LABEL}(?:md|py|zip))/",
)
# text that has members or tags, one of which is a link with more than a host; or fields, or a name
_STROKE = r"(?:\\?/|\\u002f|%2f|&#x0*2f;|&#0*47;)"
_REST = rf"""{_STROKE}{{2}}[^\s"'<>/\\%&]+(?:{_STROKE}[^\s"'<>\\]|\?)"""
_WEB = rf"https?(?::|%3a|\\u003a|&#x0*3a;|&#0*58;){_REST}"
_PATHED = rf"(?:{_WEB}|{_REST})"
_HELD = (
    rf"""(?is)^[\s\x00\xef\xbb\xbf]*(?:["']?(?:[a-z_.]+\s?[=(]\s*)?!?[\[{{<(].*["'>(]\s*{_PATHED}|"""
    rf"""[\[{{(]+\s*{_PATHED}|(?:[a-z][a-z0-9_-]*\s?[=:]|.*[|\t;])\s*["']?{_WEB})|"""
    # such tags and names may stand behind other text
    rf"""<[a-z]+\s[^<>]*\b(?:src|href|srcset|poster|data-[a-z-]+)\s?=\s?["']?{_PATHED}|"""
    rf"""!\[[^\[\]]*\]\(\s*{_PATHED}|\[(?:img|url)[^\[\]]*\]\s*{_WEB}|\burl\(["']?{_PATHED}|"""
    rf"""(?:&quot;|&#0*34;|&apos;|&#0*39;|\\["'])\s*{_WEB}|"""
    rf"""\b(?:url|uri|src|href|link)=\s?["']?{_WEB}"""
)
# fields behind a comma and lines behind a name, as sentences have them now and then
_FIELDED = rf"""(?is)(?:,["']?|\n\s*[a-z][a-z0-9_-]*\s?[=:]\s*["']?){_WEB}"""
# a whole link in base64, hexadecimal or UTF-16
_CODED = (
    r"^\W*(?:aHR0cDov|aHR0cHM6|68747470(?:73)?3[aA]2[fF]|"
    r"(?:\xff\xfe|\xfe\xff)?\x00?h\x00t\x00t\x00p)"
)
_CODES = (b"aHR0c", b"68747470", b"h\x00t\x00t\x00p")
# bytes of other forms (BSON, MessagePack, pickles) hold texts as they are; so do images
_PACKED = r"(?is)https?://[a-z0-9.-]+(?::[0-9]+)?/[^\s\x00-\x1f]"
_IMAGE = (
    r"(?s)^(?:\xff\xd8|\x89PNG|GIF8|RIFF|BM|II\*|MM\x00|\x00\x00\x00.ftyp|\xff\x0a|"
    r"\x00\x00\x00\x0c(?:JXL |jP  )|\xff\x4f\xff\x51|8BPS)"
)
_PACKED_MOST = 4096  # bytes
_HEXES = r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})"
_HELD_DIGEST = (
    r"""(?is)["']([a-z0-9_ -]*(?:md-?5|sha-?1|sha-?256|hash|checksum|digest)[a-z_ -]*)["']"""
    rf"""\s*:\s*\[?\s*["']{_HEXES}["']"""
)
_IN_BRACKETS = r"(?s)^[\s\x00\xef\xbb\xbf]*[\[{(]"
_DIGEST_LIST = rf"""(?i)^\s*[\[({{]\s*["']?{_HEXES}["']?\s*[,\])}}]"""
_BORDERED = rf"(?i)(?:^|[^0-9a-z]){_HEXES}(?:[^0-9a-z]|$)"
_BORDERED_ONE = re.compile(_HEXES.encode(), re.IGNORECASE)
_BORDERED_MOST = 512  # bytes
_WORDS = (b"md5", b"md-5", b"sha", b"hash", b"digest", b"checksum")  # of names of digests
_BOUND = re.compile(_BEGUN.encode())
_TERM_BOUND = re.compile(
    rb"(?i)\s*(?:https?:)?//(?:www\.)?(?:(?:creativecommons|rightsstatements|schema|w3|purl)\.org)/"
)
_DIGEST_NAME = re.compile(_HELD_DIGEST.encode())
_HEX = r"(?i)^\s*(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})\s*$"
# what could be a digest in any writing, before each is read as one
_MAYBE = (
    r"(?i)^\W*(?:b['\"].*\\x[0-9a-f]{2}|(?:[a-z0-9-]{2,8}[:=/-]\W*)?"
    r"(?:(?:0x|\\x)?(?:[0-9a-f]{2}[-: ]?){16,32}|[0-9a-z+/_-]{22,64}=*)\W*$)"
)
_IN_PATH = r"(?i)^(?:\S*[/\\])?[0-9a-f]{32,64}(?:\.[0-9a-z]{2,5}){0,2}\s*$"
# a UUID names its version and its variant, which seven of eight digests of that length do not
_UUID = re.compile(
    rb"(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[1-8][0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}"
)
_NIL = re.compile(rb"\W*(?:0[0-]*|[fF][fF-]*)\W*")  # a UUID that stands for none
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
    if signs.link:
        others = _without_terms(values) if signs.terms else values
        if _are_links(others, signs):
            found.add(LINKS)
        elif signs.scheme and (
            _any(others, _HELD)
            or _many(others, _FIELDED) * _RARE > len(values)
            or (not is_text and _are_packed(others))
        ):
            found.add(IN_TEXT)
    if signs.codes and not found and _any(values, _CODED):
        found.add(IN_TEXT)
    role = _digests(values) if most >= _SHORTEST else None
    if role := role or (None if is_text else _raw_digests(values)):
        found.add(role)
    elif most >= 2 * min(WIDTHS.values()) and _are_digests_held(values, signs):
        found.add(DIGESTS_IN_TEXT)
    return frozenset(found)


def _without_terms(values: pa.Array) -> pa.Array:
    left = pc.replace_substring_regex(values, TERMS, "")
    return left.filter(pc.greater(pc.binary_length(left), 0))


def _data(values: pa.Array) -> bytes:
    """The bytes of all values, and maybe of some beside them."""
    buffer = values.buffers()[2]
    return b"" if buffer is None else buffer.to_pybytes()


class _TellingSigns:
    """What stands anywhere in some values: nothing is there without it."""

    def __init__(self, data: bytes) -> None:
        self.scheme = any(sign in data for sign in (b"//", b":/", b"\\", b"%", b"&"))
        self.link = self.scheme or b"/" in data
        self.codes = any(code in data for code in _CODES)
        lower = data.lower() if self.link or b"{" in data or b"(" in data else b""
        self.terms = self.link and any(sign in lower for sign in TERM_SIGNS)
        self.digest = any(word in lower for word in _WORDS)


def _are_links(values: pa.Array, signs: _TellingSigns) -> bool:
    n = len(values)
    if signs.scheme and (_any(values, _LINK) or 2 * _many(values, _BEGUN) > n):
        return True
    return _bare(values) * _RARE > n


def told_by_bounds(bounds: Sequence[bytes]) -> frozenset[str]:
    """What the least and the greatest value tell, as a footer has them, maybe cut short."""
    links = [b for b in bounds if _BOUND.match(b) and not _TERM_BOUND.match(b)]
    return frozenset({LINKS} if links else ())


def told_by_widths(widths: Sequence[int | None]) -> frozenset[str]:
    """What the lengths of lists of small whole numbers tell: bytes, one by one."""
    lengths = set(widths) - {0, None}  # a list without a byte is none
    return frozenset(role for role, width in WIDTHS.items() if lengths == {width})


def told_by_numbers(numbers: Sequence[int]) -> frozenset[str]:
    """What whole numbers of more digits than any count has tell."""
    large = sum(abs(n) >> 112 > 0 for n in numbers)
    return frozenset({"image_md5"} if large * 2 > len(numbers) else ())


def _any(values: pa.Array, pattern: str) -> bool:
    return len(values) > 0 and bool(pc.any(pc.match_substring_regex(values, pattern)).as_py())


def _many(values: pa.Array, pattern: str) -> int:
    found: int = pc.sum(pc.match_substring_regex(values, pattern)).as_py() or 0
    return found


def _are_packed(values: pa.Array) -> bool:
    """Whether bytes that are no image hold links among others."""
    small = values.filter(pc.less_equal(pc.binary_length(values), _PACKED_MOST))
    return _any(small.filter(pc.invert(pc.match_substring_regex(small, _IMAGE))), _PACKED)


def _are_digests_held(values: pa.Array, signs: _TellingSigns) -> bool:
    """Whether digests stand in brackets by a name of theirs, or within most other texts."""
    bracketed = pc.match_substring_regex(values, _IN_BRACKETS)
    held = values.filter(bracketed)
    if signs.digest:
        named = held.filter(pc.match_substring_regex(held, _HELD_DIGEST))
        names = {n.decode() for value in _some(named) for n in _DIGEST_NAME.findall(value)}
        if any(map(may_be_of_image, names)):
            return True
    if _any(held, _DIGEST_LIST):
        return True
    plain = values.filter(pc.invert(bracketed))
    plain = plain.filter(pc.less_equal(pc.binary_length(plain), _BORDERED_MOST))
    within = plain.filter(pc.match_substring_regex(plain, _BORDERED))
    if 2 * len(within) <= len(values):
        return False
    some = _some(within)
    # one for many values is that of a folder they lie in
    held = {found[0].lower() for value in some if (found := _BORDERED_ONE.search(value))}
    is_each = 2 * len(held) > len(some)
    return is_each and not _are_uuids(some) and not all(text.isdigit() for text in held)


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
        is_other = role == "image_md5" and _are_uuids(_some(bare))
        return None if is_other or all(value.strip().isdigit() for value in _some(bare)) else role
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
    some = [value for value in values if not _NIL.fullmatch(value)]
    is_sure = len(some) >= _READ // 4 or all(value.count(b"-") == 4 for value in some)
    return is_sure and all(_UUID.search(value) for value in some)


def _are_mixed(values: Sequence[bytes], form: str) -> bool:
    """Whether most have letters and digits as chance puts them, which words and names do not."""
    if form == "binary":
        return True  # with escapes, as Python shows bytes
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
