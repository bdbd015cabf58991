"""A digest as partners write it: hex, base32 or base64, in the dress of many programs.

Some name no picture: those of the empty file, of one pixel as pages inline it, of one digit.
A download that failed is an empty file, and millions of links lead to the same pixel.
On a list they would name the innocent. One digit throughout stands where a giver had no digest.
The bytes themselves stand in `tests/cases/placeholders.txt`, and a test makes these digests from
them.
"""

import base64
import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

LENGTHS = {32: "md5", 40: "sha1", 64: "sha256"}  # hex digits of each algorithm's digest

_HEX = re.compile(r"[0-9A-Fa-f]{8,}")  # shorter ones are words and numbers
# characters of a digest without its padding
_BASE32 = {26: "md5", 32: "sha1", 52: "sha256"}
_BASE64 = {22: "md5", 27: "sha1", 43: "sha256"}

_NAMED = re.compile(
    r"(?i)(?:urn:)?(?:hash:+)?\{?(md5|sha-?1|sha-?256|sha)(?:sum|hash)?\}?(?:\s*[:=]\s*|\s+|-(?=\S{20})|"
    r"(?<=\}))(?=\S)"
)
_DRESS = re.compile(
    r"""(?ix) = \s* "+ (?P<formula> [^"]+ ) "*      # ="..." keeps a spreadsheet from counting
    | 0x (?P<number> [0-9a-f]+ ) | \\+x (?P<bytea> [0-9a-f]+ )
    | [xb] ' (?P<literal> [^']+ ) '
    | ' (?P<text> [^']+ )                            # a spreadsheet's sign for text
    """
)
_GROUPS = re.compile(r"[0-9A-Fa-f]{2,16}([-: .])[0-9A-Fa-f]{2,16}(?:\1[0-9A-Fa-f]{2,16})*")
_NO_DIGESTS = ([8, 4, 4, 4, 12], [4] * 8)  # a UUID, an IPv6 address


def is_hex(text: str) -> bool:
    """Whether a text is hex digits throughout, eight or more."""
    return _HEX.fullmatch(text) is not None


def all_hex(column: pa.Array) -> str | None:
    """The algorithm whose digests in plain hex all values are: a look at their bytes at once."""
    if not len(column) or column.null_count or column.type != pa.string():
        return None
    bounds = pc.min_max(pc.binary_length(column)).as_py()
    width = bounds["min"]
    if width != bounds["max"] or width not in LENGTHS:
        return None
    first = int.from_bytes(column.buffers()[1][column.offset * 4 : column.offset * 4 + 4], "little")
    held = column.buffers()[2][first : first + width * len(column)].to_pybytes()
    return None if held.translate(None, b"0123456789abcdefABCDEF") else LENGTHS[width]


def undressed(text: str) -> tuple[str, str | None]:
    """A digest without what programs put around it, and the algorithm that they name there.

    `0x…`, `md5:…`, `urn:sha1:…`, `="…"`, `'…`, `X'…'`, groups with dashes, colons or blanks.
    """
    algorithm = None
    for _ in range(3):
        bare = text.strip().rstrip(",;")
        if found := _NAMED.match(bare):
            algorithm = found[1].lower().replace("-", "")
            bare = bare[found.end() :]
        elif found := _DRESS.fullmatch(bare):
            bare = next(group for group in found.groups() if group is not None)
        if bare == text:
            break
        text = bare
    if (found := _GROUPS.fullmatch(text)) and len(text) <= 200:
        parts = text.split(found[1])
        if [*map(len, parts)] not in _NO_DIGESTS and len("".join(parts)) in LENGTHS:
            text = "".join(parts)
    return text, algorithm if algorithm != "sha" else None


def read_digest(text: str, algorithms: Sequence[str] = ()) -> tuple[str, str] | None:
    """(algorithm, lower-case hex) of a digest, or None.

    Where `algorithms` names one alone, length and alphabet are enough. Otherwise base32 must
    be upper-case, and base64 must have its padding, so that no word and no number is taken for a
    digest. Base64 has letters in both cases, always: those in one are the half of a base32.
    """
    sure = algorithms[0] if len(algorithms) == 1 else None
    if is_hex(text):  # never base32 or base64: half of a digest would be another's
        found = LENGTHS.get(len(text))
        return (found, text.lower()) if found and sure in (None, found) else None
    bare = text.rstrip("=")
    by_32, by_64 = _BASE32.get(len(bare)), _BASE64.get(len(bare))
    if by_32 and (by_32 == sure or not (sure or len(text) % 8)):
        return _base32(bare.upper() if sure else bare, by_32)
    if by_64 and (by_64 == sure or not (sure or len(text) % 4)):
        return None if bare.isupper() or bare.islower() else _base64(bare, by_64)
    return None


def read_weak_digest(text: str) -> tuple[str, str] | None:
    """The same of a text that may as well be a word: only where many such stand together.

    Base64 without its padding, whose last bits must be zero; base32 in lower case.
    """
    by_32, by_64 = _BASE32.get(len(text)), _BASE64.get(len(text))
    if by_32 and (text.islower() or text.isupper()) and re.search(r"\d", text):
        return _base32(text.upper(), by_32)
    is_mixed = re.search("[a-z]", text) and re.search("[A-Z]", text)
    if by_64 and is_mixed and (found := _base64(text, by_64)):
        whole = base64.b64encode(bytes.fromhex(found[1])).decode().rstrip("=")
        return found if whole == text.replace("-", "+").replace("_", "/") else None
    return None


def _base32(letters: str, algorithm: str) -> tuple[str, str] | None:
    try:
        return algorithm, base64.b32decode(letters + "=" * (-len(letters) % 8)).hex()
    except ValueError:  # a letter that is not of that alphabet
        return None


def _base64(letters: str, algorithm: str) -> tuple[str, str] | None:
    letters = letters.replace("-", "+").replace("_", "/")
    try:
        padded = letters + "=" * (-len(letters) % 4)
        return algorithm, base64.b64decode(padded, validate=True).hex()
    except ValueError:
        return None


# -- Row hashes as partners write them: whole 64-bit numbers, with a sign ----------------------

_WHOLE = re.compile(r"([+-]?)0*([0-9]{1,19})")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.[0-9]*|[0-9]*\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?")
_END = 1 << 63


def read_row_hash(text: str) -> str | None:
    """A row hash as 16 lower-case hex digits, in two's complement; None for any other text.

    `1.2e18` is none: a number that went through floating point has lost its last digits.
    """
    found = _WHOLE.fullmatch(text)
    if found is None:
        return None
    number = int(found[1] + found[2])
    return f"{number % (1 << 64):016x}" if -_END <= number < _END else None


def is_float(text: str) -> bool:
    """Whether a text is a number in floating point, such as a spreadsheet makes of a digest."""
    return _FLOAT.fullmatch(text) is not None


# -- Digests that name no picture ------------------------------------------------------------------


EMPTY_FILE = "hash of the empty file"
ONE_PIXEL = "hash of a blank pixel"
ONE_DIGIT = "hash of one digit only"
NO_ROW = "row hash of no link and no caption"
PLACEHOLDERS = frozenset((EMPTY_FILE, ONE_PIXEL, ONE_DIGIT, NO_ROW))
"""Reasons why what is written well is no entry."""

_EMPTY = (
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
)
_ONE_PIXEL = (
    # GIF that nginx sends for empty_gif, 43 bytes
    "ad4b0f606e0f8465bc4c4c170b37e1a3",
    "50b30fd5f87c85fe5cba2635cb83316ca71250d7",
    "cf4724b2f736ed1a0ae6bc28f1ead963d9cd2c1fd87b6ef32e7799fc1c5c8bda",
    # GIF blank.gif and clear.gif, white and black, 43 bytes
    "325472601571f31e1bf00674c368d335",
    "2daeaa8b5f19f0bc209d976c02bd6acb51b00b0a",
    "b1442e85b03bdcaf66dc58c7abb98745dd2687d86350be9a298a1d9382ac849b",
    # GIF blank.gif, black and black, 43 bytes
    "df3e567d6f16d040326c7a0ea29a4f41",
    "ea7df583983133b62712b5e73bffbcd45cc53736",
    "548f2d6f4d0d820c6c5ffbeffcbd7f0e73193e2932eefe542accc84762deec87",
    # GIF s.gif and spacer.gif, grey and black, 43 bytes
    "fc94fb0c3ed8a8f909dbc7630a0987ff",
    "56d45f8a17f5078a20af9962c992ca4678450765",
    "2dfe28cbdb83f01c940de6a88ab86200154fd772d568035ac568664e52068363",
    # GIF of web beacons, red and black, 43 bytes
    "57f187c7a868faeac558007a8eb6cb2e",
    "11ab10ab109fdb53d91d444ac781101f5a6360c6",
    "aa03dc59bdca72631d2301e4297cfa030bd31b907dc138e7b973d12311c90a22",
    # GIF inlined by many scripts, black and white, 42 bytes
    "d89746888da2d9510b64a9f031eaecd5",
    "d5fceb6532643d0d84ffe09c40c481ecdf59e15a",
    "ef1955ae757c8b966c83248350331bd3a30f658ced11f387f8ebf05ab3368629",
    # GIF inlined by scripts that load pictures late, no colours, 37 bytes
    "3eacd0132310ea44cad756b378a3bc07",
    "e2216a7e9b73f5cb0279351c78ce61c33475cea7",
    "bb229a48bee31f5d54ca12dc9bd960c63a671f0d4be86a054c1d324a44499d96",
    # PNG inlined by many pages, RGBA 0 0 0 0, 68 bytes
    "c4a2b870062c2bb98c500bc1526c0498",
    "528666ccdb12997358077bc8fcdbfb6b825c7788",
    "2aa4fa20701cdd6d8d56046069001186b5267e3ee7d0ef618ad2f4a683723e11",
    # PNG inlined by many pages, grey 1 alpha 0, 68 bytes
    "91e42db1c66c0b276abf6234dc50b2eb",
    "c1986af3c26609b8b7d8933f99c51c1a89e9ea6b",
    "63ef318d96b5d0d0ceba6e04a4e622b1158335cdc67c49e27839132c6f655058",
    # PNG inlined in examples, RGBA, 70 bytes, first
    "b357a19c87624c7c4d131aeeb4ae677f",
    "c7a9c45fd419815a5ab1998503a9f03514c0e229",
    "497790947d4666760ce38f3c00e852c71fdb66cae849bae8e9ede352719e1581",
    # PNG inlined in examples, RGBA, 70 bytes, second
    "f829b914fc47cfc9c0747c119c27cf1b",
    "4a5eb7171b58e08a6881721e3b43d5a44419a2be",
    "6b7fa434f92a8b80aab02d9bf1a12e49ffcae424e4013a1c4f68b67e3d2bbcd0",
    # PNG inlined in examples, RGBA, 70 bytes, third
    "2cd8bde463f5d82aae0f0cec061d6b8f",
    "b2bbe763c7e1828c750d53f78550709a6fea19be",
    "c414cd0e204de974f73753c7e28d7638e7b3691bb8b1a2bab6b25bb7fed7ce77",
    # JPEG called the smallest, 107 bytes
    "8c90748342f19b195b9c6b4eff742ded",
    "a73605cfc159cb59ccd60c2717c3aa203d2ba560",
    "0b8d8b5f15046343fd32f451df93acc2bdd9e6373be478b968e4cad6b6647351",
)

_REPEATED = (digit * length for digit in "0123456789abcdef" for length in (32, 40, 64))

OF_NO_PICTURE = (
    dict.fromkeys(_EMPTY, EMPTY_FILE)
    | dict.fromkeys(_ONE_PIXEL, ONE_PIXEL)
    | dict.fromkeys(_REPEATED, ONE_DIGIT)
)
"""Digests that are no entry, in lower-case hex, each with the reason."""

OF_NO_ROW = "0000000000000000"
"""LAION's row hash of an empty text: every row whose link and caption are empty has it."""
