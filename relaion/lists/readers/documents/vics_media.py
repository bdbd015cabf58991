"""A medium of VICS: its files and hashes, what takes it back, and whether it is a film."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from relaion.errors import ListError
from relaion.lists.readers.documents.json_rows import text_of
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.media import is_name_of_media, media_of_file

_PAIR = 2
PICTURES = frozenset((".jpg", "jpeg", ".png", ".gif", ".bmp", "webp"))
"""How names of pictures end: a quick look."""
PATHS = ("relativefilepath", "filepath")
"""Fields of a medium and of its files that say where it lay."""
CASES = frozenset(("Media", "media", "MEDIA"))
"""How cases name their media."""
_GONE = "@removed"
_DELETED_ENTITY = "$deletedentity"
_OF_ID = re.compile(r"\((?:'([^']*)'|([^()]*))\)\s*\Z")


def as_object(value: Any) -> dict[str, Any]:
    """What stands among media as an object; nothing as a medium without anything."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ListError("holds something that is no medium among its media")
    return value


def inner_media(value: Mapping[str, Any]) -> list[Any] | None:
    """The media of a case; None for what is a medium itself."""
    inner = None if CASES.isdisjoint(value) else value_of(value, "media")
    return inner if isinstance(inner, list) else None


def holds_media(value: Any) -> bool:
    """Whether objects that a value holds are media, as far as their fields tell."""
    if isinstance(value, list):
        return any(map(holds_media, value))
    if not isinstance(value, dict):
        return False
    told = {name.casefold() for name in value}
    return not told.isdisjoint(("mediaid", "md5", "sha1")) or any(map(holds_media, value.values()))


def may_be_removal(keys: Iterable[str]) -> bool:
    """Whether objects with these names, in lower case, may be such as `is_removal` knows."""
    return any(key == _GONE or key.endswith("context") for key in keys)


def is_removal(medium: Mapping[str, Any]) -> bool:
    """Whether it is no medium, but says that one is gone: `@removed`, or a deleted entity."""
    said = (
        name.casefold() == _GONE
        or (name.casefold().endswith("context") and str(v).casefold().endswith(_DELETED_ENTITY))
        for name, v in medium.items()
    )
    return any(said)


def as_removal(medium: Mapping[str, Any]) -> dict[str, Any]:
    """Such a record with its id, and a field that says that it was removed."""
    left = {
        name: v
        for name, v in medium.items()
        if name.casefold() not in (_GONE, "reason", "id") and "odata" not in name.casefold()
    }
    told = next((v for n, v in medium.items() if n.casefold() in ("id", "@id", "@odata.id")), None)
    found = _OF_ID.search(told) if isinstance(told, str) else None
    if found and value_of(medium, "mediaid") is None:
        left["MediaID"] = found[1] or found[2]
    return left | {"Removed": "true"}


def hash_in(each: Any) -> tuple[str, str]:
    """The name and the value of a hash as VICS writes it; nothing for any other."""
    if type(each) is not dict or len(each) != _PAIR:
        return "", ""
    name, value = each.get("HashName"), each.get("HashValue")
    return (name, value) if type(name) is str and type(value) is str else ("", "")


def is_picture(each: Any, md5: str) -> bool:
    """Whether a file is the medium itself, under the name of a picture: its MD5 is, or it has none.

    Names in another case are not known here: such a file is looked at with care.
    """
    name = each.get("FileName") if type(each) is dict else None
    if type(name) is not str or name[-4:].lower() not in PICTURES:
        return False
    return each["MD5"] == md5 if "MD5" in each else not has_other_md5(each)


def has_other_md5(told: Iterable[str | int]) -> bool:
    """Whether a file has an MD5 under this name in another case."""
    return any(type(name) is str and name != "MD5" and name.casefold() == "md5" for name in told)


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in an array, or the only one."""
    return [each for each in listed(value) if isinstance(each, dict)]


def listed(value: Any) -> list[Any]:
    """A value as an array; null as an empty one."""
    return [] if value is None else value if isinstance(value, list) else [value]


_FEW = 64  # hashes of one medium by one algorithm; of more, equal ones are told apart as entries


def put_hash(plain: dict[str, Any], name: str, value: str) -> None:
    """Put a hash beside those of its algorithm, whose name may stand there in another case."""
    at = name
    if name not in plain:
        at = next((n for n in plain if n.casefold() == name.casefold()), name)
    held = listed(plain.get(at))
    if len(held) >= _FEW:
        held.append(value)
    elif value.casefold() not in {str(x).casefold() for x in held}:
        plain[at] = [*held, value] if held else value


def value_of(each: Mapping[str, Any], name: str) -> Any:
    """The value of a field by its name in any case; None for none."""
    return next((v for n, v in each.items() if n.casefold() == name), None)


def text_in(each: Mapping[str, Any], name: str) -> str:
    """The text of a field by its name in lower case; empty for none."""
    return text_of(value_of(each, name)).strip()


def is_hash(name: str) -> bool:
    """Whether a field holds digests, of a picture or by an algorithm that is not read."""
    return names.read_name(name).what in (names.ENTRY, names.OTHER)


def film_of(file_names: Iterable[str]) -> str:
    """A name by which a medium is no image, where all of its files have such a name."""
    told = [name for name in file_names if name]
    return told[0] if told and all(map(media_of_file, told)) else ""


def name_of_file(each: Mapping[str, Any]) -> str:
    """The name of a file that tells of what it is: its own, or that in its path."""
    name = text_in(each, "filename")
    if is_name_of_media(name):
        return name
    return next((path for key in PATHS if media_of_file(path := text_in(each, key))), name)


def may_be_film(medium: Mapping[str, Any], paths: Iterable[str]) -> bool:
    """Whether the path of a medium says that it is no picture."""
    told = (medium[name] for name in paths)
    return any(
        type(path) is str and path[-4:].lower() not in PICTURES and media_of_file(path)
        for path in told
    )
