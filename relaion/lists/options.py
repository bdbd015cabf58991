"""Options of `lists add` that say how a delivery is meant: its scope and its forms."""

import difflib
import fnmatch
from collections.abc import Sequence

from relaion.errors import InputError
from relaion.links import FORMS, SCOPES
from relaion.lists.kinds import HASHED_LINK
from relaion.paths import typed


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
    if forms and kind is not None and kind not in HASHED_LINK:
        raise InputError(
            f"--form: is for hashed links, not for {kind}; leave it out, or choose one of "
            f"{', '.join(HASHED_LINK)} with --kind"
        )
    chosen = {name for form in forms for name in fnmatch.filter(FORMS, form)}
    return tuple(name for name in FORMS if name in chosen)
