"""How the records of a JSON are written, learned from some of them.

A record becomes a tree of what stands in it. The trees of several are merged: a field that one has
not may lack, and where one has a text and another an array, either may stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_MOST_ALTERNATIVES = 6
_MOST_MEMBERS = 64
_LARGEST = 1 << 14  # characters of a record that is learned from
_TOKEN = re.compile(
    r'([ \t\n\r]*)([{}\[\],:]|("(?:[^"\\\x00-\x1f]|\\.)*")|[^{}\[\],:" \t\n\r]+)', re.DOTALL
)


class UnlikeError(Exception):
    """Raised when a record is not alike enough to those before it, or is too large."""


@dataclass(frozen=True, slots=True)
class TextNode:
    """A text. `before` are blanks before what a node stands for."""

    before: str


@dataclass(frozen=True, slots=True)
class PlainNode:
    """A number, true, false or null."""

    before: str


@dataclass(frozen=True, slots=True)
class ArrayNode:
    """An array of so many elements; `end` are blanks before what closes it."""

    before: str
    items: tuple[Node, ...]
    end: str


@dataclass(frozen=True, slots=True)
class MemberNode:
    """A name as it is written, with blanks around it, and what stands under it."""

    name: str
    value: Node
    before: str
    colon: str  # blanks before it
    may_lack: bool = False


@dataclass(frozen=True, slots=True)
class ObjectNode:
    """An object; a keyed one has one member whose name may be any."""

    before: str
    members: tuple[MemberNode, ...]
    end: str
    is_keyed: bool = False


@dataclass(frozen=True, slots=True)
class EitherNode:
    """One of several, none of them such a one."""

    nodes: tuple[Node, ...]


Node = TextNode | PlainNode | ArrayNode | ObjectNode | EitherNode


# -- A record as a tree --------------------------------------------------------------------------


def tree_of(text: str) -> ObjectNode:
    """The tree of a record, which is known to be JSON; raises UnlikeError for one that is large."""
    if len(text) > _LARGEST:
        raise UnlikeError
    found = _Tokens(text).node()
    if not isinstance(found, ObjectNode) or not found.members:
        raise UnlikeError
    return found


class _Tokens:
    def __init__(self, text: str) -> None:
        self._tokens = [(m[1], m[2]) for m in _TOKEN.finditer(text)]
        self._at = 0

    def _next(self) -> tuple[str, str]:
        self._at += 1
        return self._tokens[self._at - 1]

    def node(self) -> Node:
        before, said = self._next()
        if said == "[":
            return self._array(before)
        if said == "{":
            return self._object(before)
        return TextNode(before) if said[0] == '"' else PlainNode(before)

    def _array(self, before: str) -> ArrayNode:
        items: list[Node] = []
        while self._tokens[self._at][1] != "]":
            items.append(self.node())
            self._comma("]")
        return ArrayNode(before, tuple(items), self._next()[0])

    def _object(self, before: str) -> ObjectNode:
        members: list[MemberNode] = []
        while self._tokens[self._at][1] != "}":
            blanks, name = self._next()
            colon, _ = self._next()
            members.append(MemberNode(name, self.node(), blanks, colon))
            self._comma("}")
        if len(members) > _MOST_MEMBERS:
            raise UnlikeError
        return ObjectNode(before, tuple(members), self._next()[0])

    def _comma(self, end: str) -> None:
        blanks, said = self._tokens[self._at]
        if said != end:
            if blanks:
                raise UnlikeError
            self._at += 1


# -- Several trees as one ------------------------------------------------------------------------


def merged(a: Node, b: Node, *, is_root: bool = False) -> Node:
    """A tree of which both are; raises UnlikeError where they are too different."""
    if a == b:
        return a
    found = _alike(a, b, is_root=is_root)
    if found is not None:
        return found
    if is_root:
        raise UnlikeError
    nodes: list[Node] = [*a.nodes] if isinstance(a, EitherNode) else [a]
    for other in b.nodes if isinstance(b, EitherNode) else (b,):
        for i, node in enumerate(nodes):
            if (one := node if node == other else _alike(node, other)) is not None:
                nodes[i] = one
                break
        else:
            nodes.append(other)
    if len(nodes) > _MOST_ALTERNATIVES or len({before_of(node) for node in nodes}) > 1:
        raise UnlikeError
    return EitherNode(tuple(nodes))


def before_of(node: Node) -> str:
    """The blanks before what it stands for."""
    return "" if isinstance(node, EitherNode) else node.before


def _alike(a: Node, b: Node, *, is_root: bool = False) -> Node | None:
    """A tree of both where they are of one kind, else None."""
    if isinstance(a, ArrayNode) and isinstance(b, ArrayNode):
        if len(a.items) != len(b.items) or (a.before, a.end) != (b.before, b.end):
            return None
        return replace(a, items=tuple(map(merged, a.items, b.items)))
    if isinstance(a, ObjectNode) and isinstance(b, ObjectNode):
        if (a.before, a.end) != (b.before, b.end):
            return None
        return _keyed(a, b) if not is_root and _may_be_keyed(a, b) else _of_members(a, b)
    return None


def _may_be_keyed(a: ObjectNode, b: ObjectNode) -> bool:
    if len(a.members) != 1 or len(b.members) != 1:
        return False
    return a.is_keyed or b.is_keyed or a.members[0].name != b.members[0].name


def _keyed(a: ObjectNode, b: ObjectNode) -> ObjectNode | None:
    (one,), (other,) = a.members, b.members
    if (one.before, one.colon) != (other.before, other.colon):
        return None
    member = replace(one, value=merged(one.value, other.value))
    return replace(a, members=(member,), is_keyed=True)


def _of_members(a: ObjectNode, b: ObjectNode) -> ObjectNode | None:
    """An object whose members are those of both, in the order that both have; else None."""
    if a.is_keyed or b.is_keyed:
        return None
    mine, other = ({m.name: m for m in node.members} for node in (a, b))
    shared = [name for name in mine if name in other]
    if shared != [name for name in other if name in mine]:
        return None
    found: list[MemberNode] = []
    rest = iter(b.members)
    for member in a.members:
        if member.name not in other:
            found.append(replace(member, may_lack=True))
            continue
        for each in rest:
            if each.name == member.name:
                break
            found.append(replace(each, may_lack=True))
        both = other[member.name]
        if (member.before, member.colon) != (both.before, both.colon):
            return None
        value, may_lack = merged(member.value, both.value), member.may_lack or both.may_lack
        is_same = value is member.value and may_lack == member.may_lack
        found.append(member if is_same else replace(member, value=value, may_lack=may_lack))
    found += [replace(each, may_lack=True) for each in rest]
    if len(found) > _MOST_MEMBERS or all(member.may_lack for member in found):
        return None
    if len({m.before for m in found[1:]}) > 1:
        return None
    return replace(a, members=tuple(found))
