"""What an entry can be, and what a partner's column name says about it."""

import difflib
import fnmatch
import re
from collections.abc import Sequence

from relaion.errors import InputError
from relaion.links import FORMS, SCOPES
from relaion.paths import typed
from relaion.roles import HASHED_LINK_KINDS, IMAGE_KINDS, KINDS, SCOPED_KINDS

_LINK = ("url", *SCOPED_KINDS, *HASHED_LINK_KINDS)  # scoped only where the value's own stars say so
# what a value may be when nothing but the value tells: the first that fits is taken
ANY = ("url", *SCOPED_KINDS, *IMAGE_KINDS, *HASHED_LINK_KINDS)

_OF_LINK = "url|uri|link|href"
_OF_IMAGE = "image|img|file|media|picture|content"
_ALGORITHM = re.compile(
    rf"(?:(?P<link>{_OF_LINK})|(?P<image>{_OF_IMAGE})|hash|hex|hashvalue|original)?s?"
    r"(?P<name>md5|sha1|sha256|sha)(?:hash|hex|sum|digest|value|base32|base64|s)*"
    rf"(?:of)?(?:(?P<link2>{_OF_LINK})|(?P<image2>{_OF_IMAGE}))?s?"
)
_NAMES = (
    (rf"(?:{_OF_IMAGE}|source|src|full|web|page|original)?(?:{_OF_LINK})s?|webaddress", _LINK),
    (rf"(?:{_OF_LINK})(?:hash|digest)(?:es|s)?|hashed(?:{_OF_LINK})s?", tuple(HASHED_LINK_KINDS)),
    (rf"(?:{_OF_IMAGE})(?:hash|digest)(?:es|s|value)?", IMAGE_KINDS),
    ("(?:hash|digest)(?:es|s|value|values|hex)?|values?|indicators?|ioc|entry|entries", ANY),
)
# names that say nothing by themselves: a column `domain` beside links is no list of hosts
_WHERE_SAID = {
    "host": "hosts?|hostnames?|domains?|domainnames?|fqdns?|sites?|patterns?",
    "url_prefix": "(?:url)?prefix(?:es)?|folders?|directory|directories|patterns?",
    "row_hash": "(?:row)?hash(?:es)?|rowkeys?|values?|entry|entries",
}


def kinds_named(name: str, said: str | None = None) -> tuple[str, ...]:
    """The kinds that a column of this name can hold, the likeliest first; empty for none.

    Case and separators count for nothing: `SHA-1`, `sha_1` and `Sha1` are one name. `md5`
    is an image's unless `--kind` says otherwise; `url` may also hold hashed links. `said` is
    the kind that the user named: a column may be its although its name tells nothing.
    """
    plain = re.sub(r"[^a-z0-9]", "", name.casefold())
    kinds = _kinds_named(plain)
    if said and said not in kinds and re.fullmatch(_WHERE_SAID.get(said, ""), plain or "-"):
        return (*kinds, said)
    return kinds


def _kinds_named(plain: str) -> tuple[str, ...]:
    if found := _ALGORITHM.fullmatch(plain):
        algorithms = ("sha1", "sha256") if found["name"] == "sha" else (found["name"],)
        return tuple(
            f"{what}_{algorithm}"
            for what in ("image", "url")
            for algorithm in algorithms
            if not (found["link"] or found["link2"]) or what == "url"
            if not (found["image"] or found["image2"]) or what == "image"
        )
    return next((kinds for names, kinds in _NAMES if re.fullmatch(names, plain)), ())


# -- Options of `lists add` that say how a delivery is meant ------------------------------------

_COLUMN_KINDS = ("md5", "sha1", "sha256", "hash", *KINDS)
ROLES_OF_LISTS = ("bad", "good")


def read_columns(said: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """`--column KIND=NAME` as names by kind; raises InputError for a kind that is none."""
    found: dict[str, tuple[str, ...]] = {}
    for text in said:
        kind, sign, name = text.partition("=")
        if not sign or not name.strip() or kind not in _COLUMN_KINDS:
            raise InputError(
                f"--column {typed(text)}: write KIND=NAME or KIND=NUMBER, such as sha1=3; a kind "
                f"is one of {', '.join(_COLUMN_KINDS)}"
            )
        found[kind] = (*found.get(kind, ()), name.strip())
    return found


def read_where(said: Sequence[str]) -> dict[str, frozenset[str]]:
    """`--where NAME=WORD,WORD` as words by name, without case; raises InputError."""
    found: dict[str, frozenset[str]] = {}
    for text in said:
        name, sign, words = text.partition("=")
        told = frozenset(w.strip().casefold() for w in words.split(",") if w.strip())
        if not sign or not name.strip() or not told:
            raise InputError(f"--where {typed(text)}: write NAME=WORD,WORD, such as category=1,2")
        found[name.strip()] = found.get(name.strip(), frozenset()) | told
    return found


def read_role(said: str | None) -> str | None:
    """`--role`; raises InputError for a word that is none."""
    if said is not None and said not in ROLES_OF_LISTS:
        raise InputError(f"--role {typed(said)}: choose one of {', '.join(ROLES_OF_LISTS)}")
    return said


def scoped_kind(kind: str | None, scope: str | None) -> str | None:
    """The kind that a scope makes of a delivery; raises InputError where they contradict."""
    if scope is None:
        return kind
    if scope not in SCOPES:
        raise InputError(f"--scope {typed(scope)}: choose one of {', '.join(SCOPES)}")
    if kind not in (None, "url", SCOPES[scope]):
        raise InputError(
            f"--scope {scope}: is for links and hosts, not for --kind {kind}; leave one out"
        )
    return SCOPES[scope]


def chosen_forms(kind: str | None, forms: Sequence[str]) -> tuple[str, ...]:
    """The spellings that names and patterns choose, each once, in the order of FORMS.

    Raises InputError for a name that is none, and for a kind that has no spellings.
    """
    for form in forms:
        if not fnmatch.filter(FORMS, form):
            near = difflib.get_close_matches(form, FORMS, 1)
            hint = f"did you mean {near[0]}" if near else f"such as {FORMS[0]} or {FORMS[0]}-*"
            raise InputError(f"--form {typed(form)}: is no spelling of a link; {hint}")
    if forms and kind is not None and kind not in HASHED_LINK_KINDS:
        raise InputError(
            f"--form: is for hashed links, not for {kind}; leave it out, or choose one of "
            f"{', '.join(HASHED_LINK_KINDS)} with --kind"
        )
    chosen = {name for form in forms for name in fnmatch.filter(FORMS, form)}
    return tuple(name for name in FORMS if name in chosen)
