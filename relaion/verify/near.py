"""Link keys, for the few rows whose link could be a listed one.

Two links have equal keys only when their hosts are equal, so a row on a plain host that no
listed link has needs no key. Whatever is not plainly `http(s)://` and an ordinary host gets one.
"""

import hashlib
from collections.abc import Set

import pyarrow as pa
import pyarrow.compute as pc

from relaion.links import key_digest, link_key

# labels of a host that no rule of the link key rewrites; the last begins with a letter (else
# it may be a number), and `xn--` is looked for apart
_PLAIN_HOST = r"^https?://(?P<host>(?:[a-z0-9_-]+\.)+[a-z][a-z0-9_-]*)(?:[/?]|$)"


def plain_hosts(urls: pa.Array) -> pa.Array:
    """The host of every link (bytes), or null where it is not plain or there is no link."""
    return pc.struct_field(pc.extract_regex(urls, _PLAIN_HOST), "host")


def near_rows(urls: pa.Array, hosts: Set[str]) -> list[int]:
    """Which rows may carry a link that stands on one of these hosts (as `host_digest` writes)."""
    plain = plain_hosts(urls)
    wanted = [h for h in pc.unique(plain).drop_null().to_pylist() if _near(h, hosts)]
    odd = pc.and_(pc.is_null(plain), pc.is_valid(urls))
    near = pc.is_in(plain, value_set=pa.array(wanted, pa.binary()))
    found: list[int] = pc.indices_nonzero(pc.or_(odd, near)).to_pylist()
    return found


def _near(host: bytes, hosts: Set[str]) -> bool:
    if b"xn--" in host:
        return True
    while host.startswith(b"www."):
        host = host[4:]
    return hashlib.md5(host, usedforsecurity=False).hexdigest() in hosts


def link_digest(url: bytes) -> str:
    """The digest under which the list store holds this link."""
    return key_digest(link_key(url))
