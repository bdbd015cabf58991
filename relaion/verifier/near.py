"""Link keys, for the few rows whose link could be a listed one.

Two links have equal keys only when their hosts are equal, so a row on a plain host that no
listed link has needs no key. Whatever is not plainly `http(s)://` and an ordinary host gets one.
"""

import hashlib

import pyarrow as pa
import pyarrow.compute as pc

from relaion.verifier.known import Near

# labels of a host that no rule of the link key rewrites; the last begins with a letter (else
# it may be a number), and `xn--` is looked for apart
_PLAIN_HOST = r"^https?://(?P<host>(?:[a-z0-9_-]+\.)+[a-z][a-z0-9_-]*)(?:[/?]|$)"
TAIL = 8
# links whose last characters are those of their key: nothing in them is unescaped, cut or
# folded behind the host, and the last ones hold no delimiter
_PLAIN_END = (
    r"^https?://[a-z0-9._-]+[/?][A-Za-z0-9_.~!$'()*+,:=@/?&-]*[A-Za-z0-9_.~=-]" + f"{{{TAIL}}}$"
)


def plain_hosts(urls: pa.Array) -> pa.Array:
    """The host of every link (bytes), or null where it is not plain or there is no link."""
    return pc.struct_field(pc.extract_regex(urls, _PLAIN_HOST), "host")


def near_rows(urls: pa.Array, near: Near) -> list[tuple[int, bytes]]:
    """The rows, with their links, that may carry one of the links that `near` tells of."""
    plain = plain_hosts(urls)
    wanted = [h for h in pc.unique(plain).drop_null().to_pylist() if is_near(h, near)]
    odd = pc.and_(pc.is_null(plain), pc.is_valid(urls))
    chosen = pc.or_(odd, pc.is_in(plain, value_set=pa.array(wanted, pa.binary())))
    if near.tails is not None:
        tails = pa.array(list(near.tails), pa.binary())
        same = pc.is_in(pc.binary_slice(urls, -TAIL), value_set=tails)
        plain_end = pc.match_substring_regex(urls, _PLAIN_END)
        chosen = pc.and_(chosen, pc.fill_null(pc.or_(same, pc.invert(plain_end)), False))
    rows = pc.indices_nonzero(chosen)
    return list(zip(rows.to_pylist(), urls.take(rows).to_pylist(), strict=True))


def tail_of(key: str) -> bytes:
    """The last bytes of a link key, as `near_rows` compares them."""
    return key.encode("utf-8", "surrogateescape")[-TAIL:]


def is_near(host: bytes, near: Near) -> bool:
    """Whether links on a plain host are worth a key."""
    if b"xn--" in host or _digest(host) in near.hosts:
        return True
    if not near.below:
        return False
    labels = host.split(b".")
    return any(_digest(b".".join(labels[i:])) in near.below for i in range(len(labels) - 1))


def _digest(host: bytes) -> str:
    """As `relaion.links.host_digest`: without any `www.`, wherever it stands."""
    return hashlib.md5(host.replace(b"www.", b""), usedforsecurity=False).hexdigest()
