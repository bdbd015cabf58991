"""Layouts by the names that people know them by, told from names of columns in any case."""

from collections.abc import Iterable

from relaion.shards.claims import bare_name

# what it is -> columns that it has; the first that fits is told, so the special ones come first
_KNOWN: tuple[tuple[str, str], ...] = (
    ("Re-LAION-5B", "url caption similarity hash punsafe key status md5"),
    ("laion-coco", "url text top_caption all_captions"),
    ("LAION-5B translated to English", "url text|eng text"),
    ("LAION-Aesthetics", "url text hash aesthetic_score"),
    ("LAION-Aesthetics", "url text hash aesthetic"),
    ("LAION-5B multi as first published", "sample_id url text license nsfw similarity language"),
    ("LAION-400M, or LAION-5B as first published", "sample_id url text license nsfw similarity"),
    ("LAION-5B with scores (joined)", "url text similarity hash punsafe pwatermark"),
    ("a LAION table of safety scores", "hash prediction"),
    ("a LAION table of watermark scores", "hash pwatermark"),
    ("LAION-POP", "url cogvlm_caption"),
    ("DataComp", "uid url text clip_l14_similarity_score sha256"),
    ("COYO-700M", "url text image_phash clip_similarity_vitb32"),
    ("PD12M", "url caption hash mime_type"),
    ("a download by img2dataset", "url key status error_message"),
)


def known_as(names: Iterable[str]) -> str:
    """The data set, or the program, whose columns these are; empty if none is known."""
    lower = {bare_name(name).lower() for name in names}
    return next((what for what, needed in _KNOWN if _columns(needed) <= lower), "")


def _columns(needed: str) -> set[str]:
    first, _, blank = needed.partition("|")  # one name holds a blank
    return set(first.split()) | ({blank} if blank else set())
