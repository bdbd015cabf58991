"""Lists of hosts that are blocked whole: hosts files, dnsmasq, RPZ zones, AdGuard and uBlock.

They name hosts, and a host stands for all that is there. So they are taken only where the curator
says `--scope host`, and then only rules that block a whole host: what hides a part of a page, or
allows something, or blocks a single address of a host, lists nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from relaion.errors import ListError
from relaion.lists.readers import names
from relaion.lists.readers.format import (
    ALLOWS,
    HIDES,
    NARROW,
    OF_MACHINE,
    Batch,
    Maybe,
    Options,
    Stream,
    Sure,
    Values,
    is_of_machine,
)

_SINK = (
    r"(?:0\.0\.0\.0|127\.\d+\.\d+\.\d+|::1?|0|255\.255\.255\.255|fe80::1%lo0|ff0\d::\d"
    r"|::ffff:0\.0\.0\.0)"
)
_HOSTS = re.compile(rf"\s*{_SINK}\s+(\S+(?:\s+[^#\s]\S*)*)\s*(?:#.*)?")
_DNSMASQ = re.compile(r"\s*(?:address|server|local)=/([^/]+(?:/[^/]+)*)/(\S*)\s*(?:#.*)?")
_UNBOUND = re.compile(
    r'\s*local-zone:\s*"?([^"\s]+?)\.?"?\s+"?(always_\w+|static|refuse|redirect)"?\s*'
)
_RPZ = re.compile(
    r"(\*\.)?(\S+?)\s+(?:\d+\s+)?(?:IN\s+)?CNAME\s+(\.|\*\.|rpz-\S+)\s*(?:;.*)?", re.I
)
_ZONE = re.compile(r"\$(?:TTL|ORIGIN)\b|@\s+(?:\d+\s+)?(?:IN\s+)?SOA\b", re.I)
_WHOLE_HOST = re.compile(r"\|\|(\*\.)?([^\s/^$*|:?]+?)\.?\^?\|?(?:\$(\S+))?")
_BLOCKS = re.compile(r"\|\|[^\s|]|@@")
_COSMETIC = re.compile(r"#@?\??#|#@?\$#|#%#|\$\$|##\^")
_ADBLOCK_HEAD = re.compile(r"\[(?:Adblock|uBlock|AdGuard)\b.*\]", re.I)
_WIDENS = names.words_in(
    "third-party 3p important all document doc popup csp dnstype dnsrewrite first-party 1p "
    "strict1p strict3p subdocument image"
)


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


@dataclass(frozen=True)
class HostRules:
    """Rules that block hosts, in any of these spellings."""

    name: str = "host-rules"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure by the head of a list of filters or a zone, or by what most lines are."""
        lines = _lines(head)[:2000]
        if lines and (_ADBLOCK_HEAD.match(lines[0].strip()) or any(map(_ZONE.match, lines[:20]))):
            return Sure()
        told = [line for line in lines if not line.lstrip().startswith(("#", "!", ";"))]
        n = sum(_is_rule(line) for line in told)
        return Sure() if told and n * 2 > len(told) else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """The hosts that are blocked whole; raises ListError without `--scope host`."""
        if options.scope != "host":
            raise ListError(
                "looks like rules that block hosts (hosts file, dnsmasq, zone, AdGuard or uBlock "
                "filters): each stands for all that is there; if that is meant use --scope host"
            )
        for block in stream.blocks:
            batch = Batch(0)
            hosts: list[str] = []
            for line in _lines(block):
                found = _read_rule(line.strip())
                if isinstance(found, str):
                    batch.skipped[found] += 1
                    continue
                hosts += found
            batch.n, batch.values = len(hosts), (Values(("host",), hosts),)
            yield batch


def _is_rule(line: str) -> bool:
    bare = line.strip()
    return (
        any(r.fullmatch(bare) for r in (_HOSTS, _DNSMASQ, _UNBOUND, _RPZ))
        or _BLOCKS.match(bare) is not None
        or (_COSMETIC.search(bare) is not None and "://" not in bare)
    )


def _read_rule(line: str) -> list[str] | str:
    """The hosts that a line blocks whole, none for a comment, or why it blocks none."""
    if _COSMETIC.search(line) and not line.startswith("# "):
        return HIDES
    if line[0] in "!#;" or _ADBLOCK_HEAD.match(line) or _OF_ZONE.match(line):
        return []
    for pattern, read in _READERS:
        if found := pattern.fullmatch(line):
            return read(found)
    if line.startswith("@@"):
        return ALLOWS
    is_narrow = line.startswith(("|", "/")) or "^" in line or "$" in line
    return NARROW if is_narrow or "*" in line.lstrip("*.") else [line.lstrip(".")]


_OF_ZONE = re.compile(
    r"\$(?:TTL|ORIGIN)\b|(?:@\s+)?(?:\d+\s+)?(?:IN\s+)?(?:SOA|NS)\b|IN\s+A+\b", re.I
)


def _of_hosts_file(found: re.Match[str]) -> list[str] | str:
    return [host for host in found[1].split() if not is_of_machine(host)] or OF_MACHINE


def _of_dnsmasq(found: re.Match[str]) -> list[str] | str:
    return [f"*.{host.strip('.')}" for host in found[1].split("/")]


def _of_unbound(found: re.Match[str]) -> list[str] | str:
    return [f"*.{found[1].strip('.')}"]


def _of_rpz(found: re.Match[str]) -> list[str] | str:
    is_allowed = found[3].lower() == "rpz-passthru."
    return ALLOWS if is_allowed else [f"{found[1] or ''}{found[2].strip('.')}"]


def _of_filter(found: re.Match[str]) -> list[str] | str:
    for modifier in (found[3] or "").split(","):
        name, is_given, _ = modifier.partition("=")
        if name == "badfilter":
            return ALLOWS
        if name and ((is_given and name not in ("dnsrewrite",)) or name not in _WIDENS):
            return NARROW
    return [f"*.{found[2]}"]


_READERS = (
    (_HOSTS, _of_hosts_file), (_DNSMASQ, _of_dnsmasq), (_UNBOUND, _of_unbound), (_RPZ, _of_rpz),
    (_WHOLE_HOST, _of_filter),
)  # fmt: skip
