"""JSON as values, one at a time: whatever the size of a file, one of its records is in memory.

The scanner of the standard library, which is in C, reads a record; what stands around records is
walked here, so that neither a file nor what it nests takes memory. A pair of names is seen where
an object is made of its pairs, at the price of one call an object.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator, Sequence, Sized
from decimal import Decimal
from itertools import chain
from typing import Any, BinaryIO

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.documents.json_runs import AlikeReading

LARGEST = 16 << 20  # characters of one record, or of one text
DEEPEST = 64  # objects and arrays within each other
_SHALLOW = 2 * DEEPEST  # characters of a value that nests no deeper than it may
_BLOCK = 1 << 20
_LITTLE = 1 << 16  # characters of a record that the end of a block cuts
_AT_ONCE = 500  # values
_CLOSED = (dict, list, str)  # what has an end of its own
_TOKEN = 12  # characters at an end that may be half of something
_NAMES = 1 << 16  # names of an object that holds records; an object with more is a record itself

_FETCH = "the JSON is cut off or damaged; fetch the file again"
_DEEP = f"its JSON is nested more than {DEEPEST} deep, as no list is; ask the giver for another"
_TWICE = (
    "an object in it gives the same name twice, of which only one can count; ask the giver for the "
    "file as it was exported"
)
_LARGE = (
    f"one record or text of its JSON is longer than {LARGEST >> 20} million characters; ask the "
    "giver for records of their own"
)
_BLANKS = re.compile(r"[ \t\n\r]*")
_CUT = re.compile(r"[-+.eE]{0,2}|t(?:r|ru)?|f(?:a|al|als)?|n(?:u|ul)?|\\\\?(?:u[0-9a-fA-F]{0,3})?")
_HALF = re.compile(r"\\u[dD]")
_HALVES = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # the rest stands for bytes that are no UTF-8


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of its pairs; raises ListError where two have the same name."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ListError(_TWICE)
    return found


def refuse_names(seen: Sized) -> None:
    """Raise ListError for an object that holds records under more names than any does."""
    if len(seen) > _NAMES:
        raise ListError(_LARGE)


def _nothing(_: str) -> None:
    """`NaN` and `Infinity`, which programs write for a number that is not there."""


Scan = Callable[[str, int], tuple[Any, int]]
Pairs = list[tuple[str, Any]]
_pass: Scan = json.JSONDecoder(parse_constant=_nothing, parse_float=Decimal).raw_decode


def objects(document: ListDocument, place: str | Sequence[str]) -> Iterator[Any]:
    """What stands at a place of each value in a document, in order.

    `place` is a path of names, divided by dots or one by one; `item` is each element of an array.
    `value.item` are the elements of the array `value`, `item` those of an array that is all of the
    document, and nothing the documents themselves, of which there may be several, as where each
    line is one. Names stand in objects once each. Numbers are int or Decimal; NaN is None.
    Raises ListError where it is no JSON or ends too early.
    """
    return chain.from_iterable(object_parts(document, place))


def object_parts(document: ListDocument, place: str | Sequence[str]) -> Iterator[Sequence[Any]]:
    """The same, some at a time."""
    path = tuple(place.split(".") if place else ()) if isinstance(place, str) else tuple(place)
    reader = JsonReader(document.open())
    if not path:
        yield from reader.values()
        return
    while reader.peek():
        yield from reader.at(path)


class JsonReader:
    """A place in a JSON: `peek` tells what begins there, the other methods read it.

    `made` makes an object of its pairs of names and values, which must stand there once.
    Every method raises ListError, without any value, where what it reads is no JSON, ends too
    early, or is larger or deeper than anything that belongs into a list.
    """

    def __init__(self, source: BinaryIO, made: Callable[[Pairs], Any] = once) -> None:
        decoder = json.JSONDecoder(
            object_pairs_hook=made, parse_constant=_nothing, parse_float=Decimal
        )
        self._scan: Scan = decoder.raw_decode
        # the same without a call between; it raises StopIteration where nothing begins
        self._scan_once: Scan = decoder.scan_once  # type: ignore[attr-defined]
        self._alike = AlikeReading(made)
        self._source = source
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._at = 0
        self._before = 0  # characters that were let go
        self._ended = False
        self._may_hold_halves: bool | None = None  # None before anybody asked
        self._more()
        self._text = self._text.removeprefix("\ufeff")

    def peek(self) -> str:
        """The first character of what comes next; empty at the end."""
        text, at = self._text, self._at
        if at < len(text) and text[at] > " ":
            return text[at]
        while True:
            self._at = _BLANKS.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._more()

    def value(self) -> Any:
        """The value that begins here, all of it."""
        return self._value(self._scan)

    def _value(self, scan: Scan) -> Any:
        while True:
            start = self._at
            try:
                found, end = scan(self._text, start)
            except json.JSONDecodeError as e:
                is_text = e.msg.startswith("Unterminated")
                self._go_on(len(self._text) if is_text else e.pos)
            except RecursionError:
                raise ListError(_DEEP) from None
            except (ValueError, ArithmeticError):  # a number of thousands of digits
                raise self._wrong(start) from None
            else:
                if isinstance(found, (int, Decimal)) and self._may_go_on(end):
                    self._more()
                    continue
                self._at = end
                if isinstance(found, (dict, list)) and scan is not _pass:
                    self._refuse_deep(found, start)
                return self._whole(found, start) if self._has_halves else found

    def skip(self, depth: int = 0) -> None:
        """Pass over the value that begins here, of whatever size."""
        if depth > DEEPEST:
            raise ListError(_DEEP)
        start = self.peek()
        if start not in ("{", "["):
            self._value(_pass)
            return
        try:
            _, self._at = _pass(self._text, self._at)
        except RecursionError:
            raise ListError(_DEEP) from None
        except (ValueError, ArithmeticError):  # it goes on in the next block
            for _ in self.members() if start == "{" else self.elements():
                self.skip(depth + 1)

    def at(self, path: Sequence[str]) -> Iterator[Sequence[Any]]:
        """What stands at a path of the value that begins here; the rest is passed over."""
        if not path:
            yield [self.value()]
            return
        start = self.peek()
        if start == "[" and [*path] == ["item"]:
            yield from self.element_values()
        elif start == "[" and path[0] == "item":
            for _ in self.elements():
                yield from self.at(path[1:])
        elif start == "{":
            for name in self.members_once():
                if name == path[0]:
                    yield from self.at(path[1:])
                else:
                    self.skip()
        else:
            self.skip()

    def elements(self) -> Iterator[None]:
        """Stop before each element of the array that begins here; each must be read."""
        self._at += 1
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            self.peek()
            yield
            if self._is_last():
                return

    def _is_last(self) -> bool:
        """Whether the array ends behind the element that was just read."""
        end = self.peek()
        if end not in (",", "]"):
            raise self._wrong(self._at)
        self._at += 1
        return end == "]"

    def element_values(self) -> Iterator[Sequence[Any]]:
        """The elements of the array that begins here, some at a time."""
        self._at += 1
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield from self.whole_parts(",")
            self.peek()
            yield [self.value()]
            if self._is_last():
                return

    def whole_elements(self) -> Iterator[Sequence[Any] | None]:
        """The elements of the array that begins here, those that are whole in this block at once.

        Before each other it stops with None: that must be read.
        """
        for _ in self.elements():
            is_any = False
            for some in self.whole_parts(","):
                is_any = True
                yield some
            if is_any and self.peek() == "]":
                raise self._wrong(self._at)  # behind a comma
            yield None

    def whole_value(self) -> Any:
        """The value that begins here, where it is whole in this block; nothing is read of others.

        That is None, as which nothing else is whole. What begins a long document is most of it.
        """
        held: list[Any] = []
        if self._before or self._ended or len(self._text) < _LITTLE:
            self._take_whole(held, "", 1)
        return held[0] if held else None

    def values(self) -> Iterator[Sequence[Any]]:
        """All values that stand one behind another from here on, some at a time."""
        while self.peek():
            yield from self.whole_parts("")
            if self.peek():
                yield [self.value()]

    def whole_parts(self, between: str) -> Iterator[Sequence[Any]]:
        """Objects and arrays that are whole in this block, those that are written alike at once.

        Stops before all else, which is to be read with care; what stands before what is wrong is
        read first.
        """
        alike, is_full = self._alike, True
        while is_full:
            if alike.shape and not alike.left and self.peek() == "{":
                for some, after in alike.runs(self._text, self._at, between):
                    self._at = after
                    yield some
                if not alike.left and self._is_near_end:
                    self._more()
                    continue
            held: list[Any] = []
            try:
                is_full = self._take_whole(held, between, alike.left or _AT_ONCE, alike)
            except ListError:
                yield held
                raise
            if held:
                yield held
            if not is_full and self._is_near_end:
                self._more()
                is_full = True

    @property
    def _is_near_end(self) -> bool:
        """Whether a record that the end of this block cuts begins here, as it seems."""
        return not self._ended and len(self._text) - self._at < _LITTLE

    def _take_whole(
        self, held: list[Any], between: str, most: int = _AT_ONCE, alike: AlikeReading | None = None
    ) -> bool:
        """Take in objects and arrays that are whole in this block, and what divides them.

        Stops before all else, which is to be read with care; true where enough of them are held,
        or where `alike` knows how such records are written.
        """
        text, at, last = self._text, self._at, len(self._text) - 1
        scan, blanks = self._scan_once, _BLANKS.match
        while at < last and len(held) < most:
            start = at if text[at] > " " else blanks(text, at).end()  # type: ignore[union-attr]
            try:
                found, end = scan(text, start)
            except (StopIteration, ValueError, ArithmeticError, RecursionError):
                break
            if type(found) not in _CLOSED or end > last:  # a number may go on in the next block
                break
            if (end - start > _SHALLOW or self._has_halves) and not self._is_plain(start, end):
                break
            after = end
            if between:
                if text[end] <= " ":
                    after = blanks(text, end).end()  # type: ignore[union-attr]
                if text[after : after + 1] != between:
                    break
                after += 1
            held.append(found)
            at = after
            if alike and type(found) is dict:
                alike.read(text, start, end)
                if alike.shape and not alike.left:
                    self._at = at
                    return True
        self._at = at
        return len(held) >= most

    def _is_plain(self, start: int, end: int) -> bool:
        """Whether a value is surely not too deep, and holds no half of a character."""
        count = self._text.count
        if count("[", start, end) + count("{", start, end) > DEEPEST:
            return False
        return not (self._has_halves and _HALF.search(self._text, start, end))

    def members(self) -> Iterator[str]:
        """The name of each member of the object that begins here, before its value: read that."""
        self._at += 1
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() != '"':
                raise self._wrong(self._at)
            name = str(self._value(_pass))
            if self.peek() != ":":
                raise self._wrong(self._at)
            self._at += 1
            self.peek()
            yield name
            end = self.peek()
            if end not in (",", "}"):
                raise self._wrong(self._at)
            self._at += 1
            if end == "}":
                return

    def members_once(self) -> Iterator[str]:
        """The same of an object whose names must stand there once each."""
        seen: set[str] = set()
        for name in self.members():
            if name in seen:
                raise ListError(_TWICE)
            seen.add(name)
            refuse_names(seen)
            yield name

    def _more(self) -> None:
        """Read on; what was read before is let go."""
        rest = self._text[self._at :]
        block = self._source.read(max(_BLOCK, len(rest)))
        self._ended = not block
        self._before += self._at
        self._text = rest + self._decoder.decode(block, final=self._ended)
        self._at = 0
        self._may_hold_halves = None

    @property
    def _has_halves(self) -> bool:
        """Whether there may be half a character in this block."""
        if self._may_hold_halves is None:
            text = self._text
            self._may_hold_halves = "\\u" in text and _HALF.search(text) is not None
        return self._may_hold_halves

    def _may_go_on(self, end: int) -> bool:
        """Whether a number that ends here may go on in the next block."""
        return not self._ended and len(self._text) - end < _TOKEN

    def _go_on(self, at: int) -> None:
        """Read on where what ends at `at` may be incomplete; raises ListError where it is not."""
        if self._ended or at < len(self._text) - _TOKEN:
            raise self._wrong(at) from None
        if len(self._text) - self._at > LARGEST:
            raise ListError(_LARGE) from None
        self._more()

    def _wrong(self, at: int) -> ListError:
        """What is wrong where no JSON goes on."""
        if self._ended and _CUT.fullmatch(self._text, at):
            return ListError(_FETCH)
        return ListError(
            f"is no valid JSON (at about character {self._before + at:,}); ask the giver for the "
            "file as it was exported"
        )

    def _refuse_deep(self, found: Any, start: int) -> None:
        text, end = self._text, self._at
        if text.count("[", start, end) + text.count("{", start, end) <= DEEPEST:
            return
        held, depth = [found], 0
        while held:
            depth += 1
            if depth > DEEPEST:
                raise ListError(_DEEP)
            below = (x.values() if isinstance(x, dict) else x for x in held)
            held = [y for some in below for y in some if isinstance(y, (dict, list))]

    def _whole(self, found: Any, start: int) -> Any:
        """A value whose texts hold no half of a character, as a surrogate alone is."""
        if not _HALF.search(self._text, start, self._at):
            return found
        return _mended(found)


def _mended(found: Any) -> Any:
    if isinstance(found, str):
        return _HALVES.sub("\ufffd", found)
    if isinstance(found, dict):
        return {_HALVES.sub("\ufffd", name): _mended(each) for name, each in found.items()}
    return [_mended(each) for each in found] if isinstance(found, list) else found
