"""What can go wrong between here and a store, in one line that holds no secret.

Libraries quote requests, and with them signatures and account names: their texts are dropped, and
what they mean is told by their classes, codes and statuses, whichever library it was, and in the
same words whether something was read or written.
"""

import errno
from collections.abc import Iterator
from typing import Any

from relaion.errors import InputError, NoRoomError, RelaionError
from relaion.paths import shown
from relaion.remote.urls import WEB, RemoteURL


class RemoteError(InputError):
    """Raised when a store or what lies in it cannot be read; names the address and what to do.

    `kind` is what it means, as `kind_of` has it; empty where nobody knows.
    """

    kind = ""


class StoreDownError(RemoteError):
    """Raised when a store cannot be read at all: other objects of it cannot either."""


class GoneError(RemoteError):
    """Raised when an object, a prefix or a bucket is not there."""

    kind = "gone"


class ChangedObjectError(RemoteError):
    """Raised when an object is another one than was seen first."""

    kind = "changed"


class UnwrittenError(NoRoomError):
    """Raised when a store does not do what a run asks of it: the next thing cannot go well, too.

    `kind` is what it means, as `kind_of` has it; empty where nobody knows.
    """

    kind = ""


class OtherBytesError(UnwrittenError):
    """Raised when a store holds other bytes than were sent to it."""


class HereError(Exception):
    """Raised for what failed on this machine while a store was asked; holds the OSError."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error


class CutError(Exception):
    """Raised when fewer bytes came than were asked for: the next try may bring all."""


class NoAccountError(Exception):
    """Raised where nothing says whose store it is."""


class CredentialsFileError(Exception):
    """Raised where the file that is named for credentials is not there, or holds none."""


class LoginFileError(Exception):
    """Raised where the file of credentials that a login left holds none."""


class ConnectionStringError(Exception):
    """Raised where what is given for all that says who asks whom is nothing of the kind."""


# what to do about credentials, by the rules of the library that reads them
_WAYS = {
    "s3": "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; for a public bucket "
    "set FSSPEC_S3_ANON=true",
    "gs": "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS; for "
    "a public bucket set FSSPEC_GS_TOKEN=anon",
    "az": "set AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_ACCOUNT_KEY or "
    "AZURE_STORAGE_SAS_TOKEN (which ends at a time that it states); for a public container set "
    "AZURE_STORAGE_ANON=true",
    "hf": "set HF_TOKEN, or run `hf auth login`",
    "https": "give a link that opens without logging in",
}
# where those come from that a store does not know
_FOUND_IN = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go before the profile (AWS_PROFILE) in "
    "~/.aws/credentials, and AWS_ENDPOINT_URL says whose store it is",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS goes before what `gcloud auth application-default "
    "login` left",
    "az": "AZURE_STORAGE_CONNECTION_STRING goes before AZURE_STORAGE_ACCOUNT_NAME with "
    "AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN, which ends at a time that it states",
    "hf": "HF_TOKEN goes before what `hf auth login` left, and HF_ENDPOINT says whose store it is",
}
_NONE = {
    "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound",
    "DefaultCredentialsError", "CredentialUnavailableError", "LocalTokenNotFoundError",
    "NoAuthTokenError", "InvalidConfigError", "ConfigParseError", "NoAccountError",
}  # fmt: skip
_EXPIRED = {
    "ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired",
    "UnauthorizedSSOTokenError", "SSOTokenLoadError", "TokenRetrievalError", "RefreshError",
    "SSOError",
}  # fmt: skip
_REFUSED = {
    "AccessDenied", "AllAccessDisabled", "AccountProblem", "AuthorizationPermissionMismatch",
    "AuthorizationFailure", "GatedRepoError", "UnauthorizedAccess", "PermissionError",
}  # fmt: skip
_UNKNOWN = {
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "InvalidClientTokenId",
    "UnrecognizedClientException", "InvalidSecurity", "NotSignedUp", "AuthorizationHeaderMalformed",
    "AuthenticationFailed", "ClientAuthenticationError", "ConnectionStringError",
}  # fmt: skip
_TAKEN = {"ConditionalRequestConflict", "FileExistsError", "BlobAlreadyExists"}
_UNABLE = {"NotImplemented", "NotImplementedError", "MethodNotAllowed"}
_NO_BUCKET = {
    "NoSuchBucket", "ContainerNotFound", "InvalidResourceName", "RepositoryNotFoundError",
}  # fmt: skip
_NO_OBJECT = {
    "NoSuchKey", "NoSuchVersion", "BlobNotFound", "ResourceNotFoundError", "EntryNotFoundError",
    "RemoteEntryNotFoundError", "RevisionNotFoundError", "FileNotFoundError",
}  # fmt: skip
_ARCHIVED = {"BlobArchived", "BlobBeingRehydrated", "InvalidObjectState"}
_CHANGED = {"PreconditionFailed", "ConditionNotMet", "InvalidRange"}
_BUSY = {
    "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "RequestTimeout",
    "ServiceUnavailable", "InternalError", "ServerBusy", "OperationTimedOut", "TooManyRequests",
}  # fmt: skip
_CUT = {
    "CutError", "IncompleteReadError", "IncompleteRead", "ClientPayloadError",
    "ResponseStreamingError", "ServerDisconnectedError", "ConnectionResetError",
    "ConnectionClosedError", "HTTPClientError", 
    "RemoteProtocolError", "RemoteDisconnected", "ChunkedEncodingError", "ReadError",
    "ResponseParserError",
}  # fmt: skip
_SILENT = {"ReadTimeoutError", "ReadTimeout", "FSTimeoutError", "SocketTimeoutError"}
_UNREACHED = {
    "EndpointConnectionError", "ConnectTimeoutError", "ConnectionRefusedError", "gaierror",
    "ClientConnectorError", "ClientConnectorDNSError", "ServiceRequestError", "ConnectError",
    "ConnectTimeout", "ConnectionError", "URLError", "ProxyConnectionError", "SSLError",
    "NoRegionError", "InvalidEndpointURL", "SSLCertVerificationError",
    "ConnectionTimeoutError", "ServerTimeoutError",
}  # fmt: skip
_CERTIFICATE = {"SSLCertVerificationError", "SSLError", "ClientConnectorCertificateError"}
_OF_DISKS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}  # no network says such
_BUSY_STATUS = {408, 425, 429, 500, 502, 503, 504}


def _signs(error: BaseException) -> Iterator[tuple[set[str], int | None]]:
    """Names of classes, codes, and the HTTP status, of an error and of those that it came from."""
    for at in _chain(error):
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
        if "ClientAuthenticationError" in names - {"AzureSigningError"} and said is None:
            names.add("NoCredentialsError")  # no store was asked: no way led to any
        yield names, status


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and those that it came from; not those that were told before it was met."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        if isinstance(at, RelaionError) and at is not error:
            return
        seen.add(id(at))
        yield at
        reason = getattr(at, "reason", None)
        at = at.__cause__ or at.__context__ or (reason if isinstance(reason, Exception) else None)


def _number(of: object, name: str) -> int | None:
    found = getattr(of, name, None)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def of_disk(error: BaseException) -> OSError | None:
    """The error of this machine's disk that it came from, if it did: no store has to do with it.

    By names alone nobody could tell: a file that may not be written has the class of an object
    that may not be read.
    """
    for at in _chain(error):
        if isinstance(at, HereError):
            return at.error
        if isinstance(at, OSError) and at.errno in _OF_DISKS:
            return at
    return None


def kind_of(error: BaseException) -> str:
    """What an error of a library or of ours means, in a word or two; empty where nobody knows."""
    if isinstance(error, RemoteError | UnwrittenError):
        return error.kind
    if of_disk(error) is not None:
        return "disk"
    all_names: set[str] = set()
    all_statuses: set[int] = set()
    for names, status in _signs(error):
        all_names |= names
        all_statuses |= {status} if status else set()
    kinds = (
        ("file", {"CredentialsFileError"}, ()),
        ("login", {"LoginFileError"}, ()),
        ("expired", _EXPIRED, ()),
        ("none", _NONE, ()),
        ("no bucket", _NO_BUCKET, ()),
        ("changed", _CHANGED, (412, 416)),
        ("archived", _ARCHIVED, ()),
        ("unknown", _UNKNOWN, ()),
        ("refused", _REFUSED, (401, 403)),
        ("busy", _BUSY, _BUSY_STATUS),
        ("gone", _NO_OBJECT, (404, 410)),
        ("silent", _SILENT, ()),
        ("cut", _CUT, ()),
        ("certificate", _CERTIFICATE, ()),
        ("unreached", _UNREACHED, ()),
        ("silent", {"TimeoutError"}, ()),  # by itself: whoever cannot connect says that around it
        ("taken", _TAKEN, ()),
        ("unable", _UNABLE, (501,)),
    )  # fmt: skip
    for kind, names, statuses in kinds:
        if all_names & names or all_statuses & set(statuses):
            return kind
    return ""


def is_taken(error: BaseException) -> bool:
    """Whether a condition did not hold: a name is taken, or its object is another one by now."""
    return kind_of(error) in ("changed", "taken")


def _why(kind: str, url: RemoteURL, error: BaseException) -> str:
    way = _WAYS.get(url.scheme, _WAYS["https"])
    bucket = "bucket" if url.scheme in ("s3", "gs") else "container"
    found_in = _FOUND_IN.get(url.scheme, way)
    is_web = url.scheme in WEB
    return {
        "expired": f"the credentials have expired; renew them, and repeat the command ({way})",
        "none": f"no credentials were found; {way}",
        "file": "the file that GOOGLE_APPLICATION_CREDENTIALS names is not there, or holds no "
        "credentials of Google; name another one, or unset it (for a public bucket set "
        "FSSPEC_GS_TOKEN=anon)",
        "login": "what `gcloud auth application-default login` left cannot be read, or holds no "
        "credentials; repeat that login, or remove application_default_credentials.json in "
        "~/.config/gcloud (or CLOUDSDK_CONFIG)",
        "unknown": "the store does not know these credentials; they may be misspelt, or of "
        f"another store: {found_in}",
        "refused": f"it is not open to everybody; {way}"
        if is_web
        else f"these credentials do not permit it; have that changed, or {way}",
        "archived": "it lies in an archive, from which nothing is read at once; have the store "
        "bring it back (rehydrate or restore it), and repeat the command",
        "disk": "a file of this machine cannot be written; see its disk, and repeat the command",
        "no bucket": f"no such data set, or one that needs a token; {way}"
        if url.scheme == "hf"
        else f"no such {bucket} as {url.bucket}; check the name",
        "gone": "there is no such object; see what removed it, and repeat the command to go on",
        "changed": "something else writes there; see that nothing does, and repeat the command",
        "taken": "something else writes there; see that nothing does, and repeat the command",
        "busy": "the store is too busy, or asks to slow down, after several tries; repeat the "
        "command later to go on",
        "cut": "the connection broke again and again; repeat the command to go on",
        "silent": "the server does not answer; repeat the command later to go on",
        "certificate": "the certificate of the server is not trusted; check the address",
        "unreached": "the server cannot be reached, after several tries; check the network"
        f"{_endpoint(url)}, and repeat the command to go on",
    }.get(kind, f"{type(error).__name__}; check the address, and repeat the command to go on")


_OF_ALL = (
    "expired", "file", "login", "none", "unknown", "busy", "cut", "silent", "certificate",
    "unreached",
)  # fmt: skip


def told(error: BaseException, url: RemoteURL, *, seen: bool = False) -> RemoteError:
    """The one line for what cannot be read; `seen` where it was there when the run began."""
    kind = kind_of(error)
    if kind == "gone":
        return (
            gone(url) if seen else GoneError(f"{url}: no such object or folder; check the address")
        )
    if kind == "changed":
        return changed(url)
    if kind == "no bucket":
        return GoneError(f"{url}: {_why(kind, url, error)}")
    made = (StoreDownError if kind in _OF_ALL else RemoteError)(
        f"{url}: cannot be read: {_why(kind, url, error)}"
    )
    made.kind = kind
    return made


_OF_A_BUCKET = ("be listed", "be written")  # for which no object has to be there before


def unwritten(url: RemoteURL, what: str, error: BaseException) -> UnwrittenError:
    """The one line for what a store did not do; `what` was to be done, such as `be written`."""
    kind = kind_of(error)
    if kind == "gone" and what in _OF_A_BUCKET and url.scheme == "gs":
        kind = "no bucket"  # gs has no word of its own for it
    made = UnwrittenError(f"{shown(url)}: cannot {what}: {_why(kind, url, error)}")
    made.kind = kind
    return made


def _endpoint(url: RemoteURL) -> str:
    names = {
        "s3": "AWS_ENDPOINT_URL and the region", "hf": "HF_ENDPOINT",
        "az": "the name of the account",
    }  # fmt: skip
    return f", {names[url.scheme]}" if url.scheme in names else " and the address"


def gone(url: RemoteURL) -> GoneError:
    """The error for an object that was there when the run began."""
    return GoneError(
        f"{url}: is not there any more; put it back and repeat the command, or leave it out"
    )


def changed(url: RemoteURL) -> ChangedObjectError:
    """The error for an object that is another one than was seen first."""
    return ChangedObjectError(
        f"{url}: was changed or replaced while it was worked on; see that nothing writes to it, "
        "and repeat the command"
    )


def other_bytes(url: RemoteURL) -> OtherBytesError:
    """The error for an object that is not what was put."""
    return OtherBytesError(
        f"{shown(url)}: the store holds other bytes than were sent; see what writes there, and "
        "repeat the command to go on"
    )


def no_condition(url: RemoteURL) -> UnwrittenError:
    """The error for a store in which two runs could not be kept apart."""
    return UnwrittenError(
        f"{shown(url)}: the store cannot put an object only where none is, so two runs could "
        "write there at once; choose another store, or a folder of this machine as OUT"
    )
