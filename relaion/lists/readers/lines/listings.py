"""Texts of programs that hold digests or hosts, and list neither: known by most of their lines.

Git names an object by the SHA-1 of a header and its bytes, Mercurial a file by that of its history
and its bytes: neither is ever the digest of an image. Settings of programs name hosts that they
block, hosts that they let pass and hosts that they ask, and only the program knows which is which.
"""

from __future__ import annotations

import re

from relaion.lists.readers.lines.content import first_lines

_LINES = 400
_OBJECT = r"(?:[0-9a-f]{40}|[0-9a-f]{64})"
_KIND = r"(?:blob|tree|commit|tag)"
_MODE = r"(?:0?40000|040755|100644|100664|100755|120000|160000)"
_GIT = re.compile(
    rf"""(?ix)
    {_OBJECT}\s+(?:refs/\S+|HEAD|\S+\^\{{\}}) | (?:pack|ref):\s?\S+  # refs, packs
    | {_MODE}\s+{_KIND}\s+{_OBJECT}\b.*                  # ls-tree
    | {_MODE}[,;|\s]+{_OBJECT}[,;|\s]+[0-3]\b.*           # ls-files -s
    | {_MODE}[,;|\s]+{_OBJECT}[,;|\s].*                   # with a format of its own
    | :+(?:\d{{6}}\s+)+(?:[0-9a-f]{{7,64}}(?:\.\.\.)?\s+)+[A-Z]\d*\s.*  # diff --raw
    | {_OBJECT}[,;|\s]+{_KIND}(?:[\s,;|].*)?  # verify-pack, cat-file
    | (?:{_KIND}|pack|keep)[,;|\s:]+{_OBJECT}(?![0-9a-f]).*
    | \d+\s+{_OBJECT}\s+\([0-9a-f]{{8}}\)                # show-index
    | (?:dangling|unreachable|missing|broken|unknown)\s.*{_OBJECT}.*  # fsck
    | [ +U-]?{_OBJECT}\s\S.*\s\((?:heads|remotes|tags|v\d)\S*\)  # submodule status
    | (?:non\sdelta|chain\slength\s=\s\d+):\s\d+\sobjects?  # the end of verify-pack
    | {_OBJECT}\s(?:644|755|100644|100755)\s[ *@lx]?\s*\S.*  # the manifest of Mercurial
    | index\s[0-9a-f]+\.\.[0-9a-f]+(?:\s\d{{6}})?
    """
)
_PARTS = re.compile(r"[\s,;|\"']+")
_LOGGED = re.compile(
    r"[0-9a-f]{40} (?! )(?:\([^)]*\) )?(?=\S+ \S)(?!.*[./\\]\S*$)(?!.*\.\w{1,5}$).*"
)


def _is_object(line: str) -> bool:
    if _GIT.fullmatch(line):
        return True
    parts = [part for part in _PARTS.split(line) if part]
    has_object = any(re.fullmatch(_OBJECT, part, re.I) for part in parts)
    return has_object and any(re.fullmatch(rf"{_MODE}|blob|tree|commit", part) for part in parts)


_ROOT = re.compile(rf"(?m)^{_OBJECT} $")
_WITH_PATH = re.compile(rf"{_OBJECT}(?: (?! |\*).*)?")


def git_objects(head: str, _: str) -> str | None:
    """What a listing of git's objects is called; None for any other text."""
    lines = first_lines(head, _LINES)
    n = sum(_is_object(line.strip()) for line in lines)
    if n * 2 > len(lines):
        return "a list of git's objects"
    # rev-list --objects: commits alone, and the root of each with a blank and no name behind it
    if not all(_WITH_PATH.fullmatch(line.rstrip()) for line in lines):
        return None
    paths = [path for line in lines if (path := line.rstrip().partition(" ")[2])]
    folders = {path.rpartition("/")[0] for path in paths} - {""}
    is_walk = _ROOT.search(head) or (len(paths) < len(lines) and not folders.isdisjoint(paths))
    return "a list of git's objects" if is_walk else None


def git_log(head: str, _: str) -> str | None:
    """What SHA-1s with sentences behind them are called; None for any other text."""
    lines = first_lines(head, _LINES)
    n = sum(_LOGGED.fullmatch(line.rstrip()) is not None for line in lines)
    return (
        "a list of SHA-1s with words behind them, as git log prints" if n * 2 > len(lines) else None
    )


_SETTINGS = (
    ("a list of what is to go through a proxy (AutoProxy)", 1, r"\[AutoProxy.*\]"),
    ("a script that chooses proxies (PAC)", 1, r"function\s+FindProxyForURL\b.*"),
    (
        "a file of settings of BIND", 2,
        r"(?:zone\s+\"[^\"]+\"|view\s|options\s*\{|acl\s+\S+\s*\{).*",
    ),
    (
        "a file of settings of squid", 2,
        r"(?:acl|http_access|http_reply_access|cache_peer(?:_access)?)\s+\S+.*",
    ),
    ("a file of settings of RouterOS", 2, r"/ip\s.*|add\s+(?:[\w-]+=\S+\s*)+"),
    ("a file of settings of Privoxy", 1, r"\{\s*[+-][\w-]+.*"),
    (
        "a list of rules of uMatrix or uBlock, for single sites", 2,
        r"\S+\s+\S+\s+(?:\*|css|image|cookie|media|script|xhr|frame|other|doc|[13]p(?:-\w+)?"
        r"|inline-script)\s+(?:block|allow|noop|inherit)",
    ),
    (
        "a file of settings of nginx or Apache", 2,
        r"(?:server_name|server|location|deny|allow|return|RewriteCond|RewriteRule|Redirect\w*"
        r"|<VirtualHost|proxy_pass)\s\S.*(?:[;{]|\])",
    ),
    (
        "a file of settings of iptables or nftables", 2,
        r"(?:iptables\s.*|-A\s+[A-Z_]+\s.*-j\s.*)",
    ),
)  # fmt: skip
_OF_SETTINGS = tuple((what, n, re.compile(pattern, re.I)) for what, n, pattern in _SETTINGS)


def settings(head: str, _: str) -> str | None:
    """Whose settings a text is; None for any other text."""
    lines = [line.strip() for line in first_lines(head, _LINES)]
    for what, least, pattern in _OF_SETTINGS:
        n = sum(pattern.fullmatch(line) is not None for line in lines)
        if n >= least and (least == 1 or n * 3 > len(lines)):
            return what
    return None
