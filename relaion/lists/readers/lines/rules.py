"""Lists of hosts that are blocked whole: hosts files, dnsmasq, RPZ zones, AdGuard, uBlock, Surge.

They name hosts, and a host stands for all that is there. So they are taken only where the curator
says `--scope host`, and then only rules that block a whole host: what hides a part of a page, or
allows something, or blocks a single address of a host, lists nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.format import Batch, Maybe, Options, Stream, Sure, Values, is_of_machine
from relaion.lists.readers.lines.proxy import (
    HEAD,
    PASSES,
    PROXY,
    SCHEDULED,
    V2FLY,
    has_policy,
    host_passed,
    is_named_as_passing,
    of_proxy,
    of_schedule,
    of_v2fly,
    refuse_mixed,
)
from relaion.lists.readers.tables.notes import read_note
from relaion.lists.readers.vocabulary.spelling import words_in

_SINK = (
    r"(?:0\.0\.0\.0|127\.\d+\.\d+\.\d+|::1?|0|255\.255\.255\.255|fe80::1%lo0|ff0\d::\d"
    r"|::ffff:0\.0\.0\.0)"
)
_HOSTS = re.compile(rf"\s*{_SINK}\s+([^#\s]+(?:\s+[^#\s]+)*)\s*(?:#(.*))?")
_ADDRESS = r"(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})"
# the other way round, as dnscrypt-proxy's cloaking and forwarding rules are
_REVERSED = re.compile(
    rf"(=?[\w*-]+(?:\.[\w*-]+)+\.?)\s+({_ADDRESS}(?:\s*,\s*{_ADDRESS})*)\s*(?:#(.*))?"
)
# any other address is one at which the host is found: nothing is blocked
_MAPPED = re.compile(
    rf"\s*{_ADDRESS}(?:%\w+)?\s+"
    r"([^#\s]*[A-Za-z][^#\s]*(?:\s+[^#\s]+)*)\s*(?:#(.*))?"
)
_IS_SINK = re.compile(rf"(?i){_SINK}|0\.0\.0\.0/0|#|nxdomain|refused|null|")
_DNSMASQ = re.compile(r"\s*(address|server|local)=/([^/]+(?:/[^/]+)*)/(\S*)\s*(?:#(.*))?")
_UNBOUND = re.compile(r'\s*local-zone:\s*"?([^"\s]+?)\.?"?\s+"?(\w+)"?\s*(?:#(.*))?')
_LOCAL_DATA = re.compile(
    r"\s*local-data:\s*[\"']?(\S+?)\.?\s+(?:\d+\s+)?(?:IN\s+)?(A|AAAA|CNAME)\s+([^\s\"']+)[\"']?\s*"
    r"(?:#(.*))?",
    re.I,
)
_RPZ = re.compile(
    r"(\*\.)?(\S+?)\s+(?:\d+\s+)?(?:IN\s+)?(?:(CNAME)\s+([\w.*-]+\.|[*.])|A\s+(\d+(?:\.\d+){3})"
    r"|AAAA\s+([0-9A-Fa-f:]*:[0-9A-Fa-f:.]*))\s*(?:;(.*))?",
    re.I,
)
_ZONE = re.compile(r"\$(?:TTL|ORIGIN)\b|@\s+(?:\d+\s+)?(?:IN\s+)?SOA\b", re.I)
_WHOLE_HOST = re.compile(r"\|\|(\*\.)?([^\s/^$*|:?]+?)\.?\^?\|?(?:\$(\S+))?")
_BLOCKS = re.compile(r"\|\|[^\s|]|@@")
_COSMETIC = re.compile(r"#@?\??#|#@?\$#|#%#|\$\$|##\^")
_ADBLOCK_HEAD = re.compile(r"\[(?:Adblock|uBlock|AdGuard)\b.*\]", re.I)
# what leaves a rule one for all that a host serves to other sites
_WHOLE = words_in("third-party 3p strict3p important all")
_OF_OTHERS = words_in("third-party 3p strict3p")
_BLOCKING_ZONES = words_in(
    "always_nxdomain always_refuse always_deny always_nodata always_null static deny refuse "
    "redirect inform_deny inform_redirect"
)
# what else settings of dnsmasq hold
_DIRECTIVE = re.compile(
    r"(?:host-record|cname|(?:rev-)?server|ipset|nftset|dhcp-[\w-]+|ptr-record|srv-host|txt-record"
    r"|mx-host|interface|listen-address|bind-[\w-]+|cache-size|port|user|group|log-\w+|conf-\w+"
    r"|addn-hosts|resolv-file|rebind-[\w-]+|domain|expand-hosts|domain-needed|bogus-\w+|no-\w+"
    r"|strict-order|all-servers|localise-queries|stop-dns-rebind|filterwin2k)(?:=(.*))?"
)
_OF_ADDRESSES = re.compile(r"(?i).*\.rpz-(?:ip|nsip|client-ip|nsdname)\.?")


_LOOKED_AT = 2000  # lines


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


@dataclass(frozen=True)
class HostRules:
    """Rules that block hosts, in any of these spellings."""

    name: str = "host-rules"

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure by the head of a list of filters or a zone, or by what most lines are."""
        lines = [*islice(filter(str.strip, head.split("\n")), _LOOKED_AT)]
        if lines and (_ADBLOCK_HEAD.match(lines[0].strip()) or any(map(_ZONE.match, lines[:20]))):
            return Sure()
        told = [
            line for line in lines
            if not line.lstrip().startswith(("#", "!", ";", "//"))
            and (_is_rule(line) or not _DIRECTIVE.fullmatch(line.strip()))
        ]  # fmt: skip
        n = sum(_is_rule(line) for line in told)
        if n and HEAD.search(head) and any(has_policy(line.strip()) for line in told):
            return Sure()
        return Sure() if told and n * 2 > len(told) else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """The hosts that are blocked whole; raises ListError without `--scope host`."""
        if options.scope != "host":
            raise ListError(
                "looks like rules that block hosts (hosts file, dnsmasq, zone, AdGuard or uBlock "
                "filters, Surge or Clash): each stands for all that is there; if that is meant use "
                "--scope host"
            )
        rules = _Rules(is_named_as_passing(stream.file_name))
        yield from rules.batches(stream.blocks)
        if rules.on_condition or rules.left:
            stream.notices.append(
                f"rules under conditions: {rules.on_condition:,} taken, as they hold wherever "
                f"another site shows the host ($third-party); {rules.left:,} left out, as they "
                "hold for some sites or some contents only"
            )


@dataclass
class _Rules:
    """Rules on their way. Those of filters and zones wait for what may allow their host again.

    `allowed` are hosts, `cancelled` the texts of rules that `$badfilter` takes out. Of the rules
    with conditions `on_condition` were taken and `left` were not.
    """

    is_named_as_passing: bool = False
    allowed: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    held: list[tuple[list[str], list[str]]] = field(default_factory=list)  # hosts, their rules
    on_condition: int = 0
    left: int = 0
    policies: set[bool | None] = field(default_factory=set)  # whether rules say what to do

    def batches(self, blocks: Iterator[str]) -> Iterator[Batch]:
        """The hosts of the rules, a batch a block."""
        for block in blocks:
            batch = Batch(0)
            hosts: list[str] = []
            rules: list[str] = []
            for line in map(str.strip, _lines(block)):
                found = _read_rule(line)
                self.policies.add(has_policy(line))
                if isinstance(found, str):
                    batch.skipped[found] += 1
                    self._note(line, found)
                    continue
                hosts += found
                self.on_condition += _is_of_others(line)
                rules += [_text_of(line)] * len(found)
            refuse_mixed(self.policies, is_named_so=self.is_named_as_passing)
            if _WAITS.search(block):
                self.held.append((hosts, rules))
            else:
                batch.n, batch.values = len(hosts), (Values(("host",), hosts),)
            yield batch
        yield from self._waited()

    def _note(self, line: str, reason: str) -> None:
        self.left += reason == why.NARROW and _CONDITION.match(line) is not None
        if reason == why.CANCELS:
            self.cancelled.add(_text_of(_BADFILTER.sub("", line)))
        elif reason in (why.ALLOWS, why.OWN_POLICY):
            self.allowed |= {_host_allowed(line)} - {""}

    def _waited(self) -> Iterator[Batch]:
        taken = {e for e in self.allowed if f"@@{e}" not in self.cancelled}
        above = {".".join(e.split(".")[i:]) for e in taken for i in range(1, e.count("."))}
        for hosts, rules in self.held:
            batch = Batch(0)
            kept = []
            for host, rule in zip(hosts, rules, strict=True):
                bare = host.removeprefix("*.").lower()
                is_whole = bare not in taken and (bare == host.lower() or bare not in above)
                if is_whole and rule not in self.cancelled:
                    kept.append(host)
                else:
                    batch.skipped[why.CANCELLED] += 1
            batch.n, batch.values = len(kept), (Values(("host",), kept),)
            yield batch


_CONDITION = re.compile(r"\|\|[^\s/$]+\$[\w~-]")


def _is_of_others(line: str) -> bool:
    """Whether a rule holds only where another site shows the host."""
    found = _WHOLE_HOST.fullmatch(line)
    modifiers = (found[3] or "").lower().split(",") if found else []
    return not _OF_OTHERS.isdisjoint(modifiers)


_WAITS = re.compile(
    r"(?m)^\s*(?:\|\||@@)|\bCNAME\b|local-(?:zone|data):|^[\s'\"-]*(?:domain|host)[\w-]*\s*,", re.I
)
_BADFILTER = re.compile(r"(?:,badfilter\b|\bbadfilter,|\$badfilter\b)")


def _text_of(rule: str) -> str:
    """A rule by its host and modifiers in any order; any other line as it stands."""
    bare = rule.strip().lower()
    sign, bare = ("@@", bare[2:]) if bare.startswith("@@") else ("", bare)
    found = _WHOLE_HOST.fullmatch(bare)
    modifiers = ",".join(sorted((found[3] or "").split(","))) if found else ""
    return f"{sign}{found[2]}{'$' * bool(modifiers)}{modifiers}" if found else rule


def _host_allowed(line: str) -> str:
    """The host that a line allows whole; empty for one that allows a part, or for some uses."""
    if found := _EXCEPTION.fullmatch(line):
        return found[1].lower().strip(".")
    if host := host_passed(line):
        return host
    for pattern, place in ((_RPZ, 2), (_UNBOUND, 1), (_LOCAL_DATA, 1)):
        if found := pattern.fullmatch(line):
            return str(found[place]).lower().strip(".")
    return ""


_EXCEPTION = re.compile(
    r"@@(?:\|\||\|?https?://|://)?(?:\*\.)?([^\s/^$*|:?]+)\^?/?\|?(?:\$important)?"
)


def _is_rule(line: str) -> bool:
    bare = line.strip()
    return (
        any(r.fullmatch(bare) for r in _OF_LINES)
        or _BLOCKS.match(bare) is not None
        or (_COSMETIC.search(bare) is not None and "://" not in bare)
    )


def _said_in(note: str) -> str | None:
    """Why a rule with this note behind it blocks nothing; None where it does."""
    if note.strip().casefold() in PASSES:
        return why.ALLOWS
    return why.TAKEN_BACK if note and read_note(note) else None


def _read_rule(line: str) -> list[str] | str:
    """The hosts that a line blocks whole, none for a comment, or why it blocks none."""
    if _COSMETIC.search(line) and not line.startswith("# "):
        return why.HIDES
    if (
        line[0] in "!#;"
        or line.startswith("//")
        or _ADBLOCK_HEAD.match(line)
        or _OF_ZONE.match(line)
    ):
        return []
    if HEAD.fullmatch(line):
        return []
    for pattern, read in _READERS:
        if found := pattern.fullmatch(line):
            note = found[found.re.groups] if pattern is not _WHOLE_HOST else None
            return _said_in(note or "") or read(found)
    if line.startswith("@@"):
        return why.CANCELS if _BADFILTER.search(line) else why.ALLOWS
    is_narrow = line.startswith(("|", "/")) or "^" in line or "$" in line
    return why.NARROW if is_narrow or "*" in line.lstrip("*.") else [line.lstrip(".")]


_OF_ZONE = re.compile(
    r"\$(?:TTL|ORIGIN)\b|(?:@\s+)?(?:\d+\s+)?(?:IN\s+)?(?:SOA|NS)\s|IN\s+A+\b", re.I
)


def _of_hosts_file(found: re.Match[str]) -> list[str] | str:
    return [host for host in found[1].split() if not is_of_machine(host)] or why.OF_MACHINE


def _of_mapping(found: re.Match[str]) -> list[str] | str:
    return why.OF_MACHINE if all(map(is_of_machine, found[1].split())) else why.MAPS


def _of_reversed(found: re.Match[str]) -> list[str] | str:
    told = re.split(r"\s*,\s*", found[2])
    is_blocked = all(map(_IS_SINK.fullmatch, told))
    return [found[1].lstrip("=")] if is_blocked and "*" not in found[1] else why.MAPS


def _of_dnsmasq(found: re.Match[str]) -> list[str] | str:
    # `address` gives the answer: none, or an address that is none, as `#` is there. `server` and
    # `local` say who answers: `#` is who does it else, and only where nobody does a host is blocked
    is_blocked = _IS_SINK.fullmatch(found[3]) if found[1] == "address" else not found[3]
    return [f"*.{host.strip('.')}" for host in found[2].split("/")] if is_blocked else why.NARROW


def _of_unbound(found: re.Match[str]) -> list[str] | str:
    zone = found[2].lower()
    if zone in ("transparent", "always_transparent", "typetransparent", "inform", "nodefault"):
        return why.ALLOWS
    return [f"*.{found[1].strip('.')}"] if zone in _BLOCKING_ZONES else why.NARROW


def _of_local_data(found: re.Match[str]) -> list[str] | str:
    return [found[1]] if _IS_SINK.fullmatch(found[3].rstrip(".")) else why.ALLOWS


def _of_rpz(found: re.Match[str]) -> list[str] | str:
    host = f"{found[1] or ''}{found[2].strip('.')}"
    answer = (found[4] or found[5] or found[6]).lower()
    if _OF_ADDRESSES.fullmatch(found[2]):
        return why.NARROW
    if found[3] is None:
        return [host] if _IS_SINK.fullmatch(answer) else why.NARROW
    if answer == "rpz-passthru." or answer.strip(".") == found[2].lower().strip("."):
        return why.ALLOWS
    return [host] if answer in (".", "*.", "rpz-drop.") else why.NARROW


def _of_filter(found: re.Match[str]) -> list[str] | str:
    modifiers = [m for m in (found[3] or "").lower().split(",") if m]
    if "badfilter" in modifiers:
        return why.CANCELS
    for modifier in modifiers:
        name, _, value = modifier.partition("=")
        answer = value.rpartition(";")[2] or value.partition(";")[0]
        is_blocked = name == "dnsrewrite" and (_IS_SINK.fullmatch(answer) or answer == "noerror")
        if not (is_blocked or modifier in _WHOLE):
            return why.NARROW
    return [f"*.{found[2]}"]


_READERS = (
    (_HOSTS, _of_hosts_file), (_MAPPED, _of_mapping), (_DNSMASQ, _of_dnsmasq),
    (_UNBOUND, _of_unbound),
    (_LOCAL_DATA, _of_local_data), (_RPZ, _of_rpz), (PROXY, of_proxy), (V2FLY, of_v2fly),
    (SCHEDULED, of_schedule), (_REVERSED, _of_reversed), (_DIRECTIVE, lambda _: why.NARROW),
    (_WHOLE_HOST, _of_filter),
)  # fmt: skip
_OF_LINES = tuple(p for p, _ in _READERS if p not in (_WHOLE_HOST, _DIRECTIVE))
