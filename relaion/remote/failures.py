"""What can go wrong between here and a store, in one line that holds no secret.

Libraries quote requests, and with them signatures and account names: their texts are dropped, and
what they mean is told by their classes, codes and statuses, whichever library it was.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from relaion.errors import InputError, RelaionError
from relaion.remote.urls import RemoteURL

T = TypeVar("T")
TRIES = 4  # of what may go better; the libraries below try again themselves, too
FIRST_WAIT = 0.5  # seconds; each further one is twice as long, and some chance more


class RemoteError(InputError):
    """Raised when a store or what lies in it cannot be read; names the address and what to do."""


class StoreDownError(RemoteError):
    """Raised when a store cannot be read at all: other objects of it cannot either."""


class GoneError(RemoteError):
    """Raised when an object, a prefix or a bucket is not there."""


class ChangedObjectError(RemoteError):
    """Raised when an object is another one than was seen first."""


class CutError(Exception):
    """Raised when fewer bytes came than were asked for: the next try may bring all."""


# what to do about credentials, by the rules of the library that reads them
_WAYS = {
    "s3": "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; for a public bucket "
    "set FSSPEC_S3_ANON=true",
    "gs": "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS; for "
    "a public bucket set FSSPEC_GS_TOKEN=anon",
    "az": "set AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_ACCOUNT_KEY or another of the "
    "AZURE_STORAGE_ variables",
    "hf": "set HF_TOKEN, or run `hf auth login`",
    "https": "give a link that opens without logging in",
}
_NONE = {
    "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound",
    "DefaultCredentialsError", "CredentialUnavailableError", "LocalTokenNotFoundError",
    "NoAuthTokenError", "InvalidConfigError", "ConfigParseError",
}  # fmt: skip
_EXPIRED = {
    "ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired",
    "UnauthorizedSSOTokenError", "SSOTokenLoadError", "TokenRetrievalError", "RefreshError",
    "SSOError",
}  # fmt: skip
_REFUSED = {
    "AccessDenied", "AllAccessDisabled", "InvalidAccessKeyId", "SignatureDoesNotMatch",
    "InvalidToken", "AccountProblem", "AuthorizationPermissionMismatch", "AuthorizationFailure",
    "AuthenticationFailed", "ClientAuthenticationError", "GatedRepoError", "UnauthorizedAccess",
    "PermissionError",
}  # fmt: skip
_NO_BUCKET = {"NoSuchBucket", "ContainerNotFound", "RepositoryNotFoundError"}
_NO_OBJECT = {
    "NoSuchKey", "NoSuchVersion", "BlobNotFound", "ResourceNotFoundError", "EntryNotFoundError",
    "RemoteEntryNotFoundError", "RevisionNotFoundError", "FileNotFoundError",
}  # fmt: skip
_CHANGED = {"PreconditionFailed", "ConditionNotMet", "InvalidRange"}
_BUSY = {
    "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "RequestTimeout",
    "ServiceUnavailable", "InternalError", "ServerBusy", "OperationTimedOut", "TooManyRequests",
}  # fmt: skip
_CUT = {
    "CutError", "IncompleteReadError", "IncompleteRead", "ClientPayloadError",
    "ResponseStreamingError", "ServerDisconnectedError", "ConnectionResetError",
    "ConnectionClosedError", "HTTPClientError", "ReadTimeoutError", "FSTimeoutError",
    "RemoteProtocolError", "RemoteDisconnected", "ChunkedEncodingError", "ReadError",
    "ReadTimeout", "ResponseParserError",
}  # fmt: skip
_UNREACHED = {
    "EndpointConnectionError", "ConnectTimeoutError", "ConnectionRefusedError", "gaierror",
    "ClientConnectorError", "ClientConnectorDNSError", "ServiceRequestError", "ConnectError",
    "ConnectTimeout", "ConnectionError", "URLError", "ProxyConnectionError", "SSLError",
    "TimeoutError", "NoRegionError", "InvalidEndpointURL", "SSLCertVerificationError",
    "ConnectionTimeoutError", "ServerTimeoutError",
}  # fmt: skip
_CERTIFICATE = {"SSLCertVerificationError", "SSLError", "ClientConnectorCertificateError"}
_BUSY_STATUS = {408, 425, 429, 500, 502, 503, 504}


def _signs(error: BaseException) -> Iterator[tuple[set[str], int | None]]:
    """Names of classes, codes, and the HTTP status, of an error and of those that it came from."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        names = {c.__name__ for c in type(at).__mro__}
        status = _number(at, "status") or _number(at, "status_code") or _number(at, "code")
        said: Any = getattr(at, "response", None)
        if isinstance(said, dict):  # botocore's
            code = str(said.get("Error", {}).get("Code", ""))
            names.add(code)
            about = said.get("ResponseMetadata", {}).get("HTTPStatusCode")
            status = int(code) if code.isdigit() else about
        elif said is not None and status is None:
            status = _number(said, "status_code") or _number(said, "status")
        azure = getattr(at, "error_code", None)
        names.add(str(getattr(azure, "value", azure)))
        reason = getattr(at, "reason", None)
        yield names, status
        at = at.__cause__ or at.__context__ or (reason if isinstance(reason, Exception) else None)


def _number(of: object, name: str) -> int | None:
    found = getattr(of, name, None)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def kind_of(error: BaseException) -> str:
    """What an error of any of the libraries means, in one word; empty where nobody knows."""
    all_names: set[str] = set()
    all_statuses: set[int] = set()
    for names, status in _signs(error):
        all_names |= names
        all_statuses |= {status} if status else set()
    kinds = (
        ("expired", _EXPIRED, ()),
        ("none", _NONE, ()),
        ("no bucket", _NO_BUCKET, ()),
        ("changed", _CHANGED, (412, 416)),
        ("refused", _REFUSED, (401, 403)),
        ("busy", _BUSY, _BUSY_STATUS),
        ("gone", _NO_OBJECT, (404, 410)),
        ("cut", _CUT, ()),
        ("certificate", _CERTIFICATE, ()),
        ("unreached", _UNREACHED, ()),
    )  # fmt: skip
    for kind, names, statuses in kinds:
        if all_names & names or all_statuses & set(statuses):
            return kind
    return ""


def told(error: BaseException, url: RemoteURL, *, seen: bool = False) -> RemoteError:
    """The one line for an error; `seen` where the object was there when the run began."""
    kind = kind_of(error)
    store = "bucket" if url.scheme in ("s3", "gs") else "container"
    way = _WAYS.get(url.scheme, _WAYS["https"])
    by_name = url.scheme in _WAYS and url.scheme != "https"
    if kind == "gone":
        why = (
            "is not there any more; put it back and repeat the command, or leave it out"
            if seen
            else "no such object or folder; check the address"
        )
        return GoneError(f"{url}: {why}")
    if kind == "no bucket":
        what = f"no such {store} as {url.bucket}" if url.scheme != "hf" else "no such data set"
        more = ", or one that needs a token; " + way if url.scheme == "hf" else "; check the name"
        return GoneError(f"{url}: {what}{more}")
    if kind == "changed":
        return ChangedObjectError(
            f"{url}: was changed or replaced while it was worked on; see that nothing writes to "
            "it, and repeat the command"
        )
    said = {
        "expired": f"the credentials have expired; renew them, and repeat the command ({way})",
        "none": f"no credentials were found; {way}",
        "refused": f"may not be read{' with these credentials' if by_name else ''}; {way}",
        "busy": "the store is too busy, or asks to slow down, after several tries; repeat the "
        "command later to go on",
        "cut": "the connection broke again and again; repeat the command to go on",
        "certificate": "the certificate of the server is not trusted; check the address",
        "unreached": f"the server cannot be reached; check the network{_endpoint(url)}",
    }.get(kind, f"cannot be read ({type(error).__name__}); check the address")
    of_all = kind in ("expired", "none", "busy", "cut", "certificate", "unreached")
    return (StoreDownError if of_all else RemoteError)(f"{url}: {said}")


def _endpoint(url: RemoteURL) -> str:
    names = {"s3": "AWS_ENDPOINT_URL and the region", "hf": "HF_ENDPOINT"}
    return f", {names[url.scheme]}" if url.scheme in names else " and the address"


@contextmanager
def translated(url: RemoteURL, *, seen: bool = False) -> Iterator[None]:
    """Errors of libraries within come out as one line; `seen` as `told` has it."""
    try:
        yield
    except RelaionError:
        raise
    except Exception as e:
        if isinstance(e, MemoryError):  # of this machine
            raise
        raise told(e, url, seen=seen) from None


def retrying(do: Callable[[], T], url: RemoteURL, *, seen: bool = False) -> T:
    """What `do` returns; tried again with growing waits where the store is busy or a read is cut.

    Raises RemoteError in the end, as `told` has it.
    """
    wait = FIRST_WAIT
    for left in reversed(range(TRIES)):
        try:
            return do()
        except (RelaionError, MemoryError):
            raise
        except Exception as e:
            if not left or kind_of(e) not in ("busy", "cut"):
                raise told(e, url, seen=seen) from None
        time.sleep(wait * (1 + random.random()))  # noqa: S311 - so that many do not come at once
        wait *= 2
    raise AssertionError("the last try returns or raises")
