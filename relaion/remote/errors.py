"""What a store of objects answers to whoever writes there, as one line: never by its own words.

The words of a store may quote the name of a key, a signature or a part of a token.
"""

from collections.abc import Iterator

from relaion.errors import NoRoomError
from relaion.paths import shown
from relaion.remote.failures import ChangedObjectError, kind_of


class UnwrittenError(NoRoomError):
    """Raised when a store does not do what a run asks of it: the next thing cannot go well, too.

    `kind` is what it means, as `failures.kind_of` has it.
    """

    kind = ""


class OtherBytesError(UnwrittenError):
    """Raised when a store holds other bytes than were sent to it."""


PASSING = frozenset({"busy", "cut", "unreached"})
"""What may be over in a moment: the same is asked again, after a pause."""
_EXISTS = frozenset({"ConditionalRequestConflict", "FileExistsError", "BlobAlreadyExists"})
_UNABLE = frozenset({"NotImplemented", "NotImplementedError", "MethodNotAllowed"})
_MOST = 8  # errors that led to one another


def _names(error: BaseException) -> Iterator[str]:
    """Codes of an answer, and names of classes, of an error and of those that it came from."""
    at: BaseException | None = error
    for _ in range(_MOST):
        if at is None:
            return
        response = getattr(at, "response", None)
        if isinstance(response, dict):
            yield str(response.get("Error", {}).get("Code", ""))
        yield str(getattr(at, "error_code", ""))
        yield from (kind.__name__ for kind in type(at).__mro__)
        at = at.__cause__ or at.__context__


def is_taken(error: BaseException) -> bool:
    """Whether a condition did not hold: a name is taken, or its object is another one by now."""
    return kind_of(error) == "changed" or any(name in _EXISTS for name in _names(error))


def is_unable(error: BaseException) -> bool:
    """Whether a store does not know what it was asked for."""
    return any(name in _UNABLE for name in _names(error))


def is_none(error: BaseException) -> bool:
    """Whether there is no such object."""
    return kind_of(error) == "gone"


_GO_ON = "and repeat the command to go on"
_WHY = {
    "expired": f"the credentials have expired; renew them, {_GO_ON}",
    "none": "no credentials were found; give some as the library for that store reads them, "
    + _GO_ON,
    "refused": f"these credentials do not permit it, or are not accepted; see to that, {_GO_ON}",
    "no bucket": "there is no such bucket; make it, or check its name",
    "gone": f"there is no such object; see what removed it, {_GO_ON}",
    "changed": f"something else writes there; see that nothing does, {_GO_ON}",
    "busy": f"the store is too busy, after several tries; wait, {_GO_ON}",
    "cut": f"the connection broke again and again; see to it, {_GO_ON}",
    "certificate": "the certificate of the server is not trusted; check its address",
    "unreached": f"the server cannot be reached; check network and address, {_GO_ON}",
}


def store_error(where: object, what: str, error: BaseException) -> UnwrittenError:
    """The error for an answer; `what` was to be done, such as `be written`."""
    kind = kind_of(error)
    why = _WHY.get(kind, f"{type(error).__name__}; check the store, {_GO_ON}")
    made = UnwrittenError(f"{shown(where)}: cannot {what}: {why}")
    made.kind = kind
    return made


def other_bytes(where: object) -> OtherBytesError:
    """The error for an object that is not what was put."""
    return OtherBytesError(
        f"{shown(where)}: the store holds other bytes than were sent; see what writes there, "
        + _GO_ON
    )


def changed(where: object) -> ChangedObjectError:
    """The error for an object that is another one than was read."""
    return ChangedObjectError(
        f"{shown(where)}: was changed or replaced while it was worked on; see that nothing writes "
        "to it, and repeat the command"
    )


def no_condition(where: object) -> UnwrittenError:
    """The error for a store in which two runs could not be kept apart."""
    return UnwrittenError(
        f"{shown(where)}: the store cannot put an object only where none is, so two runs could "
        "write there at once; choose another store, or a folder of this machine as OUT"
    )
