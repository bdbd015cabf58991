"""What a tree of `json_grammar` stands for, as a pattern of `re`, and as what makes objects of it.

Names stand in the pattern as they are written. A group tells which of several things stands there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any, NamedTuple

from relaion.lists.readers.documents.json_alike import (
    ABSENT,
    ANY_NAME,
    TEXT,
    Builds,
    Groups,
    LeafPlace,
    MemberPattern,
    Place,
    RecordShape,
    literal,
)
from relaion.lists.readers.documents.json_grammar import (
    ArrayNode,
    EitherNode,
    Node,
    ObjectNode,
    PlainNode,
    TextNode,
    UnlikeError,
    before_of,
)

_MOST_GROUPS = 200
_PLAIN = (
    "null|true|false|0|-?[1-9][0-9]{0,17}"
    r"|-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,17}"
)


def shape_of(root: ObjectNode, made: Callable[[list[tuple[str, Any]]], Any]) -> RecordShape:
    """The shape of records of a tree; raises UnlikeError where it is too large, or holds nothing.

    `made` makes an object of pairs, and may call their names otherwise.
    """
    maker = _ShapeMaker(made)
    pattern, build = maker.object(replace(root, before=""), _Where())
    if not 0 < maker.n <= _MOST_GROUPS:
        raise UnlikeError
    pairs = zip(maker.members, root.members, strict=True)
    required = tuple(x.name for x, member in pairs if not member.may_lack)
    members, leaves, varied = tuple(maker.members), tuple(maker.leaves), tuple(maker.varied)
    return RecordShape(pattern, members, leaves, required, varied, _mark(root), build)


def _mark(root: ObjectNode) -> str:
    """What stands once in each record: the longest name of a field that stands nowhere else in it.

    Raises UnlikeError where there is none.
    """
    ends = [*_names_in(root)]
    found = [
        f"{member.name}{member.colon}:" for member in root.members
        if not member.may_lack and sum(name.endswith(member.name[1:]) for name in ends) == 1
    ]  # fmt: skip
    if not found:
        raise UnlikeError
    return max(found, key=len)


def _names_in(node: Node) -> Iterator[str]:
    """The names in a node, as they are written."""
    if isinstance(node, ObjectNode):
        for member in node.members:
            yield member.name
            yield from _names_in(member.value)
    for each in _within(node):
        yield from _names_in(each)


def _within(node: Node) -> Sequence[Node]:
    if isinstance(node, ArrayNode):
        return node.items
    return node.nodes if isinstance(node, EitherNode) else ()


class _Where(NamedTuple):
    """Where a node stands, and which groups tell that it is there."""

    place: Place = ()
    present: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()

    def within(self, name: str | int) -> _Where:
        """Where what has this name stands in it."""
        return self._replace(place=(*self.place, name))

    def where(self, group: int) -> _Where:
        """The same, if a group holds anything."""
        return self._replace(present=(*self.present, group))


@dataclass
class _ShapeMaker:
    made: Callable[[list[tuple[str, Any]]], Any]
    n: int = 0  # groups
    leaves: list[LeafPlace] = field(default_factory=list)
    varied: list[int] = field(default_factory=list)
    members: list[MemberPattern] = field(default_factory=list)  # of the record itself

    def names_of(self, node: ObjectNode) -> list[str]:
        """The names of an object as a reader calls them; raises UnlikeError where two are one."""
        found = [next(iter(self.made([(literal_name(m.name), None)]))) for m in node.members]
        if len({*found}) < len(found):
            raise UnlikeError
        return found

    def _group(self) -> int:
        self.n += 1
        return self.n - 1

    def node(self, node: Node, at: _Where) -> tuple[str, Builds]:
        """The pattern of a node, and what makes values of it."""
        if isinstance(node, EitherNode):
            return self._either(node, at)
        if isinstance(node, ObjectNode):
            return self.object(node, at)
        if isinstance(node, ArrayNode):
            return self._array(node, at)
        group = self._group()
        is_text = isinstance(node, TextNode)
        self.leaves.append(LeafPlace(at.place, group, is_text, at.present, at.missing))
        if is_text:
            return f'{node.before}"{_opened(group)}{TEXT})"', lambda groups, _: [*groups(group)]
        return f"{node.before}{_opened(group)}{_PLAIN})", lambda groups, _: [
            *map(literal, groups(group))
        ]

    def _array(self, node: ArrayNode, at: _Where) -> tuple[str, Builds]:
        if not node.items:
            self.leaves.append(LeafPlace(at.place, -1, True, at.present, at.missing))
            return rf"{node.before}\[{node.end}\]", lambda _, n: [[] for _ in range(n)]
        made = [self.node(item, at.within(i)) for i, item in enumerate(node.items)]
        pattern = ",".join(pattern for pattern, _ in made)
        builds = [build for _, build in made]

        def build(groups: Groups, n: int) -> list[Any]:
            return [*map(list, zip(*[each(groups, n) for each in builds], strict=True))]

        return rf"{node.before}\[{pattern}{node.end}\]", build

    def object(self, node: ObjectNode, at: _Where) -> tuple[str, Builds]:
        """The pattern of an object, and what makes objects of it."""
        if not node.members:
            self.leaves.append(LeafPlace(at.place, -1, False, at.present, at.missing))
            return rf"{node.before}\{{{node.end}\}}", lambda _, n: [{} for _ in range(n)]
        if node.is_keyed:
            return self._keyed(node, at)
        names = self.names_of(node)
        first = next(i for i, member in enumerate(node.members) if not member.may_lack)
        parts: list[MemberPattern] = []
        builds: list[Builds] = []
        for i, (name, member) in enumerate(zip(names, node.members, strict=True)):
            begin = -1 if at.place else self._group()
            if not member.may_lack:
                comma = "," if i > first else ""
                pattern, build = self.node(member.value, at.within(name))
                text = f"{comma}{member.before}{re.escape(member.name)}{member.colon}:{pattern}"
                parts.append(MemberPattern(name, text, begin))
                builds.append(build)
                continue
            there = self._group()
            self.varied.append(there)
            pattern, build = self.node(member.value, at.within(name).where(there))
            told_by = f"{_opened(there)}{re.escape(member.name)})"
            told = f"{member.before}{told_by}{member.colon}:{pattern}"
            text = f"(?:{told},)?+" if i < first else f"(?:,{told})?+"
            parts.append(MemberPattern(name, text, begin))
            builds.append(_if_there(there, build))
        if not at.place:
            self.members = parts
        text = "".join(part.pattern for part in parts)
        text = rf"{node.before}\{{{text}{node.end}\}}"
        is_varied = any(member.may_lack for member in node.members)

        def build_all(groups: Groups, n: int) -> list[Any]:
            rows = zip(*[each(groups, n) for each in builds], strict=True)
            if not is_varied:
                return [*map(dict, map(zip, repeat(names), rows))]
            return [
                {name: x for name, x in zip(names, row, strict=True) if x is not ABSENT}
                for row in rows
            ]

        return text, build_all

    def _keyed(self, node: ObjectNode, at: _Where) -> tuple[str, Builds]:
        (member,), group, made = node.members, self._group(), self.made
        at = at.within(ANY_NAME)
        self.leaves.append(LeafPlace(at.place, group, True, at.present, at.missing, is_name=True))
        pattern, build = self.node(member.value, at)
        name = rf'{member.before}"{_opened(group)}{TEXT})"{member.colon}'
        text = rf"{node.before}\{{{name}:{pattern}{node.end}\}}"

        def build_all(groups: Groups, n: int) -> list[Any]:
            pairs = zip(groups(group), build(groups, n), strict=True)
            return [made([pair]) for pair in pairs]

        return text, build_all

    def _either(self, node: EitherNode, at: _Where) -> tuple[str, Builds]:
        """One of several: which of them is told by a group of its own, but for a text."""
        nodes = sorted(node.nodes, key=lambda each: isinstance(each, TextNode))
        parts: list[str] = []
        builds: list[tuple[int, Builds]] = []
        told: list[int] = []
        for each in nodes:
            if isinstance(each, TextNode):
                pattern, build = self.node(each, at._replace(missing=(*at.missing, *told)))
                parts.append(pattern)
                builds.insert(0, (-1, build))
                continue
            there = self.n if isinstance(each, PlainNode) else self._group()
            told.append(there)
            pattern, build = self.node(each, at.where(there))
            if not isinstance(each, PlainNode):
                self.varied.append(there)
                end = len(before_of(each)) + 2  # behind what opens it
                pattern = (
                    f"{pattern[: end - 2]}{_opened(there)}{pattern[end - 2 : end]}){pattern[end:]}"
                )
            parts.append(pattern)
            builds.append((there, build))

        def build_all(groups: Groups, n: int) -> list[Any]:
            found: list[Any] = [ABSENT] * n
            for there, build in builds:
                values = build(groups, n)
                if there < 0:
                    found = values
                    continue
                held = groups(there)
                found = [x if is_it else y for x, y, is_it in zip(values, found, held, strict=True)]
            return found

        return f"(?:{'|'.join(parts)})", build_all


def _if_there(there: int, build: Builds) -> Builds:
    """What makes values, where a group holds anything."""

    def built(groups: Groups, n: int) -> list[Any]:
        held = groups(there)
        return [x if is_it else ABSENT for x, is_it in zip(build(groups, n), held, strict=True)]

    return built


def _opened(group: int) -> str:
    """What opens a group in a pattern: `RecordShape` leaves out those that nobody asks for."""
    return f"(?P<g{group}>"


def literal_name(written: str) -> str:
    """A name as it is, of how it is written."""
    return str(json.loads(written))
