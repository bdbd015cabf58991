"""Titles that say of what digests are: of links, of texts, of thumbnails, of more than a file.

`hashes of the page HTML`, `hashed e-mail addresses`, `salted MD5`, `sha256(url)`. What a word means
here it means as the name of a column, too: both know the same words.
"""

from __future__ import annotations

import re

from relaion.lists.readers.lines.titles import OF_LINKS, Doubt, Doubted
from relaion.lists.readers.vocabulary.of_what import ELSE, LINK, of_what
from relaion.lists.readers.vocabulary.spelling import words_in

_HASH = (
    r"(?:md-?5s?|sha-?1s?|sha-?256s?|sha|hash(?:es|werten?|summen|wert)?|digests?|checksums?"
    r"|fingerprints?"
    r"|prufsummen?|empreintes?|condensats?|hachages?|huellas?|impront[ae]|resumos?|vingerafdrukken"
    r"|hashwaarden|hashvarden|hashverdier|tiivist\w+|skrot\w*|otisk\w*|lenyomat\w*|хеш\w*|хэш\w*)"
)
_OF = (
    r"(?:of|over|on|from|von|vom|der|des|de|d'|du|del|della|delle|degli|dei|di|da|das|do|dos|van"
    r"|av|af|z|из|от)"
)
_OBJECT = re.compile(
    rf"\b(?:{_HASH}(?: (?:values?|sums?|list|digests?))? {_OF} ?|hashed |(?:skrot|otisk|хеш"
    r"|хэш)\w* )(?P<of>.*)"
)
_STOP = re.compile(
    r"[,;:()\[\]]| (?:in|from|with|by|for|found|which|that|who|and|or|of|at|on|to|as|were|was|are"
    r"|is|aus|mit"
    r"|fur|und|oder|die|dans|avec|pour|par|et|ou|qui|en|con|para|por|y|que|per|e|met|voor|uit|i"
    r"|och|og"
    r"|w|z|и|с|для)(?= |$)"
)
_AND = re.compile(r"[,&]| (?:and|or|und|oder|et|ou|y|o|e|en|of|och|og|i|a|и) ")
_BETWEEN = words_in(
    "the all our their your each every its his her both only some any these those following below "
    "les la le las los der die das den dem il lo gli el l un une een het de unser unsere nos our "
    "uploaded reported new more further raw sole user users' client member sender"
)
_CONTENT = words_in(
    "{pictures} content contents material media file files uploads upload data bytes data "
    "dateien fichiers archivos bestanden inhalte contenus contenidos"
)
_ALTERED = words_in("{altered_pictures}")
_ELSE = words_in("{digests_of_else}")
_LINKS = words_in("{link_names}")
_SALTED = re.compile(
    r"\b(?:salted|salting|salt|salts|peppered|pepper|hmac|keyed|gesalzen\w*|sale[es]*|salad[oa]s?"
    r"|salat[aieo]"
    r"|gezouten|saltad\w*|saltet|solon\w*|xored|truncated|соленн?\w*)\b|\b(?:double|twice|nested"
    r"|iterated"
    r"|doppelte?[rs]?|doble|doppio|dubbele)[ -]?(?:md-?5|sha-?\d+|hash\w*|gehasht\w*)"
    r"|\b(?:first|last|leading|ersten|premiers|primeros|primi|eerste) \d+ ?(?:bytes?|b|kb|kib|k|mb"
    r"|mib|octets?)\b"
)
_OF_HASH = re.compile(
    r"\b(?:md-?5|sha-?1|sha-?256|hash|digest) (?:of|over) (?:the |an? |each )?(?:md-?5|sha-?1"
    r"|sha-?256"
    r"|hash|digest)(?:es|s)?\b(?! of)"
)
_VIDEO_HASH = re.compile(r"\bvideohash(?:es)?\b")
_IS_HASH = re.compile(rf"\b{_HASH}\b|\b(?:scheme|key|algorithm)\b")
_CALLED = re.compile(
    r"\b(?P<of>md-?5|sha-?1|sha-?256|hash|hex)(?P<blank> ?)\((?P<what>[^()]{1,40})"
)
_USABLE = re.compile(r"(?:md-?5|sha-?1|sha-?256)s?")
_DENIED = re.compile(
    r"\b(?:no|not|un|without|none|except|excluding|excluded|never|kein\w*|ohne|nicht|sans|sin"
    r"|senza|zonder"
    r"|sem|utan|uden|bez|без)\b|以外|除く|不含|なし|제외"
)
_AFTER_OBJECT = re.compile(r"[,;(]")
_INFO_HASH = re.compile(
    r"\binfo[ -]?hash\w*|\b(?:bit ?)?torrent (?:hash\w*|ids?)\b|\bbtihs?\b"
    r"|\b(?:commit|transaction|block) hashes\b"
)
"""Of torrents, of versions of a program, of coins: as long as an SHA-1, and of no file."""
_OF_OTHERS = re.compile(
    r"動画|映像|视频|視頻|影片|录像|동영상|비디오|サムネイル|縮小|缩略图|縮圖|썸네일|音声|音频|오디오|文字列|字符串"
)
_OF_PICTURES = re.compile(r"画像|写真|静止画|图片|图像|照片|圖片|이미지|사진")


def of_else(text: str) -> Doubt | str | None:
    """What a folded title says that digests are of: of links, or of what else than files."""
    if _OF_OTHERS.search(text) and not (_OF_PICTURES.search(text) or _DENIED.search(text)):
        return Doubt("of something else", Doubted.DIGESTS)
    if _INFO_HASH.search(text) and not _DENIED.search(text):
        return Doubt("info hashes", Doubted.DIGESTS)
    if _DENIED.search(_clause(text)):
        return None
    if word := _of_more(text):
        return Doubt(word, Doubted.DIGESTS)
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


def _called(found: re.Match[str]) -> Doubt | str | None:
    """What stands in brackets behind the name of an algorithm: `md5(url)`."""
    told = re.findall(r"[^\W_]+", found["what"])
    if not _LINKS.isdisjoint(told):
        return OF_LINKS
    if found["blank"]:
        return None
    if any(_USABLE.fullmatch(word) for word in told):
        return Doubt("a digest of digests", Doubted.DIGESTS)
    is_else = of_what(found["what"]) == ELSE
    return Doubt("of something else", Doubted.DIGESTS) if is_else else None


def _of_object(text: str) -> Doubt | str | None:
    """Of what digests are that are said to be of something: its last word tells."""
    told = [w for w in re.findall(r"[^\W\d_]+", _STOP.split(text)[0].replace("e-mail", "email"))]
    told = [w for w in told if w not in _BETWEEN][:5]
    if not told:
        return None
    last = next((w for w in reversed(told) if w in _ELSE | _LINKS | _CONTENT), "")
    if last in _CONTENT:
        altered = next((w for w in told if w in _ALTERED), "")
        return Doubt(altered, Doubted.DIGESTS) if altered else None
    if last in _LINKS or of_what(" ".join(told)) == LINK:
        return OF_LINKS
    if last in _ELSE:
        beside = _AND.search(text)
        is_both = beside and not _CONTENT.isdisjoint(re.findall(r"\w+", text[beside.end() :]))
        return None if is_both else Doubt(last, Doubted.DIGESTS)
    return None
