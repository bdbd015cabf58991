"""What a column is by its name and type: what it means, which role it claims, or why none.

Names in any case, from the data sets that people hold: LAION and Re-LAION, DataComp, COYO,
PD12M, and what img2dataset writes. Every name of a published layout that could be mistaken for
a role is here, with the reason in words.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from relaion.paths import shown
from relaion.roles import ROLES, WIDTHS

_BOM_MISREAD = "\u00ef\u00bb\u00bf"
_QUOTES = frozenset("\"'`")
_WHOLE_DECIMAL = re.compile(r"decimal(?:32|64|128)\([0-9]+, 0\)")
_NARROW = re.compile(r"u?int(?:8|16|32)")
_FLOATS = ("float16", "float", "double")
# an algorithm within a name (`original_md5`, `contentMd5`, `imagesha1`), and words beside it that
# say that something else than the image was hashed
_ALGORITHM = re.compile(r"(md5|(?<![a-z])md[ _-]5|sha[ _-]?1|sha[ _-]?256)(?![0-9])")
_OF_OTHERS = re.compile(
    r"(?:^|[^a-z])(url|uri|link|href|text|txt|caption|alt|title|page|html|site|domain|host|user|"
    r"author|key|row|name|path|tar|json|exif|record)s?(?:$|[^a-z])"
)
_OF_LINKS = re.compile(r"(?:^|[^a-z])(url|uri|link|href)s?(?:$|[^a-z])")
_OF_CAPTIONS = re.compile(
    r"(?:^|[^a-z])(caption|text|txt|alttext|alt|description|title)s?(?:$|[^a-z])"
)
# a member of a struct that could be a link or a digest, in a type as `plain_type` writes it
_INNER = re.compile(r"(?:<|, )([^<>,:]+): (string|binary(?:\[[0-9]+\])?)(?=[,>])")
# roles whose values are texts; some writers store them as bytes that nothing marks as text
TEXTS = frozenset({"url", "text", "language"})
# words of what sets hash beside images, so that nobody is named by it or two rows are told apart
_HASHED_BESIDE = re.compile(
    r"(?:^|[^a-z])(user|author|owner|creator|url|uri|link|text|caption|domain|host)s?(?:$|[^a-z])"
)
_OF_IMAGES = re.compile(
    r"(?:^|[^a-z])(image|img|photo|picture|pic|file|media|thumb\w*)s?(?:$|[^a-z])"
)
# what images share that look alike: as long as a digest, and none
_OF_ALIKE = re.compile(
    r"(?:^|[^a-z])(?:[pdaw]_?hash|c(?:olou?r_?)?hash|perceptual|photodna|pdq|blur_?hash|"
    r"thumb_?hash|sim_?hash|min_?hash)(?:$|[^a-z])|(?:pdq|phash)"
)
# names that look like a role and are none, with the reason
_NO_ROLE = {
    "sha512": "no list kind is a SHA-512",
    "sha512hash": "no list kind is a SHA-512",
    "url_md5": "a hash of the link, not of the image",
    "url_sha1": "a hash of the link, not of the image",
    "url_sha256": "a hash of the link, not of the image",
    "eng text": "a translation, not from beside the image",
    "top_caption": "by a model, not from beside the image",
    "all_captions": "by a model, not from beside the image",
    "cogvlm_caption": "by a model, not from beside the image",
    "llava_caption": "by a model, not from beside the image",
    "nsfw": "a word, not a score",
    "nsfw_score_opennsfw2": "another model: punsafe's thresholds do not fit",
    "nsfw_score_gantman": "another model: punsafe's thresholds do not fit",
}


@dataclass(frozen=True)
class Claim:
    """A role that a column may play, how strongly (0 first), or why it plays none.

    `of` is the role that a column looks like which is refused for its type: its values are
    then values that are not looked at.
    """

    role: str | None
    rank: int = 0
    refusal: str = ""
    of: str | None = None


@lru_cache(maxsize=4096)
def bare_name(name: str) -> str:
    """A name without what nobody means by it: blanks, invisible characters, quotes around it.

    A byte order mark of UTF-8, read as Latin-1, is three letters.
    """
    start, end = 0, len(name)
    while start < end and _is_around(name[start]):
        start += 1
    while end > start and _is_around(name[end - 1]):
        end -= 1
    found = name[start:end]
    return bare_name(found[3:]) if found.startswith(_BOM_MISREAD) else found or name


def _is_around(letter: str) -> bool:
    return letter in _QUOTES or letter.isspace() or unicodedata.category(letter) in ("Cc", "Cf")


def claim(name: str, kind: str, *, safety_table: bool = False) -> Claim:
    """What a column claims, from its bare name in any case and its type (`plain_type`).

    `safety_table`: the file is one of LAION's score tables (row hash and score, no link),
    where `prediction` is punsafe; elsewhere that name says nothing about safety.
    """
    name = bare_name(name)
    lower = name.lower()
    if lower in _NO_ROLE:
        return Claim(None, refusal=_NO_ROLE[lower])
    if _OF_ALIKE.search(_words(name)):
        return Claim(None, refusal="images that look alike share it; it is not matched")
    if lower == "hash":
        return _claim_of_hash(kind)
    if lower == "prediction" and not safety_table:
        why = "a safety score by that name only in LAION's tables without links"
        return Claim(None, refusal=why)
    for role, (_, _, names, *_) in ROLES.items():
        if lower in names:
            return _if_fit(role, kind, names.index(lower))
    plain = _claim_of_digest(name, kind)
    return _claim_of_inner(lower, kind) if plain == Claim(None) else plain


def _claim_of_inner(lower: str, kind: str) -> Claim:
    """What a column holds that nobody looks at, if it is one of lists, structs or maps."""
    if kind.startswith("list<string>") and lower.removesuffix("s") in ROLES["url"].names:
        return Claim(None, refusal=misfit("url", kind), of="url")
    if "<" in kind:
        for name, inner in _INNER.findall(kind):
            role = claim(name, inner).role
            if role == "url" or role in WIDTHS:
                like = f"looks like {ROLES[role].noun}s inside another column"
                why = f"it holds {shown(name)}, which {like}"
                return Claim(None, refusal=why, of=role)
    return Claim(None)


def _if_fit(role: str, kind: str, rank: int) -> Claim:
    wrong = misfit(role, kind)
    return Claim(None, refusal=wrong, of=role) if wrong else Claim(role, rank)


def _claim_of_hash(kind: str) -> Claim:
    if not misfit("row_hash", kind):
        return Claim("row_hash")
    if not misfit("image_md5", kind):
        return Claim("image_md5", ROLES["image_md5"].names.index("hash"))
    return Claim(None, refusal=misfit("row_hash", kind), of="row_hash")


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def says_link(name: str) -> bool:
    """Whether a word for links stands in a name: `page_url`, `originalLink`."""
    return _OF_LINKS.search(_words(bare_name(name))) is not None


def says_caption(name: str) -> bool:
    """Whether a word for captions stands in a name: `alt_text`, `captionOriginal`."""
    return _OF_CAPTIONS.search(_words(bare_name(name))) is not None


def may_be_of_image(name: str) -> bool:
    """Whether a digest by this name may be an image's, and no other image's."""
    words = _words(name)
    return not any(p.search(words) for p in (_OF_OTHERS, _OF_ALIKE))


def names_other_digests(name: str) -> bool:
    """Whether a name says that digests are none of images, or that rows are told apart by them."""
    told = claim(name, "string")
    is_other = bool(told.refusal) and told.of is None
    words = _words(bare_name(name))
    is_beside = _HASHED_BESIDE.search(words) and not _OF_IMAGES.search(words)
    return is_other or bool(is_beside) or meaning(name, "string").startswith(IDENTITY)


def _claim_of_digest(name: str, kind: str) -> Claim:
    """What a column claims that has an algorithm among the words of its name."""
    words = _words(name)
    found = _ALGORITHM.search(name.lower())
    if not found:
        return Claim(None)
    if other := _OF_OTHERS.search(words) or _OF_OTHERS.search(name.lower()):
        return Claim(None, refusal=f"by its name a hash of the {other[1]}, not of the image")
    role = "image_" + re.sub("[ _-]", "", found[1])
    return _if_fit(role, kind, len(ROLES[role].names))


def misfit(role: str, kind: str, *, named: bool = False) -> str:
    """Why a column of this type cannot play a role; empty if it can.

    `named`: it was the user who named the column, and so says that its bytes are text, or
    that its text are numbers.
    """
    said = (role in TEXTS and kind == "binary") or (role == "row_hash" and kind == "string")
    if fits(role, kind) or (named and said):
        return ""
    if kind == "null":
        return "has no type, every value is NULL"
    if role == "row_hash":
        return _no_row_hash(kind)
    if role in WIDTHS and kind == "int64":
        what = f"{ROLES[role].algorithm}s"
        return f"int64: LAION's row hash, not an image hash; {what} are text or bytes"
    if role in WIDTHS and kind.startswith("binary["):
        return f"{kind}, but {ROLES[role].algorithm}s have {WIDTHS[role]} bytes, or more as text"
    wanted = "text (string)"
    if role == "punsafe":
        wanted = "numbers with a fraction (float, double or decimal)"
    if role in WIDTHS:
        wanted = "text or bytes"
    if role in TEXTS and kind == "binary":
        wanted += f"; if its bytes are text, name it with --column {role}=NAME"
    return f"{kind}, but {ROLES[role].noun}s are {wanted}"


def fits(role: str, kind: str) -> bool:
    """Whether a column of this type can play a role."""
    if role == "punsafe":
        return kind in _FLOATS or kind.startswith("decimal")
    if role == "row_hash":
        return kind in ("int64", "uint64") or _WHOLE_DECIMAL.fullmatch(kind) is not None
    if role in WIDTHS:
        fixed = int(kind[7:-1]) if kind.startswith("binary[") else 0
        return kind in ("string", "binary") or fixed == WIDTHS[role] or fixed >= least(role)
    return kind == "string"


def least(role: str) -> int:
    """Characters of a digest in its shortest writing as text, base64 without padding."""
    return (8 * WIDTHS[role] + 5) // 6


def _no_row_hash(kind: str) -> str:
    if kind in _FLOATS:
        return f"{kind}: a row hash lost its last digits, it is spoilt"
    if _NARROW.fullmatch(kind):
        return f"{kind}: LAION's row hash has 64 bits, these are cut or another's"
    return f"{kind}, but LAION's row hash is a 64-bit whole number (int64, uint64)"


# -- What columns mean, one plain line each, for people who read `inspect` ---------------------

UNKNOWN = "not known, kept as it is"
BY_NAME = "by name and type"  # why a column plays a role
NO_COLUMN = "no column"  # why a kind of list cannot be matched

IDENTITY = "identity of the row"  # so begins the meaning of what may be as long as a digest

_MEANINGS = {
    **dict.fromkeys(ROLES["url"].names, "link to the image"),
    **dict.fromkeys(ROLES["text"].names, "caption from beside the image"),
    **dict.fromkeys(ROLES["language"].names, "language of the caption"),
    **{n: f"{ROLES[r].algorithm} of the image file" for r in WIDTHS for n in ROLES[r].names},
    **dict.fromkeys(
        ("sha512", "image_sha512", "sha512hash", "sha512_hash", "sha512sum"),
        "SHA-512 of the image file",
    ),
    # LAION and Re-LAION
    "sample_id": "row number in older LAION sets",
    "width": "width in pixels, in some sets height",
    "height": "height in pixels, in some sets width",
    "license": "Creative Commons licence, or `?`",
    "nsfw": "LAION's first safety tag",
    "similarity": "how well caption and image fit",
    "punsafe": "probability of an unsafe image, 0 to 1",
    "pwatermark": "probability of a watermark, 0 to 1",
    "prediction": "a classifier's score",
    "aesthetic": "how pleasing the image is",
    "aesthetic_score": "how pleasing the image is",
    "top_caption": "best caption by a model",
    "all_captions": "captions by a model",
    "all_similarities": "how well each of those captions fits",
    "eng text": "caption translated to English",
    "cogvlm_caption": "caption by a model",
    "llava_caption": "caption by a model",
    "__index_level_0__": "row number left by pandas",
    # img2dataset
    "key": "name of the sample in one download",
    "status": "whether the download worked",
    "error_message": "why the download failed",
    "original_width": "width before resizing",
    "original_height": "height before resizing",
    "exif": "camera data (JSON)",
    "jpg": "the image itself",
    "image": "the image itself",
    "bboxes": "boxes within the image",
    # DataComp
    "uid": IDENTITY,
    "clip_b32_similarity_score": "how well caption and image fit",
    "clip_l14_similarity_score": "how well caption and image fit",
    "face_bboxes": "boxes of faces, to be blurred",
    # COYO
    "id": IDENTITY,
    "image_phash": "perceptual hash",
    "text_length": "characters of the caption",
    "word_count": "words of the caption",
    "num_tokens_bert": "tokens of the caption",
    "num_tokens_gpt": "tokens of the caption",
    "num_faces": "faces in the image",
    "clip_similarity_vitb32": "how well caption and image fit",
    "clip_similarity_vitl14": "how well caption and image fit",
    "nsfw_score_opennsfw2": "safety score of OpenNSFW2",
    "nsfw_score_gantman": "safety score of GantMan",
    "watermark_score": "probability of a watermark, 0 to 1",
    "aesthetic_score_laion_v2": "how pleasing the image is",
    # PD12M, Open Images and relatives
    "mime_type": "file type of the image",
    "source": "where the image comes from",
    "url_md5": "MD5 of the link",
    "url_sha1": "SHA-1 of the link",
    "url_sha256": "SHA-256 of the link",
}
# whole numbers, which pandas turns into fractions where one is missing
_WHOLE = {"sample_id", "width", "height", "original_width", "original_height"}


def meaning(name: str, kind: str) -> str:
    """One line for a column, from its name in any case and its type; UNKNOWN if not known.

    `kind` is the type as `plain_type` writes it. A type that such a column has only by an
    accident on its way is explained too.
    """
    lower = bare_name(name).lower()
    if lower == "hash":
        if kind == "string" or kind.startswith("binary"):
            return "hash of the image file"
        return "LAION's hash of link and caption"
    told = _MEANINGS.get(lower, UNKNOWN)
    if kind == "null":
        told += "; without a type: NULL in every row"
    if lower in _WHOLE and kind in ("float", "double"):
        told += "; as a fraction, since pandas met a NULL"
    return told
