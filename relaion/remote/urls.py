"""Addresses of what lies elsewhere: an object of a store, a prefix of such, a pattern, a link.

Standard library only: the process that drives a run asks it of each PATH.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from relaion.errors import InputError
from relaion.paths import AnyPath, shown
from relaion.paths.names import QUERY

# a path object has lost the second slash
_REMOTE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(?=[^/])")
_OTHERS = {
    "s3a": "s3", "s3n": "s3", "gcs": "gs", "abfs": "az", "abfss": "az", "wasb": "az",
    "wasbs": "az", "azure": "az", "huggingface": "hf",
}  # fmt: skip
STORES = ("s3", "gs", "az")  # what is read and written
SCHEMES = (*STORES, "hf", "https")
WEB = ("http", "https")  # http of this machine alone
_OF_A_SET = 2  # names in a key of hf that are its owner's and its own
_GLOB = re.compile(r"[*?\[]")
_QUERY = re.compile(QUERY)
_CONTAINER = re.compile(r"([a-z0-9$-]+)@([a-z0-9]+)(\.[a-z0-9.-]*)?(/.*)?")  # of Azure's own URIs
_LOOPBACK = re.compile(r"(127(\.[0-9]{1,3}){3}|localhost|\[::1\])(:[0-9]+)?", re.IGNORECASE)


@dataclass(frozen=True)
class RemoteURL:
    """An address: `bucket` is that of s3 and gs, az's container, `datasets` of hf, a web host.

    `key` is what follows, without a slash at either end; for a folder or a store as a whole it may
    be empty. `query` is that of a link, which may hold a signature: it is never shown.
    """

    scheme: str
    bucket: str
    key: str
    query: str = field(default="", repr=False)

    def __str__(self) -> str:
        """As it may be shown: nothing that opens anything."""
        return "/".join([f"{self.scheme}://{self.bucket}", *([self.key] if self.key else [])])

    @property
    def name(self) -> str:
        """The last name of it; that of the bucket where there is no other."""
        return (self.key or self.bucket).rpartition("/")[2]

    @property
    def folder(self) -> "RemoteURL":
        """What it lies in."""
        return replace(self, key=self.key.rpartition("/")[0], query="")

    def upwards(self) -> Iterator["RemoteURL"]:
        """It and the folders that it lies in, up to the whole bucket or data set."""
        names = self.key.split("/") if self.key else []
        for n in range(len(names), (_OF_A_SET if self.scheme == "hf" else 0) - 1, -1):
            yield replace(self, key="/".join(names[:n]), query="")

    @property
    def is_pattern(self) -> bool:
        """Whether it is a glob pattern; a link never is."""
        return self.scheme not in WEB and bool(_GLOB.search(self.key))

    @property
    def fixed(self) -> "RemoteURL":
        """What a pattern begins with: the folder above its first name with a sign in it."""
        names = self.key.split("/")
        first = next((i for i, name in enumerate(names) if _GLOB.search(name)), len(names))
        return replace(self, key="/".join(names[:first]))

    @property
    def begins(self) -> str:
        """How the name begins that follows what is fixed of a pattern."""
        name = self.below(self.fixed).partition("/")[0]
        return name[: found.start()] if (found := _GLOB.search(name)) else name

    def __truediv__(self, name: str) -> "RemoteURL":
        """What lies below it under this name, or these names joined by slashes."""
        return replace(self, key=f"{self.key}/{name}" if self.key else name, query="")

    def below(self, top: "RemoteURL") -> str:
        """Its name from `top` on, which it lies below; empty where it is that very one."""
        return self.key[len(top.key) :].lstrip("/") if top.key else self.key


def is_remote(given: AnyPath) -> bool:
    """Whether this is an address and no path of this machine; also one of a kind that is refused.

    A folder that is called `s3:` can be named by its whole path.
    """
    found = _REMOTE.match(str(given))
    if found is None:
        return False
    return found[1].lower() in (*SCHEMES, *WEB, *_OTHERS) or not Path(given).exists()


def remote_url(given: AnyPath) -> RemoteURL:
    """The address that a PATH is; InputError for a kind that is not read, or a bad address."""
    text = str(given)
    found = _REMOTE.match(text)
    if not found:
        raise ValueError("no address")
    scheme, rest = found[1].lower(), text[found.end() :]
    said = shown(_bare(text))
    if scheme in _OTHERS:
        raise _other_name(scheme, _OTHERS[scheme], rest, said)
    plain = scheme == "http" and _LOOPBACK.fullmatch(rest.partition("/")[0])
    if scheme == "http" and not plain:
        raise InputError(f"{said}: http:// can be changed on its way; name the https:// address")
    if scheme not in SCHEMES and not plain:
        kinds = ", ".join(f"{s}://" for s in SCHEMES)
        raise InputError(f"{said}: no {scheme}:// address is read; name a path, or one of {kinds}")
    if scheme not in WEB and _QUERY.search(rest):
        raise InputError(
            f"{said}: a query or a signature in an address is not read; leave out what follows `?`"
            + (", and set AZURE_STORAGE_SAS_TOKEN" if scheme == "az" else "")
        )
    path, _, query = rest.partition("?") if scheme in WEB else (rest, "", "")
    bucket, _, key = path.partition("/")
    if "@" in bucket:
        way = _in_our_way(path) if scheme == "az" else ""
        other = f"{scheme}://: a name or password in an address is not read; leave it out"
        raise InputError(f"{said}: is written {way}" if way else other)
    if scheme == "hf" and (bucket != "datasets" or key.strip("/").count("/") < 1):
        raise InputError(f"{said}: write hf://datasets/OWNER/NAME, or what lies below it")
    names = key.strip("/").split("/") if key.strip("/") else []
    if any(name in ("", ".", "..") or "\0" in name for name in names):
        raise InputError(f"{said}: has an empty name, `.` or `..` in it; write the address without")
    if scheme in WEB:
        query = query.partition("#")[0]
    return RemoteURL(scheme, bucket, "/".join(names), query)


def _other_name(scheme: str, ours: str, rest: str, said: str) -> InputError:
    """The error for a kind that has another name here; how Azure writes it is put in our way."""
    way = _in_our_way(rest) if ours == "az" else ""
    return InputError(f"{said}: {scheme}:// is written {ours}:// here{way and f': {way}'}")


def _in_our_way(rest: str) -> str:
    """What Azure writes behind the scheme, as it is written here; empty for what it is not."""
    of = _CONTAINER.fullmatch(_unsigned(rest))
    if of is None:
        return ""
    address = shown(f"az://{of[1]}{of[4] or ''}")
    return f"{address}, with AZURE_STORAGE_ACCOUNT_NAME={of[2]}"


def _bare(text: str) -> str:
    """An address without what may be secret in it."""
    head, colon, rest = text.partition(":/")
    rest = rest.lstrip("/").partition("?")[0] if head.lower() in WEB else _unsigned(rest)
    host, slash, path = rest.lstrip("/").partition("/")
    return f"{head}:/{'/' if colon else ''}{host.rpartition('@')[2]}{slash}{path}"


def _unsigned(text: str) -> str:
    found = _QUERY.search(text)
    return text[: found.start()] if found else text


def display(given: AnyPath) -> str:
    """A PATH as it may be shown: an address without query and password, a path as it is."""
    return shown(_bare(str(given))) if is_remote(given) else shown(given)


def place_in_tree(url: RemoteURL, top: RemoteURL) -> str:
    """Where what stands for an object lies below `tree_of`, named as there.

    `top` is the argument that led to it: two of one path and other queries, or of two commits, are
    two objects.
    """
    key, told = url.key, top.query
    if url.scheme == "hf":
        owner, _, rest = key.partition("/")
        name, slash, below = rest.partition("/")
        name, _, told = name.partition("@")
        key = f"{owner}/{name}{slash}{below}"
    apart = f"-{hashlib.sha256(told.encode()).hexdigest()[:16]}" if told else ""
    return "/".join(filter(None, [url.scheme + apart, url.bucket, key]))
