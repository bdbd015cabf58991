"""Rules of programs that send some hosts elsewhere: Surge, Clash, Quantumult X, and v2fly's lists.

A line names what it is for, and in most files what is to be done: `DOMAIN,example.com,REJECT`. Only
what is rejected is blocked; `DIRECT` and `PROXY` let a host pass. A set of rules without any policy
says nothing of it, and is read as a list of hosts: whoever adds it says what they are.
"""

from __future__ import annotations

import re

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.format import OF_NAME, Options

_EXACT = frozenset(("domain", "host", "full", "domain-full", "host-full"))
_BELOW = frozenset(("domain-suffix", "host-suffix", "suffix"))
_OTHERS = (
    "domain-keyword|domain-wildcard|domain-regex|domain-set|host-keyword|host-wildcard|host-regex"
    "|ip6?-cidr6?|ip-asn|ip-suffix|src-ip(?:-cidr|-asn|-suffix)?|src-geoip|src-mac|geoip|geosite|asn"
    "|user-agent|url-regex|url-set|process-(?:name|path)(?:-regex)?|rule-set|ruleset|(?:dst|dest|src"
    "|in|device)-(?:port|name|type|user)|protocol|network|subnet|script|cellular-radio|and|or|not"
    "|sub-rule|match|final|hostname-type|dscp|uid"
)
PROXY = re.compile(
    r"(?i)(?:-\s*)?(?P<quote>['\"]?)\s*"
    rf"(?P<type>domain|host|domain-suffix|host-suffix|domain-full|host-full|{_OTHERS})"
    r"\s*,\s*(?P<value>[^,]*?)(?:\s*,\s*(?P<policy>.*?))?\s*(?P=quote)\s*"
    r"(?:(?:#|//|;)(?P<note>.*))?"
)
V2FLY = re.compile(
    r"(?i)(?P<type>domain|full|keyword|regexp|include):(?P<value>[^\s#/]+)(?P<marks>(?:\s+[@&]\S+)*)\s*"
    r"(?:#(?P<note>.*))?"
)
SCHEDULED = re.compile(r"(?:=|\*\.)?[\w.*-]+\.[\w*-]+\s+@[\w!-]+\s*(?:#(?P<note>.*))?")
"""A host with a mark: the hours in which dnscrypt-proxy blocks it, or v2fly's attribute."""
_REJECTS = re.compile(r"(?i)reject(?:[-_]\w+)*|block|deny|drop|blackhole")
_PASSES = re.compile(
    r"(?i)direct|proxy|pass|allow|permit|accept|bypass|global|no-?resolve|select|auto"
)
_HOST = re.compile(r"[^\s*?\[\]/|^$,]+\.[^\s*?\[\]/|^$,]+")
POLICIES = frozenset(
    (
        "allow", "pass", "direct", "proxy", "permit", "accept", "bypass", "block", "deny", "reject",
        "drop", "blackhole", "noop", "inherit", "reject-drop", "reject-tinygif", "reject-img",
        "reject-dict", "reject-array", "reject-no-drop", "sinkhole",
        "relay", "dunno",
    )
)  # fmt: skip
"""What programs do with a host, in one word."""
OUTCOMES = POLICIES | {
    "allowed", "passed", "permitted", "accepted", "granted", "blocked", "denied", "rejected",
    "dropped", "grant", "refused", "unblocked",
}  # fmt: skip
"""And what they did with it."""
PASSES = frozenset((
    "pass", "passes", "passed", "ok", "okay", "trusted", "trust", "allow", "permit", "permitted",
    "bypass", "direct", "granted", "accept", "accepted",
))  # fmt: skip
"""Names of columns that say of a host that it may pass."""


def of_proxy(found: re.Match[str]) -> list[str] | str:
    """The host that a rule blocks, or why it blocks none."""
    told = [part.strip(" '\"") for part in (found["policy"] or "").split(",")]
    policy = told[0] if found["policy"] is not None else None
    kind, host = found["type"].casefold(), found["value"].strip(". '\"")
    if kind in ("match", "final"):
        policy = host
    elif kind in ("and", "or", "not", "sub-rule"):  # whose own rules hold commas
        policy = told[-1]
    if policy is not None and not _REJECTS.fullmatch(policy):
        is_known = not policy or _PASSES.fullmatch(policy) is not None
        return why.ALLOWS if is_known else why.OWN_POLICY
    if kind not in _EXACT | _BELOW or not _HOST.fullmatch(host):
        return why.NARROW
    return [host] if kind in _EXACT else [f"*.{host}"]


def host_passed(line: str) -> str:
    """The host that a rule sends elsewhere; empty for a line that is none, or names no host."""
    found = PROXY.fullmatch(line)
    is_of_host = found is not None and found["type"].casefold() in _EXACT | _BELOW
    return found["value"].lower().strip(". '\"") if found and is_of_host else ""


def of_v2fly(found: re.Match[str]) -> list[str] | str:
    """The same of a line of v2fly's lists."""
    kind, host = found["type"].casefold(), found["value"].strip(".")
    if kind not in ("domain", "full") or found["marks"] or not _HOST.fullmatch(host):
        return why.NARROW
    return [host] if kind == "full" else [f"*.{host}"]


def of_schedule(_: re.Match[str]) -> str:
    """A rule that holds at some hours, or for some who read the list."""
    return why.NARROW


def has_policy(line: str) -> bool | None:
    """Whether a rule says what is to be done; None for a line that is none."""
    found = PROXY.fullmatch(line) if "," in line else None
    if found is None or found["type"].casefold() in ("match", "final"):
        return None
    return found["policy"] is not None


def refuse_mixed(seen: set[bool | None], *, is_named_so: bool) -> None:
    """Raise ListError where nobody can say whether rules block what they name.

    `seen` are the answers of `has_policy` so far; `is_named_so`: the file is called after what
    passes.
    """
    if {True, False} <= seen:
        raise ListError(
            "rules that say what to do (REJECT, DIRECT) stand beside rules that do not; keep in a "
            "copy only those that reject"
        )
    if False in seen and is_named_so:
        raise ListError(
            "its rules do not say what to do, and the file is called after what passes; give it "
            "another name if what it names is blocked"
        )


_LETS_PASS = re.compile(r"(?i)(?:^|[\W_])(?:direct|proxy|bypass|pass|unban|domestic)(?:[\W_]|$)")


def is_named_as_passing(file_name: str) -> bool:
    """Whether a file's name says that what it names passes: `direct.list`, `proxy.yaml`."""
    return _LETS_PASS.search(file_name) is not None


_LETS_ALL_PASS = re.compile(
    r"(?i)(?:^|[\W_])(?:allow(?:ed)?|permit(?:ted)?|bypass|pass(?:list)?|unblock(?:ed)?"
    r"|exceptions?(?:sitelist|iplist|urllist)?)(?:[\W_]|$)"
)


def refuse_passing(file_name: str, options: Options) -> None:
    """Raise ListError where a list of hosts is called after those that programs let pass."""
    is_asked = options.scope == "host" and options.role is None and OF_NAME not in options.ignore
    if is_asked and _LETS_ALL_PASS.search(file_name):
        raise ListError(
            "the file's name says that what it names may pass: if it is blocked, say --ignore "
            "file-name"
        )


HEAD = re.compile(r"(?im)^\s*(?:\[Rule\]|rules:|payload:)\s*$")
"""Above rules in the settings of such a program."""
