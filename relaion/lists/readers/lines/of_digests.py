"""What the name of a list says of its digests: that they are of links, of thumbnails, of texts.

Such digests match no image of a data set, or match links. A list that has but a name to say so is
asked about; names such as `md5.txt` and `image_md5s.txt` say no such thing.
"""

from __future__ import annotations

import re

from relaion.lists.readers.lines.titles import OF_LINKS, Doubt, Doubted, units_of
from relaion.lists.readers.vocabulary.spelling import words_in
from relaion.lists.readers.vocabulary.title_patterns import LINKS_HASHED

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
OF_PARTS = words_in(
    "thumbnail thumbnails thumb thumbs preview previews string strings text texts keyword keywords "
    "username usernames email emails filename filenames password passwords vorschaubilder "
    "vignette vignettes miniatura miniaturas"
)
_PICTURES = words_in("{pictures}")
_OF_A_TYPE = re.compile(
    r"(?i)\.te(?:\.[a-z0-9]+)?\Z"
)  # `simple.HASH_URL_MD5.te` is read by its name


def of_digests(name: str) -> tuple[Doubt, str] | None:
    """What a list's name says of its digests, and how that is asked; None where it says nothing."""
    if _OF_A_TYPE.search(name):
        return None
    text = re.sub(r"[\W_]+", " ", re.sub(r"(?:\.[A-Za-z0-9]{1,5}){1,2}\Z", "", name)).casefold()
    if LINKS_HASHED.search(text):
        return Doubt(OF_LINKS, Doubted.DIGESTS), _OF_LINKS
    told = units_of(text)
    word = next((unit for unit in told if unit in OF_PARTS), None)
    if word is None or not _PICTURES.isdisjoint(told):
        return None
    return Doubt(word, Doubted.DIGESTS), _BY_PARTS
