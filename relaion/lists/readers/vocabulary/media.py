"""What a file is of, by its name, whatever programs and people put behind its extension."""

import re

from relaion.lists.readers.format import NO_IMAGE, VIDEO
from relaion.lists.readers.vocabulary.spelling import words_in
from relaion.lists.readers.vocabulary.title_patterns import OTHER

_FILM = words_in(
    "{video} 3g2 3gp2 3gpp2 ogm mxf swf m3u8 m3u mpd f4p m4p mjpg mjpeg qt amv dv nsv svi yuv "
    "mpe mpv m2v m1v drc gifv h264 h265 hevc trp wtv dvr-ms tod 264 265 av1 ivf bik camrec"
)
_OTHER = words_in("{other_media} dylib ko ocx class sh ods epub ini lnk inf msi cab cfg mui") - {
    "bin"
}
_IMAGE = words_in("{image}")
_KNOWN = _FILM | _OTHER | _IMAGE | {"bin"}  # pictures carved from a disk are called so, too
_END = re.compile(r"\.([A-Za-z0-9-]{1,6})\Z")
_BEHIND = re.compile(
    r"(?i)(?:\s*\(\d+\)|\s*\[\d+\]|\s+-?\s*(?:copy|kopie|copie|copia)(?:\s*\(?\d+\)?)?|[~\s\"'»”,;]"
    r"|\.(?:part|crdownload|tmp|temp|bak|backup|old|orig|original|download|filepart|partial|opdownload"
    r"|incomplete|!ut|aria2|\d{1,3}))\Z"
)
_LITTER = re.compile(r"(?i)(?:\A|[/\\])(?:desktop\.ini|thumbs\.db|\.ds_store|\.localized)\Z")
_LAYERS = 6  # `b.mp4.part (1)`


def _extension(name: str) -> str:
    """The extension that is known, behind whatever; empty for none. A number has none."""
    for _ in range(_LAYERS):
        end = _END.search(name)
        word = end[1].casefold() if end else ""
        if word in _KNOWN and (not word.isdigit() or re.search(r"[^\W\d]", name)):
            return word
        bare = _BEHIND.sub("", name)
        if bare == name:
            break
        name = bare
    return ""


def media_of_file(name: str) -> str | None:
    """Why the digest of a file of this name is of no image; None where it may be of one."""
    if _LITTER.search(name):
        return NO_IMAGE
    word = _extension(name) if "." in name else ""
    return VIDEO if word in _FILM else NO_IMAGE if word in _OTHER else None


_PLAIN = frozenset((".jpg", ".png", "jpeg", ".gif", "webp"))
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp")


def is_plain_picture(name: str) -> bool:
    """Whether a name is that of a picture and of no folder: a quick look, which may miss some."""
    return name.endswith(_PICTURES) and "/" not in name and "\\" not in name


_NOTED = re.compile(r"(?s).*?\.[A-Za-z0-9]{2,5}(?=[\s#;|(\[,])[\s#;|(\[,–—-]*(.*)")


def note_of_file(name: str) -> str:
    """What stands behind the name of a file and is no part of it; empty for nothing."""
    found = None if name[-4:].lower() in _PLAIN else _NOTED.match(name)
    return found[1] if found and not is_name_of_media(found[1]) else ""


def is_name_of_media(name: str) -> bool:
    """Whether the name of a file ends in an extension that is known, of a picture or not."""
    end = _END.search(name.rstrip())
    return end is not None and end[1].casefold() in _KNOWN


_OF_OTHER_HASH = re.compile(
    rf"(?i)\.(?:{OTHER.pattern}|b2|b3|tth|ed2k|xxh\w*)(?:\.(?:txt|csv|gz))*\Z"
)


def is_of_other_hash(file_name: str) -> bool:
    """Whether the end of a list's name is that of an algorithm that is not read: `files.b3`."""
    return _OF_OTHER_HASH.search(file_name) is not None
