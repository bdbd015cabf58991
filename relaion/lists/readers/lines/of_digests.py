"""What names and titles of lists say that digests are of: links, thumbnails, texts, salted files.

`hashes of the page HTML`, `hashed e-mail addresses`, `salted MD5`, `sha256(url)`. What a word means
here it means as the name of a column, too: both know the same words. Such digests match no image of
a data set, or match links. A list that has but a name to say so is asked about; names such as
`md5.txt` and `image_md5s.txt` say no such thing.
"""

from __future__ import annotations

import re
from itertools import pairwise

from relaion.lists.readers.lines import titles
from relaion.lists.readers.vocabulary.of_what import ELSE, LINK, of_what
from relaion.lists.readers.vocabulary.patterns import pattern
from relaion.lists.readers.vocabulary.spelling import words_in

_OBJECT = pattern("of_digests.object")
_STOP = pattern("of_digests.stop")
_AND = pattern("of_digests.and")
_BETWEEN = words_in("{small_words_of_digests}")
_CONTENT = words_in("{files_of_digests}")
_ALTERED = words_in("{altered_pictures}")
_ELSE = words_in("{digests_of_else}")
_LINKS = words_in("{link_names}")
_SALTED = pattern("of_digests.salted")
_OF_HASH = pattern("of_digests.of_hash")
_VIDEO_HASH = pattern("of_digests.video_hash")
_IS_HASH = pattern("of_digests.is_hash")
_CALLED = pattern("of_digests.called")
_USABLE = re.compile(r"(?:md-?5|sha-?1|sha-?256)s?")
_DENIED = pattern("of_digests.denied")
_AFTER_OBJECT = re.compile(r"[,;(]")
_INFO_HASH = pattern("of_digests.info_hash")
_OF_OTHERS = pattern("of_digests.of_others")
_OF_PICTURES = pattern("of_digests.of_pictures")


def of_else(text: str) -> titles.Doubt | str | None:
    """What a folded title says that digests are of: of links, or of what else than files."""
    if _OF_OTHERS.search(text) and not (_OF_PICTURES.search(text) or _DENIED.search(text)):
        return titles.Doubt("of something else", titles.Doubted.DIGESTS)
    if _INFO_HASH.search(text) and not _DENIED.search(text):
        return titles.Doubt("info hashes", titles.Doubted.DIGESTS)
    if _DENIED.search(_clause(text)):
        return None
    if word := _of_more(text):
        return titles.Doubt(word, titles.Doubted.DIGESTS)
    found = _CALLED.search(text)
    if found or (found := _OBJECT.search(text)) is None:
        return _called(found) if found else None
    return _of_object(found["of"])


def _clause(text: str) -> str:
    """A text up to where it has said of what digests are: `MD5 of the URL, without scheme`."""
    found = _OBJECT.search(text)
    stop = _AFTER_OBJECT.search(text, found.start("of")) if found else None
    return text[: stop.start()] if stop else text


def _of_more(text: str) -> str:
    """The words by which digests are of more, or of less, than the bytes of a file."""
    found = _VIDEO_HASH.search(text) or (_IS_HASH.search(text) and _SALTED.search(text))
    return found[0] if found else "a digest of digests" if _OF_HASH.search(text) else ""


def _called(found: re.Match[str]) -> titles.Doubt | str | None:
    """What stands in brackets behind the name of an algorithm: `md5(url)`."""
    told = re.findall(r"[^\W_]+", found["what"])
    if not _LINKS.isdisjoint(told):
        return titles.OF_LINKS
    if found["blank"]:
        return None
    if any(_USABLE.fullmatch(word) for word in told):
        return titles.Doubt("a digest of digests", titles.Doubted.DIGESTS)
    is_else = of_what(found["what"]) == ELSE
    return titles.Doubt("of something else", titles.Doubted.DIGESTS) if is_else else None


def _of_object(text: str) -> titles.Doubt | str | None:
    """Of what digests are that are said to be of something: its last word tells."""
    told = [w for w in re.findall(r"[^\W\d_]+", _STOP.split(text)[0].replace("e-mail", "email"))]
    told = [w for w in told if w not in _BETWEEN][:5]
    if not told:
        return None
    last = next((w for w in reversed(told) if w in _ELSE | _LINKS | _CONTENT), "")
    if last in _CONTENT:
        altered = next((w for w in told if w in _ALTERED), "")
        return titles.Doubt(altered, titles.Doubted.DIGESTS) if altered else None
    if last in _LINKS or of_what(" ".join(told)) == LINK:
        return titles.OF_LINKS
    if last in _ELSE or of_what(" ".join(told)) == ELSE:
        beside = _AND.search(text)
        is_both = beside and not _CONTENT.isdisjoint(re.findall(r"\w+", text[beside.end() :]))
        return None if is_both else titles.Doubt(last or told[-1], titles.Doubted.DIGESTS)
    return None


# -- The names of files ----------------------------------------------------------------------------

OF_LINKS_BY_TITLE = (
    "a title in it says that it holds {word}: say so with --kind url_md5 (or url_sha1, "
    "url_sha256); if they are those of images, say --ignore title"
)
_OF_LINKS = (
    "its name says that it holds {word}: say so with --kind url_md5 (or url_sha1, url_sha256); if "
    "they are those of images, say --ignore file-name"
)
_BY_PARTS = (
    "its name says that its digests are of something else than pictures ({word}): if they are "
    "those of pictures, say --ignore file-name"
)
_LINKS_HASHED = pattern("titles.links_hashed")
_PARTS = words_in("{parts_of_files}")
_PICTURED = words_in("{pictures}")
_OF_A_TYPE = re.compile(r"(?i)\.te(?:\.[a-z0-9]+)?\Z")  # `simple.HASH_MD5.te` is read by its name


def of_digests(name: str) -> tuple[titles.Doubt, str] | None:
    """What a list's name says of its digests, and how that is asked; None where it says nothing."""
    if _OF_A_TYPE.search(name):
        return None
    text = re.sub(r"[\W_]+", " ", re.sub(r"(?:\.[A-Za-z0-9]{1,5}){1,2}\Z", "", name)).casefold()
    if _LINKS_HASHED.search(text):
        return titles.Doubt(titles.OF_LINKS, titles.Doubted.DIGESTS), _OF_LINKS
    told = titles.units_of(text)
    pairs = (a + b for a, b in pairwise(told))  # `user_ids_md5.txt`
    word = next((unit for unit in (*told, *pairs) if unit in _PARTS), None)
    if word is None or not _PICTURED.isdisjoint(told):
        return None
    return titles.Doubt(word, titles.Doubted.DIGESTS), _BY_PARTS
